/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests of one client, one after the other, and its life. */
#include "rtsp/client.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { USER_AGENT_MAX = 128 };

/* ---- Requests ---- */

static void take_user_agent(struct client *client)
{
    const char *agent = sl_rtsp_message_find(client->request, "User-Agent");

    if (!agent || client->user_agent)
        return;
    client->user_agent = sl_strndup(agent, USER_AGENT_MAX);
}

static void on_broken(struct client *client, int err)
{
    int status = err == -ENAMETOOLONG ? 414 : err == -EMSGSIZE ? 413 : 400;

    if (err == -EPROTONOSUPPORT)
        status = 505;
    sl_rtsp_answer(client, status, NULL, true);
}

static void on_request(void *owner, struct sl_rtsp_message *request, int err)
{
    struct client *client = owner;

    if (client->state == ENDED) {
        sl_rtsp_message_free(request);
        return;
    }
    assert(!client->request);
    if (!request) {
        on_broken(client, err);
        return;
    }
    client->request = request;
    take_user_agent(client);
    sl_rtsp_method_run(client);
}

/* ---- Life ---- */

static void check_gone(struct client *client)
{
    struct sl_rtsp *rtsp = client->rtsp;

    if (client->wire || client->seat.media > 0)
        return;
    sl_rtsp_clients_remove(rtsp, &client->link);
    free(client->user_agent);
    free(client);
}

static void on_closed(void *owner)
{
    struct client *client = owner;

    client->wire = NULL;
    check_gone(client);
}

static void on_left(void *owner)
{
    struct client *client = owner;

    if (!client->wire)
        check_gone(client);
}

/* Nothing is asked or answered any more. */
static void end(struct client *client)
{
    client->state = ENDED;
    sl_rtsp_visit_drop_permit(client);
    sl_rtsp_message_free(client->request);
    client->request = NULL;
    sl_rtsp_visit_leave(client, false);
}

static void close_wire(struct client *client)
{
    if (!client->closing)
        sl_rtsp_wire_close(client->wire);
    client->closing = true;
}

static void on_gone(void *owner, const char *why)
{
    struct client *client = owner;

    sl_log(SL_LOG_DEBUG, &client->log, "rtsp: connection ended: %s", why);
    end(client);
    close_wire(client);
}

void sl_rtsp_client_end(struct sl_rtsp_client *link, bool at_once)
{
    struct client *client = sl_container_of(link, struct client, link);

    end(client);
    if (at_once)
        close_wire(client);
    else if (!client->closing)
        sl_rtsp_wire_finish(client->wire, "the server ends");
}

void sl_rtsp_client_create(struct sl_rtsp *rtsp, int fd)
{
    static const struct sl_rtsp_wire_ops wire_ops = {
        .on_request = on_request, .on_gone = on_gone, .on_closed = on_closed};
    static const struct sl_rtsp_seat_ops seat_ops = {.on_seen = sl_rtsp_visit_on_seen,
                                                     .on_prepared = sl_rtsp_method_on_prepared,
                                                     .on_left = on_left};
    struct client *client = sl_new(struct client);
    char remote[SL_ADDR_TEXT_MAX];

    client->timeout_s = rtsp->config.config->rtsp_timeout_s;
    int err = sl_rtsp_wire_create(rtsp->config.loop, rtsp->conns, fd, (int)client->timeout_s,
                                  &wire_ops, client, &client->wire);

    if (err < 0) {
        sl_log(SL_LOG_WARN, NULL, "rtsp: a connection cannot be watched: %s", strerror(-err));
        free(client);
        return;
    }
    client->rtsp = rtsp;
    sl_rtsp_seat_init(&client->seat, rtsp, &seat_ops, client);
    sl_log_scope_init(&client->log, NULL, "rtsp",
                      sl_addr_format(sl_rtsp_wire_remote(client->wire), remote));
    client->link.remote = *sl_rtsp_wire_remote(client->wire);
    sl_rtsp_clients_add(rtsp, &client->link);
}
