/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any access unit: what comes out is NAL units with lengths that add up, none of them a parameter
 * set, in no more room than was asked for. */
#include "mux/mux.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sl_flv_avc_config config = {0};
    uint8_t *out = malloc(sl_flv_avc_len_max(len));

    check(out != NULL);
    struct sl_reader r = sl_reader_of(out, sl_flv_avc_convert(data, len, out));
    while (sl_reader_left(&r) > 0) {
        size_t nal_len = sl_read_u32(&r);
        const uint8_t *nal = sl_reader_take(&r, nal_len);
        check(nal && nal_len > 0);
        unsigned type = nal[0] & 0x1f;
        check(type != 7 && type != 8 && type != 9 && nal[nal_len - 1] != 0);
    }
    if (sl_flv_avc_config_find(data, len, &config) == 0)
        check(config.len > 11 && config.len <= SL_FLV_AVC_CONFIG_MAX && config.bytes[0] == 1);
    free(out);
    return 0;
}
