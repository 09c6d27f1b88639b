/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream of G.711 on a worker of its own and a pool of two job loops, with the control loop in
 * the test's hands: for tests of what takes frames on other threads. */
#ifndef SL_TESTS_STREAMS_H
#define SL_TESTS_STREAMS_H

#include "core.h"

#include "jobs/jobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { STREAMS_PACKET_MS = 20 };

struct streams {
    struct core core;
    struct sl_stream *stream;
    struct sl_job_pool *jobs;
    int64_t seq; /* of the packets that were sent */
};

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

    core_start(&s->core,
               (struct sl_workers_config){.count = 1, .packets_max = 4096, .ring_packets = 64});
    s->jobs = sl_job_pool_create(s->core.control, 2);
    assert_int_equal(sl_job_pool_start(s->jobs), 0);
    struct sl_stream_config config = {
        .name = "s",
        .worker = sl_workers_at(s->core.workers, 0),
        .ops = &ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_PCMU, ""}}}},
    };
    assert_int_equal(sl_stream_create(s->core.streams, &config, &s->stream), 0);
    sl_stream_set_live(s->stream);
    return s;
}

static inline void streams_wait(struct streams *s, bool (*condition)(void *arg), void *arg)
{
    core_wait(&s->core, condition, arg);
}

static inline void streams_send_one(void *arg) /* on the worker */
{
    struct streams *s = arg;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(sl_workers_at(s->core.workers, 0));

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

    job_post(&job, sl_worker_loop(sl_workers_at(s->core.workers, 0)), streams_send_one, s);
    streams_wait(s, job_is_done, &job);
}

static inline void streams_destroy(struct streams *s)
{
    sl_stream_release(s->stream);
    core_wait(&s->core, core_is_drained, &s->core);
    sl_job_pool_destroy(s->jobs);
    core_stop(&s->core);
    free(s);
}

#endif
