/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hostile RTP payloads through the assembler into a decoder (hardening.md class 22): a picture lies
 * within its bounds, and every byte of it can be read.
 *
 * Input: records of two bytes - the payload's length (low 15 bits) and whether it ends a frame -
 * and the payload.
 */
#ifndef SL_TESTS_FUZZ_CODEC_VIDEO_H
#define SL_TESTS_FUZZ_CODEC_VIDEO_H

#include "codec/codec.h"
#include "rtp/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline void check(bool holds)
{
    if (!holds)
        abort();
}

static inline void on_picture(void *arg, struct sl_picture *picture)
{
    static uint8_t row[SL_PICTURE_SIDE_MAX];

    (void)arg;
    check(picture->width >= 1 && picture->width <= SL_PICTURE_SIDE_MAX);
    check(picture->height >= 1 && picture->height <= SL_PICTURE_SIDE_MAX);
    for (int plane = 0; plane < 3; plane++) {
        int width = plane ? (picture->width + 1) / 2 : picture->width;
        int height = plane ? (picture->height + 1) / 2 : picture->height;
        for (int y = 0; y < height; y++) /* the sanitizer looks at each byte of a copy at once */
            memcpy(row, picture->planes[plane] + y * picture->strides[plane], (size_t)width);
    }
}

struct player {
    enum sl_codec codec;
    struct sl_video_decoder *decoder; /* from the first frame on: it takes longer than the rest */
};

static inline void on_frame(void *owner, const struct sl_assembled_frame *frame)
{
    struct player *player = owner;

    if (!player->decoder)
        check(sl_video_decoder_create(player->codec, &player->decoder) == 0);
    /* Errors are the rule here. */
    (void)sl_video_decoder_decode(player->decoder, frame->data, frame->len, frame->rtp_timestamp,
                                  on_picture, NULL);
}

static inline int play_packets(enum sl_codec codec, const uint8_t *data, size_t len)
{
    struct player player = {.codec = codec};
    uint32_t timestamp = 0;

    struct sl_assembler *assembler = sl_assembler_create(&(struct sl_assembler_config){
        .codec = codec, .max_frame_len = 1 << 16, .on_frame = on_frame, .owner = &player});
    int64_t seq = 70000;
    while (len >= 2) {
        size_t payload_len = (size_t)(data[0] & 0x7f) << 8 | data[1];
        bool marker = data[0] & 0x80;
        data += 2;
        len -= 2;
        if (payload_len > len)
            payload_len = len;
        sl_assembler_input(assembler, seq++, timestamp, marker, data, payload_len, 0);
        timestamp += marker ? 3000 : 0;
        data += payload_len;
        len -= payload_len;
    }
    sl_assembler_destroy(assembler);
    sl_video_decoder_destroy(player.decoder);
    return 0;
}

#endif
