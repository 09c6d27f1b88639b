/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs that compose: what is shown where (MIX-9, 10, 11). */
#include "../png.h"
#include "harness.h"

enum { WIDTH = 320, HEIGHT = 192, FPS = 25, OUT = 0 };

struct painter {
    struct kept *kept;
    uint32_t input;
    struct sl_video_encoder *encoder;
    struct sl_picture picture;
};

static struct kept *open_mosaic(uint32_t pixels_max)
{
    struct kept *kept = sl_new(struct kept);
    const struct sl_engine_pictures form = {
        .width = WIDTH, .height = HEIGHT, .fps_max = FPS, .pixels_max = pixels_max, .quick = true};

    kept->jobs = sl_engine_jobs_create(keep_report, kept);
    order(kept, (struct sl_engine_message){
                    .type = SL_ENGINE_OPEN, .kind = SL_ENGINE_MOSAIC, .form = {.pictures = form}});
    add_pictures(kept, OUT, SL_CODEC_H264, form);
    return kept;
}

static void give(void *arg, const struct sl_coded *coded)
{
    struct painter *painter = arg;

    order(painter->kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                                    .input = painter->input,
                                                    .codec = SL_CODEC_H264,
                                                    .keyframe = coded->keyframe,
                                                    .pts_us = coded->pts_us,
                                                    .dts_us = coded->dts_us,
                                                    .data = coded->data,
                                                    .len = coded->len});
}

/* One picture of one brightness. */
static void paint(struct kept *kept, uint32_t input, int width, int height, int grey, int n)
{
    const struct sl_video_encoder_config config = {
        .width = width, .height = height, .fps = FPS, .bitrate_bps = 300000, .one_thread = true};
    struct painter painter = {.kept = kept, .input = input};

    assert_int_equal(sl_video_encoder_create(&config, &painter.encoder), 0);
    assert_int_equal(sl_picture_create(width, height, &painter.picture), 0);
    for (size_t i = 0; i < 3; i++) {
        for (int y = 0; y < height / (i ? 2 : 1); y++)
            memset(painter.picture.planes[i] + y * painter.picture.strides[i], i ? 128 : grey,
                   (size_t)(width / (i ? 2 : 1)));
    }
    painter.picture.pts_us = START_US + (int64_t)n * SL_US_PER_S / FPS;
    assert_int_equal(
        sl_video_encoder_encode(painter.encoder, &painter.picture, true, give, &painter), 0);
    sl_picture_deinit(&painter.picture);
    sl_video_encoder_destroy(painter.encoder);
}

static void place(struct kept *kept, uint32_t input, struct sl_engine_cell cell)
{
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_PLACE, .input = input, .cell = cell});
}

static void beat(struct kept *kept, int n)
{
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_DRAW,
                                           .pts_us = START_US + (int64_t)n * SL_US_PER_S / FPS});
}

struct canvas {
    uint8_t grey[HEIGHT][WIDTH];
    size_t count;
};

static void look(void *arg, struct sl_picture *picture)
{
    struct canvas *canvas = arg;

    assert_int_equal(picture->width, WIDTH);
    assert_int_equal(picture->height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        memcpy(canvas->grey[y], picture->planes[0] + y * picture->strides[0], WIDTH);
    canvas->count++;
}

/* What a player sees at the end. */
static const struct canvas *see(const struct kept *kept)
{
    static struct canvas canvas;
    struct sl_video_decoder *decoder;
    const struct sl_engine_message *coded;

    canvas.count = 0;
    assert_int_equal(sl_video_decoder_create(SL_CODEC_H264, &decoder), 0);
    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, OUT, n)); n++)
        assert_int_equal(
            sl_video_decoder_decode(decoder, coded->data, coded->len, coded->pts_us, look, &canvas),
            0);
    sl_video_decoder_destroy(decoder);
    assert_true(canvas.count > 0);
    return &canvas;
}

static void check(const struct canvas *canvas, int x, int y, int grey)
{
    int seen = canvas->grey[y][x];

    if (abs(seen - grey) > 12)
        fail_msg("at %d, %d: %d and not %d", x, y, seen, grey);
}

enum { BLACK = 16, DARK = 80, LIGHT = 200 };
static const struct sl_engine_cell left = {0, 0, 160, 192}, right = {160, 0, 160, 192};

static void shows_each_in_its_cell(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, left);
    place(kept, 2, right);
    paint(kept, 1, 320, 192, DARK, 0);
    beat(kept, 1);
    check(see(kept), 80, 96, DARK);
    check(see(kept), 240, 96, BLACK); /* nothing of it has come */
    paint(kept, 2, 320, 384, LIGHT, 1);
    for (int n = 2; n < 6; n++)
        beat(kept, n);
    const struct canvas *canvas = see(kept);
    check(canvas, 80, 96, DARK);
    check(canvas, 240, 96, LIGHT);
    /* The first keeps its shape of 5:3 in a cell of 5:6. */
    check(canvas, 80, 52, DARK);
    check(canvas, 80, 40, BLACK);
    check(canvas, 4, 96, DARK);
    /* So does the second. */
    check(canvas, 164, 6, LIGHT);
    close_job(kept);
}

static void follows_sizes_and_places(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, (struct sl_engine_cell){0, 0, WIDTH, HEIGHT});
    paint(kept, 1, 320, 192, LIGHT, 0);
    beat(kept, 1);
    paint(kept, 1, 96, 192, LIGHT, 1); /* narrow now */
    for (int n = 2; n < 6; n++)
        beat(kept, n);
    check(see(kept), 160, 96, LIGHT);
    check(see(kept), 60, 96, BLACK);
    place(kept, 1, right); /* the same picture, which nobody sends again */
    for (int n = 6; n < 10; n++)
        beat(kept, n);
    check(see(kept), 240, 96, LIGHT);
    check(see(kept), 100, 96, BLACK);
    place(kept, 1, (struct sl_engine_cell){0});
    for (int n = 10; n < 14; n++)
        beat(kept, n);
    check(see(kept), 240, 96, BLACK);
    close_job(kept);
}

static void small_ones_lie_over_large_ones(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, (struct sl_engine_cell){224, 128, 64, 38});
    place(kept, 2, (struct sl_engine_cell){0, 0, WIDTH, HEIGHT});
    paint(kept, 1, 320, 192, DARK, 0);
    for (int n = 0; n < 4; n++) {
        paint(kept, 2, 320, 192, LIGHT, n); /* the large one alone is new */
        beat(kept, n + 1);
    }
    check(see(kept), 256, 146, DARK);
    check(see(kept), 100, 96, LIGHT);
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_LEAVE, .input = 2});
    for (int n = 5; n < 9; n++)
        beat(kept, n);
    check(see(kept), 256, 146, DARK);
    check(see(kept), 100, 96, BLACK);
    close_job(kept);
}

static void what_has_stopped_long_ago_is_dark(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, left);
    paint(kept, 1, 320, 192, LIGHT, 0);
    beat(kept, 9 * FPS);
    check(see(kept), 80, 96, LIGHT);
    for (int n = 0; n < 4; n++)
        beat(kept, 11 * FPS + n);
    check(see(kept), 80, 96, BLACK);
    close_job(kept);
}

static void one_too_large_is_refused_once_and_harms_nobody(void **state)
{
    struct kept *kept = open_mosaic(320 * 192);

    (void)state;
    place(kept, 1, left);
    place(kept, 2, right);
    paint(kept, 1, 640, 384, LIGHT, 0);
    paint(kept, 1, 640, 384, LIGHT, 1);
    paint(kept, 2, 320, 192, LIGHT, 1);
    for (int n = 2; n < 6; n++)
        beat(kept, n);
    assert_int_equal(count_reports(kept, SL_ENGINE_REFUSED, 0), 1);
    assert_int_equal(report_of(kept, SL_ENGINE_REFUSED, 0, 0)->input, 1);
    check(see(kept), 80, 96, BLACK);
    check(see(kept), 240, 96, LIGHT);
    paint(kept, 1, 320, 192, DARK, 6);
    for (int n = 7; n < 11; n++)
        beat(kept, n);
    check(see(kept), 80, 96, DARK);
    close_job(kept);
}

static void one_too_large_is_not_asked_for_key_frames(void **state)
{
    static const uint8_t slice[] = {0, 0, 0, 1, 0x41, 0x9a};
    struct kept *kept = open_mosaic(320 * 192);

    (void)state;
    place(kept, 1, left);
    paint(kept, 1, 640, 384, LIGHT, 0);
    for (int n = 1; n < 10; n++)
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                               .input = 1,
                                               .codec = SL_CODEC_H264,
                                               .pts_us = START_US + n,
                                               .dts_us = START_US + n,
                                               .data = slice,
                                               .len = sizeof(slice)});
    assert_int_equal(count_reports(kept, SL_ENGINE_NEED_KEYFRAME, 0), 0);
    close_job(kept);
}

static void takes_no_cell_beyond_its_edge(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, (struct sl_engine_cell){200, 100, 320, 192});
    place(kept, 2, (struct sl_engine_cell){1, 1, 33, 33});
    paint(kept, 1, 320, 192, LIGHT, 0);
    paint(kept, 2, 320, 192, LIGHT, 0);
    beat(kept, 1);
    check(see(kept), 240, 140, BLACK);
    close_job(kept);
}

static void draw_image(struct kept *kept, enum sl_engine_image image, struct png png,
                       const uint8_t pixel[static 4])
{
    static uint8_t file[PNG_LEN_MAX];

    png.depth = 8;
    png.colour = PNG_RGBA;
    png.pixel = pixel;
    png.pixel_len = 4;
    order(kept,
          (struct sl_engine_message){
              .type = SL_ENGINE_IMAGE, .image = image, .data = file, .len = png_build(&png, file)});
}

enum { WHITE = 235 };
static const uint8_t white[] = {255, 255, 255, 255}, pale[] = {255, 255, 255, 128};

static void a_background_is_beneath_all(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, left);
    paint(kept, 1, 320, 192, DARK, 0);
    draw_image(kept, SL_ENGINE_BACKGROUND, (struct png){.width = 10, .height = 10}, white);
    for (int n = 1; n < 5; n++)
        beat(kept, n);
    /* A square of 192 in the middle, the input of 160 x 96 over it. */
    check(see(kept), 80, 96, DARK);
    check(see(kept), 100, 20, WHITE);
    check(see(kept), 250, 96, WHITE);
    check(see(kept), 300, 96, BLACK);
    check(see(kept), 40, 20, BLACK);
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_LEAVE, .input = 1});
    for (int n = 5; n < 9; n++)
        beat(kept, n);
    check(see(kept), 80, 96, WHITE);
    close_job(kept);
}

static void a_watermark_is_over_all_and_stays_as_faint(void **state)
{
    struct kept *kept = open_mosaic(0);

    (void)state;
    place(kept, 1, left);
    draw_image(kept, SL_ENGINE_WATERMARK, (struct png){.width = 200, .height = 32}, pale);
    paint(kept, 1, 320, 384, DARK, 0);
    for (int n = 1; n < 20; n++) /* the input is not painted again */
        beat(kept, n);
    check(see(kept), 80, 16, DARK + (WHITE - DARK) / 2);
    check(see(kept), 180, 16, BLACK + (WHITE - BLACK) / 2);
    check(see(kept), 80, 60, DARK);
    check(see(kept), 220, 16, BLACK);
    /* Another in its place, larger than the picture. */
    draw_image(kept, SL_ENGINE_WATERMARK, (struct png){.width = 160, .height = 384}, white);
    for (int n = 20; n < 24; n++)
        beat(kept, n);
    check(see(kept), 70, 180, WHITE);
    check(see(kept), 120, 96, DARK);
    check(see(kept), 180, 16, BLACK);
    close_job(kept);
}

static void an_image_that_is_none_is_told_and_left_out(void **state)
{
    struct kept *kept = open_mosaic(320 * 192);

    (void)state;
    order(kept, (struct sl_engine_message){.type = SL_ENGINE_IMAGE,
                                           .image = SL_ENGINE_WATERMARK,
                                           .data = (const uint8_t *)"none",
                                           .len = 4});
    draw_image(kept, SL_ENGINE_BACKGROUND, (struct png){.width = 320, .height = 193}, white);
    assert_int_equal(count_reports(kept, SL_ENGINE_REFUSED, 0), 2);
    const struct sl_engine_message *first = report_of(kept, SL_ENGINE_REFUSED, 0, 0);
    const struct sl_engine_message *second = report_of(kept, SL_ENGINE_REFUSED, 0, 1);
    assert_true(first->image == SL_ENGINE_WATERMARK && first->err == -EBADMSG);
    assert_true(second->image == SL_ENGINE_BACKGROUND && second->err == -EINVAL);
    beat(kept, 1);
    check(see(kept), 160, 96, BLACK);
    close_job(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_each_in_its_cell),
        cmocka_unit_test(follows_sizes_and_places),
        cmocka_unit_test(small_ones_lie_over_large_ones),
        cmocka_unit_test(what_has_stopped_long_ago_is_dark),
        cmocka_unit_test(one_too_large_is_refused_once_and_harms_nobody),
        cmocka_unit_test(one_too_large_is_not_asked_for_key_frames),
        cmocka_unit_test(takes_no_cell_beyond_its_edge),
        cmocka_unit_test(a_background_is_beneath_all),
        cmocka_unit_test(a_watermark_is_over_all_and_stays_as_faint),
        cmocka_unit_test(an_image_that_is_none_is_told_and_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
