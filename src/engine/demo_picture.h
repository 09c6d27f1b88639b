/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the demo shows: colour bars, a box on its way, a field that flashes, a clock. Pure. */
#ifndef SL_ENGINE_DEMO_PICTURE_H
#define SL_ENGINE_DEMO_PICTURE_H

#include "codec/codec.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stdint.h>

struct demo_area {
    int x, y, width, height;
};

enum {
    DEMO_SIDE_MIN = SL_ENGINE_DEMO_SIDE_MIN,
    DEMO_BARS = 7,
};

/* The parts that move or not, in pixels, all even. */
struct sl_demo_layout {
    struct demo_area bars, strip, flash, clock;
};
void sl_demo_layout(int width, int height, struct sl_demo_layout *out);

/* What never changes: once per picture. */
void sl_demo_picture_prepare(struct sl_picture *picture);
/* The rest. day_us: microseconds since midnight, for the clock and the box. */
void sl_demo_picture_draw(struct sl_picture *picture, int64_t day_us, bool flash);

#endif
