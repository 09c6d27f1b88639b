/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replay windows and rollover counters. */
#include "srtp/window.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { SEQ_HALF = 0x8000 };

void sl_srtp_windows_deinit(struct sl_srtp_windows *windows)
{
    for (size_t i = 0; i < windows->count; i++)
        free(windows->windows[i]);
    windows->count = 0;
}

struct sl_srtp_window *sl_srtp_windows_find(const struct sl_srtp_windows *windows, uint32_t ssrc)
{
    for (size_t i = 0; i < windows->count; i++) {
        if (windows->ssrcs[i] == ssrc)
            return windows->windows[i];
    }
    return NULL;
}

/* The index with these lower 16 bits that is nearest to the highest one (RFC 3711 appendix A). */
uint64_t sl_srtp_window_guess(const struct sl_srtp_window *window, uint16_t seq)
{
    if (!window)
        return seq;
    uint64_t roc = window->highest >> 16;
    int distance = seq - (int)(window->highest & 0xFFFF);

    if (distance > SEQ_HALF && roc > 0)
        roc--; /* sent before the wrap */
    else if (distance < -SEQ_HALF && roc < UINT32_MAX)
        roc++; /* the first ones after it */
    return roc << 16 | seq;
}

static uint64_t *word_of(struct sl_srtp_window *window, uint64_t index)
{
    return &window->seen[index / 64 % SL_SRTP_WINDOW_WORDS];
}

int sl_srtp_window_check(const struct sl_srtp_window *window, uint64_t index)
{
    if (!window || index > window->highest)
        return 0;
    if (window->highest - index >= SL_SRTP_WINDOW)
        return -EALREADY;
    return window->seen[index / 64 % SL_SRTP_WINDOW_WORDS] >> (index % 64) & 1 ? -EALREADY : 0;
}

/* Moves the window up to index: the bits of those skipped over belong to older ones and go. */
static void advance(struct sl_srtp_window *window, uint64_t index)
{
    if (index - window->highest >= SL_SRTP_WINDOW) {
        memset(window->seen, 0, sizeof(window->seen));
    } else {
        for (uint64_t i = window->highest + 1; i <= index; i++)
            *word_of(window, i) &= ~(UINT64_C(1) << (i % 64));
    }
    window->highest = index;
}

void sl_srtp_windows_accept(struct sl_srtp_windows *windows, uint32_t ssrc, uint64_t index)
{
    struct sl_srtp_window *window = sl_srtp_windows_find(windows, ssrc);

    if (!window) {
        assert(windows->count < SL_SRTP_SSRCS);
        window = sl_new(struct sl_srtp_window);
        window->highest = index;
        windows->ssrcs[windows->count] = ssrc;
        windows->windows[windows->count++] = window;
    } else if (index > window->highest) {
        advance(window, index);
    }
    *word_of(window, index) |= UINT64_C(1) << (index % 64);
}
