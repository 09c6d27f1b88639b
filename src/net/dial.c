/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One address after the other, until one is there. */
#include "net/dial.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * TRYING    --the kernel says so--> CONNECTED (the descriptor is the owner's)
 * CONNECTED --sl_dial_next()-->     TRYING
 * TRYING    --no address left-->    FAILED (told from the loop)
 */
enum state { TRYING, CONNECTED, FAILED };

/* libuv needs a handle until its close callback: longer than the dial. */
struct attempt {
    uv_poll_t poll;
    int fd;
};

struct sl_dial {
    struct sl_loop *loop;
    const struct sl_dial_ops *ops;
    void *owner;
    enum state state;
    struct sl_addr addrs[SL_DIAL_ADDRESSES_MAX];
    size_t addr_count, next;
    int64_t deadline_us, share_us; /* of all; of the address that is tried */
    struct attempt *attempt;       /* NULL: none runs */
    struct sl_timer *timer;        /* the share's */
    struct sl_later failure;
    int err;
    struct sl_error words;
};

static void try_next(struct sl_dial *dial);

/* ---- Descriptors ---- */

static void on_attempt_closed(uv_handle_t *handle)
{
    free(sl_container_of((uv_poll_t *)handle, struct attempt, poll));
}

/* Ends the attempt without closing what it was made for: -1 if none runs. */
static int take_fd(struct sl_dial *dial)
{
    struct attempt *attempt = dial->attempt;

    if (!attempt)
        return -1;
    int fd = attempt->fd;
    dial->attempt = NULL;
    (void)uv_poll_stop(&attempt->poll); /* before the number may be used again */
    uv_close((uv_handle_t *)&attempt->poll, on_attempt_closed);
    return fd;
}

static void give_up_attempt(struct sl_dial *dial)
{
    int fd = take_fd(dial);

    if (fd >= 0)
        (void)close(fd); /* nothing was sent */
}

/* ---- What went wrong ---- */

/* The reason alone for the only address there is; otherwise each one's. */
static void note(struct sl_dial *dial, int err, const char *words)
{
    char address[SL_ADDR_TEXT_MAX];
    char *text = dial->words.text;
    size_t len = strlen(text);

    dial->err = err;
    if (dial->addr_count == 1)
        (void)snprintf(text, sizeof(dial->words.text), "%s",
                       words); /* cut is fine, here and below */
    else
        (void)snprintf(text + len, sizeof(dial->words.text) - len, "%s%s: %s", len > 0 ? "; " : "",
                       sl_addr_format_ip(&dial->addrs[dial->next - 1], address), words);
}

static void on_failure(struct sl_later *later)
{
    struct sl_dial *dial = sl_container_of(later, struct sl_dial, failure);

    dial->ops->on_failed(dial->owner, dial->err, dial->words.text);
}

static void fail(struct sl_dial *dial)
{
    dial->state = FAILED;
    sl_timer_stop(dial->timer);
    dial->failure.run = on_failure;
    sl_loop_later(dial->loop, &dial->failure);
}

/* ---- One address ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sl_dial *dial = poll->data;
    int err = 0;
    socklen_t len = sizeof(err);

    (void)events;
    /* Whatever libuv makes of POLLERR (it says "bad file descriptor"): the socket knows. */
    if (getsockopt(dial->attempt->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
        err = errno;
    if (err == 0 && status < 0)
        err = ECONNABORTED;
    if (err != 0) {
        give_up_attempt(dial);
        note(dial, -err, uv_strerror(-err));
        try_next(dial);
        return;
    }
    sl_timer_stop(dial->timer);
    dial->state = CONNECTED;
    dial->ops->on_connected(dial->owner, take_fd(dial));
}

/* 0 or -errno. */
static int connect_to(struct sl_dial *dial, const struct sl_addr *addr)
{
    struct sockaddr_storage sa = {0};

    sa.ss_family = sl_addr_is_v4(addr) ? AF_INET : AF_INET6;
    socklen_t sa_len = sl_addr_to_sockaddr(addr, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&sa, sa_len) < 0 && errno != EINPROGRESS) {
        int err = -errno;
        (void)close(fd); /* never connected */
        return err;
    }
    struct attempt *attempt = sl_new(struct attempt);
    attempt->fd = fd;
    int err = uv_poll_init(sl_loop_uv(dial->loop), &attempt->poll, fd);
    if (err < 0) {
        (void)close(fd); /* nothing was sent */
        free(attempt);
        return err;
    }
    attempt->poll.data = dial;
    dial->attempt = attempt;
    (void)uv_poll_start(&attempt->poll, UV_WRITABLE, on_poll); /* fails for closing handles only */
    return 0;
}

static void try_next(struct sl_dial *dial)
{
    dial->state = TRYING;
    while (dial->next < dial->addr_count) {
        int64_t now_us = sl_now_us();
        int64_t left_us = dial->deadline_us > now_us ? dial->deadline_us - now_us : 0;
        int64_t share_us = left_us / (int64_t)(dial->addr_count - dial->next);
        dial->share_us = now_us + share_us;
        int err = connect_to(dial, &dial->addrs[dial->next++]);
        if (err == 0) {
            sl_timer_start(dial->timer, (uint64_t)(share_us / SL_US_PER_MS) + 1, 0);
            return;
        }
        note(dial, err, uv_strerror(err));
    }
    fail(dial);
}

static void on_timer(void *owner)
{
    struct sl_dial *dial = owner;

    give_up_attempt(dial);
    note(dial, -ETIMEDOUT, "no answer in time");
    try_next(dial);
}

/* ---- Life ---- */

struct sl_dial *sl_dial_create(const struct sl_dial_config *config)
{
    struct sl_dial *dial = sl_new(struct sl_dial);

    dial->loop = config->loop;
    dial->ops = config->ops;
    dial->owner = config->owner;
    dial->addr_count =
        config->addr_count < SL_DIAL_ADDRESSES_MAX ? config->addr_count : SL_DIAL_ADDRESSES_MAX;
    if (dial->addr_count > 0)
        memcpy(dial->addrs, config->addrs, dial->addr_count * sizeof(dial->addrs[0]));
    dial->deadline_us = sl_now_us() + config->timeout_ms * SL_US_PER_MS;
    dial->timer = sl_timer_create(config->loop, on_timer, dial);
    dial->err = -EADDRNOTAVAIL;
    (void)sl_error_set(&dial->words, 0, dial->addr_count > 0 ? "" : "no address");
    try_next(dial);
    return dial;
}

void sl_dial_next(struct sl_dial *dial, int err, const char *words)
{
    note(dial, err, words);
    try_next(dial);
}

int64_t sl_dial_left_ms(const struct sl_dial *dial)
{
    int64_t left_ms = (dial->share_us - sl_now_us()) / SL_US_PER_MS;

    return left_ms > 1 ? left_ms : 1;
}

void sl_dial_destroy(struct sl_dial *dial)
{
    if (!dial)
        return;
    give_up_attempt(dial);
    sl_timer_destroy(dial->timer);
    sl_later_cancel(&dial->failure);
    free(dial);
}
