/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pull (or push): a conversation, then media, then an end. */
#include "pull/internal.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *sl_pull_status_name(enum pull_status status)
{
    static const char *const names[] = {
        [PULL_NEW] = "NEW",
        [PULL_CONNECTED] = "CONNECTED",
        [PULL_PROCESSED_REMOTE] = "PROCESSED_REMOTE",
        [PULL_STOPPED] = "STOPPED",
        [PULL_FAILED] = "FAILED",
    };

    return names[status];
}

/* The table in pull.h; both ends are made by sl_pull_end() only. */
static void set_status(struct sl_pull *pull, enum pull_status status, const char *why)
{
    struct sl_counters *counters = pull->pulls->config.counters;
    char quoted[2 * WHY_MAX];

    assert(status > pull->status && pull->status < PULL_STOPPED);
    pull->status = status;
    if (counters && status == PULL_PROCESSED_REMOTE)
        sl_count(counters, SL_COUNTER_PULLS_STARTED, 1);
    if (counters && status == PULL_FAILED)
        sl_count(counters, SL_COUNTER_PULLS_FAILED, 1);
    /* Of the cluster's any client can bring one about. */
    sl_log(status == PULL_FAILED && pull->kind != SL_PULL_CLUSTER ? SL_LOG_WARN : SL_LOG_INFO,
           &pull->scope, "pull: %s%s%s", sl_pull_status_name(status), why ? " " : "",
           why ? sl_log_quote(quoted, sizeof(quoted), why) : "");
}

/* ---- The end ---- */

void sl_pull_end(struct sl_pull *pull, bool failed, const char *why)
{
    char words[WHY_MAX];

    (void)snprintf(words, sizeof(words), "%s", why); /* why may lie in what goes now */
    set_status(pull, failed ? PULL_FAILED : PULL_STOPPED, words);
    sl_list_remove(&pull->link);
    sl_table_remove(&pull->pulls->by_id, &pull->by_id);
    pull->pulls->count--;
    sl_timer_destroy(pull->timer);
    sl_later_cancel(&pull->end);
    sl_stream_unlisten(&pull->listener);
    sl_taker_detach(&pull->taker);
    sl_agent_leave(pull->agent);
    sl_pull_media_end(pull->media); /* the stream's players are told before the name is free */
    sl_reservation_release(pull->reservation);
    if (pull->on_end)
        pull->on_end(pull->owner, words);
    free(pull->local_stream);
    free(pull->remote_stream);
    free(pull);
}

static void on_end_later(struct sl_later *later)
{
    struct sl_pull *pull = sl_container_of(later, struct sl_pull, end);

    sl_pull_end(pull, true, pull->why);
}

/* For those who are called by what an end takes down. */
static void end_soon(struct sl_pull *pull, const char *why)
{
    if (pull->ending)
        return;
    pull->ending = true;
    (void)snprintf(pull->why, sizeof(pull->why), "%s", why);
    pull->end.run = on_end_later;
    sl_loop_later(pull->pulls->config.loop, &pull->end);
}

static void on_timer(void *owner)
{
    struct sl_pull *pull = owner;

    sl_pull_end(pull, true, pull->ending ? pull->why : "no media came in time");
}

/* ---- Media ---- */

static void on_media(void *owner)
{
    struct sl_pull *pull = owner;

    if (pull->kind == SL_PULL_PUSH || pull->status == PULL_PROCESSED_REMOTE || pull->ending)
        return; /* a push is up when the other side says so */
    sl_timer_stop(pull->timer);
    set_status(pull, PULL_PROCESSED_REMOTE, NULL);
    if (pull->on_live)
        pull->on_live(pull->owner, sl_pull_media_stream(pull->media));
}

static void on_media_failed(void *owner, const char *why)
{
    sl_pull_end(owner, true, why);
}

static const struct pull_media_ops media_ops = {.on_media = on_media, .on_failed = on_media_failed};

/* ---- The stream that it brings ---- */

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void tell_stats(void *owner, struct sl_stream_figures *out)
{
    const struct sl_pull *pull = owner;
    const struct sl_flow_stats *stats = sl_pull_media_stats(pull->media);

    *out = (struct sl_stream_figures){
        .audio_bps = pull->rates.audio_bps,
        .video_bps = pull->rates.video_bps,
        .video_fps = pull->rates.video_fps,
        .lost = load(&stats->lost),
        .nack = load(&stats->nack),
        .rtt_us = atomic_load_explicit(&stats->rtt_us, memory_order_relaxed),
        .from_uri = pull->uri.text,
        .from_name = pull->remote_stream,
    };
}

static void terminate(void *owner, const char *why)
{
    sl_pull_end(owner, false, why);
}

/* Another node's stream is its publisher's, and that node says who may play it; one that does not
 * say lets nobody. What an operator brings is anybody's. */
static bool is_guarded(void *owner)
{
    const struct sl_pull *pull = owner;

    return pull->kind == SL_PULL_CLUSTER && !pull->open;
}

static const struct sl_publisher_ops publisher_ops = {
    .stats = tell_stats, .terminate = terminate, .is_guarded = is_guarded};

static void make_media(struct sl_pull *pull)
{
    struct sl_pulls *pulls = pull->pulls;
    struct pull_media_config config = {
        .streams = pulls->config.streams,
        .workers = pulls->config.workers,
        .rtc = pulls->config.rtc,
        .max_bitrate_bps = (uint32_t)pulls->config.config->publish_max_bitrate * 1000,
        .downlink_estimation = pulls->config.config->downlink_estimation,
        .taken = pull->taken,
        .name = pull->local_stream,
        .reservation = pull->reservation,
        .publisher = {.origin = pull->kind == SL_PULL_CLUSTER ? SL_ORIGIN_NODE : SL_ORIGIN_PULLED,
                      .id = pull->id,
                      .ops = &publisher_ops,
                      .owner = pull},
        .cname = pull->remote_id,
        .ops = &media_ops,
        .owner = pull,
        .on_closed = sl_pulls_on_media_closed,
        .closed_arg = pulls,
    };

    pulls->media_count++;
    pull->rates.at_us = sl_now_us();
    pull->media = sl_pull_media_create(&config);
}

/* ---- The conversation ---- */

static void on_established(void *owner)
{
    struct sl_pull *pull = owner;

    set_status(pull, PULL_CONNECTED, NULL);
    make_media(pull);
    const char *offer = sl_pull_media_offer(pull->media);
    if (!offer) {
        end_soon(pull, "the stream has no codec that can be offered");
        return;
    }
    sl_agent_request(pull->agent, offer, sl_pull_media_has(pull->media, SL_AUDIO),
                     sl_pull_media_has(pull->media, SL_VIDEO));
}

static void on_open(void *owner)
{
    ((struct sl_pull *)owner)->open = true;
}

static void on_answer(void *owner, const char *sdp)
{
    struct sl_pull *pull = owner;
    struct sl_error error = {""};

    if (!pull->ending &&
        sl_pull_media_answer(pull->media, sdp, sl_agent_remote(pull->agent), &error) < 0)
        end_soon(pull, error.text);
}

static void on_up(void *owner, bool audio_muted, bool video_muted)
{
    struct sl_pull *pull = owner;
    struct sl_stream *stream = pull->media ? sl_pull_media_stream(pull->media) : NULL;

    if (pull->kind != SL_PULL_PUSH && stream) {
        sl_stream_set_muted(stream, SL_AUDIO, audio_muted);
        sl_stream_set_muted(stream, SL_VIDEO, video_muted);
    }
    if (pull->kind != SL_PULL_PUSH || pull->status != PULL_CONNECTED || pull->ending)
        return; /* a pull is up when media comes */
    sl_timer_stop(pull->timer);
    set_status(pull, PULL_PROCESSED_REMOTE, NULL);
    if (pull->on_live)
        pull->on_live(pull->owner, pull->taken);
}

static void on_event(void *owner, const char *type, json_t *info, json_t *payload)
{
    struct sl_pull *pull = owner;
    const struct sl_pulls_config *config = &pull->pulls->config;

    if (pull->kind == SL_PULL_PUSH || pull->status != PULL_PROCESSED_REMOTE || !config->on_event)
        return;
    /* The picture's size we tell ourselves (websocket-api.md 9.2). */
    if (strcmp(type, "resize") != 0)
        config->on_event(config->arg, pull->local_stream, type, info, payload);
}

static void on_agent_end(void *owner, bool failed, const char *why)
{
    struct sl_pull *pull = owner;

    pull->agent = NULL;
    sl_pull_end(pull, failed && !pull->ending, pull->ending ? pull->why : why);
}

static const struct agent_ops agent_ops = {
    .on_established = on_established,
    .on_open = on_open,
    .on_answer = on_answer,
    .on_up = on_up,
    .on_event = on_event,
    .on_end = on_agent_end,
};

/* ---- The stream that a push takes ---- */

static void on_taken_end(struct sl_stream_listener *listener)
{
    sl_pull_end(sl_container_of(listener, struct sl_pull, listener), false, "the stream ended");
}

/* ---- Life ---- */

/* RFC 9562 section 5.4: random but for the version and the variant. */
static void draw_uuid(char out[static UUID_LEN + 1])
{
    uint8_t b[16];

    sl_random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(out, UUID_LEN + 1,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

static int make_agent(struct sl_pull *pull)
{
    const struct sl_pulls_config *parts = &pull->pulls->config;
    struct agent_config config = {
        .http = parts->http,
        .loop = parts->loop,
        .uri = &pull->uri,
        .connect_timeout_s = (int)parts->config->pull_connect_timeout_s,
        .publish = pull->kind == SL_PULL_PUSH,
        .cluster = pull->kind == SL_PULL_CLUSTER,
        .node_id = parts->node_id,
        .media_session_id = pull->remote_id,
        .name = pull->remote_stream,
        .ops = &agent_ops,
        .owner = pull,
    };

    if (pull->uri.tls) {
        config.tls = sl_tls_clients_get(
            parts->tls, parts->config->wcs_agent_ssl_verify ? SL_TLS_WS : SL_TLS_WS_UNVERIFIED);
        if (!config.tls)
            return -ENOMEM;
    }
    return sl_agent_create(&config, &pull->agent);
}

static void log_begin(const struct sl_pull *pull)
{
    char uri[256], remote[128];

    sl_log(SL_LOG_INFO, &pull->scope, "pull: %s %s %s", pull->taken ? "to" : "from",
           sl_log_quote(uri, sizeof(uri), pull->uri.text),
           sl_log_quote(remote, sizeof(remote), pull->remote_stream));
}

struct sl_pull *sl_pull_create(struct sl_pulls *pulls, const struct sl_pull_request *request,
                               const struct sl_pull_uri *uri, struct sl_reservation *reservation,
                               struct sl_stream *taken)
{
    struct sl_pull *pull = sl_new(struct sl_pull);
    struct sl_log_scope stream_scope;

    pull->pulls = pulls;
    pull->kind = request->kind;
    pull->uri = *uri;
    pull->local_stream = sl_strdup(request->local_stream);
    pull->remote_stream = sl_strdup(request->remote_stream);
    pull->reservation = reservation;
    pull->taken = taken;
    pull->created_ms = sl_wall_ms();
    pull->on_live = request->on_live;
    pull->on_end = request->on_end;
    pull->owner = request->owner;
    draw_uuid(pull->id);
    draw_uuid(pull->remote_id);
    sl_log_scope_init(&stream_scope, NULL, "stream", pull->local_stream);
    sl_log_scope_init(&pull->scope, &stream_scope, "pull", pull->id);
    pull->timer = sl_timer_create(pulls->config.loop, on_timer, pull);
    sl_list_append(&pulls->pulls, &pull->link);
    sl_table_insert(&pulls->by_id, &pull->by_id, sl_hash_text(pull->id));
    pulls->count++;
    if (taken) {
        pull->listener.on_end = on_taken_end;
        sl_stream_listen(taken, &pull->listener);
        pull->taker = (struct sl_taker){
            .kind = SL_TAKER_OUTPUT, .protocol = sl_peer_source_ops.protocol, .id = pull->id};
        sl_taker_attach(&pull->taker, taken);
    }
    log_begin(pull);
    if (make_agent(pull) < 0)
        end_soon(pull, "the URL cannot be asked for");
    else
        sl_timer_start(pull->timer, (uint64_t)pulls->config.config->pull_timeout_ms, 0);
    return pull;
}

void sl_pull_update_rates(struct sl_pull *pull)
{
    const struct sl_flow_stats *stats = pull->media ? sl_pull_media_stats(pull->media) : NULL;

    if (stats)
        (void)sl_flow_rates_update(&pull->rates, stats, sl_now_us()); /* no time, nothing new */
}
