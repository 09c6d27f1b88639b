/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of an sl_flow_out share: out_send.c sends, out_feedback.c hears, out_report.c
 * tells. */
#ifndef SL_FLOW_OUT_H
#define SL_FLOW_OUT_H

#include "base/clock.h"
#include "flow/path.h"
#include "flow/recut.h"
#include "flow/shaper.h"
#include "net/net.h"
#include "rtp/rtp.h"

enum {
    SL_NO_PAYLOAD_TYPE = 0xff,
    SL_FLOW_REPORT_US = SL_US_PER_S, /* between sender reports */
    SL_FLOW_RTX_BURST = 400,         /* packets sent again at once */
    SL_FLOW_INDEX_MIN = 1000,        /* the first index is well above 0 */
    SL_FLOW_OWN_CLOCK_HZ = 8000,
    SL_FLOW_RESENT = 64, /* repairs that are remembered */
    SL_FLOW_SEAMS = 64,  /* a second of a layer that is left out */
};

struct output;

/* Where numbers of an output were its track's in another relation than now. */
struct seam {
    uint64_t base;
    int64_t first_seq;
    uint64_t end; /* the first index behind */
    uint16_t picture_offset;
    uint8_t spatial; /* the highest layer that was sent, or SL_LAYERING_ALL_SPATIAL */
};

/* One track on its way into an output. */
struct feed {
    struct output *output;
    struct sl_sink *sink;
    bool ended;          /* the track */
    uint64_t wanted_bps; /* of the track that it stands in for; 0: it is what is wanted */
    struct feed *behind; /* in output->left */
    struct sl_msg msg;   /* on its way to the worker, or back */
    /* As output->next: when a key frame was asked for; for how long one is waited for. */
    int64_t asked_us, patience_us;
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
    uint8_t ext_orientation, ext_transport_cc, ext_send_time; /* 0: not negotiated */
    struct sl_flow_shaper *shaper;  /* NULL: without one of the latter two */
    struct sl_estimator *estimator; /* the shaper's */
    int64_t sending_us;             /* what the estimator is told; with it only */
    struct seam *seams;             /* where pictures were left out, a ring; its, too */
    size_t seam;
    uint8_t spatial;          /* since the last of them: as there */
    bool nack;                /* the other side may ask for packets again */
    uint8_t red_payload_type; /* 0: not negotiated */
    struct sl_recut *recut;  /* NULL: packets stay as they come; else numbers are not the track's */
    bool redundant;          /* packets bring those before them again, for the losses on the way */
    struct sl_losses losses; /* those on the way, as the other side reports them */
    int64_t lossy_us;        /* when these were last worth it */
    uint8_t told_losses;     /* without them: what the source was told of */
    bool started;
    bool interrupted;         /* begins, or begins again, with a key frame */
    bool paused;              /* what the track brings is left out */
    bool moved;               /* VP8's counters are not the track's */
    struct sl_splice splice;  /* from the current track's packets to what is sent */
    struct sl_splice_end end; /* the newest packet sent */
    int64_t end_arrival_us;   /* when that came ... */
    enum sl_codec end_codec;  /* ... and what it was */
    uint64_t rtx_index;
    uint16_t resent[SL_FLOW_RESENT]; /* what was repaired last, a ring */
    size_t resent_at;
    int64_t keyframe_tokens_us; /* how many requests the player has left, in their time */
    int64_t keyframe_earned_us;
    bool keyframe_wanted;        /* it has none left */
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
    bool started, stopped, from_keyframe;
    size_t transport_count;
    struct output outputs[2]; /* by kind */
    char *cname;
    int64_t requested_us;
    int64_t reported_us, report_every_us;
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

/* Where each output of this transport stands: a sender report, if it has started. [worker] */
void sl_flow_out_report(struct sl_flow_out *out, size_t transport, int64_t now_us);

/* Asks the source as often as one receiver may make it ask; what is too often waits. [worker] */
void sl_flow_out_ask_for_keyframe(struct output *output, int64_t now_us);

/* Stops what an output has left, and gives it back to the control loop. [worker] */
void sl_flow_out_give_back(struct sl_flow_out *out);

/* Sends packets of the current track now, in their order; those without a place among what was
 * sent are left out. [worker] */
void sl_flow_out_send(struct output *output, const struct sl_flow_path *path,
                      struct sl_rtp_packet *const *packets, size_t count);

/* What is kept because it does not fill a packet yet leaves now, as something else follows; without
 * a way it is dropped. [worker] */
void sl_flow_out_flush(struct output *output);

/* What was sent under this number; NULL: it is not there any more, or never was. [worker] */
struct sl_rtp_packet *sl_flow_find_sent(const struct output *output, uint16_t seq, uint64_t *index);
/* Sends it again. [worker] */
void sl_flow_resend(struct output *output, const struct sl_flow_path *path,
                    const struct sl_rtp_packet *packet, uint64_t index);
/* The same in the format of retransmissions, asked for or not. Returns the datagram's length; 0: it
 * is not there. [worker] */
size_t sl_flow_repeat(struct output *output, const struct sl_flow_path *path, uint64_t index);

#endif
