/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any packets of several inputs into sums: engine_job.h. */
#include "engine_job.h"

enum what {
    CODEC_MASK = 3,
    INPUT_MASK = 12,
    INPUT_SHIFT = 2,
    IS_LEAVE = 16,
    IS_JUMP = 32, /* of its time stamps, by as much as its first byte says */
    IS_ADVANCE = 64,
    IS_LEVEL = 128,
};

static void add_output(struct sl_engine_jobs *jobs, uint32_t output, enum sl_codec codec)
{
    order(jobs, (struct sl_engine_message){.type = SL_ENGINE_OUTPUT,
                                           .output = output,
                                           .input = output,
                                           .codec = codec,
                                           .form = {.sound = {.channels = 1}}});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum sl_codec codecs[CODEC_MASK + 1] = {SL_CODEC_OPUS, SL_CODEC_PCMA,
                                                         SL_CODEC_G722, SL_CODEC_AAC};
    struct sl_engine_jobs *jobs = sl_engine_jobs_create(check_report, NULL);
    struct sl_engine_message input;
    int64_t now_us = 0;
    uint8_t what;

    order(jobs, (struct sl_engine_message){.type = SL_ENGINE_OPEN,
                                           .kind = SL_ENGINE_MIX,
                                           .form = {.sound = {.channels = 2}}});
    order(jobs, (struct sl_engine_message){.type = SL_ENGINE_ADVANCE});
    add_output(jobs, 0, SL_CODEC_OPUS);
    add_output(jobs, 1, SL_CODEC_PCMA);
    while (next_input(&data, &len, &what, &input)) {
        input.input = 1 + ((what & INPUT_MASK) >> INPUT_SHIFT);
        input.codec = codecs[what & CODEC_MASK];
        input.pts_us = now_us;
        if (what & IS_JUMP && input.len > 0)
            input.pts_us += ((int64_t)input.data[0] - 128) * 10000;
        input.dts_us = input.pts_us;
        input.percent = input.len > 0 ? input.data[0] % 101 : 0;
        if (what & IS_LEVEL)
            input.type = SL_ENGINE_LEVEL;
        if (what & IS_LEAVE)
            input.type = SL_ENGINE_LEAVE;
        if (input.len > 0)
            order(jobs, input);
        now_us += FRAME_US;
        if (what & IS_ADVANCE)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_ADVANCE, .pts_us = now_us});
    }
    sl_engine_jobs_destroy(jobs);
    return 0;
}
