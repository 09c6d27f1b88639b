/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void credentials_are_left_out_of_the_head_SIP_82(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"MESSAGE sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\nAuthorization: x\r\n",
         "MESSAGE sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\nAuthorization: x\r\n"},
        {"MESSAGE sip:a SIP/2.0\r\nAuthorization: Digest username=\"u\", response=\"r\"\r\n"
         "Proxy-Authorization: D\r\nTo: <sip:a>\r\n\r\n\r\nAuthorization: x\r\n",
         "MESSAGE sip:a SIP/2.0\r\nAuthorization: Digest ...\r\n"
         "Proxy-Authorization: Digest ...\r\nTo: <sip:a>\r\n\r\n\r\nAuthorization: x\r\n"},
        {"cut off\r\nAuthorization: Dig", "cut off\r\nAuthorization: Digest ..."},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *shown = sl_sip_without_credentials(cases[i].text, strlen(cases[i].text));
        assert_string_equal(shown, cases[i].shown);
        free(shown);
    }
}

static void what_is_no_text_becomes_one(void **state)
{
    (void)state;
    char *text = sl_sip_valid_text("a\xff\xd0\x9f\0b", 6);

    assert_string_equal(text, "a\xef\xbf\xbd\xd0\x9f\xef\xbf\xbd"
                              "b");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_left_out_of_the_head_SIP_82),
        cmocka_unit_test(what_is_no_text_becomes_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
