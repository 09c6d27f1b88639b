/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTP into tracks and out of them, over any path: what came by whatever way goes into an
 * sl_flow_in, which feeds tracks and asks for what is missing; an sl_flow_out sends tracks under
 * numbers of its own and answers who asks again. How packets find their way (ICE and DTLS, a pair
 * of ports, a TCP connection) and when they may go is their owner's; so are the loop and the
 * sockets. Start with struct sl_flow_path and struct sl_flow_ops; webrtc/peer.c is an owner.
 *
 * Threads. Made and destroyed on the control loop [control]; in between everything belongs to the
 * worker it was made for [worker].
 */
#ifndef SL_FLOW_FLOW_H
#define SL_FLOW_FLOW_H

#include "media/media.h"
#include "sdp/sdp.h"
#include "srtp/srtp.h"
#include "stream/stream.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_addr;
struct sl_capture;
struct sl_udp_dest;
struct sl_udp_sender;

/* ---- Paths ---- */

/* Where packets go for now: as datagrams, or into a stream of octets. */
struct sl_flow_path {
    struct sl_udp_sender *sender; /* what leaves together; packets are built in its memory */
    /* Datagrams; both NULL for a stream. They stay as they are until the sender has flushed. */
    const struct sl_udp_dest *rtp, *rtcp; /* the same where RTCP shares the port (RFC 5761) */
    void (*write)(void *stream, bool rtcp, const uint8_t *data, size_t len);
    void *stream;
    struct sl_srtp_engine *engine;
    struct sl_srtp_sender *srtp; /* NULL: in clear */
    struct sl_capture *capture;  /* NULL: nobody wants to see what goes there; otherwise: */
    const struct sl_addr *remote;
};

/* What a flow asks of its owner and tells it. [worker] */
struct sl_flow_ops {
    const char *protocol; /* "webrtc": of the sinks */
    /* Where packets of this transport of the negotiation go now: asked once for each batch. False:
     * nowhere yet. */
    bool (*find_path)(void *owner, size_t transport, struct sl_flow_path *out);
    /* The first packet went into a track, or out of one. */
    void (*on_started)(void *owner);
};

/* Numbers written by the worker, read by anyone (each for itself is consistent). */
struct sl_flow_stats {
    _Atomic uint64_t video_bytes, audio_bytes; /* RTP payload received or sent */
    _Atomic uint64_t video_packets, audio_packets;
    _Atomic uint64_t video_frames;    /* marker bits seen or sent */
    _Atomic uint64_t nack, pli, lost; /* totals since the start */
    _Atomic uint32_t rtt_us;
    /* Out: what the way takes of the pictures, 0: all; and what there was to send. */
    _Atomic uint64_t limit_bps, offered_bps;
    _Atomic bool layered; /* out: that takes fewer layers of them, which are sent */
};

/* ---- In ---- */

struct sl_flow_in;
struct sl_flow_in_config {
    struct sl_worker *worker;
    const struct sl_negotiation *negotiation; /* copied as far as needed */
    uint32_t max_bitrate_bps;                 /* REMB never says more; 0: no bound */
    int64_t report_every_us;                  /* 0: a second */
    /* Payload types of sound, a bit each, whose packets are nothing to hear: comfort noise, digits.
     * They come in as empty ones, so that nothing is missing where they stood. */
    uint64_t fillers[2];
    const struct sl_flow_ops *ops;
    void *owner;
};
/* [control] */
struct sl_flow_in *sl_flow_in_create(const struct sl_flow_in_config *config);
/* Off the worker's hands. NULL is fine. Threads: any. */
void sl_flow_in_destroy(struct sl_flow_in *in);
/* Where received media goes; NULL for a kind that was not negotiated. Before the first packet.
 * [control] */
void sl_flow_in_set_tracks(struct sl_flow_in *in, struct sl_track *audio, struct sl_track *video);
/* What was agreed upon anew, of the kinds that were received at first: its formats come in from now
 * on, and those of before as long as their payload types mean nothing else; digits of before are
 * none any more. fillers: as in the configuration. [worker] */
void sl_flow_in_agree(struct sl_flow_in *in, const struct sl_negotiation *negotiation,
                      const uint64_t fillers[static 2]);
/* Of pictures that come in several sizes at once: where this layer of the negotiation goes, by
 * itself; the track of pictures gets the largest that comes. For each layer, before the first
 * packet. [control] */
void sl_flow_in_set_layer(struct sl_flow_in *in, size_t layer, struct sl_track *track);
/* For the source's ops of a layer: whether anybody takes it. [worker] */
void sl_flow_in_want_layer(struct sl_flow_in *in, const struct sl_track *track, bool wanted);
/* For the source's ops of a layer. [worker] */
void sl_flow_in_request_layer_keyframe(struct sl_flow_in *in, const struct sl_track *track);
/* One packet in clear. [worker] */
void sl_flow_in_rtp(struct sl_flow_in *in, const uint8_t *data, size_t len, int64_t now_us);
/* The same where the way says which kind it is and whose: payload types of the other kind are none
 * here, and another ssrc, or a format of another clock, goes on at once, its time where the last
 * one's was. [worker] */
void sl_flow_in_rtp_of(struct sl_flow_in *in, enum sl_media_kind kind, const uint8_t *data,
                       size_t len, int64_t now_us);
/* One compound packet in clear; what is not for the receiver is passed over. [worker] */
void sl_flow_in_rtcp(struct sl_flow_in *in, const uint8_t *data, size_t len, int64_t now_us);
/* Feedback that is due: every 10 ms, once packets can be sent. [worker] */
void sl_flow_in_tick(struct sl_flow_in *in, int64_t now_us);
/* For a source's ops. False: the sender has not said that it hears such requests. [worker] */
bool sl_flow_in_request_keyframe(struct sl_flow_in *in, enum sl_media_kind kind);
/* For a source's ops: pictures need have no more than so much; 0: what they may have anyway. Of
 * several sizes all are wanted, and nothing is bounded. [worker] */
void sl_flow_in_bound(struct sl_flow_in *in, uint64_t bitrate_bps);
/* For a source's ops: so much of the sound is lost behind us, in 256ths. The sender hears of at
 * most 15 % of that, as of losses on its own way, and its encoder adds what mends them. [worker] */
void sl_flow_in_losses(struct sl_flow_in *in, uint8_t fraction);
/* When the last packet came; 0 before. [worker] */
int64_t sl_flow_in_heard_us(const struct sl_flow_in *in);
/* Threads: any. */
const struct sl_flow_stats *sl_flow_in_stats(const struct sl_flow_in *in);

/* ---- Out ---- */

struct sl_flow_out;
struct sl_flow_out_config {
    struct sl_worker *worker;
    const struct sl_negotiation *negotiation; /* copied as far as needed */
    struct sl_track *tracks[2];               /* by kind; NULL where nothing flows */
    struct sl_loop *control;                  /* NULL: no output is ever moved */
    const char *cname;                        /* of sender reports; copied */
    int64_t requested_us;                     /* for the histogram of joins; 0: not measured */
    /* Pictures begin with a key frame, at first and wherever find_path() has said no; what is left
     * out there takes no numbers. And a sender report goes before the first packet. */
    bool from_keyframe;
    int64_t report_every_us; /* 0: a second */
    const struct sl_flow_ops *ops;
    void *owner;
};
/* Makes the sinks, too. [control] */
struct sl_flow_out *sl_flow_out_create(const struct sl_flow_out_config *config);
/* After sl_flow_out_stop() on the worker, or without start. NULL is fine. [control] */
void sl_flow_out_destroy(struct sl_flow_out *out);
/* Packets can be sent: media starts, with a key frame. [worker] */
void sl_flow_out_start(struct sl_flow_out *out, int64_t now_us);
/* Idempotent. [worker] */
void sl_flow_out_stop(struct sl_flow_out *out);
/* What was agreed upon anew, of the kinds that flow: from now on packets of these codecs are sent,
 * under these payload types, and no others. [worker] */
void sl_flow_out_agree(struct sl_flow_out *out, const struct sl_negotiation *negotiation);
/*
 * The output of this kind goes on with another track, on whatever worker, at that track's next key
 * frame (sound: its next packet), and is sent as it was until then: numbers, time stamps and VP8's
 * counters go on without a seam, these in the width their source gives them. A codec that was not
 * negotiated never begins. Replaces a move that has not been made; a track that ends first ends the
 * move. Returns 0; -EINVAL: nothing of this kind flows out, or the track is of the other. [control]
 */
int sl_flow_out_move(struct sl_flow_out *out, enum sl_media_kind kind, struct sl_track *track);
/* The same, to what stands in for a track that the receiver's link does not take: it counts as too
 * narrow (stats.limit_bps) until it takes that one's bit rate. [control] */
int sl_flow_out_stand_in(struct sl_flow_out *out, enum sl_media_kind kind, struct sl_track *track,
                         uint64_t wanted_bps);
/* One compound packet in clear; what is not for the sender is passed over. [worker] */
void sl_flow_out_rtcp(struct sl_flow_out *out, const uint8_t *data, size_t len, int64_t now_us);
/* Reports that are due: every 100 ms, once started. [worker] */
void sl_flow_out_tick(struct sl_flow_out *out, int64_t now_us);
/* Tells the receiver that nothing more comes (RFC 3550 section 6.6). [worker] */
void sl_flow_out_bye(struct sl_flow_out *out, int64_t now_us);
/* What the track brings of this kind is left out from now on, or sent again, pictures from a key
 * frame on; what is left out takes no numbers. Reports go on. [worker] */
void sl_flow_out_pause(struct sl_flow_out *out, enum sl_media_kind kind, bool paused);
/* A packet of our own among those of the sound, under the next number; the payload, at most
 * SL_FLOW_INTERJECTION_MAX octets, may be empty. Returns 0; -ENOTCONN: there is no way, or nothing
 * of sound flows out. [worker] */
enum { SL_FLOW_INTERJECTION_MAX = 64 };
struct sl_flow_interjection {
    uint8_t payload_type;
    bool marker;
    uint32_t timestamp;
    const uint8_t *payload;
    size_t len;
};
int sl_flow_out_interject(struct sl_flow_out *out, const struct sl_flow_interjection *packet);
/* The time of sound that is sent now; where none was yet, that of a clock of our own. [worker] */
uint32_t sl_flow_out_time(const struct sl_flow_out *out, int64_t now_us);
/* The receiver asks for a key frame by other words than RTCP; as often as it may. [worker] */
void sl_flow_out_want_keyframe(struct sl_flow_out *out, int64_t now_us);
/* Of a flow from key frames: the number of the packet of this kind that comes next, and about its
 * time, where it is known. [worker] */
struct sl_flow_next {
    uint16_t seq;
    bool has_timestamp;
    uint32_t timestamp;
};
/* False: nothing of this kind flows out. */
bool sl_flow_out_next(const struct sl_flow_out *out, enum sl_media_kind kind,
                      struct sl_flow_next *next);
const struct sl_flow_stats *sl_flow_out_stats(const struct sl_flow_out *out);

/* ---- Figures ---- */

/* What a flow moved between the last two looks at its numbers; whoever wants to know looks about
 * once a second. Zero but for at_us at first. Pure. */
struct sl_flow_rates {
    int64_t at_us;                            /* of the last look; at first, when it began */
    uint64_t audio_bps, video_bps, video_fps; /* RTP payload */
    bool video_flows;
    uint64_t audio_bytes, video_bytes, video_packets, video_frames; /* as of the last look */
};
/* False, and all stays: no time has passed. */
bool sl_flow_rates_update(struct sl_flow_rates *rates, const struct sl_flow_stats *stats,
                          int64_t now_us);

/* ---- Between descriptions and tracks ---- */

/* What a track's source may send, for an offer or an answer, in front what it does send; returns
 * the count, 0 for NULL. */
size_t sl_track_source_codecs(const struct sl_track *track,
                              struct sl_source_codec out[static SL_TRACK_CODECS_MAX]);
/* The track for what a source was allowed to send, whose codecs are cut to what a track can hold.
 * media NULL: no track. */
void sl_track_config_from(struct sl_media *media, struct sl_track_config *out);

/* The keys that a description names, for srtp/; false: it names none. */
bool sl_flow_keys(const struct sl_sdp_crypto *crypto, struct sl_srtp_keys *out);
/* Fresh keys of our own for a description. */
void sl_flow_draw_crypto(enum sl_sdp_suite suite, uint32_t tag, struct sl_sdp_crypto *out);

/* An ssrc to send under: not 0, none of those taken (RFC 3550 section 8.1). */
uint32_t sl_ssrc_draw(const uint32_t *taken, size_t count);

#endif
