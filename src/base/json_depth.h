/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How deep a JSON text nests, before a parser that recurses reads it: jansson's own bound is
 * compiled in and far too high (hardening.md, hostile JSON). Pure, any thread. */
#ifndef SL_BASE_JSON_DEPTH_H
#define SL_BASE_JSON_DEPTH_H

#include <stdbool.h>
#include <stddef.h>

enum { SL_JSON_DEPTH_MAX = 32 };

/* True if more than max objects and arrays are open at once. text need be no valid JSON. */
bool sl_json_is_deeper(const char *text, size_t len, size_t max);

#endif
