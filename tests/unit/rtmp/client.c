/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTMP without a network: chunks, the publisher's side of the dialogue, credentials. */
#include "rtmp/rtmp.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/mem.h"
#include "mux/mux.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- Chunks ---- */

struct messages {
    size_t count;
    struct sl_rtmp_message last;
    uint8_t body[70000];
};

static int on_message(void *arg, const struct sl_rtmp_message *message)
{
    struct messages *messages = arg;

    messages->count++;
    messages->last = *message;
    memcpy(messages->body, message->body, message->len);
    return 0;
}

static void messages_survive_any_chunk_size_time_and_cut(void **state)
{
    (void)state;
    static const struct {
        size_t len, tail_len, chunk_size;
        uint32_t timestamp_ms;
    } cases[] = {
        {0, 0, 128, 0},
        {1, 0, 128, 1},
        {128, 0, 128, 2},
        {129, 0, 128, 3},
        {100, 100, 128, 0xfffffe},
        {100, 300, 128, 0xffffff},
        {5, 60000, 4096, 0xfffffffe},
        {300, 0, 1, 40},
    };
    static uint8_t bytes[70000];
    struct messages *messages = sl_new(struct messages);

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t len = cases[i].len, total = len + cases[i].tail_len;
        struct sl_rtmp_message message = {SL_RTMP_VIDEO, cases[i].timestamp_ms, 0x01020304, bytes,
                                          len};
        uint8_t size[4];
        struct sl_outbox out = {0};
        struct sl_rtmp_reader *reader = sl_rtmp_reader_create(64 << 10);
        sl_store_u32(size, (uint32_t)cases[i].chunk_size);
        struct sl_rtmp_message set_size = {SL_RTMP_SET_SIZE, 0, 0, size, 4};
        messages->count = 0;
        sl_rtmp_chunk_write(&out, SL_RTMP_CONTROL_STREAM, SL_RTMP_CHUNK_SIZE_DEFAULT, &set_size,
                            NULL, 0);
        sl_rtmp_chunk_write(&out, 6, cases[i].chunk_size, &message, bytes + len, total - len);
        sl_rtmp_chunk_write(&out, 6, cases[i].chunk_size, &message, bytes + len, total - len);
        for (size_t at = 0; at < sl_outbox_len(&out);) {
            size_t part = 1 + at % 977;
            if (part > sl_outbox_len(&out) - at)
                part = sl_outbox_len(&out) - at;
            assert_int_equal(
                sl_rtmp_reader_input(reader, sl_outbox_peek(&out) + at, part, on_message, messages),
                0);
            at += part;
        }
        assert_int_equal(messages->count, 2);
        assert_int_equal(messages->last.type, SL_RTMP_VIDEO);
        assert_int_equal(messages->last.timestamp_ms, cases[i].timestamp_ms);
        assert_int_equal(messages->last.stream_id, 0x01020304);
        assert_int_equal(messages->last.len, total);
        assert_memory_equal(messages->body, bytes, total);
        sl_rtmp_reader_destroy(reader);
        sl_outbox_deinit(&out);
    }
    free(messages);
}

static void short_headers_continue_what_came_before(void **state)
{
    (void)state;
    /* Format 0, then 1 (delta 10), 2 (delta 5), 3 (the same delta again). */
    static const uint8_t bytes[] = {
        0x03, 0,   0,   100, 0,   0,   1, 20, 0,   0,   0, 0, 'a', /**/
        0x43, 0,   0,   10,  0,   0,   2, 20, 'b', 'c',            /**/
        0x83, 0,   0,   5,   'd', 'e',                             /**/
        0xc3, 'f', 'g',                                            /**/
    };
    struct messages *messages = sl_new(struct messages);
    struct sl_rtmp_reader *reader = sl_rtmp_reader_create(64 << 10);

    assert_int_equal(sl_rtmp_reader_input(reader, bytes, sizeof(bytes), on_message, messages), 0);
    assert_int_equal(messages->count, 4);
    assert_int_equal(messages->last.timestamp_ms, 120);
    assert_memory_equal(messages->body, "fg", 2);
    sl_rtmp_reader_destroy(reader);
    free(messages);
}

static void refuses_what_passes_the_bounds_of_chunks(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
    } cases[] = {
        {"the first header is a short one", "\xc3x", 2},
        {"a message of 16 MiB", "\x03\0\0\0\xff\xff\xff\x14\0\0\0\0", 12},
        {"chunk size 0", "\x02\0\0\0\0\0\4\1\0\0\0\0\0\0\0\0", 16},
        {"a negative chunk size", "\x02\0\0\0\0\0\4\1\0\0\0\0\x80\0\0\0", 16},
        {"chunk size cut off", "\x02\0\0\0\0\0\2\1\0\0\0\0\0\1", 14},
    };
    struct messages *messages = sl_new(struct messages);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_rtmp_reader *reader = sl_rtmp_reader_create(64 << 10);
        int err = sl_rtmp_reader_input(reader, (const uint8_t *)cases[i].bytes, cases[i].len,
                                       on_message, messages);
        if (err != -EBADMSG)
            fail_msg("%s: %d", cases[i].why, err);
        sl_rtmp_reader_destroy(reader);
    }
    struct sl_rtmp_reader *reader = sl_rtmp_reader_create(64 << 10);
    int err = 0;
    for (uint8_t i = 0; i < 40 && err == 0; i++) {
        uint8_t header[] = {(uint8_t)(3 + i), 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0};
        err = sl_rtmp_reader_input(reader, header, sizeof(header), on_message, messages);
    }
    assert_int_equal(err, -EBADMSG); /* too many chunk streams */
    sl_rtmp_reader_destroy(reader);
    free(messages);
}

/* ---- The dialogue ---- */

struct dialogue {
    struct sl_outbox out, server_out;
    struct sl_rtmp_client *rtmp;
    struct sl_rtmp_reader *reader; /* of what the client says */
    char said[512];                /* names of its commands and types of its other messages */
    struct sl_error error;
};

static int on_said(void *arg, const struct sl_rtmp_message *message)
{
    struct dialogue *d = arg;
    struct sl_reader r = sl_reader_of(message->body, message->len);
    size_t len = strlen(d->said);
    struct sl_amf_text name;

    if (message->type == SL_RTMP_COMMAND) {
        sl_amf_read_string(&r, &name);
        (void)snprintf(d->said + len, sizeof(d->said) - len, "%s(%zu) ", name.text, message->len);
    } else {
        (void)snprintf(d->said + len, sizeof(d->said) - len, "#%u ", message->type);
    }
    return 0;
}

static const char *hear(struct dialogue *d)
{
    d->said[0] = '\0';
    assert_int_equal(sl_rtmp_reader_input(d->reader, sl_outbox_peek(&d->out),
                                          sl_outbox_len(&d->out), on_said, d),
                     0);
    sl_outbox_clear(&d->out);
    return d->said;
}

static int answer(struct dialogue *d, const char *name, double number, const char *code,
                  const char *description)
{
    uint8_t body[1024];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_amf_write_string(&w, name);
    sl_amf_write_number(&w, number);
    sl_amf_write_null(&w);
    if (code) {
        sl_amf_write_object_begin(&w);
        sl_amf_write_key(&w, "level");
        sl_amf_write_string(&w,
                            strstr(code, "Start") || strstr(code, "Success") ? "status" : "error");
        sl_amf_write_key(&w, "code");
        sl_amf_write_string(&w, code);
        sl_amf_write_key(&w, "description");
        sl_amf_write_string(&w, description);
        sl_amf_write_object_end(&w);
    } else {
        sl_amf_write_number(&w, 1);
    }
    struct sl_rtmp_message message = {SL_RTMP_COMMAND, 0, 0, body, sl_writer_len(&w)};
    sl_rtmp_chunk_write(&d->server_out, 3, SL_RTMP_CHUNK_SIZE_DEFAULT, &message, NULL, 0);
    int err = sl_rtmp_client_input(d->rtmp, sl_outbox_peek(&d->server_out),
                                   sl_outbox_len(&d->server_out), &d->error);
    sl_outbox_clear(&d->server_out);
    return err;
}

/* A refusal with `ex`: {code: 302, redirect: url} in its information. */
static int redirect(struct dialogue *d, const char *name, double number, const char *url)
{
    static uint8_t body[4096];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_amf_write_string(&w, name);
    sl_amf_write_number(&w, number);
    sl_amf_write_null(&w);
    sl_amf_write_object_begin(&w);
    sl_amf_write_key(&w, "redirect");
    sl_amf_write_string(&w, "rtmp://not/this");
    sl_amf_write_key(&w, "ex");
    sl_amf_write_object_begin(&w);
    sl_amf_write_key(&w, "code");
    sl_amf_write_number(&w, 302);
    sl_amf_write_key(&w, "ex");
    sl_amf_write_object_begin(&w);
    sl_amf_write_key(&w, "redirect");
    sl_amf_write_string(&w, "rtmp://nor/this");
    sl_amf_write_object_end(&w);
    sl_amf_write_key(&w, "redirect");
    sl_amf_write_string(&w, url);
    sl_amf_write_object_end(&w);
    sl_amf_write_key(&w, "level");
    sl_amf_write_string(&w, "error");
    sl_amf_write_object_end(&w);
    assert_true(w.ok);
    struct sl_rtmp_message message = {SL_RTMP_COMMAND, 0, 0, body, sl_writer_len(&w)};
    sl_rtmp_chunk_write(&d->server_out, 3, SL_RTMP_CHUNK_SIZE_DEFAULT, &message, NULL, 0);
    int err = sl_rtmp_client_input(d->rtmp, sl_outbox_peek(&d->server_out),
                                   sl_outbox_len(&d->server_out), &d->error);
    sl_outbox_clear(&d->server_out);
    return err;
}

static int control(struct dialogue *d, uint8_t type, const char *body, size_t len)
{
    struct sl_rtmp_message message = {type, 0, 0, (const uint8_t *)body, len};

    sl_rtmp_chunk_write(&d->server_out, 2, SL_RTMP_CHUNK_SIZE_DEFAULT, &message, NULL, 0);
    int err = sl_rtmp_client_input(d->rtmp, sl_outbox_peek(&d->server_out),
                                   sl_outbox_len(&d->server_out), &d->error);
    sl_outbox_clear(&d->server_out);
    return err;
}

static void shake_hands(struct dialogue *d)
{
    static uint8_t s0s1s2[1 + 2 * 1536] = {3};

    for (size_t i = 1; i < sizeof(s0s1s2); i++)
        s0s1s2[i] = (uint8_t)i;
    sl_rtmp_client_open(d->rtmp);
    assert_int_equal(sl_outbox_len(&d->out), 1537);
    assert_int_equal(sl_outbox_peek(&d->out)[0], 3);
    sl_outbox_clear(&d->out);
    assert_int_equal(sl_rtmp_client_input(d->rtmp, s0s1s2, 1000, &d->error), 0);
    assert_int_equal(sl_rtmp_client_input(d->rtmp, s0s1s2 + 1000, sizeof(s0s1s2) - 1000, &d->error),
                     0);
    assert_memory_equal(sl_outbox_peek(&d->out), s0s1s2 + 1, 1536);
    sl_outbox_take(&d->out, 1536);
    sl_rtmp_reader_destroy(d->reader);
    d->reader = sl_rtmp_reader_create(64 << 10);
}

static struct dialogue *begin(const char *user)
{
    struct dialogue *d = sl_new(struct dialogue);
    struct sl_rtmp_client_config config = {
        .app = "live/?user1&pass1",
        /* 48 bytes, as many as in the capture of seed 002. */
        .tc_url = "rtmp://p5.flashphoner.com:1935/live/?user1&pass1",
        .publish = "rtmp_stream1",
        .flash_version = "FMLE/3.0",
        .user = user,
        .password = user,
    };

    d->rtmp = sl_rtmp_client_create(&config, &d->out);
    shake_hands(d);
    return d;
}

static void finish(struct dialogue *d)
{
    sl_rtmp_client_destroy(d->rtmp);
    sl_rtmp_reader_destroy(d->reader);
    sl_outbox_deinit(&d->out);
    sl_outbox_deinit(&d->server_out);
    free(d);
}

static void publish(struct dialogue *d)
{
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Publish.Start", ""), 0);
    (void)hear(d);
}

static void says_what_the_capture_of_the_seed_shows(void **state) /* REST-30 */
{
    (void)state;
    struct dialogue *d = begin("");

    assert_string_equal(hear(d), "connect(251) ");
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_string_equal(hear(d), "releaseStream(41) FCPublish(37) createStream(25) ");
    assert_int_equal(answer(d, "onBWDone", 0, NULL, NULL), 0);
    assert_int_equal(answer(d, "_error", 2, "NetConnection.Call.Failed", "no such method"), 0);
    assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
    assert_string_equal(hear(d),
                        "publish(42) "); /* after SL_RTMP_SET_SIZE, which the reader obeys */
    assert_false(sl_rtmp_client_is_publishing(d->rtmp));
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Publish.Start", ""), 0);
    assert_true(sl_rtmp_client_is_publishing(d->rtmp));
    sl_rtmp_client_send(d->rtmp, SL_RTMP_AUDIO, 40, (const uint8_t *)"\xaf\1", 2,
                        (const uint8_t *)"xyz", 3);
    assert_string_equal(hear(d), "#8 ");
    sl_rtmp_client_close(d->rtmp);
    assert_string_equal(hear(d), "FCUnpublish(39) deleteStream(34) ");
    sl_rtmp_client_close(d->rtmp);
    sl_rtmp_client_send(d->rtmp, SL_RTMP_AUDIO, 40, (const uint8_t *)"\xaf\1", 2, NULL, 0);
    assert_int_equal(sl_outbox_len(&d->out), 0);
    finish(d);
}

static void does_what_the_server_may_ask_for_meanwhile(void **state)
{
    (void)state;
    struct dialogue *d = begin("");

    publish(d);
    assert_int_equal(control(d, SL_RTMP_USER_CONTROL, "\0\6\1\2\3\4", 6), 0); /* ping */
    assert_int_equal(sl_outbox_len(&d->out), 12 + 6);
    assert_memory_equal(sl_outbox_peek(&d->out) + 12, "\0\7\1\2\3\4", 6);
    sl_outbox_clear(&d->out);
    assert_int_equal(control(d, SL_RTMP_USER_CONTROL, "\0\0\0\0\0\1", 6), 0); /* stream begin */
    assert_int_equal(sl_outbox_len(&d->out), 0);
    assert_int_equal(control(d, SL_RTMP_PEER_BANDWIDTH, "\0\x26\x25\xa0\2", 5), 0);
    assert_string_equal(hear(d), "#5 ");
    assert_int_equal(control(d, SL_RTMP_WINDOW_SIZE, "\0\0\0\x40", 4), 0);
    assert_string_equal(hear(d), "#3 "); /* far more than 64 bytes had come */
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Unpublish.Success", ""), 0);
    assert_true(sl_rtmp_client_is_publishing(d->rtmp));
    finish(d);
}

static void tells_why_a_server_refused_or_ended(void **state)
{
    (void)state;
    static const struct {
        bool publishing;
        const char *name;
        double number;
        const char *code, *description;
        int err;
        const char *words;
    } cases[] = {
        {false, "_error", 1, "NetConnection.Connect.Rejected", "[ go away ]", -EACCES, "go away"},
        {false, "_error", 1, "NetConnection.Connect.Rejected", "authmod=adobe", -EACCES, "wants a"},
        {false, "close", 0, NULL, NULL, -EPIPE, "closed"},
        {true, "onStatus", 0, "NetStream.Publish.BadName", "in use", -EPIPE, "BadName in use"},
        {true, "_error", 5, "NetStream.Publish.Denied", "no\x1b[1m", -EACCES, "Denied no?[1m"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct dialogue *d = begin("");
        if (cases[i].publishing)
            publish(d);
        assert_int_equal(
            answer(d, cases[i].name, cases[i].number, cases[i].code, cases[i].description),
            cases[i].err);
        if (!strstr(d->error.text, cases[i].words))
            fail_msg("%s: %s", cases[i].words, d->error.text);
        assert_false(sl_rtmp_client_is_publishing(d->rtmp));
        finish(d);
    }
}

static void takes_no_other_protocol_for_rtmp(void **state)
{
    (void)state;
    struct dialogue *d = begin("");

    sl_rtmp_client_open(d->rtmp);
    assert_int_equal(sl_rtmp_client_input(d->rtmp, (const uint8_t *)"HTTP/1.1 400", 12, &d->error),
                     -EBADMSG);
    assert_non_null(strstr(d->error.text, "no RTMP server"));
    shake_hands(d);
    assert_int_equal(control(d, SL_RTMP_COMMAND, "\1\0", 2), -EBADMSG);
    shake_hands(d);
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_int_equal(answer(d, "_result", 4, "a status where a number should be", ""), -EBADMSG);
    finish(d);
}

/* ---- Credentials ---- */

static void answers_the_questions_of_authmod_adobe_and_llnw(void **state) /* REST-33 */
{
    (void)state;
    struct dialogue *d = begin("joe");
    static const char *const asked[] = {
        "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
        "[ AccessManager.Reject ] : [ authmod=adobe ] : "
        "?reason=needauth&user=joe&salt=c2FsdA==&challenge=Y2g=&opaque=b3A=",
    };

    assert_string_equal(hear(d), "connect(251) ");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(answer(d, "_error", 1, "NetConnection.Connect.Rejected", asked[i]),
                         -EAGAIN);
        shake_hands(d);
        size_t more = strlen("?authmod=adobe&user=joe") * 2;
        if (i == 1)
            more = strlen("?authmod=adobe&user=joe&challenge=12345678&response=&opaque=b3A=") * 2 +
                   24 * 2;
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "connect(%zu) ", 251 + more);
        assert_string_equal(hear(d), expected);
    }
    assert_int_equal(answer(d, "_error", 1, "NetConnection.Connect.Rejected",
                            "[ authmod=adobe ] : ?reason=authfailed&opaque=b3A="),
                     -EACCES);
    assert_non_null(strstr(d->error.text, "user or the password"));
    finish(d);
}

static void computes_the_responses_others_compute(void **state)
{
    (void)state;
    /* Expected values from Python's hashlib, by the formulas of rest-api.md 5.5. */
    struct sl_rtmp_credentials joe = {"joe", "secret", "live"}, instance = {"joe", "secret", "a/b"};
    char response[33];

    sl_rtmp_auth_adobe(&joe, "c2FsdA==", "b3A=", "Y2g=", "0a1b2c3d", response);
    assert_string_equal(response, "s1dbpneQU5SZ3R7U+SwvNA==");
    sl_rtmp_auth_adobe(&joe, "c2FsdA==", "", "Y2g=", "0a1b2c3d", response);
    assert_string_equal(response, "Qu8+U+KJmXbb3soyRNnuRQ==");
    sl_rtmp_auth_llnw(&joe, "bm9uY2U", "0a1b2c3d", response);
    assert_string_equal(response, "e61eaed7b898137b68c07a837862e5a8");
    sl_rtmp_auth_llnw(&instance, "bm9uY2U", "0a1b2c3d", response);
    assert_string_equal(response, "8f3cde489aa4bf3ed3a8463c54eb1ae7");
}

static void a_server_may_send_us_elsewhere_at_each_step(void **state)
{
    (void)state;
    static const struct {
        int steps; /* answered well before */
        const char *name;
        double number;
    } cases[] = {{0, "_error", 1}, {1, "_error", 4}, {2, "_error", 5}, {2, "onStatus", 0}};
    char url[2048];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct dialogue *d = begin("");
        assert_true(sl_rtmp_client_is_greeted(d->rtmp));
        assert_string_equal(sl_rtmp_client_redirect(d->rtmp), "");
        if (cases[i].steps > 0)
            assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
        if (cases[i].steps > 1)
            assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
        assert_int_equal(redirect(d, cases[i].name, cases[i].number, "rtmp://e/x"), -EREMOTE);
        assert_string_equal(sl_rtmp_client_redirect(d->rtmp), "rtmp://e/x");
        assert_false(sl_rtmp_client_is_greeted(d->rtmp));
        finish(d);
    }
    struct dialogue *d = begin(""); /* a cut URL would lead elsewhere */
    (void)snprintf(url, sizeof(url), "rtmp://e/%01500d", 1);
    assert_int_equal(redirect(d, "_error", 1, url), -EREMOTE);
    assert_string_equal(sl_rtmp_client_redirect(d->rtmp), "(too long)");
    finish(d);
    d = begin(""); /* no word of where to: refused */
    assert_int_equal(redirect(d, "_error", 1, ""), -EACCES);
    finish(d);
    d = begin("");
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Publish.Start", ""), 0);
    assert_int_equal(redirect(d, "onStatus", 0, "rtmp://e/x"), -EPIPE); /* too late for that */
    assert_string_equal(sl_rtmp_client_redirect(d->rtmp), "");
    finish(d);
}

static void a_redirect_may_stand_in_the_description(void **state)
{
    (void)state;
    static const struct {
        const char *description, *url;
        int err;
    } cases[] = {
        {"[ AccessManager.Reject ] : [ code=302 redirect; redirect=rtmp://e:1/x ] : ",
         "rtmp://e:1/x", -EREMOTE},
        {"code=302 \"rtmps://e/x?a=1\"", "rtmps://e/x?a=1", -EREMOTE},
        {"rtmp://e/x]code=302", "rtmp://e/x", -EREMOTE},
        {"code=302 moved", "", -EACCES},
        {"code=302 http://e/x", "", -EACCES},
        {"use rtmp://e/x next time", "", -EACCES},
        {"code=403 rtmp://e/x", "", -EACCES},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct dialogue *d = begin("");
        int err = answer(d, "_error", 1, "NetConnection.Connect.Rejected", cases[i].description);
        if (err != cases[i].err || strcmp(sl_rtmp_client_redirect(d->rtmp), cases[i].url) != 0)
            fail_msg("%s: %d %s", cases[i].description, err, sl_rtmp_client_redirect(d->rtmp));
        finish(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_survive_any_chunk_size_time_and_cut),
        cmocka_unit_test(short_headers_continue_what_came_before),
        cmocka_unit_test(refuses_what_passes_the_bounds_of_chunks),
        cmocka_unit_test(says_what_the_capture_of_the_seed_shows),
        cmocka_unit_test(does_what_the_server_may_ask_for_meanwhile),
        cmocka_unit_test(tells_why_a_server_refused_or_ended),
        cmocka_unit_test(a_server_may_send_us_elsewhere_at_each_step),
        cmocka_unit_test(a_redirect_may_stand_in_the_description),
        cmocka_unit_test(takes_no_other_protocol_for_rtmp),
        cmocka_unit_test(answers_the_questions_of_authmod_adobe_and_llnw),
        cmocka_unit_test(computes_the_responses_others_compute),
    };

    return cmocka_run_group_tests_name("rtmp", tests, NULL, NULL);
}
