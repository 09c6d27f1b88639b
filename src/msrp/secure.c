/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose a connection by TLS is (RFC 4975 section 14.4, RFC 8122 section 6.2). */
#include "base/error.h"
#include "base/log.h"
#include "msrp/internal.h"

#include <errno.h>

int sl_msrp_check_provable(const struct sl_msrp_session *session, struct sl_error *error)
{
    const struct sl_msrp_description *theirs = &session->theirs;
    char host[SL_MSRP_URI_MAX];
    struct sl_addr literal;
    uint16_t port;

    if (!session->config.tls || theirs->fingerprint_count > 0)
        return 0;
    if (sl_msrp_path_host(sl_msrp_part(theirs->path), host, &port) < 0 ||
        sl_addr_parse_ip(host, port, &literal) == 0)
        return sl_error_set(error, -EACCES,
                            "MSRP over TLS to an address, and a=fingerprint is missing");
    return 0;
}

int sl_msrp_check_proof(const struct sl_msrp_link *link, struct sl_error *error)
{
    const struct sl_msrp_session *session = link->session;
    const struct sl_msrp_config *config = &session->config;
    char host[SL_MSRP_URI_MAX] = "";
    struct sl_tls_peer peer = {.fingerprints = session->theirs.fingerprints,
                               .fingerprint_count = session->theirs.fingerprint_count,
                               .host = host};
    uint16_t port;

    if (!config->tls)
        return 0;
    if (peer.fingerprint_count == 0) { /* there is a name, then: it was checked */
        (void)sl_msrp_path_host(sl_msrp_part(session->theirs.path), host, &port);
        peer.trusted = sl_tls_clients_get(config->authorities, SL_TLS_SIP);
    }
    int err = sl_tls_check_peer(sl_conn_tls(link->conn), &peer, error);
    if (err < 0)
        sl_log(SL_LOG_WARN, config->log, "MSRP: a connection by TLS is refused: %s", error->text);
    return err;
}
