/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients measure, a line of JSON each, in one file; and what they are told to measure. */
#include "diagnose/internal.h"
#include "diagnose/metrics.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX = 100 << 20,    /* then it is the old one, and a new one begins */
    WAITING_MAX = 4 << 20,   /* bytes that the disk may be behind */
    DESCRIPTION_MAX = 65536, /* of the file */
};

/* The directory of a file; negative: it cannot be had. name: of the file in it, in path. */
static int open_dir_of(const struct sl_config *config, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char dir[4096];

    *name = slash ? slash + 1 : path;
    (void)snprintf(dir, sizeof(dir), "%s%s%.*s", path[0] == '/' ? "" : config->state_dir,
                   path[0] == '/' ? "" : "/", (int)(*name - path), path);
    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void open_file(struct sl_diagnose *diagnose)
{
    const char *path = diagnose->config->client_metrics_file;

    diagnose->metrics_dir =
        path[0] ? open_dir_of(diagnose->config, path, &diagnose->metrics_name) : -1;
    if (path[0] && diagnose->metrics_dir < 0)
        sl_log(SL_LOG_ERROR, NULL, "diagnostics: client_metrics_file: %s: %s", path,
               strerror(errno));
}

/* NULL: there is no such file, or it is none. */
static json_t *read_description(const char *path)
{
    char *text = sl_alloc(DESCRIPTION_MAX + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t len = fd < 0 ? -1 : read(fd, text, DESCRIPTION_MAX + 1);
    bool is_missing = fd < 0 && errno == ENOENT, needs_key = false;
    json_t *out = len > 0 && len <= DESCRIPTION_MAX
                      ? sl_metrics_description_read(text, (size_t)len, &needs_key)
                      : NULL;

    if (fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    free(text);
    if (needs_key)
        sl_log(SL_LOG_WARN, NULL,
               "%s: keyStore is not supported: batches go to ingestPoint as the "
               "clients send them",
               path);
    if (!out && !is_missing)
        sl_log(SL_LOG_ERROR, NULL,
               "%s: no description of what to measure: types, sampling and "
               "batchSize are expected; the usual one is given",
               path);
    return out;
}

void sl_diagnose_metrics_open(struct sl_diagnose *diagnose)
{
    const struct sl_config *config = diagnose->config;

    diagnose->metrics_dir = -1;
    if (!config->webrtc_metrics)
        return;
    diagnose->description = read_description(config->webrtc_metrics_description);
    if (!diagnose->description)
        diagnose->description = sl_metrics_description_usual();
    open_file(diagnose);
}

void sl_diagnose_metrics_close(struct sl_diagnose *diagnose)
{
    json_decref(diagnose->description);
    free(diagnose->metrics_bytes);
    if (diagnose->metrics_dir >= 0)
        (void)close(diagnose->metrics_dir); /* read only: nothing to lose */
}

const json_t *sl_diagnose_metrics_description(const struct sl_diagnose *diagnose)
{
    return diagnose->description;
}

static void on_written(void *owner, int err)
{
    struct sl_diagnose *diagnose = owner;

    (void)err; /* it was told in the log */
    diagnose->metrics_writes = false;
}

void sl_diagnose_metrics_flush(struct sl_diagnose *diagnose)
{
    struct write_job *job;

    if (diagnose->metrics_len == 0 || diagnose->metrics_writes)
        return;
    diagnose->metrics_writes = true;
    job = sl_new(struct write_job);
    job->dir = diagnose->metrics_dir;
    (void)snprintf(job->name, sizeof(job->name), "%s", diagnose->metrics_name);
    job->size_max = FILE_MAX;
    job->makes_room = true;
    job->bytes = diagnose->metrics_bytes;
    job->len = diagnose->metrics_len;
    job->on_done = on_written;
    job->owner = diagnose;
    diagnose->metrics_bytes = NULL;
    diagnose->metrics_len = 0;
    sl_diagnose_write(diagnose, job);
}

void sl_diagnose_add_metrics(struct sl_diagnose *diagnose, const char *line, size_t len)
{
    if (diagnose->metrics_dir < 0 || diagnose->metrics_len + len > WAITING_MAX)
        return;
    if (!diagnose->metrics_bytes)
        diagnose->metrics_bytes = sl_alloc(WAITING_MAX);
    memcpy(diagnose->metrics_bytes + diagnose->metrics_len, line, len);
    diagnose->metrics_len += len;
}
