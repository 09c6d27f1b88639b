/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One broadcast: its states, its deadlines, its visit at the gate. */
#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "hls/internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    OVER_US = 30 * SL_US_PER_S,
    TARGETS_SEEN = 3,
    UUID_LEN = 36,
    USUAL_FPS = 30, /* where a profile tells none */
    BPS_PER_KBPS = 1000,
    MS_PER_S = 1000,
};

static void enter(struct sl_broadcast *broadcast, enum sl_broadcast_state state)
{
    const struct sl_config *config = broadcast->broadcasts->config.config;

    broadcast->state = state;
    switch (state) {
    case IDLE:
    case STARTING:
    case RUNNING:
    case REFUSED:
        break;
    case PAUSED:
        if (broadcast->deadline_us == 0)
            broadcast->deadline_us = sl_now_us() + config->hls_end_wait_ms * SL_US_PER_MS;
        break;
    case OVER:
        broadcast->deadline_us = sl_now_us() + OVER_US;
        break;
    }
}

/* ---- Making and removing ---- */

static void broadcast_free(struct sl_broadcast *broadcast)
{
    sl_list_remove(&broadcast->link);
    sl_hls_viewers_deinit(&broadcast->viewers);
    sl_hls_window_destroy(broadcast->window);
    free(broadcast->name);
    free(broadcast->source);
    free(broadcast);
}

static void on_idle(void *owner)
{
    struct sl_broadcast *broadcast = owner;
    struct sl_broadcasts *broadcasts = broadcast->broadcasts;

    if (!broadcast->removed)
        return;
    broadcast_free(broadcast);
    broadcasts->on_gone(broadcasts);
}

void sl_broadcast_remove(struct sl_broadcast *broadcast, int status, const char *why)
{
    struct sl_broadcasts *broadcasts = broadcast->broadcasts;
    struct sl_visit *visit = broadcast->visit;

    if (broadcast->state != IDLE)
        sl_log(SL_LOG_INFO, &broadcast->scope, "hls: ended: %s", why);
    sl_table_remove(&broadcasts->by_name, &broadcast->node);
    sl_list_remove(&broadcast->link);
    sl_list_append(&broadcasts->removed, &broadcast->link);
    broadcast->removed = true;
    broadcasts->bytes -= broadcast->counted;
    broadcast->counted = 0;
    broadcast->visit = NULL;
    sl_later_cancel(&broadcast->start);
    if (visit)
        broadcasts->config.gate.leave(visit, true);
    sl_broadcast_refuse_waiting(broadcast, status);
    if (sl_list_empty(&broadcasts->all))
        sl_timer_stop(broadcasts->timer);
    if (broadcast->outlet.open == 0)
        broadcast_free(broadcast);
}

/* `<uuid>-<name>-HLS`; of a long name its beginning, as UTF-8. RFC 4122 section 4.4. */
static void draw_id(struct sl_broadcast *broadcast)
{
    static const char end[] = "-HLS";
    uint8_t r[16];
    size_t room = sizeof(broadcast->id) - UUID_LEN - sizeof(end) - 1;
    size_t len = strlen(broadcast->name);

    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)broadcast->name[len] & 0xc0) == 0x80)
            len--;
    }
    sl_random_bytes(r, sizeof(r));
    r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
    r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
    (void)snprintf(broadcast->id, sizeof(broadcast->id),
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x-%.*s%s",
                   r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12],
                   r[13], r[14], r[15], (int)len, broadcast->name, end);
}

/* After each change of the window. */
static void count_bytes(struct sl_broadcast *broadcast)
{
    size_t bytes = sl_hls_window_bytes(broadcast->window);

    broadcast->broadcasts->bytes += bytes - broadcast->counted; /* size_t: also what is less */
    broadcast->counted = bytes;
}

static void make_room(struct sl_broadcast *broadcast);
static void on_start(struct sl_later *later);

static void on_piece(void *owner, struct sl_hls_piece *piece)
{
    struct sl_broadcast *broadcast = owner;
    struct sl_broadcasts *broadcasts = broadcast->broadcasts;

    assert(!broadcast->removed); /* its visit has left */
    if (broadcast->state == STARTING) {
        sl_log(SL_LOG_INFO, &broadcast->scope, "hls: running");
        enter(broadcast, RUNNING);
        broadcast->deadline_us = 0;
    }
    if (piece->last)
        sl_count(broadcasts->config.counters, SL_COUNTER_HLS_SEGMENTS, 1);
    if (piece->last && piece->forced)
        sl_count(broadcasts->config.counters, SL_COUNTER_HLS_FORCED, 1);
    sl_hls_window_add(broadcast->window, piece);
    count_bytes(broadcast);
    make_room(broadcast);
    sl_broadcast_tell_waiting(broadcast, sl_now_us());
    if (sl_hls_window_has_target(broadcast->window))
        sl_hls_outlet_set_target(&broadcast->outlet, sl_hls_window_target_s(broadcast->window));
}

static const struct sl_hls_outlet_ops outlet_ops = {on_piece, on_idle};

static struct sl_variant_want want_of(const struct sl_hls_profile *profile)
{
    uint32_t fps = profile->fps ? profile->fps : USUAL_FPS;

    return (struct sl_variant_want){
        .codec = SL_CODEC_H264,
        .width = profile->width,
        .height = profile->height,
        .bitrate_bps = profile->bitrate_kbps * BPS_PER_KBPS,
        .fps_max = profile->fps,
        .gop_ms = profile->gop * (uint32_t)MS_PER_S / fps,
    };
}

struct sl_broadcast *sl_broadcast_create(struct sl_broadcasts *broadcasts, const char *name,
                                         const char *source, const struct sl_hls_profile *profile)
{
    const struct sl_config *config = broadcasts->config.config;
    struct sl_broadcast *broadcast = sl_new(struct sl_broadcast);
    struct sl_hls_window_config window = {
        .list_size =
            (size_t)(config->hls_low_latency ? config->ll_hls_list_size : config->hls_list_size),
        .hold_size = (size_t)config->hls_hold_segments_size,
        .time_us = config->hls_time_ms * SL_US_PER_MS,
        .part_us = config->hls_low_latency ? config->ll_hls_part_ms * SL_US_PER_MS : 0,
        .extension = config->hls_low_latency ? "m4s" : "ts",
    };

    broadcast->broadcasts = broadcasts;
    broadcast->name = sl_strdup(name);
    broadcast->source = sl_strdup(source);
    broadcast->profile = profile;
    draw_id(broadcast);
    sl_log_scope_init(&broadcast->scope, NULL, "stream", broadcast->name);
    broadcast->created_ms = sl_wall_ms();
    broadcast->requested_us = sl_now_us();
    broadcast->window = sl_hls_window_create(&window);
    sl_list_init(&broadcast->waiting);
    sl_hls_viewers_init(&broadcast->viewers);
    broadcast->start.run = on_start;
    broadcast->outlet = (struct sl_hls_outlet){
        .programs = broadcasts->config.programs,
        .variants = broadcasts->config.variants,
        .control = broadcasts->config.loop,
        .time_us = window.time_us,
        .part_us = window.part_us,
        .ops = &outlet_ops,
        .owner = broadcast,
    };
    if (profile)
        broadcast->outlet.level = want_of(profile);
    broadcast->provider = sl_hls_outlet_provider(&broadcast->outlet);
    if (sl_list_empty(&broadcasts->all))
        sl_timer_start(broadcasts->timer, TICK_MS, TICK_MS);
    sl_list_append(&broadcasts->all, &broadcast->link);
    sl_table_insert(&broadcasts->by_name, &broadcast->node, sl_hash_text(name));
    return broadcast;
}

/* ---- Memory ---- */

/* Who brings the bound to break gives way: what is not listed any more first. */
static void make_room(struct sl_broadcast *broadcast)
{
    struct sl_broadcasts *broadcasts = broadcast->broadcasts;
    size_t max = (size_t)broadcasts->config.config->hls_memory_max_mb * MIB;

    while (broadcasts->bytes > max) {
        if (!sl_hls_window_drop(broadcast->window))
            return;
        count_bytes(broadcast);
    }
}

/* ---- At the gate ---- */

/* Of a visit that is no more: what who waits is told. */
static int status_of(enum sl_reason reason)
{
    switch (reason) {
    case SL_REASON_NO_STREAM:
    case SL_REASON_NOT_READY:
    case SL_REASON_NO_SOURCE:
    case SL_REASON_PUBLISHER_END:
    case SL_REASON_OPERATOR:
    case SL_REASON_NO_CODECS:
    case SL_REASON_ERROR:
        return NOT_FOUND;
    case SL_REASON_FORBIDDEN:
    case SL_REASON_REFUSED:
    case SL_REASON_RESTRICTED:
        return UNAUTHORIZED;
    default:
        return UNAVAILABLE; /* a bound, or the server's end */
    }
}

static void on_end(void *owner, const struct sl_why *why)
{
    struct sl_broadcast *broadcast = owner;
    struct sl_broadcasts *broadcasts = broadcast->broadcasts;
    int status = status_of(why->reason);
    bool pausing = broadcast->deadline_us > 0; /* it was back for a moment only */

    broadcast->visit = NULL;
    if (status == UNAVAILABLE)
        sl_count(broadcasts->config.counters, SL_COUNTER_HLS_REFUSED, 1);
    if (why->reason == SL_REASON_FORBIDDEN) {
        enter(broadcast, REFUSED);
        sl_broadcast_refuse_waiting(broadcast, UNAUTHORIZED);
    } else if (pausing || (why->reason == SL_REASON_PUBLISHER_END &&
                           sl_hls_window_count(broadcast->window) > 0)) {
        sl_hls_window_break(broadcast->window);
        count_bytes(broadcast); /* what was open is joined */
        enter(broadcast, PAUSED);
        sl_broadcast_tell_waiting(broadcast, sl_now_us());
    } else {
        sl_broadcast_remove(broadcast, status, why->words ? why->words : "it may not be");
    }
}

static void start(struct sl_broadcast *broadcast, const struct sl_broadcast_viewer *viewer)
{
    static const struct sl_broadcast_viewer nobody;
    const struct sl_gate *gate = &broadcast->broadcasts->config.gate;
    const struct sl_gate_request request = {
        .remote = viewer ? &viewer->remote : &nobody.remote,
        .local = viewer ? &viewer->local : &nobody.local,
        .name = broadcast->source,
        .id = broadcast->id,
        .unasked = true,
        .unpermitted = !broadcast->broadcasts->config.config->hls_auth_enabled,
        .provider = &broadcast->provider,
        .on_end = on_end,
        .owner = broadcast,
    };

    assert(!broadcast->visit);
    if (viewer)
        broadcast->viewer = *viewer;
    enter(broadcast, STARTING);
    broadcast->visit = gate->enter(gate->arg, &request);
}

void sl_broadcast_want(struct sl_broadcast *broadcast, const struct sl_broadcast_viewer *viewer)
{
    broadcast->requested_us = sl_now_us();
    sl_hls_viewers_note(&broadcast->viewers, &viewer->remote, broadcast->requested_us);
    if (broadcast->state == IDLE)
        start(broadcast, viewer);
}

void sl_broadcast_start(struct sl_broadcast *broadcast)
{
    broadcast->requested_us = sl_now_us();
    if (broadcast->state == IDLE)
        start(broadcast, NULL);
}

void sl_broadcast_terminate(struct sl_broadcast *broadcast)
{
    sl_broadcast_remove(broadcast, NOT_FOUND, "by an operator");
}

/* ---- Time ---- */

static bool is_unwanted(const struct sl_broadcast *broadcast, int64_t now_us)
{
    const struct sl_config *config = broadcast->broadcasts->config.config;
    int64_t timeout_us = config->hls_manager_provider_timeout * SL_US_PER_S;

    if (!sl_list_empty(&broadcast->waiting) ||
        (config->hls_auto_start && (broadcast->state == STARTING || broadcast->state == RUNNING)))
        return false;
    return now_us - broadcast->requested_us >= timeout_us;
}

void sl_broadcast_check(struct sl_broadcast *broadcast, int64_t now_us)
{
    if (is_unwanted(broadcast, now_us)) {
        sl_broadcast_remove(broadcast, NOT_FOUND, "nobody asks for it");
    } else if (broadcast->state == PAUSED && now_us >= broadcast->deadline_us) {
        enter(broadcast, OVER);
        sl_broadcast_tell_waiting(broadcast, now_us);
    } else if (broadcast->state == OVER && now_us >= broadcast->deadline_us) {
        sl_broadcast_remove(broadcast, NOT_FOUND, "its publisher has not come back");
    } else {
        sl_broadcast_tell_waiting(broadcast, now_us);
    }
}

static void on_start(struct sl_later *later)
{
    struct sl_broadcast *broadcast = sl_container_of(later, struct sl_broadcast, start);

    if (broadcast->state == PAUSED || broadcast->state == IDLE)
        start(broadcast, NULL);
}

void sl_broadcast_start_later(struct sl_broadcast *broadcast)
{
    sl_loop_later(broadcast->broadcasts->config.loop, &broadcast->start);
}

/* ---- What there is to know of one ---- */

const char *sl_broadcast_id(const struct sl_broadcast *broadcast)
{
    return broadcast->id;
}

const char *sl_broadcast_name(const struct sl_broadcast *broadcast)
{
    return broadcast->name;
}

const char *sl_broadcast_level(const struct sl_broadcast *broadcast)
{
    return broadcast->profile ? broadcast->profile->name : "";
}

int64_t sl_broadcast_created_ms(const struct sl_broadcast *broadcast)
{
    return broadcast->created_ms;
}

bool sl_broadcast_has_begun(const struct sl_broadcast *broadcast)
{
    return broadcast->state != IDLE;
}

size_t sl_broadcast_waiting(const struct sl_broadcast *broadcast)
{
    const struct sl_list *link;
    size_t count = 0;

    for (link = broadcast->waiting.next; link != &broadcast->waiting; link = link->next)
        count++;
    return count;
}

size_t sl_broadcast_viewers(struct sl_broadcast *broadcast)
{
    int64_t target_us = broadcast->outlet.time_us;

    if (sl_hls_window_has_target(broadcast->window))
        target_us = sl_hls_window_target_s(broadcast->window) * SL_US_PER_S;
    int64_t span_us = TARGETS_SEEN * target_us;
    return sl_hls_viewers_count(&broadcast->viewers, sl_now_us() - span_us);
}

char *sl_broadcast_write(struct sl_broadcast *broadcast, const char *query, size_t *len)
{
    return sl_hls_window_write(broadcast->window, query, broadcast->state == OVER, len);
}

struct sl_hls_window *sl_broadcast_window(struct sl_broadcast *broadcast)
{
    return broadcast->window;
}
