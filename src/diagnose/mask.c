/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Secrets by the names that stand before them, and in addresses. Where it is not clear where a
 * secret ends, rather more is hidden than less: nobody can take back what a file has told.
 */
#include "diagnose/diagnose.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* How far a value goes that is not in quotes. */
enum extent {
    WORDS,    /* "sha 1234", two at most */
    LINE,     /* of a header: "Digest username="...", response="..."" */
    ONE_LINE, /* two words of a description, which has no backslashes: one is a line's end */
};

static const struct {
    const char *name;
    enum extent extent;
} names[] = {
    {"password", WORDS},
    {"passwd", WORDS},
    {"passphrase", WORDS},
    {"ice-pwd", ONE_LINE},
    {"pwd", WORDS},
    {"secret", WORDS},
    {"token", WORDS},
    {"credential", WORDS},
    {"jwt", WORDS},
    {"bearer", WORDS},
    {"signature", WORDS},
    {"apikey", WORDS},
    {"api-key", WORDS},
    {"api_key", WORDS},
    {"accesskey", WORDS},
    {"access_key", WORDS},
    {"privatekey", WORDS},
    {"private_key", WORDS},
    {"streamkey", WORDS},
    {"stream_key", WORDS},
    {"authorization", LINE},
    {"cookie", LINE},
    {"fingerprint", ONE_LINE},
    {"inline", ONE_LINE},
};

enum { TAIL_MAX = 24 }; /* of a name that goes on: tokens[0], secretValue */

static void hide(char *from, const char *to)
{
    for (; from < to; from++) {
        if (*from != ' ')
            *from = '*';
    }
}

static bool is_line_end(const char *at)
{
    return *at == '\0' || *at == '\r' || *at == '\n' ||
           (*at == '\\' && (at[1] == 'r' || at[1] == 'n' || strncmp(at + 1, "x0", 2) == 0));
}

/* ---- Where a value is ---- */

static size_t quote_in_url_at(const char *at)
{
    static const char *const coded[] = {"%20", "%22", "%27", "%5c"};

    for (size_t i = 0; i < SL_ARRAY_LEN(coded); i++) {
        if (strncasecmp(at, coded[i], 3) == 0)
            return 3;
    }
    return 0;
}

static size_t separator_at(const char *at)
{
    if (*at == ':' || *at == '=')
        return 1;
    return strncasecmp(at, "%3a", 3) == 0 || strncasecmp(at, "%3d", 3) == 0 ? 3 : 0;
}

/* Behind the rest of the name, quotes, blanks and the separator; NULL: it is no name of a value. */
static const char *value_behind(const char *at, bool separated)
{
    size_t len;

    for (int n = 0; n < TAIL_MAX && (isalnum((unsigned char)*at) || (*at && strchr("_-[].", *at)));
         n++)
        at++;
    while (!separated && *at) {
        len = separator_at(at);
        separated = len > 0;
        if (len == 0)
            len = strchr("\"'\\ \t", *at) ? 1 : quote_in_url_at(at);
        if (len == 0)
            return NULL;
        at += len;
    }
    for (;; at += len) {
        len = *at == ' ' || *at == '\t' ? 1 : separator_at(at);
        if (len == 0)
            len = quote_in_url_at(at);
        if (len == 0)
            return separated ? at : NULL;
    }
}

/* ---- Hiding one ---- */

/*
 * In quotes, which JSON within JSON has behind so many backslashes: up to the quote that ends it. A
 * quote that is part of the value has twice as many and one, a backslash at its end twice as many
 * and two.
 */
static char *hide_quoted(char *value, char quote, size_t backslashes)
{
    size_t run = 0, cycle = 2 * (backslashes + 1);
    char *at = value;

    for (; *at; at++) {
        size_t rest = run % cycle;
        if (*at == quote && rest <= backslashes) {
            hide(value, at - rest);
            return at + 1;
        }
        run = *at == '\\' ? run + 1 : 0;
    }
    hide(value, at);
    return at;
}

/* A list or an object, but for its brackets. */
static char *hide_in_brackets(char *open)
{
    char *at = open + 1;

    for (size_t depth = 1; *at; at++) {
        if (*at == '[' || *at == '{')
            depth++;
        else if ((*at == ']' || *at == '}') && --depth == 0)
            break;
    }
    hide(open + 1, at);
    return at;
}

static bool ends_word(const char *value, const char *at, enum extent extent)
{
    bool is_quote = *at == '"' || *at == '\'';

    if (*at == '\0' || isspace((unsigned char)*at) || *at == '&')
        return true;
    if (extent == ONE_LINE)
        return is_quote || *at == '\\';
    return is_quote && (at == value || at[-1] != '\\');
}

static char *hide_words(char *value, enum extent extent)
{
    char *at = value;

    for (int word = 0; word < 2; word++) {
        while (!ends_word(value, at, extent))
            at++;
        if (*at != ' ' || ends_word(value, at + 1, extent))
            break;
        at++;
    }
    hide(value, at);
    return at;
}

static char *hide_line(char *value)
{
    char *at = value;

    while (!is_line_end(at))
        at++;
    hide(value, at);
    return at;
}

static char *hide_value(char *value, enum extent extent)
{
    size_t backslashes = strspn(value, "\\");
    char quote = value[backslashes];

    if (quote == '"' || quote == '\'')
        return hide_quoted(value + backslashes + 1, quote, backslashes);
    if (*value == '[' || *value == '{')
        return hide_in_brackets(value);
    return extent == LINE ? hide_line(value) : hide_words(value, extent);
}

/* "rtmp://user:password@host": what stands behind the user, or all of it if there is none. */
static void hide_in_address(char *authority)
{
    size_t len = strcspn(authority, "/?#\"' \t\r\n\\<>");
    char *end = memrchr(authority, '@', len), *colon;

    if (!end)
        return;
    colon = memchr(authority, ':', (size_t)(end - authority));
    hide(colon ? colon + 1 : authority, end);
}

/* The end of the secret here; NULL: there is none. */
static char *hide_at(char *at)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i].name);
        if (strncasecmp(at, names[i].name, len) != 0)
            continue;
        bool separated = strcasecmp(names[i].name, "bearer") == 0 && at[len] == ' ';
        const char *value = value_behind(at + len, separated);
        return value && *value ? hide_value(at + (value - at), names[i].extent) : NULL;
    }
    return NULL;
}

void sl_diagnose_mask(char *text)
{
    char *at = text;

    while (*at) {
        char *end = hide_at(at);
        if (!end && strncmp(at, "://", 3) == 0)
            hide_in_address(at + 3);
        at = end && end > at ? end : at + 1;
    }
}
