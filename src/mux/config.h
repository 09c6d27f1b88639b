/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a decoder must have first, in the form that files have it. Private to this directory. */
#ifndef SL_MUX_CONFIG_H
#define SL_MUX_CONFIG_H

#include "mux/flv.h"
#include "mux/muxer.h"

enum { SL_AAC_CONFIG_MAX = 64 }; /* whatever says more is none that we know */

/* Sound in AAC: the tracks' own AudioSpecificConfig, or one made of rate and channels. -EINVAL: it
 * cannot be said, or is too short or long. */
struct sl_mux_aac_config {
    size_t len;
    uint8_t bytes[SL_AAC_CONFIG_MAX];
};
int sl_mux_aac_config(const struct sl_mux_tracks *tracks, struct sl_mux_aac_config *out);
/* Pictures in H264. -EINVAL: no SPS, or no PPS. */
int sl_mux_avc_config(const struct sl_mux_tracks *tracks, struct sl_flv_avc_config *out);

#endif
