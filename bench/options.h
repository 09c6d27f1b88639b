/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The load program's options: as the head of load.c has them. */
#ifndef SL_BENCH_OPTIONS_H
#define SL_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct protocol;

struct options {
    const struct protocol *protocol;
    const char *target, *clip;
    uint16_t port;
    int pid, rooms, players, seconds, settle, repeat, verify_every, pace_us;
    bool cm;
};

/* Changes what the arguments name; false if they are not complete. */
bool options_parse(int argc, char **argv, struct options *options);

#endif
