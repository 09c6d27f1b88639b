/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTTP side as a whole, over streams without media: statistics, metrics, health, list. */
#include "rest/rest.h"

#include "../http/fake_http.h"
#include "../stream/idle.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { WORKERS = 2, STREAMS_MAX = 12, TAKERS_MAX = 128 };

struct fixture {
    struct core core;
    struct sl_stream *all[STREAMS_MAX];
    size_t stream_count;
    struct sl_taker takers[TAKERS_MAX];
    size_t taker_count;
    struct sl_rest *rest;
    bool alive, ready;
};

static struct sl_stream *add_stream(struct fixture *f, const char *name,
                                    const struct sl_source_ops *ops,
                                    const struct sl_publisher *publisher)
{
    struct sl_stream_config config = {
        .name = name,
        .publisher = *publisher,
        .worker = sl_workers_at(f->core.workers, 0),
        .ops = ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}}},
    };

    assert_true(f->stream_count < STREAMS_MAX);
    struct sl_stream **out = &f->all[f->stream_count++];
    assert_int_equal(sl_stream_create(f->core.streams, &config, out), 0);
    sl_stream_set_live(*out);
    return *out;
}

static void add_takers(struct fixture *f, struct sl_stream *stream, enum sl_taker_kind kind,
                       const char *protocol, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(f->taker_count < TAKERS_MAX);
        struct sl_taker *taker = &f->takers[f->taker_count++];
        *taker = (struct sl_taker){.kind = kind, .protocol = protocol, .id = "id"};
        sl_taker_attach(taker, stream);
    }
}

static const struct sl_source_ops webrtc = {.protocol = "webrtc"}, demo = {.protocol = "demo"};
static const struct sl_publisher nobody;

static bool is_alive(void *owner, const char **why)
{
    *why = "a worker stands still";
    return ((struct fixture *)owner)->alive;
}

static bool is_ready(void *owner, const char **why)
{
    *why = "draining";
    return ((struct fixture *)owner)->ready;
}

static size_t fill_gauges(void *owner, struct sl_gauge_value *out, size_t max)
{
    (void)owner;
    assert_true(max >= 1);
    out[0] = (struct sl_gauge_value){SL_GAUGE_DRAINING, "", 1};
    return 1;
}

static struct sl_rest_config config_of(struct fixture *f)
{
    return (struct sl_rest_config){
        .ws_port = 8080,
        .metrics = f->core.metrics,
        .parts = {.streams = f->core.streams, .workers = f->core.workers},
        .sources = {.owner = f, .alive = is_alive, .ready = is_ready, .gauges = fill_gauges}};
}

static int setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->alive = true;
    f->ready = true;
    idle_init(&f->core, WORKERS);
    const struct sl_rest_config config = config_of(f);
    assert_int_equal(sl_rest_create(&config, &f->rest, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sl_rest_destroy(f->rest);
    for (size_t i = 0; i < f->stream_count; i++)
        sl_stream_release(f->all[i]);
    idle_deinit(&f->core);
    free(f);
    return 0;
}

static struct sl_http_request get(struct fixture *f, const char *path, const char *query)
{
    struct sl_http_request request = {.path = path, .query = query, .host = "localhost:8081"};

    sl_rest_on_request(f->rest, &request);
    assert_int_equal(request.answers, 1);
    return request;
}

/* The SDK's poll(): a line that begins with '-' opens a group by its first word, every other one is
 * key=value of that group; one before the first group makes it throw. */
static const char *sdk_value(char *page, const char *wanted_group, const char *wanted_key)
{
    static char value[100];
    char group[40] = "", *rest;

    value[0] = '\0';
    for (char *line = strtok_r(page, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '-') {
            size_t dashes = strspn(line, "-"), i = 0;
            for (const char *c = line + dashes; *c && *c != ' ' && i < sizeof(group) - 1; c++)
                group[i++] = (char)(*c | 0x20);
            group[i] = '\0';
            continue;
        }
        assert_true(group[0] != '\0');
        char *equals = strchr(line, '=');
        assert_non_null(equals);
        *equals = '\0';
        if (!strcmp(group, wanted_group) && !strcmp(line, wanted_key))
            (void)snprintf(value, sizeof(value), "%s", equals + 1);
    }
    return value;
}

/* Two streams by WebRTC and the built-in one; players and a push by WebRTC, three to RTMP servers,
 * and players by what the page has no line for. */
static void go_live(struct fixture *f)
{
    struct sl_stream *cam = add_stream(f, "cam", &webrtc, &nobody);
    struct sl_stream *pulled =
        add_stream(f, "pulled", &webrtc, &(struct sl_publisher){.origin = SL_ORIGIN_PULLED});
    struct sl_stream *bars =
        add_stream(f, "bars", &demo, &(struct sl_publisher){.origin = SL_ORIGIN_BUILT_IN});

    add_takers(f, cam, SL_TAKER_VIEWER, "webrtc", 30);
    add_takers(f, pulled, SL_TAKER_OUTPUT, "webrtc", 1);
    add_takers(f, bars, SL_TAKER_VIEWER, "webrtc", 9);
    add_takers(f, bars, SL_TAKER_OUTPUT, "rtmp", 3);
    add_takers(f, cam, SL_TAKER_VIEWER, "hls", 1);
}

static void writes_the_stat_page_as_the_sdk_reads_it(void **state) /* REST-47 */
{
    static const struct {
        const char *group, *key, *value; /* NULL: any number */
    } cases[] = {
        {"connection", "connections", "0"},
        {"connection", "connections_websocket", "0"},
        {"stream", "streams_webrtc_in", "2"},
        {"stream", "streams_webrtc_out", "40"},
        {"stream", "streams_websocket_out", "0"},
        {"stream", "streams_rtmp_in", "0"},
        {"stream", "streams_rtmp_out", "3"},
        {"stream", "streams_rtmfp_in", "0"},
        {"stream", "streams_rtmfp_out", "0"},
        {"stream", "streams_rtsp_in", "0"},
        {"stream", "streams_rtsp_out", "0"},
        {"stream", "streams_viewers", "40"},
        {"port", "ports_media_free", "0"},
        {"port", "ports_media_busy", "2"},
        {"transcoding", "transcoding_variants", "0"},
        {"transcoding", "transcoding_processes", "0"},
        {"port", "ports_media_quarantine", "0"},
        {"core", "core_threads", NULL},
        {"system", "system_java_cpu_usage", NULL},
        {"system", "system_memory_total", NULL},
        {"system", "system_memory_free", NULL},
    };

    go_live(*state);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = get(*state, "/", "action=stat&preventCache=1");
        assert_int_equal(request.status, 200);
        assert_memory_equal(request.content_type, "text/plain", 10);
        assert_int_equal(request.answer[0], '-');
        assert_null(strstr(request.answer, "\n\n"));
        assert_int_not_equal(request.answer[request.answer_len - 1], '\n');
        const char *value = sdk_value(request.answer, cases[i].group, cases[i].key);
        if (cases[i].value ? strcmp(value, cases[i].value) != 0 : value[0] < '0' || value[0] > '9')
            fail_msg("%s %s: got \"%s\"", cases[i].group, cases[i].key, value);
        fake_deinit(&request);
    }
}

static void shows_gauges_and_counters_to_prometheus(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {
        "sluice_connections 0\n",
        "sluice_streams{direction=\"in\",proto=\"webrtc\"} 2\n",
        "sluice_streams{direction=\"out\",proto=\"webrtc\"} 40\n",
        "sluice_streams{direction=\"out\",proto=\"rtmp\"} 3\n",
        "sluice_workers 2\n",
        "sluice_variants{codec=\"H264\"} 0\n",
        "sluice_variants{codec=\"VP8\"} 0\n",
        "sluice_variants{codec=\"opus\"} 0\n",
        "sluice_codec_processes{role=\"pictures\"} 0\n",
        "sluice_codec_processes{role=\"sound\"} 0\n",
        "sluice_draining 1\n",
        "sluice_rtp_packets_total{dir=\"in\"} 3\n",
        "sluice_build_info{version=\"" SLUICE_VERSION "\"} 1\n",
        "# TYPE sluice_join_seconds histogram\n",
        "process_resident_memory_bytes ",
    };

    go_live(f);
    sl_count(sl_metrics_register(f->core.metrics), SL_COUNTER_RTP_PACKETS_IN, 3);
    struct sl_http_request request = get(f, "/metrics", NULL);
    assert_int_equal(request.status, 200);
    assert_memory_equal(request.content_type, "text/plain; version=0.0.4", 25);
    for (size_t i = 0; i < SL_ARRAY_LEN(lines); i++) {
        if (!strstr(request.answer, lines[i]))
            fail_msg("no \"%s\" in:\n%s", lines[i], request.answer);
    }
    fake_deinit(&request);
}

static void tells_its_health_to_anyone(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path;
        bool alive, ready;
        int status;
        const char *answer;
    } cases[] = {
        {"/livez", true, true, 200, "ok\n"},
        {"/livez", true, false, 200, "ok\n"}, /* draining is no illness */
        {"/livez", false, true, 503, "a worker stands still\n"},
        {"/readyz", true, true, 200, "ok\n"},
        {"/readyz", true, false, 503, "draining\n"},
        {"/healthz", true, false, 503, "draining\n"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        f->alive = cases[i].alive;
        f->ready = cases[i].ready;
        struct sl_http_request request = {
            .path = cases[i].path, .remote = "192.0.2.1", .host = "media.example"};
        sl_rest_on_request(f->rest, &request);
        assert_int_equal(request.status, cases[i].status);
        assert_string_equal(request.answer, cases[i].answer);
        fake_deinit(&request);
    }
}

static void tells_ports_and_the_built_in_stream_to_anyone(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request request = {
        .path = "/api/v1/endpoints", .remote = "192.0.2.1", .host = "media.example"};

    sl_rest_on_request(f->rest, &request);
    assert_int_equal(request.status, 200);
    assert_string_equal(request.answer, "{\"ws\":8080,\"wss\":null,\"https\":null,\"demo\":null}");
    fake_deinit(&request);

    struct sl_rest_config config = config_of(f);
    config.demo = "bars";
    struct sl_rest *rest;
    assert_int_equal(sl_rest_create(&config, &rest, NULL), 0);
    request = (struct sl_http_request){
        .path = "/api/v1/endpoints", .remote = "192.0.2.1", .host = "media.example"};
    sl_rest_on_request(rest, &request);
    assert_non_null(strstr(request.answer, "\"demo\":\"bars\""));
    fake_deinit(&request);
    sl_rest_destroy(rest);
}

static void lists_live_streams_in_parts(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {
        {NULL, 12}, {"limit=5", 5}, {"limit=5&offset=10", 2}, {"limit=0", 0}, {"offset=99", 0},
    };

    int64_t begun_ms = sl_wall_ms();
    for (size_t i = 0; i < 12; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "<b>cam%zu</b>", i);
        add_takers(f, add_stream(f, name, &webrtc, &nobody), SL_TAKER_VIEWER, "webrtc", i);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = get(f, "/api/v1/streams", cases[i].query);
        json_t *body = fake_answer_json(&request), *list = json_object_get(body, "streams");
        assert_int_equal(json_integer_value(json_object_get(body, "total")), 12);
        assert_int_equal(json_array_size(list), cases[i].count);
        json_decref(body);
        fake_deinit(&request);
    }
    struct sl_http_request request = get(f, "/api/v1/streams", "limit=1&offset=3");
    json_t *body = fake_answer_json(&request);
    json_t *stream = json_array_get(json_object_get(body, "streams"), 0);
    assert_string_equal(json_string_value(json_object_get(stream, "name")), "<b>cam3</b>");
    assert_string_equal(json_string_value(json_object_get(stream, "audioCodec")), "opus");
    assert_true(json_is_null(json_object_get(stream, "videoCodec")));
    assert_int_equal(json_integer_value(json_object_get(stream, "players")), 3);
    json_int_t created = json_integer_value(json_object_get(stream, "createDate"));
    assert_in_range(created, begun_ms, sl_wall_ms());
    assert_in_range(json_integer_value(json_object_get(stream, "uptime")), 0,
                    sl_wall_ms() - created);
    json_decref(body);
    fake_deinit(&request);
}

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    const char *uri = owner;

    *out = (struct sl_stream_figures){.audio_bps = 64000,
                                      .video_bps = 2000000,
                                      .from_uri = uri,
                                      .from_name = uri ? "there" : NULL};
}

static void tells_of_each_stream_whose_it_is_and_who_takes_it(void **state)
{
    struct fixture *f = *state;
    static const struct sl_publisher_ops ops = {.stats = tell_stats};
    static char uri[] = "ws://origin.example/websocket";
    static const struct {
        enum sl_origin origin;
        const struct sl_source_ops *source;
        char *uri;
        const char *kind;
    } cases[] = {
        {SL_ORIGIN_OWN, &webrtc, NULL, "webrtc"},
        {SL_ORIGIN_PULLED, &webrtc, uri, "pull"},
        {SL_ORIGIN_NODE, &webrtc, uri, "cluster"},
        {SL_ORIGIN_BUILT_IN, &demo, NULL, "demo"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_publisher publisher = {
            .origin = cases[i].origin, .ops = &ops, .owner = cases[i].uri};
        struct sl_stream *stream = add_stream(f, cases[i].kind, cases[i].source, &publisher);
        add_takers(f, stream, SL_TAKER_VIEWER, "hls", 2);
        add_takers(f, stream, SL_TAKER_OUTPUT, "rtmp", 3);
    }
    struct sl_http_request request = get(f, "/api/v1/streams", NULL);
    json_t *body = fake_answer_json(&request), *list = json_object_get(body, "streams");
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        json_t *item = json_array_get(list, i), *origin = json_object_get(item, "origin");
        assert_string_equal(json_string_value(json_object_get(item, "kind")), cases[i].kind);
        assert_int_equal(json_integer_value(json_object_get(item, "players")), 2);
        assert_int_equal(json_integer_value(json_object_get(item, "pushes")), 3);
        assert_int_equal(json_integer_value(json_object_get(item, "bitrate")), 2064000);
        assert_int_equal(json_is_null(origin), !cases[i].uri);
        if (cases[i].uri)
            assert_string_equal(json_string_value(json_object_get(origin, "uri")), uri);
    }
    json_decref(body);
    fake_deinit(&request);
}

static void refuses_bounds_that_are_no_numbers(void **state)
{
    static const char *const queries[] = {"limit=-1", "limit=x",  "limit=5001",
                                          "limit=",   "limit=1x", "offset=99999999999999999999"};

    for (size_t i = 0; i < SL_ARRAY_LEN(queries); i++) {
        struct sl_http_request request = get(*state, "/api/v1/streams", queries[i]);
        if (request.status != 400)
            fail_msg("%s: got %d", queries[i], request.status);
        fake_deinit(&request);
    }
}

static void keeps_lists_and_figures_from_strangers(void **state) /* decision 1 */
{
    struct fixture *f = *state;
    static const struct {
        const char *path, *query;
    } cases[] = {
        {"/api/v1/streams", NULL}, {"/metrics", NULL}, {"/", "action=stat"}, {"/api/v1", NULL}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = {.path = cases[i].path,
                                          .query = cases[i].query,
                                          .remote = "192.0.2.1",
                                          .host = "media.example"};
        sl_rest_on_request(f->rest, &request);
        if (request.status != 403)
            fail_msg("%s: got %d", cases[i].path, request.status);
        fake_deinit(&request);
    }
}

static void lists_all_routes_in_its_index(void **state)
{
    struct sl_http_request request = get(*state, "/api/v1", NULL);
    json_t *body = fake_answer_json(&request);

    assert_true(json_array_size(json_object_get(body, "routes")) >= 8);
    assert_non_null(strstr(request.answer, "\"/metrics\""));
    json_decref(body);
    fake_deinit(&request);
}

static void takes_a_new_policy_and_keeps_the_old_one_if_it_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct sl_cidr allow;
    struct sl_error error;

    assert_int_equal(sl_cidr_parse("192.0.2.0/24", &allow), 0);
    const struct sl_rest_policy open = {.allow = &allow, .allow_count = 1};
    const struct sl_rest_policy wrong = {.cors_lines = "nonsense"};
    assert_int_equal(sl_rest_set_policy(f->rest, &open, &error), 0);
    assert_int_equal(sl_rest_set_policy(f->rest, &wrong, &error), -EINVAL);
    struct sl_http_request request = {
        .path = "/metrics", .remote = "192.0.2.1", .host = "media.example"};
    sl_rest_on_request(f->rest, &request);
    assert_int_equal(request.status, 200);
    fake_deinit(&request);
    const struct sl_rest_policy closed = {0};
    assert_int_equal(sl_rest_set_policy(f->rest, &closed, &error), 0);
    request = (struct sl_http_request){
        .path = "/metrics", .remote = "192.0.2.1", .host = "media.example"};
    sl_rest_on_request(f->rest, &request);
    assert_int_equal(request.status, 403);
    fake_deinit(&request);
}

static void works_without_pages_and_refuses_a_wrong_policy(void **state)
{
    (void)state;
    struct sl_error error;
    struct sl_rest *rest = NULL;
    struct sl_rest_config config = {.web_root = "/nonexistent", .policy = {.cors_lines = "x"}};

    assert_int_equal(sl_rest_create(&config, &rest, &error), -EINVAL);
    assert_null(rest);
    config.policy.cors_lines = NULL;
    assert_int_equal(sl_rest_create(&config, &rest, &error), 0);
    struct sl_http_request request = {.path = "/", .host = "localhost"};
    sl_rest_on_request(rest, &request);
    assert_int_equal(request.status, 404);
    fake_deinit(&request);
    sl_rest_destroy(rest);
    sl_rest_destroy(NULL);
}

#define REST_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REST_TEST(writes_the_stat_page_as_the_sdk_reads_it),
        REST_TEST(shows_gauges_and_counters_to_prometheus),
        REST_TEST(tells_its_health_to_anyone),
        REST_TEST(tells_ports_and_the_built_in_stream_to_anyone),
        REST_TEST(lists_live_streams_in_parts),
        REST_TEST(tells_of_each_stream_whose_it_is_and_who_takes_it),
        REST_TEST(refuses_bounds_that_are_no_numbers),
        REST_TEST(keeps_lists_and_figures_from_strangers),
        REST_TEST(lists_all_routes_in_its_index),
        REST_TEST(takes_a_new_policy_and_keeps_the_old_one_if_it_is_wrong),
        cmocka_unit_test(works_without_pages_and_refuses_a_wrong_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
