/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two nodes and a real Redis: whose a name is, when all is well. */
#include "fixture.h"

#include "base/config.h"
#include "base/error.h"

#include <stdio.h>

static void one_of_two_claims_at_the_same_time_wins(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0}, b = {0};

    assert_non_null(sl_cluster_claim(f->a.cluster, "cam", on_claimed, &a));
    assert_non_null(sl_cluster_claim(f->b.cluster, "cam", on_claimed, &b));
    wait_for(f, is_answered, &a);
    wait_for(f, is_answered, &b);
    assert_int_equal(a.err + b.err, -EEXIST);
    struct node *winner = a.err == 0 ? &f->a : &f->b, *loser = a.err == 0 ? &f->b : &f->a;
    assert_int_equal(claim(f, loser, "cam"), -EEXIST);
    assert_string_equal(find(f, loser, "cam").uri, winner->uri);
    sl_cluster_release(winner->cluster, "cam");
    wait_until_claimed(f, loser, "cam");
    assert_int_equal(claim(f, winner, "cam"), -EEXIST);
}

static void a_name_is_held_until_the_last_one_lets_go(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(claim(f, &f->a, "cam"), 0);
    redis_pause(&f->redis);
    assert_int_equal(claim(f, &f->a, "cam"), 0); /* not asked again */
    redis_resume(&f->redis);
    sl_cluster_release(f->a.cluster, "cam");
    assert_int_equal(claim(f, &f->b, "cam"), -EEXIST);
    sl_cluster_release(f->a.cluster, "cam");
    wait_until_claimed(f, &f->b, "cam");
    sl_cluster_release(f->b.cluster, "cam");
    wait_until_claimed(f, &f->a, "cam");
    sl_cluster_release(f->a.cluster, "cam");
    /* Again and again, without waiting for Redis in between. */
    for (int i = 0; i < 50; i++) {
        assert_int_equal(claim(f, &f->a, "cam"), 0);
        sl_cluster_release(f->a.cluster, "cam");
    }
    wait_until_claimed(f, &f->b, "cam");
    assert_false(find(f, &f->b, "cam").found);
}

static void finds_the_other_node_and_never_itself(void **state)
{
    struct fixture *f = *state;
    char longest[SL_STREAM_NAME_MAX + 2];

    assert_int_equal(claim(f, &f->a, "ein Name: \xc3\xb6 %s {x}"), 0);
    struct answer found = find(f, &f->b, "ein Name: \xc3\xb6 %s {x}");
    assert_string_equal(found.uri, f->a.uri);
    assert_int_equal(found.load.streams, 1);
    assert_int_equal(found.load.players, 2);
    assert_true(found.load.cpu_percent == 3.5);
    assert_false(find(f, &f->a, "ein Name: \xc3\xb6 %s {x}").found);
    assert_false(find(f, &f->b, "another").found);

    memset(longest, 'n', sizeof(longest));
    longest[SL_STREAM_NAME_MAX + 1] = '\0';
    assert_int_equal(claim(f, &f->a, longest), -EINVAL);
    assert_int_equal(claim(f, &f->a, ""), -EINVAL);
    assert_false(find(f, &f->b, longest).found);
    longest[SL_STREAM_NAME_MAX] = '\0';
    assert_int_equal(claim(f, &f->a, longest), 0);
    assert_true(find(f, &f->b, longest).found);
}

static void note_node(const struct sl_cluster_node *node, void *arg)
{
    char *text = arg;

    (void)snprintf(text + strlen(text), 200 - strlen(text), "%s%s %s;", node->id,
                   node->self ? "*" : "", node->uri);
}

static bool is_alone(void *arg)
{
    return sl_cluster_node_count(((struct node *)arg)->cluster) == 1;
}

static void a_silent_node_loses_its_names(void **state)
{
    struct fixture *f = *state;
    char nodes[200] = "";

    sl_cluster_each_node(f->a.cluster, note_node, nodes);
    assert_string_equal(nodes, "A* ws://a.example:8080;B wss://b.example:8443;");
    assert_int_equal(claim(f, &f->b, "cam"), 0);
    node_destroy(&f->b); /* as if it had crashed */
    int64_t silent_us = sl_now_us();
    assert_int_equal(claim(f, &f->a, "cam"), -EEXIST);
    wait_until_claimed(f, &f->a, "cam");
    assert_in_range(sl_now_us() - silent_us, 500 * SL_US_PER_MS, 1500 * SL_US_PER_MS);
    wait_within(f, SL_US_PER_S, is_alone, &f->a);
    assert_int_equal(redis_do(&f->redis, "SCARD sluice:nodes"), 1);
    nodes[0] = '\0';
    sl_cluster_each_node(f->a.cluster, note_node, nodes);
    assert_string_equal(nodes, "A* ws://a.example:8080;");
}

static void a_node_that_starts_again_after_a_crash_takes_its_names_over(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(claim(f, &f->b, "cam"), 0);
    set_option(f, "cluster_node_timeout_ms", "10000");
    run_for_ms(f, 600); /* b has told Redis so */
    node_destroy(&f->b);
    f->b.id = "B2";
    node_create(f, &f->b);
    wait_until_connected(f, &f->b);
    assert_int_equal(claim(f, &f->b, "cam"), 0);
    assert_int_equal(redis_do(&f->redis, "EXISTS sluice:node:B"), 0);
    assert_int_equal(logged(f, "before a crash"), 1);
}

static void a_cancelled_call_is_never_answered_and_holds_nothing(void **state)
{
    struct fixture *f = *state;
    struct answer cancelled = {0}, kept = {0};

    sl_cluster_cancel(NULL);
    sl_cluster_cancel(sl_cluster_find(f->a.cluster, "cam", on_found, &cancelled));
    sl_cluster_cancel(sl_cluster_claim(f->a.cluster, "cam", on_claimed, &cancelled));
    wait_until_claimed(f, &f->b, "cam");
    sl_cluster_release(f->b.cluster, "cam");
    wait_until_claimed(f, &f->a, "cam");
    sl_cluster_release(f->a.cluster, "cam");

    /* One of two is cancelled: the name stays the other's. */
    struct sl_cluster_call *first = sl_cluster_claim(f->a.cluster, "two", on_claimed, &cancelled);
    assert_non_null(sl_cluster_claim(f->a.cluster, "two", on_claimed, &kept));
    sl_cluster_cancel(first);
    wait_for(f, is_answered, &kept);
    run_for_ms(f, 50);
    assert_int_equal(claim(f, &f->b, "two"), -EEXIST);

    /* Its answer never comes. */
    redis_pause(&f->redis);
    sl_cluster_cancel(sl_cluster_claim(f->a.cluster, "three", on_claimed, &cancelled));
    redis_resume(&f->redis);
    redis_kill(&f->redis);
    wait_until_away(f, &f->a);
    /* Its cluster goes first. */
    redis_start(&f->redis, NULL);
    wait_until_connected(f, &f->a);
    (void)sl_cluster_claim(f->a.cluster, "four", on_claimed, &cancelled);
    (void)sl_cluster_find(f->a.cluster, "four", on_found, &cancelled);
    node_destroy(&f->a);
    run_for_ms(f, 50);
    assert_int_equal(cancelled.calls, 0);
}

static void floods_are_bounded_and_questions_keep_no_one_from_publishing(void **state)
{
    enum { CLAIMS = 2000 };
    struct fixture *f = *state;
    static struct answer answers[8001], claims[CLAIMS + 1];

    for (size_t i = 0; i < SL_ARRAY_LEN(answers); i++) {
        answers[i] = (struct answer){0};
        assert_non_null(sl_cluster_find(f->a.cluster, "cam", on_found, &answers[i]));
    }
    for (size_t i = 0; i <= CLAIMS; i++) {
        claims[i] = (struct answer){0};
        assert_non_null(sl_cluster_claim(f->a.cluster, "cam", on_claimed, &claims[i]));
    }
    assert_int_equal(answers[8000].calls + claims[CLAIMS].calls, 0);
    wait_for(f, is_answered, &claims[CLAIMS]);
    assert_int_equal(answers[8000].calls, 1); /* one too many: not put to Redis, told at once */
    assert_int_equal(claims[CLAIMS].err, -ENOBUFS);
    for (size_t i = 0; i < SL_ARRAY_LEN(answers); i++)
        wait_for(f, is_answered, &answers[i]);
    for (size_t i = 0; i < CLAIMS; i++) {
        wait_for(f, is_answered, &claims[i]);
        assert_int_equal(claims[i].err, 0);
    }
    for (size_t i = 1; i < CLAIMS; i++)
        sl_cluster_release(f->a.cluster, "cam");
    assert_true(sl_cluster_is_connected(f->a.cluster));
    wait_until_found(f, &f->b, "cam", f->a.uri);
}

static void many_names_are_laid_down_again_at_once(void **state)
{
    struct fixture *f = *state;
    char name[16];

    for (int i = 0; i < 1234; i++) {
        (void)snprintf(name, sizeof(name), "cam%d", i);
        assert_int_equal(claim(f, &f->a, name), 0);
    }
    (void)redis_do(&f->redis, "FLUSHALL");
    wait_until_found(f, &f->b, "cam1233", f->a.uri);
    wait_until_found(f, &f->b, "cam0", f->a.uri);
    assert_true(redis_do(&f->redis, "DBSIZE") >= 1234 + 2);
    for (int i = 0; i < 1234; i++) {
        (void)snprintf(name, sizeof(name), "cam%d", i);
        sl_cluster_release(f->a.cluster, name);
    }
    wait_until_claimed(f, &f->b, "cam1233");
    assert_true(redis_do(&f->redis, "DBSIZE") <= 1 + 3);
}

static void what_others_put_into_redis_harms_nothing(void **state)
{
    struct fixture *f = *state;
    char command[3000] = "SET sluice:node:big ";

    memset(command + strlen(command), 'x', SL_STREAM_NAME_MAX * 10);
    (void)redis_do(&f->redis, command);
    static const char *const commands[] = {
        "SADD sluice:nodes big list junk evil none a-b \x01",
        "LPUSH sluice:node:list x",
        "SET sluice:node:junk {[",
        "SET sluice:node:evil {\"uri\":\"file:///etc/passwd\",\"cpu\":1}",
        "LPUSH sluice:name:listed x",
        "SET sluice:name:owned list",
        "SET sluice:name:evil evil",
        "SET sluice:name:big big",
        "SET sluice:name:nobody nobody",
        "SET sluice:name:empty %s",
    };
    for (size_t i = 0; i < SL_ARRAY_LEN(commands); i++)
        (void)redis_do(&f->redis, commands[i]);
    static const char *const names[] = {"listed", "owned", "evil", "big", "nobody", "empty"};
    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++)
        assert_false(find(f, &f->a, names[i]).found);
    assert_int_equal(claim(f, &f->a, "listed"), 0);
    assert_int_equal(claim(f, &f->a, "nobody"), 0);
    run_for_ms(f, 700);
    assert_int_equal(sl_cluster_node_count(f->a.cluster), 2);
    assert_true(sl_cluster_is_connected(f->a.cluster));
    assert_true(find(f, &f->b, "listed").found);
    node_destroy(&f->b);
    node_create(f, &f->b); /* says hello to all that */
    wait_until_connected(f, &f->b);
}

static void refuses_what_it_cannot_work_with(void **state)
{
    struct fixture *f = *state;
    struct sl_cluster *cluster = NULL;
    struct sl_error error;
    struct sl_cluster_config config = {
        .config = f->config, .loop = f->core.control, .node_id = "C", .uri = "http://c"};

    assert_int_equal(sl_cluster_create(&config, &cluster, &error), -EINVAL);
    assert_non_null(strstr(error.text, "cluster_uri"));
    set_option(f, "cluster_registry", "redis://:secret");
    assert_int_equal(sl_cluster_create(&config, &cluster, &error), -EINVAL);
    assert_null(strstr(error.text, "secret"));
    assert_null(cluster);
    sl_cluster_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_of_two_claims_at_the_same_time_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_is_held_until_the_last_one_lets_go, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(finds_the_other_node_and_never_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_silent_node_loses_its_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_node_that_starts_again_after_a_crash_takes_its_names_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_call_is_never_answered_and_holds_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            floods_are_bounded_and_questions_keep_no_one_from_publishing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_names_are_laid_down_again_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_others_put_into_redis_harms_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_it_cannot_work_with, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
