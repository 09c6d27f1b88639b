/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sinks of frames that stay for one of each. */
#include "rtsp/probe.h"

#include "base/mem.h"
#include "net/net.h"
#include "stream/stream.h"

enum { PATIENCE_MS = 1500 }; /* a browser answers for a key frame within 300 ms and a round trip */

struct look {
    struct sl_rtsp_probe *probe;
    struct sl_sink *sink; /* NULL: there is no such track */
    bool done;            /* nothing more is waited for */
    enum sl_codec codec;
    struct sl_codec_config *config; /* one reference */
};

struct sl_rtsp_probe {
    /* [control] */
    struct sl_loop *control;
    struct sl_worker *worker;
    const struct sl_rtsp_probe_ops *ops;
    void *owner;
    struct sl_timer *timer; /* NULL: it was told, or is closing */
    struct sl_msg start, give_up, close, seen, closed;
    /* [worker], until `seen` or `closed` is posted */
    struct look looks[2];
    bool posted;
};

/* ---- On the worker ---- */

static void check_done(struct sl_rtsp_probe *probe)
{
    if (!probe->looks[SL_AUDIO].done || !probe->looks[SL_VIDEO].done || probe->posted)
        return;
    probe->posted = true;
    sl_loop_post(probe->control, &probe->seen);
}

static void on_codec(void *owner, enum sl_codec codec, struct sl_codec_config *config)
{
    struct look *look = owner;

    if (look->done)
        return; /* it may have been told */
    look->codec = codec;
    look->config = sl_codec_config_ref(config);
    look->done = true;
    check_done(look->probe);
}

static void on_frame(void *owner, struct sl_frame *frame)
{
    (void)owner; /* on_codec() comes before the first */
    (void)frame;
}

static void on_end(void *owner, int reason)
{
    struct look *look = owner;

    (void)reason;
    look->done = true;
    check_done(look->probe);
}

static const struct sl_sink_ops sink_ops = {
    .protocol = "rtsp", .on_frame = on_frame, .on_end = on_end, .on_codec = on_codec};

static void on_start(struct sl_msg *msg)
{
    struct sl_rtsp_probe *probe = sl_container_of(msg, struct sl_rtsp_probe, start);

    for (size_t kind = 0; kind < 2; kind++) {
        struct look *look = &probe->looks[kind];
        if (!look->sink)
            continue;
        sl_sink_start(look->sink);
        if (kind == SL_VIDEO)
            sl_sink_request_keyframe(look->sink);
    }
}

/* What has been seen by now is all. */
static void on_give_up(struct sl_msg *msg)
{
    struct sl_rtsp_probe *probe = sl_container_of(msg, struct sl_rtsp_probe, give_up);

    for (size_t kind = 0; kind < 2; kind++)
        probe->looks[kind].done = true;
    check_done(probe);
}

static void on_close(struct sl_msg *msg)
{
    struct sl_rtsp_probe *probe = sl_container_of(msg, struct sl_rtsp_probe, close);

    for (size_t kind = 0; kind < 2; kind++) {
        if (probe->looks[kind].sink)
            sl_sink_stop(probe->looks[kind].sink);
    }
    sl_loop_post(probe->control, &probe->closed);
}

/* ---- On the control loop ---- */

static void tell(struct sl_rtsp_probe *probe, const struct sl_rtsp_sight seen[2])
{
    sl_timer_destroy(probe->timer);
    probe->timer = NULL;
    probe->ops->on_seen(probe->owner, seen);
}

static void on_seen(struct sl_msg *msg)
{
    struct sl_rtsp_probe *probe = sl_container_of(msg, struct sl_rtsp_probe, seen);
    struct sl_rtsp_sight seen[2];

    if (!probe->timer)
        return;
    for (size_t kind = 0; kind < 2; kind++)
        seen[kind] = (struct sl_rtsp_sight){probe->looks[kind].codec, probe->looks[kind].config};
    tell(probe, seen);
}

static void on_patience_end(void *owner)
{
    struct sl_rtsp_probe *probe = owner;

    sl_loop_post(sl_worker_loop(probe->worker), &probe->give_up);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_rtsp_probe *probe = sl_container_of(msg, struct sl_rtsp_probe, closed);
    const struct sl_rtsp_probe_ops *ops = probe->ops;
    void *owner = probe->owner;

    for (size_t kind = 0; kind < 2; kind++) {
        sl_sink_destroy(probe->looks[kind].sink);
        sl_codec_config_unref(probe->looks[kind].config);
    }
    free(probe);
    ops->on_closed(owner);
}

struct sl_rtsp_probe *sl_rtsp_probe_create(struct sl_loop *control, struct sl_worker *worker,
                                           struct sl_track *const tracks[2],
                                           const struct sl_rtsp_probe_ops *ops, void *owner)
{
    struct sl_rtsp_probe *probe = sl_new(struct sl_rtsp_probe);

    probe->control = control;
    probe->worker = worker;
    probe->ops = ops;
    probe->owner = owner;
    for (size_t kind = 0; kind < 2; kind++) {
        struct look *look = &probe->looks[kind];
        look->probe = probe;
        look->done = !tracks[kind];
        if (tracks[kind])
            look->sink = sl_sink_create(tracks[kind], worker, &sink_ops, look);
    }
    probe->start.run = on_start;
    probe->give_up.run = on_give_up;
    probe->close.run = on_close;
    probe->seen.run = on_seen;
    probe->closed.run = on_closed;
    probe->timer = sl_timer_create(control, on_patience_end, probe);
    sl_timer_start(probe->timer, PATIENCE_MS, 0);
    sl_loop_post(sl_worker_loop(worker), &probe->start);
    return probe;
}

void sl_rtsp_probe_close(struct sl_rtsp_probe *probe)
{
    sl_timer_destroy(probe->timer);
    probe->timer = NULL;
    sl_loop_post(sl_worker_loop(probe->worker), &probe->close);
}
