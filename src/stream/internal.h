/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of stream/ share: the shapes behind stream.h and who may touch which part.
 *
 *   stream --2--> track --1 per worker with sinks--> fanout --n--> sink
 *
 * A track and its fanouts are one allocation tree that the control loop makes and frees; in between
 * each part belongs to one worker. The end of a stream runs through them like this:
 *
 *   control: sl_stream_end()  posts end_msg to the home worker
 *   home:    sl_track_end()      passes what is left, posts end_msg to each fanout's worker
 *   worker:  sl_fanout_end()     on_end to its sinks, drops its packets, posts drained_msg to
 * control control: on_drained()     counts; when all are drained, every sink is destroyed and the
 * creator has released: posts free_msg to the home worker home:    on_free()        frees;
 * everything anyone posted to home before has run by then
 */
#ifndef SL_STREAM_INTERNAL_H
#define SL_STREAM_INTERNAL_H

#include "base/list.h"
#include "base/table.h"
#include "net/net.h"
#include "stream/stream.h"

#include <pthread.h>
#include <uv.h>

enum {
    TRACK_BATCH = 64,      /* packets collected in one turn before they are passed on */
    HANDOVER_BATCHES = 16, /* in flight to another worker; past that packets are dropped, counted */
    RIDERS_MAX = 8, /* packets of sound that go along with pictures; with more, each go alone */
    TRACKS_PER_STREAM = 2,
    RING_MIN = 64, /* packets: 0.2 s of video, what an answer to a NACK needs on a short path */
    /* Of sound: as long a time, in an eighth of the memory (12 KB). Browsers never ask for it. */
    RING_SOUND = 8,
    FRAME_LEN_MAX = 4 << 20,
    FRAME_BATCH = 16, /* frames that came in in one turn, before they are passed on */
    FRAME_HANDOVER_BYTES_MAX = 8 << 20, /* of frames on their way to another worker */
};

/* ---- worker.c ---- */

struct sl_workers {
    size_t count;
    _Atomic size_t kept_bytes; /* of all tracks: see kept.c */
    struct sl_workers_config config;
    struct sl_loop *control;
    struct sl_worker *all[];
};

struct sl_worker {
    struct sl_workers *workers;
    const struct sl_workers_config *config;
    size_t index;
    struct sl_loop *loop;
    struct sl_counters *counters;
    pthread_t thread;
    bool running;
    int64_t load;         /* control loop's */
    size_t ring_reserved; /* control loop's: packets that rings of its tracks may hold */

    /* The worker's own. */
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t tick;
    struct sl_list dirty_tracks; /* with packets not yet passed on */
    uv_poll_t gather_poll;       /* of gather_fd, a timer in microseconds */
    int gather_fd;
    int64_t gather_us, gather_left_us; /* how long packets wait for more, what is left; 0: not */
    struct sl_list wanting_tracks;     /* a key frame was asked for too early */
    struct sl_list frame_fanouts;      /* with an assembler to tick */
    struct sl_list intakes;            /* with an assembler to tick */
    struct sl_list paced_tracks;       /* of which key frames are wanted regularly */
    struct sl_list at_end;             /* struct sl_later, of this turn */
    const struct sl_worker_io *io;     /* NULL: none */
    void *io_owner;
    struct packet_pool *pool;
};

enum { WORKERS_MAX = 64 };

/* ---- packet.c ---- */

struct packet_pool *sl_packet_pool_create(struct sl_worker *worker, size_t packets_max);
void sl_packet_pool_destroy(struct packet_pool *pool);

/* ---- track.c ---- */

struct sl_track {
    struct sl_stream *stream;
    enum sl_media_kind kind;
    struct sl_track_config config;
    struct sl_worker *home;
    const struct sl_source_ops *ops;
    void *owner;
    size_t ring_packets;     /* kept for retransmission, on each worker; constant */
    struct track_sets *sets; /* home worker's; NULL: the source sends no packets of H264 */
    struct intake *intake;   /* home worker's; NULL: the source sends packets */
    struct fanout *fanouts[WORKERS_MAX]; /* by worker index; control's */
    _Atomic enum sl_codec codec;         /* home writes it */
    _Atomic bool codec_posted;
    _Atomic uint64_t bitrate_bps; /* of a layer; home writes it */

    /* Home worker's. */
    struct fanout *active[WORKERS_MAX]; /* those it has been told of */
    size_t active_count;
    bool ended;
    struct sl_list dirty; /* in worker->dirty_tracks */
    size_t batch_count;
    struct sl_rtp_packet *batch[TRACK_BATCH];
    struct sl_track_clock clock;
    bool has_sinks; /* as the source was told */
    bool reordered; /* control has been told */
    struct sl_msg codec_msg, reordered_msg;
    int64_t keyframe_asked_us;
    struct sl_list wanting;                 /* in worker->wanting_tracks */
    int64_t keyframe_every_us, keyframe_us; /* how often one is wanted, 0: not; the last one */
    uint64_t bound_bps;                     /* as the source was told ... */
    uint8_t losses;                         /* ... and of these */
    struct sl_list paced;                   /* in worker->paced_tracks */
};

/* What the next track's ring may hold. [control] */
size_t sl_track_ring_packets(const struct sl_worker *worker, enum sl_media_kind kind);
struct sl_track *sl_track_create(struct sl_stream *stream, enum sl_media_kind kind,
                                 const struct sl_stream_config *config);
/* With its fanouts; NULL is fine. */
void sl_track_free(struct sl_track *track);
/* Of the codec's RTP time in this track. */
static inline uint32_t sl_track_clock_hz(const struct sl_track *track, enum sl_codec codec)
{
    bool is_sounds = codec == SL_CODEC_AAC || codec == SL_CODEC_TELEPHONE_EVENT;

    return is_sounds && track->config.clock_hz > 0 ? track->config.clock_hz
                                                   : sl_codec_clock_hz(codec);
}
/* The stream is over: passes what is left, ends the fanouts. [home] */
void sl_track_end(struct sl_track *track);

/* Sinks of frames begin with what is kept. */
static inline bool sl_track_keeps(const struct sl_track *track)
{
    return track->kind == SL_VIDEO && !track->ops->request_keyframe;
}

/* ---- batch.c ---- */

/* Appends a packet under its final number. [home] */
void sl_track_add(struct sl_track *track, struct sl_rtp_packet *packet);
/* Passes the batch on to every worker, and with it that of the stream's other track. [home] */
void sl_track_pass(struct sl_track *track);
/* The batch ends within a picture. [home] */
bool sl_track_picture_is_cut(const struct sl_track *track);
/* That, or it is sound that a picture may follow. [home] */
bool sl_track_may_go_on(const struct sl_track *track);

/* ---- demand.c ---- */

/* How many sinks its packets go to, on all workers. [home] */
size_t sl_track_sink_count(const struct sl_track *track);
/* Sinks came or went on some worker: tells the source of the first and of the last, and sees how
 * often key frames are wanted. [home] */
void sl_track_check_sinks(struct sl_track *track);
/* Asks for a key frame if the last one is too long ago for some sink. [home] */
void sl_track_pace(struct sl_track *track, int64_t now_us);
/* A sink wants a key frame. [home] */
void sl_track_want_keyframe(struct sl_track *track);
/* As that, at the next tick: for whoever is called by the source. [home] */
void sl_track_want_keyframe_soon(struct sl_track *track);
/* Asks now if the interval has passed; otherwise the track stays among the wanting. [home] */
void sl_track_retry_keyframe(struct sl_track *track, int64_t now_us);

/* ---- report.c ---- */

/* The NTP time of a local time: the same in all tracks of a stream. [home] */
uint64_t sl_track_ntp(struct sl_track *track, int64_t local_us);
/* Before anything comes; config is there. */
void sl_track_report_init(struct sl_track *track);
/* What can be decoded by itself has come in it. [home] */
void sl_track_note_codec(struct sl_track *track, enum sl_codec codec);

/* ---- sets.c ---- */

struct track_sets *sl_track_sets_create(const struct sl_h264_sprop *sprop);
void sl_track_sets_destroy(struct track_sets *sets); /* NULL is fine */
/* A packet as the source numbered it gets its number in the track; before it, packets may be added
 * that carry parameter sets. -ERANGE: it comes too late to be used. [home] */
int sl_track_sets_input(struct sl_track *track, struct sl_rtp_packet *packet);

/* ---- kept.c ---- */

struct kept {
    _Atomic size_t *all_bytes; /* of all tracks */
    size_t count, capacity, bytes;
    struct sl_frame **frames; /* from a key frame on */
};
/* One more picture: a key frame takes the place of all; too much, and nothing is kept. */
void sl_kept_add(struct kept *kept, struct sl_frame *frame);
void sl_kept_clear(struct kept *kept);

/* ---- intake.c, input.c ---- */

/* What a track has that gets frames from its source, or must keep them. Home worker's. */
struct intake {
    struct sl_track *track;
    /* Gives what is kept to those sinks of the fanout that wait for it. [home] */
    void (*replay)(struct intake *intake, struct fanout *fanout);
    int64_t last_dts_us;
    bool lost;                            /* pictures are of no use up to the next key frame */
    struct sl_codec_config *codec_config; /* of H264, once known */
    struct frames *frames;                /* of a source of packets */
    struct sl_list ticking;               /* in worker->intakes */
    struct kept kept;

    /* What packets cut from frames have. */
    bool cutting;
    bool warned;
    int64_t seq;
    uint16_t picture_id;

    /* What came since the end of the last turn. */
    size_t count;
    struct sl_frame *batch[FRAME_BATCH];
};

struct intake *sl_intake_create(struct sl_track *track);
void sl_intake_destroy(struct intake *intake); /* NULL is fine */
/* One more frame; takes the reference. [home] */
void sl_intake_add(struct intake *intake, struct sl_frame *frame);
/* Passes what came in on to every worker. [home] */
void sl_intake_pass(struct intake *intake);
/* Makes frames of packets where the source gives those. [home] */
void sl_intake_take(struct intake *intake, struct sl_rtp_packet *const *packets, size_t count);
/* Gives up waiting for lost packets in time. [home] */
void sl_intake_tick(struct intake *intake, int64_t now_us);
/* Nothing comes in any more. [home] */
void sl_intake_end(struct intake *intake);

/* ---- level.c ---- */

/* Pads packets of one track so that as few messages as possible take them to a player. followed:
 * something shorter goes to the same players right behind them. */
void sl_level_batch(struct sl_rtp_packet *const *packets, size_t count, bool followed);

/* ---- fanout.c ---- */

/* Packets of one track for its sinks on one worker. */
struct delivery {
    struct fanout *fanout; /* NULL: none */
    const struct sl_track_clock *clock;
    struct sl_rtp_packet *const *packets;
    size_t count;
};

/* Packets on their way to another worker. */
struct handover {
    struct sl_msg msg;
    _Atomic bool busy;
    struct {
        struct fanout *fanout;
        struct sl_track_clock clock;
        size_t count;
    } parts[2]; /* as sl_fanout_deliver() takes them; packets one behind the other */
    struct sl_rtp_packet *packets[TRACK_BATCH + RIDERS_MAX];
};

/* One track's presence on one worker. */
struct fanout {
    struct sl_track *track;
    struct sl_worker *worker;
    size_t refs;  /* control: sinks not yet destroyed */
    bool drained; /* control */

    /* Of both kinds, and of packets; the worker writes, home reads to skip empty ones. */
    _Atomic size_t sink_count, packet_sinks;
    size_t packet_sink_count;          /* worker's */
    _Atomic int64_t keyframe_every_us; /* the least that a sink wants, 0: none; written as above */
    _Atomic uint64_t bound_bps;        /* the least that a sink takes, 0: all take all; the same */
    _Atomic uint8_t losses;            /* the most that a sink's way loses; the same */
    struct sl_msg add_msg, end_msg, drained_msg, keyframe_msg, sinks_msg, join_msg, refuse_msg;
    _Atomic bool keyframe_posted, sinks_posted, join_posted, refuse_posted;

    /* The worker's. */
    bool ended;
    struct sl_sink **sinks; /* of packets; an array, because this is the hottest loop there is */
    size_t sinks_capacity;
    struct sl_list frame_sinks;
    size_t ring_mask;
    size_t keeping;               /* sinks whose receivers may ask again */
    struct sl_rtp_packet **ring;  /* by seq & mask; while there are such sinks */
    struct sl_rtp_packet *newest; /* one reference; NULL without sinks */
    struct sl_track_clock clock;
    struct frames *frames;    /* while there are frame sinks, and the track has packets only */
    struct sl_list ticking;   /* in worker->frame_fanouts */
    int64_t waiting_since_us; /* for a key frame, or since it was asked for again; 0: not */

    /* Home's; NULL when home and worker are one. */
    struct handover *handovers[HANDOVER_BATCHES]; /* made as they are needed; mostly one is */
    struct frame_handover *frame_handovers;       /* made with the first frame */
    size_t next_frame_handover;
    bool frames_lost;           /* up to the next key frame */
    _Atomic size_t frame_bytes; /* on their way; the worker subtracts */
};

struct fanout *sl_fanout_create(struct sl_track *track, struct sl_worker *worker);
void sl_fanout_free(struct fanout *fanout);
/* Brings packets to the sinks; those of rider (at most RIDERS_MAX) to each sink right after it got
 * those that it rides on. [worker] */
void sl_fanout_deliver(const struct delivery *delivery, const struct delivery *rider);
/* Takes packets towards the fanout's worker, which is another one. [home] */
void sl_fanout_hand_over(const struct delivery *delivery, const struct delivery *rider);
/* Runs on the fanout's worker, then tells control. [worker] */
void sl_fanout_end(struct fanout *fanout);

/* ---- frames.c ---- */

struct frames_config {
    const struct sl_track *track;
    const struct sl_track_clock *clock;
    void (*on_frame)(void *owner, struct sl_frame *frame); /* borrowed */
    void (*on_loss)(void *owner);                          /* a key frame is needed */
    void (*on_left_out)(void *owner);                      /* ..., this was none; NULL is fine */
    void *owner;
};
/* Makes frames of a track's packets. */
struct frames *sl_frames_create(const struct frames_config *config);
void sl_frames_destroy(struct frames *frames);
/* -ENOSYS: no frames can be made of the packet's codec. */
int sl_frames_input(struct frames *frames, const struct sl_rtp_packet *packet);
void sl_frames_tick(struct frames *frames, int64_t now_us);

/* ---- told.c ---- */

/* A sink wants a key frame: home is told. [worker] */
void sl_fanout_want_keyframe(struct fanout *fanout);
/* The first sink came or the last one went, or their wishes changed: home is told. [worker] */
void sl_fanout_tell_sinks(struct fanout *fanout);
/* A sink of frames waits for what is kept: home is told. [worker] */
void sl_fanout_join(struct fanout *fanout);
/* Sets up the messages of the above. */
void sl_fanout_init_told(struct fanout *fanout);

/* ---- give.c ---- */

/* To the frame sinks there. [worker] */
void sl_fanout_give_frame(struct fanout *fanout, struct sl_frame *frame);
/* While there are frame sinks. [worker] */
void sl_fanout_begin_frames(struct fanout *fanout);
void sl_fanout_end_frames(struct fanout *fanout);
/* To those of the frame sinks that wait for what is kept. [worker] */
void sl_fanout_give_kept(struct fanout *fanout, struct sl_frame *const *frames, size_t count);

/* ---- relay.c ---- */

/* Makes frames of packets that came, and ends the frame sinks if it cannot. [worker] */
void sl_fanout_assemble(struct fanout *fanout, struct sl_rtp_packet *const *packets, size_t count);
/* What is kept, to those who wait. [home] */
void sl_fanout_replay(struct fanout *fanout, struct sl_frame *const *frames, size_t count);
/* No frames can be made of what comes: sinks of frames end. [home] */
void sl_fanout_refuse(struct fanout *fanout);
/* Sets up the messages of the above. */
void sl_fanout_init_relay(struct fanout *fanout);
/* Takes frames towards the fanout's worker, which is another one. [home] */
void sl_fanout_hand_over_frames(struct fanout *fanout, struct sl_frame *const *frames,
                                size_t count);

/* ---- sink.c, start.c ---- */

struct sl_sink {
    const struct sl_sink_ops *ops;
    void *owner;
    struct fanout *fanout;
    struct sl_sink *rider, *carrier; /* see sl_sink_ride(); until one of them is stopped */
    int64_t keyframe_every_us;
    uint64_t bound_bps; /* 0: none */
    uint8_t losses;
    bool keeps; /* packets, for its receiver; constant once started */
    /* The worker's. */
    bool started;
    size_t index;        /* in fanout->sinks */
    struct sl_list link; /* in fanout->frame_sinks */
    bool waiting;        /* for what is kept */
    bool synced;         /* it got a key frame */
    enum sl_codec codec; /* as it was told, and one reference */
    struct sl_codec_config *codec_config;
};
/* Stops it and tells its owner why. [worker] */
void sl_sink_end(struct sl_sink *sink, int reason);

/* ---- A stream: stream.c, registry.c, catalogue.c ---- */

struct sl_stream {
    struct sl_table_node node; /* in streams->names while the name is held */
    struct sl_list link;       /* in streams->all until freed */
    struct sl_streams *streams;
    struct sl_loop *control;           /* which owns it and the registry */
    char name[SL_STREAM_NAME_MAX + 1]; /* "": none */
    struct sl_stream *of;              /* what it is made from, which outlives it; NULL: nothing */
    struct sl_list made;               /* those made from it that have not ended */
    struct sl_list sibling;            /* in of->made */
    bool is_layer;                     /* constant */
    struct sl_worker *worker;
    const struct sl_source_ops *ops;
    struct sl_track *tracks[TRACKS_PER_STREAM];
    struct sl_list listeners;
    /* catalogue.c */
    struct sl_publisher publisher; /* its id is the one below */
    char id[SL_STREAM_ID_MAX + 1];
    struct sl_table_node by_id; /* in streams->ids, if it has one */
    struct sl_list takers;      /* struct sl_taker */
    size_t taker_count[SL_TAKER_KINDS];

    uint16_t width, height;
    bool muted[TRACKS_PER_STREAM]; /* by enum sl_media_kind */
    int64_t live_since_ms;         /* wall clock */
    bool unlisted_until_live;
    bool unlisted_while_untaken; /* constant */
    bool live, ended, released;
    bool reordered;                /* its pictures are shown in another order than they come */
    _Atomic int64_t ntp_offset_us; /* NTP time less local time; 0: not known. Workers' */
    size_t draining; /* what has not reported drained: fanouts, home, streams made from it */
    struct sl_msg end_msg, ended_msg, free_msg;
};

/* ---- catalogue.c ---- */

/* Before the stream is seen by anybody; -EINVAL: the id is too long. */
int sl_catalogue_init(struct sl_stream *stream, const struct sl_publisher *publisher);
/* NULL: it is no stream's. */
struct sl_stream *sl_catalogue_find(const struct sl_table *ids, const char *id);
void sl_catalogue_add(struct sl_table *ids, struct sl_stream *stream);
/* The stream has ended: nobody finds it, nobody takes it. */
void sl_catalogue_remove(struct sl_table *ids, struct sl_stream *stream);

/* ---- stream.c ---- */

/* The rings of its tracks count no more against its worker's. [control] */
void sl_stream_unreserve(struct sl_stream *stream);
/* Frees the stream if nobody holds any part of it any more. [control] */
void sl_stream_check_free(struct sl_stream *stream);

#endif
