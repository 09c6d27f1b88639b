/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole HTTP side over sessions whose media, hooks and clock are fakes (../session/fake.h),
 * and over fakes of pushes, pulls and the cluster. */
#ifndef SL_TESTS_UNIT_REST_CONTROL_H
#define SL_TESTS_UNIT_REST_CONTROL_H

#include "../http/fake_http.h"
#include "../session/client.h"
#include "../session/fake.h"
#include "access/access.h"
#include "fake_exchange.h"
#include "fake_pull.h"
#include "fake_push.h"
#include "rest/rest.h"

enum { CLIENTS_MAX = 8 };

/* Who records: what it was asked for last. */
struct fake_archive {
    struct sl_archive archive;
    const struct sl_stream *stream; /* NULL: nothing */
};

struct control {
    struct fake_archive archive;
    struct fake_server server;
    struct sl_pushes pushes;
    struct sl_pulls pulls;
    struct fake_directory directory;
    struct fake_exchange exchange;
    struct sl_cluster cluster;
    struct sl_metrics *metrics;
    struct sl_rest *rest;
    struct client clients[CLIENTS_MAX];
    size_t client_count;
};

/* cmocka fixtures: *state is a struct control without clients. */
int control_set_up(void **state);
int control_tear_down(void **state);
#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, control_set_up, control_tear_down)

/* An established client at 198.51.100.23, its port is 1000 + its number. */
struct client *add_client(struct control *control);
/* All of them leave. */
void remove_clients(struct control *control);

/* A request of this machine; body is JSON text with ' for ". The answer may come later. */
void send_request(struct control *control, struct sl_http_request *request, const char *method,
                  const char *path, const char *body);
/* POST, answered; returns the status. *answer, if wanted: the JSON, a new reference. */
int post(struct control *control, const char *path, const char *body, json_t **answer);

#endif
