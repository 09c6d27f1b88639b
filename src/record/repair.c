/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a crash, or a disk that did not take the last piece, has left: cut behind the last whole
 * piece, and finished. */
#include "base/clock.h"
#include "base/dir.h"
#include "base/log.h"
#include "record/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_at(void *owner, uint64_t offset, uint8_t *out, size_t len)
{
    const int *fd = owner;
    size_t used = 0;

    while (used < len) {
        ssize_t count = pread(*fd, out + used, len - used, (off_t)(offset + used));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        used += (size_t)count;
    }
    return (int)used;
}

/* Whatever of the two cannot be written: the file plays without. */
static uint64_t write_ends(int fd, const struct sl_mux_repair *repair)
{
    uint64_t len = repair->len;

    if (sl_record_write_at(fd, repair->tail.data, repair->tail.len, len) < 0) {
        if (ftruncate(fd, (off_t)len) < 0) /* half an index behind it: players skip it */
            sl_log(SL_LOG_DEBUG, NULL, "record: half an index stays: %s", strerror(errno));
        return len;
    }
    (void)sl_record_write_at(fd, repair->head.data, repair->head.len, 0);
    return len + repair->tail.len;
}

int sl_record_repair(int fd, enum sl_container container, int64_t *duration_us, uint64_t *len)
{
    struct sl_mux_source source = {.read = read_at, .owner = &fd};
    struct sl_mux_repair repair;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    source.len = (uint64_t)st.st_size;
    int err = sl_mux_repair(container, &source, &repair);
    if (err < 0)
        return err;
    if (ftruncate(fd, (off_t)repair.len) < 0) {
        sl_mux_repair_deinit(&repair);
        return -errno;
    }
    *len = write_ends(fd, &repair);
    *duration_us = repair.duration_us;
    sl_mux_repair_deinit(&repair);
    return fdatasync(fd) < 0 ? -errno : 0;
}

/* ---- After a crash ---- */

struct repaired {
    struct sl_msg msg;
    struct sl_record_disk *disk;
    char stream[SL_RECORD_NAME_MAX + 1], name[SL_RECORD_NAME_MAX];
};

static void on_repaired(struct sl_msg *msg) /* on the control loop */
{
    struct repaired *repaired = sl_container_of(msg, struct repaired, msg);
    struct sl_record_disk *disk = repaired->disk;

    if (!disk->gone)
        disk->config.on_repaired(disk->config.owner, repaired->stream, repaired->name);
    sl_record_disk_unref(disk);
    free(repaired);
}

/* Its end was when it was last written to. */
static void know_the_rest(int fd, int64_t duration_us, enum sl_container container,
                          struct sl_record_facts *facts)
{
    struct stat st;

    sl_record_facts_init(facts);
    facts->duration_ms = duration_us / SL_US_PER_MS;
    facts->has_duration = container == SL_MP4;
    if (fstat(fd, &st) == 0)
        facts->end_wall_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    facts->end_ms = facts->end_wall_ms;
}

static void tell(struct sl_record_disk *disk, int fd, const char *name, int64_t duration_us)
{
    struct repaired *repaired = sl_new(struct repaired); /* as many as there are files */

    sl_log(SL_LOG_INFO, NULL, "record: a crash had left %s; repaired, it plays %lld.%lld s", name,
           (long long)(duration_us / SL_US_PER_S),
           (long long)(duration_us % SL_US_PER_S * 10 / SL_US_PER_S));
    repaired->msg.run = on_repaired;
    repaired->disk = disk;
    sl_record_disk_ref(disk);
    (void)snprintf(repaired->name, sizeof(repaired->name), "%s", name);
    sl_record_place_noted(fd, repaired->stream, sizeof(repaired->stream));
    sl_loop_post(disk->config.control, &repaired->msg);
}

/* A crash before the first piece: nobody misses it. Anything longer is left for people to look at.
 */
static void give_up(struct sl_record_disk *disk, int fd, const char *part, int err)
{
    struct stat st;
    bool empty = err == -EBADMSG && fstat(fd, &st) == 0 && st.st_size <= SL_MUX_HEAD_MAX;

    if (empty && unlinkat(disk->dir, part, 0) == 0)
        return;
    sl_log(SL_LOG_WARN, NULL, "record: %s cannot be repaired, and is left as it is: %s", part,
           err == -EBADMSG ? "nothing in it plays" : strerror(-err));
}

static void repair_one(struct sl_record_disk *disk, const char *part)
{
    char base[SL_RECORD_NAME_MAX], resolved[SL_RECORD_NAME_MAX], name[SL_RECORD_NAME_MAX];
    size_t len = strlen(part) - strlen(SL_RECORD_PART);
    enum sl_container container;
    struct sl_record_facts facts;
    int64_t duration_us;
    uint64_t file_len;

    (void)snprintf(base, sizeof(base), "%.*s", (int)len, part);
    if (!sl_record_container_of(base, &container))
        return; /* none of ours */
    *strrchr(base, '.') = '\0';
    int fd = sl_record_place_open(disk->dir, part);
    if (fd < 0)
        return; /* somebody writes it, or it is no file */
    int err = sl_record_repair(fd, container, &duration_us, &file_len);
    if (err == 0) {
        know_the_rest(fd, duration_us, container, &facts);
        sl_record_name_resolve(base, &facts, resolved);
        err = sl_record_place_finish(disk->dir, part, resolved, 0, container, name);
    }
    if (err == 0)
        tell(disk, fd, name, duration_us);
    else
        give_up(disk, fd, part, err);
    (void)close(fd); /* synced before */
}

static bool is_part(const char *name)
{
    size_t len = strlen(name), end = strlen(SL_RECORD_PART);

    return len > end && len < SL_RECORD_NAME_MAX && strcmp(name + len - end, SL_RECORD_PART) == 0;
}

static void on_turn(struct sl_msg *msg)
{
    struct sl_record_disk *disk = sl_container_of(msg, struct sl_record_disk, repair_msg);
    struct dirent *entry;

    if (!disk->entries)
        return;
    do
        entry = readdir(disk->entries); // NOLINT(concurrency-mt-unsafe): a stream of our own
    while (entry && !is_part(entry->d_name));
    if (!entry) {
        sl_record_repair_end(disk);
        return;
    }
    repair_one(disk, entry->d_name);
    sl_loop_post(disk->loop, &disk->repair_msg);
}

void sl_record_repair_begin(struct sl_record_disk *disk)
{
    disk->entries = sl_dir_open(disk->dir);
    if (!disk->entries) {
        sl_log(SL_LOG_WARN, NULL, "record: cannot look for what a crash may have left: %s",
               strerror(errno));
        return;
    }
    disk->repair_msg.run = on_turn;
    sl_loop_post(disk->loop, &disk->repair_msg);
}

void sl_record_repair_end(struct sl_record_disk *disk)
{
    if (disk->entries)
        (void)closedir(disk->entries); /* read only: nothing to lose */
    disk->entries = NULL;
}
