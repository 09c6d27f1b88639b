/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Coded pictures into FLV tags. */
#include "push/video.h"

#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "media/media.h"
#include "mux/mux.h"

#include <errno.h>
#include <string.h>

enum {
    SIDE_MIN = 16,
    TRANSCODE_FPS = 30, /* what rate control reckons with */
    TRANSCODE_KEYFRAME_US = 2 * SL_US_PER_S,
    TRANSCODE_BITRATE_MIN_BPS = 200000,
    TRANSCODE_BITRATE_MAX_BPS = 6000000,
};

struct video {
    enum sl_codec codec;
    const struct video_ops *ops;
    void *owner;
    struct sl_flv_avc_config config; /* the one sent last */
    uint16_t width, height;          /* told last */

    /* Of VP8. */
    struct sl_video_decoder *decoder;
    struct sl_video_encoder *encoder; /* for pictures of encoder_width x encoder_height */
    int encoder_width, encoder_height;
    bool decoding;            /* a key frame was decoded, and nothing lost since */
    int64_t next_keyframe_us; /* when the next key frame is due */
};

bool video_can_take(enum sl_codec codec)
{
    return codec == SL_CODEC_H264 || codec == SL_CODEC_VP8;
}

int video_create(enum sl_codec codec, const struct video_ops *ops, void *owner, struct video **out)
{
    struct video *video = sl_new(struct video);

    video->codec = codec;
    video->ops = ops;
    video->owner = owner;
    int err = video_can_take(codec) ? 0 : -ENOSYS;
    if (err == 0 && codec != SL_CODEC_H264)
        err = sl_video_decoder_create(codec, &video->decoder);
    if (err < 0) {
        video_destroy(video);
        return err;
    }
    *out = video;
    return 0;
}

void video_destroy(struct video *video)
{
    if (!video)
        return;
    sl_video_encoder_destroy(video->encoder);
    sl_video_decoder_destroy(video->decoder);
    free(video);
}

/* ---- H264 into tags ---- */

static void tell_size(struct video *video, uint16_t width, uint16_t height, int64_t dts_us)
{
    if (width == video->width && height == video->height && video->config.len > 0)
        return;
    video->width = width;
    video->height = height;
    video->ops->on_size(video->owner, width, height, dts_us);
}

static void read_size(const struct sl_flv_avc_config *config, uint16_t *width, uint16_t *height)
{
    struct sl_reader r = sl_reader_of(config->bytes, config->len);

    (void)sl_reader_take(&r, 6); /* up to the SPS (write_config() of flv.c) */
    uint16_t len = sl_read_u16(&r);
    const uint8_t *sps = sl_reader_take(&r, len);
    if (!sps || sl_h264_sps_size(sps, len, width, height) < 0) {
        *width = 0;
        *height = 0;
    }
}

static void give_config(struct video *video, int64_t dts_us)
{
    struct sl_flv_tag *tag =
        sl_flv_tag_create(SL_VIDEO, dts_us, SL_FLV_HEAD_MAX + video->config.len);

    if (!tag)
        return;
    size_t head = sl_flv_video_head(tag->bytes, true, true);
    memcpy(tag->bytes + head, video->config.bytes, video->config.len);
    tag->len = head + video->config.len;
    video->ops->on_tag(video->owner, tag);
}

/* Parameter sets that differ: a new configuration, which players take as a new beginning. */
static void check_config(struct video *video, const uint8_t *data, size_t len, int64_t dts_us)
{
    struct sl_flv_avc_config config;
    uint16_t width, height;

    if (sl_flv_avc_config_find(data, len, &config) < 0)
        return;
    if (config.len == video->config.len &&
        memcmp(config.bytes, video->config.bytes, config.len) == 0)
        return;
    read_size(&config, &width, &height);
    tell_size(video, width, height, dts_us);
    video->config = config;
    give_config(video, dts_us);
}

static void give_h264(struct video *video, const uint8_t *data, size_t len, bool keyframe,
                      int64_t dts_us, int64_t pts_us)
{
    if (keyframe)
        check_config(video, data, len, dts_us);
    if (video->config.len == 0)
        return;
    struct sl_flv_tag *tag =
        sl_flv_tag_create(SL_VIDEO, dts_us, SL_FLV_HEAD_MAX + sl_flv_avc_len_max(len));
    if (!tag)
        return; /* a lost picture */
    size_t head = sl_flv_video_head(tag->bytes, keyframe, false);
    size_t body = sl_flv_avc_convert(data, len, tag->bytes + head);
    if (body == 0) {
        sl_flv_tag_unref(tag);
        return;
    }
    tag->len = head + body;
    tag->pts_us = pts_us;
    video->ops->on_tag(video->owner, tag);
}

/* ---- VP8 into H264 ---- */

/* A tenth of a bit per pixel: what libx264 at "veryfast" needs to look like WebRTC's VP8. */
static int bitrate_bps(int width, int height)
{
    int64_t bps = (int64_t)width * height * TRANSCODE_FPS / 10;

    if (bps < TRANSCODE_BITRATE_MIN_BPS)
        return TRANSCODE_BITRATE_MIN_BPS;
    return bps > TRANSCODE_BITRATE_MAX_BPS ? TRANSCODE_BITRATE_MAX_BPS : (int)bps;
}

static bool prepare_encoder(struct video *video, int width, int height)
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
    give_h264(arg, coded->data, coded->len, coded->keyframe, coded->dts_us, coded->pts_us);
}

static void on_picture(void *arg, struct sl_picture *picture)
{
    struct video *video = arg;

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

static void transcode(struct video *video, const uint8_t *data, size_t len, bool keyframe,
                      int64_t pts_us)
{
    if (!video->decoding && !keyframe)
        return;
    video->decoding =
        sl_video_decoder_decode(video->decoder, data, len, pts_us, on_picture, video) == 0;
    if (!video->decoding)
        video->ops->on_loss(video->owner);
}

void video_input(struct video *video, const uint8_t *data, size_t len, bool keyframe,
                 int64_t dts_us, int64_t pts_us)
{
    if (video->codec == SL_CODEC_H264)
        give_h264(video, data, len, keyframe, dts_us, pts_us);
    else
        transcode(video, data, len, keyframe, pts_us);
}
