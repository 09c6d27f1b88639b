/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See redis.h. */
#include "redis.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { READY_US = 10 * SL_US_PER_S, TRY_US = 10000, WORDS_MAX = 16 };

static uint16_t free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    (void)close(fd);
    return ntohs(sa.sin_port);
}

static void run_server(uint16_t port, const char *password)
{
    char port_text[8];
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves none behind */
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)snprintf(port_text, sizeof(port_text), "%u", port);
    (void)execlp("redis-server", "redis-server", "--port", port_text, "--bind", "127.0.0.1",
                 "--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "4",
                 "--requirepass", password ? password : "", (char *)NULL);
    _exit(127);
}

static redisContext *connect_to(const struct redis *redis)
{
    struct timeval timeout = {.tv_sec = 1};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", redis->port, timeout);

    if (context && context->err) {
        redisFree(context);
        return NULL;
    }
    return context;
}

/* Any answer will do: one that asks for a password is one. */
static bool is_ready(const struct redis *redis)
{
    redisContext *context = connect_to(redis);
    redisReply *reply = context ? redisCommand(context, "PING") : NULL;
    bool ready = reply != NULL;

    if (reply)
        freeReplyObject(reply);
    if (context)
        redisFree(context);
    return ready;
}

void redis_start(struct redis *redis, const char *password)
{
    int64_t deadline_us = sl_now_us() + READY_US;

    if (redis->port == 0)
        redis->port = free_port();
    redis->pid = fork();
    assert_true(redis->pid >= 0);
    if (redis->pid == 0)
        run_server(redis->port, password);
    while (!is_ready(redis)) {
        if (waitpid(redis->pid, NULL, WNOHANG) != 0 || sl_now_us() > deadline_us)
            fail_msg("redis-server does not start; is it installed?");
        (void)usleep(TRY_US); /* nothing tells of it */
    }
}

void redis_kill(struct redis *redis)
{
    if (redis->pid <= 0)
        return;
    (void)kill(redis->pid, SIGKILL);
    assert_int_equal(waitpid(redis->pid, NULL, 0), redis->pid);
    redis->pid = 0;
}

void redis_pause(struct redis *redis)
{
    assert_int_equal(kill(redis->pid, SIGSTOP), 0);
}

void redis_resume(struct redis *redis)
{
    assert_int_equal(kill(redis->pid, SIGCONT), 0);
}

long long redis_do(struct redis *redis, const char *command)
{
    redisContext *context = connect_to(redis);
    const char *words[WORDS_MAX];
    size_t lens[WORDS_MAX];
    int count = 0;

    assert_non_null(context);
    for (const char *at = command; *at; at += strspn(at, " ")) {
        assert_true(count < WORDS_MAX);
        words[count] = at;
        lens[count] = strcspn(at, " ");
        at += lens[count++];
    }
    redisReply *reply = redisCommandArgv(context, count, words, lens);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply->str);
    long long value = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);
    redisFree(context);
    return value;
}
