/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for those who were taken for strangers. */
#include "http/refusal.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/local_users.h"

#include <inttypes.h>
#include <stdio.h>

/* One row for each reason. A log line has `about` between its halves: the sign of the proxy, or the
 * user. */
static const struct {
    const char *answer, *log, *log_end; /* NULL: there is nothing to explain */
} words[SL_LOCALITY_COUNT] = {
    [SL_OTHER_HOST] =
        {"callers on the server's own machine need none if they address it as localhost",
         "its Host is no name of this machine. Operators here address it as localhost, callers of "
         "a reverse proxy log in",
         ""},
    [SL_PROXIED] =
        {" tells of a proxy, whose callers do not count as being on the server's own machine", "",
         " tells of a proxy. Its callers log in: it must pass Authorization and Host on"},
    [SL_OTHER_USER] =
        {"a program on the server's own machine needs none if its user logs in there or is in "
         "rest_local_users",
         "its program belongs to ",
         ", who does not log in here. If that is a service which may control this server, add it "
         "to rest_local_users; callers of a reverse proxy log in"},
    [SL_UNKNOWN_USER] =
        {"the kernel does not tell whose program on the server's own machine asks",
         "the kernel does not tell whose program it is, or that has gone (telling takes "
         "AF_NETLINK, "
         "tcp_diag, and no user namespace of the server's own). Until it does, operators on this "
         "machine log in, too",
         ""},
};

static const char *sign_of(const struct sl_refusal *refusal)
{
    return refusal->locality == SL_PROXIED ? refusal->proxy_sign : "";
}

char *sl_refusal_explain(const struct sl_refusal *refusal, char out[static SL_REFUSAL_WORDS_MAX])
{
    const char *answer = words[refusal->locality].answer;

    out[0] = '\0';
    if (answer)
        (void)snprintf(out, SL_REFUSAL_WORDS_MAX, "; %s%s", sign_of(refusal), answer);
    return out;
}

void sl_refusal_note(struct sl_refusal_log *log, const struct sl_refusal *refusal,
                     const struct sl_local_users *users, const char *method, const char *path,
                     int64_t now_us)
{
    int64_t *logged_us = &log->logged_us[refusal->locality];
    uint64_t *silent = &log->silent[refusal->locality];
    char user[SL_USER_TEXT_MAX], more[60] = "";

    if (!words[refusal->locality].log)
        return;
    if (*logged_us > 0 && now_us - *logged_us < (int64_t)SL_REFUSAL_LOG_S * SL_US_PER_S) {
        ++*silent;
        return;
    }
    if (*silent > 0)
        (void)snprintf(more, sizeof(more), " (and %" PRIu64 " before it)", *silent);
    sl_log(SL_LOG_WARN, NULL, "rest: %s %s from a loopback address was refused%s: %s%s%s", method,
           path, more, words[refusal->locality].log,
           refusal->locality == SL_OTHER_USER ? sl_local_users_describe(users, refusal->uid, user)
                                              : sign_of(refusal),
           words[refusal->locality].log_end);
    *logged_us = now_us;
    *silent = 0;
}
