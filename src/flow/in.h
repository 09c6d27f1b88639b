/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of an sl_flow_in share: in.c takes packets, in_feedback.c answers them. */
#ifndef SL_FLOW_IN_H
#define SL_FLOW_IN_H

#include "flow/path.h"
#include "net/net.h"
#include "rtp/rtp.h"

/* What is received of one kind. */
struct input {
    bool present;
    enum sl_media_kind kind;
    size_t transport;
    struct sl_track *track;
    uint32_t ssrc, rtx_ssrc; /* 0: not known yet */
    bool nack, pli, fir;
    uint8_t fir_seq;
    enum sl_codec codec_of[128]; /* by payload type; SL_CODEC_NONE */
    uint32_t clock_of[128];      /* by payload type */
    uint8_t last_payload_type;   /* of what was heard; at first the one agreed upon */
    bool is_rtx[128];            /* by payload type */
    uint8_t apt[128];            /* of a retransmission format: what it repeats */
    uint8_t ext_transport_cc, ext_orientation;
    struct sl_receiver *receiver;
    uint32_t clock_hz;
    int64_t seq_offset; /* keeps outgoing numbers growing over a restart of the source's */
    int64_t floor;      /* the first number after the last restart; older ones are not used: theirs
                           would be numbers that were sent with other bytes */
    bool restart;       /* another ssrc took over: the next packet is a new beginning */
    uint32_t timestamp_offset; /* keeps time going on where another ssrc took over */
    uint32_t last_timestamp;   /* with it */
    int64_t highest_out;
    int64_t heard_us;
    uint16_t width, height;
    int64_t size_told_us;
    bool size_untold;
    bool want_pli;
    /* One NACK under way is timed to learn the round trip. */
    uint16_t probe_seq;
    int64_t probe_us; /* 0: none */
};

/* What flows in. [worker] */
struct sl_flow_in {
    struct sl_worker *worker;
    struct sl_counters *counters; /* the worker's */
    const struct sl_flow_ops *ops;
    void *owner;
    size_t transport_count;
    struct input inputs[2];                        /* by kind */
    uint32_t ssrc;                                 /* ours, as a receiver */
    struct sl_twcc *twcc[SL_MEDIA_TRANSPORTS_MAX]; /* NULL: not negotiated */
    uint32_t max_bitrate_bps;
    uint64_t bound_bps; /* for the takers' sake; 0: none */
    bool was_bounded;   /* the sender was told of such a bound */
    uint8_t losses;     /* of sound, behind us; 256ths */
    uint64_t remb_bps;  /* own estimate, where the sender has no transport-wide feedback */
    uint64_t remb_bytes_seen;
    uint64_t sound_bps, sound_bytes_seen;
    int64_t rtt_us;
    int64_t reported_us, report_every_us;
    uint64_t fillers[2]; /* by payload type */
    struct sl_sync *sync;
    int64_t wall_offset_us; /* from local time to that of NTP: what players' reports say */
    int64_t heard_us;
    bool started; /* a packet went into a track */
    struct sl_flow_stats stats;
};

/* The picture's size, if it has changed and the last word of it is long enough ago. [worker] */
void sl_flow_in_tell_size(struct input *input, int64_t now_us);

#endif
