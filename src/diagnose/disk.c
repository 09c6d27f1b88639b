/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What touches the disk: jobs on libuv's pool, and the directories at start. */
#include "diagnose/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MODE = 0600,
    WARN_INTERVAL_US = 60 * SL_US_PER_S,
};

/* ---- Writing ---- */

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t count = write(fd, bytes, len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        bytes += count;
        len -= (size_t)count;
    }
    return 0;
}

static void make_parent(const struct write_job *job)
{
    char parent[sizeof(job->name)];
    const char *slash = strchr(job->name, '/');

    if (!slash)
        return;
    (void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - job->name), job->name);
    (void)mkdirat(job->dir, parent, SL_DIAGNOSE_DIR_MODE); /* the open below tells what is wrong */
}

static bool is_too_large(int fd, const struct write_job *job)
{
    struct stat st;

    return job->size_max > 0 && fstat(fd, &st) == 0 && st.st_size + (off_t)job->len > job->size_max;
}

static int open_to_append(const struct write_job *job)
{
    return openat(job->dir, job->name,
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
                      (job->is_new ? O_EXCL : 0),
                  FILE_MODE);
}

/* A new file in the place of this one, which is kept beside it. */
static int begin_anew(const struct write_job *job, int fd)
{
    char old[sizeof(job->name) + 2];

    (void)close(fd); /* nothing was written */
    (void)snprintf(old, sizeof(old), "%s.1", job->name);
    return renameat(job->dir, job->name, job->dir, old) < 0 ? -1 : open_to_append(job);
}

static void run_write(struct sl_lane_job *lane_job) /* on a thread of the pool */
{
    struct write_job *job = sl_container_of(lane_job, struct write_job, job);

    if (job->make_dir)
        make_parent(job);
    int fd = open_to_append(job);
    if (fd >= 0 && job->makes_room && is_too_large(fd, job))
        fd = begin_anew(job, fd);
    if (fd < 0) {
        job->err = -errno;
        return;
    }
    if (!is_too_large(fd, job))
        job->err = write_all(fd, job->bytes, job->len);
    if (close(fd) < 0 && job->err == 0)
        job->err = -errno;
    if (job->err < 0 && job->is_new)
        (void)unlinkat(job->dir, job->name, 0); /* half of one is none */
}

static void on_written(struct sl_lane_job *lane_job, int err)
{
    struct write_job *job = sl_container_of(lane_job, struct write_job, job);
    struct sl_diagnose *diagnose = job->diagnose;
    int64_t now_us = sl_now_us();

    if (err == 0)
        err = job->err;
    if (err < 0 && (diagnose->warned_us == 0 || now_us - diagnose->warned_us > WARN_INTERVAL_US)) {
        sl_log(SL_LOG_WARN, NULL, "diagnostics: cannot write %s: %s", job->name, strerror(-err));
        diagnose->warned_us = now_us;
    }
    if (job->on_done)
        job->on_done(job->owner, err);
}

static void free_write(struct sl_lane_job *lane_job)
{
    struct write_job *job = sl_container_of(lane_job, struct write_job, job);

    free(job->bytes);
    free(job);
}

void sl_diagnose_write(struct sl_diagnose *diagnose, struct write_job *job)
{
    job->diagnose = diagnose;
    job->job = (struct sl_lane_job){.run = run_write, .on_done = on_written, .free = free_write};
    sl_lane_add(diagnose->lane, &job->job);
}

/* ---- Looking ---- */

struct look {
    struct sl_lane_job job;
    struct sl_diagnose *diagnose;
    int debug_dir, report_dir, logs_dir;
    int64_t debug_age_max_s;
    uint64_t logs_max;
    size_t debug_files;
    uint64_t report_bytes, log_bytes;
};

/* Calls fn for each name; NULL: there is no such directory any more. */
static void each_name(int dir, void (*fn)(struct look *look, int dir, const char *name),
                      struct look *look)
{
    int fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (!list && fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        if (entry->d_name[0] != '.')
            fn(look, dir, entry->d_name);
    }
    if (list)
        (void)closedir(list); /* the same */
}

static void look_at_debug(struct look *look, int dir, const char *name)
{
    struct stat st;

    if (!sl_debug_name_valid(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (sl_wall_ms() / 1000 - (int64_t)st.st_mtim.tv_sec > look->debug_age_max_s &&
        unlinkat(dir, name, 0) == 0)
        return;
    look->debug_files++;
}

static void look_at_report(struct look *look, int dir, const char *name)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        look->report_bytes += (uint64_t)st.st_size;
}

/* ---- Days of client logs: directories called YYYY-MM-DD ---- */

enum { DAY_LEN = 10 };

struct days {
    char oldest[DAY_LEN + 1];
    uint64_t bytes;
};

static bool is_day(const char *name)
{
    if (strlen(name) != DAY_LEN)
        return false;
    for (size_t i = 0; i < DAY_LEN; i++) {
        if (i == 4 || i == 7 ? name[i] != '-' : name[i] < '0' || name[i] > '9')
            return false;
    }
    return true;
}

/* remove: and deletes it. */
static uint64_t bytes_of_day(int dir, const char *day, bool remove)
{
    int fd = openat(dir, day, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    uint64_t bytes = 0;
    struct stat st;

    if (!list && fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        bytes += (uint64_t)st.st_size;
        if (remove)
            (void)unlinkat(fd, entry->d_name, 0); /* the next look finds what has stayed */
    }
    if (list)
        (void)closedir(list); /* read only */
    if (remove)
        (void)unlinkat(dir, day, AT_REMOVEDIR); /* the same */
    return bytes;
}

static struct days look_at_days(int dir)
{
    struct days days = {0};
    int fd = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (!list && fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list)) {
        if (!is_day(entry->d_name))
            continue;
        days.bytes += bytes_of_day(dir, entry->d_name, false);
        if (!days.oldest[0] || strcmp(entry->d_name, days.oldest) < 0)
            memcpy(days.oldest, entry->d_name, DAY_LEN);
    }
    if (list)
        (void)closedir(list); /* the same */
    return days;
}

static void run_look(struct sl_lane_job *job) /* on a thread of the pool */
{
    struct look *look = sl_container_of(job, struct look, job);
    struct days days = look_at_days(look->logs_dir);

    each_name(look->debug_dir, look_at_debug, look);
    each_name(look->report_dir, look_at_report, look);
    look->log_bytes = days.bytes;
    if (days.bytes > look->logs_max)
        look->log_bytes -= bytes_of_day(look->logs_dir, days.oldest, true);
}

static void on_looked(struct sl_lane_job *job, int err)
{
    const struct look *look = sl_container_of(job, struct look, job);
    struct sl_diagnose *diagnose = look->diagnose;

    diagnose->looks = false;
    if (err < 0)
        return;
    diagnose->debug_files = look->debug_files;
    diagnose->report_bytes = look->report_bytes;
    diagnose->log_bytes = look->log_bytes;
}

static void free_look(struct sl_lane_job *job)
{
    free(sl_container_of(job, struct look, job));
}

void sl_diagnose_look(struct sl_diagnose *diagnose)
{
    enum { S_PER_H = 3600 };
    struct look *look;

    if (diagnose->looks)
        return;
    diagnose->looks = true;
    look = sl_new(struct look);
    look->job = (struct sl_lane_job){.run = run_look, .on_done = on_looked, .free = free_look};
    look->diagnose = diagnose;
    look->debug_dir = diagnose->debug_dir;
    look->report_dir = diagnose->report_dir;
    look->logs_dir = diagnose->logs_dir;
    look->debug_age_max_s = diagnose->config->debug_file_ttl_h * S_PER_H;
    look->logs_max = (uint64_t)diagnose->config->client_logs_max;
    sl_lane_add(diagnose->lane, &look->job);
}
