/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that are reserved before their stream exists, and who hears of streams that come. */
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

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner;
    (void)track;
}

static int create_as(struct core *f, const char *name, const struct sl_reservation *reservation,
                     bool unlisted_until_live, struct sl_stream **out)
{
    static const struct sl_source_ops ops = {.protocol = "test",
                                             .request_keyframe = request_keyframe};
    struct sl_stream_config config = {
        .name = name,
        .worker = sl_workers_at(f->workers, 0),
        .ops = &ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}}},
        .reservation = reservation,
        .unlisted_until_live = unlisted_until_live,
    };

    return sl_stream_create(f->streams, &config, out);
}

static int create(struct core *f, const char *name, const struct sl_reservation *reservation,
                  struct sl_stream **out)
{
    return create_as(f, name, reservation, false, out);
}

static void a_reserved_name_is_for_streams_made_with_the_reservation_only(void **state)
{
    struct core *f = *state;
    struct sl_reservation *mine, *other;
    struct sl_stream *stream, *second;

    assert_int_equal(sl_streams_reserve(f->streams, "call", &mine), 0);
    assert_true(sl_streams_is_reserved(f->streams, "call"));
    assert_null(sl_streams_find(f->streams, "call"));
    assert_int_equal(sl_streams_reserve(f->streams, "call", &other), -EEXIST);
    assert_int_equal(create(f, "call", NULL, &stream), -EEXIST);

    assert_int_equal(sl_streams_reserve(f->streams, "other", &other), 0);
    assert_int_equal(create(f, "call", other, &stream), -EEXIST);
    assert_int_equal(create(f, "free", other, &stream), -EEXIST);
    sl_reservation_release(other);

    assert_int_equal(create(f, "call", mine, &stream), 0);
    assert_int_equal(create(f, "call", mine, &second), -EEXIST);
    sl_stream_release(stream);
    assert_true(sl_streams_is_reserved(f->streams, "call"));
    assert_int_equal(create(f, "call", mine, &stream), 0);
    sl_stream_release(stream);
    sl_reservation_release(mine);
    assert_false(sl_streams_is_reserved(f->streams, "call"));
    assert_int_equal(create(f, "call", NULL, &stream), 0);
    sl_stream_release(stream);
}

static void a_name_in_use_cannot_be_reserved_and_neither_can_what_is_no_name(void **state)
{
    struct core *f = *state;
    struct sl_reservation *reservation;
    struct sl_stream *stream;
    char longest[SL_STREAM_NAME_MAX + 2];

    assert_int_equal(create(f, "taken", NULL, &stream), 0);
    assert_int_equal(sl_streams_reserve(f->streams, "taken", &reservation), -EEXIST);
    sl_stream_release(stream);
    assert_int_equal(sl_streams_reserve(f->streams, "", &reservation), -EINVAL);
    assert_int_equal(sl_streams_reserve(f->streams, "a\nb", &reservation), -EINVAL);
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(sl_streams_reserve(f->streams, longest, &reservation), -EINVAL);
    sl_reservation_release(NULL);
}

struct listener {
    struct sl_streams_listener listener;
    int live, unreserved;
    char name[64];
};

static void on_live(struct sl_streams_listener *base, struct sl_stream *stream)
{
    struct listener *listener = sl_container_of(base, struct listener, listener);

    listener->live++;
    (void)snprintf(listener->name, sizeof(listener->name), "%s", sl_stream_name(stream));
    assert_true(sl_stream_is_live(stream));
}

static void on_unreserved(struct sl_streams_listener *base, const char *name)
{
    struct listener *listener = sl_container_of(base, struct listener, listener);

    listener->unreserved++;
    (void)snprintf(listener->name, sizeof(listener->name), "%s", name);
}

static void listeners_hear_of_each_live_stream_once_and_of_names_given_up(void **state)
{
    struct core *f = *state;
    struct listener all = {.listener = {.on_live = on_live, .on_unreserved = on_unreserved}};
    struct listener live_only = {.listener = {.on_live = on_live}};
    struct sl_reservation *reservation;
    struct sl_stream *stream, *dead;

    sl_streams_unlisten(&all.listener); /* one that never listened */
    sl_streams_listen(f->streams, &all.listener);
    sl_streams_listen(f->streams, &live_only.listener);
    assert_int_equal(create(f, "a", NULL, &stream), 0);
    assert_int_equal(all.live, 0);
    sl_stream_set_live(stream);
    sl_stream_set_live(stream);
    assert_int_equal(all.live, 1);
    assert_string_equal(all.name, "a");

    assert_int_equal(create(f, "b", NULL, &dead), 0);
    sl_stream_end(dead);
    sl_stream_set_live(dead);
    assert_int_equal(all.live, 1);
    assert_false(sl_stream_is_live(dead));

    assert_int_equal(sl_streams_reserve(f->streams, "c", &reservation), 0);
    sl_reservation_release(reservation);
    assert_int_equal(all.unreserved, 1);
    assert_string_equal(all.name, "c");

    sl_streams_unlisten(&all.listener);
    assert_int_equal(sl_streams_reserve(f->streams, "c", &reservation), 0);
    sl_reservation_release(reservation);
    assert_int_equal(all.unreserved, 1);
    assert_int_equal(live_only.live, 1);
    sl_streams_unlisten(&live_only.listener);
    sl_stream_release(stream);
    sl_stream_release(dead);
}

struct walk {
    const struct sl_stream *wanted;
    size_t count, found;
};

static void look_at(struct sl_stream *stream, void *arg)
{
    struct walk *walk = arg;

    walk->count++;
    walk->found += stream == walk->wanted;
}

static void assert_is_among_all(struct core *f, const struct sl_stream *stream, size_t found)
{
    struct walk walk = {.wanted = stream};

    sl_streams_each(f->streams, look_at, &walk);
    assert_int_equal(walk.found, found);
    assert_int_equal(walk.count, sl_streams_count(f->streams));
}

static void one_that_is_unlisted_is_found_once_live_and_has_its_name_before(void **state)
{
    struct core *f = *state;
    struct sl_reservation *reservation, *other;
    struct sl_stream *stream, *second;

    /* With a reservation and without. */
    for (int reserved = 0; reserved <= 1; reserved++) {
        if (reserved)
            assert_int_equal(sl_streams_reserve(f->streams, "far", &reservation), 0);
        else
            reservation = NULL;
        assert_int_equal(create_as(f, "far", reservation, true, &stream), 0);
        assert_null(sl_streams_find(f->streams, "far"));
        assert_int_equal(create(f, "far", NULL, &second), -EEXIST);
        assert_int_equal(create_as(f, "far", reservation, true, &second), -EEXIST);
        assert_int_equal(sl_streams_reserve(f->streams, "far", &other), -EEXIST);
        assert_int_equal(sl_streams_count(f->streams), 1);
        assert_is_among_all(f, stream, 1);

        sl_stream_set_live(stream);
        assert_ptr_equal(sl_streams_find(f->streams, "far"), stream);
        assert_is_among_all(f, stream, 1);
        assert_int_equal(create(f, "far", NULL, &second), -EEXIST);
        sl_stream_end(stream);
        assert_null(sl_streams_find(f->streams, "far"));
        assert_is_among_all(f, stream, 0);
        sl_stream_release(stream);
        sl_reservation_release(reservation);
    }
    /* One that ends before: the name is free, and nobody has seen it. */
    assert_int_equal(create_as(f, "far", NULL, true, &stream), 0);
    sl_stream_end(stream);
    sl_stream_set_live(stream);
    assert_null(sl_streams_find(f->streams, "far"));
    assert_int_equal(create(f, "far", NULL, &second), 0);
    assert_ptr_equal(sl_streams_find(f->streams, "far"), second);
    sl_stream_release(second);
    sl_stream_release(stream);
}

struct heard {
    struct sl_stream_listener listener;
    struct sl_streams_listener streams_listener;
    size_t ends, lives, seen;
    struct sl_stream *release; /* at the end */
};

static void on_end(struct sl_stream_listener *listener)
{
    struct heard *heard = sl_container_of(listener, struct heard, listener);

    heard->ends++;
    sl_stream_release(heard->release);
}

static void on_any_live(struct sl_streams_listener *listener, struct sl_stream *stream)
{
    (void)stream;
    sl_container_of(listener, struct heard, streams_listener)->lives++;
}

static void count_seen(struct sl_stream *stream, void *arg)
{
    (void)stream;
    ((struct heard *)arg)->seen++;
}

static int create_of(struct core *f, struct sl_stream *of, struct sl_stream **out)
{
    static const struct sl_source_ops ops = {.protocol = "variant"};
    struct sl_stream_config config = {
        .of = of,
        .worker = sl_workers_at(f->workers, 0),
        .ops = &ops,
        .tracks =
            {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_AAC, ""}}, .frames = true}},
    };

    return sl_stream_create(f->streams, &config, out);
}

static void
a_stream_without_a_name_is_seen_by_nobody_and_ends_with_what_it_is_made_from(void **state)
{
    struct core *f = *state;
    struct heard heard = {.listener.on_end = on_end, .streams_listener.on_live = on_any_live};
    struct sl_stream *camera, *variant, *second, *late, *leg;

    assert_int_equal(create(f, "cam", NULL, &camera), 0);
    sl_streams_listen(f->streams, &heard.streams_listener);
    assert_int_equal(create_of(f, camera, &variant), 0);
    assert_int_equal(create_of(f, variant, &second), 0); /* of the camera, in the end */
    assert_int_equal(create_of(f, NULL, &leg), 0);
    sl_stream_set_live(variant);
    assert_true(sl_stream_is_live(variant));
    assert_int_equal(heard.lives, 0);
    assert_int_equal(sl_streams_count(f->streams), 1);
    sl_streams_each(f->streams, count_seen, &heard);
    assert_int_equal(heard.seen, 1);
    assert_null(sl_streams_find(f->streams, ""));
    assert_string_equal(sl_stream_name(variant), "cam");
    assert_string_equal(sl_stream_name(second), "cam");
    assert_string_equal(sl_stream_name(leg), "");
    assert_string_equal(sl_stream_protocol(variant), "variant");
    sl_stream_set_muted(camera, SL_AUDIO, true);
    assert_true(sl_stream_is_muted(variant, SL_AUDIO));
    sl_stream_set_muted(second, SL_AUDIO, false);
    assert_false(sl_stream_is_muted(camera, SL_AUDIO));

    heard.release = variant;
    sl_stream_listen(variant, &heard.listener);
    sl_stream_end(camera);
    assert_int_equal(heard.ends, 1);
    assert_int_equal(create_of(f, camera, &late), -EPIPE);
    assert_int_equal(create(f, "cam", NULL, &late), 0); /* its name is free again */
    sl_stream_release(late);
    sl_stream_release(camera); /* before the one made from it, which goes on reading its name */
    assert_string_equal(sl_stream_name(second), "cam");
    sl_stream_release(second);
    sl_stream_release(leg);
    sl_streams_unlisten(&heard.streams_listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_reserved_name_is_for_streams_made_with_the_reservation_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_name_in_use_cannot_be_reserved_and_neither_can_what_is_no_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            listeners_hear_of_each_live_stream_once_and_of_names_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            one_that_is_unlisted_is_found_once_live_and_has_its_name_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_stream_without_a_name_is_seen_by_nobody_and_ends_with_what_it_is_made_from, set_up,
            tear_down),
    };

    return cmocka_run_group_tests_name("stream names", tests, NULL, NULL);
}
