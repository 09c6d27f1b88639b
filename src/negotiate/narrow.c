/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands in for pictures that a player's link does not take: one variant of a lower rate for
 * all narrow players of a stream, which follows the narrowest of them.
 *
 *   AS_PUBLISHED -> STANDS_IN     more is there than the link takes, for a while    (begin())
 *   STANDS_IN    -> LEAVING       the link takes all again, or the variant has ended (leave())
 *   LEAVING      -> AS_PUBLISHED  the published pictures have begun by now   (sl_narrow_look())
 *   LEAVING      -> STANDS_IN     it was too early                                   (begin())
 */
#include "base/clock.h"
#include "negotiate/internal.h"

#include <errno.h>

enum {
    NARROW_LOOKS = 4, /* one a second: a publisher that is asked for less has followed by then */
    NARROW_PERCENT = 115,
    WIDE_LOOKS = 2,
    LEAVING_US = 10 * SL_US_PER_S, /* a key frame of what is published comes before that */
    REFUSED_US = 15 * SL_US_PER_S, /* no room for it: until it is tried again */
    STAY_US = 10 * SL_US_PER_S,    /* at least; each return that was too early doubles it */
    STAY_MOST_US = 160 * SL_US_PER_S,
    EARLY_US = 30 * SL_US_PER_S,
    BEGIN_PERCENT = 80, /* of what the link takes now */
    BEGIN_MIN_BPS = 150000,
    SLOW_BPS = 200000,
    SLOW_FPS = 15,
};

/* ---- Which variant ---- */

/* The smaller side that shows as much as so many bits do. */
static uint32_t side_for(uint32_t bitrate_bps)
{
    static const struct {
        uint32_t below_bps, side;
    } rows[] = {{250000, 240}, {600000, 360}, {1200000, 480}};

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (bitrate_bps < rows[i].below_bps)
            return rows[i].side;
    }
    return 720;
}

static void choose_size(struct sl_variant_want *want, const struct sl_stream *stream)
{
    uint16_t width, height;

    sl_stream_size(stream, &width, &height);
    uint32_t shorter = width < height ? width : height, side = side_for(want->bitrate_bps);
    if (shorter <= side)
        return; /* as it is; and where it is not known */
    want->width = (uint16_t)(width * side / shorter & ~1U);
    want->height = (uint16_t)(height * side / shorter & ~1U);
}

static struct sl_variant_want want_of(const struct narrow *narrow,
                                      const struct sl_medium_figures *figures)
{
    enum sl_codec codec = sl_stream_codec(narrow->stream, SL_VIDEO);
    struct sl_variant_want want = {.codec = codec,
                                   .single_nal = codec == SL_CODEC_H264 && narrow->single_nal,
                                   .follows = true,
                                   .bitrate_max_bps = (uint32_t)figures->offered_bps};

    want.bitrate_bps = (uint32_t)(figures->limit_bps * BEGIN_PERCENT / 100);
    if (want.bitrate_bps < BEGIN_MIN_BPS)
        want.bitrate_bps = BEGIN_MIN_BPS;
    if (want.bitrate_bps < SLOW_BPS)
        want.fps_max = SLOW_FPS;
    choose_size(&want, narrow->stream);
    return want;
}

/* ---- There and back ---- */

static void forget(struct narrow *narrow)
{
    sl_stream_unlisten(&narrow->listener);
    sl_variant_release(narrow->variant);
    narrow->variant = NULL;
    narrow->state = AS_PUBLISHED;
}

static void leave(struct sl_medium *medium, int64_t now_us)
{
    struct narrow *narrow = &medium->narrow;

    narrow->state = LEAVING;
    narrow->since_us = now_us;
    narrow->looks = 0;
    sl_layers_resume(medium);
}

/* With its source, of whose end the session hears by itself; or for want of room. */
static void on_end(struct sl_stream_listener *listener)
{
    struct narrow *narrow = sl_container_of(listener, struct narrow, listener);
    struct sl_medium *medium = sl_container_of(narrow, struct sl_medium, narrow);
    int64_t now_us = sl_now_us();

    if (sl_variant_why(narrow->variant) == 0)
        return;
    if (narrow->state == STANDS_IN && !medium->made[SL_VIDEO].variant) /* else it was left */
        leave(medium, now_us);
    narrow->not_before_us = now_us + REFUSED_US;
    forget(narrow);
}

static void begin(struct sl_medium *medium, const struct sl_medium_figures *figures, int64_t now_us)
{
    struct narrow *narrow = &medium->narrow;
    struct sl_variant_want want = want_of(narrow, figures);
    bool early = narrow->left_us > 0 && now_us - narrow->left_us < EARLY_US;

    narrow->looks = 0;
    if (!narrow->variant &&
        sl_variant_take(narrow->parts->variants, narrow->stream, &want, &narrow->variant) < 0) {
        narrow->not_before_us = now_us + REFUSED_US; /* then fewer pictures, whole ones */
        return;
    }
    if (sl_peer_stand_in(medium->peer, sl_variant_track(narrow->variant), figures->offered_bps) <
        0) {
        narrow->not_before_us = now_us + REFUSED_US;
        forget(narrow);
        return;
    }
    narrow->stay_us = !early                           ? STAY_US
                      : narrow->stay_us < STAY_MOST_US ? narrow->stay_us * 2
                                                       : STAY_MOST_US;
    narrow->state = STANDS_IN;
    narrow->since_us = now_us;
    narrow->listener.on_end = on_end;
    sl_stream_unlisten(&narrow->listener); /* it may be that of before */
    sl_stream_listen(sl_variant_stream(narrow->variant), &narrow->listener);
    medium->ops->on_made(medium->owner, SL_VIDEO, sl_variant_stream(narrow->variant),
                         sl_variant_encoder(narrow->variant));
}

/* ---- Looks ---- */

static void look_for_narrowness(struct sl_medium *medium, const struct sl_medium_figures *figures,
                                int64_t now_us)
{
    struct narrow *narrow = &medium->narrow;
    bool too_narrow = narrow->with_variants && figures->limit_bps > 0 && !figures->layered &&
                      figures->offered_bps * 100 > figures->limit_bps * (uint64_t)NARROW_PERCENT;

    narrow->looks = too_narrow ? narrow->looks + 1 : 0;
    if (narrow->looks >= NARROW_LOOKS && now_us >= narrow->not_before_us)
        begin(medium, figures, now_us);
}

static void look_for_room(struct sl_medium *medium, const struct sl_medium_figures *figures,
                          int64_t now_us)
{
    struct narrow *narrow = &medium->narrow;

    narrow->looks = figures->limit_bps == 0 ? narrow->looks + 1 : 0;
    if (narrow->looks < WIDE_LOOKS || now_us - narrow->since_us < narrow->stay_us)
        return;
    narrow->left_us = now_us;
    leave(medium, now_us);
}

void sl_narrow_look(struct sl_medium *medium, const struct sl_medium_figures *figures,
                    int64_t now_us)
{
    struct narrow *narrow = &medium->narrow;

    if (!narrow->parts || narrow->suspended)
        return;
    if (medium->made[SL_VIDEO]
            .variant) { /* since a moment ago, perhaps: the player's codec has gone */
        forget(narrow);
        medium->layered = (struct layered){.layer = NULL};
        return;
    }
    if (narrow->state == STANDS_IN) {
        look_for_room(medium, figures, now_us);
        return;
    }
    if (narrow->state == LEAVING && now_us - narrow->since_us > LEAVING_US)
        forget(narrow);
    if (sl_layers_look(medium, figures, now_us))
        narrow->looks = 0; /* what was too much for a while is no more */
    else
        look_for_narrowness(medium, figures, now_us);
}

void sl_narrow_suspend(struct sl_medium *medium, bool suspended)
{
    struct narrow *narrow = &medium->narrow;

    narrow->suspended = suspended;
    narrow->looks = 0;
    if (narrow->state == STANDS_IN || medium->layered.layer)
        medium->ops->on_made(medium->owner, SL_VIDEO, narrow->stream, NULL);
    medium->layered = (struct layered){.layer = NULL};
    if (narrow->variant)
        forget(narrow);
}

/* ---- Its life ---- */

void sl_narrow_set_up(struct sl_setup *setup)
{
    const struct sl_config *config = setup->parts->config;
    const struct sl_media *media = sl_sdp_flowing_media(&setup->negotiation, SL_VIDEO);
    struct narrow *narrow = &setup->medium->narrow;
    bool mode1 = false;

    if (!media || media->made || !sl_sdp_media_is_estimated(media))
        return;
    narrow->with_variants = config->downlink_variant && !config->transcoding_disabled;
    narrow->parts = setup->parts;
    narrow->stream = setup->request->stream;
    for (size_t i = 0; i < media->codec_count; i++)
        mode1 |= media->codecs[i].h264_mode1;
    narrow->single_nal = !mode1;
}

void sl_narrow_close(struct sl_medium *medium)
{
    medium->narrow.parts = NULL;
    sl_stream_unlisten(&medium->narrow.listener);
}

void sl_narrow_release(struct sl_medium *medium)
{
    forget(&medium->narrow);
}
