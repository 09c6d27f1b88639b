/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One call, as the files of calls/ have it: call.c its life, outgoing.c and incoming.c its
 * beginning, heard.c what the telephone's side says, orders.c and digits.c what its client wants.
 */
#ifndef SL_CALLS_CALL_H
#define SL_CALLS_CALL_H

#include "calls/dtmf.h"
#include "calls/internal.h"

#include <jansson.h>

struct sl_call_media;
struct sl_call_stream;
struct sl_error;
struct sl_msrp_session;
struct sl_sound_load;

enum { SL_CALLS_MAX = 10 }; /* of one client (sip.md 17) */

/* How a digit goes (sip.md 9). */
enum sl_call_digit_way { SL_CALL_BY_EVENT, SL_CALL_BY_INFO, SL_CALL_BY_INFO_RELAY };

/* Digits that wait for those before them. */
struct sl_call_digits {
    char text[SL_DTMF_MAX]; /* as of sl_dtmf_parse() */
    enum sl_call_digit_way ways[SL_DTMF_MAX];
};

/* What our client has asked for (transfer.c). */
struct sl_call_transfer {
    char *target; /* NULL: nothing */
    bool accepted;
    struct sl_timer *timer; /* until the outcome is told */
};

struct sl_call {
    struct sl_phone *phone;
    struct sl_list link; /* in phone->calls */
    char *id;
    bool incoming;
    enum sl_call_status status;
    int sip_status;
    char *caller, *callee, *visible_name;
    bool has_audio, has_video, hold_for_transfer;
    json_t *custom;
    struct sl_list questions;
    size_t question_count; /* of its client's orders */
    struct sl_log_scope log;
    struct sl_sip_call *sip;       /* NULL: not yet */
    struct sl_call_media *media;   /* NULL: not yet, or it is an MSRP session */
    bool is_msrp;                  /* no voice, but a session of texts (sip.md 13) ... */
    struct sl_msrp_session *msrp;  /* ... this one; NULL: not yet */
    bool msrp_open, msrp_answered; /* it has a connection; the telephone's side is there */
    char *msrp_raw;                /* the message that said the latter */
    bool alone;                    /* without a browser */
    struct sl_call_stream *stream; /* what is published of it; NULL: nothing */
    char *rtmp_url, *rtmp_stream;  /* where that is pushed; NULL: nowhere */
    char *target, *to, *from;      /* of an outgoing one that has not begun */
    char *invite;                  /* of an incoming one, as it came */
    json_t *invite_parameters;     /* of an outgoing one; NULL: none */
    json_t *lines, *headers;       /* what its client adds (extras.h); NULL: nothing */
    /* Transfers: ours; one that the telephone wants, to this URI (NULL: none), and the call that
     * comes of it, with the dialog that it is to replace. */
    struct sl_call_transfer transfer;
    char *referred_to;
    char replaces[SL_SIP_NAME_MAX];
    struct sl_call *next, *parent;   /* NULL: none, or no more */
    char *parent_id;                 /* also when that is over; NULL: it never had one */
    struct sl_call_media *inherited; /* its parent's, which is over */
    char *end_reason;                /* of the response that ended it; NULL: none */
    bool answered;                   /* an incoming one, by its client */
    bool changing, wants_hold;
    struct sl_timer *timer; /* it rings too long, or whether there is sound */
    int64_t since_us;       /* when sound was last expected to begin */
    struct sl_call_digits digits;
    bool informing;        /* an INFO is under way ... */
    bool informs_keyframe; /* ... and asks for a key frame */
    bool keyframe_due;     /* that is to follow */
    bool keyframe_deaf;    /* they know no such INFO */
    bool digit_waits;      /* for the one before it: until digit_timer */
    struct sl_timer *digit_timer;
};

/* Both sides talk, or one has the other wait. */
static inline bool sl_call_is_established(const struct sl_call *call)
{
    return call->status == SL_CALL_ESTABLISHED || call->status == SL_CALL_HOLD;
}

/* In phone->own_calls. */
struct sl_call *sl_call_new(struct sl_phone *phone, const char *id, bool incoming);
/* Of whom nobody has heard; otherwise sl_call_finish(). */
void sl_call_free(struct sl_call *call);
/* NULL: there is none. */
struct sl_call *sl_call_find(const struct sl_phone *phone, const char *id);
void sl_call_make_media(struct sl_call *call);
/* Keeps what its client adds to what is said for it: sipSDP, and sipHeaders. */
void sl_call_take_extras(struct sl_call *call, const json_t *object);
/* The description for the telephone, with the client's lines. To be freed. */
char *sl_call_description(struct sl_call *call);
/* Why its media cannot be, in sip.md's words. */
const char *sl_call_media_info(int err, const struct sl_error *error);

/* The call object of websocket-api.md 11.2; info and raw may be NULL. New reference. */
json_t *sl_call_describe(const struct sl_call *call, const char *info, const char *raw);
/* Its client, of the status that it has. */
void sl_call_tell(struct sl_call *call, const char *info, const char *raw);
/* Client and back end hear of it. */
void sl_call_set_status(struct sl_call *call, enum sl_call_status status, const char *info,
                        const char *raw);
/* What the other side has of it ends as its state wants it; an INVITE by reject_code. */
void sl_call_let_go(struct sl_call *call, int reject_code);
/* Its end, of which nobody hears. Frees it. */
void sl_call_forget(struct sl_call *call, int reject_code);
/* The end of all, told to everybody who has heard of it. Frees it. */
void sl_call_finish(struct sl_call *call, enum sl_call_status status, const char *info,
                    const char *raw);
void sl_call_fail(struct sl_call *call, const char *info);

/* ---- incoming.c ---- */

/* Tells its client, once more, of one that rings. */
void sl_call_present(struct sl_call *call);
/* How long it may ring, from now on. */
void sl_call_ring_on(struct sl_call *call);

/* ---- transfer.c ---- */

/* Our client's wish: target is whom it would call, or the id of another call of its own, whose
 * other side is to have this one instead. What comes of it, the client hears. */
void sl_call_transfer(struct sl_call *call, const char *target);
void sl_call_refuse_transfer(struct sl_call *call, const char *target);
void sl_call_on_referred(struct sl_call *call, const struct sl_sip_event *event);
void sl_call_on_notified(struct sl_call *call, const struct sl_sip_event *event);
/* The telephone's wish. */
void sl_call_on_refer(struct sl_call *call, const struct sl_sip_event *event);
/* It comes of a transfer, and nobody has answered it. */
static inline bool sl_call_is_next(const struct sl_call *call)
{
    return call->parent || call->inherited;
}
void sl_call_next_progress(struct sl_call *next, const struct sl_sip_event *event);
/* The browser is its own from here on; with words, or it cannot be. */
int sl_call_next_answered(struct sl_call *next, const struct sl_sip_event *event,
                          struct sl_error *error);
/* Its client has heard so. */
void sl_call_next_established(struct sl_call *next, struct sl_call *parent);

/* ---- succession.c ---- */

/* Before the media of a call close: whoever waits for its browser has it. */
void sl_call_hand_over(struct sl_call *call);
/* The last call of all. */
void sl_call_transfer_end(struct sl_call *call);

/* ---- msrp.c ---- */

/* A session for one that has none: our description is in it then. What fails does so with words. */
int sl_call_msrp_offer(struct sl_call *call, struct sl_error *error);
int sl_call_msrp_take(struct sl_call *call, const char *offer, struct sl_error *error);
/* The telephone's side says something; false: it is as of any call. */
bool sl_call_msrp_on_event(struct sl_call *call, const struct sl_sip_event *event);

/* ---- info.c ---- */

/* What a final response is called (sip.md 16.2); reason NULL: none came. Returns room or a
 * constant. */
const char *sl_call_info(int code, const char *reason, char *room, size_t len);

/* ---- heard.c ---- */

extern const struct sl_sip_call_ops sl_call_sip_ops; /* their owner is the call */

/* ---- digits.c: what goes by INFO, and digits by other ways ---- */

/* What is to be sent, behind what is under way. -EAGAIN: nobody has answered yet; -EINVAL: no
 * digits, or too many. */
int sl_call_take_digits(struct sl_call *call, const json_t *object);
/* An INFO came; type: the subtype of its body, which may be NULL. */
void sl_call_take_info(struct sl_call *call, const char *type, const char *body);
/* Ours was answered. */
void sl_call_informed(struct sl_call *call, int code);
/* The browser wants a key frame of the telephone. For struct sl_call_media_config. */
void sl_call_want_keyframe(void *call);

/* Whom its client talks to, as the client sees it. */
static inline const char *sl_call_other_side(const struct sl_call *call)
{
    return call->incoming ? call->caller : call->callee;
}

/* ---- outgoing.c ---- */

/* False, be it as a text. */
bool sl_call_is_no(const json_t *value);
/* A call that this describes is to have pictures. */
bool sl_call_has_video(const json_t *object);

/* A text of a client's object; "" if it is none. */
static inline const char *sl_call_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

#endif
