/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream that a mixer gives: the whole, or the whole without one input's sound. */
#include "mixer/internal.h"

#include "base/random.h"

#include <stdio.h>

/* ---- On the worker ---- */

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct outlet *outlet = owner;

    if (sl_track_kind(track) == SL_VIDEO)
        outlet->mixer->stage.keyframes.wanted = true;
}

static void on_sinks(void *owner, struct sl_track *track, size_t count)
{
    struct outlet *outlet = owner;

    outlet->taken[sl_track_kind(track)] = count > 0;
    if (count > 0)
        request_keyframe(outlet, track); /* the first must not wait for the next one */
    if (sl_list_linked(&outlet->on_stage))
        sl_stage_look(outlet->mixer);
}

static const struct sl_source_ops source_ops = {
    .protocol = "mixer",
    .request_keyframe = request_keyframe,
    .on_sinks = on_sinks,
};

static void on_enter(struct sl_msg *msg)
{
    struct outlet *outlet = sl_container_of(msg, struct outlet, enter_msg);

    sl_list_append(&outlet->mixer->stage.outlets, &outlet->on_stage);
    sl_stage_look(outlet->mixer);
}

static void on_leave(struct sl_msg *msg)
{
    struct outlet *outlet = sl_container_of(msg, struct outlet, leave_msg);

    sl_list_remove(&outlet->on_stage);
    sl_stage_outlet_left(outlet->mixer, outlet);
    sl_loop_post(outlet->mixer->mixers->config.control, &outlet->left_msg);
}

/* ---- On control ---- */

static void on_left(struct sl_msg *msg)
{
    struct outlet *outlet = sl_container_of(msg, struct outlet, left_msg);

    sl_stream_release(outlet->stream);
    free(outlet);
}

void sl_outlet_remove(struct outlet *outlet)
{
    sl_list_remove(&outlet->link);
    sl_stream_end(outlet->stream);
    sl_loop_post(sl_worker_loop(outlet->mixer->worker), &outlet->leave_msg);
}

void sl_outlet_count(struct outlet *outlet)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        uint64_t frames = atomic_load_explicit(&outlet->frames[kind], memory_order_relaxed);
        uint64_t bytes = atomic_load_explicit(&outlet->bytes[kind], memory_order_relaxed);
        outlet->fps[kind] = frames - outlet->seen_frames[kind];
        outlet->bps[kind] = (bytes - outlet->seen_bytes[kind]) * 8;
        outlet->seen_frames[kind] = frames;
        outlet->seen_bytes[kind] = bytes;
    }
}

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    const struct outlet *outlet = owner;

    out->audio_bps = outlet->bps[SL_AUDIO];
    out->video_bps = outlet->bps[SL_VIDEO];
    out->video_fps = outlet->fps[SL_VIDEO];
}

static void terminate(void *owner, const char *why)
{
    struct outlet *outlet = owner;
    struct input *input;

    if (outlet->id == 0) {
        outlet->mixer->on_terminate(outlet->mixer, why);
        return;
    }
    sl_list_foreach(input, &outlet->mixer->inputs, struct input, link)
    {
        if (input->alone == outlet)
            input->alone = NULL;
    }
    sl_outlet_remove(outlet);
}

/* The lowest level of H264 that holds it (table A-1), 3.1 as browsers say at least. */
static const char *level_of(const struct sl_mixer_settings *settings)
{
    int macroblocks = ((settings->width + 15) / 16) * ((settings->height + 15) / 16);

    return macroblocks <= 3600 && macroblocks * settings->fps <= 108000 ? "1f" : "2a";
}

static void describe_tracks(const struct sl_mixer_settings *settings, bool is_main,
                            struct sl_stream_config *out)
{
    struct sl_track_config *audio = &out->tracks[SL_AUDIO], *video = &out->tracks[SL_VIDEO];

    audio->present = settings->has_audio;
    audio->frames = true;
    audio->codec_count = 1;
    audio->codecs[0].codec = settings->audio_codec;
    if (settings->audio_codec == SL_CODEC_OPUS)
        (void)snprintf(audio->codecs[0].fmtp, SL_FMTP_MAX, "minptime=10%s",
                       settings->channels > 1 ? ";sprop-stereo=1" : "");
    video->present = settings->has_video;
    video->frames = true;
    video->codec_count = 1;
    video->codecs[0].codec = SL_CODEC_H264;
    (void)snprintf(video->codecs[0].fmtp, SL_FMTP_MAX,
                   "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e0%s",
                   level_of(settings));
    out->unlisted_while_untaken = !is_main;
}

int sl_outlet_create(struct sl_mixer *mixer, uint32_t id, const char *name, struct outlet **out)
{
    static const struct sl_publisher_ops publisher_ops = {.stats = tell_stats,
                                                          .terminate = terminate};
    struct sl_mixers *mixers = mixer->mixers;
    struct outlet *outlet = sl_new(struct outlet);
    char stream_id[ID_LEN + 1]; /* drawn, as clients choose theirs */
    struct sl_stream_config config = {
        .name = name,
        .publisher = {.origin = SL_ORIGIN_OWN,
                      .id = stream_id,
                      .ops = &publisher_ops,
                      .owner = outlet},
        .worker = mixer->worker,
        .ops = &source_ops,
        .owner = outlet,
    };

    sl_random_token(stream_id, ID_LEN);
    describe_tracks(&mixer->settings, id == 0, &config);
    outlet->mixer = mixer;
    outlet->id = id;
    outlet->enter_msg.run = on_enter;
    outlet->leave_msg.run = on_leave;
    outlet->left_msg.run = on_left;
    int err = sl_stream_create(mixers->config.streams, &config, &outlet->stream);
    if (err < 0) {
        free(outlet);
        return err;
    }
    sl_list_append(&mixer->outlets, &outlet->link);
    sl_loop_post(sl_worker_loop(mixer->worker), &outlet->enter_msg);
    sl_stream_set_live(outlet->stream);
    *out = outlet;
    return 0;
}
