/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The job: a thread that draws, plays and encodes in real time while somebody watches, and sleeps
 * otherwise.
 *
 * Everything is counted from an epoch, a full second of the wall clock: picture n is at n / fps, 20
 * ms of sound n at n / 50. So flash and beep fall on the second together, and times are exact,
 * however late the thread wakes up. When the wall clock is set, there is a new epoch.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "demo/internal.h"
#include "demo/picture.h"
#include "demo/sound.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>

enum {
    SOUNDS_PER_S = 50,
    SOUND_US = SL_US_PER_S / SOUNDS_PER_S,
    SOUND_SAMPLES = DEMO_RATE_HZ / SOUNDS_PER_S,
    SOUND_BITRATE_BPS = 64000,
    KEYFRAME_S = 10,
    LATE_US = 100 * SL_US_PER_MS,     /* what is later than this is skipped */
    WALL_STEP_US = 20 * SL_US_PER_MS, /* the wall clock was set, and nobody just measured badly */
    COMPLAIN_US = 60 * SL_US_PER_S,
    FPS_MAX = 60,
};

/* NTP's years begin in 1900, the wall clock's in 1970. */
static const uint64_t ntp_to_unix_s = 2208988800U;

struct job {
    struct sl_demo *demo;
    struct sl_video_encoder *video;
    struct sl_audio_encoder *audio;
    struct sl_picture picture;
    int16_t *second; /* of sound */

    int64_t epoch_us;      /* monotonic */
    int64_t epoch_wall_us; /* the same since 1970: a full second */
    int64_t zone_us;       /* local time - UTC, for the clock on the picture */
    int64_t next_picture, next_sound;
    struct sl_track_clock clock; /* of what is being encoded */
    bool keyframe_lost;

    uint64_t skipped; /* pictures */
    int64_t complained_us;
};

/* ---- Time ---- */

/* Wall clock - monotonic clock. The narrowest of three tries: the thread may lose the processor
 * between two readings. */
static int64_t wall_offset_us(void)
{
    int64_t best_us = INT64_MAX, offset_us = 0;

    for (int i = 0; i < 3; i++) {
        struct timespec wall;
        int64_t before_us = sl_now_us();
        (void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail for this clock */
        int64_t after_us = sl_now_us();
        if (after_us - before_us >= best_us)
            continue;
        best_us = after_us - before_us;
        offset_us =
            (int64_t)wall.tv_sec * SL_US_PER_S + wall.tv_nsec / 1000 - (before_us + best_us / 2);
    }
    return offset_us;
}

static int64_t picture_us(const struct job *job, int64_t n)
{
    return job->epoch_us + n * SL_US_PER_S / job->demo->fps;
}

static int64_t sound_us(const struct job *job, int64_t n)
{
    return job->epoch_us + n * SOUND_US;
}

/* The next of both that are not over yet. */
static void move_to(struct job *job, int64_t now_us)
{
    int64_t since_us = now_us - job->epoch_us;

    job->next_picture = since_us * job->demo->fps / SL_US_PER_S + 1;
    job->next_sound = since_us / SOUND_US + 1;
}

static void set_epoch(struct job *job)
{
    int64_t now_us = sl_now_us(), wall_us = now_us + wall_offset_us();

    job->epoch_wall_us = wall_us - wall_us % SL_US_PER_S;
    job->epoch_us = now_us - wall_us % SL_US_PER_S;
    move_to(job, now_us);
}

/* Once a second: summer time begins, somebody sets the clock. */
static void check_wall(struct job *job)
{
    time_t wall_s = (time_t)(sl_wall_ms() / 1000);
    int64_t step_us = wall_offset_us() - (job->epoch_wall_us - job->epoch_us);
    struct tm local;

    if (localtime_r(&wall_s, &local))
        job->zone_us = (int64_t)local.tm_gmtoff * SL_US_PER_S;
    if (step_us > WALL_STEP_US || step_us < -WALL_STEP_US)
        set_epoch(job);
}

static uint64_t ntp_of(int64_t wall_us)
{
    uint64_t s = (uint64_t)(wall_us / SL_US_PER_S), us = (uint64_t)(wall_us % SL_US_PER_S);

    return ((s + ntp_to_unix_s) << 32) | ((us << 32) / SL_US_PER_S);
}

/* What is encoded next belongs to this time. */
static void set_clock(struct job *job, int64_t local_us)
{
    job->clock = (struct sl_track_clock){
        .valid = true,
        .ntp = ntp_of(job->epoch_wall_us + (local_us - job->epoch_us)),
        .local_us = local_us,
    };
}

/* ---- Encoders ---- */

static int open_video(const struct sl_demo *demo, struct sl_video_encoder **out)
{
    const struct sl_video_encoder_config config = {
        .width = demo->width,
        .height = demo->height,
        .fps = demo->fps,
        /* Flat colours need a fifth of this; the rest is for key frames. */
        .bitrate_bps = 100000 + demo->width * demo->height * 3,
        .keyframe_interval = demo->fps * KEYFRAME_S,
        .preset = "superfast",
    };

    return sl_video_encoder_create(&config, out);
}

static int open_audio(struct sl_audio_encoder **out)
{
    static const struct sl_audio_encoder_config config = {
        .codec = SL_CODEC_OPUS,
        .rate_hz = DEMO_RATE_HZ,
        .channels = DEMO_CHANNELS,
        .bitrate_bps = SOUND_BITRATE_BPS,
    };

    return sl_audio_encoder_create(&config, out);
}

static void close_all(struct job *job)
{
    sl_picture_deinit(&job->picture);
    sl_video_encoder_destroy(job->video);
    sl_audio_encoder_destroy(job->audio);
    free(job->second);
    job->video = NULL;
    job->audio = NULL;
    job->second = NULL;
}

static int open_all(struct job *job)
{
    const struct sl_demo *demo = job->demo;
    int err = open_video(demo, &job->video);

    if (err == 0)
        err = open_audio(&job->audio);
    if (err == 0)
        err = sl_picture_create(demo->width, demo->height, &job->picture);
    if (err < 0)
        return err;
    sl_demo_picture_prepare(&job->picture);
    job->second = sl_new_array(int16_t, DEMO_RATE_HZ * DEMO_CHANNELS);
    sl_demo_sound_make(job->second);
    return 0;
}

int sl_demo_job_probe(const struct sl_demo *demo, struct sl_error *error)
{
    struct sl_video_encoder *video = NULL;
    struct sl_audio_encoder *audio = NULL;

    if (demo->width < DEMO_SIDE_MIN || demo->height < DEMO_SIDE_MIN || demo->fps < 1 ||
        demo->fps > FPS_MAX)
        return sl_error_set(error, -EINVAL, "demo: %d x %d at %d fps: sides from %d, 1 to %d fps",
                            demo->width, demo->height, demo->fps, DEMO_SIDE_MIN, FPS_MAX);
    int err = open_video(demo, &video);
    if (err < 0)
        return sl_error_set(error, err, "demo: no H264 encoder (libx264) for %d x %d: %s",
                            demo->width, demo->height, strerror(-err));
    sl_video_encoder_destroy(video);
    err = open_audio(&audio);
    if (err < 0)
        return sl_error_set(error, err, "demo: no opus encoder (libopus): %s", strerror(-err));
    sl_audio_encoder_destroy(audio);
    return 0;
}

/* ---- One picture, one piece of sound ---- */

static void on_video(void *arg, const struct sl_coded *coded)
{
    struct job *job = arg;

    if (sl_feed_post(job->demo, SL_VIDEO, job->clock.local_us, &job->clock, coded) < 0)
        job->keyframe_lost = true; /* what follows refers to it */
}

static void on_audio(void *arg, const struct sl_coded *coded)
{
    struct job *job = arg;

    /* The decoder gives back what went in so many samples ago. */
    int64_t delay_us = (int64_t)sl_audio_encoder_delay(job->audio) * SL_US_PER_S / DEMO_RATE_HZ;

    /* A frame lost here is a gap, as on any network. */
    (void)sl_feed_post(job->demo, SL_AUDIO, job->clock.local_us - delay_us, &job->clock, coded);
}

/* A picture that the worker has no time for is not encoded: the next one refers to the last that
 * was, and nothing needs to be dropped up to a key frame. */
static bool is_wanted(struct job *job, enum sl_media_kind kind)
{
    if (!atomic_load(&job->demo->watched[kind]))
        return false;
    if (sl_feed_has_room(job->demo, kind))
        return true;
    job->skipped += kind == SL_VIDEO;
    return false;
}

static void show_picture(struct job *job, int64_t n)
{
    struct sl_demo *demo = job->demo;
    int64_t at_us = picture_us(job, n);
    int64_t day_us = job->epoch_wall_us + job->zone_us + (at_us - job->epoch_us);
    bool flash = n % demo->fps * 1000 < DEMO_SIGNAL_MS * demo->fps;

    if (!is_wanted(job, SL_VIDEO))
        return;
    sl_demo_picture_draw(&job->picture, day_us, flash);
    job->picture.pts_us = at_us;
    set_clock(job, at_us);
    bool keyframe = atomic_exchange(&demo->keyframe_wanted, false) || job->keyframe_lost;
    job->keyframe_lost = false;
    if (sl_video_encoder_encode(job->video, &job->picture, keyframe, on_video, job) < 0)
        job->keyframe_lost = true; /* out of memory, and the next one may have some */
}

static void play_sound(struct job *job, int64_t n)
{
    const struct sl_pcm pcm = {
        .pts_us = sound_us(job, n),
        .rate_hz = DEMO_RATE_HZ,
        .channels = DEMO_CHANNELS,
        .count = SOUND_SAMPLES,
        .samples = job->second + n % SOUNDS_PER_S * SOUND_SAMPLES * DEMO_CHANNELS,
    };

    if (!is_wanted(job, SL_AUDIO))
        return;
    set_clock(job, pcm.pts_us);
    (void)sl_audio_encoder_encode(job->audio, &pcm, on_audio, job); /* out of memory: a gap */
}

/* ---- Pacing ---- */

static void sleep_until(int64_t at_us)
{
    const struct timespec at = {.tv_sec = at_us / SL_US_PER_S,
                                .tv_nsec = at_us % SL_US_PER_S * 1000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static void complain(struct job *job, int64_t now_us)
{
    if (job->skipped == 0 || now_us - job->complained_us < COMPLAIN_US)
        return;
    sl_log(SL_LOG_WARN, &job->demo->scope,
           "demo: %llu pictures skipped: the machine is too slow or too busy",
           (unsigned long long)job->skipped);
    job->skipped = 0;
    job->complained_us = now_us;
}

/* Behind: pictures whose successor is due are not shown; after a long pause nothing is made up. */
static void catch_up(struct job *job, int64_t now_us)
{
    int64_t picture = job->next_picture;

    if (now_us - sound_us(job, job->next_sound) > LATE_US)
        move_to(job, now_us);
    while (picture_us(job, job->next_picture + 1) <= now_us)
        job->next_picture++;
    job->skipped += (uint64_t)(job->next_picture - picture);
}

static void step(struct job *job)
{
    int64_t next_picture_us = picture_us(job, job->next_picture);
    int64_t next_sound_us = sound_us(job, job->next_sound);
    bool picture_first = next_picture_us <= next_sound_us;

    sleep_until(picture_first ? next_picture_us : next_sound_us);
    int64_t now_us = sl_now_us();
    catch_up(job, now_us);
    if (!picture_first) {
        if (sound_us(job, job->next_sound) <= now_us)
            play_sound(job, job->next_sound++);
        return;
    }
    if (picture_us(job, job->next_picture) > now_us)
        return;
    show_picture(job, job->next_picture++);
    if (job->next_picture % job->demo->fps == 0)
        check_wall(job);
    complain(job, now_us);
}

static bool is_watched(const struct sl_demo *demo)
{
    return !atomic_load(&demo->stopping) &&
           (atomic_load(&demo->watched[SL_AUDIO]) || atomic_load(&demo->watched[SL_VIDEO]));
}

/* From the first watcher to the last. */
static void perform(struct sl_demo *demo)
{
    struct job job = {.demo = demo};
    int err = open_all(&job);

    if (err < 0) {
        sl_log(SL_LOG_WARN, &demo->scope, "demo: cannot encode: %s; the next viewer may be luckier",
               strerror(-err));
    } else {
        sl_log(SL_LOG_DEBUG, &demo->scope, "demo: somebody watches");
        set_epoch(&job);
        check_wall(&job);
        job.complained_us = sl_now_us();
        while (is_watched(demo))
            step(&job);
        sl_log(SL_LOG_DEBUG, &demo->scope, "demo: nobody watches");
    }
    close_all(&job);
}

static void *run(void *arg)
{
    struct sl_demo *demo = arg;

    (void)pthread_setname_np(pthread_self(), "demo"); /* for people only */
    sl_mem_null_ends_this_thread();                   /* x264 writes to it */
    while (!atomic_load(&demo->stopping)) {
        while (sem_wait(&demo->wake) < 0)
            ; /* EINTR */
        if (is_watched(demo))
            perform(demo);
    }
    if (!atomic_load(&demo->discarded))
        sl_loop_post(sl_worker_loop(demo->worker), &demo->done_msg);
    return NULL;
}

int sl_demo_job_start(struct sl_demo *demo)
{
    return -pthread_create(&demo->thread, NULL, run, demo);
}
