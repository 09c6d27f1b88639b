/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed by default: spec/README.md decisions 1 and 2, hardening.md classes 14 and 17. */
#include "http/access.h"
#include "http/cors.h"

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

static void decides_by_caller_host_and_credentials(void **state)
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
        const char *remote, *host, *authorization;
        enum sl_access expected;
    } cases[] = {
        {"same machine", &closed, "127.0.0.1", "localhost:8081", NULL, SL_ACCESS_GRANTED},
        {"same machine, IPv6", &closed, "::1", "[::1]:8081", NULL, SL_ACCESS_GRANTED},
        {"mapped loopback", &closed, "::ffff:127.0.0.1", "127.0.0.1", NULL, SL_ACCESS_GRANTED},
        {"rebound name", &closed, "127.0.0.1", "evil.example:8081", NULL, SL_ACCESS_FORBIDDEN},
        {"no Host", &closed, "127.0.0.1", NULL, NULL, SL_ACCESS_FORBIDDEN},
        {"Host 0.0.0.0", &closed, "127.0.0.1", "0.0.0.0:8081", NULL, SL_ACCESS_FORBIDDEN},
        {"decimal Host", &closed, "127.0.0.1", "2130706433", NULL, SL_ACCESS_FORBIDDEN},
        {"octal Host", &closed, "127.0.0.1", "0177.0.0.1", NULL, SL_ACCESS_FORBIDDEN},
        {"stranger says localhost", &closed, "192.0.2.7", "localhost", NULL, SL_ACCESS_FORBIDDEN},
        {"stranger from [::]", &closed, "::", "localhost", NULL, SL_ACCESS_FORBIDDEN},
        {"stranger", &users, "192.0.2.7", "media.example", NULL, SL_ACCESS_UNAUTHORIZED},
        {"listed", &users, "10.1.2.3", "media.example", NULL, SL_ACCESS_GRANTED},
        {"listed, mapped", &users, "::ffff:10.1.2.3", "media.example", NULL, SL_ACCESS_GRANTED},
        {"listed, IPv6", &users, "2001:db8::9", "media.example", NULL, SL_ACCESS_GRANTED},
        {"looks like listed", &users, "2001:db9::9", "media.example", NULL, SL_ACCESS_UNAUTHORIZED},
        {"user", &users, "192.0.2.7", "media.example", ADMIN, SL_ACCESS_CHECK},
        {"user, listed", &users, "10.1.2.3", "media.example", ADMIN, SL_ACCESS_GRANTED},
        {"another scheme", &users, "192.0.2.7", "media.example", "Bearer x",
         SL_ACCESS_UNAUTHORIZED},
        {"rebound name, user", &users, "127.0.0.1", "evil.example", ADMIN, SL_ACCESS_CHECK},
        {"strict, same machine", &strict, "127.0.0.1", "localhost", NULL, SL_ACCESS_UNAUTHORIZED},
        {"strict, listed", &strict, "10.1.2.3", "localhost", NULL, SL_ACCESS_UNAUTHORIZED},
        {"strict, user", &strict, "127.0.0.1", "localhost", ADMIN, SL_ACCESS_CHECK},
        {"strict, no accounts", &nobody, "127.0.0.1", "localhost", ADMIN, SL_ACCESS_FORBIDDEN},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_addr remote;
        assert_int_equal(sl_addr_parse_ip(cases[i].remote, 1, &remote), 0);
        struct sl_basic basic = {.user = "nobody"};
        enum sl_access got = sl_access_decide(cases[i].rules, &remote, cases[i].host,
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
        cmocka_unit_test(decides_by_caller_host_and_credentials),
        cmocka_unit_test(reads_basic_credentials_and_nothing_else),
        cmocka_unit_test(refuses_credentials_that_are_too_long),
        cmocka_unit_test(lets_pages_of_the_same_host_call_unless_told_more),
        cmocka_unit_test(tells_the_origin_only_to_those_allowed),
        cmocka_unit_test(sends_whole_lines_in_place_of_the_three),
        cmocka_unit_test(names_the_key_when_lines_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
