/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTSP messages: RFC 2326's own, and what is none. */
#include "rtsp/message.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SETUP                                                                                      \
    "SETUP rtsp://example.com/foo/bar/baz.rm RTSP/1.0\r\n"                                         \
    "CSeq: 302\r\n"                                                                                \
    "Transport: RTP/AVP;unicast;client_port=4588-4589\r\n\r\n"

static int parse(const char *text, size_t len, struct sl_rtsp_message **out, size_t *used)
{
    return sl_rtsp_message_parse((const uint8_t *)text, len, out, used);
}

static void reads_a_request(void **state)
{
    (void)state;
    static const char text[] = "\r\n\r\n" SETUP "PLAY";
    struct sl_rtsp_message *message;
    size_t used;

    assert_int_equal(parse(text, sizeof(text) - 1, &message, &used), 0);
    assert_int_equal(used, 4 + sizeof(SETUP) - 1);
    assert_string_equal(message->method, "SETUP");
    assert_string_equal(message->url, "rtsp://example.com/foo/bar/baz.rm");
    assert_int_equal(sl_rtsp_message_cseq(message), 302);
    assert_string_equal(sl_rtsp_message_find(message, "transport"),
                        "RTP/AVP;unicast;client_port=4588-4589");
    assert_null(sl_rtsp_message_find(message, "Session"));
    assert_int_equal(message->body_len, 0);
    sl_rtsp_message_free(message);
}

static void reads_a_response_with_a_body(void **state)
{
    (void)state;
    static const char text[] = "RTSP/1.0 200 OK\nCSeq: 1\nContent-Length:  3 \n\nv=0and more";
    struct sl_rtsp_message *message;
    size_t used;

    assert_int_equal(parse(text, sizeof(text) - 1, &message, &used), 0);
    assert_int_equal(used, sizeof(text) - 1 - strlen("and more"));
    assert_null(message->method);
    assert_int_equal(message->status, 200);
    assert_string_equal(message->reason, "OK");
    assert_int_equal(message->body_len, 3);
    assert_memory_equal(message->body, "v=0", 3);
    sl_rtsp_message_free(message);
}

static void waits_for_what_is_not_whole(void **state)
{
    (void)state;
    static const char text[] = "ANNOUNCE * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nbody";
    struct sl_rtsp_message *message;
    size_t used;

    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(parse(text, len, &message, &used), -EAGAIN);
    assert_int_equal(parse(text, sizeof(text) - 1, &message, &used), 0);
    sl_rtsp_message_free(message);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    static const struct {
        const char *why, *text;
        int err;
    } cases[] = {
        {"no version", "PLAY rtsp://h/n\r\n\r\n", -EBADMSG},
        {"another protocol", "GET / HTTP/1.1\r\n\r\n", -EBADMSG},
        {"another version", "PLAY rtsp://h/n RTSP/2.0\r\n\r\n", -EPROTONOSUPPORT},
        {"no colon", "PLAY rtsp://h/n RTSP/1.0\r\nCSeq 1\r\n\r\n", -EBADMSG},
        {"a folded line", "PLAY rtsp://h/n RTSP/1.0\r\nA: b\r\n c\r\n\r\n", -EBADMSG},
        {"a bare CR", "PLAY rtsp://h/n RTSP/1.0\r\nA: b\rc: d\r\n\r\n", -EBADMSG},
        {"a method that is none", "PL(Y rtsp://h/n RTSP/1.0\r\n\r\n", -EBADMSG},
        {"a length that is none", "PLAY u RTSP/1.0\r\nContent-Length: -1\r\n\r\n", -EBADMSG},
        {"a long body", "PLAY u RTSP/1.0\r\nContent-Length: 16385\r\n\r\n", -EMSGSIZE},
        {"a length beyond numbers",
         "PLAY u RTSP/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n", -EMSGSIZE},
        {"a status of two digits", "RTSP/1.0 20 OK\r\n\r\n", -EBADMSG},
    };
    struct sl_rtsp_message *message;
    size_t used;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int err = parse(cases[i].text, strlen(cases[i].text), &message, &used);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
    }
}

static void keeps_to_its_bounds(void **state)
{
    (void)state;
    char *text = sl_alloc(SL_RTSP_HEAD_MAX + 1);
    struct sl_rtsp_message *message;
    size_t used, len;

    memset(text, 'a', SL_RTSP_HEAD_MAX);
    assert_int_equal(parse(text, SL_RTSP_HEAD_MAX - 1, &message, &used), -EAGAIN);
    assert_int_equal(parse(text, SL_RTSP_HEAD_MAX, &message, &used), -EMSGSIZE);
    len = (size_t)sprintf(text, "PLAY ");
    memset(text + len, 'u', SL_RTSP_URL_MAX + 1);
    len += SL_RTSP_URL_MAX + 1;
    len += (size_t)sprintf(text + len, " RTSP/1.0\r\n\r\n");
    assert_int_equal(parse(text, len, &message, &used), -ENAMETOOLONG);
    len = (size_t)sprintf(text, "PLAY u RTSP/1.0\r\n");
    for (int i = 0; i <= SL_RTSP_HEADERS_MAX; i++)
        len += (size_t)sprintf(text + len, "H%d: v\r\n", i);
    len += (size_t)sprintf(text + len, "\r\n");
    assert_int_equal(parse(text, len, &message, &used), -EMSGSIZE);
    free(text);
}

static void builds_what_it_reads(void **state)
{
    (void)state;
    struct sl_rtsp_message message = {
        .status = 404, .reason = sl_rtsp_status_words(404), .body = "gone", .body_len = 4};
    static const char expected[] =
        "RTSP/1.0 404 Not Found\r\nCSeq: 7\r\nContent-Length: 4\r\n\r\ngone";
    size_t len;

    sl_rtsp_message_add(&message, "CSeq", "7");
    sl_rtsp_message_add(&message, "Session", NULL);
    char *text = sl_rtsp_message_build(&message, &len);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    free(text);
}

static void reads_interleaved_packets(void **state)
{
    (void)state;
    static const uint8_t data[] = {'$', 3, 0, 2, 0xab, 0xcd, '$'};
    static const uint8_t large[] = {'$', 3, 0xff, 0xff};
    uint8_t head[SL_RTSP_FRAME_HEAD_LEN];
    struct sl_rtsp_frame frame;
    size_t used;

    for (size_t len = 1; len < 6; len++)
        assert_int_equal(sl_rtsp_frame_parse(data, len, &frame, &used), -EAGAIN);
    assert_int_equal(sl_rtsp_frame_parse(data, sizeof(data), &frame, &used), 0);
    assert_int_equal(used, 6);
    assert_int_equal(frame.channel, 3);
    assert_int_equal(frame.len, 2);
    assert_ptr_equal(frame.data, data + 4);
    assert_int_equal(sl_rtsp_frame_parse(large, sizeof(large), &frame, &used), -EMSGSIZE);
    sl_rtsp_frame_write_head(head, 3, 2);
    assert_memory_equal(head, data, sizeof(head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_request),
        cmocka_unit_test(reads_a_response_with_a_body),
        cmocka_unit_test(waits_for_what_is_not_whole),
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(keeps_to_its_bounds),
        cmocka_unit_test(builds_what_it_reads),
        cmocka_unit_test(reads_interleaved_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
