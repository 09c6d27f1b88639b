/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The directories, and what is done every second. */
#include "diagnose/internal.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000, TICK_MS = 1000, LOOK_TICKS = 60 };

/* Below state_dir unless absolute; negative: none. */
static int open_dir(const struct sl_config *config, const char *name)
{
    char path[4096];

    if (!name[0])
        return -1;
    (void)snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : config->state_dir,
                   name[0] == '/' ? "" : "/", name);
    int fd = mkdir(path, SL_DIAGNOSE_DIR_MODE) < 0 && errno != EEXIST
                 ? -1
                 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        sl_log(SL_LOG_ERROR, NULL, "diagnostics: cannot use the directory %s: %s", path,
               strerror(errno));
    return fd;
}

static void on_timer(void *owner)
{
    struct sl_diagnose *diagnose = owner;

    sl_client_logs_flush(diagnose);
    sl_diagnose_metrics_flush(diagnose);
    if (++diagnose->ticks % LOOK_TICKS == 0)
        sl_diagnose_look(diagnose);
}

struct sl_diagnose *sl_diagnose_create(const struct sl_config *config, struct sl_loop *loop)
{
    struct sl_diagnose *diagnose = sl_new(struct sl_diagnose);

    diagnose->config = config;
    diagnose->loop = loop;
    sl_list_init(&diagnose->files);
    sl_list_init(&diagnose->reports);
    sl_list_init(&diagnose->logs);
    diagnose->lane = sl_lane_create(loop, "diagnostics", TIMEOUT_MS);
    diagnose->debug_dir = open_dir(config, config->session_debug_enabled ? "debug" : "");
    diagnose->report_dir = open_dir(config, config->bug_report_dir);
    diagnose->logs_dir = open_dir(config, config->client_logs_dir);
    sl_diagnose_metrics_open(diagnose);
    diagnose->timer = sl_timer_create(loop, on_timer, diagnose);
    sl_timer_start(diagnose->timer, TICK_MS, TICK_MS);
    sl_diagnose_look(diagnose);
    return diagnose;
}

static void close_dir(int dir)
{
    if (dir >= 0)
        (void)close(dir); /* read only: nothing to lose */
}

void sl_diagnose_destroy(struct sl_diagnose *diagnose)
{
    if (!diagnose)
        return;
    assert(sl_list_empty(&diagnose->logs));
    sl_timer_destroy(diagnose->timer);
    sl_diagnose_metrics_flush(diagnose);
    sl_lane_destroy(diagnose->lane);
    sl_diagnose_metrics_close(diagnose);
    while (!sl_list_empty(&diagnose->files))
        sl_debug_file_free(sl_list_first(&diagnose->files, struct sl_debug_file, link));
    while (!sl_list_empty(&diagnose->reports))
        sl_report_call_free(sl_list_first(&diagnose->reports, struct sl_report_call, link));
    close_dir(diagnose->debug_dir);
    close_dir(diagnose->report_dir);
    close_dir(diagnose->logs_dir);
    free(diagnose);
}
