/* SPDX-License-Identifier: GPL-3.0-or-later */
/* StreamKeepAliveEvent: when the back end is asked, and what its answers do. */
#include "client.h"

#include <string.h>

enum { INTERVAL_MS = 10000 };

/* One session that publishes and one that plays, keep-alives on, answered by hand. */
static void set_up_streams(struct fake_server *server, struct client *publisher,
                           struct client *player)
{
    server->config->keep_alive_streaming_sessions_enabled = true;
    server->hooks.wanted[SL_HOOK_STREAM_KEEP_ALIVE_EVENT] = true;
    server->hooks.prompt = false;
    connect_client(server, publisher, 1);
    connect_client(server, player, 2);
    publish_live(publisher, "pub", "cam");
    play_live(player, "play", "cam");
}

static size_t asked(const struct fake_server *server)
{
    size_t count = 0;

    while (fake_hooks_told(&server->hooks, SL_HOOK_STREAM_KEEP_ALIVE_EVENT, count))
        count++;
    return count;
}

static void answer(struct fake_server *server, int status)
{
    const struct sl_hook_answer given = {.allowed = true, .status = status};

    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_STREAM_KEEP_ALIVE_EVENT, &given));
}

static void each_stream_is_asked_about_every_interval(void **state) /* HOOK-22, HOOK-23, CFG-9 */
{
    struct fake_server *server = *state;
    struct client publisher, player;

    set_up_streams(server, &publisher, &player);
    fake_advance_ms(INTERVAL_MS - 1);
    assert_int_equal(asked(server), 0);
    for (size_t tick = 1; tick <= 3; tick++) {
        fake_advance_ms(tick == 1 ? 1 : INTERVAL_MS);
        assert_int_equal(asked(server), 2 * tick);
        answer(server, 200);
        answer(server, 200);
    }
    for (size_t i = 0; i < 2; i++) {
        json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_KEEP_ALIVE_EVENT, i);
        bool published = json_is_true(json_object_get(body, "published"));
        assert_string_equal(json_string_value(json_object_get(body, "mediaSessionId")),
                            published ? "pub" : "play");
        assert_string_equal(json_string_value(json_object_get(body, "status")),
                            published ? "PUBLISHING" : "PLAYING");
        assert_string_equal(json_string_value(json_object_get(body, "mediaProvider")), "WebRTC");
        assert_true(json_is_string(json_object_get(body, "sdp")));
        assert_true(json_is_string(json_object_get(body, "nodeId")));
    }
    assert_heard(&publisher, "");
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void a_403_stops_the_publication_and_its_players(void **state) /* HOOK-24, HOOK-27 */
{
    struct fake_server *server = *state;
    struct client publisher, player;

    set_up_streams(server, &publisher, &player);
    fake_advance_ms(INTERVAL_MS);
    answer(server, 403); /* the oldest: the publisher's */
    assert_heard(&publisher, "UNPUBLISHED pub Terminated by keep-alive\n");
    assert_heard(&player, "FAILED play Stopped by publisher stop\n");
    assert_int_equal(server->hooks.cancelled, 1); /* the player's question */
    publish_live(&publisher, "again", "cam");
    fake_advance_ms(INTERVAL_MS);
    assert_int_equal(asked(server), 3);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void a_403_for_a_player_stops_only_that_player(void **state) /* HOOK-25 */
{
    struct fake_server *server = *state;
    struct client publisher, player, other;

    set_up_streams(server, &publisher, &player);
    connect_client(server, &other, 3);
    fake_advance_ms(1); /* so that the order is known */
    play_live(&other, "other", "cam");
    fake_advance_ms(INTERVAL_MS);
    answer(server, 200);
    answer(server, 403);
    answer(server, 200);
    assert_heard(&publisher, "");
    assert_heard(&player, "FAILED play Terminated by keep-alive\n");
    assert_heard(&other, "");
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
    sl_session_destroy(other.session);
}

static void nothing_else_ends_a_stream(void **state) /* HOOK-26 */
{
    static const int statuses[] = {200, 204, 302, 400, 401, 404, 500, 503, 0};
    struct fake_server *server = *state;
    struct client publisher, player;

    set_up_streams(server, &publisher, &player);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
        fake_advance_ms(INTERVAL_MS);
        answer(server, statuses[i]);
        answer(server, statuses[i]);
    }
    assert_heard(&publisher, "");
    assert_heard(&player, "");
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
}

static void a_tick_is_skipped_while_one_is_unanswered(void **state) /* section 4, item 7 */
{
    struct fake_server *server = *state;
    struct client publisher, player;

    set_up_streams(server, &publisher, &player);
    fake_advance_ms(5 * INTERVAL_MS);
    assert_int_equal(asked(server), 2);
    answer(server, 200);
    fake_advance_ms(INTERVAL_MS);
    assert_int_equal(asked(server), 3);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
    assert_int_equal(fake_hooks_open(&server->hooks), 0);
}

static void settings_decide_and_may_change(void **state) /* HOOK-21, HOOK-28, CFG-8 */
{
    struct fake_server *server = *state;
    struct client publisher, player, room;
    struct sl_string_list *apps = &server->config->streaming_sessions_keep_alive_app_keys;

    set_up_streams(server, &publisher, &player);
    connect_as(server, &room, 3, json_pack("{s:s}", "appKey", "roomApp"));
    room.heard[0] = '\0';
    server->hooks.prompt = true;
    server->config->keep_alive_streaming_sessions_enabled = false;
    fake_advance_ms(3 * INTERVAL_MS);
    assert_int_equal(asked(server), 0);

    server->config->keep_alive_streaming_sessions_enabled = true;
    publish_live(&room, "room", "room-cam");
    fake_advance_ms(INTERVAL_MS);
    assert_int_equal(asked(server), 2); /* defaultApp's, not roomApp's */
    assert_int_equal(apps->count, 1);

    server->config->streaming_sessions_keep_alive_interval = 1000;
    fake_advance_ms(INTERVAL_MS); /* the tick that was under way */
    assert_int_equal(asked(server), 4);
    fake_advance_ms(1000);
    assert_int_equal(asked(server), 6);
    sl_session_destroy(publisher.session);
    sl_session_destroy(player.session);
    sl_session_destroy(room.session);
}

static void pending_streams_are_not_asked_about(void **state) /* section 4, item 1 */
{
    struct fake_server *server = *state;
    struct client publisher;

    server->config->keep_alive_streaming_sessions_enabled = true;
    server->hooks.wanted[SL_HOOK_STREAM_KEEP_ALIVE_EVENT] = true;
    connect_client(server, &publisher, 1);
    publish(&publisher, "pub", "cam");
    fake_advance_ms(2 * INTERVAL_MS);
    assert_int_equal(asked(server), 0);
    sl_session_destroy(publisher.session);
}

static void the_back_end_hears_how_data_fared(void **state) /* HOOK-36 */
{
    struct fake_server *server = *state;
    struct client client;
    json_t *id = json_string("op"), *payload = json_pack("{s:i}", "n", 1);

    connect_client(server, &client, 1);
    server->hooks.wanted[SL_HOOK_ON_DATA_EVENT] = true;
    server->hooks.wanted[SL_HOOK_DATA_STATUS_EVENT] = true;
    sl_session_submit_data(client.session, id, payload, NULL);
    fake_settle();
    server->hooks.answer = (struct sl_hook_answer){.status = 500, .info = "no"};
    sl_session_submit_data(client.session, id, payload, NULL);
    fake_settle();
    for (size_t i = 0; i < 2; i++) {
        json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_DATA_STATUS_EVENT, i);
        assert_string_equal(json_string_value(json_object_get(body, "operationId")), "op");
        assert_string_equal(json_string_value(json_object_get(body, "status")),
                            i == 0 ? "ACCEPTED" : "FAILED");
    }
    json_decref(id);
    json_decref(payload);
    sl_session_destroy(client.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_stream_is_asked_about_every_interval),
        TEST(a_403_stops_the_publication_and_its_players),
        TEST(a_403_for_a_player_stops_only_that_player),
        TEST(nothing_else_ends_a_stream),
        TEST(a_tick_is_skipped_while_one_is_unanswered),
        TEST(settings_decide_and_may_change),
        TEST(pending_streams_are_not_asked_about),
        TEST(the_back_end_hears_how_data_fared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
