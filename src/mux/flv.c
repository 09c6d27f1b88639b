/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FLV tag bodies. */
#include "mux/flv.h"

#include "base/mem.h"
#include "media/media.h"
#include "mux/amf.h"

#include <errno.h>

enum { VIDEO_AVC = 7, AUDIO_ALAW = 7, AUDIO_MULAW = 8, AUDIO_AAC = 10 };

struct sl_flv_tag *sl_flv_tag_create(enum sl_media_kind kind, int64_t dts_us, size_t len)
{
    struct sl_flv_tag *tag = malloc(sizeof(*tag) + len);

    if (!tag)
        return NULL;
    *tag = (struct sl_flv_tag){
        .order = {.kind = kind, .dts_us = dts_us}, .pts_us = dts_us, .len = len};
    atomic_init(&tag->refs, 1);
    return tag;
}

struct sl_flv_tag *sl_flv_tag_ref(struct sl_flv_tag *tag)
{
    (void)atomic_fetch_add_explicit(&tag->refs, 1, memory_order_relaxed);
    return tag;
}

void sl_flv_tag_unref(struct sl_flv_tag *tag)
{
    if (!tag || atomic_fetch_sub_explicit(&tag->refs, 1, memory_order_acq_rel) != 1)
        return;
    sl_flv_video_config_unref(tag->config);
    free(tag);
}

/* ---- Metadata ---- */

/* 0: FLV has none for it. */
static const uint8_t audio_codec_ids[SL_CODECS] = {
    [SL_CODEC_AAC] = AUDIO_AAC,
    [SL_CODEC_PCMA] = AUDIO_ALAW,
    [SL_CODEC_PCMU] = AUDIO_MULAW,
};

static void write_field(struct sl_writer *w, const char *key, double value)
{
    sl_amf_write_key(w, key);
    sl_amf_write_number(w, value);
}

void sl_flv_write_metadata(struct sl_writer *w, const struct sl_flv_metadata *metadata)
{
    bool has_size = metadata->has_video && metadata->width > 0 && metadata->height > 0;
    uint32_t count =
        1 + (metadata->has_video ? 1 : 0) + (has_size ? 2 : 0) + (metadata->has_audio ? 4 : 0);

    sl_amf_write_string(w, "@setDataFrame");
    sl_amf_write_string(w, "onMetaData");
    sl_amf_write_array_begin(w, count);
    if (has_size) {
        write_field(w, "width", metadata->width);
        write_field(w, "height", metadata->height);
    }
    if (metadata->has_video)
        write_field(w, "videocodecid", VIDEO_AVC);
    if (metadata->has_audio) {
        write_field(w, "audiocodecid", audio_codec_ids[metadata->audio]);
        write_field(w, "audiosamplerate", metadata->audio_rate_hz);
        write_field(w, "audiosamplesize", 16);
        sl_amf_write_key(w, "stereo");
        sl_amf_write_bool(w, metadata->audio_channels == 2);
    }
    sl_amf_write_key(w, "encoder");
    sl_amf_write_string(w, "Sluice");
    sl_amf_write_object_end(w);
}

/* ---- H264 ---- */

static void write_set(struct sl_writer *w, const struct sl_nal *nal)
{
    if (nal->len > UINT16_MAX) {
        w->ok = false;
        return;
    }
    sl_write_u16(w, (uint16_t)nal->len);
    sl_write_bytes(w, nal->data, nal->len);
}

enum { PPS_MAX = 16 };

static void write_config(struct sl_writer *w, const struct sl_nal *sps, const struct sl_nal *pps,
                         size_t pps_count)
{
    sl_write_u8(w, 1);                   /* configurationVersion */
    sl_write_bytes(w, sps->data + 1, 3); /* profile, compatibility, level */
    sl_write_u8(w, 0xff);                /* lengths have 4 bytes */
    sl_write_u8(w, 0xe0 | 1);            /* one SPS */
    write_set(w, sps);
    sl_write_u8(w, (uint8_t)pps_count);
    for (size_t i = 0; i < pps_count; i++)
        write_set(w, &pps[i]);
    if (sps->data[1] == 100 || sps->data[1] == 110 || sps->data[1] == 122 || sps->data[1] == 144) {
        sl_write_u8(w, 0xfc | 1); /* 4:2:0: what WebRTC sends of the high profiles */
        sl_write_u8(w, 0xf8);     /* 8 bits */
        sl_write_u8(w, 0xf8);
        sl_write_u8(w, 0); /* no SPS extensions */
    }
}

int sl_flv_avc_config_find(const uint8_t *au, size_t len, struct sl_flv_avc_config *out)
{
    struct sl_nal nal, sps = {0}, pps[PPS_MAX];
    size_t pps_count = 0;
    const uint8_t *at = au;

    while (sl_annexb_next(&at, au + len, &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_SPS && sps.len == 0 && nal.len >= 4)
            sps = nal;
        else if (sl_nal_type(&nal) == SL_NAL_PPS && pps_count < PPS_MAX)
            pps[pps_count++] = nal;
    }
    if (sps.len == 0 || pps_count == 0)
        return -ENOENT;
    struct sl_flv_avc_config config;
    struct sl_writer w = sl_writer_of(config.bytes, sizeof(config.bytes));
    write_config(&w, &sps, pps, pps_count);
    if (!w.ok)
        return -ENOENT;
    config.len = sl_writer_len(&w);
    *out = config;
    return 0;
}

/* They stand in the configuration, or nowhere. */
static bool is_left_out(const struct sl_nal *nal)
{
    uint8_t type = sl_nal_type(nal);

    return type == SL_NAL_SPS || type == SL_NAL_PPS || type == SL_NAL_AUD;
}

size_t sl_flv_avc_len(const uint8_t *au, size_t len)
{
    const uint8_t *at = au;
    struct sl_nal nal;
    size_t total = 0;

    while (sl_annexb_next(&at, au + len, &nal))
        total += is_left_out(&nal) ? 0 : 4 + nal.len;
    return total;
}

size_t sl_flv_avc_convert(const uint8_t *au, size_t len, uint8_t *out)
{
    const uint8_t *at = au;
    struct sl_nal nal;
    uint8_t *to = out;

    while (sl_annexb_next(&at, au + len, &nal)) {
        if (is_left_out(&nal))
            continue;
        sl_store_u32(to, (uint32_t)nal.len);
        memcpy(to + 4, nal.data, nal.len);
        to += 4 + nal.len;
    }
    return (size_t)(to - out);
}

struct sl_flv_video_config *sl_flv_video_config_create(const struct sl_flv_avc_config *avc,
                                                       uint16_t width, uint16_t height)
{
    struct sl_flv_video_config *config = sl_new(struct sl_flv_video_config);

    atomic_init(&config->refs, 1);
    config->width = width;
    config->height = height;
    config->avc = *avc;
    return config;
}

struct sl_flv_video_config *sl_flv_video_config_ref(struct sl_flv_video_config *config)
{
    (void)atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

void sl_flv_video_config_unref(struct sl_flv_video_config *config)
{
    if (config && atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) == 1)
        free(config);
}

size_t sl_flv_video_head(uint8_t out[static SL_FLV_HEAD_MAX], bool keyframe, bool is_config,
                         uint32_t composition_ms)
{
    enum { MS_MAX = 0x7fffff }; /* signed, and never less than 0 here */

    out[0] = (uint8_t)((keyframe ? 1 : 2) << 4 | VIDEO_AVC);
    out[1] = is_config ? 0 : 1;
    sl_store_u24(out + 2, composition_ms < MS_MAX ? composition_ms : MS_MAX);
    return 5;
}

/* ---- Audio ---- */

size_t sl_flv_audio_head(uint8_t out[static SL_FLV_HEAD_MAX], enum sl_codec encoding,
                         bool is_config)
{
    enum { SIZE_16_BITS = 2, STEREO = 1, RATE_44_KHZ = 3 << 2 };

    if (encoding == SL_CODEC_AAC) {
        /* Always these, whatever the AudioSpecificConfig says (E.4.2.1). */
        out[0] = AUDIO_AAC << 4 | RATE_44_KHZ | SIZE_16_BITS | STEREO;
        out[1] = is_config ? 0 : 1;
        return 2;
    }
    out[0] =
        (uint8_t)(audio_codec_ids[encoding] << 4 | SIZE_16_BITS); /* 8 kHz goes without saying */
    return 1;
}
