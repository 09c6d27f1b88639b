/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes on their way out: appended at one end, taken at the other. Grows as needed; whoever appends
 * looks at outbox_len() first. Threads: one. */
#ifndef SL_PUSH_OUTBOX_H
#define SL_PUSH_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

struct outbox { /* zeroed: empty */
    uint8_t *bytes;
    size_t first, end, capacity;
};

void outbox_deinit(struct outbox *outbox);
void outbox_clear(struct outbox *outbox);
void outbox_append(struct outbox *outbox, const void *bytes, size_t len);
/* What is to go next, all of it in one piece. */
static inline const uint8_t *outbox_peek(const struct outbox *outbox)
{
    return outbox->bytes + outbox->first;
}
static inline size_t outbox_len(const struct outbox *outbox)
{
    return outbox->end - outbox->first;
}
void outbox_take(struct outbox *outbox, size_t len);

#endif
