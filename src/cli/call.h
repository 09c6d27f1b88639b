/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One command on its way: the line, what came of it, and how its handler answers. On the control
 * loop.
 */
#ifndef SL_CLI_CALL_H
#define SL_CLI_CALL_H

#include "base/error.h"
#include "cli/cli.h"
#include "cli/grammar.h"
#include "cli/output.h"
#include "cli/words.h"
#include "net/net.h"

#include <stdbool.h>

struct sl_app;

enum { SL_CLI_OUTPUT_MAX = 8 << 20 };

struct sl_cli_call {
    /* Set by whoever begins the call; everything must stay until on_done. */
    const struct sl_cli_config *console;
    const char *user;   /* logged in */
    const char *line;   /* NUL-terminated */
    const char *secret; /* what was typed for `asks`; NULL: not asked for yet */
    void (*on_done)(struct sl_cli_call *call); /* once, never from within sl_cli_call_run() */

    /* The answer. */
    struct sl_output out; /* printable, lines that end with a line feed */
    bool failed;
    struct sl_error error; /* if it did: one line */
    bool asks;             /* not done: a new password is to be typed twice, then run once more */
    bool closes;           /* the console is to be closed */

    struct sl_later end; /* tells it */

    /* The handler's. */
    struct sl_words words;
    struct sl_cli_args args;
};

/* Before sl_cli_call_run(), and after on_done; secrets in the line's words are wiped. */
void sl_cli_call_init(struct sl_cli_call *call);
void sl_cli_call_deinit(struct sl_cli_call *call);
/* Runs the line: sl_cli_call_init(), the first five fields, then this. */
void sl_cli_call_run(struct sl_cli_call *call);

/* ---- For handlers: each ends with exactly one of these ---- */

void sl_cli_call_done(struct sl_cli_call *call);
/* The words end up in one line behind "Error: ", printable whatever they are made of. */
void sl_cli_call_fail(struct sl_cli_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* For what sl_apps refused: done once it is on disk; an error otherwise. */
void sl_cli_call_finish(struct sl_cli_call *call, int err, const struct sl_error *error);

bool sl_cli_call_is_admin(const struct sl_cli_call *call);
/* Admin sees and changes all applications, others their own (cli.md 4.1). */
bool sl_cli_may_use(const char *user, const struct sl_app *app);

#endif
