/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves between the legs of a call: their streams, and what is made of them. */
#include "calls/legs.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* ---- What the legs report ---- */

static void on_peer_state(void *owner, enum sl_peer_state state, enum sl_peer_failure failure)
{
    struct sl_call_media *media = owner;

    (void)failure;
    if (state == SL_PEER_FAILED && !media->closing)
        media->config.on_failed(media->config.owner);
}

static void on_peer_closed(void *owner)
{
    struct sl_call_media *media = owner;

    media->has_peer = false;
    sl_call_media_check_closed(media);
}

static const struct sl_peer_ops peer_ops = {.on_state = on_peer_state, .on_closed = on_peer_closed};

static void on_keyframe_wanted(void *owner)
{
    struct sl_call_media *media = owner;

    if (!media->closing)
        media->config.on_keyframe_wanted(media->config.owner);
}

static void on_line_heard(void *owner)
{
    struct sl_call_media *media = owner;

    if (!media->closing && media->config.on_heard)
        media->config.on_heard(media->config.owner);
}

static void on_line_closed(void *owner)
{
    struct sl_call_media *media = owner;

    media->has_line = false;
    sl_call_media_check_closed(media);
}

/* ---- Joining ---- */

/* Both legs have it; without a browser, it is wanted. */
static bool has_kind(struct sl_call_media *media, enum sl_media_kind kind)
{
    bool wanted = media->config.alone ? media->config.wants[kind]
                                      : sl_call_leg_media(&media->browser.leg, kind) != NULL;

    return wanted && sl_call_leg_media(&media->telephone.leg, kind);
}

/* In the middle of a call a telephone may go on in any codec that it may be offered. */
static void add_codecs(const struct sl_call_media *media, struct sl_track_config *sound)
{
    static const struct sl_call_taste nothing = {.of = {{.count = 0}}};
    struct sl_call_taste all;

    sl_call_taste_choose(media->config.calls->config.config, &nothing, &all);
    for (size_t i = 0; i < all.of[SL_AUDIO].count; i++) {
        const struct sl_source_codec *item = &all.of[SL_AUDIO].items[i];
        bool known = false;
        for (size_t j = 0; j < sound->codec_count; j++)
            known |= sound->codecs[j].codec == item->codec;
        if (known || sound->codec_count == SL_TRACK_CODECS_MAX)
            continue;
        sound->codecs[sound->codec_count] = (struct sl_track_codec){.codec = item->codec};
        memcpy(sound->codecs[sound->codec_count++].fmtp, item->fmtp, sizeof(item->fmtp));
    }
}

static void name_tracks(struct sl_call_media *media, struct sl_call_leg *leg,
                        struct sl_stream_config *config)
{
    for (size_t kind = 0; kind < 2; kind++) {
        if (has_kind(media, (enum sl_media_kind)kind))
            sl_track_config_from(sl_call_leg_media(leg, (enum sl_media_kind)kind),
                                 &config->tracks[kind]);
    }
    if (leg == &media->telephone.leg && config->tracks[SL_AUDIO].present)
        add_codecs(media, &config->tracks[SL_AUDIO]);
}

static int make_stream(struct sl_call_media *media, struct sl_call_leg *leg,
                       const struct sl_source_ops *ops, void *owner, struct sl_stream **out,
                       struct sl_error *error)
{
    struct sl_stream_config config = {
        .worker = media->browser.worker,
        .ops = ops,
        .owner = owner,
    };

    name_tracks(media, leg, &config);
    int err = sl_stream_create(media->config.calls->config.streams, &config, out);
    if (err < 0)
        return sl_error_set(error, err, "no room for another stream");
    sl_stream_set_live(*out);
    return 0;
}

/* Whether this side gets what that one sends, as it is. */
static bool is_heard(const struct sl_media *sent, const struct sl_media *heard)
{
    const struct sl_media_codec *codec = &sent->codecs[0];

    for (size_t i = 0; i < heard->codec_count; i++) {
        if (heard->codecs[i].codec == codec->codec &&
            (codec->codec != SL_CODEC_H264 || heard->codecs[i].h264_mode1 >= codec->h264_mode1))
            return true;
    }
    return false;
}

int sl_call_media_choose(struct sl_call_media *media, struct sl_stream *stream,
                         const struct sl_media *sent, const struct sl_media *heard,
                         struct sl_variant **variant, struct sl_track **out, struct sl_error *error)
{
    const struct sl_media_codec *codec = &heard->codecs[0];
    const struct sl_variant_want want = {.codec = codec->codec,
                                         .single_nal = codec->codec == SL_CODEC_H264};

    if (is_heard(sent, heard)) {
        *out = sl_stream_track(stream, sent->kind);
        return 0;
    }
    if (sent->kind == SL_VIDEO && sent->codecs[0].codec != codec->codec)
        return 0; /* nobody makes pictures in another codec for a call (sip.md 14.3) */
    int err = sl_variant_take(media->config.calls->config.variants, stream, &want, variant);
    if (err < 0)
        return sl_error_set(error, err, "%s cannot be made of %s", sl_codec_name(want.codec),
                            sl_codec_name(sent->codecs[0].codec));
    *out = sl_variant_track(*variant);
    return 0;
}

/* Of both kinds. */
static int choose_tracks(struct sl_call_media *media, struct sl_stream *stream,
                         struct sl_call_leg *from, struct sl_call_leg *to,
                         struct sl_variant *variants[static 2], struct sl_track *out[static 2],
                         struct sl_error *error)
{
    int err = 0;

    out[SL_AUDIO] = out[SL_VIDEO] = NULL;
    for (size_t i = 0; i < 2 && err == 0; i++) {
        enum sl_media_kind kind = (enum sl_media_kind)i;
        if (has_kind(media, kind))
            err = sl_call_media_choose(media, stream, sl_call_leg_media(from, kind),
                                       sl_call_leg_media(to, kind), &variants[i], &out[i], error);
    }
    return err;
}

/* The flow is for both directions whoever speaks now: who does not is left out
 * (sl_call_media_aim()). */
struct sl_negotiation *sl_call_media_both_directions(const struct sl_negotiation *negotiation)
{
    struct sl_negotiation *out = sl_negotiation_dup(negotiation);

    for (size_t i = 0; i < out->media_count; i++) {
        if (out->media[i].accepted)
            out->media[i].direction = SL_SDP_SENDRECV;
    }
    return out;
}

static void make_line(struct sl_call_media *media, const struct sl_negotiation *negotiation)
{
    if (!has_kind(media, SL_VIDEO))
        sl_call_media_close_ports(&media->ports[SL_VIDEO]);
    const struct sl_call_line_config config = {
        .lane = media->lane,
        .control = media->config.calls->config.loop,
        .ports = {media->ports[SL_AUDIO], media->ports[SL_VIDEO]},
        .negotiation = negotiation,
        .crypto = media->telephone.encrypts ? media->telephone.crypto : NULL,
        .on_keyframe_wanted = on_keyframe_wanted,
        .on_heard = on_line_heard,
        .on_closed = on_line_closed,
        .owner = media,
    };

    media->line = sl_call_line_create(&config);
    media->has_line = true;
    media->ports[SL_AUDIO].rtp = media->ports[SL_VIDEO].rtp = -1;
}

static void make_peer(struct sl_call_media *media, struct sl_track *const tracks[static 2])
{
    struct sl_peer_config config = {
        .rtc = media->config.calls->config.rtc,
        .worker = media->browser.worker,
        .direction = SL_SDP_SENDRECV,
        .tcp_only = media->config.calls->config.config->ice_tcp_transport,
        .negotiation = media->browser.leg.negotiation,
        .tracks = {tracks[SL_AUDIO], tracks[SL_VIDEO]},
        .cname = media->id,
        .ops = &peer_ops,
        .owner = media,
    };

    for (size_t i = 0; i < SL_MEDIA_TRANSPORTS_MAX; i++) {
        memcpy(config.local[i].ufrag, media->browser.ufrags[i], sizeof(config.local[i].ufrag));
        memcpy(config.local[i].pwd, media->browser.pwds[i], sizeof(config.local[i].pwd));
    }
    media->peer = sl_peer_create(&config);
    media->has_peer = true;
}

void sl_call_media_aim(struct sl_call_media *media)
{
    struct sl_call_leg *leg = &media->telephone.leg;
    struct sl_call_line_change change = {.places = {{.sends = false}}};

    for (size_t kind = 0; kind < 2; kind++) {
        const struct sl_media *section = sl_call_leg_media(leg, (enum sl_media_kind)kind);
        struct sl_call_line_place *place = &change.places[kind];
        struct sl_addr to;
        if (!section || !has_kind(media, (enum sl_media_kind)kind))
            continue;
        const struct sl_media_transport *transport =
            &leg->negotiation->transports[section->transport];
        memcpy(place->address, transport->address, sizeof(place->address));
        place->port = transport->port;
        place->rtcp_port = transport->rtcp_port;
        /* 0.0.0.0 is the old way of holding (RFC 3264 section 8.4). */
        bool hears = sl_addr_parse_ip(place->address, 0, &to) < 0 || !sl_addr_is_any(&to);
        place->sends = sl_sdp_sends(section->direction) && hears && !media->held && media->answered;
        place->receives = sl_sdp_receives(section->direction) && !media->held;
    }
    sl_call_line_change(media->line, &change);
}

void sl_call_media_log(struct sl_call_media *media)
{
    const struct sl_media *pictures = sl_call_leg_media(&media->telephone.leg, SL_VIDEO);
    bool made = media->to_line[SL_AUDIO] || media->to_browser[SL_AUDIO];

    if (!has_kind(media, SL_VIDEO))
        pictures = NULL;
    sl_log(SL_LOG_INFO, media->config.log, "call: browser %s, telephone %s%s%s%s",
           sl_codec_name(sl_call_leg_sound(&media->browser.leg)->codecs[0].codec),
           sl_codec_name(sl_call_leg_sound(&media->telephone.leg)->codecs[0].codec),
           made ? ", transcoded" : "", pictures ? ", " : "",
           pictures ? sl_codec_name(pictures->codecs[0].codec) : "");
}

/* A line with its stream, and what of that the browser gets. */
static int add_line(struct sl_call_media *media, const struct sl_negotiation *negotiation,
                    struct sl_track *to_browser[static 2], struct sl_error *error)
{
    struct sl_call_leg *browser = &media->browser.leg, *telephone = &media->telephone.leg;

    make_line(media, negotiation);
    int err = make_stream(media, telephone, &sl_call_line_source_ops, media->line,
                          &media->from_line, error);
    return err < 0 ? err
                   : choose_tracks(media, media->from_line, telephone, browser, media->to_browser,
                                   to_browser, error);
}

static void start_line(struct sl_call_media *media, const struct sl_negotiation *negotiation,
                       struct sl_track *const to_line[static 2])
{
    struct sl_track *from_line[2];

    for (size_t kind = 0; kind < 2; kind++)
        from_line[kind] = sl_stream_track(media->from_line, (enum sl_media_kind)kind);
    media->own = to_line[SL_AUDIO];
    sl_call_line_start(media->line, from_line, to_line, negotiation, media->id);
    sl_call_media_aim(media);
}

/* Nothing moves before both streams, and what is made of them, are there. */
static int join_over(struct sl_call_media *media, const struct sl_negotiation *negotiation,
                     struct sl_error *error)
{
    struct sl_call_leg *browser = &media->browser.leg, *telephone = &media->telephone.leg;
    struct sl_track *to_browser[2], *to_line[2];

    int err = add_line(media, negotiation, to_browser, error);
    if (err < 0)
        return err;
    make_peer(media, to_browser);
    err =
        make_stream(media, browser, &sl_peer_source_ops, media->peer, &media->from_browser, error);
    if (err < 0)
        return err;
    sl_peer_set_tracks(media->peer, sl_stream_track(media->from_browser, SL_AUDIO),
                       sl_stream_track(media->from_browser, SL_VIDEO));
    err = choose_tracks(media, media->from_browser, browser, telephone, media->to_line, to_line,
                        error);
    if (err < 0)
        return err;
    sl_peer_start(media->peer); /* first: the line asks it for a key frame at once */
    start_line(media, negotiation, to_line);
    media->joined = true;
    sl_call_media_log(media);
    return 0;
}

int sl_call_media_join(struct sl_call_media *media, struct sl_error *error)
{
    if (media->config.alone)
        return sl_call_media_join_alone(media, error);
    struct sl_negotiation *negotiation =
        sl_call_media_both_directions(media->telephone.leg.negotiation);
    int err = join_over(media, negotiation, error);

    free(negotiation);
    return err;
}

/* ---- Without a browser ---- */

int sl_call_media_join_alone(struct sl_call_media *media, struct sl_error *error)
{
    struct sl_negotiation *negotiation =
        sl_call_media_both_directions(media->telephone.leg.negotiation);
    int err = 0;

    make_line(media, negotiation);
    free(negotiation);
    if (has_kind(media, SL_AUDIO))
        err = sl_call_media_make_voice(media, error);
    if (err == 0 && media->voice)
        err = sl_call_media_choose_said(media, sl_call_voice_stream(media->voice),
                                        &media->to_line[SL_AUDIO], &media->own, error);
    media->joined = err == 0;
    return err;
}

int sl_call_media_publish(struct sl_call_media *media, const struct sl_stream_config *as,
                          struct sl_stream **out, struct sl_error *error)
{
    struct sl_call_leg *leg = &media->telephone.leg;
    struct sl_stream_config config = *as;

    config.worker = media->browser.worker;
    config.ops = &sl_call_line_source_ops;
    config.owner = media->line;
    config.unlisted_until_live = true;
    name_tracks(media, leg, &config);
    int err = sl_stream_create(media->config.calls->config.streams, &config, &media->from_line);
    if (err < 0)
        return sl_error_set(error, err, "%s",
                            err == -EEXIST ? "the name is in use" : "no room for another stream");
    struct sl_negotiation *negotiation = sl_call_media_both_directions(leg->negotiation);
    struct sl_track *const to_line[2] = {[SL_AUDIO] = media->own};
    start_line(media, negotiation, to_line);
    free(negotiation);
    *out = media->from_line;
    return 0;
}

/* ---- From one telephone to another ---- */

#define EXCHANGE(type, a, b)                                                                       \
    do {                                                                                           \
        type exchanged_ = (a);                                                                     \
        (a) = (b);                                                                                 \
        (b) = exchanged_;                                                                          \
    } while (0)

/* All that is of the telephone's side. A line is on the worker of the browser that it is made for,
 * where its stream is fed: the lanes stay. */
static void exchange_lines(struct sl_call_media *a, struct sl_call_media *b)
{
    struct sl_call_telephone *telephone = sl_new(struct sl_call_telephone);

    *telephone = a->telephone; /* too large for the stack */
    a->telephone = b->telephone;
    b->telephone = *telephone;
    free(telephone);
    EXCHANGE(struct sl_call_line *, a->line, b->line);
    EXCHANGE(bool, a->has_line, b->has_line);
    EXCHANGE(bool, a->quiet, b->quiet);
    EXCHANGE(bool, a->held, b->held);
    EXCHANGE(struct sl_stream *, a->from_line, b->from_line);
    EXCHANGE(struct sl_stream *, a->said_stream, b->said_stream);
    EXCHANGE(struct sl_variant *, a->said, b->said);
    EXCHANGE(struct sl_track *, a->own, b->own);
    for (size_t kind = 0; kind < 2; kind++) {
        EXCHANGE(struct sl_udp_pair, a->ports[kind], b->ports[kind]);
        EXCHANGE(struct sl_variant *, a->to_browser[kind], b->to_browser[kind]);
        EXCHANGE(struct sl_variant *, a->to_line[kind], b->to_line[kind]);
    }
    if (a->has_line)
        sl_call_line_set_owner(a->line, a);
    if (b->has_line)
        sl_call_line_set_owner(b->line, b);
}

/* The browser is there, and its line is to come. */
static int join_line(struct sl_call_media *media, const struct sl_negotiation *negotiation,
                     struct sl_error *error)
{
    struct sl_track *to_browser[2], *to_line[2];

    int err = add_line(media, negotiation, to_browser, error);
    if (err == 0)
        err = choose_tracks(media, media->from_browser, &media->browser.leg, &media->telephone.leg,
                            media->to_line, to_line, error);
    if (err < 0)
        return err;
    media->answered = true;
    start_line(media, negotiation, to_line);
    for (size_t kind = 0; kind < 2; kind++) {
        if (to_browser[kind]) /* what flows to it: else it goes on without */
            (void)sl_peer_move(media->peer, (enum sl_media_kind)kind, to_browser[kind]);
    }
    sl_call_media_log(media);
    return 0;
}

int sl_call_media_take_over(struct sl_call_media *media, struct sl_call_media *next,
                            const char *answer, struct sl_error *error)
{
    struct sl_call_telephone *telephone = &next->telephone;

    if (!answer || !media->peer || !media->from_browser)
        return sl_error_set(error, -EBADMSG, "there is nothing to go on with");
    int err = sl_call_leg_hear(&telephone->leg, answer, error);
    if (err == 0)
        err = sl_call_telephone_settle(telephone, error);
    if (err < 0)
        return err;
    struct sl_negotiation *negotiation = sl_call_media_both_directions(telephone->leg.negotiation);
    exchange_lines(media, next);
    err = join_line(media, negotiation, error);
    free(negotiation);
    if (err < 0) {
        exchange_lines(media, next); /* what was made goes with next */
        return err;
    }
    sl_stream_unlisten(&media->said_listener);
    next->said_stream = NULL;
    next->own = NULL; /* it is of the other's browser, which may go first */
    return 0;
}
