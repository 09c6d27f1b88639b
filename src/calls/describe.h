/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The descriptions of both legs: the texts, and what both sides come to (sip.md 14). No media move
 * here. */
#ifndef SL_CALLS_DESCRIBE_H
#define SL_CALLS_DESCRIBE_H

#include "base/addr.h"
#include "base/config.h"
#include "calls/taste.h"
#include "net/net.h"
#include "sdp/sdp.h"
#include "webrtc/webrtc.h"

#define SL_CALL_PRODUCT "Sluice"

/* One leg's: what the other side said, what we said, what both come to. */
struct sl_call_leg {
    struct sl_sdp *theirs, *ours; /* NULL: not yet; ours only if it was an offer */
    bool no_sound;                /* of a call that is to have none: pictures are what counts */
    bool agreed;
    struct sl_negotiation *negotiation; /* NULL: never agreed */
};
void sl_call_leg_deinit(struct sl_call_leg *leg);
/* The section of this kind that both sides have, though nothing may flow there now; NULL. */
struct sl_media *sl_call_leg_media(struct sl_call_leg *leg, enum sl_media_kind kind);
/* Of an agreed leg with sound: its section. */
struct sl_media *sl_call_leg_sound(struct sl_call_leg *leg);
/* Their next word; what they said before is forgotten. */
int sl_call_leg_hear(struct sl_call_leg *leg, const char *text, struct sl_error *error);
/* The same, but *before is kept until it is known whether the word is accepted: on success
 * sl_call_leg_keep() must follow. */
int sl_call_leg_hear_anew(struct sl_call_leg *leg, const char *text, struct sl_sdp **before,
                          struct sl_error *error);
/* Takes before: what holds from now on if the word was refused. */
void sl_call_leg_keep(struct sl_call_leg *leg, struct sl_sdp *before, bool accepted);
/* What we wrote, len as of the writer, is what an answer will be held against. */
int sl_call_leg_remember(struct sl_call_leg *leg, const char *text, int len,
                         struct sl_error *error);
/* Their answer to ours is negotiated; on an error nothing has changed. */
int sl_call_leg_accept(struct sl_call_leg *leg, struct sl_error *error);
/* What was offered is agreed upon as they have answered. */
int sl_call_leg_settle(struct sl_call_leg *leg, struct sl_error *error);
/* Answers theirs: sent, by kind, the best first; what is received is of all. plain: NULL for a
 * browser, otherwise our direction. */
int sl_call_leg_negotiate(struct sl_call_leg *leg, const struct sl_config *config,
                          const enum sl_sdp_direction *plain, const struct sl_call_taste *sent,
                          const struct sl_call_taste *all, struct sl_error *error);
/* err: of what was negotiated; sound is to flow, or what there is without. */
int sl_call_leg_agree(struct sl_call_leg *leg, int err, struct sl_error *error);

enum { SL_CALL_UFRAG_LEN = 16, SL_CALL_PWD_LEN = 26 }; /* RFC 8445 section 5.3: 24 bits and 128 */

/* The leg of a browser. */
struct sl_call_browser {
    struct sl_call_leg leg;
    char ufrags[SL_MEDIA_TRANSPORTS_MAX][33], pwds[SL_MEDIA_TRANSPORTS_MAX][33];
    uint32_t ssrcs[3]; /* of what it hears, sees, and of what it sees again */
    const struct sl_rtc *rtc;
    struct sl_worker *worker;
    struct sl_addr via; /* ours that its client came by */
    const char *id;     /* of the call; borrowed */
    int64_t created_ms;
};
/* Draws what is drawn once. */
void sl_call_browser_init(struct sl_call_browser *browser);
/* Answers what it offered, so that it gets one of these codecs, or of sound what can be made of the
 * first. text: SL_SDP_TEXT_MAX bytes. */
int sl_call_browser_answer(struct sl_call_browser *browser, const struct sl_config *config,
                           const struct sl_call_taste *telephone, char *text,
                           struct sl_error *error);
/* Offers it these codecs first, and whatever else it might send of sound. */
int sl_call_browser_offer(struct sl_call_browser *browser, const struct sl_config *config,
                          const struct sl_call_taste *telephone, char *text,
                          struct sl_error *error);

/* The leg of a telephone. */
struct sl_call_telephone {
    struct sl_call_leg leg;
    struct sl_addr addrs[2];         /* ours in the description, by kind; ports are those of RTP */
    int64_t session_id_ms;           /* grows with each description */
    enum sl_sdp_direction direction; /* ours */
    bool watches;                    /* it gets no pictures of ours */
    bool to_rtmp;                    /* what it sends goes on by RTMP */
    uint32_t ssrcs[2];               /* of what it gets, by kind */
    bool encrypts;
    struct sl_sdp_crypto crypto[2];  /* of ours, by kind, if it encrypts */
    bool used[2];                    /* this kind was agreed upon once ... */
    struct sl_media_codec codecs[2]; /* ... last in this codec */
};
void sl_call_telephone_init(struct sl_call_telephone *telephone);
/* -ENOMSG: what they offered is in clear, or is not, and must not be so (sip_srtp). */
int sl_call_telephone_check_srtp(const struct sl_call_telephone *telephone,
                                 const struct sl_config *config, struct sl_error *error);
/* browser: what it prefers; what it has none of is left out of pictures only. */
int sl_call_telephone_offer(struct sl_call_telephone *telephone, const struct sl_config *config,
                            const struct sl_call_taste *browser, char *text,
                            struct sl_error *error);
/* What was answered is agreed upon. */
int sl_call_telephone_settle(struct sl_call_telephone *telephone, struct sl_error *error);
/* browser: what it sends. */
int sl_call_telephone_answer(struct sl_call_telephone *telephone, const struct sl_config *config,
                             const struct sl_call_taste *browser, char *text,
                             struct sl_error *error);
/* Of an agreed leg: the codecs in use, in the direction of now. */
int sl_call_telephone_offer_again(struct sl_call_telephone *telephone, char *text,
                                  struct sl_error *error);
/* The codec in use where they offer it, else another, one of those that the browser has first;
 * pictures stay in theirs, or go. Of both: on an error what was agreed upon is not known any more,
 * and the caller puts back what he has kept. */
int sl_call_telephone_answer_again(struct sl_call_telephone *telephone,
                                   const struct sl_config *config,
                                   const struct sl_call_taste *browser, char *text,
                                   struct sl_error *error);
/* Their answer to an offer of ours. */
int sl_call_telephone_settle_again(struct sl_call_telephone *telephone, struct sl_error *error);

#endif
