/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames and codec configurations: shared memory, and parameter sets found in pictures. */
#include "media/frame.h"

#include "base/mem.h"
#include "media/h264.h"
#include "media/parameter_sets.h"

#include <string.h>

struct sl_codec_config *sl_codec_config_create(enum sl_codec codec, const uint8_t *data, size_t len)
{
    struct sl_codec_config *config = sl_alloc(sizeof(*config) + len);

    atomic_init(&config->refs, 1);
    config->codec = codec;
    config->len = len;
    memcpy(config->data, data, len);
    return config;
}

struct sl_codec_config *sl_codec_config_ref(struct sl_codec_config *config)
{
    if (config)
        (void)atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

void sl_codec_config_unref(struct sl_codec_config *config)
{
    if (config && atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) == 1)
        free(config);
}

/* False if an SPS or a PPS is missing; size: of the first SPS. */
static bool find_sets(const uint8_t *au, size_t len, struct sl_parameter_sets *sets,
                      struct sl_h264_sps *size)
{
    const uint8_t *at = au;
    struct sl_nal nal;
    bool has_size = false;

    while (sl_annexb_next(&at, au + len, &nal)) {
        uint8_t type = sl_nal_type(&nal);
        if (type == SL_NAL_SLICE || type == SL_NAL_PARTITION_A || type == SL_NAL_IDR)
            break; /* they stand before the slices (7.4.1.2.3) */
        if (type != SL_NAL_SPS && type != SL_NAL_PPS)
            continue;
        if (type == SL_NAL_SPS && !has_size)
            has_size = sl_h264_sps_parse(nal.data, nal.len, size) == 0;
        (void)sl_parameter_sets_keep(sets, nal.data, nal.len, 0); /* a broken one stays out */
    }
    return has_size && sl_parameter_sets_are_whole(sets);
}

void sl_codec_config_note(struct sl_codec_config **config, const uint8_t *au, size_t len)
{
    struct sl_parameter_sets *sets = sl_new(struct sl_parameter_sets);
    uint8_t *bytes = sl_alloc(SL_PARAMETER_SETS_LEN_MAX);
    struct sl_h264_sps sps;

    if (find_sets(au, len, sets, &sps)) {
        size_t sets_len = sl_parameter_sets_write(sets, true, bytes);
        if (!*config || (*config)->len != sets_len ||
            memcmp((*config)->data, bytes, sets_len) != 0) {
            sl_codec_config_unref(*config);
            *config = sl_codec_config_create(SL_CODEC_H264, bytes, sets_len);
            (*config)->width = sps.width;
            (*config)->height = sps.height;
        }
    }
    free(bytes);
    free(sets);
}

struct sl_frame *sl_frame_create(enum sl_codec codec, size_t len)
{
    struct sl_frame *frame = malloc(sizeof(*frame) + len);

    if (!frame)
        return NULL; /* not small: a lost frame, not the end of all */
    memset(frame, 0, sizeof(*frame));
    atomic_init(&frame->refs, 1);
    frame->codec = codec;
    frame->len = len;
    return frame;
}

struct sl_frame *sl_frame_ref(struct sl_frame *frame)
{
    (void)atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
    return frame;
}

void sl_frame_unref(struct sl_frame *frame)
{
    if (!frame || atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_acq_rel) != 1)
        return;
    sl_codec_config_unref(frame->config);
    free(frame);
}
