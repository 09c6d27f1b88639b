/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole streams through the assembler: reordered, repeated, torn, and repaired by the receiver. */
#include "../random.h"
#include "base/mem.h"
#include "output.h"
#include "path.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restores_every_frame_of_a_reordered_stream),
        cmocka_unit_test(tells_losses_and_lets_no_torn_frame_through),
        cmocka_unit_test(frames_survive_a_lossy_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
