/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures by a feed. */
#include "mse/offer.h"
#include "mse/source.h"

#include "base/blob.h"
#include "base/mem.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "stream/stream.h"

struct sl_mse_pictures {
    /* Constant. */
    struct sl_mse_source_config config;
    struct sl_job_loop *loop;
    struct sl_feed *feed;

    bool closing; /* control's */
    struct sl_msg keyframe_msg;
    _Atomic bool keyframe_posted;

    /* The loop's. */
    struct sl_mse_carrier carrier;
    struct sl_steady steady;
    struct sl_flv_avc_config avc; /* of the last key frame */
};

/* ---- Frames in [loop] ---- */

static int64_t time_of(const struct sl_mse_pictures *pictures, int64_t dts_us)
{
    int64_t time_us = dts_us - pictures->config.epoch_us;

    return time_us > 0 ? time_us : 0;
}

/* A key frame without parameter sets is of those before it. */
static struct sl_blob *build_h264(struct sl_mse_pictures *pictures, const struct sl_frame *frame,
                                  int64_t time_us)
{
    if (frame->keyframe)
        (void)sl_flv_avc_config_find(frame->data, frame->len, &pictures->avc);
    if (pictures->avc.len == 0)
        return NULL;
    return sl_mse_build_picture(time_us, frame->keyframe ? &pictures->avc : NULL, frame->data,
                                frame->len);
}

static struct sl_blob *build(struct sl_mse_pictures *pictures, const struct sl_frame *frame,
                             int64_t time_us)
{
    const struct sl_wsplayer_stamp stamp = {pictures->config.ssrc,
                                            sl_wsplayer_rtp_time(SL_VIDEO, time_us)};

    if (pictures->config.player == SL_MSE_MSE)
        return build_h264(pictures, frame, time_us);
    return sl_wsplayer_build_picture(&stamp, frame->keyframe, frame->data, frame->len);
}

static void on_frame(void *owner, struct sl_frame *frame, int64_t arrival_us)
{
    struct sl_mse_pictures *pictures = owner;

    if (frame->codec != sl_mse_codec(pictures->config.player, SL_VIDEO))
        return; /* a source that has changed its mind */
    int64_t dts_us = sl_steady_dts(&pictures->steady, SL_VIDEO, frame->dts_us, arrival_us);
    int64_t time_us = time_of(pictures, dts_us);
    const struct sl_mse_unit unit = {
        .message = build(pictures, frame, time_us),
        .kind = SL_VIDEO,
        .keyframe = frame->keyframe,
        .time_us = time_us,
    };
    sl_mse_carrier_give(&pictures->carrier, &unit);
}

static void on_batch(void *owner)
{
    sl_mse_carrier_hand_over(&((struct sl_mse_pictures *)owner)->carrier);
}

static const struct sl_feed_ops feed_ops = {on_frame, on_batch};

static void on_keyframe(struct sl_msg *msg)
{
    struct sl_mse_pictures *pictures = sl_container_of(msg, struct sl_mse_pictures, keyframe_msg);

    atomic_store(&pictures->keyframe_posted, false);
    sl_feed_request_keyframe(pictures->feed);
}

/* ---- Life [control] ---- */

static void on_units(void *owner, const struct sl_mse_unit *units, size_t count, bool lost)
{
    struct sl_mse_pictures *pictures = owner;

    if (!pictures->closing)
        pictures->config.ops->on_units(pictures->config.owner, units, count, lost);
}

struct sl_mse_pictures *sl_mse_pictures_create(const struct sl_mse_source_config *config,
                                               struct sl_job_pool *pool)
{
    struct sl_mse_pictures *pictures = sl_new(struct sl_mse_pictures);
    struct sl_feed_config feed = {
        .stream = config->stream,
        .tracks = {[SL_VIDEO] = true},
        .protocol = "mse",
        .control = config->control,
        .ops = &feed_ops,
        .owner = pictures,
    };

    pictures->config = *config;
    pictures->loop = sl_job_pool_pick(pool, SL_WEIGHT_SOCKET);
    feed.job_loop = sl_job_loop_loop(pictures->loop);
    sl_mse_carrier_init(&pictures->carrier, config->control, on_units, pictures);
    pictures->keyframe_msg.run = on_keyframe;
    pictures->feed = sl_feed_create(&feed);
    sl_feed_start(pictures->feed);
    return pictures;
}

void sl_mse_pictures_request_keyframe(struct sl_mse_pictures *pictures)
{
    if (!pictures->closing && !atomic_exchange(&pictures->keyframe_posted, true))
        sl_loop_post(sl_job_loop_loop(pictures->loop), &pictures->keyframe_msg);
}

/* The feed's way to its end goes over the loop, behind the last request for a key frame. */
static void on_feed_closed(void *owner)
{
    struct sl_mse_pictures *pictures = owner;

    pictures->config.ops->on_closed(pictures->config.owner);
}

void sl_mse_pictures_close(struct sl_mse_pictures *pictures)
{
    if (!pictures)
        return;
    pictures->closing = true;
    sl_feed_close(pictures->feed, on_feed_closed, pictures);
}

void sl_mse_pictures_destroy(struct sl_mse_pictures *pictures)
{
    if (!pictures)
        return;
    sl_feed_destroy(pictures->feed);
    sl_mse_carrier_deinit(&pictures->carrier);
    sl_job_loop_drop(pictures->loop, SL_WEIGHT_SOCKET);
    free(pictures);
}
