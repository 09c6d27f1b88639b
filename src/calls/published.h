/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a telephone sends as a stream with a name (sip.md 15): the name is kept free for it from the
 * beginning, and once the telephone has answered, the stream is a publication of the session like
 * any other. Control loop.
 */
#ifndef SL_CALLS_PUBLISHED_H
#define SL_CALLS_PUBLISHED_H

#include "calls/internal.h"

struct sl_call_stream;

/* -EEXIST: the name is in use; -EINVAL: it is none; with words. */
int sl_call_stream_create(struct sl_call *call, const char *name, struct sl_call_stream **out,
                          struct sl_error *error);
const char *sl_call_stream_name(const struct sl_call_stream *stream);
/* The telephone has answered. What comes of it, the session's ops tell. */
void sl_call_stream_publish(struct sl_call_stream *stream);
/* It has been heard, or seen where there is no sound. */
void sl_call_stream_on_heard(struct sl_call_stream *stream);
/* Its publication ends, and the name is free; before the call's media closes. NULL is fine. */
void sl_call_stream_destroy(struct sl_call_stream *stream);

/* How such publications are set up. */
void sl_calls_make_provider(struct sl_calls *calls);

#endif
