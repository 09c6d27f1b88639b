/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory of the libraries. */
#ifndef SL_SERVER_MEMORY_H
#define SL_SERVER_MEMORY_H

/* From here on memory that runs out within jansson, libuv, libcurl or OpenSSL ends the process as
 * sl_alloc() does: a NULL in there corrupts their heaps or their answers (a list with a member
 * less). What they ask for is bounded by what we give them. Once, before any of them is used.
 * Negative: one of them does not take it. */
int sl_memory_init(void);

#endif
