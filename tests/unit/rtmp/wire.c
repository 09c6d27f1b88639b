/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both ends of a connection, each with the same code: who dials and who listens. */
#include "rtmp/rtmp.h"

#include "base/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct end {
    struct sl_rtmp_wire wire;
    struct sl_outbox out;
    unsigned greeted, messages;
    uint8_t body[300];
    size_t len;
};

static int on_greeted(void *owner)
{
    ((struct end *)owner)->greeted++;
    return 0;
}

static int on_message(void *owner, const struct sl_rtmp_message *message)
{
    struct end *end = owner;

    end->messages++;
    end->len = message->len;
    memcpy(end->body, message->body, message->len < 300 ? message->len : 300);
    return 0;
}

static const struct sl_rtmp_wire_ops ops = {on_greeted, on_message};

static void open_end(struct end *end)
{
    end->wire.ops = &ops;
    end->wire.owner = end;
    sl_rtmp_wire_open(&end->wire, &end->out, 1 << 20);
}

/* What one end said reaches the other, in pieces of this length. */
static void carry(struct end *from, struct end *to, size_t step)
{
    while (sl_outbox_len(&from->out) > 0) {
        size_t part = sl_outbox_len(&from->out) < step ? sl_outbox_len(&from->out) : step;
        assert_int_equal(sl_rtmp_wire_input(&to->wire, sl_outbox_peek(&from->out), part), 0);
        sl_outbox_take(&from->out, part);
    }
}

static void close_end(struct end *end)
{
    sl_rtmp_wire_deinit(&end->wire);
    sl_outbox_deinit(&end->out);
}

static void greet(struct end *client, struct end *server, size_t step)
{
    open_end(client);
    open_end(server);
    carry(client, server, step);
    carry(server, client, step);
    carry(client, server, step);
    assert_true(sl_rtmp_wire_is_greeted(&client->wire));
    assert_true(sl_rtmp_wire_is_greeted(&server->wire));
}

static void two_ends_greet_each_other_in_pieces_of_any_length(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 1536, 1537, 5000};

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct end client = {0}, server = {0};
        greet(&client, &server, steps[i]);
        assert_int_equal(client.greeted, 1);
        assert_int_equal(server.greeted, 1);
        close_end(&client);
        close_end(&server);
    }
}

static void messages_pass_either_way_with_each_ends_own_chunk_size(void **state)
{
    (void)state;
    struct end client = {0}, server = {0};
    uint8_t body[300];
    struct sl_rtmp_message message = {.type = SL_RTMP_DATA, .body = body, .len = sizeof(body)};

    memset(body, 7, sizeof(body));
    greet(&client, &server, 4096);
    sl_rtmp_wire_set_chunk_size(&server.wire, 64);
    sl_rtmp_wire_send(&server.wire, 5, &message, NULL, 0);
    sl_rtmp_wire_send(&client.wire, 5, &message, NULL, 0);
    carry(&server, &client, 10);
    carry(&client, &server, 10);
    assert_int_equal(client.messages, 1);
    assert_int_equal(server.messages, 1);
    assert_int_equal(client.len, sizeof(body));
    assert_memory_equal(client.body, body, sizeof(body));
    close_end(&client);
    close_end(&server);
}

static void what_is_read_is_acknowledged_and_pings_are_answered_by_either_end(void **state)
{
    (void)state;
    struct end client = {0}, server = {0};
    static const uint8_t window[4] = {0, 0, 0, 100}, ping[6] = {0, 6, 1, 2, 3, 4};
    struct sl_rtmp_message ask = {.type = SL_RTMP_WINDOW_SIZE, .body = window, .len = 4};
    struct sl_rtmp_message pinging = {.type = SL_RTMP_USER_CONTROL, .body = ping, .len = 6};

    greet(&client, &server, 4096);
    sl_rtmp_wire_send(&client.wire, SL_RTMP_CONTROL_STREAM, &ask, NULL, 0);
    carry(&client, &server, 4096);
    assert_int_equal(server.out.end - server.out.first, 12 + 4); /* the window is long full */
    assert_int_equal(sl_outbox_peek(&server.out)[7], SL_RTMP_ACKNOWLEDGE);
    carry(&server, &client, 4096);
    sl_rtmp_wire_send(&client.wire, SL_RTMP_CONTROL_STREAM, &pinging, NULL, 0);
    carry(&client, &server, 4096);
    assert_int_equal(sl_outbox_len(&server.out), 12 + 6);
    assert_memory_equal(sl_outbox_peek(&server.out) + 12, "\0\7\1\2\3\4", 6);
    assert_int_equal(client.messages + server.messages, 0);
    close_end(&client);
    close_end(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_greet_each_other_in_pieces_of_any_length),
        cmocka_unit_test(messages_pass_either_way_with_each_ends_own_chunk_size),
        cmocka_unit_test(what_is_read_is_acknowledged_and_pings_are_answered_by_either_end),
    };

    return cmocka_run_group_tests_name("rtmp wire", tests, NULL, NULL);
}
