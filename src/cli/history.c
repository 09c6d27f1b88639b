/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A ring of lines. */
#include "cli/history.h"

#include "base/mem.h"

#include <string.h>

void sl_history_deinit(struct sl_history *history)
{
    for (size_t i = 0; i < SL_HISTORY_MAX; i++)
        free(history->lines[i]);
    memset(history, 0, sizeof(*history));
}

uint64_t sl_history_first(const struct sl_history *history)
{
    return history->end > SL_HISTORY_MAX ? history->end - SL_HISTORY_MAX : 0;
}

const char *sl_history_line(const struct sl_history *history, uint64_t number)
{
    if (number < sl_history_first(history) || number >= history->end)
        return NULL;
    return history->lines[number % SL_HISTORY_MAX];
}

void sl_history_add(struct sl_history *history, const char *line)
{
    const char *last = history->end > 0 ? sl_history_line(history, history->end - 1) : NULL;
    char **slot = &history->lines[history->end % SL_HISTORY_MAX];

    if (!line[0] || (last && !strcmp(last, line)))
        return;
    free(*slot);
    *slot = sl_strdup(line);
    history->end++;
}
