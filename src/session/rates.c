/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inboundVideoRate and outboundVideoRate: once a second over all streams (websocket-api.md 9.3). */
#include "session/rates.h"
#include "base/clock.h"
#include "session/internal.h"

/* Seconds between two reports in this direction; 0: none. */
static int64_t interval_s(const struct sl_media_session *media)
{
    const struct sl_config *config = media->sessions->config.config;

    return media->publish ? config->inbound_video_rate_stat_send_interval
                          : config->outbound_video_rate_stat_send_interval;
}

/* What the last second brought. False if nothing that could be told: no video flowed. */
static bool sample(struct sl_media_session *media, int64_t now_us)
{
    const struct sl_medium_figures *figures = &media->figures;

    if (!media->provider->figures(media->medium, now_us, &media->figures))
        return false;
    media->video = (struct sl_video_rate){
        .rate_bps = figures->video_bps,
        .fps = figures->video_fps,
        .nack = figures->nack,
        .pli = figures->pli,
        .lost = figures->lost,
        .limit_bps = figures->limit_bps,
        .stands_in = figures->stands_in,
        .smaller = figures->smaller,
        .width = media->width,
        .height = media->height,
    };
    return figures->video_flows;
}

enum { NARROW_TOLD_S = 3 }; /* a moment is nobody's business */

/* Once for each time that a player's link is too narrow: `notEnoughBandwidth`, with what the stream
 * needs and what the link takes (websocket-api.md 9.2). */
static void tell_narrow(struct sl_media_session *media)
{
    const struct sl_medium_figures *figures = &media->figures;
    char text[48];

    if (figures->limit_bps == 0) {
        media->narrow_s = 0;
        media->needed_bps = figures->offered_bps; /* a source may send less at once for its sake */
        return;
    }
    media->sessions->stats.narrow++;
    if (figures->offered_bps > media->needed_bps)
        media->needed_bps = figures->offered_bps;
    if (media->needed_bps <= figures->limit_bps || ++media->narrow_s != NARROW_TOLD_S)
        return;
    (void)snprintf(text, sizeof(text), "%llu/%llu", (unsigned long long)media->needed_bps,
                   (unsigned long long)figures->limit_bps);
    json_t *payload = json_pack("{s:s}", "info", text);
    SL_TELL(media->session, on_stream_event, media, "notEnoughBandwidth", NULL, payload);
    json_decref(payload);
}

static void on_second(void *owner)
{
    struct sl_sessions *sessions = owner;
    int64_t now_us = sl_now_us(), tick = ++sessions->rate_tick;
    struct sl_media_session *media;

    sessions->stats.narrow = 0;

    sl_list_foreach(media, &sessions->media, struct sl_media_session, link)
    {
        if (media->state != SL_MEDIA_PUBLISHING && media->state != SL_MEDIA_PLAYING)
            continue;
        bool flows = sample(media, now_us);
        if (!media->publish)
            tell_narrow(media);
        int64_t interval = interval_s(media);
        if (flows && !media->provider->without_rates && media->has_video && interval > 0 &&
            tick % interval == 0)
            SL_TELL(media->session, on_rate, media, &media->video);
    }
}

/* Runs even when nothing is reported: the figures are shown elsewhere too, and a reload may change
 * it. */
void sl_rates_start(struct sl_sessions *sessions)
{
    sessions->rate_timer = sl_timer_create(sessions->config.loop, on_second, sessions);
    sl_timer_start(sessions->rate_timer, 1000, 1000);
}

void sl_rates_stop(struct sl_sessions *sessions)
{
    sl_timer_destroy(sessions->rate_timer);
    sessions->rate_timer = NULL;
}
