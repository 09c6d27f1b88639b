/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who we are by TLS: the files of the configuration, or those in the state directory. */
#include "server/internal.h"

#include "base/config.h"

#include <stdio.h>

static const char *cert_path(const struct sl_config *config, const char *configured,
                             const char *name, char *buf, size_t len)
{
    if (configured[0])
        return configured;
    (void)snprintf(buf, len, "%s/%s", config->state_dir, name);
    return buf;
}

struct sl_tls_files sl_server_certificate(const struct sl_config *config, char *cert, char *key,
                                          size_t len)
{
    return (struct sl_tls_files){
        .cert = cert_path(config, config->tls_cert_file, "cert.pem", cert, len),
        .key = cert_path(config, config->tls_key_file, "key.pem", key, len),
        .chain = config->tls_chain_file[0] ? config->tls_chain_file : NULL,
    };
}
