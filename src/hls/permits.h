/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * May this viewer have this list? The back end is asked by playHLS (media-outputs.md 4.5), once for
 * all requests with the same name, query and client address, and its answer is kept for a while.
 * Whatever is not a yes is a no. Control loop; time is an argument.
 */
#ifndef SL_HLS_PERMITS_H
#define SL_HLS_PERMITS_H

#include "hls/address.h"
#include "hooks/hooks.h"

struct sl_addr;

struct sl_permits_config {
    const struct sl_hooks *hooks;
    const char *node_id;
    int64_t cache_us;            /* how long an answer is good */
    const char *token_parameter; /* of the query, where there is no `token` */
};

struct sl_permits;
/* Everything in config outlives it. */
struct sl_permits *sl_permits_create(const struct sl_permits_config *config);
/* Nobody waits any more. NULL is fine. */
void sl_permits_destroy(struct sl_permits *permits);

/* Who asks for what; all borrowed. Texts that a client may leave out are NULL then. */
struct sl_permit_request {
    const char *name, *media_session_id;
    const struct sl_hls_query *query;
    const struct sl_addr *remote, *local;
    const char *path, *user_agent, *origin;
};

/* Embedded in whoever waits for an answer; zeroed: does not wait. */
struct sl_permit_wait {
    struct sl_list link;
    /* 200, it may; 401, it may not; 503, nobody knows now. Never from within sl_permits_ask(). */
    void (*on_answer)(struct sl_permit_wait *wait, int status);
};

/* One of the above if it is known at once; 0: wait is told. */
int sl_permits_ask(struct sl_permits *permits, const struct sl_permit_request *request,
                   struct sl_permit_wait *wait, int64_t now_us);
/* It is told nothing; the question goes on, for whoever asks next. */
void sl_permit_wait_cancel(struct sl_permit_wait *wait);

#endif
