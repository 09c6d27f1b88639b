/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where values come from: the properties file (configuration.md section 1.1), the environment. */
#include "base/config.h"

#include "base/config_table.h"
#include "base/error.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

/* ---- Logical lines ---- */

struct lines {
    const char *at, *end;
    char *line;    /* the logical line, NUL-terminated; room for the whole text */
    size_t len;    /* of it; strlen(line) is less if the file has a NUL in it */
    size_t number; /* of its first physical line, from 1 */
    size_t passed; /* physical lines consumed */
};

/* One physical line without its line end and the blanks around it: a blank that nobody sees after a
 * final backslash must not change what it means. */
static const char *physical_line(struct lines *lines, size_t *len)
{
    const char *start = lines->at;
    const char *newline = memchr(start, '\n', (size_t)(lines->end - start));
    const char *end = newline ? newline : lines->end;

    lines->at = newline ? newline + 1 : lines->end;
    lines->passed++;
    if (end > start && end[-1] == '\r')
        end--;
    while (start < end && is_blank(*start))
        start++;
    while (end > start && is_blank(end[-1]))
        end--;
    *len = (size_t)(end - start);
    return start;
}

/* An even number of backslashes at the end are backslashes; the odd one joins the next line. */
static bool joins_next(const char *line, size_t len)
{
    size_t slashes = 0;

    while (slashes < len && line[len - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* No value ends in blanks or in a backslash that joins: it could not be written down again. */
static void trim_end(struct lines *lines)
{
    while (lines->len > 0 &&
           (is_blank(lines->line[lines->len - 1]) || joins_next(lines->line, lines->len)))
        lines->len--;
    lines->line[lines->len] = '\0';
}

/* The next line that is neither empty nor a comment; false at the end. */
static bool next_line(struct lines *lines)
{
    while (lines->at < lines->end) {
        size_t len;
        const char *piece = physical_line(lines, &len);
        if (len == 0 || *piece == '#' || *piece == '!')
            continue;
        lines->number = lines->passed;
        lines->len = 0;
        for (;;) {
            bool more = joins_next(piece, len) && lines->at < lines->end;
            size_t taken = joins_next(piece, len) ? len - 1 : len;
            memcpy(lines->line + lines->len, piece, taken);
            lines->len += taken;
            if (!more)
                break;
            piece = physical_line(lines, &len);
        }
        trim_end(lines);
        return true;
    }
    return false;
}

/* ---- The file ---- */

struct parse {
    struct sl_config *config;
    const char *name;
    const struct sl_config_report *report;
    size_t *seen; /* per option: the line that set it, 0 for none */
    int replaced;
};

static void report_unknown(const struct parse *parse, size_t number, const char *key)
{
    char quoted[80];
    const struct sl_option *nearest = sl_option_nearest(key);

    if (sl_option_is_accepted(key))
        sl_config_finding(parse->report, SL_LOG_DEBUG, "%s:%zu: %s means nothing here, ignored",
                          parse->name, number, sl_log_quote(quoted, sizeof(quoted), key));
    else
        sl_config_finding(parse->report, SL_LOG_WARN, "%s:%zu: unknown option %s ignored%s%s%s",
                          parse->name, number, sl_log_quote(quoted, sizeof(quoted), key),
                          nearest ? ": did you mean " : "", nearest ? nearest->key : "",
                          nearest ? "?" : "");
}

static int take_value(struct parse *parse, size_t number, const struct sl_option *option,
                      const char *value, struct sl_error *error)
{
    struct sl_error why;
    size_t *seen = &parse->seen[option - sl_options];

    if (*seen)
        sl_config_finding(parse->report, SL_LOG_WARN, "%s:%zu: %s again, line %zu no longer counts",
                          parse->name, number, option->key, *seen);
    *seen = number;
    if (sl_option_assign(parse->config, option, value, &why) == 0)
        return 0;
    if (option->flags & STRICT)
        return sl_error_set(error, -EINVAL, "%s:%zu: %.200s", parse->name, number, why.text);
    sl_option_assign_default(parse->config, option);
    parse->replaced++;
    sl_config_finding(parse->report, SL_LOG_ERROR, "%s:%zu: %s; using the default \"%s\"",
                      parse->name, number, why.text, option->value);
    return 0;
}

static int parse_line(struct parse *parse, const struct lines *lines, struct sl_error *error)
{
    char *key = lines->line;
    size_t key_len = strcspn(key, "=:");

    if (strlen(key) != lines->len)
        return sl_error_set(error, -EINVAL, "%s:%zu: a NUL byte: this is no text file", parse->name,
                            lines->number);
    if (key[key_len] == '\0' || key_len == 0) {
        /* Not quoted: a line gone wrong may hold a secret. */
        sl_config_finding(parse->report, SL_LOG_WARN, "%s:%zu: no key=value, line ignored",
                          parse->name, lines->number);
        return 0;
    }
    char *value = key + key_len + 1;
    while (is_blank(*value))
        value++;
    while (key_len > 0 && is_blank(key[key_len - 1]))
        key_len--;
    key[key_len] = '\0';
    const struct sl_option *option = sl_option_find(key);
    if (option)
        return take_value(parse, lines->number, option, value, error);
    report_unknown(parse, lines->number, key);
    return 0;
}

int sl_config_parse(struct sl_config *config, const char *text, size_t len, const char *name,
                    const struct sl_config_report *report, struct sl_error *error)
{
    static const char bom[] = "\xef\xbb\xbf"; /* editors of other systems begin UTF-8 with it */
    struct lines lines = {.at = text, .end = text + len};
    struct parse parse = {.config = config, .name = name, .report = report};
    int err = 0;

    if (len > SL_CONFIG_FILE_MAX)
        return sl_error_set(error, -EFBIG, "%s: larger than %d bytes", name, SL_CONFIG_FILE_MAX);
    if (len >= 3 && !memcmp(text, bom, 3))
        lines.at += 3;
    lines.line = sl_alloc(len + 1);
    parse.seen = sl_new_array(size_t, sl_option_count);
    while (err == 0 && next_line(&lines))
        err = parse_line(&parse, &lines, error);
    free(parse.seen);
    free(lines.line);
    return err < 0 ? err : parse.replaced;
}

/* Reads until room is full or the file ends; returns the bytes read or a negative errno value. */
static ssize_t read_all(int fd, char *out, size_t room)
{
    size_t have = 0;

    while (have < room) {
        ssize_t got = read(fd, out + have, room - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

int sl_config_load(struct sl_config *config, const char *file,
                   const struct sl_config_report *report, struct sl_error *error)
{
    enum { ROOM = SL_CONFIG_FILE_MAX + 1 }; /* one more, so that too large is seen */
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return sl_error_set(error, -errno, "%s: %s", file, strerror(errno));
    char *text = sl_alloc(ROOM);
    ssize_t len = read_all(fd, text, ROOM);
    int err;
    if (len < 0)
        err = sl_error_set(error, (int)len, "%s: %s", file, strerror((int)-len));
    else
        err = sl_config_parse(config, text, (size_t)len, file, report, error);
    (void)close(fd); /* read only: nothing to lose */
    free(text);
    return err;
}

/* ---- The environment ---- */

static const char env_prefix[] = "SLUICE_";

/* Does SLUICE_<name, name_len bytes> stand for this key? */
static bool env_is(const char *name, size_t name_len, const char *key)
{
    if (strlen(key) != name_len)
        return false;
    for (size_t i = 0; i < name_len; i++) {
        char c = key[i] == '.' || key[i] == '-' ? '_' : (char)toupper((unsigned char)key[i]);
        if (name[i] != c)
            return false;
    }
    return true;
}

static const struct sl_option *env_option(const char *name, size_t name_len)
{
    for (size_t i = 0; i < sl_option_count; i++) {
        if (env_is(name, name_len, sl_options[i].key))
            return &sl_options[i];
    }
    return NULL;
}

int sl_config_environment(struct sl_config *config, const char *const *environment,
                          const struct sl_config_report *report, struct sl_error *error)
{
    for (; *environment; environment++) {
        const char *entry = *environment;
        struct sl_error why;
        char quoted[80];
        if (strncmp(entry, env_prefix, strlen(env_prefix)) != 0)
            continue;
        const char *name = entry + strlen(env_prefix);
        size_t name_len = strcspn(name, "=");
        const struct sl_option *option = env_option(name, name_len);
        if (!option) {
            char *shown = sl_strndup(entry, strlen(env_prefix) + name_len);
            sl_config_finding(report, SL_LOG_WARN, "environment: %s is no option, ignored",
                              sl_log_quote(quoted, sizeof(quoted), shown));
            free(shown);
            continue;
        }
        const char *value = name[name_len] == '=' ? name + name_len + 1 : "";
        int err = sl_option_assign(config, option, value, &why);
        if (err < 0)
            return sl_error_set(error, err, "environment: %.220s", why.text);
    }
    return 0;
}
