/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of the demo on the control loop. */
#include "demo/demo.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "demo/internal.h"
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    ID_LEN = 26,
    TELL_US = 60 * SL_US_PER_S, /* not more often than that */
};

static void on_start(struct sl_msg *msg) /* on the worker */
{
    struct sl_demo *demo = sl_container_of(msg, struct sl_demo, start_msg);

    sl_track_set_size(sl_stream_track(demo->stream, SL_VIDEO), (uint16_t)demo->width,
                      (uint16_t)demo->height);
}

/* ---- The job ---- */

static void leave(struct sl_demo *demo);

static void on_failed(void *owner, int err)
{
    struct sl_demo *demo = owner;
    int64_t now_us = sl_now_us();

    if (demo->told_us == 0 || now_us - demo->told_us > TELL_US) {
        sl_log(SL_LOG_WARN, &demo->scope, "demo: cannot be encoded: %s; it is tried again",
               err == -EPERM ? "codec processes have died of it" : "no codec process can be had");
        demo->told_us = now_us;
    }
    sl_codec_job_close(demo->job);
    demo->job_closing = true;
}

static void on_closed(void *owner)
{
    struct sl_demo *demo = owner;

    demo->job = NULL;
    demo->job_closing = false;
    if (demo->left)
        leave(demo);
    else
        sl_timer_start(demo->retry_timer, SL_DEMO_RETRY_MS, 0);
}

static const struct sl_codec_job_ops job_ops = {
    .on_up = sl_demo_on_up,
    .on_down = sl_demo_on_down,
    .on_report = sl_demo_on_report,
    .on_failed = on_failed,
    .on_closed = on_closed,
};

/* There is one all the time, also while nobody watches: what it needs is then there, whatever runs
 * out later. */
static void create_job(void *owner)
{
    struct sl_demo *demo = owner;
    const struct sl_codec_job_config job = {
        .transcoder = demo->transcoder,
        .kind = SL_ENGINE_DEMO,
        .loop = sl_worker_loop(demo->worker),
        .source = SL_DEMO_NAME,
        .ops = &job_ops,
        .owner = demo,
    };

    if (!demo->ending)
        demo->job = sl_codec_job_create(&job);
}

/* ---- The end ---- */

/* The last of all, and again for whoever stops a demo that has ended before. */
static void on_off(struct sl_msg *msg)
{
    struct sl_demo *demo = sl_container_of(msg, struct sl_demo, off_msg);
    void (*on_stopped)(void *owner) = demo->on_stopped;

    if (!demo->gone) {
        demo->gone = true;
        sl_timer_destroy(demo->retry_timer);
        sl_worker_add_load(demo->worker, -1);
        sl_stream_release(demo->stream);
        demo->stream = NULL;
    }
    demo->on_stopped = NULL;
    if (on_stopped)
        on_stopped(demo->owner);
}

/* The worker has; now the job. */
static void leave(struct sl_demo *demo)
{
    demo->left = true;
    if (!demo->job) {
        sl_loop_post(demo->loop, &demo->off_msg);
    } else if (!demo->job_closing) {
        demo->job_closing = true;
        sl_codec_job_close(demo->job);
    }
}

static void on_left(struct sl_msg *msg)
{
    leave(sl_container_of(msg, struct sl_demo, left_msg));
}

static void on_stop(struct sl_msg *msg) /* on the worker: nobody asks for anything behind this */
{
    struct sl_demo *demo = sl_container_of(msg, struct sl_demo, stop_msg);

    sl_demo_leave(demo);
    sl_loop_post(demo->loop, &demo->left_msg);
}

/* In this order: the worker hears of the end of the stream before anything else. */
static void end(struct sl_demo *demo)
{
    if (demo->ending)
        return;
    demo->ending = true;
    sl_timer_stop(demo->retry_timer);
    sl_stream_unlisten(&demo->listener);
    sl_stream_end(demo->stream);
    sl_loop_post(sl_worker_loop(demo->worker), &demo->stop_msg);
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    end(sl_container_of(listener, struct sl_demo, listener));
}

/* ---- The beginning ---- */

/* The level that holds pictures of this size (H.264 table A-1): 3.1 as browsers say, or 4.2. */
static const char *fmtp_of(const struct sl_demo *demo)
{
    int macroblocks = ((demo->width + 15) / 16) * ((demo->height + 15) / 16);

    if (macroblocks <= 3600 && macroblocks * demo->fps <= 108000)
        return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e02a";
}

static int create_stream(struct sl_demo *demo, const struct sl_demo_config *config,
                         struct sl_error *error)
{
    char id[ID_LEN + 1]; /* drawn, as clients choose theirs */
    struct sl_stream_config stream = {
        .name = config->name,
        .publisher = {.origin = SL_ORIGIN_BUILT_IN, .id = id},
        .worker = demo->worker,
        .ops = &sl_demo_source_ops,
        .owner = demo,
        .tracks = {[SL_AUDIO] = {.present = true,
                                 .codec_count = 1,
                                 .codecs = {{SL_CODEC_OPUS, "minptime=10;sprop-stereo=1"}},
                                 .frames = true},
                   [SL_VIDEO] = {.present = true,
                                 .codec_count = 1,
                                 .codecs = {{SL_CODEC_H264, ""}},
                                 .frames = true}},
    };

    sl_random_token(id, ID_LEN);
    (void)snprintf(stream.tracks[SL_VIDEO].codecs[0].fmtp, SL_FMTP_MAX, "%s", fmtp_of(demo));
    int err = sl_stream_create(config->streams, &stream, &demo->stream);
    if (err == -EEXIST)
        return sl_error_set(error, err, "demo: the stream name \"%s\" is taken", config->name);
    if (err < 0)
        return sl_error_set(error, err, "demo: no stream \"%s\": %s", config->name, strerror(-err));
    sl_worker_add_load(demo->worker, 1);
    sl_stream_listen(demo->stream, &demo->listener);
    sl_stream_set_live(demo->stream);
    sl_loop_post(sl_worker_loop(demo->worker), &demo->start_msg);
    return 0;
}

static bool is_side(int side)
{
    return side >= SL_ENGINE_DEMO_SIDE_MIN && side <= SL_ENGINE_SIDE_MAX && side % 2 == 0;
}

int sl_demo_create(const struct sl_demo_config *config, struct sl_demo **out,
                   struct sl_error *error)
{
    if (!is_side(config->width) || !is_side(config->height) || config->fps < 1 ||
        config->fps > SL_ENGINE_DEMO_FPS_MAX)
        return sl_error_set(error, -EINVAL,
                            "demo: %d x %d at %d fps: even sides of %d to %d, 1 to %d fps",
                            config->width, config->height, config->fps, SL_ENGINE_DEMO_SIDE_MIN,
                            SL_ENGINE_SIDE_MAX, SL_ENGINE_DEMO_FPS_MAX);
    struct sl_demo *demo = sl_new(struct sl_demo);
    demo->loop = config->loop;
    demo->transcoder = config->transcoder;
    demo->performance.demo = demo;
    demo->width = config->width;
    demo->height = config->height;
    demo->fps = config->fps;
    demo->worker = sl_workers_pick_source(config->workers);
    demo->listener.on_end = on_stream_end;
    demo->start_msg.run = on_start;
    demo->stop_msg.run = on_stop;
    demo->left_msg.run = on_left;
    demo->off_msg.run = on_off;
    demo->gone = true; /* nothing there yet */
    sl_log_scope_init(&demo->scope, NULL, "stream", config->name);
    int err = create_stream(demo, config, error);
    if (err < 0) {
        sl_demo_destroy(demo);
        return err;
    }
    demo->gone = false;
    demo->retry_timer = sl_timer_create(demo->loop, create_job, demo);
    create_job(demo);
    *out = demo;
    return 0;
}

void sl_demo_stop(struct sl_demo *demo, void (*on_stopped)(void *owner), void *owner)
{
    demo->on_stopped = on_stopped;
    demo->owner = owner;
    if (demo->gone)
        sl_loop_post(demo->loop, &demo->off_msg);
    else
        end(demo);
}

void sl_demo_destroy(struct sl_demo *demo)
{
    if (!demo)
        return;
    assert(demo->gone);
    free(demo);
}
