/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which transport carries which accepted section. Private to sdp/. */
#ifndef SL_SDP_TRANSPORT_H
#define SL_SDP_TRANSPORT_H

#include "sdp/sdp.h"

/*
 * Fills n's transports and the transport of each accepted medium from the peer's description: one
 * for all bundled sections if bundle, one for each other. At most two sections may be accepted.
 * A section that lacks ICE, fingerprint or rtcp-mux is
 * refused, with words about the first. Returns 0; -EBADMSG nothing flows then.
 */
int sl_sdp_assign_transports(const struct sl_sdp *remote, bool bundle, struct sl_negotiation *n,
                             struct sl_error *error);

/* Plain: each accepted section has a transport of its own. ours: our offer, whose crypto lines an
 * answer must keep to; NULL: remote is the offer. Errors as above. */
int sl_sdp_assign_plain(const struct sl_sdp *remote, const struct sl_sdp *ours,
                        struct sl_negotiation *n, struct sl_error *error);

/* What an offer's negotiation may write is empty. */
void sl_negotiation_clear(struct sl_negotiation *negotiation, const struct sl_sdp *offer);

#endif
