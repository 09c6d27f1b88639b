/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Channels. A channel closes when its last reference is gone, and is freed when its sources have
 * closed; so does the variant that its pictures are.
 *
 *   pictures, sound --units--> pending --every GATHER_MS--> takers
 *
 * H264 that turns out to have B pictures is exchanged for a variant on the way, as the players of
 * MSE show each picture as it comes.
 */
#include "mse/channel.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/mem.h"
#include "base/random.h"
#include "net/net.h"
#include "stream/stream.h"

#include <assert.h>
#include <errno.h>

enum {
    GATHER_MS = 30, /* a write for each player costs more than what is in it */
    PENDING_MAX = 64,
    SYNC_US = 5 * SL_US_PER_S, /* "every few seconds" (14.3) */
    SILENCE_MAX_US = 5 * SL_US_PER_S,
    EPOCH_US = 10 * (int)SL_US_PER_S, /* before now: what comes was captured earlier */
};

struct sl_mse_channel {
    struct sl_mse_channels *channels;
    struct sl_list link;
    struct sl_mse_channel_want want; /* stream NULL: it has ended */
    size_t refs;
    bool over; /* takes no new players: it is closing, or has failed */
    struct sl_list takers;
    struct sl_stream_listener source_listener, variant_listener;
    struct sl_later failed; /* what comes cannot be sent any more: */
    enum sl_reason why;

    struct sl_variant *variant; /* NULL: none */
    struct sl_mse_pictures *pictures;
    struct sl_mse_sound *sound;
    /* Those that were exchanged for the variant's; closing. */
    struct sl_mse_pictures *former;
    unsigned open; /* sources that have not closed */

    int64_t epoch_us;
    uint32_t ssrcs[2];
    int64_t synced_us;
    struct sl_mse_unit pending[PENDING_MAX]; /* with references */
    size_t pending_count;
    bool lost; /* some are missing in front of those pending */
    struct sl_timer *gather_timer;
};

/* ---- Units to players ---- */

static void drop_pending(struct sl_mse_channel *channel)
{
    for (size_t i = 0; i < channel->pending_count; i++)
        sl_blob_unref(channel->pending[i].message);
    channel->pending_count = 0;
    channel->lost = false;
}

static void hand_out(struct sl_mse_channel *channel)
{
    struct sl_mse_taker *taker;

    sl_timer_stop(channel->gather_timer);
    sl_list_foreach(taker, &channel->takers, struct sl_mse_taker, link)
        taker->ops->on_units(taker->owner, channel->pending, channel->pending_count, channel->lost);
    drop_pending(channel);
}

static void on_gathered(void *owner)
{
    hand_out(owner);
}

static void append(struct sl_mse_channel *channel, const struct sl_mse_unit *unit)
{
    if (channel->pending_count == 0)
        sl_timer_start(channel->gather_timer, GATHER_MS, 0);
    channel->pending[channel->pending_count] = *unit;
    sl_blob_ref(unit->message);
    if (++channel->pending_count == PENDING_MAX)
        hand_out(channel);
}

/* ---- Clocks of WSPlayer ---- */

static struct sl_blob *build_sync(const struct sl_mse_channel *channel, enum sl_media_kind kind)
{
    const struct sl_wsplayer_stamp stamp = {
        channel->ssrcs[kind], sl_wsplayer_rtp_time(kind, sl_now_us() - channel->epoch_us)};

    return sl_wsplayer_build_sync(&stamp, sl_wall_ms());
}

static void append_syncs(struct sl_mse_channel *channel, int64_t time_us)
{
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_mse_unit unit = {
            .message = build_sync(channel, kind), .kind = kind, .time_us = time_us};
        if (channel->want.flows[kind] && unit.message)
            append(channel, &unit);
        sl_blob_unref(unit.message);
    }
}

static void keep_synced(struct sl_mse_channel *channel, int64_t time_us)
{
    int64_t now_us = sl_now_us();

    if (channel->want.player != SL_MSE_WSPLAYER || now_us - channel->synced_us < SYNC_US)
        return;
    channel->synced_us = now_us;
    append_syncs(channel, time_us);
}

size_t sl_mse_channel_prelude(struct sl_mse_channel *channel, int64_t time_us,
                              struct sl_blob *out[SL_MSE_PRELUDE_MAX])
{
    size_t count = 0;

    if (channel->want.player == SL_MSE_MSE) {
        out[0] = channel->sound ? sl_mse_sound_config(channel->sound, time_us) : NULL;
        return out[0] ? 1 : 0;
    }
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        struct sl_blob *sync = channel->want.flows[kind] ? build_sync(channel, kind) : NULL;
        if (sync)
            out[count++] = sync;
    }
    return count;
}

struct sl_blob *sl_mse_channel_lead(struct sl_mse_channel *channel, const struct sl_mse_unit *unit,
                                    int64_t time_us)
{
    struct sl_mse_lead lead = {.time_us = time_us};

    if (channel->want.player != SL_MSE_MSE)
        return NULL;
    if (unit->kind == SL_VIDEO)
        lead.picture = unit->message;
    if (channel->sound)
        sl_mse_sound_tell_silence(channel->sound, &lead);
    return sl_mse_build_lead(&lead);
}

struct sl_blob *sl_mse_channel_silence(struct sl_mse_channel *channel, int64_t time_us,
                                       int64_t until_us)
{
    if (channel->want.player == SL_MSE_WSPLAYER || until_us - time_us > SILENCE_MAX_US)
        return NULL;
    return sl_mse_sound_silence(channel->sound, time_us, until_us);
}

/* ---- Units from sources ---- */

static void on_units(void *owner, const struct sl_mse_unit *units, size_t count, bool lost)
{
    struct sl_mse_channel *channel = owner;

    if (channel->over)
        return;
    channel->lost |= lost;
    for (size_t i = 0; i < count; i++)
        append(channel, &units[i]);
    keep_synced(channel, count > 0 ? units[count - 1].time_us : 0);
}

static void free_channel(struct sl_mse_channel *channel)
{
    struct sl_mse_channels *channels = channel->channels;

    sl_mse_pictures_destroy(channel->former);
    sl_mse_pictures_destroy(channel->pictures);
    sl_mse_sound_destroy(channel->sound);
    sl_variant_release(channel->variant);
    sl_timer_destroy(channel->gather_timer);
    sl_list_remove(&channel->link);
    free(channel);
    if (sl_list_empty(&channels->channels))
        channels->on_empty(channels->owner);
}

static void on_source_closed(void *owner)
{
    struct sl_mse_channel *channel = owner;

    channel->open--;
    if (channel->open == 0 && channel->refs == 0)
        free_channel(channel);
}

static const struct sl_mse_source_ops source_ops = {on_units, on_source_closed};

static struct sl_mse_source_config source_config(struct sl_mse_channel *channel,
                                                 enum sl_media_kind kind)
{
    struct sl_stream *stream = channel->want.stream;

    if (kind == SL_VIDEO && channel->variant)
        stream = sl_variant_stream(channel->variant);
    return (struct sl_mse_source_config){
        .player = channel->want.player,
        .stream = stream,
        .control = channel->channels->config.control,
        .epoch_us = channel->epoch_us,
        .ssrc = channel->ssrcs[kind],
        .ops = &source_ops,
        .owner = channel,
    };
}

static void open_pictures(struct sl_mse_channel *channel)
{
    const struct sl_mse_source_config config = source_config(channel, SL_VIDEO);

    channel->pictures = sl_mse_pictures_create(&config, channel->channels->config.pool);
    channel->open++;
}

static void open_sound(struct sl_mse_channel *channel)
{
    const struct sl_mse_source_config config = source_config(channel, SL_AUDIO);

    channel->sound = sl_mse_sound_create(&config, channel->channels->config.programs);
    channel->open++;
}

/* ---- What is made of the stream ---- */

static enum sl_reason reason_of(int err)
{
    return err == -EBUSY ? SL_REASON_NO_TRANSCODERS : SL_REASON_ERROR;
}

/* Each taker's end may take it, and the channel's last reference, away. */
static void fail_takers(struct sl_mse_channel *channel, enum sl_reason reason)
{
    struct sl_mse_taker *taker;

    channel->refs++;
    while ((taker = sl_list_first(&channel->takers, struct sl_mse_taker, link))) {
        sl_list_remove(&taker->link);
        taker->ops->on_failed(taker->owner, reason);
    }
    sl_mse_channel_release(channel);
}

/* Of the source's end the players hear by themselves. */
static void on_variant_end(struct sl_stream_listener *listener)
{
    struct sl_mse_channel *channel =
        sl_container_of(listener, struct sl_mse_channel, variant_listener);
    int why = sl_variant_why(channel->variant);

    channel->over = true;
    if (why < 0)
        fail_takers(channel, reason_of(why));
}

static void use_variant(struct sl_mse_channel *channel, struct sl_variant *variant)
{
    channel->variant = variant;
    channel->variant_listener.on_end = on_variant_end;
    sl_stream_listen(sl_variant_stream(variant), &channel->variant_listener);
}

/* A variant takes the place of pictures that are sent as they are published. */
static int go_over(struct sl_mse_channel *channel)
{
    struct sl_variant *variant;

    if (channel->over || channel->variant || !channel->pictures)
        return 0;
    int err = sl_variant_take(channel->channels->config.variants, channel->want.stream,
                              &channel->want.pictures, &variant);
    if (err < 0)
        return err;
    channel->want.made = true;
    use_variant(channel, variant);
    channel->former = channel->pictures;
    sl_mse_pictures_close(channel->former);
    open_pictures(channel);
    channel->lost = true; /* what was sent is no reference for what comes */
    return 0;
}

static void on_reordered(struct sl_stream_listener *listener)
{
    /* Jumping pictures are better than none, and who comes later is told. */
    (void)go_over(sl_container_of(listener, struct sl_mse_channel, source_listener));
}

static void on_failed(struct sl_later *later)
{
    struct sl_mse_channel *channel = sl_container_of(later, struct sl_mse_channel, failed);

    fail_takers(channel, channel->why);
}

static void on_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct sl_mse_channel *channel =
        sl_container_of(listener, struct sl_mse_channel, source_listener);

    if (kind == SL_AUDIO || channel->over || channel->variant || !channel->pictures ||
        sl_stream_codec(channel->want.stream, kind) == channel->want.pictures.codec)
        return;
    int err = channel->channels->config.config->transcoding_disabled ? -EPERM : go_over(channel);
    if (err == 0)
        return;
    channel->why = err == -EPERM ? SL_REASON_TRANSCODING : reason_of(err);
    /* Others who listen to the stream must not go from within. */
    sl_loop_later(channel->channels->config.control, &channel->failed);
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    struct sl_mse_channel *channel =
        sl_container_of(listener, struct sl_mse_channel, source_listener);

    channel->over = true;
    channel->want.stream = NULL;
}

/* ---- Life ---- */

static bool can_be_reordered(const struct sl_mse_channel *channel)
{
    const struct sl_config *config = channel->channels->config.config;

    return channel->pictures && !channel->variant && config->b_frames_force_transcoding &&
           !config->transcoding_disabled;
}

static struct sl_mse_channel *create(struct sl_mse_channels *channels,
                                     const struct sl_mse_channel_want *want,
                                     struct sl_variant *variant)
{
    struct sl_mse_channel *channel = sl_new(struct sl_mse_channel);

    channel->channels = channels;
    channel->want = *want;
    channel->epoch_us = sl_now_us() - EPOCH_US;
    channel->synced_us = sl_now_us();
    channel->ssrcs[SL_AUDIO] = sl_random_u32();
    channel->ssrcs[SL_VIDEO] = channel->ssrcs[SL_AUDIO] + 1;
    channel->gather_timer = sl_timer_create(channels->config.control, on_gathered, channel);
    sl_list_init(&channel->takers);
    if (variant)
        use_variant(channel, variant);
    if (want->flows[SL_VIDEO])
        open_pictures(channel);
    if (want->flows[SL_AUDIO])
        open_sound(channel);
    channel->source_listener.on_end = on_stream_end;
    channel->source_listener.on_reordered = can_be_reordered(channel) ? on_reordered : NULL;
    channel->source_listener.on_codec = on_codec;
    channel->failed.run = on_failed;
    sl_stream_listen(want->stream, &channel->source_listener);
    sl_list_append(&channels->channels, &channel->link);
    return channel;
}

static struct sl_mse_channel *find(struct sl_mse_channels *channels,
                                   const struct sl_mse_channel_want *want,
                                   const struct sl_variant *variant)
{
    struct sl_mse_channel *channel;

    sl_list_foreach(channel, &channels->channels, struct sl_mse_channel, link)
    {
        if (!channel->over && channel->want.stream == want->stream &&
            channel->want.player == want->player && channel->variant == variant &&
            channel->want.flows[SL_AUDIO] == want->flows[SL_AUDIO] &&
            channel->want.flows[SL_VIDEO] == want->flows[SL_VIDEO])
            return channel;
    }
    return NULL;
}

int sl_mse_channel_get(struct sl_mse_channels *channels, const struct sl_mse_channel_want *want,
                       struct sl_mse_channel **out)
{
    struct sl_variant *variant = NULL;
    int err =
        want->flows[SL_VIDEO] && want->made
            ? sl_variant_take(channels->config.variants, want->stream, &want->pictures, &variant)
            : 0;

    if (err < 0)
        return err;
    struct sl_mse_channel *channel = find(channels, want, variant);
    if (channel)
        sl_variant_release(variant); /* it has its own reference */
    else
        channel = create(channels, want, variant);
    channel->refs++;
    *out = channel;
    return 0;
}

void sl_mse_channel_release(struct sl_mse_channel *channel)
{
    if (!channel)
        return;
    assert(channel->refs > 0);
    if (--channel->refs > 0)
        return;
    channel->over = true;
    sl_later_cancel(&channel->failed);
    sl_timer_stop(channel->gather_timer);
    drop_pending(channel);
    sl_stream_unlisten(&channel->source_listener);
    sl_stream_unlisten(&channel->variant_listener);
    sl_mse_pictures_close(channel->pictures); /* one of them is there: free_channel() follows */
    sl_mse_sound_close(channel->sound);
}

void sl_mse_channel_attach(struct sl_mse_channel *channel, struct sl_mse_taker *taker)
{
    sl_list_append(&channel->takers, &taker->link);
}

void sl_mse_channel_detach(struct sl_mse_taker *taker)
{
    sl_list_remove(&taker->link);
}

void sl_mse_channel_request_keyframe(struct sl_mse_channel *channel)
{
    if (channel->pictures)
        sl_mse_pictures_request_keyframe(channel->pictures);
}

struct sl_variant *sl_mse_channel_variant(struct sl_mse_channel *channel)
{
    return channel->variant;
}
