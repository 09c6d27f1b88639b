/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rectangles: a grid, one large and a strip, or one whole and small ones over it. */
#include "mixer/layout.h"

#include "mixer/names.h"

#include <string.h>

enum { PADDING = 8, FIFTH = 5 };

static const struct {
    const char *name;
    enum sl_mixer_align align;
} aligns[] = {{"TOP", SL_MIXER_TOP},
              {"BOTTOM", SL_MIXER_BOTTOM},
              {"LEFT", SL_MIXER_LEFT},
              {"RIGHT", SL_MIXER_RIGHT},
              {"CENTER", SL_MIXER_TOP}};

bool sl_mixer_align_find(const char *word, enum sl_mixer_align *out)
{
    for (size_t i = 0; i < sizeof(aligns) / sizeof(*aligns); i++) {
        if (strcmp(aligns[i].name, word) != 0)
            continue;
        *out = aligns[i].align;
        return true;
    }
    return false;
}

const char *sl_mixer_align_name(enum sl_mixer_align align)
{
    return aligns[align].name; /* the first ones stand in the order of the enum */
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool sl_mixer_layout_find(const char *class_name, enum sl_mixer_layout *out)
{
    if (ends_in(class_name, "CenterNoPaddingGridLayout"))
        *out = SL_MIXER_GRID_NO_PADDING;
    else if (ends_in(class_name, "GridLayout"))
        *out = SL_MIXER_GRID;
    else
        return false;
    return true;
}

static struct sl_engine_cell cell(size_t x, size_t y, size_t width, size_t height)
{
    return (struct sl_engine_cell){(uint16_t)(x & ~(size_t)1), (uint16_t)(y & ~(size_t)1),
                                   (uint16_t)(width & ~(size_t)1), (uint16_t)(height & ~(size_t)1)};
}

/* ---- Grid ---- */

static size_t root_up(size_t count)
{
    size_t root = 1;

    while (root * root < count)
        root++;
    return root;
}

static void lay_grid(const struct sl_mixer_settings *settings, struct sl_mixer_seat *seats,
                     size_t count)
{
    size_t columns = root_up(count), rows = (count + columns - 1) / columns;
    size_t width = settings->width / columns, height = settings->height / rows;
    bool has_room = width > 4 * PADDING && height > 4 * PADDING;
    size_t padding = count > 1 && has_room && settings->layout == SL_MIXER_GRID ? PADDING : 0;

    for (size_t i = 0; i < count; i++) {
        size_t row = i / columns, column = i % columns;
        size_t in_row = row + 1 == rows ? count - row * columns : columns;
        size_t left = (settings->width - in_row * width) / 2 * (in_row < columns);
        seats[i].cell = cell(left + column * width + padding, row * height + padding,
                             width - 2 * padding, height - 2 * padding);
    }
}

/* ---- One that leads ---- */

static int find_leader(const struct sl_mixer_settings *settings, const char *leader,
                       const struct sl_mixer_seat *seats, size_t count)
{
    int best = -1;

    for (size_t i = 0; i < count; i++) {
        if (!sl_mixer_name_has(seats[i].name, settings->desktop_words))
            continue;
        if (leader && strcmp(seats[i].name, leader) == 0)
            return (int)i;
        if (best < 0 || strcmp(seats[i].name, seats[best].name) < 0)
            best = (int)i;
    }
    return best;
}

/* Each a fifth of both sides, from the lower right corner to the left; more than five in further
 * rows above. */
static struct sl_engine_cell small_cell(const struct sl_mixer_settings *settings, size_t n)
{
    size_t width = settings->width / FIFTH, height = settings->height / FIFTH;
    size_t column = n % FIFTH, row = n / FIFTH % FIFTH;

    return cell(settings->width - (column + 1) * width, settings->height - (row + 1) * height,
                width, height);
}

static struct sl_engine_cell large_cell(const struct sl_mixer_settings *settings)
{
    size_t width = settings->width, height = settings->height;

    switch (settings->align) {
    case SL_MIXER_TOP:
        return cell(0, 0, width, height * 4 / FIFTH);
    case SL_MIXER_BOTTOM:
        return cell(0, height - height * 4 / FIFTH, width, height * 4 / FIFTH);
    case SL_MIXER_LEFT:
        return cell(0, 0, width * 4 / FIFTH, height);
    case SL_MIXER_RIGHT:
        return cell(width - width * 4 / FIFTH, 0, width * 4 / FIFTH, height);
    }
    return cell(0, 0, width, height);
}

/* The n-th of those that share what is left. */
static struct sl_engine_cell strip_cell(const struct sl_mixer_settings *settings, size_t n,
                                        size_t count)
{
    size_t width = settings->width, height = settings->height;
    size_t strip_width = width - width * 4 / FIFTH, strip_height = height - height * 4 / FIFTH;

    switch (settings->align) {
    case SL_MIXER_TOP:
        return cell(n * (width / count), height - strip_height, width / count, strip_height);
    case SL_MIXER_BOTTOM:
        return cell(n * (width / count), 0, width / count, strip_height);
    case SL_MIXER_LEFT:
        return cell(width - strip_width, n * (height / count), strip_width, height / count);
    case SL_MIXER_RIGHT:
        return cell(0, n * (height / count), strip_width, height / count);
    }
    return cell(0, 0, 0, 0);
}

static void lay_around(const struct sl_mixer_settings *settings, size_t leader,
                       struct sl_mixer_seat *seats, size_t count)
{
    for (size_t i = 0, n = 0; i < count; i++) {
        if (i == leader)
            seats[i].cell = settings->desktop_fullscreen
                                ? cell(0, 0, settings->width, settings->height)
                                : large_cell(settings);
        else
            seats[i].cell = settings->desktop_fullscreen ? small_cell(settings, n++)
                                                         : strip_cell(settings, n++, count - 1);
    }
}

int sl_mixer_layout(const struct sl_mixer_settings *settings, const char *leader,
                    struct sl_mixer_seat *seats, size_t count)
{
    int leads = find_leader(settings, leader, seats, count);

    if (leads >= 0)
        lay_around(settings, (size_t)leads, seats, count);
    else if (count > 0)
        lay_grid(settings, seats, count);
    return leads;
}
