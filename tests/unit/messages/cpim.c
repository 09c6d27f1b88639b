/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buffer.h"
#include "messages/messages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void is(struct sl_text_part part, const char *text)
{
    assert_int_equal(part.len, strlen(text));
    assert_memory_equal(part.at, text, part.len);
}

/* RFC 3862 section 5.1. */
static void reads_the_example_of_the_rfc(void **state)
{
    (void)state;
    static const char text[] = "From: MR SANDERS <im:piglet@100akerwood.com>\r\n"
                               "To: Depressed Donkey <im:eeyore@100akerwood.com>\r\n"
                               "DateTime: 2000-12-13T13:40:00-08:00\r\n"
                               "Subject: the weather will be fine today\r\n"
                               "Subject:;lang=fr beau temps prevu pour aujourd'hui\r\n"
                               "NS: MyFeatures <mid:MessageFeatures@id.foo.com>\r\n"
                               "Require: MyFeatures.VitalMessageOption\r\n"
                               "MyFeatures.VitalMessageOption: Confirmation-requested\r\n"
                               "MyFeatures.WackyMessageOption: Use-silly-font\r\n"
                               "\r\n"
                               "Content-type: text/xml; charset=utf-8\r\n"
                               "Content-ID: <1234567890@foo.com>\r\n"
                               "\r\n"
                               "<body>\r\nHere is the text of my message.\r\n</body>";
    struct sl_cpim cpim;

    assert_int_equal(sl_cpim_parse(text, strlen(text), &cpim), 0);
    assert_int_equal(cpim.from.count, 1);
    is(cpim.from.uris[0], "im:piglet@100akerwood.com");
    is(cpim.to.uris[0], "im:eeyore@100akerwood.com");
    is(cpim.type, "text/xml; charset=utf-8");
    assert_true(sl_content_type_is(cpim.type, "Text/XML"));
    assert_int_equal(cpim.message_id.len, 0);
    assert_false(cpim.wants_delivery);
    is(cpim.body, "<body>\r\nHere is the text of my message.\r\n</body>");
}

/* RFC 5438 section 10.2, in a namespace of another name too. */
static void reads_what_is_asked_for(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "From: <sip:a@b>\nTo: <sip:c@d>\nTo: <sip:e@f>\nNS: imdn <urn:ietf:params:imdn>\n"
        "imdn.Message-ID: 34jk324j\nimdn.Disposition-Notification: positive-delivery, display\n"
        "imdn.IMDN-Record-Route: <sip:way@x>\n\n\nhi",
        "From: <sip:a@b>\r\nTo: <sip:c@d>\r\nTo: <sip:e@f>\r\nNS: my <urn:ietf:params:imdn>\r\n"
        "imdn.Message-ID: other\r\nmy.Message-ID: 34jk324j\r\n"
        "my.Disposition-Notification: negative-delivery,positive-delivery\r\n"
        "my.IMDN-Record-Route: Way <sip:way@x>\r\n\r\n\r\nhi",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_cpim cpim;
        assert_int_equal(sl_cpim_parse(cases[i], strlen(cases[i]), &cpim), 0);
        is(cpim.message_id, "34jk324j");
        assert_true(cpim.wants_delivery);
        is(cpim.record_route, "sip:way@x");
        assert_int_equal(cpim.to.count, 2);
        is(cpim.to.uris[1], "sip:e@f");
        assert_int_equal(cpim.type.len, 0);
        is(cpim.body, "hi");
    }
}

static void refuses_what_is_no_envelope(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
    } cases[] = {
        {"empty", ""},
        {"no line", "hello"},
        {"no header", "hello\r\n\r\n\r\nx"},
        {"ends in the envelope", "From: <sip:a@b>\r\n"},
        {"ends in the content's headers", "From: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n"},
        {"an address without brackets", "From: sip:a@b\r\n\r\n\r\nx"},
        {"a header without a name", ": x\r\n\r\n\r\nx"},
    };
    struct sl_cpim cpim;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int err = sl_cpim_parse(cases[i].text, strlen(cases[i].text), &cpim);
        if (err != -EBADMSG)
            fail_msg("%s: got %d", cases[i].why, err);
    }
    char many[20 * 32] = "";
    for (int i = 0; i < SL_CPIM_ADDRESSES_MAX + 1; i++)
        strcat(many, "To: <sip:a@b>\r\n");
    strcat(many, "\r\n\r\nx");
    assert_int_equal(sl_cpim_parse(many, strlen(many), &cpim), -EBADMSG);
}

static void what_is_built_is_read(void **state)
{
    (void)state;
    static const char body[] = "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82\nFrom: <x>\n\n";
    const struct sl_cpim_content content = {.from = "sip:a@b",
                                            .to = "sip:c@d",
                                            .date_time = "2026-01-02T03:04:05Z",
                                            .message_id = "id-1",
                                            .asks = true,
                                            .type = "text/plain;charset=utf-8",
                                            .body = body,
                                            .len = strlen(body)};
    struct sl_buffer out;
    struct sl_cpim cpim;

    sl_buffer_init(&out, 4096);
    sl_cpim_build(&content, &out);
    assert_true(out.ok);
    assert_int_equal(sl_cpim_parse((const char *)out.data, out.len, &cpim), 0);
    is(cpim.from.uris[0], "sip:a@b");
    is(cpim.to.uris[0], "sip:c@d");
    is(cpim.message_id, "id-1");
    assert_true(cpim.wants_delivery);
    is(cpim.body, body);
    sl_buffer_deinit(&out);
}

/* SIP-77: RFC 2046 section 5.1. */
static void parts_are_between_boundaries(void **state)
{
    (void)state;
    struct sl_buffer out;

    sl_buffer_init(&out, 4096);
    sl_multipart_add(&out, "b", "text/plain", NULL, "one", 3);
    sl_multipart_add(&out, "b", "x/y", "recipient-list", "two", 3);
    sl_multipart_end(&out, "b");
    sl_buffer_u8(&out, 0);
    assert_string_equal((const char *)out.data,
                        "--b\r\nContent-Type: text/plain\r\n\r\none\r\n"
                        "--b\r\nContent-Type: x/y\r\nContent-Disposition: recipient-list\r\n\r\n"
                        "two\r\n--b--\r\n");
    sl_buffer_deinit(&out);
}

static void recipients_are_escaped(void **state)
{
    (void)state;
    static const char *const uris[] = {"sip:a@b;x=1&y=2", "sip:\"<c>@d"};
    struct sl_buffer out;

    sl_buffer_init(&out, 4096);
    sl_recipients_build(uris, 2, &out);
    sl_buffer_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "<entry uri=\"sip:a@b;x=1&amp;y=2\"/>"));
    assert_non_null(strstr((const char *)out.data, "<entry uri=\"sip:&quot;&lt;c&gt;@d\"/>"));
    sl_buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_example_of_the_rfc),
        cmocka_unit_test(reads_what_is_asked_for),
        cmocka_unit_test(refuses_what_is_no_envelope),
        cmocka_unit_test(what_is_built_is_read),
        cmocka_unit_test(parts_are_between_boundaries),
        cmocka_unit_test(recipients_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
