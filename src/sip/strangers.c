/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much is answered of what belongs to no call and to no account (sip.md 17): so much to each
 * address, and so much to all, as a sender's address may be anybody's. Nothing is allocated. */
#include "sip/internal.h"

#include "base/clock.h"

enum {
    STRANGER_PER_S = 20,   /* answers to one address that is nobody's proxy */
    STRANGERS_PER_S = 200, /* and to all of them */
    PROXY_PER_S = 500,     /* to one that is */
    TELL_US = 10 * SL_US_PER_S,
};

/* True if one more of per_s a second, at most a second's at once, may pass. */
bool sl_sip_bucket_take(struct bucket *bucket, unsigned per_s)
{
    int64_t now_us = sl_now_us();

    bucket->spent_us -= now_us - bucket->at_us;
    bucket->at_us = now_us;
    if (bucket->spent_us < 0)
        bucket->spent_us = 0;
    if (bucket->spent_us > SL_US_PER_S)
        return false;
    bucket->spent_us += SL_US_PER_S / per_s;
    return true;
}

/* Addresses that share one by chance share its bound; nobody outside can choose them. Of IPv6, a
 * network is one (RFC 6177). */
static struct bucket *bucket_of(struct strangers *strangers, const struct sl_addr *from)
{
    uint64_t hash = sl_hash(from->ip, sl_addr_is_v4(from) ? sizeof(from->ip) : 8);

    return &strangers->by_address[hash % SL_ARRAY_LEN(strangers->by_address)];
}

/* Counted, and told once in a while. */
static void leave_unanswered(struct strangers *strangers, const struct sl_addr *from)
{
    char text[SL_ADDR_TEXT_MAX];
    int64_t now_us = sl_now_us();

    strangers->unanswered++;
    if (strangers->told_us != 0 && now_us - strangers->told_us < TELL_US)
        return;
    sl_log(SL_LOG_WARN, NULL, "SIP: %llu requests left unanswered, the last from %s",
           (unsigned long long)strangers->unanswered, sl_addr_format(from, text));
    strangers->unanswered = 0;
    strangers->told_us = now_us;
}

bool sl_sip_may_answer(struct sl_sip *sip, const struct sip_msg *msg, bool known)
{
    struct strangers *strangers = &sip->strangers;
    struct sl_addr from;

    if (sl_addr_from_sockaddr(&from, &msg->src.u.sa) < 0)
        return false;
    if (sl_sip_bucket_take(bucket_of(strangers, &from), known ? PROXY_PER_S : STRANGER_PER_S) &&
        (known || sl_sip_bucket_take(&strangers->all, STRANGERS_PER_S)))
        return true;
    leave_unanswered(strangers, &from);
    return false;
}
