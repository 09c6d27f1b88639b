/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One try to publish a stream at a server: connects, speaks RTMP, sends a channel's tags, on a job
 * loop that it shares with others. Whatever waits has a deadline.
 *
 * sl_publication_create(), sl_publication_start(); then on_ended comes once, by itself or after
 * sl_publication_stop(); then sl_publication_close(), after which it is gone. All on the control
 * loop, callbacks too.
 */
#ifndef SL_RTMP_PUBLICATION_H
#define SL_RTMP_PUBLICATION_H

#include "base/addr.h"
#include "base/log.h"
#include "program/program.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_channel;
struct sl_error;
struct sl_job_pool;
struct sl_loop;
struct sl_publication;

struct sl_publication_ops {
    void (*on_publishing)(void *owner);
    /* One without loop was played to its end. */
    void (*on_sound_end)(void *owner, unsigned serial);
    /* 0: it was stopped; otherwise why it ended, with words. -EREMOTE: the server wants us
     * elsewhere, see sl_publication_redirect(). */
    void (*on_ended)(void *owner, int err, const char *words);
};

struct sl_publication_config { /* copied, but for what is said */
    struct sl_job_pool *pool;
    struct sl_loop *control;
    struct sl_channel *channel; /* outlives it */
    const char *app, *tc_url, *publish, *flash_version;
    const char *user, *password; /* "" if none */
    const char *host;            /* for TLS */
    SSL_CTX *tls;                /* NULL: plain; a reference is taken */
    const struct sl_addr *addrs; /* checked */
    size_t addr_count;
    int64_t connect_timeout_ms; /* of all addresses, without RTMP's handshake */
    bool muted;
    struct sl_sound *sound; /* NULL: none; a reference of its own is taken */
    bool loop;
    unsigned sound_serial; /* what its end is told with */
    const struct sl_log_scope *scope;
    const struct sl_publication_ops *ops;
    void *owner;
};

/* -ENOBUFS: there is no descriptor for it; error says so. */
int sl_publication_create(const struct sl_publication_config *config, struct sl_publication **out,
                          struct sl_error *error);
void sl_publication_start(struct sl_publication *publication);
/* After on_ended with -EREMOTE: the URL as the server said it. Borrowed; nobody has looked at it.
 */
const char *sl_publication_redirect(const struct sl_publication *publication);
/* Takes leave of the server, within a second. Idempotent. */
void sl_publication_stop(struct sl_publication *publication);
/* After on_ended. on_closed: it is gone; never from within. */
void sl_publication_close(struct sl_publication *publication, void (*on_closed)(void *owner),
                          void *owner);

void sl_publication_set_muted(struct sl_publication *publication, bool muted);
/* NULL: back to the source. */
void sl_publication_set_sound(struct sl_publication *publication, struct sl_sound *sound, bool loop,
                              unsigned serial);

struct sl_publication_stats {
    uint64_t bitrate_bps; /* sent in the last second */
    uint64_t dropped;     /* frames */
};
void sl_publication_stats(const struct sl_publication *publication,
                          struct sl_publication_stats *out);

#endif
