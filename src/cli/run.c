/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a line to the handler of its command. */
#include "apps/apps.h"
#include "cli/call.h"
#include "cli/commands.h"

#include <string.h>

void sl_cli_call_run(struct sl_cli_call *call)
{
    struct sl_error error = {""};
    int err = sl_words_split(call->line, strlen(call->line), &call->words, &error);

    /* Who was locked out while logged in gets no further. */
    if (!sl_apps_user_is_active(call->console->apps, call->user)) {
        call->closes = true;
        sl_cli_call_fail(call, "This user may not log in any more");
        return;
    }
    if (err == 0 && call->words.count == 0) {
        sl_cli_call_done(call);
        return;
    }
    if (err == 0)
        err = sl_cli_parse(&sl_cli_commands, &call->words, &call->args, &error);
    if (err < 0) {
        sl_cli_call_fail(call, "%s", error.text);
    } else if (call->args.help) {
        sl_cli_print_help(call->args.command, &call->out);
        sl_cli_call_done(call);
    } else if ((call->args.command->flags & SL_COMMAND_ADMIN) && !sl_cli_call_is_admin(call)) {
        sl_cli_call_fail(call, "Only admin may do this");
    } else {
        call->args.command->run(call);
    }
}
