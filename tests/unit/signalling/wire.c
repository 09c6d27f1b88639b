/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients at the far end of fake WebSockets. */
#include "wire.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static bool take_socket(void *arg, const char *session_id, struct sl_ws *ws)
{
    static const struct sl_ws_ops ops = {.on_text = NULL};
    struct wire *wire = arg;

    if (wire->takes_none)
        return false;
    wire->taken = ws;
    (void)snprintf(wire->taken_by, sizeof(wire->taken_by), "%s", session_id);
    sl_ws_set_owner(ws, &ops, NULL);
    return true;
}

int set_up(void **state)
{
    struct wire *wire = sl_new(struct wire);

    wire->sockets = (struct sl_media_sockets){.arg = wire, .take = take_socket};
    fake_server_init(&wire->server);
    const struct sl_signalling_config config = {.sessions = wire->server.sessions,
                                                .sockets = &wire->sockets,
                                                .config = wire->server.config,
                                                .counters = wire->server.counters};
    wire->signalling = sl_signalling_create(&config);
    *state = wire;
    return 0;
}

int tear_down(void **state)
{
    struct wire *wire = *state;

    assert_int_equal(sl_signalling_count(wire->signalling), 0);
    sl_signalling_destroy(wire->signalling);
    fake_server_deinit(&wire->server);
    free(wire);
    return 0;
}

uint16_t closing_code(struct sl_ws *ws)
{
    uint16_t code = 0;

    assert_true(fake_ws_is_closing(ws, &code));
    return code;
}

bool is_closing(struct sl_ws *ws)
{
    uint16_t code;

    return fake_ws_is_closing(ws, &code);
}

struct sl_ws *open_socket(struct wire *wire, uint16_t port)
{
    struct sl_ws *ws = fake_ws_create("198.51.100.23", port);

    fake_ws_open(ws, sl_signalling_ws_ops(), wire->signalling);
    return ws;
}

struct sl_ws *open_session(struct wire *wire, uint16_t port)
{
    struct sl_ws *ws = open_socket(wire, port);

    say(ws, "connection", "{'appKey':'defaultApp','mediaProviders':['WebRTC']}");
    json_decref(expect(ws, "getUserData"));
    json_decref(expect(ws, "getVersion"));
    return ws;
}

static json_t *parse_quoted(const char *text)
{
    char *copy = sl_strdup(text);

    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *value = json_loads(copy, JSON_DECODE_ANY, NULL);
    if (!value)
        fail_msg("the test's own JSON is broken: %s", text);
    free(copy);
    return value;
}

static void say_json(struct sl_ws *ws, const char *name, json_t *object)
{
    json_t *message = json_pack("{s:s, s:[o]}", "message", name, "data", object);
    char *text = json_dumps(message, JSON_COMPACT);

    fake_ws_receive(ws, text);
    free(text);
    json_decref(message);
}

void say(struct sl_ws *ws, const char *name, const char *object)
{
    say_json(ws, name, parse_quoted(object));
}

void say_stream(struct sl_ws *ws, const char *name, const char *id, const char *stream)
{
    bool publishing = strcmp(name, "publishStream") == 0;

    say_json(ws, name,
             json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:b, s:s, s:s}", "mediaSessionId", id,
                       "name", stream, "published", publishing, "hasVideo", 1, "hasAudio", 1,
                       "status", "PENDING", "record", 0, "mediaProvider", "WebRTC", "sdp",
                       fake_offer(publishing, true, true)));
}

json_t *expect(struct sl_ws *ws, const char *name)
{
    json_t *message = fake_ws_next(ws);
    const char *got = json_string_value(json_object_get(message, "message"));

    if (!got || strcmp(got, name) != 0) {
        char *text = message ? json_dumps(message, 0) : NULL;
        fail_msg("expected %s, got %s", name, text ? text : "nothing");
    }
    json_t *data = json_incref(json_object_get(message, "data"));
    json_decref(message);
    return data;
}

void expect_exactly(struct sl_ws *ws, const char *name, const char *object)
{
    json_t *data = expect(ws, name), *expected = parse_quoted(object);

    if (!json_equal(json_array_get(data, 0), expected)) {
        char *text = json_dumps(data, 0);
        fail_msg("%s: got %s, expected %s", name, text, object);
    }
    json_decref(expected);
    json_decref(data);
}

static void expect_text(json_t *object, const char *key, const char *expected)
{
    const char *got = json_string_value(json_object_get(object, key));

    if (strcmp(got ? got : "", expected) != 0)
        fail_msg("%s: got %s, expected %s", key, got ? got : "nothing", expected);
}

json_t *expect_status(struct sl_ws *ws, const char *id, const char *status, const char *info)
{
    json_t *data = expect(ws, "notifyStreamStatusEvent");
    json_t *object = json_incref(json_array_get(data, 0));

    expect_text(object, "mediaSessionId", id);
    expect_text(object, "status", status);
    expect_text(object, "info", info);
    json_decref(data);
    return object;
}

void expect_nothing(struct sl_ws *ws)
{
    json_t *message = fake_ws_next(ws);

    if (message) {
        char *text = json_dumps(message, 0);
        fail_msg("unexpected: %s", text);
    }
}
