/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal, and a layout of the line that shares nothing with screen.c but widths. */
#include "terminal.h"

#include "cli/chars.h"
#include "cli/editor.h"
#include "cli/output.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what)
{
    (void)fprintf(stderr, "terminal: %s\n", what);
    abort();
}

void terminal_init(struct terminal *terminal, size_t columns, size_t rows)
{
    assert(columns <= TERMINAL_COLUMNS_MAX && rows <= TERMINAL_ROWS_MAX);
    memset(terminal->cells, 0, rows * sizeof(terminal->cells[0])); /* the others are never used */
    terminal->row = terminal->column = terminal->bells = 0;
    terminal->columns = columns;
    terminal->rows = rows;
}

static void line_feed(struct terminal *terminal)
{
    if (terminal->row + 1 < terminal->rows) {
        terminal->row++;
        return;
    }
    memmove(terminal->cells[0], terminal->cells[1],
            (terminal->rows - 1) * sizeof(terminal->cells[0]));
    memset(terminal->cells[terminal->rows - 1], 0, sizeof(terminal->cells[0]));
}

static void put_mark(struct terminal *terminal, const char *bytes, size_t len)
{
    size_t at = terminal->column > 0 ? terminal->column - 1 : 0;

    while (at > 0 && terminal->cells[terminal->row][at].taken)
        at--;
    struct terminal_cell *cell = &terminal->cells[terminal->row][at];
    size_t old = strlen(cell->text);
    if (old + len <= CELL_BYTES_MAX)
        memcpy(cell->text + old, bytes, len);
}

static void put_character(struct terminal *terminal, const char *bytes, size_t len, uint32_t code)
{
    size_t width = sl_char_width(code);

    if (!sl_char_is_safe(code))
        fail("a control character was sent");
    if (width == 0) {
        put_mark(terminal, bytes, len);
        return;
    }
    if (terminal->column + width > terminal->columns) {
        terminal->column = 0;
        line_feed(terminal);
    }
    struct terminal_cell *cell = &terminal->cells[terminal->row][terminal->column];
    memset(cell, 0, sizeof(*cell));
    memcpy(cell->text, bytes, len);
    if (width == 2) {
        memset(cell + 1, 0, sizeof(*cell));
        cell[1].taken = true;
    }
    terminal->column += width;
}

static void erase_below(struct terminal *terminal)
{
    size_t column = terminal->column < terminal->columns ? terminal->column : terminal->columns - 1;

    for (size_t row = terminal->row; row < terminal->rows; row++) {
        size_t from = row == terminal->row ? column : 0;
        memset(&terminal->cells[row][from], 0,
               (terminal->columns - from) * sizeof(**terminal->cells));
    }
}

static void sequence(struct terminal *terminal, unsigned long count, bool has_count, char final)
{
    size_t n = has_count ? count : 1;

    switch (final) {
    case 'A':
        terminal->row -= n < terminal->row ? n : terminal->row;
        break;
    case 'B':
        terminal->row +=
            n < terminal->rows - 1 - terminal->row ? n : terminal->rows - 1 - terminal->row;
        break;
    case 'C':
        terminal->column += n;
        if (terminal->column >= terminal->columns)
            fail("the cursor was sent beyond the right margin");
        break;
    case 'H':
        terminal->row = terminal->column = 0;
        break;
    case 'J':
        if (has_count && count == 2)
            memset(terminal->cells, 0, terminal->rows * sizeof(terminal->cells[0]));
        else
            erase_below(terminal);
        break;
    default:
        fail("an unknown sequence");
    }
}

/* Returns the bytes taken. */
static size_t show_one(struct terminal *terminal, const char *bytes, size_t len)
{
    uint32_t code = 0;

    switch (bytes[0]) {
    case '\r':
        terminal->column = 0;
        return 1;
    case '\n':
        line_feed(terminal);
        return 1;
    case '\a':
        terminal->bells++;
        return 1;
    case '\x1b':
        break;
    default: {
        int taken = sl_char_decode(bytes, len, &code);
        if (taken <= 0)
            fail("half a character was sent");
        put_character(terminal, bytes, (size_t)taken, code);
        return (size_t)taken;
    }
    }
    size_t at = 2;
    unsigned long count = 0;
    if (len < 3 || bytes[1] != '[')
        fail("an unknown escape");
    for (; at < len && bytes[at] >= '0' && bytes[at] <= '9'; at++)
        count = count * 10 + (unsigned long)(bytes[at] - '0');
    if (at == len)
        fail("half a sequence was sent");
    sequence(terminal, count, at > 2, bytes[at]);
    return at + 1;
}

void terminal_show(struct terminal *terminal, struct sl_output *sent)
{
    for (size_t at = 0; at < sent->len;)
        at += show_one(terminal, sent->bytes + at, sent->len - at);
    if (sent->cut)
        fail("output was cut");
    sl_output_clear(sent);
}

void terminal_row_text(const struct terminal *terminal, size_t row, char *out, size_t out_len)
{
    size_t len = 0, end = terminal->columns;

    while (end > 0 && !terminal->cells[row][end - 1].text[0] &&
           !terminal->cells[row][end - 1].taken)
        end--;
    out[0] = '\0';
    for (size_t i = 0; i < end; i++) {
        const struct terminal_cell *cell = &terminal->cells[row][i];
        if (!cell->taken && len + CELL_BYTES_MAX < out_len)
            len +=
                (size_t)snprintf(out + len, out_len - len, "%s", cell->text[0] ? cell->text : " ");
    }
}

/* ---- What it should show ---- */

/* A cell of the whole text, row after row. */
struct expected {
    struct terminal_cell *cells; /* rows * columns */
    size_t columns, rows_max;
    size_t row, column;               /* behind what was laid out */
    size_t cursor_row, cursor_column; /* of the editor */
};

static void lay_out(struct expected *expected, const char *text, size_t len, size_t cursor)
{
    struct terminal_cell *last = NULL;

    for (size_t at = 0; at <= len;) {
        uint32_t code = 0;
        if (at == cursor) {
            bool full = expected->column == expected->columns;
            expected->cursor_row = expected->row + full;
            expected->cursor_column = full ? 0 : expected->column;
        }
        if (at == len)
            return;
        size_t taken = (size_t)sl_char_decode(text + at, len - at, &code);
        size_t width = sl_char_width(code);
        if (width == 0 && last && strlen(last->text) + taken <= CELL_BYTES_MAX)
            memcpy(last->text + strlen(last->text), text + at, taken);
        if (width > 0 && expected->column + width > expected->columns) {
            expected->row++;
            expected->column = 0;
        }
        if (width > 0) {
            assert(expected->row < expected->rows_max);
            last = &expected->cells[expected->row * expected->columns + expected->column];
            memcpy(last->text, text + at, taken);
            if (width == 2)
                last[1].taken = true;
        }
        expected->column += width;
        at += taken;
    }
}

static const char *compare_rows(const struct terminal *terminal, const struct sl_editor *editor,
                                const struct expected *expected, size_t last_row)
{
    size_t bottom = editor->top + terminal->rows - 1;

    if (terminal->row + editor->top < editor->row)
        return "the cursor is too far up";
    size_t first = terminal->row - (editor->row - editor->top);
    for (size_t row = editor->top; row <= last_row && row <= bottom; row++) {
        size_t at = first + row - editor->top;
        if (at >= terminal->rows)
            return "the line goes below the terminal";
        for (size_t i = 0; i < terminal->columns; i++) {
            const struct terminal_cell *want = &expected->cells[row * expected->columns + i];
            if (strcmp(terminal->cells[at][i].text, want->text) != 0)
                return "a character is not what it should be";
        }
    }
    for (size_t at = first + last_row - editor->top + 1; at < terminal->rows; at++) {
        for (size_t i = 0; i < terminal->columns; i++) {
            if (terminal->cells[at][i].text[0])
                return "something stands below the line";
        }
    }
    return NULL;
}

const char *terminal_differs(const struct terminal *terminal, const struct sl_editor *editor)
{
    size_t shown = editor->secret ? 0 : editor->len, prompt_len = strlen(editor->prompt);
    size_t text_len = prompt_len + shown;
    char text[sizeof(editor->prompt) + sizeof(editor->line)];
    const char *why = NULL;
    /* No character is wider than it has bytes, and at most one column of a row stays empty. */
    struct expected expected = {.columns = terminal->columns,
                                .rows_max = text_len / (terminal->columns - 1) + 2};

    memcpy(text, editor->prompt, prompt_len);
    memcpy(text + prompt_len, editor->line, shown);
    expected.cells = calloc(expected.rows_max * expected.columns + 1, sizeof(*expected.cells));
    assert(expected.cells);
    lay_out(&expected, text, text_len, prompt_len + (editor->secret ? 0 : editor->cursor));
    size_t last_row = expected.row + (expected.column == expected.columns);
    if (editor->row != expected.cursor_row || editor->column != expected.cursor_column)
        why = "the editor is wrong about the cursor's place";
    else if (terminal->column != expected.cursor_column)
        why = "the cursor is in another column";
    else if (editor->row < editor->top || editor->row >= editor->top + terminal->rows)
        why = "the cursor is not on the terminal";
    else
        why = compare_rows(terminal, editor, &expected, last_row);
    free(expected.cells);
    return why;
}
