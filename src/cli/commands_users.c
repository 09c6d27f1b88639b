/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users of the console and of the REST API (cli.md 4.3). */
#include "cli/commands.h"

#include "apps/apps.h"
#include "cli/call.h"
#include "cli/columns.h"

#include <string.h>
#include <strings.h>

struct user_list {
    const struct sl_cli_call *call;
    struct sl_columns *columns;
    bool detail, active_only;
};

/* The applications of one user as "a,b"; those that the viewer may see. */
struct owned {
    const char *owner, *viewer;
    struct sl_output names;
};

static void add_owned(const struct sl_app *app, void *arg)
{
    struct owned *owned = arg;

    if (!strcmp(app->owner, owned->owner) && sl_cli_may_use(owned->viewer, app))
        sl_output_format(&owned->names, "%s%s", owned->names.len > 0 ? "," : "", app->name);
}

static void add_user_row(const struct sl_user *user, void *arg)
{
    struct user_list *list = arg;
    struct owned owned = {.owner = user->name, .viewer = list->call->user};

    if (list->active_only && !user->active)
        return;
    sl_columns_add(list->columns, user->name);
    sl_columns_add(list->columns, user->active ? "true" : "false");
    if (!list->detail)
        return;
    sl_output_init(&owned.names, 8192);
    sl_apps_each(list->call->console->apps, add_owned, &owned);
    sl_output_add(&owned.names, "", 1);
    sl_columns_add(list->columns, owned.names.cut ? "(many)" : owned.names.bytes);
    sl_output_deinit(&owned.names);
}

void sl_cli_show_users(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Name", "Active", "Apps", NULL};
    static const char *const short_titles[] = {"Name", "Active", NULL};
    struct sl_columns columns;
    struct user_list list = {.call = call,
                             .columns = &columns,
                             .detail = sl_cli_option(&call->args, 'd') != NULL,
                             .active_only = sl_cli_option(&call->args, 'a') != NULL};

    sl_columns_init(&columns, list.detail ? titles : short_titles);
    sl_apps_each_user(call->console->apps, add_user_row, &list);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

/* The password is hashed and what follows from it is in memory. */
static void on_hashed(void *owner, int err, const char *words)
{
    struct sl_cli_call *call = owner;

    if (err < 0)
        sl_cli_call_fail(call, "%s", words);
    else
        sl_cli_call_finish(call, 0, NULL);
}

void sl_cli_add_user(struct sl_cli_call *call)
{
    sl_apps_add_user(call->console->apps, call->args.positionals[0], call->args.positionals[1],
                     on_hashed, call);
}

void sl_cli_update_user(struct sl_cli_call *call)
{
    const char *active = sl_cli_option(&call->args, 'a');
    bool on = active && !strcasecmp(active, "true"), off = active && !strcasecmp(active, "false");
    struct sl_error error = {""};

    if (!on && !off) {
        sl_cli_call_fail(call, active ? "-a is true or false, not %s" : "-a true|false is missing",
                         active);
        return;
    }
    sl_cli_call_finish(
        call, sl_apps_set_user_active(call->console->apps, call->args.positionals[0], on, &error),
        &error);
}

void sl_cli_remove_user(struct sl_cli_call *call)
{
    struct sl_error error = {""};

    sl_cli_call_finish(
        call, sl_apps_remove_user(call->console->apps, call->args.positionals[0], &error), &error);
}

struct user_search {
    const char *name;
    bool found;
};

static void compare_user(const struct sl_user *user, void *arg)
{
    struct user_search *search = arg;

    search->found |= !strcmp(user->name, search->name);
}

void sl_cli_passwd(struct sl_cli_call *call)
{
    const char *name = call->args.positional_count > 0 ? call->args.positionals[0] : call->user;
    struct user_search search = {.name = name};

    if (strcmp(name, call->user) != 0 && !sl_cli_call_is_admin(call)) {
        sl_cli_call_fail(call, "Only admin may change others' passwords");
        return;
    }
    sl_apps_each_user(call->console->apps, compare_user, &search);
    if (!search.found) {
        sl_cli_call_fail(call, "No such user"); /* not the word: it may be the new password */
    } else if (!call->secret) {
        call->asks = true;
        sl_cli_call_done(call);
    } else {
        sl_apps_set_password(call->console->apps, name, call->secret, on_hashed, call);
    }
}
