/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The conversation with another server, which lives on the same loop here. */
#include "pull/agent.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "http/http.h"
#include "net/net.h"

#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_US = 10 * SL_US_PER_S, PING_INTERVAL_MS = 5000, SILENCE_S = 25 };

/* ---- Time: the agent's ping timer can be hurried, and the clock put forward ---- */

static bool hurry;
static int64_t forward_s;

void __real_sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms);
void __wrap_sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms);
void __wrap_sl_timer_start(struct sl_timer *timer, uint64_t after_ms, uint64_t repeat_ms)
{
    if (hurry && repeat_ms == PING_INTERVAL_MS)
        __real_sl_timer_start(timer, 1, 1);
    else
        __real_sl_timer_start(timer, after_ms, repeat_ms);
}

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    int err = __real_clock_gettime(clock, out);

    if (clock == CLOCK_MONOTONIC)
        out->tv_sec += forward_s;
    return err;
}

/* ---- Both ends ---- */

enum phase { CONNECTING, OPEN, ESTABLISHED, REQUESTED, ANSWERED, UP, PHASES };

struct fixture {
    struct sl_loop *loop;
    struct sl_http *http;
    struct sl_listener *listener;
    /* The server: what it heard. */
    struct sl_ws *ws;
    bool refuses; /* a client that has connected */
    json_t *heard;
    char closed[128]; /* why; "" while it is open */
    /* The agent: what it told, one line a call. */
    struct agent *agent;
    bool publish, cluster;
    enum phase leave_in; /* takes leave from within the callback of this phase; 0: never */
    char told[4096];
};

static void turn(struct fixture *f)
{
    (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
    (void)poll(NULL, 0, 1);
}

#define wait_until(f, condition)                                                                   \
    for (int64_t deadline_us = sl_now_us() + DEADLINE_US; !(condition);) {                         \
        turn(f);                                                                                   \
        if (sl_now_us() > deadline_us)                                                             \
            fail_msg("line %d: waited in vain for %s; told: %s", __LINE__, #condition, (f)->told); \
    }

static void *on_open(void *arg, struct sl_ws *ws)
{
    struct fixture *f = arg;

    if (f->refuses)
        return NULL;
    f->ws = ws;
    return f;
}

static void on_text(void *owner, const char *text, size_t len)
{
    struct fixture *f = owner;
    json_t *message = json_loadb(text, len, 0, NULL);

    assert_non_null(message);
    (void)json_array_append_new(f->heard, message);
}

static void on_close(void *owner, const char *why)
{
    struct fixture *f = owner;

    f->ws = NULL;
    (void)snprintf(f->closed, sizeof(f->closed), "%s", why);
}

static const struct sl_ws_ops server_ops = {
    .on_open = on_open, .on_text = on_text, .on_close = on_close};

static void say(struct fixture *f, const char *text)
{
    assert_int_equal(sl_ws_send_text(f->ws, text, strlen(text)), 0);
}

static json_t *heard(struct fixture *f, size_t i)
{
    wait_until(f, json_array_size(f->heard) > i);
    return json_array_get(f->heard, i);
}

static const char *heard_name(struct fixture *f, size_t i)
{
    return json_string_value(json_object_get(heard(f, i), "message"));
}

static json_t *heard_data(struct fixture *f, size_t i)
{
    return json_array_get(json_object_get(heard(f, i), "data"), 0);
}

__attribute__((format(printf, 2, 3))) static void tell(struct fixture *f, const char *format, ...)
{
    size_t len = strlen(f->told);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(f->told + len, sizeof(f->told) - len, format, args);
    va_end(args);
}

static void leave_if(struct fixture *f, enum phase phase)
{
    if (f->leave_in != phase)
        return;
    sl_agent_leave(f->agent);
    f->agent = NULL;
}

static void on_established(void *owner)
{
    tell(owner, "established\n");
    leave_if(owner, ESTABLISHED);
}

static void on_answer(void *owner, const char *sdp)
{
    tell(owner, "answer %s\n", sdp);
    leave_if(owner, ANSWERED);
}

static void on_no_guard(void *owner)
{
    tell(owner, "open\n");
}

static void on_up(void *owner, bool audio_muted, bool video_muted)
{
    tell(owner, "up%s%s\n", audio_muted ? " silent" : "", video_muted ? " dark" : "");
    leave_if(owner, UP);
}

static void on_event(void *owner, const char *type, json_t *info, json_t *payload)
{
    struct sl_json_span said = sl_json_raw_text(info), told = sl_json_raw_text(payload);

    tell(owner, "event %s %.*s %.*s\n", type, said.text ? (int)said.len : 1,
         said.text ? said.text : "-", told.text ? (int)told.len : 1, told.text ? told.text : "0");
}

static void on_end(void *owner, bool failed, const char *why)
{
    struct fixture *f = owner;

    tell(f, "%s: %s\n", failed ? "failed" : "ended", why);
    f->agent = NULL;
}

static const struct agent_ops agent_ops = {.on_established = on_established,
                                           .on_open = on_no_guard,
                                           .on_answer = on_answer,
                                           .on_up = on_up,
                                           .on_event = on_event,
                                           .on_end = on_end};

/* What the agent told since the last look. */
#define assert_told(f, expected)                                                                   \
    do {                                                                                           \
        assert_string_equal((f)->told, expected);                                                  \
        (f)->told[0] = '\0';                                                                       \
    } while (0)

/* Waits until something was told. */
#define expect_told(f, expected)                                                                   \
    do {                                                                                           \
        wait_until(f, strlen((f)->told) >= strlen(expected));                                      \
        assert_told(f, expected);                                                                  \
    } while (0)

static void create(struct fixture *f, uint16_t port)
{
    struct sl_pull_uri uri;
    char text[64];
    struct agent_config config = {
        .http = f->http,
        .loop = f->loop,
        .uri = &uri,
        .connect_timeout_s = 2,
        .publish = f->publish,
        .cluster = f->cluster,
        .node_id = "n1",
        .media_session_id = "media-1",
        .name = "cam",
        .ops = &agent_ops,
        .owner = f,
    };

    (void)snprintf(text, sizeof(text), "ws://127.0.0.1:%u/websocket", port);
    assert_int_equal(sl_pull_uri_parse(text, &uri, NULL), 0);
    assert_int_equal(sl_agent_create(&config, &f->agent), 0);
}

#define OUR(message, fields)                                                                       \
    "{\"message\":\"" message "\",\"data\":[{\"mediaSessionId\":\"media-1\"" fields "}]}"
#define STATUS(status, info)                                                                       \
    OUR("notifyStreamStatusEvent", ",\"status\":\"" status "\",\"info\":\"" info "\"")
#define USER_DATA "{\"message\":\"getUserData\",\"data\":[{\"status\":\"ESTABLISHED\"}]}"
#define ANSWER    "{\"message\":\"setRemoteSDP\",\"data\":[\"media-1\",\"v=0 answer\",true]}"

/* A conversation that has come so far; nothing told. */
static void bring_to(struct fixture *f, enum phase phase)
{
    json_array_clear(f->heard);
    f->closed[0] = '\0';
    create(f, sl_listener_port(f->listener));
    if (phase >= OPEN)
        assert_string_equal(heard_name(f, 0), "connection");
    if (phase >= ESTABLISHED) {
        say(f, USER_DATA);
        expect_told(f, "established\n");
    }
    if (phase >= REQUESTED) {
        sl_agent_request(f->agent, "v=0 offer", true, !f->publish);
        (void)heard(f, 1);
    }
    if (phase >= ANSWERED) {
        say(f, ANSWER);
        expect_told(f, "answer v=0 answer\n");
    }
    if (phase >= UP) {
        say(f, STATUS("PLAYING", ""));
        expect_told(f, "up\n");
    }
}

/* Until the server sees the connection gone. */
static void wait_closed(struct fixture *f)
{
    wait_until(f, f->closed[0] != '\0');
}

static void leave(struct fixture *f)
{
    sl_agent_leave(f->agent);
    f->agent = NULL;
    wait_closed(f);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    struct sl_http_limits limits = {0};
    struct sl_listener_config listener = {
        .name = "ws.port", .address = "127.0.0.1", .ws = &server_ops, .ws_arg = f};

    f->loop = sl_loop_create("control");
    f->heard = json_array();
    assert_int_equal(sl_http_create(f->loop, &limits, &f->http, NULL), 0);
    assert_int_equal(sl_listener_create(f->http, &listener, &f->listener, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_http_destroy(f->http);
    sl_loop_destroy(f->loop);
    json_decref(f->heard);
    free(f);
    hurry = false;
    forward_s = 0;
    return 0;
}

/* ---- The ordinary course ---- */

static void assert_member(json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));

    if (!value || strcmp(value, text) != 0)
        fail_msg("%s: %s", key, value ? value : "none");
}

static void the_conversation_has_its_order(void **state) /* websocket-api.md section 15 */
{
    struct fixture *f = *state;
    static const struct {
        bool publish, cluster;
        const char *request, *up, *stop;
    } cases[] = {
        {false, false, "playStream", STATUS("PLAYING", ""), "stopStream"},
        {false, true, "playStream", STATUS("PLAYING", ""), "stopStream"},
        {true, false, "publishStream", STATUS("PUBLISHING", ""), "unPublishStream"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        f->publish = cases[i].publish;
        f->cluster = cases[i].cluster;
        bring_to(f, OPEN);
        assert_int_equal(json_array_size(f->heard), 1);
        json_t *connection = heard_data(f, 0);
        json_t *sluice = json_object_get(json_object_get(connection, "custom"), "sluice");
        assert_member(connection, "appKey", "defaultApp");
        assert_member(sluice, "node", "n1");
        assert_int_equal(json_is_true(json_object_get(sluice, "cluster")), cases[i].cluster);
        assert_told(f, "");

        say(f, "{\"message\":\"getVersion\",\"data\":[\"5.2\"]}");
        say(f, USER_DATA);
        say(f, USER_DATA); /* once is enough */
        expect_told(f, "established\n");
        assert_true(sl_addr_is_loopback(sl_agent_remote(f->agent)));
        sl_agent_request(f->agent, "v=0 offer", true, !cases[i].publish);
        assert_string_equal(heard_name(f, 1), cases[i].request);
        assert_member(heard_data(f, 1), "mediaSessionId", "media-1");
        assert_member(heard_data(f, 1), "name", "cam");
        assert_member(heard_data(f, 1), "sdp", "v=0 offer");
        assert_int_equal(json_is_true(json_object_get(heard_data(f, 1), "hasVideo")),
                         !cases[i].publish);
        assert_told(f, "");

        say(f, STATUS("PENDING", ""));
        say(f, ANSWER);
        say(f, cases[i].up);
        say(f, OUR("notifyStreamEvent", ",\"type\":\"data\",\"info\":\"i\",\"payload\":7"));
        say(f, OUR("notifyStreamEvent", ",\"type\":\"audioMuted\""));
        say(f, OUR("notifyStreamEvent", "")); /* of no type: of no use */
        expect_told(f, "answer v=0 answer\nup\nevent data \"i\" 7\nevent audioMuted - 0\n");

        leave(f);
        assert_string_equal(heard_name(f, 2), cases[i].stop);
        assert_member(heard_data(f, 2), "mediaSessionId", "media-1");
        assert_string_equal(f->closed, "closed by the peer, code 1000");
        assert_int_equal(json_array_size(f->heard), 3);
        assert_told(f, "");
    }
}

static void pings_are_answered_however_many(void **state)
{
    enum { PINGS = 3000 };
    struct fixture *f = *state;

    bring_to(f, UP);
    for (int i = 0; i < PINGS; i++)
        say(f, "{\"message\":\"ping\",\"data\":[]}");
    wait_until(f, json_array_size(f->heard) == 2 + PINGS);
    for (size_t i = 2; i < 2 + PINGS; i++)
        assert_string_equal(heard_name(f, i), "pong");
    say(f, OUR("notifyStreamEvent", ",\"type\":\"data\""));
    expect_told(f, "event data - 0\n");
    leave(f);
}

static void a_second_answer_is_passed_over(void **state) /* websocket-api.md 6.5 */
{
    struct fixture *f = *state;

    bring_to(f, UP);
    say(f, ANSWER);
    say(f, "{\"message\":\"setRemoteSDP\",\"data\":[\"media-1\",\"v=0 other\",true]}");
    say(f, "{\"message\":\"setRemoteSDP\",\"data\":[\"media-1\"]}");
    say(f, OUR("notifyStreamEvent", ",\"type\":\"data\""));
    expect_told(f, "event data - 0\n");
    leave(f);
}

static void only_a_plain_no_makes_a_stream_anybodys(void **state)
{
    struct fixture *f = *state;

    bring_to(f, REQUESTED);
    say(f, OUR("notifyStreamGuard", ",\"guarded\":true"));
    say(f, OUR("notifyStreamGuard", ",\"guarded\":\"false\""));
    say(f, OUR("notifyStreamGuard", ""));
    say(f, "{\"message\":\"notifyStreamGuard\",\"data\":[{\"mediaSessionId\":\"media-2\","
           "\"guarded\":false}]}");
    say(f, ANSWER);
    expect_told(f, "answer v=0 answer\n");
    say(f, OUR("notifyStreamGuard", ",\"guarded\":false"));
    expect_told(f, "open\n");
    leave(f);
}

#define OTHERS(message, fields)                                                                    \
    "{\"message\":\"" message "\",\"data\":[{\"mediaSessionId\":\"media-2\"" fields "}]}"

static void what_is_said_of_other_streams_is_passed_over(void **state)
{
    struct fixture *f = *state;
    static const char *const messages[] = {
        "{\"message\":\"setRemoteSDP\",\"data\":[\"media-2\",\"v=0\",true]}",
        "{\"message\":\"setRemoteSDP\",\"data\":[null,\"v=0\",true]}",
        "{\"message\":\"setRemoteSDP\",\"data\":[]}",
        OTHERS("notifyStreamStatusEvent", ",\"status\":\"PLAYING\""),
        OTHERS("notifyStreamStatusEvent", ",\"status\":\"FAILED\""),
        OTHERS("notifyStreamStatusEvent", ",\"status\":\"STOPPED\""),
        OTHERS("notifyStreamEvent", ",\"type\":\"data\""),
        OTHERS("fail", ",\"info\":\"no\""),
        "{\"message\":\"fail\",\"data\":[{\"info\":\"of no stream\"}]}",
        "{\"message\":\"notifyStreamStatusEvent\",\"data\":[{\"status\":\"FAILED\"}]}",
        "{\"message\":\"notifyStreamEvent\",\"data\":[{\"type\":\"data\"}]}",
        "{\"message\":\"notifyStreamStatusEvent\"}",
        "{\"message\":\"somethingNew\",\"data\":[{\"mediaSessionId\":\"media-1\"}]}",
        STATUS("RESIZE", ""),
        OUR("notifyStreamStatusEvent", ""),
    };

    for (enum phase phase = REQUESTED; phase <= UP; phase++) {
        bring_to(f, phase);
        for (size_t i = 0; i < SL_ARRAY_LEN(messages); i++)
            say(f, messages[i]);
        say(f, OUR("notifyStreamEvent", ",\"type\":\"data\""));
        expect_told(f, "event data - 0\n");
        leave(f);
    }
}

static void nothing_of_a_stream_counts_before_it_is_asked_for(void **state)
{
    struct fixture *f = *state;

    for (enum phase phase = OPEN; phase <= ESTABLISHED; phase++) {
        bring_to(f, phase);
        say(f, ANSWER);
        say(f, STATUS("PLAYING", ""));
        say(f, STATUS("FAILED", "no"));
        say(f, OUR("notifyStreamEvent", ",\"type\":\"data\""));
        say(f, "{\"message\":\"ping\",\"data\":[]}");
        assert_string_equal(heard_name(f, 1), "pong");
        assert_told(f, "");
        leave(f);
        assert_int_equal(json_array_size(f->heard), 2); /* there is nothing to stop */
    }
}

/* ---- Ends ---- */

static void each_refusal_and_end_is_told_once_in_the_servers_words(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum phase phase;
        const char *text, *told;
    } cases[] = {
        {OPEN, "{\"message\":\"fail\",\"data\":[{\"info\":\"403 Forbidden\"}]}",
         "failed: 403 Forbidden\n"},
        {OPEN, "{\"message\":\"fail\",\"data\":[{}]}", "failed: refused\n"},
        {OPEN, "{\"message\":\"fail\"}", "failed: refused\n"},
        {OPEN, "{\"message\":\"getUserData\",\"data\":[{\"status\":\"FAILED\"}]}",
         "failed: the session was not established\n"},
        {REQUESTED, OUR("fail", ",\"info\":\"no\""), "failed: no\n"},
        {REQUESTED, "{\"message\":\"fail\",\"data\":[{\"id\":\"media-1\"}]}", "failed: refused\n"},
        {REQUESTED, STATUS("FAILED", "Stream not found"), "failed: Stream not found\n"},
        {REQUESTED, STATUS("FAILED", ""), "failed: FAILED\n"},
        {REQUESTED, STATUS("STOPPED", "early"), "failed: early\n"},
        {REQUESTED, "{\"message\":\"setRemoteSDP\",\"data\":[\"media-1\"]}",
         "failed: an answer without SDP\n"},
        {ANSWERED, STATUS("FAILED", "Failed by ICE timeout"), "failed: Failed by ICE timeout\n"},
        {UP, STATUS("FAILED", "Stopped by publisher stop"), "ended: Stopped by publisher stop\n"},
        {UP, STATUS("STOPPED", ""), "ended: STOPPED\n"},
        {UP, STATUS("UNPUBLISHED", "Stopped by rest /terminate"),
         "ended: Stopped by rest /terminate\n"},
        {UP, OUR("fail", ",\"info\":\"no\""), "failed: no\n"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        bring_to(f, cases[i].phase);
        size_t count = json_array_size(f->heard);
        say(f, cases[i].text);
        say(f, cases[i].text); /* all that comes after it is of no account */
        say(f, STATUS("STOPPED", "later"));
        say(f, OUR("notifyStreamEvent", ",\"type\":\"data\""));
        wait_closed(f);
        for (int t = 0; t < 5; t++)
            turn(f);
        if (strcmp(f->told, cases[i].told) != 0)
            fail_msg("%s: told %s", cases[i].text, f->told);
        f->told[0] = '\0';
        assert_null(f->agent);
        assert_string_equal(f->closed, "closed by the peer, code 1000");
        assert_int_equal(json_array_size(f->heard), count); /* what has ended is not stopped */
    }
}

static void a_connection_that_is_lost_or_closed_ends_it_in_each_phase(void **state)
{
    struct fixture *f = *state;

    for (enum phase phase = OPEN; phase <= UP; phase++) {
        bring_to(f, phase);
        sl_ws_close(f->ws, 4001, "enough");
        expect_told(f, "failed: closed by the peer, code 4001\n");
        wait_closed(f);
        bring_to(f, phase);
        sl_ws_abort(f->ws);
        wait_until(f, !f->agent);
        assert_non_null(strstr(f->told, "failed: "));
        assert_ptr_equal(strchr(f->told, '\n'), f->told + strlen(f->told) - 1);
        f->told[0] = '\0';
        wait_closed(f);
    }
}

static void a_server_that_cannot_be_reached_is_told_of(void **state)
{
    struct fixture *f = *state;
    struct sl_listener *plain;
    struct sl_listener_config config = {.name = "http", .address = "127.0.0.1"};

    f->refuses = true;
    create(f, sl_listener_port(f->listener));
    assert_told(f, ""); /* never from within */
    expect_told(f, "failed: closed by the peer, code 1013\n");
    assert_int_equal(sl_listener_create(f->http, &config, &plain, NULL), 0);
    create(f, sl_listener_port(plain));
    expect_told(f, "failed: the server answers 400\n");
    create(f, 1); /* where nobody listens */
    wait_until(f, !f->agent);
    assert_non_null(strstr(f->told, "failed: "));
}

static void a_host_that_nobody_connects_to_is_refused(void **state) /* hardening.md class 16 */
{
    struct fixture *f = *state;
    static const char *const hosts[] = {"ws://169.254.169.254", "ws://0.0.0.0:%u",
                                        "ws://[::ffff:169.254.169.254]", "ws://[fe80::1]"};

    for (size_t i = 0; i < SL_ARRAY_LEN(hosts); i++) {
        struct sl_pull_uri uri;
        struct agent_config config = {.http = f->http,
                                      .loop = f->loop,
                                      .uri = &uri,
                                      .connect_timeout_s = 2,
                                      .node_id = "n1",
                                      .media_session_id = "media-1",
                                      .name = "cam",
                                      .ops = &agent_ops,
                                      .owner = f};
        char text[64];
        if (i == 1)
            (void)snprintf(text, sizeof(text), "ws://0.0.0.0:%u", sl_listener_port(f->listener));
        else
            (void)snprintf(text, sizeof(text), "%s", hosts[i]);
        assert_int_equal(sl_pull_uri_parse(text, &uri, NULL), 0);
        assert_int_equal(sl_agent_create(&config, &f->agent), 0);
        wait_until(f, !f->agent);
        assert_non_null(strstr(f->told, "failed: "));
        assert_null(f->ws);
        f->told[0] = '\0';
    }
}

static void a_server_that_talks_nonsense_is_left(void **state)
{
    enum { MAX = 100 };
    struct fixture *f = *state;

    bring_to(f, UP);
    for (int round = 0; round < 3; round++) { /* in a row only */
        for (int i = 0; i < MAX - 1; i++)
            say(f, i % 2 ? "{\"data\":[]}" : "what?");
        say(f, OUR("notifyStreamEvent", ",\"type\":\"data\""));
        expect_told(f, "event data - 0\n");
    }
    for (int i = 0; i < 2 * MAX; i++)
        say(f, "what?");
    expect_told(f, "failed: the server sends what is no message\n");
    wait_closed(f);
    assert_told(f, "");
}

static void a_server_that_is_silent_is_left_and_one_that_pongs_is_not(void **state)
{
    struct fixture *f = *state;

    hurry = true;
    bring_to(f, UP);
    for (int i = 0; i < 4; i++) { /* the server answers each ping: it lives */
        forward_s += SILENCE_S - 1;
        for (int t = 0; t < 20; t++)
            turn(f);
        assert_told(f, "");
    }
    leave(f);
    /* Nothing is heard between two looks: the clock jumps over all of it. */
    bring_to(f, UP);
    forward_s += SILENCE_S + 1;
    expect_told(f, "failed: the server is silent\n");
    wait_closed(f);
    assert_told(f, "");
}

/* ---- Leaving ---- */

static void leaves_in_each_phase_and_says_no_more(void **state)
{
    struct fixture *f = *state;

    for (enum phase phase = CONNECTING; phase < PHASES; phase++) {
        bring_to(f, phase);
        size_t count = json_array_size(f->heard);
        sl_agent_leave(f->agent);
        f->agent = NULL;
        if (phase >= OPEN) { /* what is under way is of no account */
            say(f, USER_DATA);
            say(f, ANSWER);
            say(f, STATUS("FAILED", "no"));
            wait_closed(f);
        }
        for (int t = 0; t < 20; t++)
            turn(f);
        assert_told(f, "");
        assert_int_equal(json_array_size(f->heard), count + (phase >= REQUESTED));
        assert_null(f->ws);
    }
    sl_agent_leave(NULL);
}

static void leaves_from_within_callbacks(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum phase before, leave_in;
        const char *text, *told;
    } cases[] = {
        {OPEN, ESTABLISHED, USER_DATA, "established\n"},
        {REQUESTED, ANSWERED, ANSWER, "answer v=0 answer\n"},
        {ANSWERED, UP, STATUS("PLAYING", ""), "up\n"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        bring_to(f, cases[i].before);
        f->leave_in = cases[i].leave_in;
        say(f, cases[i].text);
        say(f, cases[i].text);
        say(f, STATUS("FAILED", "no"));
        wait_closed(f);
        assert_told(f, cases[i].told);
        f->leave_in = CONNECTING;
    }
}

static void goes_down_with_the_http_side_in_each_phase(void **state)
{
    void *of_this_round = NULL;

    (void)state;
    for (enum phase phase = CONNECTING; phase < PHASES; phase++) {
        for (int leaving = 0; leaving <= 1; leaving++) {
            (void)set_up(&of_this_round);
            struct fixture *f = of_this_round;
            bring_to(f, phase);
            if (leaving)
                sl_agent_leave(f->agent);
            sl_http_destroy(f->http);
            f->http = NULL;
            if (leaving)
                assert_told(f, "");
            else
                assert_true(strncmp(f->told, "failed: ", 8) == 0);
            (void)tear_down(&of_this_round);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_conversation_has_its_order),
        TEST(pings_are_answered_however_many),
        TEST(a_second_answer_is_passed_over),
        TEST(only_a_plain_no_makes_a_stream_anybodys),
        TEST(what_is_said_of_other_streams_is_passed_over),
        TEST(nothing_of_a_stream_counts_before_it_is_asked_for),
        TEST(each_refusal_and_end_is_told_once_in_the_servers_words),
        TEST(a_connection_that_is_lost_or_closed_ends_it_in_each_phase),
        TEST(a_server_that_cannot_be_reached_is_told_of),
        TEST(a_host_that_nobody_connects_to_is_refused),
        TEST(a_server_that_talks_nonsense_is_left),
        TEST(a_server_that_is_silent_is_left_and_one_that_pongs_is_not),
        TEST(leaves_in_each_phase_and_says_no_more),
        TEST(leaves_from_within_callbacks),
        TEST(goes_down_with_the_http_side_in_each_phase),
    };

    return cmocka_run_group_tests_name("pull agent", tests, NULL, NULL);
}
