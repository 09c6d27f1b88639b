/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a stream's tracks send now, and what their decoders need: the codecs, and their
 * configurations, of the first frames that come, within a bound of time. Control loop.
 */
#ifndef SL_RTSP_PROBE_H
#define SL_RTSP_PROBE_H

#include "media/media.h"

struct sl_loop;
struct sl_track;
struct sl_worker;

/* What was seen of one kind. */
struct sl_rtsp_sight {
    enum sl_codec codec;            /* SL_CODEC_NONE: nothing came in time */
    struct sl_codec_config *config; /* borrowed; NULL: it needs none, or none is known */
};

struct sl_rtsp_probe;

struct sl_rtsp_probe_ops {
    /* Once, never from within; not after sl_rtsp_probe_close(). By enum sl_media_kind. */
    void (*on_seen)(void *owner, const struct sl_rtsp_sight seen[2]);
    /* The last call, after sl_rtsp_probe_close(): nothing is left on the tracks. */
    void (*on_closed)(void *owner);
};

/* tracks: by kind, all of them on any worker; NULL where there is none. worker: where the frames
 * are looked at. */
struct sl_rtsp_probe *sl_rtsp_probe_create(struct sl_loop *control, struct sl_worker *worker,
                                           struct sl_track *const tracks[2],
                                           const struct sl_rtsp_probe_ops *ops, void *owner);
void sl_rtsp_probe_close(struct sl_rtsp_probe *probe);

#endif
