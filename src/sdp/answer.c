/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the answer, in the line order of websocket-api.md 6.2. */
#include "base/addr.h"
#include "sdp/format.h"
#include "sdp/sdp.h"
#include "sdp/text.h"

#include <string.h>

/* What all sections share. */
struct context {
    const struct sl_negotiation *negotiation;
    const struct sl_sdp_answer_config *config;
    char id[SL_TEXT_ID_MAX + 1];
    bool without_bundle; /* as offered */
};

enum { IDLE_PORT = 9 }; /* discard: "not known", RFC 8840 section 4.1.1 */

static unsigned port_of(const struct sl_sdp_local_transport *transport)
{
    return transport->candidate_count > 0 ? transport->candidates[0].port : IDLE_PORT;
}

static void write_connection(struct sl_text *text, const struct sl_sdp_local_transport *transport)
{
    sl_text_add(text, "c=");
    sl_text_address(text, transport);
    sl_text_end_line(text);
}

static void write_session(struct sl_text *text, const struct context *c)
{
    const struct sl_sdp_local_transport *first = &c->config->transports[0];
    char product[SL_TEXT_ID_MAX + 1], version[SL_TEXT_ID_MAX + 1];

    sl_text_id(c->config->product, product);
    sl_text_id(c->config->version, version);
    sl_text_line(text, "v=0");
    sl_text_add(text, "o=%s 0 %lld ", product, (long long)c->config->session_id_ms);
    sl_text_address(text, first);
    sl_text_end_line(text);
    sl_text_line(text, "s=%s/%s", product, version);
    write_connection(text, first);
    sl_text_line(text, "t=0 0");
    if (!c->negotiation->plain)
        sl_text_line(text, "a=ice-lite");
}

static void write_bundle(struct sl_text *text, const struct sl_sdp *offer,
                         const struct sl_negotiation *n)
{
    if (!n->bundle)
        return;
    sl_text_add(text, "a=group:BUNDLE");
    for (size_t i = 0; i < n->media_count && i < offer->section_count; i++)
        if (n->media[i].accepted && offer->sections[i].bundled)
            sl_text_add(text, " %s", offer->sections[i].mid);
    sl_text_end_line(text);
}

static void write_mid(struct sl_text *text, const struct sl_sdp_section *section)
{
    if (section->mid[0] != '\0')
        sl_text_line(text, "a=mid:%s", section->mid);
}

/* A format as the offer wrote it, codec known or not. */
static void write_offered_format(struct sl_text *text, const struct sl_sdp_section *section)
{
    const struct sl_sdp_format *format = section->formats; /* NULL: there is none */

    if (section->format_count == 0 || format->name[0] == '\0')
        return;
    sl_text_rtpmap(text, format->payload_type, format->name, format->clock_hz, format->channels);
}

/* ICE credentials, certificate and role. */
static void write_keys(struct sl_text *text, const struct sl_sdp_local_transport *transport,
                       const struct sl_sdp_answer_config *config)
{
    sl_text_line(text, "a=ice-pwd:%s", transport->pwd);
    sl_text_line(text, "a=ice-ufrag:%s", transport->ufrag);
    sl_text_line(text, "a=fingerprint:sha-256 %s", config->fingerprint);
    /* Never left out: Chromium would wait for our ClientHello (6.4). */
    sl_text_line(text, "a=setup:%s", config->setup == SL_SDP_ACTIVE ? "active" : "passive");
}

/* GStreamer's webrtcbin refuses the whole answer if a section has no keys, refused or not. And it
 * tells sections apart by their order alone, passing over those with port 0: in an offer without
 * BUNDLE, which browsers do not make, a section that was fit to be taken has the port of one
 * that will never be used, and no candidates. */
static void write_refused(struct sl_text *text, const struct sl_sdp_section *section,
                          const struct context *c)
{
    bool plain = c->negotiation->plain;
    bool idle = !plain && c->without_bundle && sl_sdp_section_is_usable(section, false) &&
                section->rtcp_mux;

    sl_text_line(text, "m=%s %d %s %s", section->kind, idle ? IDLE_PORT : 0, section->proto,
                 section->first_format);
    write_connection(text, &c->config->transports[0]);
    write_mid(text, section);
    write_offered_format(text, section);
    if (!plain)
        write_keys(text, &c->config->transports[0], c->config);
    if (idle)
        sl_text_line(text, "a=rtcp-mux");
    sl_text_direction(text, SL_SDP_INACTIVE);
}

static void write_m_line(struct sl_text *text, const struct sl_sdp_section *section,
                         const struct sl_media *media,
                         const struct sl_sdp_local_transport *transport)
{
    sl_text_add(text, "m=%s %u %s", section->kind, port_of(transport), section->proto);
    for (size_t i = 0; i < media->codec_count; i++)
        sl_text_add(text, " %u", media->codecs[i].payload_type);
    /* Behind all others: the SDK and Chromium take the first ones as the preferred codecs. */
    for (size_t i = 0; i < media->codec_count; i++)
        if (media->codecs[i].rtx_payload_type >= 0)
            sl_text_add(text, " %d", media->codecs[i].rtx_payload_type);
    if (media->red_payload_type > 0)
        sl_text_add(text, " %u", media->red_payload_type);
    if (media->codec_count == 0)
        sl_text_add(text, " %s", section->first_format);
    sl_text_end_line(text);
}

static void write_red(struct sl_text *text, const struct sl_media *media)
{
    const struct sl_media_codec *codec = &media->codecs[0];

    if (media->red_payload_type == 0)
        return;
    sl_text_rtpmap(text, media->red_payload_type, "red", sl_sdp_clock_hz(codec), codec->channels);
    sl_text_line(text, "a=fmtp:%u %u/%u", media->red_payload_type, codec->payload_type,
                 codec->payload_type);
}

static void write_codecs(struct sl_text *text, const struct sl_sdp_section *section,
                         const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        sl_text_rtpmap(text, codec->payload_type, sl_codec_name(codec->codec),
                       sl_sdp_clock_hz(codec), codec->channels);
        if (codec->fmtp[0] != '\0') /* directly behind: the SDK looks there (6.5) */
            sl_text_line(text, "a=fmtp:%u %s", codec->payload_type, codec->fmtp);
    }
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        if (codec->rtx_payload_type < 0)
            continue;
        sl_text_rtpmap(text, (unsigned)codec->rtx_payload_type, "rtx", sl_sdp_clock_hz(codec), 1);
        sl_text_line(text, "a=fmtp:%d apt=%u", codec->rtx_payload_type, codec->payload_type);
    }
    write_red(text, media);
    if (media->codec_count == 0)
        write_offered_format(text, section);
    if (media->kind == SL_AUDIO)
        sl_text_line(text, "a=ptime:20");
}

static void write_feedback(struct sl_text *text, const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        const struct {
            bool wanted;
            const char *name;
        } rows[] = {
            {codec->fir, "ccm fir"},
            {codec->nack, "nack"},
            {codec->pli, "nack pli"},
            {codec->remb, "goog-remb"},
            {codec->transport_cc, "transport-cc"},
        };
        for (size_t j = 0; j < sizeof(rows) / sizeof(*rows); j++)
            if (rows[j].wanted)
                sl_text_line(text, "a=rtcp-fb:%u %s", codec->payload_type, rows[j].name);
    }
    for (enum sl_media_ext ext = 0; ext < SL_EXT_COUNT; ext++)
        if (media->ext_id[ext] != 0)
            sl_text_line(text, "a=extmap:%u %s", media->ext_id[ext], sl_sdp_ext_uri(ext));
}

/* What is not named is not sent (RFC 8853 section 5.3.2). */
static void write_simulcast(struct sl_text *text, const struct sl_media *media)
{
    for (size_t i = 0; i < media->layer_count; i++) {
        const struct sl_sdp_rid *rid = &media->layers[i];
        sl_text_line(text, "a=rid:%s recv%s%s", rid->id, rid->parameters[0] ? " " : "",
                     rid->parameters);
    }
    if (media->layer_count == 0)
        return;
    sl_text_add(text, "a=simulcast:recv ");
    for (size_t i = 0; i < media->layer_count; i++)
        sl_text_add(text, "%s%s", i > 0 ? ";" : "", media->layers[i].id);
    sl_text_end_line(text);
}

static void write_transport(struct sl_text *text, const struct sl_sdp_section *section,
                            const struct sl_sdp_local_transport *transport,
                            const struct sl_sdp_answer_config *config)
{
    write_keys(text, transport, config);
    sl_text_candidates(text, transport);
    sl_text_line(text, "a=rtcp-mux");
    sl_text_add(text, "a=rtcp:%u ", port_of(transport));
    sl_text_address(text, transport);
    sl_text_end_line(text);
    if (section->rtcp_rsize)
        sl_text_line(text, "a=rtcp-rsize");
}

static void write_ssrcs(struct sl_text *text, const struct sl_media *media, const char *kind,
                        const struct context *c)
{
    const char *id = c->id;

    if (media->local_ssrc == 0)
        return;
    /* One stream for both kinds, or the SDK loses one of them (6.3). */
    if (!c->negotiation->plain)
        sl_text_line(text, "a=msid:%s %s-%s", id, id, kind);
    if (media->local_rtx_ssrc != 0)
        sl_text_line(text, "a=ssrc-group:FID %u %u", media->local_ssrc, media->local_rtx_ssrc);
    sl_text_line(text, "a=ssrc:%u cname:rtp/%s/%s", media->local_ssrc, kind, id);
    if (media->local_rtx_ssrc != 0)
        sl_text_line(text, "a=ssrc:%u cname:rtp/%s/%s", media->local_rtx_ssrc, kind, id);
}

static void write_accepted(struct sl_text *text, const struct sl_sdp_section *section,
                           const struct sl_media *media, const struct context *c)
{
    const struct sl_sdp_local_transport *transport = &c->config->transports[media->transport];

    write_m_line(text, section, media, transport);
    write_connection(text, transport);
    if (sl_sdp_receives(media->direction) && media->kind == SL_VIDEO &&
        c->config->max_bitrate_kbps > 0)
        sl_text_line(text, "b=AS:%u", c->config->max_bitrate_kbps);
    write_mid(text, section);
    write_codecs(text, section, media);
    write_feedback(text, media);
    write_simulcast(text, media);
    if (c->negotiation->plain)
        sl_text_plain_transport(text, transport);
    else
        write_transport(text, section, transport, c->config);
    sl_text_direction(text, media->direction);
    if (sl_sdp_sends(media->direction))
        write_ssrcs(text, media, section->kind, c);
}

int sl_sdp_build_answer(const struct sl_sdp *offer, const struct sl_negotiation *negotiation,
                        const struct sl_sdp_answer_config *config, char *out, size_t out_len)
{
    struct sl_text text = {.out = out, .size = out_len, .ok = true};
    struct context c = {.negotiation = negotiation, .config = config, .without_bundle = true};

    for (size_t i = 0; i < offer->section_count; i++)
        c.without_bundle &= !offer->sections[i].bundled;
    sl_text_id(config->cname_id, c.id);
    write_session(&text, &c);
    write_bundle(&text, offer, negotiation);
    for (size_t i = 0; i < offer->section_count; i++) {
        const struct sl_sdp_section *section = &offer->sections[i];
        if (i < negotiation->media_count && negotiation->media[i].accepted)
            write_accepted(&text, section, &negotiation->media[i], &c);
        else
            write_refused(&text, section, &c);
    }
    return sl_text_result(&text);
}
