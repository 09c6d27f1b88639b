/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets into frames: order, waiting, losses; H264 and VP8 put together; audio passed on. */
#include "base/clock.h"
#include "base/mem.h"
#include "path.h"
#include "random.h"
#include "rtp/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS         ((int64_t)SL_US_PER_MS)
#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

#define SC      "\0\0\0\1"
#define SPS     "\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6\x0c\xa8"
#define PPS     "\x68\xce\x3c\x80"
#define SPS_240 "\x67\x64\x00\x0d\xac\xb4\x0a\x0f\xd8\x08\x80\0\0\x03\0\x80\0\0\x19\x07\x8a\x15\x50"

/* ---- What came out ---- */

enum { FRAMES_MAX = 4096 };

struct output {
    size_t count, losses;
    struct sl_assembled_frame frames[FRAMES_MAX]; /* data copied, NULL-terminated by count */
};

static void on_frame(void *owner, const struct sl_assembled_frame *frame)
{
    struct output *output = owner;
    uint8_t *copy = malloc(frame->len ? frame->len : 1);

    assert_true(output->count < FRAMES_MAX);
    memcpy(copy, frame->data, frame->len);
    output->frames[output->count] = *frame;
    output->frames[output->count++].data = copy;
}

static void on_loss(void *owner)
{
    ((struct output *)owner)->losses++;
}

static void clear(struct output *output)
{
    for (size_t i = 0; i < output->count; i++)
        free((void *)(uintptr_t)output->frames[i].data);
    *output = (struct output){0};
}

static struct output output;

static struct sl_assembler *create(enum sl_codec codec)
{
    const struct sl_assembler_config config = {
        .codec = codec, .on_frame = on_frame, .on_loss = on_loss, .owner = &output};

    return sl_assembler_create(&config);
}

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
    assert_frame(0, true, 90, 1,
                 TEXT(SC "\x09\xf0" SC SPS SC PPS SC "\x06\x05\x01" SC "\x65\x88"));
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
    input(*state, 1, 90, MARKER, TEXT("\x41\x9a"));       /* delta */
    input(*state, 2, 180, MARKER, TEXT("\x7c\x45\x01"));  /* the end of something */
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
        {"STAP-A cut", "\x78\x00\x05\x41", 4},     {"middle of a fragment", "\x5c\x01\x02", 3},
        {"type 31", "\x7f\x01", 2},                {"fragment never ended", "\x5c\x81\x9a", 3},
        {"slice without header", "\x41", 1},       {"SPS of nonsense", "\x67\x42", 2},
        {"FU-A without fragment", "\x5c\x81", 2}, {"FU-A of a FU-A", "\x5c\x9c\x01", 3},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_assembler *assembler = create(SL_CODEC_H264);
        input(assembler, 1, 90, MARKER,
              TEXT("\x78\x00\x17" SPS "\x00\x04" PPS "\x00\x02\x65\x88"));
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

#define VP8_KEY "\x10\x02\x00\x9d\x01\x2a\x40\x01\xf0\x00"

static void joins_vp8_packets_without_their_descriptors(void **state)
{
    input(*state, 1, 90, 0, TEXT("\x90\x80\x12" VP8_KEY));
    input(*state, 2, 90, 0, TEXT("\x80\x80\x12" "abc"));
    input(*state, 3, 90, MARKER, TEXT("\x91\x80\x12" "de")); /* second partition */
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

/* ---- Any stream ---- */

enum { STREAM_FRAMES = 1500, STREAM_PACKETS = 20000, PACKET_MAX = 240 };

static struct stream {
    size_t frame_count, packet_count;
    struct {
        size_t first, end; /* packets */
        bool keyframe;
        uint8_t *bytes; /* as it must come out */
        size_t len;
    } frames[STREAM_FRAMES];
    struct {
        uint32_t timestamp;
        bool marker;
        size_t len;
        uint8_t payload[PACKET_MAX];
    } packets[STREAM_PACKETS];
} stream;

static void add_packet(struct stream *s, const char *head, size_t head_len, const uint8_t *rest,
                       size_t rest_len)
{
    assert_true(s->packet_count < STREAM_PACKETS && head_len + rest_len <= PACKET_MAX);
    s->packets[s->packet_count].timestamp = (uint32_t)s->frame_count * 3000 + 0xfff00000;
    s->packets[s->packet_count].marker = false;
    s->packets[s->packet_count].len = head_len + rest_len;
    memcpy(s->packets[s->packet_count].payload, head, head_len);
    if (rest_len > 0)
        memcpy(s->packets[s->packet_count].payload + head_len, rest, rest_len);
    s->packet_count++;
}

static void add_expected(struct stream *s, const void *bytes, size_t len)
{
    memcpy(s->frames[s->frame_count].bytes + s->frames[s->frame_count].len, bytes, len);
    s->frames[s->frame_count].len += len;
}

static void add_nal(struct stream *s, const uint8_t *nal, size_t len)
{
    add_expected(s, SC, 4);
    add_expected(s, nal, len);
    if (len <= 200) {
        add_packet(s, "", 0, nal, len);
        return;
    }
    for (size_t at = 1; at < len; at += 200) {
        size_t part = len - at < 200 ? len - at : 200;
        char head[2] = {(char)((nal[0] & 0xe0) | 28), (char)(nal[0] & 0x1f)};
        head[1] |= (char)(at == 1 ? 0x80 : 0);
        head[1] |= (char)(at + part == len ? 0x40 : 0);
        add_packet(s, head, 2, nal + at, part);
    }
}

static void add_h264_frame(struct stream *s, bool keyframe, uint8_t *bytes, size_t len,
                           uint32_t *random)
{
    size_t cut = len > 10 && random_chance(random, 30) ? len / 2 : len; /* two slices */

    if (keyframe && random_chance(random, 50)) {
        add_packet(s, "\x78\x00\x17" SPS "\x00\x04" PPS, 3 + 23 + 2 + 4, NULL, 0);
        add_expected(s, SC SPS SC PPS, 4 + 23 + 4 + 4);
    } else if (keyframe) {
        add_nal(s, TEXT(SPS));
        add_nal(s, TEXT(PPS));
    }
    bytes[0] = keyframe ? 0x65 : 0x41;
    bytes[1] |= 0x80;
    if (cut < len) {
        bytes[cut] = bytes[0];
        bytes[cut + 1] &= 0x7f;
    }
    add_nal(s, bytes, cut);
    if (cut < len)
        add_nal(s, bytes + cut, len - cut);
}

static void add_vp8_frame(struct stream *s, bool keyframe, uint8_t *bytes, size_t len)
{
    if (keyframe)
        memcpy(bytes, VP8_KEY, 10);
    else
        bytes[0] |= 1;
    add_expected(s, bytes, len);
    for (size_t at = 0; at < len; at += 200)
        add_packet(s, at == 0 ? "\x90\x80\x12" : "\x80\x80\x12", 3, bytes + at,
                   len - at < 200 ? len - at : 200);
}

static void make_stream(struct stream *s, enum sl_codec codec, unsigned key_every, uint32_t random)
{
    s->frame_count = 0;
    s->packet_count = 0;
    for (; s->frame_count < STREAM_FRAMES; s->frame_count++) {
        bool keyframe = s->frame_count % key_every == 0;
        size_t len = 12 + random_below(&random, keyframe ? 6000 : 2500);
        uint8_t *bytes = malloc(len);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)random_next(&random);
        s->frames[s->frame_count].keyframe = keyframe;
        s->frames[s->frame_count].first = s->packet_count;
        s->frames[s->frame_count].bytes = malloc(len + 100);
        s->frames[s->frame_count].len = 0;
        if (codec == SL_CODEC_H264)
            add_h264_frame(s, keyframe, bytes, len, &random);
        else
            add_vp8_frame(s, keyframe, bytes, len);
        s->packets[s->packet_count - 1].marker = true;
        s->frames[s->frame_count].end = s->packet_count;
        free(bytes);
    }
}

static void free_stream(struct stream *s)
{
    for (size_t i = 0; i < s->frame_count; i++)
        free(s->frames[i].bytes);
}

static void input_stream_packet(struct sl_assembler *assembler, size_t n, int64_t now_us)
{
    uint8_t *exact = malloc(stream.packets[n].len); /* the sanitizer sees one byte too many */

    memcpy(exact, stream.packets[n].payload, stream.packets[n].len);
    sl_assembler_input(assembler, 65000 + (int64_t)n, stream.packets[n].timestamp,
                       stream.packets[n].marker, exact, stream.packets[n].len, now_us);
    free(exact);
}

/* Every frame that came out is one of the stream's, byte for byte, in order; those between two that
 * came are missing only up to a key frame. */
static void check_output(void)
{
    size_t n = 0;

    for (size_t i = 0; i < output.count; i++) {
        const struct sl_assembled_frame *frame = &output.frames[i];
        size_t expected = n;
        while (n < STREAM_FRAMES && 65000 + (int64_t)stream.frames[n].first != frame->first_seq)
            n++;
        assert_true(n < STREAM_FRAMES);
        assert_true(n == expected || stream.frames[n].keyframe);
        assert_int_equal(frame->rtp_timestamp, (uint32_t)n * 3000 + 0xfff00000);
        assert_int_equal(frame->keyframe, stream.frames[n].keyframe);
        assert_int_equal(frame->len, stream.frames[n].len);
        assert_memory_equal(frame->data, stream.frames[n].bytes, frame->len);
        n++;
    }
}

/* Without loss all comes through, whatever the order and however often. */
static void restores_every_frame_of_a_reordered_stream(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        enum sl_codec codec = round % 2 ? SL_CODEC_VP8 : SL_CODEC_H264;
        struct sl_assembler *assembler = create(codec);
        uint32_t random = round + 1, window = 1 + round * 5;
        static bool given[STREAM_PACKETS];

        make_stream(&stream, codec, 30, random);
        memset(given, 0, sizeof(given));
        for (size_t head = 0; head < stream.packet_count + window; head++) {
            size_t from = head < window ? 0 : head - window;
            for (size_t n = from; n <= head && n < stream.packet_count; n++) {
                bool now = n == 0 || (head >= window && n == from) || random_chance(&random, 30);
                if (now && (!given[n] || random_chance(&random, 10)))
                    input_stream_packet(assembler, n, 0);
                given[n] |= now;
            }
        }
        assert_int_equal(output.count, STREAM_FRAMES);
        assert_int_equal(output.losses, 0);
        check_output();
        sl_assembler_destroy(assembler);
        free_stream(&stream);
        clear(&output);
    }
}

static void tells_losses_and_lets_no_torn_frame_through(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        enum sl_codec codec = round % 2 ? SL_CODEC_VP8 : SL_CODEC_H264;
        struct sl_assembler *assembler = create(codec);
        uint32_t random = round + 1;
        int64_t now_us = 0;

        make_stream(&stream, codec, 10, random);
        for (size_t n = 0; n < stream.packet_count; n++) {
            now_us += 3 * MS;
            if (!random_chance(&random, 1 + round / 4))
                input_stream_packet(assembler, n, now_us);
            if (random_chance(&random, 20))
                sl_assembler_tick(assembler, now_us);
        }
        sl_assembler_tick(assembler, now_us + 500 * MS);
        assert_in_range(output.count, 10, STREAM_FRAMES - 10);
        assert_true(output.losses > 0);
        check_output();
        sl_assembler_destroy(assembler);
        free_stream(&stream);
        clear(&output);
    }
}

/* The lot together: a path that loses both ways, a receiver that asks, an assembler that waits.
 * hardening.md, faults to survive: 99 % of frames at 5 % loss, 95 % at 10 %, RTT 50 ms. */
static void frames_survive_a_lossy_path(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_percent;
        size_t frames_percent;
    } cases[] = {{5, 99}, {10, 95}, {20, 95}};
    static struct path path;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_assembler *assembler = create(SL_CODEC_H264);
        struct sl_receiver *receiver = sl_receiver_create(90000, true);
        size_t sent = 0;

        path = (struct path){.random = 5,
                             .loss_percent = cases[i].loss_percent,
                             .delay_us = 25 * MS,
                             .jitter_us = 5 * MS};
        make_stream(&stream, SL_CODEC_H264, 300, 7);
        input_stream_packet(assembler, sent++, 0);
        (void)sl_receiver_input(receiver, 0, 0, 100, false, 0);
        for (int64_t now_us = 0; now_us < 60000 * MS; now_us += MS) {
            struct path_item item;
            uint16_t seqs[64];
            bool give_up;

            if (now_us / MS % 3 == 0 && sent < stream.packet_count) {
                path_send(&path, (struct path_item){.seq = (uint16_t)sent}, now_us);
                sent++;
            }
            while (path_receive(&path, now_us, &item)) {
                if (item.request) {
                    path_send(&path, (struct path_item){.seq = item.seq}, now_us);
                    continue;
                }
                if (sl_receiver_input(receiver, item.seq, 0, 100, false, now_us) >= 0)
                    input_stream_packet(assembler, item.seq, now_us);
            }
            if (now_us / MS % 10 != 0)
                continue;
            size_t count = sl_receiver_nacks(receiver, now_us, 55 * MS, seqs, 64, &give_up);
            for (size_t k = 0; k < count; k++)
                path_send(&path, (struct path_item){.seq = seqs[k], .request = true}, now_us);
            sl_assembler_tick(assembler, now_us);
        }
        check_output();
        if (output.count * 100 < (size_t)STREAM_FRAMES * cases[i].frames_percent)
            fail_msg("%u %%: %zu of %d frames", cases[i].loss_percent, output.count, STREAM_FRAMES);
        sl_assembler_destroy(assembler);
        sl_receiver_destroy(receiver);
        free_stream(&stream);
        clear(&output);
    }
}

int main(void)
{
#define WITH_H264(name) cmocka_unit_test_setup_teardown(name, setup_h264, teardown)
#define WITH_VP8(name)  cmocka_unit_test_setup_teardown(name, setup_vp8, teardown)
    const struct CMUnitTest tests[] = {
        WITH_H264(joins_single_units_of_one_timestamp),
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
        cmocka_unit_test(restores_every_frame_of_a_reordered_stream),
        cmocka_unit_test(tells_losses_and_lets_no_torn_frame_through),
        cmocka_unit_test(frames_survive_a_lossy_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
