/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of streams: who may have one, and who hears of it (media-outputs.md 8). */
#include "client.h"

#include <errno.h>
#include <string.h>

enum { LEN_MAX = 1000 };

static void ask(struct client *client, const char *name)
{
    fake_advance_ms(1000); /* not too often */
    sl_session_ask_picture(client->session, "s", name, LEN_MAX);
}

/* A stream `cam`, and somebody who has nothing to do with it. */
static void set_up_cam(struct fake_server *server, struct client *publisher,
                       struct client *stranger)
{
    connect_client(server, publisher, 1);
    connect_client(server, stranger, 2);
    publish_live(publisher, "pub", "cam");
}

static void leave(struct client *publisher, struct client *stranger)
{
    sl_session_destroy(stranger->session);
    sl_session_destroy(publisher->session);
    assert_int_equal(fake_snapshot_count(), 0);
}

static void a_picture_or_why_there_is_none(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        int err;
        const char *heard;
    } cases[] = {
        {0, "picture s cam 4 bytes\n"},
        {-ETIMEDOUT, "no picture s Failed by error\n"},
        {-ENOENT, "no picture s Failed by error\n"},
        {-EPERM, "no picture s Failed by error\n"},
        {-EPIPE, "no picture s Stream not found\n"},
    };
    struct client publisher, stranger;

    set_up_cam(server, &publisher, &stranger);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        ask(&stranger, "cam");
        assert_heard(&stranger, "");
        assert_int_equal(fake_snapshot_answer(cases[i].err), LEN_MAX);
        assert_heard(&stranger, cases[i].heard);
    }
    ask(&stranger, "nobody");
    assert_heard(&stranger, "no picture s Stream not found\n");
    ask(&stranger, NULL);
    assert_heard(&stranger, "no picture s Stream not found\n");
    publish(&publisher, "new", "door");
    ask(&stranger, "door");
    assert_heard(&stranger, "no picture s Publish stream is not ready\n");
    fake_snapshots_refuse(true);
    ask(&stranger, "cam");
    assert_heard(&stranger, "no picture s No available transcoders\n");
    fake_snapshots_refuse(false);
    leave(&publisher, &stranger);
}

static void two_a_second_and_session(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, stranger;

    set_up_cam(server, &publisher, &stranger);
    fake_advance_ms(1000);
    for (int i = 0; i < 3; i++)
        sl_session_ask_picture(stranger.session, "s", "nobody", LEN_MAX);
    assert_heard(&stranger, "no picture s Stream not found\nno picture s Stream not found\n"
                            "no picture s Too many requests\n");
    sl_session_ask_picture(publisher.session, "s", "nobody", LEN_MAX);
    assert_heard(&publisher, "no picture s Stream not found\n");
    fake_advance_ms(1000);
    sl_session_ask_picture(stranger.session, "s", "nobody", LEN_MAX);
    assert_heard(&stranger, "no picture s Stream not found\n");
    leave(&publisher, &stranger);
}

static void the_back_end_is_asked_if_it_wants_to_be(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, stranger;

    server->hooks.wanted[SL_HOOK_SNAPSHOT] = true;
    server->hooks.answer = (struct sl_hook_answer){.allowed = true, .status = 200};
    set_up_cam(server, &publisher, &stranger);
    ask(&stranger, "cam");
    assert_heard(&stranger, "");
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_SNAPSHOT, 0);
    assert_string_equal(json_string_value(json_object_get(body, "name")), "cam");
    assert_string_equal(json_string_value(json_object_get(body, "mediaSessionId")), "s");
    assert_true(json_is_string(json_object_get(body, "appKey")));
    (void)fake_snapshot_answer(0);
    assert_heard(&stranger, "picture s cam 4 bytes\n");

    server->hooks.answer = (struct sl_hook_answer){.allowed = true, .status = 500}; /* LOG */
    ask(&stranger, "cam");
    fake_settle();
    (void)fake_snapshot_answer(0);
    assert_heard(&stranger, "picture s cam 4 bytes\n");

    server->hooks.answer = (struct sl_hook_answer){.status = 403, .info = "not you"};
    ask(&publisher, "cam");
    assert_heard(&publisher, "no picture s not you\n");
    server->hooks.prompt = false;
    ask(&publisher, "cam");
    sl_session_destroy(publisher.session); /* its question goes with it */
    publisher.session = NULL;
    assert_int_equal(server->hooks.cancelled, 1);
    leave(&publisher, &stranger);
}

static void a_guarded_stream_is_pictured_by_those_who_have_it(void **state) /* SNAP-8 */
{
    struct fake_server *server = *state;
    struct client publisher, stranger;

    server->hooks.wanted[SL_HOOK_PLAY_STREAM] = server->hooks.guarded[SL_HOOK_PLAY_STREAM] = true;
    set_up_cam(server, &publisher, &stranger);
    ask(&stranger, "cam");
    assert_heard(&stranger, "no picture s Restricted access\n");
    ask(&publisher, "cam");
    (void)fake_snapshot_answer(0);
    assert_heard(&publisher, "picture s cam 4 bytes\n");
    play_live(&stranger, "play", "cam");
    ask(&stranger, "cam");
    (void)fake_snapshot_answer(0);
    assert_heard(&stranger, "picture s cam 4 bytes\n");
    leave(&publisher, &stranger);
}

static void of_a_guarded_stream_only_a_200_is_a_yes(void **state) /* SNAP-8 */
{
    struct fake_server *server = *state;
    static const struct {
        struct sl_hook_answer answer;
        const char *heard; /* NULL: a picture */
    } cases[] = {
        {{.allowed = true, .status = 200}, NULL},
        {{.allowed = true, .status = 500}, "no picture s Restricted access\n"},
        {{.allowed = true, .status = 0}, "no picture s Restricted access\n"},
        {{.status = 403, .info = "not you"}, "no picture s Restricted access\n"},
    };
    struct client publisher, stranger;

    server->hooks.wanted[SL_HOOK_PLAY_STREAM] = server->hooks.guarded[SL_HOOK_PLAY_STREAM] = true;
    server->hooks.wanted[SL_HOOK_SNAPSHOT] = true;
    set_up_cam(server, &publisher, &stranger);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        server->hooks.answer = cases[i].answer;
        ask(&stranger, "cam");
        fake_settle();
        if (!cases[i].heard)
            (void)fake_snapshot_answer(0);
        assert_heard(&stranger, cases[i].heard ? cases[i].heard : "picture s cam 4 bytes\n");
    }
    server->hooks.prompt = false;
    ask(&stranger, "cam");
    stop(&publisher, "pub", true);
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_SNAPSHOT, &cases[0].answer));
    assert_heard(&stranger, "no picture s Stream not found\n");
    leave(&publisher, &stranger);
}

static void nobody_hears_of_a_picture_after_the_end(void **state)
{
    struct fake_server *server = *state;
    struct client publisher, stranger;

    set_up_cam(server, &publisher, &stranger);
    ask(&stranger, "cam");
    ask(&publisher, "cam");
    assert_int_equal(fake_snapshot_count(), 2);
    leave(&publisher, &stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_picture_or_why_there_is_none),
        TEST(two_a_second_and_session),
        TEST(the_back_end_is_asked_if_it_wants_to_be),
        TEST(a_guarded_stream_is_pictured_by_those_who_have_it),
        TEST(of_a_guarded_stream_only_a_200_is_a_yes),
        TEST(nobody_hears_of_a_picture_after_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
