/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets up and takes down what control.h describes. */
#include "control.h"
#include "fake_mixers.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static void begin_archive(void *arg, struct sl_stream *stream,
                          const struct sl_archive_request *request)
{
    struct fake_archive *fake = arg;

    assert_true(request->asked);
    fake->stream = stream;
}

static int64_t archived_since_ms(void *arg, const struct sl_stream *stream)
{
    return ((const struct fake_archive *)arg)->stream == stream ? 1 : 0;
}

int control_set_up(void **state)
{
    struct control *control = sl_new(struct control);

    fake_server_init(&control->server);
    fake_directory_init(&control->directory);
    fake_exchange_init(&control->exchange);
    control->metrics = sl_metrics_create();
    control->archive.archive = (struct sl_archive){
        .arg = &control->archive, .begin = begin_archive, .since_ms = archived_since_ms};
    const struct sl_rest_config config = {.metrics = control->metrics,
                                          .parts = {.streams = fake_streams(),
                                                    .sessions = control->server.sessions,
                                                    .pushes = &control->pushes,
                                                    .pulls = &control->pulls,
                                                    .directory = &control->directory.directory,
                                                    .archive = &control->archive.archive,
                                                    .exchange = &control->exchange.exchange,
                                                    .cluster = &control->cluster,
                                                    .variants = fake_variants(),
                                                    .config = control->server.config,
                                                    .mixers = fake_mixers(),
                                                    .transcoder = fake_transcoder()}};
    assert_int_equal(sl_rest_create(&config, &control->rest, NULL), 0);
    *state = control;
    return 0;
}

int control_tear_down(void **state)
{
    struct control *control = *state;

    sl_rest_destroy(control->rest);
    remove_clients(control);
    fake_exchange_deinit(&control->exchange);
    fake_server_deinit(&control->server);
    sl_metrics_destroy(control->metrics);
    free(control);
    return 0;
}

struct client *add_client(struct control *control)
{
    assert_true(control->client_count < CLIENTS_MAX);
    struct client *client = &control->clients[control->client_count];
    connect_client(&control->server, client, (uint16_t)(1000 + control->client_count++));
    return client;
}

void remove_clients(struct control *control)
{
    for (size_t i = 0; i < control->client_count; i++)
        sl_session_destroy(control->clients[i].session);
    control->client_count = 0;
}

void send_request(struct control *control, struct sl_http_request *request, const char *method,
                  const char *path, const char *body)
{
    char *json = sl_strdup(body ? body : "");

    for (char *c = json; (c = strchr(c, '\'')); *c = '"')
        ;
    *request = (struct sl_http_request){
        .method = method, .path = path, .body = json, .host = "localhost:8081"};
    sl_rest_on_request(control->rest, request);
    request->body = NULL; /* the call has parsed it */
    free(json);
}

int post(struct control *control, const char *path, const char *body, json_t **answer)
{
    struct sl_http_request request;

    send_request(control, &request, "POST", path, body);
    fake_settle();
    assert_int_equal(request.answers, 1);
    int status = request.status;
    if (status == 200 && request.answer_len == 0)
        assert_string_equal(request.content_type, ""); /* REST-5 */
    else
        assert_string_equal(request.content_type, "application/json;charset=UTF-8");
    if (answer)
        *answer = fake_answer_json(&request);
    fake_deinit(&request);
    return status;
}
