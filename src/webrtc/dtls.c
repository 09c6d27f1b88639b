/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One DTLS handshake on OpenSSL, and what remains to be heard after it.
 *
 *   HANDSHAKE --finished, SRTP profile agreed--> CONNECTED --close_notify--> CLOSED
 *       |------- fatal error, too much input --> FAILED <--fatal error--|
 *       |------- certificate is another one ---> FAILED_FINGERPRINT
 *
 * set_state() is the only function that moves it. Nothing is processed in a final state.
 *
 * OpenSSL keeps 58 KB for an SSL from the ClientHello on, 35 KB once it stands, so the owner should
 * destroy it some seconds after CONNECTED: until then it answers the peer's retransmissions (our
 * last flight may have been lost), after that only a close_notify is missed.
 *
 * Retransmission is OpenSSL's, on the wall clock: sl_dtls_deadline_us() translates. A clock set
 * back by hours during the ten seconds of a handshake can cost that handshake.
 */
#include "webrtc/dtls.h"

#include "base/clock.h"
#include "base/mem.h"
#include "webrtc/dtls_internal.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/time.h>

enum {
    FIRST_TIMEOUT_US = 100 * SL_US_PER_MS, /* RFC 6347 says 1 s; media paths answer sooner */
    HANDSHAKE_DATAGRAMS_MAX = 200,
    HANDSHAKE_BYTES_MAX = 64 * 1024,
    /* OpenSSL sets records of the next epoch aside, 16 KiB each, until it has the keys. There is
     * one, Finished; the rest is room for its retransmissions. */
    HANDSHAKE_ENCRYPTED_MAX = 16,
};

struct sl_dtls {
    SSL *ssl;
    enum sl_dtls_state state;
    enum sl_srtp_profile profile; /* once CONNECTED */
    bool client;
    bool fingerprint_wrong;
    struct sl_fingerprint fingerprint; /* the peer's */
    void (*on_send)(void *owner, const uint8_t *datagram, size_t len);
    void *owner;
    const uint8_t *record; /* what OpenSSL reads next; NULL: nothing */
    size_t record_len;
    int64_t deadline_us;
    size_t datagrams, bytes, encrypted; /* taken in during the handshake */
    size_t protected_min; /* bytes of a record that can be authentic; once CONNECTED */
};

static void set_state(struct sl_dtls *dtls, enum sl_dtls_state state)
{
    dtls->state = state;
}

/* ---- Datagrams in and out: a BIO whose every read and write is one ---- */

static int bio_read(BIO *bio, char *out, int len)
{
    struct sl_dtls *dtls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (!dtls->record || len <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = dtls->record_len < (size_t)len ? dtls->record_len : (size_t)len;
    memcpy(out, dtls->record, taken);
    dtls->record = NULL;
    return (int)taken;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct sl_dtls *dtls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    assert(len <= SL_DTLS_MTU);
    if (len > 0)
        dtls->on_send(dtls->owner, (const uint8_t *)bytes, (size_t)len);
    return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is pending, no MTU is known, no timer is kept */
}

BIO_METHOD *sl_dtls_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");

    if (method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
        BIO_meth_set_ctrl(method, bio_ctrl))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- The peer's certificate ---- */

/* Replaces OpenSSL's building of a chain: a certificate is good if it is the one that the SDP told
 * of, whoever signed it (RFC 8122 section 6.2). Runs before anything is done with its key. */
int sl_dtls_verify_peer(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct sl_dtls *dtls = SSL_get_app_data(ssl);
    const X509 *cert = X509_STORE_CTX_get0_cert(store);

    (void)arg;
    if (cert && sl_fingerprint_fits(&dtls->fingerprint, cert)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    dtls->fingerprint_wrong = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

/* ---- Life ---- */

static unsigned next_timeout(SSL *ssl, unsigned previous_us)
{
    (void)ssl;
    return previous_us == 0 ? FIRST_TIMEOUT_US : previous_us * 2;
}

static int make_ssl(struct sl_dtls *dtls, const struct sl_dtls_identity *identity)
{
    dtls->ssl = SSL_new(identity->ctx);
    BIO *bio = dtls->ssl ? BIO_new(identity->bio_method) : NULL;

    if (!bio)
        return -ENOMEM;
    BIO_set_data(bio, dtls);
    BIO_set_init(bio, 1);
    SSL_set_bio(dtls->ssl, bio, bio); /* takes it */
    SSL_set_app_data(dtls->ssl, dtls);
    SSL_set_mtu(dtls->ssl, SL_DTLS_MTU);
    DTLS_set_timer_cb(dtls->ssl, next_timeout);
    if (dtls->client)
        SSL_set_connect_state(dtls->ssl);
    else
        SSL_set_accept_state(dtls->ssl);
    return 0;
}

int sl_dtls_create(const struct sl_dtls_config *config, int64_t now_us, struct sl_dtls **out)
{
    struct sl_dtls *dtls = sl_new(struct sl_dtls);

    (void)now_us; /* nothing runs before the first flight */
    dtls->state = SL_DTLS_HANDSHAKE;
    dtls->client = config->client;
    dtls->on_send = config->on_send;
    dtls->owner = config->owner;
    dtls->deadline_us = INT64_MAX;
    int err =
        sl_fingerprint_parse(config->fingerprint_hash, config->fingerprint, &dtls->fingerprint);
    if (!err)
        err = make_ssl(dtls, config->identity);
    if (err < 0) {
        sl_dtls_destroy(dtls);
        return err;
    }
    *out = dtls;
    return 0;
}

void sl_dtls_destroy(struct sl_dtls *dtls)
{
    if (!dtls)
        return;
    SSL_free(dtls->ssl);
    free(dtls);
}

enum sl_dtls_state sl_dtls_state(const struct sl_dtls *dtls)
{
    return dtls->state;
}

int64_t sl_dtls_deadline_us(const struct sl_dtls *dtls)
{
    return dtls->deadline_us;
}

/* ---- Progress ---- */

static bool final(const struct sl_dtls *dtls)
{
    return dtls->state != SL_DTLS_HANDSHAKE && dtls->state != SL_DTLS_CONNECTED;
}

static void fail(struct sl_dtls *dtls)
{
    set_state(dtls, dtls->fingerprint_wrong ? SL_DTLS_FAILED_FINGERPRINT : SL_DTLS_FAILED);
}

/*
 * The length of a record that protects one byte, its header of 13 included; all our suites are
 * AEADs. OpenSSL 3.0.19 takes a shorter one for the connection's end, although anyone can send it
 * (RFC 6347 section 4.1.2.7 has it dropped).
 */
static size_t protected_min(const SSL_CIPHER *cipher)
{
    if (SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305)
        return 13 + 1 + 16; /* RFC 7905: no explicit nonce */
    return 13 + 8 + 1 + 16; /* RFC 5288 section 3 */
}

static void on_finished(struct sl_dtls *dtls)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);

    if (!profile) {
        fail(dtls); /* the peer wants no SRTP: there is nothing to do with it */
        return;
    }
    dtls->profile = (enum sl_srtp_profile)profile->id;
    dtls->protected_min = protected_min(SSL_get_current_cipher(dtls->ssl));
    set_state(dtls, SL_DTLS_CONNECTED);
}

static void shake_hands(struct sl_dtls *dtls)
{
    ERR_clear_error();
    int ret = SSL_do_handshake(dtls->ssl);
    if (ret == 1)
        on_finished(dtls);
    else if (SSL_get_error(dtls->ssl, ret) != SSL_ERROR_WANT_READ)
        fail(dtls);
}

/* After the handshake: alerts, and Finished once more, which OpenSSL answers. */
static void hear_out(struct sl_dtls *dtls)
{
    char unwanted[64];

    ERR_clear_error();
    int ret = SSL_read(dtls->ssl, unwanted, sizeof(unwanted));
    int error = ret > 0 ? SSL_ERROR_NONE : SSL_get_error(dtls->ssl, ret);
    if (error == SSL_ERROR_ZERO_RETURN)
        set_state(dtls, SL_DTLS_CLOSED);
    else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL)
        fail(dtls);
}

static void update_deadline(struct sl_dtls *dtls, int64_t now_us)
{
    struct timeval left;

    dtls->deadline_us = INT64_MAX;
    if (dtls->state == SL_DTLS_HANDSHAKE && DTLSv1_get_timeout(dtls->ssl, &left))
        dtls->deadline_us = now_us + (int64_t)left.tv_sec * SL_US_PER_S + left.tv_usec;
}

void sl_dtls_start(struct sl_dtls *dtls, int64_t now_us)
{
    if (!dtls->client || final(dtls))
        return;
    shake_hands(dtls);
    update_deadline(dtls, now_us);
}

bool sl_dtls_is(const uint8_t *buf, size_t len)
{
    return len > 0 && buf[0] >= 20 && buf[0] <= 63;
}

/* Application data is never wanted: there is no data channel, and OpenSSL would keep it. */
static bool wanted(struct sl_dtls *dtls, const struct sl_dtls_record *record)
{
    if (record->type < SL_DTLS_CHANGE_CIPHER_SPEC || record->type > SL_DTLS_HANDSHAKE_MESSAGE)
        return false;
    if (dtls->state == SL_DTLS_CONNECTED)
        return record->epoch > 0 && record->len >= dtls->protected_min;
    if (record->epoch == 0)
        return sl_dtls_record_plain_ok(record);
    return record->epoch == 1 && record->type == SL_DTLS_HANDSHAKE_MESSAGE &&
           ++dtls->encrypted <= HANDSHAKE_ENCRYPTED_MAX;
}

static void take_record(struct sl_dtls *dtls, const struct sl_dtls_record *record)
{
    dtls->record = record->bytes;
    dtls->record_len = record->len;
    if (dtls->state == SL_DTLS_HANDSHAKE)
        shake_hands(dtls);
    else
        hear_out(dtls);
    dtls->record = NULL; /* the caller's */
}

/* What a handshake may take in, and so cost. Garbage is not counted: it costs nothing, and must not
 * use up what the real peer needs. */
static bool within_budget(struct sl_dtls *dtls, size_t len)
{
    dtls->datagrams++;
    dtls->bytes += len;
    return dtls->datagrams <= HANDSHAKE_DATAGRAMS_MAX && dtls->bytes <= HANDSHAKE_BYTES_MAX;
}

/* 18 KB to read into and to write from, as long as there is nothing to be said. */
static void put_buffers_away(struct sl_dtls *dtls)
{
    if (dtls->state == SL_DTLS_CONNECTED)
        (void)SSL_free_buffers(dtls->ssl); /* not while something is in them */
}

enum sl_dtls_state sl_dtls_input(struct sl_dtls *dtls, const uint8_t *datagram, size_t len,
                                 int64_t now_us)
{
    struct sl_dtls_record record;
    size_t datagram_len = len;
    bool counted = dtls->state == SL_DTLS_CONNECTED;

    while (!final(dtls) && sl_dtls_record_next(&datagram, &len, &record)) {
        if (!wanted(dtls, &record))
            continue;
        if (!counted && !within_budget(dtls, datagram_len)) {
            fail(dtls);
            break;
        }
        counted = true;
        take_record(dtls, &record);
    }
    put_buffers_away(dtls); /* SSL_read() makes them again */
    update_deadline(dtls, now_us);
    return dtls->state;
}

enum sl_dtls_state sl_dtls_on_timer(struct sl_dtls *dtls, int64_t now_us)
{
    if (dtls->state != SL_DTLS_HANDSHAKE || now_us < dtls->deadline_us)
        return dtls->state;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(dtls->ssl) < 0)
        fail(dtls);
    update_deadline(dtls, now_us);
    return dtls->state;
}

/* ---- Results ---- */

/* RFC 5764 section 4.2: | client key | server key | client salt | server salt | */
int sl_dtls_export_keys(struct sl_dtls *dtls, struct sl_srtp_keys *send,
                        struct sl_srtp_keys *receive)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t material[2 * (SL_SRTP_KEY_MAX + SL_SRTP_SALT_MAX)];
    struct sl_srtp_keys *clients = dtls->client ? send : receive;
    struct sl_srtp_keys *servers = dtls->client ? receive : send;

    if (dtls->state != SL_DTLS_CONNECTED)
        return -ENOTCONN;
    size_t key_len = sl_srtp_key_len(dtls->profile), salt_len = sl_srtp_salt_len(dtls->profile);
    if (SSL_export_keying_material(dtls->ssl, material, 2 * (key_len + salt_len), label,
                                   strlen(label), NULL, 0, 0) != 1)
        return -EIO;

    const uint8_t *salts = material + 2 * key_len;
    memset(clients, 0, sizeof(*clients));
    memset(servers, 0, sizeof(*servers));
    clients->profile = servers->profile = dtls->profile;
    memcpy(clients->key, material, key_len);
    memcpy(servers->key, material + key_len, key_len);
    memcpy(clients->salt, salts, salt_len);
    memcpy(servers->salt, salts + salt_len, salt_len);
    OPENSSL_cleanse(material, sizeof(material));
    return 0;
}

void sl_dtls_close(struct sl_dtls *dtls)
{
    if (dtls->state != SL_DTLS_CONNECTED)
        return; /* nothing was agreed that could be closed */
    ERR_clear_error();
    (void)SSL_alloc_buffers(dtls->ssl); /* it would not do so itself */
    (void)SSL_shutdown(dtls->ssl);      /* sends it; the peer's own is not waited for */
    set_state(dtls, SL_DTLS_CLOSED);
}
