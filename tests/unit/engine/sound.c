/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of sound: what is heard of what went in, and when. */
#include "harness.h"

#include <math.h>

enum { TONE_HZ = 440, PACKET_US = 20000, OUT = 1 };

/* ---- Sources ---- */

struct speaker {
    struct kept *kept;
    enum sl_codec codec;
    int rate_hz, channels;
    struct sl_audio_encoder *encoder;
    int64_t samples;     /* spoken so far */
    int64_t shift_us;    /* added to the time stamps */
    unsigned lost_every; /* each so-manieth packet does not arrive; 0: all do */
    unsigned packets;
    uint8_t config[64];
    size_t config_len;
};

static struct speaker speak_in(struct kept *kept, enum sl_codec codec, int rate_hz, int channels)
{
    struct speaker speaker = {
        .kept = kept, .codec = codec, .rate_hz = rate_hz, .channels = channels};

    if (codec == SL_CODEC_L16)
        return speaker;
    const struct sl_audio_encoder_config config = {codec, speaker.rate_hz, speaker.channels, 0};
    assert_int_equal(sl_audio_encoder_create(&config, &speaker.encoder), 0);
    const uint8_t *data = sl_audio_encoder_extradata(speaker.encoder, &speaker.config_len);
    if (speaker.config_len > 0)
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_CONFIG,
                                               .codec = codec,
                                               .data = data,
                                               .len = speaker.config_len});
    return speaker;
}

static struct speaker speak_to(struct kept *kept, enum sl_codec codec)
{
    static const struct {
        enum sl_codec codec;
        int rate_hz, channels;
    } forms[] = {{SL_CODEC_OPUS, 48000, 2}, {SL_CODEC_PCMA, 8000, 1}, {SL_CODEC_PCMU, 8000, 1},
                 {SL_CODEC_G722, 16000, 1}, {SL_CODEC_AAC, 44100, 2}, {SL_CODEC_L16, 44100, 2}};
    size_t i = 0;

    while (forms[i].codec != codec)
        i++;
    return speak_in(kept, codec, forms[i].rate_hz, forms[i].channels);
}

static void give_packet(void *arg, const struct sl_coded *coded)
{
    struct speaker *speaker = arg;

    if (speaker->lost_every && ++speaker->packets % speaker->lost_every == 0)
        return;
    order(speaker->kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                                    .codec = speaker->codec,
                                                    .keyframe = true,
                                                    .pts_us = coded->pts_us + speaker->shift_us,
                                                    .dts_us = coded->pts_us + speaker->shift_us,
                                                    .data = coded->data,
                                                    .len = coded->len});
}

static void speak(struct speaker *speaker, int ms)
{
    int16_t samples[960 * 2];
    int count = speaker->rate_hz / 50;

    for (int done = 0; done < ms; done += 20) {
        for (int i = 0; i < count * speaker->channels; i++) {
            double t = (double)(speaker->samples + i / speaker->channels) / speaker->rate_hz;
            samples[i] = (int16_t)(8000 * sin(2 * M_PI * TONE_HZ * t));
        }
        const struct sl_pcm pcm = {
            .pts_us = START_US + speaker->samples * SL_US_PER_S / speaker->rate_hz,
            .rate_hz = speaker->rate_hz,
            .channels = speaker->channels,
            .count = (size_t)count,
            .samples = samples,
        };
        if (speaker->encoder)
            assert_int_equal(sl_audio_encoder_encode(speaker->encoder, &pcm, give_packet, speaker),
                             0);
        else
            give_packet(speaker, &(struct sl_coded){.pts_us = pcm.pts_us,
                                                    .data = (const uint8_t *)samples,
                                                    .len = (size_t)(count * speaker->channels) *
                                                           sizeof(int16_t)});
        speaker->samples += count;
    }
}

static void hush(struct speaker *speaker)
{
    sl_audio_encoder_destroy(speaker->encoder);
}

/* ---- Listeners ---- */

enum { HEARD_MAX = 48000 * 8 };

struct heard {
    int16_t samples[HEARD_MAX]; /* of the first channel */
    size_t count;
    int rate_hz, channels;
    int64_t first_us, end_us;
    size_t gaps; /* times that do not follow one another */
};

static void hear(void *arg, const struct sl_pcm *pcm)
{
    struct heard *heard = arg;

    if (heard->count == 0)
        heard->first_us = pcm->pts_us;
    else if (llabs(pcm->pts_us - heard->end_us) > 100)
        heard->gaps++;
    heard->rate_hz = pcm->rate_hz;
    heard->channels = pcm->channels;
    heard->end_us = pcm->pts_us + (int64_t)pcm->count * SL_US_PER_S / pcm->rate_hz;
    for (size_t i = 0; i < pcm->count && heard->count < HEARD_MAX; i++)
        heard->samples[heard->count++] = pcm->samples[i * (size_t)pcm->channels];
}

static struct heard *listen_to(const struct kept *kept, enum sl_codec codec)
{
    struct heard *heard = sl_new(struct heard);
    struct sl_audio_decoder *decoder;
    const struct sl_engine_message *coded;
    const struct sl_engine_message *config = find_report(kept, SL_ENGINE_CODED_CONFIG, OUT, 0);

    assert_int_equal(config != NULL, codec == SL_CODEC_AAC);
    assert_int_equal(sl_audio_decoder_create_with(codec, config ? config->data : NULL,
                                                  config ? config->len : 0, &decoder),
                     0);
    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, OUT, n)); n++) {
        assert_int_equal(coded->codec, codec);
        assert_true(coded->keyframe);
        assert_int_equal(coded->pts_us, coded->dts_us);
        assert_int_equal(sl_audio_decoder_decode(decoder, coded->data, coded->len, coded->pts_us, 0,
                                                 hear, heard),
                         0);
    }
    sl_audio_decoder_destroy(decoder);
    return heard;
}

/* How much of the sound's power from one sample on is the tone's, 0..1 (Goertzel). */
static double share_of_tone(const struct heard *heard, size_t from, size_t count)
{
    double c = 2 * cos(2 * M_PI * TONE_HZ / heard->rate_hz), s1 = 0, s2 = 0, power = 0;

    assert_true(from + count <= heard->count);
    for (size_t i = from; i < from + count; i++) {
        double x = heard->samples[i], s = x + c * s1 - s2;
        s2 = s1;
        s1 = s;
        power += x * x;
    }
    double at = s1 * s1 + s2 * s2 - c * s1 * s2;
    return power > 0 ? 2 * at / (power * (double)count) : 0;
}

static double level(const struct heard *heard, size_t from, size_t count)
{
    double power = 0;

    assert_true(from + count <= heard->count);
    for (size_t i = from; i < from + count; i++)
        power += pow(heard->samples[i], 2);
    return sqrt(power / (double)count);
}

/* ---- Tests ---- */

static void each_codec_is_heard_in_each_other(void **state)
{
    (void)state;
    static const enum sl_codec from[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_PCMU,
                                         SL_CODEC_G722, SL_CODEC_AAC,  SL_CODEC_L16};
    static const struct {
        enum sl_codec codec;
        int rate_hz, channels;
        size_t frame; /* samples */
    } to[] = {{SL_CODEC_OPUS, 48000, 2, 960},
              {SL_CODEC_PCMA, 8000, 1, 160},
              {SL_CODEC_PCMU, 8000, 1, 160},
              {SL_CODEC_G722, 16000, 1, 320},
              {SL_CODEC_AAC, 48000, 2, 1024}};

    for (size_t i = 0; i < SL_ARRAY_LEN(from) * SL_ARRAY_LEN(to) * 2; i++) {
        size_t f = i / SL_ARRAY_LEN(to) / 2, t = i / 2 % SL_ARRAY_LEN(to);
        struct kept *kept =
            open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){.rate_hz = 44100, .channels = 2});
        add_sound(kept, OUT, to[t].codec, (struct sl_engine_sound){.gapless = i % 2});
        struct speaker speaker = speak_to(kept, from[f]);
        speak(&speaker, 2000);
        struct heard *heard = listen_to(kept, to[t].codec);
        size_t count = (size_t)to[t].rate_hz, quarter = count / 4;
        assert_int_equal(heard->rate_hz, to[t].rate_hz);
        assert_int_equal(heard->channels, to[t].channels);
        if (heard->count < count * 19 / 10 || heard->gaps > 0)
            fail_msg("%zu to %zu: %zu samples, %zu gaps", f, t, heard->count, heard->gaps);
        if (llabs(heard->first_us - START_US) > 50000)
            fail_msg("%zu to %zu: begins %lld us off", f, t,
                     (long long)(heard->first_us - START_US));
        if (share_of_tone(heard, quarter, count) < 0.97)
            fail_msg("%zu to %zu: %.3f of it is the tone", f, t,
                     share_of_tone(heard, quarter, count));
        if (fabs(level(heard, quarter, count) / (8000 / sqrt(2)) - 1) > 0.1)
            fail_msg("%zu to %zu: level %.0f", f, t, level(heard, quarter, count));
        /* Exact to the sample, to the end. */
        const struct sl_engine_message *first = report_of(kept, SL_ENGINE_CODED, OUT, 0);
        size_t last = count_reports(kept, SL_ENGINE_CODED, OUT) - 1;
        int64_t exact_us = (int64_t)(last * to[t].frame) * SL_US_PER_S / to[t].rate_hz;
        assert_in_range(report_of(kept, SL_ENGINE_CODED, OUT, last)->pts_us - first->pts_us,
                        exact_us - 1, exact_us + 1);
        free(heard);
        hush(&speaker);
        close_job(kept);
    }
}

/* RFC 6716 section 3.1: of SILK and CELT the first four are narrow. Of a mere tone the encoder may
 * leave out what is highest. */
static bool is_narrow(unsigned config)
{
    return config < 4 || (config >= 16 && config < 20);
}

static bool is_wide(unsigned config)
{
    return config >= 24 || (config >= 12 && config < 16);
}

/* How many packets from one on are of that width and number of channels. */
static size_t count_forms(const struct kept *kept, size_t from, bool (*fits)(unsigned config),
                          bool stereo)
{
    const struct sl_engine_message *coded;
    size_t n = from;

    while ((coded = find_report(kept, SL_ENGINE_CODED, OUT, n)) && coded->len > 0 &&
           fits(coded->data[0] >> 3) && (coded->data[0] >> 2 & 1) == stereo)
        n++;
    return n - from;
}

static void opus_is_as_wide_as_what_comes(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    add_sound(kept, OUT, SL_CODEC_OPUS, (struct sl_engine_sound){0});
    struct speaker telephone = speak_to(kept, SL_CODEC_PCMA);
    speak(&telephone, 1000);
    hush(&telephone);
    assert_in_range(count_forms(kept, 0, is_narrow, false), 48, 50);

    /* It goes on in another codec. */
    struct speaker browser = speak_to(kept, SL_CODEC_OPUS);
    browser.shift_us = SL_US_PER_S;
    speak(&browser, 1000);
    hush(&browser);
    size_t narrow = count_forms(kept, 0, is_narrow, false);
    assert_in_range(narrow, 48, 50);
    assert_in_range(count_forms(kept, narrow, is_wide, true), 48, 51);
    for (size_t n = 1; n < count_reports(kept, SL_ENGINE_CODED, OUT); n++)
        assert_true(report_of(kept, SL_ENGINE_CODED, OUT, n)->pts_us >
                    report_of(kept, SL_ENGINE_CODED, OUT, n - 1)->pts_us + 10000);
    struct heard *heard = listen_to(kept, SL_CODEC_OPUS);
    assert_true(heard->count >= 48000 * 19 / 10);
    assert_true(share_of_tone(heard, 12000, 24000) > 0.97);
    assert_true(share_of_tone(heard, heard->count - 36000, 24000) > 0.97);
    free(heard);
    close_job(kept);
}

/* What is made up for a lost frame is no other form. */
static void opus_stays_as_it_is_where_a_frame_is_lost(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    add_sound(kept, OUT, SL_CODEC_OPUS, (struct sl_engine_sound){0});
    struct speaker speaker = speak_in(kept, SL_CODEC_AAC, 44100, 1);
    speaker.lost_every = 10;
    speak(&speaker, 2000);
    hush(&speaker);
    size_t count = count_reports(kept, SL_ENGINE_CODED, OUT);
    assert_in_range(count, 90, 100);
    assert_int_equal(count_forms(kept, 0, is_wide, false), count);
    close_job(kept);
}

static void frames_come_out_as_soon_as_they_are_full(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    add_sound(kept, OUT, SL_CODEC_PCMA, (struct sl_engine_sound){0});
    struct speaker speaker = speak_to(kept, SL_CODEC_PCMU);
    for (size_t n = 1; n <= 50; n++) {
        speak(&speaker, 20);
        assert_int_equal(count_reports(kept, SL_ENGINE_CODED, OUT), n);
    }
    hush(&speaker);
    close_job(kept);
}

static void what_is_lost_is_made_up_for(void **state)
{
    (void)state;
    static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_PCMU,
                                           SL_CODEC_G722};

    for (size_t i = 0; i < SL_ARRAY_LEN(codecs); i++) {
        struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});
        add_sound(kept, OUT, SL_CODEC_OPUS, (struct sl_engine_sound){0});
        struct speaker speaker = speak_to(kept, codecs[i]);
        speaker.lost_every = 10;
        speak(&speaker, 3000);
        struct heard *heard = listen_to(kept, SL_CODEC_OPUS);
        assert_int_equal(heard->gaps, 0);
        size_t rate = (size_t)heard->rate_hz;
        assert_true(heard->count > rate * 28 / 10);
        for (size_t at = rate / 2; at < rate * 5 / 2; at += rate / 100) {
            if (level(heard, at, rate / 100) < 3000) /* of 5657 */
                fail_msg("%s: %.0f at sample %zu", sl_codec_name(codecs[i]),
                         level(heard, at, rate / 100), at);
        }
        free(heard);
        hush(&speaker);
        close_job(kept);
    }
}

/* As many packets as are waited for. */
static void what_is_made_up_fades(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    add_sound(kept, OUT, SL_CODEC_PCMU, (struct sl_engine_sound){0});
    struct speaker speaker = speak_to(kept, SL_CODEC_PCMA);
    speak(&speaker, 1000);
    speaker.shift_us = 80 * SL_US_PER_MS;
    speak(&speaker, 1000);
    struct heard *heard = listen_to(kept, SL_CODEC_PCMU);
    assert_int_equal(heard->gaps, 0);
    assert_true(level(heard, 8000, 80) > 4000); /* of 5657 */
    assert_in_range((int)level(heard, 8000 + 8 * 30, 80), 1000, 4000);
    assert_true(level(heard, 8000 + 8 * 65, 80) < 100);
    assert_true(level(heard, 8000 + 8 * 90, 80) > 5000);
    free(heard);
    hush(&speaker);
    close_job(kept);
}

static void a_long_gap_stays_one_or_is_filled(void **state)
{
    (void)state;
    for (size_t gapless = 0; gapless < 2; gapless++) {
        static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_PCMU, SL_CODEC_AAC};
        for (size_t i = 0; i < SL_ARRAY_LEN(codecs); i++) {
            struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});
            add_sound(kept, OUT, codecs[i], (struct sl_engine_sound){.gapless = gapless});
            struct speaker speaker = speak_to(kept, SL_CODEC_PCMU);
            speak(&speaker, 1000);
            speaker.shift_us = SL_US_PER_S;
            speak(&speaker, 1000);
            struct heard *heard = listen_to(kept, codecs[i]);
            assert_int_equal(heard->gaps, !gapless);
            assert_in_range(heard->end_us, START_US + 2930000, START_US + 3000000);
            if (gapless) {
                size_t rate = (size_t)heard->rate_hz;
                assert_true(level(heard, rate * 12 / 10, rate * 6 / 10) < 10);
                assert_true(share_of_tone(heard, rate * 22 / 10, rate / 2) > 0.97);
            }
            free(heard);
            hush(&speaker);
            close_job(kept);
        }
    }
}

static void a_row_goes_on_where_nothing_comes(void **state)
{
    (void)state;
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    add_sound(kept, OUT, SL_CODEC_AAC, (struct sl_engine_sound){.gapless = true});
    add_sound(kept, 2, SL_CODEC_PCMA, (struct sl_engine_sound){0}); /* not gapless: nothing */
    assert_int_equal(kept->count, 1);
    for (int ms = 0; ms <= 2000; ms += 100)
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_ADVANCE,
                                               .pts_us = START_US + ms * SL_US_PER_MS,
                                               .dts_us = START_US});
    struct heard *heard = listen_to(kept, SL_CODEC_AAC);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, 2), 0);
    assert_int_equal(heard->gaps, 0);
    assert_in_range(heard->first_us, START_US - 22000, START_US);
    assert_in_range(heard->end_us, START_US + 1930000, START_US + 2000000);
    assert_true(level(heard, 0, heard->count) < 1);
    free(heard);
    close_job(kept);
}

static void garbage_is_a_gap(void **state)
{
    (void)state;
    static const uint8_t garbage[] = {0xff, 0xff, 0xff};
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});
    struct sl_engine_message input = {
        .type = SL_ENGINE_INPUT, .codec = SL_CODEC_OPUS, .data = garbage, .len = sizeof(garbage)};

    add_sound(kept, OUT, SL_CODEC_AAC, (struct sl_engine_sound){.gapless = true});
    order(kept, input);
    input.codec = SL_CODEC_AAC; /* no configuration came */
    order(kept, input);
    input.type = SL_ENGINE_CONFIG;
    order(kept, input);
    input.type = SL_ENGINE_INPUT;
    order(kept, input);
    input.codec = SL_CODEC_TELEPHONE_EVENT;
    order(kept, input);
    struct speaker speaker = speak_to(kept, SL_CODEC_OPUS);
    speak(&speaker, 1000);
    assert_int_equal(count_reports(kept, SL_ENGINE_FAILED, SL_ENGINE_NO_OUTPUT), 0);
    assert_true(count_reports(kept, SL_ENGINE_CODED, OUT) > 40);
    input.codec = SL_CODEC_H264;
    order(kept, input);
    assert_int_equal(report_of(kept, SL_ENGINE_FAILED, SL_ENGINE_NO_OUTPUT, 0)->err, -ENOSYS);
    hush(&speaker);
    close_job(kept);
}

static void outputs_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec codec;
        struct sl_engine_sound form;
        int err;
    } cases[] = {
        {SL_CODEC_H264, {0}, -ENOSYS},
        {SL_CODEC_L16, {0}, -ENOSYS},
        {SL_CODEC_AAC, {.rate_hz = 1000}, -EINVAL},
        {SL_CODEC_AAC, {.rate_hz = UINT32_MAX}, -EINVAL},
        {SL_CODEC_G722, {.channels = 2}, -EINVAL},
    };
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    for (uint32_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        add_sound(kept, i, cases[i].codec, cases[i].form);
        assert_int_equal(report_of(kept, SL_ENGINE_FAILED, i, 0)->err, cases[i].err);
    }
    close_job(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_codec_is_heard_in_each_other),
        cmocka_unit_test(opus_is_as_wide_as_what_comes),
        cmocka_unit_test(opus_stays_as_it_is_where_a_frame_is_lost),
        cmocka_unit_test(frames_come_out_as_soon_as_they_are_full),
        cmocka_unit_test(what_is_lost_is_made_up_for),
        cmocka_unit_test(what_is_made_up_fades),
        cmocka_unit_test(a_long_gap_stays_one_or_is_filled),
        cmocka_unit_test(a_row_goes_on_where_nothing_comes),
        cmocka_unit_test(garbage_is_a_gap),
        cmocka_unit_test(outputs_that_cannot_be_are_refused),
    };

    sl_codec_drop_messages();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
