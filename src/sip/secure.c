/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS. libre makes the connections, of one context, and knows nothing of whom they are to; what a
 * connection is to prove is set just before libre makes it, as that is done from within sending. */
#include "sip/internal.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static SSL_CTX *context_of(const struct sl_sip *sip)
{
    return tls_openssl_context(sip->tls);
}

int sl_sip_secure_create(struct sl_sip *sip)
{
    const struct sl_tls_files *files = &sip->config.certificate;
    struct sl_error error = {.text = ""};
    int err = tls_alloc(&sip->tls, TLS_METHOD_SSLV23, NULL, NULL);

    if (err != 0)
        return sl_error_set(sip->error, -err, "SIP: TLS: %s", strerror(err));
    err = sl_tls_adopt(context_of(sip), files->cert ? files : NULL, &error);
    if (err == 0)
        return 0;
    sl_log(SL_LOG_WARN, NULL, "SIP: nobody can connect by TLS: %s", error.text);
    return sl_tls_adopt(context_of(sip), NULL, sip->error);
}

static bool is_same_server(const struct sl_sip_account *one, const struct sl_sip_account *other)
{
    for (size_t i = 0; i < one->proxy_count; i++) {
        for (size_t j = 0; j < other->proxy_count; j++) {
            if (sl_addr_equal(&one->proxies[i], &other->proxies[j]))
                return true;
        }
    }
    return false;
}

/* One connection may serve both: it has proved the same, or neither wants anything proved. */
static bool may_share(const struct sl_sip_account *one, const struct sl_sip_account *other)
{
    return one->trusted && other->trusted ? strcasecmp(one->host, other->host) == 0
                                          : !one->trusted && !other->trusted;
}

/* libre has one connection to an address: two names there would share what only one has proved. */
void sl_sip_secure_join(struct sl_sip_account *account)
{
    struct sl_sip_account *other;
    char text[SL_ADDR_TEXT_MAX];

    if (account->transport != SL_SIP_TLS)
        return;
    sl_list_foreach(other, &account->sip->accounts, struct sl_sip_account, link)
    {
        if (other == account || other->refused || other->transport != SL_SIP_TLS ||
            !is_same_server(account, other) || may_share(account, other))
            continue;
        account->refused = true;
        sl_log(SL_LOG_WARN, NULL, "SIP: %s is known as %s already: no TLS to it as %s",
               sl_addr_format(&account->proxies[0], text), other->host, account->host);
        return;
    }
}

/* Redirections, routes and Contacts lead to where another name is, too. */
static bool is_known_otherwise(const struct sl_sip_account *account, const struct sa *remote)
{
    const struct sl_sip_account *other;
    struct sl_addr to;

    if (sl_addr_from_sockaddr(&to, &remote->u.sa) < 0)
        return true;
    sl_list_foreach(other, &account->sip->accounts, struct sl_sip_account, link)
    {
        if (other == account || other->refused || other->transport != SL_SIP_TLS ||
            may_share(account, other))
            continue;
        for (size_t i = 0; i < other->proxy_count; i++) {
            if (sl_addr_equal(&to, &other->proxies[i]))
                return true;
        }
    }
    return false;
}

int sl_sip_secure_aim(const struct sl_sip_account *account, enum sip_transp transport,
                      const struct sa *remote)
{
    if (account->refused)
        return EACCES;
    if (transport != SIP_TRANSP_TLS)
        return 0;
    if (is_known_otherwise(account, remote))
        return EACCES;
    return -sl_tls_adopt_aim(context_of(account->sip), account->trusted, account->host);
}
