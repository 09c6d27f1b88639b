/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose fault it is that a process ended, and what follows for that source. */
#include "transcoder/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum {
    SOURCE_SHOWN_MAX = 96,
    WORDS_MAX = 96,
    SIGNAL_CODES = 128,
};

static void hold(struct sl_transcoder *transcoder, const char *source, unsigned ends)
{
    char shown[SOURCE_SHOWN_MAX];
    struct sl_codec_job *job;

    transcoder->quarantines++;
    sl_count(transcoder->config.counters, SL_COUNTER_CODEC_QUARANTINES, 1);
    sl_log(SL_LOG_WARN, NULL,
           "codec: %s has brought down %u processes within a minute; nothing more is made of it "
           "for ten minutes",
           sl_log_quote(shown, sizeof(shown), source), ends);
    sl_list_foreach(job, &transcoder->jobs, struct sl_codec_job, entry)
    {
        if (strcmp(job->source, source) == 0)
            sl_codec_job_fail(job, -EPERM);
        else if (job->ops->on_held)
            job->ops->on_held(job->owner);
    }
}

bool sl_transcoder_holds(struct sl_transcoder *transcoder, const char *source)
{
    SL_ASSERT_ON(transcoder->config.control);
    return sl_codec_quarantine_holds(&transcoder->quarantine, source, sl_now_us());
}

static void blame(struct sl_transcoder *transcoder, const struct sl_codec_process *process)
{
    unsigned ends = sl_codec_quarantine_mark(&transcoder->quarantine, process->suspect,
                                             process->suspect_is_certain, sl_now_us());

    if (ends > 0)
        hold(transcoder, process->suspect, ends);
}

/* The job that the process named at its end; without a name, the only one that it had, of those
 * that have a stranger's bytes. */
static const struct sl_codec_job *suspect_of(const struct sl_codec_process *process)
{
    const struct sl_codec_job *job, *only = NULL;
    size_t count = 0;

    sl_list_foreach(job, &process->jobs, struct sl_codec_job, place)
    {
        if (process->dying_job != 0 && job->id == process->dying_job)
            return job;
        if (job->kind != SL_ENGINE_DEMO) {
            only = job;
            count++;
        }
    }
    return process->dying_job == 0 && count == 1 ? only : NULL;
}

static bool has_many_inputs(const struct sl_codec_job *job)
{
    return (job->kind == SL_ENGINE_MOSAIC || job->kind == SL_ENGINE_MIX) && job->ops->source_of;
}

/* Of many, the one whose bytes it was at; those that all of them make together are the job's. Where
 * nothing was said it was the only one, if there is but one. */
static const char *source_of(const struct sl_codec_process *process, const struct sl_codec_job *job)
{
    bool is_the_jobs = process->dying_job != 0 && process->dying_input == 0;

    return has_many_inputs(job) && !is_the_jobs
               ? job->ops->source_of(job->owner, process->dying_input)
               : job->source;
}

void sl_codec_fault_ended(struct sl_transcoder *transcoder, struct sl_codec_process *process)
{
    const struct sl_codec_job *suspect = suspect_of(process);
    const char *source = suspect ? source_of(process, suspect) : NULL;
    bool is_one_of_many = suspect && !source && process->dying_job == 0;

    if (is_one_of_many) /* nobody said which input it was: all of them together */
        source = suspect->source;
    if (!source)
        return;
    process->suspect = sl_strdup(source);
    process->suspect_is_certain = !is_one_of_many;
    if (process->dying_job != 0)
        blame(transcoder, process);
}

/* By a signal that no process gets from its own mistakes, and that was not ours. */
static bool was_outside(const struct sl_codec_process *process, int wait_status)
{
    if (process->cause == SL_CODEC_STOPPED)
        return true;
    if (process->cause != SL_CODEC_DIED || process->killed || wait_status < 0 ||
        !WIFSIGNALED(wait_status))
        return false;
    int number = WTERMSIG(wait_status);
    return number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP;
}

/* By which signal; 0: by none. A process that says last words ends with 128 + the signal
 * (engine/engine.h). */
static int signal_of(int wait_status)
{
    if (wait_status < 0)
        return 0;
    if (WIFSIGNALED(wait_status))
        return WTERMSIG(wait_status);
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) > SIGNAL_CODES
               ? WEXITSTATUS(wait_status) - SIGNAL_CODES
               : 0;
}

static void say_death(int wait_status, char out[static WORDS_MAX])
{
    int number = signal_of(wait_status);
    const char *name = number > 0 ? sigdescr_np(number) : NULL;

    if (name)
        (void)snprintf(out, WORDS_MAX, "died of signal %d (%s)", number, name);
    else if (wait_status >= 0 && WIFEXITED(wait_status))
        (void)snprintf(out, WORDS_MAX, "ended with code %d", WEXITSTATUS(wait_status));
    else
        (void)snprintf(out, WORDS_MAX, "ended");
}

static void say(const struct sl_codec_process *process, int wait_status, char out[static WORDS_MAX])
{
    switch (process->cause) {
    case SL_CODEC_DIED:
        say_death(wait_status, out);
        break;
    case SL_CODEC_HUNG:
        (void)snprintf(out, WORDS_MAX, "did not answer and was ended");
        break;
    case SL_CODEC_STOPPED:
        (void)snprintf(out, WORDS_MAX, "was stopped by somebody and ended");
        break;
    case SL_CODEC_GARBAGE:
        (void)snprintf(out, WORDS_MAX, "said what it must not and was ended");
        break;
    case SL_CODEC_LATE:
        (void)snprintf(out, WORDS_MAX, "did not get ready and was ended");
        break;
    case SL_CODEC_SPARED:
        (void)snprintf(out, WORDS_MAX, "was not needed any more");
        break;
    }
}

void sl_codec_fault_reaped(struct sl_transcoder *transcoder, const struct sl_codec_process *process,
                           int wait_status)
{
    const char *culprit = was_outside(process, wait_status) ? NULL : process->suspect;
    char words[WORDS_MAX], shown[SOURCE_SHOWN_MAX] = "";

    say(process, wait_status, words);
    if (culprit)
        sl_log_quote(shown, sizeof(shown), culprit);
    sl_log(process->quiet ? SL_LOG_DEBUG : SL_LOG_WARN, NULL, "codec: %s %u (pid %d) %s%s%s",
           sl_codec_role_name(process->role), process->number, (int)process->child.pid, words,
           culprit ? ", at work for " : "", shown);
    if (culprit && process->dying_job == 0)
        blame(transcoder, process);
}
