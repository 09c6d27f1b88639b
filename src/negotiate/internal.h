/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of negotiate/ share. */
#ifndef SL_NEGOTIATE_INTERNAL_H
#define SL_NEGOTIATE_INTERNAL_H

#include "base/config.h"
#include "base/log.h"
#include "media/media.h"
#include "negotiate/negotiate.h"
#include "net/net.h"
#include "sdp/sdp.h"
#include "stream/stream.h"
#include "variant/variant.h"
#include "webrtc/webrtc.h"

struct sl_webrtc_provider {
    struct sl_webrtc_provider_config config;
    struct sl_provider interface;
};

/* A track that is made for one playback. */
struct made {
    struct sl_medium *medium;
    struct sl_variant *variant; /* NULL: it is sent as it is published */
    struct sl_stream_listener listener;
};

/* What stands in where its player's link is narrow; narrow.c tells the states. */
struct narrow {
    const struct sl_webrtc_provider_config *parts; /* NULL: nothing ever does */
    struct sl_stream *stream;                      /* that is played */
    bool with_variants;                            /* else a layer of the stream's only */
    bool single_nal;                               /* of H264 */
    enum { AS_PUBLISHED, STANDS_IN, LEAVING } state;
    struct sl_variant *variant; /* NULL: none, in the first state only */
    struct sl_stream_listener listener;
    bool suspended;   /* the player sees another stream for now */
    int looks;        /* that have said the same */
    int64_t since_us; /* of this state */
    int64_t not_before_us, stay_us, left_us;
};

/* Which of the sizes that a stream's source sends at once its player gets: layers.c. */
struct layered {
    struct sl_stream *layer; /* NULL: the largest, as it is published */
    int looks;               /* that have said the same */
    int64_t since_us;        /* of this layer */
    int64_t stay_us;         /* on it, at least, before one that is larger */
    int64_t raised_us;       /* when it went to a larger one; 0: never */
};

/* One peer and what it feeds. It goes when the peer has closed. */
struct sl_medium {
    const struct sl_medium_ops *ops;
    void *owner;
    struct sl_peer *peer;
    struct sl_stream *stream;                      /* a publication's own */
    struct sl_stream *layers[SL_MEDIA_LAYERS_MAX]; /* its pictures in each of their sizes; NULL */
    struct sl_stream *played;                      /* of a playback */
    char *answer;                                  /* NULL once it was told */
    struct made made[2];                           /* by enum sl_media_kind */
    /* What is sent as it is published, until the player could not show it. */
    struct {
        const struct sl_webrtc_provider_config *parts;
        struct sl_stream *stream;
        bool watched[2];       /* by enum sl_media_kind; the others flow not, or are made */
        bool may_be_reordered; /* the player shows pictures as they come, whatever happens */
        bool takes[SL_CODECS]; /* what the player can be sent */
        struct sl_variant_want want[2]; /* instead */
        struct sl_stream_listener listener;
        struct sl_later failed; /* nothing can take its place: */
        enum sl_reason why;
    } as_published;
    struct narrow narrow;
    struct layered layered;
    struct sl_flow_rates rates;
};

/* ---- setup.c: from an offer to an answer and a peer; lives as long as begin() ---- */

struct sl_setup {
    const struct sl_webrtc_provider_config *parts;
    const struct sl_medium_request *request;
    struct sl_medium_facts *facts;
    struct sl_medium *medium; /* NULL: no peer was made yet */
    const struct sl_peer_ops *peer_ops;
    struct sl_sdp *offer;
    struct sl_negotiation negotiation;
    struct sl_sdp_answer_config answer;
    struct sl_addr candidates[SL_MEDIA_TRANSPORTS_MAX][SL_RTC_ADDRESSES_MAX];
    struct sl_variant *variants[2]; /* until the medium has them */
    char text[SL_SDP_TEXT_MAX];     /* the answer */
};
/* These return SL_REASON_NONE, or why it cannot be. */
enum sl_reason sl_setup_negotiate(struct sl_setup *setup, const struct sl_negotiate_config *config);
enum sl_reason sl_setup_build_answer(struct sl_setup *setup, struct sl_worker *worker);
/* Makes the medium. tracks by kind, for a playback; NULL for a publication. */
void sl_setup_create_peer(struct sl_setup *setup, struct sl_worker *worker,
                          struct sl_track *const *tracks);

enum { SL_SETUP_CODECS_MAX = 16 };
/* Those of the configuration that may be published or made. */
size_t sl_setup_configured_codecs(const struct sl_config *config,
                                  enum sl_codec out[SL_SETUP_CODECS_MAX]);

/* ---- made.c ---- */

/* The negotiation's wish for tracks that have to be made, as variants in setup->variants. */
enum sl_reason sl_made_take(struct sl_setup *setup);
/* From the setup to its medium, which hears of their ends. */
void sl_made_keep(struct sl_setup *setup);
/* The player sees its own stream again, which may have gone on in another codec by now. */
void sl_made_look(struct sl_medium *medium);
/* As its medium closes: nothing else takes its place any more. */
void sl_made_watch_no_more(struct sl_medium *medium);
void sl_made_release(struct sl_medium *medium);

/* ---- narrow.c ---- */

/* A playback whose pictures may have a stand-in. */
void sl_narrow_set_up(struct sl_setup *setup);
/* Of the last second: once in each. */
void sl_narrow_look(struct sl_medium *medium, const struct sl_medium_figures *figures,
                    int64_t now_us);
/* The player sees another stream from now on, for which nothing stands in; or its own again. */
void sl_narrow_suspend(struct sl_medium *medium, bool suspended);
/* As its medium closes: nothing moves any more. */
void sl_narrow_close(struct sl_medium *medium);
void sl_narrow_release(struct sl_medium *medium);

/* ---- layers.c ---- */

/* As sl_narrow_look(). True: there are layers, and one that the player's link takes. */
bool sl_layers_look(struct sl_medium *medium, const struct sl_medium_figures *figures,
                    int64_t now_us);
/* What stood in does no more: back to the layer of before, or to what is published. */
void sl_layers_resume(struct sl_medium *medium);

/* ---- publication.c, playback.c ---- */

/* SL_REASON_NONE: the answer is in setup->text, the peer in setup->medium. */
enum sl_reason sl_publication_set_up(struct sl_setup *setup);
enum sl_reason sl_playback_set_up(struct sl_setup *setup);

#endif
