/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media workers: a thread and a loop each, and what happens at the end of every turn of it. */
#include "stream/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#include <assert.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    TICK_MS = 20,
    /* A player placed on another worker costs a hand-over; a small lead is not worth one. */
    LOAD_LEAD = 16,
    /*
     * Packets of one picture arrive within a few hundred microseconds. Sent together, a player's
     * packets leave as one segmented message, which costs the kernel half (bench/floor --batch 1
     * against 8). So a turn's packets wait for the rest of their picture, at most about as long as
     * it would take to send one to every player: the delay that a player at the end of the row has
     * anyway. With few players that is too short to bother.
     *
     * The wait goes in steps, and in one of them nothing is read: waking up for each packet of a
     * burst costs more than what is done with it. A browser's burst is over after the first step,
     * as a rule; then the picture goes at once.
     */
    GATHER_US_PER_SINK = 6,
    GATHER_MIN_US = 100,
    GATHER_STEPS = 4,
};

static void send_queued(struct sl_worker *worker)
{
    if (worker->io)
        worker->io->flush(worker->io_owner);
    while (!sl_list_empty(&worker->at_end)) {
        struct sl_later *later = sl_list_first(&worker->at_end, struct sl_later, link);
        sl_list_remove(&later->link);
        later->run(later);
    }
}

void sl_worker_at_end(struct sl_worker *worker, struct sl_later *later)
{
    SL_ASSERT_ON(worker->loop);
    if (!sl_list_linked(&later->link))
        sl_list_append(&worker->at_end, &later->link);
}

static void listen_to(struct sl_worker *worker, bool on)
{
    if (worker->io)
        worker->io->listen(worker->io_owner, on);
}

static void set_gather_timer(struct sl_worker *worker, int64_t us)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = us / SL_US_PER_S, .tv_nsec = us % SL_US_PER_S * 1000}};

    (void)timerfd_settime(worker->gather_fd, 0, &when, NULL); /* fails for bad arguments only */
}

static void gather_step(struct sl_worker *worker)
{
    int64_t step_us = (worker->gather_us + GATHER_STEPS - 1) / GATHER_STEPS;

    step_us = step_us < GATHER_MIN_US ? GATHER_MIN_US : step_us;
    step_us = step_us < worker->gather_left_us ? step_us : worker->gather_left_us;
    worker->gather_left_us -= step_us;
    listen_to(worker, false);
    set_gather_timer(worker, step_us);
}

static void stop_gathering(struct sl_worker *worker)
{
    if (worker->gather_us == 0)
        return;
    worker->gather_us = 0;
    set_gather_timer(worker, 0);
    listen_to(worker, true);
}

void sl_worker_flush(struct sl_worker *worker)
{
    SL_ASSERT_ON(worker->loop);
    stop_gathering(worker);
    while (!sl_list_empty(&worker->dirty_tracks)) /* a track may take another one along */
        sl_track_pass(sl_list_first(&worker->dirty_tracks, struct sl_track, dirty));
    send_queued(worker);
}

/* How long the packets may wait. */
static int64_t gather_us(const struct sl_worker *worker)
{
    const struct sl_track *track;
    size_t sinks = 0;

    if (worker->config->gather_max_us == 0)
        return 0;
    sl_list_foreach(track, &worker->dirty_tracks, const struct sl_track, dirty) sinks +=
        sl_track_sink_count(track);
    int64_t us = (int64_t)sinks * GATHER_US_PER_SINK;
    if (us < GATHER_MIN_US)
        return 0;
    return us < worker->config->gather_max_us ? us : worker->config->gather_max_us;
}

/* Whether there is nothing to wait for: all pictures are whole. Sound waits for a picture that may
 * be right behind it, for the first step. */
static bool is_complete(const struct sl_worker *worker, bool first)
{
    const struct sl_track *track;

    sl_list_foreach(track, &worker->dirty_tracks, const struct sl_track, dirty)
    {
        if (first ? sl_track_may_go_on(track) : sl_track_picture_is_cut(track))
            return false;
    }
    return true;
}

/* The end of a turn: packets go on now, or with those that are about to come. */
static void end_turn(struct sl_worker *worker)
{
    if (worker->gather_us == 0 && !sl_list_empty(&worker->dirty_tracks)) {
        int64_t us = gather_us(worker);
        if (us == 0 || is_complete(worker, true)) {
            sl_worker_flush(worker);
            return;
        }
        worker->gather_us = us;
        worker->gather_left_us = us;
        gather_step(worker);
    }
    send_queued(worker); /* retransmissions do not wait */
}

static void on_gathered(uv_poll_t *poll, int status, int events)
{
    struct sl_worker *worker = poll->data;
    uint64_t expirations;

    (void)status;
    (void)events;
    if (read(worker->gather_fd, &expirations, sizeof(expirations)) < 0)
        return; /* stopped between the event and this call */
    if (worker->io)
        worker->io->receive(worker->io_owner);
    /* What was received may have flushed everything: the wait is over then. */
    if (worker->gather_us > 0 && worker->gather_left_us > 0 && !is_complete(worker, false))
        gather_step(worker);
    else
        sl_worker_flush(worker);
}

/* Packets come in during the poll phase (check follows) and from timers (prepare follows). */
static void on_check(uv_check_t *check)
{
    end_turn(check->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    end_turn(prepare->data);
}

static void on_tick(uv_timer_t *timer)
{
    struct sl_worker *worker = timer->data;
    struct sl_track *track;
    struct fanout *fanout;
    struct intake *intake;
    int64_t now_us = sl_now_us();

    sl_list_foreach(track, &worker->wanting_tracks, struct sl_track, wanting)
        sl_track_retry_keyframe(track, now_us);
    sl_list_foreach(fanout, &worker->frame_fanouts, struct fanout, ticking)
        sl_frames_tick(fanout->frames, now_us);
    sl_list_foreach(intake, &worker->intakes, struct intake, ticking)
        sl_intake_tick(intake, now_us);
    sl_list_foreach(track, &worker->paced_tracks, struct sl_track, paced)
        sl_track_pace(track, now_us);
}

/* The timer of packets that wait for more. */
static int open_gather_timer(struct sl_worker *worker)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    int err = uv_poll_init(sl_loop_uv(worker->loop), &worker->gather_poll, fd);
    if (err < 0) {
        (void)close(fd); /* never set */
        return err;
    }
    worker->gather_fd = fd;
    worker->gather_poll.data = worker;
    (void)uv_poll_start(&worker->gather_poll, UV_READABLE, on_gathered); /* not closing */
    return 0;
}

/* NULL: no descriptors are left. */
static struct sl_worker *worker_create(struct sl_workers *workers, size_t index)
{
    struct sl_worker *worker = sl_new(struct sl_worker);
    char name[16];

    (void)snprintf(name, sizeof(name), "worker-%zu", index);
    worker->workers = workers;
    worker->config = &workers->config;
    worker->index = index;
    worker->loop = sl_loop_create(name);
    if (!worker->loop || open_gather_timer(worker) < 0) {
        sl_loop_destroy(worker->loop);
        free(worker);
        return NULL;
    }
    worker->counters = sl_metrics_register(workers->config.metrics);
    worker->pool = sl_packet_pool_create(worker, workers->config.packets_max);
    sl_list_init(&worker->dirty_tracks);
    sl_list_init(&worker->at_end);
    sl_list_init(&worker->wanting_tracks);
    sl_list_init(&worker->frame_fanouts);
    sl_list_init(&worker->intakes);
    sl_list_init(&worker->paced_tracks);

    uv_loop_t *uv = sl_loop_uv(worker->loop);
    (void)uv_prepare_init(uv, &worker->prepare); /* these four cannot fail (libuv manual) */
    (void)uv_check_init(uv, &worker->check);
    (void)uv_prepare_start(&worker->prepare, on_prepare);
    (void)uv_check_start(&worker->check, on_check);
    (void)uv_timer_init(uv, &worker->tick);
    (void)uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS);
    worker->prepare.data = worker;
    worker->check.data = worker;
    worker->tick.data = worker;
    return worker;
}

static void worker_destroy(struct sl_worker *worker)
{
    uv_close((uv_handle_t *)&worker->prepare, NULL);
    uv_close((uv_handle_t *)&worker->check, NULL);
    uv_close((uv_handle_t *)&worker->tick, NULL);
    (void)uv_poll_stop(&worker->gather_poll);
    uv_close((uv_handle_t *)&worker->gather_poll, NULL);
    sl_loop_destroy(worker->loop); /* runs the closes */
    (void)close(worker->gather_fd);
    sl_packet_pool_destroy(worker->pool);
    free(worker);
}

struct sl_workers *sl_workers_create(const struct sl_workers_config *config,
                                     struct sl_loop *control)
{
    assert(config->count >= 1 && config->count <= WORKERS_MAX);
    struct sl_workers *workers =
        sl_alloc(sizeof(*workers) + config->count * sizeof(workers->all[0]));

    workers->count = config->count;
    workers->config = *config;
    workers->control = control;
    for (size_t i = 0; i < workers->count; i++) {
        workers->all[i] = worker_create(workers, i);
        if (!workers->all[i]) {
            sl_workers_destroy(workers);
            return NULL;
        }
    }
    return workers;
}

static void *run(void *arg)
{
    struct sl_worker *worker = arg;

    sl_loop_run(worker->loop);
    return NULL;
}

int sl_workers_start(struct sl_workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        struct sl_worker *worker = workers->all[i];
        int err = pthread_create(&worker->thread, NULL, run, worker);
        if (err != 0) {
            sl_workers_stop(workers);
            return -err;
        }
        worker->running = true;
    }
    return 0;
}

void sl_workers_stop(struct sl_workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        struct sl_worker *worker = workers->all[i];
        if (!worker->running)
            continue;
        sl_loop_stop(worker->loop);
        (void)pthread_join(worker->thread, NULL); /* fails for a thread not ours only */
        worker->running = false;
    }
}

void sl_workers_destroy(struct sl_workers *workers)
{
    if (!workers)
        return;
    for (size_t i = 0; i < workers->count && workers->all[i]; i++)
        worker_destroy(workers->all[i]);
    free(workers);
}

size_t sl_workers_count(const struct sl_workers *workers)
{
    return workers->count;
}

struct sl_worker *sl_workers_at(struct sl_workers *workers, size_t index)
{
    assert(index < workers->count);
    return workers->all[index];
}

struct sl_loop *sl_worker_loop(struct sl_worker *worker)
{
    return worker->loop;
}

struct sl_loop *sl_worker_control(struct sl_worker *worker)
{
    return worker->workers->control;
}

size_t sl_worker_index(const struct sl_worker *worker)
{
    return worker->index;
}

struct sl_counters *sl_worker_counters(struct sl_worker *worker)
{
    return worker->counters;
}

void sl_worker_set_io(struct sl_worker *worker, const struct sl_worker_io *io, void *owner)
{
    worker->io = io;
    worker->io_owner = owner;
}

struct sl_worker *sl_workers_pick_source(struct sl_workers *workers)
{
    SL_ASSERT_ON(workers->control);
    struct sl_worker *best = workers->all[0];

    for (size_t i = 1; i < workers->count; i++) {
        if (workers->all[i]->load < best->load)
            best = workers->all[i];
    }
    return best;
}

struct sl_worker *sl_workers_pick_sink(struct sl_workers *workers, struct sl_worker *home)
{
    SL_ASSERT_ON(workers->control);
    struct sl_worker *least = sl_workers_pick_source(workers);

    return home->load > least->load + LOAD_LEAD ? least : home;
}

void sl_worker_add_load(struct sl_worker *worker, int change)
{
    SL_ASSERT_ON(worker->workers->control);
    worker->load += change;
}
