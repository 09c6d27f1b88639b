/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One RTMP publication, from the client's side: bytes in, bytes out (Adobe's Real Time Messaging
 * Protocol 1.0). No socket, no clock. Threads: the one of its owner.
 *
 * Our own and not FFmpeg's, because that one connects by name only (or, given an address, names no
 * server in TLS, so that rtmps services answer with another's certificate), takes names and
 * passwords of 49 bytes, and says more in `connect` than the original server does.
 *
 *   C0 C1 ->   <- S0 S1    C2 ->   <- S2    connect ->   <- _result
 *   releaseStream FCPublish createStream ->   <- _result    publish ->   <- onStatus Publish.Start
 *   data audio video ...   FCUnpublish deleteStream ->
 */
#ifndef SL_RTMP_CLIENT_H
#define SL_RTMP_CLIENT_H

#include "rtmp/chunk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_error;

struct sl_rtmp_client_config { /* copied */
    const char *app, *tc_url, *publish, *flash_version;
    const char *user, *password; /* "" if none */
};

struct sl_rtmp_client;
/* out: what is to be sent; outlives the object. */
struct sl_rtmp_client *sl_rtmp_client_create(const struct sl_rtmp_client_config *config,
                                             struct sl_outbox *out);
void sl_rtmp_client_destroy(struct sl_rtmp_client *rtmp); /* NULL is fine */

/* A connection was made: empties out, begins. */
void sl_rtmp_client_open(struct sl_rtmp_client *rtmp);
/* Bytes of the server. 0; -EAGAIN: the server wants to be connected to once more (then
 * sl_rtmp_client_open() again); -EREMOTE: it wants us elsewhere (sl_rtmp_client_redirect());
 * -EACCES: it refused; -EPIPE: it ended the publication; -EBADMSG: that is not RTMP. With words,
 * except for -EAGAIN. Nothing may follow an error but sl_rtmp_client_open(). */
int sl_rtmp_client_input(struct sl_rtmp_client *rtmp, const uint8_t *bytes, size_t len,
                         struct sl_error *error);
/* Where the server wants us to publish, as it says it; "" if it has not. Borrowed. */
const char *sl_rtmp_client_redirect(const struct sl_rtmp_client *rtmp);
/* The handshake is over: whoever is there speaks RTMP, and has been asked. */
bool sl_rtmp_client_is_greeted(const struct sl_rtmp_client *rtmp);
/* The server said NetStream.Publish.Start. */
bool sl_rtmp_client_is_publishing(const struct sl_rtmp_client *rtmp);
/* Media, while publishing: a tag's body in two parts (chunk.h). type: SL_RTMP_AUDIO, _VIDEO, _DATA.
 */
void sl_rtmp_client_send(struct sl_rtmp_client *rtmp, enum sl_rtmp_type type, uint32_t timestamp_ms,
                         const uint8_t *head, size_t head_len, const uint8_t *tail,
                         size_t tail_len);
/* Takes leave: appends what is to be said before the connection is closed, if anything. */
void sl_rtmp_client_close(struct sl_rtmp_client *rtmp);

#endif
