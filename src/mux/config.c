/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configurations of decoders. */
#include "mux/config.h"

#include <errno.h>
#include <string.h>

int sl_mux_aac_config(const struct sl_mux_tracks *tracks, struct sl_mux_aac_config *out)
{
    size_t len = tracks->config_lens[SL_AUDIO];

    if (!tracks->configs[SL_AUDIO]) {
        out->len = SL_AAC_CONFIG_LEN;
        return sl_aac_write_config(tracks->rate_hz, tracks->channels, out->bytes);
    }
    if (len < SL_AAC_CONFIG_LEN || len > SL_AAC_CONFIG_MAX)
        return -EINVAL;
    out->len = len;
    memcpy(out->bytes, tracks->configs[SL_AUDIO], len);
    return 0;
}

int sl_mux_avc_config(const struct sl_mux_tracks *tracks, struct sl_flv_avc_config *out)
{
    const uint8_t *config = tracks->configs[SL_VIDEO];

    if (!config || sl_flv_avc_config_find(config, tracks->config_lens[SL_VIDEO], out) < 0)
        return -EINVAL;
    return 0;
}
