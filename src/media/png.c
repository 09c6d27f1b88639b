/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signature, and the chunk that comes first in every file. */
#include "media/png.h"

#include "base/bytes.h"

#include <errno.h>
#include <string.h>

enum { SIGNATURE_LEN = 8, IHDR_LEN = 13, SIDE_MAX = INT32_MAX };

int sl_png_read_size(const uint8_t *data, size_t len, uint32_t *width, uint32_t *height)
{
    static const uint8_t signature[SIGNATURE_LEN] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint32_t ihdr = 0x49484452; /* "IHDR" */

    if (len < sizeof(signature) || memcmp(data, signature, sizeof(signature)) != 0)
        return -EBADMSG;
    struct sl_reader r = sl_reader_of(data + sizeof(signature), len - sizeof(signature));
    uint32_t chunk_len = sl_read_u32(&r), type = sl_read_u32(&r);
    uint32_t read_width = sl_read_u32(&r), read_height = sl_read_u32(&r);
    if (!r.ok || chunk_len != IHDR_LEN || type != ihdr || read_width == 0 || read_height == 0 ||
        read_width > SIDE_MAX || read_height > SIDE_MAX)
        return -EBADMSG;
    *width = read_width;
    *height = read_height;
    return 0;
}
