/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telephones of clients (sip.md): a session's account at a SIP server, and its calls, each of
 * them a browser's leg and a telephone's. They are objects of their own: whoever holds a phone
 * decides how long it lives.
 *
 *   calls.c     all of them: interface, end
 *   phone.c     one session's account: what it says of itself; registration.c, what it hears
 *   agent.c     the user agent, made when the first account needs it
 *   call.c      one call: its states, and what each side hears of the other
 *   outgoing.c, incoming.c  how it begins; orders.c, what its client wants of it then
 *   heard.c     what the telephone's side says of it; address.c, whom a client sees
 *   media.c     both legs of a call; join.c, what moves between them; renew.c, in other formats
 *               later; gone.c, their end
 *   describe.c  their descriptions, telephone.c those of the telephone's leg
 *   taste.c     which codecs are offered to whom; pure
 *   line.c      the telephone's leg on its worker: the flow in both directions
 *   formats.c   what the telephone's payload types are; pure
 *   way.c       RTP of one kind at a pair of ports, and whose is heard
 *   lane.c      what the lines of one worker share
 *   messages.c  texts; message_out.c from the client, message_in.c to it, and notifications
 *   subscription.c   what a client is told of its registration
 *   xcap.c      documents that a client asks for
 *   exchange.c  what operators see and end
 *   msrp.c      calls that are MSRP sessions
 *   digits.c    digits on their way, and key frames asked for by INFO
 *   dtmf.c      digits as clients write them, tone.c as packets; pure
 *   kept.c      phones whose clients are away; left.c, which those are
 *   begun.c     calls that operators begin, without any client
 *   published.c what a telephone sends as a stream with a name
 *   say.c       what a telephone hears in place of a browser
 *   voice.c     what a telephone hears where no browser speaks
 *   transfer.c  transfers, asked for by either side; succession.c, how such calls end
 *   inject.c    what operators have a telephone hear
 *   info.c      what final responses are called
 *   extras.c    what clients add to descriptions and INVITEs; pure
 *
 * Control loop; only lines and lanes have a half on a worker.
 */
#ifndef SL_CALLS_CALLS_H
#define SL_CALLS_CALLS_H

#include "access/access.h"
#include "net/net.h"

struct sl_calls;
struct sl_config;
struct sl_counters;
struct sl_loop;
struct sl_programs;
struct sl_rtc;
struct sl_sessions;
struct sl_streams;
struct sl_transcoder;
struct sl_variants;
struct sl_workers;

/* All of these must outlive it. */
struct sl_calls_config {
    const struct sl_config *config; /* read at each use: reloads take effect */
    struct sl_loop *loop;
    struct sl_workers *workers; /* not yet running */
    struct sl_streams *streams;
    struct sl_rtc *rtc;
    struct sl_variants *variants;
    struct sl_programs *programs;     /* where sound files are read */
    struct sl_transcoder *transcoder; /* stops later */
    struct sl_counters *counters;
    struct sl_tls_clients *tls;
    struct sl_tls_files certificate; /* of who listens by TLS; cert NULL: none. Copied. */
};
struct sl_calls *sl_calls_create(const struct sl_calls_config *config);
/* Where it makes sessions without a client; before the first call of an operator's. */
void sl_calls_set_sessions(struct sl_calls *calls, struct sl_sessions *sessions);
/* The files of the certificate that MSRP over TLS has shown; cert NULL: none yet. Borrowed. */
struct sl_tls_files sl_calls_shown_certificate(const struct sl_calls *calls);
/* What is shown from now on: those files read again (sl_tls_peer_context()). Takes it. */
void sl_calls_show_certificate(struct sl_calls *calls, SSL_CTX *tls);
/* Every phone is gone, or goes meanwhile. on_stopped once, never from within. */
void sl_calls_stop(struct sl_calls *calls, void (*on_stopped)(void *owner), void *owner);
/* When all threads are joined. NULL is fine. */
void sl_calls_destroy(struct sl_calls *calls);

/* The phones of whoever has a session. Valid as long as calls. */
const struct sl_phones *sl_calls_phones(const struct sl_calls *calls);
/* What a client can come back to. Valid as long as calls. */
const struct sl_keeper *sl_calls_keeper(const struct sl_calls *calls);
/* Their calls, for operators. Valid as long as calls. */
const struct sl_exchange *sl_calls_exchange(const struct sl_calls *calls);

#endif
