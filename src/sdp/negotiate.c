/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answerer's choice of codecs, extensions and transports for each section of an offer. */
#include "base/error.h"
#include "base/mem.h"
#include "sdp/format.h"
#include "sdp/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What became of one section of the offer. */
enum outcome {
    UNUSED,   /* not audio or video, refused by the offerer, or not the first of its kind */
    NO_TRACK, /* the source has nothing of this kind */
    NO_CODEC, /* nothing in common */
    MATCHED,
};

static void add_codec(struct sl_media *media, const struct sl_sdp_section *section,
                      const struct sl_sdp_format *format, enum sl_codec codec)
{
    for (size_t i = 0; i < media->codec_count; i++)
        if (media->codecs[i].payload_type == format->payload_type)
            return;
    if (media->codec_count == SL_MEDIA_CODECS_MAX)
        return; /* the least wanted ones come last */
    struct sl_media_codec *chosen = &media->codecs[media->codec_count++];
    *chosen = (struct sl_media_codec){
        .codec = codec,
        .payload_type = format->payload_type,
        .channels = format->channels,
        .clock_hz = format->clock_hz,
        .rtx_payload_type = -1,
    };
    (void)snprintf(chosen->fmtp, sizeof(chosen->fmtp), "%s", format->fmtp);
    chosen->h264_mode1 = codec == SL_CODEC_H264 && sl_sdp_h264_mode(format->fmtp) == 1;
    chosen->nack = format->nack;
    chosen->pli = format->pli;
    chosen->fir = format->fir;
    chosen->remb = format->remb;
    chosen->transport_cc = format->transport_cc;
    if (media->kind == SL_VIDEO)
        chosen->rtx_payload_type = sl_sdp_format_rtx(section, format->payload_type);
}

enum { EVENT_CLOCK_HZ = 8000 };

/* Telephone events go along with sound of their clock (RFC 4733 section 2.1), never alone; many
 * telephones have those of 8000 Hz beside opus all the same. */
static bool has_company(const struct sl_media *media, const struct sl_sdp_section *section,
                        const struct sl_sdp_format *format, enum sl_codec codec)
{
    if (codec != SL_CODEC_TELEPHONE_EVENT)
        return true;
    if (media->codec_count == 0)
        return false;
    uint32_t wanted_hz = media->codecs[0].clock_hz;
    for (size_t i = 0; i < section->format_count && format->clock_hz != wanted_hz; i++) {
        if (section->formats[i].clock_hz == wanted_hz &&
            sl_sdp_format_codec(&section->formats[i], media->kind, true) == codec)
            return false; /* there is the right one */
    }
    return format->clock_hz == wanted_hz || format->clock_hz == EVENT_CLOCK_HZ;
}

/* All formats of one codec in the offer's order; H264: only those of this packetization mode. */
static bool add_all(struct sl_media *media, const struct sl_sdp_section *section,
                    enum sl_codec codec, int h264_mode, bool plain)
{
    size_t before = media->codec_count;

    for (size_t i = 0; i < section->format_count; i++) {
        const struct sl_sdp_format *format = &section->formats[i];
        if (sl_sdp_format_codec(format, media->kind, plain) != codec ||
            !has_company(media, section, format, codec) ||
            (codec == SL_CODEC_H264 && sl_sdp_h264_mode(format->fmtp) != h264_mode))
            continue;
        add_codec(media, section, format, codec);
        if (media->kind == SL_AUDIO)
            break; /* one opus is enough */
    }
    return media->codec_count > before;
}

static enum outcome match_received(struct sl_media *media, const struct sl_sdp_section *section,
                                   const struct sl_negotiate_config *config)
{
    bool g711 = false;

    for (size_t i = 0; i < config->codec_count; i++) {
        enum sl_codec codec = config->codecs[i];
        bool is_g711 = !config->plain && (codec == SL_CODEC_PCMA || codec == SL_CODEC_PCMU);
        if (codec == SL_CODEC_NONE || sl_codec_kind(codec) != media->kind || (is_g711 && g711))
            continue;
        /* Mode 1 first: what Chromium sends is the first of the answer, and mode 0 cannot carry
         * pictures larger than single packets. Mode 2 we do not read. */
        bool added = add_all(media, section, codec, 1, config->plain);
        if (codec == SL_CODEC_H264)
            added |= add_all(media, section, codec, 0, config->plain);
        g711 |= is_g711 && added;
    }
    return media->codec_count > 0 ? MATCHED : NO_CODEC;
}

/* A parameter that must be equal on both sides, with its default. */
static bool same_param(const char *a, const char *b, const char *name, const char *otherwise)
{
    char of_a[16], of_b[16];

    if (!sl_sdp_fmtp_param(a, name, of_a, sizeof(of_a)))
        (void)snprintf(of_a, sizeof(of_a), "%s", otherwise);
    if (!sl_sdp_fmtp_param(b, name, of_b, sizeof(of_b)))
        (void)snprintf(of_b, sizeof(of_b), "%s", otherwise);
    return strcasecmp(of_a, of_b) == 0;
}

/* Digits of profile-level-id that agree: 4 the whole profile, 2 profile_idc only, 0 neither. */
static int same_h264_profile(const char *a, const char *b)
{
    char of_a[8] = "420010", of_b[8] = "420010"; /* the default of RFC 6184 section 8.1 */

    (void)sl_sdp_fmtp_param(a, "profile-level-id", of_a, sizeof(of_a));
    (void)sl_sdp_fmtp_param(b, "profile-level-id", of_b, sizeof(of_b));
    if (strncasecmp(of_a, of_b, 4) == 0)
        return 4;
    return strncasecmp(of_a, of_b, 2) == 0 ? 2 : 0;
}

/* How well an offered format takes what the source sends. */
enum {
    FIT_NOT,
    /* Decoders take other profiles and modes of H264 than they said more often than not: last
     * resort, but better than no picture. Where the right one can be made it is not needed. */
    FIT_ANY,
    FIT_CAN,  /* who takes mode 1 takes what mode 0 may hold, and any profile as a rule */
    FIT_MODE, /* from here on more of the profile agrees */
    FIT_MAX = FIT_MODE + 4,
};

static int fit(const struct sl_source_codec *source, const struct sl_sdp_format *format,
               enum sl_media_kind kind, bool plain)
{
    if (sl_sdp_format_codec(format, kind, plain) != source->codec)
        return FIT_NOT;
    switch (source->codec) {
    case SL_CODEC_H264: {
        int mode = sl_sdp_h264_mode(format->fmtp);
        if (mode != 0 && mode != 1)
            return FIT_NOT;
        int sent = sl_sdp_h264_mode(source->fmtp);
        if (mode != sent)
            return mode > sent ? FIT_CAN : FIT_ANY;
        return FIT_MODE + same_h264_profile(source->fmtp, format->fmtp);
    }
    case SL_CODEC_VP9:
        return same_param(source->fmtp, format->fmtp, "profile-id", "0") ? FIT_MAX : FIT_NOT;
    case SL_CODEC_AV1:
        return same_param(source->fmtp, format->fmtp, "profile", "0") ? FIT_MAX : FIT_NOT;
    case SL_CODEC_NONE:
    case SL_CODEC_L16:
        return FIT_NOT;
    case SL_CODEC_AAC:
        return same_param(source->fmtp, format->fmtp, "config", "") ? FIT_MAX : FIT_NOT;
    case SL_CODEC_TELEPHONE_EVENT:
    case SL_CODEC_MPEG1:
    case SL_CODEC_OPUS:
    case SL_CODEC_PCMA:
    case SL_CODEC_PCMU:
    case SL_CODEC_G722:
    case SL_CODEC_VP8:
        break;
    }
    return FIT_MAX;
}

/* All formats that take what this source sends at least so well, the best first. */
static void add_fitting(struct sl_media *media, const struct sl_sdp_section *section,
                        const struct sl_source_codec *source, int at_least, bool plain)
{
    for (int wanted = FIT_MAX; wanted >= at_least; wanted--)
        for (size_t i = 0; i < section->format_count; i++)
            if (fit(source, &section->formats[i], media->kind, plain) == wanted &&
                has_company(media, section, &section->formats[i], source->codec))
                add_codec(media, section, &section->formats[i], source->codec);
}

static enum outcome match_made(struct sl_media *media, const struct sl_sdp_section *section,
                               const struct sl_makeable *makeable, bool plain)
{
    for (size_t i = 0; i < makeable->count && media->codec_count == 0; i++)
        add_fitting(media, section, &makeable->codecs[i], FIT_ANY, plain);
    media->made = media->codec_count > 0;
    return media->made ? MATCHED : NO_CODEC;
}

static enum outcome match_sent(struct sl_media *media, const struct sl_sdp_section *section,
                               const struct sl_negotiate_config *config)
{
    bool audio = media->kind == SL_AUDIO;
    const struct sl_source_codec *sources = audio ? config->audio : config->video;
    size_t count = audio ? config->audio_count : config->video_count;
    const struct sl_makeable *makeable = &config->makeable[media->kind];
    int at_least = makeable->count > 0 ? FIT_CAN : FIT_ANY;

    if (count == 0)
        return NO_TRACK;
    for (size_t s = 0; s < count && !makeable->always; s++) {
        add_fitting(media, section, &sources[s], at_least, config->plain);
        if (media->codec_count == 0)
            break; /* the codec in use is what counts */
    }
    return media->codec_count > 0 ? MATCHED : match_made(media, section, makeable, config->plain);
}

/* An extension that we write ourselves has the one-byte form (RFC 8285 section 4.2). */
static uint8_t sent_ext_id(const struct sl_sdp_section *section, enum sl_media_ext ext)
{
    uint8_t id = sl_sdp_ext_id(section, ext);

    return id <= 14 ? id : 0;
}

/*
 * How the link of who takes pictures is found out: by its word of each packet, or, the second
 * choice, by a rate that it has found itself from the times in them (REMB). Only of pictures that
 * can be repaired in a format of their own: a number or a time makes other octets of a packet each
 * time that it is sent, which under its own number and key must not be (RFC 3711 section 9.1).
 * Sound goes without, its packets are sent again as they were.
 */
static void choose_estimation(struct sl_media *media, const struct sl_sdp_section *section,
                              const struct sl_negotiate_config *config)
{
    bool can = config->downlink_estimation && config->rtx && !config->plain &&
               media->kind == SL_VIDEO && sl_sdp_sends(media->direction) && media->codec_count > 0;
    bool transport_cc = can, remb = can;

    for (size_t i = 0; i < media->codec_count; i++) {
        can &= media->codecs[i].rtx_payload_type >= 0;
        transport_cc &= media->codecs[i].transport_cc;
        remb &= media->codecs[i].remb;
    }
    if (can && transport_cc)
        media->ext_id[SL_EXT_TRANSPORT_CC] = sent_ext_id(section, SL_EXT_TRANSPORT_CC);
    if (can && remb && !media->ext_id[SL_EXT_TRANSPORT_CC])
        media->ext_id[SL_EXT_ABS_SEND_TIME] = sent_ext_id(section, SL_EXT_ABS_SEND_TIME);
}

static void choose_extensions(struct sl_media *media, const struct sl_sdp_section *section,
                              const struct sl_negotiate_config *config)
{
    if (sl_sdp_receives(media->direction)) {
        media->ext_id[SL_EXT_MID] = sl_sdp_ext_id(section, SL_EXT_MID);
        media->ext_id[SL_EXT_TRANSPORT_CC] = sl_sdp_ext_id(section, SL_EXT_TRANSPORT_CC);
        if (config->simulcast && media->kind == SL_VIDEO && !config->plain &&
            !sl_sdp_sends(media->direction))
            sl_sdp_choose_layers(section, media);
    } else {
        choose_estimation(media, section, config);
    }
    if (config->red && !config->plain && media->kind == SL_AUDIO &&
        !sl_sdp_receives(media->direction) && media->codecs[0].codec == SL_CODEC_OPUS)
        media->red_payload_type = sl_sdp_format_red(section, media->codecs[0].payload_type);
    if (config->video_orientation && media->kind == SL_VIDEO)
        media->ext_id[SL_EXT_VIDEO_ORIENTATION] = sl_sdp_ext_id(section, SL_EXT_VIDEO_ORIENTATION);
}

/* Leaves of the offered feedback and repair what we answer. */
static void choose_feedback(struct sl_media *media, const struct sl_sdp_section *section,
                            const struct sl_negotiate_config *config)
{
    /* Sound that is sent redundantly is never the same octets again, so it cannot be asked for. */
    bool flows_as_sound =
        media->kind == SL_AUDIO && media->direction == SL_SDP_SENDONLY && !config->plain;
    bool offered = false; /* of what asks for a key frame */

    for (size_t i = 0; i < media->codec_count; i++) {
        struct sl_media_codec *codec = &media->codecs[i];
        bool video =
            media->kind == SL_VIDEO && media->direction != SL_SDP_INACTIVE &&
            (!config->plain || config->any_feedback || sl_sdp_section_has_feedback(section));
        codec->nack &= video || (flows_as_sound && media->red_payload_type == 0);
        codec->pli &= video;
        codec->fir &= video;
        codec->remb &= video && (sl_sdp_receives(media->direction) ||
                                 media->ext_id[SL_EXT_ABS_SEND_TIME] != 0);
        codec->transport_cc &= media->ext_id[SL_EXT_TRANSPORT_CC] != 0;
        if (!config->rtx || !video)
            codec->rtx_payload_type = -1;
        offered |= codec->pli || codec->fir;
    }
    media->pli_unoffered =
        !offered && !config->plain && media->kind == SL_VIDEO && sl_sdp_receives(media->direction);
}

/* media->direction: what we could do with this section. */
static void accept_matched(struct sl_media *media, const struct sl_sdp_section *section,
                           const struct sl_negotiate_config *config)
{
    bool receivable = sl_sdp_receives(media->direction);

    media->accepted = true;
    media->direction =
        sl_sdp_direction_of(sl_sdp_sends(media->direction) && sl_sdp_receives(section->direction),
                            receivable && sl_sdp_sends(section->direction));
    if (media->direction != SL_SDP_INACTIVE)
        choose_extensions(media, section, config);
    choose_feedback(media, section, config);
    if (receivable)
        sl_sdp_choose_sprop(section, media);
    if (receivable && section->ssrc_count > 0) {
        media->remote_ssrc = section->ssrcs[0].ssrc;
        media->remote_rtx_ssrc = section->ssrcs[0].rtx_ssrc;
    }
}

/* Nothing will flow, but the section stays: all codecs we know by name, or none (the answer then
 * shows the offer's first payload type). */
static void accept_inactive(struct sl_media *media, const struct sl_sdp_section *section,
                            const struct sl_negotiate_config *config)
{
    media->accepted = true;
    media->direction = SL_SDP_INACTIVE;
    for (size_t i = 0; i < section->format_count; i++) {
        enum sl_codec codec = sl_sdp_format_codec(&section->formats[i], media->kind, config->plain);
        if (codec != SL_CODEC_NONE)
            add_codec(media, section, &section->formats[i], codec);
    }
    choose_feedback(media, section, config);
}

/* The section whose transport carries the bundle (RFC 9143 section 7.2.1). */
static bool is_first_of_bundle(const struct sl_sdp *offer, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (offer->sections[i].bundled && offer->sections[i].port != 0)
            return false;
    return offer->sections[index].bundled;
}

/* Each direction that we are ready for by itself: what cannot be sent may yet be received. Sets
 * media->direction. The first codec is of what we send. */
static enum outcome match_codecs(struct sl_media *media, const struct sl_sdp_section *section,
                                 const struct sl_negotiate_config *config)
{
    enum outcome sent = NO_TRACK, received = NO_TRACK;

    if (sl_sdp_sends(config->direction))
        sent = match_sent(media, section, config);
    if (sl_sdp_receives(config->direction))
        received = match_received(media, section, config);
    media->direction = sl_sdp_direction_of(sent == MATCHED, received == MATCHED);
    if (sent == MATCHED || received == MATCHED)
        return MATCHED;
    return sent == NO_CODEC || received == NO_CODEC ? NO_CODEC : NO_TRACK;
}

static enum outcome match_section(const struct sl_sdp *offer, size_t index,
                                  const struct sl_negotiate_config *config, struct sl_media *media)
{
    const struct sl_sdp_section *section = &offer->sections[index];

    memcpy(media->mid, section->mid, sizeof(media->mid));
    if (!sl_sdp_section_is_usable(section, config->plain) ||
        (section->bundle_only && !config->allow_bundle))
        return UNUSED;
    media->kind = sl_sdp_section_kind(section);
    for (size_t i = 0; i < index; i++)
        if (sl_sdp_section_is_usable(&offer->sections[i], config->plain) &&
            sl_sdp_section_kind(&offer->sections[i]) == media->kind)
            return UNUSED;
    return match_codecs(media, section, config);
}

static int negotiate(const struct sl_sdp *offer, const struct sl_negotiate_config *config,
                     struct sl_negotiation *n, struct sl_error *error)
{
    size_t usable = 0, matched = 0;

    n->plain = config->plain;
    n->media_count = offer->section_count;
    if (n->media_count > SL_SDP_MEDIA_MAX)
        n->media_count = SL_SDP_MEDIA_MAX;
    for (size_t i = 0; i < n->media_count; i++) {
        const struct sl_sdp_section *section = &offer->sections[i];
        struct sl_media *media = &n->media[i];
        enum outcome outcome = match_section(offer, i, config, media);
        usable += outcome != UNUSED;
        matched += outcome == MATCHED;
        if (outcome == MATCHED)
            accept_matched(media, section, config);
        else if (outcome == NO_TRACK ||
                 (outcome == NO_CODEC && config->allow_bundle && is_first_of_bundle(offer, i)))
            accept_inactive(media, section, config);
    }
    if (usable == 0)
        return sl_error_set(error, -EBADMSG, "no m-line for audio or video over %s",
                            config->plain ? "RTP" : "SRTP");
    if (matched == 0)
        return sl_error_set(error, -ENOMSG, "no common codec");
    return config->plain ? sl_sdp_assign_plain(offer, NULL, n, error)
                         : sl_sdp_assign_transports(offer, config->allow_bundle, n, error);
}

int sl_sdp_negotiate(const struct sl_sdp *offer, const struct sl_negotiate_config *config,
                     struct sl_negotiation *out, struct sl_error *error)
{
    sl_negotiation_clear(out, offer);
    return negotiate(offer, config, out, error);
}

/* ---- Its memory ---- */

static size_t media_of(const struct sl_sdp *offer)
{
    return offer->section_count < SL_SDP_MEDIA_MAX ? offer->section_count : SL_SDP_MEDIA_MAX;
}

static size_t size_for(size_t media_count)
{
    return offsetof(struct sl_negotiation, media) + media_count * sizeof(struct sl_media);
}

void sl_negotiation_clear(struct sl_negotiation *negotiation, const struct sl_sdp *offer)
{
    memset(negotiation, 0, size_for(media_of(offer)));
}

struct sl_negotiation *sl_negotiation_new(const struct sl_sdp *offer)
{
    return sl_alloc(size_for(media_of(offer)));
}

struct sl_negotiation *sl_negotiation_dup(const struct sl_negotiation *negotiation)
{
    size_t len = size_for(negotiation->media_count);

    return memcpy(sl_alloc(len), negotiation, len);
}

struct sl_media *sl_sdp_flowing_media(struct sl_negotiation *negotiation, enum sl_media_kind kind)
{
    for (size_t i = 0; i < negotiation->media_count; i++) {
        struct sl_media *media = &negotiation->media[i];
        if (sl_sdp_media_flows(media) && media->kind == kind)
            return media;
    }
    return NULL;
}
