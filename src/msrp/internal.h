/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a session share. */
#ifndef SL_MSRP_INTERNAL_H
#define SL_MSRP_INTERNAL_H

#include "base/bucket.h"
#include "base/list.h"
#include "msrp/describe.h"
#include "msrp/frame.h"
#include "msrp/inbox.h"
#include "msrp/msrp.h"
#include "net/net.h"

enum {
    SL_MSRP_LINKS_MAX = 4,          /* that have come, and not said yet whose they are */
    SL_MSRP_CHUNK = 2048,           /* RFC 4975 section 5.1: longer ones must be interruptible */
    SL_MSRP_QUEUED_MAX = 64 << 10,  /* bytes given to the connection ahead of what it takes, ... */
    SL_MSRP_UNREAD_MIN = 128 << 10, /* ... and with answers: nothing more is read then */
    SL_MSRP_OUTGOING_MAX = 2 << 20, /* bytes of texts on their way */
    SL_MSRP_ANSWER_MAX_S = 30,      /* RFC 4975 section 7.1.1, 7.2 */
    SL_MSRP_TOKEN_LEN = 20,         /* [0-9a-z]: 103 bits; RFC 4975 section 14.1 wants 80 */
};

/*
 * WAITING --sl_msrp_be_open()--> OPEN --sl_msrp_be_lost()--> LOST --sl_msrp_fail()--> FAILED
 * WAITING, OPEN --sl_msrp_fail()--> FAILED
 *
 * LOST: the connection has ended; a BYE says the same as a rule, and is waited for.
 */
enum sl_msrp_state { SL_MSRP_WAITING, SL_MSRP_OPEN, SL_MSRP_LOST, SL_MSRP_FAILED };

struct sl_msrp_link {
    struct sl_msrp_session *session;
    struct sl_list link; /* in session->links */
    struct sl_conn *conn;
    bool dialled; /* by us, and it is not known yet who is there */
    struct sl_msrp_reader reader;
};

struct sl_msrp_session {
    struct sl_msrp_config config;
    enum sl_msrp_state state;
    char own[SL_MSRP_URI_MAX];
    struct sl_fingerprint fingerprint; /* by TLS: of our certificate */
    uint64_t description_id, version;
    struct sl_buffer text;             /* our description; ends with a NUL */
    struct sl_msrp_description theirs; /* once described */
    bool described, active;            /* active: we connect */

    struct sl_acceptor *acceptor; /* NULL: nobody else is let in */
    struct sl_lookup *lookup;     /* NULL: not under way, as dial */
    struct sl_dial *dial;
    struct sl_list links;
    size_t link_count;
    struct sl_msrp_link *bound; /* one of links; NULL: none yet, or no more */
    char greeting[SL_MSRP_TRANSACTION_MAX + 1];
    struct sl_timer *tick; /* from when the connection is to come about */
    int64_t since_us;      /* it waits, or has lost it */

    struct sl_msrp_inbox *inbox;
    struct sl_bucket frames, texts;
    struct sl_timer *rest; /* reading goes on when it is over */
    bool resting;
    int code;                        /* what the chunk that comes is answered */
    struct sl_msrp_message *message; /* whole, and its owner has not said what became of it */
    bool message_due;

    struct sl_list outgoing; /* struct sl_msrp_outgoing */
    struct sl_list done;     /* the same, whose owners are to be told */
    size_t outgoing_len;

    struct sl_later later;
    bool open_due;
    char *failure; /* to be told */
};

struct sl_msrp_outgoing {
    struct sl_list link;
    struct sl_msrp_session *session;
    void (*on_sent)(void *owner, int code);
    void *owner;
    char id[SL_MSRP_TOKEN_LEN + 1], prefix[SL_MSRP_TOKEN_LEN + 1]; /* of its transactions */
    char *type;
    uint8_t *body;
    size_t len, at;          /* at: what has been given to the connection */
    unsigned sent, answered; /* chunks */
    int64_t since_us;        /* a chunk was last sent or answered */
    int code;
};

static inline struct sl_text_part sl_msrp_part(const char *text)
{
    return (struct sl_text_part){text, __builtin_strlen(text)};
}

/* ---- tell.c ---- */

void sl_msrp_tell_init(struct sl_msrp_session *session);
void sl_msrp_be_open(struct sl_msrp_session *session);
/* Later, unless a BYE comes before. */
void sl_msrp_be_lost(struct sl_msrp_session *session);
void sl_msrp_fail(struct sl_msrp_session *session, const char *words);
/* There is a message, or one that was sent. */
void sl_msrp_tell_later(struct sl_msrp_session *session);
void sl_msrp_outgoing_free(struct sl_msrp_outgoing *outgoing);
/* What became of it; it is gone then. */
void sl_msrp_tell_sent(struct sl_msrp_outgoing *outgoing);

/* ---- link.c ---- */

/* Takes fd and ssl (NULL: in clear); NULL: it cannot be watched. */
struct sl_msrp_link *sl_msrp_link_create(struct sl_msrp_session *session, int fd, SSL *ssl,
                                         const struct sl_conn_ops *ops);
void sl_msrp_link_send(struct sl_msrp_link *link, struct sl_buffer *bytes);
/* What is queued leaves yet. */
void sl_msrp_link_finish(struct sl_msrp_link *link, const char *why);
/* Its connection has gone already. */
void sl_msrp_link_free(struct sl_msrp_link *link);
/* It is this one; all others go, and nobody else is let in. */
void sl_msrp_bind(struct sl_msrp_session *session, struct sl_msrp_link *link);
/* What was not read, for one reason or another, is. */
void sl_msrp_read_on(struct sl_msrp_session *session);

/* ---- secure.c ---- */

/* It can be found out whose connection it is. -EACCES, with words. */
int sl_msrp_check_provable(const struct sl_msrp_session *session, struct sl_error *error);
/* The certificate that is shown there, if it is by TLS, is theirs. -EACCES, with words; told by a
 * log line. */
int sl_msrp_check_proof(const struct sl_msrp_link *link, struct sl_error *error);

/* ---- outgoing.c ---- */

/* As much as the connection takes. */
void sl_msrp_pump(struct sl_msrp_session *session);
/* A response, or a REPORT. */
void sl_msrp_take_response(struct sl_msrp_session *session, const struct sl_msrp_head *head);
void sl_msrp_take_report(struct sl_msrp_session *session, const struct sl_msrp_head *head);
/* Those that nobody has answered. */
void sl_msrp_check_answers(struct sl_msrp_session *session, int64_t now_us);
void sl_msrp_greet(struct sl_msrp_session *session);
/* The sender of a message wants to hear of it. */
void sl_msrp_report(struct sl_msrp_session *session, const struct sl_msrp_message *message,
                    int code);

/* ---- incoming.c ---- */

/* How many bytes were read, the others are to come again; -1: the link is gone. */
ssize_t sl_msrp_take(struct sl_msrp_link *link, const uint8_t *data, size_t len);

/* ---- connect.c ---- */

int sl_msrp_listen(struct sl_msrp_session *session, struct sl_error *error);
void sl_msrp_connect(struct sl_msrp_session *session);
void sl_msrp_disconnect(struct sl_msrp_session *session);

#endif
