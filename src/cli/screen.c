/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the characters of prompt and line stand, and the bytes that put them there. */
#include "cli/screen.h"

#include "cli/chars.h"
#include "cli/editor.h"
#include "cli/output.h"

#include <assert.h>
#include <string.h>

enum {
    COLUMNS_UNKNOWN = 80,
    ROWS_UNKNOWN = 24,
    COLUMNS_MIN = 4, /* a wide character and the cursor behind it, with room to spare */
    SIZE_MAX_SANE = 4096,
};

void sl_editor_resize(struct sl_editor *editor, size_t columns, size_t rows)
{
    columns = columns == 0 ? COLUMNS_UNKNOWN : columns;
    rows = rows == 0 ? ROWS_UNKNOWN : rows;
    editor->columns = columns < COLUMNS_MIN     ? COLUMNS_MIN
                      : columns > SIZE_MAX_SANE ? SIZE_MAX_SANE
                                                : columns;
    editor->rows = rows > SIZE_MAX_SANE ? SIZE_MAX_SANE : rows;
    editor->stale = SL_CHANGED;
}

/* ---- Layout ---- */

/* Goes through prompt and line, one character after the other. */
struct layout {
    const struct sl_editor *editor;
    const char *text;   /* the next character's bytes */
    size_t left;        /* bytes of text, */
    bool in_prompt;     /* which is the prompt */
    size_t row, column; /* column may be `columns`: the row is full */
};

/* The character that was passed. */
struct cell {
    const char *bytes;
    size_t len;
    size_t row;  /* it stands in, */
    bool breaks; /* as the first one */
};

static struct layout layout_of(const struct sl_editor *editor)
{
    return (struct layout){.editor = editor,
                           .text = editor->prompt,
                           .left = strlen(editor->prompt),
                           .in_prompt = true};
}

/* Where a character of this width goes. A row that is full is left only now, so that marks still
 * join its last character. True: at the begin of a new row. */
static bool place(const struct sl_editor *editor, unsigned width, size_t *row, size_t *column)
{
    bool breaks = width > 0 && *column + width > editor->columns;

    if (breaks) {
        ++*row;
        *column = 0;
    }
    *column += width;
    return breaks;
}

static bool layout_next(struct layout *layout, struct cell *cell)
{
    const struct sl_editor *editor = layout->editor;
    uint32_t code = 0;

    if (layout->left == 0 && layout->in_prompt) {
        layout->in_prompt = false;
        layout->text = editor->line;
        layout->left = editor->secret ? 0 : editor->len;
    }
    if (layout->left == 0)
        return false;
    int taken = sl_char_decode(layout->text, layout->left, &code);
    assert(taken > 0);
    cell->bytes = layout->text;
    cell->len = (size_t)taken;
    cell->breaks = place(editor, sl_char_width(code), &layout->row, &layout->column);
    cell->row = layout->row;
    layout->text += taken;
    layout->left -= (size_t)taken;
    return true;
}

/* True: the next character is one of the prompt or of the first `at` bytes of the line. */
static bool is_before(const struct layout *layout, size_t at)
{
    const struct sl_editor *editor = layout->editor;

    if (layout->in_prompt && layout->left > 0)
        return true;
    return !editor->secret && (layout->in_prompt ? editor->line : layout->text) < editor->line + at;
}

/* Where the cursor is that stands behind `at` bytes of the line. */
static void find(const struct sl_editor *editor, size_t at, size_t *row, size_t *column)
{
    struct layout layout = layout_of(editor);
    struct cell cell;

    while (is_before(&layout, at) && layout_next(&layout, &cell))
        continue;
    *row = layout.row + (layout.column == editor->columns);
    *column = layout.column == editor->columns ? 0 : layout.column;
}

/* ---- Writing ---- */

static void go(struct sl_output *screen, size_t rows_up, size_t rows_down, size_t column)
{
    if (rows_up > rows_down)
        sl_output_format(screen, "\x1b[%zuA", rows_up - rows_down);
    else if (rows_down > rows_up)
        sl_output_format(screen, "\x1b[%zuB", rows_down - rows_up);
    sl_output_text(screen, "\r");
    if (column > 0)
        sl_output_format(screen, "\x1b[%zuC", column);
}

/* Chooses the rows to show: those around the cursor, as many of the line as fit. */
static void choose_top(struct sl_editor *editor, size_t row, size_t last_row)
{
    if (row < editor->top)
        editor->top = row;
    if (row >= editor->top + editor->rows)
        editor->top = row - editor->rows + 1;
    if (last_row < editor->top + editor->rows - 1)
        editor->top = last_row >= editor->rows ? last_row - editor->rows + 1 : 0;
}

/* Writes the rows from top on, as many as the terminal has; the cursor stands behind the last
 * character. Returns the row it is in. */
static size_t write_rows(const struct sl_editor *editor, size_t last_row, struct sl_output *screen)
{
    struct layout layout = layout_of(editor);
    size_t bottom = editor->top + editor->rows - 1, at = editor->top;
    struct cell cell;

    while (layout_next(&layout, &cell) && cell.row <= bottom) {
        if (cell.row < editor->top)
            continue;
        if (cell.breaks && cell.row > editor->top)
            sl_output_text(screen, "\r\n");
        sl_output_add(screen, cell.bytes, cell.len);
        at = cell.row;
    }
    if (at < last_row && at < bottom) { /* the last row is full: the cursor's is the next */
        sl_output_text(screen, "\r\n");
        at++;
    }
    return at;
}

static void write_anew(struct sl_editor *editor, struct sl_output *screen)
{
    size_t row, column, last_row, last_column;

    find(editor, editor->cursor, &row, &column);
    find(editor, editor->len, &last_row, &last_column);
    go(screen, editor->row - editor->top, 0, 0);
    sl_output_text(screen, "\x1b[J");
    choose_top(editor, row, last_row);
    size_t at = write_rows(editor, last_row, screen);
    go(screen, at - row, 0, column);
    editor->row = row;
    editor->column = column;
}

void sl_screen_update(struct sl_editor *editor, struct sl_output *screen)
{
    size_t row, column;

    if (editor->stale == SL_MOVED) {
        find(editor, editor->cursor, &row, &column);
        if (row >= editor->top && row < editor->top + editor->rows) {
            go(screen, editor->row, row, column);
            editor->row = row;
            editor->column = column;
            editor->stale = SL_SHOWN;
        }
    }
    if (editor->stale != SL_SHOWN)
        write_anew(editor, screen);
    editor->stale = SL_SHOWN;
}

void sl_screen_begin(struct sl_editor *editor, struct sl_output *screen)
{
    editor->top = editor->row = editor->column = 0;
    write_anew(editor, screen);
    editor->stale = SL_SHOWN;
}

bool sl_screen_append(struct sl_editor *editor, const char *text, size_t len,
                      struct sl_output *screen)
{
    if (editor->stale != SL_SHOWN)
        return false;
    while (len > 0 && !editor->secret) {
        uint32_t code = 0;
        int taken = sl_char_decode(text, len, &code);
        assert(taken > 0);
        if (sl_char_width(code) == 0)
            return false; /* its character may be in the row above */
        if (place(editor, sl_char_width(code), &editor->row, &editor->column))
            sl_output_text(screen, "\r\n");
        sl_output_add(screen, text, (size_t)taken);
        if (editor->column == editor->columns) {
            sl_output_text(screen, "\r\n");
            editor->row++;
            editor->column = 0;
        }
        if (editor->row >= editor->top + editor->rows)
            editor->top = editor->row - editor->rows + 1; /* the terminal has scrolled */
        text += taken;
        len -= (size_t)taken;
    }
    return true;
}

void sl_screen_leave(struct sl_editor *editor, const char *text, struct sl_output *screen)
{
    if (editor->cursor != editor->len) {
        editor->cursor = editor->len;
        if (editor->stale == SL_SHOWN)
            editor->stale = SL_MOVED;
    }
    sl_screen_update(editor, screen);
    sl_output_text(screen, text);
    if (editor->column > 0 || text[0])
        sl_output_text(screen, "\r\n");
    editor->top = editor->row = editor->column = 0;
}

void sl_screen_clear(struct sl_editor *editor, struct sl_output *screen)
{
    sl_output_text(screen, "\x1b[H\x1b[2J");
    editor->top = editor->row = editor->column = 0;
    editor->stale = SL_CHANGED;
}

void sl_editor_list(struct sl_editor *editor, const char *text, struct sl_output *screen)
{
    size_t cursor = editor->cursor;

    sl_screen_leave(editor, "", screen);
    sl_output_text(screen, text);
    editor->cursor = cursor;
    sl_screen_begin(editor, screen);
}
