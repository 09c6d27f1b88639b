/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates, TLS versions and suites, reloading. */
#include "fixture.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LEN = 128 };

static char directory[] = "sluice-tls-XXXXXX";
static char cert_file[PATH_LEN], key_file[PATH_LEN];
static struct server *server;

static void remove_files(void)
{
    (void)unlink(cert_file);
    (void)unlink(key_file);
}

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    (void)snprintf(cert_file, sizeof(cert_file), "%s/cert.pem", directory);
    (void)snprintf(key_file, sizeof(key_file), "%s/key.pem", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    remove_files();
    return rmdir(directory);
}

static int set_up(void **state)
{
    static const char *const names[] = {"192.0.2.7", "2001:db8::7", "media.example"};
    struct server_config config = {.cert_file = cert_file, .key_file = key_file};
    struct sl_error error;

    (void)state;
    remove_files();
    if (sl_tls_self_signed(cert_file, key_file, names, SL_ARRAY_LEN(names), &error) < 0)
        return -1;
    server = server_start(&config);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(server);
    return 0;
}

static X509 *read_certificate(void)
{
    FILE *file = fopen(cert_file, "r");
    assert_non_null(file);
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    assert_non_null(cert);
    return cert;
}

/* ---- A TLS client ---- */

struct client {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

static bool client_connect(struct client *client, int max_version, const char *suites,
                           const char *alpn)
{
    client->fd = dial(server_port(server));
    client->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(client->context, max_version);
    SSL_CTX_set_security_level(client->context, 0);
    if (suites)
        assert_int_equal(SSL_CTX_set_cipher_list(client->context, suites), 1);
    client->ssl = SSL_new(client->context);
    if (alpn)
        SSL_set_alpn_protos(client->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(client->ssl, client->fd);
    return SSL_connect(client->ssl) == 1;
}

static void client_close(struct client *client)
{
    ERR_clear_error();
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->fd);
}

/* ---- Tests ---- */

static void makes_a_certificate_for_all_names_and_a_key_for_the_owner_only(void **state)
{
    struct stat status;
    struct sl_error error;

    (void)state;
    X509 *cert = read_certificate();
    assert_int_equal(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "media.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "other.example", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(cert, "192.0.2.7", 0), 1);
    assert_int_equal(X509_check_ip_asc(cert, "2001:db8::7", 0), 1);
    EVP_PKEY *key = X509_get0_pubkey(cert);
    assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_EC);
    assert_int_equal(EVP_PKEY_get_bits(key), 256);
    assert_int_equal(X509_cmp_current_time(X509_get0_notBefore(cert)), -1);
    assert_int_equal(X509_verify(cert, key), 1);
    assert_int_equal(stat(key_file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    /* Both exist: they stay. */
    assert_int_equal(sl_tls_self_signed(cert_file, key_file, NULL, 0, &error), 0);
    X509 *again = read_certificate();
    assert_int_equal(X509_cmp(cert, again), 0);
    X509_free(cert);
    X509_free(again);
    assert_int_equal(sl_tls_self_signed("/nowhere/cert", "/nowhere/key", NULL, 0, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nowhere/key"));
}

static void takes_TLS_1_2_and_later_with_AEAD_only(void **state)
{
    static const struct {
        int version;
        const char *suites, *alpn, *selected;
        bool taken;
    } cases[] = {
        {TLS1_3_VERSION, NULL, NULL, "", true},
        {TLS1_3_VERSION, NULL, "\x02h2\x08http/1.1", "http/1.1", true},
        {TLS1_3_VERSION, NULL, "\x02h2", "", false},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, "", true},
        {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", NULL, "", true},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL, "", false},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384", NULL, "", false},
        {TLS1_1_VERSION, NULL, NULL, "", false},
        {TLS1_VERSION, NULL, NULL, "", false},
    };

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct client client;
        const unsigned char *alpn = NULL;
        unsigned alpn_len = 0;
        bool taken = client_connect(&client, cases[i].version, cases[i].suites, cases[i].alpn);
        if (taken != cases[i].taken)
            fail_msg("case %zu: %d", i, taken);
        SSL_get0_alpn_selected(client.ssl, &alpn, &alpn_len);
        assert_int_equal(alpn_len, strlen(cases[i].selected));
        client_close(&client);
    }
}

static void serves_requests_and_sees_their_end(void **state)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    static char answer[4096];
    struct client client;
    int got;

    (void)state;
    assert_true(client_connect(&client, TLS1_3_VERSION, NULL, NULL));
    for (size_t i = 0; i < sizeof(request) - 1; i++) /* a record per byte */
        assert_int_equal(SSL_write(client.ssl, request + i, 1), 1);
    got = SSL_read(client.ssl, answer, sizeof(answer) - 1);
    assert_true(got > 0);
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK"));
    (void)SSL_write(client.ssl, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n", 32);
    (void)expect(server, "request GET /later");
    SSL_shutdown(client.ssl);
    client_close(&client);
    (void)expect(server, "gone");
}

static void sends_long_answers_and_takes_long_bodies(void **state)
{
    enum { BODY_LEN = 300000 };
    static char body[BODY_LEN], answer[1 << 16];
    struct client client;
    size_t total = 0;
    int got;

    (void)state;
    assert_true(client_connect(&client, TLS1_3_VERSION, NULL, NULL));
    memset(body, 'b', sizeof(body));
    int len = snprintf(answer, sizeof(answer),
                       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY_LEN);
    assert_int_equal(SSL_write(client.ssl, answer, len), len);
    assert_int_equal(SSL_write(client.ssl, body, BODY_LEN), BODY_LEN);
    while (total < BODY_LEN && (got = SSL_read(client.ssl, answer, sizeof(answer))) > 0)
        total += (size_t)got;
    assert_in_range(total, BODY_LEN, BODY_LEN + 1000);
    client_close(&client);
}

static void reload(struct server *s, void *arg)
{
    struct sl_certificate *certificate = sl_listener_certificate(server_listener(s));

    *(int *)arg = sl_certificate_load(certificate, NULL);
    sl_listener_use_certificate(server_listener(s), certificate);
    sl_certificate_destroy(certificate);
}

static void new_connections_get_a_reloaded_certificate_and_old_ones_stay(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct client old, new;
    struct sl_error error;
    char answer[1024];
    int err;

    (void)state;
    assert_true(client_connect(&old, TLS1_3_VERSION, NULL, NULL));
    X509 *before = SSL_get1_peer_certificate(old.ssl);
    remove_files();
    server_call(server, reload, &err); /* nothing there: the old one stays in use */
    assert_int_equal(err, -ENOENT);
    assert_true(client_connect(&new, TLS1_3_VERSION, NULL, NULL));
    X509 *still = SSL_get1_peer_certificate(new.ssl);
    assert_int_equal(X509_cmp(before, still), 0);
    client_close(&new);
    assert_int_equal(sl_tls_self_signed(cert_file, key_file, NULL, 0, &error), 0);
    server_call(server, reload, &err);
    assert_int_equal(err, 0);
    assert_true(client_connect(&new, TLS1_3_VERSION, NULL, NULL));
    X509 *after = SSL_get1_peer_certificate(new.ssl);
    assert_int_not_equal(X509_cmp(before, after), 0);
    assert_int_equal(SSL_write(old.ssl, request, sizeof(request) - 1), sizeof(request) - 1);
    assert_true(SSL_read(old.ssl, answer, sizeof(answer)) > 0);
    X509_free(before);
    X509_free(still);
    X509_free(after);
    client_close(&old);
    client_close(&new);
}

struct bad_files {
    struct sl_listener_config config;
    int err;
    struct sl_error error;
};

static void listen_with(struct server *s, void *arg)
{
    struct bad_files *bad = arg;
    struct sl_listener *listener;

    bad->err = sl_listener_create(server_http(s), &bad->config, &listener, &bad->error);
}

static void names_the_file_that_is_wrong(void **state)
{
    struct bad_files bad = {.config = {.name = "wss.cert", .cert_file = "/nowhere/c"}};

    (void)state;
    server_call(server, listen_with, &bad);
    assert_int_equal(bad.err, -ENOENT);
    assert_non_null(strstr(bad.error.text, "wss.cert: certificate /nowhere/c"));
    bad.config.cert_file = key_file;
    server_call(server, listen_with, &bad);
    assert_int_equal(bad.err, -EINVAL);
    assert_non_null(strstr(bad.error.text, key_file));
    bad.config.cert_file = cert_file;
    bad.config.key_file = cert_file;
    server_call(server, listen_with, &bad);
    assert_int_equal(bad.err, -EINVAL);
    assert_non_null(strstr(bad.error.text, "key "));
    bad.config.key_file = key_file;
    bad.config.chain_file = key_file;
    server_call(server, listen_with, &bad);
    assert_int_equal(bad.err, -EINVAL);
    assert_non_null(strstr(bad.error.text, "chain"));
    bad.config.chain_file = cert_file; /* any certificate will do */
    server_call(server, listen_with, &bad);
    assert_int_equal(bad.err, 0);
}

/* Rewrites the key with a passphrase: as PKCS #8, or in the older form with a header. */
static void encrypt_key(bool pkcs8)
{
    FILE *file = fopen(key_file, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    unsigned char secret[] = "secret";
    BIO *out;

    assert_non_null(key);
    (void)fclose(file);
    out = BIO_new_file(key_file, "w");
    assert_non_null(out);
    if (pkcs8)
        assert_int_equal(
            PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
    else
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(out, key, EVP_aes_128_cbc(), secret,
                                                              6, NULL, NULL),
                         1);
    BIO_free(out);
    EVP_PKEY_free(key);
}

static void a_key_with_a_passphrase_is_refused_and_nobody_is_asked(void **state)
{
    struct bad_files bad = {
        .config = {.name = "wss.cert", .cert_file = cert_file, .key_file = key_file}};
    struct sl_error error;
    int err;

    (void)state;
    for (int pkcs8 = 0; pkcs8 < 2; pkcs8++) {
        encrypt_key(pkcs8);
        server_call(server, listen_with, &bad);
        assert_int_equal(bad.err, -EINVAL);
        assert_non_null(strstr(bad.error.text, "wss.cert: key "));
        assert_non_null(strstr(bad.error.text, "has a passphrase"));
        server_call(server, reload, &err);
        assert_int_equal(err, -EINVAL);
        bad.config.chain_file = key_file; /* a file that would ask as well */
        server_call(server, listen_with, &bad);
        assert_int_equal(bad.err, -EINVAL);
        bad.config.chain_file = NULL;
        remove_files();
        assert_int_equal(sl_tls_self_signed(cert_file, key_file, NULL, 0, &error), 0);
    }
}

static void survives_what_is_not_TLS_and_half_handshakes(void **state)
{
    int half[20];
    char dropped[256];

    (void)state;
    for (size_t i = 0; i < SL_ARRAY_LEN(half); i++) {
        half[i] = dial(server_port(server));
        send_all(half[i], "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", i % 11);
    }
    int fd = dial(server_port(server));
    send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)receive(fd, dropped, sizeof(dropped), 3000, NULL);
    wait_closed(fd, 1000);
    close(fd);
    struct client client;
    assert_true(client_connect(&client, TLS1_3_VERSION, NULL, NULL));
    client_close(&client);
    for (size_t i = 0; i < SL_ARRAY_LEN(half); i++)
        close(half[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        T(makes_a_certificate_for_all_names_and_a_key_for_the_owner_only),
        T(takes_TLS_1_2_and_later_with_AEAD_only),
        T(serves_requests_and_sees_their_end),
        T(sends_long_answers_and_takes_long_bodies),
        T(new_connections_get_a_reloaded_certificate_and_old_ones_stay),
        T(names_the_file_that_is_wrong),
        T(a_key_with_a_passphrase_is_refused_and_nobody_is_asked),
        T(survives_what_is_not_TLS_and_half_handshakes),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
