/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applications and their hooks (cli.md 4.1, 4.2). */
#include "cli/commands.h"

#include "apps/apps.h"
#include "cli/call.h"
#include "cli/columns.h"

#include <string.h>

/* ---- Who may ---- */

/* By name, then key: for commands of 4.1. NULL: the call has failed. What belongs to somebody else
 * does not exist, as in `show apps`. */
static const struct sl_app *find_by_name(struct sl_cli_call *call, const char *name)
{
    const struct sl_app *app = sl_apps_find(call->console->apps, name);

    if (app && sl_cli_may_use(call->user, app))
        return app;
    sl_cli_call_fail(call, "No such application: %s", name);
    return NULL;
}

/* By key, then name: for commands of 4.2. */
static const struct sl_app *find_by_key(struct sl_cli_call *call, const char *key)
{
    const struct sl_app *app = sl_apps_find_by_key(call->console->apps, key);

    if (app && sl_cli_may_use(call->user, app))
        return app;
    return find_by_name(call, key);
}

/* ---- Applications ---- */

/* The methods of one application as "a,b,c". */
static void add_method(const char *name, void *arg)
{
    struct sl_output *out = arg;

    sl_output_format(out, "%s%s", out->len > 0 ? "," : "", name);
}

struct app_list {
    const struct sl_cli_call *call;
    struct sl_columns *columns;
    bool detail;
};

static void add_app_row(const struct sl_app *app, void *arg)
{
    struct app_list *list = arg;
    struct sl_output methods;

    if (!sl_cli_may_use(list->call->user, app))
        return;
    sl_columns_add(list->columns, app->name);
    sl_columns_add(list->columns, app->key);
    sl_columns_add(list->columns, app->url);
    if (!list->detail)
        return;
    sl_columns_add(list->columns, app->owner);
    sl_columns_add(list->columns, app->main_class);
    sl_columns_add(list->columns, app->callback_class);
    sl_columns_add(list->columns, app->rest_username);
    sl_output_init(&methods, 8192);
    sl_app_each_method(app, add_method, &methods);
    sl_output_add(&methods, "", 1);
    sl_columns_add(list->columns, methods.bytes);
    sl_output_deinit(&methods);
}

void sl_cli_show_apps(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Name", "Key", "Url", NULL};
    static const char *const all_titles[] = {"Name",         "Key",       "Url",
                                             "Owner",        "MainClass", "CallbackClass",
                                             "RestUsername", "Methods",   NULL};
    bool detail = sl_cli_option(&call->args, 'd') != NULL;
    struct sl_columns columns;
    struct app_list list = {call, &columns, detail};

    sl_columns_init(&columns, detail ? all_titles : titles);
    sl_apps_each(call->console->apps, add_app_row, &list);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

static struct sl_app_fields fields_of(const struct sl_cli_args *args)
{
    return (struct sl_app_fields){
        .main_class = sl_cli_option(args, 'm'),
        .callback_class = sl_cli_option(args, 'c'),
        .rest_username = sl_cli_option(args, 'u'),
        .rest_password = sl_cli_option(args, 'p'),
        .owner = sl_cli_option(args, 'o'),
    };
}

/* Only admin gives applications away. */
static bool owner_is_fine(struct sl_cli_call *call, const char *owner)
{
    if (!owner || sl_cli_call_is_admin(call) || !strcmp(owner, call->user))
        return true;
    sl_cli_call_fail(call, "Only admin may choose another owner");
    return false;
}

void sl_cli_add_app(struct sl_cli_call *call)
{
    struct sl_app_fields fields = fields_of(&call->args);
    struct sl_error error = {""};

    fields.name = call->args.positionals[0];
    fields.key = call->args.positionals[1];
    fields.url = call->args.positionals[2];
    if (!owner_is_fine(call, fields.owner))
        return;
    if (!fields.owner)
        fields.owner = call->user;
    sl_cli_call_finish(call, sl_apps_add(call->console->apps, &fields, &error), &error);
}

/* The URL stands behind the name (the seeds) or behind -l (the manual); both: the same. */
static bool read_url(struct sl_cli_call *call, const char **url)
{
    const char *behind_name = call->args.positionals[1], *option = sl_cli_option(&call->args, 'l');

    if (behind_name && option && strcmp(behind_name, option) != 0) {
        sl_cli_call_fail(call, "Two different URLs: %s and %s", behind_name, option);
        return false;
    }
    *url = behind_name ? behind_name : option;
    return true;
}

void sl_cli_update_app(struct sl_cli_call *call)
{
    struct sl_app_fields fields = fields_of(&call->args);
    const char *name = call->args.positionals[0];
    struct sl_error error = {""};

    fields.key = sl_cli_option(&call->args, 'k');
    if (!read_url(call, &fields.url) || !owner_is_fine(call, fields.owner))
        return;
    if (!fields.key && !fields.url && !fields.main_class && !fields.callback_class &&
        !fields.rest_username && !fields.rest_password && !fields.owner) {
        sl_cli_call_fail(call, "Nothing to change: give a URL or an option");
        return;
    }
    const struct sl_app *app = find_by_name(call, name);
    if (app)
        sl_cli_call_finish(call, sl_apps_update(call->console->apps, name, &fields, &error),
                           &error);
}

void sl_cli_remove_app(struct sl_cli_call *call)
{
    const char *name = call->args.positionals[0];
    struct sl_error error = {""};

    if (find_by_name(call, name))
        sl_cli_call_finish(call, sl_apps_remove(call->console->apps, name, &error), &error);
}

/* ---- Hooks ---- */

void sl_cli_show_rest_methods(struct sl_cli_call *call)
{
    size_t count = 0;
    const struct sl_hook_name *names = sl_hook_names(&count);

    for (size_t i = 0; i < count; i++)
        sl_output_format(&call->out, "%s\n", names[i].name);
    sl_cli_call_done(call);
}

static void print_method(const char *name, void *arg)
{
    sl_output_format(arg, "%s\n", name);
}

void sl_cli_show_app_rest_methods(struct sl_cli_call *call)
{
    const struct sl_app *app = find_by_key(call, call->args.positionals[0]);

    if (!app)
        return;
    sl_app_each_method(app, print_method, &call->out);
    sl_cli_call_done(call);
}

static void change_method(struct sl_cli_call *call, bool enable)
{
    const char *key = call->args.positionals[0], *method = call->args.positionals[1];
    bool all = sl_cli_option(&call->args, 'a') != NULL;
    struct sl_error error = {""};

    if (all == (method != NULL)) {
        sl_cli_call_fail(call, all ? "Either METHOD or --all" : "METHOD is missing");
        return;
    }
    /* By its own key from here on: the word may be the key of somebody else's application, too. */
    const struct sl_app *app = find_by_key(call, key);
    if (app)
        sl_cli_call_finish(
            call, sl_apps_enable_method(call->console->apps, app->key, method, enable, &error),
            &error);
}

void sl_cli_add_app_rest_method(struct sl_cli_call *call)
{
    change_method(call, true);
}

void sl_cli_remove_app_rest_method(struct sl_cli_call *call)
{
    change_method(call, false);
}
