/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a frame of VP8 or an access unit of AAC: payloads stay within their bound, only the
 * last is marked, and what is behind their headers is the frame.
 *
 * Input: a byte for the largest payload, whose lowest bit tells the codec, then the frame.
 */
#include "rtp/rtp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HEADER_LEN = 4, PICTURE_ID = 0x1234 };

struct trip {
    bool vp8, marked;
    size_t max_payload, count;
    const uint8_t *left;
    size_t left_len, len;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void on_payload(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct trip *trip = arg;
    const uint8_t descriptor[] = {trip->count == 0 ? 0x90 : 0x80, 0x80, 0x80 | PICTURE_ID >> 8,
                                  PICTURE_ID & 0xff};
    const uint8_t headers[] = {0, 16, (uint8_t)(trip->len >> 5), (uint8_t)(trip->len << 3)};
    struct sl_payload_info info;

    check(!trip->marked && len > HEADER_LEN && len <= trip->max_payload);
    check(memcmp(payload, trip->vp8 ? descriptor : headers, HEADER_LEN) == 0);
    check(len - HEADER_LEN <= trip->left_len);
    check(memcmp(payload + HEADER_LEN, trip->left, len - HEADER_LEN) == 0);
    if (trip->vp8 && trip->count > 0)
        check(sl_payload_inspect(SL_CODEC_VP8, payload, len, &info) == 0 && !info.frame_start);
    trip->left += len - HEADER_LEN;
    trip->left_len -= len - HEADER_LEN;
    trip->count++;
    trip->marked = marker;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct trip trip = {
        .vp8 = data[0] & 1,
        .max_payload = SL_RTP_PAYLOAD_MIN + data[0],
        .left = data + 1,
        .left_len = len - 1,
        .len = len - 1,
    };
    if (trip.vp8)
        sl_packetize_vp8(data + 1, len - 1, PICTURE_ID, trip.max_payload, on_payload, &trip);
    else if (sl_packetize_aac(data + 1, len - 1, trip.max_payload, on_payload, &trip) < 0) {
        check(len - 1 > SL_AAC_LEN_MAX && trip.count == 0);
        return 0;
    }
    check(trip.left_len == 0 && trip.marked == (trip.count > 0));
    return 0;
}
