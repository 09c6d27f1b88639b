/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Players of one stream see another in its place (REST-53): who does, when it ends, and what is
 * refused. */
#include "client.h"

#include <errno.h>

static struct client publisher, other, player;

static void begin(struct fake_server *server)
{
    connect_client(server, &publisher, 1);
    connect_client(server, &other, 2);
    connect_client(server, &player, 3);
    publish_live(&publisher, "pub", "own");
    publish_live(&other, "adpub", "ad");
    fake_variants_refuse(0);
}

static void end(void)
{
    fake_variants_refuse(0);
    sl_session_destroy(player.session);
    sl_session_destroy(other.session);
    sl_session_destroy(publisher.session);
}

static int inject(struct fake_server *server, const char *target, const char *source)
{
    return sl_sessions_inject(server->sessions, target, source);
}

static void assert_sees(const char *id, const char *stream)
{
    assert_ptr_equal(fake_peer_moved(id), sl_stream_track(sl_streams_find(NULL, stream), SL_VIDEO));
}

static void those_who_are_there_and_those_who_come_see_it(void **state)
{
    struct fake_server *server = *state;

    begin(server);
    play_live(&player, "play", "own");
    assert_null(fake_peer_moved("play"));
    assert_int_equal(inject(server, "own", "ad"), 0);
    assert_sees("play", "ad");
    play_live(&player, "late", "own");
    assert_sees("late", "ad");
    play_live(&player, "its", "ad"); /* its own players see it as ever */
    assert_null(fake_peer_moved("its"));
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), 0);
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), -ENOENT);
    assert_sees("play", "own");
    assert_sees("late", "own");
    end();
}

static void refuses_what_cannot_be_shown(void **state)
{
    struct fake_server *server = *state;

    begin(server);
    assert_int_equal(inject(server, "own", "nobody"), -ENOENT);
    assert_int_equal(inject(server, "nobody", "ad"), -ENOENT);
    assert_int_equal(inject(server, "own", "own"), -ELOOP);
    fake_stream_codec("ad", SL_CODEC_AV1);
    assert_int_equal(inject(server, "own", "ad"), -EINVAL);
    fake_stream_codec("ad", sl_stream_codec(sl_streams_find(NULL, "own"), SL_VIDEO));
    assert_int_equal(inject(server, "own", "ad"), 0);
    assert_int_equal(inject(server, "own", "ad"), -EEXIST);
    assert_int_equal(inject(server, "ad", "own"), -ELOOP);
    end();
}

static void neither_may_be_a_telephones(void **state)
{
    struct fake_server *server = *state;
    struct sl_session *session;

    begin(server);
    session = publisher.session;
    server->provider.provider.is_telephone = true;
    sl_session_request_media(session, &(struct sl_media_request){.publish = true,
                                                                 .media_session_id = "call",
                                                                 .name = "telephone",
                                                                 .offer = "any words",
                                                                 .media_provider = "Fake"});
    fake_settle();
    fake_provider_tells(&server->provider, SL_MEDIUM_CONNECTED, SL_REASON_NONE);
    fake_settle();
    assert_non_null(sl_streams_find(NULL, "telephone"));
    assert_int_equal(inject(server, "telephone", "ad"), -EINVAL);
    assert_int_equal(inject(server, "own", "telephone"), -EINVAL);
    server->provider.provider.is_telephone = false;
    end();
}

static void the_end_of_either_is_the_end_of_it(void **state)
{
    struct fake_server *server = *state;

    begin(server);
    play_live(&player, "play", "own");
    assert_int_equal(inject(server, "own", "ad"), 0);
    stop(&other, "adpub", true);
    assert_sees("play", "own");
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), -ENOENT);
    publish_live(&other, "again", "ad");
    assert_int_equal(inject(server, "own", "ad"), 0);
    stop(&publisher, "pub", true);
    assert_heard(&player, "FAILED play Stopped by publisher stop\n");
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), -ENOENT);
    end();
}

static void a_source_in_another_codec_ends_it(void **state)
{
    struct fake_server *server = *state;

    begin(server);
    play_live(&player, "play", "own");
    assert_int_equal(inject(server, "own", "ad"), 0);
    fake_stream_codec("ad", SL_CODEC_AV1);
    assert_sees("play", "own");
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), -ENOENT);
    assert_heard(&player, "");
    end();
}

/* Nobody sees the target, so nobody fails of what it sends, before they see it again. */
static void the_target_may_change_its_codec_behind_it(void **state)
{
    struct fake_server *server = *state;

    begin(server);
    enum sl_codec before = sl_stream_codec(sl_streams_find(NULL, "own"), SL_VIDEO);
    play_live(&player, "play", "own");
    assert_int_equal(inject(server, "own", "ad"), 0);
    fake_variants_refuse(-EBUSY);
    fake_stream_codec("own", SL_CODEC_AV1);
    assert_heard(&player, "");
    assert_sees("play", "ad");
    fake_stream_codec("own", before); /* it was an episode */
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), 0);
    assert_sees("play", "own");
    assert_heard(&player, "");

    assert_int_equal(inject(server, "own", "ad"), 0);
    fake_stream_codec("own", SL_CODEC_AV1);
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), 0);
    assert_heard(&player, "FAILED play No available transcoders\n");

    fake_variants_refuse(0);
    fake_stream_codec("own", before);
    play_live(&player, "third", "own");
    assert_int_equal(inject(server, "own", "ad"), 0);
    fake_stream_codec("own", SL_CODEC_AV1);
    assert_null(fake_variant(SL_CODEC_H264)); /* nothing is made that nobody sees */
    assert_int_equal(sl_sessions_inject_no_more(server->sessions, "own"), 0);
    struct sl_variant *variant = fake_variant(SL_CODEC_H264);
    assert_non_null(variant);
    assert_ptr_equal(fake_peer_moved("third"), sl_variant_track(variant));
    assert_heard(&player, "");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_who_are_there_and_those_who_come_see_it),
        TEST(refuses_what_cannot_be_shown),
        TEST(neither_may_be_a_telephones),
        TEST(the_end_of_either_is_the_end_of_it),
        TEST(a_source_in_another_codec_ends_it),
        TEST(the_target_may_change_its_codec_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
