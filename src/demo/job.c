/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The performance: a codec process draws, plays and encodes, and this beats time.
 *
 * Everything is counted from an epoch, a full second of the wall clock: picture n is at n / fps, 20
 * ms of sound n at n / 50. So flash and beep fall on the second together, and times are exact,
 * however late a timer is or a frame comes back. When the wall clock is set, there is a new epoch.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "demo/internal.h"
#include "media/media.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
    PICTURES = 0, /* the outputs of such a job */
    SOUND = 1,
    SOUND_US = SL_ENGINE_DEMO_BEEP_US,
    SOUNDS_PER_S = SL_US_PER_S / SOUND_US,
    KEYFRAME_MS = 10000,
    EARLY_US = SL_US_PER_MS,          /* the grain of a timer */
    LATE_US = 100 * SL_US_PER_MS,     /* what is later than this is skipped */
    WALL_STEP_US = 20 * SL_US_PER_MS, /* the wall clock was set, and nobody just measured badly */
    COMPLAIN_US = 60 * SL_US_PER_S,
    LOST_US = 2 * SL_US_PER_S, /* an order that was not answered for so long never is */
};

static const size_t orders_max[] = {[SL_AUDIO] = SL_DEMO_ORDERS_MAX, [SL_VIDEO] = 8};

/* NTP's years begin in 1900, the wall clock's in 1970. */
static const uint64_t ntp_to_unix_s = 2208988800U;

static const enum sl_codec codecs[] = {[SL_AUDIO] = SL_CODEC_OPUS, [SL_VIDEO] = SL_CODEC_H264};

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

static int64_t picture_us(const struct performance *performance, int64_t n)
{
    return performance->epoch_us + n * SL_US_PER_S / performance->demo->fps;
}

static int64_t sound_us(const struct performance *performance, int64_t n)
{
    return performance->epoch_us + n * SOUND_US;
}

/* The next of both that are not over yet. */
static void move_to(struct performance *performance, int64_t now_us)
{
    int64_t since_us = now_us - performance->epoch_us;

    performance->next_picture = since_us * performance->demo->fps / SL_US_PER_S + 1;
    performance->next_sound = since_us / SOUND_US + 1;
}

static void set_epoch(struct performance *performance)
{
    int64_t now_us = sl_now_us(), wall_us = now_us + wall_offset_us();

    performance->epoch_wall_us = wall_us - wall_us % SL_US_PER_S;
    performance->epoch_us = now_us - wall_us % SL_US_PER_S;
    move_to(performance, now_us);
}

/* Once a second: summer time begins, somebody sets the clock. */
static void check_wall(struct performance *performance)
{
    time_t wall_s = (time_t)(sl_wall_ms() / 1000);
    int64_t step_us = wall_offset_us() - (performance->epoch_wall_us - performance->epoch_us);
    struct tm local;

    if (localtime_r(&wall_s, &local))
        performance->zone_us = (int64_t)local.tm_gmtoff * SL_US_PER_S;
    if (step_us > WALL_STEP_US || step_us < -WALL_STEP_US)
        set_epoch(performance);
}

static uint64_t ntp_of(int64_t wall_us)
{
    uint64_t s = (uint64_t)(wall_us / SL_US_PER_S), us = (uint64_t)(wall_us % SL_US_PER_S);

    return ((s + ntp_to_unix_s) << 32) | ((us << 32) / SL_US_PER_S);
}

/* ---- Orders ---- */

/* Nobody watches, or the process has no time for it: a picture that is not encoded is one that no
 * other refers to, and nothing needs to be dropped up to a key frame. */
static bool is_wanted(struct performance *performance, enum sl_media_kind kind, int64_t at_us)
{
    struct orders *orders = &performance->orders[kind];

    if (!performance->demo->watched[kind])
        return false;
    if (orders->count > 0 && at_us - orders->at[0].local_us > LOST_US)
        orders->count = 0;
    return orders->count < orders_max[kind];
}

static bool order(struct performance *performance, enum sl_media_kind kind,
                  struct sl_engine_message *message)
{
    struct orders *orders = &performance->orders[kind];

    if (!sl_codec_job_send(performance->demo->job, message))
        return false;
    orders->at[orders->count++] = (struct sl_track_clock){
        .valid = true,
        .ntp = ntp_of(performance->epoch_wall_us + (message->pts_us - performance->epoch_us)),
        .local_us = message->pts_us,
    };
    return true;
}

static void show_picture(struct performance *performance, int64_t n)
{
    struct sl_demo *demo = performance->demo;
    int64_t at_us = picture_us(performance, n);
    struct sl_engine_message draw = {
        .type = SL_ENGINE_DRAW,
        .keyframe = demo->keyframe_wanted,
        .flash = n % demo->fps * 1000 < SL_ENGINE_DEMO_SIGNAL_MS * demo->fps,
        .pts_us = at_us,
        .at_us =
            (performance->epoch_wall_us + performance->zone_us + (at_us - performance->epoch_us)) %
            (24 * 3600 * (int64_t)SL_US_PER_S),
    };

    if (!demo->watched[SL_VIDEO])
        return;
    if (is_wanted(performance, SL_VIDEO, at_us) && order(performance, SL_VIDEO, &draw))
        demo->keyframe_wanted = false;
    else
        performance->skipped++;
}

static void play_sound(struct performance *performance, int64_t n)
{
    struct sl_engine_message beep = {
        .type = SL_ENGINE_BEEP,
        .pts_us = sound_us(performance, n),
        .at_us = n % SOUNDS_PER_S * SOUND_US,
    };

    if (is_wanted(performance, SL_AUDIO, beep.pts_us))
        (void)order(performance, SL_AUDIO, &beep); /* one left out is a gap, as on any network */
}

/* ---- Pacing ---- */

static void complain(struct performance *performance, int64_t now_us)
{
    if (performance->skipped == 0 || now_us - performance->complained_us < COMPLAIN_US)
        return;
    sl_log(SL_LOG_WARN, &performance->demo->scope,
           "demo: %llu pictures skipped: the machine is too slow or too busy",
           (unsigned long long)performance->skipped);
    performance->skipped = 0;
    performance->complained_us = now_us;
}

/* Behind: pictures whose successor is due are not shown; after a long pause nothing is made up. */
static void catch_up(struct performance *performance, int64_t now_us)
{
    int64_t picture = performance->next_picture;

    if (now_us - sound_us(performance, performance->next_sound) > LATE_US)
        move_to(performance, now_us);
    while (picture_us(performance, performance->next_picture + 1) <= now_us)
        performance->next_picture++;
    performance->skipped += (uint64_t)(performance->next_picture - picture);
}

static int64_t next_us(const struct performance *performance)
{
    int64_t next_picture_us = picture_us(performance, performance->next_picture);
    int64_t next_sound_us = sound_us(performance, performance->next_sound);

    return next_picture_us <= next_sound_us ? next_picture_us : next_sound_us;
}

static void step(struct performance *performance)
{
    if (picture_us(performance, performance->next_picture) >
        sound_us(performance, performance->next_sound)) {
        play_sound(performance, performance->next_sound++);
        return;
    }
    show_picture(performance, performance->next_picture++);
    if (performance->next_picture % performance->demo->fps == 0)
        check_wall(performance);
}

static void on_timer(void *owner)
{
    struct performance *performance = owner;
    int64_t now_us = sl_now_us();

    if (!performance->open) { /* again, after a failure */
        sl_demo_look(performance->demo);
        return;
    }
    catch_up(performance, now_us);
    while (next_us(performance) <= now_us + EARLY_US)
        step(performance);
    complain(performance, now_us);
    int64_t wait_us = next_us(performance) - now_us;
    sl_timer_start(performance->timer, (uint64_t)(wait_us / SL_US_PER_MS), 0);
}

/* ---- From the first watcher to the last ---- */

static void begin(struct performance *performance)
{
    const struct sl_demo *demo = performance->demo;
    struct sl_engine_message open = {
        .type = SL_ENGINE_OPEN,
        .kind = SL_ENGINE_DEMO,
        .form.pictures = {.width = (uint16_t)demo->width,
                          .height = (uint16_t)demo->height,
                          .fps_max = (uint8_t)demo->fps,
                          .gop_ms = KEYFRAME_MS},
    };

    sl_log(SL_LOG_DEBUG, &demo->scope, "demo: somebody watches");
    performance->open = true;
    (void)sl_codec_job_send(demo->job, &open); /* orders are never left out */
    memset(performance->orders, 0, sizeof(performance->orders));
    set_epoch(performance);
    check_wall(performance);
    performance->complained_us = sl_now_us();
    on_timer(performance);
}

static void end(struct performance *performance)
{
    struct sl_engine_message close = {.type = SL_ENGINE_CLOSE};

    sl_log(SL_LOG_DEBUG, &performance->demo->scope, "demo: nobody watches");
    performance->open = false;
    (void)sl_codec_job_send(performance->demo->job, &close); /* an order */
    sl_timer_stop(performance->timer);
}

void sl_demo_look(struct sl_demo *demo)
{
    struct performance *performance = &demo->performance;
    bool wanted = performance->up && !performance->stopped &&
                  (demo->watched[SL_AUDIO] || demo->watched[SL_VIDEO]);

    if (wanted && !performance->open)
        begin(performance);
    else if (!wanted && performance->open)
        end(performance);
}

void sl_demo_leave(struct sl_demo *demo)
{
    demo->performance.stopped = true;
    sl_demo_look(demo);
    sl_timer_destroy(demo->performance.timer);
    demo->performance.timer = NULL;
}

/* ---- The process ---- */

void sl_demo_on_up(void *owner, bool again, bool crowded)
{
    struct sl_demo *demo = owner;
    struct performance *performance = &demo->performance;

    (void)again;
    (void)crowded;
    performance->up = true;
    if (!performance->timer && !performance->stopped)
        performance->timer = sl_timer_create(sl_worker_loop(demo->worker), on_timer, performance);
    sl_demo_look(demo);
}

void sl_demo_on_down(void *owner)
{
    struct performance *performance = &((struct sl_demo *)owner)->performance;

    performance->up = false;
    performance->open = false;
    if (performance->timer)
        sl_timer_stop(performance->timer);
}

static int give(struct sl_demo *demo, enum sl_media_kind kind, const struct sl_track_clock *clock,
                const struct sl_engine_message *report)
{
    struct sl_track *track = sl_stream_track(demo->stream, kind);
    struct sl_frame *frame = sl_frame_create(codecs[kind], report->len);

    if (!frame)
        return -ENOMEM;
    frame->keyframe = report->keyframe;
    frame->pts_us = report->pts_us;
    frame->dts_us = report->pts_us;
    memcpy(frame->data, report->data, report->len);
    sl_track_set_clock(track, clock);
    sl_track_input_frame(track, frame);
    demo->given[kind]++;
    return 0;
}

/* Which order this answers, whose number of all is *n. Sound is of a little before its order, by
 * the encoder's delay. */
static bool find_order(const struct orders *orders, enum sl_media_kind kind, int64_t pts_us,
                       size_t *n)
{
    int64_t early_us = kind == SL_AUDIO ? SOUND_US : 1;

    for (*n = 0; *n < orders->count; (*n)++) {
        int64_t order_us = orders->at[*n].local_us;
        if (pts_us <= order_us)
            return order_us - pts_us < early_us;
    }
    return false;
}

/* A stranger's word: what was not ordered is not taken. */
static void take_coded(struct performance *performance, const struct sl_engine_message *report)
{
    enum sl_media_kind kind = report->output == PICTURES ? SL_VIDEO : SL_AUDIO;
    struct orders *orders = &performance->orders[kind];
    size_t n;

    if ((report->output != PICTURES && report->output != SOUND) || report->codec != codecs[kind] ||
        !find_order(orders, kind, report->pts_us, &n))
        return;
    const struct sl_track_clock clock = orders->at[n];
    orders->count -= n + 1;
    memmove(orders->at, orders->at + n + 1, orders->count * sizeof(orders->at[0]));
    if (give(performance->demo, kind, &clock, report) < 0 && kind == SL_VIDEO)
        performance->demo->keyframe_wanted = true; /* what follows refers to it */
}

void sl_demo_on_report(void *owner, const struct sl_engine_message *report)
{
    struct sl_demo *demo = owner;
    struct performance *performance = &demo->performance;

    if (!performance->open)
        return;
    if (report->type == SL_ENGINE_CODED) {
        take_coded(performance, report);
    } else if (report->type == SL_ENGINE_FAILED) {
        sl_log(SL_LOG_WARN, &demo->scope, "demo: cannot be encoded: %s; it is tried again",
               strerror(-report->err));
        performance->open = false;
        sl_timer_start(performance->timer, SL_DEMO_RETRY_MS, 0);
    }
}
