/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading MSRP: the head is gathered, the body passes through, the end line is looked for in it. */
#include "msrp/frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum state { IN_HEAD, IN_BODY, AT_END };

enum {
    TRANSACTION_MIN = 4, /* RFC 4975 section 9: ident */
    DASHES = 7,
    DIGITS_MAX = 15, /* of a number: no sum of two overflows */
};

static const char dashes[] = "-------";

/* ---- Words ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_ident(struct sl_text_part part)
{
    if (part.len < TRANSACTION_MIN || part.len > SL_MSRP_TRANSACTION_MAX || !is_alnum(part.at[0]))
        return false;
    for (size_t i = 1; i < part.len; i++) {
        if (!is_alnum(part.at[i]) && (part.at[i] == '\0' || !strchr(".-+%=", part.at[i])))
            return false;
    }
    return true;
}

static bool is(struct sl_text_part part, const char *text)
{
    return part.len == strlen(text) && strncasecmp(part.at, text, part.len) == 0;
}

/* Up to the next blank, which is skipped. */
static struct sl_text_part take_word(struct sl_text_part *rest)
{
    const char *blank = memchr(rest->at, ' ', rest->len);
    struct sl_text_part word = {rest->at, blank ? (size_t)(blank - rest->at) : rest->len};
    size_t gone = word.len + (blank != NULL);

    rest->at += gone;
    rest->len -= gone;
    return word;
}

/* Three digits, as status codes are. */
static int read_code(struct sl_text_part word)
{
    if (word.len != 3 || !is_digit(word.at[0]) || !is_digit(word.at[1]) || !is_digit(word.at[2]))
        return -EBADMSG;
    return (word.at[0] - '0') * 100 + (word.at[1] - '0') * 10 + (word.at[2] - '0');
}

/* A number, or '*'; moves on. */
static bool read_number(struct sl_text_part *rest, int64_t *out)
{
    size_t len = 0;

    *out = -1;
    if (rest->len > 0 && rest->at[0] == '*') {
        len = 1;
    } else {
        for (*out = 0; len < rest->len && len < DIGITS_MAX && is_digit(rest->at[len]); len++)
            *out = *out * 10 + (rest->at[len] - '0');
    }
    rest->at += len;
    rest->len -= len;
    return len > 0;
}

static bool skip(struct sl_text_part *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    rest->at++;
    rest->len--;
    return true;
}

/* ---- The head ---- */

static int read_range(struct sl_text_part value, struct sl_msrp_range *out)
{
    struct sl_msrp_range range;

    if (!read_number(&value, &range.from) || !skip(&value, '-') ||
        !read_number(&value, &range.to) || !skip(&value, '/') ||
        !read_number(&value, &range.total) || value.len > 0 || range.from < 1)
        return -EBADMSG;
    if ((range.to >= 0 && range.to < range.from - 1) ||
        (range.total >= 0 && (range.from > range.total + 1 || range.to > range.total)))
        return -EBADMSG;
    *out = range;
    return 0;
}

static int read_status(struct sl_text_part value, int *out)
{
    if (!is(take_word(&value), "000")) /* no other namespace is known */
        return 0;
    int code = read_code(take_word(&value));
    if (code < 0)
        return code;
    *out = code;
    return 0;
}

/* Once, and not empty. */
static int read_text(struct sl_text_part value, struct sl_text_part *out)
{
    if (out->len > 0 || value.len == 0)
        return -EBADMSG;
    *out = value;
    return 0;
}

static enum sl_msrp_wish read_wish(struct sl_text_part value)
{
    return is(value, "no") ? SL_MSRP_NO : is(value, "partial") ? SL_MSRP_PARTIAL : SL_MSRP_YES;
}

static int read_field(struct sl_msrp_head *head, struct sl_text_part line)
{
    const char *colon = memchr(line.at, ':', line.len);
    struct sl_text_part name = {line.at, colon ? (size_t)(colon - line.at) : 0};

    if (name.len == 0)
        return -EBADMSG;
    struct sl_text_part value = {colon + 1, line.len - name.len - 1};
    while (value.len > 0 && (value.at[0] == ' ' || value.at[0] == '\t')) {
        value.at++;
        value.len--;
    }
    while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
        value.len--;
    if (is(name, "To-Path"))
        return read_text(value, &head->to_path);
    if (is(name, "From-Path"))
        return read_text(value, &head->from_path);
    if (is(name, "Message-ID"))
        return read_text(value, &head->message_id);
    if (is(name, "Content-Type"))
        return read_text(value, &head->type);
    if (is(name, "Byte-Range"))
        return read_range(value, &head->range);
    if (is(name, "Status"))
        return read_status(value, &head->status);
    if (is(name, "Success-Report"))
        head->success_report = is(value, "yes");
    if (is(name, "Failure-Report"))
        head->failure_report = read_wish(value);
    return 0;
}

/* "MSRP transaction METHOD", "MSRP transaction CODE comment". */
static int read_start(struct sl_msrp_reader *reader, struct sl_text_part line)
{
    struct sl_msrp_head *head = &reader->head;

    *head = (struct sl_msrp_head){.range = {1, -1, -1}};
    if (!is(take_word(&line), "MSRP"))
        return -EBADMSG;
    head->transaction = take_word(&line);
    struct sl_text_part method = take_word(&line);
    if (!is_ident(head->transaction) || method.len == 0)
        return -EBADMSG;
    if (is_digit(method.at[0])) {
        head->code = read_code(method);
        head->method = SL_MSRP_RESPONSE;
    } else {
        head->method = is(method, "SEND")     ? SL_MSRP_SEND
                       : is(method, "REPORT") ? SL_MSRP_REPORT
                                              : SL_MSRP_OTHER;
    }
    reader->end_len = (size_t)snprintf(reader->end, sizeof(reader->end), "\r\n%s%.*s", dashes,
                                       (int)head->transaction.len, head->transaction.at);
    return head->code < 0 ? -EBADMSG : 0;
}

static bool is_flag(char c)
{
    return c == SL_MSRP_LAST || c == SL_MSRP_MORE || c == SL_MSRP_ABORTED;
}

/* The head ends here: with a blank line in front of a body, or with the end line. */
static int finish_head(struct sl_msrp_reader *reader, bool has_body, struct sl_msrp_event *event)
{
    struct sl_msrp_head *head = &reader->head;

    if (head->to_path.len == 0 || head->from_path.len == 0 ||
        (has_body && head->method == SL_MSRP_RESPONSE))
        return -EBADMSG;
    head->has_body = has_body;
    reader->state = has_body ? IN_BODY : AT_END;
    reader->matched = 0;
    reader->text_len = reader->line_at = 0; /* its bytes stay until the next head */
    event->kind = SL_MSRP_HEAD;
    return 0;
}

/* A whole line has come. */
static int take_line(struct sl_msrp_reader *reader, struct sl_msrp_event *event)
{
    struct sl_text_part line = {reader->text + reader->line_at,
                                reader->text_len - reader->line_at - 2};
    bool first = reader->line_at == 0;
    size_t end_len = reader->end_len - 2;

    if (first && line.len == 0) { /* some keep a connection open by empty lines */
        reader->text_len = 0;
        return 0;
    }
    reader->line_at = reader->text_len;
    if (memchr(line.at, '\0', line.len) || memchr(line.at, '\r', line.len))
        return -EBADMSG;
    if (first)
        return read_start(reader, line);
    if (line.len == 0)
        return finish_head(reader, true, event);
    if (line.len == end_len + 1 && memcmp(line.at, reader->end + 2, end_len) == 0 &&
        is_flag(line.at[end_len])) {
        reader->flag = (enum sl_msrp_flag)line.at[end_len];
        return finish_head(reader, false, event);
    }
    return read_field(&reader->head, line);
}

static int read_head(struct sl_msrp_reader *reader, const uint8_t *data, size_t len, size_t *used,
                     struct sl_msrp_event *event)
{
    int err = 0;

    while (err == 0 && *used < len && event->kind == SL_MSRP_NOTHING) {
        char c = (char)data[(*used)++];
        if (reader->text_len == sizeof(reader->text))
            return -EBADMSG;
        reader->text[reader->text_len++] = c;
        if (c != '\n')
            continue;
        if (reader->text_len - reader->line_at < 2 || reader->text[reader->text_len - 2] != '\r')
            return -EBADMSG;
        err = take_line(reader, event);
    }
    return err;
}

/* ---- The body ---- */

/* What the end line has at this place. */
static bool fits_end(const struct sl_msrp_reader *reader, char c)
{
    size_t at = reader->matched;

    if (at < reader->end_len)
        return c == reader->end[at];
    if (at == reader->end_len)
        return is_flag(c);
    return c == (at == reader->end_len + 1 ? '\r' : '\n');
}

static struct sl_msrp_event data_event(const void *data, size_t len)
{
    return (struct sl_msrp_event){.kind = SL_MSRP_DATA, .data = data, .len = len};
}

/* What seemed to be the end was not: it was part of the body. Where it is not in the input any
 * more, the reader has the same bytes. */
static struct sl_msrp_event give_back(struct sl_msrp_reader *reader)
{
    size_t len = reader->matched;

    if (len > reader->end_len) {
        reader->end[reader->end_len] = (char)reader->flag;
        reader->end[reader->end_len + 1] = '\r';
    }
    reader->matched = 0;
    return data_event(reader->end, len);
}

/* CR begins the end line and is nowhere else in it but behind the flag, where only LF follows: so
 * what did not fit may begin it anew, and nothing before can. */
static void read_body(struct sl_msrp_reader *reader, const uint8_t *data, size_t len, size_t *used,
                      struct sl_msrp_event *event)
{
    size_t from = *used; /* of what is surely body */

    while (*used < len) {
        char c = (char)data[*used];
        if (reader->matched == 0) {
            const uint8_t *begin = memchr(data + *used, '\r', len - *used);
            *used = begin ? (size_t)(begin - data) : len;
            if (*used > from) {
                *event = data_event(data + from, *used - from);
                return;
            }
        } else if (!fits_end(reader, c)) {
            *event = give_back(reader);
            return;
        }
        if (reader->matched == reader->end_len)
            reader->flag = (enum sl_msrp_flag)c;
        reader->matched++;
        (*used)++;
        from = *used;
        if (reader->matched == reader->end_len + 3) {
            reader->state = AT_END;
            return;
        }
    }
}

int sl_msrp_read(struct sl_msrp_reader *reader, const uint8_t *data, size_t len, size_t *used,
                 struct sl_msrp_event *event)
{
    int err = 0;

    *used = 0;
    *event = (struct sl_msrp_event){.kind = SL_MSRP_NOTHING};
    if (reader->state == IN_HEAD)
        err = read_head(reader, data, len, used, event);
    else if (reader->state == IN_BODY)
        read_body(reader, data, len, used, event);
    if (err == 0 && event->kind == SL_MSRP_NOTHING && reader->state == AT_END) {
        reader->state = IN_HEAD;
        *event = (struct sl_msrp_event){.kind = SL_MSRP_END, .flag = reader->flag};
    }
    return err;
}
