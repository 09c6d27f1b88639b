/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Publications and playbacks: their states, checks, limits and ends. */
#include "base/mem.h"
#include "base/metrics.h"
#include "client.h"
#include "sdp/sdp.h"
#include "stream/stream.h"

#include <stdio.h>
#include <string.h>

static void request(struct client *client, const struct sl_media_request *request)
{
    sl_session_request_media(client->session, request);
    fake_settle();
}

/* ---- The ordinary course ---- */

static void publishes_plays_and_stops(void **state) /* WS-19, WS-40, WS-42, WS-46, WS-47, WS-50 */
{
    struct client publisher, player;

    connect_client(*state, &publisher, 1);
    connect_client(*state, &player, 2);
    publish(&publisher, "pub", "cam");
    assert_heard(&publisher, "sdp pub 1 v=0\n");
    assert_true(fake_peer_started("pub"));
    play(&player, "early", "cam");
    assert_heard(&player, "FAILED early Publish stream is not ready\n");
    fake_peer_event("pub", SL_PEER_CONNECTED, SL_PEER_OK);
    assert_heard(&publisher, "PUBLISHING pub \n");
    fake_stream_size("cam", 320, 240);

    play(&player, "play", "cam");
    assert_heard(&player, "codec play opus\nsdp play 1 v=0\n");
    fake_stream_size("cam", 640, 480); /* before PLAYING nothing is said of it */
    fake_peer_event("play", SL_PEER_CONNECTED, SL_PEER_OK);
    assert_heard(&player, "");
    fake_peer_event("play", SL_PEER_STARTED, SL_PEER_OK);
    assert_heard(&player, "PLAYING play \nsize play 640x480\n");
    fake_stream_size("cam", 1280, 720);
    assert_heard(&player, "size play 1280x720\n");

    play_live(&player, "other", "cam");
    stop(&player, "play", false);
    assert_heard(&player, "STOPPED play Stopped by user\n");
    stop(&publisher, "pub", true);
    assert_heard(&publisher, "UNPUBLISHED pub Stopped by publisher stop\n");
    assert_heard(&player, "FAILED other Stopped by publisher stop\n");
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void name_and_id_are_free_while_the_peer_still_closes(void **state) /* WS-41, WS-68 */
{
    struct fake_server *server = *state;
    struct sl_sessions_stats stats;
    struct client client;

    connect_client(server, &client, 1);
    for (int i = 0; i < 100; i++) {
        publish(&client, "id", "cam");
        fake_peer_event("id", SL_PEER_CONNECTED, SL_PEER_OK);
        stop(&client, "id", true);
        assert_heard(&client, "sdp id 1 v=0\nPUBLISHING id \n"
                              "UNPUBLISHED id Stopped by publisher stop\n");
    }
    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(stats.closing, 100);
    fake_finish_closing();
    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(stats.closing, 0);
    sl_session_destroy(client.session);
}

static void says_nothing_after_the_final_status(void **state) /* WS-52 */
{
    struct client client;

    connect_client(*state, &client, 1);
    publish_live(&client, "id", "cam");
    stop(&client, "id", true);
    client.heard[0] = '\0';
    fake_peer_event("id", SL_PEER_FAILED, SL_PEER_DTLS_CLOSED); /* was under way */
    fake_peer_event("id", SL_PEER_CONNECTED, SL_PEER_OK);
    fake_advance_ms(10000);
    assert_heard(&client, "");
    sl_session_destroy(client.session);
}

static void a_stop_before_the_media_path_is_up_ends_cleanly(void **state) /* WS-53 */
{
    struct client client;

    connect_client(*state, &client, 1);
    publish(&client, "id", "cam");
    stop(&client, "id", true);
    assert_heard(&client, "sdp id 1 v=0\nUNPUBLISHED id Stopped by publisher stop\n");
    sl_session_destroy(client.session);
}

static void a_stop_of_an_unknown_id_is_answered_once(void **state) /* 7.3, WS-55 */
{
    struct fake_server *server = *state;
    struct client client, other;

    server->hooks.wanted[SL_HOOK_STREAM_STATUS_EVENT] = true;
    connect_client(server, &client, 1);
    connect_client(server, &other, 2);
    publish_live(&client, "id", "cam");
    stop(&other, "id", true);
    assert_heard(&other, "UNPUBLISHED id Stopped by publisher stop\n");
    assert_heard(&client, "");
    stop(&other, "nobody", false);
    assert_heard(&other, "STOPPED nobody Stopped by user\n");
    assert_null(fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 1));
    sl_session_destroy(client.session);
    sl_session_destroy(other.session);
}

/* ---- What the peer reports ---- */

static void peer_failures_have_the_words_of_the_sdk(void **state) /* 8.2, WS-35, WS-36 */
{
    static const struct {
        enum sl_peer_failure failure;
        const char *heard;
    } cases[] = {
        {SL_PEER_ICE_TIMEOUT, "FAILED id Failed by ICE timeout\n"},
        {SL_PEER_CONSENT_LOST, "FAILED id Failed by ICE keep alive\n"},
        {SL_PEER_DTLS_FINGERPRINT, "FAILED id Failed by DTLS fingerprint error\n"},
        {SL_PEER_DTLS_ERROR, "FAILED id Failed by DTLS error\n"},
        {SL_PEER_RTP_SILENCE, "FAILED id Failed by RTP activity\n"},
        {SL_PEER_OK, "FAILED id Failed by error\n"},
    };
    struct client client;

    connect_client(*state, &client, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        publish(&client, "id", "cam");
        client.heard[0] = '\0';
        fake_peer_event("id", SL_PEER_FAILED, cases[i].failure);
        assert_heard(&client, cases[i].heard);
    }
    assert_int_equal(counted(*state, SL_COUNTER_STREAMS_FAILED), SL_ARRAY_LEN(cases));
    sl_session_destroy(client.session);
}

static void a_close_notify_waits_for_the_clients_own_stop(void **state) /* WS-54 */
{
    struct client client;

    connect_client(*state, &client, 1);
    publish_live(&client, "id", "cam");
    fake_peer_event("id", SL_PEER_FAILED, SL_PEER_DTLS_CLOSED);
    fake_advance_ms(1900);
    assert_heard(&client, "");
    stop(&client, "id", true);
    assert_heard(&client, "UNPUBLISHED id Stopped by publisher stop\n");

    publish_live(&client, "id", "cam");
    fake_peer_event("id", SL_PEER_FAILED, SL_PEER_DTLS_CLOSED);
    fake_advance_ms(2100);
    assert_heard(&client, "FAILED id Failed by ICE keep alive\n");
    sl_session_destroy(client.session);
}

static void playing_is_said_though_the_publisher_sends_nothing(void **state) /* 5.5, 12 */
{
    struct client client;

    connect_client(*state, &client, 1);
    publish_live(&client, "pub", "cam");
    play(&client, "play", "cam");
    client.heard[0] = '\0';
    fake_peer_event("play", SL_PEER_CONNECTED, SL_PEER_OK);
    fake_advance_ms(2100);
    assert_heard(&client, "PLAYING play \n");
    fake_peer_event("play", SL_PEER_STARTED, SL_PEER_OK);
    assert_heard(&client, "");
    sl_session_destroy(client.session);
}

/* ---- Checks ---- */

static void
refuses_requests_with_the_words_of_the_sdk(void **state) /* 5.1, 7.1, 13; WS-31, WS-49 */
{
    const char *offer = fake_offer(true, true, true);
    char *long_id = sl_alloc(200), *long_name = sl_alloc(300);
    memset(long_id, 'i', 129);
    memset(long_name, 'n', 257);
    const struct {
        struct sl_media_request request;
        const char *heard;
    } cases[] = {
        {{.media_session_id = "x", .name = "nobody", .offer = offer},
         "FAILED x Stream not found\n"},
        {{.media_session_id = "x", .name = "rtsp://a/b", .offer = offer},
         "FAILED x Failed to get agent storage\n"},
        {{.media_session_id = "x", .name = "cam", .offer = offer, .media_provider = "MSE"},
         "FAILED x Failed by error\n"},
        {{.media_session_id = "x", .name = "", .offer = offer}, "FAILED x Failed by error\n"},
        {{.publish = true, .media_session_id = "x", .offer = offer}, "FAILED x Failed by error\n"},
        {{.publish = true, .media_session_id = "x", .name = long_name, .offer = offer},
         "FAILED x Failed by error\n"},
        {{.publish = true, .media_session_id = "x", .name = "a\nb", .offer = offer},
         "FAILED x Failed by error\n"},
        {{.publish = true, .media_session_id = "x", .name = "a\xc2\x85", .offer = offer},
         "FAILED x Failed by error\n"},
        {{.publish = true, .media_session_id = "x\r\na=y", .name = "n", .offer = offer},
         "FAILED x\r\na=y Failed by error\n"},
        {{.publish = true, .media_session_id = "x", .name = "cam", .offer = offer}, /* WS-37 */
         "FAILED x Stream name is already in use\n"},
        {{.publish = true, .media_session_id = "x", .name = "n"},
         "FAILED x Failed to add stream to proxy\n"},
        {{.publish = true, .media_session_id = "x", .name = "n", .offer = "v=1"},
         "FAILED x Failed to add stream to proxy\n"},
    };
    struct client client;

    connect_client(*state, &client, 1);
    publish_live(&client, "pub", "cam");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        request(&client, &cases[i].request);
        if (strcmp(client.heard, cases[i].heard) != 0)
            fail_msg("case %zu: %s", i, client.heard);
        client.heard[0] = '\0';
    }
    publish(&client, long_id, "n");
    assert_non_null(strstr(client.heard, "Failed by error\n"));
    assert_null(strstr(client.heard, "sdp"));
    free(long_id);
    free(long_name);
    sl_session_destroy(client.session);
}

static void no_common_codec_and_no_port_fail_without_an_answer(void **state) /* WS-31 */
{
    struct fake_server *server = *state;
    struct client client;
    char only[] = "g729", *list[] = {only};

    connect_client(server, &client, 1);
    struct sl_string_list codecs = server->config->codecs;
    server->config->codecs = (struct sl_string_list){.items = list, .count = 1};
    publish(&client, "id", "cam");
    assert_heard(&client, "FAILED id No common codecs\n");
    server->config->codecs = codecs;
    fake_set_candidates(0, 0);
    publish(&client, "id", "cam");
    assert_heard(&client, "FAILED id Failed to add stream to proxy\n");
    sl_session_destroy(client.session);
}

static void ids_are_unique_per_server_and_the_holder_is_not_harmed(void **state) /* WS-39 */
{
    struct client client, other;

    connect_client(*state, &client, 1);
    connect_client(*state, &other, 2);
    publish_live(&client, "id", "cam");
    play(&other, "id", "cam");
    assert_heard(&other, "FAILED id MediaSessionId is already in use\n");
    play(&client, "id", "cam");
    assert_heard(&client, "error MediaSessionId is already in use\n");
    play(&client, NULL, "cam");
    assert_heard(&client, "error MediaSessionId is null\nFAILED (null) MediaSessionId is null\n");
    stop(&client, "id", true);
    assert_heard(&client, "UNPUBLISHED id Stopped by publisher stop\n");
    sl_session_destroy(client.session);
    sl_session_destroy(other.session);
}

static void the_newcomer_is_refused_when_a_limit_is_reached(void **state)
{
    struct fake_server *server = *state;
    struct client client, other;

    connect_client(server, &client, 1);
    connect_client(server, &other, 2);
    publish_live(&client, "pub", "cam");
    play_live(&client, "p1", "cam");
    server->config->players_per_stream_max = 1;
    play(&other, "p2", "cam");
    assert_heard(&other, "FAILED p2 Too many players of this stream\n");
    /* Viewers by other protocols count as well; what is pushed or recorded does not. */
    stop(&client, "p1", false);
    struct sl_taker output = {.kind = SL_TAKER_OUTPUT, .protocol = "rtmp", .id = "o"};
    struct sl_taker viewer = {.kind = SL_TAKER_VIEWER, .protocol = "hls", .id = "v"};
    struct sl_stream *stream = sl_streams_find(NULL, "cam");
    sl_taker_attach(&output, stream);
    sl_taker_attach(&viewer, stream);
    play(&other, "p2", "cam");
    assert_heard(&other, "FAILED p2 Too many players of this stream\n");
    sl_taker_detach(&viewer);
    client.heard[0] = '\0';
    play_live(&client, "p1", "cam");
    sl_taker_detach(&output);
    server->config->players_per_stream_max = 0;
    server->config->streams_per_session_max = 2;
    play(&client, "p2", "cam");
    assert_heard(&client, "FAILED p2 Too many streams in this session\n");
    server->config->streams_max = 2;
    play(&other, "p2", "cam");
    assert_heard(&other, "FAILED p2 Too many streams\n");
    stop(&client, "p1", false);
    play_live(&other, "p2", "cam");
    sl_session_destroy(client.session);
    sl_session_destroy(other.session);
}

/* ---- Hooks ---- */

static void a_refused_stream_is_told_by_fail(void **state) /* WS-65, HOOK-12, HOOK-14 */
{
    struct fake_server *server = *state;
    struct client client;

    connect_client(server, &client, 1);
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = true;
    server->hooks.answer = (struct sl_hook_answer){.status = 403, .info = "403 Forbidden"};
    publish(&client, "id", "cam");
    assert_heard(&client, "refused id 403 Forbidden\n");
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = false;
    publish(&client, "id", "cam"); /* the session stays, name and id are free */
    assert_heard(&client, "sdp id 1 v=0\n");
    sl_session_destroy(client.session);
}

static void the_back_end_may_rename_a_stream(void **state) /* HOOK-15 */
{
    struct fake_server *server = *state;
    struct client client;
    json_t *fields = json_pack("{s:s}", "name", "hidden");

    connect_client(server, &client, 1);
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = true;
    server->hooks.answer = (struct sl_hook_answer){.allowed = true, .fields = fields};
    publish_live(&client, "id", "cam");
    assert_string_equal(sl_media_session_name(sl_sessions_find_media(server->sessions, "id")),
                        "hidden");
    play(&client, "play", "cam");
    assert_heard(&client, "FAILED play Stream not found\n");
    json_decref(fields);
    sl_session_destroy(client.session);
}

/* So a client that asks for several things in a row has them done in that order. */
static void what_nobody_is_asked_about_is_done_on_the_spot(void **state)
{
    struct fake_server *server = *state;
    const struct sl_media_request request = {.publish = true,
                                             .media_session_id = "id",
                                             .name = "cam",
                                             .offer = fake_offer(true, true, true)};
    struct client client;
    json_t *id = json_string("op");

    connect_client(server, &client, 1);
    for (int asked = 0; asked <= 1; asked++) {
        server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = asked;
        server->hooks.wanted[SL_HOOK_ON_DATA_EVENT] = asked;
        sl_session_request_media(client.session, &request);
        sl_session_submit_data(client.session, id, id, NULL);
        assert_string_equal(client.heard, asked ? "" : "sdp id 1 v=0\ndata op accepted\n");
        assert_heard(&client, "sdp id 1 v=0\ndata op accepted\n");
        stop(&client, "id", true);
        assert_heard(&client, "UNPUBLISHED id Stopped by publisher stop\n");
    }
    json_decref(id);
    sl_session_destroy(client.session);
}

static void a_slow_back_end_holds_up_one_stream_only(void **state) /* 12.1, HOOK-38 */
{
    struct fake_server *server = *state;
    struct client client;
    const struct sl_hook_answer yes = {.allowed = true};

    connect_client(server, &client, 1);
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = true;
    server->hooks.prompt = false;
    publish(&client, "slow", "cam");
    publish(&client, "slower", "cam");
    publish(&client, "given-up", "cam");
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = false;
    publish(&client, "quick", "other");
    assert_heard(&client, "sdp quick 1 v=0\n");
    stop(&client, "given-up", true);
    assert_heard(&client, "UNPUBLISHED given-up Stopped by publisher stop\n");
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_PUBLISH_STREAM, &yes));
    assert_heard(&client, "sdp slow 1 v=0\n");
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_PUBLISH_STREAM, &yes)); /* WS-38 */
    assert_heard(&client, "FAILED slower Stream name is already in use\n");
    assert_false(fake_hooks_answer(&server->hooks, SL_HOOK_PUBLISH_STREAM, &yes));
    sl_session_destroy(client.session);
}

static void hook_bodies_are_the_stream_object_with_context(void **state) /* HOOK-2, HOOK-19 */
{
    struct fake_server *server = *state;
    struct client client;
    static const char *const keys[] = {
        "nodeId",     "appKey",   "sessionId",  "mediaSessionId", "name",       "published",
        "hasVideo",   "hasAudio", "status",     "audioCodec",     "videoCodec", "record",
        "width",      "height",   "bitrate",    "minBitrate",     "maxBitrate", "quality",
        "createDate", "sdp",      "streamInfo", "mediaProvider",  "custom",     "rtmpUrl",
        "recordName", "info"};
    json_t *custom = json_pack("{s:s}", "name", "room");

    connect_client(server, &client, 1);
    memset(server->hooks.wanted, true, sizeof(server->hooks.wanted));
    request(&client, &(struct sl_media_request){.publish = true,
                                                .media_session_id = "id",
                                                .name = "cam",
                                                .custom = custom,
                                                .offer = fake_offer(true, true, true)});
    fake_peer_event("id", SL_PEER_CONNECTED, SL_PEER_OK);
    stop(&client, "id", true);
    static const struct {
        enum sl_hook_method method;
        size_t n;
        const char *status;
    } told[] = {
        {SL_HOOK_PUBLISH_STREAM, 0, "PENDING"},
        {SL_HOOK_STREAM_STATUS_EVENT, 0, "PUBLISHING"},
        {SL_HOOK_UNPUBLISH_STREAM, 0, "PUBLISHING"},
        {SL_HOOK_STREAM_STATUS_EVENT, 1, "UNPUBLISHED"},
    };
    for (size_t i = 0; i < SL_ARRAY_LEN(told); i++) {
        json_t *body = fake_hooks_told(&server->hooks, told[i].method, told[i].n);
        assert_string_equal(json_string_value(json_object_get(body, "status")), told[i].status);
        assert_true(json_equal(json_object_get(body, "custom"), custom));
        for (size_t k = 0; k < SL_ARRAY_LEN(keys); k++)
            if (!json_object_get(body, keys[k]))
                fail_msg("%s: %s is missing", told[i].status, keys[k]);
    }
    assert_null(fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 2));
    json_decref(custom);
    server->hooks.wanted[SL_HOOK_CONNECTION_STATUS_EVENT] = false;
    sl_session_destroy(client.session);
}

/* ---- What goes to the media engine ---- */

static void players_get_ssrcs_of_their_own(void **state) /* WS-45 */
{
    struct client client;
    uint32_t seen[4] = {0};
    size_t count = 0;

    connect_client(*state, &client, 1);
    publish_live(&client, "pub", "cam");
    play(&client, "play", "cam");
    const struct sl_peer_config *config = fake_peer_config("play");
    assert_non_null(config->tracks[SL_AUDIO]);
    assert_non_null(config->tracks[SL_VIDEO]);
    assert_string_not_equal(config->local[0].ufrag, "");
    for (size_t i = 0; i < config->negotiation->media_count; i++) {
        seen[count++] = config->negotiation->media[i].local_ssrc;
        if (config->negotiation->media[i].local_rtx_ssrc)
            seen[count++] = config->negotiation->media[i].local_rtx_ssrc;
    }
    assert_int_equal(count, 3); /* audio, video, and what repairs video */
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j] && seen[i] != 0 && seen[j] != 0);
    sl_session_destroy(client.session);
}

static void audio_only_players_and_publishers_work(void **state) /* WS-23, WS-48 */
{
    struct fake_server *server = *state;
    struct client client;

    connect_client(server, &client, 1);
    publish_live(&client, "pub", "cam");
    request(&client, &(struct sl_media_request){.media_session_id = "play",
                                                .name = "cam",
                                                .offer = fake_offer(false, true, false)});
    assert_heard(&client, "codec play opus\nsdp play 1 v=0\n");
    assert_null(fake_peer_config("play")->tracks[SL_VIDEO]);
    json_t *about = sl_media_session_describe(sl_sessions_find_media(server->sessions, "play"));
    assert_true(json_is_true(json_object_get(about, "hasAudio")));
    assert_true(json_is_false(json_object_get(about, "hasVideo")));
    json_decref(about);

    request(&client, &(struct sl_media_request){.publish = true,
                                                .media_session_id = "silent",
                                                .name = "silent",
                                                .offer = fake_offer(true, false, true)});
    assert_heard(&client, "sdp silent 1 v=0\n");
    fake_peer_event("silent", SL_PEER_CONNECTED, SL_PEER_OK);
    client.heard[0] = '\0';
    play(&client, "watch", "silent"); /* no audio: no notifyAudioCodec */
    assert_heard(&client, "sdp watch 1 v=0\n");
    sl_session_destroy(client.session);
}

static void transport_and_bitrate_follow_request_and_configuration(void **state) /* WS-70, 6.6 */
{
    struct fake_server *server = *state;
    static const struct {
        bool tcp_by_default;
        enum sl_medium_transport asked;
        bool tcp;
        int asked_kbps;
        int64_t allowed_kbps;
        uint32_t bps;
        unsigned named_kbps; /* a bound of our own is no wish of the page: browsers would follow */
    } cases[] = {
        {false, SL_TRANSPORT_DEFAULT, false, 0, 0, 0, 0},
        {false, SL_TRANSPORT_TCP, true, 500, 0, 500000, 500},
        {true, SL_TRANSPORT_DEFAULT, true, 0, 800, 800000, 0},
        {true, SL_TRANSPORT_UDP, false, 900, 800, 800000, 800},
        {true, SL_TRANSPORT_TCP, true, 500, 800, 500000, 500},
    };
    struct client client;

    connect_client(server, &client, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "id-%zu", i);
        server->config->ice_tcp_transport = cases[i].tcp_by_default;
        server->config->publish_max_bitrate = cases[i].allowed_kbps;
        request(&client, &(struct sl_media_request){.publish = true,
                                                    .media_session_id = id,
                                                    .name = id,
                                                    .transport = cases[i].asked,
                                                    .max_bitrate_kbps = cases[i].asked_kbps,
                                                    .offer = fake_offer(true, true, true)});
        assert_int_equal(fake_peer_config(id)->tcp_only, cases[i].tcp);
        assert_int_equal(fake_peer_config(id)->max_bitrate_bps, cases[i].bps);
        assert_int_equal(client.named_kbps, cases[i].named_kbps);
    }
    sl_session_destroy(client.session);
}

static void one_session_holds_many_streams_without_mixing_them_up(void **state) /* WS-69 */
{
    struct client client;

    connect_client(*state, &client, 1);
    publish_live(&client, "pub", "cam");
    for (int i = 0; i < 5; i++) {
        char id[16], expected[64];
        (void)snprintf(id, sizeof(id), "play-%d", i);
        play_live(&client, id, "cam");
        stop(&client, id, false);
        (void)snprintf(expected, sizeof(expected), "STOPPED %s Stopped by user\n", id);
        assert_heard(&client, expected);
        play_live(&client, id, "cam");
    }
    sl_session_destroy(client.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(publishes_plays_and_stops),
        TEST(name_and_id_are_free_while_the_peer_still_closes),
        TEST(says_nothing_after_the_final_status),
        TEST(a_stop_before_the_media_path_is_up_ends_cleanly),
        TEST(a_stop_of_an_unknown_id_is_answered_once),
        TEST(peer_failures_have_the_words_of_the_sdk),
        TEST(a_close_notify_waits_for_the_clients_own_stop),
        TEST(playing_is_said_though_the_publisher_sends_nothing),
        TEST(refuses_requests_with_the_words_of_the_sdk),
        TEST(no_common_codec_and_no_port_fail_without_an_answer),
        TEST(ids_are_unique_per_server_and_the_holder_is_not_harmed),
        TEST(the_newcomer_is_refused_when_a_limit_is_reached),
        TEST(a_refused_stream_is_told_by_fail),
        TEST(the_back_end_may_rename_a_stream),
        TEST(what_nobody_is_asked_about_is_done_on_the_spot),
        TEST(a_slow_back_end_holds_up_one_stream_only),
        TEST(hook_bodies_are_the_stream_object_with_context),
        TEST(players_get_ssrcs_of_their_own),
        TEST(audio_only_players_and_publishers_work),
        TEST(transport_and_bitrate_follow_request_and_configuration),
        TEST(one_session_holds_many_streams_without_mixing_them_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
