/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a PNG to draw: what is read of its size is the size of what is decoded, it lies in
 * its box, and is drawn within the picture. */
#include "codec/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { WIDTH = 64, HEIGHT = 48, PIXELS_MAX = 256 * 256 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void try(const uint8_t *data, size_t len, bool fill)
{
    const struct sl_overlay_box box = {WIDTH, HEIGHT, fill, PIXELS_MAX};
    struct sl_overlay *overlay;
    struct sl_picture picture;
    int width, height;

    if (sl_overlay_create(data, len, &box, &overlay) < 0)
        return;
    sl_overlay_size(overlay, &width, &height);
    check(width >= 2 && width <= WIDTH && height >= 2 && height <= HEIGHT);
    check(width % 2 == 0 && height % 2 == 0);
    check(!fill || width == WIDTH || height == HEIGHT);
    check(sl_picture_create(WIDTH, HEIGHT, &picture) == 0);
    sl_overlay_draw(overlay, &picture, (WIDTH - width) / 4 * 2, HEIGHT - height);
    sl_picture_deinit(&picture);
    sl_overlay_destroy(overlay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint32_t width = 0, height = 0;

    sl_codec_drop_messages();
    if (sl_png_read_size(data, len, &width, &height) == 0)
        check(len >= 24 && width > 0 && height > 0);
    try(data, len, false);
    try(data, len, true);
    return 0;
}
