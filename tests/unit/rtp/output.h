/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An assembler and what came out of it; one for the test program that includes this. */
#ifndef SL_TEST_RTP_OUTPUT_H
#define SL_TEST_RTP_OUTPUT_H

#include "base/clock.h"
#include "rtp/rtp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MS         ((int64_t)SL_US_PER_MS)
#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

#define SC      "\0\0\0\1"
#define SPS     "\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8"
#define PPS     "\x68\xce\x3c\x80"
#define VP8_KEY "\x10\x02\x00\x9d\x01\x2a\x40\x01\xf0\x00"

enum { FRAMES_MAX = 4096 };

struct output {
    size_t count, losses, left_out;
    struct sl_assembled_frame frames[FRAMES_MAX]; /* data is a copy that clear() frees */
};

static void on_frame(void *owner, const struct sl_assembled_frame *frame)
{
    struct output *output = owner;
    uint8_t *copy = malloc(frame->len ? frame->len : 1);

    assert(output->count < FRAMES_MAX);
    memcpy(copy, frame->data, frame->len);
    output->frames[output->count] = *frame;
    output->frames[output->count++].data = copy;
}

static void on_loss(void *owner)
{
    ((struct output *)owner)->losses++;
}

static void on_left_out(void *owner)
{
    ((struct output *)owner)->left_out++;
}

static inline void clear(struct output *output)
{
    for (size_t i = 0; i < output->count; i++)
        free((void *)(uintptr_t)output->frames[i].data);
    *output = (struct output){0};
}

static struct output output;

static inline struct sl_assembler *create(enum sl_codec codec)
{
    const struct sl_assembler_config config = {.codec = codec,
                                               .on_frame = on_frame,
                                               .on_loss = on_loss,
                                               .on_left_out = on_left_out,
                                               .owner = &output};

    return sl_assembler_create(&config);
}

#endif
