/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made for one playback: variants of its stream's tracks (media-outputs.md 2.1). */
#include "negotiate/internal.h"

#include <errno.h>

static enum sl_reason reason_of(int err)
{
    switch (-err) {
    case EBUSY:
        return SL_REASON_NO_TRANSCODERS;
    case ENOSYS:
        return SL_REASON_NO_CODECS;
    default:
        return SL_REASON_ERROR;
    }
}

static struct sl_variant_want want_of(const struct sl_medium_request *request,
                                      const struct sl_media *media)
{
    const struct sl_media_codec *codec = &media->codecs[0];
    struct sl_variant_want want = {.codec = codec->codec};
    const struct sl_variant_wish wish = {
        .width = request->width,
        .height = request->height,
        .bitrate_kbps = request->bitrate_kbps,
        .max_bitrate_kbps = request->max_bitrate_kbps,
        .quality = request->quality,
    };

    if (media->kind == SL_AUDIO)
        return want;
    want.single_nal = codec->codec == SL_CODEC_H264 && !codec->h264_mode1;
    sl_variant_want_wish(&want, &wish);
    return want;
}

enum sl_reason sl_made_take(struct sl_setup *setup)
{
    const struct sl_webrtc_provider_config *parts = setup->parts;

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_media *media = sl_sdp_flowing_media(&setup->negotiation, kind);
        if (!media || !media->made)
            continue;
        if (kind == SL_VIDEO && parts->config->transcoding_disabled)
            return SL_REASON_TRANSCODING;
        struct sl_variant_want want = want_of(setup->request, media);
        int err =
            sl_variant_take(parts->variants, setup->request->stream, &want, &setup->variants[kind]);
        if (err < 0)
            return reason_of(err);
        setup->facts->made[kind] = sl_variant_stream(setup->variants[kind]);
        setup->facts->encoders[kind] = sl_variant_encoder(setup->variants[kind]);
    }
    return SL_REASON_NONE;
}

/* It ended before its source, of whose end the session hears by itself. */
static void on_end(struct sl_stream_listener *listener)
{
    struct made *made = sl_container_of(listener, struct made, listener);
    int why = sl_variant_why(made->variant);

    if (why < 0)
        made->medium->ops->on_state(made->medium->owner, SL_MEDIUM_FAILED, reason_of(why));
}

static void keep(struct sl_medium *medium, enum sl_media_kind kind, struct sl_variant *variant)
{
    struct made *made = &medium->made[kind];

    made->medium = medium;
    made->variant = variant;
    made->listener.on_end = on_end;
    sl_stream_listen(sl_variant_stream(variant), &made->listener);
}

/* ---- What shows late: B pictures (case 6), another codec (cases 1 and 2) ---- */

static int go_over(struct sl_medium *medium, enum sl_media_kind kind)
{
    struct sl_variant *variant;
    int err = sl_variant_take(medium->as_published.parts->variants, medium->as_published.stream,
                              &medium->as_published.want[kind], &variant);

    if (err < 0)
        return err;
    if (!medium->narrow.suspended) /* else as soon as it sees its own stream again */
        err = sl_peer_move(medium->peer, kind, sl_variant_track(variant));
    if (err < 0) {
        sl_variant_release(variant);
        return err;
    }
    medium->as_published.watched[kind] = false;
    keep(medium, kind, variant);
    medium->ops->on_made(medium->owner, kind, sl_variant_stream(variant),
                         sl_variant_encoder(variant));
    return 0;
}

static void on_reordered(struct sl_stream_listener *listener)
{
    struct sl_medium *medium = sl_container_of(listener, struct sl_medium, as_published.listener);

    if (medium->as_published.watched[SL_VIDEO] && !medium->as_published.may_be_reordered &&
        sl_stream_codec(medium->as_published.stream, SL_VIDEO) == SL_CODEC_H264)
        (void)go_over(medium, SL_VIDEO); /* jumping pictures are better than none, and who comes
                                            later is told */
}

static void on_failed(struct sl_later *later)
{
    struct sl_medium *medium = sl_container_of(later, struct sl_medium, as_published.failed);

    medium->ops->on_state(medium->owner, SL_MEDIUM_FAILED, medium->as_published.why);
}

/* Others who listen to the stream must not go from within. */
static void fail_later(struct sl_medium *medium, enum sl_reason why)
{
    medium->as_published.why = why;
    sl_loop_later(medium->as_published.parts->loop, &medium->as_published.failed);
}

static void follow_codec(struct sl_medium *medium, enum sl_media_kind kind)
{
    enum sl_codec codec = sl_stream_codec(medium->as_published.stream, kind);

    if (!medium->as_published.watched[kind] || medium->as_published.takes[codec])
        return;
    if (kind == SL_VIDEO && medium->as_published.parts->config->transcoding_disabled) {
        fail_later(medium, SL_REASON_TRANSCODING);
        return;
    }
    int err = go_over(medium, kind);
    if (err < 0)
        fail_later(medium, reason_of(err));
}

static void on_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct sl_medium *medium = sl_container_of(listener, struct sl_medium, as_published.listener);

    if (!medium->narrow.suspended) /* else sl_made_look(): it sees something else for now */
        follow_codec(medium, kind);
}

void sl_made_look(struct sl_medium *medium)
{
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        follow_codec(medium, kind);
}

static void watch(struct sl_setup *setup)
{
    const struct sl_config *config = setup->parts->config;
    struct sl_medium *medium = setup->medium;

    medium->as_published.parts = setup->parts;
    medium->as_published.stream = setup->request->stream;
    medium->as_published.may_be_reordered =
        config->transcoding_disabled || !config->b_frames_force_transcoding;
    medium->as_published.failed.run = on_failed;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_media *media = sl_sdp_flowing_media(&setup->negotiation, kind);
        if (!media || medium->made[kind].variant)
            continue;
        medium->as_published.watched[kind] = true;
        medium->as_published.want[kind] = want_of(setup->request, media);
        for (size_t i = 0; i < media->codec_count; i++)
            medium->as_published.takes[media->codecs[i].codec] = true;
    }
    medium->as_published.listener.on_reordered = on_reordered;
    medium->as_published.listener.on_codec = on_codec;
    sl_stream_listen(setup->request->stream, &medium->as_published.listener);
}

void sl_made_watch_no_more(struct sl_medium *medium)
{
    sl_stream_unlisten(&medium->as_published.listener);
    sl_later_cancel(&medium->as_published.failed);
}

void sl_made_keep(struct sl_setup *setup)
{
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (setup->variants[kind])
            keep(setup->medium, kind, setup->variants[kind]);
        setup->variants[kind] = NULL;
    }
    watch(setup);
}

void sl_made_release(struct sl_medium *medium)
{
    sl_made_watch_no_more(medium);
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        struct made *made = &medium->made[kind];
        sl_stream_unlisten(&made->listener);
        sl_variant_release(made->variant);
        made->variant = NULL;
    }
}
