/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a telephone hears in place of a browser, or where there is none: a voice of ours, another
 * stream. */
#include "calls/legs.h"

#include "base/error.h"
#include "base/log.h"

#include <errno.h>

static void on_voice_silent(void *owner)
{
    struct sl_call_media *media = owner;
    struct sl_error error = {.text = ""};

    if (!media->config.alone && !media->closing && !media->said_listener.on_end)
        (void)sl_call_media_say(media, NULL, &error); /* what it heard before is there */
}

static void on_voice_closed(void *owner)
{
    struct sl_call_media *media = owner;

    media->voice = NULL;
    sl_call_media_check_closed(media);
}

int sl_call_media_make_voice(struct sl_call_media *media, struct sl_error *error)
{
    const struct sl_call_voice_config config = {
        .lane = media->lane,
        .control = media->config.calls->config.loop,
        .streams = media->config.calls->config.streams,
        .transcoder = media->config.calls->config.transcoder,
        .codec = sl_call_leg_sound(&media->telephone.leg)->codecs[0].codec,
        .id = media->id,
        .log = media->config.log,
        .on_silent = on_voice_silent,
        .on_closed = on_voice_closed,
        .owner = media,
    };

    return media->voice ? 0 : sl_call_voice_create(&config, &media->voice, error);
}

int sl_call_media_choose_said(struct sl_call_media *media, struct sl_stream *stream,
                              struct sl_variant **variant, struct sl_track **out,
                              struct sl_error *error)
{
    const enum sl_codec codec = sl_call_leg_sound(&media->telephone.leg)->codecs[0].codec;
    const struct sl_variant_want want = {.codec = codec};
    struct sl_track *track = sl_stream_track(stream, SL_AUDIO);

    *variant = NULL;
    if (!track)
        return sl_error_set(error, -ENOENT, "the stream has no sound");
    if (sl_stream_codec(stream, SL_AUDIO) == codec) {
        *out = track;
        return 0;
    }
    int err = sl_variant_take(media->config.calls->config.variants, stream, &want, variant);
    if (err < 0)
        return sl_error_set(error, err, "%s cannot be made of the stream's sound",
                            sl_codec_name(codec));
    *out = sl_variant_track(*variant);
    return 0;
}

static void on_said_end(struct sl_stream_listener *listener)
{
    struct sl_call_media *media = sl_container_of(listener, struct sl_call_media, said_listener);
    struct sl_error error = {.text = ""};

    listener->on_end = NULL;
    (void)sl_call_media_say(media, NULL, &error); /* what it heard at first is there */
}

/* stream NULL: its own. */
static void say(struct sl_call_media *media, struct sl_stream *stream, struct sl_track *track,
                struct sl_variant *variant)
{
    sl_stream_unlisten(&media->said_listener);
    media->said_listener.on_end = NULL;
    sl_call_line_say(media->line, track);
    sl_variant_release(media->said);
    media->said_stream = stream;
    media->said = variant;
}

void sl_call_media_say_again(struct sl_call_media *media)
{
    bool is_voice = media->voice && media->said_stream == sl_call_voice_stream(media->voice);
    struct sl_error error = {.text = ""};
    struct sl_variant *variant;
    struct sl_track *track;

    if (media->said_stream && !is_voice) {
        if (sl_call_media_say(media, media->said_stream, &error) == 0)
            return;
    } else if (is_voice && sl_call_media_choose_said(media, media->said_stream, &variant, &track,
                                                     &error) == 0) {
        say(media, media->said_stream, track, variant);
        return;
    }
    if (error.text[0])
        sl_log(SL_LOG_WARN, media->config.log, "it hears no more of what it heard: %s", error.text);
    say(media, NULL, media->own, NULL);
}

int sl_call_media_say(struct sl_call_media *media, struct sl_stream *stream, struct sl_error *error)
{
    struct sl_variant *variant;
    struct sl_track *track;

    if (!media->own)
        return sl_error_set(error, -EAGAIN, "the call is not established");
    if (!stream) {
        say(media, NULL, media->own, NULL);
        return 0;
    }
    int err = sl_call_media_choose_said(media, stream, &variant, &track, error);
    if (err < 0)
        return err;
    say(media, stream, track, variant);
    media->said_listener.on_end = on_said_end;
    sl_stream_listen(variant ? sl_variant_stream(variant) : stream, &media->said_listener);
    return 0;
}

int sl_call_media_play(struct sl_call_media *media, struct sl_sound *sound, struct sl_error *error)
{
    struct sl_variant *variant;
    struct sl_track *track;
    int err = media->own ? sl_call_media_make_voice(media, error)
                         : sl_error_set(error, -EAGAIN, "the call is not established");

    if (err < 0)
        return err;
    if (media->config.alone) {
        (void)sl_call_media_say(media, NULL, error); /* that is the voice */
    } else {
        err = sl_call_media_choose_said(media, sl_call_voice_stream(media->voice), &variant, &track,
                                        error);
        if (err < 0)
            return err;
        say(media, sl_call_voice_stream(media->voice), track, variant);
    }
    sl_call_voice_play(media->voice, sound);
    return 0;
}

const struct sl_flow_stats *sl_call_media_stats(const struct sl_call_media *media)
{
    return media->line ? sl_call_line_stats(media->line) : NULL;
}
