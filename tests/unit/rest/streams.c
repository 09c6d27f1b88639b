/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/stream over real sessions with made-up media: REST-37 to REST-44. */
#include "control.h"

#include "base/mem.h"
#include "rest/schema.h"
#include "rest/walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const all_ids = "pub-cam play-cam-1 play-cam-2 pub-door play-door";

/* Two streams: cam with two players, door with one; players belong to the second client. */
static void go_live(struct control *control)
{
    struct client *publisher = add_client(control), *player = add_client(control);

    publish_live(publisher, "pub-cam", "cam");
    publish_live(publisher, "pub-door", "door");
    play_live(player, "play-cam-1", "cam");
    play_live(player, "play-cam-2", "cam");
    play_live(player, "play-door", "door");
    publisher->heard[0] = '\0';
    player->heard[0] = '\0';
}

/* Those of all_ids that live. */
static const char *living(const struct control *control)
{
    static char text[200];
    char ids[200], *rest;

    text[0] = '\0';
    strcpy(ids, all_ids);
    for (char *id = strtok_r(ids, " ", &rest); id; id = strtok_r(NULL, " ", &rest)) {
        if (!sl_sessions_find_media(control->server.sessions, id))
            continue;
        if (text[0])
            strcat(text, " ");
        strcat(text, id);
    }
    return text;
}

static void terminates_what_matches_all_filters(void **state) /* seed S3; REST-37 to REST-41 */
{
    struct control *control = *state;
    static const struct {
        const char *body, *left; /* NULL: 404, and all are left */
    } cases[] = {
        {"{'mediaSessionId':'play-cam-1'}", "pub-cam play-cam-2 pub-door play-door"},
        {"{'mediaSessionId':'pub-cam'}", "pub-door play-door"},
        {"{'published':false}", "pub-cam pub-door"}, /* REST-38 */
        {"{'published':'false'}", "pub-cam pub-door"},
        {"{'published':true}", ""},
        {"{'name':'cam','published':false}", "pub-cam pub-door play-door"}, /* REST-39 */
        {"{'name':'cam','status':'PUBLISHING'}", "pub-door play-door"},     /* REST-40 */
        {"{'name':'cam'}", "pub-door play-door"},
        {"{'status':'PLAYING'}", "pub-cam pub-door"},
        {"{'name':'cam','status':'PUBLISHING','published':true,'mediaSessionId':'pub-cam'}",
         "pub-door play-door"},
        {"{'mediaSessionIds':['play-cam-1','play-door']}", "pub-cam play-cam-2 pub-door"},
        {"{'mediaSessionIds':['nobody','play-door','play-door','nobody']}", /* REST-41 */
         "pub-cam play-cam-1 play-cam-2 pub-door"},
        {"{'mediaSessionId':'play-door','mediaSessionIds':['play-cam-1']}", /* union */
         "pub-cam play-cam-2 pub-door"},
        {"{'mediaSessionIds':['play-cam-1','play-door'],'name':'door'}",
         "pub-cam play-cam-1 play-cam-2 pub-door"},
        {"{'sessionId':'/198.51.100.23:1001/[2001:db8::1]:8443'}", "pub-cam pub-door"},
        {"{'sessionId':'/198.51.100.23:1001/[2001:db8::1]:8443','name':'door'}",
         "pub-cam play-cam-1 play-cam-2 pub-door"},
        {"{'mediaSessionId':null,'name':'door','published':null,'x':1}",
         "pub-cam play-cam-1 play-cam-2"},
        {"{'mediaSessionId':'nobody'}", NULL},
        {"{'mediaSessionIds':['nobody']}", NULL},
        {"{'mediaSessionIds':[]}", NULL}, /* none of them, not any */
        {"{'mediaSessionIds':[],'published':false}", NULL},
        {"{'name':'CAM'}", NULL},
        {"{'name':'ca'}", NULL},
        {"{'name':'cam','status':'STOPPED'}", NULL},
        {"{'mediaSessionId':'pub-cam','published':false}", NULL},
        {"{'mediaSessionId':'pub-cam','name':'door'}", NULL},
        {"{'sessionId':'pub-cam'}", NULL},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        go_live(control);
        int status = post(control, "/rest-api/stream/terminate", cases[i].body, NULL);
        const char *left = living(control);
        if (status != (cases[i].left ? 200 : 404) ||
            strcmp(left, cases[i].left ? cases[i].left : all_ids) != 0)
            fail_msg("%s: %d, left: %s", cases[i].body, status, left);
        if (status == 200)
            assert_int_equal(post(control, "/rest-api/stream/terminate", cases[i].body, NULL), 404);
        remove_clients(control);
        fake_finish_closing();
    }
}

static void never_stops_everything_by_accident(void **state) /* REST-42 */
{
    struct control *control = *state;
    static const char *const bodies[] = {
        "{}",
        NULL,
        "  ",
        "{'mediaSessionId':null}",
        "{'stream':'cam'}",
        "{'Published':false}",
        "{'display':['metrics']}",
        "[]",
        "null",
        "{'published':0}",
        "{'published':''}",
        "{'published':[false]}",
        "{'mediaSessionIds':'pub-cam'}",
        "{'mediaSessionIds':[null]}",
        "{'mediaSessionIds':['']}",
        "{'mediaSessionIds':['pub-cam',1]}",
        "{'mediaSessionId':''}",
        "{'name':''}",
        "{'name':{}}",
        "{'name':'cam','published':1}",
        "{'status':'publishing'}",
        "{'name':'cam\\u0000'}",
        "{'name':'cam'",
    };

    go_live(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(bodies); i++) {
        int status = post(control, "/rest-api/stream/terminate", bodies[i], NULL);
        if (status != 400)
            fail_msg("%s: got %d", bodies[i], status);
        assert_string_equal(living(control), all_ids);
    }
}

static void tells_each_client_why_its_stream_ended(void **state) /* decision 8, REST-40 */
{
    struct control *control = *state;

    go_live(control);
    assert_int_equal(
        post(control, "/rest-api/stream/terminate", "{'mediaSessionId':'play-door'}", NULL), 200);
    assert_heard(&control->clients[0], "");
    assert_heard(&control->clients[1], "FAILED play-door Stopped by rest /terminate\n");
    assert_int_equal(
        post(control, "/rest-api/stream/terminate", "{'name':'cam','status':'PUBLISHING'}", NULL),
        200);
    assert_heard(&control->clients[0], "UNPUBLISHED pub-cam Stopped by rest /terminate\n");
    assert_heard(&control->clients[1], "FAILED play-cam-1 Stopped by publisher stop\n"
                                       "FAILED play-cam-2 Stopped by publisher stop\n");
}

static void tells_players_that_match_of_their_own_end_not_of_the_publishers(void **state)
{
    struct control *control = *state;

    go_live(control);
    assert_int_equal(post(control, "/rest-api/stream/terminate", "{'name':'cam'}", NULL), 200);
    assert_heard(&control->clients[1], "FAILED play-cam-1 Stopped by rest /terminate\n"
                                       "FAILED play-cam-2 Stopped by rest /terminate\n");
}

static void lets_the_client_go_on_after_a_stop(void **state) /* REST-43 */
{
    struct control *control = *state;

    go_live(control);
    assert_int_equal(post(control, "/rest-api/stream/terminate", "{'name':'cam'}", NULL), 200);
    publish_live(&control->clients[0], "again", "cam");
    play_live(&control->clients[1], "play-again", "cam");
    assert_int_equal(post(control, "/rest-api/stream/find",
                          "{'name':'cam','mediaSessionId':'again','status':'PUBLISHING'}", NULL),
                     200);
    assert_int_equal(sl_session_status(control->clients[0].session), SL_SESSION_ESTABLISHED);
}

/* The ids in a list, in order. */
static const char *listed(json_t *list)
{
    static char text[400];
    size_t i;
    json_t *item;

    text[0] = '\0';
    json_array_foreach(list, i, item)
    {
        if (i > 0)
            strcat(text, " ");
        strcat(text, json_string_value(json_object_get(item, "mediaSessionId")));
    }
    return text;
}

static void finds_what_matches_all_filters(void **state) /* REST-44 */
{
    struct control *control = *state;
    static const struct {
        const char *body, *found; /* NULL: 404 */
    } cases[] = {
        {"{}", "pub-cam pub-door play-cam-1 play-cam-2 play-door"},
        {NULL, "pub-cam pub-door play-cam-1 play-cam-2 play-door"},
        {"{'mediaSessionId':null,'name':'cam','published':null}", "pub-cam play-cam-1 play-cam-2"},
        {"{'name':'cam','published':true}", "pub-cam"},
        {"{'status':'PLAYING'}", "play-cam-1 play-cam-2 play-door"},
        {"{'mediaSessionIds':['play-door','nobody','pub-cam']}", "play-door pub-cam"},
        {"{'name':'nothing'}", NULL},
        {"{'mediaSessionIds':[]}", NULL},
        {"{'name':'cam','status':'PENDING'}", NULL},
    };

    go_live(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *list;
        int status = post(control, "/rest-api/stream/find", cases[i].body, &list);
        const char *found = listed(list);
        if (status != (cases[i].found ? 200 : 404) ||
            strcmp(found, cases[i].found ? cases[i].found : "") != 0)
            fail_msg("%s: %d %s", cases[i].body, status, found);
        json_decref(list);
    }
}

static void lists_all_by_get_and_post_and_nothing_as_404(void **state) /* REST-2 */
{
    struct control *control = *state;
    static const char *const methods[] = {"GET", "POST"};

    for (int live = 0; live <= 1; live++) {
        if (live)
            go_live(control);
        for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++) {
            struct sl_http_request request;
            send_request(control, &request, methods[i], "/rest-api/stream/find_all", NULL);
            fake_settle();
            assert_int_equal(request.status, live ? 200 : 404);
            json_t *answer = fake_answer_json(&request);
            assert_int_equal(json_array_size(answer), live ? 5 : 0);
            json_decref(answer);
            fake_deinit(&request);
        }
    }
}

static bool has_type(json_t *value, const struct sl_field *field)
{
    if (json_is_null(value))
        return field->nullable;
    return (json_is_string(value) && !strcmp(field->type, "string")) ||
           (json_is_integer(value) && !strcmp(field->type, "integer")) ||
           (json_is_boolean(value) && !strcmp(field->type, "boolean")) ||
           (json_is_object(value) && !strcmp(field->type, "object"));
}

static void describes_streams_as_the_schema_has_it(void **state) /* rest-api.md 3.3 */
{
    struct control *control = *state;
    static const char *const metrics[] = {
        "VIDEO_WIDTH",    "VIDEO_HEIGHT",    "VIDEO_RATE",       "VIDEO_FPS",
        "VIDEO_NACK",     "VIDEO_LOST",      "VIDEO_LINK_LIMIT", "VIDEO_LINK_VARIANT",
        "VIDEO_B_FRAMES", "VIDEO_LINK_LAYER"};
    const struct sl_schema *schema = sl_schema_find("Stream");
    json_t *list, *stream, *value;
    const char *key;
    size_t i;

    go_live(control);
    static const struct sl_source_ops bars_source = {.protocol = "demo"};
    struct sl_stream *bars =
        fake_stream_add("bars", &bars_source,
                        &(struct sl_publisher){.origin = SL_ORIGIN_BUILT_IN, .id = "bars-id"});
    assert_int_equal(post(control, "/rest-api/stream/find_all",
                          "{'display':['metrics','clientMetrics','more']}", &list),
                     200);
    assert_int_equal(json_array_size(list), 6);
    json_array_foreach(list, i, stream)
    {
        for (size_t f = 0; f < schema->field_count; f++) {
            value = json_object_get(stream, schema->fields[f].name);
            if (!value || !has_type(value, &schema->fields[f]))
                fail_msg("%s is missing or of another type", schema->fields[f].name);
        }
        json_object_foreach(stream, key, value)
        {
            size_t f = 0;
            while (f < schema->field_count && strcmp(schema->fields[f].name, key) != 0)
                f++;
            if (f == schema->field_count)
                fail_msg("the schema does not know %s", key);
        }
        assert_true(json_is_null(json_object_get(stream, "sdp"))); /* class 24 */
        for (size_t m = 0; m < SL_ARRAY_LEN(metrics); m++)
            assert_true(
                json_is_number(json_object_get(json_object_get(stream, "metrics"), metrics[m])));
    }
    json_decref(list);
    sl_stream_release(bars);
    assert_int_equal(post(control, "/rest-api/stream/find", "{'name':'cam'}", &list), 200);
    assert_null(json_object_get(json_array_get(list, 0), "metrics"));
    json_decref(list);
}

/* ---- Streams that no client publishes ---- */

struct other {
    struct sl_stream *stream;
    char why[64];
};

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    (void)owner;
    *out = (struct sl_stream_figures){
        .audio_bps = 500, .video_bps = 1000, .video_fps = 25, .nack = 7, .lost = 3};
}

static void end_other(void *owner, const char *why)
{
    struct other *other = owner;

    (void)snprintf(other->why, sizeof(other->why), "%s", why);
    sl_stream_release(other->stream);
    other->stream = NULL;
}

static const struct sl_source_ops webrtc = {.protocol = "webrtc"}, demo = {.protocol = "demo"},
                                  rtmp = {.protocol = "rtmp"};
static const struct sl_publisher_ops other_ops = {.stats = tell_stats, .terminate = end_other};

static void has_what_pulls_bring_among_the_streams(void **state) /* REST-11, section 6.1 */
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{'name':'here'}", 200},
        {"{'published':true}", 200},
        {"{'status':'PUBLISHING'}", 200},
        {"{'mediaSessionId':'pull-1'}", 200},
        {"{'mediaSessionIds':['x','pull-1']}", 200},
        {"{'name':'other'}", 404},
        {"{'published':false}", 404},
        {"{'status':'PLAYING'}", 404},
        {"{'sessionId':'/1.2.3.4:5/6.7.8.9:10'}", 404},
        {"{'mediaSessionId':'pull-2'}", 404},
    };
    struct other other = {0};
    json_t *list;

    assert_int_equal(post(control, "/rest-api/stream/find_all", NULL, NULL), 404);
    other.stream = fake_stream_add(
        "here", &webrtc,
        &(struct sl_publisher){
            .origin = SL_ORIGIN_PULLED, .id = "pull-1", .ops = &other_ops, .owner = &other});
    fake_stream_size("here", 320, 240);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int status = post(control, "/rest-api/stream/find", cases[i].body, NULL);
        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].body, status);
    }
    assert_int_equal(post(control, "/rest-api/stream/find", "{'display':['metrics']}", &list), 200);
    json_t *metrics = json_object_get(json_array_get(list, 0), "metrics");
    assert_int_equal(json_integer_value(json_object_get(metrics, "VIDEO_WIDTH")), 320);
    assert_int_equal(json_integer_value(json_object_get(metrics, "VIDEO_RATE")), 1000);
    assert_int_equal(json_integer_value(json_object_get(metrics, "VIDEO_FPS")), 25);
    assert_int_equal(json_integer_value(json_object_get(metrics, "VIDEO_NACK")), 7);
    assert_int_equal(json_integer_value(json_object_get(metrics, "VIDEO_LOST")), 3);
    json_decref(list);
    assert_int_equal(post(control, "/rest-api/stream/terminate", "{'published':false}", NULL), 404);
    assert_int_equal(post(control, "/rest-api/stream/terminate", "{'name':'here'}", NULL), 200);
    assert_null(other.stream);
    assert_string_equal(other.why, "Stopped by rest /terminate");
}

/* The names of /rest-api/stream/find_all (published) or of /api/v1/streams, sorted. */
static const char *names_in(struct control *control, const char *path)
{
    static char text[256];
    struct sl_http_request request;
    json_t *names = json_object(), *item;
    const char *name;
    size_t i;

    send_request(control, &request, "GET", path, NULL);
    fake_settle();
    json_t *answer = fake_answer_json(&request);
    json_t *list = json_is_array(answer) ? answer : json_object_get(answer, "streams");
    json_array_foreach(list, i, item)
    {
        if (!json_is_false(json_object_get(item, "published")))
            (void)json_object_set(names, json_string_value(json_object_get(item, "name")), item);
    }
    text[0] = '\0';
    json_object_foreach(names, name, item)
    {
        (void)strcat(text, name);
        (void)strcat(text, " ");
    }
    json_decref(names);
    json_decref(answer);
    fake_deinit(&request);
    return text;
}

static void what_one_list_has_the_others_have_whoever_brought_it(void **state)
{
    struct control *control = *state;
    static const struct {
        const char *name;
        const struct sl_source_ops *source;
        enum sl_origin origin;
    } brought[] = {
        {"pulled", &webrtc, SL_ORIGIN_PULLED},
        {"other node's", &webrtc, SL_ORIGIN_NODE},
        {"bars", &demo, SL_ORIGIN_BUILT_IN},
        {"ingested", &rtmp, SL_ORIGIN_OWN}, /* by a client of another kind */
    };
    struct other others[SL_ARRAY_LEN(brought)] = {{0}};
    json_t *list;

    go_live(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(brought); i++) {
        struct sl_publisher publisher = {.origin = brought[i].origin,
                                         .id = brought[i].name,
                                         .ops = &other_ops,
                                         .owner = &others[i]};
        others[i].stream = fake_stream_add(brought[i].name, brought[i].source, &publisher);
    }
    assert_string_equal(names_in(control, "/rest-api/stream/find_all"),
                        "cam door pulled other node's bars ingested ");
    assert_string_equal(names_in(control, "/api/v1/streams"),
                        "cam door pulled other node's bars ingested ");
    assert_int_equal(post(control, "/rest-api/stream/find", "{'published':false}", &list), 200);
    assert_int_equal(json_array_size(list), 3);
    json_decref(list);
    assert_int_equal(post(control, "/rest-api/stream/terminate", "{'published':true}", NULL), 200);
    assert_string_equal(names_in(control, "/rest-api/stream/find_all"), "");
    assert_string_equal(names_in(control, "/api/v1/streams"), "");
}

static void sends_events_to_the_players_of_a_stream(void **state) /* rest-api.md 6.3 */
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int status;
    } wrong[] = {
        {"{'streamName':'nothing','payload':1}", 404},
        {"{'payload':1}", 400},
        {"{'streamName':1,'payload':1}", 400},
    };

    go_live(control);
    assert_int_equal(post(control, "/rest-api/stream/event/send",
                          "{'streamName':'cam','payload':{'a':1}}", NULL),
                     200);
    assert_heard(&control->clients[0], "");
    assert_heard(&control->clients[1], "event play-cam-1 data payload\n"
                                       "event play-cam-2 data payload\n");
    for (size_t i = 0; i < SL_ARRAY_LEN(wrong); i++)
        assert_int_equal(post(control, "/rest-api/stream/event/send", wrong[i].body, NULL),
                         wrong[i].status);
}

/* ---- Thousands ---- */

enum { MANY = 2 * SL_WALK_SLICE + 50 };

static void publish_many(struct control *control)
{
    struct client *client = add_client(control);

    control->server.config->streams_per_session_max = MANY;
    for (int i = 0; i < MANY; i++) {
        char id[16], name[16];
        (void)snprintf(id, sizeof(id), "id-%d", i);
        (void)snprintf(name, sizeof(name), "many-%d", i);
        publish_live(client, id, name);
    }
}

static void lists_many_streams_in_slices(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    publish_many(control);
    send_request(control, &request, "GET", "/rest-api/stream/find_all", NULL);
    fake_turn();
    assert_int_equal(request.answers, 0);
    sl_media_session_terminate(sl_sessions_find_media(control->server.sessions, "id-240"),
                               SL_REASON_SHUTDOWN); /* one less when its turn comes */
    fake_turn();
    assert_int_equal(request.answers, 0);
    fake_turn();
    assert_int_equal(request.status, 200);
    json_t *list = fake_answer_json(&request);
    assert_int_equal(json_array_size(list), MANY - 1);
    json_decref(list);
    fake_deinit(&request);
}

static void stops_many_streams_in_slices_even_if_the_client_goes(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;
    struct sl_sessions_stats stats;

    publish_many(control);
    send_request(control, &request, "POST", "/rest-api/stream/terminate", "{'published':true}");
    fake_turn();
    assert_int_equal(request.answers, 0);
    fake_gone(&request);
    fake_settle();
    sl_sessions_stats(control->server.sessions, &stats);
    assert_int_equal(stats.publications, 0);
    fake_deinit(&request);
}

static void gives_up_a_list_when_the_client_goes_or_the_server_ends(void **state)
{
    struct control *control = *state;
    struct sl_http_request gone, waits;

    publish_many(control);
    send_request(control, &gone, "GET", "/rest-api/stream/find_all", NULL);
    fake_turn();
    fake_gone(&gone);
    fake_settle();
    assert_null(gone.answer);
    fake_deinit(&gone);
    send_request(control, &waits, "GET", "/rest-api/stream/find_all", NULL);
    fake_turn();
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    assert_int_equal(waits.status, 503);
    fake_deinit(&waits);
}

/* ---- snapshot ---- */

static void a_snapshot_is_answered_when_it_is_taken(void **state) /* SNAP-2, SNAP-7 */
{
    struct control *control = *state;
    static const struct {
        int err, status;
    } cases[] = {{0, 200}, {-ENOENT, 500}, {-ETIMEDOUT, 500}, {-EPIPE, 500}, {-EPERM, 500}};
    static const char path[] = "/rest-api/stream/snapshot";

    go_live(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request;
        send_request(control, &request, "POST", path, "{'streamName':'cam'}");
        fake_settle();
        assert_int_equal(request.answers, 0);
        assert_int_equal(fake_snapshot_answer(cases[i].err), 0); /* in full size */
        assert_int_equal(request.status, cases[i].status);
        json_t *answer = fake_answer_json(&request);
        if (cases[i].err == 0)
            assert_string_equal(json_string_value(json_object_get(answer, "data")), "iVBORw==");
        json_decref(answer);
        fake_deinit(&request);
    }
    assert_int_equal(post(control, path, "{'streamName':'nobody'}", NULL), 404);
    assert_int_equal(post(control, path, "{}", NULL), 400);
    fake_snapshots_refuse(true);
    assert_int_equal(post(control, path, "{'streamName':'cam'}", NULL), 503);
    fake_snapshots_refuse(false);
}

static void the_end_answers_what_waits_for_a_snapshot(void **state)
{
    struct control *control = *state;
    struct sl_http_request request;

    go_live(control);
    send_request(control, &request, "POST", "/rest-api/stream/snapshot", "{'streamName':'cam'}");
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    assert_int_equal(request.status, 503);
    assert_int_equal(fake_snapshot_count(), 0);
    fake_deinit(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(terminates_what_matches_all_filters),
        CONTROL_TEST(never_stops_everything_by_accident),
        CONTROL_TEST(tells_each_client_why_its_stream_ended),
        CONTROL_TEST(tells_players_that_match_of_their_own_end_not_of_the_publishers),
        CONTROL_TEST(lets_the_client_go_on_after_a_stop),
        CONTROL_TEST(finds_what_matches_all_filters),
        CONTROL_TEST(lists_all_by_get_and_post_and_nothing_as_404),
        CONTROL_TEST(describes_streams_as_the_schema_has_it),
        CONTROL_TEST(has_what_pulls_bring_among_the_streams),
        CONTROL_TEST(what_one_list_has_the_others_have_whoever_brought_it),
        CONTROL_TEST(sends_events_to_the_players_of_a_stream),
        CONTROL_TEST(lists_many_streams_in_slices),
        CONTROL_TEST(stops_many_streams_in_slices_even_if_the_client_goes),
        CONTROL_TEST(gives_up_a_list_when_the_client_goes_or_the_server_ends),
        CONTROL_TEST(a_snapshot_is_answered_when_it_is_taken),
        CONTROL_TEST(the_end_answers_what_waits_for_a_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
