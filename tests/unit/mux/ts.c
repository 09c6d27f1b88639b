/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MPEG-TS packet by packet: tables, counters, clock, stamps that wrap. */
#include "file.h"
#include "probe.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PACKET_LEN = 188, PIDS = 0x2000, PAT = 0, PMT = 0x1000, VIDEO = 0x100, AUDIO = 0x101 };
static const int64_t STAMPS = (int64_t)1 << 33;

struct packet {
    unsigned pid, counter;
    bool begins, has_payload, random_access;
    int64_t pcr; /* -1: none */
    int64_t pts, dts;
    const uint8_t *payload;
    size_t payload_len;
};

static int64_t stamp_at(const uint8_t *p)
{
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)(sl_load_u16(p + 1) >> 1) << 15 |
           sl_load_u16(p + 3) >> 1;
}

static struct packet packet_at(const uint8_t *p)
{
    struct packet packet = {.pid = sl_load_u16(p + 1) & 0x1fff,
                            .counter = p[3] & 0xf,
                            .begins = p[1] & 0x40,
                            .has_payload = p[3] & 0x10,
                            .pcr = -1,
                            .pts = -1,
                            .dts = -1};
    size_t at = 4;

    assert_int_equal(p[0], 0x47);
    if (p[3] & 0x20) {
        if (p[4] > 0 && p[5] & 0x10)
            packet.pcr = (int64_t)sl_load_u32(p + 6) << 1 | p[10] >> 7;
        packet.random_access = p[4] > 0 && p[5] & 0x40;
        at += 1 + p[4];
    }
    assert_true(at <= PACKET_LEN && packet.has_payload == (at < PACKET_LEN));
    packet.payload = p + at;
    packet.payload_len = PACKET_LEN - at;
    if (packet.begins && packet.pid >= VIDEO && packet.pid <= AUDIO) {
        assert_int_equal(sl_load_u24(packet.payload), 1);
        packet.pts = packet.dts = stamp_at(packet.payload + 9);
        if (packet.payload[7] & 0x40)
            packet.dts = stamp_at(packet.payload + 14);
    }
    return packet;
}

/* What holds in all of a stream, whose pieces begin at these places. */
struct check {
    int counters[PIDS]; /* of the last packet; -1: none yet */
    int64_t pcr, pcr_gap;
    size_t clocks, tables;
};

static void check_packet(struct check *c, const struct packet *packet)
{
    int last = c->counters[packet->pid];

    if (last >= 0)
        assert_int_equal(packet->counter, packet->has_payload ? (last + 1) & 0xf : last);
    c->counters[packet->pid] = (int)packet->counter;
    c->tables += packet->pid == PAT;
    if (packet->pcr >= 0) {
        int64_t gap = (packet->pcr - c->pcr) & (STAMPS - 1);
        if (c->clocks++ > 0 && gap > c->pcr_gap)
            c->pcr_gap = gap;
        c->pcr = packet->pcr;
    }
    if (packet->dts >= 0) /* the clock is before it, and not by more than a second */
        assert_in_range((packet->dts - c->pcr) & (STAMPS - 1), 1, 90000);
}

static void check_stream(struct check *c, const struct file *f)
{
    *c = (struct check){0};
    for (size_t i = 0; i < PIDS; i++)
        c->counters[i] = -1;
    assert_int_equal(f->bytes.len % PACKET_LEN, 0);
    for (size_t at = 0; at < f->bytes.len; at += PACKET_LEN) {
        struct packet packet = packet_at(f->bytes.data + at);
        check_packet(c, &packet);
    }
}

static void every_piece_begins_with_tables_and_a_key_frame(void **state)
{
    (void)state;
    static const struct file_kind kind = {SL_MPEGTS, SL_CODEC_H264, SL_CODEC_AAC, 0};
    struct material *m = sl_new(struct material);
    struct check *c = sl_new(struct check);
    struct file f;
    size_t begin = 0;

    file_make_material(m, &kind);
    file_begin(&f, SL_MPEGTS, &m->tracks);
    for (size_t i = 0; i <= m->count; i++) {
        bool is_end = i == m->count;
        if (is_end || (i > 0 && m->samples[i].kind == SL_VIDEO && m->samples[i].keyframe)) {
            file_cut(&f, is_end ? SL_MUX_LAST : m->samples[i].dts_us);
            assert_int_equal(packet_at(f.bytes.data + begin).pid, PAT);
            assert_int_equal(packet_at(f.bytes.data + begin + PACKET_LEN).pid, PMT);
            struct packet first = packet_at(f.bytes.data + begin + 2 * PACKET_LEN);
            assert_int_equal(first.pid, VIDEO);
            assert_true(first.begins && first.random_access && first.pcr >= 0);
            /* A delimiter, and an SPS. */
            assert_memory_equal(first.payload + 14, "\0\0\0\1\x09\xf0\0\0\0\1\x67", 11);
            begin = f.bytes.len;
        }
        if (!is_end)
            assert_int_equal(sl_muxer_add(f.muxer, &m->samples[i]), 0);
    }
    check_stream(c, &f);
    assert_int_equal(c->tables, FILE_SECONDS);
    assert_in_range(c->pcr_gap, 1, 9000);
    file_end(&f);
    material_deinit(m);
    free(c);
    free(m);
}

static void tables_come_as_often_as_is_wanted(void **state)
{
    (void)state;
    static const struct file_kind kind = {SL_MPEGTS, SL_CODEC_NONE, SL_CODEC_AAC, 0};
    struct material *m = sl_new(struct material);
    struct check *c = sl_new(struct check);
    struct file f = {0};

    file_make_material(m, &kind);
    const struct sl_muxer_config config = {
        .container = SL_MPEGTS, .tracks = m->tracks, .tables_us = 500000};
    sl_buffer_init(&f.bytes, FILE_LEN_MAX);
    assert_int_equal(sl_muxer_create(&config, &f.bytes, &f.muxer), 0);
    for (size_t i = 0; i < m->count; i++)
        assert_int_equal(sl_muxer_add(f.muxer, &m->samples[i]), 0);
    file_cut(&f, SL_MUX_LAST);
    check_stream(c, &f);
    assert_in_range(c->tables, 2 * FILE_SECONDS - 2, 2 * FILE_SECONDS);
    assert_in_range(c->pcr_gap, 1, 9000);
    file_end(&f);
    material_deinit(m);
    free(c);
    free(m);
}

static void the_clock_is_told_also_where_pictures_are_rare(void **state)
{
    (void)state;
    static const struct file_kind kind = {SL_MPEGTS, SL_CODEC_H264, SL_CODEC_AAC, 0};
    struct material *m = sl_new(struct material);
    struct check *c = sl_new(struct check);
    struct file f;
    size_t pictures = 0;

    file_make_material(m, &kind);
    file_begin(&f, SL_MPEGTS, &m->tracks);
    for (size_t i = 0; i < m->count; i++) {
        if (m->samples[i].kind == SL_VIDEO && pictures++ % MATERIAL_FPS > 0)
            continue;
        assert_int_equal(sl_muxer_add(f.muxer, &m->samples[i]), 0);
    }
    file_cut(&f, SL_MUX_LAST);
    check_stream(c, &f);
    assert_in_range(c->pcr_gap, 1, 9000);
    probe_decode(file_save(&f, SL_MPEGTS));
    file_end(&f);
    material_deinit(m);
    free(c);
    free(m);
}

static void stamps_wrap_after_26_hours(void **state)
{
    (void)state;
    static const struct file_kind kind = {SL_MPEGTS, SL_CODEC_H264, SL_CODEC_AAC, 2};
    static struct probe probe;
    const int64_t wrap_us = (STAMPS / 90000 - 3) * 1000000;
    struct material *m = sl_new(struct material);
    struct check *c = sl_new(struct check);
    struct file f;

    file_make_material(m, &kind);
    for (size_t i = 0; i < m->count; i++) {
        m->samples[i].pts_us += wrap_us;
        m->samples[i].dts_us += wrap_us;
    }
    file_begin(&f, SL_MPEGTS, &m->tracks);
    file_write_all(&f, m);
    check_stream(c, &f);
    assert_true(c->pcr < 90000 * FILE_SECONDS); /* it has wrapped */
    const char *path = file_save(&f, SL_MPEGTS);
    probe_file(path, &probe);
    assert_int_equal(probe.streams[0].frames, FILE_SECONDS * MATERIAL_FPS);
    probe_decode(path);
    file_end(&f);
    material_deinit(m);
    free(c);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_begins_with_tables_and_a_key_frame),
        cmocka_unit_test(tables_come_as_often_as_is_wanted),
        cmocka_unit_test(the_clock_is_told_also_where_pictures_are_rare),
        cmocka_unit_test(stamps_wrap_after_26_hours),
    };

    return cmocka_run_group_tests_name("mux ts", tests, file_make_directory, file_remove_directory);
}
