/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attributes of a session description: one row and one function for each we read. What cannot be
 * read is noted and left out: it costs the attribute, the codec or the section it belongs to. */
#include "base/addr.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "sdp/format.h"
#include "sdp/parser.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static void on_group(struct sl_sdp_parser *p, struct sl_span value)
{
    if (sl_span_is(sl_span_word(&value), "BUNDLE") && !p->has_bundle) {
        p->has_bundle = true;
        p->bundle = value;
    }
}

static void on_ice_lite(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->sdp->ice_lite = true;
}

/* Lengths of RFC 8839 section 5.4; any printable character, as real ones carry '-'. */
static bool copy_ice_secret(struct sl_span value, size_t min, char *out, size_t size)
{
    value = sl_span_trim(value);
    return value.len >= min && sl_span_is_printable(value) && !memchr(value.at, ' ', value.len) &&
           sl_span_copy(value, out, size);
}

static void on_ice_ufrag(struct sl_sdp_parser *p, struct sl_span value)
{
    if (copy_ice_secret(value, 4, p->current->ufrag, sizeof(p->current->ufrag)))
        return;
    p->current->ufrag[0] = '\0'; /* the session's would be another one's */
    sl_sdp_parser_odd(p, "ice-ufrag must have 4 to 256 characters");
}

static void on_ice_pwd(struct sl_sdp_parser *p, struct sl_span value)
{
    if (copy_ice_secret(value, 22, p->current->pwd, sizeof(p->current->pwd)))
        return;
    p->current->pwd[0] = '\0';
    sl_sdp_parser_odd(p, "ice-pwd must have 22 to 256 characters");
}

/* Hex pairs with colons between, as many as the hash has bytes (RFC 8122 section 5). */
static bool is_fingerprint(struct sl_span value, size_t hash_len)
{
    if (value.len != hash_len * 3 - 1)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (i % 3 == 2 ? value.at[i] != ':' : !isxdigit((unsigned char)value.at[i]))
            return false;
    return true;
}

static void on_fingerprint(struct sl_sdp_parser *p, struct sl_span value)
{
    static const struct {
        const char *name;
        size_t len;
    } hashes[] = {
        {"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64},
    };
    struct sl_sdp_section *section = p->current;
    struct sl_span name = sl_span_word(&value);
    struct sl_span digest = sl_span_trim(value);

    for (size_t i = 0; i < SL_ARRAY_LEN(hashes); i++) {
        if (!sl_span_is_nocase(name, hashes[i].name))
            continue;
        if (!is_fingerprint(digest, hashes[i].len)) {
            sl_sdp_parser_odd(p, "fingerprint does not fit its hash");
            return; /* another line may have one that does */
        }
        /* Several may describe the same certificate (RFC 8122): sha-256 is what all can check. */
        if (p->own_fingerprint && strcmp(hashes[i].name, "sha-256") != 0)
            return;
        p->own_fingerprint = true;
        (void)snprintf(section->fingerprint_hash, sizeof(section->fingerprint_hash), "%s",
                       hashes[i].name);
        (void)sl_span_copy(digest, section->fingerprint, sizeof(section->fingerprint)); /* fits */
        for (char *c = section->fingerprint; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        return;
    } /* a hash we do not know: another line may have one */
}

static void on_setup(struct sl_sdp_parser *p, struct sl_span value)
{
    value = sl_span_trim(value);
    if (sl_span_is(value, "actpass"))
        p->current->setup = SL_SDP_ACTPASS;
    else if (sl_span_is(value, "active"))
        p->current->setup = SL_SDP_ACTIVE;
    else if (sl_span_is(value, "passive"))
        p->current->setup = SL_SDP_PASSIVE;
    else
        sl_sdp_parser_odd(p, "setup must be actpass, active or passive");
}

static void on_sendrecv(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->direction = SL_SDP_SENDRECV;
}

static void on_sendonly(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->direction = SL_SDP_SENDONLY;
}

static void on_recvonly(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->direction = SL_SDP_RECVONLY;
}

static void on_inactive(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->direction = SL_SDP_INACTIVE;
}

/* extmap:<id>[/<direction>] <uri> [<attributes>] (RFC 8285 section 8). Ids outside the two header
 * forms are provisional or nonsense and left out. */
static void on_extmap(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_section *section = p->current;
    struct sl_span head = sl_span_word(&value);
    struct sl_span uri = sl_span_word(&value);
    uint32_t id;
    size_t i;

    if (!sl_span_number(sl_span_cut(&head, '/'), 255, &id) || id == 0 || id == 15 || uri.len == 0 ||
        uri.len >= sizeof(section->extmap[0].uri) || !sl_span_is_printable(uri))
        return;
    for (i = 0; i < section->extmap_count && section->extmap[i].id != id; i++)
        ; /* the section's overrules the session's */
    if (i == SL_SDP_EXTMAP_MAX) {
        sl_sdp_parser_odd(p, "more than %d extmaps", SL_SDP_EXTMAP_MAX);
        return;
    }
    if (i == section->extmap_count)
        section->extmap =
            sl_mem_realloc(section->extmap, ++section->extmap_count * sizeof(*section->extmap));
    section->extmap[i].id = (uint8_t)id;
    (void)sl_span_copy(uri, section->extmap[i].uri, sizeof(section->extmap[i].uri)); /* fits */
}

static void on_mid(struct sl_sdp_parser *p, struct sl_span value)
{
    value = sl_span_trim(value);
    if (!sl_span_is_token(value) || !sl_span_copy(value, p->current->mid, sizeof(p->current->mid)))
        sl_sdp_parser_odd(p, "mid must be a token of at most %d characters", SL_SDP_MID_MAX);
}

/* The format that an attribute's first word names. NULL if the m-line has no such payload type:
 * the SDK's stripCodecs leaves such lines behind. */
static struct sl_sdp_format *named_format(struct sl_sdp_parser *p, struct sl_span *value)
{
    struct sl_sdp_section *section = p->current;
    uint32_t payload_type;

    if (!sl_span_number(sl_span_word(value), 127, &payload_type))
        return NULL;
    for (size_t i = 0; i < section->format_count; i++)
        if (section->formats[i].payload_type == payload_type)
            return &section->formats[i];
    return NULL;
}

/* rtpmap:<payload type> <name>/<clock>[/<channels>] (RFC 8866 section 6.6) */
static void on_rtpmap(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_format *format = named_format(p, &value);
    uint32_t clock_hz, channels = 1;
    char encoding[sizeof(format->name)];

    if (!format)
        return;
    struct sl_span rest = sl_span_trim(value);
    struct sl_span name = sl_span_cut(&rest, '/');
    struct sl_span clock = sl_span_cut(&rest, '/');
    if (!sl_span_is_token(name) || !sl_span_copy(name, encoding, sizeof(encoding)) ||
        !sl_span_number(clock, UINT32_MAX, &clock_hz) ||
        (rest.len > 0 && !sl_span_number(rest, 255, &channels))) {
        sl_sdp_parser_odd(p, "expected rtpmap:<type> <name>/<clock>[/<channels>]");
        return;
    }
    memcpy(format->name, encoding, sizeof(format->name));
    format->clock_hz = clock_hz;
    format->channels = (uint8_t)channels;
}

/* Behind what is there: a second line of one payload type adds to the first, as the SDK writes such
 * (6.5). False, and nothing added: it does not fit or is not printable. */
static bool add_fmtp(struct sl_sdp_format *format, struct sl_span value)
{
    size_t len = strlen(format->fmtp);
    size_t separator = len > 0 && format->fmtp[len - 1] != ';' && value.len > 0;

    if (!sl_span_is_printable(value) || value.len + separator >= sizeof(format->fmtp) - len)
        return false;
    if (separator > 0)
        format->fmtp[len++] = ';';
    return sl_span_copy(value, format->fmtp + len, sizeof(format->fmtp) - len);
}

/* Parameters that can be kept say what the others do not change: a mode, a profile. False: not all
 * could be. */
static bool add_parameters(struct sl_sdp_format *format, struct sl_span value)
{
    if (add_fmtp(format, sl_span_trim(value)))
        return true;
    while (value.len > 0)
        (void)add_fmtp(format, sl_span_trim(sl_span_cut(&value, ';')));
    return false;
}

static void on_fmtp(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_format *format = named_format(p, &value);

    if (!format)
        return;
    value = sl_span_trim(value);
    struct sl_span behind = sl_sdp_take_sprop(p->current, format->payload_type, &value);
    bool whole = add_parameters(format, value);
    if (!add_parameters(format, behind) || !whole)
        sl_sdp_parser_odd(p, "fmtp must be printable and of at most %zu characters",
                          sizeof(format->fmtp) - 1);
}

static void add_feedback(struct sl_sdp_format *format, struct sl_span type, struct sl_span param)
{
    if (sl_span_is_nocase(type, "nack") && param.len == 0)
        format->nack = true;
    else if (sl_span_is_nocase(type, "nack") && sl_span_is_nocase(param, "pli"))
        format->pli = true;
    else if (sl_span_is_nocase(type, "ccm") && sl_span_is_nocase(param, "fir"))
        format->fir = true;
    else if (sl_span_is_nocase(type, "goog-remb"))
        format->remb = true;
    else if (sl_span_is_nocase(type, "transport-cc"))
        format->transport_cc = true;
}

/* rtcp-fb:<payload type or *> <type> [<parameter>] (RFC 4585 section 4.2) */
static void on_rtcp_fb(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_section *section = p->current;
    struct sl_span rest = value;
    bool all = sl_span_is(sl_span_word(&rest), "*");
    struct sl_sdp_format *format = all ? NULL : named_format(p, &value);
    struct sl_span type = sl_span_word(&rest);
    struct sl_span param = sl_span_word(&rest);

    for (size_t i = 0; i < section->format_count; i++)
        if (all || &section->formats[i] == format)
            add_feedback(&section->formats[i], type, param);
}

/* rtcp:<port> [<address>] (RFC 3605 section 2.1); the address is that of c=. */
static void on_rtcp(struct sl_sdp_parser *p, struct sl_span value)
{
    uint32_t port;

    if (sl_span_number(sl_span_word(&value), UINT16_MAX, &port))
        p->current->rtcp_port = (uint16_t)port;
}

static void on_ptime(struct sl_sdp_parser *p, struct sl_span value)
{
    uint32_t ms;

    if (sl_span_number(value, UINT16_MAX, &ms)) /* a part of one is none that could be kept to */
        p->current->ptime_ms = (uint16_t)ms;
}

static void on_rtcp_mux(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->rtcp_mux = true;
}

static void on_rtcp_rsize(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->rtcp_rsize = true;
}

static void on_bundle_only(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->bundle_only = true;
}

/* The entry of a primary ssrc, made if need be; NULL if it is a repair ssrc or there are too many:
 * one source is all we use. */
static struct sl_sdp_ssrc *primary_ssrc(struct sl_sdp_section *section, uint32_t ssrc)
{
    for (size_t i = 0; i < section->ssrc_count; i++) {
        if (section->ssrcs[i].rtx_ssrc == ssrc)
            return NULL;
        if (section->ssrcs[i].ssrc == ssrc)
            return &section->ssrcs[i];
    }
    if (section->ssrc_count == SL_SDP_SSRCS_MAX)
        return NULL;
    section->ssrcs[section->ssrc_count] = (struct sl_sdp_ssrc){.ssrc = ssrc};
    return &section->ssrcs[section->ssrc_count++];
}

static void forget_ssrc(struct sl_sdp_section *section, uint32_t ssrc)
{
    for (size_t i = 0; i < section->ssrc_count; i++) {
        if (section->ssrcs[i].ssrc != ssrc)
            continue;
        section->ssrc_count--;
        memmove(&section->ssrcs[i], &section->ssrcs[i + 1],
                (section->ssrc_count - i) * sizeof(section->ssrcs[0]));
        return;
    }
}

static void on_ssrc(struct sl_sdp_parser *p, struct sl_span value)
{
    uint32_t ssrc;

    if (sl_span_number(sl_span_word(&value), UINT32_MAX, &ssrc) && ssrc != 0)
        (void)primary_ssrc(p->current, ssrc); /* too many: the first ones count */
}

/* ssrc-group:FID <primary> <rtx> (RFC 5576, 4588); other groups say nothing we use. */
static void on_ssrc_group(struct sl_sdp_parser *p, struct sl_span value)
{
    uint32_t primary, rtx;

    if (!sl_span_is(sl_span_word(&value), "FID") ||
        !sl_span_number(sl_span_word(&value), UINT32_MAX, &primary) ||
        !sl_span_number(sl_span_word(&value), UINT32_MAX, &rtx) || primary == 0 || rtx == 0 ||
        primary == rtx)
        return;
    forget_ssrc(p->current, rtx); /* its a=ssrc line may have come first */
    struct sl_sdp_ssrc *entry = primary_ssrc(p->current, primary);
    if (entry)
        entry->rtx_ssrc = rtx;
}

/* candidate:<foundation> <component> <transport> <priority> <ip> <port> typ <type> ... (RFC 8839
 * section 5.1). What cannot be used - names, unknown transports, active TCP - is left out. */
static void on_candidate(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_section *section = p->current;
    struct sl_sdp_candidate candidate = {.tcp = false};
    struct sl_span foundation = sl_span_word(&value), component = sl_span_word(&value);
    struct sl_span transport = sl_span_word(&value), priority = sl_span_word(&value);
    struct sl_span ip = sl_span_word(&value), port = sl_span_word(&value);
    uint32_t component_number, port_number;
    char text[SL_ADDR_TEXT_MAX];
    struct sl_addr addr;

    candidate.tcp = sl_span_is_nocase(transport, "tcp");
    if (foundation.len == 0 || section->candidate_count == SL_SDP_CANDIDATES_MAX ||
        (!candidate.tcp && !sl_span_is_nocase(transport, "udp")) ||
        (candidate.tcp && !sl_span_contains(value, " tcptype passive")) ||
        !sl_span_number(component, 255, &component_number) ||
        !sl_span_number(priority, UINT32_MAX, &candidate.priority) ||
        !sl_span_number(port, UINT16_MAX, &port_number) || port_number == 0 ||
        !sl_span_is(sl_span_word(&value), "typ") || !sl_span_copy(ip, text, sizeof(text)) ||
        sl_addr_parse_ip(text, (uint16_t)port_number, &addr) < 0)
        return;
    candidate.component = (uint8_t)component_number;
    candidate.port = addr.port;
    (void)snprintf(candidate.ip, sizeof(candidate.ip), "%s", sl_addr_format_ip(&addr, text));
    section->candidates[section->candidate_count++] = candidate;
}

static void on_end_of_candidates(struct sl_sdp_parser *p, struct sl_span value)
{
    (void)value;
    p->current->end_of_candidates = true;
}

static enum sl_sdp_suite suite_of(struct sl_span name)
{
    for (int suite = SL_SDP_NO_SUITE + 1; suite < SL_SDP_SUITES; suite++) {
        if (sl_span_is(name, sl_sdp_suite_name((enum sl_sdp_suite)suite)))
            return (enum sl_sdp_suite)suite;
    }
    return SL_SDP_NO_SUITE;
}

/* crypto:<tag> <suite> inline:<key and salt>[|<lifetime>][|<MKI>:<length>] [<parameters>] (RFC 4568
 * section 9). A line with what we cannot do, an MKI, several keys, parameters, is passed over: its
 * author may have others. */
static void on_crypto(struct sl_sdp_parser *p, struct sl_span value)
{
    struct sl_sdp_section *section = p->current;
    struct sl_sdp_crypto crypto = {SL_SDP_NO_SUITE, 0, {0}};
    uint8_t key[SL_SDP_CRYPTO_KEY_MAX + 3]; /* a whole group more than the longest */
    struct sl_span tag = sl_span_word(&value), suite = sl_span_word(&value);
    struct sl_span rest = sl_span_word(&value);
    struct sl_span method = sl_span_cut(&rest, ':');
    struct sl_span text = sl_span_cut(&rest, '|');

    crypto.suite = suite_of(suite);
    if (crypto.suite == SL_SDP_NO_SUITE || section->crypto_count == SL_SDP_CRYPTOS_MAX ||
        memchr(rest.at, ':', rest.len) || sl_span_trim(value).len > 0)
        return;
    if (!sl_span_number(tag, 999999999, &crypto.tag) || !sl_span_is(method, "inline") ||
        sl_base64_decode(text.at, text.len, key, sizeof(key)) !=
            (int)sl_sdp_suite_key_len(crypto.suite)) {
        sl_sdp_parser_odd(p, "expected crypto:<tag> <suite> inline:<key and salt of the suite>");
        return;
    }
    memcpy(crypto.key, key, sl_sdp_suite_key_len(crypto.suite));
    section->cryptos[section->crypto_count++] = crypto;
}

enum { SESSION = 1, SECTION = 2, EVERY_SECTION = 4 }; /* the last: also beyond SL_SDP_MEDIA_MAX */

static const struct {
    const char *name;
    unsigned where;
    void (*parse)(struct sl_sdp_parser *parser, struct sl_span value);
} attributes[] = {
    {"bundle-only", SECTION, on_bundle_only},
    {"candidate", SECTION, on_candidate},
    {"crypto", SECTION, on_crypto},
    {"end-of-candidates", SESSION | SECTION, on_end_of_candidates},
    {"extmap", SESSION | SECTION, on_extmap},
    {"fingerprint", SESSION | SECTION, on_fingerprint},
    {"fmtp", SECTION, on_fmtp},
    {"group", SESSION, on_group},
    {"ice-lite", SESSION, on_ice_lite},
    {"ice-pwd", SESSION | SECTION, on_ice_pwd},
    {"ice-ufrag", SESSION | SECTION, on_ice_ufrag},
    {"inactive", SESSION | SECTION, on_inactive},
    {"mid", SECTION | EVERY_SECTION, on_mid},
    {"ptime", SECTION, on_ptime},
    {"recvonly", SESSION | SECTION, on_recvonly},
    {"rid", SECTION, sl_sdp_parse_rid},
    {"rtcp", SECTION, on_rtcp},
    {"rtcp-fb", SECTION, on_rtcp_fb},
    {"rtcp-mux", SECTION, on_rtcp_mux},
    {"rtcp-rsize", SECTION, on_rtcp_rsize},
    {"rtpmap", SECTION, on_rtpmap},
    {"sendonly", SESSION | SECTION, on_sendonly},
    {"sendrecv", SESSION | SECTION, on_sendrecv},
    {"setup", SESSION | SECTION, on_setup},
    {"simulcast", SECTION, sl_sdp_parse_simulcast},
    {"ssrc", SECTION, on_ssrc},
    {"ssrc-group", SECTION, on_ssrc_group},
};

void sl_sdp_parse_attribute(struct sl_sdp_parser *parser, struct sl_span attribute)
{
    struct sl_span name = sl_span_cut(&attribute, ':');
    unsigned where = SESSION;

    if (parser->current != parser->session)
        where = parser->sdp->section_count <= SL_SDP_MEDIA_MAX ? SECTION : EVERY_SECTION;
    for (size_t i = 0; i < SL_ARRAY_LEN(attributes); i++)
        if (sl_span_is(name, attributes[i].name) && attributes[i].where & where)
            attributes[i].parse(parser, attribute);
}
