/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A peer's life. The control loop makes it, posts start_msg and later close_msg to the worker; the
 * worker posts events and at last closed_msg back, after which the control loop frees it.
 *
 * Worker's state, moved by peer_report() only:
 *   CONNECTING -> CONNECTED  every transport is up           (on_transport_state)
 *   CONNECTED  -> STARTED    the first packet came or was sent (on_came, on_sent)
 *   any        -> FAILED     see enum sl_peer_failure         (on_transport_state, check_timeouts)
 */
#include "webrtc/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const struct sl_transport_ops transport_ops;

/* ---- Reports to the control loop ---- */

static void on_event(struct sl_msg *msg)
{
    struct peer_event *event = sl_container_of(msg, struct peer_event, msg);

    if (!event->peer->closing)
        event->peer->ops->on_state(event->peer->owner, event->state, event->failure);
}

static void peer_report(struct sl_peer *peer, enum sl_peer_state state,
                        enum sl_peer_failure failure)
{
    if (peer->state == SL_PEER_FAILED || peer->state == state)
        return;
    peer->state = state;
    peer->events[state] = (struct peer_event){{.run = on_event}, peer, state, failure};
    sl_loop_post(peer->rtc_worker->rtc->control, &peer->events[state].msg);
}

/* ---- Transports ---- */

static void on_send(void *owner, const struct sl_path *path, const uint8_t *data, size_t len)
{
    struct link *link = owner;

    if (link->peer->capture)
        sl_capture_note(link->peer->capture, true, &path->remote, data, len);
    sl_rtc_send(link->peer->rtc_worker, path, data, len);
}

static void on_path(void *owner, const struct sl_path *path, bool gone)
{
    struct link *link = owner;
    struct rtc_worker *rtc_worker = link->peer->rtc_worker;

    if (link->outgoing)
        return; /* its sockets serve nobody else */
    if (path->tcp && gone)
        sl_tcp_close(path->tcp);
    else if (path->tcp)
        sl_tcp_bind(path->tcp, link);
    else if (gone)
        sl_rtc_remove_route(rtc_worker, link, path);
    else
        sl_rtc_add_route(rtc_worker, link, path);
}

static bool all_connected(const struct sl_peer *peer)
{
    for (size_t i = 0; i < peer->link_count; i++) {
        if (sl_transport_state(peer->links[i].transport) != SL_TRANSPORT_CONNECTED)
            return false;
    }
    return true;
}

static void on_transport_state(void *owner, enum sl_transport_state state)
{
    struct link *link = owner;
    struct sl_peer *peer = link->peer;
    int64_t now_us = sl_now_us();

    switch (state) {
    case SL_TRANSPORT_NEW:
    case SL_TRANSPORT_HANDSHAKE:
        break;
    case SL_TRANSPORT_CHECKED:
        if (!peer->checked_us)
            peer->checked_us = now_us;
        break;
    case SL_TRANSPORT_CONNECTED:
        if (peer->connected_us || !all_connected(peer))
            break;
        peer->connected_us = now_us;
        peer_report(peer, SL_PEER_CONNECTED, SL_PEER_OK);
        if (peer->out)
            sl_flow_out_start(peer->out, now_us);
        break;
    case SL_TRANSPORT_FAILED_FINGERPRINT:
        peer_report(peer, SL_PEER_FAILED, SL_PEER_DTLS_FINGERPRINT);
        break;
    case SL_TRANSPORT_FAILED_DTLS:
        peer_report(peer, SL_PEER_FAILED, SL_PEER_DTLS_ERROR);
        break;
    case SL_TRANSPORT_CLOSED:
        peer_report(peer, SL_PEER_FAILED, SL_PEER_DTLS_CLOSED);
        break;
    }
}

static const struct sl_transport_ops transport_ops = {
    .on_send = on_send,
    .on_state = on_transport_state,
    .on_path = on_path,
};

/* ---- Media ---- */

static void write_tcp(void *stream, bool rtcp, const uint8_t *data, size_t len)
{
    (void)rtcp; /* both in one connection (RFC 5761) */
    sl_tcp_send(stream, data, len);
}

static bool find_path(void *owner, size_t index, struct sl_flow_path *out)
{
    struct sl_peer *peer = owner;
    struct sl_transport *transport = peer->links[index].transport;
    const struct sl_path *path = sl_transport_path(transport);

    *out = (struct sl_flow_path){
        .sender = peer->rtc_worker->sender,
        .engine = peer->rtc_worker->engine,
        .srtp = sl_transport_sender(transport),
        .capture = peer->capture,
    };
    if (!path || !out->srtp)
        return false;
    out->remote = &path->remote;
    if (path->tcp) {
        out->write = write_tcp;
        out->stream = path->tcp;
    } else {
        out->rtp = &path->dest;
        out->rtcp = &path->dest;
    }
    return true;
}

static void on_came(void *owner)
{
    peer_report(owner, SL_PEER_STARTED, SL_PEER_OK);
}

static void on_sent(void *owner)
{
    struct sl_peer *peer = owner;

    if (!peer->in)
        peer_report(peer, SL_PEER_STARTED, SL_PEER_OK);
}

static const struct sl_flow_ops in_ops = {"webrtc", find_path, on_came};
static const struct sl_flow_ops out_ops = {"webrtc", find_path, on_sent};

void sl_peer_on_rtp(struct sl_peer *peer, const uint8_t *data, size_t len, bool rtcp,
                    int64_t now_us)
{
    if (rtcp)
        sl_count(peer->rtc_worker->counters, SL_COUNTER_RTCP_IN, 1);
    if (peer->in && !rtcp)
        sl_flow_in_rtp(peer->in, data, len, now_us);
    if (peer->in && rtcp)
        sl_flow_in_rtcp(peer->in, data, len, now_us);
    if (peer->out && rtcp)
        sl_flow_out_rtcp(peer->out, data, len, now_us);
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_peer *peer = owner;

    (void)sl_flow_in_request_keyframe(peer->in, sl_track_kind(track)); /* browsers hear it */
}

static void on_bound(void *owner, struct sl_track *track, uint64_t bitrate_bps)
{
    struct sl_peer *peer = owner;

    if (sl_track_kind(track) == SL_VIDEO)
        sl_flow_in_bound(peer->in, bitrate_bps);
}

static void on_losses(void *owner, struct sl_track *track, uint8_t fraction)
{
    struct sl_peer *peer = owner;

    if (sl_track_kind(track) == SL_AUDIO)
        sl_flow_in_losses(peer->in, fraction);
}

const struct sl_source_ops sl_peer_source_ops = {
    .protocol = "webrtc",
    .request_keyframe = request_keyframe,
    .on_bound = on_bound,
    .on_losses = on_losses,
};

static void request_layer_keyframe(void *owner, struct sl_track *track)
{
    struct sl_peer *peer = owner;

    sl_flow_in_request_layer_keyframe(peer->in, track);
}

static void on_layer_sinks(void *owner, struct sl_track *track, size_t count)
{
    struct sl_peer *peer = owner;

    sl_flow_in_want_layer(peer->in, track, count > 0);
}

const struct sl_source_ops sl_peer_layer_ops = {
    .protocol = "webrtc",
    .request_keyframe = request_layer_keyframe,
    .on_sinks = on_layer_sinks,
};

/* ---- Time ---- */

static int64_t last_check_us(const struct sl_peer *peer)
{
    int64_t last_us = INT64_MAX;

    /* The transport that has been silent longest decides. */
    for (size_t i = 0; i < peer->link_count; i++) {
        int64_t check_us = sl_transport_last_check_us(peer->links[i].transport);
        if (check_us < last_us)
            last_us = check_us;
    }
    return last_us;
}

static void check_timeouts(struct sl_peer *peer, int64_t now_us)
{
    const struct sl_rtc_config *config = &peer->rtc_worker->rtc->config;

    if (!peer->checked_us) {
        if (now_us - peer->created_us > config->ice_timeout_us) {
            sl_count(peer->rtc_worker->counters, SL_COUNTER_ICE_FAILED, 1);
            peer_report(peer, SL_PEER_FAILED, SL_PEER_ICE_TIMEOUT);
        }
        return;
    }
    if (!peer->connected_us) {
        if (now_us - peer->checked_us > config->dtls_timeout_us) {
            sl_count(peer->rtc_worker->counters, SL_COUNTER_DTLS_FAILED, 1);
            peer_report(peer, SL_PEER_FAILED, SL_PEER_DTLS_ERROR);
        }
        return;
    }
    if (now_us - last_check_us(peer) > config->consent_timeout_us) {
        sl_count(peer->rtc_worker->counters, SL_COUNTER_ICE_FAILED, 1);
        peer_report(peer, SL_PEER_FAILED, SL_PEER_CONSENT_LOST);
        return;
    }
    if (peer->in) {
        int64_t heard_us = sl_flow_in_heard_us(peer->in);
        if (heard_us < peer->connected_us)
            heard_us = peer->connected_us;
        if (config->rtp_timeout_us > 0 && now_us - heard_us > config->rtp_timeout_us)
            peer_report(peer, SL_PEER_FAILED, SL_PEER_RTP_SILENCE);
    }
}

void sl_peer_tick(struct sl_peer *peer, int64_t now_us)
{
    if (peer->capture && sl_capture_has_ended(peer->capture)) { /* it is large */
        sl_capture_unref(peer->capture);
        peer->capture = NULL;
    }
    if (peer->state == SL_PEER_FAILED)
        return;
    for (size_t i = 0; i < peer->link_count; i++) {
        if (now_us >= sl_transport_deadline_us(peer->links[i].transport))
            sl_transport_tick(peer->links[i].transport, now_us);
    }
    check_timeouts(peer, now_us);
    if (!peer->connected_us)
        return;
    if (peer->in)
        sl_flow_in_tick(peer->in, now_us);
    if (peer->out)
        sl_flow_out_tick(peer->out, now_us);
}

/* ---- Life on the worker ---- */

/* The other side is looked for at the addresses that its answer names. */
static void reach_out(struct sl_peer *peer, struct link *link, int64_t now_us)
{
    const struct sl_addr *candidates = peer->offered->candidates[link->index];
    size_t count = peer->offered->candidate_count[link->index];

    if (sl_outgoing_create(link, candidates, count, &link->outgoing) < 0) {
        peer_report(peer, SL_PEER_FAILED, SL_PEER_NO_SOCKET);
        return;
    }
    sl_outgoing_add_candidates(link->outgoing, link->transport, candidates, count, now_us);
    sl_transport_tick(link->transport, now_us);
}

static void make_link(struct sl_peer *peer, size_t index, int64_t now_us)
{
    struct rtc_worker *rtc_worker = peer->rtc_worker;
    struct link *link = &peer->links[index];
    struct sl_transport_config config = {
        .engine = rtc_worker->engine,
        .identity = rtc_worker->rtc->identity,
        .counters = rtc_worker->counters,
        .ice_client = peer->offered != NULL,
        .dtls_client = peer->offered && peer->start[index].remote_setup == SL_SDP_PASSIVE,
        .keep_dtls = peer->in != NULL, /* few, and their silent leaving concerns many */
        .local_ufrag = link->ufrag,
        .local_pwd = peer->start[index].pwd,
        .remote_ufrag = peer->start[index].remote_ufrag,
        .remote_pwd = peer->start[index].remote_pwd,
        .fingerprint_hash = peer->start[index].fingerprint_hash,
        .fingerprint = peer->start[index].fingerprint,
        .ops = &transport_ops,
        .owner = link,
    };

    link->peer = peer;
    link->index = index;
    (void)sl_transport_create(&config, now_us, &link->transport); /* cannot fail */
    if (peer->offered)
        reach_out(peer, link, now_us);
    else
        sl_rtc_add_link(rtc_worker, link);
}

static void on_start(struct sl_msg *msg)
{
    struct sl_peer *peer = sl_container_of(msg, struct sl_peer, start_msg);
    int64_t now_us = sl_now_us();

    peer->created_us = now_us;
    for (size_t i = 0; i < peer->link_count; i++)
        make_link(peer, i, now_us);
    sl_list_append(peer->in ? &peer->rtc_worker->receiving : &peer->rtc_worker->sending_only,
                   &peer->entry);
    peer->added = true;
}

static void on_closed(struct sl_msg *msg);

static void on_close(struct sl_msg *msg)
{
    struct sl_peer *peer = sl_container_of(msg, struct sl_peer, close_msg);
    struct rtc_worker *rtc_worker = peer->rtc_worker;

    if (peer->out)
        sl_flow_out_stop(peer->out);
    if (peer->added) {
        /* Datagrams that are queued point to the paths and keys that go now. */
        sl_worker_flush(rtc_worker->worker);
        for (size_t i = 0; i < peer->link_count; i++) {
            if (!peer->offered)
                sl_rtc_remove_link(rtc_worker, &peer->links[i]);
            sl_transport_destroy(peer->links[i].transport);
            sl_outgoing_destroy(peer->links[i].outgoing);
            if (rtc_worker->tcp)
                sl_tcp_drop_link(rtc_worker->tcp, &peer->links[i]);
        }
        sl_list_remove(&peer->entry);
    }
    sl_flow_in_destroy(peer->in);
    peer->closed_msg.run = on_closed;
    sl_loop_post(rtc_worker->rtc->control, &peer->closed_msg);
}

/* ---- Life on the control loop ---- */

static void on_closed(struct sl_msg *msg)
{
    struct sl_peer *peer = sl_container_of(msg, struct sl_peer, closed_msg);
    const struct sl_peer_ops *ops = peer->ops;
    void *owner = peer->owner;

    sl_flow_out_destroy(peer->out);
    sl_capture_unref(peer->capture);
    sl_worker_add_load(peer->rtc_worker->worker, -1);
    for (size_t i = 0; i < peer->link_count; i++) {
        free(peer->start[i].remote_ufrag);
        free(peer->start[i].remote_pwd);
        free(peer->start[i].fingerprint_hash);
        free(peer->start[i].fingerprint);
    }
    free(peer->offered);
    free(peer);
    ops->on_closed(owner);
}

static void create_flow(struct sl_peer *peer, const struct sl_peer_config *config)
{
    struct sl_flow_in_config in = {
        .worker = config->worker,
        .negotiation = config->negotiation,
        .max_bitrate_bps = config->max_bitrate_bps,
        .ops = &in_ops,
        .owner = peer,
    };
    struct sl_flow_out_config out = {
        .worker = config->worker,
        .negotiation = config->negotiation,
        .tracks = {config->tracks[SL_AUDIO], config->tracks[SL_VIDEO]},
        .control = config->rtc->control,
        .cname = config->cname,
        .requested_us = config->requested_us,
        .ops = &out_ops,
        .owner = peer,
    };

    if (sl_sdp_receives(config->direction))
        peer->in = sl_flow_in_create(&in);
    if (sl_sdp_sends(config->direction))
        peer->out = sl_flow_out_create(&out);
}

struct sl_peer *sl_peer_create(const struct sl_peer_config *config)
{
    struct sl_peer *peer = sl_new(struct sl_peer);
    const struct sl_negotiation *negotiation = config->negotiation;

    SL_ASSERT_ON(config->rtc->control);
    peer->rtc_worker = &config->rtc->all[sl_worker_index(config->worker)];
    peer->ops = config->ops;
    peer->owner = config->owner;
    if (config->offered) {
        peer->offered = sl_new(struct sl_peer_offered);
        *peer->offered = *config->offered;
    }
    peer->start_msg.run = on_start;
    peer->close_msg.run = on_close;
    peer->link_count = negotiation->transport_count;
    for (size_t i = 0; i < peer->link_count; i++) {
        const struct sl_media_transport *remote = &negotiation->transports[i];
        memcpy(peer->links[i].ufrag, config->local[i].ufrag, sizeof(peer->links[i].ufrag));
        memcpy(peer->start[i].pwd, config->local[i].pwd, sizeof(peer->start[i].pwd));
        peer->start[i].remote_ufrag = sl_strdup(remote->remote_ufrag);
        peer->start[i].remote_pwd = sl_strdup(remote->remote_pwd);
        peer->start[i].remote_setup = remote->remote_setup;
        peer->start[i].fingerprint_hash = sl_strdup(remote->fingerprint_hash);
        peer->start[i].fingerprint = sl_strdup(remote->fingerprint);
    }
    create_flow(peer, config);
    sl_worker_add_load(config->worker, 1);
    return peer;
}

void sl_peer_start(struct sl_peer *peer)
{
    sl_loop_post(sl_worker_loop(peer->rtc_worker->worker), &peer->start_msg);
}

void sl_peer_close(struct sl_peer *peer)
{
    if (!peer || peer->closing)
        return;
    peer->closing = true;
    sl_loop_post(sl_worker_loop(peer->rtc_worker->worker), &peer->close_msg);
}

struct watch {
    struct sl_msg msg;
    struct sl_peer *peer;
    struct sl_capture *capture;
};

static void on_watch(struct sl_msg *msg) /* on the worker */
{
    struct watch *watch = sl_container_of(msg, struct watch, msg);

    sl_capture_unref(watch->peer->capture);
    watch->peer->capture = watch->capture;
    free(watch);
}

void sl_peer_watch(struct sl_peer *peer, struct sl_capture *capture)
{
    SL_ASSERT_ON(peer->rtc_worker->rtc->control);
    if (peer->closing)
        return;
    struct watch *watch = sl_new(struct watch);
    watch->msg.run = on_watch;
    watch->peer = peer;
    watch->capture = sl_capture_ref(capture);
    sl_loop_post(sl_worker_loop(peer->rtc_worker->worker), &watch->msg);
}

void sl_peer_set_tracks(struct sl_peer *peer, struct sl_track *audio, struct sl_track *video)
{
    sl_flow_in_set_tracks(peer->in, audio, video);
}

void sl_peer_set_layer(struct sl_peer *peer, size_t layer, struct sl_track *track)
{
    sl_flow_in_set_layer(peer->in, layer, track);
}

int sl_peer_move(struct sl_peer *peer, enum sl_media_kind kind, struct sl_track *track)
{
    return peer->out && !peer->closing ? sl_flow_out_move(peer->out, kind, track) : -EINVAL;
}

int sl_peer_stand_in(struct sl_peer *peer, struct sl_track *track, uint64_t wanted_bps)
{
    return peer->out && !peer->closing
               ? sl_flow_out_stand_in(peer->out, SL_VIDEO, track, wanted_bps)
               : -EINVAL;
}

const struct sl_flow_stats *sl_peer_stats(const struct sl_peer *peer)
{
    return peer->in ? sl_flow_in_stats(peer->in) : sl_flow_out_stats(peer->out);
}

const struct sl_flow_stats *sl_peer_sent_stats(const struct sl_peer *peer)
{
    return peer->out ? sl_flow_out_stats(peer->out) : NULL;
}

bool sl_peer_uses_tcp(const struct sl_peer *peer)
{
    return atomic_load(&peer->uses_tcp);
}
