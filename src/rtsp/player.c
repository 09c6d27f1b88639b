/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flow, its ways, and how far the client is behind. */
#include "rtsp/player.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/net.h"
#include "rtp/rtp.h"
#include "rtsp/ports.h"

#include <string.h>
#include <sys/socket.h>

enum {
    QUEUE_MAX = 2 * 1024 * 1024, /* bytes; media-outputs.md 5.1 */
    QUEUE_LOW = 64 * 1024,       /* the client has caught up */
    MARKS = 20,                  /* ticks of the lane: what has waited for that long is too old */
    STALL_US = 10 * SL_US_PER_S,
    REPORTS_MAX = 4, /* report packets of one compound that are looked for */
};

/* A way on the worker. */
struct way {
    struct sl_rtsp_player *player;
    struct sl_rtsp_way set_up;
    struct sl_udp_dest rtp, rtcp;
};

struct sl_rtsp_player {
    /* [control] */
    struct sl_rtsp_player_config config;
    struct sl_flow_out *out;
    bool closing;
    struct sl_msg prepared, started, closed; /* posted by the worker */
    bool has[2];
    struct sl_flow_next next[2];
    /* [worker] */
    struct way ways[2];
    struct sl_rtsp_rider rider;
    struct sl_rtsp_reporter reporter;
    bool open;             /* packets may leave */
    bool flowing;          /* the flow was started */
    bool behind;           /* they are left out until the client has caught up */
    uint64_t gathered;     /* bytes for the connection, since the beginning */
    uint64_t sent;         /* of these, as of the last tick */
    int64_t progressed_us; /* when the last of them left, or there was nothing to send */
    uint64_t marks[MARKS]; /* gathered, at the last ticks */
    size_t mark;
};

/* ---- Over the connection ---- */

static void write_frame(void *stream, bool rtcp, const uint8_t *data, size_t len)
{
    const struct way *way = stream;
    struct sl_rtsp_player *player = way->player;
    const struct sl_rtsp_transport *transport = &way->set_up.transport;
    uint8_t head[SL_RTSP_FRAME_HEAD_LEN];

    sl_rtsp_frame_write_head(head, rtcp ? transport->rtcp_channel : transport->channel,
                             (uint16_t)len); /* a datagram's, at most */
    sl_rtsp_lane_gather(player->config.lane, &player->rider, head, sizeof(head), data, len);
}

static void on_gathered(struct sl_rtsp_rider *rider, const uint8_t *data, size_t len)
{
    struct sl_rtsp_player *player = sl_container_of(rider, struct sl_rtsp_player, rider);

    player->gathered += len;
    sl_rtsp_wire_write(player->config.wire, data, len);
}

/* How much of it has left. */
static uint64_t count_sent(const struct sl_rtsp_player *player)
{
    size_t queued = sl_rtsp_wire_queued(player->config.wire);

    return player->gathered - (queued < player->gathered ? queued : player->gathered);
}

static bool is_behind(struct sl_rtsp_player *player)
{
    size_t queued = sl_rtsp_wire_queued(player->config.wire);

    if (queued > QUEUE_MAX)
        player->behind = true;
    else if (queued < QUEUE_LOW)
        player->behind = false;
    return player->behind;
}

/* Once a tick: what was gathered MARKS ticks ago must have left by now, or it is too old. */
static void check_progress(struct sl_rtsp_player *player, int64_t now_us)
{
    uint64_t sent = count_sent(player);

    if (sent != player->sent || sent == player->gathered)
        player->progressed_us = now_us;
    if (sent != player->sent)
        sl_rtsp_wire_touch(player->config.wire); /* who takes what is sent is there */
    if (sent < player->marks[player->mark])
        player->behind = true;
    player->sent = sent;
    player->marks[player->mark] = player->gathered;
    player->mark = (player->mark + 1) % MARKS;
    if (now_us - player->progressed_us > STALL_US)
        sl_rtsp_wire_cut(player->config.wire, "takes nothing of what is sent");
}

/* ---- What the flow asks ---- */

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    struct sl_rtsp_player *player = owner;
    struct way *way = &player->ways[transport];

    if (!player->open || !way->set_up.is_set_up)
        return false;
    *out = (struct sl_flow_path){
        .sender = sl_rtsp_lane_sender(player->config.lane, (enum sl_media_kind)transport)};
    if (way->set_up.transport.lower == SL_RTSP_UDP) {
        out->rtp = &way->rtp;
        out->rtcp = &way->rtcp;
        return true;
    }
    out->write = write_frame;
    out->stream = way;
    return !is_behind(player);
}

static void on_started_told(struct sl_msg *msg) /* on the control loop */
{
    const struct sl_rtsp_player *player = sl_container_of(msg, struct sl_rtsp_player, started);

    if (!player->closing)
        player->config.ops->on_started(player->config.owner);
}

static void on_started(void *owner) /* once in a flow's life */
{
    struct sl_rtsp_player *player = owner;

    sl_loop_post(player->config.control, &player->started);
}

static const struct sl_flow_ops flow_ops = {"rtsp", find_path, on_started};

/* ---- What the client sends ---- */

static bool is_report(const uint8_t *data, size_t len)
{
    struct sl_rtcp_view view;
    size_t offset = 0;

    for (int i = 0; i < REPORTS_MAX && sl_rtcp_next(data, len, &offset, &view) == 1; i++) {
        if (view.type == SL_RTCP_RR || view.type == SL_RTCP_SR)
            return true;
    }
    return false;
}

static void take_rtcp(struct sl_rtsp_player *player, const uint8_t *data, size_t len)
{
    if (!is_report(data, len))
        return;
    sl_rtsp_wire_touch(player->config.wire);
    if (player->flowing)
        sl_flow_out_rtcp(player->out, data, len, sl_now_us());
}

static void on_frame(void *owner, const struct sl_rtsp_frame *frame)
{
    struct sl_rtsp_player *player = owner;

    for (size_t kind = 0; kind < 2; kind++) {
        const struct sl_rtsp_way *way = &player->ways[kind].set_up;
        if (way->is_set_up && way->transport.lower == SL_RTSP_TCP &&
            way->transport.rtcp_channel == frame->channel)
            take_rtcp(player, frame->data, frame->len);
    }
}

static void on_rtcp(struct sl_rtsp_reporter *reporter, const uint8_t *data, size_t len)
{
    take_rtcp(sl_container_of(reporter, struct sl_rtsp_player, reporter), data, len);
}

/* ---- Ways ---- */

/* By the address of ours that the client knows. */
static void make_dest(struct sl_udp_dest *dest, int fd, const struct sl_rtsp_wire *wire,
                      uint16_t port)
{
    struct sl_addr to = *sl_rtsp_wire_remote(wire);

    to.port = port;
    dest->fd = fd;
    dest->sa_len = sl_addr_to_sockaddr(&to, &dest->sa);
    dest->source = *sl_rtsp_wire_local(wire);
}

static void way_init(struct way *way, struct sl_rtsp_player *player, enum sl_media_kind kind)
{
    const struct sl_rtsp_player_config *config = &player->config;
    const struct sl_rtsp_way *set_up = &config->ways[kind];
    const struct sl_rtsp_transport *transport = &set_up->transport;

    way->player = player;
    way->set_up = *set_up;
    if (!set_up->is_set_up || transport->lower != SL_RTSP_UDP)
        return;
    make_dest(&way->rtp, set_up->ours.rtp, config->wire, transport->client_port);
    make_dest(&way->rtcp, set_up->ours.rtcp, config->wire, transport->client_rtcp_port);
    player->reporter.ways[kind].over_udp = true;
    player->reporter.ways[kind].client_port = transport->client_rtcp_port;
    player->reporter.ways[kind].ssrc = config->negotiation->media[kind].local_ssrc;
}

static bool is_over_udp(const struct sl_rtsp_player *player)
{
    return player->reporter.ways[SL_AUDIO].over_udp || player->reporter.ways[SL_VIDEO].over_udp;
}

/* ---- On the worker ---- */

static void on_tick(struct sl_rtsp_rider *rider, int64_t now_us)
{
    struct sl_rtsp_player *player = sl_container_of(rider, struct sl_rtsp_player, rider);

    check_progress(player, now_us);
    if (player->flowing)
        sl_flow_out_tick(player->out, now_us);
}

/* A message to the worker; the player outlives it, as `close` is the last one. */
struct order {
    struct sl_msg msg;
    struct sl_rtsp_player *player;
    void (*run)(struct sl_rtsp_player *player);
};

static void on_order(struct sl_msg *msg) /* on the worker */
{
    struct order order = *sl_container_of(msg, struct order, msg);

    free(sl_container_of(msg, struct order, msg));
    order.run(order.player);
}

static void post(struct sl_rtsp_player *player, void (*run)(struct sl_rtsp_player *player))
{
    struct order *order = sl_new(struct order);

    *order = (struct order){.msg = {.run = on_order}, .player = player, .run = run};
    sl_loop_post(sl_worker_loop(sl_rtsp_lane_worker(player->config.lane)), &order->msg);
}

static void begin(struct sl_rtsp_player *player)
{
    const struct sl_rtsp_wire_tap tap = {.on_frame = on_frame, .owner = player};

    player->progressed_us = sl_now_us();
    sl_rtsp_lane_join(player->config.lane, &player->rider);
    sl_rtsp_wire_set_tap(player->config.wire, &tap);
    if (is_over_udp(player))
        sl_rtsp_ports_join(sl_rtsp_lane_ports(player->config.lane), &player->reporter);
}

static void prepare(struct sl_rtsp_player *player)
{
    player->open = false;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        player->has[kind] = sl_flow_out_next(player->out, kind, &player->next[kind]);
    sl_loop_post(player->config.control, &player->prepared);
}

static void go(struct sl_rtsp_player *player)
{
    player->open = true;
    if (player->flowing)
        return;
    player->flowing = true;
    sl_flow_out_start(player->out, sl_now_us());
}

/* What was sent before leaves before the answer. */
static void pause_sending(struct sl_rtsp_player *player)
{
    sl_rtsp_lane_flush(player->config.lane);
    player->open = false;
}

static void end(struct sl_rtsp_player *player)
{
    if (player->flowing) {
        player->open = true;
        sl_flow_out_bye(player->out, sl_now_us());
    }
    sl_flow_out_stop(player->out);
    sl_rtsp_lane_leave(player->config.lane, &player->rider);
    sl_rtsp_wire_set_tap(player->config.wire, NULL);
    sl_rtsp_ports_leave(sl_rtsp_lane_ports(player->config.lane), &player->reporter);
    sl_loop_post(player->config.control, &player->closed);
}

/* ---- On the control loop ---- */

static void on_prepared(struct sl_msg *msg)
{
    const struct sl_rtsp_player *player = sl_container_of(msg, struct sl_rtsp_player, prepared);

    if (!player->closing)
        player->config.ops->on_prepared(player->config.owner, player->has, player->next);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_rtsp_player *player = sl_container_of(msg, struct sl_rtsp_player, closed);
    const struct sl_rtsp_player_ops *ops = player->config.ops;
    void *owner = player->config.owner;

    sl_flow_out_destroy(player->out);
    free(player);
    ops->on_closed(owner);
}

struct sl_rtsp_player *sl_rtsp_player_create(const struct sl_rtsp_player_config *config)
{
    struct sl_rtsp_player *player = sl_new(struct sl_rtsp_player);
    struct sl_flow_out_config flow = {
        .worker = sl_rtsp_lane_worker(config->lane),
        .negotiation = config->negotiation,
        .cname = config->cname,
        .requested_us = config->requested_us,
        .from_keyframe = true,
        .ops = &flow_ops,
        .owner = player,
    };

    player->config = *config;
    player->reporter.client = *sl_rtsp_wire_remote(config->wire);
    player->reporter.on_rtcp = on_rtcp;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        flow.tracks[kind] = config->ways[kind].is_set_up ? config->tracks[kind] : NULL;
        way_init(&player->ways[kind], player, kind);
    }
    player->config.negotiation = NULL; /* borrowed for the call */
    player->config.cname = NULL;
    player->out = sl_flow_out_create(&flow);
    player->rider.on_tick = on_tick;
    player->rider.on_gathered = on_gathered;
    player->prepared.run = on_prepared;
    player->started.run = on_started_told;
    player->closed.run = on_closed;
    post(player, begin);
    return player;
}

void sl_rtsp_player_prepare(struct sl_rtsp_player *player)
{
    post(player, prepare);
}

void sl_rtsp_player_go(struct sl_rtsp_player *player)
{
    post(player, go);
}

void sl_rtsp_player_pause(struct sl_rtsp_player *player)
{
    post(player, pause_sending);
}

void sl_rtsp_player_close(struct sl_rtsp_player *player)
{
    player->closing = true;
    post(player, end);
}

const struct sl_flow_stats *sl_rtsp_player_stats(const struct sl_rtsp_player *player)
{
    return sl_flow_out_stats(player->out);
}
