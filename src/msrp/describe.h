/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptions of MSRP sessions (RFC 4975 section 8, RFC 6135, RFC 8122). Pure, any thread. */
#ifndef SL_MSRP_DESCRIBE_H
#define SL_MSRP_DESCRIBE_H

#include "base/addr.h"
#include "msrp/uri.h"
#include "net/net.h"

struct sl_buffer;
struct sl_error;

/* Who connects (RFC 4145 section 4). */
enum sl_msrp_setup { SL_MSRP_SETUP_NONE, SL_MSRP_ACTIVE, SL_MSRP_PASSIVE, SL_MSRP_ACTPASS };

enum {
    SL_MSRP_TYPES_MAX = 512,
    SL_MSRP_SECTIONS_MAX = 16,
    SL_MSRP_FINGERPRINTS_MAX = 4, /* further ones are left out */
};

/* What the other side says. */
struct sl_msrp_description {
    size_t section;              /* which of theirs it is; others are none of ours */
    char path[SL_MSRP_PATH_MAX]; /* checked: one URI at least, all of them readable */
    enum sl_msrp_setup setup;
    char types[SL_MSRP_TYPES_MAX]; /* accept-types */
    int64_t max_size;              /* bytes of a message; -1: any */
    bool secure;                   /* TCP/TLS/MSRP, and all of the path is msrps */
    /* Of their certificates, by one hash: the strongest of those named, none weaker than SHA-256.
     * If there are no others the description is refused. */
    struct sl_fingerprint fingerprints[SL_MSRP_FINGERPRINTS_MAX];
    size_t fingerprint_count;
};
/* -EBADMSG; -ENOMSG: there is no MSRP in it; with words. *out changes on success only. */
int sl_msrp_describe_parse(const char *sdp, struct sl_msrp_description *out,
                           struct sl_error *error);
/* No other section of it offers anything. */
bool sl_msrp_describe_is_alone(const char *sdp);
/* It takes messages of this type ("TYPE; PARAMETERS" is fine). */
bool sl_msrp_describe_takes(const struct sl_msrp_description *description, const char *type);

/* What we say. */
struct sl_msrp_local {
    struct sl_addr addr;                      /* as others see it, with its port */
    const char *uri;                          /* ours */
    const struct sl_fingerprint *fingerprint; /* of our certificate, SHA-256; NULL: without TLS */
    enum sl_msrp_setup setup;
    int64_t max_size;
    uint64_t id, version; /* of o= */
};
/* offer: what is answered, of which section is; NULL: nothing. */
void sl_msrp_describe_build(const struct sl_msrp_local *local, const char *offer, size_t section,
                            struct sl_buffer *out);

#endif
