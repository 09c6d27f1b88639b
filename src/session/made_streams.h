/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams that this server makes, of whose beginning a back end has heard: the same one hears of
 * the end. Control loop. */
#ifndef SL_SESSION_MADE_STREAMS_H
#define SL_SESSION_MADE_STREAMS_H

#include "session/internal.h"

struct made_stream {
    struct sl_list link; /* in sessions->made_streams */
    char *id, *app_key;
};

struct made_stream *sl_made_stream_find(const struct sl_sessions *sessions, const char *id);
struct made_stream *sl_made_stream_add(struct sl_sessions *sessions, const char *id,
                                       const char *app_key);
void sl_made_stream_forget(struct made_stream *made);
/* None is told of any more. */
void sl_made_streams_deinit(struct sl_sessions *sessions);

#endif
