/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All WebSockets of the server together, and what it says it is. */
#include "base/clock.h"
#include "signalling/internal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/*
 * Clients compare `<d>.<d>.<d>-<40 hex>` (WS-7) with the original's releases, so the first two
 * numbers are those of the API, the third is our version, and the hash is of that version: the same
 * program always says the same.
 */
static void make_version(char out[static VERSION_LEN])
{
    unsigned major = 0, minor = 0, patch = 0;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;

    (void)sscanf(SLUICE_VERSION, "%u.%u.%u", &major, &minor, &patch); /* meson checks its form */
    int len = snprintf(out, VERSION_LEN, "5.2.%u-", 100000 + major * 10000 + minor * 100 + patch);
    if (!EVP_Digest(SLUICE_VERSION, strlen(SLUICE_VERSION), hash, &hash_len, EVP_sha1(), NULL))
        memset(hash, 0, sizeof(hash)); /* a build of OpenSSL without SHA-1: zeros do as well */
    for (size_t i = 0; i < 20; i++)
        len += snprintf(out + len, (size_t)(VERSION_LEN - len), "%02x", hash[i]);
}

struct sl_signalling *sl_signalling_create(const struct sl_signalling_config *config)
{
    struct sl_signalling *signalling = sl_new(struct sl_signalling);

    signalling->sessions = config->sessions;
    signalling->sockets = config->sockets;
    signalling->phones = config->phones;
    signalling->config = config->config;
    signalling->loop = config->loop;
    signalling->counters = config->counters;
    sl_list_init(&signalling->connections);
    sl_jobs_init(&signalling->parses, config->loop);
    make_version(signalling->version);
    return signalling;
}

void sl_signalling_destroy(struct sl_signalling *signalling)
{
    if (!signalling)
        return;
    assert(sl_list_empty(&signalling->connections));
    sl_jobs_deinit(&signalling->parses);
    free(signalling);
}

void sl_signalling_cut(struct sl_signalling *signalling)
{
    struct connection *connection;

    sl_list_foreach(connection, &signalling->connections, struct connection, link)
    {
        connection->closing = true;
        sl_timer_stop(connection->timer);
        sl_ws_abort(connection->ws);
    }
}

size_t sl_signalling_count(const struct sl_signalling *signalling)
{
    return signalling->connection_count;
}

const char *sl_signalling_version(const struct sl_signalling *signalling)
{
    return signalling->version;
}
