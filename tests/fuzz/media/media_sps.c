/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an SPS: a size is found only in an SPS, it is not empty, bytes after it change
 * nothing. */
#include "media/media.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint16_t width = 0, height = 0, width_again, height_again;

    if (sl_h264_sps_size(data, len, &width, &height) < 0) {
        check(width == 0 && height == 0);
        return 0;
    }
    check((data[0] & 0x1f) == 7 && width > 0 && height > 0);
    uint8_t *longer = malloc(len + 4);
    check(longer != NULL);
    memcpy(longer, data, len);
    memset(longer + len, 0xff, 4);
    check(sl_h264_sps_size(longer, len + 4, &width_again, &height_again) == 0);
    check(width == width_again && height == height_again);
    free(longer);
    return 0;
}
