/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client can come back to after its socket is gone: its SIP account and calls, as those see
 * them that decide about sessions (rooms-mixers-diagnostics.md 4). Control loop. */
#ifndef SL_ACCESS_KEEPER_H
#define SL_ACCESS_KEEPER_H

#include <stdbool.h>

struct sl_session;

struct sl_keeper {
    void *arg;
    /* A client that asked to be kept is going. True: it has an account or live calls, which stay,
     * by its session's id, until one of the two below; they are those of `left` until then, which
     * has no client (session.h). */
    bool (*keep)(void *arg, const char *session_id, struct sl_session *left);
    /* It has come back: what was kept is this session's now, which is established and has been told
     * so. Whatever else it is to hear comes from the keeper. */
    void (*resume)(void *arg, const char *kept_id, struct sl_session *session);
    /* It has not, or somebody has ended it: nothing of it stays. */
    void (*end)(void *arg, const char *kept_id);
};

#endif
