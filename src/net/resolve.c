/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names, by getaddrinfo on libuv's pool. */
#include "net/resolve.h"

#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

/*
 * What the system is asked. It lives until the system has answered, wanted or not, and is counted
 * so long: a name service that hangs holds as many as were asked, and no more.
 */
struct question {
    uv_getaddrinfo_t request;
    struct sl_list link;    /* in the loop's; nowhere: nobody may join */
    struct sl_list waiters; /* struct sl_lookup.link */
    struct sl_loop *loop;
    char host[]; /* as asked for */
};

struct sl_lookup {
    struct sl_list link;       /* in question->waiters */
    struct question *question; /* NULL: what is to be told is known */
    struct sl_loop *loop;
    struct sl_later later;  /* without a question */
    struct sl_timer *timer; /* with one */
    sl_resolve_on_done *on_done;
    void *owner;
    struct sl_addr literal;
    uint16_t port;
    int err; /* to be told later; 0: literal */
};

/* ---- The answer ---- */

static void lookup_free(struct sl_lookup *lookup)
{
    if (lookup->question) {
        sl_list_remove(&lookup->link);
        sl_loop_names(lookup->loop)->waiters--;
    }
    sl_later_cancel(&lookup->later);
    sl_timer_destroy(lookup->timer);
    free(lookup);
}

static void tell(struct sl_lookup *lookup, int err, const char *words, const struct sl_addr *addrs,
                 size_t count)
{
    sl_resolve_on_done *on_done = lookup->on_done;
    void *owner = lookup->owner;

    lookup_free(lookup);
    on_done(owner, err, words, addrs, count);
}

/* If no thread of the pool has it yet, it is not asked at all; otherwise whoever asks for the same
 * name next waits for this answer. */
static void let_go(struct question *question)
{
    bool answered = sl_list_empty(&question->link);

    if (!answered && sl_list_empty(&question->waiters) &&
        uv_cancel((uv_req_t *)&question->request) == 0)
        sl_list_remove(&question->link);
}

static void on_later(struct sl_later *later)
{
    struct sl_lookup *lookup = sl_container_of(later, struct sl_lookup, later);
    struct sl_addr addr = lookup->literal;

    if (lookup->err == 0)
        tell(lookup, 0, "", &addr, 1);
    else
        tell(lookup, lookup->err,
             lookup->err == -ENOBUFS ? "too many names are being looked up" : "not a host name",
             NULL, 0);
}

static void on_timeout(void *owner)
{
    struct sl_lookup *lookup = owner;
    struct question *question = lookup->question;

    sl_list_remove(&lookup->link);
    let_go(question);
    tell(lookup, -ETIMEDOUT, "the name was not looked up in time", NULL, 0);
}

/* ---- The question ---- */

static size_t take_addresses(const struct addrinfo *info, struct sl_addr *out)
{
    size_t count = 0;

    for (; info && count < SL_RESOLVE_ADDRESSES_MAX; info = info->ai_next) {
        if (sl_addr_from_sockaddr(&out[count], info->ai_addr) == 0)
            count++;
    }
    return count;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *info)
{
    struct question *question = sl_container_of(request, struct question, request);
    struct sl_addr addrs[SL_RESOLVE_ADDRESSES_MAX];
    size_t count = status == 0 ? take_addresses(info, addrs) : 0;
    const char *words = status < 0 ? uv_strerror(status) : "the name has no address";
    struct sl_lookup *lookup;

    uv_freeaddrinfo(info);
    sl_list_remove(&question->link); /* who asks from within a callback asks anew */
    sl_loop_names(question->loop)->questions_count--;
    while ((lookup = sl_list_first(&question->waiters, struct sl_lookup, link))) {
        for (size_t i = 0; i < count; i++)
            addrs[i].port = lookup->port;
        tell(lookup, count > 0 ? 0 : -ENOENT, count > 0 ? "" : words, addrs, count);
    }
    free(question);
}

/* 0; -ENOBUFS; -ENOENT: the system would not be asked that. */
static int ask(struct sl_loop *loop, const char *host, struct question **out)
{
    struct sl_loop_names *names = sl_loop_names(loop);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    size_t len = strlen(host);

    if (names->questions_count >= SL_RESOLVE_NAMES_MAX)
        return -ENOBUFS;
    struct question *question = sl_alloc(sizeof(*question) + len + 1); /* bounded by the callers */
    memcpy(question->host, host, len + 1);
    question->loop = loop;
    sl_list_init(&question->waiters);
    sl_list_init(&question->link);
    if (uv_getaddrinfo(sl_loop_uv(loop), &question->request, on_answer, host, NULL, &hints) < 0) {
        free(question);
        return -ENOENT;
    }
    sl_list_append(&names->questions, &question->link);
    names->questions_count++;
    *out = question;
    return 0;
}

/* The one that is under way, or a new one. 0 or what ask() says. */
static int find_or_ask(struct sl_loop *loop, const char *host, struct question **out)
{
    struct question *question;

    if (sl_loop_names(loop)->waiters >= SL_RESOLVE_WAITERS_MAX)
        return -ENOBUFS;
    sl_list_foreach(question, &sl_loop_names(loop)->questions, struct question, link)
    {
        if (strcasecmp(question->host, host) == 0) {
            *out = question;
            return 0;
        }
    }
    return ask(loop, host, out);
}

static void wait_for(struct sl_lookup *lookup, struct question *question, int64_t timeout_ms)
{
    lookup->question = question;
    sl_list_append(&question->waiters, &lookup->link);
    sl_loop_names(lookup->loop)->waiters++;
    lookup->timer = sl_timer_create(lookup->loop, on_timeout, lookup);
    sl_timer_start(lookup->timer, timeout_ms > 1 ? (uint64_t)timeout_ms : 1, 0);
}

struct sl_lookup *sl_resolve(struct sl_loop *loop, const char *host, uint16_t port,
                             int64_t timeout_ms, sl_resolve_on_done *on_done, void *owner)
{
    struct sl_lookup *lookup = sl_new(struct sl_lookup);
    struct question *question = NULL;

    lookup->loop = loop;
    lookup->port = port;
    lookup->on_done = on_done;
    lookup->owner = owner;
    lookup->later.run = on_later;
    if (sl_addr_parse_ip(host, port, &lookup->literal) < 0)
        lookup->err = find_or_ask(loop, host, &question);
    if (question)
        wait_for(lookup, question, timeout_ms);
    else
        sl_loop_later(loop, &lookup->later);
    return lookup;
}

void sl_resolve_cancel(struct sl_lookup *lookup)
{
    if (!lookup)
        return;
    struct question *question = lookup->question;
    lookup_free(lookup);
    if (question)
        let_go(question);
}
