/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A host's addresses, by getaddrinfo on libuv's pool, within a deadline. */
#include "push/address.h"

#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <stdio.h>

struct lookup {
    uv_getaddrinfo_t request; /* not used for a literal address */
    bool is_literal;
    struct sl_addr literal; /* told in the next turn: */
    struct sl_later literal_later;
    struct sl_list link;     /* in lookups->list */
    struct lookups *lookups; /* NULL: they are gone */
    struct sl_timer *timer;
    void (*on_done)(void *owner, int err, const struct sl_addr *addrs, size_t count);
    void *owner;
};

static size_t take_addresses(const struct addrinfo *info, struct sl_addr *out)
{
    size_t count = 0;

    for (; info && count < LOOKUP_ADDRESSES_MAX; info = info->ai_next) {
        if (sl_addr_from_sockaddr(&out[count], info->ai_addr) == 0)
            count++;
    }
    return count;
}

static void lookup_free(struct lookup *lookup)
{
    sl_list_remove(&lookup->link);
    if (lookup->lookups)
        lookup->lookups->count--;
    sl_later_cancel(&lookup->literal_later);
    sl_timer_destroy(lookup->timer);
    free(lookup);
}

/* The last call for a request in any case. */
static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *info)
{
    struct lookup *lookup = sl_container_of(request, struct lookup, request);
    struct sl_addr addrs[LOOKUP_ADDRESSES_MAX];
    size_t count = status == 0 ? take_addresses(info, addrs) : 0;
    void (*on_done)(void *, int, const struct sl_addr *, size_t) = lookup->on_done;
    void *owner = lookup->owner;

    uv_freeaddrinfo(info);
    lookup_free(lookup);
    if (on_done)
        on_done(owner, count > 0 ? 0 : -ENOENT, addrs, count);
}

static void on_literal(struct sl_later *later)
{
    struct lookup *lookup = sl_container_of(later, struct lookup, literal_later);
    struct sl_addr addr = lookup->literal;
    void (*on_done)(void *, int, const struct sl_addr *, size_t) = lookup->on_done;
    void *owner = lookup->owner;

    lookup_free(lookup);
    on_done(owner, 0, &addr, 1);
}

/* A name has had its time; on_resolved() frees it. */
static void on_timer(void *owner)
{
    struct lookup *lookup = owner;
    void (*on_done)(void *, int, const struct sl_addr *, size_t) = lookup->on_done;

    lookup->on_done = NULL;
    on_done(lookup->owner, -ENOENT, NULL, 0);
}

void lookups_init(struct lookups *lookups, struct sl_loop *loop)
{
    lookups->loop = loop;
    lookups->count = 0;
    sl_list_init(&lookups->list);
}

void lookups_deinit(struct lookups *lookups)
{
    struct lookup *lookup;

    sl_list_foreach(lookup, &lookups->list, struct lookup, link)
    {
        sl_list_remove(&lookup->link);
        lookup->lookups = NULL;
        lookup_cancel(lookup);
    }
}

static int ask_system(struct lookup *lookup, const char *host, uint16_t port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];

    if (lookup->lookups->count >= LOOKUPS_RUNNING_MAX)
        return -ENOBUFS;
    (void)snprintf(service, sizeof(service), "%u", port);
    return uv_getaddrinfo(sl_loop_uv(lookup->lookups->loop), &lookup->request, on_resolved, host,
                          service, &hints) < 0
               ? -EINVAL
               : 0;
}

int lookup_start(struct lookups *lookups, const char *host, uint16_t port,
                 void (*on_done)(void *owner, int err, const struct sl_addr *addrs, size_t count),
                 void *owner, struct lookup **out)
{
    struct lookup *lookup = sl_new(struct lookup);

    lookup->lookups = lookups;
    lookup->on_done = on_done;
    lookup->owner = owner;
    lookup->is_literal = sl_addr_parse_ip(host, port, &lookup->literal) == 0;
    int err = lookup->is_literal ? 0 : ask_system(lookup, host, port);
    if (err < 0) {
        free(lookup);
        return err;
    }
    if (lookup->is_literal) {
        lookup->literal_later.run = on_literal;
        sl_loop_later(lookups->loop, &lookup->literal_later);
    } else {
        lookup->timer = sl_timer_create(lookups->loop, on_timer, lookup);
        sl_timer_start(lookup->timer, LOOKUP_TIMEOUT_MS, 0);
    }
    sl_list_append(&lookups->list, &lookup->link);
    lookups->count++;
    *out = lookup;
    return 0;
}

void lookup_cancel(struct lookup *lookup)
{
    if (!lookup)
        return;
    if (lookup->is_literal) {
        lookup_free(lookup);
        return;
    }
    lookup->on_done = NULL;
    sl_timer_destroy(lookup->timer);
    lookup->timer = NULL;
    /* Works only for one that waits for a thread; on_resolved comes in either case. */
    (void)uv_cancel((uv_req_t *)&lookup->request);
}
