/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/stream/snapshot: a picture of a stream (media-outputs.md 8). */
#include "stream/stream.h"
#include "variant/variant.h"

#include "base/base64.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <errno.h>
#include <string.h>

struct sl_snapshot_part {
    struct sl_streams *streams;
    struct sl_variants *variants;
    struct sl_list orders; /* struct order */
};

/* A call that waits for its picture. */
struct order {
    struct sl_list link; /* in part->orders */
    struct sl_call *call;
    struct sl_snapshot *snapshot;
};

/* Up to tens of megabytes: not worth the process, nor a tree of JSON. */
static void reply_picture(struct sl_call *call, const uint8_t *png, size_t len)
{
    static const char head[] = "{\"data\":\"", tail[] = "\"}";
    size_t head_len = sizeof(head) - 1, data_len = SL_BASE64_ROOM(len) - 1;
    char *text = malloc(head_len + data_len + sizeof(tail));

    if (!text) {
        sl_reply_error(call, 500, "out of memory");
        return;
    }
    memcpy(text, head, head_len);
    sl_base64_encode(png, len, text + head_len);
    memcpy(text + head_len + data_len, tail, sizeof(tail));
    sl_reply_text(call, 200, SL_TYPE_JSON, text, head_len + data_len + sizeof(tail) - 1);
    free(text);
}

static const char *words_of(int err)
{
    switch (err) {
    case -ENOENT:
        return "the stream has no pictures";
    case -ETIMEDOUT:
        return "no picture came in time";
    case -EPIPE:
        return "the stream has ended";
    default:
        return "no picture can be made of this stream";
    }
}

static void on_snapshot(void *owner, int err, const uint8_t *png, size_t len)
{
    struct order *order = owner;

    if (err < 0)
        sl_reply_error(order->call, 500, "%s", words_of(err));
    else
        reply_picture(order->call, png, len);
    sl_list_remove(&order->link);
    free(order);
}

static void answer_snapshot(struct sl_call *call, void *arg)
{
    struct sl_snapshot_part *part = arg;
    const char *name = sl_param_text(sl_call_body(call), "streamName");
    struct sl_stream *stream = sl_streams_find(part->streams, name);

    if (!stream || !sl_stream_is_live(stream)) {
        sl_reply_error(call, 404, "Stream not found");
        return;
    }
    struct order *order = sl_new(struct order);
    order->call = call;
    order->snapshot = sl_snapshot_take(part->variants, stream, 0, on_snapshot, order);
    if (order->snapshot) {
        sl_list_append(&part->orders, &order->link);
        return;
    }
    free(order);
    sl_reply_error(call, 503, "No available transcoders");
}

static const struct sl_param snapshot_params[] = {
    {.name = "streamName", .required = true, .about = "name of the stream"},
};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/stream/snapshot",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_snapshot,
     .about = "a picture of a stream, taken now",
     SL_ROUTE_PARAMS(snapshot_params),
     .answer = "Snapshot",
     .codes = "404 500 503"},
};

struct sl_snapshot_part *sl_snapshot_part_create(struct sl_streams *streams,
                                                 struct sl_variants *variants,
                                                 struct sl_router *router)
{
    struct sl_snapshot_part *part = sl_new(struct sl_snapshot_part);

    part->streams = streams;
    part->variants = variants;
    sl_list_init(&part->orders);
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    return part;
}

void sl_snapshot_part_destroy(struct sl_snapshot_part *part)
{
    if (!part)
        return;
    while (!sl_list_empty(&part->orders)) {
        struct order *order = sl_list_first(&part->orders, struct order, link);
        sl_snapshot_cancel(order->snapshot);
        sl_reply_error(order->call, 503, "the server is shutting down");
        sl_list_remove(&order->link);
        free(order);
    }
    free(part);
}
