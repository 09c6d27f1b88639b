/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephones of clients, whoever the clients are. Control loop. */
#ifndef SL_ACCESS_PHONES_H
#define SL_ACCESS_PHONES_H

#include <jansson.h>
#include <stdbool.h>

struct sl_error;
struct sl_phone;
struct sl_session;

/* What a client hears of its registration; borrowed. */
struct sl_phone_registration {
    bool registered;
    const char *status; /* REGISTERED, FAILED, UNREGISTERED */
    const char *info;   /* why not; NULL: there is nothing to say */
    const char *raw;    /* the SIP message; NULL: none came */
    int sip_status;     /* 0: none */
    const char *login, *domain;
};

enum sl_call_status {
    SL_CALL_PENDING, /* nobody has heard of it yet */
    SL_CALL_TRYING,
    SL_CALL_RING,
    SL_CALL_SESSION_PROGRESS,
    SL_CALL_ESTABLISHED,
    SL_CALL_HOLD,
    SL_CALL_FINISH, /* these three are the end */
    SL_CALL_BUSY,
    SL_CALL_FAILED,
};

/* None is called from within a call of struct sl_phones, but for those about a call that is not
 * there or has just ended by it. Objects are borrowed, and may be changed. */
struct sl_phone_ops {
    void (*on_registration)(void *client, const struct sl_phone_registration *registration);
    /* An answer to the client's offer, or an offer to it; that comes before on_incoming. */
    void (*on_description)(void *client, const char *call_id, const char *text, bool is_answer);
    /* The call object of websocket-api.md 11.2. */
    void (*on_incoming)(void *client, json_t *call);
    void (*on_status)(void *client, enum sl_call_status status, json_t *call);
    /* The message of websocket-api.md 11.4, with its status; one that was RECEIVED may be
     * confirmed. */
    void (*on_message)(void *client, json_t *message);
    void (*on_subscription)(void *client, json_t *subscription);
    void (*on_xcap)(void *client, json_t *document);
    /* A wish for the last two that comes to nothing: api_method is its status event. */
    void (*on_refused)(void *client, const char *api_method, const char *info);
    /* {callId, incoming, target, status ...} of websocket-api.md 11.2. */
    void (*on_transfer)(void *client, json_t *transfer);
    /* The client has left it behind, and may come back for it: it is not its phone any more. */
    void (*on_left)(void *client);
};

enum sl_phone_order {
    SL_PHONE_HANGUP,
    SL_PHONE_HOLD,
    SL_PHONE_UNHOLD,
    SL_PHONE_DTMF,
    SL_PHONE_TRANSFER,
};

struct sl_phones {
    void *arg;
    /*
     * The phone of an established session; NULL if its client names no account, or one that cannot
     * be used, with words ("" if it names none). It registers, if its client wants that, and tells
     * the session's back end whatever it tells the client. To be closed before the session goes.
     * A client that comes back gets the one that it has left, with its calls.
     */
    struct sl_phone *(*open)(void *arg, struct sl_session *session, const struct sl_phone_ops *ops,
                             void *client, struct sl_error *error);
    /* Ends its calls, leaves the registrar, unless the session is kept: then it is kept with it.
     * The client hears no more. NULL is fine. */
    void (*close)(struct sl_phone *phone);
    /* What the client sent, as it came (websocket-api.md 11.1); borrowed. */
    void (*call)(struct sl_phone *phone, json_t *object);
    void (*answer)(struct sl_phone *phone, json_t *object);
    void (*order)(struct sl_phone *phone, enum sl_phone_order order, json_t *object);
    /* The same of websocket-api.md 11.4. Their status may come from within. */
    void (*send_message)(struct sl_phone *phone, json_t *object);
    void (*confirm)(struct sl_phone *phone, json_t *object);
    void (*subscribe)(struct sl_phone *phone, json_t *object);
    void (*ask_xcap)(struct sl_phone *phone, json_t *object);
};

#endif
