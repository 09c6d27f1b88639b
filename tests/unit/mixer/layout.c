/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is shown where (MIX-9, 10). */
#include "mixer/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT_MAX = 31 };

static struct sl_mixer_settings settings_of(enum sl_mixer_layout layout)
{
    return (struct sl_mixer_settings){
        .width = 1280, .height = 720, .layout = layout, .desktop_words = "desktop,-screen"};
}

static void lay(const struct sl_mixer_settings *settings, size_t count,
                struct sl_mixer_seat seats[static COUNT_MAX])
{
    for (size_t i = 0; i < count; i++)
        seats[i] = (struct sl_mixer_seat){.name = "camera"};
    assert_int_equal(sl_mixer_layout(settings, NULL, seats, count), -1);
}

static void check(const struct sl_mixer_seat *seat, int x, int y, int width, int height)
{
    const struct sl_engine_cell *cell = &seat->cell;

    if (cell->x != x || cell->y != y || cell->width != width || cell->height != height)
        fail_msg("%u,%u %ux%u and not %d,%d %dx%d", cell->x, cell->y, cell->width, cell->height, x,
                 y, width, height);
}

static void grids_are_of_equal_cells(void **state)
{
    struct sl_mixer_settings padded = settings_of(SL_MIXER_GRID),
                             whole = settings_of(SL_MIXER_GRID_NO_PADDING);
    struct sl_mixer_seat seats[COUNT_MAX];

    (void)state;
    lay(&padded, 1, seats);
    check(&seats[0], 0, 0, 1280, 720);
    lay(&padded, 2, seats); /* two columns, one row */
    check(&seats[0], 8, 8, 624, 704);
    check(&seats[1], 648, 8, 624, 704);
    lay(&whole, 2, seats);
    check(&seats[1], 640, 0, 640, 720);
    lay(&padded, 3, seats); /* the last row is in the middle */
    check(&seats[0], 8, 8, 624, 344);
    check(&seats[2], 328, 368, 624, 344);
    lay(&padded, 4, seats);
    check(&seats[3], 648, 368, 624, 344);
    lay(&whole, 5, seats); /* 3 x 2 of 426 x 360 */
    check(&seats[2], 852, 0, 426, 360);
    check(&seats[3], 214, 360, 426, 360);
    check(&seats[4], 640, 360, 426, 360);
    lay(&whole, 9, seats);
    check(&seats[8], 852, 480, 426, 240);
}

static void one_leads_and_the_others_share_a_strip(void **state)
{
    struct sl_mixer_settings settings = settings_of(SL_MIXER_GRID);
    struct sl_mixer_seat seats[] = {{.name = "a"}, {.name = "b-screen"}, {.name = "c"}};

    (void)state;
    assert_int_equal(sl_mixer_layout(&settings, NULL, seats, 3), 1);
    check(&seats[1], 0, 0, 1280, 576);
    check(&seats[0], 0, 576, 640, 144);
    check(&seats[2], 640, 576, 640, 144);
    settings.align = SL_MIXER_BOTTOM;
    (void)sl_mixer_layout(&settings, NULL, seats, 3);
    check(&seats[1], 0, 144, 1280, 576);
    check(&seats[2], 640, 0, 640, 144);
    settings.align = SL_MIXER_LEFT;
    (void)sl_mixer_layout(&settings, NULL, seats, 3);
    check(&seats[1], 0, 0, 1024, 720);
    check(&seats[2], 1024, 360, 256, 360);
    settings.align = SL_MIXER_RIGHT;
    (void)sl_mixer_layout(&settings, NULL, seats, 3);
    check(&seats[1], 256, 0, 1024, 720);
    check(&seats[0], 0, 0, 256, 360);
}

static void one_fills_it_and_the_others_lie_over_it(void **state)
{
    struct sl_mixer_settings settings = settings_of(SL_MIXER_GRID);
    struct sl_mixer_seat seats[] = {{.name = "a"}, {.name = "desktop"}, {.name = "c"}};

    (void)state;
    settings.desktop_fullscreen = true;
    assert_int_equal(sl_mixer_layout(&settings, NULL, seats, 3), 1);
    check(&seats[1], 0, 0, 1280, 720);
    check(&seats[0], 1024, 576, 256, 144);
    check(&seats[2], 768, 576, 256, 144);
}

static void who_led_goes_on_and_then_the_alphabet_decides(void **state)
{
    struct sl_mixer_settings settings = settings_of(SL_MIXER_GRID);
    struct sl_mixer_seat seats[] = {
        {.name = "z-screen"}, {.name = "m-screen"}, {.name = "c-screen"}};

    (void)state;
    assert_int_equal(sl_mixer_layout(&settings, "z-screen", seats, 3), 0);
    assert_int_equal(sl_mixer_layout(&settings, "gone-screen", seats, 3), 2);
    assert_int_equal(sl_mixer_layout(&settings, NULL, seats, 2), 1);
    settings.desktop_words[0] = '\0';
    assert_int_equal(sl_mixer_layout(&settings, NULL, seats, 3), -1);
}

/* Whatever it is asked for: even numbers within the picture. */
static void every_cell_is_within(void **state)
{
    struct sl_mixer_seat seats[COUNT_MAX];

    (void)state;
    for (unsigned form = 0; form < 16; form++) {
        for (size_t count = 1; count <= COUNT_MAX; count++) {
            struct sl_mixer_settings settings = settings_of((enum sl_mixer_layout)(form & 1));
            settings.width = 162;
            settings.height = 90;
            settings.desktop_fullscreen = form & 2;
            settings.align = (enum sl_mixer_align)(form >> 2);
            for (size_t i = 0; i < count; i++)
                seats[i].name = form % 3 && i == count / 2 ? "x-screen" : "y";
            (void)sl_mixer_layout(&settings, NULL, seats, count);
            for (size_t i = 0; i < count; i++) {
                const struct sl_engine_cell *cell = &seats[i].cell;
                assert_true((cell->x | cell->y | cell->width | cell->height) % 2 == 0);
                assert_true(cell->x + cell->width <= 162 && cell->y + cell->height <= 90);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_are_of_equal_cells),
        cmocka_unit_test(one_leads_and_the_others_share_a_strip),
        cmocka_unit_test(one_fills_it_and_the_others_lie_over_it),
        cmocka_unit_test(who_led_goes_on_and_then_the_alphabet_decides),
        cmocka_unit_test(every_cell_is_within),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
