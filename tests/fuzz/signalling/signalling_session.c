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
};

static void open_socket(struct world *world, size_t index)
{
    world->sockets[index] = fake_ws_create("198.51.100.23", ++world->next_port);
    fake_ws_open(world->sockets[index], sl_signalling_ws_ops(), world->signalling);
}

static void check_sent(struct sl_ws *ws)
{
    static const char *const known[] = {"PUBLISHING", "PLAYING", "UNPUBLISHED", "STOPPED",
                                        "FAILED"};

    for (json_t *message; (message = fake_ws_next(ws)); json_decref(message)) {
        const char *name = json_string_value(json_object_get(message, "message"));
        json_t *object = json_array_get(json_object_get(message, "data"), 0);
        const char *status = json_string_value(json_object_get(object, "status"));
        const char *id = json_string_value(json_object_get(object, "mediaSessionId"));
        if (strcmp(name, "notifyStreamStatusEvent") != 0)
            continue;
        bool found = false;
        for (size_t i = 0; i < SL_ARRAY_LEN(known); i++)
            found = found || strcmp(status, known[i]) == 0;
        assert(found);
        assert(!json_object_get(object, "sdp"));
        if (status[0] == 'P')
            assert(fake_peer(id) && fake_peer_started(id));
    }
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
        fake_ws_receive_bytes(world->sockets[line[0] - '1'], line + 1, len - 1);
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
        fake_ws_gone(world->sockets[1]);
        open_socket(world, 1);
        break;
    case 'h':
        world->server.hooks.prompt = false;
        memset(world->server.hooks.wanted, true, sizeof(world->server.hooks.wanted));
        break;
    case 'y':
    case 'n':
        answer_oldest(world, line[0] == 'y');
        break;
    default:
        break;
    }
    check_sent(world->sockets[0]);
    check_sent(world->sockets[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world world = {.next_port = 1000};
    char *text = sl_strndup((const char *)data, len);
    size_t text_len = strlen(text), lines = 0;

    fake_server_init(&world.server);
    sl_log_set_level(SL_LOG_ERROR);
    world.signalling = sl_signalling_create(world.server.sessions, world.server.config, NULL,
                                            world.server.counters);
    for (size_t i = 0; i < 2; i++) {
        open_socket(&world, i);
        fake_ws_receive(world.sockets[i],
                        "{\"message\":\"connection\",\"data\":[{\"appKey\":\"defaultApp\"}]}");
    }
    for (size_t start = 0; start < text_len && lines < LINES_MAX; lines++) {
        size_t end = start + strcspn(text + start, "\n");
        text[end] = '\0';
        if (end > start)
            run_line(&world, text + start, end - start);
        start = end + 1;
    }
    fake_ws_gone(world.sockets[0]);
    fake_ws_gone(world.sockets[1]);
    sl_signalling_destroy(world.signalling);
    fake_server_deinit(&world.server);
    free(text);
    return 0;
}
