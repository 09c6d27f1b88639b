/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the media of a publication or playback is set up. Control loop. */
#ifndef SL_ACCESS_PROVIDER_H
#define SL_ACCESS_PROVIDER_H

#include "access/reason.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_addr;
struct sl_capture;
struct sl_log_scope;
struct sl_publisher;
struct sl_stream;

/* The media end of one publication or playback; its provider defines it. */
struct sl_medium;

enum sl_medium_state {
    SL_MEDIUM_CONNECTED, /* its way is there */
    SL_MEDIUM_FLOWS,     /* the first media was sent, or came */
    SL_MEDIUM_FAILED,    /* for good; the reason tells why */
};

/* Never from within begin(), start() or close(); never after on_closed. */
struct sl_medium_ops {
    /* Of a playback: what was sent as it is published is made for it from now on, as struct
     * sl_medium_facts tells of what is so from the beginning. encoder NULL: it is sent as it is
     * published again. */
    void (*on_made)(void *owner, enum sl_media_kind kind, struct sl_stream *made,
                    const char *encoder);
    /* reason: SL_REASON_NONE but for SL_MEDIUM_FAILED. */
    void (*on_state)(void *owner, enum sl_medium_state state, enum sl_reason reason);
    /* The last call: nothing of the medium is left. */
    void (*on_closed)(void *owner);
};

enum sl_medium_transport { SL_TRANSPORT_DEFAULT, SL_TRANSPORT_UDP, SL_TRANSPORT_TCP };

enum { SL_MEDIUM_OFFER_MAX = 65536 }; /* bytes of a client's offer */

/* Everything borrowed for the duration of begin(), but for stream. */
struct sl_medium_request {
    bool publish;
    const char *session_id;   /* of the client */
    const char *id;           /* of the media session: unique while the medium lives */
    const char *name;         /* of the stream */
    struct sl_stream *stream; /* to play: live, and so until close(); NULL for a publication */
    const struct sl_publisher *publisher; /* who a publication's stream is; NULL for a playback */
    const char *offer; /* the client's, in the provider's own language; NULL: it made none */
    bool video_orientation;
    enum sl_medium_transport transport;
    uint32_t max_bitrate_kbps; /* that the client or the back end named; 0: none */
    /* How a playback is wanted (media-outputs.md 2.2); 0: as it is published. */
    uint32_t width, height, bitrate_kbps, quality;
    const struct sl_addr *via; /* the address of ours that the client is known to reach */
    int64_t created_ms;        /* on the wall */
    int64_t requested_us;      /* when the client asked, for the join histogram */
    const struct sl_log_scope *log;
    const struct sl_medium_ops *ops;
    void *owner;
};

/* What came of it. */
struct sl_medium_facts {
    bool flows[2];            /* by enum sl_media_kind */
    enum sl_codec codecs[2];  /* the first ones; SL_CODEC_NONE where nothing flows */
    struct sl_stream *stream; /* a publication's own, not yet live; until on_closed */
    const char *answer;       /* for the client, NULL: none; until start() or close() */
    /* Of a playback, by kind, what is made for it: the stream it is shown in its place, until
     * on_closed, and by which encoder. NULL: it is sent as it is published. */
    struct sl_stream *made[2];
    const char *encoders[2];
};

/* Of the last second, and totals since the start. */
struct sl_medium_figures {
    uint64_t audio_bps, video_bps, video_fps;
    uint64_t nack, pli, lost;
    uint32_t rtt_us; /* 0: not known */
    bool video_flows;
    /* Of a playback: what its way takes of the pictures, 0: all; and what there was to send. */
    uint64_t limit_bps, offered_bps;
    bool layered;   /* it takes fewer of their layers, which are sent */
    bool stands_in; /* a variant of a lower rate for what its way does not take */
    bool smaller;   /* or one of the smaller sizes that its source sends */
};

struct sl_provider {
    const char *name;     /* as clients choose it (mediaProvider): "WebRTC" */
    const char *protocol; /* as lists and metrics have it: "webrtc" */
    void *arg;
    bool is_telephone;  /* its publications are what a telephone says: nothing takes their place */
    bool without_rates; /* its clients cannot bear to be told of rates (websocket-api.md 9.3) */
    /*
     * SL_REASON_NONE: *facts tells what was agreed on, and nothing moves before start(). Or why it
     * cannot be; what had been made by then is in *out all the same, else that is NULL. What is in
     * *out is to be closed.
     */
    enum sl_reason (*begin)(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out);
    /* The client has been told. */
    void (*start)(struct sl_medium *medium);
    /* Ends a publication's stream, and lets go of everything; on_closed follows. Once. */
    void (*close)(struct sl_medium *medium);
    /* Looked at once a second, which is also when a playback changes to what its way takes. False,
     * and *out stays: no time has passed. */
    bool (*figures)(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out);
    bool (*uses_tcp)(const struct sl_medium *medium);
    /* What comes and goes on its way is noted there (net/capture.h) from now on, while it lives.
     * NULL: the provider cannot tell. */
    void (*watch)(struct sl_medium *medium, struct sl_capture *capture);
    /* A playback goes on with another stream of the same codecs, which lives until it is told of
     * the next one, from its next key frame on; NULL: with what it was begun for. One that gets its
     * own stream in another form stays with that. NULL: the provider cannot. */
    void (*show)(struct sl_medium *medium, struct sl_stream *stream);
};

#endif
