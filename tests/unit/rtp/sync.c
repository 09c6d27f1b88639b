/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP time on local time, of a source that is simulated: sound and pictures with their own delays,
 * and everything that reports, pauses and stamps can do wrong. */
#include "../random.h"
#include "base/clock.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)SL_US_PER_MS)
#define S  ((int64_t)SL_US_PER_S)

enum { AUDIO = SL_AUDIO, VIDEO = SL_VIDEO, BOTH = 2, NTP_SECONDS = 1000000 };

/* What a sender reports while its track is silent. */
enum silence { EXTRAPOLATED, LAST_PACKET, STALE_RTP };

struct track {
    uint32_t clock_hz, first_timestamp;
    int64_t interval_us, latency_us; /* between packets; from capture to sending */
    int64_t next_us, report_us;      /* when the next packet is captured, the next report sent */
    bool silent;
    enum silence silence;
    int64_t ntp_off_us, rtp_off_us; /* how wrong its reports are; where its stamps went */
    int64_t last_capture_us;
    /* What was seen. */
    bool has_line;
    int64_t line_us; /* local time of capture time 0 */
    int64_t worst_step_us, checked_us;
};

struct sim {
    struct sl_sync *sync;
    struct track tracks[2];
    int64_t now_us;
    int64_t held_until_us; /* the network holds everything up to then */
    bool reports;
    uint32_t random;
};

static struct sim *create(void)
{
    struct sim *sim = sl_new(struct sim);

    sim->sync = sl_sync_create();
    sim->tracks[AUDIO] = (struct track){.clock_hz = 48000,
                                        .first_timestamp = 0xffff0000,
                                        .interval_us = 20 * MS,
                                        .latency_us = 5 * MS};
    sim->tracks[VIDEO] = (struct track){
        .clock_hz = 90000, .first_timestamp = 77, .interval_us = 40 * MS, .latency_us = 120 * MS};
    sim->now_us = 50 * S;
    sim->reports = true;
    sim->random = 1;
    for (size_t i = 0; i < 2; i++) {
        sim->tracks[i].next_us = sim->now_us;
        sim->tracks[i].report_us = sim->now_us + (int64_t)(i + 1) * 400 * MS;
    }
    return sim;
}

static void destroy(struct sim *sim)
{
    sl_sync_destroy(sim->sync);
    free(sim);
}

static uint32_t stamp_of(const struct track *track, int64_t capture_us)
{
    return track->first_timestamp +
           (uint32_t)((capture_us + track->rtp_off_us) * track->clock_hz / S);
}

/* The line as the packets see it: by how much it moved, beyond what a track may. */
static void look(struct sim *sim, size_t index)
{
    struct track *track = &sim->tracks[index];
    uint32_t timestamp;
    int64_t local_us;

    assert_true(sl_sync_line(sim->sync, index, &timestamp, &local_us));
    int64_t ticks = (int32_t)(timestamp - stamp_of(track, track->last_capture_us));
    int64_t line_us = local_us - ticks * S / track->clock_hz - track->last_capture_us;
    int64_t step_us = llabs(line_us - track->line_us) - (sim->now_us - track->checked_us) / 100;
    if (track->has_line && step_us > track->worst_step_us)
        track->worst_step_us = step_us;
    track->has_line = true;
    track->line_us = line_us;
    track->checked_us = sim->now_us;
}

static void send_packet(struct sim *sim, size_t index)
{
    struct track *track = &sim->tracks[index];
    int64_t capture_us = track->next_us, arrival_us = sim->now_us + track->latency_us;

    track->next_us += track->interval_us;
    if (track->silent)
        return;
    arrival_us += 10 * MS + (int64_t)random_below(&sim->random, 8) * MS; /* the network */
    if (arrival_us < sim->held_until_us)
        arrival_us = sim->held_until_us;
    track->last_capture_us = capture_us;
    (void)sl_sync_packet(sim->sync, index, track->clock_hz, stamp_of(track, capture_us),
                         arrival_us);
    look(sim, index);
}

static void send_report(struct sim *sim, size_t index)
{
    struct track *track = &sim->tracks[index];
    bool stale = track->silent && track->silence != EXTRAPOLATED;
    int64_t rtp_us = stale ? track->last_capture_us : sim->now_us;
    int64_t ntp_us = stale && track->silence == LAST_PACKET ? rtp_us : sim->now_us;

    track->report_us += S;
    ntp_us += NTP_SECONDS * S + track->ntp_off_us;
    uint64_t ntp = (uint64_t)(ntp_us / S) << 32 | ((uint64_t)(ntp_us % S) << 32) / S;
    if (sim->reports && sim->now_us >= sim->held_until_us)
        sl_sync_report(sim->sync, index, ntp, stamp_of(track, rtp_us), sim->now_us + 12 * MS);
}

static void run(struct sim *sim, int64_t us)
{
    int64_t end_us = sim->now_us + us;

    for (; sim->now_us < end_us; sim->now_us += 5 * MS) {
        for (size_t i = 0; i < 2; i++) {
            while (sim->tracks[i].next_us <= sim->now_us)
                send_packet(sim, i);
            while (sim->tracks[i].report_us <= sim->now_us)
                send_report(sim, i);
        }
    }
}

/* From now on it is watched how far lines move. */
static void watch(struct sim *sim)
{
    sim->tracks[AUDIO].worst_step_us = 0;
    sim->tracks[VIDEO].worst_step_us = 0;
}

/* How much later pictures are played than sound of the same moment. */
static int64_t apart_us(const struct sim *sim)
{
    return sim->tracks[VIDEO].line_us - sim->tracks[AUDIO].line_us;
}

static void assert_steady(const char *why, const struct sim *sim, size_t tracks)
{
    for (size_t i = 0; i < 2; i++) {
        if ((tracks == BOTH || tracks == i) && sim->tracks[i].worst_step_us > MS)
            fail_msg("%s: %s moved by %lld us at once", why, i == AUDIO ? "sound" : "the picture",
                     (long long)sim->tracks[i].worst_step_us);
    }
}

static void assert_apart(const char *why, const struct sim *sim, int64_t from_us, int64_t to_us)
{
    if (apart_us(sim) < from_us || apart_us(sim) > to_us)
        fail_msg("%s: the picture is %lld us after the sound", why, (long long)apart_us(sim));
}

static void assert_in_sync(const char *why, const struct sim *sim)
{
    assert_apart(why, sim, -3 * MS, 3 * MS);
}

static void reports_bring_picture_and_sound_together(void **state)
{
    (void)state;
    struct sim *sim = create();

    run(sim, 300 * MS);
    assert_apart("before the first report, by arrival", sim, 100 * MS, 130 * MS);
    run(sim, 700 * MS);
    assert_apart("with the first of each", sim, -10 * MS, 10 * MS);
    watch(sim);
    run(sim, 120 * S);
    assert_in_sync("later", sim);
    assert_steady("later", sim, BOTH);
    /* A capture's local time is about when it arrives on the longer way. */
    assert_in_range(sim->tracks[AUDIO].line_us, 125 * MS, 145 * MS);
    destroy(sim);
}

static void a_source_without_reports_goes_by_arrival(void **state)
{
    (void)state;
    struct sim *sim = create();

    sim->reports = false;
    run(sim, 30 * S);
    assert_apart("no reports", sim, 110 * MS, 120 * MS);
    watch(sim);
    run(sim, 60 * S);
    assert_steady("no reports", sim, BOTH);
    destroy(sim);
}

/* Whatever the reports of the one say while it is silent, the other plays on, and both are together
 * afterwards. */
static void reports_of_a_silent_track_move_nothing(void **state)
{
    (void)state;
    static const char *const words[] = {"carried on", "of the last packet", "with stale RTP time"};

    for (int i = 0; i < 2 * 3 * 2; i++) {
        size_t silent = i % 2;
        int64_t pause_us = i < 6 ? 8 * S : 120 * S;
        struct sim *sim = create();
        sim->tracks[silent].silence = (enum silence)(i / 2 % 3);
        run(sim, 20 * S);
        watch(sim);
        sim->tracks[silent].silent = true;
        run(sim, pause_us);
        sim->tracks[silent].silent = false;
        run(sim, 10 * S);
        assert_steady(words[i / 2 % 3], sim, BOTH);
        assert_in_sync(words[i / 2 % 3], sim);
        destroy(sim);
    }
}

static void one_wild_report_moves_nothing(void **state)
{
    (void)state;
    static const int64_t offs_us[] = {3600 * S, -3600 * S, 700 * MS, -700 * MS, 100 * MS};

    for (size_t i = 0; i < 2 * SL_ARRAY_LEN(offs_us); i++) {
        struct sim *sim = create();
        struct track *track = &sim->tracks[i % 2];
        run(sim, 20 * S);
        watch(sim);
        int64_t before_us = apart_us(sim);
        track->ntp_off_us = offs_us[i / 2];
        run(sim, S); /* one report of each */
        track->ntp_off_us = 0;
        run(sim, 10 * S);
        assert_steady("wild", sim, BOTH);
        assert_in_range(llabs(apart_us(sim) - before_us), 0, MS);
        destroy(sim);
    }
}

static void tracks_with_clocks_of_their_own_go_by_arrival(void **state)
{
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        struct sim *sim = create();
        sim->tracks[i % 2].ntp_off_us = i < 2 ? 3600 * S : -3600 * S;
        run(sim, 20 * S);
        assert_apart("an hour apart", sim, 100 * MS, 130 * MS);
        watch(sim);
        run(sim, 60 * S);
        assert_steady("an hour apart", sim, BOTH);
        destroy(sim);
    }
}

/* NTP steps on the source's machine; the media's clocks do not. */
static void a_source_whose_clock_is_set_plays_on(void **state)
{
    (void)state;
    static const int64_t steps_us[] = {3600 * S, -3600 * S, 500 * MS, -500 * MS};

    for (size_t i = 0; i < SL_ARRAY_LEN(steps_us); i++) {
        struct sim *sim = create();
        run(sim, 20 * S);
        watch(sim);
        sim->tracks[AUDIO].ntp_off_us = steps_us[i];
        sim->tracks[VIDEO].ntp_off_us = steps_us[i];
        run(sim, 30 * S);
        assert_steady("the clock was set", sim, BOTH);
        assert_in_sync("the clock was set", sim);
        destroy(sim);
    }
}

static void a_lasting_change_is_slewed_to(void **state)
{
    (void)state;
    struct sim *sim = create();

    run(sim, 20 * S);
    watch(sim);
    sim->tracks[AUDIO].ntp_off_us = -400 * MS; /* sound belongs 400 ms earlier, it is said */
    run(sim, 2 * S);
    assert_in_sync("not yet believed", sim);
    run(sim, 90 * S);
    assert_apart("believed", sim, 397 * MS, 403 * MS);
    assert_steady("believed", sim, BOTH);
    destroy(sim);
}

static void stamps_that_jump_take_only_their_own_track_along(void **state)
{
    (void)state;
    static const int64_t jumps_us[] = {5 * S, -5 * S, 20000 * S, -20000 * S};

    for (size_t i = 0; i < 2 * SL_ARRAY_LEN(jumps_us); i++) {
        struct sim *sim = create();
        struct track *track = &sim->tracks[i % 2];
        run(sim, 20 * S);
        watch(sim);
        track->rtp_off_us = jumps_us[i / 2];
        run(sim, 10 * S);
        assert_steady("stamps of the other jump", sim, 1 - i % 2);
        run(sim, 90 * S);
        assert_in_sync("stamps have jumped", sim);
        destroy(sim);
    }
}

/* Some stop a track's RTP clock with its packets. */
static void stamps_may_stand_still_in_a_pause(void **state)
{
    (void)state;

    for (size_t silent = 0; silent < 2; silent++) {
        struct sim *sim = create();
        run(sim, 20 * S);
        watch(sim);
        sim->tracks[silent].silent = true;
        sim->tracks[silent].silence = LAST_PACKET;
        run(sim, 8 * S);
        sim->tracks[silent].silent = false;
        sim->tracks[silent].rtp_off_us = -8 * S;
        run(sim, 10 * S);
        assert_steady("the other's clock stands", sim, 1 - silent);
        run(sim, 60 * S);
        assert_in_sync("the clock stood", sim);
        destroy(sim);
    }
}

static void a_burst_after_a_stall_moves_nothing(void **state)
{
    (void)state;
    struct sim *sim = create();

    run(sim, 20 * S);
    watch(sim);
    sim->held_until_us = sim->now_us + 4 * S;
    run(sim, 20 * S);
    assert_steady("stall", sim, BOTH);
    assert_in_sync("stall", sim);
    destroy(sim);
}

static void a_new_sender_begins_anew(void **state)
{
    (void)state;
    struct sim *sim = create();
    uint32_t timestamp;
    int64_t local_us;

    assert_false(sl_sync_line(sim->sync, VIDEO, &timestamp, &local_us));
    sl_sync_report(sim->sync, VIDEO, 1, 1, sim->now_us); /* before any packet: of no use */
    run(sim, 20 * S);
    watch(sim);
    sl_sync_forget(sim->sync, VIDEO);
    assert_false(sl_sync_line(sim->sync, VIDEO, &timestamp, &local_us));
    sim->tracks[VIDEO].rtp_off_us = 12345 * S;
    sim->tracks[VIDEO].has_line = false;
    run(sim, 20 * S);
    assert_steady("a new sender", sim, AUDIO);
    assert_in_sync("a new sender", sim);
    destroy(sim);
}

/* As far as a stamp can be from the one before, again and again: no sum may run over. */
static void stamps_that_leap_for_ever_stay_within_bounds(void **state)
{
    (void)state;
    for (uint32_t leap = 0x7fffffff; leap <= 0x80000001; leap += 2) {
        struct sl_sync *sync = sl_sync_create();
        int64_t now_us = 50 * S, local_us;
        uint32_t timestamp = 1;
        for (size_t i = 0; i < 20000; i++) {
            (void)sl_sync_packet(sync, VIDEO, 90000, timestamp += leap, now_us += 5 * MS);
            sl_sync_report(sync, VIDEO, (uint64_t)i << 32, timestamp + leap, now_us);
        }
        /* Then it goes on as others do, and so does its line. */
        for (size_t i = 0; i < 1000; i++)
            (void)sl_sync_packet(sync, VIDEO, 90000, timestamp += 3600, now_us += 40 * MS);
        assert_true(sl_sync_line(sync, VIDEO, &timestamp, &local_us));
        assert_in_range(llabs(local_us - now_us), 0, 100 * MS);
        sl_sync_destroy(sync);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_bring_picture_and_sound_together),
        cmocka_unit_test(a_source_without_reports_goes_by_arrival),
        cmocka_unit_test(reports_of_a_silent_track_move_nothing),
        cmocka_unit_test(one_wild_report_moves_nothing),
        cmocka_unit_test(tracks_with_clocks_of_their_own_go_by_arrival),
        cmocka_unit_test(a_source_whose_clock_is_set_plays_on),
        cmocka_unit_test(a_lasting_change_is_slewed_to),
        cmocka_unit_test(stamps_that_jump_take_only_their_own_track_along),
        cmocka_unit_test(stamps_may_stand_still_in_a_pause),
        cmocka_unit_test(a_burst_after_a_stall_moves_nothing),
        cmocka_unit_test(a_new_sender_begins_anew),
        cmocka_unit_test(stamps_that_leap_for_ever_stay_within_bounds),
    };

    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
