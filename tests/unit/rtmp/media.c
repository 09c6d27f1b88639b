/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From frames to FLV: what begins when; changes of size; silence, mute and sound; codec processes
 * that die; all under a clock of the test's own. */
#include "../engine_loopback.h"
#include "rtmp/rtmp.h"

#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "mux/mux.h"
#include "program/converter.h"
#include "stream/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MS = SL_US_PER_MS, TAGS_MAX = 4000 };

#define SPS "\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8"
#define PPS "\x68\xce\x3c\x80"
#define IDR "\x65\x88\x84"

/* ---- A publication without a network: converter, tagger, reader in a row ---- */

struct seen {
    size_t count;
    struct {
        enum sl_rtmp_type type;
        uint32_t ms;
        size_t len;
        uint8_t head[SL_FLV_HEAD_MAX];
    } tags[TAGS_MAX];
    uint8_t metadata[1024];
    size_t metadata_len;
    int sound_ends, keyframes_wanted;
    struct sl_program_form form;
    struct sl_program_sound sound;
    struct sl_converter *converter;
    int failures;
    bool converter_closed;
    int players;
    struct sl_tagger *tagger;
    struct sl_tag_reader *reader;
    int64_t now_us;
};

static void on_sent(void *owner, enum sl_rtmp_type type, uint32_t timestamp_ms, const uint8_t *head,
                    size_t head_len, const uint8_t *tail, size_t tail_len)
{
    struct seen *seen = owner;
    uint8_t bytes[1 << 16];
    size_t len = head_len + tail_len;

    assert_true(len <= sizeof(bytes));
    memcpy(bytes, head, head_len);
    if (tail_len > 0)
        memcpy(bytes + head_len, tail, tail_len);

    assert_true(seen->count < TAGS_MAX);
    seen->tags[seen->count].type = type;
    seen->tags[seen->count].ms = timestamp_ms;
    seen->tags[seen->count].len = len;
    memcpy(seen->tags[seen->count].head, bytes, len < SL_FLV_HEAD_MAX ? len : SL_FLV_HEAD_MAX);
    seen->count++;
    if (type == SL_RTMP_DATA) {
        memcpy(seen->metadata, bytes, len);
        seen->metadata_len = len;
    }
}

static void on_sound_end(void *owner)
{
    ((struct seen *)owner)->sound_ends++;
}

static void on_keyframe_wanted(void *owner)
{
    ((struct seen *)owner)->keyframes_wanted++;
}

static void on_frame(void *owner, const struct sl_program_frame *frame)
{
    struct seen *seen = owner;

    sl_tagger_input(seen->tagger, frame, seen->now_us);
}

static void on_tag(void *owner, struct sl_flv_tag *tag)
{
    struct seen *seen = owner;

    sl_tag_reader_input(seen->reader, tag, seen->now_us);
}

static void on_sound_wanted(void *owner)
{
    struct seen *seen = owner;

    sl_converter_begin_sound(seen->converter, seen->now_us);
}

static const struct sl_program_want want = {
    .codecs = {
        [SL_AUDIO] = {SL_CODEC_AAC, SL_CODEC_PCMA, SL_CODEC_PCMU}, [SL_VIDEO] = {SL_CODEC_H264}}};

static struct sl_tag_reader *join(struct seen *seen, const struct sl_program_form *form)
{
    static const struct sl_tag_reader_ops ops = {on_sent, on_sound_end};
    struct sl_tag_reader_config config = {
        .has_sound = form->from[SL_AUDIO] != SL_CODEC_NONE,
        .has_pictures = form->from[SL_VIDEO] != SL_CODEC_NONE,
        .sound = &seen->sound,
        .ops = &ops,
        .owner = seen,
    };

    sl_tagger_join(seen->tagger, seen->now_us);
    return sl_tag_reader_create(&config, seen->now_us);
}

static void on_failed(void *owner, enum sl_media_kind kind, int err)
{
    (void)kind;
    assert_int_equal(err, -EAGAIN);
    ((struct seen *)owner)->failures++;
}

static void on_converter_closed(void *owner)
{
    ((struct seen *)owner)->converter_closed = true;
}

static struct seen *begin(enum sl_codec audio, enum sl_codec video)
{
    static const struct sl_converter_ops converter_ops = {on_frame, on_keyframe_wanted, on_failed,
                                                          on_converter_closed};
    static const struct sl_tagger_ops tagger_ops = {on_tag, on_keyframe_wanted, on_sound_wanted};
    struct seen *seen = sl_new(struct seen);
    enum sl_codec codecs[2] = {audio, video};

    assert_int_equal(sl_program_choose(codecs, &want, &seen->form), 0);
    assert_int_equal(
        sl_program_sound_init(seen->form.to[SL_AUDIO], seen->form.from[SL_AUDIO], &seen->sound), 0);
    seen->now_us = sl_now_us(); /* from there it runs faster than the engine's */
    seen->tagger = sl_tagger_create(&seen->form, &tagger_ops, seen, seen->now_us);
    seen->reader = join(seen, &seen->form);
    loopback.control = sl_loop_create("test");
    const struct sl_converter_config config = {
        .form = seen->form,
        .sound = &seen->sound,
        .control = loopback.control,
        .loop = loopback.control,
        .source = "test",
        .ops = &converter_ops,
        .owner = seen,
    };
    seen->converter = sl_converter_create(&config);
    loopback_settle();
    seen->keyframes_wanted = 0; /* by a decoder that begins */
    return seen;
}

static void finish(struct seen *seen)
{
    sl_tag_reader_destroy(seen->reader);
    sl_converter_close(seen->converter);
    assert_false(seen->converter_closed);
    loopback_settle();
    assert_true(seen->converter_closed);
    assert_int_equal(seen->players, 0);
    sl_converter_destroy(seen->converter);
    sl_tagger_destroy(seen->tagger);
    sl_loop_destroy(loopback.control);
    free(seen);
}

static void on_player_gone(void *owner)
{
    ((struct seen *)owner)->players--;
}

static void set_sound(struct seen *seen, struct sl_sound *sound, bool repeat)
{
    const struct sl_player_config config = {
        .control = loopback.control,
        .loop = loopback.control,
        .source = "test",
        .form = &seen->sound,
        .sound = sound,
        .repeat = repeat,
        .on_gone = on_player_gone,
        .owner = seen,
    };

    seen->players += sound ? 1 : 0;
    if (sl_tag_reader_set_sound(seen->reader, sound ? sl_player_create(&config) : NULL))
        sl_converter_begin_sound(seen->converter, seen->now_us);
    loopback_settle();
}

static void input_out_of_order(struct seen *seen, enum sl_codec codec, const void *bytes,
                               size_t len, bool keyframe, int64_t dts_us, int64_t pts_us)
{
    struct sl_frame *frame = sl_frame_create(codec, len);

    frame->keyframe = keyframe;
    frame->dts_us = dts_us;
    frame->pts_us = pts_us;
    memcpy(frame->data, bytes, len);
    sl_converter_input(seen->converter, frame, seen->now_us);
    loopback_settle();
    sl_tagger_tick(seen->tagger, seen->now_us);
    sl_frame_unref(frame);
}

static void input(struct seen *seen, enum sl_codec codec, const void *bytes, size_t len,
                  bool keyframe, int64_t pts_us)
{
    input_out_of_order(seen, codec, bytes, len, keyframe, pts_us, pts_us);
}

static void tick_until(struct seen *seen, int64_t until_us)
{
    for (; seen->now_us <= until_us; seen->now_us += 20 * MS) {
        sl_converter_tick(seen->converter, seen->now_us);
        loopback_settle();
        sl_tagger_tick(seen->tagger, seen->now_us);
    }
}

/* Tags of this type up to now; with their first byte if it is not 0. */
static size_t count_tags(const struct seen *seen, enum sl_rtmp_type type, uint8_t first,
                         uint8_t second)
{
    size_t count = 0;

    for (size_t i = 0; i < seen->count; i++) {
        if (seen->tags[i].type == type && (!first || seen->tags[i].head[0] == first) &&
            (!first || seen->tags[i].head[1] == second))
            count++;
    }
    return count;
}

struct camera {
    struct seen *seen;
    enum sl_codec codec; /* SL_CODEC_NONE: H264 */
    struct sl_video_encoder *encoder;
    int width, height;
    int64_t pts_us;
};

static void on_picture(void *arg, const struct sl_coded *coded)
{
    struct camera *camera = arg;

    input(camera->seen, camera->codec ? camera->codec : SL_CODEC_H264, coded->data, coded->len,
          coded->keyframe, coded->pts_us);
}

static void film(struct camera *camera, int width, int height, int pictures)
{
    struct sl_video_encoder_config config = {
        .width = width, .height = height, .fps = 25, .bitrate_bps = 300000, .codec = camera->codec};

    assert_int_equal(sl_video_encoder_create(&config, &camera->encoder), 0);
    for (int i = 0; i < pictures; i++) {
        struct sl_picture picture;
        assert_int_equal(sl_picture_create(width, height, &picture), 0);
        for (int p = 0; p < 3; p++)
            memset(picture.planes[p], 100 + i,
                   (size_t)picture.strides[p] * (size_t)(p ? height / 2 : height));
        picture.pts_us = camera->seen->now_us;
        assert_int_equal(
            sl_video_encoder_encode(camera->encoder, &picture, i == 0, on_picture, camera), 0);
        sl_picture_deinit(&picture);
        tick_until(camera->seen, camera->seen->now_us + 20 * MS);
    }
    sl_video_encoder_destroy(camera->encoder);
}

/* Whether the number of this key stands in the metadata. */
static bool metadata_has(const struct seen *seen, const char *key, double value)
{
    const uint8_t *at = memmem(seen->metadata, seen->metadata_len, key, strlen(key));
    uint64_t bits = 0;
    double number;

    if (!at)
        return false;
    at += strlen(key) + 1;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | at[i];
    memcpy(&number, &bits, sizeof(number));
    return number == value;
}

static void pictures_begin_with_metadata_configuration_and_key_frame(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_H264);
    struct camera camera = {.seen = seen};

    input(seen, SL_CODEC_H264, "\0\0\0\1\x41\x9a\x01", 7, false, seen->now_us);
    assert_int_equal(seen->count, 0);
    film(&camera, 320, 180, 5);
    assert_int_equal(seen->tags[0].type, SL_RTMP_DATA);
    assert_true(metadata_has(seen, "width", 320));
    assert_true(metadata_has(seen, "height", 180));
    assert_true(metadata_has(seen, "videocodecid", 7));
    assert_false(metadata_has(seen, "audiocodecid", 10));
    assert_memory_equal(seen->tags[1].head, "\x17\0", 2);
    assert_memory_equal(seen->tags[2].head, "\x17\1", 2);
    assert_memory_equal(seen->tags[3].head, "\x27\1", 2);
    assert_int_equal(seen->tags[1].ms, 0);
    assert_int_equal(seen->count, 2 + 5);
    finish(seen);
}

static void a_change_of_size_is_a_new_configuration_in_the_same_publication(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_H264);
    struct camera camera = {.seen = seen};

    film(&camera, 320, 180, 5);
    film(&camera, 320, 180, 5); /* the same again: nothing new */
    assert_int_equal(count_tags(seen, SL_RTMP_VIDEO, 0x17, 0), 1);
    film(&camera, 640, 360, 5);
    assert_int_equal(count_tags(seen, SL_RTMP_VIDEO, 0x17, 0), 2);
    assert_int_equal(count_tags(seen, SL_RTMP_DATA, 0, 0), 2);
    assert_true(metadata_has(seen, "width", 640));
    for (size_t i = 1; i < seen->count; i++)
        assert_true(seen->tags[i].ms >= seen->tags[i - 1].ms);
    finish(seen);
}

static void sound_begins_with_the_pictures_and_never_stops(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_OPUS, SL_CODEC_H264);
    struct camera camera = {.seen = seen};

    film(&camera, 320, 180, 25);
    tick_until(seen, seen->now_us + 2000 * MS);
    assert_true(metadata_has(seen, "audiocodecid", 10));
    assert_true(metadata_has(seen, "audiosamplerate", 48000));
    assert_int_equal(count_tags(seen, SL_RTMP_AUDIO, 0xaf, 0), 1);
    /* 3 s less what is waited for, in frames of 1024 samples: no packet ever came. */
    assert_in_range(count_tags(seen, SL_RTMP_AUDIO, 0xaf, 1), 95, 115);
    for (size_t i = 1; i < seen->count; i++)
        assert_true(seen->tags[i].ms >= seen->tags[i - 1].ms);
    finish(seen);
}

static void sound_begins_without_pictures_that_do_not_come(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMA, SL_CODEC_VP8);

    assert_false(sl_tag_reader_has_begun(seen->reader));
    tick_until(seen, seen->now_us + 2900 * MS);
    assert_int_equal(seen->count, 0);
    assert_int_equal(seen->keyframes_wanted, 2);
    tick_until(seen, seen->now_us + 3000 * MS);
    assert_true(sl_tag_reader_has_begun(seen->reader));
    assert_true(count_tags(seen, SL_RTMP_AUDIO, 0, 0) > 50);
    assert_int_equal(seen->tags[1].head[0], 0x72); /* A-law of 8 kHz */
    assert_true(metadata_has(seen, "audiocodecid", 7));
    assert_true(metadata_has(seen, "audiosamplerate", 8000));
    finish(seen);
}

static void key_frames_are_asked_for_at_least_every_four_seconds(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_H264);
    struct camera camera = {.seen = seen};

    film(&camera, 320, 180, 75);
    assert_int_equal(seen->keyframes_wanted, 0);
    film(&camera, 320, 180, 125);
    assert_int_equal(seen->keyframes_wanted, 1);
    finish(seen);
}

/* Showing minus decoding, as the tag says it. */
static uint32_t composition_ms(const struct seen *seen, size_t tag)
{
    const uint8_t *head = seen->tags[tag].head;

    return (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
}

#define KEY_FRAME "\0\0\0\1" SPS "\0\0\0\1" PPS "\0\0\0\1" IDR

static void pictures_shown_out_of_order_say_how_much_later(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_H264);
    static const int shown[] = {1, 4, 2, 3, 7, 5, 6, 10, 8, 9}; /* in the order of decoding */
    int64_t begin_us = seen->now_us;

    for (int i = 0; i < 10; i++) {
        const char *au = i == 0 ? KEY_FRAME : "\0\0\0\1\x41\x9a\x01";
        input_out_of_order(seen, SL_CODEC_H264, au, i == 0 ? sizeof(KEY_FRAME) - 1 : 7, i == 0,
                           begin_us + (int64_t)i * 33333, begin_us + (int64_t)shown[i] * 33333);
        tick_until(seen, seen->now_us + 20 * MS);
    }
    assert_int_equal(seen->count, 2 + 10);
    assert_int_equal(composition_ms(seen, 1), 0); /* the configuration */
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(seen->tags[2 + i].ms, i * 33333 / 1000);
        assert_int_equal(seen->tags[2 + i].ms + composition_ms(seen, 2 + i),
                         shown[i] * 33333 / 1000);
    }
    finish(seen);
}

/* What one track's stamps do is no reason to move the other's. */
static void a_track_whose_stamps_leap_leaves_the_other_alone(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_H264);
    uint8_t packet[160];
    uint32_t last_ms = 0, longest_ms = 0;

    memset(packet, 0xff, sizeof(packet));
    for (int i = 0; i < 500; i++) {
        int64_t leap_us = i < 100 ? 0 : i < 200 ? 60 * SL_US_PER_S : -7 * SL_US_PER_S;
        input(seen, SL_CODEC_PCMU, packet, sizeof(packet), true, seen->now_us + leap_us);
        if (i % 2 == 0)
            input(seen, SL_CODEC_H264, i == 0 ? KEY_FRAME : "\0\0\0\1\x41\x9a\x01",
                  i == 0 ? sizeof(KEY_FRAME) - 1 : 7, i == 0, seen->now_us);
        tick_until(seen, seen->now_us);
    }
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->tags[i].type != SL_RTMP_VIDEO)
            continue;
        if (seen->tags[i].ms - last_ms > longest_ms)
            longest_ms = seen->tags[i].ms - last_ms;
        last_ms = seen->tags[i].ms;
    }
    assert_in_range(longest_ms, 40, 45);
    assert_in_range(last_ms, 9800, 10000);
    finish(seen);
}

static void wild_time_stamps_do_not_move_the_publication(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    uint8_t packet[160];

    memset(packet, 0xff, sizeof(packet));
    for (int i = 0; i < 100; i++) {
        int64_t wild_us = i % 10 == 3 ? 86400LL * SL_US_PER_S * (i % 20 == 3 ? 1 : -1) : 0;
        input(seen, SL_CODEC_PCMU, packet, sizeof(packet), true, seen->now_us + wild_us);
        tick_until(seen, seen->now_us);
    }
    assert_true(seen->tags[seen->count - 1].ms < 2500);
    assert_in_range(count_tags(seen, SL_RTMP_AUDIO, 0, 0), 95, 110);
    finish(seen);
}

static struct sl_sound *make_sound(size_t count)
{
    struct sl_sound *sound = sl_new(struct sl_sound);

    atomic_init(&sound->refs, 1);
    sound->wav = (struct sl_wav){8000, 1, count, sl_new_array(int16_t, count)};
    for (size_t i = 0; i < count; i++)
        sound->wav.samples[i] = 8000;
    return sound;
}

static void a_sound_ends_by_itself_or_goes_on_in_a_loop(void **state) /* REST-26 */
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    struct sl_sound *sound = make_sound(8000);

    set_sound(seen, sound, false);
    tick_until(seen, seen->now_us + 6000 * MS);
    assert_int_equal(seen->sound_ends, 1);
    set_sound(seen, sound, true);
    tick_until(seen, seen->now_us + 3000 * MS);
    assert_int_equal(seen->sound_ends, 1);
    set_sound(seen, sound, false);               /* replaced, so this one ends */
    sl_tag_reader_set_muted(seen->reader, true); /* and ends in silence, too */
    tick_until(seen, seen->now_us + 3000 * MS);
    assert_int_equal(seen->sound_ends, 2);
    set_sound(seen, NULL, false);
    assert_int_equal(atomic_load(&sound->refs), 1);
    sl_sound_unref(sound);
    finish(seen);
}

static void a_source_without_sound_gets_a_track_with_its_first(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_H264);
    struct camera camera = {.seen = seen};
    struct sl_sound *sound = make_sound(8000);

    film(&camera, 320, 180, 10);
    assert_int_equal(count_tags(seen, SL_RTMP_AUDIO, 0, 0), 0);
    set_sound(seen, sound, false);
    film(&camera, 320, 180, 75);
    assert_int_equal(seen->sound_ends, 1);
    assert_true(metadata_has(seen, "audiocodecid", 10));
    assert_int_equal(count_tags(seen, SL_RTMP_AUDIO, 0xaf, 0), 1);
    assert_true(count_tags(seen, SL_RTMP_AUDIO, 0xaf, 1) > 80);
    sl_sound_unref(sound);
    finish(seen);
}

/* ---- Codec processes ---- */

static struct sl_codec_job *job_at(size_t index)
{
    struct sl_list *at = loopback.jobs.next;

    while (index-- > 0)
        at = at->next;
    assert(at != &loopback.jobs);
    return sl_container_of(at, struct sl_codec_job, link);
}

enum { LOUD = 0x55 }; /* in PCMU */

static void talk(struct seen *seen, int packets)
{
    uint8_t packet[160];

    memset(packet, LOUD, sizeof(packet));
    for (int i = 0; i < packets; i++) {
        input(seen, SL_CODEC_PCMU, packet, sizeof(packet), true, seen->now_us);
        tick_until(seen, seen->now_us);
    }
}

/* One sound tag after the other, 20 ms each; returns how many of them, after the first ones, are of
 * this code. */
static int count_steady_sounds(const struct seen *seen, size_t from, uint8_t code)
{
    uint32_t next_ms = 0;
    int count = 0;

    for (size_t i = 0, sounds = 0; i < seen->count; i++) {
        if (seen->tags[i].type != SL_RTMP_AUDIO)
            continue;
        if (sounds > 0)
            assert_int_equal(seen->tags[i].ms, next_ms);
        next_ms = seen->tags[i].ms + 20;
        count += sounds++ >= from && seen->tags[i].head[1] == code;
    }
    return count;
}

static void nobody_hears_that_a_process_dies_and_the_next_one_goes_on(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);

    talk(seen, 100);
    loopback_kill(job_at(0));
    talk(seen, 25);
    loopback_revive(job_at(0));
    talk(seen, 100);
    assert_int_equal(count_steady_sounds(seen, 0, 0xff), 0);
    assert_in_range(count_steady_sounds(seen, 0, LOUD), 220, 225);
    assert_int_equal(seen->failures, 0);
    finish(seen);
}

static void a_process_that_stays_away_leaves_silence(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);

    talk(seen, 50);
    loopback_kill(job_at(0));
    talk(seen, 1000);
    assert_in_range(count_steady_sounds(seen, 0, 0xff), 960, 975); /* it waits for a while */
    loopback_revive(job_at(0));
    talk(seen, 100);
    assert_in_range(count_steady_sounds(seen, 0, 0xff), 960, 975);
    assert_in_range(count_steady_sounds(seen, 0, LOUD), 175, 190);
    finish(seen);
}

static void a_process_that_hangs_is_not_waited_for(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    int64_t begin_us = seen->now_us;

    talk(seen, 50);
    job_at(0)->hung = true;
    talk(seen, 100);
    int64_t late_us = seen->now_us - begin_us - seen->tags[seen->count - 1].ms * (int64_t)MS;
    assert_true(late_us < SL_INTERLEAVE_WAIT_US);
    loopback_kill(job_at(0));
    job_at(0)->hung = false;
    loopback_revive(job_at(0));
    talk(seen, 50);
    assert_in_range(count_steady_sounds(seen, 0, 0xff), 55, 65);
    assert_true(count_steady_sounds(seen, 0, LOUD) > 130);
    finish(seen);
}

static void pictures_that_come_too_late_are_of_the_time_of_the_sound(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_H264);
    struct sl_program_frame picture = {.codec = SL_CODEC_H264,
                                       .keyframe = true,
                                       .pts_us = seen->now_us,
                                       .dts_us = seen->now_us,
                                       .data = (const uint8_t *)KEY_FRAME,
                                       .len = sizeof(KEY_FRAME) - 1};

    on_frame(seen, &picture);
    talk(seen, 150);
    picture.pts_us = picture.dts_us += SL_US_PER_S;
    on_frame(seen, &picture);
    talk(seen, 50);
    assert_int_equal(count_tags(seen, SL_RTMP_VIDEO, 0x17, 1), 2);
    for (size_t i = 1; i < seen->count; i++)
        assert_true(seen->tags[i].ms >= seen->tags[i - 1].ms);
    finish(seen);
}

static void without_processes_sound_is_silent_and_pictures_are_missing(void **state)
{
    (void)state;
    loopback.refuses = true;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_VP8);
    loopback.refuses = false;

    talk(seen, 300);
    assert_int_equal(seen->failures, 2);
    assert_int_equal(count_steady_sounds(seen, 0, LOUD), 0);
    assert_true(count_steady_sounds(seen, 0, 0xff) > 100);
    finish(seen);
}

static void pictures_go_on_with_a_key_frame_when_a_process_has_died(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_VP8);
    struct camera camera = {.seen = seen, .codec = SL_CODEC_VP8};

    film(&camera, 320, 180, 10);
    assert_int_equal(count_tags(seen, SL_RTMP_VIDEO, 0x17, 1), 1);
    assert_true(count_tags(seen, SL_RTMP_VIDEO, 0x27, 1) > 5);
    assert_true(metadata_has(seen, "width", 320));
    int wanted = seen->keyframes_wanted;
    loopback_kill(job_at(0));
    loopback_revive(job_at(0));
    assert_true(seen->keyframes_wanted > wanted);
    size_t before = seen->count;
    film(&camera, 320, 180, 10);
    assert_int_equal(seen->tags[before].head[0], 0x17);
    for (size_t i = 1; i < seen->count; i++)
        assert_true(seen->tags[i].ms >= seen->tags[i - 1].ms);
    finish(seen);
}

/* The first is passed on as it is, and the second has to be made the same of. */
static void a_source_that_goes_on_in_another_codec_is_made_the_same_of(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_NONE, SL_CODEC_H264);
    struct camera camera = {.seen = seen};
    struct camera other = {.seen = seen, .codec = SL_CODEC_VP8};

    film(&camera, 320, 180, 10);
    assert_true(sl_list_empty(&loopback.jobs));
    film(&other, 320, 180, 2); /* nobody has been told yet */
    sl_converter_turn(seen->converter, SL_VIDEO, SL_CODEC_VP8);
    sl_converter_turn(seen->converter, SL_VIDEO, SL_CODEC_VP8);
    loopback_settle();
    film(&other, 640, 360, 10);
    assert_true(metadata_has(seen, "width", 640));
    assert_true(count_tags(seen, SL_RTMP_VIDEO, 0x17, 1) >= 2);
    size_t before = seen->count;
    film(&camera, 320, 180, 10);
    assert_true(metadata_has(seen, "width", 320));
    assert_true(seen->count - before > 5);
    for (size_t i = 1; i < seen->count; i++)
        assert_true(seen->tags[i].ms >= seen->tags[i - 1].ms);
    finish(seen);
}

static void sound_that_goes_on_in_another_codec_leaves_no_gap(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    uint8_t packet[160];

    talk(seen, 50);
    sl_converter_turn(seen->converter, SL_AUDIO, SL_CODEC_PCMA);
    memset(packet, LOUD, sizeof(packet));
    for (int i = 0; i < 50; i++) {
        input(seen, SL_CODEC_PCMA, packet, sizeof(packet), true, seen->now_us);
        tick_until(seen, seen->now_us);
    }
    assert_in_range(count_steady_sounds(seen, 0, LOUD), 48, 52);
    assert_int_equal(count_steady_sounds(seen, 0, 0xff), 0);
    finish(seen);
}

/* What it lies about: codecs, outputs, times of all kinds. */
static void what_a_process_makes_up_is_left_out(void **state)
{
    (void)state;
    static const uint8_t frame[160];
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    struct sl_engine_message lie = {
        .type = SL_ENGINE_CODED, .codec = SL_CODEC_PCMU, .data = frame, .len = sizeof(frame)};

    talk(seen, 50);
    for (int i = 0; i < 6; i++) {
        const int64_t times_us[] = {
            SL_ENGINE_TIME_MAX_US,          -SL_ENGINE_TIME_MAX_US, seen->now_us + 5 * SL_US_PER_S,
            seen->now_us - 3 * SL_US_PER_S, seen->now_us,           seen->now_us};
        lie.pts_us = lie.dts_us = times_us[i];
        lie.output = i == 4 ? 7 : 1;
        lie.codec = i == 5 ? SL_CODEC_AAC : SL_CODEC_PCMU;
        loopback_on_report(job_at(0), &lie);
    }
    talk(seen, 50);
    assert_int_equal(count_steady_sounds(seen, 0, 0), 0);
    assert_in_range(count_steady_sounds(seen, 0, LOUD), 95, 100);
    finish(seen);
}

static void a_sound_is_heard_whole_although_its_process_dies(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    struct sl_sound *sound = make_sound(8000); /* a second: 50 frames */
    uint8_t code = 0;

    talk(seen, 20);
    set_sound(seen, sound, false);
    talk(seen, 20);
    code = seen->tags[seen->count - 1].head[1];
    assert_true(code != LOUD && code != 0xff);
    loopback_kill(job_at(1));
    talk(seen, 20);
    loopback_revive(job_at(1));
    talk(seen, 40);
    assert_int_equal(seen->sound_ends, 1);
    assert_in_range(count_steady_sounds(seen, 0, code), 49, 51);
    assert_int_equal(seen->tags[seen->count - 1].head[1], LOUD);
    sl_sound_unref(sound);
    finish(seen);
}

static void without_processes_a_sound_is_silent_and_ends_in_time(void **state)
{
    (void)state;
    struct seen *seen = begin(SL_CODEC_PCMU, SL_CODEC_NONE);
    struct sl_sound *sound = make_sound(8000);

    talk(seen, 20);
    loopback.refuses = true;
    set_sound(seen, sound, false);
    loopback.refuses = false;
    talk(seen, 49);
    assert_int_equal(seen->sound_ends, 0);
    talk(seen, 5);
    assert_int_equal(seen->sound_ends, 1);
    assert_in_range(count_steady_sounds(seen, 0, 0xff), 50, 51);
    sl_sound_unref(sound);
    finish(seen);
}

/* RTMP has G.711 as it is; others do not. */
static void all_sound_can_be_had_as_aac_or_mu_law(void **state)
{
    (void)state;
    static const enum sl_codec sources[] = {SL_CODEC_OPUS, SL_CODEC_G722, SL_CODEC_PCMA,
                                            SL_CODEC_PCMU};
    static const enum sl_codec wanted[] = {SL_CODEC_AAC, SL_CODEC_PCMU};

    for (size_t i = 0; i < SL_ARRAY_LEN(sources) * SL_ARRAY_LEN(wanted); i++) {
        const enum sl_codec source[2] = {[SL_AUDIO] = sources[i / 2]};
        const struct sl_program_want sound = {.codecs = {[SL_AUDIO] = {wanted[i % 2]}}};
        struct sl_program_form form;
        assert_int_equal(sl_program_choose(source, &sound, &form), 0);
        assert_int_equal(form.to[SL_AUDIO], wanted[i % 2]);
        assert_int_equal(form.to[SL_VIDEO], SL_CODEC_NONE);
    }
}

static void a_stream_with_nothing_for_rtmp_is_refused(void **state)
{
    (void)state;
    enum sl_codec none[2] = {SL_CODEC_NONE, SL_CODEC_VP9};
    struct sl_program_form form;

    assert_int_equal(sl_program_choose(none, &want, &form), -ENOSYS);
    sl_converter_destroy(NULL);
    sl_player_close(NULL);
    sl_tagger_destroy(NULL);
    sl_tag_reader_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_begin_with_metadata_configuration_and_key_frame),
        cmocka_unit_test(a_change_of_size_is_a_new_configuration_in_the_same_publication),
        cmocka_unit_test(sound_begins_with_the_pictures_and_never_stops),
        cmocka_unit_test(sound_begins_without_pictures_that_do_not_come),
        cmocka_unit_test(key_frames_are_asked_for_at_least_every_four_seconds),
        cmocka_unit_test(pictures_shown_out_of_order_say_how_much_later),
        cmocka_unit_test(a_track_whose_stamps_leap_leaves_the_other_alone),
        cmocka_unit_test(wild_time_stamps_do_not_move_the_publication),
        cmocka_unit_test(a_sound_ends_by_itself_or_goes_on_in_a_loop),
        cmocka_unit_test(a_source_without_sound_gets_a_track_with_its_first),
        cmocka_unit_test(nobody_hears_that_a_process_dies_and_the_next_one_goes_on),
        cmocka_unit_test(a_process_that_stays_away_leaves_silence),
        cmocka_unit_test(pictures_that_come_too_late_are_of_the_time_of_the_sound),
        cmocka_unit_test(a_process_that_hangs_is_not_waited_for),
        cmocka_unit_test(without_processes_sound_is_silent_and_pictures_are_missing),
        cmocka_unit_test(pictures_go_on_with_a_key_frame_when_a_process_has_died),
        cmocka_unit_test(a_source_that_goes_on_in_another_codec_is_made_the_same_of),
        cmocka_unit_test(sound_that_goes_on_in_another_codec_leaves_no_gap),
        cmocka_unit_test(what_a_process_makes_up_is_left_out),
        cmocka_unit_test(a_sound_is_heard_whole_although_its_process_dies),
        cmocka_unit_test(without_processes_a_sound_is_silent_and_ends_in_time),
        cmocka_unit_test(all_sound_can_be_had_as_aac_or_mu_law),
        cmocka_unit_test(a_stream_with_nothing_for_rtmp_is_refused),
    };

    return cmocka_run_group_tests_name("rtmp media", tests, NULL, NULL);
}
