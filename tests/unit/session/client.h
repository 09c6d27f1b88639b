/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that write down what they hear, and what the tests of session/ do with them. */
#ifndef SL_TESTS_UNIT_SESSION_CLIENT_H
#define SL_TESTS_UNIT_SESSION_CLIENT_H

#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What a client heard, one line a call. */
struct client {
    struct sl_session *session;
    char heard[8192];
    bool is_lost;        /* it has not answered pings */
    unsigned named_kbps; /* b=AS of the last answer; 0: none */
};

/* What the client has heard since the last look once nothing waits for a turn of the loop. */
#define assert_heard(client, expected)                                                             \
    do {                                                                                           \
        fake_settle();                                                                             \
        assert_string_equal((client)->heard, expected);                                            \
        (client)->heard[0] = '\0';                                                                 \
    } while (0)

/* fields: reference taken. */
void begin_connect(struct fake_server *server, struct client *client, uint16_t port,
                   json_t *fields);
/* These leave nothing that only waits for a turn of the loop. */
void connect_as(struct fake_server *server, struct client *client, uint16_t port, json_t *fields);
/* Established, and nothing heard. */
void connect_client(struct fake_server *server, struct client *client, uint16_t port);
void publish(struct client *client, const char *id, const char *name);
void play(struct client *client, const char *id, const char *name);
void stop(struct client *client, const char *id, bool is_publication);
/* Up to PUBLISHING or PLAYING, and nothing heard. */
void publish_live(struct client *client, const char *id, const char *name);
void play_live(struct client *client, const char *id, const char *name);

uint64_t counted(const struct fake_server *server, enum sl_counter counter);

/* cmocka fixtures: *state is a struct fake_server. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
