/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shows the editor's line on a terminal with the few sequences that all of them know (ECMA-48: CUU,
 * CUD, CUF, ED). Rows are broken here and not by the terminal, so that both always agree on where
 * the cursor is. Pure.
 */
#ifndef SL_CLI_SCREEN_H
#define SL_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct sl_editor;
struct sl_output;

/* Shows prompt and line; the terminal's cursor is at the begin of a row that is free. */
void sl_screen_begin(struct sl_editor *editor, struct sl_output *screen);
/* The characters that were just inserted at the end, without writing the others again. False: the
 * line must be written anew. */
bool sl_screen_append(struct sl_editor *editor, const char *text, size_t len,
                      struct sl_output *screen);
/* Brings the terminal up to date, if it is not. */
void sl_screen_update(struct sl_editor *editor, struct sl_output *screen);
/* Writes text behind the line and goes to the begin of the row below it. */
void sl_screen_leave(struct sl_editor *editor, const char *text, struct sl_output *screen);
/* The line at the top of an empty terminal. */
void sl_screen_clear(struct sl_editor *editor, struct sl_output *screen);

#endif
