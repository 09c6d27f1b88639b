/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams, events, data, diagnostics and calls, on the wire (websocket-api.md 4-11). */
#include "base/json.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void ended(json_t *object)
{
    json_decref(object);
}

static void publish_live(struct sl_ws *ws, const char *id, const char *name)
{
    say_stream(ws, "publishStream", id, name);
    json_decref(expect(ws, "setRemoteSDP"));
    fake_peer_event(id, SL_PEER_CONNECTED, SL_PEER_OK);
    ended(expect_status(ws, id, "PUBLISHING", ""));
}

static void play_live(struct sl_ws *ws, const char *id, const char *name)
{
    say_stream(ws, "playStream", id, name);
    json_decref(expect(ws, "notifyAudioCodec"));
    json_decref(expect(ws, "setRemoteSDP"));
    fake_peer_event(id, SL_PEER_CONNECTED, SL_PEER_OK);
    fake_peer_event(id, SL_PEER_STARTED, SL_PEER_OK);
    ended(expect_status(ws, id, "PLAYING", ""));
}

/* ---- Publishing and playing ---- */

static void a_publication_on_the_wire(void **state) /* WS-19 to WS-21, WS-24 to WS-28, WS-40 */
{
    static const struct {
        const char *key;
        json_type type;
    } fields[] = {
        {"mediaSessionId", JSON_STRING}, {"name", JSON_STRING},
        {"published", JSON_TRUE},        {"hasVideo", JSON_TRUE},
        {"hasAudio", JSON_TRUE},         {"status", JSON_STRING},
        {"audioCodec", JSON_STRING},     {"videoCodec", JSON_STRING},
        {"record", JSON_FALSE},          {"width", JSON_INTEGER},
        {"height", JSON_INTEGER},        {"bitrate", JSON_INTEGER},
        {"minBitrate", JSON_INTEGER},    {"maxBitrate", JSON_INTEGER},
        {"quality", JSON_INTEGER},       {"createDate", JSON_INTEGER},
        {"streamInfo", JSON_OBJECT},     {"mediaProvider", JSON_STRING},
    };
    static const char *const never[] = {"sdp", "available", "collect", "authorization", "info"};
    struct sl_ws *ws = open_session(*state, 1);

    say_stream(ws, "publishStream", "id", "cam");
    json_t *data = expect(ws, "setRemoteSDP");
    assert_int_equal(json_array_size(data), 3);
    assert_string_equal(json_string_value(json_array_get(data, 0)), "id");
    assert_true(json_is_true(json_array_get(data, 2)));
    const char *sdp = json_string_value(json_array_get(data, 1));
    assert_non_null(strstr(sdp, "a=setup:passive\r\n"));
    assert_non_null(strstr(sdp, "a=recvonly\r\n"));
    assert_non_null(strstr(sdp, " 203.0.113.44 31000 typ host"));
    assert_non_null(strstr(sdp, "a=end-of-candidates\r\n"));
    json_decref(data);
    expect_nothing(ws);

    fake_peer_event("id", SL_PEER_CONNECTED, SL_PEER_OK);
    json_t *object = expect_status(ws, "id", "PUBLISHING", "");
    for (size_t i = 0; i < SL_ARRAY_LEN(fields); i++) {
        json_t *value = json_object_get(object, fields[i].key);
        if (!value || json_typeof(value) != fields[i].type)
            fail_msg("%s", fields[i].key);
    }
    for (size_t i = 0; i < SL_ARRAY_LEN(never); i++)
        assert_null(json_object_get(object, never[i]));
    assert_int_equal(json_object_size(json_object_get(object, "streamInfo")), 8);
    json_int_t created = json_integer_value(json_object_get(object, "createDate"));
    json_decref(object);

    fake_stream_size("cam", 1280, 720);
    expect_nothing(ws); /* 9.2: to players only */
    say(ws, "unPublishStream", "{'mediaSessionId':'id','name':'cam','published':true}");
    object = expect_status(ws, "id", "UNPUBLISHED", "Stopped by publisher stop");
    assert_int_equal(json_integer_value(json_object_get(object, "createDate")), created);
    assert_int_equal(json_integer_value(json_object_get(object, "width")), 1280);
    assert_int_equal(json_integer_value(json_object_get(object, "height")), 720);
    json_decref(object);
    expect_nothing(ws);
    fake_ws_gone(ws);
}

static void a_playback_on_the_wire(void **state) /* WS-42, WS-43, WS-46, WS-47 */
{
    struct wire *wire = *state;
    struct sl_ws *publisher = open_session(wire, 1), *player = open_session(wire, 2);

    publish_live(publisher, "pub", "cam");
    fake_stream_size("cam", 320, 240);
    say_stream(player, "playStream", "play", "cam");
    json_t *data = expect(player, "notifyAudioCodec");
    json_t *expected = json_pack("[s, {s:s}]", "play", "name", "opus");
    assert_true(json_equal(data, expected));
    json_decref(expected);
    json_decref(data);
    data = expect(player, "setRemoteSDP");
    const char *sdp = json_string_value(json_array_get(data, 1));
    assert_non_null(strstr(sdp, "cname:rtp/audio/play")); /* WS-45 */
    assert_non_null(strstr(sdp, "a=sendonly\r\n"));
    json_decref(data);
    fake_peer_event("play", SL_PEER_CONNECTED, SL_PEER_OK);
    fake_peer_event("play", SL_PEER_STARTED, SL_PEER_OK);
    json_t *object = expect_status(player, "play", "PLAYING", "");
    assert_true(json_is_false(json_object_get(object, "published")));
    json_decref(object);
    for (int i = 0; i < 2; i++) {
        expect_exactly(player, "notifyVideoFormat",
                       i == 0 ? "{'streamerVideoWidth':320,'streamerVideoHeight':240,"
                                "'mediaSessionId':'play','status':'RESIZE'}"
                              : "{'streamerVideoWidth':640,'streamerVideoHeight':480,"
                                "'mediaSessionId':'play','status':'RESIZE'}");
        expect_exactly(player, "notifyStreamEvent",
                       i == 0 ? "{'mediaSessionId':'play','type':'resize','payload':"
                                "{'streamerVideoWidth':320,'streamerVideoHeight':240}}"
                              : "{'mediaSessionId':'play','type':'resize','payload':"
                                "{'streamerVideoWidth':640,'streamerVideoHeight':480}}");
        if (i == 0)
            fake_stream_size("cam", 640, 480);
    }
    say(player, "stopStream", "{'mediaSessionId':'play','name':'cam','published':false}");
    ended(expect_status(player, "play", "STOPPED", "Stopped by user"));
    expect_nothing(player);
    expect_nothing(publisher);
    fake_ws_gone(player);
    fake_ws_gone(publisher);
}

static void players_hear_when_the_publishers_socket_dies(void **state) /* WS-50, WS-51, WS-75 */
{
    struct wire *wire = *state;
    struct sl_ws *publisher = open_session(wire, 1), *player = open_session(wire, 2);

    publish_live(publisher, "pub", "cam");
    play_live(player, "play", "cam");
    fake_ws_gone(publisher);
    ended(expect_status(player, "play", "FAILED", "Stopped by publisher stop"));
    publish_live(player, "pub", "cam"); /* name and id are free */
    fake_ws_gone(player);
}

static void failures_of_requests_on_the_wire(void **state) /* 8.3, 13; WS-37, WS-39, WS-49 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1), *other = open_session(wire, 2);

    publish_live(ws, "pub", "cam");
    say_stream(other, "publishStream", "second", "cam");
    json_t *object = expect_status(other, "second", "FAILED", "Stream name is already in use");
    assert_true(json_is_true(json_object_get(object, "published")));
    assert_string_equal(json_string_value(json_object_get(object, "name")), "cam");
    json_decref(object);
    say_stream(other, "playStream", "pub", "cam");
    ended(expect_status(other, "pub", "FAILED", "MediaSessionId is already in use"));
    say_stream(ws, "playStream", "pub", "cam");
    expect_exactly(ws, "fail", "{'info':'MediaSessionId is already in use'}");
    say(ws, "playStream", "{'name':'cam'}");
    expect_exactly(ws, "fail", "{'info':'MediaSessionId is null'}");
    object = expect_status(ws, "", "FAILED", "MediaSessionId is null");
    assert_true(json_is_null(json_object_get(object, "mediaSessionId")));
    json_decref(object);
    say(ws, "playStream", "{'mediaSessionId':'x','name':'cam','mediaProvider':'Flash','sdp':5}");
    ended(expect_status(ws, "x", "FAILED", "Failed by error"));
    say_stream(ws, "playStream", "x", "nobody");
    ended(expect_status(ws, "x", "FAILED", "Stream not found"));
    say(ws, "publishStream", "'nonsense'");
    expect_exactly(ws, "fail", "{'info':'MediaSessionId is null'}");
    json_decref(expect(ws, "notifyStreamStatusEvent"));
    fake_ws_gone(ws);
    fake_ws_gone(other);
}

static void a_hook_refused_stream_gets_fail(void **state) /* WS-65 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1);

    wire->server.hooks.wanted[SL_HOOK_PUBLISH_STREAM] = true;
    wire->server.hooks.answer = (struct sl_hook_answer){.info = "403 Forbidden"};
    say_stream(ws, "publishStream", "id", "cam");
    expect_exactly(ws, "fail",
                   "{'apiMethod':'StreamStatusEvent','id':'id','status':'FAILED',"
                   "'info':'403 Forbidden'}");
    expect_nothing(ws);
    fake_ws_gone(ws);
}

static void a_slow_hook_does_not_hold_up_pong(void **state) /* 12.1 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1);

    wire->server.hooks.wanted[SL_HOOK_PUBLISH_STREAM] = true;
    wire->server.hooks.prompt = false;
    say_stream(ws, "publishStream", "id", "cam");
    say(ws, "ping", "null");
    json_decref(expect(ws, "pong"));
    say(ws, "unPublishStream", "{'mediaSessionId':'id'}"); /* WS-53 */
    ended(expect_status(ws, "id", "UNPUBLISHED", "Stopped by publisher stop"));
    fake_ws_gone(ws);
}

static void unknown_stops_are_answered(void **state) /* 7.3, WS-55 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1), *other = open_session(wire, 2);

    publish_live(other, "pub", "cam");
    say(ws, "unPublishStream", "{'mediaSessionId':'pub','name':'cam'}");
    json_t *object = expect_status(ws, "pub", "UNPUBLISHED", "Stopped by publisher stop");
    assert_string_equal(json_string_value(json_object_get(object, "name")), "cam");
    json_decref(object);
    expect_nothing(other);
    say(ws, "stopStream", "{}");
    ended(expect_status(ws, "", "STOPPED", "Stopped by user"));
    fake_ws_gone(ws);
    fake_ws_gone(other);
}

/* ---- Availability, events, rates ---- */

static void tells_whether_a_name_is_playable(void **state) /* WS-56 */
{
    struct sl_ws *ws = open_session(*state, 1);

    say(ws, "availableStream", "{'mediaSessionId':'q','name':'cam'}");
    expect_exactly(ws, "availableStream", "{'status':'false','info':'Stream not found','id':'q'}");
    say_stream(ws, "publishStream", "pub", "cam");
    json_decref(expect(ws, "setRemoteSDP"));
    say(ws, "availableStream", "{'mediaSessionId':'pub','name':'cam'}");
    expect_exactly(ws, "availableStream",
                   "{'status':'false','info':'Publish stream is not ready','id':'pub'}");
    fake_peer_event("pub", SL_PEER_CONNECTED, SL_PEER_OK);
    ended(expect_status(ws, "pub", "PUBLISHING", ""));
    say(ws, "availableStream", "{'mediaSessionId':'q','name':'cam'}");
    expect_exactly(ws, "availableStream", "{'status':'true','id':'q'}");
    fake_ws_gone(ws);
}

static void stream_events_reach_each_player_as_they_were_sent(void **state) /* WS-59 to WS-61, C7 */
{
    struct wire *wire = *state;
    struct sl_ws *publisher = open_session(wire, 1), *player = open_session(wire, 2);

    publish_live(publisher, "pub", "cam");
    play_live(player, "play", "cam");
    say(publisher, "sendStreamEvent", "{'mediaSessionId':'pub','type':'audioMuted'}");
    expect_exactly(player, "notifyStreamEvent", "{'mediaSessionId':'play','type':'audioMuted'}");
    say(publisher, "sendStreamEvent",
        "{'mediaSessionId':'pub','type':'data','payload':{'a':[1,null]}}");
    expect_exactly(player, "notifyStreamEvent",
                   "{'mediaSessionId':'play','type':'data','payload':{'a':[1,null]}}");
    say(publisher, "sendStreamEvent", "{'mediaSessionId':'pub','type':'data','info':'old'}");
    expect_exactly(player, "notifyStreamEvent",
                   "{'mediaSessionId':'play','type':'data','info':'old'}");
    expect_nothing(publisher);
    /* Not a publication of this session: nothing (13). */
    say(player, "sendStreamEvent", "{'mediaSessionId':'pub','type':'data'}");
    say(player, "sendStreamEvent", "{'mediaSessionId':'play','type':'data'}");
    say(publisher, "sendStreamEvent", "{'mediaSessionId':'nobody','type':'data'}");
    say(publisher, "sendStreamEvent", "{'mediaSessionId':'pub'}");
    expect_nothing(player);

    say_stream(player, "playStream", "late", "cam");
    json_decref(expect(player, "notifyAudioCodec"));
    json_decref(expect(player, "setRemoteSDP"));
    fake_peer_event("late", SL_PEER_STARTED, SL_PEER_OK);
    json_t *object = expect_status(player, "late", "PLAYING", "");
    assert_true(json_is_true(json_object_get(json_object_get(object, "audioState"), "muted")));
    assert_true(json_is_false(json_object_get(json_object_get(object, "videoState"), "muted")));
    json_decref(object);
    fake_ws_gone(player);
    fake_ws_gone(publisher);
}

static void say_event(struct sl_ws *ws, const char *fields)
{
    size_t room = strlen(fields) + 128;
    char *text = sl_alloc(room);

    (void)snprintf(text, room,
                   "{\"message\":\"sendStreamEvent\",\"data\":[{\"mediaSessionId\":\"pub\",%s}]}",
                   fields);
    fake_ws_receive(ws, text);
    free(text);
}

/* Whatever JSON it is, and in whatever spelling: 9.4 calls it "any JSON". */
static void payloads_reach_players_as_the_text_they_were(void **state)
{
    static const char *const payloads[] = {
        "\"\\u0000\"",
        "{\"\\u0000\":[\"a\\u0000b\"]}",
        "1e400",
        "[0.1,1.0,-0,12345678901234567890,1E+2,1e-999]",
        "\"\\ud83d\"",
        "\"\\u00e9\\/\"",
        "{\"b\":1,\"a\":2,\"b\":3}",
        "{ \"a\" : [ ] }",
        "null",
        "\"\"",
        "\"\xc3\xa9\xf0\x9f\x98\x80\"",
    };
    struct wire *wire = *state;
    struct sl_ws *publisher = open_session(wire, 1), *player = open_session(wire, 2);
    char fields[256], expected[256];

    publish_live(publisher, "pub", "cam");
    play_live(player, "play", "cam");
    wire->server.hooks.wanted[SL_HOOK_STREAM_EVENT] = true;
    for (size_t i = 0; i < 2 * SL_ARRAY_LEN(payloads); i++) {
        const char *payload = payloads[i / 2], *name = i % 2 == 0 ? "payload" : "info";
        (void)snprintf(fields, sizeof(fields), "\"type\":\"data\",\"%s\":%s", name, payload);
        say_event(publisher, fields);
        (void)snprintf(expected, sizeof(expected),
                       "{\"message\":\"notifyStreamEvent\",\"data\":[{\"mediaSessionId\":\"play\","
                       "\"type\":\"data\",\"%s\":%s}]}",
                       name, payload);
        json_decref(expect(player, "notifyStreamEvent"));
        assert_string_equal(fake_ws_last_text(player), expected);
        char *told =
            sl_json_dump(fake_hooks_told(&wire->server.hooks, SL_HOOK_STREAM_EVENT, i), NULL);
        (void)snprintf(expected, sizeof(expected), "\"%s\":%s,", name, payload);
        if (!strstr(told, expected))
            fail_msg("%s: the back end was told %s", payload, told);
        free(told);
    }
    expect_nothing(publisher);
    fake_ws_gone(player);
    fake_ws_gone(publisher);
}

static uint64_t refused(const struct wire *wire, enum sl_counter counter)
{
    return atomic_load(&wire->server.counters->values[counter]);
}

static void events_that_cannot_be_passed_on_are_told_and_counted(void **state)
{
    struct wire *wire = *state;
    struct sl_ws *publisher = open_session(wire, 1), *player = open_session(wire, 2);
    char *large = sl_alloc(65700), type[200] = "";
    size_t len = (size_t)sprintf(large, "\"type\":\"data\",\"payload\":\"");

    publish_live(publisher, "pub", "cam");
    play_live(player, "play", "cam");
    memset(large + len, 'x', 65535);
    large[len + 65534] = '"'; /* with its quotation marks 65536 bytes */
    large[len + 65535] = '\0';
    say_event(publisher, large);
    assert_int_equal(fake_run_jobs(), 1);
    json_decref(expect(player, "notifyStreamEvent"));
    large[len + 65534] = 'x';
    large[len + 65535] = '"'; /* one more */
    say_event(publisher, large);
    assert_int_equal(fake_run_jobs(), 1);
    expect_exactly(publisher, "fail", "{'info':'Stream event is too large'}");
    memset(type, 'x', sizeof(type) - 1);
    (void)snprintf(large, 300, "\"type\":\"%s\"", type);
    say_event(publisher, large);
    expect_exactly(publisher, "fail", "{'info':'Stream event is too large'}");
    assert_int_equal(refused(wire, SL_COUNTER_WS_REFUSED_SIZE), 2);
    /* Fields that are read here. */
    say_event(publisher, "\"type\":\"da\\u0000ta\"");
    expect_exactly(publisher, "fail", "{'info':'Bad request'}");
    say_event(publisher, "\"type\":\"data\",\"payload\":{}}");
    expect_exactly(publisher, "fail", "{'info':'Bad request'}");
    assert_int_equal(refused(wire, SL_COUNTER_WS_REFUSED_MALFORMED), 2);
    say_event(publisher, "\"payload\":1");
    json_decref(expect(publisher, "fail"));
    expect_nothing(player);
    free(large);
    fake_ws_gone(player);
    fake_ws_gone(publisher);
}

static void rates_have_the_fields_of_the_seed(void **state) /* WS-57, WS-58 */
{
    struct wire *wire = *state;
    struct sl_ws *publisher = open_session(wire, 1), *player = open_session(wire, 2);

    wire->server.config->inbound_video_rate_stat_send_interval = 1;
    wire->server.config->outbound_video_rate_stat_send_interval = 1;
    publish_live(publisher, "pub", "cam");
    play_live(player, "play", "cam");
    fake_advance_ms(1000);
    const char *ids[] = {"pub", "play"};
    for (int i = 0; i < 2; i++) {
        struct sl_flow_stats *stats = fake_peer_stats(ids[i]);
        stats->video_bytes = 250000;
        stats->video_packets = 10;
        stats->video_frames = 25;
        stats->nack = 1;
        stats->pli = 2;
        stats->lost = 3;
    }
    fake_advance_ms(1000);
    expect_exactly(publisher, "inboundVideoRate",
                   "{'mediaSessionId':'pub','videoRate':2000000,'fps':25,'nack':1,'pli':2,"
                   "'lostPackets':3,'width':0,'height':0}");
    expect_exactly(player, "outboundVideoRate",
                   "{'mediaSessionId':'play','videoRate':2000000,'fps':25,'nack':1,'pli':2,"
                   "'lostPackets':3,'width':0,'height':0}");
    fake_ws_gone(player);
    fake_ws_gone(publisher);
}

/* A socket with a stream `cam`; fields say who connects. */
static struct sl_ws *open_publisher(struct wire *wire, const char *fields)
{
    struct sl_ws *ws = open_socket(wire, 1);

    say(ws, "connection", fields);
    json_decref(expect(ws, "getUserData"));
    json_decref(expect(ws, "getVersion"));
    publish_live(ws, "pub", "cam");
    return ws;
}

static void a_snapshot_or_why_there_is_none(void **state) /* 9.5 */
{
    struct sl_ws *ws = open_publisher(*state, "{'appKey':'defaultApp','clientVersion':'2.0.276'}");
    size_t queue_max = (size_t)((struct wire *)*state)->server.config->ws_queue_max;

    say(ws, "snapshot", "{'mediaSessionId':'s','name':'nobody'}");
    expect_exactly(ws, "notifyStreamEvent",
                   "{'mediaSessionId':'s','type':'snapshotFailed','payload':"
                   "{'info':'Stream not found'}}");
    say(ws, "snapshot", "{'mediaSessionId':'s','name':'cam'}");
    expect_nothing(ws);
    /* Its text is half of what may wait. */
    assert_int_equal(fake_snapshot_answer(0), queue_max / 2 / 4 * 3);
    expect_exactly(ws, "notifyStreamEvent",
                   "{'mediaSessionId':'s','type':'snapshotCompleted','payload':"
                   "{'snapshot':'iVBORw=='}}");
    expect_nothing(ws);
    fake_advance_ms(1000);
    say(ws, "snapshot", "{'name':'cam'}");
    (void)fake_snapshot_answer(-ETIMEDOUT);
    expect_exactly(ws, "notifyStreamEvent",
                   "{'mediaSessionId':null,'type':'snapshotFailed','payload':"
                   "{'info':'Failed by error'}}");
    fake_ws_gone(ws);
}

static void a_snapshot_drops_no_slow_client(void **state)
{
    struct sl_ws *ws = open_publisher(*state, "{'appKey':'defaultApp'}");

    say(ws, "snapshot", "{'mediaSessionId':'s','name':'cam'}");
    fake_ws_set_queued(ws, (size_t)((struct wire *)*state)->server.config->ws_queue_max - 100);
    (void)fake_snapshot_answer(0);
    expect_exactly(ws, "notifyStreamEvent",
                   "{'mediaSessionId':'s','type':'snapshotFailed','payload':"
                   "{'info':'Too many requests'}}");
    fake_ws_gone(ws);
}

static void an_old_client_hears_of_a_snapshot_by_a_status_too(void **state)
{
    struct sl_ws *ws = open_publisher(*state, "{'appKey':'defaultApp','clientVersion':'0.5.28'}");
    size_t queue_max = (size_t)((struct wire *)*state)->server.config->ws_queue_max;

    say(ws, "snapshot", "{'mediaSessionId':'s','name':'cam'}");
    assert_int_equal(fake_snapshot_answer(0), queue_max / 4 / 4 * 3);
    json_decref(expect(ws, "notifyStreamEvent"));
    expect_exactly(ws, "notifyStreamStatusEvent",
                   "{'mediaSessionId':'s','name':'cam','status':'SNAPSHOT_COMPLETE',"
                   "'info':'iVBORw=='}");
    fake_ws_gone(ws);
}

/* ---- Data and diagnostics ---- */

static void data_gets_one_status(void **state) /* WS-62 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 1);

    say(ws, "sendData", "{'operationId':'op','payload':{'a':1}}");
    expect_exactly(ws, "DataStatusEvent", "{'operationId':'op','status':'ACCEPTED'}");
    wire->server.hooks.wanted[SL_HOOK_ON_DATA_EVENT] = true;
    wire->server.hooks.answer = (struct sl_hook_answer){.info = "no"};
    say(ws, "sendData", "{'operationId':'op','payload':5}");
    expect_exactly(ws, "DataStatusEvent", "{'operationId':'op','status':'FAILED','info':'no'}");
    wire->server.hooks.wanted[SL_HOOK_ON_DATA_EVENT] = false;
    for (size_t over = 0; over < 2; over++) {
        static char text[65700];
        int len = snprintf(text, sizeof(text), "{'operationId':'op','payload':'%0*d'}",
                           (int)(65534 + over), 0);
        assert_in_range(len, 65536, sizeof(text) - 1);
        say(ws, "sendData", text);
        assert_int_equal(fake_run_jobs(), 1);
        expect_exactly(ws, "DataStatusEvent",
                       over ? "{'operationId':'op','status':'FAILED','info':'Data is too large'}"
                            : "{'operationId':'op','status':'ACCEPTED'}");
    }
    say(ws, "sendData", "{'payload':5}");
    json_decref(expect(ws, "fail"));
    fake_ws_gone(ws);
}

static void data_for_the_client_arrives(void **state) /* WS-63 */
{
    struct wire *wire = *state;
    struct sl_ws *ws = open_session(wire, 50066);
    struct sl_session *session =
        sl_sessions_find(wire->server.sessions, "/198.51.100.23:50066/203.0.113.44:8443");
    json_t *payload = json_pack("{s:[i]}", "a", 1);

    assert_non_null(session);
    sl_session_send_data(session, "op", payload);
    expect_exactly(ws, "OnDataEvent", "{'operationId':'op','payload':{'a':[1]}}");
    json_decref(payload);
    fake_ws_gone(ws);
}

static void diagnostics_never_disturb_the_session(void **state) /* WS-67 */
{
    struct sl_ws *ws = open_session(*state, 1);

    for (int i = 0; i < 2000; i++)
        say(ws, "pushLogs", "{'logs':'line\\n'}");
    say(ws, "pushLogs", "{'logs':5}");
    expect_nothing(ws);
    say(ws, "sessionDebug", "{'command':'start'}");
    expect_exactly(ws, "notifySessionDebugEvent", "{'status':'STARTED'}");
    say(ws, "sessionDebug", "{'command':'stop'}");
    expect_exactly(ws, "notifySessionDebugEvent", "{'status':'STOPPED'}");
    say(ws, "sessionDebug", "{}");
    expect_nothing(ws);
    fake_advance_ms(2000);
    json_decref(fake_ws_next(ws)); /* none yet: pings come every 5 s */
    say(ws, "submitBugReport", "{'text':'it broke\\u001b[31m','type':'no_media'}");
    json_t *data = expect(ws, "notifyBugReport");
    assert_true(json_is_string(json_array_get(data, 0)));
    json_decref(data);
    fake_ws_gone(ws);
}

/* ---- Calls ---- */

static void calls_end_at_once(void **state) /* 11.2, 13; WS-71 */
{
    static const char *const controls[] = {"answer",   "hangup",   "hold",    "unhold",
                                           "transfer", "sendDtmf", "sendDTMF"};
    struct sl_ws *ws = open_session(*state, 1);

    say(ws, "call", "{'callId':'c','callee':'200','caller':'100','hasVideo':false}");
    json_t *data = expect(ws, "finish");
    json_t *object = json_array_get(data, 0);
    assert_string_equal(json_string_value(json_object_get(object, "callId")), "c");
    assert_string_equal(json_string_value(json_object_get(object, "status")), "FAILED");
    assert_string_equal(json_string_value(json_object_get(object, "info")),
                        "Failed by session creation");
    json_decref(data);
    for (size_t i = 0; i < SL_ARRAY_LEN(controls); i++) {
        say(ws, controls[i], "{'callId':'c'}");
        expect_exactly(ws, "finish", "{'callId':'c','status':'FINISH'}");
    }
    fake_ws_gone(ws);
}

static void the_application_may_hide_fields_from_its_clients(void **state) /* HOOK-18 */
{
    struct wire *wire = *state;
    json_t *fields = json_pack("{s:{}}", "restClientConfig");

    wire->server.hooks.wanted[SL_HOOK_CONNECT] = true;
    wire->server.hooks.answer = (struct sl_hook_answer){.allowed = true, .fields = fields};
    struct sl_ws *ws = open_session(wire, 1);
    say_stream(ws, "publishStream", "id", "cam");
    json_decref(expect(ws, "setRemoteSDP"));
    fake_peer_event("id", SL_PEER_CONNECTED, SL_PEER_OK);
    json_t *object = expect_status(ws, "id", "PUBLISHING", "");
    assert_null(json_object_get(object, "codecImpl")); /* what the fake hides */
    assert_non_null(json_object_get(object, "transport"));
    json_decref(object);
    json_decref(fields);
    fake_ws_gone(ws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_publication_on_the_wire),
        TEST(a_playback_on_the_wire),
        TEST(players_hear_when_the_publishers_socket_dies),
        TEST(failures_of_requests_on_the_wire),
        TEST(a_hook_refused_stream_gets_fail),
        TEST(a_slow_hook_does_not_hold_up_pong),
        TEST(unknown_stops_are_answered),
        TEST(tells_whether_a_name_is_playable),
        TEST(stream_events_reach_each_player_as_they_were_sent),
        TEST(payloads_reach_players_as_the_text_they_were),
        TEST(events_that_cannot_be_passed_on_are_told_and_counted),
        TEST(rates_have_the_fields_of_the_seed),
        TEST(a_snapshot_or_why_there_is_none),
        TEST(a_snapshot_drops_no_slow_client),
        TEST(an_old_client_hears_of_a_snapshot_by_a_status_too),
        TEST(data_gets_one_status),
        TEST(data_for_the_client_arrives),
        TEST(diagnostics_never_disturb_the_session),
        TEST(calls_end_at_once),
        TEST(the_application_may_hide_fields_from_its_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
