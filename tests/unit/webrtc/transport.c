/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server's and a client's transport in memory, and a network that loses, forges and moves. */
#include "webrtc/transport.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "rtp/rtp.h"
#include "webrtc/stun.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    QUEUE_MAX = 64,
    DATAGRAM_MAX = 1500,
    ANNOUNCED_MAX = 64,
    PATIENCE_US = 20 * SL_US_PER_S,
    SSRC = 0x51505150,
    PAYLOAD_LEN = 160,
    FIRST_INDEX = 1000,
};

struct network;

/* One of the two transports, at its present address. */
struct end {
    struct network *network;
    struct end *peer;
    struct sl_transport *transport;
    struct sl_dtls_identity *identity;
    struct sl_metrics *metrics;
    struct sl_counters *counters;
    struct sl_addr addr;
    char ufrag[9], pwd[27];
    size_t sent, strayed; /* strayed: to where the peer is not */
    struct sl_addr announced[ANNOUNCED_MAX], gone[ANNOUNCED_MAX];
    size_t announced_count, gone_count;
    struct sl_addr last_to[ANNOUNCED_MAX]; /* of the newest datagrams, by sent % ANNOUNCED_MAX */
    uint8_t last[DATAGRAM_MAX];            /* the newest one */
    size_t last_len;
    uint64_t index; /* of the next media packet */
};

struct datagram {
    struct end *to;
    struct sl_addr from;
    size_t len;
    uint8_t bytes[DATAGRAM_MAX];
};

struct network {
    struct end server, client;
    struct sl_srtp_engine *engine;
    struct datagram queue[QUEUE_MAX];
    size_t head, count;
    size_t lose_every, carried; /* lose_every 0: none */
    int64_t now_us;
};

/* What a test wants otherwise than usual. */
struct variant {
    bool gcm, server_sends_hello, keep_dtls;
    const char *server_expects, *client_expects; /* fingerprints; NULL: the right ones */
};

static struct sl_addr address(const char *ip, uint16_t port)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_parse_ip(ip, port, &addr), 0);
    return addr;
}

static struct sl_path path_to(const struct sl_addr *remote)
{
    struct sl_path path = {.remote = *remote, .dest.fd = -1};

    path.dest.sa_len = sl_addr_to_sockaddr(remote, &path.dest.sa);
    return path;
}

/* ---- The network ---- */

static void on_send(void *owner, const struct sl_path *path, const uint8_t *data, size_t len)
{
    struct end *end = owner;
    struct network *network = end->network;

    assert_in_range(len, 1, DATAGRAM_MAX);
    memcpy(end->last, data, len);
    end->last_len = len;
    end->last_to[end->sent % ANNOUNCED_MAX] = path->remote;
    end->sent++;
    if (!sl_addr_equal(&path->remote, &end->peer->addr)) {
        end->strayed++;
        return;
    }
    network->carried++;
    if (network->lose_every && network->carried % network->lose_every == 0)
        return;
    assert_true(network->count < QUEUE_MAX);
    struct datagram *datagram = &network->queue[(network->head + network->count++) % QUEUE_MAX];
    datagram->to = end->peer;
    datagram->from = end->addr;
    datagram->len = len;
    memcpy(datagram->bytes, data, len);
}

static void on_state(void *owner, enum sl_transport_state state)
{
    struct end *end = owner;

    if (end->transport)
        assert_int_equal(sl_transport_state(end->transport), state);
}

static void on_path(void *owner, const struct sl_path *path, bool gone)
{
    struct end *end = owner;
    struct sl_addr *list = gone ? end->gone : end->announced;
    size_t *count = gone ? &end->gone_count : &end->announced_count;

    for (size_t i = 0; i < *count; i++) {
        if (sl_addr_equal(&list[i], &path->remote))
            return; /* each check tells of its path */
    }
    assert_true(*count < ANNOUNCED_MAX);
    list[(*count)++] = path->remote;
}

static const struct sl_transport_ops ops = {
    .on_send = on_send,
    .on_state = on_state,
    .on_path = on_path,
};

/* Gives an end a STUN or DTLS datagram as if it came from there. */
static int deliver(struct end *end, const struct sl_addr *from, const uint8_t *bytes, size_t len)
{
    struct sl_path path = path_to(from);
    uint8_t copy[DATAGRAM_MAX];

    memcpy(copy, bytes, len);
    if (sl_stun_is(copy, len))
        return sl_transport_stun(end->transport, &path, copy, len, end->network->now_us);
    assert_true(sl_dtls_is(copy, len));
    sl_transport_dtls(end->transport, &path, copy, len, end->network->now_us);
    return 0;
}

static void deliver_next(struct network *network)
{
    assert_true(network->count > 0);
    struct datagram datagram = network->queue[network->head];
    network->head = (network->head + 1) % QUEUE_MAX;
    network->count--;
    if (datagram.to->transport)
        (void)deliver(datagram.to, &datagram.from, datagram.bytes, datagram.len);
}

static void deliver_all(struct network *network)
{
    while (network->count > 0)
        deliver_next(network);
}

static void tick(struct network *network)
{
    sl_transport_tick(network->client.transport, network->now_us);
    deliver_all(network);
    sl_transport_tick(network->server.transport, network->now_us);
    deliver_all(network);
}

/* ---- Set-up ---- */

static void init_end(struct end *end, struct network *network, struct end *peer, const char *ip)
{
    end->network = network;
    end->peer = peer;
    end->addr = address(ip, 40000);
    end->metrics = sl_metrics_create();
    end->counters = sl_metrics_register(end->metrics);
    end->index = FIRST_INDEX;
    sl_random_token(end->ufrag, sizeof(end->ufrag) - 1);
    sl_random_token(end->pwd, sizeof(end->pwd) - 1);
}

static void make_transport(struct end *end, bool client, const struct variant *variant)
{
    const char *expected = client ? variant->client_expects : variant->server_expects;
    struct sl_transport_config config = {
        .engine = end->network->engine,
        .identity = end->identity,
        .counters = end->counters,
        .ice_client = client,
        .dtls_client = client != variant->server_sends_hello,
        .keep_dtls = variant->keep_dtls,
        .local_ufrag = end->ufrag,
        .local_pwd = end->pwd,
        .remote_ufrag = end->peer->ufrag,
        .remote_pwd = end->peer->pwd,
        .fingerprint_hash = "sha-256",
        .fingerprint = expected ? expected : sl_dtls_identity_fingerprint(end->peer->identity),
        .ops = &ops,
        .owner = end,
    };

    assert_int_equal(sl_transport_create(&config, end->network->now_us, &end->transport), 0);
    assert_int_equal(sl_transport_state(end->transport), SL_TRANSPORT_NEW);
    assert_null(sl_transport_path(end->transport));
}

static struct network *make_network(const struct variant *variant)
{
    struct network *network = sl_new(struct network);

    network->engine = sl_srtp_engine_create(SL_SRTP_BEST);
    network->now_us = sl_now_us();
    init_end(&network->server, network, &network->client, "192.0.2.1");
    init_end(&network->client, network, &network->server, "198.51.100.7");
    assert_int_equal(sl_dtls_identity_create(variant->gcm, &network->server.identity, NULL), 0);
    assert_int_equal(sl_dtls_identity_create(variant->gcm, &network->client.identity, NULL), 0);
    make_transport(&network->server, false, variant);
    make_transport(&network->client, true, variant);
    struct sl_path path = path_to(&network->server.addr);
    sl_transport_add_candidate(network->client.transport, &path, network->now_us);
    return network;
}

static void drop_network(struct network *network)
{
    struct end *ends[] = {&network->client, &network->server};

    for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++) {
        sl_transport_destroy(ends[i]->transport);
        ends[i]->transport = NULL;
        sl_dtls_identity_destroy(ends[i]->identity);
        sl_metrics_destroy(ends[i]->metrics);
    }
    sl_srtp_engine_destroy(network->engine);
    free(network);
}

static void assert_state(const struct end *end, enum sl_transport_state state)
{
    assert_int_equal(sl_transport_state(end->transport), state);
}

static struct network *make_connected(const struct variant *variant)
{
    struct network *network = make_network(variant);

    tick(network);
    assert_state(&network->server, SL_TRANSPORT_CONNECTED);
    assert_state(&network->client, SL_TRANSPORT_CONNECTED);
    return network;
}

/* ---- Media, checks, hellos ---- */

static size_t protect(struct end *end, uint8_t *out)
{
    uint8_t payload[PAYLOAD_LEN];

    memset(payload, (int)(end->index & 0xff), sizeof(payload));
    sl_rtp_build_header(out, false, 96, (uint16_t)end->index, 0, SSRC);
    size_t len = sl_srtp_protect(end->network->engine, sl_transport_sender(end->transport), out,
                                 SL_RTP_HEADER_LEN, payload, sizeof(payload), end->index);
    sl_srtp_flush(end->network->engine);
    end->index++;
    return len;
}

static int unprotect(struct end *end, const uint8_t *bytes, size_t len)
{
    uint8_t copy[DATAGRAM_MAX];
    size_t plain_len = len;
    bool rtcp = false;

    memcpy(copy, bytes, len);
    int err = sl_transport_unprotect(end->transport, copy, &plain_len, &rtcp);
    if (err == 0) {
        assert_int_equal(plain_len, SL_RTP_HEADER_LEN + PAYLOAD_LEN);
        assert_false(rtcp);
        for (size_t i = SL_RTP_HEADER_LEN; i < plain_len; i++)
            assert_int_equal(copy[i], copy[3]); /* the number's lower byte, see protect() */
    }
    return err;
}

static void assert_media_flows(struct end *from, struct end *to)
{
    uint8_t bytes[DATAGRAM_MAX];

    for (int i = 0; i < 10; i++) {
        size_t len = protect(from, bytes);
        assert_int_equal(unprotect(to, bytes, len), 0);
    }
}

struct check {
    const char *username, *password; /* NULL: the right ones */
    bool use_candidate;
};

/* Gives the server a check of our own making. */
static int check_from(struct network *network, const struct sl_addr *from,
                      const struct check *check)
{
    char username[32];
    uint8_t transaction_id[SL_STUN_TID_LEN], bytes[SL_STUN_MAX];

    assert_in_range(
        snprintf(username, sizeof(username), "%s:%s", network->server.ufrag, network->client.ufrag),
        1, sizeof(username) - 1);
    sl_random_bytes(transaction_id, sizeof(transaction_id));
    struct sl_stun_request request = {
        .transaction_id = transaction_id,
        .username = check->username ? check->username : username,
        .password = check->password ? check->password : network->server.pwd,
        .priority = 1,
        .controlling = true,
        .tie_breaker = 1,
        .use_candidate = check->use_candidate,
    };
    return deliver(&network->server, from, bytes, sl_stun_build_request(&request, bytes));
}

static const struct check right_check = {0};
static const struct check nomination = {.use_candidate = true};

static void assert_path_is(const struct end *end, const struct sl_addr *addr)
{
    const struct sl_path *path = sl_transport_path(end->transport);

    assert_non_null(path);
    assert_true(sl_addr_equal(&path->remote, addr));
}

struct hello {
    uint8_t bytes[DATAGRAM_MAX];
    size_t len;
};

static void keep_hello(void *owner, const uint8_t *datagram, size_t len)
{
    struct hello *hello = owner;

    memcpy(hello->bytes, datagram, len);
    hello->len = len;
}

/* A ClientHello as anybody can make one. */
static struct hello make_hello(const struct network *network)
{
    struct hello hello = {0};
    struct sl_dtls *dtls;
    struct sl_dtls_config config = {
        .identity = network->client.identity,
        .client = true,
        .fingerprint_hash = "sha-256",
        .fingerprint = sl_dtls_identity_fingerprint(network->server.identity),
        .on_send = keep_hello,
        .owner = &hello,
    };

    assert_int_equal(sl_dtls_create(&config, network->now_us, &dtls), 0);
    sl_dtls_start(dtls, network->now_us);
    sl_dtls_destroy(dtls);
    assert_true(hello.len > 0);
    return hello;
}

/* ---- Connecting ---- */

static void both_sides_connect_and_exchange_srtp(void **state)
{
    (void)state;
    static const struct variant variants[] = {
        {.gcm = true},
        {.gcm = false},
        {.gcm = true, .server_sends_hello = true},
        {.gcm = false, .server_sends_hello = true, .keep_dtls = true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(variants); i++) {
        struct network *network = make_connected(&variants[i]);
        assert_path_is(&network->server, &network->client.addr);
        assert_path_is(&network->client, &network->server.addr);
        assert_media_flows(&network->client, &network->server);
        assert_media_flows(&network->server, &network->client);
        assert_int_equal(network->server.announced_count, 1);
        assert_int_equal(sl_metrics_sum(network->server.metrics, SL_COUNTER_DTLS_OK), 1);
        drop_network(network);
    }
}

static void srtcp_goes_both_ways_and_is_told_from_rtp(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);
    struct end *ends[] = {&network->client, &network->server};

    for (size_t i = 0; i < SL_ARRAY_LEN(ends); i++) {
        uint8_t bytes[64 + SL_SRTCP_OVERHEAD];
        bool rtcp = false;
        struct sl_writer w = sl_writer_of(bytes, 64);
        sl_rtcp_write_pli(&w, 1, SSRC);
        size_t plain_len = sl_writer_len(&w);
        size_t len = sl_srtcp_protect(network->engine, sl_transport_sender(ends[i]->transport),
                                      bytes, plain_len);
        assert_int_equal(sl_transport_unprotect(ends[i]->peer->transport, bytes, &len, &rtcp), 0);
        assert_true(rtcp);
        assert_int_equal(len, plain_len);
    }
    drop_network(network);
}

/* DTLS repeats on the wall clock, so this one waits for it. */
static void lost_datagrams_cost_time_and_no_connection(void **state)
{
    (void)state;
    static const size_t lose_every[] = {3, 4, 7};

    for (size_t i = 0; i < SL_ARRAY_LEN(lose_every); i++) {
        static const struct variant usual = {.gcm = true};
        struct network *network = make_network(&usual);
        int64_t end_us = network->now_us + PATIENCE_US;
        network->lose_every = lose_every[i];
        while (sl_transport_state(network->server.transport) != SL_TRANSPORT_CONNECTED ||
               sl_transport_state(network->client.transport) != SL_TRANSPORT_CONNECTED) {
            tick(network);
            if (network->now_us > end_us)
                fail_msg("every %zu. datagram lost: not connected", lose_every[i]);
            (void)poll(NULL, 0, 5);
            network->now_us = sl_now_us();
        }
        network->lose_every = 0;
        deliver_all(network);
        assert_media_flows(&network->client, &network->server);
        assert_media_flows(&network->server, &network->client);
        drop_network(network);
    }
}

/* ---- Checks and DTLS: hardening classes 1 and 2, C7 to C9 ---- */

static void class_1_c7_no_dtls_from_a_path_without_a_check(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    static const uint8_t alert[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    struct network *network = make_network(&usual);
    struct end *server = &network->server;
    struct hello hello = make_hello(network);
    struct sl_addr stranger = address("203.0.113.66", 5555);

    /* Before any check: even from where the client is. */
    (void)deliver(server, &network->client.addr, hello.bytes, hello.len);
    (void)deliver(server, &stranger, hello.bytes, hello.len);
    assert_int_equal(server->sent, 0);
    assert_state(server, SL_TRANSPORT_NEW);

    /* The client's check opens the client's address only. */
    assert_int_equal(check_from(network, &network->client.addr, &nomination), 0);
    assert_state(server, SL_TRANSPORT_CHECKED);
    size_t sent = server->sent;
    (void)deliver(server, &stranger, hello.bytes, hello.len);
    (void)deliver(server, &stranger, alert, sizeof(alert));
    assert_int_equal(server->sent, sent);
    assert_state(server, SL_TRANSPORT_CHECKED);
    network->count = 0; /* the answer to our check is not the client's */

    /* In the middle of the handshake, too. */
    sl_transport_tick(network->client.transport, network->now_us);
    while (sl_transport_state(server->transport) == SL_TRANSPORT_CHECKED)
        deliver_next(network);
    assert_state(server, SL_TRANSPORT_HANDSHAKE);
    sent = server->sent;
    (void)deliver(server, &stranger, hello.bytes, hello.len);
    (void)deliver(server, &stranger, alert, sizeof(alert));
    assert_int_equal(server->sent, sent);
    assert_state(server, SL_TRANSPORT_HANDSHAKE);
    deliver_all(network);
    assert_state(server, SL_TRANSPORT_CONNECTED);
    assert_int_equal(server->strayed, 0);
    assert_media_flows(&network->client, server);
    drop_network(network);
}

static void class_1_c7_nor_from_a_candidate_that_has_not_answered(void **state)
{
    (void)state;
    static const struct variant offered = {.gcm = true, .server_sends_hello = true};
    struct network *network = make_network(&offered);
    struct end *client = &network->client;
    struct hello hello = make_hello(network);
    struct sl_addr silent = address("203.0.113.66", 5555);
    struct sl_path path = path_to(&silent);

    sl_transport_add_candidate(client->transport, &path, network->now_us);
    sl_transport_tick(client->transport, network->now_us);
    while (sl_transport_state(client->transport) == SL_TRANSPORT_NEW)
        deliver_next(network);
    size_t sent = client->sent;
    (void)deliver(client, &silent, hello.bytes, hello.len);
    assert_int_equal(client->sent, sent);
    assert_state(client, SL_TRANSPORT_CHECKED);
    deliver_all(network);
    assert_state(client, SL_TRANSPORT_CONNECTED);
    drop_network(network);
}

static void refuses_a_check_with_a_wrong_password_or_ufrag(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_network(&usual);
    struct end *server = &network->server;
    char username[3][32];

    (void)snprintf(username[0], sizeof(username[0]), "nobody00:%s", network->client.ufrag);
    (void)snprintf(username[1], sizeof(username[1]), "%s:nobody00", server->ufrag);
    (void)snprintf(username[2], sizeof(username[2]), "%s", server->ufrag);
    const struct {
        const char *why;
        struct check check;
        int err;
    } cases[] = {
        {"wrong password",
         {.password = "0123456789abcdefghijklmnop", .use_candidate = true},
         -EACCES},
        {"the client's password",
         {.password = network->client.pwd, .use_candidate = true},
         -EACCES},
        {"no password", {.password = "", .use_candidate = true}, -EACCES},
        {"wrong ufrag of ours", {.username = username[0], .use_candidate = true}, -ENOENT},
        {"wrong ufrag of theirs", {.username = username[1], .use_candidate = true}, -ENOENT},
        {"half a username", {.username = username[2], .use_candidate = true}, -ENOENT},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        int err = check_from(network, &network->client.addr, &cases[i].check);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
        assert_state(server, SL_TRANSPORT_NEW);
        assert_null(sl_transport_path(server->transport));
        assert_int_equal(server->sent, 0);
        assert_int_equal(server->announced_count, 0);
    }
    assert_true(sl_metrics_sum(server->metrics, SL_COUNTER_ICE_CHECKS_FAILED) >= 3);
    assert_int_equal(sl_metrics_sum(server->metrics, SL_COUNTER_ICE_CHECKS_OK), 0);
    drop_network(network);
}

static void refuses_a_check_that_was_changed_on_the_way(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_network(&usual);

    sl_transport_tick(network->client.transport, network->now_us);
    assert_int_equal(network->count, 1);
    const struct datagram *check = &network->queue[network->head];
    /* FINGERPRINT, eight bytes, stands after what is authenticated and may be left out. */
    for (size_t i = 0; i < check->len - 8; i++) {
        uint8_t changed[DATAGRAM_MAX];
        memcpy(changed, check->bytes, check->len);
        changed[i] ^= 0x01;
        struct sl_path path = path_to(&check->from);
        assert_true(sl_transport_stun(network->server.transport, &path, changed, check->len,
                                      network->now_us) < 0);
        assert_state(&network->server, SL_TRANSPORT_NEW);
    }
    assert_int_equal(network->server.sent, 0);
    deliver_all(network);
    assert_state(&network->server, SL_TRANSPORT_CONNECTED);
    drop_network(network);
}

static void class_2_c8_c9_only_a_nomination_moves_the_path(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true, .keep_dtls = true};
    static const struct check forged = {.password = "0123456789abcdefghijklmnop",
                                        .use_candidate = true};
    struct network *network = make_connected(&usual);
    struct end *server = &network->server;
    struct hello hello = make_hello(network);
    struct sl_addr elsewhere = address("203.0.113.66", 5555);
    uint8_t bytes[DATAGRAM_MAX];

    (void)deliver(server, &elsewhere, hello.bytes, hello.len);
    assert_path_is(server, &network->client.addr);
    assert_int_equal(check_from(network, &elsewhere, &forged), -EACCES);
    assert_path_is(server, &network->client.addr);
    /* Authentic but not nominated; then media and DTLS of this path. */
    assert_int_equal(check_from(network, &elsewhere, &right_check), 0);
    assert_path_is(server, &network->client.addr);
    (void)deliver(server, &elsewhere, hello.bytes, hello.len);
    size_t len = protect(&network->client, bytes);
    assert_int_equal(unprotect(server, bytes, len), 0);
    assert_path_is(server, &network->client.addr);
    assert_state(server, SL_TRANSPORT_CONNECTED);

    assert_int_equal(check_from(network, &elsewhere, &nomination), 0);
    assert_path_is(server, &elsewhere);
    /* And back: both stay known. */
    assert_int_equal(check_from(network, &network->client.addr, &nomination), 0);
    assert_path_is(server, &network->client.addr);
    assert_int_equal(server->announced_count, 2);
    assert_int_equal(server->gone_count, 0);
    drop_network(network);
}

static void an_authentic_path_takes_over_from_one_that_fell_silent(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);
    struct sl_addr elsewhere = address("203.0.113.66", 5555);

    network->now_us += 10 * SL_US_PER_S;
    assert_int_equal(check_from(network, &elsewhere, &right_check), 0);
    assert_path_is(&network->server, &network->client.addr);
    network->now_us += 3 * SL_US_PER_S; /* RFC 7675: two intervals without a check */
    assert_int_equal(check_from(network, &elsewhere, &right_check), 0);
    assert_path_is(&network->server, &elsewhere);
    drop_network(network);
}

static void follows_a_client_whose_address_changes(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);
    struct sl_addr before = network->client.addr;

    assert_media_flows(&network->client, &network->server);
    network->client.addr = address("198.51.100.8", 1024);
    assert_path_is(&network->server, &before);
    network->now_us = sl_transport_deadline_us(network->client.transport);
    tick(network); /* releases the handshake's memory */
    network->now_us = sl_transport_deadline_us(network->client.transport);
    tick(network); /* RFC 7675: the next check of consent, from the new address */
    network->now_us += 3 * SL_US_PER_S;
    tick(network);
    assert_path_is(&network->server, &network->client.addr);
    assert_int_equal(sl_transport_last_check_us(network->server.transport), network->now_us);
    assert_int_equal(sl_transport_last_check_us(network->client.transport), network->now_us);
    assert_media_flows(&network->client, &network->server);
    assert_media_flows(&network->server, &network->client);
    drop_network(network);
}

static void the_oldest_unused_address_gives_way_and_never_the_selected_one(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);
    struct end *server = &network->server;

    assert_media_flows(&network->client, server);
    for (uint16_t i = 0; i < 3 * SL_TRANSPORT_PATHS_MAX; i++) {
        struct sl_addr other = address("203.0.113.1", (uint16_t)(2000 + i));
        network->now_us += SL_US_PER_MS;
        assert_int_equal(check_from(network, &other, &right_check), 0);
        assert_path_is(server, &network->client.addr);
    }
    /* One place of eight is the selected path's: the first ones went, in their order. */
    assert_int_equal(server->announced_count, 1 + 3 * SL_TRANSPORT_PATHS_MAX);
    assert_int_equal(server->gone_count, 2 * SL_TRANSPORT_PATHS_MAX + 1);
    for (size_t i = 0; i < server->gone_count; i++)
        assert_int_equal(server->gone[i].port, 2000 + i);

    /* A path that gave way has to pass a check anew before it can say anything. */
    struct sl_addr given_way = address("203.0.113.1", 2000);
    assert_int_equal(check_from(network, &given_way, &nomination), 0);
    assert_path_is(server, &given_way);
    assert_media_flows(&network->client, server);
    drop_network(network);
}

static void a_tcp_connection_that_ended_is_no_path_any_more(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_network(&usual);
    struct end *server = &network->server;
    uint8_t bytes[DATAGRAM_MAX];

    sl_transport_tick(network->client.transport, network->now_us);
    struct datagram *check = &network->queue[network->head];
    size_t len = check->len;
    memcpy(bytes, check->bytes, len);
    network->count = 0;
    struct sl_path path = path_to(&network->client.addr);
    path.tcp = (struct sl_tcp_conn *)network; /* only ever compared */
    assert_int_equal(sl_transport_stun(server->transport, &path, bytes, len, network->now_us), 0);
    assert_ptr_equal(sl_transport_path(server->transport)->tcp, path.tcp);
    sl_transport_tcp_gone(server->transport, path.tcp);
    assert_null(sl_transport_path(server->transport));
    assert_int_equal(check_from(network, &network->client.addr, &nomination), 0);
    assert_null(sl_transport_path(server->transport)->tcp);
    drop_network(network);
}

/* ---- The controlling side: its offer was answered by addresses ---- */

/* A client whose server is nowhere yet, and where it will be. */
static struct network *make_unanswered(void)
{
    static const struct variant usual = {.gcm = true};
    struct network *network = make_network(&usual);

    network->server.addr = address("203.0.113.9", 41000);
    return network;
}

static void add_candidate(struct network *network, const struct sl_addr *addr)
{
    struct sl_path path = path_to(addr);

    sl_transport_add_candidate(network->client.transport, &path, network->now_us);
}

/* How many of the datagrams that an end has sent since `since` went there. */
static size_t sent_to(const struct end *end, size_t since, const struct sl_addr *addr)
{
    size_t count = 0;

    assert_true(end->sent - since <= ANNOUNCED_MAX);
    for (size_t i = since; i < end->sent; i++)
        count += sl_addr_equal(&end->last_to[i % ANNOUNCED_MAX], addr);
    return count;
}

static struct sl_stun_view last_stun(const struct end *end)
{
    struct sl_stun_view view;

    assert_int_equal(sl_stun_parse(end->last, end->last_len, &view), 0);
    return view;
}

/* A request as the other side makes it, for the client. */
static int request_to_client(struct network *network, const struct sl_addr *from, bool controlling,
                             const char *password)
{
    static const uint8_t transaction_id[SL_STUN_TID_LEN] = "full agent";
    char username[32];
    uint8_t bytes[SL_STUN_MAX];
    struct sl_stun_request request = {
        .transaction_id = transaction_id,
        .username = username,
        .password = password ? password : network->client.pwd,
        .priority = 1,
        .controlling = controlling,
        .tie_breaker = 1,
    };

    (void)snprintf(username, sizeof(username), "%s:%s", network->client.ufrag,
                   network->server.ufrag);
    return deliver(&network->client, from, bytes, sl_stun_build_request(&request, bytes));
}

static void checks_slow_down_while_nobody_answers(void **state) /* RFC 8445 section 14 */
{
    (void)state;
    static const int64_t gaps_ms[] = {50, 100, 200, 400, 800, 800, 800};
    struct network *network = make_unanswered();
    struct end *client = &network->client;

    for (size_t i = 0; i < SL_ARRAY_LEN(gaps_ms); i++) {
        size_t sent = client->sent;
        network->now_us = sl_transport_deadline_us(client->transport);
        sl_transport_tick(client->transport, network->now_us);
        assert_int_equal(client->sent, sent + 1);
        assert_int_equal(sl_transport_deadline_us(client->transport) - network->now_us,
                         gaps_ms[i] * SL_US_PER_MS);
        network->now_us += gaps_ms[i] * SL_US_PER_MS - 1;
        sl_transport_tick(client->transport, network->now_us);
        assert_int_equal(client->sent, sent + 1);
    }
    drop_network(network);
}

static void a_full_agents_request_is_answered_and_its_address_checked_at_once(void **state)
{
    (void)state; /* RFC 8445 section 7.3.1.4 */
    struct network *network = make_unanswered();
    struct end *client = &network->client;

    for (int i = 0; i < 6; i++) { /* slow by now */
        network->now_us = sl_transport_deadline_us(client->transport);
        sl_transport_tick(client->transport, network->now_us);
    }
    size_t sent = client->sent;
    assert_int_equal(request_to_client(network, &network->server.addr, false, "wrong"), -EACCES);
    assert_int_equal(client->sent, sent);
    assert_true(sl_transport_deadline_us(client->transport) > network->now_us);

    assert_int_equal(request_to_client(network, &network->server.addr, false, NULL), 0);
    assert_int_equal(sent_to(client, sent, &network->server.addr), 1);
    struct sl_stun_view answer = last_stun(client);
    assert_int_equal(answer.class, SL_STUN_SUCCESS);
    assert_true(sl_addr_equal(&answer.mapped, &network->server.addr));
    assert_true(sl_stun_verify(client->last, client->last_len, &answer, client->pwd));
    assert_state(client, SL_TRANSPORT_NEW); /* its own checks decide */
    assert_int_equal(sl_transport_deadline_us(client->transport), network->now_us);
    network->count = 0; /* nobody here asked for that answer */

    tick(network);
    assert_state(client, SL_TRANSPORT_CONNECTED);
    assert_path_is(client, &network->server.addr);
    assert_media_flows(client, &network->server);
    /* Once connected, another address of it is answered, and no more. */
    struct sl_addr other = address("203.0.113.10", 41000);
    sent = client->sent;
    assert_int_equal(request_to_client(network, &other, false, NULL), 0);
    assert_int_equal(last_stun(client).class, SL_STUN_SUCCESS);
    assert_path_is(client, &network->server.addr);
    drop_network(network);
}

static void who_says_that_it_controls_as_well_is_told_487(void **state) /* RFC 8445 7.3.1.1 */
{
    (void)state;
    struct network *network = make_unanswered();
    struct end *client = &network->client;

    sl_transport_tick(client->transport, network->now_us);
    assert_int_equal(request_to_client(network, &network->server.addr, true, NULL), 0);
    struct sl_stun_view answer = last_stun(client);
    assert_int_equal(answer.class, SL_STUN_ERROR);
    assert_int_equal(answer.error_code, 487);
    assert_true(sl_stun_verify(client->last, client->last_len, &answer, client->pwd));
    assert_true(sl_transport_deadline_us(client->transport) > network->now_us);
    assert_null(sl_transport_path(client->transport));
    drop_network(network);
}

static void any_other_candidate_takes_over_once_the_selected_path_is_dead(void **state)
{
    (void)state;
    struct network *network = make_unanswered();
    struct end *client = &network->client;
    struct sl_addr before = network->server.addr, after = address("203.0.113.10", 42000);

    add_candidate(network, &before);
    add_candidate(network, &after);
    tick(network);
    assert_state(client, SL_TRANSPORT_CONNECTED);
    assert_path_is(client, &before);
    assert_media_flows(client, &network->server);

    int64_t dead_us = network->now_us;
    network->server.addr = after;
    while (sl_addr_equal(&sl_transport_path(client->transport)->remote, &before)) {
        size_t sent = client->sent;
        network->now_us = sl_transport_deadline_us(client->transport);
        if (network->now_us - dead_us > 20 * SL_US_PER_S)
            fail_msg("nobody takes over");
        tick(network);
        /* Consent is asked of the one in use; of others when it has been silent for long. */
        if (network->now_us - dead_us <= 12 * SL_US_PER_S)
            assert_int_equal(sent_to(client, sent, &after), 0);
    }
    assert_in_range(network->now_us - dead_us, 12 * SL_US_PER_S, 16 * SL_US_PER_S);
    assert_path_is(client, &after);
    assert_int_equal(sl_transport_last_check_us(client->transport), network->now_us);
    assert_path_is(&network->server, &client->addr);
    assert_media_flows(client, &network->server);
    assert_media_flows(&network->server, client);
    drop_network(network);
}

/* Whoever answers may take any path that it was asked on, also the slower one. */
static void an_answer_on_another_path_may_come_two_seconds_later(void **state)
{
    (void)state;
    static const struct variant waits = {.gcm = true, .server_sends_hello = true};
    struct network *network = make_network(&waits);
    struct end *client = &network->client;
    struct sl_addr first = network->server.addr, slow = address("203.0.113.10", 42000);
    struct hello hello = make_hello(network);
    uint8_t bytes[SL_STUN_MAX];

    add_candidate(network, &slow);
    sl_transport_tick(client->transport, network->now_us);
    size_t len = sl_stun_build_success(last_stun(client).transaction_id, &client->addr,
                                       network->server.pwd, bytes);
    network->count = 0; /* the server's own transport has no part in this */
    assert_int_equal(deliver(client, &first, bytes, len), 0);
    assert_path_is(client, &first);
    int64_t late_us = network->now_us + 2 * SL_US_PER_S - 1;
    while (sl_transport_deadline_us(client->transport) < late_us) {
        network->now_us = sl_transport_deadline_us(client->transport);
        sl_transport_tick(client->transport, network->now_us);
    }
    network->now_us = late_us;
    size_t sent = client->sent;
    (void)deliver(client, &slow, hello.bytes, hello.len); /* not before it has answered */
    assert_int_equal(client->sent, sent);
    assert_int_equal(deliver(client, &slow, bytes, len), 0);
    assert_path_is(client, &first);
    (void)deliver(client, &slow, hello.bytes, hello.len);
    assert_true(sent_to(client, sent, &slow) > 0);
    assert_int_equal(sent_to(client, sent, &first), 0);
    drop_network(network);
}

static void forged_answers_change_nothing(void **state)
{
    (void)state;
    static const uint8_t other_id[SL_STUN_TID_LEN] = "guessed";
    struct network *network = make_unanswered();
    struct end *client = &network->client;
    struct sl_addr stranger = address("203.0.113.66", 5555), candidate = network->server.addr;
    uint8_t id[SL_STUN_TID_LEN], bytes[SL_STUN_MAX];

    add_candidate(network, &candidate);
    sl_transport_tick(client->transport, network->now_us);
    memcpy(id, last_stun(client).transaction_id, sizeof(id));
    struct datagram check = network->queue[network->head];
    network->count = 0;
    const struct {
        const char *why;
        const struct sl_addr *from;
        const uint8_t *id;
        const char *password; /* NULL: none */
        int error;            /* 0: a success */
        int err;
    } cases[] = {
        {"wrong password", &candidate, id, "0123456789abcdefghijklmnop", 0, -EACCES},
        {"the client's own password", &candidate, id, client->pwd, 0, -EACCES},
        {"another transaction", &candidate, other_id, network->server.pwd, 0, -ENOENT},
        {"from where nothing was sent", &stranger, id, network->server.pwd, 0, -ENOENT},
        {"an error", &candidate, id, network->server.pwd, 487, -ENOENT},
        {"an error that anybody can make", &candidate, id, NULL, 401, -ENOENT},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        size_t sent = client->sent;
        size_t len =
            cases[i].error
                ? sl_stun_build_error(cases[i].id, cases[i].error, cases[i].password, bytes)
                : sl_stun_build_success(cases[i].id, &client->addr, cases[i].password, bytes);
        int err = deliver(client, cases[i].from, bytes, len);
        if (err != cases[i].err)
            fail_msg("%s: got %d", cases[i].why, err);
        assert_state(client, SL_TRANSPORT_NEW);
        assert_null(sl_transport_path(client->transport));
        assert_int_equal(client->announced_count, 0);
        assert_int_equal(client->sent, sent);
    }
    assert_int_equal(sl_metrics_sum(client->metrics, SL_COUNTER_ICE_CHECKS_OK), 0);
    /* The true one is taken all the same. */
    assert_int_equal(deliver(&network->server, &check.from, check.bytes, check.len), 0);
    deliver_all(network);
    assert_state(client, SL_TRANSPORT_CONNECTED);
    /* And later ones, of a consent check: neither the path nor its life. */
    int64_t checked_us = sl_transport_last_check_us(client->transport);
    network->now_us = sl_transport_deadline_us(client->transport);
    size_t len = sl_stun_build_success(id, &client->addr, network->server.pwd, bytes);
    assert_int_equal(deliver(client, &candidate, bytes, len),
                     0); /* of the check that was answered */
    checked_us = sl_transport_last_check_us(client->transport);
    network->lose_every = 1;
    tick(network);
    network->now_us += SL_US_PER_MS;
    assert_int_equal(deliver(client, &candidate, bytes, len), -ENOENT);
    assert_int_equal(sl_transport_last_check_us(client->transport), checked_us);
    drop_network(network);
}

static void no_more_candidates_are_checked_than_paths_are_remembered(void **state)
{
    (void)state;
    struct network *network = make_unanswered();
    struct end *client = &network->client;
    struct sl_addr all[3 * SL_TRANSPORT_PATHS_MAX];

    for (size_t i = 0; i < SL_ARRAY_LEN(all); i++) {
        all[i] = address("203.0.113.77", (uint16_t)(2000 + i));
        add_candidate(network, &all[i]);
        add_candidate(network, &all[i]); /* said twice */
    }
    sl_transport_tick(client->transport, network->now_us);
    assert_int_equal(client->sent, SL_TRANSPORT_PATHS_MAX);
    assert_int_equal(client->gone_count, 0); /* of none that passed a check */
    /* One was there before; then the first ones, which a description names in order of preference
     * (RFC 8445 section 5.1.2). */
    for (size_t i = 0; i < SL_ARRAY_LEN(all); i++)
        assert_int_equal(sent_to(client, 0, &all[i]), i < SL_TRANSPORT_PATHS_MAX - 1);
    drop_network(network);
}

/* ---- SRTP: hardening class 3, C3 ---- */

static void class_3_ten_thousand_wrong_tags_end_nothing(void **state)
{
    (void)state;
    enum { PACKETS = 10000 };
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);
    struct end *server = &network->server;
    uint8_t bytes[DATAGRAM_MAX];

    assert_media_flows(&network->client, server);
    for (int i = 0; i < PACKETS; i++) {
        size_t len = protect(&network->client, bytes);
        bytes[len - 1] ^= 0x01;
        assert_int_equal(unprotect(server, bytes, len), -EACCES);
        network->client.index--; /* the number stays free for the real one */
    }
    assert_state(server, SL_TRANSPORT_CONNECTED);
    assert_int_equal(sl_metrics_sum(server->metrics, SL_COUNTER_SRTP_AUTH_FAILED), PACKETS);
    assert_media_flows(&network->client, server);
    assert_media_flows(server, &network->client);
    drop_network(network);
}

static void c3_what_fails_unprotect_is_refused_and_leaves_the_length(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_network(&usual);
    struct end *server = &network->server;
    uint8_t bytes[DATAGRAM_MAX] = {0x80, 96};

    assert_int_equal(unprotect(server, bytes, 100), -ENOTCONN);
    tick(network);
    assert_state(server, SL_TRANSPORT_CONNECTED);
    size_t len = protect(&network->client, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t copy[DATAGRAM_MAX];
        size_t cut_len = cut;
        bool rtcp;
        memcpy(copy, bytes, cut);
        assert_true(sl_transport_unprotect(server->transport, copy, &cut_len, &rtcp) < 0);
        assert_int_equal(cut_len, cut);
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t changed[DATAGRAM_MAX];
        memcpy(changed, bytes, len);
        changed[i] ^= 0x01;
        assert_true(unprotect(server, changed, len) < 0);
    }
    assert_int_equal(unprotect(server, bytes, len), 0);
    assert_int_equal(unprotect(server, bytes, len), -EALREADY); /* and once only */
    assert_int_equal(sl_metrics_sum(server->metrics, SL_COUNTER_SRTP_REPLAYED), 1);
    assert_state(server, SL_TRANSPORT_CONNECTED);
    drop_network(network);
}

/* ---- Ends ---- */

static void ws_35_c11_a_wrong_fingerprint_fails_at_once(void **state)
{
    (void)state;
    static const char wrong[] = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                                "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
    static const struct variant variants[] = {
        {.gcm = true, .server_expects = wrong},
        {.gcm = true, .server_expects = wrong, .server_sends_hello = true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(variants); i++) {
        struct network *network = make_network(&variants[i]);
        struct end *server = &network->server;
        uint8_t bytes[DATAGRAM_MAX] = {0x80, 96};
        tick(network); /* no time passes */
        assert_state(server, SL_TRANSPORT_FAILED_FINGERPRINT);
        assert_null(sl_transport_sender(server->transport));
        assert_int_equal(unprotect(server, bytes, 100), -ENOTCONN);
        assert_int_equal(sl_metrics_sum(server->metrics, SL_COUNTER_DTLS_FAILED), 1);
        assert_true(sl_transport_deadline_us(server->transport) == INT64_MAX);
        size_t sent = server->sent;
        assert_int_equal(check_from(network, &network->client.addr, &nomination), -ENOENT);
        assert_int_equal(server->sent, sent);
        drop_network(network);
    }
}

static void close_notify_closes_the_other_side(void **state)
{
    (void)state;
    static const struct variant kept = {.gcm = true, .keep_dtls = true};
    struct network *network = make_connected(&kept);

    assert_media_flows(&network->client, &network->server);
    network->now_us += 60 * SL_US_PER_S;
    tick(network);
    sl_transport_destroy(network->client.transport);
    network->client.transport = NULL;
    deliver_all(network);
    assert_state(&network->server, SL_TRANSPORT_CLOSED);
    drop_network(network);
}

static void the_handshakes_memory_goes_after_the_first_good_packet(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);
    struct end *server = &network->server;
    struct hello hello = make_hello(network);

    /* Until then it is kept some seconds: our last flight may be asked for again. */
    int64_t release_us = sl_transport_deadline_us(server->transport);
    assert_in_range(release_us - network->now_us, SL_US_PER_S, 10 * SL_US_PER_S);
    assert_media_flows(&network->client, server);
    assert_true(sl_transport_deadline_us(server->transport) <= network->now_us);
    sl_transport_tick(server->transport, network->now_us);
    assert_true(sl_transport_deadline_us(server->transport) == INT64_MAX);

    size_t sent = server->sent;
    (void)deliver(server, &network->client.addr, hello.bytes, hello.len);
    sl_transport_destroy(network->client.transport); /* its close_notify is not understood */
    network->client.transport = NULL;
    deliver_all(network);
    assert_int_equal(server->sent, sent);
    assert_state(server, SL_TRANSPORT_CONNECTED);
    drop_network(network);
}

static void the_handshakes_memory_goes_without_a_packet_too(void **state)
{
    (void)state;
    static const struct variant usual = {.gcm = true};
    struct network *network = make_connected(&usual);

    network->now_us = sl_transport_deadline_us(network->server.transport);
    sl_transport_tick(network->server.transport, network->now_us);
    assert_true(sl_transport_deadline_us(network->server.transport) == INT64_MAX);
    assert_media_flows(&network->client, &network->server);
    assert_media_flows(&network->server, &network->client);
    drop_network(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_connect_and_exchange_srtp),
        cmocka_unit_test(srtcp_goes_both_ways_and_is_told_from_rtp),
        cmocka_unit_test(lost_datagrams_cost_time_and_no_connection),
        cmocka_unit_test(class_1_c7_no_dtls_from_a_path_without_a_check),
        cmocka_unit_test(class_1_c7_nor_from_a_candidate_that_has_not_answered),
        cmocka_unit_test(refuses_a_check_with_a_wrong_password_or_ufrag),
        cmocka_unit_test(refuses_a_check_that_was_changed_on_the_way),
        cmocka_unit_test(class_2_c8_c9_only_a_nomination_moves_the_path),
        cmocka_unit_test(an_authentic_path_takes_over_from_one_that_fell_silent),
        cmocka_unit_test(follows_a_client_whose_address_changes),
        cmocka_unit_test(the_oldest_unused_address_gives_way_and_never_the_selected_one),
        cmocka_unit_test(a_tcp_connection_that_ended_is_no_path_any_more),
        cmocka_unit_test(checks_slow_down_while_nobody_answers),
        cmocka_unit_test(a_full_agents_request_is_answered_and_its_address_checked_at_once),
        cmocka_unit_test(who_says_that_it_controls_as_well_is_told_487),
        cmocka_unit_test(any_other_candidate_takes_over_once_the_selected_path_is_dead),
        cmocka_unit_test(an_answer_on_another_path_may_come_two_seconds_later),
        cmocka_unit_test(forged_answers_change_nothing),
        cmocka_unit_test(no_more_candidates_are_checked_than_paths_are_remembered),
        cmocka_unit_test(class_3_ten_thousand_wrong_tags_end_nothing),
        cmocka_unit_test(c3_what_fails_unprotect_is_refused_and_leaves_the_length),
        cmocka_unit_test(ws_35_c11_a_wrong_fingerprint_fails_at_once),
        cmocka_unit_test(close_notify_closes_the_other_side),
        cmocka_unit_test(the_handshakes_memory_goes_after_the_first_good_packet),
        cmocka_unit_test(the_handshakes_memory_goes_without_a_packet_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
