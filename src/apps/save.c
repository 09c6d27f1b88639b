/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One write under way, one more pending, and those who wait for them. */
#include "apps/save.h"

#include "apps/file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { LATE_MS = 10000 /* for the disk; then whoever waits is told */ };

struct waiter {
    struct sl_list link; /* sl_saver.waiters, in the order of changes */
    uint64_t changes;    /* how many must be on disk */
    sl_apps_on_done *on_done;
    void *owner;
};

/* One write. Owner: the loop, from uv_queue_work() to on_saved(). */
struct sl_save {
    uv_work_t work;
    struct sl_saver *saver; /* NULL: it is gone */
    uv_sem_t ran;           /* for the saver that goes while the write is under way */
    uint64_t changes;       /* that the text holds */
    char *dir;
    const char *name;
    char *text;
    int err;
    struct sl_error error;
};

static void on_late(void *owner);

void sl_saver_init(struct sl_saver *saver, struct sl_loop *loop, const char *dir, const char *name,
                   char *(*build)(void *arg), void *arg)
{
    *saver = (struct sl_saver){
        .loop = loop, .dir = sl_strdup(dir), .name = name, .build = build, .arg = arg};
    sl_list_init(&saver->waiters);
    sl_answers_init(&saver->answers, loop);
    saver->late = sl_timer_create(loop, on_late, saver);
}

void sl_saver_change(struct sl_saver *saver)
{
    saver->changes++;
}

static int no_memory(const struct sl_saver *saver, struct sl_error *error)
{
    return sl_error_set(error, -ENOMEM, "%s: no memory for the text", saver->name);
}

int sl_saver_save_now(struct sl_saver *saver, struct sl_error *error)
{
    char *text = saver->build(saver->arg);

    assert(!saver->save);
    if (!text)
        return no_memory(saver, error);
    int err = sl_file_write(saver->dir, saver->name, text, strlen(text), error);
    free(text);
    if (err == 0)
        saver->saved = saver->changes;
    return err;
}

/* ---- The job ---- */

static void on_save(uv_work_t *work) /* on a thread of the pool */
{
    struct sl_save *save = sl_container_of(work, struct sl_save, work);

    save->err = sl_file_write(save->dir, save->name, save->text, strlen(save->text), &save->error);
    uv_sem_post(&save->ran);
}

static void free_save(struct sl_save *save)
{
    uv_sem_destroy(&save->ran);
    free(save->dir);
    free(save->text);
    free(save);
}

/* Answers everybody who waits for no more than `changes`. From the loop later, because any of them
 * may end the saver. */
static void answer(struct sl_saver *saver, uint64_t changes, int err, const char *words)
{
    struct waiter *waiter;

    sl_list_foreach(waiter, &saver->waiters, struct waiter, link)
    {
        if (waiter->changes > changes)
            break;
        sl_answers_post(&saver->answers, waiter->on_done, waiter->owner, err, words);
        sl_list_remove(&waiter->link);
        free(waiter);
    }
}

/* The write goes on; whoever waits for it has other things to do. */
static void on_late(void *owner)
{
    struct sl_saver *saver = owner;

    sl_log(SL_LOG_WARN, NULL, "%s: the disk has not answered for %d ms", saver->name, LATE_MS);
    saver->again |= saver->save->changes != saver->changes;
    answer(saver, saver->changes, -ETIMEDOUT, "not saved yet: the disk does not answer");
}

static void finish(struct sl_saver *saver, const struct sl_save *save)
{
    if (save->err < 0)
        sl_log(SL_LOG_ERROR, NULL, "%s; the next change tries again", save->error.text);
    else
        saver->saved = save->changes;
}

static void start(struct sl_saver *saver);

static void on_saved(uv_work_t *work, int status)
{
    struct sl_save *save = sl_container_of(work, struct sl_save, work);
    struct sl_saver *saver = save->saver;

    (void)status; /* cancelled only when the saver is gone */
    if (saver) {
        saver->save = NULL;
        sl_timer_stop(saver->late);
        finish(saver, save);
        answer(saver, save->changes, save->err, save->err < 0 ? save->error.text : "");
        if (saver->again || !sl_list_empty(&saver->waiters))
            start(saver);
    }
    free_save(save);
}

static void start(struct sl_saver *saver)
{
    struct sl_save *save = sl_new(struct sl_save);
    struct sl_error error;

    saver->again = false;
    *save = (struct sl_save){.saver = saver, .changes = saver->changes, .name = saver->name};
    save->dir = sl_strdup(saver->dir); /* a cancelled job outlives the saver */
    save->text = saver->build(saver->arg);
    (void)uv_sem_init(&save->ran, 0); /* cannot fail with these arguments */
    if (!save->text) {
        int err = no_memory(saver, &error);
        free_save(save);
        sl_log(SL_LOG_ERROR, NULL, "%s; the next change tries again", error.text);
        answer(saver, saver->changes, err, error.text);
        return;
    }
    saver->save = save;
    sl_timer_start(saver->late, LATE_MS, LATE_MS);
    /* fails only without a function */
    (void)uv_queue_work(sl_loop_uv(saver->loop), &save->work, on_save, on_saved);
}

void sl_saver_save(struct sl_saver *saver, sl_apps_on_done *on_done, void *owner)
{
    struct waiter *waiter;

    if (saver->saved == saver->changes) {
        sl_answers_post(&saver->answers, on_done, owner, 0, "");
        return;
    }
    waiter = sl_new(struct waiter);
    *waiter = (struct waiter){.changes = saver->changes, .on_done = on_done, .owner = owner};
    sl_list_append(&saver->waiters, &waiter->link);
    if (!saver->save)
        start(saver);
}

/* ---- The end ---- */

static void wait_for_write(struct sl_saver *saver)
{
    struct sl_save *save = saver->save;

    if (!save)
        return;
    saver->save = NULL;
    save->saver = NULL; /* on_saved() only frees it */
    if (uv_cancel((uv_req_t *)&save->work) == 0)
        return;
    uv_sem_wait(&save->ran);
    finish(saver, save);
}

void sl_saver_deinit(struct sl_saver *saver)
{
    struct sl_error error;
    struct waiter *waiter;

    sl_timer_destroy(saver->late);
    wait_for_write(saver);
    if (saver->saved != saver->changes && sl_saver_save_now(saver, &error) < 0)
        sl_log(SL_LOG_ERROR, NULL, "%s; what changed is lost", error.text);
    sl_list_foreach(waiter, &saver->waiters, struct waiter, link)
    {
        sl_list_remove(&waiter->link);
        free(waiter);
    }
    sl_answers_deinit(&saver->answers);
    free(saver->dir);
}
