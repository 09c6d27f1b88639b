/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One playback: from its answer to its socket, and what is sent there. */
#include "mse/internal.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/metrics.h"

#include <string.h>

enum {
    NORMAL = 1000,                          /* RFC 6455 section 7.4.1 */
    SOCKET_WAIT_US = 10 * (int)SL_US_PER_S, /* media-outputs.md 7 */
    STALLED_US = 15 * (int)SL_US_PER_S,
    KEYFRAME_REPEAT_US = SL_US_PER_S,
    UNSENT_MAX = 65536, /* that the kernel holds: a tenth of a second, as a rule */
    SPARE_LEN = 4096,   /* for pongs, beside what may wait of media */
    MESSAGES_MAX = 64,  /* at once */
};

/* ---- What goes out ---- */

static struct sl_mse_queue_limits limits_of(const struct sl_medium *medium)
{
    const struct sl_config *config = mse_config(medium->mse)->config;

    return (struct sl_mse_queue_limits){(size_t)config->mse_queue_max,
                                        config->mse_queue_ms * SL_US_PER_MS};
}

static void ask_for_keyframe(struct sl_medium *medium, int64_t now_us)
{
    medium->asked_us = now_us;
    sl_mse_channel_request_keyframe(medium->channel);
}

/* A ping waits in the place of what was dropped: when it leaves, the client reads again, and a key
 * frame is asked for; before, nobody else is to be bothered. */
static void drop(struct sl_medium *medium, int64_t now_us)
{
    struct sl_ws *ws = medium->socket->ws;

    sl_ws_drop_queue(ws);
    (void)sl_ws_ping(ws); /* on_close tells */
    sl_mse_queue_drop(&medium->queue, sl_ws_queued_bytes(ws), now_us);
    sl_count(mse_config(medium->mse)->counters, SL_COUNTER_MSE_DROPS, 1);
    if (!medium->queue.blocked)
        ask_for_keyframe(medium, now_us);
}

/* What is sent together. */
struct parcel {
    struct sl_blob *messages[MESSAGES_MAX]; /* references */
    size_t count, len;
};

/* Takes the reference. */
static void put(struct parcel *parcel, struct sl_blob *message)
{
    parcel->messages[parcel->count++] = message;
    parcel->len += message->len;
}

static void send_parcel(struct sl_medium *medium, struct parcel *parcel, int64_t now_us)
{
    const struct sl_mse_queue_limits limits = limits_of(medium);
    struct sl_ws *ws = medium->socket->ws;

    if (parcel->count > 0 && !sl_mse_queue_is_over(&medium->queue, &limits, parcel->len, now_us)) {
        sl_mse_queue_add(&medium->queue, parcel->len, now_us);
        (void)sl_ws_send_messages(ws, parcel->messages, parcel->count); /* on_close tells */
    } else if (parcel->count > 0) {
        drop(medium, now_us);
    }
    for (size_t i = 0; i < parcel->count; i++)
        sl_blob_unref(parcel->messages[i]);
    *parcel = (struct parcel){.count = 0};
}

static void count_unit(struct sl_medium *medium, const struct sl_mse_unit *unit)
{
    medium->sent.bytes[unit->kind] += unit->message->len;
    medium->sent.pictures += unit->kind == SL_VIDEO;
}

/* The SDK's player for ever waits for a beginning in which sound and pictures are less than a
 * tenth of a second apart, unless a picture happens to lie right before the sound. */
static void put_silence(struct sl_medium *medium, struct parcel *parcel,
                        const struct sl_mse_unit *unit, int64_t by_us)
{
    struct sl_blob *silence = sl_mse_channel_silence(
        medium->channel, medium->queue.begin_us + by_us, unit->time_us + by_us);

    medium->silent = false;
    if (silence)
        put(parcel, silence);
}

/* Only once: what goes on after a gap is on the player's clock already. */
static struct sl_blob *begin(struct sl_medium *medium, const struct sl_mse_unit *unit)
{
    struct sl_blob *lead =
        sl_mse_channel_lead(medium->channel, unit, unit->time_us + SL_MSE_AHEAD_US);

    medium->begun = true;
    medium->led = lead != NULL;
    medium->led_us = unit->time_us;
    return lead;
}

static int64_t ahead_us(const struct sl_medium *medium, const struct sl_mse_unit *unit)
{
    return medium->led ? sl_mse_ahead_us(unit->time_us - medium->led_us) : 0;
}

/* The same for all players, as a rule; in the first seconds, each one's own. */
static struct sl_blob *message_of(const struct sl_mse_unit *unit, int64_t by_us)
{
    return by_us > 0 ? sl_mse_build_later(unit->message, by_us) : sl_blob_ref(unit->message);
}

static void put_unit(struct sl_medium *medium, struct parcel *parcel,
                     const struct sl_mse_unit *unit, int64_t now_us)
{
    struct sl_blob *prelude[SL_MSE_PRELUDE_MAX], *lead = NULL;

    if (parcel->count + SL_MSE_PRELUDE_MAX + 3 > MESSAGES_MAX)
        send_parcel(medium, parcel, now_us); /* which may drop what the unit goes on from */
    bool ran = medium->queue.runs;
    if (!sl_mse_queue_takes(&medium->queue, unit))
        return;
    medium->silent |= !ran;
    if (!medium->begun)
        lead = begin(medium, unit);
    int64_t by_us = ahead_us(medium, unit);
    size_t count =
        ran ? 0 : sl_mse_channel_prelude(medium->channel, unit->time_us + by_us, prelude);
    for (size_t i = 0; i < count; i++)
        put(parcel, prelude[i]);
    if (lead)
        put(parcel, lead);
    if (medium->silent && unit->kind == SL_AUDIO)
        put_silence(medium, parcel, unit, by_us);
    struct sl_blob *message = message_of(unit, by_us);
    if (message) {
        put(parcel, message);
    } else {
        medium->queue.runs = false; /* nothing could go on from what was left out */
        ask_for_keyframe(medium, now_us);
    }
    count_unit(medium, unit);
}

/* What has left since. */
static void look_at_queue(struct sl_medium *medium, int64_t now_us)
{
    bool was_blocked = medium->queue.blocked;

    sl_mse_queue_update(&medium->queue, sl_ws_queued_bytes(medium->socket->ws), now_us);
    if (was_blocked && !medium->queue.blocked)
        ask_for_keyframe(medium, now_us);
}

static void on_units(void *owner, const struct sl_mse_unit *units, size_t count, bool lost)
{
    struct sl_medium *medium = owner;
    struct parcel parcel = {.count = 0};
    int64_t now_us = sl_now_us();

    if (!medium->socket || medium->socket->closing)
        return;
    look_at_queue(medium, now_us);
    if (lost && medium->queue.runs) {
        medium->queue.runs = false;
        ask_for_keyframe(medium, now_us);
    }
    for (size_t i = 0; i < count; i++)
        put_unit(medium, &parcel, &units[i], now_us);
    send_parcel(medium, &parcel, now_us);
    if (!medium->flows && medium->queue.runs) {
        medium->flows = true;
        medium->ops->on_state(medium->owner, SL_MEDIUM_FLOWS, SL_REASON_NONE);
    }
}

/* ---- The end ---- */

static void fail(struct sl_medium *medium, enum sl_reason reason)
{
    if (medium->failed)
        return;
    medium->failed = true;
    medium->ops->on_state(medium->owner, SL_MEDIUM_FAILED, reason);
}

static void on_failed(void *owner, enum sl_reason reason)
{
    fail(owner, reason);
}

static void on_socket_lost(struct sl_medium *medium)
{
    medium->socket = NULL;
    fail(medium, SL_REASON_ERROR);
}

static const char *why_over(struct sl_medium *medium, int64_t now_us)
{
    if (!medium->socket)
        return medium->told && now_us - medium->told_us > SOCKET_WAIT_US ? "no media socket came"
                                                                         : NULL;
    look_at_queue(medium, now_us);
    return sl_mse_queue_stalled_us(&medium->queue, now_us) > STALLED_US ? "the client reads nothing"
                                                                        : NULL;
}

void sl_viewer_tick(struct sl_medium *medium, int64_t now_us)
{
    const char *why = why_over(medium, now_us);

    if (why) {
        sl_log(SL_LOG_INFO, &medium->log, "%s", why);
        fail(medium, SL_REASON_ERROR);
    } else if (medium->socket && medium->queue.has_pictures && !medium->queue.runs &&
               !medium->queue.blocked && now_us - medium->asked_us > KEYFRAME_REPEAT_US) {
        ask_for_keyframe(medium, now_us);
    }
}

static void on_closed(struct sl_later *later)
{
    struct sl_medium *medium = sl_container_of(later, struct sl_medium, closed);
    const struct sl_medium_ops *ops = medium->ops;
    void *told = medium->owner;

    free(medium->session_id);
    free(medium->answer);
    free(medium);
    ops->on_closed(told);
}

void sl_viewer_close(struct sl_medium *medium)
{
    sl_list_remove(&medium->link);
    sl_mse_channel_detach(&medium->taker);
    sl_mse_channel_release(medium->channel);
    medium->channel = NULL;
    if (medium->socket)
        sl_media_socket_close(medium->socket, NORMAL, "");
    medium->socket = NULL;
    medium->closed.run = on_closed;
    sl_loop_later(mse_config(medium->mse)->control, &medium->closed);
}

/* ---- The beginning ---- */

static const struct sl_mse_taker_ops taker_ops = {on_units, on_failed};

struct sl_medium *sl_viewer_create(struct sl_mse *mse, const struct sl_medium_request *request,
                                   struct sl_mse_channel *channel, bool has_pictures, char *answer)
{
    struct sl_medium *medium = sl_new(struct sl_medium);

    medium->mse = mse;
    medium->ops = request->ops;
    medium->owner = request->owner;
    medium->log = *request->log;
    medium->session_id = sl_strdup(request->session_id);
    medium->answer = answer;
    medium->channel = channel;
    medium->taker.ops = &taker_ops;
    medium->taker.owner = medium;
    medium->queue.has_pictures = has_pictures;
    sl_list_append(&mse->media, &medium->link);
    sl_mse_channel_attach(channel,
                          &medium->taker); /* its failure is for those without a socket, too */
    return medium;
}

void sl_viewer_start(struct sl_medium *medium)
{
    struct media_socket *socket = sl_media_socket_find(medium->mse, medium->session_id);

    free(medium->answer);
    medium->answer = NULL;
    medium->told = true;
    medium->told_us = sl_now_us();
    if (socket)
        sl_viewer_bind(medium, socket);
}

struct sl_medium *sl_viewer_find_waiting(struct sl_mse *mse, const char *session_id)
{
    struct sl_medium *medium;

    sl_list_foreach(medium, &mse->media, struct sl_medium, link)
    {
        if (medium->told && !medium->socket && !medium->failed &&
            strcmp(medium->session_id, session_id) == 0)
            return medium;
    }
    return NULL;
}

void sl_viewer_bind(struct sl_medium *medium, struct media_socket *socket)
{
    size_t max = (size_t)mse_config(medium->mse)->config->mse_queue_max;

    medium->socket = socket;
    sl_media_socket_bind(socket, medium, on_socket_lost);
    sl_ws_set_queue_max(socket->ws, max + SPARE_LEN, UNSENT_MAX);
    medium->sampled_us = sl_now_us();
    medium->asked_us = medium->sampled_us;
    sl_mse_channel_request_keyframe(medium->channel);
}

/* ---- Figures ---- */

static uint64_t per_second(uint64_t now, uint64_t then, int64_t passed_us)
{
    return (now - then) * SL_US_PER_S / (uint64_t)passed_us;
}

bool sl_viewer_figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out)
{
    int64_t passed_us = now_us - medium->sampled_us;

    if (medium->sampled_us == 0 || passed_us <= 0)
        return false;
    *out = (struct sl_medium_figures){
        .audio_bps = 8 * per_second(medium->sent.bytes[SL_AUDIO], medium->sampled.bytes[SL_AUDIO],
                                    passed_us),
        .video_bps = 8 * per_second(medium->sent.bytes[SL_VIDEO], medium->sampled.bytes[SL_VIDEO],
                                    passed_us),
        .video_fps = per_second(medium->sent.pictures, medium->sampled.pictures, passed_us),
        .video_flows = medium->sent.pictures > medium->sampled.pictures,
    };
    medium->sampled = medium->sent;
    medium->sampled_us = now_us;
    return true;
}
