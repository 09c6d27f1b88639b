/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages put together of the chunks in which they come (RFC 4975 section 5.1, 7.3.1): several at
 * a time, in whatever order, each byte perhaps more than once. What is not whole is bounded: for
 * one too many, the one that has waited longest goes. No I/O. Threads: one at a time.
 */
#ifndef SL_MSRP_INBOX_H
#define SL_MSRP_INBOX_H

#include "base/buffer.h"
#include "msrp/frame.h"

enum {
    SL_MSRP_MESSAGE_MAX = 1 << 20, /* bytes (sip.md 13) */
    SL_MSRP_PARTS_MAX = 4,         /* messages that are not whole ... */
    SL_MSRP_INBOX_MAX = 2 << 20,   /* ... and their bytes */
    SL_MSRP_ID_MAX = 128,
    SL_MSRP_TYPE_MAX = 256,
};

/* A whole message. */
struct sl_msrp_message {
    char id[SL_MSRP_ID_MAX + 1];
    char type[SL_MSRP_TYPE_MAX + 1];
    struct sl_buffer body;
    bool success_report;
    enum sl_msrp_wish failure_report;
};

struct sl_msrp_inbox;

struct sl_msrp_inbox *sl_msrp_inbox_create(void);
/* NULL is fine. */
void sl_msrp_inbox_destroy(struct sl_msrp_inbox *inbox);
/* A chunk with this head begins. Returns 0, or the code it is refused with: 400, 413. */
int sl_msrp_inbox_open(struct sl_msrp_inbox *inbox, const struct sl_msrp_head *head);
/* More of it. 0; 413: the message is dropped, and so is what follows of the chunk. */
int sl_msrp_inbox_add(struct sl_msrp_inbox *inbox, const void *data, size_t len);
/* It has ended. The message, if that is whole by now: the caller's; NULL: it is not, or dropped. */
struct sl_msrp_message *sl_msrp_inbox_close(struct sl_msrp_inbox *inbox, enum sl_msrp_flag flag);
/* NULL is fine. */
void sl_msrp_message_destroy(struct sl_msrp_message *message);

#endif
