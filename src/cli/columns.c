/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Collects the cells of a list, then aligns them. */
#include "cli/columns.h"

#include "base/mem.h"
#include "cli/chars.h"
#include "cli/output.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    GAP = 3, /* cli.md section 3 */
    CELL_MAX = 16384,
    FIRST_CAPACITY = 64,
};

void sl_columns_init(struct sl_columns *columns, const char *const *titles)
{
    memset(columns, 0, sizeof(*columns));
    while (titles[columns->column_count])
        columns->column_count++;
    assert(columns->column_count > 0 && columns->column_count <= SL_COLUMNS_MAX);
    for (size_t i = 0; i < columns->column_count; i++)
        sl_columns_add(columns, titles[i]);
}

void sl_columns_deinit(struct sl_columns *columns)
{
    for (size_t i = 0; i < columns->cell_count; i++)
        free(columns->cells[i]);
    free(columns->cells);
    memset(columns, 0, sizeof(*columns));
}

static char *escape(const char *text)
{
    struct sl_output cell;

    sl_output_init(&cell, CELL_MAX);
    sl_chars_escape(&cell, text, strlen(text), false);
    char *copy = sl_strndup(cell.bytes ? cell.bytes : "", cell.len);
    sl_output_deinit(&cell);
    return copy;
}

void sl_columns_add(struct sl_columns *columns, const char *text)
{
    if (columns->cell_count == columns->capacity) {
        size_t capacity = columns->capacity ? columns->capacity * 2 : FIRST_CAPACITY;
        char **cells = sl_new_array(char *, capacity);
        if (columns->cells)
            memcpy(cells, columns->cells, columns->cell_count * sizeof(*cells));
        free(columns->cells);
        columns->cells = cells;
        columns->capacity = capacity;
    }
    columns->cells[columns->cell_count++] = escape(text && text[0] ? text : "-");
}

void sl_columns_add_number(struct sl_columns *columns, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    sl_columns_add(columns, text);
}

void sl_columns_add_time(struct sl_columns *columns, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    char text[32] = "";
    struct tm utc;

    if (wall_ms > 0 && gmtime_r(&seconds, &utc))
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    sl_columns_add(columns, text);
}

static void print_row(const struct sl_columns *columns, const size_t *widths, size_t row,
                      struct sl_output *output)
{
    char *const *cells = columns->cells + row * columns->column_count;

    for (size_t i = 0; i < columns->column_count; i++) {
        size_t len = strlen(cells[i]);
        sl_output_add(output, cells[i], len);
        if (i + 1 < columns->column_count)
            sl_output_repeat(output, ' ', widths[i] + GAP - sl_chars_width(cells[i], len));
    }
    sl_output_text(output, "\n");
}

void sl_columns_print(const struct sl_columns *columns, struct sl_output *output)
{
    size_t widths[SL_COLUMNS_MAX] = {0}, total = 0, count = columns->column_count;

    assert(columns->cell_count % count == 0);
    for (size_t i = 0; i < columns->cell_count; i++) {
        size_t width = sl_chars_width(columns->cells[i], strlen(columns->cells[i]));
        if (width > widths[i % count])
            widths[i % count] = width;
    }
    for (size_t i = 0; i < count; i++)
        total += widths[i] + (i + 1 < count ? GAP : 0);
    for (size_t row = 0; row < columns->cell_count / count; row++) {
        print_row(columns, widths, row, output);
        if (row == 0) {
            sl_output_repeat(output, '-', total);
            sl_output_text(output, "\n");
        }
    }
}
