/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bug reports: each a file of its own, never over another, until there are too many. */
#include "diagnose/internal.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

enum { HEX = 16 };

void sl_report_name(char name[static SL_DIAGNOSE_NAME_MAX])
{
    sl_diagnose_draw_name(name, "bugreport-", HEX, ".json");
}

bool sl_diagnose_keeps_reports(const struct sl_diagnose *diagnose)
{
    return diagnose->config->bug_report_dir[0] != '\0';
}

void sl_report_call_free(struct sl_report_call *call)
{
    sl_later_cancel(&call->refused);
    sl_list_remove(&call->link);
    free(call);
}

static void tell(struct sl_report_call *call, int err)
{
    if (call->on_written)
        call->on_written(call->owner, call->name, err);
    sl_report_call_free(call);
}

static void on_written(void *owner, int err)
{
    struct sl_report_call *call = owner;

    if (err < 0) /* nothing of it is there */
        call->diagnose->report_bytes -= call->len;
    tell(call, err);
}

static void on_refused(struct sl_later *later)
{
    struct sl_report_call *call = sl_container_of(later, struct sl_report_call, refused);

    tell(call, call->diagnose->report_dir < 0 ? -EIO : -ENOBUFS);
}

static void write_file(struct sl_report_call *call, char *text, size_t len)
{
    struct write_job *job = sl_new(struct write_job);

    call->len = len;
    call->diagnose->report_bytes += len;
    job->dir = call->diagnose->report_dir;
    (void)snprintf(job->name, sizeof(job->name), "%s", call->name);
    job->is_new = true;
    job->bytes = text;
    job->len = len;
    job->on_done = on_written;
    job->owner = call;
    sl_diagnose_write(call->diagnose, job);
}

struct sl_report_call *sl_report_write(struct sl_diagnose *diagnose, char *text, size_t len,
                                       void (*on_report)(void *owner, const char *name, int err),
                                       void *owner)
{
    struct sl_report_call *call = sl_new(struct sl_report_call);

    call->diagnose = diagnose;
    call->on_written = on_report;
    call->owner = owner;
    call->refused.run = on_refused;
    sl_list_append(&diagnose->reports, &call->link);
    sl_report_name(call->name);
    if (diagnose->report_dir >= 0 &&
        diagnose->report_bytes + len <= (uint64_t)diagnose->config->bug_reports_max) {
        write_file(call, text, len);
        return call;
    }
    free(text);
    sl_loop_later(diagnose->loop, &call->refused);
    return call;
}

void sl_report_forget(struct sl_report_call *call)
{
    call->on_written = NULL;
}
