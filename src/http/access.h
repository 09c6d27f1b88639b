/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may call what is not public: without a password only who calls from this machine, by a name
 * of loopback (no DNS rebinding), or from an address that the operator lists. Pure. */
#ifndef SL_HTTP_ACCESS_H
#define SL_HTTP_ACCESS_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sl_local_users;

enum { SL_BASIC_MAX = 256 }; /* of user and of password, with the NUL */
struct sl_basic {
    char user[SL_BASIC_MAX], password[SL_BASIC_MAX];
};
/* An Authorization header of the Basic scheme (RFC 7617 section 2). -EBADMSG: another scheme, not
 * Base64, no colon, NUL or control characters, too long; *out is then unchanged. */
int sl_basic_parse(const char *header, struct sl_basic *out);

struct sl_access_rules {
    bool require_auth;
    struct sl_cidr *allow;
    size_t allow_count;
    struct sl_local_users *users;
    /*
     * HTTP Basic against the users of the console; NULL: nobody has an account. Calls
     * on_checked(arg, err) once, later on the loop and never from within, whether the client is
     * still there or not: 0 right, -EACCES wrong, -EBUSY too many at once. Never after
     * sl_router_destroy(). user and password are borrowed.
     */
    void *owner;
    void (*check_user)(void *owner, const char *user, const char *password,
                       void (*on_checked)(void *arg, int err), void *arg);
};

/* ---- Who is on this machine ---- */

/* What a request shows of who sent it. */
struct sl_caller {
    const struct sl_addr *remote;
    const char *host;       /* header value, NULL if absent */
    const char *proxy_sign; /* as sl_http_proxy_sign() */
    /* As sl_http_owner(); called at most once, and only if nothing else speaks against it. */
    int (*owner)(void *arg, uid_t *uid);
    void *arg;
};

enum sl_locality {
    SL_LOCAL,        /* a program of one of this machine's operators */
    SL_ELSEWHERE,    /* not from a loopback address */
    SL_OTHER_HOST,   /* the Host is no loopback name: a page which had its own name resolve to
                      * 127.0.0.1 (DNS rebinding), or a proxy */
    SL_PROXIED,      /* a proxy says so */
    SL_OTHER_USER,   /* a program of another user, *uid: a proxy that says nothing, or a service */
    SL_UNKNOWN_USER, /* the kernel does not tell, or not one user from another */
};
enum { SL_LOCALITY_COUNT = SL_UNKNOWN_USER + 1 };

/* A loopback address tells of the last hop only, and headers may be there or not: they make a
 * caller a stranger, never an operator. Whose program it is, the kernel knows (net/http.h). */
enum sl_locality sl_access_locate(const struct sl_local_users *users,
                                  const struct sl_caller *caller, uid_t *uid);

/* ---- The decision ---- */

enum sl_access {
    SL_ACCESS_GRANTED,
    SL_ACCESS_CHECK,        /* it depends on the credentials given */
    SL_ACCESS_UNAUTHORIZED, /* 401: credentials would help */
    SL_ACCESS_FORBIDDEN,    /* 403: nobody has an account */
};

/*
 * Granted without credentials: operators on this machine, and callers in `allow`. Credentials of a
 * user are always good. require_auth leaves only those.
 *
 * local          sl_access_locate() said SL_LOCAL
 * authorization  header value, NULL if absent
 * basic          filled if the answer is SL_ACCESS_CHECK; the caller wipes it
 */
enum sl_access sl_access_decide(const struct sl_access_rules *rules, const struct sl_addr *remote,
                                bool local, const char *authorization, struct sl_basic *basic);

#endif
