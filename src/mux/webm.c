/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clusters of WebM and Matroska: each frame a SimpleBlock, with its time from that of the cluster
 * on in 16 bits of milliseconds. */
#include "mux/webm.h"

#include "base/mem.h"
#include "mux/av1.h"
#include "mux/avc.h"
#include "mux/ebml.h"
#include "mux/writer.h"

#include <errno.h>

enum {
    BLOCK_HEAD_LEN = 4, /* track, time, flags */
    ROOM_LEN = 64,      /* what a cluster and a block have besides their frames, and more */
    RELATIVE_MAX_MS = 30000,
};

struct webm {
    enum sl_codec codecs[2];
    bool begun;      /* the cluster has a frame */
    int64_t time_ms; /* of the cluster */
    struct sl_buffer blocks;
    bool keyframe; /* the first frame of the index's track in the cluster is one */
    bool seen;     /* there is such a frame */
    struct sl_buffer head;
    size_t segment;
    struct sl_mux_index index;
};

static void destroy(void *writer)
{
    struct webm *webm = writer;

    sl_buffer_deinit(&webm->blocks);
    sl_buffer_deinit(&webm->head);
    sl_mux_index_deinit(&webm->index);
    free(webm);
}

static int create(const struct sl_muxer_config *config, struct sl_buffer *head, void **out)
{
    struct webm *webm = sl_new(struct webm);

    webm->codecs[SL_AUDIO] = config->tracks.codecs[SL_AUDIO];
    webm->codecs[SL_VIDEO] = config->tracks.codecs[SL_VIDEO];
    sl_buffer_init(&webm->blocks, config->piece_max);
    sl_buffer_init(&webm->head, SL_MUX_HEAD_MAX);
    int err = sl_webm_write_head(&webm->head, config->container, &config->tracks);
    if (err == 0 && !webm->head.ok)
        err = -EINVAL; /* no configuration of ours is so long */
    if (err < 0) {
        destroy(webm);
        return err;
    }
    webm->segment = sl_webm_segment(webm->head.data, webm->head.len);
    sl_buffer_append(head, webm->head.data, webm->head.len);
    *out = webm;
    return 0;
}

static bool has_pictures(const struct webm *webm)
{
    return webm->codecs[SL_VIDEO] != SL_CODEC_NONE;
}

static void append_frame(struct sl_buffer *out, enum sl_codec codec,
                         const struct sl_mux_sample *sample)
{
    if (codec == SL_CODEC_H264)
        sl_avc_append(out, sample->data, sample->len);
    else if (codec == SL_CODEC_AV1)
        sl_av1_append(out, sample->data, sample->len);
    else
        sl_buffer_append(out, sample->data, sample->len);
}

static int append_block(struct webm *webm, const struct sl_mux_sample *sample, int64_t relative_ms)
{
    struct sl_buffer *out = &webm->blocks;
    bool keyframe = sample->kind == SL_AUDIO || sample->keyframe;
    size_t before = out->len;
    size_t block = sl_ebml_begin(out, SL_MKV_SIMPLE_BLOCK);

    sl_buffer_u8(out, 0x80 | sl_webm_track(has_pictures(webm), sample->kind));
    sl_buffer_u16(out, (uint16_t)relative_ms);
    sl_buffer_u8(out, keyframe ? SL_WEBM_BLOCK_KEYFRAME : 0);
    append_frame(out, webm->codecs[sample->kind], sample);
    if (!out->ok || out->len == block + BLOCK_HEAD_LEN) {
        int err = out->ok ? -EINVAL : -ENOMEM;
        sl_buffer_rewind(out, before);
        return err;
    }
    sl_ebml_end(out, block);
    return 0;
}

static int add(void *writer, const struct sl_mux_sample *sample)
{
    struct webm *webm = writer;
    int64_t time_ms = sl_mux_ticks(sample->pts_us, 1000);
    int64_t relative_ms = webm->begun ? time_ms - webm->time_ms : 0;

    if (relative_ms < -RELATIVE_MAX_MS || relative_ms > RELATIVE_MAX_MS ||
        ROOM_LEN + sl_avc_len_max(sample->len) > webm->blocks.limit - webm->blocks.len)
        return -ENOBUFS;
    int err = append_block(webm, sample, relative_ms);
    if (err < 0)
        return err;
    if (!webm->begun)
        webm->time_ms = time_ms;
    webm->begun = true;
    if (!webm->seen && sample->kind == (has_pictures(webm) ? SL_VIDEO : SL_AUDIO)) {
        webm->seen = true;
        webm->keyframe = sample->kind == SL_AUDIO || sample->keyframe;
    }
    return 0;
}

static void cut_cluster(void *writer, const struct sl_mux_cut *cut, struct sl_buffer *out)
{
    struct webm *webm = writer;
    size_t cluster = sl_ebml_begin(out, SL_MKV_CLUSTER);

    sl_ebml_number(out, SL_MKV_TIMESTAMP, (uint64_t)webm->time_ms);
    sl_buffer_append(out, webm->blocks.data, webm->blocks.len);
    sl_ebml_end(out, cluster);
    if (out->ok && webm->seen && webm->keyframe)
        sl_mux_index_note(&webm->index, sl_mux_ticks(cut->pts_us, 1000), cut->offset);
    sl_buffer_clear(&webm->blocks);
    webm->begun = webm->seen = webm->keyframe = false;
}

static void finish(void *writer, uint64_t len, int64_t duration_us, struct sl_buffer *head,
                   struct sl_buffer *tail)
{
    struct webm *webm = writer;
    size_t before = tail->len;

    sl_webm_write_index(tail, &webm->index, webm->segment);
    (void)sl_webm_complete_head(webm->head.data, webm->head.len, duration_us, len,
                                len + tail->len - before); /* our own: it can */
    sl_buffer_append(head, webm->head.data, webm->head.len);
}

const struct sl_mux_writer_ops sl_webm_writer = {create, destroy, add, cut_cluster, finish};
