/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session's media over WebRTC, as a struct sl_provider: from a client's offer to an answer, a
 * peer, and the stream that it publishes or plays. What a session is, and who may do what, lies
 * above; how packets move, below (webrtc/). Control loop.
 *
 *   setup.c        offer, codecs, candidates, answer, peer: what both directions share
 *   publication.c  which codecs are taken, and the stream that is fed
 *   playback.c     what the stream's tracks have or what is made of them, and the ssrcs that are
 *                  sent under
 *   made.c         variants of tracks for one playback, and their ends
 *   layers.c       which of the sizes that a source sends at once a player gets
 *   narrow.c       what stands in for pictures that a player's link does not take
 *   provider.c     the interface, and the peer's news in its words
 */
#ifndef SL_NEGOTIATE_NEGOTIATE_H
#define SL_NEGOTIATE_NEGOTIATE_H

#include "access/access.h"

struct sl_config;
struct sl_rtc;
struct sl_streams;
struct sl_variants;
struct sl_webrtc_provider;
struct sl_loop;
struct sl_workers;

/* All of these must outlive the provider. */
struct sl_webrtc_provider_config {
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *loop;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_rtc *rtc;
    struct sl_variants *variants;
};

struct sl_webrtc_provider *
sl_webrtc_provider_create(const struct sl_webrtc_provider_config *config);
/* Valid as long as provider. */
const struct sl_provider *sl_webrtc_provider_interface(const struct sl_webrtc_provider *provider);
/* When every medium is closed. NULL is fine. */
void sl_webrtc_provider_destroy(struct sl_webrtc_provider *provider);

#endif
