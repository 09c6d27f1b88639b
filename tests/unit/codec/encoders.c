/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The encoders, heard and seen by the library's own decoders: time stamps, key frames, profile,
 * sizes, and what they refuse. */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include <cmocka.h>

enum { CODED_MAX = 512, START_US = 123456789, RATE_HZ = 48000 };

struct output {
    size_t count;
    struct sl_coded coded[CODED_MAX]; /* data is a copy */
};
static struct output output;

static void on_coded(void *arg, const struct sl_coded *coded)
{
    struct output *o = arg;
    uint8_t *copy = malloc(coded->len + AV_INPUT_BUFFER_PADDING_SIZE);

    assert_true(o->count < CODED_MAX);
    memset(copy, 0, coded->len + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(copy, coded->data, coded->len);
    o->coded[o->count] = *coded;
    o->coded[o->count++].data = copy;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < output.count; i++)
        free((void *)(uintptr_t)output.coded[i].data);
    output = (struct output){0};
    return 0;
}

/* ---- Sound ---- */

static struct sl_audio_encoder *audio(enum sl_codec encoding, int rate_hz, int channels)
{
    const struct sl_audio_encoder_config config = {encoding, rate_hz, channels, 0};
    struct sl_audio_encoder *encoder;

    assert_int_equal(sl_audio_encoder_create(&config, &encoder), 0);
    return encoder;
}

/* A tone of 440 Hz in pieces of an odd length; the pts of all but the first is nonsense. */
static void play_tone(struct sl_audio_encoder *encoder, int rate_hz, int channels, size_t count)
{
    int16_t samples[2 * 777];
    size_t at = 0;

    while (at < count) {
        size_t piece = count - at < 777 ? count - at : 777;
        for (size_t i = 0; i < piece * (size_t)channels; i++) {
            double t = (double)(at + i / (size_t)channels) / rate_hz;
            samples[i] = (int16_t)(10000 * sin(2 * M_PI * 440 * t));
        }
        const struct sl_pcm pcm = {at == 0 ? START_US : -1, rate_hz, channels, piece, samples};
        assert_int_equal(sl_audio_encoder_encode(encoder, &pcm, on_coded, &output), 0);
        at += piece;
    }
}

static void time_stamps_count_samples_from_the_first_and_do_not_drift(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec encoding;
        int rate_hz, channels, frame;
    } cases[] = {
        {SL_CODEC_AAC, 48000, 2, 1024}, {SL_CODEC_AAC, 44100, 1, 1024},
        {SL_CODEC_AAC, 8000, 1, 1024},  {SL_CODEC_OPUS, 48000, 2, 960},
        {SL_CODEC_PCMA, 8000, 1, 160},  {SL_CODEC_PCMU, 8000, 2, 160},
        {SL_CODEC_G722, 16000, 1, 320},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_audio_encoder *encoder =
            audio(cases[i].encoding, cases[i].rate_hz, cases[i].channels);
        int delay = sl_audio_encoder_delay(encoder);
        play_tone(encoder, cases[i].rate_hz, cases[i].channels, (size_t)cases[i].frame * 50);
        assert_true(output.count >= 49);
        for (size_t n = 0; n < output.count; n++) {
            double exact_us =
                START_US + ((double)n * cases[i].frame - delay) * 1e6 / cases[i].rate_hz;
            if (fabs((double)output.coded[n].pts_us - exact_us) > 1)
                fail_msg("case %zu: frame %zu is off", i, n);
            assert_int_equal(output.coded[n].dts_us, output.coded[n].pts_us);
            assert_true(output.coded[n].keyframe && output.coded[n].len > 0);
            if (n > 0)
                assert_int_equal(output.coded[n - 1].pts_us + output.coded[n - 1].duration_us,
                                 output.coded[n].pts_us);
        }
        sl_audio_encoder_destroy(encoder);
        (void)teardown(NULL);
    }
}

static AVCodecContext *open_decoder(const char *name, int rate_hz, int channels,
                                    const uint8_t *extradata, size_t extradata_len)
{
    const AVCodec *codec = avcodec_find_decoder_by_name(name);
    AVCodecContext *context = avcodec_alloc_context3(codec);

    assert_non_null(context);
    context->sample_rate = rate_hz;
    if (channels > 0)
        av_channel_layout_default(&context->ch_layout, channels);
    if (extradata_len > 0) {
        context->extradata = av_mallocz(extradata_len + AV_INPUT_BUFFER_PADDING_SIZE);
        memcpy(context->extradata, extradata, extradata_len);
        context->extradata_size = (int)extradata_len;
    }
    assert_int_equal(avcodec_open2(context, codec, NULL), 0);
    return context;
}

/* Decodes output.coded[n]; NULL when nothing came of it. The frame is the caller's. */
static AVFrame *decode(AVCodecContext *decoder, size_t n)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();

    assert_true(packet && frame);
    packet->data = (uint8_t *)(uintptr_t)output.coded[n].data;
    packet->size = (int)output.coded[n].len;
    packet->pts = output.coded[n].pts_us;
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    if (avcodec_receive_frame(decoder, frame) < 0)
        av_frame_free(&frame);
    av_packet_free(&packet);
    return frame;
}

static float sample_of(const AVFrame *frame, int i)
{
    if (frame->format == AV_SAMPLE_FMT_FLTP)
        return ((const float *)(const void *)frame->data[0])[i];
    return (float)((const int16_t *)(const void *)
                       frame->data[0])[i * frame->ch_layout.nb_channels] /
           32768.0F;
}

/* How far the decoded tone is off, as a part of its power, when each sample is taken to be at the
 * time its packet says. */
static double error_of_tone(AVCodecContext *decoder, int rate_hz)
{
    double error = 0, power = 0;

    for (size_t n = 0; n < output.count; n++) {
        AVFrame *frame = decode(decoder, n);
        assert_non_null(frame);
        assert_int_equal(frame->sample_rate, rate_hz);
        for (int i = 0; n > 4 && i < frame->nb_samples; i++) {
            double t = (double)(output.coded[n].pts_us - START_US) / 1e6 + (double)i / rate_hz;
            double expected = 10000.0 / 32768 * sin(2 * M_PI * 440 * t);
            error += pow(sample_of(frame, i) - expected, 2);
            power += pow(expected, 2);
        }
        av_frame_free(&frame);
    }
    return error / power;
}

static void what_is_decoded_sounds_when_the_time_stamp_says(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec encoding;
        const char *decoder;
        int rate_hz, channels, delay_max;
    } cases[] = {
        {SL_CODEC_AAC, "aac", 48000, 2, 1024},     {SL_CODEC_AAC, "aac", 44100, 1, 1024},
        {SL_CODEC_OPUS, "libopus", 48000, 2, 960}, {SL_CODEC_PCMA, "pcm_alaw", 8000, 1, 0},
        {SL_CODEC_PCMU, "pcm_mulaw", 8000, 1, 0},  {SL_CODEC_G722, "g722", 16000, 1, 22},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_audio_encoder *encoder =
            audio(cases[i].encoding, cases[i].rate_hz, cases[i].channels);
        size_t extradata_len;
        const uint8_t *extradata = sl_audio_encoder_extradata(encoder, &extradata_len);
        assert_int_equal(extradata_len > 0, cases[i].encoding == SL_CODEC_AAC);
        assert_in_range(sl_audio_encoder_delay(encoder), 0, cases[i].delay_max);
        play_tone(encoder, cases[i].rate_hz, cases[i].channels, (size_t)cases[i].rate_hz);
        AVCodecContext *decoder = open_decoder(cases[i].decoder, cases[i].rate_hz,
                                               cases[i].channels, extradata, extradata_len);
        double error = error_of_tone(decoder, cases[i].rate_hz);
        if (error > 0.02)
            fail_msg("case %zu: the tone is off by %.3f of its power", i, error);
        avcodec_free_context(&decoder);
        sl_audio_encoder_destroy(encoder);
        (void)teardown(NULL);
    }
}

static void aac_says_low_complexity_rate_and_channels(void **state)
{
    (void)state;
    struct sl_audio_encoder *encoder = audio(SL_CODEC_AAC, 44100, 2);
    size_t len;
    /* ISO 14496-3 section 1.6.2.1: 5 bits object type 2, 4 bits rate 4, 4 bits channels 2. */
    const uint8_t *config = sl_audio_encoder_extradata(encoder, &len);

    assert_true(len >= 2);
    assert_int_equal(config[0], 0x12);
    assert_int_equal(config[1] & 0xf8, 0x10);
    sl_audio_encoder_destroy(encoder);
}

static void what_follows_a_restart_is_at_another_time(void **state)
{
    (void)state;
    enum { AGAIN_US = START_US + 5000000 };
    static const struct {
        enum sl_codec encoding;
        int rate_hz, frame;
    } cases[] = {
        {SL_CODEC_AAC, 48000, 1024}, {SL_CODEC_OPUS, 48000, 960}, {SL_CODEC_PCMA, 8000, 160}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_audio_encoder *encoder = audio(cases[i].encoding, cases[i].rate_hz, 1);
        int delay_us = (int)(sl_audio_encoder_delay(encoder) * 1000000LL / cases[i].rate_hz);
        assert_int_equal(sl_audio_encoder_restart(encoder, 0, on_coded, &output), 0); /* nothing */
        play_tone(encoder, cases[i].rate_hz, 1, (size_t)cases[i].frame * 10 + 7);
        assert_int_equal(sl_audio_encoder_restart(encoder, AGAIN_US, on_coded, &output), 0);
        size_t before = output.count;
        assert_true(before >= 11); /* the seven samples too */
        play_tone(encoder, cases[i].rate_hz, 1, (size_t)cases[i].frame * 10);
        assert_true(output.count >= before + 9);
        int64_t frame_us = (int64_t)cases[i].frame * 1000000 / cases[i].rate_hz;
        int64_t lead_us = AGAIN_US - output.coded[before].pts_us;
        if (llabs(lead_us - delay_us) > 2 && llabs(lead_us - delay_us - frame_us) > 2)
            fail_msg("case %zu: begins %lld us before", i, (long long)lead_us);
        for (size_t n = 0; n < output.count; n++) {
            int64_t nth = (int64_t)(n < before ? n : n - before);
            int64_t exact_us = n < before ? START_US - delay_us : AGAIN_US - lead_us;
            exact_us += nth * cases[i].frame * 1000000 / cases[i].rate_hz;
            if (llabs(output.coded[n].pts_us - exact_us) > 2)
                fail_msg("case %zu: frame %zu is %lld us off", i, n,
                         (long long)(output.coded[n].pts_us - exact_us));
        }
        sl_audio_encoder_destroy(encoder);
        (void)teardown(NULL);
    }
}

static void a_rate_beyond_what_a_codec_can_use_is_the_most_it_can(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 2; channels++) {
        const struct sl_audio_encoder_config config = {SL_CODEC_OPUS, 48000, channels, INT32_MAX};
        struct sl_audio_encoder *encoder = NULL;
        assert_int_equal(sl_audio_encoder_create(&config, &encoder), 0);
        sl_audio_encoder_destroy(encoder);
    }
}

static void audio_encoders_refuse_what_they_cannot_do(void **state)
{
    (void)state;
    static const struct sl_audio_encoder_config cases[] = {
        {SL_CODEC_AAC, 48000, 3, 0},   {SL_CODEC_AAC, 48000, 0, 0}, {SL_CODEC_AAC, 12345, 2, 0},
        {SL_CODEC_OPUS, 44100, 2, 0},  {SL_CODEC_PCMA, 0, 1, 0},    {SL_CODEC_PCMU, -1, 1, 0},
        {SL_CODEC_OPUS, 48000, 2, -1}, {SL_CODEC_G722, 8000, 1, 0}, {SL_CODEC_G722, 16000, 2, 0},
    };
    struct sl_audio_encoder *encoder = NULL;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_audio_encoder_create(&cases[i], &encoder) != -EINVAL)
            fail_msg("case %zu was taken", i);
        assert_null(encoder);
    }
    encoder = audio(SL_CODEC_AAC, 48000, 2);
    const int16_t samples[2] = {0, 0};
    const struct sl_pcm pcm = {0, 44100, 2, 1, samples};
    assert_int_equal(sl_audio_encoder_encode(encoder, &pcm, on_coded, &output), -EINVAL);
    sl_audio_encoder_destroy(encoder);
    sl_audio_encoder_destroy(NULL);
}

/* ---- Pictures ---- */

enum { WIDTH = 320, HEIGHT = 240, FPS = 25, FRAME_US = SL_US_PER_S / FPS };

static struct sl_video_encoder *video(int bitrate_bps, int keyframe_interval)
{
    const struct sl_video_encoder_config config = {.width = WIDTH,
                                                   .height = HEIGHT,
                                                   .fps = FPS,
                                                   .bitrate_bps = bitrate_bps,
                                                   .keyframe_interval = keyframe_interval,
                                                   .preset = "ultrafast"};
    struct sl_video_encoder *encoder;

    assert_int_equal(sl_video_encoder_create(&config, &encoder), 0);
    return encoder;
}

/* Something that changes all over with n, so that an eager encoder would see new scenes. */
static void draw(struct sl_picture *picture, unsigned n)
{
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++)
            picture->planes[0][y * picture->strides[0] + x] =
                (uint8_t)(n % 10 == 9 ? (unsigned)(x * y) : (unsigned)(x + y) + n * 3);
    }
    for (size_t i = 1; i < 3; i++) {
        for (int y = 0; y < HEIGHT / 2; y++)
            memset(picture->planes[i] + y * picture->strides[i], (int)(100 + 20 * i), WIDTH / 2);
    }
}

static void show_held(struct sl_video_encoder *encoder, unsigned from, unsigned count,
                      unsigned force, size_t held)
{
    struct sl_picture picture;

    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &picture), 0);
    for (unsigned n = from; n < from + count; n++) {
        draw(&picture, n);
        picture.pts_us = START_US + (int64_t)n * FRAME_US + n % 3; /* as clocks are */
        assert_int_equal(sl_video_encoder_encode(encoder, &picture, n == force, on_coded, &output),
                         0);
        assert_int_equal(output.count, n + 1 - held);
        if (held > 0)
            continue;
        assert_int_equal(output.coded[n].pts_us, picture.pts_us);
        assert_int_equal(output.coded[n].dts_us, picture.pts_us);
    }
    sl_picture_deinit(&picture);
}

static void show(struct sl_video_encoder *encoder, unsigned from, unsigned count, unsigned force)
{
    show_held(encoder, from, count, force, 0);
}

/* The types of the NAL units, in order; SEI left out. */
static size_t nal_types(const struct sl_coded *coded, uint8_t *types, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i + 3 < coded->len && count < max; i++) {
        if (memcmp(coded->data + i, "\0\0\1", 3) == 0 && (coded->data[i + 3] & 0x1f) != 6)
            types[count++] = coded->data[i + 3] & 0x1f;
    }
    return count;
}

static void key_frames_come_when_asked_for_and_begin_with_their_parameter_sets(void **state)
{
    (void)state;
    struct sl_video_encoder *encoder = video(500000, 0);

    show(encoder, 0, 100, 57);
    for (size_t n = 0; n < output.count; n++) {
        bool expected = n == 0 || n == 57;
        uint8_t types[8];
        size_t count = nal_types(&output.coded[n], types, 8);
        if (output.coded[n].keyframe != expected)
            fail_msg("picture %zu: key frame %d", n, output.coded[n].keyframe);
        assert_int_equal(count, expected ? 3 : 1);
        assert_memory_equal(types, expected ? "\7\10\5" : "\1", count);
    }
    sl_video_encoder_destroy(encoder);
}

static void key_frames_come_at_the_interval(void **state)
{
    (void)state;
    struct sl_video_encoder *encoder = video(500000, 20);

    show(encoder, 0, 100, 1000);
    for (size_t n = 0; n < output.count; n++)
        assert_int_equal(output.coded[n].keyframe, n % 20 == 0);
    sl_video_encoder_destroy(encoder);
}

static void the_profile_is_constrained_baseline_and_pictures_keep_their_order(void **state)
{
    (void)state;
    struct sl_video_encoder *encoder = video(500000, 0);

    show(encoder, 0, 50, 1000);
    AVCodecContext *decoder = open_decoder("h264", 0, 0, NULL, 0);
    decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    for (size_t n = 0; n < output.count; n++) {
        AVFrame *frame = decode(decoder, n);
        assert_non_null(frame); /* each can be shown as soon as it is there */
        assert_int_equal(frame->pts, output.coded[n].pts_us);
        assert_int_not_equal(frame->pict_type, AV_PICTURE_TYPE_B);
        av_frame_free(&frame);
    }
    assert_int_equal(decoder->profile, FF_PROFILE_H264_CONSTRAINED_BASELINE);
    assert_int_equal(decoder->has_b_frames, 0);
    avcodec_free_context(&decoder);
    sl_video_encoder_destroy(encoder);
}

static void pictures_are_no_larger_than_the_bit_rate_allows(void **state)
{
    (void)state;
    enum { BITRATE_BPS = 200000 };
    struct sl_video_encoder *encoder = video(BITRATE_BPS, 0);
    size_t window = 0;

    show(encoder, 0, 250, 100);
    for (size_t n = 0; n < output.count; n++) {
        window += output.coded[n].len;
        if (n >= FPS)
            window -= output.coded[n - FPS].len;
        /* A second's worth and the half second that the buffer holds; a tenth for headers. */
        if (window * 8 > BITRATE_BPS * 16 / 10)
            fail_msg("%zu bits in the second up to picture %zu", window * 8, n);
    }
    sl_video_encoder_destroy(encoder);
}

static struct sl_video_encoder *video_of(enum sl_codec codec, int bitrate_bps)
{
    const struct sl_video_encoder_config config = {.width = WIDTH,
                                                   .height = HEIGHT,
                                                   .fps = FPS,
                                                   .bitrate_bps = bitrate_bps,
                                                   .codec = codec,
                                                   .one_thread = true};
    struct sl_video_encoder *encoder;

    assert_int_equal(sl_video_encoder_create(&config, &encoder), 0);
    return encoder;
}

static void other_codecs_do_the_same(void **state)
{
    (void)state;
    static const struct {
        enum sl_codec codec;
        const char *decoder;
        size_t held; /* back by the encoder */
    } cases[] = {{SL_CODEC_VP8, "vp8", 0}, {SL_CODEC_MPEG1, "mpeg1video", 1}};

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_video_encoder *encoder = video_of(cases[i].codec, 500000);
        AVCodecContext *decoder = open_decoder(cases[i].decoder, 0, 0, NULL, 0);
        size_t seen = 0;
        show_held(encoder, 0, 50, 20, cases[i].held);
        decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
        for (size_t n = 0; n < output.count; n++) {
            bool keyframe = n == 0 || n == 20;
            AVFrame *frame = decode(decoder, n);
            assert_int_equal(output.coded[n].pts_us, START_US + (int64_t)n * FRAME_US + n % 3);
            if (output.coded[n].keyframe != keyframe)
                fail_msg("case %zu: picture %zu: key frame %d", i, n, output.coded[n].keyframe);
            seen += frame != NULL;
            av_frame_free(&frame);
        }
        assert_true(seen >= output.count - 1); /* MPEG-1's decoder holds one back as well */
        assert_int_equal(sl_video_encoder_set_rate(encoder, 300000, FRAME_US), -ENOSYS);
        avcodec_free_context(&decoder);
        sl_video_encoder_destroy(encoder);
        (void)teardown(NULL);
    }
}

static void the_rate_of_h264_changes_on_its_way(void **state)
{
    (void)state;
    static const struct {
        int bitrate_bps, frame_us; /* the latter as the encoder is told, of pictures at FPS */
    } steps[] = {{400000, FRAME_US}, {200000, FRAME_US}, {400000, FRAME_US / 2}};
    struct sl_video_encoder *encoder = video(400000, 0);
    size_t bits[3] = {0};

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(
            sl_video_encoder_set_rate(encoder, steps[i].bitrate_bps, steps[i].frame_us), 0);
        show(encoder, i * 150, 150, 10000);
        for (size_t n = output.count - 100; n < output.count; n++)
            bits[i] += output.coded[n].len * 8;
    }
    for (size_t n = 1; n < output.count; n++)
        assert_false(output.coded[n].keyframe);
    assert_in_range(bits[0] / 4, 320000, 480000);
    assert_in_range(bits[1] / 4, 160000, 240000);
    assert_in_range(bits[2] / 4, 160000, 240000); /* twice as many were to come */
    assert_int_equal(sl_video_encoder_set_rate(encoder, 0, FRAME_US), -EINVAL);
    assert_int_equal(sl_video_encoder_set_rate(encoder, 400000, 0), -EINVAL);
    sl_video_encoder_destroy(encoder);
}

static void a_picture_of_borrowed_memory_is_taken_too(void **state)
{
    (void)state;
    struct sl_video_encoder *encoder = video(500000, 0);
    struct sl_picture owned, borrowed;

    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &owned), 0);
    draw(&owned, 3);
    borrowed = owned;
    borrowed.frame = NULL;
    assert_int_equal(sl_video_encoder_encode(encoder, &borrowed, false, on_coded, &output), 0);
    assert_int_equal(output.count, 1);
    sl_picture_deinit(&owned);
    sl_video_encoder_destroy(encoder);
}

static void video_encoders_refuse_what_they_cannot_do(void **state)
{
    (void)state;
    static const struct sl_video_encoder_config cases[] = {
        {.width = 0, .height = 240, .fps = 25, .bitrate_bps = 500000, .keyframe_interval = 0},
        {.width = 321, .height = 240, .fps = 25, .bitrate_bps = 500000, .keyframe_interval = 0},
        {.width = 320, .height = 9000, .fps = 25, .bitrate_bps = 500000, .keyframe_interval = 0},
        {.width = 320, .height = 240, .fps = 0, .bitrate_bps = 500000, .keyframe_interval = 0},
        {.width = 320, .height = 240, .fps = 25, .bitrate_bps = 0, .keyframe_interval = 0},
        {.width = 320, .height = 240, .fps = 25, .bitrate_bps = 500000, .keyframe_interval = -1},
        {.width = 320,
         .height = 240,
         .fps = 25,
         .bitrate_bps = 500000,
         .keyframe_interval = 0,
         .preset = "no such preset"},
    };
    struct sl_video_encoder *encoder = NULL;
    struct sl_picture picture;

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        if (sl_video_encoder_create(&cases[i], &encoder) != -EINVAL)
            fail_msg("case %zu was taken", i);
        assert_null(encoder);
    }
    encoder = video(500000, 0);
    assert_int_equal(sl_picture_create(WIDTH, HEIGHT * 2, &picture), 0);
    memset(picture.planes[0], 0, 16);
    assert_int_equal(sl_video_encoder_encode(encoder, &picture, false, on_coded, &output), -EINVAL);
    sl_picture_deinit(&picture);
    show(encoder, 0, 1, 0);
    assert_int_equal(sl_picture_create(WIDTH, HEIGHT, &picture), 0);
    picture.pts_us = START_US; /* not after the last */
    draw(&picture, 0);
    assert_int_equal(sl_video_encoder_encode(encoder, &picture, false, on_coded, &output), -EINVAL);
    sl_picture_deinit(&picture);
    sl_video_encoder_destroy(encoder);
    sl_video_encoder_destroy(NULL);
    assert_int_equal(sl_picture_create(0, 1, &picture), -EINVAL);
    assert_int_equal(sl_picture_create(SL_PICTURE_SIDE_MAX + 1, 1, &picture), -EINVAL);
}

static void *no_thread(void *arg)
{
    return arg;
}

/* In a process of its own: the limit of threads binds nobody who is root. */
static int encode_without_threads(void)
{
    static const struct rlimit none = {.rlim_cur = 1, .rlim_max = 1};
    const struct sl_video_encoder_config config = {
        .width = 1280, .height = 720, .fps = FPS, .bitrate_bps = 1000000, .preset = "ultrafast"};
    struct sl_video_encoder *encoder;
    pthread_t thread;

    if ((getuid() == 0 && setuid(65534) < 0) || setrlimit(RLIMIT_NPROC, &none) < 0 ||
        pthread_create(&thread, NULL, no_thread, NULL) == 0)
        return 1;
    if (sl_video_encoder_create(&config, &encoder) < 0)
        return 2;
    sl_video_encoder_destroy(encoder);
    return 0;
}

static void large_pictures_are_encoded_where_no_thread_can_be_made(void **state)
{
    int status = -1;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(encode_without_threads());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(time_stamps_count_samples_from_the_first_and_do_not_drift,
                                  teardown),
        cmocka_unit_test_teardown(what_is_decoded_sounds_when_the_time_stamp_says, teardown),
        cmocka_unit_test_teardown(aac_says_low_complexity_rate_and_channels, teardown),
        cmocka_unit_test_teardown(what_follows_a_restart_is_at_another_time, teardown),
        cmocka_unit_test(a_rate_beyond_what_a_codec_can_use_is_the_most_it_can),
        cmocka_unit_test_teardown(audio_encoders_refuse_what_they_cannot_do, teardown),
        cmocka_unit_test_teardown(
            key_frames_come_when_asked_for_and_begin_with_their_parameter_sets, teardown),
        cmocka_unit_test_teardown(key_frames_come_at_the_interval, teardown),
        cmocka_unit_test_teardown(the_profile_is_constrained_baseline_and_pictures_keep_their_order,
                                  teardown),
        cmocka_unit_test_teardown(pictures_are_no_larger_than_the_bit_rate_allows, teardown),
        cmocka_unit_test_teardown(other_codecs_do_the_same, teardown),
        cmocka_unit_test_teardown(the_rate_of_h264_changes_on_its_way, teardown),
        cmocka_unit_test_teardown(a_picture_of_borrowed_memory_is_taken_too, teardown),
        cmocka_unit_test(large_pictures_are_encoded_where_no_thread_can_be_made),
        cmocka_unit_test_teardown(video_encoders_refuse_what_they_cannot_do, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
