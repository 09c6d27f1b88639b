/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The floor: encrypts and sends the clip's packets to N receivers under separate keys, and does
 * nothing else: no signalling, no feedback, no bookkeeping. What this costs per packet no server
 * can go below on this machine. Uses the same crypto and sending code.
 *
 *   floor --clip FILE --players N --seconds S [--cm] [--batch B] [--pace-us N]
 *
 * Sends in real time, each packet when a publisher would have sent it: waking sleeping receivers is
 * a large part of the price, and a program that never pauses does not pay it. It knows the clip, so
 * it waits for the last packet of a burst and sends the burst as one message to each receiver:
 * pictures before sound, which is shorter, and padding to one length where that is a few octets
 * (RFC 3550 section 5.1). --batch B: as fast as it can instead, B packets to a receiver at once.
 *
 * Prints one line of JSON.
 */
#include "clip.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/net.h"
#include "rtp/rtp.h"
#include "srtp/srtp.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct receiver {
    int fd; /* the other end, read by a child process: waking it is part of the price */
    struct sl_udp_dest dest;
    struct sl_srtp_sender *srtp;
    uint64_t index;
};

enum { BURST_MAX = 256 };

struct options {
    const char *clip;
    int players, seconds, batch, pace_us;
    bool cm;
};

static struct sl_srtp_engine *engine;

static void before_send(void *owner)
{
    (void)owner;
    sl_srtp_flush(engine);
}

static bool make_receiver(struct receiver *receiver, int fd, bool cm)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof(sa);
    struct sl_srtp_keys keys = {.profile =
                                    cm ? SL_SRTP_AES128_CM_SHA1_80 : SL_SRTP_AEAD_AES_128_GCM};
    struct sl_addr loopback;

    (void)sl_addr_parse_ip("127.0.0.1", 0, &loopback);
    receiver->fd = sl_udp_open(&loopback, NULL);
    if (receiver->fd < 0 || getsockname(receiver->fd, (struct sockaddr *)&sa, &sa_len) < 0)
        return false;
    receiver->dest.sa = sa;
    receiver->dest.sa_len = sa_len;
    receiver->dest.fd = fd;
    sl_random_bytes(keys.key, sizeof(keys.key));
    sl_random_bytes(keys.salt, sizeof(keys.salt));
    receiver->srtp = sl_srtp_sender_create(engine, &keys);
    receiver->index = 3000;
    return receiver->srtp != NULL;
}

/* What leaves together. */
struct burst {
    size_t count;
    struct {
        const struct clip_packet *packet;
        size_t padding;
    } items[BURST_MAX];
};

static void send_to(struct sl_udp_sender *sender, struct receiver *receiver,
                    const struct clip_packet *packet, size_t padding)
{
    size_t payload_len = packet->len + padding;
    uint8_t *out = sl_udp_reserve(sender, SL_RTP_HEADER_LEN + payload_len + SL_SRTP_OVERHEAD);

    sl_rtp_build_header(out, packet->marker, 96, (uint16_t)receiver->index, packet->timestamp,
                        0x1234);
    if (padding > 0)
        sl_rtp_set_padding(out);
    size_t len = sl_srtp_protect(engine, receiver->srtp, out, SL_RTP_HEADER_LEN, packet->payload,
                                 payload_len, receiver->index);
    receiver->index++;
    sl_udp_commit(sender, &receiver->dest, len);
}

/* The receivers' process: reads and forgets until the parent is gone. */
static void drain(const struct receiver *receivers, int count)
{
    struct sl_udp_receiver *batch = sl_udp_receiver_create();
    const struct sl_udp_datagram *datagrams;
    struct epoll_event events[64];
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = receivers[i].fd};
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, receivers[i].fd, &event);
    }
    for (;;) {
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++)
            (void)sl_udp_receive(batch, events[i].data.fd, &datagrams);
    }
}

static double cpu_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        {"clip", required_argument, NULL, 'c'},
        {"players", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"batch", required_argument, NULL, 'b'},
        {"pace-us", required_argument, NULL, 'a'},
        {"cm", no_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int number = optarg ? (int)strtol(optarg, NULL, 10) : 0;
        if (option == 'c')
            options->clip = optarg;
        else if (option == 'n')
            options->players = number;
        else if (option == 's')
            options->seconds = number;
        else if (option == 'b')
            options->batch = number;
        else if (option == 'a')
            options->pace_us = number;
        else if (option == 'm')
            options->cm = true;
        else
            return false;
    }
    return options->clip && options->players > 0 && options->batch >= 0;
}

/* The packets of one kind among count from the first on. */
static void collect(const struct clip *clip, size_t first, size_t count, enum sl_media_kind kind,
                    struct burst *burst)
{
    for (size_t i = 0; i < count && burst->count < BURST_MAX; i++) {
        const struct clip_packet *packet = &clip->packets[(first + i) % clip->count];
        if (packet->kind != kind)
            continue;
        burst->items[burst->count].packet = packet;
        burst->items[burst->count++].padding = 0;
    }
}

/* Pads what is a few octets shorter than the longest. */
static void level(struct burst *burst)
{
    size_t longest = 0;

    for (size_t i = 0; i < burst->count; i++)
        longest = burst->items[i].packet->len > longest ? burst->items[i].packet->len : longest;
    for (size_t i = 0; i < burst->count; i++) {
        const struct clip_packet *packet = burst->items[i].packet;
        size_t padding = longest - packet->len;
        if (padding == 0 || padding > CLIP_ROOM)
            continue;
        burst->items[i].padding = padding;
        packet->payload[packet->len + padding - 1] = (uint8_t)padding;
    }
}

static void send_round(const struct options *options, const struct clip *clip,
                       struct sl_udp_sender *sender, struct receiver *receivers, size_t first,
                       size_t count)
{
    struct burst burst = {0};

    collect(clip, first, count, SL_VIDEO, &burst);
    collect(clip, first, count, SL_AUDIO, &burst);
    level(&burst);
    for (int i = 0; i < options->players; i++) {
        for (size_t p = 0; p < burst.count; p++)
            send_to(sender, &receivers[i], burst.items[p].packet, burst.items[p].padding);
    }
    sl_udp_flush(sender);
}

static uint64_t send_fast(const struct options *options, const struct clip *clip,
                          struct sl_udp_sender *sender, struct receiver *receivers)
{
    int64_t end_us = sl_now_us() + options->seconds * (int64_t)SL_US_PER_S;
    size_t batch = (size_t)options->batch;
    uint64_t packets = 0;

    for (size_t at = 0; sl_now_us() < end_us; at = (at + batch) % clip->count) {
        send_round(options, clip, sender, receivers, at, batch);
        packets += (uint64_t)options->players * batch;
    }
    return packets;
}

/* How many packets from `at` on belong together: a burst, and what else is due. */
static size_t burst_len(const struct clip *clip, size_t at, int64_t now_us)
{
    size_t count = 1;

    while (at + count < clip->count && count < BURST_MAX) {
        const struct clip_packet *next = &clip->packets[at + count];
        if (next->at_us > now_us && next->at_us - next[-1].at_us > CLIP_BURST_US)
            break;
        count++;
    }
    return count;
}

static uint64_t send_in_time(const struct options *options, const struct clip *clip,
                             struct sl_udp_sender *sender, struct receiver *receivers)
{
    int64_t start_us = sl_now_us(), end_us = start_us + options->seconds * (int64_t)SL_US_PER_S;
    uint64_t packets = 0;
    size_t at = 0;

    while (sl_now_us() < end_us) {
        size_t count = burst_len(clip, at, sl_now_us() - start_us);
        int64_t wait_us = start_us + clip->packets[at + count - 1].at_us - sl_now_us();
        if (wait_us > 0)
            (void)usleep((useconds_t)wait_us);
        send_round(options, clip, sender, receivers, at, count);
        packets += count * (uint64_t)options->players;
        at += count;
        if (at == clip->count) {
            at = 0;
            start_us += clip->duration_us;
        }
    }
    return packets;
}

int main(int argc, char **argv)
{
    struct options options = {.players = 100, .seconds = 5, .pace_us = 20};
    struct sl_addr loopback;
    uint64_t packets;

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: see the head of floor.c\n");
        return 2;
    }
    struct clip *clip = clip_load(options.clip, options.pace_us);
    if (!clip)
        return 1;
    engine = sl_srtp_engine_create(SL_SRTP_BEST);
    struct sl_udp_sender *sender = sl_udp_sender_create(before_send, NULL);
    (void)sl_addr_parse_ip("127.0.0.1", 0, &loopback);
    int fd = sl_udp_open(&loopback, NULL);
    struct receiver *receivers = sl_new_array(struct receiver, (size_t)options.players);
    for (int i = 0; i < options.players; i++) {
        if (!make_receiver(&receivers[i], fd, options.cm))
            return 1;
    }
    pid_t child = fork();
    if (child == 0)
        drain(receivers, options.players);
    if (child < 0)
        return 1;
    double cpu_before = cpu_seconds();
    packets = options.batch > 0 ? send_fast(&options, clip, sender, receivers)
                                : send_in_time(&options, clip, sender, receivers);
    printf("{\"target\":\"floor\",\"profile\":\"%s\",\"batch\":%d,\"players\":%d,"
           "\"packets\":%llu,\"us_per_packet\":%.3f}\n",
           options.cm ? "cm" : "gcm", options.batch, options.players, (unsigned long long)packets,
           (cpu_seconds() - cpu_before) * 1e6 / (double)packets);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    return 0;
}
