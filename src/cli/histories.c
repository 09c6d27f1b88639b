/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What users have typed: a history each, for all consoles of that user. */
#include "cli/server.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void history_destroy(struct sl_ssh *ssh, struct sl_user_history *history)
{
    sl_list_remove(&history->link);
    ssh->history_count--;
    sl_history_deinit(&history->history);
    free(history->user);
    free(history);
}

/* More of them than clients: there always is one that nobody uses. */
static void forget_one(struct sl_ssh *ssh)
{
    struct sl_user_history *history;

    sl_list_foreach(history, &ssh->histories, struct sl_user_history, link)
    {
        if (history->clients == 0) {
            history_destroy(ssh, history);
            return;
        }
    }
}

struct sl_user_history *sl_user_history_enter(struct sl_ssh *ssh, const char *user)
{
    struct sl_user_history *history, *found = NULL;

    sl_list_foreach(history, &ssh->histories, struct sl_user_history, link)
    {
        if (!strcmp(history->user, user))
            found = history;
    }
    if (!found) {
        if (ssh->history_count >= SL_HISTORIES_MAX)
            forget_one(ssh);
        found = sl_new(struct sl_user_history);
        found->user = sl_strdup(user);
        ssh->history_count++;
    }
    sl_list_remove(&found->link);
    sl_list_append(&ssh->histories, &found->link);
    found->clients++;
    return found;
}

void sl_user_history_leave(struct sl_user_history *history)
{
    if (history)
        history->clients--;
}

void sl_user_histories_free(struct sl_ssh *ssh)
{
    struct sl_user_history *history;

    sl_list_foreach(history, &ssh->histories, struct sl_user_history, link)
        history_destroy(ssh, history);
}
