/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the table that take streams elsewhere: to other servers, files and players of other
 * protocols than WebRTC. */
#include "server/internal.h"

#include "base/config.h"
#include "base/error.h"
#include "calls/calls.h"
#include "hls/hls.h"
#include "hooks/hooks.h"
#include "mixer/mixer.h"
#include "mse/mse.h"
#include "program/program.h"
#include "push/push.h"
#include "record/record.h"
#include "rtsp/rtsp.h"
#include "server/autopush.h"
#include "session/session.h"

enum {
    RECORDINGS_END_MS = 8000, /* for a disk that is slow to take the last pieces */
    CALLS_END_MS = 5000,      /* for SIP servers that do not answer the last words */
};

static int create_mse(struct sl_server *server, struct sl_error *error)
{
    const struct sl_mse_config mse = {
        .config = server->config,
        .control = server->loop,
        .pool = server->jobs,
        .programs = server->programs,
        .variants = server->variants,
        .counters = server->counters,
    };

    (void)error;
    server->mse = sl_mse_create(&mse);
    return 0;
}

static bool stop_mse(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_mse_stop(server->mse, on_stopped, owner);
    return true;
}

static void destroy_mse(struct sl_server *server)
{
    sl_mse_destroy(server->mse);
}

static int create_calls(struct sl_server *server, struct sl_error *error)
{
    char cert[4096], key[4096];
    const struct sl_calls_config calls = {
        .config = server->config,
        .loop = server->loop,
        .workers = server->workers,
        .streams = server->streams,
        .rtc = server->rtc,
        .variants = server->variants,
        .programs = server->programs,
        .transcoder = server->transcoder,
        .counters = server->counters,
        .tls = server->tls,
        .certificate = sl_server_certificate(server->config, cert, key, sizeof(cert)),
    };

    (void)error;
    server->calls = sl_calls_create(&calls);
    return 0;
}

static bool stop_calls(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_calls_stop(server->calls, on_stopped, owner);
    return true;
}

static void destroy_calls(struct sl_server *server)
{
    sl_calls_destroy(server->calls);
}

static int create_pushes(struct sl_server *server, struct sl_error *error)
{
    struct sl_pushes_config pushes = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .jobs = server->jobs,
        .programs = server->programs,
        .tls = server->tls,
        .counters = server->counters,
    };

    (void)error;
    server->pushes = sl_pushes_create(&pushes);
    server->autopush = sl_autopush_create(server->config, server->pushes, server->streams);
    return 0;
}

static bool stop_pushes(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_pushes_stop(server->pushes, on_stopped, owner);
    return true;
}

static void destroy_pushes(struct sl_server *server)
{
    sl_autopush_destroy(server->autopush);
    sl_pushes_destroy(server->pushes);
}

static void on_recording(void *arg, const char *id, enum sl_recording_event event, const char *name,
                         const char *info)
{
    static const char *const types[] = {
        [SL_RECORDING_STARTED] = "recordingStarted",
        [SL_RECORDING_STOPPED] = "recordingStopped",
        [SL_RECORDING_FAILED] = "recordingFailed",
    };
    const struct sl_server *server = arg;

    sl_sessions_tell_recording(server->sessions, id, types[event], name, info);
}

static int create_recordings(struct sl_server *server, struct sl_error *error)
{
    struct sl_recordings_config recordings = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .programs = server->programs,
        .counters = server->counters,
        .on_event = on_recording,
        .arg = server,
    };

    (void)error;
    server->recordings = sl_recordings_create(&recordings);
    return 0;
}

static bool stop_recordings(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_recordings_stop(server->recordings, on_stopped, owner);
    return true;
}

static void destroy_recordings(struct sl_server *server)
{
    sl_recordings_destroy(server->recordings);
}

/* The last mixers may end after the sessions are gone. */
static void on_mixed_output(void *arg, struct sl_stream *stream, bool begins)
{
    const struct sl_server *server = arg;

    if (server->sessions)
        sl_sessions_tell_made(server->sessions, stream, begins);
}

static int create_mixers(struct sl_server *server, struct sl_error *error)
{
    const struct sl_mixers_config mixers = {
        .config = server->config,
        .control = server->loop,
        .streams = server->streams,
        .workers = server->workers,
        .transcoder = server->transcoder,
        .files = sl_programs_sounds(server->programs),
        .archive = sl_recordings_archive(server->recordings),
        .on_output = on_mixed_output,
        .arg = server,
    };

    (void)error;
    server->mixers = sl_mixers_create(&mixers);
    server->mixing = sl_mixers_mixing(server->mixers);
    return 0;
}

static bool stop_mixers(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_mixers_stop(server->mixers, on_stopped, owner);
    return true;
}

static void destroy_mixers(struct sl_server *server)
{
    sl_mixers_destroy(server->mixers);
}

static int create_rtsp(struct sl_server *server, struct sl_error *error)
{
    struct sl_rtsp_config rtsp = {
        .config = server->config,
        .loop = server->loop,
        .workers = server->workers,
        .variants = server->variants,
        .gate = sl_sessions_gate(server->sessions),
        .hooks = sl_http_hooks_interface(server->hooks),
        .node_id = server->node_id,
        .counters = server->counters,
    };

    return server->config->rtsp_port > 0 ? sl_rtsp_create(&rtsp, &server->rtsp, error) : 0;
}

static bool stop_rtsp(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    if (server->rtsp)
        sl_rtsp_stop(server->rtsp, on_stopped, owner);
    return server->rtsp != NULL;
}

static void cut_rtsp(struct sl_server *server)
{
    if (server->rtsp)
        sl_rtsp_cut(server->rtsp);
}

static void destroy_rtsp(struct sl_server *server)
{
    sl_rtsp_destroy(server->rtsp);
}

static int create_hls(struct sl_server *server, struct sl_error *error)
{
    struct sl_hls_config hls = {
        .config = server->config,
        .loop = server->loop,
        .streams = server->streams,
        .programs = server->programs,
        .variants = server->variants,
        .gate = sl_sessions_gate(server->sessions),
        .hooks = sl_http_hooks_interface(server->hooks),
        .node_id = server->node_id,
        .counters = server->counters,
        .fetches = server->names != NULL,
    };

    return sl_hls_create(&hls, &server->hls, error);
}

static bool stop_hls(struct sl_server *server, void (*on_stopped)(void *owner), void *owner)
{
    sl_hls_stop(server->hls, on_stopped, owner);
    return true;
}

static void destroy_hls(struct sl_server *server)
{
    sl_hls_destroy(server->hls);
}

/* ---- Rows of the table ---- */

const struct sl_part sl_part_mse = {"mse", .create = create_mse, .stop = stop_mse,
                                    .destroy = destroy_mse, .after = {"sessions"}};

/* Before those who have phones. */
const struct sl_part sl_part_calls = {"calls",
                                      .create = create_calls,
                                      .stop = stop_calls,
                                      .destroy = destroy_calls,
                                      .after = {"sessions"},
                                      .give_up_ms = CALLS_END_MS};

const struct sl_part sl_part_pushes = {"pushes", .create = create_pushes, .stop = stop_pushes,
                                       .destroy = destroy_pushes};

const struct sl_part sl_part_mixers = {"mixers", .create = create_mixers, .stop = stop_mixers,
                                       .destroy = destroy_mixers};

const struct sl_part sl_part_recordings = {"recordings",
                                           .create = create_recordings,
                                           .stop = stop_recordings,
                                           .destroy = destroy_recordings,
                                           .after = {"sessions"},
                                           .give_up_ms = RECORDINGS_END_MS};

const struct sl_part sl_part_rtsp = {"rtsp", .create = create_rtsp, .stop = stop_rtsp,
                                     .cut = cut_rtsp, .destroy = destroy_rtsp};

const struct sl_part sl_part_hls = {"hls", .create = create_hls, .stop = stop_hls,
                                    .destroy = destroy_hls};
