/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The grammar, the commands on real applications and users, and completion (cli.md 2, 4). */
#include "cli/commands.h"

#include "cli/call.h"
#include "fixture.h"

#include <string.h>

struct ran {
    struct sl_cli_call call;
    bool done;
    char text[16384]; /* what was printed, or "Error: ..." */
};

static void on_done(struct sl_cli_call *call)
{
    struct ran *ran = sl_container_of(call, struct ran, call);

    assert_false(ran->done); /* exactly once */
    ran->done = true;
}

static void run_as(struct fixture *f, const char *user, const char *line, const char *secret,
                   struct ran *ran)
{
    memset(ran, 0, sizeof(*ran));
    sl_cli_call_init(&ran->call);
    ran->call.console = &f->console;
    ran->call.user = user;
    ran->call.line = line;
    ran->call.secret = secret;
    ran->call.on_done = on_done;
    sl_cli_call_run(&ran->call);
    assert_false(ran->done); /* never from within */
    while (!ran->done)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    if (ran->call.failed)
        (void)snprintf(ran->text, sizeof(ran->text), "Error: %s", ran->call.error.text);
    else
        (void)snprintf(ran->text, sizeof(ran->text), "%.*s", (int)ran->call.out.len,
                       ran->call.out.bytes ? ran->call.out.bytes : "");
    sl_cli_call_deinit(&ran->call);
}

static void expect_as(struct fixture *f, const char *user, const char *line, const char *expected)
{
    struct ran *ran = sl_new(struct ran);

    run_as(f, user, line, NULL, ran);
    if (strcmp(ran->text, expected) != 0)
        fail_msg("%s: %s", line, ran->text);
    free(ran);
}

static void expect(struct fixture *f, const char *line, const char *expected)
{
    expect_as(f, "admin", line, expected);
}

static void expect_part(struct fixture *f, const char *line, const char *part, bool there)
{
    struct ran *ran = sl_new(struct ran);

    run_as(f, "admin", line, NULL, ran);
    if ((strstr(ran->text, part) != NULL) != there)
        fail_msg("%s: %s", line, ran->text);
    free(ran);
}

/* ---- Applications ---- */

static void lists_applications_with_keys_and_urls_cli_3(void **state)
{
    struct fixture *f = *state;

    expect(f, "show apps | grep defaultApp",
           "defaultApp   defaultApp   http://localhost:8081/apps/EchoApp\n");
    expect(f, "SHOW Apps | grep nothing", "");
    expect_part(f, "show apps -d", "RestUsername", true);
}

static void runs_the_procedure_of_the_seed(void **state)
{
    struct fixture *f = *state;

    expect(f, "add app-rest-method defaultApp StreamKeepAliveEvent", "");
    expect(f, "add app-rest-method defaultApp StreamKeepAliveEvent", ""); /* CLI-4 */
    expect(f, "show app-rest-methods defaultApp | grep KeepAlive", "StreamKeepAliveEvent\n");
    expect(f, "update app defaultApp http://my-web-server.com/MyAPI", ""); /* CLI-5 */
    expect(f, "show apps | grep default",
           "defaultApp   defaultApp   http://my-web-server.com/MyAPI\n");
    expect(f, "update app -l http://other/API defaultApp", ""); /* CLI-6 */
    expect_part(f, "show apps", "defaultApp   defaultApp   http://other/API\n", true);
    expect(f, "update app defaultApp \"http://quoted/API/\"", ""); /* CLI-20 */
    expect_part(f, "show apps", "http://quoted/API\n", true);
    expect(f, "update app defaultApp http://same --location http://same", "");
    expect(f, "update app defaultApp http://one -l http://two",
           "Error: Two different URLs: http://one and http://two");
    expect_part(f, "show apps", "http://same", true);
}

static void runs_the_examples_of_the_manual(void **state)
{
    struct fixture *f = *state;

    expect(f, "add app MyApp myNewUniqueKey \"http://localhost/my_app\"", "");
    expect(f, "add app -u rest_user -p rest_password MyApp2 key2 \"http://localhost/my_app2\"", "");
    expect(f, "update app -k newAppKey -u u2 -p p2 MyApp", "");
    expect_part(f, "show apps", "MyApp        newAppKey    http://localhost/my_app\n", true);
    expect_part(f, "show apps -d", "rest_user", true);
    expect_part(f, "show apps --detail", "rest_password", false); /* CLI-17 */
    expect(f, "show app-rest-methods newAppKey", "");             /* CLI-8: none at first */
    expect(f, "remove app MyApp2", "");
    expect_part(f, "show apps", "MyApp2", false);
}

static void enables_and_disables_all_methods_cli_9_cli_10(void **state)
{
    struct fixture *f = *state;
    struct ran *all = sl_new(struct ran), *enabled = sl_new(struct ran);

    expect(f, "add app A a http://a", "");
    expect(f, "add app-rest-method --all a", "");
    run_as(f, "admin", "show rest-methods | grep -v sendDtmf", NULL, all);
    run_as(f, "admin", "show app-rest-methods a", NULL, enabled);
    for (char *rest = all->text, *line; (line = strtok_r(rest, "\n", &rest));) {
        if (!strcmp(line, "sendData")) /* the other alias */
            continue;
        if (!strstr(enabled->text, line))
            fail_msg("%s is not enabled", line);
    }
    expect(f, "remove app-rest-method a connect", "");
    expect(f, "show app-rest-methods A | grep connect", "");
    expect(f, "remove app-rest-method a CONNECT", "");
    expect(f, "remove app-rest-method -a a", "");
    expect(f, "show app-rest-methods a", "");
    free(all);
    free(enabled);
}

static void refuses_bad_changes_with_one_line_cli_11(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {
        "add app defaultApp other http://h",
        "add app Other defaultApp http://h",
        "add app Other other ftp://h",
        "add app Other other http://",
        "add app Other other http://h?q",
        "add app -o nobody Other other http://h",
        "update app nosuch http://h",
        "update app defaultApp nourl",
        "update app defaultApp",
        "remove app nosuch",
        "remove app defaultApp",
        "show app-rest-methods nosuch",
        "add app-rest-method defaultApp nosuch",
        "add app-rest-method nosuch connect",
        "add app-rest-method defaultApp",
        "add app-rest-method -a defaultApp connect",
    };
    struct ran *before = sl_new(struct ran), *ran = sl_new(struct ran);

    run_as(f, "admin", "show apps -d", NULL, before);
    for (size_t i = 0; i < SL_ARRAY_LEN(lines); i++) {
        run_as(f, "admin", lines[i], NULL, ran);
        if (strncmp(ran->text, "Error: ", 7) != 0 || strlen(ran->text) < 10 ||
            strchr(ran->text, '\n'))
            fail_msg("%s: %s", lines[i], ran->text);
    }
    expect(f, "show apps -d", before->text);
    free(before);
    free(ran);
}

static void shows_others_only_their_own_applications(void **state)
{
    struct fixture *f = *state;

    expect(f, "add user bob secret1", "");
    expect_as(f, "bob", "show apps | grep App", "");
    expect_as(f, "bob", "add app Bobs bobs http://b", "");
    expect_as(f, "bob", "show apps | grep -v -- -", "Name   Key    Url\nBobs   bobs   http://b\n");
    expect_as(f, "bob", "update app Bobs http://c", "");
    expect_as(f, "bob", "update app defaultApp http://c", "Error: No such application: defaultApp");
    expect_as(f, "bob", "add app-rest-method defaultApp connect",
              "Error: No such application: defaultApp");
    expect_as(f, "bob", "update app Bobs -o admin", "Error: Only admin may choose another owner");
    expect(f, "update app Bobs http://d", "");
}

/* Bob's application has the key of admin's as its name: the word finds admin's first. */
static void changes_hooks_of_ones_own_application_only(void **state)
{
    struct fixture *f = *state;

    expect(f, "add user bob secret1", "");
    expect(f, "add app Alpha k1 http://a", "");
    expect(f, "add app-rest-method k1 connect", "");
    expect_as(f, "bob", "add app k1 bobs http://b", "");
    expect_as(f, "bob", "show app-rest-methods k1", "");
    expect_as(f, "bob", "add app-rest-method k1 playStream", "");
    expect_as(f, "bob", "remove app-rest-method k1 connect", "");
    expect(f, "show app-rest-methods Alpha", "connect\n");
    expect(f, "show app-rest-methods bobs", "playStream\n");
}

/* ---- Users ---- */

static void keeps_users_cli_13_cli_14(void **state)
{
    struct fixture *f = *state;

    expect(f, "add user bob secret1", "");
    expect(f, "show users", "Name    Active\n--------------\nadmin   true\nbob     true\n");
    expect_part(f, "add user bob secret2", "Error: ", true);
    expect(f, "update user -a false bob", "");
    expect(f, "show users | grep bob", "bob     false\n");
    expect(f, "show users -a | grep bob", "");
    expect_as(f, "bob", "show apps", "Error: This user may not log in any more");
    expect(f, "update user bob --active TRUE", "");
    expect(f, "add app -o bob Bobs bobs http://b", "");
    expect(f, "show users -d | grep bob", "bob     true     Bobs\n");
    expect_part(f, "remove user bob", "Error: ", true);
    expect(f, "remove app Bobs", "");
    expect(f, "remove user bob", "");
    expect_part(f, "show users", "bob", false);
    expect_part(f, "remove user admin", "Error: ", true);
    expect_part(f, "update user -a false admin", "Error: ", true);
    expect(f, "update user bob", "Error: -a true|false is missing");
    expect(f, "update user -a maybe bob", "Error: -a is true or false, not maybe");
    expect_part(f, "update user -a true nosuch", "Error: ", true);
}

static void asks_for_new_passwords_cli_12(void **state)
{
    struct fixture *f = *state;
    struct ran *ran = sl_new(struct ran);

    expect(f, "add user bob secret1", "");
    run_as(f, "bob", "passwd", NULL, ran);
    assert_true(ran->call.asks);
    assert_string_equal(ran->text, "");
    run_as(f, "bob", "passwd", "secret2", ran);
    assert_string_equal(ran->text, "");
    run_as(f, "admin", "passwd bob", "secret3", ran);
    assert_string_equal(ran->text, "");
    expect_as(f, "bob", "passwd admin", "Error: Only admin may change others' passwords");
    expect(f, "passwd nosuch", "Error: No such user");
    run_as(f, "admin", "passwd bob", "", ran);
    assert_true(ran->call.failed); /* too short */
    free(ran);
}

static void leaves_users_to_admin(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {"add user eve pw123456", "update user -a false bob",
                                        "remove user bob"};

    expect(f, "add user bob secret1", "");
    for (size_t i = 0; i < SL_ARRAY_LEN(lines); i++)
        expect_as(f, "bob", lines[i], "Error: Only admin may do this");
    expect_as(f, "bob", "add user --help | grep admin",
              "  A new user, who may log in. Only admin may.\n");
}

/* ---- The rest ---- */

static void tells_of_the_server(void **state)
{
    struct fixture *f = *state;
    struct ran *ran = sl_new(struct ran);

    expect(f, "show version", "Sluice " SLUICE_VERSION "\n");
    expect(f, "show stat", "-----Connection Stats-----\nconnections=0\n");
    expect(f, "show node-settings | grep http.port", "http.port=8081\n"); /* CLI-16 */
    expect(f, "show node-setting cli.port", "cli.port=2001\n");
    expect(f, "show node-setting nosuch", "Error: No such setting: nosuch");
    expect(f, "show connections | grep Remote", "Session   AppKey   Remote   Status   Since\n");
    expect_part(f, "show transcoders", "Stream   From   To   Size   Kbps   Quality", true);
    expect_part(f, "show codec-processes", "Pid   Role   Spare   Jobs   Busy   MiB", true);
    expect_part(f, "show mixers", "Uri   Stream   Status   Inputs   Players   Fps\n",
                true); /* CLI-21 */
    expect(f, "show mixer mixer://nosuch", "Error: No such mixer: mixer://nosuch");
    expect(f, "kill mixer nosuch", "Error: No such mixer: nosuch");
    expect_part(f, "show streams", "MediaSession   Name   Published", true);
    expect_part(f, "show calls", "CallId   Direction   Status   Caller   Callee\n", true);
    expect(f, "kill call nosuch", "Error: No such call: nosuch");
    expect(f, "kill connection nosuch", "Error: No such connection: nosuch");
    expect(f, "reload", "Error: line 3: \\u{1b}[2Jbad");
    expect_part(f, "set log-level shout", "Error: No such level: shout", true);
    expect(f, "set log-level info", "");
    assert_int_equal(sl_config_set(f->config, "rest_hook_secret_key=canary", NULL), 0);
    expect_part(f, "show node-settings", "canary", false); /* CLI-17 */
    run_as(f, "admin", "exit", NULL, ran);
    assert_true(ran->call.closes);
    free(ran);
}

static void helps_with_every_command_cli_18(void **state)
{
    struct fixture *f = *state;
    struct ran *help = sl_new(struct ran);

    run_as(f, "admin", "help", NULL, help);
    for (size_t i = 0; i < sl_cli_commands.count; i++) {
        const struct sl_cli_command *command = &sl_cli_commands.rows[i];
        char name[64], line[80];
        (void)snprintf(name, sizeof(name), "%s%s%s", command->verb, command->noun ? " " : "",
                       command->noun ? command->noun : "");
        if (!strstr(help->text, name))
            fail_msg("help does not tell of %s", name);
        (void)snprintf(line, sizeof(line), "help %s", name);
        expect_part(f, line, command->about, true);
        (void)snprintf(line, sizeof(line), "%s --help", name);
        expect_part(f, line, command->about, true);
    }
    expect_part(f, "help show", "show users", true);
    expect_part(f, "help show", "add user", false);
    expect(f, "help update app | grep \", --loc\"",
           "  -l, --location URL: the same as URL behind NAME\n");
    expect(f, "help nosuch", "Error: Unknown command: nosuch");
    expect(f, "help show nosuch", "Error: Unknown command: show nosuch");
    free(help);
}

static void refuses_lines_that_no_command_takes(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"frobnicate x", "Error: Unknown command: frobnicate"},
        {"show nonsense", "Error: Unknown command: show nonsense"},
        {"show", "Error: show what? See: help show"},
        {"\x1b[2J", "Error: Control character U+001B at byte 1"},
        {"caf\xc3\xa9", "Error: Unknown command: caf\xc3\xa9"},
        {"show apps -x", "Error: Unknown option: -x"},
        {"update app -pcanary defaultApp", "Error: Unknown option: -p"}, /* CLI-17 */
        {"update app --p-rest=canary defaultApp", "Error: Unknown option: --p-rest"},
        {"show apps -d -d", "Error: Option -d is there twice"},
        {"update app x -k", "Error: Option -k needs a value: KEY"},
        {"show apps more", "Error: Too many words"},
        {"update app", "Error: NAME is missing"},
        {"add user bob", "Error: PASSWORD is missing"},
        {"add user bob -canary", "Error: Unknown option; `--` ends options"}, /* CLI-17 */
        {"add user bob my canary", "Error: Too many words"},
        {"", ""},
        {"  ", ""},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        expect(f, cases[i].line, cases[i].error);
    expect(f, "add user bob -- -secret", "");
    expect(f, "add user bib \"-secret\"", "");
}

static void makes_hostile_names_harmless(void **state)
{
    struct fixture *f = *state;
    struct ran *ran = sl_new(struct ran);

    /* What the console refuses may have come into the file another way. */
    struct sl_app_fields fields = {
        .name = "evil", .key = "evil", .url = "http://h", .main_class = "\xd0\xbf \"quoted\""};
    assert_int_equal(sl_apps_add(f->apps, &fields, NULL), 0);
    run_as(f, "admin", "show apps -d", NULL, ran);
    assert_non_null(strstr(ran->text, "\xd0\xbf \"quoted\""));
    run_as(f, "admin", "remove app \"no\xc3\xa9\\\"x\"", NULL, ran);
    assert_string_equal(ran->text, "Error: No such application: no\xc3\xa9\"x");
    free(ran);
}

static void tells_when_a_change_could_not_be_saved(void **state)
{
    struct fixture *f = *state;
    char from[256], to[264];

    (void)snprintf(from, sizeof(from), "%s", f->state_dir);
    (void)snprintf(to, sizeof(to), "%s.away", f->state_dir);
    assert_int_equal(rename(from, to), 0);
    expect_part(f, "update app defaultApp http://lost", "Error: changed, but not saved: ", true);
    assert_int_equal(rename(to, from), 0);
    expect(f, "update app defaultApp http://kept", "");
}

static void forgets_lines_that_hold_passwords(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool secret;
    } cases[] = {
        {"show apps", false},
        {"passwd", false}, /* asks for it */
        {"add user bob pw", true},
        {"ADD User bob pw", true},
        {"add app -p pw N k http://h", true},
        {"update app --p-rest pw N", true},
        {"update app N http://h", false},
        {"update user -a true bob", false},
        {"ad user bob pw", true},
        {"add usr bob pw", false},
        {"paswd bob", false},
        {"pass bob pw", true},
        {"passwd hunter2", true}, /* instead of a name */
        {"update app -phunter2 defaultApp", true},
        {"update app --p-rest=hunter2 defaultApp", true},
        {"add user bob \"pw", true},
        {"nonsense", false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_cli_line_is_secret(&sl_cli_commands, cases[i].line) != cases[i].secret)
            fail_msg("%s", cases[i].line);
    }
}

/* ---- Completion ---- */

/* offered: "[a][b]" */
static void expect_offered(struct fixture *f, const char *user, const char *line,
                           const char *offered)
{
    struct sl_completions completions;
    struct sl_output out;

    sl_output_init(&out, 10000);
    sl_cli_complete(&f->console, user, line, strlen(line), &completions);
    for (size_t j = 0; j < completions.count; j++)
        sl_output_format(&out, "[%s]", completions.words[j]);
    sl_output_add(&out, "", 1);
    if (strcmp(out.bytes, offered) != 0)
        fail_msg("%s: %s", line, out.bytes);
    sl_output_deinit(&out);
    sl_completions_deinit(&completions);
}

static void offers_what_may_follow(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line, *offered;
    } cases[] = {
        {"upd", "[update]"},
        {"S", "[set][show]"},
        {"show a", "[app-rest-methods][apps]"},
        {"show APPS", "[apps]"},
        {"kill ", "[call][connection][mixer][room]"},
        {"update app ", "[defaultApp][My App][my app][roomApp]"},
        {"update app de", "[defaultApp]"},
        {"update app \"My ", "[My App]"},
        {"update app -k x de", "[defaultApp]"},
        {"update app defaultApp ", ""},
        {"update app --", "[--c-class][--key][--location][--m-class][--owner][--p-rest][--u-rest]"},
        {"show apps -", "[--detail][-d]"},
        {"update app -o a", "[admin]"},
        {"add app-rest-method defaultApp streamk", "[StreamKeepAliveEvent]"},
        {"add app-rest-method defaultApp SENDDT", "[sendDTMF][sendDtmf]"},
        {"add app-rest-method -a ro", "[roomApp]"},
        {"update user -a ", "[false][true]"},
        {"passwd ", "[admin]"},
        {"set log-level w", "[WARN]"},
        {"show node-setting http.p", "[http.port]"},
        {"help up", "[update]"},
        {"help update u", "[user]"},
        {"show apps | g", "[grep]"},
        {"show apps | grep g", ""},
        {"nonsense ", ""},
        {"show \x1b", ""},
    };

    expect(f, "add app \"My App\" \"my app\" http://m", "");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        expect_offered(f, "admin", cases[i].line, cases[i].offered);
}

static void offers_nothing_of_others(void **state)
{
    struct fixture *f = *state;

    expect(f, "add user bob secret1", "");
    expect(f, "add app -o bob Bobs bobs http://b", "");
    expect_offered(f, "bob", "update app ", "[Bobs][bobs]");
    expect_offered(f, "bob", "show app-rest-methods de", "");
    expect_as(f, "bob", "show users -d | grep admin", "admin   true     -\n");
    expect(f, "update user -a false bob", "");
    expect_offered(f, "bob", "update app ", "");
    expect_offered(f, "bob", "sh", "");
}

int main(void)
{
#define ON_APPS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_APPS(lists_applications_with_keys_and_urls_cli_3),
        ON_APPS(runs_the_procedure_of_the_seed),
        ON_APPS(runs_the_examples_of_the_manual),
        ON_APPS(enables_and_disables_all_methods_cli_9_cli_10),
        ON_APPS(refuses_bad_changes_with_one_line_cli_11),
        ON_APPS(shows_others_only_their_own_applications),
        ON_APPS(changes_hooks_of_ones_own_application_only),
        ON_APPS(keeps_users_cli_13_cli_14),
        ON_APPS(asks_for_new_passwords_cli_12),
        ON_APPS(leaves_users_to_admin),
        ON_APPS(tells_of_the_server),
        ON_APPS(helps_with_every_command_cli_18),
        ON_APPS(refuses_lines_that_no_command_takes),
        ON_APPS(makes_hostile_names_harmless),
        ON_APPS(tells_when_a_change_could_not_be_saved),
        cmocka_unit_test(forgets_lines_that_hold_passwords),
        ON_APPS(offers_what_may_follow),
        ON_APPS(offers_nothing_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
