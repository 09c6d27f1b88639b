/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One file: messages to the disk's thread, in their order, and one back to the control loop.
 *
 *   OPENING --first message--> WRITING --a write fails, a bound is reached--> FAILED
 *   any --close--> closed: finished or repaired, renamed or removed
 */
#include "base/clock.h"
#include "base/log.h"
#include "record/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sl_record_file {
    /* Constant. */
    struct sl_record_disk *disk;
    char base[SL_RECORD_NAME_MAX];
    enum sl_container container;
    char *stream;
    int64_t sync_us;
    void (*on_closed)(void *owner, const struct sl_record_closed *closed);
    void *owner;

    uint64_t given; /* bytes; its maker's */

    /* The disk's. */
    bool begun; /* to be opened, whatever came of it */
    int fd;     /* negative: it is not open */
    char part[SL_RECORD_NAME_MAX];
    uint64_t head_len, len; /* of the file; written whole pieces only */
    int64_t synced_us;
    bool dirty;

    _Atomic int64_t *queued_us; /* its maker's */
    _Atomic int err;

    /* The answer. */
    struct sl_msg closed_msg;
    char name[SL_RECORD_NAME_MAX];
};

struct piece {
    struct sl_msg msg;
    struct sl_record_file *file;
    struct sl_buffer bytes;
    int64_t us;
};

struct closing {
    struct sl_msg msg;
    struct sl_record_file *file;
    char base[SL_RECORD_NAME_MAX];
    unsigned number;
    struct sl_buffer head, tail;
};

/* ---- On the disk's thread ---- */

static void fail(struct sl_record_file *file, int err)
{
    int none = 0;

    if (atomic_compare_exchange_strong(&file->err, &none, err))
        sl_log(SL_LOG_ERROR, NULL, "record: %s ends here: %s",
               file->part[0] ? file->part : file->base,
               err == -EDQUOT ? "the recordings are as large as record_dir_max_mb lets them be"
                              : strerror(-err));
}

static void open_file(struct sl_record_file *file)
{
    char name[SL_RECORD_NAME_MAX];
    int fd = sl_record_disk_look(file->disk);

    if (fd == 0)
        fd = sl_record_place_create(file->disk->dir, file->base, file->container, name);
    if (fd < 0) {
        fail(file, fd);
        return;
    }
    file->fd = fd;
    file->synced_us = sl_now_us();
    memcpy(file->part, name, sizeof(name));
    sl_record_place_note(fd, file->stream);
}

static void sync_if_due(struct sl_record_file *file)
{
    int64_t now_us = sl_now_us();

    if (!file->dirty || now_us - file->synced_us < file->sync_us)
        return;
    if (fdatasync(file->fd) < 0)
        fail(file, -errno);
    file->dirty = false;
    file->synced_us = sl_now_us(); /* a slow disk is not asked for more than it can do */
}

static void write_piece(struct sl_record_file *file, const struct sl_buffer *bytes)
{
    int err = sl_record_disk_look(file->disk);

    if (err == 0)
        err = sl_record_write_at(file->fd, bytes->data, bytes->len, file->len);
    if (err < 0) {
        if (ftruncate(file->fd, (off_t)file->len) < 0) /* half a piece: the end repairs it */
            sl_log(SL_LOG_DEBUG, NULL, "record: %s: %s", file->part, strerror(errno));
        fail(file, err);
        return;
    }
    file->len += bytes->len;
    file->disk->bytes += bytes->len;
    file->dirty = true;
    sync_if_due(file);
}

static void on_piece(struct sl_msg *msg)
{
    struct piece *piece = sl_container_of(msg, struct piece, msg);
    struct sl_record_file *file = piece->file;
    bool first = !file->begun;

    file->begun = true;
    if (first)
        open_file(file);
    if (atomic_load(&file->err) == 0)
        write_piece(file, &piece->bytes);
    if (first)
        file->head_len = file->len;
    atomic_fetch_sub(file->queued_us, piece->us);
    sl_buffer_deinit(&piece->bytes);
    free(piece);
}

/* What is known of all pieces is written where all of them are there. */
static int finish_whole(struct sl_record_file *file, const struct closing *closing)
{
    int err = sl_record_write_at(file->fd, closing->tail.data, closing->tail.len, file->len);

    if (err == 0)
        err = sl_record_write_at(file->fd, closing->head.data, closing->head.len, 0);
    if (err == 0)
        err = fdatasync(file->fd) < 0 ? -errno : 0;
    if (err == 0)
        file->len += closing->tail.len;
    return err;
}

static void finish(struct sl_record_file *file, const struct closing *closing)
{
    int64_t duration_us;
    int err = atomic_load(&file->err);

    if (err == 0)
        err = finish_whole(file, closing);
    if (err < 0) {
        fail(file, err);
        err = sl_record_repair(file->fd, file->container, &duration_us, &file->len);
    }
    if (err == 0)
        err = sl_record_place_finish(file->disk->dir, file->part, closing->base, closing->number,
                                     file->container, file->name);
    if (err < 0) {
        file->name[0] = '\0';
        fail(file, err);
        sl_log(SL_LOG_ERROR, NULL, "record: %s could not be finished, and is left as it is: %s",
               file->part, strerror(-err));
    } else {
        (void)fsync(file->disk->dir); /* its name; what fails here has failed before */
    }
}

static void on_closed(struct sl_msg *msg) /* on the control loop */
{
    struct sl_record_file *file = sl_container_of(msg, struct sl_record_file, closed_msg);
    const struct sl_record_closed closed = {
        .name = file->name, .len = file->len, .err = atomic_load(&file->err)};

    if (!file->disk->gone)
        file->on_closed(file->owner, &closed);
    sl_record_disk_unref(file->disk);
    free(file->stream);
    free(file);
}

static void on_close(struct sl_msg *msg)
{
    struct closing *closing = sl_container_of(msg, struct closing, msg);
    struct sl_record_file *file = closing->file;

    if (file->fd >= 0 && file->len > file->head_len)
        finish(file, closing);
    else if (file->fd >= 0)
        (void)unlinkat(file->disk->dir, file->part, 0); /* nothing but a head */
    if (file->fd >= 0)
        (void)close(file->fd); /* synced before */
    sl_buffer_deinit(&closing->head);
    sl_buffer_deinit(&closing->tail);
    free(closing);
    sl_loop_post(file->disk->config.control, &file->closed_msg);
}

/* ---- Its maker's ---- */

struct sl_record_file *sl_record_file_create(const struct sl_record_file_config *config,
                                             struct sl_buffer *head)
{
    struct sl_record_file *file = sl_new(struct sl_record_file);

    file->disk = config->disk;
    sl_record_disk_ref(file->disk);
    file->queued_us = config->queued_us;
    (void)snprintf(file->base, sizeof(file->base), "%s", config->name);
    file->container = config->container;
    file->stream = sl_strdup(config->stream);
    file->sync_us = config->sync_us;
    file->on_closed = config->on_closed;
    file->owner = config->owner;
    file->fd = -1;
    file->closed_msg.run = on_closed;
    sl_record_file_write(file, head, 0);
    return file;
}

void sl_record_file_write(struct sl_record_file *file, struct sl_buffer *bytes, int64_t us)
{
    struct piece *piece = sl_new(struct piece); /* queued_us bounds them */

    piece->msg.run = on_piece;
    piece->file = file;
    piece->bytes = *bytes;
    piece->us = us;
    sl_buffer_init(bytes, bytes->limit);
    file->given += piece->bytes.len;
    atomic_fetch_add(file->queued_us, us);
    sl_loop_post(file->disk->loop, &piece->msg);
}

uint64_t sl_record_file_len(const struct sl_record_file *file)
{
    return file->given;
}

int sl_record_file_error(const struct sl_record_file *file)
{
    return atomic_load(&file->err);
}

void sl_record_file_close(struct sl_record_file *file, struct sl_record_ending *ending)
{
    struct closing *closing = sl_new(struct closing);

    closing->msg.run = on_close;
    closing->file = file;
    (void)snprintf(closing->base, sizeof(closing->base), "%s", ending->base);
    closing->number = ending->number;
    closing->head = ending->head;
    closing->tail = ending->tail;
    sl_loop_post(file->disk->loop, &closing->msg);
}
