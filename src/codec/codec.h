/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decode, encode, scale, resample: FFmpeg's libraries behind plain structs. Nothing here knows
 * streams, sockets or threads; an object may be used by one thread at a time.
 *
 * Errors: -EBADMSG what came in cannot be decoded (the object goes on with the next frame), -EINVAL
 * a parameter, -ENOSYS this build of FFmpeg lacks the codec, -ENOMEM.
 *
 * Decoders read what strangers sent: one thread each, no more than SL_PICTURE_SIDE_MAX by
 * SL_PICTURE_SIDE_MAX pixels, and only the codecs named here (hardening.md class 22).
 */
#ifndef SL_CODEC_CODEC_H
#define SL_CODEC_CODEC_H

#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_PICTURE_SIDE_MAX = 4096 };

/* From here on FFmpeg's messages go to nobody, for the whole process. */
void sl_codec_drop_messages(void);

/* ---- Sound ---- */

/* Interleaved signed 16 bit samples. */
struct sl_pcm {
    int64_t pts_us; /* of the first sample */
    int rate_hz, channels;
    size_t count;           /* samples per channel */
    const int16_t *samples; /* borrowed: valid during the callback */
};

/* opus, PCMA, PCMU, G722, AAC. */
struct sl_audio_decoder;
int sl_audio_decoder_create(enum sl_codec codec, struct sl_audio_decoder **out);
/* AAC: with its AudioSpecificConfig, 1 or 2 channels; others need none. */
int sl_audio_decoder_create_with(enum sl_codec codec, const uint8_t *config, size_t config_len,
                                 struct sl_audio_decoder **out);
void sl_audio_decoder_destroy(struct sl_audio_decoder *decoder); /* NULL is fine */
/* One packet's payload; on_pcm is called from within, maybe several times. data NULL: the packet is
 * missing, duration_us of the codec's own concealment if it has one, of ours for G.711 and G.722,
 * otherwise of silence. */
int sl_audio_decoder_decode(struct sl_audio_decoder *decoder, const uint8_t *data, size_t len,
                            int64_t pts_us, int64_t duration_us,
                            void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg);

struct sl_coded {
    /* Of what a decoder makes of it: the first ones of an encoder with a delay lie that much before
     * the first sample. dts differs only where pictures are reordered: never here. */
    int64_t pts_us, dts_us;
    int64_t duration_us;
    bool keyframe;
    const uint8_t *data; /* AAC: raw, no ADTS; H264: Annex B, parameter sets before key frames */
    size_t len;
};
typedef void sl_on_coded(void *arg, const struct sl_coded *coded);

struct sl_audio_encoder;
struct sl_audio_encoder_config {
    enum sl_codec codec; /* AAC, opus, PCMA, PCMU, G722 */
    /* Of what goes in: resample before. Opus: 8000, 12000, 16000, 24000 or 48000; G722: 16000,
     * mono. */
    int rate_hz, channels;
    int bitrate_bps; /* 0: a sensible one; more than the codec can use: the most it can */
};
int sl_audio_encoder_create(const struct sl_audio_encoder_config *config,
                            struct sl_audio_encoder **out);
void sl_audio_encoder_destroy(struct sl_audio_encoder *encoder);
/* Samples follow one another without gaps: the caller fills them. The first pts counts, the rest
 * is counted in samples, so that time stamps are exact. Frames come out as they are full. */
int sl_audio_encoder_encode(struct sl_audio_encoder *encoder, const struct sl_pcm *pcm,
                            sl_on_coded *on_coded, void *arg);
/* What follows is at another time: whatever went in comes out, with silence behind it, and the next
 * sample that goes in has this time. */
int sl_audio_encoder_restart(struct sl_audio_encoder *encoder, int64_t pts_us,
                             sl_on_coded *on_coded, void *arg);
/* AAC: AudioSpecificConfig (ISO 14496-3), otherwise length 0. Valid as long as the encoder. */
const uint8_t *sl_audio_encoder_extradata(const struct sl_audio_encoder *encoder, size_t *len);
/* Samples the encoder adds before the first (AAC's priming). */
int sl_audio_encoder_delay(const struct sl_audio_encoder *encoder);

/* Changes rate and channels; keeps the pts. Formats may change from call to call. */
struct sl_resampler;
int sl_resampler_create(int rate_hz, int channels, struct sl_resampler **out);
void sl_resampler_destroy(struct sl_resampler *resampler);
int sl_resampler_convert(struct sl_resampler *resampler, const struct sl_pcm *in,
                         void (*on_pcm)(void *arg, const struct sl_pcm *pcm), void *arg);

/* ---- Pictures ---- */

/* A decoded picture, planar YUV 4:2:0. Owned by whoever got it. */
struct sl_picture {
    int64_t pts_us;
    int width, height;
    uint8_t *planes[3];
    int strides[3]; /* bytes per row */
    void *frame;    /* the library's */
    /* A pixel's width by its height; 0 by 0: square. Samples from 0 to 255 instead of 16 to 235.
     * Both only of what a decoder gave: scaling makes the usual of it. */
    int pixel_width, pixel_height;
    bool full_range;
};
int sl_picture_create(int width, int height, struct sl_picture *out);
void sl_picture_deinit(struct sl_picture *picture);
/* One more owner of the same pixels, which nobody writes to any more. -ENOMEM. */
int sl_picture_ref(const struct sl_picture *picture, struct sl_picture *out);

/* H264 (Annex B), VP8. */
struct sl_video_decoder;
int sl_video_decoder_create(enum sl_codec codec, struct sl_video_decoder **out);
/* For a source whose pictures are shown in another order than they come in: they come out as they
 * are shown, some pictures later. */
int sl_video_decoder_create_reordering(enum sl_codec codec, struct sl_video_decoder **out);
void sl_video_decoder_destroy(struct sl_video_decoder *decoder);
/* picture: borrowed by the callback. */
int sl_video_decoder_decode(struct sl_video_decoder *decoder, const uint8_t *data, size_t len,
                            int64_t pts_us,
                            void (*on_picture)(void *arg, struct sl_picture *picture), void *arg);

/* No reordering, low delay: each picture comes out before the next goes in. H264: constrained
 * baseline (libx264); VP8 (libvpx); MPEG1, a picture later. */
struct sl_video_encoder;
struct sl_video_encoder_config {
    int width, height; /* even */
    int fps;           /* for rate control; time stamps come from the pictures */
    int bitrate_bps;
    int keyframe_interval; /* frames; 0: only when asked for */
    const char *preset;    /* of H264; NULL: "veryfast" */
    enum sl_codec codec;   /* SL_CODEC_NONE: H264 */
    bool one_thread;       /* otherwise large pictures of H264 are encoded by two */
    int nal_len_max;       /* of H264, in bytes; 0: no bound */
};
int sl_video_encoder_create(const struct sl_video_encoder_config *config,
                            struct sl_video_encoder **out);
void sl_video_encoder_destroy(struct sl_video_encoder *encoder);
int sl_video_encoder_encode(struct sl_video_encoder *encoder, const struct sl_picture *picture,
                            bool keyframe, sl_on_coded *on_coded, void *arg);
/* From the next picture on, which come so far apart. -ENOSYS: this codec's encoder must be made
 * anew for another bit rate, and sees from the pictures how far they are apart (VP8). */
int sl_video_encoder_set_rate(struct sl_video_encoder *encoder, int bitrate_bps, int frame_us);

/* Pictures of any size into pictures of one. */
struct sl_scaler;
int sl_scaler_create(int width, int height, struct sl_scaler **out);
void sl_scaler_destroy(struct sl_scaler *scaler); /* NULL is fine */
/* *out: borrowed until the next call. */
int sl_scaler_scale(struct sl_scaler *scaler, const struct sl_picture *picture,
                    struct sl_picture *out);

/*
 * A picture that is drawn over others, and lets through what is beneath it where it is transparent.
 * In its own size; where that is larger than the box, or `fill` is set, in the largest one of its
 * shape in the box. Both sides are even then.
 */
struct sl_overlay;
struct sl_overlay_box {
    int width, height; /* even */
    bool fill;
    uint32_t pixels_max; /* of the file; 0: only its sides are bounded */
};
/* Of a PNG. -EBADMSG, -EINVAL: it is larger than may be, -ENOSYS, -ENOMEM. */
int sl_overlay_create(const uint8_t *png, size_t len, const struct sl_overlay_box *box,
                      struct sl_overlay **out);
void sl_overlay_destroy(struct sl_overlay *overlay); /* NULL is fine */
void sl_overlay_size(const struct sl_overlay *overlay, int *width, int *height);
/* Over what nobody else has. x, y: even, of its upper left corner; it lies within `onto`. */
void sl_overlay_draw(const struct sl_overlay *overlay, struct sl_picture *onto, int x, int y);

/* A PNG of 8 bit RGB, scaled to this size; malloc'ed, the caller's. */
int sl_png_encode(const struct sl_picture *picture, int width, int height, uint8_t **out,
                  size_t *len);

#endif
