/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AAC-LC (ISO 14496-3) as far as it is known without an encoder: its configuration, and a frame of
 * silence. Pure. */
#ifndef SL_MEDIA_AAC_H
#define SL_MEDIA_AAC_H

#include <stddef.h>
#include <stdint.h>

enum {
    SL_AAC_FRAME_SAMPLES = 1024,
    SL_AAC_CONFIG_LEN = 2,
    SL_AAC_CHANNELS_MAX = 2,
};

/* AudioSpecificConfig (section 1.6.2.1). -EINVAL: a rate that has no number (table 1.18), or more
 * than SL_AAC_CHANNELS_MAX channels. */
int sl_aac_write_config(int rate_hz, int channels, uint8_t out[static SL_AAC_CONFIG_LEN]);
/* A raw frame of 1 or 2 channels, of any rate: static. */
const uint8_t *sl_aac_silence(int channels, size_t *len);

#endif
