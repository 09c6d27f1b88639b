/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine: each worker's sockets and tables, and the way of a datagram to its transport
 * (RFC 7983: the first byte tells STUN, DTLS and SRTP apart). */
#include "webrtc/internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "webrtc/stun.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    ROUTE_HELD_US = 10 * SL_US_PER_S, /* four times the interval of browsers' checks */
    RECEIVE_ROUNDS = 4,               /* batches taken in one turn before others get theirs */
};

/* ---- Tables ---- */

struct ufrag_key {
    const char *text;
    size_t len;
};

static bool ufrag_matches(const struct sl_table_node *node, const void *key)
{
    const struct link *link = sl_container_of_const(node, struct link, by_ufrag);
    const struct ufrag_key *ufrag = key;

    return strlen(link->ufrag) == ufrag->len && memcmp(link->ufrag, ufrag->text, ufrag->len) == 0;
}

static struct link *find_ufrag(struct rtc_worker *rtc_worker, const char *text, size_t len)
{
    struct ufrag_key key = {text, len};
    struct sl_table_node *node =
        sl_table_find(&rtc_worker->by_ufrag, sl_hash(text, len), ufrag_matches, &key);

    return node ? sl_container_of(node, struct link, by_ufrag) : NULL;
}

struct route_key {
    const struct sl_addr *remote, *local;
    int fd;
};

/* Only the meaningful bytes: the structs have padding. */
static uint64_t hash_route(const struct route_key *key)
{
    uint8_t bytes[38];

    memcpy(bytes, key->remote->ip, 16);
    memcpy(bytes + 16, &key->remote->port, 2);
    memcpy(bytes + 18, &key->fd, 4);
    memcpy(bytes + 22, key->local->ip, 16);
    return sl_hash(bytes, sizeof(bytes));
}

static bool route_matches(const struct sl_table_node *node, const void *arg)
{
    const struct route *route = sl_container_of_const(node, struct route, by_address);
    const struct route_key *key = arg;

    return route->fd == key->fd && sl_addr_equal(&route->remote, key->remote) &&
           sl_addr_same_ip(&route->local, key->local);
}

static struct route *find_route(struct rtc_worker *rtc_worker, const struct route_key *key)
{
    struct sl_table_node *node =
        sl_table_find(&rtc_worker->by_address, hash_route(key), route_matches, key);

    return node ? sl_container_of(node, struct route, by_address) : NULL;
}

void sl_rtc_add_link(struct rtc_worker *rtc_worker, struct link *link)
{
    sl_list_init(&link->routes);
    sl_table_insert(&rtc_worker->by_ufrag, &link->by_ufrag,
                    sl_hash(link->ufrag, strlen(link->ufrag)));
}

static void free_route(struct rtc_worker *rtc_worker, struct route *route)
{
    sl_table_remove(&rtc_worker->by_address, &route->by_address);
    sl_list_remove(&route->link_entry);
    free(route);
}

void sl_rtc_remove_link(struct rtc_worker *rtc_worker, struct link *link)
{
    struct route *route;

    sl_table_remove(&rtc_worker->by_ufrag, &link->by_ufrag);
    sl_list_foreach(route, &link->routes, struct route, link_entry) free_route(rtc_worker, route);
}

static bool is_alive(const struct link *link)
{
    return sl_transport_state(link->transport) <= SL_TRANSPORT_CONNECTED &&
           sl_now_us() - sl_transport_last_check_us(link->transport) < ROUTE_HELD_US;
}

static struct route_key key_of(const struct sl_path *path)
{
    return (struct route_key){&path->remote, &path->dest.source, path->dest.fd};
}

void sl_rtc_add_route(struct rtc_worker *rtc_worker, struct link *link, const struct sl_path *path)
{
    struct route_key key = key_of(path);
    struct route *route = find_route(rtc_worker, &key);

    if (route && (route->link == link || is_alive(route->link)))
        return;
    if (!route) {
        /* At most SL_TRANSPORT_PATHS_MAX per link, each after an authentic check. */
        route = sl_new(struct route);
        route->remote = path->remote;
        route->local = path->dest.source;
        route->fd = path->dest.fd;
        sl_table_insert(&rtc_worker->by_address, &route->by_address, hash_route(&key));
    } else {
        sl_list_remove(&route->link_entry); /* the browser's port now serves another peer */
    }
    route->link = link;
    sl_list_append(&link->routes, &route->link_entry);
}

void sl_rtc_remove_route(struct rtc_worker *rtc_worker, struct link *link,
                         const struct sl_path *path)
{
    struct route_key key = key_of(path);
    struct route *route = find_route(rtc_worker, &key);

    if (route && route->link == link)
        free_route(rtc_worker, route);
}

/* ---- Datagrams ---- */

/* Whose it is, is known: as it came, still encrypted. */
static void note(const struct link *link, const struct sl_path *path, const uint8_t *data,
                 size_t len)
{
    if (link->peer->capture)
        sl_capture_note(link->peer->capture, false, &path->remote, data, len);
}

static void stun_input(struct rtc_worker *rtc_worker, const struct sl_path *path, struct link *link,
                       uint8_t *data, size_t len, int64_t now_us)
{
    struct sl_stun_view view;

    if (link && sl_transport_stun(link->transport, path, data, len, now_us) != -ENOENT) {
        note(link, path, data, len);
        return;
    }
    if (sl_stun_parse(data, len, &view) < 0 || !view.username) {
        sl_count(rtc_worker->counters, SL_COUNTER_ICE_CHECKS_FAILED, 1);
        return;
    }
    const char *colon = memchr(view.username, ':', view.username_len);
    size_t ufrag_len = colon ? (size_t)(colon - view.username) : 0;
    link = find_ufrag(rtc_worker, view.username, ufrag_len);
    if (!link) {
        /* A client on a short path is faster than our own wake-up: its peer may be in the queue.
         * Without this its check would be lost and repeated 50 ms later. */
        sl_loop_run_posted(sl_worker_loop(rtc_worker->worker));
        link = find_ufrag(rtc_worker, view.username, ufrag_len);
    }
    if (!link) {
        sl_count(rtc_worker->counters, SL_COUNTER_ICE_CHECKS_FAILED, 1);
        return;
    }
    note(link, path, data, len);
    (void)sl_transport_stun(link->transport, path, data, len, now_us); /* counted there */
}

void sl_rtc_input(struct rtc_worker *rtc_worker, const struct sl_path *path, struct link *link,
                  uint8_t *data, size_t len, int64_t now_us)
{
    bool rtcp;

    if (len == 0)
        return;
    if (sl_stun_is(data, len)) {
        stun_input(rtc_worker, path, link, data, len, now_us);
        return;
    }
    if (!link) {
        sl_count(rtc_worker->counters, SL_COUNTER_DATAGRAMS_UNKNOWN, 1);
        return;
    }
    note(link, path, data, len);
    if (sl_dtls_is(data, len)) {
        sl_transport_dtls(link->transport, path, data, len, now_us);
        return;
    }
    if ((data[0] >> 6) != 2) { /* not RTP version 2 */
        sl_count(rtc_worker->counters, SL_COUNTER_RTP_MALFORMED, 1);
        return;
    }
    if (sl_transport_unprotect(link->transport, data, &len, &rtcp) == 0)
        sl_peer_on_rtp(link->peer, data, len, rtcp, now_us);
}

static void udp_input(struct rtc_socket *socket, const struct sl_udp_datagram *datagram,
                      int64_t now_us)
{
    struct rtc_worker *rtc_worker = socket->rtc_worker;
    struct route_key key = {&datagram->from, &datagram->to, socket->fd};
    struct route *route = find_route(rtc_worker, &key);
    struct sl_path path;

    if (!route && !sl_stun_is(datagram->data, datagram->len)) {
        sl_count(rtc_worker->counters, SL_COUNTER_DATAGRAMS_UNKNOWN, 1);
        return; /* the cheapest end for a flood */
    }
    path.remote = datagram->from;
    path.tcp = NULL;
    path.dest.fd = socket->fd;
    path.dest.source = datagram->to; /* what asks one address of ours is answered by it */
    path.dest.sa_len = sl_addr_to_sockaddr(&datagram->from, &path.dest.sa);
    sl_rtc_input(rtc_worker, &path, route ? route->link : NULL, datagram->data, datagram->len,
                 now_us);
}

static void read_socket(struct rtc_socket *socket)
{
    const struct sl_udp_datagram *datagrams;

    for (int round = 0; round < RECEIVE_ROUNDS; round++) {
        size_t count = sl_udp_receive(socket->rtc_worker->receiver, socket->fd, &datagrams);
        int64_t now_us = sl_now_us();
        for (size_t i = 0; i < count; i++)
            udp_input(socket, &datagrams[i], now_us);
        if (count < SL_UDP_BATCH)
            break;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    read_socket(poll->data);
}

/* The sockets of this worker only: what comes over TCP, or to a socket of a pull's own, is rare. */
static void on_listen(void *owner, bool on)
{
    struct rtc_worker *rtc_worker = owner;

    for (size_t i = 0; i < rtc_worker->socket_count; i++) {
        uv_poll_t *poll = &rtc_worker->sockets[i].poll;
        if (on)
            (void)uv_poll_start(poll, UV_READABLE, on_readable); /* worked when it was opened */
        else
            (void)uv_poll_stop(poll); /* cannot fail (libuv manual) */
    }
}

static void on_receive(void *owner)
{
    struct rtc_worker *rtc_worker = owner;

    for (size_t i = 0; i < rtc_worker->socket_count; i++)
        read_socket(&rtc_worker->sockets[i]);
}

void sl_rtc_send(struct rtc_worker *rtc_worker, const struct sl_path *path, const uint8_t *data,
                 size_t len)
{
    if (path->tcp) {
        sl_tcp_send(path->tcp, data, len);
        return;
    }
    if (sl_udp_send(&path->dest, data, len) < 0)
        sl_count(rtc_worker->counters, SL_COUNTER_PACKETS_DROPPED_SOCKET, 1);
}

/* ---- Turns and ticks ---- */

static void on_flush(void *owner)
{
    struct rtc_worker *rtc_worker = owner;

    sl_udp_flush(rtc_worker->sender);
    uint64_t dropped = sl_udp_sender_stats(rtc_worker->sender)->dropped;
    if (dropped != rtc_worker->dropped_seen) {
        sl_count(rtc_worker->counters, SL_COUNTER_PACKETS_DROPPED_SOCKET,
                 dropped - rtc_worker->dropped_seen);
        rtc_worker->dropped_seen = dropped;
    }
}

static const struct sl_worker_io worker_io = {on_flush, on_listen, on_receive};

static void before_send(void *owner)
{
    struct rtc_worker *rtc_worker = owner;

    sl_srtp_flush(rtc_worker->engine);
}

static void on_tick(uv_timer_t *timer)
{
    struct rtc_worker *rtc_worker = timer->data;
    struct sl_peer *peer;
    int64_t now_us = sl_now_us();

    sl_list_foreach(peer, &rtc_worker->receiving, struct sl_peer, entry) sl_peer_tick(peer, now_us);
    if (++rtc_worker->ticks % SLOW_TICKS != 0)
        return;
    sl_list_foreach(peer, &rtc_worker->sending_only, struct sl_peer, entry)
        sl_peer_tick(peer, now_us);
    if (rtc_worker->tcp)
        sl_tcp_tick(rtc_worker->tcp, now_us);
}

/* ---- Set-up ---- */

static int open_socket(struct rtc_worker *rtc_worker, const struct sl_addr *bind, uint16_t port,
                       struct sl_error *error)
{
    struct sl_addr addr = *bind;
    struct rtc_socket *socket = &rtc_worker->sockets[rtc_worker->socket_count];

    addr.port = port;
    int fd = sl_udp_open(&addr, error);
    if (fd < 0)
        return fd;
    socket->fd = fd;
    socket->rtc_worker = rtc_worker;
    socket->poll.data = socket;
    if (uv_poll_init(sl_loop_uv(sl_worker_loop(rtc_worker->worker)), &socket->poll, fd) < 0 ||
        uv_poll_start(&socket->poll, UV_READABLE, on_readable) < 0) {
        (void)close(fd);
        return sl_error_set(error, -EIO, "cannot watch the media socket");
    }
    rtc_worker->socket_count++;
    return 0;
}

/* Of one address: 0, or why it cannot be had for TCP. */
static int try_tcp_port(const struct sl_addr *addr)
{
    int fd = sl_acceptor_listen(addr, false, 1);

    if (fd < 0)
        return fd;
    (void)close(fd); /* nobody knows of it yet */
    return 0;
}

/* 0 when every bind address has this port free, for TCP as well if wanted. */
static int try_port(const struct sl_rtc *rtc, uint16_t port)
{
    for (size_t i = 0; i < rtc->config.bind_count; i++) {
        struct sl_addr addr = rtc->config.bind[i];

        addr.port = port;
        int fd = sl_udp_open(&addr, NULL);
        if (fd < 0)
            return fd;
        (void)close(fd); /* nothing came yet */
        int err = rtc->config.tcp ? try_tcp_port(&addr) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

static int open_ports(struct rtc_worker *rtc_worker, uint16_t *next_port, struct sl_error *error)
{
    const struct sl_rtc *rtc = rtc_worker->rtc;
    size_t wanted = rtc->config.two_ports ? 2 : 1;

    while (rtc_worker->port_count < wanted) {
        if (*next_port < rtc->config.port_from || *next_port > rtc->config.port_to)
            return sl_error_set(error, -EADDRINUSE,
                                "media_port_from, media_port_to: no free port left in %u-%u",
                                rtc->config.port_from, rtc->config.port_to);
        uint16_t port = (*next_port)++;
        int err = try_port(rtc, port);
        if (err == -EMFILE || err == -ENFILE) /* the next one would not do either */
            return sl_error_set(error, err, "media port %u: %s", port, strerror(-err));
        if (err < 0)
            continue;
        for (size_t i = 0; i < rtc->config.bind_count; i++) {
            err = open_socket(rtc_worker, &rtc->config.bind[i], port, error);
            if (err < 0)
                return err;
        }
        rtc_worker->ports[rtc_worker->port_count++] = port;
    }
    if (!rtc->config.tcp)
        return 0;
    return sl_tcp_server_create(rtc_worker, rtc->config.bind, rtc->config.bind_count,
                                rtc_worker->ports, rtc_worker->port_count, &rtc_worker->tcp, error);
}

static void worker_init(struct rtc_worker *rtc_worker, struct sl_rtc *rtc, size_t index)
{
    rtc_worker->rtc = rtc;
    rtc_worker->worker = sl_workers_at(rtc->workers, index);
    rtc_worker->counters = sl_worker_counters(rtc_worker->worker);
    rtc_worker->receiver = sl_udp_receiver_create();
    rtc_worker->sender = sl_udp_sender_create(before_send, rtc_worker);
    rtc_worker->engine = sl_srtp_engine_create(SL_SRTP_BEST);
    sl_table_init(&rtc_worker->by_ufrag);
    sl_table_init(&rtc_worker->by_address);
    sl_list_init(&rtc_worker->receiving);
    sl_list_init(&rtc_worker->sending_only);
    (void)uv_timer_init(sl_loop_uv(sl_worker_loop(rtc_worker->worker)), &rtc_worker->tick);
    rtc_worker->tick.data = rtc_worker;
    (void)uv_timer_start(&rtc_worker->tick, on_tick, TICK_MS, TICK_MS);
    sl_worker_set_io(rtc_worker->worker, &worker_io, rtc_worker);
}

int sl_rtc_create(const struct sl_rtc_config *config, struct sl_workers *workers,
                  struct sl_loop *control, struct sl_rtc **out, struct sl_error *error)
{
    struct sl_rtc *rtc = sl_new(struct sl_rtc);
    uint16_t next_port = config->port_from;
    int err;

    SL_ASSERT_ON(control);
    rtc->config = *config;
    rtc->workers = workers;
    rtc->control = control;
    rtc->count = sl_workers_count(workers);
    rtc->all = sl_new_array(struct rtc_worker, rtc->count);
    for (size_t i = 0; i < rtc->count; i++)
        worker_init(&rtc->all[i], rtc, i);
    err = sl_dtls_identity_create(config->gcm, &rtc->identity, error);
    for (size_t i = 0; err == 0 && i < rtc->count; i++)
        err = open_ports(&rtc->all[i], &next_port, error);
    if (err < 0) {
        sl_rtc_destroy(rtc);
        return err;
    }
    sl_log(SL_LOG_INFO, NULL, "webrtc: media on ports %u-%u, SRTP by %s", rtc->all[0].ports[0],
           (unsigned)(next_port - 1), sl_srtp_engine_name(rtc->all[0].engine));
    *out = rtc;
    return 0;
}

static void worker_deinit(struct rtc_worker *rtc_worker)
{
    sl_worker_set_io(rtc_worker->worker, NULL, NULL); /* it would listen to what is closing */
    uv_close((uv_handle_t *)&rtc_worker->tick, NULL);
    for (size_t i = 0; i < rtc_worker->socket_count; i++) {
        (void)uv_poll_stop(&rtc_worker->sockets[i].poll);
        uv_close((uv_handle_t *)&rtc_worker->sockets[i].poll, NULL);
    }
    sl_tcp_server_destroy(rtc_worker->tcp);
    /* libuv needs the handles' memory until their close callbacks have run. */
    (void)uv_run(sl_loop_uv(sl_worker_loop(rtc_worker->worker)), UV_RUN_NOWAIT);
    for (size_t i = 0; i < rtc_worker->socket_count; i++)
        (void)close(rtc_worker->sockets[i].fd);
    sl_udp_receiver_destroy(rtc_worker->receiver);
    sl_udp_sender_destroy(rtc_worker->sender);
    sl_srtp_engine_destroy(rtc_worker->engine);
    sl_table_deinit(&rtc_worker->by_ufrag);
    sl_table_deinit(&rtc_worker->by_address);
}

void sl_rtc_destroy(struct sl_rtc *rtc)
{
    if (!rtc)
        return;
    for (size_t i = 0; i < rtc->count; i++)
        worker_deinit(&rtc->all[i]);
    sl_dtls_identity_destroy(rtc->identity);
    free(rtc->all);
    free(rtc);
}

const char *sl_rtc_fingerprint(const struct sl_rtc *rtc)
{
    return sl_dtls_identity_fingerprint(rtc->identity);
}

uint16_t sl_rtc_port(const struct sl_rtc *rtc, const struct sl_worker *worker, size_t transport)
{
    const struct rtc_worker *rtc_worker = &rtc->all[sl_worker_index(worker)];

    return rtc_worker->ports[transport < rtc_worker->port_count ? transport : 0];
}

bool sl_rtc_receives(const struct sl_rtc_config *config, const struct sl_addr *addr)
{
    for (size_t i = 0; i < config->bind_count; i++) {
        const struct sl_addr *bind = &config->bind[i];
        if (sl_addr_same_ip(bind, addr) ||
            (sl_addr_is_any(bind) && sl_addr_is_v4(bind) == sl_addr_is_v4(addr)))
            return true;
    }
    return false;
}

void sl_rtc_announce(struct sl_rtc *rtc, const struct sl_addr *addrs, size_t count)
{
    SL_ASSERT_ON(rtc->control);
    rtc->config.announce_count = count < SL_RTC_ADDRESSES_MAX ? count : SL_RTC_ADDRESSES_MAX;
    for (size_t i = 0; i < rtc->config.announce_count; i++)
        rtc->config.announce[i] = addrs[i];
}

/* An address that a client has reached is worth a candidate, and the first, even if it is not among
 * those announced, as there are many or it has just come. Loopback says nothing: behind a proxy on
 * this machine everybody comes by it. An IPv6 link-local one would need its link named. */
static bool goes_first(const struct sl_rtc_config *config, const struct sl_addr *via)
{
    return via && config->announce_own && !sl_addr_is_loopback(via) && !sl_addr_is_any(via) &&
           (sl_addr_is_v4(via) || !sl_addr_is_link_local(via)) && sl_rtc_receives(config, via);
}

size_t sl_rtc_candidates(const struct sl_rtc *rtc, const struct sl_worker *worker, size_t transport,
                         const struct sl_addr *via, struct sl_addr out[static SL_RTC_ADDRESSES_MAX])
{
    const struct sl_rtc_config *config = &rtc->config;
    bool first = goes_first(config, via);
    size_t count = 0;

    SL_ASSERT_ON(rtc->control);
    if (first) {
        out[count] = *via;
        out[count++].port = 0;
    }
    for (size_t i = 0; i < config->announce_count && count < SL_RTC_ADDRESSES_MAX; i++)
        if (!first || !sl_addr_same_ip(&config->announce[i], via))
            out[count++] = config->announce[i];
    for (size_t i = 0; i < count; i++)
        if (out[i].port == 0)
            out[i].port = sl_rtc_port(rtc, worker, transport);
    return count;
}
