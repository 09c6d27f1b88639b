/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing RTCP: RFC 3550 section 6, RFC 4585, RFC 5104, REMB. Each packet is written whole or not
 * at all, so that what is in the writer stays a compound packet when the next one does not fit. */
#include "base/bytes.h"
#include "rtp/rtp.h"

enum {
    COUNT_MAX = 31, /* five bits */
    CNAME_MAX = 255,
    SDES_CNAME = 1,
    REMB_SSRCS_MAX = 255,
};

/* Takes the whole packet (len is a multiple of 4) and gives a writer for what follows the sender's
 * ssrc; one that is not ok if there is no room. */
static struct sl_writer open_packet(struct sl_writer *w, unsigned count, enum sl_rtcp_type type,
                                    size_t len, uint32_t ssrc)
{
    uint8_t *packet = sl_writer_take(w, len);
    struct sl_writer body;

    if (!packet)
        return (struct sl_writer){0};
    body = sl_writer_of(packet, len);
    sl_write_u8(&body, (uint8_t)(0x80 | count));
    sl_write_u8(&body, (uint8_t)type);
    sl_write_u16(&body, (uint16_t)(len / 4 - 1));
    sl_write_u32(&body, ssrc);
    return body;
}

static void write_blocks(struct sl_writer *w, const struct sl_report_block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sl_write_u32(w, blocks[i].ssrc);
        sl_write_u8(w, blocks[i].fraction_lost);
        sl_write_u24(w, (uint32_t)blocks[i].lost & 0xffffff);
        sl_write_u32(w, blocks[i].highest_seq);
        sl_write_u32(w, blocks[i].jitter);
        sl_write_u32(w, blocks[i].lsr);
        sl_write_u32(w, blocks[i].dlsr);
    }
}

void sl_rtcp_write_sr(struct sl_writer *w, uint32_t ssrc, const struct sl_sender_info *info,
                      const struct sl_report_block *blocks, size_t count)
{
    size_t here = count < COUNT_MAX ? count : COUNT_MAX;
    struct sl_writer body = open_packet(w, (unsigned)here, SL_RTCP_SR, 8 + 20 + 24 * here, ssrc);

    sl_write_u32(&body, (uint32_t)(info->ntp >> 32));
    sl_write_u32(&body, (uint32_t)info->ntp);
    sl_write_u32(&body, info->rtp_timestamp);
    sl_write_u32(&body, info->packets);
    sl_write_u32(&body, info->octets);
    write_blocks(&body, blocks, here);
    if (count > here)
        sl_rtcp_write_rr(w, ssrc, blocks + here, count - here);
}

void sl_rtcp_write_rr(struct sl_writer *w, uint32_t ssrc, const struct sl_report_block *blocks,
                      size_t count)
{
    do { /* once at least: an empty report is a report */
        size_t here = count < COUNT_MAX ? count : COUNT_MAX;
        struct sl_writer body = open_packet(w, (unsigned)here, SL_RTCP_RR, 8 + 24 * here, ssrc);

        write_blocks(&body, blocks, here);
        if (here < count)
            blocks += here;
        count -= here;
    } while (count > 0 && w->ok);
}

void sl_rtcp_write_cname(struct sl_writer *w, uint32_t ssrc, const char *cname)
{
    size_t len = strnlen(cname, CNAME_MAX);
    /* The item, then one to four zero bytes that end the chunk on a word (RFC 3550 section 6.5). */
    size_t items_len = (2 + len) / 4 * 4 + 4;
    struct sl_writer body = open_packet(w, 1, SL_RTCP_SDES, 8 + items_len, ssrc);

    sl_write_u8(&body, SDES_CNAME);
    sl_write_u8(&body, (uint8_t)len);
    sl_write_bytes(&body, cname, len);
    while (body.ok && body.at < body.end)
        sl_write_u8(&body, 0);
}

/* One PID with the BLP of those up to 16 after it. Returns how many of seqs it took. */
static size_t pack_nack(const uint16_t *seqs, size_t count, uint16_t *blp)
{
    size_t taken = 1;

    *blp = 0;
    for (; taken < count; taken++) {
        unsigned after = (uint16_t)(seqs[taken] - seqs[0]);
        if (after > 16)
            break;
        if (after > 0)
            *blp |= (uint16_t)(1U << (after - 1));
    }
    return taken;
}

void sl_rtcp_write_nack(struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc,
                        const uint16_t *seqs, size_t count)
{
    size_t pairs = 0;
    uint16_t blp;

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i += pack_nack(seqs + i, count - i, &blp))
        pairs++;
    struct sl_writer body = open_packet(w, SL_RTPFB_NACK, SL_RTCP_RTPFB, 12 + 4 * pairs, ssrc);
    sl_write_u32(&body, media_ssrc);
    for (size_t i = 0; i < count;) {
        uint16_t pid = seqs[i];
        i += pack_nack(seqs + i, count - i, &blp);
        sl_write_u16(&body, pid);
        sl_write_u16(&body, blp);
    }
}

void sl_rtcp_write_pli(struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc)
{
    struct sl_writer body = open_packet(w, SL_PSFB_PLI, SL_RTCP_PSFB, 12, ssrc);

    sl_write_u32(&body, media_ssrc);
}

void sl_rtcp_write_fir(struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc, uint8_t fir_seq)
{
    struct sl_writer body = open_packet(w, SL_PSFB_FIR, SL_RTCP_PSFB, 20, ssrc);

    sl_write_u32(&body, 0); /* RFC 5104 section 4.3.1.2: not used here */
    sl_write_u32(&body, media_ssrc);
    sl_write_u8(&body, fir_seq);
    sl_write_u24(&body, 0);
}

void sl_rtcp_write_remb(struct sl_writer *w, uint32_t ssrc, uint64_t bitrate_bps,
                        const uint32_t *media_ssrcs, size_t count)
{
    size_t here = count < REMB_SSRCS_MAX ? count : REMB_SSRCS_MAX;
    struct sl_writer body = open_packet(w, SL_PSFB_AFB, SL_RTCP_PSFB, 20 + 4 * here, ssrc);
    uint32_t exponent = 0;

    while (bitrate_bps > 0x3ffff) { /* 18 bits of mantissa, rounded down */
        bitrate_bps >>= 1;
        exponent++;
    }
    sl_write_u32(&body, 0); /* media source: always 0 */
    sl_write_bytes(&body, "REMB", 4);
    sl_write_u8(&body, (uint8_t)here);
    sl_write_u24(&body, exponent << 18 | (uint32_t)bitrate_bps);
    for (size_t i = 0; i < here; i++)
        sl_write_u32(&body, media_ssrcs[i]);
}

void sl_rtcp_write_bye(struct sl_writer *w, uint32_t ssrc)
{
    (void)open_packet(w, 1, SL_RTCP_BYE, 8, ssrc);
}
