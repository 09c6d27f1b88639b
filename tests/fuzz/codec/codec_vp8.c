/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any packets of VP8: codec_video.h. */
#include "codec_video.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return play_packets(SL_CODEC_VP8, data, len);
}
