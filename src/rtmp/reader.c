/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When to begin, and what goes in front of what. */
#include "rtmp/reader.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "rtmp/tagger.h"

struct sl_tag_reader {
    struct sl_tag_reader_config config;
    int64_t started_us;
    bool begun;
    int64_t origin_us; /* time stamp 0 */
    uint32_t last_timestamp_ms;
    struct sl_flv_video_config *video; /* told last; NULL: none */
    bool sound_told;                   /* its configuration, if it has one */
    bool muted;
    struct sl_player *player; /* NULL: the source is heard */
};

struct sl_tag_reader *sl_tag_reader_create(const struct sl_tag_reader_config *config,
                                           int64_t now_us)
{
    struct sl_tag_reader *reader = sl_new(struct sl_tag_reader);

    reader->config = *config;
    reader->started_us = now_us;
    return reader;
}

void sl_tag_reader_destroy(struct sl_tag_reader *reader)
{
    if (!reader)
        return;
    sl_player_close(reader->player);
    sl_flv_video_config_unref(reader->video);
    free(reader);
}

bool sl_tag_reader_has_begun(const struct sl_tag_reader *reader)
{
    return reader->begun;
}

/* ---- Time ---- */

static uint32_t ms_of(const struct sl_tag_reader *reader, int64_t us)
{
    int64_t ms = (us - reader->origin_us) / SL_US_PER_MS;

    return ms > 0 ? (uint32_t)ms : 0;
}

/* Never back, for either track: what was made so late that the other was not held for it any longer
 * is of that one's time. Wraps after 49 days like everybody's. */
static uint32_t timestamp_of(struct sl_tag_reader *reader, int64_t dts_us)
{
    uint32_t timestamp_ms = ms_of(reader, dts_us);

    if ((int32_t)(timestamp_ms - reader->last_timestamp_ms) < 0)
        timestamp_ms = reader->last_timestamp_ms;
    reader->last_timestamp_ms = timestamp_ms;
    return timestamp_ms;
}

/* ---- Out ---- */

static void give(struct sl_tag_reader *reader, enum sl_rtmp_type type, uint32_t timestamp_ms,
                 const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len)
{
    reader->config.ops->on_tag(reader->config.owner, type, timestamp_ms, head, head_len, tail,
                               tail_len);
}

static void give_metadata(struct sl_tag_reader *reader)
{
    const struct sl_program_sound *sound = reader->config.sound;
    uint8_t bytes[SL_FLV_METADATA_MAX];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));
    struct sl_flv_metadata metadata = {
        .has_video = reader->config.has_pictures,
        .has_audio = reader->config.has_sound,
        .width = reader->video ? reader->video->width : 0,
        .height = reader->video ? reader->video->height : 0,
        .audio = sound->codec,
        .audio_rate_hz = sound->rate_hz,
        .audio_channels = sound->channels,
    };

    sl_flv_write_metadata(&w, &metadata);
    give(reader, SL_RTMP_DATA, reader->last_timestamp_ms, bytes, sl_writer_len(&w), NULL, 0);
}

static void give_sound_config(struct sl_tag_reader *reader, uint32_t timestamp_ms)
{
    const struct sl_program_sound *sound = reader->config.sound;
    uint8_t head[SL_FLV_HEAD_MAX];

    reader->sound_told = true;
    if (sound->config_len > 0)
        give(reader, SL_RTMP_AUDIO, timestamp_ms, head, sl_flv_audio_head(head, sound->codec, true),
             sound->config, sound->config_len);
}

static bool sizes_differ(const struct sl_flv_video_config *a, const struct sl_flv_video_config *b)
{
    return !a || a->width != b->width || a->height != b->height;
}

/* The configuration in front of a key frame, unless it was told last. */
static void give_video_config(struct sl_tag_reader *reader, struct sl_flv_video_config *config,
                              uint32_t timestamp_ms)
{
    struct sl_flv_video_config *old = reader->video;
    uint8_t head[SL_FLV_HEAD_MAX];

    if (config == old)
        return;
    bool size_is_new = sizes_differ(old, config);
    reader->video = sl_flv_video_config_ref(config);
    sl_flv_video_config_unref(old);
    if (size_is_new)
        give_metadata(reader);
    give(reader, SL_RTMP_VIDEO, timestamp_ms, head, sl_flv_video_head(head, true, true, 0),
         config->avc.bytes, config->avc.len);
}

static void give_picture(struct sl_tag_reader *reader, const struct sl_flv_tag *tag)
{
    uint32_t timestamp_ms = timestamp_of(reader, tag->order.dts_us);
    int32_t composition_ms = (int32_t)(ms_of(reader, tag->pts_us) - timestamp_ms);
    uint8_t head[SL_FLV_HEAD_MAX];

    if (tag->config)
        give_video_config(reader, tag->config, timestamp_ms);
    if (!reader->video)
        return; /* sound has begun without pictures: they join at a key frame */
    size_t len = sl_flv_video_head(head, tag->keyframe, false,
                                   composition_ms > 0 ? (uint32_t)composition_ms : 0);
    give(reader, SL_RTMP_VIDEO, timestamp_ms, head, len, tag->bytes, tag->len);
}

/* What is heard in place of the tag's own: by a sound, by mute, which outweighs it. */
static void replace_sound(struct sl_tag_reader *reader, const uint8_t **data, size_t *len)
{
    const struct sl_program_sound *sound = reader->config.sound;

    if (reader->player && !sl_player_next(reader->player, data, len)) {
        sl_player_close(reader->player);
        reader->player = NULL;
        reader->config.ops->on_sound_end(reader->config.owner);
    }
    if (!reader->muted)
        return;
    *data = sound->silence;
    *len = sound->silence_len;
}

static void give_sound(struct sl_tag_reader *reader, const struct sl_flv_tag *tag)
{
    uint32_t timestamp_ms = timestamp_of(reader, tag->order.dts_us);
    const uint8_t *data = tag->bytes;
    size_t len = tag->len;
    uint8_t head[SL_FLV_HEAD_MAX];

    if (!reader->sound_told)
        give_sound_config(reader, timestamp_ms);
    replace_sound(reader, &data, &len);
    give(reader, SL_RTMP_AUDIO, timestamp_ms, head,
         sl_flv_audio_head(head, reader->config.sound->codec, false), data, len);
}

/* ---- In ---- */

static bool may_begin(const struct sl_tag_reader *reader, const struct sl_flv_tag *tag,
                      int64_t now_us)
{
    if (tag->order.kind == SL_VIDEO)
        return tag->config != NULL;
    return !reader->config.has_pictures || now_us - reader->started_us > SL_RTMP_START_WAIT_US;
}

static void begin(struct sl_tag_reader *reader, const struct sl_flv_tag *tag)
{
    reader->begun = true;
    reader->origin_us = tag->order.dts_us;
    if (!tag->config) /* whose size is told with the rest of it */
        give_metadata(reader);
}

void sl_tag_reader_input(struct sl_tag_reader *reader, const struct sl_flv_tag *tag, int64_t now_us)
{
    if (tag->order.kind == SL_AUDIO && !reader->config.has_sound)
        return; /* a row of silence that others asked for */
    if (!reader->begun) {
        if (!may_begin(reader, tag, now_us))
            return;
        begin(reader, tag);
    }
    if (tag->order.kind == SL_VIDEO)
        give_picture(reader, tag);
    else
        give_sound(reader, tag);
}

/* ---- Mute and sound ---- */

void sl_tag_reader_set_muted(struct sl_tag_reader *reader, bool muted)
{
    reader->muted = muted;
}

bool sl_tag_reader_set_sound(struct sl_tag_reader *reader, struct sl_player *player)
{
    sl_player_close(reader->player);
    reader->player = player;
    if (!player || reader->config.has_sound)
        return false;
    reader->config.has_sound = true;
    if (reader->begun)
        give_metadata(reader);
    return true;
}
