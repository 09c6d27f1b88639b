/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of pull/ share on the control loop.
 *
 *   pulls --n--> pull --1--> agent (the conversation), media (peer and stream)
 *         --n--> medias whose pull has ended: their peers have not let go yet
 */
#ifndef SL_PULL_INTERNAL_H
#define SL_PULL_INTERNAL_H

#include "base/config.h"
#include "base/list.h"
#include "base/log.h"
#include "base/table.h"
#include "net/net.h"
#include "pull/agent.h"
#include "pull/media.h"
#include "pull/pull.h"

enum {
    UUID_LEN = 36,
    REMOTE_NAME_MAX = 1024,
    WHY_MAX = 160,
};

struct sl_pulls {
    struct sl_pulls_config config;
    struct sl_list pulls;  /* struct sl_pull.link: not ended */
    struct sl_table by_id; /* the same */
    size_t count;
    size_t media_count;          /* all, those that have not let go yet included */
    struct sl_timer *rate_timer; /* runs while there are pulls */
    bool stopping;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
    struct sl_later stopped;
};

/* A media has let go. */
void sl_pulls_on_media_closed(void *arg);

/* ---- pull.c ---- */

/* set_status() of pull.c is the only function that moves it; see pull.h for who does. */
enum pull_status { PULL_NEW, PULL_CONNECTED, PULL_PROCESSED_REMOTE, PULL_STOPPED, PULL_FAILED };

struct sl_pull {
    struct sl_list link;
    struct sl_table_node by_id;
    struct sl_pulls *pulls;
    enum sl_pull_kind kind;
    char id[UUID_LEN + 1], remote_id[UUID_LEN + 1];
    struct sl_pull_uri uri;
    char *local_stream, *remote_stream;
    enum pull_status status;
    struct sl_reservation *reservation; /* of the local name; NULL: a push */
    struct agent *agent;                /* NULL: it has said its last */
    struct pull_media *media;           /* NULL: not established yet */
    struct sl_stream *taken;            /* a push's */
    struct sl_stream_listener listener; /* to taken */
    struct sl_taker taker;              /* of it */
    struct sl_timer *timer;             /* until media flows */
    bool open;                          /* the other node says that anybody may play it */
    bool ending;                        /* in the next turn, with these words: */
    struct sl_later end;
    char why[WHY_MAX];
    struct sl_log_scope scope;
    int64_t created_ms;
    struct sl_flow_rates rates; /* of the last second */
    void (*on_live)(void *owner, struct sl_stream *stream);
    void (*on_end)(void *owner, const char *why);
    void *owner;
};

struct sl_pull *sl_pull_create(struct sl_pulls *pulls, const struct sl_pull_request *request,
                               const struct sl_pull_uri *uri, struct sl_reservation *reservation,
                               struct sl_stream *taken);
/* Takes it out of the list and tells its owner. */
void sl_pull_end(struct sl_pull *pull, bool failed, const char *why);
const char *sl_pull_status_name(enum pull_status status);
/* Once a second. */
void sl_pull_update_rates(struct sl_pull *pull);

#endif
