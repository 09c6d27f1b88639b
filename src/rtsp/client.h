/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One conversation, as its files share it. client.c has its life and takes its requests, methods.c
 * does what they ask, visit.c has the stream that they are about, answer.c writes the answers; each
 * calls only those behind it. Control loop.
 */
#ifndef SL_RTSP_CLIENT_H
#define SL_RTSP_CLIENT_H

#include "rtsp/internal.h"
#include "rtsp/medium.h"
#include "rtsp/message.h"
#include "rtsp/permit.h"
#include "rtsp/url.h"
#include "rtsp/wire.h"

/*
 *            DESCRIBE, SETUP            its tracks are seen         SETUP
 *   INIT ---------------------> OPENING -----------------> OPEN ----------> READY
 *    ^          permitted()        |      on_seen()          |   set_up()   |   ^
 *    |                             |                         |         PLAY |   | PAUSE
 *    +-----------------------------+-------------------------+   on_prepared()  | do_pause()
 *    |   no such stream: on_visit_end(); TEARDOWN, another   |              v   |
 *    |   stream: leave()                                     |            PLAYING
 *    +-------------------------------------------------------+--------------+
 *
 *   any -> ENDED   its stream is over: on_visit_end(); its connection: on_gone(); the server:
 *                  sl_rtsp_client_end()
 *
 * READY and PLAYING are those of RFC 2326 appendix A.2. One request at a time is under way.
 */
enum state { INIT, OPENING, OPEN, READY, PLAYING, ENDED };

enum {
    TOKEN_LEN = 26, /* 134 bits */
    MEDIA_ID_MAX = 128,
};

struct client {
    struct sl_rtsp_client link;
    struct sl_rtsp *rtsp;
    struct sl_rtsp_wire *wire; /* NULL: closed */
    bool closing;              /* it was told to */
    struct sl_log_scope log;
    int64_t timeout_s; /* as it was configured when it came */
    enum state state;
    struct sl_rtsp_message *request;     /* under way; NULL */
    struct sl_rtsp_url url;              /* of what is asked for; params NULL: nothing is */
    char *full_url;                      /* the same as the client wrote it */
    char *user_agent;                    /* NULL: it has not said */
    struct sl_hook_call *permit;         /* NULL: none is asked for */
    struct sl_visit *visit;              /* NULL: not at the gate */
    void (*then)(struct client *client); /* once the stream may be had and is here */
    struct sl_rtsp_seat seat;
    char session_id[TOKEN_LEN + 1];
    char media_id[MEDIA_ID_MAX + 1];
};

/* In a session of RTSP. */
static inline bool client_has_session(const struct client *client)
{
    return client->state == READY || client->state == PLAYING;
}

/* Its stream has just ended: on_visit_end() comes in the next turn of the loop, and answers
 * whatever request is under way then. */
static inline bool client_is_ending(const struct client *client)
{
    return client->visit && client->state > OPENING && !client->seat.medium;
}

/* ---- answer.c: each is the one answer to the request under way ---- */

/* extra: its own headers and body, borrowed; NULL: none. last: the connection ends with it. */
void sl_rtsp_answer(struct client *client, int status, struct sl_rtsp_message *extra, bool last);
void sl_rtsp_answer_status(struct client *client, int status);
/* It may not, and there is no use in asking again (media-outputs.md 5.1). */
void sl_rtsp_answer_refusal(struct client *client);
/* What the stream's tracks are. */
void sl_rtsp_answer_description(struct client *client);
/* What comes first of each kind that flows. */
void sl_rtsp_answer_play(struct client *client, const bool has[2],
                         const struct sl_flow_next next[2]);
/* Of what a parser or the gate said. */
int sl_rtsp_status_of_url(int err);
int sl_rtsp_status_of_setup(int err);
int sl_rtsp_status_of_reason(enum sl_reason reason);

/* ---- visit.c ---- */

/* From here on the client is about the stream of this URL, which is taken. */
void sl_rtsp_visit_turn_to(struct client *client, struct sl_rtsp_url *url);
/* then is called once the back end, where it is to be asked, allows the stream of the URL, and it
 * is here; otherwise the request is answered. */
void sl_rtsp_visit_ask(struct client *client, void (*then)(struct client *client));
/* Forgets the stream. said: the client did so. */
void sl_rtsp_visit_leave(struct client *client, bool said);
/* The question's answer does not matter any more. */
void sl_rtsp_visit_drop_permit(struct client *client);
/* For the seat's ops. */
void sl_rtsp_visit_on_seen(void *owner);

/* ---- methods.c ---- */

/* Does what the request under way asks for, or says why not. */
void sl_rtsp_method_run(struct client *client);
/* For the seat's ops. */
void sl_rtsp_method_on_prepared(void *owner, const bool has[2], const struct sl_flow_next next[2]);

#endif
