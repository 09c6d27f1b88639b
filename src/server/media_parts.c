/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the table that media run on, whatever the protocol: workers, codec processes, what is
 * made of streams, the built-in one. */
#include "server/internal.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "demo/demo.h"
#include "jobs/jobs.h"
#include "program/program.h"
#include "server/addresses.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"
#include "variant/variant.h"
#include "webrtc/webrtc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { DEMO_WIDTH = 640, DEMO_HEIGHT = 360, DEMO_FPS = 25 };

static size_t round_up_to_power_of_two(int64_t value)
{
    size_t power = 1;

    while ((int64_t)power < value)
        power *= 2;
    return power;
}

static size_t worker_count(const struct sl_config *config)
{
    if (config->worker_count > 0)
        return (size_t)config->worker_count;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 64 ? 64 : (size_t)cores;
}

static enum sl_bounding bounding_of(const struct sl_config *config)
{
    if (strcmp(config->downlink_ask_publisher, "off") == 0)
        return SL_BOUND_OFF;
    return strcmp(config->downlink_ask_publisher, "sole") == 0 ? SL_BOUND_SOLE : SL_BOUND_LOWEST;
}

static int create_media(struct sl_server *server, struct sl_error *error)
{
    const struct sl_config *config = server->config;
    struct sl_workers_config workers = {
        .count = worker_count(config),
        .packets_max = (size_t)config->media_packets_max,
        .ring_packets = round_up_to_power_of_two(config->nack_ring_packets),
        .keyframe_interval_us = config->keyframe_interval_min_ms * SL_US_PER_MS,
        .gather_max_us = config->media_gather_max_us,
        .bounding = bounding_of(config),
        .metrics = server->metrics,
    };
    struct sl_rtc_config rtc = {
        .port_from = (uint16_t)config->media_port_from,
        .port_to = (uint16_t)config->media_port_to,
        .client_port_from = (uint16_t)config->wcs_agent_port_from,
        .client_port_to = (uint16_t)config->wcs_agent_port_to,
        .two_ports = !config->rtp_bundle,
        .tcp = config->ice_tcp,
        .gcm = config->dtls_gcm,
        .ice_timeout_us = config->ice_timeout_ms * SL_US_PER_MS,
        .dtls_timeout_us = config->dtls_timeout_ms * SL_US_PER_MS,
        .consent_timeout_us = config->consent_timeout_ms * SL_US_PER_MS,
        .rtp_timeout_us = config->rtp_timeout_ms * SL_US_PER_MS,
        .tcp_connections_max = (size_t)config->ice_tcp_connections_max,
    };

    server->workers = sl_workers_create(&workers, server->loop);
    if (!server->workers)
        return sl_error_set(error, -EMFILE, "worker_count: no descriptors for %zu workers",
                            workers.count);
    server->streams = sl_streams_create(server->workers, server->loop);
    int err = sl_addresses_choose(config, &rtc, error);
    if (err < 0)
        return err;
    err = sl_rtc_create(&rtc, server->workers, server->loop, &server->rtc, error);
    if (err == 0)
        server->addresses = sl_addresses_watch(&rtc, server->rtc, server->loop);
    return err;
}

static void destroy_media(struct sl_server *server)
{
    sl_addresses_destroy(server->addresses);
    sl_rtc_destroy(server->rtc);
    sl_workers_destroy(server->workers);
    sl_streams_destroy(server->streams);
}

static size_t picture_processes(const struct sl_config *config)
{
    if (config->transcoder_threads > 0)
        return (size_t)config->transcoder_threads;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 3 ? 1 : cores > 64 ? 63 : (size_t)cores - 1;
}

/* What is executed later is this very program, whatever an upgrade puts in its place. */
static int create_transcoder(struct sl_server *server, struct sl_error *error)
{
    server->program_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (server->program_fd < 0)
        sl_log(SL_LOG_WARN, NULL,
               "server: nothing can be transcoded, this program is not there: %s", strerror(errno));
    struct sl_transcoder_config transcoder = {
        .control = server->loop,
        .program_fd = server->program_fd,
        .picture_processes = picture_processes(server->config),
        .counters = server->counters,
    };
    (void)error;
    server->transcoder = sl_transcoder_create(&transcoder);
    return 0;
}

static bool stop_transcoder(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_transcoder_stop(server->transcoder, on_stopped, owner);
    return true;
}

static void destroy_transcoder(struct sl_server *server)
{
    if (!server->transcoder)
        return;
    sl_transcoder_destroy(server->transcoder);
    if (server->program_fd >= 0)
        (void)close(server->program_fd); /* read only: nothing to lose */
}

static int create_variants(struct sl_server *server, struct sl_error *error)
{
    struct sl_variants_config variants = {
        .config = server->config,
        .control = server->loop,
        .streams = server->streams,
        .transcoder = server->transcoder,
        .counters = server->counters,
    };

    (void)error;
    server->variants = sl_variants_create(&variants);
    return 0;
}

static bool stop_variants(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_variants_stop(server->variants, on_stopped, owner);
    return true;
}

static void destroy_variants(struct sl_server *server)
{
    sl_variants_destroy(server->variants);
}

static int create_jobs(struct sl_server *server, struct sl_error *error)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = (size_t)server->config->job_threads;

    if (threads == 0)
        threads = cores > 1 ? (size_t)cores / 2 : 1;
    server->jobs = sl_job_pool_create(server->loop, threads);
    if (!server->jobs)
        return sl_error_set(error, -EMFILE, "no descriptors left for job threads");
    if (sl_job_pool_start(server->jobs) < 0)
        return sl_error_set(error, -EAGAIN, "no threads left for jobs");
    return 0;
}

static void destroy_jobs(struct sl_server *server)
{
    sl_job_pool_destroy(server->jobs);
}

/* What streams are made into for those who mux them. */
static int create_programs(struct sl_server *server, struct sl_error *error)
{
    const struct sl_programs_config programs = {
        .pool = server->jobs,
        .control = server->loop,
        .transcoder = server->transcoder,
    };

    (void)error;
    server->programs = sl_programs_create(&programs);
    return 0;
}

static bool stop_programs(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_programs_stop(server->programs, on_stopped, owner);
    return true;
}

static void destroy_programs(struct sl_server *server)
{
    sl_programs_destroy(server->programs);
}

static int create_demo(struct sl_server *server, struct sl_error *error)
{
    struct sl_demo_config demo = {
        .streams = server->streams,
        .workers = server->workers,
        .transcoder = server->transcoder,
        .loop = server->loop,
        .name = SL_DEMO_NAME,
        .width = DEMO_WIDTH,
        .height = DEMO_HEIGHT,
        .fps = DEMO_FPS,
    };

    return server->config->demo_stream ? sl_demo_create(&demo, &server->demo, error) : 0;
}

static bool stop_demo(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    if (server->demo)
        sl_demo_stop(server->demo, on_stopped, owner);
    return server->demo != NULL;
}

static void destroy_demo(struct sl_server *server)
{
    sl_demo_destroy(server->demo);
}

static int start_workers(struct sl_server *server, struct sl_error *error)
{
    int err = sl_workers_start(server->workers);

    return err < 0 ? sl_error_set(error, err, "worker_count: no threads for %zu workers: %s",
                                  sl_workers_count(server->workers), strerror(-err))
                   : 0;
}

/* ---- Rows of the table ---- */

const struct sl_part sl_part_media = {"media", .create = create_media, .destroy = destroy_media};

const struct sl_part sl_part_transcoder = {"transcoder", .create = create_transcoder,
                                           .stop = stop_transcoder, .destroy = destroy_transcoder,
                                           .after = {"variants", "programs", "mixers", "demo", "calls"}};

const struct sl_part sl_part_variants = {"variants", .create = create_variants,
                                         .stop = stop_variants, .destroy = destroy_variants,
                                         .after = {"sessions", "mse", "rtsp", "hls", "calls"}};

const struct sl_part sl_part_jobs = {"jobs", .create = create_jobs, .destroy = destroy_jobs};

const struct sl_part sl_part_programs = {
    "programs", .create = create_programs, .stop = stop_programs, .destroy = destroy_programs,
    .after = {"pushes", "sessions", "mse", "recordings", "hls"}};

const struct sl_part sl_part_workers = {"workers", .create = start_workers};

const struct sl_part sl_part_demo = {"demo", .create = create_demo, .stop = stop_demo,
                                     .destroy = destroy_demo};
