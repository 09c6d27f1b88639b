/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of the demo on the control loop. */
#include "demo/demo.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "demo/internal.h"
#include "net/net.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { ID_LEN = 26 };

static void on_start(struct sl_msg *msg) /* on the worker */
{
    struct sl_demo *demo = sl_container_of(msg, struct sl_demo, start_msg);

    sl_track_set_size(sl_stream_track(demo->stream, SL_VIDEO), (uint16_t)demo->width,
                      (uint16_t)demo->height);
}

static void on_done(struct sl_msg *msg) /* on the worker: no media comes behind this */
{
    struct sl_demo *demo = sl_container_of(msg, struct sl_demo, done_msg);

    sl_loop_post(demo->loop, &demo->off_msg);
}

/* The last of all, and again for whoever stops a demo that has ended before. */
static void on_off(struct sl_msg *msg)
{
    struct sl_demo *demo = sl_container_of(msg, struct sl_demo, off_msg);
    void (*on_stopped)(void *owner) = demo->on_stopped;

    if (!demo->gone) {
        demo->gone = true;
        (void)pthread_join(demo->thread, NULL); /* it was about to return: no wait */
        sl_worker_add_load(demo->worker, -1);
        sl_stream_release(demo->stream);
        demo->stream = NULL;
    }
    demo->on_stopped = NULL;
    if (on_stopped)
        on_stopped(demo->owner);
}

/* In this order: the worker hears of the end of the stream before anything the job says last. */
static void end(struct sl_demo *demo)
{
    if (demo->ending)
        return;
    demo->ending = true;
    sl_stream_unlisten(&demo->listener);
    sl_stream_end(demo->stream);
    atomic_store(&demo->stopping, true);
    (void)sem_post(&demo->wake); /* fails at INT_MAX only: awake is awake */
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    end(sl_container_of(listener, struct sl_demo, listener));
}

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

/* The thread, of a demo whose stream does not exist: it touches nothing but the demo. */
static void discard_thread(struct sl_demo *demo)
{
    atomic_store(&demo->discarded, true);
    atomic_store(&demo->stopping, true);
    (void)sem_post(&demo->wake);
    (void)pthread_join(demo->thread, NULL);
}

int sl_demo_create(const struct sl_demo_config *config, struct sl_demo **out,
                   struct sl_error *error)
{
    struct sl_demo *demo = sl_new(struct sl_demo);

    demo->loop = config->loop;
    demo->width = config->width;
    demo->height = config->height;
    demo->fps = config->fps;
    demo->worker = sl_workers_pick_source(config->workers);
    demo->listener.on_end = on_stream_end;
    demo->start_msg.run = on_start;
    demo->done_msg.run = on_done;
    demo->off_msg.run = on_off;
    demo->gone = true; /* nothing there yet */
    sl_log_scope_init(&demo->scope, NULL, "stream", config->name);
    (void)sem_init(&demo->wake, 0, 0); /* fails for values above INT_MAX only */

    int err = sl_demo_job_probe(demo, error);
    if (err < 0)
        goto fail;
    err = sl_demo_job_start(demo);
    if (err < 0) {
        (void)sl_error_set(error, err, "demo: no thread: %s", strerror(-err));
        goto fail;
    }
    err = create_stream(demo, config, error);
    if (err < 0) {
        discard_thread(demo);
        goto fail;
    }
    demo->gone = false;
    *out = demo;
    return 0;

fail:
    sl_demo_destroy(demo);
    return err;
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
    (void)sem_destroy(&demo->wake);
    free(demo);
}
