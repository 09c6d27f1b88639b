/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sip/uri.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* SIP-21 */
static void makes_uris_of_what_is_called(void **state)
{
    (void)state;
    static const struct {
        const char *callee, *uri; /* NULL: refused, */
        int result;               /* ... with this */
    } cases[] = {
        {"1001", "sip:1001@example.com", 0},
        {"sip:x@h;p=1", "sip:x@h;p=1", 0},
        {"tel:+1-201-555", "sip:+1201555@example.com;user=phone", 0},
        {"+1 (201) 555", "sip:+1201555@example.com", 0},
        {"bob@there.example", "sip:bob@there.example", 0},
        {"#31#100", "sip:%2331%23100@example.com", 0},
        {"anna-maria", "sip:anna-maria@example.com", 0},
        {"a b", "sip:a%20b@example.com", 0},
        {"\xd0\xba", "sip:%D0%BA@example.com", 0},
        {"", NULL, -ENODATA},
        {"sips:x@h:5061", "sips:x@h:5061", 0},
        {"tel:none", NULL, -EINVAL},
        {"1001\r\nX: y", NULL, -EINVAL},
        {"sip:a@h>;x", NULL, -EINVAL},
        {"a b@h", NULL, -EINVAL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char uri[SL_SIP_URI_MAX];
        int result = sl_sip_uri_of_callee(cases[i].callee, "example.com", uri);
        if (result != cases[i].result)
            fail_msg("%s: got %d", cases[i].callee, result);
        if (result == 0)
            assert_string_equal(uri, cases[i].uri);
    }
}

/* SIP-22 */
static void adds_parameters(void **state)
{
    (void)state;
    char uri[SL_SIP_URI_MAX] = "sip:1001@example.com";

    assert_int_equal(sl_sip_uri_add_param(uri, "param1", "value1"), 0);
    assert_int_equal(sl_sip_uri_add_param(uri, "lr", ""), 0);
    assert_int_equal(sl_sip_uri_add_param(uri, "a", "b;c\r\n>"), 0);
    assert_string_equal(uri, "sip:1001@example.com;param1=value1;lr;a=b%3Bc%0D%0A%3E");
}

/* RFC 3261 section 19.1.1 */
static void adds_headers(void **state)
{
    (void)state;
    char uri[SL_SIP_URI_MAX] = "sip:1001@example.com;lr", full[SL_SIP_URI_MAX];

    assert_int_equal(sl_sip_uri_add_header(uri, "Replaces", "a/b@[::1]?c;to-tag=1\r\n&x"), 0);
    assert_string_equal(uri, "sip:1001@example.com;lr?Replaces="
                             "a%2Fb%40%5B%3A%3A1%5D%3Fc%3Bto-tag%3D1%0D%0A%26x");
    memset(full, 'x', sizeof(full) - 12);
    full[sizeof(full) - 12] = '\0';
    assert_int_equal(sl_sip_uri_add_header(full, "Replaces", "1"), -ENOBUFS);
}

static void finds_users(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *user;
    } cases[] = {
        {"sip:a%20b@h", "a b"}, {"sip:u:secret@h", "u"}, {"sip:h", ""}, {"", ""},
        {"sip:%4@h", "%4"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char user[SL_SIP_NAME_MAX];
        assert_string_equal(sl_sip_uri_user(cases[i].uri, strlen(cases[i].uri), user),
                            cases[i].user);
    }
}

/* SIP-2 */
static void keeps_names_in_their_quotes(void **state)
{
    (void)state;
    char name[SL_SIP_NAME_MAX];

    assert_string_equal(sl_sip_quote_name("a \"b\" \\ c\r\nd", name), "a \\\"b\\\" \\\\ cd");
}

/* SIP-3 */
static void takes_contact_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *text, *params; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {"0", ""},
        {"+g.oma.sip-im;x=\"y\"", ";+g.oma.sip-im;x=\"y\""},
        {";q=0.5", ";q=0.5"},
        {"x=\"a>b\"", ";x=\"a>b\""},
        {"x=\"a", NULL},
        {"a b", NULL},
        {"a,b", NULL},
        {"a=", NULL},
        {"a>\r\nB: c", NULL},
        {";", NULL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char params[SL_SIP_NAME_MAX];
        int result = sl_sip_contact_params(cases[i].text, params);
        if (result != (cases[i].params ? 0 : -EINVAL))
            fail_msg("%s: got %d", cases[i].text, result);
        if (result == 0)
            assert_string_equal(params, cases[i].params);
    }
}

static void reads_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host; /* NULL: refused */
        unsigned port;
        enum sl_sip_transport transport;
    } cases[] = {
        {"pbx.example", "pbx.example", 0, SL_SIP_UDP},
        {"10.0.0.1:5070", "10.0.0.1", 5070, SL_SIP_UDP},
        {"pbx:1;transport=tcp", "pbx", 1, SL_SIP_TCP},
        {"::1", "::1", 0, SL_SIP_UDP},
        {"[::1]:5060", "[::1]", 5060, SL_SIP_UDP},
        {"pbx:", NULL, 0, SL_SIP_UDP},
        {"pbx:65536", NULL, 0, SL_SIP_UDP},
        {"pbx;transport=TLS", "pbx", 0, SL_SIP_TLS},
        {"pbx;transport=sctp", NULL, 0, SL_SIP_UDP},
        {"pbx;user=phone", NULL, 0, SL_SIP_UDP},
        {"p b", NULL, 0, SL_SIP_UDP},
        {"a@b", NULL, 0, SL_SIP_UDP},
        {"", NULL, 0, SL_SIP_UDP},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sl_sip_host host;
        int result = sl_sip_host_parse(cases[i].text, &host);
        if ((result == 0) != (cases[i].host != NULL))
            fail_msg("%s: got %d", cases[i].text, result);
        if (result < 0)
            continue;
        assert_string_equal(host.host, cases[i].host);
        assert_int_equal(host.port, cases[i].port);
        assert_int_equal(host.transport, cases[i].transport);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_uris_of_what_is_called),
        cmocka_unit_test(adds_parameters),
        cmocka_unit_test(adds_headers),
        cmocka_unit_test(finds_users),
        cmocka_unit_test(keeps_names_in_their_quotes),
        cmocka_unit_test(takes_contact_parameters),
        cmocka_unit_test(reads_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
