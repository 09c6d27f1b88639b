/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The states of a console, and reading lines without a terminal. */
#include "cli/console.h"

#include "base/mem.h"
#include "cli/call.h"
#include "cli/chars.h"
#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/history.h"
#include "cli/screen.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum {
    /* One answer, each of its line feeds as two bytes, and what is echoed. The caller does not feed
     * more while much is waiting. */
    OUT_MAX = 2 * SL_CLI_OUTPUT_MAX + (8 << 20),
    LIST_WIDTH_MAX = 60, /* of one word in a list of completions */
};

static const char prompt_text[] = "% "; /* cli.md section 1 */

void sl_console_init(struct sl_console *console, const struct sl_console_config *config)
{
    memset(console, 0, sizeof(*console));
    console->config = *config;
    console->config.command = sl_strdup_or_null(config->command);
    console->state = SL_CONSOLE_RUNNING; /* until it starts */
    sl_output_init(&console->out, OUT_MAX);
    sl_output_init(&console->err, OUT_MAX);
    sl_editor_init(&console->editor, config->history);
    sl_editor_resize(&console->editor, config->columns, config->rows);
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void sl_console_deinit(struct sl_console *console)
{
    char *command = (char *)(uintptr_t)console->config.command; /* our copy */

    wipe(&command);
    wipe(&console->line);
    wipe(&console->secret);
    sl_editor_deinit(&console->editor);
    sl_output_deinit(&console->out);
    sl_output_deinit(&console->err);
    explicit_bzero(console, sizeof(*console));
}

/* ---- Writing ---- */

static void write_lines(const struct sl_console *console, struct sl_output *to, const char *text,
                        size_t len)
{
    while (len > 0) {
        const char *end = console->config.has_terminal ? memchr(text, '\n', len) : NULL;
        size_t line = end ? (size_t)(end - text) : len;

        sl_output_add(to, text, line);
        if (end)
            sl_output_text(to, "\r\n");
        text += line + (end != NULL);
        len -= line + (end != NULL);
    }
}

/* Scripts find errors apart from results; at a terminal both are one. */
static void write_error(struct sl_console *console, const char *text)
{
    struct sl_output *to = console->config.has_terminal ? &console->out : &console->err;

    sl_output_text(to, "Error: ");
    sl_output_text(to, text);
    write_lines(console, to, "\n", 1);
}

/* ---- States ---- */

static void close_console(struct sl_console *console, int exit_status)
{
    console->state = SL_CONSOLE_OVER;
    console->exit_status = exit_status;
}

static void read_line(struct sl_console *console, enum sl_console_state state, const char *prompt)
{
    console->state = state;
    console->plain_len = 0;
    console->plain_too_long = false;
    if (console->config.has_terminal)
        sl_editor_begin(&console->editor, prompt, state != SL_CONSOLE_READING, &console->out);
}

static void run(struct sl_console *console, const char *secret)
{
    console->state = SL_CONSOLE_RUNNING;
    console->config.ops->run(console->config.owner, console->line, secret);
}

/* A command is done: the next one, or the end. */
static void go_on(struct sl_console *console, bool failed)
{
    wipe(&console->line);
    wipe(&console->secret);
    if (console->config.command)
        close_console(console, failed ? 1 : 0);
    else if (console->input_ended)
        close_console(console, 0);
    else
        read_line(console, SL_CONSOLE_READING, prompt_text);
}

void sl_console_start(struct sl_console *console)
{
    if (console->config.command) {
        console->line = sl_strdup(console->config.command);
        run(console, NULL);
        return;
    }
    if (console->config.has_terminal)
        sl_output_text(&console->out, "Sluice " SLUICE_VERSION "; `help` lists the commands.\r\n");
    read_line(console, SL_CONSOLE_READING, prompt_text);
}

static void on_command(struct sl_console *console, const char *line)
{
    if (line[strspn(line, " \t")] == '\0') {
        go_on(console, false);
        return;
    }
    if (console->config.has_terminal && !sl_cli_line_is_secret(&sl_cli_commands, line))
        sl_history_add(console->config.history, line);
    console->line = sl_strdup(line);
    run(console, NULL);
}

static void on_secret_again(struct sl_console *console, const char *again)
{
    if (strcmp(console->secret, again) != 0) {
        write_error(console, "The two passwords differ");
        go_on(console, true);
        return;
    }
    run(console, again);
    wipe(&console->secret);
}

static void on_line(struct sl_console *console, const char *line)
{
    if (console->state == SL_CONSOLE_SECRET) {
        console->secret = sl_strdup(line);
        read_line(console, SL_CONSOLE_SECRET_AGAIN, "Again: ");
    } else if (console->state == SL_CONSOLE_SECRET_AGAIN) {
        on_secret_again(console, line);
    } else {
        on_command(console, line);
    }
}

static void refuse_line(struct sl_console *console, const char *why)
{
    write_error(console, why);
    go_on(console, true);
}

static void on_too_long(struct sl_console *console)
{
    refuse_line(console, "Line longer than 4096 bytes");
}

/* Ctrl-C, or the end of the input where a password should be. */
static void on_cancel(struct sl_console *console)
{
    if (console->state != SL_CONSOLE_READING)
        write_error(console, "No new password");
    go_on(console, true);
}

/* ---- Input ---- */

bool sl_console_reads(const struct sl_console *console)
{
    return console->state == SL_CONSOLE_READING || console->state == SL_CONSOLE_SECRET ||
           console->state == SL_CONSOLE_SECRET_AGAIN;
}

static size_t feed_terminal(struct sl_console *console, const char *bytes, size_t len)
{
    enum sl_editor_event event;
    size_t taken = sl_editor_feed(&console->editor, bytes, len, &event, &console->out);

    switch (event) {
    case SL_EDITOR_NONE:
        break;
    case SL_EDITOR_LINE:
        on_line(console, console->editor.line);
        break;
    case SL_EDITOR_TOO_LONG:
        on_too_long(console);
        break;
    case SL_EDITOR_CANCEL:
        on_cancel(console);
        break;
    case SL_EDITOR_END:
        if (console->state == SL_CONSOLE_READING)
            close_console(console, 0);
        else
            on_cancel(console);
        break;
    case SL_EDITOR_COMPLETE:
        console->state = SL_CONSOLE_COMPLETING;
        console->config.ops->complete(console->config.owner, console->editor.line,
                                      console->editor.cursor);
        break;
    }
    return taken;
}

static void end_plain_line(struct sl_console *console)
{
    console->plain[console->plain_len] = '\0';
    if (console->plain_too_long)
        on_too_long(console);
    else if (memchr(console->plain, '\0', console->plain_len))
        refuse_line(console, "Control character U+0000");
    else
        on_line(console, console->plain);
}

static size_t feed_plain(struct sl_console *console, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        bool after_cr = console->after_cr, ends = bytes[at] == '\r' || bytes[at] == '\n';

        console->after_cr = bytes[at] == '\r';
        if (bytes[at] == '\n' && after_cr)
            continue;
        if (ends) {
            end_plain_line(console);
            return at + 1;
        }
        if (console->plain_len < SL_LINE_MAX)
            console->plain[console->plain_len++] = bytes[at];
        else
            console->plain_too_long = true;
    }
    return len;
}

size_t sl_console_feed(struct sl_console *console, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len && sl_console_reads(console))
        at += console->config.has_terminal ? feed_terminal(console, bytes + at, len - at)
                                           : feed_plain(console, bytes + at, len - at);
    return at;
}

void sl_console_end_input(struct sl_console *console)
{
    if (console->input_ended)
        return;
    console->input_ended = true;
    if (!sl_console_reads(console))
        return; /* what runs is finished first */
    if (!console->config.has_terminal && console->plain_len > 0)
        end_plain_line(console); /* the last line has no end */
    if (console->state == SL_CONSOLE_READING)
        close_console(console, 0);
    else if (sl_console_reads(console))
        on_cancel(console);
}

void sl_console_resize(struct sl_console *console, size_t columns, size_t rows)
{
    sl_editor_resize(&console->editor, columns, rows);
    if (console->config.has_terminal && sl_console_reads(console))
        sl_screen_update(&console->editor, &console->out);
}

/* ---- Answers ---- */

void sl_console_on_answer(struct sl_console *console, const struct sl_console_answer *answer)
{
    assert(console->state == SL_CONSOLE_RUNNING);
    write_lines(console, &console->out, answer->text, answer->len);
    if (answer->error)
        write_error(console, answer->error);
    if (answer->closes) {
        close_console(console, answer->error ? 1 : 0);
    } else if (answer->asks && console->input_ended) {
        console->state = SL_CONSOLE_SECRET;
        on_cancel(console);
    } else if (answer->asks) {
        read_line(console, SL_CONSOLE_SECRET, "New password: ");
    } else {
        go_on(console, answer->error != NULL);
    }
}

/* Bytes that all words begin with, cut at a whole character. */
static size_t common_prefix(const struct sl_completions *completions)
{
    const char *first = completions->words[0];
    size_t len = strlen(first);

    for (size_t i = 1; i < completions->count; i++) {
        size_t same = 0;
        while (same < len && completions->words[i][same] == first[same])
            same++;
        len = same;
    }
    while (len > 0 && ((unsigned char)first[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* In as many columns as the terminal has room for. */
static void list_completions(struct sl_console *console, const struct sl_completions *completions)
{
    struct sl_output list;
    size_t width = 0, column = 0;

    for (size_t i = 0; i < completions->count; i++) {
        size_t own = sl_chars_width(completions->words[i], strlen(completions->words[i]));
        width = own > width ? own : width;
    }
    width = (width > LIST_WIDTH_MAX ? LIST_WIDTH_MAX : width) + 2;
    sl_output_init(&list, OUT_MAX);
    for (size_t i = 0; i < completions->count; i++) {
        const char *word = completions->words[i];
        size_t own = sl_chars_width(word, strlen(word));
        if (column > 0 && column + width > console->editor.columns) {
            sl_output_text(&list, "\r\n");
            column = 0;
        }
        sl_chars_escape(&list, word, strlen(word), false);
        sl_output_repeat(&list, ' ', own < width ? width - own : 2);
        column += width;
    }
    sl_output_text(&list, "\r\n");
    sl_output_add(&list, "", 1);
    sl_editor_list(&console->editor, list.bytes, &console->out);
    sl_output_deinit(&list);
}

void sl_console_on_completions(struct sl_console *console, const struct sl_completions *completions)
{
    struct sl_editor *editor = &console->editor;
    struct sl_output text;
    bool whole = completions->count == 1;

    assert(console->state == SL_CONSOLE_COMPLETING);
    console->state = SL_CONSOLE_READING;
    if (console->input_ended) {
        close_console(console, 0);
        return;
    }
    if (completions->count == 0) {
        sl_editor_bell(&console->out);
        return;
    }
    char *prefix = sl_strndup(completions->words[0], common_prefix(completions));
    sl_output_init(&text, 2 * SL_LINE_MAX);
    if (!whole && strlen(prefix) <= strlen(completions->typed)) {
        list_completions(console, completions);
    } else {
        sl_words_quote(&text, prefix);
        if (!whole && text.bytes[0] == '"')
            text.len--; /* more is to come between the quotes */
        if (whole && editor->line[editor->cursor] != ' ')
            sl_output_text(&text, " ");
        sl_output_add(&text, "", 1);
        sl_editor_replace(editor, completions->start, text.bytes, &console->out);
    }
    sl_output_deinit(&text);
    free(prefix);
}
