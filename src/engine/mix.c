/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sound of many inputs: each is decoded and put on a row of samples as its time stamps say, and
 * whenever the server says how far time has come, the rows are summed up to there. What is not
 * there then is silence, and what comes later is left out.
 *
 * Each output is the sum of all inputs, or of all but one. Rows and sums are of 48 kHz and as many
 * channels as the job has.
 */
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "engine/job.h"
#include "engine/limiter.h"
#include "engine/row.h"
#include "engine/sound_source.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    RATE_HZ = 48000,
    STEP = RATE_HZ / 200,  /* samples summed at once: 5 ms */
    ROW = RATE_HZ * 3 / 2, /* samples that an input may be ahead: mixer_in_buffering_ms and more */
    JUMP_US = 500 * SL_US_PER_MS,
};

static_assert(STEP * SL_ENGINE_CHANNELS_MAX <= SL_LIMITER_BLOCK_MAX, "a step is one block");
static_assert(ROW % STEP == 0, "no step goes over the end of a row");

struct job;

struct input {
    struct sl_list link; /* in job->inputs */
    struct job *job;
    uint32_t id;
    struct sl_sound_source source;
    struct sl_resampler *resampler;
    struct sl_timeline timeline; /* its samples are counted from the job's epoch on */
    bool begun, refused;
    uint8_t percent;
    int16_t row[ROW * SL_ENGINE_CHANNELS_MAX]; /* round; zero where nothing came */
    int32_t step[STEP * SL_ENGINE_CHANNELS_MAX];
};

struct output {
    struct sl_list link; /* in job->outputs */
    uint32_t without;    /* an input; 0: none */
    struct sl_row *row;
    struct sl_limiter limiter;
};

struct job {
    const struct sl_engine_reporter *reporter;
    size_t channels;
    struct sl_list inputs, outputs;
    size_t input_count, output_count;
    bool begun;
    int64_t epoch_us; /* of sample 0 */
    int64_t summed;   /* samples */
    int32_t sum[STEP * SL_ENGINE_CHANNELS_MAX];
};

static void input_free(struct input *input)
{
    sl_list_remove(&input->link);
    input->job->input_count--;
    sl_sound_source_deinit(&input->source);
    sl_resampler_destroy(input->resampler);
    free(input);
}

static void output_free(struct job *job, struct output *output)
{
    sl_list_remove(&output->link);
    job->output_count--;
    sl_row_destroy(output->row);
    free(output);
}

static int create(const struct sl_engine_message *open, const struct sl_engine_reporter *reporter,
                  void **out)
{
    struct job *job = sl_new(struct job);

    job->reporter = reporter;
    job->channels = open->form.sound.channels ? open->form.sound.channels : 1;
    sl_list_init(&job->inputs);
    sl_list_init(&job->outputs);
    *out = job;
    return 0;
}

static void destroy(void *arg)
{
    struct job *job = arg;
    struct input *input;
    struct output *output;

    sl_list_foreach(input, &job->inputs, struct input, link) input_free(input);
    sl_list_foreach(output, &job->outputs, struct output, link) output_free(job, output);
    free(job);
}

/* ---- Rows ---- */

/* Of what is too far away to be counted in samples, one that is far away. */
static int64_t sample_at(const struct job *job, int64_t us)
{
    static const int64_t far_us = INT64_C(1) << 46;
    int64_t off_us = us - job->epoch_us;

    off_us = off_us > far_us ? far_us : off_us < -far_us ? -far_us : off_us;
    return off_us * RATE_HZ / SL_US_PER_S;
}

/* samples begin with the one that is counted so; what is summed already, or too far ahead, is left
 * out. */
static void lay(struct input *input, int64_t at, const int16_t *samples, size_t count)
{
    struct job *job = input->job;
    size_t channels = job->channels;

    for (size_t i = 0; i < count; i++, at++) {
        if (at >= job->summed && at < job->summed + ROW)
            memcpy(&input->row[(size_t)(at % ROW) * channels], &samples[i * channels],
                   channels * sizeof(int16_t));
    }
}

static void on_resampled(void *arg, const struct sl_pcm *pcm)
{
    struct input *input = arg;
    struct job *job = input->job;
    size_t channels = job->channels;
    int64_t off_us = input->begun ? pcm->pts_us - sl_timeline_end_us(&input->timeline) : INT64_MAX;

    if (off_us > JUMP_US || off_us < -JUMP_US)
        sl_timeline_begin(&input->timeline, RATE_HZ, pcm->pts_us);
    input->begun = true;
    struct sl_placement placement = sl_timeline_place(&input->timeline, pcm->pts_us, pcm->count);
    const int16_t *samples = pcm->samples + placement.skip * channels;
    size_t count = pcm->count - placement.skip - (placement.stretch < 0);
    int64_t end = sample_at(job, input->timeline.begin_us) + input->timeline.count;
    int64_t at = end - (int64_t)count - (placement.stretch > 0);
    lay(input, at, samples, count);
    if (placement.stretch > 0)
        lay(input, end - 1, pcm->samples + (pcm->count - 1) * channels, 1);
}

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct input *input = arg;

    /* Without memory, or of a rate no codec has: a gap. */
    (void)sl_resampler_convert(input->resampler, pcm, on_resampled, input);
}

/* ---- Sums ---- */

/* The next step of a row, which is zero behind it. */
static void take_step(struct input *input)
{
    struct job *job = input->job;
    size_t values = STEP * job->channels;
    int16_t *row = &input->row[(size_t)(job->summed % ROW) * job->channels];

    for (size_t i = 0; i < values; i++)
        input->step[i] = row[i] * input->percent / SL_ENGINE_PERCENT_MAX;
    memset(row, 0, values * sizeof(*row));
}

static struct input *find_input(const struct job *job, uint32_t id)
{
    struct input *input;

    sl_list_foreach(input, &job->inputs, struct input, link)
    {
        if (input->id == id)
            return input;
    }
    return NULL;
}

static void give_step(struct job *job, struct output *output)
{
    const struct input *without = output->without ? find_input(job, output->without) : NULL;
    size_t values = STEP * job->channels;
    int32_t sum[STEP * SL_ENGINE_CHANNELS_MAX];
    int16_t samples[STEP * SL_ENGINE_CHANNELS_MAX];

    for (size_t i = 0; i < values; i++)
        sum[i] = job->sum[i] - (without ? without->step[i] : 0);
    sl_limiter_step(&output->limiter, sum, samples);
    /* The limiter is a step behind. */
    const struct sl_pcm pcm = {
        .pts_us = job->epoch_us + (job->summed - STEP) * SL_US_PER_S / RATE_HZ,
        .rate_hz = RATE_HZ,
        .channels = (int)job->channels,
        .count = STEP,
        .samples = samples,
    };
    sl_row_input(output->row, &pcm);
}

static void sum_step(struct job *job)
{
    struct input *input;
    struct output *output;

    memset(job->sum, 0, sizeof(job->sum));
    sl_list_foreach(input, &job->inputs, struct input, link)
    {
        take_step(input);
        for (size_t i = 0; i < STEP * job->channels; i++)
            job->sum[i] += input->step[i];
    }
    sl_list_foreach(output, &job->outputs, struct output, link) give_step(job, output);
    job->summed += STEP;
}

/* Time was set, or nothing was wanted for long: what the rows have is of no use. */
static void begin(struct job *job, int64_t at_us)
{
    struct input *input;

    job->begun = true;
    job->epoch_us = at_us;
    job->summed = 0;
    sl_list_foreach(input, &job->inputs, struct input, link)
    {
        input->begun = false;
        memset(input->row, 0, sizeof(input->row));
    }
}

static void advance(struct job *job, int64_t until_us)
{
    int64_t due = job->begun ? sample_at(job, until_us) - job->summed : INT64_MAX;

    if (due > ROW || due < -ROW) {
        begin(job, until_us);
        return;
    }
    for (; due >= STEP; due -= STEP)
        sum_step(job);
}

/* ---- Orders ---- */

static struct input *add_input(struct job *job, uint32_t id)
{
    if (job->input_count == SL_ENGINE_INPUTS_MAX)
        return NULL;
    struct input *input = sl_new(struct input);
    input->job = job;
    input->id = id;
    input->percent = SL_ENGINE_PERCENT_MAX;
    input->source.on_pcm = on_pcm;
    input->source.owner = input;
    if (sl_resampler_create(RATE_HZ, (int)job->channels, &input->resampler) < 0) {
        free(input);
        return NULL;
    }
    sl_list_append(&job->inputs, &input->link);
    job->input_count++;
    return input;
}

static void take_input(struct input *input, const struct sl_engine_message *order)
{
    if (!input->job->begun)
        return; /* there is no time yet */
    int err = sl_sound_source_input(&input->source, order);
    if (err < 0)
        sl_engine_report_refusal(input->job->reporter, input->id, err, &input->refused);
    else
        input->refused = false;
}

static void take_input_order(struct job *job, const struct sl_engine_message *order)
{
    struct input *input = order->input ? find_input(job, order->input) : NULL;

    if (!input && order->input && order->type != SL_ENGINE_LEAVE)
        input = add_input(job, order->input);
    if (!input)
        return; /* without memory, or too many: it is not heard */
    if (order->type == SL_ENGINE_INPUT)
        take_input(input, order);
    else if (order->type == SL_ENGINE_CONFIG)
        sl_sound_source_config(&input->source, order);
    else if (order->type == SL_ENGINE_LEVEL)
        input->percent = order->percent;
    else
        input_free(input);
}

static struct output *find_output(const struct job *job, uint32_t id)
{
    struct output *output;

    sl_list_foreach(output, &job->outputs, struct output, link)
    {
        if (output->row->output == id)
            return output;
    }
    return NULL;
}

static void add_output(struct job *job, const struct sl_engine_message *order)
{
    struct sl_row *row = NULL;
    int err = job->output_count == SL_ENGINE_OUTPUTS_MAX
                  ? -ENOBUFS
                  : sl_row_create(order, job->reporter, &row);

    if (err < 0) {
        sl_engine_report_failure(job->reporter, order->output, err);
        return;
    }
    struct output *output = sl_new(struct output);
    output->row = row;
    output->without = order->input;
    sl_limiter_init(&output->limiter, STEP, job->channels);
    sl_list_append(&job->outputs, &output->link);
    job->output_count++;
}

static void order(void *arg, const struct sl_engine_message *order)
{
    struct job *job = arg;
    struct output *output = find_output(job, order->output);

    switch (order->type) {
    case SL_ENGINE_INPUT:
    case SL_ENGINE_CONFIG:
    case SL_ENGINE_LEVEL:
    case SL_ENGINE_LEAVE:
        take_input_order(job, order);
        return;
    case SL_ENGINE_OUTPUT:
        if (!output)
            add_output(job, order);
        return;
    case SL_ENGINE_DROP:
        if (output)
            output_free(job, output);
        return;
    case SL_ENGINE_ADVANCE:
        advance(job, order->pts_us);
        return;
    default: /* not of this kind */
        return;
    }
}

const struct sl_engine_job_ops sl_engine_mix_ops = {create, destroy, order};
