/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/digest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

/* RFC 7616 section 3.9.1, with each of its challenges. */
static void answers_as_the_rfc_does(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm, *response;
    } cases[] = {
        {"MD5", "8ca523f5e9506fed4657c9700eebdbec"},
        {"SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_digest_challenge challenge;
        const struct sl_digest_request request = {.username = "Mufasa",
                                                  .password = "Circle of Life",
                                                  .method = "GET",
                                                  .uri = "/dir/index.html",
                                                  .cnonce = CNONCE,
                                                  .nc = 1};
        char text[512], answer[SL_DIGEST_ANSWER_MAX];
        int len = snprintf(text, sizeof(text),
                           "Digest\r\n realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
                           "algorithm=%s,nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
                           "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
                           cases[i].algorithm);
        assert_int_equal(sl_digest_parse(text, (size_t)len, &challenge), 0);
        assert_true(sl_digest_answer(&challenge, &request, answer) > 0);
        assert_non_null(strstr(answer, cases[i].response));
        assert_non_null(strstr(answer, "qop=auth, nc=00000001"));
    }
}

/* RFC 2617's forerunner: without qop there are no counts. */
static void answers_old_challenges(void **state)
{
    (void)state;
    static const char text[] = "digest realm=\"a\", nonce=\"b\"";
    const struct sl_digest_request request = {"u", "p", "REGISTER", "sip:a", "c", 1};
    struct sl_digest_challenge challenge;
    char answer[SL_DIGEST_ANSWER_MAX];

    assert_int_equal(sl_digest_parse(text, sizeof(text) - 1, &challenge), 0);
    assert_true(sl_digest_answer(&challenge, &request, answer) > 0);
    assert_null(strstr(answer, "qop"));
    assert_null(strstr(answer, "nc="));
}

static void tells_what_it_cannot(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
    } cases[] = {
        {"Basic realm=\"a\"", -ENOTSUP},
        {"Digest realm=\"a\", nonce=\"b\", algorithm=SHA-3", -ENOTSUP},
        {"Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"", -ENOTSUP},
        {"Digest realm=\"a\"", -EBADMSG},
        {"Digest realm=\"a, nonce=\"b\"", -EBADMSG},
        {"Digest realm=\"a\", nonce=\"b", -EBADMSG},
        {"Digest realm=\"a\" nonce=\"b\"", -EBADMSG},
        {"Digest", -EBADMSG},
        {"", -ENOTSUP},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_digest_challenge challenge;
        int result = sl_digest_parse(cases[i].text, strlen(cases[i].text), &challenge);
        if (result != cases[i].result)
            fail_msg("%s: got %d", cases[i].text, result);
    }
}

static void lets_nothing_out_of_its_quotes(void **state)
{
    (void)state;
    static const char text[] = "Digest realm=\"a\", nonce=\"b\", qop=\"auth\"";
    const struct sl_digest_request request = {"u\", uri=\"x", "p", "REGISTER", "sip:a", "c", 1};
    struct sl_digest_challenge challenge;
    char answer[SL_DIGEST_ANSWER_MAX];

    assert_int_equal(sl_digest_parse(text, sizeof(text) - 1, &challenge), 0);
    assert_int_equal(sl_digest_answer(&challenge, &request, answer), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_rfc_does),
        cmocka_unit_test(answers_old_challenges),
        cmocka_unit_test(tells_what_it_cannot),
        cmocka_unit_test(lets_nothing_out_of_its_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
