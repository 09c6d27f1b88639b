/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN messages against RFC 5769's samples and against what must be refused. */
#include "webrtc/stun.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "../hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TID      "b7e7a701bc34d686fa87dfae"
#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

/* RFC 5769 section 2.1 */
static const char sample_request[] =
    "00010058 2112a442" TID "80220010 5354554e20746573 7420636c69656e74 00240004 6e0001ff"
    "80290008 932ff9b1 51263b36 00060009 6576746a3a68367659 202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf";
/* sections 2.2 and 2.3 */
static const char sample_v4[] = "0101003c 2112a442" TID "8022000b 7465737420766563746f72 20"
                                "00200008 0001a147 e112a643"
                                "00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
                                "80280004 c07d4c96";
static const char sample_v6[] = "01010048 2112a442" TID "8022000b 7465737420766563746f72 20"
                                "00200014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9"
                                "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"
                                "80280004 c8fb0b4c";

static const uint8_t tid[SL_STUN_TID_LEN] = {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
                                             0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

static void reads_the_sample_request_of_rfc_5769(void **state)
{
    (void)state;
    uint8_t buf[SL_STUN_MAX];
    size_t len = from_hex(sample_request, buf, sizeof(buf));
    struct sl_stun_view view;

    assert_int_equal(sl_stun_parse(buf, len, &view), 0);
    assert_int_equal(view.class, SL_STUN_REQUEST);
    assert_int_equal(view.method, SL_STUN_BINDING);
    assert_memory_equal(view.transaction_id, tid, sizeof(tid));
    assert_int_equal(view.username_len, 9);
    assert_memory_equal(view.username, "evtj:h6vY", 9);
    assert_int_equal(view.priority, 0x6e0001ff);
    assert_true(view.ice_controlled);
    assert_false(view.ice_controlling);
    assert_true(view.tie_breaker == UINT64_C(0x932ff9b151263b36));
    assert_false(view.use_candidate);
    assert_false(view.unknown_required);
    assert_true(sl_stun_verify(buf, len, &view, PASSWORD));
    assert_false(sl_stun_verify(buf, len, &view, "VOkJxbRl1RmTxUk/WvJxBu"));
    assert_false(sl_stun_verify(buf, len, &view, ""));
}

static void reads_the_sample_responses_of_rfc_5769(void **state)
{
    (void)state;
    static const struct {
        const char *message, *ip;
    } cases[] = {
        {sample_v4, "192.0.2.1"},
        {sample_v6, "2001:db8:1234:5678:11:2233:4455:6677"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint8_t buf[SL_STUN_MAX];
        size_t len = from_hex(cases[i].message, buf, sizeof(buf));
        struct sl_stun_view view;
        struct sl_addr expected;

        assert_int_equal(sl_addr_parse_ip(cases[i].ip, 32853, &expected), 0);
        assert_int_equal(sl_stun_parse(buf, len, &view), 0);
        assert_int_equal(view.class, SL_STUN_SUCCESS);
        assert_true(view.has_mapped);
        assert_true(sl_addr_equal(&view.mapped, &expected));
        assert_true(sl_stun_verify(buf, len, &view, PASSWORD));
    }
}

static void a_single_changed_bit_spoils_a_message(void **state)
{
    (void)state;
    uint8_t good[SL_STUN_MAX];
    size_t len = from_hex(sample_request, good, sizeof(good));

    for (size_t bit = 0; bit < (len - 8) * 8; bit++) { /* all but FINGERPRINT, which none covers */
        uint8_t buf[SL_STUN_MAX];
        struct sl_stun_view view;

        memcpy(buf, good, len);
        buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (sl_stun_parse(buf, len, &view) == 0 && sl_stun_verify(buf, len, &view, PASSWORD))
            fail_msg("bit %zu changed nothing", bit);
    }
}

#define HEADER(type, len) type len "2112a442" TID

static void refuses_what_is_not_a_whole_message(void **state)
{
    (void)state;
    static const struct {
        const char *why, *message;
    } cases[] = {
        {"empty", ""},
        {"half a header", "00010000 2112a442 b7e7a701"},
        {"first bits set", HEADER("4001", "0000")},
        {"wrong cookie", "00010000 2112a443" TID},
        {"length beyond the end", HEADER("0001", "0004")},
        {"length short of the end", HEADER("0001", "0000") "80220000"},
        {"length no multiple of four", HEADER("0001", "0005") "8022000161"},
        {"half an attribute header", HEADER("0001", "0002") "8022"},
        {"attribute beyond the end", HEADER("0001", "0008") "80220005 61616161"},
        {"padding beyond the end", HEADER("0001", "0007") "80220003 616161"},
        {"attribute of 65535 bytes", HEADER("0001", "0004") "8022ffff"},
        {"integrity too short", HEADER("0001", "0014") "00080010 00112233445566778899aabbccddeeff"},
        {"fingerprint wrong", HEADER("0001", "0008") "80280004 00000000"},
        {"fingerprint too long", HEADER("0001", "000c") "80280008 0000000000000000"},
        {"priority of two bytes", HEADER("0001", "0008") "00240002 00010000"},
        {"use-candidate with a value", HEADER("0001", "0008") "00250004 00000000"},
        {"tie-breaker of four bytes", HEADER("0001", "0008") "802a0004 00000000"},
        {"address of an unknown family", HEADER("0101", "000c") "00200008 0003a147e112a643"},
        {"IPv6 address of four bytes", HEADER("0101", "000c") "00200008 0002a147e112a643"},
        {"error code 200", HEADER("0111", "0008") "00090004 00000200"},
        {"error code 4 hundred and 100", HEADER("0111", "0008") "00090004 00000464"},
        {"error code of two bytes", HEADER("0111", "0008") "00090002 00000000"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint8_t buf[SL_STUN_MAX];
        size_t len = from_hex(cases[i].message, buf, sizeof(buf));
        struct sl_stun_view view = {.priority = 77};

        int err = sl_stun_parse(buf, len, &view);
        if (err != -EBADMSG || view.priority != 77)
            fail_msg("%s: got %d", cases[i].why, err);
    }
}

static void refuses_a_message_that_is_too_long(void **state)
{
    (void)state;
    uint8_t buf[SL_STUN_MAX + 4] = {0};
    struct sl_stun_view view;

    from_hex(HEADER("0001", "04f0") "802204e8", buf, sizeof(buf));
    sl_store_u16(buf + 2, SL_STUN_MAX - SL_STUN_HEADER_LEN);
    sl_store_u16(buf + 22, SL_STUN_MAX - SL_STUN_HEADER_LEN - 4);
    assert_int_equal(sl_stun_parse(buf, SL_STUN_MAX, &view), 0);
    sl_store_u16(buf + 2, SL_STUN_MAX - SL_STUN_HEADER_LEN + 4);
    sl_store_u16(buf + 22, SL_STUN_MAX - SL_STUN_HEADER_LEN);
    assert_int_equal(sl_stun_parse(buf, SL_STUN_MAX + 4, &view), -EBADMSG);
}

static void a_username_may_have_513_bytes_and_no_more(void **state)
{
    (void)state;
    for (size_t username_len = 513; username_len <= 514; username_len++) {
        uint8_t buf[SL_STUN_MAX] = {0};
        size_t padded = (username_len + 3) & ~(size_t)3;
        struct sl_stun_view view;

        from_hex(HEADER("0001", "0000") "0006", buf, sizeof(buf));
        sl_store_u16(buf + 2, (uint16_t)(padded + 4));
        sl_store_u16(buf + 22, (uint16_t)username_len);
        assert_int_equal(sl_stun_parse(buf, 24 + padded, &view),
                         username_len == 513 ? 0 : -EBADMSG);
    }
}

static void ignores_what_follows_the_integrity(void **state)
{
    (void)state;
    uint8_t buf[SL_STUN_MAX];
    size_t len = from_hex(HEADER("0001", "0024") "00080014 0000000000000000000000000000000000000000"
                                                 "00250000 7fff0000 00060000",
                          buf, sizeof(buf));
    struct sl_stun_view view;

    assert_int_equal(sl_stun_parse(buf, len, &view), 0);
    assert_int_equal(view.integrity_at, 20);
    assert_false(view.use_candidate);
    assert_false(view.unknown_required);
    assert_null(view.username);
}

static void of_equal_attributes_the_first_counts(void **state)
{
    (void)state;
    uint8_t buf[SL_STUN_MAX];
    size_t len = from_hex(HEADER("0001", "0020") "00060001 61000000 00060001 62000000"
                                                 "00240004 00000001 00240004 00000002",
                          buf, sizeof(buf));
    struct sl_stun_view view;

    assert_int_equal(sl_stun_parse(buf, len, &view), 0);
    assert_memory_equal(view.username, "a", 1);
    assert_int_equal(view.priority, 1);
}

static void tells_unknown_attributes_that_matter_from_those_that_do_not(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool required;
    } cases[] = {
        {HEADER("0001", "0004") "c0570000", false},        /* GOOG-NETWORK-INFO */
        {HEADER("0001", "0008") "0003000400000000", true}, /* CHANGE-REQUEST */
        {HEADER("0001", "0004") "7fff0000", true},
        {HEADER("0001", "0008") "0014000161000000", false}, /* REALM: known, unused */
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint8_t buf[SL_STUN_MAX];
        size_t len = from_hex(cases[i].message, buf, sizeof(buf));
        struct sl_stun_view view;

        assert_int_equal(sl_stun_parse(buf, len, &view), 0);
        assert_int_equal(view.unknown_required, cases[i].required);
    }
}

static void a_built_request_reads_back(void **state)
{
    (void)state;
    for (int controlling = 0; controlling <= 1; controlling++) {
        struct sl_stun_request request = {
            .transaction_id = tid,
            .username = "remote:local",
            .password = "some password of the remote",
            .priority = 0x7effffff,
            .controlling = controlling,
            .tie_breaker = UINT64_C(0x0123456789abcdef),
            .use_candidate = controlling,
        };
        uint8_t buf[SL_STUN_MAX];
        struct sl_stun_view view;
        size_t len = sl_stun_build_request(&request, buf);

        assert_true(sl_stun_is(buf, len));
        assert_int_equal(sl_stun_parse(buf, len, &view), 0);
        assert_int_equal(view.class, SL_STUN_REQUEST);
        assert_int_equal(view.method, SL_STUN_BINDING);
        assert_memory_equal(view.transaction_id, tid, sizeof(tid));
        assert_int_equal(view.username_len, strlen(request.username));
        assert_memory_equal(view.username, request.username, view.username_len);
        assert_int_equal(view.priority, request.priority);
        assert_int_equal(view.ice_controlling, controlling);
        assert_int_equal(view.ice_controlled, !controlling);
        assert_true(view.tie_breaker == request.tie_breaker);
        assert_int_equal(view.use_candidate, controlling);
        assert_true(sl_stun_verify(buf, len, &view, request.password));
        assert_int_equal(sl_load_u16(buf + len - 8), 0x8028); /* ends with FINGERPRINT */
    }
}

static void built_answers_read_back(void **state)
{
    (void)state;
    static const char *const ips[] = {"203.0.113.9", "2001:db8::7"};
    uint8_t buf[SL_STUN_MAX];
    struct sl_stun_view view;

    for (size_t i = 0; i < SL_ARRAY_LEN(ips); i++) {
        struct sl_addr addr;

        assert_int_equal(sl_addr_parse_ip(ips[i], 50000, &addr), 0);
        size_t len = sl_stun_build_success(tid, &addr, "password", buf);
        assert_int_equal(sl_stun_parse(buf, len, &view), 0);
        assert_int_equal(view.class, SL_STUN_SUCCESS);
        assert_true(view.has_mapped && sl_addr_equal(&view.mapped, &addr));
        assert_true(sl_stun_verify(buf, len, &view, "password"));
    }
    for (int code = 400; code <= 487; code++) {
        size_t len = sl_stun_build_error(tid, code, code == 400 ? NULL : "password", buf);
        assert_int_equal(sl_stun_parse(buf, len, &view), 0);
        assert_int_equal(view.class, SL_STUN_ERROR);
        assert_int_equal(view.error_code, code);
        assert_int_equal(sl_stun_verify(buf, len, &view, "password"), code != 400);
    }
}

static void a_password_may_be_longer_than_a_hash_block(void **state)
{
    (void)state;
    char password[257];
    struct sl_stun_request request = {
        .transaction_id = tid, .username = "a:b", .password = password};
    uint8_t buf[SL_STUN_MAX];
    struct sl_stun_view view;

    memset(password, 'x', 256);
    password[256] = '\0';
    size_t len = sl_stun_build_request(&request, buf);
    assert_int_equal(sl_stun_parse(buf, len, &view), 0);
    assert_true(sl_stun_verify(buf, len, &view, password));
    password[255] = '\0';
    assert_false(sl_stun_verify(buf, len, &view, password));
}

static void a_username_that_does_not_fit_builds_nothing(void **state)
{
    (void)state;
    char username[600];
    struct sl_stun_request request = {.transaction_id = tid, .username = username, .password = "p"};
    uint8_t buf[SL_STUN_MAX];

    memset(username, 'u', 599);
    username[599] = '\0';
    assert_int_equal(sl_stun_build_request(&request, buf), 0);
    username[513] = '\0';
    assert_int_not_equal(sl_stun_build_request(&request, buf), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_sample_request_of_rfc_5769),
        cmocka_unit_test(reads_the_sample_responses_of_rfc_5769),
        cmocka_unit_test(a_single_changed_bit_spoils_a_message),
        cmocka_unit_test(refuses_what_is_not_a_whole_message),
        cmocka_unit_test(refuses_a_message_that_is_too_long),
        cmocka_unit_test(a_username_may_have_513_bytes_and_no_more),
        cmocka_unit_test(ignores_what_follows_the_integrity),
        cmocka_unit_test(of_equal_attributes_the_first_counts),
        cmocka_unit_test(tells_unknown_attributes_that_matter_from_those_that_do_not),
        cmocka_unit_test(a_built_request_reads_back),
        cmocka_unit_test(built_answers_read_back),
        cmocka_unit_test(a_password_may_be_longer_than_a_hash_block),
        cmocka_unit_test(a_username_that_does_not_fit_builds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
