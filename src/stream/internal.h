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
 *   home:    track_end()      passes what is left, posts end_msg to each fanout's worker
 *   worker:  fanout_end()     on_end to its sinks, drops its packets, posts drained_msg to control
 *   control: on_drained()     counts; when all are drained, every sink is destroyed and the creator
 *                             has released: posts free_msg to the home worker
 *   home:    on_free()        frees; everything anyone posted to home before has run by then
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
};

/* ---- worker.c ---- */

struct sl_workers {
    size_t count;
    struct sl_workers_config config;
    struct sl_loop *control;
    struct sl_worker *all[];
};

struct sl_worker {
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
    const struct sl_worker_io *io;     /* NULL: none */
    void *io_owner;
    struct packet_pool *pool;
};

enum { WORKERS_MAX = 64 };

/* ---- packet.c ---- */

struct packet_pool *packet_pool_create(struct sl_worker *worker, size_t packets_max);
void packet_pool_destroy(struct packet_pool *pool);

/* ---- track.c ---- */

struct sl_track {
    struct sl_stream *stream;
    enum sl_media_kind kind;
    struct sl_track_config config;
    struct sl_worker *home;
    const struct sl_source_ops *ops;
    void *owner;
    size_t ring_packets;                 /* kept for retransmission, on each worker; constant */
    struct track_sets *sets;             /* home worker's; NULL: the source sends no H264 */
    struct fanout *fanouts[WORKERS_MAX]; /* by worker index; control's */

    /* Home worker's. */
    struct fanout *active[WORKERS_MAX]; /* those it has been told of */
    size_t active_count;
    bool ended;
    struct sl_list dirty; /* in worker->dirty_tracks */
    size_t batch_count;
    struct sl_rtp_packet *batch[TRACK_BATCH];
    struct sl_track_clock clock;
    bool has_sinks; /* as the source was told */
    int64_t keyframe_asked_us;
    struct sl_list wanting; /* in worker->wanting_tracks */
};

/* What the next track's ring may hold. [control] */
size_t track_ring_packets(const struct sl_worker *worker, enum sl_media_kind kind);
struct sl_track *track_create(struct sl_stream *stream, enum sl_media_kind kind,
                              const struct sl_stream_config *config);
/* With its fanouts; NULL is fine. */
void track_free(struct sl_track *track);
/* Appends a packet under its final number. [home] */
void track_add(struct sl_track *track, struct sl_rtp_packet *packet);
/* Passes the batch on to every worker, and with it that of the stream's other track. [home] */
void track_pass(struct sl_track *track);
/* The batch ends within a picture. [home] */
bool track_picture_is_cut(const struct sl_track *track);
/* That, or it is sound that a picture may follow. [home] */
bool track_may_go_on(const struct sl_track *track);
/* How many sinks its packets go to, on all workers. [home] */
size_t track_sink_count(const struct sl_track *track);
/* Sinks came or went on some worker: tells the source of the first and of the last. [home] */
void track_check_sinks(struct sl_track *track);
/* A sink wants a key frame. [home] */
void track_want_keyframe(struct sl_track *track);
/* Asks now if the interval has passed; otherwise the track stays among the wanting. [home] */
void track_retry_keyframe(struct sl_track *track, int64_t now_us);
/* The stream is over: passes what is left, ends the fanouts. [home] */
void track_end(struct sl_track *track);

/* ---- sets.c ---- */

struct track_sets *track_sets_create(const struct sl_h264_sprop *sprop);
void track_sets_destroy(struct track_sets *sets); /* NULL is fine */
/* A packet as the source numbered it gets its number in the track; before it, packets may be added
 * that carry parameter sets. -ERANGE: it comes too late to be used. [home] */
int track_sets_input(struct sl_track *track, struct sl_rtp_packet *packet);

/* ---- level.c ---- */

/* Pads packets of one track so that as few messages as possible take them to a player. followed:
 * something shorter goes to the same players right behind them. */
void level_batch(struct sl_rtp_packet *const *packets, size_t count, bool followed);

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
    } parts[2]; /* as fanout_deliver() takes them; packets one behind the other */
    struct sl_rtp_packet *packets[TRACK_BATCH + RIDERS_MAX];
};

/* One track's presence on one worker. */
struct fanout {
    struct sl_track *track;
    struct sl_worker *worker;
    size_t refs;  /* control: sinks not yet destroyed */
    bool drained; /* control */

    _Atomic size_t sink_count; /* of both kinds; the worker writes, home reads to skip empty ones */
    size_t packet_sink_count;  /* worker's */
    struct sl_msg add_msg, end_msg, drained_msg, keyframe_msg, sinks_msg;
    _Atomic bool keyframe_posted, sinks_posted;

    /* The worker's. */
    bool ended;
    struct sl_sink **sinks; /* of packets; an array, because this is the hottest loop there is */
    size_t sinks_capacity;
    struct sl_list frame_sinks;
    size_t ring_mask;
    struct sl_rtp_packet **ring; /* by seq & mask; made with the first sink */
    struct sl_rtp_packet *newest;
    struct sl_track_clock clock;
    struct frames *frames;  /* while there are frame sinks */
    struct sl_list ticking; /* in worker->frame_fanouts */

    /* Home's; NULL when home and worker are one. */
    struct handover *handovers;
    size_t next_handover;
};

struct fanout *fanout_create(struct sl_track *track, struct sl_worker *worker);
void fanout_free(struct fanout *fanout);
/* Brings packets to the sinks; those of rider (at most RIDERS_MAX) to each sink right after it got
 * those that it rides on. [worker] */
void fanout_deliver(const struct delivery *delivery, const struct delivery *rider);
/* Takes packets towards the fanout's worker, which is another one. [home] */
void fanout_hand_over(const struct delivery *delivery, const struct delivery *rider);
/* The first sink came or the last one went: home is told. [worker] */
void fanout_tell_sinks(struct fanout *fanout);
/* Lets go of the packets kept for retransmission. [worker] */
void fanout_drop_ring(struct fanout *fanout);
/* Runs on the fanout's worker, then tells control. [worker] */
void fanout_end(struct fanout *fanout);

/* ---- frames.c ---- */

/* The frame assembler of one fanout, shared by its frame sinks. */
struct frames *frames_create(struct fanout *fanout);
void frames_destroy(struct frames *frames);
void frames_input(struct frames *frames, const struct sl_rtp_packet *packet);
void frames_tick(struct frames *frames, int64_t now_us);

/* ---- sink.c ---- */

struct sl_sink {
    const struct sl_sink_ops *ops;
    void *owner;
    struct fanout *fanout;
    struct sl_sink *rider, *carrier; /* see sl_sink_ride(); constant once started */
    /* The worker's. */
    bool started;
    size_t index;        /* in fanout->sinks */
    struct sl_list link; /* in fanout->frame_sinks */
};
/* Stops it and tells its owner that the stream is over. [worker] */
void sink_end(struct sl_sink *sink);

/* ---- A stream: registry.c, catalogue.c ---- */

struct sl_stream {
    struct sl_table_node node; /* in streams->names while the name is held */
    struct sl_list link;       /* in streams->all until freed */
    struct sl_streams *streams;
    char name[SL_STREAM_NAME_MAX + 1];
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
    bool live, ended, released;
    size_t draining; /* fanouts that have not reported drained, and home itself */
    struct sl_msg end_msg, ended_msg, free_msg;
};

/* ---- catalogue.c ---- */

/* Before the stream is seen by anybody; -EINVAL: the id is too long. */
int catalogue_init(struct sl_stream *stream, const struct sl_publisher *publisher);
/* NULL: it is no stream's. */
struct sl_stream *catalogue_find(const struct sl_table *ids, const char *id);
void catalogue_add(struct sl_table *ids, struct sl_stream *stream);
/* The stream has ended: nobody finds it, nobody takes it. */
void catalogue_remove(struct sl_table *ids, struct sl_stream *stream);

/* ---- registry.c ---- */

/* The loop that owns the registry. Threads: any. */
struct sl_loop *registry_control(const struct sl_stream *stream);
/* [control] Frees the stream if nobody holds any part of it any more. */
void stream_check_free(struct sl_stream *stream);

#endif
