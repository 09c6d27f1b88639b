/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the registry is: cluster_registry taken apart. Pure. */
#ifndef SL_CLUSTER_URL_H
#define SL_CLUSTER_URL_H

#include <stdint.h>

struct sl_error;

enum {
    SL_REDIS_USER_MAX = 128,
    SL_REDIS_PASSWORD_MAX = 512, /* Redis itself has no limit; ACL GENPASS makes 64 */
    SL_REDIS_HOST_MAX = 253,     /* RFC 1035 section 2.3.4 */
};

struct sl_redis_url {
    char user[SL_REDIS_USER_MAX + 1];         /* "": the default one */
    char password[SL_REDIS_PASSWORD_MAX + 1]; /* "": none is asked for */
    char host[SL_REDIS_HOST_MAX + 1];         /* an IPv6 address without its brackets */
    uint16_t port;
    uint16_t db;
};

/*
 * redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]; user and password percent-encoded (RFC 3986 section
 * 2.1), so that any character may stand in them but a control.
 *
 * Returns  -EINVAL with words, in which nothing of the URL stands: it may hold the password.
 */
int sl_redis_url_parse(const char *text, struct sl_redis_url *out, struct sl_error *error);

#endif
