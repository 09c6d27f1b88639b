/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames in order of time into files, one after the other: when one begins, and when it ends. */
#include "record/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "record/part.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum {
    AWAIT_US = 5 * (int)SL_US_PER_S,         /* for a track that has not begun */
    KEYFRAME_REPEAT_US = (int)SL_US_PER_S,   /* where one is waited for */
    LAST_US = 60 * (int)SL_US_PER_MS,        /* for what is on its way when it ends */
    LATE_SOUND_US = 500 * (int)SL_US_PER_MS, /* for sound that is behind, in a codec process */
};

/*
 *   WAITING --key frame; sound, where no pictures come--> WRITING --stop--> ENDING --> ENDED
 *   WRITING --queue_us--> GAP --the disk has caught up, key frame--> WRITING
 *   any     --the disk fails--> DEAD --stop--> ENDED
 */
enum state { WAITING, WRITING, GAP, ENDING, DEAD, ENDED };

struct sl_recorder {
    /* Constant. */
    struct sl_recorder_config config;
    char *texts; /* which config points into */
    struct sl_log_scope scope;
    struct sl_loop *loop;
    bool numbered; /* parts get numbers, as nothing else in their names differs */
    bool followed; /* once the loop knows of the stop */

    /* The loop's. */
    enum state state;
    struct sl_program_taker taker;
    struct sl_interleave interleave;
    int64_t since_us;     /* when it began to wait */
    bool seen[2];         /* by enum sl_media_kind: frames have come */
    int64_t newest_us[2]; /* likewise, of what time the last one is */
    bool lost;            /* pictures up to the next key frame, for want of memory */
    int64_t keyframe_us, asked_us;
    int64_t end_us;            /* ENDING: when it began */
    bool rotate;               /* at the next key frame */
    unsigned parts, gaps;      /* parts: that were begun */
    _Atomic int64_t queued_us; /* what waits for the disk, of all its files */

    struct sl_record_part *part; /* NULL: there is none */

    struct sl_msg start_msg, stop_msg, failing_msg, ended_msg;

    /* Control's. */
    bool stopping, ended;
    unsigned closed;
    int err;
};

static const struct sl_program_form *form_of(const struct sl_recorder *recorder)
{
    return sl_program_form(recorder->config.program);
}

static bool is_expected(const struct sl_recorder *recorder, enum sl_media_kind kind)
{
    return form_of(recorder)->from[kind] != SL_CODEC_NONE;
}

/* What is made is a row without gaps, silence where nothing comes; opus may never come. */
static bool sound_comes_by_itself(const struct sl_recorder *recorder)
{
    const struct sl_program_form *form = form_of(recorder);

    return form->from[SL_AUDIO] != SL_CODEC_OPUS || form->to[SL_AUDIO] != SL_CODEC_OPUS;
}

/* ---- What control hears ---- */

static void check_ended(struct sl_recorder *recorder)
{
    if (recorder->ended && recorder->closed == recorder->parts)
        recorder->config.ops->on_ended(recorder->config.owner, recorder->gaps);
}

static void on_file_closed(void *owner, const struct sl_record_closed *closed)
{
    struct sl_recorder *recorder = owner;

    recorder->closed++;
    recorder->config.ops->on_closed(recorder->config.owner, closed);
    check_ended(recorder);
}

static void on_ended(struct sl_msg *msg)
{
    struct sl_recorder *recorder = sl_container_of(msg, struct sl_recorder, ended_msg);

    recorder->ended = true;
    check_ended(recorder);
}

static void on_failing(struct sl_msg *msg)
{
    struct sl_recorder *recorder = sl_container_of(msg, struct sl_recorder, failing_msg);

    recorder->config.ops->on_failing(recorder->config.owner, recorder->err);
}

struct begun {
    struct sl_msg msg;
    struct sl_recorder *recorder;
    char name[SL_RECORD_NAME_MAX];
};

static void on_begun(struct sl_msg *msg)
{
    struct begun *begun = sl_container_of(msg, struct begun, msg);
    const struct sl_recorder_config *config = &begun->recorder->config;

    config->ops->on_begun(config->owner, begun->name);
    free(begun);
}

static void tell_begun(struct sl_recorder *recorder, const char *base)
{
    struct begun *begun = sl_new(struct begun); /* one a file */

    begun->msg.run = on_begun;
    begun->recorder = recorder;
    sl_record_name_finish(base, 0, recorder->config.container, begun->name);
    sl_loop_post(recorder->config.control, &begun->msg);
}

/* ---- One file after the other [loop] ---- */

/* With the first frame of it. False: it is none that a file can begin with. */
static bool begin_part(struct sl_recorder *recorder, const struct sl_program_item *first)
{
    const struct sl_record_part_config config = {
        .recorder = &recorder->config,
        .scope = &recorder->scope,
        .queued_us = &recorder->queued_us,
        .on_closed = on_file_closed,
        .owner = recorder,
    };
    bool has_sound = is_expected(recorder, SL_AUDIO) &&
                     (recorder->seen[SL_AUDIO] || sound_comes_by_itself(recorder));
    char base[SL_RECORD_NAME_MAX];

    recorder->part = sl_record_part_create(&config, first, has_sound, base);
    if (!recorder->part)
        return false;
    recorder->parts++;
    recorder->rotate = false;
    tell_begun(recorder, base);
    return true;
}

static void end_part(struct sl_recorder *recorder, int64_t next_us, unsigned number)
{
    sl_record_part_end(recorder->part, next_us, number);
    recorder->part = NULL;
}

/* ---- Frames in their order [loop] ---- */

static void add(struct sl_recorder *recorder, const struct sl_program_item *item)
{
    bool is_picture = item->order.kind == SL_VIDEO;

    if (is_picture && recorder->lost && !item->keyframe)
        return;
    int err = sl_record_part_add(recorder->part, item);
    if (is_picture)
        recorder->lost = err < 0;
}

/* A file, or what follows a gap, may begin here. */
static bool is_entry(const struct sl_recorder *recorder, const struct sl_program_item *item)
{
    return item->order.kind == SL_VIDEO ? item->keyframe
                                        : !sl_record_part_has(recorder->part, SL_VIDEO);
}

static bool is_due(const struct sl_recorder *recorder, int64_t now_us)
{
    return recorder->rotate || sl_record_part_is_full(recorder->part, now_us);
}

/* Of a part that is not the last. */
static unsigned next_number(const struct sl_recorder *recorder)
{
    return recorder->numbered ? atomic_fetch_add(recorder->config.last_number, 1) + 1 : 0;
}

static void next_part(struct sl_recorder *recorder, const struct sl_program_item *item)
{
    end_part(recorder, item->order.dts_us, next_number(recorder));
    if (!begin_part(recorder, item))
        recorder->state = WAITING;
}

static void write_item(struct sl_recorder *recorder, const struct sl_program_item *item)
{
    enum sl_media_kind kind = item->order.kind;
    bool has_it = sl_record_part_has(recorder->part, kind);

    if (atomic_load(&recorder->queued_us) > recorder->config.queue_us) {
        recorder->state = GAP;
        recorder->lost = true;
        recorder->gaps++;
        sl_log(SL_LOG_WARN, &recorder->scope,
               "record: the disk is too slow; there is a gap from here on");
        return;
    }
    if (!has_it && kind == SL_AUDIO) {
        recorder->rotate = true; /* a file of its own, which has this track from the beginning */
        return;
    }
    if (is_entry(recorder, item) && (!has_it || is_due(recorder, item->order.dts_us))) {
        next_part(recorder, item);
        if (recorder->state != WRITING)
            return;
    } else if (!has_it) {
        return; /* the first key frame is to come */
    }
    sl_record_part_cut_before(recorder->part, item);
    add(recorder, item);
}

/* What has not begun within AWAIT_US is not waited for. */
static bool may_begin(const struct sl_recorder *recorder, const struct sl_program_item *item,
                      int64_t now_us)
{
    enum sl_media_kind other = item->order.kind == SL_VIDEO ? SL_AUDIO : SL_VIDEO;
    bool comes_by_itself = other == SL_AUDIO && sound_comes_by_itself(recorder);

    if (item->order.kind == SL_VIDEO && !item->keyframe)
        return false;
    if (!is_expected(recorder, other) || comes_by_itself || now_us - recorder->since_us >= AWAIT_US)
        return true;
    return item->order.kind == SL_VIDEO && recorder->seen[SL_AUDIO];
}

static void take(struct sl_recorder *recorder, const struct sl_program_item *item, int64_t now_us)
{
    switch (recorder->state) {
    case WAITING:
        if (!may_begin(recorder, item, now_us) || !begin_part(recorder, item))
            return;
        recorder->state = WRITING;
        add(recorder, item);
        return;
    case GAP:
        if (!is_entry(recorder, item) ||
            atomic_load(&recorder->queued_us) > recorder->config.queue_us / 2)
            return;
        recorder->state = WRITING;
        write_item(recorder, item);
        return;
    case WRITING:
        write_item(recorder, item);
        return;
    case ENDING:
        if (recorder->part && sl_record_part_has(recorder->part, item->order.kind))
            add(recorder, item);
        return;
    case DEAD:
    case ENDED:
        return;
    }
}

/* Both tracks are to be as long. */
static bool is_over(const struct sl_recorder *recorder, int64_t now_us)
{
    int64_t passed_us = now_us - recorder->end_us;
    bool is_behind = recorder->part && sl_record_part_has(recorder->part, SL_AUDIO) &&
                     sl_record_part_has(recorder->part, SL_VIDEO) &&
                     recorder->newest_us[SL_AUDIO] < recorder->newest_us[SL_VIDEO];

    return passed_us >= (is_behind ? LATE_SOUND_US : LAST_US);
}

static void take_all(struct sl_recorder *recorder, int64_t now_us)
{
    struct sl_interleaved *next;

    /* In the end nothing is waited for. */
    if (recorder->state == ENDING && is_over(recorder, now_us))
        now_us += SL_INTERLEAVE_SILENT_US;
    while ((next = sl_interleave_next(&recorder->interleave, now_us))) {
        struct sl_program_item *item = sl_container_of(next, struct sl_program_item, order);
        take(recorder, item, now_us);
        free(item);
    }
}

static void on_frame(void *owner, const struct sl_program_frame *frame)
{
    struct sl_recorder *recorder = owner;
    enum sl_media_kind kind = sl_codec_kind(frame->codec);
    int64_t now_us = sl_now_us();
    struct sl_program_item *item = sl_program_item_create(frame);

    if (!item) {
        recorder->lost |= kind == SL_VIDEO;
        return;
    }
    if (kind == SL_VIDEO && frame->keyframe)
        recorder->keyframe_us = now_us;
    recorder->seen[kind] = true;
    recorder->newest_us[kind] = frame->dts_us;
    sl_interleave_add(&recorder->interleave, &item->order, now_us);
}

/* ---- Now and then [loop] ---- */

static void request_keyframe(struct sl_recorder *recorder, int64_t now_us)
{
    bool wanted = recorder->state == WAITING || recorder->state == GAP ||
                  (recorder->part && is_due(recorder, now_us));
    int64_t every_us = wanted ? KEYFRAME_REPEAT_US : recorder->config.keyframe_us;
    int64_t last_us =
        recorder->keyframe_us > recorder->asked_us ? recorder->keyframe_us : recorder->asked_us;

    if (!is_expected(recorder, SL_VIDEO) || now_us - last_us < every_us)
        return;
    recorder->asked_us = now_us;
    sl_program_request_keyframe(recorder->config.program);
}

static void fail(struct sl_recorder *recorder, int err)
{
    recorder->state = DEAD;
    recorder->err = err;
    end_part(recorder, SL_MUX_LAST, 0);
    sl_loop_post(recorder->config.control, &recorder->failing_msg);
}

static void leave(struct sl_recorder *recorder)
{
    struct sl_interleaved *left;

    recorder->state = ENDED;
    sl_program_detach(&recorder->taker);
    while ((left = sl_interleave_take(&recorder->interleave)))
        free(sl_container_of(left, struct sl_program_item, order));
    sl_loop_post(recorder->config.control, &recorder->ended_msg);
}

static void on_batch(void *owner, int64_t now_us)
{
    struct sl_recorder *recorder = owner;

    take_all(recorder, now_us);
    int err = recorder->part ? sl_record_part_error(recorder->part) : 0;
    if (err < 0 && recorder->state != ENDING) {
        fail(recorder, err);
        return;
    }
    if (recorder->state == ENDING && is_over(recorder, now_us)) {
        end_part(recorder, SL_MUX_LAST,
                 recorder->followed && recorder->part ? next_number(recorder) : 0);
        leave(recorder);
    } else if (recorder->state != ENDING && recorder->state != DEAD) {
        request_keyframe(recorder, now_us);
    }
}

static const struct sl_program_taker_ops taker_ops = {on_frame, on_batch};

/* ---- Life ---- */

static void on_start(struct sl_msg *msg) /* on the loop */
{
    struct sl_recorder *recorder = sl_container_of(msg, struct sl_recorder, start_msg);
    int64_t now_us = sl_now_us();

    recorder->since_us = now_us;
    recorder->asked_us = now_us;
    sl_interleave_init(&recorder->interleave);
    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        if (is_expected(recorder, (enum sl_media_kind)kind))
            sl_interleave_expect(&recorder->interleave, (enum sl_media_kind)kind, now_us);
    }
    recorder->taker.ops = &taker_ops;
    recorder->taker.owner = recorder;
    sl_program_attach(recorder->config.program, &recorder->taker);
    sl_program_request_keyframe(recorder->config.program);
}

static void on_stop(struct sl_msg *msg) /* on the loop */
{
    struct sl_recorder *recorder = sl_container_of(msg, struct sl_recorder, stop_msg);

    if (recorder->state == DEAD) {
        leave(recorder);
        return;
    }
    recorder->state = ENDING;
    recorder->end_us = sl_now_us();
}

/* One block for all of them, as they live together. */
static void copy_texts(struct sl_recorder *recorder)
{
    struct sl_recorder_config *config = &recorder->config;
    const char **texts[] = {&config->stream,
                            &config->template,
                            &config->facts.stream_name,
                            &config->facts.session_id,
                            &config->facts.media_session_id,
                            &config->facts.login};
    size_t len = 1;

    for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++)
        len += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    char *at = recorder->texts = sl_alloc(len); /* each is bounded by whoever gave it */
    for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++) {
        if (!*texts[i])
            continue;
        size_t text_len = strlen(*texts[i]) + 1;
        memcpy(at, *texts[i], text_len);
        *texts[i] = at;
        at += text_len;
    }
}

struct sl_recorder *sl_recorder_create(const struct sl_recorder_config *config)
{
    struct sl_recorder *recorder = sl_new(struct sl_recorder);

    recorder->config = *config;
    copy_texts(recorder);
    sl_log_scope_init(&recorder->scope, NULL, "stream", recorder->config.stream);
    recorder->loop = sl_job_loop_loop(sl_program_loop(config->program));
    recorder->numbered = !sl_record_template_has_time(config->template);
    recorder->start_msg.run = on_start;
    recorder->stop_msg.run = on_stop;
    recorder->failing_msg.run = on_failing;
    recorder->ended_msg.run = on_ended;
    sl_loop_post(recorder->loop, &recorder->start_msg);
    return recorder;
}

void sl_recorder_stop(struct sl_recorder *recorder, bool followed)
{
    if (recorder->stopping)
        return;
    recorder->stopping = true;
    recorder->followed = followed;
    sl_loop_post(recorder->loop, &recorder->stop_msg);
}

void sl_recorder_destroy(struct sl_recorder *recorder)
{
    if (!recorder)
        return;
    assert(recorder->ended);
    free(recorder->texts);
    free(recorder);
}
