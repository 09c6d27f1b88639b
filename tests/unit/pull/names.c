/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the registry's names and the pulls meet: what is asked, shared, dropped and let go of. */
#include "pull/pull.h"

#include "../session/fake.h"
#include "access/access.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/cluster.h"
#include "stream/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PULLS_MAX = 4, IDLE_MS = 1000, CHECK_MS = 250, FETCHES_MAX = 10000 };

/* ---- The registry ---- */

struct sl_cluster_call {
    struct sl_list link;
    sl_cluster_on_found *on_found; /* one of the two */
    sl_cluster_on_claimed *on_claimed;
    void *owner;
};

struct sl_cluster {
    struct sl_list calls;
    size_t finds, claims, releases, cancelled;
    bool node_is_gone;
};

static const struct sl_cluster_node there = {.id = "n2", .uri = "ws://192.0.2.2:8080/websocket"};

static struct sl_cluster_call *call_new(struct sl_cluster *cluster, void *owner)
{
    struct sl_cluster_call *call = sl_new(struct sl_cluster_call);

    call->owner = owner;
    sl_list_append(&cluster->calls, &call->link);
    return call;
}

struct sl_cluster_call *sl_cluster_find(struct sl_cluster *cluster, const char *name,
                                        sl_cluster_on_found *on_found, void *owner)
{
    assert_true(name[0] != '\0');
    cluster->finds++;
    struct sl_cluster_call *call = call_new(cluster, owner);
    call->on_found = on_found;
    return call;
}

struct sl_cluster_call *sl_cluster_claim(struct sl_cluster *cluster, const char *name,
                                         sl_cluster_on_claimed *on_claimed, void *owner)
{
    assert_true(name[0] != '\0');
    cluster->claims++;
    struct sl_cluster_call *call = call_new(cluster, owner);
    call->on_claimed = on_claimed;
    return call;
}

void sl_cluster_release(struct sl_cluster *cluster, const char *name)
{
    assert_string_equal(name, "cam");
    cluster->releases++;
}

bool sl_cluster_node_is_gone(const struct sl_cluster *cluster, const char *node_id)
{
    assert_string_equal(node_id, there.id);
    return cluster->node_is_gone;
}

static struct sl_cluster *the_cluster; /* a cancel names its call only */

void sl_cluster_cancel(struct sl_cluster_call *call)
{
    if (!call)
        return;
    the_cluster->cancelled++;
    sl_list_remove(&call->link);
    free(call);
}

/* Answers the oldest question. */
static void answer(struct sl_cluster *cluster, const struct sl_cluster_node *node, int err)
{
    assert_false(sl_list_empty(&cluster->calls));
    struct sl_cluster_call *call =
        sl_container_of(cluster->calls.next, struct sl_cluster_call, link);
    struct sl_cluster_call copy = *call;
    sl_list_remove(&call->link);
    free(call);
    if (copy.on_found)
        copy.on_found(copy.owner, node);
    else
        copy.on_claimed(copy.owner, err);
}

/* ---- Pulls ---- */

struct sl_pull {
    bool lives;
    size_t viewers, outputs; /* of its stream */
    char name[SL_STREAM_NAME_MAX + 1];
    struct sl_pull_request request;
};

struct sl_pulls {
    struct sl_pull all[PULLS_MAX];
    size_t started;
    int err; /* of the next start */
};

int sl_pull_start(struct sl_pulls *pulls, const struct sl_pull_request *request,
                  struct sl_pull **out, struct sl_error *error)
{
    struct sl_pull *pull = pulls->all;

    assert_int_equal(request->kind, SL_PULL_CLUSTER);
    assert_string_equal(request->uri, there.uri);
    assert_string_equal(request->local_stream, request->remote_stream);
    if (pulls->err < 0)
        return sl_error_set(error, pulls->err, "no room");
    while (pull->lives)
        pull++;
    assert_true(pull < pulls->all + PULLS_MAX);
    *pull = (struct sl_pull){.lives = true, .request = *request};
    (void)snprintf(pull->name, sizeof(pull->name), "%s", request->local_stream);
    pulls->started++;
    *out = pull;
    return 0;
}

static void pull_end(struct sl_pull *pull)
{
    assert_true(pull->lives);
    pull->lives = false;
    pull->request.on_end(pull->request.owner, "for a reason");
}

void sl_pull_terminate(struct sl_pull *pull)
{
    pull_end(pull);
}

/* The stream of a pull here is the pull. */
size_t sl_stream_takers(const struct sl_stream *stream, enum sl_taker_kind kind)
{
    const struct sl_pull *pull = (const void *)stream;

    assert_true(pull->lives);
    return kind == SL_TAKER_VIEWER ? pull->viewers : pull->outputs;
}

static void pull_live(struct sl_pull *pull)
{
    pull->request.on_live(pull->request.owner, (struct sl_stream *)(void *)pull);
}

/* ---- Whoever asks ---- */

struct fixture {
    struct sl_config *config;
    struct sl_cluster cluster;
    struct sl_pulls pulls;
    struct sl_names *names;
    const struct sl_directory *directory;
};

struct asker {
    struct fixture *f;
    struct sl_directory_call *call; /* NULL: none is open */
    int answers, err;
    const char *again; /* asks for this from within the first answer */
};

static void ask(struct asker *asker, const char *name);

static void on_answer(void *owner, int err)
{
    struct asker *asker = owner;
    const char *again = asker->again;

    asker->answers++;
    asker->err = err;
    asker->call = NULL;
    asker->again = NULL;
    if (again)
        ask(asker, again);
}

static void ask(struct asker *asker, const char *name)
{
    const struct sl_directory *directory = asker->f->directory;
    int answers = asker->answers;

    asker->call = directory->fetch(directory->arg, name, on_answer, asker);
    assert_non_null(asker->call);
    assert_int_equal(asker->answers, answers); /* never from within */
}

static void seek(struct asker *asker, const char *name)
{
    const struct sl_directory *directory = asker->f->directory;
    int answers = asker->answers;

    asker->call = directory->find(directory->arg, name, on_answer, asker);
    assert_non_null(asker->call);
    assert_int_equal(asker->answers, answers); /* never from within */
}

static void claim(struct asker *asker, const char *name)
{
    const struct sl_directory *directory = asker->f->directory;
    int answers = asker->answers;

    asker->call = directory->claim(directory->arg, name, on_answer, asker);
    assert_non_null(asker->call);
    assert_int_equal(asker->answers, answers); /* never from within */
}

static void cancel(struct asker *asker)
{
    const struct sl_directory *directory = asker->f->directory;

    directory->cancel(directory->arg, asker->call);
    asker->call = NULL;
}

#define assert_answered(asker, count, error)                                                       \
    do {                                                                                           \
        fake_settle();                                                                             \
        assert_int_equal((asker).answers, count);                                                  \
        if ((count) > 0)                                                                           \
            assert_int_equal((asker).err, error);                                                  \
        assert_int_equal((asker).call == NULL, (count) > 0);                                       \
    } while (0)

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    sl_log_set_level(SL_LOG_ERROR); /* what cannot be had is told of */
    f->config = sl_config_create();
    f->config->cluster_idle_ms = IDLE_MS;
    sl_list_init(&f->cluster.calls);
    the_cluster = &f->cluster;
    f->names = sl_names_create(
        &(struct sl_names_config){.config = f->config, .cluster = &f->cluster, .pulls = &f->pulls});
    f->directory = sl_names_directory(f->names);
    *state = f;
    return 0;
}

/* In the server's order: pulls stop first. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < PULLS_MAX; i++) {
        if (f->pulls.all[i].lives)
            pull_end(&f->pulls.all[i]);
    }
    sl_names_destroy(f->names);
    assert_true(sl_list_empty(&f->cluster.calls));
    assert_int_equal(fake_timer_count(), 0);
    sl_config_destroy(f->config);
    free(f);
    return 0;
}

/* A live pull of this name, that nobody waits for. */
static struct sl_pull *make_live(struct fixture *f, const char *name)
{
    struct asker asker = {.f = f};

    ask(&asker, name);
    answer(&f->cluster, &there, 0);
    for (size_t i = 0; i < PULLS_MAX; i++) {
        struct sl_pull *pull = &f->pulls.all[i];
        if (pull->lives && strcmp(pull->name, name) == 0) {
            pull_live(pull);
            assert_answered(asker, 1, 0);
            return pull;
        }
    }
    fail_msg("no pull of %s", name);
    return NULL;
}

/* ---- Fetching ---- */

static void one_pull_serves_all_who_wait_for_a_name(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f}, b = {.f = f}, c = {.f = f}, late = {.f = f}, other = {.f = f};

    ask(&a, "cam"); /* asks the registry */
    ask(&b, "cam"); /* joins while it is asked */
    answer(&f->cluster, &there, 0);
    ask(&c, "cam"); /* joins the pull */
    ask(&other, "door");
    assert_int_equal(f->pulls.started, 1);
    assert_int_equal(f->cluster.finds, 2);
    assert_answered(a, 0, 0);
    pull_live(&f->pulls.all[0]);
    assert_answered(a, 1, 0);
    assert_answered(b, 1, 0);
    assert_answered(c, 1, 0);
    assert_answered(other, 0, 0);
    ask(&late, "cam"); /* has it at once */
    assert_answered(late, 1, 0);
    answer(&f->cluster, NULL, 0);
    assert_answered(other, 1, -ENOENT);
    assert_int_equal(f->cluster.finds, 2);
    /* Once it has ended it is looked for anew, and nobody hears twice. */
    pull_end(&f->pulls.all[0]);
    ask(&late, "cam");
    assert_int_equal(f->cluster.finds, 3);
    answer(&f->cluster, NULL, 0);
    assert_answered(late, 2, -ENOENT);
    assert_answered(a, 1, 0);
}

static void all_are_refused_when_the_pull_ends_before_media(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f}, b = {.f = f};

    ask(&a, "cam");
    answer(&f->cluster, &there, 0);
    ask(&b, "cam");
    pull_end(&f->pulls.all[0]);
    assert_answered(a, 1, -ENOENT);
    assert_answered(b, 1, -ENOENT);
}

static void who_cancels_leaves_the_others_waiting(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f}, b = {.f = f}, c = {.f = f};

    ask(&a, "cam");
    ask(&b, "cam");
    cancel(&a); /* the one who began it, while the registry is asked */
    assert_int_equal(f->cluster.cancelled, 0);
    answer(&f->cluster, &there, 0);
    ask(&c, "cam");
    cancel(&b); /* while it is pulled */
    pull_live(&f->pulls.all[0]);
    assert_int_equal(a.answers + b.answers, 0);
    assert_answered(c, 1, 0);
}

static void a_name_that_nobody_waits_for_any_more_comes_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f}, b = {.f = f};

    ask(&a, "cam");
    cancel(&a);
    answer(&f->cluster, &there, 0);
    pull_live(&f->pulls.all[0]);
    ask(&b, "cam");
    assert_answered(b, 1, 0);
    assert_int_equal(a.answers, 0);
    fake_advance_ms(IDLE_MS + CHECK_MS); /* and goes, as nobody uses it */
    assert_false(f->pulls.all[0].lives);
}

static void who_cannot_have_it_is_told_so(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const struct sl_cluster_node *node;
        int err; /* of the pull */
    } cases[] = {{NULL, 0}, {&there, -ENOBUFS}, {&there, -EEXIST}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct asker a = {.f = f, .again = "cam"}; /* nothing is left of the first question */
        f->pulls.err = cases[i].err;
        ask(&a, "cam");
        for (int round = 0; round < 2; round++) {
            assert_int_equal(a.answers, round);
            answer(&f->cluster, cases[i].node, 0);
        }
        assert_answered(a, 2, -ENOENT);
        assert_int_equal(f->cluster.finds, 2 * (i + 1));
    }
    assert_int_equal(f->pulls.started, 0);
}

static void asks_again_from_within_each_kind_of_answer(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f, .again = "cam"}, b = {.f = f, .again = "cam"};

    ask(&a, "cam");
    ask(&b, "cam");
    answer(&f->cluster, &there, 0);
    pull_end(&f->pulls.all[0]); /* the second question is shared again */
    assert_int_equal(f->cluster.finds, 2);
    assert_int_equal(a.answers, 1);
    assert_non_null(a.call);
    assert_non_null(b.call);
    a.again = b.again = "cam";
    answer(&f->cluster, &there, 0);
    pull_live(&f->pulls.all[0]); /* it is there: answered at once */
    assert_answered(a, 3, 0);
    assert_answered(b, 3, 0);
    assert_int_equal(f->cluster.finds, 2);
}

static void names_under_way_are_bounded_and_can_be_joined(void **state)
{
    struct fixture *f = *state;
    char longest[SL_STREAM_NAME_MAX + 2], name[32];
    struct asker *askers = sl_alloc(FETCHES_MAX * sizeof(*askers)), more = {.f = f};
    struct asker joins = {.f = f}, late = {.f = f};

    memset(longest, 'n', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    ask(&more, longest);
    assert_answered(more, 1, -ENOENT);
    (void)make_live(f, "live");
    for (int i = 1; i < FETCHES_MAX; i++) {
        askers[i] = (struct asker){.f = f};
        (void)snprintf(name, sizeof(name), "cam%d", i);
        ask(&askers[i], name);
        assert_non_null(askers[i].call);
    }
    assert_int_equal(f->cluster.finds, FETCHES_MAX);
    ask(&more, "one more");
    assert_answered(more, 2, -ENOENT);
    assert_int_equal(f->cluster.finds, FETCHES_MAX);
    ask(&late, "live");
    assert_answered(late, 1, 0);
    ask(&joins, "cam1");
    assert_answered(joins, 0, 0);
    answer(&f->cluster, NULL, 0);
    assert_answered(joins, 1, -ENOENT);
    ask(&more, "one more");
    assert_non_null(more.call);
    cancel(&more);
    for (int i = 2; i < FETCHES_MAX; i++)
        cancel(&askers[i]);
    free(askers);
}

/* ---- What nobody uses ---- */

static void an_idle_pull_goes_after_cluster_idle_ms_and_a_used_one_stays(void **state)
{
    struct fixture *f = *state;
    struct sl_pull *pull;

    /* Never used: from when it came. */
    pull = make_live(f, "cam");
    fake_advance_ms(IDLE_MS - 1);
    assert_true(pull->lives);
    fake_advance_ms(1);
    assert_false(pull->lives);

    /* By pushes and records. */
    pull = make_live(f, "cam");
    pull->outputs = 1;
    fake_advance_ms(10 * IDLE_MS);
    assert_true(pull->lives);
    pull->outputs = 0;
    fake_advance_ms(IDLE_MS - 1);
    assert_true(pull->lives);
    fake_advance_ms(1);
    assert_false(pull->lives);

    /* By players. */
    pull = make_live(f, "cam");
    pull->viewers = 1;
    fake_advance_ms(10 * IDLE_MS);
    assert_true(pull->lives);
    pull->viewers = 0;
    fake_advance_ms(IDLE_MS - CHECK_MS);
    assert_true(pull->lives);
    pull->viewers = 1; /* one comes just in time */
    fake_advance_ms(CHECK_MS);
    pull->viewers = 0;
    fake_advance_ms(IDLE_MS - 1);
    assert_true(pull->lives);
    fake_advance_ms(1);
    assert_false(pull->lives);
}

static void each_pull_is_idle_for_itself(void **state)
{
    struct fixture *f = *state;
    struct sl_pull *used = make_live(f, "used"), *idle = make_live(f, "idle"),
                   *idle_too = make_live(f, "idle too");
    struct asker a = {.f = f};

    used->viewers = 1;
    ask(&a, "coming"); /* not yet live: its own time limit decides */
    answer(&f->cluster, &there, 0);
    f->config->cluster_idle_ms = 2 * IDLE_MS; /* a reload */
    fake_advance_ms(IDLE_MS);
    assert_true(idle->lives && idle_too->lives);
    fake_advance_ms(IDLE_MS);
    assert_false(idle->lives || idle_too->lives);
    fake_advance_ms(10 * IDLE_MS);
    assert_true(used->lives);
    assert_answered(a, 0, 0);
    cancel(&a);
}

static void a_pull_from_a_node_that_is_gone_ends_with_it(void **state)
{
    struct fixture *f = *state;
    struct sl_pull *live = make_live(f, "cam");
    struct asker waits = {.f = f}, looks = {.f = f}, again = {.f = f};

    live->viewers = 1;
    ask(&waits, "door");
    answer(&f->cluster, &there, 0);
    ask(&looks, "hall"); /* nobody knows yet where that is */
    fake_advance_ms(CHECK_MS);
    assert_true(live->lives);
    f->cluster.node_is_gone = true;
    fake_advance_ms(CHECK_MS);
    assert_false(live->lives);
    assert_answered(waits, 1, -ENOENT);
    assert_answered(looks, 0, 0);
    /* Where it is now is asked anew. */
    size_t finds = f->cluster.finds;
    ask(&again, "cam");
    assert_int_equal(f->cluster.finds, finds + 1);
    cancel(&again);
    cancel(&looks);
}

/* ---- Finding ---- */

static void finding_brings_nothing_here(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const struct sl_cluster_node *node;
        int err;
    } cases[] = {{&there, 0}, {NULL, -ENOENT}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct asker a = {.f = f}, gone = {.f = f};
        seek(&a, "cam");
        seek(&gone, "cam");
        answer(&f->cluster, cases[i].node, 0);
        cancel(&gone);
        assert_answered(a, 1, cases[i].err);
        assert_int_equal(gone.answers, 0);
    }
    assert_int_equal(f->cluster.cancelled, 2);
    assert_int_equal(f->pulls.started, 0);
}

/* ---- Claims ---- */

static void claims_are_the_registrys_answers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int err, told;
    } cases[] = {
        {0, 0},
        {-EEXIST, -EEXIST},
        {-ENOBUFS, -ENOBUFS},
        {-EINVAL, -EINVAL},
        {SL_CLUSTER_UNCHECKED, 0}, /* Redis is away: nothing local ends */
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct asker a = {.f = f};
        claim(&a, "cam");
        answer(&f->cluster, NULL, cases[i].err);
        assert_answered(a, 1, cases[i].told);
        assert_int_equal(f->cluster.claims, i + 1);
    }
    f->directory->release(f->directory->arg, "cam");
    assert_int_equal(f->cluster.releases, 1);
}

static void a_cancelled_claim_is_not_answered(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f}, b = {.f = f};

    claim(&a, "cam");
    claim(&b, "cam");
    cancel(&a);
    assert_int_equal(f->cluster.cancelled, 1);
    answer(&f->cluster, NULL, 0);
    assert_int_equal(a.answers, 0);
    assert_answered(b, 1, 0);
}

static void a_claim_that_is_granted_drops_a_stale_pull_of_the_name(void **state)
{
    struct fixture *f = *state;
    struct asker waits = {.f = f}, publishes = {.f = f};
    struct sl_pull *live = make_live(f, "cam"), *other = make_live(f, "door");

    ask(&waits, "hall");
    answer(&f->cluster, &there, 0);

    claim(&publishes, "cam");
    answer(&f->cluster, NULL, -EEXIST);
    assert_answered(publishes, 1, -EEXIST);
    assert_true(live->lives);

    claim(&publishes, "cam");
    answer(&f->cluster, NULL, 0);
    assert_int_equal(publishes.answers, 2);
    assert_false(live->lives);
    assert_true(other->lives);

    claim(&publishes, "hall"); /* that somebody still waits for */
    answer(&f->cluster, NULL, 0);
    assert_answered(waits, 1, -ENOENT);
    assert_int_equal(publishes.answers, 3);
    assert_true(other->lives);
    pull_end(other);
}

static void a_claim_that_was_not_checked_leaves_what_is_pulled(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f};
    struct sl_pull *live = make_live(f, "cam");

    claim(&a, "cam");
    answer(&f->cluster, NULL, SL_CLUSTER_UNCHECKED);
    assert_answered(a, 1, -EEXIST);
    assert_int_equal(f->cluster.releases, 1); /* it holds nothing then */
    assert_true(live->lives);
}

static void a_claim_for_what_is_just_looked_for_leaves_that_to_the_registry(void **state)
{
    struct fixture *f = *state;
    struct asker waits = {.f = f}, publishes = {.f = f};

    claim(&publishes, "cam");
    ask(&waits, "cam");
    answer(&f->cluster, NULL, 0);
    assert_answered(publishes, 1, 0);
    assert_answered(waits, 0, 0);
    answer(&f->cluster, NULL, 0); /* it is this node that has it now */
    assert_answered(waits, 1, -ENOENT);
}

static void who_gives_up_before_what_was_known_at_once_is_told_hears_nothing(void **state)
{
    struct fixture *f = *state;
    struct asker a = {.f = f};

    (void)make_live(f, "cam");
    ask(&a, "cam");
    cancel(&a);
    fake_settle();
    assert_int_equal(a.answers, 0);
}

/* ---- The end ---- */

static void goes_down_with_fetches_in_each_state(void **state)
{
    struct fixture *f = *state;
    struct asker looks = {.f = f}, pulls = {.f = f}, claims = {.f = f};
    struct sl_pull *live = make_live(f, "live");

    ask(&pulls, "pulled");
    answer(&f->cluster, &there, 0);
    ask(&looks, "looked for");
    claim(&claims, "claimed");
    /* As the server stops: pulls, then sessions, which cancel; then the names. */
    pull_end(live);
    for (size_t i = 0; i < PULLS_MAX; i++) {
        if (f->pulls.all[i].lives)
            pull_end(&f->pulls.all[i]);
    }
    assert_answered(pulls, 1, -ENOENT);
    cancel(&looks);
    cancel(&claims);
    assert_int_equal(f->cluster.cancelled, 1);
    sl_names_destroy(f->names);
    f->names = NULL;
    assert_int_equal(f->cluster.cancelled, 2);
    assert_int_equal(looks.answers + claims.answers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_pull_serves_all_who_wait_for_a_name),
        TEST(all_are_refused_when_the_pull_ends_before_media),
        TEST(who_cancels_leaves_the_others_waiting),
        TEST(a_name_that_nobody_waits_for_any_more_comes_all_the_same),
        TEST(who_cannot_have_it_is_told_so),
        TEST(asks_again_from_within_each_kind_of_answer),
        TEST(names_under_way_are_bounded_and_can_be_joined),
        TEST(an_idle_pull_goes_after_cluster_idle_ms_and_a_used_one_stays),
        TEST(each_pull_is_idle_for_itself),
        TEST(a_pull_from_a_node_that_is_gone_ends_with_it),
        TEST(finding_brings_nothing_here),
        TEST(claims_are_the_registrys_answers),
        TEST(a_cancelled_claim_is_not_answered),
        TEST(a_claim_that_is_granted_drops_a_stale_pull_of_the_name),
        TEST(a_claim_that_was_not_checked_leaves_what_is_pulled),
        TEST(who_gives_up_before_what_was_known_at_once_is_told_hears_nothing),
        TEST(a_claim_for_what_is_just_looked_for_leaves_that_to_the_registry),
        TEST(goes_down_with_fetches_in_each_state),
    };

    return cmocka_run_group_tests_name("server directory", tests, NULL, NULL);
}
