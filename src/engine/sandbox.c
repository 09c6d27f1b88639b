/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bounds of a codec process. A sanitizer needs calls and memory of its own: builds with one
 * (SL_SANITIZED) have the rest, but no filter, no bound on memory, and a standard error.
 */
#include "engine/sandbox.h"

#include "base/mem.h"
#include "engine/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <seccomp.h>

enum {
    /* Of a job loop's or a worker's socket each, and some. */
    DESCRIPTORS_MAX = SL_ENGINE_SOCKETS_MAX + 16,
    PICTURES_NICE = 10, /* forwarding comes first; sound is part of it */
};

#ifndef SL_SANITIZED
/* Address space, of which 200 MB are the program and its libraries. The largest source alone, 4096
 * pixels square with 16 pictures to refer to, takes 430 MB. */
static const rlim_t memory_max[] = {
    [SL_ENGINE_ROLE_PICTURES] = (rlim_t)1 << 30,
    [SL_ENGINE_ROLE_SOUND] = (rlim_t)512 << 20,
};
#endif

static const char *const names[] = {
    [SL_ENGINE_ROLE_PICTURES] = "sluice:pictures", /* 15 letters are what the kernel keeps */
    [SL_ENGINE_ROLE_SOUND] = "sluice:sound",
};

/* ---- Before ---- */

/* libx264 prints whatever one asks it, and must find no socket where it does. */
static int close_descriptors(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return -errno;
#ifdef SL_SANITIZED
    const int last = STDOUT_FILENO;
#else
    const int last = STDERR_FILENO;
#endif
    for (int fd = STDIN_FILENO; fd <= last; fd++) {
        if (dup2(null, fd) < 0)
            return -errno;
    }
    return close_range(SL_ENGINE_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static int limit(int resource, rlim_t value)
{
    const struct rlimit both = {.rlim_cur = value, .rlim_max = value};

    return setrlimit((__rlimit_resource_t)resource, &both) < 0 ? -errno : 0;
}

static int limit_all(enum sl_engine_role role)
{
    const struct {
        int resource;
        rlim_t value;
    } limits[] = {
        {RLIMIT_CORE, 0}, /* pictures of strangers are nobody's business */
        {RLIMIT_FSIZE, 0},
        {RLIMIT_NPROC, 0},
        {RLIMIT_NOFILE, DESCRIPTORS_MAX},
#ifndef SL_SANITIZED
        {RLIMIT_AS, memory_max[role]},
#endif
    };
    int err = 0;

    (void)role; /* with a sanitizer */
    for (size_t i = 0; err == 0 && i < SL_ARRAY_LEN(limits); i++)
        err = limit(limits[i].resource, limits[i].value);
    return err;
}

/* A terminal and systemd send these to all processes of a group: the server decides when its own
 * end comes, and closes the socket. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};
    sigset_t none;

    for (size_t i = 0; i < SL_ARRAY_LEN(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* whoever started it may have blocked some */
}

/* Who dies before the first call is seen by the end of the socket. */
static int die_with_parent(void)
{
    pid_t parent = getppid();

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return -errno;
    return getppid() == parent ? 0 : -ESRCH;
}

int sl_sandbox_settle(enum sl_engine_role role)
{
    (void)clearenv();
    (void)prctl(PR_SET_NAME, names[role]); /* for people only */
    /* Without the right to it, it competes with the server: no reason not to run. */
    if (role == SL_ENGINE_ROLE_PICTURES)
        (void)setpriority(PRIO_PROCESS, 0, PICTURES_NICE);
    ignore_signals();
    int err = die_with_parent();
    if (err == 0)
        err = close_descriptors();
    if (err == 0)
        err = limit_all(role);
    if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        err = -errno;
    if (err == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        err = -errno;
    return err;
}

/* ---- The filter ---- */

#ifdef SL_SANITIZED

int sl_sandbox_lock(void)
{
    return 0;
}

#else

static const int allowed[] = {
    /* Talking. */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(restart_syscall), /* a poll() that SIGSTOP broke into goes on with it */
    SCMP_SYS(close),
    /* Memory. */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    /* Time. */
    SCMP_SYS(clock_gettime),
    /* The end, also by abort(), whose SIGABRT is allowed below. */
    SCMP_SYS(exit_group),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigprocmask),
};

/* libvpx looks into a file of /sys at each start, av_get_random_seed() into one of /dev; libvpx and
 * the C library ask for processors. All go on without. */
static const int refused[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(sched_getaffinity),
};

static int add_rules(scmp_filter_ctx filter)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < SL_ARRAY_LEN(allowed); i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; err == 0 && i < SL_ARRAY_LEN(refused); i++)
        err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    if (err == 0) /* nothing that is written becomes code */
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (err == 0) /* descriptors come on the first socket */
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1,
                               SCMP_A0(SCMP_CMP_EQ, SL_ENGINE_FD));
    if (err == 0)
        err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()),
                               SCMP_A2(SCMP_CMP_EQ, SIGABRT));
    return err;
}

int sl_sandbox_lock(void)
{
    /* A trap and not an end: with a handler (last_words.c) there is still time to say whose bytes
     * they were, without one it is one. The call is not made in either case. */
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);

    if (!filter)
        return -ENOMEM;
    int err = add_rules(filter);
    if (err == 0)
        err = seccomp_load(filter);
    seccomp_release(filter);
    return err;
}

#endif
