/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All clients, and what is told when the last of them has gone. */
#include "rtsp/internal.h"

void sl_rtsp_clients_add(struct sl_rtsp *rtsp, struct sl_rtsp_client *client)
{
    sl_list_append(&rtsp->clients, &client->link);
    rtsp->client_count++;
}

void sl_rtsp_clients_remove(struct sl_rtsp *rtsp, struct sl_rtsp_client *client)
{
    sl_list_remove(&client->link);
    rtsp->client_count--;
    sl_rtsp_clients_check_stopped(rtsp);
}

size_t sl_rtsp_clients_of(const struct sl_rtsp *rtsp, const struct sl_addr *remote)
{
    const struct sl_rtsp_client *client;
    size_t count = 0;

    sl_list_foreach(client, &rtsp->clients, struct sl_rtsp_client, link)
    {
        if (sl_addr_same_site(&client->remote, remote))
            count++;
    }
    return count;
}

static void on_stopped(struct sl_later *later)
{
    struct sl_rtsp *rtsp = sl_container_of(later, struct sl_rtsp, stopped);
    void (*told)(void *owner) = rtsp->on_stopped;

    rtsp->on_stopped = NULL;
    told(rtsp->stopped_owner);
}

void sl_rtsp_clients_check_stopped(struct sl_rtsp *rtsp)
{
    if (!rtsp->on_stopped || rtsp->client_count > 0)
        return;
    rtsp->stopped.run = on_stopped;
    sl_loop_later(rtsp->config.loop, &rtsp->stopped);
}
