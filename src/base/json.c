/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scanner of JSON texts (RFC 8259), and a writer that passes texts on. */
#include "base/json.h"

#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* ---- The scanner ---- */

struct scan {
    const char *at, *end;
    size_t depth_left, values_left;
    enum sl_json_fault fault;
};

static bool fail(struct scan *scan, enum sl_json_fault fault)
{
    scan->fault = fault;
    return false;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

/* Takes c, and the blanks before it, if it is there. */
static bool take(struct scan *scan, char c)
{
    skip_blanks(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* at stands behind the backslash. */
static bool scan_escape(struct scan *scan)
{
    if (scan->at == scan->end)
        return fail(scan, SL_JSON_MALFORMED);
    char c = *scan->at++;
    if (c != 'u')
        return (c != '\0' && strchr("\"\\/bfnrt", c)) || fail(scan, SL_JSON_MALFORMED);
    for (int i = 0; i < 4; i++, scan->at++) {
        if (scan->at == scan->end || !is_hex(*scan->at))
            return fail(scan, SL_JSON_MALFORMED);
    }
    return true;
}

/* at stands behind the quotation mark. */
static bool scan_string(struct scan *scan)
{
    while (scan->at < scan->end) {
        unsigned char c = (unsigned char)*scan->at++;
        if (c == '"')
            return true;
        if (c < 0x20)
            return fail(scan, SL_JSON_MALFORMED);
        if (c == '\\' && !scan_escape(scan))
            return false;
    }
    return fail(scan, SL_JSON_MALFORMED);
}

static bool scan_digits(struct scan *scan)
{
    const char *first = scan->at;

    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > first || fail(scan, SL_JSON_MALFORMED);
}

static bool next_is(const struct scan *scan, char a, char b)
{
    return scan->at < scan->end && (*scan->at == a || *scan->at == b);
}

static bool scan_number(struct scan *scan)
{
    if (next_is(scan, '-', '-'))
        scan->at++;
    if (next_is(scan, '0', '0'))
        scan->at++; /* no digit may follow: what does is no part of the text's grammar */
    else if (!scan_digits(scan))
        return false;
    if (next_is(scan, '.', '.')) {
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    if (next_is(scan, 'e', 'E')) {
        scan->at++;
        if (next_is(scan, '+', '-'))
            scan->at++;
        return scan_digits(scan);
    }
    return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return fail(scan, SL_JSON_MALFORMED);
    scan->at += len;
    return true;
}

static bool scan_value(struct scan *scan);

static bool scan_key(struct scan *scan)
{
    if (!take(scan, '"'))
        return fail(scan, SL_JSON_MALFORMED);
    return scan_string(scan) && (take(scan, ':') || fail(scan, SL_JSON_MALFORMED));
}

/* at stands behind the opening bracket. Recurses no deeper than depth_left. */
static bool scan_items(struct scan *scan, bool keys, char close)
{
    if (scan->depth_left == 0)
        return fail(scan, SL_JSON_TOO_DEEP);
    scan->depth_left--;
    if (!take(scan, close)) {
        do {
            if ((keys && !scan_key(scan)) || !scan_value(scan))
                return false;
        } while (take(scan, ','));
        if (!take(scan, close))
            return fail(scan, SL_JSON_MALFORMED);
    }
    scan->depth_left++;
    return true;
}

static bool scan_value(struct scan *scan)
{
    skip_blanks(scan);
    if (scan->at == scan->end)
        return fail(scan, SL_JSON_MALFORMED);
    if (scan->values_left == 0)
        return fail(scan, SL_JSON_TOO_MANY);
    scan->values_left--;
    switch (*scan->at) {
    case '{':
        scan->at++;
        return scan_items(scan, true, '}');
    case '[':
        scan->at++;
        return scan_items(scan, false, ']');
    case '"':
        scan->at++;
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}

enum sl_json_fault sl_json_check(const char *text, size_t len, size_t depth_max, size_t values_max)
{
    struct scan scan = {text, text + len, depth_max, values_max, SL_JSON_GOOD};

    if (!scan_value(&scan))
        return scan.fault;
    skip_blanks(&scan);
    return scan.at == scan.end ? SL_JSON_GOOD : SL_JSON_MALFORMED;
}

const char *sl_json_fault_words(enum sl_json_fault fault)
{
    switch (fault) {
    case SL_JSON_GOOD:
        break;
    case SL_JSON_MALFORMED:
        return "it is no JSON, or not JSON alone";
    case SL_JSON_TOO_DEEP:
        return "it is nested too deeply";
    case SL_JSON_TOO_MANY:
        return "it has too many values";
    }
    return "";
}

size_t sl_json_bom_len(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* ---- Parts ---- */

/* Of a good text: nothing can be missing. */
static struct scan scan_again(struct sl_json_span span)
{
    return (struct scan){span.text, span.text + span.len, SIZE_MAX, SIZE_MAX, SL_JSON_GOOD};
}

static struct sl_json_span scan_span(struct scan *scan)
{
    skip_blanks(scan);
    const char *text = scan->at;
    (void)scan_value(scan); /* good */
    return (struct sl_json_span){text, (size_t)(scan->at - text)};
}

struct sl_json_span sl_json_member(struct sl_json_span span, const char *name)
{
    struct sl_json_span found = {0};
    size_t len = strlen(name);

    if (!span.text)
        return found;
    struct scan scan = scan_again(span);
    if (!take(&scan, '{') || take(&scan, '}'))
        return found;
    do {
        skip_blanks(&scan);
        const char *key = scan.at + 1;
        (void)scan_key(&scan); /* good */
        bool is_it = (size_t)(span.text + span.len - key) > len && memcmp(key, name, len) == 0 &&
                     key[len] == '"';
        struct sl_json_span value = scan_span(&scan);
        if (is_it)
            found = value;
    } while (take(&scan, ','));
    return found;
}

struct sl_json_span sl_json_first(struct sl_json_span span)
{
    if (!span.text)
        return (struct sl_json_span){0};
    struct scan scan = scan_again(span);
    if (!take(&scan, '[') || take(&scan, ']'))
        return (struct sl_json_span){0};
    return scan_span(&scan);
}

/* Of the spans, the first that begins at or behind `at`; NULL. */
static const struct sl_json_span *next_span(const char *at, const struct sl_json_span *spans,
                                            size_t count)
{
    const struct sl_json_span *next = NULL;

    for (size_t i = 0; i < count; i++) {
        if (spans[i].text && spans[i].text >= at && (!next || spans[i].text < next->text))
            next = &spans[i];
    }
    return next;
}

json_t *sl_json_load_without(const char *text, size_t len, const struct sl_json_span *spans,
                             size_t count, json_error_t *why)
{
    static const char null[] = "null";
    const struct sl_json_span *span = next_span(text, spans, count);
    const char *at = text;

    if (!span)
        return json_loadb(text, len, 0, why);
    char *rest = sl_alloc(len + count * strlen(null)); /* callers bound what they parse */
    size_t rest_len = 0;
    for (; span; span = next_span(at, spans, count)) {
        memcpy(rest + rest_len, at, (size_t)(span->text - at));
        rest_len += (size_t)(span->text - at);
        memcpy(rest + rest_len, null, strlen(null));
        rest_len += strlen(null);
        at = span->text + span->len;
    }
    memcpy(rest + rest_len, at, (size_t)(text + len - at));
    rest_len += (size_t)(text + len - at);
    json_t *value = json_loadb(rest, rest_len, 0, why);
    free(rest);
    return value;
}

/* ---- Texts as values ---- */

json_t *sl_json_raw(const char *text, size_t len)
{
    char *marked = sl_alloc(len + 1); /* callers bound what they pass on */

    memcpy(marked + 1, text, len);
    json_t *value = json_stringn_nocheck(marked, len + 1);
    free(marked);
    return value;
}

struct sl_json_span sl_json_raw_text(const json_t *value)
{
    size_t len = json_string_length(value);
    const char *text = json_string_value(value);

    if (len < 2 || text[0] != '\0')
        return (struct sl_json_span){0};
    return (struct sl_json_span){text + 1, len - 1};
}

/* ---- The writer ---- */

/* Counts, and writes as long as there is room. */
struct writer {
    char *out;
    size_t len, room;
};

static int put(const char *text, size_t len, void *arg)
{
    struct writer *writer = arg;

    if (writer->len < writer->room && len <= writer->room - writer->len)
        memcpy(writer->out + writer->len, text, len);
    writer->len += len;
    return 0;
}

static bool write_leaf(struct writer *writer, json_t *value)
{
    return json_dump_callback(value, put, writer, JSON_COMPACT | JSON_ENCODE_ANY) == 0;
}

static bool write_value(struct writer *writer, json_t *value);

static bool write_object(struct writer *writer, json_t *object)
{
    const char *name, *before = "{";
    json_t *item;

    json_object_foreach(object, name, item)
    {
        json_t *key = json_string(name);
        (void)put(before, 1, writer); /* always 0, as below */
        bool ok = write_leaf(writer, key);
        json_decref(key);
        (void)put(":", 1, writer);
        if (!ok || !write_value(writer, item))
            return false;
        before = ",";
    }
    (void)put("{}", *before == '{' ? 2 : 0, writer);
    (void)put("}", *before == '{' ? 0 : 1, writer);
    return true;
}

static bool write_array(struct writer *writer, json_t *array)
{
    size_t i;
    json_t *item;

    (void)put("[", 1, writer); /* always 0, as below */
    json_array_foreach(array, i, item)
    {
        (void)put(",", i > 0 ? 1 : 0, writer);
        if (!write_value(writer, item))
            return false;
    }
    (void)put("]", 1, writer);
    return true;
}

/* Recurses as deep as a tree goes that was checked when it was parsed, and a little deeper for what
 * we put around it. */
static bool write_value(struct writer *writer, json_t *value)
{
    struct sl_json_span raw = sl_json_raw_text(value);

    if (raw.text) {
        (void)put(raw.text, raw.len, writer); /* always 0 */
        return true;
    }
    if (json_is_object(value))
        return write_object(writer, value);
    if (json_is_array(value))
        return write_array(writer, value);
    return write_leaf(writer, value);
}

size_t sl_json_dump_len(json_t *value)
{
    struct writer counter = {0};

    return value && write_value(&counter, value) ? counter.len : 0;
}

char *sl_json_dump(json_t *value, size_t *len)
{
    struct writer writer = {.room = sl_json_dump_len(value)};

    if (writer.room == 0)
        return NULL;
    writer.out = sl_alloc(writer.room + 1); /* as large as the tree, which is bounded */
    (void)write_value(&writer, value);      /* it did before */
    assert(writer.len == writer.room);
    if (len)
        *len = writer.len;
    return writer.out;
}
