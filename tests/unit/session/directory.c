/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that other servers may have: before a publication, for a playback, and availableStream. */
#include "base/mem.h"
#include "client.h"
#include "stream/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int set_up_clustered(void **state)
{
    struct fake_server *server = sl_new(struct fake_server);

    fake_server_init_clustered(server);
    *state = server;
    return 0;
}

#define CLUSTER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_clustered, tear_down)

/* As a pull brings it: live, and of no session. */
static struct sl_stream *bring(const char *name)
{
    struct sl_stream_config config = {
        .name = name,
        .worker = sl_workers_pick_source(NULL),
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}},
                   {.present = true, .codec_count = 1, .codecs = {{SL_CODEC_VP8, ""}}}},
    };
    struct sl_stream *stream;

    assert_int_equal(sl_stream_create(NULL, &config, &stream), 0);
    sl_stream_set_live(stream);
    return stream;
}

static void connect_as_node(struct fake_server *server, struct client *client, uint16_t port)
{
    connect_as(server, client, port,
               json_pack("{s:s, s:{s:{s:s, s:b}}}", "appKey", "defaultApp", "custom", "sluice",
                         "node", "n2", "cluster", 1));
    assert_heard(client, "established\n");
}

/* ---- Before a publication ---- */

static void a_publication_begins_when_its_name_is_granted(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        bool prompt;
        int err;
        const char *heard;
    } cases[] = {
        {true, 0, "sdp id 1 v=0\n"},
        {false, 0, "sdp id 1 v=0\n"},
        {true, -EEXIST, "FAILED id Stream name is already in use\n"},
        {false, -EEXIST, "FAILED id Stream name is already in use\n"},
        {true, -ENOBUFS, "FAILED id Too many requests\n"},
        {false, -EINVAL, "FAILED id Failed by error\n"},
    };
    struct client client;

    connect_client(server, &client, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t released = server->names.released;
        server->names.prompt = cases[i].prompt;
        server->names.err = cases[i].err;
        publish(&client, "id", "cam");
        if (!cases[i].prompt) {
            assert_heard(&client, "");
            assert_null(sl_streams_find(NULL, "cam"));
            assert_string_equal(fake_names_asked(&server->names), "cam");
            fake_names_answer(&server->names, cases[i].err);
        }
        assert_heard(&client, cases[i].heard);
        assert_int_equal(server->names.claims, i + 1);
        assert_int_equal(server->names.held, cases[i].err == 0);
        if (cases[i].err == 0)
            stop(&client, "id", true);
        client.heard[0] = '\0';
        assert_int_equal(server->names.released - released, cases[i].err == 0);
    }
    assert_int_equal(server->names.cancelled + server->names.finds + server->names.fetches, 0);
    sl_session_destroy(client.session);
}

static void claims_the_name_that_the_back_end_gave(void **state)
{
    struct fake_server *server = *state;
    struct client client;
    json_t *fields = json_pack("{s:s}", "name", "hidden");

    connect_client(server, &client, 1);
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = true;
    server->hooks.answer = (struct sl_hook_answer){.allowed = true, .fields = fields};
    publish(&client, "id", "cam");
    assert_string_equal(fake_names_asked(&server->names), "hidden");
    server->hooks.answer = (struct sl_hook_answer){.status = 403, .info = "no"};
    publish(&client, "refused", "cam"); /* nobody is asked about it */
    assert_heard(&client, "refused refused no\n");
    assert_int_equal(server->names.claims, 1);
    server->hooks.wanted[SL_HOOK_PUBLISH_STREAM] = false;
    json_decref(fields);
    sl_session_destroy(client.session);
}

static void end_by_stop(struct fake_server *server, struct client *client)
{
    (void)server;
    stop(client, "id", true);
}

static void end_by_failure(struct fake_server *server, struct client *client)
{
    (void)server;
    (void)client;
    fake_peer_event("id", SL_PEER_FAILED, SL_PEER_CONSENT_LOST);
}

static void end_by_operator(struct fake_server *server, struct client *client)
{
    (void)client;
    sl_media_session_terminate(sl_sessions_find_media(server->sessions, "id"), SL_REASON_OPERATOR);
}

static void end_by_leaving(struct fake_server *server, struct client *client)
{
    (void)server;
    sl_session_destroy(client->session);
    client->session = NULL;
}

static void end_by_termination_of_the_session(struct fake_server *server, struct client *client)
{
    (void)server;
    sl_session_terminate(client->session);
}

static void note_stopped(void *owner)
{
    *(bool *)owner = true;
}

static bool stopped;

static void end_by_stopping_the_server(struct fake_server *server, struct client *client)
{
    (void)client;
    sl_sessions_stop(server->sessions, note_stopped, &stopped);
}

typedef void end_fn(struct fake_server *server, struct client *client);

/* The last one is the server's end. */
static end_fn *const ends[] = {end_by_stop,
                               end_by_failure,
                               end_by_operator,
                               end_by_leaving,
                               end_by_termination_of_the_session,
                               end_by_stopping_the_server};

static void a_held_name_is_released_once_however_the_publication_ends(void **state)
{
    struct fake_server *server = *state;
    struct client client;
    size_t count = 0;

    server->names.prompt = true;
    stopped = false;
    for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++) {
        for (int up = 0; up <= 1 && !stopped; up++) { /* before the media path is up, and after */
            connect_client(server, &client, 1);
            publish(&client, "id", "cam");
            if (up)
                fake_peer_event("id", SL_PEER_CONNECTED, SL_PEER_OK);
            assert_int_equal(server->names.held, 1);
            ends[i](server, &client);
            assert_int_equal(server->names.held, 0);
            assert_int_equal(server->names.released, ++count);
            sl_session_destroy(client.session);
            fake_finish_closing();
            assert_int_equal(server->names.released, count);
        }
    }
    assert_int_equal(server->names.cancelled, 0);
    assert_true(stopped);
}

static void what_is_granted_and_cannot_begin_is_released(void **state)
{
    struct fake_server *server = *state;
    struct sl_stream *stream = bring("taken");
    struct client client;

    connect_client(server, &client, 1);
    sl_session_request_media(
        client.session, &(struct sl_media_request){.publish = true,
                                                   .media_session_id = "id",
                                                   .name = "cam",
                                                   .offer = "v=0\r\nno offer of anything\r\n"});
    fake_names_answer(&server->names, 0);
    assert_non_null(strstr(client.heard, "FAILED id "));
    client.heard[0] = '\0';
    assert_int_equal(server->names.held, 0);
    publish(&client, "id", "taken");
    fake_names_answer(&server->names, 0);
    assert_heard(&client, "FAILED id Stream name is already in use\n");
    assert_int_equal(server->names.held, 0);
    assert_int_equal(server->names.released, 2);
    sl_session_destroy(client.session);
    sl_stream_release(stream);
}

static void what_is_no_name_is_not_claimed(void **state)
{
    struct fake_server *server = *state;
    char longest[SL_STREAM_NAME_MAX + 2];
    struct client client;

    memset(longest, 'n', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    connect_client(server, &client, 1);
    const char *const names[] = {"", "a\nb", longest};
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        publish(&client, "id", names[i]);
        assert_heard(&client, "FAILED id Failed by error\n");
        play(&client, "id", names[i]);
        assert_heard(&client, "FAILED id Failed by error\n");
    }
    assert_int_equal(server->names.claims + server->names.fetches, 0);
    sl_session_destroy(client.session);
}

static void what_could_not_be_played_anyway_is_not_fetched(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        struct sl_media_request request;
        const char *heard;
    } cases[] = {
        {{.name = "rtsp://192.0.2.1/cam"}, "FAILED id Failed to get agent storage\n"},
    };
    struct client client;

    connect_client(server, &client, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_media_request request = cases[i].request;
        request.media_session_id = "id";
        request.offer = fake_offer(false, true, true);
        sl_session_request_media(client.session, &request);
        assert_heard(&client, cases[i].heard);
    }
    assert_int_equal(server->names.fetches, 0);
    sl_session_destroy(client.session);
}

/* ---- Who does not wait any more ---- */

static void who_ends_while_the_answer_is_awaited_has_cancelled(void **state)
{
    struct fake_server *server = *state;
    struct client client;
    size_t cancelled = 0;

    stopped = false;
    for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++) {
        for (int publication = 0; publication <= 1 && !stopped; publication++) {
            if (ends[i] == end_by_failure)
                continue; /* there is no peer yet */
            connect_client(server, &client, 1);
            if (publication)
                publish(&client, "id", "cam");
            else
                play(&client, "id", "cam");
            assert_non_null(fake_names_asked(&server->names));
            if (ends[i] == end_by_stop)
                stop(&client, "id", publication);
            else
                ends[i](server, &client);
            assert_null(fake_names_asked(&server->names));
            assert_int_equal(server->names.cancelled, ++cancelled);
            sl_session_destroy(client.session);
            fake_settle();
        }
    }
    assert_int_equal(server->names.released, 0);
    assert_int_equal(fake_peer_count(), 0);
}

/* ---- For a playback ---- */

static void a_playback_begins_with_what_there_is_once_it_is_answered(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        const char *why;
        int err;
        bool is_there;
        const char *heard;
    } cases[] = {
        {"brought", 0, true, "codec id opus\nsdp id 1 v=0\n"},
        {"nobody has it", -ENOENT, false, "FAILED id Stream not found\n"},
        {"brought, and gone again", 0, false, "FAILED id Stream not found\n"},
        {"published here meanwhile", -ENOENT, true, "codec id opus\nsdp id 1 v=0\n"},
    };
    struct client client;

    connect_client(server, &client, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        play(&client, "id", "far");
        assert_heard(&client, "");
        assert_string_equal(fake_names_asked(&server->names), "far");
        assert_null(fake_peer("id"));
        struct sl_stream *stream = cases[i].is_there ? bring("far") : NULL;
        fake_names_answer(&server->names, cases[i].err);
        if (strcmp(client.heard, cases[i].heard) != 0)
            fail_msg("%s: heard %s", cases[i].why, client.heard);
        if (stream) {
            client.heard[0] = '\0';
            sl_stream_end(stream);
            assert_heard(&client, "FAILED id Stopped by publisher stop\n");
            sl_stream_release(stream);
            fake_finish_closing();
        }
        client.heard[0] = '\0';
    }
    server->names.prompt = true;
    server->names.err = -ENOENT;
    play(&client, "id", "far");
    assert_heard(&client, "FAILED id Stream not found\n");
    assert_int_equal(server->names.claims + server->names.released + server->names.cancelled, 0);
    sl_session_destroy(client.session);
}

static void many_who_wait_are_each_answered(void **state)
{
    struct fake_server *server = *state;
    struct client first, second;

    connect_client(server, &first, 1);
    connect_client(server, &second, 2);
    play(&first, "a", "far");
    play(&second, "b", "far");
    play(&second, "c", "other");
    struct sl_stream *stream = bring("far");
    fake_names_answer(&server->names, 0);
    fake_names_answer(&server->names, 0);
    fake_names_answer(&server->names, -ENOENT);
    assert_heard(&first, "codec a opus\nsdp a 1 v=0\n");
    assert_heard(&second, "codec b opus\nsdp b 1 v=0\nFAILED c Stream not found\n");
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_VIEWER), 2);
    sl_session_destroy(first.session);
    sl_session_destroy(second.session);
    sl_stream_release(stream);
}

static void a_name_that_is_here_is_not_looked_for(void **state)
{
    struct fake_server *server = *state;
    struct client client;

    server->names.prompt = true;
    connect_client(server, &client, 1);
    publish(&client, "pub", "cam");
    client.heard[0] = '\0';
    play(&client, "early", "cam");
    assert_heard(&client, "FAILED early Publish stream is not ready\n");
    fake_peer_event("pub", SL_PEER_CONNECTED, SL_PEER_OK);
    client.heard[0] = '\0';
    play(&client, "id", "cam");
    assert_heard(&client, "codec id opus\nsdp id 1 v=0\n");
    sl_session_ask_available(client.session, "q", "cam");
    assert_heard(&client, "available q yes\n");
    assert_int_equal(server->names.finds + server->names.fetches, 0);
    sl_session_destroy(client.session);
}

static void another_node_of_the_cluster_is_shown_what_is_here_only(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        const char *custom; /* JSON */
        bool asked;
    } cases[] = {
        {"{\"sluice\":{\"node\":\"n2\",\"cluster\":true}}", false},
        {"{\"sluice\":{\"node\":\"n2\",\"cluster\":false}}", true},
        {"{\"sluice\":{\"node\":\"n2\",\"cluster\":1}}", true},
        {"{\"sluice\":{\"node\":\"n2\"}}", true},
        {"{\"sluice\":true}", true},
        {"{\"cluster\":true}", true},
        {"[]", true},
        {"null", true},
    };
    struct client client;

    server->names.prompt = true;
    server->names.err = -ENOENT;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t asked = server->names.fetches + server->names.finds;
        json_t *custom = json_loads(cases[i].custom, JSON_DECODE_ANY, NULL);
        connect_as(server, &client, 1,
                   json_pack("{s:s, s:o}", "appKey", "defaultApp", "custom", custom));
        client.heard[0] = '\0';
        play(&client, "id", "far");
        assert_heard(&client, "FAILED id Stream not found\n");
        sl_session_ask_available(client.session, "q", "far");
        assert_heard(&client, "available q Stream not found\n");
        asked = server->names.fetches + server->names.finds - asked;
        if (asked != (cases[i].asked ? 2 : 0))
            fail_msg("%s: asked %zu times", cases[i].custom, asked);
        sl_session_destroy(client.session);
    }
    /* It may publish like anybody else. */
    server->names.err = 0;
    connect_as_node(server, &client, 1);
    publish(&client, "id", "cam");
    assert_int_equal(server->names.held, 1);
    sl_session_destroy(client.session);
}

/* ---- availableStream ---- */

static void whether_a_stream_can_be_had_is_told_when_the_directory_knows(void **state)
{
    struct fake_server *server = *state;
    struct client client;

    connect_client(server, &client, 1);
    sl_session_ask_available(client.session, "a", "far");
    sl_session_ask_available(client.session, NULL, "nowhere");
    sl_session_ask_available(client.session, "b", "cam");
    assert_heard(&client, "");
    fake_names_answer(&server->names, 0); /* another server has it */
    assert_heard(&client, "available a yes\n");
    fake_names_answer(&server->names, -ENOENT);
    assert_heard(&client, "available (null) Stream not found\n");
    struct sl_stream *stream = bring("cam"); /* here, meanwhile */
    fake_names_answer(&server->names, -ENOENT);
    assert_heard(&client, "available b yes\n");
    sl_stream_release(stream);
    server->names.prompt = true;
    sl_session_ask_available(client.session, "c", "far");
    assert_string_equal(client.heard, "");
    assert_heard(&client, "available c yes\n");
    server->names.err = -ENOENT;
    sl_session_ask_available(client.session, "c", "far");
    assert_heard(&client, "available c Stream not found\n");
    assert_int_equal(server->names.fetches, 0); /* asking brings nothing here */
    sl_session_destroy(client.session);
}

static void at_most_64_inquiries_of_a_session_wait(void **state)
{
    enum { MAX = 64 };
    struct fake_server *server = *state;
    char name[16];
    struct client client, other;

    connect_client(server, &client, 1);
    connect_client(server, &other, 2);
    for (int i = 0; i < MAX; i++) {
        (void)snprintf(name, sizeof(name), "far%d", i);
        sl_session_ask_available(client.session, name, name);
    }
    assert_heard(&client, "");
    sl_session_ask_available(client.session, "one", "more");
    assert_heard(&client, "available one Stream not found\n");
    assert_int_equal(server->names.finds, MAX);
    sl_session_ask_available(other.session, "other", "more"); /* only itself is harmed */
    assert_heard(&other, "");
    fake_names_answer(&server->names, -ENOENT);
    assert_heard(&client, "available far0 Stream not found\n");
    sl_session_ask_available(client.session, "one", "more");
    assert_heard(&client, "");
    assert_int_equal(server->names.finds, MAX + 2);
    /* Gone meanwhile: nobody is told, nobody waits. */
    sl_session_destroy(client.session);
    assert_int_equal(server->names.cancelled, MAX);
    assert_string_equal(fake_names_asked(&server->names), "more");
    fake_names_answer(&server->names, -ENOENT);
    assert_heard(&other, "available other Stream not found\n");
    assert_heard(&client, "");
    sl_session_destroy(other.session);
}

static void what_is_too_long_for_a_name_is_not_asked_about(void **state)
{
    struct fake_server *server = *state;
    char longest[SL_STREAM_NAME_MAX + 2];
    struct client client;

    memset(longest, 'n', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    connect_client(server, &client, 1);
    sl_session_ask_available(client.session, "q", longest);
    assert_heard(&client, "available q Stream not found\n");
    assert_int_equal(server->names.finds, 0);
    longest[SL_STREAM_NAME_MAX] = '\0';
    sl_session_ask_available(client.session, "q", longest);
    assert_heard(&client, "");
    assert_int_equal(server->names.finds, 1);
    sl_session_destroy(client.session);
}

static void without_a_directory_names_are_the_servers_own(void **state)
{
    struct fake_server *server = *state;
    struct client client;

    connect_client(server, &client, 1);
    play(&client, "id", "far");
    assert_heard(&client, "FAILED id Stream not found\n");
    sl_session_ask_available(client.session, "q", "far");
    assert_heard(&client, "available q Stream not found\n");
    sl_session_ask_available(client.session, "q", NULL);
    assert_heard(&client, "available q Stream not found\n");
    publish(&client, "id", "far");
    assert_heard(&client, "sdp id 1 v=0\n");
    assert_int_equal(server->names.claims + server->names.finds + server->names.fetches, 0);
    sl_session_destroy(client.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(a_publication_begins_when_its_name_is_granted),
        CLUSTER_TEST(claims_the_name_that_the_back_end_gave),
        CLUSTER_TEST(a_held_name_is_released_once_however_the_publication_ends),
        CLUSTER_TEST(what_is_granted_and_cannot_begin_is_released),
        CLUSTER_TEST(what_is_no_name_is_not_claimed),
        CLUSTER_TEST(what_could_not_be_played_anyway_is_not_fetched),
        CLUSTER_TEST(who_ends_while_the_answer_is_awaited_has_cancelled),
        CLUSTER_TEST(a_playback_begins_with_what_there_is_once_it_is_answered),
        CLUSTER_TEST(many_who_wait_are_each_answered),
        CLUSTER_TEST(a_name_that_is_here_is_not_looked_for),
        CLUSTER_TEST(another_node_of_the_cluster_is_shown_what_is_here_only),
        CLUSTER_TEST(whether_a_stream_can_be_had_is_told_when_the_directory_knows),
        CLUSTER_TEST(at_most_64_inquiries_of_a_session_wait),
        CLUSTER_TEST(what_is_too_long_for_a_name_is_not_asked_about),
        TEST(without_a_directory_names_are_the_servers_own),
    };

    return cmocka_run_group_tests_name("session directory", tests, NULL, NULL);
}
