/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both legs of a call: their lives, and what is said of them. */
#include "calls/legs.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>

/* ---- What is described ---- */

/* Returns err, of what has written a description where all of them are. */
static int keep_text(struct sl_call_media *media, int err)
{
    if (err == 0) {
        free(media->text);
        media->text = sl_strdup(media->config.calls->description);
    }
    return err;
}

/* ---- Life ---- */

struct sl_call_media *sl_call_media_create(const struct sl_call_media_config *config)
{
    struct sl_call_media *media = sl_new(struct sl_call_media);
    struct sl_calls *calls = config->calls;
    struct sl_worker *worker = sl_workers_pick_source(calls->config.workers);

    media->config = *config;
    media->id = sl_strdup(config->id);
    media->lane = calls->lanes[sl_worker_index(worker)];
    media->text = sl_strdup("");
    media->ports[SL_AUDIO].rtp = media->ports[SL_VIDEO].rtp = -1;
    media->browser.rtc = calls->config.rtc;
    media->browser.worker = worker;
    media->browser.via = config->via;
    media->browser.id = media->id;
    media->browser.created_ms = sl_wall_ms();
    media->telephone.addrs[SL_AUDIO] = media->telephone.addrs[SL_VIDEO] = config->local;
    media->telephone.session_id_ms = media->browser.created_ms;
    media->telephone.leg.no_sound = config->alone && !config->wants[SL_AUDIO];
    media->telephone.watches = config->alone;
    media->telephone.to_rtmp = config->to_rtmp;
    sl_call_browser_init(&media->browser);
    sl_call_telephone_init(&media->telephone);
    calls->media_count++;
    return media;
}

void sl_call_media_set_local(struct sl_call_media *media, const struct sl_addr *local)
{
    media->config.local = *local;
    media->telephone.addrs[SL_AUDIO] = media->telephone.addrs[SL_VIDEO] = *local;
}

void sl_call_media_set_owner(struct sl_call_media *media, void *owner,
                             const struct sl_log_scope *log)
{
    media->config.owner = owner;
    media->config.log = log;
    media->config.beside = NULL;
}

void sl_call_media_close(struct sl_call_media *media)
{
    if (!media)
        return;
    media->closing = true;
    if (media->from_browser)
        sl_stream_end(media->from_browser);
    if (media->from_line)
        sl_stream_end(media->from_line);
    sl_stream_unlisten(&media->said_listener);
    if (media->voice)
        sl_call_voice_close(media->voice);
    if (media->has_line && !media->quiet)
        sl_call_line_close(media->line);
    if (media->has_peer)
        sl_peer_close(media->peer);
    sl_call_media_check_closed(media);
}

void sl_call_media_quieten(struct sl_call_media *media)
{
    sl_stream_unlisten(&media->said_listener);
    if (media->from_line)
        sl_stream_end(media->from_line);
    if (media->has_line && !media->quiet)
        sl_call_line_close(media->line);
    media->quiet = true;
    media->said_stream = NULL;
    media->own = NULL; /* nothing is said on a line that goes */
}

const char *sl_call_media_text(const struct sl_call_media *media)
{
    return media->text;
}

bool sl_call_media_is_joined(const struct sl_call_media *media)
{
    return media->joined;
}

int64_t sl_call_media_heard_us(const struct sl_call_media *media)
{
    return media->line ? sl_call_line_heard_us(media->line) : 0;
}

bool sl_call_media_has_tones(const struct sl_call_media *media)
{
    return media->line && sl_call_line_has_tones(media->line);
}

void sl_call_media_dial(struct sl_call_media *media, char digit)
{
    sl_call_line_dial(media->line, digit);
}

void sl_call_media_refresh(struct sl_call_media *media)
{
    if (media->line)
        sl_call_line_refresh(media->line);
}

void sl_call_media_open(struct sl_call_media *media)
{
    media->answered = true;
    if (media->line && media->joined)
        sl_call_media_aim(media);
}

/* ---- Ports ---- */

static int open_ports(struct sl_call_media *media, enum sl_media_kind kind, struct sl_error *error)
{
    const struct sl_config *config = media->config.calls->config.config;
    struct sl_addr bind = media->config.local, *addr = &media->telephone.addrs[kind];

    if (media->ports[kind].rtp >= 0 || media->has_line)
        return 0;
    int err = sl_udp_open_pair(&bind, (uint16_t)config->media_port_from,
                               (uint16_t)config->media_port_to, &media->ports[kind], error);
    if (err < 0)
        return err;
    if (config->ip.count > 0 && !media->config.at_home) /* as others see us */
        (void)sl_addr_parse_ip(config->ip.items[0], 0, addr);
    addr->port = media->ports[kind].port;
    return 0;
}

/* For sound, and for pictures if there may be any. */
static int open_all_ports(struct sl_call_media *media, const struct sl_call_taste *taste,
                          struct sl_error *error)
{
    int err = media->telephone.leg.no_sound ? 0 : open_ports(media, SL_AUDIO, error);

    if (err == 0 && taste->of[SL_VIDEO].count > 0)
        err = open_ports(media, SL_VIDEO, error);
    return err;
}

/* ---- The browser calls ---- */

int sl_call_media_take_offer(struct sl_call_media *media, const char *offer, struct sl_error *error)
{
    return sl_call_leg_hear(&media->browser.leg, offer, error);
}

/* What the browser prefers, as far as is known. */
static int offer_line(struct sl_call_media *media, const struct sl_call_taste *browser,
                      struct sl_error *error)
{
    int err = open_all_ports(media, browser, error);

    if (err < 0)
        return err;
    return keep_text(media,
                     sl_call_telephone_offer(&media->telephone, media->config.calls->config.config,
                                             browser, media->config.calls->description, error));
}

int sl_call_media_offer_line(struct sl_call_media *media, struct sl_error *error)
{
    const struct sl_call_media *other = media->config.beside ? media->config.beside : media;
    struct sl_call_taste browser;

    sl_call_taste_read(other->browser.leg.theirs, &browser);
    if (media->config.alone && media->config.wants[SL_VIDEO])
        sl_call_taste_add_pictures(&browser.of[SL_VIDEO]);
    return offer_line(media, &browser, error);
}

int sl_call_media_settle_line(struct sl_call_media *media, const char *answer,
                              struct sl_error *error)
{
    struct sl_call_telephone *telephone = &media->telephone;
    struct sl_call_taste agreed, taste;
    int err = sl_call_leg_hear(&telephone->leg, answer, error);

    if (err == 0)
        err = sl_call_telephone_settle(telephone, error);
    if (err == 0 && !media->browser.leg.agreed && !media->config.alone) {
        sl_call_taste_read(telephone->leg.theirs, &taste);
        sl_call_taste_agreed(telephone->leg.negotiation, &agreed);
        taste.of[SL_VIDEO] = agreed.of[SL_VIDEO];
        err = keep_text(media,
                        sl_call_browser_answer(&media->browser, media->config.calls->config.config,
                                               &taste, media->config.calls->description, error));
    }
    return err < 0 ? err : sl_call_media_join(media, error);
}

/* ---- The telephone calls ---- */

int sl_call_media_take_line(struct sl_call_media *media, const char *offer, struct sl_error *error)
{
    struct sl_call_taste taste;

    if (!offer)
        return 0;
    int err = sl_call_leg_hear(&media->telephone.leg, offer, error);
    if (err < 0)
        return err;
    sl_call_taste_read(media->telephone.leg.theirs, &taste);
    if (taste.of[SL_AUDIO].count == 0)
        return sl_error_set(error, -ENOMSG, "no common codec of sound");
    return sl_call_telephone_check_srtp(&media->telephone, media->config.calls->config.config,
                                        error);
}

bool sl_call_media_offers_pictures(const struct sl_call_media *media)
{
    struct sl_call_taste taste;

    sl_call_taste_read(media->telephone.leg.theirs, &taste);
    sl_call_taste_choose(media->config.calls->config.config, &taste, &taste);
    return taste.of[SL_VIDEO].count > 0;
}

int sl_call_media_offer_browser(struct sl_call_media *media, struct sl_error *error)
{
    struct sl_call_taste taste;

    sl_call_taste_read(media->telephone.leg.theirs, &taste);
    return keep_text(media,
                     sl_call_browser_offer(&media->browser, media->config.calls->config.config,
                                           &taste, media->config.calls->description, error));
}

int sl_call_media_take_answer(struct sl_call_media *media, const char *answer,
                              struct sl_error *error)
{
    struct sl_call_taste browser;
    int err = sl_call_leg_hear(&media->browser.leg, answer, error);

    if (err == 0)
        err = sl_call_leg_settle(&media->browser.leg, error);
    if (err < 0)
        return err;
    sl_call_taste_agreed(media->browser.leg.negotiation, &browser);
    if (browser.of[SL_VIDEO].count > 1)
        browser.of[SL_VIDEO].count = 1; /* what it sends */
    media->answered = true;
    if (!media->telephone.leg.theirs)
        return offer_line(media, &browser, error);
    err = open_all_ports(media, &browser, error);
    if (err == 0)
        err = keep_text(
            media, sl_call_telephone_answer(&media->telephone, media->config.calls->config.config,
                                            &browser, media->config.calls->description, error));
    return err < 0 ? err : sl_call_media_join(media, error);
}

/* ---- Later ---- */

static int agree_again(struct sl_call_media *media, bool offer, struct sl_error *error)
{
    struct sl_call_taste browser;

    if (!offer)
        return sl_call_telephone_settle_again(&media->telephone, error);
    sl_call_taste_agreed(media->browser.leg.negotiation, &browser);
    return keep_text(
        media, sl_call_telephone_answer_again(&media->telephone, media->config.calls->config.config,
                                              &browser, media->config.calls->description, error));
}

/* What they say now, an offer or an answer, is taken as a whole, or all is as it was. */
static int hear_again(struct sl_call_media *media, const char *text, bool offer,
                      struct sl_error *error)
{
    struct sl_call_telephone *telephone = &media->telephone;
    struct sl_sdp *before = NULL;
    int err = sl_call_leg_hear_anew(&telephone->leg, text, &before, error);

    if (err < 0)
        return err;
    struct sl_call_telephone *kept = sl_new(struct sl_call_telephone); /* it is large */
    *kept = *telephone;
    if (telephone->leg.negotiation) /* the other one is used, and goes */
        kept->leg.negotiation = sl_negotiation_dup(telephone->leg.negotiation);
    err = agree_again(media, offer, error);
    if (err == 0)
        err = sl_call_media_renew(media, kept, error);
    if (err < 0) {
        free(telephone->leg.negotiation);
        *telephone = *kept;
    } else {
        free(kept->leg.negotiation);
    }
    sl_call_leg_keep(&telephone->leg, before, err == 0);
    free(kept);
    if (err == 0)
        sl_call_media_aim(media);
    return err;
}

int sl_call_media_move_line(struct sl_call_media *media, const char *answer, struct sl_error *error)
{
    if (!media->held)
        return hear_again(media, answer, false, error);
    sl_call_media_aim(media); /* nothing flows, whatever they say */
    return 0;
}

static int offer_again(struct sl_call_media *media, struct sl_error *error)
{
    return keep_text(media, sl_call_telephone_offer_again(&media->telephone,
                                                          media->config.calls->description, error));
}

int sl_call_media_offered(struct sl_call_media *media, const char *offer, struct sl_error *error)
{
    return offer ? hear_again(media, offer, true, error) : offer_again(media, error);
}

int sl_call_media_hold(struct sl_call_media *media, bool held, struct sl_error *error)
{
    sl_call_media_hold_no_more(media, held);
    int err = offer_again(media, error);
    if (err < 0)
        sl_call_media_hold_no_more(media, !held);
    return err;
}

void sl_call_media_hold_no_more(struct sl_call_media *media, bool held)
{
    const char *hold = media->config.calls->config.config->sip_hold_direction;
    enum sl_sdp_direction direction =
        strcmp(hold, "inactive") == 0 ? SL_SDP_INACTIVE : SL_SDP_SENDONLY;

    media->telephone.direction = held ? direction : SL_SDP_SENDRECV;
    media->held = held;
}
