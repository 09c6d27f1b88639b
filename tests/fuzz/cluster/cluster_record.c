/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any id and record: what is accepted is clean, and what is built of it says the same.
 *
 * Input: the id up to a newline, then the record.
 */
#include "base/error.h"
#include "cluster/record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_node(const struct sl_cluster_node *node)
{
    struct sl_cluster_node again;
    char *text = sl_cluster_record_build(node);
    size_t id_len = strlen(node->id);

    check(sl_cluster_id_is_valid(node->id, id_len));
    check(sl_cluster_uri_is_valid(node->uri));
    for (const char *c = node->uri; *c; c++)
        check((unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f);
    check(node->started_ms >= 0 && node->load.cpu_percent >= 0 && !node->self);
    check(strlen(text) <= SL_CLUSTER_RECORD_MAX);
    check(sl_cluster_record_parse(node->id, id_len, text, strlen(text), &again, NULL) == 0);
    check(strcmp(again.uri, node->uri) == 0 && again.started_ms == node->started_ms);
    check(again.load.streams == node->load.streams && again.load.players == node->load.players);
    check(again.load.cpu_percent == node->load.cpu_percent);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_cluster_node node;
    struct sl_error error;
    const char *id = (const char *)data;
    const uint8_t *newline = len > 0 ? memchr(data, '\n', len) : NULL;

    if (!newline)
        return 0;
    size_t id_len = (size_t)(newline - data);
    if (sl_cluster_record_parse(id, id_len, (const char *)newline + 1, len - id_len - 1, &node,
                                &error) == 0)
        check_node(&node);
    return 0;
}
