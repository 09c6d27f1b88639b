/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names against a name service that hangs, is asked too much, or knows nothing. */
#include "net/resolve.h"

#include "base/mem.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000, SHORT_MS = 30, PORT = 1935, NOT_TOLD = 1 };

/* ---- The system's resolver ---- */

static atomic_int asked; /* times */
static uv_sem_t gate;    /* what "hangs*.test" waits for */

static struct addrinfo *make_info(const char *ip)
{
    struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
    struct sockaddr_in *sa = (void *)(info + 1);

    sa->sin_family = AF_INET;
    (void)inet_pton(AF_INET, ip, &sa->sin_addr);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)sa;
    info->ai_addrlen = sizeof(*sa);
    return info;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out)
{
    (void)service;
    (void)hints;
    atomic_fetch_add(&asked, 1);
    if (strncmp(node, "hangs", 5) == 0)
        uv_sem_wait(&gate);
    if (strcmp(node, "unknown.test") == 0)
        return EAI_NONAME;
    *out = make_info("10.0.0.1");
    (*out)->ai_next = make_info("10.0.0.2");
    return 0;
}

/* ---- Who asks ---- */

struct fixture {
    struct sl_loop *loop;
    int stop_after;
};

struct asker {
    struct fixture *f;
    struct sl_lookup *lookup;
    struct asker *cancels; /* another, when this one is told */
    int err;
    size_t count;
    struct sl_addr first;
};

static void on_done(void *owner, int err, const char *words, const struct sl_addr *addrs,
                    size_t count)
{
    struct asker *asker = owner;

    assert_int_equal(asker->err, NOT_TOLD);
    assert_int_equal(err == 0, count > 0);
    assert_int_equal(err == 0, words[0] == '\0');
    asker->lookup = NULL;
    asker->err = err;
    asker->count = count;
    if (count > 0)
        asker->first = addrs[0];
    if (asker->cancels) {
        sl_resolve_cancel(asker->cancels->lookup);
        asker->cancels->lookup = NULL;
    }
    if (--asker->f->stop_after == 0)
        sl_loop_stop(asker->f->loop);
}

static void ask(struct fixture *f, struct asker *asker, const char *host, int64_t timeout_ms)
{
    *asker = (struct asker){.f = f, .err = NOT_TOLD};
    asker->lookup = sl_resolve(f->loop, host, PORT, timeout_ms, on_done, asker);
    assert_int_equal(asker->err, NOT_TOLD);
}

static void run_for(struct fixture *f, int answers)
{
    f->stop_after = answers;
    sl_loop_run(f->loop);
}

static void assert_is(const struct asker *asker, const char *ip)
{
    char text[SL_ADDR_TEXT_MAX];

    assert_int_equal(asker->err, 0);
    assert_string_equal(sl_addr_format_ip(&asker->first, text), ip);
    assert_int_equal(asker->first.port, PORT);
}

static int setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    f->loop = sl_loop_create("test");
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    atomic_store(&asked, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sl_loop_destroy(f->loop);
    uv_sem_destroy(&gate);
    free(f);
    return 0;
}

static void let_through(int count)
{
    while (count-- > 0)
        uv_sem_post(&gate);
}

/* Until the pool has taken so many. */
static void wait_until_asked(struct fixture *f, int count)
{
    while (atomic_load(&asked) < count)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_NOWAIT);
}

/* ---- Tests ---- */

static void an_address_is_no_question_for_the_system(void **state)
{
    struct fixture *f = *state;
    struct asker v4, v6, bracketed;

    ask(f, &v4, "192.0.2.7", LONG_MS);
    ask(f, &v6, "2001:db8::7", LONG_MS);
    ask(f, &bracketed, "[::1]", LONG_MS);
    run_for(f, 3);
    assert_is(&v4, "192.0.2.7");
    assert_is(&v6, "2001:db8::7");
    assert_is(&bracketed, "::1");
    assert_int_equal(atomic_load(&asked), 0);
}

static void a_name_has_all_its_addresses_with_the_port_asked_for(void **state)
{
    struct fixture *f = *state;
    struct asker asker;

    ask(f, &asker, "two.test", LONG_MS);
    run_for(f, 1);
    assert_is(&asker, "10.0.0.1");
    assert_int_equal(asker.count, 2);
}

static void a_name_without_an_address_is_told_so(void **state)
{
    struct fixture *f = *state;
    struct asker unknown, no_name;
    char longer[400];

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    ask(f, &unknown, "unknown.test", LONG_MS);
    ask(f, &no_name, longer, LONG_MS);
    run_for(f, 2);
    assert_int_equal(unknown.err, -ENOENT);
    assert_int_equal(no_name.err, -ENOENT);
}

static void those_who_ask_for_one_name_share_the_question(void **state)
{
    struct fixture *f = *state;
    struct asker askers[100];

    for (size_t i = 0; i < SL_ARRAY_LEN(askers); i++)
        ask(f, &askers[i], i % 2 ? "hangs.test" : "HANGS.test", LONG_MS);
    askers[0].cancels = &askers[1];
    askers[98].cancels = &askers[99]; /* the last one */
    let_through(1);
    run_for(f, 98);
    for (size_t i = 0; i < SL_ARRAY_LEN(askers); i++) {
        if (i == 1 || i == 99)
            assert_int_equal(askers[i].err, NOT_TOLD);
        else
            assert_is(&askers[i], "10.0.0.1");
    }
    assert_int_equal(atomic_load(&asked), 1);
}

static void who_waits_for_a_service_that_hangs_is_told_in_time(void **state)
{
    struct fixture *f = *state;
    struct asker hasty, patient;

    ask(f, &hasty, "hangs.test", SHORT_MS);
    run_for(f, 1);
    assert_int_equal(hasty.err, -ETIMEDOUT);
    ask(f, &patient, "hangs.test", LONG_MS); /* does not ask again what is being asked */
    let_through(1);
    run_for(f, 1);
    assert_is(&patient, "10.0.0.1");
    assert_int_equal(atomic_load(&asked), 1);
}

static void a_service_that_hangs_holds_a_bounded_number_of_questions(void **state)
{
    struct fixture *f = *state;
    struct asker askers[SL_RESOLVE_NAMES_MAX], further, joins, literal;
    char host[32];

    for (int i = 0; i < SL_RESOLVE_NAMES_MAX; i++) {
        (void)snprintf(host, sizeof(host), "hangs%d.test", i);
        ask(f, &askers[i], host, LONG_MS);
    }
    ask(f, &further, "further.test", LONG_MS);
    ask(f, &literal, "192.0.2.7", LONG_MS);
    run_for(f, 2);
    assert_int_equal(further.err, -ENOBUFS);
    assert_is(&literal, "192.0.2.7");
    ask(f, &joins, "hangs5.test", LONG_MS);
    let_through(SL_RESOLVE_NAMES_MAX);
    run_for(f, SL_RESOLVE_NAMES_MAX + 1);
    assert_is(&joins, "10.0.0.1");
    ask(f, &further, "further.test", LONG_MS);
    run_for(f, 1);
    assert_is(&further, "10.0.0.1");
}

static void too_many_who_wait_are_refused(void **state)
{
    struct fixture *f = *state;
    struct asker *askers = sl_new_array(struct asker, SL_RESOLVE_WAITERS_MAX), further;

    for (int i = 0; i < SL_RESOLVE_WAITERS_MAX; i++)
        ask(f, &askers[i], "hangs.test", LONG_MS);
    ask(f, &further, "hangs.test", LONG_MS);
    run_for(f, 1);
    assert_int_equal(further.err, -ENOBUFS);
    let_through(1);
    run_for(f, SL_RESOLVE_WAITERS_MAX);
    free(askers);
}

static void who_has_given_up_hears_nothing(void **state)
{
    struct fixture *f = *state;
    struct asker runs, queued, literal, last;

    /* The pool's share for names, so that the next one waits in the queue. */
    ask(f, &runs, "hangs.test", LONG_MS);
    wait_until_asked(f, 1);
    ask(f, &queued, "two.test", LONG_MS);
    ask(f, &literal, "192.0.2.7", LONG_MS);
    sl_resolve_cancel(queued.lookup);
    sl_resolve_cancel(literal.lookup);
    sl_resolve_cancel(runs.lookup);
    sl_resolve_cancel(NULL);
    let_through(1);
    ask(f, &last, "last.test", LONG_MS);
    run_for(f, 1);
    assert_is(&last, "10.0.0.1");
    assert_int_equal(runs.err, NOT_TOLD);
    assert_int_equal(queued.err, NOT_TOLD);
    assert_int_equal(literal.err, NOT_TOLD);
}

static void a_name_that_was_given_up_can_be_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct asker hangs[4], first, second;
    static const char *const hosts[] = {"hangs1.test", "hangs2.test", "hangs3.test", "hangs4.test"};

    for (size_t i = 0; i < SL_ARRAY_LEN(hangs); i++)
        ask(f, &hangs[i], hosts[i], LONG_MS);
    wait_until_asked(f, 2); /* half of libuv's four threads: the rest is in the queue */
    ask(f, &first, "two.test", LONG_MS);
    sl_resolve_cancel(first.lookup);
    ask(f, &second, "two.test", LONG_MS);
    let_through((int)SL_ARRAY_LEN(hangs));
    run_for(f, (int)SL_ARRAY_LEN(hangs) + 1);
    assert_int_equal(first.err, NOT_TOLD);
    assert_is(&second, "10.0.0.1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_is_no_question_for_the_system),
        TEST(a_name_has_all_its_addresses_with_the_port_asked_for),
        TEST(a_name_without_an_address_is_told_so),
        TEST(those_who_ask_for_one_name_share_the_question),
        TEST(who_waits_for_a_service_that_hangs_is_told_in_time),
        TEST(a_service_that_hangs_holds_a_bounded_number_of_questions),
        TEST(too_many_who_wait_are_refused),
        TEST(who_has_given_up_hears_nothing),
        TEST(a_name_that_was_given_up_can_be_asked_for_again),
    };

    return cmocka_run_group_tests_name("net resolve", tests, NULL, NULL);
}
