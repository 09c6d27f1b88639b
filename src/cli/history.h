/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last lines of one user, in memory only. Lines are numbered in the order they came, so that
 * several consoles of one user can walk through them while others add more. Pure. */
#ifndef SL_CLI_HISTORY_H
#define SL_CLI_HISTORY_H

#include <stddef.h>
#include <stdint.h>

enum { SL_HISTORY_MAX = 100 };

struct sl_history {
    char *lines[SL_HISTORY_MAX]; /* number n is in n % SL_HISTORY_MAX */
    uint64_t end;                /* number of the next line */
};

void sl_history_deinit(struct sl_history *history);
/* Empty lines, and the last one once more, are not added. The caller keeps secrets away. */
void sl_history_add(struct sl_history *history, const char *line);
/* Number of the oldest line that is still there; end if there is none. */
uint64_t sl_history_first(const struct sl_history *history);
/* NULL: not there (any more). */
const char *sl_history_line(const struct sl_history *history, uint64_t number);

#endif
