/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redis dies, hangs, refuses; streams come and go; nodes leave. Nothing local waits for any of it.
 */
#include "../names.h"
#include "fixture.h"

enum { NO_STALL_US = 300 * SL_US_PER_MS };

/* ---- Redis away ---- */

static void an_empty_redis_is_filled_again(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(claim(f, &f->a, "before"), 0);
    assert_int_equal(claim(f, &f->a, "let go of"), 0);
    redis_kill(&f->redis);
    wait_until_away(f, &f->a);
    assert_int_equal(claim(f, &f->a, "during"), SL_CLUSTER_UNCHECKED); /* unchecked */
    sl_cluster_release(f->a.cluster, "let go of");
    wait_until_away(f, &f->b);
    assert_false(find(f, &f->b, "before").found);
    run_for_ms(f, 300);
    redis_start(&f->redis, NULL);
    wait_until_connected(f, &f->b);
    wait_until_found(f, &f->b, "before", f->a.uri);
    wait_until_found(f, &f->b, "during", f->a.uri);
    assert_int_equal(claim(f, &f->b, "let go of"), 0);
    assert_int_equal(logged(f, "warn cluster: the registry"), 2); /* once by each */
    assert_int_equal(sl_metrics_sum(f->core.metrics, SL_COUNTER_REGISTRY_CONNECTS), 4);
}

static void a_redis_that_hangs_counts_as_away(void **state)
{
    struct fixture *f = *state;
    struct answer claimed = {0}, found = {0};

    assert_int_equal(claim(f, &f->a, "kept"), 0);
    assert_int_equal(claim(f, &f->a, "let go of"), 0);
    redis_pause(&f->redis);
    int64_t start_us = sl_now_us();
    assert_non_null(sl_cluster_claim(f->a.cluster, "cam", on_claimed, &claimed));
    assert_non_null(sl_cluster_find(f->a.cluster, "other", on_found, &found));
    sl_cluster_release(f->a.cluster, "let go of");
    wait_for(f, is_answered, &claimed);
    wait_for(f, is_answered, &found);
    assert_in_range(sl_now_us() - start_us, 0, 2500 * SL_US_PER_MS);
    assert_true(f->longest_gap_us < NO_STALL_US);
    assert_int_equal(claimed.err, SL_CLUSTER_UNCHECKED);
    assert_false(found.found);
    assert_false(sl_cluster_is_connected(f->a.cluster));
    assert_int_equal(claim(f, &f->a, "during"), SL_CLUSTER_UNCHECKED);
    assert_true(sl_now_us() - start_us < 2600 * SL_US_PER_MS);
    redis_resume(&f->redis);
    wait_until_connected(f, &f->a);
    wait_until_connected(f, &f->b);
    wait_until_found(f, &f->b, "during", f->a.uri);
    wait_until_found(f, &f->b, "cam", f->a.uri);
    wait_until_found(f, &f->b, "kept", f->a.uri);
    wait_until_claimed(f, &f->b, "let go of"); /* what could not be told was told later */
    assert_int_equal(claimed.calls + found.calls, 2);
}

static void a_wrong_password_is_told_once_and_never_shown(void **state)
{
    struct fixture *f = *state;

    node_destroy(&f->a);
    node_destroy(&f->b);
    redis_kill(&f->redis);
    redis_start(&f->redis, "right-secret");
    static const char *const wrong[] = {"", ":wrong-secret@", "nobody:wrong-secret@"};
    for (size_t i = 0; i < SL_ARRAY_LEN(wrong); i++) {
        set_registry(f, wrong[i], "");
        node_create(f, &f->a);
        run_for_ms(f, 900); /* three tries */
        assert_false(sl_cluster_is_connected(f->a.cluster));
        assert_int_equal(claim(f, &f->a, "cam"), SL_CLUSTER_UNCHECKED);
        sl_cluster_release(f->a.cluster, "cam");
        assert_int_equal(logged(f, "refuses us"), i + 1);
        node_destroy(&f->a);
    }
    set_registry(f, ":right-secret@", "/9"); /* no such database */
    node_create(f, &f->a);
    run_for_ms(f, 100);
    assert_int_equal(logged(f, "refuses us"), 4);
    node_destroy(&f->a);
    set_registry(f, "default:right-secret@", "/3");
    node_create(f, &f->a);
    wait_until_connected(f, &f->a);
    assert_int_equal(logged(f, "secret"), 0);
}

static void a_redis_that_takes_no_records_counts_as_away(void **state)
{
    struct fixture *f = *state;

    (void)redis_do(&f->redis, "REPLICAOF 127.0.0.1 1"); /* read only from now on */
    wait_until_away(f, &f->a);
    assert_int_equal(claim(f, &f->a, "cam"), SL_CLUSTER_UNCHECKED);
    assert_true(logged(f, "READONLY") > 0);
    (void)redis_do(&f->redis, "REPLICAOF NO ONE");
    wait_until_connected(f, &f->a);
    wait_until_connected(f, &f->b);
    wait_until_found(f, &f->b, "cam", f->a.uri);
}

static void a_name_nobody_resolves_is_tried_again(void **state)
{
    struct fixture *f = *state;

    node_destroy(&f->b);
    set_option(f, "cluster_registry", "redis://no-such-host.invalid");
    node_create(f, &f->b);
    assert_int_equal(claim(f, &f->b, "cam"), SL_CLUSTER_UNCHECKED);
    run_for_ms(f, 50);
    assert_false(sl_cluster_is_connected(f->b.cluster));
    node_destroy(&f->b); /* while it is looked up, perhaps */
    set_option(f, "cluster_registry", "redis://[::1]:1");
    node_create(f, &f->b);
    run_for_ms(f, 50);
    assert_true(logged(f, "connection refused") > 0);
}

static void a_registry_is_found_at_whichever_address_of_its_name(void **state)
{
    struct fixture *f = *state;
    char url[64];

    node_destroy(&f->b);
    (void)snprintf(url, sizeof(url), "redis://several.test:%u", f->redis.port);
    set_option(f, "cluster_registry", url);
    node_create(f, &f->b);
    wait_until_connected(f, &f->b);
    assert_int_equal(logged(f, "connection refused"), 0); /* of the others: no news */
    redis_kill(&f->redis);
    wait_until_away(f, &f->b);
    while (logged(f, "127.0.0.3: connection refused; 127.0.0.1: connection refused") == 0)
        run_for_ms(f, 20);
}

/* ---- Streams ---- */

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner;
    (void)track;
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

static struct sl_stream *publish(struct fixture *f, const char *name)
{
    struct sl_stream_config config = {
        .name = name,
        .worker = sl_workers_at(f->core.workers, 0),
        .ops = &source_ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}},
                   {.present = false, .codec_count = 0, .codecs = {{0}}}},
    };
    struct sl_stream *stream;

    assert_int_equal(sl_stream_create(f->core.streams, &config, &stream), 0);
    sl_stream_set_live(stream);
    return stream;
}

static void a_stream_holds_its_name_while_it_lives(void **state)
{
    struct fixture *f = *state;
    struct sl_stream *stream = publish(f, "cam"), *secret = publish(f, "private");

    wait_until_found(f, &f->b, "cam", f->a.uri);
    assert_int_equal(claim(f, &f->b, "cam"), -EEXIST);
    assert_false(find(f, &f->b, "private").found);
    /* With a claim of the publisher's before it, and let go of while the stream lives. */
    assert_int_equal(claim(f, &f->a, "cam"), 0);
    sl_cluster_release(f->a.cluster, "cam");
    assert_int_equal(claim(f, &f->b, "cam"), -EEXIST);
    sl_stream_release(stream);
    sl_stream_release(secret);
    wait_until_claimed(f, &f->b, "cam");
}

static bool is_told_announced(void *arg)
{
    return logged(arg, "is announced now") == 1;
}

static void a_stream_whose_name_is_anothers_goes_on_and_is_announced_later(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(claim(f, &f->b, "cam"), 0);
    struct sl_stream *stream = publish(f, "cam");
    run_for_ms(f, 800);
    assert_int_equal(logged(f, "another node has stream"), 1); /* of three tries */
    assert_string_equal(find(f, &f->a, "cam").uri, f->b.uri);
    assert_int_equal(claim(f, &f->a, "cam"), -EEXIST);
    sl_cluster_release(f->b.cluster, "cam");
    wait_until_found(f, &f->b, "cam", f->a.uri);
    wait_for(f, is_told_announced, f); /* Redis' answer may reach b first */
    /* The cluster goes while the stream lives, and comes again. */
    node_destroy(&f->a);
    node_create(f, &f->a);
    wait_until_connected(f, &f->a);
    wait_until_found(f, &f->b, "cam", f->a.uri);
    sl_stream_release(stream);
}

/* ---- Leaving ---- */

static void on_left(void *owner)
{
    (*(int *)owner)++;
}

static bool has_left(void *arg)
{
    return *(int *)arg > 0;
}

static void who_leaves_takes_its_names_along(void **state)
{
    struct fixture *f = *state;
    struct sl_stream *stream = publish(f, "cam");
    struct answer asked = {0}, claimed = {0};
    int left = 0;

    wait_until_found(f, &f->b, "cam", f->a.uri);
    assert_int_equal(claim(f, &f->a, "held"), 0);
    assert_non_null(sl_cluster_find(f->a.cluster, "x", on_found, &asked));
    assert_non_null(sl_cluster_claim(f->a.cluster, "in-flight", on_claimed, &claimed));
    sl_cluster_leave(f->a.cluster, on_left, &left);
    assert_int_equal(asked.calls + claimed.calls, 0); /* never from within */
    wait_for(f, is_answered, &asked);
    wait_for(f, is_answered, &claimed);
    assert_int_equal(claimed.err, SL_CLUSTER_UNCHECKED);
    wait_within(f, SL_US_PER_S, has_left, &left);
    assert_int_equal(redis_do(&f->redis, "EXISTS sluice:node:A sluice:name:cam sluice:name:held"),
                     0);
    assert_int_equal(redis_do(&f->redis, "EXISTS sluice:name:in-flight"), 0);
    assert_int_equal(claim(f, &f->b, "cam"), 0);
    assert_int_equal(claim(f, &f->b, "in-flight"), 0);
    /* What still ends here counts on. */
    assert_int_equal(claim(f, &f->a, "late"), SL_CLUSTER_UNCHECKED);
    sl_cluster_release(f->a.cluster, "late");
    sl_cluster_release(f->a.cluster, "held");
    sl_cluster_release(f->a.cluster, "in-flight");
    sl_stream_release(stream);
    run_for_ms(f, 400);
    assert_false(sl_cluster_is_connected(f->a.cluster));
    assert_int_equal(left, 1);
}

static bool both_have_left(void *arg)
{
    return *(int *)arg == 2;
}

static void leaving_takes_a_second_at_most(void **state)
{
    struct fixture *f = *state;
    int left = 0;

    redis_pause(&f->redis);
    int64_t start_us = sl_now_us();
    sl_cluster_leave(f->a.cluster, on_left, &left);
    wait_for(f, has_left, &left);
    assert_true(sl_now_us() - start_us < 1200 * SL_US_PER_MS);
    redis_kill(&f->redis);
    wait_until_away(f, &f->b);
    sl_cluster_leave(f->b.cluster, on_left, &left);
    assert_int_equal(left, 1); /* never from within */
    wait_for(f, both_have_left, &left);
}

static void destroy_on_left(void *owner)
{
    node_destroy(owner);
}

static bool is_gone(void *arg)
{
    return !((struct node *)arg)->cluster;
}

static void may_be_destroyed_as_soon_as_it_has_left(void **state)
{
    struct fixture *f = *state;

    sl_cluster_leave(f->a.cluster, destroy_on_left, &f->a);
    wait_for(f, is_gone, &f->a);
    redis_pause(&f->redis);
    sl_cluster_leave(f->b.cluster, destroy_on_left, &f->b);
    run_for_ms(f, 20);
    redis_kill(&f->redis); /* the connection ends before the answer */
    wait_for(f, is_gone, &f->b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_redis_is_filled_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_redis_that_hangs_counts_as_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_password_is_told_once_and_never_shown, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_redis_that_takes_no_records_counts_as_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_nobody_resolves_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_registry_is_found_at_whichever_address_of_its_name,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_holds_its_name_while_it_lives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_stream_whose_name_is_anothers_goes_on_and_is_announced_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_takes_its_names_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaving_takes_a_second_at_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(may_be_destroyed_as_soon_as_it_has_left, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
