/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What spoils the packets: the conditions, the packets on their way, the commands. */
#include "netem.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    HELD_MAX = 65536, /* packets on their way; more are lost, as in a router */
    LINE_MAX_LEN = 256,
};

/* The state of the network in one direction. */
struct way_state {
    /* what was asked for; per cent and milliseconds */
    double loss, duplicate, reorder, delay, jitter, late, rate_kbit, queue;
    bool drop;
    int64_t line_free_us; /* when the bandwidth limit has sent everything it holds */
    int64_t last_due_us;  /* jitter does not overtake */
    uint64_t received, sent, lost, duplicated, reordered, overflowed;
};

/* A packet on its way. Owned by the heap. */
struct held {
    int64_t due_us;
    uint64_t number; /* of arrival: equal times keep the order */
    size_t tag;
    enum sl_netem_way way;
    size_t len;
    uint8_t bytes[];
};

struct sl_netem {
    const struct sl_netem_ops *ops;
    void *owner;
    uint64_t random;
    uint64_t arrivals;
    struct way_state ways[SL_NETEM_WAYS];
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
static double chance(struct sl_netem *netem)
{
    uint64_t x = netem->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    netem->random = x;
    return (double)((x * UINT64_C(2685821657736338717)) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool happens(struct sl_netem *netem, double per_cent)
{
    return per_cent > 0 && chance(netem) * 100 < per_cent;
}

static bool earlier(const struct held *a, const struct held *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void hold(struct sl_netem *netem, struct held *held)
{
    size_t at = netem->held_count++;

    for (; at > 0 && earlier(held, netem->heap[(at - 1) / 2]); at = (at - 1) / 2)
        netem->heap[at] = netem->heap[(at - 1) / 2];
    netem->heap[at] = held;
}

static struct held *take_first(struct sl_netem *netem)
{
    struct held *first = netem->heap[0];
    struct held *last = netem->heap[--netem->held_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= netem->held_count)
            break;
        if (child + 1 < netem->held_count && earlier(netem->heap[child + 1], netem->heap[child]))
            child++;
        if (!earlier(netem->heap[child], last))
            break;
        netem->heap[at] = netem->heap[child];
        at = child;
    }
    netem->heap[at] = last;
    return first;
}

/* When a packet of len bytes has passed the bandwidth limit; -1 when its queue is full. */
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

static void hold_copy(struct sl_netem *netem, size_t tag, enum sl_netem_way which,
                      const uint8_t *bytes, size_t len, int64_t due_us)
{
    struct held *held;

    if (netem->held_count == HELD_MAX) {
        netem->ways[which].overflowed++;
        return;
    }
    held = sl_alloc(sizeof(*held) + len);
    held->due_us = due_us;
    held->number = netem->arrivals++;
    held->tag = tag;
    held->way = which;
    held->len = len;
    memcpy(held->bytes, bytes, len);
    hold(netem, held);
}

void sl_netem_send(struct sl_netem *netem, enum sl_netem_way which, size_t tag,
                   const uint8_t *bytes, size_t len)
{
    struct way_state *way = &netem->ways[which];
    int64_t now = sl_now_us();
    int64_t due;

    way->received++;
    if (way->drop || happens(netem, way->loss)) {
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
        due += (int64_t)(chance(netem) * way->jitter * SL_US_PER_MS);
    if (happens(netem, way->reorder)) {
        way->reordered++;
        due += (int64_t)(way->late * SL_US_PER_MS);
    } else {
        if (due < way->last_due_us)
            due = way->last_due_us;
        way->last_due_us = due;
    }
    hold_copy(netem, tag, which, bytes, len, due);
    if (happens(netem, way->duplicate)) {
        way->duplicated++;
        hold_copy(netem, tag, which, bytes, len, due);
    }
}

static void deliver_due(struct sl_netem *netem)
{
    while (netem->held_count > 0 && netem->heap[0]->due_us <= sl_now_us()) {
        struct held *held = take_first(netem);

        if (netem->ops->deliver(netem->owner, held->way, held->tag, held->bytes, held->len))
            netem->ways[held->way].sent++;
        free(held);
    }
}

/* What is in the cable when it is cut never arrives. */
static void cut(struct sl_netem *netem)
{
    for (int i = 0; i < SL_NETEM_WAYS; i++)
        netem->ways[i].drop = true;
    while (netem->held_count > 0) {
        struct held *held = take_first(netem);

        netem->ways[held->way].lost++;
        free(held);
    }
}

static void join(struct sl_netem *netem)
{
    for (int i = 0; i < SL_NETEM_WAYS; i++)
        netem->ways[i].drop = false;
}

static void print_stats(const struct sl_netem *netem)
{
    int64_t now = sl_now_us();

    printf("{");
    if (netem->ops->print_stats)
        netem->ops->print_stats(netem->owner);
    printf("\"held\":%zu", netem->held_count);
    for (int i = 0; i < SL_NETEM_WAYS; i++) {
        const struct way_state *way = &netem->ways[i];

        printf(",\"%s\":{\"received\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"lost\":%" PRIu64
               ",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"overflowed\":%" PRIu64
               ",\"queue_us\":%" PRId64 "}",
               i == SL_NETEM_UP ? "up" : "down", way->received, way->sent, way->lost,
               way->duplicated, way->reordered, way->overflowed,
               way->line_free_us > now ? way->line_free_us - now : 0);
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

static void set_seed(struct sl_netem *netem, uint64_t seed)
{
    netem->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15); /* never 0, neighbours differ */
}

/* A command of one word. */
static int run_word(struct sl_netem *netem, const char *name)
{
    if (strcmp(name, "cut") == 0)
        cut(netem);
    else if (strcmp(name, "join") == 0)
        join(netem);
    else
        return -EINVAL;
    return 0;
}

/* A command of a name, which may name a direction, and a value. */
static int run_setting(struct sl_netem *netem, const char *name, const char *value)
{
    bool up = true, down = true;
    int err = 0;

    if (strcmp(name, "seed") == 0) {
        set_seed(netem, strtoull(value, NULL, 10));
        return 0;
    }
    if (strncmp(name, "up.", 3) == 0) {
        down = false;
        name += 3;
    } else if (strncmp(name, "down.", 5) == 0) {
        up = false;
        name += 5;
    }
    if (up)
        err = set_way(&netem->ways[SL_NETEM_UP], name, value);
    if (down && err == 0)
        err = set_way(&netem->ways[SL_NETEM_DOWN], name, value);
    return err;
}

static int run_command(struct sl_netem *netem, const char *line)
{
    char name[32], value[32];
    int words = sscanf(line, "%31s %31s", name, value);
    int err;

    if (words < 1)
        return 0;
    if (strcmp(name, "stats") == 0) {
        print_stats(netem);
        return 0;
    }
    err = words == 1 ? run_word(netem, name) : run_setting(netem, name, value);
    if (err == 0)
        printf("ok %s\n", line);
    return err;
}

int sl_netem_set(struct sl_netem *netem, int count, char **commands)
{
    for (int i = 0; i < count; i++) {
        int err = run_command(netem, commands[i]);

        if (err < 0) {
            fprintf(stderr, "not a command: %s\n", commands[i]);
            return err;
        }
    }
    return 0;
}

static void take_line(struct sl_netem *netem)
{
    netem->line[netem->line_len] = '\0';
    netem->line_len = 0;
    if (run_command(netem, netem->line) < 0)
        printf("error %s\n", netem->line);
}

static void read_commands(struct sl_netem *netem)
{
    char bytes[LINE_MAX_LEN];
    ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (len == 0)
        ended = 1;
    for (ssize_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            take_line(netem);
        else if (netem->line_len < sizeof(netem->line) - 1)
            netem->line[netem->line_len++] = bytes[i];
    }
    (void)fflush(stdout); /* a reader that left ends us by SIGTERM */
}

static struct timespec time_to_next(const struct sl_netem *netem)
{
    int64_t wait_us = SL_US_PER_S; /* the signal interrupts it anyway */

    if (netem->held_count > 0)
        wait_us = netem->heap[0]->due_us - sl_now_us();
    if (wait_us < 0)
        wait_us = 0;
    return (struct timespec){.tv_sec = wait_us / SL_US_PER_S,
                             .tv_nsec = (wait_us % SL_US_PER_S) * 1000};
}

bool sl_netem_wait(struct sl_netem *netem, struct pollfd *fds, size_t count)
{
    sigset_t none;

    (void)sigemptyset(&none);
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (;;) {
        struct timespec wait;
        int events;

        deliver_due(netem);
        wait = time_to_next(netem);
        events = ppoll(fds, count, &wait, &none);
        if (ended || (events < 0 && errno != EINTR))
            return false;
        if (events <= 0)
            continue;
        deliver_due(netem); /* before a command changes what they meet */
        if (fds[0].revents)
            read_commands(netem);
        if (ended)
            return false;
        if (events > (fds[0].revents != 0))
            return true;
    }
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

struct sl_netem *sl_netem_create(const struct sl_netem_ops *ops, void *owner)
{
    struct sl_netem *netem = sl_new(struct sl_netem);

    netem->ops = ops;
    netem->owner = owner;
    set_seed(netem, 1);
    for (int i = 0; i < SL_NETEM_WAYS; i++) {
        netem->ways[i].queue = 200;
        netem->ways[i].late = 30;
    }
    (void)prctl(PR_SET_TIMERSLACK, 1UL); /* ns; the default 50 us would be added to each delay */
    catch_signals();
    return netem;
}

void sl_netem_destroy(struct sl_netem *netem)
{
    if (!netem)
        return;
    while (netem->held_count > 0)
        free(take_first(netem));
    free(netem);
}
