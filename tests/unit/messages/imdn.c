/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buffer.h"
#include "messages/messages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 5438 section 7.2.1.1, and what telephones make of it. */
static void reads_each_status(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sl_imdn_status status;
    } cases[] = {
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?><imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">"
         "<message-id>34jk324j</message-id><datetime>2008-04-04T12:16:49-05:00</datetime>"
         "<recipient-uri>im:bob@example.com</recipient-uri>"
         "<original-recipient-uri>im:bob@example.com</original-recipient-uri>"
         "<delivery-notification><status><delivered/></status></delivery-notification></imdn>",
         SL_IMDN_DELIVERED},
        {"<i:imdn xmlns:i=\"urn:ietf:params:xml:ns:imdn\"><i:message-id>\n 34jk324j \n"
         "</i:message-id><i:delivery-notification><i:status><i:failed/></i:status>"
         "</i:delivery-notification></i:imdn>",
         SL_IMDN_FAILED},
        {"<imdn><message-id>34jk324j</message-id><delivery-notification><status><forbidden/>"
         "</status></delivery-notification></imdn>",
         SL_IMDN_FORBIDDEN},
        {"<imdn><message-id>34jk324j</message-id><delivery-notification><status><error/>"
         "</status></delivery-notification></imdn>",
         SL_IMDN_ERROR},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_imdn imdn;
        assert_int_equal(sl_imdn_parse(cases[i].text, strlen(cases[i].text), &imdn), 0);
        assert_string_equal(imdn.message_id, "34jk324j");
        assert_int_equal(imdn.status, cases[i].status);
    }
}

#define LONG_ID                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"

static void refuses_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
        int result;
    } cases[] = {
        {"empty", "", -EBADMSG},
        {"no XML", "hello", -EBADMSG},
        {"not closed", "<imdn><message-id>a</message-id>", -EBADMSG},
        {"no id", "<imdn><delivery-notification/></imdn>", -EBADMSG},
        {"an id that is too long", "<imdn><message-id>" LONG_ID "</message-id></imdn>", -EBADMSG},
        {"displayed",
         "<imdn><message-id>a</message-id><display-notification><status><displayed/></status>"
         "</display-notification></imdn>",
         -ENOTSUP},
        {"entities that grow",
         "<!DOCTYPE i [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><imdn><message-id>&b;"
         "</message-id></imdn>",
         -EBADMSG},
        {"a file of ours",
         "<!DOCTYPE i SYSTEM \"file:///etc/passwd\"><imdn><message-id>a</message-id></imdn>",
         -EBADMSG},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_imdn imdn;
        int err = sl_imdn_parse(cases[i].text, strlen(cases[i].text), &imdn);
        if (err != cases[i].result)
            fail_msg("%s: got %d", cases[i].why, err);
    }
    char deep[40 * 3 + 1] = "";
    for (int i = 0; i < 40; i++)
        strcat(deep, "<a>");
    struct sl_imdn imdn;
    assert_int_equal(sl_imdn_parse(deep, strlen(deep), &imdn), -EBADMSG);
}

static void what_is_built_is_read(void **state)
{
    (void)state;
    struct sl_buffer out;
    struct sl_imdn imdn;

    sl_buffer_init(&out, 4096);
    sl_imdn_build("id<1>&", "2026-01-02T03:04:05Z", "sip:a@b;x=\"&\"", &out);
    assert_int_equal(sl_imdn_parse((const char *)out.data, out.len, &imdn), 0);
    assert_string_equal(imdn.message_id, "id<1>&");
    assert_int_equal(imdn.status, SL_IMDN_DELIVERED);
    sl_buffer_deinit(&out);
}

static void tells_ids_that_may_stand_in_a_header(void **state)
{
    (void)state;
    assert_true(sl_imdn_is_id("b64bd16f-4a6a-4b0e"));
    assert_false(sl_imdn_is_id(""));
    assert_false(sl_imdn_is_id("a b"));
    assert_false(sl_imdn_is_id("a\r\nTo: <x>"));
    assert_false(sl_imdn_is_id("\xd0\x9f"));
    assert_false(sl_imdn_is_id(LONG_ID));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_status),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(what_is_built_is_read),
        cmocka_unit_test(tells_ids_that_may_stand_in_a_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
