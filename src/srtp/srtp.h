/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SRTP and SRTCP (RFC 3711 in counter mode with HMAC-SHA1, RFC 7714 in GCM) on two back ends:
 * libipsec-mb where the processor has it (many packets in flight at once), OpenSSL everywhere.
 *
 * Sending takes the packet's 48-bit index from the caller, who knows it from his own numbering, so
 * that a retransmission is simply the same index again and no rollover counter can go astray.
 * Receiving estimates the index (RFC 3711 appendix A) and keeps a replay window per ssrc.
 */
#ifndef SL_SRTP_SRTP_H
#define SL_SRTP_SRTP_H

#include "srtp/hmac_sha1.h" /* STUN needs it, too */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_srtp_profile {
    SL_SRTP_AES128_CM_SHA1_80 = 0x0001, /* RFC 5764 section 4.1.2 */
    SL_SRTP_AES128_CM_SHA1_32 = 0x0002, /* the same; of RTCP's tag all 80 bits are sent */
    SL_SRTP_AEAD_AES_128_GCM = 0x0007,  /* RFC 7714 section 14.2 */
    SL_SRTP_AEAD_AES_256_GCM = 0x0008,
};

enum {
    SL_SRTP_KEY_MAX = 32,
    SL_SRTP_SALT_MAX = 14,  /* 14 for CM, 12 for GCM */
    SL_SRTP_OVERHEAD = 16,  /* bytes a packet grows at most; room the caller must leave */
    SL_SRTCP_OVERHEAD = 20, /* tag and index */
    SL_SRTP_SSRCS = 16,     /* received ssrcs per transport; a further one is refused */
    SL_SRTP_WINDOW = 1024,  /* replay window, packets */
};

struct sl_srtp_keys {
    enum sl_srtp_profile profile;
    uint8_t key[SL_SRTP_KEY_MAX];   /* the first sl_srtp_key_len() bytes */
    uint8_t salt[SL_SRTP_SALT_MAX]; /* the first sl_srtp_salt_len() bytes */
};
/* Of a profile's master keys. */
size_t sl_srtp_key_len(enum sl_srtp_profile profile);
size_t sl_srtp_salt_len(enum sl_srtp_profile profile);

/* A thread's crypto machine: the multi-buffer manager and its packets in flight. One per worker. */
struct sl_srtp_engine;
enum sl_srtp_backend { SL_SRTP_BEST, SL_SRTP_OPENSSL };
/* SL_SRTP_BEST takes ipsec-mb if built in and the processor can. Never NULL. */
struct sl_srtp_engine *sl_srtp_engine_create(enum sl_srtp_backend backend);
void sl_srtp_engine_destroy(struct sl_srtp_engine *engine);
const char *sl_srtp_engine_name(const struct sl_srtp_engine *engine); /* "ipsec-mb AVX512 ..." */

/* ---- Sending ---- */

/* Session keys of one direction. Small (aim for 2 KB or less): there is one per player. May be used
 * with the engine it was created for only. */
struct sl_srtp_sender;
struct sl_srtp_sender *sl_srtp_sender_create(struct sl_srtp_engine *engine,
                                             const struct sl_srtp_keys *keys);
void sl_srtp_sender_destroy(struct sl_srtp_sender *sender);

/*
 * Protect one RTP packet into out.
 *
 * out      header_len bytes of finished RTP header already there; room for payload_len +
 *          SL_SRTP_OVERHEAD after it
 * payload  plain bytes, copied; not changed
 * index    ROC << 16 | SEQ; the SEQ in the header must be its lower 16 bits
 * Returns  the packet's final length at once. The bytes themselves may be finished only by
 *          sl_srtp_flush(): until then neither out nor the sender may go away or move. Nothing is
 *          ever written beyond that length, so packets may be laid end to end.
 */
size_t sl_srtp_protect(struct sl_srtp_engine *engine, struct sl_srtp_sender *sender, uint8_t *out,
                       size_t header_len, const uint8_t *payload, size_t payload_len,
                       uint64_t index);
/* Finishes every packet in flight. */
void sl_srtp_flush(struct sl_srtp_engine *engine);
/* Protect a compound RTCP packet in place (room for SL_SRTCP_OVERHEAD); at once. Returns its
 * length; 0 if it is shorter than 8 bytes or the key's 2^31 indices are used up (RFC 3711 section
 * 9.2). The SRTCP index is kept in the sender. */
size_t sl_srtcp_protect(struct sl_srtp_engine *engine, struct sl_srtp_sender *sender, uint8_t *buf,
                        size_t len);

/* ---- Receiving ---- */

struct sl_srtp_receiver;
struct sl_srtp_receiver *sl_srtp_receiver_create(struct sl_srtp_engine *engine,
                                                 const struct sl_srtp_keys *keys);
void sl_srtp_receiver_destroy(struct sl_srtp_receiver *receiver);

/* Verify and decrypt in place. On success *len is the plain packet's length. Returns 0; -EBADMSG
 * not a whole packet; -EACCES the tag is wrong; -EALREADY seen before or older than the window;
 * -ENOBUFS one ssrc too many. State changes on success only; the bytes may be garbage after
 * -EACCES. */
int sl_srtp_unprotect(struct sl_srtp_engine *engine, struct sl_srtp_receiver *receiver,
                      uint8_t *buf, size_t *len);
int sl_srtcp_unprotect(struct sl_srtp_engine *engine, struct sl_srtp_receiver *receiver,
                       uint8_t *buf, size_t *len);

#endif
