/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is put in the place of missing sound: it goes on as it was, fades, and leaves no clicks. */
#include "codec/concealment.h"
#include "codec/codec.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SECONDS_MAX = 2, AMPLITUDE = 10000 };

static const int rates[] = {8000, 16000};

/* A voice: a tone and its harmonics. */
static int16_t voice_at(size_t i, int rate_hz, double hz)
{
    double at = 2 * M_PI * hz * (double)i / rate_hz;

    return (int16_t)(AMPLITUDE * (0.6 * sin(at) + 0.3 * sin(2 * at) + 0.1 * sin(3 * at)));
}

static void make_voice(int16_t *samples, size_t count, int rate_hz, double hz)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = voice_at(i, rate_hz, hz);
}

/* The largest step between two samples. */
static int step_of(const int16_t *samples, size_t count)
{
    int most = 0;

    for (size_t i = 1; i < count; i++) {
        int step = abs(samples[i] - samples[i - 1]);
        most = step > most ? step : most;
    }
    return most;
}

static double rms_of(const int16_t *samples, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)samples[i] * samples[i];
    return sqrt(sum / (double)count);
}

/* A second of it, in which so many ms are missing in the middle. */
static void lose(int16_t *samples, int rate_hz, size_t missing_ms)
{
    size_t ms = (size_t)rate_hz / 1000, from = 500 * ms;
    struct sl_concealment concealment = {.heard = 0};

    for (size_t at = 0; at < from; at += 20 * ms)
        sl_concealment_hear(&concealment, rate_hz, samples + at, 20 * ms);
    for (size_t at = from; at < from + missing_ms * ms; at += 10 * ms)
        sl_concealment_make_up(&concealment, rate_hz, samples + at, 10 * ms);
    for (size_t at = from + missing_ms * ms; at < 1000 * ms; at += 20 * ms)
        sl_concealment_hear(&concealment, rate_hz, samples + at, 20 * ms);
}

static void a_voice_goes_on_without_a_click(void **state)
{
    (void)state;
    static const double voices[] = {80, 113, 165, 220, 331};

    for (size_t r = 0; r < SL_ARRAY_LEN(rates); r++) {
        for (size_t v = 0; v < SL_ARRAY_LEN(voices); v++) {
            size_t ms = (size_t)rates[r] / 1000;
            int16_t whole[16000], samples[16000];
            make_voice(whole, 1000 * ms, rates[r], voices[v]);
            memcpy(samples, whole, sizeof(samples));
            lose(samples, rates[r], 20);
            int usual = step_of(whole, 1000 * ms), now = step_of(samples, 1000 * ms);
            if (now > usual * 3 / 2)
                fail_msg("%d Hz, voice of %.0f Hz: a step of %d, usual are %d", rates[r], voices[v],
                         now, usual);
            double made_up = rms_of(samples + 500 * ms, 10 * ms);
            double heard = rms_of(whole + 490 * ms, 10 * ms);
            if (made_up < heard * 0.8 || made_up > heard * 1.25)
                fail_msg("%d Hz, voice of %.0f Hz: %.0f is made up, %.0f was heard", rates[r],
                         voices[v], made_up, heard);
            /* the tone is where it would have been */
            double off = 0;
            for (size_t i = 500 * ms; i < 510 * ms; i++)
                off += pow(samples[i] - whole[i], 2);
            if (sqrt(off / (double)(10 * ms)) > 0.5 * heard)
                fail_msg("%d Hz, voice of %.0f Hz: another sound is made up", rates[r], voices[v]);
        }
    }
}

static void it_fades_and_then_nothing_is_left(void **state)
{
    (void)state;
    for (size_t r = 0; r < SL_ARRAY_LEN(rates); r++) {
        size_t ms = (size_t)rates[r] / 1000;
        int16_t samples[16000];
        make_voice(samples, 1000 * ms, rates[r], 165);
        double before = rms_of(samples + 480 * ms, 20 * ms);
        lose(samples, rates[r], 100);
        double last = before * 1.1;
        for (size_t at = 500; at < 560; at += 20) {
            double now = rms_of(samples + at * ms, 20 * ms);
            assert_true(now < last);
            last = now;
        }
        assert_true(last < before / 4);
        for (size_t i = 560 * ms; i < 600 * ms; i++)
            assert_int_equal(samples[i], 0);
        /* and after it, sound comes back within a few milliseconds */
        assert_true(rms_of(samples + 605 * ms, 20 * ms) > before * 0.9);
    }
}

static void what_was_heard_is_not_touched(void **state)
{
    (void)state;
    int16_t whole[8000], samples[8000];

    make_voice(whole, 8000, 8000, 165);
    memcpy(samples, whole, sizeof(samples));
    lose(samples, 8000, 20);
    assert_memory_equal(samples, whole, 4000 * sizeof(whole[0]));
    assert_memory_equal(samples + 4160 + 32, whole + 4160 + 32, (4000 - 192) * sizeof(whole[0]));
}

static void before_anything_was_heard_it_is_silent(void **state)
{
    (void)state;
    struct sl_concealment concealment = {.heard = 0};
    int16_t samples[160];

    memset(samples, 0x55, sizeof(samples));
    sl_concealment_make_up(&concealment, 8000, samples, 160);
    for (size_t i = 0; i < 160; i++)
        assert_int_equal(samples[i], 0);
    make_voice(samples, 160, 8000, 165); /* 20 ms: less than a window and a period */
    sl_concealment_hear(&concealment, 8000, samples, 160);
    sl_concealment_make_up(&concealment, 8000, samples, 160);
    for (size_t i = 0; i < 160; i++)
        assert_int_equal(samples[i], 0);
}

struct heard {
    int16_t samples[SECONDS_MAX * 16000];
    size_t count;
    struct sl_audio_decoder *decoder;
    size_t packets;
};

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct heard *heard = arg;

    assert_int_equal(pcm->channels, 1);
    assert_true(heard->count + pcm->count <= SL_ARRAY_LEN(heard->samples));
    memcpy(heard->samples + heard->count, pcm->samples, pcm->count * sizeof(int16_t));
    heard->count += pcm->count;
}

/* Every tenth is lost. */
static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct heard *heard = arg;
    bool lost = heard->packets++ % 10 == 9;

    assert_int_equal(sl_audio_decoder_decode(heard->decoder, lost ? NULL : coded->data,
                                             lost ? 0 : coded->len, coded->pts_us,
                                             coded->duration_us, on_pcm, heard),
                     0);
}

static void decoders_of_telephones_codecs_make_it_up(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec codec;
        int rate_hz;
    } cases[] = {{SL_CODEC_PCMA, 8000}, {SL_CODEC_PCMU, 8000}, {SL_CODEC_G722, 16000}};
    static int16_t tone[16000];

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t ms = (size_t)cases[i].rate_hz / 1000;
        struct heard *heard = sl_new(struct heard);
        struct sl_audio_encoder *encoder;
        struct sl_audio_encoder_config config = {cases[i].codec, cases[i].rate_hz, 1, 0};
        make_voice(tone, 1000 * ms, cases[i].rate_hz, 165);
        assert_int_equal(sl_audio_encoder_create(&config, &encoder), 0);
        assert_int_equal(sl_audio_decoder_create(cases[i].codec, &heard->decoder), 0);
        struct sl_pcm pcm = {0, cases[i].rate_hz, 1, 1000 * ms, tone};
        assert_int_equal(sl_audio_encoder_encode(encoder, &pcm, on_coded, heard), 0);
        assert_true(heard->packets >= 49);
        double usual = rms_of(tone, 1000 * ms);
        for (size_t at = 100 * ms; at + 20 * ms <= heard->count; at += 20 * ms) {
            double now = rms_of(heard->samples + at, 20 * ms);
            if (now < usual * 0.6 || now > usual * 1.3)
                fail_msg("%s: %.0f at %zu ms, %.0f is usual", sl_codec_name(cases[i].codec), now,
                         at / ms, usual);
        }
        sl_audio_decoder_destroy(heard->decoder);
        sl_audio_encoder_destroy(encoder);
        free(heard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_goes_on_without_a_click),
        cmocka_unit_test(it_fades_and_then_nothing_is_left),
        cmocka_unit_test(what_was_heard_is_not_touched),
        cmocka_unit_test(before_anything_was_heard_it_is_silent),
        cmocka_unit_test(decoders_of_telephones_codecs_make_it_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
