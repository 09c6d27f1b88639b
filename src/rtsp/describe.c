/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One section a kind, with what a decoder needs before the first packet. */
#include "rtsp/describe.h"

#include "base/base64.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DYNAMIC_AUDIO = 97, /* RFC 3551 section 6 */
    DYNAMIC_VIDEO = 96,
    PARAMETER_SET_MAX = 1024,
    AAC_CHANNELS_STEREO = 2,
};

int sl_rtsp_track_init(enum sl_codec codec, uint32_t clock_hz, struct sl_rtsp_track *out)
{
    static const struct {
        enum sl_codec codec;
        uint8_t payload_type;
    } rows[] = {
        {SL_CODEC_PCMU, 0},
        {SL_CODEC_PCMA, 8},
        {SL_CODEC_G722, 9},
        {SL_CODEC_OPUS, DYNAMIC_AUDIO},
        {SL_CODEC_AAC, DYNAMIC_AUDIO},
        {SL_CODEC_H264, DYNAMIC_VIDEO},
        {SL_CODEC_VP8, DYNAMIC_VIDEO},
    };

    *out = (struct sl_rtsp_track){.codec = SL_CODEC_NONE};
    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (rows[i].codec != codec)
            continue;
        out->codec = codec;
        out->payload_type = rows[i].payload_type;
        out->clock_hz = clock_hz ? clock_hz : sl_codec_clock_hz(codec);
        return 0;
    }
    return -ENOTSUP;
}

/* ---- H264 (RFC 6184 section 8.1) ---- */

static void print_base64(const struct sl_nal *nal, FILE *out)
{
    char text[SL_BASE64_ROOM(PARAMETER_SET_MAX)];

    sl_base64_encode(nal->data, nal->len, text);
    (void)fputs(text, out);
}

/* profile-level-id is what follows an SPS's header. */
static void print_h264(const struct sl_codec_config *config, FILE *out)
{
    const uint8_t *at = config ? config->data : NULL, *end = at ? at + config->len : NULL;
    bool first = true;
    struct sl_nal nal;

    (void)fputs("packetization-mode=1", out);
    while (at && sl_annexb_next(&at, end, &nal)) {
        if (nal.len > PARAMETER_SET_MAX)
            continue; /* it comes with the key frames, too */
        if (first && sl_nal_type(&nal) == SL_NAL_SPS && nal.len > 3)
            (void)fprintf(out, ";profile-level-id=%02x%02x%02x", nal.data[1], nal.data[2],
                          nal.data[3]);
        (void)fputs(first ? ";sprop-parameter-sets=" : ",", out);
        print_base64(&nal, out);
        first = false;
    }
}

/* ---- AAC (RFC 3640 sections 3.3.6 and 4.1) ---- */

/* channelConfiguration stands behind five bits of type and four of the rate's number, or
 * twenty-four more of the rate itself (ISO 14496-3 section 1.6.2.1). */
static unsigned aac_channels(const struct sl_codec_config *config)
{
    if (!config || config->len < 2)
        return AAC_CHANNELS_STEREO;
    unsigned rate = (config->data[0] & 7U) << 1 | config->data[1] >> 7;
    if (rate == 15)
        return config->len < 5 ? AAC_CHANNELS_STEREO : config->data[4] >> 3 & 15U;
    return config->data[1] >> 3 & 15U;
}

static void print_aac(const struct sl_codec_config *config, FILE *out)
{
    (void)fputs("streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
                "indexdeltalength=3",
                out);
    for (size_t i = 0; config && i < config->len; i++)
        (void)fprintf(out, "%s%02x", i == 0 ? ";config=" : "", config->data[i]);
}

/* ---- Sections ---- */

static const char *channels_of(const struct sl_rtsp_track *track)
{
    switch (track->codec) {
    case SL_CODEC_OPUS: /* RFC 7587 section 7: always two */
        return "/2";
    case SL_CODEC_AAC:
        return aac_channels(track->config) == 1 ? "/1" : "/2";
    case SL_CODEC_NONE:
    case SL_CODEC_PCMA:
    case SL_CODEC_PCMU:
    case SL_CODEC_G722:
    case SL_CODEC_L16:
    case SL_CODEC_TELEPHONE_EVENT:
    case SL_CODEC_H264:
    case SL_CODEC_VP8:
    case SL_CODEC_VP9:
    case SL_CODEC_AV1:
    case SL_CODEC_MPEG1:
        break;
    }
    return "";
}

static void print_section(const struct sl_rtsp_description *description, enum sl_media_kind kind,
                          FILE *out)
{
    const struct sl_rtsp_track *track = &description->tracks[kind];

    (void)fprintf(out, "m=%s 0 RTP/AVP %u\r\n", kind == SL_AUDIO ? "audio" : "video",
                  track->payload_type);
    (void)fprintf(out, "a=rtpmap:%u %s/%u%s\r\n", track->payload_type, sl_codec_name(track->codec),
                  track->clock_hz, channels_of(track));
    if (track->codec == SL_CODEC_H264 || track->codec == SL_CODEC_AAC) {
        (void)fprintf(out, "a=fmtp:%u ", track->payload_type);
        if (track->codec == SL_CODEC_H264)
            print_h264(track->config, out);
        else
            print_aac(track->config, out);
        (void)fputs("\r\n", out);
    }
    (void)fprintf(out, "a=control:%s/trackID=%d\r\n", description->base, (int)kind);
}

static void print_all(const struct sl_rtsp_description *description, FILE *out)
{
    char ip[SL_ADDR_TEXT_MAX];
    const char *family = sl_addr_is_v4(description->ours) ? "IP4" : "IP6";

    (void)fprintf(out, "v=0\r\no=- %" PRIu64 " 1 IN %s %s\r\n", description->session_id, family,
                  sl_addr_format_ip(description->ours, ip));
    (void)fprintf(out, "s=%s\r\nc=IN %s %s\r\nt=0 0\r\n", description->name, family,
                  sl_addr_is_v4(description->ours) ? "0.0.0.0" : "::");
    (void)fprintf(out, "a=range:npt=now-\r\na=control:%s\r\n", description->base);
    /* Pictures first, as players that show one section only take the first. */
    for (int kind = SL_VIDEO; kind >= SL_AUDIO; kind--) {
        if (description->tracks[kind].codec != SL_CODEC_NONE)
            print_section(description, (enum sl_media_kind)kind, out);
    }
}

int sl_rtsp_describe(const struct sl_rtsp_description *description, char *out, size_t out_len)
{
    FILE *file = fmemopen(out, out_len, "w");

    if (!file)
        sl_mem_end();
    print_all(description, file);
    long len = ftell(file);
    bool whole = !ferror(file) && fflush(file) == 0 && len >= 0 && (size_t)len < out_len;
    (void)fclose(file); /* memory only */
    if (!whole)
        return -ENOBUFS;
    out[len] = '\0';
    return (int)len;
}
