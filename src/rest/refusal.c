/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for those who were taken for strangers. */
#include "rest/refusal.h"

#include "base/clock.h"
#include "base/log.h"
#include "rest/local_users.h"

#include <inttypes.h>
#include <stdio.h>

char *sl_refusal_explain(const struct sl_refusal *refusal, char out[static SL_REFUSAL_WORDS_MAX])
{
    out[0] = '\0';
    switch (refusal->locality) {
    case SL_LOCAL:
    case SL_ELSEWHERE:
        break;
    case SL_OTHER_HOST:
        (void)snprintf(out, SL_REFUSAL_WORDS_MAX,
                       "; callers on the server's own machine need none if they address it as "
                       "localhost");
        break;
    case SL_PROXIED:
        (void)snprintf(out, SL_REFUSAL_WORDS_MAX,
                       "; %s tells of a proxy, whose callers do not count as being on the server's "
                       "own machine",
                       refusal->proxy_sign);
        break;
    case SL_OTHER_USER:
        (void)snprintf(out, SL_REFUSAL_WORDS_MAX,
                       "; a program on the server's own machine needs none if its user logs in "
                       "there or is in rest_local_users");
        break;
    case SL_UNKNOWN_USER:
        (void)snprintf(out, SL_REFUSAL_WORDS_MAX,
                       "; the kernel does not tell whose program on the server's own machine asks, "
                       "see rest_local_users");
        break;
    }
    return out;
}

/* Why, and what to do about it. */
static void describe(const struct sl_refusal *refusal, const struct sl_local_users *users,
                     char *out, size_t room)
{
    char user[SL_USER_TEXT_MAX];

    out[0] = '\0';
    switch (refusal->locality) {
    case SL_LOCAL:
    case SL_ELSEWHERE:
        break;
    case SL_OTHER_HOST:
        (void)snprintf(out, room,
                       "its Host is no name of this machine. Operators here address it as "
                       "localhost, callers of a reverse proxy log in");
        break;
    case SL_PROXIED:
        (void)snprintf(out, room,
                       "%s tells of a proxy. Its callers log in: it must pass Authorization and "
                       "Host on",
                       refusal->proxy_sign);
        break;
    case SL_OTHER_USER:
        (void)snprintf(out, room,
                       "its program belongs to %s, who does not log in here. If that is a service "
                       "which may control this server, add it to rest_local_users; callers of a "
                       "reverse proxy log in",
                       sl_local_users_describe(users, refusal->uid, user));
        break;
    case SL_UNKNOWN_USER:
        (void)snprintf(
            out, room,
            "the kernel does not tell whose program it is, or that has gone (telling takes "
            "AF_NETLINK, tcp_diag, and no user namespace of the server's own). Until it does, "
            "operators on this machine log in, too");
        break;
    }
}

void sl_refusal_note(struct sl_refusal_log *log, const struct sl_refusal *refusal,
                     const struct sl_local_users *users, const char *method, const char *path,
                     int64_t now_us)
{
    int64_t *logged_us = &log->logged_us[refusal->locality];
    uint64_t *silent = &log->silent[refusal->locality];
    char why[300], more[60] = "";

    if (refusal->locality == SL_LOCAL || refusal->locality == SL_ELSEWHERE)
        return;
    if (*logged_us > 0 && now_us - *logged_us < (int64_t)SL_REFUSAL_LOG_S * SL_US_PER_S) {
        ++*silent;
        return;
    }
    if (*silent > 0)
        (void)snprintf(more, sizeof(more), " (and %" PRIu64 " before it)", *silent);
    describe(refusal, users, why, sizeof(why));
    sl_log(SL_LOG_WARN, NULL, "rest: %s %s from a loopback address was refused%s: %s", method, path,
           more, why);
    *logged_us = now_us;
    *silent = 0;
}
