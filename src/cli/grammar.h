/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands as a table (that of commands.c): parser, help and completion are made from its rows.
 * Pure.
 */
#ifndef SL_CLI_GRAMMAR_H
#define SL_CLI_GRAMMAR_H

#include "cli/words.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_cli_call;
struct sl_error;
struct sl_output;

/* What a word stands for: TAB offers these. */
enum sl_cli_kind {
    SL_KIND_TEXT, /* anything: nothing to offer */
    SL_KIND_APP,
    SL_KIND_USER,
    SL_KIND_METHOD,
    SL_KIND_SESSION,
    SL_KIND_SETTING,
    SL_KIND_BOOL,
    SL_KIND_LEVEL,
    SL_KIND_COMMAND, /* a verb, or the noun behind it */
};

enum { SL_CLI_POSITIONALS_MAX = 3, SL_CLI_OPTIONS_MAX = 8 };

struct sl_cli_positional {
    const char *name; /* NULL ends the list */
    enum sl_cli_kind kind;
    bool optional;
};

struct sl_cli_option {
    char letter;       /* 0 ends the list */
    const char *name;  /* without the two dashes */
    const char *value; /* its name; NULL: a switch */
    enum sl_cli_kind kind;
    const char *about;
};

enum sl_cli_command_flags {
    SL_COMMAND_CHANGES = 1 << 0, /* told to the log */
    SL_COMMAND_SECRET = 1 << 1,  /* its words may hold a password */
    SL_COMMAND_ADMIN = 1 << 2,   /* for the user admin only */
};

struct sl_cli_command {
    const char *verb, *noun; /* noun NULL: a single word */
    const char *about;
    unsigned flags;
    void (*run)(struct sl_cli_call *call);
    struct sl_cli_positional positionals[SL_CLI_POSITIONALS_MAX + 1];
    struct sl_cli_option options[SL_CLI_OPTIONS_MAX + 1];
};

struct sl_cli_table {
    const struct sl_cli_command *rows;
    size_t count;
};

/* A line as its command wants it; points into the words. */
struct sl_cli_args {
    const struct sl_cli_table *table;
    const struct sl_cli_command *command;
    bool help; /* --help was there: nothing else is checked */
    const char *positionals[SL_CLI_POSITIONALS_MAX];
    size_t positional_count;
    const char *options[SL_CLI_OPTIONS_MAX]; /* as in the row; a switch: ""; NULL: not given */
};

/* The command that the first words name, and how many they are; NULL. */
const struct sl_cli_command *sl_cli_find(const struct sl_cli_table *table,
                                         const struct sl_words *words, size_t *used);
/* -ENOENT: unknown command. -EINVAL: wrong options or number of words. With words. */
int sl_cli_parse(const struct sl_cli_table *table, const struct sl_words *words,
                 struct sl_cli_args *out, struct sl_error *error);
/* The option's value; NULL if it was not given. The letter must be one of the command's. */
const char *sl_cli_option(const struct sl_cli_args *args, char letter);
/* The option of which this word is the name ("-a", "--all"); NULL. */
const struct sl_cli_option *sl_cli_find_option(const struct sl_cli_command *command,
                                               const char *word);

/* True: the line holds, or may hold, a password. Such lines are not remembered. */
bool sl_cli_line_is_secret(const struct sl_cli_table *table, const char *line);

/* "show apps [-d|--detail]\n" */
void sl_cli_print_usage(const struct sl_cli_command *command, struct sl_output *out);
/* Usage, meaning and options of one command. */
void sl_cli_print_help(const struct sl_cli_command *command, struct sl_output *out);
/* All commands; verb: those of one verb, NULL: all. Returns how many there were. */
size_t sl_cli_print_commands(const struct sl_cli_table *table, const char *verb,
                             struct sl_output *out);

#endif
