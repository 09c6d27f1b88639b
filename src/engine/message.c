/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wire: a head of fields at fixed places in network byte order, and bytes behind it. */
#include "engine/message.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/*
 *  0 len(32) type(8) kind(8) codec(8) flags(8)   8 job(32) output(32)
 * 16 err(32) width(16) height(16)                24 pts_us(64)
 * 32 dts_us(64)                                  40 at_us(64)
 * 48 len_max(32) pictures: width(16) height(16)  56 bitrate_bps(32) gop_ms(32)
 * 64 pixels_max(32) nal_len_max(16) quality(8) fps_max(8)
 * 72 sound: rate_hz(32) bitrate_bps(32)          80 channels(8) percent(8) input(32)
 * 86 cell: x(16) y(16) width(16) height(16)      94 image(8), zeros to the end
 */
enum flag {
    FLAG_KEYFRAME = 1,
    FLAG_QUIET = 2,
    FLAG_FLASH = 4,
    FLAG_KEEP_ASPECT = 8,
    FLAG_GAPLESS = 16,
    FLAG_QUICK = 32,
    FLAGS = 63,
};

enum {
    ERR_MAX = 4095, /* the kernel's own bound */
    CONFIG_MAX = SL_PARAMETER_SETS_LEN_MAX,
    VERSION_MAX = 64,
};

/* What each type must have. Zero: nothing. */
enum need {
    NEED_JOB = 1,
    NEED_OUTPUT = 2, /* a real one */
    NEED_CODEC = 4,
    NEED_SIZE = 8, /* width and height */
    NEED_ERR = 16,
    NEED_INPUT = 32,
    NEED_ALL = NEED_JOB | NEED_OUTPUT,
};

static const struct {
    unsigned needs;
    uint32_t len_min, len_max;
} rules[SL_ENGINE_TYPES] = {
    [SL_ENGINE_OPEN] = {NEED_JOB, 0, 0},
    [SL_ENGINE_CLOSE] = {NEED_JOB, 0, 0},
    [SL_ENGINE_CONFIG] = {NEED_JOB | NEED_CODEC, 1, CONFIG_MAX},
    [SL_ENGINE_INPUT] = {NEED_JOB | NEED_CODEC, 1, SL_ENGINE_INPUT_MAX},
    [SL_ENGINE_OUTPUT] = {NEED_ALL | NEED_CODEC, 0, 0},
    [SL_ENGINE_DROP] = {NEED_ALL, 0, 0},
    [SL_ENGINE_KEYFRAME] = {NEED_ALL, 0, 0},
    [SL_ENGINE_SNAPSHOT] = {NEED_ALL, 0, 0},
    [SL_ENGINE_ADVANCE] = {NEED_JOB, 0, 0},
    [SL_ENGINE_DRAW] = {NEED_JOB, 0, 0},
    [SL_ENGINE_BEEP] = {NEED_JOB, 0, 0},
    [SL_ENGINE_PLACE] = {NEED_JOB | NEED_INPUT, 0, 0},
    [SL_ENGINE_LEVEL] = {NEED_JOB | NEED_INPUT, 0, 0},
    [SL_ENGINE_LEAVE] = {NEED_JOB | NEED_INPUT, 0, 0},
    [SL_ENGINE_IMAGE] = {NEED_JOB, 1, SL_ENGINE_INPUT_MAX},
    [SL_ENGINE_PING] = {0, 0, 0},
    [SL_ENGINE_ADOPT] = {0, 0, 0},
    [SL_ENGINE_READY] = {0, 1, VERSION_MAX},
    [SL_ENGINE_PONG] = {0, 0, 0},
    [SL_ENGINE_CODED] = {NEED_ALL | NEED_CODEC, 1, SL_ENGINE_INPUT_MAX},
    [SL_ENGINE_CODED_CONFIG] = {NEED_ALL | NEED_CODEC, 1, CONFIG_MAX},
    [SL_ENGINE_NEED_KEYFRAME] = {NEED_JOB, 0, 0},
    [SL_ENGINE_REFUSED] = {NEED_JOB | NEED_ERR, 0, 0},
    [SL_ENGINE_PICTURE] = {NEED_ALL | NEED_SIZE, 1, SL_ENGINE_DATA_MAX},
    [SL_ENGINE_FAILED] = {NEED_JOB | NEED_ERR, 0, 0},
    [SL_ENGINE_LATE] = {NEED_JOB, 0, 0},
    [SL_ENGINE_DYING] = {0, 0, 0},
};

/* ---- Build ---- */

static void write_i64(struct sl_writer *w, int64_t v)
{
    sl_write_u32(w, (uint32_t)((uint64_t)v >> 32));
    sl_write_u32(w, (uint32_t)v);
}

static uint8_t flags_of(const struct sl_engine_message *message)
{
    return (uint8_t)((message->keyframe ? FLAG_KEYFRAME : 0) | (message->quiet ? FLAG_QUIET : 0) |
                     (message->flash ? FLAG_FLASH : 0) |
                     (message->form.pictures.keep_aspect ? FLAG_KEEP_ASPECT : 0) |
                     (message->form.sound.gapless ? FLAG_GAPLESS : 0) |
                     (message->form.pictures.quick ? FLAG_QUICK : 0));
}

static void write_forms(struct sl_writer *w, const struct sl_engine_pictures *pictures,
                        const struct sl_engine_sound *sound)
{
    sl_write_u16(w, pictures->width);
    sl_write_u16(w, pictures->height);
    sl_write_u32(w, pictures->bitrate_bps);
    sl_write_u32(w, pictures->gop_ms);
    sl_write_u32(w, pictures->pixels_max);
    sl_write_u16(w, pictures->nal_len_max);
    sl_write_u8(w, pictures->quality);
    sl_write_u8(w, pictures->fps_max);
    sl_write_u32(w, sound->rate_hz);
    sl_write_u32(w, sound->bitrate_bps);
    sl_write_u8(w, sound->channels);
}

void sl_engine_build(const struct sl_engine_message *message,
                     uint8_t out[static SL_ENGINE_HEAD_LEN])
{
    struct sl_writer w = sl_writer_of(out, SL_ENGINE_HEAD_LEN);

    sl_write_u32(&w, (uint32_t)message->len);
    sl_write_u8(&w, (uint8_t)message->type);
    sl_write_u8(&w, (uint8_t)message->kind);
    sl_write_u8(&w, (uint8_t)message->codec);
    sl_write_u8(&w, flags_of(message));
    sl_write_u32(&w, message->job);
    sl_write_u32(&w, message->output);
    sl_write_u32(&w, (uint32_t)message->err);
    sl_write_u16(&w, message->width);
    sl_write_u16(&w, message->height);
    write_i64(&w, message->pts_us);
    write_i64(&w, message->dts_us);
    write_i64(&w, message->at_us);
    sl_write_u32(&w, message->len_max);
    write_forms(&w, &message->form.pictures, &message->form.sound);
    sl_write_u8(&w, message->percent);
    sl_write_u32(&w, message->input);
    sl_write_u16(&w, message->cell.x);
    sl_write_u16(&w, message->cell.y);
    sl_write_u16(&w, message->cell.width);
    sl_write_u16(&w, message->cell.height);
    sl_write_u8(&w, (uint8_t)message->image);
    assert(w.ok);
    memset(w.at, 0, (size_t)(w.end - w.at));
}

/* ---- Parse ---- */

static int64_t read_i64(struct sl_reader *r)
{
    uint64_t high = sl_read_u32(r);

    return (int64_t)(high << 32 | sl_read_u32(r));
}

static void read_flags(uint8_t flags, struct sl_engine_message *out)
{
    out->keyframe = flags & FLAG_KEYFRAME;
    out->quiet = flags & FLAG_QUIET;
    out->flash = flags & FLAG_FLASH;
    out->form.pictures.keep_aspect = flags & FLAG_KEEP_ASPECT;
    out->form.sound.gapless = flags & FLAG_GAPLESS;
    out->form.pictures.quick = flags & FLAG_QUICK;
}

static void read_forms(struct sl_reader *r, struct sl_engine_pictures *pictures,
                       struct sl_engine_sound *sound)
{
    pictures->width = sl_read_u16(r);
    pictures->height = sl_read_u16(r);
    pictures->bitrate_bps = sl_read_u32(r);
    pictures->gop_ms = sl_read_u32(r);
    pictures->pixels_max = sl_read_u32(r);
    pictures->nal_len_max = sl_read_u16(r);
    pictures->quality = sl_read_u8(r);
    pictures->fps_max = sl_read_u8(r);
    sound->rate_hz = sl_read_u32(r);
    sound->bitrate_bps = sl_read_u32(r);
    sound->channels = sl_read_u8(r);
}

/* False: a value that no field of its type may have. */
static bool read_head(struct sl_reader *r, struct sl_engine_message *out)
{
    out->len = sl_read_u32(r);
    uint8_t type = sl_read_u8(r), kind = sl_read_u8(r), codec = sl_read_u8(r);
    uint8_t flags = sl_read_u8(r);
    if (type >= SL_ENGINE_TYPES || kind >= SL_ENGINE_KINDS || codec >= SL_CODECS || flags & ~FLAGS)
        return false;
    out->type = (enum sl_engine_type)type;
    out->kind = (enum sl_engine_kind)kind;
    out->codec = (enum sl_codec)codec;
    read_flags(flags, out);
    out->job = sl_read_u32(r);
    out->output = sl_read_u32(r);
    out->err = (int32_t)sl_read_u32(r);
    out->width = sl_read_u16(r);
    out->height = sl_read_u16(r);
    out->pts_us = read_i64(r);
    out->dts_us = read_i64(r);
    out->at_us = read_i64(r);
    out->len_max = sl_read_u32(r);
    read_forms(r, &out->form.pictures, &out->form.sound);
    out->percent = sl_read_u8(r);
    out->input = sl_read_u32(r);
    out->cell.x = sl_read_u16(r);
    out->cell.y = sl_read_u16(r);
    out->cell.width = sl_read_u16(r);
    out->cell.height = sl_read_u16(r);
    uint8_t image = sl_read_u8(r);
    if (image >= SL_ENGINE_IMAGES)
        return false;
    out->image = (enum sl_engine_image)image;
    while (sl_reader_left(r) > 0) {
        if (sl_read_u8(r) != 0)
            return false;
    }
    return r->ok;
}

static bool is_time(int64_t us)
{
    return us >= -SL_ENGINE_TIME_MAX_US && us <= SL_ENGINE_TIME_MAX_US;
}

static bool is_cell(const struct sl_engine_cell *cell)
{
    return cell->x + cell->width <= SL_ENGINE_SIDE_MAX &&
           cell->y + cell->height <= SL_ENGINE_SIDE_MAX;
}

static bool is_in_bounds(const struct sl_engine_message *message)
{
    return message->err <= 0 && message->err >= -ERR_MAX && message->width <= SL_ENGINE_SIDE_MAX &&
           message->height <= SL_ENGINE_SIDE_MAX && is_time(message->pts_us) &&
           is_time(message->dts_us) && is_time(message->at_us) &&
           message->dts_us <= message->pts_us && message->form.pictures.quality <= 100 &&
           message->form.sound.channels <= SL_ENGINE_CHANNELS_MAX && is_cell(&message->cell) &&
           message->percent <= SL_ENGINE_PERCENT_MAX;
}

static bool has_what_it_needs(const struct sl_engine_message *message)
{
    unsigned needs = rules[message->type].needs;

    return (message->job != 0 || !(needs & NEED_JOB)) &&
           (message->output != SL_ENGINE_NO_OUTPUT || !(needs & NEED_OUTPUT)) &&
           (message->codec != SL_CODEC_NONE || !(needs & NEED_CODEC)) &&
           ((message->width > 0 && message->height > 0) || !(needs & NEED_SIZE)) &&
           (message->err != 0 || !(needs & NEED_ERR)) &&
           (message->input != 0 || !(needs & NEED_INPUT)) &&
           message->len >= rules[message->type].len_min &&
           message->len <= rules[message->type].len_max;
}

int64_t sl_engine_parse(const uint8_t *buf, size_t len, bool reports, struct sl_engine_message *out,
                        size_t *needed)
{
    struct sl_engine_message message = {0};

    if (len < SL_ENGINE_HEAD_LEN) {
        *needed = SL_ENGINE_HEAD_LEN;
        return 0;
    }
    struct sl_reader r = sl_reader_of(buf, SL_ENGINE_HEAD_LEN);
    if (!read_head(&r, &message) || sl_engine_is_report(message.type) != reports ||
        !is_in_bounds(&message) || !has_what_it_needs(&message))
        return -EBADMSG;
    if (len - SL_ENGINE_HEAD_LEN < message.len) {
        *needed = SL_ENGINE_HEAD_LEN + message.len;
        return 0;
    }
    message.data = message.len > 0 ? buf + SL_ENGINE_HEAD_LEN : NULL;
    *out = message;
    return (int64_t)(SL_ENGINE_HEAD_LEN + message.len);
}

struct sl_frame *sl_engine_frame(const struct sl_engine_message *coded)
{
    struct sl_frame *frame = sl_frame_create(coded->codec, coded->len);

    if (!frame)
        return NULL;
    frame->keyframe = coded->keyframe;
    frame->pts_us = coded->pts_us;
    frame->dts_us = coded->dts_us;
    frame->width = coded->width;
    frame->height = coded->height;
    memcpy(frame->data, coded->data, coded->len);
    return frame;
}
