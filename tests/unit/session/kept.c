/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that come back by their token, and those who guess it. */
#include "base/mem.h"
#include "client.h"

#include <stdio.h>
#include <string.h>

static json_t *account(const char *password)
{
    return json_pack("{s:s, s:b, s:s, s:s, s:s}", "appKey", "defaultApp", "keepAlive", 1,
                     "sipLogin", "10", "sipDomain", "d", "sipPassword", password);
}

/* From 198.51.100.N; fields: reference taken. */
static void connect_from(struct fake_server *server, struct client *client, uint16_t port,
                         const char *token, json_t *fields)
{
    if (token)
        (void)json_object_set_new(fields, "authToken", json_string(token));
    connect_as(server, client, port, fields);
}

/* Established with an account, and gone; its token. */
static const char *keep_one(struct fake_server *server, uint16_t port)
{
    static char token[128];
    struct client client;

    server->keeper.keeps = true;
    connect_from(server, &client, port, NULL, account("secret"));
    assert_heard(&client, "established\n");
    (void)snprintf(token, sizeof(token), "%s", sl_session_id(client.session));
    sl_session_destroy(client.session);
    assert_non_null(strstr(server->keeper.log, token));
    server->keeper.log[0] = '\0';
    return token;
}

static json_t *bare(void)
{
    return json_pack("{s:s, s:b}", "appKey", "defaultApp", "keepAlive", 1);
}

static void expect_keeper(struct fake_server *server, const char *what, const char *id)
{
    char begin[256];

    (void)snprintf(begin, sizeof(begin), "%s %s", what, id);
    assert_int_equal(strncmp(server->keeper.log, begin, strlen(begin)), 0);
    server->keeper.log[0] = '\0';
}

static void the_same_address_comes_back_by_its_token(void **state) /* RESUME-2, RESUME-5 */
{
    struct fake_server *server = *state;
    const char *token = keep_one(server, 1);
    struct client client, again;

    connect_from(server, &client, 2, token, bare());
    assert_heard(&client, "established\n");
    expect_keeper(server, "resume", token);
    json_t *about = sl_session_properties(client.session);
    assert_string_equal(json_string_value(json_object_get(about, "sipLogin")), "10");
    assert_null(json_object_get(about, "sipPassword"));
    assert_true(json_is_true(json_object_get(about, "keepAlive")));
    json_decref(about);
    assert_string_not_equal(sl_session_id(client.session), token);
    connect_from(server, &again, 3, token, bare()); /* used */
    assert_heard(&again, "refused Session does not exist\n");
    sl_session_destroy(again.session);
    server->keeper.keeps = false;
    sl_session_destroy(client.session);
    assert_string_equal(server->keeper.log, "");
}

static void a_stale_token_with_an_account_is_a_new_session(void **state) /* RESUME-6 */
{
    struct fake_server *server = *state;
    struct client client;

    connect_from(server, &client, 1, "/1.2.3.4:5/6.7.8.9:10", account("secret"));
    assert_heard(&client, "established\n");
    server->keeper.keeps = false;
    sl_session_destroy(client.session);
    assert_string_equal(server->keeper.log, "");
}

static void whoever_does_not_ask_or_has_nothing_is_not_kept(void **state) /* RESUME-4, RESUME-11 */
{
    struct fake_server *server = *state;
    struct client client;

    server->keeper.keeps = true;
    connect_from(server, &client, 1, NULL, json_pack("{s:s}", "appKey", "defaultApp"));
    sl_session_destroy(client.session);
    assert_string_equal(server->keeper.log, "");
    connect_from(server, &client, 2, NULL, account("secret"));
    sl_session_terminate(client.session); /* the operator's word is the last */
    sl_session_destroy(client.session);
    server->config->session_keep_alive_timeout = 0;
    connect_from(server, &client, 3, NULL, account("secret"));
    sl_session_destroy(client.session);
    assert_string_equal(server->keeper.log, "");
    server->config->session_keep_alive_timeout = 3600;
    connect_from(server, &client, 4, NULL, account("secret"));
    sl_sessions_drain(server->sessions);
    sl_session_destroy(client.session);
    assert_string_equal(server->keeper.log, "");
}

static void whoever_does_not_come_back_is_forgotten(void **state) /* RESUME-9 */
{
    struct fake_server *server = *state;
    const char *token = keep_one(server, 1);
    struct client client;

    fake_advance_ms(3599000);
    assert_string_equal(server->keeper.log, "");
    fake_advance_ms(1001);
    expect_keeper(server, "end", token);
    connect_from(server, &client, 2, token, bare());
    assert_heard(&client, "refused Session does not exist\n");
    sl_session_destroy(client.session);
    token = keep_one(server, 3);
    assert_true(sl_sessions_end_kept(server->sessions, token));
    expect_keeper(server, "end", token);
    assert_false(sl_sessions_end_kept(server->sessions, token));
}

static void a_back_end_may_refuse_and_the_client_stays_kept(void **state) /* RESUME-9 */
{
    struct fake_server *server = *state;
    const char *token = keep_one(server, 1);
    struct client client, second;

    server->hooks.wanted[SL_HOOK_CONNECT] = true;
    server->hooks.prompt = false;
    connect_from(server, &client, 2, token, bare());
    connect_from(server, &second, 3, token, bare()); /* the first one has it */
    assert_heard(&second, "refused Session does not exist\n");
    sl_session_destroy(second.session);
    assert_true(fake_hooks_answer(&server->hooks, SL_HOOK_CONNECT,
                                  &(struct sl_hook_answer){.status = 403, .info = "no"}));
    assert_heard(&client, "refused no\n");
    sl_session_destroy(client.session);
    connect_from(server, &client, 4, token, bare());
    sl_session_destroy(client.session); /* before the answer */
    server->hooks.wanted[SL_HOOK_CONNECT] = false;
    connect_from(server, &client, 5, token, bare());
    assert_heard(&client, "established\n");
    expect_keeper(server, "resume", token);
    server->keeper.keeps = false;
    sl_session_destroy(client.session);
}

static void guessing_ends_in_silence_for_a_minute(void **state) /* RESUME-10 */
{
    struct fake_server *server = *state;
    const char *token = keep_one(server, 1);
    struct client client;

    for (uint16_t i = 0; i < 5; i++) {
        connect_from(server, &client, 10 + i, "/9.9.9.9:9/8.8.8.8:8", bare());
        assert_heard(&client, "refused Session does not exist\n");
        sl_session_destroy(client.session);
    }
    connect_from(server, &client, 20, token, bare());
    assert_heard(&client, "refused Session does not exist\n");
    sl_session_destroy(client.session);
    fake_advance_ms(61000);
    connect_from(server, &client, 21, token, bare());
    assert_heard(&client, "established\n");
    expect_keeper(server, "resume", token);
    server->keeper.keeps = false;
    sl_session_destroy(client.session);
}

static void a_lost_client_is_kept_for_its_own_sake(void **state)
{
    struct fake_server *server = *state;
    struct client lost, client;
    char token[128];

    server->keeper.keeps = true;
    connect_from(server, &lost, 1, NULL, account("secret"));
    lost.is_lost = false;
    (void)snprintf(token, sizeof(token), "%s", sl_session_id(lost.session));
    connect_from(server, &client, 2, token, bare()); /* it is in use */
    assert_heard(&client, "refused Session does not exist\n");
    sl_session_destroy(client.session);
    lost.is_lost = true;
    lost.heard[0] = '\0';
    connect_from(server, &client, 3, token, bare());
    assert_heard(&client, "established\n");
    assert_heard(&lost, "close Failed by ICE keep alive\n");
    server->keeper.keeps = false;
    sl_session_destroy(lost.session);
    sl_session_destroy(client.session);
    assert_null(strstr(server->keeper.log, "end"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_address_comes_back_by_its_token),
        TEST(a_stale_token_with_an_account_is_a_new_session),
        TEST(whoever_does_not_ask_or_has_nothing_is_not_kept),
        TEST(whoever_does_not_come_back_is_forgotten),
        TEST(a_back_end_may_refuse_and_the_client_stays_kept),
        TEST(guessing_ends_in_silence_for_a_minute),
        TEST(a_lost_client_is_kept_for_its_own_sake),
    };

    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
