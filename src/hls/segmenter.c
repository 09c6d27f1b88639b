/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames into one order of time, and from there into pieces. */
#include "hls/segmenter.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/mem.h"
#include "media/media.h"
#include "mux/mux.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert((int)SL_HLS_CODECS_MAX == (int)SL_MUX_CODECS_TEXT_MAX,
              "a piece holds what the muxer writes");

enum {
    SHORT_SEGMENTS = 3, /* at the beginning, so that the first list is soon there */
    SHORT_US = 1000000,
    LONGEST_S = 12,           /* before a target is set */
    ROUNDED_DOWN_US = 400000, /* what EXTINF may be above the target: less than half a second */
    ASK_AHEAD_US = 200000,    /* a key frame takes its way to the source and back */
    ASK_AGAIN_US = 250000,    /* so that a lost question is no segment without one */
    SOUND_WAIT_US = 1000000,  /* for pictures to begin with, then sound goes alone */
    GONE_US = 5000000,        /* pictures that stay away; of a still screen, one comes a second */
    PIECE_MAX = 32 << 20,     /* bytes: 12 s of 20 Mbit/s */
    FRAME_MAX = 4 << 20,
};

struct sl_segmenter {
    struct sl_segmenter_config config;
    struct sl_interleave interleave;
    int64_t started_us;
    bool sound_asked;

    /* One beginning: all that goes on in it has one muxer. */
    struct sl_muxer *muxer; /* NULL: nothing has begun */
    bool has[2];            /* by enum sl_media_kind: tracks of it */
    uint16_t width, height;
    char codecs[SL_HLS_CODECS_MAX];
    int64_t first_us; /* when it began, on the program's clock */
    int64_t begin_us; /* that its 0 is, likewise */
    int64_t begin_ms; /* the same on the wall */
    struct sl_buffer out;
    struct sl_blob *head; /* for the next piece; NULL */
    bool fresh;           /* its first piece has not gone yet */

    /* The segment that is being made. */
    int64_t segment_us, piece_us; /* when it and its piece began, in time of decoding */
    int64_t cut_us;               /* the same as time passes here */
    int64_t asked_us;             /* when a key frame was last asked for; 0: not since */
    int64_t picture_us;           /* when the last one was, in time of decoding */
    int64_t interval_us;          /* between the last two pictures, or frames of sound alone */
    size_t count;                 /* that were made */
    bool forced;                  /* it began where no key frame was */
    int64_t limit_us;
};

/* ---- Beginnings ---- */

static void end_muxer(struct sl_segmenter *segmenter)
{
    sl_muxer_destroy(segmenter->muxer);
    segmenter->muxer = NULL;
    sl_blob_unref(segmenter->head);
    segmenter->head = NULL;
}

static struct sl_mux_tracks tracks_of(const struct sl_segmenter *segmenter,
                                      const struct sl_program_item *item)
{
    const struct sl_program_sound *sound = segmenter->config.sound;
    struct sl_mux_tracks tracks = {.rate_hz = sound->rate_hz, .channels = sound->channels};

    if (segmenter->config.form.from[SL_AUDIO] != SL_CODEC_NONE) {
        tracks.codecs[SL_AUDIO] = SL_CODEC_AAC;
        tracks.configs[SL_AUDIO] = sound->config;
        tracks.config_lens[SL_AUDIO] = sound->config_len;
    }
    if (item->order.kind == SL_VIDEO) {
        tracks.codecs[SL_VIDEO] = SL_CODEC_H264;
        tracks.configs[SL_VIDEO] = item->data;
        tracks.config_lens[SL_VIDEO] = item->len;
        tracks.width = item->width;
        tracks.height = item->height;
    }
    return tracks;
}

/* The blob of all bytes; NULL: there are none, or no memory. */
static struct sl_blob *take_bytes(struct sl_buffer *buffer)
{
    struct sl_blob *blob = buffer->ok && buffer->len > 0 ? sl_blob_create(buffer->len) : NULL;

    if (blob)
        memcpy(blob->data, buffer->data, buffer->len);
    sl_buffer_clear(buffer);
    return blob;
}

/* With this frame, a key frame or sound without pictures. */
static void begin(struct sl_segmenter *segmenter, const struct sl_program_item *item,
                  int64_t now_us)
{
    struct sl_muxer_config config = {
        .container = segmenter->config.part_us > 0 ? SL_MP4 : SL_MPEGTS,
        .tracks = tracks_of(segmenter, item),
        .piece_max = PIECE_MAX,
    };

    sl_buffer_clear(&segmenter->out);
    if (sl_muxer_create(&config, &segmenter->out, &segmenter->muxer) < 0) {
        segmenter->muxer = NULL; /* parameter sets that are none: perhaps the next are */
        return;
    }
    segmenter->head = take_bytes(&segmenter->out);
    (void)sl_mux_codecs_text(&config.tracks, segmenter->codecs);
    segmenter->has[SL_AUDIO] = config.tracks.codecs[SL_AUDIO] != SL_CODEC_NONE;
    segmenter->has[SL_VIDEO] = config.tracks.codecs[SL_VIDEO] != SL_CODEC_NONE;
    segmenter->width = config.tracks.width;
    segmenter->height = config.tracks.height;
    segmenter->first_us = item->order.dts_us;
    segmenter->begin_us = segmenter->config.common_clock ? 0 : item->order.dts_us;
    segmenter->begin_ms =
        sl_wall_ms() -
        (now_us - item->pts_us + item->order.dts_us - segmenter->begin_us) / SL_US_PER_MS;
    segmenter->segment_us = item->order.dts_us;
    segmenter->piece_us = item->order.dts_us;
    segmenter->picture_us = item->order.dts_us;
    segmenter->cut_us = now_us;
    segmenter->asked_us = 0;
    segmenter->fresh = true;
}

/* ---- Pieces ---- */

static void send_piece(struct sl_segmenter *segmenter, const struct sl_mux_piece *cut, bool last)
{
    struct sl_blob *data = take_bytes(&segmenter->out);

    if (!data)
        return; /* no memory for it: a gap */
    struct sl_hls_piece *piece = sl_new(struct sl_hls_piece);
    piece->data = data;
    piece->head = segmenter->head;
    segmenter->head = NULL;
    piece->duration_us = cut->end_us - cut->begin_us;
    piece->wall_ms = segmenter->begin_ms + cut->begin_us / SL_US_PER_MS;
    piece->independent = cut->independent;
    piece->discontinuity = segmenter->fresh;
    piece->last = last;
    piece->forced = segmenter->forced;
    piece->width = segmenter->width;
    piece->height = segmenter->height;
    memcpy(piece->codecs, segmenter->codecs, sizeof(piece->codecs));
    segmenter->fresh = false;
    segmenter->config.ops->on_piece(segmenter->config.owner, piece);
}

/* Before a frame of next_us. last: with it a segment ends. */
static void cut(struct sl_segmenter *segmenter, int64_t next_us, bool last, int64_t now_us)
{
    struct sl_mux_piece piece;
    int64_t next = next_us == SL_MUX_LAST ? SL_MUX_LAST : next_us - segmenter->begin_us;

    sl_buffer_clear(&segmenter->out);
    if (sl_muxer_cut(segmenter->muxer, next, &segmenter->out, &piece) == 0)
        send_piece(segmenter, &piece, last);
    segmenter->piece_us = next_us;
    if (!last)
        return;
    segmenter->segment_us = next_us;
    segmenter->cut_us = now_us;
    segmenter->asked_us = 0;
    segmenter->forced = false;
    segmenter->count++;
}

/* A segment ends for want of time or room, and the next begins with any frame. */
static void force_cut(struct sl_segmenter *segmenter, int64_t next_us, int64_t now_us)
{
    cut(segmenter, next_us, true, now_us);
    segmenter->forced = segmenter->has[SL_VIDEO];
}

static void end_beginning(struct sl_segmenter *segmenter, int64_t now_us)
{
    cut(segmenter, SL_MUX_LAST, true, now_us);
    end_muxer(segmenter);
}

static int64_t wanted_us(const struct sl_segmenter *segmenter)
{
    return segmenter->count < SHORT_SEGMENTS && segmenter->config.time_us > SHORT_US
               ? SHORT_US
               : segmenter->config.time_us;
}

/* Key frames that somebody else has asked for come at any time. */
static bool is_long_enough(const struct sl_segmenter *segmenter, int64_t dts_us)
{
    return (dts_us - segmenter->segment_us) * 5 >= wanted_us(segmenter) * 4;
}

static bool is_too_long(const struct sl_segmenter *segmenter, int64_t dts_us)
{
    return dts_us - segmenter->segment_us >= segmenter->limit_us;
}

/* A part must not be longer than promised, and not much shorter: it ends here if the next frame
 * would probably be too late. */
static bool is_part(const struct sl_segmenter *segmenter, int64_t dts_us)
{
    int64_t part_us = segmenter->config.part_us, len_us = dts_us - segmenter->piece_us;

    return part_us > 0 && len_us > 0 && len_us + segmenter->interval_us * 5 / 4 > part_us;
}

/* ---- Frames in their order ---- */

static void add(struct sl_segmenter *segmenter, const struct sl_program_item *item, int64_t now_us)
{
    const struct sl_mux_sample sample = {
        .kind = item->order.kind,
        .keyframe = item->keyframe,
        .pts_us = item->pts_us - segmenter->begin_us,
        .dts_us = item->order.dts_us - segmenter->begin_us,
        .data = item->data,
        .len = item->len,
    };

    if (sl_muxer_add(segmenter->muxer, &sample) != -ENOBUFS)
        return; /* what it does not take is left out */
    force_cut(segmenter, item->order.dts_us, now_us);
    (void)sl_muxer_add(segmenter->muxer, &sample);
}

/* Another size, profile or level: a decoder has to begin anew. */
static bool is_another(const struct sl_segmenter *segmenter, const struct sl_program_item *item)
{
    struct sl_mux_tracks tracks = tracks_of(segmenter, item);
    char codecs[SL_MUX_CODECS_TEXT_MAX];

    return (item->width > 0 &&
            (item->width != segmenter->width || item->height != segmenter->height)) ||
           strcmp(sl_mux_codecs_text(&tracks, codecs), segmenter->codecs) != 0;
}

static void cut_before_picture(struct sl_segmenter *segmenter, const struct sl_program_item *item,
                               int64_t now_us)
{
    int64_t dts_us = item->order.dts_us;

    if (item->keyframe && is_long_enough(segmenter, dts_us)) {
        cut(segmenter, dts_us, true, now_us);
    } else if (is_too_long(segmenter, dts_us)) {
        force_cut(segmenter, dts_us, now_us);
    } else if (is_part(segmenter, dts_us)) {
        cut(segmenter, dts_us, false, now_us);
    }
}

static void take_picture(struct sl_segmenter *segmenter, const struct sl_program_item *item,
                         int64_t now_us)
{
    if (item->keyframe && segmenter->muxer &&
        (!segmenter->has[SL_VIDEO] || is_another(segmenter, item)))
        end_beginning(segmenter, now_us);
    if (!segmenter->muxer && item->keyframe)
        begin(segmenter, item, now_us);
    if (!segmenter->muxer || !segmenter->has[SL_VIDEO])
        return;
    segmenter->interval_us = item->order.dts_us - segmenter->picture_us;
    cut_before_picture(segmenter, item, now_us);
    segmenter->picture_us = item->order.dts_us;
    add(segmenter, item, now_us);
}

static bool expects_pictures(const struct sl_segmenter *segmenter)
{
    return segmenter->config.form.from[SL_VIDEO] != SL_CODEC_NONE;
}

static bool goes_alone(const struct sl_segmenter *segmenter, int64_t now_us)
{
    return !expects_pictures(segmenter) || now_us - segmenter->started_us > 2 * SOUND_WAIT_US;
}

/* Pictures decide where to cut, as long as there are any. */
static void cut_before_sound(struct sl_segmenter *segmenter, int64_t dts_us, int64_t now_us)
{
    bool alone = !segmenter->has[SL_VIDEO];

    if (alone)
        segmenter->interval_us = sl_program_sound_us(segmenter->config.sound, 1);
    if (alone && is_long_enough(segmenter, dts_us))
        cut(segmenter, dts_us, true, now_us);
    else if (is_too_long(segmenter, dts_us))
        force_cut(segmenter, dts_us, now_us);
    else if (alone && is_part(segmenter, dts_us))
        cut(segmenter, dts_us, false, now_us);
}

static void take_sound(struct sl_segmenter *segmenter, const struct sl_program_item *item,
                       int64_t now_us)
{
    int64_t dts_us = item->order.dts_us;

    if (segmenter->muxer && segmenter->has[SL_VIDEO] && dts_us - segmenter->picture_us > GONE_US)
        end_beginning(segmenter, now_us);
    if (!segmenter->muxer && goes_alone(segmenter, now_us))
        begin(segmenter, item, now_us);
    if (!segmenter->muxer || dts_us < segmenter->first_us)
        return;
    cut_before_sound(segmenter, dts_us, now_us);
    add(segmenter, item, now_us);
}

void sl_segmenter_input(struct sl_segmenter *segmenter, const struct sl_program_frame *frame,
                        int64_t now_us)
{
    if (frame->len == 0 || frame->len > FRAME_MAX)
        return;
    struct sl_program_item *item = sl_program_item_create(frame);
    if (!item)
        return; /* a lost frame */
    sl_interleave_add(&segmenter->interleave, &item->order, now_us);
}

/* ---- What is asked for ---- */

static void check_keyframe(struct sl_segmenter *segmenter, int64_t now_us)
{
    int64_t due_us = segmenter->asked_us > 0
                         ? segmenter->asked_us + ASK_AGAIN_US
                         : segmenter->cut_us + wanted_us(segmenter) - ASK_AHEAD_US;

    if (!expects_pictures(segmenter) || now_us < due_us)
        return;
    segmenter->asked_us = now_us;
    segmenter->config.ops->on_keyframe_wanted(segmenter->config.owner);
}

/* Where the source has sound there is a row of it from the beginning, silent if need be. */
static void check_sound(struct sl_segmenter *segmenter, int64_t now_us)
{
    if (segmenter->sound_asked || segmenter->config.form.from[SL_AUDIO] == SL_CODEC_NONE ||
        (!segmenter->muxer && now_us - segmenter->started_us < SOUND_WAIT_US))
        return;
    segmenter->sound_asked = true;
    segmenter->config.ops->on_sound_wanted(segmenter->config.owner);
}

void sl_segmenter_tick(struct sl_segmenter *segmenter, int64_t now_us)
{
    struct sl_interleaved *next;

    check_keyframe(segmenter, now_us);
    check_sound(segmenter, now_us);
    while ((next = sl_interleave_next(&segmenter->interleave, now_us))) {
        struct sl_program_item *item = sl_container_of(next, struct sl_program_item, order);
        if (next->kind == SL_VIDEO)
            take_picture(segmenter, item, now_us);
        else
            take_sound(segmenter, item, now_us);
        free(item);
    }
}

/* ---- Lives ---- */

void sl_segmenter_set_target(struct sl_segmenter *segmenter, int64_t target_s)
{
    segmenter->limit_us = target_s * SL_US_PER_S + ROUNDED_DOWN_US;
}

struct sl_segmenter *sl_segmenter_create(const struct sl_segmenter_config *config, int64_t now_us)
{
    struct sl_segmenter *segmenter = sl_new(struct sl_segmenter);

    segmenter->config = *config;
    segmenter->started_us = now_us;
    segmenter->cut_us = now_us;
    sl_segmenter_set_target(segmenter, LONGEST_S);
    sl_buffer_init(&segmenter->out, PIECE_MAX + FRAME_MAX);
    sl_interleave_init(&segmenter->interleave);
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (config->form.from[kind] != SL_CODEC_NONE)
            sl_interleave_expect(&segmenter->interleave, (enum sl_media_kind)kind, now_us);
    }
    return segmenter;
}

void sl_segmenter_destroy(struct sl_segmenter *segmenter)
{
    struct sl_interleaved *left;

    if (!segmenter)
        return;
    while ((left = sl_interleave_take(&segmenter->interleave)))
        free(sl_container_of(left, struct sl_program_item, order));
    end_muxer(segmenter);
    sl_buffer_deinit(&segmenter->out);
    free(segmenter);
}
