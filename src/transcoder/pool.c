/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The processes: how many there are, who is refused, and what is told of them. One look at
 * everything follows whatever changes. */
#include "transcoder/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    START_BACKOFF_MS = 100,
    START_BACKOFF_MAX_MS = 5000,
    FAILURES_MAX = 3,     /* starts in a row, before who waits is told that there are none */
    LOOK_MS = 10,         /* while somebody waits */
    HURRY_MS = 10,        /* while a process ends */
    ADMIT_PERMILLE = 800, /* media-outputs.md 2.6 */
    SOUND_PERMILLE = 700, /* of the least busy one: there is one more from here on */
};

static const int64_t link_idle_us = INT64_C(10) * SL_US_PER_S;
static const int64_t process_idle_us = INT64_C(60) * SL_US_PER_S; /* of more than one */
static const int64_t steady_us = INT64_C(5) * SL_US_PER_S; /* who lives so long was well started */

static size_t core_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 ? (size_t)count : 1;
}

static void hurry(struct sl_transcoder *transcoder)
{
    if (transcoder->hurrying)
        return;
    transcoder->hurrying = true;
    sl_timer_start(transcoder->hurry, HURRY_MS, HURRY_MS);
}

/* ---- Starts that fail ---- */

static void note_failure(struct sl_transcoder *transcoder, enum sl_engine_role role,
                         unsigned weight, const char *why)
{
    unsigned before = transcoder->roles[role].failures, now = before + weight;
    int64_t backoff_ms = START_BACKOFF_MS;

    for (unsigned i = 1; i < now && backoff_ms < START_BACKOFF_MAX_MS; i++)
        backoff_ms *= 2;
    if (backoff_ms > START_BACKOFF_MAX_MS)
        backoff_ms = START_BACKOFF_MAX_MS;
    transcoder->roles[role].failures = now;
    transcoder->roles[role].next_start_us = sl_now_us() + backoff_ms * SL_US_PER_MS;
    if (before < FAILURES_MAX && now >= FAILURES_MAX)
        sl_log(SL_LOG_WARN, NULL,
               "codec: no process for %s can be started: %s; whoever needs one is refused until "
               "one can",
               sl_codec_role_name(role), why);
}

static void note_success(struct sl_transcoder *transcoder, enum sl_engine_role role)
{
    if (transcoder->roles[role].failures >= FAILURES_MAX)
        sl_log(SL_LOG_INFO, NULL, "codec: there are processes for %s again",
               sl_codec_role_name(role));
    transcoder->roles[role].failures = 0;
}

/* There will be none soon. */
static bool is_hopeless(const struct sl_transcoder *transcoder, enum sl_engine_role role)
{
    return sl_codec_count(transcoder, role).alive == 0 &&
           (transcoder->config.program_fd < 0 || transcoder->roles[role].failures >= FAILURES_MAX);
}

static void fail_hopeless(struct sl_transcoder *transcoder)
{
    bool hopeless[SL_CODEC_ROLES];
    struct sl_codec_job *job;

    for (int role = 0; role < SL_CODEC_ROLES; role++)
        hopeless[role] = is_hopeless(transcoder, (enum sl_engine_role)role);
    sl_list_foreach(job, &transcoder->waiting, struct sl_codec_job, place)
    {
        if (hopeless[sl_codec_role_of(job->kind)])
            sl_codec_job_fail(job, -EAGAIN);
    }
}

/* ---- What becomes of a process ---- */

static void on_ready(struct sl_codec_process *process)
{
    struct sl_transcoder *transcoder = process->owner;

    sl_log(SL_LOG_DEBUG, NULL, "codec: %s %u (pid %d) is ready after %d ms",
           sl_codec_role_name(process->role), process->number, (int)process->child.pid,
           (int)((process->ready_us - process->started_us) / SL_US_PER_MS));
    sl_loop_later(transcoder->config.control, &transcoder->look);
}

/* One that dies without a job soon after its start would be started again and again. */
static bool was_badly_started(const struct sl_codec_process *process)
{
    return process->ready_us == 0 ||
           (process->job_count == 0 && sl_now_us() - process->ready_us < steady_us);
}

static void note_end(struct sl_transcoder *transcoder, struct sl_codec_process *process)
{
    transcoder->restarts++;
    sl_count(transcoder->config.counters, SL_COUNTER_CODEC_RESTARTS, 1);
    sl_codec_fault_ended(transcoder, process);
    if (!was_badly_started(process))
        return;
    process->quiet = transcoder->roles[process->role].failures >= FAILURES_MAX;
    note_failure(transcoder, process->role, process->cause == SL_CODEC_LATE ? FAILURES_MAX : 1,
                 "they end before they are of use");
}

static void on_end(struct sl_codec_process *process)
{
    struct sl_transcoder *transcoder = process->owner;
    bool crowded = process->job_count > 1;
    struct sl_codec_job *job;

    hurry(transcoder);
    if (process->cause != SL_CODEC_SPARED)
        note_end(transcoder, process);
    sl_list_foreach(job, &process->jobs, struct sl_codec_job, place)
        sl_codec_job_displace(job, crowded);
    sl_loop_later(transcoder->config.control, &transcoder->look);
}

/* They are down already, and the link's memory goes before they would have left it. */
static void on_link_failed(struct sl_codec_link *link)
{
    struct sl_codec_job *job;

    sl_list_foreach(job, &link->process->jobs, struct sl_codec_job, place)
    {
        if (job->link != link)
            continue;
        sl_codec_job_displace(job, false);
        sl_codec_job_fail(job, -EAGAIN);
    }
}

static void on_reaped(struct sl_codec_process *process, int wait_status)
{
    if (process->cause != SL_CODEC_SPARED)
        sl_codec_fault_reaped(process->owner, process, wait_status);
}

static void on_gone(struct sl_codec_process *process)
{
    struct sl_transcoder *transcoder = process->owner;

    if (transcoder)
        sl_loop_later(transcoder->config.control, &transcoder->look);
}

static const struct sl_codec_process_ops process_ops = {
    .on_ready = on_ready,
    .on_end = on_end,
    .on_link_failed = on_link_failed,
    .on_reaped = on_reaped,
    .on_gone = on_gone,
};

/* ---- How many ---- */

/* The smallest number that is free, so that the names in ps(1) and metrics are few. */
static unsigned free_number(const struct sl_transcoder *transcoder, enum sl_engine_role role)
{
    const struct sl_codec_process *process;
    unsigned number = 0;
    bool taken;

    do {
        taken = false;
        number++;
        sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry) taken |=
            process->role == role && process->number == number;
    } while (taken);
    return number;
}

static void start(struct sl_transcoder *transcoder, enum sl_engine_role role)
{
    struct sl_codec_process *process;

    if (transcoder->config.program_fd < 0 || sl_now_us() < transcoder->roles[role].next_start_us)
        return;
    int err =
        sl_codec_process_create(transcoder->config.control, transcoder->config.program_fd, role,
                                free_number(transcoder, role), &process_ops, transcoder, &process);
    if (err < 0)
        note_failure(transcoder, role, 1, strerror(-err));
    else
        sl_list_append(&transcoder->processes, &process->entry);
}

/* One of sound; of pictures one that has no job, within the number. */
static void start_missing(struct sl_transcoder *transcoder)
{
    struct sl_codec_tally pictures = sl_codec_count(transcoder, SL_ENGINE_ROLE_PICTURES);

    if (pictures.starting + pictures.idle == 0 &&
        pictures.alive <= transcoder->config.picture_processes)
        start(transcoder, SL_ENGINE_ROLE_PICTURES);
    if (sl_codec_count(transcoder, SL_ENGINE_ROLE_SOUND).alive == 0)
        start(transcoder, SL_ENGINE_ROLE_SOUND);
}

static void start_more_sound(struct sl_transcoder *transcoder)
{
    struct sl_codec_tally sound = sl_codec_count(transcoder, SL_ENGINE_ROLE_SOUND);

    if (sound.alive > 0 && sound.starting == 0 && sound.least_busy_permille > SOUND_PERMILLE &&
        sound.alive < core_count())
        start(transcoder, SL_ENGINE_ROLE_SOUND);
}

/* One of each role stays, however long it has nothing to do. */
static void end_idle(struct sl_transcoder *transcoder, int64_t now_us)
{
    struct sl_codec_process *process;

    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
    {
        if (process->state == SL_CODEC_READY && process->job_count == 0 &&
            now_us - process->idle_since_us >= process_idle_us &&
            sl_codec_count(transcoder, process->role).idle > 1)
            sl_codec_process_end(process, SL_CODEC_SPARED);
    }
}

/* ---- Time ---- */

static void stop_if_done(struct sl_transcoder *transcoder)
{
    if (transcoder->stopped || !sl_list_empty(&transcoder->jobs) ||
        !sl_list_empty(&transcoder->processes))
        return;
    transcoder->stopped = true;
    transcoder->on_stopped(transcoder->stopped_owner);
}

static void look(void *owner)
{
    struct sl_transcoder *transcoder = owner;

    if (transcoder->stopping) {
        stop_if_done(transcoder);
        return;
    }
    sl_codec_place_waiting(transcoder, sl_now_us());
    start_missing(transcoder);
    fail_hopeless(transcoder);
    if (!sl_list_empty(&transcoder->waiting))
        sl_timer_start(transcoder->wake, LOOK_MS, 0);
}

static void on_look(struct sl_later *later)
{
    look(sl_container_of(later, struct sl_transcoder, look));
}

static void on_hurry(void *owner)
{
    struct sl_transcoder *transcoder = owner;
    struct sl_codec_process *process;
    int64_t now_us = sl_now_us();
    bool more = false;

    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
    {
        more |= process->state == SL_CODEC_ABORTING ||
                (process->state == SL_CODEC_ENDING && !process->reaped);
        sl_codec_process_hurry(process, now_us);
    }
    if (more)
        return;
    transcoder->hurrying = false;
    sl_timer_stop(transcoder->hurry);
}

static void look_after_links(struct sl_transcoder *transcoder, struct sl_codec_process *process,
                             int64_t now_us)
{
    struct sl_codec_link *link;

    sl_list_foreach(link, &process->links, struct sl_codec_link, entry)
    {
        sl_count(transcoder->config.counters, SL_COUNTER_CODEC_INPUTS_DROPPED,
                 atomic_exchange(&link->inputs_dropped, 0));
        if (!link->ended && link->job_count == 0 && now_us - link->idle_since_us >= link_idle_us)
            sl_codec_link_end(link);
    }
}

static void on_tick(void *owner)
{
    struct sl_transcoder *transcoder = owner;
    struct sl_codec_process *process;
    int64_t now_us = sl_now_us();

    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
    {
        sl_codec_process_tick(process, now_us);
        look_after_links(transcoder, process, now_us);
        if (process->state == SL_CODEC_ABORTING)
            hurry(transcoder);
        if (!process->steady && process->state == SL_CODEC_READY &&
            now_us - process->ready_us >= steady_us) {
            process->steady = true;
            note_success(transcoder, process->role);
        }
    }
    end_idle(transcoder, now_us);
    start_more_sound(transcoder);
    look(transcoder);
}

/* ---- What is asked ---- */

int sl_transcoder_admit(struct sl_transcoder *transcoder, const char *source)
{
    struct sl_codec_tally tally = sl_codec_count(transcoder, SL_ENGINE_ROLE_PICTURES);
    size_t cores = core_count(), room = transcoder->config.picture_processes;

    SL_ASSERT_ON(transcoder->config.control);
    if (sl_codec_quarantine_holds(&transcoder->quarantine, source, sl_now_us()))
        return -EPERM;
    if (tally.alive == tally.starting && (transcoder->config.program_fd < 0 ||
                                          transcoder->roles[SL_ENGINE_ROLE_PICTURES].failures > 0))
        return -EAGAIN;
    if (room > cores) /* more cannot be busy at a time */
        room = cores;
    return tally.busy_permille > room * ADMIT_PERMILLE ? -EBUSY : 0;
}

void sl_transcoder_stats(struct sl_transcoder *transcoder, struct sl_transcoder_stats *out)
{
    const struct sl_codec_process *process;

    SL_ASSERT_ON(transcoder->config.control);
    *out = (struct sl_transcoder_stats){
        .restarts = transcoder->restarts,
        .quarantines = transcoder->quarantines,
    };
    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
    {
        if (process->state == SL_CODEC_ENDING || out->process_count == SL_ARRAY_LEN(out->processes))
            continue;
        out->processes[out->process_count++] = (struct sl_transcoder_process_stats){
            .pid = process->child.pid,
            .pictures = process->role == SL_ENGINE_ROLE_PICTURES,
            .spare = process->state == SL_CODEC_READY && process->job_count == 0,
            .jobs = process->job_count,
            .busy_permille = process->busy_permille,
            .memory_bytes = sl_codec_memory(&process->child),
        };
    }
}

/* ---- Beginning and end ---- */

struct sl_transcoder *sl_transcoder_create(const struct sl_transcoder_config *config)
{
    struct sl_transcoder *transcoder = sl_new(struct sl_transcoder);

    SL_ASSERT_ON(config->control);
    assert(config->picture_processes >= 1 && config->picture_processes <= 64);
    transcoder->config = *config;
    transcoder->look.run = on_look;
    sl_list_init(&transcoder->jobs);
    sl_list_init(&transcoder->waiting);
    sl_list_init(&transcoder->processes);
    sl_codec_quarantine_init(&transcoder->quarantine);
    transcoder->tick = sl_timer_create(config->control, on_tick, transcoder);
    transcoder->wake = sl_timer_create(config->control, look, transcoder);
    transcoder->hurry = sl_timer_create(config->control, on_hurry, transcoder);
    sl_timer_start(transcoder->tick, SL_CODEC_TICK_MS, SL_CODEC_TICK_MS);
    sl_loop_later(config->control, &transcoder->look);
    return transcoder;
}

void sl_transcoder_stop(struct sl_transcoder *transcoder, void (*on_stopped)(void *owner),
                        void *owner)
{
    struct sl_codec_process *process;

    SL_ASSERT_ON(transcoder->config.control);
    assert(!transcoder->stopping);
    transcoder->stopping = true;
    transcoder->on_stopped = on_stopped;
    transcoder->stopped_owner = owner;
    sl_timer_stop(transcoder->tick);
    sl_timer_stop(transcoder->wake);
    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
        sl_codec_process_end(process, SL_CODEC_SPARED);
    sl_loop_later(transcoder->config.control, &transcoder->look);
}

void sl_transcoder_destroy(struct sl_transcoder *transcoder)
{
    struct sl_codec_process *process;

    if (!transcoder)
        return;
    SL_ASSERT_ON(transcoder->config.control);
    assert(sl_list_empty(&transcoder->jobs));
    sl_list_foreach(process, &transcoder->processes, struct sl_codec_process, entry)
        sl_codec_process_cut(process);
    sl_later_cancel(&transcoder->look);
    sl_timer_destroy(transcoder->hurry);
    sl_timer_destroy(transcoder->wake);
    sl_timer_destroy(transcoder->tick);
    sl_codec_quarantine_deinit(&transcoder->quarantine);
    free(transcoder);
}
