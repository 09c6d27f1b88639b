/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line into words (cli.md section 2), and the filter behind a `|`. Pure. */
#ifndef SL_CLI_WORDS_H
#define SL_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct sl_error;
struct sl_output;

enum {
    SL_LINE_MAX = 4096, /* bytes (cli.md section 2) */
    SL_WORDS_MAX = 64,
};

struct sl_words {
    const char *words[SL_WORDS_MAX]; /* into text; without quotes and backslashes */
    size_t starts[SL_WORDS_MAX];     /* where each begins in the line, its quote included */
    bool quoted[SL_WORDS_MAX];       /* began with a quote: never an option */
    size_t count;

    /* sl_words_scan() only */
    size_t pipe;    /* words from here on stand behind the first `|`; count if there is none */
    size_t pipes;   /* how many `|` there were */
    bool open;      /* the line ends within the last word, */
    bool in_quotes; /* or even within its quotes */

    /* sl_words_split() only: what a line of output must contain to be shown */
    const char *grep; /* NULL: every line is shown */
    bool grep_any_case, grep_not;

    char text[SL_LINE_MAX + SL_WORDS_MAX]; /* of the words; may hold passwords: sl_words_wipe() */
};

/*
 * Blanks separate words; "..." groups, with \" and \\ inside; a `|` outside of quotes is a word of
 * its own that is not counted. For completion: quotes may be open at the end.
 *
 * Returns  0; -EMSGSIZE beyond SL_LINE_MAX bytes or SL_WORDS_MAX words, -EILSEQ for what is not
 *          UTF-8 or a control character, with words.
 */
int sl_words_scan(const char *line, size_t len, struct sl_words *out, struct sl_error *error);
/* A whole line: besides, -EINVAL for open quotes and for a `|` that is not followed by
 * `grep [-i] [-v] TEXT`. count is then that of the command alone. */
int sl_words_split(const char *line, size_t len, struct sl_words *out, struct sl_error *error);
void sl_words_wipe(struct sl_words *words);

/* The word as it has to be typed: in quotes if it needs them. */
void sl_words_quote(struct sl_output *output, const char *word);

/* Adds the lines of text (len bytes) that the filter lets through. */
void sl_words_filter(const struct sl_words *words, const char *text, size_t len,
                     struct sl_output *output);

#endif
