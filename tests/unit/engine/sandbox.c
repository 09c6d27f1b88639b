/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the filter lets through: each call is tried by a process of its own, which says by its exit
 * code what it got, or is ended by SIGSYS. */
#include "harness.h"

#include "engine/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* 0, or what went wrong: the exit code. */
typedef int deed(void);

static int result_of(long returned)
{
    return returned < 0 ? errno : 0;
}

static int open_file(void)
{
    return result_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int ask_for_processors(void)
{
    cpu_set_t set;

    return result_of(sched_getaffinity(0, sizeof(set), &set));
}

static int make_socket(void)
{
    return result_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int execute(void)
{
    char *const argv[] = {(char *)(uintptr_t) "sh", NULL}, *const environment[] = {NULL};

    return result_of(execve("/bin/sh", argv, environment));
}

static int trace(void)
{
    return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int make_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return result_of(pid);
}

static int kill_parent(void)
{
    return result_of(kill(getppid(), 0));
}

static int kill_another(void)
{
    return result_of(syscall(SYS_tgkill, 1, 1, SIGABRT));
}

static int signal_itself(void)
{
    return result_of(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGKILL));
}

static int map_code(void)
{
    void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return result_of(at == MAP_FAILED ? -1 : 0);
}

static int make_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return result_of(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int receive_elsewhere(void)
{
    struct msghdr message = {0};

    return result_of(recvmsg(0, &message, MSG_DONTWAIT));
}

static int handle_signal(void)
{
    return result_of(signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0);
}

static int set_filter(void)
{
    return result_of(prctl(PR_SET_DUMPABLE, 1));
}

static int compute(void)
{
    struct timespec now;
    void *memory = malloc(64 << 20);

    free(memory);
    if (!memory || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) < 0)
        return errno;
    return result_of(write(1, "words of libx264\n", 17) == 17 ? 0 : -1);
}

static int run_out_of_memory(void)
{
    sl_mem_end();
}

/* All that decodes and encodes, opened and used inside. */
static int make_pictures(void)
{
    static const enum sl_codec codecs[] = {SL_CODEC_H264, SL_CODEC_VP8, SL_CODEC_MPEG1};
    struct kept *kept = open_job(SL_ENGINE_PICTURES, (struct sl_engine_sound){0});

    for (size_t i = 0; i < 2; i++) {
        struct source source = {.kept = kept, .fps = 30};
        for (uint32_t output = 0; output < 3; output++)
            add_pictures(kept, output, codecs[output],
                         (struct sl_engine_pictures){.width = (uint16_t)(160 + output * 40),
                                                     .keep_aspect = true});
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_SNAPSHOT, .output = 9});
        open_source(&source, codecs[i], 320, 240, 1000000);
        send_pictures(&source, 10);
        close_source(&source);
    }
    bool all = count_reports(kept, SL_ENGINE_CODED, 0) == 10 &&
               count_reports(kept, SL_ENGINE_PICTURE, 9) == 2;
    close_job(kept);
    return all ? 0 : 1;
}

static int make_sound(void)
{
    static const enum sl_codec codecs[] = {SL_CODEC_OPUS, SL_CODEC_AAC, SL_CODEC_PCMA,
                                           SL_CODEC_PCMU, SL_CODEC_G722};
    static const uint8_t packet[160] = {0xd5};
    struct kept *kept = open_job(SL_ENGINE_SOUND, (struct sl_engine_sound){0});

    for (uint32_t i = 0; i < SL_ARRAY_LEN(codecs); i++)
        add_sound(kept, i, codecs[i], (struct sl_engine_sound){.gapless = true});
    for (int n = 0; n < 20; n++)
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                               .codec = SL_CODEC_PCMA,
                                               .pts_us = START_US + n * 20000,
                                               .data = packet,
                                               .len = sizeof(packet)});
    size_t count = 0;
    for (uint32_t i = 0; i < SL_ARRAY_LEN(codecs); i++)
        count += count_reports(kept, SL_ENGINE_CODED, i) > 10;
    close_job(kept);
    return count == SL_ARRAY_LEN(codecs) ? 0 : 1;
}

static int inside(deed *run)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)signal(SIGSYS, SIG_DFL); /* cmocka handles it */
        if (sl_sandbox_settle(SL_ENGINE_ROLE_PICTURES) < 0 || sl_sandbox_lock() < 0)
            _exit(200);
        _exit(run());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void each_call_meets_what_it_should(void **state)
{
    (void)state;
    enum { TRAPPED = -SIGSYS, ABORTED = -SIGABRT };
    static const struct {
        const char *what;
        deed *deed;
        int got; /* exit code, or the signal below 0 */
    } cases[] = {
        {"computing", compute, 0},
        {"pictures", make_pictures, 0},
        {"sound", make_sound, 0},
        {"opening a file", open_file, EACCES},
        {"asking for processors", ask_for_processors, EACCES},
        {"no memory", run_out_of_memory, ABORTED},
        {"a socket", make_socket, TRAPPED},
        {"another program", execute, TRAPPED},
        {"tracing", trace, TRAPPED},
        {"another process", make_process, TRAPPED},
        {"a signal to the server", kill_parent, TRAPPED},
        {"SIGABRT to another", kill_another, TRAPPED},
        {"another signal to itself", signal_itself, TRAPPED},
        {"memory for code", map_code, TRAPPED},
        {"memory made code", make_code, TRAPPED},
        {"descriptors from elsewhere", receive_elsewhere, TRAPPED},
        {"another handler", handle_signal, TRAPPED},
        {"another filter", set_filter, TRAPPED},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int status = inside(cases[i].deed);
        int got = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        if (got != cases[i].got)
            fail_msg("%s: status %#x", cases[i].what, (unsigned)status);
    }
}

static int look_at_itself(void)
{
    struct rlimit limit;

    if (prctl(PR_GET_DUMPABLE) != 0)
        return 1;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 2;
    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max != 0)
        return 3;
    if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_max > (rlim_t)1 << 30)
        return 4;
    if (fcntl(SL_ENGINE_FD + 1, F_GETFD) >= 0 || fcntl(100, F_GETFD) >= 0)
        return 5;
    if (getenv("PATH") || environ)
        return 6;
    return getpriority(PRIO_PROCESS, 0) >= 10 ? 0 : 7;
}

static void it_has_given_up_what_it_does_not_need(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (dup2(1, 100) < 0 || sl_sandbox_settle(SL_ENGINE_ROLE_PICTURES) < 0)
            _exit(200);
        _exit(look_at_itself());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_meets_what_it_should),
        cmocka_unit_test(it_has_given_up_what_it_does_not_need),
    };

    sl_codec_drop_messages();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
