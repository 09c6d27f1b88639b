/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One mixer on the control loop: what joins it, and its end. */
#include "mixer/internal.h"
#include "mixer/names.h"

#include "base/config.h"

#include <errno.h>
#include <string.h>

/* ---- The beginning ---- */

static void on_idle(void *owner)
{
    sl_mixer_end(owner, "nobody mixes");
}

static void check_idle(struct sl_mixer *mixer)
{
    if (mixer->ending)
        return;
    if (mixer->input_count == 0 && mixer->settings.idle_timeout_ms > 0)
        sl_timer_start(mixer->idle_timer, mixer->settings.idle_timeout_ms, 0);
    else
        sl_timer_stop(mixer->idle_timer);
}

static void on_broken(struct sl_msg *msg)
{
    sl_mixer_end(sl_container_of(msg, struct sl_mixer, broken_msg), "it cannot be made");
}

static void on_stop(struct sl_msg *msg) /* [worker] */
{
    struct sl_mixer *mixer = sl_container_of(msg, struct sl_mixer, stop_msg);

    sl_stage_stop(mixer);
    sl_loop_post(mixer->mixers->config.control, &mixer->stopped_msg);
}

static void on_told(struct sl_later *later)
{
    struct sl_mixer *mixer = sl_container_of(later, struct sl_mixer, told_later);
    const struct sl_mixers_config *config = &mixer->mixers->config;

    mixer->told = true;
    config->on_output(config->arg, mixer->main->stream, true);
}

/* The counterpart, while its inputs are still known. */
static void tell_end(struct sl_mixer *mixer)
{
    const struct sl_mixers_config *config = &mixer->mixers->config;

    sl_later_cancel(&mixer->told_later);
    sl_later_cancel(&mixer->held_later);
    if (mixer->told)
        config->on_output(config->arg, mixer->main->stream, false);
}

static void mixer_free(struct sl_mixer *mixer)
{
    sl_list_remove(&mixer->link);
    sl_timer_destroy(mixer->idle_timer);
    for (size_t i = 0; i < SL_ENGINE_IMAGES; i++)
        sl_blob_unref(mixer->stage.images[i]);
    free(mixer->name);
    free(mixer->output);
    free(mixer);
}

void sl_mixers_check_stopped(struct sl_mixers *mixers)
{
    if (mixers->stopping && sl_list_empty(&mixers->live) && sl_list_empty(&mixers->ending))
        sl_loop_later(mixers->config.control, &mixers->stopped);
}

static void finish(struct sl_mixer *mixer)
{
    struct sl_mixers *mixers = mixer->mixers;

    sl_worker_add_load(mixer->worker, -1);
    mixer_free(mixer);
    sl_mixers_check_stopped(mixers);
}

/* The last of all that the worker had. */
static void on_stopped(struct sl_msg *msg)
{
    struct sl_mixer *mixer = sl_container_of(msg, struct sl_mixer, stopped_msg);

    mixer->jobs_open = 0;
    for (size_t kind = 0; kind < KINDS; kind++)
        mixer->jobs_open += mixer->stage.jobs[kind] != NULL;
    if (mixer->jobs_open == 0) {
        finish(mixer);
        return;
    }
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (mixer->stage.jobs[kind])
            sl_codec_job_close(mixer->stage.jobs[kind]);
    }
}

static void on_job_closed(void *owner)
{
    struct sl_mixer *mixer = owner;

    if (--mixer->jobs_open == 0)
        finish(mixer);
}

static void on_job_failed(void *owner, int err)
{
    sl_mixer_end(owner, err == -EPERM ? "codec processes have died of it"
                                      : "there are no codec processes to be had");
}

static const char *source_of(void *owner, uint32_t id)
{
    const struct sl_mixer *mixer = owner;
    const struct input *input;

    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        if (id != 0 ? input->id == id : mixer->input_count == 1)
            return input->name;
    }
    return NULL;
}

static void on_held(void *owner)
{
    struct sl_mixer *mixer = owner;

    if (!mixer->ending)
        sl_loop_later(mixer->mixers->config.control, &mixer->held_later);
}

/* Processes have died of an input: the mixer goes on without it. */
static void on_held_later(struct sl_later *later)
{
    struct sl_mixer *mixer = sl_container_of(later, struct sl_mixer, held_later);
    struct input *input;
    char quoted[128];

    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        if (!sl_transcoder_holds(mixer->mixers->config.transcoder, input->name))
            continue;
        sl_log(SL_LOG_WARN, &mixer->scope, "mixer: goes on without %s",
               sl_log_quote(quoted, sizeof(quoted), input->name));
        sl_input_remove(input);
    }
}

static void on_audio_up(void *owner, bool again, bool crowded)
{
    (void)again;
    (void)crowded;
    sl_stage_set_up(owner, SL_AUDIO, true);
}

static void on_video_up(void *owner, bool again, bool crowded)
{
    (void)again;
    (void)crowded;
    sl_stage_set_up(owner, SL_VIDEO, true);
}

static void on_audio_down(void *owner)
{
    sl_stage_set_up(owner, SL_AUDIO, false);
}

static void on_video_down(void *owner)
{
    sl_stage_set_up(owner, SL_VIDEO, false);
}

static void on_audio_report(void *owner, const struct sl_engine_message *report)
{
    sl_stage_report(owner, SL_AUDIO, report);
}

static void on_video_report(void *owner, const struct sl_engine_message *report)
{
    sl_stage_report(owner, SL_VIDEO, report);
}

static const struct sl_codec_job_ops job_ops[KINDS] = {
    [SL_AUDIO] = {.on_up = on_audio_up,
                  .on_down = on_audio_down,
                  .on_report = on_audio_report,
                  .on_failed = on_job_failed,
                  .source_of = source_of,
                  .on_held = on_held,
                  .on_closed = on_job_closed},
    [SL_VIDEO] = {.on_up = on_video_up,
                  .on_down = on_video_down,
                  .on_report = on_video_report,
                  .on_failed = on_job_failed,
                  .source_of = source_of,
                  .on_held = on_held,
                  .on_closed = on_job_closed},
};

static void open_jobs(struct sl_mixer *mixer)
{
    const bool has[KINDS] = {
        [SL_AUDIO] = mixer->settings.has_audio, [SL_VIDEO] = mixer->settings.has_video};
    static const enum sl_engine_kind kinds[KINDS] = {
        [SL_AUDIO] = SL_ENGINE_MIX, [SL_VIDEO] = SL_ENGINE_MOSAIC};

    for (size_t kind = 0; kind < KINDS; kind++) {
        const struct sl_codec_job_config job = {
            .transcoder = mixer->mixers->config.transcoder,
            .kind = kinds[kind],
            .loop = sl_worker_loop(mixer->worker),
            .source = mixer->output,
            .ops = &job_ops[kind],
            .owner = mixer,
        };
        if (has[kind])
            mixer->stage.jobs[kind] = sl_codec_job_create(&job);
    }
}

static struct sl_mixer *make(struct sl_mixers *mixers, const char *name, const char *output,
                             const struct sl_mixer_settings *settings)
{
    struct sl_mixer *mixer = sl_new(struct sl_mixer);

    mixer->mixers = mixers;
    mixer->worker = sl_workers_pick_source(mixers->config.workers);
    mixer->name = sl_strdup(name);
    mixer->output = sl_strdup(output);
    mixer->settings = *settings;
    mixer->stage.keyframes.every_us =
        mixers->config.config->keyframe_interval_min_ms * INT64_C(1000);
    mixer->input_pixels_max = (uint32_t)mixers->config.config->mixer_input_pixels_max;
    sl_log_scope_init(&mixer->scope, NULL, "stream", output);
    sl_list_init(&mixer->inputs);
    sl_list_init(&mixer->outlets);
    mixer->on_terminate = sl_mixer_end;
    mixer->on_input_gone = check_idle;
    mixer->told_later.run = on_told;
    mixer->held_later.run = on_held_later;
    mixer->stop_msg.run = on_stop;
    mixer->stopped_msg.run = on_stopped;
    mixer->broken_msg.run = on_broken;
    mixer->stage.settings = *settings;
    sl_list_init(&mixer->stage.inputs);
    sl_list_init(&mixer->stage.outlets);
    sl_mixer_pace_init(&mixer->stage.pace, 0);
    return mixer;
}

static void keep_image(struct sl_mixer *mixer, enum sl_engine_image image, struct sl_blob *file)
{
    mixer->stage.images[image] = file ? sl_blob_ref(file) : NULL;
}

int sl_mixer_create(struct sl_mixers *mixers, const char *name, const char *output,
                    const struct sl_mixer_settings *settings, const struct sl_mixer_images *images,
                    struct sl_mixer **out)
{
    const struct sl_archive *archive = mixers->config.archive;
    struct sl_mixer *mixer = make(mixers, name, output, settings);

    keep_image(mixer, SL_ENGINE_BACKGROUND, images->background);
    keep_image(mixer, SL_ENGINE_WATERMARK, images->watermark);
    int err = sl_outlet_create(mixer, 0, output, &mixer->main);
    if (err < 0) {
        mixer_free(mixer);
        return err;
    }
    sl_worker_add_load(mixer->worker, 1);
    mixer->idle_timer = sl_timer_create(mixers->config.control, on_idle, mixer);
    sl_list_append(&mixers->live, &mixer->link);
    mixers->live_count++;
    open_jobs(mixer);
    if (archive)
        archive->begin(archive->arg, mixer->main->stream, &(struct sl_archive_request){0});
    sl_log(SL_LOG_INFO, &mixer->scope, "mixer: begins, %u x %u at %u", settings->width,
           settings->height, settings->fps);
    if (mixers->config.on_output)
        sl_loop_later(mixers->config.control, &mixer->told_later);
    check_idle(mixer);
    *out = mixer;
    return 0;
}

/* ---- The end ---- */

void sl_mixer_end(struct sl_mixer *mixer, const char *why)
{
    struct sl_mixers *mixers = mixer->mixers;
    struct input *input;
    struct outlet *outlet;

    if (mixer->ending)
        return;
    mixer->ending = true;
    tell_end(mixer);
    sl_log(SL_LOG_INFO, &mixer->scope, "mixer: ends: %s", why);
    sl_list_remove(&mixer->link);
    sl_list_append(&mixers->ending, &mixer->link);
    mixers->live_count--;
    sl_timer_stop(mixer->idle_timer);
    while ((input = sl_list_first(&mixer->inputs, struct input, link)))
        sl_input_remove(input);
    while ((outlet = sl_list_first(&mixer->outlets, struct outlet, link)))
        sl_outlet_remove(outlet);
    mixer->main = NULL;
    sl_loop_post(sl_worker_loop(mixer->worker), &mixer->stop_msg);
}

/* ---- Inputs ---- */

static struct input *find_input(const struct sl_mixer *mixer, const char *name)
{
    struct input *input;

    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        if (strcmp(input->name, name) == 0)
            return input;
    }
    return NULL;
}

static int give_own_stream(struct sl_mixer *mixer, struct input *input)
{
    char name[SL_STREAM_NAME_MAX + 1];

    if (!mixer->settings.mcu_audio || !mixer->settings.has_audio)
        return 0;
    int err = sl_mixer_name_alone(mixer->output, input->name, name);
    return err < 0 ? err : sl_outlet_create(mixer, input->id, name, &input->alone);
}

int sl_mixer_add_input(struct sl_mixer *mixer, const char *name, const char *session_id,
                       struct input **out)
{
    if (find_input(mixer, name))
        return -EEXIST;
    if (mixer->input_count >= (size_t)mixer->mixers->config.config->mixer_inputs_max ||
        sl_transcoder_holds(mixer->mixers->config.transcoder, name))
        return -EBUSY;
    struct input *input = sl_input_create(mixer, name, session_id);
    int err = give_own_stream(mixer, input);
    if (err < 0)
        sl_input_remove(input);
    else
        *out = input;
    check_idle(mixer);
    return err;
}

struct sl_mixer *sl_mixer_of(const struct sl_mixers *mixers, const struct sl_stream *stream)
{
    struct sl_mixer *mixer;
    const struct outlet *outlet;

    sl_list_foreach(mixer, &mixers->live, struct sl_mixer, link)
    {
        sl_list_foreach(outlet, &mixer->outlets, struct outlet, link)
        {
            if (outlet->stream == stream)
                return mixer;
        }
    }
    return NULL;
}

/* It, or one that it mixes. Each is looked at once, however many ways lead there. As deep as there
 * are mixers: none mixes itself. */
static bool has_within(struct sl_mixer *mixer, const struct sl_mixer *other, uint64_t look)
{
    const struct input *input;

    if (mixer == other)
        return true;
    if (mixer->looked == look)
        return false;
    mixer->looked = look;
    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        struct sl_mixer *inner = input->source ? sl_mixer_of(mixer->mixers, input->source) : NULL;
        if (inner && has_within(inner, other, look))
            return true;
    }
    return false;
}

int sl_mixer_add(struct sl_mixer *mixer, struct sl_stream *stream, const struct sl_mixer_use *use)
{
    struct sl_mixer *source = sl_mixer_of(mixer->mixers, stream);
    struct input *input;

    if (source && has_within(source, mixer, ++mixer->mixers->looks))
        return -ELOOP;
    int err = sl_mixer_add_input(mixer, sl_stream_name(stream), NULL, &input);
    if (err == 0)
        sl_input_attach(input, stream, use);
    return err;
}

int sl_mixer_remove(struct sl_mixer *mixer, const char *name)
{
    struct input *input = find_input(mixer, name);

    if (!input)
        return -ENOENT;
    sl_input_remove(input);
    return 0;
}

size_t sl_mixer_set_inputs(struct sl_mixer *mixer, bool (*wants)(void *arg, const char *name),
                           void *arg, int level, int muted)
{
    struct input *input;
    size_t count = 0;

    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        if (!wants(arg, input->name))
            continue;
        sl_input_set(input, level, muted);
        count++;
    }
    return count;
}

/* ---- Settings ---- */

struct change {
    struct sl_msg msg;
    struct sl_mixer *mixer;
    struct sl_mixer_settings settings;
};

static void take_changes(struct sl_mixer_settings *to, const struct sl_mixer_settings *from)
{
    to->idle_timeout_ms = from->idle_timeout_ms;
    to->layout = from->layout;
    to->align = from->align;
    to->desktop_fullscreen = from->desktop_fullscreen;
    memcpy(to->desktop_words, from->desktop_words, sizeof(to->desktop_words));
}

static void on_change(struct sl_msg *msg) /* [worker] */
{
    struct change *change = sl_container_of(msg, struct change, msg);

    take_changes(&change->mixer->stage.settings, &change->settings);
    sl_stage_arrange(change->mixer);
    free(change);
}

void sl_mixer_change(struct sl_mixer *mixer, const struct sl_mixer_settings *settings)
{
    struct change *change = sl_new(struct change);

    take_changes(&mixer->settings, settings);
    check_idle(mixer);
    change->msg.run = on_change;
    change->mixer = mixer;
    change->settings = *settings;
    sl_loop_post(sl_worker_loop(mixer->worker), &change->msg);
}

/* ---- What it tells ---- */

void sl_mixer_stats(const struct sl_mixer *mixer, struct sl_mixer_stats *out)
{
    const struct stage *stage = &mixer->stage;
    const struct outlet *main = mixer->main;
    uint64_t frames = atomic_load_explicit(&main->frames[SL_AUDIO], memory_order_relaxed) +
                      atomic_load_explicit(&main->frames[SL_VIDEO], memory_order_relaxed);

    *out = (struct sl_mixer_stats){
        .name = mixer->name,
        .output = mixer->output,
        .stream = main->stream,
        .settings = &mixer->settings,
        .flows = frames > 0,
        .input_count = mixer->input_count,
        .fps = atomic_load_explicit(&stage->fps, memory_order_relaxed),
    };
}

void sl_mixer_each_input(const struct sl_mixer *mixer,
                         void (*fn)(const struct sl_mixer_input_stats *input, void *arg), void *arg)
{
    const struct input *input;

    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        const struct sl_mixer_input_stats stats = {
            .name = input->name,
            .id = input->source ? sl_stream_id(input->source) : "",
            .level = input->level,
            .muted = input->muted,
            .has_audio = input->lanes[SL_AUDIO].sink != NULL,
            .has_video = input->lanes[SL_VIDEO].sink != NULL,
        };
        fn(&stats, arg);
    }
}
