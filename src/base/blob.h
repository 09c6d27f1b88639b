/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that many hold and nobody changes: filled once by whoever makes them, shared by reference
 * count, freed by the last. Threads: any. */
#ifndef SL_BASE_BLOB_H
#define SL_BASE_BLOB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct sl_blob {
    atomic_uint refs;
    size_t len; /* may be made smaller before it is shared */
    uint8_t data[];
};

/* One reference, zeroed bytes. NULL: there is no memory for so many. */
struct sl_blob *sl_blob_create(size_t len);
/* Returns blob. */
struct sl_blob *sl_blob_ref(struct sl_blob *blob);
/* NULL is fine. */
void sl_blob_unref(struct sl_blob *blob);

#endif
