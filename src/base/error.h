/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for an error that a human will read: the place and what was expected there. */
#ifndef SL_BASE_ERROR_H
#define SL_BASE_ERROR_H

#include <stdarg.h>
#include <stdio.h>

struct sl_error {
    char text[256];
};

/* Fills error (may be NULL) and returns code, so that callers write
 * `return sl_error_set(error, -EBADMSG, "line %zu: ...", line);` */
__attribute__((format(printf, 3, 4))) static inline int
sl_error_set(struct sl_error *error, int code, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(error->text, sizeof(error->text), format, args); /* cut is fine */
        va_end(args);
    }
    return code;
}

#endif
