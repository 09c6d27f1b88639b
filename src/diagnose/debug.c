/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One debug session's file: what is added waits in memory for a second, or until it is much. */
#include "diagnose/internal.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    PIECE_MAX = 65536,
    FLUSH_MS = 1000,
    HEX = 32,
    LAST_LINE_ROOM = 128, /* so that it can say why it ends */
};

void sl_debug_file_free(struct sl_debug_file *file)
{
    sl_list_remove(&file->link);
    sl_timer_destroy(file->timer);
    free(file->bytes);
    free(file);
}

static void finish(void *owner)
{
    struct sl_debug_file *file = owner;

    if (file->on_closed)
        file->on_closed(file->owner, file->err);
    sl_debug_file_free(file);
}

static void on_written(void *owner, int err)
{
    struct sl_debug_file *file = owner;

    file->jobs--;
    if (err < 0 && file->err == 0)
        file->err = err;
    if (file->closing && file->jobs == 0)
        finish(file);
}

static void flush(struct sl_debug_file *file)
{
    struct write_job *job;

    if (file->len == 0 || file->err < 0)
        return;
    job = sl_new(struct write_job);
    job->dir = file->diagnose->debug_dir;
    (void)snprintf(job->name, sizeof(job->name), "%s", file->name);
    job->bytes = file->bytes;
    job->len = file->len;
    job->on_done = on_written;
    job->owner = file;
    file->bytes = NULL;
    file->len = 0;
    file->jobs++;
    sl_diagnose_write(file->diagnose, job);
}

static void on_timer(void *owner)
{
    flush(owner);
}

struct sl_debug_file *sl_debug_file_open(struct sl_diagnose *diagnose)
{
    const struct sl_config *config = diagnose->config;
    struct sl_debug_file *file;

    if (!config->session_debug_enabled || diagnose->debug_dir < 0 ||
        diagnose->debug_files >= (size_t)config->debug_files_max)
        return NULL;
    diagnose->debug_files++;
    file = sl_new(struct sl_debug_file);
    file->diagnose = diagnose;
    sl_diagnose_draw_name(file->name, SL_DEBUG_NAME_BEGIN, HEX, SL_DEBUG_NAME_END);
    sl_list_append(&diagnose->files, &file->link);
    file->timer = sl_timer_create(diagnose->loop, on_timer, file);
    sl_timer_start(file->timer, FLUSH_MS, FLUSH_MS);
    return file;
}

const char *sl_debug_file_name(const struct sl_debug_file *file)
{
    return file->name;
}

static void append(struct sl_debug_file *file, const char *line, size_t len)
{
    if (file->len + len > PIECE_MAX)
        flush(file);
    if (len > PIECE_MAX || file->err < 0)
        return;
    if (!file->bytes)
        file->bytes = sl_alloc(PIECE_MAX);
    memcpy(file->bytes + file->len, line, len);
    file->len += len;
    file->total += len;
}

bool sl_debug_file_add(struct sl_debug_file *file, const char *line, size_t len)
{
    static const char last[] = "the file has its length\n";
    size_t max = (size_t)file->diagnose->config->debug_file_max;

    if (file->full)
        return false;
    if (file->total + len + LAST_LINE_ROOM > max) {
        file->full = true;
        append(file, last, strlen(last));
        return false;
    }
    append(file, line, len);
    return true;
}

void sl_debug_file_close(struct sl_debug_file *file, void (*on_closed)(void *owner, int err),
                         void *owner)
{
    static const char last[] = "end\n";

    append(file, last, strlen(last)); /* so that there is something to write, and to wait for */
    flush(file);
    sl_timer_destroy(file->timer);
    file->timer = sl_timer_create(file->diagnose->loop, finish, file);
    file->on_closed = on_closed;
    file->owner = owner;
    file->closing = true;
    if (file->jobs == 0) /* it has failed before */
        sl_timer_start(file->timer, 0, 0);
}

void sl_debug_file_forget(struct sl_debug_file *file)
{
    file->on_closed = NULL;
}

int sl_diagnose_debug_dir(const struct sl_diagnose *diagnose)
{
    return diagnose->debug_dir;
}
