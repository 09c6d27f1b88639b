/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The core, codec processes of the program itself, and a stream of pictures that somebody may want
 * otherwise. */
#ifndef SL_TESTS_VARIANT_CAMERA_H
#define SL_TESTS_VARIANT_CAMERA_H

#include "../core.h"

#include "base/config.h"
#include "codec/codec.h"
#include "transcoder/transcoder.h"
#include "variant/variant.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PICTURES = 20, WIDTH = 320, HEIGHT = 240, PICTURE_MS = 20 };

struct camera {
    struct core core;
    struct sl_config *config;
    struct sl_transcoder *transcoder;
    struct sl_variants *variants;
    int program_fd;

    struct sl_stream *stream;
    struct sl_frame *pictures[PICTURES]; /* the first is a key frame */
    struct sl_timer *timer;
    _Atomic int keyframe_requests;
    size_t next;
    int64_t pts_us;
    bool stopped; /* told by the last stop */
};

static const char *program_path; /* set by main() */

/* ---- Pictures that are coded once and sent again and again ---- */

static inline void camera_keep(void *arg, const struct sl_coded *coded)
{
    struct camera *camera = arg;
    struct sl_frame *frame = sl_frame_create(SL_CODEC_H264, coded->len);

    frame->keyframe = coded->keyframe;
    frame->width = WIDTH;
    frame->height = HEIGHT;
    memcpy(frame->data, coded->data, coded->len);
    camera->pictures[camera->next++] = frame;
}

static inline void camera_make_pictures(struct camera *camera)
{
    struct sl_video_encoder_config config = {
        .codec = SL_CODEC_H264, .width = WIDTH, .height = HEIGHT, .fps = 50, .bitrate_bps = 500000};
    struct sl_video_encoder *encoder;
    struct sl_picture picture;

    assert_int_equal(sl_video_encoder_create(&config, &encoder), 0);
    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &picture), 0);
    for (int i = 0; i < PICTURES; i++) {
        for (int plane = 0; plane < 3; plane++) {
            int rows = plane == 0 ? HEIGHT : HEIGHT / 2;
            memset(picture.planes[plane], plane == 0 ? 60 + i * 5 : 128,
                   (size_t)(picture.strides[plane] * rows));
        }
        picture.pts_us = i * PICTURE_MS * SL_US_PER_MS;
        assert_int_equal(sl_video_encoder_encode(encoder, &picture, i == 0, camera_keep, camera),
                         0);
    }
    assert_int_equal(camera->next, PICTURES);
    camera->next = 0;
    sl_picture_deinit(&picture);
    sl_video_encoder_destroy(encoder);
}

static inline void camera_send(void *arg) /* on the worker */
{
    struct camera *camera = arg;
    const struct sl_frame *picture = camera->pictures[camera->next];
    struct sl_frame *frame = sl_frame_create(SL_CODEC_H264, picture->len);

    frame->keyframe = picture->keyframe;
    frame->width = picture->width;
    frame->height = picture->height;
    frame->pts_us = camera->pts_us;
    frame->dts_us = camera->pts_us;
    memcpy(frame->data, picture->data, picture->len);
    camera->next = (camera->next + 1) % PICTURES;
    camera->pts_us += PICTURE_MS * SL_US_PER_MS;
    sl_track_input_frame(sl_stream_track(camera->stream, SL_VIDEO), frame);
}

struct camera_shot {
    struct sl_msg msg;
    struct camera *camera;
};

static inline void camera_on_shot(struct sl_msg *msg)
{
    struct camera_shot *shot = sl_container_of(msg, struct camera_shot, msg);

    camera_send(shot->camera);
    free(shot);
}

static inline void camera_on_timer(void *owner)
{
    struct camera *camera = owner;
    struct camera_shot *shot = sl_new(struct camera_shot);

    shot->msg.run = camera_on_shot;
    shot->camera = camera;
    sl_loop_post(sl_worker_loop(sl_stream_worker(camera->stream)), &shot->msg);
}

/* ---- Life ---- */

static inline void camera_on_request(void *owner, struct sl_track *track)
{
    (void)track;
    atomic_fetch_add(&((struct camera *)owner)->keyframe_requests, 1);
}

static const struct sl_source_ops camera_ops = {.protocol = "test",
                                                .request_keyframe = camera_on_request};

static inline void camera_open(struct camera *camera)
{
    struct sl_stream_config config = {
        .name = "camera",
        .worker = sl_workers_at(camera->core.workers, 0),
        .ops = &camera_ops,
        .owner = camera,
        .tracks = {[SL_VIDEO] = {.present = true,
                                 .codec_count = 1,
                                 .codecs = {{SL_CODEC_H264, ""}},
                                 .frames = true}},
    };

    assert_int_equal(sl_stream_create(camera->core.streams, &config, &camera->stream), 0);
    sl_stream_set_live(camera->stream);
    camera->pts_us = sl_now_us();
    sl_timer_start(camera->timer, PICTURE_MS, PICTURE_MS);
}

static inline int camera_set_up(void **state)
{
    struct camera *camera = sl_new(struct camera);

    core_start(&camera->core, (struct sl_workers_config){
                                  .count = 1,
                                  .packets_max = 4096,
                                  .ring_packets = 64,
                                  .keyframe_interval_us = 300 * SL_US_PER_MS,
                              });
    camera->config = sl_config_create();
    camera->config->transcoder_idle_ms = 0;
    camera->program_fd = open(program_path, O_RDONLY | O_CLOEXEC);
    assert_true(camera->program_fd >= 0);
    camera->transcoder = sl_transcoder_create(&(struct sl_transcoder_config){
        .control = camera->core.control,
        .program_fd = camera->program_fd,
        .picture_processes = 1,
        .counters = sl_worker_counters(sl_workers_at(camera->core.workers, 0)),
    });
    camera->variants = sl_variants_create(&(struct sl_variants_config){
        .config = camera->config,
        .control = camera->core.control,
        .streams = camera->core.streams,
        .transcoder = camera->transcoder,
        .counters = sl_worker_counters(sl_workers_at(camera->core.workers, 0)),
    });
    camera->timer = sl_timer_create(camera->core.control, camera_on_timer, camera);
    camera_make_pictures(camera);
    camera_open(camera);
    *state = camera;
    return 0;
}

static inline void camera_on_stopped(void *owner)
{
    ((struct camera *)owner)->stopped = true;
}

static inline bool camera_is_stopped(void *arg)
{
    return ((struct camera *)arg)->stopped;
}

static inline void camera_nothing(void *arg)
{
    (void)arg;
}

/* The source is gone, with what is under way to its worker. */
static inline void camera_close(struct camera *camera)
{
    if (!camera->stream)
        return;
    sl_timer_stop(camera->timer);
    sl_stream_end(camera->stream);
    core_on_worker(&camera->core, sl_workers_at(camera->core.workers, 0), camera_nothing, NULL);
    sl_stream_release(camera->stream);
    camera->stream = NULL;
}

static inline int camera_tear_down(void **state)
{
    struct camera *camera = *state;

    camera_close(camera);
    sl_variants_stop(camera->variants, camera_on_stopped, camera);
    core_wait(&camera->core, camera_is_stopped, camera);
    camera->stopped = false;
    sl_transcoder_stop(camera->transcoder, camera_on_stopped, camera);
    core_wait(&camera->core, camera_is_stopped, camera);
    sl_timer_destroy(camera->timer);
    sl_variants_destroy(camera->variants);
    sl_transcoder_destroy(camera->transcoder);
    (void)close(camera->program_fd);
    for (size_t i = 0; i < PICTURES; i++)
        sl_frame_unref(camera->pictures[i]);
    sl_config_destroy(camera->config);
    core_stop(&camera->core);
    free(camera);
    return 0;
}

/* ---- Those who see ---- */

/* A sink of frames of one track. */
struct viewer {
    struct camera *camera;
    struct sl_sink *sink;
    _Atomic int frames, keyframes;
    _Atomic int width, height;
    _Atomic int codec;
    _Atomic bool ended;
    int wanted; /* of viewer_sees() */
};

static inline void viewer_on_frame(void *owner, struct sl_frame *frame)
{
    struct viewer *viewer = owner;

    if (atomic_load(&viewer->frames) == 0)
        assert_true(frame->keyframe);
    atomic_store(&viewer->width, frame->width);
    atomic_store(&viewer->height, frame->height);
    atomic_store(&viewer->codec, (int)frame->codec);
    atomic_fetch_add(&viewer->keyframes, frame->keyframe);
    atomic_fetch_add(&viewer->frames, 1);
}

static inline void viewer_on_end(void *owner, int reason)
{
    assert_int_equal(reason, -EPIPE);
    atomic_store(&((struct viewer *)owner)->ended, true);
}

static const struct sl_sink_ops viewer_ops = {
    .protocol = "viewer", .on_frame = viewer_on_frame, .on_end = viewer_on_end};

static inline void viewer_start(void *arg)
{
    struct viewer *viewer = arg;

    sl_sink_start(viewer->sink);
    sl_sink_request_keyframe(viewer->sink);
}

static inline void viewer_open_track(struct viewer *viewer, struct camera *camera,
                                     struct sl_track *track)
{
    struct sl_worker *worker = sl_workers_at(camera->core.workers, 0);

    *viewer = (struct viewer){.camera = camera};
    viewer->sink = sl_sink_create(track, worker, &viewer_ops, viewer);
    core_on_worker(&camera->core, worker, viewer_start, viewer);
}

static inline void viewer_open(struct viewer *viewer, struct camera *camera,
                               struct sl_variant *variant)
{
    viewer_open_track(viewer, camera, sl_variant_track(variant));
}

static inline void viewer_stop(void *arg)
{
    sl_sink_stop(((struct viewer *)arg)->sink);
}

static inline void viewer_close(struct viewer *viewer)
{
    struct camera *camera = viewer->camera;

    core_on_worker(&camera->core, sl_workers_at(camera->core.workers, 0), viewer_stop, viewer);
    sl_sink_destroy(viewer->sink);
}

static inline bool viewer_has_seen(void *arg)
{
    struct viewer *viewer = arg;

    return atomic_load(&viewer->frames) >= viewer->wanted;
}

/* Waits for so many more frames. */
static inline void viewer_sees(struct viewer *viewer, int count)
{
    viewer->wanted = atomic_load(&viewer->frames) + count;
    core_wait(&viewer->camera->core, viewer_has_seen, viewer);
}

#endif
