/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cluster_registry as administrators write it. */
#include "cluster/url.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void takes_a_url_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *user, *password, *host;
        unsigned port, db;
    } cases[] = {
        {"redis://localhost", "", "", "localhost", 6379, 0},
        {"REDIS://redis.example.com:7000/", "", "", "redis.example.com", 7000, 0},
        {"redis://127.0.0.1/3", "", "", "127.0.0.1", 6379, 3},
        {"redis://[::1]", "", "", "::1", 6379, 0},
        {"redis://[2001:db8::1]:6380/15", "", "", "2001:db8::1", 6380, 15},
        {"redis://:secret@h", "", "secret", "h", 6379, 0},
        {"redis://node:secret@h:1", "node", "secret", "h", 1, 0},
        {"redis://node:s%40c%3Are%2ft%25@h", "node", "s@c:re/t%", "h", 6379, 0},
        {"redis://n%C3%B6de:p:q@h",
         "n\xc3\xb6"
         "de",
         "p:q", "h", 6379, 0},
        {"redis://a:b@c@h", "a", "b@c", "h", 6379, 0},
        {"redis://h:65535/65535", "", "", "h", 65535, 65535},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_redis_url url;
        struct sl_error error;
        if (sl_redis_url_parse(cases[i].text, &url, &error) < 0)
            fail_msg("%s: %s", cases[i].text, error.text);
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.password, cases[i].password);
        assert_string_equal(url.host, cases[i].host);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.db, cases[i].db);
    }
}

static void refuses_what_is_no_url_and_never_shows_a_password(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "redis://"},
        {"localhost:6379", "redis://"},
        {"rediss://h", "redis://"},
        {"http://h", "redis://"},
        {"redis://", "host"},
        {"redis://:6379", "host"},
        {"redis:///0", "host"},
        {"redis://secret@h", "USER:PASSWORD"},
        {"redis://:@h", "empty"},
        {"redis://secret:@h", "empty"},
        {"redis://:sec%ret@h", "%25"},
        {"redis://:secret%@h", "%25"},
        {"redis://:secret%2@h", "%25"},
        {"redis://:secret%00@h", "control"},
        {"redis://:secret%0d%0aFLUSHALL@h", "control"},
        {"redis://:secret\r\nX@h", "control"},
        {"redis://:secret/x@h", "port"}, /* a '/' to be encoded: the host is `` */
        {"redis://:secret@h h", "host"},
        {"redis://:secret@h\n", "host"},
        {"redis://:secret@[::1", "']'"},
        {"redis://:secret@[::1]x", "']'"},
        {"redis://:secret@[secret]", "IPv6"},
        {"redis://:secret@[127.0.0.1]", "IPv6"},
        {"redis://:secret@::1", "port"},
        {"redis://:secret@h:", "port"},
        {"redis://:secret@h:0", "port"},
        {"redis://:secret@h:65536", "port"},
        {"redis://:secret@h:123456", "port"},
        {"redis://:secret@h:x", "port"},
        {"redis://:secret@h:-1", "port"},
        {"redis://:secret@h/65536", "/DB"},
        {"redis://:secret@h/x", "/DB"},
        {"redis://:secret@h/1/2", "/DB"},
        {"redis://:secret@h?db=1", "/DB"},
        {"redis://:secret@h#1", "/DB"},
    };
    char longest[700] = "redis://";

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_redis_url url = {.port = 7};
        struct sl_error error = {"nothing"};
        int err = sl_redis_url_parse(cases[i].text, &url, &error);
        if (err != -EINVAL || !strstr(error.text, cases[i].words) || strstr(error.text, "secret"))
            fail_msg("%s: %d %s", cases[i].text, err, error.text);
        assert_int_equal(url.port, 7);
        assert_int_equal(sl_redis_url_parse(cases[i].text, &url, NULL), -EINVAL);
    }
    memset(longest + 8, 'h', 254);
    struct sl_redis_url url;
    assert_int_equal(sl_redis_url_parse(longest, &url, NULL), -EINVAL);
    longest[8 + 253] = '\0';
    assert_int_equal(sl_redis_url_parse(longest, &url, NULL), 0);
    memset(longest, 0, sizeof(longest));
    memcpy(longest, "redis://:", 9);
    memset(longest + 9, 'p', 513);
    strcat(longest, "@h");
    assert_int_equal(sl_redis_url_parse(longest, &url, NULL), -EINVAL);
    assert_int_equal(sl_redis_url_parse("redis://:p@h", &url, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_url_apart),
        cmocka_unit_test(refuses_what_is_no_url_and_never_shows_a_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
