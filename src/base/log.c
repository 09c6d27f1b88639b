/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: lines are formatted in full by whoever has something to say; log_writer.c writes them.
 */
#include "base/log.h"

#include "base/log_queue.h"
#include "base/log_route.h"
#include "base/log_writer.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { TEXT_MAX_LEN = 2048 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static _Atomic int log_level = SL_LOG_INFO;
void sl_log_set_level(enum sl_log_level level)
{
    atomic_store(&log_level, (int)level);
}

int sl_log_level_parse(const char *name)
{
    if (!strcasecmp(name, "trace"))
        return SL_LOG_DEBUG;
    for (int i = 0; i <= SL_LOG_DEBUG; i++) {
        if (!strcasecmp(name, level_names[i]))
            return i;
    }
    return -1;
}

static bool is_for_all(enum sl_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

bool sl_log_enabled(enum sl_log_level level)
{
    return is_for_all(level) || (int)level <= sl_log_watched_level();
}

/* Length of the valid UTF-8 sequence at in (a printable character, not C1), 0 if there is none. */
static size_t utf8_len(const unsigned char *in)
{
    size_t len = in[0] < 0x80 ? 1 : in[0] < 0xc2 ? 0 : in[0] < 0xe0 ? 2 : in[0] < 0xf0 ? 3 : 4;

    if (in[0] >= 0xf5)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((in[i] & 0xc0) != 0x80)
            return 0;
    }
    if (len == 2 && in[0] == 0xc2 && in[1] < 0xa0)
        return 0; /* C1 controls */
    return len;
}

/* Copies text to out, escaping what a terminal or a log reader could trip over; at most out_len
 * bytes, no NUL added. Returns the bytes written. */
static size_t escape(char *out, size_t out_len, const char *text, bool quotes)
{
    const unsigned char *in = (const unsigned char *)text;
    size_t at = 0;

    while (*in) {
        size_t len = utf8_len(in);
        char hex[5];
        const char *piece = (const char *)in;
        size_t piece_len = len;
        if (len == 0 || *in < 0x20 || *in == 0x7f || (quotes && (*in == '"' || *in == '\\'))) {
            if (quotes && (*in == '"' || *in == '\\'))
                (void)snprintf(hex, sizeof(hex), "\\%c", *in);
            else
                (void)snprintf(hex, sizeof(hex), "\\x%02x", *in);
            piece = hex;
            piece_len = strlen(hex);
            len = 1;
        }
        if (piece_len > out_len - at)
            break;
        memcpy(out + at, piece, piece_len);
        at += piece_len;
        in += len;
    }
    return at;
}

char *sl_log_quote(char *out, size_t out_len, const char *value)
{
    if (out_len < 3) {
        if (out_len > 0)
            out[0] = '\0';
        return out;
    }
    out[0] = '"';
    size_t len = escape(out + 1, out_len - 3, value ? value : "", true);
    out[len + 1] = '"';
    out[len + 2] = '\0';
    return out;
}

void sl_log_scope_init(struct sl_log_scope *scope, const struct sl_log_scope *parent,
                       const char *key, const char *value)
{
    char quoted[96];
    const char *inherited = parent && parent != scope ? parent->prefix : "";

    (void)snprintf(scope->prefix, sizeof(scope->prefix), "%s%s=%s ", inherited, key,
                   sl_log_quote(quoted, sizeof(quoted), value)); /* cut is fine */
}

size_t sl_log_format(char *out, enum sl_log_level level, const struct sl_log_scope *scope,
                     const char *text)
{
    struct timespec now;
    struct tm utc;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(out, SL_LOG_LINE_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    int head = snprintf(out + len, SL_LOG_LINE_MAX - len, ".%03ldZ %s %s", now.tv_nsec / 1000000,
                        level_names[level], scope ? scope->prefix : "");
    if (head > 0)
        len += (size_t)head;
    len += escape(out + len, SL_LOG_LINE_MAX - len - 1, text, false);
    out[len++] = '\n';
    return len;
}

void sl_log(enum sl_log_level level, const struct sl_log_scope *scope, const char *format, ...)
{
    char text[TEXT_MAX_LEN], line[SL_LOG_LINE_MAX];
    va_list args;

    struct sl_log_route route = sl_log_route_find(level, scope, is_for_all(level));
    if (!route.to_log && !route.to_watch)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    va_end(args);
    size_t len = sl_log_format(line, level, scope, text);
    sl_log_route_put(route, level, scope, line, len);
    if (route.to_log)
        sl_log_writer_put(line, len);
}
