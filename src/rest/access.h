/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may call what is not public: closed by default (spec/README.md decision 1). Pure. */
#ifndef SL_REST_ACCESS_H
#define SL_REST_ACCESS_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

enum sl_access {
    SL_ACCESS_GRANTED,
    SL_ACCESS_UNAUTHORIZED, /* 401: credentials would help */
    SL_ACCESS_FORBIDDEN,    /* 403: nobody has an account */
};

struct sl_access_rules {
    bool require_auth;
    struct sl_cidr *allow;
    size_t allow_count;
    void *owner; /* of check_user */
    bool (*check_user)(void *owner, const char *user, const char *password);
};

/*
 * Granted without credentials: a loopback caller whose Host is loopback too, so that a page which
 * had its own name resolve to 127.0.0.1 gets nothing; and callers in `allow`. Credentials of a user
 * are always good. require_auth leaves only those.
 *
 * host, authorization  header values, NULL if absent
 */
enum sl_access sl_access_check(const struct sl_access_rules *rules, const struct sl_addr *remote,
                               const char *host, const char *authorization);

enum { SL_BASIC_MAX = 256 }; /* of user and of password, with the NUL */
struct sl_basic {
    char user[SL_BASIC_MAX], password[SL_BASIC_MAX];
};
/* An Authorization header of the Basic scheme (RFC 7617 section 2). -EBADMSG: another scheme, not
 * Base64, no colon, NUL or control characters, too long; *out is then unchanged. */
int sl_basic_parse(const char *header, struct sl_basic *out);

#endif
