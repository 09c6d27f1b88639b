/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Services of domains. */
#include "net/service.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/lane.h"
#include "net/loop.h"
#include "net/srv.h"

#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

enum {
    ANSWER_MAX = 4096,
    NAME_MAX_LEN = 320,
    SRV_MS = 3000, /* then the host itself is asked for */
    RETRANS_S = 1,
    TRIES = 2,
};

struct sl_services {
    struct sl_loop *loop;
    struct sl_lane *lane;
};

/* What the system is asked; it lives until it has answered. */
struct question {
    struct sl_lane_job job;
    struct sl_service_lookup *lookup;
    char name[NAME_MAX_LEN];
    uint8_t answer[ANSWER_MAX];
    int len; /* -1: none */
};

struct sl_service_lookup {
    struct sl_services *services;
    struct question *question; /* NULL: it has ended */
    struct sl_lookup *host;    /* NULL: none is looked up */
    int64_t deadline_us;
    struct sl_srv_target targets[SL_SRV_TARGETS_MAX];
    size_t count, next; /* targets, and which one is looked up after this */
    struct sl_addr addrs[SL_RESOLVE_ADDRESSES_MAX];
    size_t addr_count;
    sl_resolve_on_done *on_done;
    void *owner;
};

/* ---- Hosts ---- */

static void look_up_next(struct sl_service_lookup *lookup);

static void tell(struct sl_service_lookup *lookup, int err, const char *words)
{
    struct sl_service_lookup kept = *lookup;

    free(lookup);
    kept.on_done(kept.owner, kept.addr_count > 0 ? 0 : err, kept.addr_count > 0 ? "" : words,
                 kept.addrs, kept.addr_count);
}

static void on_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                        size_t count)
{
    struct sl_service_lookup *lookup = owner;

    lookup->host = NULL;
    for (size_t i = 0; i < count && lookup->addr_count < SL_RESOLVE_ADDRESSES_MAX; i++)
        lookup->addrs[lookup->addr_count++] = addrs[i];
    if (lookup->next < lookup->count && lookup->addr_count < SL_RESOLVE_ADDRESSES_MAX &&
        sl_now_us() < lookup->deadline_us)
        look_up_next(lookup);
    else
        tell(lookup, err, words);
}

static void look_up_next(struct sl_service_lookup *lookup)
{
    const struct sl_srv_target *target = &lookup->targets[lookup->next++];
    int64_t left_ms = (lookup->deadline_us - sl_now_us()) / SL_US_PER_MS;

    lookup->host = sl_resolve(lookup->services->loop, target->host, target->port,
                              left_ms > 1 ? left_ms : 1, on_resolved, lookup);
}

/* ---- SRV ---- */

static void ask(struct sl_lane_job *job) /* on a thread of the pool */
{
    struct question *question = sl_container_of(job, struct question, job);
    struct __res_state state = {0};

    question->len = -1;
    if (res_ninit(&state) != 0)
        return;
    state.retrans = RETRANS_S;
    state.retry = TRIES;
    question->len =
        res_nquery(&state, question->name, C_IN, T_SRV, question->answer, sizeof(question->answer));
    res_nclose(&state);
}

static void on_answer(struct sl_lane_job *job, int err)
{
    struct question *question = sl_container_of(job, struct question, job);
    struct sl_service_lookup *lookup = question->lookup;
    struct sl_srv_target found[SL_SRV_TARGETS_MAX];
    int count = 0;

    lookup->question = NULL;
    if (err == 0 && question->len > 0) /* more than fits is not given */
        count = sl_srv_parse(question->answer,
                             (size_t)question->len < sizeof(question->answer)
                                 ? (size_t)question->len
                                 : sizeof(question->answer),
                             found);
    if (count > 0) {
        memcpy(lookup->targets, found, sizeof(found));
        lookup->count = (size_t)count;
        sl_srv_order(lookup->targets, lookup->count, sl_random_u32);
    }
    look_up_next(lookup);
}

static void free_question(struct sl_lane_job *job)
{
    free(sl_container_of(job, struct question, job));
}

/* ---- Look-ups ---- */

struct sl_service_lookup *sl_services_find(struct sl_services *services, const char *service,
                                           const char *host, uint16_t port, int64_t timeout_ms,
                                           sl_resolve_on_done *on_done, void *owner)
{
    struct sl_service_lookup *lookup = sl_new(struct sl_service_lookup);
    struct sl_addr literal;

    lookup->services = services;
    lookup->on_done = on_done;
    lookup->owner = owner;
    lookup->deadline_us = sl_now_us() + timeout_ms * SL_US_PER_MS;
    lookup->count = 1; /* the host itself, unless there is better */
    lookup->targets[0].port = port;
    (void)snprintf(lookup->targets[0].host, sizeof(lookup->targets[0].host), "%s", host);
    if (!service || sl_addr_parse_ip(host, 0, &literal) == 0) {
        look_up_next(lookup);
        return lookup;
    }
    struct question *question = sl_new(struct question);
    question->lookup = lookup;
    question->job.run = ask;
    question->job.on_done = on_answer;
    question->job.free = free_question;
    (void)snprintf(question->name, sizeof(question->name), "%s.%s", service, host);
    lookup->question = question;
    sl_lane_add(services->lane, &question->job);
    return lookup;
}

void sl_services_cancel(struct sl_service_lookup *lookup)
{
    if (!lookup)
        return;
    if (lookup->question)
        sl_lane_cancel(&lookup->question->job);
    sl_resolve_cancel(lookup->host);
    free(lookup);
}

struct sl_services *sl_services_create(struct sl_loop *loop)
{
    struct sl_services *services = sl_new(struct sl_services);

    services->loop = loop;
    services->lane = sl_lane_create(loop, "a service's name", SRV_MS);
    return services;
}

void sl_services_destroy(struct sl_services *services)
{
    if (!services)
        return;
    sl_lane_destroy(services->lane);
    free(services);
}
