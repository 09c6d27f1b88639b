/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The question of sock_diag(7) whose a socket is, and the reading of its answer. */
#include "net/owner.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SEQUENCE = 1, /* one question at a time, and none is asked before the last is answered */
    LOOPBACK_INTERFACE = 1, /* of every network namespace */
    ANSWER_ROOM = 8192,
    RECEIVES_MAX = 16,
};

/* ---- The question ---- */

/* Half a socket's name, as the family has it. */
static void put_address(__be32 out[static 4], const struct sl_addr *addr)
{
    if (sl_addr_is_v4(addr))
        memcpy(out, addr->ip + 12, 4);
    else
        memcpy(out, addr->ip, 16);
}

/* The interface matches sockets that are bound to loopback, and those bound to none. */
void sl_owner_build_question(const struct sl_addr *remote, const struct sl_addr *local,
                             uint8_t out[static SL_OWNER_QUESTION_LEN])
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } question = {
        .header = {.nlmsg_len = sizeof(question),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = SEQUENCE},
        .body = {.sdiag_family = sl_addr_is_v4(remote) ? AF_INET : AF_INET6,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX,
                 .id = {.idiag_sport = htons(remote->port),
                        .idiag_dport = htons(local->port),
                        .idiag_if = LOOPBACK_INTERFACE,
                        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };

    _Static_assert(sizeof(question) == SL_OWNER_QUESTION_LEN, "no padding between the two");
    put_address(question.body.id.idiag_src, remote);
    put_address(question.body.id.idiag_dst, local);
    memcpy(out, &question, sizeof(question));
}

/* ---- The answer ---- */

static struct sl_addr address_of(uint8_t family, const __be32 ip[static 4], __be16 port)
{
    struct sl_addr addr = {.port = ntohs(port)};

    if (family == AF_INET) {
        addr.ip[10] = addr.ip[11] = 0xff;
        memcpy(addr.ip + 12, ip, 4);
    } else {
        memcpy(addr.ip, ip, 16); /* of an IPv6 socket with an IPv4 peer: mapped */
    }
    return addr;
}

/*
 * A socket that a process holds. Without an inode it is nobody's: closed and still sending, or in
 * TIME_WAIT; the kernel then fills in user 0, which must not pass for root. One that only begins to
 * connect is another one that has come to the same port meanwhile, and one that listens is what the
 * kernel finds when there is no such connection.
 */
static bool is_held(const struct inet_diag_msg *msg)
{
    switch (msg->idiag_state) {
    case TCP_ESTABLISHED:
    case TCP_FIN_WAIT1: /* it has sent all that it will, and reads on */
    case TCP_FIN_WAIT2:
    case TCP_CLOSE_WAIT:
        return msg->idiag_inode != 0;
    default:
        return false;
    }
}

static int read_error(const uint8_t *body, size_t len)
{
    int32_t error;

    if (len < sizeof(error))
        return -EBADMSG;
    memcpy(&error, body, sizeof(error));
    /* 0 would be a mere acknowledgement: nobody asked for one */
    return error < 0 && error >= -4095 ? error : -EBADMSG;
}

int sl_owner_parse_answer(const uint8_t *buf, size_t len, const struct sl_addr *remote,
                          const struct sl_addr *local, uid_t *uid)
{
    struct nlmsghdr header;
    struct inet_diag_msg msg;

    if (len < sizeof(header))
        return -EBADMSG;
    memcpy(&header, buf, sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len || header.nlmsg_seq != SEQUENCE)
        return -EBADMSG;
    const uint8_t *body = buf + sizeof(header);
    size_t body_len = header.nlmsg_len - sizeof(header);
    if (header.nlmsg_type == NLMSG_ERROR)
        return read_error(body, body_len);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || body_len < sizeof(msg))
        return -EBADMSG;
    memcpy(&msg, body, sizeof(msg));
    if (msg.idiag_family != AF_INET && msg.idiag_family != AF_INET6)
        return -EBADMSG;
    struct sl_addr from = address_of(msg.idiag_family, msg.id.idiag_src, msg.id.idiag_sport);
    struct sl_addr to = address_of(msg.idiag_family, msg.id.idiag_dst, msg.id.idiag_dport);
    if (!is_held(&msg) || !sl_addr_equal(&from, remote) || !sl_addr_equal(&to, local))
        return -ENOENT;
    *uid = msg.idiag_uid;
    return 0;
}

/* ---- Asking ---- */

int sl_owner_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

    return fd < 0 ? -errno : fd;
}

/* One datagram of the kernel's; -EAGAIN: none is there. Another process may write to us, too, if it
 * is root's: that is left out. */
static int receive(int fd, uint8_t *answer, size_t room)
{
    for (int i = 0; i < RECEIVES_MAX; i++) {
        struct sockaddr_nl from = {0};
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(fd, answer, room, 0, (struct sockaddr *)&from, &from_len);
        if (len < 0)
            return -errno;
        if (from.nl_pid == 0)
            return (int)len;
    }
    return -EBADMSG;
}

/* What an earlier question has left: nothing, unless it was cut short. */
static int drain(int fd, uint8_t *answer, size_t room)
{
    for (int i = 0; i < RECEIVES_MAX; i++) {
        int err = receive(fd, answer, room);
        if (err < 0)
            return err == -EAGAIN ? 0 : err;
    }
    return -EBADMSG;
}

int sl_owner_ask(int fd, const struct sl_addr *remote, const struct sl_addr *local, uid_t *uid)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    uint8_t question[SL_OWNER_QUESTION_LEN], answer[ANSWER_ROOM];
    int err = fd < 0 ? -EBADF : drain(fd, answer, sizeof(answer));

    if (err < 0)
        return err;
    sl_owner_build_question(remote, local, question);
    if (sendto(fd, question, sizeof(question), 0, (const struct sockaddr *)&kernel,
               sizeof(kernel)) < 0)
        return -errno;
    /* Netlink answers from within sendto(): what is not there now does not come. */
    int len = receive(fd, answer, sizeof(answer));
    return len < 0 ? len : sl_owner_parse_answer(answer, (size_t)len, remote, local, uid);
}
