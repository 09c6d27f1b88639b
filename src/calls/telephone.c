/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offers and answers of a telephone's leg, the first ones and those in the middle of a call. */
#include "base/error.h"
#include "base/mem.h"
#include "calls/describe.h"
#include "flow/flow.h"

#include <errno.h>
#include <string.h>

void sl_call_telephone_init(struct sl_call_telephone *telephone)
{
    for (size_t kind = 0; kind < 2; kind++)
        telephone->ssrcs[kind] = sl_ssrc_draw(telephone->ssrcs, kind);
}

static void fill_line(const struct sl_call_telephone *telephone, enum sl_media_kind kind,
                      struct sl_sdp_local_transport *out)
{
    out->candidates = &telephone->addrs[kind];
    out->candidate_count = 1;
    out->rtcp_port = (uint16_t)(telephone->addrs[kind].port + 1);
    out->crypto = telephone->encrypts ? &telephone->crypto[kind] : NULL;
}

/* ---- What was agreed upon ---- */

/* One codec, and digits: nobody changes it without a word (sip.md 14.2). */
static void keep_one(struct sl_media *media)
{
    size_t kept = 1;

    for (size_t i = 1; i < media->codec_count; i++) {
        if (media->codecs[i].codec == SL_CODEC_TELEPHONE_EVENT)
            media->codecs[kept++] = media->codecs[i];
    }
    media->codec_count = kept;
}

static void note_agreed(struct sl_call_telephone *telephone)
{
    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        if (!media)
            continue;
        media->local_ssrc = telephone->ssrcs[kind];
        telephone->used[kind] = true;
        telephone->codecs[kind] = media->codecs[0];
    }
}

/* Nobody makes pictures in another codec or packetization mode (sip.md 14.3): they stay as they
 * were at first, or go. */
static bool is_as_before(const struct sl_call_telephone *telephone, const struct sl_media *pictures)
{
    const struct sl_media_codec *now = &pictures->codecs[0], *before = &telephone->codecs[SL_VIDEO];

    return telephone->used[SL_VIDEO] && now->codec == before->codec &&
           now->h264_mode1 == before->h264_mode1;
}

/* There is what the call is to have, and of pictures only what there was. */
static int check_again(struct sl_call_telephone *telephone, struct sl_error *error)
{
    struct sl_media *sound = sl_call_leg_media(&telephone->leg, SL_AUDIO);
    struct sl_media *pictures = sl_call_leg_media(&telephone->leg, SL_VIDEO);

    if (pictures && !is_as_before(telephone, pictures)) {
        pictures->accepted = false;
        pictures = NULL;
    }
    if (sound && (telephone->leg.no_sound || sound->codecs[0].codec == SL_CODEC_TELEPHONE_EVENT)) {
        sound->accepted = false;
        sound = NULL;
    }
    if (!(telephone->leg.no_sound ? pictures : sound))
        return sl_error_set(error, -ENOMSG, "no common codec");
    if (sound)
        keep_one(sound);
    if (pictures)
        keep_one(pictures);
    return 0;
}

/* ---- Texts ---- */

/* What was agreed upon, in our words. */
static int describe(struct sl_call_telephone *telephone, char *text, struct sl_error *error)
{
    struct sl_sdp_answer_config answer = {
        .product = SL_CALL_PRODUCT,
        .version = SLUICE_VERSION,
        .session_id_ms = telephone->session_id_ms++,
        .cname_id = "call",
    };

    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        if (!media)
            continue;
        const struct sl_media_transport *theirs =
            &telephone->leg.negotiation->transports[media->transport];
        struct sl_sdp_local_transport *ours = &answer.transports[media->transport];
        fill_line(telephone, (enum sl_media_kind)kind, ours);
        media->local_ssrc = 0; /* plain: whose packets they are, their way says */
        if (theirs->rtcp_port == theirs->port)
            ours->rtcp_port = 0;
    }
    int err = sl_sdp_build_answer(telephone->leg.theirs, telephone->leg.negotiation, &answer, text,
                                  SL_SDP_TEXT_MAX);
    note_agreed(telephone);
    return err < 0 ? sl_error_set(error, err, "the description is too long") : err;
}

int sl_call_telephone_check_srtp(const struct sl_call_telephone *telephone,
                                 const struct sl_config *config, struct sl_error *error)
{
    bool disabled = strcmp(config->sip_srtp, "disabled") == 0;
    bool mandatory = strcmp(config->sip_srtp, "mandatory") == 0;
    const struct sl_sdp *theirs = telephone->leg.theirs;

    for (size_t i = 0; i < theirs->section_count; i++) {
        bool secure = strstr(theirs->sections[i].proto, "SAVP") != NULL;
        if (theirs->sections[i].port != 0 && (secure ? disabled : mandatory))
            return sl_error_set(error, -ENOMSG, "sip_srtp is %s, and this %s", config->sip_srtp,
                                secure ? "has keys" : "is in clear");
    }
    return 0;
}

/* Keys of ours for what is offered (RFC 4568). */
static void offer_keys(struct sl_call_telephone *telephone, const struct sl_config *config)
{
    if (telephone->encrypts || strcmp(config->sip_srtp, "mandatory") != 0)
        return;
    telephone->encrypts = true;
    for (size_t kind = 0; kind < 2; kind++)
        sl_flow_draw_crypto(SL_SDP_AES_CM_128_HMAC_SHA1_80, 1, &telephone->crypto[kind]);
}

/* What may be offered to it, or answered, the preferred first. */
static void choose(const struct sl_call_telephone *telephone, const struct sl_config *config,
                   const struct sl_call_taste *preferred, struct sl_call_taste *out)
{
    sl_call_taste_choose(config, preferred, out);
    if (telephone->to_rtmp)
        sl_call_taste_leave_out(&config->codecs_exclude_sip_rtmp, out);
    if (telephone->leg.no_sound)
        out->of[SL_AUDIO].count = 0;
    else
        sl_call_taste_add_events(config, &out->of[SL_AUDIO]);
}

/* Of a section of this kind, ours. */
static enum sl_sdp_direction direction_of(const struct sl_call_telephone *telephone,
                                          enum sl_media_kind kind, enum sl_sdp_direction direction)
{
    return kind == SL_VIDEO && telephone->watches
               ? sl_sdp_direction_of(false, sl_sdp_receives(direction))
               : direction;
}

int sl_call_telephone_offer(struct sl_call_telephone *telephone, const struct sl_config *config,
                            const struct sl_call_taste *browser, char *text, struct sl_error *error)
{
    offer_keys(telephone, config);
    struct sl_call_taste taste;
    struct sl_sdp_offer_config offer = {
        .audio = !telephone->leg.no_sound,
        .plain = telephone->encrypts ? "RTP/SAVP" : "RTP/AVP",
        .keyframe_requests = true,
        .direction = telephone->direction,
        .watches = telephone->watches,
        .product = SL_CALL_PRODUCT,
        .session_id_ms = telephone->session_id_ms++,
        .audio_codecs = taste.of[SL_AUDIO].items,
        .video_codecs = taste.of[SL_VIDEO].items,
    };

    choose(telephone, config, browser, &taste);
    offer.audio_codec_count = taste.of[SL_AUDIO].count;
    offer.video_codec_count = taste.of[SL_VIDEO].count;
    offer.video = taste.of[SL_VIDEO].count > 0;
    for (size_t kind = 0; kind < 2; kind++)
        fill_line(telephone, (enum sl_media_kind)kind, &offer.transports[kind]);
    return sl_call_leg_remember(&telephone->leg, text,
                                sl_sdp_build_offer(&offer, text, SL_SDP_TEXT_MAX), error);
}

int sl_call_telephone_settle(struct sl_call_telephone *telephone, struct sl_error *error)
{
    int err = sl_call_leg_settle(&telephone->leg, error);
    struct sl_media *pictures = err == 0 ? sl_call_leg_media(&telephone->leg, SL_VIDEO) : NULL;

    if (pictures)
        keep_one(pictures);
    if (err == 0)
        note_agreed(telephone);
    return err;
}

/* Keys of ours for each section that is answered with keys; those that there are stay. */
static void draw_keys(struct sl_call_telephone *telephone)
{
    telephone->encrypts = false;
    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        struct sl_sdp_crypto *ours = &telephone->crypto[kind];
        if (!media)
            continue;
        const struct sl_sdp_crypto *theirs =
            &telephone->leg.negotiation->transports[media->transport].crypto;
        if (theirs->suite == SL_SDP_NO_SUITE) {
            ours->suite = SL_SDP_NO_SUITE; /* it may have had keys before */
            continue;
        }
        telephone->encrypts = true;
        if (ours->suite != theirs->suite)
            sl_flow_draw_crypto(theirs->suite, theirs->tag, ours);
        ours->tag = theirs->tag;
    }
}

/* What they offered: of what the browser sends the first that they have, else what can be made. */
static int negotiate(struct sl_call_telephone *telephone, const struct sl_config *config,
                     const struct sl_call_taste *browser, struct sl_error *error)
{
    struct sl_call_taste sent = {.of = {{.count = 0}}}, offered, all;
    const struct sl_call_codecs *sound = &browser->of[SL_AUDIO];

    choose(telephone, config, browser, &all);
    sl_call_taste_read(telephone->leg.theirs, &offered);
    for (size_t i = 0; i < sound->count; i++) {
        enum sl_codec codec = sound->items[i].codec;
        if (sl_call_codecs_find(&all.of[SL_AUDIO], codec) &&
            sl_call_codecs_find(&offered.of[SL_AUDIO], codec))
            sent.of[SL_AUDIO].items[sent.of[SL_AUDIO].count++] = sound->items[i];
    }
    if (sent.of[SL_AUDIO].count == 0 && sound->count > 0)
        sent.of[SL_AUDIO] = (struct sl_call_codecs){.items = {sound->items[0]}, .count = 1};
    if (all.of[SL_VIDEO].count > 0) { /* what it sends: the first */
        all.of[SL_VIDEO].count = 1;
        sent.of[SL_VIDEO] = all.of[SL_VIDEO];
    }
    int err =
        sl_call_leg_negotiate(&telephone->leg, config, &telephone->direction, &sent, &all, error);
    struct sl_media *pictures = err == 0 ? sl_call_leg_media(&telephone->leg, SL_VIDEO) : NULL;
    if (pictures)
        pictures->direction = direction_of(telephone, SL_VIDEO, pictures->direction);
    return err;
}

int sl_call_telephone_answer(struct sl_call_telephone *telephone, const struct sl_config *config,
                             const struct sl_call_taste *browser, char *text,
                             struct sl_error *error)
{
    int err =
        sl_call_leg_agree(&telephone->leg, negotiate(telephone, config, browser, error), error);

    if (err < 0)
        return err;
    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        if (media)
            keep_one(media);
    }
    draw_keys(telephone);
    err = describe(telephone, text, error);
    return err < 0 ? err : 0;
}

/* ---- In the middle of a call ---- */

int sl_call_telephone_offer_again(struct sl_call_telephone *telephone, char *text,
                                  struct sl_error *error)
{
    enum sl_sdp_direction before[2] = {SL_SDP_INACTIVE, SL_SDP_INACTIVE};

    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        if (!media)
            continue;
        before[kind] = media->direction;
        media->direction = direction_of(telephone, media->kind, telephone->direction);
    }
    int len = describe(telephone, text, error);
    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        if (media)
            media->direction = before[kind];
    }
    return len < 0 ? len : sl_call_leg_remember(&telephone->leg, text, len, error);
}

/* What is in use comes before what the browser has: nobody changes it without need. */
static void prefer_in_use(const struct sl_call_telephone *telephone,
                          const struct sl_call_taste *browser, struct sl_call_taste *out)
{
    const struct sl_call_codecs *sound = &browser->of[SL_AUDIO];
    struct sl_call_codecs *chosen = &out->of[SL_AUDIO];

    *out = (struct sl_call_taste){.of = {{.count = 0}}};
    for (size_t kind = 0; kind < 2; kind++) {
        const struct sl_media_codec *codec = &telephone->codecs[kind];
        if (!telephone->used[kind])
            continue;
        struct sl_source_codec *item = &out->of[kind].items[out->of[kind].count++];
        *item = (struct sl_source_codec){.codec = codec->codec};
        memcpy(item->fmtp, codec->fmtp, sizeof(item->fmtp));
    }
    for (size_t i = 0; i < sound->count && chosen->count < SL_CALL_CODECS_MAX; i++) {
        if (!sl_call_codecs_find(chosen, sound->items[i].codec))
            chosen->items[chosen->count++] = sound->items[i];
    }
}

/* Where nothing flows, their codecs come in their order (RFC 3264 section 8.4: a hold); that is no
 * wish for another. */
static void put_first(struct sl_call_telephone *telephone, const struct sl_call_taste *preferred)
{
    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_media *media = sl_call_leg_media(&telephone->leg, (enum sl_media_kind)kind);
        for (size_t i = 0; media && i < preferred->of[kind].count; i++) {
            size_t at = 0;
            while (at < media->codec_count &&
                   media->codecs[at].codec != preferred->of[kind].items[i].codec)
                at++;
            if (at == media->codec_count)
                continue;
            const struct sl_media_codec first = media->codecs[0];
            media->codecs[0] = media->codecs[at];
            media->codecs[at] = first;
            break;
        }
    }
}

int sl_call_telephone_answer_again(struct sl_call_telephone *telephone,
                                   const struct sl_config *config,
                                   const struct sl_call_taste *browser, char *text,
                                   struct sl_error *error)
{
    struct sl_call_taste preferred;
    int err = sl_call_telephone_check_srtp(telephone, config, error);

    prefer_in_use(telephone, browser, &preferred);
    if (err == 0)
        err = negotiate(telephone, config, &preferred, error);
    if (err < 0)
        return err;
    put_first(telephone, &preferred);
    err = check_again(telephone, error);
    if (err < 0)
        return err;
    draw_keys(telephone);
    err = describe(telephone, text, error);
    return err < 0 ? err : 0;
}

int sl_call_telephone_settle_again(struct sl_call_telephone *telephone, struct sl_error *error)
{
    struct sl_call_leg *leg = &telephone->leg;
    int err = sl_call_leg_accept(leg, error);

    if (err == 0)
        err = check_again(telephone, error);
    if (err == 0)
        note_agreed(telephone);
    return err;
}
