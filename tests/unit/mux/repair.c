/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that end anywhere: what is whole of them stays, and is found by players. */
#include "file.h"
#include "probe.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    const uint8_t *data;
    size_t len;
    size_t most; /* that one read gives */
    int err;
};

static int read_bytes(void *owner, uint64_t offset, uint8_t *out, size_t len)
{
    const struct bytes *bytes = owner;

    if (bytes->err < 0)
        return bytes->err;
    assert_true(offset <= bytes->len && len <= bytes->len - offset);
    if (len > bytes->most)
        len = bytes->most;
    memcpy(out, bytes->data + offset, len);
    return (int)len;
}

static int repair(enum sl_container container, const struct bytes *bytes, struct sl_mux_repair *out)
{
    struct bytes owner = *bytes;
    const struct sl_mux_source source = {bytes->len, read_bytes, &owner};

    return sl_mux_repair(container, &source, out);
}

/* As whoever has the file does it. */
static void apply(struct file *f, const struct sl_mux_repair *repair)
{
    sl_buffer_rewind(&f->bytes, (size_t)repair->len);
    sl_buffer_append(&f->bytes, repair->tail.data, repair->tail.len);
    memcpy(f->bytes.data, repair->head.data, repair->head.len);
}

static const struct file_kind kinds[] = {
    {SL_MP4, SL_CODEC_H264, SL_CODEC_AAC, 2},
    {SL_MP4, SL_CODEC_NONE, SL_CODEC_AAC, 0},
    {SL_WEBM, SL_CODEC_VP8, SL_CODEC_OPUS, 0},
    {SL_MATROSKA, SL_CODEC_H264, SL_CODEC_AAC, 0},
};

/* Where the pieces end. */
static size_t write_pieces(struct file *f, const struct material *m, size_t ends[FILE_SECONDS + 1])
{
    size_t count = 0, before = 0;

    ends[count++] = f->bytes.len;
    for (size_t i = 0; i < m->count; i++) {
        bool is_cut = m->tracks.codecs[SL_VIDEO] != SL_CODEC_NONE
                          ? m->samples[i].kind == SL_VIDEO && m->samples[i].keyframe
                          : m->samples[i].dts_us / 1000000 > (int64_t)before;
        if (i > 0 && is_cut) {
            file_cut(f, m->samples[i].dts_us);
            ends[count++] = f->bytes.len;
            before++;
        }
        assert_int_equal(sl_muxer_add(f->muxer, &m->samples[i]), 0);
    }
    file_cut(f, SL_MUX_LAST);
    ends[count++] = f->bytes.len;
    return count;
}

static void what_is_whole_stays_wherever_a_file_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++) {
        struct material *m = sl_new(struct material);
        struct file f;
        size_t ends[FILE_SECONDS + 1];
        file_make_material(m, &kinds[i]);
        file_begin(&f, kinds[i].container, &m->tracks);
        assert_int_equal(write_pieces(&f, m, ends), FILE_SECONDS + 1);
        for (size_t len = 0; len <= f.bytes.len; len += len < f.bytes.len - 97 ? 97 : 1) {
            struct sl_mux_repair r;
            struct bytes bytes = {f.bytes.data, len, SIZE_MAX, 0};
            size_t whole = 0;
            while (whole < FILE_SECONDS && ends[whole + 1] <= len)
                whole++;
            int err = repair(kinds[i].container, &bytes, &r);
            assert_int_equal(err, whole > 0 ? 0 : -EBADMSG);
            if (err < 0)
                continue;
            assert_int_equal(r.len, ends[whole]);
            assert_int_equal(r.pieces, whole);
            assert_int_equal(r.keyframes, whole);
            assert_in_range(r.duration_us, whole * 1000000 - 50000, whole * 1000000 + 60000);
            sl_mux_repair_deinit(&r);
        }
        file_end(&f);
        material_deinit(m);
        free(m);
    }
}

static void a_repaired_file_plays_and_tells_its_duration(void **state)
{
    (void)state;
    static struct probe probe;

    for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++) {
        struct material *m = sl_new(struct material);
        struct file f;
        struct sl_mux_repair r;
        file_make_material(m, &kinds[i]);
        file_begin(&f, kinds[i].container, &m->tracks);
        file_write_all(&f, m);
        struct bytes bytes = {f.bytes.data, f.bytes.len - 100, SIZE_MAX, 0};
        assert_int_equal(repair(kinds[i].container, &bytes, &r), 0);
        apply(&f, &r);
        const char *path = file_save(&f, kinds[i].container);
        probe_file(path, &probe);
        probe_decode(path);
        if (fabs(probe.duration_s - (FILE_SECONDS - 1)) > 0.06)
            fail_msg("%zu: %f", i, probe.duration_s);
        if (kinds[i].video != SL_CODEC_NONE)
            assert_true(fabs(probe_seek(path, 1.5) - 1) < 0.001);
        sl_mux_repair_deinit(&r);
        file_end(&f);
        material_deinit(m);
        free(m);
    }
}

/* Whoever had written the tail when the power went may do it again. */
static void a_finished_file_is_repaired_into_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++) {
        struct material *m = sl_new(struct material);
        struct file f;
        struct sl_mux_repair r;
        file_make_material(m, &kinds[i]);
        file_begin(&f, kinds[i].container, &m->tracks);
        file_write_all(&f, m);
        uint64_t whole = sl_muxer_len(f.muxer);
        int64_t duration_us = sl_muxer_duration_us(f.muxer);
        file_finish(&f);
        struct bytes bytes = {f.bytes.data, f.bytes.len, SIZE_MAX, 0};
        assert_int_equal(repair(kinds[i].container, &bytes, &r), 0);
        assert_int_equal(r.len, whole);
        assert_int_equal(r.head.len, f.head_len);
        assert_int_equal(r.tail.len, f.bytes.len - whole);
        assert_memory_equal(r.tail.data, f.bytes.data + whole, r.tail.len);
        assert_in_range(r.duration_us, duration_us - 2000, duration_us + 2000);
        sl_mux_repair_deinit(&r);
        file_end(&f);
        material_deinit(m);
        free(m);
    }
}

static void mpeg_ts_is_cut_to_whole_packets(void **state)
{
    (void)state;
    static const uint8_t file[1000] = {0x47};
    struct sl_mux_repair r;

    assert_int_equal(repair(SL_MPEGTS, &(struct bytes){file, 1000, SIZE_MAX, 0}, &r), 0);
    assert_int_equal(r.len, 940);
    assert_int_equal(r.head.len + r.tail.len, 0);
    sl_mux_repair_deinit(&r);
    assert_int_equal(repair(SL_MPEGTS, &(struct bytes){file, 187, SIZE_MAX, 0}, &r), -EBADMSG);
    assert_int_equal(repair(SL_MPEGTS, &(struct bytes){file + 1, 999, SIZE_MAX, 0}, &r), -EBADMSG);
}

static void errors_of_reading_are_told(void **state)
{
    (void)state;
    static const uint8_t file[1000];
    struct sl_mux_repair r;

    for (int container = SL_MP4; container <= SL_MPEGTS; container++) {
        assert_int_equal(repair(container, &(struct bytes){file, 1000, SIZE_MAX, -EIO}, &r), -EIO);
        assert_int_equal(repair(container, &(struct bytes){file, 0, SIZE_MAX, 0}, &r), -EBADMSG);
        /* A file that has become shorter meanwhile. */
        assert_int_equal(repair(container, &(struct bytes){file, 1000, 0, 0}, &r), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_whole_stays_wherever_a_file_ends),
        cmocka_unit_test(a_repaired_file_plays_and_tells_its_duration),
        cmocka_unit_test(a_finished_file_is_repaired_into_itself),
        cmocka_unit_test(mpeg_ts_is_cut_to_whole_packets),
        cmocka_unit_test(errors_of_reading_are_told),
    };

    return cmocka_run_group_tests_name("mux repair", tests, file_make_directory,
                                       file_remove_directory);
}
