/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status lines of transfers, and whom they go to. */
#include "sip/fragment.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reads_the_status_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int err, code;
        const char *reason;
    } cases[] = {
        {"SIP/2.0 100 Trying\r\n", 0, 100, "Trying"},
        {"SIP/2.0 180 Ringing", 0, 180, "Ringing"},
        {"SIP/2.0 200 OK\r\nContact: <sip:a@b>\r\n\r\n", 0, 200, "OK"},
        {"SIP/2.0 486\r\n", 0, 486, ""},
        {"SIP/2.0 603 ", 0, 603, ""},
        {"", -EBADMSG, 0, NULL},
        {"SIP/2.0 20", -EBADMSG, 0, NULL},
        {"SIP/2.0 2000 x", -EBADMSG, 0, NULL},
        {"SIP/2.0 700 x", -EBADMSG, 0, NULL},
        {"SIP/2.0 2x0 x", -EBADMSG, 0, NULL},
        {"HTTP/1.1 200 OK", -EBADMSG, 0, NULL},
        {" SIP/2.0 200 OK", -EBADMSG, 0, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char reason[SL_SIP_NAME_MAX] = "";
        int code = 0;
        int err = sl_sip_fragment_parse(cases[i].text, strlen(cases[i].text), &code, reason);
        if (err != cases[i].err ||
            (err == 0 && (code != cases[i].code || strcmp(reason, cases[i].reason) != 0)))
            fail_msg("%s: %d, %d %s", cases[i].text, err, code, reason);
    }
}

static void cuts_a_long_reason(void **state)
{
    char text[2 * SL_SIP_NAME_MAX], reason[SL_SIP_NAME_MAX];
    int code;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "SIP/2.0 500 ", 12);
    assert_int_equal(sl_sip_fragment_parse(text, sizeof(text), &code, reason), 0);
    assert_int_equal(strlen(reason), SL_SIP_NAME_MAX - 1);
}

static void takes_refer_to_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int err;
        const char *uri, *replaces;
    } cases[] = {
        {"sip:1002@sip.test", 0, "sip:1002@sip.test", ""},
        {"SIP:a@b;transport=tcp", 0, "SIP:a@b;transport=tcp", ""},
        {"tel:+1-201-555", 0, "tel:+1-201-555", ""},
        {"sip:a@b?Replaces=c%3Bto-tag%3D1", 0, "sip:a@b", "c;to-tag=1"},
        {"sip:a@b?Subject=x&replaces=c", 0, "sip:a@b", "c"},
        {"sip:a@b?Subject=x", 0, "sip:a@b", ""},
        {"sip:a@b?", 0, "sip:a@b", ""},
        {"sip:a@b?Replaces=c%0d%0aX: y", -EINVAL, NULL, NULL},
        {"sip:a@b?Replaces=%4", -EINVAL, NULL, NULL},
        {"sip:a@b?Replaces=%zz", -EINVAL, NULL, NULL},
        {"sips:a@b", -EINVAL, NULL, NULL},
        {"http://a/", -EINVAL, NULL, NULL},
        {"sip:a b@c", -EINVAL, NULL, NULL},
        {"sip:a>b@c", -EINVAL, NULL, NULL},
        {"sip:", -EINVAL, NULL, NULL},
        {"", -EINVAL, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_sip_refer_to to = {.uri = ""};
        int err = sl_sip_refer_to_parse(cases[i].text, strlen(cases[i].text), &to);
        if (err != cases[i].err || (err == 0 && (strcmp(to.uri, cases[i].uri) != 0 ||
                                                 strcmp(to.replaces, cases[i].replaces) != 0)))
            fail_msg("%s: %d, %s, %s", cases[i].text, err, to.uri, to.replaces);
    }
}

/* sip.md 8.1 */
static void names_a_dialog_to_replace(void **state)
{
    (void)state;
    static const struct {
        const char *contact;
        struct sl_sip_dialog_id dialog;
        const char *built, *parsed; /* NULL: refused */
    } cases[] = {
        {"sip:carol@192.0.2.3:5070;ob",
         {.call_id = "12@192.0.2.1", .local_tag = "ours", .remote_tag = "theirs"},
         "sip:carol@192.0.2.3:5070;ob?Replaces=12%40192.0.2.1%3Bto-tag%3Dtheirs%3Bfrom-tag%3Dours",
         "12@192.0.2.1;to-tag=theirs;from-tag=ours"},
        {"sip:c@h?Subject=x",
         {.call_id = "1", .local_tag = "2", .remote_tag = "3"},
         "sip:c@h?Replaces=1%3Bto-tag%3D3%3Bfrom-tag%3D2",
         "1;to-tag=3;from-tag=2"},
        {"sip:h?Subject=x",
         {.call_id = "1", .local_tag = "2%", .remote_tag = "3+"},
         "sip:h?Replaces=1%3Bto-tag%3D3%2B%3Bfrom-tag%3D2%25",
         "1;to-tag=3+;from-tag=2%"},
        {"sip:c@h>\r\nX: y", {.call_id = "1", .local_tag = "2", .remote_tag = "3"}, NULL, NULL},
        {"sip:c d@h", {.call_id = "1", .local_tag = "2", .remote_tag = "3"}, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char uri[SL_SIP_URI_MAX];
        struct sl_sip_refer_to to;
        int err = sl_sip_refer_to_build(cases[i].contact, &cases[i].dialog, uri);
        if (err != (cases[i].built ? 0 : -EINVAL))
            fail_msg("%s: got %d", cases[i].contact, err);
        if (err < 0)
            continue;
        assert_string_equal(uri, cases[i].built);
        assert_int_equal(sl_sip_refer_to_parse(uri, strlen(uri), &to), 0);
        assert_string_equal(to.replaces, cases[i].parsed);
    }
    /* The user part may have a question mark. */
    char uri[SL_SIP_URI_MAX];
    struct sl_sip_refer_to to;
    const struct sl_sip_dialog_id dialog = {.call_id = "1", .local_tag = "2", .remote_tag = "3"};
    assert_int_equal(sl_sip_refer_to_build("sip:c?d@h?X=y", &dialog, uri), 0);
    assert_string_equal(uri, "sip:c?d@h?Replaces=1%3Bto-tag%3D3%3Bfrom-tag%3D2");
    assert_int_equal(sl_sip_refer_to_parse(uri, strlen(uri), &to), 0);
    assert_string_equal(to.uri, "sip:c?d@h");
    assert_string_equal(to.replaces, "1;to-tag=3;from-tag=2");
    /* Headers of theirs do not get through, whatever is in them. */
    assert_int_equal(sl_sip_refer_to_build("sip:c@h?Replaces=x@y", &dialog, uri), 0);
    assert_string_equal(uri, "sip:c@h?Replaces=1%3Bto-tag%3D3%3Bfrom-tag%3D2");
    /* Who has no tag is named by a zero. */
    const struct sl_sip_dialog_id old = {.call_id = "1", .local_tag = "2", .remote_tag = ""};
    assert_int_equal(sl_sip_refer_to_build("sip:c@h", &old, uri), 0);
    assert_string_equal(uri, "sip:c@h?Replaces=1%3Bto-tag%3D0%3Bfrom-tag%3D2");
}

static void refuses_what_is_too_long(void **state)
{
    char text[2 * SL_SIP_URI_MAX], uri[SL_SIP_URI_MAX];
    struct sl_sip_dialog_id dialog = {.call_id = "1", .local_tag = "2", .remote_tag = "3"};
    struct sl_sip_refer_to to;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "sip:", 4);
    assert_int_equal(sl_sip_refer_to_parse(text, sizeof(text), &to), -ENOBUFS);
    memcpy(text, "sip:a@b?Replaces=", 17);
    assert_int_equal(sl_sip_refer_to_parse(text, sizeof(text), &to), -ENOBUFS);
    text[sizeof(text) - 1] = '\0';
    dialog.call_id = text;
    assert_int_equal(sl_sip_refer_to_build("sip:a@b", &dialog, uri), -ENOBUFS);
    dialog.call_id = "1";
    memcpy(text, "sip:xxxxxxxxxxxxx", 17);
    assert_int_equal(sl_sip_refer_to_build(text, &dialog, uri), -ENOBUFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_status_line),    cmocka_unit_test(cuts_a_long_reason),
        cmocka_unit_test(takes_refer_to_apart),     cmocka_unit_test(names_a_dialog_to_replace),
        cmocka_unit_test(refuses_what_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
