/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a client's browser measures of one stream (rooms-mixers-diagnostics.md 3.4): the columns,
 * and batches of rows. All of it comes from outside. Pure; any thread.
 */
#ifndef SL_DIAGNOSE_METRICS_H
#define SL_DIAGNOSE_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    SL_METRICS_HEADERS_LEN_MAX = 16384,
    SL_METRICS_COLUMNS_MAX = 256,
    SL_METRICS_WIRE_MAX = 65536,   /* of a batch as it comes */
    SL_METRICS_TEXT_MAX = 1 << 20, /* of it, inflated */
    SL_METRICS_TOLD_MAX = 2 << 20, /* of its rows with names, and with what empty cells repeat */
    SL_METRICS_BATCH_ROWS_MAX = 1000,
};

struct sl_client_metrics;

struct sl_client_metrics *sl_client_metrics_create(void);
void sl_client_metrics_destroy(struct sl_client_metrics *metrics); /* NULL is fine */

/* What columns the batches have from now on: "type.id.name,type.id.name", and whether they are
 * "none" or "gzip". -EBADMSG: it is no such text, or too much of it; as before then. */
int sl_client_metrics_describe(struct sl_client_metrics *metrics, const char *headers,
                               const char *compression);
/*
 * One batch: the JSON text of rows, or the Base64 of its gzip. Calls fn, unless NULL, with each
 * row, whole and borrowed: an object with a text for each column. -EBADMSG: it is none of these
 * columns, or too large; no row was taken then.
 */
int sl_client_metrics_take(struct sl_client_metrics *metrics, const char *batch,
                           void (*fn)(void *arg, json_t *row), void *arg);
/* The last row. New reference; NULL: there was none. */
json_t *sl_client_metrics_last(const struct sl_client_metrics *metrics);

/*
 * What a page is told to measure, as it may know it: of a file's text, without what is the server's
 * alone. New reference; NULL: it is no such text.
 *
 * needs_key  out: it names a key store, which nothing here reads
 */
json_t *sl_metrics_description_read(const char *text, size_t len, bool *needs_key);
/* That of a server without such a file: everything is ready, nothing is collected. New reference.
 */
json_t *sl_metrics_description_usual(void);

#endif
