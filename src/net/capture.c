/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A row that only grows: an entry is there once the count says so. */
#include "net/capture.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>

enum {
    RTP_HEAD = 12,
    RTCP_HEAD = 8,
    STUN_HEAD = 20,
    DTLS_HEAD = 13,
    RTCP_FIRST = 192, /* RFC 5761 section 4 */
    RTCP_LAST = 223,
};

struct sl_capture {
    _Atomic unsigned refs;
    _Atomic bool ended;
    _Atomic size_t count;
    size_t max;
    struct sl_captured entries[];
};

struct sl_capture *sl_capture_create(size_t max)
{
    struct sl_capture *capture =
        sl_alloc(sizeof(struct sl_capture) + max * sizeof(struct sl_captured));

    atomic_init(&capture->refs, 1);
    atomic_init(&capture->ended, false);
    atomic_init(&capture->count, 0);
    capture->max = max;
    return capture;
}

struct sl_capture *sl_capture_ref(struct sl_capture *capture)
{
    atomic_fetch_add(&capture->refs, 1);
    return capture;
}

void sl_capture_unref(struct sl_capture *capture)
{
    if (capture && atomic_fetch_sub(&capture->refs, 1) == 1)
        free(capture);
}

static void read_rtp(struct sl_captured *entry, const uint8_t *data)
{
    entry->kind = SL_CAPTURED_RTP;
    entry->type = data[1] & 0x7f;
    entry->seq = sl_load_u16(data + 2);
    entry->timestamp = sl_load_u32(data + 4);
    entry->ssrc = sl_load_u32(data + 8);
}

/* RFC 7983 section 7: by the first octet; RTCP by the second one. */
static void read_head(struct sl_captured *entry, const uint8_t *data, size_t len)
{
    if (len >= STUN_HEAD && data[0] <= 3) {
        entry->kind = SL_CAPTURED_STUN;
        entry->type = sl_load_u16(data);
    } else if (len >= DTLS_HEAD && data[0] >= 20 && data[0] <= 63) {
        entry->kind = SL_CAPTURED_DTLS;
        entry->type = data[0];
    } else if (len >= RTCP_HEAD && data[0] >> 6 == 2 && data[1] >= RTCP_FIRST &&
               data[1] <= RTCP_LAST) {
        entry->kind = SL_CAPTURED_RTCP;
        entry->type = data[1];
        entry->ssrc = sl_load_u32(data + 4);
    } else if (len >= RTP_HEAD && data[0] >> 6 == 2) {
        read_rtp(entry, data);
    }
}

void sl_capture_note(struct sl_capture *capture, bool out, const struct sl_addr *remote,
                     const uint8_t *data, size_t len)
{
    size_t count = atomic_load_explicit(&capture->count, memory_order_relaxed);

    if (count == capture->max || atomic_load_explicit(&capture->ended, memory_order_relaxed))
        return;
    struct sl_captured *entry = &capture->entries[count];
    *entry = (struct sl_captured){
        .at_us = sl_now_us(),
        .remote = *remote,
        .len = (uint16_t)(len > UINT16_MAX ? UINT16_MAX : len),
        .out = out,
    };
    read_head(entry, data, len);
    atomic_store_explicit(&capture->count, count + 1, memory_order_release);
}

void sl_capture_end(struct sl_capture *capture)
{
    atomic_store(&capture->ended, true);
}

bool sl_capture_has_ended(const struct sl_capture *capture)
{
    return atomic_load_explicit(&capture->ended, memory_order_relaxed);
}

size_t sl_capture_count(const struct sl_capture *capture)
{
    return atomic_load_explicit(&capture->count, memory_order_acquire);
}

const struct sl_captured *sl_capture_at(const struct sl_capture *capture, size_t n)
{
    assert(n < sl_capture_count(capture));
    return &capture->entries[n];
}
