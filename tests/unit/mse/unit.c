/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units as websocket-api.md 14.2 and 14.3 have them, inside of WebSocket messages. */
#include "mse/unit.h"

#include "base/blob.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define START "\x00\x00\x00\x01"
#define SPS   "\x67\x42\xc0\x1f\xda\x02\x80\xbf\xe5"
#define PPS   "\x68\xce\x38\x80"
#define IDR   "\x65\x88\x84\x21"

#define BYTES(text) ((const uint8_t *)(text)), (sizeof(text) - 1)

/* Against the whole message; takes the reference. */
static void assert_message(struct sl_blob *message, const char *bytes, size_t len)
{
    assert_non_null(message);
    assert_int_equal(message->len, len);
    assert_memory_equal(message->data, bytes, len);
    sl_blob_unref(message);
}
#define assert_is(message, bytes) assert_message(message, bytes, sizeof(bytes) - 1)

static void sound_is_an_flv_body_without_its_first_byte(void **state)
{
    (void)state;
    assert_is(sl_mse_build_sound_config(SL_US_PER_S, BYTES("\x11\x90")),
              "\x82\x0c\x08\x00\x00\x03\xe8\x00\x00\x00\x03\x00\x11\x90");
    assert_is(sl_mse_build_sound(1021333, BYTES("abc")),
              "\x82\x0d\x08\x00\x00\x03\xfd\x00\x00\x00\x04\x01"
              "abc");
}

static void a_row_of_sound_ends_before_what_follows(void **state)
{
    (void)state;
    assert_is(sl_mse_build_row(5000, 50000, 21333, BYTES("s")),
              "\x82\x16"
              "\x08\x00\x00\x00\x05\x00\x00\x00\x02\x01s"
              "\x08\x00\x00\x00\x1a\x00\x00\x00\x02\x01s");
    assert_null(sl_mse_build_row(5000, 26000, 21333, BYTES("s")));
    assert_null(sl_mse_build_row(5000, 4000, 21333, BYTES("s")));
}

static void pictures_have_lengths_and_no_parameter_sets(void **state)
{
    (void)state;
    assert_is(sl_mse_build_picture(5000, NULL, BYTES(START "\x09\x10" START "\x41\x9a\x22")),
              "\x82\x15\x09\x00\x00\x00\x05\x00\x00\x00\x0c\x27\x01\x00\x00\x00"
              "\x00\x00\x00\x03\x41\x9a\x22");
    assert_null(sl_mse_build_picture(5000, NULL, BYTES(START SPS START PPS)));
}

static void key_frames_follow_their_configuration_in_one_message(void **state)
{
    (void)state;
    static const char au[] = START SPS START PPS START IDR;
    struct sl_flv_avc_config config;

    assert_int_equal(sl_flv_avc_config_find(BYTES(au), &config), 0);
    struct sl_blob *message = sl_mse_build_picture(7000, &config, BYTES(au));
    assert_non_null(message);
    const uint8_t *at = message->data + 2; /* behind the WebSocket's header */
    assert_int_equal(at[0], 9);
    assert_int_equal(sl_load_u32(at + 1), 7);
    assert_int_equal(sl_load_u32(at + 5), 5 + config.len);
    assert_memory_equal(at + 9, "\x17\x00\x00\x00\x00", 5);
    assert_memory_equal(at + 14, config.bytes, config.len);
    at += 14 + config.len;
    assert_memory_equal(at, "\x09\x00\x00\x00\x07\x00\x00\x00\x0d\x17\x01\x00\x00\x00", 14);
    assert_memory_equal(at + 14, "\x00\x00\x00\x04" IDR, 8);
    assert_ptr_equal(at + 22, message->data + message->len);
    sl_blob_unref(message);
}

/* Times of the units of a message, in milliseconds, as text: "a" sound, "c" a configuration, "p" a
 * picture; a row of sound in brackets. */
static void describe(const struct sl_blob *message, char *out, size_t size)
{
    size_t len, used = 0, row = 0;
    const uint8_t *at = sl_ws_message_payload(message, &len);
    uint32_t row_ms = 0;

    while (len > 0) {
        uint32_t ms = sl_load_u32(at + 1), unit_len = 9 + sl_load_u32(at + 5);
        char kind = at[0] == 8 ? 'a' : at[10] == 0 ? 'c' : 'p';
        assert_true(unit_len <= len);
        bool goes_on = kind == 'a' && row > 0 && ms - row_ms <= 22;
        if (row > 1 && !goes_on)
            used += (size_t)snprintf(out + used, size - used, "(%zu to %u) ", row, row_ms);
        if (!goes_on)
            used += (size_t)snprintf(out + used, size - used, "%c%u ", kind, ms);
        row = goes_on ? row + 1 : kind == 'a';
        row_ms = ms;
        at += unit_len;
        len -= unit_len;
    }
    if (row > 1)
        (void)snprintf(out + used, size - used, "(%zu to %u) ", row, row_ms);
}

static void a_lead_is_short_and_far_in_front_of_the_first_unit(void **state)
{
    (void)state;
    static const char au[] = START SPS START PPS START IDR;
    struct sl_flv_avc_config config;

    assert_int_equal(sl_flv_avc_config_find(BYTES(au), &config), 0);
    struct sl_blob *picture = sl_mse_build_picture(10 * SL_US_PER_S, &config, BYTES(au));
    const struct {
        bool pictures;
        const char *units;
    } cases[] = {
        {true, "a5200 (16 to 5519) c5200 p5200 p5350 p5500 p5650 p5800 a9978 "},
        {false, "a5200 (42 to 6074) "},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        const struct sl_mse_lead lead = {
            .time_us = 10 * SL_US_PER_S,
            .picture = cases[i].pictures ? picture : NULL,
            .silence = (const uint8_t *)"s",
            .silence_len = 1,
            .silence_us = 21333,
        };
        char units[512];
        struct sl_blob *message = sl_mse_build_lead(&lead);
        assert_non_null(message);
        describe(message, units, sizeof(units));
        assert_string_equal(units, cases[i].units);
        sl_blob_unref(message);
    }
    sl_blob_unref(picture);
}

static void where_no_lead_is_possible_there_is_none(void **state)
{
    (void)state;
    enum { LONG = 200000 };
    static uint8_t au[sizeof(START SPS START PPS START IDR) - 1 + LONG] =
        START SPS START PPS START IDR;
    struct sl_flv_avc_config config;

    assert_int_equal(sl_flv_avc_config_find(au, sizeof(au), &config), 0);
    memset(au + sizeof(au) - LONG, 0x55, LONG);
    struct sl_blob *large = sl_mse_build_picture(SL_US_PER_S, &config, au, sizeof(au));
    struct sl_blob *without = sl_mse_build_picture(SL_US_PER_S, NULL, BYTES(START IDR));
    const struct sl_mse_lead cases[] = {
        {.time_us = 100000,
         .silence = (const uint8_t *)"s",
         .silence_len = 1,
         .silence_us = 21333}, /* too early */
        {.time_us = SL_US_PER_S,
         .silence = (const uint8_t *)"s",
         .silence_len = 1,
         .silence_us = 128000}, /* too long */
        {.time_us = 10 * SL_US_PER_S,
         .silence = (const uint8_t *)"",
         .silence_us = 21333}, /* empty */
        {.time_us = 10 * SL_US_PER_S},
        {.time_us = 10 * SL_US_PER_S, .picture = large},
        {.time_us = 10 * SL_US_PER_S, .picture = without},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
        assert_null(sl_mse_build_lead(&cases[i]));
    sl_blob_unref(large);
    sl_blob_unref(without);
}

static void times_fall_back_slowly_and_never_turn(void **state)
{
    (void)state;
    int64_t before_us = -1;

    assert_int_equal(sl_mse_ahead_us(0), SL_MSE_AHEAD_US);
    assert_int_equal(sl_mse_ahead_us(2 * SL_US_PER_S), SL_MSE_AHEAD_US);
    assert_int_equal(sl_mse_ahead_us(20 * SL_US_PER_S), 0);
    for (int64_t us = 0; us < 12 * SL_US_PER_S; us += 10000) {
        int64_t time_us = us + sl_mse_ahead_us(us);
        assert_true(time_us - before_us >= 9000); /* a tenth faster at most */
        before_us = time_us;
    }
    assert_int_equal(before_us, 12 * SL_US_PER_S - 10000);
}

static void a_message_can_be_moved_with_all_of_its_units(void **state)
{
    (void)state;
    static const char au[] = START SPS START PPS START IDR;
    struct sl_flv_avc_config config;
    char units[256];

    assert_int_equal(sl_flv_avc_config_find(BYTES(au), &config), 0);
    struct sl_blob *picture = sl_mse_build_picture(10 * SL_US_PER_S, &config, BYTES(au));
    struct sl_blob *later = sl_mse_build_later(picture, 250000);
    assert_int_equal(later->len, picture->len);
    describe(later, units, sizeof(units));
    assert_string_equal(units, "c10250 p10250 ");
    describe(picture, units, sizeof(units));
    assert_string_equal(units, "c10000 p10000 ");
    sl_blob_unref(later);
    sl_blob_unref(picture);
}

static void wsplayer_has_flags_and_the_numbers_of_rtp(void **state)
{
    (void)state;
    const struct sl_wsplayer_stamp stamp = {0x01020304, 0xa0b0c0d0};

    assert_is(sl_wsplayer_build_picture(&stamp, true, BYTES("key")),
              "\x82\x0c\x17\x01\x02\x03\x04\xa0\xb0\xc0\xd0"
              "key");
    assert_is(sl_wsplayer_build_picture(&stamp, false, BYTES("i")),
              "\x82\x0a\x07\x01\x02\x03\x04\xa0\xb0\xc0\xd0"
              "i");
    assert_is(sl_wsplayer_build_sound(&stamp, BYTES("s")),
              "\x82\x0a\x0b\x01\x02\x03\x04\xa0\xb0\xc0\xd0"
              "s");
    /* 2^32 / 2 for half a second; 1970 is 2208988800 s after 1900 */
    assert_is(sl_wsplayer_build_sync(&stamp, 1500),
              "\x82\x11\x0f\x01\x02\x03\x04\xa0\xb0\xc0\xd0\x83\xaa\x7e\x81\x80\x00\x00\x00");
    assert_null(sl_wsplayer_build_sound(&stamp, NULL, 0));
}

static void wsplayer_clocks_are_those_of_rtp_and_wrap(void **state)
{
    (void)state;
    assert_int_equal(sl_wsplayer_rtp_time(SL_AUDIO, 20000), 160);
    assert_int_equal(sl_wsplayer_rtp_time(SL_VIDEO, 40000), 3600);
    assert_int_equal(sl_wsplayer_rtp_time(SL_VIDEO, 47721858889), 4); /* 2^32 / 90 kHz */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_an_flv_body_without_its_first_byte),
        cmocka_unit_test(a_row_of_sound_ends_before_what_follows),
        cmocka_unit_test(pictures_have_lengths_and_no_parameter_sets),
        cmocka_unit_test(key_frames_follow_their_configuration_in_one_message),
        cmocka_unit_test(a_lead_is_short_and_far_in_front_of_the_first_unit),
        cmocka_unit_test(where_no_lead_is_possible_there_is_none),
        cmocka_unit_test(times_fall_back_slowly_and_never_turn),
        cmocka_unit_test(a_message_can_be_moved_with_all_of_its_units),
        cmocka_unit_test(wsplayer_has_flags_and_the_numbers_of_rtp),
        cmocka_unit_test(wsplayer_clocks_are_those_of_rtp_and_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
