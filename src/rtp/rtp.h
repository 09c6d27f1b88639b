/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTP and RTCP: bytes in, fields out and back (RFC 3550, 4585, 5104, 4588, REMB, transport-wide
 * feedback), and the arithmetic of sequence numbers and losses. No I/O, no clock (time is an
 * argument), no logging. Threads: any; an object belongs to one thread.
 *
 *   packet.c rtcp_read.c rtcp_write.c    packets of both kinds
 *   receiver.c nack.c seq.c              what arrivals tell, and what to ask for again
 *   twcc.c twcc_read.c feedback.c        feedback on each packet, and what it says of the way
 *   estimator.c probe.c                  how wide a link is
 *   payload.c h264.c vp8.c vp9.c         what a payload tells of its picture
 *   assembler.c depacketize_*.c watch.c  payloads into frames
 *   packetize*.c red.c                   frames into payloads
 *   sync.c splice.c                      RTP time on local time; going on with another source
 */
#ifndef SL_RTP_RTP_H
#define SL_RTP_RTP_H

#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- RTP packets ---- */

enum { SL_RTP_HEADER_LEN = 12, SL_RTP_EXT_MAX = 16 };

/* One packet seen in somebody else's buffer: nothing here is owned. */
struct sl_rtp_view {
    bool marker;
    uint8_t payload_type; /* 0..127 */
    uint16_t seq;         /* wraps */
    uint32_t timestamp;   /* ticks of the payload's clock, wraps */
    uint32_t ssrc;
    size_t header_len;      /* fixed header, CSRCs and extension: what SRTP leaves in clear */
    const uint8_t *payload; /* points into the parsed buffer */
    size_t payload_len;     /* bytes, padding removed; 0 for a packet of padding only */
    size_t ext_count;
    struct {
        uint8_t id; /* 1..255, RFC 8285 one- and two-byte forms */
        uint8_t len;
        const uint8_t *data;
    } ext[SL_RTP_EXT_MAX]; /* further ones are left out */
};

/* Parse one RTP packet: fixed header, CSRCs, extension, padding (RFC 3550 section 5.1, RFC 8285).
 * buf     one datagram after SRTP, len bytes; must outlive *out
 * Returns 0; -EBADMSG if it is not a whole RTP packet, *out is then unchanged. */
int sl_rtp_parse(const uint8_t *buf, size_t len, struct sl_rtp_view *out);
/* As sl_rtp_parse(), but of a packet whose payload is still encrypted: padding is not looked at. */
int sl_rtp_parse_header(const uint8_t *buf, size_t len, struct sl_rtp_view *out);
/* NULL if the packet does not carry this extension. */
const uint8_t *sl_rtp_ext(const struct sl_rtp_view *view, uint8_t id, size_t *len);

/* Tells RTP from RTCP on one port (RFC 5761 section 4): true for RTCP. len must be at least 2. */
static inline bool sl_rtcp_is(const uint8_t *buf)
{
    return (buf[1] & 0x7f) >= 64 && (buf[1] & 0x7f) <= 95;
}

/* Says in a header that was built that the payload ends in padding: its last octet tells how many
 * octets at its end are none of it (RFC 3550 section 5.1). */
static inline void sl_rtp_set_padding(uint8_t *header)
{
    header[0] |= 0x20;
}

/* Write a fixed header (12 bytes) into out. */
void sl_rtp_build_header(uint8_t out[static SL_RTP_HEADER_LEN], bool marker, uint8_t payload_type,
                         uint16_t seq, uint32_t timestamp, uint32_t ssrc);

/* ---- Sequence numbers ---- */

/* Widens wrapping 16-bit numbers to 64 bits that never wrap: each is taken as the nearest to the
 * highest seen (RFC 3550 appendix A.1). The first one maps to 65536 + seq, so that older packets
 * stay positive. */
struct sl_seq_unwrap {
    int64_t highest; /* 0: nothing seen */
};
int64_t sl_seq_unwrap(struct sl_seq_unwrap *state, uint16_t seq);

/* ---- Receiving: losses, jitter, NACK ---- */

enum { SL_NACK_MAX = 256 }; /* missing packets remembered; more at once: ask for a key frame */

struct sl_receiver_stats {
    uint64_t packets, bytes;
    int64_t lost;       /* cumulative, may fall when late packets arrive (RFC 3550 6.4.1) */
    uint64_t nacked;    /* sequence numbers asked for, each request counted */
    uint64_t recovered; /* missing ones that came after all */
    uint32_t jitter;    /* RFC 3550 section 6.4.1, in ticks */
};

/* Reception state of one ssrc. */
struct sl_receiver;
struct sl_receiver *sl_receiver_create(uint32_t clock_hz, bool nack);
void sl_receiver_destroy(struct sl_receiver *receiver);
/* Notes a packet; rtx: it came as a retransmission (not counted for jitter).
 * Returns its widened sequence number; -EALREADY for a duplicate or one too old to tell; -ERANGE
 * for a jump so large that the state was reset (the packet itself is then taken as the new
 * beginning: call again; the numbers go on above all earlier ones). */
int64_t sl_receiver_input(struct sl_receiver *receiver, uint16_t seq, uint32_t timestamp,
                          size_t bytes, bool rtx, int64_t now_us);
/* The sequence numbers to ask for now: new gaps at once, repeated every max(rtt_us, 20 ms) up to a
 * bound of tries and of age. out holds max numbers; what does not fit stays due. *give_up tells,
 * once, that something was given up or too much is missing: the caller asks for a key frame.
 * Returns the count. */
size_t sl_receiver_nacks(struct sl_receiver *receiver, int64_t now_us, int64_t rtt_us,
                         uint16_t *out, size_t max, bool *give_up);
const struct sl_receiver_stats *sl_receiver_stats(const struct sl_receiver *receiver);

/* A report block (RFC 3550 section 6.4.1). */
struct sl_report_block {
    uint32_t ssrc;
    uint8_t fraction_lost; /* of 256, since the last report */
    int32_t lost;          /* 24 bit signed on the wire */
    uint32_t highest_seq;  /* extended */
    uint32_t jitter;
    uint32_t lsr;  /* middle 32 bits of the last sender report's NTP time, 0 if none */
    uint32_t dlsr; /* since then, 1/65536 s */
};
/* Notes a sender report, for LSR/DLSR. */
void sl_receiver_on_sr(struct sl_receiver *receiver, uint64_t ntp, int64_t now_us);
/* Fills *out (ssrc left to the caller) and starts the next interval. */
void sl_receiver_report(struct sl_receiver *receiver, int64_t now_us, struct sl_report_block *out);

/* The receiver's report blocks of one ssrc, at the sender. Some report with whatever they say,
 * dozens of times a second while they miss packets: each block is then about a few packets, and
 * says all or nothing. All zero at first. */
struct sl_losses {
    bool begun;
    uint32_t highest_seq; /* as the block said with which the interval began */
    int32_t lost;
    int64_t since_us;
};
/* True if the block ends an interval, which is half a second or the receiver's own: *fraction_lost
 * is what was lost in it, in 256ths; nothing, where nothing was sent. One that was overtaken ends
 * none, and one far behind, of a receiver that began anew, only begins another. */
bool sl_losses_take(struct sl_losses *losses, const struct sl_report_block *block, int64_t now_us,
                    uint8_t *fraction_lost);

/* ---- RTP time on local time ---- */

/* The tracks of one source on local time, from the arrival of their packets and from sender reports
 * (RFC 3550 section 6.4.1). Neither a report that is stale or wrong nor a source whose clock is set
 * moves a track at once, or another track at all; only stamps that jump do. */
struct sl_sync;
enum { SL_SYNC_TRACKS = 2 };
struct sl_sync *sl_sync_create(void);
void sl_sync_destroy(struct sl_sync *sync); /* NULL is fine */
/* A packet of the track, but for retransmissions. True if sl_sync_line() is worth asking again:
 * with the first one, where the line moved, and once a second. */
bool sl_sync_packet(struct sl_sync *sync, size_t track, uint32_t clock_hz, uint32_t timestamp,
                    int64_t now_us);
void sl_sync_report(struct sl_sync *sync, size_t track, uint64_t ntp, uint32_t timestamp,
                    int64_t now_us);
/* Another sender goes on with the track. */
void sl_sync_forget(struct sl_sync *sync, size_t track);
/* A recent RTP time of the track, and the local time of it: when a packet of that time arrives that
 * waits nowhere, or the other track's of the same moment if that has the longer way. False before
 * the first packet. */
bool sl_sync_line(const struct sl_sync *sync, size_t track, uint32_t *timestamp, int64_t *local_us);

/* ---- RTCP ---- */

enum sl_rtcp_type {
    SL_RTCP_SR = 200,
    SL_RTCP_RR = 201,
    SL_RTCP_SDES = 202,
    SL_RTCP_BYE = 203,
    SL_RTCP_APP = 204,
    SL_RTCP_RTPFB = 205,
    SL_RTCP_PSFB = 206,
    SL_RTCP_XR = 207,
};

/* Feedback message types (RFC 4585, 5104, draft-holmer-rmcat-transport-wide-cc-extensions-01). */
enum { SL_RTPFB_NACK = 1, SL_RTPFB_TWCC = 15, SL_PSFB_PLI = 1, SL_PSFB_FIR = 4, SL_PSFB_AFB = 15 };

/* One RTCP packet of a compound, seen in somebody else's buffer. */
struct sl_rtcp_view {
    uint8_t type;        /* enum sl_rtcp_type or another 192..223 */
    uint8_t count;       /* RC, SC or FMT */
    uint32_t ssrc;       /* of the sender; 0 when the packet has none */
    const uint8_t *body; /* after the sender's ssrc */
    size_t body_len;     /* padding removed */
};
/* Steps through a compound packet: *offset starts at 0. Returns 1 and fills *out, 0 at the end,
 * -EBADMSG when the rest is not RTCP (what came before stays valid). */
int sl_rtcp_next(const uint8_t *buf, size_t len, size_t *offset, struct sl_rtcp_view *out);

struct sl_sender_info {
    uint64_t ntp; /* 32.32 seconds since 1900 */
    uint32_t rtp_timestamp;
    uint32_t packets, octets;
};
/* Each reads one kind out of a view; -EBADMSG if too short or of another kind. Arrays: at most max,
 * rest dropped; the count is returned. */
int sl_rtcp_read_sr(const struct sl_rtcp_view *view, struct sl_sender_info *out);
/* Of an SR or an RR. */
int sl_rtcp_read_blocks(const struct sl_rtcp_view *view, struct sl_report_block *out, size_t max);
/* Generic NACK: the media ssrc and the sequence numbers. */
int sl_rtcp_read_nack(const struct sl_rtcp_view *view, uint32_t *media_ssrc, uint16_t *seqs,
                      size_t max);
/* PLI: the media ssrc. FIR: the ssrcs of its entries. */
int sl_rtcp_read_keyframe_request(const struct sl_rtcp_view *view, uint32_t *ssrcs, size_t max);
/* REMB (draft-alvestrand-rmcat-remb-03): bits per second. -ENOMSG if the AFB is something else. */
int sl_rtcp_read_remb(const struct sl_rtcp_view *view, uint64_t *bitrate_bps);
/* BYE: the ssrcs that leave. */
int sl_rtcp_read_bye(const struct sl_rtcp_view *view, uint32_t *ssrcs, size_t max);

struct sl_writer;
/* Each appends one whole RTCP packet; w->ok turns false when it does not fit, and nothing is
 * written. More than 31 report blocks continue in further RRs. */
void sl_rtcp_write_sr(struct sl_writer *w, uint32_t ssrc, const struct sl_sender_info *info,
                      const struct sl_report_block *blocks, size_t count);
void sl_rtcp_write_rr(struct sl_writer *w, uint32_t ssrc, const struct sl_report_block *blocks,
                      size_t count);
void sl_rtcp_write_cname(struct sl_writer *w, uint32_t ssrc, const char *cname);
/* seqs ascending (modulo 2^16); packed into PID + BLP. */
void sl_rtcp_write_nack(struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc,
                        const uint16_t *seqs, size_t count);
void sl_rtcp_write_pli(struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc);
void sl_rtcp_write_fir(struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc, uint8_t fir_seq);
void sl_rtcp_write_remb(struct sl_writer *w, uint32_t ssrc, uint64_t bitrate_bps,
                        const uint32_t *media_ssrcs, size_t count);
void sl_rtcp_write_bye(struct sl_writer *w, uint32_t ssrc);

/* ---- Transport-wide feedback (receiver side) ---- */

/* Arrival times of one transport's packets, turned into feedback messages. */
struct sl_twcc;
struct sl_twcc *sl_twcc_create(void);
void sl_twcc_destroy(struct sl_twcc *twcc);
void sl_twcc_input(struct sl_twcc *twcc, uint16_t transport_seq, int64_t now_us);
/* True when a message is due: 50 ms since the last (100 ms when little arrives), or many packets.
 */
bool sl_twcc_due(const struct sl_twcc *twcc, int64_t now_us);
/* Appends feedback with what came since the last: one message as a rule, several when a pause is
 * too long for one, nothing if nothing came. What finds no room goes into the next call; w->ok
 * turns false only if not even a single packet's arrival fits (28 bytes always do). */
void sl_twcc_write(struct sl_twcc *twcc, struct sl_writer *w, uint32_t ssrc, uint32_t media_ssrc,
                   int64_t now_us);

/* ---- Transport-wide feedback (sender side) ---- */

/* What a message says, in the order of the numbers. */
struct sl_twcc_ops {
    /* It came. The clock is the receiver's and wraps after SL_TWCC_CYCLE_US; within a message it
     * does not. */
    void (*on_arrival)(void *owner, uint16_t transport_seq, int64_t arrival_us);
    /* None of these count packets has come yet. */
    void (*on_missing)(void *owner, uint16_t transport_seq, size_t count);
};
#define SL_TWCC_CYCLE_US (INT64_C(64000) << 24)
/* -EBADMSG: another message, or not a whole one; then nothing was called. */
int sl_rtcp_read_twcc(const struct sl_rtcp_view *view, const struct sl_twcc_ops *ops, void *owner);

/* What a receiver's link takes: which packets it is told of, what they bring, and what follows; or
 * what the receiver says that it takes. Some 9 KB. Feedback may say anything: it is held against
 * what was sent. */
struct sl_estimator;
struct sl_estimator *sl_estimator_create(void);
void sl_estimator_destroy(struct sl_estimator *estimator); /* NULL is fine */
/* A packet of so many bytes leaves now. Returns its transport-wide number. */
uint16_t sl_estimator_sent(struct sl_estimator *estimator, size_t bytes, int64_t now_us);
/* The same of one without a number: the receiver finds a rate out itself. */
void sl_estimator_sent_unnumbered(struct sl_estimator *estimator, size_t bytes, int64_t now_us);
/* There was so much to send, whether it was or not; and how much that was in the last second. */
void sl_estimator_offered(struct sl_estimator *estimator, size_t bytes, int64_t now_us);
uint64_t sl_estimator_offered_bps(const struct sl_estimator *estimator);
/* What is offered stands in for more: the limit goes when the link takes that. 0: it does not. */
void sl_estimator_want(struct sl_estimator *estimator, uint64_t bitrate_bps);
/* Takes a message in: transport-wide feedback, or REMB. -EBADMSG as sl_rtcp_read_twcc(), -ENOMSG as
 * sl_rtcp_read_remb(). */
int sl_estimator_feedback(struct sl_estimator *estimator, const struct sl_rtcp_view *view,
                          int64_t now_us);
/* Of packets without numbers: what the receiver misses of them (sl_losses_take()), 0 to 100. */
void sl_estimator_losses(struct sl_estimator *estimator, int percent, int64_t now_us);
/* What may be sent; 0: all that there is, the link has shown no end. */
uint64_t sl_estimator_limit_bps(const struct sl_estimator *estimator);
/* What stands in the link's queue; and when the limit was last cut because of that, 0: never. */
int64_t sl_estimator_queue_us(const struct sl_estimator *estimator);
int64_t sl_estimator_cut_us(const struct sl_estimator *estimator);
/* Of what was sent in the last second. */
int sl_estimator_lost_percent(const struct sl_estimator *estimator, int64_t now_us);
/* Whether the link takes more: so many bytes are to be sent now beside what is sent anyway, and
 * again a few milliseconds later. 0: nothing is tried. Only while there is a limit. */
size_t sl_estimator_probe(struct sl_estimator *estimator, int64_t now_us);

/* ---- Retransmission format (RFC 4588) ---- */

/* Original sequence number of an RTX payload, and what follows it. -EBADMSG if shorter than 2. */
int sl_rtx_parse(const uint8_t *payload, size_t len, uint16_t *original_seq);

/* ---- Redundant sound (RFC 2198) ---- */

struct sl_red_block {
    const uint8_t *data;
    size_t len;
    uint32_t timestamp;
};
/* Writes a payload of the packets' payloads, which are of one type: count at least 1, in their
 * order, the last the packet's own, from whose time the others are told. Those that are too long,
 * too old or do not fit are left out, with all before them. Returns the length; 0: not even the
 * last fits. */
size_t sl_red_write(uint8_t payload_type, const struct sl_red_block *blocks, size_t count,
                    uint8_t *out, size_t room);

/* ---- Payload formats ---- */

/* What a packet's payload tells without state. */
struct sl_payload_info {
    bool keyframe_start; /* first packet of a picture that can be decoded alone */
    bool frame_start;    /* first packet of a picture, where the format tells (AV1: key frames) */
    bool b_picture;      /* H264: one that is shown in another order than it comes begins */
    uint16_t width, height; /* 0 unless the payload shows the picture's size */
};
/* H264 (RFC 6184: single NAL, STAP-A, FU-A; size from the SPS), VP8 (RFC 7741), VP9
 * (draft-ietf-payload-vp9-16), AV1 (key frames only by the N bit). -EBADMSG if malformed;
 * audio gives all zero, as does an empty payload (padding only). H264 parameter sets in a packet of
 * their own and the slice in the next both count as the start. */
int sl_payload_inspect(enum sl_codec codec, const uint8_t *payload, size_t len,
                       struct sl_payload_info *out);

/* The counters in a VP8 payload descriptor (RFC 7741 section 4.2). */
struct sl_vp8_ids {
    uint8_t picture_bits; /* 7 or 15; 0: it has no picture id */
    bool has_tl0;
    uint8_t picture_at, tl0_at; /* where they stand in the payload */
    uint16_t picture;
    uint8_t tl0;     /* TL0PICIDX */
    bool has_tid;    /* it is of a temporal layer, */
    uint8_t tid;     /* this one, 0..3, */
    bool layer_sync; /* and leans on layer 0 only (Y) */
};
/* -EBADMSG: not a whole descriptor. */
int sl_vp8_ids_read(const uint8_t *payload, size_t len, struct sl_vp8_ids *out);

/* The layer of a picture that a packet is of. Nothing leans on one above it. */
struct sl_layer {
    uint8_t temporal, spatial; /* 0..7; spatial of VP9 only: AV1's are not told apart */
    bool sync;                 /* VP8: leans on the lowest temporal layer only */
    bool opens_above;          /* VP9: later pictures of higher temporal layers lean on none of
                                  theirs before this one */
    bool ends;                 /* VP9: the last packet of the picture's spatial layer */
};
/* VP8 (RFC 7741 section 4.2), VP9 (RFC 9628 section 4.2), AV1 (the first OBU's extension). -ENOENT:
 * the packet does not say. */
int sl_layer_read(enum sl_codec codec, const uint8_t *payload, size_t len, struct sl_layer *out);

/* ---- Going on with another source ---- */

/* How packets of one source become those of an output that may have sent another's before: numbers,
 * time stamps and VP8's counters go on where they were. Constant from one move to the next, so a
 * packet is always the same octets. Zeroed but for first_seq and base is a beginning. */
struct sl_splice {
    int64_t first_seq;         /* the source's number of its first packet ... */
    uint64_t base;             /* ... and the index it has */
    uint32_t timestamp_offset; /* added to the source's */
    uint16_t picture_offset;   /* the same, modulo their width; the width stays the source's */
    uint8_t tl0_offset;
};

/* The newest packet sent, as it was sent. */
struct sl_splice_end {
    uint64_t index;
    uint32_t timestamp;
    struct sl_vp8_ids ids; /* picture_bits 0, has_tl0 false: none */
};
/* The next packet sent will be this one of another source: its number and time stamp there, its
 * counters (NULL: not VP8), and how much later it is than the end, in ticks of its clock; less than
 * one is taken as one. */
void sl_splice_move(struct sl_splice *splice, const struct sl_splice_end *end, int64_t seq,
                    uint32_t timestamp, const struct sl_vp8_ids *ids, int64_t later);
/* The counters of a payload that goes out, in its copy. */
void sl_splice_rewrite(const struct sl_splice *splice, const struct sl_vp8_ids *ids,
                       uint8_t *payload);

/* ---- Packetization ---- */

enum {
    SL_RTP_PAYLOAD_MIN = 16,
    SL_RTP_PAYLOAD_DEFAULT = 1200, /* as browsers: leaves room for every header and some tunnel */
    SL_RTP_PAYLOAD_MAX = 1460,
};

/* Cuts one access unit in Annex B into payloads of RFC 6184's packetization mode 1: STAP-A for the
 * parameter sets and SEI in front, single NAL units, FU-A. Bytes before the first start code and
 * NAL units of types that RTP cannot carry (0, 24..31) are left out; so there may be no payload.
 * (A frame of opus or G.711 is a payload as it is.)
 *
 * max_payload  SL_RTP_PAYLOAD_MIN..SL_RTP_PAYLOAD_MAX bytes
 * single_nal   for mode 0: no STAP-A; what is longer than a payload is still cut, and lost to many
 * on_payload   called for each in order; payload is valid during the call; marker: the last one */
void sl_packetize_h264(const uint8_t *au, size_t len, size_t max_payload, bool single_nal,
                       void (*on_payload)(void *arg, const uint8_t *payload, size_t len,
                                          bool marker),
                       void *arg);

/* Cuts one picture of VP8 (RFC 7741), as above; picture_id: 15 bits, one more from picture to
 * picture. */
void sl_packetize_vp8(const uint8_t *frame, size_t len, uint16_t picture_id, size_t max_payload,
                      void (*on_payload)(void *arg, const uint8_t *payload, size_t len,
                                         bool marker),
                      void *arg);

enum { SL_AAC_LEN_MAX = 0x1fff }; /* what 13 bits tell */

/* One access unit of AAC, or a part of one, a payload (RFC 3640, mode AAC-hbr with sizeLength=13,
 * indexLength=3, indexDeltaLength=3), as above. -EMSGSIZE: longer than SL_AAC_LEN_MAX. */
int sl_packetize_aac(const uint8_t *au, size_t len, size_t max_payload,
                     void (*on_payload)(void *arg, const uint8_t *payload, size_t len, bool marker),
                     void *arg);

/* ---- H264 parameter sets ---- */

/* Sees the packets of one H264 source and keeps its newest SPS and PPS, at most 12 of up to 1024
 * bytes, so that they can be put before a key frame that comes without. */
struct sl_h264_watch;
/* sprop: what is known before the first packet; what is no parameter set in it is left out. */
struct sl_h264_watch *sl_h264_watch_create(const struct sl_h264_sprop *sprop);
void sl_h264_watch_destroy(struct sl_h264_watch *watch); /* NULL is fine */
/* Notes a packet, in the order of arrival. Returns 1 if a key frame begins with it whose sets are
 * known and have not come with it: sl_h264_watch_packetize() then belongs right before it; -ENODATA
 * if they are not known; 0 otherwise, also where a packet before it is missing, which may have
 * brought them. seq: widened. */
int sl_h264_watch_input(struct sl_h264_watch *watch, int64_t seq, const uint8_t *payload,
                        size_t len);
/* The sets as payloads; as sl_packetize_h264(), but for the marker, which means nothing here. */
void sl_h264_watch_packetize(const struct sl_h264_watch *watch, size_t max_payload,
                             void (*on_payload)(void *arg, const uint8_t *payload, size_t len,
                                                bool marker),
                             void *arg);

/* ---- Frame assembly ---- */

/* A whole coded picture or audio frame. H264: Annex B (start codes 00 00 00 01), SPS and PPS inside
 * key frames. VP8: the frame as in RFC 6386. Audio: the packet's payload. */
struct sl_assembled_frame {
    enum sl_codec codec;
    bool keyframe; /* audio: always */
    uint32_t rtp_timestamp;
    int64_t first_seq;      /* widened */
    uint16_t width, height; /* 0 if the frame does not say; video key frames do */
    int reorder;            /* H264: as in struct sl_h264_sps */
    const uint8_t *data;    /* valid during the callback only */
    size_t len;
};

/* Puts packets in order, waits for missing ones up to a bound, joins them to frames. At the
 * beginning and after a loss, H264 and VP8 frames are held back until the next key frame. */
struct sl_assembler;
struct sl_assembler_config {
    enum sl_codec codec;
    size_t max_packets;   /* held while waiting; 0: 512 */
    size_t max_frame_len; /* bytes, also of all packets held; longer ones are dropped; 0: 4 MiB */
    int64_t max_wait_us;  /* for a missing packet; 0: 500 ms */
    /* Neither callback may call the assembler. */
    void (*on_frame)(void *owner, const struct sl_assembled_frame *frame);
    /* Something was lost for good: a key frame is needed. Called once per loss, of video only; may
     * be NULL. Not called for the first key frame: who creates the assembler asks for that. */
    void (*on_loss)(void *owner);
    /* A whole picture is left out, since a key frame is needed and it is none. NULL is fine. */
    void (*on_left_out)(void *owner);
    void *owner;
};
/* False for VP9, AV1 and others: no frames can be made of them. */
bool sl_assembler_takes(enum sl_codec codec);
/* *config is copied. NULL for a codec that it does not take. */
struct sl_assembler *sl_assembler_create(const struct sl_assembler_config *config);
void sl_assembler_destroy(struct sl_assembler *assembler);
/* seq widened by sl_seq_unwrap() or sl_receiver_input(); the payload is copied. Duplicates and
 * packets older than what was delivered are ignored. An empty payload (padding only) fills its
 * number and no more. */
void sl_assembler_input(struct sl_assembler *assembler, int64_t seq, uint32_t rtp_timestamp,
                        bool marker, const uint8_t *payload, size_t len, int64_t now_us);
/* Gives up waiting where the bound has passed; call now and then (10 ms). */
void sl_assembler_tick(struct sl_assembler *assembler, int64_t now_us);

#endif
