/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of media and the codecs this program knows by name. Threads: any. */
#ifndef SL_MEDIA_CODEC_H
#define SL_MEDIA_CODEC_H

#include <stdbool.h>
#include <stdint.h>

enum sl_media_kind { SL_AUDIO, SL_VIDEO };

enum sl_codec {
    SL_CODEC_NONE,
    SL_CODEC_OPUS,
    SL_CODEC_PCMA,
    SL_CODEC_PCMU,
    SL_CODEC_G722,
    SL_CODEC_AAC, /* never in WebRTC: RTMP, MP4, MPEG-TS, RTSP */
    SL_CODEC_L16, /* samples as they are, here in the machine's order; never in WebRTC */
    SL_CODEC_TELEPHONE_EVENT, /* RFC 4733: digits of a telephone; no sound, but in its place */
    SL_CODEC_H264,
    SL_CODEC_VP8,
    SL_CODEC_VP9,
    SL_CODEC_AV1,
    SL_CODEC_MPEG1, /* ISO 11172-2, what WSPlayer decodes; never in WebRTC */
};
enum { SL_CODECS = SL_CODEC_MPEG1 + 1 };

/* The encoding name as SDP writes it (RFC 6184, 7741, 7587, 3640, 2250 ...): "opus", "H264";
 * "none". */
const char *sl_codec_name(enum sl_codec codec);
/* Case does not matter (RFC 8866 section 6.6); SL_CODEC_NONE for anything else. */
enum sl_codec sl_codec_from_name(const char *name);
enum sl_media_kind sl_codec_kind(enum sl_codec codec);
/* The RTP clock: 48000 opus, 8000 G.711 and G722 (RFC 3551 section 4.5.2), 90000 video. Of AAC and
 * of telephone events the one that is usual: theirs is the sound's, which the track knows. */
uint32_t sl_codec_clock_hz(enum sl_codec codec);
/* Browsers may be asked to send or take it (RFC 7742, RFC 7874, and what they offer besides). */
bool sl_codec_is_for_webrtc(enum sl_codec codec);

#endif
