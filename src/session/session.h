/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients and what they publish and play: identities, state machines, policy, limits. Everything
 * that decides; the wire protocol (signalling/) and the operator's interfaces (rest/) translate
 * their requests into calls of this header, and a client is spoken to through struct
 * sl_session_ops. How media move is a provider's matter (struct sl_provider): no protocol is known
 * here.
 *
 * All calls and callbacks on the control loop. No function calls back into the code that drives
 * it except through the ops given, and the ops may not call back into this module.
 */
#ifndef SL_SESSION_SESSION_H
#define SL_SESSION_SESSION_H

#include "access/access.h"
#include "base/addr.h"
#include "base/log.h"
#include "hooks/hooks.h"
#include "media/media.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_config;
struct sl_counters;
struct sl_diagnose;
struct sl_keeper;
struct sl_list;
struct sl_loop;
struct sl_media_session;
struct sl_room_event;
struct sl_session;
struct sl_sessions;
struct sl_stream;
struct sl_streams;
struct sl_variants;

/* ---- The registry ---- */

enum { SL_PROVIDERS_MAX = 8 };
struct sl_sessions_config {
    /* All of these must outlive the registry. */
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *loop;
    struct sl_streams *streams;
    /* How media are set up, as clients name it; the first is for those who name none. Up to a NULL,
     * copied. */
    const struct sl_provider *providers[SL_PROVIDERS_MAX + 1];
    /* For the back end and the operator, who know reasons by the SDK's words. */
    const char *(*words)(enum sl_reason reason);
    const struct sl_hooks *hooks;
    const struct sl_directory *directory; /* NULL: names are this server's own */
    const struct sl_archive *archive;     /* NULL: nothing is recorded */
    const struct sl_keeper *keeper;       /* NULL: nobody is kept */
    const struct sl_mixing *mixing;       /* NULL: nothing is mixed */
    struct sl_variants *variants;         /* who takes pictures of streams */
    struct sl_diagnose *diagnose;         /* files about clients; NULL: none are written */
    const char *node_id;                  /* of this server, at most 32 characters; copied */
    struct sl_counters *counters;         /* the control loop's block */
    /* A client's stream came alive, and it gave an rtmpUrl: untrusted, at most 2048 bytes. NULL:
     * such wishes are ignored. May not call back into this module. */
    void (*on_rtmp_url)(void *arg, const char *stream, const char *rtmp_url);
    void *arg;
};

struct sl_sessions *sl_sessions_create(const struct sl_sessions_config *config);
/* New clients are refused from now on; those that are here go on as before. */
void sl_sessions_drain(struct sl_sessions *sessions);
/* Ends every stream, closes every client (1001) and takes no new ones. on_stopped is called once,
 * when the last session and the last medium is gone: never from within. Before the workers stop. */
void sl_sessions_stop(struct sl_sessions *sessions, void (*on_stopped)(void *owner), void *owner);
/* When every session is gone. Media that have not closed by now never will: that is logged. NULL is
 * fine. */
void sl_sessions_destroy(struct sl_sessions *sessions);
/* nodeId of the hooks (rest-hooks.md 2.1). */
const char *sl_sessions_node_id(const struct sl_sessions *sessions);

struct sl_sessions_stats {
    size_t sessions;                /* established */
    size_t publications, playbacks; /* PENDING included */
    size_t narrow;                  /* playbacks whose links take less than there is */
    size_t closing;                 /* ended ones whose medium has not let go yet */
};
void sl_sessions_stats(const struct sl_sessions *sessions, struct sl_sessions_stats *out);

/* ---- Clients ---- */

/*
 * State of a client's connection; session_set_status() in session.c is the only function that
 * changes it, and with it tells the client, the back end and the counters.
 */
enum sl_session_status {
    SL_SESSION_PENDING,
    SL_SESSION_ESTABLISHED,
    SL_SESSION_FAILED,
    SL_SESSION_DISCONNECTED,
};
const char *sl_session_status_name(enum sl_session_status status);

/* What a client that wants a picture of a stream gets; all borrowed. */
struct sl_stream_picture {
    const char *media_session_id; /* as the client gave it; NULL: it gave none */
    const char *name;
    struct sl_why why; /* SL_REASON_NONE, and then: */
    const uint8_t *png;
    size_t len;
};

struct sl_video_rate {
    uint64_t rate_bps, fps;   /* of the last second */
    uint64_t nack, pli, lost; /* totals since the start */
    uint64_t limit_bps;       /* what a player's link takes; 0: all that there is */
    bool stands_in;           /* so a variant of a lower rate is sent, */
    bool smaller;             /* ... or a smaller one of the sizes that its source sends */
    uint16_t width, height;
};

/* How a session speaks to its client; each may be NULL, if the protocol has no word for it. Never
 * called after sl_session_destroy(). What follows on_refused are messages to the client: they may
 * come from within whatever it has asked for. */
struct sl_session_ops {
    /* The answer to sl_session_connect(): one of the two, once; never from within. */
    void (*on_established)(void *client, struct sl_session *session);
    void (*on_refused)(void *client, const struct sl_why *why); /* the client is to be closed */

    void (*on_audio_codec)(void *client, const char *media_session_id, enum sl_codec codec);
    /* To another node of the cluster, before the description: may anybody play this there, or only
     * those whom a back end has let? */
    void (*on_guard)(void *client, const char *media_session_id, bool guarded);
    /* What the provider has to say to the client: an answer to its offer, or an offer. */
    void (*on_description)(void *client, const char *media_session_id, const char *text,
                           bool is_answer);
    void (*on_stream_status)(void *client, const struct sl_media_session *media);
    /* The back end refused this publication or playback (SL_REASON_REFUSED); instead of
     * on_stream_status. */
    void (*on_stream_refused)(void *client, const struct sl_media_session *media);
    void (*on_video_size)(void *client, const struct sl_media_session *media, uint16_t width,
                          uint16_t height);
    /* info and payload as the publisher gave them; NULL: it gave none. */
    void (*on_stream_event)(void *client, const struct sl_media_session *media, const char *type,
                            json_t *info, json_t *payload);
    void (*on_rate)(void *client, const struct sl_media_session *media,
                    const struct sl_video_rate *rate);
    /* The answer to sl_session_ask_available(); SL_REASON_NONE: playable. */
    void (*on_available)(void *client, const char *media_session_id, enum sl_reason problem);
    /* The answer to sl_session_ask_picture(). */
    void (*on_picture)(void *client, const struct sl_stream_picture *picture);
    void (*on_data_status)(void *client, json_t *operation_id, const struct sl_why *why);
    void (*on_data)(void *client, const char *operation_id, json_t *payload);
    /* Something happened in a room that the client is in (rooms/rooms.h). */
    void (*on_room_event)(void *client, const struct sl_room_event *event);
    /* Its debug session has begun, or is over: then file is its name, NULL: there is none. */
    void (*on_debug)(void *client, bool running, const char *file);
    /* Its bug report is saved by this name, or refused: SL_REASON_NONE or not. */
    void (*on_report)(void *client, const char *name, const struct sl_why *why);
    /* Something failed that belongs to no stream. */
    void (*on_error)(void *client, const struct sl_why *why);
    /* The client has left two pings in a row unanswered: it may be gone. Asked, not told; NULL: it
     * is there as long as its session. */
    bool (*is_lost)(void *client);
    /* The server ends the connection. sl_session_destroy() follows from the client's side. NULL:
     * the session stays until its owner destroys it, with no streams. */
    void (*close)(void *client, enum sl_reason reason);
};

struct sl_session_config {
    const struct sl_session_ops *ops;
    void *client; /* of ops */
    struct sl_addr remote, local;
    const char *origin;        /* of the handshake; "" if none */
    bool id_of_addresses;      /* see sl_session_id() */
    bool unasked, unpermitted; /* see struct sl_gate_request */
};

/* A client that has not asked for anything yet. Owned by whoever holds its connection. */
struct sl_session *sl_session_create(struct sl_sessions *sessions,
                                     const struct sl_session_config *config);
/*
 * The client's wish to connect: application, limits, `connect` hook; then on_established or
 * on_refused. Once per session.
 *
 * fields   what the client said of itself (websocket-api.md 3.1); unknown ones and those of the
 *          wrong type are left out. Borrowed.
 */
void sl_session_connect(struct sl_session *session, json_t *fields);
/* The connection is gone: everything of the session ends, the name of each publication is free.
 * NULL is fine. */
void sl_session_destroy(struct sl_session *session);

/*
 * `/<client>:<port>/<token>@<server>:<port>`, IPv6 in brackets: the addresses say whose it is, the
 * token, of 134 bits, that it is nobody else's, however many sessions one connection has. Of a
 * client whose protocol knows ids without a token (id_of_addresses), `/<client>:<port>/
 * <server>:<port>`, as long as no other session has that one. Both forms are what WS-6 asks of an
 * authToken, and neither is a credential: it stands in logs and lists. A session that has not
 * connected yet may still get another one by sl_session_connect().
 */
const char *sl_session_id(const struct sl_session *session);
enum sl_session_status sl_session_status(const struct sl_session *session);
/* Where its client is. */
const struct sl_addr *sl_session_remote(const struct sl_session *session);
/* The address of ours that it came by. */
const struct sl_addr *sl_session_local(const struct sl_session *session);
/* The connection object of rest-api.md 3.4; never with the SIP password. New reference. */
json_t *sl_session_describe(const struct sl_session *session);
/* What the client said of itself, after the hook's changes, without secrets. New reference. */
json_t *sl_session_properties(const struct sl_session *session);
/* Its fields of a SIP account, password and all. New reference. */
json_t *sl_session_sip_account(const struct sl_session *session);

/* By sessionId; NULL. */
struct sl_session *sl_sessions_find(struct sl_sessions *sessions, const char *session_id);
/* fn must not end sessions. */
void sl_sessions_each(struct sl_sessions *sessions,
                      void (*fn)(struct sl_session *session, void *arg), void *arg);
/* The operator ends it: its streams at once, then its connection. */
void sl_session_terminate(struct sl_session *session);
/* A client whose socket is gone and that may come back; borrowed. */
struct sl_kept_facts {
    const char *session_id, *app_key;
    int64_t created_ms;
};
/* fn must not end any. */
void sl_sessions_each_kept(struct sl_sessions *sessions,
                           void (*fn)(const struct sl_kept_facts *facts, void *arg), void *arg);
/* What is left of such a client, by its session's id; NULL: there is none. */
const struct sl_session *sl_sessions_find_kept(const struct sl_sessions *sessions,
                                               const char *session_id);
/* The operator ends it. False: there is none. */
bool sl_sessions_end_kept(struct sl_sessions *sessions, const char *session_id);
/* Ended now, it would be kept, if its keeper has something of it. */
bool sl_session_may_be_kept(struct sl_session *session);
/* The id of the kept client that it takes over as it is established; NULL: of none. */
const char *sl_session_claimed_id(const struct sl_session *session);
/* Data for the client's application (/data/send). payload is borrowed. */
void sl_session_send_data(struct sl_session *session, const char *operation_id, json_t *payload);
/* A hook with restOnError=FAIL failed: ErrorEvent to that client, if it is still there. */
void sl_sessions_report_error(struct sl_sessions *sessions, const char *session_id,
                              const char *info);

/* ---- Clients of protocols that have no sessions ---- */

/* For RTMP, RTSP, SRT, HLS ...: one call, and the client is one like any other. Valid as long as
 * sessions; every visit must have ended or left before sl_sessions_destroy(). */
struct sl_gate sl_sessions_gate(struct sl_sessions *sessions);

/* ---- Sessions without a client ---- */

/*
 * For what an operator has begun with an application, and no client: established, in no list and no
 * figure, never kept; its back end is told and not asked, and its id there is null. Of ops, only
 * what tells of media and close come. NULL: there is no such application, or no new one is taken.
 */
struct sl_session *sl_session_create_absent(struct sl_sessions *sessions, const char *app_key,
                                            json_t *fields, const struct sl_session_ops *ops,
                                            void *client);

/* ---- Hooks for parts that act for a session: calls ---- */

/* Nothing is asked where nobody wants to be asked, nor where the client's own protocol does that
 * (struct sl_gate_request.unasked). */
bool sl_session_asks(const struct sl_session *session, enum sl_hook_method method);
/* Adds nodeId, sessionId and appKey. */
void sl_session_add_context(const struct sl_session *session, json_t *body);
/*
 * Asks the policy. on_answer is called exactly once, never from within; when the question is
 * cancelled on_drop (may be NULL) is called instead.
 *
 * Only what somebody wants to be asked is a question (sl_session_asks()). Otherwise the caller
 * does what it would do after a yes, on the spot: what a client asks for in a row is then done in
 * that order, each before its next message is read. What waits for an answer holds up none of them.
 *
 * list  whose questions they are: cancelled with sl_questions_cancel(list)
 * body  reference taken
 */
void sl_question_ask(struct sl_session *session, struct sl_list *list, enum sl_hook_method method,
                     json_t *body, sl_hook_on_answer *on_answer, void (*on_drop)(void *owner),
                     void *owner);
void sl_questions_cancel(struct sl_list *list);
/* body without context: nodeId, sessionId and appKey are added. Takes the reference. */
void sl_session_notify(struct sl_session *session, enum sl_hook_method method, json_t *body);

/* ---- Diagnostics (rooms-mixers-diagnostics.md 3) ---- */

/* What it is told to measure (websocket-api.md 10.4). New reference; NULL: nothing. */
json_t *sl_session_metrics_description(const struct sl_session *session);
/* What it measures of a stream of its own; what is none of that is left out. */
void sl_session_describe_metrics(struct sl_session *session, const char *media_session_id,
                                 const char *headers, const char *compression);
void sl_session_take_metrics(struct sl_session *session, const char *media_session_id,
                             const char *batch);
/* A line of the client's own log; what is too much is dropped without a word. */
void sl_session_push_log(struct sl_session *session, const char *line);
/* Starts or stops the debug session; on_debug follows. */
void sl_session_debug(struct sl_session *session, bool start);
/* on_report follows, once. Both may be NULL. */
void sl_session_submit_report(struct sl_session *session, const char *text, const char *type);
/* How much is logged of this client, to its end. -ENOBUFS: that is said of too many. */
int sl_session_set_log_level(struct sl_session *session, enum sl_log_level level);

/* ---- For whoever speaks to a client ---- */

/* Hides from object, which goes to the client, what the application wants hidden. */
void sl_session_strip(const struct sl_session *session, enum sl_hook_method method, json_t *object);

/* ---- Publications and playbacks ---- */

/* See media.c for the transitions and who makes them. */
enum sl_media_state {
    SL_MEDIA_NEW,
    SL_MEDIA_PENDING,
    SL_MEDIA_PUBLISHING,
    SL_MEDIA_PLAYING,
    SL_MEDIA_UNPUBLISHED,
    SL_MEDIA_STOPPED,
    SL_MEDIA_FAILED,
};
/* "PUBLISHING" */
const char *sl_media_state_name(enum sl_media_state state);

enum { SL_MEDIA_SESSION_ID_MAX = 128 }; /* bytes (websocket-api.md 4.1) */

/* publishStream or playStream; everything borrowed, texts may be NULL. */
struct sl_media_request {
    bool publish;
    const char *media_session_id;
    const char *name;
    const char *offer;          /* for the provider; longer than SL_MEDIUM_OFFER_MAX: none */
    const char *media_provider; /* its name; NULL: the first */
    const struct sl_provider *provider; /* instead of a name; NULL: media_provider decides */
    const char *rtmp_url;
    json_t *custom;
    bool has_audio, has_video; /* what the client claims; events tell what was negotiated */
    bool video_orientation;
    bool record; /* to a file */
    enum sl_medium_transport transport;
    int bitrate_kbps, min_bitrate_kbps, max_bitrate_kbps, quality, width, height;
};
/* Accepts or refuses; the client hears of either through its ops, exactly one final status
 * included. The session must be established. */
void sl_session_request_media(struct sl_session *session, const struct sl_media_request *request);

struct sl_media_stop {
    bool publish; /* unPublishStream; only matters for an unknown id */
    const char *media_session_id, *name;
};
/* The client's own stop. An id that is not this session's is answered once all the same. */
void sl_session_stop_media(struct sl_session *session, const struct sl_media_stop *stop);

/* sendStreamEvent: from a publisher to its players, in order; ignored unless media_session_id is a
 * publication of this session. What is too large or too much is refused by on_error. info, payload:
 * borrowed, may be NULL; sl_json_raw() reaches the players as it came. */
void sl_session_send_stream_event(struct sl_session *session, const char *media_session_id,
                                  const char *type, json_t *info, json_t *payload);
/* ---- Rooms (rooms-mixers-diagnostics.md 1) ---- */

enum sl_room_command_kind {
    SL_ROOM_NO_COMMAND,
    SL_ROOM_UNKNOWN_COMMAND,
    SL_ROOM_JOIN,
    SL_ROOM_LEAVE,
    SL_ROOM_SAY,
};
/* What a client wants of a room, as it said it: texts are untrusted, NULL where there is none. */
struct sl_room_command {
    enum sl_room_command_kind kind;
    const char *room;
    const char *to, *text; /* SL_ROOM_SAY */
    bool record;           /* SL_ROOM_JOIN */
};
/* Its application is one with rooms: what it sends may be a command. */
bool sl_session_has_rooms(const struct sl_session *session);

/* sendData: to the back end, and what it says of a room is done, unless the back end is against it;
 * command NULL: it says nothing of one. on_data_status follows. All borrowed. */
void sl_session_submit_data(struct sl_session *session, json_t *operation_id, json_t *payload,
                            const struct sl_room_command *command);

/* Rooms as rest-api.md has them: [{appKey, name, createDate, record, participants}]. New reference.
 */
json_t *sl_sessions_describe_rooms(struct sl_sessions *sessions);
/* The operator ends a room, or has one member leave it: their streams there end, their sessions
 * stay. app_key NULL: of any application; login NULL: all members. How many have left. */
size_t sl_sessions_terminate_room(struct sl_sessions *sessions, const char *name,
                                  const char *app_key, const char *login);

/* "data" or another type to every player of a stream, by the operator. -ENOENT: no such stream. */
int sl_sessions_send_stream_event(struct sl_sessions *sessions, const char *name, const char *type,
                                  json_t *payload);
/* The same for what the publisher of a stream pulled from another server said to its players; info
 * and payload may be NULL. */
void sl_sessions_relay_stream_event(struct sl_sessions *sessions, const char *name,
                                    const char *type, json_t *info, json_t *payload);
/* To the back end of a publication, and to nobody else: a file of its recording has begun, is
 * whole, or will not be. name, info: may be NULL. */
void sl_sessions_tell_recording(struct sl_sessions *sessions, const char *media_session_id,
                                const char *type, const char *name, const char *info);
/* Is this name playable, here or by way of another server? on_available follows, possibly from
 * within. Both may be NULL. */
void sl_session_ask_available(struct sl_session *session, const char *media_session_id,
                              const char *name);
/* A picture of a stream as a PNG of at most len_max bytes, unless the client may not see that
 * stream (media-outputs.md 8). on_picture follows, possibly from within; none once the session is
 * gone. Both texts may be NULL. */
void sl_session_ask_picture(struct sl_session *session, const char *media_session_id,
                            const char *name, size_t len_max);
/* SL_REASON_NONE: playable as it is. */
enum sl_reason sl_sessions_why_not_playable(struct sl_sessions *sessions, const char *name);

const char *sl_media_session_id(const struct sl_media_session *media); /* NULL if it had none */
const char *sl_media_session_name(const struct sl_media_session *media);
enum sl_media_state sl_media_session_state(const struct sl_media_session *media);
bool sl_media_session_is_publication(const struct sl_media_session *media);
/* Why it ended; SL_REASON_NONE: it has not. */
enum sl_reason sl_media_session_reason(const struct sl_media_session *media);
/* The same in the back end's words, or the SDK's; "" unless it ended. */
const char *sl_media_session_info(const struct sl_media_session *media);
/* NULL once it has ended. */
struct sl_session *sl_media_session_owner(const struct sl_media_session *media);

/* The stream object of rest-api.md 3.3, rest-hooks.md 5.3 and (less some fields)
 * websocket-api.md 4.2. New reference. */
json_t *sl_media_session_describe(const struct sl_media_session *media);

/* By mediaSessionId, live ones only; NULL. */
struct sl_media_session *sl_sessions_find_media(struct sl_sessions *sessions,
                                                const char *media_session_id);
/* Live ones in the order they came; fn must not end any. */
void sl_sessions_each_media(struct sl_sessions *sessions,
                            void (*fn)(struct sl_media_session *media, void *arg), void *arg);
/* Of one session. */
void sl_session_each_media(struct sl_session *session,
                           void (*fn)(struct sl_media_session *media, void *arg), void *arg);

/* rest-api.md 6.1: what is set must match; ids are alternatives. Texts are borrowed. */
struct sl_media_filter {
    const char *const *media_session_ids;
    size_t media_session_id_count;
    const char *name;
    const char *status;
    const char *session_id;
    enum { SL_MEDIA_ANY, SL_MEDIA_PUBLISHED, SL_MEDIA_PLAYED } published;
};
bool sl_media_session_matches(const struct sl_media_session *media,
                              const struct sl_media_filter *filter);
size_t sl_sessions_count_media(const struct sl_sessions *sessions,
                               const struct sl_media_filter *filter);
/* Not asked for by the client: a publisher becomes UNPUBLISHED, a player FAILED (8.1). Its memory
 * may be gone afterwards, and so may its players'. */
void sl_media_session_terminate(struct sl_media_session *media, enum sl_reason reason);
/* Terminates every match; returns how many there were. */
size_t sl_sessions_terminate_media(struct sl_sessions *sessions,
                                   const struct sl_media_filter *filter, enum sl_reason reason);

/* ---- Lists ---- */

/*
 * What REST and the console list, find by id and end: publications and playbacks of clients, and
 * the live streams that no client publishes (pulled ones, the built-in one), which are told in the
 * same words. What one of the lists has, the others have.
 */
struct sl_listed {
    struct sl_sessions *sessions;
    struct sl_media_session *media; /* NULL: of no client, and then: */
    struct sl_stream *stream;
};
/* Players of the target see the source in its place from now on, until one of both ends. -ENOENT:
 * there are not both; -EEXIST: they see another one already; -ELOOP: one would be shown in its own
 * place; -EINVAL: they have not the same codecs, or one is a telephone's
 * (rooms-mixers-diagnostics.md 5). */
int sl_sessions_inject(struct sl_sessions *sessions, const char *target, const char *source);
/* -ENOENT: they see their own. */
int sl_sessions_inject_no_more(struct sl_sessions *sessions, const char *target);
void sl_sessions_each_injection(struct sl_sessions *sessions,
                                void (*fn)(void *arg, const char *target, const char *source),
                                void *arg);
/* A stream that no client publishes, and that only this server makes, is there, or goes: its back
 * end hears of it as of a client's. */
void sl_sessions_tell_made(struct sl_sessions *sessions, struct sl_stream *stream, bool begins);
/* fn must not end any. */
void sl_sessions_each_listed(struct sl_sessions *sessions,
                             void (*fn)(const struct sl_listed *listed, void *arg), void *arg);
/* By mediaSessionId; false: there is none. */
bool sl_sessions_find_listed(struct sl_sessions *sessions, const char *id, struct sl_listed *out);
/* A live stream of this name that no client publishes, also one that is in no list while nobody
 * takes it. */
bool sl_sessions_find_named(struct sl_sessions *sessions, const char *name, struct sl_listed *out);
const char *sl_listed_id(const struct sl_listed *listed);
const char *sl_listed_name(const struct sl_listed *listed);
bool sl_listed_is_publication(const struct sl_listed *listed);
/* By a filter without ids: what has one is found by it. */
bool sl_listed_matches(const struct sl_listed *listed, const struct sl_media_filter *filter);
/* As sl_media_session_describe(). New reference. */
json_t *sl_listed_describe(const struct sl_listed *listed);
void sl_listed_video(const struct sl_listed *listed, struct sl_video_rate *out);
/* The sizes that a publication's pictures come in at once, the smallest first; returns their count,
 * 0: one. */
enum { SL_LISTED_LAYERS_MAX = 3 };
struct sl_listed_layer {
    uint16_t width, height;
    uint64_t rate_bps;
};
size_t sl_listed_layers(const struct sl_listed *listed,
                        struct sl_listed_layer out[static SL_LISTED_LAYERS_MAX]);
/* The last row that its client has measured. New reference; NULL: there is none. */
json_t *sl_listed_client_metrics(const struct sl_listed *listed);
/* As sl_media_session_terminate(). */
void sl_listed_terminate(const struct sl_listed *listed, enum sl_reason reason);

#endif
