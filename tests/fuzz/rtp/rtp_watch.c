/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any packets seen by the keeper of parameter sets: what it would put in is bounded, is nothing but
 * parameter sets, and is there whenever it asks to be put in.
 *
 * Input: a byte, the length of the description's sets, and these; then records of two bytes - step
 * of the number (signed), length - and that many payload bytes.
 */
#include "rtp/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool is_set(uint8_t header)
{
    return (header & 0x1f) == 7 || (header & 0x1f) == 8;
}

static void on_payload(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    size_t *total = arg;

    (void)marker;
    check(len > 0 && len <= SL_RTP_PAYLOAD_DEFAULT);
    if ((payload[0] & 0x1f) == 24)
        check(len > 3 && is_set(payload[3]));
    else
        check(is_set(payload[0]));
    *total += len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *at = data, *end = data + len;
    struct sl_h264_sprop sprop = {0};
    int64_t seq = 1000;

    if (len == 0)
        return 0;
    sprop.len = *at++;
    if (sprop.len > end - at)
        sprop.len = (uint16_t)(end - at);
    memcpy(sprop.bytes, at, sprop.len);
    at += sprop.len;
    struct sl_h264_watch *watch = sl_h264_watch_create(&sprop);
    while (end - at >= 2) {
        size_t payload_len = at[1] < end - at - 2 ? at[1] : (size_t)(end - at - 2), total = 0;
        seq += (int8_t)at[0];
        uint8_t *exact = malloc(payload_len ? payload_len : 1);
        check(exact != NULL);
        memcpy(exact, at + 2, payload_len);
        if (sl_h264_watch_input(watch, seq, exact, payload_len) > 0) {
            sl_h264_watch_packetize(watch, SL_RTP_PAYLOAD_DEFAULT, on_payload, &total);
            check(total > 2 && total <= 12 * (1024 + 8));
        }
        free(exact);
        at += 2 + payload_len;
    }
    sl_h264_watch_destroy(watch);
    return 0;
}
