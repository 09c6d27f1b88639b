/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batched datagrams. */
#include "net/udp.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    SOCKET_BUFFER = 4 << 20,
    SEND_MESSAGES = 128,    /* per sendmmsg */
    SEND_SLAB = 192 * 1024, /* stays in the second-level cache; about 200 video packets */
    GSO_SEGMENTS_MAX = 32,  /* the kernel takes 64 and 64 KiB; NICs less */
    GSO_BYTES_MAX = 60000,
    SOURCE_LEN = CMSG_SPACE(sizeof(struct in6_pktinfo)), /* the larger of the two families' */
    CONTROL_LEN = SOURCE_LEN + CMSG_SPACE(sizeof(uint16_t)),
};

/* ---- Which address of ours: a socket bound to all of them has to be told, and tells ---- */

/* A client drops what comes from another address than it asked (RFC 8445 section 7.2.5.2.1), and
 * the kernel's choice is the first of the network that the route leads to. */
static void tell_destinations(int fd, bool v6)
{
    int on = 1;

    (void)setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
                     sizeof(on)); /* every kernel of this decade has both */
}

static struct sl_addr read_destination(struct msghdr *message)
{
    struct sl_addr to = {.port = 0};

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct sockaddr_in sa = {.sin_family = AF_INET};
            memcpy(&sa.sin_addr, CMSG_DATA(c) + offsetof(struct in_pktinfo, ipi_spec_dst),
                   sizeof(sa.sin_addr));
            (void)sl_addr_from_sockaddr(&to, (struct sockaddr *)&sa); /* cannot fail */
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(to.ip, CMSG_DATA(c) + offsetof(struct in6_pktinfo, ipi6_addr), sizeof(to.ip));
        }
    }
    return to;
}

/* The next control message of one that has room for it. */
static void add_control(struct msghdr *message, int level, int type, const void *data, size_t len)
{
    struct cmsghdr *header =
        (struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);

    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(header), data, len);
    message->msg_controllen += CMSG_SPACE(len);
}

static void add_source(struct msghdr *message, const struct sl_addr *source)
{
    if (sl_addr_is_v4(source)) {
        struct in_pktinfo info = {.ipi_ifindex = 0};
        memcpy(&info.ipi_spec_dst, source->ip + 12, sizeof(info.ipi_spec_dst));
        add_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    } else if (!sl_addr_is_any(source)) {
        struct in6_pktinfo info = {.ipi6_ifindex = 0};
        memcpy(&info.ipi6_addr, source->ip, sizeof(info.ipi6_addr));
        add_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
}

int sl_udp_open(const struct sl_addr *addr, struct sl_error *error)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = sl_addr_to_sockaddr(addr, &sa);
    char text[SL_ADDR_TEXT_MAX];
    int buffer = SOCKET_BUFFER, on = 1;

    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return sl_error_set(error, -errno, "UDP socket: %s", strerror(errno));
    /* Smaller buffers still work: the kernel's limit may be below what we ask for. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    if (sa.ss_family == AF_INET6) {
        int pmtu = IPV6_PMTUDISC_PROBE;
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &pmtu, sizeof(pmtu));
    } else {
        int pmtu = IP_PMTUDISC_PROBE;
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &pmtu, sizeof(pmtu));
    }
    if (sl_addr_is_any(addr))
        tell_destinations(fd, sa.ss_family == AF_INET6);
    if (bind(fd, (struct sockaddr *)&sa, sa_len) < 0) {
        int err = -errno;
        (void)close(fd); /* never used */
        return sl_error_set(error, err, "UDP %s: %s", sl_addr_format(addr, text), strerror(-err));
    }
    return fd;
}

/* ---- Receiving ---- */

struct sl_udp_receiver {
    size_t filled; /* so many messages say what has come, no more how much room they have */
    struct mmsghdr messages[SL_UDP_BATCH];
    struct iovec iovs[SL_UDP_BATCH];
    struct sockaddr_storage from[SL_UDP_BATCH];
    struct sl_udp_datagram datagrams[SL_UDP_BATCH];
    union {
        struct cmsghdr align;
        char bytes[SOURCE_LEN];
    } control[SL_UDP_BATCH];
    uint8_t buffers[SL_UDP_BATCH][SL_UDP_DATAGRAM_MAX];
};

struct sl_udp_receiver *sl_udp_receiver_create(void)
{
    struct sl_udp_receiver *receiver = sl_new(struct sl_udp_receiver);

    receiver->filled = SL_UDP_BATCH;
    for (size_t i = 0; i < SL_UDP_BATCH; i++) {
        receiver->iovs[i] = (struct iovec){receiver->buffers[i], SL_UDP_DATAGRAM_MAX};
        receiver->messages[i].msg_hdr.msg_iov = &receiver->iovs[i];
        receiver->messages[i].msg_hdr.msg_iovlen = 1;
        receiver->messages[i].msg_hdr.msg_name = &receiver->from[i];
        receiver->messages[i].msg_hdr.msg_control = &receiver->control[i];
    }
    return receiver;
}

void sl_udp_receiver_destroy(struct sl_udp_receiver *receiver)
{
    free(receiver);
}

size_t sl_udp_receive(struct sl_udp_receiver *receiver, int fd, const struct sl_udp_datagram **out)
{
    size_t count = 0;

    for (size_t i = 0; i < receiver->filled; i++) {
        receiver->messages[i].msg_hdr.msg_namelen = sizeof(receiver->from[i]);
        receiver->messages[i].msg_hdr.msg_controllen = sizeof(receiver->control[i]);
    }
    *out = receiver->datagrams;
    int got = recvmmsg(fd, receiver->messages, SL_UDP_BATCH, MSG_DONTWAIT, NULL);
    receiver->filled = got > 0 ? (size_t)got : 0;
    for (int i = 0; i < got; i++) {
        struct sl_udp_datagram *datagram = &receiver->datagrams[count];
        if (receiver->messages[i].msg_hdr.msg_flags & MSG_TRUNC)
            continue;
        if (sl_addr_from_sockaddr(&datagram->from, (struct sockaddr *)&receiver->from[i]) < 0)
            continue;
        datagram->data = receiver->buffers[i];
        datagram->len = receiver->messages[i].msg_len;
        datagram->to = read_destination(&receiver->messages[i].msg_hdr);
        count++;
    }
    return count;
}

/* ---- Sending ---- */

struct sl_udp_sender {
    void (*before_send)(void *owner);
    void *owner;
    struct sl_udp_sender_stats stats;
    size_t slab_used;
    size_t count; /* messages */
    struct mmsghdr messages[SEND_MESSAGES];
    struct iovec iovs[SEND_MESSAGES]; /* one each: segments lie back to back in the slab */
    const struct sl_udp_dest *dests[SEND_MESSAGES];
    struct {
        uint16_t segment_len; /* of all but perhaps the last */
        uint16_t segments;
        bool closed; /* a shorter last segment is there: nothing may follow */
    } gso[SEND_MESSAGES];
    union {
        struct cmsghdr align;
        char bytes[CONTROL_LEN];
    } control[SEND_MESSAGES];
    uint8_t slab[SEND_SLAB];
};

struct sl_udp_sender *sl_udp_sender_create(void (*before_send)(void *owner), void *owner)
{
    struct sl_udp_sender *sender = sl_new(struct sl_udp_sender);

    sender->before_send = before_send;
    sender->owner = owner;
    return sender;
}

void sl_udp_sender_destroy(struct sl_udp_sender *sender)
{
    free(sender);
}

bool sl_udp_sender_empty(const struct sl_udp_sender *sender)
{
    return sender->count == 0;
}

const struct sl_udp_sender_stats *sl_udp_sender_stats(const struct sl_udp_sender *sender)
{
    return &sender->stats;
}

uint8_t *sl_udp_reserve(struct sl_udp_sender *sender, size_t room)
{
    if (sender->count == SEND_MESSAGES || room > SEND_SLAB - sender->slab_used)
        sl_udp_flush(sender);
    return sender->slab + sender->slab_used;
}

/* Adds the datagram to the message before it if the kernel can split them again: same destination,
 * same length, only the last may be shorter. */
static bool join_previous(struct sl_udp_sender *sender, const struct sl_udp_dest *dest, size_t len)
{
    if (sender->count == 0)
        return false;
    size_t last = sender->count - 1;
    if (sender->dests[last] != dest || sender->gso[last].closed ||
        len > sender->gso[last].segment_len || sender->gso[last].segments >= GSO_SEGMENTS_MAX ||
        sender->iovs[last].iov_len + len > GSO_BYTES_MAX)
        return false;
    sender->iovs[last].iov_len += len;
    sender->gso[last].segments++;
    sender->gso[last].closed = len < sender->gso[last].segment_len;
    return true;
}

void sl_udp_commit(struct sl_udp_sender *sender, const struct sl_udp_dest *dest, size_t len)
{
    uint8_t *data = sender->slab + sender->slab_used;

    sender->slab_used += len;
    sender->stats.datagrams++;
    sender->stats.bytes += len;
    if (join_previous(sender, dest, len))
        return;
    size_t i = sender->count++;
    sender->iovs[i] = (struct iovec){data, len};
    sender->dests[i] = dest;
    sender->gso[i].segment_len = (uint16_t)len;
    sender->gso[i].segments = 1;
    sender->gso[i].closed = false;
}

static void fill_message(struct sl_udp_sender *sender, size_t i)
{
    struct msghdr *message = &sender->messages[i].msg_hdr;

    message->msg_iov = &sender->iovs[i];
    message->msg_iovlen = 1;
    /* sendmmsg only reads the name; the const cast stays inside this function. */
    message->msg_name = (void *)(uintptr_t)&sender->dests[i]->sa;
    message->msg_namelen = sender->dests[i]->sa_len;
    message->msg_control = sender->control[i].bytes;
    message->msg_controllen = 0;
    add_source(message, &sender->dests[i]->source);
    if (sender->gso[i].segments > 1)
        add_control(message, SOL_UDP, UDP_SEGMENT, &sender->gso[i].segment_len, sizeof(uint16_t));
}

int sl_udp_send(const struct sl_udp_dest *dest, const uint8_t *data, size_t len)
{
    union {
        struct cmsghdr align;
        char bytes[SOURCE_LEN];
    } control;
    /* sendmsg only reads; the const casts stay inside this function. */
    struct iovec iov = {(void *)(uintptr_t)data, len};
    struct msghdr message = {
        .msg_name = (void *)(uintptr_t)&dest->sa,
        .msg_namelen = dest->sa_len,
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
    };

    add_source(&message, &dest->source);
    return sendmsg(dest->fd, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void send_singly(struct sl_udp_sender *sender, size_t i)
{
    const uint8_t *data = sender->iovs[i].iov_base;
    size_t left = sender->iovs[i].iov_len;

    while (left > 0) {
        size_t len = left < sender->gso[i].segment_len ? left : sender->gso[i].segment_len;
        if (sl_udp_send(sender->dests[i], data, len) < 0)
            sender->stats.dropped++;
        else
            sender->stats.messages++;
        data += len;
        left -= len;
    }
}

/* Sends messages [first, end), which all leave by one descriptor. */
static void send_run(struct sl_udp_sender *sender, int fd, size_t first, size_t end)
{
    while (first < end) {
        int sent = sendmmsg(fd, &sender->messages[first], (unsigned)(end - first), MSG_DONTWAIT);
        if (sent > 0) {
            sender->stats.messages += (uint64_t)sent;
            first += (size_t)sent;
            continue;
        }
        /* EAGAIN: the buffer is full, the rest would wait. Anything else (unreachable, refused)
         * concerns the first message only. */
        if (errno == EINTR)
            continue;
        if (sender->gso[first].segments > 1 &&
            (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
            send_singly(sender, first); /* this route cannot segment: IPsec, some devices */
            first++;
            continue;
        }
        size_t lost = errno == EAGAIN || errno == ENOBUFS ? end - first : 1;
        for (size_t i = first; i < first + lost; i++)
            sender->stats.dropped += sender->gso[i].segments;
        first += lost;
    }
}

void sl_udp_flush(struct sl_udp_sender *sender)
{
    if (sender->count == 0)
        return;
    if (sender->before_send)
        sender->before_send(sender->owner);
    for (size_t i = 0; i < sender->count; i++)
        fill_message(sender, i);
    for (size_t first = 0; first < sender->count;) {
        int fd = sender->dests[first]->fd;
        size_t end = first + 1;
        while (end < sender->count && sender->dests[end]->fd == fd)
            end++;
        send_run(sender, fd, first, end);
        first = end;
    }
    sender->count = 0;
    sender->slab_used = 0;
}
