/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The host's addresses, by rtnetlink. */
#include "net/host_addrs.h"

#include "base/error.h"
#include "base/mem.h"
#include "net/loop.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 65536, /* a datagram of the kernel's: 32 KiB at most */
    TELL_MAX = 20,      /* changes told at once, within: */
    TELL_MS = 1000,
    DRAIN_MAX = 64, /* notices taken in one turn */
};

/* ---- Messages ---- */

/* What follows a header, as far as it is there and aligned as the kernel does. */
static bool next_part(const uint8_t **data, size_t *len, size_t part_len, size_t header_len)
{
    size_t step = (part_len + 3) & ~(size_t)3;

    if (part_len < header_len || part_len > *len)
        return false;
    step = step < *len ? step : *len; /* the last one may lack its padding */
    *data += step;
    *len -= step;
    return true;
}

struct address_parts {
    const uint8_t *address, *local;
    uint32_t flags;
};

static bool read_attributes(const uint8_t *data, size_t len, size_t ip_len,
                            struct address_parts *parts)
{
    while (len >= sizeof(struct rtattr)) {
        struct rtattr attribute;
        const uint8_t *value = data + sizeof(attribute);
        memcpy(&attribute, data, sizeof(attribute));
        if (!next_part(&data, &len, attribute.rta_len, sizeof(attribute)))
            return false;
        size_t value_len = attribute.rta_len - sizeof(attribute);
        if (attribute.rta_type == IFA_ADDRESS && value_len == ip_len)
            parts->address = value;
        else if (attribute.rta_type == IFA_LOCAL && value_len == ip_len)
            parts->local = value;
        else if (attribute.rta_type == IFA_FLAGS && value_len == sizeof(parts->flags))
            memcpy(&parts->flags, value, sizeof(parts->flags));
    }
    return true;
}

/* IFA_F_TEMPORARY of IPv6 is IFA_F_SECONDARY of IPv4: an alias, as good as any. */
static bool is_usable(uint32_t flags, bool v4)
{
    if (flags & (IFA_F_DADFAILED | IFA_F_DEPRECATED) || (!v4 && flags & IFA_F_TEMPORARY))
        return false;
    return !(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC;
}

static int take_address(struct sl_host_addrs *list, const uint8_t *data, size_t len)
{
    struct ifaddrmsg head;

    if (len < sizeof(head))
        return -EBADMSG;
    memcpy(&head, data, sizeof(head));
    if (head.ifa_family != AF_INET && head.ifa_family != AF_INET6)
        return 0;
    bool v4 = head.ifa_family == AF_INET;
    struct address_parts parts = {.flags = head.ifa_flags};
    if (!read_attributes(data + sizeof(head), len - sizeof(head), v4 ? 4 : 16, &parts))
        return -EBADMSG;
    const uint8_t *ip = parts.local ? parts.local : parts.address; /* of a tunnel: not its peer's */
    if (!ip || !is_usable(parts.flags, v4) || list->count == SL_HOST_ADDRS_MAX)
        return 0;
    struct sl_addr addr = {.ip = {[10] = 0xff, [11] = 0xff}};
    memcpy(v4 ? addr.ip + 12 : addr.ip, ip, v4 ? 4 : 16);
    list->items[list->count].addr = addr;
    list->items[list->count].link = head.ifa_index;
    list->items[list->count++].up = false;
    return 0;
}

static int take_link(struct sl_host_addrs *list, const uint8_t *data, size_t len)
{
    struct ifinfomsg head;

    if (len < sizeof(head))
        return -EBADMSG;
    memcpy(&head, data, sizeof(head));
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].link == (uint32_t)head.ifi_index)
            list->items[i].up = (head.ifi_flags & IFF_UP) && (head.ifi_flags & IFF_RUNNING);
    return 0;
}

int sl_host_addrs_take(struct sl_host_addrs *list, const uint8_t *data, size_t len)
{
    while (len >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;
        const uint8_t *body = data + sizeof(header);
        int err = 0, code;
        memcpy(&header, data, sizeof(header));
        if (!next_part(&data, &len, header.nlmsg_len, sizeof(header)))
            return -EBADMSG;
        size_t body_len = header.nlmsg_len - sizeof(header);
        if (header.nlmsg_flags & NLM_F_DUMP_INTR)
            return -EAGAIN;
        if (header.nlmsg_type == NLMSG_DONE)
            return 1;
        if (header.nlmsg_type == NLMSG_ERROR) {
            if (body_len < sizeof(code))
                return -EBADMSG;
            memcpy(&code, body, sizeof(code));
            return code < 0 && code > -4096 ? code : -EBADMSG; /* 0 would be an acknowledgement */
        }
        if (header.nlmsg_type == RTM_NEWADDR)
            err = take_address(list, body, body_len);
        else if (header.nlmsg_type == RTM_NEWLINK)
            err = take_link(list, body, body_len);
        if (err < 0)
            return err;
    }
    return len == 0 ? 0 : -EBADMSG;
}

/* ---- Reading ---- */

/* The kernel makes its answer while it is being read: there is always one, or an end. */
static int dump(int fd, uint16_t type, struct sl_host_addrs *list, uint8_t *buffer)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg body; /* as long as any of the requests' */
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = type,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.ifi_family = AF_UNSPEC},
    };

    if (send(fd, &request, sizeof(request), 0) < 0)
        return -errno;
    for (;;) {
        ssize_t got = recv(fd, buffer, ANSWER_MAX, MSG_DONTWAIT);
        if (got < 0)
            return -errno;
        int err = sl_host_addrs_take(list, buffer, (size_t)got);
        if (err != 0)
            return err < 0 ? err : 0;
    }
}

static void keep_those_up(struct sl_host_addrs *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].up)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

static int open_netlink(unsigned groups)
{
    struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
        int err = -errno;
        (void)close(fd); /* never used */
        return err;
    }
    return fd;
}

int sl_host_addrs_read(struct sl_host_addrs *out, struct sl_error *error)
{
    struct sl_host_addrs list = {.count = 0};
    int fd = open_netlink(0);
    int err = fd < 0 ? fd : 0;

    if (err == 0) {
        uint8_t *buffer = sl_alloc(ANSWER_MAX);
        err = dump(fd, RTM_GETADDR, &list, buffer);
        if (err == 0)
            err = dump(fd, RTM_GETLINK, &list, buffer);
        free(buffer);
        (void)close(fd); /* read only */
    }
    if (err < 0)
        return sl_error_set(error, err, "cannot list the machine's addresses: %s", strerror(-err));
    keep_those_up(&list);
    *out = list;
    return 0;
}

/* ---- Watching ---- */

struct sl_host_watch {
    uv_poll_t poll; /* libuv needs the memory until its close callback */
    int fd;
    struct sl_timer *timer; /* runs while told > 0 */
    unsigned told;
    bool untold;
    void (*on_change)(void *owner);
    void *owner;
};

static void tell(struct sl_host_watch *watch)
{
    watch->untold = watch->told >= TELL_MAX;
    if (watch->untold)
        return;
    if (watch->told++ == 0)
        sl_timer_start(watch->timer, TELL_MS, 0);
    watch->on_change(watch->owner);
}

static void on_timer(void *owner)
{
    struct sl_host_watch *watch = owner;

    watch->told = 0;
    if (watch->untold)
        tell(watch);
}

/* What the notices say is not looked at, as a list of all is read anyway: so it does not matter
 * that some are lost (ENOBUFS) when there are too many. But that is an error of the socket, at
 * which libuv stops to look at it. */
static void on_notice(uv_poll_t *poll, int status, int events)
{
    struct sl_host_watch *watch = poll->data;
    uint8_t notice[512]; /* cut: fine */

    (void)events;
    if (status < 0)
        (void)uv_poll_start(poll, UV_READABLE, on_notice); /* worked when it was made */
    for (int i = 0; i < DRAIN_MAX; i++)
        if (recv(watch->fd, notice, sizeof(notice), MSG_DONTWAIT) < 0 && errno != ENOBUFS)
            break;
    tell(watch);
}

static void on_closed(uv_handle_t *handle)
{
    struct sl_host_watch *watch = handle->data;

    (void)close(watch->fd); /* read only */
    free(watch);
}

int sl_host_watch_create(struct sl_loop *loop, void (*on_change)(void *owner), void *owner,
                         struct sl_host_watch **out, struct sl_error *error)
{
    int fd = open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);

    if (fd < 0)
        return sl_error_set(error, fd, "cannot watch the machine's addresses: %s", strerror(-fd));
    struct sl_host_watch *watch = sl_new(struct sl_host_watch);
    int err = uv_poll_init(sl_loop_uv(loop), &watch->poll, fd);
    if (err < 0) {
        (void)close(fd); /* read only */
        free(watch);
        return sl_error_set(error, err, "cannot watch the machine's addresses: %s",
                            uv_strerror(err));
    }
    watch->fd = fd;
    watch->poll.data = watch;
    watch->on_change = on_change;
    watch->owner = owner;
    watch->timer = sl_timer_create(loop, on_timer, watch);
    err = uv_poll_start(&watch->poll, UV_READABLE, on_notice);
    if (err < 0) {
        sl_host_watch_destroy(watch);
        return sl_error_set(error, err, "cannot watch the machine's addresses: %s",
                            uv_strerror(err));
    }
    *out = watch;
    return 0;
}

void sl_host_watch_destroy(struct sl_host_watch *watch)
{
    if (!watch)
        return;
    sl_timer_destroy(watch->timer);
    (void)uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, on_closed);
}
