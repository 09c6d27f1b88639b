/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in stream watched as a protocol would, and decoded: colours, flash and beep, rates,
 * time stamps; and its life. */
#include "demo/demo.h"
#include "../core.h"
#include "../engine_loopback.h"
#include "base/error.h"
#include "demo/internal.h"
#include "engine/demo_picture.h"
#include "engine/engine.h"
#include "stream/stream.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include <cmocka.h>

enum {
    WIDTH = 320,
    HEIGHT = 180,
    FPS = 25,
    FRAME_US = SL_US_PER_S / FPS,
    FRAMES_MAX = 1024,
};

struct fixture {
    struct core core;
    struct sl_demo *demo;
    int stopped;
};

static int create_demo(struct fixture *f, struct sl_error *error)
{
    const struct sl_demo_config config = {
        .streams = f->core.streams,
        .workers = f->core.workers,
        .loop = f->core.control,
        .name = "demo",
        .width = WIDTH,
        .height = HEIGHT,
        .fps = FPS,
    };

    return sl_demo_create(&config, &f->demo, error);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core, (struct sl_workers_config){
                             .count = 2,
                             .packets_max = 4096,
                             .ring_packets = 256,
                             .keyframe_interval_us = 100 * SL_US_PER_MS,
                         });
    loopback.control = f->core.control;
    assert_int_equal(create_demo(f, NULL), 0);
    *state = f;
    return 0;
}

static void on_stopped(void *owner)
{
    ((struct fixture *)owner)->stopped++;
}

static bool has_stopped(void *arg)
{
    return ((struct fixture *)arg)->stopped > 0;
}

static void stop_demo(struct fixture *f)
{
    f->stopped = 0;
    sl_demo_stop(f->demo, on_stopped, f);
    assert_int_equal(f->stopped, 0); /* never from within */
    core_wait(&f->core, has_stopped, f);
    sl_demo_destroy(f->demo);
    f->demo = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->demo)
        stop_demo(f);
    core_stop(&f->core);
    free(f);
    return 0;
}

/* ---- Doing things on a worker and waiting for it ---- */

/* ---- A watcher ---- */

struct watcher {
    struct sl_worker *worker;
    struct sl_sink *sink;
    _Atomic size_t count, keyframes, ended;
    struct sl_track_clock clock; /* the worker's until the sink stops, as all that follows */
    struct {
        struct sl_frame *frame;
        int64_t arrived_us;
    } frames[FRAMES_MAX];
    int64_t last_seq, gaps;
    uint32_t last_timestamp, first_timestamp;
    size_t pictures, wrong_timestamps, too_long;
};

static void note_frame(void *owner, struct sl_frame *frame)
{
    struct watcher *watcher = owner;
    size_t count = atomic_load(&watcher->count);

    watcher->clock = *sl_sink_clock(watcher->sink);
    if (count == FRAMES_MAX)
        return;
    watcher->frames[count].frame = sl_frame_ref(frame);
    watcher->frames[count].arrived_us = sl_now_us();
    if (frame->keyframe)
        atomic_fetch_add(&watcher->keyframes, 1);
    atomic_store(&watcher->count, count + 1);
}

static void note_packet(struct watcher *watcher, const struct sl_rtp_packet *packet)
{
    if (watcher->last_seq != 0 && packet->seq != watcher->last_seq + 1)
        watcher->gaps++;
    watcher->last_seq = packet->seq;
    if (packet->payload_len > SL_RTP_PAYLOAD_DEFAULT)
        watcher->too_long++;
    if (packet->keyframe_start && packet->timestamp != watcher->last_timestamp)
        atomic_fetch_add(&watcher->keyframes, 1);
    if (packet->timestamp != watcher->last_timestamp) {
        uint32_t step = packet->timestamp - watcher->last_timestamp;
        if (watcher->pictures++ > 0 && (step % (90000 / FPS) != 0 || step > 900000))
            watcher->wrong_timestamps++;
        watcher->last_timestamp = packet->timestamp;
    }
    atomic_fetch_add(&watcher->count, packet->marker ? 1 : 0);
}

static void note_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        note_packet(owner, packets[i]);
}

static void note_end(void *owner, int reason)
{
    atomic_fetch_add(&((struct watcher *)owner)->ended, reason == -EPIPE ? 1 : 1000);
}

static const struct sl_sink_ops frame_ops = {
    .protocol = "test", .on_frame = note_frame, .on_end = note_end};
static const struct sl_sink_ops packet_ops = {
    .protocol = "test", .on_packets = note_packets, .on_end = note_end};

static void do_start(void *arg)
{
    struct watcher *watcher = arg;

    sl_sink_start(watcher->sink);
    sl_sink_request_keyframe(watcher->sink);
}

static void do_request(void *arg)
{
    sl_sink_request_keyframe(((struct watcher *)arg)->sink);
}

static void do_stop(void *arg)
{
    sl_sink_stop(((struct watcher *)arg)->sink);
}

static struct watcher *watch(struct fixture *f, enum sl_media_kind kind, size_t worker,
                             const struct sl_sink_ops *ops)
{
    struct watcher *watcher = sl_new(struct watcher);
    struct sl_stream *stream = sl_streams_find(f->core.streams, "demo");

    assert_non_null(stream);
    watcher->worker = sl_workers_at(f->core.workers, worker);
    watcher->sink = sl_sink_create(sl_stream_track(stream, kind), watcher->worker, ops, watcher);
    core_on_worker(&f->core, watcher->worker, do_start, watcher);
    return watcher;
}

static void unwatch(struct fixture *f, struct watcher *watcher)
{
    if (!watcher->sink)
        return;
    core_on_worker(&f->core, watcher->worker, do_stop, watcher);
    sl_sink_destroy(watcher->sink);
    watcher->sink = NULL;
}

static void forget(struct watcher *watcher)
{
    for (size_t i = 0; i < FRAMES_MAX && watcher->frames[i].frame; i++)
        sl_frame_unref(watcher->frames[i].frame);
    free(watcher);
}

/* ---- What was heard and seen ---- */

struct seen {
    int64_t flashes[64]; /* first picture of each; 0 where the one before it is missing */
    size_t flash_count;
    int64_t beeps[64];
    size_t beep_count;
};

static AVCodecContext *open_decoder(const char *name)
{
    AVCodecContext *context = avcodec_alloc_context3(avcodec_find_decoder_by_name(name));

    assert_non_null(context);
    context->sample_rate = 48000;
    av_channel_layout_default(&context->ch_layout, 2);
    context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    assert_int_equal(avcodec_open2(context, context->codec, NULL), 0);
    return context;
}

static AVFrame *decode(AVCodecContext *decoder, const struct sl_frame *coded)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();

    assert_int_equal(av_new_packet(packet, (int)coded->len), 0); /* padded */
    memcpy(packet->data, coded->data, coded->len);
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
    av_packet_free(&packet);
    return frame;
}

static int sample(const AVFrame *frame, int plane, int x, int y)
{
    return frame->data[plane][y * frame->linesize[plane] + x];
}

static void assert_bars(const AVFrame *frame)
{
    static const int colours[DEMO_BARS][3] = {
        {180, 128, 128}, {162, 44, 142}, {131, 156, 44}, {112, 72, 58},
        {84, 184, 198},  {65, 100, 212}, {35, 212, 114},
    };

    for (int bar = 0; bar < DEMO_BARS; bar++) {
        int x = WIDTH * (2 * bar + 1) / (2 * DEMO_BARS), y = HEIGHT / 3;
        for (int plane = 0; plane < 3; plane++) {
            int got = plane ? sample(frame, plane, x / 2, y / 2) : sample(frame, plane, x, y);
            if (abs(got - colours[bar][plane]) > 6)
                fail_msg("bar %d plane %d: %d", bar, plane, got);
        }
    }
}

static int64_t ntp_to_wall_us(uint64_t ntp)
{
    return (int64_t)((ntp >> 32) - 2208988800U) * SL_US_PER_S +
           (int64_t)(((ntp & UINT32_MAX) * SL_US_PER_S + (1U << 31)) >> 32);
}

/* The time of day that a picture of this pts must show. */
static int64_t day_us_of(const struct sl_track_clock *clock, int64_t pts_us)
{
    int64_t wall_us = ntp_to_wall_us(clock->ntp) + pts_us - clock->local_us + 500; /* rounding */
    time_t wall_s = (time_t)(wall_us / SL_US_PER_S);
    struct tm local;

    assert_non_null(localtime_r(&wall_s, &local));
    return wall_us + (int64_t)local.tm_gmtoff * SL_US_PER_S;
}

/* Half of what differs may be the encoder's: another time differs by whole segments. */
static void assert_clock(const AVFrame *frame, int64_t day_us)
{
    struct sl_demo_layout layout;
    struct sl_picture expected;
    int64_t difference = 0;

    sl_demo_layout(WIDTH, HEIGHT, &layout);
    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &expected), 0);
    sl_demo_picture_prepare(&expected);
    sl_demo_picture_draw(&expected, day_us, false);
    for (int y = layout.clock.y; y < layout.clock.y + layout.clock.height; y++) {
        for (int x = layout.clock.x; x < layout.clock.x + layout.clock.width; x++)
            difference +=
                abs(sample(frame, 0, x, y) - expected.planes[0][y * expected.strides[0] + x]);
    }
    sl_picture_deinit(&expected);
    difference /= layout.clock.width * layout.clock.height;
    if (difference > 8)
        fail_msg("the clock shows another time: %d", (int)difference);
}

static void see(const struct watcher *video, struct seen *seen)
{
    AVCodecContext *decoder = open_decoder("h264");
    struct sl_demo_layout layout;
    bool was_lit = true;

    sl_demo_layout(WIDTH, HEIGHT, &layout);
    for (size_t i = 0; i < atomic_load(&video->count); i++) {
        const struct sl_frame *coded = video->frames[i].frame;
        AVFrame *frame = decode(decoder, coded);
        bool lit = sample(frame, 0, layout.flash.x + layout.flash.width / 2,
                          layout.flash.y + layout.flash.height / 2) > 128;
        assert_int_equal(frame->width, WIDTH);
        assert_int_equal(frame->height, HEIGHT);
        assert_int_not_equal(frame->pict_type, AV_PICTURE_TYPE_B);
        assert_bars(frame);
        assert_clock(frame, day_us_of(&video->clock, coded->pts_us));
        if (lit && !was_lit && seen->flash_count < 64) {
            bool whole = coded->pts_us - video->frames[i - 1].frame->pts_us < FRAME_US * 3 / 2;
            seen->flashes[seen->flash_count++] = whole ? coded->pts_us : 0;
        }
        was_lit = lit;
        av_frame_free(&frame);
    }
    assert_int_equal(decoder->profile, FF_PROFILE_H264_CONSTRAINED_BASELINE);
    avcodec_free_context(&decoder);
}

static void hear(const struct watcher *audio, struct seen *seen)
{
    AVCodecContext *decoder = open_decoder("libopus");
    int quiet = 0; /* samples */

    for (size_t i = 0; i < atomic_load(&audio->count); i++) {
        AVFrame *frame = decode(decoder, audio->frames[i].frame);
        const int16_t *samples = (const int16_t *)(const void *)frame->data[0];
        assert_int_equal(frame->nb_samples, 960);
        assert_int_equal(frame->format, AV_SAMPLE_FMT_S16);
        for (int n = 0; n < frame->nb_samples; n++) {
            bool loud = abs(samples[2 * n]) > 3500;
            if (loud && quiet > 4800 && seen->beep_count < 64)
                seen->beeps[seen->beep_count++] =
                    audio->frames[i].frame->pts_us + n * (int64_t)SL_US_PER_S / 48000;
            quiet = loud ? 0 : quiet + 1;
        }
        av_frame_free(&frame);
    }
    avcodec_free_context(&decoder);
}

/* Each is a whole number of steps after the one before; most are the next. */
static void assert_steady(const struct watcher *watcher, int64_t step_us)
{
    size_t count = atomic_load(&watcher->count), next = 0;

    for (size_t i = 1; i < count; i++) {
        int64_t gap_us = watcher->frames[i].frame->pts_us - watcher->frames[i - 1].frame->pts_us;
        int64_t steps = (gap_us + step_us / 2) / step_us;
        if (steps < 1 || llabs(gap_us - steps * step_us) > 50)
            fail_msg("%lld us between frames %zu and %zu", (long long)gap_us, i - 1, i);
        next += steps == 1;
    }
    assert_true(next >= count / 2); /* a slow machine leaves some out */
    for (size_t i = 0; i < count; i++) {
        int64_t late_us = watcher->frames[i].arrived_us - watcher->frames[i].frame->pts_us;
        if (late_us < -25 * SL_US_PER_MS || late_us > SL_US_PER_S)
            fail_msg("frame %zu came %lld us late", i, (long long)late_us);
    }
}

static bool has_seen_enough(void *arg)
{
    return atomic_load(&((struct watcher *)arg)->count) >= 4 * FPS;
}

/* ---- Tests ---- */

static void the_stream_is_listed_and_live_before_anybody_watches(void **state)
{
    struct fixture *f = *state;
    struct sl_stream *stream = sl_streams_find(f->core.streams, "demo");

    assert_non_null(stream);
    assert_true(sl_stream_is_live(stream));
    assert_string_equal(sl_stream_protocol(stream), "demo");
    const struct sl_track_config *audio = sl_track_codecs(sl_stream_track(stream, SL_AUDIO));
    const struct sl_track_config *video = sl_track_codecs(sl_stream_track(stream, SL_VIDEO));
    assert_int_equal(audio->codecs[0].codec, SL_CODEC_OPUS);
    assert_int_equal(video->codecs[0].codec, SL_CODEC_H264);
    assert_non_null(strstr(video->codecs[0].fmtp, "packetization-mode=1"));
    assert_non_null(strstr(video->codecs[0].fmtp, "profile-level-id=42e0"));
}

static bool has_size(void *arg)
{
    uint16_t width, height;

    sl_stream_size(arg, &width, &height);
    return width == WIDTH && height == HEIGHT;
}

static void the_size_is_known_before_anybody_watches(void **state)
{
    struct fixture *f = *state;

    core_wait(&f->core, has_size, sl_streams_find(f->core.streams, "demo"));
}

static void assert_in_sync(const struct seen *seen)
{
    size_t compared = 0;

    for (size_t i = 0; i < seen->flash_count; i++) {
        for (size_t k = 0; k < seen->beep_count; k++) {
            int64_t apart_us = llabs(seen->flashes[i] - seen->beeps[k]);
            if (seen->flashes[i] == 0 || apart_us > SL_US_PER_S / 2)
                continue;
            if (apart_us > 20 * SL_US_PER_MS)
                fail_msg("flash and beep are %lld us apart", (long long)apart_us);
            compared++;
        }
    }
    assert_true(compared >= 2);
}

static void shows_bars_and_the_time_and_flashes_and_beeps_on_the_second(void **state)
{
    struct fixture *f = *state;
    struct watcher *video = watch(f, SL_VIDEO, 0, &frame_ops);
    struct watcher *audio = watch(f, SL_AUDIO, 1, &frame_ops);
    struct seen seen = {.flash_count = 0};

    core_wait(&f->core, has_seen_enough, video);
    unwatch(f, video);
    unwatch(f, audio);
    see(video, &seen);
    hear(audio, &seen);
    assert_steady(video, FRAME_US);
    assert_steady(audio, 20 * SL_US_PER_MS);
    assert_true(seen.flash_count >= 3 && seen.beep_count >= 3);
    assert_in_sync(&seen);
    for (size_t i = 0; i < seen.flash_count; i++) {
        int64_t of_second_us = day_us_of(&video->clock, seen.flashes[i]) % SL_US_PER_S;
        assert_true(seen.flashes[i] == 0 || of_second_us < 2 * SL_US_PER_MS);
    }
    assert_int_equal(atomic_load(&video->keyframes), 1);
    forget(video);
    forget(audio);
}

static bool has_three_keyframes(void *arg)
{
    return atomic_load(&((struct watcher *)arg)->keyframes) >= 3;
}

static void key_frames_come_when_asked_for_and_packets_are_in_order(void **state)
{
    struct fixture *f = *state;
    struct watcher *watcher = watch(f, SL_VIDEO, 1, &packet_ops);
    int64_t deadline_us = sl_now_us() + CORE_DEADLINE_US;

    while (!has_three_keyframes(watcher)) {
        assert_true(sl_now_us() < deadline_us);
        core_on_worker(&f->core, watcher->worker, do_request, watcher);
    }
    core_wait(&f->core, has_seen_enough, watcher);
    unwatch(f, watcher);
    assert_int_equal(watcher->gaps, 0);
    assert_int_equal(watcher->wrong_timestamps, 0);
    assert_int_equal(watcher->too_long, 0);
    assert_true(atomic_load(&watcher->keyframes) < watcher->pictures / 2);
    forget(watcher);
}

struct silence {
    struct sl_demo *demo;
    struct fixture *f;
    int64_t given[2], since_us;
};

static void do_read_given(void *arg)
{
    struct silence *silence = arg;

    for (size_t i = 0; i < 2; i++) {
        if (silence->demo->given[i] != silence->given[i])
            silence->since_us = sl_now_us();
        silence->given[i] = silence->demo->given[i];
    }
}

static bool is_silent(void *arg)
{
    struct silence *silence = arg;
    struct job job;

    job_post(&job, sl_worker_loop(silence->demo->worker), do_read_given, silence);
    while (!job_is_done(&job))
        (void)uv_run(sl_loop_uv(silence->f->core.control), UV_RUN_ONCE);
    return sl_now_us() - silence->since_us > 300 * SL_US_PER_MS;
}

static void nobody_watches_and_nothing_is_sent(void **state)
{
    struct fixture *f = *state;
    struct silence silence = {.f = f, .demo = f->demo, .since_us = sl_now_us()};

    core_wait(&f->core, is_silent, &silence);
    assert_int_equal(silence.given[SL_VIDEO], 0); /* not even one */
    for (int round = 0; round < 2; round++) {
        struct watcher *video = watch(f, SL_VIDEO, 0, &packet_ops);
        core_wait(&f->core, has_seen_enough, video);
        unwatch(f, video);
        assert_int_equal(silence.given[SL_AUDIO], 0); /* nobody listened */
        core_wait(&f->core, is_silent, &silence);
        assert_int_equal(video->gaps, 0);
        forget(video);
    }
}

static bool has_something(void *arg)
{
    return atomic_load(&((struct watcher *)arg)->count) > 0;
}

static void every_watcher_is_served_however_often_they_come_and_go(void **state)
{
    struct fixture *f = *state;

    for (size_t round = 0; round < 30; round++) {
        struct watcher *video = watch(f, SL_VIDEO, round % 2, &frame_ops);
        struct watcher *audio = watch(f, SL_AUDIO, (round / 2) % 2, &frame_ops);
        if (round % 3 != 0) {
            core_wait(&f->core, has_something, video);
            core_wait(&f->core, has_something, audio);
            assert_true(video->frames[0].frame->keyframe);
        }
        unwatch(f, round % 5 == 0 ? audio : video);
        unwatch(f, video);
        unwatch(f, audio);
        forget(video);
        forget(audio);
    }
}

static void stops_while_it_is_watched(void **state)
{
    struct fixture *f = *state;
    struct watcher *video = watch(f, SL_VIDEO, 0, &frame_ops);
    struct watcher *audio = watch(f, SL_AUDIO, 1, &frame_ops);

    core_wait(&f->core, has_something, video);
    stop_demo(f);
    assert_null(sl_streams_find(f->core.streams, "demo"));
    unwatch(f, video);
    unwatch(f, audio);
    assert_int_equal(atomic_load(&video->ended), 1);
    assert_int_equal(atomic_load(&audio->ended), 1);
    forget(video);
    forget(audio);
}

static void can_be_made_again_as_soon_as_it_has_stopped(void **state)
{
    struct fixture *f = *state;

    for (int round = 0; round < 10; round++) {
        stop_demo(f);
        assert_int_equal(create_demo(f, NULL), 0);
        if (round % 2 == 0) {
            struct watcher *video = watch(f, SL_VIDEO, 0, &frame_ops);
            core_wait(&f->core, has_something, video);
            unwatch(f, video);
            forget(video);
        }
    }
}

static void survives_that_somebody_else_ends_the_stream(void **state)
{
    struct fixture *f = *state;
    struct watcher *video = watch(f, SL_VIDEO, 1, &frame_ops);

    core_wait(&f->core, has_something, video);
    sl_stream_end(sl_streams_find(f->core.streams, "demo"));
    unwatch(f, video);
    forget(video);
    core_wait(&f->core, core_is_drained, &f->core);
    stop_demo(f);
}

static struct sl_codec_job *last_job(void)
{
    assert(!sl_list_empty(&loopback.jobs));
    return sl_container_of(loopback.jobs.prev, struct sl_codec_job, link);
}

static void do_kill(void *arg)
{
    loopback_kill(arg);
    loopback_revive(arg);
}

static void goes_on_with_a_key_frame_when_its_process_has_died(void **state)
{
    struct fixture *f = *state;
    struct watcher *video = watch(f, SL_VIDEO, 0, &frame_ops);
    struct watcher *audio = watch(f, SL_AUDIO, 0, &frame_ops);

    core_wait(&f->core, has_something, video);
    for (int round = 0; round < 3; round++) {
        size_t keyframes = atomic_load(&video->keyframes);
        struct sl_stream *stream = sl_streams_find(f->core.streams, "demo");
        core_on_worker(&f->core, sl_stream_worker(stream), do_kill, last_job());
        while (atomic_load(&video->keyframes) == keyframes)
            (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
    }
    core_wait(&f->core, has_seen_enough, video);
    unwatch(f, video);
    unwatch(f, audio);
    assert_int_equal(atomic_load(&video->keyframes), 4);
    assert_steady(video, FRAME_US);
    assert_steady(audio, 20 * SL_US_PER_MS);
    forget(video);
    forget(audio);
}

struct lie {
    struct sl_codec_job *job;
    struct sl_engine_message report;
};

static void do_lie(void *arg)
{
    struct lie *lie = arg;

    loopback_on_report(lie->job, &lie->report);
}

static void takes_nothing_that_was_not_ordered(void **state)
{
    struct fixture *f = *state;
    struct watcher *video = watch(f, SL_VIDEO, 0, &frame_ops);
    static const uint8_t nothing[100];
    int64_t now_us = sl_now_us();

    core_wait(&f->core, has_something, video);
    for (uint32_t i = 0; i < 12; i++) {
        const int64_t times_us[] = {now_us, SL_ENGINE_TIME_MAX_US, -SL_ENGINE_TIME_MAX_US, 0};
        struct lie lie = {.job = last_job(),
                          .report = {.type = SL_ENGINE_CODED,
                                     .output = i / 4,
                                     .codec = i % 2 ? SL_CODEC_H264 : SL_CODEC_OPUS,
                                     .pts_us = times_us[i % 4],
                                     .dts_us = times_us[i % 4],
                                     .data = nothing,
                                     .len = sizeof(nothing)}};
        core_on_worker(&f->core, sl_stream_worker(sl_streams_find(f->core.streams, "demo")), do_lie,
                       &lie);
    }
    core_wait(&f->core, has_seen_enough, video);
    unwatch(f, video);
    assert_steady(video, FRAME_US);
    for (size_t i = 0; i < atomic_load(&video->count); i++)
        assert_true(video->frames[i].frame->len != sizeof(nothing) ||
                    video->frames[i].frame->data[3] == 1);
    forget(video);
}

static void without_processes_it_is_there_and_tries_again(void **state)
{
    struct fixture *f = *state;

    stop_demo(f);
    loopback.refuses = true;
    assert_int_equal(create_demo(f, NULL), 0);
    struct silence silence = {.f = f, .demo = f->demo, .since_us = sl_now_us()};
    struct watcher *video = watch(f, SL_VIDEO, 0, &frame_ops);
    core_wait(&f->core, is_silent, &silence);
    loopback.refuses = false;
    assert_int_equal(atomic_load(&video->count), 0);
    core_wait(&f->core, has_something, video);
    unwatch(f, video);
    forget(video);
    stop_demo(f);
    loopback.refuses = true;
    assert_int_equal(create_demo(f, NULL), 0); /* and stopped before it tries again */
    stop_demo(f);
    loopback.refuses = false;
}

static void says_why_it_cannot_be(void **state)
{
    struct fixture *f = *state;
    struct sl_demo *first = f->demo;
    struct sl_error error;
    const struct sl_demo_config config = {.streams = f->core.streams,
                                          .workers = f->core.workers,
                                          .loop = f->core.control,
                                          .name = "x",
                                          .width = 64,
                                          .height = 36,
                                          .fps = 25};

    assert_int_equal(create_demo(f, &error), -EEXIST);
    assert_non_null(strstr(error.text, "demo"));
    assert_ptr_equal(f->demo, first);
    assert_int_equal(sl_demo_create(&config, &f->demo, &error), -EINVAL);
    assert_non_null(strstr(error.text, "64 x 36"));
    assert_ptr_equal(f->demo, first);
    sl_demo_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_stream_is_listed_and_live_before_anybody_watches,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_size_is_known_before_anybody_watches, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(shows_bars_and_the_time_and_flashes_and_beeps_on_the_second,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_frames_come_when_asked_for_and_packets_are_in_order,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_watches_and_nothing_is_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_watcher_is_served_however_often_they_come_and_go,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_while_it_is_watched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(can_be_made_again_as_soon_as_it_has_stopped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(survives_that_somebody_else_ends_the_stream, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(goes_on_with_a_key_frame_when_its_process_has_died, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(takes_nothing_that_was_not_ordered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_processes_it_is_there_and_tries_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(says_why_it_cannot_be, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
