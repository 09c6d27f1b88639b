/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any frames of H264 and VP8 of several inputs into one picture, with any cells and images:
 * engine_job.h. A payload of a record of placement is the cell: four numbers of 16 bits; with
 * IS_KEYFRAME as well, an image. */
#include "engine_job.h"

enum what {
    IS_VP8 = 1,
    IS_KEYFRAME = 2,
    IS_PLACEMENT = 4,
    IS_LEAVE = 8,
    WANTS_PICTURE = 16,
    INPUT_SHIFT = 5,
};

static struct sl_engine_cell cell_of(const struct sl_engine_message *input)
{
    uint16_t v[4] = {0};

    for (size_t i = 0; i < 4 && input->len >= 8; i++)
        v[i] = (uint16_t)((input->data[i * 2] << 8 | input->data[i * 2 + 1]) & 0x7ff);
    return (struct sl_engine_cell){v[0], v[1], v[2], v[3]};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_engine_jobs *jobs = sl_engine_jobs_create(check_report, NULL);
    const struct sl_engine_pictures form = {
        .width = 96, .height = 64, .fps_max = 50, .pixels_max = 512 * 512, .quick = true};
    struct sl_engine_message input;
    uint8_t what;

    order(jobs, (struct sl_engine_message){
                    .type = SL_ENGINE_OPEN, .kind = SL_ENGINE_MOSAIC, .form = {.pictures = form}});
    order(jobs, (struct sl_engine_message){
                    .type = SL_ENGINE_OUTPUT, .codec = SL_CODEC_H264, .form = {.pictures = form}});
    for (int64_t pts_us = 0; next_input(&data, &len, &what, &input); pts_us += FRAME_US) {
        input.input = what >> INPUT_SHIFT;
        input.codec = what & IS_VP8 ? SL_CODEC_VP8 : SL_CODEC_H264;
        input.keyframe = what & IS_KEYFRAME;
        input.pts_us = pts_us;
        input.dts_us = pts_us;
        if (what & IS_PLACEMENT && what & IS_KEYFRAME && input.len > 0)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_IMAGE,
                                                   .image = what & IS_VP8 ? SL_ENGINE_WATERMARK
                                                                          : SL_ENGINE_BACKGROUND,
                                                   .data = input.data,
                                                   .len = input.len});
        else if (what & IS_PLACEMENT)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_PLACE,
                                                   .input = input.input,
                                                   .cell = cell_of(&input)});
        else if (input.len > 0)
            order(jobs, input);
        if (what & IS_LEAVE)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_LEAVE, .input = input.input});
        if (what & WANTS_PICTURE)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_DRAW, .pts_us = pts_us});
    }
    sl_engine_jobs_destroy(jobs);
    return 0;
}
