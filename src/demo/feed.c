/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo on its worker: coded pictures and sound into the tracks, and wishes back to the job. */
#include "demo/internal.h"

#include "base/mem.h"
#include "media/media.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

static const enum sl_codec codecs[] = {[SL_AUDIO] = SL_CODEC_OPUS, [SL_VIDEO] = SL_CODEC_H264};
/* A third of a second: more, and the worker is in trouble already. */
static const int in_flight_max[] = {[SL_AUDIO] = 16, [SL_VIDEO] = 8};

struct media {
    struct sl_msg msg;
    struct sl_demo *demo;
    enum sl_media_kind kind;
    struct sl_track_clock clock;
    struct sl_frame *frame;
};

/* ---- Worker ---- */

static void on_media(struct sl_msg *msg)
{
    struct media *media = sl_container_of(msg, struct media, msg);
    struct sl_track *track = sl_stream_track(media->demo->stream, media->kind);

    atomic_fetch_sub(&media->demo->in_flight[media->kind], 1);
    sl_track_set_clock(track, &media->clock);
    sl_track_input_frame(track, media->frame);
    media->demo->given[media->kind]++;
    free(media);
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_demo *demo = owner;

    if (sl_track_kind(track) == SL_VIDEO)
        atomic_store(&demo->keyframe_wanted, true);
}

static void on_sinks(void *owner, struct sl_track *track, size_t count)
{
    struct sl_demo *demo = owner;

    if (count > 0)
        request_keyframe(demo, track); /* the first watcher must not wait for the next one */
    atomic_store(&demo->watched[sl_track_kind(track)], count > 0);
    if (count > 0)
        (void)sem_post(&demo->wake); /* fails at INT_MAX only: awake is awake */
}

const struct sl_source_ops sl_demo_source_ops = {
    .protocol = "demo",
    .request_keyframe = request_keyframe,
    .on_sinks = on_sinks,
};

/* ---- Job ---- */

bool sl_feed_has_room(const struct sl_demo *demo, enum sl_media_kind kind)
{
    return atomic_load(&demo->in_flight[kind]) < in_flight_max[kind];
}

int sl_feed_post(struct sl_demo *demo, enum sl_media_kind kind, int64_t pts_us,
                 const struct sl_track_clock *clock, const struct sl_coded *coded)
{
    struct sl_frame *frame = sl_frame_create(codecs[kind], coded->len);

    if (!frame)
        return -ENOMEM;
    frame->keyframe = coded->keyframe;
    frame->pts_us = pts_us;
    frame->dts_us = pts_us;
    memcpy(frame->data, coded->data, coded->len);
    struct media *media = sl_new(struct media); /* in_flight bounds them */
    media->msg.run = on_media;
    media->demo = demo;
    media->kind = kind;
    media->clock = *clock;
    media->frame = frame;
    atomic_fetch_add(&demo->in_flight[kind], 1);
    sl_loop_post(sl_worker_loop(demo->worker), &media->msg);
    return 0;
}
