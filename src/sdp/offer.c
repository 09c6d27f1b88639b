/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing an offer of our own: what the load client and pulls send (websocket-api.md section 15).
 */
#include "base/addr.h"
#include "sdp/format.h"
#include "sdp/sdp.h"
#include "sdp/text.h"

#include <errno.h>
#include <string.h>

/* Our numbers are the ones browsers use, which makes captures easier to read. */
static const struct row {
    enum sl_codec codec;
    uint8_t payload_type;
    int rtx_payload_type; /* -1: none */
    const char *fmtp;     /* NULL: as the source says only */
} rows[] = {
    {SL_CODEC_OPUS, 111, -1, "minptime=10;useinbandfec=1"},
    {SL_CODEC_PCMA, 8, -1, ""},
    {SL_CODEC_PCMU, 0, -1, ""},
    {SL_CODEC_G722, 9, -1, ""},
    {SL_CODEC_H264, 102, 103,
     "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
    {SL_CODEC_H264, 104, 105,
     "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"},
    {SL_CODEC_VP8, 96, 97, ""},
    /* Plain ones only. */
    {SL_CODEC_AAC, 98, -1, NULL}, /* nothing without the source's configuration */
    {SL_CODEC_TELEPHONE_EVENT, 101, -1, "0-15"},
    {SL_CODEC_TELEPHONE_EVENT, 110, -1, "0-15"}, /* of OPUS_CLOCK_HZ */
};

enum {
    ROW_COUNT = sizeof(rows) / sizeof(*rows),
    MID_ID = 4,
    TRANSPORT_CC_ID = 3,
    OPUS_EVENT = ROW_COUNT - 1,
    OPUS_CLOCK_HZ = 48000,
};

/* What tells rows of one codec apart: H264's mode, the clock of events. */
static bool carries(const struct row *row, const struct sl_source_codec *source)
{
    if (source->codec == SL_CODEC_H264)
        return sl_sdp_h264_mode(source->fmtp) == sl_sdp_h264_mode(row->fmtp);
    if (source->codec == SL_CODEC_TELEPHONE_EVENT)
        return (source->clock_hz == OPUS_CLOCK_HZ) == (row == &rows[OPUS_EVENT]);
    return true;
}

/* The source's codec that the row can carry; NULL. */
static const struct sl_source_codec *source_of(const struct sl_sdp_offer_config *config,
                                               const struct row *row)
{
    bool audio = sl_codec_kind(row->codec) == SL_AUDIO;
    const struct sl_source_codec *codecs = audio ? config->audio_codecs : config->video_codecs;
    size_t count = audio ? config->audio_codec_count : config->video_codec_count;

    for (size_t i = 0; codecs && i < count; i++) {
        if (codecs[i].codec == row->codec && carries(row, &codecs[i]))
            return &codecs[i];
    }
    return NULL;
}

/* What is offered of one kind, in order. */
struct choice {
    size_t count;
    struct {
        const struct row *row;
        const char *fmtp;
    } items[ROW_COUNT];
};

/* The parameters to offer a row with; NULL: it is not offered. */
static const char *offered_fmtp(const struct sl_sdp_offer_config *config, const struct row *row,
                                enum sl_media_kind kind)
{
    if (sl_codec_kind(row->codec) != kind ||
        (!config->plain && !sl_codec_is_for_webrtc(row->codec)))
        return NULL;
    if (!(kind == SL_AUDIO ? config->audio_codecs : config->video_codecs))
        return row->fmtp;
    const struct sl_source_codec *source = source_of(config, row);
    return source ? source->fmtp : NULL;
}

/* Feedback and retransmission have a place in the profile. */
static bool has_feedback(const struct sl_sdp_offer_config *config)
{
    return !config->plain || config->plain[strlen(config->plain) - 1] == 'F'; /* AVPF, SAVPF */
}

/* How far in front the source has this codec of sound; otherwise all are alike. */
static size_t rank(const struct sl_sdp_offer_config *config, const struct row *row)
{
    const struct sl_source_codec *source = source_of(config, row);

    return source && sl_codec_kind(row->codec) == SL_AUDIO ? (size_t)(source - config->audio_codecs)
                                                           : 0;
}

/* Sound in the source's order; where it says nothing, and pictures, in that of the rows. */
static void choose(const struct sl_sdp_offer_config *config, enum sl_media_kind kind,
                   struct choice *choice)
{
    choice->count = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *fmtp = offered_fmtp(config, &rows[i], kind);
        size_t at = choice->count;
        if (!fmtp)
            continue;
        for (; at > 0 && rank(config, choice->items[at - 1].row) > rank(config, &rows[i]); at--)
            choice->items[at] = choice->items[at - 1];
        choice->items[at].row = &rows[i];
        choice->items[at].fmtp = fmtp;
        choice->count++;
    }
}

/* 9: not known, for who is to come to us all the same. */
static unsigned port_of(const struct sl_sdp_offer_config *config, enum sl_media_kind kind)
{
    const struct sl_sdp_local_transport *transport = &config->transports[config->plain ? kind : 0];

    return transport->candidate_count > 0 ? transport->candidates[0].port : 9;
}

static void write_m_line(struct sl_text *text, const struct sl_sdp_offer_config *config,
                         enum sl_media_kind kind, const struct choice *choice)
{
    sl_text_add(text, "m=%s %u %s", kind == SL_AUDIO ? "audio" : "video", port_of(config, kind),
                config->plain ? config->plain : "UDP/TLS/RTP/SAVPF");
    for (size_t i = 0; i < choice->count; i++)
        sl_text_add(text, " %u", choice->items[i].row->payload_type);
    for (size_t i = 0; i < choice->count && has_feedback(config); i++)
        if (choice->items[i].row->rtx_payload_type >= 0)
            sl_text_add(text, " %d", choice->items[i].row->rtx_payload_type);
    sl_text_end_line(text);
}

/* Numbers of the transport: for all that we receive, and to find out what the way of our pictures
 * takes. */
static bool has_transport_cc(const struct sl_sdp_offer_config *config, enum sl_media_kind kind)
{
    return !config->plain && (sl_sdp_receives(config->direction) ||
                              (kind == SL_VIDEO && config->downlink_estimation));
}

static void write_feedback(struct sl_text *text, const struct row *row, bool transport_cc)
{
    static const char *const video_feedback[] = {"goog-remb", "ccm fir", "nack", "nack pli"};

    if (transport_cc)
        sl_text_line(text, "a=rtcp-fb:%u transport-cc", row->payload_type);
    if (sl_codec_kind(row->codec) != SL_VIDEO)
        return;
    for (size_t i = 0; i < sizeof(video_feedback) / sizeof(*video_feedback); i++)
        sl_text_line(text, "a=rtcp-fb:%u %s", row->payload_type, video_feedback[i]);
}

static void write_codec(struct sl_text *text, const struct sl_sdp_offer_config *config,
                        const struct row *row, const char *fmtp)
{
    const struct sl_source_codec *source = source_of(config, row);
    unsigned channels = row->codec == SL_CODEC_OPUS ? 2 : 1; /* RFC 7587 section 7 */
    uint32_t clock_hz = sl_codec_clock_hz(row->codec);

    if (source && source->clock_hz > 0)
        clock_hz = source->clock_hz;
    if (source && source->channels > 0)
        channels = source->channels;
    sl_text_rtpmap(text, row->payload_type, sl_codec_name(row->codec), clock_hz, channels);
    if (has_feedback(config))
        write_feedback(text, row, has_transport_cc(config, sl_codec_kind(row->codec)));
    if (fmtp[0] != '\0')
        sl_text_line(text, "a=fmtp:%u %s", row->payload_type, fmtp);
    if (row->rtx_payload_type < 0 || !has_feedback(config))
        return;
    sl_text_rtpmap(text, (unsigned)row->rtx_payload_type, "rtx", clock_hz, 1);
    sl_text_line(text, "a=fmtp:%d apt=%u", row->rtx_payload_type, row->payload_type);
}

static void write_ssrcs(struct sl_text *text, uint32_t ssrc, uint32_t rtx_ssrc, const char *kind,
                        const char *cname)
{
    if (ssrc == 0)
        return;
    sl_text_line(text, "a=msid:%s %s-%s", cname, cname, kind);
    if (rtx_ssrc != 0)
        sl_text_line(text, "a=ssrc-group:FID %u %u", ssrc, rtx_ssrc);
    sl_text_line(text, "a=ssrc:%u cname:%s", ssrc, cname);
    if (rtx_ssrc != 0)
        sl_text_line(text, "a=ssrc:%u cname:%s", rtx_ssrc, cname);
}

static void write_webrtc_transport(struct sl_text *text, const struct sl_sdp_offer_config *config,
                                   enum sl_media_kind kind, unsigned mid)
{
    const struct sl_sdp_local_transport *transport = &config->transports[0];

    sl_text_add(text, "c=");
    sl_text_address(text, transport);
    sl_text_end_line(text);
    sl_text_line(text, "a=ice-ufrag:%s", config->ufrag);
    sl_text_line(text, "a=ice-pwd:%s", config->pwd);
    sl_text_line(text, "a=fingerprint:sha-256 %s", config->fingerprint);
    sl_text_line(text, "a=setup:actpass");
    sl_text_line(text, "a=mid:%u", mid);
    if (has_transport_cc(config, kind))
        sl_text_line(text, "a=extmap:%d %s", TRANSPORT_CC_ID, sl_sdp_ext_uri(SL_EXT_TRANSPORT_CC));
    if (sl_sdp_receives(config->direction))
        sl_text_line(text, "a=extmap:%d %s", MID_ID, sl_sdp_ext_uri(SL_EXT_MID));
    sl_text_direction(text, config->direction);
    sl_text_line(text, "a=rtcp-mux");
    sl_text_line(text, "a=rtcp-rsize");
    if (transport->candidate_count > 0)
        sl_text_candidates(text, transport);
}

static void write_plain_transport(struct sl_text *text, const struct sl_sdp_offer_config *config,
                                  enum sl_media_kind kind)
{
    const struct sl_sdp_local_transport *transport = &config->transports[kind];
    bool sends = sl_sdp_sends(config->direction) && !(kind == SL_VIDEO && config->watches);

    sl_text_add(text, "c=");
    sl_text_address(text, transport);
    sl_text_end_line(text);
    sl_text_direction(text, sl_sdp_direction_of(sends, sl_sdp_receives(config->direction)));
    sl_text_plain_transport(text, transport);
}

static void write_section(struct sl_text *text, const struct sl_sdp_offer_config *config,
                          enum sl_media_kind kind, unsigned mid, const struct choice *choice)
{
    char cname[SL_TEXT_ID_MAX + 1];

    write_m_line(text, config, kind, choice);
    if (config->plain)
        write_plain_transport(text, config, kind);
    else
        write_webrtc_transport(text, config, kind, mid);
    for (size_t i = 0; i < choice->count; i++)
        write_codec(text, config, choice->items[i].row, choice->items[i].fmtp);
    if (config->plain && config->product && kind == SL_AUDIO)
        sl_text_line(text, "a=ptime:20");
    if (config->plain && config->keyframe_requests && kind == SL_VIDEO && !has_feedback(config)) {
        sl_text_line(text, "a=rtcp-fb:* nack pli");
        sl_text_line(text, "a=rtcp-fb:* ccm fir");
    }
    if (!sl_sdp_sends(config->direction) || config->plain)
        return; /* plain: whose packets they are, their way says */
    sl_text_id(config->cname, cname);
    if (kind == SL_AUDIO)
        write_ssrcs(text, config->audio_ssrc, 0, "audio", cname);
    else
        write_ssrcs(text, config->video_ssrc, config->video_rtx_ssrc, "video", cname);
}

int sl_sdp_build_offer(const struct sl_sdp_offer_config *config, char *out, size_t out_len)
{
    struct sl_text text = {.out = out, .size = out_len, .ok = true};
    char product[SL_TEXT_ID_MAX + 1] = "-";
    struct choice choices[2];

    choose(config, SL_AUDIO, &choices[SL_AUDIO]);
    choose(config, SL_VIDEO, &choices[SL_VIDEO]);
    bool audio = config->audio && choices[SL_AUDIO].count > 0;
    bool video = config->video && choices[SL_VIDEO].count > 0;
    if (!audio && !video)
        return -ENOMSG;
    if (config->product)
        sl_text_id(config->product, product);
    sl_text_line(&text, "v=0");
    if (config->plain) {
        sl_text_add(&text, "o=%s %d %lld ", product, config->product ? 0 : 1,
                    config->product ? (long long)config->session_id_ms : 1LL);
        sl_text_address(&text, &config->transports[audio ? SL_AUDIO : SL_VIDEO]);
        sl_text_end_line(&text);
    } else {
        sl_text_line(&text, "o=- 1 1 IN IP4 127.0.0.1");
    }
    sl_text_line(&text, "s=-");
    sl_text_line(&text, "t=0 0");
    if (!config->plain)
        sl_text_line(&text, audio && video ? "a=group:BUNDLE 0 1" : "a=group:BUNDLE 0");
    if (!config->plain && config->transports[0].candidate_count > 0)
        sl_text_line(&text, "a=ice-lite");
    if (audio)
        write_section(&text, config, SL_AUDIO, 0, &choices[SL_AUDIO]);
    if (video)
        write_section(&text, config, SL_VIDEO, audio ? 1 : 0, &choices[SL_VIDEO]);
    return sl_text_result(&text);
}
