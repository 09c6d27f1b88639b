/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of signalling/ share.
 *
 *   connection.c  socket, timers ---> inbox.c (how much, how fast) ---> envelope.c (text to
 * message) inbox.c ---> dispatch.c (table) dispatch.c ---> streams.c, diagnostics.c, calls.c --->
 * session/session.h session/session.h ---> client.c (struct sl_session_ops) ---> write.c --->
 * socket
 */
#ifndef SL_SIGNALLING_INTERNAL_H
#define SL_SIGNALLING_INTERNAL_H

#include "access/access.h"
#include "base/config.h"
#include "base/json.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/http.h"
#include "net/net.h"
#include "session/session.h"
#include "signalling/signalling.h"

#include <jansson.h>

enum {
    VERSION_LEN = 64,
    MALFORMED_MAX = 5, /* in a row, then the socket is closed (websocket-api.md 1.2) */
    /* Of a client that is nobody yet: `connection`, and a few that come too early. */
    EARLY_LEN_MAX = 16384,
    EARLY_MESSAGES_MAX = 8,
    EARLY_VALUES_MAX = 1024,
};

/* Messages refused since the log last said so; zeroed is none. */
struct refusals {
    unsigned count;
    int64_t logged_us;
};

/* What a client may still have done now, as of then; zeroed is all of it. Negative: it waits. */
struct allowance {
    int64_t bytes, work_us, at_us; /* at_us 0: untouched */
};
/* Takes what a message has cost; work beyond the client's own share comes out of what all clients
 * share, as long as there is some. 0, or after how many ms there is an allowance again. */
int64_t sl_allowance_spend(struct allowance *own, struct allowance *shared, size_t bytes,
                           int64_t work_us, int64_t now_us);

struct sl_signalling {
    struct sl_sessions *sessions;
    const struct sl_media_sockets *sockets; /* NULL: none are taken */
    const struct sl_phones *phones;         /* NULL: there are none */
    const struct sl_config *config;
    struct sl_loop *loop;
    struct sl_counters *counters;
    struct sl_list connections;
    size_t connection_count;
    struct refusals refusals; /* of connections without a session */
    struct allowance shared;
    struct sl_jobs parses;
    char version[VERSION_LEN];
};

struct parse;
struct sl_error;

struct connection {
    struct sl_list link; /* in signalling->connections */
    struct sl_signalling *signalling;
    struct sl_ws *ws;
    struct sl_log_scope log;
    struct sl_session *session; /* NULL before `connection` */
    struct sl_phone *phone;     /* NULL: its client has none */
    struct sl_timer *timer;     /* first message, then pings */
    bool is_old;                /* its SDK is one of before stream events */
    bool closing;               /* we asked for it: nothing more is sent */
    int64_t pings;              /* sent since the last message from the client */
    unsigned malformed;         /* in a row */
    unsigned early;             /* messages before there was a session */
    struct allowance allowance;
    struct sl_timer *pause; /* runs while the allowance is spent */
    struct parse *parse;    /* a message that is being parsed elsewhere; those behind it wait */
    struct refusals refusals;
    struct sl_later given_away; /* its socket is a media socket now */
};

static inline bool connection_is_established(const struct connection *connection)
{
    return connection->session && sl_session_status(connection->session) == SL_SESSION_ESTABLISHED;
}
void sl_connection_close(struct connection *connection, uint16_t code, const char *reason);
/* Nobody is there who would answer a close. */
void sl_connection_abort(struct connection *connection);
/* getUserData went out: from now on it is probed for life. */
void sl_connection_start_pings(struct connection *connection);

/* ---- inbox.c: what comes in, one message after the other ---- */

/* Takes one message: sooner or later it is dispatched, or refused. */
void sl_inbox_take(struct connection *connection, const char *text, size_t len);
/* The client is somebody: its messages may be longer. */
void sl_inbox_open(struct connection *connection);
/* The connection goes. */
void sl_inbox_close(struct connection *connection);

/* ---- phone.c ---- */

/* Of a client that has just been established. Words: what it says of its account cannot be. */
void sl_phone_of_connection(struct connection *connection, struct sl_error *error);

/* ---- messages.c ---- */

void sl_client_on_message(void *client, json_t *message);
void sl_client_on_subscription(void *client, json_t *subscription);
void sl_client_on_xcap(void *client, json_t *document);
void sl_client_on_refused(void *client, const char *api_method, const char *info);

/* ---- envelope.c ---- */

struct envelope {
    json_t *root;     /* owns the rest */
    const char *name; /* "publishStream" */
    json_t *data;     /* array; NULL if there was none */
};
/* One message. 0; -EBADMSG: not one JSON object with a string `message`, or a field that is read
 * has U+0000 in it; -E2BIG: nested too deeply, or too many values. What a client only has us pass
 * on
 * (`payload`, `info` of stream events) is a sl_json_raw(). *out is to be freed with
 * sl_envelope_free(). Pure, any thread. */
int sl_envelope_parse(const char *text, size_t len, size_t values_max, struct envelope *out);
void sl_envelope_free(struct envelope *envelope);

/* ---- fields.c: what a client sent, tolerantly: the wrong type is as good as absent ---- */

/* The object in data[0], NULL if there is none. */
json_t *sl_field_object(const struct envelope *envelope);
/* NULL if absent. Borrowed. */
const char *sl_field_string(const json_t *object, const char *name);
bool sl_field_bool(const json_t *object, const char *name, bool otherwise);
/* Clamped to 0..max; 0 if absent. */
int sl_field_int(const json_t *object, const char *name, int max);
/* A number of pixels, bits or the like, as official pages send it: a number or its decimal digits;
 * native clients, in constraints.video (media-outputs.md 2.2). */
int sl_field_count(const json_t *object, const char *name, int max);

/* ---- dispatch.c ---- */

void sl_dispatch(struct connection *connection, const struct envelope *envelope);

/* ---- write.c: messages to the client. Each takes the reference to what it is given. ---- */

/* {"message":name,"data":data}; data is an array. */
void sl_send_message(struct connection *connection, const char *name, json_t *data);
/* {"message":name,"data":[object]} */
void sl_send_object(struct connection *connection, const char *name, json_t *object);
/* websocket-api.md 8.4; api_method and id may be NULL: then only info goes out. */
void sl_send_fail(struct connection *connection, const char *api_method, const char *id,
                  const char *info);

/* ---- client.c ---- */

extern const struct sl_session_ops sl_client_ops;

/* ---- diagnostics.c ---- */

void sl_client_on_debug(void *client, bool running, const char *file);
void sl_client_on_report(void *client, const char *name, const struct sl_why *why);

/* ---- rooms.c ---- */

/* NULL: this payload of sendData says nothing of a room. Otherwise *out is what it says, and the
 * texts in it belong to what is returned: a new reference. payload is good JSON. Pure. */
json_t *sl_room_command_parse(struct sl_json_span payload, struct sl_room_command *out);
void sl_client_on_room_event(void *client, const struct sl_room_event *event);

/* ---- The handlers, by the message they are named after ---- */

typedef void handler(struct connection *connection, const struct envelope *envelope);

handler sl_handle_connection;
handler sl_handle_connect_media_transport;
handler sl_handle_ping;
handler sl_handle_publish_stream;
handler sl_handle_play_stream;
handler sl_handle_unpublish_stream;
handler sl_handle_stop_stream;
handler sl_handle_available_stream;
handler sl_handle_send_stream_event;
handler sl_handle_snapshot;
handler sl_handle_send_data;
handler sl_handle_submit_bug_report;
handler sl_handle_metrics_description, sl_handle_metrics_batch;
handler sl_handle_push_logs;
handler sl_handle_session_debug;
handler sl_handle_call;
handler sl_handle_answer;
handler sl_handle_hangup;
handler sl_handle_hold;
handler sl_handle_unhold;
handler sl_handle_transfer;
handler sl_handle_dtmf;
handler sl_handle_send_message;
handler sl_handle_notification_result;
handler sl_handle_subscribe;
handler sl_handle_send_xcap_request;

#endif
