/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/nodes: the nodes of the cluster. */
#include "cluster/cluster.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

struct listing {
    struct sl_page page;
    int64_t now_ms;
};

static void list_node(const struct sl_cluster_node *node, void *arg)
{
    struct listing *listing = arg;

    if (!sl_page_wants(&listing->page))
        return;
    int64_t uptime_ms = listing->now_ms - node->started_ms;
    (void)json_array_append_new(
        listing->page.items,
        json_pack("{s:s, s:o, s:b, s:I, s:I, s:f, s:I}", "id", node->id, "uri",
                  sl_json_text(node->uri), "self", node->self, "streams",
                  (json_int_t)node->load.streams, "players", (json_int_t)node->load.players, "cpu",
                  node->load.cpu_percent, "uptime", (json_int_t)(uptime_ms > 0 ? uptime_ms : 0)));
}

static void answer_nodes(struct sl_call *call, void *arg)
{
    const struct sl_nodes_part *part = arg;
    struct listing listing = {.now_ms = sl_wall_ms()};

    if (sl_page_start(call, &listing.page) < 0)
        return;
    if (part->cluster)
        sl_cluster_each_node(part->cluster, list_node, &listing);
    sl_page_reply(call, &listing.page, "nodes");
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/api/v1/nodes",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_nodes,
     .about = "the nodes of the cluster, this one first; none without a cluster; ?limit= and "
              "?offset= for a part of them",
     .answer = "application/json",
     .codes = "400"},
};

void sl_nodes_part_add(struct sl_nodes_part *part, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
}
