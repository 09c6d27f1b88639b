/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One stream that is mixed.
 *   EXPECTED --its stream is there--> TAKEN --the end of the stream, an operator--> LEAVING
 *   EXPECTED --it does not come--> freed
 *   LEAVING  --it is off the stage--> freed
 */
#include "mixer/internal.h"

static void input_free(struct input *input)
{
    for (size_t kind = 0; kind < KINDS; kind++)
        sl_sink_destroy(input->lanes[kind].sink);
    free(input->name);
    free(input->session_id);
    free(input);
}

static void on_enter(struct sl_msg *msg) /* [worker] */
{
    struct input *input = sl_container_of(msg, struct input, enter_msg);

    sl_stage_enter(input->mixer, input);
}

static void on_leave(struct sl_msg *msg) /* [worker] */
{
    struct input *input = sl_container_of(msg, struct input, leave_msg);

    sl_stage_leave(input->mixer, input);
    sl_loop_post(input->mixer->mixers->config.control, &input->left_msg);
}

static void on_left(struct sl_msg *msg)
{
    input_free(sl_container_of(msg, struct input, left_msg));
}

/* ---- How it is heard and seen ---- */

/* Its publisher may have said that it is silent, whatever it sends. */
static uint8_t percent_of(const struct input *input)
{
    return sl_stream_is_muted(input->source, SL_AUDIO) ? 0 : (uint8_t)input->level;
}

struct change {
    struct sl_msg msg;
    struct input *input;
    uint8_t percent;
    bool hidden;
};

static void on_change(struct sl_msg *msg) /* [worker] */
{
    struct change *change = sl_container_of(msg, struct change, msg);
    struct input *input = change->input;

    input->heard_percent = change->percent;
    sl_stage_set_hidden(input->mixer, input, change->hidden);
    free(change);
    sl_stage_arrange(input->mixer);
}

static void say_how(struct input *input)
{
    struct change *change = sl_new(struct change);

    change->msg.run = on_change;
    change->input = input;
    change->percent = percent_of(input);
    change->hidden = input->muted;
    sl_loop_post(sl_worker_loop(input->mixer->worker), &change->msg);
}

static void on_source_muted(struct sl_stream_listener *listener)
{
    say_how(sl_container_of(listener, struct input, listener));
}

static void on_source_end(struct sl_stream_listener *listener)
{
    sl_input_remove(sl_container_of(listener, struct input, listener));
}

struct input *sl_input_create(struct sl_mixer *mixer, const char *name, const char *session_id)
{
    struct input *input = sl_new(struct input);

    input->mixer = mixer;
    input->id = ++mixer->last_id;
    input->name = sl_strdup(name);
    input->session_id = sl_strdup_or_null(session_id);
    input->level = SL_ENGINE_PERCENT_MAX;
    input->heard_percent = SL_ENGINE_PERCENT_MAX;
    input->delay.max_us = mixer->mixers->config.config->mixer_in_buffering_ms * INT64_C(1000);
    input->enter_msg.run = on_enter;
    input->leave_msg.run = on_leave;
    input->left_msg.run = on_left;
    input->listener.on_end = on_source_end;
    input->listener.on_muted = on_source_muted;
    for (size_t kind = 0; kind < KINDS; kind++) {
        input->lanes[kind].input = input;
        input->lanes[kind].kind = (enum sl_media_kind)kind;
    }
    sl_list_append(&mixer->inputs, &input->link);
    mixer->input_count++;
    return input;
}

void sl_input_attach(struct input *input, struct sl_stream *stream, const struct sl_mixer_use *use)
{
    const struct sl_mixer_settings *settings = &input->mixer->settings;
    struct sl_worker *worker = input->mixer->worker;
    bool takes[KINDS] = {[SL_AUDIO] = use->has_audio && settings->has_audio,
                         [SL_VIDEO] = use->has_video && settings->has_video};

    input->source = stream;
    input->use = *use;
    input->heard_percent = percent_of(input);
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct sl_track *track = sl_stream_track(stream, (enum sl_media_kind)kind);
        if (takes[kind] && track)
            input->lanes[kind].sink =
                sl_sink_create(track, worker, &sl_lane_sink_ops, &input->lanes[kind]);
    }
    sl_stream_listen(stream, &input->listener);
    sl_loop_post(sl_worker_loop(worker), &input->enter_msg);
}

void sl_input_remove(struct input *input)
{
    struct sl_mixer *mixer = input->mixer;

    sl_list_remove(&input->link);
    mixer->input_count--;
    sl_stream_unlisten(&input->listener);
    if (input->alone)
        sl_outlet_remove(input->alone);
    input->alone = NULL;
    if (input->source)
        sl_loop_post(sl_worker_loop(mixer->worker), &input->leave_msg);
    else
        input_free(input);
    mixer->on_input_gone(mixer);
}

void sl_input_set(struct input *input, int level, int muted)
{
    if (level >= 0)
        input->level = level;
    if (muted >= 0)
        input->muted = muted > 0;
    if (!input->source) { /* nobody else has it yet */
        input->hidden = input->muted;
        return;
    }
    say_how(input);
}
