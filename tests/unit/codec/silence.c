/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of silence that no encoder has made (media/aac.h), as FFmpeg's decoder hears them: alone,
 * and in place of some of an encoder's. */
#include "codec/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include <cmocka.h>

enum { RATE_HZ = 48000, FRAMES_MAX = 64 };

static AVCodecContext *open_decoder(int rate_hz, int channels)
{
    AVCodecContext *context = avcodec_alloc_context3(avcodec_find_decoder_by_name("aac"));

    assert_non_null(context);
    context->extradata = av_mallocz(SL_AAC_CONFIG_LEN + AV_INPUT_BUFFER_PADDING_SIZE);
    context->extradata_size = SL_AAC_CONFIG_LEN;
    context->err_recognition = AV_EF_EXPLODE;
    assert_int_equal(sl_aac_write_config(rate_hz, channels, context->extradata), 0);
    assert_int_equal(avcodec_open2(context, context->codec, NULL), 0);
    return context;
}

/* The loudest sample of what one frame gives. */
static float decode(AVCodecContext *decoder, const uint8_t *data, size_t len, int channels)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    float peak = 0;

    assert_int_equal(av_new_packet(packet, (int)len), 0);
    memcpy(packet->data, data, len);
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
    assert_int_equal(frame->nb_samples, SL_AAC_FRAME_SAMPLES);
    assert_int_equal(frame->ch_layout.nb_channels, channels);
    assert_int_equal(frame->format, AV_SAMPLE_FMT_FLTP);
    for (int channel = 0; channel < channels; channel++) {
        const float *samples = (const float *)(const void *)frame->data[channel];
        for (int i = 0; i < frame->nb_samples; i++) {
            float loud = samples[i] < 0 ? -samples[i] : samples[i];
            peak = loud > peak ? loud : peak;
        }
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    return peak;
}

static void a_silent_frame_is_silent(void **state)
{
    (void)state;
    static const int rates_hz[] = {8000, 16000, 44100, 48000, 96000};
    size_t len;

    for (int channels = 1; channels <= SL_AAC_CHANNELS_MAX; channels++) {
        const uint8_t *silence = sl_aac_silence(channels, &len);
        for (size_t i = 0; i < sizeof(rates_hz) / sizeof(*rates_hz); i++) {
            AVCodecContext *decoder = open_decoder(rates_hz[i], channels);
            for (int frame = 0; frame < 10; frame++)
                assert_true(decode(decoder, silence, len, channels) == 0);
            assert_int_equal(decoder->sample_rate, rates_hz[i]);
            avcodec_free_context(&decoder);
        }
    }
}

struct heard {
    size_t count;
    struct {
        uint8_t data[2048];
        size_t len;
    } frames[FRAMES_MAX];
};

static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct heard *heard = arg;

    assert_true(heard->count < FRAMES_MAX && coded->len <= sizeof(heard->frames[0].data));
    memcpy(heard->frames[heard->count].data, coded->data, coded->len);
    heard->frames[heard->count++].len = coded->len;
}

static void a_silent_frame_may_take_the_place_of_any_other(void **state)
{
    (void)state;
    struct sl_audio_encoder_config config = {SL_CODEC_AAC, RATE_HZ, 0, 0};
    static int16_t samples[FRAMES_MAX / 2 * SL_AAC_FRAME_SAMPLES * 2];
    size_t len;

    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
        samples[i] = (int16_t)(i / 100 % 2 ? 12000 : -12000);
    for (int channels = 1; channels <= 2; channels++) {
        struct heard *heard = calloc(1, sizeof(*heard));
        struct sl_audio_encoder *encoder;
        config.channels = channels;
        assert_non_null(heard);
        assert_int_equal(sl_audio_encoder_create(&config, &encoder), 0);
        struct sl_pcm pcm = {.rate_hz = RATE_HZ,
                             .channels = channels,
                             .count = FRAMES_MAX / 2 * SL_AAC_FRAME_SAMPLES,
                             .samples = samples};
        assert_int_equal(sl_audio_encoder_encode(encoder, &pcm, on_coded, heard), 0);
        sl_audio_encoder_destroy(encoder);
        AVCodecContext *decoder = open_decoder(RATE_HZ, channels);
        const uint8_t *silence = sl_aac_silence(channels, &len);
        for (size_t i = 0; i < heard->count; i++) {
            bool silent = i % 10 >= 5;
            float peak =
                silent ? decode(decoder, silence, len, channels)
                       : decode(decoder, heard->frames[i].data, heard->frames[i].len, channels);
            /* Frames overlap: the first of each row still has half of its neighbour. */
            if (silent && i % 10 > 5)
                assert_true(peak == 0);
            if (!silent && i % 10 > 0 && i > 2)
                assert_true(peak > 0.2F);
        }
        avcodec_free_context(&decoder);
        free(heard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_frame_is_silent),
        cmocka_unit_test(a_silent_frame_may_take_the_place_of_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
