/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What datagrams came and went, for a while: who with, how large, and what their heads say; nothing
 * of what they carry. One thread writes, what is there may be read by any.
 */
#ifndef SL_NET_CAPTURE_H
#define SL_NET_CAPTURE_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_captured_kind { /* RFC 7983 */
                        SL_CAPTURED_OTHER,
                        SL_CAPTURED_STUN,
                        SL_CAPTURED_DTLS,
                        SL_CAPTURED_RTP,
                        SL_CAPTURED_RTCP,
};

struct sl_captured {
    int64_t at_us; /* monotonic */
    struct sl_addr remote;
    uint16_t len;
    bool out;
    enum sl_captured_kind kind;
    uint16_t type; /* of STUN the message's, of DTLS the content's, of RTP the payload's, of RTCP
                      the first packet's */
    uint16_t seq;  /* these of RTP; ssrc of RTCP as well: the sender's */
    uint32_t timestamp, ssrc;
};

struct sl_capture;

/* Of at most so many; the caller has one reference. Any thread. */
struct sl_capture *sl_capture_create(size_t max);
struct sl_capture *sl_capture_ref(struct sl_capture *capture);
void sl_capture_unref(struct sl_capture *capture); /* NULL is fine */
/* One datagram, as it is on the wire; encrypted ones too. What is too many, or comes after the end,
 * is left out. [the writer's] */
void sl_capture_note(struct sl_capture *capture, bool out, const struct sl_addr *remote,
                     const uint8_t *data, size_t len);
/* Nothing more is taken. */
void sl_capture_end(struct sl_capture *capture);
bool sl_capture_has_ended(const struct sl_capture *capture);
/* As many as there are now; those stay as they are. */
size_t sl_capture_count(const struct sl_capture *capture);
const struct sl_captured *sl_capture_at(const struct sl_capture *capture, size_t n);

#endif
