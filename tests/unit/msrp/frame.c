/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "msrp/frame.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATHS "To-Path: msrp://b:1/s2;tcp\r\nFrom-Path: msrp://a:2/s1;tcp\r\n"

static void is(struct sl_text_part found, const char *text)
{
    assert_int_equal(found.len, strlen(text));
    assert_memory_equal(found.at, text, found.len);
}

/* What was read, in letters: H head, the body as it is, then the flag of the end. */
struct seen {
    struct sl_msrp_reader reader;
    char text[512];
    size_t len;
};

static void note(struct seen *seen, const void *bytes, size_t len)
{
    assert_true(seen->len + len < sizeof(seen->text));
    memcpy(seen->text + seen->len, bytes, len);
    seen->len += len;
    seen->text[seen->len] = '\0';
}

/* As it comes: step bytes at a time. */
static int feed(struct seen *seen, const char *text, size_t len, size_t step)
{
    for (size_t at = 0; at < len; at += step) {
        size_t piece = len - at < step ? len - at : step, begin = 0, used;
        struct sl_msrp_event event;
        do {
            int err = sl_msrp_read(&seen->reader, (const uint8_t *)text + at + begin, piece - begin,
                                   &used, &event);
            if (err < 0)
                return err;
            begin += used;
            if (event.kind == SL_MSRP_HEAD)
                note(seen, "H", 1);
            else if (event.kind == SL_MSRP_DATA)
                note(seen, event.data, event.len);
            else if (event.kind == SL_MSRP_END)
                note(seen, &(char){(char)event.flag}, 1);
        } while (event.kind != SL_MSRP_NOTHING);
        assert_int_equal(begin, piece);
    }
    return 0;
}

/* RFC 4975 section 4, with what goes wrong when an end line is looked for too lazily. */
static void bodies_come_whole_however_they_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text, *seen;
    } cases[] = {
        {"MSRP a786hjs2 SEND\r\n" PATHS "Message-ID: 87652491\r\nByte-Range: 1-25/25\r\n"
         "Content-Type: text/plain\r\n\r\nHey Bob, are you there?\r\n-------a786hjs2$\r\n",
         "HHey Bob, are you there?$"},
        {"MSRP a786hjs2 SEND\r\n" PATHS "Message-ID: 1\r\n-------a786hjs2$\r\n", "H$"},
        {"MSRP a786hjs2 200 OK\r\n" PATHS "-------a786hjs2$\r\n", "H$"},
        {"\r\n\r\nMSRP a786 REPORT\r\n" PATHS "-------a786#\r\n", "H#"},
        {"MSRP abcd SEND\r\n" PATHS "Content-Type: a/b\r\n\r\n\r\n-------abcd+\r\n", "H+"},
        {"MSRP abcd SEND\r\n" PATHS "\r\n\r\r\n-------abc\r\n-------abcd\r\n-------abcd!\r\n"
         "-------abcd$\r\r\n-------abcd$x\r\n\r\n-------abcd$\r\n",
         "H\r\r\n-------abc\r\n-------abcd\r\n-------abcd!\r\n-------abcd$\r\r\n-------abcd$"
         "x\r\n$"},
        {"MSRP abcd SEND\r\n" PATHS "\r\n-------abcd$\r\n\r\n-------abcd$\r\n"
         "MSRP efgh SEND\r\n" PATHS "\r\nxy\r\n-------efgh+\r\n",
         "H-------abcd$\r\n$Hxy+"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step <= strlen(cases[i].text); step++) {
            struct seen seen = {.len = 0};
            if (feed(&seen, cases[i].text, strlen(cases[i].text), step) < 0 ||
                strcmp(seen.text, cases[i].seen) != 0)
                fail_msg("case %zu, %zu at a time: %s", i, step, seen.text);
        }
    }
}

static void a_head_says_what_it_is(void **state)
{
    (void)state;
    static const char text[] = "MSRP abcd.-+%=1 SEND\r\nto-path:msrp://r;tcp msrp://b:1/s2;tcp\r\n"
                               "FROM-PATH:  msrp://a:2/s1;tcp \r\nMessage-ID: m1\r\n"
                               "Byte-Range: 2049-*/9000\r\nSuccess-Report: yes\r\n"
                               "Failure-Report: partial\r\nX-Other: :\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    static const char report[] = "MSRP abcd REPORT\r\n" PATHS "Message-ID: m1\r\n"
                                 "Status: 000 413 Too Large\r\nByte-Range: 1-9/9\r\n"
                                 "-------abcd$\r\n";
    static const char response[] = "MSRP abcd 481\r\n" PATHS "-------abcd$\r\n";
    struct seen seen = {.len = 0};
    const struct sl_msrp_head *head = &seen.reader.head;

    assert_int_equal(feed(&seen, text, strlen(text), 7), 0);
    assert_int_equal(head->method, SL_MSRP_SEND);
    is(head->transaction, "abcd.-+%=1");
    is(head->to_path, "msrp://r;tcp msrp://b:1/s2;tcp");
    is(head->from_path, "msrp://a:2/s1;tcp");
    is(head->message_id, "m1");
    is(head->type, "text/plain; charset=utf-8");
    assert_int_equal(head->range.from, 2049);
    assert_int_equal(head->range.to, -1);
    assert_int_equal(head->range.total, 9000);
    assert_true(head->success_report && head->has_body);
    assert_int_equal(head->failure_report, SL_MSRP_PARTIAL);

    seen = (struct seen){.len = 0};
    assert_int_equal(feed(&seen, report, strlen(report), 3), 0);
    assert_int_equal(head->method, SL_MSRP_REPORT);
    assert_int_equal(head->status, 413);
    assert_false(head->has_body);

    seen = (struct seen){.len = 0};
    assert_int_equal(feed(&seen, response, strlen(response), 99), 0);
    assert_int_equal(head->method, SL_MSRP_RESPONSE);
    assert_int_equal(head->code, 481);
    assert_int_equal(head->range.from, 1);
    assert_int_equal(head->range.total, -1);
    assert_int_equal(head->failure_report, SL_MSRP_YES);
}

static void refuses_what_is_not_msrp(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "GET / HTTP/1.1\r\n",
        "MSRP abc SEND\r\n",
        "MSRP abcd\r\n",
        "MSRP -bcd SEND\r\n",
        "MSRP ab/d SEND\r\n",
        "MSRP aaaabbbbccccddddeeeeffffgggghhhhi SEND\r\n",
        "MSRP abcd 20\r\n",
        "MSRP abcd 2000 OK\r\n",
        "MSRP abcd SEND\n",
        "\n",
        "MSRP abcd SEND\r\nno colon\r\n",
        "MSRP abcd SEND\r\n: x\r\n",
        "MSRP abcd SEND\r\nTo-Path:\r\n",
        "MSRP abcd SEND\r\nTo-Path: a\r\nTo-Path: b\r\n",
        "MSRP abcd SEND\r\nTo-Path: a\r\n\r\n",
        "MSRP abcd SEND\r\nFrom-Path: a\r\n-------abcd$\r\n",
        "MSRP abcd 200 OK\r\n" PATHS "\r\n",
        "MSRP abcd SEND\r\nByte-Range: 0-1/1\r\n",
        "MSRP abcd SEND\r\nByte-Range: *-1/1\r\n",
        "MSRP abcd SEND\r\nByte-Range: 5-3/9\r\n",
        "MSRP abcd SEND\r\nByte-Range: 1-5/4\r\n",
        "MSRP abcd SEND\r\nByte-Range: 9-*/4\r\n",
        "MSRP abcd SEND\r\nByte-Range: 1-1/1x\r\n",
        "MSRP abcd SEND\r\nByte-Range: 1-1\r\n",
        "MSRP abcd SEND\r\nByte-Range: 1-9999999999999999/*\r\n",
        "MSRP abcd SEND\r\nX: a\rb\r\n",
    };
    char lengthy[SL_MSRP_HEAD_MAX + 64];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct seen seen = {.len = 0};
        int err = feed(&seen, cases[i], strlen(cases[i]), 5);
        if (err != -EBADMSG)
            fail_msg("%s: got %d", cases[i], err);
    }
    struct seen seen = {.len = 0};
    assert_int_equal(feed(&seen, "MSRP abcd SEND\r\nX: \0\r\n", 22, 22), -EBADMSG);
    int len = snprintf(lengthy, sizeof(lengthy), "MSRP abcd SEND\r\nX: ");
    memset(lengthy + len, 'x', sizeof(lengthy) - (size_t)len);
    seen = (struct seen){.len = 0};
    assert_int_equal(feed(&seen, lengthy, sizeof(lengthy), 100), -EBADMSG);
}

static struct sl_text_part part(const char *text)
{
    return (struct sl_text_part){text, strlen(text)};
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct sl_msrp_request request = {.transaction = "abcd.0",
                                      .to_path = part("msrp://b:1/s2;tcp"),
                                      .from_path = part("msrp://a:2/s1;tcp"),
                                      .message_id = part("m1"),
                                      .range = {3, 7, -1},
                                      .type = "text/plain",
                                      .body = "a\r\n-b",
                                      .len = 5,
                                      .flag = SL_MSRP_MORE};
    struct seen seen = {.len = 0};
    const struct sl_msrp_head *head = &seen.reader.head;
    struct sl_buffer out;

    sl_buffer_init(&out, 4096);
    sl_msrp_write(&request, &out);
    request = (struct sl_msrp_request){.transaction = "efgh",
                                       .to_path = part("msrp://r;tcp msrp://b:1/s2;tcp"),
                                       .from_path = part("msrp://a:2/s1;tcp"),
                                       .message_id = part("m2"),
                                       .range = {1, 5, 5},
                                       .status = 200,
                                       .flag = SL_MSRP_LAST};
    sl_msrp_write(&request, &out);
    assert_int_equal(feed(&seen, (const char *)out.data, out.len, out.len), 0);
    assert_string_equal(seen.text, "Ha\r\n-b+H$");
    assert_int_equal(head->method, SL_MSRP_REPORT);
    assert_int_equal(head->status, 200);
    assert_int_equal(head->range.to, 5);
    is(head->message_id, "m2");

    sl_buffer_clear(&out);
    sl_msrp_write_response(head, 415, &out);
    struct seen answer = {.len = 0};
    assert_int_equal(feed(&answer, (const char *)out.data, out.len, out.len), 0);
    assert_int_equal(answer.reader.head.code, 415);
    is(answer.reader.head.transaction, "efgh");
    is(answer.reader.head.to_path, "msrp://a:2/s1;tcp");
    is(answer.reader.head.from_path, "msrp://r;tcp");
    sl_buffer_deinit(&out);
    assert_true(sl_msrp_has_end("x-------abcy", 12, "abc"));
    assert_false(sl_msrp_has_end("x------abc", 10, "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_come_whole_however_they_are_cut),
        cmocka_unit_test(a_head_says_what_it_is),
        cmocka_unit_test(refuses_what_is_not_msrp),
        cmocka_unit_test(what_is_written_is_read),
    };

    return cmocka_run_group_tests_name("msrp frame", tests, NULL, NULL);
}
