/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A player over plain RTP: a description, sockets, a way for each section. */
#include "plain_player.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT_FROM = 30000, PORT_TO = 39999 };

/* ---- On the worker ---- */

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    struct plain_player *player = owner;

    *out = (struct sl_flow_path){
        .sender = player->sender, .rtp = &player->rtp[transport], .rtcp = &player->rtcp[transport]};
    return true;
}

static void on_started(void *owner)
{
    ((struct plain_player *)owner)->started = true;
}

static const struct sl_flow_ops ops = {"rtp", find_path, on_started};

static void on_flush(void *owner)
{
    sl_udp_flush(((struct plain_player *)owner)->sender);
}

static void nothing(void *owner, bool on)
{
    (void)owner, (void)on;
}

void plain_player_start(void *arg)
{
    static const struct sl_worker_io io = {.flush = on_flush, .listen = nothing};
    struct plain_player *player = arg;

    sl_worker_set_io(player->worker, &io, player);
    sl_flow_out_start(player->out, sl_now_us());
}

void plain_player_stop(void *arg)
{
    struct plain_player *player = arg;

    sl_flow_out_stop(player->out);
    sl_worker_flush(player->worker);
    sl_worker_set_io(player->worker, NULL, NULL);
}

/* ---- The description, which is its offer, and what we make of it ---- */

static void describe(struct sl_stream *stream, const char *path, struct sl_negotiation *out)
{
    struct sl_source_codec audio[SL_TRACK_CODECS_MAX], video[SL_TRACK_CODECS_MAX];
    struct sl_negotiate_config choice = {.plain = true, .direction = SL_SDP_SENDONLY};
    struct sl_sdp_offer_config offer = {.audio = true, .video = true, .plain = "RTP/AVP"};
    struct sl_addr at[2];
    struct sl_sdp *parsed;
    char text[4096];

    for (size_t kind = 0; kind < 2; kind++) {
        struct sl_udp_pair pair;
        assert_int_equal(sl_addr_parse_ip("127.0.0.1", 0, &at[kind]), 0);
        assert_int_equal(sl_udp_open_pair(&at[kind], PORT_FROM, PORT_TO, &pair, NULL), 0);
        at[kind].port = pair.port; /* free: ffprobe takes them */
        (void)close(pair.rtp);
        (void)close(pair.rtcp);
        offer.transports[kind].candidates = &at[kind];
        offer.transports[kind].candidate_count = 1;
        offer.transports[kind].rtcp_port = pair.port + 1;
    }
    offer.direction = SL_SDP_RECVONLY;
    choice.audio = offer.audio_codecs = audio;
    choice.video = offer.video_codecs = video;
    choice.audio_count = sl_track_source_codecs(sl_stream_track(stream, SL_AUDIO), audio);
    choice.video_count = sl_track_source_codecs(sl_stream_track(stream, SL_VIDEO), video);
    offer.audio_codec_count = choice.audio_count;
    offer.video_codec_count = choice.video_count;
    int len = sl_sdp_build_offer(&offer, text, sizeof(text));
    assert_true(len > 0);
    assert_int_equal(sl_sdp_parse(text, (size_t)len, &parsed, NULL), 0);
    assert_int_equal(sl_sdp_negotiate(parsed, &choice, out, NULL), 0);
    sl_sdp_free(parsed);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, (size_t)len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void make_way(struct plain_player *player, struct sl_negotiation *negotiation, size_t i)
{
    const struct sl_media_transport *to = &negotiation->transports[i];
    struct sl_addr addr;

    negotiation->media[i].local_ssrc = sl_ssrc_draw(NULL, 0);
    assert_int_equal(sl_addr_parse_ip(to->address, to->port, &addr), 0);
    player->rtp[i].fd = player->ours.rtp;
    player->rtp[i].sa_len = sl_addr_to_sockaddr(&addr, &player->rtp[i].sa);
    addr.port = to->rtcp_port;
    player->rtcp[i].fd = player->ours.rtcp;
    player->rtcp[i].sa_len = sl_addr_to_sockaddr(&addr, &player->rtcp[i].sa);
}

void plain_player_create(struct plain_player *player, struct sl_stream *stream, const char *path)
{
    struct sl_negotiation *negotiation = sl_new(struct sl_negotiation);
    struct sl_addr here;

    describe(stream, path, negotiation);
    assert_int_equal(sl_addr_parse_ip("127.0.0.1", 0, &here), 0);
    assert_int_equal(sl_udp_open_pair(&here, PORT_FROM, PORT_TO, &player->ours, NULL), 0);
    for (size_t i = 0; i < negotiation->transport_count; i++)
        make_way(player, negotiation, i);
    player->worker = sl_stream_worker(stream);
    player->sender = sl_udp_sender_create(NULL, NULL);
    struct sl_flow_out_config config = {
        .worker = player->worker, .negotiation = negotiation, .cname = "plain", .ops = &ops};
    config.owner = player;
    config.control = player->control;
    for (size_t kind = 0; kind < 2; kind++)
        config.tracks[kind] = sl_stream_track(stream, (enum sl_media_kind)kind);
    player->out = sl_flow_out_create(&config);
    free(negotiation);
}

void plain_player_destroy(struct plain_player *player)
{
    sl_flow_out_destroy(player->out);
    sl_udp_sender_destroy(player->sender);
    (void)close(player->ours.rtp);
    (void)close(player->ours.rtcp);
}
