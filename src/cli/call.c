/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a command ends; run.c begins it, and the handlers in commands_*.c do what is in between. */
#include "cli/call.h"

#include "apps/apps.h"
#include "base/log.h"
#include "cli/chars.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

enum { NAME_QUOTED_MAX = 80 };

void sl_cli_call_init(struct sl_cli_call *call)
{
    memset(call, 0, sizeof(*call));
    sl_output_init(&call->out, SL_CLI_OUTPUT_MAX);
}

void sl_cli_call_deinit(struct sl_cli_call *call)
{
    sl_output_deinit(&call->out);
    sl_words_wipe(&call->words);
}

static bool is_admin(const char *user)
{
    return !strcmp(user, "admin");
}

bool sl_cli_call_is_admin(const struct sl_cli_call *call)
{
    return is_admin(call->user);
}

bool sl_cli_may_use(const char *user, const struct sl_app *app)
{
    return is_admin(user) || !strcmp(app->owner, user);
}

/* ---- The end ---- */

/* The filter; and whatever came from outside is made harmless for a terminal once more here. */
static void clean(struct sl_cli_call *call)
{
    struct sl_output raw = call->out;
    struct sl_output kept;

    sl_output_init(&kept, SL_CLI_OUTPUT_MAX);
    sl_words_filter(&call->words, raw.bytes ? raw.bytes : "", raw.len, &kept);
    sl_output_init(&call->out, SL_CLI_OUTPUT_MAX);
    sl_chars_escape(&call->out, kept.bytes ? kept.bytes : "", kept.len, true);
    bool cut = raw.cut || kept.cut || call->out.cut;
    sl_output_deinit(&raw);
    sl_output_deinit(&kept);
    if (cut) {
        call->out.cut = false;
        call->out.max += 100; /* room for this line */
        sl_output_format(&call->out, "\n(cut: more than %d MiB)\n", SL_CLI_OUTPUT_MAX >> 20);
    }
}

/* Of a change, the log gets the name of what was changed, and of a method: other words may be
 * passwords, or hold some. So may any word of a command with a password that failed: typed in the
 * wrong place, or `passwd` with the password instead of the name. */
static void log_change(const struct sl_cli_call *call)
{
    const struct sl_cli_command *command = call->args.command;
    const struct sl_cli_args *args = &call->args;
    char user[NAME_QUOTED_MAX], what[NAME_QUOTED_MAX];
    bool may_be_secret;
    struct sl_output line;

    if (!command || !(command->flags & SL_COMMAND_CHANGES) || call->asks || args->help)
        return;
    may_be_secret = call->failed && (command->flags & SL_COMMAND_SECRET);
    sl_output_init(&line, 3 * NAME_QUOTED_MAX);
    sl_output_format(&line, "%s%s%s", command->verb, command->noun ? " " : "",
                     command->noun ? command->noun : "");
    for (size_t i = 0; i < args->positional_count && !may_be_secret; i++) {
        if (i == 0 || command->positionals[i].kind == SL_KIND_METHOD)
            sl_output_format(&line, " %s", sl_log_quote(what, sizeof(what), args->positionals[i]));
    }
    sl_log(SL_LOG_INFO, NULL, "console: %s: %.*s%s", sl_log_quote(user, sizeof(user), call->user),
           (int)line.len, line.bytes, call->failed ? " failed" : "");
    sl_output_deinit(&line);
}

static void on_end(struct sl_later *later)
{
    struct sl_cli_call *call = sl_container_of(later, struct sl_cli_call, end);

    call->on_done(call);
}

void sl_cli_call_done(struct sl_cli_call *call)
{
    clean(call);
    log_change(call);
    call->end.run = on_end;
    sl_loop_later(call->console->loop, &call->end);
}

void sl_cli_call_fail(struct sl_cli_call *call, const char *format, ...)
{
    struct sl_output words;
    char raw[sizeof(call->error.text)];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(raw, sizeof(raw), format, args); /* cut is fine */
    va_end(args);
    sl_output_init(&words, sizeof(call->error.text) - 1);
    sl_chars_escape(&words, raw, strlen(raw), false);
    memcpy(call->error.text, words.bytes ? words.bytes : "", words.len);
    call->error.text[words.len] = '\0';
    sl_output_deinit(&words);
    call->failed = true;
    sl_cli_call_done(call);
}

static void on_saved(void *owner, int err, const char *words)
{
    struct sl_cli_call *call = owner;

    if (err < 0)
        sl_cli_call_fail(call, "changed, but not saved: %s", words);
    else
        sl_cli_call_done(call);
}

void sl_cli_call_finish(struct sl_cli_call *call, int err, const struct sl_error *error)
{
    if (err < 0)
        sl_cli_call_fail(call, "%s", error->text);
    else
        sl_apps_save(call->console->apps, on_saved, call);
}
