/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests, and the credentials that they are asked for (RFC 3261 section 22, RFC 8760). */
#include "sip/internal.h"

#include "base/random.h"

#include <string.h>

enum { CNONCE_LEN = 16, WWW = 0, PROXY = 1 };

static const struct {
    uint16_t code;
    enum sip_hdrid header;
    const char *answer;
} kinds[2] = {
    [WWW] = {401, SIP_HDR_WWW_AUTHENTICATE, "Authorization"},
    [PROXY] = {407, SIP_HDR_PROXY_AUTHENTICATE, "Proxy-Authorization"},
};

void sl_sip_add_credentials(struct sl_sip_account *account, const char *method, const char *uri,
                            struct sl_buffer *out)
{
    char cnonce[CNONCE_LEN + 1], answer[SL_DIGEST_ANSWER_MAX];

    for (size_t i = 0; i < 2; i++) {
        struct credential *credential = &account->credentials[i];
        if (!credential->set)
            continue;
        sl_random_token(cnonce, CNONCE_LEN);
        const struct sl_digest_request request = {.username = account->auth_name,
                                                  .password = account->password,
                                                  .method = method,
                                                  .uri = uri,
                                                  .cnonce = cnonce,
                                                  .nc = ++credential->nc};
        /* What cannot be answered goes without: the server refuses it, and that is told. */
        if (sl_digest_answer(&credential->challenge, &request, answer) > 0)
            sl_sip_add(out, "%s: %s\r\n", kinds[i].answer, answer);
    }
}

/* The first challenge that we can answer (RFC 8760 section 2.4). */
static bool read_challenge(const struct sip_hdr *header, const struct sip_msg *msg, void *arg)
{
    (void)msg;
    return sl_digest_parse(header->val.p, header->val.l, arg) == 0;
}

/* Sent again with an answer, unless the last one was wrong. */
static bool answer_challenge(struct outgoing *outgoing, const struct sip_msg *msg)
{
    size_t kind = msg->scode == kinds[PROXY].code ? PROXY : WWW;
    struct credential *credential = &outgoing->account->credentials[kind];
    struct sl_digest_challenge challenge;

    if (msg->scode != kinds[kind].code || outgoing->given_up)
        return false;
    if (!sip_msg_hdr_apply(msg, true, kinds[kind].header, read_challenge, &challenge))
        return false;
    if (outgoing->challenges[kind] > 0 && (!challenge.stale || outgoing->challenges[kind] > 2))
        return false;
    outgoing->challenges[kind]++;
    credential->set = true;
    credential->challenge = challenge;
    credential->nc = 0;
    return true;
}

void sl_sip_on_response(int err, const struct sip_msg *msg, void *arg)
{
    struct outgoing *outgoing = arg;

    if (msg && answer_challenge(outgoing, msg)) {
        err = outgoing->send(outgoing);
        if (err == 0)
            return;
        msg = NULL;
    }
    outgoing->on_response(outgoing, err, msg);
}

void sl_sip_send(struct outgoing *outgoing)
{
    memset(outgoing->challenges, 0, sizeof(outgoing->challenges));
    outgoing->given_up = false;
    int err = outgoing->send(outgoing);
    if (err != 0)
        outgoing->on_response(outgoing, err, NULL);
}

void sl_sip_forget(struct outgoing *outgoing)
{
    outgoing->handle = mem_deref(outgoing->handle);
}

/* ---- Contact ---- */

int sl_sip_print_contact(const struct sl_sip_account *account, bool sips, const char *params,
                         enum sip_transp transport, const struct sa *local, struct mbuf *out)
{
    const char *user = strchr(account->aor, ':') + 1, *way = "";
    char ip[SL_ADDR_TEXT_MAX] = "";
    const char *host = account->sip->announce;

    if (host[0] == '\0' && sa_ntop(local, ip, sizeof(ip)) == 0)
        host = ip;
    if (transport == SIP_TRANSP_TCP)
        way = ";transport=tcp";
    else if (transport == SIP_TRANSP_TLS && !sips)
        way = ";transport=tls";
    const char *format = strchr(host, ':') ? "Contact: <%s:%b@[%s]:%u%s;id=%s>%s\r\n"
                                           : "Contact: <%s:%b@%s:%u%s;id=%s>%s\r\n";
    /* The user part as it stands in the account's own address. */
    return mbuf_printf(out, format, sips ? "sips" : "sip", user,
                       (size_t)(strrchr(user, '@') - user), host, (unsigned)sa_port(local), way,
                       account->id, params);
}

int sl_sip_on_sending(enum sip_transp transport, const struct sa *local, const struct sa *remote,
                      struct mbuf *out, void *arg)
{
    const struct outgoing *outgoing = arg;

    int err = sl_sip_check_way(transport, local, remote, out, outgoing->account->sip);

    return err != 0 ? err : sl_sip_secure_aim(outgoing->account, transport, remote);
}

int sl_sip_add_contact(enum sip_transp transport, const struct sa *local, const struct sa *remote,
                       struct mbuf *out, void *arg)
{
    const struct outgoing *outgoing = arg;
    const char *params = outgoing->contact_params ? outgoing->contact_params : "";

    int err = sl_sip_on_sending(transport, local, remote, out, arg);
    return err != 0 ? err
                    : sl_sip_print_contact(outgoing->account, outgoing->sips, params, transport,
                                           local, out);
}
