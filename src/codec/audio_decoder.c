/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of opus, G.711 and G.722 into samples, and silence where packets are missing. */
#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "codec/ffmpeg.h"

#include <string.h>

#include <libavutil/channel_layout.h>

enum {
    PACKET_LEN_MAX = 1 << 16, /* what a datagram could carry, with a wide margin */
    SILENCE_CHUNK = 480,      /* samples per channel given at once */
    SILENCE_MAX_S = 10,
};

struct decoding {
    enum sl_codec codec;
    const char *names[2]; /* FFmpeg's, the preferred first */
    int rate_hz, channels;
};

static const struct decoding decodings[] = {
    /* libopus fills DTX pauses with comfort noise (RFC 6716 section 2.1.9); any opus packet may be
     * decoded to two channels (RFC 7587 section 3.4). */
    {SL_CODEC_OPUS, {"libopus", "opus"}, 48000, 2},
    {SL_CODEC_PCMA, {"pcm_alaw"}, 8000, 1},
    {SL_CODEC_PCMU, {"pcm_mulaw"}, 8000, 1},
    {SL_CODEC_G722, {"g722"}, 16000, 1}, /* its RTP clock says 8000, wrongly (RFC 3551 4.5.2) */
};

struct sl_audio_decoder {
    const struct decoding *decoding;
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
};

static int open_context(struct sl_audio_decoder *decoder, const AVCodec *codec)
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
    int err = avcodec_open2(context, codec, NULL);
    return err < 0 ? sl_ffmpeg_error(err, -ENOSYS) : 0;
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

int sl_audio_decoder_create(enum sl_codec codec, struct sl_audio_decoder **out)
{
    const struct decoding *decoding = find_decoding(codec);
    const AVCodec *library = decoding ? find_codec(decoding) : NULL;

    if (!library)
        return -ENOSYS;
    struct sl_audio_decoder *decoder = sl_new(struct sl_audio_decoder);
    decoder->decoding = decoding;
    int err = open_context(decoder, library);
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

void sl_audio_decoder_destroy(struct sl_audio_decoder *decoder)
{
    if (!decoder)
        return;
    av_frame_free(&decoder->frame);
    av_packet_free(&decoder->packet);
    avcodec_free_context(&decoder->context);
    free(decoder);
}

static void give_silence(const struct sl_audio_decoder *decoder, int64_t pts_us,
                         int64_t duration_us, void (*on_pcm)(void *arg, const struct sl_pcm *pcm),
                         void *arg)
{
    static const int16_t silence[SILENCE_CHUNK * 2] = {0};
    int rate_hz = decoder->decoding->rate_hz;

    if (duration_us > (int64_t)SILENCE_MAX_S * SL_US_PER_S)
        duration_us = (int64_t)SILENCE_MAX_S * SL_US_PER_S;
    int64_t left = duration_us * rate_hz / SL_US_PER_S;
    for (int64_t done = 0; left > 0;) {
        int64_t count = left < SILENCE_CHUNK ? left : SILENCE_CHUNK;
        on_pcm(arg, &(struct sl_pcm){.pts_us = pts_us + done * SL_US_PER_S / rate_hz,
                                     .rate_hz = rate_hz,
                                     .channels = decoder->decoding->channels,
                                     .count = (size_t)count,
                                     .samples = silence});
        done += count;
        left -= count;
    }
}

/* One packet may hold several frames' worth of samples, which follow one another. */
static int give_frame(const struct sl_audio_decoder *decoder, int64_t *pts_us,
                      void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    const AVFrame *frame = decoder->frame;
    int channels = frame->ch_layout.nb_channels;
    bool is_s16 = frame->format == AV_SAMPLE_FMT_S16 ||
                  (frame->format == AV_SAMPLE_FMT_S16P && channels == 1);

    if (!is_s16 || channels < 1 || channels > 2 || frame->sample_rate <= 0 ||
        frame->nb_samples <= 0)
        return -EBADMSG;
    on_pcm(arg, &(struct sl_pcm){.pts_us = *pts_us,
                                 .rate_hz = frame->sample_rate,
                                 .channels = channels,
                                 .count = (size_t)frame->nb_samples,
                                 .samples = (const int16_t *)(const void *)frame->data[0]});
    *pts_us += (int64_t)frame->nb_samples * SL_US_PER_S / frame->sample_rate;
    return 0;
}

int sl_audio_decoder_decode(struct sl_audio_decoder *decoder, const uint8_t *data, size_t len,
                            int64_t pts_us, int64_t duration_us,
                            void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg)
{
    if (!data) {
        give_silence(decoder, pts_us, duration_us, on_pcm, arg);
        return 0;
    }
    if (len == 0 || len > PACKET_LEN_MAX)
        return -EBADMSG;
    int err = av_new_packet(decoder->packet, (int)len);
    if (err < 0)
        return -ENOMEM;
    memcpy(decoder->packet->data, data, len);
    err = avcodec_send_packet(decoder->context, decoder->packet);
    av_packet_unref(decoder->packet);
    while (err == 0 && (err = avcodec_receive_frame(decoder->context, decoder->frame)) == 0) {
        err = give_frame(decoder, &pts_us, on_pcm, arg);
        av_frame_unref(decoder->frame);
    }
    return err == AVERROR(EAGAIN) ? 0 : sl_ffmpeg_error(err, -EBADMSG);
}
