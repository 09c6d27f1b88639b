/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playbacks of what has to be made: when that is, what is told of it, and how it ends
 * (media-outputs.md 2). */
#include "base/mem.h"
#include "client.h"
#include "stream/stream.h"
#include "variant/variant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A stream that a client has published, 1280 x 720, and one who wants to see it. */
static struct client publisher, player;

static void begin(struct fake_server *server)
{
    connect_client(server, &publisher, 1);
    connect_client(server, &player, 2);
    publish_live(&publisher, "pub", "cam");
    fake_stream_size("cam", 1280, 720);
    fake_settle();
    fake_variants_refuse(0);
}

static void end(void)
{
    fake_variants_refuse(0);
    sl_session_destroy(player.session);
    sl_session_destroy(publisher.session);
}

static void request(struct sl_media_request request)
{
    request.media_session_id = "play";
    request.name = "cam";
    request.offer = fake_offer(false, true, true);
    sl_session_request_media(player.session, &request);
    fake_settle();
}

static void a_size_or_a_rate_makes_a_variant(void **state) /* 2.1, cases 4 and 5; TRC-4 */
{
    static const struct {
        struct sl_media_request request;
        struct sl_variant_want want;
    } cases[] = {
        {{.width = 320, .height = 240}, {.codec = SL_CODEC_H264, .width = 320, .height = 240}},
        {{.width = 1280, .height = 720}, {.codec = SL_CODEC_H264, .width = 1280, .height = 720}},
        {{.bitrate_kbps = 300}, {.codec = SL_CODEC_H264, .bitrate_bps = 300000}},
        {{.bitrate_kbps = 900, .max_bitrate_kbps = 500},
         {.codec = SL_CODEC_H264, .bitrate_bps = 500000}},
        {{.quality = 40}, {.codec = SL_CODEC_H264, .quality = 40}},
    };

    begin(*state);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        request(cases[i].request);
        assert_heard(&player, "codec play opus\nsdp play 1 v=0\n");
        struct sl_variant *variant = fake_variant(SL_CODEC_H264);
        assert_non_null(variant);
        assert_true(sl_variant_wants_equal(sl_variant_want(variant), &cases[i].want));
        assert_ptr_equal(fake_peer_config("play")->tracks[SL_VIDEO], sl_variant_track(variant));
        stop(&player, "play", false);
        assert_heard(&player, "STOPPED play Stopped by user\n");
        fake_finish_closing();
        assert_null(fake_variant(SL_CODEC_H264)); /* given back */
    }
    end();
}

static void what_is_offered_and_asked_for_as_it_is_is_never_made(void **state)
{
    begin(*state);
    play_live(&player, "play", "cam");
    assert_null(fake_variant(SL_CODEC_H264));
    assert_null(fake_variant(SL_CODEC_OPUS));
    end();
}

static void the_player_is_told_the_size_it_sees(void **state) /* TRC-12, 2.5 */
{
    uint16_t width = 0, height = 0;

    begin(*state);
    request((struct sl_media_request){.width = 640});
    assert_heard(&player, "codec play opus\nsdp play 1 v=0\n");
    struct sl_stream *shown = sl_variant_stream(fake_variant(SL_CODEC_H264));
    fake_stream_object_size(shown, 640, 360);
    fake_peer_event("play", SL_PEER_CONNECTED, SL_PEER_OK);
    fake_peer_event("play", SL_PEER_STARTED, SL_PEER_OK);
    assert_heard(&player, "PLAYING play \nsize play 640x360\n");
    fake_stream_size("cam", 320, 240); /* TRC-4: it stays as it was asked for */
    assert_heard(&player, "");
    json_t *told = sl_media_session_describe(
        sl_sessions_find_media(((struct fake_server *)*state)->sessions, "play"));
    assert_int_equal(json_integer_value(json_object_get(told, "width")), 640);
    assert_int_equal(json_integer_value(json_object_get(told, "height")), 360);
    assert_string_equal(json_string_value(json_object_get(told, "codecImpl")), "libx264");
    json_decref(told);
    sl_stream_size(shown, &width, &height);
    assert_int_equal(width, 640);
    end();
}

static void what_cannot_be_made_is_refused_in_the_words_of_the_sdk(void **state)
{
    struct fake_server *server = *state;
    static const struct {
        int err;
        const char *heard;
    } cases[] = {
        {-EBUSY, "FAILED play No available transcoders\n"}, /* TRC-15 */
        {-EINVAL, "FAILED play Failed by error\n"},         /* TRC-20: too large */
        {-EPERM, "FAILED play Failed by error\n"},
    };

    begin(server);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        fake_variants_refuse(cases[i].err);
        request((struct sl_media_request){.width = 320});
        assert_heard(&player, cases[i].heard);
    }
    fake_variants_refuse(0);
    server->config->transcoding_disabled = true; /* TRC-14: before any answer */
    request((struct sl_media_request){.width = 320});
    assert_heard(&player, "FAILED play Transcoding required, but disabled\n");
    assert_null(fake_variant(SL_CODEC_H264));
    play_live(&player, "other", "cam");
    server->config->transcoding_disabled = false;
    server->config->disable_streaming_proxy = true; /* case 7 */
    request((struct sl_media_request){.width = 0});
    assert_heard(&player, "codec play opus\nsdp play 1 v=0\n");
    assert_non_null(fake_variant(SL_CODEC_H264));
    end();
}

static void an_end_before_the_source_fails_the_player(void **state) /* 2.6 */
{
    begin(*state);
    request((struct sl_media_request){.width = 320});
    assert_heard(&player, "codec play opus\nsdp play 1 v=0\n");
    fake_variant_end(fake_variant(SL_CODEC_H264), -EBUSY);
    assert_heard(&player, "FAILED play No available transcoders\n");
    fake_finish_closing();
    assert_null(fake_variant(SL_CODEC_H264));
    /* With its source: what is said is as for any player. */
    request((struct sl_media_request){.width = 320});
    assert_heard(&player, "codec play opus\nsdp play 1 v=0\n");
    fake_variant_end(fake_variant(SL_CODEC_H264), 0);
    assert_heard(&player, "");
    stop(&publisher, "pub", true);
    assert_heard(&player, "FAILED play Stopped by publisher stop\n");
    end();
}

static void a_running_player_leaves_pictures_that_begin_to_jump(void **state) /* 2.1, case 6 */
{
    begin(*state);
    play_live(&player, "play", "cam");
    fake_stream_reordered("cam");
    struct sl_variant *variant = fake_variant(SL_CODEC_H264);
    assert_non_null(variant);
    assert_ptr_equal(fake_peer_moved("play"), sl_variant_track(variant));
    assert_heard(&player, "");
    /* Who comes now gets it from the beginning. */
    request((struct sl_media_request){.width = 0});
    end();
}

static void a_running_player_leaves_a_codec_that_it_cannot_take(void **state) /* 2.1, case 1 */
{
    begin(*state);
    play_live(&player, "play", "cam");
    fake_stream_codec("cam", SL_CODEC_H264);
    assert_null(fake_variant(SL_CODEC_H264));
    fake_stream_codec("cam", SL_CODEC_AV1);
    struct sl_variant *variant = fake_variant(SL_CODEC_H264);
    assert_non_null(variant);
    assert_ptr_equal(fake_peer_moved("play"), sl_variant_track(variant));
    /* Whatever comes from now on is made the same of. */
    fake_stream_codec("cam", SL_CODEC_VP9);
    assert_ptr_equal(fake_variant(SL_CODEC_H264), variant);
    assert_heard(&player, "");
    end();
}

static void a_player_whose_codec_has_gone_hears_why_it_cannot_go_on(void **state)
{
    struct fake_server *server = *state;

    begin(server);
    play_live(&player, "play", "cam");
    fake_variants_refuse(-EBUSY);
    fake_stream_codec("cam", SL_CODEC_AV1);
    assert_heard(&player, "FAILED play No available transcoders\n");
    fake_variants_refuse(0);
    fake_stream_codec("cam", SL_CODEC_H264);
    server->config->transcoding_disabled = true;
    play_live(&player, "again", "cam");
    fake_stream_codec("cam", SL_CODEC_AV1);
    assert_heard(&player, "FAILED again Transcoding required, but disabled\n");
    end();
}

/* ---- Links that are narrow ---- */

/* An offer as browsers make it: with numbers of the transport. */
static const char *narrow_offer(void)
{
    static char text[32768];
    const char *offer = fake_offer(false, true, true), *video = strstr(offer, "m=video");
    const char *mid = strstr(video, "a=mid");

    (void)snprintf(text, sizeof(text),
                   "%.*sa=rtcp-fb:* transport-cc\r\na=extmap:9 http://www.ietf.org/id/"
                   "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n%s",
                   (int)(mid - offer), offer, mid);
    return text;
}

static void play_narrow(const char *id)
{
    sl_session_request_media(
        player.session,
        &(struct sl_media_request){.media_session_id = id, .name = "cam", .offer = narrow_offer()});
    fake_settle();
    fake_peer_event(id, SL_PEER_CONNECTED, SL_PEER_OK);
    fake_peer_event(id, SL_PEER_STARTED, SL_PEER_OK);
    player.heard[0] = '\0';
}

/* What the worker says for some seconds, of bits a second: the link takes all with limit 0. */
static void link_takes(const char *id, uint64_t limit_bps, uint64_t offered_bps, int seconds)
{
    struct sl_flow_stats *stats = fake_peer_stats(id);

    atomic_store(&stats->limit_bps, limit_bps);
    atomic_store(&stats->offered_bps, offered_bps);
    for (int i = 0; i < seconds; i++)
        fake_advance_ms(1000);
}

static struct sl_track *published(void)
{
    return sl_stream_track(sl_streams_find(fake_streams(), "cam"), SL_VIDEO);
}

static void a_narrow_link_gets_a_lower_rate_and_all_of_it_when_it_is_wide(void **state)
{
    begin(*state);
    play_narrow("play");
    link_takes("play", 500000, 2000000, 3);
    assert_null(fake_variant(SL_CODEC_H264)); /* the publisher may yet send less */
    link_takes("play", 500000, 2000000, 2);
    struct sl_variant *variant = fake_variant(SL_CODEC_H264);
    assert_non_null(variant);
    const struct sl_variant_want *want = sl_variant_want(variant);
    assert_true(want->follows);
    assert_int_equal(want->bitrate_bps, 400000);
    assert_int_equal(want->bitrate_max_bps, 2000000);
    assert_int_equal(want->width, 640); /* of 1280 by 720: what so many bits show */
    assert_int_equal(want->height, 360);
    assert_ptr_equal(fake_peer_moved("play"), sl_variant_track(variant));
    assert_int_equal(fake_peer_wanted("play"), 2000000);
    link_takes("play", 900000, 400000, 20); /* more, but not all */
    assert_ptr_equal(fake_peer_moved("play"), sl_variant_track(variant));
    link_takes("play", 0, 800000, 4);
    assert_ptr_equal(fake_peer_moved("play"), published());
    assert_int_equal(fake_peer_wanted("play"), 0);
    assert_non_null(fake_variant(SL_CODEC_H264)); /* sent until a key frame of the other */
    link_takes("play", 0, 2000000, 12);
    assert_null(fake_variant(SL_CODEC_H264));
    end();
}

static void who_follows_the_publisher_needs_none(void **state)
{
    begin(*state);
    play_narrow("play");
    link_takes("play", 500000, 2000000, 3);
    link_takes("play", 500000, 520000, 20); /* it was asked for less */
    assert_null(fake_variant(SL_CODEC_H264));
    end();
}

static void all_narrow_links_of_a_stream_share_one(void **state)
{
    begin(*state);
    play_narrow("play");
    play_narrow("other");
    link_takes("play", 900000, 2000000, 5);
    link_takes("other", 300000, 2000000, 5);
    struct sl_variant *variant = fake_variant(SL_CODEC_H264);
    assert_non_null(variant);
    assert_int_equal(sl_variants_count(fake_variants()), 1);
    assert_ptr_equal(fake_peer_moved("play"), sl_variant_track(variant));
    assert_ptr_equal(fake_peer_moved("other"), sl_variant_track(variant));
    stop(&player, "other", false);
    fake_finish_closing();
    assert_non_null(fake_variant(SL_CODEC_H264));
    end();
    fake_finish_closing();
    assert_null(fake_variant(SL_CODEC_H264));
}

static void without_room_pictures_stay_as_published(void **state)
{
    begin(*state);
    fake_variants_refuse(-EBUSY);
    play_narrow("play");
    link_takes("play", 500000, 2000000, 10);
    assert_null(fake_variant(SL_CODEC_H264));
    assert_null(fake_peer_moved("play"));
    fake_variants_refuse(0);
    link_takes("play", 500000, 2000000, 20); /* it is tried again */
    assert_non_null(fake_variant(SL_CODEC_H264));
    fake_variant_end(fake_variant(SL_CODEC_H264), -EBUSY); /* the machine could not keep up */
    assert_ptr_equal(fake_peer_moved("play"), published());
    assert_null(fake_variant(SL_CODEC_H264));
    assert_null(strstr(player.heard, "FAILED"));
    link_takes("play", 500000, 2000000, 10);
    assert_null(fake_variant(SL_CODEC_H264));
    end();
}

static void the_option_forbids_stand_ins(void **state)
{
    struct fake_server *server = *state;

    server->config->downlink_variant = false;
    begin(server);
    play_narrow("play");
    link_takes("play", 500000, 2000000, 20);
    assert_null(fake_variant(SL_CODEC_H264));
    end();
}

/* Each return that is too early doubles the stay. */
static void a_link_that_swings_does_not_swing_the_pictures(void **state)
{
    int returns = 0;

    begin(*state);
    play_narrow("play");
    for (int i = 0; i < 240; i++) {
        bool stands_in = fake_peer_wanted("play") > 0;
        link_takes("play", stands_in ? 0 : 500000, 2000000, 1);
        returns += stands_in && fake_peer_wanted("play") == 0;
    }
    assert_in_range(returns, 3, 5); /* after 10, 20, 40, 80 seconds */
    end();
}

/* ---- Sizes that the source sends at once ---- */

static struct sl_stream *layers[3];
static const uint64_t layer_bps[3] = {150000, 500000, 1500000};

/* The first so many of them bring something. */
static void bring_layers(size_t count)
{
    struct sl_stream_layer some[SL_STREAM_LAYERS_MAX];

    for (size_t i = 0; i < 3; i++)
        some[i] = (struct sl_stream_layer){layers[i], layer_bps[i]};
    fake_stream_layers(some, count);
}

static void begin_layers(struct fake_server *server)
{
    const struct sl_stream_config config = {
        .is_layer = true,
        .ops = &sl_peer_layer_ops,
        .tracks = {
            [SL_VIDEO] = {.present = true, .codec_count = 1, .codecs = {{SL_CODEC_H264, ""}}}}};

    begin(server);
    play_narrow("play");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(sl_stream_create(fake_streams(), &config, &layers[i]), 0);
    bring_layers(3);
}

static void end_layers(void)
{
    bring_layers(0);
    end();
    fake_finish_closing();
    for (size_t i = 0; i < 3; i++)
        sl_stream_release(layers[i]);
}

static struct sl_track *track_of(size_t layer)
{
    return sl_stream_track(layers[layer], SL_VIDEO);
}

static void a_narrow_link_gets_the_size_that_it_takes(void **state)
{
    begin_layers(*state);
    link_takes("play", 0, 1500000, 5);
    assert_null(fake_peer_moved("play"));
    link_takes("play", 600000, 1500000, 1); /* less than half of it: at once */
    assert_ptr_equal(fake_peer_moved("play"), track_of(1));
    assert_int_equal(fake_peer_wanted("play"), 1500000 * 105 / 100);
    link_takes("play", 200000, 500000, 1);
    assert_ptr_equal(fake_peer_moved("play"), track_of(0));
    assert_int_equal(fake_peer_wanted("play"), 500000 * 105 / 100);
    link_takes("play", 0, 150000, 5); /* it takes the next one, and has done so for a while */
    assert_ptr_equal(fake_peer_moved("play"), track_of(1));
    link_takes("play", 0, 500000, 5);
    assert_ptr_equal(fake_peer_moved("play"), published());
    assert_null(fake_variant(SL_CODEC_H264));
    end_layers();
}

static void a_link_that_is_hardly_too_narrow_is_looked_at_twice(void **state)
{
    begin_layers(*state);
    link_takes("play", 1300000, 1500000, 1);
    link_takes("play", 0, 1500000, 1);
    link_takes("play", 1300000, 1500000, 1);
    assert_null(fake_peer_moved("play"));
    link_takes("play", 1300000, 1500000, 1);
    assert_ptr_equal(fake_peer_moved("play"), track_of(1));
    end_layers();
}

static void who_goes_up_too_early_waits_longer(void **state)
{
    int returns = 0;

    begin_layers(*state);
    bring_layers(2);
    for (int i = 0; i < 240; i++) {
        bool smaller = fake_peer_wanted("play") > 0;
        link_takes("play", smaller ? 0 : 200000, 500000, 1);
        returns += smaller && fake_peer_wanted("play") == 0;
    }
    assert_in_range(returns, 4, 7); /* after 4, 8, 16, 32, 64 seconds */
    end_layers();
}

static void a_size_that_stops_is_left(void **state)
{
    begin_layers(*state);
    link_takes("play", 600000, 1500000, 1);
    assert_ptr_equal(fake_peer_moved("play"), track_of(1));
    bring_layers(1);
    link_takes("play", 600000, 500000, 1);
    assert_ptr_equal(fake_peer_moved("play"), published()); /* which is the last that is left */
    bring_layers(0);
    link_takes("play", 0, 0, 5);
    assert_ptr_equal(fake_peer_moved("play"), published());
    end_layers();
}

static void a_link_too_narrow_for_the_smallest_gets_a_variant(void **state)
{
    begin_layers(*state);
    link_takes("play", 100000, 1500000, 1);
    assert_ptr_equal(fake_peer_moved("play"), track_of(0));
    link_takes("play", 100000, 150000, 5);
    struct sl_variant *variant = fake_variant(SL_CODEC_H264);
    assert_non_null(variant);
    assert_ptr_equal(fake_peer_moved("play"), sl_variant_track(variant));
    link_takes("play", 0, 100000, 12);
    assert_ptr_equal(fake_peer_moved("play"), track_of(0));
    assert_int_equal(fake_peer_wanted("play"), 500000 * 105 / 100);
    link_takes("play", 200000, 150000, 12);
    assert_null(fake_variant(SL_CODEC_H264));
    end_layers();
}

static void layers_need_no_variants(void **state)
{
    struct fake_server *server = *state;

    server->config->downlink_variant = false;
    begin_layers(server);
    link_takes("play", 600000, 1500000, 1);
    assert_ptr_equal(fake_peer_moved("play"), track_of(1));
    link_takes("play", 100000, 500000, 20);
    assert_ptr_equal(fake_peer_moved("play"), track_of(0));
    assert_null(fake_variant(SL_CODEC_H264));
    end_layers();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_size_or_a_rate_makes_a_variant),
        TEST(what_is_offered_and_asked_for_as_it_is_is_never_made),
        TEST(the_player_is_told_the_size_it_sees),
        TEST(what_cannot_be_made_is_refused_in_the_words_of_the_sdk),
        TEST(an_end_before_the_source_fails_the_player),
        TEST(a_narrow_link_gets_a_lower_rate_and_all_of_it_when_it_is_wide),
        TEST(who_follows_the_publisher_needs_none),
        TEST(all_narrow_links_of_a_stream_share_one),
        TEST(without_room_pictures_stay_as_published),
        TEST(the_option_forbids_stand_ins),
        TEST(a_link_that_swings_does_not_swing_the_pictures),
        TEST(a_narrow_link_gets_the_size_that_it_takes),
        TEST(a_link_that_is_hardly_too_narrow_is_looked_at_twice),
        TEST(who_goes_up_too_early_waits_longer),
        TEST(a_size_that_stops_is_left),
        TEST(a_link_too_narrow_for_the_smallest_gets_a_variant),
        TEST(layers_need_no_variants),
        TEST(a_running_player_leaves_pictures_that_begin_to_jump),
        TEST(a_running_player_leaves_a_codec_that_it_cannot_take),
        TEST(a_player_whose_codec_has_gone_hears_why_it_cannot_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
