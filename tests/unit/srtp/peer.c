/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRTP against libsrtp2 as an outsider: both directions, profiles and back ends, over the wrap of
 * the sequence number, with disorder and latecomers (hardening.md class 20). */
#include "base/bytes.h"
#include "base/mem.h"
#include "base/random.h"
#include "srtp/srtp.h"

#include <errno.h>
#include <setjmp.h>
#include <srtp2/srtp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 2048, SSRC = 0xCAFE0001 };

/* Indices as they leave a sender: across three wraps, with disorder and latecomers. */
static const uint64_t order[] = {
    65500,  65501,  65503,  65502,  65530,  65534,  65536,  65535,  65538,  65537,
    65533,  65540,  65529,  66500,  65600,  90000,  120000, 131070, 131073, 131071,
    131072, 131069, 131080, 131075, 160000, 190000, 196607, 196608, 196606,
};

static const struct {
    enum sl_srtp_profile profile;
    enum sl_srtp_backend backend;
} combinations[] = {
    {SL_SRTP_AES128_CM_SHA1_80, SL_SRTP_BEST}, {SL_SRTP_AES128_CM_SHA1_80, SL_SRTP_OPENSSL},
    {SL_SRTP_AES128_CM_SHA1_32, SL_SRTP_BEST}, {SL_SRTP_AES128_CM_SHA1_32, SL_SRTP_OPENSSL},
    {SL_SRTP_AEAD_AES_128_GCM, SL_SRTP_BEST},  {SL_SRTP_AEAD_AES_128_GCM, SL_SRTP_OPENSSL},
    {SL_SRTP_AEAD_AES_256_GCM, SL_SRTP_BEST},  {SL_SRTP_AEAD_AES_256_GCM, SL_SRTP_OPENSSL},
};

static srtp_profile_t peers_name(enum sl_srtp_profile profile)
{
    switch (profile) {
    case SL_SRTP_AES128_CM_SHA1_80:
        return srtp_profile_aes128_cm_sha1_80;
    case SL_SRTP_AES128_CM_SHA1_32:
        return srtp_profile_aes128_cm_sha1_32;
    case SL_SRTP_AEAD_AES_128_GCM:
        return srtp_profile_aead_aes_128_gcm;
    case SL_SRTP_AEAD_AES_256_GCM:
        return srtp_profile_aead_aes_256_gcm;
    }
    return srtp_profile_reserved;
}

static struct sl_srtp_keys random_keys(enum sl_srtp_profile profile)
{
    struct sl_srtp_keys keys = {.profile = profile};

    sl_random_bytes(keys.key, sl_srtp_key_len(profile));
    sl_random_bytes(keys.salt, sl_srtp_salt_len(profile));
    return keys;
}

static srtp_t make_peer(const struct sl_srtp_keys *keys, srtp_ssrc_type_t direction)
{
    srtp_profile_t profile = peers_name(keys->profile);
    size_t key_len = sl_srtp_key_len(keys->profile);
    uint8_t key_and_salt[SL_SRTP_KEY_MAX + SL_SRTP_SALT_MAX];
    srtp_policy_t policy = {.ssrc = {.type = direction},
                            .key = key_and_salt,
                            .window_size = SL_SRTP_WINDOW,
                            .allow_repeat_tx = 1};
    srtp_t peer;

    assert_int_equal(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile), 0);
    assert_int_equal(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile), 0);
    memcpy(key_and_salt, keys->key, key_len);
    memcpy(key_and_salt + key_len, keys->salt, sl_srtp_salt_len(keys->profile));
    assert_int_equal(srtp_create(&peer, &policy), 0);
    return peer;
}

/* A plain packet whose shape and bytes follow from its index. Returns the header's length. */
static size_t write_packet(uint8_t *out, uint64_t index, size_t *len)
{
    size_t csrcs = index % 3, words = index % 4;
    size_t header_len = 12 + 4 * csrcs;

    memset(out, 0, ROOM);
    out[0] = (uint8_t)(0x80 | csrcs | (words ? 0x10 : 0));
    out[1] = 111;
    sl_store_u16(out + 2, (uint16_t)index);
    sl_store_u32(out + 4, (uint32_t)index * 960);
    sl_store_u32(out + 8, SSRC);
    if (words) {
        sl_store_u32(out + header_len, 0xBEDE0000 | (uint32_t)words);
        header_len += 4 + 4 * words;
    }
    *len = header_len + 1 + index % 1200;
    for (size_t i = header_len; i < *len; i++)
        out[i] = (uint8_t)(i * 7 + index);
    return header_len;
}

static void libsrtp_reads_what_we_send(void **state)
{
    (void)state;
    for (size_t c = 0; c < SL_ARRAY_LEN(combinations); c++) {
        struct sl_srtp_keys keys = random_keys(combinations[c].profile);
        struct sl_srtp_engine *engine = sl_srtp_engine_create(combinations[c].backend);
        struct sl_srtp_sender *sender = sl_srtp_sender_create(engine, &keys);
        srtp_t peer = make_peer(&keys, ssrc_any_inbound);

        for (size_t i = 0; i < SL_ARRAY_LEN(order); i++) {
            uint8_t plain[ROOM], sent[ROOM];
            size_t plain_len;
            size_t header_len = write_packet(plain, order[i], &plain_len);

            memcpy(sent, plain, header_len);
            int len = (int)sl_srtp_protect(engine, sender, sent, header_len, plain + header_len,
                                           plain_len - header_len, order[i]);
            sl_srtp_flush(engine);
            srtp_err_status_t status = srtp_unprotect(peer, sent, &len);
            if (status != srtp_err_status_ok)
                fail_msg("combination %zu, index %lu: libsrtp says %d", c, order[i], (int)status);
            assert_int_equal(len, plain_len);
            assert_memory_equal(sent, plain, plain_len);
        }
        assert_int_equal(srtp_dealloc(peer), 0);
        sl_srtp_sender_destroy(sender);
        sl_srtp_engine_destroy(engine);
    }
}

static void we_read_what_libsrtp_sends(void **state)
{
    (void)state;
    for (size_t c = 0; c < SL_ARRAY_LEN(combinations); c++) {
        struct sl_srtp_keys keys = random_keys(combinations[c].profile);
        struct sl_srtp_engine *engine = sl_srtp_engine_create(combinations[c].backend);
        struct sl_srtp_receiver *receiver = sl_srtp_receiver_create(engine, &keys);
        srtp_t peer = make_peer(&keys, ssrc_any_outbound);

        for (size_t i = 0; i < SL_ARRAY_LEN(order); i++) {
            uint8_t plain[ROOM], sent[ROOM], again[ROOM];
            size_t plain_len;

            (void)write_packet(plain, order[i], &plain_len);
            memcpy(sent, plain, plain_len);
            int sent_len = (int)plain_len;
            assert_int_equal(srtp_protect(peer, sent, &sent_len), 0);
            size_t len = (size_t)sent_len, again_len = len;
            memcpy(again, sent, len);
            int err = sl_srtp_unprotect(engine, receiver, sent, &len);
            if (err < 0)
                fail_msg("combination %zu, index %lu: got %d", c, order[i], err);
            assert_int_equal(len, plain_len);
            assert_memory_equal(sent, plain, plain_len);
            assert_int_equal(sl_srtp_unprotect(engine, receiver, again, &again_len), -EALREADY);
        }
        assert_int_equal(srtp_dealloc(peer), 0);
        sl_srtp_receiver_destroy(receiver);
        sl_srtp_engine_destroy(engine);
    }
}

static void rtcp_passes_in_both_directions(void **state)
{
    (void)state;
    for (size_t c = 0; c < SL_ARRAY_LEN(combinations); c++) {
        struct sl_srtp_keys keys = random_keys(combinations[c].profile);
        struct sl_srtp_engine *engine = sl_srtp_engine_create(combinations[c].backend);
        struct sl_srtp_sender *sender = sl_srtp_sender_create(engine, &keys);
        struct sl_srtp_receiver *receiver = sl_srtp_receiver_create(engine, &keys);
        srtp_t in = make_peer(&keys, ssrc_any_inbound), out = make_peer(&keys, ssrc_any_outbound);

        for (size_t i = 0; i < 200; i++) {
            uint8_t plain[ROOM] = {0x80, 201, 0, (uint8_t)(1 + i)}, buf[ROOM];
            size_t plain_len = 8 + 4 * i, len;
            int peer_len;

            sl_store_u32(plain + 4, SSRC);
            sl_random_bytes(plain + 8, plain_len - 8);

            memcpy(buf, plain, plain_len);
            peer_len = (int)sl_srtcp_protect(engine, sender, buf, plain_len);
            assert_int_equal(srtp_unprotect_rtcp(in, buf, &peer_len), 0);
            assert_int_equal(peer_len, plain_len);
            assert_memory_equal(buf, plain, plain_len);

            peer_len = (int)plain_len;
            assert_int_equal(srtp_protect_rtcp(out, buf, &peer_len), 0);
            len = (size_t)peer_len;
            assert_int_equal(sl_srtcp_unprotect(engine, receiver, buf, &len), 0);
            assert_int_equal(len, plain_len);
            assert_memory_equal(buf, plain, plain_len);
        }
        assert_int_equal(srtp_dealloc(in), 0);
        assert_int_equal(srtp_dealloc(out), 0);
        sl_srtp_sender_destroy(sender);
        sl_srtp_receiver_destroy(receiver);
        sl_srtp_engine_destroy(engine);
    }
}

static int start_libsrtp(void **state)
{
    (void)state;
    return srtp_init() == srtp_err_status_ok ? 0 : -1;
}

static int stop_libsrtp(void **state)
{
    (void)state;
    return srtp_shutdown() == srtp_err_status_ok ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libsrtp_reads_what_we_send),
        cmocka_unit_test(we_read_what_libsrtp_sends),
        cmocka_unit_test(rtcp_passes_in_both_directions),
    };
    return cmocka_run_group_tests(tests, start_libsrtp, stop_libsrtp);
}
