/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The load program's options: as the head of load.c has them. */
#ifndef SL_BENCH_OPTIONS_H
#define SL_BENCH_OPTIONS_H

#include "form.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protocol;

enum { SERVERS_MAX = 8, FORMS_MAX = 8 };

struct options {
    const struct protocol *protocol;
    const char *target, *clip;
    const char *trace, *record;       /* files; NULL: none */
    uint16_t ports[SERVERS_MAX];      /* where rooms are published, in turn */
    uint16_t play_ports[SERVERS_MAX]; /* where the players of a room play, in turn; none: ports */
    int pids[SERVERS_MAX];
    struct form forms[FORMS_MAX]; /* of the players, in turn; none: all as published */
    size_t port_count, play_port_count, pid_count, form_count;
    int rooms, players, seconds, settle, repeat, verify_every, pace_us, join_ms;
    uint16_t sip_port; /* calls, to there; 0: none */
    bool cm, hold, existing, intact, sound;
};

/* Changes what the arguments name; false if they are not complete. */
bool options_parse(int argc, char **argv, struct options *options);

#endif
