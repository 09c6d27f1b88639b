/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the table that take streams elsewhere: to other servers, files and players of other
 * protocols than WebRTC. */
#include "server/internal.h"

#include "base/config.h"
#include "base/error.h"
#include "hooks/hooks.h"
#include "push/push.h"
#include "server/autopush.h"
#include "session/session.h"

static int create_pushes(struct sl_server *server, struct sl_error *error)
{
    struct sl_pushes_config pushes = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .jobs = server->jobs,
        .programs = server->programs,
        .tls = server->tls,
        .counters = server->counters,
    };

    (void)error;
    server->pushes = sl_pushes_create(&pushes);
    server->autopush = sl_autopush_create(server->config, server->pushes, server->streams);
    return 0;
}

static bool stop_pushes(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_pushes_stop(server->pushes, on_stopped, owner);
    return true;
}

static void destroy_pushes(struct sl_server *server)
{
    sl_autopush_destroy(server->autopush);
    sl_pushes_destroy(server->pushes);
}

/* ---- Rows of the table ---- */

const struct sl_part sl_part_pushes = {"pushes", .create = create_pushes, .stop = stop_pushes,
                                       .destroy = destroy_pushes};

