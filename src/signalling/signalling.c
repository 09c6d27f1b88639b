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

struct sl_signalling *sl_signalling_create(struct sl_sessions *sessions,
                                           const struct sl_config *config, struct sl_loop *loop,
                                           struct sl_counters *counters)
{
    struct sl_signalling *signalling = sl_new(struct sl_signalling);

    signalling->sessions = sessions;
    signalling->config = config;
    signalling->loop = loop;
    signalling->counters = counters;
    sl_list_init(&signalling->connections);
    sl_jobs_init(&signalling->parses, loop);
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

bool sl_bucket_take(struct bucket *bucket, int64_t per_s, int64_t now_us)
{
    enum { BURST_S = 10 };

    if (per_s <= 0)
        return false;
    int64_t cost_us = SL_US_PER_S / per_s, full_us = BURST_S * (int64_t)SL_US_PER_S;
    if (!bucket->started)
        bucket->level_us = full_us;
    else
        bucket->level_us += now_us - bucket->at_us;
    bucket->started = true;
    bucket->at_us = now_us;
    if (bucket->level_us > full_us)
        bucket->level_us = full_us;
    if (bucket->level_us < cost_us)
        return false;
    bucket->level_us -= cost_us;
    return true;
}
