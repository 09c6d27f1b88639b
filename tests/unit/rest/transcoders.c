/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/transcoder over a fake of variant/ (media-outputs.md 2.7); and the codecs and processes
 * on /metrics. */
#include "control.h"

#include "base/mem.h"
#include "rest/schema.h"

#include <errno.h>
#include <string.h>

#define STARTUP "/rest-api/transcoder/startup"
#define BODY                                                                                       \
    "{'uri':'transcoder://1','remoteStreamName':'cam','localStreamName':'small','encoder':"        \
    "{'width':'320','height':180,'fps':20,'keyFrameInterval':60,'bitrate':300,"                    \
    "'type':'OPENH264','watermark':null}}"

static void publish_cam(struct control *control)
{
    struct client *publisher = add_client(control);

    publish_live(publisher, "pub", "cam");
}

static void makes_a_stream_of_another_one(void **state) /* TRC-19 */
{
    struct control *control = *state;
    const struct sl_variant_want expected = {.codec = SL_CODEC_H264,
                                             .width = 320,
                                             .height = 180,
                                             .fps_max = 20,
                                             .gop_ms = 3000,
                                             .bitrate_bps = 300000};
    json_t *answer;

    publish_cam(control);
    assert_int_equal(post(control, "/rest-api/transcoder/find_all", "{}", NULL), 404);
    assert_int_equal(post(control, STARTUP, BODY, NULL), 200);
    assert_true(sl_variant_wants_equal(fake_republish_want(), &expected));
    assert_string_equal(control->directory.claimed, "small");
    assert_int_equal(control->directory.held, 1);
    assert_int_equal(
        post(control, "/rest-api/transcoder/find", "{'remoteStreamName':'door'}", NULL), 404);
    assert_int_equal(
        post(control, "/rest-api/transcoder/find", "{'remoteStreamName':'cam'}", &answer), 200);
    json_t *expected_list =
        json_pack("[{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:{s:i, s:i, s:i, s:i, s:i, s:s}}]",
                  "localMediaSessionId", "small", "localStreamName", "small", "remoteStreamName",
                  "cam", "uri", "transcoder://1", "status", "PROCESSED_LOCAL", "hasAudio", 0,
                  "hasVideo", 1, "record", 0, "encoder", "width", 320, "height", 180, "fps", 20,
                  "keyFrameInterval", 60, "bitrate", 300, "type", "OPENH264");
    assert_true(json_equal(answer, expected_list));
    json_decref(expected_list);
    json_decref(answer);
    assert_int_equal(
        post(control, "/rest-api/transcoder/terminate", "{'uri':'transcoder://1'}", NULL), 200);
    assert_int_equal(control->directory.held, 0);
    assert_null(sl_streams_find(NULL, "small"));
    assert_int_equal(
        post(control, "/rest-api/transcoder/terminate", "{'uri':'transcoder://1'}", NULL), 404);
}

static void it_is_recorded_where_that_is_asked_for(void **state) /* media-outputs.md 3.1 */
{
    struct control *control = *state;
    json_t *answer;

    publish_cam(control);
    assert_int_equal(post(control, STARTUP, BODY, NULL), 200);
    assert_null(control->archive.stream);
    assert_int_equal(post(control, STARTUP,
                          "{'uri':'transcoder://2','remoteStreamName':'cam',"
                          "'localStreamName':'kept','record':true}",
                          NULL),
                     200);
    assert_ptr_equal(control->archive.stream, sl_streams_find(NULL, "kept"));
    assert_int_equal(post(control, "/rest-api/transcoder/find_all", "{}", &answer), 200);
    for (size_t i = 0; i < 2; i++) {
        const json_t *row = json_array_get(answer, i);
        bool kept = strcmp(json_string_value(json_object_get(row, "localStreamName")), "kept") == 0;
        assert_int_equal(json_is_true(json_object_get(row, "record")), kept);
    }
    json_decref(answer);
}

static void a_name_and_a_uri_are_used_once(void **state) /* TRC-19 */
{
    struct control *control = *state;

    publish_cam(control);
    assert_int_equal(post(control, STARTUP, BODY, NULL), 200);
    assert_int_equal(post(control, STARTUP,
                          "{'uri':'transcoder://1','remoteStreamName':'cam',"
                          "'localStreamName':'other'}",
                          NULL),
                     409);
    assert_int_equal(post(control, STARTUP,
                          "{'uri':'transcoder://2','remoteStreamName':'cam',"
                          "'localStreamName':'small'}",
                          NULL),
                     409);
    assert_int_equal(control->directory.held, 1);
    /* While a name is being claimed, its uri is in use. */
    struct sl_http_request request;
    control->directory.waits = true;
    send_request(control, &request, "POST", STARTUP,
                 "{'uri':'transcoder://3','remoteStreamName':'cam','localStreamName':'x'}");
    assert_int_equal(post(control, STARTUP,
                          "{'uri':'transcoder://3','remoteStreamName':'cam',"
                          "'localStreamName':'y'}",
                          NULL),
                     409);
    sl_rest_destroy(control->rest);
    control->rest = NULL;
    assert_int_equal(request.status, 503);
    assert_null(sl_streams_find(NULL, "small"));
    fake_deinit(&request);
}

static void refuses_with_the_status_that_fits(void **state)
{
    struct control *control = *state;
    static const struct {
        const char *body;
        int refusal, claim, status;
    } cases[] = {
        {"{}", 0, 0, 400},
        {"{'uri':'1','remoteStreamName':'cam','localStreamName':'x'}", 0, 0, 400},
        {"{'uri':'transcoder://','remoteStreamName':'cam','localStreamName':'x'}", 0, 0, 400},
        {"{'uri':'transcoder://1','remoteStreamName':'cam','localStreamName':'x',"
         "'encoder':{'watermark':'a.png'}}",
         0, 0, 400},
        {"{'uri':'transcoder://1','remoteStreamName':'cam','localStreamName':'x',"
         "'encoder':{'width':-1}}",
         0, 0, 400},
        {"{'uri':'transcoder://1','remoteStreamName':'cam','localStreamName':'x',"
         "'encoder':{'fps':'fast'}}",
         0, 0, 400},
        {"{'uri':'transcoder://1','remoteStreamName':'cam','localStreamName':'x','encoder':7}", 0,
         0, 400},
        {"{'uri':'transcoder://1','remoteStreamName':'door','localStreamName':'x'}", 0, 0, 404},
        {BODY, -EINVAL, 0, 400},
        {BODY, -ENOSYS, 0, 500},
        {BODY, -EBUSY, 0, 500},
        {BODY, -EPERM, 0, 500},
        {BODY, 0, -EEXIST, 409},
    };

    publish_cam(control);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        fake_variants_refuse(cases[i].refusal);
        control->directory.err = cases[i].claim;
        int status = post(control, STARTUP, cases[i].body, NULL);
        if (status != cases[i].status || control->directory.held != 0)
            fail_msg("%s: got %d", cases[i].body, status);
    }
    fake_variants_refuse(0);
}

static void ends_with_what_it_is_made_of(void **state)
{
    struct control *control = *state;

    publish_cam(control);
    assert_int_equal(post(control, STARTUP, BODY, NULL), 200);
    stop(&control->clients[0], "pub", true);
    assert_int_equal(control->directory.held, 0);
    assert_null(sl_streams_find(NULL, "small"));
    assert_int_equal(post(control, "/rest-api/transcoder/find_all", "{}", NULL), 404);
}

static void shows_codec_processes_to_prometheus(void **state)
{
    struct control *control = *state;
    static const char *const lines[] = {
        "sluice_variants{codec=\"H264\"} 0\n",
        "sluice_codec_processes{role=\"pictures\"} 2\n",
        "sluice_codec_processes{role=\"sound\"} 1\n",
        "sluice_codec_process_busy_ratio{process=\"pictures 1\"} 0.5\n",
        "sluice_codec_process_busy_ratio{process=\"pictures 2\"} 0\n",
        "sluice_codec_process_memory_bytes{process=\"sound 1\"} 4096\n",
    };
    struct sl_http_request request;

    send_request(control, &request, "GET", "/metrics", NULL);
    for (size_t i = 0; i < SL_ARRAY_LEN(lines); i++) {
        if (!strstr(request.answer, lines[i]))
            fail_msg("no \"%s\" in:\n%s", lines[i], request.answer);
    }
    fake_deinit(&request);
}

/* A new reference. */
static json_t *get(struct control *control, const char *path, const char *query)
{
    struct sl_http_request request = {
        .method = "GET", .path = path, .query = query, .host = "localhost:8081"};

    sl_rest_on_request(control->rest, &request);
    assert_int_equal(request.status, 200);
    json_t *answer = fake_answer_json(&request);
    fake_deinit(&request);
    return answer;
}

/* The group alone, a new reference; NULL: it was not told. */
static json_t *transcoding_stats(struct control *control, const char *query)
{
    json_t *all = get(control, "/", query);
    json_t *group = json_incref(json_object_get(all, "transcoding_stats"));

    json_decref(all);
    return group;
}

/* Somebody plays `cam` 320 pixels wide. */
static void play_small(struct control *control)
{
    sl_session_request_media(add_client(control)->session,
                             &(struct sl_media_request){.media_session_id = "play",
                                                        .name = "cam",
                                                        .offer = fake_offer(false, true, true),
                                                        .width = 320});
    fake_settle();
}

static void lists_what_is_made_and_by_which_processes(void **state)
{
    struct control *control = *state;

    publish_cam(control);
    json_t *list = get(control, "/api/v1/variants", NULL);
    assert_int_equal(json_integer_value(json_object_get(list, "total")), 0);
    json_decref(list);
    play_small(control);
    list = get(control, "/api/v1/variants", NULL);
    assert_int_equal(json_integer_value(json_object_get(list, "total")), 1);
    json_t *made = json_array_get(json_object_get(list, "variants"), 0);
    assert_string_equal(json_string_value(json_object_get(made, "stream")), "cam");
    assert_string_equal(json_string_value(json_object_get(made, "to")), "H264");
    assert_int_equal(json_integer_value(json_object_get(made, "players")), 1);
    json_decref(list);
    list = get(control, "/api/v1/codec-processes", "limit=1");
    json_t *process = json_array_get(json_object_get(list, "codec-processes"), 0);
    json_t *expected = json_pack("{s:i, s:s, s:b, s:i, s:f, s:i}", "pid", 11, "role", "pictures",
                                 "spare", 0, "jobs", 2, "cpu", 50.0, "memory", 0);
    assert_true(json_equal(process, expected));
    assert_int_equal(json_integer_value(json_object_get(list, "total")), 3);
    json_decref(expected);
    json_decref(list);
}

static void tells_what_each_published_stream_is_made_into(void **state) /* REST-50 */
{
    struct control *control = *state;

    publish_cam(control);
    publish(&control->clients[0], "new", "door"); /* not live yet */
    play_small(control);
    json_t *stats = transcoding_stats(control, "action=stat&format=json&groups=transcoding_stats");
    json_t *rows = json_object_get(stats, "transcoding_video_full_info");
    assert_int_equal(json_object_size(rows), 2);
    json_t *door = json_object_get(json_object_get(rows, "door"), "distributors");
    assert_true(json_is_object(door));
    assert_int_equal(json_object_size(door), 0);
    json_t *made =
        json_object_get(json_object_get(json_object_get(rows, "cam"), "distributors"), "1");
    assert_string_equal(json_string_value(json_object_get(made, "codec")), "H264");
    assert_string_equal(json_string_value(json_object_get(made, "encoder")), "libx264");
    assert_int_equal(json_integer_value(json_object_get(made, "players")), 1);
    assert_int_equal(json_integer_value(json_object_get(made, "queueSize")), 0);
    assert_int_equal(json_integer_value(json_object_get(stats, "transcoding_variants")), 1);
    json_decref(stats);
    assert_null(
        transcoding_stats(control, "action=stat&format=json&groups=core_stats,transcoding"));
    stats = transcoding_stats(control, "action=stat&format=json&groups=x,transcoding_stats");
    assert_non_null(stats);
    json_decref(stats);
    stats = transcoding_stats(control, "action=stat&format=json");
    assert_non_null(stats);
    json_decref(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(makes_a_stream_of_another_one),
        CONTROL_TEST(it_is_recorded_where_that_is_asked_for),
        CONTROL_TEST(a_name_and_a_uri_are_used_once),
        CONTROL_TEST(refuses_with_the_status_that_fits),
        CONTROL_TEST(ends_with_what_it_is_made_of),
        CONTROL_TEST(tells_what_each_published_stream_is_made_into),
        CONTROL_TEST(lists_what_is_made_and_by_which_processes),
        CONTROL_TEST(shows_codec_processes_to_prometheus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
