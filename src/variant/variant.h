/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Variants: a track of a stream in another codec, size or rate, for whoever cannot take it as it
 * is. A track is decoded once (a "studio" has its job in a codec process), each distinct variant is
 * encoded once, however many take it; a variant is a track of a stream without a name, with all
 * that a track has: fan-out, retransmission, merged requests for key frames. It goes a while after
 * its last taker, and with the stream that it is made from.
 *
 *   want.c     what a taker wants, and whether that must be made: pure
 *   studio.c   one source track: its job, its frames on their way there and back [worker]
 *   variant.c  which variants there are, and their lives [control]
 *   snapshot.c one picture of a stream as a PNG
 *   republish.c a stream with a name, made of another one
 *
 * Threads: control loop, but for what is marked.
 */
#ifndef SL_VARIANT_VARIANT_H
#define SL_VARIANT_VARIANT_H

#include "base/list.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_counters;
struct sl_loop;
struct sl_stream;
struct sl_streams;
struct sl_track;
struct sl_transcoder;

/* ---- What is wanted ---- */

/* Zeroed but for the codec: in this codec, and otherwise as the source has it. */
struct sl_variant_want {
    enum sl_codec codec;
    bool single_nal;        /* H264 for packetization-mode 0 (RFC 6184 section 6.2) */
    uint16_t width, height; /* 0: not said; as asked, not yet fitted to the source */
    uint32_t bitrate_bps;   /* 0: by quality */
    uint8_t quality;        /* 0: as it comes; 1..100 */
    uint8_t fps_max;        /* 0: the configuration's */
    uint32_t gop_ms;        /* 0: the configuration's */
    /* For links that are narrow: the bit rate is what it begins with, and follows the narrowest of
     * its takers up to bitrate_max_bps; size and rates are those of the first who wants one. */
    bool follows;
    uint32_t bitrate_max_bps;
};
/* A client's words for it (media-outputs.md 2.2); 0: none. */
struct sl_variant_wish {
    uint32_t width, height, bitrate_kbps, max_bitrate_kbps, quality;
};
/* Puts them into want. */
void sl_variant_want_wish(struct sl_variant_want *want, const struct sl_variant_wish *wish);
bool sl_variant_wants_equal(const struct sl_variant_want *a, const struct sl_variant_want *b);
/* Can this be made of that? Pure. */
bool sl_variant_is_possible(enum sl_codec from, enum sl_codec to);

/* ---- Variants ---- */

struct sl_variant;
struct sl_variants;

struct sl_variants_config {
    const struct sl_config *config; /* read at each use */
    struct sl_loop *control;
    struct sl_streams *streams;
    struct sl_transcoder *transcoder;
    struct sl_counters *counters;
};
struct sl_variants *sl_variants_create(const struct sl_variants_config *config);
/* All must have been released, and no snapshot be under way; streams made of streams end.
 * on_stopped once, never from within, when the last is gone. */
void sl_variants_stop(struct sl_variants *variants, void (*on_stopped)(void *owner), void *owner);
void sl_variants_destroy(struct sl_variants *variants); /* NULL is fine */

/*
 * The one variant of this stream's track for this want, with a reference.
 *
 * -ENOSYS  the stream has no such track, or this cannot be made of it
 * -EINVAL  larger than is allowed
 * -EBUSY   it would be a new one, and there is no room for it (media-outputs.md 2.6)
 * -EPERM   the source has brought codec processes down
 */
int sl_variant_take(struct sl_variants *variants, struct sl_stream *stream,
                    const struct sl_variant_want *want, struct sl_variant **out);
/* Whatever was started on the track has been stopped. NULL is fine. */
void sl_variant_release(struct sl_variant *variant);
/* Without a name; live from the beginning. It ends with its source, or before: sl_variant_why().
 * Valid until sl_variant_release(). */
struct sl_stream *sl_variant_stream(struct sl_variant *variant);
struct sl_track *sl_variant_track(struct sl_variant *variant);
const struct sl_variant_want *sl_variant_want(const struct sl_variant *variant);
/* Why its stream ended: 0, with its source; -EBUSY, the machine could not keep up; -EPERM, as
 * above; -EINVAL, pictures too large. */
int sl_variant_why(const struct sl_variant *variant);
/* "libx264", "libvpx", "libopus" ... */
const char *sl_variant_encoder(const struct sl_variant *variant);

struct sl_variant_stats {
    const char *name; /* of the stream it is made from */
    enum sl_codec from, to;
    struct sl_variant_want want;
    const char *encoder;
    size_t takers;
    uint16_t width, height;
    uint64_t frames, bytes; /* since its beginning */
    int64_t since_ms;       /* wall clock */
};
void sl_variants_each(struct sl_variants *variants,
                      void (*fn)(const struct sl_variant_stats *stats, void *arg), void *arg);
size_t sl_variants_count(const struct sl_variants *variants);

/* ---- Streams made of streams (media-outputs.md 2.7) ---- */

/* A stream with a name of its own whose pictures are a variant of another's; its sound is the
 * other's. It is one of this server's own: listed, played, pushed, ended like any other. */
struct sl_republish;
struct sl_republish_config {
    struct sl_variants *variants;
    struct sl_stream *source;    /* live */
    const char *name;            /* copied */
    struct sl_variant_want want; /* of its pictures, if the source has any */
    /* It has ended, and is no more: from within whatever ended it, for people why. Not after
     * sl_republish_stop(). NULL: not asked for. */
    void (*on_end)(void *owner, const char *why);
    void *owner;
};
/* -EEXIST: the name is taken; -EINVAL: it is none; otherwise as sl_variant_take(). */
int sl_republish_create(const struct sl_republish_config *config, struct sl_republish **out);
/* Its name is free at once. */
void sl_republish_stop(struct sl_republish *republish);
/* Live as soon as media flows. */
struct sl_stream *sl_republish_stream(struct sl_republish *republish);

/* ---- Snapshots (media-outputs.md 8) ---- */

struct sl_snapshot;
/* err 0: png, borrowed; -ETIMEDOUT: no picture came in time; -EPIPE: the stream ended; -ENOENT: it
 * has no pictures; -EPERM. Once, never from within. */
typedef void sl_on_snapshot(void *owner, int err, const uint8_t *png, size_t len);
/* The next picture of the stream. Larger than len_max (0: no bound): halved until it fits. NULL:
 * too many are taken at once (snapshots_max). */
struct sl_snapshot *sl_snapshot_take(struct sl_variants *variants, struct sl_stream *stream,
                                     size_t len_max, sl_on_snapshot *on_snapshot, void *owner);
/* No answer comes. Not after the answer. NULL is fine. */
void sl_snapshot_cancel(struct sl_snapshot *snapshot);

#endif
