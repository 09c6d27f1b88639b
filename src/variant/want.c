/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be made of what, and into which form. */
#include "variant/internal.h"

#include <string.h>

static uint16_t side_of(uint32_t asked)
{
    return asked > UINT16_MAX ? UINT16_MAX : (uint16_t)asked; /* refused as too large, either way */
}

void sl_variant_want_wish(struct sl_variant_want *want, const struct sl_variant_wish *wish)
{
    uint32_t kbps = wish->bitrate_kbps, max_kbps = wish->max_bitrate_kbps;

    if (max_kbps > 0 && kbps > max_kbps)
        kbps = max_kbps;
    want->width = side_of(wish->width);
    want->height = side_of(wish->height);
    want->bitrate_bps = kbps < UINT32_MAX / 1000 ? kbps * 1000 : UINT32_MAX;
    want->quality = wish->quality > 100 ? 100 : (uint8_t)wish->quality;
}

bool sl_variant_wants_equal(const struct sl_variant_want *a, const struct sl_variant_want *b)
{
    if (a->follows || b->follows)
        return a->follows == b->follows && a->codec == b->codec && a->single_nal == b->single_nal;
    return a->codec == b->codec && a->single_nal == b->single_nal && a->width == b->width &&
           a->height == b->height && a->bitrate_bps == b->bitrate_bps && a->quality == b->quality &&
           a->fps_max == b->fps_max && a->gop_ms == b->gop_ms;
}

static bool is_sound(enum sl_codec codec)
{
    return codec == SL_CODEC_OPUS || codec == SL_CODEC_PCMA || codec == SL_CODEC_PCMU ||
           codec == SL_CODEC_G722 || codec == SL_CODEC_AAC;
}

bool sl_variant_is_possible(enum sl_codec from, enum sl_codec to)
{
    if (is_sound(from))
        return is_sound(to);
    return (from == SL_CODEC_H264 || from == SL_CODEC_VP8) &&
           (to == SL_CODEC_H264 || to == SL_CODEC_VP8 || to == SL_CODEC_MPEG1);
}

const char *sl_want_encoder(enum sl_codec codec)
{
    switch (codec) {
    case SL_CODEC_H264:
        return "libx264";
    case SL_CODEC_VP8:
        return "libvpx";
    case SL_CODEC_MPEG1:
        return "mpeg1video";
    case SL_CODEC_OPUS:
        return "libopus";
    case SL_CODEC_AAC:
        return "aac";
    case SL_CODEC_PCMA:
        return "pcm_alaw";
    case SL_CODEC_PCMU:
        return "pcm_mulaw";
    case SL_CODEC_G722:
        return "g722";
    case SL_CODEC_NONE:
    case SL_CODEC_L16:
    case SL_CODEC_TELEPHONE_EVENT:
    case SL_CODEC_VP9:
    case SL_CODEC_AV1:
        break;
    }
    return "";
}

/* Halves of chroma samples do not exist, and a picture of two pixels is none. */
static uint16_t fit_side(uint16_t asked)
{
    if (asked == 0)
        return 0;
    return asked < SL_ENGINE_SIDE_MIN ? SL_ENGINE_SIDE_MIN : asked & 0xfffe;
}

int sl_want_settle(const struct sl_config *config, struct sl_variant_want *want)
{
    if (sl_codec_kind(want->codec) == SL_AUDIO) {
        *want = (struct sl_variant_want){.codec = want->codec, .bitrate_bps = want->bitrate_bps};
        if (want->bitrate_bps > SL_ENGINE_BITRATE_MAX_BPS)
            want->bitrate_bps = SL_ENGINE_BITRATE_MAX_BPS;
        return 0;
    }
    if (want->width > SL_ENGINE_SIDE_MAX || want->height > SL_ENGINE_SIDE_MAX ||
        want->width * want->height > config->transcoder_pixels_max)
        return -EINVAL;
    want->width = fit_side(want->width);
    want->height = fit_side(want->height);
    if (!config->preserve_aspect_ratio && (want->width > 0 || want->height > 0)) {
        if (want->width == 0)
            want->width = SL_ENGINE_BOX_WIDTH;
        if (want->height == 0)
            want->height = SL_ENGINE_BOX_HEIGHT;
    }
    if (want->bitrate_bps > 0)
        want->quality = 0;
    if (want->bitrate_bps > 0 && want->bitrate_bps < SL_ENGINE_BITRATE_MIN_BPS)
        want->bitrate_bps = SL_ENGINE_BITRATE_MIN_BPS;
    if (want->bitrate_bps > SL_ENGINE_BITRATE_MAX_BPS)
        want->bitrate_bps = SL_ENGINE_BITRATE_MAX_BPS;
    if (want->fps_max == 0)
        want->fps_max = (uint8_t)config->transcoder_fps_max;
    if (want->gop_ms == 0)
        want->gop_ms = (uint32_t)config->video_encoder_gop_ms;
    return 0;
}

void sl_want_order(const struct sl_config *config, const struct sl_variant_want *want,
                   struct sl_engine_message *order)
{
    order->type = SL_ENGINE_OUTPUT;
    order->codec = want->codec;
    if (sl_codec_kind(want->codec) == SL_AUDIO) {
        order->form.sound = (struct sl_engine_sound){.bitrate_bps = want->bitrate_bps};
        return;
    }
    order->form.pictures = (struct sl_engine_pictures){
        .width = want->width,
        .height = want->height,
        .keep_aspect = config->preserve_aspect_ratio,
        .bitrate_bps = want->bitrate_bps,
        .quality = want->quality,
        .fps_max = want->fps_max,
        .gop_ms = want->gop_ms,
        .nal_len_max = want->single_nal ? SL_RTP_PAYLOAD_DEFAULT : 0,
        .pixels_max = (uint32_t)config->transcoder_pixels_max,
    };
}

/* The lowest level of H264 that holds what may come (table A-1): 3.1 as browsers say, or 5.1. */
static bool is_small(const struct sl_variant_want *want)
{
    return want->width > 0 && want->height > 0 && want->width * want->height <= 1280 * 720;
}

void sl_want_track(const struct sl_variant_want *want, struct sl_track_config *out)
{
    *out = (struct sl_track_config){
        .present = true,
        .codec_count = 1,
        .codecs = {{want->codec, ""}},
        .frames = true,
        .single_nal = want->single_nal,
        .follows_narrowest = want->follows,
    };
    if (want->codec == SL_CODEC_H264)
        (void)snprintf(out->codecs[0].fmtp, sizeof(out->codecs[0].fmtp),
                       "level-asymmetry-allowed=1;packetization-mode=%d;profile-level-id=%s",
                       want->single_nal ? 0 : 1, is_small(want) ? "42e01f" : "42e033");
}
