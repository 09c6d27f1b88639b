/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * STUN messages for ICE (RFC 8489, 8445): parse, verify, build. Pure; no allocation on the path.
 */
#ifndef SL_WEBRTC_STUN_H
#define SL_WEBRTC_STUN_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_stun_class { SL_STUN_REQUEST, SL_STUN_INDICATION, SL_STUN_SUCCESS, SL_STUN_ERROR };

enum { SL_STUN_BINDING = 1, SL_STUN_HEADER_LEN = 20, SL_STUN_TID_LEN = 12, SL_STUN_MAX = 1280 };

struct sl_stun_view {
    enum sl_stun_class class;
    uint16_t method;
    const uint8_t *transaction_id; /* 12 bytes in the parsed buffer */
    const char *username;          /* not terminated; NULL if absent */
    size_t username_len;           /* at most 513 (RFC 8489 14.3) */
    bool use_candidate;
    bool ice_controlling, ice_controlled;
    uint64_t tie_breaker;
    uint32_t priority;
    bool has_mapped;
    struct sl_addr mapped; /* XOR-MAPPED-ADDRESS */
    int error_code;        /* 300..699; 0 if none */
    bool unknown_required; /* an unknown comprehension-required attribute: answer 420 */
    size_t integrity_at;   /* offset of MESSAGE-INTEGRITY, 0 if absent */
};

/* True if the first byte can begin STUN (RFC 7983: 0..3) and the magic cookie is there. */
bool sl_stun_is(const uint8_t *buf, size_t len);
/* Attributes after MESSAGE-INTEGRITY are ignored except FINGERPRINT, which must be right if there.
 * -EBADMSG if malformed or longer than SL_STUN_MAX; *out is then unchanged. */
int sl_stun_parse(const uint8_t *buf, size_t len, struct sl_stun_view *out);
/* Checks MESSAGE-INTEGRITY with a short-term password, in constant time. */
bool sl_stun_verify(const uint8_t *buf, size_t len, const struct sl_stun_view *view,
                    const char *password);

struct sl_stun_request {
    const uint8_t *transaction_id;
    const char *username; /* "remote:local" */
    const char *password; /* the remote's */
    uint32_t priority;
    bool controlling;
    uint64_t tie_breaker;
    bool use_candidate;
};
/* Each writes a whole message with MESSAGE-INTEGRITY and FINGERPRINT into out (SL_STUN_MAX bytes)
 * and returns its length; 0 for a username beyond 513 bytes. */
size_t sl_stun_build_request(const struct sl_stun_request *request, uint8_t *out);
size_t sl_stun_build_success(const uint8_t *transaction_id, const struct sl_addr *mapped,
                             const char *password, uint8_t *out);
/* code 400, 401, 420, 487; password NULL: without integrity. 420 lists no attributes. */
size_t sl_stun_build_error(const uint8_t *transaction_id, int code, const char *password,
                           uint8_t *out);

#endif
