/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A UDP relay that spoils the network between a client and a server, for tests: loss, delay,
 * jitter, reordering, duplication and a bandwidth limit, in each direction. The kernel of a build
 * machine need not have netem, and two browsers on one machine can be given different networks.
 *
 *   relay LISTEN_IP:PORT TARGET_IP:PORT [command...]
 *
 * Prints "listening IP:PORT" (port 0 chooses one), then answers the commands of netem.h, which may
 * be arguments as well; up is client to target.
 *
 * Every client address gets an upstream socket of its own, so the target tells clients apart. One
 * thread, ends at SIGTERM or when standard input is closed.
 */
#include "base/addr.h"
#include "base/mem.h"
#include "netem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 1000,
    DATAGRAM_MAX = 2048,
    SOCKET_BUFFER = 4 << 20,
    BURST = 64, /* datagrams taken from one socket before the others get their turn */
};

struct client {
    struct sl_addr addr;
    int fd; /* connected to the target */
};

struct relay {
    int fd;
    struct sl_addr target;
    struct sl_netem *netem;
    struct client clients[CLIENTS_MAX];
    size_t client_count;
};

static bool deliver(void *owner, enum sl_netem_way way, size_t tag, const uint8_t *bytes,
                    size_t len)
{
    struct relay *relay = owner;
    struct client *client = &relay->clients[tag];
    struct sockaddr_storage to;
    socklen_t to_len;

    /* a closed port is part of a bad network: nothing to report */
    if (way == SL_NETEM_UP)
        return send(client->fd, bytes, len, 0) >= 0;
    to_len = sl_addr_to_sockaddr(&client->addr, &to);
    return sendto(relay->fd, bytes, len, 0, (struct sockaddr *)&to, to_len) >= 0;
}

static void print_stats(void *owner)
{
    const struct relay *relay = owner;

    printf("\"clients\":%zu,", relay->client_count);
}

static const struct sl_netem_ops netem_ops = {deliver, print_stats};

static int open_udp(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int size = SOCKET_BUFFER;

    if (fd < 0)
        return -errno;
    /* more than the default, so that the losses are those that were asked for */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return fd;
}

static int listen_on(struct relay *relay, const struct sl_addr *wanted)
{
    struct sockaddr_storage sa;
    socklen_t len = sl_addr_to_sockaddr(wanted, &sa);
    struct sl_addr bound;
    char text[SL_ADDR_TEXT_MAX];

    relay->fd = open_udp();
    if (relay->fd < 0)
        return relay->fd;
    if (bind(relay->fd, (struct sockaddr *)&sa, len) < 0)
        return -errno;
    len = sizeof(sa);
    if (getsockname(relay->fd, (struct sockaddr *)&sa, &len) < 0)
        return -errno;
    (void)sl_addr_from_sockaddr(&bound, (struct sockaddr *)&sa); /* the family we opened */
    printf("listening %s\n", sl_addr_format(&bound, text));
    return 0;
}

/* The client's index; a new one gets a socket of its own. */
static int find_or_add_client(struct relay *relay, const struct sl_addr *addr, size_t *out)
{
    struct client *client;
    struct sockaddr_storage sa;
    socklen_t len;
    int fd;

    for (size_t i = 0; i < relay->client_count; i++) {
        if (sl_addr_equal(&relay->clients[i].addr, addr)) {
            *out = i;
            return 0;
        }
    }
    if (relay->client_count == CLIENTS_MAX)
        return -ENOBUFS;
    fd = open_udp();
    if (fd < 0)
        return fd;
    len = sl_addr_to_sockaddr(&relay->target, &sa);
    if (connect(fd, (struct sockaddr *)&sa, len) < 0) {
        int err = -errno;
        (void)close(fd); /* nothing was sent */
        return err;
    }
    client = &relay->clients[relay->client_count];
    client->addr = *addr;
    client->fd = fd;
    *out = relay->client_count++;
    return 0;
}

static void read_clients(struct relay *relay)
{
    for (int i = 0; i < BURST; i++) {
        uint8_t bytes[DATAGRAM_MAX];
        struct sockaddr_storage sa;
        socklen_t sa_len = sizeof(sa);
        ssize_t len = recvfrom(relay->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&sa, &sa_len);
        struct sl_addr from;
        size_t client = 0;

        if (len < 0)
            return;
        if (sl_addr_from_sockaddr(&from, (struct sockaddr *)&sa) == 0 &&
            find_or_add_client(relay, &from, &client) == 0)
            sl_netem_send(relay->netem, SL_NETEM_UP, client, bytes, (size_t)len);
    }
}

static void read_target(struct relay *relay, size_t client)
{
    for (int i = 0; i < BURST; i++) {
        uint8_t bytes[DATAGRAM_MAX];
        ssize_t len = recv(relay->clients[client].fd, bytes, sizeof(bytes), 0);

        if (len < 0)
            return;
        sl_netem_send(relay->netem, SL_NETEM_DOWN, client, bytes, (size_t)len);
    }
}

/* All sockets but standard input, which is the network's; their count with it. */
static size_t list_sockets(const struct relay *relay, struct pollfd *fds)
{
    fds[1] = (struct pollfd){.fd = relay->fd, .events = POLLIN};
    for (size_t i = 0; i < relay->client_count; i++)
        fds[i + 2] = (struct pollfd){.fd = relay->clients[i].fd, .events = POLLIN};
    return relay->client_count + 2;
}

static void run(struct relay *relay)
{
    static struct pollfd fds[CLIENTS_MAX + 2];
    size_t count = list_sockets(relay, fds);

    while (sl_netem_wait(relay->netem, fds, count)) {
        if (fds[1].revents)
            read_clients(relay);
        for (size_t i = 2; i < count; i++) {
            if (fds[i].revents)
                read_target(relay, i - 2);
        }
        count = list_sockets(relay, fds);
    }
}

static int parse_address(const char *text, struct sl_addr *out)
{
    const char *colon = strrchr(text, ':');
    char ip[SL_ADDR_TEXT_MAX];
    long port;

    if (!colon || (size_t)(colon - text) >= sizeof(ip))
        return -EINVAL;
    memcpy(ip, text, (size_t)(colon - text));
    ip[colon - text] = '\0';
    port = strtol(colon + 1, NULL, 10);
    if (port < 0 || port > UINT16_MAX)
        return -EINVAL;
    return sl_addr_parse_ip(ip, (uint16_t)port, out);
}

static void destroy(struct relay *relay)
{
    sl_netem_destroy(relay->netem);
    for (size_t i = 0; i < relay->client_count; i++)
        (void)close(relay->clients[i].fd); /* datagrams: nothing to lose */
    if (relay->fd >= 0)
        (void)close(relay->fd);
    free(relay);
}

int main(int argc, char **argv)
{
    struct relay *relay = sl_new(struct relay);
    struct sl_addr wanted;
    int err = -EINVAL;

    relay->fd = -1;
    relay->netem = sl_netem_create(&netem_ops, relay);
    if (argc < 3 || parse_address(argv[1], &wanted) < 0 ||
        parse_address(argv[2], &relay->target) < 0)
        fprintf(stderr, "usage: relay LISTEN_IP:PORT TARGET_IP:PORT [command...]\n");
    else
        err = listen_on(relay, &wanted);
    if (err == 0)
        err = sl_netem_set(relay->netem, argc - 3, argv + 3);
    if (err == 0) {
        (void)fflush(stdout);
        run(relay);
    } else if (argc >= 3) {
        fprintf(stderr, "relay: %s\n", strerror(-err));
    }
    destroy(relay);
    return err == 0 ? 0 : 1;
}
