/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rooms as sessions see them: orders of events, what waits for a join, what a leaver leaves. What
 * the wire says of it is tested with real clients (tests/peer/rooms.test.mjs). */
#include "rooms/rooms.h"
#include "base/mem.h"
#include "client.h"
#include "session/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void connect_member(struct fake_server *server, struct client *client, uint16_t port,
                           const char *login)
{
    memset(client, 0, sizeof(*client));
    connect_as(server, client, port,
               json_pack("{s:s, s:{s:s}}", "appKey", "roomApp", "custom", "login", login));
    assert_heard(client, "established\n");
}

static void command(struct client *client, struct sl_room_command command)
{
    json_t *operation = json_string("op"), *payload = json_object();

    sl_session_submit_data(client->session, operation, payload, &command);
    json_decref(operation);
    json_decref(payload);
}

static void join(struct client *client, const char *room)
{
    command(client, (struct sl_room_command){.kind = SL_ROOM_JOIN, .room = room});
}

static void leave(struct client *client, const char *room)
{
    command(client, (struct sl_room_command){.kind = SL_ROOM_LEAVE, .room = room});
}

static void request_in(struct client *client, bool publish, const char *id, const char *name,
                       const char *room)
{
    json_t *custom = json_pack("{s:s*}", "name", room);

    sl_session_request_media(client->session,
                             &(struct sl_media_request){.publish = publish,
                                                        .media_session_id = id,
                                                        .name = name,
                                                        .custom = custom,
                                                        .offer = fake_offer(publish, true, true)});
    json_decref(custom);
}

/* Live; what its client hears stays. */
static void publish_in(struct client *client, const char *id, const char *name, const char *room)
{
    request_in(client, true, id, name, room);
    fake_peer_event(id, SL_PEER_CONNECTED, SL_PEER_OK);
}

static void the_others_hear_what_is_published_and_how_it_ends(void **state)
{
    struct fake_server *server = *state;
    struct client anna, bert;

    connect_member(server, &anna, 1, "anna");
    connect_member(server, &bert, 2, "bert");
    join(&anna, "r");
    join(&bert, "r");
    assert_heard(&anna, "data op accepted\nr state\nr joined bert\n");
    assert_heard(&bert, "data op accepted\nr state anna\n");
    request_in(&bert, true, "1", "r-bert-1", "r");
    assert_heard(&anna, ""); /* PENDING is not there yet */
    fake_peer_event("1", SL_PEER_CONNECTED, SL_PEER_OK);
    publish_in(&bert, "2", "r-bert", "r");
    assert_heard(&anna, "r published bert r-bert-1\nr published bert r-bert\n");
    fake_peer_event("1", SL_PEER_FAILED, SL_PEER_CONSENT_LOST);
    stop(&bert, "2", true);
    assert_heard(&anna, "r failed bert r-bert-1\nr unpublished bert r-bert\n");
    publish_in(&bert, "3", "r-bert", "r");
    sl_session_destroy(bert.session);
    assert_heard(&anna, "r published bert r-bert\nr unpublished bert r-bert\nr left bert\n");
    sl_session_destroy(anna.session);
}

static void what_overtakes_a_join_waits_for_it(void **state)
{
    struct fake_server *server = *state;
    const struct sl_hook_answer yes = {.allowed = true}, no = {.info = "no"};
    struct client anna;

    connect_member(server, &anna, 1, "anna");
    server->hooks.prompt = false;
    server->hooks.wanted[SL_HOOK_ON_DATA_EVENT] = true;
    join(&anna, "r");
    request_in(&anna, true, "1", "r-anna", "r");
    request_in(&anna, true, "2", "s-anna", "s"); /* nobody is to join that one */
    assert_heard(&anna, "FAILED 2 Restricted access\n");
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_ON_DATA_EVENT, &yes));
    fake_peer_event("1", SL_PEER_CONNECTED, SL_PEER_OK);
    assert_heard(&anna, "data op accepted\nr state\nsdp 1 1 v=0\nPUBLISHING 1 \n");
    join(&anna, "t");
    request_in(&anna, true, "3", "t-anna", "t");
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_ON_DATA_EVENT, &no));
    assert_heard(&anna, "data op no\nFAILED 3 Restricted access\n");
    join(&anna, "u"); /* its session ends before the answer */
    request_in(&anna, true, "4", "u-anna", "u");
    sl_session_destroy(anna.session);
    assert_int_equal(fake_hooks_open(&server->hooks), 0);
}

static void what_a_leaver_does_not_end_is_ended(void **state)
{
    struct fake_server *server = *state;
    struct client anna, bert;

    connect_member(server, &anna, 1, "anna");
    connect_member(server, &bert, 2, "bert");
    join(&anna, "r");
    join(&bert, "r");
    publish_in(&anna, "a", "r-anna", "r");
    publish_in(&bert, "b", "r-bert", "r");
    request_in(&bert, false, "in", "r-anna", "r");
    request_in(&bert, false, "so", "r-anna", NULL); /* it does not say where that belongs */
    publish_in(&bert, "free", "bert", NULL);
    anna.heard[0] = bert.heard[0] = '\0';
    leave(&bert, "r");
    assert_heard(&anna, "r left bert\n");
    join(&bert, "r");
    publish_in(&bert, "new", "r-bert-2", "r");
    assert_heard(&anna, "r joined bert\nr published bert r-bert-2\n");
    fake_advance_ms(4900);
    bert.heard[0] = '\0';
    fake_advance_ms(200);
    fake_settle();
    assert_non_null(strstr(bert.heard, "UNPUBLISHED b Stopped by publisher stop\n"));
    assert_non_null(strstr(bert.heard, "STOPPED in Stopped by user\n"));
    assert_non_null(strstr(bert.heard, "STOPPED so Stopped by user\n"));
    assert_null(strstr(bert.heard, " new "));
    assert_null(strstr(bert.heard, " free "));
    assert_heard(&anna, "");
    sl_session_destroy(bert.session);
    assert_heard(&anna, "r unpublished bert r-bert-2\nr left bert\n");
    sl_session_destroy(anna.session);
}

static void a_rooms_streams_are_its_members(void **state)
{
    struct fake_server *server = *state;
    struct client anna, bert, carl;

    connect_member(server, &anna, 1, "anna");
    connect_member(server, &bert, 2, "bert");
    connect_client(server, &carl, 3);
    join(&anna, "r");
    publish_in(&anna, "a", "r-anna", "r");
    play(&bert, "1", "r-anna");
    assert_heard(&bert, "FAILED 1 Restricted access\n");
    play(&carl, "2", "r-anna");
    assert_heard(&carl, "FAILED 2 Restricted access\n");
    sl_session_ask_available(carl.session, "3", "r-anna");
    assert_heard(&carl, "available 3 Restricted access\n");
    server->config->room_streams_private = false;
    play(&carl, "4", "r-anna");
    assert_non_null(strstr(carl.heard, "sdp 4 "));
    server->config->room_streams_private = true;
    sl_session_destroy(anna.session);
    sl_session_destroy(bert.session);
    sl_session_destroy(carl.session);
}

static void a_recorded_room_records_what_is_published_in_it(void **state)
{
    struct fake_server *server = *state;
    struct client anna, bert;
    json_t *about;

    connect_member(server, &anna, 1, "anna");
    connect_member(server, &bert, 2, "bert");
    command(&anna, (struct sl_room_command){.kind = SL_ROOM_JOIN, .room = "r", .record = true});
    join(&bert, "r");
    for (int i = 0; i < 2; i++) {
        request_in(&bert, true, "b", "r-bert", "r");
        about = sl_media_session_describe(sl_sessions_find_media(server->sessions, "b"));
        assert_int_equal(json_is_true(json_object_get(about, "record")), i == 0);
        json_decref(about);
        stop(&bert, "b", true);
        leave(&anna, "r");
        leave(&bert, "r");
        join(&bert, "r"); /* another one of that name */
    }
    sl_session_destroy(anna.session);
    sl_session_destroy(bert.session);
}

/* What a recording of a publication is told (media-outputs.md 3.3). */
struct fake_archive {
    struct sl_archive archive;
    bool of_room;
    char login[32];
};

static void note_request(void *arg, struct sl_stream *stream,
                         const struct sl_archive_request *request)
{
    struct fake_archive *fake = arg;

    (void)stream;
    fake->of_room = request->of_room;
    (void)snprintf(fake->login, sizeof(fake->login), "%s", request->login ? request->login : "");
}

static int64_t since_ms(void *arg, const struct sl_stream *stream)
{
    (void)arg;
    (void)stream;
    return 0;
}

static struct sl_archive_end *end_none(void *arg, struct sl_stream *stream,
                                       void (*on_ended)(void *owner, const char *name), void *owner)
{
    (void)arg;
    (void)stream;
    (void)on_ended;
    (void)owner;
    return NULL;
}

static void recordings_hear_of_the_room_and_of_the_login_there(void **state)
{
    struct fake_server *server = *state;
    struct fake_archive fake = {
        .archive = {.arg = &fake, .begin = note_request, .since_ms = since_ms, .end = end_none}};
    struct client anna;

    server->sessions->config.archive = &fake.archive;
    connect_member(server, &anna, 1, "anna");
    join(&anna, "r");
    publish_in(&anna, "a", "r-anna", "r");
    assert_true(fake.of_room);
    assert_string_equal(fake.login, "anna");
    publish_in(&anna, "free", "anna", NULL);
    assert_false(fake.of_room);
    assert_string_equal(fake.login, "");
    sl_session_destroy(anna.session);
}

static void whoever_is_lost_gives_way_to_its_own_login(void **state)
{
    struct fake_server *server = *state;
    struct client anna, again, bert;

    connect_member(server, &anna, 1, "anna");
    connect_member(server, &again, 2, "anna");
    connect_member(server, &bert, 3, "bert");
    join(&anna, "r");
    join(&bert, "r");
    publish_in(&anna, "a", "r-anna", "r");
    bert.heard[0] = anna.heard[0] = '\0';
    join(&again, "r");
    assert_heard(&again, "data op Login is already in the room\n");
    anna.is_lost = true;
    join(&again, "r");
    assert_heard(&again, "data op accepted\nr state bert\n");
    assert_heard(&bert, "r unpublished anna r-anna\nr left anna\nr joined anna\n");
    assert_non_null(strstr(anna.heard, "close Failed by ICE keep alive\n"));
    sl_session_destroy(anna.session);
    assert_heard(&bert, "");
    sl_session_destroy(again.session);
    sl_session_destroy(bert.session);
}

/* ---- ROOM-6: what each member believes is true, whatever the order ---- */

enum { RACERS = 20, NAMES = 3, STEPS = 4000, NAME_LEN = 32 };

struct racer {
    struct sl_session *session;
    char login[8];
    bool inside, live[NAMES];
    /* What it has been told of the others. */
    bool knows[RACERS], sees[RACERS][NAMES];
};
static struct racer racers[RACERS];

static struct racer *racer_of(const char *login)
{
    return &racers[strtoul(login + 1, NULL, 10)];
}

static void note_other(void *arg, const char *login, const char *stream)
{
    struct racer *racer = arg;
    size_t who = (size_t)(racer_of(login) - racers);

    racer->knows[who] = true;
    if (stream) {
        bool *sees = &racer->sees[who][stream[strlen(stream) - 1] - '0'];
        assert_false(*sees);
        *sees = true;
    }
}

static void racer_hears(void *client, const struct sl_room_event *event)
{
    struct racer *racer = client;
    size_t who = event->login ? (size_t)(racer_of(event->login) - racers) : 0;
    bool *sees =
        event->stream ? &racer->sees[who][event->stream[strlen(event->stream) - 1] - '0'] : NULL;

    assert_true(!event->login || racer != &racers[who]);
    switch (event->type) {
    case SL_ROOM_STATE:
        memset(racer->knows, 0, sizeof(racer->knows));
        memset(racer->sees, 0, sizeof(racer->sees));
        sl_room_member_each_other(event->to, note_other, racer);
        break;
    case SL_ROOM_JOINED:
    case SL_ROOM_LEFT:
        assert_int_equal(racer->knows[who], event->type == SL_ROOM_LEFT);
        racer->knows[who] = event->type == SL_ROOM_JOINED;
        memset(racer->sees[who], 0, sizeof(racer->sees[who]));
        break;
    case SL_ROOM_PUBLISHED:
    case SL_ROOM_UNPUBLISHED:
    case SL_ROOM_FAILED:
        assert_true(racer->knows[who]);
        assert_int_equal(*sees, event->type != SL_ROOM_PUBLISHED);
        *sees = event->type == SL_ROOM_PUBLISHED;
        break;
    case SL_ROOM_MESSAGE:
        break;
    }
}

static void race_step(struct racer *racer, unsigned dice, unsigned serial)
{
    static char ids[RACERS][NAMES][NAME_LEN];
    struct client client = {.session = racer->session};
    size_t who = (size_t)(racer - racers), slot = dice / 7 % NAMES;
    char name[NAME_LEN], *id = ids[who][slot];

    (void)snprintf(name, sizeof(name), "r-%s-%zu", racer->login, slot);
    if (!racer->inside) {
        join(&client, "r");
        racer->inside = true;
    } else if (dice % 7 == 0) {
        leave(&client, "r");
        for (size_t i = 0; i < NAMES; i++) {
            if (racer->live[i])
                stop(&client, ids[who][i], true);
            racer->live[i] = false;
        }
        racer->inside = false;
    } else if (racer->live[slot]) {
        if (dice % 2 == 0)
            stop(&client, id, true);
        else
            fake_peer_event(id, SL_PEER_FAILED, SL_PEER_CONSENT_LOST);
        racer->live[slot] = false;
    } else {
        (void)snprintf(id, NAME_LEN, "%s-%u", racer->login, serial);
        publish_in(&client, id, name, "r");
        racer->live[slot] = true;
    }
}

static void check_views(void)
{
    for (size_t a = 0; a < RACERS; a++) {
        if (!racers[a].inside)
            continue;
        for (size_t b = 0; b < RACERS; b++) {
            if (a == b)
                continue;
            assert_int_equal(racers[a].knows[b], racers[b].inside);
            if (racers[b].inside)
                assert_memory_equal(racers[a].sees[b], racers[b].live, sizeof(racers[b].live));
        }
    }
}

static void everybody_knows_what_is_true(void **state)
{
    static const struct sl_session_ops ops = {.on_room_event = racer_hears};
    struct fake_server *server = *state;
    unsigned dice = 1;

    server->config->room_commands_per_second = 10000;
    memset(racers, 0, sizeof(racers));
    for (unsigned i = 0; i < RACERS; i++) {
        struct sl_session_config config = {.ops = &ops, .client = &racers[i], .origin = ""};
        (void)snprintf(racers[i].login, sizeof(racers[i].login), "m%u", i);
        (void)sl_addr_parse_ip("198.51.100.23", (uint16_t)(1000 + i), &config.remote);
        (void)sl_addr_parse_ip("198.51.100.1", 8443, &config.local);
        json_t *fields =
            json_pack("{s:s, s:{s:s}}", "appKey", "roomApp", "custom", "login", racers[i].login);
        racers[i].session = sl_session_create(server->sessions, &config);
        sl_session_connect(racers[i].session, fields);
        json_decref(fields);
    }
    fake_settle();
    for (unsigned step = 0; step < STEPS; step++) {
        dice = dice * 1103515245U + 12345U;
        race_step(&racers[(dice >> 16) % RACERS], dice >> 20, step);
        fake_advance_ms(1);
        if (step % 16 == 0)
            fake_finish_closing();
        check_views();
    }
    for (unsigned i = 0; i < RACERS; i++)
        sl_session_destroy(racers[i].session);
}

/* ---- In a cluster ---- */

static int set_up_clustered(void **state)
{
    struct fake_server *server = sl_new(struct fake_server);

    fake_server_init_clustered(server);
    *state = server;
    return 0;
}

static void a_room_is_on_one_node(void **state)
{
    struct fake_server *server = *state;
    struct client anna, bert, carl;

    server->names.prompt = false;
    connect_member(server, &anna, 1, "anna");
    connect_member(server, &bert, 2, "bert");
    connect_member(server, &carl, 3, "carl");
    join(&anna, "r");
    join(&bert, "r"); /* both wait for one question */
    request_in(&anna, true, "1", "r-anna", "r");
    assert_heard(&anna, "");
    assert_string_equal(fake_names_asked(&server->names), "room/roomApp/r");
    assert_int_equal(server->names.claims, 1);
    fake_names_answer(&server->names, 0);
    assert_heard(&bert, "data op accepted\nr state anna\n");
    assert_heard(&anna, "data op accepted\nr state\nr joined bert\n");
    fake_names_answer(&server->names, 0); /* of its stream, which waited for the join */
    assert_heard(&anna, "sdp 1 1 v=0\n");
    join(&carl, "r"); /* it is here */
    assert_heard(&carl, "data op accepted\nr state anna bert\n");
    stop(&anna, "1", true);
    leave(&anna, "r");
    leave(&bert, "r");
    assert_int_equal(server->names.held, 1);
    leave(&carl, "r");
    assert_int_equal(server->names.held, 0);
    carl.heard[0] = '\0';
    join(&carl, "elsewhere");
    fake_names_answer(&server->names, -EEXIST);
    assert_heard(&carl, "data op Room is on another server\n");
    join(&carl, "left"); /* before the answer */
    sl_session_destroy(carl.session);
    fake_names_answer(&server->names, 0);
    fake_settle();
    assert_int_equal(server->names.held, 0);
    join(&bert, "a/b"); /* nobody is asked about what cannot be */
    assert_null(fake_names_asked(&server->names));
    sl_session_destroy(anna.session);
    sl_session_destroy(bert.session);
}

/* ---- Names ---- */

static void names_are_held_to_what_urls_and_files_bear(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {"a", true},     {"a b", true},       {"\xc3\xa4\xf0\x9f\x98\x80", true},
        {NULL, false},   {"", false},         {" a", false},
        {"a ", false},   {"a#b", false},      {"a/b", false},
        {"a\\b", false}, {"a\nb", false},     {"a\xc2\x85", false},
        {"\x7f", false}, {"\xff\xfe", false}, {"a-b_c.d", true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        assert_int_equal(sl_room_name_valid(cases[i].name), cases[i].valid);
        assert_int_equal(sl_room_login_valid(cases[i].name), cases[i].valid);
    }
    char longest[SL_ROOM_NAME_MAX + 2] = {0};
    memset(longest, 'x', SL_ROOM_NAME_MAX);
    assert_true(sl_room_name_valid(longest));
    longest[SL_ROOM_NAME_MAX] = 'x';
    assert_false(sl_room_name_valid(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_others_hear_what_is_published_and_how_it_ends),
        TEST(what_overtakes_a_join_waits_for_it),
        TEST(what_a_leaver_does_not_end_is_ended),
        TEST(a_rooms_streams_are_its_members),
        TEST(a_recorded_room_records_what_is_published_in_it),
        TEST(recordings_hear_of_the_room_and_of_the_login_there),
        TEST(whoever_is_lost_gives_way_to_its_own_login),
        TEST(everybody_knows_what_is_true),
        cmocka_unit_test_setup_teardown(a_room_is_on_one_node, set_up_clustered, tear_down),
        TEST(names_are_held_to_what_urls_and_files_bear),
    };

    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
