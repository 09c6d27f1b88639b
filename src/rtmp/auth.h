/* SPDX-License-Identifier: GPL-3.0-or-later */
/* User and password for RTMP servers that ask by refusing `connect` (rest-api.md 5.5): authmod
 * adobe and llnw, as encoders of all makes speak them. Pure, but for the random numbers. */
#ifndef SL_RTMP_AUTH_H
#define SL_RTMP_AUTH_H

#include <stddef.h>

struct sl_error;

enum { SL_RTMP_AUTH_QUERY_MAX = 1024 };

struct sl_rtmp_credentials {
    const char *user, *password, *app;
};

/*
 * What to append to app and tcUrl on the next connection, after a refusal with this description.
 *
 * query    of the connection that was refused, "" at first; replaced
 * Returns  0: connect again; -EACCES with words: this is no question for credentials, there are
 *          none, or they are wrong.
 */
int sl_rtmp_auth_answer(const struct sl_rtmp_credentials *credentials, const char *description,
                        char query[static SL_RTMP_AUTH_QUERY_MAX], struct sl_error *error);

/* The two computations, for tests: client is our own challenge. */
void sl_rtmp_auth_adobe(const struct sl_rtmp_credentials *credentials, const char *salt,
                        const char *opaque, const char *challenge, const char *client,
                        char out[32]);
void sl_rtmp_auth_llnw(const struct sl_rtmp_credentials *credentials, const char *nonce,
                       const char *client, char out[static 33]);

#endif
