/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SIP user agent (RFC 3261): accounts that register, calls that are made and taken. It knows no
 * media: descriptions pass as texts, and what a call means to anybody is its owner's.
 *
 *   agent.c    the thread; wake.c, the way to it
 *   inbound.c  requests from outside: whose they are
 *   strangers.c  how much of it is answered to whom
 *   account.c  registration
 *   orders.c   what is wanted of accounts and calls, carried to the thread
 *   dialog.c   requests that come within a call
 *   caller.c   INVITE as a client, first or again, and INFO
 *   callee.c   INVITE as a server, first or again
 *   refer.c    transfers, asked for by either side
 *   call.c     a call's states, its end, what its owner hears; news.c, how that gets there
 *   message.c  MESSAGE as a client; received.c, as a server
 *   subscription.c   SUBSCRIBE and the NOTIFYs that follow
 *   refresh.c  calls that are refreshed, or end; session_timer.c, when and by whom
 *   ways.c     where messages may go
 *   secure.c   TLS: which certificate a proxy is to have
 *   request.c  a request, sent again with credentials where they are asked for
 *   front.c, digest.c, uri.c, fragment.c, text.c   pure
 *
 * Threads. libre has a thread of its own [sip], where its transactions, timers and sockets are; it
 * is the only one that touches them. Everything in this header is called on the control loop, and
 * calls back there, never from within. Accounts and calls are made and freed on the control loop,
 * but a call from outside, which the thread makes. What is closed is told nothing more; it goes
 * when its last transaction has ended.
 */
#ifndef SL_SIP_SIP_H
#define SL_SIP_SIP_H

#include "base/addr.h"
#include "net/net.h"
#include "sip/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;
struct sl_loop;
struct sl_sip;
struct sl_sip_account;
struct sl_sip_call;
struct sl_sip_received;
struct sl_string_list;

enum {
    SL_SIP_ADDRESSES_MAX = 8,
    SL_SIP_PROXIES_MAX = 8, /* of one account */
    SL_SIP_RAW_MAX = 32768, /* bytes of a message that are told (sip.md 16.1) */
    SL_SIP_CALLS_MAX = 10,  /* of one account, in both directions (sip.md 17) */
    /* The same with those that were given up and whose last transactions have not ended. */
    SL_SIP_CALLS_KEPT_MAX = 20,
    SL_SIP_TIMEOUT = 408, /* code of what was never answered; no text comes with it */
    SL_SIP_UNREACHABLE = 503,
    SL_SIP_TOO_LARGE = 513,
};

/* ---- The agent ---- */

struct sl_sip_config {
    struct sl_loop *control;
    struct sl_addr
        bind[SL_SIP_ADDRESSES_MAX]; /* UDP and TCP; all with their port, TLS at the next */
    size_t bind_count;
    const char *announce;   /* address in Contact; "": the one a message leaves by. Copied. */
    const char *user_agent; /* Copied. */
    const struct sl_string_list *allow; /* where else calls may lead. Copied. */
    /* Who we are to who connects by TLS; cert NULL: nobody. Good for sl_sip_create(). */
    struct sl_tls_files certificate;
};
/* Binds and starts the thread. -EADDRINUSE and the like, with words. */
int sl_sip_create(const struct sl_sip_config *config, struct sl_sip **out, struct sl_error *error);
/* Every account must have been closed: what they still wait for is waited for a while. on_stopped
 * once, never from within. */
void sl_sip_stop(struct sl_sip *sip, void (*on_stopped)(void *owner), void *owner);
/* After sl_sip_stop(): joins the thread. NULL is fine. */
void sl_sip_destroy(struct sl_sip *sip);

/* ---- Accounts ---- */

enum sl_sip_registration { SL_SIP_REGISTERED, SL_SIP_REGISTRATION_FAILED };

/* What an INVITE says; borrowed. */
struct sl_sip_invite {
    const char *raw;
    const char *caller_uri, *caller_name; /* "" if there is none */
    const char *callee;                   /* user part of To */
    const char *sdp;                      /* NULL: none */
};

/* What a MESSAGE says; borrowed. */
struct sl_sip_text {
    const char *raw;
    const char *from_uri, *to; /* to: user part of To */
    const char *type;          /* Content-Type, parameters and all; "": it has none */
    const char *body;          /* len bytes as they came */
    size_t len;
};

struct sl_sip_account_ops {
    /* REGISTERED: the first time, and again after a failure. code 0: nobody answered. raw: the
     * response, NULL if there is none. Borrowed for the call. */
    void (*on_registration)(void *owner, enum sl_sip_registration status, int code,
                            const char *reason, const char *raw);
    /* Somebody calls: it is to be accepted or closed from within. */
    void (*on_call)(void *owner, struct sl_sip_call *call, const struct sl_sip_invite *invite);
    /* Somebody has written. To be answered by sl_sip_received_answer(), once, before the account is
     * closed at the latest. At most SL_SIP_RECEIVED_MAX of an account wait for that. */
    void (*on_message)(void *owner, struct sl_sip_received *received,
                       const struct sl_sip_text *text);
};

/* Texts are copied; none has control characters. */
struct sl_sip_account_config {
    const char *login, *auth_name, *password, *visible_name, *domain;
    const char *contact_params;    /* as sl_sip_contact_params() has them */
    const struct sl_addr *proxies; /* the next hop of everything, in the order to be tried */
    size_t proxy_count;            /* at least 1; those beyond SL_SIP_PROXIES_MAX are left out */
    enum sl_sip_transport transport;
    const char *host;     /* TLS: the name that the proxy proves to have, or its literal address */
    SSL_CTX *trusted;     /* TLS: by whose authorities; NULL: whatever certificate it has */
    bool proxy_is_domain; /* then it needs no Route */
    bool registers;
    bool at_home; /* the proxy is this agent: it is called by its login, though not registered */
    unsigned expires_s;
    const struct sl_sip_account_ops *ops;
    void *owner;
};
struct sl_sip_account *sl_sip_account_create(struct sl_sip *sip,
                                             const struct sl_sip_account_config *config);
/* The registrar has said by other words that it is not there: when it is again, that is told. */
void sl_sip_account_unregistered(struct sl_sip_account *account);
/* Its calls, messages and subscriptions must have been closed before. It leaves the registrar. */
void sl_sip_account_close(struct sl_sip_account *account);
/* Its address of record, and what only the URI of its Contact has in it. */
const char *sl_sip_account_aor(const struct sl_sip_account *account);
const char *sl_sip_account_contact(const struct sl_sip_account *account);

/* ---- Calls ---- */

enum sl_sip_event_kind {
    SL_SIP_PROGRESS, /* a provisional response */
    SL_SIP_ANSWERED, /* outgoing: 2xx, ACK has left; incoming: ACK came */
    SL_SIP_ENDED,    /* refused, given up, or BYE, CANCEL (code 0): the last event */
    SL_SIP_OFFERED,  /* the other side wants other media: sl_sip_call_answer() or _refuse() */
    SL_SIP_CHANGED,  /* final response to our own wish; what is not 2xx leaves all as it was */
    SL_SIP_INFO,     /* INFO came, and was answered */
    SL_SIP_INFORMED, /* final response to our INFO */
    SL_SIP_REFERRED, /* final response to our REFER */
    SL_SIP_TRANSFER_NOTIFIED, /* how that goes: the status that NOTIFY tells of, 0: none */
    SL_SIP_REFER,             /* we are to call target: sl_sip_call_answer_refer() */
};

/* Borrowed. Texts are NULL where there is none. */
struct sl_sip_event {
    enum sl_sip_event_kind kind;
    int code;
    const char *reason, *raw, *sdp; /* of INFO, sdp is its body */
    const char *type;               /* of INFO: the subtype of its content */
    const char *target, *replaces;  /* of REFER: a URI, and the dialog to replace, or "" */
    bool over;                      /* of NOTIFY: no other comes */
};

struct sl_sip_call_ops {
    void (*on_event)(void *owner, const struct sl_sip_event *event);
};

/* Texts are copied. */
struct sl_sip_call_config {
    const char *target;  /* Request-URI */
    const char *to;      /* the URI in To */
    const char *caller;  /* the URI in From */
    const char *name;    /* display name in From; "": none */
    const char *headers; /* whole lines; "": none */
    const char *sdp;
    const struct sl_sip_call_ops *ops;
    void *owner;
};
/* NULL: too many, or too many at once. */
struct sl_sip_call *sl_sip_call_create(struct sl_sip_account *account,
                                       const struct sl_sip_call_config *config);
/* It is this owner's. */
void sl_sip_call_accept(struct sl_sip_call *call, const struct sl_sip_call_ops *ops, void *owner);
/* 180. */
void sl_sip_call_ring(struct sl_sip_call *call);
/* 200 to what was offered, or to an INVITE that offered nothing. */
void sl_sip_call_answer(struct sl_sip_call *call, const char *sdp);
/* Refuses what was offered by SL_SIP_OFFERED. */
void sl_sip_call_refuse(struct sl_sip_call *call, int code);
/* INVITE once more; not before the answer of the last. */
void sl_sip_call_change(struct sl_sip_call *call, const char *sdp);
/* INFO; one at a time: SL_SIP_INFORMED follows. */
void sl_sip_call_inform(struct sl_sip_call *call, const char *type, const char *body);
/* REFER to this URI; one at a time: SL_SIP_REFERRED follows, and perhaps SL_SIP_TRANSFER_NOTIFIED
 * before. */
void sl_sip_call_refer(struct sl_sip_call *call, const char *uri);
/* The same, to the other side of another call, in whose place the new one is to be there (RFC
 * 3891). SL_SIP_REFERRED has 481 if that one is over, or cannot be named. */
void sl_sip_call_refer_replacing(struct sl_sip_call *call, struct sl_sip_call *other);
/* 202, or the refusal of what SL_SIP_REFER wants. */
void sl_sip_call_answer_refer(struct sl_sip_call *call, int code);
/* Of one that was accepted: a status line for who wanted it, at last the final one. */
void sl_sip_call_notify(struct sl_sip_call *call, const char *status_line, bool last);
/* Ends it as its state wants it: CANCEL, BYE, or the code for who is not answered. Once; no event
 * follows. */
void sl_sip_call_close(struct sl_sip_call *call, int code);

/* ---- Messages (RFC 3428) ---- */

enum {
    SL_SIP_RECEIVED_MAX = 32,
    SL_SIP_DATAGRAM_MAX = 8192, /* bytes of a message that leave by UDP when there is no TCP */
    SL_SIP_MESSAGE_MAX = 60000, /* libre's TCP takes 64 kB, headers included */
};

struct sl_sip_message;

struct sl_sip_message_ops {
    /* The final response, or that there is none: then raw is NULL and code is SL_SIP_TIMEOUT,
     * SL_SIP_UNREACHABLE or SL_SIP_TOO_LARGE. sent: the request as it left last, its credentials
     * left out; NULL: it has not. Borrowed. The message is gone. */
    void (*on_answered)(void *owner, int code, const char *reason, const char *raw,
                        const char *sent);
};

/* Texts are copied; only body may have line ends. */
struct sl_sip_message_config {
    const char *target; /* Request-URI and To */
    const char *from;   /* the URI in From */
    const char *name;   /* display name in From; "": none */
    const char *type, *body;
    const struct sl_sip_message_ops *ops;
    void *owner;
};
struct sl_sip_message *sl_sip_message_send(struct sl_sip_account *account,
                                           const struct sl_sip_message_config *config);
/* Its owner hears no more of it. */
void sl_sip_message_forget(struct sl_sip_message *message);

void sl_sip_received_answer(struct sl_sip_received *received, int code);

/* ---- Subscriptions (RFC 6665) ---- */

enum sl_sip_subscription_kind {
    SL_SIP_SUBSCRIBED,        /* 2xx: for expires_s from now; it is refreshed before that */
    SL_SIP_NOTIFIED,          /* NOTIFY; is_over: the last one, and not to be subscribed to again */
    SL_SIP_UNSUBSCRIBED,      /* 2xx to the end that was asked for */
    SL_SIP_SUBSCRIPTION_LOST, /* refused or not answered: code as of a message */
};

/* Borrowed. Texts are NULL where there is none. */
struct sl_sip_subscription_event {
    enum sl_sip_subscription_kind kind;
    int code;
    const char *reason, *raw, *body;
    unsigned expires_s;
    bool is_over;
};

struct sl_sip_subscription;

struct sl_sip_subscription_ops {
    void (*on_event)(void *owner, const struct sl_sip_subscription_event *event);
};

/* To what is told of the account itself. Texts are copied. */
struct sl_sip_subscription_config {
    const char *event;  /* package */
    const char *accept; /* type of its bodies */
    unsigned expires_s;
    const struct sl_sip_subscription_ops *ops;
    void *owner;
};
struct sl_sip_subscription *
sl_sip_subscription_create(struct sl_sip_account *account,
                           const struct sl_sip_subscription_config *config);
/* SUBSCRIBE now, for so long; 0: its end. */
void sl_sip_subscription_renew(struct sl_sip_subscription *subscription, unsigned expires_s);
/* It ends without a word to its owner. */
void sl_sip_subscription_close(struct sl_sip_subscription *subscription);

#endif
