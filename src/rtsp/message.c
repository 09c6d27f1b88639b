/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages line by line, in a copy of their bytes. */
#include "rtsp/message.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char version[] = "RTSP/1.0";

enum { LENGTH_DIGITS_MAX = 9, CSEQ_DIGITS_MAX = 10, STATUS_DIGITS = 3 };

/* ---- Where it ends ---- */

static size_t count_empty_lines(const uint8_t *data, size_t len)
{
    size_t at = 0;

    while (at < len && (data[at] == '\r' || data[at] == '\n'))
        at++;
    return at;
}

/* Behind the empty line; 0: it is not there. */
static size_t find_head_end(const uint8_t *data, size_t len)
{
    const uint8_t *at = data, *end = data + len;

    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        if (at < end && *at == '\n')
            return (size_t)(at - data) + 1;
        if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
            return (size_t)(at - data) + 2;
    }
    return 0;
}

/* ---- Lines ---- */

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    }
    return true;
}

static bool is_clean(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    }
    return true;
}

/* The next line, ended by a NUL in its place; *at is behind it. The head ends with a line's end. */
static char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    if (!end)
        return NULL; /* a NUL stands in the line */
    *at = end + 1;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    return line;
}

/* Cuts at the first blank; what stands behind it, or NULL. */
static char *cut(char *text)
{
    char *blank = strchr(text, ' ');

    if (!blank)
        return NULL;
    *blank = '\0';
    return blank + 1;
}

/* "RTSP/1.0" */
static int check_version(const char *text)
{
    if (strcasecmp(text, version) == 0)
        return 0;
    return strncasecmp(text, version, 5) == 0 ? -EPROTONOSUPPORT : -EBADMSG;
}

static int read_status_line(char *line, struct sl_rtsp_message *message)
{
    char *code = cut(line);
    int err = code ? check_version(line) : -EBADMSG;

    if (err < 0)
        return err;
    char *reason = cut(code);
    if (strspn(code, "0123456789") != STATUS_DIGITS || code[STATUS_DIGITS] || code[0] == '0')
        return -EBADMSG;
    message->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    message->reason = reason ? reason : "";
    return 0;
}

static int read_request_line(char *line, struct sl_rtsp_message *message)
{
    char *url = cut(line), *behind = url ? cut(url) : NULL;

    if (!behind || !is_token(line) || !*url)
        return -EBADMSG;
    int err = check_version(behind);
    if (err < 0)
        return err;
    if (strlen(url) > SL_RTSP_URL_MAX)
        return -ENAMETOOLONG;
    message->method = line;
    message->url = url;
    return 0;
}

static int read_header(char *line, struct sl_rtsp_message *message)
{
    char *colon = strchr(line, ':');

    if (!colon)
        return -EBADMSG;
    if (message->header_count == SL_RTSP_HEADERS_MAX)
        return -EMSGSIZE;
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    char *end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    if (!is_token(line)) /* also a folded line */
        return -EBADMSG;
    message->headers[message->header_count++] = (struct sl_rtsp_header){line, value};
    return 0;
}

static int read_head(char *head, size_t len, struct sl_rtsp_message *message)
{
    char *at = head, *line = next_line(&at);

    if (!line || !is_clean(line))
        return -EBADMSG;
    int err = strncasecmp(line, version, 5) == 0 ? read_status_line(line, message)
                                                 : read_request_line(line, message);
    while (err == 0) {
        line = next_line(&at);
        if (!line || !is_clean(line))
            return -EBADMSG;
        if (!*line)
            return at == head + len ? 0 : -EBADMSG;
        err = read_header(line, message);
    }
    return err;
}

/* ---- Whole messages ---- */

static int read_body_len(const struct sl_rtsp_message *message, size_t *out)
{
    const char *text = sl_rtsp_message_find(message, "Content-Length");
    size_t digits = text ? strspn(text, "0123456789") : 0;

    *out = 0;
    if (!text)
        return 0;
    if (digits == 0 || text[digits])
        return -EBADMSG;
    if (digits > LENGTH_DIGITS_MAX)
        return -EMSGSIZE;
    *out = strtoul(text, NULL, 10);
    return *out > SL_RTSP_BODY_MAX ? -EMSGSIZE : 0;
}

static struct sl_rtsp_message *message_create(const uint8_t *head, size_t len)
{
    struct sl_rtsp_message *message = sl_new(struct sl_rtsp_message);

    message->memory = sl_alloc(len + 1); /* bounded */
    memcpy(message->memory, head, len);
    return message;
}

/* The head is whole. */
static int parse_whole(const uint8_t *data, size_t len, size_t head_len,
                       struct sl_rtsp_message **out, size_t *used)
{
    struct sl_rtsp_message *message = message_create(data, head_len);
    size_t body_len = 0;
    int err = read_head(message->memory, head_len, message);

    if (err == 0)
        err = read_body_len(message, &body_len);
    if (err == 0 && body_len > len - head_len)
        err = -EAGAIN;
    if (err < 0) {
        sl_rtsp_message_free(message);
        return err;
    }
    if (body_len > 0) {
        struct sl_rtsp_message *whole = message_create(data, head_len + body_len);
        sl_rtsp_message_free(message);
        message = whole;
        (void)read_head(message->memory, head_len, message); /* as before */
        message->body = message->memory + head_len;
        message->body_len = body_len;
    }
    *out = message;
    *used = head_len + body_len;
    return 0;
}

int sl_rtsp_message_parse(const uint8_t *data, size_t len, struct sl_rtsp_message **out,
                          size_t *used)
{
    size_t skipped = count_empty_lines(data, len), head_len;
    int err;

    data += skipped;
    len -= skipped;
    head_len = find_head_end(data, len < SL_RTSP_HEAD_MAX ? len : SL_RTSP_HEAD_MAX);
    if (skipped > SL_RTSP_HEAD_MAX || (head_len == 0 && len >= SL_RTSP_HEAD_MAX))
        return -EMSGSIZE;
    if (head_len == 0)
        return -EAGAIN;
    err = parse_whole(data, len, head_len, out, used);
    if (err == 0)
        *used += skipped;
    return err;
}

void sl_rtsp_message_free(struct sl_rtsp_message *message)
{
    if (!message)
        return;
    free(message->memory);
    free(message);
}

const char *sl_rtsp_message_find(const struct sl_rtsp_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++) {
        if (strcasecmp(message->headers[i].name, name) == 0)
            return message->headers[i].value;
    }
    return NULL;
}

int64_t sl_rtsp_message_cseq(const struct sl_rtsp_message *message)
{
    const char *text = sl_rtsp_message_find(message, "CSeq");
    size_t digits = text ? strspn(text, "0123456789") : 0;

    if (digits == 0 || digits > CSEQ_DIGITS_MAX || text[digits])
        return -1;
    int64_t number = strtoll(text, NULL, 10);
    return number <= INT32_MAX ? number : -1;
}

/* ---- Building ---- */

void sl_rtsp_message_add(struct sl_rtsp_message *message, const char *name, const char *value)
{
    if (value && message->header_count < SL_RTSP_HEADERS_MAX)
        message->headers[message->header_count++] = (struct sl_rtsp_header){name, value};
}

static void print_head(const struct sl_rtsp_message *message, FILE *out)
{
    if (message->method)
        (void)fprintf(out, "%s %s %s\r\n", message->method, message->url, version);
    else
        (void)fprintf(out, "%s %d %s\r\n", version, message->status, message->reason);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct sl_rtsp_header *header = &message->headers[i];
        if (strcasecmp(header->name, "Content-Length") != 0)
            (void)fprintf(out, "%s: %s\r\n", header->name, header->value);
    }
    if (message->body_len > 0)
        (void)fprintf(out, "Content-Length: %zu\r\n", message->body_len);
    (void)fputs("\r\n", out);
}

char *sl_rtsp_message_build(const struct sl_rtsp_message *message, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (!out)
        sl_mem_end();
    print_head(message, out);
    if (message->body_len > 0)
        (void)fwrite(message->body, 1, message->body_len, out);
    if (fclose(out) != 0)
        sl_mem_end();
    return text;
}

const char *sl_rtsp_status_words(int status)
{
    static const struct {
        int status;
        const char *words;
    } rows[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Request Entity Too Large"},
        {414, "Request-URI Too Large"},
        {415, "Unsupported Media Type"},
        {451, "Parameter Not Understood"},
        {453, "Not Enough Bandwidth"},
        {454, "Session Not Found"},
        {455, "Method Not Valid in This State"},
        {459, "Aggregate Operation Not Allowed"},
        {461, "Unsupported Transport"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "RTSP Version Not Supported"},
        {551, "Option not supported"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (rows[i].status == status)
            return rows[i].words;
    }
    return "";
}

/* ---- Interleaved packets ---- */

int sl_rtsp_frame_parse(const uint8_t *data, size_t len, struct sl_rtsp_frame *out, size_t *used)
{
    if (len < SL_RTSP_FRAME_HEAD_LEN)
        return -EAGAIN;
    size_t frame_len = sl_load_u16(data + 2);
    if (frame_len > SL_RTSP_FRAME_MAX)
        return -EMSGSIZE;
    if (len - SL_RTSP_FRAME_HEAD_LEN < frame_len)
        return -EAGAIN;
    *out = (struct sl_rtsp_frame){
        .channel = data[1], .len = frame_len, .data = data + SL_RTSP_FRAME_HEAD_LEN};
    *used = SL_RTSP_FRAME_HEAD_LEN + frame_len;
    return 0;
}

void sl_rtsp_frame_write_head(uint8_t out[static SL_RTSP_FRAME_HEAD_LEN], uint8_t channel,
                              uint16_t len)
{
    out[0] = '$';
    out[1] = channel;
    sl_store_u16(out + 2, len);
}
