/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the disk's thread share: disk.c -> repair.c, file.c -> place.c. */
#ifndef SL_RECORD_INTERNAL_H
#define SL_RECORD_INTERNAL_H

#include "net/net.h"
#include "record/disk.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct sl_record_disk {
    /* Constant. */
    struct sl_record_disk_config config;
    int dir;
    char *path;
    struct sl_loop *loop; /* the thread's */
    pthread_t thread;
    bool running;

    /* Itself, and each answer that is on its way to control, also after its end. Any thread. */
    _Atomic unsigned refs;
    bool gone; /* its answers are nobody's any more; control's */

    /* The thread's. */
    DIR *entries; /* of the search for what a crash has left; NULL: it is over */
    struct sl_msg repair_msg;
    struct sl_timer *look_timer;
    unsigned looks;
    uint64_t bytes; /* of all files there, as far as dir_max needs it */

    _Atomic uint64_t free_min, dir_max;
    _Atomic int state;
    _Atomic int64_t looked_us;
};

static inline void sl_record_disk_ref(struct sl_record_disk *disk)
{
    atomic_fetch_add(&disk->refs, 1);
}

static inline void sl_record_disk_unref(struct sl_record_disk *disk)
{
    if (atomic_fetch_sub(&disk->refs, 1) == 1)
        free(disk);
}

/* As sl_record_disk_state(), of now. [the thread's] */
int sl_record_disk_look(struct sl_record_disk *disk);

/* ---- place.c: names to files, beneath the directory. [the thread's] ---- */

/* A new file of this name, with a number in front of its extension if it is taken, locked; name is
 * the one it got. Negative: -errno. */
int sl_record_place_create(int dir, const char *base, enum sl_container container,
                           char name[static SL_RECORD_NAME_MAX]);
/* One that is there, without waiting or being led elsewhere, locked. -EBUSY: somebody writes it. */
int sl_record_place_open(int dir, const char *name);
/* part gets the name of a whole file, numbered on if it is taken. */
int sl_record_place_finish(int dir, const char *part, const char *base, unsigned number,
                           enum sl_container container, char name[static SL_RECORD_NAME_MAX]);
/* All of them at this offset, or -errno. */
int sl_record_write_at(int fd, const void *bytes, size_t len, uint64_t offset);
/* The stream's name stays with the file, where the file system can keep it. */
void sl_record_place_note(int fd, const char *stream);
void sl_record_place_noted(int fd, char *stream, size_t len);

/* ---- repair.c ---- */

/* Makes the file whole, up to its last whole piece. duration_us: how long it plays then; len: of
 * the file. -EBADMSG: nothing in it plays. [the thread's] */
int sl_record_repair(int fd, enum sl_container container, int64_t *duration_us, uint64_t *len);
/* All that a crash has left, one file a turn of the thread's loop: what records meanwhile does not
 * wait for the long ones. [control, before the thread runs] */
void sl_record_repair_begin(struct sl_record_disk *disk);
/* Whatever is left waits for the next start. [control, after the thread] */
void sl_record_repair_end(struct sl_record_disk *disk);

#endif
