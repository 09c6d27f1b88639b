/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes, as libre has taken it apart: whether a request is fit to be looked at (sip.md 17), and
 * what it says of people. Pure. */
#include "sip/internal.h"

#include <string.h>

enum {
    BODY_MAX = 65536,
    HEADERS_MAX = 200,
};

static const struct {
    enum sip_hdrid id;
    const char *fault;
} once[] = {
    {SIP_HDR_FROM, "From is missing or repeated"},
    {SIP_HDR_TO, "To is missing or repeated"},
    {SIP_HDR_CALL_ID, "Call-ID is missing or repeated"},
    {SIP_HDR_CSEQ, "CSeq is missing or repeated"},
};

static bool is_number(const struct pl *value, uint64_t most)
{
    uint64_t number = 0;
    size_t i = 0;

    for (; i < value->l && value->p[i] >= '0' && value->p[i] <= '9'; i++) {
        number = 10 * number + (unsigned)(value->p[i] - '0');
        if (number > most)
            return false;
    }
    return i > 0 && (i == value->l || value->p[i] == ' ' || value->p[i] == '\t');
}

/* libre takes numbers of any length, and any text as one. */
static const char *fault_of_numbers(const struct sip_msg *msg)
{
    const struct sip_hdr *cseq = sip_msg_hdr(msg, SIP_HDR_CSEQ);

    if (!cseq || !is_number(&cseq->val, INT32_MAX)) /* RFC 3261 section 8.1.1.5 */
        return "CSeq has no number";
    if (sip_msg_hdr_count(msg, SIP_HDR_CONTENT_LENGTH) > 1)
        return "Content-Length is repeated";
    if (!pl_isset(&msg->clen))
        return NULL;
    if (!is_number(&msg->clen, UINT32_MAX))
        return "Content-Length is no number";
    return pl_u32(&msg->clen) > mbuf_get_left(msg->mb) ? "shorter than its Content-Length" : NULL;
}

const char *sl_sip_fault(const struct sip_msg *msg)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(once); i++) {
        if (sip_msg_hdr_count(msg, once[i].id) != 1)
            return once[i].fault;
    }
    if (!pl_isset(&msg->via.branch))
        return "Via has no branch";
    if (!pl_isset(&msg->from.tag))
        return "From has no tag";
    if (pl_cmp(&msg->met, &msg->cseq.met) != 0)
        return "CSeq is of another method";
    if (mbuf_get_left(msg->mb) > BODY_MAX || list_count(&msg->hdrl) > HEADERS_MAX)
        return "too long";
    return fault_of_numbers(msg);
}

bool sl_sip_has_strange_body(const struct sip_msg *msg)
{
    return mbuf_get_left(msg->mb) > 0 && !msg_ctype_cmp(&msg->ctyp, "application", "sdp");
}

bool sl_sip_has_strange_scheme(const struct sip_msg *msg)
{
    static const char *const known[] = {"sip", "sips", "tel"};

    for (size_t i = 0; i < SL_ARRAY_LEN(known); i++) {
        if (pl_strcasecmp(&msg->uri.scheme, known[i]) == 0)
            return false;
    }
    return true;
}

unsigned sl_sip_read_seconds(const struct pl *value)
{
    uint64_t seconds = 0;

    for (size_t i = 0; i < value->l && value->p[i] >= '0' && value->p[i] <= '9'; i++) {
        seconds = 10 * seconds + (unsigned)(value->p[i] - '0');
        if (seconds > SL_SIP_SECONDS_MAX)
            seconds = SL_SIP_SECONDS_MAX;
    }
    return (unsigned)seconds;
}

char *sl_sip_display_name(const struct pl *name)
{
    char *text = sl_sip_dup(name), *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1])
            from++;
        else if (*from == '"')
            continue;
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

char *sl_sip_user(const struct pl *uri)
{
    char user[SL_SIP_NAME_MAX];

    (void)sl_sip_uri_user(uri->p ? uri->p : "", uri->p ? uri->l : 0, user);
    return sl_sip_valid_text(user, strlen(user));
}

char *sl_sip_contact(const struct sip_msg *msg)
{
    const struct sip_hdr *contact = sip_msg_hdr(msg, SIP_HDR_CONTACT);
    struct sip_addr addr;

    return contact && sip_addr_decode(&addr, &contact->val) == 0 ? sl_sip_dup(&addr.auri) : NULL;
}
