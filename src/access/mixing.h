/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixers that publications join by their names, as those see it that decide about publications.
 * Control loop. */
#ifndef SL_ACCESS_MIXING_H
#define SL_ACCESS_MIXING_H

#include "access/reason.h"

struct sl_mix_entry;
struct sl_stream;

/* All borrowed. */
struct sl_mix_request {
    const char *name; /* of the publication */
    const char *app_key, *session_id;
};

struct sl_mixing {
    void *arg;
    /* Within request->name, the name of the stream that enter() would bring about besides the
     * publication's own; NULL: none. For who has to ask whose it is. */
    const char *(*needs)(void *arg, const struct sl_mix_request *request);
    /*
     * Before the publication's stream is made. SL_REASON_NONE: it may be; *out is its place in a
     * mixer, whose streams can be played from now on, or NULL, it is an ordinary one. A place is
     * followed by attach() or cancel().
     */
    enum sl_reason (*enter)(void *arg, const struct sl_mix_request *request,
                            struct sl_mix_entry **out);
    /* This is the stream; with it the place ends. */
    void (*attach)(struct sl_mix_entry *entry, struct sl_stream *stream);
    void (*cancel)(struct sl_mix_entry *entry); /* NULL is fine */
    /* The first of those that are mixed into this stream; NULL: it is no mixer's, or there is none.
     * It may be one that is mixed itself. */
    const struct sl_stream *(*first_in)(void *arg, const struct sl_stream *stream);
};

#endif
