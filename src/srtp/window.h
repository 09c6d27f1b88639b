/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What has been received of each ssrc: the highest index and a bitmap of those below it (RFC 3711
 * section 3.3.2), and the guess at a packet's rollover counter (appendix A). Indices are 48 bits
 * for RTP, 31 for RTCP. Pure, but that a first packet allocates.
 */
#ifndef SL_SRTP_WINDOW_H
#define SL_SRTP_WINDOW_H

#include "srtp/srtp.h"

#include <stddef.h>
#include <stdint.h>

/* One ssrc. The bit of index i is bit i % 64 of word i / 64 % SL_SRTP_WINDOW_WORDS. */
enum { SL_SRTP_WINDOW_WORDS = SL_SRTP_WINDOW / 64 };

struct sl_srtp_window {
    uint64_t highest;
    uint64_t seen[SL_SRTP_WINDOW_WORDS];
};

struct sl_srtp_windows {
    uint32_t ssrcs[SL_SRTP_SSRCS];
    struct sl_srtp_window *windows[SL_SRTP_SSRCS]; /* owned */
    size_t count;
};

void sl_srtp_windows_deinit(struct sl_srtp_windows *windows);
/* NULL if nothing of this ssrc was accepted yet. */
struct sl_srtp_window *sl_srtp_windows_find(const struct sl_srtp_windows *windows, uint32_t ssrc);

/* The RTP packet's most likely index; window may be NULL. */
uint64_t sl_srtp_window_guess(const struct sl_srtp_window *window, uint16_t seq);
/* 0 if index is new; -EALREADY if seen or too old. window may be NULL. */
int sl_srtp_window_check(const struct sl_srtp_window *window, uint64_t index);
/* Marks an authentic packet's index, making the ssrc known with its first. There must be room:
 * fewer than SL_SRTP_SSRCS. */
void sl_srtp_windows_accept(struct sl_srtp_windows *windows, uint32_t ssrc, uint64_t index);

#endif
