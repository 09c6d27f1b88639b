/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The offerer's reading of an answer (websocket-api.md section 15). */
#include "base/error.h"
#include "base/mem.h"
#include "sdp/format.h"
#include "sdp/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An answer may name a payload type without repeating the offer's rtpmap. */
static enum sl_codec answered_codec(const struct sl_sdp_format *offered,
                                    const struct sl_sdp_format *answered, enum sl_media_kind kind,
                                    bool plain)
{
    enum sl_codec codec = sl_sdp_format_codec(offered, kind, plain);

    if (answered->name[0] != '\0' && sl_sdp_format_codec(answered, kind, plain) != codec)
        return SL_CODEC_NONE;
    return codec;
}

/* The rtx of a payload type that both sides name. */
static int common_rtx(const struct sl_sdp_section *ours, const struct sl_sdp_section *theirs,
                      uint8_t payload_type)
{
    int rtx = sl_sdp_format_rtx(theirs, payload_type);

    return rtx >= 0 && rtx == sl_sdp_format_rtx(ours, payload_type) ? rtx : -1;
}

static void accept_codecs(const struct sl_sdp_section *ours, const struct sl_sdp_section *theirs,
                          struct sl_media *media)
{
    bool plain = sl_sdp_section_is_plain(ours);

    for (size_t i = 0; i < theirs->format_count; i++) {
        const struct sl_sdp_format *answered = &theirs->formats[i];
        const struct sl_sdp_format *offered = sl_sdp_format_find(ours, answered->payload_type);
        enum sl_codec codec =
            offered ? answered_codec(offered, answered, media->kind, plain) : SL_CODEC_NONE;
        if (codec == SL_CODEC_NONE || media->codec_count == SL_MEDIA_CODECS_MAX)
            continue;
        struct sl_media_codec *chosen = &media->codecs[media->codec_count++];
        *chosen = (struct sl_media_codec){
            .codec = codec,
            .payload_type = answered->payload_type,
            .channels = offered->channels,
            .clock_hz = offered->clock_hz,
            .rtx_payload_type = common_rtx(ours, theirs, answered->payload_type),
            .nack = offered->nack && answered->nack,
            .pli = offered->pli && answered->pli,
            .fir = offered->fir && answered->fir,
            .remb = offered->remb && answered->remb,
            .transport_cc = offered->transport_cc && answered->transport_cc,
        };
        (void)snprintf(chosen->fmtp, sizeof(chosen->fmtp), "%s", answered->fmtp);
        chosen->h264_mode1 = codec == SL_CODEC_H264 && sl_sdp_h264_mode(offered->fmtp) == 1;
    }
}

static bool has_rtx(const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++)
        if (media->codecs[i].rtx_payload_type >= 0)
            return true;
    return false;
}

static bool has_transport_cc(const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++)
        if (media->codecs[i].transport_cc)
            return true;
    return false;
}

static void take_ssrcs(const struct sl_sdp_section *sender, bool rtx, uint32_t *ssrc,
                       uint32_t *rtx_ssrc)
{
    if (sender->ssrc_count == 0)
        return;
    *ssrc = sender->ssrcs[0].ssrc;
    *rtx_ssrc = rtx ? sender->ssrcs[0].rtx_ssrc : 0;
}

static void accept_ssrcs(const struct sl_sdp_section *ours, const struct sl_sdp_section *theirs,
                         struct sl_media *media)
{
    bool rtx = has_rtx(media);

    if (sl_sdp_sends(ours->direction))
        take_ssrcs(ours, rtx, &media->local_ssrc, &media->local_rtx_ssrc);
    if (sl_sdp_receives(ours->direction))
        take_ssrcs(theirs, rtx, &media->remote_ssrc, &media->remote_rtx_ssrc);
}

static void accept_section(const struct sl_sdp_section *ours, const struct sl_sdp_section *theirs,
                           struct sl_media *media)
{
    memcpy(media->mid, ours->mid, sizeof(media->mid)); /* the seeds' answers rename them */
    bool plain = sl_sdp_section_is_plain(ours);
    if (!sl_sdp_section_is_usable(ours, plain) || !sl_sdp_section_is_usable(theirs, plain) ||
        (plain && strcmp(ours->proto, theirs->proto) != 0))
        return;
    media->kind = sl_sdp_section_kind(ours);
    accept_codecs(ours, theirs, media);
    if (sl_sdp_receives(ours->direction))
        sl_sdp_choose_sprop(theirs, media);
    media->accepted = true;
    media->direction =
        sl_sdp_direction_of(sl_sdp_sends(ours->direction) && sl_sdp_receives(theirs->direction),
                            sl_sdp_receives(ours->direction) && sl_sdp_sends(theirs->direction));
    if (media->codec_count == 0)
        media->direction = SL_SDP_INACTIVE;
    for (enum sl_media_ext ext = 0; ext < SL_EXT_COUNT; ext++) {
        uint8_t id = sl_sdp_ext_id(theirs, ext);
        media->ext_id[ext] = id == sl_sdp_ext_id(ours, ext) ? id : 0;
    }
    if (!has_transport_cc(media))
        media->ext_id[SL_EXT_TRANSPORT_CC] = 0; /* nobody would tell */
    accept_ssrcs(ours, theirs, media);
}

/* An answer is no place for actpass; none at all means active (RFC 4145 section 4.1; the original
 * sends none and is the DTLS client). */
static int settle_setup(struct sl_negotiation *n, struct sl_error *error)
{
    for (size_t i = 0; i < n->transport_count; i++) {
        if (n->transports[i].remote_setup == SL_SDP_ACTPASS)
            return sl_error_set(error, -EBADMSG, "answer has setup actpass");
        if (n->transports[i].remote_setup == SL_SDP_SETUP_NONE)
            n->transports[i].remote_setup = SL_SDP_ACTIVE;
    }
    return 0;
}

static int accept_answer(const struct sl_sdp *offer, const struct sl_sdp *answer,
                         struct sl_negotiation *n, struct sl_error *error)
{
    size_t flowing = 0, accepted = 0;

    if (answer->section_count != offer->section_count)
        return sl_error_set(error, -EBADMSG, "answer has %zu m-lines, the offer %zu",
                            answer->section_count, offer->section_count);
    n->plain = offer->section_count > 0 && sl_sdp_section_is_plain(&offer->sections[0]);
    n->media_count = offer->section_count;
    if (n->media_count > SL_SDP_MEDIA_MAX)
        n->media_count = SL_SDP_MEDIA_MAX;
    for (size_t i = 0; i < n->media_count; i++) {
        const struct sl_sdp_section *ours = &offer->sections[i], *theirs = &answer->sections[i];
        if (strcmp(ours->kind, theirs->kind) != 0)
            return sl_error_set(error, -EBADMSG, "m-line %zu: kind differs from the offer's",
                                i + 1);
        accept_section(ours, theirs, &n->media[i]);
        accepted += n->media[i].accepted;
        flowing += n->media[i].accepted && n->media[i].direction != SL_SDP_INACTIVE;
    }
    if (flowing == 0)
        return sl_error_set(error, -ENOMSG,
                            accepted > 0 ? "answer lets nothing flow"
                                         : "answer refuses every m-line");
    if (n->plain)
        return sl_sdp_assign_plain(answer, offer, n, error);
    int err = sl_sdp_assign_transports(answer, true, n, error);
    return err < 0 ? err : settle_setup(n, error);
}

int sl_sdp_accept_answer(const struct sl_sdp *offer, const struct sl_sdp *answer,
                         struct sl_negotiation *out, struct sl_error *error)
{
    sl_negotiation_clear(out, offer);
    return accept_answer(offer, answer, out, error);
}
