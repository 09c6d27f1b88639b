/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a line by the rows of the table, and tells the rows to people. */
#include "cli/grammar.h"

#include "base/error.h"
#include "base/mem.h"
#include "cli/output.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- Reading ---- */

const struct sl_cli_command *sl_cli_find(const struct sl_cli_table *table,
                                         const struct sl_words *words, size_t *used)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct sl_cli_command *command = &table->rows[i];
        size_t need = command->noun ? 2 : 1;

        if (words->count < need || strcasecmp(words->words[0], command->verb) != 0)
            continue;
        if (command->noun && strcasecmp(words->words[1], command->noun) != 0)
            continue;
        *used = need;
        return command;
    }
    return NULL;
}

static bool is_verb(const struct sl_cli_table *table, const char *word)
{
    for (size_t i = 0; i < table->count; i++) {
        if (!strcasecmp(word, table->rows[i].verb))
            return true;
    }
    return false;
}

const struct sl_cli_option *sl_cli_find_option(const struct sl_cli_command *command,
                                               const char *word)
{
    for (const struct sl_cli_option *option = command->options; option->letter; option++) {
        bool is_short = word[0] == '-' && word[1] == option->letter && !word[2];
        if (is_short || (!strncmp(word, "--", 2) && !strcmp(word + 2, option->name)))
            return option;
    }
    return NULL;
}

const char *sl_cli_option(const struct sl_cli_args *args, char letter)
{
    const struct sl_cli_option *options = args->command->options;
    size_t at = 0;

    while (options[at].letter && options[at].letter != letter)
        at++;
    assert(options[at].letter);
    return args->options[at];
}

static size_t positional_count(const struct sl_cli_command *command)
{
    size_t count = 0;

    while (command->positionals[count].name)
        count++;
    return count;
}

/* One option at *at; moves on to its value. */
static int read_option(const struct sl_words *words, size_t *at, struct sl_cli_args *out,
                       struct sl_error *error)
{
    const char *word = words->words[*at];
    const struct sl_cli_option *option = sl_cli_find_option(out->command, word);
    const char **slot;

    if (!option && (out->command->flags & SL_COMMAND_SECRET)) /* it may be the password */
        return sl_error_set(error, -EINVAL, "Unknown option; `--` ends options");
    if (!option) /* without the value of `-pSECRET` and `--p-rest=SECRET` */
        return sl_error_set(error, -EINVAL, "Unknown option: %.*s",
                            word[1] == '-' ? (int)strcspn(word, "=") : 2, word);
    slot = &out->options[option - out->command->options];
    if (*slot)
        return sl_error_set(error, -EINVAL, "Option %s is there twice", word);
    if (option->value && *at + 1 == words->count)
        return sl_error_set(error, -EINVAL, "Option %s needs a value: %s", word, option->value);
    *slot = option->value ? words->words[++*at] : "";
    return 0;
}

static int read_positional(const char *word, struct sl_cli_args *out, struct sl_error *error)
{
    if (out->positional_count == positional_count(out->command))
        return sl_error_set(error, -EINVAL, "Too many words"); /* one may be a password's */
    out->positionals[out->positional_count++] = word;
    return 0;
}

static int check_positionals(const struct sl_cli_args *args, struct sl_error *error)
{
    const struct sl_cli_positional *next = &args->command->positionals[args->positional_count];

    if (next->name && !next->optional)
        return sl_error_set(error, -EINVAL, "%s is missing", next->name);
    return 0;
}

static int unknown(const struct sl_cli_table *table, const struct sl_words *words,
                   struct sl_error *error)
{
    if (words->count == 1 && is_verb(table, words->words[0]))
        return sl_error_set(error, -EINVAL, "%s what? See: help %s", words->words[0],
                            words->words[0]);
    if (words->count > 1 && is_verb(table, words->words[0]))
        return sl_error_set(error, -ENOENT, "Unknown command: %s %s", words->words[0],
                            words->words[1]);
    return sl_error_set(error, -ENOENT, "Unknown command: %s", words->words[0]);
}

int sl_cli_parse(const struct sl_cli_table *table, const struct sl_words *words,
                 struct sl_cli_args *out, struct sl_error *error)
{
    bool options_end = false;
    size_t used = 0;
    int err = 0;

    memset(out, 0, sizeof(*out));
    out->table = table;
    out->command = sl_cli_find(table, words, &used);
    if (!out->command)
        return unknown(table, words, error);
    for (size_t i = used; i < words->count; i++)
        out->help |= !words->quoted[i] && !strcmp(words->words[i], "--help");
    if (out->help)
        return 0;
    for (size_t i = used; i < words->count && err == 0; i++) {
        const char *word = words->words[i];
        bool is_option = !options_end && !words->quoted[i] && word[0] == '-' && word[1];

        if (is_option && !strcmp(word, "--"))
            options_end = true;
        else
            err =
                is_option ? read_option(words, &i, out, error) : read_positional(word, out, error);
    }
    return err < 0 ? err : check_positionals(out, error);
}

/* ---- Secrets ---- */

/* What is no command may be a slip in one that takes a password. */
static bool looks_secret(const struct sl_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (!strncasecmp(words->words[i], "pass", 4) || !strncasecmp(words->words[i], "user", 4))
            return words->count > 2;
    }
    return false;
}

static bool words_are_secret(const struct sl_cli_table *table, const struct sl_words *words)
{
    size_t used = 0;
    const struct sl_cli_command *command = sl_cli_find(table, words, &used);

    if (!command)
        return looks_secret(words);
    if (command->flags & SL_COMMAND_SECRET)
        return words->count > used;
    for (size_t i = used; i < words->count; i++) { /* -p, --p-rest, and slips like -pSECRET */
        if (!strncmp(words->words[i], "-p", 2) || !strncmp(words->words[i], "--p", 3))
            return true;
    }
    return false;
}

bool sl_cli_line_is_secret(const struct sl_cli_table *table, const char *line)
{
    struct sl_words words;
    /* An open quote hides where words end: better to forget too much. */
    bool secret = sl_words_split(line, strlen(line), &words, NULL) < 0 ||
                  (words.count > 0 && words_are_secret(table, &words));

    sl_words_wipe(&words);
    return secret;
}

/* ---- Help ---- */

static void print_name(const struct sl_cli_command *command, struct sl_output *out)
{
    sl_output_format(out, "%s%s%s", command->verb, command->noun ? " " : "",
                     command->noun ? command->noun : "");
}

void sl_cli_print_usage(const struct sl_cli_command *command, struct sl_output *out)
{
    print_name(command, out);
    for (const struct sl_cli_option *option = command->options; option->letter; option++)
        sl_output_format(out, " [-%c|--%s%s%s]", option->letter, option->name,
                         option->value ? " " : "", option->value ? option->value : "");
    for (const struct sl_cli_positional *word = command->positionals; word->name; word++)
        sl_output_format(out, word->optional ? " [%s]" : " %s", word->name);
    sl_output_text(out, "\n");
}

void sl_cli_print_help(const struct sl_cli_command *command, struct sl_output *out)
{
    sl_cli_print_usage(command, out);
    sl_output_format(out, "  %s%s\n", command->about,
                     command->flags & SL_COMMAND_ADMIN ? " Only admin may." : "");
    for (const struct sl_cli_option *option = command->options; option->letter; option++)
        sl_output_format(out, "  -%c, --%s%s%s: %s\n", option->letter, option->name,
                         option->value ? " " : "", option->value ? option->value : "",
                         option->about);
}

size_t sl_cli_print_commands(const struct sl_cli_table *table, const char *verb,
                             struct sl_output *out)
{
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct sl_cli_command *command = &table->rows[i];
        if (verb && strcasecmp(verb, command->verb) != 0)
            continue;
        sl_cli_print_usage(command, out);
        sl_output_format(out, "  %s\n", command->about);
        count++;
    }
    return count;
}
