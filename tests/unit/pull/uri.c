/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs of other servers: what is meant, and how it is listed (rest-api.md 3.1, REST-10). */
#include "base/error.h"
#include "pull/pull.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reads_what_names_a_server(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *path, *listed;
        uint16_t port;
        bool tls;
    } cases[] = {
        {"ws://h", "h", "/websocket", "ws://h/websocket", 8080, false},
        {"ws://h/", "h", "/websocket", "ws://h/websocket", 8080, false},
        {"wss://h", "h", "/websocket", "wss://h/websocket", 8443, true},
        {"wss://demo.flashphoner.com:8443", "demo.flashphoner.com", "/websocket",
         "wss://demo.flashphoner.com:8443/websocket", 8443, true},
        {"wss://p12.flashphoner.com:8443/websocket", "p12.flashphoner.com", "/websocket",
         "wss://p12.flashphoner.com:8443/websocket", 8443, true},
        {"WS://Host.Example:9/a/B?c=d", "host.example", "/a/B?c=d", "ws://host.example:9/a/B?c=d",
         9, false},
        {"ws://h?x=1", "h", "/?x=1", "ws://h/?x=1", 8080, false},
        {"ws://[::1]", "[::1]", "/websocket", "ws://[::1]/websocket", 8080, false},
        {"ws://[2001:DB8::1]:65535/x", "[2001:db8::1]", "/x", "ws://[2001:db8::1]:65535/x", 65535,
         false},
        {"ws://127.0.0.1:8080//", "127.0.0.1", "//", "ws://127.0.0.1:8080//", 8080, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_pull_uri uri, again;
        struct sl_error error = {""};
        if (sl_pull_uri_parse(cases[i].text, &uri, &error) != 0)
            fail_msg("%s: %s", cases[i].text, error.text);
        assert_string_equal(uri.host, cases[i].host);
        assert_string_equal(uri.path, cases[i].path);
        assert_string_equal(uri.text, cases[i].listed);
        assert_int_equal(uri.port, cases[i].port);
        assert_int_equal(uri.tls, cases[i].tls);
        /* both forms match (REST-15) */
        assert_int_equal(sl_pull_uri_parse(uri.text, &again, NULL), 0);
        assert_string_equal(again.text, uri.text);
    }
}

static void refuses_what_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
    } cases[] = {
        {"empty", ""},
        {"no scheme", "h:8080"},
        {"another scheme", "http://h"},
        {"a scheme within", "xws://h"},
        {"no host", "ws://"},
        {"a port without host", "ws://:8080"},
        {"an empty port", "ws://h:"},
        {"port 0", "ws://h:0"},
        {"a large port", "ws://h:65536"},
        {"a long port", "ws://h:000080"},
        {"a port of letters", "ws://h:80a"},
        {"a signed port", "ws://h:+80"},
        {"credentials", "ws://user:secret@h"},
        {"an open bracket", "ws://[::1"},
        {"text after the bracket", "ws://[::1]x"},
        {"a blank", "ws://h/a b"},
        {"a line end", "ws://h/a\r\nX: y"},
        {"a fragment", "ws://h/#a"},
        {"not ASCII", "ws://h/\xc3\xa4"},
        {"DEL", "ws://h/\x7f"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_pull_uri uri = {.text = "untouched"};
        struct sl_error error = {""};
        int err = sl_pull_uri_parse(cases[i].text, &uri, &error);
        if (err != -22)
            fail_msg("%s: got %d", cases[i].why, err);
        assert_true(strlen(error.text) > 5);
        assert_null(strstr(error.text, "secret"));
        assert_string_equal(uri.text, "untouched");
    }
}

static void bounds_its_length(void **state)
{
    struct sl_pull_uri uri;
    char text[SL_PULL_URI_MAX + 8], host[300];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "ws://h/", 7);
    text[SL_PULL_URI_MAX - 1] = '\0';
    assert_int_equal(sl_pull_uri_parse(text, &uri, NULL), 0);
    text[SL_PULL_URI_MAX - 1] = 'a';
    text[SL_PULL_URI_MAX] = '\0';
    assert_int_equal(sl_pull_uri_parse(text, &uri, NULL), -22);
    memset(host, 'h', sizeof(host) - 1);
    memcpy(host, "ws://", 5);
    host[sizeof(host) - 1] = '\0';
    assert_int_equal(sl_pull_uri_parse(host, &uri, NULL), -22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_names_a_server),
        cmocka_unit_test(refuses_what_does_not),
        cmocka_unit_test(bounds_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
