/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing MSRP. */
#include "base/buffer.h"
#include "msrp/frame.h"
#include "msrp/msrp.h"
#include "msrp/uri.h"

#include <stdio.h>
#include <string.h>

static void add(struct sl_buffer *out, const char *text)
{
    sl_buffer_append(out, text, strlen(text));
}

static void add_field(struct sl_buffer *out, const char *name, struct sl_text_part value)
{
    add(out, name);
    add(out, ": ");
    sl_buffer_append(out, value.at, value.len);
    add(out, "\r\n");
}

static void add_end(struct sl_buffer *out, struct sl_text_part transaction, enum sl_msrp_flag flag)
{
    add(out, "-------");
    sl_buffer_append(out, transaction.at, transaction.len);
    sl_buffer_u8(out, (uint8_t)flag);
    add(out, "\r\n");
}

static void print_number(int64_t number, char out[static 24])
{
    if (number < 0)
        (void)snprintf(out, 24, "*");
    else
        (void)snprintf(out, 24, "%lld", (long long)number);
}

static void add_range(struct sl_buffer *out, const struct sl_msrp_range *range)
{
    char to[24], total[24], text[96];

    print_number(range->to, to);
    print_number(range->total, total);
    int len = snprintf(text, sizeof(text), "%lld-%s/%s", (long long)range->from, to, total);
    add_field(out, "Byte-Range", (struct sl_text_part){text, (size_t)len});
}

void sl_msrp_write(const struct sl_msrp_request *request, struct sl_buffer *out)
{
    struct sl_text_part transaction = {request->transaction, strlen(request->transaction)};
    char line[64];

    add(out, "MSRP ");
    add(out, request->transaction);
    add(out, request->status > 0 ? " REPORT\r\n" : " SEND\r\n");
    add_field(out, "To-Path", request->to_path);
    add_field(out, "From-Path", request->from_path);
    add_field(out, "Message-ID", request->message_id);
    add_range(out, &request->range);
    if (request->status > 0) {
        (void)snprintf(line, sizeof(line), "Status: 000 %d\r\n", request->status);
        add(out, line);
    }
    if (request->type) {
        add_field(out, "Content-Type", (struct sl_text_part){request->type, strlen(request->type)});
        add(out, "\r\n");
        sl_buffer_append(out, request->body, request->len);
        add(out, "\r\n");
    }
    add_end(out, transaction, request->flag);
}

const char *sl_msrp_reason(int code)
{
    switch (code) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 408:
        return "No answer";
    case 413:
        return "Message Too Large";
    case 415:
        return "Unsupported Media Type";
    case 481:
        return "No Such Session";
    case 501:
        return "Unknown Method";
    case 506:
        return "Session In Use";
    default:
        return "Failed";
    }
}

/* Back to the neighbour that it came from, from the one of us that it was for (RFC 4975 section
 * 7.2). */
void sl_msrp_write_response(const struct sl_msrp_head *head, int code, struct sl_buffer *out)
{
    char line[64];

    add(out, "MSRP ");
    sl_buffer_append(out, head->transaction.at, head->transaction.len);
    (void)snprintf(line, sizeof(line), " %d %s\r\n", code, sl_msrp_reason(code));
    add(out, line);
    add_field(out, "To-Path", sl_msrp_path_first(head->from_path));
    add_field(out, "From-Path", sl_msrp_path_first(head->to_path));
    add_end(out, head->transaction, SL_MSRP_LAST);
}

bool sl_msrp_has_end(const void *body, size_t len, const char *transaction)
{
    char end[SL_MSRP_TRANSACTION_MAX + 8];
    int end_len = snprintf(end, sizeof(end), "-------%s", transaction);

    return memmem(body, len, end, (size_t)end_len) != NULL;
}
