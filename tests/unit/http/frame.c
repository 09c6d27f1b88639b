/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket frames, message assembly and UTF-8, without any socket. */
#include "base/mem.h"
#include "http/ws_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void parses_the_examples_of_RFC_6455_section_5_7(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, header_len;
        struct sl_ws_header header;
    } cases[] = {
        {"\x81\x05Hello", 7, 2, {.fin = true, .opcode = SL_WS_TEXT, .len = 5}},
        {"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
         11,
         6,
         {.fin = true,
          .masked = true,
          .opcode = SL_WS_TEXT,
          .mask = {0x37, 0xfa, 0x21, 0x3d},
          .len = 5}},
        {"\x01\x03Hel", 5, 2, {.opcode = SL_WS_TEXT, .len = 3}},
        {"\x80\x02lo", 4, 2, {.fin = true, .opcode = SL_WS_CONTINUATION, .len = 2}},
        {"\x89\x05Hello", 7, 2, {.fin = true, .opcode = SL_WS_PING, .len = 5}},
        {"\x82\x7e\x01\x00", 4, 4, {.fin = true, .opcode = SL_WS_BINARY, .len = 256}},
        {"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
         10,
         10,
         {.fin = true, .opcode = SL_WS_BINARY, .len = 65536}},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_ws_header header = {0};
        const uint8_t *bytes = (const uint8_t *)cases[i].bytes;
        for (size_t len = 0; len < cases[i].header_len; len++) {
            if (sl_ws_parse_header(bytes, len, &header) != 0)
                fail_msg("case %zu: not whole with %zu bytes", i, len);
        }
        int len = sl_ws_parse_header(bytes, cases[i].len, &header);
        assert_int_equal(len, cases[i].header_len);
        assert_int_equal(header.fin, cases[i].header.fin);
        assert_int_equal(header.masked, cases[i].header.masked);
        assert_int_equal(header.opcode, cases[i].header.opcode);
        assert_int_equal(header.len, cases[i].header.len);
        assert_memory_equal(header.mask, cases[i].header.mask, 4);
    }
}

static void builds_what_it_parses(void **state)
{
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 1 << 20};
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t out[SL_WS_HEADER_MAX];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(lengths) * 2; i++) {
        struct sl_ws_header header;
        const uint8_t *with = i % 2 ? mask : NULL;
        size_t len = sl_ws_build_header(out, SL_WS_BINARY, lengths[i / 2], with);
        assert_int_equal(sl_ws_parse_header(out, len, &header), len);
        assert_int_equal(header.len, lengths[i / 2]);
        assert_int_equal(header.masked, with != NULL);
    }
}

static void masks_from_any_offset(void **state)
{
    static const uint8_t mask[4] = {0x11, 0x22, 0x33, 0x44};
    uint8_t whole[67] = {0}, pieces[67] = {0};

    (void)state;
    sl_ws_mask(whole, sizeof(whole), mask, 0);
    for (size_t first = 0; first < sizeof(whole); first++) {
        memset(pieces, 0, sizeof(pieces));
        sl_ws_mask(pieces, first, mask, 0);
        sl_ws_mask(pieces + first, sizeof(pieces) - first, mask, first);
        assert_memory_equal(whole, pieces, sizeof(whole));
    }
    assert_int_equal(whole[66], mask[66 % 4]);
}

static void computes_the_accept_key_of_RFC_6455_section_1_3(void **state)
{
    char out[SL_WS_ACCEPT_LEN + 1];

    (void)state;
    sl_ws_accept("dGhlIHNhbXBsZSBub25jZQ==", out);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void knows_UTF_8(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain ASCII that is longer than eight", true},
        {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", true},
        {"12345678\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},  /* U+10FFFF */
        {"\xf4\x90\x80\x80", false}, /* beyond */
        {"\xed\x9f\xbf", true},
        {"\xed\xa0\x80", false}, /* surrogate */
        {"\xee\x80\x80", true},
        {"\xc0\x80", false}, /* overlong */
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\x80", false},
        {"\xff", false},
        {"\xc3", false}, /* ends early */
        {"\xe1\xbd", false},
        {"1234567\xc3", false},
        {"12345678901\xc3\x28", false},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t len = strlen(cases[i].text);
        if (sl_utf8_valid(cases[i].text, len) != cases[i].valid)
            fail_msg("case %zu", i);
        struct sl_utf8 bytewise = {0};
        bool valid = true;
        for (size_t k = 0; k < len && valid; k++)
            valid = sl_utf8_feed(&bytewise, (const uint8_t *)cases[i].text + k, 1);
        if ((valid && bytewise.need == 0) != cases[i].valid)
            fail_msg("case %zu, byte by byte", i);
    }
}

/* ---- The reader ---- */

static char log_text[512];
static bool go_on;

static bool on_message(void *owner, enum sl_ws_opcode opcode, const uint8_t *payload, size_t len)
{
    size_t used = strlen(log_text);

    (void)owner;
    assert_int_equal(payload[len], 0);
    (void)snprintf(log_text + used, sizeof(log_text) - used, "[%x %.20s]", opcode,
                   (const char *)payload);
    return go_on;
}

static int feed(struct sl_ws_reader *reader, const char *bytes, size_t len)
{
    uint8_t copy[512];
    const char *why = NULL;
    size_t used;

    memcpy(copy, bytes, len);
    int code = sl_ws_reader_feed(reader, copy, len, on_message, NULL, &used, &why);
    assert_int_equal(code == 0, why == NULL);
    assert_true(code != 0 || used == len);
    return code;
}

static void gives_the_same_messages_however_the_bytes_are_cut(void **state)
{
    static const char bytes[] = "\x81\x02hi"
                                "\x01\x01"
                                "a\x89\x01p\x00\x00\x80\x02"
                                "bc\x82\x00\x8a\x00\x88\x02\x03\xe8";
    static const char messages[] = "[1 hi][9 p][1 abc][2 ][a ][8 \x03\xe8]";
    size_t len = sizeof(bytes) - 1;

    (void)state;
    go_on = true;
    for (size_t first = 0; first <= len; first++) {
        struct sl_ws_reader reader;
        sl_ws_reader_init(&reader, false, 1000);
        log_text[0] = '\0';
        assert_int_equal(feed(&reader, bytes, first), 0);
        assert_int_equal(feed(&reader, bytes + first, len - first), 0);
        assert_string_equal(log_text, messages);
        sl_ws_reader_deinit(&reader);
    }
}

static void stops_when_told_to(void **state)
{
    struct sl_ws_reader reader;

    (void)state;
    go_on = false;
    log_text[0] = '\0';
    sl_ws_reader_init(&reader, false, 1000);
    uint8_t bytes[] = "\x81\x01"
                      "a\x81\x01"
                      "b";
    const char *why;
    size_t used;
    assert_int_equal(sl_ws_reader_feed(&reader, bytes, 6, on_message, NULL, &used, &why), 0);
    assert_string_equal(log_text, "[1 a]");
    assert_int_equal(used, 3);
    /* The rest may be fed later. */
    assert_int_equal(sl_ws_reader_feed(&reader, bytes + 3, 3, on_message, NULL, &used, &why), 0);
    assert_string_equal(log_text, "[1 a][1 b]");
    assert_int_equal(used, 3);
    sl_ws_reader_deinit(&reader);
}

static void holds_memory_only_for_what_came(void **state)
{
    struct sl_ws_reader reader;

    (void)state;
    go_on = true;
    log_text[0] = '\0';
    sl_ws_reader_init(&reader, false, 1 << 20);
    /* 1 MiB announced, 10 bytes sent. */
    assert_int_equal(feed(&reader, "\x82\x7f\0\0\0\0\0\x10\0\0", 10), 0);
    assert_int_equal(feed(&reader, "0123456789", 10), 0);
    assert_in_range(reader.message_room, 10, 4096);
    sl_ws_reader_deinit(&reader);
    /* Whole in the input: none at all. */
    sl_ws_reader_init(&reader, false, 1 << 20);
    assert_int_equal(feed(&reader, "\x81\x02hi", 4), 0);
    assert_null(reader.message);
    sl_ws_reader_deinit(&reader);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_the_examples_of_RFC_6455_section_5_7),
        cmocka_unit_test(builds_what_it_parses),
        cmocka_unit_test(masks_from_any_offset),
        cmocka_unit_test(computes_the_accept_key_of_RFC_6455_section_1_3),
        cmocka_unit_test(knows_UTF_8),
        cmocka_unit_test(gives_the_same_messages_however_the_bytes_are_cut),
        cmocka_unit_test(stops_when_told_to),
        cmocka_unit_test(holds_memory_only_for_what_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
