/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One medium a visit: control makes and frees it, the program's loop has its segmenter. */
#include "hls/outlet.h"

#include "base/clock.h"
#include "base/mem.h"
#include "hls/segmenter.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>

struct sl_medium {
    /* Constant. */
    struct sl_hls_outlet *outlet;
    struct sl_loop *control, *loop;
    /* By enum sl_media_kind: the same for both, but for a level's; NULL: a level without sound. */
    struct sl_program *programs[2];
    struct sl_variant *variant; /* a level's pictures; NULL */
    int64_t time_us, part_us;

    /* Control's. */
    const struct sl_medium_ops *ops;
    void *owner;
    bool flows, closing;
    struct sl_stream_listener listener; /* to the variant's stream */
    struct sl_msg start_msg, target_msg, close_msg, closed_msg;
    bool target_posted;

    /* The loop's. */
    struct sl_program_taker takers[2]; /* of the programs; one that is both has the second */
    struct sl_segmenter *segmenter;

    _Atomic int64_t target_s;
};

/* ---- On the loop ---- */

static void on_piece_arrived(struct sl_msg *msg);

static void on_piece(void *owner, struct sl_hls_piece *piece)
{
    struct sl_medium *medium = owner;

    piece->to = medium;
    piece->msg.run = on_piece_arrived; /* few a second; control keeps up or ends */
    sl_loop_post(medium->control, &piece->msg);
}

static void on_keyframe_wanted(void *owner)
{
    sl_program_request_keyframe(((struct sl_medium *)owner)->programs[SL_VIDEO]);
}

static void on_sound_wanted(void *owner)
{
    const struct sl_medium *medium = owner;

    if (medium->programs[SL_AUDIO])
        sl_program_begin_sound(medium->programs[SL_AUDIO]);
}

static const struct sl_segmenter_ops segmenter_ops = {on_piece, on_keyframe_wanted,
                                                      on_sound_wanted};

static void on_frame(void *owner, const struct sl_program_frame *frame)
{
    sl_segmenter_input(((struct sl_medium *)owner)->segmenter, frame, sl_now_us());
}

static void on_batch(void *owner, int64_t now_us)
{
    sl_segmenter_tick(((struct sl_medium *)owner)->segmenter, now_us);
}

static const struct sl_program_taker_ops taker_ops = {on_frame, on_batch};

static struct sl_program_form form_of(const struct sl_medium *medium)
{
    struct sl_program_form form = *sl_program_form(medium->programs[SL_VIDEO]);
    const struct sl_program *sound = medium->programs[SL_AUDIO];

    if (sound) {
        form.from[SL_AUDIO] = sl_program_form(sound)->from[SL_AUDIO];
        form.to[SL_AUDIO] = sl_program_form(sound)->to[SL_AUDIO];
    }
    return form;
}

static void attach(struct sl_medium *medium, size_t index)
{
    struct sl_program_taker *taker = &medium->takers[index];

    taker->ops = &taker_ops;
    taker->owner = medium;
    sl_program_attach(medium->programs[index], taker);
}

static void on_start(struct sl_msg *msg)
{
    struct sl_medium *medium = sl_container_of(msg, struct sl_medium, start_msg);
    const struct sl_program *sound = medium->programs[SL_AUDIO];
    const struct sl_segmenter_config config = {
        .form = form_of(medium),
        .sound = sl_program_sound(sound ? sound : medium->programs[SL_VIDEO]),
        .common_clock = medium->variant != NULL,
        .time_us = medium->time_us,
        .part_us = medium->part_us,
        .ops = &segmenter_ops,
        .owner = medium,
    };

    medium->segmenter = sl_segmenter_create(&config, sl_now_us());
    attach(medium, SL_VIDEO);
    if (sound && sound != medium->programs[SL_VIDEO])
        attach(medium, SL_AUDIO);
    sl_program_request_keyframe(medium->programs[SL_VIDEO]);
}

static void on_target(struct sl_msg *msg)
{
    struct sl_medium *medium = sl_container_of(msg, struct sl_medium, target_msg);

    if (medium->segmenter)
        sl_segmenter_set_target(medium->segmenter, atomic_load(&medium->target_s));
}

static void on_close(struct sl_msg *msg)
{
    struct sl_medium *medium = sl_container_of(msg, struct sl_medium, close_msg);

    for (size_t i = 0; i < SL_ARRAY_LEN(medium->takers); i++)
        if (medium->segmenter)
            sl_program_detach(&medium->takers[i]);
    sl_segmenter_destroy(medium->segmenter);
    medium->segmenter = NULL;
    sl_loop_post(medium->control, &medium->closed_msg);
}

/* ---- On control ---- */

static void on_piece_arrived(struct sl_msg *msg)
{
    struct sl_hls_piece *piece = sl_container_of(msg, struct sl_hls_piece, msg);
    struct sl_medium *medium = piece->to;

    if (medium->closing) {
        sl_hls_piece_destroy(piece);
        return;
    }
    if (!medium->flows) {
        medium->flows = true;
        medium->ops->on_state(medium->owner, SL_MEDIUM_FLOWS, SL_REASON_NONE);
    }
    medium->outlet->ops->on_piece(medium->outlet->owner, piece);
}

static enum sl_reason reason_of(int err)
{
    return err == -EBUSY    ? SL_REASON_NO_TRANSCODERS
           : err == -ENOSYS ? SL_REASON_NO_CODECS
                            : SL_REASON_ERROR;
}

/* Pictures before the variant that they are of. */
static void release(struct sl_medium *medium)
{
    sl_stream_unlisten(&medium->listener);
    if (medium->programs[SL_VIDEO] != medium->programs[SL_AUDIO])
        sl_program_release(medium->programs[SL_VIDEO]);
    sl_program_release(medium->programs[SL_AUDIO]);
    sl_variant_release(medium->variant);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_medium *medium = sl_container_of(msg, struct sl_medium, closed_msg);
    struct sl_hls_outlet *outlet = medium->outlet;

    release(medium);
    medium->ops->on_closed(medium->owner);
    free(medium);
    if (--outlet->open == 0)
        outlet->ops->on_idle(outlet->owner);
}

static void on_variant_end(struct sl_stream_listener *listener)
{
    struct sl_medium *medium = sl_container_of(listener, struct sl_medium, listener);
    int why = sl_variant_why(medium->variant);

    if (why < 0) /* else its source has ended, of which the session hears by itself */
        medium->ops->on_state(medium->owner, SL_MEDIUM_FAILED, reason_of(why));
}

static int take_stream(struct sl_medium *medium, struct sl_stream *stream)
{
    static const struct sl_program_want want = {
        .codecs = {[SL_AUDIO] = {SL_CODEC_AAC}, [SL_VIDEO] = {SL_CODEC_H264}}};
    struct sl_program *program;
    int err = sl_program_take(medium->outlet->programs, stream, &want, &program);

    if (err == 0)
        medium->programs[SL_AUDIO] = medium->programs[SL_VIDEO] = program;
    return err;
}

/* Its sound first: one for all levels, and pictures come to the loop where that is. */
static int take_level(struct sl_medium *medium, struct sl_stream *stream)
{
    static const struct sl_program_want sound = {.codecs = {[SL_AUDIO] = {SL_CODEC_AAC}}};
    const struct sl_hls_outlet *outlet = medium->outlet;
    struct sl_program_want pictures = {.codecs = {[SL_VIDEO] = {SL_CODEC_H264}}, .brief = true};
    int err = sl_variant_take(outlet->variants, stream, &outlet->level, &medium->variant);

    if (err < 0)
        return err;
    err = sl_program_take(outlet->programs, stream, &sound, &medium->programs[SL_AUDIO]);
    if (err < 0 && err != -ENOSYS) /* that is a stream without sound */
        return err;
    pictures.beside = medium->programs[SL_AUDIO];
    err = sl_program_take(outlet->programs, sl_variant_stream(medium->variant), &pictures,
                          &medium->programs[SL_VIDEO]);
    if (err < 0)
        return err;
    medium->listener.on_end = on_variant_end;
    sl_stream_listen(sl_variant_stream(medium->variant), &medium->listener);
    return 0;
}

static void tell_facts(const struct sl_medium *medium, struct sl_medium_facts *facts)
{
    const struct sl_program_form form = form_of(medium);

    for (int kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        facts->flows[kind] = form.from[kind] != SL_CODEC_NONE;
        facts->codecs[kind] = facts->flows[kind] ? form.to[kind] : SL_CODEC_NONE;
    }
    if (!medium->variant)
        return;
    facts->made[SL_VIDEO] = sl_variant_stream(medium->variant);
    facts->encoders[SL_VIDEO] = sl_variant_encoder(medium->variant);
}

static enum sl_reason begin(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out)
{
    struct sl_hls_outlet *outlet = arg;
    struct sl_medium *medium = sl_new(struct sl_medium);

    *out = NULL;
    *facts = (struct sl_medium_facts){.answer = NULL};
    medium->outlet = outlet;
    int err = outlet->level.codec != SL_CODEC_NONE ? take_level(medium, request->stream)
                                                   : take_stream(medium, request->stream);
    if (err < 0) {
        release(medium);
        free(medium);
        return reason_of(err);
    }
    medium->control = outlet->control;
    medium->loop = sl_job_loop_loop(sl_program_loop(medium->programs[SL_VIDEO]));
    medium->time_us = outlet->time_us;
    medium->part_us = outlet->part_us;
    medium->ops = request->ops;
    medium->owner = request->owner;
    medium->start_msg.run = on_start;
    medium->target_msg.run = on_target;
    medium->close_msg.run = on_close;
    medium->closed_msg.run = on_closed;
    tell_facts(medium, facts);
    outlet->medium = medium;
    outlet->open++;
    *out = medium;
    return SL_REASON_NONE;
}

static void start(struct sl_medium *medium)
{
    sl_loop_post(medium->loop, &medium->start_msg);
}

static void close_medium(struct sl_medium *medium)
{
    medium->closing = true;
    if (medium->outlet->medium == medium)
        medium->outlet->medium = NULL;
    sl_loop_post(medium->loop, &medium->close_msg);
}

static bool figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out)
{
    (void)medium;
    (void)now_us;
    (void)out;
    return false;
}

static bool uses_tcp(const struct sl_medium *medium)
{
    (void)medium;
    return true;
}

struct sl_provider sl_hls_outlet_provider(struct sl_hls_outlet *outlet)
{
    return (struct sl_provider){
        .name = "HLS",
        .protocol = "hls",
        .arg = outlet,
        .begin = begin,
        .start = start,
        .close = close_medium,
        .figures = figures,
        .uses_tcp = uses_tcp,
    };
}

void sl_hls_outlet_set_target(struct sl_hls_outlet *outlet, int64_t target_s)
{
    struct sl_medium *medium = outlet->medium;

    if (!medium || medium->target_posted)
        return; /* it never changes */
    medium->target_posted = true;
    atomic_store(&medium->target_s, target_s);
    sl_loop_post(medium->loop, &medium->target_msg);
}
