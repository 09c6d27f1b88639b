/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The objects of session/. What its files do for one another stands in a header each, and they need
 * one another one way only:
 *
 *   gate, request, session, events, ending, data, rooms, debugging, reporting, measuring,
 * injecting, kept
 *     -> pictures -> playback
 *     -> directory -> publication, playback -> medium -> media
 *     -> membership -> room_names, farewell, keep_alive, audience, sessions, describe, questions,
 * properties, rates, traffic
 *
 *   sl_sessions --n--> sl_session --n--> sl_media_session --1--> sl_medium, sl_stream
 *        `--n--> audience (one per stream with a publication or players here)
 *
 * A media session leaves every table and list when it reaches its final state, and its memory goes
 * when its medium has closed and its end is told: in between only sessions->closing knows of it.
 * Any call that may bring a final state may therefore free the media session, and those of its
 * players.
 */
#ifndef SL_SESSION_INTERNAL_H
#define SL_SESSION_INTERNAL_H

#include "access/access.h"
#include "base/bucket.h"
#include "base/config.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/table.h"
#include "net/net.h"
#include "rooms/rooms.h"
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

/* Wrong tokens of one address; zeroed is none. */
struct guesses {
    struct sl_addr remote;
    unsigned count;
    int64_t since_us;
};
enum { GUESSERS = 256 };

struct sl_sessions {
    struct sl_sessions_config config;
    char node_id[33];
    struct sl_table sessions_by_id;   /* struct sl_session */
    struct sl_table media_by_id;      /* struct sl_media_session */
    struct sl_table audiences;        /* struct audience */
    struct sl_table kept;             /* struct kept of kept.c */
    struct guesses guesses[GUESSERS]; /* of tokens */
    struct sl_table room_names;       /* struct room_name of room_names.c: in a cluster */
    struct sl_list sessions;          /* from sl_session_create() to sl_session_destroy() */
    struct sl_list media;             /* PENDING to the final state */
    struct sl_list closing;           /* final, medium not closed yet */
    struct sl_rooms *rooms;
    struct sl_bucket reports;         /* of all clients */
    struct sl_list injections;        /* of injecting.c */
    struct sl_list made_streams;      /* of made_streams.c */
    size_t traffic_looks;             /* reports whose traffic is being watched */
    struct sl_bucket metrics_batches; /* of all clients */
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
    struct sl_list questions; /* struct question: its own */
    struct sl_list asked;     /* struct question: all, of whatever list */
    size_t question_count;    /* those of its media sessions too */
    struct sl_list inquiries; /* struct inquiry of directory.c */
    size_t inquiry_count;
    struct sl_list wishes;      /* struct wish of pictures.c */
    struct sl_list farewells;   /* struct sl_farewell of farewell.c */
    struct sl_list memberships; /* struct membership of membership.c */
    size_t membership_count;
    struct sl_list waiting_joins; /* struct request of data.c: for a room's name */
    struct sl_list joinings;      /* struct joining of membership.h */
    struct sl_bucket room_commands;
    struct sl_bucket pushed_logs;     /* by the client */
    struct sl_client_log *client_log; /* NULL: none, or no line yet */
    struct debugging *debugging;      /* debugging.c; NULL: it never was */
    struct reporting *reporting;      /* reporting.c; NULL: it never has */
    struct sl_log_watch *log_level;   /* NULL: that of all */
    int64_t wished_us[2];             /* when the last ones came, the older one first; 0: never */
    struct refusals refusals;
    struct kept *claim; /* of kept.c: whose client it is, once it is established; NULL */
    bool over;          /* it is not to be kept: it was ended, or is kept already */
    bool from_cluster;  /* another node, for its own viewers: what is not here is not looked for */
    bool unasked, unpermitted;                   /* see struct sl_gate_request */
    bool absent;                                 /* without a client: see absent.c */
    void (*destroy)(struct sl_session *session); /* for whoever holds what is left behind */
};

/* Says it to the client, unless that is gone or does not listen to this. */
#define SL_TELL(session, callback, ...)                                                            \
    do {                                                                                           \
        const struct sl_session *told_ = (session);                                                \
        if (told_->ops && told_->ops->callback)                                                    \
            told_->ops->callback(told_->client, __VA_ARGS__);                                      \
    } while (0)

/* Bytes of stream events that one publisher may have its players told now, as of then. */
struct event_budget {
    int64_t bytes, at_us; /* at_us 0: none were told yet */
};

struct sl_media_session {
    struct sl_sessions *sessions;
    struct sl_session *session; /* NULL once it has ended */
    struct sl_list link;        /* in sessions->media, then in ->closing */
    struct sl_list in_session;
    struct sl_list in_audience; /* playbacks */
    struct sl_taker taker;      /* the same, at the stream */
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
    bool record;
    enum sl_medium_transport transport;
    int bitrate_kbps, min_bitrate_kbps, max_bitrate_kbps, quality, asked_width, asked_height;
    int64_t created_ms, requested_us;

    /* As it came out. */
    bool has_audio, has_video;
    enum sl_codec codecs[2]; /* by enum sl_media_kind */
    uint16_t width, height;  /* 0: not known yet */
    bool tcp;

    char *room; /* it belongs to: in membership or behind it; NULL: none */
    struct sl_room_stream room_stream;
    struct sl_timer *room_timer; /* its client has left the room, and should have ended it */
    bool waits_for_join;

    bool recorded;     /* it has ended, and was until then or before */
    char *record_name; /* then; NULL: there is no file, or none yet */

    bool untold; /* stands for a stream that is no more: the back end has heard of its end */
    struct sl_list questions;                 /* struct question */
    struct sl_directory_call *directory_call; /* NULL: none is under way */
    bool name_held;                           /* by the directory, for this publication */
    struct sl_medium *medium;                 /* NULL before it began, and after it closed */
    struct sl_farewell *farewell;             /* NULL: its end is told, or it has not ended */
    struct sl_stream *stream;                 /* a publication's own: its medium's */
    struct audience *audience;
    struct sl_stream_listener listener;
    struct sl_stream
        *shown; /* what a playback shows in its pictures' place; NULL: they themselves */
    struct sl_stream_listener shown_listener;
    const char *encoders[2];     /* by kind, static; NULL: sent as published */
    struct sl_timer *timer;      /* one of the two graces */
    struct sl_timer *keep_alive; /* runs while PUBLISHING or PLAYING */
    void (*on_forbidden)(struct sl_media_session *media);
    bool keep_alive_asked; /* its last question is unanswered */
    struct event_budget event_budget;
    struct sl_medium_figures figures;  /* as of the last tick */
    struct sl_video_rate video;        /* the same, as it is told */
    int narrow_s;                      /* for how long the link has been too narrow; 0: it is not */
    uint64_t needed_bps;               /* the most that there was to send in that time */
    struct sl_client_metrics *metrics; /* of measuring.c; NULL: there are none */
    struct sl_bucket metrics_batches;
    unsigned metrics_described;
};

/* Who watches a stream: one for each with a publication or players here. */
struct audience {
    struct sl_table_node node; /* in sessions->audiences, by stream */
    struct sl_stream *stream;
    struct sl_media_session *publication; /* NULL: the stream comes from another protocol */
    struct sl_list players;               /* struct sl_media_session.in_audience */
    struct event_budget event_budget;     /* of another server's publisher */
    struct refusals refusals;             /* of its events */
};

#endif
