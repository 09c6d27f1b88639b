/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A phone's messages, as the files that have to do with them share it (sip.md 10): messages.c what
 * is told of them, message_out.c what the client writes, message_in.c what comes, and the
 * notifications of delivery in both directions. */
#ifndef SL_CALLS_MESSAGES_H
#define SL_CALLS_MESSAGES_H

#include "base/bucket.h"
#include "base/table.h"
#include "calls/internal.h"

#include <jansson.h>

enum {
    SL_MESSAGES_SENT_MAX = 1000, /* whose notifications are waited for (sip.md 10.2) */
    SL_MESSAGES_UNDER_WAY_MAX = 64,
    SL_MESSAGES_AWAY_MAX = 100,           /* rooms-mixers-diagnostics.md 4 */
    SL_MESSAGES_AWAY_BYTES_MAX = 8 << 20, /* of their texts: those of MSRP may be long */
};

struct sl_messages {
    struct sl_phone *phone;
    struct sl_bucket bucket; /* what its client may ask for */
    struct sl_list outgoing; /* message_out.c: under way */
    size_t outgoing_count;
    struct sl_table sent; /* message_out.c: may be notified of, by what they are called there */
    struct sl_list sent_order; /* the same, the oldest first */
    struct sl_list arrivals;   /* message_in.c: the back end is asked about */
    struct sl_list deliveries; /* message_in.c: the client may confirm, the oldest first */
    size_t delivery_count;
    json_t *away; /* what a client that is away has to hear, the oldest first; NULL: nothing */
    size_t away_bytes;
};

/* Client and back end hear of it; info and raw may be NULL. object is borrowed, and stays as it
 * is. */
void sl_messages_tell(struct sl_messages *messages, const json_t *object, const char *status,
                      const char *info, const char *raw);
/* RFC 3339, of now. */
enum { SL_DATE_TIME_LEN = 24 };
void sl_date_time(char out[static SL_DATE_TIME_LEN]);

/* ---- message_out.c ---- */

/* One that was called so there has come to something. */
void sl_messages_notified(struct sl_messages *messages, const char *wire_id, bool delivered,
                          const char *info, const char *raw);
/* Tells a sender that one was delivered; object as for sl_messages_tell(). */
void sl_messages_send_notification(struct sl_messages *messages, const json_t *object,
                                   const char *target, const char *body);
void sl_messages_drop_outgoing(struct sl_messages *messages);

#endif
