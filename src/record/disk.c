/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that writes: looks at the disk once a second, and takes files one piece after the
 * other. What one file does is in file.c. */
#include "record/disk.h"

#include "base/clock.h"
#include "base/dir.h"
#include "base/error.h"
#include "base/log.h"
#include "net/net.h"
#include "record/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000,
    HANGS_US = 10 * (int)SL_US_PER_S,
    COUNT_EVERY = 30,      /* looks, after which the directory's files are counted again */
    ROOM_MIN = 256 * 1024, /* bytes; less is a full disk, whatever the bounds are */
    DIR_MODE = 0750,
};

/* ---- Looking [the disk's thread] ---- */

/* Files that others have removed, or put there, count as well. */
static uint64_t count_bytes(int dir)
{
    DIR *entries = sl_dir_open(dir);
    uint64_t bytes = 0;
    struct dirent *entry;
    struct stat st;

    if (!entries)
        return 0;
    while ((entry = readdir(entries))) { // NOLINT(concurrency-mt-unsafe): a stream of our own
        if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_size;
    }
    (void)closedir(entries); /* read only: nothing to lose */
    return bytes;
}

int sl_record_disk_look(struct sl_record_disk *disk)
{
    uint64_t free_min = atomic_load(&disk->free_min), dir_max = atomic_load(&disk->dir_max);
    struct statvfs fs;

    if (fstatvfs(disk->dir, &fs) < 0)
        return -errno;
    if (fs.f_flag & ST_RDONLY)
        return -EROFS;
    uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (room < ROOM_MIN || room < free_min)
        return -ENOSPC;
    if (dir_max > 0 && disk->bytes >= dir_max)
        return -EDQUOT;
    return 0;
}

static void on_look(void *owner)
{
    struct sl_record_disk *disk = owner;

    if (atomic_load(&disk->dir_max) > 0 && disk->looks++ % COUNT_EVERY == 0)
        disk->bytes = count_bytes(disk->dir);
    int state = sl_record_disk_look(disk);
    if (state == 0 && faccessat(disk->dir, ".", W_OK | X_OK, AT_EACCESS) < 0)
        state = -errno;
    atomic_store(&disk->state, state);
    atomic_store(&disk->looked_us, sl_now_us());
}

static void *run(void *arg)
{
    struct sl_record_disk *disk = arg;
    sigset_t all;

    (void)sigfillset(&all); /* signals are the control loop's */
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    on_look(disk);
    sl_loop_run(disk->loop);
    return NULL;
}

/* ---- From outside ---- */

int sl_record_disk_fd(const struct sl_record_disk *disk)
{
    return disk->dir;
}

const char *sl_record_disk_path(const struct sl_record_disk *disk)
{
    return disk->path;
}

void sl_record_disk_set_bounds(struct sl_record_disk *disk, uint64_t free_min, uint64_t dir_max)
{
    atomic_store(&disk->free_min, free_min);
    atomic_store(&disk->dir_max, dir_max);
}

int sl_record_disk_state(const struct sl_record_disk *disk)
{
    return sl_now_us() - atomic_load(&disk->looked_us) > HANGS_US ? -ETIMEDOUT
                                                                  : atomic_load(&disk->state);
}

/* ---- Life [control] ---- */

static int open_dir(struct sl_record_disk *disk, const char *dir, struct sl_error *error)
{
    if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST)
        return sl_error_set(error, -errno, "record_dir: cannot make %s: %s", dir, strerror(errno));
    disk->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    disk->path = disk->dir >= 0 ? realpath(dir, NULL) : NULL;
    if (!disk->path)
        return sl_error_set(error, -errno, "record_dir: cannot open %s: %s", dir, strerror(errno));
    return 0;
}

static int start(struct sl_record_disk *disk, struct sl_error *error)
{
    disk->loop = sl_loop_create("record");
    if (!disk->loop)
        return sl_error_set(error, -EMFILE, "record_dir: no descriptors left for its thread");
    disk->look_timer = sl_timer_create(disk->loop, on_look, disk);
    sl_timer_start(disk->look_timer, LOOK_MS, LOOK_MS);
    atomic_store(&disk->looked_us, sl_now_us());
    sl_record_repair_begin(disk);
    int err = -pthread_create(&disk->thread, NULL, run, disk);
    if (err < 0)
        return sl_error_set(error, err, "record_dir: no thread for it: %s", strerror(-err));
    disk->running = true;
    return 0;
}

int sl_record_disk_create(const struct sl_record_disk_config *config, struct sl_record_disk **out,
                          struct sl_error *error)
{
    struct sl_record_disk *disk = sl_new(struct sl_record_disk);

    disk->config = *config;
    disk->dir = -1;
    atomic_store(&disk->refs, 1);
    int err = open_dir(disk, config->dir, error);
    if (err == 0)
        err = start(disk, error);
    if (err < 0) {
        sl_record_disk_destroy(disk);
        return err;
    }
    *out = disk;
    return 0;
}

void sl_record_disk_destroy(struct sl_record_disk *disk)
{
    if (!disk)
        return;
    if (disk->running) {
        sl_loop_stop(disk->loop);
        (void)pthread_join(disk->thread, NULL);
    }
    sl_record_repair_end(disk);
    sl_timer_destroy(disk->look_timer);
    sl_loop_destroy(disk->loop);
    if (disk->dir >= 0)
        (void)close(disk->dir); /* read only: nothing to lose */
    free(disk->path);
    disk->path = NULL;
    disk->gone = true;
    sl_record_disk_unref(disk);
}
