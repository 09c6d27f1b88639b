/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made of streams at this moment, and by which processes, as gauges. */
#include "rest/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "mixer/mixer.h"
#include "transcoder/transcoder.h"
#include "variant/variant.h"

#include <stdio.h>

struct counts {
    size_t of[SL_CODECS];
};

static void count_variant(const struct sl_variant_stats *stats, void *arg)
{
    ((struct counts *)arg)->of[stats->to]++;
}

/* Sound or pictures: of one of each kind everything of that kind can be made. */
static bool can_be_made(enum sl_codec codec)
{
    return sl_variant_is_possible(SL_CODEC_OPUS, codec) ||
           sl_variant_is_possible(SL_CODEC_H264, codec);
}

static void add_variants(struct sl_variants *variants, struct sl_gauges *out)
{
    struct counts counts = {0};

    if (variants)
        sl_variants_each(variants, count_variant, &counts);
    for (int i = SL_CODEC_NONE + 1; i < SL_CODECS; i++) {
        if (can_be_made((enum sl_codec)i))
            sl_gauges_add(out, SL_GAUGE_VARIANTS, (double)counts.of[i], "codec=\"%s\"",
                          sl_codec_name((enum sl_codec)i));
    }
}

static void add_process(const struct sl_transcoder_process_stats *process, size_t number,
                        struct sl_gauges *out)
{
    const char *role = process->pictures ? "pictures" : "sound";

    sl_gauges_add(out, SL_GAUGE_CODEC_BUSY, process->busy_permille / 1000.0, "process=\"%s %zu\"",
                  role, number);
    sl_gauges_add(out, SL_GAUGE_CODEC_MEMORY, (double)process->memory_bytes, "process=\"%s %zu\"",
                  role, number);
}

static void count_inputs(struct sl_mixer *mixer, void *arg)
{
    struct sl_mixer_stats stats;

    sl_mixer_stats(mixer, &stats);
    *(size_t *)arg += stats.input_count;
}

static void add_mixers(struct sl_mixers *mixers, struct sl_gauges *out)
{
    size_t inputs = 0;

    if (!mixers)
        return;
    sl_mixers_each(mixers, count_inputs, &inputs);
    sl_gauges_add(out, SL_GAUGE_MIXERS, (double)sl_mixers_count(mixers), "%s", "");
    sl_gauges_add(out, SL_GAUGE_MIXER_INPUTS, (double)inputs, "%s", "");
}

void sl_made_gauges(const struct sl_rest_parts *parts, struct sl_gauges *out)
{
    struct sl_transcoder_stats stats = {0};
    size_t count[2] = {0}; /* sound, pictures */

    if (parts->transcoder)
        sl_transcoder_stats(parts->transcoder, &stats);
    add_variants(parts->variants, out);
    add_mixers(parts->mixers, out);
    for (size_t i = 0; i < stats.process_count; i++)
        add_process(&stats.processes[i], ++count[stats.processes[i].pictures], out);
    sl_gauges_add(out, SL_GAUGE_CODEC_PROCESSES, (double)count[true], "role=\"pictures\"");
    sl_gauges_add(out, SL_GAUGE_CODEC_PROCESSES, (double)count[false], "role=\"sound\"");
}
