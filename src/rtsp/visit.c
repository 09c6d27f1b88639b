/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream that a client is about: whether it may have it, at the gate and again. */
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "rtsp/client.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { UUID_LEN = 36 };

void sl_rtsp_visit_drop_permit(struct client *client)
{
    const struct sl_hooks *hooks = client->rtsp->config.hooks;

    hooks->cancel(hooks->arg, client->permit);
    client->permit = NULL;
}

static void draw_media_id(struct client *client)
{
    uint8_t bytes[16];
    char uuid[UUID_LEN + 1];
    int room = MEDIA_ID_MAX - UUID_LEN - (int)sizeof("--RTSP") + 1;
    size_t len = strlen(client->url.name);

    sl_random_bytes(bytes, sizeof(bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    (void)snprintf(uuid, sizeof(uuid),
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", bytes[0],
                   bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8],
                   bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]);
    if (len > (size_t)room)
        len = (size_t)room;
    while (len > 0 && ((uint8_t)client->url.name[len] & 0xc0) == 0x80)
        len--; /* not in the middle of a character */
    (void)snprintf(client->media_id, sizeof(client->media_id), "%s-%.*s-RTSP", uuid, (int)len,
                   client->url.name);
}

void sl_rtsp_visit_leave(struct client *client, bool said)
{
    struct sl_visit *visit = client->visit;

    client->visit = NULL;
    if (visit)
        client->rtsp->config.gate.leave(visit, said);
    sl_rtsp_url_deinit(&client->url);
    free(client->full_url);
    client->full_url = NULL;
    if (client->state != ENDED)
        client->state = INIT;
}

void sl_rtsp_visit_turn_to(struct client *client, struct sl_rtsp_url *url)
{
    sl_rtsp_visit_leave(client, true);
    client->url = *url;
    *url = (struct sl_rtsp_url){.params = NULL};
    client->full_url = sl_strdup(client->request->url);
    draw_media_id(client);
}

/* ---- At the gate ---- */

static void on_visit_end(void *owner, const struct sl_why *why)
{
    struct client *client = owner;
    enum state state = client->state;

    client->visit = NULL;
    sl_rtsp_visit_drop_permit(client);
    sl_rtsp_visit_leave(client, false);
    if (state == OPENING) {
        sl_rtsp_answer_status(client, sl_rtsp_status_of_reason(why->reason));
        return;
    }
    client->state = ENDED;
    if (client->request)
        sl_rtsp_answer(client, sl_rtsp_status_of_reason(why->reason), NULL, true);
    else
        sl_rtsp_wire_finish(client->wire, "its stream has ended");
}

static void enter(struct client *client)
{
    const struct sl_rtsp_config *parts = &client->rtsp->config;
    const struct sl_gate_request request = {
        .remote = sl_rtsp_wire_remote(client->wire),
        .local = sl_rtsp_wire_local(client->wire),
        .app_key = sl_rtsp_app_key(&client->url),
        .name = client->url.name,
        .id = client->media_id,
        .unasked = true,
        .unpermitted = !client->rtsp->config.config->rtsp_server_auth_enabled,
        .custom = client->url.params,
        .provider = &client->seat.provider,
        .on_end = on_visit_end,
        .owner = client,
    };

    client->state = OPENING;
    client->visit = parts->gate.enter(parts->gate.arg, &request);
}

void sl_rtsp_visit_on_seen(void *owner)
{
    struct client *client = owner;
    const struct sl_rtsp_track *tracks = sl_rtsp_medium_tracks(client->seat.medium);

    assert(client->state == OPENING && client->request);
    client->state = OPEN;
    if (tracks[SL_AUDIO].codec || tracks[SL_VIDEO].codec) {
        client->then(client);
        return;
    }
    sl_rtsp_visit_leave(client, false);
    sl_rtsp_answer_status(client, 415);
}

/* ---- May it? ---- */

static void permitted(struct client *client)
{
    if (client_is_ending(client))
        return;
    if (client->seat.is_seen)
        client->then(client);
    else
        enter(client);
}

static void on_permit(void *owner, const struct sl_hook_answer *answer)
{
    struct client *client = owner;

    client->permit = NULL;
    if (answer->status == 200)
        permitted(client);
    else
        sl_rtsp_answer_refusal(client);
}

/* Without the question nothing may be shown whose publisher has players asked about. */
static void pass_unasked(struct client *client)
{
    const struct sl_gate *gate = &client->rtsp->config.gate;

    if (!gate->is_guarded(gate->arg, client->url.name)) {
        permitted(client);
        return;
    }
    sl_log(SL_LOG_WARN, &client->log,
           "rtsp: refused, the stream's players are asked about and rtsp_server_auth_enabled is "
           "off");
    sl_rtsp_answer_refusal(client);
}

void sl_rtsp_visit_ask(struct client *client, void (*then)(struct client *client))
{
    const struct sl_rtsp_config *parts = &client->rtsp->config;
    const struct sl_rtsp_permit_request request = {
        .hooks = parts->hooks,
        .node_id = parts->node_id,
        .media_session_id = client->media_id,
        .full_url = client->full_url,
        .url = &client->url,
        .user_agent = client->user_agent,
        .remote = sl_rtsp_wire_remote(client->wire),
        .local = sl_rtsp_wire_local(client->wire),
        .on_answer = on_permit,
        .owner = client,
    };

    client->then = then;
    if (!parts->config->rtsp_server_auth_enabled) {
        pass_unasked(client);
        return;
    }
    client->permit = sl_rtsp_permit_ask(&request);
    if (!client->permit)
        sl_rtsp_answer_refusal(client);
}
