/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams with a name that are made of others, by codec processes of the program itself
 * (media-outputs.md 2.7). */
#include "camera.h"

struct ending {
    int count;
};

static void on_end(void *owner, const char *why)
{
    assert_true(why[0] != '\0');
    ((struct ending *)owner)->count++;
}

static int start(struct camera *camera, const char *name, struct ending *ending,
                 struct sl_republish **out)
{
    const struct sl_republish_config config = {
        .variants = camera->variants,
        .source = camera->stream,
        .name = name,
        .want = {.codec = SL_CODEC_H264, .width = 160, .height = 120},
        .on_end = on_end,
        .owner = ending,
    };

    return sl_republish_create(&config, out);
}

static bool is_live(void *arg)
{
    return sl_stream_is_live(arg);
}

static bool nothing_is_made(void *arg)
{
    return sl_variants_count(((struct camera *)arg)->variants) == 0;
}

static void it_is_a_stream_like_any_other(void **state) /* TRC-19 */
{
    struct camera *camera = *state;
    struct ending ending = {0};
    struct sl_republish *republish;
    struct viewer viewer;

    assert_int_equal(start(camera, "small", &ending, &republish), 0);
    struct sl_stream *stream = sl_streams_find(camera->core.streams, "small");
    assert_ptr_equal(stream, sl_republish_stream(republish));
    core_wait(&camera->core, is_live, stream);
    assert_true(sl_stream_is_of_this_server(stream));
    assert_ptr_equal(sl_streams_find_id(camera->core.streams, sl_stream_id(stream)), stream);
    assert_null(sl_stream_track(stream, SL_AUDIO)); /* nor has its source any */
    viewer_open_track(&viewer, camera, sl_stream_track(stream, SL_VIDEO));
    viewer_sees(&viewer, 10);
    assert_int_equal(viewer.codec, SL_CODEC_H264);
    assert_int_equal(viewer.width, 160);
    assert_int_equal(viewer.height, 120);

    sl_stream_terminate(stream, "an operator");
    assert_int_equal(ending.count, 1);
    assert_null(sl_streams_find(camera->core.streams, "small"));
    viewer_close(&viewer);
    assert_true(viewer.ended);
    core_wait(&camera->core, nothing_is_made, camera);
}

static void its_owner_stops_it_and_hears_no_more(void **state)
{
    struct camera *camera = *state;
    struct ending ending = {0};
    struct sl_republish *republish;

    for (int i = 0; i < 3; i++) { /* the name is free at once, started or not */
        assert_int_equal(start(camera, "small", &ending, &republish), 0);
        sl_republish_stop(republish);
    }
    core_wait(&camera->core, nothing_is_made, camera);
    assert_int_equal(ending.count, 0);
}

static void a_name_that_is_taken_makes_nothing(void **state)
{
    struct camera *camera = *state;
    struct sl_republish *republish = NULL;
    struct ending ending = {0};

    assert_int_equal(start(camera, "camera", &ending, &republish), -EEXIST);
    assert_int_equal(start(camera, "", &ending, &republish), -EINVAL);
    assert_null(republish);
    core_wait(&camera->core, nothing_is_made, camera);
}

static void it_ends_with_its_source_and_what_is_made_of_it_too(void **state)
{
    struct camera *camera = *state;
    struct ending ending = {0};
    struct sl_republish *first, *second;

    assert_int_equal(start(camera, "small", &ending, &first), 0);
    core_wait(&camera->core, is_live, sl_republish_stream(first));
    const struct sl_republish_config config = {
        .variants = camera->variants,
        .source = sl_republish_stream(first),
        .name = "smaller",
        .want = {.codec = SL_CODEC_VP8, .width = 80},
        .on_end = on_end,
        .owner = &ending,
    };
    assert_int_equal(sl_republish_create(&config, &second), 0);
    core_wait(&camera->core, is_live, sl_republish_stream(second));
    camera_close(camera);
    assert_int_equal(ending.count, 2);
    assert_null(sl_streams_find(camera->core.streams, "smaller"));
    core_wait(&camera->core, nothing_is_made, camera);
}

static struct ending at_the_end;

static void the_end_of_the_server_is_its_end(void **state)
{
    struct camera *camera = *state;
    struct sl_republish *republish;

    at_the_end.count = 0;
    assert_int_equal(start(camera, "small", &at_the_end, &republish), 0);
    core_wait(&camera->core, is_live, sl_republish_stream(republish));
    sl_variants_stop(camera->variants, camera_on_stopped, camera);
    assert_int_equal(at_the_end.count, 1);
    assert_int_equal(start(camera, "late", &at_the_end, &republish), -EBUSY);
    core_wait(&camera->core, camera_is_stopped, camera);
    camera->stopped = false; /* and once more */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, camera_set_up, camera_tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_a_stream_like_any_other),
        TEST(its_owner_stops_it_and_hears_no_more),
        TEST(a_name_that_is_taken_makes_nothing),
        TEST(it_ends_with_its_source_and_what_is_made_of_it_too),
        TEST(the_end_of_the_server_is_its_end),
    };

    if (argc != 2)
        return 2;
    program_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
