/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One entry per application that had a failure within the last second. */
#include "hooks/faults.h"

#include "base/log.h"
#include "base/table.h"
#include "net/net.h"

#include <string.h>

enum { WINDOW_MS = 1000 };

struct sl_hook_faults {
    struct sl_loop *loop;
    struct sl_table apps;
};

struct entry {
    struct sl_table_node by_key;
    struct sl_hook_faults *faults;
    struct sl_timer *window;
    size_t more;
    char *app_key;
};

struct sl_hook_faults *sl_hook_faults_create(struct sl_loop *loop)
{
    struct sl_hook_faults *faults = sl_new(struct sl_hook_faults);

    faults->loop = loop;
    sl_table_init(&faults->apps);
    return faults;
}

static void tell_more(struct entry *entry)
{
    char quoted[96];

    if (entry->more > 0)
        sl_log(SL_LOG_WARN, NULL, "application %s: %zu more hooks failed",
               sl_log_quote(quoted, sizeof(quoted), entry->app_key), entry->more);
    entry->more = 0;
}

static void entry_destroy(struct sl_table_node *node, void *arg)
{
    struct entry *entry = sl_container_of(node, struct entry, by_key);

    (void)arg;
    tell_more(entry);
    sl_table_remove(&entry->faults->apps, &entry->by_key);
    sl_timer_destroy(entry->window);
    free(entry->app_key);
    free(entry);
}

void sl_hook_faults_destroy(struct sl_hook_faults *faults)
{
    if (!faults)
        return;
    sl_table_each(&faults->apps, entry_destroy, NULL);
    sl_table_deinit(&faults->apps);
    free(faults);
}

static void on_window(void *owner)
{
    struct entry *entry = owner;

    if (entry->more == 0) {
        entry_destroy(&entry->by_key, NULL);
        return;
    }
    tell_more(entry);
    sl_timer_start(entry->window, WINDOW_MS, 0);
}

static bool has_key(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct entry, by_key)->app_key, key) == 0;
}

bool sl_hook_faults_note(struct sl_hook_faults *faults, const char *app_key)
{
    uint64_t hash = sl_hash_text(app_key);
    struct sl_table_node *node = sl_table_find(&faults->apps, hash, has_key, app_key);

    if (node) {
        sl_container_of(node, struct entry, by_key)->more++;
        return false;
    }
    struct entry *entry = sl_new(struct entry);
    entry->faults = faults;
    entry->app_key = sl_strdup(app_key);
    entry->window = sl_timer_create(faults->loop, on_window, entry);
    sl_timer_start(entry->window, WINDOW_MS, 0);
    sl_table_insert(&faults->apps, &entry->by_key, hash);
    return true;
}
