/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offers as browsers write them (websocket-api.md 6.1), and tools to vary them. */
#ifndef SL_TESTS_SDP_OFFERS_H
#define SL_TESTS_SDP_OFFERS_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/error.h"
#include "sdp/sdp.h"

#include <stdlib.h>
#include <string.h>

#define FINGERPRINT                                                                                \
    "F8:5C:8B:FF:29:0A:EB:89:76:B3:71:04:DF:2E:BB:92:07:D5:75:A3:45:E9:F0:A8:10:10:A5:1D:22:36:"   \
    "9F:A4"

#define TRANSPORT                                                                                  \
    "c=IN IP4 0.0.0.0\r\n"                                                                         \
    "a=rtcp:9 IN IP4 0.0.0.0\r\n"                                                                  \
    "a=ice-ufrag:rkQf\r\n"                                                                         \
    "a=ice-pwd:5B2vem4ajjf4MZ+Ss7QrdX29\r\n"                                                       \
    "a=ice-options:trickle\r\n"                                                                    \
    "a=fingerprint:sha-256 " FINGERPRINT "\r\n"                                                    \
    "a=setup:actpass\r\n"

#define RTP_OPTIONS "a=rtcp-mux\r\na=rtcp-rsize\r\na=rtcp-xr:rcvr-rtt=all\r\n"

#define FEEDBACK(pt)                                                                               \
    "a=rtcp-fb:" pt " goog-remb\r\n"                                                               \
    "a=rtcp-fb:" pt " transport-cc\r\n"                                                            \
    "a=rtcp-fb:" pt " ccm fir\r\n"                                                                 \
    "a=rtcp-fb:" pt " nack\r\n"                                                                    \
    "a=rtcp-fb:" pt " nack pli\r\n"

#define RTX(pt, apt) "a=rtpmap:" pt " rtx/90000\r\na=fmtp:" pt " apt=" apt "\r\n"

#define VP8(pt, rtx) "a=rtpmap:" pt " VP8/90000\r\n" FEEDBACK(pt) RTX(rtx, pt)

#define VP9(pt, rtx, profile)                                                                      \
    "a=rtpmap:" pt " VP9/90000\r\n" FEEDBACK(pt) "a=fmtp:" pt " profile-id=" profile               \
                                                 "\r\n" RTX(rtx, pt)

#define AV1(pt, rtx)                                                                               \
    "a=rtpmap:" pt " AV1/90000\r\n" FEEDBACK(pt) "a=fmtp:" pt                                      \
                                                 " level-idx=5;profile=0;tier=0\r\n" RTX(rtx, pt)

#define H264_FMTP(mode, profile)                                                                   \
    "level-asymmetry-allowed=1;packetization-mode=" mode ";profile-level-id=" profile

#define H264(pt, rtx, mode, profile)                                                               \
    "a=rtpmap:" pt " H264/90000\r\n" FEEDBACK(pt) "a=fmtp:" pt                                     \
                                                  " " H264_FMTP(mode, profile) "\r\n" RTX(rtx, pt)

#define SESSION(mids)                                                                              \
    "v=0\r\n"                                                                                      \
    "o=- 8845862555736352246 2 IN IP4 127.0.0.1\r\n"                                               \
    "s=-\r\n"                                                                                      \
    "t=0 0\r\n"                                                                                    \
    "a=group:BUNDLE " mids "\r\n"                                                                  \
    "a=extmap-allow-mixed\r\n"                                                                     \
    "a=msid-semantic: WMS de7d698d-82d7-40ee-868b-e33b21d07ee7\r\n"

#define EXT_TRANSPORT_CC                                                                           \
    "a=extmap:3 "                                                                                  \
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"

#define AUDIO_EXTENSIONS                                                                           \
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"                                   \
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n" EXT_TRANSPORT_CC   \
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"

#define VIDEO_EXTENSIONS                                                                           \
    "a=extmap:14 urn:ietf:params:rtp-hdrext:toffset\r\n"                                           \
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"                    \
    "a=extmap:13 urn:3gpp:video-orientation\r\n" EXT_TRANSPORT_CC                                  \
    "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n"                    \
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"                                           \
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"

#define AUDIO_CODECS                                                                               \
    "a=rtpmap:111 opus/48000/2\r\n"                                                                \
    "a=rtcp-fb:111 transport-cc\r\n"                                                               \
    "a=fmtp:111 minptime=10;useinbandfec=1\r\n"                                                    \
    "a=rtpmap:63 red/48000/2\r\n"                                                                  \
    "a=fmtp:63 111/111\r\n"                                                                        \
    "a=rtpmap:9 G722/8000\r\n"                                                                     \
    "a=rtpmap:0 PCMU/8000\r\n"                                                                     \
    "a=rtpmap:8 PCMA/8000\r\n"                                                                     \
    "a=rtpmap:13 CN/8000\r\n"                                                                      \
    "a=rtpmap:110 telephone-event/48000\r\n"                                                       \
    "a=rtpmap:126 telephone-event/8000\r\n"

#define H264_CODECS                                                                                \
    H264("102", "103", "1", "42001f")                                                              \
    H264("104", "107", "0", "42001f")                                                              \
    H264("108", "109", "1", "42e01f")                                                              \
    H264("114", "115", "0", "42e01f")                                                              \
    H264("116", "117", "1", "4d001f")                                                              \
    H264("39", "40", "0", "4d001f")

#define PUBLISH_AUDIO                                                                              \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n" TRANSPORT                            \
    "a=mid:0\r\n" AUDIO_EXTENSIONS "a=sendonly\r\n"                                                \
    "a=msid:de7d698d-82d7-40ee-868b-e33b21d07ee7 "                                                 \
    "787a5e72-7978-42a7-98ed-d9ba0472c3c7\r\n" RTP_OPTIONS AUDIO_CODECS                            \
    "a=ssrc:3852055522 cname:8g7NvLX8lVu8Omi8\r\n"

#define PUBLISH_VIDEO                                                                              \
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 107 108 109 114 115 116 117 39 40 45 46 98 99 " \
    "100 101 118 119 120\r\n" TRANSPORT "a=mid:1\r\n" VIDEO_EXTENSIONS "a=sendonly\r\n"            \
    "a=msid:de7d698d-82d7-40ee-868b-e33b21d07ee7 "                                                 \
    "2936b5f0-9edb-40ec-bfd3-9f8fb2a1a1f1\r\n" RTP_OPTIONS VP8("96", "97")                         \
        H264_CODECS AV1("45", "46") VP9("98", "99", "0")                                           \
            VP9("100", "101", "2") "a=rtpmap:118 red/90000\r\n" RTX(                               \
                "119", "118") "a=rtpmap:120 ulpfec/90000\r\n"                                      \
                              "a=ssrc-group:FID 4251493467 778306379\r\n"                          \
                              "a=ssrc:4251493467 cname:8g7NvLX8lVu8Omi8\r\n"                       \
                              "a=ssrc:778306379 cname:8g7NvLX8lVu8Omi8\r\n"

#define PLAY_AUDIO                                                                                 \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n" TRANSPORT                            \
    "a=mid:0\r\n" AUDIO_EXTENSIONS "a=recvonly\r\n" RTP_OPTIONS AUDIO_CODECS

#define PLAY_VIDEO                                                                                 \
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 102 103 104 107 108 109 114 115 116 117 39 "  \
    "40 45 46 118 119 120 49\r\n" TRANSPORT "a=mid:1\r\n" VIDEO_EXTENSIONS                         \
    "a=recvonly\r\n" RTP_OPTIONS VP8("96", "97") VP9("98", "99", "0") VP9("100", "101", "2")       \
        H264_CODECS AV1("45", "46") "a=rtpmap:118 red/90000\r\n" RTX(                              \
            "119", "118") "a=rtpmap:120 ulpfec/90000\r\n"                                          \
                          "a=rtpmap:49 flexfec-03/90000\r\n"                                       \
                          "a=fmtp:49 repair-window=10000000\r\n"

static const char chromium_publish[] = SESSION("0 1") PUBLISH_AUDIO PUBLISH_VIDEO;
static const char chromium_play[] = SESSION("0 1") PLAY_AUDIO PLAY_VIDEO;

/* The offer with each occurrence of one text replaced; fails if there is none. The caller frees. */
static inline char *replaced(const char *text, const char *from, const char *to)
{
    size_t count = 0, from_len = strlen(from), to_len = strlen(to);

    for (const char *at = text; (at = strstr(at, from)); at += from_len)
        count++;
    if (count == 0)
        fail_msg("nothing like %s", from);
    char *out = malloc(strlen(text) + count * to_len + 1), *end = out;
    assert_non_null(out);
    for (const char *at; (at = strstr(text, from)); text = at + from_len) {
        memcpy(end, text, (size_t)(at - text));
        end += at - text;
        memcpy(end, to, to_len);
        end += to_len;
    }
    memcpy(end, text, strlen(text) + 1);
    return out;
}

/* Parses what must be right; sl_sdp_free() by the caller. */
static inline struct sl_sdp *parsed(const char *text)
{
    struct sl_error error = {""};
    struct sl_sdp *sdp = NULL;
    int err = sl_sdp_parse(text, strlen(text), &sdp, &error);

    if (err != 0)
        fail_msg("%d: %s", err, error.text);
    return sdp;
}

static inline struct sl_sdp *parsed_with(const char *text, const char *from, const char *to)
{
    char *changed = replaced(text, from, to);
    struct sl_sdp *sdp = parsed(changed);

    free(changed);
    return sdp;
}

#endif
