/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See fixture.h. */
#include "fixture.h"

#include "base/config.h"
#include "base/error.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TICK_MS = 5, DEADLINE_US = 10 * SL_US_PER_S };

static void on_tick(void *owner)
{
    struct fixture *f = owner;
    int64_t now_us = sl_now_us();

    if (f->last_tick_us > 0 && now_us - f->last_tick_us > f->longest_gap_us)
        f->longest_gap_us = now_us - f->last_tick_us;
    f->last_tick_us = now_us;
}

void wait_within(struct fixture *f, int64_t limit_us, bool (*condition)(void *arg), void *arg)
{
    int64_t deadline_us = sl_now_us() + limit_us;

    f->last_tick_us = 0;
    f->longest_gap_us = 0;
    while (!condition(arg)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited in vain");
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
    }
}

void wait_for(struct fixture *f, bool (*condition)(void *arg), void *arg)
{
    wait_within(f, DEADLINE_US, condition, arg);
}

void run_for_ms(struct fixture *f, int ms)
{
    int64_t end_us = sl_now_us() + (int64_t)ms * SL_US_PER_MS;

    while (sl_now_us() < end_us)
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
}

/* ---- Nodes ---- */

void set_option(struct fixture *f, const char *key, const char *value)
{
    char assignment[256];
    struct sl_error error;

    (void)snprintf(assignment, sizeof(assignment), "%s=%s", key, value);
    if (sl_config_set(f->config, assignment, &error) < 0)
        fail_msg("%s", error.text);
}

void set_registry(struct fixture *f, const char *credentials, const char *path)
{
    char url[128];

    (void)snprintf(url, sizeof(url), "redis://%slocalhost:%u%s", credentials, f->redis.port, path);
    set_option(f, "cluster_registry", url);
}

static bool announces(void *arg, struct sl_stream *stream)
{
    return ((struct node *)arg)->announces && strcmp(sl_stream_name(stream), "private") != 0;
}

static void load(void *arg, struct sl_cluster_load *out)
{
    (void)arg;
    *out = (struct sl_cluster_load){.streams = 1, .players = 2, .cpu_percent = 3.5};
}

void node_create(struct fixture *f, struct node *node)
{
    struct sl_error error;
    struct sl_cluster_config config = {
        .config = f->config,
        .loop = f->core.control,
        .streams = f->core.streams,
        .counters = f->counters,
        .node_id = node->id,
        .uri = node->uri,
        .announces = announces,
        .load = load,
        .arg = node,
    };

    if (sl_cluster_create(&config, &node->cluster, &error) < 0)
        fail_msg("%s", error.text);
}

void node_destroy(struct node *node)
{
    sl_cluster_destroy(node->cluster);
    node->cluster = NULL;
}

static bool is_connected(void *arg)
{
    return sl_cluster_is_connected(((struct node *)arg)->cluster);
}

static bool is_away(void *arg)
{
    return !is_connected(arg);
}

void wait_until_connected(struct fixture *f, struct node *node)
{
    wait_for(f, is_connected, node);
}

void wait_until_away(struct fixture *f, struct node *node)
{
    wait_for(f, is_away, node);
}

static bool sees_another(void *arg)
{
    return sl_cluster_node_count(((struct node *)arg)->cluster) == 2;
}

/* ---- Asking ---- */

void on_claimed(void *owner, int err)
{
    struct answer *answer = owner;

    answer->calls++;
    answer->err = err;
}

void on_found(void *owner, const struct sl_cluster_node *node)
{
    struct answer *answer = owner;

    answer->calls++;
    answer->found = node != NULL;
    if (!node)
        return;
    (void)snprintf(answer->uri, sizeof(answer->uri), "%s", node->uri);
    answer->load = node->load;
    assert_false(node->self);
}

bool is_answered(void *arg)
{
    return ((struct answer *)arg)->calls > 0;
}

int claim(struct fixture *f, struct node *node, const char *name)
{
    struct answer answer = {0};
    struct sl_cluster_call *call = sl_cluster_claim(node->cluster, name, on_claimed, &answer);

    assert_non_null(call);
    assert_int_equal(answer.calls, 0); /* never from within */
    wait_for(f, is_answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer.err;
}

struct answer find(struct fixture *f, struct node *node, const char *name)
{
    struct answer answer = {0};
    struct sl_cluster_call *call = sl_cluster_find(node->cluster, name, on_found, &answer);

    assert_non_null(call);
    assert_int_equal(answer.calls, 0); /* never from within */
    wait_for(f, is_answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

void wait_until_claimed(struct fixture *f, struct node *node, const char *name)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    while (claim(f, node, name) < 0) {
        if (sl_now_us() > deadline_us)
            fail_msg("%s is never free", name);
    }
}

void wait_until_found(struct fixture *f, struct node *node, const char *name, const char *uri)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    while (strcmp(find(f, node, name).uri, uri) != 0) {
        if (sl_now_us() > deadline_us)
            fail_msg("%s is never found at %s", name, uri);
        /* A find while away takes no time. */
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
    }
}

/* ---- The log ---- */

size_t logged(struct fixture *f, const char *text)
{
    FILE *file = fopen(f->log, "r");
    char line[1024];
    size_t count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        count += strstr(line, text) != NULL;
    (void)fclose(file);
    return count;
}

static void open_log(struct fixture *f)
{
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(f->log, sizeof(f->log), "%s/sluice-cluster-XXXXXX", tmp ? tmp : "/tmp");
    int fd = mkstemp(f->log);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(sl_log_open(f->log), 0);
    sl_log_set_level(SL_LOG_DEBUG);
}

/* ---- Life ---- */

int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    (void)signal(SIGPIPE, SIG_IGN);
    open_log(f);
    redis_start(&f->redis, NULL);
    core_start(&f->core,
               (struct sl_workers_config){.count = 1, .packets_max = 1024, .ring_packets = 64});
    f->counters = sl_metrics_register(f->core.metrics);
    f->config = sl_config_create();
    set_registry(f, "", "");
    set_option(f, "cluster_node_timeout_ms", "1000");
    f->tick = sl_timer_create(f->core.control, on_tick, f);
    sl_timer_start(f->tick, TICK_MS, TICK_MS);
    f->a = (struct node){.id = "A", .uri = "ws://a.example:8080", .announces = true};
    f->b = (struct node){.id = "B", .uri = "wss://b.example:8443"};
    node_create(f, &f->a);
    node_create(f, &f->b);
    wait_for(f, sees_another, &f->a);
    wait_for(f, sees_another, &f->b);
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;

    node_destroy(&f->a);
    node_destroy(&f->b);
    sl_timer_destroy(f->tick);
    core_stop(&f->core);
    sl_config_destroy(f->config);
    redis_kill(&f->redis);
    assert_int_equal(logged(f, "was not closed"), 0);
    (void)sl_log_open(NULL);
    (void)unlink(f->log);
    free(f);
    return 0;
}
