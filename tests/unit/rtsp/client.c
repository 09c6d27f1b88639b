/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A conversation, with the gate in the test's hands. */
#include "../stream/frames.h"
#include "base/config.h"
#include "hooks/hooks.h"
#include "rtsp/internal.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT_MAX = 4096 };

struct sl_visit {
    struct sl_gate_request request;
    struct sl_medium *medium; /* NULL: it has not begun, or was closed */
};

struct hall {
    struct fixture *core;
    struct sl_rtsp rtsp;
    struct sl_config *config;
    struct sl_visit visit;
    size_t entered;
    int fd; /* the player's end */
    char text[TEXT_MAX];
    size_t len;
};

/* ---- The gate, the back end ---- */

static struct sl_visit *enter(void *arg, const struct sl_gate_request *request)
{
    struct hall *hall = arg;

    hall->entered++;
    hall->visit = (struct sl_visit){.request = *request};
    return &hall->visit;
}

static void close_medium(struct sl_visit *visit)
{
    if (visit->medium)
        visit->request.provider->close(visit->medium);
    visit->medium = NULL;
}

static void leave(struct sl_visit *visit, bool stopped)
{
    (void)stopped;
    close_medium(visit);
}

static bool is_guarded(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return false;
}

static void cancel(void *arg, struct sl_hook_call *call)
{
    (void)arg;
    assert_null(call);
}

static void on_state(void *owner, enum sl_medium_state state, enum sl_reason reason)
{
    (void)owner;
    (void)state;
    (void)reason;
}

static void on_closed(void *owner)
{
    (void)owner;
}

/* ---- A hall ---- */

struct opening {
    struct hall *hall;
    size_t worker;
};

/* The workers run already: on theirs. */
static void do_open_lane(void *arg)
{
    struct opening *opening = arg;

    opening->hall->rtsp.lanes[opening->worker] =
        sl_rtsp_lane_create(worker_at(opening->hall->core, opening->worker));
}

static int set_up_hall(void **state)
{
    static const struct sl_hooks hooks = {.cancel = cancel};
    struct hall *hall = sl_new(struct hall);
    int pair[2];
    void *core;

    (void)set_up(&core);
    hall->core = core;
    hall->config = sl_config_create();
    hall->rtsp.config = (struct sl_rtsp_config){
        .config = hall->config,
        .loop = hall->core->core.control,
        .workers = hall->core->core.workers,
        .gate = {.arg = hall, .enter = enter, .leave = leave, .is_guarded = is_guarded},
        .hooks = &hooks,
    };
    sl_list_init(&hall->rtsp.clients);
    hall->rtsp.conns = sl_conn_set_create(hall->core->core.control);
    for (size_t i = 0; i < 2; i++)
        on_worker(hall->core, i, do_open_lane, &(struct opening){hall, i});
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    hall->fd = pair[0];
    sl_rtsp_client_create(&hall->rtsp, pair[1]);
    *state = hall;
    return 0;
}

static bool has_nobody(void *arg)
{
    return ((struct hall *)arg)->rtsp.client_count == 0;
}

static int tear_down_hall(void **state)
{
    struct hall *hall = *state;
    struct fixture *f = hall->core;

    (void)close(hall->fd);
    core_wait(&f->core, has_nobody, hall);
    sl_stream_release(f->stream);
    core_wait(&f->core, core_is_drained, &f->core);
    sl_workers_stop(f->core.workers);
    for (size_t i = 0; i < 2; i++)
        sl_rtsp_lane_destroy(hall->rtsp.lanes[i]);
    sl_conn_set_destroy(hall->rtsp.conns);
    core_deinit(&f->core);
    sl_config_destroy(hall->config);
    free(f);
    free(hall);
    return 0;
}

/* ---- The player ---- */

static void say(struct hall *hall, const char *request)
{
    size_t len = strlen(request);

    hall->len = 0;
    assert_int_equal(send(hall->fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
}

static bool has_answer(void *arg)
{
    struct hall *hall = arg;
    ssize_t got = recv(hall->fd, hall->text + hall->len, TEXT_MAX - 1 - hall->len, 0);

    if (got > 0)
        hall->len += (size_t)got;
    hall->text[hall->len] = '\0';
    return strstr(hall->text, "\r\n\r\n") != NULL;
}

static void expect(struct hall *hall, const char *status)
{
    core_wait(&hall->core->core, has_answer, hall);
    assert_memory_equal(hall->text, status, strlen(status));
}

static bool has_heard(void *arg)
{
    int waiting = 0;

    assert_int_equal(ioctl(((struct hall *)arg)->fd, SIOCOUTQ, &waiting), 0);
    return waiting == 0;
}

static bool has_entered(void *arg)
{
    return ((struct hall *)arg)->entered > 0;
}

static void begin(struct hall *hall)
{
    static const struct sl_medium_ops ops = {.on_state = on_state, .on_closed = on_closed};
    const struct sl_provider *provider = hall->visit.request.provider;
    struct sl_medium_request request = {.stream = hall->core->stream, .ops = &ops, .owner = hall};
    struct sl_medium_facts facts;

    assert_int_equal(provider->begin(provider->arg, &request, &facts, &hall->visit.medium),
                     SL_REASON_NONE);
    provider->start(hall->visit.medium);
}

/* In a session of its own, whose id it returns. */
static const char *set_up_session(struct hall *hall)
{
    struct fixture *f = hall->core;
    struct sl_track *track = publish(f, true, SL_CODEC_VP8, SL_CODEC_NONE);

    sl_stream_set_live(f->stream);
    say(hall, "SETUP rtsp://h/cam/trackID=1 RTSP/1.0\r\nCSeq: 1\r\n"
              "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n");
    core_wait(&f->core, has_entered, hall);
    begin(hall);
    (void)feed(f, track, SL_CODEC_VP8, TEXT(VP8_KEY), true, START, START);
    expect(hall, "RTSP/1.0 200");
    char *session = strstr(hall->text, "Session: ");
    assert_non_null(session);
    session += strlen("Session: ");
    session[strcspn(session, ";")] = '\0';
    return session;
}

/* The gate closes its medium at once, and tells the client of the end in the next turn. */
static void asks_between_the_end_of_its_stream_and_the_news_of_it(struct hall *hall,
                                                                  const char *method)
{
    const struct sl_why why = {.reason = SL_REASON_PUBLISHER_END};
    char request[256];

    (void)snprintf(request, sizeof(request),
                   "%s rtsp://h/cam/trackID=1 RTSP/1.0\r\nCSeq: 2\r\nSession: %s\r\n"
                   "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
                   method, set_up_session(hall));
    close_medium(&hall->visit);
    say(hall, request);
    core_wait(&hall->core->core, has_heard, hall);
    for (int turn = 0; turn < 3; turn++) /* it has been read: the client is told of it */
        (void)uv_run(sl_loop_uv(hall->core->core.control), UV_RUN_ONCE);
    assert_false(has_answer(hall));
    hall->visit.request.on_end(hall->visit.request.owner, &why);
    expect(hall, "RTSP/1.0 404");
    assert_int_equal(hall->entered, 1);
}

static void is_told_of_the_end_of_its_stream_by_the_answer_to_pause(void **state)
{
    asks_between_the_end_of_its_stream_and_the_news_of_it(*state, "PAUSE");
}

static void is_told_of_the_end_of_its_stream_by_the_answer_to_play(void **state)
{
    asks_between_the_end_of_its_stream_and_the_news_of_it(*state, "PLAY");
}

static void is_told_of_the_end_of_its_stream_by_the_answer_to_setup(void **state)
{
    asks_between_the_end_of_its_stream_and_the_news_of_it(*state, "SETUP");
}

static void is_told_of_the_end_of_its_stream_by_the_answer_to_describe(void **state)
{
    asks_between_the_end_of_its_stream_and_the_news_of_it(*state, "DESCRIBE");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_hall, tear_down_hall)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_told_of_the_end_of_its_stream_by_the_answer_to_pause),
        TEST(is_told_of_the_end_of_its_stream_by_the_answer_to_play),
        TEST(is_told_of_the_end_of_its_stream_by_the_answer_to_setup),
        TEST(is_told_of_the_end_of_its_stream_by_the_answer_to_describe),
    };

    return cmocka_run_group_tests_name("rtsp client", tests, NULL, NULL);
}
