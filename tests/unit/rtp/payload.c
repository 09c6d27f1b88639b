/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What payloads tell without state: key frames, beginnings of pictures, sizes. */
#include "../random.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(text) text, sizeof(text) - 1

/* ---- SPS made by x264 and by the test itself ---- */

#define SPS_720P                                                                                   \
    "\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\x00\x00\x03\x00\x40\x00\x00\x0c\x83\xc6\x0c\xa8"

static void reads_the_size_from_sps_of_an_encoder(void **state)
{
    (void)state;
    static const struct {
        const char *why, *nal;
        size_t len;
        uint16_t width, height;
    } cases[] = {
        {"baseline", TEXT(SPS_720P), 1280, 720},
        {"cropped to 360 lines",
         TEXT("\x67\x42\xc0\x1e\xda\x02\x80\xbf\xe5\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00"
              "\xc8\x3c\x58\xba\x80"),
         640, 360},
        {"cropped to 1080 lines",
         TEXT("\x67\x42\xc0\x28\xda\x01\xe0\x08\x9f\x97\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03"
              "\x03\x20\xf1\x83\x2a"),
         1920, 1080},
        {"interlaced",
         TEXT("\x67\x4d\x40\x28\xf4\x03\xc0\x22\x7e\xf0\x11\x00\x00\x03\x00\x01\x00\x00\x03\x00"
              "\x32\x1f\x16\x2e\xa0"),
         1920, 1080},
        {"4:4:4, cropped by single samples",
         TEXT("\x67\xf4\x00\x0d\x91\x96\x81\x50\x87\x8f\x8f\xc0\x44\x00\x00\x03\x00\x04\x00\x00"
              "\x03\x00\xc8\x3c\x50\xaa\x80"),
         322, 242},
        {"4:2:2",
         TEXT("\x67\x7a\x00\x1e\xbc\xb4\x06\xc1\xef\x37\x80\x88\x00\x00\x03\x00\x08\x00\x00\x03"
              "\x01\x90\x78\xb1\x75"),
         854, 480},
        {"10 bit",
         TEXT("\x67\x6e\x00\x0b\xa6\xcb\x41\x62\x76\x02\x20\x00\x00\x03\x00\x20\x00\x00\x06\x41"
              "\xe2\x85\x54"),
         176, 144},
        {"monochrome",
         TEXT("\x67\x64\x00\x1e\xf2\xd0\x14\x05\xff\x13\x80\xb6\x40\x00\x00\x03\x00\x40\x00\x00"
              "\x0c\x83\xc5\x8b\xa8"),
         640, 360},
        {"with HRD parameters",
         TEXT("\x67\x42\xc0\x15\xda\x06\xc7\xf9\x3c\x04\x40\x00\x00\x03\x00\x40\x00\x00\x0c\x98"
              "\x08\x00\x7a\x10\x00\x1e\x84\xe4\xc2\x00\x78\xb1\x75"),
         426, 240},
        {"4K",
         TEXT("\x67\x42\xc0\x33\xda\x00\xf0\x01\x0f\xb0\x11\x00\x00\x03\x00\x01\x00\x00\x03\x00"
              "\x32\x0f\x18\x32\xa0"),
         3840, 2160},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        uint16_t width = 0, height = 0;
        int err = sl_h264_sps_size((const uint8_t *)cases[i].nal, cases[i].len, &width, &height);
        if (err != 0 || width != cases[i].width || height != cases[i].height)
            fail_msg("%s: %d, %ux%u", cases[i].why, err, width, height);
    }
}

struct bit_writer {
    uint8_t bytes[2048];
    size_t bits;
};

static void put_bits(struct bit_writer *w, uint32_t value, unsigned count)
{
    while (count-- > 0) {
        assert_true(w->bits / 8 < sizeof(w->bytes));
        w->bytes[w->bits / 8] |= (uint8_t)((value >> count & 1) << (7 - w->bits % 8));
        w->bits++;
    }
}

static void put_ue(struct bit_writer *w, uint32_t value)
{
    unsigned len = 0;

    while ((uint64_t)value + 1 >= (UINT64_C(2) << len))
        len++;
    put_bits(w, 0, len);
    put_bits(w, 1, 1);
    put_bits(w, value + 1 - (1U << len), len);
}

static void put_se(struct bit_writer *w, int32_t value)
{
    put_ue(w, value > 0 ? (uint32_t)value * 2 - 1 : (uint32_t)-value * 2);
}

/* With emulation prevention (H.264 7.4.1). Returns the length. */
static size_t escape(const struct bit_writer *w, uint8_t *out)
{
    size_t len = 0, zeros = 0;

    for (size_t i = 0; i < (w->bits + 7) / 8; i++) {
        if (zeros == 2 && w->bytes[i] <= 3) {
            out[len++] = 3;
            zeros = 0;
        }
        out[len++] = w->bytes[i];
        zeros = w->bytes[i] == 0 ? zeros + 1 : 0;
    }
    return len;
}

struct sps {
    uint32_t profile_idc, chroma_format_idc, separate_planes, columns, rows, frame_mbs_only;
    uint32_t crop[4];
    bool scaling, crop_present;
    uint32_t pic_order_cnt_type;
};

static void put_scaling_lists(struct bit_writer *w, uint32_t *random, unsigned lists)
{
    for (unsigned i = 0; i < lists; i++) {
        uint32_t present = random_below(random, 2);
        unsigned size = i < 6 ? 16 : 64;
        int last = 8, next = 8;
        put_bits(w, present, 1);
        for (unsigned k = 0; present && k < size; k++) {
            if (next != 0) {
                int value = random_chance(random, 3) ? 0 : 1 + (int)random_below(random, 255);
                int delta = value - last; /* modulo 256 into -128..127 */
                put_se(w, delta > 127 ? delta - 256 : delta < -128 ? delta + 256 : delta);
                next = value;
            }
            if (next != 0)
                last = next;
        }
    }
}

static void put_sps(struct bit_writer *w, const struct sps *sps, uint32_t *random)
{
    bool high = sps->profile_idc == 100 || sps->profile_idc == 244;

    put_bits(w, 0x67, 8);
    put_bits(w, sps->profile_idc, 8);
    put_bits(w, 0x001f, 16);
    put_ue(w, random_below(random, 32));
    if (high) {
        put_ue(w, sps->chroma_format_idc);
        if (sps->chroma_format_idc == 3)
            put_bits(w, sps->separate_planes, 1);
        put_ue(w, random_below(random, 7));
        put_ue(w, random_below(random, 7));
        put_bits(w, 0, 1);
        put_bits(w, sps->scaling, 1);
        if (sps->scaling)
            put_scaling_lists(w, random, sps->chroma_format_idc == 3 ? 12 : 8);
    }
    put_ue(w, random_below(random, 13));
    put_ue(w, sps->pic_order_cnt_type);
    if (sps->pic_order_cnt_type == 0) {
        put_ue(w, random_below(random, 13));
    } else if (sps->pic_order_cnt_type == 1) {
        uint32_t cycle = random_below(random, 4);
        put_bits(w, 1, 1);
        put_se(w, (int32_t)random_below(random, 1000) - 500);
        put_se(w, INT32_MAX);
        put_ue(w, cycle);
        for (uint32_t i = 0; i < cycle; i++)
            put_se(w, -INT32_MAX);
    }
    put_ue(w, random_below(random, 17));
    put_bits(w, 0, 1);
    put_ue(w, sps->columns - 1);
    put_ue(w, sps->rows - 1);
    put_bits(w, sps->frame_mbs_only, 1);
    if (!sps->frame_mbs_only)
        put_bits(w, 1, 1);
    put_bits(w, 1, 1);
    put_bits(w, sps->crop_present, 1);
    for (unsigned i = 0; sps->crop_present && i < 4; i++)
        put_ue(w, sps->crop[i]);
}

/* Sizes by H.264 (7-13) to (7-22), written down a second time; and every cut of every SPS. */
static void reads_the_size_from_any_sps(void **state)
{
    (void)state;
    static const uint32_t profiles[] = {66, 77, 100, 244};
    uint32_t random = 21;

    for (int round = 0; round < 3000; round++) {
        struct sps sps = {
            .profile_idc = profiles[random_below(&random, 4)],
            .chroma_format_idc = random_below(&random, 4),
            .separate_planes = random_below(&random, 2),
            .columns = 2 + random_below(&random, 300),
            .rows = 2 + random_below(&random, 300),
            .frame_mbs_only = random_below(&random, 2),
            .scaling = random_chance(&random, 50),
            .crop_present = random_chance(&random, 50),
            .pic_order_cnt_type = random_below(&random, 3),
        };
        bool high = sps.profile_idc >= 100;
        uint32_t format = !high ? 1
                          : sps.chroma_format_idc == 3 && sps.separate_planes
                              ? 0
                              : sps.chroma_format_idc;
        uint32_t unit_x = format == 1 || format == 2 ? 2 : 1;
        uint32_t unit_y = (format == 1 ? 2 : 1) * (2 - sps.frame_mbs_only);
        struct bit_writer w = {0};
        uint8_t nal[4096];
        uint16_t width = 0, height = 0;

        for (unsigned i = 0; i < 4; i++)
            sps.crop[i] = random_below(&random, 4);
        put_sps(&w, &sps, &random);
        size_t len = escape(&w, nal);
        assert_int_equal(sl_h264_sps_size(nal, len, &width, &height), 0);
        uint32_t cut_x = sps.crop_present ? (sps.crop[0] + sps.crop[1]) * unit_x : 0;
        uint32_t cut_y = sps.crop_present ? (sps.crop[2] + sps.crop[3]) * unit_y : 0;
        assert_int_equal(width, sps.columns * 16 - cut_x);
        assert_int_equal(height, sps.rows * 16 * (2 - sps.frame_mbs_only) - cut_y);
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *exact = malloc(cut ? cut : 1); /* the sanitizer sees one byte too many */
            memcpy(exact, nal, cut);
            assert_int_equal(sl_h264_sps_size(exact, cut, &width, &height), -EBADMSG);
            free(exact);
        }
    }
}

static void refuses_sizes_that_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct sps sps;
        int err;
    } cases[] = {
        {"65520 samples", {.profile_idc = 66, .columns = 4095, .rows = 1, .frame_mbs_only = 1}, 0},
        {"65536 samples",
         {.profile_idc = 66, .columns = 4096, .rows = 1, .frame_mbs_only = 1},
         -EBADMSG},
        {"65536 lines by fields", {.profile_idc = 66, .columns = 1, .rows = 2048}, -EBADMSG},
        {"2^31 columns",
         {.profile_idc = 66, .columns = 0x80000000, .rows = 1, .frame_mbs_only = 1},
         -EBADMSG},
        {"cropped to nothing",
         {.profile_idc = 66,
          .columns = 1,
          .rows = 1,
          .frame_mbs_only = 1,
          .crop_present = true,
          .crop = {4, 4, 0, 0}},
         -EBADMSG},
        {"cropped by more than 32 bits",
         {.profile_idc = 66,
          .columns = 1,
          .rows = 1,
          .frame_mbs_only = 1,
          .crop_present = true,
          .crop = {0x7fffffff, 0x80000001, 0, 0}},
         -EBADMSG},
        {"chroma format 4",
         {.profile_idc = 100, .chroma_format_idc = 4, .columns = 1, .rows = 1, .frame_mbs_only = 1},
         -EBADMSG},
        {"picture order 3",
         {.profile_idc = 66, .pic_order_cnt_type = 3, .columns = 1, .rows = 1, .frame_mbs_only = 1},
         -EBADMSG},
    };
    uint32_t random = 1;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct bit_writer w = {0};
        uint8_t nal[4096];
        uint16_t width = 7, height = 7;
        put_sps(&w, &cases[i].sps, &random);
        int err = sl_h264_sps_size(nal, escape(&w, nal), &width, &height);
        if (err != cases[i].err || (err < 0 && (width != 7 || height != 7)))
            fail_msg("%s: %d, %ux%u", cases[i].why, err, width, height);
    }
    uint16_t width, height;
    assert_int_equal(sl_h264_sps_size((const uint8_t *)"\x68\xce\x3c\x80", 4, &width, &height),
                     -EBADMSG); /* a PPS */
}

/* ---- Payloads ---- */

enum { KEY = 1, START = 2 };

struct inspect_case {
    const char *why;
    enum sl_codec codec;
    const char *payload;
    size_t len;
    int err;
    unsigned flags;
    uint16_t width, height;
};

static void check_cases(const struct inspect_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sl_payload_info info = {.width = 99};
        uint8_t *exact = malloc(cases[i].len ? cases[i].len : 1); /* the sanitizer sees more */
        memcpy(exact, cases[i].payload, cases[i].len);
        int err = sl_payload_inspect(cases[i].codec, exact, cases[i].len, &info);
        unsigned flags = (info.keyframe_start ? KEY : 0) | (info.frame_start ? START : 0);
        free(exact);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
        if (err < 0 ? info.width != 99
                    : flags != cases[i].flags || info.width != cases[i].width ||
                          info.height != cases[i].height)
            fail_msg("%s: flags %u, %ux%u", cases[i].why, flags, info.width, info.height);
    }
}

static void inspects_h264(void **state)
{
    (void)state;
#define PPS "\x68\xce\x3c\x80"
    static const struct inspect_case cases[] = {
        {"IDR", SL_CODEC_H264, TEXT("\x65\x88\x84"), 0, KEY | START, 0, 0},
        {"second slice of an IDR", SL_CODEC_H264, TEXT("\x65\x44\x84"), 0, 0, 0, 0},
        {"slice", SL_CODEC_H264, TEXT("\x41\x9a\x00"), 0, START, 0, 0},
        {"second slice", SL_CODEC_H264, TEXT("\x41\x1a\x00"), 0, 0, 0, 0},
        {"SPS alone", SL_CODEC_H264, TEXT(SPS_720P), 0, KEY | START, 1280, 720},
        {"SPS that shows no size", SL_CODEC_H264, TEXT("\x67\x42"), 0, KEY | START, 0, 0},
        {"PPS alone", SL_CODEC_H264, TEXT(PPS), 0, 0, 0, 0},
        {"access unit delimiter", SL_CODEC_H264, TEXT("\x09\xf0"), 0, START, 0, 0},
        {"SEI", SL_CODEC_H264, TEXT("\x06\x05\x01\x00"), 0, 0, 0, 0},
        {"STAP-A of SPS and PPS", SL_CODEC_H264, TEXT("\x78\x00\x17" SPS_720P "\x00\x04" PPS), 0,
         KEY | START, 1280, 720},
        {"STAP-A with IDR", SL_CODEC_H264, TEXT("\x78\x00\x02\x06\x05\x00\x02\x65\x88"), 0,
         KEY | START, 0, 0},
        {"STAP-A of slices", SL_CODEC_H264, TEXT("\x78\x00\x02\x41\x9a\x00\x02\x41\x11"), 0, START,
         0, 0},
        {"FU-A, start of an IDR", SL_CODEC_H264, TEXT("\x7c\x85\x88\x80"), 0, KEY | START, 0, 0},
        {"FU-A, middle of an IDR", SL_CODEC_H264, TEXT("\x7c\x05\x88\x80"), 0, 0, 0, 0},
        {"FU-A, end of an IDR", SL_CODEC_H264, TEXT("\x7c\x45\x88\x80"), 0, 0, 0, 0},
        {"FU-A, start of a slice", SL_CODEC_H264, TEXT("\x5c\x81\x9a\x00"), 0, START, 0, 0},
        {"FU-A, start of a second IDR slice", SL_CODEC_H264, TEXT("\x7c\x85\x40\x80"), 0, 0, 0, 0},
        {"padding only", SL_CODEC_H264, TEXT(""), 0, 0, 0, 0},
        {"type 0", SL_CODEC_H264, TEXT("\x60\x88"), -EBADMSG, 0, 0, 0},
        {"STAP-B", SL_CODEC_H264, TEXT("\x79\x00\x00\x00\x02\x65\x88"), -EBADMSG, 0, 0, 0},
        {"FU-B", SL_CODEC_H264, TEXT("\x7d\x85\x00\x00\x88"), -EBADMSG, 0, 0, 0},
        {"STAP-A of nothing", SL_CODEC_H264, TEXT("\x78"), -EBADMSG, 0, 0, 0},
        {"STAP-A, length cut", SL_CODEC_H264, TEXT("\x78\x00"), -EBADMSG, 0, 0, 0},
        {"STAP-A, unit cut", SL_CODEC_H264, TEXT("\x78\x00\x03\x65\x88"), -EBADMSG, 0, 0, 0},
        {"STAP-A, unit of no byte", SL_CODEC_H264, TEXT("\x78\x00\x00"), -EBADMSG, 0, 0, 0},
        {"STAP-A within STAP-A", SL_CODEC_H264, TEXT("\x78\x00\x04\x78\x00\x01\x65"), -EBADMSG, 0,
         0, 0},
        {"STAP-A, a byte too many", SL_CODEC_H264, TEXT("\x78\x00\x02\x65\x88\x00"), -EBADMSG, 0, 0,
         0},
        {"FU-A without header", SL_CODEC_H264, TEXT("\x7c"), -EBADMSG, 0, 0, 0},
        {"FU-A without fragment", SL_CODEC_H264, TEXT("\x7c\x85"), -EBADMSG, 0, 0, 0},
        {"FU-A of a FU-A", SL_CODEC_H264, TEXT("\x7c\x9c\x85\x88"), -EBADMSG, 0, 0, 0},
    };

    check_cases(cases, SL_ARRAY_LEN(cases));
#undef PPS
}

static void inspects_vp8(void **state)
{
    (void)state;
#define KEY_320x240 "\x10\x02\x00\x9d\x01\x2a\x40\x01\xf0\x00"
    static const struct inspect_case cases[] = {
        {"key frame", SL_CODEC_VP8, TEXT("\x10" KEY_320x240), 0, KEY | START, 320, 240},
        {"key frame, size with scaling bits", SL_CODEC_VP8,
         TEXT("\x10\x10\x02\x00\x9d\x01\x2a\x40\x41\xf0\xc0"), 0, KEY | START, 320, 240},
        {"RFC 7741 4.2: one byte picture id", SL_CODEC_VP8, TEXT("\x90\x80\x17" KEY_320x240), 0,
         KEY | START, 320, 240},
        {"two byte picture id", SL_CODEC_VP8, TEXT("\x90\x80\x92\x34" KEY_320x240), 0, KEY | START,
         320, 240},
        {"all fields", SL_CODEC_VP8, TEXT("\x90\xf0\x92\x34\x05\x60" KEY_320x240), 0, KEY | START,
         320, 240},
        {"TL0PICIDX alone", SL_CODEC_VP8, TEXT("\x90\x40\x05" KEY_320x240), 0, KEY | START, 320,
         240},
        {"TID alone", SL_CODEC_VP8, TEXT("\x90\x20\x40" KEY_320x240), 0, KEY | START, 320, 240},
        {"KEYIDX alone", SL_CODEC_VP8, TEXT("\x90\x10\x05" KEY_320x240), 0, KEY | START, 320, 240},
        {"reserved bits", SL_CODEC_VP8, TEXT("\x50\x02"), 0, KEY | START, 0, 0},
        {"delta frame", SL_CODEC_VP8, TEXT("\x10\x01\x00"), 0, START, 0, 0},
        {"key frame in the middle", SL_CODEC_VP8, TEXT("\x00" KEY_320x240), 0, 0, 0, 0},
        {"start of the second partition", SL_CODEC_VP8, TEXT("\x11\x02"), 0, 0, 0, 0},
        {"key frame cut before its size", SL_CODEC_VP8, TEXT("\x10\x02\x00\x9d\x01\x2a\x40"), 0,
         KEY | START, 0, 0},
        {"padding only", SL_CODEC_VP8, TEXT(""), 0, 0, 0, 0},
        {"key frame without start code", SL_CODEC_VP8,
         TEXT("\x10\x02\x00\x9d\x01\x2b\x40\x01\xf0\x00\x00"), -EBADMSG, 0, 0, 0},
        {"descriptor alone", SL_CODEC_VP8, TEXT("\x10"), -EBADMSG, 0, 0, 0},
        {"X without its byte", SL_CODEC_VP8, TEXT("\x90"), -EBADMSG, 0, 0, 0},
        {"picture id cut", SL_CODEC_VP8, TEXT("\x90\x80\x92"), -EBADMSG, 0, 0, 0},
        {"nothing after the picture id", SL_CODEC_VP8, TEXT("\x90\x80\x12"), -EBADMSG, 0, 0, 0},
        {"last field cut", SL_CODEC_VP8, TEXT("\x90\xf0\x92\x34\x05"), -EBADMSG, 0, 0, 0},
    };

    check_cases(cases, SL_ARRAY_LEN(cases));
}

static void inspects_vp9(void **state)
{
    (void)state;
    static const struct inspect_case cases[] = {
        {"key frame", SL_CODEC_VP9, TEXT("\x88\x11\x82"), 0, KEY | START, 0, 0},
        {"inter frame", SL_CODEC_VP9, TEXT("\xc8\x11\x82"), 0, START, 0, 0},
        {"not the first packet", SL_CODEC_VP9, TEXT("\x84\x11\x82"), 0, 0, 0, 0},
        {"without picture id", SL_CODEC_VP9, TEXT("\x08\x82"), 0, KEY | START, 0, 0},
        {"long picture id", SL_CODEC_VP9, TEXT("\x88\x91\x22\x82"), 0, KEY | START, 0, 0},
        {"base layer, TL0PICIDX", SL_CODEC_VP9, TEXT("\xa8\x11\x00\x05\x82"), 0, KEY | START, 0, 0},
        {"second spatial layer", SL_CODEC_VP9, TEXT("\xa8\x11\x03\x05\x82"), 0, 0, 0, 0},
        {"flexible: no TL0PICIDX", SL_CODEC_VP9, TEXT("\xb8\x11\x00\x82"), 0, KEY | START, 0, 0},
        {"flexible, three references", SL_CODEC_VP9, TEXT("\xd8\x11\x03\x05\x06\x82"), 0, START, 0,
         0},
        {"structure with one size", SL_CODEC_VP9, TEXT("\x8a\x11\x10\x02\x80\x01\x68\x82"), 0,
         KEY | START, 640, 360},
        {"structure with three sizes and groups", SL_CODEC_VP9,
         TEXT("\x8a\x11\x58\x01\x40\x00\xb4\x02\x80\x01\x68\x05\x00\x02\xd0"
              "\x02\x04\x01\x08\x01\x02\x82"),
         0, KEY | START, 1280, 720},
        {"structure without sizes", SL_CODEC_VP9, TEXT("\x8a\x11\x00\x82"), 0, KEY | START, 0, 0},
        {"padding only", SL_CODEC_VP9, TEXT(""), 0, 0, 0, 0},
        {"descriptor alone", SL_CODEC_VP9, TEXT("\x08"), -EBADMSG, 0, 0, 0},
        {"picture id cut", SL_CODEC_VP9, TEXT("\x88\x91"), -EBADMSG, 0, 0, 0},
        {"a fourth reference", SL_CODEC_VP9, TEXT("\xd8\x11\x03\x05\x07\x09\x82"), -EBADMSG, 0, 0,
         0},
        {"size cut", SL_CODEC_VP9, TEXT("\x8a\x11\x10\x02\x80\x01"), -EBADMSG, 0, 0, 0},
        {"groups cut", SL_CODEC_VP9, TEXT("\x8a\x11\x08\xff\x0c\x01"), -EBADMSG, 0, 0, 0},
        {"nothing after the structure", SL_CODEC_VP9, TEXT("\x8a\x11\x10\x02\x80\x01\x68"),
         -EBADMSG, 0, 0, 0},
    };

    check_cases(cases, SL_ARRAY_LEN(cases));
}

static void inspects_av1_and_audio(void **state)
{
    (void)state;
    static const struct inspect_case cases[] = {
        {"new coded video sequence", SL_CODEC_AV1, TEXT("\x18\x0a\x0b"), 0, KEY | START, 0, 0},
        {"AV1 delta", SL_CODEC_AV1, TEXT("\x10\x32\x0b"), 0, 0, 0, 0},
        {"AV1 continuation", SL_CODEC_AV1, TEXT("\x90\x32\x0b"), 0, 0, 0, 0},
        {"N with Z", SL_CODEC_AV1, TEXT("\x98\x0a\x0b"), -EBADMSG, 0, 0, 0},
        {"aggregation header alone", SL_CODEC_AV1, TEXT("\x18"), -EBADMSG, 0, 0, 0},
        {"opus", SL_CODEC_OPUS, TEXT("\x65\x88\x84"), 0, 0, 0, 0},
        {"PCMA", SL_CODEC_PCMA, TEXT("\xd5\xd5"), 0, 0, 0, 0},
        {"none", SL_CODEC_NONE, TEXT("\x65\x88\x84"), 0, 0, 0, 0},
    };

    check_cases(cases, SL_ARRAY_LEN(cases));
}

static void tells_the_layer_of_a_packet(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum sl_codec codec;
        const char *payload;
        size_t len;
        int result;
        struct sl_layer layer;
    } cases[] = {
        {"VP8, second layer, sync",
         SL_CODEC_VP8,
         TEXT("\x90\xe0\x91\x22\x05\x60\x01"),
         0,
         {.temporal = 1, .sync = true}},
        {"VP8 without layers", SL_CODEC_VP8, TEXT("\x90\x80\x11\x01"), -ENOENT, {0}},
        {"VP9, all three bits of each",
         SL_CODEC_VP9,
         TEXT("\xe4\x91\x22\xfe\x05\x82"),
         0,
         {.temporal = 7, .spatial = 7, .opens_above = true, .ends = true}},
        {"VP9, second spatial layer, its middle",
         SL_CODEC_VP9,
         TEXT("\xa0\x11\x43\x05\x82"),
         0,
         {.temporal = 2, .spatial = 1}},
        {"VP9 without layers", SL_CODEC_VP9, TEXT("\x8c\x11\x82"), -ENOENT, {0}},
        {"VP9, cut before the layer", SL_CODEC_VP9, TEXT("\xa0\x91\x22"), -ENOENT, {0}},
        {"AV1, alone", SL_CODEC_AV1, TEXT("\x10\x34\x40\x0b"), 0, {.temporal = 2}},
        {"AV1, behind its length", SL_CODEC_AV1, TEXT("\x20\x02\x34\x20\x32"), 0, {.temporal = 1}},
        {"AV1, behind two bytes of length",
         SL_CODEC_AV1,
         TEXT("\x00\x82\x01\x34\x20"),
         0,
         {.temporal = 1}},
        {"AV1 without extension", SL_CODEC_AV1, TEXT("\x18\x0a\x0b"), -ENOENT, {0}},
        {"AV1, a continuation", SL_CODEC_AV1, TEXT("\x90\x34\x40"), -ENOENT, {0}},
        {"AV1, cut", SL_CODEC_AV1, TEXT("\x10\x34"), -ENOENT, {0}},
        {"H264", SL_CODEC_H264, TEXT("\x65\x88\x84"), -ENOENT, {0}},
        {"nothing", SL_CODEC_VP9, TEXT(""), -ENOENT, {0}},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_layer layer;
        int result =
            sl_layer_read(cases[i].codec, (const uint8_t *)cases[i].payload, cases[i].len, &layer);
        const struct sl_layer *want = &cases[i].layer;
        if (result != cases[i].result)
            fail_msg("%s: %d", cases[i].what, result);
        if (result < 0)
            continue;
        if (layer.temporal != want->temporal || layer.spatial != want->spatial ||
            layer.sync != want->sync || layer.opens_above != want->opens_above ||
            layer.ends != want->ends)
            fail_msg("%s: %d %d", cases[i].what, layer.temporal, layer.spatial);
    }
}

/* hardening class 9: under the sanitizers one byte too far shows */
static void reads_no_byte_beyond_any_payload(void **state)
{
    (void)state;
    uint32_t random = 4;

    for (int round = 0; round < 200000; round++) {
        size_t len = random_below(&random, 40);
        uint8_t *exact = malloc(len + 1);
        uint8_t *end = exact + 1; /* len 0 has a valid pointer, too */
        struct sl_payload_info info;
        for (size_t i = 0; i < len; i++)
            end[i] = (uint8_t)random_next(&random);
        for (int codec = SL_CODEC_H264; codec <= SL_CODEC_AV1; codec++) {
            int err = sl_payload_inspect((enum sl_codec)codec, end, len, &info);
            assert_true(err == 0 || err == -EBADMSG);
            struct sl_layer layer;
            err = sl_layer_read((enum sl_codec)codec, end, len, &layer);
            assert_true(err == 0 || err == -ENOENT);
        }
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_size_from_sps_of_an_encoder),
        cmocka_unit_test(reads_the_size_from_any_sps),
        cmocka_unit_test(refuses_sizes_that_cannot_be),
        cmocka_unit_test(inspects_h264),
        cmocka_unit_test(inspects_vp8),
        cmocka_unit_test(inspects_vp9),
        cmocka_unit_test(inspects_av1_and_audio),
        cmocka_unit_test(tells_the_layer_of_a_packet),
        cmocka_unit_test(reads_no_byte_beyond_any_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
