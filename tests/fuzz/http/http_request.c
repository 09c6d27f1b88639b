/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request head and the chunked body behind it. Whatever is accepted lies inside the input, holds
 * no byte that could end a line, and written out again it parses to the same; a chunked body
 * decodes to the same bytes however the input is cut.
 */
#include "base/mem.h"
#include "http/parse.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const char *text, const char *start, const char *end)
{
    if (*text == '\0')
        return; /* may be a literal */
    assert(text >= start && text < end);
    assert(memchr(text, '\0', (size_t)(end - text)));
    assert(sl_http_value_ok(text));
}

static void check_again(const struct sl_http_head *head, size_t len)
{
    size_t room = len + SL_HTTP_HEADERS_MAX * 4 + 64, used = 0;
    char *text = sl_alloc(room);
    struct sl_http_head again;

    used += (size_t)snprintf(text + used, room - used, "%s %s%s%s HTTP/1.%d\r\n", head->method,
                             head->path, *head->query ? "?" : "", head->query, head->minor_version);
    for (size_t i = 0; i < head->field_count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s: %s\r\n", head->fields[i].name,
                                 head->fields[i].value);
    used += (size_t)snprintf(text + used, room - used, "\r\n");
    assert(used < room);
    assert(sl_http_parse_request(text, used, &again) == 0);
    assert(strcmp(again.path, head->path) == 0 && strcmp(again.query, head->query) == 0);
    assert(again.field_count == head->field_count);
    for (size_t i = 0; i < head->field_count; i++)
        assert(strcmp(again.fields[i].value, head->fields[i].value) == 0);
    assert(again.content_length == head->content_length && again.chunked == head->chunked);
    assert(again.keep_alive == head->keep_alive);
    free(text);
}

/* Decodes; step 0: all at once. Returns the length of the body, with its result in *result. */
static size_t decode(const uint8_t *in, size_t len, size_t step, uint8_t *out, int *result)
{
    struct sl_http_chunked chunked = {0};
    size_t total = 0;

    *result = 0;
    while (len > 0 && *result == 0) {
        const uint8_t *data = NULL;
        size_t used = 0, data_len = 0, piece = step > 0 && step < len ? step : len;
        *result = sl_http_chunked_feed(&chunked, in, piece, &used, &data, &data_len);
        assert(used <= piece && (*result != 0 || used > 0));
        if (data_len > 0) {
            assert(data >= in && data_len <= (size_t)(in + used - data));
            memcpy(out + total, data, data_len);
            total += data_len;
        }
        in += used;
        len -= used;
    }
    return total;
}

static void check_chunked(const uint8_t *in, size_t len)
{
    uint8_t *whole = sl_alloc(len + 1), *pieces = sl_alloc(len + 1);
    int whole_result, pieces_result;
    size_t whole_len = decode(in, len, 0, whole, &whole_result);
    size_t pieces_len = decode(in, len, 1, pieces, &pieces_result);

    assert(whole_result == pieces_result && whole_len == pieces_len);
    assert(memcmp(whole, pieces, whole_len) == 0);
    free(whole);
    free(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = sl_http_find_head_end(data, size, 0);
    struct sl_http_head head;

    for (size_t from = 0; from < size && from < 64; from++) { /* seen before, and not found */
        if (from <= len)
            assert(len == 0 || sl_http_find_head_end(data, size, from < len ? from : 0) == len);
    }
    check_chunked(data + len, size - len);
    if (len == 0)
        return 0;
    char *text = malloc(len); /* exactly: the sanitizer sees a byte too many */
    memcpy(text, data, len);
    if (sl_http_parse_request(text, len, &head) == 0) {
        check_inside(head.method, text, text + len);
        check_inside(head.path, text, text + len);
        check_inside(head.query, text, text + len);
        for (size_t i = 0; i < head.field_count; i++) {
            check_inside(head.fields[i].name, text, text + len);
            check_inside(head.fields[i].value, text, text + len);
        }
        check_again(&head, len);
        char *path = sl_strdup(head.path);
        if (sl_http_decode_path(path) == 0)
            assert(sl_http_value_ok(path) && strlen(path) <= strlen(head.path));
        free(path);
        (void)sl_http_has_token(&head, "connection", "upgrade");
    }
    memcpy(text, data, len);
    (void)sl_http_parse_response(text, len, &head);
    free(text);
    return 0;
}
