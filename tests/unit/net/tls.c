/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Contexts of clients: one per purpose, and the authorities once. */
#include "net/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = sl_tls_clients_create();
    return 0;
}

static int teardown(void **state)
{
    sl_tls_clients_destroy(*state);
    return 0;
}

static void each_purpose_has_one_context_and_all_one_set_of_authorities(void **state)
{
    SSL_CTX *contexts[SL_TLS_PURPOSES];
    X509_STORE *store = NULL;

    for (int i = 0; i < SL_TLS_PURPOSES; i++) {
        contexts[i] = sl_tls_clients_get(*state, i);
        assert_non_null(contexts[i]);
        assert_ptr_equal(sl_tls_clients_get(*state, i), contexts[i]);
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(contexts[k], contexts[i]);
        bool verifies = SSL_CTX_get_verify_mode(contexts[i]) == SSL_VERIFY_PEER;
        assert_int_equal(verifies, i != SL_TLS_WS_UNVERIFIED);
        if (!verifies)
            continue;
        if (!store)
            store = SSL_CTX_get_cert_store(contexts[i]);
        assert_ptr_equal(SSL_CTX_get_cert_store(contexts[i]), store);
    }
}

static void connections_keep_their_context_over_a_reload(void **state)
{
    SSL_CTX *old = sl_tls_clients_get(*state, SL_TLS_RTMPS);
    SSL *ssl = sl_tls_connect(old, "media.example");
    X509_STORE *store = sl_tls_read_authorities();

    assert_non_null(ssl);
    assert_non_null(store);
    sl_tls_clients_use(*state, store);
    SSL_CTX *fresh = sl_tls_clients_get(*state, SL_TLS_RTMPS);
    assert_ptr_not_equal(fresh, old);
    assert_ptr_equal(SSL_CTX_get_cert_store(fresh), store);
    assert_ptr_equal(SSL_get_SSL_CTX(ssl), old);
    SSL_free(ssl);
}

static void nothing_is_kept_for_nobody(void **state)
{
    X509_STORE *store = sl_tls_read_authorities();

    assert_non_null(store);
    assert_int_equal(X509_STORE_up_ref(store), 1);
    sl_tls_clients_use(*state, store);
    assert_ptr_not_equal(SSL_CTX_get_cert_store(sl_tls_clients_get(*state, SL_TLS_WS)), store);
    X509_STORE_free(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_purpose_has_one_context_and_all_one_set_of_authorities),
        TEST(connections_keep_their_context_over_a_reload),
        TEST(nothing_is_kept_for_nobody),
    };

    return cmocka_run_group_tests_name("net tls", tests, NULL, NULL);
}
