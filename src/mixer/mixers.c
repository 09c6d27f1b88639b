/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which mixers there are, who may make and join them, and the publications that do by name. */
#include "mixer/internal.h"
#include "mixer/names.h"

#include "base/config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { RATES_MS = 1000 };

/* ---- Which there are ---- */

static void on_rates(void *owner)
{
    struct sl_mixers *mixers = owner;
    struct sl_mixer *mixer;
    struct outlet *outlet;

    sl_list_foreach(mixer, &mixers->live, struct sl_mixer, link)
    {
        sl_list_foreach(outlet, &mixer->outlets, struct outlet, link) sl_outlet_count(outlet);
    }
}

static void on_stopped_later(struct sl_later *later)
{
    struct sl_mixers *mixers = sl_container_of(later, struct sl_mixers, stopped);

    mixers->on_stopped(mixers->on_stopped_owner);
}

struct sl_mixers *sl_mixers_create(const struct sl_mixers_config *config)
{
    struct sl_mixers *mixers = sl_new(struct sl_mixers);

    mixers->config = *config;
    mixers->stopped.run = on_stopped_later;
    sl_list_init(&mixers->live);
    sl_list_init(&mixers->ending);
    mixers->rates = sl_timer_create(config->control, on_rates, mixers);
    sl_timer_start(mixers->rates, RATES_MS, RATES_MS);
    return mixers;
}

void sl_mixers_stop(struct sl_mixers *mixers, void (*on_stopped)(void *owner), void *owner)
{
    mixers->stopping = true;
    mixers->on_stopped = on_stopped;
    mixers->on_stopped_owner = owner;
    while (!sl_list_empty(&mixers->live))
        sl_mixer_end(sl_list_first(&mixers->live, struct sl_mixer, link), "the server stops");
    sl_timer_stop(mixers->rates);
    sl_mixers_check_stopped(mixers);
}

void sl_mixers_destroy(struct sl_mixers *mixers)
{
    if (!mixers)
        return;
    assert(sl_list_empty(&mixers->live) && sl_list_empty(&mixers->ending));
    sl_later_cancel(&mixers->stopped);
    sl_timer_destroy(mixers->rates);
    free(mixers);
}

struct sl_mixer *sl_mixers_find(struct sl_mixers *mixers, const char *name)
{
    struct sl_mixer *mixer;

    sl_list_foreach(mixer, &mixers->live, struct sl_mixer, link)
    {
        if (strcmp(mixer->name, name) == 0)
            return mixer;
    }
    return NULL;
}

void sl_mixers_each(struct sl_mixers *mixers, void (*fn)(struct sl_mixer *mixer, void *arg),
                    void *arg)
{
    struct sl_mixer *mixer;

    sl_list_foreach(mixer, &mixers->live, struct sl_mixer, link) fn(mixer, arg);
}

size_t sl_mixers_count(const struct sl_mixers *mixers)
{
    return mixers->live_count;
}

int sl_mixers_start(struct sl_mixers *mixers, const char *name, const char *output,
                    const struct sl_mixer_settings *settings, const struct sl_mixer_images *images,
                    struct sl_mixer **out)
{
    if (!sl_mixer_name_is_valid(name) || !sl_stream_name_is_valid(output) || strchr(output, '#'))
        return -EINVAL;
    if (sl_mixers_find(mixers, name) || sl_streams_find(mixers->config.streams, output))
        return -EEXIST;
    if (mixers->stopping || mixers->live_count >= (size_t)mixers->config.config->mixers_max)
        return -EBUSY;
    int err = sl_transcoder_admit(mixers->config.transcoder, output);
    return err < 0 ? -EBUSY : sl_mixer_create(mixers, name, output, settings, images, out);
}

/* ---- Publications that join by name ---- */

static size_t count_of(const struct sl_mixers *mixers, const char *session_id)
{
    const struct sl_mixer *mixer;
    const struct input *input;
    size_t count = 0;

    sl_list_foreach(mixer, &mixers->live, struct sl_mixer, link)
    {
        sl_list_foreach(input, &mixer->inputs, struct input, link) count +=
            input->session_id && strcmp(input->session_id, session_id) == 0;
    }
    return count;
}

static enum sl_reason reason_of(int err)
{
    switch (err) {
    case 0:
        return SL_REASON_NONE;
    case -EEXIST:
        return SL_REASON_NAME_IN_USE;
    case -EINVAL:
        return SL_REASON_RESTRICTED;
    default:
        return SL_REASON_NO_TRANSCODERS;
    }
}

static int join(struct sl_mixers *mixers, const char *name, const struct sl_mix_request *request,
                struct input **out)
{
    struct sl_mixer *mixer = sl_mixers_find(mixers, name);
    struct sl_mixer_settings settings;
    bool is_new = mixer == NULL;
    int err = 0;

    if (is_new) {
        sl_mixer_settings_init(&settings, mixers->config.config);
        if (settings.idle_timeout_ms == 0)
            settings.idle_timeout_ms = SL_MIXER_IDLE_USUAL_MS; /* never: an operator's alone */
        err = sl_mixers_start(mixers, name, name, &settings, &(struct sl_mixer_images){0}, &mixer);
    }
    if (err == 0)
        err = sl_mixer_add_input(mixer, request->name, request->session_id, out);
    if (err < 0 && is_new && mixer)
        sl_mixer_end(mixer, "nobody could join it");
    return err;
}

/* Publications of this application join mixers by their names. */
static bool is_for(const struct sl_mixers *mixers, const struct sl_mix_request *request)
{
    const struct sl_config *config = mixers->config.config;

    return config->mixer_auto_start &&
           sl_string_list_has(&config->mixer_app_keys, request->app_key);
}

static const char *needs(void *arg, const struct sl_mix_request *request)
{
    struct sl_mixers *mixers = arg;
    const char *name;

    if (!is_for(mixers, request) || sl_mixer_name_split(request->name, &name) < 0 || !name)
        return NULL;
    return sl_mixers_find(mixers, name) ? NULL : name;
}

static enum sl_reason enter(void *arg, const struct sl_mix_request *request,
                            struct sl_mix_entry **out)
{
    struct sl_mixers *mixers = arg;
    const struct sl_config *config = mixers->config.config;
    struct input *input = NULL;
    const char *name;

    *out = NULL;
    if (!is_for(mixers, request))
        return SL_REASON_NONE;
    if (sl_mixer_name_split(request->name, &name) < 0)
        return SL_REASON_RESTRICTED;
    if (!name)
        return SL_REASON_NONE;
    if (count_of(mixers, request->session_id) >= (size_t)config->mixer_inputs_per_session_max)
        return SL_REASON_NO_TRANSCODERS;
    int err = join(mixers, name, request, &input);
    if (err == 0)
        *out = &input->entry;
    return reason_of(err);
}

static void attach(struct sl_mix_entry *entry, struct sl_stream *stream)
{
    sl_input_attach(sl_container_of(entry, struct input, entry), stream,
                    &(struct sl_mixer_use){.has_audio = true, .has_video = true});
}

static void cancel(struct sl_mix_entry *entry)
{
    if (entry)
        sl_input_remove(sl_container_of(entry, struct input, entry));
}

static const struct sl_stream *first_in(void *arg, const struct sl_stream *stream)
{
    const struct sl_mixer *mixer = sl_mixer_of(arg, stream);
    const struct input *input;

    if (!mixer)
        return NULL;
    sl_list_foreach(input, &mixer->inputs, struct input, link)
    {
        if (input->source)
            return input->source;
    }
    return NULL;
}

struct sl_mixing sl_mixers_mixing(struct sl_mixers *mixers)
{
    return (struct sl_mixing){.arg = mixers,
                              .needs = needs,
                              .enter = enter,
                              .attach = attach,
                              .cancel = cancel,
                              .first_in = first_in};
}
