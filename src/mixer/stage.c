/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mixer on its worker: while somebody takes what it makes, a timer says to the jobs in the codec
 * processes how far time has come, and what they have made goes to the outlets.
 *
 * Picture n is at n / fps after the epoch, 20 ms of sound n at n / 50; time stamps are exact,
 * however late the timer is. A picture that could not be ordered in time is left out.
 */
#include "mixer/internal.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <string.h>

enum {
    SOUND_US = 20 * SL_US_PER_MS,
    EARLY_US = SL_US_PER_MS, /* the grain of a timer */
    KEYFRAME_MS = 2000,
    FIRST_US = 700 * SL_US_PER_MS, /* the first picture waits so long for all inputs' first ones */
};

static const enum sl_engine_kind job_kinds[KINDS] = {
    [SL_AUDIO] = SL_ENGINE_MIX, [SL_VIDEO] = SL_ENGINE_MOSAIC};

static void start_lane(const struct stage *stage, struct input *input, enum sl_media_kind kind)
{
    if (stage->open[kind] && !(kind == SL_VIDEO && input->hidden))
        sl_lane_start(&input->lanes[kind]);
}

/* The job forgets it; what comes makes it anew. */
static void send_leave(struct stage *stage, const struct input *input, enum sl_media_kind kind)
{
    struct sl_engine_message leave = {.type = SL_ENGINE_LEAVE, .input = input->id};

    if (stage->open[kind])
        sl_stage_order(stage, kind, &leave);
}

void sl_stage_set_hidden(struct sl_mixer *mixer, struct input *input, bool hidden)
{
    struct stage *stage = &mixer->stage;

    if (input->hidden == hidden)
        return;
    input->hidden = hidden;
    if (!hidden) {
        start_lane(stage, input, SL_VIDEO);
        return;
    }
    sl_lane_stop(&input->lanes[SL_VIDEO]);
    send_leave(stage, input, SL_VIDEO);
    input->cell = (struct sl_engine_cell){0};
}

void sl_stage_enter(struct sl_mixer *mixer, struct input *input)
{
    struct stage *stage = &mixer->stage;

    sl_list_append(&stage->inputs, &input->on_stage);
    sl_stage_arrange(mixer);
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        start_lane(stage, input, kind);
}

void sl_stage_leave(struct sl_mixer *mixer, struct input *input)
{
    struct stage *stage = &mixer->stage;

    sl_list_remove(&input->on_stage);
    if (stage->leader == input)
        stage->leader = NULL;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        sl_lane_stop(&input->lanes[kind]);
        send_leave(stage, input, kind);
    }
    sl_stage_arrange(mixer);
}

/* ---- Outputs ---- */

static uint8_t fps_of(const struct stage *stage)
{
    int fps = stage->settings.fps / stage->pace.divisor;

    return (uint8_t)(fps > 0 ? fps : 1);
}

static struct sl_engine_pictures form_of(const struct sl_mixer *mixer)
{
    const struct sl_mixer_settings *settings = &mixer->stage.settings;

    return (struct sl_engine_pictures){
        .width = settings->width,
        .height = settings->height,
        .bitrate_bps = settings->bitrate_kbps * 1000,
        .fps_max = fps_of(&mixer->stage),
        .gop_ms = KEYFRAME_MS,
        .pixels_max = mixer->input_pixels_max,
        .quick = true,
    };
}

static void order_pictures(struct sl_mixer *mixer)
{
    struct sl_engine_message output = {
        .type = SL_ENGINE_OUTPUT, .codec = SL_CODEC_H264, .form.pictures = form_of(mixer)};

    sl_stage_order(&mixer->stage, SL_VIDEO, &output);
}

/* Only sums that somebody takes are encoded. */
static void order_sound(struct stage *stage)
{
    struct outlet *outlet;

    sl_list_foreach(outlet, &stage->outlets, struct outlet, on_stage)
    {
        struct sl_engine_message output = {
            .type = outlet->taken[SL_AUDIO] ? SL_ENGINE_OUTPUT : SL_ENGINE_DROP,
            .output = outlet->id,
            .input = outlet->id,
            .codec = stage->settings.audio_codec,
            .form.sound = {.channels = stage->settings.channels},
        };
        if (outlet->taken[SL_AUDIO] == outlet->ordered)
            continue;
        outlet->ordered = outlet->taken[SL_AUDIO];
        sl_stage_order(stage, SL_AUDIO, &output);
    }
}

void sl_stage_outlet_left(struct sl_mixer *mixer, struct outlet *outlet)
{
    struct stage *stage = &mixer->stage;
    struct sl_engine_message drop = {.type = SL_ENGINE_DROP, .output = outlet->id};

    if (outlet->ordered && stage->open[SL_AUDIO])
        sl_stage_order(stage, SL_AUDIO, &drop);
    sl_stage_look(mixer);
}

/* ---- Time ---- */

static int64_t period_us(const struct stage *stage, enum sl_media_kind kind)
{
    return kind == SL_AUDIO ? SOUND_US : SL_US_PER_S / fps_of(stage);
}

static int64_t time_of(const struct stage *stage, enum sl_media_kind kind, int64_t n)
{
    return stage->epoch_us + n * period_us(stage, kind);
}

static int64_t last_before(const struct stage *stage, enum sl_media_kind kind, int64_t now_us)
{
    return (now_us - stage->epoch_us) / period_us(stage, kind);
}

static void advance_sound(struct stage *stage, int64_t now_us)
{
    int64_t n = last_before(stage, SL_AUDIO, now_us);
    struct sl_engine_message advance = {.type = SL_ENGINE_ADVANCE,
                                        .pts_us = time_of(stage, SL_AUDIO, n)};

    if (n < stage->next[SL_AUDIO])
        return;
    stage->next[SL_AUDIO] = n + 1;
    sl_stage_order(stage, SL_AUDIO, &advance);
}

static void order_keyframe(struct stage *stage, int64_t now_us)
{
    struct sl_engine_message keyframe = {.type = SL_ENGINE_KEYFRAME};

    if (sl_mixer_keyframes_take(&stage->keyframes, now_us))
        sl_stage_order(stage, SL_VIDEO, &keyframe);
}

/* The process has not yet given what it was asked for before. */
static bool is_behind(struct stage *stage, int64_t now_us)
{
    bool lost;
    bool has_room = sl_mixer_orders_has_room(&stage->orders, now_us, &lost);

    stage->keyframes.wanted |= lost; /* what comes next may refer to what is not taken any more */
    return !has_room;
}

/* Who comes to see, or takes one picture alone, should not see an empty one. */
static bool waits_for_first(const struct stage *stage, int64_t now_us)
{
    struct input *input;

    if (now_us - stage->since_us > FIRST_US)
        return false;
    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
    {
        if (sl_input_is_seen(input) && !input->lanes[SL_VIDEO].given)
            return true;
    }
    return false;
}

/* Each is large: where too much waits, it goes before a later picture. */
static void give_images(struct stage *stage)
{
    for (size_t i = 0; i < SL_ENGINE_IMAGES; i++) {
        const struct sl_blob *file = stage->images[i];
        struct sl_engine_message image = {.type = SL_ENGINE_IMAGE,
                                          .image = (enum sl_engine_image)i};
        if (!file || stage->image_given[i])
            continue;
        image.data = file->data;
        image.len = file->len;
        stage->image_given[i] = sl_codec_job_send(stage->jobs[SL_VIDEO], &image);
    }
}

static bool order_picture(struct stage *stage, int64_t pts_us, int64_t now_us)
{
    struct sl_engine_message draw = {.type = SL_ENGINE_DRAW, .pts_us = pts_us};

    if (is_behind(stage, now_us))
        return false;
    give_images(stage);
    order_keyframe(stage, now_us);
    if (!sl_codec_job_send(stage->jobs[SL_VIDEO], &draw))
        return false;
    sl_mixer_orders_add(&stage->orders, pts_us, now_us);
    return true;
}

static void set_pace(struct sl_mixer *mixer, int64_t now_us)
{
    struct stage *stage = &mixer->stage;

    sl_log(SL_LOG_WARN, &mixer->scope, "mixer: %u pictures a second, as the machine can",
           fps_of(stage));
    stage->next[SL_VIDEO] = last_before(stage, SL_VIDEO, now_us) + 1;
    atomic_store_explicit(&stage->fps, fps_of(stage), memory_order_relaxed);
    order_pictures(mixer);
}

static void advance_pictures(struct sl_mixer *mixer, int64_t now_us)
{
    struct stage *stage = &mixer->stage;
    int64_t n = last_before(stage, SL_VIDEO, now_us);
    struct input *input;

    if (n < stage->next[SL_VIDEO])
        return;
    stage->next[SL_VIDEO] = n + 1;
    /* Nothing is to be seen: once a second, so that players stay. */
    if (sl_list_empty(&stage->inputs) && !stage->keyframes.wanted && n % fps_of(stage) != 0)
        return;
    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
        sl_lane_pour(&input->lanes[SL_VIDEO], time_of(stage, SL_VIDEO, n));
    if (waits_for_first(stage, now_us))
        return;
    bool left_out = !order_picture(stage, time_of(stage, SL_VIDEO, n), now_us);
    if (left_out)
        sl_count(sl_worker_counters(mixer->worker), SL_COUNTER_MIXER_TICKS_MISSED, 1);
    if (sl_mixer_pace_note(&stage->pace, left_out, now_us))
        set_pace(mixer, now_us);
}

static void on_timer(void *owner)
{
    struct sl_mixer *mixer = owner;
    struct stage *stage = &mixer->stage;
    int64_t now_us = sl_now_us(), next_us = INT64_MAX;

    if (stage->open[SL_AUDIO])
        advance_sound(stage, now_us + EARLY_US);
    if (stage->open[SL_VIDEO])
        advance_pictures(mixer, now_us + EARLY_US);
    for (size_t kind = 0; kind < KINDS; kind++) {
        int64_t due_us = time_of(stage, (enum sl_media_kind)kind, stage->next[kind]);
        if (stage->open[kind] && due_us < next_us)
            next_us = due_us;
    }
    if (next_us == INT64_MAX)
        return;
    int64_t wait_us = next_us - now_us;
    sl_timer_start(stage->timer, wait_us > 0 ? (uint64_t)(wait_us / SL_US_PER_MS) : 0, 0);
}

/* ---- From the first taker to the last, as far as there is a process ---- */

static void open_job(struct sl_mixer *mixer, enum sl_media_kind kind)
{
    struct stage *stage = &mixer->stage;
    struct sl_engine_message open = {.type = SL_ENGINE_OPEN, .kind = job_kinds[kind]};

    if (kind == SL_VIDEO)
        open.form.pictures = form_of(mixer);
    else
        open.form.sound.channels = stage->settings.channels;
    sl_stage_order(stage, kind, &open);
}

/* A job that has just been opened knows nothing of what one before it was told. */
static void forget_orders(struct stage *stage, enum sl_media_kind kind)
{
    struct input *input;
    struct outlet *outlet;

    sl_list_foreach(outlet, &stage->outlets, struct outlet, on_stage)
    {
        if (kind == SL_AUDIO)
            outlet->ordered = false;
    }
    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
    {
        if (kind == SL_VIDEO)
            input->cell = (struct sl_engine_cell){0};
    }
}

static void begin(struct sl_mixer *mixer, enum sl_media_kind kind)
{
    struct stage *stage = &mixer->stage;
    int64_t now_us = sl_now_us();
    struct input *input;

    if (!stage->open[SL_AUDIO] && !stage->open[SL_VIDEO])
        stage->epoch_us = now_us;
    stage->open[kind] = true;
    open_job(mixer, kind);
    if (kind == SL_VIDEO) {
        stage->orders.count = 0;
        memset(stage->image_given, 0, sizeof(stage->image_given));
        stage->since_us = now_us;
        sl_mixer_pace_init(&stage->pace, now_us);
        atomic_store_explicit(&stage->fps, fps_of(stage), memory_order_relaxed);
        order_pictures(mixer);
    }
    forget_orders(stage, kind);
    stage->next[kind] = last_before(stage, kind, now_us);
    sl_stage_arrange(mixer);
    if (kind == SL_AUDIO)
        advance_sound(stage, now_us); /* there is a time before the first packet comes */
    sl_list_foreach(input, &stage->inputs, struct input, on_stage) start_lane(stage, input, kind);
}

static void end(struct stage *stage, enum sl_media_kind kind, bool tell)
{
    struct sl_engine_message close = {.type = SL_ENGINE_CLOSE};
    struct input *input;

    stage->open[kind] = false;
    if (kind == SL_VIDEO)
        atomic_store_explicit(&stage->fps, 0, memory_order_relaxed);
    sl_list_foreach(input, &stage->inputs, struct input, on_stage)
        sl_lane_stop(&input->lanes[kind]);
    if (tell)
        sl_stage_order(stage, kind, &close);
}

static bool is_taken(const struct stage *stage, enum sl_media_kind kind)
{
    struct outlet *outlet;

    sl_list_foreach(outlet, &stage->outlets, struct outlet, on_stage)
    {
        if (outlet->taken[kind])
            return true;
    }
    return false;
}

void sl_stage_look(struct sl_mixer *mixer)
{
    struct stage *stage = &mixer->stage;

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        bool wanted = stage->up[kind] && !stage->stopped && is_taken(stage, kind);
        if (wanted && !stage->open[kind])
            begin(mixer, kind);
        else if (!wanted && stage->open[kind])
            end(stage, kind, stage->up[kind]);
    }
    if (stage->open[SL_AUDIO])
        order_sound(stage);
    if (!stage->open[SL_AUDIO] && !stage->open[SL_VIDEO])
        return;
    if (!stage->timer)
        stage->timer = sl_timer_create(sl_worker_loop(mixer->worker), on_timer, mixer);
    on_timer(mixer);
}

void sl_stage_stop(struct sl_mixer *mixer)
{
    mixer->stage.stopped = true;
    sl_stage_look(mixer);
    sl_timer_destroy(mixer->stage.timer);
    mixer->stage.timer = NULL;
}

void sl_stage_set_up(struct sl_mixer *mixer, enum sl_media_kind kind, bool up)
{
    mixer->stage.up[kind] = up;
    sl_stage_look(mixer);
}
