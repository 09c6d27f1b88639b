/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages on the wire: what was built is parsed, what nobody has to send is not. */
#include "engine/engine.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = SL_ENGINE_HEAD_LEN + 16 };

static const uint8_t payload[] = "frame";

/* The smallest whole message of a type. */
static struct sl_engine_message sample(enum sl_engine_type type)
{
    struct sl_engine_message message = {.type = type, .job = 7, .output = 3};

    switch (type) {
    case SL_ENGINE_CONFIG:
    case SL_ENGINE_INPUT:
    case SL_ENGINE_CODED:
    case SL_ENGINE_CODED_CONFIG:
        message.codec = SL_CODEC_VP8;
        message.data = payload;
        break;
    case SL_ENGINE_OUTPUT:
        message.codec = SL_CODEC_H264;
        break;
    case SL_ENGINE_PICTURE:
        message.width = 320;
        message.height = 240;
        message.data = payload;
        break;
    case SL_ENGINE_READY:
    case SL_ENGINE_IMAGE:
        message.data = payload;
        break;
    case SL_ENGINE_FAILED:
        message.err = -ENOSYS;
        break;
    case SL_ENGINE_REFUSED:
        message.input = 5;
        message.err = -EINVAL;
        break;
    case SL_ENGINE_PLACE:
    case SL_ENGINE_LEVEL:
    case SL_ENGINE_LEAVE:
        message.input = 5;
        break;
    case SL_ENGINE_OPEN:
    case SL_ENGINE_CLOSE:
    case SL_ENGINE_DROP:
    case SL_ENGINE_KEYFRAME:
    case SL_ENGINE_SNAPSHOT:
    case SL_ENGINE_ADVANCE:
    case SL_ENGINE_DRAW:
    case SL_ENGINE_BEEP:
    case SL_ENGINE_PING:
    case SL_ENGINE_ADOPT:
    case SL_ENGINE_PONG:
    case SL_ENGINE_NEED_KEYFRAME:
    case SL_ENGINE_LATE:
    case SL_ENGINE_DYING:
        break;
    }
    message.len = message.data ? sizeof(payload) : 0;
    return message;
}

static size_t build(const struct sl_engine_message *message, uint8_t out[static ROOM])
{
    sl_engine_build(message, out);
    if (message->len > 0)
        memcpy(out + SL_ENGINE_HEAD_LEN, message->data, message->len);
    return SL_ENGINE_HEAD_LEN + message->len;
}

static int64_t parse(const uint8_t *bytes, size_t len, struct sl_engine_message *out)
{
    bool report = sl_engine_is_report(bytes[4]);
    size_t needed = 0;

    return sl_engine_parse(bytes, len, report, out, &needed);
}

static void every_type_goes_there_and_back(void **state)
{
    (void)state;
    for (unsigned type = 0; type < SL_ENGINE_TYPES; type++) {
        struct sl_engine_message message = sample((enum sl_engine_type)type), back;
        uint8_t bytes[ROOM];
        size_t len = build(&message, bytes);
        if (parse(bytes, len, &back) != (int64_t)len)
            fail_msg("type %u is not parsed", type);
        assert_int_equal(back.type, type);
        assert_int_equal(back.job, 7);
        assert_int_equal(back.output, 3);
        assert_int_equal(back.input, message.input);
        assert_int_equal(back.codec, message.codec);
        assert_int_equal(back.len, message.len);
        if (message.len > 0)
            assert_memory_equal(back.data, payload, sizeof(payload));
        else
            assert_null(back.data);
    }
}

static void every_field_goes_there_and_back(void **state)
{
    (void)state;
    struct sl_engine_message message = {
        .type = SL_ENGINE_INPUT,
        .job = 0xfedcba98,
        .output = SL_ENGINE_NO_OUTPUT,
        .input = 0xba987654,
        .kind = SL_ENGINE_DEMO,
        .codec = SL_CODEC_OPUS,
        .keyframe = true,
        .quiet = true,
        .flash = true,
        .err = -ENOMEM,
        .width = 1280,
        .height = 720,
        .pts_us = -2,
        .dts_us = -3,
        .at_us = SL_ENGINE_TIME_MAX_US,
        .len_max = 0x87654321,
        .cell = {1, 2, 4000, 4094},
        .image = SL_ENGINE_WATERMARK,
        .percent = 100,
        .form = {.pictures = {.width = 640,
                              .height = 65535,
                              .keep_aspect = true,
                              .bitrate_bps = 0x89abcdef,
                              .quality = 100,
                              .fps_max = 255,
                              .gop_ms = 0x9abcdef0,
                              .nal_len_max = 65000,
                              .pixels_max = 0xabcdef01,
                              .quick = true},
                 .sound = {.rate_hz = 0x80000001,
                           .channels = 2,
                           .bitrate_bps = 0xf0000000,
                           .gapless = true}},
        .data = payload,
        .len = sizeof(payload),
    };
    struct sl_engine_message back;
    uint8_t bytes[ROOM], again[ROOM];

    size_t len = build(&message, bytes);
    assert_int_equal(parse(bytes, len, &back), len);
    assert_int_equal(back.job, message.job);
    assert_int_equal(back.output, message.output);
    assert_int_equal(back.kind, message.kind);
    assert_true(back.keyframe && back.quiet && back.flash);
    assert_int_equal(back.err, message.err);
    assert_int_equal(back.width, 1280);
    assert_int_equal(back.height, 720);
    assert_true(back.pts_us == -2 && back.dts_us == -3);
    assert_true(back.at_us == message.at_us);
    assert_int_equal(back.len_max, message.len_max);
    assert_int_equal(back.form.pictures.width, 640);
    assert_int_equal(back.form.pictures.height, 65535);
    assert_true(back.form.pictures.keep_aspect && back.form.sound.gapless);
    assert_true(back.form.pictures.quick && back.percent == 100);
    assert_int_equal(back.input, message.input);
    assert_memory_equal(&back.cell, &message.cell, sizeof(back.cell));
    assert_int_equal(back.image, SL_ENGINE_WATERMARK);
    assert_int_equal(back.form.pictures.bitrate_bps, message.form.pictures.bitrate_bps);
    assert_int_equal(back.form.pictures.pixels_max, message.form.pictures.pixels_max);
    assert_int_equal(back.form.sound.rate_hz, message.form.sound.rate_hz);
    assert_int_equal(back.form.sound.bitrate_bps, message.form.sound.bitrate_bps);
    assert_int_equal(build(&back, again), len);
    assert_memory_equal(bytes, again, len);
}

static void says_how_much_is_missing(void **state)
{
    (void)state;
    struct sl_engine_message message = sample(SL_ENGINE_INPUT), back;
    uint8_t bytes[ROOM];
    size_t len = build(&message, bytes);

    for (size_t have = 0; have < len; have++) {
        size_t needed = 0;
        assert_int_equal(sl_engine_parse(bytes, have, false, &back, &needed), 0);
        assert_int_equal(needed, have < SL_ENGINE_HEAD_LEN ? SL_ENGINE_HEAD_LEN : len);
    }
}

static void the_ends_do_not_speak_for_one_another(void **state)
{
    (void)state;
    for (unsigned type = 0; type < SL_ENGINE_TYPES; type++) {
        struct sl_engine_message message = sample((enum sl_engine_type)type), back;
        uint8_t bytes[ROOM];
        size_t needed, len = build(&message, bytes);
        bool wrong = !sl_engine_is_report(type);
        assert_int_equal(sl_engine_parse(bytes, len, wrong, &back, &needed), -EBADMSG);
    }
}

static void refuses_what_lies_outside_the_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        enum sl_engine_type type;
        size_t at; /* in the head */
        size_t count;
        uint32_t value;
    } cases[] = {
        {"no such type", SL_ENGINE_PING, 4, 1, SL_ENGINE_TYPES},
        {"no such kind", SL_ENGINE_OPEN, 5, 1, SL_ENGINE_KINDS},
        {"no such codec", SL_ENGINE_INPUT, 6, 1, SL_CODECS},
        {"no such flag", SL_ENGINE_INPUT, 7, 1, 0x40},
        {"no job", SL_ENGINE_CLOSE, 8, 4, 0},
        {"no output", SL_ENGINE_CODED, 12, 4, SL_ENGINE_NO_OUTPUT},
        {"no codec", SL_ENGINE_CODED, 6, 1, SL_CODEC_NONE},
        {"an error that is none", SL_ENGINE_FAILED, 16, 4, 0},
        {"an error above zero", SL_ENGINE_FAILED, 16, 4, 5},
        {"an error that no kernel knows", SL_ENGINE_FAILED, 16, 4, (uint32_t)-4096},
        {"a picture too wide", SL_ENGINE_CODED, 20, 2, SL_ENGINE_SIDE_MAX + 1},
        {"a picture without height", SL_ENGINE_PICTURE, 22, 2, 0},
        {"a time out of this world", SL_ENGINE_CODED, 24, 4, 0x00200001},
        {"decoded after it is shown", SL_ENGINE_CODED, 36, 4, 1},
        {"a quality above 100", SL_ENGINE_OUTPUT, 70, 1, 101},
        {"three channels", SL_ENGINE_OUTPUT, 80, 1, 3},
        {"louder than all", SL_ENGINE_LEVEL, 81, 1, 101},
        {"no input", SL_ENGINE_LEAVE, 82, 4, 0},
        {"a cell too far to the right", SL_ENGINE_PLACE, 86, 2, SL_ENGINE_SIDE_MAX + 1},
        {"a cell too high", SL_ENGINE_PLACE, 92, 2, SL_ENGINE_SIDE_MAX + 1},
        {"no such image", SL_ENGINE_IMAGE, 94, 1, SL_ENGINE_IMAGES},
        {"an image too long", SL_ENGINE_IMAGE, 0, 4, SL_ENGINE_INPUT_MAX + 1},
        {"bytes behind the fields", SL_ENGINE_PING, SL_ENGINE_HEAD_LEN - 1, 1, 1},
        {"data where none belongs", SL_ENGINE_PING, 0, 4, 1},
        {"no data where some belongs", SL_ENGINE_INPUT, 0, 4, 0},
        {"a frame too long", SL_ENGINE_INPUT, 0, 4, SL_ENGINE_INPUT_MAX + 1},
        {"a snapshot too long", SL_ENGINE_PICTURE, 0, 4, SL_ENGINE_DATA_MAX + 1},
        {"a length beyond all", SL_ENGINE_INPUT, 0, 4, UINT32_MAX},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_engine_message message = sample(cases[i].type), back;
        uint8_t bytes[ROOM] = {0}, value[4];
        (void)build(&message, bytes);
        sl_store_u32(value, cases[i].value);
        memcpy(bytes + cases[i].at, value + 4 - cases[i].count, cases[i].count);
        if (parse(bytes, sizeof(bytes), &back) != -EBADMSG)
            fail_msg("%s: taken", cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_goes_there_and_back),
        cmocka_unit_test(every_field_goes_there_and_back),
        cmocka_unit_test(says_how_much_is_missing),
        cmocka_unit_test(the_ends_do_not_speak_for_one_another),
        cmocka_unit_test(refuses_what_lies_outside_the_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
