/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of an sl_flow_in share: in.c takes packets, in_feedback.c answers them,
 * in_layers.c has what is there of pictures in several sizes, in_input.c what each of their inputs
 * does. */
#ifndef SL_FLOW_IN_H
#define SL_FLOW_IN_H

#include "flow/path.h"
#include "net/net.h"
#include "rtp/rtp.h"

struct layers;

/* What is received of one kind; of pictures in several sizes, of one of them. */
struct input {
    bool present;
    enum sl_media_kind kind;
    size_t transport;
    struct sl_track *track;
    struct sl_sync *sync;    /* in which its line is */
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
    int64_t asked_us; /* when a key frame was asked for; of layers only */
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
    struct input inputs[2]; /* by kind */
    /* Pictures in several sizes, which are no input of their kind; NULL: they come in one. */
    struct layers *layers;
    struct input *all[1 + SL_MEDIA_LAYERS_MAX]; /* those that are present, of layers each */
    size_t all_count;
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

/* What the section's payload types mean, beside what is known already. */
void sl_flow_in_name_formats(struct input *input, const struct sl_media *media);
/* What is received of this section, into *input. [control] */
void sl_flow_in_init_input(struct sl_flow_in *in, const struct sl_media *media,
                           struct input *input);
/* Another ssrc goes on where the last one fell silent: nothing known of that one holds for it.
 * [worker] */
void sl_flow_in_start_anew(struct input *input);
/* The clock of a track whose line stands so. [worker] */
void sl_flow_in_tell_clock(struct sl_flow_in *in, struct sl_track *track,
                           const struct sl_sync *sync, enum sl_media_kind kind);
/* Asks its sender for a key frame; once its ssrc is known. False: it hears no such request.
 * [worker] */
bool sl_flow_in_ask(struct sl_flow_in *in, struct input *input);

/* The picture's size, if it has changed and the last word of it is long enough ago. [worker] */
void sl_flow_in_tell_size(struct input *input, int64_t now_us);

/* ---- Pictures in several sizes: in_layers.c ---- */

/* Of a section that has some. [control] */
struct layers *sl_flow_layers_create(struct sl_flow_in *in, const struct sl_media *media);
void sl_flow_layers_destroy(struct layers *layers); /* NULL is fine */
/* Which of them a packet of an ssrc that is not known belongs to, by what it says of itself; NULL:
 * none. [worker] */
struct input *sl_flow_layers_find(struct layers *layers, const struct sl_rtp_view *view);
/* A packet of the layer, one reference, which it takes. [worker] */
void sl_flow_layers_input(struct sl_flow_in *in, struct input *input, struct sl_rtp_packet *packet);
/* What says where the times of the tracks stand: of a packet that is no retransmission, and of a
 * sender report; of sound, which belongs to each layer, too. [worker] */
void sl_flow_layers_note_packet(struct sl_flow_in *in, const struct input *input, uint32_t clock_hz,
                                uint32_t timestamp, int64_t now_us);
void sl_flow_layers_note_report(struct sl_flow_in *in, const struct input *input, uint64_t ntp,
                                uint32_t timestamp, int64_t now_us);
/* Another ssrc goes on in this input: what they said of its time before is void. [worker] */
void sl_flow_layers_forget(struct sl_flow_in *in, const struct input *input);
/* Somebody gets its pictures: it is worth repairing. [worker] */
bool sl_flow_layers_is_taken(const struct layers *layers, struct input *input);
/* The one whose pictures are the stream's; NULL: nothing has come yet. [worker] */
struct input *sl_flow_layers_leader(const struct layers *layers);
/* Measures, and asks for a key frame of the layer that had better lead. [worker] */
void sl_flow_layers_tick(struct sl_flow_in *in, int64_t now_us);

#endif
