/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A redis-server of the test's own. Whatever fails ends the test. */
#ifndef TEST_CLUSTER_REDIS_H
#define TEST_CLUSTER_REDIS_H

#include <stdint.h>
#include <sys/types.h>

struct redis {
    pid_t pid; /* 0: not running */
    uint16_t port;
};

/* On a free port, or, once started, on the same as before; empty. password NULL: none. */
void redis_start(struct redis *redis, const char *password);
void redis_kill(struct redis *redis);
/* SIGSTOP: connections are taken, and nothing is answered. */
void redis_pause(struct redis *redis);
void redis_resume(struct redis *redis);
/* Runs one command, words separated by blanks, and returns its integer (or -1 for other answers).
 */
long long redis_do(struct redis *redis, const char *command);

#endif
