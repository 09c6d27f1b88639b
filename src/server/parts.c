/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes, stops and destroys what stands in the table of parts. */
#include "server/parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "server/internal.h"

#include <assert.h>
#include <string.h>

int sl_parts_create(struct sl_server *server, struct sl_error *error)
{
    for (size_t i = 0; i < SL_SERVER_PARTS; i++) {
        const struct sl_part *part = sl_server_parts[i];
        int err = part->create ? part->create(server, error) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

static const struct sl_part_state *find_state(const struct sl_server *server, const char *name)
{
    for (size_t i = 0; i < SL_SERVER_PARTS; i++)
        if (strcmp(sl_server_parts[i]->name, name) == 0)
            return &server->parts.states[i];
    assert(false); /* a row waits for a part that is in none */
    return NULL;
}

static void on_stopped(void *owner);

/* True if it was stopped at once, as there was nothing to stop. */
static bool stop_part(struct sl_server *server, const struct sl_part *part,
                      struct sl_part_state *state)
{
    state->server = server;
    state->stopping = true;
    state->stop_us = sl_now_us();
    if (part->stop && part->stop(server, on_stopped, state))
        return false;
    state->stopped = true;
    return true;
}

static bool may_stop(const struct sl_server *server, const struct sl_part *part)
{
    for (size_t i = 0; i < SL_PART_AFTER_MAX && part->after[i]; i++) {
        if (!find_state(server, part->after[i])->stopped)
            return false;
    }
    return true;
}

/* Those that wait for none, or for such as have stopped. */
static void stop_ready(struct sl_server *server)
{
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < SL_SERVER_PARTS; i++) {
            const struct sl_part *part = sl_server_parts[i];
            struct sl_part_state *state = &server->parts.states[i];
            if (!state->stopping && may_stop(server, part))
                again |= stop_part(server, part, state);
        }
    }
}

static void on_stopped(void *owner)
{
    struct sl_part_state *state = owner;

    state->stopped = true;
    stop_ready(state->server);
}

void sl_parts_stop(struct sl_server *server)
{
    server->parts.stop_us = sl_now_us();
    stop_ready(server);
}

static void cut(struct sl_server *server)
{
    server->parts.cut = true;
    for (size_t i = 0; i < SL_SERVER_PARTS; i++)
        if (sl_server_parts[i]->cut && !server->parts.states[i].stopped)
            sl_server_parts[i]->cut(server);
}

/* What is not waited for any longer counts as stopped, for those too that come behind it. */
static void give_up(struct sl_server *server, size_t index, int64_t now_us)
{
    struct sl_part_state *state = &server->parts.states[index];
    int64_t give_up_us = sl_server_parts[index]->give_up_ms * SL_US_PER_MS;

    if (give_up_us == 0 || !state->stopping || state->stopped ||
        now_us < state->stop_us + give_up_us)
        return;
    state->stopped = true;
    stop_ready(server);
}

bool sl_parts_stopped(struct sl_server *server)
{
    int64_t now_us = sl_now_us();

    if (!server->parts.cut && now_us >= server->parts.stop_us + SL_PARTS_GRACE_MS * SL_US_PER_MS)
        cut(server);
    for (size_t i = 0; i < SL_SERVER_PARTS; i++)
        give_up(server, i, now_us);
    for (size_t i = 0; i < SL_SERVER_PARTS; i++) {
        if (!server->parts.states[i].stopped)
            return false;
    }
    return true;
}

void sl_parts_destroy(struct sl_server *server)
{
    for (size_t i = SL_SERVER_PARTS; i-- > 0;)
        if (sl_server_parts[i]->destroy)
            sl_server_parts[i]->destroy(server);
}
