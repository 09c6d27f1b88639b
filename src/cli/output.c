/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bounded buffer that grows by doubling. */
#include "cli/output.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void sl_output_init(struct sl_output *output, size_t max)
{
    memset(output, 0, sizeof(*output));
    output->max = max;
}

void sl_output_deinit(struct sl_output *output)
{
    free(output->bytes);
    sl_output_init(output, output->max);
}

/* False: not so much room below the bound, or no memory. */
static bool make_room(struct sl_output *output, size_t len)
{
    size_t capacity = output->capacity ? output->capacity : FIRST_CAPACITY;

    if (len > output->max - output->len)
        return false;
    if (output->len + len <= output->capacity)
        return true;
    while (capacity < output->len + len)
        capacity *= 2;
    char *bytes = realloc(output->bytes, capacity);
    if (!bytes)
        return false;
    output->bytes = bytes;
    output->capacity = capacity;
    return true;
}

void sl_output_add(struct sl_output *output, const char *bytes, size_t len)
{
    if (len == 0 || output->cut)
        return;
    if (!make_room(output, len)) {
        output->cut = true; /* for good: what follows would make no sense without this */
        return;
    }
    memcpy(output->bytes + output->len, bytes, len);
    output->len += len;
}

void sl_output_text(struct sl_output *output, const char *text)
{
    sl_output_add(output, text, strlen(text));
}

void sl_output_repeat(struct sl_output *output, char byte, size_t count)
{
    while (count-- > 0)
        sl_output_add(output, &byte, 1);
}

void sl_output_format(struct sl_output *output, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        output->cut = true;
        return;
    }
    sl_output_add(output, text, (size_t)len);
    free(text);
}

void sl_output_take(struct sl_output *output, size_t len)
{
    if (len >= output->len) {
        sl_output_clear(output);
        return;
    }
    output->len -= len;
    memmove(output->bytes, output->bytes + len, output->len);
}

void sl_output_clear(struct sl_output *output)
{
    /* Memory of one large answer is not kept for the rest of the session. */
    sl_output_deinit(output);
}
