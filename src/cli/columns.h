/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists as cli.md section 3 wants them: titles, a line of dashes, rows; each column as wide as its
 * longest cell and three blanks. Cells come from outsiders: what could move the cursor of a
 * terminal is escaped. Pure.
 */
#ifndef SL_CLI_COLUMNS_H
#define SL_CLI_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

struct sl_output;

enum { SL_COLUMNS_MAX = 12 };

struct sl_columns {
    size_t column_count, cell_count, capacity;
    char **cells; /* escaped; titles first, row by row */
};

/* titles: NULL-terminated, 1 to SL_COLUMNS_MAX. */
void sl_columns_init(struct sl_columns *columns, const char *const *titles);
void sl_columns_deinit(struct sl_columns *columns);
/* The next cell, from left to right; NULL and "" give "-", so that words can be counted. */
void sl_columns_add(struct sl_columns *columns, const char *text);
void sl_columns_add_number(struct sl_columns *columns, uint64_t number);
/* UTC, as in the log: "2024-05-01T12:00:00Z". Wall clock; 0: "-". */
void sl_columns_add_time(struct sl_columns *columns, int64_t wall_ms);
/* Ends with a line feed. Every row must be complete. */
void sl_columns_print(const struct sl_columns *columns, struct sl_output *output);

#endif
