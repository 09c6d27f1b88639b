/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a file that somebody else holds. */
#include "mux/source.h"

#include <errno.h>
#include <limits.h>

int sl_mux_peek(const struct sl_mux_source *source, uint64_t offset, uint8_t *buf, size_t len,
                struct sl_reader *out)
{
    uint64_t left = offset < source->len ? source->len - offset : 0;
    size_t wanted = len < left ? len : (size_t)left;
    int got = wanted > 0 ? source->read(source->owner, offset, buf, wanted) : 0;

    if (got < 0)
        return got;
    *out = sl_reader_of(buf, (size_t)got < wanted ? (size_t)got : wanted);
    return 0;
}

int sl_mux_read(const struct sl_mux_source *source, uint64_t offset, size_t len,
                struct sl_buffer *out)
{
    struct sl_reader r;

    if (len > INT_MAX || offset > source->len || len > source->len - offset)
        return -EBADMSG;
    uint8_t *room = sl_buffer_extend(out, len);
    if (!room)
        return -ENOMEM;
    int err = sl_mux_peek(source, offset, room, len, &r);
    if (err < 0)
        return err;
    return sl_reader_left(&r) == len ? 0 : -EBADMSG;
}
