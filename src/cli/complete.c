/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What TAB offers: commands and options from the table, names from what they are names of. */
#include "cli/commands.h"

#include "apps/apps.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/memstream.h"
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/grammar.h"
#include "cli/words.h"
#include "session/session.h"

#include <string.h>
#include <strings.h>

/* ---- Collecting ---- */

/* Names of things are matched as they are, words of the grammar in any case. */
static void offer(struct sl_completions *out, const char *word, bool any_case)
{
    size_t typed = strlen(out->typed);

    if (any_case ? strncasecmp(word, out->typed, typed) != 0
                 : strncmp(word, out->typed, typed) != 0)
        return;
    for (size_t i = 0; i < out->count; i++) {
        if (!strcmp(out->words[i], word))
            return;
    }
    if (out->count < SL_COMPLETIONS_MAX)
        out->words[out->count++] = sl_strdup(word);
}

/* Where words for a line come from, and for whom. */
struct source {
    const struct sl_cli_config *console;
    const char *user;
    struct sl_completions *out;
};

static void offer_app(const struct sl_app *app, void *arg)
{
    const struct source *source = arg;

    if (!sl_cli_may_use(source->user, app))
        return;
    offer(source->out, app->name, false);
    offer(source->out, app->key, false);
}

static void offer_user(const struct sl_user *user, void *arg)
{
    offer(arg, user->name, false);
}

static void offer_session(struct sl_session *session, void *arg)
{
    offer(arg, sl_session_id(session), false);
}

static void offer_methods(struct sl_completions *out)
{
    size_t count = 0;
    const struct sl_hook_name *names = sl_hook_names(&count);

    for (size_t i = 0; i < count; i++)
        offer(out, names[i].name, true);
}

static void offer_settings(const struct sl_cli_config *console, struct sl_completions *out)
{
    struct sl_memstream page;
    char *rest;

    if (!sl_memstream_open(&page))
        return;
    sl_config_print(console->config, page.file);
    if (!sl_memstream_close(&page))
        return;
    for (char *line = strtok_r(page.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, "=")] = '\0';
        offer(out, line, false);
    }
    free(page.text);
}

/* The verbs, or the nouns of one verb. */
static void offer_commands(const char *verb, struct sl_completions *out)
{
    for (size_t i = 0; i < sl_cli_commands.count; i++) {
        const struct sl_cli_command *command = &sl_cli_commands.rows[i];
        if (!verb)
            offer(out, command->verb, true);
        else if (command->noun && !strcasecmp(verb, command->verb))
            offer(out, command->noun, true);
    }
}

static void offer_each(const char *const *words, struct sl_completions *out)
{
    for (; *words; words++)
        offer(out, *words, true);
}

static void offer_kind(struct source *source, enum sl_cli_kind kind, const struct sl_words *words)
{
    static const char *const booleans[] = {"true", "false", NULL};
    static const char *const levels[] = {"ERROR", "WARN", "INFO", "DEBUG", NULL};
    const struct sl_cli_config *console = source->console;
    struct sl_completions *out = source->out;

    switch (kind) {
    case SL_KIND_TEXT:
        break;
    case SL_KIND_APP:
        sl_apps_each(console->apps, offer_app, source);
        break;
    case SL_KIND_USER:
        sl_apps_each_user(console->apps, offer_user, out);
        break;
    case SL_KIND_METHOD:
        offer_methods(out);
        break;
    case SL_KIND_SESSION:
        if (console->sessions)
            sl_sessions_each(console->sessions, offer_session, out);
        break;
    case SL_KIND_SETTING:
        offer_settings(console, out);
        break;
    case SL_KIND_BOOL:
        offer_each(booleans, out);
        break;
    case SL_KIND_LEVEL:
        offer_each(levels, out);
        break;
    case SL_KIND_COMMAND: /* of `help` */
        offer_commands(words->count > 2 ? words->words[1] : NULL, out);
        break;
    }
}

/* ---- Where the word stands ---- */

static void offer_options(const struct sl_cli_command *command, struct sl_completions *out)
{
    char name[64];

    for (const struct sl_cli_option *option = command->options; option->letter; option++) {
        (void)snprintf(name, sizeof(name), "-%c", option->letter);
        if (strlen(out->typed) < 2 || out->typed[1] != '-')
            offer(out, name, false);
        (void)snprintf(name, sizeof(name), "--%s", option->name);
        offer(out, name, false);
    }
}

/* The last word of words (at index `last`) is behind a command. */
static void offer_argument(struct source *source, const struct sl_words *words, size_t used,
                           size_t last, const struct sl_cli_command *command)
{
    const struct sl_cli_positional *positional = command->positionals;
    const struct sl_cli_option *option = NULL;

    for (size_t i = used; i < last; i++) {
        if (option && option->value) {
            option = NULL;
            continue;
        }
        option = words->words[i][0] == '-' ? sl_cli_find_option(command, words->words[i]) : NULL;
        if (!option && positional->name)
            positional++;
    }
    if (option && option->value)
        offer_kind(source, option->kind, words);
    else if (source->out->typed[0] == '-')
        offer_options(command, source->out);
    else if (positional->name)
        offer_kind(source, positional->kind, words);
}

static int compare(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    int order = strcasecmp(*x, *y);

    return order != 0 ? order : strcmp(*x, *y);
}

static void offer_word(struct source *source, struct sl_words *words)
{
    struct sl_completions *out = source->out;
    static const char *const filter[] = {"grep", NULL};
    size_t last = words->count - 1, used = 0;

    if (words->pipes > 0) {
        if (words->pipes == 1 && last == words->pipe)
            offer_each(filter, out);
        return;
    }
    words->count = last; /* the command is made of whole words */
    const struct sl_cli_command *command = sl_cli_find(&sl_cli_commands, words, &used);
    words->count = last + 1;
    if (command)
        offer_argument(source, words, used, last, command);
    else if (last <= 1)
        offer_commands(last == 0 ? NULL : words->words[0], out);
}

void sl_cli_complete(const struct sl_cli_config *console, const char *user, const char *line,
                     size_t len, struct sl_completions *out)
{
    struct source source = {console, user, out};
    struct sl_words words;

    memset(out, 0, sizeof(*out));
    /* Who was locked out while logged in learns nothing more (as in sl_cli_call_run()). */
    if (!sl_apps_user_is_active(console->apps, user) || sl_words_scan(line, len, &words, NULL) < 0)
        return;
    if (!words.open && words.count < SL_WORDS_MAX) { /* a word that has not begun */
        words.words[words.count] = "";
        words.starts[words.count] = len;
        words.quoted[words.count++] = false;
        words.open = true;
    }
    if (words.open) {
        out->start = words.starts[words.count - 1];
        out->typed = sl_strdup(words.words[words.count - 1]);
        offer_word(&source, &words);
        qsort(out->words, out->count, sizeof(out->words[0]), compare);
    }
    sl_words_wipe(&words);
}

void sl_completions_deinit(struct sl_completions *completions)
{
    for (size_t i = 0; i < completions->count; i++)
        free(completions->words[i]);
    free(completions->typed);
    memset(completions, 0, sizeof(*completions));
}
