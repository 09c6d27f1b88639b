/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeping a file up with what is in memory: one write under way (a job of libuv's pool), and one
 * more afterwards if something has changed meanwhile. The owner's thread is the loop's.
 */
#ifndef SL_APPS_SAVE_H
#define SL_APPS_SAVE_H

#include "apps/answers.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_error;

struct sl_saver {
    struct sl_loop *loop;
    char *dir;
    const char *name;
    /* The text to write, for free(); NULL: out of memory. */
    char *(*build)(void *arg);
    void *arg;
    uint64_t changes;     /* so far */
    uint64_t saved;       /* that many of them are on disk */
    struct sl_save *save; /* under way; NULL */
    struct sl_list waiters;
    struct sl_answers answers;
    struct sl_timer *late; /* runs while a write is under way */
    bool again;            /* somebody has been told that it is late */
};

void sl_saver_init(struct sl_saver *saver, struct sl_loop *loop, const char *dir, const char *name,
                   char *(*build)(void *arg), void *arg);
/* Waits for the write under way, then writes what is not written yet; blocks. Nobody is called
 * any more. A failure is logged. */
void sl_saver_deinit(struct sl_saver *saver);
/* Something has changed; not written before somebody asks for it. */
void sl_saver_change(struct sl_saver *saver);
/* See sl_apps_save(). -ETIMEDOUT: the disk does not answer; it will be written when it does. */
void sl_saver_save(struct sl_saver *saver, sl_apps_on_done *on_done, void *owner);
/* Writes now, whatever there is; blocks. No save may be under way. */
int sl_saver_save_now(struct sl_saver *saver, struct sl_error *error);

#endif
