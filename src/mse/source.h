/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where units come from: the pictures of a track that are sent as they are, and the sound of a
 * stream's program. Units are built on a job loop, once for all players; [control] makes, closes
 * and destroys.
 */
#ifndef SL_MSE_SOURCE_H
#define SL_MSE_SOURCE_H

#include "mse/carrier.h"

struct sl_job_pool;
struct sl_loop;
struct sl_program_want;
struct sl_programs;
struct sl_stream;

/* [control] */
struct sl_mse_source_ops {
    sl_mse_on_units *on_units; /* none once it is being closed */
    void (*on_closed)(void *owner);
};

struct sl_mse_source_config {
    enum sl_mse_player player;
    struct sl_stream *stream; /* while the source exists, something of it does */
    struct sl_loop *control;
    int64_t epoch_us; /* where time stamps begin */
    uint32_t ssrc;    /* of WSPlayer's */
    const struct sl_mse_source_ops *ops;
    void *owner;
};

/* ---- pictures.c: H264 or MPEG-1 as the track has it ---- */

struct sl_mse_pictures;
struct sl_mse_pictures *sl_mse_pictures_create(const struct sl_mse_source_config *config,
                                               struct sl_job_pool *pool);
/* Players wait for one. */
void sl_mse_pictures_request_keyframe(struct sl_mse_pictures *pictures);
/* Once; on_closed follows, never from within. NULL is fine, and tells nobody. */
void sl_mse_pictures_close(struct sl_mse_pictures *pictures);
/* From within on_closed, or later. */
void sl_mse_pictures_destroy(struct sl_mse_pictures *pictures);

/* ---- sound.c: AAC or G.711, a row without gaps ---- */

struct sl_mse_sound;
/* What is wanted of the stream's program: the same as others want where that costs nothing, so that
 * sound is encoded once for all of them. */
void sl_mse_sound_want(enum sl_mse_player player, struct sl_stream *stream,
                       struct sl_program_want *out);
/* Can it be had? */
bool sl_mse_sound_is_possible(enum sl_mse_player player, struct sl_stream *stream);
/* It is possible. */
struct sl_mse_sound *sl_mse_sound_create(const struct sl_mse_source_config *config,
                                         struct sl_programs *programs);
/* Of AAC, what goes before all of it: a new reference; NULL: no memory. */
struct sl_blob *sl_mse_sound_config(const struct sl_mse_sound *sound, int64_t time_us);
/* AAC of silence between two times; NULL: nothing fits, or no memory. */
struct sl_blob *sl_mse_sound_silence(const struct sl_mse_sound *sound, int64_t time_us,
                                     int64_t until_us);
/* The same frame for a lead. */
void sl_mse_sound_tell_silence(const struct sl_mse_sound *sound, struct sl_mse_lead *out);
/* As of pictures. */
void sl_mse_sound_close(struct sl_mse_sound *sound);
void sl_mse_sound_destroy(struct sl_mse_sound *sound);

#endif
