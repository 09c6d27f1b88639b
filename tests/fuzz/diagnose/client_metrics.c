/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients measure: columns, a NUL, whether it is gzipped, and a batch. What is taken has a
 * text for each column. */
#include "base/mem.h"
#include "diagnose/metrics.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_row(void *arg, json_t *row)
{
    const char *column;
    json_t *value;

    (void)arg;
    assert(json_object_size(row) > 0);
    json_object_foreach(row, column, value) assert(json_is_string(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_client_metrics *metrics = sl_client_metrics_create();
    char *text = sl_strndup((const char *)data, len);
    const char *end = memchr(data, '\0', len);
    char *batch = end ? sl_strndup(end + 1, (size_t)((const char *)data + len - end - 1)) : NULL;
    bool gzip = batch && batch[0] == 'z';
    json_t *last;

    (void)sl_client_metrics_describe(metrics, text, gzip ? "gzip" : "none");
    if (batch && sl_client_metrics_take(metrics, batch + gzip, check_row, NULL) == 0) {
        last = sl_client_metrics_last(metrics);
        check_row(NULL, last);
        json_decref(last);
    }
    free(batch);
    free(text);
    sl_client_metrics_destroy(metrics);
    return 0;
}
