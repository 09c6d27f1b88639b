/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading RTCP: RFC 3550 section 6, RFC 4585, RFC 5104, REMB. */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <errno.h>

enum {
    HEADER_LEN = 4,
    VERSION_MASK = 0xc0,
    VERSION_2 = 0x80,
    PADDING_BIT = 0x20,
    COUNT_MASK = 0x1f,
    SENDER_INFO_LEN = 20,
    REPORT_BLOCK_LEN = 24,
    FIR_ENTRY_LEN = 8,
};

/* All that RFC 3550 and 4585 define begin with an ssrc; a count of 0 says that it is not there. */
static bool has_ssrc(const struct sl_rtcp_view *view)
{
    bool counted = view->type == SL_RTCP_SDES || view->type == SL_RTCP_BYE;
    return !counted || view->count > 0;
}

/*  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P| count   |     type      |   length in words minus one   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
int sl_rtcp_next(const uint8_t *buf, size_t len, size_t *offset, struct sl_rtcp_view *out)
{
    struct sl_rtcp_view view = {0};

    if (*offset >= len)
        return 0;
    struct sl_reader r = sl_reader_of(buf + *offset, len - *offset);
    uint8_t first = sl_read_u8(&r);
    view.type = sl_read_u8(&r);
    view.count = first & COUNT_MASK;
    view.body_len = (size_t)sl_read_u16(&r) * 4;
    view.body = sl_reader_take(&r, view.body_len);
    if (!r.ok || (first & VERSION_MASK) != VERSION_2 || view.type < 192 || view.type > 223)
        return -EBADMSG;
    size_t total = HEADER_LEN + view.body_len;
    if (first & PADDING_BIT) {
        size_t padding = view.body_len > 0 ? view.body[view.body_len - 1] : 0;
        if (padding == 0 || padding > view.body_len)
            return -EBADMSG;
        view.body_len -= padding;
    }
    if (has_ssrc(&view)) {
        if (view.body_len < 4)
            return -EBADMSG;
        view.ssrc = sl_load_u32(view.body);
        view.body += 4;
        view.body_len -= 4;
    }
    *offset += total;
    *out = view;
    return 1;
}

int sl_rtcp_read_sr(const struct sl_rtcp_view *view, struct sl_sender_info *out)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);
    struct sl_sender_info info;

    if (view->type != SL_RTCP_SR)
        return -EBADMSG;
    info.ntp = (uint64_t)sl_read_u32(&r) << 32;
    info.ntp |= sl_read_u32(&r);
    info.rtp_timestamp = sl_read_u32(&r);
    info.packets = sl_read_u32(&r);
    info.octets = sl_read_u32(&r);
    if (!r.ok)
        return -EBADMSG;
    *out = info;
    return 0;
}

static struct sl_report_block read_block(struct sl_reader *r)
{
    struct sl_report_block block;
    uint32_t lost;

    block.ssrc = sl_read_u32(r);
    block.fraction_lost = sl_read_u8(r);
    lost = sl_read_u24(r);
    block.lost = (int32_t)(lost << 8) >> 8; /* the sign is bit 23 */
    block.highest_seq = sl_read_u32(r);
    block.jitter = sl_read_u32(r);
    block.lsr = sl_read_u32(r);
    block.dlsr = sl_read_u32(r);
    return block;
}

int sl_rtcp_read_blocks(const struct sl_rtcp_view *view, struct sl_report_block *out, size_t max)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);
    size_t count = view->count;

    if (view->type == SL_RTCP_SR)
        (void)sl_reader_take(&r, SENDER_INFO_LEN); /* r.ok tells */
    else if (view->type != SL_RTCP_RR)
        return -EBADMSG;
    if (!r.ok || count * REPORT_BLOCK_LEN > sl_reader_left(&r))
        return -EBADMSG;
    if (count > max)
        count = max;
    for (size_t i = 0; i < count; i++)
        out[i] = read_block(&r);
    return (int)count;
}

int sl_rtcp_read_nack(const struct sl_rtcp_view *view, uint32_t *media_ssrc, uint16_t *seqs,
                      size_t max)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);
    size_t count = 0;

    if (view->type != SL_RTCP_RTPFB || view->count != SL_RTPFB_NACK)
        return -EBADMSG;
    uint32_t ssrc = sl_read_u32(&r);
    if (!r.ok)
        return -EBADMSG;
    while (sl_reader_left(&r) >= 4) {
        uint16_t pid = sl_read_u16(&r);
        uint16_t blp = sl_read_u16(&r);

        if (count < max)
            seqs[count++] = pid;
        for (unsigned bit = 0; bit < 16; bit++) {
            if ((blp >> bit & 1) && count < max)
                seqs[count++] = (uint16_t)(pid + bit + 1);
        }
    }
    *media_ssrc = ssrc;
    return (int)count;
}

int sl_rtcp_read_keyframe_request(const struct sl_rtcp_view *view, uint32_t *ssrcs, size_t max)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);
    uint32_t media_ssrc = sl_read_u32(&r);
    size_t count = 0;

    if (view->type != SL_RTCP_PSFB || !r.ok)
        return -EBADMSG;
    if (view->count == SL_PSFB_PLI) {
        if (max == 0)
            return 0;
        ssrcs[0] = media_ssrc;
        return 1;
    }
    /* RFC 5104 section 4.3.1.1: the ssrc in the header is not used, the entries tell. */
    if (view->count != SL_PSFB_FIR || sl_reader_left(&r) < FIR_ENTRY_LEN)
        return -EBADMSG;
    while (sl_reader_left(&r) >= FIR_ENTRY_LEN && count < max) {
        ssrcs[count++] = sl_read_u32(&r);
        (void)sl_read_u32(&r); /* its number: a repeated request is answered all the same */
    }
    return (int)count;
}

/*  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                 ssrc of media source, unused                  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            "REMB"                             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Num SSRC     | BR Exp    |  BR Mantissa                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          its ssrcs                            |
 */
int sl_rtcp_read_remb(const struct sl_rtcp_view *view, uint64_t *bitrate_bps)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);

    if (view->type != SL_RTCP_PSFB || view->count != SL_PSFB_AFB)
        return -EBADMSG;
    (void)sl_read_u32(&r);
    const uint8_t *name = sl_reader_take(&r, 4);
    if (!name)
        return -EBADMSG;
    if (memcmp(name, "REMB", 4) != 0)
        return -ENOMSG;
    (void)sl_reader_take(&r, (size_t)sl_read_u8(&r) * 4 + 3); /* r.ok tells: all is there */
    if (!r.ok)
        return -EBADMSG;
    uint32_t rate = sl_load_u24(view->body + 9);
    unsigned exponent = rate >> 18;
    uint64_t mantissa = rate & 0x3ffff;
    if (mantissa > UINT64_MAX >> exponent)
        return -EBADMSG;
    *bitrate_bps = mantissa << exponent;
    return 0;
}

int sl_rtcp_read_bye(const struct sl_rtcp_view *view, uint32_t *ssrcs, size_t max)
{
    struct sl_reader r = sl_reader_of(view->body, view->body_len);
    size_t count = view->count;

    if (view->type != SL_RTCP_BYE)
        return -EBADMSG;
    if (count == 0)
        return 0;
    if ((count - 1) * 4 > sl_reader_left(&r)) /* the first one is the view's own */
        return -EBADMSG;
    if (count > max)
        count = max;
    for (size_t i = 0; i < count; i++)
        ssrcs[i] = i == 0 ? view->ssrc : sl_read_u32(&r);
    return (int)count;
}
