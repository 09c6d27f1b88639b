/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed by default: spec/README.md decisions 1 and 2, hardening.md classes 14 and 17. */
#include "http/access.h"
#include "http/cors.h"
#include "http/local_users.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Only its presence matters: who has an account is asked elsewhere. */
static void check_user(void *owner, const char *user, const char *password,
                       void (*on_checked)(void *arg, int err), void *arg)
{
    (void)owner;
    (void)user;
    (void)password;
    (void)on_checked;
    (void)arg;
    fail_msg("the decision asks nobody");
}

#define ADMIN "Basic YWRtaW46czpjcmV0" /* admin:s:cret */

/* Whose program asks, as the kernel would tell. */
struct kernel {
    int err;
    uid_t uid;
    int asked;
};

static int tell_owner(void *arg, uid_t *uid)
{
    struct kernel *kernel = arg;

    kernel->asked++;
    if (kernel->err == 0)
        *uid = kernel->uid;
    return kernel->err;
}

static const struct sl_local_users_texts texts = {
    .passwd = "www-data:x:33:33::/var/www:/usr/sbin/nologin\n"
              "app:x:34:34::/srv:/usr/sbin/nologin\n"
              "alice:x:1000:1000::/home/alice:/bin/bash\n",
    .uid_map = "0 0 4294967295",
    .own = 997,
    .overflow = 65534,
};

/* decision 1, class 14 */
static void an_operator_here_is_known_by_address_host_and_the_kernels_word(void **state)
{
    (void)state;
    static const char *const named[] = {"app"};
    static const struct {
        const char *why, *remote, *host, *proxy_sign;
        int err;
        uid_t uid;
        enum sl_locality expected;
        int asked;
    } cases[] = {
        {"root", "127.0.0.1", "localhost:8081", NULL, 0, 0, SL_LOCAL, 1},
        {"root, IPv6", "::1", "[::1]:8081", NULL, 0, 0, SL_LOCAL, 1},
        {"root, mapped", "::ffff:127.0.0.1", "127.0.0.1", NULL, 0, 0, SL_LOCAL, 1},
        {"the server itself", "127.0.0.1", "localhost", NULL, 0, 997, SL_LOCAL, 1},
        {"who logs in", "127.0.0.1", "localhost", NULL, 0, 1000, SL_LOCAL, 1},
        {"a named service", "127.0.0.1", "localhost", NULL, 0, 34, SL_LOCAL, 1},
        {"a service", "127.0.0.1", "localhost", NULL, 0, 33, SL_OTHER_USER, 1},
        {"a service, IPv6", "::1", "localhost", NULL, 0, 33, SL_OTHER_USER, 1},
        {"nobody", "127.0.0.1", "localhost", NULL, 0, 65534, SL_OTHER_USER, 1},
        {"who has left", "127.0.0.1", "localhost", NULL, -ENOENT, 0, SL_UNKNOWN_USER, 1},
        {"no netlink", "127.0.0.1", "localhost", NULL, -EPERM, 0, SL_UNKNOWN_USER, 1},
        {"root's proxy", "127.0.0.1", "localhost", "x-forwarded-for", 0, 0, SL_PROXIED, 0},
        {"a person's tunnel", "127.0.0.1", "localhost", "via", 0, 1000, SL_PROXIED, 0},
        {"a named proxy", "127.0.0.1", "localhost", "HTTP/1.0", 0, 34, SL_PROXIED, 0},
        {"rebound name", "127.0.0.1", "evil.example:8081", NULL, 0, 0, SL_OTHER_HOST, 0},
        {"no Host", "127.0.0.1", NULL, NULL, 0, 0, SL_OTHER_HOST, 0},
        {"Host 0.0.0.0", "127.0.0.1", "0.0.0.0:8081", NULL, 0, 0, SL_OTHER_HOST, 0},
        {"decimal Host", "127.0.0.1", "2130706433", NULL, 0, 0, SL_OTHER_HOST, 0},
        {"octal Host", "127.0.0.1", "0177.0.0.1", NULL, 0, 0, SL_OTHER_HOST, 0},
        {"says localhost", "192.0.2.7", "localhost", NULL, 0, 0, SL_ELSEWHERE, 0},
        {"from [::]", "::", "localhost", NULL, 0, 0, SL_ELSEWHERE, 0},
        {"from here, not loopback", "10.0.0.1", "localhost", NULL, 0, 0, SL_ELSEWHERE, 0},
    };
    struct sl_local_users *users = sl_local_users_parse(&texts, named, 1, NULL);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr remote;
        assert_int_equal(sl_addr_parse_ip(cases[i].remote, 1, &remote), 0);
        struct kernel kernel = {cases[i].err, cases[i].uid, 0};
        const struct sl_caller caller = {&remote, cases[i].host, cases[i].proxy_sign, tell_owner,
                                         &kernel};
        uid_t uid = 12345;
        enum sl_locality got = sl_access_locate(users, &caller, &uid);
        if (got != cases[i].expected || kernel.asked != cases[i].asked)
            fail_msg("%s: got %d, asked %d times", cases[i].why, (int)got, kernel.asked);
        if (got == SL_OTHER_USER)
            assert_int_equal(uid, cases[i].uid);
    }
    sl_local_users_destroy(users);
}

/* Where the kernel calls several users by one number. */
static void nobody_is_an_operator_whom_the_kernel_cannot_tell_apart(void **state)
{
    (void)state;
    struct sl_local_users_texts inside = texts;
    static const char *const named[] = {"65534"};
    struct sl_addr remote;
    uid_t uid;

    inside.uid_map = "0 1000 1";
    assert_int_equal(sl_addr_parse_ip("127.0.0.1", 1, &remote), 0);
    struct sl_local_users *users = sl_local_users_parse(&inside, named, 1, NULL);
    struct kernel kernel = {0, 65534, 0};
    const struct sl_caller caller = {&remote, "localhost", NULL, tell_owner, &kernel};
    assert_int_equal(sl_access_locate(users, &caller, &uid), SL_UNKNOWN_USER);
    kernel.uid = 0; /* this namespace's */
    assert_int_equal(sl_access_locate(users, &caller, &uid), SL_LOCAL);
    sl_local_users_destroy(users);
}

/* class 17 */
static void decides_by_caller_and_credentials(void **state)
{
    (void)state;
    struct sl_cidr allow[2];
    assert_int_equal(sl_cidr_parse("10.0.0.0/8", &allow[0]), 0);
    assert_int_equal(sl_cidr_parse("2001:db8::/32", &allow[1]), 0);
    const struct sl_access_rules closed = {.require_auth = false};
    const struct sl_access_rules users = {
        .allow = allow, .allow_count = 2, .check_user = check_user};
    const struct sl_access_rules strict = {
        .require_auth = true, .allow = allow, .allow_count = 2, .check_user = check_user};
    const struct sl_access_rules nobody = {.require_auth = true, .allow = allow, .allow_count = 2};
    const struct {
        const char *why;
        const struct sl_access_rules *rules;
        const char *remote;
        bool local;
        const char *authorization;
        enum sl_access expected;
    } cases[] = {
        {"operator here", &closed, "127.0.0.1", true, NULL, SL_ACCESS_GRANTED},
        {"loopback alone", &closed, "127.0.0.1", false, NULL, SL_ACCESS_FORBIDDEN},
        {"loopback alone, users", &users, "127.0.0.1", false, NULL, SL_ACCESS_UNAUTHORIZED},
        {"stranger", &users, "192.0.2.7", false, NULL, SL_ACCESS_UNAUTHORIZED},
        {"listed", &users, "10.1.2.3", false, NULL, SL_ACCESS_GRANTED},
        {"listed, mapped", &users, "::ffff:10.1.2.3", false, NULL, SL_ACCESS_GRANTED},
        {"listed, IPv6", &users, "2001:db8::9", false, NULL, SL_ACCESS_GRANTED},
        {"looks like listed", &users, "2001:db9::9", false, NULL, SL_ACCESS_UNAUTHORIZED},
        {"user", &users, "192.0.2.7", false, ADMIN, SL_ACCESS_CHECK},
        {"user, listed", &users, "10.1.2.3", false, ADMIN, SL_ACCESS_GRANTED},
        {"user behind a proxy here", &users, "127.0.0.1", false, ADMIN, SL_ACCESS_CHECK},
        {"another scheme", &users, "192.0.2.7", false, "Bearer x", SL_ACCESS_UNAUTHORIZED},
        {"strict, operator here", &strict, "127.0.0.1", true, NULL, SL_ACCESS_UNAUTHORIZED},
        {"strict, listed", &strict, "10.1.2.3", false, NULL, SL_ACCESS_UNAUTHORIZED},
        {"strict, user", &strict, "127.0.0.1", true, ADMIN, SL_ACCESS_CHECK},
        {"strict, no accounts", &nobody, "127.0.0.1", true, ADMIN, SL_ACCESS_FORBIDDEN},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr remote;
        assert_int_equal(sl_addr_parse_ip(cases[i].remote, 1, &remote), 0);
        struct sl_basic basic = {.user = "nobody"};
        enum sl_access got = sl_access_decide(cases[i].rules, &remote, cases[i].local,
                                              cases[i].authorization, &basic);
        if (got != cases[i].expected)
            fail_msg("%s: got %d", cases[i].why, (int)got);
        assert_string_equal(basic.user, got == SL_ACCESS_CHECK ? "admin" : "nobody");
        assert_string_equal(basic.password, got == SL_ACCESS_CHECK ? "s:cret" : "");
    }
}

static void reads_basic_credentials_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *header, *user, *password; /* NULL: refused */
    } cases[] = {
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"}, /* RFC 7617 */
        {"basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},
        {"Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3"}, /* RFC 7617 section 2.1 */
        {"Basic Og==", "", ""},
        {"Basic", NULL, NULL},
        {"Basic ", NULL, NULL},
        {"Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", NULL, NULL},
        {"Basic QWxhZGRpbg==", NULL, NULL}, /* no colon */
        {"Basic YTpi\nYw==", NULL, NULL},
        {"Basic YTpi YTpi", NULL, NULL},
        {"Basic YTpi=YTp", NULL, NULL},
        {"Basic ====", NULL, NULL},
        {"Basic YTpiY", NULL, NULL},
        {"Basic YTpiAA==", NULL, NULL}, /* a:b NUL */
        {"Basic YTpiDQo=", NULL, NULL}, /* a:b CR LF */
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_basic basic = {.user = "unchanged"};
        int err = sl_basic_parse(cases[i].header, &basic);
        if (err != (cases[i].user ? 0 : -EBADMSG))
            fail_msg("%s: got %d", cases[i].header, err);
        if (strcmp(basic.user, cases[i].user ? cases[i].user : "unchanged") != 0 ||
            strcmp(basic.password, cases[i].password ? cases[i].password : "") != 0)
            fail_msg("%s: got %s and %s", cases[i].header, basic.user, basic.password);
    }
}

static void refuses_credentials_that_are_too_long(void **state)
{
    (void)state;
    char header[1200] = "Basic ";
    struct sl_basic basic;

    memset(header + 6, 'Q', sizeof(header) - 7);
    assert_int_equal(sl_basic_parse(header, &basic), -EBADMSG);
}

static struct sl_cors *cors_of(const char *origin, const char *lines)
{
    const struct sl_cors_config config = {.origin = origin, .lines = lines};
    struct sl_cors *cors;

    assert_int_equal(sl_cors_create(&config, &cors, NULL), 0);
    return cors;
}

static void lets_pages_of_the_same_host_call_unless_told_more(void **state) /* decision 2 */
{
    (void)state;
    static const struct {
        const char *config, *origin, *host;
        bool allowed;
    } cases[] = {
        {"", NULL, "localhost", true}, /* not a page of another origin */
        {"", "http://localhost:3000", "localhost:8081", true},
        {"", "https://localhost", "LOCALHOST:8081", true},
        {"", "http://127.0.0.1:3000", "localhost:8081", true}, /* the same machine */
        {"", "http://media.example", "media.example:8081", true},
        {"", "http://evil.example", "localhost:8081", false},
        {"", "http://localhost.evil.example", "localhost:8081", false},
        {"", "http://127.0.0.1:3000", "media.example:8081", false},
        {"", "null", "localhost:8081", false},
        {"", "http://a", NULL, false},
        {"*", "http://evil.example", "localhost:8081", true},
        {"*", "null", "localhost:8081", true},
        {"https://a.example, https://b.example", "https://b.example", "m", true},
        {"https://a.example, https://b.example", "https://c.example", "m", false},
        {"https://a.example", "https://a.example.evil", "m", false},
        {"https://a.example", "https://m", "m", true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_cors *cors = cors_of(cases[i].config, NULL);
        if (sl_cors_allows(cors, cases[i].origin, cases[i].host) != cases[i].allowed)
            fail_msg("%s asks %s under \"%s\"", cases[i].origin, cases[i].host, cases[i].config);
        sl_cors_destroy(cors);
    }
}

static const char *line(const struct sl_http_header_line *lines, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(lines[i].name, name))
            return lines[i].value;
    }
    return "";
}

static void tells_the_origin_only_to_those_allowed(void **state) /* CFG-16 */
{
    (void)state;
    struct sl_http_header_line lines[SL_CORS_LINES_MAX];
    struct sl_cors *cors = cors_of(NULL, NULL);

    size_t count = sl_cors_lines(cors, "http://localhost:3000", "localhost", lines);
    assert_string_equal(line(lines, count, "Access-Control-Allow-Origin"), "http://localhost:3000");
    assert_string_equal(line(lines, count, "Access-Control-Allow-Methods"), "POST");
    assert_string_equal(line(lines, count, "Access-Control-Allow-Headers"),
                        "content-type,x-requested-with");
    assert_string_equal(line(lines, count, "Access-Control-Allow-Credentials"), "true");
    assert_string_equal(line(lines, count, "Vary"), "Origin");
    count = sl_cors_lines(cors, "http://evil.example", "localhost", lines);
    assert_string_equal(line(lines, count, "Access-Control-Allow-Origin"), "");
    sl_cors_destroy(cors);

    cors = cors_of("*", NULL);
    count = sl_cors_lines(cors, NULL, NULL, lines);
    assert_string_equal(line(lines, count, "Access-Control-Allow-Origin"), "*");
    sl_cors_destroy(cors);
}

static void sends_whole_lines_in_place_of_the_three(void **state)
{
    (void)state;
    struct sl_http_header_line lines[SL_CORS_LINES_MAX];
    struct sl_cors *cors =
        cors_of(NULL, " Access-Control-Allow-Origin: https://a.example ; X-Own : 1;");

    size_t count = sl_cors_lines(cors, "http://b.example", "localhost", lines);
    assert_int_equal(count, 2);
    assert_string_equal(lines[0].value, "https://a.example");
    assert_string_equal(lines[1].name, "X-Own");
    assert_string_equal(lines[1].value, "1");
    assert_true(sl_cors_allows(cors, "https://a.example", "localhost"));
    assert_false(sl_cors_allows(cors, "https://b.example", "localhost"));
    sl_cors_destroy(cors);
}

static void names_the_key_when_lines_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "nonsense", "Bad Name: 1", ": 1", "A:1;B:1;C:1;D:1;E:1;F:1;G:1;H:1;I:1", "A: b\r\nC: d",
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
        const struct sl_cors_config config = {.lines = bad[i]};
        struct sl_cors *cors = NULL;
        struct sl_error error = {""};
        assert_int_equal(sl_cors_create(&config, &cors, &error), -EINVAL);
        assert_null(cors);
        assert_non_null(strstr(error.text, "rest_access_control_headers"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operator_here_is_known_by_address_host_and_the_kernels_word),
        cmocka_unit_test(nobody_is_an_operator_whom_the_kernel_cannot_tell_apart),
        cmocka_unit_test(decides_by_caller_and_credentials),
        cmocka_unit_test(reads_basic_credentials_and_nothing_else),
        cmocka_unit_test(refuses_credentials_that_are_too_long),
        cmocka_unit_test(lets_pages_of_the_same_host_call_unless_told_more),
        cmocka_unit_test(tells_the_origin_only_to_those_allowed),
        cmocka_unit_test(sends_whole_lines_in_place_of_the_three),
        cmocka_unit_test(names_the_key_when_lines_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
