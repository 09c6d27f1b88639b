/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mixers: many streams made one. A mixer takes the frames of its inputs on a worker of its own, has
 * codec processes decode, compose, sum and encode them, and gives the result to its output, a
 * stream with a name like any other; and to each input's own stream: all of it but that input's
 * sound. Nothing is decoded while nobody takes any of these (rooms-mixers-diagnostics.md 2).
 *
 *   settings.c how a mixer mixes
 *   names.c    which names join a mixer, what its streams are called, which files it may draw; pure
 *   layout.c   who is shown where; pure
 *   delay.c    how long each input is held back; pure
 *   pace.c     how many pictures a second, and how many of them key frames; pure
 *   orders.c   pictures that were asked for; pure
 *   image.c    the files of pictures that one draws beneath and over its inputs
 *   lane.c     one input's frames of one kind on their way to a job [worker]
 *   arrange.c  who is shown where and how loud, as the jobs are told [worker]
 *   reports.c  what the jobs give back [worker]
 *   stage.c    time, the jobs in the codec processes, and what else they are ordered [worker]
 *   outlet.c   one output stream, or one input's own
 *   input.c    one input's life
 *   mixer.c    one mixer's life
 *   mixers.c   which there are, who may join
 *
 * Threads: control loop, but for what is pure.
 */
#ifndef SL_MIXER_MIXER_H
#define SL_MIXER_MIXER_H

#include "access/access.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_blob;
struct sl_config;
struct sl_lane;
struct sl_loop;
struct sl_stream;
struct sl_streams;
struct sl_transcoder;
struct sl_workers;

/* ---- How one mixes ---- */

enum sl_mixer_layout {
    SL_MIXER_GRID,
    SL_MIXER_GRID_NO_PADDING,
};
enum sl_mixer_align {
    SL_MIXER_TOP, /* as CENTER, for now */
    SL_MIXER_BOTTOM,
    SL_MIXER_LEFT,
    SL_MIXER_RIGHT,
};

enum {
    SL_MIXER_WORDS_MAX = 256,
    SL_MIXER_IDLE_USUAL_MS = 60000,
};

struct sl_mixer_settings {
    /* Fixed once it runs. */
    bool has_audio, has_video;
    uint16_t width, height;
    uint8_t fps;
    uint32_t bitrate_kbps;
    bool mcu_audio;            /* each input has a stream without its own sound */
    enum sl_codec audio_codec; /* opus, PCMA or PCMU */
    uint8_t channels;
    /* These may change. */
    uint32_t idle_timeout_ms; /* after the last input; 0: never */
    enum sl_mixer_layout layout;
    enum sl_mixer_align align;
    bool desktop_fullscreen;
    char desktop_words[SL_MIXER_WORDS_MAX]; /* separated by commas: names with one of them lead */
};
/* As the configuration has them. */
void sl_mixer_settings_init(struct sl_mixer_settings *settings, const struct sl_config *config);
/* From its class; false: there is none of this name. Pure. */
bool sl_mixer_layout_find(const char *class_name, enum sl_mixer_layout *out);
/* opus, pcma, pcmu, and what these are called in the original. Pure. */
bool sl_mixer_codec_find(const char *word, enum sl_codec *out);
bool sl_mixer_align_find(const char *word, enum sl_mixer_align *out);
const char *sl_mixer_align_name(enum sl_mixer_align align);

/* ---- Mixers ---- */

struct sl_mixer;
struct sl_mixers;

struct sl_mixers_config {
    const struct sl_config *config; /* read at each use */
    struct sl_loop *control;
    struct sl_streams *streams;
    struct sl_workers *workers;
    struct sl_transcoder *transcoder;
    struct sl_lane *files;            /* where files of media_dir are read */
    const struct sl_archive *archive; /* NULL: nothing is recorded */
    /* A mixer's output has begun, or is about to end; not from within what made it. May not call
     * back into this module. NULL: nobody wants to know. */
    void (*on_output)(void *arg, struct sl_stream *stream, bool begins);
    void *arg;
};
struct sl_mixers *sl_mixers_create(const struct sl_mixers_config *config);
/* All end. on_stopped once, never from within, when the last is gone; none can be made any more. */
void sl_mixers_stop(struct sl_mixers *mixers, void (*on_stopped)(void *owner), void *owner);
void sl_mixers_destroy(struct sl_mixers *mixers); /* NULL is fine */

/* For clients whose publications are called X#M. */
struct sl_mixing sl_mixers_mixing(struct sl_mixers *mixers);

bool sl_mixer_name_is_valid(const char *name); /* what follows mixer:// */
/* NULL: there is none of this name. */
struct sl_mixer *sl_mixers_find(struct sl_mixers *mixers, const char *name);
size_t sl_mixers_count(const struct sl_mixers *mixers);
void sl_mixers_each(struct sl_mixers *mixers, void (*fn)(struct sl_mixer *mixer, void *arg),
                    void *arg);

/* PNG files that a mixer draws as long as it is there: beneath its inputs, in the middle and as
 * large as can be; and over them, in the upper left corner and in its own size where that fits. */
struct sl_mixer_images {
    struct sl_blob *background, *watermark; /* NULL: none */
};
/* A plain name in media_dir: no path, nothing hidden, no control characters. Pure. */
bool sl_mixer_image_name_is_valid(const char *name);
struct sl_mixer_image_load;
/* 0: a file to draw, a reference of the owner's; -ENOENT: there is none (links are none); -EBADMSG,
 * with words: it is no PNG, or larger than mixer_input_pixels_max or 4 MiB; -EBUSY, -ETIMEDOUT: see
 * net/lane.h; -ENOMEM. */
typedef void sl_mixer_on_image(void *owner, int err, const char *words, struct sl_blob *file);
/* Reads it on libuv's pool. on_done exactly once, never from within. */
struct sl_mixer_image_load *sl_mixer_image_load_start(struct sl_mixers *mixers, const char *name,
                                                      sl_mixer_on_image *on_done, void *owner);
/* No callback after this. Not after on_done. NULL is fine. */
void sl_mixer_image_load_cancel(struct sl_mixer_image_load *load);

/* An operator's; its output is there at once. Of the images it keeps references. -EEXIST: the name
 * or the output's is taken; -EINVAL: one of them is none; -EBUSY: there is no room for it. */
int sl_mixers_start(struct sl_mixers *mixers, const char *name, const char *output,
                    const struct sl_mixer_settings *settings, const struct sl_mixer_images *images,
                    struct sl_mixer **out);
/* It is no more, its inputs go on without it. */
void sl_mixer_end(struct sl_mixer *mixer, const char *why);

struct sl_mixer_use {
    bool has_audio, has_video; /* which of its media are taken */
};
/* -EEXIST: it is in it already, or the name of its own stream is taken; -ELOOP: the mixer would mix
 * itself; -EBUSY: it is full; -EINVAL: its own stream would have no possible name. */
int sl_mixer_add(struct sl_mixer *mixer, struct sl_stream *stream, const struct sl_mixer_use *use);
/* -ENOENT. */
int sl_mixer_remove(struct sl_mixer *mixer, const char *name);
/* Of those inputs that wants() says: level 0..100, -1: as it is; muted 0 or 1, -1 likewise. How
 * many there were. */
size_t sl_mixer_set_inputs(struct sl_mixer *mixer, bool (*wants)(void *arg, const char *name),
                           void *arg, int level, int muted);
/* Takes over what may change. */
void sl_mixer_change(struct sl_mixer *mixer, const struct sl_mixer_settings *settings);

struct sl_mixer_stats {
    const char *name, *output;
    struct sl_stream *stream; /* the output */
    const struct sl_mixer_settings *settings;
    bool flows; /* it has given a frame */
    size_t input_count;
    uint32_t fps; /* it makes now; 0: nobody takes it */
};
void sl_mixer_stats(const struct sl_mixer *mixer, struct sl_mixer_stats *out);

struct sl_mixer_input_stats {
    const char *name, *id; /* of the stream; "": it is not there yet */
    int level;
    bool muted, has_audio, has_video;
};
/* In the order of joining. */
void sl_mixer_each_input(const struct sl_mixer *mixer,
                         void (*fn)(const struct sl_mixer_input_stats *input, void *arg),
                         void *arg);

#endif
