/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resample -> place in time -> silence or source -> encode. */
#include "engine/row.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

enum {
    BLOCK = 1024,                    /* samples handled at once */
    GAP_US = 60 * SL_US_PER_MS,      /* longer ones stay gaps, but in a gapless row */
    BACK_US = SL_US_PER_S,           /* a clock that was set back; less is an overlap */
    JUMP_US = 10 * (int)SL_US_PER_S, /* nor is this filled with silence, or waited for */
};

/* What is usual. */
static const struct {
    int rate_hz, channels;
    bool any_rate;
} usual[SL_CODECS] = {
    [SL_CODEC_OPUS] = {48000, 2, false}, [SL_CODEC_PCMA] = {8000, 1, false},
    [SL_CODEC_PCMU] = {8000, 1, false},  [SL_CODEC_G722] = {16000, 1, false},
    [SL_CODEC_AAC] = {48000, 2, true},
};

static void report_config(struct sl_row *row)
{
    struct sl_engine_message report = {
        .type = SL_ENGINE_CODED_CONFIG, .output = row->output, .codec = row->codec};

    report.data = sl_audio_encoder_extradata(row->encoder, &report.len);
    if (report.len > 0)
        sl_engine_report(row->reporter, &report);
}

/* Those that there were, if any, are gone then; after an error they are still there. */
static int open_codecs(struct sl_row *row, int rate_hz, int channels)
{
    const struct sl_audio_encoder_config config = {
        .codec = row->codec,
        .rate_hz = rate_hz,
        .channels = channels,
        .bitrate_bps = (int)row->bitrate_bps,
    };
    struct sl_resampler *resampler;
    struct sl_audio_encoder *encoder;
    int err = sl_resampler_create(rate_hz, channels, &resampler);

    if (err < 0)
        return err;
    err = sl_audio_encoder_create(&config, &encoder);
    if (err < 0) {
        sl_resampler_destroy(resampler);
        return err;
    }
    sl_resampler_destroy(row->resampler);
    sl_audio_encoder_destroy(row->encoder);
    row->resampler = resampler;
    row->encoder = encoder;
    row->rate_hz = rate_hz;
    row->channels = channels;
    return 0;
}

int sl_row_create(const struct sl_engine_message *order, const struct sl_engine_reporter *reporter,
                  struct sl_row **out)
{
    const struct sl_engine_sound *form = &order->form.sound;
    enum sl_codec codec = order->codec;
    bool any_rate = usual[codec].any_rate && form->rate_hz != 0;

    if (usual[codec].rate_hz == 0)
        return -ENOSYS;
    if (form->bitrate_bps > INT32_MAX || form->rate_hz > INT32_MAX)
        return -EINVAL;
    struct sl_row *row = sl_new(struct sl_row);
    row->reporter = reporter;
    row->output = order->output;
    row->codec = codec;
    row->bitrate_bps = form->bitrate_bps;
    row->gapless = form->gapless;
    row->follows = codec == SL_CODEC_OPUS && form->channels == 0 && !form->gapless;
    int err = open_codecs(row, any_rate ? (int)form->rate_hz : usual[codec].rate_hz,
                          form->channels ? form->channels : usual[codec].channels);
    if (err < 0) {
        sl_row_destroy(row);
        return err;
    }
    report_config(row);
    *out = row;
    return 0;
}

void sl_row_destroy(struct sl_row *row)
{
    if (!row)
        return;
    sl_list_remove(&row->link);
    sl_audio_encoder_destroy(row->encoder);
    sl_resampler_destroy(row->resampler);
    free(row);
}

/* ---- Frames ---- */

static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct sl_row *row = arg;
    struct sl_engine_message report = {
        .type = SL_ENGINE_CODED,
        .output = row->output,
        .codec = row->codec,
        .keyframe = true,
        .pts_us = coded->pts_us,
        .dts_us = coded->dts_us,
        .data = coded->data,
        .len = coded->len,
    };

    if (coded->len > 0)
        sl_engine_report(row->reporter, &report);
}

/* samples NULL: silence. */
static void put(struct sl_row *row, const int16_t *samples, size_t count)
{
    static const int16_t zeros[BLOCK * SL_ENGINE_CHANNELS_MAX];

    while (count > 0) {
        size_t part = count < BLOCK ? count : BLOCK;
        const struct sl_pcm pcm = {
            .pts_us = row->timeline.begin_us, /* the first one's counts; the rest is counted */
            .rate_hz = row->rate_hz,
            .channels = row->channels,
            .count = part,
            .samples = samples ? samples : zeros,
        };
        /* It fails only without memory: some sound is then missing, and time goes on. */
        (void)sl_audio_encoder_encode(row->encoder, &pcm, on_coded, row);
        if (samples)
            samples += part * (size_t)row->channels;
        count -= part;
    }
}

/* ---- Time ---- */

static void begin(struct sl_row *row, int64_t begin_us)
{
    if (row->begun)
        (void)sl_audio_encoder_restart(row->encoder, begin_us, on_coded, row);
    row->begun = true;
    sl_timeline_begin(&row->timeline, row->rate_hz, begin_us);
}

/* Too far from the end of the row to belong to it. */
static bool is_elsewhere(const struct sl_row *row, int64_t pts_us)
{
    int64_t late_us = pts_us - sl_timeline_end_us(&row->timeline);

    return late_us > (row->gapless ? JUMP_US : GAP_US) ||
           late_us < -(row->gapless ? JUMP_US : BACK_US);
}

static void on_resampled(void *arg, const struct sl_pcm *pcm)
{
    struct sl_row *row = arg;
    size_t channels = (size_t)pcm->channels;

    if (!row->begun || is_elsewhere(row, pcm->pts_us))
        begin(row, pcm->pts_us);
    struct sl_placement placement = sl_timeline_place(&row->timeline, pcm->pts_us, pcm->count);
    put(row, NULL, placement.silence);
    size_t count = pcm->count - placement.skip;
    if (placement.stretch < 0)
        count--;
    put(row, pcm->samples + placement.skip * channels, count);
    if (placement.stretch > 0)
        put(row, pcm->samples + (pcm->count - 1) * channels, 1);
}

/* Opus says in each packet how wide its sound is and how many channels it has (RFC 6716 section
 * 3.1). That of telephones has neither the width nor the channels that are usual, and to encode
 * those costs three times as much. */
static void follow(struct sl_row *row, const struct sl_pcm *pcm)
{
    static const int rates_hz[] = {8000, 12000, 16000, 24000, 48000};
    size_t i = 0;

    while (i < SL_ARRAY_LEN(rates_hz) - 1 && rates_hz[i] < pcm->rate_hz)
        i++;
    int channels =
        pcm->channels < usual[row->codec].channels ? pcm->channels : usual[row->codec].channels;
    if (rates_hz[i] == row->rate_hz && channels == row->channels)
        return;
    /* What the encoder still holds, less than a frame, goes with it: it would be at the time of
     * what the next one gives first. Without memory all stays as it is. */
    row->follows = open_codecs(row, rates_hz[i], channels) == 0;
    row->begun = row->begun && !row->follows;
}

void sl_row_input(struct sl_row *row, const struct sl_pcm *pcm)
{
    if (row->follows)
        follow(row, pcm);
    /* Without memory, or of a rate no codec has: a gap. */
    (void)sl_resampler_convert(row->resampler, pcm, on_resampled, row);
}

void sl_row_advance(struct sl_row *row, int64_t until_us)
{
    if (!row->gapless)
        return;
    if (!row->begun || until_us - sl_timeline_end_us(&row->timeline) > JUMP_US)
        begin(row, until_us);
    put(row, NULL, sl_timeline_advance(&row->timeline, until_us));
}
