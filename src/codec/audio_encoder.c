/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples into AAC-LC, opus, G.711 and G.722: collected to whole frames, encoded, and timed by
 * counting.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

enum {
    CHANNELS_MAX = 2,
    G722_RATE_HZ = 16000,
    HELD_FRAMES_MAX = 4,         /* by any encoder here, with a margin */
    TELEPHONE_FRAMES_PER_S = 50, /* 20 ms: what RFC 3551 section 4.2 has every receiver expect */
};

/*
 * AAC frames hold 1024 samples and at most 6144 bits a channel (ISO 14496-3 section 4.5.1), so that
 * low rates cannot use what is sensible for high ones. G.711 has eight bits a sample, whatever one
 * wishes.
 */
static const struct {
    const char *name; /* FFmpeg's; NULL: not encoded here */
    enum AVSampleFormat format;
    int bitrate_bps; /* sensible, of one channel; 0: not to be chosen */
    int most_bps;    /* of one channel, where the library refuses more; 0: it takes what it can */
} encodings[SL_CODECS] = {
    [SL_CODEC_AAC] = {"aac", AV_SAMPLE_FMT_FLTP, 64000, 0},
    [SL_CODEC_OPUS] = {"libopus", AV_SAMPLE_FMT_S16, 40000, 256000},
    [SL_CODEC_PCMA] = {"pcm_alaw", AV_SAMPLE_FMT_S16, 0, 0},
    [SL_CODEC_PCMU] = {"pcm_mulaw", AV_SAMPLE_FMT_S16, 0, 0},
    [SL_CODEC_G722] = {"g722", AV_SAMPLE_FMT_S16, 0, 0},
};

struct sl_audio_encoder {
    AVCodecContext *context;
    AVFrame *frame; /* being filled */
    AVPacket *packet;
    int frame_samples;
    int filled; /* samples of frame */
    bool started;
    int64_t first_pts_us;
    int64_t sample_count; /* in whole frames that went in */
    int64_t coded_count;  /* of those, what came out: less by the encoder's delay */
};

static int sensible_bitrate_bps(const struct sl_audio_encoder_config *config)
{
    if (config->codec == SL_CODEC_AAC && config->rate_hz < 32000)
        return config->channels * config->rate_hz * 2;
    return config->channels * encodings[config->codec].bitrate_bps;
}

static int bitrate_bps_of(const struct sl_audio_encoder_config *config)
{
    int most = config->channels * encodings[config->codec].most_bps;

    if (config->bitrate_bps == 0)
        return sensible_bitrate_bps(config);
    return most > 0 && config->bitrate_bps > most ? most : config->bitrate_bps;
}

static bool has_rate(const AVCodec *codec, int rate_hz)
{
    const int *rate = codec->supported_samplerates;

    while (rate && *rate != 0 && *rate != rate_hz)
        rate++;
    return !rate || *rate == rate_hz;
}

static bool is_sane(const struct sl_audio_encoder_config *config, const AVCodec *codec)
{
    if (config->channels < 1 || config->channels > CHANNELS_MAX || config->bitrate_bps < 0)
        return false;
    if (config->codec == SL_CODEC_G722 && (config->rate_hz != G722_RATE_HZ || config->channels > 1))
        return false;
    return config->rate_hz >= 8000 && config->rate_hz <= 96000 && has_rate(codec, config->rate_hz);
}

static int open_context(struct sl_audio_encoder *encoder, const AVCodec *codec,
                        const struct sl_audio_encoder_config *config)
{
    AVCodecContext *context = avcodec_alloc_context3(codec);

    if (!context)
        return -ENOMEM;
    encoder->context = context;
    sl_ffmpeg_silence(context);
    context->sample_fmt = encodings[config->codec].format;
    context->sample_rate = config->rate_hz;
    context->time_base = (AVRational){1, config->rate_hz};
    av_channel_layout_default(&context->ch_layout, config->channels);
    context->bit_rate = bitrate_bps_of(config);
    context->thread_count = 1;
    if (config->codec == SL_CODEC_AAC)
        context->profile = FF_PROFILE_AAC_LOW;
    int err = avcodec_open2(context, codec, NULL);
    if (err < 0)
        return sl_ffmpeg_error(err, -EINVAL);
    /* FFmpeg would fill a frame of G.722 with 320 samples as well, but only if one asks. */
    bool is_telephone = encodings[config->codec].bitrate_bps == 0;
    encoder->frame_samples =
        is_telephone ? config->rate_hz / TELEPHONE_FRAMES_PER_S : context->frame_size;
    return 0;
}

int sl_audio_encoder_create(const struct sl_audio_encoder_config *config,
                            struct sl_audio_encoder **out)
{
    const char *name = encodings[config->codec].name;
    const AVCodec *codec = name ? avcodec_find_encoder_by_name(name) : NULL;

    if (!codec)
        return -ENOSYS;
    if (!is_sane(config, codec))
        return -EINVAL;
    struct sl_audio_encoder *encoder = sl_new(struct sl_audio_encoder);
    int err = open_context(encoder, codec, config);
    if (err < 0)
        goto fail;
    err = -ENOMEM;
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    if (!encoder->frame || !encoder->packet)
        goto fail;
    *out = encoder;
    return 0;

fail:
    sl_audio_encoder_destroy(encoder);
    return err;
}

void sl_audio_encoder_destroy(struct sl_audio_encoder *encoder)
{
    if (!encoder)
        return;
    av_packet_free(&encoder->packet);
    av_frame_free(&encoder->frame);
    avcodec_free_context(&encoder->context);
    free(encoder);
}

/* ---- Samples in ---- */

static int begin_frame(struct sl_audio_encoder *encoder)
{
    AVFrame *frame = encoder->frame;

    frame->nb_samples = encoder->frame_samples;
    frame->format = encoder->context->sample_fmt;
    frame->sample_rate = encoder->context->sample_rate;
    if (av_channel_layout_copy(&frame->ch_layout, &encoder->context->ch_layout) < 0 ||
        av_frame_get_buffer(frame, 0) < 0) {
        av_frame_unref(frame);
        return -ENOMEM;
    }
    frame->pts = encoder->sample_count;
    return 0;
}

static void copy_interleaved(AVFrame *frame, int at, const int16_t *samples, int count)
{
    int channels = frame->ch_layout.nb_channels;
    int16_t *out = (int16_t *)(void *)frame->data[0] + (size_t)at * (size_t)channels;

    for (int i = 0; i < count * channels; i++)
        out[i] = samples[i];
}

static void copy_planar_float(AVFrame *frame, int at, const int16_t *samples, int count)
{
    int channels = frame->ch_layout.nb_channels;

    for (int channel = 0; channel < channels; channel++) {
        float *out = (float *)(void *)frame->data[channel] + at;
        for (int i = 0; i < count; i++)
            out[i] = (float)samples[i * channels + channel] / 32768.0F;
    }
}

/* As many as the frame still takes; returns how many that were. */
static int fill_frame(struct sl_audio_encoder *encoder, const int16_t *samples, size_t count)
{
    int room = encoder->frame_samples - encoder->filled;
    int taken = count < (size_t)room ? (int)count : room;

    if (encoder->context->sample_fmt == AV_SAMPLE_FMT_FLTP)
        copy_planar_float(encoder->frame, encoder->filled, samples, taken);
    else
        copy_interleaved(encoder->frame, encoder->filled, samples, taken);
    encoder->filled += taken;
    return taken;
}

/* ---- Packets out ---- */

/* The time of a sample, counted from the first that went in. Rounded down also before it. */
static int64_t time_of(const struct sl_audio_encoder *encoder, int64_t sample)
{
    return encoder->first_pts_us +
           av_rescale_rnd(sample, SL_US_PER_S, encoder->context->sample_rate, AV_ROUND_DOWN);
}

static void deliver(struct sl_audio_encoder *encoder, sl_on_coded *on_coded, void *arg)
{
    const AVPacket *packet = encoder->packet;
    int64_t pts_us = time_of(encoder, packet->pts);

    encoder->coded_count = packet->pts + encoder->frame_samples;
    struct sl_coded coded = {
        .pts_us = pts_us,
        .dts_us = pts_us,
        .duration_us = time_of(encoder, packet->pts + encoder->frame_samples) - pts_us,
        .keyframe = true,
        .data = packet->data,
        .len = (size_t)packet->size,
    };

    on_coded(arg, &coded);
}

static int encode_frame(struct sl_audio_encoder *encoder, sl_on_coded *on_coded, void *arg)
{
    int err = avcodec_send_frame(encoder->context, encoder->frame);

    av_frame_unref(encoder->frame);
    encoder->sample_count += encoder->frame_samples;
    encoder->filled = 0;
    while (err == 0 && (err = avcodec_receive_packet(encoder->context, encoder->packet)) == 0) {
        deliver(encoder, on_coded, arg);
        av_packet_unref(encoder->packet);
    }
    return err == AVERROR(EAGAIN) ? 0 : sl_ffmpeg_error(err, -EINVAL);
}

int sl_audio_encoder_encode(struct sl_audio_encoder *encoder, const struct sl_pcm *pcm,
                            sl_on_coded *on_coded, void *arg)
{
    const int16_t *samples = pcm->samples;
    size_t left = pcm->count;

    if (pcm->rate_hz != encoder->context->sample_rate ||
        pcm->channels != encoder->context->ch_layout.nb_channels)
        return -EINVAL;
    if (!encoder->started) {
        encoder->started = true;
        encoder->first_pts_us = pcm->pts_us;
    }
    while (left > 0) {
        int err = encoder->filled == 0 ? begin_frame(encoder) : 0;
        if (err < 0)
            return err;
        int taken = fill_frame(encoder, samples, left);
        samples += taken * pcm->channels;
        left -= (size_t)taken;
        if (encoder->filled == encoder->frame_samples)
            err = encode_frame(encoder, on_coded, arg);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Fills up the frame; a whole one where none was begun. */
static int encode_silence(struct sl_audio_encoder *encoder, sl_on_coded *on_coded, void *arg)
{
    int err = encoder->filled == 0 ? begin_frame(encoder) : 0;

    if (err < 0)
        return err;
    (void)av_samples_set_silence(
        encoder->frame->extended_data, encoder->filled, encoder->frame_samples - encoder->filled,
        encoder->frame->ch_layout.nb_channels, (enum AVSampleFormat)encoder->frame->format);
    return encode_frame(encoder, on_coded, arg);
}

/* The library's own time runs on without a jump; ours is counted from another beginning. What it
 * has still to give belongs to the old one. */
int sl_audio_encoder_restart(struct sl_audio_encoder *encoder, int64_t pts_us,
                             sl_on_coded *on_coded, void *arg)
{
    int64_t end = encoder->sample_count + encoder->filled;
    int err = 0;

    if (!encoder->started)
        return 0;
    for (int i = 0; i < HELD_FRAMES_MAX && err == 0 && encoder->coded_count < end; i++)
        err = encode_silence(encoder, on_coded, arg);
    encoder->first_pts_us = 0;
    encoder->first_pts_us = pts_us - time_of(encoder, encoder->sample_count);
    return err;
}

const uint8_t *sl_audio_encoder_extradata(const struct sl_audio_encoder *encoder, size_t *len)
{
    const AVCodecContext *context = encoder->context;
    bool has_config = context->codec_id == AV_CODEC_ID_AAC && context->extradata_size > 0;

    *len = has_config ? (size_t)context->extradata_size : 0;
    return has_config ? context->extradata : NULL;
}

int sl_audio_encoder_delay(const struct sl_audio_encoder *encoder)
{
    return encoder->context->initial_padding;
}
