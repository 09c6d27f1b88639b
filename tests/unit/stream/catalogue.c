/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who a stream is, what it tells of itself, and who takes it. */
#include "idle.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
    struct core *f = sl_new(struct core);

    idle_init(f, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    idle_deinit(*state);
    free(*state);
    return 0;
}

static struct sl_stream *create(struct core *f, const char *name,
                                const struct sl_publisher *publisher)
{
    static const struct sl_source_ops ops = {.protocol = "test"};
    struct sl_stream_config config = {
        .name = name, .publisher = *publisher, .worker = sl_workers_at(f->workers, 0), .ops = &ops};
    struct sl_stream *stream = NULL;

    assert_int_equal(sl_stream_create(f->streams, &config, &stream), 0);
    return stream;
}

/* ---- Who a stream is ---- */

struct publisher {
    struct sl_stream *stream;
    int asked;
    char why[64];
};

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    struct publisher *publisher = owner;

    publisher->asked++;
    assert_int_equal(out->audio_bps, 0); /* zeroed before */
    out->video_bps = 1000000;
    out->lost = 3;
    out->from_uri = "ws://origin.example/";
}

static void terminate(void *owner, const char *why)
{
    struct publisher *publisher = owner;

    (void)snprintf(publisher->why, sizeof(publisher->why), "%s", why);
    sl_stream_release(publisher->stream);
}

static const struct sl_publisher_ops publisher_ops = {.stats = tell_stats, .terminate = terminate};

static void a_stream_says_whose_it_is(void **state)
{
    static const struct {
        enum sl_origin origin;
        bool of_this_server;
    } cases[] = {
        {SL_ORIGIN_OWN, true},
        {SL_ORIGIN_PULLED, true},
        {SL_ORIGIN_NODE, false},
        {SL_ORIGIN_BUILT_IN, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_publisher publisher = {.origin = cases[i].origin};
        struct sl_stream *stream = create(*state, "a", &publisher);
        assert_int_equal(sl_stream_origin(stream), cases[i].origin);
        assert_int_equal(sl_stream_is_of_this_server(stream), cases[i].of_this_server);
        sl_stream_release(stream);
    }
}

static void it_is_found_by_its_id_as_long_as_it_lives(void **state)
{
    struct core *f = *state;
    char longest[SL_STREAM_ID_MAX + 2] = "";
    struct sl_stream *first = create(f, "a", &(struct sl_publisher){.id = "id-a"});
    struct sl_stream *second = create(f, "b", &(struct sl_publisher){.id = "id-b"});
    struct sl_stream *nameless = create(f, "c", &(struct sl_publisher){0});

    assert_string_equal(sl_stream_id(first), "id-a");
    assert_string_equal(sl_stream_id(nameless), "");
    assert_ptr_equal(sl_streams_find_id(f->streams, "id-a"), first);
    assert_ptr_equal(sl_streams_find_id(f->streams, "id-b"), second);
    assert_null(sl_streams_find_id(f->streams, "a"));
    assert_null(sl_streams_find_id(f->streams, ""));
    sl_stream_end(first);
    assert_null(sl_streams_find_id(f->streams, "id-a"));
    assert_string_equal(sl_stream_id(first), "id-a"); /* for those who say that it has ended */

    memset(longest, 'i', SL_STREAM_ID_MAX);
    struct sl_stream *third = create(f, "d", &(struct sl_publisher){.id = longest});
    assert_ptr_equal(sl_streams_find_id(f->streams, longest), third);
    sl_stream_release(first);
    sl_stream_release(second);
    sl_stream_release(third);
    sl_stream_release(nameless);
}

static void an_id_that_is_too_long_is_refused(void **state)
{
    struct core *f = *state;
    char id[SL_STREAM_ID_MAX + 2] = "";
    static const struct sl_source_ops ops = {.protocol = "test"};
    struct sl_stream_config config = {
        .name = "a", .publisher = {.id = id}, .worker = sl_workers_at(f->workers, 0), .ops = &ops};
    struct sl_stream *stream;

    memset(id, 'i', SL_STREAM_ID_MAX + 1);
    assert_int_equal(sl_stream_create(f->streams, &config, &stream), -EINVAL);
    assert_int_equal(sl_streams_count(f->streams), 0);
}

static void its_publisher_tells_the_figures_and_ends_it(void **state)
{
    struct core *f = *state;
    struct publisher publisher = {0};
    struct sl_stream_figures figures;
    struct sl_stream *stream = create(
        f, "a", &(struct sl_publisher){.id = "id", .ops = &publisher_ops, .owner = &publisher});

    publisher.stream = stream;
    sl_stream_figures(stream, &figures);
    assert_int_equal(figures.video_bps, 1000000);
    assert_int_equal(figures.lost, 3);
    assert_string_equal(figures.from_uri, "ws://origin.example/");
    sl_stream_terminate(stream, "an operator");
    assert_string_equal(publisher.why, "an operator");
    assert_null(sl_streams_find(f->streams, "a"));
    assert_int_equal(publisher.asked, 1);
}

static void one_that_has_ended_asks_its_publisher_for_nothing(void **state)
{
    struct publisher publisher = {0};
    struct sl_stream_figures figures;
    struct sl_stream *stream =
        create(*state, "a", &(struct sl_publisher){.ops = &publisher_ops, .owner = &publisher});

    sl_stream_end(stream);
    memset(&figures, 1, sizeof(figures));
    sl_stream_figures(stream, &figures);
    assert_int_equal(figures.video_bps, 0);
    assert_null(figures.from_uri);
    sl_stream_terminate(stream, "an operator");
    assert_string_equal(publisher.why, "");
    assert_int_equal(publisher.asked, 0);
    sl_stream_release(stream);
}

static void one_whose_publisher_knows_nothing_has_no_figures_and_is_ended_all_the_same(void **state)
{
    struct core *f = *state;
    static const struct sl_publisher_ops none = {NULL, NULL, NULL};
    const struct sl_publisher publishers[] = {{.ops = NULL}, {.ops = &none}};

    for (size_t i = 0; i < SL_ARRAY_LEN(publishers); i++) {
        struct sl_stream_figures figures;
        struct sl_stream *stream = create(f, "a", &publishers[i]);
        sl_stream_figures(stream, &figures);
        assert_int_equal(figures.audio_bps + figures.video_bps, 0);
        sl_stream_terminate(stream, "an operator");
        assert_null(sl_streams_find(f->streams, "a"));
        sl_stream_release(stream);
    }
}

/* ---- Who takes it ---- */

static void add_id(const struct sl_taker *taker, void *arg)
{
    (void)strcat(arg, taker->id);
    (void)strcat(arg, " ");
}

static const char *ids_of(const struct sl_stream *stream)
{
    static char ids[64];

    ids[0] = '\0';
    sl_stream_each_taker(stream, add_id, ids);
    return ids;
}

static void takers_are_counted_by_kind_and_listed_in_the_order_they_came(void **state)
{
    struct sl_taker first = {.kind = SL_TAKER_VIEWER, .protocol = "webrtc", .id = "first"};
    struct sl_taker second = {.kind = SL_TAKER_VIEWER, .protocol = "hls", .id = "second"};
    struct sl_taker output = {.kind = SL_TAKER_OUTPUT, .protocol = "rtmp", .id = "output"};
    struct sl_stream *stream = create(*state, "a", &(struct sl_publisher){0});
    struct sl_stream *other = create(*state, "b", &(struct sl_publisher){0});

    sl_taker_detach(&first); /* one that never took anything */
    sl_taker_attach(&first, stream);
    sl_taker_attach(&output, stream);
    sl_taker_attach(&second, stream);
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_VIEWER), 2);
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_OUTPUT), 1);
    assert_int_equal(sl_stream_takers(other, SL_TAKER_VIEWER), 0);
    assert_string_equal(ids_of(stream), "first output second ");
    assert_true(first.since_ms > 0);

    sl_taker_detach(&first);
    sl_taker_detach(&first);
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_VIEWER), 1);
    assert_string_equal(ids_of(stream), "output second ");
    sl_taker_attach(&first, other); /* it may take another one */
    assert_int_equal(sl_stream_takers(other, SL_TAKER_VIEWER), 1);
    sl_stream_release(stream);
    sl_stream_release(other);
}

static void the_end_of_a_stream_detaches_who_takes_it(void **state)
{
    struct sl_taker viewer = {.kind = SL_TAKER_VIEWER, .protocol = "webrtc", .id = "viewer"};
    struct sl_taker output = {.kind = SL_TAKER_OUTPUT, .protocol = "rtmp", .id = "output"};
    struct sl_stream *stream = create(*state, "a", &(struct sl_publisher){0});

    sl_taker_attach(&viewer, stream);
    sl_taker_attach(&output, stream);
    sl_stream_end(stream);
    assert_null(viewer.stream);
    assert_null(output.stream);
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_VIEWER), 0);
    assert_int_equal(sl_stream_takers(stream, SL_TAKER_OUTPUT), 0);
    sl_taker_detach(&viewer);
    sl_stream_release(stream);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_says_whose_it_is),
        TEST(it_is_found_by_its_id_as_long_as_it_lives),
        TEST(an_id_that_is_too_long_is_refused),
        TEST(its_publisher_tells_the_figures_and_ends_it),
        TEST(one_that_has_ended_asks_its_publisher_for_nothing),
        TEST(one_whose_publisher_knows_nothing_has_no_figures_and_is_ended_all_the_same),
        TEST(takers_are_counted_by_kind_and_listed_in_the_order_they_came),
        TEST(the_end_of_a_stream_detaches_who_takes_it),
    };

    return cmocka_run_group_tests_name("stream catalogue", tests, NULL, NULL);
}
