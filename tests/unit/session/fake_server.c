/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions over fakes, and the offers their clients make. */
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "fake.h"
#include "sdp/sdp.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void note(struct fake_keeper *fake, const char *format,
                                                       ...)
{
    size_t len = strlen(fake->log);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(fake->log + len, sizeof(fake->log) - len, format, args);
    va_end(args);
}

static bool keep(void *arg, const char *session_id, struct sl_session *left)
{
    struct fake_keeper *fake = arg;

    assert(strcmp(sl_session_id(left), session_id) == 0);

    if (fake->keeps)
        note(fake, "keep %s\n", session_id);
    return fake->keeps;
}

static void resume(void *arg, const char *kept_id, struct sl_session *session)
{
    note(arg, "resume %s as %s\n", kept_id, sl_session_id(session));
}

static void end(void *arg, const char *kept_id)
{
    note(arg, "end %s\n", kept_id);
}

static void init(struct fake_server *server, struct sl_config *kept, bool clustered)
{
    sl_log_set_level(SL_LOG_WARN);
    server->keeps_config = kept != NULL;
    server->config = kept ? kept : sl_config_create();
    server->counters = aligned_alloc(64, sizeof(struct sl_counters));
    *server->counters = (struct sl_counters){0};
    fake_hooks_init(&server->hooks);
    fake_names_init(&server->names);
    server->keeper = (struct fake_keeper){
        .keeper = {.arg = &server->keeper, .keep = keep, .resume = resume, .end = end}};
    fake_provider_init(&server->provider);
    fake_set_candidates(0, 1);
    fake_set_candidates(1, 1);
    server->webrtc =
        sl_webrtc_provider_create(&(struct sl_webrtc_provider_config){.config = server->config});
    server->sessions = sl_sessions_create(&(struct sl_sessions_config){
        .node_id = "0123456789abcdefghijklmnopqrstuv",
        .config = server->config,
        .providers = {sl_webrtc_provider_interface(server->webrtc), &server->provider.provider},
        .words = sl_signalling_words,
        .hooks = &server->hooks.hooks,
        .counters = server->counters,
        .keeper = &server->keeper.keeper,
        .directory = clustered ? &server->names.directory : NULL,
    });
}

void fake_server_init(struct fake_server *server)
{
    init(server, NULL, false);
}

void fake_server_init_with(struct fake_server *server, struct sl_config *config)
{
    init(server, config, false);
}

void fake_server_init_clustered(struct fake_server *server)
{
    init(server, NULL, true);
}

void fake_server_deinit(struct fake_server *server)
{
    struct sl_sessions_stats stats;

    fake_finish_closing();
    (void)fake_provider_finish();
    fake_settle();
    sl_sessions_stats(server->sessions, &stats);
    assert(stats.sessions + stats.publications + stats.playbacks + stats.closing == 0);
    assert(fake_peer_count() == 0 && fake_stream_object_count() == 0);
    assert(fake_hooks_open(&server->hooks) == 0);
    assert(!fake_names_asked(&server->names) && server->names.held == 0);
    sl_sessions_destroy(server->sessions);
    sl_webrtc_provider_destroy(server->webrtc);
    assert(fake_timer_count() == 0);
    fake_hooks_deinit(&server->hooks);
    if (!server->keeps_config)
        sl_config_destroy(server->config);
    free(server->counters);
}

const char *fake_offer(bool publishing, bool audio, bool video)
{
    static char text[32768];
    const struct sl_sdp_offer_config config = {
        .audio = audio,
        .video = video,
        .direction = publishing ? SL_SDP_SENDONLY : SL_SDP_RECVONLY,
        .ufrag = "abcd",
        .pwd = "abcdefghijklmnopqrstuvwx",
        .fingerprint = "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:"
                       "CD:EF:01:23:45:67:89",
        .audio_ssrc = 1,
        .video_ssrc = 2,
        .video_rtx_ssrc = 3,
        .cname = "test",
    };
    int len = sl_sdp_build_offer(&config, text, sizeof(text));

    assert(len > 0);
    (void)len;
    return text;
}
