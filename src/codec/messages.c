/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What FFmpeg has to say, to nobody: it would write to standard error, which leads nowhere in a
 * codec process. What goes wrong is told by whoever called it. */
#include "codec/codec.h"

#include <libavutil/log.h>
#include <stdarg.h>

static void drop_message(void *context, int level, const char *format, va_list args)
{
    (void)context;
    (void)level;
    (void)format;
    (void)args;
}

void sl_codec_drop_messages(void)
{
    av_log_set_callback(drop_message);
}
