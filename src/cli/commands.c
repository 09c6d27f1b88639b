/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every command of the console (cli.md section 4): parser, help and completion read this table. */
#include "cli/commands.h"

#include "base/mem.h"
#include "cli/grammar.h"

#define CHANGES SL_COMMAND_CHANGES
#define SECRET  SL_COMMAND_SECRET
#define ADMIN   SL_COMMAND_ADMIN

#define APP_OPTIONS                                                                                \
    {'m', "m-class", "CLASS", SL_KIND_TEXT, "kept for the original's scripts; no meaning here"},   \
        {'c', "c-class", "CLASS", SL_KIND_TEXT, "as -m"},                                          \
        {'u', "u-rest", "USER", SL_KIND_TEXT, "name for HTTP Basic at the back end"},              \
        {'p', "p-rest", "PASSWORD", SL_KIND_TEXT, "password for it"},                              \
    {                                                                                              \
        'o', "owner", "OWNER", SL_KIND_USER, "the user it belongs to"                              \
    }

static const struct sl_cli_command rows[] = {
    {"show", "apps", "Applications and their keys; users other than admin see their own.", 0,
     .run = sl_cli_show_apps,
     .options = {{'d', "detail", NULL, SL_KIND_TEXT, "all that is known"}}},
    {"add", "app", "A new application; no hook is enabled.", CHANGES, .run = sl_cli_add_app,
     .positionals = {{"NAME", SL_KIND_TEXT, false},
                     {"KEY", SL_KIND_TEXT, false},
                     {"URL", SL_KIND_TEXT, false}},
     .options = {APP_OPTIONS}},
    {"update", "app", "Changes an application: where its hooks go, and more.", CHANGES,
     .run = sl_cli_update_app,
     .positionals = {{"NAME", SL_KIND_APP, false}, {"URL", SL_KIND_TEXT, true}},
     .options = {{'k', "key", "KEY", SL_KIND_TEXT, "the new key"},
                 {'l', "location", "URL", SL_KIND_TEXT, "the same as URL behind NAME"},
                 APP_OPTIONS}},
    {"remove", "app", "Forgets an application.", CHANGES, .run = sl_cli_remove_app,
     .positionals = {{"NAME", SL_KIND_APP, false}}},

    {"show", "rest-methods", "Every hook the server knows.", 0, .run = sl_cli_show_rest_methods},
    {"show", "app-rest-methods", "The hooks an application has enabled.", 0,
     .run = sl_cli_show_app_rest_methods, .positionals = {{"KEY", SL_KIND_APP, false}}},
    {"add", "app-rest-method", "Enables a hook.", CHANGES, .run = sl_cli_add_app_rest_method,
     .positionals = {{"KEY", SL_KIND_APP, false}, {"METHOD", SL_KIND_METHOD, true}},
     .options = {{'a', "all", NULL, SL_KIND_TEXT, "all of them; no METHOD then"}}},
    {"remove", "app-rest-method", "Disables a hook.", CHANGES, .run = sl_cli_remove_app_rest_method,
     .positionals = {{"KEY", SL_KIND_APP, false}, {"METHOD", SL_KIND_METHOD, true}},
     .options = {{'a', "all", NULL, SL_KIND_TEXT, "all of them; no METHOD then"}}},

    {"show", "users", "Users of the console and of the REST API.", 0, .run = sl_cli_show_users,
     .options = {{'d', "detail", NULL, SL_KIND_TEXT, "with the applications they own"},
                 {'a', "active", NULL, SL_KIND_TEXT, "only those who may log in"}}},
    {"add", "user", "A new user, who may log in.", CHANGES | SECRET | ADMIN, .run = sl_cli_add_user,
     .positionals = {{"NAME", SL_KIND_TEXT, false}, {"PASSWORD", SL_KIND_TEXT, false}}},
    {"update", "user", "Lets a user log in, or not.", CHANGES | ADMIN, .run = sl_cli_update_user,
     .positionals = {{"NAME", SL_KIND_USER, false}},
     .options = {{'a', "active", "true|false", SL_KIND_BOOL, "may log in"}}},
    {"remove", "user", "Forgets a user who owns no application.", CHANGES | ADMIN,
     .run = sl_cli_remove_user, .positionals = {{"NAME", SL_KIND_USER, false}}},
    {"passwd", NULL, "Asks for a new password, twice. Of others: only admin may.", CHANGES | SECRET,
     .run = sl_cli_passwd, .positionals = {{"NAME", SL_KIND_USER, true}}},

    {"show", "node-settings", "Every setting with its value; secrets as ********.", 0,
     .run = sl_cli_show_node_settings},
    {"show", "node-setting", "One setting.", 0, .run = sl_cli_show_node_setting,
     .positionals = {{"KEY", SL_KIND_SETTING, false}}},
    {"show", "connections", "Clients that are connected.", 0, .run = sl_cli_show_connections},
    {"show", "streams", "What is published and played.", 0, .run = sl_cli_show_streams},
    {"show", "rooms", "Rooms and how many are in them.", 0, .run = sl_cli_show_rooms,
     .options = {{'d', "detail", NULL, SL_KIND_TEXT, "who is in them"}}},
    {"kill", "room", "Has all participants leave a room; their streams there end.", CHANGES,
     .run = sl_cli_kill_room, .positionals = {{"NAME", SL_KIND_TEXT, false}}},
    {"show", "calls", "Telephone calls of clients.", 0, .run = sl_cli_show_calls},
    {"kill", "call", "Hangs up for a client; all calls with this id.", CHANGES,
     .run = sl_cli_kill_call, .positionals = {{"CALLID", SL_KIND_TEXT, false}}},
    {"show", "transcoders", "What is made of streams for those who cannot take them as they are.",
     0, .run = sl_cli_show_transcoders},
    {"show", "codec-processes", "The processes that decode and encode.", 0,
     .run = sl_cli_show_codec_processes},
    {"show", "mixers", "Streams made of many.", 0, .run = sl_cli_show_mixers},
    {"show", "mixer", "What one mixes.", 0, .run = sl_cli_show_mixer,
     .positionals = {{"URI", SL_KIND_TEXT, false}}},
    {"show", "version", "The version of the server.", 0, .run = sl_cli_show_version},
    {"show", "stat", "The counters of the statistics page.", 0, .run = sl_cli_show_stat},
    {"kill", "connection", "Ends a client's connection and its streams.", CHANGES,
     .run = sl_cli_kill_connection, .positionals = {{"SESSIONID", SL_KIND_SESSION, false}}},
    {"kill", "mixer", "Ends a mixer; its inputs go on without it.", CHANGES,
     .run = sl_cli_kill_mixer, .positionals = {{"URI", SL_KIND_TEXT, false}}},
    {"set", "log-level", "How much is logged, until the next start or reload.", CHANGES,
     .run = sl_cli_set_log_level, .positionals = {{"ERROR|WARN|INFO|DEBUG", SL_KIND_LEVEL, false}}},
    {"reload", NULL, "Reads the configuration again.", CHANGES, .run = sl_cli_reload},

    {"help", NULL, "All commands, or one.", 0, .run = sl_cli_help,
     .positionals = {{"VERB", SL_KIND_COMMAND, true}, {"NOUN", SL_KIND_COMMAND, true}}},
    {"exit", NULL, "Closes the console. So does Ctrl-D.", 0, .run = sl_cli_exit},
    {"quit", NULL, "The same.", 0, .run = sl_cli_exit},
};
const struct sl_cli_table sl_cli_commands = {rows, SL_ARRAY_LEN(rows)};
