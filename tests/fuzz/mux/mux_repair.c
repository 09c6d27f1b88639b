/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any file: what the repair keeps lies within it, and a repaired file is repaired into itself. The
 * first byte says of which container. */
#include "mux/mux.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static int read_bytes(void *owner, uint64_t offset, uint8_t *out, size_t len)
{
    const struct sl_buffer *file = owner;

    check(offset <= file->len && len <= file->len - offset);
    memcpy(out, file->data + offset, len);
    return (int)len;
}

static int repair(enum sl_container container, struct sl_buffer *file, struct sl_mux_repair *out)
{
    const struct sl_mux_source source = {file->len, read_bytes, file};

    return sl_mux_repair(container, &source, out);
}

static void apply(struct sl_buffer *file, const struct sl_mux_repair *r)
{
    check(r->len <= file->len && r->head.len <= r->len && r->head.ok && r->tail.ok);
    sl_buffer_rewind(file, (size_t)r->len);
    sl_buffer_append(file, r->tail.data, r->tail.len);
    if (r->head.len > 0)
        memcpy(file->data, r->head.data, r->head.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_buffer file;
    struct sl_mux_repair once, twice;

    if (len == 0)
        return 0;
    enum sl_container container = data[0] % (SL_MPEGTS + 1);
    sl_buffer_init(&file, SIZE_MAX / 2);
    sl_buffer_append(&file, data + 1, len - 1);
    if (repair(container, &file, &once) == 0) {
        apply(&file, &once);
        check(once.duration_us >= 0 && once.keyframes <= once.pieces);
        check(repair(container, &file, &twice) == 0);
        check(twice.len == once.len && twice.duration_us == once.duration_us);
        check(twice.pieces == once.pieces && twice.tail.len == once.tail.len);
        check(twice.tail.len == 0 || memcmp(twice.tail.data, once.tail.data, once.tail.len) == 0);
        sl_mux_repair_deinit(&twice);
        sl_mux_repair_deinit(&once);
    }
    sl_buffer_deinit(&file);
    return 0;
}
