/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The conductor of audio.c, video.c and interleave.c. */
#include "push/media.h"

#include "base/clock.h"
#include "base/mem.h"
#include "mux/mux.h"
#include "push/audio.h"
#include "push/video.h"
#include "stream/stream.h"

#include <errno.h>
#include <string.h>

enum {
    /* A missing packet is waited for half a second (stream/frames.c); before that, silence would
     * take the place of sound that is about to come. */
    AUDIO_LATENCY_US = 700000,
    START_WAIT_US = 3000000, /* for a picture; then sound begins without one */
    /* Viewers of the RTMP server cannot ask for a key frame, and services want one at least that
     * often (YouTube: 4 s). */
    KEYFRAME_INTERVAL_US = 4000000,
    KEYFRAME_REPEAT_US = 1000000,
    /* Frames arrive near the time they are of; if they do not, the source's clock has jumped. */
    DEVIATION_MAX_US = 5000000,
    /* A track whose time has jumped back stands still (stream/frames.c): frames that are so much
     * apart as they come, and so little by their stamps. */
    STUCK_ARRIVAL_US = 5000,
    STUCK_PTS_US = 1000,
    LAG_WINDOW_US = 5000000,
    /* AAC's priming comes up to 1024 samples before the beginning. */
    PRIMING_US = 30000,
};

/* How far behind the local clock the newest frames are: the least of the last seconds. */
struct lag {
    int64_t window_begin_us, current_us, previous_us;
};

struct media {
    const struct media_ops *ops;
    void *owner;
    enum sl_codec codecs[2];
    struct audio *audio; /* NULL: none (yet) */
    struct video *video; /* NULL: none */
    struct sl_interleave interleave;
    bool muted;
    int64_t started_us; /* 0: the server is not ready */
    bool begun;         /* media flows */
    int64_t origin_us;  /* time stamp 0 */
    uint16_t width, height;
    struct lag lag;
    int64_t shift_us[2]; /* added to the source's time stamps, where those are far off */
    int64_t last_raw_us[2], last_arrival_us[2], last_dts_us[2];
    uint32_t last_timestamp_ms[2];
    int64_t now_us;      /* of the call we are in */
    int64_t keyframe_us; /* when the last came or was asked for */
    struct sound *sound; /* to be played from the beginning on */
    bool loop;
};

/* ---- Out ---- */

static uint32_t ms_of(const struct media *media, int64_t us)
{
    int64_t ms = (us - media->origin_us) / SL_US_PER_MS;

    return ms > 0 ? (uint32_t)ms : 0;
}

static uint32_t timestamp_of(struct media *media, enum sl_media_kind kind, int64_t dts_us)
{
    uint32_t timestamp_ms = ms_of(media, dts_us);

    /* Never back; wraps after 49 days like everybody's. */
    if ((int32_t)(timestamp_ms - media->last_timestamp_ms[kind]) < 0)
        timestamp_ms = media->last_timestamp_ms[kind];
    media->last_timestamp_ms[kind] = timestamp_ms;
    return timestamp_ms;
}

static void give_tag(struct media *media, struct sl_flv_tag *tag)
{
    uint32_t timestamp_ms = timestamp_of(media, tag->order.kind, tag->order.dts_us);
    int32_t composition_ms = (int32_t)(ms_of(media, tag->pts_us) - timestamp_ms);

    if (tag->order.kind == SL_VIDEO)
        sl_flv_set_composition(tag->bytes, composition_ms > 0 ? (uint32_t)composition_ms : 0);
    media->ops->on_tag(media->owner, tag->order.kind == SL_AUDIO ? SL_RTMP_AUDIO : SL_RTMP_VIDEO,
                       timestamp_ms, tag->bytes, tag->len);
}

static void release(struct media *media, int64_t now_us)
{
    struct sl_interleaved *next;

    while ((next = sl_interleave_next(&media->interleave, now_us))) {
        struct sl_flv_tag *tag = sl_container_of(next, struct sl_flv_tag, order);
        give_tag(media, tag);
        sl_flv_tag_unref(tag);
    }
}

static void send_metadata(struct media *media)
{
    uint8_t bytes[SL_FLV_METADATA_MAX];
    struct sl_writer w = sl_writer_of(bytes, sizeof(bytes));
    struct sl_flv_metadata metadata = {
        .has_video = media->video,
        .has_audio = media->audio,
        .width = media->width,
        .height = media->height,
    };

    if (media->audio) {
        metadata.audio = audio_encoding(media->audio);
        metadata.audio_rate_hz = audio_rate_hz(media->audio);
        metadata.audio_channels = audio_channels(media->audio);
    }
    sl_flv_write_metadata(&w, &metadata);
    media->ops->on_tag(media->owner, SL_RTMP_DATA, media->last_timestamp_ms[SL_VIDEO], bytes,
                       sl_writer_len(&w));
}

static void add_audio(struct media *media, bool is_config, const uint8_t *data, size_t len,
                      int64_t pts_us)
{
    struct sl_flv_tag *tag = sl_flv_tag_create(SL_AUDIO, pts_us, SL_FLV_HEAD_MAX + len);

    if (!tag)
        return;
    size_t head = sl_flv_audio_head(tag->bytes, audio_encoding(media->audio), is_config);
    memcpy(tag->bytes + head, data, len);
    tag->len = head + len;
    sl_interleave_add(&media->interleave, &tag->order, media->now_us);
}

static void on_coded_audio(void *owner, const struct sl_coded *coded)
{
    add_audio(owner, false, coded->data, coded->len, coded->pts_us);
}

static void on_sound_end(void *owner)
{
    struct media *media = owner;

    media->ops->on_sound_end(media->owner);
}

static void begin_audio(struct media *media, int64_t pts_us)
{
    size_t len;
    const uint8_t *config = audio_config(media->audio, &len);

    audio_begin(media->audio, pts_us);
    audio_set_muted(media->audio, media->muted);
    audio_set_sound(media->audio, media->sound, media->loop);
    sound_unref(media->sound);
    media->sound = NULL;
    sl_interleave_expect(&media->interleave, SL_AUDIO, media->now_us);
    if (len > 0)
        add_audio(media, true, config, len, pts_us - PRIMING_US);
}

/* Everything begins at this time. */
static void begin(struct media *media, int64_t pts_us)
{
    media->begun = true;
    media->origin_us = media->audio ? pts_us - PRIMING_US : pts_us;
    send_metadata(media);
    if (media->video)
        sl_interleave_expect(&media->interleave, SL_VIDEO, media->now_us);
    if (media->audio)
        begin_audio(media, pts_us);
}

static void on_video_tag(void *owner, struct sl_flv_tag *tag)
{
    struct media *media = owner;

    sl_interleave_add(&media->interleave, &tag->order, media->now_us);
}

static void on_video_size(void *owner, uint16_t width, uint16_t height, int64_t dts_us)
{
    struct media *media = owner;

    media->width = width;
    media->height = height;
    if (media->begun)
        send_metadata(media);
    else
        begin(media, dts_us);
}

static void on_video_loss(void *owner)
{
    struct media *media = owner;

    media->ops->on_keyframe_wanted(media->owner);
}

/* ---- Life ---- */

static const struct audio_ops audio_ops = {on_coded_audio, on_sound_end};
static const struct video_ops video_ops = {on_video_tag, on_video_size, on_video_loss};

int media_create(const enum sl_codec codecs[static 2], const struct media_ops *ops, void *owner,
                 struct media **out)
{
    struct media *media = sl_new(struct media);
    int err = 0;

    media->ops = ops;
    media->owner = owner;
    sl_interleave_init(&media->interleave);
    media->codecs[SL_AUDIO] = audio_can_take(codecs[SL_AUDIO]) ? codecs[SL_AUDIO] : SL_CODEC_NONE;
    media->codecs[SL_VIDEO] = video_can_take(codecs[SL_VIDEO]) ? codecs[SL_VIDEO] : SL_CODEC_NONE;
    if (media->codecs[SL_AUDIO] == SL_CODEC_NONE && media->codecs[SL_VIDEO] == SL_CODEC_NONE)
        err = -ENOSYS;
    if (err == 0 && media->codecs[SL_AUDIO] != SL_CODEC_NONE)
        err = audio_create(media->codecs[SL_AUDIO], &audio_ops, media, &media->audio);
    if (err == 0 && media->codecs[SL_VIDEO] != SL_CODEC_NONE)
        err = video_create(media->codecs[SL_VIDEO], &video_ops, media, &media->video);
    if (err < 0) {
        media_destroy(media);
        return err;
    }
    *out = media;
    return 0;
}

void media_destroy(struct media *media)
{
    if (!media)
        return;
    video_destroy(media->video);
    audio_destroy(media->audio);
    struct sl_interleaved *left;
    while ((left = sl_interleave_take(&media->interleave)))
        sl_flv_tag_unref(sl_container_of(left, struct sl_flv_tag, order));
    sound_unref(media->sound);
    free(media);
}

void media_start(struct media *media, int64_t now_us)
{
    media->started_us = now_us;
    media->keyframe_us = now_us;
}

/* ---- Time ---- */

static void note_lag(struct lag *lag, int64_t lag_us, int64_t now_us)
{
    if (lag->window_begin_us == 0) {
        *lag = (struct lag){now_us, lag_us, lag_us};
    } else if (now_us - lag->window_begin_us > LAG_WINDOW_US) {
        *lag = (struct lag){now_us, lag_us, lag->current_us};
    } else if (lag_us < lag->current_us) {
        lag->current_us = lag_us;
    }
}

/* The time of the source's clock that arrives now. */
static int64_t media_now_us(const struct media *media, int64_t now_us)
{
    const struct lag *lag = &media->lag;

    return now_us - (lag->current_us < lag->previous_us ? lag->current_us : lag->previous_us);
}

static bool is_stuck(struct media *media, enum sl_media_kind kind, int64_t raw_us,
                     int64_t arrival_us)
{
    bool stuck = raw_us - media->last_raw_us[kind] < STUCK_PTS_US &&
                 arrival_us - media->last_arrival_us[kind] > STUCK_ARRIVAL_US;

    media->last_raw_us[kind] = raw_us;
    media->last_arrival_us[kind] = arrival_us;
    return stuck;
}

static bool is_apart(int64_t a_us, int64_t b_us)
{
    return a_us - b_us > DEVIATION_MAX_US || b_us - a_us > DEVIATION_MAX_US;
}

/* A time of decoding that can be worked with: near the time it arrived, and in each track rising.
 * What was far off and is not any more needs no shift, which loses synchronism. */
static int64_t sane_dts_us(struct media *media, const struct sl_frame *frame, int64_t arrival_us)
{
    enum sl_media_kind kind = sl_codec_kind(frame->codec);
    int64_t expected_us = media_now_us(media, arrival_us), *shift_us = &media->shift_us[kind];

    if (!is_apart(frame->dts_us, expected_us))
        *shift_us = 0;
    int64_t dts_us = frame->dts_us + *shift_us;
    if (is_stuck(media, kind, frame->dts_us, arrival_us)) {
        dts_us = expected_us;
    } else if (is_apart(dts_us, expected_us)) {
        dts_us = expected_us;
        *shift_us = dts_us - frame->dts_us;
    } else {
        note_lag(&media->lag, arrival_us - dts_us, arrival_us);
    }
    if (dts_us <= media->last_dts_us[kind])
        dts_us = media->last_dts_us[kind] + 1;
    media->last_dts_us[kind] = dts_us;
    return dts_us;
}

/* ---- In ---- */

bool media_takes(const struct media *media, enum sl_media_kind kind)
{
    return kind == SL_VIDEO || media->begun || !media->video;
}

void media_input(struct media *media, const struct sl_frame *frame, int64_t arrival_us,
                 int64_t now_us)
{
    enum sl_media_kind kind = sl_codec_kind(frame->codec);

    media->now_us = now_us;
    if (media->started_us == 0 || frame->codec == SL_CODEC_NONE ||
        frame->codec != media->codecs[kind])
        return;
    int64_t dts_us = sane_dts_us(media, frame, arrival_us);
    if (kind == SL_VIDEO) {
        if (frame->keyframe)
            media->keyframe_us = now_us;
        video_input(media->video, frame->data, frame->len, frame->keyframe, dts_us,
                    dts_us + (frame->pts_us - frame->dts_us));
    } else {
        if (!media->begun)
            begin(media, dts_us);
        audio_input(media->audio, frame->data, frame->len, dts_us);
    }
    release(media, now_us);
}

/* VP8 is encoded anew, with key frames of our own. */
static void check_keyframe(struct media *media, int64_t now_us)
{
    bool waits = media->video && (!media->begun || media->width == 0);
    int64_t interval_us = waits ? KEYFRAME_REPEAT_US : KEYFRAME_INTERVAL_US;

    if (!media->video || (media->codecs[SL_VIDEO] != SL_CODEC_H264 && !waits) ||
        now_us - media->keyframe_us < interval_us)
        return;
    /* The next is asked for a second later if none comes. */
    media->keyframe_us = now_us - (interval_us - KEYFRAME_REPEAT_US);
    media->ops->on_keyframe_wanted(media->owner);
}

void media_tick(struct media *media, int64_t now_us)
{
    media->now_us = now_us;
    if (media->started_us == 0)
        return;
    check_keyframe(media, now_us);
    if (!media->begun && media->audio && now_us - media->started_us > START_WAIT_US)
        begin(media, media_now_us(media, now_us));
    if (media->begun && media->audio)
        audio_advance(media->audio, media_now_us(media, now_us) - AUDIO_LATENCY_US);
    release(media, now_us);
}

/* ---- Mute and sound ---- */

void media_set_muted(struct media *media, bool muted)
{
    media->muted = muted;
    if (media->audio)
        audio_set_muted(media->audio, muted);
}

void media_set_sound(struct media *media, struct sound *sound, bool loop, int64_t now_us)
{
    bool late = sound && !media->audio && media->begun;

    media->now_us = now_us;
    /* A source without sound gets some for the first time. */
    if (sound && !media->audio && audio_create(SL_CODEC_NONE, &audio_ops, media, &media->audio) < 0)
        return;
    if (media->begun && !late && media->audio) {
        audio_set_sound(media->audio, sound, loop);
        return;
    }
    sound_unref(media->sound);
    media->sound = sound_ref(sound);
    media->loop = loop;
    if (late) {
        send_metadata(media);
        begin_audio(media, media_now_us(media, now_us));
    }
}
