/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who records publications to files, as those see it that decide about publications. Control loop.
 */
#ifndef SL_ACCESS_ARCHIVE_H
#define SL_ACCESS_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

struct sl_archive_end;
struct sl_stream;

/* Whose publication it is; all borrowed, texts may be NULL. */
struct sl_archive_request {
    bool asked;   /* by the client, or for it */
    bool of_room; /* it is published in a room: its file stays one */
    const char *session_id, *login;
};

struct sl_archive {
    void *arg;
    /* The stream is live: it is recorded from now on, if it is to be and can be. */
    void (*begin)(void *arg, struct sl_stream *stream, const struct sl_archive_request *request);
    /* Since when it is recorded now, Unix time; 0: it is not. */
    int64_t (*since_ms)(void *arg, const struct sl_stream *stream);
    /*
     * The stream is about to end, and what records it ends. NULL: nothing does or did. Otherwise
     * on_ended tells, never from within, when the last file is whole, or has not become so in good
     * time: its name, borrowed; NULL, there is none.
     */
    struct sl_archive_end *(*end)(void *arg, struct sl_stream *stream,
                                  void (*on_ended)(void *owner, const char *name), void *owner);
    /* No on_ended after this; files become whole all the same. */
    void (*cancel)(void *arg, struct sl_archive_end *end);
};

#endif
