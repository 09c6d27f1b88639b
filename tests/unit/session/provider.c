/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions whose media are not WebRTC. */
#include "base/metrics.h"
#include "client.h"
#include "fake_provider.h"

#include <string.h>

static struct fake_provider *fake_of(struct fake_server *server)
{
    return &server->provider;
}

static void ask(struct client *client, bool publish, const char *id, const char *name)
{
    sl_session_request_media(client->session, &(struct sl_media_request){.publish = publish,
                                                                         .media_session_id = id,
                                                                         .name = name,
                                                                         .offer = "any words",
                                                                         .media_provider = "Fake"});
}

static void the_client_names_who_sets_up_its_media(void **state)
{
    struct fake_provider *fake = fake_of(*state);
    struct client client;

    connect_client(*state, &client, 1);
    fake->answer = "yes";
    ask(&client, true, "pub", "cam");
    assert_string_equal(fake->offer, "any words");
    assert_heard(&client, "sdp pub 1 yes\n");
    assert_int_equal(fake->started, 1);
    assert_null(fake_peer("pub"));
    fake_provider_tells(fake, SL_MEDIUM_CONNECTED, SL_REASON_NONE);
    assert_heard(&client, "PUBLISHING pub \n");

    fake->answer = NULL; /* not every one has something to say */
    ask(&client, false, "play", "cam");
    assert_heard(&client, "");
    fake_provider_tells(fake, SL_MEDIUM_FLOWS, SL_REASON_NONE);
    assert_heard(&client, "PLAYING play \n");
    json_t *described = sl_media_session_describe(
        sl_sessions_find_media(((struct fake_server *)*state)->sessions, "play"));
    assert_string_equal(json_string_value(json_object_get(described, "mediaProvider")), "Fake");
    assert_string_equal(json_string_value(json_object_get(described, "videoCodec")), "H264");
    assert_string_equal(json_string_value(json_object_get(described, "transport")), "TCP");
    assert_true(json_is_null(json_object_get(described, "audioCodec")));
    json_decref(described);
    publish(&client, "browser", "other"); /* of no name: the first, which is WebRTC */
    assert_non_null(fake_peer("browser"));
    sl_session_destroy(client.session);
    assert_int_equal(fake->closed, 2);
}

/* The source may have heard of it sooner, and send as little as the link takes. */
static void a_narrow_link_is_told_though_less_is_sent_at_once(void **state)
{
    struct fake_provider *fake = fake_of(*state);
    struct client client;

    connect_client(*state, &client, 1);
    ask(&client, true, "pub", "cam");
    fake_provider_tells(fake, SL_MEDIUM_CONNECTED, SL_REASON_NONE);
    ask(&client, false, "play", "cam");
    fake_provider_tells(fake, SL_MEDIUM_FLOWS, SL_REASON_NONE);
    assert_heard(&client, "PUBLISHING pub \nPLAYING play \n");
    fake->figures = (struct sl_medium_figures){.offered_bps = 2200000};
    fake_advance_ms(1000);
    fake->figures = (struct sl_medium_figures){.offered_bps = 800000, .limit_bps = 900000};
    fake_advance_ms(2000);
    assert_heard(&client, "");
    fake_advance_ms(1000);
    assert_heard(&client, "event play notEnoughBandwidth payload\n");
    fake_advance_ms(10000); /* once */
    assert_heard(&client, "");
    sl_session_destroy(client.session);
}

static void what_a_medium_reports_ends_its_session_in_its_words(void **state)
{
    static const struct {
        enum sl_reason reason;
        const char *heard;
    } cases[] = {
        {SL_REASON_UNCONNECTED, "FAILED id Failed by ICE timeout\n"},
        {SL_REASON_SILENT, "FAILED id Failed by RTP activity\n"},
        {SL_REASON_ERROR, "FAILED id Failed by error\n"},
    };
    struct fake_provider *fake = fake_of(*state);
    struct client client;

    connect_client(*state, &client, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        ask(&client, true, "id", "cam");
        fake_provider_tells(fake, SL_MEDIUM_FAILED, cases[i].reason);
        assert_heard(&client, cases[i].heard);
    }
    sl_session_destroy(client.session);
}

static void what_a_provider_cannot_take_is_refused_and_the_name_is_free(void **state)
{
    struct fake_provider *fake = fake_of(*state);
    struct client client;

    connect_client(*state, &client, 1);
    fake->refusal = SL_REASON_NO_CODECS;
    ask(&client, true, "id", "cam");
    assert_heard(&client, "FAILED id No common codecs\n");
    assert_int_equal(fake->closed, 0); /* nothing had been made */
    fake->refusal = SL_REASON_NONE;
    ask(&client, true, "id", "cam");
    fake_provider_tells(fake, SL_MEDIUM_FLOWS, SL_REASON_NONE);
    assert_heard(&client, "PUBLISHING id \n");
    sl_session_destroy(client.session);
}

static void the_server_stops_when_the_last_medium_has_let_go(void **state)
{
    struct fake_server *server = *state;
    struct client client;
    struct sl_sessions_stats stats;

    connect_client(server, &client, 1);
    ask(&client, true, "id", "cam");
    sl_session_destroy(client.session);
    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(stats.closing, 1);
    assert_int_equal(fake_provider_finish(), 1);
    sl_sessions_stats(server->sessions, &stats);
    assert_int_equal(stats.closing, 0);
}

static void figures_are_the_mediums_own(void **state)
{
    struct fake_server *server = *state;
    struct sl_stream_figures figures;
    struct client client;

    connect_client(server, &client, 1);
    ask(&client, true, "id", "cam");
    fake_provider_tells(fake_of(server), SL_MEDIUM_FLOWS, SL_REASON_NONE);
    fake_of(server)->figures = (struct sl_medium_figures){
        .audio_bps = 1, .video_bps = 20, .video_fps = 25, .lost = 3, .video_flows = true};
    fake_advance_ms(1000);
    sl_stream_figures(sl_streams_find_id(fake_streams(), "id"), &figures);
    assert_int_equal(figures.audio_bps, 1);
    assert_int_equal(figures.video_bps, 20);
    assert_int_equal(figures.video_fps, 25);
    assert_int_equal(figures.lost, 3);
    sl_session_destroy(client.session);
}

static void every_reason_has_words(void **state)
{
    (void)state;
    for (enum sl_reason reason = SL_REASON_ERROR; reason < (enum sl_reason)SL_REASONS; reason++) {
        const char *words = sl_signalling_words(reason);
        if (!words || !words[0])
            fail_msg("reason %d has none", reason);
    }
    assert_string_equal(sl_signalling_words(SL_REASON_NONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_client_names_who_sets_up_its_media),
        TEST(a_narrow_link_is_told_though_less_is_sent_at_once),
        TEST(what_a_medium_reports_ends_its_session_in_its_words),
        TEST(what_a_provider_cannot_take_is_refused_and_the_name_is_free),
        TEST(the_server_stops_when_the_last_medium_has_let_go),
        TEST(figures_are_the_mediums_own),
        cmocka_unit_test(every_reason_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
