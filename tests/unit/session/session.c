/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients, their policy, and what the operator may do. */
#include "base/mem.h"
#include "base/metrics.h"
#include "client.h"

#include <errno.h>
#include <string.h>

/* ---- Connecting ---- */

static void a_session_is_named_after_both_ends_of_its_connection(void **state)
{
    struct client client;

    connect_client(*state, &client, 50066);
    assert_string_equal(sl_session_id(client.session),
                        "/198.51.100.23:50066/[2001:db8::1]:8443"); /* WS-6 */
    assert_ptr_equal(
        sl_sessions_find(((struct fake_server *)*state)->sessions, sl_session_id(client.session)),
        client.session);
    sl_session_destroy(client.session);
}

static void refuses_connections_with_a_reason(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        const char *fields, *heard;
    } cases[] = {
        {"{\"appKey\":\"nobody\"}", "refused Application not found\n"}, /* WS-15 */
        {"{\"authToken\":\"/1.2.3.4:5/6.7.8.9:10\"}", "refused Session does not exist\n"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct client client;
        connect_as(server, &client, 1, json_loads(cases[i].fields, 0, NULL));
        assert_heard(&client, cases[i].heard);
        assert_int_equal(sl_session_status(client.session), SL_SESSION_FAILED);
        sl_session_destroy(client.session);
    }
    assert_int_equal(counted(server, SL_COUNTER_SESSIONS_REFUSED), SL_ARRAY_LEN(cases));
}

static void refuses_the_session_that_is_too_many(void **state)
{
    struct fake_server *server = *state;
    struct client first, second;

    server->config->sessions_max = 1;
    connect_client(server, &first, 1);
    connect_as(server, &second, 2, json_object());
    assert_heard(&second, "refused Too many sessions\n");
    sl_session_destroy(second.session);
    sl_session_destroy(first.session);
    connect_client(server, &second, 3); /* room again */
    sl_session_destroy(second.session);
}

static void sessions_of_one_pair_of_addresses_are_told_apart(void **state) /* WS-6, class 25 */
{
    struct fake_server *server = *state;
    struct sl_session_config config = {.origin = ""};
    static const char head[] = "/198.51.100.23:7/", tail[] = "@[2001:db8::1]:8443";
    struct sl_session *more[3];
    struct client first;

    connect_client(server, &first, 7);
    assert_string_equal(sl_session_id(first.session), "/198.51.100.23:7/[2001:db8::1]:8443");
    (void)sl_addr_parse_ip("198.51.100.23", 7, &config.remote);
    (void)sl_addr_parse_ip("2001:db8::1", 8443, &config.local);
    for (size_t i = 0; i < SL_ARRAY_LEN(more); i++) {
        config.id_of_addresses = i == 0; /* taken; and two that never wanted it */
        more[i] = sl_session_create(server->sessions, &config);
        sl_session_connect(more[i], NULL);
        fake_settle();
        const char *id = sl_session_id(more[i]);
        assert_int_equal(sl_session_status(more[i]), SL_SESSION_ESTABLISHED);
        assert_memory_equal(id, head, strlen(head));
        assert_int_equal(strlen(id), strlen(head) + 26 + strlen(tail));
        assert_string_equal(id + strlen(head) + 26, tail);
        assert_ptr_equal(sl_sessions_find(server->sessions, id), more[i]);
    }
    assert_ptr_equal(sl_sessions_find(server->sessions, sl_session_id(first.session)),
                     first.session);
    sl_session_destroy(first.session);
    for (size_t i = 0; i < SL_ARRAY_LEN(more); i++)
        sl_session_destroy(more[i]);
}

static void two_that_are_made_before_either_connects_are_told_apart(void **state)
{
    struct fake_server *server = *state;
    struct sl_session_config config = {.origin = "", .id_of_addresses = true};
    struct sl_session *sessions[2];

    for (size_t i = 0; i < 2; i++)
        sessions[i] = sl_session_create(server->sessions, &config);
    for (size_t i = 0; i < 2; i++)
        sl_session_connect(sessions[i], NULL);
    assert_string_not_equal(sl_session_id(sessions[0]), sl_session_id(sessions[1]));
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(sl_sessions_find(server->sessions, sl_session_id(sessions[i])),
                         sessions[i]);
        sl_session_destroy(sessions[i]);
    }
}

/* Everything that a client can be told, of a client that listens to nothing. */
static void a_client_need_not_listen(void **state)
{
    static const struct sl_session_ops deaf;
    struct fake_server *server = *state;
    struct sl_session_config config = {.ops = &deaf, .origin = ""};
    struct sl_media_request request = {.publish = true,
                                       .media_session_id = "pub",
                                       .name = "cam",
                                       .offer = fake_offer(true, true, true)};
    json_t *id = json_string("operation"), *payload = json_object();
    struct sl_sessions_stats stats;

    struct sl_session *session = sl_session_create(server->sessions, &config);
    sl_session_connect(session, NULL);
    fake_settle();
    sl_session_request_media(session, &request);
    fake_peer_event("pub", SL_PEER_CONNECTED, SL_PEER_OK);
    sl_session_request_media(session, &request); /* the id is in use: an error */
    request = (struct sl_media_request){
        .media_session_id = "play", .name = "cam", .offer = fake_offer(false, true, true)};
    sl_session_request_media(session, &request);
    fake_peer_event("play", SL_PEER_STARTED, SL_PEER_OK);
    fake_stream_size("cam", 640, 480);
    atomic_store(&fake_peer_stats("play")->video_bytes, 1000);
    fake_advance_ms(10000); /* rates */
    sl_session_send_stream_event(session, "pub", "audioMuted", NULL, NULL);
    sl_session_ask_available(session, "x", "cam");
    sl_session_submit_data(session, id, payload, NULL);
    sl_session_send_data(session, "y", payload);
    sl_sessions_report_error(server->sessions, sl_session_id(session), "500");
    server->hooks.wanted[SL_HOOK_PLAY_STREAM] = true;
    server->hooks.answer = (struct sl_hook_answer){.allowed = false};
    request.media_session_id = "refused";
    sl_session_request_media(session, &request);
    fake_settle();
    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(stats.publications + stats.playbacks, 2);
    sl_session_terminate(session);
    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(stats.publications + stats.playbacks, 0);
    sl_session_destroy(session);
    json_decref(id);
    json_decref(payload);
    server->config->sessions_max = 0;
    session = sl_session_create(server->sessions, &config);
    sl_session_connect(session, NULL); /* refused */
    fake_settle();
    sl_session_destroy(session);
}

static void the_connect_hook_decides_and_rewrites(void **state) /* HOOK-8 to HOOK-11, WS-14 */
{
    struct fake_server *server = *state;
    struct client client;
    json_t *fields = json_pack("{s:{s:s}, s:s, s:s}", "custom", "login", "Al", "sipLogin", "100",
                               "sipPassword", "secret");
    json_t *answer =
        json_pack("{s:s, s:{s:{}}}", "sipLogin", "200", "restClientConfig", "publishStream");

    server->hooks.wanted[SL_HOOK_CONNECT] = true;
    server->hooks.prompt = false;
    connect_as(server, &client, 1, fields);
    assert_heard(&client, "");
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_CONNECT, 0);
    json_t *custom = json_object_get(body, "custom");
    assert_string_equal(json_string_value(json_object_get(custom, "login")), "Al");
    assert_string_equal(json_string_value(json_object_get(body, "sipPassword")), "secret");
    assert_string_equal(json_string_value(json_object_get(body, "origin")), "https://a.b");
    assert_string_equal(json_string_value(json_object_get(body, "nodeId")),
                        sl_sessions_node_id(server->sessions));
    assert_string_equal(json_string_value(json_object_get(body, "sessionId")),
                        sl_session_id(client.session));
    assert_string_equal(json_string_value(json_object_get(body, "appKey")), "defaultApp");

    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_CONNECT,
                                  &(struct sl_hook_answer){.allowed = true, .fields = answer}));
    assert_heard(&client, "established\n");
    json_t *described = sl_session_describe(client.session);
    assert_string_equal(json_string_value(json_object_get(described, "sipLogin")), "200");
    assert_true(json_is_null(json_object_get(described, "sipPassword"))); /* REST-46 */
    json_decref(described);
    json_decref(answer);
    sl_session_destroy(client.session);
}

static void a_refusing_back_end_locks_out(void **state) /* HOOK-8 */
{
    struct fake_server *server = *state;
    struct client client;

    server->hooks.wanted[SL_HOOK_CONNECT] = true;
    server->hooks.wanted[SL_HOOK_CONNECTION_STATUS_EVENT] = true;
    server->hooks.answer = (struct sl_hook_answer){.status = 403, .info = "403 Forb\xff\nidden"};
    connect_as(server, &client, 1, json_object());
    assert_heard(&client, "refused 403 Forb??idden\n");
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_CONNECTION_STATUS_EVENT, 0);
    assert_int_equal(json_object_size(body), 5); /* status, info and context only */
    sl_session_destroy(client.session);
    assert_null(fake_hooks_told(&server->hooks, SL_HOOK_CONNECTION_STATUS_EVENT, 1));
}

static void a_client_that_leaves_while_asked_about_is_not_answered(void **state)
{
    struct fake_server *server = *state;
    struct client client;

    server->hooks.wanted[SL_HOOK_CONNECT] = true;
    server->hooks.prompt = false;
    connect_as(server, &client, 1, json_object());
    sl_session_destroy(client.session);
    assert_int_equal(server->hooks.cancelled, 1);
    assert_string_equal(client.heard, "");
}

static void disconnects_after_the_final_events_of_the_streams(void **state) /* HOOK-37, HOOK-19 */
{
    struct fake_server *server = *state;
    struct client client;
    static const char *const expected[] = {"ESTABLISHED", "PUBLISHING", "FAILED", "DISCONNECTED"};

    server->hooks.wanted[SL_HOOK_CONNECTION_STATUS_EVENT] = true;
    server->hooks.wanted[SL_HOOK_STREAM_STATUS_EVENT] = true;
    connect_client(server, &client, 1);
    publish_live(&client, "id", "cam");
    sl_session_destroy(client.session);
    assert_string_equal(client.heard, ""); /* it is gone */
    assert_int_equal(json_array_size(server->hooks.told), SL_ARRAY_LEN(expected));
    for (size_t i = 0; i < SL_ARRAY_LEN(expected); i++) {
        json_t *body = json_object_get(json_array_get(server->hooks.told, i), "body");
        assert_string_equal(json_string_value(json_object_get(body, "status")), expected[i]);
        assert_non_null(json_object_get(body, "nodeId"));
        if (i == 2)
            assert_string_equal(json_string_value(json_object_get(body, "info")),
                                "Stopped by session disconnect");
    }
}

static void huge_custom_objects_are_not_kept(void **state)
{
    struct client client;
    char *text = sl_alloc(40000);

    memset(text, 'x', 39999);
    connect_as(*state, &client, 1,
               json_pack("{s:{s:s}, s:s, s:i}", "custom", "a", text, "clientVersion", text,
                         "sipLogin", 5));
    json_t *properties = sl_session_properties(client.session);
    assert_int_equal(json_object_size(properties), 0);
    json_decref(properties);
    free(text);
    sl_session_destroy(client.session);
}

/* ---- The operator ---- */

static void setup_streams(struct fake_server *server, struct client *publisher,
                          struct client *player)
{
    connect_client(server, publisher, 1);
    connect_client(server, player, 2);
    publish_live(publisher, "pub-a", "a");
    publish_live(publisher, "pub-b", "b");
    play_live(player, "play-a1", "a");
    play_live(player, "play-a2", "a");
    play_live(player, "play-b", "b");
}

static void terminates_what_matches_the_filter(void **state) /* REST-37 to REST-41, WS-66 */
{
    struct fake_server *server = *state;
    static const char *const ids[] = {"play-a2", "pub-b", "nobody"};
    static const struct {
        const char *why;
        struct sl_media_filter filter;
        size_t count;
        const char *publisher, *player;
    } cases[] = {
        {"every player",
         {.published = SL_MEDIA_PLAYED},
         3,
         "",
         "FAILED play-a1 Stopped by rest /terminate\n"
         "FAILED play-a2 Stopped by rest /terminate\n"
         "FAILED play-b Stopped by rest /terminate\n"},
        {"players of one name",
         {.name = "b", .published = SL_MEDIA_PLAYED},
         1,
         "",
         "FAILED play-b Stopped by rest /terminate\n"},
        {"a publication by status",
         {.name = "b", .status = "PUBLISHING"},
         1,
         "UNPUBLISHED pub-b Stopped by rest /terminate\n",
         "FAILED play-b Stopped by publisher stop\n"},
        {"by ids, unknown ones ignored",
         {.media_session_ids = ids, .media_session_id_count = 3},
         2,
         "UNPUBLISHED pub-b Stopped by rest /terminate\n",
         "FAILED play-a2 Stopped by rest /terminate\n"
         "FAILED play-b Stopped by publisher stop\n"},
        {"by session", {.session_id = "/198.51.100.23:3/[2001:db8::1]:8443"}, 0, "", ""},
        {"no such status", {.status = "STOPPED"}, 0, "", ""},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct client publisher, player;
        setup_streams(server, &publisher, &player);
        assert_int_equal(sl_sessions_count_media(server->sessions, &cases[i].filter),
                         cases[i].count);
        assert_int_equal(
            sl_sessions_terminate_media(server->sessions, &cases[i].filter, SL_REASON_OPERATOR),
            cases[i].count);
        if (strcmp(publisher.heard, cases[i].publisher) || strcmp(player.heard, cases[i].player))
            fail_msg("%s: heard\n%s%s", cases[i].why, publisher.heard, player.heard);
        publisher.heard[0] = '\0';
        publish(&publisher, "again", "c"); /* REST-43 */
        assert_heard(&publisher, "sdp again 1 v=0\n");
        sl_session_destroy(player.session);
        sl_session_destroy(publisher.session);
        fake_finish_closing();
    }
}

static void terminating_a_session_ends_its_streams_at_once(void **state) /* REST-45 */
{
    struct fake_server *server = *state;
    struct client publisher, player;

    setup_streams(server, &publisher, &player);
    sl_session_terminate(publisher.session);
    assert_heard(&publisher, "FAILED pub-a Stopped by session disconnect\n"
                             "FAILED pub-b Stopped by session disconnect\n"
                             "close Stopped by rest /terminate\n");
    assert_heard(&player, "FAILED play-a1 Stopped by publisher stop\n"
                          "FAILED play-a2 Stopped by publisher stop\n"
                          "FAILED play-b Stopped by publisher stop\n");
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void on_stopped(void *owner)
{
    (*(int *)owner)++;
}

static void draining_refuses_newcomers_only(void **state)
{
    struct fake_server *server = *state;
    struct client client, late;

    connect_client(server, &client, 1);
    sl_sessions_drain(server->sessions);
    connect_as(server, &late, 2, json_object());
    assert_heard(&late, "refused Server is shutting down\n");
    publish(&client, "id", "cam");
    assert_heard(&client, "sdp id 1 v=0\n");
    sl_session_destroy(late.session);
    sl_session_destroy(client.session);
}

static void stopping_waits_for_sessions_and_peers_and_tells_once(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, player, late;
    int stopped = 0;

    setup_streams(server, &publisher, &player);
    sl_sessions_stop(server->sessions, on_stopped, &stopped);
    assert_non_null(strstr(publisher.heard, "close Server is shutting down\n"));
    connect_as(server, &late, 9, json_object());
    assert_heard(&late, "refused Server is shutting down\n");
    sl_session_destroy(late.session);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
    assert_int_equal(stopped, 0);
    fake_finish_closing();
    assert_int_equal(stopped, 1);
}

static void whether_a_client_may_connect_is_told_in_the_next_turn(void **state)
{
    static const struct {
        const char *app_key;
        bool asked;
        const char *heard;
    } cases[] = {
        {"defaultApp", false, "established\n"},
        {"defaultApp", true, "established\n"},
        {"nobody's", false, "refused Application not found\n"},
    };
    struct fake_server *server = *state;
    struct client client;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        server->hooks.wanted[SL_HOOK_CONNECT] = cases[i].asked;
        for (int stays = 0; stays <= 1; stays++) {
            begin_connect(server, &client, 1, json_pack("{s:s}", "appKey", cases[i].app_key));
            assert_string_equal(client.heard, "");
            if (stays) {
                fake_settle();
                assert_string_equal(client.heard, cases[i].heard);
            }
            sl_session_destroy(client.session);
            client.heard[0] = '\0';
            assert_heard(&client, ""); /* who is gone is told nothing */
        }
    }
}

static void that_nothing_is_left_is_told_in_the_next_turn(void **state)
{
    struct fake_server *server = *state;
    struct client late;
    int stopped = 0;

    sl_sessions_stop(server->sessions, on_stopped, &stopped);
    assert_int_equal(stopped, 0);
    begin_connect(server, &late, 1, json_object());
    assert_heard(&late, "refused Server is shutting down\n");
    assert_int_equal(stopped, 0); /* it is still there */
    sl_session_destroy(late.session);
    assert_int_equal(stopped, 0);
    fake_settle();
    assert_int_equal(stopped, 1);
}

static void count_session(struct sl_session *session, void *arg)
{
    (void)session;
    (*(size_t *)arg)++;
}

static void count_media(struct sl_media_session *media, void *arg)
{
    (void)media;
    (*(size_t *)arg)++;
}

static void walks_over_sessions_and_streams(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, player;
    size_t sessions = 0, all = 0, of_player = 0;

    setup_streams(server, &publisher, &player);
    sl_sessions_each(server->sessions, count_session, &sessions);
    sl_sessions_each_media(server->sessions, count_media, &all);
    sl_session_each_media(player.session, count_media, &of_player);
    assert_int_equal(sessions, 2);
    assert_int_equal(all, 5);
    assert_int_equal(of_player, 3);
    struct sl_stream *stream = sl_streams_find_id(fake_streams(), "pub-a");
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_VIEWER), 2);
    struct sl_listed listed;
    assert_true(sl_sessions_find_listed(server->sessions, "pub-a", &listed));
    json_t *about = sl_listed_describe(&listed);
    assert_string_equal(json_string_value(json_object_get(about, "audioCodec")), "opus");
    json_decref(about);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void the_stream_of_a_publication_tells_its_figures_and_is_ended_with_it(void **state)
{
    struct fake_server *server = *state;
    struct sl_stream_figures figures;
    struct client client;

    connect_client(server, &client, 1);
    publish_live(&client, "pub", "cam");
    struct sl_stream *stream = sl_streams_find_id(fake_streams(), "pub");
    assert_int_equal(sl_stream_origin(stream), SL_ORIGIN_OWN);
    fake_advance_ms(1000);
    struct sl_flow_stats *stats = fake_peer_stats("pub");
    stats->video_bytes += 125000;
    stats->audio_bytes += 4000;
    stats->video_packets += 100;
    stats->video_frames += 25;
    stats->nack = 7;
    stats->lost = 3;
    stats->rtt_us = 20000;
    fake_advance_ms(1000);
    sl_stream_figures(stream, &figures);
    assert_int_equal(figures.video_bps, 1000000);
    assert_int_equal(figures.audio_bps, 32000);
    assert_int_equal(figures.video_fps, 25);
    assert_int_equal(figures.nack, 7);
    assert_int_equal(figures.lost, 3);
    assert_int_equal(figures.rtt_us, 20000);
    assert_null(figures.from_uri);
    client.heard[0] = '\0';
    sl_stream_terminate(stream, "an operator");
    assert_heard(&client, "UNPUBLISHED pub Stopped by rest /terminate\n");
    assert_null(sl_streams_find_id(fake_streams(), "pub"));
    sl_session_destroy(client.session);
}

static void errors_reported_for_a_session_reach_its_client(void **state) /* HOOK-20 */
{
    struct fake_server *server = *state;
    struct client client;

    connect_client(server, &client, 1);
    sl_sessions_report_error(server->sessions, sl_session_id(client.session), "500");
    sl_sessions_report_error(server->sessions, "/nobody", "500");
    assert_heard(&client, "error 500\n");
    sl_session_destroy(client.session);
}

/* ---- Data and events ---- */

static void data_is_accepted_unless_the_back_end_refuses(void **state) /* HOOK-36, WS-62 */
{
    struct fake_server *server = *state;
    struct client client;
    json_t *id = json_string("op-1"), *payload = json_pack("{s:i}", "n", 1);

    connect_client(server, &client, 1);
    sl_session_submit_data(client.session, id, payload, NULL);
    assert_heard(&client, "data op-1 accepted\n");

    server->hooks.wanted[SL_HOOK_ON_DATA_EVENT] = true;
    server->hooks.answer = (struct sl_hook_answer){.info = "403 Forbidden"};
    sl_session_submit_data(client.session, id, payload, NULL);
    assert_heard(&client, "data op-1 403 Forbidden\n");
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_ON_DATA_EVENT, 0);
    assert_true(json_equal(json_object_get(body, "payload"), payload));

    server->hooks.prompt = false; /* never answered: bounded, and dropped with the session */
    for (size_t i = 0; i < 65; i++)
        sl_session_submit_data(client.session, id, payload, NULL);
    assert_heard(&client, "data op-1 Too many requests\n");
    sl_session_send_data(client.session, "op-2", payload);
    assert_heard(&client, "incoming data op-2\n");
    sl_session_destroy(client.session);
    json_decref(id);
    json_decref(payload);
}

static void events_keep_their_order_behind_a_slow_back_end(void **state) /* WS-59, HOOK-39 */
{
    struct fake_server *server = *state;
    struct client publisher, player;
    const struct sl_hook_answer yes = {.allowed = true}, no = {.allowed = false};

    setup_streams(server, &publisher, &player);
    server->hooks.wanted[SL_HOOK_SEND_STREAM_EVENT] = true;
    server->hooks.wanted[SL_HOOK_STREAM_EVENT] = true;
    server->hooks.prompt = false;
    sl_session_send_stream_event(publisher.session, "pub-b", "audioMuted", NULL, NULL);
    sl_session_send_stream_event(publisher.session, "pub-b", "audioUnmuted", NULL, NULL);
    assert_heard(&player, "");
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_SEND_STREAM_EVENT, &yes));
    assert_heard(&player, "event play-b audioMuted\n");
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_SEND_STREAM_EVENT, &no));
    assert_heard(&player, "");
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_EVENT, 0);
    assert_string_equal(json_string_value(json_object_get(body, "mediaSessionId")), "play-b");

    sl_session_send_stream_event(publisher.session, "pub-b", "data", NULL, NULL);
    stop(&publisher, "pub-b", true);
    assert_int_equal(fake_hooks_open(&server->hooks), 0); /* nobody left to answer */
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void a_publisher_cannot_drown_its_players(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, player;
    char *text = sl_alloc(60001), *large = sl_alloc(65536);
    size_t passed = 0;

    memset(text, 'x', 60000);
    memset(large, 'x', 65535); /* and its quotation marks: one byte too many */
    json_t *payload = json_string(text), *too_large = json_string(large);
    setup_streams(server, &publisher, &player);
    sl_session_send_stream_event(publisher.session, "pub-b", "data", NULL, too_large);
    assert_heard(&player, "");
    assert_heard(&publisher, "error Stream event is too large\n");
    for (size_t i = 0; i < 50; i++) {
        sl_session_send_stream_event(publisher.session, "pub-b", "data", NULL, payload);
        /* Whoever is not heard is told so. */
        assert_int_equal(player.heard[0] == '\0', publisher.heard[0] != '\0');
        passed += player.heard[0] != '\0';
        player.heard[0] = publisher.heard[0] = '\0';
    }
    assert_in_range(passed, 4, 15);
    fake_advance_ms(1000);
    sl_session_send_stream_event(publisher.session, "pub-b", "data", NULL, payload);
    assert_heard(&player, "event play-b data payload\n");
    json_decref(payload);
    json_decref(too_large);
    free(text);
    free(large);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void the_operator_may_send_events_to_the_players_of_a_stream(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, player;

    setup_streams(server, &publisher, &player);
    assert_int_equal(sl_sessions_send_stream_event(server->sessions, "a", "data", json_null()), 0);
    assert_heard(&player, "event play-a1 data payload\nevent play-a2 data payload\n");
    assert_int_equal(sl_sessions_send_stream_event(server->sessions, "x", "data", NULL), -ENOENT);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

/* ---- Rates ---- */

static void reports_rates_of_the_last_second_only_while_video_flows(void **state) /* WS-57, WS-58 */
{
    struct fake_server *server = *state;
    struct client publisher, player;

    server->config->inbound_video_rate_stat_send_interval = 1;
    setup_streams(server, &publisher, &player);
    struct sl_flow_stats *stats = fake_peer_stats("pub-a");
    fake_advance_ms(1500);
    assert_heard(&publisher, "");
    for (int i = 0; i < 2; i++) {
        stats->video_bytes += 125000;
        stats->video_packets += 100;
        stats->video_frames += 30;
        stats->nack = 5;
        fake_advance_ms(1000);
        assert_heard(&publisher, "rate pub-a 1000000 bps 30 fps 5 nack\n");
    }
    fake_advance_ms(1000);
    assert_heard(&publisher, "");
    assert_heard(&player, ""); /* outbound is off */
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_named_after_both_ends_of_its_connection),
        TEST(refuses_connections_with_a_reason),
        TEST(refuses_the_session_that_is_too_many),
        TEST(sessions_of_one_pair_of_addresses_are_told_apart),
        TEST(two_that_are_made_before_either_connects_are_told_apart),
        TEST(a_client_need_not_listen),
        TEST(the_connect_hook_decides_and_rewrites),
        TEST(a_refusing_back_end_locks_out),
        TEST(a_client_that_leaves_while_asked_about_is_not_answered),
        TEST(disconnects_after_the_final_events_of_the_streams),
        TEST(huge_custom_objects_are_not_kept),
        TEST(terminates_what_matches_the_filter),
        TEST(terminating_a_session_ends_its_streams_at_once),
        TEST(draining_refuses_newcomers_only),
        TEST(stopping_waits_for_sessions_and_peers_and_tells_once),
        TEST(whether_a_client_may_connect_is_told_in_the_next_turn),
        TEST(that_nothing_is_left_is_told_in_the_next_turn),
        TEST(walks_over_sessions_and_streams),
        TEST(the_stream_of_a_publication_tells_its_figures_and_is_ended_with_it),
        TEST(errors_reported_for_a_session_reach_its_client),
        TEST(data_is_accepted_unless_the_back_end_refuses),
        TEST(events_keep_their_order_behind_a_slow_back_end),
        TEST(a_publisher_cannot_drown_its_players),
        TEST(the_operator_may_send_events_to_the_players_of_a_stream),
        TEST(reports_rates_of_the_last_second_only_while_video_flows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
