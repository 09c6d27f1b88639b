/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a key frame on, until the decoder has lost its way. */
#include "engine/picture_source.h"

#include "base/clock.h"

#include <errno.h>

enum { ASK_AGAIN_US = 500 * SL_US_PER_MS /* for a key frame that did not come */ };

void sl_picture_source_deinit(struct sl_picture_source *source)
{
    sl_video_decoder_destroy(source->decoder);
    source->decoder = NULL;
}

/* ---- Pictures ---- */

#ifdef SL_TEST_TRAPS

/* For tests of what becomes of a process that breaks, or hangs: sizes that nobody sends. */
static void spring_traps(const struct sl_picture *picture)
{
    volatile int *volatile nowhere = NULL;
    volatile bool forever = true;

    if (picture->width == 176 && picture->height == 112)
        *nowhere = 0; /* NOLINT(clang-analyzer-core.NullDereference): a trap */
    while (picture->width == 176 && picture->height == 96 && forever)
        ;
}

#else

static void spring_traps(const struct sl_picture *picture)
{
    (void)picture;
}

#endif

static void on_picture(void *arg, struct sl_picture *picture)
{
    struct sl_picture_source *source = arg;

    spring_traps(picture);
    /* Half a colour sample is nothing an encoder takes: an odd last row or column goes. */
    picture->width -= picture->width > 1 && picture->width % 2;
    picture->height -= picture->height > 1 && picture->height % 2;
    source->on_picture(source->owner, picture);
}

struct sl_size sl_picture_source_shown(const struct sl_picture *picture)
{
    int64_t width = picture->width;

    if (picture->pixel_width > 0 && picture->pixel_height > 0)
        width = width * picture->pixel_width / picture->pixel_height;
    if (width > SL_ENGINE_SIDE_MAX)
        width = SL_ENGINE_SIDE_MAX;
    if (width > 1)
        width &= ~INT64_C(1);
    return (struct sl_size){width < 1 ? 1 : (int)width, picture->height};
}

/* ---- Inputs ---- */

static void ask_for_keyframe(struct sl_picture_source *source)
{
    struct sl_engine_message report = {.type = SL_ENGINE_NEED_KEYFRAME, .input = source->input};
    int64_t now_us = sl_now_us();

    if (source->asked_us != 0 && now_us - source->asked_us < ASK_AGAIN_US)
        return;
    source->asked_us = now_us;
    sl_engine_report(source->reporter, &report);
}

static struct sl_size vp8_size(const uint8_t *data, size_t len)
{
    enum { SIZE_AT = 6, SIZE_MASK = 0x3fff }; /* RFC 6386 section 9.1; upper bits: scaling */

    if (len < SIZE_AT + 4)
        return (struct sl_size){0, 0};
    return (struct sl_size){(data[SIZE_AT] | data[SIZE_AT + 1] << 8) & SIZE_MASK,
                            (data[SIZE_AT + 2] | data[SIZE_AT + 3] << 8) & SIZE_MASK};
}

static struct sl_size h264_size(const uint8_t *data, size_t len)
{
    const uint8_t *at = data, *end = data + len;
    struct sl_nal nal;
    uint16_t width, height;

    while (sl_annexb_next(&at, end, &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_SPS &&
            sl_h264_sps_size(nal.data, nal.len, &width, &height) == 0)
            return (struct sl_size){width, height};
    }
    return (struct sl_size){0, 0};
}

/* The decoder would only say that it does not like it. */
static bool is_too_large(const struct sl_picture_source *source,
                         const struct sl_engine_message *input)
{
    struct sl_size size = input->codec == SL_CODEC_H264 ? h264_size(input->data, input->len)
                                                        : vp8_size(input->data, input->len);

    return size.width > SL_ENGINE_SIDE_MAX || size.height > SL_ENGINE_SIDE_MAX ||
           (source->pixels_max != 0 &&
            (int64_t)size.width * size.height > (int64_t)source->pixels_max);
}

/* For a key frame: a decoder of its codec and its order. */
static int prepare_decoder(struct sl_picture_source *source, enum sl_codec codec)
{
    if (source->decoder && source->codec == codec && source->decoder_reorders == source->reordering)
        return 0;
    sl_video_decoder_destroy(source->decoder);
    source->decoder = NULL;
    int err = source->reordering ? sl_video_decoder_create_reordering(codec, &source->decoder)
                                 : sl_video_decoder_create(codec, &source->decoder);
    if (err < 0)
        return err;
    source->codec = codec;
    source->decoder_reorders = source->reordering;
    return 0;
}

static void decode(struct sl_picture_source *source, const struct sl_engine_message *input)
{
    int err = sl_video_decoder_decode(source->decoder, input->data, input->len, input->pts_us,
                                      on_picture, source);

    source->lost = err < 0;
    if (source->lost)
        ask_for_keyframe(source);
    else if (input->keyframe)
        source->asked_us = 0;
}

int sl_picture_source_input(struct sl_picture_source *source, const struct sl_engine_message *input)
{
    if (input->keyframe)
        source->unusable = is_too_large(source, input);
    if (input->keyframe && source->unusable) {
        source->lost = true; /* what follows refers to it */
        return -EINVAL;
    }
    source->reordering = source->reordering || input->dts_us != input->pts_us;
    bool can_go_on = source->decoder && source->codec == input->codec && !source->lost;
    if (!can_go_on && !input->keyframe) {
        if (!source->unusable)
            ask_for_keyframe(source);
        return 0;
    }
    int err = input->keyframe ? prepare_decoder(source, input->codec) : 0;
    source->unusable = err == -ENOSYS;
    if (source->unusable)
        return err;
    if (err < 0)
        ask_for_keyframe(source); /* out of memory, and the next one may have some */
    else
        decode(source, input);
    return 0;
}
