/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of pushes, with real loops and threads and servers that listen and say nothing: what
 * is refused, what is found, and that each request is answered once whatever goes away meanwhile.
 */
#include "../core.h"
#include "../engine_loopback.h"
#include "../names.h"
#include "program/program.h"
#include "push/push.h"

#include "base/config.h"
#include "base/error.h"
#include "jobs/jobs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 20 * SL_US_PER_S };

struct fixture {
    struct core core;
    struct sl_config *config;
    struct sl_job_pool *jobs;
    struct sl_tls_clients *tls;
    struct sl_programs *programs;
    struct sl_pushes *pushes;
    struct sl_stream *stream;
    int listener; /* accepts (the kernel does) and never answers */
    char url[64];
    bool stopped;
};

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner;
    (void)track;
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

static struct sl_stream *make_stream(struct fixture *f, const char *name,
                                     const struct sl_reservation *reservation)
{
    struct sl_stream_config config = {
        .name = name,
        .worker = sl_workers_at(f->core.workers, 0),
        .ops = &source_ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}},
                   {.present = true, .codec_count = 1, .codecs = {{SL_CODEC_H264, ""}}}},
        .reservation = reservation,
    };
    struct sl_stream *stream;

    assert_int_equal(sl_stream_create(f->core.streams, &config, &stream), 0);
    return stream;
}

static void listen_somewhere(struct fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(sa);

    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(f->listener, 64), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&sa, &len), 0);
    (void)snprintf(f->url, sizeof(f->url), "rtmp://127.0.0.1:%u/live", ntohs(sa.sin_port));
}

static void set_option(struct fixture *f, const char *assignment)
{
    struct sl_error error;

    if (sl_config_set(f->config, assignment, &error) < 0)
        fail_msg("%s", error.text);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    (void)signal(SIGPIPE, SIG_IGN);
    f->config = sl_config_create();
    set_option(f, "rtmp_transponder_stream_name_prefix=rtmp_");
    set_option(f, "media_dir=/nowhere");
    core_start(&f->core,
               (struct sl_workers_config){.count = 2, .packets_max = 1024, .ring_packets = 64});
    loopback.control = f->core.control;
    f->tls = sl_tls_clients_create();
    f->jobs = sl_job_pool_create(f->core.control, 2);
    assert_int_equal(sl_job_pool_start(f->jobs), 0);
    f->programs = sl_programs_create(
        &(struct sl_programs_config){.pool = f->jobs, .control = f->core.control});
    struct sl_pushes_config pushes = {.config = f->config,
                                      .loop = f->core.control,
                                      .streams = f->core.streams,
                                      .jobs = f->jobs,
                                      .programs = f->programs,
                                      .tls = f->tls};
    f->pushes = sl_pushes_create(&pushes);
    f->stream = make_stream(f, "cam", NULL);
    sl_stream_set_live(f->stream);
    listen_somewhere(f);
    *state = f;
    return 0;
}

static void wait_for(struct fixture *f, bool (*condition)(struct fixture *f, void *arg), void *arg)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    while (!condition(f, arg)) {
        if (sl_now_us() > deadline_us)
            fail_msg("waited in vain");
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);
    }
}

static void on_stopped(void *owner)
{
    ((struct fixture *)owner)->stopped = true;
}

static bool is_stopped(struct fixture *f, void *arg)
{
    (void)arg;
    return f->stopped;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (!f->stopped)
        sl_pushes_stop(f->pushes, on_stopped, f);
    wait_for(f, is_stopped, NULL);
    sl_pushes_destroy(f->pushes);
    f->stopped = false;
    sl_programs_stop(f->programs, on_stopped, f);
    wait_for(f, is_stopped, NULL);
    sl_programs_destroy(f->programs);
    sl_stream_release(f->stream);
    core_wait(&f->core, core_is_drained, &f->core);
    sl_job_pool_destroy(f->jobs);
    sl_tls_clients_destroy(f->tls);
    core_stop(&f->core);
    sl_config_destroy(f->config);
    (void)close(f->listener);
    free(f);
    return 0;
}

/* ---- Asking ---- */

enum { PUSH_ID_MAX = 32 };

struct answer {
    int calls, err;
    char words[256];
    char id[PUSH_ID_MAX];
};

static void on_done(void *owner, int err, const char *words, struct sl_push *push)
{
    struct answer *answer = owner;
    struct sl_push_summary summary;

    answer->calls++;
    answer->err = err;
    (void)snprintf(answer->words, sizeof(answer->words), "%s", words);
    assert_true((err == 0) == (push != NULL));
    if (!push)
        return;
    sl_push_summary(push, &summary);
    (void)snprintf(answer->id, sizeof(answer->id), "%s", summary.media_session_id);
}

static bool is_answered(struct fixture *f, void *arg)
{
    (void)f;
    return ((struct answer *)arg)->calls > 0;
}

static struct answer ask_for(struct fixture *f, const struct sl_push_request *request)
{
    struct answer answer = {0};

    struct sl_push_start *start = sl_push_start(f->pushes, request, on_done, &answer);
    assert_non_null(start);
    assert_int_equal(answer.calls, 0); /* never from within */
    wait_for(f, is_answered, &answer);
    assert_int_equal(answer.calls, 1);
    return answer;
}

static struct answer ask(struct fixture *f, const char *stream, const char *url)
{
    return ask_for(f, &(struct sl_push_request){.stream = stream, .rtmp_url = url});
}

static void count_push(struct sl_push *push, void *arg)
{
    (void)push;
    (*(int *)arg)++;
}

static size_t count(struct fixture *f, const char *stream, const char *url)
{
    int calls = 0;
    size_t found = sl_pushes_each(f->pushes, stream, url, count_push, &calls);

    assert_int_equal(found, calls);
    return found;
}

static void describes_itself_as_the_transponder_of_the_api(void **state) /* REST-19 */
{
    struct fixture *f = *state;
    json_t *options = json_pack("{s:s}", "action", "mute");
    struct answer answer =
        ask_for(f, &(struct sl_push_request){
                       .stream = "cam", .rtmp_url = f->url, .options = options, .mute = true});

    assert_int_equal(answer.err, 0);
    assert_int_equal(strlen(answer.id), 26);
    assert_int_equal(strspn(answer.id, "0123456789abcdefghijklmnopqrstuvwxyz"), 26);
    json_t *told = sl_push_describe(sl_pushes_find(f->pushes, answer.id));
    json_t *expected = json_pack("{s:s, s:s, s:s, s:i, s:i, s:b, s:b, s:O}", "mediaSessionId",
                                 answer.id, "streamName", "rtmp_cam", "rtmpUrl", f->url, "width", 0,
                                 "height", 0, "muted", 1, "soundEnabled", 0, "options", options);
    assert_true(json_equal(told, expected));
    json_decref(told);
    json_decref(expected);
    json_decref(options);
}

static void refuses_with_the_right_number_and_words(void **state)
{
    struct fixture *f = *state;
    char other[80];
    static const struct {
        const char *stream, *url, *flash_version, *sound;
        enum sl_push_origin origin;
        int err;
        const char *words;
    } cases[] = {
        {"cam", "", NULL, NULL, SL_PUSH_BY_OPERATOR, -EINVAL, "missing"},
        {"cam", "http://h/", NULL, NULL, SL_PUSH_BY_OPERATOR, -EINVAL, "rtmp://"},
        {"cam", "rtmp://no-such-host.invalid/live", NULL, NULL, SL_PUSH_BY_OPERATOR, -EINVAL,
         "resolved"},
        {"cam", "rtmp://a..b/live", NULL, NULL, SL_PUSH_BY_OPERATOR, -EINVAL, "resolved"},
        {"none", "rtmp://127.0.0.1/live", NULL, NULL, SL_PUSH_BY_OPERATOR, -ENOENT, "Stream"},
        {"cam", "rtmp://127.0.0.1/live", "a\r\nb", NULL, SL_PUSH_BY_OPERATOR, -EINVAL, "control"},
        {"cam", "rtmp://127.0.0.1/live", NULL, "../x", SL_PUSH_BY_OPERATOR, -EINVAL, "soundFile"},
        {"cam", "rtmp://127.0.0.1/live", NULL, "x", SL_PUSH_BY_OPERATOR, -ENOENT, "soundFile"},
        {"cam", "rtmp://127.0.0.1/live", NULL, NULL, SL_PUSH_BY_CLIENT, -EACCES, "127.0.0.1"},
        {"cam", "rtmp://localhost/live", NULL, NULL, SL_PUSH_BY_CLIENT, -EACCES, "not a public"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct answer answer =
            ask_for(f, &(struct sl_push_request){.stream = cases[i].stream,
                                                 .rtmp_url = cases[i].url,
                                                 .flash_version = cases[i].flash_version,
                                                 .sound_file = cases[i].sound,
                                                 .origin = cases[i].origin});
        if (answer.err != cases[i].err || !strstr(answer.words, cases[i].words))
            fail_msg("%s to %s: %d %s", cases[i].stream, cases[i].url, answer.err, answer.words);
    }
    assert_int_equal(sl_pushes_count(f->pushes), 0);
    assert_int_equal(ask(f, "cam", f->url).err, 0);
    assert_int_equal(ask(f, "cam", f->url).err, -EEXIST); /* REST-20 */
    (void)snprintf(other, sizeof(other), "%s2", f->url);
    assert_int_equal(ask(f, "cam", other).err, 0);
    set_option(f, "pushes_max=2");
    assert_int_equal(ask(f, "cam", "rtmp://127.0.0.1/3").err, -ENOBUFS);
}

/* One descriptor less than it needs to begin, and again, until it has what its connection takes. */
static void without_descriptors_it_is_refused_and_keeps_none(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {.err = -1};
    struct rlimit old, low;
    size_t refused = 0;
    int probe = dup(0);

    (void)close(probe);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    for (low.rlim_cur = (rlim_t)probe; answer.err < 0; low.rlim_cur++) {
        assert_true(low.rlim_cur < (rlim_t)probe + 16);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        answer = ask(f, "cam", f->url);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        if (answer.err < 0) {
            assert_int_equal(answer.err, -ENOBUFS);
            assert_string_equal(answer.words, "no descriptors are left for a push");
            assert_int_equal(sl_pushes_count(f->pushes), 0);
            refused++;
        }
    }
    assert_true(refused > 0);
}

static void finds_by_source_by_published_name_and_by_url(void **state) /* REST-23 */
{
    struct fixture *f = *state;
    char masked[80], plain[80];

    (void)snprintf(plain, sizeof(plain), "rtmp://u:secret@%s", f->url + 7);
    (void)snprintf(masked, sizeof(masked), "rtmp://u:***@%s", f->url + 7);
    assert_int_equal(ask(f, "cam", f->url).err, 0);
    struct answer second = ask(f, "cam", plain);
    assert_int_equal(second.err, 0);
    assert_int_equal(count(f, NULL, NULL), 2);
    assert_int_equal(count(f, "cam", NULL), 2);
    assert_int_equal(count(f, "rtmp_cam", f->url), 1);
    assert_int_equal(count(f, "rtmp_cam", plain), 1);
    assert_int_equal(count(f, NULL, masked), 0);
    assert_int_equal(count(f, "other", NULL), 0);
    struct sl_push_summary summary;
    sl_push_summary(sl_pushes_find(f->pushes, second.id), &summary);
    assert_string_equal(summary.target, masked);
    assert_null(sl_pushes_find(f->pushes, "nobody"));
    sl_push_terminate(sl_pushes_find(f->pushes, second.id));
    assert_int_equal(count(f, NULL, NULL), 1);
    assert_null(sl_pushes_find(f->pushes, second.id));
    assert_int_equal(ask(f, "cam", plain).err, 0); /* the name is free at once */
}

static enum sl_push_state state_of(struct fixture *f, const char *id)
{
    struct sl_push_summary summary;
    struct sl_push *push = sl_pushes_find(f->pushes, id);

    if (!push)
        return SL_PUSH_ENDED;
    sl_push_summary(push, &summary);
    return summary.state;
}

static void waits_for_streams_to_come_and_ends_with_them(void **state) /* REST-22, REST-36 */
{
    struct fixture *f = *state;
    struct sl_reservation *reservation;

    assert_int_equal(sl_streams_reserve(f->core.streams, "call", &reservation), 0);
    struct answer answer = ask(f, "call", f->url);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_WAITING);
    /* A stream that ends before it is live leaves the push waiting. */
    struct sl_stream *stream = make_stream(f, "call", reservation);
    struct answer early = ask(f, "call", "rtmp://127.0.0.1:1/early");
    sl_stream_release(stream);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_WAITING);
    assert_int_equal(state_of(f, early.id), SL_PUSH_WAITING);
    stream = make_stream(f, "call", reservation);
    sl_stream_set_live(stream);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_CONNECTING);
    sl_stream_release(stream);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_ENDED);

    answer = ask(f, "call", f->url);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_WAITING);
    sl_reservation_release(reservation);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_ENDED);

    /* One that is published but not yet live, without a reservation. */
    stream = make_stream(f, "late", NULL);
    answer = ask(f, "late", f->url);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_WAITING);
    sl_stream_release(stream);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_ENDED);
}

static void note_id(const struct sl_taker *taker, void *arg)
{
    assert_int_equal(taker->kind, SL_TAKER_OUTPUT);
    assert_string_equal(taker->protocol, "rtmp");
    (void)snprintf(arg, PUSH_ID_MAX, "%s", taker->id);
}

static void its_stream_lists_it_from_the_request_to_the_end(void **state)
{
    struct fixture *f = *state;
    char id[PUSH_ID_MAX] = "";

    struct answer answer = ask(f, "cam", f->url);
    assert_int_equal(sl_stream_takers(f->stream, SL_TAKER_OUTPUT), 1);
    sl_stream_each_taker(f->stream, note_id, id);
    assert_string_equal(id, answer.id);
    struct answer other = ask(f, "cam", "rtmp://127.0.0.1:1/other");
    assert_int_equal(sl_stream_takers(f->stream, SL_TAKER_OUTPUT), 2);
    sl_push_terminate(sl_pushes_find(f->pushes, other.id));
    assert_int_equal(sl_stream_takers(f->stream, SL_TAKER_OUTPUT), 1);
    sl_push_terminate(sl_pushes_find(f->pushes, answer.id));
    assert_int_equal(sl_stream_takers(f->stream, SL_TAKER_OUTPUT), 0);

    /* One that waits for its stream is listed there as soon as there is one. */
    struct sl_stream *late = make_stream(f, "late", NULL);
    (void)ask(f, "late", f->url);
    assert_int_equal(sl_stream_takers(late, SL_TAKER_OUTPUT), 1);
    sl_stream_release(late);
}

static bool has_ended(struct fixture *f, void *arg)
{
    return state_of(f, arg) == SL_PUSH_ENDED;
}

static bool is_retrying(struct fixture *f, void *arg)
{
    return state_of(f, arg) == SL_PUSH_RETRYING;
}

static void tries_again_as_often_as_it_is_told_and_then_ends(void **state)
{
    struct fixture *f = *state;
    struct sl_push_summary summary;

    struct answer answer = ask(f, "cam", "rtmp://127.0.0.1:1/nobody");
    wait_for(f, has_ended, answer.id);

    set_option(f, "rtmp_push_restore=true");
    set_option(f, "rtmp_push_restore_attempts=2");
    set_option(f, "rtmp_push_restore_interval_ms=100");
    answer = ask(f, "cam", "rtmp://127.0.0.1:1/nobody");
    wait_for(f, is_retrying, answer.id);
    sl_push_summary(sl_pushes_find(f->pushes, answer.id), &summary);
    assert_int_equal(summary.retries, 1);
    wait_for(f, has_ended, answer.id);

    answer = ask(f, "cam", "rtmp://127.0.0.1:1/nobody");
    wait_for(f, is_retrying, answer.id);
    sl_push_terminate(sl_pushes_find(f->pushes, answer.id));
}

static void every_address_of_a_name_is_tried(void **state)
{
    struct fixture *f = *state;

    for (int last = 1; last <= 3; last++) {
        uint16_t port;
        char url[64];
        int listener = names_listen(last, &port);
        (void)snprintf(url, sizeof(url), "rtmp://several.test:%u/live", port);
        struct answer answer = ask(f, "cam", url);
        assert_int_equal(answer.err, 0);
        int fd = accept(listener, NULL, NULL); /* the push is on a thread of its own */
        assert_true(fd >= 0);
        (void)close(fd);
        (void)close(listener);
        wait_for(f, has_ended, answer.id);
    }
}

static bool is_connecting(struct fixture *f, void *arg)
{
    return state_of(f, arg) == SL_PUSH_CONNECTING;
}

static void without_descriptors_it_tries_again_if_it_may(void **state)
{
    struct fixture *f = *state;
    struct rlimit old, low;

    set_option(f, "rtmp_push_restore=true");
    set_option(f, "rtmp_push_restore_interval_ms=100");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct answer answer = ask(f, "cam", f->url);
    assert_int_equal(state_of(f, answer.id), SL_PUSH_RETRYING);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    wait_for(f, is_connecting, answer.id);
}

static void a_cancelled_request_is_never_answered(void **state)
{
    struct fixture *f = *state;
    struct answer cancelled = {0};
    struct sl_push_request request = {.stream = "cam", .rtmp_url = f->url};

    struct sl_push_start *start = sl_push_start(f->pushes, &request, on_done, &cancelled);
    assert_non_null(start);
    struct answer twin = {0}; /* the same is under way: REST-20 holds for what is promised, too */
    struct sl_push_start *refused = sl_push_start(f->pushes, &request, on_done, &cancelled);
    assert_non_null(sl_push_start(f->pushes, &request, on_done, &twin));
    sl_push_start_cancel(refused);
    sl_push_start_cancel(start);
    sl_push_start_cancel(NULL);
    wait_for(f, is_answered, &twin);
    assert_int_equal(twin.err, -EEXIST);
    assert_int_equal(ask(f, "cam", f->url).err, 0);
    assert_int_equal(cancelled.calls, 0);
}

static void the_stream_may_end_while_the_host_is_resolved(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    struct sl_push_request request = {.stream = "brief", .rtmp_url = f->url};

    struct sl_stream *stream = make_stream(f, "brief", NULL);
    sl_stream_set_live(stream);
    assert_non_null(sl_push_start(f->pushes, &request, on_done, &answer));
    sl_stream_release(stream);
    wait_for(f, is_answered, &answer);
    assert_int_equal(answer.err, -ENOENT);
}

static void a_stop_answers_what_is_asked_and_ends_what_there_is(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    struct sl_push_request request = {.stream = "cam", .rtmp_url = "rtmp://127.0.0.1:1/x"};

    for (int i = 0; i < 10; i++) {
        char url[96];
        (void)snprintf(url, sizeof(url), "%s/%d", f->url, i);
        assert_int_equal(ask(f, "cam", url).err, 0);
    }
    assert_non_null(sl_push_start(f->pushes, &request, on_done, &answer));
    sl_pushes_stop(f->pushes, on_stopped, f);
    assert_false(f->stopped);
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.err, -ENOBUFS);
    assert_int_equal(sl_pushes_count(f->pushes), 0);
    wait_for(f, is_stopped, NULL);
    struct answer late = {0};
    assert_non_null(sl_push_start(f->pushes, &request, on_done, &late));
    wait_for(f, is_answered, &late);
    assert_int_equal(late.err, -ENOBUFS);
    /* One that nobody waits for any more when all is taken down. */
    assert_non_null(sl_push_start(f->pushes, &request, on_done, &late));
}

static void what_is_refused_at_once_promises_nothing(void **state)
{
    struct fixture *f = *state;
    struct answer wrong = {0}, right = {0};
    struct sl_push_request request = {.stream = "cam", .rtmp_url = f->url, .flash_version = "a\nb"};

    assert_non_null(sl_push_start(f->pushes, &request, on_done, &wrong));
    request.flash_version = NULL;
    assert_non_null(sl_push_start(f->pushes, &request, on_done, &right));
    wait_for(f, is_answered, &right);
    assert_int_equal(wrong.err, -EINVAL);
    assert_int_equal(right.err, 0);
}

static void on_sound(void *owner, int err, const char *words)
{
    struct answer *answer = owner;

    (void)words;
    answer->calls++;
    answer->err = err;
}

static void each_request_for_a_sound_is_answered_once(void **state)
{
    struct fixture *f = *state;
    struct answer first = {0}, second = {0}, third = {0}, off = {0};
    struct answer answer = ask(f, "cam", f->url);
    struct sl_push *push = sl_pushes_find(f->pushes, answer.id);

    sl_push_set_sound(push, "a/b", false, on_sound, &first);
    assert_int_equal(first.calls, 0); /* never from within */
    wait_for(f, is_answered, &first);
    assert_int_equal(first.err, -EINVAL);
    memset(&first, 0, sizeof(first));
    sl_push_set_sound(push, "a/b", false, on_sound, &first);
    sl_push_set_sound(push, "first", false, on_sound, &second);
    assert_int_equal(first.calls, 1); /* its own answer was known already */
    assert_int_equal(first.err, -EINVAL);
    sl_push_set_sound(push, "second", false, on_sound, &third);
    assert_int_equal(second.calls, 1);
    assert_int_equal(second.err, -ECANCELED);
    wait_for(f, is_answered, &third);
    assert_int_equal(third.err, -ENOENT);
    sl_push_set_sound(push, NULL, false, on_sound, &off);
    assert_int_equal(off.calls, 0);
    wait_for(f, is_answered, &off);
    assert_int_equal(off.calls, 1);
    assert_int_equal(off.err, 0);
    memset(&third, 0, sizeof(third));
    sl_push_set_sound(push, "third", false, on_sound, &third);
    sl_push_set_muted(push, true);
    sl_push_terminate(push);
    assert_int_equal(third.calls, 1);
    assert_int_equal(third.err, -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(describes_itself_as_the_transponder_of_the_api),
        TEST(refuses_with_the_right_number_and_words),
        TEST(without_descriptors_it_is_refused_and_keeps_none),
        TEST(finds_by_source_by_published_name_and_by_url),
        TEST(waits_for_streams_to_come_and_ends_with_them),
        TEST(its_stream_lists_it_from_the_request_to_the_end),
        TEST(tries_again_as_often_as_it_is_told_and_then_ends),
        TEST(every_address_of_a_name_is_tried),
        TEST(without_descriptors_it_tries_again_if_it_may),
        TEST(a_cancelled_request_is_never_answered),
        TEST(what_is_refused_at_once_promises_nothing),
        TEST(the_stream_may_end_while_the_host_is_resolved),
        TEST(a_stop_answers_what_is_asked_and_ends_what_there_is),
        TEST(each_request_for_a_sound_is_answered_once),
    };

    return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
