/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rectangles in eight colours: bars after SMPTE EG 1, digits of seven segments. */
#include "engine/demo_picture.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

struct colour {
    uint8_t y, u, v;
};

/* ITU-R BT.601, video range; the bars at 75 %. */
static const struct colour black = {16, 128, 128}, white = {235, 128, 128};
static const struct colour bars[DEMO_BARS] = {
    {180, 128, 128}, /* white */
    {162, 44, 142},  /* yellow */
    {131, 156, 44},  /* cyan */
    {112, 72, 58},   /* green */
    {84, 184, 198},  /* magenta */
    {65, 100, 212},  /* red */
    {35, 212, 114},  /* blue */
};
/* Under the bars: their blue parts in reverse, black between. -1: black. */
static const int castellation[DEMO_BARS] = {6, -1, 4, -1, 2, -1, 0};

static int even(int value)
{
    return value & ~1;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

void sl_demo_layout(int width, int height, struct sl_demo_layout *out)
{
    int unit = even(height / 12);
    int field_y = 9 * unit + even(unit / 2);

    out->bars = (struct demo_area){0, 0, width, 8 * unit};
    out->strip = (struct demo_area){0, 8 * unit, width, unit};
    out->flash = (struct demo_area){even(width / 16), field_y, even(width / 6), 2 * unit};
    out->clock = (struct demo_area){even(width * 5 / 16), field_y, even(width * 5 / 8), 2 * unit};
}

static void fill_plane(struct sl_picture *picture, int plane, struct demo_area area, uint8_t value)
{
    for (int y = area.y; y < area.y + area.height; y++)
        memset(picture->planes[plane] + y * picture->strides[plane] + area.x, value,
               (size_t)area.width);
}

static void fill(struct sl_picture *picture, struct demo_area area, struct colour colour)
{
    assert(area.x >= 0 && area.width >= 0 && area.x + area.width <= picture->width);
    assert(area.y >= 0 && area.height >= 0 && area.y + area.height <= picture->height);
    struct demo_area half = {area.x / 2, area.y / 2, area.width / 2, area.height / 2};

    fill_plane(picture, 0, area, colour.y);
    fill_plane(picture, 1, half, colour.u);
    fill_plane(picture, 2, half, colour.v);
}

/* The i-th of the columns that part an area. */
static struct demo_area column(struct demo_area area, int i)
{
    int from = even(area.width * i / DEMO_BARS), to = even(area.width * (i + 1) / DEMO_BARS);

    return (struct demo_area){area.x + from, area.y, to - from, area.height};
}

void sl_demo_picture_prepare(struct sl_picture *picture)
{
    struct sl_demo_layout layout;

    sl_demo_layout(picture->width, picture->height, &layout);
    fill(picture, (struct demo_area){0, 0, picture->width, picture->height}, black);
    for (int i = 0; i < DEMO_BARS; i++)
        fill(picture, column(layout.bars, i), bars[i]);
}

/* ---- The clock ---- */

enum { GLYPHS = 12 }; /* HH:MM:SS.mmm */

/* Segments in halves of a digit's height: top to bottom, left to right. */
static const struct segment {
    uint8_t x, y; /* where it begins: 0, 1 = right edge; 0, 1, 2 = top, middle, bottom */
    bool upright;
} segments[7] = {
    {0, 0, false}, {0, 0, true}, {1, 0, true},  {0, 1, false},
    {0, 1, true},  {1, 1, true}, {0, 2, false},
};
/* Which of them a digit lights, the first in the lowest bit. */
static const uint8_t digits[10] = {0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f};

static int thickness(struct demo_area cell)
{
    int thick = even(smaller(cell.width / 5, cell.height / 8));

    return thick < 2 ? 2 : thick;
}

static void draw_digit(struct sl_picture *picture, struct demo_area cell, unsigned digit)
{
    int thick = thickness(cell);
    int across = even(cell.width * 3 / 4) - thick; /* the rest keeps digits apart */
    int down = even((cell.height - thick) / 2);

    for (size_t i = 0; i < SL_ARRAY_LEN(segments); i++) {
        const struct segment *segment = &segments[i];
        if (!(digits[digit] & (1U << i)))
            continue;
        struct demo_area area = {cell.x + segment->x * across, cell.y + segment->y * down, thick,
                                 thick};
        if (segment->upright)
            area.height += down;
        else
            area.width += across;
        fill(picture, area, white);
    }
}

static void draw_dot(struct sl_picture *picture, struct demo_area cell, int eighths)
{
    int thick = thickness(cell);
    struct demo_area area = {cell.x + even(cell.width / 4),
                             cell.y + even(cell.height * eighths / 8), thick, thick};

    fill(picture, area, white);
}

static void draw_clock(struct sl_picture *picture, struct demo_area area, int64_t day_us)
{
    unsigned ms = (unsigned)(day_us / SL_US_PER_MS % (24 * 3600 * 1000));
    const unsigned seconds = ms / 1000;
    const unsigned shown[GLYPHS] = {
        seconds / 36000,  seconds / 3600 % 10, 10, seconds / 600 % 6, seconds / 60 % 10, 10,
        seconds / 10 % 6, seconds % 10,        11, ms / 100 % 10,     ms / 10 % 10,      ms % 10};
    struct demo_area cell = {area.x, area.y, even(area.width / GLYPHS), area.height};

    fill(picture, area, black);
    for (size_t i = 0; i < GLYPHS; i++, cell.x += cell.width) {
        if (shown[i] < 10) {
            draw_digit(picture, cell, shown[i]);
            continue;
        }
        if (shown[i] == 10)
            draw_dot(picture, cell, 2);
        draw_dot(picture, cell, shown[i] == 10 ? 5 : 7);
    }
}

/* ---- Moving parts ---- */

/* Across the picture in two seconds, then again. */
static void draw_box(struct sl_picture *picture, struct demo_area strip, int64_t day_us)
{
    int64_t at_us = day_us % (2 * SL_US_PER_S);
    int width = even(smaller(strip.height, strip.width / 8));
    int x = (int)(at_us * (strip.width - width) / (2 * SL_US_PER_S));

    for (int i = 0; i < DEMO_BARS; i++)
        fill(picture, column(strip, i), castellation[i] < 0 ? black : bars[castellation[i]]);
    fill(picture, (struct demo_area){even(x), strip.y, width, strip.height}, white);
}

void sl_demo_picture_draw(struct sl_picture *picture, int64_t day_us, bool flash)
{
    struct sl_demo_layout layout;

    sl_demo_layout(picture->width, picture->height, &layout);
    draw_box(picture, layout.strip, day_us);
    fill(picture, layout.flash, flash ? white : black);
    draw_clock(picture, layout.clock, day_us);
}
