/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Playbacks over a WebSocket of their own, for the players "MSE" and "WSPlayer" of the SDK
 * (media-outputs.md 7, websocket-api.md 14): a struct sl_provider each, and the sockets that their
 * clients open. Control loop, but for what is marked elsewhere.
 *
 *   offer.c     what a client takes, and what it is answered; pure
 *   unit.c      what is sent; pure
 *   queue.c     what waits for one client, and what is kept from it; pure
 *   pictures.c, sound.c, carrier.c   units are built on a job loop and brought here
 *   channel.c   a stream as units for all who take it alike
 *   viewer.c    one playback: its states, its socket
 *   socket.c    a media socket: bound, or waiting for its playback
 *   provider.c  the interfaces
 *
 * What is sent: H264 as it is published, or a variant (variant/) where a size or rate is asked for,
 * where it is VP8 or has B pictures; MPEG-1 is always a variant. Sound is the program's (program/):
 * AAC of 48 kHz as others have it too, or G.711.
 */
#ifndef SL_MSE_MSE_H
#define SL_MSE_MSE_H

#include "access/access.h"

struct sl_config;
struct sl_counters;
struct sl_job_pool;
struct sl_loop;
struct sl_mse;
struct sl_programs;
struct sl_variants;

/* All of these must outlive it. */
struct sl_mse_config {
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *control;
    struct sl_job_pool *pool;
    struct sl_programs *programs;
    struct sl_variants *variants;
    struct sl_counters *counters; /* the control loop's block */
};

struct sl_mse *sl_mse_create(const struct sl_mse_config *config);
/* Every medium has closed. Sockets without one are closed; on_stopped once, never from within, when
 * nothing is left on the job loops. */
void sl_mse_stop(struct sl_mse *mse, void (*on_stopped)(void *owner), void *owner);
/* When every socket is gone. NULL is fine. */
void sl_mse_destroy(struct sl_mse *mse);

/* Both valid as long as mse. */
const struct sl_provider *sl_mse_provider(const struct sl_mse *mse);
const struct sl_provider *sl_mse_wsplayer_provider(const struct sl_mse *mse);
const struct sl_media_sockets *sl_mse_sockets(const struct sl_mse *mse);

#endif
