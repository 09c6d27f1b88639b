/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cable between two network namespaces that spoils what passes, TCP and UDP alike, for tests of
 * servers that talk to one another: the kernel of a build machine need not have netem.
 *
 *   link NAME NETNS NETNS [command...]
 *
 * Makes a point-to-point device (TUN) called NAME in both namespaces, each given as a file such as
 * /run/netns/a, brings it up and prints "linked NAME". Addresses and routes are the caller's; the
 * devices, and with them what was routed there, are gone when the program ends. Then answers the
 * commands of netem.h, which may be arguments as well; up is from the first namespace to the
 * second.
 *
 * IPv4 only: the kernel's own IPv6 neighbour discovery would make the packets that a seed loses
 * differ from run to run. One thread, ends at SIGTERM or when standard input is closed.
 */
#include "base/mem.h"
#include "netem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MTU = 1500,
    QUEUE_PACKETS = 5000, /* of the device, so that the losses are those that were asked for */
    BURST = 64,           /* packets taken from one end before the other gets its turn */
    ENDS = 2,
};

struct link {
    int ends[ENDS]; /* the devices: what is sent up leaves ends[1] */
    struct sl_netem *netem;
};

static bool deliver(void *owner, enum sl_netem_way way, size_t tag, const uint8_t *bytes,
                    size_t len)
{
    const struct link *link = owner;

    (void)tag;
    return write(link->ends[way == SL_NETEM_UP ? 1 : 0], bytes, len) >= 0;
}

static const struct sl_netem_ops netem_ops = {deliver, NULL};

static int bring_up(const char *name)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* of the namespace we are in */
    struct ifreq request = {0};
    int err = 0;

    if (fd < 0)
        return -errno;
    memcpy(request.ifr_name, name, strlen(name));
    request.ifr_mtu = MTU;
    if (ioctl(fd, SIOCSIFMTU, &request) < 0)
        err = -errno;
    request.ifr_qlen = QUEUE_PACKETS;
    if (err == 0 && ioctl(fd, SIOCSIFTXQLEN, &request) < 0)
        err = -errno;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (err == 0 && ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        err = -errno;
    (void)close(fd); /* only its namespace mattered */
    return err;
}

/* The device's descriptor, made in the namespace that we are in. */
static int open_device(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int err = 0;

    if (fd < 0)
        return -errno;
    memcpy(request.ifr_name, name, strlen(name));
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        err = -errno;
    if (err == 0)
        err = bring_up(name);
    if (err < 0) {
        (void)close(fd); /* takes the device along */
        return err;
    }
    return fd;
}

static int open_device_in(const char *netns, const char *name)
{
    int fd = open(netns, O_RDONLY | O_CLOEXEC);
    int err = 0;

    if (fd < 0)
        return -errno;
    if (setns(fd, CLONE_NEWNET) < 0)
        err = -errno;
    (void)close(fd); /* we are in it */
    return err < 0 ? err : open_device(name);
}

/* Both ends, opened one after the other; the program stays in the namespace of the second. */
static int open_ends(struct link *link, const char *name, char **netns)
{
    if (strlen(name) >= IFNAMSIZ)
        return -EINVAL;
    for (int i = 0; i < ENDS; i++) {
        int fd = open_device_in(netns[i], name);

        if (fd < 0) {
            fprintf(stderr, "link: no device of /dev/net/tun in %s: %s\n", netns[i], strerror(-fd));
            return fd;
        }
        link->ends[i] = fd;
    }
    return 0;
}

static void read_end(struct link *link, enum sl_netem_way way)
{
    for (int i = 0; i < BURST; i++) {
        uint8_t bytes[MTU];
        ssize_t len = read(link->ends[way == SL_NETEM_UP ? 0 : 1], bytes, sizeof(bytes));

        if (len <= 0)
            return;
        if (bytes[0] >> 4 == 4) /* the version, RFC 791 section 3.1 */
            sl_netem_send(link->netem, way, 0, bytes, (size_t)len);
    }
}

static void run(struct link *link)
{
    struct pollfd fds[1 + ENDS];

    for (int i = 0; i < ENDS; i++)
        fds[1 + i] = (struct pollfd){.fd = link->ends[i], .events = POLLIN};
    while (sl_netem_wait(link->netem, fds, SL_ARRAY_LEN(fds))) {
        if (fds[1].revents)
            read_end(link, SL_NETEM_UP);
        if (fds[2].revents)
            read_end(link, SL_NETEM_DOWN);
    }
}

int main(int argc, char **argv)
{
    struct link link = {.ends = {-1, -1}};
    int err = -EINVAL;

    link.netem = sl_netem_create(&netem_ops, &link);
    if (argc < 4)
        fprintf(stderr, "usage: link NAME NETNS NETNS [command...]\n");
    else
        err = open_ends(&link, argv[1], argv + 2);
    if (err == 0) {
        printf("linked %s\n", argv[1]);
        err = sl_netem_set(link.netem, argc - 4, argv + 4);
    }
    if (err == 0) {
        (void)fflush(stdout);
        run(&link);
    }
    for (int i = 0; i < ENDS; i++) {
        if (link.ends[i] >= 0)
            (void)close(link.ends[i]); /* takes the device along */
    }
    sl_netem_destroy(link.netem);
    return err == 0 ? 0 : 1;
}
