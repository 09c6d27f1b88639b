/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream with a name that is made of another one: its pictures are a variant's, its sound is the
 * other's as it comes. Frames go from a sink of each into a track of the new stream, on one worker.
 *
 *   GOING  --stop, an operator, the end of source or variant--> ENDING; its name is free
 *   ENDING --its sinks are stopped [worker]--> freed
 */
#include "variant/internal.h"

#include "base/random.h"

#include <errno.h>
#include <string.h>

enum { ID_LEN = 26, RATES_MS = 1000 };

static const char SOURCE_ENDED[] = "its source has ended";

/* One kind of media on its way. */
struct lane {
    struct sl_republish *republish;
    enum sl_media_kind kind;
    struct sl_sink *sink;
    /* Written by the worker. */
    _Atomic uint64_t frames, bytes;
    /* Control's: as of the last look, and of the second before it. */
    uint64_t seen_frames, seen_bytes, fps, bps;
};

struct sl_republish {
    /* Constant. */
    struct sl_variants *variants;
    struct sl_worker *worker;
    struct sl_log_scope scope;
    void (*on_end)(void *owner, const char *why);
    void *owner;

    /* Control's. */
    struct holder holder;
    struct sl_variant *variant; /* NULL: sound only */
    struct sl_stream *stream;
    struct sl_stream *source; /* not asked about once it is ending */
    struct sl_stream_listener source_listener, variant_listener;
    struct sl_timer *rates;
    bool ending;
    struct sl_msg start_msg, flows_msg, stop_msg, stopped_msg;

    /* The worker's. */
    struct lane lanes[2]; /* by kind; no sink: there is none of it */
    bool flows;
};

/* ---- Frames [worker] ---- */

/* Of its own, for a track has frames alone until it has seen to their times. */
static struct sl_frame *copy_frame(const struct sl_frame *frame)
{
    struct sl_frame *copy = sl_frame_create(frame->codec, frame->len);

    if (!copy)
        return NULL;
    copy->keyframe = frame->keyframe;
    copy->pts_us = frame->pts_us;
    copy->dts_us = frame->dts_us;
    copy->width = frame->width;
    copy->height = frame->height;
    copy->config = sl_codec_config_ref(frame->config);
    memcpy(copy->data, frame->data, frame->len);
    return copy;
}

static void note_flow(struct sl_republish *republish)
{
    if (republish->flows)
        return;
    republish->flows = true;
    sl_loop_post(republish->variants->config.control, &republish->flows_msg);
}

static void on_frame(void *owner, struct sl_frame *frame)
{
    struct lane *lane = owner;
    struct sl_track *track = sl_stream_track(lane->republish->stream, lane->kind);
    struct sl_frame *copy = copy_frame(frame);

    if (!copy)
        return;
    atomic_fetch_add_explicit(&lane->frames, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&lane->bytes, frame->len, memory_order_relaxed);
    if (frame->width > 0)
        sl_track_set_size(track, frame->width, frame->height);
    sl_track_input_frame(track, copy);
    note_flow(lane->republish);
}

/* Of the end of what it comes from the control loop knows. */
static const struct sl_sink_ops sink_ops = {.protocol = "transcoder", .on_frame = on_frame};

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_republish *republish = owner;

    if (sl_track_kind(track) == SL_VIDEO)
        sl_sink_request_keyframe(republish->lanes[SL_VIDEO].sink);
}

static const struct sl_source_ops source_ops = {
    .protocol = "transcoder",
    .request_keyframe = request_keyframe,
};

static void on_start(struct sl_msg *msg)
{
    struct sl_republish *republish = sl_container_of(msg, struct sl_republish, start_msg);

    for (size_t kind = 0; kind < SL_ARRAY_LEN(republish->lanes); kind++) {
        if (republish->lanes[kind].sink)
            sl_sink_start(republish->lanes[kind].sink);
    }
}

static void on_stop(struct sl_msg *msg)
{
    struct sl_republish *republish = sl_container_of(msg, struct sl_republish, stop_msg);

    for (size_t kind = 0; kind < SL_ARRAY_LEN(republish->lanes); kind++) {
        if (republish->lanes[kind].sink)
            sl_sink_stop(republish->lanes[kind].sink);
    }
    sl_loop_post(republish->variants->config.control, &republish->stopped_msg);
}

/* ---- The end [control] ---- */

static void republish_free(struct sl_republish *republish)
{
    sl_timer_destroy(republish->rates);
    for (size_t kind = 0; kind < SL_ARRAY_LEN(republish->lanes); kind++)
        sl_sink_destroy(republish->lanes[kind].sink);
    sl_variant_release(republish->variant);
    sl_list_remove(&republish->holder.link);
    free(republish);
}

static void on_stopped(struct sl_msg *msg)
{
    struct sl_republish *republish = sl_container_of(msg, struct sl_republish, stopped_msg);
    struct sl_variants *variants = republish->variants;

    sl_worker_add_load(republish->worker, -1);
    sl_stream_release(republish->stream);
    republish_free(republish);
    sl_studios_check_stopped(variants);
}

static void end(struct sl_republish *republish, const char *why)
{
    void (*on_end)(void *owner, const char *why) = republish->on_end;

    if (republish->ending)
        return;
    republish->ending = true;
    sl_log(SL_LOG_INFO, &republish->scope, "variant: the stream made of another one ends: %s", why);
    sl_timer_stop(republish->rates);
    sl_stream_unlisten(&republish->source_listener);
    sl_stream_unlisten(&republish->variant_listener);
    sl_stream_end(republish->stream);
    sl_loop_post(sl_worker_loop(republish->worker), &republish->stop_msg);
    if (on_end)
        on_end(republish->owner, why);
}

void sl_republish_stop(struct sl_republish *republish)
{
    republish->on_end = NULL;
    end(republish, "stopped");
}

static void on_variants_stop(struct holder *holder)
{
    end(sl_container_of(holder, struct sl_republish, holder), "the server stops");
}

static void on_source_end(struct sl_stream_listener *listener)
{
    end(sl_container_of(listener, struct sl_republish, source_listener), SOURCE_ENDED);
}

static void on_variant_end(struct sl_stream_listener *listener)
{
    struct sl_republish *republish =
        sl_container_of(listener, struct sl_republish, variant_listener);
    int why = sl_variant_why(republish->variant);

    end(republish, why == 0        ? SOURCE_ENDED
                   : why == -EBUSY ? "the machine cannot keep up"
                                   : "its pictures cannot be made any more");
}

static void terminate(void *owner, const char *why)
{
    end(owner, why);
}

/* Who may not play the other one may not play this. */
static bool is_guarded(void *owner)
{
    return sl_stream_is_guarded(((struct sl_republish *)owner)->source);
}

/* ---- What it tells [control] ---- */

static void on_flows(struct sl_msg *msg)
{
    struct sl_republish *republish = sl_container_of(msg, struct sl_republish, flows_msg);

    if (!republish->ending)
        sl_stream_set_live(republish->stream);
}

static void on_rates(void *owner)
{
    struct sl_republish *republish = owner;

    for (size_t kind = 0; kind < SL_ARRAY_LEN(republish->lanes); kind++) {
        struct lane *lane = &republish->lanes[kind];
        uint64_t frames = atomic_load_explicit(&lane->frames, memory_order_relaxed);
        uint64_t bytes = atomic_load_explicit(&lane->bytes, memory_order_relaxed);
        lane->fps = frames - lane->seen_frames;
        lane->bps = (bytes - lane->seen_bytes) * 8;
        lane->seen_frames = frames;
        lane->seen_bytes = bytes;
    }
}

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    const struct sl_republish *republish = owner;

    out->audio_bps = republish->lanes[SL_AUDIO].bps;
    out->video_bps = republish->lanes[SL_VIDEO].bps;
    out->video_fps = republish->lanes[SL_VIDEO].fps;
}

struct sl_stream *sl_republish_stream(struct sl_republish *republish)
{
    return republish->stream;
}

/* ---- The beginning [control] ---- */

/* The same codecs as the track that it comes from; NULL, none. */
static void follow(const struct sl_track *track, struct sl_track_config *out)
{
    if (!track)
        return;
    *out = *sl_track_codecs(track);
    out->frames = true;
}

static int create_stream(struct sl_republish *republish, const char *name,
                         struct sl_track *const tracks[static 2])
{
    static const struct sl_publisher_ops publisher_ops = {
        .stats = tell_stats, .terminate = terminate, .is_guarded = is_guarded};
    char id[ID_LEN + 1]; /* drawn, as clients choose theirs */
    struct sl_stream_config config = {
        .name = name,
        .publisher = {.origin = SL_ORIGIN_OWN, .id = id, .ops = &publisher_ops, .owner = republish},
        .worker = republish->worker,
        .ops = &source_ops,
        .owner = republish,
    };

    sl_random_token(id, ID_LEN);
    follow(tracks[SL_AUDIO], &config.tracks[SL_AUDIO]);
    follow(tracks[SL_VIDEO], &config.tracks[SL_VIDEO]);
    return sl_stream_create(republish->variants->config.streams, &config, &republish->stream);
}

static void open_lane(struct sl_republish *republish, enum sl_media_kind kind,
                      struct sl_track *track)
{
    struct lane *lane = &republish->lanes[kind];

    lane->republish = republish;
    lane->kind = kind;
    if (track)
        lane->sink = sl_sink_create(track, republish->worker, &sink_ops, lane);
}

static void start(struct sl_republish *republish, struct sl_stream *source)
{
    char quoted[128];

    republish->start_msg.run = on_start;
    republish->flows_msg.run = on_flows;
    republish->stop_msg.run = on_stop;
    republish->stopped_msg.run = on_stopped;
    republish->source_listener.on_end = on_source_end;
    sl_stream_listen(source, &republish->source_listener);
    republish->variant_listener.on_end = on_variant_end;
    if (republish->variant)
        sl_stream_listen(sl_variant_stream(republish->variant), &republish->variant_listener);
    republish->rates = sl_timer_create(republish->variants->config.control, on_rates, republish);
    sl_timer_start(republish->rates, RATES_MS, RATES_MS);
    sl_log(SL_LOG_INFO, &republish->scope, "variant: made of the stream %s",
           sl_log_quote(quoted, sizeof(quoted), sl_stream_name(source)));
    sl_worker_add_load(republish->worker, 1);
    sl_loop_post(sl_worker_loop(republish->worker), &republish->start_msg);
}

int sl_republish_create(const struct sl_republish_config *config, struct sl_republish **out)
{
    struct sl_republish *republish = sl_new(struct sl_republish);
    struct sl_track *tracks[2] = {[SL_AUDIO] = sl_stream_track(config->source, SL_AUDIO)};
    int err = config->variants->stopping ? -EBUSY : 0;

    republish->variants = config->variants;
    republish->source = config->source;
    republish->worker = sl_stream_worker(config->source);
    republish->on_end = config->on_end;
    republish->owner = config->owner;
    republish->holder.stop = on_variants_stop;
    sl_list_append(&config->variants->holders, &republish->holder.link);
    sl_log_scope_init(&republish->scope, NULL, "stream", config->name);
    if (err == 0 && sl_stream_track(config->source, SL_VIDEO))
        err = sl_variant_take(config->variants, config->source, &config->want, &republish->variant);
    if (err < 0)
        goto fail;
    if (republish->variant)
        tracks[SL_VIDEO] = sl_variant_track(republish->variant);
    err = create_stream(republish, config->name, tracks);
    if (err < 0)
        goto fail;
    open_lane(republish, SL_AUDIO, tracks[SL_AUDIO]);
    open_lane(republish, SL_VIDEO, tracks[SL_VIDEO]);
    start(republish, config->source);
    *out = republish;
    return 0;

fail:
    republish_free(republish);
    return err;
}
