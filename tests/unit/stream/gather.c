/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the packets of a large room wait for the rest of their picture, and what is read meanwhile.
 */
#include "../core.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_US = 10 * SL_US_PER_S, SINKS = 200 };

/* All but the core is used on the worker, and read when it has done a job. */
struct fixture {
    struct core core;
    struct sl_worker *worker;
    struct sl_stream *stream;
    struct sl_sink *sinks[SINKS];
    /* What the socket holds, one character a packet: v, V for the last of a picture, a for sound; a
     * space: nothing more for this turn; f: what flushes, as the end of a peer does; e: what asks
     * for the turn's end. */
    const char *arriving;
    int64_t seq;
    struct sl_later at_end;
    /* - and +: listen off and on, r: received, digits: packets the first sink got, e: what was
     * asked for at the end */
    char told[64];
    _Atomic size_t told_len;
};

static void tell(struct fixture *f, char what)
{
    size_t len = atomic_load(&f->told_len);

    if (len + 1 < sizeof(f->told))
        f->told[len] = what;
    atomic_store(&f->told_len, len + 1);
}

static void input_some(struct fixture *f)
{
    for (; *f->arriving && *f->arriving != ' '; f->arriving++) {
        if (*f->arriving == 'f') {
            sl_worker_flush(f->worker);
            continue;
        }
        if (*f->arriving == 'e') {
            sl_worker_at_end(f->worker, &f->at_end);
            continue;
        }
        bool audio = *f->arriving == 'a';
        struct sl_rtp_packet *packet = sl_rtp_packet_create(f->worker);
        packet->seq = f->seq++;
        packet->timestamp = 0;
        packet->codec = audio ? SL_CODEC_OPUS : SL_CODEC_VP8;
        packet->marker = *f->arriving == 'V';
        packet->payload_len = 10;
        sl_track_input(sl_stream_track(f->stream, audio ? SL_AUDIO : SL_VIDEO), packet);
    }
    if (*f->arriving)
        f->arriving++;
}

static void on_flush(void *owner)
{
    (void)owner;
}

static void on_listen(void *owner, bool on)
{
    tell(owner, on ? '+' : '-');
}

static void on_receive(void *owner)
{
    tell(owner, 'r');
    input_some(owner);
}

static const struct sl_worker_io io = {on_flush, on_listen, on_receive};

static void on_packets(void *owner, struct sl_rtp_packet *const *packets, size_t count)
{
    (void)packets;
    if (owner)
        tell(owner, (char)('0' + count));
}

static const struct sl_sink_ops sink_ops = {.protocol = "test", .on_packets = on_packets};

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner, (void)track;
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

static void on_worker(struct fixture *f, void (*fn)(void *arg))
{
    core_on_worker(&f->core, f->worker, fn, f);
}

static void on_end(struct sl_later *later)
{
    tell(sl_container_of(later, struct fixture, at_end), 'e');
}

static void do_start(void *arg)
{
    struct fixture *f = arg;

    sl_worker_set_io(f->worker, &io, f);
    for (size_t i = 0; i < SINKS; i++)
        sl_sink_start(f->sinks[i]);
}

static void do_input(void *arg)
{
    input_some(arg);
}

static void do_stop(void *arg)
{
    struct fixture *f = arg;

    for (size_t i = 0; i < SINKS; i++)
        sl_sink_stop(f->sinks[i]);
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    core_start(&f->core, (struct sl_workers_config){.count = 1,
                                                    .packets_max = 4096,
                                                    .ring_packets = 256,
                                                    .keyframe_interval_us = SL_US_PER_S,
                                                    .gather_max_us = 2000});
    f->worker = sl_workers_at(f->core.workers, 0);
    f->at_end.run = on_end;
    struct sl_stream_config stream = {
        .name = "cam",
        .worker = f->worker,
        .ops = &source_ops,
        .tracks = {{.present = true, .codec_count = 1, .codecs = {{SL_CODEC_OPUS, ""}}},
                   {.present = true, .codec_count = 1, .codecs = {{SL_CODEC_VP8, ""}}}},
    };
    assert_int_equal(sl_stream_create(f->core.streams, &stream, &f->stream), 0);
    for (size_t i = 0; i < SINKS; i++) /* half of sound; the first of each kind tell */
        f->sinks[i] = sl_sink_create(sl_stream_track(f->stream, i % 2 ? SL_VIDEO : SL_AUDIO),
                                     f->worker, &sink_ops, i < 2 ? f : NULL);
    on_worker(f, do_start);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    on_worker(f, do_stop);
    for (size_t i = 0; i < SINKS; i++)
        sl_sink_destroy(f->sinks[i]);
    sl_stream_release(f->stream);
    core_stop(&f->core);
    free(f);
    return 0;
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void check(struct fixture *f, const char *arriving, const char *told)
{
    int64_t deadline_us = sl_now_us() + DEADLINE_US;

    memset(f->told, 0, sizeof(f->told));
    atomic_store(&f->told_len, 0);
    f->arriving = arriving;
    on_worker(f, do_input);
    while (atomic_load(&f->told_len) < strlen(told) && sl_now_us() < deadline_us)
        (void)poll(NULL, 0, 1);
    on_worker(f, do_nothing); /* the turn that told the last is over */
    if (strcmp(f->told, told) != 0)
        fail_msg("%s: %s, not %s", arriving, f->told, told);
}

static void a_picture_waits_for_its_rest_and_no_longer(void **state)
{
    struct fixture *f = *state;

    check(f, "vvV", "3");        /* all is there */
    check(f, "v vV", "-r+3");    /* the rest came in the first step */
    check(f, "v v V", "-r-r+3"); /* in the second */
    check(f, "vV", "2");         /* and it is as before */
    check(f, "v", "-r-r-r-r+1"); /* a packet was lost: not longer than it takes to send */
    check(f, "Vv V", "-r+3");    /* the next picture has begun */
}

static void what_flushes_while_packets_wait_ends_the_wait(void **state)
{
    struct fixture *f = *state;

    check(f, "v fv", "-r+11");
    check(f, "v f", "-r+1");
    check(f, "v vV", "-r+3"); /* and what comes later is heard */
}

static void sound_waits_one_step_for_a_picture(void **state)
{
    struct fixture *f = *state;

    check(f, "avV", "21"); /* pictures first */
    check(f, "a", "-r+1");
    check(f, "a vV", "-r+21");
    check(f, "a v V", "-r-r+21");
}

static void what_is_asked_for_at_the_end_of_a_turn_comes_then_and_once(void **state)
{
    struct fixture *f = *state;

    check(f, "e", "e");
    check(f, "eevV", "2e");      /* behind the packets */
    check(f, "ve eV", "-er+2e"); /* it does not wait with them */
    check(f, "efe", "ee");       /* a flush is an end, too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_picture_waits_for_its_rest_and_no_longer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_flushes_while_packets_wait_ends_the_wait, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(sound_waits_one_step_for_a_picture, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_asked_for_at_the_end_of_a_turn_comes_then_and_once,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
