/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A UDP relay that spoils the network between a client and a server, for tests: loss, delay,
 * jitter, reordering, duplication and a bandwidth limit, in each direction. The kernel of a build
 * machine need not have netem, and two browsers on one machine can be given different networks.
 *
 *   relay LISTEN_IP:PORT TARGET_IP:PORT [command...]
 *
 * Prints "listening IP:PORT" (port 0 chooses one), then answers each line of standard input, which
 * is a command in the same words as the arguments:
 *
 *   loss P, duplicate P, reorder P   per cent of the datagrams (reordered ones come `late` later)
 *   delay MS, jitter MS, late MS     jitter is evenly spread and keeps the order
 *   rate KBIT                        kbit/s, 0: no limit; the queue holds `queue` ms (default 200)
 *   drop on|off                      a black hole
 *   up.loss P, down.delay MS ...     one direction only: up is client to target
 *   seed N                           restarts the sequence of random numbers
 *   stats                            one line of JSON with the counters
 *
 * Every client address gets an upstream socket of its own, so the target tells clients apart. One
 * thread, ends at SIGTERM or when standard input is closed.
 */
#include "base/addr.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 1000,
    HELD_MAX = 65536, /* datagrams on their way; more are lost, as in a router */
    DATAGRAM_MAX = 2048,
    LINE_MAX_LEN = 256,
    SOCKET_BUFFER = 4 << 20,
    BURST = 64, /* datagrams taken from one socket before the others get their turn */
};

enum way { UP, DOWN, WAYS };

/* The state of the network in one direction. */
struct way_state {
    /* what was asked for; per cent and milliseconds */
    double loss, duplicate, reorder, delay, jitter, late, rate_kbit, queue;
    bool drop;
    int64_t line_free_us; /* when the bandwidth limit has sent everything it holds */
    int64_t last_due_us;  /* jitter does not overtake */
    uint64_t received, sent, lost, duplicated, reordered, overflowed;
};

struct client {
    struct sl_addr addr;
    int fd; /* connected to the target */
};

/* A datagram on its way. Owned by the heap. */
struct held {
    int64_t due_us;
    uint64_t number; /* of arrival: equal times keep the order */
    size_t client;
    enum way way;
    size_t len;
    uint8_t bytes[];
};

struct relay {
    int fd;
    struct sl_addr target;
    uint64_t random;
    uint64_t arrivals;
    struct way_state ways[WAYS];
    struct client clients[CLIENTS_MAX];
    size_t client_count;
    struct held *heap[HELD_MAX]; /* a binary heap, earliest first */
    size_t held_count;
    char line[LINE_MAX_LEN]; /* of standard input, not yet whole */
    size_t line_len;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

/* [0, 1): xorshift64*, so that a seed repeats a run's decisions. */
static double chance(struct relay *relay)
{
    uint64_t x = relay->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    relay->random = x;
    return (double)((x * UINT64_C(2685821657736338717)) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool happens(struct relay *relay, double per_cent)
{
    return per_cent > 0 && chance(relay) * 100 < per_cent;
}

static bool earlier(const struct held *a, const struct held *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void hold(struct relay *relay, struct held *held)
{
    size_t at = relay->held_count++;

    for (; at > 0 && earlier(held, relay->heap[(at - 1) / 2]); at = (at - 1) / 2)
        relay->heap[at] = relay->heap[(at - 1) / 2];
    relay->heap[at] = held;
}

static struct held *take_first(struct relay *relay)
{
    struct held *first = relay->heap[0];
    struct held *last = relay->heap[--relay->held_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= relay->held_count)
            break;
        if (child + 1 < relay->held_count && earlier(relay->heap[child + 1], relay->heap[child]))
            child++;
        if (!earlier(relay->heap[child], last))
            break;
        relay->heap[at] = relay->heap[child];
        at = child;
    }
    relay->heap[at] = last;
    return first;
}

/* When a datagram of len bytes has passed the bandwidth limit; -1 when its queue is full. */
static int64_t leaves_line_at(struct way_state *way, size_t len, int64_t now)
{
    if (way->rate_kbit <= 0)
        return now;
    if (way->line_free_us < now)
        way->line_free_us = now;
    if ((double)(way->line_free_us - now) > way->queue * SL_US_PER_MS)
        return -1;
    way->line_free_us += (int64_t)((double)len * 8 * 1000 / way->rate_kbit);
    return way->line_free_us;
}

static void hold_copy(struct relay *relay, size_t client, enum way which, const uint8_t *bytes,
                      size_t len, int64_t due_us)
{
    struct held *held;

    if (relay->held_count == HELD_MAX) {
        relay->ways[which].overflowed++;
        return;
    }
    held = sl_alloc(sizeof(*held) + len);
    held->due_us = due_us;
    held->number = relay->arrivals++;
    held->client = client;
    held->way = which;
    held->len = len;
    memcpy(held->bytes, bytes, len);
    hold(relay, held);
}

static void on_datagram(struct relay *relay, size_t client, enum way which, const uint8_t *bytes,
                        size_t len)
{
    struct way_state *way = &relay->ways[which];
    int64_t now = sl_now_us();
    int64_t due;

    way->received++;
    if (way->drop || happens(relay, way->loss)) {
        way->lost++;
        return;
    }
    due = leaves_line_at(way, len, now);
    if (due < 0) {
        way->overflowed++;
        return;
    }
    due += (int64_t)(way->delay * SL_US_PER_MS);
    if (way->jitter > 0)
        due += (int64_t)(chance(relay) * way->jitter * SL_US_PER_MS);
    if (happens(relay, way->reorder)) {
        way->reordered++;
        due += (int64_t)(way->late * SL_US_PER_MS);
    } else {
        if (due < way->last_due_us)
            due = way->last_due_us;
        way->last_due_us = due;
    }
    hold_copy(relay, client, which, bytes, len, due);
    if (happens(relay, way->duplicate)) {
        way->duplicated++;
        hold_copy(relay, client, which, bytes, len, due);
    }
}

static void deliver(struct relay *relay, const struct held *held)
{
    struct client *client = &relay->clients[held->client];
    struct sockaddr_storage to;
    socklen_t to_len;
    ssize_t sent;

    if (held->way == UP) {
        sent = send(client->fd, held->bytes, held->len, 0);
    } else {
        to_len = sl_addr_to_sockaddr(&client->addr, &to);
        sent = sendto(relay->fd, held->bytes, held->len, 0, (struct sockaddr *)&to, to_len);
    }
    if (sent >= 0) /* a closed port is part of a bad network: nothing to report */
        relay->ways[held->way].sent++;
}

static void deliver_due(struct relay *relay)
{
    while (relay->held_count > 0 && relay->heap[0]->due_us <= sl_now_us()) {
        struct held *held = take_first(relay);

        deliver(relay, held);
        free(held);
    }
}

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
            on_datagram(relay, client, UP, bytes, (size_t)len);
    }
}

static void read_target(struct relay *relay, size_t client)
{
    for (int i = 0; i < BURST; i++) {
        uint8_t bytes[DATAGRAM_MAX];
        ssize_t len = recv(relay->clients[client].fd, bytes, sizeof(bytes), 0);

        if (len < 0)
            return;
        on_datagram(relay, client, DOWN, bytes, (size_t)len);
    }
}

static void print_stats(const struct relay *relay)
{
    printf("{\"clients\":%zu,\"held\":%zu", relay->client_count, relay->held_count);
    for (int i = 0; i < WAYS; i++) {
        const struct way_state *way = &relay->ways[i];

        printf(",\"%s\":{\"received\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"lost\":%" PRIu64
               ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"overflowed\":%" PRIu64 "}",
               i == UP ? "up" : "down", way->received, way->sent, way->lost, way->duplicated,
               way->reordered, way->overflowed);
    }
    printf("}\n");
}

static int set_number(struct way_state *way, const char *name, const char *text)
{
    struct {
        const char *name;
        double *value, max;
    } rows[] = {
        {"loss", &way->loss, 100},       {"duplicate", &way->duplicate, 100},
        {"reorder", &way->reorder, 100}, {"delay", &way->delay, 60000},
        {"jitter", &way->jitter, 60000}, {"late", &way->late, 60000},
        {"queue", &way->queue, 60000},   {"rate", &way->rate_kbit, 1e7},
    };
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        if (end == text || *end || !(value >= 0 && value <= rows[i].max))
            return -EINVAL;
        *rows[i].value = value;
        return 0;
    }
    return -EINVAL;
}

static int set_way(struct way_state *way, const char *name, const char *value)
{
    if (strcmp(name, "drop") != 0)
        return set_number(way, name, value);
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return -EINVAL;
    way->drop = strcmp(value, "on") == 0;
    return 0;
}

static void set_seed(struct relay *relay, uint64_t seed)
{
    relay->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15); /* never 0, neighbours differ */
}

static int run_command(struct relay *relay, const char *line)
{
    char name[32], value[32];
    const char *setting = name;
    bool up = true, down = true;
    int words = sscanf(line, "%31s %31s", name, value);
    int err = 0;

    if (words < 1)
        return 0;
    if (strcmp(name, "stats") == 0) {
        print_stats(relay);
        return 0;
    }
    if (words < 2)
        return -EINVAL;
    if (strcmp(name, "seed") == 0) {
        set_seed(relay, strtoull(value, NULL, 10));
    } else {
        if (strncmp(name, "up.", 3) == 0) {
            down = false;
            setting = name + 3;
        } else if (strncmp(name, "down.", 5) == 0) {
            up = false;
            setting = name + 5;
        }
        if (up)
            err = set_way(&relay->ways[UP], setting, value);
        if (down && err == 0)
            err = set_way(&relay->ways[DOWN], setting, value);
    }
    if (err == 0)
        printf("ok %s\n", line);
    return err;
}

static void take_line(struct relay *relay)
{
    relay->line[relay->line_len] = '\0';
    relay->line_len = 0;
    if (run_command(relay, relay->line) < 0)
        printf("error %s\n", relay->line);
}

static void read_commands(struct relay *relay)
{
    char bytes[LINE_MAX_LEN];
    ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (len == 0)
        ended = 1;
    for (ssize_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            take_line(relay);
        else if (relay->line_len < sizeof(relay->line) - 1)
            relay->line[relay->line_len++] = bytes[i];
    }
    (void)fflush(stdout); /* a reader that left ends us by SIGTERM */
}

static struct timespec time_to_next(const struct relay *relay)
{
    int64_t wait_us = SL_US_PER_S; /* the signal interrupts it anyway */

    if (relay->held_count > 0)
        wait_us = relay->heap[0]->due_us - sl_now_us();
    if (wait_us < 0)
        wait_us = 0;
    return (struct timespec){.tv_sec = wait_us / SL_US_PER_S,
                             .tv_nsec = (wait_us % SL_US_PER_S) * 1000};
}

static void run(struct relay *relay)
{
    static struct pollfd fds[CLIENTS_MAX + 2];
    sigset_t none;

    (void)sigemptyset(&none);
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = relay->fd, .events = POLLIN};
    while (!ended) {
        struct timespec wait = time_to_next(relay);
        size_t clients = relay->client_count;

        for (size_t i = 0; i < clients; i++)
            fds[i + 2] = (struct pollfd){.fd = relay->clients[i].fd, .events = POLLIN};
        if (ppoll(fds, clients + 2, &wait, &none) < 0 && errno != EINTR)
            return;
        deliver_due(relay);
        if (fds[0].revents)
            read_commands(relay);
        if (fds[1].revents)
            read_clients(relay);
        for (size_t i = 0; i < clients; i++) {
            if (fds[i + 2].revents)
                read_target(relay, i);
        }
        deliver_due(relay);
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

/* SIGTERM only arrives while waiting, so none is missed between the check and the wait. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t caught;

    (void)sigemptyset(&caught);
    (void)sigaddset(&caught, SIGTERM);
    (void)sigaddset(&caught, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &caught, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}

static void destroy(struct relay *relay)
{
    while (relay->held_count > 0)
        free(take_first(relay));
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
    set_seed(relay, 1);
    for (int i = 0; i < WAYS; i++) {
        relay->ways[i].queue = 200;
        relay->ways[i].late = 30;
    }
    catch_signals();
    if (argc < 3 || parse_address(argv[1], &wanted) < 0 ||
        parse_address(argv[2], &relay->target) < 0)
        fprintf(stderr, "usage: relay LISTEN_IP:PORT TARGET_IP:PORT [command...]\n");
    else
        err = listen_on(relay, &wanted);
    for (int i = 3; i < argc && err == 0; i++) {
        err = run_command(relay, argv[i]);
        if (err < 0)
            fprintf(stderr, "relay: not a command: %s\n", argv[i]);
    }
    if (err == 0) {
        (void)fflush(stdout);
        run(relay);
    } else if (argc >= 3) {
        fprintf(stderr, "relay: %s\n", strerror(-err));
    }
    destroy(relay);
    return err == 0 ? 0 : 1;
}
