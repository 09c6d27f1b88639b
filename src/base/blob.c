/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared bytes. */
#include "base/blob.h"

#include <stdlib.h>

struct sl_blob *sl_blob_create(size_t len)
{
    if (len > SIZE_MAX - sizeof(struct sl_blob))
        return NULL;
    struct sl_blob *blob = calloc(1, sizeof(*blob) + len);

    if (!blob)
        return NULL;
    atomic_init(&blob->refs, 1);
    blob->len = len;
    return blob;
}

struct sl_blob *sl_blob_ref(struct sl_blob *blob)
{
    atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    return blob;
}

void sl_blob_unref(struct sl_blob *blob)
{
    if (blob && atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) == 1)
        free(blob);
}
