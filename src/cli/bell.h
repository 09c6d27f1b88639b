/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Somebody is at a socket that listens, and whoever will let them in is not there yet: the console's
 * thread is made for its first client. Owner: the control loop.
 */
#ifndef SL_CLI_BELL_H
#define SL_CLI_BELL_H

#include <stdbool.h>

struct sl_bell;
struct sl_loop;

/* on_ring, from the loop: true: no ring any more; false: it could not be done, once more in a
 * second, who waits does so in the kernel's queue. fd is borrowed until the bell is destroyed.
 * Returns 0; -errno: the loop cannot watch it. */
int sl_bell_create(struct sl_loop *loop, int fd, bool (*on_ring)(void *owner), void *owner,
                   struct sl_bell **out);
/* Also from within on_ring. NULL is fine. */
void sl_bell_destroy(struct sl_bell *bell);

#endif
