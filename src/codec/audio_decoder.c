/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of opus, G.711, G.722 and AAC into samples, and something in place of missing ones. */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/concealment.h"
#include "codec/ffmpeg.h"

#include <string.h>

#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

enum {
    PACKET_LEN_MAX = 1 << 16, /* what a datagram could carry, with a wide margin */
    MISSING_CHUNK = 480,      /* samples per channel given at once */
    MISSING_MAX_S = 10,
    CONFIG_LEN_MAX = 1024, /* an AudioSpecificConfig is 2 to 5 bytes, with extras below 100 */
    CHANNELS_MAX = 2,
    CONCEALED_LEAST_US = 2500, /* the shortest frame of opus */
    SAMPLES_MAX = 1 << 16,     /* of one frame, per channel */
};

struct decoding {
    enum sl_codec codec;
    const char *names[2]; /* FFmpeg's, the preferred first */
    int rate_hz, channels;
    bool made_up; /* what is missing, by us */
};

static const struct decoding decodings[] = {
    /* libopus fills DTX pauses with comfort noise (RFC 6716 section 2.1.9); any opus packet may be
     * decoded to two channels (RFC 7587 section 3.4). */
    {SL_CODEC_OPUS, {"libopus", "opus"}, 48000, 2, false},
    {SL_CODEC_PCMA, {"pcm_alaw"}, 8000, 1, true},
    {SL_CODEC_PCMU, {"pcm_mulaw"}, 8000, 1, true},
    {SL_CODEC_G722, {"g722"}, 16000, 1, true}, /* its RTP clock: 8000, wrongly (RFC 3551 4.5.2) */
    {SL_CODEC_AAC, {"aac"}, 48000, 2, false},  /* until its configuration says otherwise */
};

struct sl_audio_decoder {
    const struct decoding *decoding;
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
    /* Of what does not come in interleaved samples of 16 bits, or on more than two channels. */
    SwrContext *swr;
    AVChannelLayout from_layout; /* what swr is set up for */
    int from_format, from_rate_hz;
    int16_t *samples;
    int capacity;          /* of samples, per channel */
    int rate_hz, channels; /* of the last frame, at first what is usual */
    uint8_t last_toc;      /* how the last packet of opus begins */
    bool has_last_toc;
    struct sl_concealment concealment; /* decoding->made_up: of what was heard */
};

static int set_config(AVCodecContext *context, const uint8_t *config, size_t config_len)
{
    if (config_len == 0)
        return 0;
    context->extradata = av_mallocz(config_len + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!context->extradata)
        return -ENOMEM;
    memcpy(context->extradata, config, config_len);
    context->extradata_size = (int)config_len;
    return 0;
}

static int open_context(struct sl_audio_decoder *decoder, const AVCodec *codec,
                        const uint8_t *config, size_t config_len)
{
    AVCodecContext *context = avcodec_alloc_context3(codec);

    if (!context)
        return -ENOMEM;
    decoder->context = context;
    sl_ffmpeg_silence(context);
    context->sample_rate = decoder->decoding->rate_hz;
    av_channel_layout_default(&context->ch_layout, decoder->decoding->channels);
    context->request_sample_fmt = AV_SAMPLE_FMT_S16;
    context->thread_count = 1;
    int err = set_config(context, config, config_len);
    if (err < 0)
        return err;
    err = avcodec_open2(context, codec, NULL);
    return err < 0 ? sl_ffmpeg_error(err, config_len > 0 ? -EBADMSG : -ENOSYS) : 0;
}

static const struct decoding *find_decoding(enum sl_codec codec)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(decodings); i++) {
        if (decodings[i].codec == codec)
            return &decodings[i];
    }
    return NULL;
}

static const AVCodec *find_codec(const struct decoding *decoding)
{
    const AVCodec *codec = avcodec_find_decoder_by_name(decoding->names[0]);

    return codec || !decoding->names[1] ? codec : avcodec_find_decoder_by_name(decoding->names[1]);
}

int sl_audio_decoder_create_with(enum sl_codec codec, const uint8_t *config, size_t config_len,
                                 struct sl_audio_decoder **out)
{
    const struct decoding *decoding = find_decoding(codec);
    const AVCodec *library = decoding ? find_codec(decoding) : NULL;

    if (!library)
        return -ENOSYS;
    if ((codec == SL_CODEC_AAC) != (config_len > 0) || config_len > CONFIG_LEN_MAX)
        return -EINVAL;
    struct sl_audio_decoder *decoder = sl_new(struct sl_audio_decoder);
    decoder->decoding = decoding;
    decoder->rate_hz = decoding->rate_hz;
    decoder->channels = decoding->channels;
    int err = open_context(decoder, library, config, config_len);
    if (err < 0)
        goto fail;
    err = -ENOMEM;
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    if (!decoder->packet || !decoder->frame)
        goto fail;
    *out = decoder;
    return 0;

fail:
    sl_audio_decoder_destroy(decoder);
    return err;
}

int sl_audio_decoder_create(enum sl_codec codec, struct sl_audio_decoder **out)
{
    return sl_audio_decoder_create_with(codec, NULL, 0, out);
}

void sl_audio_decoder_destroy(struct sl_audio_decoder *decoder)
{
    if (!decoder)
        return;
    av_freep(&decoder->samples);
    av_channel_layout_uninit(&decoder->from_layout);
    swr_free(&decoder->swr);
    av_frame_free(&decoder->frame);
    av_packet_free(&decoder->packet);
    avcodec_free_context(&decoder->context);
    free(decoder);
}

/* Silence, or what is made up. */
static void give_missing(struct sl_audio_decoder *decoder, int64_t pts_us, int64_t duration_us,
                         void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    int16_t samples[MISSING_CHUNK * CHANNELS_MAX] = {0};
    int rate_hz = decoder->rate_hz;

    if (duration_us > (int64_t)MISSING_MAX_S * SL_US_PER_S)
        duration_us = (int64_t)MISSING_MAX_S * SL_US_PER_S;
    int64_t left = duration_us * rate_hz / SL_US_PER_S;
    for (int64_t done = 0; left > 0;) {
        int64_t count = left < MISSING_CHUNK ? left : MISSING_CHUNK;
        if (decoder->decoding->made_up)
            sl_concealment_make_up(&decoder->concealment, rate_hz, samples, (size_t)count);
        on_pcm(arg, &(struct sl_pcm){.pts_us = pts_us + done * SL_US_PER_S / rate_hz,
                                     .rate_hz = rate_hz,
                                     .channels = decoder->channels,
                                     .count = (size_t)count,
                                     .samples = samples});
        done += count;
        left -= count;
    }
}

/* ---- Other kinds of samples ---- */

static int set_up(struct sl_audio_decoder *decoder, AVFrame *frame, int channels)
{
    AVChannelLayout to;

    swr_free(&decoder->swr);
    av_channel_layout_default(&to, channels);
    int err = swr_alloc_set_opts2(&decoder->swr, &to, AV_SAMPLE_FMT_S16, frame->sample_rate,
                                  &frame->ch_layout, (enum AVSampleFormat)frame->format,
                                  frame->sample_rate, 0, NULL);
    if (err == 0)
        err = swr_init(decoder->swr);
    if (err == 0)
        err = av_channel_layout_copy(&decoder->from_layout, &frame->ch_layout);
    if (err < 0) {
        swr_free(&decoder->swr);
        return sl_ffmpeg_error(err, -EBADMSG);
    }
    decoder->from_format = frame->format;
    decoder->from_rate_hz = frame->sample_rate;
    return 0;
}

static int make_room(struct sl_audio_decoder *decoder, int count)
{
    if (count <= decoder->capacity)
        return 0;
    av_freep(&decoder->samples);
    decoder->capacity = 0;
    decoder->samples = av_malloc_array((size_t)count * CHANNELS_MAX, sizeof(int16_t));
    if (!decoder->samples)
        return -ENOMEM;
    decoder->capacity = count;
    return 0;
}

/* decoder->samples then holds the frame's, on this many channels. */
static int convert(struct sl_audio_decoder *decoder, int channels)
{
    AVFrame *frame = decoder->frame;
    bool same = decoder->swr && decoder->from_format == frame->format &&
                decoder->from_rate_hz == frame->sample_rate &&
                av_channel_layout_compare(&decoder->from_layout, &frame->ch_layout) == 0;
    int err = same ? 0 : set_up(decoder, frame, channels);

    if (err == 0)
        err = make_room(decoder, frame->nb_samples);
    if (err < 0)
        return err;
    uint8_t *out = (uint8_t *)decoder->samples;
    int count = swr_convert(decoder->swr, &out, frame->nb_samples,
                            (const uint8_t **)(uintptr_t)frame->extended_data, frame->nb_samples);
    return count == frame->nb_samples ? 0 : -EBADMSG;
}

/* ---- Packets ---- */

/* One packet may hold several frames' worth of samples, which follow one another. */
static int give_frame(struct sl_audio_decoder *decoder, int64_t *pts_us,
                      void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    const AVFrame *frame = decoder->frame;
    int channels = frame->ch_layout.nb_channels;
    bool is_s16 = frame->format == AV_SAMPLE_FMT_S16 ||
                  (frame->format == AV_SAMPLE_FMT_S16P && channels == 1);
    int16_t *samples = (int16_t *)(void *)frame->data[0];

    if (channels < 1 || frame->sample_rate <= 0 || frame->nb_samples <= 0 ||
        frame->nb_samples > SAMPLES_MAX)
        return -EBADMSG;
    if (!is_s16 || channels > CHANNELS_MAX) {
        channels = channels < CHANNELS_MAX ? channels : CHANNELS_MAX;
        int err = convert(decoder, channels);
        if (err < 0)
            return err;
        samples = decoder->samples;
    }
    decoder->rate_hz = frame->sample_rate;
    decoder->channels = channels;
    if (decoder->decoding->made_up)
        sl_concealment_hear(&decoder->concealment, frame->sample_rate, samples,
                            (size_t)frame->nb_samples);
    on_pcm(arg, &(struct sl_pcm){.pts_us = *pts_us,
                                 .rate_hz = frame->sample_rate,
                                 .channels = channels,
                                 .count = (size_t)frame->nb_samples,
                                 .samples = samples});
    *pts_us += (int64_t)frame->nb_samples * SL_US_PER_S / frame->sample_rate;
    return 0;
}

/* *pts_us moves on by what came out. */
static int decode(struct sl_audio_decoder *decoder, const uint8_t *data, size_t len,
                  int64_t *pts_us, void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    if (av_new_packet(decoder->packet, (int)len) < 0)
        return -ENOMEM;
    memcpy(decoder->packet->data, data, len);
    int err = avcodec_send_packet(decoder->context, decoder->packet);
    av_packet_unref(decoder->packet);
    while (err == 0 && (err = avcodec_receive_frame(decoder->context, decoder->frame)) == 0) {
        err = give_frame(decoder, pts_us, on_pcm, arg);
        av_frame_unref(decoder->frame);
    }
    return err == AVERROR(EAGAIN) ? 0 : sl_ffmpeg_error(err, -EBADMSG);
}

/* What opus makes up itself: a packet that is a table of contents and nothing else is one that was
 * lost (RFC 6716 section 3.2.1: frames of no bytes). FFmpeg has no other way to say so. */
static void conceal(struct sl_audio_decoder *decoder, int64_t pts_us, int64_t duration_us,
                    void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    enum { TOC_ONE_FRAME = 0xfc }; /* section 3.1: the lowest two bits are how many there are */
    const uint8_t nothing = decoder->last_toc & TOC_ONE_FRAME;
    int64_t end_us = pts_us + duration_us;

    while (decoder->has_last_toc && end_us - pts_us >= CONCEALED_LEAST_US) {
        int64_t begin_us = pts_us;
        if (decode(decoder, &nothing, 1, &pts_us, on_pcm, arg) < 0 || pts_us == begin_us)
            break;
    }
    if (pts_us < end_us)
        give_missing(decoder, pts_us, end_us - pts_us, on_pcm, arg);
}

int sl_audio_decoder_decode(struct sl_audio_decoder *decoder, const uint8_t *data, size_t len,
                            int64_t pts_us, int64_t duration_us,
                            void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    if (!data) {
        conceal(decoder, pts_us, duration_us, on_pcm, arg);
        return 0;
    }
    if (len == 0 || len > PACKET_LEN_MAX)
        return -EBADMSG;
    decoder->has_last_toc = decoder->decoding->codec == SL_CODEC_OPUS;
    decoder->last_toc = data[0];
    return decode(decoder, data, len, &pts_us, on_pcm, arg);
}
