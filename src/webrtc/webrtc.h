/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * WebRTC peers: the media end of one RTCPeerConnection, as a source of a stream (the client
 * publishes), as sinks of one (the client plays), or both at once. ICE-lite, DTLS-SRTP, RTP over
 * one UDP port per worker, or TCP on the same number (RFC 4571, 6544). A peer whose offer was ours
 * is the controlling ICE agent instead, over UDP ports of its own.
 *
 * Threads. The control loop creates and closes a peer and gets its events; a worker owns all of its
 * media state. A peer is placed on one worker for life.
 */
#ifndef SL_WEBRTC_WEBRTC_H
#define SL_WEBRTC_WEBRTC_H

#include "base/addr.h"
#include "flow/flow.h"
#include "media/media.h"
#include "sdp/sdp.h"
#include "stream/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_capture;
struct sl_error;
struct sl_rtc;
struct sl_peer;

/* ---- The engine: sockets and tables of all workers ---- */

enum { SL_RTC_ADDRESSES_MAX = 8 };

struct sl_rtc_config {
    struct sl_addr bind[SL_RTC_ADDRESSES_MAX]; /* ports are filled in */
    size_t bind_count;
    struct sl_addr announce[SL_RTC_ADDRESSES_MAX]; /* for candidates; port 0: the worker's own */
    size_t announce_count;
    bool announce_own; /* they are the machine's: the one that a client came by goes first */
    uint16_t port_from, port_to; /* the first free ports are taken, in order */
    /* For peers whose offer is ours, a port for each transport and address family; 0: the kernel
     * picks. */
    uint16_t client_port_from, client_port_to;
    bool two_ports; /* rtp_bundle=false: a second port for the second transport */
    bool tcp;       /* listen for ICE-TCP as well */
    bool gcm;
    int64_t ice_timeout_us, dtls_timeout_us, consent_timeout_us;
    int64_t rtp_timeout_us;     /* 0: a silent publisher is kept */
    size_t tcp_connections_max; /* per worker, those not yet bound to a peer included */
};
/* [control], before the workers start. -EADDRINUSE when the range has no free port. */
int sl_rtc_create(const struct sl_rtc_config *config, struct sl_workers *workers,
                  struct sl_loop *control, struct sl_rtc **out, struct sl_error *error);
/* Every peer must be closed; call after sl_workers_stop(). */
void sl_rtc_destroy(struct sl_rtc *rtc);
const char *sl_rtc_fingerprint(const struct sl_rtc *rtc);
/* True if a socket bound as configured receives what is sent to addr. Pure. */
bool sl_rtc_receives(const struct sl_rtc_config *config, const struct sl_addr *addr);
/* The machine's addresses have changed: for transports made from now on. [control] */
void sl_rtc_announce(struct sl_rtc *rtc, const struct sl_addr *addrs, size_t count);
/* The candidates for a transport on a worker; returns the count. via: the address of ours that the
 * client is known to reach, NULL: none. [control] */
size_t sl_rtc_candidates(const struct sl_rtc *rtc, const struct sl_worker *worker, size_t transport,
                         const struct sl_addr *via,
                         struct sl_addr out[static SL_RTC_ADDRESSES_MAX]);
/* The UDP port of a worker's transport: for messages and metrics. */
uint16_t sl_rtc_port(const struct sl_rtc *rtc, const struct sl_worker *worker, size_t transport);

/* ---- Peers ---- */

enum sl_peer_state {
    SL_PEER_CONNECTING,
    SL_PEER_CONNECTED, /* ICE and DTLS are up on every transport */
    SL_PEER_STARTED,   /* the first media packet came, or, of a peer that only sends, was sent */
    SL_PEER_FAILED,    /* for good; see enum sl_peer_failure */
    SL_PEER_CLOSED,
};

enum sl_peer_failure {
    SL_PEER_OK,
    SL_PEER_ICE_TIMEOUT,  /* no valid check in time */
    SL_PEER_CONSENT_LOST, /* checks stopped (RFC 7675) */
    SL_PEER_DTLS_FINGERPRINT,
    SL_PEER_DTLS_ERROR,  /* failed or timed out */
    SL_PEER_RTP_SILENCE, /* who should send sends nothing */
    SL_PEER_DTLS_CLOSED, /* close_notify: the client left without a word */
    SL_PEER_NO_SOCKET,   /* our offer: no port, or no address of a family that the other side has */
};

/* Called on the control loop; never after on_closed. */
struct sl_peer_ops {
    void (*on_state)(void *owner, enum sl_peer_state state, enum sl_peer_failure failure);
    /* The last call: the worker has let go; the owner may free what the peer used. The peer's
     * memory is gone after it. */
    void (*on_closed)(void *owner);
};

/* What an answer to our own offer adds: where to find the other side, by transport. */
enum { SL_PEER_CANDIDATES_MAX = 8 };
struct sl_peer_offered {
    size_t candidate_count[SL_MEDIA_TRANSPORTS_MAX];
    struct sl_addr candidates[SL_MEDIA_TRANSPORTS_MAX][SL_PEER_CANDIDATES_MAX];
};

struct sl_peer_config {
    struct sl_rtc *rtc;
    struct sl_worker *worker;
    enum sl_sdp_direction
        direction; /* ours; what no section of the negotiation allows stays idle */
    /* NULL: the offer was theirs. Copied. */
    const struct sl_peer_offered *offered;
    bool tcp_only;                            /* candidates were TCP */
    const struct sl_negotiation *negotiation; /* copied as far as needed */
    struct {
        char ufrag[33], pwd[33];
    } local[SL_MEDIA_TRANSPORTS_MAX];
    /* Sending: the tracks, by kind; NULL where nothing flows. */
    struct sl_track *tracks[2];
    const char *cname;        /* of our sender reports */
    uint32_t max_bitrate_bps; /* receiving: REMB never says more; 0: no bound */
    int64_t requested_us;     /* when the client asked, for the join histogram */
    const struct sl_peer_ops *ops;
    void *owner;
};

/* [control] Receiving: first create the peer with sl_peer_create(), then the stream with the peer
 * as its source (sl_peer_source_ops, the peer as owner), then sl_peer_start(). */
struct sl_peer *sl_peer_create(const struct sl_peer_config *config);
extern const struct sl_source_ops sl_peer_source_ops;
/* Receiving: where media goes; NULL for a kind that was not negotiated. Before start. */
void sl_peer_set_tracks(struct sl_peer *peer, struct sl_track *audio, struct sl_track *video);
/* Receiving pictures in several sizes: likewise, of each layer of the negotiation. Its stream has
 * sl_peer_layer_ops, with the peer as owner. */
void sl_peer_set_layer(struct sl_peer *peer, size_t layer, struct sl_track *track);
extern const struct sl_source_ops sl_peer_layer_ops;
/* Sending: another track goes on in the place of that of its kind; as sl_flow_out_move(). */
int sl_peer_move(struct sl_peer *peer, enum sl_media_kind kind, struct sl_track *track);
/* Sending pictures: likewise, as sl_flow_out_stand_in(). */
int sl_peer_stand_in(struct sl_peer *peer, struct sl_track *track, uint64_t wanted_bps);
/* Puts it on its worker: checks are answered from now on. */
void sl_peer_start(struct sl_peer *peer);
/* Idempotent; on_closed follows. Sends a DTLS close_notify where that is still possible. */
void sl_peer_close(struct sl_peer *peer);
/* Of what came; of a peer that only sends, of what was sent. */
const struct sl_flow_stats *sl_peer_stats(const struct sl_peer *peer);
/* Of what was sent; NULL: it does not send. */
const struct sl_flow_stats *sl_peer_sent_stats(const struct sl_peer *peer);
bool sl_peer_uses_tcp(const struct sl_peer *peer);
/* What comes and goes is noted there from now on, in place of where it was before. [control] */
void sl_peer_watch(struct sl_peer *peer, struct sl_capture *capture);

#endif
