/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any datagram as an RTP packet: what is found lies inside it, and a header built of the fields
 * that were read is read as the same. */
#include "rtp/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_rebuilt(const struct sl_rtp_view *view)
{
    uint8_t header[SL_RTP_HEADER_LEN];
    struct sl_rtp_view again;

    sl_rtp_build_header(header, view->marker, view->payload_type, view->seq, view->timestamp,
                        view->ssrc);
    check(sl_rtp_parse(header, sizeof(header), &again) == 0);
    check(again.marker == view->marker && again.payload_type == view->payload_type);
    check(again.seq == view->seq && again.timestamp == view->timestamp);
    check(again.ssrc == view->ssrc && again.payload_len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_rtp_view view, clear;
    uint16_t original_seq;

    int err = sl_rtp_parse(data, len, &view);
    int clear_err = sl_rtp_parse_header(data, len, &clear);
    if (err == 0)
        check(clear_err == 0 && clear.payload_len >= view.payload_len);
    if (err < 0)
        return 0;
    check(view.header_len >= SL_RTP_HEADER_LEN && view.header_len <= len);
    check(view.payload == data + view.header_len && view.payload_len <= len - view.header_len);
    check(view.ext_count <= SL_RTP_EXT_MAX);
    for (size_t i = 0; i < view.ext_count; i++) {
        size_t ext_len;
        check(view.ext[i].id != 0);
        check(view.ext[i].data >= data + SL_RTP_HEADER_LEN + 4);
        check(view.ext[i].len <= (size_t)(view.payload - view.ext[i].data));
        check(sl_rtp_ext(&view, view.ext[i].id, &ext_len) != NULL);
    }
    check_rebuilt(&view);
    (void)sl_rtx_parse(view.payload, view.payload_len, &original_seq); /* reads no byte too many */
    return 0;
}
