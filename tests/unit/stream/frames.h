/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two workers, a source of frames or packets, and sinks that remember what they got. */
#ifndef SL_TEST_STREAM_FRAMES_H
#define SL_TEST_STREAM_FRAMES_H

#include "../core.h"
#include "rtp/rtp.h"
#include "stream/stream.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEN_MAX = 512 };

#define START 100000000 /* where the tests' local time begins, microseconds */
#define SETS                                                                                       \
    "\0\0\0\1\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8"   \
    "\0\0\0\1\x68\xce\x3c\x80"
#define OTHER_SETS                                                                                 \
    "\0\0\0\1\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8"   \
    "\0\0\0\1\x68\xce\x38\x80"
#define IDR     "\0\0\0\1\x65\x88\x80\x40"
#define DELTA   "\0\0\0\1\x41\x9a\x01\x02"
#define VP8_KEY "\x10\x02\x00\x9d\x01\x2a\x40\x01\xf0\x00"

struct fixture {
    struct core core;

    /* The source. */
    struct sl_stream *stream;
    _Atomic int keyframe_requests;
    _Atomic bool answering; /* a request comes while a frame goes in */
    bool feeding;
};

static inline int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core, (struct sl_workers_config){
                             .count = 2,
                             .packets_max = 4096,
                             .ring_packets = 64,
                             .keyframe_interval_us = 10 * SL_US_PER_MS,
                         });
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_stream_release(f->stream);
    core_stop(&f->core);
    free(f);
    return 0;
}

static inline struct sl_worker *worker_at(struct fixture *f, size_t index)
{
    return sl_workers_at(f->core.workers, index);
}

static inline void on_worker(struct fixture *f, size_t worker, void (*fn)(void *arg), void *arg)
{
    core_on_worker(&f->core, worker_at(f, worker), fn, arg);
}

/* ---- Source ---- */

static inline void request_keyframe(void *owner, struct sl_track *track)
{
    struct fixture *f = owner;

    (void)track;
    if (f->feeding)
        atomic_store(&f->answering, true);
    atomic_fetch_add(&f->keyframe_requests, 1);
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

static inline struct sl_track *publish_with(struct fixture *f, const struct sl_source_ops *ops,
                                            bool frames, enum sl_codec first, enum sl_codec second)
{
    enum sl_media_kind kind = sl_codec_kind(first);
    struct sl_stream_config config = {
        .name = "cam", .worker = worker_at(f, 0), .ops = ops, .owner = f};

    config.tracks[kind] = (struct sl_track_config){
        .present = true,
        .codec_count = second ? 2 : 1,
        .codecs = {{.codec = first}, {.codec = second}},
        .frames = frames,
        .clock_hz = 44100,
    };
    assert_int_equal(sl_stream_create(f->core.streams, &config, &f->stream), 0);
    return sl_stream_track(f->stream, kind);
}

static inline struct sl_track *publish(struct fixture *f, bool frames, enum sl_codec first,
                                       enum sl_codec second)
{
    return publish_with(f, &source_ops, frames, first, second);
}

/* One frame or packet on its way in. */
struct input {
    struct fixture *f;
    struct sl_track *track;
    enum sl_codec codec;
    const char *bytes;
    size_t len;
    bool keyframe;
    int64_t pts_us, dts_us;
    const void *frame; /* out: its address */
    int64_t seq;       /* of a packet */
};

static inline void do_input_frame(void *arg)
{
    struct input *input = arg;
    struct sl_frame *frame = sl_frame_create(input->codec, input->len);

    memcpy(frame->data, input->bytes, input->len);
    frame->keyframe = input->keyframe;
    frame->pts_us = input->pts_us;
    frame->dts_us = input->dts_us;
    input->frame = frame;
    input->f->feeding = true;
    sl_track_input_frame(input->track, frame);
    input->f->feeding = false;
}

static inline void do_input_packet(void *arg)
{
    struct input *input = arg;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(sl_workers_at(input->f->core.workers, 0));
    struct sl_payload_info info = {0};

    (void)sl_payload_inspect(input->codec, (const uint8_t *)input->bytes, input->len, &info);
    packet->seq = input->seq;
    packet->arrival_us = sl_now_us();
    packet->timestamp = (uint32_t)(input->pts_us / SL_US_PER_MS * 90);
    packet->codec = input->codec;
    packet->marker = true;
    packet->keyframe_start = info.keyframe_start;
    packet->payload_len = (uint16_t)input->len;
    memcpy(packet->payload, input->bytes, input->len);
    sl_track_input(input->track, packet);
}

static inline const void *feed(struct fixture *f, struct sl_track *track, enum sl_codec codec,
                               const char *bytes, size_t len, bool keyframe, int64_t pts_us,
                               int64_t dts_us)
{
    struct input input = {f, track, codec, bytes, len, keyframe, pts_us, dts_us, NULL, 0};

    on_worker(f, 0, do_input_frame, &input);
    return input.frame;
}

static inline void feed_packet(struct fixture *f, struct sl_track *track, enum sl_codec codec,
                               const char *bytes, size_t len, int64_t seq)
{
    struct input input = {f, track, codec, bytes, len, true, seq * 40000, 0, NULL, seq};

    on_worker(f, 0, do_input_packet, &input);
}

#define TEXT(text) text, sizeof(text) - 1

/* ---- Sinks ---- */

/* Lets a worker's timers come. */
static inline void do_sleep(void *arg)
{
    const struct timespec tick = {.tv_nsec = 20 * SL_US_PER_MS * 1000};

    (void)arg;
    (void)nanosleep(&tick, NULL);
}

struct sink {
    struct sl_sink *sink;
    size_t worker;
    _Atomic size_t count;
    _Atomic int ended;
    struct {
        const void *frame; /* its address */
        int64_t pts_us, dts_us, seq;
        uint32_t timestamp;
        bool keyframe, marker;
        uint64_t ntp;
        size_t len;
    } seen[SEEN_MAX];
    _Atomic size_t codec_count;
    struct {
        enum sl_codec codec;
        size_t before; /* how many frames came before it was told */
        bool has_config;
        uint16_t height;
    } codecs[8];
};

static inline void on_frame(void *owner, struct sl_frame *frame)
{
    struct sink *sink = owner;
    size_t count = atomic_load(&sink->count);

    assert_true(count < SEEN_MAX);
    sink->seen[count].frame = frame;
    sink->seen[count].pts_us = frame->pts_us;
    sink->seen[count].dts_us = frame->dts_us;
    sink->seen[count].keyframe = frame->keyframe;
    sink->seen[count].len = frame->len;
    sink->seen[count].ntp = sl_sink_clock(sink->sink)->ntp;
    atomic_store(&sink->count, count + 1);
}

static inline void on_packets(void *owner, struct sl_rtp_packet *const *packets,
                              size_t packet_count)
{
    struct sink *sink = owner;

    for (size_t i = 0; i < packet_count; i++) {
        size_t count = atomic_load(&sink->count);
        assert_true(count < SEEN_MAX);
        sink->seen[count].seq = packets[i]->seq;
        sink->seen[count].timestamp = packets[i]->timestamp;
        sink->seen[count].keyframe = packets[i]->keyframe_start;
        sink->seen[count].marker = packets[i]->marker;
        sink->seen[count].len = packets[i]->payload_len;
        atomic_store(&sink->count, count + 1);
    }
}

static inline void on_codec(void *owner, enum sl_codec codec, struct sl_codec_config *config)
{
    struct sink *sink = owner;
    size_t count = atomic_load(&sink->codec_count);

    assert_true(count < SL_ARRAY_LEN(sink->codecs));
    sink->codecs[count].codec = codec;
    sink->codecs[count].before = atomic_load(&sink->count);
    sink->codecs[count].has_config = config != NULL;
    sink->codecs[count].height = config ? config->height : 0;
    atomic_store(&sink->codec_count, count + 1);
}

static inline void on_end(void *owner, int reason)
{
    atomic_store(&((struct sink *)owner)->ended, reason);
}

static const struct sl_sink_ops frame_ops = {
    .protocol = "test", .on_frame = on_frame, .on_codec = on_codec, .on_end = on_end};
static const struct sl_sink_ops packet_ops = {
    .protocol = "test", .on_packets = on_packets, .on_end = on_end};

static inline void forget_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    (void)owner;
    (void)packets;
    (void)count;
}

static const struct sl_sink_ops quiet_ops = {.protocol = "test", .on_packets = forget_packets};

static inline void do_nothing(void *arg)
{
    (void)arg;
}

static inline void do_start(void *arg)
{
    sl_sink_start(arg);
}

static inline void do_stop(void *arg)
{
    sl_sink_stop(arg);
}

/* every_us: how often it wants key frames. */
static inline struct sink *attach_wanting(struct fixture *f, struct sl_track *track, size_t worker,
                                          const struct sl_sink_ops *ops, int64_t every_us)
{
    struct sink *sink = sl_new(struct sink);

    sink->worker = worker;
    sink->sink = sl_sink_create(track, worker_at(f, worker), ops, sink);
    sl_sink_set_keyframe_every(sink->sink, every_us);
    on_worker(f, worker, do_start, sink->sink);
    return sink;
}

static inline struct sink *attach(struct fixture *f, struct sl_track *track, size_t worker,
                                  const struct sl_sink_ops *ops)
{
    return attach_wanting(f, track, worker, ops, 0);
}

static inline void detach(struct fixture *f, struct sink *sink)
{
    on_worker(f, sink->worker, do_stop, sink->sink);
    sl_sink_destroy(sink->sink);
    free(sink);
}

/* Waits for so many. */
struct wish {
    struct sink *sink;
    size_t count;
};

static inline bool is_fulfilled(void *arg)
{
    struct wish *wish = arg;

    return atomic_load(&wish->sink->count) >= wish->count;
}

static inline void wait_for(struct fixture *f, struct sink *sink, size_t count)
{
    struct wish wish = {sink, count};

    core_wait(&f->core, is_fulfilled, &wish);
    assert_int_equal(atomic_load(&sink->count), count);
}

static inline bool has_ended(void *arg)
{
    return atomic_load(&((struct sink *)arg)->ended) != 0;
}

#endif
