/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "msrp/describe.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/mem.h"
#include "msrp/msrp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEAD         "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
#define MSRP         "m=message 7654 TCP/MSRP *\r\na=accept-types:text/plain message/*\r\n"
#define PATH         "a=path:msrp://10.0.0.1:7654/s;tcp\r\n"
#define TLS          "m=message 7654 TCP/TLS/MSRP *\r\na=accept-types:*\r\na=path:msrps://a/s;tcp\r\n"
#define TEN          "00:11:22:33:44:55:66:77:88:99"
#define SHA1         "a=fingerprint:sha-1 " TEN ":" TEN "\r\n"
#define SHA256(last) "a=fingerprint:SHA-256 " TEN ":" TEN ":" TEN ":AA:" last "\r\n"
#define SHA384       "a=fingerprint:sha-384 " TEN ":" TEN ":" TEN ":" TEN ":00:11:22:33:44:55:66:77\r\n"
#define AUDIO        "m=audio 4000 RTP/AVP 0\r\n"

static void reads_what_is_said(void **state)
{
    (void)state;
    static const char sdp[] = HEAD AUDIO
        "a=path:msrp://no/x;tcp\r\n" MSRP "a=path:msrp://r:1;tcp msrp://10.0.0.1:7654/s;tcp\r\n"
        "a=setup:passive\r\na=max-size:9000\r\n" MSRP "a=setup:active\r\n";
    struct sl_msrp_description found;
    struct sl_error error;

    assert_int_equal(sl_msrp_describe_parse(sdp, &found, &error), 0);
    assert_int_equal(found.section, 1);
    assert_string_equal(found.path, "msrp://r:1;tcp msrp://10.0.0.1:7654/s;tcp");
    assert_int_equal(found.setup, SL_MSRP_PASSIVE);
    assert_int_equal(found.max_size, 9000);
    assert_false(found.secure);
    assert_true(sl_msrp_describe_takes(&found, "TEXT/plain; charset=utf-8"));
    assert_true(sl_msrp_describe_takes(&found, "message/cpim"));
    assert_false(sl_msrp_describe_takes(&found, "text/html"));
    assert_false(sl_msrp_is_offered(sdp)); /* there is a voice in it, too */
    assert_true(sl_msrp_is_offered(HEAD "m=audio 0 RTP/AVP 0\r\n" MSRP PATH));
    assert_int_equal(sl_msrp_describe_parse(HEAD "m=message 1 TCP/TLS/MSRP *\n"
                                                 "a=accept-types:*\na=path: msrps://a/s;tcp \n",
                                            &found, &error),
                     0);
    assert_string_equal(found.path, "msrps://a/s;tcp");
    assert_true(found.secure && sl_msrp_describe_takes(&found, "x/y"));
    assert_int_equal(found.setup, SL_MSRP_SETUP_NONE);
    assert_int_equal(found.max_size, -1);
}

static void refuses_what_is_no_session(void **state)
{
    (void)state;
    static const struct {
        const char *sdp;
        int err;
    } cases[] = {
        {"", -ENOMSG},
        {HEAD AUDIO, -ENOMSG},
        {HEAD "m=message 0 TCP/MSRP *\r\n" PATH, -ENOMSG},
        {HEAD "m=message 1 UDP/MSRP *\r\n" PATH, -ENOMSG},
        {HEAD MSRP, -EBADMSG},
        {HEAD "m=message 1 TCP/MSRP *\r\n" PATH, -EBADMSG},
        {HEAD MSRP "a=path:\r\n", -EBADMSG},
        {HEAD MSRP "a=path:msrps://a/s;tcp\r\n", -EBADMSG},
        {HEAD MSRP "a=path:msrp://a/s;tcp  msrp://b/s;tcp\r\n", -EBADMSG},
        {HEAD "m=\r\n" MSRP PATH, -EBADMSG},
        {HEAD "m=audio\r\n" MSRP PATH, -EBADMSG},
        {HEAD AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO
             AUDIO AUDIO MSRP PATH,
         -EBADMSG},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_msrp_description found;
        struct sl_error error = {""};
        int err = sl_msrp_describe_parse(cases[i].sdp, &found, &error);
        if (err != cases[i].err || error.text[0] == '\0')
            fail_msg("case %zu: got %d", i, err);
    }
}

static void of_fingerprints_the_strongest_count(void **state)
{
    (void)state;
    static const struct {
        const char *why, *sdp;
        int err;
        size_t count;
        int first, len; /* last byte of the first; bytes */
    } cases[] = {
        {"none", HEAD TLS, 0, 0, 0, 0},
        {"one", HEAD TLS SHA256("0b"), 0, 1, 0x0b, 32},
        {"two certificates", HEAD TLS SHA256("01") SHA256("02"), 0, 2, 1, 32},
        {"two hashes", HEAD TLS SHA256("01") SHA384 SHA1 SHA256("02"), 0, 1, 0x77, 48},
        {"of the session", HEAD SHA256("01") TLS, 0, 1, 1, 32},
        {"of both", HEAD SHA384 TLS SHA256("02"), 0, 1, 2, 32},
        {"another section's", HEAD TLS AUDIO SHA256("01"), 0, 0, 0, 0},
        {"too many", HEAD TLS SHA256("01") SHA256("02") SHA256("03") SHA256("04") SHA256("05"), 0,
         SL_MSRP_FINGERPRINTS_MAX, 1, 32},
        {"a weak one beside", HEAD TLS SHA1 SHA256("01"), 0, 1, 1, 32},
        {"weak", HEAD TLS SHA1, -EBADMSG, 0, 0, 0},
        {"weak, overruling", HEAD SHA256("01") TLS SHA1, -EBADMSG, 0, 0, 0},
        {"unknown", HEAD TLS "a=fingerprint:md5 00\r\n", -EBADMSG, 0, 0, 0},
        {"too short", HEAD TLS "a=fingerprint:sha-256 " TEN "\r\n", -EBADMSG, 0, 0, 0},
        {"empty", HEAD TLS "a=fingerprint:\r\n", -EBADMSG, 0, 0, 0},
        {"no TLS, no matter", HEAD MSRP PATH SHA1, 0, 0, 0, 0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_msrp_description found = {.secure = false};
        struct sl_error error = {""};
        int err = sl_msrp_describe_parse(cases[i].sdp, &found, &error);
        const struct sl_fingerprint *first = &found.fingerprints[0];
        if (err != cases[i].err || found.fingerprint_count != cases[i].count ||
            (cases[i].count > 0 &&
             (first->len != cases[i].len || first->bytes[first->len - 1] != cases[i].first)))
            fail_msg("%s: got %d, %zu: %s", cases[i].why, err, found.fingerprint_count, error.text);
        assert_int_equal(sl_msrp_is_secure(cases[i].sdp), err == 0 && i + 1 < SL_ARRAY_LEN(cases));
    }
}

static void who_connects_may_be_said_of_the_session(void **state)
{
    (void)state;
    struct sl_msrp_description found;

    assert_int_equal(sl_msrp_describe_parse(HEAD "a=setup:passive\r\n" TLS, &found, NULL), 0);
    assert_int_equal(found.setup, SL_MSRP_PASSIVE);
    assert_int_equal(
        sl_msrp_describe_parse(HEAD "a=setup:passive\r\n" TLS "a=setup:active\r\n", &found, NULL),
        0);
    assert_int_equal(found.setup, SL_MSRP_ACTIVE);
}

/* sip.md SIP-90: nothing but the one section, with what it needs. */
static void says_what_the_statement_says(void **state)
{
    (void)state;
    struct sl_msrp_local local = {.uri = "msrp://192.0.2.1:4000/abc;tcp",
                                  .setup = SL_MSRP_ACTPASS,
                                  .max_size = 1000,
                                  .id = 7,
                                  .version = 1};
    struct sl_buffer out;

    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 4000, &local.addr), 0);
    sl_buffer_init(&out, 4096);
    sl_msrp_describe_build(&local, NULL, 0, &out);
    sl_buffer_u8(&out, 0);
    assert_string_equal(out.data, "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\n"
                                  "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                  "m=message 4000 TCP/MSRP *\r\n"
                                  "a=accept-types:message/cpim text/plain\r\n"
                                  "a=path:msrp://192.0.2.1:4000/abc;tcp\r\n"
                                  "a=max-size:1000\r\na=setup:actpass\r\n");
    sl_buffer_clear(&out);
    local.setup = SL_MSRP_SETUP_NONE;
    sl_msrp_describe_build(&local, HEAD "m=audio 0 RTP/AVP 0 8\r\n" MSRP PATH, 1, &out);
    sl_buffer_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "t=0 0\r\nm=audio 0 RTP/AVP 0 8\r\n"
                                                   "m=message 4000 TCP/MSRP *\r\n"));
    assert_null(strstr((const char *)out.data, "setup"));
    sl_buffer_deinit(&out);
}

static void says_whose_certificate_it_will_show(void **state)
{
    (void)state;
    static const struct sl_fingerprint fingerprint = {32, {0xa1, 2}};
    struct sl_msrp_local local = {.uri = "msrps://192.0.2.1:4000/abc;tcp",
                                  .fingerprint = &fingerprint,
                                  .setup = SL_MSRP_PASSIVE,
                                  .max_size = 1000};
    struct sl_msrp_description found;
    struct sl_buffer out;

    assert_int_equal(sl_addr_parse_ip("192.0.2.1", 4000, &local.addr), 0);
    sl_buffer_init(&out, 4096);
    sl_msrp_describe_build(&local, HEAD TLS, 0, &out);
    sl_buffer_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "m=message 4000 TCP/TLS/MSRP *\r\n"
                                                   "a=accept-types:message/cpim text/plain\r\n"
                                                   "a=path:msrps://192.0.2.1:4000/abc;tcp\r\n"
                                                   "a=max-size:1000\r\na=setup:passive\r\n"
                                                   "a=fingerprint:sha-256 A1:02:00:00:"));
    assert_int_equal(sl_msrp_describe_parse((const char *)out.data, &found, NULL), 0);
    assert_int_equal(found.fingerprint_count, 1);
    assert_memory_equal(&found.fingerprints[0], &fingerprint, sizeof(fingerprint));
    sl_buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_said),
        cmocka_unit_test(refuses_what_is_no_session),
        cmocka_unit_test(of_fingerprints_the_strongest_count),
        cmocka_unit_test(who_connects_may_be_said_of_the_session),
        cmocka_unit_test(says_what_the_statement_says),
        cmocka_unit_test(says_whose_certificate_it_will_show),
    };

    return cmocka_run_group_tests_name("msrp describe", tests, NULL, NULL);
}
