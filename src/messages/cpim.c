/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text in its envelope (RFC 3862). Lines end with CRLF there; some end them with LF, and are read
 * all the same. */
#include "messages/text.h"

#include <errno.h>
#include <strings.h>

enum { HEADERS_MAX = 64 };

static const char imdn_urn[] = "urn:ietf:params:imdn";

/* ---- Lines ---- */

struct lines {
    const char *at, *end;
};

/* The next line, without its end. False: it has none. */
static bool next_line(struct lines *lines, struct sl_text_part *out)
{
    const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

    if (!newline)
        return false;
    const char *end = newline > lines->at && newline[-1] == '\r' ? newline - 1 : newline;
    *out = (struct sl_text_part){lines->at, (size_t)(end - lines->at)};
    lines->at = newline + 1;
    return true;
}

struct header {
    struct sl_text_part name, value;
};

/* One header of a block. 1; 0: the block has ended; -EBADMSG. */
static int next_header(struct lines *lines, struct header *out)
{
    struct sl_text_part line;

    if (!next_line(lines, &line))
        return -EBADMSG;
    if (line.len == 0)
        return 0;
    const char *colon = memchr(line.at, ':', line.len);
    if (!colon || colon == line.at)
        return -EBADMSG;
    out->name = sl_trimmed(line.at, colon);
    out->value = sl_trimmed(colon + 1, line.at + line.len);
    return 1;
}

static bool is(struct sl_text_part part, const char *text)
{
    return part.len == strlen(text) && strncasecmp(part.at, text, part.len) == 0;
}

/* ---- Content types ---- */

struct sl_text_part sl_content_type_name(struct sl_text_part value)
{
    if (value.len == 0)
        return value; /* of none, there may be no place */
    const char *semicolon = memchr(value.at, ';', value.len);

    return sl_trimmed(value.at, semicolon ? semicolon : value.at + value.len);
}

bool sl_content_type_is(struct sl_text_part value, const char *type)
{
    return is(sl_content_type_name(value), type);
}

/* ---- The envelope ---- */

/* What is in the last pair of angle brackets; a name before it may have some, quoted. */
static bool find_uri(struct sl_text_part value, struct sl_text_part *out)
{
    const char *end = value.at + value.len;

    if (value.len < 2 || end[-1] != '>')
        return false;
    const char *open = memrchr(value.at, '<', value.len);
    if (!open)
        return false;
    *out = (struct sl_text_part){open + 1, (size_t)(end - 1 - (open + 1))};
    return true;
}

static int add_address(struct sl_cpim_addresses *addresses, struct sl_text_part value)
{
    if (addresses->count == SL_CPIM_ADDRESSES_MAX ||
        !find_uri(value, &addresses->uris[addresses->count]))
        return -EBADMSG;
    addresses->count++;
    return 0;
}

/* `imdn <urn:ietf:params:imdn>`: by what prefix its headers go from here on. */
static void take_namespace(struct sl_text_part value, struct sl_text_part *prefix)
{
    struct sl_text_part urn;

    if (!find_uri(value, &urn) || !is(urn, imdn_urn))
        return;
    *prefix = sl_trimmed(value.at, urn.at - 1);
}

/* The name behind the prefix; an empty part: it has another. */
static struct sl_text_part without_prefix(struct sl_text_part name, struct sl_text_part prefix)
{
    if (prefix.len == 0)
        return name;
    if (name.len <= prefix.len + 1 || name.at[prefix.len] != '.' ||
        strncasecmp(name.at, prefix.at, prefix.len) != 0)
        return (struct sl_text_part){name.at, 0};
    return (struct sl_text_part){name.at + prefix.len + 1, name.len - prefix.len - 1};
}

static bool has_word(struct sl_text_part list, const char *word)
{
    const char *end = list.at + list.len;

    for (const char *at = list.at; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        if (is(sl_trimmed(at, stop), word))
            return true;
        at = stop + 1;
    }
    return false;
}

static void take_imdn_header(struct sl_cpim *cpim, struct sl_text_part name,
                             struct sl_text_part value)
{
    if (is(name, "Message-ID"))
        cpim->message_id = value;
    else if (is(name, "Disposition-Notification"))
        cpim->wants_delivery = has_word(value, "positive-delivery");
    else if (is(name, "IMDN-Record-Route") || is(name, "Record-Route"))
        (void)find_uri(value, &cpim->record_route); /* without one it is no way */
}

static int read_envelope(struct lines *lines, struct sl_cpim *cpim)
{
    struct sl_text_part prefix = {"imdn", 4}; /* who forgets to say so means that */
    struct header header;
    int more, count = 0;

    while ((more = next_header(lines, &header)) > 0) {
        int err = 0;
        if (count++ == HEADERS_MAX)
            return -EBADMSG;
        if (is(header.name, "From"))
            err = add_address(&cpim->from, header.value);
        else if (is(header.name, "To"))
            err = add_address(&cpim->to, header.value);
        else if (is(header.name, "NS"))
            take_namespace(header.value, &prefix);
        else
            take_imdn_header(cpim, without_prefix(header.name, prefix), header.value);
        if (err < 0)
            return err;
    }
    return more;
}

/* Headers of MIME may go on in the next line; of the one we read, the first is enough. */
static int read_content_headers(struct lines *lines, struct sl_cpim *cpim)
{
    struct sl_text_part line;

    for (int count = 0; next_line(lines, &line); count++) {
        if (line.len == 0)
            return 0;
        const char *colon = memchr(line.at, ':', line.len);
        if (count == HEADERS_MAX || (!colon && line.at[0] != ' ' && line.at[0] != '\t'))
            return -EBADMSG;
        if (colon && is(sl_trimmed(line.at, colon), "Content-Type"))
            cpim->type = sl_trimmed(colon + 1, line.at + line.len);
    }
    return -EBADMSG;
}

int sl_cpim_parse(const char *text, size_t len, struct sl_cpim *out)
{
    struct lines lines = {text, text + len};
    struct sl_cpim cpim = {.from.count = 0};
    struct sl_text_part content_type;
    struct lines ahead = lines;

    /* RFC 3862 section 2: some begin with the type of the whole, and an empty line. */
    if (next_line(&ahead, &content_type) && content_type.len > 13 &&
        strncasecmp(content_type.at, "Content-Type:", 13) == 0) {
        if (!next_line(&ahead, &content_type) || content_type.len != 0)
            return -EBADMSG;
        lines = ahead;
    }
    int err = read_envelope(&lines, &cpim);
    if (err == 0)
        err = read_content_headers(&lines, &cpim);
    if (err < 0)
        return err;
    cpim.body = (struct sl_text_part){lines.at, (size_t)(lines.end - lines.at)};
    *out = cpim;
    return 0;
}

/* ---- Building ---- */

static void add_line(struct sl_buffer *out, const char *name, const char *value)
{
    sl_add_text(out, name);
    sl_add_text(out, ": ");
    sl_add_text(out, value);
    sl_add_text(out, "\r\n");
}

static void add_address_line(struct sl_buffer *out, const char *name, const char *uri)
{
    sl_add_text(out, name);
    sl_add_text(out, ": <");
    sl_add_text(out, uri);
    sl_add_text(out, ">\r\n");
}

void sl_cpim_build(const struct sl_cpim_content *content, struct sl_buffer *out)
{
    add_address_line(out, "From", content->from);
    add_address_line(out, "To", content->to);
    add_line(out, "DateTime", content->date_time);
    if (content->message_id) {
        sl_add_text(out, "NS: imdn <");
        sl_add_text(out, imdn_urn);
        sl_add_text(out, ">\r\n");
        add_line(out, "imdn.Message-ID", content->message_id);
    }
    if (content->message_id && content->asks)
        add_line(out, "imdn.Disposition-Notification", "positive-delivery, negative-delivery");
    sl_add_text(out, "\r\n");
    add_line(out, "Content-Type", content->type);
    if (content->disposition)
        add_line(out, "Content-Disposition", content->disposition);
    sl_add_text(out, "\r\n");
    sl_buffer_append(out, content->body, content->len);
}
