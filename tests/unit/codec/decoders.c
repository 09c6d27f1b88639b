/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoders: what our encoders made comes out again, and what is no codec's is refused. */
#include "codec/codec.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES_MAX = 1 << 18 };

struct heard {
    int16_t samples[SAMPLES_MAX];
    size_t count; /* of all channels together */
    int rate_hz, channels;
    int64_t first_pts_us, end_us;
    bool gap;
};

static void on_pcm(void *arg, const struct sl_pcm *pcm)
{
    struct heard *heard = arg;

    if (heard->count == 0)
        heard->first_pts_us = pcm->pts_us;
    else if (llabs(pcm->pts_us - heard->end_us) > 100)
        heard->gap = true;
    heard->rate_hz = pcm->rate_hz;
    heard->channels = pcm->channels;
    heard->end_us = pcm->pts_us + (int64_t)pcm->count * 1000000 / pcm->rate_hz;
    size_t count = pcm->count * (size_t)pcm->channels;
    if (count > SAMPLES_MAX - heard->count)
        count = SAMPLES_MAX - heard->count;
    memcpy(heard->samples + heard->count, pcm->samples, count * sizeof(int16_t));
    heard->count += count;
}

/* How much of the sound's power lies at this frequency, 0..1 (Goertzel). */
static double share_of(const int16_t *samples, size_t count, int stride, int rate_hz, double hz)
{
    double c = 2 * cos(2 * M_PI * hz / rate_hz), s1 = 0, s2 = 0, power = 0;

    for (size_t i = 0; i < count; i++) {
        double x = samples[i * (size_t)stride];
        double s = x + c * s1 - s2;
        s2 = s1;
        s1 = s;
        power += x * x;
    }
    double at = s1 * s1 + s2 * s2 - c * s1 * s2;
    return power > 0 ? 2 * at / (power * (double)count) : 0;
}

static void make_tone(int16_t *samples, size_t count, int channels, int rate_hz, double hz)
{
    for (size_t i = 0; i < count; i++) {
        for (int channel = 0; channel < channels; channel++)
            samples[i * (size_t)channels + (size_t)channel] =
                (int16_t)(10000 * sin(2 * M_PI * hz * (double)i / rate_hz));
    }
}

struct round_trip {
    struct sl_audio_decoder *decoder;
    struct heard *heard;
    int err;
};

static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct round_trip *trip = arg;
    int err = sl_audio_decoder_decode(trip->decoder, coded->data, coded->len, coded->pts_us,
                                      coded->duration_us, on_pcm, trip->heard);

    if (err < 0)
        trip->err = err;
}

static void what_was_encoded_is_heard_again(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec encoding;
        enum sl_codec codec;
        int rate_hz, channels;
    } cases[] = {
        {SL_CODEC_OPUS, SL_CODEC_OPUS, 48000, 2},
        {SL_CODEC_PCMA, SL_CODEC_PCMA, 8000, 1},
        {SL_CODEC_PCMU, SL_CODEC_PCMU, 8000, 1},
    };
    struct heard *heard = sl_new(struct heard);
    int16_t *tone = sl_new_array(int16_t, 48000 * 2);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_audio_encoder_config config = {cases[i].encoding, cases[i].rate_hz,
                                                 cases[i].channels, 0};
        struct sl_audio_encoder *encoder;
        struct round_trip trip = {.heard = heard};
        memset(heard, 0, sizeof(*heard));
        assert_int_equal(sl_audio_encoder_create(&config, &encoder), 0);
        assert_int_equal(sl_audio_decoder_create(cases[i].codec, &trip.decoder), 0);
        make_tone(tone, (size_t)cases[i].rate_hz, cases[i].channels, cases[i].rate_hz, 440);
        struct sl_pcm pcm = {5000000, cases[i].rate_hz, cases[i].channels, (size_t)cases[i].rate_hz,
                             tone};
        assert_int_equal(sl_audio_encoder_encode(encoder, &pcm, on_coded, &trip), 0);
        assert_int_equal(trip.err, 0);
        assert_int_equal(heard->rate_hz, cases[i].rate_hz);
        assert_int_equal(heard->channels, cases[i].channels);
        assert_false(heard->gap);
        assert_true(heard->count > (size_t)cases[i].rate_hz * 9 / 10);
        double share = share_of(heard->samples, heard->count / (size_t)heard->channels,
                                heard->channels, heard->rate_hz, 440);
        if (share < 0.9)
            fail_msg("%s: the tone has only %.2f of the power", sl_codec_name(cases[i].codec),
                     share);
        sl_audio_decoder_destroy(trip.decoder);
        sl_audio_encoder_destroy(encoder);
    }
    free(tone);
    free(heard);
}

static void g722_gives_two_samples_a_byte_at_sixteen_kilohertz(void **state)
{
    (void)state;
    struct heard *heard = sl_new(struct heard);
    struct sl_audio_decoder *decoder;
    uint8_t packet[160];

    memset(packet, 0xfa, sizeof(packet));
    assert_int_equal(sl_audio_decoder_create(SL_CODEC_G722, &decoder), 0);
    assert_int_equal(
        sl_audio_decoder_decode(decoder, packet, sizeof(packet), 0, 20000, on_pcm, heard), 0);
    assert_int_equal(heard->count, 320);
    assert_int_equal(heard->rate_hz, 16000);
    assert_int_equal(heard->channels, 1);
    sl_audio_decoder_destroy(decoder);
    free(heard);
}

static void a_missing_packet_is_silence_of_its_length(void **state)
{
    (void)state;
    struct heard *heard = sl_new(struct heard);
    struct sl_audio_decoder *decoder;

    assert_int_equal(sl_audio_decoder_create(SL_CODEC_OPUS, &decoder), 0);
    assert_int_equal(sl_audio_decoder_decode(decoder, NULL, 0, 1000, 60000, on_pcm, heard), 0);
    assert_int_equal(heard->count, 2880 * 2);
    assert_int_equal(heard->first_pts_us, 1000);
    assert_false(heard->gap);
    for (size_t i = 0; i < heard->count; i++)
        assert_int_equal(heard->samples[i], 0);
    sl_audio_decoder_destroy(decoder);
    free(heard);
}

static void opus_makes_up_what_is_missing(void **state)
{
    (void)state;
    enum { FRAME = 960, RATE_HZ = 48000 };
    const struct sl_audio_encoder_config config = {SL_CODEC_OPUS, RATE_HZ, 2, 0};
    struct heard *heard = sl_new(struct heard);
    struct round_trip trip = {.heard = heard};
    struct sl_audio_encoder *encoder;
    int16_t *tone = sl_new_array(int16_t, RATE_HZ * 2);

    make_tone(tone, RATE_HZ, 2, RATE_HZ, 440);
    assert_int_equal(sl_audio_encoder_create(&config, &encoder), 0);
    assert_int_equal(sl_audio_decoder_create(SL_CODEC_OPUS, &trip.decoder), 0);
    const struct sl_pcm pcm = {0, RATE_HZ, 2, FRAME * 25, tone};
    assert_int_equal(sl_audio_encoder_encode(encoder, &pcm, on_coded, &trip), 0);
    size_t before = heard->count;
    assert_int_equal(
        sl_audio_decoder_decode(trip.decoder, NULL, 0, heard->end_us, 40000, on_pcm, heard), 0);
    assert_int_equal(heard->count - before, FRAME * 2 * 2);
    assert_false(heard->gap);
    assert_true(share_of(heard->samples + before, FRAME, 2, RATE_HZ, 440) > 0.8);
    sl_audio_decoder_destroy(trip.decoder);
    sl_audio_encoder_destroy(encoder);
    free(tone);
    free(heard);
}

static void aac_needs_its_configuration(void **state)
{
    (void)state;
    static const uint8_t nonsense[] = {0xff, 0xff};
    struct sl_audio_decoder *decoder = NULL;

    assert_int_equal(sl_audio_decoder_create(SL_CODEC_AAC, &decoder), -EINVAL);
    assert_int_equal(sl_audio_decoder_create_with(SL_CODEC_AAC, nonsense, 2, &decoder), -EBADMSG);
    assert_int_equal(sl_audio_decoder_create_with(SL_CODEC_PCMA, nonsense, 2, &decoder), -EINVAL);
    assert_null(decoder);
}

static void decoding_goes_on_after_garbage(void **state)
{
    (void)state;
    struct heard *heard = sl_new(struct heard);
    struct sl_audio_decoder *decoder;
    uint8_t garbage[3] = {0xff, 0xff, 0xff}; /* opus code 3 with 63 frames */
    uint8_t pause[1] = {0xf8};               /* a whole packet: 20 ms of nothing (DTX) */

    assert_int_equal(sl_audio_decoder_create(SL_CODEC_OPUS, &decoder), 0);
    assert_int_equal(sl_audio_decoder_decode(decoder, garbage, 3, 0, 20000, on_pcm, heard),
                     -EBADMSG);
    assert_int_equal(sl_audio_decoder_decode(decoder, garbage, 0, 0, 20000, on_pcm, heard),
                     -EBADMSG);
    assert_int_equal(sl_audio_decoder_decode(decoder, pause, 1, 0, 20000, on_pcm, heard), 0);
    assert_true(heard->count > 0);
    sl_audio_decoder_destroy(decoder);
    sl_audio_decoder_destroy(NULL);
    free(heard);
}

static void only_the_codecs_named_have_decoders(void **state)
{
    (void)state;
    struct sl_audio_decoder *audio = NULL;
    struct sl_video_decoder *video = NULL;

    assert_int_equal(sl_audio_decoder_create(SL_CODEC_NONE, &audio), -ENOSYS);
    assert_int_equal(sl_audio_decoder_create(SL_CODEC_H264, &audio), -ENOSYS);
    assert_int_equal(sl_video_decoder_create(SL_CODEC_OPUS, &video), -ENOSYS);
    assert_int_equal(sl_video_decoder_create(SL_CODEC_AV1, &video), -ENOSYS);
    assert_null(audio);
    assert_null(video);
    sl_video_decoder_destroy(NULL);
}

/* ---- Pictures ---- */

struct seen {
    struct sl_video_decoder *decoder;
    int count, width, height, luma;
    int64_t last_pts_us;
    int err;
};

static void on_picture(void *arg, struct sl_picture *picture)
{
    struct seen *seen = arg;

    seen->count++;
    seen->width = picture->width;
    seen->height = picture->height;
    seen->luma = picture->planes[0][picture->strides[0] * (picture->height / 2)];
    seen->last_pts_us = picture->pts_us;
}

static void decode_coded(void *arg, const struct sl_coded *coded)
{
    struct seen *seen = arg;

    seen->err = sl_video_decoder_decode(seen->decoder, coded->data, coded->len, coded->pts_us,
                                        on_picture, seen);
}

static void each_h264_picture_comes_out_before_the_next_goes_in(void **state)
{
    (void)state;
    struct sl_video_encoder_config config = {
        .width = 320, .height = 180, .fps = 25, .bitrate_bps = 500000};
    struct sl_video_encoder *encoder;
    struct sl_picture picture;
    struct seen seen = {0};

    assert_int_equal(sl_video_encoder_create(&config, &encoder), 0);
    assert_int_equal(sl_video_decoder_create(SL_CODEC_H264, &seen.decoder), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sl_picture_create(320, 180, &picture), 0);
        for (int p = 0; p < 3; p++)
            memset(picture.planes[p], p ? 128 : 40 + i * 10,
                   (size_t)picture.strides[p] * (p ? 90 : 180));
        picture.pts_us = 1000000 + i * 40000;
        assert_int_equal(sl_video_encoder_encode(encoder, &picture, i == 0, decode_coded, &seen),
                         0);
        assert_int_equal(seen.err, 0);
        assert_int_equal(seen.count, i + 1);
        assert_int_equal(seen.last_pts_us, picture.pts_us);
        assert_int_equal(seen.width, 320);
        assert_int_equal(seen.height, 180);
        assert_in_range(seen.luma, 40 + i * 10 - 8, 40 + i * 10 + 8);
        sl_picture_deinit(&picture);
    }
    sl_video_decoder_destroy(seen.decoder);
    sl_video_encoder_destroy(encoder);
}

static void refuses_pictures_that_are_too_large_or_no_pictures(void **state)
{
    (void)state;
    /* RFC 6386 section 9.1: a key frame's tag, start code, width and height of 14 bits. */
    uint8_t vp8[64] = {0x10, 0x07, 0x00, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0x10, 0x00};
    struct seen seen = {0};

    assert_int_equal(sl_video_decoder_create(SL_CODEC_VP8, &seen.decoder), 0);
    assert_int_equal(sl_video_decoder_decode(seen.decoder, vp8, sizeof(vp8), 0, on_picture, &seen),
                     -EBADMSG);
    assert_int_equal(sl_video_decoder_decode(seen.decoder, vp8, 0, 0, on_picture, &seen), -EBADMSG);
    assert_int_equal(sl_video_decoder_decode(seen.decoder, vp8, 3, 0, on_picture, &seen), -EBADMSG);
    assert_int_equal(seen.count, 0);
    sl_video_decoder_destroy(seen.decoder);
}

/* ---- Resampling ---- */

static void the_resampler_keeps_pitch_and_time(void **state)
{
    (void)state;
    static const struct {
        int from_hz, from_channels, to_hz, to_channels;
    } cases[] = {
        {8000, 1, 48000, 2},  {16000, 1, 48000, 1}, {44100, 2, 48000, 2}, {48000, 2, 8000, 1},
        {11025, 1, 48000, 2}, {48000, 2, 48000, 2}, {48000, 1, 48000, 2},
    };
    struct heard *heard = sl_new(struct heard);
    int16_t *tone = sl_new_array(int16_t, 48000 * 2);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_resampler *resampler;
        int rate_hz = cases[i].from_hz;
        size_t channels = (size_t)cases[i].from_channels, step = (size_t)rate_hz / 50;
        memset(heard, 0, sizeof(*heard));
        assert_int_equal(sl_resampler_create(cases[i].to_hz, cases[i].to_channels, &resampler), 0);
        make_tone(tone, (size_t)rate_hz, cases[i].from_channels, rate_hz, 400);
        for (size_t at = 0; at + step <= (size_t)rate_hz; at += step) {
            struct sl_pcm pcm = {7000000 + (int64_t)at * 1000000 / rate_hz, rate_hz,
                                 cases[i].from_channels, step, tone + at * channels};
            assert_int_equal(sl_resampler_convert(resampler, &pcm, on_pcm, heard), 0);
        }
        assert_int_equal(heard->rate_hz, cases[i].to_hz);
        assert_int_equal(heard->channels, cases[i].to_channels);
        assert_false(heard->gap);
        assert_true(llabs(heard->first_pts_us - 7000000) < 2000);
        assert_true(llabs(heard->end_us - 8000000) < 25000);
        double share = share_of(heard->samples, heard->count / (size_t)heard->channels,
                                heard->channels, heard->rate_hz, 400);
        if (share < 0.95)
            fail_msg("%d Hz to %d Hz: the tone has only %.2f of the power", rate_hz, cases[i].to_hz,
                     share);
        int loudest = 0; /* as it was, on each channel */
        for (size_t at = heard->count / 4; at < heard->count / 2; at++)
            loudest = heard->samples[at] > loudest ? heard->samples[at] : loudest;
        assert_in_range(loudest, 9700, 10300);
        sl_resampler_destroy(resampler);
    }
    free(tone);
    free(heard);
}

static void the_resampler_follows_a_change_of_format_and_refuses_nonsense(void **state)
{
    (void)state;
    struct heard *heard = sl_new(struct heard);
    struct sl_resampler *resampler = NULL;
    int16_t zero[960] = {0};
    struct sl_pcm narrow = {0, 8000, 1, 160, zero}, wide = {20000, 48000, 1, 960, zero};
    struct sl_pcm bad = {0, 8000, 3, 160, zero};

    assert_int_equal(sl_resampler_create(48000, 0, &resampler), -EINVAL);
    assert_int_equal(sl_resampler_create(0, 2, &resampler), -EINVAL);
    assert_int_equal(sl_resampler_create(48000, 2, &resampler), 0);
    assert_int_equal(sl_resampler_convert(resampler, &narrow, on_pcm, heard), 0);
    assert_int_equal(sl_resampler_convert(resampler, &wide, on_pcm, heard), 0);
    assert_int_equal(sl_resampler_convert(resampler, &bad, on_pcm, heard), -EINVAL);
    assert_int_equal(heard->channels, 2);
    assert_int_equal(heard->rate_hz, 48000);
    sl_resampler_destroy(resampler);
    sl_resampler_destroy(NULL);
    free(heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_encoded_is_heard_again),
        cmocka_unit_test(g722_gives_two_samples_a_byte_at_sixteen_kilohertz),
        cmocka_unit_test(a_missing_packet_is_silence_of_its_length),
        cmocka_unit_test(opus_makes_up_what_is_missing),
        cmocka_unit_test(aac_needs_its_configuration),
        cmocka_unit_test(decoding_goes_on_after_garbage),
        cmocka_unit_test(only_the_codecs_named_have_decoders),
        cmocka_unit_test(each_h264_picture_comes_out_before_the_next_goes_in),
        cmocka_unit_test(refuses_pictures_that_are_too_large_or_no_pictures),
        cmocka_unit_test(the_resampler_keeps_pitch_and_time),
        cmocka_unit_test(the_resampler_follows_a_change_of_format_and_refuses_nonsense),
    };

    return cmocka_run_group_tests_name("codec decoders", tests, NULL, NULL);
}
