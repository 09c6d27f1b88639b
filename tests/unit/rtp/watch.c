/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter sets that pass once: seen in every shape, put before the key frames that lack them, and
 * nowhere else. */
#include "base/bytes.h"
#include "base/mem.h"
#include "output.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SPS_ONE "\x67\x64\x00\x0d\xac\xb4\x0a\x0f\xd8\x08\x80\0\0\x03\0\x80\0\0\x19\x07\x8a\x15\x50"
#define PPS_ONE "\x68\x5b\x20" /* id 1 */
#define IDR     "\x65\x88\x84"
#define SLICE   "\x41\x9a\x02"
#define STAP    "\x78\x00\x17" SPS "\x00\x04" PPS
#define SPROP   "\x00\x17" SPS "\x00\x04" PPS

/* A packet, and what is expected of it; seq 0: one more than the last. */
struct step {
    int64_t seq;
    const char *payload;
    size_t len;
    int result;
};

enum { STEPS_MAX = 12 };

struct watch_case {
    const char *why, *sprop;
    size_t sprop_len;
    struct step steps[STEPS_MAX]; /* up to one without payload */
    const char *sets;             /* what would be put in after the last */
    size_t sets_len;
};

#define P(text) text, sizeof(text) - 1

static void append(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct sl_writer *w = arg;

    (void)marker;
    sl_write_bytes(w, payload, len);
}

static void run(const struct watch_case *c)
{
    struct sl_h264_sprop sprop = {.len = (uint16_t)c->sprop_len};
    uint8_t bytes[8192];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));
    int64_t seq = 99;

    memcpy(sprop.bytes, c->sprop, c->sprop_len);
    struct sl_h264_watch *watch = sl_h264_watch_create(&sprop);
    for (size_t i = 0; i < STEPS_MAX && c->steps[i].payload; i++) {
        const struct step *step = &c->steps[i];
        seq = step->seq ? step->seq : seq + 1;
        uint8_t *exact = malloc(step->len + 1); /* under the sanitizers, a byte too far shows */
        memcpy(exact, step->payload, step->len);
        int result = sl_h264_watch_input(watch, seq, exact, step->len);
        free(exact);
        if (result != step->result)
            fail_msg("%s: packet %zu: %d", c->why, i, result);
    }
    sl_h264_watch_packetize(watch, SL_RTP_PAYLOAD_DEFAULT, append, &w);
    if (sl_writer_len(&w) != c->sets_len || memcmp(bytes, c->sets, c->sets_len) != 0)
        fail_msg("%s: %zu bytes of sets, not %zu", c->why, sl_writer_len(&w), c->sets_len);
    sl_h264_watch_destroy(watch);
}

static void puts_known_sets_before_key_frames_without(void **state)
{
    (void)state;
    static const struct watch_case cases[] = {
        {"in the description only",
         P(SPROP),
         {{0, P(IDR), 1}, {0, P(SLICE), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"each in a packet, at the beginning only",
         P(""),
         {{0, P(SPS), 0}, {0, P(PPS), 0}, {0, P(IDR), 0}, {0, P(SLICE), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"together, at the beginning only",
         P(""),
         {{0, P(STAP), 0}, {0, P(IDR), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"together with the first key frame",
         P(""),
         {{0, P(STAP "\x00\x03" IDR), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"an SPS in pieces",
         P(""),
         {{0, P("\x7c\x87\x42\xc0\x1f\xda\x01\x40\x16\xec"), 0},
          {0, P("\x7c\x07\x04\x40\0\0\x03\0\x40\0\0\x0c\x83\xc6"), 0},
          {0, P("\x7c\x47\x0c\xa8"), 0},
          {0, P(PPS), 0},
          {0, P(IDR), 0},
          {0, P(IDR), 1}},
         P(STAP)},
        {"a key frame in pieces, in slices, in an aggregate",
         P(SPROP),
         {{0, P(SLICE), 0},
          {0, P("\x7c\x85\x88\x01"), 1},
          {0, P("\x7c\x45\x02"), 0},
          {0, P("\x65\x08\x84"), 0}, /* its second slice */
          {0, P("\x7c\x85\x08\x01"), 0},
          {0, P("\x78\x00\x03" IDR), 1}},
         P(STAP)},
        {"a key frame behind SEI and delimiter",
         P(SPROP),
         {{0, P("\x09\xf0"), 0}, {0, P("\x06\x05\x01\x00\x80"), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"a PPS in band, the SPS in the description",
         P(SPROP),
         {{0, P(PPS), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"behind padding", P(SPROP), {{0, P(SLICE), 0}, {0, P(""), 0}, {0, P(IDR), 1}}, P(STAP)},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        run(&cases[i]);
}

static void leaves_alone_what_brings_its_own_or_may_have(void **state)
{
    (void)state;
    static const struct watch_case cases[] = {
        {"as browsers send",
         P(""),
         {{0, P(STAP), 0},
          {0, P("\x7c\x85\x88\x01"), 0},
          {0, P("\x7c\x45\x02"), 0},
          {0, P(SLICE), 0},
          {0, P(STAP), 0},
          {0, P(IDR), 0}},
         P(STAP)},
        {"a packet before the key frame is missing",
         P(SPROP),
         {{0, P(SLICE), 0}, {102, P(IDR), 0}, {0, P(SLICE), 0}, {0, P(IDR), 1}},
         P(STAP)},
        {"the key frame's beginning comes late",
         P(SPROP),
         {{0, P(SLICE), 0}, {102, P("\x7c\x45\x02"), 0}, {101, P("\x7c\x85\x88\x01"), 0}},
         P(STAP)},
        {"nothing is known yet of a stream that begins", P(""), {{0, P(IDR), 0}}, P("")},
        {"nothing is known", P(""), {{0, P(SLICE), 0}, {0, P(IDR), -ENODATA}}, P("")},
        {"no PPS is known", P("\x00\x17" SPS), {{0, P(SLICE), 0}, {0, P(IDR), -ENODATA}}, P(SPS)},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        run(&cases[i]);
}

static void the_newest_of_each_id_counts(void **state)
{
    (void)state;
#define SPS_LIKE "\x67\x42\xc0\x1f\xda\x02\x80\x2d\x11"
    static const struct watch_case cases[] = {
        {"in band over the description",
         P(SPROP),
         {{0, P(SPS_LIKE), 0}, {0, P(PPS), 0}, {0, P(IDR), 0}, {0, P(IDR), 1}},
         P("\x78\x00\x09" SPS_LIKE "\x00\x04" PPS)},
        {"late, but new",
         P(SPROP),
         {{0, P(SLICE), 0}, {103, P(SLICE), 0}, {101, P(SPS_LIKE), 0}},
         P("\x78\x00\x09" SPS_LIKE "\x00\x04" PPS)},
        {"late, and replaced since",
         P(""),
         {{0, P(SLICE), 0}, {102, P(SPS), 0}, {103, P(PPS), 0}, {101, P(SPS_LIKE), 0}},
         P(STAP)},
        {"several ids",
         P(SPROP),
         {{0, P(PPS_ONE), 0}},
         P("\x78\x00\x17" SPS "\x00\x04" PPS "\x00\x03" PPS_ONE)},
        {"pieces that do not follow one another",
         P(SPROP),
         {{0, P("\x7c\x87\x42\xc0\x1f\xda\x02"), 0}, {102, P("\x7c\x47\x80\x2d\x11"), 0}},
         P(STAP)},
        {"no sets in the description but these",
         P("\x00\x03" IDR SPROP "\x00\x01\x68\x00\xff"),
         {{0, P(IDR), 1}},
         P(STAP)},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        run(&cases[i]);
}

static void keeps_no_more_than_its_bound(void **state)
{
    (void)state;
    static const struct sl_h264_sprop none;
    struct sl_h264_watch *watch = sl_h264_watch_create(&none);
    static uint8_t piece[1200] = {0x7c, 0x87, 0x42, 0xc0, 0x1f, 0xda};
    uint8_t bytes[8192];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));

    assert_int_equal(sl_h264_watch_input(watch, 1, piece, sizeof(piece)), 0);
    piece[1] = 0x47;
    assert_int_equal(sl_h264_watch_input(watch, 2, piece, sizeof(piece)), 0);
    for (int i = 0; i < 40; i++) { /* PPS of ids 0, 1, 2 ...: 31 + i in Exp-Golomb of 11 bits */
        uint8_t pps[3] = {0x68, (uint8_t)((32 + i) >> 3), (uint8_t)((32 + i) << 5 | 0x10)};
        (void)sl_h264_watch_input(watch, 3 + i, pps, sizeof(pps));
    }
    sl_h264_watch_packetize(watch, SL_RTP_PAYLOAD_DEFAULT, append, &w);
    assert_in_range(sl_writer_len(&w), 2, 1 + 12 * 5);
    sl_h264_watch_destroy(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_known_sets_before_key_frames_without),
        cmocka_unit_test(leaves_alone_what_brings_its_own_or_may_have),
        cmocka_unit_test(the_newest_of_each_id_counts),
        cmocka_unit_test(keeps_no_more_than_its_bound),
    };

    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
