/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of one size into one codec, at one rate. */
#include "engine/rendition.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>

enum { RATE_CHECK_US = SL_US_PER_S };

static const int64_t check_now_us = INT64_MIN; /* an order came */

int sl_rendition_create(const struct sl_engine_message *order,
                        const struct sl_engine_reporter *reporter, struct sl_rendition **out)
{
    if (order->codec != SL_CODEC_H264 && order->codec != SL_CODEC_VP8 &&
        order->codec != SL_CODEC_MPEG1)
        return -ENOSYS;
    struct sl_rendition *rendition = sl_new(struct sl_rendition);
    rendition->reporter = reporter;
    rendition->output = order->output;
    rendition->codec = order->codec;
    rendition->form = order->form.pictures;
    *out = rendition;
    return 0;
}

void sl_rendition_destroy(struct sl_rendition *rendition)
{
    if (!rendition)
        return;
    sl_list_remove(&rendition->link);
    sl_video_encoder_destroy(rendition->encoder);
    free(rendition);
}

void sl_rendition_change(struct sl_rendition *rendition, const struct sl_engine_pictures *form)
{
    rendition->form.bitrate_bps = form->bitrate_bps;
    rendition->form.quality = form->quality;
    rendition->form.gop_ms = form->gop_ms;
    rendition->form.fps_max = form->fps_max;
    rendition->next_check_us = check_now_us;
}

/* On a beat of its own, that the pictures may miss by half: otherwise those of a source of about as
 * many a second as are allowed would come and go with every jitter. */
bool sl_rendition_wants(struct sl_rendition *rendition, int64_t pts_us)
{
    if (rendition->form.fps_max == 0)
        return true;
    int64_t beat_us = SL_US_PER_S / rendition->form.fps_max;
    if (pts_us < rendition->next_picture_us - beat_us / 2 &&
        rendition->next_picture_us - pts_us <= 2 * beat_us) /* otherwise the clock was set back */
        return false;
    bool is_on_the_beat = pts_us < rendition->next_picture_us + beat_us / 2;
    rendition->next_picture_us = (is_on_the_beat ? rendition->next_picture_us : pts_us) + beat_us;
    return true;
}

/* ---- The encoder ---- */

static int clamp_frame_us(int frame_us)
{
    return frame_us < 5000 ? 5000 : frame_us > SL_US_PER_S ? SL_US_PER_S : frame_us;
}

/* From one picture that is encoded to the next. */
static int frame_us_of(const struct sl_rendition *rendition, const struct sl_fit_source *source)
{
    int least_us = rendition->form.fps_max ? SL_US_PER_S / rendition->form.fps_max : 0;

    return clamp_frame_us(source->frame_us > least_us ? source->frame_us : least_us);
}

static int open_encoder(struct sl_rendition *rendition, uint32_t bitrate_bps, int frame_us)
{
    struct sl_video_encoder_config config = {
        .width = rendition->size.width,
        .height = rendition->size.height,
        .fps = (SL_US_PER_S + frame_us / 2) / frame_us,
        .bitrate_bps = (int)bitrate_bps,
        .codec = rendition->codec,
        .preset = rendition->form.quick ? "superfast" : NULL,
        .one_thread = true,
        .nal_len_max = rendition->form.nal_len_max,
    };

    sl_video_encoder_destroy(rendition->encoder);
    rendition->encoder = NULL;
    int err = sl_video_encoder_create(&config, &rendition->encoder);
    if (err == -EINVAL) /* all of it is in bounds: so a library says that there is no memory */
        err = -ENOMEM;
    if (err < 0)
        return err;
    rendition->encoder_size = rendition->size;
    rendition->bitrate_bps = bitrate_bps;
    rendition->frame_us = frame_us;
    return 0;
}

/* By so much of the smaller one. */
static bool is_far(int64_t a, int64_t b, int percent)
{
    return a * 100 > b * (100 + percent) || b * 100 > a * (100 + percent);
}

/* So far ahead is none that was meant: the source's clock was set back. */
static bool is_due(int64_t due_us, int64_t pts_us, int64_t every_us)
{
    return pts_us >= due_us || due_us - pts_us > every_us;
}

/* An encoder that must be made anew for it, which costs a key frame, is when it was ordered, or as
 * a key frame is due. */
static int follow_rate(struct sl_rendition *rendition, uint32_t bitrate_bps, int frame_us,
                       bool keyframe)
{
    enum { STEP_PERCENT = 5, ANEW_PERCENT = 20 };
    bool ordered = rendition->next_check_us == check_now_us;
    bool anew = ordered ? bitrate_bps != rendition->bitrate_bps
                        : keyframe && is_far(bitrate_bps, rendition->bitrate_bps, ANEW_PERCENT);

    if (!ordered && !is_far(bitrate_bps, rendition->bitrate_bps, STEP_PERCENT) &&
        !is_far(frame_us, rendition->frame_us, STEP_PERCENT))
        return 0;
    int err = sl_video_encoder_set_rate(rendition->encoder, (int)bitrate_bps, frame_us);
    if (err == -ENOSYS)
        return anew ? open_encoder(rendition, bitrate_bps, frame_us) : 0;
    if (err < 0)
        return err;
    rendition->bitrate_bps = bitrate_bps;
    rendition->frame_us = frame_us;
    return 0;
}

static int prepare_encoder(struct sl_rendition *rendition, int64_t pts_us, bool keyframe,
                           const struct sl_fit_source *source)
{
    bool fits = rendition->encoder && rendition->encoder_size.width == rendition->size.width &&
                rendition->encoder_size.height == rendition->size.height;

    if (fits && !keyframe && !is_due(rendition->next_check_us, pts_us, RATE_CHECK_US))
        return 0;
    int frame_us = frame_us_of(rendition, source);
    uint32_t bitrate_bps =
        sl_fit_bitrate(&rendition->form, rendition->codec, rendition->size, source);
    int err = fits ? 0 : open_encoder(rendition, bitrate_bps, frame_us);
    if (err == 0)
        err = follow_rate(rendition, bitrate_bps, frame_us, keyframe);
    rendition->next_check_us = pts_us + RATE_CHECK_US;
    return err;
}

/* ---- Pictures ---- */

static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct sl_rendition *rendition = arg;
    struct sl_engine_message report = {
        .type = SL_ENGINE_CODED,
        .output = rendition->output,
        .codec = rendition->codec,
        .keyframe = coded->keyframe,
        .width = (uint16_t)rendition->size.width,
        .height = (uint16_t)rendition->size.height,
        .pts_us = coded->pts_us,
        .dts_us = coded->dts_us,
        .data = coded->data,
        .len = coded->len,
    };

    if (coded->len > SL_ENGINE_INPUT_MAX) {
        rendition->keyframe_wanted = true; /* what follows refers to it */
        return;
    }
    if (coded->keyframe)
        rendition->next_keyframe_us =
            coded->pts_us + rendition->form.gop_ms * (int64_t)SL_US_PER_MS;
    sl_engine_report(rendition->reporter, &report);
}

static bool is_keyframe_due(const struct sl_rendition *rendition, int64_t pts_us)
{
    return rendition->keyframe_wanted ||
           (rendition->form.gop_ms != 0 && is_due(rendition->next_keyframe_us, pts_us,
                                                  rendition->form.gop_ms * (int64_t)SL_US_PER_MS));
}

int sl_rendition_show(struct sl_rendition *rendition, const struct sl_picture *picture,
                      const struct sl_fit_source *source)
{
    bool keyframe = is_keyframe_due(rendition, picture->pts_us);
    int err = prepare_encoder(rendition, picture->pts_us, keyframe, source);

    if (err < 0)
        return err;
    rendition->keyframe_wanted = false;
    /* Out of memory, and the next one may have some. */
    if (sl_video_encoder_encode(rendition->encoder, picture, keyframe, on_coded, rendition) < 0)
        rendition->keyframe_wanted = true;
    return 0;
}
