/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interfaces: playbacks begin, sockets are taken, and all of it stops. */
#include "mse/internal.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "mse/offer.h"
#include "sdp/sdp.h"
#include "stream/stream.h"

#include <errno.h>

enum {
    TICK_MS = 500,
    /* What the decoder of WSPlayer bears (media-outputs.md 7). */
    WSPLAYER_WIDTH_MAX = 1280,
    WSPLAYER_HEIGHT_MAX = 720,
    WSPLAYER_FPS_MAX = 30,
};

/* ---- What of the stream, and in which form ---- */

static bool asks_for_a_form(const struct sl_medium_request *request)
{
    return request->width > 0 || request->height > 0 || request->bitrate_kbps > 0 ||
           request->quality > 0;
}

/* Pictures are not to be sent as they are published (media-outputs.md 2.1). */
static bool must_be_made(const struct side *side, const struct sl_medium_request *request)
{
    const struct sl_config *config = mse_config(side->mse)->config;

    return sl_stream_codec(request->stream, SL_VIDEO) != sl_mse_codec(side->player, SL_VIDEO) ||
           asks_for_a_form(request) || config->disable_streaming_proxy ||
           (config->b_frames_force_transcoding && sl_stream_is_reordered(request->stream));
}

static uint16_t at_most(uint16_t side, uint16_t max)
{
    return side > max ? max : side;
}

/* Into the largest picture that WSPlayer decodes; smaller ones stay as they are. */
static void fit_wsplayer(struct sl_stream *stream, struct sl_variant_want *want)
{
    uint16_t width = 0, height = 0;

    want->fps_max = WSPLAYER_FPS_MAX;
    if (want->width == 0 && want->height == 0) {
        sl_stream_size(stream, &width, &height);
        if (width <= WSPLAYER_WIDTH_MAX && height <= WSPLAYER_HEIGHT_MAX)
            return;
        want->width = WSPLAYER_WIDTH_MAX;
        want->height = WSPLAYER_HEIGHT_MAX;
    }
    want->width = at_most(want->width, WSPLAYER_WIDTH_MAX);
    want->height = at_most(want->height, WSPLAYER_HEIGHT_MAX);
}

static void choose(const struct side *side, const struct sl_medium_request *request,
                   const bool takes[2], struct sl_mse_channel_want *want)
{
    const struct sl_variant_wish wish = {
        .width = request->width,
        .height = request->height,
        .bitrate_kbps = request->bitrate_kbps,
        .max_bitrate_kbps = request->max_bitrate_kbps,
        .quality = request->quality,
    };

    want->player = side->player;
    want->stream = request->stream;
    want->flows[SL_AUDIO] =
        takes[SL_AUDIO] && sl_mse_sound_is_possible(side->player, request->stream);
    want->flows[SL_VIDEO] =
        takes[SL_VIDEO] && sl_variant_is_possible(sl_stream_codec(request->stream, SL_VIDEO),
                                                  sl_mse_codec(side->player, SL_VIDEO));
    want->made = must_be_made(side, request);
    want->pictures.codec = sl_mse_codec(side->player, SL_VIDEO);
    sl_variant_want_wish(&want->pictures, &wish);
    if (side->player == SL_MSE_WSPLAYER)
        fit_wsplayer(request->stream, &want->pictures);
}

/* ---- Playbacks ---- */

static enum sl_reason reason_of(int err)
{
    switch (-err) {
    case EBUSY:
        return SL_REASON_NO_TRANSCODERS;
    case ENOSYS:
        return SL_REASON_NO_CODECS;
    default:
        return SL_REASON_ERROR;
    }
}

static enum sl_reason set_up(const struct side *side, const struct sl_medium_request *request,
                             const struct sl_sdp *offer, const bool takes[2],
                             struct sl_medium_facts *facts, struct sl_medium **out)
{
    struct sl_mse_channel_want want = {.stream = NULL};
    struct sl_mse_channel *channel;

    choose(side, request, takes, &want);
    if (!want.flows[SL_AUDIO] && !want.flows[SL_VIDEO])
        return SL_REASON_NO_CODECS;
    if (want.flows[SL_VIDEO] && want.made && mse_config(side->mse)->config->transcoding_disabled)
        return SL_REASON_TRANSCODING;
    char *answer = sl_mse_build_answer(offer, side->player, want.flows, request->created_ms);
    int err = answer ? sl_mse_channel_get(&side->mse->channels, &want, &channel) : -ENOMEM;
    if (err < 0) {
        free(answer);
        return reason_of(err);
    }
    struct sl_variant *variant = sl_mse_channel_variant(channel);
    facts->answer = answer;
    if (variant) {
        facts->made[SL_VIDEO] = sl_variant_stream(variant);
        facts->encoders[SL_VIDEO] = sl_variant_encoder(variant);
    }
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        facts->flows[kind] = want.flows[kind];
        facts->codecs[kind] = want.flows[kind] ? sl_mse_codec(side->player, kind) : SL_CODEC_NONE;
    }
    *out = sl_viewer_create(side->mse, request, channel, want.flows[SL_VIDEO], answer);
    return SL_REASON_NONE;
}

static enum sl_reason begin(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out)
{
    const struct side *side = arg;
    struct sl_error error = {.text = ""};
    struct sl_sdp *offer = NULL;
    bool takes[2];
    char quoted[sizeof(error.text) + 32];

    *facts = (struct sl_medium_facts){.stream = NULL};
    *out = NULL;
    if (request->publish)
        return SL_REASON_ERROR; /* neither can */
    if (sl_mse_read_offer(request->offer, side->player, &offer, takes, &error) < 0) {
        sl_log(SL_LOG_INFO, request->log, "offer refused: %s",
               sl_log_quote(quoted, sizeof(quoted), error.text));
        return SL_REASON_BAD_OFFER;
    }
    enum sl_reason reason = set_up(side, request, offer, takes, facts, out);
    sl_sdp_free(offer);
    return reason;
}

static bool uses_tcp(const struct sl_medium *medium)
{
    (void)medium;
    return true;
}

/* ---- Sockets ---- */

static bool take(void *arg, const char *session_id, struct sl_ws *ws)
{
    struct sl_mse *mse = arg;
    struct media_socket *socket = mse->stopping ? NULL : sl_media_socket_take(mse, session_id, ws);
    struct sl_medium *medium = socket ? sl_viewer_find_waiting(mse, session_id) : NULL;

    if (medium)
        sl_viewer_bind(medium, socket);
    return socket != NULL;
}

static void on_tick(void *owner)
{
    struct sl_mse *mse = owner;
    int64_t now_us = sl_now_us();
    struct sl_medium *medium;

    sl_media_sockets_tick(mse, now_us);
    sl_list_foreach(medium, &mse->media, struct sl_medium, link) sl_viewer_tick(medium, now_us);
}

/* ---- All of it ---- */

static void on_stopped(struct sl_later *later)
{
    struct sl_mse *mse = sl_container_of(later, struct sl_mse, stopped);

    mse->on_stopped(mse->on_stopped_owner);
}

static void check_stopped(void *owner)
{
    struct sl_mse *mse = owner;

    if (mse->stopping && sl_list_empty(&mse->channels.channels))
        sl_loop_later(mse_config(mse)->control, &mse->stopped);
}

static void init_side(struct sl_mse *mse, enum sl_mse_player player, const char *name,
                      const char *protocol)
{
    struct side *side = &mse->sides[player];

    side->mse = mse;
    side->player = player;
    side->interface = (struct sl_provider){
        .name = name,
        .protocol = protocol,
        .arg = side,
        .without_rates = true,
        .begin = begin,
        .start = sl_viewer_start,
        .close = sl_viewer_close,
        .figures = sl_viewer_figures,
        .uses_tcp = uses_tcp,
    };
}

struct sl_mse *sl_mse_create(const struct sl_mse_config *config)
{
    struct sl_mse *mse = sl_new(struct sl_mse);

    mse->channels.config = *config;
    mse->channels.on_empty = check_stopped;
    mse->channels.owner = mse;
    sl_list_init(&mse->channels.channels);
    sl_list_init(&mse->media);
    sl_list_init(&mse->sockets);
    init_side(mse, SL_MSE_MSE, "MSE", "websocket");
    init_side(mse, SL_MSE_WSPLAYER, "WSPlayer", "websocket");
    mse->sockets_interface = (struct sl_media_sockets){.arg = mse, .take = take};
    mse->stopped.run = on_stopped;
    mse->tick = sl_timer_create(config->control, on_tick, mse);
    sl_timer_start(mse->tick, TICK_MS, TICK_MS);
    return mse;
}

void sl_mse_stop(struct sl_mse *mse, void (*on_all_stopped)(void *owner), void *owner)
{
    struct media_socket *socket;

    mse->stopping = true;
    mse->on_stopped = on_all_stopped;
    mse->on_stopped_owner = owner;
    sl_list_foreach(socket, &mse->sockets, struct media_socket, link)
        sl_media_socket_close(socket, 1001, ""); /* RFC 6455 section 7.4.1: going away */
    check_stopped(mse);
}

void sl_mse_destroy(struct sl_mse *mse)
{
    if (!mse)
        return;
    sl_later_cancel(&mse->stopped);
    sl_timer_destroy(mse->tick);
    free(mse);
}

const struct sl_provider *sl_mse_provider(const struct sl_mse *mse)
{
    return &mse->sides[SL_MSE_MSE].interface;
}

const struct sl_provider *sl_mse_wsplayer_provider(const struct sl_mse *mse)
{
    return &mse->sides[SL_MSE_WSPLAYER].interface;
}

const struct sl_media_sockets *sl_mse_sockets(const struct sl_mse *mse)
{
    return &mse->sockets_interface;
}
