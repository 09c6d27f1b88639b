/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One console: a shell at a terminal, a shell that reads from a pipe, or a single command. It turns
 * what the client sends into lines to run and what came of them into bytes for the client. It knows
 * neither SSH nor who runs the lines, and belongs to whoever calls it.
 */
#ifndef SL_CLI_CONSOLE_H
#define SL_CLI_CONSOLE_H

#include "cli/editor.h"
#include "cli/output.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_completions;
struct sl_history;

struct sl_console_ops {
    /* sl_console_on_answer() follows, not from within. secret: the new password that the command
     * asked for, NULL at first. Borrowed for the call. */
    void (*run)(void *owner, const char *line, const char *secret);
    /* sl_console_on_completions() follows, not from within. */
    void (*complete)(void *owner, const char *line, size_t len);
};

struct sl_console_config {
    bool has_terminal;          /* the client has one: echo, keys, prompt, \r\n */
    size_t columns, rows;       /* of it; 0: not known */
    const char *command;        /* the only line to run; NULL: a shell */
    struct sl_history *history; /* outlives the console */
    const struct sl_console_ops *ops;
    void *owner;
};

/*
 * start() -> READING <-> RUNNING, COMPLETING;  RUNNING -> SECRET -> SECRET_AGAIN -> RUNNING
 * any -> OVER: `exit`, end of input, or the only command is done
 */
enum sl_console_state {
    SL_CONSOLE_READING,
    SL_CONSOLE_RUNNING,
    SL_CONSOLE_COMPLETING,
    SL_CONSOLE_SECRET,
    SL_CONSOLE_SECRET_AGAIN,
    SL_CONSOLE_OVER,
};

struct sl_console {
    struct sl_console_config config; /* command is a copy */
    enum sl_console_state state;
    int exit_status;           /* when OVER */
    struct sl_output out, err; /* for the client; the caller takes from them */

    struct sl_editor editor; /* with a terminal */
    char *line;              /* that is run, for the second time with a secret */
    char *secret;            /* typed once */

    /* Without a terminal: */
    char plain[SL_LINE_MAX + 1];
    size_t plain_len;
    bool plain_too_long, after_cr, input_ended;
};

struct sl_console_answer {
    const char *text; /* len bytes, lines that end with a line feed */
    size_t len;
    const char *error; /* NULL: done */
    bool asks;         /* for a new password; the line is then run once more with it */
    bool closes;
};

void sl_console_init(struct sl_console *console, const struct sl_console_config *config);
/* May be called while something runs: its answer must not be delivered then. */
void sl_console_deinit(struct sl_console *console);
/* Shows the prompt, or runs the command. */
void sl_console_start(struct sl_console *console);

/* True: sl_console_feed() would take bytes. */
bool sl_console_reads(const struct sl_console *console);
/* Takes bytes until something is to be run; returns how many. */
size_t sl_console_feed(struct sl_console *console, const char *bytes, size_t len);
/* Nothing more will be fed. */
void sl_console_end_input(struct sl_console *console);
void sl_console_resize(struct sl_console *console, size_t columns, size_t rows);

void sl_console_on_answer(struct sl_console *console, const struct sl_console_answer *answer);
void sl_console_on_completions(struct sl_console *console,
                               const struct sl_completions *completions);

#endif
