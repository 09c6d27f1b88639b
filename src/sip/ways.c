/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where messages may go. Contact, Record-Route and redirections are the word of whoever is at the
 * other end of a call, and lead us no further than the word of a client does (hardening.md class
 * 16): to public addresses, to those that are allowed, and to the proxies of accounts. */
#include "sip/internal.h"

#include <errno.h>

static bool is_proxy(const struct sl_sip *sip, const struct sl_addr *to)
{
    const struct sl_sip_account *account;

    sl_list_foreach(account, &sip->accounts, struct sl_sip_account, link)
    {
        for (size_t i = 0; i < account->proxy_count; i++) {
            if (sl_addr_same_ip(to, &account->proxies[i]))
                return true;
        }
    }
    return false;
}

int sl_sip_check_way(enum sip_transp transport, const struct sa *local, const struct sa *remote,
                     struct mbuf *out, void *arg)
{
    const struct sl_sip *sip = arg;
    const struct sl_reach reach = {.who = SL_REACH_CLIENT, .allow = &sip->allow};
    char text[SL_ADDR_TEXT_MAX];
    struct sl_addr to;

    (void)transport;
    (void)local;
    (void)out;
    if (sl_addr_from_sockaddr(&to, &remote->u.sa) == 0 &&
        (sl_reach_may(&reach, &to) || is_proxy(sip, &to)))
        return 0;
    sl_log(SL_LOG_INFO, NULL, "SIP: a call leads to %s: client_sip_allow does not name it",
           sl_addr_format(&to, text));
    return EACCES;
}
