/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The watermark goes onto a copy: what lies beneath it is not painted anew for each picture. */
#include "engine/canvas.h"

#include "base/mem.h"

#include <string.h>

enum { BLACK = 16, GREY = 128, PLANES = 3 };

int sl_canvas_init(struct sl_canvas *canvas, int width, int height)
{
    return sl_picture_create(width, height, &canvas->picture);
}

void sl_canvas_deinit(struct sl_canvas *canvas)
{
    for (size_t i = 0; i < SL_ENGINE_IMAGES; i++)
        sl_overlay_destroy(canvas->images[i]);
    if (canvas->picture.frame)
        sl_picture_deinit(&canvas->picture);
    if (canvas->finished.frame)
        sl_picture_deinit(&canvas->finished);
}

int sl_canvas_set_image(struct sl_canvas *canvas, enum sl_engine_image image, const uint8_t *png,
                        size_t len, uint32_t pixels_max)
{
    const struct sl_overlay_box box = {
        .width = canvas->picture.width,
        .height = canvas->picture.height,
        .fill = image == SL_ENGINE_BACKGROUND,
        .pixels_max = pixels_max,
    };

    sl_overlay_destroy(canvas->images[image]);
    canvas->images[image] = NULL;
    if (image == SL_ENGINE_WATERMARK && !canvas->finished.frame) {
        int err = sl_picture_create(box.width, box.height, &canvas->finished);
        if (err < 0)
            return err;
    }
    return sl_overlay_create(png, len, &box, &canvas->images[image]);
}

/* ---- Painting ---- */

static int half_of(size_t plane)
{
    return plane == 0 ? 1 : 2;
}

static void copy(const struct sl_picture *from, struct sl_picture *to, int x, int y)
{
    for (size_t i = 0; i < PLANES; i++) {
        int half = half_of(i);
        uint8_t *to_row = to->planes[i] + (ptrdiff_t)(y / half) * to->strides[i] + x / half;
        const uint8_t *from_row = from->planes[i];
        for (int row = 0; row < from->height / half; row++) {
            memcpy(to_row, from_row, (size_t)(from->width / half));
            to_row += to->strides[i];
            from_row += from->strides[i];
        }
    }
}

void sl_canvas_clear(struct sl_canvas *canvas)
{
    static const uint8_t black[PLANES] = {BLACK, GREY, GREY};
    const struct sl_overlay *background = canvas->images[SL_ENGINE_BACKGROUND];
    struct sl_picture *picture = &canvas->picture;
    int width, height;

    for (size_t i = 0; i < PLANES; i++) {
        for (int y = 0; y < picture->height / half_of(i); y++)
            memset(picture->planes[i] + (ptrdiff_t)y * picture->strides[i], black[i],
                   (size_t)(picture->width / half_of(i)));
    }
    if (!background)
        return;
    sl_overlay_size(background, &width, &height);
    sl_overlay_draw(background, picture, (picture->width - width) / 4 * 2,
                    (picture->height - height) / 4 * 2);
}

void sl_canvas_paint(struct sl_canvas *canvas, const struct sl_picture *picture,
                     const struct sl_engine_cell *part)
{
    struct sl_picture seen = *picture; /* of the same pixels */

    seen.width = part->width;
    seen.height = part->height;
    copy(&seen, &canvas->picture, part->x, part->y);
}

const struct sl_picture *sl_canvas_finish(struct sl_canvas *canvas, int64_t pts_us)
{
    const struct sl_overlay *watermark = canvas->images[SL_ENGINE_WATERMARK];
    struct sl_picture *finished = watermark ? &canvas->finished : &canvas->picture;

    if (watermark) {
        copy(&canvas->picture, finished, 0, 0);
        sl_overlay_draw(watermark, finished, 0, 0);
    }
    finished->pts_us = pts_us;
    return finished;
}
