/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of an sl_flow_out share: out.c sends, out_feedback.c hears and reports. */
#ifndef SL_FLOW_OUT_H
#define SL_FLOW_OUT_H

#include "base/clock.h"
#include "flow/path.h"
#include "net/net.h"
#include "rtp/rtp.h"

enum {
    SL_NO_PAYLOAD_TYPE = 0xff,
    SL_FLOW_REPORT_US = SL_US_PER_S, /* between sender reports */
    SL_FLOW_RTX_BURST = 400,         /* packets sent again at once */
};

struct output;

/* One track on its way into an output. */
struct feed {
    struct output *output;
    struct sl_sink *sink;
    bool ended;          /* the track */
    struct feed *behind; /* in output->left */
    struct sl_msg msg;   /* on its way to the worker, or back */
};

/* What is sent of one kind. */
struct output {
    struct feed *current; /* what is sent; NULL: this kind does not flow */
    struct feed *next;    /* what is sent from its next key frame on; NULL: nothing else */
    struct feed *left;    /* what was sent before: stopped and given back with the next tick */
    struct feed first;    /* what is sent at first; the others are allocated */
    struct sl_flow_out *flow;
    enum sl_media_kind kind;
    size_t transport;
    uint32_t ssrc, rtx_ssrc;
    uint8_t payload_type[SL_CODECS]; /* SL_NO_PAYLOAD_TYPE where the player cannot take the codec */
    uint8_t rtx_payload_type[SL_CODECS];
    uint32_t clock_hz[SL_CODECS];
    uint8_t ext_orientation; /* 0: not negotiated */
    bool nack;               /* the other side may ask for packets again */
    bool started;
    bool moved;               /* VP8's counters are not the track's */
    struct sl_splice splice;  /* from the current track's packets to what is sent */
    struct sl_splice_end end; /* the newest packet sent */
    int64_t end_arrival_us;   /* when that came ... */
    enum sl_codec end_codec;  /* ... and what it was */
    uint64_t rtx_index;
    uint32_t packets, octets;    /* for sender reports; wrap (RFC 3550 section 6.4.1) */
    uint32_t last_sr_ntp_middle; /* what a report block will call LSR */
    int64_t last_sr_us;
};

/* What flows out. [worker] but for its making. */
struct sl_flow_out {
    struct sl_worker *worker;
    struct sl_counters *counters; /* the worker's */
    const struct sl_flow_ops *ops;
    void *owner;
    struct sl_loop *control; /* NULL: no output moves */
    struct sl_sink_ops sink_ops;
    bool started, stopped;
    size_t transport_count;
    struct output outputs[2]; /* by kind */
    char *cname;
    int64_t requested_us;
    int64_t reported_us;
    bool media_sent;
    int64_t rtx_tokens_us; /* when the bucket was last filled */
    int64_t rtx_tokens;
    struct sl_flow_stats stats;
};

/* Where packets of the output go now; false: nowhere yet. [worker] */
static inline bool sl_flow_out_path(const struct output *output, struct sl_flow_path *path)
{
    return output->flow->ops->find_path(output->flow->owner, output->transport, path);
}

/* Stops what an output has left, and gives it back to the control loop. [worker] */
void sl_flow_out_give_back(struct sl_flow_out *out);

/* Sends a packet again, if it was sent and is still there. [worker] */
void sl_flow_resend(struct output *output, const struct sl_flow_path *path, uint16_t seq);

#endif
