/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a line. What is accepted is printable UTF-8 within the bounds, and the same words
 * come out when they are quoted and read again; a filter passes whole lines only, and each of them
 * either with or without -v; the grammar takes what it likes of it.
 */
#include "cli/words.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/chars.h"
#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/output.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    size_t len = strlen(text);

    assert(len <= SL_LINE_MAX);
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        int taken = sl_char_decode(text + at, len - at, &code);
        assert(taken > 0 && (sl_char_is_safe(code) || code == '\t'));
        at += (size_t)taken;
    }
}

static void check_quoting(const struct sl_words *words)
{
    struct sl_words *again = sl_new(struct sl_words);
    struct sl_output line;

    sl_output_init(&line, 4 * SL_LINE_MAX);
    for (size_t i = 0; i < words->count; i++) {
        sl_output_text(&line, i > 0 ? " " : "");
        sl_words_quote(&line, words->words[i]);
    }
    assert(!line.cut);
    if (line.len <= SL_LINE_MAX) { /* quotes may have made it too long */
        assert(sl_words_split(line.bytes ? line.bytes : "", line.len, again, NULL) == 0);
        assert(again->count == words->count && !again->grep);
        for (size_t i = 0; i < words->count; i++)
            assert(!strcmp(again->words[i], words->words[i]));
    }
    sl_output_deinit(&line);
    free(again);
}

/* The input itself serves as output to filter. */
static void check_filter(struct sl_words *words, const char *text, size_t len)
{
    struct sl_output with, without;

    sl_output_init(&with, len + 1);
    sl_output_init(&without, len + 1);
    sl_words_filter(words, text, len, &with);
    words->grep_not = !words->grep_not;
    sl_words_filter(words, text, len, &without);
    assert(with.len + without.len == len);
    sl_output_deinit(&with);
    sl_output_deinit(&without);
}

static void check_grammar(const struct sl_words *words)
{
    struct sl_error error = {""};
    struct sl_cli_args args;

    if (words->count == 0)
        return;
    if (sl_cli_parse(&sl_cli_commands, words, &args, &error) < 0) {
        assert(error.text[0]);
        return;
    }
    assert(args.command && args.positional_count <= SL_CLI_POSITIONALS_MAX);
    for (size_t i = 0; args.command->options[i].letter; i++) {
        const char *value = sl_cli_option(&args, args.command->options[i].letter);
        assert(args.help || !value || args.command->options[i].value || !value[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_words *words = sl_new(struct sl_words);
    char *line = sl_strndup("", 0);
    struct sl_error error = {""};

    line = realloc(line, size + 1);
    assert(line);
    if (size > 0)
        memcpy(line, data, size);
    line[size] = '\0';
    int err = sl_words_split(line, size, words, &error);
    if (err == 0) {
        assert(words->count <= SL_WORDS_MAX);
        for (size_t i = 0; i < words->count; i++) {
            check_text(words->words[i]);
            assert(words->starts[i] < size);
        }
        check_grammar(words);
        if (words->grep)
            check_filter(words, line, size);
        else
            check_quoting(words);
    } else {
        assert(error.text[0]);
    }
    (void)sl_cli_line_is_secret(&sl_cli_commands, line);
    if (sl_words_scan(line, size, words, NULL) == 0)
        assert(words->pipe <= words->count);
    free(line);
    free(words);
    return 0;
}
