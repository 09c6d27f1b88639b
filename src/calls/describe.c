/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What both legs share, and the browser's offers and answers. */
#include "calls/describe.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "flow/flow.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- Legs ---- */

void sl_call_leg_deinit(struct sl_call_leg *leg)
{
    sl_sdp_free(leg->theirs);
    sl_sdp_free(leg->ours);
    free(leg->negotiation);
    leg->theirs = leg->ours = NULL;
    leg->negotiation = NULL;
}

int sl_call_leg_hear(struct sl_call_leg *leg, const char *text, struct sl_error *error)
{
    struct sl_sdp *theirs;
    int err = sl_sdp_parse(text, strlen(text), &theirs, error);

    if (err < 0)
        return err;
    sl_sdp_free(leg->theirs);
    leg->theirs = theirs;
    return 0;
}

int sl_call_leg_hear_anew(struct sl_call_leg *leg, const char *text, struct sl_sdp **before,
                          struct sl_error *error)
{
    struct sl_sdp *theirs = leg->theirs;

    leg->theirs = NULL;
    int err = sl_call_leg_hear(leg, text, error);
    if (err < 0)
        leg->theirs = theirs;
    else
        *before = theirs;
    return err;
}

void sl_call_leg_keep(struct sl_call_leg *leg, struct sl_sdp *before, bool accepted)
{
    sl_sdp_free(accepted ? before : leg->theirs);
    if (!accepted)
        leg->theirs = before;
}

int sl_call_leg_remember(struct sl_call_leg *leg, const char *text, int len, struct sl_error *error)
{
    struct sl_sdp *ours;
    int err = len < 0 ? sl_error_set(error, len, "nothing can be offered")
                      : sl_sdp_parse(text, (size_t)len, &ours, error);

    if (err < 0)
        return err;
    sl_sdp_free(leg->ours);
    leg->ours = ours;
    return 0;
}

/* What was negotiated, unless err tells that nothing was; it is the leg's, or freed. Returns err.
 */
static int take(struct sl_call_leg *leg, struct sl_negotiation *negotiation, int err)
{
    if (err < 0) {
        free(negotiation);
        return err;
    }
    free(leg->negotiation);
    leg->negotiation = negotiation;
    return err;
}

int sl_call_leg_accept(struct sl_call_leg *leg, struct sl_error *error)
{
    struct sl_negotiation *negotiation = sl_negotiation_new(leg->ours);

    return take(leg, negotiation, sl_sdp_accept_answer(leg->ours, leg->theirs, negotiation, error));
}

struct sl_media *sl_call_leg_media(struct sl_call_leg *leg, enum sl_media_kind kind)
{
    for (size_t i = 0; leg->negotiation && i < leg->negotiation->media_count; i++) {
        struct sl_media *media = &leg->negotiation->media[i];
        if (media->accepted && media->kind == kind && media->codec_count > 0)
            return media;
    }
    return NULL;
}

struct sl_media *sl_call_leg_sound(struct sl_call_leg *leg)
{
    struct sl_media *sound = sl_call_leg_media(leg, SL_AUDIO);

    assert(sound); /* of an agreed leg */
    return sound;
}

int sl_call_leg_negotiate(struct sl_call_leg *leg, const struct sl_config *config,
                          const enum sl_sdp_direction *plain, const struct sl_call_taste *sent,
                          const struct sl_call_taste *all, struct sl_error *error)
{
    const struct sl_call_codecs *sound = &all->of[SL_AUDIO], *pictures = &all->of[SL_VIDEO];
    enum sl_codec names[2 * SL_CALL_CODECS_MAX];
    struct sl_negotiate_config negotiate = {
        .direction = plain ? *plain : SL_SDP_SENDRECV,
        .plain = plain != NULL,
        .any_feedback = true,
        .allow_bundle = config->rtp_bundle,
        .rtx = plain == NULL,
        .codecs = names,
        .audio = sent->of[SL_AUDIO].items,
        .audio_count = sent->of[SL_AUDIO].count,
        .video = sent->of[SL_VIDEO].items,
        .video_count = sent->of[SL_VIDEO].count,
        .makeable = {[SL_AUDIO] = {.codecs = sound->items, .count = sound->count}},
    };

    for (size_t i = 0; i < sound->count; i++)
        names[negotiate.codec_count++] = sound->items[i].codec;
    for (size_t i = 0; i < pictures->count; i++)
        names[negotiate.codec_count++] = pictures->items[i].codec;
    struct sl_negotiation *negotiation = sl_negotiation_new(leg->theirs);
    return take(leg, negotiation, sl_sdp_negotiate(leg->theirs, &negotiate, negotiation, error));
}

int sl_call_leg_agree(struct sl_call_leg *leg, int err, struct sl_error *error)
{
    enum sl_media_kind kind = leg->no_sound ? SL_VIDEO : SL_AUDIO;

    leg->agreed = err == 0 && sl_sdp_flowing_media(leg->negotiation, kind);
    if (err == 0 && !leg->agreed)
        err = sl_error_set(error, -ENOMSG, "no %s agreed upon",
                           leg->no_sound ? "pictures were" : "sound was");
    return err;
}

int sl_call_leg_settle(struct sl_call_leg *leg, struct sl_error *error)
{
    return sl_call_leg_agree(leg, sl_call_leg_accept(leg, error), error);
}

/* ---- The browser ---- */

void sl_call_browser_init(struct sl_call_browser *browser)
{
    for (size_t i = 0; i < SL_MEDIA_TRANSPORTS_MAX; i++) {
        sl_random_token(browser->ufrags[i], SL_CALL_UFRAG_LEN);
        sl_random_token(browser->pwds[i], SL_CALL_PWD_LEN);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(browser->ssrcs); i++)
        browser->ssrcs[i] = sl_ssrc_draw(browser->ssrcs, i);
}

static void fill_transport(const struct sl_call_browser *browser, const struct sl_config *config,
                           size_t index, struct sl_addr candidates[static SL_RTC_ADDRESSES_MAX],
                           struct sl_sdp_local_transport *out)
{
    memcpy(out->ufrag, browser->ufrags[index], sizeof(out->ufrag));
    memcpy(out->pwd, browser->pwds[index], sizeof(out->pwd));
    out->candidates = candidates;
    out->candidate_count =
        sl_rtc_candidates(browser->rtc, browser->worker, index, &browser->via, candidates);
    out->tcp = config->ice_tcp_transport;
    out->udp = !out->tcp;
}

/* What it gets has numbers of ours. */
static void name_ssrcs(struct sl_call_browser *browser)
{
    struct sl_media *sound = sl_call_leg_sound(&browser->leg);
    struct sl_media *pictures = sl_call_leg_media(&browser->leg, SL_VIDEO);

    sound->local_ssrc = browser->ssrcs[0];
    if (!pictures)
        return;
    pictures->local_ssrc = browser->ssrcs[1];
    if (pictures->codecs[0].rtx_payload_type >= 0)
        pictures->local_rtx_ssrc = browser->ssrcs[2];
}

int sl_call_browser_answer(struct sl_call_browser *browser, const struct sl_config *config,
                           const struct sl_call_taste *telephone, char *text,
                           struct sl_error *error)
{
    struct sl_addr candidates[SL_MEDIA_TRANSPORTS_MAX][SL_RTC_ADDRESSES_MAX];
    struct sl_call_taste all;
    struct sl_sdp_answer_config answer = {
        .product = SL_CALL_PRODUCT,
        .version = SLUICE_VERSION,
        .session_id_ms = browser->created_ms,
        .fingerprint = sl_rtc_fingerprint(browser->rtc),
        .setup = SL_SDP_PASSIVE,
        .cname_id = browser->id,
    };

    sl_call_taste_choose(config, telephone, &all);
    int err = sl_call_leg_agree(
        &browser->leg, sl_call_leg_negotiate(&browser->leg, config, NULL, telephone, &all, error),
        error);
    if (err < 0)
        return err;
    name_ssrcs(browser);
    for (size_t i = 0; i < browser->leg.negotiation->transport_count; i++)
        fill_transport(browser, config, i, candidates[i], &answer.transports[i]);
    err = sl_sdp_build_answer(browser->leg.theirs, browser->leg.negotiation, &answer, text,
                              SL_SDP_TEXT_MAX);
    return err < 0 ? sl_error_set(error, err, "the answer is too long") : 0;
}

int sl_call_browser_offer(struct sl_call_browser *browser, const struct sl_config *config,
                          const struct sl_call_taste *telephone, char *text, struct sl_error *error)
{
    struct sl_addr candidates[SL_RTC_ADDRESSES_MAX];
    struct sl_call_taste taste;
    struct sl_sdp_offer_config offer = {
        .audio = true,
        .direction = SL_SDP_SENDRECV,
        .ufrag = browser->ufrags[0],
        .pwd = browser->pwds[0],
        .fingerprint = sl_rtc_fingerprint(browser->rtc),
        .audio_ssrc = browser->ssrcs[0],
        .video_ssrc = browser->ssrcs[1],
        .video_rtx_ssrc = browser->ssrcs[2],
        .cname = browser->id,
        .audio_codecs = taste.of[SL_AUDIO].items,
        .video_codecs = taste.of[SL_VIDEO].items,
    };

    sl_call_taste_choose(config, telephone, &taste);
    offer.audio_codec_count = taste.of[SL_AUDIO].count;
    offer.video_codec_count = taste.of[SL_VIDEO].count;
    offer.video = taste.of[SL_VIDEO].count > 0;
    fill_transport(browser, config, 0, candidates, &offer.transports[0]);
    return sl_call_leg_remember(&browser->leg, text,
                                sl_sdp_build_offer(&offer, text, SL_SDP_TEXT_MAX), error);
}
