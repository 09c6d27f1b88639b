/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variants without pictures: streams of their own that end when the test says so. */
#include "base/mem.h"
#include "fake.h"
#include "stream/internal.h"
#include "transcoder/transcoder.h"

#include <assert.h>
#include <string.h>

struct sl_variant {
    struct sl_list link;
    struct sl_variant_want want;
    struct sl_stream *of, *stream;
    size_t refs;
    int why;
};

static struct sl_list variants = {&variants, &variants};
static int refusal;

struct sl_variants *fake_variants(void)
{
    return (struct sl_variants *)(void *)&variants; /* never looked into */
}

void fake_variants_refuse(int err)
{
    refusal = err;
}

struct sl_variant *fake_variant(enum sl_codec codec)
{
    struct sl_variant *variant, *found = NULL;

    sl_list_foreach(variant, &variants, struct sl_variant, link)
    {
        if (variant->want.codec == codec)
            found = variant;
    }
    return found;
}

void fake_variant_end(struct sl_variant *variant, int why)
{
    variant->why = why;
    variant->refs++; /* who hears of it may let go, and it goes later, as a real one */
    sl_stream_end(variant->stream);
    sl_variant_release(variant);
}

int sl_variant_take(struct sl_variants *all, struct sl_stream *stream,
                    const struct sl_variant_want *want, struct sl_variant **out)
{
    enum sl_media_kind kind = sl_codec_kind(want->codec);
    struct sl_stream_config config = {
        .of = stream, .worker = sl_stream_worker(stream), .ops = stream->ops};

    (void)all;
    if (refusal < 0)
        return refusal;
    struct sl_variant *shared;
    sl_list_foreach(shared, &variants, struct sl_variant, link)
    {
        if (want->follows && !shared->why && shared->of == stream &&
            sl_variant_wants_equal(&shared->want, want)) {
            shared->refs++;
            *out = shared;
            return 0;
        }
    }
    struct sl_variant *variant = sl_new(struct sl_variant);
    variant->want = *want;
    variant->of = stream;
    variant->refs = 1;
    config.tracks[kind] =
        (struct sl_track_config){.present = true, .codec_count = 1, .codecs = {{want->codec, ""}}};
    if (sl_stream_create(NULL, &config, &variant->stream) < 0)
        abort();
    sl_list_append(&variants, &variant->link);
    *out = variant;
    return 0;
}

void sl_variant_release(struct sl_variant *variant)
{
    if (!variant)
        return;
    assert(variant->refs >= 1);
    if (--variant->refs > 0)
        return;
    sl_list_remove(&variant->link);
    sl_stream_release(variant->stream);
    free(variant);
}

struct sl_stream *sl_variant_stream(struct sl_variant *variant)
{
    return variant->stream;
}

struct sl_track *sl_variant_track(struct sl_variant *variant)
{
    return sl_stream_track(variant->stream, sl_codec_kind(variant->want.codec));
}

const struct sl_variant_want *sl_variant_want(const struct sl_variant *variant)
{
    return &variant->want;
}

int sl_variant_why(const struct sl_variant *variant)
{
    return variant->why;
}

/* ---- Snapshots ---- */

struct sl_snapshot {
    struct sl_list link;
    size_t len_max;
    sl_on_snapshot *on_snapshot;
    void *owner;
};

static struct sl_list snapshots = {&snapshots, &snapshots};
static bool snapshots_refused;

void fake_snapshots_refuse(bool refuse)
{
    snapshots_refused = refuse;
}

size_t fake_snapshot_count(void)
{
    struct sl_snapshot *snapshot;
    size_t count = 0;

    sl_list_foreach(snapshot, &snapshots, struct sl_snapshot, link) count += snapshot != NULL;
    return count;
}

size_t fake_snapshot_answer(int err)
{
    struct sl_snapshot *snapshot = sl_list_first(&snapshots, struct sl_snapshot, link);
    static const uint8_t png[] = {0x89, 'P', 'N', 'G'};

    assert(snapshot);
    size_t len_max = snapshot->len_max;
    sl_list_remove(&snapshot->link);
    snapshot->on_snapshot(snapshot->owner, err, err < 0 ? NULL : png, err < 0 ? 0 : sizeof(png));
    free(snapshot);
    return len_max;
}

struct sl_snapshot *sl_snapshot_take(struct sl_variants *all, struct sl_stream *stream,
                                     size_t len_max, sl_on_snapshot *on_snapshot, void *owner)
{
    (void)all;
    (void)stream;
    if (snapshots_refused)
        return NULL;
    struct sl_snapshot *snapshot = sl_new(struct sl_snapshot);
    snapshot->len_max = len_max;
    snapshot->on_snapshot = on_snapshot;
    snapshot->owner = owner;
    sl_list_append(&snapshots, &snapshot->link);
    return snapshot;
}

void sl_snapshot_cancel(struct sl_snapshot *snapshot)
{
    if (!snapshot)
        return;
    sl_list_remove(&snapshot->link);
    free(snapshot);
}

/* ---- Variants ---- */

size_t sl_variants_count(const struct sl_variants *all)
{
    struct sl_variant *variant;
    size_t count = 0;

    (void)all;
    sl_list_foreach(variant, &variants, struct sl_variant, link) count += variant != NULL;
    return count;
}

void sl_variants_each(struct sl_variants *all,
                      void (*fn)(const struct sl_variant_stats *stats, void *arg), void *arg)
{
    struct sl_variant *variant;

    (void)all;
    sl_list_foreach(variant, &variants, struct sl_variant, link)
    {
        struct sl_variant_stats stats = {
            .name = sl_stream_name(variant->of),
            .from = variant->want.codec == SL_CODEC_H264 ? SL_CODEC_VP8 : SL_CODEC_H264,
            .to = variant->want.codec,
            .want = variant->want,
            .encoder = sl_variant_encoder(variant),
            .takers = variant->refs,
        };
        sl_stream_size(variant->stream, &stats.width, &stats.height);
        fn(&stats, arg);
    }
}

const char *sl_variant_encoder(const struct sl_variant *variant)
{
    return variant->want.codec == SL_CODEC_H264 ? "libx264" : "other";
}

/* ---- Streams made of streams ---- */

struct sl_republish {
    struct sl_republish_config config;
    struct sl_stream *stream;
    struct sl_stream_listener listener;
};

static struct sl_variant_want last_want;

const struct sl_variant_want *fake_republish_want(void)
{
    return &last_want;
}

static void republish_end(struct sl_republish *republish)
{
    sl_stream_unlisten(&republish->listener);
    sl_stream_end(republish->stream);
    sl_stream_release(republish->stream);
    if (republish->config.on_end)
        republish->config.on_end(republish->config.owner, "");
    free(republish);
}

static void on_source_end(struct sl_stream_listener *listener)
{
    republish_end(sl_container_of(listener, struct sl_republish, listener));
}

int sl_republish_create(const struct sl_republish_config *config, struct sl_republish **out)
{
    struct sl_republish *republish = sl_new(struct sl_republish);
    const struct sl_stream_config stream = {
        .name = config->name,
        .publisher = {.id = config->name},
        .worker = sl_stream_worker(config->source),
        .ops = config->source->ops,
        .tracks = {[SL_VIDEO] = {.present = true,
                                 .codec_count = 1,
                                 .codecs = {{config->want.codec, ""}}}},
    };

    last_want = config->want;
    int err = refusal < 0 ? refusal : sl_stream_create(NULL, &stream, &republish->stream);
    if (err < 0) {
        free(republish);
        return err;
    }
    republish->config = *config;
    republish->listener.on_end = on_source_end;
    sl_stream_listen(config->source, &republish->listener);
    sl_stream_set_live(republish->stream);
    *out = republish;
    return 0;
}

void sl_republish_stop(struct sl_republish *republish)
{
    republish->config.on_end = NULL;
    republish_end(republish);
}

struct sl_stream *sl_republish_stream(struct sl_republish *republish)
{
    return republish->stream;
}

/* ---- Processes ---- */

struct sl_transcoder *fake_transcoder(void)
{
    return (struct sl_transcoder *)(void *)&variants; /* never looked into */
}

void sl_transcoder_stats(struct sl_transcoder *transcoder, struct sl_transcoder_stats *out)
{
    (void)transcoder;
    *out = (struct sl_transcoder_stats){
        .process_count = 3,
        .processes = {{.pid = 11, .pictures = true, .jobs = 2, .busy_permille = 500},
                      {.pid = 12, .memory_bytes = 4096},
                      {.pid = 13, .pictures = true, .spare = true}},
    };
}
