/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time. Everything that waits uses the monotonic clock, so a changed wall clock harms nothing. */
#ifndef SL_BASE_CLOCK_H
#define SL_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SL_US_PER_MS 1000
#define SL_US_PER_S  1000000

/* Microseconds, monotonic, never negative. */
static inline int64_t sl_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (int64_t)now.tv_sec * SL_US_PER_S + now.tv_nsec / 1000;
}

/* Microseconds this thread has computed: what something has cost, also on a busy machine. */
static inline int64_t sl_cpu_us(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used); /* cannot fail for this clock */
    return (int64_t)used.tv_sec * SL_US_PER_S + used.tv_nsec / 1000;
}

/* Milliseconds since 1970, for people and for `createDate`. */
static inline int64_t sl_wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
