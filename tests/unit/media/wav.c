/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RIFF WAVE files: those we read (rest-api.md 5.3), and those we refuse with words. */
#include "base/error.h"
#include "base/mem.h"
#include "media/wav.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RIFF                           "RIFF\xff\xff\xff\xffWAVE"
#define FMT(tag, channels, rate, bits) "fmt \x10\0\0\0" tag channels rate "\0\0\0\0\0\0" bits
#define PCM                            "\x01\0"
#define ALAW                           "\x06\0"
#define MULAW                          "\x07\0"
#define FLOAT                          "\x03\0"
#define MONO                           "\x01\0"
#define STEREO                         "\x02\0"
#define R8000                          "\x40\x1f\0\0"
#define R48000                         "\x80\xbb\0\0"
#define B8                             "\x08\0"
#define B16                            "\x10\0"
#define GUID                           "\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
#define EXTENSIBLE(guid)                                                                           \
    "fmt \x28\0\0\0\xfe\xff" MONO R48000 "\0\0\0\0\0\0" B16 "\x16\0\x10\0\x04\0\0\0" guid
#define BYTES(text) text, sizeof(text) - 1

static void reads_the_formats_named(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
        int rate_hz, channels;
        size_t count;
        int16_t first, last;
    } cases[] = {
        {"16 bits", BYTES(RIFF FMT(PCM, MONO, R8000, B16) "data\x04\0\0\0\x34\x12\xff\xff"), 8000,
         1, 2, 0x1234, -1},
        {"two channels", BYTES(RIFF FMT(PCM, STEREO, R48000, B16) "data\x04\0\0\0\x01\0\x02\0"),
         48000, 2, 1, 1, 2},
        {"A-law: smallest and largest",
         BYTES(RIFF FMT(ALAW, MONO, R8000, B8) "data\2\0\0\0\xd5\x2a"), 8000, 1, 2, 8, -32256},
        {"mu-law: zero and largest", BYTES(RIFF FMT(MULAW, MONO, R8000, B8) "data\2\0\0\0\xff\x80"),
         8000, 1, 2, 0, 32124},
        {"extensible", BYTES(RIFF EXTENSIBLE(GUID) "data\2\0\0\0\x05\0"), 48000, 1, 1, 5, 5},
        {"other chunks before, of odd length",
         BYTES(RIFF
               "LIST\3\0\0\0abc\0" FMT(PCM, MONO, R8000, B16) "fact\0\0\0\0data\2\0\0\0\x05\0"),
         8000, 1, 1, 5, 5},
        {"cut off: what is there",
         BYTES(RIFF FMT(PCM, MONO, R8000, B16) "data\xff\xff\xff\xff\x05\0\x06\0\x07"), 8000, 1, 2,
         5, 6},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_wav wav;
        struct sl_error error;
        if (sl_wav_parse((const uint8_t *)cases[i].bytes, cases[i].len, &wav, &error) < 0)
            fail_msg("%s: %s", cases[i].why, error.text);
        assert_int_equal(wav.rate_hz, cases[i].rate_hz);
        assert_int_equal(wav.channels, cases[i].channels);
        assert_int_equal(wav.count, cases[i].count);
        int16_t last = wav.samples[wav.count * (size_t)wav.channels - 1];
        if (wav.samples[0] != cases[i].first || last != cases[i].last)
            fail_msg("%s: %d ... %d", cases[i].why, wav.samples[0], last);
        sl_wav_deinit(&wav);
        assert_null(wav.samples);
    }
}

static void refuses_what_it_cannot_play_with_words(void **state)
{
    (void)state;
    static const struct {
        const char *why, *bytes;
        size_t len;
        const char *words;
    } cases[] = {
        {"empty", BYTES(""), "not a RIFF"},
        {"big endian", BYTES("RIFX\0\0\0\0WAVE"), "not a RIFF"},
        {"another form", BYTES("RIFF\0\0\0\0AVI "), "not a RIFF"},
        {"no chunks", BYTES(RIFF), "no data"},
        {"data before fmt", BYTES(RIFF "data\2\0\0\0\0\0"), "before fmt"},
        {"fmt too short", BYTES(RIFF "fmt \4\0\0\0\1\0\1\0"), "too short"},
        {"fmt beyond the end", BYTES(RIFF "fmt \xff\xff\xff\x7f\1\0"), "beyond"},
        {"24 bits", BYTES(RIFF FMT(PCM, MONO, R8000, "\x18\0") "data\0\0\0\0"), "24 bits"},
        {"float", BYTES(RIFF FMT(FLOAT, MONO, R8000, "\x20\0") "data\0\0\0\0"), "format 3"},
        {"no channels", BYTES(RIFF FMT(PCM, "\0\0", R8000, B16) "data\0\0\0\0"), "0 channels"},
        {"six channels", BYTES(RIFF FMT(PCM, "\6\0", R8000, B16) "data\0\0\0\0"), "6 channels"},
        {"96 kHz", BYTES(RIFF FMT(PCM, MONO, "\0\x77\1\0", B16) "data\0\0\0\0"), "96000 Hz"},
        {"rate 0", BYTES(RIFF FMT(PCM, MONO, "\0\0\0\0", B16) "data\0\0\0\0"), "0 Hz"},
        {"no samples", BYTES(RIFF FMT(PCM, STEREO, R8000, B16) "data\3\0\0\0abc"), "no samples"},
        {"another GUID", BYTES(RIFF EXTENSIBLE("\1\0XXXXXXXXXXXXXX") "data\0\0\0\0"), "extensible"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_wav wav = {0};
        struct sl_error error = {""};
        int err = sl_wav_parse((const uint8_t *)cases[i].bytes, cases[i].len, &wav, &error);
        if (err != -EBADMSG || !strstr(error.text, cases[i].words))
            fail_msg("%s: got %d, \"%s\"", cases[i].why, err, error.text);
        assert_null(wav.samples);
    }
}

static void refuses_more_than_its_bound_of_samples(void **state)
{
    (void)state;
    static const char head[] = RIFF FMT(ALAW, MONO, R8000, B8) "data\xff\xff\xff\xff";
    size_t most = SL_WAV_LEN_MAX / sizeof(int16_t);
    uint8_t *bytes = calloc(1, sizeof(head) - 1 + most + 1);
    struct sl_error error;
    struct sl_wav wav;

    assert_non_null(bytes);
    memcpy(bytes, head, sizeof(head) - 1);
    assert_int_equal(sl_wav_parse(bytes, sizeof(head) - 1 + most, &wav, &error), 0);
    assert_int_equal(wav.count, most);
    sl_wav_deinit(&wav);
    assert_int_equal(sl_wav_parse(bytes, sizeof(head) - 1 + most + 1, &wav, &error), -EBADMSG);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_formats_named),
        cmocka_unit_test(refuses_what_it_cannot_play_with_words),
        cmocka_unit_test(refuses_more_than_its_bound_of_samples),
    };

    return cmocka_run_group_tests_name("codec wav", tests, NULL, NULL);
}
