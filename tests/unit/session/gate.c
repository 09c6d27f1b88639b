/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients of a protocol without sessions: a fake one that publishes and plays by the gate. */
#include "base/metrics.h"
#include "client.h"
#include "fake_provider.h"

#include <stdio.h>
#include <string.h>

struct guest {
    struct fake_provider media;
    struct sl_gate gate;
    struct sl_visit *visit;
    size_t ends;
    struct sl_why why;
    char words[128];
};

static void on_end(void *owner, const struct sl_why *why)
{
    struct guest *guest = owner;

    guest->ends++;
    guest->why = *why;
    (void)snprintf(guest->words, sizeof(guest->words), "%s", why->words ? why->words : "");
}

static void enter_by(struct fake_server *server, struct guest *guest,
                     struct sl_gate_request request)
{
    json_t *custom = json_pack("{s:s}", "key", "secret");
    struct sl_addr remote, local;

    request.custom = custom;
    request.provider = &guest->media.provider;
    request.on_end = on_end;
    request.owner = guest;

    memset(guest, 0, sizeof(*guest));
    fake_provider_init(&guest->media);
    (void)sl_addr_parse_ip("198.51.100.7", 1935, &remote);
    (void)sl_addr_parse_ip("203.0.113.44", 1935, &local);
    request.remote = &remote;
    request.local = &local;
    guest->gate = sl_sessions_gate(server->sessions);
    guest->visit = guest->gate.enter(guest->gate.arg, &request);
    json_decref(custom);
}

static void enter_as(struct fake_server *server, struct guest *guest, bool publish,
                     const char *name, const char *app_key)
{
    enter_by(server, guest,
             (struct sl_gate_request){.publish = publish, .app_key = app_key, .name = name});
}

static void enter(struct fake_server *server, struct guest *guest, bool publish, const char *name)
{
    enter_as(server, guest, publish, name, NULL);
    fake_settle();
}

static void flow(struct guest *guest)
{
    assert_int_equal(guest->media.started, 1);
    fake_provider_tells(&guest->media, SL_MEDIUM_FLOWS, SL_REASON_NONE);
}

static void leave(struct guest *guest, bool stopped)
{
    guest->gate.leave(guest->visit, stopped);
    fake_settle();
    assert_int_equal(guest->ends, 0);
}

static size_t media_count(const struct fake_server *server)
{
    struct sl_sessions_stats stats;

    sl_sessions_stats(server->sessions, &stats);
    return stats.publications + stats.playbacks;
}

static void assert_ended(const struct fake_server *server, const struct guest *guest,
                         enum sl_reason reason, size_t begun)
{
    struct sl_sessions_stats stats;

    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(guest->ends, 1);
    assert_int_equal(guest->why.reason, reason);
    assert_int_equal(guest->media.begun, begun);
    assert_int_equal(guest->media.closed, begun);
    assert_int_equal(stats.sessions, 0);
    assert_int_equal(stats.publications + stats.playbacks, 0);
}

static void find(struct sl_session *session, void *arg)
{
    *(struct sl_session **)arg = session;
}

static const char *text_of(json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));

    return text ? text : "";
}

static void one_whose_protocol_asks_by_itself_is_told_of_as_a_stream_only(void **state)
{
    struct fake_server *server = *state;
    static const enum sl_hook_method never[] = {
        SL_HOOK_CONNECT, SL_HOOK_PLAY_STREAM, SL_HOOK_STOP_STREAM, SL_HOOK_CONNECTION_STATUS_EVENT};
    struct guest publisher, player;

    enter(server, &publisher, true, "cam");
    flow(&publisher);
    for (size_t i = 0; i < SL_ARRAY_LEN(never); i++)
        server->hooks.wanted[never[i]] = true;
    server->hooks.wanted[SL_HOOK_STREAM_STATUS_EVENT] = true;
    enter_by(server, &player,
             (struct sl_gate_request){.name = "cam", .id = "1234-cam-HLS", .unasked = true});
    fake_settle();
    flow(&player);

    assert_non_null(sl_sessions_find_media(server->sessions, "1234-cam-HLS"));
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 0);
    assert_string_equal(text_of(body, "mediaSessionId"), "1234-cam-HLS");
    assert_string_equal(text_of(body, "status"), "PLAYING");
    leave(&player, true);
    for (size_t i = 0; i < SL_ARRAY_LEN(never); i++)
        server->hooks.wanted[never[i]] = false;
    leave(&publisher, true);
    for (size_t i = 0; i < SL_ARRAY_LEN(never); i++)
        assert_null(fake_hooks_told(&server->hooks, never[i], 0));
}

static void a_stream_is_guarded_by_the_application_of_its_publisher(void **state)
{
    struct fake_server *server = *state;
    struct guest publisher;

    enter(server, &publisher, true, "cam");
    flow(&publisher);
    assert_false(publisher.gate.is_guarded(publisher.gate.arg, "cam"));
    server->hooks.wanted[SL_HOOK_PLAY_STREAM] = true;
    server->hooks.guarded[SL_HOOK_PLAY_STREAM] = true;
    assert_true(publisher.gate.is_guarded(publisher.gate.arg, "cam"));
    assert_false(publisher.gate.is_guarded(publisher.gate.arg, "none"));
    leave(&publisher, true);
}

/* HLS-16, RTSP-10: whoever shows it without a question comes to know only here what it is. */
static void who_was_let_by_nobody_gets_what_is_anybodys_only(void **state)
{
    struct fake_server *server = *state;
    const struct sl_gate_request request = {.name = "cam", .unasked = true, .unpermitted = true};
    struct guest publisher, player, refused;

    enter(server, &publisher, true, "cam");
    flow(&publisher);
    enter_by(server, &player, request);
    fake_settle();
    assert_int_equal(player.media.begun, 1);
    leave(&player, true);

    server->hooks.wanted[SL_HOOK_PLAY_STREAM] = true;
    server->hooks.guarded[SL_HOOK_PLAY_STREAM] = true;
    enter_by(server, &refused, request);
    fake_settle();
    assert_int_equal(refused.ends, 1);
    assert_int_equal(refused.why.reason, SL_REASON_RESTRICTED);
    assert_int_equal(refused.media.begun, 0);
    leave(&publisher, true);
}

static void who_comes_by_the_gate_is_a_client_like_any_other(void **state)
{
    struct fake_server *server = *state;
    static const enum sl_hook_method methods[] = {
        SL_HOOK_CONNECT, SL_HOOK_PUBLISH_STREAM, SL_HOOK_UNPUBLISH_STREAM,
        SL_HOOK_STREAM_STATUS_EVENT, SL_HOOK_CONNECTION_STATUS_EVENT};
    struct sl_session *session = NULL;
    struct guest guest;

    for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++)
        server->hooks.wanted[methods[i]] = true;
    enter(server, &guest, true, "cam");
    flow(&guest);

    sl_sessions_each(server->sessions, find, &session);
    assert_non_null(session);
    assert_int_equal(sl_session_status(session), SL_SESSION_ESTABLISHED);
    assert_memory_equal(sl_session_id(session), "/198.51.100.7:1935/", 19);
    assert_int_equal(
        sl_sessions_count_media(server->sessions,
                                &(struct sl_media_filter){.name = "cam", .status = "PUBLISHING"}),
        1);
    assert_int_equal(counted(server, SL_COUNTER_STREAMS_PUBLISHED), 1);
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_CONNECT, 0);
    assert_string_equal(text_of(json_object_get(body, "custom"), "key"), "secret");
    body = fake_hooks_told(&server->hooks, SL_HOOK_PUBLISH_STREAM, 0);
    assert_string_equal(text_of(body, "name"), "cam");
    assert_string_equal(text_of(body, "mediaProvider"), "Fake");
    assert_string_equal(text_of(json_object_get(body, "custom"), "key"), "secret");

    leave(&guest, true);
    body = fake_hooks_told(&server->hooks, SL_HOOK_UNPUBLISH_STREAM, 0);
    assert_string_equal(text_of(body, "name"), "cam");
    body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 1);
    assert_string_equal(text_of(body, "status"), "UNPUBLISHED");
    body = fake_hooks_told(&server->hooks, SL_HOOK_CONNECTION_STATUS_EVENT, 1);
    assert_string_equal(text_of(body, "status"), "DISCONNECTED");
    assert_int_equal(guest.media.closed, 1);
    assert_int_equal(media_count(server), 0);
}

static void one_whose_connection_breaks_has_failed(void **state)
{
    struct fake_server *server = *state;
    struct guest guest;

    server->hooks.wanted[SL_HOOK_STREAM_STATUS_EVENT] = true;
    server->hooks.wanted[SL_HOOK_UNPUBLISH_STREAM] = true;
    enter(server, &guest, true, "cam");
    flow(&guest);
    leave(&guest, false);
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 1);
    assert_string_equal(text_of(body, "status"), "FAILED");
    assert_string_equal(text_of(body, "info"), "Stopped by session disconnect");
    assert_null(fake_hooks_told(&server->hooks, SL_HOOK_UNPUBLISH_STREAM, 0));
}

static void the_back_end_may_refuse_either_step(void **state)
{
    static const enum sl_hook_method methods[] = {SL_HOOK_CONNECT, SL_HOOK_PUBLISH_STREAM};
    struct fake_server *server = *state;
    struct guest guest;

    server->hooks.answer = (struct sl_hook_answer){.status = 403, .info = "Not today"};
    for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++) {
        server->hooks.wanted[methods[i]] = true;
        enter(server, &guest, true, "cam");
        assert_ended(server, &guest, SL_REASON_REFUSED, 0);
        assert_string_equal(guest.words, "Not today");
        server->hooks.wanted[methods[i]] = false;
    }
}

static void limits_and_names_count_for_guests_too(void **state)
{
    struct fake_server *server = *state;
    struct client client, player;
    struct guest guest;

    enter_as(server, &guest, true, "cam", "noApp");
    assert_int_equal(guest.ends, 0); /* never from within */
    fake_settle();
    assert_ended(server, &guest, SL_REASON_NO_APP, 0);
    enter(server, &guest, false, "nobody");
    assert_ended(server, &guest, SL_REASON_NO_STREAM, 0);

    connect_client(server, &client, 1);
    connect_client(server, &player, 2);
    publish_live(&client, "pub", "cam");
    play_live(&player, "play", "cam");
    enter(server, &guest, true, "cam");
    assert_int_equal(guest.why.reason, SL_REASON_NAME_IN_USE);
    server->config->players_per_stream_max = 2;
    enter(server, &guest, false, "cam");
    flow(&guest);
    play(&player, "third", "cam");
    assert_heard(&player, "FAILED third Too many players of this stream\n");
    leave(&guest, true);
    server->config->players_per_stream_max = 1;
    enter(server, &guest, false, "cam");
    assert_int_equal(guest.why.reason, SL_REASON_PLAYERS_MAX);
    server->config->sessions_max = 2;
    enter(server, &guest, false, "cam");
    assert_int_equal(guest.why.reason, SL_REASON_SESSIONS_MAX);
    sl_session_destroy(player.session);
    sl_session_destroy(client.session);
}

/* ---- It must end ---- */

static void by_the_streams_end(struct fake_server *server, struct guest *guest)
{
    (void)guest;
    (void)sl_sessions_terminate_media(server->sessions, &(struct sl_media_filter){.name = "cam"},
                                      SL_REASON_OPERATOR);
}

static void by_the_sessions_end(struct fake_server *server, struct guest *guest)
{
    struct sl_session *session = NULL;

    (void)guest;
    sl_sessions_each(server->sessions, find, &session);
    sl_session_terminate(session);
}

static void by_its_own_failure(struct fake_server *server, struct guest *guest)
{
    (void)server;
    fake_provider_tells(&guest->media, SL_MEDIUM_FAILED, SL_REASON_SILENT);
}

static void by_the_back_end(struct fake_server *server, struct guest *guest)
{
    (void)guest;
    server->config->keep_alive_streaming_sessions_enabled = true;
    server->hooks.wanted[SL_HOOK_STREAM_KEEP_ALIVE_EVENT] = true;
    server->hooks.answer = (struct sl_hook_answer){.status = 403};
    fake_advance_ms(server->config->streaming_sessions_keep_alive_interval);
}

static void it_is_told_once_when_it_must_end(void **state)
{
    static const struct {
        void (*end)(struct fake_server *server, struct guest *guest);
        enum sl_reason reason;
    } cases[] = {
        {by_the_streams_end, SL_REASON_OPERATOR},
        {by_the_sessions_end, SL_REASON_OPERATOR},
        {by_its_own_failure, SL_REASON_SILENT},
        {by_the_back_end, SL_REASON_FORBIDDEN},
    };
    struct fake_server *server = *state;
    struct guest guest;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        enter(server, &guest, true, "cam");
        flow(&guest);
        assert_int_equal(media_count(server), 1);
        cases[i].end(server, &guest);
        fake_settle();
        assert_ended(server, &guest, cases[i].reason, 1);
    }
}

static void a_player_ends_with_its_publisher(void **state)
{
    struct fake_server *server = *state;
    struct guest publisher, player;

    enter(server, &publisher, true, "cam");
    flow(&publisher);
    enter(server, &player, false, "cam");
    flow(&player);
    leave(&publisher, true);
    assert_ended(server, &player, SL_REASON_PUBLISHER_END, 1);
}

static void on_stopped(void *owner)
{
    *(bool *)owner = true;
}

static void the_servers_end_waits_for_guests(void **state)
{
    struct fake_server *server = *state;
    struct guest guest, asking;
    bool stopped = false;

    enter(server, &guest, true, "cam");
    flow(&guest);
    server->hooks.wanted[SL_HOOK_CONNECT] = true;
    server->hooks.prompt = false;
    enter(server, &asking, true, "other");
    sl_sessions_stop(server->sessions, on_stopped, &stopped);
    fake_settle();
    assert_false(stopped); /* a medium has not let go */
    assert_int_equal(fake_provider_finish(), 1);
    fake_settle();
    assert_true(stopped);
    assert_ended(server, &guest, SL_REASON_SHUTDOWN, 1);
    assert_ended(server, &asking, SL_REASON_SHUTDOWN, 0);
}

static void one_that_leaves_in_between_hears_nothing(void **state)
{
    static const enum sl_hook_method methods[] = {SL_HOOK_CONNECT, SL_HOOK_PUBLISH_STREAM};
    struct fake_server *server = *state;
    struct guest guest;

    enter_as(server, &guest, true, "cam", NULL); /* established in the next turn */
    leave(&guest, true);
    server->hooks.prompt = false;
    for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++) {
        server->hooks.wanted[methods[i]] = true;
        enter(server, &guest, true, "cam");
        leave(&guest, true);
        assert_int_equal(fake_hooks_open(&server->hooks), 0);
        assert_int_equal(guest.media.begun, 0);
        server->hooks.wanted[methods[i]] = false;
    }
    enter(server, &guest, true, "cam");
    flow(&guest);
    by_the_streams_end(server, &guest); /* on_end is on its way */
    leave(&guest, true);
    assert_int_equal(guest.media.closed, 1);
    assert_int_equal(media_count(server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_comes_by_the_gate_is_a_client_like_any_other),
        TEST(one_whose_protocol_asks_by_itself_is_told_of_as_a_stream_only),
        TEST(a_stream_is_guarded_by_the_application_of_its_publisher),
        TEST(who_was_let_by_nobody_gets_what_is_anybodys_only),
        TEST(one_whose_connection_breaks_has_failed),
        TEST(the_back_end_may_refuse_either_step),
        TEST(limits_and_names_count_for_guests_too),
        TEST(it_is_told_once_when_it_must_end),
        TEST(a_player_ends_with_its_publisher),
        TEST(the_servers_end_waits_for_guests),
        TEST(one_that_leaves_in_between_hears_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
