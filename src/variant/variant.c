/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which variants there are, and their lives. */
#include "variant/internal.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    LOAD_CHECK_MS = 1000,
    OVERLOAD_US = 10 * SL_US_PER_S, /* media-outputs.md 2.6 */
    /* How a rate follows its takers. Another one costs an encoder of VP8 a key frame. */
    PAYLOAD_PERCENT = 92, /* of what a link takes: headers, and what a picture is too large */
    RATE_STEP_PERCENT = 8,
    RATE_STEP_ANEW_PERCENT = 15,
    RATE_EVERY_US = SL_US_PER_S,
    RATE_EVERY_ANEW_US = 3 * SL_US_PER_S,
};

/* ---- The worker's side: frames into the track ---- */

static struct sl_track *track_of(const struct sl_variant *variant)
{
    return sl_stream_track(variant->stream, variant->studio->kind);
}

static void note_size(struct sl_variant *variant, const struct sl_engine_message *report)
{
    if (report->width == 0 ||
        (report->width == variant->width && report->height == variant->height))
        return;
    variant->width = report->width;
    variant->height = report->height;
    sl_track_set_size(track_of(variant), report->width, report->height);
}

/* The narrowest taker takes more or less than it is made for. */
static void follow_takers(struct sl_variant *variant)
{
    struct sl_engine_pictures *form = &variant->output.order.form.pictures;
    bool anew = variant->want.codec == SL_CODEC_VP8;
    uint64_t wanted = (uint64_t)variant->bound_bps * PAYLOAD_PERCENT / 100;
    uint64_t step = form->bitrate_bps * (anew ? RATE_STEP_ANEW_PERCENT : RATE_STEP_PERCENT) / 100;
    int64_t now_us = sl_now_us();

    if (wanted > variant->want.bitrate_max_bps)
        wanted = variant->want.bitrate_max_bps;
    if (now_us - variant->rate_since_us < (anew ? RATE_EVERY_ANEW_US : RATE_EVERY_US) ||
        (wanted < form->bitrate_bps + step && wanted + step > form->bitrate_bps))
        return;
    variant->rate_since_us = now_us;
    form->bitrate_bps = (uint32_t)wanted;
    atomic_store_explicit(&variant->bitrate_bps, (uint32_t)wanted, memory_order_relaxed);
    sl_studio_order_again(&variant->output);
}

static void take_frame(struct sl_variant *variant, const struct sl_engine_message *report)
{
    struct sl_frame *frame = sl_engine_frame(report);

    if (!frame)
        return;
    atomic_fetch_add_explicit(&variant->frames, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&variant->bytes, report->len, memory_order_relaxed);
    note_size(variant, report);
    if (variant->bound_bps > 0)
        follow_takers(variant);
    sl_track_input_frame(track_of(variant), frame);
}

static void fail(struct sl_variant *variant, int err)
{
    if (variant->failing)
        return;
    variant->failing = true;
    atomic_store(&variant->failure, err);
    sl_loop_post(variant->studio->variants->config.control, &variant->failed_msg);
}

static void on_report(struct output *output, const struct sl_engine_message *report)
{
    struct sl_variant *variant = sl_container_of(output, struct sl_variant, output);

    if (report->type == SL_ENGINE_CODED)
        take_frame(variant, report);
    else if (report->type == SL_ENGINE_FAILED)
        fail(variant, report->err);
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_variant *variant = owner;

    (void)track;
    sl_studio_order_keyframe(&variant->output);
}

static void on_bound(void *owner, struct sl_track *track, uint64_t bitrate_bps)
{
    struct sl_variant *variant = owner;

    (void)track;
    if (variant->want.follows)
        variant->bound_bps = bitrate_bps < UINT32_MAX ? (uint32_t)bitrate_bps : UINT32_MAX;
}

static const struct sl_source_ops source_ops = {
    .protocol = "variant",
    .request_keyframe = request_keyframe,
    .on_bound = on_bound,
};

/* ---- The end [control] ---- */

/* Its players hear of it as of any stream's end. */
static void end(struct sl_variant *variant, int why)
{
    if (!variant->why)
        variant->why = why;
    sl_stream_end(variant->stream);
}

static void begin_close(struct sl_variant *variant)
{
    if (variant->closing)
        return;
    variant->closing = true;
    sl_timer_stop(variant->idle_timer);
    sl_stream_end(variant->stream);
    sl_studio_remove(&variant->output);
}

static void on_gone(struct output *output)
{
    struct sl_variant *variant = sl_container_of(output, struct sl_variant, output);
    struct sl_variants *variants = variant->studio->variants;

    variants->count--;
    variants->picture_count -= variant->studio->kind == SL_VIDEO;
    sl_stream_release(variant->stream);
    sl_timer_destroy(variant->idle_timer);
    sl_list_remove(&variant->link);
    free(variant);
}

static bool is_over(const struct sl_variant *variant)
{
    return variant->why || variant->studio->ended || variant->studio->variants->stopping;
}

static void end_or_close(struct sl_variant *variant, int why)
{
    end(variant, why);
    if (variant->refs == 0)
        begin_close(variant);
}

static void on_failed(struct sl_msg *msg)
{
    struct sl_variant *variant = sl_container_of(msg, struct sl_variant, failed_msg);
    int err = atomic_load(&variant->failure);

    if (variant->closing || variant->why)
        return;
    sl_log(SL_LOG_WARN, &variant->studio->scope, "variant: %s cannot be made: %s",
           sl_codec_name(variant->want.codec), strerror(-err));
    end_or_close(variant, err);
}

static void on_studio_end(struct output *output)
{
    struct sl_variant *variant = sl_container_of(output, struct sl_variant, output);

    end_or_close(variant, variant->studio->failure);
}

static void on_idle(void *owner)
{
    begin_close(owner);
}

/* ---- Too much to do [control] ---- */

/* What only makes a narrow link's pictures more goes first. */
static bool goes_before(const struct sl_variant *variant, const struct sl_variant *other)
{
    return variant->want.follows != other->want.follows ? variant->want.follows
                                                        : variant->since_us > other->since_us;
}

static struct sl_variant *find_youngest(struct sl_variants *variants)
{
    struct sl_variant *youngest = NULL, *variant;
    struct studio *studio;

    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        if (studio->kind == SL_AUDIO)
            continue;
        sl_list_foreach(variant, &studio->made, struct sl_variant, link)
        {
            if (!variant->why && (!youngest || goes_before(variant, youngest)))
                youngest = variant;
        }
    }
    return youngest;
}

static bool is_late(const struct sl_variants *variants)
{
    const struct studio *studio;

    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        if (!studio->ended && studio->late_since_us > 0)
            return true;
    }
    return false;
}

static bool is_overloaded(struct sl_variants *variants, int64_t now_us)
{
    struct studio *studio;

    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        if (!studio->ended && studio->late_since_us > 0 &&
            now_us - studio->late_since_us > OVERLOAD_US)
            return true;
    }
    return false;
}

static void on_load_check(void *owner)
{
    struct sl_variants *variants = owner;
    int64_t now_us = sl_now_us();
    struct sl_variant *youngest;
    struct studio *studio;

    if (!is_overloaded(variants, now_us) || !(youngest = find_youngest(variants)))
        return;
    sl_log(SL_LOG_WARN, &youngest->studio->scope,
           "variant: the machine cannot keep up with %zu of them: the youngest ends",
           variants->picture_count);
    sl_count(variants->config.counters, SL_COUNTER_VARIANTS_OVERLOADED, 1);
    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        if (studio->late_since_us > 0)
            studio->late_since_us = now_us; /* each end gets its time to help */
    }
    end_or_close(youngest, -EBUSY);
}

/* ---- The beginning [control] ---- */

static struct sl_variant *find(struct studio *studio, const struct sl_variant_want *want)
{
    struct sl_variant *variant;

    sl_list_foreach(variant, &studio->made, struct sl_variant, link)
    {
        if (!variant->closing && !variant->why && sl_variant_wants_equal(&variant->want, want))
            return variant;
    }
    return NULL;
}

static int create_stream(struct sl_variant *variant, struct sl_stream *of)
{
    struct sl_variants *variants = variant->studio->variants;
    struct sl_stream_config config = {
        .of = of,
        .worker = variant->studio->worker,
        .ops = &source_ops,
        .owner = variant,
    };

    sl_want_track(&variant->want, &config.tracks[variant->studio->kind]);
    int err = sl_stream_create(variants->config.streams, &config, &variant->stream);
    if (err == 0)
        sl_stream_set_live(variant->stream);
    return err;
}

static int create(struct studio *studio, const struct sl_variant_want *want,
                  struct sl_variant **out)
{
    struct sl_variants *variants = studio->variants;
    struct sl_variant *variant = sl_new(struct sl_variant);

    variant->studio = studio;
    variant->want = *want;
    variant->bitrate_bps = want->bitrate_bps;
    int err = create_stream(variant, studio->stream);
    if (err < 0) {
        free(variant);
        return err;
    }
    variant->since_ms = sl_wall_ms();
    variant->since_us = sl_now_us();
    variant->idle_timer = sl_timer_create(variants->config.control, on_idle, variant);
    variant->failed_msg.run = on_failed;
    variant->output.on_report = on_report;
    variant->output.on_end = on_studio_end;
    variant->output.on_gone = on_gone;
    sl_want_order(variants->config.config, want, &variant->output.order);
    sl_list_append(&studio->made, &variant->link);
    variants->count++;
    variants->picture_count += studio->kind == SL_VIDEO;
    sl_count(variants->config.counters, SL_COUNTER_VARIANTS_MADE, 1);
    sl_studio_add(studio, &variant->output);
    *out = variant;
    return 0;
}

static int admit(struct sl_variants *variants, const struct sl_stream *stream,
                 enum sl_media_kind kind)
{
    int64_t max = variants->config.config->transcoders_max;

    if (kind == SL_AUDIO)
        return 0; /* it is cheap; whose source is in quarantine hears of it later */
    if (max > 0 && variants->picture_count >= (size_t)max)
        return -EBUSY;
    int err = sl_transcoder_admit(variants->config.transcoder, sl_stream_name(stream));
    return err == -EAGAIN ? -EBUSY : err;
}

static bool can_be_made(struct sl_stream *stream, const struct sl_variant_want *want)
{
    return sl_variant_is_possible(sl_stream_codec(stream, sl_codec_kind(want->codec)), want->codec);
}

static int make(struct sl_variants *variants, struct sl_stream *stream, struct studio *studio,
                const struct sl_variant_want *want, struct sl_variant **out)
{
    enum sl_media_kind kind = sl_codec_kind(want->codec);
    int err = want->follows && is_late(variants) ? -EBUSY : admit(variants, stream, kind);

    if (err < 0) {
        sl_count(variants->config.counters, SL_COUNTER_VARIANTS_REFUSED, 1);
        return err;
    }
    if (!studio)
        studio = sl_studio_create(variants, stream, kind);
    err = create(studio, want, out);
    if (err < 0)
        sl_studio_check(studio);
    return err == -ENOBUFS ? -EBUSY : err;
}

int sl_variant_take(struct sl_variants *variants, struct sl_stream *stream,
                    const struct sl_variant_want *want, struct sl_variant **out)
{
    struct sl_variant_want settled = *want;

    if (variants->stopping)
        return -EBUSY;
    if (!can_be_made(stream, want))
        return -ENOSYS;
    int err = sl_want_settle(variants->config.config, &settled);
    if (err < 0)
        return err;
    struct studio *studio = sl_studio_find(variants, stream, sl_codec_kind(want->codec));
    struct sl_variant *variant = studio ? find(studio, &settled) : NULL;
    if (!variant)
        err = make(variants, stream, studio, &settled, &variant);
    if (err < 0)
        return err;
    assert(variant);
    sl_timer_stop(variant->idle_timer);
    variant->refs++;
    *out = variant;
    return 0;
}

void sl_variant_release(struct sl_variant *variant)
{
    if (!variant)
        return;
    assert(variant->refs > 0);
    if (--variant->refs > 0)
        return;
    if (is_over(variant))
        begin_close(variant);
    else
        sl_timer_start(variant->idle_timer,
                       (uint64_t)variant->studio->variants->config.config->transcoder_idle_ms, 0);
}

struct sl_stream *sl_variant_stream(struct sl_variant *variant)
{
    return variant->stream;
}

struct sl_track *sl_variant_track(struct sl_variant *variant)
{
    return track_of(variant);
}

const struct sl_variant_want *sl_variant_want(const struct sl_variant *variant)
{
    return &variant->want;
}

int sl_variant_why(const struct sl_variant *variant)
{
    return variant->why;
}

const char *sl_variant_encoder(const struct sl_variant *variant)
{
    return sl_want_encoder(variant->want.codec);
}

/* ---- All of them [control] ---- */

static void tell(const struct sl_variant *variant,
                 void (*fn)(const struct sl_variant_stats *stats, void *arg), void *arg)
{
    struct studio *studio = variant->studio;
    struct sl_variant_stats stats = {
        .name = sl_stream_name(studio->stream),
        .from = sl_stream_codec(studio->stream, studio->kind),
        .to = variant->want.codec,
        .want = variant->want,
        .encoder = sl_variant_encoder(variant),
        .takers = variant->refs,
        .frames = atomic_load_explicit(&variant->frames, memory_order_relaxed),
        .bytes = atomic_load_explicit(&variant->bytes, memory_order_relaxed),
        .since_ms = variant->since_ms,
    };

    if (variant->want.follows)
        stats.want.bitrate_bps = atomic_load_explicit(&variant->bitrate_bps, memory_order_relaxed);
    if (studio->kind == SL_VIDEO)
        sl_stream_size(variant->stream, &stats.width, &stats.height);
    fn(&stats, arg);
}

void sl_variants_each(struct sl_variants *variants,
                      void (*fn)(const struct sl_variant_stats *stats, void *arg), void *arg)
{
    struct studio *studio;
    struct sl_variant *variant;

    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        if (!studio->stream || studio->ended)
            continue;
        sl_list_foreach(variant, &studio->made, struct sl_variant, link)
        {
            if (!variant->closing && !variant->why)
                tell(variant, fn, arg);
        }
    }
}

size_t sl_variants_count(const struct sl_variants *variants)
{
    return variants->count;
}

static void on_all_stopped(struct sl_later *later)
{
    struct sl_variants *variants = sl_container_of(later, struct sl_variants, stopped);

    variants->on_stopped(variants->on_stopped_owner);
}

struct sl_variants *sl_variants_create(const struct sl_variants_config *config)
{
    struct sl_variants *variants = sl_new(struct sl_variants);

    variants->config = *config;
    sl_list_init(&variants->studios);
    sl_list_init(&variants->holders);
    sl_list_init(&variants->shots);
    variants->stopped.run = on_all_stopped;
    variants->load_timer = sl_timer_create(config->control, on_load_check, variants);
    sl_timer_start(variants->load_timer, LOAD_CHECK_MS, LOAD_CHECK_MS);
    return variants;
}

void sl_variants_stop(struct sl_variants *variants, void (*on_stopped)(void *owner), void *owner)
{
    struct studio *studio;
    struct holder *holder;

    variants->stopping = true;
    variants->on_stopped = on_stopped;
    variants->on_stopped_owner = owner;
    sl_list_foreach(holder, &variants->holders, struct holder, link) holder->stop(holder);
    sl_list_foreach(studio, &variants->studios, struct studio, link)
    {
        struct sl_list *at = studio->made.next;
        while (at != &studio->made) {
            struct sl_variant *variant = sl_container_of(at, struct sl_variant, link);
            at = at->next;
            if (variant->refs == 0) /* else it closes when its holder has let go */
                begin_close(variant);
        }
    }
    sl_studios_check_stopped(variants);
}

void sl_variants_destroy(struct sl_variants *variants)
{
    if (!variants)
        return;
    sl_later_cancel(&variants->stopped);
    sl_timer_destroy(variants->load_timer);
    free(variants);
}
