/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The telephone goes on in other formats in the middle of a call: what each side gets of the other
 * from then on. The browser hears nothing of it but the sound (sip.md 7, 14.1). */
#include "base/error.h"
#include "calls/legs.h"

/* What is heard of the other side: made of its stream, or (variant NULL) that itself. */
struct made {
    struct sl_variant *variant;
    struct sl_track *track;
};

/* Sound in both directions, as it is to be. On an error nothing is held. */
static int choose(struct sl_call_media *media, struct made *line, struct made *browser,
                  struct sl_error *error)
{
    const struct sl_media *telephones = sl_call_leg_sound(&media->telephone.leg);

    if (media->config.alone)
        return sl_call_media_choose_said(media, sl_call_voice_stream(media->voice), &line->variant,
                                         &line->track, error);
    const struct sl_media *browsers = sl_call_leg_sound(&media->browser.leg);
    int err = sl_call_media_choose(media, media->from_browser, browsers, telephones, &line->variant,
                                   &line->track, error);
    if (err == 0)
        err = sl_call_media_choose(media, media->from_line, telephones, browsers, &browser->variant,
                                   &browser->track, error);
    if (err < 0)
        sl_variant_release(line->variant);
    return err;
}

/* Returns whether it is another one. */
static bool replace(struct sl_variant **variant, struct sl_variant *next)
{
    bool other = *variant != next;

    sl_variant_release(*variant); /* the same may be held twice */
    *variant = next;
    return other;
}

static void tell_line(struct sl_call_media *media)
{
    const struct sl_call_telephone *telephone = &media->telephone;

    sl_call_line_agree(media->line, sl_call_media_both_directions(telephone->leg.negotiation),
                       telephone->encrypts ? telephone->crypto : NULL);
}

int sl_call_media_renew(struct sl_call_media *media, const struct sl_call_telephone *before,
                        struct sl_error *error)
{
    struct made line = {.variant = NULL}, browser = {.variant = NULL};
    const struct sl_media *sound = sl_call_leg_media(&media->telephone.leg, SL_AUDIO);

    if (!sound || sound->codecs[0].codec == before->codecs[SL_AUDIO].codec) {
        tell_line(media);
        return 0;
    }
    int err = choose(media, &line, &browser, error);
    if (err < 0)
        return err;
    tell_line(media); /* before the first packet of what it is to send */
    media->own = line.track;
    (void)replace(&media->to_line[SL_AUDIO], line.variant); /* it sends by another track anyway */
    sl_call_media_say_again(media);
    if (media->config.alone)
        return 0;
    if (replace(&media->to_browser[SL_AUDIO], browser.variant) && browser.track)
        (void)sl_peer_move(media->peer, SL_AUDIO, browser.track); /* sound flows to it */
    sl_call_media_log(media);
    return 0;
}
