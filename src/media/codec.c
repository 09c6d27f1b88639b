/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The codecs' names, kinds and RTP clocks. */
#include "media/codec.h"

#include "base/mem.h"

#include <strings.h>

static const struct {
    const char *name;
    enum sl_media_kind kind;
    uint32_t clock_hz;
    bool webrtc;
} codecs[SL_CODECS] = {
    [SL_CODEC_NONE] = {"none", SL_AUDIO, 0, false},
    [SL_CODEC_OPUS] = {"opus", SL_AUDIO, 48000, true}, /* RFC 7587 section 4.1 */
    [SL_CODEC_PCMA] = {"PCMA", SL_AUDIO, 8000, true},
    [SL_CODEC_PCMU] = {"PCMU", SL_AUDIO, 8000, true},
    [SL_CODEC_G722] = {"G722", SL_AUDIO, 8000, true}, /* samples at 16000: RFC 3551 4.5.2 */
    [SL_CODEC_AAC] = {"mpeg4-generic", SL_AUDIO, 48000, false}, /* RFC 3640 section 4.1 */
    [SL_CODEC_L16] = {"L16", SL_AUDIO, 44100, false},           /* RFC 3551 section 4.5.11 */
    [SL_CODEC_TELEPHONE_EVENT] = {"telephone-event", SL_AUDIO, 8000, false},
    [SL_CODEC_H264] = {"H264", SL_VIDEO, 90000, true},
    [SL_CODEC_VP8] = {"VP8", SL_VIDEO, 90000, true},
    [SL_CODEC_VP9] = {"VP9", SL_VIDEO, 90000, true},
    [SL_CODEC_AV1] = {"AV1", SL_VIDEO, 90000, true},
    [SL_CODEC_MPEG1] = {"MPV", SL_VIDEO, 90000, false}, /* RFC 2250 section 3 */
};

const char *sl_codec_name(enum sl_codec codec)
{
    return codecs[codec].name;
}

enum sl_codec sl_codec_from_name(const char *name)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(codecs); i++) {
        if (strcasecmp(codecs[i].name, name) == 0)
            return (enum sl_codec)i;
    }
    return SL_CODEC_NONE;
}

enum sl_media_kind sl_codec_kind(enum sl_codec codec)
{
    return codecs[codec].kind;
}

uint32_t sl_codec_clock_hz(enum sl_codec codec)
{
    return codecs[codec].clock_hz;
}

bool sl_codec_is_for_webrtc(enum sl_codec codec)
{
    return codecs[codec].webrtc;
}
