/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: a line is formatted in full and then written with one write(2), so lines never mix. */
#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 2048 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static _Atomic int log_level = SL_LOG_INFO;
static _Atomic int log_fd = STDERR_FILENO;

int sl_log_open(const char *file)
{
    int fd = STDERR_FILENO;

    if (file) {
        fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd < 0)
            return -errno;
    }
    int old = atomic_load(&log_fd);
    if (old > STDERR_FILENO && fd > STDERR_FILENO) {
        /* Another thread may be writing to the old descriptor: replace the file behind it. */
        int err = dup3(fd, old, O_CLOEXEC) < 0 ? -errno : 0;
        (void)close(fd); /* nothing written through it yet */
        return err;
    }
    atomic_store(&log_fd, fd);
    return 0;
}

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

bool sl_log_enabled(enum sl_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
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

void sl_log(enum sl_log_level level, const struct sl_log_scope *scope, const char *format, ...)
{
    char text[LINE_MAX_LEN], line[LINE_MAX_LEN + 512];
    struct timespec now;
    struct tm utc;
    va_list args;

    if (!sl_log_enabled(level))
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    va_end(args);

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
    int head = snprintf(line + len, sizeof(line) - len, ".%03ldZ %s %s", now.tv_nsec / 1000000,
                        level_names[level], scope ? scope->prefix : "");
    if (head > 0)
        len += (size_t)head;
    len += escape(line + len, sizeof(line) - len - 1, text, false);
    line[len++] = '\n';
    ssize_t written = write(atomic_load(&log_fd), line, len);
    (void)written; /* a log that cannot be written has nowhere to complain */
}
