/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that write down what they hear. */
#include "client.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "rooms/rooms.h"

#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void hear(void *arg, const char *format, ...)
{
    struct client *client = arg;
    size_t len = strlen(client->heard);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(client->heard + len, sizeof(client->heard) - len, format, args);
    va_end(args);
}

static const char *words_of(const struct sl_why *why)
{
    return why->words ? why->words : sl_signalling_words(why->reason);
}

static void on_established(void *client, struct sl_session *session)
{
    (void)session;
    hear(client, "established\n");
}

static void on_refused(void *client, const struct sl_why *why)
{
    hear(client, "refused %s\n", words_of(why));
}

static void on_audio_codec(void *client, const char *id, enum sl_codec codec)
{
    hear(client, "codec %s %s\n", id, sl_codec_name(codec));
}

static void on_description(void *client, const char *id, const char *sdp, bool is_answer)
{
    struct client *c = client;
    const char *bound = strstr(sdp, "\r\nb=AS:");

    c->named_kbps = bound ? (unsigned)strtoul(bound + strlen("\r\nb=AS:"), NULL, 10) : 0;
    hear(client, "sdp %s %d %.3s\n", id, is_answer, sdp);
}

static void on_stream_status(void *client, const struct sl_media_session *media)
{
    hear(client, "%s %s %s\n", sl_media_state_name(sl_media_session_state(media)),
         sl_media_session_id(media), sl_media_session_info(media));
}

static void on_stream_refused(void *client, const struct sl_media_session *media)
{
    hear(client, "refused %s %s\n", sl_media_session_id(media), sl_media_session_info(media));
}

static void on_video_size(void *client, const struct sl_media_session *media, uint16_t width,
                          uint16_t height)
{
    hear(client, "size %s %ux%u\n", sl_media_session_id(media), width, height);
}

static void on_stream_event(void *client, const struct sl_media_session *media, const char *type,
                            json_t *info, json_t *payload)
{
    hear(client, "event %s %s%s%s\n", sl_media_session_id(media), type, info ? " info" : "",
         payload ? " payload" : "");
}

static void on_rate(void *client, const struct sl_media_session *media,
                    const struct sl_video_rate *rate)
{
    hear(client, "rate %s %llu bps %llu fps %llu nack\n", sl_media_session_id(media),
         (unsigned long long)rate->rate_bps, (unsigned long long)rate->fps,
         (unsigned long long)rate->nack);
}

static void on_available(void *client, const char *media_session_id, enum sl_reason problem)
{
    hear(client, "available %s %s\n", media_session_id,
         problem ? sl_signalling_words(problem) : "yes");
}

static void on_picture(void *client, const struct sl_stream_picture *picture)
{
    if (picture->why.reason)
        hear(client, "no picture %s %s\n", picture->media_session_id, words_of(&picture->why));
    else
        hear(client, "picture %s %s %zu bytes\n", picture->media_session_id, picture->name,
             picture->len);
}

static void on_data_status(void *client, json_t *operation_id, const struct sl_why *why)
{
    hear(client, "data %s %s\n", json_string_value(operation_id),
         why->reason ? words_of(why) : "accepted");
}

static void on_data(void *client, const char *operation_id, json_t *payload)
{
    (void)payload;
    hear(client, "incoming data %s\n", operation_id);
}

static void hear_other(void *client, const char *login, const char *stream)
{
    hear(client, " %s%s%s", login, stream ? ":" : "", stream ? stream : "");
}

static void on_room_event(void *client, const struct sl_room_event *event)
{
    static const char *const words[] = {"state",       "joined", "left",   "published",
                                        "unpublished", "failed", "message"};

    hear(client, "%s %s%s%s%s%s%s%s", event->to->room->name, words[event->type],
         event->login ? " " : "", event->login ? event->login : "", event->stream ? " " : "",
         event->stream ? event->stream : "", event->text ? " " : "",
         event->text ? event->text : "");
    if (event->type == SL_ROOM_STATE)
        sl_room_member_each_other(event->to, hear_other, client);
    hear(client, "\n");
}

static bool is_lost(void *client)
{
    const struct client *c = client;

    return c->is_lost;
}

static void on_error(void *client, const struct sl_why *why)
{
    hear(client, "error %s\n", words_of(why));
}

static void on_close(void *client, enum sl_reason reason)
{
    hear(client, "close %s\n", sl_signalling_words(reason));
}

static const struct sl_session_ops ops = {
    .on_established = on_established,
    .on_refused = on_refused,
    .on_audio_codec = on_audio_codec,
    .on_description = on_description,
    .on_stream_status = on_stream_status,
    .on_stream_refused = on_stream_refused,
    .on_video_size = on_video_size,
    .on_stream_event = on_stream_event,
    .on_rate = on_rate,
    .on_available = on_available,
    .on_picture = on_picture,
    .on_data_status = on_data_status,
    .on_data = on_data,
    .on_room_event = on_room_event,
    .is_lost = is_lost,
    .on_error = on_error,
    .close = on_close,
};

void begin_connect(struct fake_server *server, struct client *client, uint16_t port, json_t *fields)
{
    struct sl_session_config config = {
        .ops = &ops, .client = client, .origin = "https://a.b", .id_of_addresses = true};

    client->heard[0] = '\0';
    (void)sl_addr_parse_ip("198.51.100.23", port, &config.remote);
    (void)sl_addr_parse_ip("2001:db8::1", 8443, &config.local);
    client->session = sl_session_create(server->sessions, &config);
    sl_session_connect(client->session, fields);
    json_decref(fields);
}

void connect_as(struct fake_server *server, struct client *client, uint16_t port, json_t *fields)
{
    begin_connect(server, client, port, fields);
    fake_settle();
}

void connect_client(struct fake_server *server, struct client *client, uint16_t port)
{
    connect_as(server, client, port, json_pack("{s:s}", "appKey", "defaultApp"));
    assert_heard(client, "established\n");
}

void publish(struct client *client, const char *id, const char *name)
{
    sl_session_request_media(client->session,
                             &(struct sl_media_request){.publish = true,
                                                        .media_session_id = id,
                                                        .name = name,
                                                        .offer = fake_offer(true, true, true)});
    fake_settle();
}

void play(struct client *client, const char *id, const char *name)
{
    sl_session_request_media(client->session,
                             &(struct sl_media_request){.media_session_id = id,
                                                        .name = name,
                                                        .offer = fake_offer(false, true, true)});
    fake_settle();
}

void stop(struct client *client, const char *id, bool is_publication)
{
    sl_session_stop_media(
        client->session,
        &(struct sl_media_stop){.publish = is_publication, .media_session_id = id, .name = "cam"});
}

void publish_live(struct client *client, const char *id, const char *name)
{
    publish(client, id, name);
    fake_peer_event(id, SL_PEER_CONNECTED, SL_PEER_OK);
    client->heard[0] = '\0';
}

void play_live(struct client *client, const char *id, const char *name)
{
    play(client, id, name);
    fake_peer_event(id, SL_PEER_CONNECTED, SL_PEER_OK);
    fake_peer_event(id, SL_PEER_STARTED, SL_PEER_OK);
    client->heard[0] = '\0';
}

uint64_t counted(const struct fake_server *server, enum sl_counter counter)
{
    return atomic_load(&server->counters->values[counter]);
}

int set_up(void **state)
{
    struct fake_server *server = sl_new(struct fake_server);

    fake_server_init(server);
    *state = server;
    return 0;
}

int tear_down(void **state)
{
    fake_server_deinit(*state);
    free(*state);
    return 0;
}
