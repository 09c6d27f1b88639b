/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pulls: this server as a client of another one (rest-api.md section 4, websocket-api.md section
 * 15). A pull plays a stream there and publishes it here under a name of its own; the
 * other direction publishes a stream of this server there. The other server sees an ordinary
 * client: its hooks, limits and terminations apply to us.
 *
 * One upstream session serves whoever plays, pushes or records the stream here: key frame requests
 * and NACKs go upstream once (stream/, webrtc/), and so does the bound of the bitrate.
 *
 *   NEW -> CONNECTED (the session there is established) -> PROCESSED_REMOTE (media flows)
 *       -> STOPPED (asked for here, or the stream ended there) or FAILED
 *
 * Threads: every call and callback on the control loop.
 */
#ifndef SL_PULL_PULL_H
#define SL_PULL_PULL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_cluster;
struct sl_config;
struct sl_counters;
struct sl_directory;
struct sl_error;
struct sl_http;
struct sl_loop;
struct sl_pull;
struct sl_pulls;
struct sl_rtc;
struct sl_stream;
struct sl_streams;
struct sl_workers;

/* ---- Where to (rest-api.md 3.1). Pure. ---- */

enum { SL_PULL_URI_MAX = 1024 };

struct sl_pull_uri {
    bool tls; /* wss */
    char host[256];
    uint16_t port; /* 8080 or 8443 unless said */
    char path[SL_PULL_URI_MAX];
    /* As it is listed and compared: scheme and host in lower case, `/websocket` for no path
     * (REST-10); the port only where it was said. */
    char text[SL_PULL_URI_MAX + 16];
};
/* -EINVAL with words: no ws(s) URL with a host, user information, control characters, too long. */
int sl_pull_uri_parse(const char *text, struct sl_pull_uri *out, struct sl_error *error);

/* ---- Pulls ---- */

struct sl_pulls_config {            /* all of it must outlive the pulls */
    const struct sl_config *config; /* wcs_agent_*, pull*; read at each use */
    struct sl_loop *loop;
    struct sl_http *http;
    struct sl_streams *streams;
    struct sl_workers *workers;
    struct sl_rtc *rtc;
    struct sl_counters *counters;
    struct sl_tls_clients *tls;
    const char *node_id; /* of this server; told to the other one */
    /* What the publisher there tells its players, for those here (websocket-api.md 9.4); borrowed,
     * info and payload may be NULL. NULL: nobody wants to know. */
    void (*on_event)(void *arg, const char *stream, const char *type, json_t *info,
                     json_t *payload);
    void *arg;
};
struct sl_pulls *sl_pulls_create(const struct sl_pulls_config *config);
/* Ends all and takes no new ones; on_stopped once, when the last peer has let go: never from
 * within. Before the workers stop. */
void sl_pulls_stop(struct sl_pulls *pulls, void (*on_stopped)(void *owner), void *owner);
void sl_pulls_destroy(struct sl_pulls *pulls);

enum sl_pull_kind {
    SL_PULL,         /* from there to here */
    SL_PULL_CLUSTER, /* the same, for the viewers of this node: the other node looks no further */
    SL_PULL_PUSH,    /* from here to there */
};

struct sl_pull_request { /* borrowed */
    enum sl_pull_kind kind;
    const char *uri;
    const char *local_stream, *remote_stream;
    /* Whoever asked is told; both may be NULL. on_live: media flows, the stream can be played.
     * on_end: the last call, exactly once, whoever ended it; why is for people. The pull is not to
     * be used any more. */
    void (*on_live)(void *owner, struct sl_stream *stream);
    void (*on_end)(void *owner, const char *why);
    void *owner;
};

/*
 * Makes it; it connects by itself. With words: -EINVAL (URI, a name), -EEXIST (the local name is
 * taken, or to be taken by another pull; a push: to the same place), -ENOENT (a push of no stream),
 * -EPERM (wss while wcs_agent_ssl=false), -ENOBUFS (pulls_max), -ECANCELED (the server stops).
 * Calls nothing back from within.
 */
int sl_pull_start(struct sl_pulls *pulls, const struct sl_pull_request *request,
                  struct sl_pull **out, struct sl_error *error);
/* Stops it: the other server is told, the local stream ends, on_end is called from within. */
void sl_pull_terminate(struct sl_pull *pull);

size_t sl_pulls_count(const struct sl_pulls *pulls);
/* What is set must match; uri: the `text` of a parsed one. fn may end none. Returns how many
 * matched. */
struct sl_pull_filter {
    const char *uri, *local_stream, *remote_stream;
};
size_t sl_pulls_each(struct sl_pulls *pulls, const struct sl_pull_filter *filter,
                     void (*fn)(struct sl_pull *pull, void *arg), void *arg);
/* Terminates every match; returns how many there were. */
size_t sl_pulls_terminate(struct sl_pulls *pulls, const struct sl_pull_filter *filter);

/* The six fields of rest-api.md 3.1. New reference. */
json_t *sl_pull_describe(const struct sl_pull *pull);

struct sl_pull_summary { /* texts are borrowed until the pull ends */
    const char *media_session_id, *uri, *local_stream, *remote_stream, *status;
    enum sl_pull_kind kind;
    uint64_t bitrate_bps; /* audio and video payload of the last second */
    int64_t created_ms;
};
void sl_pull_summary(const struct sl_pull *pull, struct sl_pull_summary *out);

/* ---- Names of other nodes ---- */

/*
 * Where cluster and pull meet: questions about names of other nodes are put to the registry, and
 * what another node has is pulled from there. One pull serves all who ask for its name; it goes
 * cluster_idle_ms after the last of them has left.
 */
struct sl_names;
struct sl_names_config { /* all must outlive it; config is read at each use */
    const struct sl_config *config;
    struct sl_loop *loop;
    struct sl_cluster *cluster;
    struct sl_pulls *pulls;
};
struct sl_names *sl_names_create(const struct sl_names_config *config);
/* After sl_pulls_stop() and the end of all who asked. NULL is fine. */
void sl_names_destroy(struct sl_names *names);
/* For whoever publishes or plays; lives as long as names. */
const struct sl_directory *sl_names_directory(struct sl_names *names);

#endif
