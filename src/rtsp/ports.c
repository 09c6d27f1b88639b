/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairs that many share, and whose a report is. */
#include "rtsp/ports.h"

#include "base/config.h"
#include "base/mem.h"
#include "rtp/rtp.h"
#include "stream/stream.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

enum {
    FAMILIES = 2,
    PACKETS_MAX = 4, /* of one compound that are looked at */
    BLOCKS_MAX = 8,
};

struct pair {
    struct sl_rtsp_ports *ports;
    bool open; /* control's */
    struct sl_udp_pair sockets;
    struct sl_msg listen_msg;
    struct sl_udp_inlet *rtp, *rtcp; /* the worker's; NULL: not yet, or they cannot be watched */
    bool listening;                  /* the inlets have the sockets */
};

struct sl_rtsp_ports {
    struct sl_worker *worker;
    struct pair pairs[2][FAMILIES]; /* by kind; the second family is IPv4 */
    /* The worker's. */
    struct sl_udp_receiver *receiver;
    struct sl_table reporters; /* by the client's address, without a port */
};

/* ---- Whose it is ---- */

struct sought {
    const struct sl_addr *from;
    uint32_t ssrcs[BLOCKS_MAX];
    int count;
    const struct sl_rtsp_reporter *found; /* by its address alone */
    bool many;                            /* others have that, too */
};

static const struct sl_rtsp_reporter *reporter_of(const struct sl_table_node *node)
{
    return sl_container_of_const(node, struct sl_rtsp_reporter, node);
}

static bool is_from(const struct sl_table_node *node, const void *key)
{
    const struct sl_rtsp_reporter *reporter = reporter_of(node);
    const struct sought *sought = key;

    if (!sl_addr_same_ip(&reporter->client, sought->from))
        return false;
    for (size_t kind = 0; kind < 2; kind++) {
        if (reporter->ways[kind].over_udp && reporter->ways[kind].client_port == sought->from->port)
            return true;
    }
    return false;
}

static bool has_ssrc(const struct sl_rtsp_reporter *reporter, const struct sought *sought)
{
    for (int i = 0; i < sought->count; i++) {
        for (size_t kind = 0; kind < 2; kind++) {
            if (reporter->ways[kind].over_udp && reporter->ways[kind].ssrc == sought->ssrcs[i])
                return true;
        }
    }
    return false;
}

/* Of those at the sender's address: the one that it is about, or the only one. */
static bool is_about(const struct sl_table_node *node, const void *key)
{
    const struct sl_rtsp_reporter *reporter = reporter_of(node);
    struct sought *sought = (struct sought *)(uintptr_t)key; /* the search's own */

    if (!sl_addr_same_ip(&reporter->client, sought->from))
        return false;
    if (has_ssrc(reporter, sought))
        return true;
    sought->many = sought->found != NULL;
    sought->found = reporter;
    return false;
}

static void read_ssrcs(const uint8_t *data, size_t len, struct sought *sought)
{
    struct sl_report_block blocks[BLOCKS_MAX];
    struct sl_rtcp_view view;
    size_t offset = 0;

    for (int i = 0; i < PACKETS_MAX && sl_rtcp_next(data, len, &offset, &view) == 1; i++) {
        int count = sl_rtcp_read_blocks(&view, blocks, BLOCKS_MAX);
        for (int n = 0; n < count && sought->count < BLOCKS_MAX; n++)
            sought->ssrcs[sought->count++] = blocks[n].ssrc;
    }
}

static uint64_t hash_of(const struct sl_addr *addr)
{
    return sl_hash(addr->ip, sizeof(addr->ip));
}

static const struct sl_rtsp_reporter *find(const struct sl_rtsp_ports *ports,
                                           const struct sl_udp_datagram *datagram)
{
    struct sought sought = {.from = &datagram->from};
    uint64_t hash = hash_of(&datagram->from);

    read_ssrcs(datagram->data, datagram->len, &sought);
    const struct sl_table_node *node = sl_table_find(&ports->reporters, hash, is_about, &sought);
    if (!node)
        node = sl_table_find(&ports->reporters, hash, is_from, &sought);
    if (node)
        return reporter_of(node);
    return sought.many ? NULL : sought.found;
}

/* ---- What comes ---- */

/* To the port of RTP: it opens a way through somebody's NAT, and is nothing to us. */
static void on_rtp(void *owner, int fd)
{
    const struct pair *pair = owner;
    const struct sl_udp_datagram *datagrams;

    (void)sl_udp_receive(pair->ports->receiver, fd, &datagrams);
}

static void on_rtcp(void *owner, int fd)
{
    const struct sl_rtsp_ports *ports = ((const struct pair *)owner)->ports;
    const struct sl_udp_datagram *datagrams;
    size_t count = sl_udp_receive(ports->receiver, fd, &datagrams);

    for (size_t i = 0; i < count; i++) {
        const struct sl_rtsp_reporter *found = find(ports, &datagrams[i]);
        if (found) /* its owner's to change */
            found->on_rtcp((struct sl_rtsp_reporter *)(uintptr_t)found, datagrams[i].data,
                           datagrams[i].len);
    }
}

static void on_listen(struct sl_msg *msg) /* on the worker */
{
    struct pair *pair = sl_container_of(msg, struct pair, listen_msg);
    struct sl_loop *loop = sl_worker_loop(pair->ports->worker);

    pair->listening = true;
    pair->rtp = sl_udp_inlet_create(loop, pair->sockets.rtp, on_rtp, pair);
    pair->rtcp = sl_udp_inlet_create(loop, pair->sockets.rtcp, on_rtcp, pair);
}

void sl_rtsp_ports_join(struct sl_rtsp_ports *ports, struct sl_rtsp_reporter *reporter)
{
    sl_table_insert(&ports->reporters, &reporter->node, hash_of(&reporter->client));
}

void sl_rtsp_ports_leave(struct sl_rtsp_ports *ports, struct sl_rtsp_reporter *reporter)
{
    sl_table_remove(&ports->reporters, &reporter->node);
}

/* ---- Pairs [control] ---- */

/* Where clients come to one address only, media leaves by that; else by the one that each came to.
 * All of a family may be named, too ("0.0.0.0"): by the one that the first came to others' reports
 * would not come. */
static int open_pair(struct pair *pair, const struct sl_config *config, const struct sl_addr *ours)
{
    struct sl_addr at = {.port = 0}; /* [::] */

    if (config->http_address[0])
        (void)sl_addr_parse_ip(config->http_address, 0, &at); /* checked as an option */
    else if (sl_addr_is_v4(ours))
        (void)sl_addr_parse_ip("0.0.0.0", 0, &at); /* it is one */
    int err = sl_udp_open_pair(&at, (uint16_t)config->media_port_from,
                               (uint16_t)config->media_port_to, &pair->sockets, NULL);
    if (err < 0)
        return err;
    pair->open = true;
    sl_loop_post(sl_worker_loop(pair->ports->worker), &pair->listen_msg);
    return 0;
}

int sl_rtsp_ports_get(struct sl_rtsp_ports *ports, const struct sl_config *config,
                      enum sl_media_kind kind, const struct sl_addr *ours, struct sl_udp_pair *out)
{
    struct pair *pair = &ports->pairs[kind][sl_addr_is_v4(ours)];
    int err = pair->open ? 0 : open_pair(pair, config, ours);

    if (err == 0)
        *out = pair->sockets;
    return err;
}

struct sl_rtsp_ports *sl_rtsp_ports_create(struct sl_worker *worker)
{
    struct sl_rtsp_ports *ports = sl_new(struct sl_rtsp_ports);

    ports->worker = worker;
    ports->receiver = sl_udp_receiver_create();
    sl_table_init(&ports->reporters);
    for (size_t i = 0; i < 2 * FAMILIES; i++) {
        struct pair *pair = &ports->pairs[i / FAMILIES][i % FAMILIES];
        pair->ports = ports;
        pair->listen_msg.run = on_listen;
    }
    return ports;
}

static void close_pair(struct pair *pair)
{
    if (!pair->open)
        return;
    assert(pair->listening); /* the worker has run all that it was told */
    sl_udp_inlet_destroy(pair->rtp, pair->sockets.rtp);
    sl_udp_inlet_destroy(pair->rtcp, pair->sockets.rtcp);
}

void sl_rtsp_ports_destroy(struct sl_rtsp_ports *ports)
{
    if (!ports)
        return;
    assert(ports->reporters.count == 0);
    for (size_t i = 0; i < 2 * FAMILIES; i++)
        close_pair(&ports->pairs[i / FAMILIES][i % FAMILIES]);
    sl_table_deinit(&ports->reporters);
    sl_udp_receiver_destroy(ports->receiver);
    free(ports);
}
