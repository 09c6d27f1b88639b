/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pictures of many inputs in one: the newest of each is kept as it was decoded, and whenever
 * the server wants the next picture, those that are new are scaled into their cells on a canvas
 * that stays, and the canvas is encoded.
 */
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "engine/canvas.h"
#include "engine/job.h"
#include "engine/last_words.h"
#include "engine/picture_source.h"
#include "engine/rendition.h"

#include <errno.h>
#include <string.h>

enum { SIDE_MIN = 16 };

/* Of an input that has sent nothing for so long nothing is shown (rooms-mixers-diagnostics.md 2.4).
 */
static const int64_t stale_us = INT64_C(10) * SL_US_PER_S;

struct job;

struct input {
    struct sl_list link; /* in job->inputs: larger cells before smaller ones */
    struct job *job;
    uint32_t id;
    struct sl_picture_source source;
    struct sl_engine_cell cell; /* without a size: it is shown nowhere */
    struct sl_engine_cell part; /* of the canvas, that its pictures fill; within the cell */
    struct sl_picture newest;   /* frame NULL: there is none */
    bool fresh;                 /* newest is not on the canvas yet */
    bool painted;               /* it was put there for this picture */
    bool refused;
    struct sl_scaler *scaler; /* NULL, or of the part's size */
    struct sl_size scaler_size;
};

struct job {
    const struct sl_engine_reporter *reporter;
    struct sl_engine_pictures form;
    struct sl_canvas canvas;
    bool blank; /* everything is to be painted anew */
    struct sl_list inputs;
    size_t input_count;
    struct sl_rendition *rendition; /* NULL: there is no output */
    int64_t last_pts_us;
    bool begun;
};

static void forget_picture(struct input *input)
{
    if (input->newest.frame)
        sl_picture_deinit(&input->newest);
    input->fresh = false;
    input->part = (struct sl_engine_cell){0};
}

static void input_free(struct input *input)
{
    sl_list_remove(&input->link);
    input->job->input_count--;
    input->job->blank = true;
    forget_picture(input);
    sl_picture_source_deinit(&input->source);
    sl_scaler_destroy(input->scaler);
    free(input);
}

static void destroy(void *arg)
{
    struct job *job = arg;
    struct input *input;

    sl_list_foreach(input, &job->inputs, struct input, link) input_free(input);
    sl_rendition_destroy(job->rendition);
    sl_canvas_deinit(&job->canvas);
    free(job);
}

static bool is_side(uint16_t side)
{
    return side >= SIDE_MIN && side <= SL_ENGINE_SIDE_MAX && side % 2 == 0;
}

static int create(const struct sl_engine_message *open, const struct sl_engine_reporter *reporter,
                  void **out)
{
    const struct sl_engine_pictures *form = &open->form.pictures;

    if (!is_side(form->width) || !is_side(form->height) || form->fps_max == 0)
        return -EINVAL;
    struct job *job = sl_new(struct job);
    job->reporter = reporter;
    job->form = *form;
    job->blank = true;
    sl_list_init(&job->inputs);
    int err = sl_canvas_init(&job->canvas, form->width, form->height);
    if (err < 0) {
        destroy(job);
        return err;
    }
    *out = job;
    return 0;
}

/* ---- Inputs ---- */

static void on_picture(void *arg, struct sl_picture *picture)
{
    struct input *input = arg;
    struct sl_picture newest;

    if (sl_picture_ref(picture, &newest) < 0)
        return; /* the one before it is shown a little longer */
    if (input->newest.frame)
        sl_picture_deinit(&input->newest);
    input->newest = newest;
    input->fresh = true;
}

static struct input *find_input(const struct job *job, uint32_t id)
{
    struct input *input;

    sl_list_foreach(input, &job->inputs, struct input, link)
    {
        if (input->id == id)
            return input;
    }
    return NULL;
}

static struct input *add_input(struct job *job, uint32_t id)
{
    if (job->input_count == SL_ENGINE_INPUTS_MAX)
        return NULL;
    struct input *input = sl_new(struct input);
    input->job = job;
    input->id = id;
    input->source.on_picture = on_picture;
    input->source.owner = input;
    input->source.reporter = job->reporter;
    input->source.input = id;
    input->source.pixels_max = job->form.pixels_max;
    sl_list_append(&job->inputs, &input->link);
    job->input_count++;
    return input;
}

static void refuse(struct input *input, int err)
{
    sl_engine_report_refusal(input->job->reporter, input->id, err, &input->refused);
    forget_picture(input);
    input->job->blank = true;
}

static void take_input(struct input *input, const struct sl_engine_message *order)
{
    int err = sl_picture_source_input(&input->source, order);

    if (err < 0)
        refuse(input, err);
    else if (order->keyframe)
        input->refused = false;
}

/* ---- Cells ---- */

static int area(const struct sl_engine_cell *cell)
{
    return cell->width * cell->height;
}

static bool is_on_canvas(const struct job *job, const struct sl_engine_cell *cell)
{
    return cell->x % 2 == 0 && cell->y % 2 == 0 && cell->width % 2 == 0 && cell->height % 2 == 0 &&
           cell->x + cell->width <= job->form.width && cell->y + cell->height <= job->form.height;
}

static void place(struct input *input, const struct sl_engine_cell *cell)
{
    struct job *job = input->job;
    struct sl_list *before = &job->inputs;
    struct input *other;

    input->cell = is_on_canvas(job, cell) ? *cell : (struct sl_engine_cell){0};
    job->blank = true;
    sl_list_remove(&input->link);
    sl_list_foreach(other, &job->inputs, struct input, link)
    {
        if (before == &job->inputs && area(&other->cell) < area(&input->cell))
            before = &other->link;
    }
    sl_list_append(before, &input->link); /* in front of it; of the head: at the end */
}

/* Where a picture of this shape goes: as large as it can be, in the middle. */
static struct sl_engine_cell fit(const struct sl_engine_cell *cell, struct sl_size shown)
{
    int width = cell->width, height = cell->height;

    if ((int64_t)shown.width * height > (int64_t)shown.height * width)
        height = (int)((int64_t)width * shown.height / shown.width);
    else
        width = (int)((int64_t)height * shown.width / shown.height);
    width = width < 2 ? 2 : width & ~1;
    height = height < 2 ? 2 : height & ~1;
    return (struct sl_engine_cell){
        .x = (uint16_t)(cell->x + (cell->width - width) / 4 * 2),
        .y = (uint16_t)(cell->y + (cell->height - height) / 4 * 2),
        .width = (uint16_t)width,
        .height = (uint16_t)height,
    };
}

static bool are_equal(const struct sl_engine_cell *a, const struct sl_engine_cell *b)
{
    return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

static bool do_overlap(const struct sl_engine_cell *a, const struct sl_engine_cell *b)
{
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
           b->y < a->y + a->height;
}

/* ---- The canvas ---- */

/* In the size of its part; *out is borrowed until the next one. */
static int scale(struct input *input, struct sl_picture *out)
{
    struct sl_size size = {input->part.width, input->part.height};
    const struct sl_picture *newest = &input->newest;

    if (newest->width == size.width && newest->height == size.height && !newest->full_range) {
        *out = *newest;
        return 0;
    }
    bool fits = input->scaler && input->scaler_size.width == size.width &&
                input->scaler_size.height == size.height;
    if (!fits) {
        sl_scaler_destroy(input->scaler);
        input->scaler = NULL;
        int err = sl_scaler_create(size.width, size.height, &input->scaler);
        if (err < 0)
            return err;
        input->scaler_size = size;
    }
    return sl_scaler_scale(input->scaler, newest, out);
}

static bool is_shown(const struct input *input)
{
    return input->cell.width > 0 && input->cell.height > 0 && input->newest.frame;
}

/* Its place on the canvas; a picture of another shape leaves something of the one before it. */
static void settle(struct input *input, int64_t pts_us)
{
    if (input->newest.frame && pts_us - input->newest.pts_us > stale_us) {
        forget_picture(input);
        input->job->blank = true;
    }
    if (!is_shown(input))
        return;
    struct sl_engine_cell part = fit(&input->cell, sl_picture_source_shown(&input->newest));
    input->job->blank |= !are_equal(&part, &input->part);
    input->part = part;
}

/* Something beneath it was painted over it. */
static bool is_hidden(const struct input *input)
{
    const struct input *below;

    sl_list_foreach(below, &input->job->inputs, struct input, link)
    {
        if (below == input)
            break;
        if (below->painted && do_overlap(&below->part, &input->part))
            return true;
    }
    return false;
}

static void paint(struct input *input)
{
    struct sl_picture scaled;

    input->painted = is_shown(input) && (input->fresh || input->job->blank || is_hidden(input));
    if (!input->painted)
        return;
    sl_last_words_input(input->id);
    int err = scale(input, &scaled);
    sl_last_words_input(0);
    if (err < 0)
        return; /* out of memory, and the next one may have some */
    sl_canvas_paint(&input->job->canvas, &scaled, &input->part);
    input->fresh = false;
}

static void compose(struct job *job, int64_t pts_us)
{
    struct input *input;

    sl_list_foreach(input, &job->inputs, struct input, link) settle(input, pts_us);
    if (job->blank)
        sl_canvas_clear(&job->canvas);
    sl_list_foreach(input, &job->inputs, struct input, link) paint(input);
    job->blank = false;
}

static void drop_output(struct job *job)
{
    sl_rendition_destroy(job->rendition);
    job->rendition = NULL;
}

static void draw(struct job *job, int64_t pts_us)
{
    const struct sl_fit_source source = {
        .size = {job->form.width, job->form.height},
        .frame_us = SL_US_PER_S / job->rendition->form.fps_max,
    };

    if (job->begun && pts_us <= job->last_pts_us)
        return; /* an encoder's times rise */
    job->begun = true;
    job->last_pts_us = pts_us;
    compose(job, pts_us);
    int err = sl_rendition_show(job->rendition, sl_canvas_finish(&job->canvas, pts_us), &source);
    if (err == 0)
        return;
    sl_engine_report_failure(job->reporter, job->rendition->output, err);
    drop_output(job);
}

/* ---- Orders ---- */

static void set_output(struct job *job, const struct sl_engine_message *order)
{
    if (order->form.pictures.fps_max == 0)
        return;
    if (job->rendition) {
        sl_rendition_change(job->rendition, &order->form.pictures);
        return;
    }
    int err = sl_rendition_create(order, job->reporter, &job->rendition);
    if (err < 0)
        sl_engine_report_failure(job->reporter, order->output, err);
    else
        job->rendition->size = (struct sl_size){job->form.width, job->form.height};
}

static void set_image(struct job *job, const struct sl_engine_message *order)
{
    int err = sl_canvas_set_image(&job->canvas, order->image, order->data, order->len,
                                  job->form.pixels_max);
    struct sl_engine_message report = {
        .type = SL_ENGINE_REFUSED, .image = order->image, .err = err};

    job->blank = true;
    if (err < 0)
        sl_engine_report(job->reporter, &report);
}

static void take_input_order(struct job *job, const struct sl_engine_message *order)
{
    struct input *input = order->input ? find_input(job, order->input) : NULL;

    if (!input && order->input && order->type != SL_ENGINE_LEAVE)
        input = add_input(job, order->input);
    if (!input)
        return; /* too many: it is not shown */
    if (order->type == SL_ENGINE_INPUT)
        take_input(input, order);
    else if (order->type == SL_ENGINE_PLACE)
        place(input, &order->cell);
    else
        input_free(input);
}

static void order(void *arg, const struct sl_engine_message *order)
{
    struct job *job = arg;
    bool has_output = job->rendition && job->rendition->output == order->output;

    switch (order->type) {
    case SL_ENGINE_INPUT:
    case SL_ENGINE_PLACE:
    case SL_ENGINE_LEAVE:
        take_input_order(job, order);
        return;
    case SL_ENGINE_IMAGE:
        set_image(job, order);
        return;
    case SL_ENGINE_OUTPUT:
        set_output(job, order);
        return;
    case SL_ENGINE_DROP:
        if (has_output)
            drop_output(job);
        return;
    case SL_ENGINE_KEYFRAME:
        if (has_output)
            job->rendition->keyframe_wanted = true;
        return;
    case SL_ENGINE_DRAW:
        if (job->rendition)
            draw(job, order->pts_us);
        return;
    default: /* not of this kind */
        return;
    }
}

const struct sl_engine_job_ops sl_engine_mosaic_ops = {create, destroy, order};
