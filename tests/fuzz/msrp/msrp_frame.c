/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what comes over a connection: read in pieces they are the same as read whole, texts
 * lie where they should, and a request that is written from what was read is read as the same.
 * Bodies go into an inbox, whose bounds must hold.
 */
#include "base/buffer.h"
#include "base/mem.h"
#include "msrp/frame.h"
#include "msrp/inbox.h"
#include "msrp/uri.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All that was read, as a hash: how bodies were cut makes no difference. */
struct seen {
    uint64_t hash;
    size_t frames;
    int err;
};

static void note(struct seen *seen, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        seen->hash = (seen->hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static void check_part(const struct sl_msrp_reader *reader, struct sl_text_part part)
{
    uintptr_t begin = (uintptr_t)reader->text, at = (uintptr_t)part.at;

    if (part.len > 0 && (at < begin || at - begin > sizeof(reader->text) ||
                         part.len > sizeof(reader->text) - (at - begin)))
        abort();
}

static void check_head(const struct sl_msrp_reader *reader)
{
    const struct sl_msrp_head *head = &reader->head;

    check_part(reader, head->transaction);
    check_part(reader, head->to_path);
    check_part(reader, head->from_path);
    check_part(reader, head->message_id);
    check_part(reader, head->type);
    if (head->range.from < 1 || head->transaction.len > SL_MSRP_TRANSACTION_MAX)
        abort();
    (void)sl_msrp_uri_same(sl_msrp_path_first(head->to_path), sl_msrp_path_last(head->from_path));
}

static void note_head(struct seen *seen, const struct sl_msrp_head *head)
{
    note(seen, &head->method, sizeof(head->method));
    note(seen, head->transaction.at, head->transaction.len);
    note(seen, head->to_path.at, head->to_path.len);
    note(seen, head->message_id.at, head->message_id.len);
    note(seen, &head->range, sizeof(head->range));
}

/* The same head and end, with a body of ours. */
static void check_written(const struct sl_msrp_head *head)
{
    char transaction[SL_MSRP_TRANSACTION_MAX + 1] = "", type[SL_MSRP_HEAD_MAX] = "";
    struct sl_msrp_reader *again = sl_new(struct sl_msrp_reader);
    struct sl_msrp_event event;
    struct sl_buffer out;
    size_t used;

    memcpy(transaction, head->transaction.at, head->transaction.len);
    if (head->type.len > 0)
        memcpy(type, head->type.at, head->type.len);
    const struct sl_msrp_request request = {.transaction = transaction,
                                            .to_path = head->to_path,
                                            .from_path = head->from_path,
                                            .message_id = head->message_id,
                                            .range = head->range,
                                            .type = head->type.len > 0 ? type : NULL,
                                            .body = "\r\n-------\r",
                                            .len = 10,
                                            .flag = SL_MSRP_MORE};
    sl_buffer_init(&out, 4 * SL_MSRP_HEAD_MAX);
    sl_msrp_write(&request, &out);
    bool fits = head->message_id.len > 0 && out.len < SL_MSRP_HEAD_MAX;
    if (fits && (sl_msrp_read(again, out.data, out.len, &used, &event) < 0 ||
                 event.kind != SL_MSRP_HEAD || again->head.to_path.len != head->to_path.len ||
                 memcmp(&again->head.range, &head->range, sizeof(head->range)) != 0))
        abort();
    sl_buffer_clear(&out);
    sl_msrp_write_response(head, 200, &out);
    sl_buffer_deinit(&out);
    free(again);
}

static void take(struct sl_msrp_inbox *inbox, const struct sl_msrp_reader *reader,
                 const struct sl_msrp_event *event, bool *open)
{
    struct sl_msrp_message *message;

    switch (event->kind) {
    case SL_MSRP_NOTHING:
        break;
    case SL_MSRP_HEAD:
        *open = reader->head.has_body && sl_msrp_inbox_open(inbox, &reader->head) == 0;
        break;
    case SL_MSRP_DATA:
        *open = *open && sl_msrp_inbox_add(inbox, event->data, event->len) == 0;
        break;
    case SL_MSRP_END:
        message = *open ? sl_msrp_inbox_close(inbox, event->flag) : NULL;
        if (message && (message->body.len == 0 || message->body.len > SL_MSRP_MESSAGE_MAX))
            abort();
        sl_msrp_message_destroy(message);
        break;
    }
}

static struct seen read_all(const uint8_t *data, size_t len, size_t step)
{
    struct sl_msrp_reader *reader = sl_new(struct sl_msrp_reader);
    struct sl_msrp_inbox *inbox = sl_msrp_inbox_create();
    struct seen seen = {.hash = 14695981039346656037u};
    struct sl_msrp_event event;
    bool open = false;

    for (size_t at = 0; at < len && seen.err == 0;) {
        size_t piece = len - at < step ? len - at : step, used;
        seen.err = sl_msrp_read(reader, data + at, piece, &used, &event);
        if (seen.err < 0)
            break;
        at += used;
        take(inbox, reader, &event, &open);
        if (event.kind == SL_MSRP_HEAD) {
            check_head(reader);
            note_head(&seen, &reader->head);
            check_written(&reader->head);
        } else if (event.kind == SL_MSRP_DATA) {
            note(&seen, event.data, event.len);
        } else if (event.kind == SL_MSRP_END) {
            seen.frames++;
        } else if (used != piece) {
            abort();
        }
    }
    sl_msrp_inbox_destroy(inbox);
    free(reader);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    size_t step = data[0] % 64 + 1U;
    struct seen whole = read_all(data + 1, len - 1, len),
                pieces = read_all(data + 1, len - 1, step);

    if (whole.err != pieces.err || whole.hash != pieces.hash || whole.frames != pieces.frames)
        abort();
    return 0;
}
