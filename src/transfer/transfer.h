/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests over HTTP/1.1 with libcurl's multi interface on a libuv loop: one request out, one
 * result back, connections kept for the next. It follows no redirect, asks no proxy, sends no
 * cookie, speaks http and https only, connects only where its owner says it may, and sends no POST
 * twice. Everything on the loop's thread.
 *
 * Certificates are checked against the system's authorities, or those in the file that the
 * environment names in SSL_CERT_FILE, as OpenSSL's own programs do.
 */
#ifndef SL_TRANSFER_TRANSFER_H
#define SL_TRANSFER_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_addr;
struct sl_error;
struct sl_loop;
struct sl_transfer;
struct sl_transfers;

enum sl_transfer_outcome {
    SL_TRANSFER_ANSWERED, /* the whole answer is there, whatever its status */
    SL_TRANSFER_NOT_SENT, /* the server cannot have had the whole request: may be tried again */
    SL_TRANSFER_TIMED_OUT,
    SL_TRANSFER_TOO_LONG, /* the answer passed a bound */
    SL_TRANSFER_BROKEN,   /* sent, but no whole answer came */
};

/* Valid during on_done. */
struct sl_transfer_result {
    enum sl_transfer_outcome outcome;
    int status;         /* 0 until the answer's header was there */
    const char *reason; /* its words for that; "" */
    const char *body;   /* len bytes, not NUL-terminated; NULL if there are none */
    size_t len;
    int64_t duration_us;
    const char *why; /* not answered: words for the log */
};

/* From the loop, never from within a call of this header; but for may_reach they may call anything
 * here. */
struct sl_transfer_ops {
    /* An address that its name has led to: may it be connected to? */
    bool (*may_reach)(void *owner, const struct sl_addr *to);
    /* No name lookup is needed, or none any more. Once at most. */
    void (*on_address)(void *owner);
    /* The last call, once unless cut. The transfer is gone. */
    void (*on_done)(void *owner, const struct sl_transfer_result *result);
};

/* Copied, but for body, which must stay until on_done or the cut. */
struct sl_transfer_request {
    const char *url;
    const char *body; /* of a POST; NULL: a GET */
    size_t len;
    const char *const *headers; /* `Name: value`, without CR and LF; may hold Authorization */
    size_t header_count;
    const char *username, *password; /* NULL: none. HTTP Basic, sent without being asked for; or */
    bool when_asked;                 /* Digest or Basic, whichever is asked for */
    int64_t timeout_ms;              /* from now to the whole answer; 0: no bound */
    size_t answer_max;               /* bytes of its body */
};

enum { SL_TRANSFER_HOST_MAX = 256 };
/* Where a URL leads, as the transfer would read it: an address without brackets. -EINVAL: it is not
 * of http or https, or names a user. */
int sl_transfer_host(const char *url, char out[static SL_TRANSFER_HOST_MAX]);

/* connections: kept and used together, never more. */
int sl_transfers_create(struct sl_loop *loop, size_t connections, struct sl_transfers **out,
                        struct sl_error *error);
/* Cuts all; nobody is called. Allowed within on_done. NULL is fine. */
void sl_transfers_destroy(struct sl_transfers *transfers);

/* Every fault is told by on_done. Valid until then. */
struct sl_transfer *sl_transfer_start(struct sl_transfers *transfers,
                                      const struct sl_transfer_request *request,
                                      const struct sl_transfer_ops *ops, void *owner);
/* Nothing is called any more. NULL is fine. */
void sl_transfer_cut(struct sl_transfer *transfer);

#endif
