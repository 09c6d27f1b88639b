/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A handler on a stack of its own, for those that ran over theirs. */
#include "engine/last_words.h"

#include "base/mem.h"
#include "engine/engine.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { STACK_LEN = 32 << 10 };

/* Not const: a handler has nothing else to look at. Volatile, since it looks at any moment. */
static volatile uint32_t job_at_work, input_at_work;
static const uint8_t *volatile rest_data;
static volatile size_t rest_len;

void sl_last_words_job(uint32_t job, uint32_t input)
{
    input_at_work = input;
    job_at_work = job;
}

void sl_last_words_input(uint32_t input)
{
    input_at_work = input;
}

void sl_last_words_rest(const uint8_t *data, size_t len)
{
    rest_len = 0; /* never the new bytes with the old length */
    rest_data = data;
    rest_len = len;
}

#ifdef SL_SANITIZED

/* The sanitizer's own report is worth more. */
int sl_last_words_prepare(void)
{
    return 0;
}

#else

static void on_signal(int number)
{
    const struct sl_engine_message dying = {
        .type = SL_ENGINE_DYING, .job = job_at_work, .input = input_at_work};
    uint8_t words[SL_ENGINE_HEAD_LEN];

    sl_engine_build(&dying, words);
    /* A socket that takes no more has a reader who hangs: then nobody is told. */
    if (rest_len == 0 || write(SL_ENGINE_FD, rest_data, rest_len) == (ssize_t)rest_len)
        (void)!write(SL_ENGINE_FD, words, sizeof(words));
    _exit(128 + number);
}

int sl_last_words_prepare(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
    static uint8_t stack[STACK_LEN];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESETHAND};

    (void)sigfillset(&action.sa_mask); /* one death is enough */
    if (sigaltstack(&alternate, NULL) < 0)
        return -errno;
    for (size_t i = 0; i < SL_ARRAY_LEN(signals); i++) {
        if (sigaction(signals[i], &action, NULL) < 0)
            return -errno;
    }
    return 0;
}

#endif
