/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handlers of the rows in commands.c, see call.h for how they answer; and what TAB offers. */
#ifndef SL_CLI_COMMANDS_H
#define SL_CLI_COMMANDS_H

#include <stddef.h>

struct sl_cli_call;
struct sl_cli_config;
struct sl_cli_table;

extern const struct sl_cli_table sl_cli_commands;

/* commands_apps.c */
void sl_cli_show_apps(struct sl_cli_call *call);
void sl_cli_add_app(struct sl_cli_call *call);
void sl_cli_update_app(struct sl_cli_call *call);
void sl_cli_remove_app(struct sl_cli_call *call);
void sl_cli_show_rest_methods(struct sl_cli_call *call);
void sl_cli_show_app_rest_methods(struct sl_cli_call *call);
void sl_cli_add_app_rest_method(struct sl_cli_call *call);
void sl_cli_remove_app_rest_method(struct sl_cli_call *call);

/* commands_users.c */
void sl_cli_show_users(struct sl_cli_call *call);
void sl_cli_add_user(struct sl_cli_call *call);
void sl_cli_update_user(struct sl_cli_call *call);
void sl_cli_remove_user(struct sl_cli_call *call);
void sl_cli_passwd(struct sl_cli_call *call);

/* commands_server.c */
void sl_cli_show_node_settings(struct sl_cli_call *call);
void sl_cli_show_node_setting(struct sl_cli_call *call);
void sl_cli_show_connections(struct sl_cli_call *call);
void sl_cli_show_streams(struct sl_cli_call *call);
void sl_cli_show_rooms(struct sl_cli_call *call);
void sl_cli_kill_room(struct sl_cli_call *call);
void sl_cli_show_transcoders(struct sl_cli_call *call);
void sl_cli_show_codec_processes(struct sl_cli_call *call);
void sl_cli_show_mixers(struct sl_cli_call *call);
void sl_cli_show_mixer(struct sl_cli_call *call);
void sl_cli_kill_mixer(struct sl_cli_call *call);
void sl_cli_show_version(struct sl_cli_call *call);
void sl_cli_show_stat(struct sl_cli_call *call);
void sl_cli_kill_connection(struct sl_cli_call *call);
void sl_cli_set_log_level(struct sl_cli_call *call);
void sl_cli_reload(struct sl_cli_call *call);
void sl_cli_help(struct sl_cli_call *call);
void sl_cli_exit(struct sl_cli_call *call);

/* commands_calls.c */
void sl_cli_show_calls(struct sl_cli_call *call);
void sl_cli_kill_call(struct sl_cli_call *call);

/* ---- complete.c ---- */

enum { SL_COMPLETIONS_MAX = 256 };

/* What a word may become. */
struct sl_completions {
    size_t start;                    /* where the word begins in the line */
    char *words[SL_COMPLETIONS_MAX]; /* sorted, none twice */
    size_t count;
    char *typed; /* the word as far as it is there, without quotes; NULL: nothing to complete */
};

/* What may stand at the end of len bytes of a line: nothing that this user may not see. Fills *out;
 * sl_completions_deinit() it. */
void sl_cli_complete(const struct sl_cli_config *console, const char *user, const char *line,
                     size_t len, struct sl_completions *out);
void sl_completions_deinit(struct sl_completions *completions);

#endif
