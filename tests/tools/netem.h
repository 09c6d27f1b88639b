/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bad network, as the kernel's netem makes one, for kernels without it: loss, delay, jitter,
 * reordering, duplication, a bandwidth limit and cuts, in each of two directions. Its conditions
 * are commands, from the program's arguments and then, line by line, from standard input:
 *
 *   loss P, duplicate P, reorder P   per cent of the packets (reordered ones come `late` later)
 *   delay MS, jitter MS, late MS     jitter is evenly spread and keeps the order
 *   rate KBIT                        kbit/s, 0: no limit; the queue holds `queue` ms (default 200)
 *   drop on|off                      a black hole
 *   cut, join                        both directions at once, with what is on its way
 *   up.loss P, down.delay MS ...     one direction only
 *   seed N                           restarts the sequence of random numbers
 *   stats                            one line of JSON with the counters
 *
 * Each line is answered with "ok " or "error " and the line, `stats` with its JSON. One thread.
 */
#ifndef SL_TESTS_TOOLS_NETEM_H
#define SL_TESTS_TOOLS_NETEM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_netem_way { SL_NETEM_UP, SL_NETEM_DOWN, SL_NETEM_WAYS };

struct sl_netem_ops {
    /* A packet has arrived at the other end; false if it could not be sent on. Borrowed. */
    bool (*deliver)(void *owner, enum sl_netem_way way, size_t tag, const uint8_t *bytes,
                    size_t len);
    /* Prints members of the JSON that `stats` answers, each followed by a comma. NULL: none. */
    void (*print_stats)(void *owner);
};

struct sl_netem;

/* A perfect network. Blocks SIGTERM and SIGINT until sl_netem_wait(), which they end. One for a
 * program. */
struct sl_netem *sl_netem_create(const struct sl_netem_ops *ops, void *owner);
void sl_netem_destroy(struct sl_netem *netem);

/* Runs the commands of the arguments, which are answered too. -EINVAL after saying which is none.
 */
int sl_netem_set(struct sl_netem *netem, int count, char **commands);

/* Takes a packet in, which is copied; tag goes with it to deliver(). */
void sl_netem_send(struct sl_netem *netem, enum sl_netem_way way, size_t tag, const uint8_t *bytes,
                   size_t len);

/*
 * Delivers what is due and runs commands until one of fds has an event.
 *
 * fds      count of them; fds[0] is set here, to standard input
 * Returns  false when the program shall end: SIGTERM, SIGINT, end of standard input.
 */
bool sl_netem_wait(struct sl_netem *netem, struct pollfd *fds, size_t count);

#endif
