/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "messages/messages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN                                                                                      \
    "<?xml version=\"1.0\"?><reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"0\" "      \
    "state=\"full\">"

/* RFC 3680 section 5.5 and SIP-86. */
static void tells_whose_registration_is_over(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool aor, contact;
    } cases[] = {
        {BEGIN "<registration aor=\"sip:u1@sip.test\" id=\"a\" state=\"active\">"
               "<contact id=\"b\" state=\"active\" event=\"registered\"><uri>sip:u1@1.2.3.4;id=ours"
               "</uri></contact></registration></reginfo>",
         false, false},
        {BEGIN "<registration aor=\"sip:u1@SIP.test\" id=\"a\" state=\"terminated\">"
               "</registration></reginfo>",
         true, false},
        {BEGIN "<registration aor=\"sip:u1@sip.test\" id=\"a\" state=\"active\">"
               "<contact id=\"b\" state=\"terminated\" event=\"expired\"><uri>sip:u1@1.2.3.4;"
               "id=ours</uri></contact></registration></reginfo>",
         false, true},
        {BEGIN "<registration aor=\"sip:u1@sip.test\" id=\"a\" state=\"active\">"
               "<contact id=\"b\" state=\"terminated\" event=\"expired\"><uri>sip:u1@1.2.3.4;"
               "id=theirs</uri></contact></registration></reginfo>",
         false, false},
        {BEGIN "<registration aor=\"sip:u2@sip.test\" id=\"a\" state=\"terminated\">"
               "<contact id=\"b\" state=\"terminated\" event=\"expired\"><uri>sip:u1@1.2.3.4;"
               "id=ours</uri></contact></registration></reginfo>",
         false, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_reginfo reginfo;
        assert_int_equal(sl_reginfo_parse(cases[i].text, strlen(cases[i].text), "sip:u1@sip.test",
                                          "ours", &reginfo),
                         0);
        assert_int_equal(reginfo.aor_terminated, cases[i].aor);
        assert_int_equal(reginfo.contact_terminated, cases[i].contact);
    }
}

static void refuses_what_is_no_reginfo(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "text", "<x/>", BEGIN, "<!DOCTYPE x><reginfo/>"};
    struct sl_reginfo reginfo;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(
            sl_reginfo_parse(cases[i], strlen(cases[i]), "sip:u1@sip.test", "ours", &reginfo),
            -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_whose_registration_is_over),
        cmocka_unit_test(refuses_what_is_no_reginfo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
