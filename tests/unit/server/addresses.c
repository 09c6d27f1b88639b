/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of the machine's addresses are announced. */
#include "server/addresses.h"

#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"
#include "webrtc/webrtc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Words between blanks; returns how many. */
static size_t parse(const char *list, struct sl_addr *out)
{
    char copy[512], *rest = copy;
    size_t count = 0;

    (void)snprintf(copy, sizeof(copy), "%s", list);
    for (char *word; (word = strsep(&rest, " ")) && *word; count++)
        assert_int_equal(sl_addr_parse_ip(word, 0, &out[count]), 0);
    return count;
}

static void announces_what_clients_may_reach(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bind, *host, *announced;
    } cases[] = {
        {"all of them", "0.0.0.0", "127.0.0.1 10.0.0.1 10.0.0.2 192.168.1.5",
         "10.0.0.1 10.0.0.2 192.168.1.5"},
        {"both families", "0.0.0.0 ::", "127.0.0.1 10.0.0.1 ::1 2001:db8::1",
         "10.0.0.1 2001:db8::1"},
        {"of the families bound", "0.0.0.0", "10.0.0.1 2001:db8::1", "10.0.0.1"},
        {"the other family", "::", "10.0.0.1 2001:db8::1 fd00::1", "2001:db8::1 fd00::1"},
        {"of the addresses bound", "10.0.0.2 ::", "10.0.0.1 10.0.0.2 2001:db8::1",
         "10.0.0.2 2001:db8::1"},
        {"none that needs a link", "0.0.0.0 ::", "169.254.3.4 fe80::1 10.0.0.1", "10.0.0.1"},
        {"loopback if it is all", "0.0.0.0 ::", "127.0.0.1 ::1 fe80::1", "127.0.0.1 ::1"},
        {"none", "0.0.0.0", "::1 2001:db8::1", ""},
        {"the first eight", "0.0.0.0",
         "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9",
         "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtc_config config = {.bind_count = 0};
        struct sl_host_addrs host = {.count = 0};
        struct sl_addr addrs[16];
        char announced[512] = "", text[SL_ADDR_TEXT_MAX];

        config.bind_count = parse(cases[i].bind, config.bind);
        host.count = parse(cases[i].host, addrs);
        for (size_t j = 0; j < host.count; j++)
            host.items[j].addr = addrs[j];
        sl_addresses_own(&host, &config);
        assert_true(config.announce_own);
        for (size_t j = 0; j < config.announce_count; j++) {
            size_t len = strlen(announced);
            (void)snprintf(announced + len, sizeof(announced) - len, "%s%s", j > 0 ? " " : "",
                           sl_addr_format_ip(&config.announce[j], text));
        }
        if (strcmp(announced, cases[i].announced) != 0)
            fail_msg("%s: %s", cases[i].why, announced);
    }
}

/* CFG-12 */
static void what_is_configured_is_announced_as_it_is(void **state)
{
    (void)state;
    struct sl_config *config = sl_config_create();
    struct sl_rtc_config rtc = {.bind_count = 0};
    struct sl_error error;

    assert_int_equal(sl_config_set(config, "ip=203.0.113.1,127.0.0.1", &error), 0);
    assert_int_equal(sl_addresses_choose(config, &rtc, &error), 0);
    assert_false(rtc.announce_own);
    assert_int_equal(rtc.announce_count, 2);
    assert_null(sl_addresses_watch(&rtc, NULL, NULL));
    sl_config_destroy(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(announces_what_clients_may_reach),
        cmocka_unit_test(what_is_configured_is_announced_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
