/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two who show one another a certificate: whose it is to be, by fingerprint or by name. */
#include "base/error.h"
#include "base/mem.h"
#include "net/fingerprint.h"
#include "net/tls.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    SSL_CTX *ours, *theirs; /* theirs is of peer.test */
    SSL_CTX *trusting;      /* their certificate, as an authority's */
    SSL_CTX *wary;          /* nobody */
    SSL *client, *server;
};

static SSL_CTX *make_context(const char *directory, const char *name)
{
    char cert[96], key[96];
    const struct sl_tls_files files = {.cert = cert, .key = key};
    struct sl_error error = {""};
    SSL_CTX *context = NULL;

    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", directory);
    (void)snprintf(key, sizeof(key), "%s/key.pem", directory);
    if (sl_tls_self_signed(cert, key, &name, 1, &error) < 0 ||
        sl_tls_peer_context(&files, &context, &error) < 0)
        print_error("%s\n", error.text);
    (void)unlink(cert);
    (void)unlink(key);
    return context;
}

static int set_up(void **state)
{
    char directory[] = "/tmp/sluice-peer-XXXXXX";
    struct fixture *f = sl_new(struct fixture);

    *state = f;
    if (!mkdtemp(directory))
        return -1;
    f->ours = make_context(directory, "ours.test");
    f->theirs = make_context(directory, "peer.test");
    (void)rmdir(directory);
    f->trusting = SSL_CTX_new(TLS_method());
    f->wary = SSL_CTX_new(TLS_method());
    return f->ours && f->theirs && f->trusting && f->wary &&
                   X509_STORE_add_cert(SSL_CTX_get_cert_store(f->trusting),
                                       SSL_CTX_get0_certificate(f->theirs)) == 1
               ? 0
               : -1;
}

static void disconnect(struct fixture *f)
{
    SSL_free(f->client);
    SSL_free(f->server);
    f->client = f->server = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    disconnect(f);
    SSL_CTX_free(f->ours);
    SSL_CTX_free(f->theirs);
    SSL_CTX_free(f->trusting);
    SSL_CTX_free(f->wary);
    free(f);
    return 0;
}

/* A whole handshake. */
static void connect_them(struct fixture *f, SSL_CTX *client, SSL_CTX *server)
{
    BIO *one = NULL, *other = NULL;
    int done = 0;

    f->client = sl_tls_connect(client, "peer.test");
    f->server = sl_tls_accept(server);
    assert_true(f->client && f->server && BIO_new_bio_pair(&one, 0, &other, 0) == 1);
    SSL_set_bio(f->client, one, one);
    SSL_set_bio(f->server, other, other);
    for (int i = 0; i < 10 && done < 2; i++)
        done = (SSL_do_handshake(f->client) == 1) + (SSL_do_handshake(f->server) == 1);
    assert_int_equal(done, 2);
}

/* Whether it is they who are connected, and whether they are who connects or not. */
static int check(struct fixture *f, bool they_connect, const struct sl_tls_peer *peer,
                 struct sl_error *error)
{
    connect_them(f, they_connect ? f->theirs : f->ours, they_connect ? f->ours : f->theirs);
    int err = sl_tls_check_peer(they_connect ? f->server : f->client, peer, error);
    disconnect(f);
    return err;
}

static void a_fingerprint_is_enough(void **state)
{
    struct fixture *f = *state;
    struct sl_fingerprint both[2];
    const X509 *cert = SSL_CTX_get0_certificate(f->theirs);
    struct sl_error error = {""};

    assert_true(sl_fingerprint_make(SSL_CTX_get0_certificate(f->ours), &both[0]));
    assert_true(sl_fingerprint_make(cert, &both[1]));
    for (int they_connect = 0; they_connect < 2; they_connect++) {
        struct sl_tls_peer peer = {.fingerprints = both, .fingerprint_count = 2};
        assert_int_equal(check(f, they_connect, &peer, &error), 0);
        peer.fingerprint_count = 1;
        assert_int_equal(check(f, they_connect, &peer, &error), -EACCES);
        assert_string_equal(error.text, "the certificate is not the one of the fingerprint");
        peer.trusted = f->trusting; /* does not help */
        peer.host = "peer.test";
        assert_int_equal(check(f, they_connect, &peer, &error), -EACCES);
    }
}

static void without_one_a_name_is_proved_by_an_authority(void **state)
{
    struct fixture *f = *state;
    const struct {
        SSL_CTX *trusted;
        const char *host, *words; /* words NULL: it is they */
    } cases[] = {
        {f->trusting, "peer.test", NULL},
        {f->trusting, "Peer.Test", NULL},
        {f->trusting, "other.test", "the certificate of other.test is refused: hostname mismatch"},
        {f->wary, "peer.test", "the certificate of peer.test is refused: self-signed certificate"},
        {NULL, "peer.test", "the certificate cannot be checked"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        for (int they_connect = 0; they_connect < 2; they_connect++) {
            const struct sl_tls_peer peer = {.trusted = cases[i].trusted, .host = cases[i].host};
            struct sl_error error = {""};
            int err = check(f, they_connect, &peer, &error);
            if (err != (cases[i].words ? -EACCES : 0) ||
                strcmp(error.text, cases[i].words ? cases[i].words : "") != 0)
                fail_msg("case %zu: got %d, %s", i, err, error.text);
        }
    }
}

static void who_shows_none_is_nobody(void **state)
{
    struct fixture *f = *state;
    struct sl_fingerprint fingerprint;
    const struct sl_tls_peer peer = {.fingerprints = &fingerprint, .fingerprint_count = 1};
    SSL_CTX *without = SSL_CTX_new(TLS_client_method());
    struct sl_error error = {""};

    assert_true(sl_fingerprint_make(SSL_CTX_get0_certificate(f->theirs), &fingerprint));
    connect_them(f, without, f->ours);
    assert_int_equal(sl_tls_check_peer(f->server, &peer, &error), -EACCES);
    assert_string_equal(error.text, "no certificate is shown");
    SSL_CTX_free(without);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fingerprint_is_enough),
        TEST(without_one_a_name_is_proved_by_an_authority),
        TEST(who_shows_none_is_nobody),
    };

    return cmocka_run_group_tests_name("net tls_peer", tests, NULL, NULL);
}
