/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stream's tags on their way to all who send them: made once, on the job loop of the stream's
 * program, and handed to each other loop as one message for all that came together, however many
 * take them there.
 *
 * [control] gets channels and gives them back; takers belong to a job loop each.
 */
#ifndef SL_RTMP_CHANNEL_H
#define SL_RTMP_CHANNEL_H

#include "base/list.h"
#include "mux/mux.h"
#include "program/program.h"

struct sl_job_loop;
struct sl_job_pool;
struct sl_loop;
struct sl_stream;

/* ---- Channels [control] ---- */

struct sl_channel;
struct sl_channels;
/* All are borrowed; programs are others', too. */
struct sl_channels *sl_channels_create(struct sl_programs *programs, struct sl_job_pool *pool,
                                       struct sl_loop *control);
/* All must have been released. on_stopped once, when the last is gone; never from within. */
void sl_channels_stop(struct sl_channels *channels, void (*on_stopped)(void *owner), void *owner);
void sl_channels_destroy(struct sl_channels *channels); /* NULL is fine */

/* The stream's, with a reference. -ENOSYS: it has nothing that RTMP could carry. */
int sl_channel_get(struct sl_channels *channels, struct sl_stream *stream, struct sl_channel **out);
void sl_channel_release(struct sl_channel *channel); /* NULL is fine */

/* A sound for a taker on this loop: see sl_program_play(). The channel is released after on_gone.
 */
struct sl_player *sl_channel_play(struct sl_channel *channel, struct sl_job_loop *loop,
                                  struct sl_sound *sound, bool repeat, void (*on_gone)(void *owner),
                                  void *owner);

/* ---- Takers [the taker's loop] ---- */

struct sl_channel_attach;

/* None is called from within a function of this header. */
struct sl_channel_taker_ops {
    /* Tags come from now on. sound: see sl_program_sound(). */
    void (*on_attached)(void *owner, const struct sl_program_sound *sound);
    /* Borrowed. lost: some are missing in front of these, because this loop was too slow. */
    void (*on_tags)(void *owner, struct sl_flv_tag *const *tags, size_t count, bool lost);
};
struct sl_channel_taker { /* embedded in its owner; zeroed: detached */
    struct sl_list link;
    const struct sl_channel_taker_ops *ops;
    void *owner;
    struct sl_channel *channel;
    struct sl_job_loop *loop;
    struct sl_channel_attach *attach; /* under way */
};
void sl_channel_attach(struct sl_channel *channel, struct sl_job_loop *loop,
                       struct sl_channel_taker *taker);
/* No call after this. Idempotent. The channel is released after it. */
void sl_channel_detach(struct sl_channel_taker *taker);

/* Pictures are of no use before the next key frame. */
void sl_channel_request_keyframe(struct sl_channel_taker *taker);
/* There must be a row of sound, whatever the source has. */
void sl_channel_begin_sound(struct sl_channel_taker *taker);
bool sl_channel_has(const struct sl_channel *channel, enum sl_media_kind kind);

#endif
