/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTMP without a network: AMF0, chunks, the publisher's side of the dialogue, credentials. */
#include "push/rtmp.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/mem.h"
#include "push/amf.h"
#include "push/rtmp_auth.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- AMF0 ---- */

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    uint8_t buf[256];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    static const char *const names[] = {"code", "level", "none", "number"};
    struct amf_text text, fields[4];

    amf_write_string(&w, "onStatus");
    amf_write_number(&w, -2.5);
    amf_write_null(&w);
    amf_write_array_begin(&w, 3);
    amf_write_key(&w, "code");
    amf_write_string(&w, "a\nb");
    amf_write_key(&w, "inner");
    amf_write_object_begin(&w);
    amf_write_key(&w, "code");
    amf_write_bool(&w, true);
    amf_write_object_end(&w);
    amf_write_key(&w, "number");
    amf_write_number(&w, 1);
    amf_write_key(&w, "level");
    amf_write_string(&w, "error");
    amf_write_object_end(&w);
    assert_true(w.ok);

    struct sl_reader r = sl_reader_of(buf, sl_writer_len(&w));
    amf_read_string(&r, &text);
    assert_string_equal(text.text, "onStatus");
    assert_true(amf_read_number(&r) == -2.5);
    amf_skip(&r);
    amf_read_fields(&r, names, fields, 4);
    assert_true(r.ok);
    assert_int_equal(sl_reader_left(&r), 0);
    assert_string_equal(fields[0].text, "a?b");
    assert_string_equal(fields[1].text, "error");
    assert_string_equal(fields[2].text, "");
    assert_string_equal(fields[3].text, "");
}

static void reading_fails_once_and_for_all_at_what_is_not_amf(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
    } cases[] = {
        {"empty", "", 0},
        {"a number cut off", "\0\1\2\3", 4},
        {"a string beyond the end", "\2\0\5abc", 6},
        {"an unknown marker", "\x20", 1},
        {"an object without end", "\3\0\1a\5", 5},
        {"a strict array of 2^32 - 1", "\x0a\xff\xff\xff\xff\5", 6},
        {"a long string beyond the end", "\x0c\xff\xff\xff\xffx", 6},
    };
    uint8_t deep[512];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_reader r = sl_reader_of(cases[i].bytes, cases[i].len);
        amf_skip(&r);
        if (r.ok)
            fail_msg("%s was read", cases[i].why);
    }
    for (size_t i = 0; i < sizeof(deep); i += 4)
        memcpy(deep + i, "\3\0\1a", 4);
    struct sl_reader r = sl_reader_of(deep, sizeof(deep));
    amf_skip(&r);
    assert_false(r.ok);
}

/* ---- Chunks ---- */

struct messages {
    size_t count;
    struct chunk_message last;
    uint8_t body[70000];
};

static int on_message(void *arg, const struct chunk_message *message)
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
        struct chunk_message message = {CHUNK_VIDEO, cases[i].timestamp_ms, 0x01020304, bytes, len};
        uint8_t size[4];
        struct outbox out = {0};
        struct chunk_reader *reader = chunk_reader_create();
        sl_store_u32(size, (uint32_t)cases[i].chunk_size);
        struct chunk_message set_size = {CHUNK_SET_SIZE, 0, 0, size, 4};
        messages->count = 0;
        chunk_write(&out, CHUNK_CONTROL_STREAM, CHUNK_SIZE_DEFAULT, &set_size, NULL, 0);
        chunk_write(&out, 6, cases[i].chunk_size, &message, bytes + len, total - len);
        chunk_write(&out, 6, cases[i].chunk_size, &message, bytes + len, total - len);
        for (size_t at = 0; at < outbox_len(&out);) {
            size_t part = 1 + at % 977;
            if (part > outbox_len(&out) - at)
                part = outbox_len(&out) - at;
            assert_int_equal(
                chunk_reader_input(reader, outbox_peek(&out) + at, part, on_message, messages), 0);
            at += part;
        }
        assert_int_equal(messages->count, 2);
        assert_int_equal(messages->last.type, CHUNK_VIDEO);
        assert_int_equal(messages->last.timestamp_ms, cases[i].timestamp_ms);
        assert_int_equal(messages->last.stream_id, 0x01020304);
        assert_int_equal(messages->last.len, total);
        assert_memory_equal(messages->body, bytes, total);
        chunk_reader_destroy(reader);
        outbox_deinit(&out);
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
    struct chunk_reader *reader = chunk_reader_create();

    assert_int_equal(chunk_reader_input(reader, bytes, sizeof(bytes), on_message, messages), 0);
    assert_int_equal(messages->count, 4);
    assert_int_equal(messages->last.timestamp_ms, 120);
    assert_memory_equal(messages->body, "fg", 2);
    chunk_reader_destroy(reader);
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
        struct chunk_reader *reader = chunk_reader_create();
        int err = chunk_reader_input(reader, (const uint8_t *)cases[i].bytes, cases[i].len,
                                     on_message, messages);
        if (err != -EBADMSG)
            fail_msg("%s: %d", cases[i].why, err);
        chunk_reader_destroy(reader);
    }
    struct chunk_reader *reader = chunk_reader_create();
    int err = 0;
    for (uint8_t i = 0; i < 40 && err == 0; i++) {
        uint8_t header[] = {(uint8_t)(3 + i), 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0};
        err = chunk_reader_input(reader, header, sizeof(header), on_message, messages);
    }
    assert_int_equal(err, -EBADMSG); /* too many chunk streams */
    chunk_reader_destroy(reader);
    free(messages);
}

/* ---- The dialogue ---- */

struct dialogue {
    struct outbox out, server_out;
    struct rtmp *rtmp;
    struct chunk_reader *reader; /* of what the client says */
    char said[512];              /* names of its commands and types of its other messages */
    struct sl_error error;
};

static int on_said(void *arg, const struct chunk_message *message)
{
    struct dialogue *d = arg;
    struct sl_reader r = sl_reader_of(message->body, message->len);
    size_t len = strlen(d->said);
    struct amf_text name;

    if (message->type == CHUNK_COMMAND) {
        amf_read_string(&r, &name);
        (void)snprintf(d->said + len, sizeof(d->said) - len, "%s(%zu) ", name.text, message->len);
    } else {
        (void)snprintf(d->said + len, sizeof(d->said) - len, "#%u ", message->type);
    }
    return 0;
}

static const char *listen(struct dialogue *d)
{
    d->said[0] = '\0';
    assert_int_equal(
        chunk_reader_input(d->reader, outbox_peek(&d->out), outbox_len(&d->out), on_said, d), 0);
    outbox_clear(&d->out);
    return d->said;
}

static int answer(struct dialogue *d, const char *name, double number, const char *code,
                  const char *description)
{
    uint8_t body[1024];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    amf_write_string(&w, name);
    amf_write_number(&w, number);
    amf_write_null(&w);
    if (code) {
        amf_write_object_begin(&w);
        amf_write_key(&w, "level");
        amf_write_string(&w, strstr(code, "Start") || strstr(code, "Success") ? "status" : "error");
        amf_write_key(&w, "code");
        amf_write_string(&w, code);
        amf_write_key(&w, "description");
        amf_write_string(&w, description);
        amf_write_object_end(&w);
    } else {
        amf_write_number(&w, 1);
    }
    struct chunk_message message = {CHUNK_COMMAND, 0, 0, body, sl_writer_len(&w)};
    chunk_write(&d->server_out, 3, CHUNK_SIZE_DEFAULT, &message, NULL, 0);
    int err =
        rtmp_input(d->rtmp, outbox_peek(&d->server_out), outbox_len(&d->server_out), &d->error);
    outbox_clear(&d->server_out);
    return err;
}

/* A refusal with `ex`: {code: 302, redirect: url} in its information. */
static int redirect(struct dialogue *d, const char *name, double number, const char *url)
{
    static uint8_t body[4096];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    amf_write_string(&w, name);
    amf_write_number(&w, number);
    amf_write_null(&w);
    amf_write_object_begin(&w);
    amf_write_key(&w, "redirect");
    amf_write_string(&w, "rtmp://not/this");
    amf_write_key(&w, "ex");
    amf_write_object_begin(&w);
    amf_write_key(&w, "code");
    amf_write_number(&w, 302);
    amf_write_key(&w, "ex");
    amf_write_object_begin(&w);
    amf_write_key(&w, "redirect");
    amf_write_string(&w, "rtmp://nor/this");
    amf_write_object_end(&w);
    amf_write_key(&w, "redirect");
    amf_write_string(&w, url);
    amf_write_object_end(&w);
    amf_write_key(&w, "level");
    amf_write_string(&w, "error");
    amf_write_object_end(&w);
    assert_true(w.ok);
    struct chunk_message message = {CHUNK_COMMAND, 0, 0, body, sl_writer_len(&w)};
    chunk_write(&d->server_out, 3, CHUNK_SIZE_DEFAULT, &message, NULL, 0);
    int err =
        rtmp_input(d->rtmp, outbox_peek(&d->server_out), outbox_len(&d->server_out), &d->error);
    outbox_clear(&d->server_out);
    return err;
}

static int control(struct dialogue *d, uint8_t type, const char *body, size_t len)
{
    struct chunk_message message = {type, 0, 0, (const uint8_t *)body, len};

    chunk_write(&d->server_out, 2, CHUNK_SIZE_DEFAULT, &message, NULL, 0);
    int err =
        rtmp_input(d->rtmp, outbox_peek(&d->server_out), outbox_len(&d->server_out), &d->error);
    outbox_clear(&d->server_out);
    return err;
}

static void shake_hands(struct dialogue *d)
{
    static uint8_t s0s1s2[1 + 2 * 1536] = {3};

    for (size_t i = 1; i < sizeof(s0s1s2); i++)
        s0s1s2[i] = (uint8_t)i;
    rtmp_open(d->rtmp);
    assert_int_equal(outbox_len(&d->out), 1537);
    assert_int_equal(outbox_peek(&d->out)[0], 3);
    outbox_clear(&d->out);
    assert_int_equal(rtmp_input(d->rtmp, s0s1s2, 1000, &d->error), 0);
    assert_int_equal(rtmp_input(d->rtmp, s0s1s2 + 1000, sizeof(s0s1s2) - 1000, &d->error), 0);
    assert_memory_equal(outbox_peek(&d->out), s0s1s2 + 1, 1536);
    outbox_take(&d->out, 1536);
    chunk_reader_destroy(d->reader);
    d->reader = chunk_reader_create();
}

static struct dialogue *begin(const char *user)
{
    struct dialogue *d = sl_new(struct dialogue);
    struct rtmp_config config = {
        .app = "live/?user1&pass1",
        /* 48 bytes, as many as in the capture of seed 002. */
        .tc_url = "rtmp://p5.flashphoner.com:1935/live/?user1&pass1",
        .publish = "rtmp_stream1",
        .flash_version = "FMLE/3.0",
        .user = user,
        .password = user,
    };

    d->rtmp = rtmp_create(&config, &d->out);
    shake_hands(d);
    return d;
}

static void finish(struct dialogue *d)
{
    rtmp_destroy(d->rtmp);
    chunk_reader_destroy(d->reader);
    outbox_deinit(&d->out);
    outbox_deinit(&d->server_out);
    free(d);
}

static void publish(struct dialogue *d)
{
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Publish.Start", ""), 0);
    (void)listen(d);
}

static void says_what_the_capture_of_the_seed_shows(void **state) /* REST-30 */
{
    (void)state;
    struct dialogue *d = begin("");

    assert_string_equal(listen(d), "connect(251) ");
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_string_equal(listen(d), "releaseStream(41) FCPublish(37) createStream(25) ");
    assert_int_equal(answer(d, "onBWDone", 0, NULL, NULL), 0);
    assert_int_equal(answer(d, "_error", 2, "NetConnection.Call.Failed", "no such method"), 0);
    assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
    assert_string_equal(listen(d),
                        "publish(42) "); /* after CHUNK_SET_SIZE, which the reader obeys */
    assert_false(rtmp_is_publishing(d->rtmp));
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Publish.Start", ""), 0);
    assert_true(rtmp_is_publishing(d->rtmp));
    rtmp_send(d->rtmp, CHUNK_AUDIO, 40, (const uint8_t *)"\xaf\1", 2, (const uint8_t *)"xyz", 3);
    assert_string_equal(listen(d), "#8 ");
    rtmp_close(d->rtmp);
    assert_string_equal(listen(d), "FCUnpublish(39) deleteStream(34) ");
    rtmp_close(d->rtmp);
    rtmp_send(d->rtmp, CHUNK_AUDIO, 40, (const uint8_t *)"\xaf\1", 2, NULL, 0);
    assert_int_equal(outbox_len(&d->out), 0);
    finish(d);
}

static void does_what_the_server_may_ask_for_meanwhile(void **state)
{
    (void)state;
    struct dialogue *d = begin("");

    publish(d);
    assert_int_equal(control(d, CHUNK_USER_CONTROL, "\0\6\1\2\3\4", 6), 0); /* ping */
    assert_int_equal(outbox_len(&d->out), 12 + 6);
    assert_memory_equal(outbox_peek(&d->out) + 12, "\0\7\1\2\3\4", 6);
    outbox_clear(&d->out);
    assert_int_equal(control(d, CHUNK_USER_CONTROL, "\0\0\0\0\0\1", 6), 0); /* stream begin */
    assert_int_equal(outbox_len(&d->out), 0);
    assert_int_equal(control(d, CHUNK_PEER_BANDWIDTH, "\0\x26\x25\xa0\2", 5), 0);
    assert_string_equal(listen(d), "#5 ");
    assert_int_equal(control(d, CHUNK_WINDOW_SIZE, "\0\0\0\x40", 4), 0);
    assert_string_equal(listen(d), "#3 "); /* far more than 64 bytes had come */
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Unpublish.Success", ""), 0);
    assert_true(rtmp_is_publishing(d->rtmp));
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
        assert_false(rtmp_is_publishing(d->rtmp));
        finish(d);
    }
}

static void takes_no_other_protocol_for_rtmp(void **state)
{
    (void)state;
    struct dialogue *d = begin("");

    rtmp_open(d->rtmp);
    assert_int_equal(rtmp_input(d->rtmp, (const uint8_t *)"HTTP/1.1 400", 12, &d->error), -EBADMSG);
    assert_non_null(strstr(d->error.text, "no RTMP server"));
    shake_hands(d);
    assert_int_equal(control(d, CHUNK_COMMAND, "\1\0", 2), -EBADMSG);
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

    assert_string_equal(listen(d), "connect(251) ");
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
        assert_string_equal(listen(d), expected);
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
    struct rtmp_credentials joe = {"joe", "secret", "live"}, instance = {"joe", "secret", "a/b"};
    char response[33];

    rtmp_auth_adobe(&joe, "c2FsdA==", "b3A=", "Y2g=", "0a1b2c3d", response);
    assert_string_equal(response, "s1dbpneQU5SZ3R7U+SwvNA==");
    rtmp_auth_adobe(&joe, "c2FsdA==", "", "Y2g=", "0a1b2c3d", response);
    assert_string_equal(response, "Qu8+U+KJmXbb3soyRNnuRQ==");
    rtmp_auth_llnw(&joe, "bm9uY2U", "0a1b2c3d", response);
    assert_string_equal(response, "e61eaed7b898137b68c07a837862e5a8");
    rtmp_auth_llnw(&instance, "bm9uY2U", "0a1b2c3d", response);
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
        assert_true(rtmp_is_greeted(d->rtmp));
        assert_string_equal(rtmp_redirect(d->rtmp), "");
        if (cases[i].steps > 0)
            assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
        if (cases[i].steps > 1)
            assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
        assert_int_equal(redirect(d, cases[i].name, cases[i].number, "rtmp://e/x"), -EREMOTE);
        assert_string_equal(rtmp_redirect(d->rtmp), "rtmp://e/x");
        assert_false(rtmp_is_greeted(d->rtmp));
        finish(d);
    }
    struct dialogue *d = begin(""); /* a cut URL would lead elsewhere */
    (void)snprintf(url, sizeof(url), "rtmp://e/%01500d", 1);
    assert_int_equal(redirect(d, "_error", 1, url), -EREMOTE);
    assert_string_equal(rtmp_redirect(d->rtmp), "(too long)");
    finish(d);
    d = begin(""); /* no word of where to: refused */
    assert_int_equal(redirect(d, "_error", 1, ""), -EACCES);
    finish(d);
    d = begin("");
    assert_int_equal(answer(d, "_result", 1, "NetConnection.Connect.Success", ""), 0);
    assert_int_equal(answer(d, "_result", 4, NULL, NULL), 0);
    assert_int_equal(answer(d, "onStatus", 0, "NetStream.Publish.Start", ""), 0);
    assert_int_equal(redirect(d, "onStatus", 0, "rtmp://e/x"), -EPIPE); /* too late for that */
    assert_string_equal(rtmp_redirect(d->rtmp), "");
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
        if (err != cases[i].err || strcmp(rtmp_redirect(d->rtmp), cases[i].url) != 0)
            fail_msg("%s: %d %s", cases[i].description, err, rtmp_redirect(d->rtmp));
        finish(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(reading_fails_once_and_for_all_at_what_is_not_amf),
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

    return cmocka_run_group_tests_name("push rtmp", tests, NULL, NULL);
}
