/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What FFmpeg has to say, in our log: it would write to standard error, and wait for its reader. */
#include "base/log.h"
#include "codec/codec.h"

#include <libavutil/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 300 };

/* FFmpeg ends the process itself when memory runs out in a few places: its last words are worth an
 * error. Everything else is told by whoever called it. */
__attribute__((format(printf, 3, 0))) static void on_message(void *context, int level,
                                                             const char *format, va_list args)
{
    enum sl_log_level ours = level <= AV_LOG_FATAL ? SL_LOG_ERROR : SL_LOG_DEBUG;
    char text[MESSAGE_MAX];

    (void)context;
    if (level > AV_LOG_ERROR || !sl_log_enabled(ours))
        return;
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    text[strcspn(text, "\n")] = '\0';
    sl_log(ours, NULL, "ffmpeg: %s", text);
}

void sl_codec_take_messages(void)
{
    av_log_set_callback(on_message);
}
