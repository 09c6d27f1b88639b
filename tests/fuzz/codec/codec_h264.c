/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any packets of H264: codec_video.h. */
#include "codec_video.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return play_packets(SL_CODEC_H264, data, len);
}
