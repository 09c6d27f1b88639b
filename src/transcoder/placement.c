/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who goes where: to the process with the least load, and only once it is ready. */
#include "transcoder/internal.h"

#include "base/clock.h"

#include <errno.h>

/* What a job counts for until its load shows. */
enum { NEW_JOB_PERMILLE = 200 };

static const int64_t shows_us = INT64_C(2) * SL_US_PER_S;
/* A job waits so long for a process of its own to be ready. */
static const int64_t spare_wait_us = INT64_C(300) * SL_US_PER_MS;
static const int64_t move_gap_us = INT64_C(20) * SL_US_PER_MS; /* codec-process.md 6 */

struct sl_codec_tally sl_codec_count(const struct sl_transcoder *transcoder,
                                     enum sl_engine_role role)
{
    struct sl_codec_tally tally = {.least_busy_permille = UINT32_MAX};
    const struct sl_codec_process *process;

    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
    {
        bool ready = process->state == SL_CODEC_READY;
        if (process->role != role || (!ready && process->state != SL_CODEC_STARTING))
            continue;
        tally.alive++;
        tally.starting += !ready;
        tally.idle += ready && process->job_count == 0;
        tally.working += ready && process->job_count > 0;
        tally.busy_permille += process->busy_permille;
        if (process->busy_permille < tally.least_busy_permille)
            tally.least_busy_permille = process->busy_permille;
    }
    return tally;
}

static uint32_t cost_of(const struct sl_codec_process *process, int64_t now_us)
{
    bool shows = now_us - process->placed_us >= shows_us;

    return process->busy_permille + (shows ? 0 : process->placed_lately * NEW_JOB_PERMILLE);
}

static bool is_less_loaded(const struct sl_codec_process *process,
                           const struct sl_codec_process *other, int64_t now_us)
{
    uint32_t cost = cost_of(process, now_us), other_cost = cost_of(other, now_us);

    return cost < other_cost || (cost == other_cost && process->job_count < other->job_count);
}

/* NULL: none is ready. */
static struct sl_codec_process *least_loaded(const struct sl_transcoder *transcoder,
                                             enum sl_engine_role role, bool idle_too,
                                             int64_t now_us)
{
    struct sl_codec_process *process, *least = NULL;

    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
    {
        if (process->role == role && process->state == SL_CODEC_READY &&
            (process->job_count > 0 || idle_too) &&
            (!least || is_less_loaded(process, least, now_us)))
            least = process;
    }
    return least;
}

/* Jobs stay where they are: a short wait for the process that is about to be ready is better than
 * two jobs in one and none in the next. Who was torn out of one has waited already. */
static bool waits_for_spare(const struct sl_transcoder *transcoder, const struct sl_codec_job *job,
                            const struct sl_codec_tally *tally, int64_t now_us)
{
    return sl_codec_role_of(job->kind) == SL_ENGINE_ROLE_PICTURES && !job->again &&
           tally->idle == 0 && tally->working < transcoder->config.picture_processes &&
           transcoder->roles[SL_ENGINE_ROLE_PICTURES].failures == 0 &&
           now_us - job->waiting_since_us < spare_wait_us;
}

/* NULL: it has to wait. Of pictures, as many processes have jobs as the configuration says. */
static struct sl_codec_process *find_place(const struct sl_transcoder *transcoder,
                                           const struct sl_codec_job *job, int64_t now_us)
{
    enum sl_engine_role role = sl_codec_role_of(job->kind);
    struct sl_codec_tally tally = sl_codec_count(transcoder, role);

    if (waits_for_spare(transcoder, job, &tally, now_us))
        return NULL;
    return least_loaded(transcoder, role,
                        role == SL_ENGINE_ROLE_SOUND ||
                            tally.working < transcoder->config.picture_processes,
                        now_us);
}

/* Pictures catch up from a key frame: one job after the other. */
static bool moves_slowly(const struct sl_codec_job *job)
{
    return job->again && sl_codec_role_of(job->kind) == SL_ENGINE_ROLE_PICTURES;
}

static void place(struct sl_transcoder *transcoder, struct sl_codec_job *job,
                  struct sl_codec_process *process, int64_t now_us)
{
    struct sl_codec_link *link = sl_codec_process_link(process, job->loop);

    if (!link) {
        sl_codec_job_fail(job, -EAGAIN);
        return;
    }
    if (now_us - process->placed_us >= shows_us)
        process->placed_lately = 0;
    process->placed_lately++;
    process->placed_us = now_us;
    if (moves_slowly(job))
        transcoder->next_move_us = now_us + move_gap_us;
    sl_codec_job_place(job, link);
}

void sl_codec_place_waiting(struct sl_transcoder *transcoder, int64_t now_us)
{
    struct sl_codec_job *job;

    sl_list_foreach(job, &transcoder->waiting, struct sl_codec_job, place)
    {
        if (sl_codec_quarantine_holds(&transcoder->quarantine, job->source, now_us)) {
            sl_codec_job_fail(job, -EPERM);
            continue;
        }
        if (moves_slowly(job) && now_us < transcoder->next_move_us)
            continue;
        struct sl_codec_process *process = find_place(transcoder, job, now_us);
        if (process)
            place(transcoder, job, process, now_us);
    }
}
