/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of session/ share.
 *
 *   sl_sessions --n--> sl_session --n--> sl_media_session --1--> sl_medium, sl_stream
 *        `--n--> audience (one per stream with a publication or players here)
 *
 * A media session leaves every table and list when it reaches its final state, and its memory goes
 * when its medium has closed: in between only sessions->closing knows of it. Any call that may
 * bring a final state may therefore free the media session, and those of its players.
 */
#ifndef SL_SESSION_INTERNAL_H
#define SL_SESSION_INTERNAL_H

#include "access/access.h"
#include "base/config.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/table.h"
#include "net/net.h"
#include "session/session.h"
#include "stream/stream.h"

enum {
    QUESTIONS_MAX = 64, /* unanswered hooks of one session, past which sendData and stream events
                         * wait for no more */
    CUSTOM_MAX = 16384, /* bytes of JSON a client may have us keep */
    URL_MAX = 2048,
    PLAYING_GRACE_MS = 2000, /* connected, but the publisher sends nothing: PLAYING all the same */
    LEFT_GRACE_MS = 2000,    /* the SDK's stop message is under way (websocket-api.md 6.4) */
    INFO_MAX = 128,
    TOKEN_LEN = 26, /* 134 bits (hardening.md class 25 wants 128) */
};

struct sl_sessions {
    struct sl_sessions_config config;
    char node_id[33];
    struct sl_table sessions_by_id; /* struct sl_session */
    struct sl_table media_by_id;    /* struct sl_media_session */
    struct sl_table audiences;      /* struct audience */
    struct sl_list sessions;        /* from sl_session_create() to sl_session_destroy() */
    struct sl_list media;           /* PENDING to the final state */
    struct sl_list closing;         /* final, medium not closed yet */
    struct sl_sessions_stats stats;
    struct sl_timer *rate_timer;
    int64_t rate_tick;
    bool draining;                   /* no new sessions */
    bool stopping;                   /* nor new streams */
    void (*on_stopped)(void *owner); /* NULL again once called */
    void *stopped_owner;
    struct sl_later stopped;
};

/* What was refused since the log last said so; zeroed is nothing. */
struct refusals {
    unsigned count;
    int64_t logged_us;
};

/* on_stopped is called in the next turn, if the last one has gone. */
void sessions_check_stopped(struct sl_sessions *sessions);

struct sl_session {
    struct sl_sessions *sessions;
    struct sl_list link; /* in sessions->sessions */
    struct sl_table_node by_id;
    const struct sl_session_ops *ops;
    void *client;
    enum sl_session_status status;
    bool connecting;         /* sl_session_connect() was called */
    struct sl_later outcome; /* of it, where no back end is asked: */
    enum sl_reason refusal;  /* SL_REASON_NONE: it is established */
    char id[2 * SL_ADDR_TEXT_MAX + TOKEN_LEN + 5];
    struct sl_addr remote;
    struct sl_addr local; /* of ours, that the client came by */
    char *app_key;
    char *origin;
    json_t *properties;         /* rows of properties.c */
    json_t *rest_client_config; /* from the connect answer; NULL */
    int64_t created_ms;
    struct sl_log_scope log;
    struct sl_list media; /* struct sl_media_session */
    size_t media_count;
    struct sl_list questions; /* struct question */
    size_t question_count;    /* those of its media sessions too */
    struct sl_list inquiries; /* struct inquiry of directory.c */
    size_t inquiry_count;
    struct refusals refusals;
    bool from_cluster; /* another node, for its own viewers: what is not here is not looked for */
};

/* Says it to the client, unless that is gone or does not listen to this. */
#define SL_TELL(session, callback, ...)                                                            \
    do {                                                                                           \
        const struct sl_session *told_ = (session);                                                \
        if (told_->ops && told_->ops->callback)                                                    \
            told_->ops->callback(told_->client, __VA_ARGS__);                                      \
    } while (0)

/* ---- properties.c: what a client says of itself ---- */

/* Copies the known fields of the right type into properties, over what is there. */
void properties_merge(json_t *properties, json_t *fields);
/* A copy without passwords; with_null: the password as null instead of left out. New reference. */
json_t *properties_public(json_t *properties, bool with_null);
/* NULL if value is null or larger than CUSTOM_MAX, otherwise value. Borrowed. */
json_t *custom_or_null(json_t *value);
bool custom_is_too_large(json_t *value);
/* Copies at most max bytes, whole UTF-8 characters. */
char *text_cut(const char *text, size_t max);
/* Words for a client from wherever they come: printable ASCII, cut; `otherwise` for NULL. */
void info_copy(char out[static INFO_MAX], const char *info, const char *otherwise);

/* ---- questions.c: hooks asked and told on behalf of a session ---- */

/*
 * Asks the policy. on_answer is called exactly once, never from within; when the question is
 * cancelled on_drop (may be NULL) is called instead.
 *
 * Only what somebody wants to be asked is a question (session_wants()). Otherwise the caller does
 * what it would do after a yes, on the spot: what a client asks for in a row is then done in that
 * order, each before its next message is read. What waits for an answer holds up none of them.
 *
 * list  whose questions they are: cancelled with questions_cancel(list)
 * body  reference taken
 */
void question_ask(struct sl_session *session, struct sl_list *list, enum sl_hook_method method,
                  json_t *body, sl_hook_on_answer *on_answer, void (*on_drop)(void *owner),
                  void *owner);
void questions_cancel(struct sl_list *list);

bool session_wants(const struct sl_session *session, enum sl_hook_method method);
/* Adds nodeId, sessionId and appKey. */
void session_add_context(const struct sl_session *session, json_t *body);
/* Reference taken; body complete. */
void session_tell(struct sl_session *session, enum sl_hook_method method, json_t *body);

/* ---- events.c ---- */

/* Counts what a client had us pass on or keep and was not taken; tells so at most once a second.
 * why is SL_REASON_BUSY, or that it is too large. */
void refusals_note(struct refusals *refusals, struct sl_sessions *sessions,
                   const struct sl_log_scope *log, const char *what, enum sl_reason why);

/* Bytes of stream events that one publisher may have its players told now, as of then. */
struct event_budget {
    int64_t bytes, at_us; /* at_us 0: none were told yet */
};

/* ---- media.c ---- */

struct sl_media_session {
    struct sl_sessions *sessions;
    struct sl_session *session; /* NULL once it has ended */
    struct sl_list link;        /* in sessions->media, then in ->closing */
    struct sl_list in_session;
    struct sl_list in_audience; /* playbacks */
    struct sl_table_node by_id;
    enum sl_media_state state;
    enum sl_reason reason; /* why it ended */
    char info[INFO_MAX];   /* the same in words */
    struct sl_log_scope log;

    /* As asked for, after the hook's changes. */
    bool publish;
    char *id;    /* NULL in a refused request without one */
    char *name;  /* never NULL */
    char *offer; /* the client's; NULL */
    char *rtmp_url;
    const struct sl_provider *provider; /* NULL: refused, none has the name asked for */
    json_t *custom;                     /* NULL */
    bool video_orientation;
    enum sl_medium_transport transport;
    int bitrate_kbps, min_bitrate_kbps, max_bitrate_kbps, quality, asked_width, asked_height;
    int64_t created_ms, requested_us;

    /* As it came out. */
    bool has_audio, has_video;
    enum sl_codec codecs[2]; /* by enum sl_media_kind */
    uint16_t width, height;  /* 0: not known yet */
    bool tcp;

    bool untold; /* stands for a stream that is no more: the back end has heard of its end */
    struct sl_list questions;                 /* struct question */
    struct sl_directory_call *directory_call; /* NULL: none is under way */
    bool name_held;                           /* by the directory, for this publication */
    struct sl_medium *medium;                 /* NULL before it began */
    struct sl_stream *stream;                 /* a publication's own: its medium's */
    struct audience *audience;
    struct sl_stream_listener listener;
    struct sl_timer *timer;      /* one of the two graces */
    struct sl_timer *keep_alive; /* runs while PUBLISHING or PLAYING */
    void (*on_forbidden)(struct sl_media_session *media);
    bool keep_alive_asked; /* its last question is unanswered */
    struct event_budget event_budget;
    struct sl_medium_figures figures; /* as of the last tick */
    struct sl_video_rate video;       /* the same, as it is told */
};

/* The only function that changes media->state. See media.c. */
void media_set_state(struct sl_media_session *media, enum sl_media_state state,
                     enum sl_reason reason);
/* The back end said no, in these words; NULL: it gave none. */
void media_refuse(struct sl_media_session *media, const char *words);
extern const struct sl_medium_ops media_medium_ops;
/* Starts to listen for size and end of a stream. */
void media_listen(struct sl_media_session *media, struct sl_stream *stream);

/* ---- publication.c, playback.c ---- */

/* The hook said yes: the medium begins, and the client is told. SL_REASON_NONE, or why not: the
 * caller then fails the media session, which undoes what was begun. */
enum sl_reason publication_start(struct sl_media_session *media);
enum sl_reason playback_start(struct sl_media_session *media);
/* What makes a playback impossible whatever streams there are; SL_REASON_NONE: nothing. */
enum sl_reason playback_refusal(const struct sl_media_session *media);
/* Of either: 1..stream_name_max bytes, no control characters. */
bool media_name_valid(const struct sl_media_session *media);

/* ---- medium.c ---- */

/* Begins the medium by the provider, tells the client, and starts it. stream: to play; NULL for a
 * publication, whose own the medium makes. SL_REASON_NONE, or why it cannot be. */
enum sl_reason sl_media_start_medium(struct sl_media_session *media, struct sl_stream *stream);

/* ---- directory.c: names that other servers may have ---- */

/* The hook said yes: asks the directory, if there is one to ask, and starts it; or fails it. */
void media_begin(struct sl_media_session *media);
/* No answer to a client that is gone. */
void inquiries_cancel(struct sl_session *session);
/* Whether what a client says of itself on connecting is what another node says. */
bool is_from_cluster(json_t *fields);

/* ---- audience.c: who watches what ---- */

struct audience {
    struct sl_table_node node; /* in sessions->audiences, by stream */
    struct sl_stream *stream;
    struct sl_media_session *publication; /* NULL: the stream comes from another protocol */
    struct sl_list players;               /* struct sl_media_session.in_audience */
    size_t player_count;
    struct event_budget event_budget; /* of another server's publisher */
    struct refusals refusals;         /* of its events */
};
/* NULL if nobody here has to do with this stream. */
struct audience *audience_find(const struct sl_sessions *sessions, const struct sl_stream *stream);
/* As its publication or one of its players, by media->publish. */
void audience_join(struct sl_media_session *media, struct sl_stream *stream);
/* No-op if it is in none. */
void audience_leave(struct sl_media_session *media);

/* ---- keep_alive.c: the back end is asked whether a stream may go on ---- */

/* on_forbidden: the back end said 403; may free media. */
void keep_alive_start(struct sl_media_session *media,
                      void (*on_forbidden)(struct sl_media_session *media));
void keep_alive_stop(struct sl_media_session *media);

/* ---- rates.c ---- */

void rates_start(struct sl_sessions *sessions);
void rates_stop(struct sl_sessions *sessions);

#endif
