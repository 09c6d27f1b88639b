/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets into frames, one case at a time: H264 and VP8 put together, order, waiting, audio. */
#include "base/mem.h"
#include "output.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SPS_240 "\x67\x64\x00\x0d\xac\xb4\x0a\x0f\xd8\x08\x80\0\0\x03\0\x80\0\0\x19\x07\x8a\x15\x50"

static int teardown(void **state)
{
    sl_assembler_destroy(*state);
    clear(&output);
    return 0;
}

static int setup_h264(void **state)
{
    *state = create(SL_CODEC_H264);
    return 0;
}

static int setup_vp8(void **state)
{
    *state = create(SL_CODEC_VP8);
    return 0;
}

static int setup_opus(void **state)
{
    *state = create(SL_CODEC_OPUS);
    return 0;
}

static void assert_frame(size_t index, bool keyframe, uint32_t timestamp, int64_t first_seq,
                         const uint8_t *data, size_t len)
{
    assert_true(index < output.count);
    const struct sl_assembled_frame *frame = &output.frames[index];
    assert_int_equal(frame->keyframe, keyframe);
    assert_int_equal(frame->rtp_timestamp, timestamp);
    assert_int_equal(frame->first_seq, first_seq);
    assert_int_equal(frame->len, len);
    assert_memory_equal(frame->data, data, len);
}

/* ---- H264 ---- */

enum { MARKER = 1 };

static void input(struct sl_assembler *assembler, int64_t seq, uint32_t timestamp, int flags,
                  const uint8_t *payload, size_t len)
{
    sl_assembler_input(assembler, seq, timestamp, flags & MARKER, payload, len, 0);
}

static void joins_single_units_of_one_timestamp(void **state)
{
    input(*state, 1, 90, 0, TEXT(SPS));
    input(*state, 2, 90, 0, TEXT(PPS));
    input(*state, 3, 90, MARKER, TEXT("\x65\x88\x01"));
    input(*state, 4, 180, MARKER, TEXT("\x41\x9a\x02"));
    assert_frame(0, true, 90, 1, TEXT(SC SPS SC PPS SC "\x65\x88\x01"));
    assert_int_equal(output.frames[0].width, 1280);
    assert_int_equal(output.frames[0].height, 720);
    assert_frame(1, false, 180, 4, TEXT(SC "\x41\x9a\x02"));
    assert_int_equal(output.frames[1].width, 0);
    assert_int_equal(output.losses, 0);
}

/* H.264 E.2.1 max_num_reorder_frames; SPS as x264 writes them, but for the last */
static void tells_how_far_pictures_are_out_of_order(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const uint8_t *sps;
        size_t len;
        int reorder;
    } cases[] = {
        {"baseline", TEXT(SPS), 0},
        {"main without B",
         TEXT("\x67\x4d\x40\x0d\xd9\x01\x41\xfb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xf1"
              "\x42\xa4\x80"),
         0},
        {"main, bf 2",
         TEXT("\x67\x4d\x40\x0d\xe8\x80\xa0\xfd\x80\x88\x00\x00\x03\x00\x08\x00\x00\x03\x01\x90\x78"
              "\xa1\x48\x90"),
         1},
        {"high, bf 3, pyramid",
         TEXT("\x67\x64\x00\x0d\xac\xd9\x41\x41\xfb\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20"
              "\xf1\x42\x99\x60"),
         2},
        {"with HRD and colours",
         TEXT("\x67\x64\x00\x0d\xac\xd9\x41\x41\xfb\x01\x6a\x02\x02\x02\x80\x00\x00\x03\x00\x80\x00"
              "\x00\x19\x30\x10\x00\xf4\x20\x00\x3d\x09\xc9\x86\x00\xf1\x42\x99\x60"),
         2},
        {"interlaced",
         TEXT("\x67\x64\x00\x15\xac\xd9\x41\x41\x0f\xcb\x80\x88\x00\x00\x03\x00\x08\x00\x00\x03\x01"
              "\x90\xf8\xa1\x4c\xb0"),
         2},
        {"high, cut behind its size", TEXT("\x67\x64\x00\x0d\xac\xd9\x41\x41\xfb\x01\x10"), -1},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_assembler *assembler = create(SL_CODEC_H264);
        input(assembler, 1, 90, 0, cases[i].sps, cases[i].len);
        input(assembler, 2, 90, 0, TEXT(PPS));
        input(assembler, 3, 90, MARKER, TEXT("\x65\x88\x01"));
        input(assembler, 4, 180, MARKER, TEXT("\x41\x9a\x02"));
        if (output.count != 2 || output.frames[0].reorder != cases[i].reorder ||
            output.frames[1].reorder != cases[i].reorder)
            fail_msg("%s: %d", cases[i].why, output.count ? output.frames[0].reorder : -2);
        sl_assembler_destroy(assembler);
        clear(&output);
    }
}

static void tells_of_pictures_that_wait_for_a_key_frame(void **state)
{
    input(*state, 1, 90, MARKER, TEXT("\x41\x9a\x02"));
    input(*state, 2, 180, MARKER, TEXT("\x41\x9a\x03"));
    assert_int_equal(output.count, 0);
    assert_int_equal(output.left_out, 2);
    input(*state, 3, 270, 0, TEXT(SPS));
    input(*state, 4, 270, 0, TEXT(PPS));
    input(*state, 5, 270, MARKER, TEXT("\x65\x88\x01"));
    input(*state, 6, 360, MARKER, TEXT("\x41\x9a\x04"));
    assert_int_equal(output.count, 2);
    assert_int_equal(output.left_out, 2);
}

static void joins_aggregates_and_fragments(void **state)
{
    input(*state, 1, 90, 0, TEXT("\x78\x00\x17" SPS "\x00\x04" PPS));
    input(*state, 2, 90, 0, TEXT("\x7c\x85\x88\x01"));
    input(*state, 3, 90, 0, TEXT("\x7c\x05\x02"));
    input(*state, 4, 90, 0, TEXT("\x7c\x45\x03\x04"));
    input(*state, 5, 90, MARKER, TEXT("\x65\x11"));
    assert_frame(0, true, 90, 1, TEXT(SC SPS SC PPS SC "\x65\x88\x01\x02\x03\x04" SC "\x65\x11"));
}

static void completes_a_frame_when_the_timestamp_changes(void **state)
{
    input(*state, 1, 90, 0, TEXT("\x78\x00\x17" SPS "\x00\x04" PPS "\x00\x02\x65\x88"));
    assert_int_equal(output.count, 0);
    input(*state, 2, 180, 0, TEXT("\x41\x9a"));
    assert_int_equal(output.count, 1);
    input(*state, 3, 270, 0, TEXT("\x41\x9b"));
    assert_frame(1, false, 180, 2, TEXT(SC "\x41\x9a"));
    assert_int_equal(output.losses, 0);
}

static void prepends_the_known_parameter_sets_to_a_key_frame(void **state)
{
    input(*state, 1, 90, MARKER, TEXT(SPS)); /* even with a picture end of its own */
    input(*state, 2, 90, MARKER, TEXT(PPS));
    assert_int_equal(output.count, 0);
    input(*state, 3, 180, MARKER, TEXT("\x65\x88"));
    input(*state, 4, 270, MARKER, TEXT("\x65\x89"));
    assert_frame(0, true, 180, 3, TEXT(SC SPS SC PPS SC "\x65\x88"));
    assert_frame(1, true, 270, 4, TEXT(SC SPS SC PPS SC "\x65\x89"));
    input(*state, 5, 360, 0, TEXT(SPS_240)); /* the last one of an id counts */
    input(*state, 6, 360, MARKER, TEXT("\x65\x8a"));
    assert_frame(2, true, 360, 5, TEXT(SC SPS_240 SC PPS SC "\x65\x8a"));
    assert_int_equal(output.frames[2].width, 320);
    assert_int_equal(output.losses, 0);
}

static void keeps_the_order_of_an_access_unit(void **state)
{
    /* H.264 7.4.1.2.3: the delimiter first, then the sets, then SEI, then slices. No filler. */
    input(*state, 1, 90, 0, TEXT("\x09\xf0"));
    input(*state, 2, 90, 0, TEXT("\x06\x05\x01"));
    input(*state, 3, 90, 0, TEXT(PPS)); /* before its SPS */
    input(*state, 4, 90, 0, TEXT(SPS));
    input(*state, 5, 90, 0, TEXT("\x65\x88"));
    input(*state, 6, 90, MARKER, TEXT("\x0c\xff\xff"));
    assert_frame(0, true, 90, 1, TEXT(SC "\x09\xf0" SC SPS SC PPS SC "\x06\x05\x01" SC "\x65\x88"));
}

static void keeps_sets_of_different_ids_apart(void **state)
{
    input(*state, 1, 90, 0, TEXT(SPS));
    input(*state, 2, 90, 0, TEXT("\x68\xce\x3c\x80")); /* id 0 */
    input(*state, 3, 90, 0, TEXT("\x68\x4e\x3c\x80")); /* id 1 */
    input(*state, 4, 90, MARKER, TEXT("\x65\x88"));
    input(*state, 5, 180, 0, TEXT("\x68\x4e\x3c\x81")); /* id 1 again, for a delta frame */
    input(*state, 6, 180, MARKER, TEXT("\x41\x9a"));
    input(*state, 7, 270, MARKER, TEXT("\x65\x88"));
    assert_frame(0, true, 90, 1, TEXT(SC SPS SC PPS SC "\x68\x4e\x3c\x80" SC "\x65\x88"));
    assert_frame(1, false, 180, 5, TEXT(SC "\x68\x4e\x3c\x81" SC "\x41\x9a"));
    assert_frame(2, true, 270, 7, TEXT(SC SPS SC PPS SC "\x68\x4e\x3c\x81" SC "\x65\x88"));
}

static void asks_again_when_a_key_frame_came_without_sets(void **state)
{
    input(*state, 1, 90, MARKER, TEXT("\x65\x88"));
    assert_int_equal(output.count, 0);
    assert_int_equal(output.losses, 1);
    input(*state, 2, 180, 0, TEXT("\x78\x00\x17" SPS "\x00\x04" PPS));
    input(*state, 3, 180, MARKER, TEXT("\x65\x88"));
    assert_int_equal(output.count, 1);
}

static void begins_with_a_whole_key_frame(void **state)
{
    input(*state, 1, 90, MARKER, TEXT("\x41\x9a"));      /* delta */
    input(*state, 2, 180, MARKER, TEXT("\x7c\x45\x01")); /* the end of something */
    input(*state, 3, 270, 0, TEXT(SPS));
    input(*state, 4, 270, 0, TEXT(PPS));
    input(*state, 5, 270, MARKER, TEXT("\x65\x88"));
    assert_int_equal(output.count, 1);
    assert_int_equal(output.frames[0].rtp_timestamp, 270);
}

static void takes_no_key_frame_whose_first_slice_may_be_lost(void **state)
{
    input(*state, 1, 90, 0, TEXT(SPS));
    input(*state, 2, 90, 0, TEXT(PPS));
    input(*state, 3, 90, MARKER, TEXT("\x65\x88"));
    sl_assembler_input(*state, 5, 180, true, TEXT("\x65\x44"), 0); /* its second slice */
    sl_assembler_tick(*state, 600 * MS);
    assert_int_equal(output.count, 1);
    assert_int_equal(output.losses, 1);
}

static void takes_no_key_frame_whose_parameter_sets_may_be_lost(void **state)
{
    input(*state, 1, 90, 0, TEXT(SPS));
    input(*state, 2, 90, 0, TEXT(PPS));
    input(*state, 3, 90, MARKER, TEXT("\x65\x88"));
    input(*state, 5, 180, 0, TEXT(PPS)); /* the SPS before it may have shown another size */
    input(*state, 6, 180, MARKER, TEXT("\x65\x88"));
    sl_assembler_tick(*state, 500 * MS);
    assert_int_equal(output.count, 1);
    assert_int_equal(output.losses, 1);
    input(*state, 7, 270, MARKER, TEXT("\x65\x88")); /* but this one has none of its own */
    assert_int_equal(output.count, 2);
}

static void drops_malformed_pictures_and_asks_for_a_key_frame(void **state)
{
    (void)state;
    static const struct {
        const char *why, *payload;
        size_t len;
    } cases[] = {
        {"STAP-A cut", "\x78\x00\x05\x41", 4},
        {"middle of a fragment", "\x5c\x01\x02", 3},
        {"type 31", "\x7f\x01", 2},
        {"fragment never ended", "\x5c\x81\x9a", 3},
        {"slice without header", "\x41", 1},
        {"SPS of nonsense", "\x67\x42", 2},
        {"FU-A without fragment", "\x5c\x81", 2},
        {"FU-A of a FU-A", "\x5c\x9c\x01", 3},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_assembler *assembler = create(SL_CODEC_H264);
        input(assembler, 1, 90, MARKER, TEXT("\x78\x00\x17" SPS "\x00\x04" PPS "\x00\x02\x65\x88"));
        input(assembler, 2, 180, MARKER, (const uint8_t *)cases[i].payload, cases[i].len);
        input(assembler, 3, 270, MARKER, TEXT("\x41\x9a")); /* held back */
        input(assembler, 4, 360, MARKER, TEXT("\x65\x88"));
        input(assembler, 5, 450, MARKER, TEXT("\x41\x9a"));
        if (output.count != 3 || output.losses != 1)
            fail_msg("%s: %zu frames, %zu losses", cases[i].why, output.count, output.losses);
        sl_assembler_destroy(assembler);
        clear(&output);
    }
}

/* ---- Order and waiting ---- */

static void joins_vp8_packets_without_their_descriptors(void **state)
{
    input(*state, 1, 90, 0, TEXT("\x90\x80\x12" VP8_KEY));
    input(*state, 2, 90, 0,
          TEXT("\x80\x80\x12"
               "abc"));
    input(*state, 3, 90, MARKER,
          TEXT("\x91\x80\x12"
               "de")); /* second partition */
    input(*state, 4, 180, MARKER, TEXT("\x90\x80\x13\x01x"));
    assert_frame(0, true, 90, 1, TEXT(VP8_KEY "abcde"));
    assert_int_equal(output.frames[0].width, 320);
    assert_int_equal(output.frames[0].height, 240);
    assert_frame(1, false, 180, 4, TEXT("\x01x"));
}

static void drops_malformed_vp8_frames(void **state)
{
    (void)state;
    static const struct {
        const char *why, *payload;
        size_t len;
    } cases[] = {
        {"descriptor cut", "\x90\x80", 2},
        {"beginning missing", "\x00\x01x", 3},
        {"first partition missing", "\x11\x01x", 3},
        {"key frame too short", "\x10\x02\x00\x9d", 4},
        {"key frame without start code", "\x10\x02\x00\x9d\x01\x2b\x40\x01\xf0\x00\x00", 11},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_assembler *assembler = create(SL_CODEC_VP8);
        input(assembler, 1, 90, MARKER, TEXT("\x10" VP8_KEY));
        input(assembler, 2, 180, MARKER, (const uint8_t *)cases[i].payload, cases[i].len);
        input(assembler, 3, 270, MARKER, TEXT("\x10\x01"));
        input(assembler, 4, 360, MARKER, TEXT("\x10" VP8_KEY));
        if (output.count != 2 || output.losses != 1)
            fail_msg("%s: %zu frames, %zu losses", cases[i].why, output.count, output.losses);
        sl_assembler_destroy(assembler);
        clear(&output);
    }
}

static void puts_packets_in_order_and_ignores_duplicates(void **state)
{
    static const int order[] = {0, 2, 2, 1, 0, 5, 4, 5, 3, 1, 7, 6};
    uint32_t timestamp = 0xffffff00;

    for (size_t i = 0; i < SL_ARRAY_LEN(order); i++) {
        int n = order[i];
        const char *payload = n == 0 ? "\x10" VP8_KEY : "\x10\x01\x02\x03\x04\x05\x06\x07\x08\x09";
        input(*state, 65530 + n, timestamp + (uint32_t)n * 90, MARKER, (const uint8_t *)payload,
              n == 0 ? 11 : 3 + (size_t)n);
    }
    assert_int_equal(output.count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(output.frames[i].first_seq, 65530 + i);
        assert_int_equal(output.frames[i].rtp_timestamp, timestamp + (uint32_t)i * 90);
    }
    assert_int_equal(output.losses, 0);
}

static void waits_for_a_missing_packet_and_no_longer(void **state)
{
    sl_assembler_input(*state, 1, 90, true, TEXT("\x10" VP8_KEY), 0);
    sl_assembler_input(*state, 3, 270, true, TEXT("\x10\x01"), 10 * MS);
    sl_assembler_input(*state, 4, 360, true, TEXT("\x10" VP8_KEY), 100 * MS);
    sl_assembler_input(*state, 6, 540, true, TEXT("\x10\x01"), 200 * MS);
    sl_assembler_tick(*state, 509 * MS);
    assert_int_equal(output.count, 1);
    assert_int_equal(output.losses, 0);
    sl_assembler_tick(*state, 510 * MS);
    assert_int_equal(output.losses, 1);
    assert_int_equal(output.count, 2); /* the key frame after it */
    sl_assembler_input(*state, 2, 180, true, TEXT("\x10\x01"), 520 * MS); /* too late */
    assert_int_equal(output.count, 2);
    sl_assembler_input(*state, 5, 450, true, TEXT("\x10\x01"), 699 * MS); /* in time */
    assert_int_equal(output.count, 4);
    assert_int_equal(output.losses, 1);
}

static void gives_up_while_packets_arrive_without_ticks(void **state)
{
    sl_assembler_input(*state, 1, 90, true, TEXT("\x10" VP8_KEY), 0);
    sl_assembler_input(*state, 3, 270, true, TEXT("\x10" VP8_KEY), 0);
    sl_assembler_input(*state, 4, 360, true, TEXT("\x10\x01"), 500 * MS);
    assert_int_equal(output.count, 3);
    assert_int_equal(output.losses, 1);
}

static void holds_back_frames_after_a_loss_until_a_key_frame(void **state)
{
    input(*state, 1, 90, MARKER, TEXT("\x10" VP8_KEY));
    input(*state, 2, 180, 0, TEXT("\x10\x01"));
    input(*state, 4, 180, MARKER, TEXT("\x00y"));
    input(*state, 5, 270, MARKER, TEXT("\x10\x01"));
    sl_assembler_tick(*state, 500 * MS);
    assert_int_equal(output.count, 1);
    assert_int_equal(output.losses, 1);
    input(*state, 6, 360, MARKER, TEXT("\x10" VP8_KEY));
    input(*state, 7, 450, MARKER, TEXT("\x10\x01"));
    assert_int_equal(output.count, 3);
    assert_int_equal(output.losses, 1);
}

static void takes_padding_as_filler(void **state)
{
    input(*state, 1, 90, 0, TEXT("\x10" VP8_KEY));
    input(*state, 2, 90, 0, TEXT("")); /* within a frame, early, with a marker, between frames */
    input(*state, 3, 90, MARKER, TEXT("\x00y"));
    input(*state, 5, 90, MARKER, TEXT(""));
    input(*state, 6, 180, MARKER, TEXT("\x10\x01"));
    input(*state, 4, 90, 0, TEXT(""));
    input(*state, 7, 180, 0, TEXT(""));
    input(*state, 8, 270, MARKER, TEXT("\x10\x01"));
    assert_int_equal(output.count, 3);
    assert_int_equal(output.losses, 0);
}

static void a_jump_far_ahead_is_one_loss(void **state)
{
    input(*state, 1, 90, MARKER, TEXT("\x10" VP8_KEY));
    input(*state, 3, 270, MARKER, TEXT("\x10\x01"));
    input(*state, 1000000, 360, MARKER, TEXT("\x10" VP8_KEY));
    assert_int_equal(output.count, 2);
    assert_int_equal(output.frames[1].first_seq, 1000000);
    assert_int_equal(output.losses, 2); /* packet 2, and all after 3 */
    input(*state, 1000001, 450, MARKER, TEXT("\x10\x01"));
    assert_int_equal(output.count, 3);
}

static void holds_no_more_packets_and_bytes_than_configured(void **state)
{
    (void)state;
    const struct sl_assembler_config config = {.codec = SL_CODEC_VP8,
                                               .max_packets = 8,
                                               .max_frame_len = 1000,
                                               .on_frame = on_frame,
                                               .on_loss = on_loss,
                                               .owner = &output};
    struct sl_assembler *assembler = sl_assembler_create(&config);
    uint8_t large[1200] = "\x10" VP8_KEY;

    input(assembler, 1, 90, MARKER, TEXT("\x10" VP8_KEY));
    input(assembler, 3, 180, MARKER, TEXT("\x10" VP8_KEY));
    input(assembler, 9, 270, MARKER, TEXT("\x10" VP8_KEY));
    assert_int_equal(output.count, 1);
    input(assembler, 10, 360, MARKER, TEXT("\x10" VP8_KEY)); /* 8 after the missing one */
    assert_int_equal(output.count, 2);
    assert_int_equal(output.losses, 1);
    input(assembler, 12, 450, MARKER, large, 995); /* by bytes: 9 is given up */
    assert_int_equal(output.losses, 2);
    sl_assembler_tick(assembler, 500 * MS);
    assert_int_equal(output.count, 5);
    input(assembler, 13, 540, MARKER, large, sizeof(large)); /* longer than any frame */
    input(assembler, 14, 630, MARKER, TEXT("\x10" VP8_KEY));
    sl_assembler_tick(assembler, 1000 * MS);
    assert_int_equal(output.count, 6);
    input(assembler, 15, 720, 0, large, 900); /* together too long */
    large[0] = 0;
    input(assembler, 16, 720, 0, large, 900);
    input(assembler, 17, 720, MARKER, large, 900);
    assert_int_equal(output.count, 6);
    sl_assembler_destroy(assembler);
    clear(&output);
}

/* ---- Audio ---- */

static void passes_audio_on_in_order_skipping_what_stays_away(void **state)
{
    sl_assembler_input(*state, 1, 960, false, TEXT("a"), 0);
    sl_assembler_input(*state, 3, 2880, false, TEXT("c"), 40 * MS);
    sl_assembler_input(*state, 2, 1920, false, TEXT("b"), 41 * MS);
    sl_assembler_input(*state, 5, 4800, false, TEXT("e"), 80 * MS);
    sl_assembler_input(*state, 6, 5760, true, TEXT(""), 90 * MS);
    sl_assembler_input(*state, 7, 6720, true, TEXT("g"), 100 * MS);
    assert_int_equal(output.count, 3);
    sl_assembler_tick(*state, 580 * MS);
    assert_int_equal(output.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_frame(i, true, (uint32_t[]){960, 1920, 2880, 4800, 6720}[i],
                     (int[]){1, 2, 3, 5, 7}[i], (const uint8_t *)&"abceg"[i], 1);
        assert_int_equal(output.frames[i].codec, SL_CODEC_OPUS);
    }
    assert_int_equal(output.losses, 0); /* no key frame to ask for */
}

static void makes_frames_of_known_formats_only(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec codec;
        bool known;
    } cases[] = {
        {SL_CODEC_NONE, false}, {SL_CODEC_OPUS, true}, {SL_CODEC_PCMA, true},
        {SL_CODEC_PCMU, true},  {SL_CODEC_G722, true}, {SL_CODEC_H264, true},
        {SL_CODEC_VP8, true},   {SL_CODEC_VP9, false}, {SL_CODEC_AV1, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_assembler *assembler = create(cases[i].codec);
        if ((assembler != NULL) != cases[i].known)
            fail_msg("%s", sl_codec_name(cases[i].codec));
        sl_assembler_destroy(assembler);
    }
}

int main(void)
{
#define WITH_H264(name) cmocka_unit_test_setup_teardown(name, setup_h264, teardown)
#define WITH_VP8(name)  cmocka_unit_test_setup_teardown(name, setup_vp8, teardown)
    const struct CMUnitTest tests[] = {
        WITH_H264(joins_single_units_of_one_timestamp),
        WITH_H264(tells_of_pictures_that_wait_for_a_key_frame),
        cmocka_unit_test(tells_how_far_pictures_are_out_of_order),
        WITH_H264(joins_aggregates_and_fragments),
        WITH_H264(completes_a_frame_when_the_timestamp_changes),
        WITH_H264(prepends_the_known_parameter_sets_to_a_key_frame),
        WITH_H264(keeps_the_order_of_an_access_unit),
        WITH_H264(keeps_sets_of_different_ids_apart),
        WITH_H264(asks_again_when_a_key_frame_came_without_sets),
        WITH_H264(begins_with_a_whole_key_frame),
        WITH_H264(takes_no_key_frame_whose_first_slice_may_be_lost),
        WITH_H264(takes_no_key_frame_whose_parameter_sets_may_be_lost),
        cmocka_unit_test(drops_malformed_pictures_and_asks_for_a_key_frame),
        WITH_VP8(joins_vp8_packets_without_their_descriptors),
        cmocka_unit_test(drops_malformed_vp8_frames),
        WITH_VP8(puts_packets_in_order_and_ignores_duplicates),
        WITH_VP8(waits_for_a_missing_packet_and_no_longer),
        WITH_VP8(gives_up_while_packets_arrive_without_ticks),
        WITH_VP8(holds_back_frames_after_a_loss_until_a_key_frame),
        WITH_VP8(takes_padding_as_filler),
        WITH_VP8(a_jump_far_ahead_is_one_loss),
        cmocka_unit_test(holds_no_more_packets_and_bytes_than_configured),
        cmocka_unit_test_setup_teardown(passes_audio_on_in_order_skipping_what_stays_away,
                                        setup_opus, teardown),
        cmocka_unit_test(makes_frames_of_known_formats_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
