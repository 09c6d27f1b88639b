/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Access units and sound as tags; configurations; key frames. */
#include "rtmp/tagger.h"

#include "base/mem.h"
#include "rtp/rtp.h"

#include <string.h>

enum {
    /* Services want a key frame at least that often (YouTube: 4 s). */
    KEYFRAME_INTERVAL_US = 4000000,
    KEYFRAME_REPEAT_US = 1000000,
};

struct sl_tagger {
    struct sl_program_form form;
    const struct sl_tagger_ops *ops;
    void *owner;
    struct sl_interleave interleave;
    struct sl_flv_video_config *config; /* of the last key frame; NULL: none yet */
    int64_t started_us;
    int64_t keyframe_us; /* when the last came or was asked for */
    bool waits;          /* somebody has joined since the last key frame */
    bool sound_asked;
};

struct sl_tagger *sl_tagger_create(const struct sl_program_form *form,
                                   const struct sl_tagger_ops *ops, void *owner, int64_t now_us)
{
    struct sl_tagger *tagger = sl_new(struct sl_tagger);

    tagger->form = *form;
    tagger->ops = ops;
    tagger->owner = owner;
    tagger->started_us = now_us;
    tagger->keyframe_us = now_us;
    sl_interleave_init(&tagger->interleave);
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (form->from[kind] != SL_CODEC_NONE)
            sl_interleave_expect(&tagger->interleave, (enum sl_media_kind)kind, now_us);
    }
    return tagger;
}

void sl_tagger_destroy(struct sl_tagger *tagger)
{
    struct sl_interleaved *left;

    if (!tagger)
        return;
    while ((left = sl_interleave_take(&tagger->interleave)))
        sl_flv_tag_unref(sl_container_of(left, struct sl_flv_tag, order));
    sl_flv_video_config_unref(tagger->config);
    free(tagger);
}

void sl_tagger_join(struct sl_tagger *tagger, int64_t now_us)
{
    tagger->waits = true;
    tagger->keyframe_us = now_us;
}

/* ---- Pictures ---- */

static void read_size(const struct sl_flv_avc_config *avc, uint16_t *width, uint16_t *height)
{
    struct sl_reader r = sl_reader_of(avc->bytes, avc->len);

    (void)sl_reader_take(&r, 6); /* up to the SPS (write_config() of flv.c) */
    uint16_t len = sl_read_u16(&r);
    const uint8_t *sps = sl_reader_take(&r, len);
    if (!sps || sl_h264_sps_size(sps, len, width, height) < 0) {
        *width = 0;
        *height = 0;
    }
}

/* Parameter sets that differ: a new configuration, which players take as a new beginning. */
static void check_config(struct sl_tagger *tagger, const struct sl_program_frame *frame)
{
    struct sl_flv_avc_config avc;
    uint16_t width, height;

    if (sl_flv_avc_config_find(frame->data, frame->len, &avc) < 0)
        return;
    if (tagger->config && avc.len == tagger->config->avc.len &&
        memcmp(avc.bytes, tagger->config->avc.bytes, avc.len) == 0)
        return;
    read_size(&avc, &width, &height);
    sl_flv_video_config_unref(tagger->config);
    tagger->config = sl_flv_video_config_create(&avc, width, height);
}

/* NULL: no picture, or no memory for it: a lost one. */
static struct sl_flv_tag *make_picture(struct sl_tagger *tagger,
                                       const struct sl_program_frame *frame, int64_t now_us)
{
    if (frame->keyframe) {
        tagger->keyframe_us = now_us;
        check_config(tagger, frame);
    }
    if (!tagger->config)
        return NULL;
    struct sl_flv_tag *tag =
        sl_flv_tag_create(SL_VIDEO, frame->dts_us, sl_flv_avc_len_max(frame->len));
    if (!tag)
        return NULL;
    tag->len = sl_flv_avc_convert(frame->data, frame->len, tag->bytes);
    if (tag->len == 0) {
        sl_flv_tag_unref(tag);
        return NULL;
    }
    tag->pts_us = frame->pts_us;
    tag->keyframe = frame->keyframe;
    if (frame->keyframe) {
        tag->config = sl_flv_video_config_ref(tagger->config);
        tagger->waits = false;
    }
    return tag;
}

/* ---- Sound ---- */

static struct sl_flv_tag *make_sound(struct sl_tagger *tagger, const struct sl_program_frame *frame,
                                     int64_t now_us)
{
    struct sl_flv_tag *tag = sl_flv_tag_create(SL_AUDIO, frame->dts_us, frame->len);

    if (!tag)
        return NULL;
    if (!tagger->interleave.tracks[SL_AUDIO].expected) /* of a source that had none */
        sl_interleave_expect(&tagger->interleave, SL_AUDIO, now_us);
    memcpy(tag->bytes, frame->data, frame->len);
    return tag;
}

/* ---- In and out ---- */

void sl_tagger_input(struct sl_tagger *tagger, const struct sl_program_frame *frame, int64_t now_us)
{
    struct sl_flv_tag *tag = sl_codec_kind(frame->codec) == SL_VIDEO
                                 ? make_picture(tagger, frame, now_us)
                                 : make_sound(tagger, frame, now_us);

    if (tag)
        sl_interleave_add(&tagger->interleave, &tag->order, now_us);
}

/* What is encoded anew has key frames of our own. */
static void check_keyframe(struct sl_tagger *tagger, int64_t now_us)
{
    int64_t interval_us = tagger->waits ? KEYFRAME_REPEAT_US : KEYFRAME_INTERVAL_US;
    bool passes = tagger->form.from[SL_VIDEO] == tagger->form.to[SL_VIDEO];

    if (tagger->form.from[SL_VIDEO] == SL_CODEC_NONE || (!passes && !tagger->waits) ||
        now_us - tagger->keyframe_us < interval_us)
        return;
    /* The next is asked for a second later if none comes. */
    tagger->keyframe_us = now_us - (interval_us - KEYFRAME_REPEAT_US);
    tagger->ops->on_keyframe_wanted(tagger->owner);
}

void sl_tagger_tick(struct sl_tagger *tagger, int64_t now_us)
{
    struct sl_interleaved *next;

    check_keyframe(tagger, now_us);
    if (!tagger->sound_asked && tagger->form.from[SL_AUDIO] != SL_CODEC_NONE &&
        now_us - tagger->started_us > SL_RTMP_START_WAIT_US) {
        tagger->sound_asked = true;
        tagger->ops->on_sound_wanted(tagger->owner);
    }
    while ((next = sl_interleave_next(&tagger->interleave, now_us))) {
        struct sl_flv_tag *tag = sl_container_of(next, struct sl_flv_tag, order);
        tagger->ops->on_tag(tagger->owner, tag);
        sl_flv_tag_unref(tag);
    }
}
