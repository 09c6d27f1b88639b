/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A player's offer and our answer (websocket-api.md 14.1): which media it takes, and which it gets.
 * Nothing of it says where media go to: that is the media socket. Pure. */
#ifndef SL_MSE_OFFER_H
#define SL_MSE_OFFER_H

#include "mse/unit.h"

struct sl_error;
struct sl_sdp;

/* What a player of this kind is sent. */
enum sl_codec sl_mse_codec(enum sl_mse_player player, enum sl_media_kind kind);

/* *takes, by enum sl_media_kind: the player's codec is offered. -EBADMSG: no description, with
 * words. *out is the caller's: sl_sdp_free(). */
int sl_mse_read_offer(const char *text, enum sl_mse_player player, struct sl_sdp **out,
                      bool takes[2], struct sl_error *error);
/* Port 9 in the sections where something flows, 0 in all others. NULL: no memory. */
char *sl_mse_build_answer(const struct sl_sdp *offer, enum sl_mse_player player,
                          const bool flows[2], int64_t created_ms);

#endif
