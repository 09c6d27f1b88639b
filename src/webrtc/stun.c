/* SPDX-License-Identifier: GPL-3.0-or-later */
/* STUN: the message's bytes in and out (RFC 8489), as far as ICE uses it (RFC 8445). */
#include "webrtc/stun.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "srtp/srtp.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

enum {
    COOKIE = 0x2112A442,
    FINGERPRINT_XOR = 0x5354554E, /* RFC 8489 section 14.7 */
    USERNAME_MAX = 513,           /* RFC 8489 section 14.3; RFC 5389 peers count the same */
    INTEGRITY_LEN = 4 + SL_SHA1_LEN,
    FINGERPRINT_LEN = 4 + 4,
    FAMILY_IPV4 = 1,
    FAMILY_IPV6 = 2,
};

enum attribute {
    MAPPED_ADDRESS = 0x0001,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000A,
    REALM = 0x0014,
    NONCE = 0x0015,
    MESSAGE_INTEGRITY_SHA256 = 0x001C,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FIRST_OPTIONAL = 0x8000, /* comprehension is optional from here on */
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
    ICE_CONTROLLING = 0x802A,
};

/* CRC-32 of ISO 3309, four bits at a time: messages are short, a kilobyte of table is not worth it.
 */
static uint32_t crc32_of(const uint8_t *buf, size_t len)
{
    static const uint32_t nibbles[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < len; i++) {
        crc ^= buf[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

/*
 *  0                 1
 *  2  3  4  5  6  7  8  9  0  1  2  3  4  5
 * +--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 * |M |M |M |M |M |C1|M |M |M |C0|M |M |M |M |   RFC 8489 section 5
 * +--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 */
static uint16_t type_of(enum sl_stun_class class, uint16_t method)
{
    return (uint16_t)((method & 0xF80) << 2 | (method & 0x70) << 1 | (method & 0xF) |
                      (class & 2) << 7 | (class & 1) << 4);
}

static enum sl_stun_class class_of(uint16_t type)
{
    return (enum sl_stun_class)((type >> 7 & 2) | (type >> 4 & 1));
}

static uint16_t method_of(uint16_t type)
{
    return (uint16_t)((type >> 2 & 0xF80) | (type >> 1 & 0x70) | (type & 0xF));
}

bool sl_stun_is(const uint8_t *buf, size_t len)
{
    return len >= SL_STUN_HEADER_LEN && buf[0] <= 3 && sl_load_u32(buf + 4) == COOKIE;
}

/* ---- Parsing ---- */

/* The address is xored with the cookie and, beyond its 4 bytes, the transaction id: these lie side
 * by side in the header from offset 4. */
static int parse_xor_address(const uint8_t *header, const uint8_t *value, size_t len,
                             struct sl_addr *out)
{
    const uint8_t *mask = header + 4;
    size_t ip_len = len == 8 ? 4 : 16;

    if (!(len == 8 && value[1] == FAMILY_IPV4) && !(len == 20 && value[1] == FAMILY_IPV6))
        return -EBADMSG;
    memset(out, 0, sizeof(*out));
    if (ip_len == 4)
        out->ip[10] = out->ip[11] = 0xFF;
    for (size_t i = 0; i < ip_len; i++)
        out->ip[16 - ip_len + i] = value[4 + i] ^ mask[i];
    out->port = sl_load_u16(value + 2) ^ (COOKIE >> 16);
    return 0;
}

static int parse_error_code(const uint8_t *value, size_t len, int *out)
{
    if (len < 4 || (value[2] & 7) < 3 || (value[2] & 7) > 6 || value[3] > 99)
        return -EBADMSG;
    *out = (value[2] & 7) * 100 + value[3];
    return 0;
}

static uint64_t load_u64(const uint8_t *p)
{
    return (uint64_t)sl_load_u32(p) << 32 | sl_load_u32(p + 4);
}

/* One attribute before MESSAGE-INTEGRITY. Of equal ones the first counts (RFC 8489 section 14). */
static int parse_attribute(const uint8_t *header, uint16_t type, const uint8_t *value, size_t len,
                           struct sl_stun_view *view)
{
    switch (type) {
    case USERNAME:
        if (len > USERNAME_MAX)
            return -EBADMSG;
        if (!view->username) {
            view->username = (const char *)value;
            view->username_len = len;
        }
        return 0;
    case ERROR_CODE:
        return view->error_code ? 0 : parse_error_code(value, len, &view->error_code);
    case XOR_MAPPED_ADDRESS:
        if (view->has_mapped)
            return 0;
        view->has_mapped = true;
        return parse_xor_address(header, value, len, &view->mapped);
    case PRIORITY:
        if (len != 4)
            return -EBADMSG;
        if (!view->priority)
            view->priority = sl_load_u32(value);
        return 0;
    case USE_CANDIDATE:
        view->use_candidate = true;
        return len == 0 ? 0 : -EBADMSG;
    case ICE_CONTROLLED:
    case ICE_CONTROLLING:
        if (len != 8)
            return -EBADMSG;
        if (!view->ice_controlled && !view->ice_controlling) {
            view->ice_controlled = type == ICE_CONTROLLED;
            view->ice_controlling = type == ICE_CONTROLLING;
            view->tie_breaker = load_u64(value);
        }
        return 0;
    case MAPPED_ADDRESS:
    case UNKNOWN_ATTRIBUTES:
    case REALM:
    case NONCE:
    case MESSAGE_INTEGRITY_SHA256:
        return 0; /* understood, of no use here */
    default:
        if (type < FIRST_OPTIONAL)
            view->unknown_required = true;
        return 0;
    }
}

/* FINGERPRINT covers all before it and is the last attribute (RFC 8489 section 14.7). */
static int check_fingerprint(const uint8_t *buf, size_t at, size_t len, const uint8_t *value,
                             size_t value_len)
{
    if (value_len != 4 || at + FINGERPRINT_LEN != len)
        return -EBADMSG;
    return sl_load_u32(value) == (crc32_of(buf, at) ^ FINGERPRINT_XOR) ? 0 : -EBADMSG;
}

static int parse_attributes(const uint8_t *buf, size_t len, struct sl_stun_view *view)
{
    struct sl_reader r = sl_reader_of(buf + SL_STUN_HEADER_LEN, len - SL_STUN_HEADER_LEN);
    int err = 0;

    while (!err && sl_reader_left(&r) > 0) {
        size_t at = (size_t)(r.at - buf);
        uint16_t type = sl_read_u16(&r);
        size_t value_len = sl_read_u16(&r);
        const uint8_t *value = sl_reader_take(&r, value_len);
        (void)sl_reader_take(&r, -value_len & 3); /* padding, of any value; !ok is seen below */
        if (!r.ok || !value)
            return -EBADMSG;

        if (type == FINGERPRINT)
            err = check_fingerprint(buf, at, len, value, value_len);
        else if (view->integrity_at)
            continue;
        else if (type == MESSAGE_INTEGRITY && value_len != SL_SHA1_LEN)
            err = -EBADMSG;
        else if (type == MESSAGE_INTEGRITY)
            view->integrity_at = at;
        else
            err = parse_attribute(buf, type, value, value_len, view);
    }
    return err;
}

int sl_stun_parse(const uint8_t *buf, size_t len, struct sl_stun_view *out)
{
    struct sl_stun_view view = {0};

    if (!sl_stun_is(buf, len) || len > SL_STUN_MAX || len % 4 != 0 ||
        sl_load_u16(buf + 2) != len - SL_STUN_HEADER_LEN)
        return -EBADMSG;
    view.class = class_of(sl_load_u16(buf));
    view.method = method_of(sl_load_u16(buf));
    view.transaction_id = buf + 8;
    int err = parse_attributes(buf, len, &view);
    if (!err)
        *out = view;
    return err;
}

/* ---- Integrity ---- */

/* MESSAGE-INTEGRITY of the message whose attribute begins at `at`: the header's length is counted
 * as if the message ended with it (RFC 8489 section 14.5). */
static void integrity_of(const uint8_t *buf, size_t at, const char *password,
                         uint8_t out[SL_SHA1_LEN])
{
    uint8_t start[4];
    struct sl_hmac_sha1 hmac;
    SHA_CTX sha;

    memcpy(start, buf, 2);
    sl_store_u16(start + 2, (uint16_t)(at + INTEGRITY_LEN - SL_STUN_HEADER_LEN));
    sl_hmac_sha1_init(&hmac, password, strlen(password));
    sl_hmac_sha1_begin(&hmac, &sha);
    sl_hmac_sha1_update(&sha, start, sizeof(start));
    sl_hmac_sha1_update(&sha, buf + sizeof(start), at - sizeof(start));
    sl_hmac_sha1_end(&hmac, &sha, out);
}

bool sl_stun_verify(const uint8_t *buf, size_t len, const struct sl_stun_view *view,
                    const char *password)
{
    uint8_t expected[SL_SHA1_LEN];

    if (!view->integrity_at || len < view->integrity_at + INTEGRITY_LEN)
        return false;
    integrity_of(buf, view->integrity_at, password, expected);
    return CRYPTO_memcmp(expected, buf + view->integrity_at + 4, sizeof(expected)) == 0;
}

/* ---- Building ---- */

static struct sl_writer begin(uint8_t *out, enum sl_stun_class class, const uint8_t *transaction_id)
{
    struct sl_writer w = sl_writer_of(out, SL_STUN_MAX);

    sl_write_u16(&w, type_of(class, SL_STUN_BINDING));
    sl_write_u16(&w, 0); /* length: set_length() */
    sl_write_u32(&w, COOKIE);
    sl_write_bytes(&w, transaction_id, SL_STUN_TID_LEN);
    return w;
}

static void write_attribute(struct sl_writer *w, enum attribute type, const void *value, size_t len)
{
    static const uint8_t zeros[4];

    sl_write_u16(w, (uint16_t)type);
    sl_write_u16(w, (uint16_t)len);
    if (len > 0)
        sl_write_bytes(w, value, len);
    sl_write_bytes(w, zeros, -len & 3);
}

static void set_length(struct sl_writer *w, size_t attributes_to_come)
{
    sl_store_u16(w->start + 2,
                 (uint16_t)(sl_writer_len(w) + attributes_to_come - SL_STUN_HEADER_LEN));
}

/* Adds MESSAGE-INTEGRITY (unless password is NULL) and FINGERPRINT. Returns the length, 0 if the
 * message did not fit. */
static size_t finish(struct sl_writer *w, const char *password)
{
    uint8_t value[SL_SHA1_LEN];

    if (!w->ok)
        return 0;
    if (password) {
        integrity_of(w->start, sl_writer_len(w), password, value);
        write_attribute(w, MESSAGE_INTEGRITY, value, SL_SHA1_LEN);
    }
    set_length(w, FINGERPRINT_LEN);
    sl_store_u32(value, crc32_of(w->start, sl_writer_len(w)) ^ FINGERPRINT_XOR);
    write_attribute(w, FINGERPRINT, value, 4);
    return w->ok ? sl_writer_len(w) : 0;
}

size_t sl_stun_build_request(const struct sl_stun_request *request, uint8_t *out)
{
    struct sl_writer w = begin(out, SL_STUN_REQUEST, request->transaction_id);
    uint8_t value[8];

    if (strlen(request->username) > USERNAME_MAX)
        return 0;
    write_attribute(&w, USERNAME, request->username, strlen(request->username));
    sl_store_u32(value, request->priority);
    write_attribute(&w, PRIORITY, value, 4);
    sl_store_u32(value, (uint32_t)(request->tie_breaker >> 32));
    sl_store_u32(value + 4, (uint32_t)request->tie_breaker);
    write_attribute(&w, request->controlling ? ICE_CONTROLLING : ICE_CONTROLLED, value, 8);
    if (request->use_candidate)
        write_attribute(&w, USE_CANDIDATE, NULL, 0);
    return finish(&w, request->password);
}

size_t sl_stun_build_success(const uint8_t *transaction_id, const struct sl_addr *mapped,
                             const char *password, uint8_t *out)
{
    struct sl_writer w = begin(out, SL_STUN_SUCCESS, transaction_id);
    bool v4 = sl_addr_is_v4(mapped);
    size_t ip_len = v4 ? 4 : 16;
    uint8_t value[20] = {0, v4 ? FAMILY_IPV4 : FAMILY_IPV6};

    sl_store_u16(value + 2, mapped->port ^ (COOKIE >> 16));
    for (size_t i = 0; i < ip_len; i++)
        value[4 + i] = mapped->ip[16 - ip_len + i] ^ out[4 + i];
    write_attribute(&w, XOR_MAPPED_ADDRESS, value, 4 + ip_len);
    return finish(&w, password);
}

size_t sl_stun_build_error(const uint8_t *transaction_id, int code, const char *password,
                           uint8_t *out)
{
    static const struct {
        int code;
        const char *reason;
    } reasons[] = {
        {400, "Bad Request"},
        {401, "Unauthenticated"},
        {420, "Unknown Attribute"},
        {487, "Role Conflict"},
    };
    struct sl_writer w = begin(out, SL_STUN_ERROR, transaction_id);
    uint8_t value[64] = {0, 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};
    size_t len = 4;

    for (size_t i = 0; i < SL_ARRAY_LEN(reasons); i++) {
        if (reasons[i].code == code) {
            memcpy(value + 4, reasons[i].reason, strlen(reasons[i].reason));
            len += strlen(reasons[i].reason);
        }
    }
    write_attribute(&w, ERROR_CODE, value, len);
    if (code == 420) /* demanded with it (RFC 8489 section 6.3.1); the list is not kept, so empty */
        write_attribute(&w, UNKNOWN_ATTRIBUTES, NULL, 0);
    return finish(&w, password);
}
