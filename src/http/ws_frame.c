/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket frames (RFC 6455). */
#include "http/ws_frame.h"

#include "base/bytes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    CONTROL = 0x08, /* this bit of the opcode */
    MASKED = 0x80,
    LEN16 = 126,
    LEN64 = 127,
};

static bool opcode_known(uint8_t opcode)
{
    return opcode <= SL_WS_BINARY || (opcode >= SL_WS_CLOSE && opcode <= SL_WS_PONG);
}

int sl_ws_parse_header(const uint8_t *buf, size_t len, struct sl_ws_header *out)
{
    struct sl_reader r = sl_reader_of(buf, len);
    struct sl_ws_header header = {0};

    /* Refused by the first bytes already: the rest may never come. */
    uint8_t first = sl_read_u8(&r), second = sl_read_u8(&r);
    header.fin = first & FIN;
    header.opcode = first & OPCODE;
    header.masked = second & MASKED;
    header.len = second & 0x7f;
    if (len >= 1 && ((first & RESERVED) || !opcode_known(header.opcode)))
        return -EBADMSG;
    if (len >= 2 && (first & CONTROL) && (!header.fin || header.len > SL_WS_CONTROL_MAX))
        return -EBADMSG;
    if (header.len == LEN16) {
        header.len = sl_read_u16(&r);
        if (r.ok && header.len < LEN16)
            return -EBADMSG;
    } else if (header.len == LEN64) {
        uint64_t high = sl_read_u32(&r);
        header.len = high << 32 | sl_read_u32(&r);
        if (r.ok && (header.len <= UINT16_MAX || high > INT32_MAX))
            return -EBADMSG;
    }
    const uint8_t *mask = header.masked ? sl_reader_take(&r, sizeof(header.mask)) : NULL;
    if (!r.ok)
        return 0;
    if (mask)
        memcpy(header.mask, mask, sizeof(header.mask));
    *out = header;
    return (int)(r.at - buf);
}

size_t sl_ws_build_header(uint8_t out[static SL_WS_HEADER_MAX], enum sl_ws_opcode opcode,
                          size_t payload_len, const uint8_t *mask)
{
    struct sl_writer w = sl_writer_of(out, SL_WS_HEADER_MAX);
    uint8_t masked = mask ? MASKED : 0;

    sl_write_u8(&w, (uint8_t)(FIN | opcode));
    if (payload_len < LEN16) {
        sl_write_u8(&w, (uint8_t)(masked | payload_len));
    } else if (payload_len <= UINT16_MAX) {
        sl_write_u8(&w, masked | LEN16);
        sl_write_u16(&w, (uint16_t)payload_len);
    } else {
        sl_write_u8(&w, masked | LEN64);
        sl_write_u32(&w, (uint32_t)((uint64_t)payload_len >> 32));
        sl_write_u32(&w, (uint32_t)payload_len);
    }
    if (mask)
        sl_write_bytes(&w, mask, 4);
    return sl_writer_len(&w);
}

void sl_ws_mask(uint8_t *data, size_t len, const uint8_t mask[static 4], uint64_t offset)
{
    uint8_t turned[8];
    uint64_t wide;
    size_t i = 0;

    for (size_t k = 0; k < sizeof(turned); k++)
        turned[k] = mask[(offset + k) & 3];
    memcpy(&wide, turned, sizeof(wide));
    for (; len - i >= sizeof(wide); i += sizeof(wide)) {
        uint64_t word;
        memcpy(&word, data + i, sizeof(word));
        word ^= wide;
        memcpy(data + i, &word, sizeof(word));
    }
    for (; i < len; i++)
        data[i] ^= turned[i & 7];
}

bool sl_ws_close_code_valid(unsigned code)
{
    /* 1004 to 1006 and 1015 never stand on the wire; 1016 to 2999 are not assigned. */
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

void sl_ws_accept(const char *key, char out[static SL_WS_ACCEPT_LEN + 1])
{
    char text[96]; /* a key has 24 characters, the GUID 36 */
    uint8_t digest[SHA_DIGEST_LENGTH];

    int len = snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    (void)EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha1(), NULL); /* no secret: any works */
    (void)EVP_EncodeBlock((uint8_t *)out, digest, sizeof(digest));       /* always 28 characters */
}

/* ---- UTF-8 ---- */

/* What may follow a first byte (RFC 3629 section 4); false if it cannot begin a character. */
static bool utf8_begin(struct sl_utf8 *state, uint8_t byte)
{
    state->low = 0x80;
    state->high = 0xbf;
    if (byte < 0x80) {
        state->need = 0;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
        state->need = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        state->need = 2;
        if (byte == 0xe0)
            state->low = 0xa0; /* below is an overlong form */
        else if (byte == 0xed)
            state->high = 0x9f; /* above are surrogates */
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        state->need = 3;
        if (byte == 0xf0)
            state->low = 0x90;
        else if (byte == 0xf4)
            state->high = 0x8f; /* above U+10FFFF */
    } else {
        return false;
    }
    return true;
}

bool sl_utf8_feed(struct sl_utf8 *state, const uint8_t *data, size_t len)
{
    static const uint64_t high_bits = 0x8080808080808080u;

    for (size_t i = 0; i < len;) {
        uint64_t word;
        if (state->need == 0 && len - i >= sizeof(word)) { /* mostly ASCII: eight at a time */
            memcpy(&word, data + i, sizeof(word));
            if ((word & high_bits) == 0) {
                i += sizeof(word);
                continue;
            }
        }
        uint8_t byte = data[i++];
        if (state->need == 0) {
            if (!utf8_begin(state, byte))
                return false;
        } else {
            if (byte < state->low || byte > state->high)
                return false;
            state->need--;
            state->low = 0x80;
            state->high = 0xbf;
        }
    }
    return true;
}

bool sl_utf8_valid(const void *data, size_t len)
{
    struct sl_utf8 state = {0};

    return sl_utf8_feed(&state, data, len) && state.need == 0;
}
