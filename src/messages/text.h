/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small things about texts. Private to messages/. */
#ifndef SL_MESSAGES_TEXT_H
#define SL_MESSAGES_TEXT_H

#include "base/buffer.h"
#include "messages/messages.h"

#include <string.h>

static inline void sl_add_text(struct sl_buffer *out, const char *text)
{
    sl_buffer_append(out, text, strlen(text));
}

static inline struct sl_text_part sl_trimmed(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct sl_text_part){at, (size_t)(end - at)};
}

#endif
