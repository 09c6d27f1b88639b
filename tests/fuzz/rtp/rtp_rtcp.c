/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any datagram as compound RTCP, every reader on every packet: bodies lie inside the datagram,
 * counts stay within the arrays, and what was read is read again after it was written. */
#include "base/bytes.h"
#include "rtp/rtp.h"

#include <stdlib.h>

enum { MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static struct sl_rtcp_view reread(const struct sl_writer *w)
{
    struct sl_rtcp_view view = {0};
    size_t offset = 0;

    check(w->ok && sl_rtcp_next(w->start, sl_writer_len(w), &offset, &view) == 1);
    return view;
}

static void try_reports(const struct sl_rtcp_view *view)
{
    struct sl_sender_info info, info_again;
    struct sl_report_block blocks[MAX], blocks_again[MAX];
    uint8_t buf[2048];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    int count = sl_rtcp_read_blocks(view, blocks, MAX);

    if (sl_rtcp_read_sr(view, &info) == 0 && count >= 0) {
        sl_rtcp_write_sr(&w, view->ssrc, &info, blocks, (size_t)count);
        struct sl_rtcp_view again = reread(&w);
        check(sl_rtcp_read_sr(&again, &info_again) == 0);
        check(info_again.ntp == info.ntp && info_again.octets == info.octets);
        check(sl_rtcp_read_blocks(&again, blocks_again, MAX) == count);
        for (int i = 0; i < count; i++)
            check(blocks[i].lost == blocks_again[i].lost && blocks[i].dlsr == blocks_again[i].dlsr);
    }
    check(count < MAX);
}

static void try_nack(const struct sl_rtcp_view *view)
{
    uint16_t seqs[MAX];
    uint32_t media_ssrc;
    uint8_t buf[256];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    int count = sl_rtcp_read_nack(view, &media_ssrc, seqs, MAX);

    check(count <= MAX);
    if (count > 0) {
        sl_rtcp_write_nack(&w, view->ssrc, media_ssrc, seqs, (size_t)count);
        struct sl_rtcp_view again = reread(&w);
        check(sl_rtcp_read_nack(&again, &media_ssrc, seqs, MAX) > 0);
    }
}

static void try_rest(const struct sl_rtcp_view *view)
{
    uint32_t ssrcs[4];
    uint64_t rate, rate_again;
    uint8_t buf[64];
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));

    check(sl_rtcp_read_keyframe_request(view, ssrcs, 4) <= 4);
    check(sl_rtcp_read_bye(view, ssrcs, 4) <= 4);
    if (sl_rtcp_read_remb(view, &rate) == 0) {
        sl_rtcp_write_remb(&w, view->ssrc, rate, NULL, 0);
        struct sl_rtcp_view again = reread(&w);
        check(sl_rtcp_read_remb(&again, &rate_again) == 0 && rate_again == rate);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_rtcp_view view;
    size_t offset = 0, before = 0;

    while (sl_rtcp_next(data, len, &offset, &view) == 1) {
        check(offset >= before + 4 && offset <= len);
        check(view.body >= data + before + 4 &&
              view.body_len <= (size_t)(data + offset - view.body));
        before = offset;
        try_reports(&view);
        try_nack(&view);
        try_rest(&view);
    }
    check(offset == before);
    return 0;
}
