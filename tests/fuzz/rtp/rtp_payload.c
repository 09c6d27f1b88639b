/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any payload; the first byte picks the codec. A key frame's start is a frame's start, and the
 * answer is the same when asked again. */
#include "rtp/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum sl_codec codecs[] = {SL_CODEC_H264, SL_CODEC_VP8, SL_CODEC_VP9, SL_CODEC_AV1,
                                           SL_CODEC_OPUS};
    struct sl_payload_info info = {.width = 77}, again;

    if (len == 0)
        return 0;
    enum sl_codec codec = codecs[data[0] % 5];
    struct sl_layer layer;
    if (sl_layer_read(codec, data + 1, len - 1, &layer) == 0)
        check(layer.temporal < 8 && layer.spatial < 8 && (codec == SL_CODEC_VP9 || !layer.spatial));
    int err = sl_payload_inspect(codec, data + 1, len - 1, &info);
    check(sl_payload_inspect(codec, data + 1, len - 1, &again) == err);
    if (err < 0) {
        check(info.width == 77);
        return 0;
    }
    check(!info.keyframe_start || info.frame_start);
    check(codec != SL_CODEC_OPUS || (!info.frame_start && info.width == 0));
    check(info.keyframe_start == again.keyframe_start && info.frame_start == again.frame_start);
    check(info.width == again.width && info.height == again.height);
    return 0;
}
