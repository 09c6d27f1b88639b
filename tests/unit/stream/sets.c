/* SPDX-License-Identifier: GPL-3.0-or-later */
/* H264 parameter sets put into a track: what every sink behind it sees, whatever comes late, twice
 * or not at all. The worker does not run: the test is its thread. */
#include "../core.h"

#include "base/log.h"
#include "stream/internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SPS "\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8"
#define PPS "\x68\xce\x3c\x80"

enum { PACKETS_MAX = TRACK_BATCH, SLICE = 0x41, IDR = 0x65, OTHER_CODEC = 0 };

struct fixture {
    struct core core;
    struct sl_stream *stream;
    struct sl_track *track;
};

static void request_keyframe(void *owner, struct sl_track *track)
{
    (void)owner, (void)track;
}

static const struct sl_source_ops source_ops = {.protocol = "test",
                                                .request_keyframe = request_keyframe};

static struct fixture *create(bool described)
{
    struct fixture *f = sl_new(struct fixture);

    core_init(&f->core,
              (struct sl_workers_config){.count = 1, .packets_max = 4096, .ring_packets = 256});
    struct sl_stream_config config = {
        .name = "cam \"1\"",
        .worker = sl_workers_at(f->core.workers, 0),
        .ops = &source_ops,
        .tracks[SL_VIDEO] = {.present = true,
                             .codec_count = 2,
                             .codecs = {{SL_CODEC_H264, ""}, {SL_CODEC_VP8, ""}}},
    };
    static const char sprop[] = "\0\x17" SPS "\0\4" PPS;
    if (described) {
        config.tracks[SL_VIDEO].sprop.len = sizeof(sprop) - 1;
        memcpy(config.tracks[SL_VIDEO].sprop.bytes, sprop, sizeof(sprop) - 1);
    }
    assert_int_equal(sl_stream_create(f->core.streams, &config, &f->stream), 0);
    f->track = sl_stream_track(f->stream, SL_VIDEO);
    return f;
}

static int set_up(void **state)
{
    *state = create(true);
    return 0;
}

static int set_up_without_description(void **state)
{
    *state = create(false);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sl_track_pass(f->track);
    sl_stream_release(f->stream);
    assert_int_equal(sl_workers_start(f->core.workers), 0); /* runs what was posted */
    core_stop(&f->core);
    free(f);
    return 0;
}

/* As sl_track_input() does. kind: the first byte of an H264 payload, or OTHER_CODEC. */
static int give(struct fixture *f, int64_t seq, int kind)
{
    struct sl_rtp_packet *packet = sl_rtp_packet_create(f->track->home);

    packet->seq = seq;
    packet->arrival_us = 1000 * seq;
    packet->timestamp = (uint32_t)seq * 3000;
    packet->codec = kind == OTHER_CODEC ? SL_CODEC_VP8 : SL_CODEC_H264;
    packet->marker = true;
    packet->keyframe_start = kind == IDR;
    packet->payload_len = 3;
    memcpy(packet->payload, (uint8_t[]){(uint8_t)kind, 0x88, (uint8_t)seq}, 3);
    int err = sl_track_sets_input(f->track, packet);
    if (err < 0)
        sl_rtp_packet_unref(packet);
    else
        sl_track_add(f->track, packet);
    return err;
}

static bool is_set(const struct sl_rtp_packet *packet)
{
    return packet->payload[0] == 0x78;
}

/* "10 11s 12": numbers as they went on, s: parameter sets. */
static void expect(struct fixture *f, const char *expected)
{
    char text[1024] = "";
    size_t len = 0;

    for (size_t i = 0; i < f->track->batch_count; i++) {
        const struct sl_rtp_packet *packet = f->track->batch[i];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%lld%s", i ? " " : "",
                                (long long)packet->seq, is_set(packet) ? "s" : "");
    }
    assert_string_equal(text, expected);
}

static void sets_stand_before_each_key_frame_and_numbers_have_no_gap(void **state)
{
    struct fixture *f = *state;

    for (int64_t seq = 10; seq < 16; seq++)
        assert_int_equal(give(f, seq, seq % 3 == 1 ? IDR : SLICE), 0);
    expect(f, "10s 11 12 13 14s 15 16 17");
    const struct sl_rtp_packet *set = f->track->batch[4], *keyframe = f->track->batch[5];
    assert_true(is_set(set) && !set->marker && set->keyframe_start);
    assert_int_equal(set->timestamp, keyframe->timestamp);
    assert_int_equal(set->arrival_us, keyframe->arrival_us);
    assert_int_equal(set->orientation, SL_ORIENTATION_NONE);
    assert_int_equal(set->payload_len, 1 + 2 + sizeof(SPS) - 1 + 2 + sizeof(PPS) - 1);
}

static void what_comes_late_gets_the_number_of_its_place(void **state)
{
    struct fixture *f = *state;

    (void)give(f, 10, SLICE);
    (void)give(f, 12, SLICE); /* 11 is under way */
    (void)give(f, 13, IDR);
    (void)give(f, 15, SLICE);
    (void)give(f, 11, SLICE);
    (void)give(f, 14, SLICE);
    (void)give(f, 16, IDR); /* 15 and 14 are there, one after the other */
    expect(f, "10 12 13s 14 16 11 15 17s 18");
}

static void another_codec_goes_on_with_the_numbers(void **state)
{
    struct fixture *f = *state;

    (void)give(f, 10, IDR);
    (void)give(f, 11, OTHER_CODEC);
    (void)give(f, 13, OTHER_CODEC);
    (void)give(f, 12, OTHER_CODEC);
    expect(f, "10s 11 12 14 13");
}

static void what_is_older_than_all_places_known_is_not_used(void **state)
{
    struct fixture *f = *state;

    for (int64_t seq = 10; seq < 60; seq++) {
        assert_int_equal(give(f, seq, IDR), 0);
        sl_track_pass(f->track);
    }
    assert_int_equal(give(f, 20, SLICE), -ERANGE);
    assert_int_equal(give(f, 50, SLICE), 0);
    expect(f, "91"); /* behind 41 sets */
}

static void numbers_of_a_source_that_sends_its_sets_stay(void **state)
{
    struct fixture *f = *state;
    static const char stap[] = "\x78\0\x17" SPS "\0\4" PPS;

    for (int64_t seq = 10; seq < 18; seq += 2) {
        struct sl_rtp_packet *packet = sl_rtp_packet_create(f->track->home);
        packet->seq = seq;
        packet->codec = SL_CODEC_H264;
        packet->payload_len = sizeof(stap) - 1;
        memcpy(packet->payload, stap, sizeof(stap) - 1);
        assert_int_equal(sl_track_sets_input(f->track, packet), 0);
        sl_track_add(f->track, packet);
        assert_int_equal(give(f, seq + 1, IDR), 0);
    }
    expect(f, "10s 11 12s 13 14s 15 16s 17");
}

static void one_line_names_the_stream_whose_sets_nobody_knows(void **state)
{
    struct fixture *f = *state;
    char name[] = "/tmp/sluice-test-sets-XXXXXX", text[4096];
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    assert_int_equal(sl_log_open(name), 0);
    (void)give(f, 10, SLICE);
    for (int64_t seq = 11; seq < 20; seq++)
        (void)give(f, seq, IDR);
    assert_int_equal(sl_log_open(NULL), 0);
    ssize_t len = read(fd, text, sizeof(text) - 1);
    assert_in_range(len, 1, sizeof(text) - 1);
    text[len] = '\0';
    (void)close(fd);
    (void)unlink(name);
    assert_non_null(strstr(text, "warn stream=\"cam \\\"1\\\"\" stream: "));
    assert_non_null(strstr(text, "no SPS/PPS in band or in the SDP"));
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    expect(f, "10 11 12 13 14 15 16 17 18 19");
}

int main(void)
{
#define WITH(setup, name) cmocka_unit_test_setup_teardown(name, setup, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(set_up, sets_stand_before_each_key_frame_and_numbers_have_no_gap),
        WITH(set_up, what_comes_late_gets_the_number_of_its_place),
        WITH(set_up, another_codec_goes_on_with_the_numbers),
        WITH(set_up, what_is_older_than_all_places_known_is_not_used),
        WITH(set_up, numbers_of_a_source_that_sends_its_sets_stay),
        WITH(set_up_without_description, one_line_names_the_stream_whose_sets_nobody_knows),
    };

    return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
