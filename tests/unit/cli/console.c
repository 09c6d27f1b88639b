/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console's states: shells with and without a terminal, single commands, passwords, the end. */
#include "cli/console.h"

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Runs lines in place of the server: `echo X` prints X, `fail` fails, `ask` wants a password,
 * `exit` closes; others print nothing. */
struct fixture {
    struct sl_history history;
    struct sl_console console;
    char *line, *secret; /* what is to be run */
    char *beginning;     /* what is to be completed */
    char ran[2000];      /* "[line]", "[line:secret]" */
};

static void on_run(void *owner, const char *line, const char *secret)
{
    struct fixture *f = owner;

    assert_null(f->line); /* one at a time */
    f->line = sl_strdup(line);
    f->secret = sl_strdup_or_null(secret);
}

static void on_complete(void *owner, const char *line, size_t len)
{
    struct fixture *f = owner;

    f->beginning = sl_strndup(line, len);
}

static void set_up(struct fixture *f, bool has_terminal, const char *command)
{
    static const struct sl_console_ops ops = {on_run, on_complete};

    memset(f, 0, sizeof(*f));
    struct sl_console_config config = {.has_terminal = has_terminal,
                                       .columns = 80,
                                       .rows = 24,
                                       .command = command,
                                       .history = &f->history,
                                       .ops = &ops,
                                       .owner = f};
    sl_console_init(&f->console, &config);
    sl_console_start(&f->console);
}

static void tear_down(struct fixture *f)
{
    sl_console_deinit(&f->console);
    sl_history_deinit(&f->history);
    free(f->line);
    free(f->secret);
    free(f->beginning);
}

static void answer(struct fixture *f)
{
    struct sl_console_answer answer = {.text = ""};
    char text[200];
    size_t used = strlen(f->ran);

    (void)snprintf(f->ran + used, sizeof(f->ran) - used, f->secret ? "[%s:%s]" : "[%s]", f->line,
                   f->secret);
    if (!strncmp(f->line, "echo ", 5)) {
        answer.len = (size_t)snprintf(text, sizeof(text), "%s\n", f->line + 5);
        answer.text = text;
    }
    answer.error = !strcmp(f->line, "fail") ? "it failed" : NULL;
    answer.asks = !strcmp(f->line, "ask") && !f->secret;
    answer.closes = !strcmp(f->line, "exit");
    free(f->line);
    free(f->secret);
    f->line = f->secret = NULL;
    sl_console_on_answer(&f->console, &answer);
}

/* Feeds everything, and answers what is run. */
static void feed(struct fixture *f, const char *bytes, size_t len)
{
    for (;;) {
        size_t taken = sl_console_feed(&f->console, bytes, len);
        bytes += taken;
        len -= taken;
        if (f->line)
            answer(f);
        else if (len == 0 || taken == 0)
            return;
    }
}

static void expect_output(struct fixture *f, const char *out, const char *err)
{
    sl_output_add(&f->console.out, "", 1);
    sl_output_add(&f->console.err, "", 1);
    assert_string_equal(f->console.out.bytes, out);
    assert_string_equal(f->console.err.bytes, err);
    sl_output_clear(&f->console.out);
    sl_output_clear(&f->console.err);
}

static void expect_end(const struct fixture *f, int exit_status)
{
    assert_int_equal(f->console.state, SL_CONSOLE_OVER);
    assert_int_equal(f->console.exit_status, exit_status);
}

static void runs_a_single_command(void **state)
{
    (void)state;
    static const struct {
        const char *command, *out, *err;
        int exit_status;
    } cases[] = {
        {"echo hello", "hello\n", "", 0},
        {"fail", "", "Error: it failed\n", 1},
        {"nothing", "", "", 0},
        {"exit", "", "", 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        set_up(&f, false, cases[i].command);
        feed(&f, "ignored\n", 8);
        expect_output(&f, cases[i].out, cases[i].err);
        expect_end(&f, cases[i].exit_status);
        tear_down(&f);
    }
}

static void runs_the_lines_of_a_pipe_without_prompts(void **state)
{
    (void)state;
    static const char text[] = "echo one\r\n\n  \nfail\necho two\recho three";
    struct fixture f;

    set_up(&f, false, NULL);
    feed(&f, text, strlen(text));
    sl_console_end_input(&f.console);
    answer(&f); /* the last line has no end */
    expect_output(&f, "one\ntwo\nthree\n", "Error: it failed\n");
    assert_string_equal(f.ran, "[echo one][fail][echo two][echo three]");
    expect_end(&f, 0);
    tear_down(&f);
}

static void ends_with_the_input_but_not_before_what_runs(void **state)
{
    (void)state;
    struct fixture f;

    set_up(&f, false, NULL);
    assert_int_equal(sl_console_feed(&f.console, "echo one\n", 9), 9);
    sl_console_end_input(&f.console);
    assert_int_equal(f.console.state, SL_CONSOLE_RUNNING);
    answer(&f);
    expect_output(&f, "one\n", "");
    expect_end(&f, 0);
    tear_down(&f);
}

static void refuses_lines_of_a_pipe_that_are_too_long_or_hold_nul(void **state)
{
    (void)state;
    struct fixture f;
    char *text = sl_alloc(SL_LINE_MAX + 2);

    memset(text, 'x', SL_LINE_MAX + 1);
    text[SL_LINE_MAX + 1] = '\n';
    set_up(&f, false, NULL);
    feed(&f, text, SL_LINE_MAX + 2);
    feed(&f, "echo a\0; echo b\n", 16);
    feed(&f, "echo c\n", 7);
    expect_output(&f, "c\n",
                  "Error: Line longer than 4096 bytes\nError: Control character U+0000\n");
    assert_string_equal(f.ran, "[echo c]");
    free(text);
    tear_down(&f);
}

static void prompts_and_echoes_at_a_terminal(void **state)
{
    (void)state;
    struct fixture f;
    static const char prompt[] = "\r\x1b[J% \r\x1b[2C";

    set_up(&f, true, NULL);
    sl_output_clear(&f.console.out); /* greeting and first prompt */
    feed(&f, "echo hi\r", 8);
    char expected[200];
    (void)snprintf(expected, sizeof(expected), "echo hi\r\nhi\r\n%s", prompt);
    expect_output(&f, expected, "");
    feed(&f, "fail\r", 5);
    (void)snprintf(expected, sizeof(expected), "fail\r\nError: it failed\r\n%s", prompt);
    expect_output(&f, expected, "");
    feed(&f, "echo\x03", 5);
    (void)snprintf(expected, sizeof(expected), "echo^C\r\n%s", prompt);
    expect_output(&f, expected, "");
    feed(&f, "\x04", 1);
    expect_end(&f, 0);
    tear_down(&f);
}

static void leaves_bytes_alone_while_a_line_runs(void **state)
{
    (void)state;
    struct fixture f;

    set_up(&f, true, NULL);
    assert_int_equal(sl_console_feed(&f.console, "echo a\recho b\r", 14), 7);
    assert_false(sl_console_reads(&f.console));
    assert_int_equal(sl_console_feed(&f.console, "echo b\r", 7), 0);
    answer(&f);
    feed(&f, "echo b\rexit\r", 12);
    assert_string_equal(f.ran, "[echo a][echo b][exit]");
    expect_end(&f, 0);
    tear_down(&f);
}

static void asks_twice_for_a_password(void **state)
{
    (void)state;
    static const struct {
        const char *why, *input, *ran;
        bool says_error;
    } cases[] = {
        {"the same", "ask\rnew1\rnew1\recho x\r", "[ask][ask:new1][echo x]", false},
        {"another", "ask\rnew1\rnew2\recho x\r", "[ask][echo x]", true},
        {"given up at first",
         "ask\r\x03"
         "echo x\r",
         "[ask][echo x]", true},
        {"given up then",
         "ask\rnew1\r\x03"
         "echo x\r",
         "[ask][echo x]", true},
        {"ended",
         "ask\r\x04"
         "echo x\r",
         "[ask][echo x]", true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        set_up(&f, true, NULL);
        feed(&f, cases[i].input, strlen(cases[i].input));
        sl_output_add(&f.console.out, "", 1);
        if (strcmp(f.ran, cases[i].ran) != 0 ||
            (strstr(f.console.out.bytes, "Error: ") != NULL) != cases[i].says_error)
            fail_msg("%s: %s %s", cases[i].why, f.ran, f.console.out.bytes);
        assert_null(strstr(f.console.out.bytes, "new1"));
        tear_down(&f);
    }
}

static void reads_passwords_from_a_pipe(void **state)
{
    (void)state;
    struct fixture f;

    set_up(&f, false, "ask");
    answer(&f);
    feed(&f, "new1\nnew1\n", 10);
    assert_string_equal(f.ran, "[ask][ask:new1]");
    expect_end(&f, 0);
    tear_down(&f);

    set_up(&f, false, "ask");
    sl_console_end_input(&f.console);
    answer(&f);
    expect_output(&f, "", "Error: No new password\n");
    expect_end(&f, 1);
    tear_down(&f);

    set_up(&f, false, "ask");
    answer(&f);
    feed(&f, "new1\n", 5);
    sl_console_end_input(&f.console);
    expect_output(&f, "", "Error: No new password\n");
    expect_end(&f, 1);
    tear_down(&f);
}

static void remembers_lines_but_no_passwords_cli_17(void **state)
{
    (void)state;
    struct fixture f;
    static const char input[] =
        "show apps\radd user bob canary\rask\rcanary\rcanary\rupdate app -p "
        "canary x\r \rfoo\r";

    set_up(&f, true, NULL);
    feed(&f, input, strlen(input));
    assert_int_equal(f.history.end, 3);
    assert_string_equal(sl_history_line(&f.history, 0), "show apps");
    assert_string_equal(sl_history_line(&f.history, 1), "ask");
    assert_string_equal(sl_history_line(&f.history, 2), "foo");
    tear_down(&f);
}

static void completes_words_at_tab(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *words[3];
        size_t start;
        const char *line;
    } cases[] = {
        {"upd", {"update"}, 0, "update "},
        {"show a", {"app-rest-methods", "apps"}, 5, "show app"},
        {"show app", {"app-rest-methods", "apps"}, 5, "show app"}, /* listed */
        {"update app \"My", {"My App"}, 11, "update app \"My App\" "},
        {"update app M", {"My App", "My Bpp"}, 11, "update app \"My "},
        {"x \xd0", {NULL}, 2, "x "},
        {"x", {"x\xc3\xa4", "x\xc3\xb6"}, 0, "x"}, /* not half a letter */
        {"SH", {"show"}, 0, "show "},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct sl_completions completions = {.start = cases[i].start};
        set_up(&f, true, NULL);
        feed(&f, cases[i].typed, strlen(cases[i].typed));
        feed(&f, "\t", 1);
        assert_non_null(f.beginning);
        assert_int_equal(f.console.state, SL_CONSOLE_COMPLETING);
        while (completions.count < 3 && cases[i].words[completions.count]) {
            completions.words[completions.count] = sl_strdup(cases[i].words[completions.count]);
            completions.count++;
        }
        const char *typed = f.beginning + completions.start;
        completions.typed = sl_strdup(typed + (*typed == '"'));
        sl_console_on_completions(&f.console, &completions);
        if (strcmp(f.console.editor.line, cases[i].line) != 0)
            fail_msg("%s: %s", cases[i].typed, f.console.editor.line);
        sl_completions_deinit(&completions);
        tear_down(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_a_single_command),
        cmocka_unit_test(runs_the_lines_of_a_pipe_without_prompts),
        cmocka_unit_test(ends_with_the_input_but_not_before_what_runs),
        cmocka_unit_test(refuses_lines_of_a_pipe_that_are_too_long_or_hold_nul),
        cmocka_unit_test(prompts_and_echoes_at_a_terminal),
        cmocka_unit_test(leaves_bytes_alone_while_a_line_runs),
        cmocka_unit_test(asks_twice_for_a_password),
        cmocka_unit_test(reads_passwords_from_a_pipe),
        cmocka_unit_test(remembers_lines_but_no_passwords_cli_17),
        cmocka_unit_test(completes_words_at_tab),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
