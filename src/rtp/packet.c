/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTP packets (RFC 3550 section 5.1), header extensions (RFC 8285), RTX payloads (RFC 4588).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                           timestamp                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                             SSRC                              |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |             CSRC (0..15), extension if X, payload             |
 */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <errno.h>

enum {
    VERSION_MASK = 0xc0,
    VERSION_2 = 0x80,
    PADDING_BIT = 0x20,
    EXTENSION_BIT = 0x10,
    CSRC_COUNT_MASK = 0x0f,
    ONE_BYTE_PROFILE = 0xbede, /* RFC 8285 section 4.2 */
    ONE_BYTE_STOP_ID = 15,     /* reserved there: nothing after it may be looked at */
    TWO_BYTE_PROFILE = 0x1000, /* section 4.3, lowest four bits are the application's */
    TWO_BYTE_MASK = 0xfff0,
};

/* Elements up to the first that makes no sense: the header is whole all the same, so a peer's odd
 * extension costs the extensions, not the packet. */
static void parse_elements(struct sl_reader elements, bool one_byte, struct sl_rtp_view *view)
{
    while (sl_reader_left(&elements) > 0 && view->ext_count < SL_RTP_EXT_MAX) {
        uint8_t id = sl_read_u8(&elements);
        size_t len;

        if (id == 0)
            continue; /* padding */
        if (one_byte) {
            len = (size_t)(id & 0x0f) + 1;
            id >>= 4;
            if (id == 0 || id == ONE_BYTE_STOP_ID)
                return;
        } else {
            len = sl_read_u8(&elements);
        }
        const uint8_t *data = sl_reader_take(&elements, len);
        if (!data)
            return;
        view->ext[view->ext_count].id = id;
        view->ext[view->ext_count].len = (uint8_t)len;
        view->ext[view->ext_count].data = data;
        view->ext_count++;
    }
}

static void parse_extension(struct sl_reader *r, struct sl_rtp_view *view)
{
    uint16_t profile = sl_read_u16(r);
    size_t len = (size_t)sl_read_u16(r) * 4;
    const uint8_t *elements = sl_reader_take(r, len);

    if (!elements)
        return;
    if (profile == ONE_BYTE_PROFILE)
        parse_elements(sl_reader_of(elements, len), true, view);
    else if ((profile & TWO_BYTE_MASK) == TWO_BYTE_PROFILE)
        parse_elements(sl_reader_of(elements, len), false, view);
}

/* view is zeroed. */
static int parse(const uint8_t *buf, size_t len, bool look_at_padding, struct sl_rtp_view *view)
{
    struct sl_reader r = sl_reader_of(buf, len);
    uint8_t first = sl_read_u8(&r);
    uint8_t second = sl_read_u8(&r);

    if ((first & VERSION_MASK) != VERSION_2)
        return -EBADMSG;
    view->marker = second & 0x80;
    view->payload_type = second & 0x7f;
    view->seq = sl_read_u16(&r);
    view->timestamp = sl_read_u32(&r);
    view->ssrc = sl_read_u32(&r);
    (void)sl_reader_take(&r, (size_t)(first & CSRC_COUNT_MASK) * 4); /* r.ok tells */
    if (first & EXTENSION_BIT)
        parse_extension(&r, view);
    if (!r.ok)
        return -EBADMSG;
    view->header_len = (size_t)(r.at - buf);
    view->payload = r.at;
    view->payload_len = sl_reader_left(&r);
    if (look_at_padding && (first & PADDING_BIT)) {
        if (view->payload_len == 0)
            return -EBADMSG;
        uint8_t padding = buf[len - 1];
        if (padding == 0 || padding > view->payload_len)
            return -EBADMSG;
        view->payload_len -= padding;
    }
    return 0;
}

int sl_rtp_parse(const uint8_t *buf, size_t len, struct sl_rtp_view *out)
{
    struct sl_rtp_view view = {0};
    int err = parse(buf, len, true, &view);

    if (err == 0)
        *out = view;
    return err;
}

int sl_rtp_parse_header(const uint8_t *buf, size_t len, struct sl_rtp_view *out)
{
    struct sl_rtp_view view = {0};
    int err = parse(buf, len, false, &view);

    if (err == 0)
        *out = view;
    return err;
}

const uint8_t *sl_rtp_ext(const struct sl_rtp_view *view, uint8_t id, size_t *len)
{
    for (size_t i = 0; i < view->ext_count; i++) {
        if (view->ext[i].id == id) {
            *len = view->ext[i].len;
            return view->ext[i].data;
        }
    }
    return NULL;
}

void sl_rtp_build_header(uint8_t out[static SL_RTP_HEADER_LEN], bool marker, uint8_t payload_type,
                         uint16_t seq, uint32_t timestamp, uint32_t ssrc)
{
    out[0] = VERSION_2;
    out[1] = (uint8_t)((marker ? 0x80 : 0) | (payload_type & 0x7f));
    sl_store_u16(out + 2, seq);
    sl_store_u32(out + 4, timestamp);
    sl_store_u32(out + 8, ssrc);
}

int sl_rtx_parse(const uint8_t *payload, size_t len, uint16_t *original_seq)
{
    if (len < 2)
        return -EBADMSG;
    *original_seq = sl_load_u16(payload);
    return 0;
}
