/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One output of sound: samples on a row in time, encoded as frames are full. Private to this
 * directory. */
#ifndef SL_ENGINE_ROW_H
#define SL_ENGINE_ROW_H

#include "base/list.h"
#include "codec/codec.h"
#include "engine/job.h"

struct sl_row {
    struct sl_list link; /* the job's */
    const struct sl_engine_reporter *reporter;
    uint32_t output;
    enum sl_codec codec;
    int rate_hz, channels;
    uint32_t bitrate_bps; /* 0: what is sensible */
    bool gapless;
    bool follows; /* rate and channels are those of what comes */
    struct sl_resampler *resampler;
    struct sl_audio_encoder *encoder;
    struct sl_timeline timeline;
    bool begun;
};

/* The order is one for an output; reports the encoder's configuration, if it has one. -ENOSYS,
 * -EINVAL, -ENOMEM. */
int sl_row_create(const struct sl_engine_message *order, const struct sl_engine_reporter *reporter,
                  struct sl_row **out);
void sl_row_destroy(struct sl_row *row); /* NULL is fine */
/* Decoded samples of any rate. */
void sl_row_input(struct sl_row *row, const struct sl_pcm *pcm);
/* Nothing before this comes any more. */
void sl_row_advance(struct sl_row *row, int64_t until_us);

#endif
