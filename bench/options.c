/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The load program's options. */
#include "options.h"

#include "peer.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

bool options_parse(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        {"target", required_argument, NULL, 't'},
        {"port", required_argument, NULL, 'p'},
        {"play-port", required_argument, NULL, 'P'},
        {"pid", required_argument, NULL, 'i'},
        {"clip", required_argument, NULL, 'c'},
        {"rooms", required_argument, NULL, 'r'},
        {"players", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"settle", required_argument, NULL, 'e'},
        {"pace-us", required_argument, NULL, 'a'},
        {"cm", no_argument, NULL, 'm'},
        {"verify-every", required_argument, NULL, 'v'},
        {"repeat", required_argument, NULL, 'R'},
        {"join-ms", required_argument, NULL, 'j'},
        {"hold", no_argument, NULL, 'h'},
        {"existing", no_argument, NULL, 'x'},
        {"intact", no_argument, NULL, 'I'},
        {"sound", no_argument, NULL, 'S'},
        {"form", required_argument, NULL, 'f'},
        {"trace", required_argument, NULL, 'T'},
        {"record", required_argument, NULL, 'o'},
        {"sip-port", required_argument, NULL, 'C'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        long number = optarg ? strtol(optarg, NULL, 10) : 0;
        switch (option) {
        case 't':
            options->target = optarg;
            break;
        case 'p':
            if (options->port_count < SERVERS_MAX)
                options->ports[options->port_count++] = (uint16_t)number;
            break;
        case 'P':
            if (options->play_port_count < SERVERS_MAX)
                options->play_ports[options->play_port_count++] = (uint16_t)number;
            break;
        case 'i':
            if (options->pid_count < SERVERS_MAX)
                options->pids[options->pid_count++] = (int)number;
            break;
        case 'c':
            options->clip = optarg;
            break;
        case 'r':
            options->rooms = (int)number;
            break;
        case 'n':
            options->players = (int)number;
            break;
        case 's':
            options->seconds = (int)number;
            break;
        case 'e':
            options->settle = (int)number;
            break;
        case 'a':
            options->pace_us = (int)number;
            break;
        case 'm':
            options->cm = true;
            break;
        case 'v':
            options->verify_every = (int)number;
            break;
        case 'R':
            options->repeat = (int)number;
            break;
        case 'j':
            options->join_ms = (int)number;
            break;
        case 'h':
            options->hold = true;
            break;
        case 'x':
            options->existing = true;
            break;
        case 'I':
            options->intact = true;
            break;
        case 'S':
            options->sound = true;
            break;
        case 'f':
            if (options->form_count == FORMS_MAX ||
                !form_parse(optarg, &options->forms[options->form_count++]))
                return false;
            break;
        case 'T':
            options->trace = optarg;
            break;
        case 'o':
            options->record = optarg;
            break;
        case 'C':
            options->sip_port = (uint16_t)number;
            options->sound = options->existing = true;
            break;
        default:
            return false;
        }
    }
    options->protocol = options->sip_port                                          ? &protocol_calls
                        : options->target && strcmp(options->target, "janus") == 0 ? &protocol_janus
                                                                                   : &protocol_wcs;
    return options->target && options->clip && options->port_count && options->pid_count &&
           options->rooms > 0 && options->players >= 0 && options->verify_every > 0 &&
           (options->trace || !options->record);
}
