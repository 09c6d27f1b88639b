/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of negotiate/ share. */
#ifndef SL_NEGOTIATE_INTERNAL_H
#define SL_NEGOTIATE_INTERNAL_H

#include "base/config.h"
#include "base/log.h"
#include "media/media.h"
#include "negotiate/negotiate.h"
#include "sdp/sdp.h"
#include "stream/stream.h"
#include "webrtc/webrtc.h"

struct sl_webrtc_provider {
    struct sl_webrtc_provider_config config;
    struct sl_provider interface;
};

/* One peer and what it feeds. It goes when the peer has closed. */
struct sl_medium {
    const struct sl_medium_ops *ops;
    void *owner;
    struct sl_peer *peer;
    struct sl_stream *stream; /* a publication's own */
    char *answer;             /* NULL once it was told */
    struct sl_flow_rates rates;
};

/* ---- setup.c: from an offer to an answer and a peer; lives as long as begin() ---- */

struct sl_setup {
    const struct sl_webrtc_provider_config *parts;
    const struct sl_medium_request *request;
    struct sl_medium_facts *facts;
    struct sl_medium *medium; /* NULL: no peer was made yet */
    const struct sl_peer_ops *peer_ops;
    struct sl_sdp *offer;
    struct sl_negotiation negotiation;
    struct sl_sdp_answer_config answer;
    struct sl_addr candidates[SL_MEDIA_TRANSPORTS_MAX][SL_RTC_ADDRESSES_MAX];
    char text[SL_SDP_TEXT_MAX]; /* the answer */
};
/* These return SL_REASON_NONE, or why it cannot be. */
enum sl_reason sl_setup_negotiate(struct sl_setup *setup, const struct sl_negotiate_config *config);
enum sl_reason sl_setup_build_answer(struct sl_setup *setup, struct sl_worker *worker);
/* Makes the medium. tracks by kind, for a playback; NULL for a publication. */
void sl_setup_create_peer(struct sl_setup *setup, struct sl_worker *worker,
                          struct sl_track *const *tracks);

/* ---- publication.c, playback.c ---- */

/* SL_REASON_NONE: the answer is in setup->text, the peer in setup->medium. */
enum sl_reason sl_publication_set_up(struct sl_setup *setup);
enum sl_reason sl_playback_set_up(struct sl_setup *setup);

#endif
