/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames into pieces, pieces to the disk. */
#include "record/part.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

enum {
    PIECE_US = 2 * (int)SL_US_PER_S, /* a crash takes no more */
    BUFFER_MAX = SL_MUX_PIECE_MAX + (1 << 20),
};

struct sl_record_part {
    struct sl_record_part_config config;
    struct sl_record_file *file;
    struct sl_muxer *muxer;
    struct sl_record_facts facts;
    bool has[2];      /* by enum sl_media_kind */
    int64_t zero_us;  /* the program's time of the file's 0 */
    int64_t piece_us; /* when the piece began; negative: it is empty */
};

/* ---- Beginning ---- */

static const char *codec_word(enum sl_codec codec)
{
    switch ((int)codec) {
    case SL_CODEC_NONE:
        return "";
    case SL_CODEC_AAC:
        return "AAC";
    default:
        return sl_codec_name(codec);
    }
}

static void fill_tracks(const struct sl_record_part *part, const struct sl_program_item *first,
                        struct sl_mux_tracks *out)
{
    const struct sl_program *program = part->config.recorder->program;
    const struct sl_program_form *form = sl_program_form(program);
    const struct sl_program_sound *sound = sl_program_sound(program);

    *out = (struct sl_mux_tracks){.codecs = {SL_CODEC_NONE, SL_CODEC_NONE}};
    if (part->has[SL_VIDEO]) {
        out->codecs[SL_VIDEO] = form->to[SL_VIDEO];
        if (form->to[SL_VIDEO] == SL_CODEC_H264) {
            out->configs[SL_VIDEO] = first->data;
            out->config_lens[SL_VIDEO] = first->len;
        }
        out->width = first->width;
        out->height = first->height;
    }
    if (part->has[SL_AUDIO]) {
        out->codecs[SL_AUDIO] = form->to[SL_AUDIO];
        out->configs[SL_AUDIO] = sound->config_len > 0 ? sound->config : NULL;
        out->config_lens[SL_AUDIO] = sound->config_len;
        out->rate_hz = sound->rate_hz;
        out->channels = sound->channels;
    }
}

static void note_begin(struct sl_record_part *part, const struct sl_mux_tracks *tracks)
{
    part->facts = part->config.recorder->facts;
    part->facts.start_ms = part->zero_us / SL_US_PER_MS;
    part->facts.start_wall_ms = sl_wall_ms();
    part->facts.has_duration = part->config.recorder->container == SL_MP4;
    part->facts.audio_codec = codec_word(tracks->codecs[SL_AUDIO]);
    part->facts.video_codec = codec_word(tracks->codecs[SL_VIDEO]);
}

static void open_file(struct sl_record_part *part, const struct sl_mux_tracks *tracks,
                      struct sl_buffer *head, char base[static SL_RECORD_NAME_MAX])
{
    const struct sl_recorder_config *recorder = part->config.recorder;
    struct sl_record_file_config file = {
        .disk = recorder->disk,
        .name = base,
        .container = recorder->container,
        .stream = recorder->stream,
        .sync_us = recorder->sync_us,
        .queued_us = part->config.queued_us,
        .on_closed = part->config.on_closed,
        .owner = part->config.owner,
    };

    note_begin(part, tracks);
    sl_record_name_build(recorder->template, &part->facts, base);
    part->file = sl_record_file_create(&file, head);
    part->piece_us = -1;
}

struct sl_record_part *sl_record_part_create(const struct sl_record_part_config *config,
                                             const struct sl_program_item *first, bool has_sound,
                                             char base[static SL_RECORD_NAME_MAX])
{
    struct sl_record_part *part = sl_new(struct sl_record_part);
    struct sl_muxer_config muxer = {.container = config->recorder->container};
    struct sl_buffer head;

    part->config = *config;
    part->has[SL_VIDEO] = first->order.kind == SL_VIDEO;
    part->has[SL_AUDIO] = has_sound;
    part->zero_us = first->pts_us;
    fill_tracks(part, first, &muxer.tracks);
    sl_buffer_init(&head, BUFFER_MAX);
    int err = sl_muxer_create(&muxer, &head, &part->muxer);
    if (err < 0) {
        sl_log(SL_LOG_DEBUG, config->scope, "record: no file begins with this key frame: %s",
               strerror(-err));
        sl_buffer_deinit(&head);
        free(part);
        return NULL;
    }
    open_file(part, &muxer.tracks, &head, base);
    return part;
}

/* ---- Frames ---- */

/* Times of the file from here on. */
static int64_t file_us(const struct sl_record_part *part, int64_t us)
{
    return us == SL_MUX_LAST ? us : us - part->zero_us;
}

static void cut(struct sl_record_part *part, int64_t next_us)
{
    struct sl_mux_piece piece;
    struct sl_buffer bytes;

    sl_buffer_init(&bytes, BUFFER_MAX);
    int err = sl_muxer_cut(part->muxer, file_us(part, next_us), &bytes, &piece);
    part->piece_us = -1;
    if (err == 0)
        sl_record_file_write(part->file, &bytes, piece.end_us - piece.begin_us);
    else if (err == -ENOMEM)
        sl_log(SL_LOG_ERROR, part->config.scope, "record: no memory, a piece of it is lost");
    sl_buffer_deinit(&bytes);
}

void sl_record_part_cut_before(struct sl_record_part *part, const struct sl_program_item *item)
{
    enum sl_media_kind kind = item->order.kind;

    if (part->piece_us >= 0 && kind == (part->has[SL_VIDEO] ? SL_VIDEO : SL_AUDIO) &&
        (item->order.dts_us - part->piece_us >= PIECE_US || (kind == SL_VIDEO && item->keyframe)))
        cut(part, item->order.dts_us);
}

int sl_record_part_add(struct sl_record_part *part, const struct sl_program_item *item)
{
    const struct sl_mux_sample sample = {
        .kind = item->order.kind,
        .keyframe = item->keyframe,
        .pts_us = file_us(part, item->pts_us),
        .dts_us = file_us(part, item->order.dts_us),
        .data = item->data,
        .len = item->len,
    };

    if (item->order.kind == SL_AUDIO && sample.pts_us < 0)
        return 0;
    int err = sl_muxer_add(part->muxer, &sample);
    if (err == -ENOBUFS) {
        cut(part, item->order.dts_us);
        err = sl_muxer_add(part->muxer, &sample);
    }
    if (err == 0 && part->piece_us < 0)
        part->piece_us = item->order.dts_us;
    return err;
}

/* ---- What there is to know ---- */

bool sl_record_part_has(const struct sl_record_part *part, enum sl_media_kind kind)
{
    return part->has[kind];
}

bool sl_record_part_is_full(const struct sl_record_part *part, int64_t now_us)
{
    const struct sl_record_rotation *rotation = &part->config.recorder->rotation;

    return (rotation->us > 0 && now_us - part->zero_us >= rotation->us) ||
           (rotation->bytes > 0 && sl_record_file_len(part->file) >= rotation->bytes);
}

int sl_record_part_error(const struct sl_record_part *part)
{
    return sl_record_file_error(part->file);
}

/* ---- The end ---- */

void sl_record_part_end(struct sl_record_part *part, int64_t next_us, unsigned number)
{
    char base[SL_RECORD_NAME_MAX];
    struct sl_record_ending ending = {.base = base, .number = number};

    if (!part)
        return;
    struct sl_record_facts *facts = &part->facts;
    cut(part, next_us);
    sl_buffer_init(&ending.head, BUFFER_MAX);
    sl_buffer_init(&ending.tail, BUFFER_MAX);
    int err = sl_muxer_finish(part->muxer, &ending.head, &ending.tail);
    if (err < 0)
        sl_log(SL_LOG_WARN, part->config.scope, "record: no memory for an index");
    facts->duration_ms = sl_muxer_duration_us(part->muxer) / SL_US_PER_MS;
    facts->end_ms = facts->start_ms + facts->duration_ms;
    facts->end_wall_ms = sl_wall_ms();
    sl_record_name_build(part->config.recorder->template, facts, base);
    sl_record_file_close(part->file, &ending);
    sl_muxer_destroy(part->muxer);
    free(part);
}
