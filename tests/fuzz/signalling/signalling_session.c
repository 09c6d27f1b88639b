/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two clients, a back end and the media engine, driven by the input line by line:
 *
 *   1<text> 2<text>   a WebSocket message of client 1 or 2
 *   c<id> s<id>       the peer of this mediaSessionId is connected, has sent media
 *   f<n><id>          it failed, with the n-th reason
 *   p                 closed peers report so
 *   t                 a second passes
 *   x                 client 2's socket goes, and a new one comes
 *   r                 sockets that come from now on are members' of rooms: logins m1 and m2
 *   h, y, n           questions to the back end wait from now on; the oldest is answered yes, no
 *
 * Checked: every message that goes out is an envelope (fake_ws.c), says a status the SDK knows, and
 * never PUBLISHING or PLAYING before an SDP; whatever happened, nothing is left in the end
 * (fake_server_deinit()).
 */
#include "../../unit/session/fake.h"
#include "base/mem.h"
#include "signalling/signalling.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { LINES_MAX = 200 };

struct world {
    struct fake_server server;
    struct sl_signalling *signalling;
    struct sl_ws *sockets[2];
    uint16_t next_port;
    bool rooms;
};

static bool is_text(struct sl_json_span value, const char *text)
{
    size_t len = strlen(text);

    return value.len == len + 2 && memcmp(value.text + 1, text, len) == 0;
}

static void check_has_peer(struct sl_json_span id)
{
    char text[256];

    if (id.len - 2 >= sizeof(text) || memchr(id.text, '\\', id.len))
        return;
    memcpy(text, id.text + 1, id.len - 2);
    text[id.len - 2] = '\0';
    assert(fake_peer(text) && fake_peer_started(text));
}

static void check_sent(struct sl_json_span text)
{
    static const char *const known[] = {"PUBLISHING", "PLAYING", "UNPUBLISHED", "STOPPED",
                                        "FAILED"};
    struct sl_json_span name = sl_json_member(text, "message");
    struct sl_json_span data = sl_json_member(text, "data");
    bool found = false;

    assert(name.len > 2 && name.text[0] == '"' && data.len > 0 && data.text[0] == '[');
    if (!is_text(name, "notifyStreamStatusEvent"))
        return;
    struct sl_json_span object = sl_json_first(data), status = sl_json_member(object, "status");
    for (size_t i = 0; i < SL_ARRAY_LEN(known); i++)
        found = found || is_text(status, known[i]);
    assert(found);
    assert(!sl_json_member(object, "sdp").text);
    if (status.text[1] == 'P')
        check_has_peer(sl_json_member(object, "mediaSessionId"));
}

static void open_socket(struct world *world, size_t index)
{
    world->sockets[index] = fake_ws_create("198.51.100.23", ++world->next_port);
    fake_ws_on_sent(world->sockets[index], check_sent);
    fake_ws_open(world->sockets[index], sl_signalling_ws_ops(), world->signalling);
}

/* Connected when something comes from it: most inputs need one client, or none. */
static struct sl_ws *client(struct world *world, size_t index)
{
    static const char *const connections[] = {
        "{\"message\":\"connection\",\"data\":[{\"appKey\":\"defaultApp\"}]}",
        "{\"message\":\"connection\",\"data\":[{\"appKey\":\"roomApp\",\"custom\":{\"login\":"
        "\"m1\"}}]}",
        "{\"message\":\"connection\",\"data\":[{\"appKey\":\"roomApp\",\"custom\":{\"login\":"
        "\"m2\"}}]}",
    };

    if (!world->sockets[index]) {
        open_socket(world, index);
        fake_ws_receive(world->sockets[index], connections[world->rooms ? 1 + index : 0]);
    }
    return world->sockets[index];
}

static void close_socket(struct world *world, size_t index)
{
    if (world->sockets[index])
        fake_ws_gone(world->sockets[index]);
    world->sockets[index] = NULL;
}

static void peer_event(const char *id, enum sl_peer_state state, enum sl_peer_failure failure)
{
    if (fake_peer(id))
        fake_peer_event(id, state, failure);
}

static void answer_oldest(struct world *world, bool allowed)
{
    const struct sl_hook_answer answer = {.allowed = allowed, .info = allowed ? NULL : "no"};

    for (enum sl_hook_method method = 0; method < SL_HOOK_METHOD_COUNT; method++)
        if (fake_hooks_answer(&world->server.hooks, method, &answer))
            return;
}

static void run_line(struct world *world, const char *line, size_t len)
{
    switch (line[0]) {
    case '1':
    case '2':
        fake_ws_receive_bytes(client(world, (size_t)(line[0] - '1')), line + 1, len - 1);
        break;
    case 'c':
        peer_event(line + 1, SL_PEER_CONNECTED, SL_PEER_OK);
        break;
    case 's':
        peer_event(line + 1, SL_PEER_STARTED, SL_PEER_OK);
        break;
    case 'f':
        if (len > 1)
            peer_event(line + 2, SL_PEER_FAILED,
                       (enum sl_peer_failure)((unsigned char)line[1] % (SL_PEER_DTLS_CLOSED + 1)));
        break;
    case 'p':
        fake_finish_closing();
        break;
    case 't':
        fake_advance_ms(1000);
        break;
    case 'x':
        close_socket(world, 1);
        open_socket(world, 1);
        break;
    case 'h':
        world->server.hooks.prompt = false;
        memset(world->server.hooks.wanted, true, sizeof(world->server.hooks.wanted));
        break;
    case 'r':
        world->rooms = true;
        break;
    case 'y':
    case 'n':
        answer_oldest(world, line[0] == 'y');
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct sl_config *config; /* nobody changes it */
    struct world world = {.next_port = 1000};
    char *text = sl_strndup((const char *)data, len);
    size_t text_len = strlen(text), lines = 0;

    if (!config)
        config = sl_config_create();
    fake_server_init_with(&world.server, config);
    world.server.hooks.forgets = true;
    sl_log_set_level(SL_LOG_ERROR);
    const struct sl_signalling_config signalling = {.sessions = world.server.sessions,
                                                    .config = world.server.config,
                                                    .counters = world.server.counters};
    world.signalling = sl_signalling_create(&signalling);
    for (size_t start = 0; start < text_len && lines < LINES_MAX; lines++) {
        size_t end = start + strcspn(text + start, "\n");
        text[end] = '\0';
        if (end > start)
            run_line(&world, text + start, end - start);
        start = end + 1;
    }
    close_socket(&world, 0);
    close_socket(&world, 1);
    sl_signalling_destroy(world.signalling);
    fake_server_deinit(&world.server);
    free(text);
    return 0;
}
