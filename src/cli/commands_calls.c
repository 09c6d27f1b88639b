/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls of telephones (cli.md 4.4). */
#include "access/access.h"
#include "cli/call.h"
#include "cli/columns.h"
#include "cli/commands.h"

static void add_call_row(void *owner, json_t *call)
{
    static const char *const columns[] = {"callId", "status", "caller", "callee"};

    for (size_t i = 0; i < SL_ARRAY_LEN(columns); i++) {
        sl_columns_add(owner, json_string_value(json_object_get(call, columns[i])));
        if (i == 0)
            sl_columns_add(owner, json_is_true(json_object_get(call, "incoming")) ? "in" : "out");
    }
}

void sl_cli_show_calls(struct sl_cli_call *call)
{
    static const char *const titles[] = {"CallId", "Direction", "Status", "Caller", "Callee", NULL};
    const struct sl_exchange *exchange = call->console->exchange;
    struct sl_columns columns;

    sl_columns_init(&columns, titles);
    if (exchange)
        exchange->each(exchange->arg, add_call_row, &columns);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

void sl_cli_kill_call(struct sl_cli_call *call)
{
    const struct sl_exchange *exchange = call->console->exchange;
    const char *id = call->args.positionals[0];

    if (exchange && exchange->end(exchange->arg, id) > 0)
        sl_cli_call_done(call);
    else
        sl_cli_call_fail(call, "No such call: %s", id);
}
