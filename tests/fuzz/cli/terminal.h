/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A terminal as the console's editor expects it: a grid of characters, a cursor, and the sequences
 * that screen.c sends. Anything else ends the program. And the check that it shows what it should.
 */
#ifndef SL_TEST_CLI_TERMINAL_H
#define SL_TEST_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct sl_editor;
struct sl_output;

enum { TERMINAL_COLUMNS_MAX = 132, TERMINAL_ROWS_MAX = 50, CELL_BYTES_MAX = 16 };

struct terminal_cell {
    char text[CELL_BYTES_MAX + 1]; /* a character and its marks; "" is blank */
    bool taken;                    /* by the wide character before */
};

struct terminal {
    size_t columns, rows, row, column; /* column may be `columns`: the next one wraps */
    struct terminal_cell cells[TERMINAL_ROWS_MAX][TERMINAL_COLUMNS_MAX];
    size_t bells;
};

void terminal_init(struct terminal *terminal, size_t columns, size_t rows);
/* Shows what was sent, and forgets it. */
void terminal_show(struct terminal *terminal, struct sl_output *sent);
/* The text of a row, blanks at its end left out. */
void terminal_row_text(const struct terminal *terminal, size_t row, char *out, size_t out_len);

/* NULL: prompt, line and cursor of the editor are on the terminal as they should, and nothing
 * stands below. Otherwise what is wrong. */
const char *terminal_differs(const struct terminal *terminal, const struct sl_editor *editor);

#endif
