/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/rooms: rooms and who is in them (rooms-mixers-diagnostics.md 1.8). */
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"
#include "session/session.h"

static void answer_rooms(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;

    sl_reply_json(call, 200, sl_sessions_describe_rooms(control->sessions));
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    const struct sl_control *control = arg;
    json_t *params = sl_call_body(call);

    if (sl_sessions_terminate_room(control->sessions, sl_param_text(params, "name"),
                                   sl_param_text(params, "appKey"),
                                   sl_param_text(params, "login")) > 0)
        sl_reply_empty(call);
    else
        sl_reply_error(call, 404, "Room or participant not found");
}

static const struct sl_param terminate_params[] = {
    {.name = "name", .required = true, .about = "name of the room"},
    {.name = "appKey", .about = "of this application; without: of any"},
    {.name = "login", .about = "this participant alone; without: all"},
};

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/api/v1/rooms",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_rooms,
     .about = "the rooms, with their participants and the streams of these",
     .answer = "application/json"},
    {.methods = "POST",
     .path = "/api/v1/rooms/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "has participants leave a room; their streams there end, their sessions stay",
     SL_ROUTE_PARAMS(terminate_params),
     .codes = "404"},
};

void sl_control_add_rooms(struct sl_control *control, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), control);
}
