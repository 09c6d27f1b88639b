/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of calls/ share. */
#ifndef SL_CALLS_INTERNAL_H
#define SL_CALLS_INTERNAL_H

#include "base/addr.h"
#include "base/config.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "calls/calls.h"
#include "net/net.h"
#include "session/session.h"
#include "sip/sip.h"

struct sl_call_lane;
struct sl_error;
struct sl_messages;
struct sl_msrp_text;
struct sl_transfers;
struct sl_watch;
struct sl_xcap;

struct sl_calls {
    struct sl_calls_config config;
    char *cert, *key, *chain; /* its certificate's files */
    char *description;        /* SL_SDP_TEXT_MAX bytes, where one is written */
    struct sl_phones phones_interface;
    struct sl_exchange exchange;
    struct sl_keeper keeper;
    const struct sl_sip_call_ops *call_ops; /* of calls that transfers begin */
    struct sl_provider provider;            /* of publications that are calls */
    struct sl_sessions *sessions;           /* NULL: not yet */
    struct sl_sip *sip;                     /* NULL until an account needs it */
    struct sl_transfers *transfers;         /* NULL until a client asks for a document */
    struct sl_services *services;
    struct sl_conn_set *conns; /* of MSRP sessions; NULL until there is one */
    SSL_CTX *msrp_tls;         /* of those by TLS, with the certificate; NULL until one needs it */
    struct sl_list phones;
    struct sl_list sounds; /* struct injection of inject.c */
    size_t sound_count;
    struct sl_list streams;      /* struct sl_call_stream of published.c */
    struct sl_call_lane **lanes; /* by worker */
    size_t media_count;          /* of calls, ended ones whose workers have not let go included */
    bool stopping, agent_stopped;
    void (*on_stopped)(void *owner);
    void *stopped_owner;
    struct sl_later stopped;
};

/* Something has ended that the end may wait for. */
void sl_calls_check_stopped(struct sl_calls *calls);
/* The user agent, made now if need be; NULL with words. */
struct sl_sip *sl_calls_agent(struct sl_calls *calls, struct sl_error *error);

/* Where the agent is reached from this machine; with its port. */
int sl_calls_own_address(struct sl_calls *calls, struct sl_addr *out, struct sl_error *error);

/* exchange.c */
void sl_calls_make_exchange(struct sl_calls *calls);

/* As in struct sl_phones. */
struct sl_phone *sl_phone_open(void *arg, struct sl_session *session,
                               const struct sl_phone_ops *ops, void *client,
                               struct sl_error *error);
void sl_phone_close(struct sl_phone *phone);

struct sl_phone {
    struct sl_calls *calls;
    struct sl_list link;            /* in calls->phones */
    struct sl_session *session;     /* or what its client has left behind */
    const struct sl_phone_ops *ops; /* NULL: nobody listens */
    void *client;
    struct sl_log_scope log;
    char *login, *auth_name, *password, *visible_name, *domain;
    char contact_params[SL_SIP_NAME_MAX];
    struct sl_sip_host proxy;
    bool proxy_is_domain, registers;
    bool may_be_at_home;              /* if its proxy is this server, it needs no other ... */
    bool at_home;                     /* ... and has none */
    struct sl_service_lookup *lookup; /* of the proxy's name; NULL: it has ended */
    struct sl_addr local;             /* ours that the proxy is reached from; without port */
    struct sl_sip_account *account;   /* NULL: not yet, or it cannot be */
    bool registered;
    bool waits_to_register;   /* its calls do, until it is */
    bool takes_no_calls;      /* there is nobody to answer them */
    char *registered_raw;     /* the response that said so; NULL: never */
    struct sl_list own_calls; /* struct sl_call */
    size_t call_count;
    struct sl_messages *messages;
    struct sl_watch *watch;
    struct sl_xcap *xcap;
};

/* Not where a SIPS URI is to be reached in clear. */
static inline bool sl_phone_reaches(const struct sl_phone *phone, const char *uri)
{
    return phone->proxy.transport == SL_SIP_TLS || !sl_sip_uri_is_secure(uri);
}
/* An address as its client sees it: the user part, or all of it if it is of another domain. To be
 * freed. */
char *sl_phone_shown_address(const struct sl_phone *phone, const char *uri); /* address.c */

/* ---- registration.c: client and back end hear of it ---- */

void sl_phone_registered(struct sl_phone *phone, int code, const char *raw);
/* code 0: nobody answered. */
void sl_phone_not_registered(struct sl_phone *phone, int code, const char *reason, const char *raw);
/* There will be no account. */
void sl_phone_unusable(struct sl_phone *phone, const char *info);
/* The registrar says so by itself. */
void sl_phone_unregistered(struct sl_phone *phone, const char *raw);

/* ---- messages.c, message_out.c, message_in.c ---- */

struct sl_messages *sl_messages_create(struct sl_phone *phone);
/* NULL is fine. */
void sl_messages_destroy(struct sl_messages *messages);
/* Its client has come back: it hears what has come meanwhile. */
void sl_messages_tell_waiting(struct sl_messages *messages);
/* As in struct sl_phones. */
void sl_messages_send(struct sl_phone *phone, json_t *object);
void sl_messages_confirm(struct sl_phone *phone, json_t *object);
/* Somebody writes to this phone. */
void sl_messages_take(struct sl_phone *phone, struct sl_sip_received *received,
                      const struct sl_sip_text *text);
/* The same in a call of its, from its other side; what becomes of it, the call's session hears. */
void sl_messages_take_in_call(struct sl_phone *phone, const char *call_id, const char *from,
                              const struct sl_msrp_text *text);
/* The phone's account is there, or will never be. */
void sl_messages_start_waiting(struct sl_messages *messages);
void sl_messages_fail_waiting(struct sl_messages *messages, const char *info);

/* ---- subscription.c ---- */

struct sl_watch *sl_watch_create(struct sl_phone *phone);
/* NULL is fine. */
void sl_watch_destroy(struct sl_watch *watch);
/* As in struct sl_phones. */
void sl_phone_subscribe(struct sl_phone *phone, json_t *object);
void sl_watch_start_waiting(struct sl_watch *watch);
void sl_watch_fail_waiting(struct sl_watch *watch, const char *info);
bool sl_watch_is_active(const struct sl_watch *watch);

/* ---- xcap.c ---- */

struct sl_xcap *sl_xcap_create(struct sl_phone *phone);
/* NULL is fine. */
void sl_xcap_destroy(struct sl_xcap *xcap);
/* As in struct sl_phones. */
void sl_phone_ask_xcap(struct sl_phone *phone, json_t *object);

/* Says it to the client, unless that is away. */
#define SL_PHONE_TELL(phone, callback, ...)                                                        \
    do {                                                                                           \
        const struct sl_phone *told_ = (phone);                                                    \
        if (told_->ops && told_->ops->callback)                                                    \
            told_->ops->callback(told_->client, __VA_ARGS__);                                      \
    } while (0)

/* Client and back end hear that it is registered. */
void sl_phone_tell_registered(struct sl_phone *phone);
/* Nothing of it stays. */
void sl_phone_end(struct sl_phone *phone);

/* ---- begun.c ---- */

/* As in struct sl_exchange. */
int sl_calls_startup(void *arg, json_t *object, struct sl_error *error);

/* ---- inject.c: as in struct sl_exchange ---- */

int sl_calls_inject_stream(void *arg, const char *id, const char *name, struct sl_error *error);
void sl_calls_inject_sound(void *arg, const char *id, const char *file,
                           void (*on_done)(void *owner, int err, const char *words), void *owner);
void sl_calls_cancel_sounds(void *arg);

/* ---- kept.c ---- */

void sl_calls_make_keeper(struct sl_calls *calls);

/* ---- left.c ---- */

/* Of the session with this id, kept ones too; NULL: none. */
struct sl_phone *sl_phone_find(const struct sl_calls *calls, const char *session_id);
/* There is something that its client may come back to. */
bool sl_phone_is_worth_keeping(const struct sl_phone *phone);
/* The one that this session's client has left; NULL: none. It is that client's from now on. */
struct sl_phone *sl_phone_come_back(struct sl_calls *calls, struct sl_session *session,
                                    const struct sl_phone_ops *ops, void *client);

/* ---- call.c, outgoing.c, incoming.c, orders.c ---- */

struct sl_call;
/* As in struct sl_phones. */
void sl_call_begin(struct sl_phone *phone, json_t *object);
/* The same without a browser, as rest-api.md 8 has its object; nobody is asked. -EEXIST, -EINVAL
 * with words, and then there is none. */
int sl_call_begin_alone(struct sl_phone *phone, json_t *object, struct sl_error *error);
void sl_call_answer(struct sl_phone *phone, json_t *object);
void sl_call_order(struct sl_phone *phone, enum sl_phone_order order, json_t *object);
/* Somebody calls this phone. */
void sl_call_take(struct sl_phone *phone, struct sl_sip_call *sip,
                  const struct sl_sip_invite *invite);
/* Its phone goes: nobody is told. */
void sl_call_drop(struct sl_call *call);
/* The phone's account is there, or will never be. */
void sl_calls_start_waiting(struct sl_phone *phone);
void sl_calls_fail_waiting(struct sl_phone *phone, const char *info);
void sl_calls_drop_all(struct sl_phone *phone);

#endif
