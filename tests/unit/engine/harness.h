/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs without sockets: orders go in, reports are kept. And sources: what a publisher would send.
 */
#ifndef SL_TESTS_UNIT_ENGINE_HARNESS_H
#define SL_TESTS_UNIT_ENGINE_HARNESS_H

#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "engine/jobs.h"
#include "engine/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JOB = 7, REPORTS_MAX = 8192, START_US = 1000000000 };

struct kept {
    struct sl_engine_jobs *jobs;
    size_t count;
    struct sl_engine_message reports[REPORTS_MAX]; /* data is a copy */
};

static inline void keep_report(void *owner, const struct sl_engine_message *report)
{
    struct kept *kept = owner;
    struct sl_engine_message *copy = &kept->reports[kept->count++];

    assert_true(kept->count < REPORTS_MAX);
    assert_int_equal(report->job, JOB);
    assert_true(sl_engine_is_report(report->type));
    *copy = *report;
    if (report->len == 0)
        return;
    uint8_t *data = malloc(report->len);
    assert_non_null(data);
    memcpy(data, report->data, report->len);
    copy->data = data;
}

static inline void forget_reports(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        free((void *)(uintptr_t)kept->reports[i].data);
    kept->count = 0;
}

static inline void order(struct kept *kept, struct sl_engine_message message)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];

    message.job = JOB;
    sl_engine_build(&message, head); /* what a test says must be sayable */
    sl_engine_jobs_order(kept->jobs, &message);
}

static inline struct kept *open_job(enum sl_engine_kind kind, struct sl_engine_sound form)
{
    struct kept *kept = sl_new(struct kept);

    kept->jobs = sl_engine_jobs_create(keep_report, kept);
    order(kept, (struct sl_engine_message){
                    .type = SL_ENGINE_OPEN, .kind = kind, .form = {.sound = form}});
    return kept;
}

static inline void close_job(struct kept *kept)
{
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_CLOSE});
    sl_engine_jobs_destroy(kept->jobs);
    forget_reports(kept);
    free(kept);
}

static inline void add_pictures(struct kept *kept, uint32_t output, enum sl_codec codec,
                                struct sl_engine_pictures form)
{
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_OUTPUT,
                                           .output = output,
                                           .codec = codec,
                                           .form = {.pictures = form}});
}

static inline void add_sound(struct kept *kept, uint32_t output, enum sl_codec codec,
                             struct sl_engine_sound form)
{
    order(kept,
          (struct sl_engine_message){
              .type = SL_ENGINE_OUTPUT, .output = output, .codec = codec, .form = {.sound = form}});
}

/* The n-th report of a type, of an output; NULL. */
static inline const struct sl_engine_message *
find_report(const struct kept *kept, enum sl_engine_type type, uint32_t output, size_t n)
{
    for (size_t i = 0; i < kept->count; i++) {
        const struct sl_engine_message *report = &kept->reports[i];
        if (report->type == type && report->output == output && n-- == 0)
            return report;
    }
    return NULL;
}

/* The same, which must be there. */
static inline const struct sl_engine_message *
report_of(const struct kept *kept, enum sl_engine_type type, uint32_t output, size_t n)
{
    const struct sl_engine_message *report = find_report(kept, type, output, n);

    if (!report) {
        fail_msg("no report %zu of type %d of output %u", n, (int)type, output);
        abort(); /* for the compiler */
    }
    return report;
}

static inline size_t count_reports(const struct kept *kept, enum sl_engine_type type,
                                   uint32_t output)
{
    size_t count = 0;

    while (find_report(kept, type, output, count))
        count++;
    return count;
}

/* ---- Pictures ---- */

/* Shapes that move over a pattern, and noise in a part of it, so that bits are wanted. */
static inline void draw(struct sl_picture *picture, unsigned n, unsigned noise)
{
    static uint32_t random = 1;

    for (int y = 0; y < picture->height; y++) {
        uint8_t *row = picture->planes[0] + y * picture->strides[0];
        for (int x = 0; x < picture->width; x++) {
            random = random * 1664525 + 1013904223;
            row[x] =
                (uint8_t)(((x + (int)n * 3) / 32 + y / 32) % 2 * 90 + 60 + x * 60 / picture->width);
            row[x] = (uint8_t)(row[x] + (noise ? (random >> 24) % noise : 0));
        }
    }
    for (size_t i = 1; i < 3; i++) {
        for (int y = 0; y < (picture->height + 1) / 2; y++)
            memset(picture->planes[i] + y * picture->strides[i], (int)(90 + 20 * i + n % 20),
                   (size_t)(picture->width + 1) / 2);
    }
}

/* A publisher: encodes what it draws and gives it to the job. */
struct source {
    struct kept *kept;
    enum sl_codec codec;
    int width, height, fps;
    unsigned noise;
    struct sl_video_encoder *encoder;
    struct sl_picture picture;
    unsigned n;
    bool quiet;
    int64_t late_us; /* so much later than it came it is given to the job; 0: it does not matter */
};

static inline void give_coded(void *arg, const struct sl_coded *coded)
{
    struct source *source = arg;

    order(source->kept,
          (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                     .codec = source->codec,
                                     .keyframe = coded->keyframe,
                                     .quiet = source->quiet,
                                     .pts_us = coded->pts_us,
                                     .dts_us = coded->dts_us,
                                     .at_us = source->late_us ? sl_now_us() - source->late_us : 0,
                                     .data = coded->data,
                                     .len = coded->len});
}

static inline void close_source(struct source *source)
{
    sl_video_encoder_destroy(source->encoder);
    if (source->picture.frame)
        sl_picture_deinit(&source->picture);
    source->encoder = NULL;
}

/* Again: goes on in another size or codec. */
static inline void open_source(struct source *source, enum sl_codec codec, int width, int height,
                               int bitrate_bps)
{
    const struct sl_video_encoder_config config = {.width = width,
                                                   .height = height,
                                                   .fps = source->fps,
                                                   .bitrate_bps = bitrate_bps,
                                                   .codec = codec,
                                                   .preset = "ultrafast",
                                                   .one_thread = true};

    close_source(source);
    source->codec = codec;
    assert_int_equal(sl_video_encoder_create(&config, &source->encoder), 0);
    assert_int_equal(sl_picture_create(width, height, &source->picture), 0);
}

static inline void send_pictures(struct source *source, unsigned count)
{
    for (unsigned end = source->n + count; source->n < end; source->n++) {
        draw(&source->picture, source->n, source->noise);
        source->picture.pts_us = START_US + (int64_t)source->n * SL_US_PER_S / source->fps;
        assert_int_equal(
            sl_video_encoder_encode(source->encoder, &source->picture, false, give_coded, source),
            0);
    }
}

/* ---- What a player sees ---- */

struct seen {
    size_t count;
    int width, height;
    int64_t last_pts_us;
    bool rising;
    struct sl_picture last; /* a copy is not needed: looked at from within */
    double difference;      /* of the last from what the source drew, mean of brightness */
    const struct source *source;
};

static inline void see_picture(void *arg, struct sl_picture *picture)
{
    struct seen *seen = arg;

    seen->rising = seen->count == 0 || (seen->rising && picture->pts_us > seen->last_pts_us);
    seen->last_pts_us = picture->pts_us;
    seen->width = picture->width;
    seen->height = picture->height;
    seen->count++;
    if (!seen->source)
        return;
    const struct sl_picture *drawn = &seen->source->picture;
    double sum = 0;
    for (int y = 0; y < picture->height; y++) {
        int from_y = (int)((y + 0.5) * drawn->height / picture->height);
        for (int x = 0; x < picture->width; x++) {
            int from_x = (int)((x + 0.5) * drawn->width / picture->width);
            sum += abs(picture->planes[0][y * picture->strides[0] + x] -
                       drawn->planes[0][from_y * drawn->strides[0] + from_x]);
        }
    }
    seen->difference = sum / ((double)picture->width * picture->height);
}

/* Decodes all that an output made. */
static inline struct seen watch(const struct kept *kept, uint32_t output, enum sl_codec codec,
                                const struct source *source)
{
    struct seen seen = {.source = source};
    struct sl_video_decoder *decoder;
    const struct sl_engine_message *coded;

    assert_int_equal(sl_video_decoder_create(codec, &decoder), 0);
    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, output, n)); n++) {
        assert_int_equal(coded->codec, codec);
        assert_int_equal(sl_video_decoder_decode(decoder, coded->data, coded->len, coded->pts_us,
                                                 see_picture, &seen),
                         0);
        assert_int_equal(seen.last_pts_us, coded->pts_us);
        assert_int_equal(seen.width, coded->width);
        assert_int_equal(seen.height, coded->height);
    }
    sl_video_decoder_destroy(decoder);
    return seen;
}

#endif
