/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTLS handshakes between two ends in memory, over a network that loses, reorders and forges. */
#include "webrtc/dtls.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "webrtc/dtls_internal.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/x509.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { WIRE_MAX = 64, PATIENCE_US = 20 * SL_US_PER_S };

/* What is on its way to one end. */
struct wire {
    struct {
        uint8_t bytes[SL_DTLS_MTU];
        size_t len;
    } datagrams[WIRE_MAX];
    size_t count;
};

struct end {
    struct sl_dtls_identity *identity;
    struct sl_dtls *dtls;
    struct wire *to; /* the peer's inbox */
    struct wire inbox;
    size_t sent;
};

struct session {
    struct end client, server;
    size_t lose;    /* the number of the datagram to lose, counted from 1 */
    size_t carried; /* datagrams so far */
    /* Changes what lies in an inbox before it is read; may be NULL. */
    void (*tamper)(struct session *session, struct end *receiver);
};

static void on_send(void *owner, const uint8_t *datagram, size_t len)
{
    struct end *end = owner;
    struct wire *wire = end->to;

    assert_true(len > 0 && len <= SL_DTLS_MTU);
    assert_true(sl_dtls_is(datagram, len));
    assert_true(wire->count < WIRE_MAX);
    memcpy(wire->datagrams[wire->count].bytes, datagram, len);
    wire->datagrams[wire->count++].len = len;
    end->sent++;
}

static struct sl_dtls_identity *make_identity(bool gcm)
{
    struct sl_dtls_identity *identity = NULL;

    assert_int_equal(sl_dtls_identity_create(gcm, &identity, NULL), 0);
    return identity;
}

static void make_end(struct end *end, bool client, const char *hash, const char *fingerprint)
{
    struct sl_dtls_config config = {.identity = end->identity,
                                    .client = client,
                                    .fingerprint_hash = hash,
                                    .fingerprint = fingerprint,
                                    .on_send = on_send,
                                    .owner = end};

    assert_int_equal(sl_dtls_create(&config, sl_now_us(), &end->dtls), 0);
    assert_int_equal(sl_dtls_state(end->dtls), SL_DTLS_HANDSHAKE);
    assert_true(sl_dtls_deadline_us(end->dtls) == INT64_MAX);
}

static struct session *make_session(struct sl_dtls_identity *client,
                                    struct sl_dtls_identity *server)
{
    struct session *s = sl_new(struct session);

    s->client.identity = client;
    s->server.identity = server;
    s->client.to = &s->server.inbox;
    s->server.to = &s->client.inbox;
    make_end(&s->client, true, "sha-256", sl_dtls_identity_fingerprint(server));
    make_end(&s->server, false, "sha-256", sl_dtls_identity_fingerprint(client));
    return s;
}

static void drop_session(struct session *s)
{
    sl_dtls_destroy(s->client.dtls);
    sl_dtls_destroy(s->server.dtls);
    sl_dtls_identity_destroy(s->client.identity);
    sl_dtls_identity_destroy(s->server.identity);
    free(s);
}

static void deliver(struct session *s, struct end *end)
{
    if (s->tamper)
        s->tamper(s, end);
    for (size_t i = 0; i < end->inbox.count; i++) {
        if (++s->carried == s->lose)
            continue;
        (void)sl_dtls_input(end->dtls, end->inbox.datagrams[i].bytes, end->inbox.datagrams[i].len,
                            sl_now_us());
    }
    end->inbox.count = 0;
}

static bool shaking_hands(const struct session *s)
{
    return sl_dtls_state(s->client.dtls) == SL_DTLS_HANDSHAKE ||
           sl_dtls_state(s->server.dtls) == SL_DTLS_HANDSHAKE;
}

/* Nothing is on the wire: wait for the next timer of either end. False if there is none. */
static bool wait_for_timer(struct session *s)
{
    int64_t client = sl_dtls_deadline_us(s->client.dtls);
    int64_t server = sl_dtls_deadline_us(s->server.dtls);
    int64_t next = client < server ? client : server;

    if (next == INT64_MAX)
        return false;
    int64_t left = next - sl_now_us();
    if (left > 0)
        (void)poll(NULL, 0, (int)(left / SL_US_PER_MS + 1));
    (void)sl_dtls_on_timer(s->client.dtls, sl_now_us());
    (void)sl_dtls_on_timer(s->server.dtls, sl_now_us());
    return true;
}

/* Runs until both ends are done, or one waits for ever. */
static void run(struct session *s)
{
    int64_t until = sl_now_us() + PATIENCE_US;

    sl_dtls_start(s->server.dtls, sl_now_us());
    sl_dtls_start(s->client.dtls, sl_now_us());
    while (sl_now_us() < until) {
        if (s->server.inbox.count > 0)
            deliver(s, &s->server);
        else if (s->client.inbox.count > 0)
            deliver(s, &s->client);
        else if (!shaking_hands(s) || !wait_for_timer(s))
            return;
    }
    fail_msg("still not done");
}

static void assert_connected(struct session *s, enum sl_srtp_profile profile)
{
    struct sl_srtp_keys client_send, client_receive, server_send, server_receive;
    size_t salt_len = profile == SL_SRTP_AEAD_AES_128_GCM ? 12 : 14;

    assert_int_equal(sl_dtls_state(s->client.dtls), SL_DTLS_CONNECTED);
    assert_int_equal(sl_dtls_state(s->server.dtls), SL_DTLS_CONNECTED);
    assert_int_equal(sl_dtls_export_keys(s->client.dtls, &client_send, &client_receive), 0);
    assert_int_equal(sl_dtls_export_keys(s->server.dtls, &server_send, &server_receive), 0);
    assert_int_equal(client_send.profile, profile);
    assert_int_equal(server_send.profile, profile);
    assert_memory_equal(client_send.key, server_receive.key, sl_srtp_key_len(profile));
    assert_memory_equal(client_receive.key, server_send.key, sl_srtp_key_len(profile));
    assert_memory_equal(client_send.salt, server_receive.salt, salt_len);
    assert_memory_equal(client_receive.salt, server_send.salt, salt_len);
    assert_memory_not_equal(client_send.key, client_receive.key, sl_srtp_key_len(profile));
    assert_memory_not_equal(client_send.salt, client_receive.salt, salt_len);
}

/* ---- The good case ---- */

static void both_ends_agree_on_keys_and_prefer_gcm(void **state)
{
    (void)state;
    static const struct {
        bool client_gcm, server_gcm;
        enum sl_srtp_profile profile;
    } cases[] = {
        {true, true, SL_SRTP_AEAD_AES_128_GCM},
        {true, false, SL_SRTP_AES128_CM_SHA1_80},
        {false, true, SL_SRTP_AES128_CM_SHA1_80},
        {false, false, SL_SRTP_AES128_CM_SHA1_80},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct session *s =
            make_session(make_identity(cases[i].client_gcm), make_identity(cases[i].server_gcm));

        run(s);
        assert_connected(s, cases[i].profile);
        assert_true(s->client.sent + s->server.sent <= 6); /* flights share datagrams */
        assert_true(sl_dtls_deadline_us(s->client.dtls) == INT64_MAX);
        assert_true(sl_dtls_deadline_us(s->server.dtls) == INT64_MAX);
        drop_session(s);
    }
}

static void an_identity_is_new_each_time_and_names_nobody(void **state)
{
    (void)state;
    struct sl_dtls_identity *a = make_identity(true), *b = make_identity(true);
    const X509 *cert_a = SSL_CTX_get0_certificate(a->ctx);
    const X509 *cert_b = SSL_CTX_get0_certificate(b->ctx);

    assert_int_equal(strlen(sl_dtls_identity_fingerprint(a)), 95);
    assert_string_not_equal(sl_dtls_identity_fingerprint(a), sl_dtls_identity_fingerprint(b));
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(cert_a), X509_get0_serialNumber(cert_b)), 0);
    assert_int_not_equal(
        X509_NAME_cmp(X509_get_subject_name(cert_a), X509_get_subject_name(cert_b)), 0);
    sl_dtls_identity_destroy(a);
    sl_dtls_identity_destroy(b);
    sl_dtls_identity_destroy(NULL);
    sl_dtls_destroy(NULL);
}

static void keys_cannot_be_had_before_the_end(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));
    struct sl_srtp_keys send, receive;

    assert_int_equal(sl_dtls_export_keys(s->client.dtls, &send, &receive), -ENOTCONN);
    drop_session(s);
}

/* ---- Loss, order, fragments ---- */

static void survives_the_loss_of_any_one_datagram(void **state)
{
    (void)state;
    for (size_t lose = 1; lose <= 5; lose++) {
        struct session *s = make_session(make_identity(true), make_identity(true));

        s->lose = lose;
        run(s);
        assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
        drop_session(s);
    }
}

static void retransmits_after_100_ms_and_then_at_doubling_intervals(void **state)
{
    (void)state;
    static const int64_t expected_ms[] = {100, 200, 400};
    struct session *s = make_session(make_identity(true), make_identity(true));
    int64_t before = sl_now_us();

    sl_dtls_start(s->client.dtls, before);
    assert_int_equal(s->client.sent, 1);
    for (size_t i = 0; i < SL_ARRAY_LEN(expected_ms); i++) {
        int64_t wait_ms = (sl_dtls_deadline_us(s->client.dtls) - before) / SL_US_PER_MS;

        assert_in_range(wait_ms, expected_ms[i] - 20, expected_ms[i] + 20);
        assert_int_equal(sl_dtls_on_timer(s->client.dtls, before), SL_DTLS_HANDSHAKE);
        assert_int_equal(s->client.sent, i + 1); /* not before its time */
        while (s->client.sent == i + 1) {
            before = sl_now_us();
            assert_true(wait_for_timer(s));
        }
        assert_int_equal(s->client.sent, i + 2);
        before = sl_now_us();
    }
    drop_session(s);
}

/* Splits the first ClientHello (one record, one message) into fragments of 30 bytes, each a
 * datagram of its own, last one first: Chromium's is often too large for one datagram. */
static void fragment_client_hello(struct session *s, struct end *receiver)
{
    enum { RECORD = 13, MESSAGE = 12, PIECE = 30 };
    struct wire whole = receiver->inbox, *wire = &receiver->inbox;
    const uint8_t *record = whole.datagrams[0].bytes;

    if (receiver != &s->server || s->carried > 0)
        return;
    size_t body_len = sl_load_u24(record + RECORD + 1);
    assert_int_equal(whole.datagrams[0].len, RECORD + MESSAGE + body_len);

    wire->count = (body_len + PIECE - 1) / PIECE;
    assert_true(wire->count > 3 && wire->count < WIRE_MAX);
    for (size_t i = 0; i < wire->count; i++) {
        size_t offset = i * PIECE;
        size_t len = body_len - offset < PIECE ? body_len - offset : PIECE;
        uint8_t *out = wire->datagrams[wire->count - 1 - i].bytes;

        memcpy(out, record, RECORD + MESSAGE);
        out[RECORD - 3] = (uint8_t)(i + 1); /* record sequence number, its last byte */
        sl_store_u16(out + RECORD - 2, (uint16_t)(MESSAGE + len));
        sl_store_u24(out + RECORD + 6, (uint32_t)offset);
        sl_store_u24(out + RECORD + 9, (uint32_t)len);
        memcpy(out + RECORD + MESSAGE, record + RECORD + MESSAGE + offset, len);
        wire->datagrams[wire->count - 1 - i].len = RECORD + MESSAGE + len;
    }
}

static void joins_a_client_hello_that_comes_in_fragments_and_backwards(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));

    s->tamper = fragment_client_hello;
    run(s);
    assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
    drop_session(s);
}

/* Every record travels alone, and each flight's records backwards. */
static void scatter_backwards(struct session *s, struct end *receiver)
{
    struct wire whole = receiver->inbox, *wire = &receiver->inbox;
    struct sl_dtls_record records[WIRE_MAX];
    size_t count = 0;

    (void)s;
    for (size_t i = 0; i < whole.count; i++) {
        const uint8_t *at = whole.datagrams[i].bytes;
        size_t left = whole.datagrams[i].len;
        while (count < WIRE_MAX && sl_dtls_record_next(&at, &left, &records[count]))
            count++;
        assert_int_equal(left, 0);
    }
    wire->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(wire->datagrams[count - 1 - i].bytes, records[i].bytes, records[i].len);
        wire->datagrams[count - 1 - i].len = records[i].len;
    }
}

static void survives_records_in_reverse_order(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));

    s->tamper = scatter_backwards;
    run(s);
    assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
    drop_session(s);
}

/* ---- Certificates ---- */

static void a_certificate_of_another_fingerprint_fails_at_once(void **state)
{
    (void)state;
    for (int client_is_wrong = 0; client_is_wrong <= 1; client_is_wrong++) {
        struct session *s = make_session(make_identity(true), make_identity(true));
        struct end *judge = client_is_wrong ? &s->server : &s->client;
        struct sl_srtp_keys send, receive;
        char other[SL_FINGERPRINT_TEXT_MAX];

        (void)snprintf(other, sizeof(other), "%s",
                       sl_dtls_identity_fingerprint(client_is_wrong ? s->client.identity
                                                                    : s->server.identity));
        other[94] = other[94] == '0' ? '1' : '0';
        sl_dtls_destroy(judge->dtls);
        make_end(judge, !client_is_wrong, "sha-256", other);

        sl_dtls_start(s->client.dtls, sl_now_us());
        while (s->server.inbox.count + s->client.inbox.count > 0) {
            deliver(s, &s->server);
            deliver(s, &s->client);
        }
        assert_int_equal(sl_dtls_state(judge->dtls), SL_DTLS_FAILED_FINGERPRINT);
        assert_true(sl_dtls_deadline_us(judge->dtls) == INT64_MAX);
        assert_int_equal(sl_dtls_export_keys(judge->dtls, &send, &receive), -ENOTCONN);
        drop_session(s);
    }
}

static void fingerprint_of(const struct sl_dtls_identity *identity, const EVP_MD *md, bool lower,
                           char out[256])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;

    assert_true(X509_digest(SSL_CTX_get0_certificate(identity->ctx), md, digest, &len));
    for (unsigned i = 0; i < len; i++)
        (void)snprintf(out + 3 * (size_t)i, 4, lower ? "%02x:" : "%02X:", digest[i]);
    out[3 * len - 1] = '\0';
}

static void takes_fingerprints_of_every_hash_in_either_case(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
        bool lower;
    } cases[] = {
        {"sha-1", EVP_sha1, true},
        {"SHA-256", EVP_sha256, true},
        {"Sha-384", EVP_sha384, false},
        {"sha-512", EVP_sha512, true},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct session *s = make_session(make_identity(true), make_identity(true));
        char fingerprint[256];

        fingerprint_of(s->client.identity, cases[i].md(), cases[i].lower, fingerprint);
        sl_dtls_destroy(s->server.dtls);
        make_end(&s->server, false, cases[i].name, fingerprint);
        run(s);
        assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
        drop_session(s);
    }
}

static void refuses_fingerprints_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *hash, *fingerprint;
    } cases[] = {
        {"md5", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"},
        {"", "00"},
        {"sha-1", ""},
        {"sha-1", "00"},
        {"sha-1", "00:"},
        {"sha-1", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44"},
        {"sha-1", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:3"},
        {"sha-1", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:3G"},
        {"sha-1", "00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF 00 11 22 33"},
        {"sha-256", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"},
    };
    struct sl_dtls_identity *identity = make_identity(true);

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_dtls *dtls = NULL;
        struct sl_dtls_config config = {.identity = identity,
                                        .fingerprint_hash = cases[i].hash,
                                        .fingerprint = cases[i].fingerprint,
                                        .on_send = on_send};
        int err = sl_dtls_create(&config, 0, &dtls);
        if (err != -EINVAL || dtls)
            fail_msg("case %zu: got %d", i, err);
    }
    sl_dtls_identity_destroy(identity);
}

/* An identity whose OpenSSL settings the test then bends. Its own checks are off. */
static struct sl_dtls_identity *make_odd_identity(void)
{
    struct sl_dtls_identity *identity = make_identity(true);

    SSL_CTX_set_verify(identity->ctx, SSL_VERIFY_NONE, NULL);
    return identity;
}

static struct sl_dtls_identity *without_certificate(void)
{
    struct sl_dtls_identity *identity = make_odd_identity();
    SSL_CTX *bare = SSL_CTX_new(DTLS_method());

    assert_int_equal(SSL_CTX_set_tlsext_use_srtp(bare, "SRTP_AES128_CM_SHA1_80"), 0);
    SSL_CTX_set_options(bare, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_free(identity->ctx);
    identity->ctx = bare;
    return identity;
}

static struct sl_dtls_identity *without_srtp(void)
{
    struct sl_dtls_identity *identity = make_odd_identity(), *copy = make_odd_identity();
    SSL_CTX *bare = SSL_CTX_new(DTLS_method());

    assert_int_equal(SSL_CTX_use_certificate(bare, SSL_CTX_get0_certificate(copy->ctx)), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(bare, SSL_CTX_get0_privatekey(copy->ctx)), 1);
    SSL_CTX_set_options(bare, SSL_OP_NO_QUERY_MTU);
    memcpy(identity->fingerprint, copy->fingerprint, sizeof(identity->fingerprint));
    sl_dtls_identity_destroy(copy);
    SSL_CTX_free(identity->ctx);
    identity->ctx = bare;
    return identity;
}

static struct sl_dtls_identity *of_dtls_1_0(void)
{
    struct sl_dtls_identity *identity = make_odd_identity();

    SSL_CTX_set_security_level(identity->ctx, 0);
    assert_int_equal(SSL_CTX_set_cipher_list(identity->ctx, "ALL"), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(identity->ctx, DTLS1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(identity->ctx, DTLS1_VERSION), 1);
    return identity;
}

static void a_client_that_lacks_something_fails(void **state)
{
    (void)state;
    static const struct {
        const char *lacks;
        struct sl_dtls_identity *(*make)(void);
    } cases[] = {
        {"a certificate", without_certificate},
        {"use_srtp", without_srtp},
        {"DTLS 1.2", of_dtls_1_0},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct session *s = make_session(cases[i].make(), make_identity(true));

        sl_dtls_start(s->client.dtls, sl_now_us());
        while (s->server.inbox.count + s->client.inbox.count > 0) {
            deliver(s, &s->server);
            deliver(s, &s->client);
        }
        if (sl_dtls_state(s->server.dtls) != SL_DTLS_FAILED)
            fail_msg("lacks %s: state %d", cases[i].lacks, (int)sl_dtls_state(s->server.dtls));
        drop_session(s);
    }
}

static void a_server_may_have_an_rsa_certificate(void **state)
{
    (void)state;
    struct sl_dtls_identity *server = make_identity(true);
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *cert = X509_dup(SSL_CTX_get0_certificate(server->ctx));

    assert_true(X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()) > 0);
    SSL_CTX *rsa = SSL_CTX_new(DTLS_method());
    SSL_CTX_set_options(rsa, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_verify(rsa, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(rsa, sl_dtls_verify_peer, NULL);
    assert_int_equal(SSL_CTX_set_tlsext_use_srtp(rsa, "SRTP_AES128_CM_SHA1_80"), 0);
    assert_true(SSL_CTX_use_certificate(rsa, cert) && SSL_CTX_use_PrivateKey(rsa, key));
    SSL_CTX_free(server->ctx);
    server->ctx = rsa;
    char fingerprint[256];
    fingerprint_of(server, EVP_sha256(), false, fingerprint);
    memcpy(server->fingerprint, fingerprint, sizeof(server->fingerprint));

    struct session *s = make_session(make_identity(true), server);
    run(s);
    assert_connected(s, SL_SRTP_AES128_CM_SHA1_80);
    drop_session(s);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* ---- Hostile input (hardening.md classes 1 and 23) ---- */

/* Plain-text records that anyone could send in the peer's name. */
static const struct {
    const char *what;
    uint8_t bytes[40];
    size_t len;
} forgeries[] = {
    {"fatal alert", {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 77, 0, 2, 2, 40}, 15},
    {"close_notify", {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 78, 0, 2, 1, 0}, 15},
    {"application data", {23, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 79, 0, 2, 'h', 'i'}, 15},
    {"empty record", {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 80, 0, 0}, 13},
    {"alert of the next epoch", {21, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40}, 15},
    {"application data of it", {23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 2, 0, 2, 2, 40}, 15},
    {"epoch 9", {22, 0xFE, 0xFD, 0, 9, 0, 0, 0, 0, 0, 2, 0, 2, 2, 40}, 15},
    {"version of TLS", {22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 82, 0, 1, 1}, 14},
    {"record beyond the end", {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 83, 1, 0, 1}, 14},
    {"half a message header", {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 84, 0, 4, 1, 0, 0, 9}, 17},
    {"fragment beyond its message",
     {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 85, 0, 13, 1, 0, 0, 1, 0, 0, 0, 0, 9, 0, 0, 1, 7},
     26},
    {"message of 16 MB",
     {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 86, 0, 13, 1, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1, 7},
     26},
    {"odd ChangeCipherSpec", {20, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 87, 0, 2, 1, 1}, 15},
    {"a lone byte", {22}, 1},
};

static void inject(struct end *end)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(forgeries); i++) {
        enum sl_dtls_state before = sl_dtls_state(end->dtls);
        if (sl_dtls_input(end->dtls, forgeries[i].bytes, forgeries[i].len, sl_now_us()) != before)
            fail_msg("%s: state %d", forgeries[i].what, (int)sl_dtls_state(end->dtls));
    }
    /* Protected records that nobody protected, of every length that a cipher might look at. */
    for (uint8_t len = 0; len < 64; len++) {
        uint8_t record[13 + 64] = {21, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 1, len, 0, len};
        enum sl_dtls_state before = sl_dtls_state(end->dtls);
        sl_random_bytes(record + 13, len);
        if (sl_dtls_input(end->dtls, record, 13U + len, sl_now_us()) != before)
            fail_msg("a forged alert of %u bytes: state %d", len, (int)sl_dtls_state(end->dtls));
    }
    for (size_t i = 0; i < 20; i++) {
        uint8_t noise[300];
        sl_random_bytes(noise, sizeof(noise));
        noise[0] = (uint8_t)(20 + noise[0] % 44);
        (void)sl_dtls_input(end->dtls, noise, noise[1], sl_now_us());
    }
}

static void forge_before_every_delivery(struct session *s, struct end *receiver)
{
    (void)receiver;
    inject(&s->client);
    inject(&s->server);
}

static void forged_plain_text_and_garbage_end_no_handshake(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));

    inject(&s->client);
    inject(&s->server);
    s->tamper = forge_before_every_delivery;
    run(s);
    assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
    inject(&s->client);
    inject(&s->server);
    assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
    drop_session(s);
}

static void a_handshake_takes_in_so_much_and_no_more(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));
    /* A ClientHello of 16000 bytes that never gets complete: one byte, over and over. */
    uint8_t record[1200] = {22, 0xFE, 0xFD, 0,    0, 0, 0, 0, 0, 0, 0, 0, 13,
                            1,  0,    0x3E, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 7};
    size_t taken;

    for (taken = 0; taken < 1000; taken++) {
        sl_store_u16(record + 9, (uint16_t)taken);
        if (sl_dtls_input(s->server.dtls, record, 26, sl_now_us()) != SL_DTLS_HANDSHAKE)
            break;
    }
    assert_int_equal(taken, 200);
    assert_int_equal(sl_dtls_state(s->server.dtls), SL_DTLS_FAILED);

    size_t sent = s->server.sent;
    sl_dtls_start(s->client.dtls, sl_now_us());
    deliver(s, &s->server); /* a good ClientHello now comes too late */
    assert_int_equal(sl_dtls_state(s->server.dtls), SL_DTLS_FAILED);
    assert_int_equal(s->server.sent, sent);
    drop_session(s);
}

/* ---- After the handshake ---- */

static void close_notify_closes_the_other_end(void **state)
{
    (void)state;
    for (int by_client = 0; by_client <= 1; by_client++) {
        struct session *s = make_session(make_identity(true), make_identity(true));
        struct end *closer = by_client ? &s->client : &s->server;
        struct end *other = by_client ? &s->server : &s->client;

        run(s);
        sl_dtls_close(closer->dtls);
        assert_int_equal(sl_dtls_state(closer->dtls), SL_DTLS_CLOSED);
        assert_int_equal(other->inbox.count, 1);
        deliver(s, other);
        assert_int_equal(sl_dtls_state(other->dtls), SL_DTLS_CLOSED);
        sl_dtls_close(closer->dtls);
        assert_int_equal(other->inbox.count, 0); /* said once */
        drop_session(s);
    }
}

static void closing_a_handshake_says_nothing(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));

    sl_dtls_start(s->client.dtls, sl_now_us());
    sl_dtls_close(s->client.dtls);
    assert_int_equal(s->client.sent, 1);
    drop_session(s);
}

static void a_server_answers_a_repeated_last_flight(void **state)
{
    (void)state;
    struct session *s = make_session(make_identity(true), make_identity(true));

    sl_dtls_start(s->client.dtls, sl_now_us());
    deliver(s, &s->server);
    deliver(s, &s->client);
    deliver(s, &s->server);
    assert_int_equal(sl_dtls_state(s->server.dtls), SL_DTLS_CONNECTED);
    s->client.inbox.count = 0; /* the server's last flight is lost */
    while (s->server.inbox.count == 0)
        assert_true(wait_for_timer(s));
    deliver(s, &s->server);
    assert_true(s->client.inbox.count > 0);
    deliver(s, &s->client);
    assert_connected(s, SL_SRTP_AEAD_AES_128_GCM);
    drop_session(s);
}

static void knows_a_dtls_datagram_by_its_first_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t datagram[1] = {(uint8_t)byte};
        assert_int_equal(sl_dtls_is(datagram, 1), byte >= 20 && byte <= 63);
    }
    assert_false(sl_dtls_is(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree_on_keys_and_prefer_gcm),
        cmocka_unit_test(an_identity_is_new_each_time_and_names_nobody),
        cmocka_unit_test(keys_cannot_be_had_before_the_end),
        cmocka_unit_test(survives_the_loss_of_any_one_datagram),
        cmocka_unit_test(retransmits_after_100_ms_and_then_at_doubling_intervals),
        cmocka_unit_test(joins_a_client_hello_that_comes_in_fragments_and_backwards),
        cmocka_unit_test(survives_records_in_reverse_order),
        cmocka_unit_test(a_certificate_of_another_fingerprint_fails_at_once),
        cmocka_unit_test(takes_fingerprints_of_every_hash_in_either_case),
        cmocka_unit_test(refuses_fingerprints_that_are_none),
        cmocka_unit_test(a_client_that_lacks_something_fails),
        cmocka_unit_test(a_server_may_have_an_rsa_certificate),
        cmocka_unit_test(forged_plain_text_and_garbage_end_no_handshake),
        cmocka_unit_test(a_handshake_takes_in_so_much_and_no_more),
        cmocka_unit_test(close_notify_closes_the_other_end),
        cmocka_unit_test(closing_a_handshake_says_nothing),
        cmocka_unit_test(a_server_answers_a_repeated_last_flight),
        cmocka_unit_test(knows_a_dtls_datagram_by_its_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
