/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a player over plain RTP sends is what its description says, as ffprobe understands both. */
#include "../job.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "demo/demo.h"
#include "plain_player.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 30 * SL_US_PER_S };

static struct sl_loop *control;

#define TURN_UNTIL(condition)                                                                      \
    for (int64_t deadline_us = sl_now_us() + DEADLINE_US; !(condition);) {                         \
        (void)uv_run(sl_loop_uv(control), UV_RUN_NOWAIT);                                          \
        (void)poll(NULL, 0, 1);                                                                    \
        assert_true(sl_now_us() < deadline_us);                                                    \
    }

static bool is_taken(const struct sl_udp_dest *dest)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_from_sockaddr(&addr, (const struct sockaddr *)&dest->sa), 0);
    int fd = sl_udp_open(&addr, NULL);
    if (fd >= 0)
        (void)close(fd);
    return fd < 0;
}

/* What ffprobe finds; it hears the first key frame. */
static int probe(struct plain_player *player, const char *path, char *out, size_t size)
{
    char command[256];
    struct job job;
    size_t len = 0;
    ssize_t got;

    (void)snprintf(command, sizeof(command),
                   "timeout 25 ffprobe -v quiet -analyzeduration 2000000 -protocol_whitelist "
                   "file,udp,rtp -show_entries stream=codec_name,width,height -of csv=p=0 %s",
                   path);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    (void)fcntl(fileno(pipe), F_SETFL, O_NONBLOCK);
    TURN_UNTIL(is_taken(&player->rtp[0]) && is_taken(&player->rtcp[1]));
    job_post(&job, sl_worker_loop(player->worker), plain_player_start, player);
    TURN_UNTIL((got = read(fileno(pipe), out + len, size - 1 - len)) == 0 ||
               (len += got > 0 ? (size_t)got : 0) == size - 1);
    assert_true(job_is_done(&job));
    return pclose(pipe);
}

static void set_true(void *owner)
{
    *(bool *)owner = true;
}

static void ffprobe_reads_what_its_description_says(void **state)
{
    (void)state;
    struct plain_player player = {.worker = NULL};
    struct sl_metrics *metrics = sl_metrics_create();
    struct sl_workers_config config = {.count = 1, .packets_max = 4096, .ring_packets = 256};
    char path[] = "/tmp/sl-plain-XXXXXX", said[256] = "";
    bool stopped = false;
    struct sl_demo *demo;
    struct job job;

    control = sl_loop_create("control");
    config.metrics = metrics;
    struct sl_workers *workers = sl_workers_create(&config, control);
    struct sl_streams *streams = sl_streams_create(workers, control);
    struct sl_demo_config demo_config = {streams, workers, control, "demo", 320, 180, 25};
    sl_workers_start(workers);
    assert_int_equal(sl_demo_create(&demo_config, &demo, NULL), 0);
    (void)close(mkstemp(path));
    plain_player_create(&player, sl_streams_find(streams, "demo"), path);
    assert_int_equal(probe(&player, path, said, sizeof(said)), 0);
    assert_true(player.started);
    assert_string_equal(said, "opus\nh264,320,180\n");

    job_post(&job, sl_worker_loop(player.worker), plain_player_stop, &player);
    TURN_UNTIL(job_is_done(&job));
    plain_player_destroy(&player);
    sl_demo_stop(demo, set_true, &stopped);
    TURN_UNTIL(stopped && sl_streams_drained(streams));
    sl_demo_destroy(demo);
    sl_workers_stop(workers);
    sl_workers_destroy(workers);
    sl_streams_destroy(streams);
    sl_loop_destroy(control);
    sl_metrics_destroy(metrics);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ffprobe_reads_what_its_description_says)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
