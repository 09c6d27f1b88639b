/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream of G.711 on a worker of its own and a pool of two job loops, with the control loop in
 * the test's hands: for tests of what takes frames on other threads. */
#ifndef SL_TESTS_STREAMS_H
#define SL_TESTS_STREAMS_H

#include "job.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "jobs/jobs.h"
#include "stream/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STREAMS_DEADLINE_US = 20 * SL_US_PER_S, STREAMS_PACKET_MS = 20 };

struct streams {
    struct sl_loop *control;
    struct sl_metrics *metrics;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_stream *stream;
    struct sl_job_pool *jobs;
    uv_timer_t poll;
    int64_t seq; /* of the packets that were sent */
};

static inline void streams_on_poll(uv_timer_t *timer)
{
    (void)timer; /* lets the control loop look at its condition now and then */
}

static inline void streams_request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner;
    (void)track;
}

static inline struct streams *streams_create(void)
{
    static const struct sl_source_ops ops = {.protocol = "test",
                                             .request_keyframe = streams_request_keyframe};
    struct streams *s = sl_new(struct streams);

    s->control = sl_loop_create("control");
    s->metrics = sl_metrics_create();
    struct sl_workers_config workers = {
        .count = 1, .packets_max = 4096, .ring_packets = 64, .metrics = s->metrics};
    s->workers = sl_workers_create(&workers, s->control);
    s->streams = sl_streams_create(s->workers, s->control);
    s->jobs = sl_job_pool_create(2);
    assert_int_equal(sl_workers_start(s->workers), 0);
    assert_int_equal(sl_job_pool_start(s->jobs), 0);
    (void)uv_timer_init(sl_loop_uv(s->control), &s->poll);
    (void)uv_timer_start(&s->poll, streams_on_poll, 1, 1);
    struct sl_stream_config config = {
        .name = "s",
        .worker = sl_workers_at(s->workers, 0),
        .ops = &ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_PCMU, ""}}}},
    };
    assert_int_equal(sl_stream_create(s->streams, &config, &s->stream), 0);
    sl_stream_set_live(s->stream);
    return s;
}

static inline void streams_wait(struct streams *s, bool (*condition)(void *arg), void *arg)
{
    int64_t deadline_us = sl_now_us() + STREAMS_DEADLINE_US;

    while (!condition(arg)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited in vain");
        (void)uv_run(sl_loop_uv(s->control), UV_RUN_ONCE);
    }
}

static inline void streams_send_one(void *arg) /* on the worker */
{
    struct streams *s = arg;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(sl_workers_at(s->workers, 0));

    assert_non_null(packet);
    packet->seq = 100000 + s->seq;
    packet->timestamp = (uint32_t)(s->seq * 160);
    packet->arrival_us = sl_now_us();
    packet->codec = SL_CODEC_PCMU;
    packet->marker = false;
    packet->keyframe_start = false;
    packet->orientation = SL_ORIENTATION_NONE;
    packet->padding = 0;
    packet->payload_len = 160;
    memset(packet->payload, (int)s->seq & 0xff, 160);
    s->seq++;
    sl_track_input(sl_stream_track(s->stream, SL_AUDIO), packet);
}

/* One packet of 20 ms, in the worker's hands when this returns. */
static inline void streams_send(struct streams *s)
{
    struct job job;

    job_post(&job, sl_worker_loop(sl_workers_at(s->workers, 0)), streams_send_one, s);
    streams_wait(s, job_is_done, &job);
}

static inline bool streams_are_drained(void *arg)
{
    return sl_streams_drained(((struct streams *)arg)->streams);
}

static inline void streams_destroy(struct streams *s)
{
    sl_stream_release(s->stream);
    streams_wait(s, streams_are_drained, s);
    sl_workers_stop(s->workers);
    sl_job_pool_destroy(s->jobs);
    uv_close((uv_handle_t *)&s->poll, NULL);
    sl_workers_destroy(s->workers);
    sl_streams_destroy(s->streams);
    sl_loop_destroy(s->control);
    sl_metrics_destroy(s->metrics);
    free(s);
}

#endif
