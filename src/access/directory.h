/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of other servers. Control loop. */
#ifndef SL_ACCESS_DIRECTORY_H
#define SL_ACCESS_DIRECTORY_H

/*
 * Whom the registry asks about stream names that are not its own alone: in a cluster they are
 * unique, and what another node has can be had. Each question is answered exactly once, never from
 * within, unless it is cancelled.
 */
struct sl_directory_call;
typedef void sl_directory_on_answer(void *owner, int err);
struct sl_directory {
    void *arg;
    /* Before a stream of this name comes to be here: 0, it may, and the name is held until
     * release(); -EEXIST, another server has it; -EINVAL, it is no name; -ENOBUFS, too many
     * ask. */
    struct sl_directory_call *(*claim)(void *arg, const char *name,
                                       sl_directory_on_answer *on_answer, void *owner);
    void (*release)(void *arg, const char *name);
    /* Has another server a stream of this name? 0, or -ENOENT. Nothing comes of it. */
    struct sl_directory_call *(*find)(void *arg, const char *name,
                                      sl_directory_on_answer *on_answer, void *owner);
    /* There is no such stream here, but somebody wants it: 0, there is one now; -ENOENT. */
    struct sl_directory_call *(*fetch)(void *arg, const char *name,
                                       sl_directory_on_answer *on_answer, void *owner);
    /* Not after the answer. NULL is fine. */
    void (*cancel)(void *arg, struct sl_directory_call *call);
};

#endif
