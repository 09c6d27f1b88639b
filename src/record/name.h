/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a recording's file is called, and what it is written as: templates, containers, lengths of
 * parts (media-outputs.md 3.2, 3.3). Pure. Threads: any.
 */
#ifndef SL_RECORD_NAME_H
#define SL_RECORD_NAME_H

#include "mux/mux.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;

/* ---- Containers ---- */

/* By the end of a name; false: it is none of ours. */
bool sl_record_container_of(const char *name, enum sl_container *out);

struct sl_record_formats {
    enum sl_container h264, vp8;
};
/* "h264-mp4,vp8-webm": what is not named is as written here. -EINVAL with words. */
int sl_record_formats_parse(const char *text, struct sl_record_formats *out,
                            struct sl_error *error);

/* ---- Parts ---- */

/* How long one file may get before the next begins. Both 0: there is but one. */
struct sl_record_rotation {
    int64_t us;
    uint64_t bytes;
};
/* "disabled", "3600" seconds, "100M" megabytes. -EINVAL with words. */
int sl_record_rotation_parse(const char *text, struct sl_record_rotation *out,
                             struct sl_error *error);

/* ---- Names ---- */

enum {
    SL_RECORD_NAME_MAX = 256,      /* with the NUL: what a file system takes */
    SL_RECORD_TEMPLATE_MAX = 1024, /* bytes */
};
#define SL_RECORD_PART ".part" /* behind the name of what is being written */

/* Of the elements of a template. NULL, negative: not known yet. */
struct sl_record_facts {
    const char *stream_name, *session_id, *media_session_id, *login;
    int64_t start_ms, end_ms;           /* the stream's clock */
    int64_t start_wall_ms, end_wall_ms; /* Unix time */
    int64_t duration_ms;                /* known: of an MP4 */
    bool has_duration;                  /* false, at the end: there is none to tell */
    const char *audio_codec, *video_codec;
};
/* Nothing is known. */
void sl_record_facts_init(struct sl_record_facts *facts);

/* -EINVAL with words: an element that there is not, a brace alone, a directory, nothing at all, too
 * long. */
int sl_record_template_check(const char *template, struct sl_error *error);
/* It has a time in it, by which parts differ. */
bool sl_record_template_has_time(const char *template);

/*
 * The name for a template that was checked: what is not known stands there as it stands in the
 * template, everything else is [A-Za-z0-9._~-], other bytes being ~XX. Cut between characters so
 * that a number, the extension and SL_RECORD_PART fit behind it. Never empty, nor hidden, nor an
 * option to a program.
 */
void sl_record_name_build(const char *template, const struct sl_record_facts *facts,
                          char out[static SL_RECORD_NAME_MAX]);
/* The same of a name that was built before, less its ends: what has become known since. */
void sl_record_name_resolve(const char *name, const struct sl_record_facts *facts,
                            char out[static SL_RECORD_NAME_MAX]);
/* Number and extension behind a name; number 0: none. */
void sl_record_name_finish(const char *base, unsigned number, enum sl_container container,
                           char out[static SL_RECORD_NAME_MAX]);

/* A whole file's name as recordings have it, and one that is served: of no other directory, not
 * hidden, not one that is being written. */
bool sl_record_name_is_served(const char *name);

#endif
