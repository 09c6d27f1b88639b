/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of mixer/ share, and who may touch which part. What they do for
 * one another goes one way only: lane, arrange, reports, stage, outlet, input, mixer, mixers, each
 * for those behind it.
 *
 *   sl_mixers --n--> sl_mixer --1--> stage (on its worker) --0..1 of each kind--> sl_codec_job
 *                       |--n--> input  --0..1 of each kind--> lane --> sl_sink
 *                       `--n--> outlet --1--> sl_stream
 *
 * Whatever is made on control comes to the stage by a message and leaves it by one; what comes back
 * is then freed. A mixer's end:
 *   LIVE    --idle, an operator, a job that cannot be--> ENDING; all names are free
 *   ENDING  --inputs and outlets are off the worker, and the stage's timer--> CLOSING
 *   CLOSING --its jobs are closed--> freed
 */
#ifndef SL_MIXER_INTERNAL_H
#define SL_MIXER_INTERNAL_H

#include "base/blob.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "mixer/delay.h"
#include "mixer/mixer.h"
#include "mixer/orders.h"
#include "mixer/pace.h"
#include "net/net.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"

#include <stdatomic.h>

enum {
    KINDS = 2, /* enum sl_media_kind */
    LANE_FRAMES_MAX = 64,
    LANE_BYTES_MAX = 8 << 20, /* a second of 60 Mbit/s */
    ID_LEN = 26,
};

/* ---- One input's frames of one kind (lane.c) [worker] ---- */

struct input;

struct lane {
    /* Constant once it is on the stage. */
    struct input *input;
    enum sl_media_kind kind;
    struct sl_sink *sink; /* NULL: it has none of it, or none is taken */

    bool running;
    bool dropping; /* up to the next key frame: too much waits */
    bool given;    /* the job has had a frame of it */
    struct sl_codec_config *config;
    struct sl_frame *waiting[LANE_FRAMES_MAX]; /* pictures that are not due yet, a ring */
    size_t first, count, bytes;
};

extern const struct sl_sink_ops sl_lane_sink_ops;
/* Its job is there: frames come from now on, of pictures from a key frame. */
void sl_lane_start(struct lane *lane);
void sl_lane_stop(struct lane *lane);
/* To the job, what is due. */
void sl_lane_pour(struct lane *lane, int64_t until_us);
void sl_lane_request_keyframe(struct lane *lane);

/* ---- Inputs (input.c) ---- */

struct outlet;
struct sl_mixer;

struct input {
    /* Constant. */
    struct sl_mixer *mixer;
    uint32_t id; /* from 1 on; no other input's of this mixer */
    char *name;
    char *session_id; /* whose publication joined by its name; NULL: nobody's */

    /* Control's. */
    struct sl_list link;      /* in mixer->inputs */
    struct sl_stream *source; /* NULL: it is not there yet */
    struct sl_stream_listener listener;
    struct outlet *alone; /* NULL: there is none */
    struct sl_mixer_use use;
    int level;
    bool muted;
    struct sl_mix_entry {
        char unused;
    } entry; /* what a publication holds of it */
    struct sl_msg enter_msg, leave_msg, left_msg;

    /* The worker's; control's before it enters the stage. */
    struct sl_list on_stage;
    struct lane lanes[KINDS];
    struct sl_mixer_delay delay;
    uint8_t heard_percent;
    bool hidden;
    struct sl_engine_cell cell; /* as the job was told */
};

/* It may be shown. [worker] */
static inline bool sl_input_is_seen(const struct input *input)
{
    return input->lanes[SL_VIDEO].sink && !input->hidden;
}
struct input *sl_input_create(struct sl_mixer *mixer, const char *name, const char *session_id);
/* It is taken from now on. */
void sl_input_attach(struct input *input, struct sl_stream *stream, const struct sl_mixer_use *use);
/* Its own stream ends, and it with it. */
void sl_input_remove(struct input *input);
void sl_input_set(struct input *input, int level, int muted);

/* ---- Outlets (outlet.c) ---- */

struct outlet {
    /* Constant. */
    struct sl_mixer *mixer;
    uint32_t id; /* of the input that is left out; 0: none */
    struct sl_stream *stream;

    /* Control's. */
    struct sl_list link; /* in mixer->outlets */
    struct sl_msg enter_msg, leave_msg, left_msg;
    uint64_t seen_frames[KINDS], seen_bytes[KINDS], fps[KINDS], bps[KINDS];

    /* The worker's. */
    struct sl_list on_stage; /* linked: it is */
    bool taken[KINDS];
    bool ordered; /* its sound */
    _Atomic uint64_t frames[KINDS], bytes[KINDS];
};

/* As sl_stream_create(). */
int sl_outlet_create(struct sl_mixer *mixer, uint32_t id, const char *name, struct outlet **out);
/* Its stream ends. */
void sl_outlet_remove(struct outlet *outlet);
void sl_outlet_count(struct outlet *outlet); /* once a second */

/* ---- The stage (stage.c) ---- */

struct stage {
    /* Constant. */
    struct sl_codec_job *jobs[KINDS];         /* NULL: it has none of it */
    struct sl_blob *images[SL_ENGINE_IMAGES]; /* NULL: none */

    /* The worker's. */
    struct sl_mixer_settings settings;
    struct sl_list inputs, outlets; /* on_stage */
    struct sl_timer *timer;         /* NULL: it never ran */
    bool up[KINDS];                 /* there is a process */
    bool open[KINDS];               /* and it is at work */
    bool stopped;
    int64_t epoch_us;
    int64_t since_us;    /* pictures are made */
    int64_t next[KINDS]; /* which picture, which 20 ms of sound */
    struct sl_mixer_pace pace;
    bool image_given[SL_ENGINE_IMAGES]; /* to the job of pictures that is open */
    struct sl_mixer_orders orders;      /* of pictures */
    struct sl_mixer_keyframes keyframes;
    const struct input *leader; /* who is shown large; NULL */

    /* Written by the worker. */
    _Atomic uint32_t fps;
    _Atomic int broken;
};

/* To the job of this kind; orders are never left out. [worker] */
static inline void sl_stage_order(struct stage *stage, enum sl_media_kind kind,
                                  struct sl_engine_message *order)
{
    (void)sl_codec_job_send(stage->jobs[kind], order);
}
/* There is a process for its job of this kind, or none. [worker] */
void sl_stage_set_up(struct sl_mixer *mixer, enum sl_media_kind kind, bool up);
/* What that job says (reports.c). [worker] */
void sl_stage_report(struct sl_mixer *mixer, enum sl_media_kind kind,
                     const struct sl_engine_message *report);
/* Somebody takes something, or nobody any more. [worker] */
void sl_stage_look(struct sl_mixer *mixer);
void sl_stage_enter(struct sl_mixer *mixer, struct input *input);
void sl_stage_leave(struct sl_mixer *mixer, struct input *input);
void sl_stage_outlet_left(struct sl_mixer *mixer, struct outlet *outlet);
/* Its pictures are not to be seen, and so not decoded; sl_stage_arrange() comes next. */
void sl_stage_set_hidden(struct sl_mixer *mixer, struct input *input, bool hidden);
/* Who is shown where and how loud, as far as it has changed (arrange.c). */
void sl_stage_arrange(struct sl_mixer *mixer);
/* For ever. */
void sl_stage_stop(struct sl_mixer *mixer);

/* ---- Mixers ---- */

struct sl_mixer {
    /* Constant. */
    struct sl_mixers *mixers;
    struct sl_worker *worker;
    struct sl_log_scope scope;
    char *name, *output;
    uint32_t input_pixels_max;
    /* Its output is ended by an operator; an input is no more. */
    void (*on_terminate)(struct sl_mixer *mixer, const char *why);
    void (*on_input_gone)(struct sl_mixer *mixer);

    /* Control's. */
    struct sl_list link; /* in mixers->live, then in ->ending */
    struct sl_mixer_settings settings;
    struct sl_list inputs, outlets;
    size_t input_count;
    uint32_t last_id;
    struct outlet *main;
    struct sl_timer *idle_timer;
    struct sl_later told_later; /* that it has begun: its first input is there by then */
    struct sl_later held_later; /* to look for inputs that processes have died of */
    bool told;
    bool ending;
    size_t jobs_open;
    uint64_t looked; /* the last walk through all mixers that has been here */
    struct sl_msg stop_msg, stopped_msg, broken_msg;

    struct stage stage;
};

struct sl_mixers {
    struct sl_mixers_config config;
    struct sl_list live, ending;
    size_t live_count;
    struct sl_timer *rates;
    uint64_t looks; /* walks that were begun */
    bool stopping;
    struct sl_later stopped;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

/* As sl_mixers_start(), limits included. */
int sl_mixer_create(struct sl_mixers *mixers, const char *name, const char *output,
                    const struct sl_mixer_settings *settings, const struct sl_mixer_images *images,
                    struct sl_mixer **out);
/* NULL: the stream is not what a mixer gives. */
struct sl_mixer *sl_mixer_of(const struct sl_mixers *mixers, const struct sl_stream *stream);
/* Its stream's name is taken at once; -EBUSY, -EEXIST, -EINVAL. */
int sl_mixer_add_input(struct sl_mixer *mixer, const char *name, const char *session_id,
                       struct input **out);
/* Who waits for the last one is told. */
void sl_mixers_check_stopped(struct sl_mixers *mixers);

#endif
