/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of sip/ share. Marked [control] or [sip] by the thread that owns it. */
#ifndef SL_SIP_INTERNAL_H
#define SL_SIP_INTERNAL_H

#include "base/buffer.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/table.h"
#include "sip/digest.h"
#include "sip/sip.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <re.h>
#include <semaphore.h>

enum {
    SL_SIP_ID_LEN = 16,
    SL_SIP_HEAD_MAX = 16384, /* bytes of the headers that we write */
    SL_SIP_GRACE_MS = 2000,  /* at the end, for what is not answered */
};

/* How many more, as of then; grows with time. Zeroed is full. */
struct bucket {
    int64_t spent_us, at_us;
};

/* What comes of who has no account here. [sip] */
struct strangers {
    struct bucket all, by_address[256];
    uint64_t unanswered; /* since the log said so */
    int64_t told_us;
};

struct sl_sip {
    struct sl_loop *control;
    struct sl_sip_config config;
    char *announce, *user_agent;
    struct sl_string_list allow; /* a copy */
    pthread_t thread;
    bool has_thread;
    sem_t ready; /* the thread has bound, or failed: */
    int err;
    struct sl_error *error;
    struct sl_queue queue; /* orders */
    int wake_fd;
    void (*on_stopped)(void *owner); /* [control] */
    void *stopped_owner;
    struct sl_msg stopped;
    /* [sip] */
    struct sip *stack;
    struct dnsc *names;
    struct tls *tls;
    struct sip_lsnr *requests, *responses;
    struct sl_list accounts, calls, messages, received, subscriptions;
    struct sl_table dialogs;    /* struct sl_sip_call, by Call-ID */
    struct sl_table subscribed; /* struct sl_sip_subscription, by Call-ID */
    struct tmr grace;
    bool stopping;
    char *cancel; /* the CANCEL that is being taken in */
    struct strangers strangers;
};

/* ---- request.c: a request that may be asked for credentials ---- */

struct credential {
    bool set;
    struct sl_digest_challenge challenge;
    uint32_t nc;
};

/* One at a time; sent by send(), which builds it with sl_sip_add_credentials() [sip] */
struct outgoing {
    struct sl_sip_account *account;
    struct sip_request *handle; /* NULL: none is under way */
    const char *contact_params; /* NULL: none; not owned */
    unsigned challenges[2];     /* of 401 and 407 that it was sent again for */
    bool sips;                  /* our Contact is a SIPS URI (RFC 3261 section 8.1.1.8) */
    bool given_up;              /* it is not sent again, whatever is asked for */
    int (*send)(struct outgoing *outgoing);
    /* err: errno, msg NULL; or a response, provisional ones too, but no challenge that was
     * answered. The last one is final. */
    void (*on_response)(struct outgoing *outgoing, int err, const struct sip_msg *msg);
};
/* Anew. An error is told by on_response, from within. */
void sl_sip_send(struct outgoing *outgoing);
/* libre's response handler; arg is the struct outgoing. */
void sl_sip_on_response(int err, const struct sip_msg *msg, void *arg);
/* Lets go of it: a response is nobody's any more. */
void sl_sip_forget(struct outgoing *outgoing);
void sl_sip_add_credentials(struct sl_sip_account *account, const char *method, const char *uri,
                            struct sl_buffer *out);

/* Contact, for a message by this way; sips: as a SIPS URI. */
int sl_sip_print_contact(const struct sl_sip_account *account, bool sips, const char *params,
                         enum sip_transp transport, const struct sa *local, struct mbuf *out);

/* libre's send handlers; arg is the struct outgoing. */
int sl_sip_on_sending(enum sip_transp transport, const struct sa *local, const struct sa *remote,
                      struct mbuf *out, void *arg);
/* The same, and Contact. */
int sl_sip_add_contact(enum sip_transp transport, const struct sa *local, const struct sa *remote,
                       struct mbuf *out, void *arg);

/* ---- account.c ---- */

/*
 *   IDLE --registers--> TRYING --2xx--> REGISTERED --lifetime over, or the registrar's word-->
 *                          |            LOST --2xx--> REGISTERED
 *                          `--refused, silent--> FAILED
 *   any --close--> LEAVING --answered, or nothing to leave--> GONE
 */
enum account_state {
    ACCOUNT_IDLE,
    ACCOUNT_TRYING,
    ACCOUNT_REGISTERED,
    ACCOUNT_LOST,
    ACCOUNT_FAILED,
    ACCOUNT_LEAVING,
    ACCOUNT_GONE,
};

struct sl_sip_account {
    /* [control] */
    struct sl_sip *sip;
    const struct sl_sip_account_ops *ops; /* NULL: closed */
    void *owner;
    struct sl_msg started, closing, closed;
    size_t kept_calls; /* all that have not gone */
    struct bucket begun;
    /* constant */
    char *login, *auth_name, *password, *visible_name, *domain, *contact_params;
    char aor[SL_SIP_URI_MAX];
    char id[SL_SIP_ID_LEN + 1];
    struct sl_addr proxies[SL_SIP_PROXIES_MAX]; /* in the order to be tried */
    size_t proxy_count;
    enum sl_sip_transport transport;
    char *host;       /* whose certificate a proxy by TLS has */
    SSL_CTX *trusted; /* whose authorities vouch for it; NULL: it is not checked */
    bool proxy_is_domain, registers, at_home;
    /* [sip] */
    struct sl_list link;
    enum account_state state;
    size_t proxy_at, proxies_failed;  /* of proxies: in use; tried in vain, one after the other */
    char hop[SL_ADDR_TEXT_MAX + 32];  /* URI of the one in use */
    struct uri route;                 /* the same; its texts are hop's */
    struct credential credentials[2]; /* www, proxy */
    struct outgoing registering;
    char call_id[SL_SIP_ID_LEN + 1], tag[SL_SIP_ID_LEN + 1];
    uint32_t cseq;
    bool refused;               /* it sends nothing */
    struct sip_keepalive *flow; /* of a registration by TCP or TLS; NULL: none */
    unsigned expires_s;         /* asked for */
    bool min_expires_seen;      /* 423 was answered */
    bool redirected;            /* 301 or 302 was followed */
    int64_t until_us;           /* end of what was granted */
    unsigned retry_s;           /* 0: the last one was granted */
    struct tmr timer;           /* the answer is late, or it is time to refresh */
    unsigned call_count;
    unsigned other_count; /* its messages and subscriptions that are not gone yet */
    unsigned received_count;
    struct bucket invites, messages;
};
void sl_sip_account_start(struct sl_sip_account *account);
void sl_sip_account_leave(struct sl_sip_account *account);
/* As in sip.h. */
void sl_sip_account_lose(struct sl_sip_account *account);
/* The proxy in use is silent, or has no time: the next one. False: each was tried, and it is the
 * first one's turn again. */
bool sl_sip_account_next_proxy(struct sl_sip_account *account);
/* It has answered. */
void sl_sip_account_keep_proxy(struct sl_sip_account *account);
/* A call of it has gone. */
void sl_sip_account_call_gone(struct sl_sip_account *account);

/* One of what other_count counts has gone. */
void sl_sip_account_other_gone(struct sl_sip_account *account);

/* ---- message.c, received.c ---- */

/* What has left: of which of our messages? */
void sl_sip_messages_trace(struct sl_sip *sip, const uint8_t *data, size_t len);
/* Under way of this account, NULL: of all. */
void sl_sip_messages_drop(struct sl_sip *sip, const struct sl_sip_account *account);
/* A MESSAGE for this account. */
void sl_sip_received_take(struct sl_sip_account *account, const struct sip_msg *msg);
void sl_sip_received_drop(struct sl_sip *sip);

/* ---- subscription.c ---- */

/* True: a NOTIFY of one of ours, and answered. */
bool sl_sip_subscription_takes(struct sl_sip *sip, const struct sip_msg *msg);
void sl_sip_subscriptions_drop(struct sl_sip *sip);

/* ---- call.c ---- */

/*
 *   outgoing: CALLING --2xx--> CONFIRMED          incoming: RINGING --200 sent--> CONFIRMED
 *   CALLING, RINGING --refused, cancelled--> OVER
 *   CONFIRMED --our BYE--> LEAVING --answered--> OVER
 *   CONFIRMED --their BYE--> OVER
 *
 * sl_sip_call_set_state() alone changes it.
 */
enum call_state { CALL_CALLING, CALL_RINGING, CALL_CONFIRMED, CALL_LEAVING, CALL_OVER };

/* Whether the call is refreshed, until when, and by whom. [sip] */
struct session_timer {
    unsigned interval_s; /* 0: none was agreed upon */
    unsigned least_s;    /* what 422 asked for; 0: nothing */
    bool refreshes;      /* we do, not they */
    bool ours;           /* the timer is to refresh, else to end */
    bool has_update;     /* they have UPDATE */
    struct tmr timer;
    void (*on_due)(struct sl_sip_call *call);  /* to refresh */
    void (*on_over)(struct sl_sip_call *call); /* nobody has */
};

struct sl_sip_call {
    /* [control] */
    struct sl_sip_account *account;
    const struct sl_sip_call_ops *ops; /* NULL: nobody's, or closed */
    void *owner;
    struct sl_msg closed;
    /* [sip] */
    struct sl_list link; /* in sip->calls */
    struct sl_table_node dialog_node;
    bool incoming;
    enum call_state state;
    bool close_wanted;
    int close_code;
    struct sip_dialog *dialog;
    struct sip_dialog *forkable;  /* of the first INVITE, before somebody had answered; or NULL */
    char *local_tag, *remote_tag; /* of the dialog, which does not tell; NULL: not acknowledged */
    char *target;                 /* Request-URI of the next request */
    char *to, *caller, *name, *headers;
    char *sdp;        /* of the INVITE under way */
    char *sdp_before; /* what holds until a change is accepted; NULL: none is wanted */
    struct outgoing invite, bye, info, update, refer, notify;
    char *info_type, *info_body;
    uint32_t invite_cseq; /* of the last INVITE that was sent */
    unsigned redirects, glares, forks;
    bool heard; /* somebody has answered the first INVITE with anything */
    struct tmr glare;
    bool refreshing; /* the INVITE under way is nobody's wish */
    struct session_timer session;
    struct bucket requests; /* of theirs, within the dialog */
    /* As a server, of one INVITE at a time. */
    struct sip_strans *transaction; /* NULL: none waits for an answer */
    struct sip_msg *request;
    struct mbuf *ok; /* 2xx that waits for ACK; NULL: none */
    struct sa ok_to;
    struct tmr ok_timer;
    unsigned ok_wait_ms, ok_waited_ms;
    /* Transfers: what we want of them, and they of us. */
    char *refer_to;
    bool refers;                          /* NOTIFYs may come */
    bool referring;                       /* NOTIFYs may be sent */
    struct sip_strans *refer_transaction; /* NULL: none waits for an answer */
    struct sip_msg *refer_request;
    char *notify_text, *notify_next; /* under way; to follow */
    bool notify_last, notify_next_last;
};

struct sl_sip_call *sl_sip_call_new(struct sl_sip_account *account, bool incoming);
/* Its requests were to a SIPS URI, so ours is one. */
void sl_sip_call_be_secure(struct sl_sip_call *call);
/* Under way on the thread: counted and listed there. */
void sl_sip_call_enlist(struct sl_sip_call *call);
void sl_sip_call_set_state(struct sl_sip_call *call, enum call_state state);
/* It has a dialog: requests within are its own. */
void sl_sip_call_know_dialog(struct sl_sip_call *call);
/* What its two sides are known by, from a message that has both. */
void sl_sip_call_take_tags(struct sl_sip_call *call, const struct pl *local,
                           const struct pl *remote);
/* Requests within go to the Contact of its other side; without one all stays. */
void sl_sip_call_take_target(struct sl_sip_call *call, const struct sip_msg *msg);
struct sl_sip_call *sl_sip_call_of(struct sl_sip *sip, const struct sip_msg *msg);
/* The one of ours that this response is to, though it is not of its dialog. */
struct sl_sip_call *sl_sip_call_of_fork(struct sl_sip *sip, const struct sip_msg *msg);
/* Tells its owner, unless it closes; msg NULL: nothing came. */
void sl_sip_call_tell(struct sl_sip_call *call, enum sl_sip_event_kind kind, int code,
                      const struct sip_msg *msg);
/* It is over, and its owner is told so. */
void sl_sip_call_end(struct sl_sip_call *call, int code, const struct sip_msg *msg);
void sl_sip_call_bye(struct sl_sip_call *call);
void sl_sip_call_tell_info(struct sl_sip_call *call, const struct sip_msg *msg);
void sl_sip_call_tell_notified(struct sl_sip_call *call, int code, const char *reason, bool over,
                               const struct sip_msg *msg);
void sl_sip_call_tell_refer(struct sl_sip_call *call, const char *target, const char *replaces,
                            const struct sip_msg *msg);
/* It was cancelled; the text is the agent's. */
void sl_sip_call_tell_cancel(struct sl_sip_call *call);
/* The request of theirs that waits for an answer, if there is one. */
void sl_sip_call_refuse_request(struct sl_sip_call *call, int code);
void sl_sip_call_drop_request(struct sl_sip_call *call);

/* ---- dialog.c ---- */

/* A request within its dialog; true: it was answered. */
bool sl_sip_dialog_request(struct sl_sip_call *call, const struct sip_msg *msg);

/* ---- refer.c ---- */

void sl_sip_refer_init(struct sl_sip_call *call);
void sl_sip_refer_deinit(struct sl_sip_call *call);
/* Takes the text over. */
void sl_sip_call_refer_to(struct sl_sip_call *call, char *uri);
void sl_sip_call_refer_to_replace(struct sl_sip_call *call, const struct sl_sip_call *other);
void sl_sip_call_answer_refer_with(struct sl_sip_call *call, int code);
void sl_sip_call_notify_with(struct sl_sip_call *call, char *status_line, bool last);
/* REFER and NOTIFY within its dialog. */
void sl_sip_call_referred(struct sl_sip_call *call, const struct sip_msg *msg);
void sl_sip_call_notified(struct sl_sip_call *call, const struct sip_msg *msg);

/* ---- caller.c ---- */

void sl_sip_caller_init(struct sl_sip_call *call);
void sl_sip_caller_start(struct sl_sip_call *call);
void sl_sip_caller_change(struct sl_sip_call *call, char *sdp);
/* A 2xx to INVITE that no transaction has: it is acknowledged again. errno: nothing leads there. */
int sl_sip_caller_ack(struct sl_sip_call *call);

/* A 2xx to its INVITE by another than the one who has it: that one is told to end. */
void sl_sip_caller_refuse_fork(struct sl_sip_call *call, const struct sip_msg *msg);
/* INVITE with what was said last. */
void sl_sip_caller_refresh(struct sl_sip_call *call);

/* ---- refresh.c ---- */

void sl_sip_refresh_init(struct sl_sip_call *call);

/* ---- session_timer.c ---- */

enum { SL_SIP_SESSION_MAX = 96, SL_SIP_SESSION_LEAST_S = 90 /* RFC 4028 section 5 */ };
void sl_sip_session_stop(struct sl_sip_call *call);
/* Lines for an INVITE or UPDATE of ours. */
void sl_sip_session_add_request(const struct sl_sip_call *call, struct sl_buffer *out);
/* 2xx to it. */
void sl_sip_session_take_answer(struct sl_sip_call *call, const struct sip_msg *msg);
/* 422 to the first one: it is to be sent again. */
bool sl_sip_session_heeds(struct sl_sip_call *call, const struct sip_msg *msg);
/* A request of theirs asks for less than may be: 422. */
bool sl_sip_session_is_too_brief(const struct sip_msg *msg);
/* Lines for a 2xx to the call's request, which begins the interval. */
void sl_sip_session_answer(struct sl_sip_call *call, char out[static SL_SIP_SESSION_MAX]);

/* ---- callee.c ---- */

/* It requires what we have not, and was told so. */
bool sl_sip_refuses_extension(struct sl_sip *sip, const struct sip_msg *msg);
/* An INVITE from outside a dialog for this account. */
void sl_sip_callee_take(struct sl_sip_account *account, const struct sip_msg *msg);
/* INVITE or UPDATE within a dialog. */
void sl_sip_callee_offered(struct sl_sip_call *call, const struct sip_msg *msg);
void sl_sip_callee_ring(struct sl_sip_call *call);
void sl_sip_callee_answer(struct sl_sip_call *call, const char *sdp);
void sl_sip_callee_on_ack(struct sl_sip_call *call, const struct sip_msg *msg);

/* ---- front.c ---- */

/* Why a request is not fit to be looked at; NULL: it is. libre hands over what lacks anything. */
const char *sl_sip_fault(const struct sip_msg *msg);
/* Of an INVITE or UPDATE: its body is no description of a session. */
bool sl_sip_has_strange_body(const struct sip_msg *msg);
/* It is to what no telephone is called. */
bool sl_sip_has_strange_scheme(const struct sip_msg *msg);
/* The number at the beginning of a header's value, at most SL_SIP_SECONDS_MAX. */
enum { SL_SIP_SECONDS_MAX = 86400 };
unsigned sl_sip_read_seconds(const struct pl *value);
/* A display name without its quotes and escapes, the user part of a URI, unescaped. */
char *sl_sip_display_name(const struct pl *name);
char *sl_sip_user(const struct pl *uri);
/* The URI of its first Contact; NULL: there is none. */
char *sl_sip_contact(const struct sip_msg *msg);

/* ---- inbound.c ---- */

int sl_sip_inbound_listen(struct sl_sip *sip);

/* ---- secure.c: TLS ---- */

/* The context of all connections. */
int sl_sip_secure_create(struct sl_sip *sip);
/* A new account may have no TLS to where another name was before. */
void sl_sip_secure_join(struct sl_sip_account *account);
/* Before something of this account's is sent: whom a connection that is made for it is to. errno */
int sl_sip_secure_aim(const struct sl_sip_account *account, enum sip_transp transport,
                      const struct sa *remote);

/* ---- ways.c ---- */

/* libre's send handler; arg is the struct sl_sip. EACCES: nothing goes there. */
int sl_sip_check_way(enum sip_transp transport, const struct sa *local, const struct sa *remote,
                     struct mbuf *out, void *arg);

/* ---- strangers.c ---- */

/* True if one more of per_s a second, at most a second's at once, may pass. */
bool sl_sip_bucket_take(struct bucket *bucket, unsigned per_s);
/* Whether what is no call's and no account's is answered; known: by the address of a proxy. What is
 * not is counted, and told in the log. */
bool sl_sip_may_answer(struct sl_sip *sip, const struct sip_msg *msg, bool known);

/* ---- wake.c ---- */

/* [control] Runs on the thread. */
void sl_sip_order(struct sl_sip *sip, struct sl_msg *msg);
/* [sip] An account has gone: perhaps it was what the end waits for. */
void sl_sip_check_idle(struct sl_sip *sip);

/* ---- text.c ---- */

/* printf at the end. */
void sl_sip_add(struct sl_buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Of what is no UTF-8 a U+FFFD, of U+0000 too, cut to SL_SIP_RAW_MAX. Pure. */
char *sl_sip_valid_text(const char *bytes, size_t len);
/* The whole message as it came. */
char *sl_sip_raw_text(const struct sip_msg *msg);
/* Its body if it is of this type, else NULL. */
char *sl_sip_body(const struct sip_msg *msg, const char *type, const char *subtype);
char *sl_sip_dup(const struct pl *pl);
/* A request of ours with the values of its credentials left out. Pure. */
char *sl_sip_without_credentials(const char *bytes, size_t len);
/* libre counts references in what its handlers are given as constant. */
void *sl_sip_message(const struct sip_msg *msg);
const char *sl_sip_reason(int code);

#define SL_SIP_ALLOW "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE, REFER, NOTIFY"

#endif
