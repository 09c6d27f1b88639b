/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One event loop per thread (libuv) and the queue by which other threads reach it. */
#ifndef SL_NET_LOOP_H
#define SL_NET_LOOP_H

#include "base/list.h"
#include "base/queue.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct sl_loop;

/* Owner: the caller, who destroys it after sl_loop_run() has returned and its handles are closed.
 * NULL: no descriptors are left for it; nothing is kept. */
struct sl_loop *sl_loop_create(const char *name);
/* Makes the threads behind uv_queue_work() and uv_getaddrinfo(), which all loops share: libuv would
 * make them when first asked, and aborts where it cannot. -EAGAIN: there are not so many; nothing
 * is kept. Once, before any loop runs. */
int sl_loop_start_pool(struct sl_loop *loop);
/* Runs what is still queued, then frees. NULL is fine. Every handle on the loop must be closed (it
 * is run until they are, at most a second: then the leak is logged). */
void sl_loop_destroy(struct sl_loop *loop);
/* Blocks until sl_loop_stop(). Threads: the one that will own everything on this loop. */
void sl_loop_run(struct sl_loop *loop);
/* Threads: any. */
void sl_loop_stop(struct sl_loop *loop);
/* Queues msg for the loop's thread, in order per poster. Threads: any. Never fails: see queue.h. */
void sl_loop_post(struct sl_loop *loop, struct sl_msg *msg);
/* Runs now what has been posted so far: for whoever must not act on an older state than a poster
 * has told others of. Never from within a message. Threads: the loop's. */
void sl_loop_run_posted(struct sl_loop *loop);
/*
 * Something this thread does a little later: after the call that asked for it has returned, in the
 * turn of the loop that comes next, in the order of asking. This is how a question is answered
 * whose answer is known at once: the caller finds its own state settled, as with any other answer.
 * Embedded in what it is about; zeroed memory is one that waits for nothing.
 */
struct sl_later {
    struct sl_list link;
    void (*run)(struct sl_later *later);
};
/* Waiting already: stays where it is. What is asked for from within a run waits for the next turn.
 * Threads: the loop's. */
void sl_loop_later(struct sl_loop *loop, struct sl_later *later);
/* It is not run; its memory may go. Threads: the loop's. */
static inline void sl_later_cancel(struct sl_later *later)
{
    sl_list_remove(&later->link);
}
/* For timers and polls of the owner's thread. */
uv_loop_t *sl_loop_uv(struct sl_loop *loop);
/* True on the loop's thread (or before any thread runs it). For assert(). */
bool sl_loop_is_current(const struct sl_loop *loop);

/* In every function that belongs to one thread: checked in debug and sanitizer builds, so that it
 * costs the packet path nothing. */
#ifdef SLUICE_CHECK_THREADS
#define SL_ASSERT_ON(loop) assert(sl_loop_is_current(loop))
#else
#define SL_ASSERT_ON(loop) ((void)(loop))
#endif

/* A repeating or single timer that can be embedded and freed safely: the memory libuv needs until
 * its close callback is the timer's own. */
struct sl_timer;
struct sl_timer *sl_timer_create(struct sl_loop *loop, void (*on_timer)(void *owner), void *owner);
/* repeat_ms 0: once. Starting again moves it. */
void sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms);
void sl_timer_stop(struct sl_timer *timer);
/* No callback after this. NULL is fine. */
void sl_timer_destroy(struct sl_timer *timer);

#endif
