/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Formats and extensions of a section, looked up. */
#include "sdp/format.h"

#include "sdp/span.h"

#include <string.h>
#include <strings.h>

static const char *const ext_uris[SL_EXT_COUNT] = {
    [SL_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
    [SL_EXT_TRANSPORT_CC] =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    [SL_EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    [SL_EXT_VIDEO_ORIENTATION] = "urn:3gpp:video-orientation",
    [SL_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    [SL_EXT_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
};

bool sl_sdp_section_is_plain(const struct sl_sdp_section *section)
{
    return strncmp(section->proto, "RTP/", 4) == 0;
}

bool sl_sdp_section_has_feedback(const struct sl_sdp_section *section)
{
    size_t len = strlen(section->proto);

    return len > 0 && section->proto[len - 1] == 'F'; /* AVPF, SAVPF */
}

static bool is_plain_rtp(const struct sl_sdp_section *section)
{
    const char *proto = section->proto;
    bool secure = strcmp(proto, "RTP/SAVP") == 0 || strcmp(proto, "RTP/SAVPF") == 0;

    if (!secure && strcmp(proto, "RTP/AVP") != 0 && strcmp(proto, "RTP/AVPF") != 0)
        return false;
    return section->address[0] != '\0' && (!secure || section->crypto_count > 0);
}

bool sl_sdp_section_is_usable(const struct sl_sdp_section *section, bool plain)
{
    return section->port != 0 &&
           (plain ? is_plain_rtp(section) : strstr(section->proto, "RTP/SAVP") != NULL) &&
           (strcmp(section->kind, "audio") == 0 || strcmp(section->kind, "video") == 0);
}

enum sl_media_kind sl_sdp_section_kind(const struct sl_sdp_section *section)
{
    return strcmp(section->kind, "video") == 0 ? SL_VIDEO : SL_AUDIO;
}

/* Those of AAC and of telephone events are the sound's (RFC 3640 section 4.1, RFC 4733 section
 * 2.1). */
static bool has_own_clock(enum sl_codec codec)
{
    return codec == SL_CODEC_AAC || codec == SL_CODEC_TELEPHONE_EVENT;
}

enum sl_codec sl_sdp_format_codec(const struct sl_sdp_format *format, enum sl_media_kind kind,
                                  bool plain)
{
    enum sl_codec codec = sl_codec_from_name(format->name);
    unsigned channels = codec == SL_CODEC_OPUS ? 2 : 1; /* opus: always two (RFC 7587 section 7) */

    if (codec == SL_CODEC_NONE || (!plain && !sl_codec_is_for_webrtc(codec)) ||
        sl_codec_kind(codec) != kind)
        return SL_CODEC_NONE;
    if (codec == SL_CODEC_L16) /* another order of bytes than ours (RFC 3551 section 4.5.11) */
        return SL_CODEC_NONE;
    if (plain && has_own_clock(codec) && format->clock_hz > 0)
        return codec;
    return format->clock_hz == sl_codec_clock_hz(codec) && format->channels == channels
               ? codec
               : SL_CODEC_NONE;
}

const struct sl_sdp_format *sl_sdp_format_find(const struct sl_sdp_section *section,
                                               uint8_t payload_type)
{
    for (size_t i = 0; i < section->format_count; i++)
        if (section->formats[i].payload_type == payload_type)
            return &section->formats[i];
    return NULL;
}

int sl_sdp_format_rtx(const struct sl_sdp_section *section, uint8_t payload_type)
{
    for (size_t i = 0; i < section->format_count; i++)
        if (section->formats[i].apt == payload_type)
            return section->formats[i].payload_type;
    return -1;
}

/* Its parameters are the payload types of its blocks, a type twice: one block and more of it. */
uint8_t sl_sdp_format_red(const struct sl_sdp_section *section, uint8_t payload_type)
{
    char wanted[8];

    (void)snprintf(wanted, sizeof(wanted), "%u/%u", payload_type, payload_type);
    for (size_t i = 0; i < section->format_count; i++) {
        const struct sl_sdp_format *format = &section->formats[i];
        if (strcasecmp(format->name, "red") == 0 && strcmp(format->fmtp, wanted) == 0)
            return format->payload_type;
    }
    return 0;
}

bool sl_sdp_fmtp_param(const char *fmtp, const char *name, char *out, size_t out_len)
{
    struct sl_span rest = {fmtp, strlen(fmtp)};

    while (rest.len > 0) {
        struct sl_span value = sl_span_cut(&rest, ';');
        struct sl_span key = sl_span_trim(sl_span_cut(&value, '='));
        if (sl_span_is_nocase(key, name))
            return sl_span_copy(sl_span_trim(value), out, out_len);
    }
    return false;
}

int sl_sdp_h264_mode(const char *fmtp)
{
    char mode[4];

    if (!sl_sdp_fmtp_param(fmtp, "packetization-mode", mode, sizeof(mode)))
        return 0;
    return mode[0] >= '0' && mode[0] <= '2' && mode[1] == '\0' ? mode[0] - '0' : -1;
}

const char *sl_sdp_ext_uri(enum sl_media_ext ext)
{
    return ext_uris[ext];
}

uint8_t sl_sdp_ext_id(const struct sl_sdp_section *section, enum sl_media_ext ext)
{
    for (size_t i = 0; i < section->extmap_count; i++)
        if (strcmp(section->extmap[i].uri, ext_uris[ext]) == 0)
            return section->extmap[i].id;
    return 0;
}
