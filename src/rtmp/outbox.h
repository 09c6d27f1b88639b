/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes on their way out: appended at one end, taken at the other. Grows as needed; whoever appends
 * looks at sl_outbox_len() first. Threads: one. */
#ifndef SL_RTMP_OUTBOX_H
#define SL_RTMP_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

struct sl_outbox { /* zeroed: empty */
    uint8_t *bytes;
    size_t first, end, capacity;
};

void sl_outbox_deinit(struct sl_outbox *outbox);
void sl_outbox_clear(struct sl_outbox *outbox);
void sl_outbox_append(struct sl_outbox *outbox, const void *bytes, size_t len);
/* What is to go next, all of it in one piece. */
static inline const uint8_t *sl_outbox_peek(const struct sl_outbox *outbox)
{
    return outbox->bytes + outbox->first;
}
static inline size_t sl_outbox_len(const struct sl_outbox *outbox)
{
    return outbox->end - outbox->first;
}
void sl_outbox_take(struct sl_outbox *outbox, size_t len);

#endif
