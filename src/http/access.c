/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The access decision, and the parser of the credentials it may need. */
#include "http/access.h"

#include "base/base64.h"
#include "http/local_users.h"
#include "http/url.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

int sl_basic_parse(const char *header, struct sl_basic *out)
{
    char decoded[2 * SL_BASIC_MAX];
    struct sl_basic parsed = {0};

    if (strncasecmp(header, "Basic ", 6) != 0)
        return -EBADMSG;
    header += 6;
    header += strspn(header, " ");
    int len = sl_base64_decode(header, strlen(header), decoded, sizeof(decoded));
    if (len < 0)
        return len;
    for (int i = 0; i < len; i++) {
        if ((unsigned char)decoded[i] < 0x20 || decoded[i] == 0x7f)
            return -EBADMSG; /* RFC 7617 section 2: no control characters */
    }
    const char *colon = memchr(decoded, ':', (size_t)len);
    if (!colon)
        return -EBADMSG;
    size_t user_len = (size_t)(colon - decoded), password_len = (size_t)len - user_len - 1;
    if (user_len >= SL_BASIC_MAX || password_len >= SL_BASIC_MAX)
        return -EBADMSG;
    memcpy(parsed.user, decoded, user_len);
    memcpy(parsed.password, colon + 1, password_len);
    *out = parsed;
    explicit_bzero(decoded, sizeof(decoded));
    explicit_bzero(&parsed, sizeof(parsed));
    return 0;
}

enum sl_locality sl_access_locate(const struct sl_local_users *users,
                                  const struct sl_caller *caller, uid_t *uid)
{
    char name[SL_HOST_MAX];

    if (!sl_addr_is_loopback(caller->remote))
        return SL_ELSEWHERE;
    if (caller->proxy_sign)
        return SL_PROXIED;
    if (!caller->host || sl_host_parse(caller->host, name) < 0 || !sl_host_is_loopback(name))
        return SL_OTHER_HOST;
    if (caller->owner(caller->arg, uid) < 0 || !sl_local_users_tells(users, *uid))
        return SL_UNKNOWN_USER;
    return sl_local_users_has(users, *uid) ? SL_LOCAL : SL_OTHER_USER;
}

static bool is_allowed(const struct sl_access_rules *rules, const struct sl_addr *remote)
{
    for (size_t i = 0; i < rules->allow_count; i++) {
        if (sl_cidr_contains(&rules->allow[i], remote))
            return true;
    }
    return false;
}

enum sl_access sl_access_decide(const struct sl_access_rules *rules, const struct sl_addr *remote,
                                bool local, const char *authorization, struct sl_basic *basic)
{
    if (!rules->require_auth && (local || is_allowed(rules, remote)))
        return SL_ACCESS_GRANTED;
    if (!rules->check_user)
        return SL_ACCESS_FORBIDDEN;
    if (!authorization || sl_basic_parse(authorization, basic) < 0)
        return SL_ACCESS_UNAUTHORIZED;
    return SL_ACCESS_CHECK;
}
