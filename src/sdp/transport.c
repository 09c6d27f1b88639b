/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transports of a negotiated session, out of the peer's sections. */
#include "sdp/transport.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

static int add_transport(struct sl_negotiation *n, const struct sl_sdp_section *section,
                         size_t number, struct sl_error *error)
{
    const char *missing = NULL;

    if (section->ufrag[0] == '\0' || section->pwd[0] == '\0')
        missing = "ice-ufrag and ice-pwd";
    else if (section->fingerprint[0] == '\0')
        missing = "fingerprint of a known hash";
    else if (!section->rtcp_mux)
        missing = "rtcp-mux"; /* each transport is one port */
    if (missing)
        return sl_error_set(error, -EBADMSG, "m-line %zu: no %s", number, missing);
    if (n->transport_count == SL_MEDIA_TRANSPORTS_MAX)
        return sl_error_set(error, -EBADMSG, "m-line %zu: more than %d transports", number,
                            SL_MEDIA_TRANSPORTS_MAX);

    struct sl_media_transport *transport = &n->transports[n->transport_count++];
    memcpy(transport->remote_ufrag, section->ufrag, sizeof(transport->remote_ufrag));
    memcpy(transport->remote_pwd, section->pwd, sizeof(transport->remote_pwd));
    memcpy(transport->fingerprint_hash, section->fingerprint_hash,
           sizeof(transport->fingerprint_hash));
    memcpy(transport->fingerprint, section->fingerprint, sizeof(transport->fingerprint));
    transport->remote_setup = section->setup;
    return 0;
}

int sl_sdp_assign_transports(const struct sl_sdp *remote, bool bundle, struct sl_negotiation *n,
                             struct sl_error *error)
{
    size_t shared = 0; /* the bundle's transport, once there is one */

    for (size_t i = 0; i < n->media_count; i++) {
        const struct sl_sdp_section *section = &remote->sections[i];
        bool bundled = bundle && section->bundled;
        if (!n->media[i].accepted)
            continue;
        if (bundled && n->bundle) {
            n->media[i].transport = shared;
            /* bundle-only sections leave out what the first one says (RFC 9143 section 7.1.3) */
            if (!section->rtcp_mux && !section->bundle_only)
                return sl_error_set(error, -EBADMSG, "m-line %zu: no rtcp-mux", i + 1);
            continue;
        }
        int err = add_transport(n, section, i + 1, error);
        if (err < 0)
            return err;
        n->media[i].transport = n->transport_count - 1;
        if (bundled) {
            n->bundle = true;
            shared = n->media[i].transport;
        }
    }
    return 0;
}
