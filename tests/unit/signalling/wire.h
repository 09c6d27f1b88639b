/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients at the far end of fake WebSockets, speaking JSON as the SDK does. */
#ifndef SL_TESTS_UNIT_SIGNALLING_WIRE_H
#define SL_TESTS_UNIT_SIGNALLING_WIRE_H

#include "../session/fake.h"
#include "signalling/signalling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct wire {
    struct fake_server server;
    struct sl_signalling *signalling;
    struct sl_media_sockets sockets;
    struct sl_ws *taken; /* the last media socket that was, and of which session */
    char taken_by[256];
    bool takes_none;
};

/* cmocka fixtures: *state is a struct wire. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Fails unless it is being closed; 0: it was cut. */
uint16_t closing_code(struct sl_ws *ws);
bool is_closing(struct sl_ws *ws);

/* An open socket; nothing said yet. */
struct sl_ws *open_socket(struct wire *wire, uint16_t port);
/* ... and with a session, getUserData and getVersion taken. */
struct sl_ws *open_session(struct wire *wire, uint16_t port);

/* {"message":name,"data":[object]}; object is JSON text with ' for ". */
void say(struct sl_ws *ws, const char *name, const char *object);
/* publishStream or playStream with a good offer. */
void say_stream(struct sl_ws *ws, const char *name, const char *id, const char *stream);
/* The next message must have this name; returns its data. New reference. */
json_t *expect(struct sl_ws *ws, const char *name);
/* As expect(), for one object: compares with JSON text (' for "), every field of it and no other.
 */
void expect_exactly(struct sl_ws *ws, const char *name, const char *object);
/* notifyStreamStatusEvent with this id, status and info ("": none). Returns the object. */
json_t *expect_status(struct sl_ws *ws, const char *id, const char *status, const char *info);
void expect_nothing(struct sl_ws *ws);

#endif
