/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What socket.c, viewer.c and provider.c share.
 *
 *   provider.c --> viewer.c --> socket.c
 */
#ifndef SL_MSE_INTERNAL_H
#define SL_MSE_INTERNAL_H

#include "base/list.h"
#include "base/log.h"
#include "http/http.h"
#include "mse/channel.h"
#include "mse/mse.h"
#include "mse/queue.h"
#include "net/net.h"

struct sl_mse {
    struct sl_mse_channels channels; /* and the configuration */
    struct side {
        struct sl_mse *mse;
        enum sl_mse_player player;
        struct sl_provider interface;
    } sides[SL_MSE_PLAYERS];
    struct sl_media_sockets sockets_interface;
    struct sl_list media;   /* struct sl_medium.link: all that are not closed, the oldest first */
    struct sl_list sockets; /* struct media_socket.link */
    struct sl_timer *tick;
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

static inline const struct sl_mse_config *mse_config(const struct sl_mse *mse)
{
    return &mse->channels.config;
}

/* ---- socket.c ---- */

/* The owner of a WebSocket's callbacks, from take() to its end. */
struct media_socket {
    struct sl_list link;
    struct sl_mse *mse;
    struct sl_ws *ws;
    char *session_id;
    struct sl_medium *medium; /* NULL: it waits for one, or had one */
    void (*on_lost)(struct sl_medium *medium);
    bool closing; /* nothing more is sent */
    int64_t since_us;
};
/* NULL: too many of this session wait already. */
struct media_socket *sl_media_socket_take(struct sl_mse *mse, const char *session_id,
                                          struct sl_ws *ws);
/* The oldest that waits for a playback of this session; NULL. */
struct media_socket *sl_media_socket_find(struct sl_mse *mse, const char *session_id);
/* It has found its medium, which hears of its end, unless that closes it. */
void sl_media_socket_bind(struct media_socket *socket, struct sl_medium *medium,
                          void (*on_lost)(struct sl_medium *medium));
/* What waits is dropped; the medium hears no more of it. */
void sl_media_socket_close(struct media_socket *socket, uint16_t code, const char *reason);
/* Those that have waited for too long. */
void sl_media_sockets_tick(struct sl_mse *mse, int64_t now_us);

/* ---- viewer.c ---- */

/*
 * One playback. Its states are what it has:
 *
 *   begun --start()--> told --a socket is there, or comes--> bound --the first unit--> flowing
 *   any --its socket is lost, or never comes; what is made ends--> failed
 *   any --close()--> gone, in the loop's next turn
 */
struct sl_medium {
    struct sl_list link;
    struct sl_mse *mse;
    const struct sl_medium_ops *ops;
    void *owner;
    struct sl_log_scope log;
    char *session_id, *answer;
    bool told;   /* the client has its answer */
    bool failed; /* and that was said */
    bool flows;
    int64_t told_us;
    struct sl_mse_channel *channel;
    struct sl_mse_taker taker;
    struct media_socket *socket; /* NULL: none, not yet or not any more */
    struct sl_mse_queue queue;
    bool silent; /* it has begun, and had no sound yet */
    bool begun;  /* for the first time */
    bool led;    /* with a lead, in front of the unit of this time: */
    int64_t led_us;
    int64_t asked_us; /* for a key frame */
    struct sl_later closed;
    struct {
        uint64_t bytes[2], pictures; /* since the beginning, by enum sl_media_kind */
    } sent, sampled;
    int64_t sampled_us;
};
/* Takes the channel's reference and the answer. */
struct sl_medium *sl_viewer_create(struct sl_mse *mse, const struct sl_medium_request *request,
                                   struct sl_mse_channel *channel, bool has_pictures, char *answer);
void sl_viewer_start(struct sl_medium *medium);
void sl_viewer_close(struct sl_medium *medium);
bool sl_viewer_figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out);
/* The oldest of this session that waits for a socket; NULL. */
struct sl_medium *sl_viewer_find_waiting(struct sl_mse *mse, const char *session_id);
void sl_viewer_bind(struct sl_medium *medium, struct media_socket *socket);
/* What waits for too long has failed; may free the medium. */
void sl_viewer_tick(struct sl_medium *medium, int64_t now_us);

#endif
