/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is the same for all containers: which codecs they take, which frames, what a piece is. */
#include "mux/muxer.h"

#include "base/mem.h"
#include "mux/writer.h"

#include <errno.h>
#include <stdio.h>

/*
 * 142 years, so that sums and differences have room; and how much later than it is decoded a
 * picture may be shown, which MP4 holds in 32 bits of 1/90000 s.
 */
static const int64_t TIME_MAX_US = (int64_t)1 << 52;
static const int64_t DELAY_MAX_US = 30 * (int64_t)SL_MUX_SECOND_US;
/* Of a frame that none follows, if it is alone. */
enum { STEP_US = 20000 };
/* Boxes and clusters have sizes of 32 and 28 bits. */
enum { PIECE_LIMIT = 1 << 27, RATE_MAX_HZ = 192000 };

#define CODEC(name) (1U << SL_CODEC_##name)
static const struct {
    const char *extension;
    const struct sl_mux_writer_ops *ops;
    unsigned codecs;
} containers[] = {
    [SL_MP4] = {"mp4", &sl_mp4_writer, CODEC(H264) | CODEC(AAC) | CODEC(OPUS)},
    [SL_WEBM] = {"webm", &sl_webm_writer,
                 CODEC(VP8) | CODEC(VP9) | CODEC(AV1) | CODEC(H264) | CODEC(OPUS)},
    [SL_MATROSKA] = {"mkv", &sl_webm_writer,
                     CODEC(VP8) | CODEC(VP9) | CODEC(AV1) | CODEC(H264) | CODEC(OPUS) | CODEC(AAC)},
    [SL_MPEGTS] = {"ts", &sl_ts_writer, CODEC(H264) | CODEC(AAC)},
};

const char *sl_container_extension(enum sl_container container)
{
    return containers[container].extension;
}

bool sl_container_takes(enum sl_container container, enum sl_codec codec)
{
    return containers[container].codecs >> codec & 1;
}

/* ---- Names of codecs ---- */

static void describe_video(const struct sl_mux_tracks *tracks, char *text, size_t size)
{
    static const char *const names[SL_CODECS] = {
        /* Profile 0, 8 bits, of a level that suits 1080p. */
        [SL_CODEC_VP8] = "vp8",
        [SL_CODEC_VP9] = "vp09.00.40.08",
        [SL_CODEC_AV1] = "av01.0.08M.08",
    };
    const uint8_t *at = tracks->configs[SL_VIDEO];
    const char *name = names[tracks->codecs[SL_VIDEO]];
    struct sl_nal nal;

    (void)snprintf(text, size, "%s", name ? name : "");
    if (tracks->codecs[SL_VIDEO] != SL_CODEC_H264 || !at)
        return;
    const uint8_t *end = at + tracks->config_lens[SL_VIDEO];
    while (sl_annexb_next(&at, end, &nal)) {
        if (sl_nal_type(&nal) == SL_NAL_SPS && nal.len >= 4) {
            (void)snprintf(text, size, "avc1.%02x%02x%02x", nal.data[1], nal.data[2], nal.data[3]);
            return;
        }
    }
}

char *sl_mux_codecs_text(const struct sl_mux_tracks *tracks, char text[SL_MUX_CODECS_TEXT_MAX])
{
    static const char *const sounds[SL_CODECS] = {
        [SL_CODEC_AAC] = "mp4a.40.2",
        [SL_CODEC_OPUS] = "opus",
    };
    const char *sound = sounds[tracks->codecs[SL_AUDIO]];
    char video[SL_MUX_CODECS_TEXT_MAX / 2];

    describe_video(tracks, video, sizeof(video));
    (void)snprintf(text, SL_MUX_CODECS_TEXT_MAX, "%s%s%s", video, *video && sound ? "," : "",
                   sound ? sound : "");
    return text;
}

/* ---- The muxer ---- */

struct sl_muxer {
    const struct sl_mux_writer_ops *ops;
    void *writer; /* owned; of the container */
    enum sl_media_kind main;
    struct {
        bool exists, begun;
        int64_t dts_us, step_us; /* of the last frame, and after the one before it */
        int64_t pts_us;          /* the latest */
        size_t count;            /* in the piece */
    } tracks[2];
    struct sl_mux_cut cut; /* what is known of the piece so far */
    uint64_t len;
    int64_t duration_us;
};

static int check_tracks(const struct sl_muxer_config *config)
{
    const struct sl_mux_tracks *tracks = &config->tracks;
    bool any = false;

    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        enum sl_codec codec = tracks->codecs[kind];
        if (codec == SL_CODEC_NONE)
            continue;
        if (!sl_container_takes(config->container, codec) || (int)sl_codec_kind(codec) != kind)
            return -ENOSYS;
        any = true;
    }
    if (tracks->codecs[SL_AUDIO] != SL_CODEC_NONE &&
        (tracks->channels < 1 || tracks->channels > 2 || tracks->rate_hz < 1 ||
         tracks->rate_hz > RATE_MAX_HZ ||
         (tracks->codecs[SL_AUDIO] == SL_CODEC_OPUS && tracks->rate_hz != 48000)))
        return -EINVAL;
    if (tracks->delay_us < 0 || tracks->delay_us > DELAY_MAX_US)
        return -EINVAL;
    return any ? 0 : -ENOSYS;
}

int sl_muxer_create(const struct sl_muxer_config *config, struct sl_buffer *head,
                    struct sl_muxer **out)
{
    struct sl_muxer_config fixed = *config;
    size_t before = head->len;
    int err = check_tracks(config);

    if (err < 0)
        return err;
    if (fixed.piece_max == 0)
        fixed.piece_max = SL_MUX_PIECE_MAX;
    if (fixed.piece_max > PIECE_LIMIT)
        fixed.piece_max = PIECE_LIMIT;
    struct sl_muxer *muxer = sl_new(struct sl_muxer);
    muxer->ops = containers[config->container].ops;
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        muxer->tracks[kind].exists = config->tracks.codecs[kind] != SL_CODEC_NONE;
    muxer->main = muxer->tracks[SL_VIDEO].exists ? SL_VIDEO : SL_AUDIO;
    err = muxer->ops->create(&fixed, head, &muxer->writer);
    if (err == 0 && !head->ok)
        err = -ENOMEM;
    if (err < 0) {
        sl_muxer_destroy(muxer);
        return err;
    }
    muxer->len = head->len - before;
    *out = muxer;
    return 0;
}

void sl_muxer_destroy(struct sl_muxer *muxer)
{
    if (!muxer)
        return;
    if (muxer->writer)
        muxer->ops->destroy(muxer->writer);
    free(muxer);
}

static bool is_fit(const struct sl_muxer *muxer, const struct sl_mux_sample *sample)
{
    return muxer->tracks[sample->kind].exists && sample->len > 0 && sample->pts_us >= 0 &&
           sample->pts_us <= TIME_MAX_US && sample->dts_us <= sample->pts_us &&
           sample->dts_us >= sample->pts_us - DELAY_MAX_US &&
           (!muxer->tracks[sample->kind].begun ||
            sample->dts_us > muxer->tracks[sample->kind].dts_us);
}

static bool is_first_of_piece(const struct sl_muxer *muxer, const struct sl_mux_sample *sample)
{
    return muxer->tracks[sample->kind].count == 0 &&
           (sample->kind == muxer->main || muxer->tracks[muxer->main].count == 0);
}

static void note(struct sl_muxer *muxer, const struct sl_mux_sample *sample)
{
    if (is_first_of_piece(muxer, sample)) {
        muxer->cut.piece.begin_us = sample->dts_us;
        muxer->cut.pts_us = sample->pts_us;
    }
    if (muxer->tracks[SL_VIDEO].count == 0)
        muxer->cut.piece.independent = sample->kind == SL_AUDIO || sample->keyframe;
    if (muxer->tracks[sample->kind].begun)
        muxer->tracks[sample->kind].step_us = sample->dts_us - muxer->tracks[sample->kind].dts_us;
    muxer->tracks[sample->kind].begun = true;
    muxer->tracks[sample->kind].dts_us = sample->dts_us;
    if (sample->pts_us > muxer->tracks[sample->kind].pts_us)
        muxer->tracks[sample->kind].pts_us = sample->pts_us;
    muxer->tracks[sample->kind].count++;
}

int sl_muxer_add(struct sl_muxer *muxer, const struct sl_mux_sample *sample)
{
    if (!is_fit(muxer, sample))
        return -EINVAL;
    if (muxer->tracks[sample->kind].count >= SL_MUX_SAMPLES_MAX)
        return -ENOBUFS;
    int err = muxer->ops->add(muxer->writer, sample);
    if (err == 0)
        note(muxer, sample);
    return err;
}

/* How long the track's last frame lasts, when nothing says so. */
static int64_t last_step_us(const struct sl_muxer *muxer, int kind)
{
    return muxer->tracks[kind].step_us > 0 ? muxer->tracks[kind].step_us : STEP_US;
}

static void end_piece(struct sl_muxer *muxer, int64_t next_us)
{
    enum sl_media_kind main = muxer->tracks[muxer->main].count > 0 ? muxer->main : SL_AUDIO;
    int64_t last_us = muxer->tracks[main].dts_us;
    bool is_told = main == muxer->main && next_us > last_us && next_us <= TIME_MAX_US;

    muxer->cut.piece.end_us = is_told ? next_us : last_us + last_step_us(muxer, main);
    muxer->cut.piece.pictures = muxer->tracks[SL_VIDEO].count;
    muxer->cut.piece.sounds = muxer->tracks[SL_AUDIO].count;
    muxer->cut.offset = muxer->len;
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (muxer->tracks[kind].count == 0)
            continue;
        int64_t step_us =
            kind == (int)main ? muxer->cut.piece.end_us - last_us : last_step_us(muxer, kind);
        int64_t end_us = muxer->tracks[kind].pts_us + step_us;
        if (end_us > muxer->duration_us)
            muxer->duration_us = end_us;
        muxer->tracks[kind].count = 0;
    }
}

int sl_muxer_cut(struct sl_muxer *muxer, int64_t next_us, struct sl_buffer *out,
                 struct sl_mux_piece *piece)
{
    size_t before = out->len;

    if (muxer->tracks[SL_AUDIO].count == 0 && muxer->tracks[SL_VIDEO].count == 0)
        return -ENOENT;
    end_piece(muxer, next_us);
    muxer->ops->cut(muxer->writer, &muxer->cut, out);
    if (piece)
        *piece = muxer->cut.piece;
    muxer->cut = (struct sl_mux_cut){0};
    if (!out->ok)
        return -ENOMEM;
    muxer->len += out->len - before;
    return 0;
}

int sl_muxer_finish(struct sl_muxer *muxer, struct sl_buffer *head, struct sl_buffer *tail)
{
    if (muxer->ops->finish)
        muxer->ops->finish(muxer->writer, muxer->len, muxer->duration_us, head, tail);
    return head->ok && tail->ok ? 0 : -ENOMEM;
}

uint64_t sl_muxer_len(const struct sl_muxer *muxer)
{
    return muxer->len;
}

int64_t sl_muxer_duration_us(const struct sl_muxer *muxer)
{
    return muxer->duration_us;
}
