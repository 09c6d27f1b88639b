/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of a recorded publication: told when its file is whole, once, to whoever is still there
 * (REC-3, REC-20). The archive is the test's. */
#include "session/internal.h"

#include "client.h"

#include <string.h>

struct fake_archive {
    struct sl_archive archive;
    bool records, asked;
    void (*on_ended)(void *owner, const char *name); /* NULL: nobody waits */
    void *owner;
    unsigned begun;
};

static void begin(void *arg, struct sl_stream *stream, const struct sl_archive_request *request)
{
    struct fake_archive *fake = arg;

    (void)stream;
    fake->begun++;
    fake->asked = request->asked;
    assert_non_null(request->session_id);
}

static int64_t since_ms(void *arg, const struct sl_stream *stream)
{
    (void)stream;
    return ((struct fake_archive *)arg)->records ? 12345 : 0;
}

static struct sl_archive_end *end(void *arg, struct sl_stream *stream,
                                  void (*on_ended)(void *owner, const char *name), void *owner)
{
    struct fake_archive *fake = arg;

    assert_non_null(stream);
    if (!fake->records)
        return NULL;
    fake->on_ended = on_ended;
    fake->owner = owner;
    return (struct sl_archive_end *)(void *)fake;
}

static void whole(struct fake_archive *fake, const char *name)
{
    void (*on_ended)(void *owner, const char *name) = fake->on_ended;

    fake->on_ended = NULL;
    on_ended(fake->owner, name);
    fake_settle();
}

static void use(struct fake_server *server, struct fake_archive *fake, bool records)
{
    *fake = (struct fake_archive){
        .archive = {.arg = fake, .begin = begin, .since_ms = since_ms, .end = end},
        .records = records};
    server->sessions->config.archive = &fake->archive;
    server->hooks.wanted[SL_HOOK_STREAM_STATUS_EVENT] = true;
}

static void an_end_is_told_when_the_file_is_whole(void **state)
{
    struct fake_server *server = *state;
    struct fake_archive fake;
    struct client client;

    use(server, &fake, true);
    connect_client(server, &client, 1);
    publish_live(&client, "id", "cam");
    assert_int_equal(fake.begun, 1);
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 0);
    assert_true(json_is_true(json_object_get(body, "record")));
    assert_true(json_is_null(json_object_get(body, "recordName")));
    stop(&client, "id", true);
    assert_heard(&client, "");
    assert_null(sl_streams_find(NULL, "cam")); /* its name is free */
    stop(&client, "id", true);                 /* the answer is under way */
    assert_heard(&client, "");
    whole(&fake, "a.mp4");
    assert_heard(&client, "UNPUBLISHED id Stopped by publisher stop\n");
    body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 1);
    assert_string_equal(json_string_value(json_object_get(body, "recordName")), "a.mp4");
    assert_true(json_is_true(json_object_get(body, "record")));
    sl_session_destroy(client.session);
}

static void the_back_end_hears_of_a_client_that_has_gone(void **state)
{
    struct fake_server *server = *state;
    struct fake_archive fake;
    struct client client;

    use(server, &fake, true);
    connect_client(server, &client, 1);
    publish_live(&client, "id", "cam");
    sl_session_destroy(client.session);
    fake_settle();
    assert_null(fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 1));
    whole(&fake, "b.mp4");
    json_t *body = fake_hooks_told(&server->hooks, SL_HOOK_STREAM_STATUS_EVENT, 1);
    assert_string_equal(json_string_value(json_object_get(body, "recordName")), "b.mp4");
    assert_non_null(json_string_value(json_object_get(body, "sessionId")));
    assert_string_equal(json_string_value(json_object_get(body, "status")), "FAILED");
}

static void what_is_not_recorded_waits_for_nothing(void **state)
{
    struct fake_server *server = *state;
    struct fake_archive fake;
    struct client client;

    use(server, &fake, false);
    connect_client(server, &client, 1);
    publish_live(&client, "id", "cam");
    assert_int_equal(fake.begun, 1);
    assert_false(fake.asked);
    stop(&client, "id", true);
    assert_heard(&client, "UNPUBLISHED id Stopped by publisher stop\n");
    sl_session_destroy(client.session);
}

static void an_id_is_not_used_twice_before_its_end_is_told(void **state)
{
    struct fake_server *server = *state;
    struct fake_archive fake;
    struct client client;

    use(server, &fake, true);
    connect_client(server, &client, 1);
    publish_live(&client, "id", "cam");
    stop(&client, "id", true);
    publish(&client, "id", "cam");
    assert_non_null(strstr(client.heard, "error"));
    client.heard[0] = '\0';
    publish_live(&client, "other", "cam"); /* the name is free */
    whole(&fake, NULL);
    assert_heard(&client, "UNPUBLISHED id Stopped by publisher stop\n");
    fake.records = false;
    sl_session_destroy(client.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_end_is_told_when_the_file_is_whole),
        TEST(the_back_end_hears_of_a_client_that_has_gone),
        TEST(what_is_not_recorded_waits_for_nothing),
        TEST(an_id_is_not_used_twice_before_its_end_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
