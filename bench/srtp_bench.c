/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long one SRTP packet takes: each payload is protected for 200 senders of different keys, as
 * the fan-out does, then flushed; and one receiver takes packets in. Prints microseconds per
 * packet.
 */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "srtp/srtp.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum { SENDERS = 200, ROUNDS = 500, REPEATS = 5, HEADER_LEN = 12, STRIDE = 2048 };

static struct sl_srtp_keys make_keys(enum sl_srtp_profile profile)
{
    struct sl_srtp_keys keys = {.profile = profile};

    sl_random_bytes(keys.key, sizeof(keys.key));
    sl_random_bytes(keys.salt, 12);
    return keys;
}

static void write_header(uint8_t *out, uint16_t seq)
{
    memset(out, 0, HEADER_LEN);
    out[0] = 0x80;
    sl_store_u16(out + 2, seq);
}

/* Microseconds per packet, the best of several runs: the machine has other work too. */
static double time_protect(struct sl_srtp_engine *engine, struct sl_srtp_sender **senders,
                           uint8_t *out, const uint8_t *payload, size_t payload_len)
{
    double best = 1e9;

    for (int repeat = 0; repeat < REPEATS; repeat++) {
        int64_t start = sl_now_us();

        for (uint64_t index = 1; index <= ROUNDS; index++) {
            for (size_t i = 0; i < SENDERS; i++) {
                write_header(out + i * STRIDE, (uint16_t)index);
                (void)sl_srtp_protect(engine, senders[i], out + i * STRIDE, HEADER_LEN, payload,
                                      payload_len, index);
            }
            sl_srtp_flush(engine);
        }
        double each = (double)(sl_now_us() - start) / ROUNDS / SENDERS;
        best = each < best ? each : best;
    }
    return best;
}

static double time_unprotect(struct sl_srtp_engine *engine, const struct sl_srtp_keys *keys,
                             struct sl_srtp_sender *sender, const uint8_t *payload,
                             size_t payload_len)
{
    struct sl_srtp_receiver *receiver = sl_srtp_receiver_create(engine, keys);
    double spent = 0;
    uint64_t index = 0;

    for (int round = 0; round < ROUNDS; round++) {
        static uint8_t packets[100][STRIDE];
        size_t lens[100];

        for (size_t i = 0; i < 100; i++) {
            write_header(packets[i], (uint16_t)++index);
            lens[i] = sl_srtp_protect(engine, sender, packets[i], HEADER_LEN, payload, payload_len,
                                      index);
        }
        sl_srtp_flush(engine);
        int64_t start = sl_now_us();
        for (size_t i = 0; i < 100; i++) {
            if (sl_srtp_unprotect(engine, receiver, packets[i], &lens[i]) < 0)
                abort();
        }
        spent += (double)(sl_now_us() - start);
    }
    sl_srtp_receiver_destroy(receiver);
    return spent / (ROUNDS * 100);
}

static void run(enum sl_srtp_backend backend, enum sl_srtp_profile profile)
{
    static const size_t sizes[] = {160, 885, 1200};
    static uint8_t payload[STRIDE], out[SENDERS * STRIDE];
    struct sl_srtp_engine *engine = sl_srtp_engine_create(backend);
    struct sl_srtp_sender *senders[SENDERS];
    struct sl_srtp_keys keys[SENDERS];

    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < SENDERS; i++) {
        keys[i] = make_keys(profile);
        senders[i] = sl_srtp_sender_create(engine, &keys[i]);
    }
    size_t each = (mallinfo2().uordblks - before) / SENDERS;

    printf("%-16s %-3s %5zu B/sender ", sl_srtp_engine_name(engine),
           profile == SL_SRTP_AEAD_AES_128_GCM ? "GCM" : "CM", each);
    for (size_t i = 0; i < SL_ARRAY_LEN(sizes); i++)
        printf("  %4zu B: %.3f out %.3f in", sizes[i],
               time_protect(engine, senders, out, payload, sizes[i]),
               time_unprotect(engine, &keys[0], senders[0], payload, sizes[i]));
    printf("\n");
    for (size_t i = 0; i < SENDERS; i++)
        sl_srtp_sender_destroy(senders[i]);
    sl_srtp_engine_destroy(engine);
}

int main(void)
{
    run(SL_SRTP_BEST, SL_SRTP_AES128_CM_SHA1_80);
    run(SL_SRTP_BEST, SL_SRTP_AEAD_AES_128_GCM);
    run(SL_SRTP_OPENSSL, SL_SRTP_AES128_CM_SHA1_80);
    run(SL_SRTP_OPENSSL, SL_SRTP_AEAD_AES_128_GCM);
    return 0;
}
