/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which of the sizes that a stream's source sends at once goes over a player's link: the largest
 * that fits. Down at once, where it does not; up by one when the link has shown that it takes that,
 * each time it was too early after a longer wait.
 *
 * Layers are told apart by their bit rates, the last one being what is published.
 */
#include "base/clock.h"
#include "negotiate/internal.h"

enum {
    OVER_PERCENT = 105,     /* of what the link takes: too much, */
    FAR_OVER_PERCENT = 140, /* at the first look; */
    LOOKS = 2,              /* else after these, */
    FITS_PERCENT = 95,      /* for another that is at most so large */
    HOPELESS_PERCENT = 115, /* of the smallest: a variant, or fewer pictures */
    ROOM_PERCENT = 80,      /* of what it takes, which is far more than what it gets */
    WANTED_PERCENT = 105,   /* of the next one's bit rate: headers */
    STAY_US = 4 * SL_US_PER_S,
    STAY_MOST_US = 120 * SL_US_PER_S,
    EARLY_US = 30 * SL_US_PER_S,
};

/* The layers of now, and where among them the player is; -1: at none, it has fallen silent. */
struct view {
    struct sl_stream_layer layers[SL_STREAM_LAYERS_MAX];
    int count, at;
};

static bool look_at_layers(const struct sl_medium *medium, struct view *view)
{
    view->count = (int)sl_stream_layers(medium->narrow.stream, view->layers);
    view->at = medium->layered.layer ? -1 : view->count - 1;
    for (int i = 0; medium->layered.layer && i < view->count; i++) {
        if (view->layers[i].stream == medium->layered.layer)
            view->at = i;
    }
    return view->count > 0;
}

static bool is_over(const struct view *view, int at, uint64_t limit_bps, unsigned percent)
{
    return view->layers[at].bitrate_bps * 100 > limit_bps * (uint64_t)percent;
}

/* The largest that is within so much of the limit; or the smallest. */
static int fitting(const struct view *view, uint64_t limit_bps, unsigned percent)
{
    int at = view->count - 1;

    while (at > 0 && limit_bps > 0 && is_over(view, at, limit_bps, percent))
        at--;
    return at;
}

static void go(struct sl_medium *medium, const struct view *view, int at, int64_t now_us)
{
    struct layered *layered = &medium->layered;
    struct sl_stream *stream = medium->narrow.stream;
    bool up = view->at >= 0 && at > view->at;

    if (up)
        layered->raised_us = now_us;
    else if (layered->raised_us > 0 && now_us - layered->raised_us < EARLY_US)
        layered->stay_us = layered->stay_us < STAY_MOST_US ? layered->stay_us * 2 : STAY_MOST_US;
    else
        layered->stay_us = STAY_US;
    layered->looks = 0;
    layered->since_us = now_us;
    layered->layer = at == view->count - 1 ? NULL : view->layers[at].stream;
    if (layered->layer)
        (void)sl_peer_stand_in(medium->peer, sl_stream_track(layered->layer, SL_VIDEO),
                               view->layers[at + 1].bitrate_bps * WANTED_PERCENT / 100);
    else
        (void)sl_peer_move(medium->peer, SL_VIDEO, sl_stream_track(stream, SL_VIDEO));
    medium->ops->on_made(medium->owner, SL_VIDEO, layered->layer ? layered->layer : stream, NULL);
}

static void look_up(struct sl_medium *medium, const struct view *view, bool has_room,
                    int64_t now_us)
{
    struct layered *layered = &medium->layered;
    int next = view->at + 1 < view->count ? view->at + 1 : view->at;

    if (!layered->layer || !has_room || layered->looks < 0)
        layered->looks = 0;
    if (layered->layer && has_room && ++layered->looks >= LOOKS &&
        now_us - layered->since_us >= layered->stay_us)
        go(medium, view, next, now_us);
}

static void look_down(struct sl_medium *medium, const struct view *view, uint64_t limit_bps,
                      int64_t now_us)
{
    struct layered *layered = &medium->layered;

    layered->looks = layered->looks > 0 ? -1 : layered->looks - 1;
    if (layered->looks <= -LOOKS || is_over(view, view->at, limit_bps, FAR_OVER_PERCENT))
        go(medium, view, fitting(view, limit_bps, FITS_PERCENT), now_us);
}

bool sl_layers_look(struct sl_medium *medium, const struct sl_medium_figures *figures,
                    int64_t now_us)
{
    uint64_t limit_bps = figures->limit_bps;
    struct view view;

    if (!look_at_layers(medium, &view))
        return medium->layered.layer != NULL; /* all stand still */
    if (view.at < 0) {
        go(medium, &view, fitting(&view, limit_bps, FITS_PERCENT), now_us);
        return true;
    }
    bool over = limit_bps > 0 && is_over(&view, view.at, limit_bps, OVER_PERCENT);
    if (over && view.at > 0)
        look_down(medium, &view, limit_bps, now_us);
    else if (over)
        return !is_over(&view, 0, limit_bps, HOPELESS_PERCENT);
    else
        look_up(medium, &view, limit_bps == 0 || fitting(&view, limit_bps, ROOM_PERCENT) > view.at,
                now_us);
    return true;
}

void sl_layers_resume(struct sl_medium *medium)
{
    struct layered *layered = &medium->layered;
    struct sl_stream *stream = medium->narrow.stream;
    struct view view;

    if (layered->layer && look_at_layers(medium, &view) && view.at >= 0) {
        go(medium, &view, view.at, sl_now_us());
        return;
    }
    layered->layer = NULL;
    (void)sl_peer_move(medium->peer, SL_VIDEO, sl_stream_track(stream, SL_VIDEO));
    medium->ops->on_made(medium->owner, SL_VIDEO, stream, NULL);
}
