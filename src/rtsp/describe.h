/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description of a stream for players (RFC 2326 appendix C, RFC 8866). Pure, any thread. */
#ifndef SL_RTSP_DESCRIBE_H
#define SL_RTSP_DESCRIBE_H

#include "base/addr.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is sent of one kind. */
struct sl_rtsp_track {
    enum sl_codec codec; /* SL_CODEC_NONE: nothing */
    uint8_t payload_type;
    uint32_t clock_hz;
    struct sl_codec_config
        *config; /* one reference; NULL: not known. Borrowed by functions here. */
};

/* Of a codec in a track, under the number that is its own or usual. -ENOTSUP: players are not sent
 * this one; *out is then zero. clock_hz 0: the codec's. */
int sl_rtsp_track_init(enum sl_codec codec, uint32_t clock_hz, struct sl_rtsp_track *out);

struct sl_rtsp_description {
    const char *name;           /* of the stream */
    const char *base;           /* control URLs are this and "/trackID=", and the kind's number */
    const struct sl_addr *ours; /* that the client has come to */
    uint64_t session_id;        /* another one for each description */
    const struct sl_rtsp_track *tracks; /* two, by enum sl_media_kind */
};

enum { SL_RTSP_SDP_MAX = 12288 };
/* Writes it, with CRLF line ends and a final NUL. Its length; -ENOBUFS: it does not fit out_len
 * bytes (SL_RTSP_SDP_MAX is enough for what sources send). */
int sl_rtsp_describe(const struct sl_rtsp_description *description, char *out, size_t out_len);

#endif
