/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children by posix_spawn(3), seen through their pidfds. */
#include "record/script.h"

#include "base/list.h"
#include "base/log.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNNING_MAX = 4, WAITING_MAX = 1000, TIMEOUT_MS = 60000 };

struct sl_record_scripts {
    struct sl_loop *loop;
    struct sl_list waiting, running; /* struct script */
    size_t waiting_count, running_count;
};

/* A child, or one to be. */
struct script {
    struct sl_list link;
    struct sl_record_scripts *scripts;
    char *program, *stream, *file;
    pid_t pid;
    int pidfd;
    uv_poll_t poll;
    struct sl_timer *timer;
};

static void script_free(struct script *script)
{
    free(script->program);
    free(script->stream);
    free(script->file);
    free(script);
}

static void start_next(struct sl_record_scripts *scripts);

static void on_poll_closed(uv_handle_t *handle)
{
    struct script *script = sl_container_of((uv_poll_t *)handle, struct script, poll);

    (void)close(script->pidfd); /* read only: nothing to lose */
    script_free(script);
}

/* The child is not ours to watch any more. */
static void let_go(struct script *script)
{
    sl_list_remove(&script->link);
    sl_timer_destroy(script->timer);
    uv_close((uv_handle_t *)&script->poll, on_poll_closed);
}

static void tell(const struct script *script, const siginfo_t *info)
{
    if (info->si_code != CLD_EXITED)
        sl_log(SL_LOG_WARN, NULL, "record: %s was ended by signal %d", script->program,
               info->si_status);
    else if (info->si_status != 0)
        sl_log(SL_LOG_WARN, NULL, "record: %s ended with code %d", script->program,
               info->si_status);
}

static void on_exit_seen(uv_poll_t *poll, int status, int events)
{
    struct script *script = sl_container_of(poll, struct script, poll);
    struct sl_record_scripts *scripts = script->scripts;
    siginfo_t info = {.si_pid = 0};

    (void)status;
    (void)events;
    if (waitid(P_PID, (id_t)script->pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return;
    tell(script, &info);
    scripts->running_count--;
    let_go(script);
    start_next(scripts);
}

static void on_timeout(void *owner)
{
    struct script *script = owner;

    sl_log(SL_LOG_WARN, NULL, "record: %s has not ended in %d s, and is killed", script->program,
           TIMEOUT_MS / 1000);
    (void)kill(-script->pid, SIGKILL); /* its group; not waited for yet, so the number is its own */
}

/* Nothing of ours: no descriptors (all are close-on-exec), no environment, no blocked signals. */
static int spawn(struct script *script)
{
    char *argv[] = {script->program, script->stream, script->file, NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int err = posix_spawn_file_actions_init(&files);
    if (err != 0)
        return -err;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        (void)posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    err = posix_spawnattr_init(&attributes);
    if (err == 0) {
        (void)posix_spawnattr_setsigmask(&attributes, &none);
        (void)posix_spawnattr_setsigdefault(&attributes, &all);
        (void)posix_spawnattr_setpgroup(&attributes, 0);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                        POSIX_SPAWN_SETPGROUP);
        err = posix_spawn(&script->pid, script->program, &files, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return -err;
}

/* One that cannot be watched runs all the same, and is waited for when it has been killed. */
static int watch(struct script *script)
{
    script->pidfd = (int)syscall(SYS_pidfd_open, script->pid, 0);
    if (script->pidfd < 0)
        return -errno;
    int err = uv_poll_init(sl_loop_uv(script->scripts->loop), &script->poll, script->pidfd);
    if (err < 0) {
        (void)close(script->pidfd); /* read only: nothing to lose */
        return err;
    }
    (void)uv_poll_start(&script->poll, UV_READABLE, on_exit_seen);
    script->timer = sl_timer_create(script->scripts->loop, on_timeout, script);
    sl_timer_start(script->timer, TIMEOUT_MS, 0);
    return 0;
}

static int start(struct script *script)
{
    int err = spawn(script);

    if (err < 0)
        return err;
    err = watch(script);
    if (err < 0) {
        (void)kill(-script->pid, SIGKILL); /* not waited for yet */
        (void)waitpid(script->pid, NULL, 0);
    }
    return err;
}

static void start_next(struct sl_record_scripts *scripts)
{
    while (scripts->running_count < RUNNING_MAX && !sl_list_empty(&scripts->waiting)) {
        struct script *script = sl_list_first(&scripts->waiting, struct script, link);
        sl_list_remove(&script->link);
        scripts->waiting_count--;
        int err = start(script);
        if (err < 0) {
            sl_log(SL_LOG_ERROR, NULL, "record: on_record_hook_script: %s cannot be run: %s",
                   script->program, strerror(-err));
            script_free(script);
            continue;
        }
        sl_list_append(&scripts->running, &script->link);
        scripts->running_count++;
    }
}

void sl_record_scripts_run(struct sl_record_scripts *scripts, const char *program,
                           const char *stream, const char *file)
{
    if (program[0] == '\0')
        return;
    if (scripts->waiting_count == WAITING_MAX) {
        sl_log(SL_LOG_ERROR, NULL, "record: %s is not run for %s: %d wait", program, file,
               WAITING_MAX);
        return;
    }
    struct script *script = sl_new(struct script);
    script->scripts = scripts;
    script->program = sl_strdup(program);
    script->stream = sl_strdup(stream);
    script->file = sl_strdup(file);
    sl_list_append(&scripts->waiting, &script->link);
    scripts->waiting_count++;
    start_next(scripts);
}

struct sl_record_scripts *sl_record_scripts_create(struct sl_loop *loop)
{
    struct sl_record_scripts *scripts = sl_new(struct sl_record_scripts);

    scripts->loop = loop;
    sl_list_init(&scripts->waiting);
    sl_list_init(&scripts->running);
    return scripts;
}

void sl_record_scripts_destroy(struct sl_record_scripts *scripts)
{
    struct script *script;

    if (!scripts)
        return;
    if (scripts->waiting_count > 0)
        sl_log(SL_LOG_WARN, NULL, "record: on_record_hook_script was not run for %zu files",
               scripts->waiting_count);
    sl_list_foreach(script, &scripts->running, struct script, link) let_go(script);
    sl_list_foreach(script, &scripts->waiting, struct script, link) script_free(script);
    free(scripts);
}
