/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What could not be read is noted, for whoever wants to know why it was left out. */
#include "base/error.h"
#include "sdp/parser.h"

#include <stdarg.h>
#include <stdio.h>

void sl_sdp_parser_odd(struct sl_sdp_parser *parser, const char *format, ...)
{
    char words[128];
    va_list args;

    bool counted = parser->odd_line == parser->line;

    parser->odd_line = parser->line;
    if (counted || parser->sdp->odd_count++ > 0)
        return; /* the first leads to the others */
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args); /* cut is fine */
    va_end(args);
    (void)sl_error_set(&parser->sdp->odd, 0, "line %zu: %s", parser->line, words);
}
