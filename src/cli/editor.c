/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line and its keys; screen.c shows it. */
#include "cli/editor.h"

#include "base/mem.h"
#include "cli/chars.h"
#include "cli/history.h"
#include "cli/output.h"
#include "cli/screen.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { KEY_ESCAPE = 0x1b, KEY_DELETE = 0x7f };
#define KEY_CTRL(letter) ((letter) - 'A' + 1)

void sl_editor_init(struct sl_editor *editor, const struct sl_history *history)
{
    memset(editor, 0, sizeof(*editor));
    editor->history = history;
    sl_editor_resize(editor, 0, 0);
}

void sl_editor_deinit(struct sl_editor *editor)
{
    free(editor->cut);
    free(editor->draft);
    explicit_bzero(editor, sizeof(*editor));
}

void sl_editor_begin(struct sl_editor *editor, const char *prompt, bool secret,
                     struct sl_output *screen)
{
    explicit_bzero(editor->line, sizeof(editor->line));
    editor->len = editor->cursor = 0;
    editor->too_long = false;
    editor->secret = secret;
    free(editor->draft);
    editor->draft = NULL;
    (void)snprintf(editor->prompt, sizeof(editor->prompt), "%s", prompt);
    sl_screen_begin(editor, screen);
}

/* ---- Steps: a character with the marks that are put onto it ---- */

static unsigned width_at(const struct sl_editor *editor, size_t at, size_t *next)
{
    uint32_t code = 0;
    int taken = sl_char_decode(editor->line + at, editor->len - at, &code);

    assert(taken > 0); /* only whole characters are inserted */
    *next = at + (size_t)taken;
    return sl_char_width(code);
}

static size_t step_right(const struct sl_editor *editor, size_t at)
{
    size_t next = at;

    if (at < editor->len)
        (void)width_at(editor, at, &next);
    while (next < editor->len) {
        size_t after;
        if (width_at(editor, next, &after) > 0)
            break;
        next = after;
    }
    return next;
}

static size_t step_left(const struct sl_editor *editor, size_t at)
{
    while (at > 0) {
        size_t next;
        do
            at--;
        while (at > 0 && ((unsigned char)editor->line[at] & 0xc0) == 0x80);
        if (width_at(editor, at, &next) > 0)
            break;
    }
    return at;
}

static size_t word_left(const struct sl_editor *editor, size_t at)
{
    while (at > 0 && editor->line[at - 1] == ' ')
        at--;
    while (at > 0 && editor->line[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_right(const struct sl_editor *editor, size_t at)
{
    while (at < editor->len && editor->line[at] == ' ')
        at++;
    while (at < editor->len && editor->line[at] != ' ')
        at++;
    return at;
}

/* ---- Changes ---- */

static void move_to(struct sl_editor *editor, size_t at)
{
    if (at == editor->cursor)
        return;
    editor->cursor = at;
    if (editor->stale == SL_SHOWN)
        editor->stale = SL_MOVED;
}

static void erase(struct sl_editor *editor, size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(editor->line + from, editor->line + to, editor->len - to + 1);
    editor->len -= to - from;
    editor->cursor = from;
    editor->too_long &= editor->len > 0;
    editor->stale = SL_CHANGED;
}

/* As erase(); what goes can be brought back. */
static void cut(struct sl_editor *editor, size_t from, size_t to)
{
    if (from < to && !editor->secret) {
        free(editor->cut);
        editor->cut = sl_strndup(editor->line + from, to - from);
    }
    erase(editor, from, to);
}

/* Whole characters only. What does not fit makes the line unusable instead of another command. */
static void insert(struct sl_editor *editor, const char *text, size_t len, struct sl_output *screen)
{
    bool at_end = editor->cursor == editor->len;

    if (len > SL_LINE_MAX - editor->len) {
        if (!editor->too_long)
            sl_editor_bell(screen);
        editor->too_long = true;
        return;
    }
    memmove(editor->line + editor->cursor + len, editor->line + editor->cursor,
            editor->len - editor->cursor + 1);
    memcpy(editor->line + editor->cursor, text, len);
    editor->len += len;
    editor->cursor += len;
    if (!at_end || !sl_screen_append(editor, text, len, screen))
        editor->stale = SL_CHANGED;
}

static void set_line(struct sl_editor *editor, const char *text, struct sl_output *screen)
{
    erase(editor, 0, editor->len);
    editor->stale = SL_CHANGED;
    insert(editor, text, strlen(text), screen);
}

/* ---- History ---- */

static void show_history(struct sl_editor *editor, uint64_t number, struct sl_output *screen)
{
    if (!editor->draft)
        editor->draft = sl_strdup(editor->line);
    editor->history_at = number;
    set_line(editor, sl_history_line(editor->history, number), screen);
}

static void walk_back(struct sl_editor *editor, struct sl_output *screen)
{
    uint64_t at = editor->draft ? editor->history_at : editor->history->end;

    if (editor->secret || at <= sl_history_first(editor->history))
        sl_editor_bell(screen);
    else
        show_history(editor, at - 1, screen);
}

static void walk_on(struct sl_editor *editor, struct sl_output *screen)
{
    if (!editor->draft) {
        sl_editor_bell(screen);
    } else if (sl_history_line(editor->history, editor->history_at + 1)) {
        show_history(editor, editor->history_at + 1, screen);
    } else {
        set_line(editor, editor->draft, screen);
        free(editor->draft);
        editor->draft = NULL;
    }
}

/* ---- Keys ---- */

static enum sl_editor_event finish(struct sl_editor *editor, enum sl_editor_event event,
                                   struct sl_output *screen)
{
    sl_screen_leave(editor, event == SL_EDITOR_CANCEL ? "^C" : "", screen);
    return event;
}

static enum sl_editor_event on_enter(struct sl_editor *editor, struct sl_output *screen)
{
    return finish(editor, editor->too_long ? SL_EDITOR_TOO_LONG : SL_EDITOR_LINE, screen);
}

static enum sl_editor_event on_tab(struct sl_editor *editor, struct sl_output *screen)
{
    if (!editor->pasting)
        return editor->secret ? SL_EDITOR_NONE : SL_EDITOR_COMPLETE;
    insert(editor, " ", 1, screen);
    return SL_EDITOR_NONE;
}

static enum sl_editor_event on_ctrl_d(struct sl_editor *editor, struct sl_output *screen)
{
    if (editor->len == 0)
        return finish(editor, SL_EDITOR_END, screen);
    erase(editor, editor->cursor, step_right(editor, editor->cursor));
    return SL_EDITOR_NONE;
}

static enum sl_editor_event on_control(struct sl_editor *editor, char key, struct sl_output *screen)
{
    switch (key) {
    case '\r':
    case '\n':
        return on_enter(editor, screen);
    case '\t':
        return on_tab(editor, screen);
    case KEY_CTRL('C'):
        return finish(editor, SL_EDITOR_CANCEL, screen);
    case KEY_CTRL('D'):
        return on_ctrl_d(editor, screen);
    case KEY_CTRL('A'):
        move_to(editor, 0);
        break;
    case KEY_CTRL('E'):
        move_to(editor, editor->len);
        break;
    case KEY_CTRL('B'):
        move_to(editor, step_left(editor, editor->cursor));
        break;
    case KEY_CTRL('F'):
        move_to(editor, step_right(editor, editor->cursor));
        break;
    case KEY_CTRL('K'):
        cut(editor, editor->cursor, editor->len);
        break;
    case KEY_CTRL('U'):
        cut(editor, 0, editor->cursor);
        break;
    case KEY_CTRL('W'):
        cut(editor, word_left(editor, editor->cursor), editor->cursor);
        break;
    case KEY_CTRL('Y'):
        if (editor->cut)
            insert(editor, editor->cut, strlen(editor->cut), screen);
        break;
    case KEY_CTRL('P'):
        walk_back(editor, screen);
        break;
    case KEY_CTRL('N'):
        walk_on(editor, screen);
        break;
    case KEY_CTRL('L'):
        sl_screen_clear(editor, screen);
        break;
    case KEY_CTRL('H'):
    case KEY_DELETE:
        erase(editor, step_left(editor, editor->cursor), editor->cursor);
        break;
    default:
        sl_editor_bell(screen);
        break;
    }
    return SL_EDITOR_NONE;
}

/* ESC [ parameters final, and ESC O final: the keys of xterm and of the terminals before it. */
static void on_sequence(struct sl_editor *editor, char final, struct sl_output *screen)
{
    const char *parameters = editor->parameters;
    bool by_word = strchr(parameters, ';') != NULL; /* with Ctrl or Alt */

    switch (final) {
    case 'A':
        walk_back(editor, screen);
        break;
    case 'B':
        walk_on(editor, screen);
        break;
    case 'C':
        move_to(editor,
                by_word ? word_right(editor, editor->cursor) : step_right(editor, editor->cursor));
        break;
    case 'D':
        move_to(editor,
                by_word ? word_left(editor, editor->cursor) : step_left(editor, editor->cursor));
        break;
    case 'H':
        move_to(editor, 0);
        break;
    case 'F':
        move_to(editor, editor->len);
        break;
    case '~':
        if (!strcmp(parameters, "1") || !strcmp(parameters, "7"))
            move_to(editor, 0);
        else if (!strcmp(parameters, "4") || !strcmp(parameters, "8"))
            move_to(editor, editor->len);
        else if (!strcmp(parameters, "3"))
            erase(editor, editor->cursor, step_right(editor, editor->cursor));
        else if (!strcmp(parameters, "200") || !strcmp(parameters, "201"))
            editor->pasting = parameters[2] == '0';
        break;
    default: /* other keys mean nothing here */
        break;
    }
}

static void on_escape(struct sl_editor *editor, char key)
{
    editor->input = SL_INPUT_PLAIN;
    memset(editor->parameters, 0, sizeof(editor->parameters));
    editor->parameter_len = 0;
    if (key == '[')
        editor->input = SL_INPUT_CSI;
    else if (key == 'O')
        editor->input = SL_INPUT_SS3;
    else if (key == KEY_ESCAPE)
        editor->input = SL_INPUT_ESCAPE;
    else if (key == 'b')
        move_to(editor, word_left(editor, editor->cursor));
    else if (key == 'f')
        move_to(editor, word_right(editor, editor->cursor));
    else if (key == KEY_DELETE)
        cut(editor, word_left(editor, editor->cursor), editor->cursor);
}

/* True: the byte was part of a key's sequence. */
static bool take_sequence(struct sl_editor *editor, char byte, struct sl_output *screen)
{
    bool is_control = (unsigned char)byte < 0x20 && byte != KEY_ESCAPE;

    if (editor->input == SL_INPUT_PLAIN && byte == KEY_ESCAPE) {
        editor->input = SL_INPUT_ESCAPE;
        return true;
    }
    if (editor->input == SL_INPUT_PLAIN)
        return false;
    if (is_control || (unsigned char)byte >= 0x80) {
        editor->input = SL_INPUT_PLAIN; /* no sequence: a lost byte must not swallow Enter */
        return false;
    }
    if (editor->input == SL_INPUT_ESCAPE || byte == KEY_ESCAPE) {
        on_escape(editor, byte);
    } else if (editor->input == SL_INPUT_CSI && byte >= 0x20 && byte < 0x40) {
        if (editor->parameter_len < sizeof(editor->parameters) - 1)
            editor->parameters[editor->parameter_len++] = byte;
    } else {
        editor->input = SL_INPUT_PLAIN;
        on_sequence(editor, byte, screen);
    }
    return true;
}

/* ---- Bytes ---- */

static void put_character(struct sl_editor *editor, const char *bytes, size_t len, uint32_t code,
                          struct sl_output *screen)
{
    if (sl_char_is_safe(code))
        insert(editor, bytes, len, screen);
    else
        sl_editor_bell(screen);
}

static void put_partial(struct sl_editor *editor, char byte, struct sl_output *screen)
{
    uint32_t code = 0;

    editor->partial[editor->partial_len++] = byte;
    int taken = sl_char_decode(editor->partial, editor->partial_len, &code);
    if (taken == 0)
        return;
    size_t len = editor->partial_len;
    editor->partial_len = 0;
    if (taken > 0) {
        put_character(editor, editor->partial, len, code, screen);
        return;
    }
    sl_editor_bell(screen);
    if (len > 1)
        put_partial(editor, byte, screen); /* it may begin the next character */
}

static enum sl_editor_event on_byte(struct sl_editor *editor, char byte, struct sl_output *screen)
{
    bool after_cr = editor->after_cr;

    editor->after_cr = byte == '\r';
    if (byte == '\n' && after_cr)
        return SL_EDITOR_NONE;
    if ((unsigned char)byte < 0x80 && editor->partial_len > 0) {
        editor->partial_len = 0;
        sl_editor_bell(screen);
    }
    if (take_sequence(editor, byte, screen))
        return SL_EDITOR_NONE;
    if ((unsigned char)byte < 0x20 || byte == KEY_DELETE)
        return on_control(editor, byte, screen);
    if ((unsigned char)byte < 0x80)
        put_character(editor, &byte, 1, (uint32_t)byte, screen);
    else
        put_partial(editor, byte, screen);
    return SL_EDITOR_NONE;
}

size_t sl_editor_feed(struct sl_editor *editor, const char *bytes, size_t len,
                      enum sl_editor_event *event, struct sl_output *screen)
{
    size_t at = 0;

    *event = SL_EDITOR_NONE;
    while (at < len && *event == SL_EDITOR_NONE)
        *event = on_byte(editor, bytes[at++], screen);
    if (*event == SL_EDITOR_NONE || *event == SL_EDITOR_COMPLETE)
        sl_screen_update(editor, screen);
    return at;
}

void sl_editor_replace(struct sl_editor *editor, size_t start, const char *text,
                       struct sl_output *screen)
{
    assert(start <= editor->cursor);
    if (strlen(text) > SL_LINE_MAX - (editor->len - (editor->cursor - start))) {
        sl_editor_bell(screen);
        return;
    }
    erase(editor, start, editor->cursor);
    insert(editor, text, strlen(text), screen);
    sl_screen_update(editor, screen);
}

void sl_editor_bell(struct sl_output *screen)
{
    sl_output_text(screen, "\a");
}
