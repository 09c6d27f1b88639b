/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing buffer that is emptied from the front. */
#include "rtmp/outbox.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { CAPACITY_MIN = 4096, CAPACITY_KEPT = 1 << 20 /* a larger one is freed when empty */ };

void sl_outbox_deinit(struct sl_outbox *outbox)
{
    free(outbox->bytes);
    *outbox = (struct sl_outbox){0};
}

void sl_outbox_clear(struct sl_outbox *outbox)
{
    outbox->first = 0;
    outbox->end = 0;
    if (outbox->capacity > CAPACITY_KEPT)
        sl_outbox_deinit(outbox);
}

static void make_room(struct sl_outbox *outbox, size_t len)
{
    size_t used = sl_outbox_len(outbox), capacity = outbox->capacity;

    if (outbox->capacity - outbox->end >= len)
        return;
    while (capacity - used < len)
        capacity = capacity ? capacity * 2 : CAPACITY_MIN;
    if (capacity == outbox->capacity) {
        memmove(outbox->bytes, outbox->bytes + outbox->first, used);
    } else {
        uint8_t *bytes = sl_alloc(capacity);
        if (used > 0)
            memcpy(bytes, outbox->bytes + outbox->first, used);
        free(outbox->bytes);
        outbox->bytes = bytes;
        outbox->capacity = capacity;
    }
    outbox->first = 0;
    outbox->end = used;
}

void sl_outbox_append(struct sl_outbox *outbox, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    make_room(outbox, len);
    memcpy(outbox->bytes + outbox->end, bytes, len);
    outbox->end += len;
}

void sl_outbox_take(struct sl_outbox *outbox, size_t len)
{
    assert(len <= sl_outbox_len(outbox));
    outbox->first += len;
    if (outbox->first == outbox->end)
        sl_outbox_clear(outbox);
}
