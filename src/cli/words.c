/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Splitting a line, and `grep`. */
#include "cli/words.h"

#include "base/error.h"
#include "cli/chars.h"
#include "cli/output.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- Words ---- */

static int check_characters(const char *line, size_t len, struct sl_error *error)
{
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        int taken = sl_char_decode(line + at, len - at, &code);
        if (taken <= 0)
            return sl_error_set(error, -EILSEQ, "Not UTF-8 at byte %zu", at + 1);
        if (!sl_char_is_safe(code) && code != '\t')
            return sl_error_set(error, -EILSEQ, "Control character U+%04X at byte %zu",
                                (unsigned)code, at + 1);
        at += (size_t)taken;
    }
    return 0;
}

/* What the splitter remembers between two bytes. */
struct splitter {
    struct sl_words *out;
    char *to; /* in out->text */
    bool backslash;
};

static int begin_word(struct splitter *splitter, size_t start, bool quoted, struct sl_error *error)
{
    struct sl_words *out = splitter->out;

    if (out->open)
        return 0;
    if (out->count == SL_WORDS_MAX)
        return sl_error_set(error, -EMSGSIZE, "More than %d words", SL_WORDS_MAX);
    out->words[out->count] = splitter->to;
    out->quoted[out->count] = quoted;
    out->starts[out->count++] = start;
    out->open = true;
    return 0;
}

static void end_word(struct splitter *splitter)
{
    if (!splitter->out->open)
        return;
    *splitter->to++ = '\0';
    splitter->out->open = false;
}

/* One byte between quotes. A backslash before anything but `"` and `\` stands for itself. */
static void put_quoted(struct splitter *splitter, char byte)
{
    if (splitter->backslash) {
        if (byte != '"' && byte != '\\')
            *splitter->to++ = '\\';
        *splitter->to++ = byte;
        splitter->backslash = false;
    } else if (byte == '\\') {
        splitter->backslash = true;
    } else if (byte == '"') {
        splitter->out->in_quotes = false;
    } else {
        *splitter->to++ = byte;
    }
}

static int put(struct splitter *splitter, char byte, size_t at, struct sl_error *error)
{
    struct sl_words *out = splitter->out;
    int err = 0;

    if (out->in_quotes) {
        put_quoted(splitter, byte);
    } else if (byte == ' ' || byte == '\t') {
        end_word(splitter);
    } else if (byte == '|') {
        end_word(splitter);
        out->pipe = out->pipes++ == 0 ? out->count : out->pipe;
    } else {
        err = begin_word(splitter, at, byte == '"', error);
        if (byte == '"')
            out->in_quotes = true;
        else if (err == 0)
            *splitter->to++ = byte;
    }
    return err;
}

int sl_words_scan(const char *line, size_t len, struct sl_words *out, struct sl_error *error)
{
    struct splitter splitter = {.out = out, .to = out->text};

    memset(out, 0, offsetof(struct sl_words, text));
    if (len > SL_LINE_MAX)
        return sl_error_set(error, -EMSGSIZE, "Line longer than %d bytes", SL_LINE_MAX);
    int err = check_characters(line, len, error);
    for (size_t at = 0; at < len && err == 0; at++)
        err = put(&splitter, line[at], at, error);
    if (splitter.backslash)
        *splitter.to++ = '\\';
    *splitter.to = '\0';
    if (out->pipes == 0)
        out->pipe = out->count;
    return err;
}

/* ---- The filter ---- */

static bool is_option(const struct sl_words *words, size_t at)
{
    return words->words[at][0] == '-' && words->words[at][1] && !words->quoted[at];
}

static int read_grep(struct sl_words *out, struct sl_error *error)
{
    static const char expected[] = "Only `| grep [-i] [-v] TEXT` may follow a command";
    size_t at = out->pipe;

    if (out->pipes != 1 || at == out->count || strcasecmp(out->words[at], "grep") != 0)
        return sl_error_set(error, -EINVAL, "%s", expected);
    for (at++; at < out->count && is_option(out, at); at++) {
        const char *letters = out->words[at] + 1;
        if (!strcmp(letters, "-")) {
            at++;
            break;
        }
        if (strspn(letters, "iv") != strlen(letters))
            return sl_error_set(error, -EINVAL, "%s", expected);
        out->grep_any_case |= strchr(letters, 'i') != NULL;
        out->grep_not |= strchr(letters, 'v') != NULL;
    }
    if (at + 1 != out->count)
        return sl_error_set(error, -EINVAL, "%s", expected);
    out->grep = out->words[at];
    out->count = out->pipe;
    return 0;
}

int sl_words_split(const char *line, size_t len, struct sl_words *out, struct sl_error *error)
{
    int err = sl_words_scan(line, len, out, error);

    if (err == 0 && out->in_quotes)
        err = sl_error_set(error, -EINVAL, "Missing \" at the end");
    if (err == 0 && out->pipes > 0)
        err = read_grep(out, error);
    return err;
}

void sl_words_wipe(struct sl_words *words)
{
    explicit_bzero(words, sizeof(*words));
}

void sl_words_quote(struct sl_output *output, const char *word)
{
    if (word[0] && !strpbrk(word, " \t\"|")) {
        sl_output_text(output, word);
        return;
    }
    sl_output_text(output, "\"");
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            sl_output_text(output, "\\");
        sl_output_add(output, word, 1);
    }
    sl_output_text(output, "\"");
}

static bool contains(const char *line, size_t len, const char *text, bool any_case)
{
    size_t text_len = strlen(text);

    for (size_t at = 0; at + text_len <= len; at++) {
        if (any_case ? !strncasecmp(line + at, text, text_len) : !memcmp(line + at, text, text_len))
            return true;
    }
    return false;
}

void sl_words_filter(const struct sl_words *words, const char *text, size_t len,
                     struct sl_output *output)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len, step = end ? line + 1 : line;

        if (!words->grep ||
            contains(text, line, words->grep, words->grep_any_case) != words->grep_not)
            sl_output_add(output, text, step);
        text += step;
        len -= step;
    }
}
