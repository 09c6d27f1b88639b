/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line editor: keys in, a line and a terminal that shows it (cli.md sections 1, 2; CLI-19). */
#include "cli/editor.h"

#include "../../fuzz/cli/terminal.h"
#include "base/mem.h"
#include "cli/history.h"
#include "cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LEFT  "\x1b[D"
#define RIGHT "\x1b[C"
#define UP    "\x1b[A"
#define DOWN  "\x1b[B"

struct fixture {
    struct sl_history history;
    struct sl_editor editor;
    struct terminal terminal;
    struct sl_output sent;
};

static void begin(struct fixture *f, const char *prompt, bool secret)
{
    sl_editor_begin(&f->editor, prompt, secret, &f->sent);
    terminal_show(&f->terminal, &f->sent);
}

static void set_up(struct fixture *f, size_t columns, size_t rows)
{
    memset(&f->history, 0, sizeof(f->history));
    sl_output_init(&f->sent, 1 << 24);
    sl_editor_init(&f->editor, &f->history);
    sl_editor_resize(&f->editor, columns, rows);
    terminal_init(&f->terminal, columns, rows);
    begin(f, "% ", false);
}

static void tear_down(struct fixture *f)
{
    sl_editor_deinit(&f->editor);
    sl_history_deinit(&f->history);
    sl_output_deinit(&f->sent);
}

/* Feeds until an event or the end; returns what was taken. */
static size_t feed(struct fixture *f, const char *bytes, size_t len, enum sl_editor_event *event)
{
    size_t taken = sl_editor_feed(&f->editor, bytes, len, event, &f->sent);

    terminal_show(&f->terminal, &f->sent);
    return taken;
}

static void type(struct fixture *f, const char *keys)
{
    enum sl_editor_event event;

    assert_int_equal(feed(f, keys, strlen(keys), &event), strlen(keys));
    assert_int_equal(event, SL_EDITOR_NONE);
}

static void expect_shown(const struct fixture *f, const char *why)
{
    const char *differs = terminal_differs(&f->terminal, &f->editor);

    if (differs)
        fail_msg("%s: %s", why, differs);
}

static void edits_as_the_keys_say(void **state)
{
    (void)state;
    static const struct {
        const char *why, *keys, *line;
        size_t cursor;
    } cases[] = {
        {"plain", "show apps", "show apps", 9},
        {"insert before", "bc" LEFT LEFT "a", "abc", 1},
        {"left stops at the begin", "a" LEFT LEFT LEFT "b", "ba", 1},
        {"right stops at the end", "a" RIGHT RIGHT "b", "ab", 2},
        {"backspace", "abc\x7f", "ab", 2},
        {"backspace as Ctrl-H", "abc\b\b", "a", 1},
        {"backspace at the begin", "abc\x01\x7f", "abc", 0},
        {"delete", "abc\x01\x1b[3~", "bc", 0},
        {"delete at the end", "abc\x1b[3~", "abc", 3},
        {"Ctrl-D within a line", "abc" LEFT "\x04", "ab", 2},
        {"Home and End", "abc\x1b[Hx\x1b[Fy", "xabcy", 5},
        {"Home and End of other terminals", "abc\x1b[1~x\x1b[4~y\x1b[7~z\x1b[8~!", "zxabcy!", 7},
        {"keys in application mode", "abc\x1bOHx\x1bOFy\x1bODz", "xabczy", 5},
        {"Ctrl-A and Ctrl-E", "abc\x01x\x05y", "xabcy", 5},
        {"Ctrl-B and Ctrl-F", "ab\x02\x02x\x06y", "xayb", 3},
        {"Ctrl-K", "abcdef" LEFT LEFT "\x0b", "abcd", 4},
        {"Ctrl-U keeps what is behind the cursor", "abcdef" LEFT LEFT "\x15", "ef", 0},
        {"Ctrl-W", "show all apps\x17", "show all ", 9},
        {"Ctrl-W with blanks behind", "show apps  \x17", "show ", 5},
        {"Ctrl-Y brings back what was cut last", "one two\x17\x01\x19", "twoone ", 3},
        {"Alt-B and Alt-F",
         "one two three\x1b"
         "b\x1b"
         "b!\x1b"
         "f?",
         "one !two? three", 9},
        {"Ctrl-Left and Ctrl-Right", "one two\x1b[1;5D!\x1b[1;5C?", "one !two?", 9},
        {"two bytes are one step", "\xc3\xa4\xc3\xb6" LEFT "x", "\xc3\xa4x\xc3\xb6", 3},
        {"three bytes go at once", "\xe6\xbc\xa2\xe5\xad\x97\x7f", "\xe6\xbc\xa2", 3},
        {"a mark goes with its letter",
         "ae\xcc\x81"
         "b" LEFT LEFT "\x1b[3~",
         "ab", 1},
        {"half a character is left out", "a\xc3z", "az", 2},
        {"a stray continuation is left out", "a\xa4z", "az", 2},
        {"a character broken by another", "\xe6\xbc\xc3\xa4", "\xc3\xa4", 2},
        {"overlong forms are left out", "a\xc0\xaf z", "a z", 3},
        {"C1 controls are left out",
         "a\xc2\x9b"
         "2Jz",
         "a2Jz", 4},
        {"controls of direction are left out",
         "a\xe2\x80\xae"
         "b",
         "ab", 2},
        {"unknown keys do nothing", "a\x1b[15~\x1b[Z\x1bOPb", "ab", 2},
        {"a very long sequence does nothing", "a\x1b[1111111111111111111111111111111~b", "ab", 2},
        {"an escape alone takes the next key only", "a\x1bqb", "ab", 2},
        {"a lost bracket does not swallow a letter of UTF-8", "\x1b[\xc3\xa4", "\xc3\xa4", 2},
        {"in pasted text a TAB is a blank", "\x1b[200~a\tb\x1b[201~", "a b", 3},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        set_up(&f, 80, 24);
        type(&f, cases[i].keys);
        if (strcmp(f.editor.line, cases[i].line) != 0 || f.editor.cursor != cases[i].cursor)
            fail_msg("%s: \"%s\" at %zu", cases[i].why, f.editor.line, f.editor.cursor);
        expect_shown(&f, cases[i].why);
        tear_down(&f);
    }
}

static void shows_lines_that_are_longer_than_the_terminal_is_wide(void **state)
{
    (void)state;
    static const struct {
        const char *why, *keys;
    } cases[] = {
        {"exactly full", "12345678"},
        {"one more", "123456789"},
        {"full, then back", "12345678" LEFT},
        {"full, then one less", "12345678\x7f"},
        {"three rows, cursor in the first", "1234567890123456789012345\x01xy"},
        {"three rows, cut to one", "1234567890123456789012345" LEFT LEFT "\x15"},
        {"a wide character does not fit", "1234567\xe6\xbc\xa2"
                                          "8"},
        {"wide characters only", "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2"},
        {"a mark on the last of a row", "12345678\xcc\x81"
                                        "9"},
        {"a mark on the last of all", "1234567e\xcc\x81"},
        {"up and down between rows",
         "1234567890123456" LEFT LEFT LEFT LEFT LEFT LEFT LEFT LEFT LEFT RIGHT RIGHT RIGHT},
        {"cleared", "1234567890123\x0c!"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        set_up(&f, 10, 6);
        type(&f, cases[i].keys);
        expect_shown(&f, cases[i].why);
        tear_down(&f);
    }
}

static void shows_a_part_of_a_line_that_is_taller_than_the_terminal(void **state)
{
    (void)state;
    struct fixture f;

    set_up(&f, 10, 3);
    for (char c = 'a'; c <= 'z'; c++) {
        char keys[4] = {c, c, c, '\0'};
        type(&f, keys);
        expect_shown(&f, "typing");
    }
    for (int i = 0; i < 78; i++) {
        type(&f, LEFT);
        expect_shown(&f, "going back");
    }
    type(&f, "!");
    expect_shown(&f, "inserting at the begin");
    type(&f, "\x05\x7f");
    expect_shown(&f, "at the end again");
    type(&f, "\x15");
    expect_shown(&f, "empty again");
    tear_down(&f);
}

static void follows_the_terminal_when_its_size_changes(void **state)
{
    (void)state;
    struct fixture f;
    char row[100];

    set_up(&f, 80, 24);
    type(&f, "show apps of a server with a long name");
    terminal_init(&f.terminal, 20, 5);
    sl_editor_resize(&f.editor, 20, 5);
    type(&f, "\x0c");
    expect_shown(&f, "narrower");
    terminal_row_text(&f.terminal, 1, row, sizeof(row));
    assert_string_equal(row, "ver with a long name");
    sl_editor_resize(&f.editor, 0, 0);
    assert_int_equal(f.editor.columns, 80);
    sl_editor_resize(&f.editor, 1, 1);
    assert_true(f.editor.columns >= 2); /* a wide character must fit */
    tear_down(&f);
}

static void tells_what_ends_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *why, *keys;
        enum sl_editor_event event;
        size_t taken;
        const char *row;
    } cases[] = {
        {"CR", "ab\rcd", SL_EDITOR_LINE, 3, "% ab"},
        {"LF", "ab\ncd", SL_EDITOR_LINE, 3, "% ab"},
        {"Enter in the middle", "ab" LEFT "\r", SL_EDITOR_LINE, 6, "% ab"},
        {"Ctrl-C",
         "ab\x03"
         "cd",
         SL_EDITOR_CANCEL, 3, "% ab^C"},
        {"Ctrl-D on an empty line",
         "\x04"
         "cd",
         SL_EDITOR_END, 1, "% "},
        {"TAB", "ab\tcd", SL_EDITOR_COMPLETE, 3, "% ab"},
        {"Enter right behind an escape", "ab\x1b\r", SL_EDITOR_LINE, 4, "% ab"},
        {"Enter within a sequence", "ab\x1b[1\r", SL_EDITOR_LINE, 6, "% ab"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        enum sl_editor_event event;
        char row[100];
        set_up(&f, 80, 24);
        size_t taken = feed(&f, cases[i].keys, strlen(cases[i].keys), &event);
        terminal_row_text(&f.terminal, 0, row, sizeof(row));
        if (event != cases[i].event || taken != cases[i].taken || strcmp(row, cases[i].row) != 0)
            fail_msg("%s: event %d after %zu bytes: \"%s\"", cases[i].why, (int)event, taken, row);
        if (event != SL_EDITOR_COMPLETE && (f.terminal.row != 1 || f.terminal.column != 0))
            fail_msg("%s: not at the begin of the next row", cases[i].why);
        tear_down(&f);
    }
}

/* Counts the lines in what is pasted, whatever its line ends are and however it is cut. */
static void paste(const char *text, size_t piece, char *out, size_t out_len)
{
    struct fixture f;
    size_t len = strlen(text), used = 0;

    set_up(&f, 80, 24);
    out[0] = '\0';
    for (size_t at = 0; at < len;) {
        enum sl_editor_event event;
        at += feed(&f, text + at, len - at < piece ? len - at : piece, &event);
        if (event != SL_EDITOR_LINE)
            continue;
        used += (size_t)snprintf(out + used, out_len - used, "[%s]", f.editor.line);
        begin(&f, "% ", false);
    }
    tear_down(&f);
}

static void takes_several_pasted_lines_cli_19(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "show apps\nadd x\nend\n",
        "show apps\radd x\rend\r",
        "show apps\r\nadd x\r\nend\r\n",
        "\x1b[200~show apps\radd x\rend\x1b[201~\r",
    };
    char got[200];

    for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++) {
        for (size_t piece = 1; piece < 20; piece++) {
            paste(texts[i], piece, got, sizeof(got));
            assert_string_equal(got, "[show apps][add x][end]");
        }
    }
    paste("a\n\nb\r\n\r\nc\r\rd\n\r", 100, got, sizeof(got));
    assert_string_equal(got, "[a][][b][][c][][d][]");
}

static void does_not_make_another_command_of_a_line_that_is_too_long(void **state)
{
    (void)state;
    struct fixture f;
    enum sl_editor_event event;
    char *keys = sl_alloc(SL_LINE_MAX + 3);

    memset(keys, 'x', SL_LINE_MAX + 1);
    set_up(&f, 80, 24);
    (void)feed(&f, keys, SL_LINE_MAX, &event);
    assert_int_equal(f.terminal.bells, 0);
    (void)feed(&f, "yyyy", 4, &event);
    assert_int_equal(f.terminal.bells, 1); /* once, not for each */
    assert_int_equal(f.editor.len, SL_LINE_MAX);
    expect_shown(&f, "full");
    (void)feed(&f, "\r", 1, &event);
    assert_int_equal(event, SL_EDITOR_TOO_LONG);
    begin(&f, "% ", false);
    (void)feed(&f, keys, SL_LINE_MAX + 1, &event);
    (void)feed(&f, "\x15ok\r", 4, &event); /* everything cut: nothing is missing any more */
    assert_int_equal(event, SL_EDITOR_LINE);
    assert_string_equal(f.editor.line, "ok");
    free(keys);
    tear_down(&f);
}

static void shows_nothing_of_a_password(void **state)
{
    (void)state;
    struct fixture f;
    enum sl_editor_event event;
    char row[100];

    set_up(&f, 80, 24);
    sl_history_add(&f.history, "from the history");
    type(&f, "cut\x15");
    begin(&f, "New password: ", true);
    type(&f, "secr\xc3\xa4t" LEFT "\t" UP "\x7f");
    expect_shown(&f, "secret");
    assert_string_equal(f.editor.line, "secrt");
    type(&f, "\x05\x15");
    type(&f, "other");
    expect_shown(&f, "secret");
    (void)feed(&f, "\r", 1, &event);
    assert_int_equal(event, SL_EDITOR_LINE);
    assert_string_equal(f.editor.line, "other");
    terminal_row_text(&f.terminal, 0, row, sizeof(row));
    assert_string_equal(row, "New password: ");
    begin(&f, "% ", false);
    type(&f, "\x19"); /* what was cut of a password does not come back */
    assert_string_equal(f.editor.line, "cut");
    tear_down(&f);
}

static void walks_through_the_history(void **state)
{
    (void)state;
    struct fixture f;

    set_up(&f, 80, 24);
    sl_history_add(&f.history, "one");
    sl_history_add(&f.history, "two");
    begin(&f, "% ", false);
    type(&f, "draft");
    type(&f, UP);
    assert_string_equal(f.editor.line, "two");
    type(&f, "\x10");
    assert_string_equal(f.editor.line, "one");
    type(&f, UP); /* there is nothing before */
    assert_string_equal(f.editor.line, "one");
    sl_history_add(&f.history, "three"); /* from another console of the same user */
    type(&f, DOWN);
    assert_string_equal(f.editor.line, "two");
    type(&f, "\x0e");
    assert_string_equal(f.editor.line, "three");
    type(&f, DOWN);
    assert_string_equal(f.editor.line, "draft");
    type(&f, DOWN); /* nor behind */
    assert_string_equal(f.editor.line, "draft");
    expect_shown(&f, "the draft");
    type(&f, UP);
    for (int i = 0; i < 2 * SL_HISTORY_MAX; i++) {
        char line[20];
        (void)snprintf(line, sizeof(line), "line %d", i);
        sl_history_add(&f.history, line);
    }
    type(&f, UP); /* the line that was shown is forgotten by now */
    type(&f, DOWN);
    expect_shown(&f, "after much was added");
    tear_down(&f);
}

static void keeps_a_bounded_history_without_repetitions(void **state)
{
    (void)state;
    struct sl_history history = {.end = 0};
    char line[20];

    sl_history_add(&history, "");
    sl_history_add(&history, "a");
    sl_history_add(&history, "a");
    assert_int_equal(history.end, 1);
    for (int i = 0; i < 250; i++) {
        (void)snprintf(line, sizeof(line), "%d", i);
        sl_history_add(&history, line);
    }
    assert_int_equal(history.end - sl_history_first(&history), SL_HISTORY_MAX);
    assert_string_equal(sl_history_line(&history, history.end - 1), "249");
    assert_null(sl_history_line(&history, history.end));
    assert_null(sl_history_line(&history, sl_history_first(&history) - 1));
    sl_history_deinit(&history);
}

static void puts_completions_into_the_line(void **state)
{
    (void)state;
    struct fixture f;
    char row[100];

    set_up(&f, 20, 6);
    type(&f, "update ap x" LEFT LEFT);
    sl_editor_replace(&f.editor, 7, "app", &f.sent);
    terminal_show(&f.terminal, &f.sent);
    assert_string_equal(f.editor.line, "update app x");
    assert_int_equal(f.editor.cursor, 10);
    expect_shown(&f, "replaced");
    sl_editor_list(&f.editor, "app   app-rest\r\nuser\r\n", &f.sent);
    terminal_show(&f.terminal, &f.sent);
    expect_shown(&f, "listed");
    terminal_row_text(&f.terminal, 1, row, sizeof(row));
    assert_string_equal(row, "app   app-rest");
    terminal_row_text(&f.terminal, 3, row, sizeof(row));
    assert_string_equal(row, "% update app x");
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_as_the_keys_say),
        cmocka_unit_test(shows_lines_that_are_longer_than_the_terminal_is_wide),
        cmocka_unit_test(shows_a_part_of_a_line_that_is_taller_than_the_terminal),
        cmocka_unit_test(follows_the_terminal_when_its_size_changes),
        cmocka_unit_test(tells_what_ends_a_line),
        cmocka_unit_test(takes_several_pasted_lines_cli_19),
        cmocka_unit_test(does_not_make_another_command_of_a_line_that_is_too_long),
        cmocka_unit_test(shows_nothing_of_a_password),
        cmocka_unit_test(walks_through_the_history),
        cmocka_unit_test(keeps_a_bounded_history_without_repetitions),
        cmocka_unit_test(puts_completions_into_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
