/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AMF0, what RTMP's commands are written in (Action Message Format 0, Adobe 2007): as much as a
 * publisher says and has to understand. Pure. */
#ifndef SL_MUX_AMF_H
#define SL_MUX_AMF_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- Writing ---- */

void sl_amf_write_string(struct sl_writer *w, const char *text);
void sl_amf_write_number(struct sl_writer *w, double number);
void sl_amf_write_null(struct sl_writer *w);
void sl_amf_write_object_begin(struct sl_writer *w);
/* count: told to the reader as a hint only. */
void sl_amf_write_array_begin(struct sl_writer *w, uint32_t count);
/* A value is to follow each. */
void sl_amf_write_key(struct sl_writer *w, const char *key);
void sl_amf_write_bool(struct sl_writer *w, bool value);
void sl_amf_write_object_end(struct sl_writer *w);

/* ---- Reading: a value that is not what was asked for makes the reader fail. ---- */

enum { SL_AMF_TEXT_MAX = 1024 }; /* a longer string is cut */

/* NUL-terminated; control characters and NUL become '?'. */
struct sl_amf_text {
    char text[SL_AMF_TEXT_MAX];
};
void sl_amf_read_string(struct sl_reader *r, struct sl_amf_text *out);
double sl_amf_read_number(struct sl_reader *r);
/* Any value, however it is nested (up to a bound). */
void sl_amf_skip(struct sl_reader *r);
/* The string fields called names[i] of an object or array go to out[i], "" if it has none; "a.b" is
 * the field b of an object that is its field a. A value of another type is skipped and gives "". */
void sl_amf_read_fields(struct sl_reader *r, const char *const *names, struct sl_amf_text *out,
                        size_t count);

#endif
