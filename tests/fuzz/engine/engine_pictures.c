/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any frames of H264 and VP8 through a job of pictures: engine_job.h. */
#include "engine_job.h"

enum what {
    IS_VP8 = 1,
    IS_KEYFRAME = 2,
    IS_REORDERED = 4,
    IS_QUIET = 8,
    WANTS_KEYFRAME = 16,
    WANTS_SNAPSHOT = 32,
};

static void add_output(struct sl_engine_jobs *jobs, uint32_t output, enum sl_codec codec,
                       struct sl_engine_pictures form)
{
    order(jobs, (struct sl_engine_message){.type = SL_ENGINE_OUTPUT,
                                           .output = output,
                                           .codec = codec,
                                           .form = {.pictures = form}});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_engine_jobs *jobs = sl_engine_jobs_create(check_report, NULL);
    struct sl_engine_message input;
    uint8_t what;

    order(jobs, (struct sl_engine_message){.type = SL_ENGINE_OPEN, .kind = SL_ENGINE_PICTURES});
    /* Small ones, since any source can be large. */
    add_output(jobs, 1, SL_CODEC_H264, (struct sl_engine_pictures){.width = 64, .height = 48});
    add_output(jobs, 2, SL_CODEC_VP8,
               (struct sl_engine_pictures){.width = 48, .keep_aspect = true, .pixels_max = 4096});
    add_output(jobs, 3, SL_CODEC_H264, (struct sl_engine_pictures){.pixels_max = 4096});
    for (int64_t pts_us = 0; next_input(&data, &len, &what, &input); pts_us += FRAME_US) {
        input.codec = what & IS_VP8 ? SL_CODEC_VP8 : SL_CODEC_H264;
        input.keyframe = what & IS_KEYFRAME;
        input.quiet = what & IS_QUIET;
        input.pts_us = pts_us;
        input.dts_us = what & IS_REORDERED ? pts_us - FRAME_US : pts_us;
        if (what & WANTS_KEYFRAME)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_KEYFRAME, .output = 1});
        if (what & WANTS_SNAPSHOT)
            order(jobs, (struct sl_engine_message){
                            .type = SL_ENGINE_SNAPSHOT, .output = 9, .len_max = 4000});
        if (input.len > 0)
            order(jobs, input);
    }
    sl_engine_jobs_destroy(jobs);
    return 0;
}
