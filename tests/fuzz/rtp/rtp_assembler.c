/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any series of packets: frames stay within their bound, come in order, carry the timestamp of the
 * packet they begin with; the first after a loss is a key frame.
 *
 * Input: a byte for the codec, then records of four bytes - step of the number (signed), step of
 * the timestamp (low nibble) and of the time (high nibble), flags, length - and that many payload
 * bytes.
 */
#include "rtp/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FRAME_MAX = 600, NUMBERS = 1 << 16, START = 1000, FLAG_MARKER = 1, FLAG_JUMP = 2 };

struct watch {
    enum sl_codec codec;
    uint32_t *timestamps; /* of the first packet given with each number */
    bool *given;
    int64_t last_seq;
    bool lost;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void on_frame(void *owner, const struct sl_assembled_frame *frame)
{
    struct watch *watch = owner;
    volatile uint8_t sum = 0;

    check(frame->codec == watch->codec);
    check(frame->len > 0 && frame->len <= FRAME_MAX);
    check(frame->first_seq > watch->last_seq && frame->first_seq < NUMBERS);
    check(watch->given[frame->first_seq]);
    check(frame->rtp_timestamp == watch->timestamps[frame->first_seq]);
    check(frame->keyframe || !watch->lost);
    if (frame->keyframe && sl_codec_kind(watch->codec) == SL_VIDEO)
        check(watch->codec == SL_CODEC_VP8 || (frame->width > 0 && frame->height > 0));
    if (watch->codec == SL_CODEC_H264)
        check(frame->len > 4 && memcmp(frame->data, "\0\0\0\1", 4) == 0);
    for (size_t i = 0; i < frame->len; i++)
        sum = (uint8_t)(sum + frame->data[i]); /* the sanitizer looks at every byte */
    watch->last_seq = frame->first_seq;
    watch->lost = false;
}

static void on_loss(void *owner)
{
    ((struct watch *)owner)->lost = true;
}

static void play(struct sl_assembler *assembler, struct watch *watch, const uint8_t *at,
                 const uint8_t *end)
{
    int64_t seq = START, now_us = 0;
    uint32_t timestamp = 0;

    while (end - at >= 4) {
        size_t payload_len = at[3];
        seq += (int8_t)at[0];
        if (at[2] & FLAG_JUMP)
            seq += 1000;
        timestamp += at[1] & 0x0f;
        now_us += (at[1] >> 4) * 50000;
        if (seq < 0 || seq >= NUMBERS)
            return;
        if (payload_len > (size_t)(end - at - 4))
            payload_len = (size_t)(end - at - 4);
        /* A number that comes twice with two timestamps is two packets; which one counts is open.
         */
        if (!watch->given[seq])
            watch->timestamps[seq] = timestamp;
        watch->given[seq] = true;
        sl_assembler_input(assembler, seq, watch->timestamps[seq], at[2] & FLAG_MARKER, at + 4,
                           payload_len, now_us);
        at += 4 + payload_len;
    }
    sl_assembler_tick(assembler, now_us + 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum sl_codec codecs[] = {SL_CODEC_H264, SL_CODEC_VP8, SL_CODEC_OPUS};
    static uint32_t timestamps[NUMBERS];
    static bool given[NUMBERS];

    if (len == 0)
        return 0;
    memset(given, 0, sizeof(given));
    struct watch watch = {.codec = codecs[data[0] % 3],
                          .timestamps = timestamps,
                          .given = given,
                          .last_seq = -1,
                          .lost = codecs[data[0] % 3] != SL_CODEC_OPUS};
    const struct sl_assembler_config config = {
        .codec = watch.codec,
        .max_packets = 32,
        .max_frame_len = FRAME_MAX,
        .max_wait_us = 500000,
        .on_frame = on_frame,
        .on_loss = on_loss,
        .owner = &watch,
    };
    struct sl_assembler *assembler = sl_assembler_create(&config);
    play(assembler, &watch, data + 1, data + len);
    sl_assembler_destroy(assembler);
    return 0;
}
