/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any packets through a job of sound: engine_job.h. */
#include "engine_job.h"

#include "base/mem.h"

enum what {
    CODEC_MASK = 7,
    IS_CONFIG = 8,
    IS_GAP = 16,      /* one is missing before it */
    IS_LONG_GAP = 32, /* many are */
    IS_ADVANCE = 64,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum sl_codec codecs[CODEC_MASK + 1] = {SL_CODEC_OPUS,
                                                         SL_CODEC_PCMA,
                                                         SL_CODEC_PCMU,
                                                         SL_CODEC_G722,
                                                         SL_CODEC_AAC,
                                                         SL_CODEC_L16,
                                                         SL_CODEC_TELEPHONE_EVENT,
                                                         SL_CODEC_AAC};
    static const enum sl_codec outputs[] = {SL_CODEC_OPUS, SL_CODEC_PCMA, SL_CODEC_G722,
                                            SL_CODEC_AAC};
    struct sl_engine_jobs *jobs = sl_engine_jobs_create(check_report, NULL);
    struct sl_engine_message input;
    int64_t pts_us = 0;
    uint8_t what;

    order(jobs, (struct sl_engine_message){.type = SL_ENGINE_OPEN,
                                           .kind = SL_ENGINE_SOUND,
                                           .form = {.sound = {.rate_hz = 22050, .channels = 1}}});
    for (uint32_t i = 0; i < SL_ARRAY_LEN(outputs); i++)
        order(jobs, (struct sl_engine_message){.type = SL_ENGINE_OUTPUT,
                                               .output = i,
                                               .codec = outputs[i],
                                               .form = {.sound = {.gapless = i % 2}}});
    while (next_input(&data, &len, &what, &input)) {
        pts_us += FRAME_US + (what & IS_GAP ? FRAME_US : 0) + (what & IS_LONG_GAP ? 300000 : 0);
        if (what & IS_ADVANCE)
            order(jobs, (struct sl_engine_message){.type = SL_ENGINE_ADVANCE, .pts_us = pts_us});
        if (what & IS_CONFIG)
            input.type = SL_ENGINE_CONFIG;
        input.codec = codecs[what & CODEC_MASK];
        input.pts_us = pts_us;
        input.dts_us = pts_us;
        if (input.len > 0)
            order(jobs, input);
    }
    sl_engine_jobs_destroy(jobs);
    return 0;
}
