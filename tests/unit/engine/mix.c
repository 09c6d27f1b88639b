/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs that mix: who hears whom, how loud, and what does not wait (MIX-2, 3, 16). */
#include "harness.h"

#include <math.h>

enum {
    SPEAKERS = 3,
    SPEAKERS_MAX = 10,
    ALL = 0,
    RATE_HZ = 48000,
    PACKET = 960,
    PACKET_US = 20000,
    HEARD_MAX = 480000
};

static const int tones_hz[SPEAKERS_MAX + 1] = {0,    500,  1300, 2900, 800, 1100,
                                               1600, 1900, 2200, 2500, 3300}; /* by input */

struct room {
    struct kept *kept;
    uint32_t speakers;
    double amplitude;
    int64_t ahead_us; /* of when they are due, their packets come */
    struct sl_audio_encoder *encoders[SPEAKERS_MAX + 1];
    int64_t next_us[SPEAKERS_MAX + 1];
    uint32_t speaking; /* the input whose encoder is at work */
    int packets;
};

static void give(void *arg, const struct sl_coded *coded)
{
    struct room *room = arg;

    order(room->kept, (struct sl_engine_message){.type = SL_ENGINE_INPUT,
                                                 .input = room->speaking,
                                                 .codec = SL_CODEC_OPUS,
                                                 .keyframe = true,
                                                 .pts_us = coded->pts_us,
                                                 .dts_us = coded->pts_us,
                                                 .data = coded->data,
                                                 .len = coded->len});
}

static struct room open_room_of(uint32_t speakers, double amplitude)
{
    static const struct sl_audio_encoder_config config = {SL_CODEC_OPUS, RATE_HZ, 2, 0};
    struct room room = {.kept = open_job(SL_ENGINE_MIX, (struct sl_engine_sound){.channels = 1}),
                        .speakers = speakers,
                        .amplitude = amplitude};

    order(room.kept,
          (struct sl_engine_message){.type = SL_ENGINE_ADVANCE, .pts_us = START_US - PACKET_US});
    for (uint32_t id = 1; id <= speakers; id++)
        assert_int_equal(sl_audio_encoder_create(&config, &room.encoders[id]), 0);
    for (uint32_t id = ALL; id <= speakers; id++)
        order(room.kept, (struct sl_engine_message){.type = SL_ENGINE_OUTPUT,
                                                    .output = id,
                                                    .input = id,
                                                    .codec = SL_CODEC_OPUS,
                                                    .form = {.sound = {.channels = 1}}});
    return room;
}

static struct room open_room(void)
{
    return open_room_of(SPEAKERS, 8000);
}

static void close_room(struct room *room)
{
    for (uint32_t id = 1; id <= room->speakers; id++)
        sl_audio_encoder_destroy(room->encoders[id]);
    close_job(room->kept);
}

static void speak_one(struct room *room, uint32_t id, const struct sl_pcm *pcm)
{
    struct sl_audio_encoder *encoder = room->encoders[id];

    room->speaking = id;
    if (pcm->pts_us != room->next_us[id])
        assert_int_equal(sl_audio_encoder_restart(encoder, pcm->pts_us, give, room), 0);
    room->next_us[id] = pcm->pts_us + PACKET_US;
    assert_int_equal(sl_audio_encoder_encode(encoder, pcm, give, room), 0);
}

/* silent: a bit each, of those whose packets do not come. */
static void speak(struct room *room, int packets, unsigned silent)
{
    for (int end = room->packets + packets; room->packets < end; room->packets++) {
        int64_t pts_us = START_US + (int64_t)room->packets * PACKET_US;
        for (uint32_t id = 1; id <= room->speakers; id++) {
            int16_t samples[PACKET * 2];
            for (int i = 0; i < PACKET * 2; i++)
                samples[i] =
                    (int16_t)(room->amplitude * sin(2 * M_PI * tones_hz[id] *
                                                    (room->packets * PACKET + i / 2) / RATE_HZ));
            const struct sl_pcm pcm = {pts_us + room->ahead_us, RATE_HZ, 2, PACKET, samples};
            if (!(silent & 1U << id))
                speak_one(room, id, &pcm);
        }
        order(room->kept, (struct sl_engine_message){.type = SL_ENGINE_ADVANCE, .pts_us = pts_us});
    }
}

struct heard {
    size_t count;
    int16_t samples[HEARD_MAX];
};

static void hear(void *arg, const struct sl_pcm *pcm)
{
    struct heard *heard = arg;

    assert_int_equal(pcm->rate_hz, RATE_HZ);
    for (size_t i = 0; i < pcm->count && heard->count < HEARD_MAX; i++)
        heard->samples[heard->count++] = pcm->samples[i * (size_t)pcm->channels];
}

enum { LISTENED = RATE_HZ * 4 / 10 };

/* The last 400 ms of an output. */
static const int16_t *listen_to(const struct room *room, uint32_t output)
{
    static struct heard heard;
    struct sl_audio_decoder *decoder;
    const struct sl_engine_message *coded;

    heard.count = 0;
    assert_int_equal(sl_audio_decoder_create(SL_CODEC_OPUS, &decoder), 0);
    for (size_t n = 0; (coded = find_report(room->kept, SL_ENGINE_CODED, output, n)); n++)
        assert_int_equal(sl_audio_decoder_decode(decoder, coded->data, coded->len, coded->pts_us, 0,
                                                 hear, &heard),
                         0);
    sl_audio_decoder_destroy(decoder);
    assert_true(heard.count > LISTENED);
    return heard.samples + heard.count - LISTENED;
}

static double amplitude_of(const int16_t *samples, int hz)
{
    double in = 0, across = 0;

    for (size_t i = 0; i < LISTENED; i++) {
        in += samples[i] * sin(2 * M_PI * hz * (double)i / RATE_HZ);
        across += samples[i] * cos(2 * M_PI * hz * (double)i / RATE_HZ);
    }
    return sqrt(in * in + across * across) * 2 / LISTENED;
}

static double loudness(const struct room *room, uint32_t output, int hz)
{
    return amplitude_of(listen_to(room, output), hz);
}

static void everybody_hears_the_others_and_not_himself(void **state)
{
    struct room room = open_room();

    (void)state;
    speak(&room, 60, 0);
    for (uint32_t output = ALL; output <= SPEAKERS; output++) {
        for (uint32_t id = 1; id <= SPEAKERS; id++) {
            double amplitude = loudness(&room, output, tones_hz[id]);
            if (output == id ? amplitude > 8000 / 31.6 : amplitude < 6000 || amplitude > 10000)
                fail_msg("output %u has %d Hz at %.0f", output, tones_hz[id], amplitude);
        }
    }
    close_room(&room);
}

/* MIX-3: ten at full scale. What is not a tone is noise of clipping, or of the limiter. */
static void ten_at_full_scale_are_summed_right_and_clean(void **state)
{
    struct room room = open_room_of(SPEAKERS_MAX, 32000);

    (void)state;
    speak(&room, 150, 0);
    for (uint32_t output = ALL; output <= SPEAKERS_MAX; output++) {
        const int16_t *samples = listen_to(&room, output);
        double power = 0, tones = 0, least = INFINITY, own = 0;
        for (size_t i = 0; i < LISTENED; i++)
            power += (double)samples[i] * samples[i] / LISTENED;
        for (uint32_t id = 1; id <= SPEAKERS_MAX; id++) {
            double amplitude = amplitude_of(samples, tones_hz[id]);
            tones += amplitude * amplitude / 2;
            if (id == output)
                own = amplitude;
            else if (amplitude < least)
                least = amplitude;
        }
        if (own > least / 31.6 || least < 1500 || power - tones > power / 100)
            fail_msg("output %u: own %.0f, least of the others %.0f, noise %.4f", output, own,
                     least, (power - tones) / power);
    }
    close_room(&room);
}

/* As mixer_in_buffering_ms may have it. */
static void one_that_comes_a_second_before_it_is_due_is_heard(void **state)
{
    struct room room = open_room();

    (void)state;
    room.ahead_us = 1000000;
    speak(&room, 100, 0);
    assert_true(loudness(&room, ALL, tones_hz[1]) > 6000);
    close_room(&room);
}

/* Whatever a time is, it is no number of samples that cannot be counted. */
static void times_may_be_centuries_apart(void **state)
{
    struct room room = open_room();

    (void)state;
    order(room.kept,
          (struct sl_engine_message){.type = SL_ENGINE_ADVANCE, .pts_us = -SL_ENGINE_TIME_MAX_US});
    room.ahead_us = SL_ENGINE_TIME_MAX_US - 2 * (int64_t)START_US;
    speak(&room, 3, 0);
    room.ahead_us = 0;
    speak(&room, 60, 0);
    assert_true(loudness(&room, ALL, tones_hz[1]) > 6000);
    close_room(&room);
}

static void levels_are_percent(void **state)
{
    struct room room = open_room();

    (void)state;
    order(room.kept,
          (struct sl_engine_message){.type = SL_ENGINE_LEVEL, .input = 1, .percent = 50});
    order(room.kept, (struct sl_engine_message){.type = SL_ENGINE_LEVEL, .input = 2, .percent = 0});
    speak(&room, 60, 0);
    double whole = loudness(&room, ALL, tones_hz[3]);
    assert_in_range((int)(loudness(&room, ALL, tones_hz[1]) / whole * 1000), 447, 562); /* 1 dB */
    assert_true(loudness(&room, ALL, tones_hz[2]) < whole / 31.6);
    close_room(&room);
}

static void one_that_sends_nothing_delays_nobody(void **state)
{
    struct room room = open_room();

    (void)state;
    speak(&room, 20, 0);
    size_t before = count_reports(room.kept, SL_ENGINE_CODED, ALL);
    speak(&room, 50, 1U << 2);
    assert_in_range(count_reports(room.kept, SL_ENGINE_CODED, ALL) - before, 49, 51);
    assert_true(loudness(&room, ALL, tones_hz[1]) > 6000);
    assert_true(loudness(&room, ALL, tones_hz[2]) < 200);
    close_room(&room);
}

static void one_that_leaves_is_silent_and_may_come_again(void **state)
{
    struct room room = open_room();

    (void)state;
    speak(&room, 20, 0);
    order(room.kept, (struct sl_engine_message){.type = SL_ENGINE_LEAVE, .input = 1});
    speak(&room, 40, 1U << 1);
    assert_true(loudness(&room, ALL, tones_hz[1]) < 200);
    speak(&room, 40, 0);
    assert_true(loudness(&room, ALL, tones_hz[1]) > 6000);
    close_room(&room);
}

static void goes_on_after_a_jump_of_time(void **state)
{
    struct room room = open_room();

    (void)state;
    speak(&room, 20, 0);
    room.packets += 500;
    speak(&room, 60, 0);
    assert_true(loudness(&room, 1, tones_hz[2]) > 6000);
    close_room(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_hears_the_others_and_not_himself),
        cmocka_unit_test(ten_at_full_scale_are_summed_right_and_clean),
        cmocka_unit_test(one_that_comes_a_second_before_it_is_due_is_heard),
        cmocka_unit_test(times_may_be_centuries_apart),
        cmocka_unit_test(levels_are_percent),
        cmocka_unit_test(one_that_sends_nothing_delays_nobody),
        cmocka_unit_test(one_that_leaves_is_silent_and_may_come_again),
        cmocka_unit_test(goes_on_after_a_jump_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
