/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo as the server orders it. */
#include "harness.h"

#include "engine/demo_sound.h"

#include <math.h>

enum { WIDTH = 320, HEIGHT = 180, FPS = 25, PICTURES = 0, SOUND = 1 };

static struct kept *open_demo(uint16_t width, uint8_t fps)
{
    struct kept *kept = sl_new(struct kept);

    kept->jobs = sl_engine_jobs_create(keep_report, kept);
    order(kept, (struct sl_engine_message){
                    .type = SL_ENGINE_OPEN,
                    .kind = SL_ENGINE_DEMO,
                    .form = {.pictures = {.width = width, .height = HEIGHT, .fps_max = fps}}});
    return kept;
}

static void each_order_makes_a_picture(void **state)
{
    (void)state;
    struct kept *kept = open_demo(WIDTH, FPS);

    for (int n = 0; n < 50; n++)
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_DRAW,
                                               .keyframe = n == 20,
                                               .flash = n % FPS < 2,
                                               .at_us = (int64_t)n * SL_US_PER_S / FPS,
                                               .pts_us = START_US + n * SL_US_PER_S / FPS});
    struct seen seen = watch(kept, PICTURES, SL_CODEC_H264, NULL);
    assert_int_equal(seen.count, 50);
    assert_true(seen.rising);
    assert_int_equal(seen.width, WIDTH);
    for (size_t n = 0; n < 50; n++)
        assert_int_equal(report_of(kept, SL_ENGINE_CODED, PICTURES, n)->keyframe,
                         n == 0 || n == 20);
    close_job(kept);
}

struct loudness {
    int64_t loud_us; /* when the beep begins */
};

static void measure(void *arg, const struct sl_pcm *pcm)
{
    struct loudness *loudness = arg;

    for (size_t i = 0; i < pcm->count && loudness->loud_us == 0; i++) {
        if (abs(pcm->samples[i * (size_t)pcm->channels]) > 4500)
            loudness->loud_us = pcm->pts_us + (int64_t)i * SL_US_PER_S / pcm->rate_hz;
    }
}

static void the_beep_is_heard_when_its_time_stamp_says(void **state)
{
    (void)state;
    struct kept *kept = open_demo(WIDTH, FPS);
    struct loudness loudness = {0};
    struct sl_audio_decoder *decoder;
    const struct sl_engine_message *coded;

    for (int n = 30; n < 70; n++) /* the second is full at n = 50 */
        order(kept, (struct sl_engine_message){.type = SL_ENGINE_BEEP,
                                               .at_us = n * 20000 % SL_US_PER_S,
                                               .pts_us = START_US + n * 20000});
    assert_int_equal(sl_audio_decoder_create(SL_CODEC_OPUS, &decoder), 0);
    for (size_t n = 0; (coded = find_report(kept, SL_ENGINE_CODED, SOUND, n)); n++)
        assert_int_equal(sl_audio_decoder_decode(decoder, coded->data, coded->len, coded->pts_us, 0,
                                                 measure, &loudness),
                         0);
    assert_int_equal(count_reports(kept, SL_ENGINE_CODED, SOUND), 40);
    assert_in_range(loudness.loud_us, START_US + SL_US_PER_S - 1000, START_US + SL_US_PER_S + 3000);
    sl_audio_decoder_destroy(decoder);
    close_job(kept);
}

static void one_that_cannot_be_seen_is_refused(void **state)
{
    (void)state;
    struct kept *kept = open_demo(100, FPS);

    assert_int_equal(report_of(kept, SL_ENGINE_FAILED, SL_ENGINE_NO_OUTPUT, 0)->err, -EINVAL);
    close_job(kept);
    kept = open_demo(WIDTH, 0);
    assert_int_equal(report_of(kept, SL_ENGINE_FAILED, SL_ENGINE_NO_OUTPUT, 0)->err, -EINVAL);
    close_job(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_order_makes_a_picture),
        cmocka_unit_test(the_beep_is_heard_when_its_time_stamp_says),
        cmocka_unit_test(one_that_cannot_be_seen_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
