/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chunks into messages. */
#include "msrp/inbox.h"

#include "base/list.h"
#include "base/mem.h"

#include <string.h>

enum { PIECES_MAX = 16 }; /* that do not touch one another */

struct piece {
    size_t from, to; /* bytes, the end not included */
};

struct part {
    struct sl_list link; /* in inbox->parts, the one that was added to last at the end */
    struct sl_msrp_message *message;
    struct piece pieces[PIECES_MAX]; /* in their order, apart from one another */
    size_t piece_count;
    int64_t total; /* -1: not known yet */
};

struct sl_msrp_inbox {
    struct sl_list parts;
    size_t count;
    struct part *open; /* whose chunk comes; NULL: none, or it was dropped */
    size_t from, at;   /* where the chunk began, and goes on */
};

void sl_msrp_message_destroy(struct sl_msrp_message *message)
{
    if (!message)
        return;
    sl_buffer_deinit(&message->body);
    free(message);
}

static void forget(struct sl_msrp_inbox *inbox, struct part *part)
{
    if (inbox->open == part)
        inbox->open = NULL;
    sl_list_remove(&part->link);
    inbox->count--;
    sl_msrp_message_destroy(part->message);
    free(part);
}

struct sl_msrp_inbox *sl_msrp_inbox_create(void)
{
    struct sl_msrp_inbox *inbox = sl_new(struct sl_msrp_inbox);

    sl_list_init(&inbox->parts);
    return inbox;
}

void sl_msrp_inbox_destroy(struct sl_msrp_inbox *inbox)
{
    if (!inbox)
        return;
    while (!sl_list_empty(&inbox->parts))
        forget(inbox, sl_list_first(&inbox->parts, struct part, link));
    free(inbox);
}

/* ---- Which bytes have come ---- */

/* False: too many pieces. */
static bool note_piece(struct part *part, struct piece added)
{
    struct piece kept[PIECES_MAX + 1];
    size_t count = 0, i = 0;

    while (i < part->piece_count && part->pieces[i].to < added.from)
        kept[count++] = part->pieces[i++];
    for (; i < part->piece_count && part->pieces[i].from <= added.to; i++) {
        if (part->pieces[i].from < added.from)
            added.from = part->pieces[i].from;
        if (part->pieces[i].to > added.to)
            added.to = part->pieces[i].to;
    }
    kept[count++] = added;
    while (i < part->piece_count)
        kept[count++] = part->pieces[i++];
    if (count > PIECES_MAX)
        return false;
    memcpy(part->pieces, kept, count * sizeof(kept[0]));
    part->piece_count = count;
    return true;
}

static bool is_whole(const struct part *part)
{
    return part->total > 0 && part->piece_count == 1 && part->pieces[0].from == 0 &&
           part->pieces[0].to == (size_t)part->total &&
           part->message->body.len == part->pieces[0].to;
}

/* ---- Chunks ---- */

static struct part *find(struct sl_msrp_inbox *inbox, struct sl_text_part id)
{
    struct part *part;

    sl_list_foreach(part, &inbox->parts, struct part, link)
    {
        if (strlen(part->message->id) == id.len && memcmp(part->message->id, id.at, id.len) == 0)
            return part;
    }
    return NULL;
}

static struct part *add_part(struct sl_msrp_inbox *inbox, const struct sl_msrp_head *head)
{
    struct part *part = sl_new(struct part);
    struct sl_msrp_message *message = sl_new(struct sl_msrp_message);

    if (inbox->count == SL_MSRP_PARTS_MAX)
        forget(inbox, sl_list_first(&inbox->parts, struct part, link));
    memcpy(message->id, head->message_id.at, head->message_id.len);
    memcpy(message->type, head->type.at, head->type.len);
    message->success_report = head->success_report;
    message->failure_report = head->failure_report;
    sl_buffer_init(&message->body, SL_MSRP_MESSAGE_MAX);
    part->message = message;
    part->total = -1;
    sl_list_append(&inbox->parts, &part->link);
    inbox->count++;
    return part;
}

int sl_msrp_inbox_open(struct sl_msrp_inbox *inbox, const struct sl_msrp_head *head)
{
    const struct sl_msrp_range *range = &head->range;

    inbox->open = NULL;
    if (head->message_id.len == 0 || head->message_id.len > SL_MSRP_ID_MAX || head->type.len == 0 ||
        head->type.len > SL_MSRP_TYPE_MAX)
        return 400;
    struct part *part = find(inbox, head->message_id);
    if (range->total > SL_MSRP_MESSAGE_MAX || range->from > SL_MSRP_MESSAGE_MAX) {
        if (part)
            forget(inbox, part);
        return 413;
    }
    if (!part)
        part = add_part(inbox, head);
    if (range->total >= 0)
        part->total = range->total;
    sl_list_remove(&part->link);
    sl_list_append(&inbox->parts, &part->link);
    inbox->open = part;
    inbox->from = inbox->at = (size_t)range->from - 1;
    return 0;
}

/* Those that have waited longest make room. */
static void make_room(struct sl_msrp_inbox *inbox, size_t len)
{
    struct part *part;
    size_t sum = len;

    sl_list_foreach(part, &inbox->parts, struct part, link) sum += part->message->body.len;
    sl_list_foreach(part, &inbox->parts, struct part, link)
    {
        if (sum <= SL_MSRP_INBOX_MAX || part == inbox->open)
            return;
        sum -= part->message->body.len;
        forget(inbox, part);
    }
}

int sl_msrp_inbox_add(struct sl_msrp_inbox *inbox, const void *data, size_t len)
{
    struct part *part = inbox->open;

    if (!part)
        return 413;
    struct sl_buffer *body = &part->message->body;
    size_t end = inbox->at + len;
    if (end > SL_MSRP_MESSAGE_MAX || (part->total >= 0 && end > (size_t)part->total)) {
        forget(inbox, part);
        return 413;
    }
    if (end > body->len) {
        make_room(inbox, end - body->len);
        sl_buffer_fill(body, 0, end - body->len);
    }
    if (!body->ok) { /* no memory */
        forget(inbox, part);
        return 413;
    }
    memcpy(body->data + inbox->at, data, len);
    inbox->at = end;
    return 0;
}

struct sl_msrp_message *sl_msrp_inbox_close(struct sl_msrp_inbox *inbox, enum sl_msrp_flag flag)
{
    struct part *part = inbox->open;

    inbox->open = NULL;
    if (!part)
        return NULL;
    if (flag == SL_MSRP_LAST && part->total < 0)
        part->total = (int64_t)inbox->at;
    if (flag == SL_MSRP_ABORTED || part->total == 0 ||
        (inbox->at > inbox->from && !note_piece(part, (struct piece){inbox->from, inbox->at}))) {
        forget(inbox, part);
        return NULL;
    }
    if (!is_whole(part))
        return NULL;
    struct sl_msrp_message *message = part->message;
    part->message = NULL;
    forget(inbox, part);
    return message;
}
