/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transports of a negotiated session, out of the peer's sections. */
#include "sdp/transport.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

/* What a section lacks to have a transport of its own; NULL: nothing. */
static const char *missing(const struct sl_negotiation *n, const struct sl_sdp_section *section)
{
    if (section->ufrag[0] == '\0' || section->pwd[0] == '\0')
        return "no ice-ufrag and ice-pwd";
    if (section->fingerprint[0] == '\0')
        return "no fingerprint of a known hash";
    if (!section->rtcp_mux)
        return "no rtcp-mux"; /* each transport is one port */
    return n->transport_count == SL_MEDIA_TRANSPORTS_MAX ? "too many transports" : NULL;
}

static void add_transport(struct sl_negotiation *n, const struct sl_sdp_section *section)
{
    struct sl_media_transport *transport = &n->transports[n->transport_count++];
    memcpy(transport->remote_ufrag, section->ufrag, sizeof(transport->remote_ufrag));
    memcpy(transport->remote_pwd, section->pwd, sizeof(transport->remote_pwd));
    memcpy(transport->fingerprint_hash, section->fingerprint_hash,
           sizeof(transport->fingerprint_hash));
    memcpy(transport->fingerprint, section->fingerprint, sizeof(transport->fingerprint));
    transport->remote_setup = section->setup;
}

/* What is wrong with section i keeps it, and nobody else, from its transport; NULL: nothing. */
static const char *assign(struct sl_negotiation *n, const struct sl_sdp_section *section,
                          bool bundled, size_t *shared, size_t i)
{
    const char *fault;

    if (bundled && n->bundle) {
        /* bundle-only sections leave out what the first one says (RFC 9143 section 7.1.3) */
        if (!section->rtcp_mux && !section->bundle_only)
            return "no rtcp-mux";
        n->media[i].transport = *shared;
        return NULL;
    }
    fault = missing(n, section);
    if (fault)
        return fault;
    add_transport(n, section);
    n->media[i].transport = n->transport_count - 1;
    if (bundled) {
        n->bundle = true;
        *shared = n->media[i].transport;
    }
    return NULL;
}

int sl_sdp_assign_transports(const struct sl_sdp *remote, bool bundle, struct sl_negotiation *n,
                             struct sl_error *error)
{
    size_t shared = 0; /* the bundle's transport, once there is one */
    size_t flowing = 0;
    bool refused = false;

    for (size_t i = 0; i < n->media_count; i++) {
        const struct sl_sdp_section *section = &remote->sections[i];
        const char *fault;
        if (!n->media[i].accepted)
            continue;
        fault = assign(n, section, bundle && section->bundled, &shared, i);
        if (fault && !refused)
            (void)sl_error_set(error, 0, "m-line %zu: %s", i + 1, fault);
        refused |= fault != NULL;
        n->media[i].accepted = !fault;
        flowing += !fault && n->media[i].direction != SL_SDP_INACTIVE;
    }
    return refused && flowing == 0 ? -EBADMSG : 0;
}

/* ---- Plain ---- */

/* Lengths of key and salt: RFC 4568 section 6.2, RFC 7714 section 14.2. */
static const struct {
    const char *name;
    size_t key_len;
} suites[SL_SDP_SUITES] = {
    [SL_SDP_NO_SUITE] = {"", 0},
    [SL_SDP_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16 + 14},
    [SL_SDP_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16 + 14},
    [SL_SDP_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16 + 12},
    [SL_SDP_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32 + 12},
};

size_t sl_sdp_suite_key_len(enum sl_sdp_suite suite)
{
    return suites[suite].key_len;
}

const char *sl_sdp_suite_name(enum sl_sdp_suite suite)
{
    return suites[suite].name;
}

/* Whether what they encrypt with answers a line of ours (RFC 4568 section 5.1.2). */
static bool answers_ours(const struct sl_sdp_section *ours, const struct sl_sdp_crypto *theirs)
{
    for (size_t i = 0; i < ours->crypto_count; i++)
        if (ours->cryptos[i].tag == theirs->tag && ours->cryptos[i].suite == theirs->suite)
            return true;
    return false;
}

/* NULL, or what keeps the section from its transport. */
static const char *add_plain(struct sl_negotiation *n, const struct sl_sdp_section *section,
                             const struct sl_sdp_section *ours)
{
    if (n->transport_count == SL_MEDIA_TRANSPORTS_MAX)
        return "too many transports";
    if (ours && section->crypto_count > 0 && !answers_ours(ours, &section->cryptos[0]))
        return "no crypto that was offered";
    struct sl_media_transport *transport = &n->transports[n->transport_count++];
    memcpy(transport->address, section->address, sizeof(transport->address));
    transport->port = section->port;
    if (section->rtcp_mux)
        transport->rtcp_port = section->port;
    else
        transport->rtcp_port = section->rtcp_port ? section->rtcp_port : section->port + 1;
    if (strstr(section->proto, "SAVP"))
        transport->crypto = section->cryptos[0]; /* a usable one has some */
    return NULL;
}

int sl_sdp_assign_plain(const struct sl_sdp *remote, const struct sl_sdp *ours,
                        struct sl_negotiation *n, struct sl_error *error)
{
    size_t flowing = 0;
    bool refused = false;

    for (size_t i = 0; i < n->media_count; i++) {
        if (!n->media[i].accepted)
            continue;
        n->media[i].transport = n->transport_count;
        n->media[i].ptime_ms = remote->sections[i].ptime_ms;
        const char *fault = add_plain(n, &remote->sections[i], ours ? &ours->sections[i] : NULL);
        if (fault && !refused)
            (void)sl_error_set(error, 0, "m-line %zu: %s", i + 1, fault);
        refused |= fault != NULL;
        n->media[i].accepted = !fault;
        flowing += !fault && n->media[i].direction != SL_SDP_INACTIVE;
    }
    return refused && flowing == 0 ? -EBADMSG : 0;
}
