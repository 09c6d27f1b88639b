/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NAL units between start codes, and the configuration that H264 pictures bring with them. */
#include "base/mem.h"
#include "media/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(text) text, sizeof(text) - 1
#define SPS_720P                                                                                   \
    "\x67\x42\xc0\x1f\xda\x01\x40\x16\xec\x04\x40\x00\x00\x03\x00\x40\x00\x00\x0c\x83\xc6\x0c\xa8"
#define SPS_360P                                                                                   \
    "\x67\x42\xc0\x1e\xda\x02\x80\xbf\xe5\xc0\x44\x00\x00\x03\x00\x04\x00\x00\x03\x00\xc8\x3c\x58" \
    "\xba\x80"
#define PPS       "\x68\xce\x3c\x80"
#define OTHER_PPS "\x68\xce\x38\x80"
#define IDR       "\x65\x88\x80\x40"
#define LONG      "\0\0\0\1"
#define SHORT     "\0\0\1"

static void steps_through_an_access_unit(void **state)
{
    (void)state;
    static const struct {
        const char *why, *au;
        size_t len;
        const char *types; /* the first byte of each NAL unit */
    } cases[] = {
        {"empty", TEXT(""), ""},
        {"no start code", TEXT("\x65\x88\x80"), ""},
        {"both start codes", TEXT(LONG "\x67\x42" SHORT "\x68\xce" LONG "\x65"), "\x67\x68\x65"},
        {"bytes before the first", TEXT("\x33\x44" SHORT "\x41\x9a"), "\x41"},
        {"zeros behind", TEXT(SHORT "\x41\x9a\0\0\0\0"), "\x41"},
        {"an empty one between", TEXT(SHORT SHORT "\x41\x9a" SHORT "\0"), "\x41"},
        {"a start code at the end", TEXT(SHORT "\x09\xf0" SHORT), "\x09"},
        {"emulation prevention is no start code", TEXT(SHORT "\x41\0\0\3\1\x22"), "\x41"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const uint8_t *at = (const uint8_t *)cases[i].au, *end = at + cases[i].len;
        struct sl_nal nal;
        size_t count = 0;
        while (sl_annexb_next(&at, end, &nal)) {
            if (count == strlen(cases[i].types) || nal.data[0] != (uint8_t)cases[i].types[count])
                fail_msg("%s: NAL unit %zu is %02x", cases[i].why, count, nal.data[0]);
            count++;
        }
        if (count != strlen(cases[i].types))
            fail_msg("%s: %zu NAL units", cases[i].why, count);
    }
}

static void the_configuration_is_the_same_one_until_the_sets_change(void **state)
{
    (void)state;
    static const struct {
        const char *why, *au;
        size_t len;
        bool changes;
        uint16_t height;    /* of the configuration afterwards; 0: there is none */
        const char *config; /* its bytes, if it changes */
        size_t config_len;
    } steps[] = {
        {"no sets", TEXT(LONG IDR), false, 0, NULL, 0},
        {"an SPS alone", TEXT(LONG SPS_720P LONG IDR), false, 0, NULL, 0},
        {"an SPS that is cut", TEXT(LONG "\x67\x42\xc0" LONG PPS LONG IDR), false, 0, NULL, 0},
        {"both", TEXT(LONG "\x09\x10" SHORT SPS_720P SHORT PPS LONG IDR), true, 720,
         TEXT(LONG SPS_720P LONG PPS)},
        {"the same", TEXT(LONG PPS SHORT SPS_720P LONG IDR), false, 720, NULL, 0},
        {"none", TEXT(LONG "\x41\x9a"), false, 720, NULL, 0},
        {"another PPS", TEXT(LONG SPS_720P LONG OTHER_PPS LONG IDR), true, 720,
         TEXT(LONG SPS_720P LONG OTHER_PPS)},
        {"sets behind the slice are of the next picture", TEXT(LONG IDR LONG SPS_360P LONG PPS),
         false, 720, NULL, 0},
        {"another size", TEXT(LONG SPS_360P LONG PPS LONG IDR), true, 360,
         TEXT(LONG SPS_360P LONG PPS)},
    };
    struct sl_codec_config *config = NULL;

    for (size_t i = 0; i < SL_ARRAY_LEN(steps); i++) {
        struct sl_codec_config *before = sl_codec_config_ref(config);
        sl_codec_config_note(&config, (const uint8_t *)steps[i].au, steps[i].len);
        if ((config != before) != steps[i].changes)
            fail_msg("%s: %s", steps[i].why, config == before ? "the same" : "another");
        assert_int_equal(config ? config->height : 0, steps[i].height);
        if (steps[i].changes) {
            assert_int_equal(config->codec, SL_CODEC_H264);
            assert_int_equal(config->len, steps[i].config_len);
            assert_memory_equal(config->data, steps[i].config, steps[i].config_len);
        }
        sl_codec_config_unref(before);
    }
    sl_codec_config_unref(config);
}

static void a_frame_holds_its_configuration(void **state)
{
    (void)state;
    static const uint8_t specific[] = {0x11, 0x90};
    struct sl_codec_config *config =
        sl_codec_config_create(SL_CODEC_AAC, specific, sizeof(specific));
    struct sl_frame *frame = sl_frame_create(SL_CODEC_AAC, 3);

    assert_non_null(frame);
    assert_int_equal(frame->len, 3);
    frame->config = sl_codec_config_ref(config);
    sl_codec_config_unref(config);
    assert_ptr_equal(sl_frame_ref(frame), frame);
    sl_frame_unref(frame);
    assert_memory_equal(frame->config->data, specific, sizeof(specific));
    sl_frame_unref(frame);
    sl_frame_unref(NULL);
    sl_codec_config_unref(NULL);
    assert_null(sl_codec_config_ref(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_through_an_access_unit),
        cmocka_unit_test(the_configuration_is_the_same_one_until_the_sets_change),
        cmocka_unit_test(a_frame_holds_its_configuration),
    };

    return cmocka_run_group_tests_name("media frame", tests, NULL, NULL);
}
