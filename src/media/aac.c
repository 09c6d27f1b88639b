/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What AAC-LC says of itself, and how little it takes to say nothing. */
#include "media/aac.h"

#include <assert.h>
#include <errno.h>

enum { OBJECT_TYPE_AAC_LC = 2 };

/* Table 1.18: samplingFrequencyIndex. */
static const int rates_hz[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                               22050, 16000, 12000, 11025, 8000,  7350};
enum { RATES = sizeof(rates_hz) / sizeof(*rates_hz) };

/*
 * Five bits of audioObjectType, four of samplingFrequencyIndex, four of channelConfiguration, and
 * three zeros: frames of 1024 samples, no core coder, no extension (section 4.4.1).
 */
int sl_aac_write_config(int rate_hz, int channels, uint8_t out[static SL_AAC_CONFIG_LEN])
{
    unsigned index = 0;

    while (index < RATES && rates_hz[index] != rate_hz)
        index++;
    if (index == RATES || channels < 1 || channels > SL_AAC_CHANNELS_MAX)
        return -EINVAL;
    out[0] = (uint8_t)(OBJECT_TYPE_AAC_LC << 3 | index >> 1);
    out[1] = (uint8_t)(index << 7 | (unsigned)channels << 3);
    return 0;
}

/*
 * raw_data_block() (section 4.4.2.1) with one element and ID_END. No scale factor band is sent
 * (max_sfb 0), so that neither sections, scale factors nor coefficients follow; what is left of a
 * channel is its global_gain, the window and three flags that are not set, all zero.
 *
 *   mono:   ID_SCE 000, tag 0000; global_gain 8, ics_info 11, flags 3; ID_END 111
 *   stereo: ID_CPE 001, tag 0000, common_window 1; ics_info 11, ms_mask_present 2;
 *           twice global_gain 8, flags 3; ID_END 111; two bits to the next byte
 */
const uint8_t *sl_aac_silence(int channels, size_t *len)
{
    static const uint8_t mono[] = {0x00, 0x00, 0x00, 0x07};
    static const uint8_t stereo[] = {0x21, 0x00, 0x00, 0x00, 0x00, 0x1c};

    assert(channels == 1 || channels == 2);
    *len = channels == 1 ? sizeof(mono) : sizeof(stereo);
    return channels == 1 ? mono : stereo;
}
