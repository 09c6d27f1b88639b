/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all of FFmpeg's encoders and decoders here need; private to this directory. */
#ifndef SL_CODEC_FFMPEG_H
#define SL_CODEC_FFMPEG_H

#include <errno.h>

#include <libavcodec/avcodec.h>

/* FFmpeg prints to standard error as it likes; errors are returned here and told by the caller. A
 * context's offset makes every message of it less urgent than the least that is printed. */
static inline void sl_ffmpeg_silence(AVCodecContext *context)
{
    context->log_level_offset = AV_LOG_TRACE + 1;
}

/* FFmpeg's own codes (four letters, far below any errno) become `other`. */
static inline int sl_ffmpeg_error(int err, int other)
{
    return err == AVERROR(ENOMEM) ? -ENOMEM : other;
}

#endif
