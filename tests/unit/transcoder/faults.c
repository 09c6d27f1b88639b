/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes that misbehave, that cannot be had, or that take nothing: who moves, who is refused,
 * and whose fault it is. */
#include "fixture.h"

#include <errno.h>

static const char *fake, *mute, *nothing;

static uint64_t sum(struct fixture *f, enum sl_counter counter)
{
    return sl_metrics_sum(f->metrics, counter);
}

/* ---- Whose fault ---- */

/* Two jobs in one process; the first one's bytes do the harm. */
static void harm_twice(struct fixture *f, struct probe *culprit, struct probe *other,
                       const char *word)
{
    fixture_start(f, fake, 1);
    probe_open(culprit, f, f->worker, SL_ENGINE_PICTURES, "culprit \"\n");
    wait_for(f, probe_is_up, culprit);
    probe_open(other, f, f->worker, SL_ENGINE_PICTURES, "other");
    wait_for(f, probe_is_up, other);
    wait_spare(f, 2);
    assert_int_equal(sl_transcoder_admit(f->transcoder, "culprit \"\n"), 0);
    probe_say(culprit, word);
    wait_count(f, &culprit->ups, 2);
    wait_count(f, &other->ups, 2);
    wait_spare(f, 2);
    assert_int_equal(sl_transcoder_admit(f->transcoder, "culprit \"\n"), 0);
    probe_say(culprit, word);
}

static void who_is_named_twice_is_refused_for_a_while(void **state)
{
    (void)state;
    struct fixture f;
    struct probe culprit, other, next;

    harm_twice(&f, &culprit, &other, "dying");
    wait_for(&f, probe_has_failed, &culprit);
    assert_int_equal(culprit.failed, -EPERM);
    assert_int_equal(culprit.ups, 2);
    wait_count(&f, &other.ups, 2);
    assert_int_equal(sl_transcoder_admit(f.transcoder, "culprit \"\n"), -EPERM);
    assert_int_equal(sl_transcoder_admit(f.transcoder, "other"), 0);
    assert_int_equal(stats_of(&f).quarantines, 1);
    assert_int_equal(sum(&f, SL_COUNTER_CODEC_QUARANTINES), 1);
    assert_int_equal(sum(&f, SL_COUNTER_CODEC_RESTARTS), 2);
    probe_open(&next, &f, f.control, SL_ENGINE_PICTURES, "culprit \"\n");
    assert_int_equal(next.failed, 0);
    wait_for(&f, probe_has_failed, &next);
    assert_int_equal(next.failed, -EPERM);
    assert_int_equal(next.ups, 0);
    probe_close(&next);
    probe_close(&culprit);
    probe_close(&other);
    fixture_stop(&f);
}

static void of_many_inputs_the_one_it_was_at_is_refused(void **state)
{
    static const char *const words[] = {"dying", "hang"};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
        struct fixture f;
        struct probe mixer, other;
        fixture_start(&f, fake, 1);
        probe_open(&mixer, &f, f.worker, SL_ENGINE_MOSAIC, "mixer");
        mixer.input_source = "bad";
        wait_for(&f, probe_is_up, &mixer);
        for (int n = 2; n <= 3; n++) {
            wait_spare(&f, 2);
            probe_say_for(&mixer, 3, words[i]);
            wait_count(&f, &mixer.ups, n);
        }
        assert_int_equal(mixer.failed, 0);
        assert_int_equal(mixer.held, 1);
        assert_true(sl_transcoder_holds(f.transcoder, "bad"));
        assert_false(sl_transcoder_holds(f.transcoder, "mixer"));
        /* One that has gone meanwhile is nobody's fault. */
        wait_spare(&f, 2);
        probe_say_for(&mixer, 4, words[i]);
        wait_count(&f, &mixer.ups, 4);
        probe_open(&other, &f, f.control, SL_ENGINE_PICTURES, "bad");
        wait_for(&f, probe_has_failed, &other);
        assert_int_equal(other.failed, -EPERM);
        probe_close(&other);
        probe_close(&mixer);
        fixture_stop(&f);
    }
}

/* A mixer is not its inputs: which one it was, nobody has said. */
static void without_a_name_many_inputs_are_blamed_late_and_one_alone_as_ever(void **state)
{
    static const struct {
        bool has_one_input;
        int deaths;
    } cases[] = {{false, 4}, {true, 2}};

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct probe mixer;
        fixture_start(&f, fake, 1);
        probe_open(&mixer, &f, f.worker, SL_ENGINE_MOSAIC, "mixer");
        mixer.input_source = "bad";
        mixer.has_one_input = cases[i].has_one_input;
        for (int n = 1; n <= cases[i].deaths; n++) {
            wait_count(&f, &mixer.ups, n);
            wait_spare(&f, 2);
            assert_int_equal(mixer.failed, 0);
            assert_int_equal(mixer.held, 0);
            probe_say_for(&mixer, 3, "crash");
            wait_count(&f, &mixer.downs, n);
        }
        if (cases[i].has_one_input) {
            wait_count(&f, &mixer.ups, cases[i].deaths + 1);
            wait_spare(&f, 2);
            assert_int_equal(mixer.held, 1);
        } else {
            wait_for(&f, probe_has_failed, &mixer);
            assert_int_equal(mixer.failed, -EPERM);
        }
        assert_true(sl_transcoder_holds(f.transcoder, cases[i].has_one_input ? "bad" : "mixer"));
        assert_false(sl_transcoder_holds(f.transcoder, cases[i].has_one_input ? "mixer" : "bad"));
        probe_close(&mixer);
        fixture_stop(&f);
    }
}

static void who_hangs_is_asked_for_a_name(void **state)
{
    (void)state;
    struct fixture f;
    struct probe culprit, other;

    harm_twice(&f, &culprit, &other, "hang");
    wait_for(&f, probe_has_failed, &culprit);
    assert_int_equal(culprit.failed, -EPERM);
    wait_count(&f, &other.ups, 3);
    assert_int_equal(other.failed, 0);
    probe_close(&culprit);
    probe_close(&other);
    fixture_stop(&f);
}

static void without_a_name_a_process_of_two_is_nobodys_fault(void **state)
{
    (void)state;
    struct fixture f;
    struct probe culprit, other;

    harm_twice(&f, &culprit, &other, "crash");
    wait_count(&f, &culprit.ups, 3);
    wait_count(&f, &other.ups, 3);
    assert_int_equal(stats_of(&f).quarantines, 0);
    probe_close(&culprit);
    probe_close(&other);
    fixture_stop(&f);
}

static void alone_in_a_process_it_is_its_fault_whatever_the_end(void **state)
{
    (void)state;
    static const char *const words[] = {"crash", "garbage", "foreign", "sleep"};

    for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
        struct fixture f;
        struct probe probe;

        fixture_start(&f, fake, 1);
        probe_open(&probe, &f, f.worker, SL_ENGINE_PICTURES, "culprit");
        wait_for(&f, probe_is_up, &probe);
        wait_spare(&f, 2);
        probe_say(&probe, words[i]);
        wait_count(&f, &probe.ups, 2);
        wait_spare(&f, 2);
        probe_say(&probe, words[i]);
        wait_for(&f, probe_has_failed, &probe);
        assert_int_equal(probe.failed, -EPERM);
        probe_close(&probe);
        fixture_stop(&f);
    }
}

static void the_demo_is_never_at_fault(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probe;

    fixture_start(&f, fake, 1);
    probe_open(&probe, &f, f.worker, SL_ENGINE_DEMO, "demo");
    for (int i = 1; i <= 3; i++) {
        wait_count(&f, &probe.ups, i);
        wait_spare(&f, 2);
        probe_say(&probe, "crash");
        wait_count(&f, &probe.downs, i);
    }
    wait_count(&f, &probe.ups, 4);
    probe_close(&probe);
    fixture_stop(&f);
}

/* ---- No processes ---- */

static void what_cannot_be_started_is_told_and_not_tried_without_end(void **state)
{
    (void)state;
    const struct {
        const char *why, *program;
    } cases[] = {
        {"no program", NULL},
        {"not a program", "/proc/self/maps"},
        {"it ends at once", nothing},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct probe probe;

        fixture_start(&f, cases[i].program, 1);
        probe_open(&probe, &f, f.worker, SL_ENGINE_PICTURES, "cam");
        assert_int_equal(probe.failed, 0);
        wait_for(&f, probe_has_failed, &probe);
        if (probe.failed != -EAGAIN || probe.ups != 0)
            fail_msg("%s: failed with %d, up %d times", cases[i].why, probe.failed, probe.ups);
        assert_int_equal(sl_transcoder_admit(f.transcoder, "cam"), -EAGAIN);
        turn_for(&f, 1000);
        if (stats_of(&f).restarts > 10) /* of two roles: after 0, 100, 300, 700, 1500 ms */
            fail_msg("%s: started %d times", cases[i].why, (int)stats_of(&f).restarts);
        probe_close(&probe);
        fixture_stop(&f);
    }
}

static void who_is_never_ready_is_given_up(void **state)
{
    (void)state;
    struct fixture f;
    struct probe probe;

    fixture_start(&f, mute, 1);
    probe_open(&probe, &f, f.worker, SL_ENGINE_PICTURES, "cam");
    assert_int_equal(sl_transcoder_admit(f.transcoder, "cam"), 0);
    wait_for(&f, probe_has_failed, &probe);
    assert_int_equal(probe.failed, -EAGAIN);
    assert_int_equal(probe.ups, 0);
    probe_close(&probe);
    fixture_stop(&f);
}

static void the_end_does_not_wait_for_who_is_not_ready(void **state)
{
    (void)state;
    struct fixture f;

    fixture_start(&f, mute, 1);
    turn_for(&f, 20);
    fixture_stop(&f);
    fixture_start(&f, mute, 1);
    fixture_stop(&f); /* nothing was begun */
}

/* ---- Too much ---- */

static void a_full_socket_leaves_out_inputs_and_no_orders(void **state)
{
    (void)state;
    enum { INPUTS = 2000, ORDERS = 1000 };
    static const uint8_t frame[16 << 10];
    const struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT, .codec = SL_CODEC_H264, .data = frame, .len = sizeof(frame)};
    const struct sl_engine_message order = {.type = SL_ENGINE_KEYFRAME};
    struct fixture f;
    struct probe probe;

    fixture_start(&f, fake, 1);
    probe_open(&probe, &f, f.worker, SL_ENGINE_PICTURES, "cam");
    wait_for(&f, probe_is_up, &probe);
    probe_say(&probe, "nap");
    probe_send(&probe, input, INPUTS);
    probe_send(&probe, order, ORDERS);
    assert_true(probe.refused > INPUTS / 2);
    assert_true(probe.sent >= ORDERS + 256);
    wait_count(&f, &probe.key_frames, ORDERS);
    assert_int_equal(probe.reports, probe.sent - ORDERS - 1); /* what was taken has arrived */
    turn_for(&f, 600);
    assert_int_equal(sum(&f, SL_COUNTER_CODEC_INPUTS_DROPPED), probe.refused);
    assert_int_equal(probe.ups, 1);
    probe_close(&probe);
    fixture_stop(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_named_twice_is_refused_for_a_while),
        cmocka_unit_test(of_many_inputs_the_one_it_was_at_is_refused),
        cmocka_unit_test(without_a_name_many_inputs_are_blamed_late_and_one_alone_as_ever),
        cmocka_unit_test(who_hangs_is_asked_for_a_name),
        cmocka_unit_test(without_a_name_a_process_of_two_is_nobodys_fault),
        cmocka_unit_test(alone_in_a_process_it_is_its_fault_whatever_the_end),
        cmocka_unit_test(the_demo_is_never_at_fault),
        cmocka_unit_test(what_cannot_be_started_is_told_and_not_tried_without_end),
        cmocka_unit_test(who_is_never_ready_is_given_up),
        cmocka_unit_test(the_end_does_not_wait_for_who_is_not_ready),
        cmocka_unit_test(a_full_socket_leaves_out_inputs_and_no_orders),
    };

    if (argc != 4) {
        (void)fprintf(stderr, "usage: %s FAKE MUTE NOTHING\n", argv[0]);
        return 2;
    }
    fake = argv[1];
    mute = argv[2];
    nothing = argv[3];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
