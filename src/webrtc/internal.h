/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of webrtc/ share. Everything here belongs to a worker unless marked [control].
 *
 *   rtc.c        sockets and tables of each worker; which datagram belongs to whom
 *   tcp.c        ICE-TCP connections
 *   transport.c  ICE + DTLS + SRTP of one transport
 *   peer.c       a peer's life on both threads; its media is an sl_flow_in, an sl_flow_out, or both
 *   outgoing.c   the sockets of peers whose offer was ours
 */
#ifndef SL_WEBRTC_INTERNAL_H
#define SL_WEBRTC_INTERNAL_H

#include "base/list.h"
#include "base/queue.h"
#include "base/table.h"
#include "flow/flow.h"
#include "net/net.h"
#include "srtp/srtp.h"
#include "webrtc/transport.h"
#include "webrtc/webrtc.h"

#include <uv.h>

enum {
    PORTS_PER_WORKER = SL_MEDIA_TRANSPORTS_MAX,
    /* How often what waits is looked at: feedback to who sends to us is due every 20-50 ms,
     * everything about who only takes every second or less often. */
    TICK_MS = 10,
    SLOW_TICKS = 10,
};

/* ---- rtc.c ---- */

struct rtc_worker;

struct rtc_socket {
    struct rtc_worker *rtc_worker;
    uv_poll_t poll;
    int fd;
};

struct rtc_worker {
    struct sl_rtc *rtc;
    struct sl_worker *worker;
    struct sl_counters *counters;
    uint16_t ports[PORTS_PER_WORKER];
    size_t port_count;
    struct rtc_socket sockets[PORTS_PER_WORKER * SL_RTC_ADDRESSES_MAX];
    size_t socket_count;
    struct tcp_server *tcp; /* NULL: off */
    struct sl_udp_receiver *receiver;
    struct sl_udp_sender *sender;
    struct sl_srtp_engine *engine;
    struct sl_table by_ufrag;               /* our ufrag -> struct link */
    struct sl_table by_address;             /* remote address and our socket -> struct route */
    struct sl_list receiving, sending_only; /* struct sl_peer, by what they do */
    uv_timer_t tick;
    unsigned ticks;
    uint64_t dropped_seen; /* of the sender's statistics, already counted */
};

struct sl_rtc {
    struct sl_rtc_config config;
    struct sl_workers *workers;
    struct sl_loop *control;
    struct sl_dtls_identity *identity;
    size_t count;
    struct rtc_worker *all;
};

/* One transport of a peer, in the worker's tables. */
struct link {
    struct sl_peer *peer;
    size_t index;
    char ufrag[33];
    struct sl_table_node by_ufrag;
    struct sl_list routes; /* struct route */
    struct sl_transport *transport;
    struct outgoing *outgoing; /* NULL: the offer was theirs; otherwise in none of the tables */
};

/* A remote UDP address, seen from one of our sockets and addresses, that has passed a check. */
struct route {
    struct sl_table_node by_address;
    struct sl_list link_entry;
    struct sl_addr remote;
    struct sl_addr local; /* as sl_udp_dest.source */
    int fd;
    struct link *link;
};

/* A datagram for the engine; data may be changed. path is where it came from. */
void sl_rtc_input(struct rtc_worker *rtc_worker, const struct sl_path *path, struct link *link,
                  uint8_t *data, size_t len, int64_t now_us);
/* Sends one finished datagram now. */
void sl_rtc_send(struct rtc_worker *rtc_worker, const struct sl_path *path, const uint8_t *data,
                 size_t len);
void sl_rtc_add_link(struct rtc_worker *rtc_worker, struct link *link);
void sl_rtc_remove_link(struct rtc_worker *rtc_worker, struct link *link);
/* From now on datagrams of this UDP path are the link's; refused while another link that is alive
 * holds it (a forged source address must not take a viewer's media away; the next check asks
 * again). */
void sl_rtc_add_route(struct rtc_worker *rtc_worker, struct link *link, const struct sl_path *path);
void sl_rtc_remove_route(struct rtc_worker *rtc_worker, struct link *link,
                         const struct sl_path *path);

/* ---- tcp.c ---- */

int sl_tcp_server_create(struct rtc_worker *rtc_worker, const struct sl_addr *binds,
                         size_t bind_count, const uint16_t *ports, size_t port_count,
                         struct tcp_server **out, struct sl_error *error);
void sl_tcp_server_destroy(struct tcp_server *server);
/* Frames one datagram (RFC 4571) and writes it; dropped and counted if the client does not read. */
void sl_tcp_send(struct sl_tcp_conn *conn, const uint8_t *data, size_t len);
/* The connection passed a check of this link (once). */
void sl_tcp_bind(struct sl_tcp_conn *conn, struct link *link);
/* The transport has no use for it any more. */
void sl_tcp_close(struct sl_tcp_conn *conn);
/* The link goes: its connections are closed. */
void sl_tcp_drop_link(struct tcp_server *server, const struct link *link);
void sl_tcp_tick(struct tcp_server *server, int64_t now_us);

/* ---- outgoing.c ---- */

struct outgoing;
/* Sockets for the link, of the families that the candidates have. -EAFNOSUPPORT, -EADDRINUSE,
 * -EMFILE ... */
int sl_outgoing_create(struct link *link, const struct sl_addr *candidates, size_t count,
                       struct outgoing **out);
/* Checks go to each candidate from each socket of its family. */
void sl_outgoing_add_candidates(struct outgoing *outgoing, struct sl_transport *transport,
                                const struct sl_addr *candidates, size_t count, int64_t now_us);
/* Nothing comes from the sockets any more. NULL is fine. */
void sl_outgoing_destroy(struct outgoing *outgoing);

/* ---- peer.c ---- */

/* A state on its way to the control loop. */
struct peer_event {
    struct sl_msg msg;
    struct sl_peer *peer;
    enum sl_peer_state state;
    enum sl_peer_failure failure;
};

struct sl_peer {
    struct sl_list entry; /* in rtc_worker->publishers or players */
    struct rtc_worker *rtc_worker;
    const struct sl_peer_ops *ops; /* control's */
    void *owner;                   /* control's */
    bool closing;                  /* control's */
    struct sl_msg start_msg, close_msg, closed_msg;
    struct peer_event events[SL_PEER_CLOSED]; /* by state: each is reported once */

    _Atomic bool uses_tcp;
    size_t link_count;
    struct link links[SL_MEDIA_TRANSPORTS_MAX];
    struct {
        char pwd[33];
        char *remote_ufrag, *remote_pwd;
        char *fingerprint_hash, *fingerprint;
        enum sl_sdp_setup remote_setup;
    } start[SL_MEDIA_TRANSPORTS_MAX]; /* until the transports are made */
    struct sl_peer_offered *offered;  /* NULL: the offer was theirs */
    bool added;                       /* to the worker's tables */
    enum sl_peer_state state;         /* worker's */
    int64_t created_us, checked_us, connected_us;
    struct sl_flow_in *in; /* one of the two, or both */
    struct sl_flow_out *out;
    struct sl_capture *capture; /* worker's; NULL: nobody watches */
};

void sl_peer_tick(struct sl_peer *peer, int64_t now_us);
void sl_peer_on_rtp(struct sl_peer *peer, const uint8_t *data, size_t len, bool rtcp,
                    int64_t now_us);

#endif
