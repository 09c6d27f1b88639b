/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VP8 into H264. */
#include "variant/video.h"

#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "variant/variant.h"

enum {
    SIDE_MIN = 16,
    TRANSCODE_FPS = 30, /* what rate control reckons with */
    TRANSCODE_KEYFRAME_US = 2 * SL_US_PER_S,
    TRANSCODE_BITRATE_MIN_BPS = 200000,
    TRANSCODE_BITRATE_MAX_BPS = 6000000,
};

struct sl_variant_video {
    const struct sl_variant_video_ops *ops;
    void *owner;
    struct sl_video_decoder *decoder;
    struct sl_video_encoder *encoder; /* for pictures of encoder_width x encoder_height */
    int encoder_width, encoder_height;
    bool decoding;            /* a key frame was decoded, and nothing lost since */
    int64_t next_keyframe_us; /* when the next key frame is due */
};

int sl_variant_video_create(enum sl_codec from, const struct sl_variant_video_ops *ops, void *owner,
                            struct sl_variant_video **out)
{
    struct sl_variant_video *video = sl_new(struct sl_variant_video);

    video->ops = ops;
    video->owner = owner;
    int err = sl_video_decoder_create(from, &video->decoder);
    if (err < 0) {
        sl_variant_video_destroy(video);
        return err;
    }
    *out = video;
    return 0;
}

void sl_variant_video_destroy(struct sl_variant_video *video)
{
    if (!video)
        return;
    sl_video_encoder_destroy(video->encoder);
    sl_video_decoder_destroy(video->decoder);
    free(video);
}

/* A tenth of a bit per pixel: what libx264 at "veryfast" needs to look like WebRTC's VP8. */
static int bitrate_bps(int width, int height)
{
    int64_t bps = (int64_t)width * height * TRANSCODE_FPS / 10;

    if (bps < TRANSCODE_BITRATE_MIN_BPS)
        return TRANSCODE_BITRATE_MIN_BPS;
    return bps > TRANSCODE_BITRATE_MAX_BPS ? TRANSCODE_BITRATE_MAX_BPS : (int)bps;
}

static bool prepare_encoder(struct sl_variant_video *video, int width, int height)
{
    struct sl_video_encoder_config config = {
        .width = width,
        .height = height,
        .fps = TRANSCODE_FPS,
        .bitrate_bps = bitrate_bps(width, height),
    };

    if (video->encoder && video->encoder_width == width && video->encoder_height == height)
        return true;
    sl_video_encoder_destroy(video->encoder);
    video->encoder = NULL;
    video->encoder_width = width;
    video->encoder_height = height;
    video->next_keyframe_us = 0;
    return sl_video_encoder_create(&config, &video->encoder) == 0;
}

static void on_encoded(void *arg, const struct sl_coded *coded)
{
    struct sl_variant_video *video = arg;
    struct sl_variant_frame frame = {
        .codec = SL_CODEC_H264,
        .keyframe = coded->keyframe,
        .width = (uint16_t)video->encoder_width, /* at most SL_PICTURE_SIDE_MAX */
        .height = (uint16_t)video->encoder_height,
        .pts_us = coded->pts_us,
        .dts_us = coded->dts_us,
        .data = coded->data,
        .len = coded->len,
    };

    video->ops->on_frame(video->owner, &frame);
}

static void on_picture(void *arg, struct sl_picture *picture)
{
    struct sl_variant_video *video = arg;

    /* Half a chroma sample is nothing an encoder takes: an odd last row or column goes. */
    picture->width &= ~1;
    picture->height &= ~1;
    if (picture->width < SIDE_MIN || picture->height < SIDE_MIN ||
        !prepare_encoder(video, picture->width, picture->height))
        return;
    bool keyframe = picture->pts_us >= video->next_keyframe_us;
    if (keyframe)
        video->next_keyframe_us = picture->pts_us + TRANSCODE_KEYFRAME_US;
    /* A picture that cannot be encoded is a missing one. */
    (void)sl_video_encoder_encode(video->encoder, picture, keyframe, on_encoded, video);
}

void sl_variant_video_input(struct sl_variant_video *video, const uint8_t *data, size_t len,
                            bool keyframe, int64_t pts_us)
{
    if (!video->decoding && !keyframe)
        return;
    video->decoding =
        sl_video_decoder_decode(video->decoder, data, len, pts_us, on_picture, video) == 0;
    if (!video->decoding)
        video->ops->on_loss(video->owner);
}
