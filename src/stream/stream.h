/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * THE CORE: named streams, their tracks, and the fan-out to whoever watches. Knows no protocol: a
 * source feeds tracks with packets (sl_track_input()) or with frames (sl_track_input_frame()), a
 * sink gets either through struct sl_sink_ops.
 *
 * Threads. The control loop owns names, streams and the existence of everything; a worker owns the
 * media state of the tracks and sinks placed on it. A stream lives on its source's worker; a sink
 * may live on any: a track hands its packets over once per other worker and batch, not once per
 * sink. Functions are marked [control] or [worker] (the worker the object is on); debug and
 * sanitizer builds assert it.
 *
 * Lifetime. The creator of a stream ends it (sl_stream_end), takes the source off the worker, and
 * then gives the object up (sl_stream_release); the creator of a sink stops it on its worker and
 * then destroys it. Memory goes when both sides have let go; nobody needs to wait for the other.
 */
#ifndef SL_STREAM_STREAM_H
#define SL_STREAM_STREAM_H

#include "base/list.h"
#include "base/queue.h"
#include "media/media.h"
#include "rtp/rtp.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_counters;
struct sl_later;
struct sl_loop;
struct sl_metrics;

/* ---- Workers ---- */

/* For whose sake a source is asked for less than it sends. */
enum sl_bounding {
    SL_BOUND_OFF,
    SL_BOUND_SOLE,   /* for a sink that is its track's only one */
    SL_BOUND_LOWEST, /* for any: all of them get what the narrowest takes */
};

struct sl_workers;
struct sl_worker;

struct sl_workers_config {
    size_t count;        /* threads, 1..64 */
    size_t packets_max;  /* RTP packets held per worker; past that new ones are dropped, counted */
    size_t ring_packets; /* kept per track of pictures for retransmission; a power of two */
    int64_t keyframe_interval_us; /* least time between two key frame requests to one source */
    /* How long packets may wait for the rest of their picture, so that it leaves together; the wait
     * grows with the number of sinks, see worker.c. 0: never. */
    int64_t gather_max_us;
    enum sl_bounding bounding;
    struct sl_metrics *metrics; /* each worker registers its counters there; outlives them */
};

/* Threads exist after sl_workers_start(); until then the caller may set up handles on their loops.
 * NULL: no descriptors are left for them. */
struct sl_workers *sl_workers_create(const struct sl_workers_config *config,
                                     struct sl_loop *control);
/* -EAGAIN: no thread could be made for one of them; then none runs. */
int sl_workers_start(struct sl_workers *workers);
/* Stops and joins the threads; then the caller may take handles down, then destroys. */
void sl_workers_stop(struct sl_workers *workers);
void sl_workers_destroy(struct sl_workers *workers);
size_t sl_workers_count(const struct sl_workers *workers);
struct sl_worker *sl_workers_at(struct sl_workers *workers, size_t index);

struct sl_loop *sl_worker_loop(struct sl_worker *worker);
/* The control loop, where what a worker uses is made and freed. Constant. Threads: any. */
struct sl_loop *sl_worker_control(struct sl_worker *worker);
size_t sl_worker_index(const struct sl_worker *worker);
struct sl_counters *sl_worker_counters(struct sl_worker *worker);
/* What brings a worker packets and takes datagrams away. */
struct sl_worker_io {
    /* The end of a turn of the loop, after the tracks' packets went to the sinks (if it was time
     * for them): whoever collected datagrams sends them now. */
    void (*flush)(void *owner);
    /* Off: packets wait for those behind them, at most gather_max_us; nothing need be read that
     * long. It may be told twice. */
    void (*listen)(void *owner, bool on);
    /* Reads what is there, while off, too. */
    void (*receive)(void *owner);
};
/* One per worker; NULL takes it away. */
void sl_worker_set_io(struct sl_worker *worker, const struct sl_worker_io *io, void *owner);
/* For others that collect: run() comes at the end of this turn, with the worker's flush, where
 * sl_loop_later() would wake the loop for a turn of its own. It does not ask again. Once asked, it
 * stays where it is; sl_later_cancel() takes it back. [worker] */
void sl_worker_at_end(struct sl_worker *worker, struct sl_later *later);
/* Passes packets on and sends everything now: before memory that queued work points to is freed. */
void sl_worker_flush(struct sl_worker *worker);

/* Where to put a new source: the worker with the least to do. [control] */
struct sl_worker *sl_workers_pick_source(struct sl_workers *workers);
/* Where to put a player of a stream on `home`: there, unless it has clearly more to do than the
 * least loaded one. [control] */
struct sl_worker *sl_workers_pick_sink(struct sl_workers *workers, struct sl_worker *home);
/* Keeps the load figures that the picks use: +1 when placed, -1 when gone. [control] */
void sl_worker_add_load(struct sl_worker *worker, int change);

/* ---- Packets ---- */

enum {
    SL_PACKET_PAYLOAD_MAX = 1460,
    SL_ORIENTATION_NONE = 0xff,
    /* What an orientation takes where it is sent: a header extension of one element of one byte
     * (RFC 8285 section 4.2). */
    SL_ORIENTATION_EXT_LEN = 8,
};

/* One RTP packet of a published track. Immutable to all but the track once it went into
 * sl_track_input(), and to all once sinks have it; shared by reference count across workers. */
struct sl_rtp_packet {
    _Atomic uint32_t refs;
    struct sl_rtp_packet *next; /* pool's */
    struct sl_worker *home;     /* whose pool it returns to */
    int64_t seq;                /* widened: never wraps */
    int64_t arrival_us;
    uint32_t timestamp; /* as the source sent it */
    enum sl_codec codec;
    bool marker;
    bool keyframe_start;
    uint8_t orientation; /* 3GPP TS 26.114 CVO byte, SL_ORIENTATION_NONE if the packet had none */
    /* RTP padding as the track chose it, so that packets of a picture, each with its orientation,
     * are of one length. It lies ready behind the payload and is no part of it: for sinks of
     * packets that send them on under one key a packet, always or never. */
    uint8_t padding;
    uint16_t payload_len;
    uint8_t payload[SL_PACKET_PAYLOAD_MAX];
};

/* A packet to fill, one reference, that begins no key frame yet; NULL when the worker's pool is at
 * its bound (counted). [worker] */
struct sl_rtp_packet *sl_rtp_packet_create(struct sl_worker *worker);
/* Threads: any. */
struct sl_rtp_packet *sl_rtp_packet_ref(struct sl_rtp_packet *packet);
/* Threads: any. NULL is fine. */
void sl_rtp_packet_unref(struct sl_rtp_packet *packet);

/* Maps a track's RTP time to local monotonic time, which the tracks of one stream share: that is
 * what keeps lips in sync. */
struct sl_track_clock {
    bool valid;
    uint64_t ntp;           /* NTP time (32.32) for players' sender reports ... */
    uint32_t rtp_timestamp; /* ... at this RTP time ... */
    int64_t local_us;       /* ... which is this local time: ntp at an equal offset in all tracks */
};

/* ---- Sources ---- */

struct sl_reservation;
struct sl_stream;
struct sl_track;

/* What the core asks of a source. */
struct sl_source_ops {
    const char *protocol; /* "webrtc", "rtmp": for logs and metrics */
    /* A sink needs a key frame of this track; already merged and limited in rate. NULL: the source
     * cannot be asked. Then the pictures since the last key frame are kept (up to 4 MiB and 12 s a
     * track, 64 MiB in all), and sinks of frames begin with those. [worker] */
    void (*request_keyframe)(void *owner, struct sl_track *track);
    /* The track has sinks now (their number, on all workers), or none any more (0): for a source
     * that works for somebody only. Not called once the stream has ended. NULL: not asked for.
     * [worker] */
    void (*on_sinks)(void *owner, struct sl_track *track, size_t count);
    /* The track need have no more than so much payload, as its sinks' ways take no more; 0, as at
     * first: no such bound. Not called once the stream has ended. NULL: the source cannot be told.
     * [worker] */
    void (*on_bound)(void *owner, struct sl_track *track, uint64_t bitrate_bps);
    /* So much is lost on the worst of its sinks' ways, in 256ths; 0, as at first: nothing that
     * matters. Not called once the stream has ended. NULL: the source has no remedy. [worker] */
    void (*on_losses)(void *owner, struct sl_track *track, uint8_t fraction);
};

enum { SL_TRACK_CODECS_MAX = 8, SL_FMTP_MAX = 256 };

struct sl_track_codec {
    enum sl_codec codec;
    char fmtp[SL_FMTP_MAX];
};

struct sl_track_config {
    bool present;
    size_t codec_count; /* those the source may send; the first is the one expected */
    struct sl_track_codec codecs[SL_TRACK_CODECS_MAX];
    struct sl_h264_sprop sprop; /* H264 parameter sets known before the first packet */
    bool frames;                /* the source gives frames, not packets */
    bool single_nal; /* of frames of H264: packets are for packetization-mode 0 (RFC 6184) */
    /* RTP time of AAC and of telephone events, which is their sound's; 0: what is usual for them.
     * Other codecs have one clock. */
    uint32_t clock_hz;
    /* It is made for takers whose links are narrow: the source is told of the narrowest, however
     * many there are and whatever the workers' bounding says. */
    bool follows_narrowest;
};

/* ---- Who a stream is [control] ---- */

/* Whose a stream is. What is pushed by itself, announced to the cluster and counted as this
 * server's hangs on this, and not on the protocol that it came by. */
enum sl_origin {
    SL_ORIGIN_OWN,      /* a client publishes it here */
    SL_ORIGIN_PULLED,   /* an operator had it pulled from another server; this one's from then on */
    SL_ORIGIN_NODE,     /* another node's of the cluster, here for this node's viewers */
    SL_ORIGIN_BUILT_IN, /* the server makes it; each has its own */
};

/* What the lists tell of a stream. Zero, NULL: not known. */
struct sl_stream_figures {
    uint64_t audio_bps, video_bps, video_fps; /* payload of the last second */
    uint64_t lost, nack;                      /* totals since the start */
    uint32_t rtt_us;
    /* Where it is pulled from: URL and name there. Borrowed until the stream ends. */
    const char *from_uri, *from_name;
};

struct sl_publisher_ops {
    /* out is zeroed before. NULL: nothing is known. */
    void (*stats)(void *owner, struct sl_stream_figures *out);
    /* Ends the stream, and what there is behind it, from within; why is for people. NULL: the
     * stream is ended, and its source has no more to do. */
    void (*terminate)(void *owner, const char *why);
    /* Its players are only those whom a back end has let. NULL: anybody may play it. */
    bool (*is_guarded)(void *owner);
};

enum { SL_STREAM_ID_MAX = 128 };

/* Whoever has brought a stream, on the control loop; the source (struct sl_source_ops) is its half
 * on the worker. Zeroed: a stream of this server's own that nobody can ask for by an id. */
struct sl_publisher {
    enum sl_origin origin;
    /* Copied; at most SL_STREAM_ID_MAX bytes, no other stream's. NULL: none. */
    const char *id;
    const struct sl_publisher_ops *ops; /* NULL: none of them */
    void *owner;                        /* of ops; asked until the stream ends */
};

enum { SL_STREAM_NAME_MAX = 256 };
/* 1..SL_STREAM_NAME_MAX bytes without control characters. Threads: any. */
bool sl_stream_name_is_valid(const char *name);

struct sl_stream_config {
    /* Copied; a valid one. NULL: it has none, and nobody finds, lists or counts it: a variant of a
     * stream, a leg of a call. */
    const char *name;
    /* Of a stream without a name: the one that it is made from, which has not ended; or NULL. What
     * is asked about it is asked of that one: name, muting, NTP time, the picture's size until its
     * own is known; and it ends with it. */
    struct sl_stream *of;
    /* With that: the same pictures in one of the sizes that its source sends at once. */
    bool is_layer;
    struct sl_publisher publisher;
    struct sl_worker *worker; /* where the source is */
    const struct sl_source_ops *ops;
    void *owner; /* of ops; must stay valid on the worker until after the end has run there */
    struct sl_track_config tracks[2];         /* by enum sl_media_kind */
    const struct sl_reservation *reservation; /* of this name; NULL: the name must be free */
    /* Not to be found by its name before it is live; the name is taken all the same. */
    bool unlisted_until_live;
    /* In no list while nobody takes it, but found by its name all the same. */
    bool unlisted_while_untaken;
};

/* Of a track of packets. Takes ownership of one reference; drops the packet if the stream has
 * ended. [worker] */
void sl_track_input(struct sl_track *track, struct sl_rtp_packet *packet);
/*
 * Of a track of frames. Takes ownership of one reference, and nobody else has the frame yet: its
 * times, and the configuration of H264, are mended where they lack something (pts may fall, dts
 * rises). Sinks of frames get this very frame at the end of the turn. Packets are cut only while
 * there is a sink of packets, from a key frame on: of H264, VP8, opus, G.711, G.722 and AAC;
 * numbers and RTP times are the track's. Frames longer than 4 MiB are dropped. [worker]
 */
void sl_track_input_frame(struct sl_track *track, struct sl_frame *frame);
/* Known, or moved; packets given after this are of it. Of a track of frames, RTP time is the
 * track's own, and this tells only which NTP time a local time is; without it, the wall clock's.
 * [worker] */
void sl_track_set_clock(struct sl_track *track, const struct sl_track_clock *clock);
/* The coded picture size changed: listeners are told. [worker] */
void sl_track_set_size(struct sl_track *track, uint16_t width, uint16_t height);
/* Of a layer: so much payload comes in of it; 0, as at first: none. [worker] */
void sl_track_set_bitrate(struct sl_track *track, uint64_t bitrate_bps);
/* Its pictures are shown in another order than they come in (B pictures): listeners are told, once.
 * [worker] */
void sl_track_set_reordered(struct sl_track *track);
/* Constant. Threads: any. */
enum sl_media_kind sl_track_kind(const struct sl_track *track);
bool sl_tracks_are_of_one_stream(const struct sl_track *a, const struct sl_track *b);
/* What the source may send; constant. Threads: any. */
const struct sl_track_config *sl_track_codecs(const struct sl_track *track);
/* What it sends: of all that it may, what came last (of pictures, the last key frame's); before
 * anything came, the one expected. SL_CODEC_NONE: it may send none. Threads: any. */
enum sl_codec sl_track_codec(const struct sl_track *track);

/* ---- Streams: names and lives [control] ---- */

struct sl_streams;
struct sl_streams *sl_streams_create(struct sl_workers *workers, struct sl_loop *control);
/* After sl_streams_drained(). */
void sl_streams_destroy(struct sl_streams *streams);
/* Those that have a name now. */
size_t sl_streams_count(const struct sl_streams *streams);
/* True when nothing of any stream is left, on no thread: the workers may be stopped. */
bool sl_streams_drained(const struct sl_streams *streams);
/* NULL if no stream has this name now, or one that is unlisted until it is live. */
struct sl_stream *sl_streams_find(struct sl_streams *streams, const char *name);
/* Those that have a name, but for unlisted_while_untaken. */
void sl_streams_each(struct sl_streams *streams, void (*fn)(struct sl_stream *stream, void *arg),
                     void *arg);

/* Takes the name and places the tracks. -EEXIST: the name is taken or reserved; -EINVAL: not a
 * name; -EPIPE: what it is made from has ended; -ENOBUFS: the worker's packet memory serves as many
 * tracks as it can. */
int sl_stream_create(struct sl_streams *streams, const struct sl_stream_config *config,
                     struct sl_stream **out);
/* Media flows: players are welcome from now on; whoever listens for streams that come hears of one
 * that has a name. */
void sl_stream_set_live(struct sl_stream *stream);
bool sl_stream_is_live(const struct sl_stream *stream);
/* Wall clock; 0 before. */
int64_t sl_stream_live_since_ms(const struct sl_stream *stream);
/* Of what it is made from, if it has none; "" if there is no such stream. Threads: any. */
const char *sl_stream_name(const struct sl_stream *stream);
struct sl_worker *sl_stream_worker(struct sl_stream *stream);
/* Of its source. */
const char *sl_stream_protocol(const struct sl_stream *stream);
enum sl_origin sl_stream_origin(const struct sl_stream *stream);
/* Somebody has published it here, or had it brought here: no other node has it by itself. */
bool sl_stream_is_of_this_server(const struct sl_stream *stream);
/* See struct sl_publisher_ops; of one without a name, whether that which it is made from is. */
bool sl_stream_is_guarded(const struct sl_stream *stream);
/* "" if it has none. */
const char *sl_stream_id(const struct sl_stream *stream);
/* NULL if no stream has this id now. Live or not; "" is nobody's. */
struct sl_stream *sl_streams_find_id(struct sl_streams *streams, const char *id);
void sl_stream_figures(const struct sl_stream *stream, struct sl_stream_figures *out);
/* For an operator who ends it. Its memory may be gone afterwards. */
void sl_stream_terminate(struct sl_stream *stream, const char *why);
/* NULL if the stream has no such track. Constant. Threads: any. */
struct sl_track *sl_stream_track(struct sl_stream *stream, enum sl_media_kind kind);
/* sl_track_codec() of it; SL_CODEC_NONE without. Threads: any. */
enum sl_codec sl_stream_codec(struct sl_stream *stream, enum sl_media_kind kind);
/* Last known picture size, 0 x 0 if none yet. */
void sl_stream_size(const struct sl_stream *stream, uint16_t *width, uint16_t *height);
/* The sizes that a stream's source sends at once, the least of bits first; those of which nothing
 * comes are left out. Returns their count, 0: it sends one only. Borrowed until the stream ends. */
enum { SL_STREAM_LAYERS_MAX = 3 };
struct sl_stream_layer {
    struct sl_stream *stream;
    uint64_t bitrate_bps;
};
size_t sl_stream_layers(const struct sl_stream *stream,
                        struct sl_stream_layer out[static SL_STREAM_LAYERS_MAX]);
/* Pictures were seen that are shown in another order than they came: players that show each as it
 * comes, as browsers do with RTP, see them jump. */
bool sl_stream_is_reordered(const struct sl_stream *stream);
/* What the publisher says of itself: silent, dark. False until told. */
void sl_stream_set_muted(struct sl_stream *stream, enum sl_media_kind kind, bool muted);
bool sl_stream_is_muted(const struct sl_stream *stream, enum sl_media_kind kind);
/* The name is free at once, listeners get on_end (the last call), sinks get on_end on their
 * workers, and the streams made from it end. Idempotent. */
void sl_stream_end(struct sl_stream *stream);
/* The creator's last call, when the source is off the worker. Ends the stream if need be. */
void sl_stream_release(struct sl_stream *stream);

/* Whoever wants to know of a stream's life on the control loop. Embedded in its owner. */
struct sl_stream_listener {
    struct sl_list link;
    /* Each may be NULL, and may take its own listener out. */
    void (*on_size)(struct sl_stream_listener *listener, uint16_t width, uint16_t height);
    void (*on_reordered)(struct sl_stream_listener *listener); /* from now on; once */
    /* The track of this kind goes on in another codec: sl_track_codec() tells the last one. */
    void (*on_codec)(struct sl_stream_listener *listener, enum sl_media_kind kind);
    void (*on_muted)(struct sl_stream_listener *listener); /* or not any more */
    void (*on_end)(struct sl_stream_listener *listener);   /* already taken out of the list */
};
void sl_stream_listen(struct sl_stream *stream, struct sl_stream_listener *listener);
/* No-op if it does not listen. */
void sl_stream_unlisten(struct sl_stream_listener *listener);

/* ---- Who takes a stream [control] ---- */

enum sl_taker_kind {
    SL_TAKER_VIEWER, /* somebody plays it, or is about to */
    SL_TAKER_OUTPUT, /* it goes to another server, or to a file */
};
enum { SL_TAKER_KINDS = 2 };

/* One who takes a stream, whatever the protocol; for lists, limits, and for whoever brings streams
 * only as long as they are wanted. Embedded in its owner, who fills in the first three; texts are
 * borrowed while it is attached. */
struct sl_taker {
    enum sl_taker_kind kind;
    const char *protocol;
    const char *id;
    int64_t since_ms; /* wall clock; by sl_taker_attach() */
    struct sl_stream *stream;
    struct sl_list link; /* the stream's */
};
/* To a stream that has not ended. The end of the stream detaches it. */
void sl_taker_attach(struct sl_taker *taker, struct sl_stream *stream);
/* No-op if it is not attached. */
void sl_taker_detach(struct sl_taker *taker);
size_t sl_stream_takers(const struct sl_stream *stream, enum sl_taker_kind kind);
/* In the order they came; fn may detach none. */
void sl_stream_each_taker(const struct sl_stream *stream,
                          void (*fn)(const struct sl_taker *taker, void *arg), void *arg);

/* ---- Names to come [control] ---- */

/* A name kept free of all streams but those made with it: of a call, say, that will be published
 * when it is answered (rest-api.md 5.1). It outlasts such streams. Owner: who reserved it. */
struct sl_reservation;
/* -EEXIST: a stream or another reservation has the name; -EINVAL: not a name. */
int sl_streams_reserve(struct sl_streams *streams, const char *name, struct sl_reservation **out);
/* Tells on_unreserved. NULL is fine. Before sl_streams_destroy(). */
void sl_reservation_release(struct sl_reservation *reservation);
bool sl_streams_is_reserved(const struct sl_streams *streams, const char *name);

/* Whoever wants to know of streams that come. Embedded in its owner. Neither call may end a stream
 * or take another listener out. */
struct sl_streams_listener {
    struct sl_list link;
    /* Once for each stream, from within sl_stream_set_live(). */
    void (*on_live)(struct sl_streams_listener *listener, struct sl_stream *stream);
    /* A reservation was released: nothing is to be waited for any more. May be NULL. */
    void (*on_unreserved)(struct sl_streams_listener *listener, const char *name);
};
void sl_streams_listen(struct sl_streams *streams, struct sl_streams_listener *listener);
/* No-op if it does not listen. */
void sl_streams_unlisten(struct sl_streams_listener *listener);

/* ---- Sinks ---- */

/* What a protocol does with media it subscribed to. Called on the sink's worker; never blocks, and
 * starts or stops no sink from within. */
struct sl_sink_ops {
    const char *protocol;
    /* Packets in the order they came. Borrowed: sl_rtp_packet_ref() to keep one. NULL for a sink of
     * frames. */
    void (*on_packets)(void *owner, struct sl_rtp_packet *const *packets, size_t count);
    /* One frame, the first a key frame. Borrowed. NULL for a sink of packets. */
    void (*on_frame)(void *owner, struct sl_frame *frame);
    /* The last call: -EPIPE, the stream ended; -ENOSYS, no frames can be made of what the source
     * sends (VP9, AV1). May be NULL. */
    void (*on_end)(void *owner, int reason);
    /* Of sinks of frames: the next frame is the first of this codec, or of this configuration of it
     * (struct sl_frame). config is borrowed. May be NULL. */
    void (*on_codec)(void *owner, enum sl_codec codec, struct sl_codec_config *config);
};

struct sl_sink;
/* [control] */
struct sl_sink *sl_sink_create(struct sl_track *track, struct sl_worker *worker,
                               const struct sl_sink_ops *ops, void *owner);
/* Sound that is due together with pictures is handed over right behind them, sink by sink, so that
 * one player's packets lie together. Both of one owner's, of one stream, on one worker; before they
 * start, and until one of them is stopped; never started, they are destroyed together. [control] */
void sl_sink_ride(struct sl_sink *audio, struct sl_sink *video);
/* Its receiver may ask for packets again: some are kept for sl_sink_find_packet() while there is
 * such a sink, of pictures ring_packets at most, of sound eight. Before it starts. [control] */
void sl_sink_keep_packets(struct sl_sink *sink);
/* How often it wants a key frame, at least; the track asks its source for what the most impatient
 * of its sinks wants. 0, as at first: whenever they come. Before it starts. [control] */
void sl_sink_set_keyframe_every(struct sl_sink *sink, int64_t every_us);
/* Packets or frames come from now on; on_end comes instead, from within, if the stream is over or
 * no frames can be made of any codec of the track. [worker] */
void sl_sink_start(struct sl_sink *sink);
/* No call after this. Idempotent. [worker] */
void sl_sink_stop(struct sl_sink *sink);
/* After sl_sink_stop() has run on the worker (or the sink never started). [control] */
void sl_sink_destroy(struct sl_sink *sink);

/* Asks the source for a key frame (merged, limited). [worker] */
void sl_sink_request_keyframe(struct sl_sink *sink);
/* As sl_sink_set_keyframe_every(), of a sink that has started: what it wants from now on. [worker]
 */
void sl_sink_wish_keyframes(struct sl_sink *sink, int64_t every_us);
/* The way behind the sink takes no more than so much of the track's payload; 0, as at first: as
 * much as there is. Whether the source hears of it is struct sl_workers_config's to say. [worker]
 */
void sl_sink_bound_bitrate(struct sl_sink *sink, uint64_t bitrate_bps);
/* The way behind the sink loses so much, in 256ths, and its receiver has no remedy of its own; 0,
 * as at first: it does not. [worker] */
void sl_sink_tell_losses(struct sl_sink *sink, uint8_t fraction);
/* A packet still kept for retransmission, borrowed until the next turn; NULL. See
 * sl_sink_keep_packets(). [worker] */
struct sl_rtp_packet *sl_sink_find_packet(struct sl_sink *sink, int64_t seq);
/* The newest packet; NULL if none came yet. [worker] */
struct sl_rtp_packet *sl_sink_newest_packet(struct sl_sink *sink);
/* Never NULL; valid is false until the source has sent a report. [worker] */
const struct sl_track_clock *sl_sink_clock(const struct sl_sink *sink);

#endif
