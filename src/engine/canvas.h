/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a mosaic is painted on: beneath it a background, over it a watermark. Private to this
 * directory. */
#ifndef SL_ENGINE_CANVAS_H
#define SL_ENGINE_CANVAS_H

#include "codec/codec.h"
#include "engine/message.h"

struct sl_canvas {
    struct sl_picture picture;                   /* stays from one to the next */
    struct sl_picture finished;                  /* with the watermark; frame NULL: there is none */
    struct sl_overlay *images[SL_ENGINE_IMAGES]; /* NULL: none */
};

/* Zeroed memory is one without a size, that only deinit() takes. Even sides. -EINVAL, -ENOMEM. */
int sl_canvas_init(struct sl_canvas *canvas, int width, int height);
void sl_canvas_deinit(struct sl_canvas *canvas);
/* A PNG in place of the one before it: a background as large as it can be, in the middle; a
 * watermark in its own size, in the upper left corner. As sl_overlay_create(), the old one is gone
 * then as well. */
int sl_canvas_set_image(struct sl_canvas *canvas, enum sl_engine_image image, const uint8_t *png,
                        size_t len, uint32_t pixels_max);
/* To the background alone. */
void sl_canvas_clear(struct sl_canvas *canvas);
/* A picture of the part's size. */
void sl_canvas_paint(struct sl_canvas *canvas, const struct sl_picture *picture,
                     const struct sl_engine_cell *part);
/* As it is to be seen. Borrowed, until it is painted again. */
const struct sl_picture *sl_canvas_finish(struct sl_canvas *canvas, int64_t pts_us);

#endif
