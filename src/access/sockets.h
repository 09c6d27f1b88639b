/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the sockets go that clients open for media beside their session's own. Control loop. */
#ifndef SL_ACCESS_SOCKETS_H
#define SL_ACCESS_SOCKETS_H

#include <stdbool.h>

struct sl_ws;

struct sl_media_sockets {
    void *arg;
    /*
     * The socket's client is that of this session, which is there: whoever asks has seen to it.
     * True: it is taken over, its callbacks go elsewhere from now on. False: it is to be closed,
     * there are too many that wait.
     */
    bool (*take)(void *arg, const char *session_id, struct sl_ws *ws);
};

#endif
