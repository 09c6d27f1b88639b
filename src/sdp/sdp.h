/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session descriptions: parse an offer or an answer (RFC 8866, 8829, 8839, 8842), choose codecs,
 * build an answer or an offer. Those of WebRTC, and plain ones: RTP without ICE and DTLS, between
 * the addresses and ports of c= and m= lines, in clear or with the keys of a=crypto (RFC 4568).
 * Pure: no I/O, no logging. Everything parsed is copied out of the text. Source of the shapes:
 * websocket-api.md section 6; bounds: hardening.md class 8.
 */
#ifndef SL_SDP_SDP_H
#define SL_SDP_SDP_H

#include "base/error.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_addr;

enum {
    SL_SDP_TEXT_MAX = 65536,
    SL_SDP_LINES_MAX = 2000,
    SL_SDP_SECTIONS_MAX = 64,
    SL_SDP_FORMATS_MAX = 64, /* payload types in one section */
    SL_SDP_MEDIA_MAX = 8,    /* sections we look into; the rest are refused in the answer */
    SL_SDP_MID_MAX = 64,
    SL_SDP_SSRCS_MAX = 8,
    SL_SDP_EXTMAP_MAX = 32,
    SL_SDP_CANDIDATES_MAX = 32,
    SL_SDP_CRYPTOS_MAX = 4,
    SL_SDP_CRYPTO_KEY_MAX = 44,
    SL_SDP_SPROPS_MAX = 4, /* payload types of one section whose parameter sets are kept */
    SL_SDP_RIDS_MAX = 8,
    SL_SDP_RID_MAX = 16, /* characters: what the short form of a header extension holds */
    SL_SDP_RID_PARAMETERS_MAX = 64,
};

enum sl_sdp_direction { SL_SDP_SENDRECV, SL_SDP_SENDONLY, SL_SDP_RECVONLY, SL_SDP_INACTIVE };

/* Whoever says the direction of himself sends, or receives. */
static inline bool sl_sdp_sends(enum sl_sdp_direction direction)
{
    return direction == SL_SDP_SENDRECV || direction == SL_SDP_SENDONLY;
}

static inline bool sl_sdp_receives(enum sl_sdp_direction direction)
{
    return direction == SL_SDP_SENDRECV || direction == SL_SDP_RECVONLY;
}

static inline enum sl_sdp_direction sl_sdp_direction_of(bool sends, bool receives)
{
    if (sends)
        return receives ? SL_SDP_SENDRECV : SL_SDP_SENDONLY;
    return receives ? SL_SDP_RECVONLY : SL_SDP_INACTIVE;
}

enum sl_sdp_setup { SL_SDP_SETUP_NONE, SL_SDP_ACTPASS, SL_SDP_ACTIVE, SL_SDP_PASSIVE };

/* Suites whose keys we can use (RFC 4568 section 6.2, RFC 7714 section 14.2). */
enum sl_sdp_suite {
    SL_SDP_NO_SUITE,
    SL_SDP_AES_CM_128_HMAC_SHA1_80,
    SL_SDP_AES_CM_128_HMAC_SHA1_32,
    SL_SDP_AEAD_AES_128_GCM,
    SL_SDP_AEAD_AES_256_GCM,
};
enum { SL_SDP_SUITES = SL_SDP_AEAD_AES_256_GCM + 1 };

/* One a=crypto line: what its author encrypts with. */
struct sl_sdp_crypto {
    enum sl_sdp_suite suite; /* SL_SDP_NO_SUITE: in clear */
    uint32_t tag;
    uint8_t key[SL_SDP_CRYPTO_KEY_MAX]; /* master key and salt, sl_sdp_suite_key_len() bytes */
};
size_t sl_sdp_suite_key_len(enum sl_sdp_suite suite);
const char *sl_sdp_suite_name(enum sl_sdp_suite suite); /* "" of none */

struct sl_sdp_format {
    uint8_t payload_type;
    char name[32];     /* encoding name as written; from RFC 3551's table for static types */
    uint32_t clock_hz; /* 0 if unknown */
    uint8_t channels;  /* 1 unless said */
    char fmtp[256];    /* parameters as written, "" if none */
    int apt;           /* rtx: payload type it repairs; -1 otherwise */
    bool nack, pli, fir, remb, transport_cc; /* a=rtcp-fb of this type or of * */
};

struct sl_sdp_ssrc {
    uint32_t ssrc;
    uint32_t rtx_ssrc; /* from ssrc-group:FID; 0 if none */
};

/* One a=rid line of what its author sends (RFC 8851). */
struct sl_sdp_rid {
    char id[SL_SDP_RID_MAX + 1];
    char parameters[SL_SDP_RID_PARAMETERS_MAX + 1]; /* as written, "" if none */
};

struct sl_sdp_candidate {
    char ip[48]; /* literal; candidates with names (mDNS) are skipped */
    uint16_t port;
    uint32_t priority;
    uint8_t component;
    bool tcp; /* only tcptype passive ones are kept */
};

struct sl_sdp_extmap {
    uint8_t id; /* 1..14, 16..255 */
    char uri[128];
};

struct sl_sdp_section {
    char kind[64];                /* "audio", "video", "application" ... */
    char proto[64];               /* "UDP/TLS/RTP/SAVPF" */
    uint16_t port;                /* 0: refused; 9 for a bundle-only one */
    char address[48];             /* of c=, its own or the session's: a literal; "" if none */
    uint16_t rtcp_port;           /* of a=rtcp; 0 if none */
    char mid[SL_SDP_MID_MAX + 1]; /* "" if none */
    bool malformed;   /* its m-line cannot be read, or its mid is another's: as refused (port 0) */
    bool bundled;     /* named in a=group:BUNDLE */
    bool bundle_only; /* may be accepted inside the bundle only (RFC 9143 section 6) */
    enum sl_sdp_direction direction;
    enum sl_sdp_setup setup;
    bool rtcp_mux, rtcp_rsize;
    uint16_t ptime_ms; /* how much it wants in a packet; 0: it does not say */
    char ufrag[257], pwd[257];
    char fingerprint_hash[16];     /* lower case: "sha-256" */
    char fingerprint[192];         /* upper-case hex with colons */
    char first_format[33];         /* as written: an answer that refuses the section echoes it */
    size_t format_count;           /* 0 when the protocol is not RTP */
    struct sl_sdp_format *formats; /* in the order of the m-line; at most SL_SDP_FORMATS_MAX */
    size_t sprop_count;
    struct {
        uint8_t payload_type;
        struct sl_h264_sprop sets;
    } sprops[SL_SDP_SPROPS_MAX]; /* sprop-parameter-sets, which no fmtp above has */
    size_t extmap_count;
    struct sl_sdp_extmap *extmap; /* at most SL_SDP_EXTMAP_MAX */
    size_t ssrc_count;
    struct sl_sdp_ssrc ssrcs[SL_SDP_SSRCS_MAX]; /* primary ones only */
    size_t rid_count;
    struct sl_sdp_rid rids[SL_SDP_RIDS_MAX];
    /* Of a=simulcast: what its author sends at once, the first of each's alternatives, in his order
     * of preference (RFC 8853). */
    size_t simulcast_count;
    char simulcast[SL_SDP_RIDS_MAX][SL_SDP_RID_MAX + 1];
    size_t crypto_count;
    struct sl_sdp_crypto cryptos[SL_SDP_CRYPTOS_MAX]; /* those we can use */
    size_t candidate_count;
    struct sl_sdp_candidate candidates[SL_SDP_CANDIDATES_MAX];
    bool end_of_candidates;
};

struct sl_sdp {
    bool ice_lite;
    size_t odd_count;    /* lines left out, wholly or in part */
    struct sl_error odd; /* the first: "line 7: mid must be ..." */
    size_t section_count;
    struct sl_sdp_section *sections; /* owned, with what they point to; session-level attributes
                                        are merged in */
};

/*
 * Tolerates LF line ends, blanks at line ends, missing s= and t=, unknown lines, rtx whose apt is
 * gone (websocket-api.md 6.1). A line that cannot be read costs the attribute, the codec or the
 * section it belongs to, and is noted. Returns 0; -EBADMSG no description at all, -ENOBUFS too
 * long, too many lines or sections, with words. On success *out is owned by the caller:
 * sl_sdp_free().
 */
int sl_sdp_parse(const char *text, size_t len, struct sl_sdp **out, struct sl_error *error);
void sl_sdp_free(struct sl_sdp *sdp);

/* ---- Choosing codecs ---- */

/* One codec both sides speak, under the offer's numbers. */
struct sl_media_codec {
    enum sl_codec codec;
    uint8_t payload_type;
    uint8_t channels;
    uint32_t clock_hz;    /* 0: the codec's own */
    int rtx_payload_type; /* -1: no retransmission format */
    char fmtp[256];       /* the offer's */
    bool h264_mode1;      /* packetization-mode=1 */
    bool nack, pli, fir, remb, transport_cc;
};

enum {
    SL_MEDIA_CODECS_MAX = 24,
    SL_MEDIA_LAYERS_MAX = 3, /* as many as browsers make */
};

enum sl_media_ext {
    SL_EXT_MID,          /* urn:ietf:params:rtp-hdrext:sdes:mid */
    SL_EXT_TRANSPORT_CC, /* draft-holmer-rmcat-transport-wide-cc-extensions-01 */
    SL_EXT_ABS_SEND_TIME,
    SL_EXT_VIDEO_ORIENTATION, /* urn:3gpp:video-orientation */
    SL_EXT_RID,               /* urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id (RFC 8852) */
    SL_EXT_REPAIRED_RID,      /* the same of a retransmission: whose it is */
    SL_EXT_COUNT,
};

/* One negotiated m-section. */
struct sl_media {
    bool accepted; /* false: answered with port 0, or inactive when it must stay in the bundle */
    /* Ours; SL_SDP_INACTIVE: accepted but nothing flows, as the source has no such track. Port 0
     * in the bundle's first section makes Chromium refuse the whole answer. */
    enum sl_sdp_direction direction;
    enum sl_media_kind kind; /* meaningful when accepted */
    char mid[SL_SDP_MID_MAX + 1];
    size_t codec_count;
    struct sl_media_codec codecs[SL_MEDIA_CODECS_MAX]; /* in the answer's order */
    uint8_t ext_id[SL_EXT_COUNT];                      /* 0: not negotiated */
    /* Of WebRTC pictures that we receive: no feedback that asks for a key frame was offered, and
     * PLI is sent all the same. Engines of browsers heed it, and the SDK's stripCodecs takes the
     * lines of codecs that stay ("9" of G722 is the beginning of "96"). */
    bool pli_unoffered;
    struct sl_h264_sprop sprop; /* of what we receive: of the first codec that names some */
    /* Pictures that we receive in several sizes at once; 0: in one. */
    size_t layer_count;
    struct sl_sdp_rid layers[SL_MEDIA_LAYERS_MAX];
    uint32_t remote_ssrc, remote_rtx_ssrc; /* of what we receive, 0 if the peer names none */
    uint32_t local_ssrc, local_rtx_ssrc;   /* of what we send; rtx 0 when not negotiated */
    size_t transport;                      /* which of the session's transports carries it */
    uint8_t red_payload_type; /* of sound that we only send: codecs[0] with what was before it (RFC
                               * 2198); 0: not negotiated */
    /* What we send is none of the source's codecs: codecs[0] is to be made of it. */
    bool made;
    uint16_t ptime_ms; /* plain: how much the other side wants in a packet; 0: it does not say */
};

/* The RTP clock of a negotiated codec. */
static inline uint32_t sl_sdp_clock_hz(const struct sl_media_codec *codec)
{
    return codec->clock_hz ? codec->clock_hz : sl_codec_clock_hz(codec->codec);
}

/* The remote end of one transport. */
struct sl_media_transport {
    /* Plain: where it receives, rtcp_port the same where both share it (RFC 5761), and what it
     * encrypts with; crypto.tag is that of the offer's line that was taken. */
    char address[48];
    uint16_t port, rtcp_port;
    struct sl_sdp_crypto crypto;
    /* WebRTC. */
    char remote_ufrag[257], remote_pwd[257];
    char fingerprint_hash[16], fingerprint[192];
    enum sl_sdp_setup remote_setup;
};

enum { SL_MEDIA_TRANSPORTS_MAX = 2 };

/* Result of negotiation: what the answer says and what the media engine needs. */
struct sl_negotiation {
    bool plain;
    size_t media_count; /* as many as the offer has sections, at most SL_SDP_MEDIA_MAX */
    size_t transport_count;
    struct sl_media_transport transports[SL_MEDIA_TRANSPORTS_MAX];
    bool bundle;
    struct sl_media media[SL_SDP_MEDIA_MAX]; /* behind media_count: perhaps no memory */
};

/* For what comes of this offer, in no more memory than that needs: 8 KB for each section, where a
 * whole struct is for any offer. To be freed. */
struct sl_negotiation *sl_negotiation_new(const struct sl_sdp *offer);
/* The same. */
struct sl_negotiation *sl_negotiation_dup(const struct sl_negotiation *negotiation);

/* What one kind of a source can deliver, for a player. */
struct sl_source_codec {
    enum sl_codec codec;
    char fmtp[256];    /* of the source; H264: profile-level-id and packetization-mode are matched,
                        * what is not said is 420010 and mode 0 (RFC 6184 section 8.1) */
    uint32_t clock_hz; /* 0: the codec's own */
    uint8_t channels;  /* 0: the codec's own */
};

struct sl_negotiate_config {
    /* What we are ready for, in any section: a client that publishes wants us to receive, one that
     * plays to send, a call both. What a section offers of it is what flows there. */
    enum sl_sdp_direction direction;
    bool plain; /* answers RTP without ICE and DTLS; any codec we know may flow there */
    /* Plain: what is offered of feedback counts though the profile has no place for it. */
    bool any_feedback;
    bool allow_bundle;        /* rtp_bundle */
    bool video_orientation;   /* cvoExtension */
    bool rtx;                 /* answer rtx for the chosen codecs */
    bool simulcast;           /* answer pictures in several sizes that we only receive */
    bool red;                 /* answer red for opus that we only send */
    bool downlink_estimation; /* answer transport-cc for pictures that we only send */
    /* Receiving: the configured codecs in order of preference. One law of G.711 is answered only:
     * the first configured that the offer has (the original's answers, S0). */
    const enum sl_codec *codecs;
    size_t codec_count;
    /* Sending: what the source has, the codec in use first; count 0: no such track. */
    const struct sl_source_codec *audio, *video;
    size_t audio_count, video_count;
    /* Sending: by kind, what can be made of the source where the offer lacks its codec, or has H264
     * in its packetization mode not; the first that is offered is taken, alone. */
    struct sl_makeable {
        bool always; /* nothing is sent as the source has it */
        const struct sl_source_codec *codecs;
        size_t count; /* 0: nothing */
    } makeable[2];
};

/*
 * Choose, section by section (websocket-api.md 6.2). Only the first
 * audio and the first video section are used; others are refused. local_ssrc and local_rtx_ssrc are
 * left 0 for the caller to draw (rtx: when codecs[0] has an rtx_payload_type). Where we send,
 * codecs[0] is the offered format that fits the source's current codec best. Returns 0; -ENOMSG no
 * common codec at all; -EBADMSG the offer is not one we can answer (no section of audio or video,
 * or none with ICE, fingerprint and rtcp-mux), with words. A section without those is refused;
 * error then says so on success too. On an error *out is of no use.
 */
int sl_sdp_negotiate(const struct sl_sdp *offer, const struct sl_negotiate_config *config,
                     struct sl_negotiation *out, struct sl_error *error);

/* Something flows in the section, to us or from us. */
static inline bool sl_sdp_media_flows(const struct sl_media *media)
{
    return media->accepted && media->direction != SL_SDP_INACTIVE && media->codec_count > 0;
}

/* What we send there tells its receiver's link: by its feedback, or by its own word. */
static inline bool sl_sdp_media_is_estimated(const struct sl_media *media)
{
    return media->ext_id[SL_EXT_TRANSPORT_CC] != 0 || media->ext_id[SL_EXT_ABS_SEND_TIME] != 0;
}

/* The section in which media of this kind flows; NULL. */
struct sl_media *sl_sdp_flowing_media(struct sl_negotiation *negotiation, enum sl_media_kind kind);

/*
 * The other side: what an answer to our own offer means (websocket-api.md section 15). Sections are
 * matched by index, whatever their mids; RTP/SAVPF and sections without BUNDLE are fine; a missing
 * a=setup is given as remote_setup active, as such a peer is the DTLS client. Codecs come in the
 * answer's order, under the offer's numbers, with the answer's fmtp. Section i's candidates are
 * answer->sections[i].candidates; a bundle is reached by those of its first accepted section.
 *
 * Where we send, local ssrcs are the offer's; where we receive, remote ones the answer's.
 * Returns 0; -ENOMSG nothing of the offer was accepted; -EBADMSG not an answer to this offer (other
 * number or kinds of sections, no ICE, no fingerprint, no rtcp-mux, setup actpass), with words. A
 * plain offer has a plain answer. On an error *out is of no use.
 */
int sl_sdp_accept_answer(const struct sl_sdp *offer, const struct sl_sdp *answer,
                         struct sl_negotiation *out, struct sl_error *error);

/* ---- Building ---- */

struct sl_sdp_local_transport {
    char ufrag[33], pwd[33];
    const struct sl_addr *candidates; /* host candidates, all with their ports; not owned */
    size_t candidate_count;
    bool udp, tcp; /* which kinds of candidate to write */
    /* Plain: the first candidate is where RTP goes to, */
    uint16_t rtcp_port;                 /* ... and this RTCP; 0: the same */
    const struct sl_sdp_crypto *crypto; /* what we encrypt with; NULL: nothing. Not owned. */
};

struct sl_sdp_answer_config {
    const char *product; /* o= and s=: "Sluice" */
    const char *version;
    int64_t session_id_ms;     /* createDate */
    const char *fingerprint;   /* "AA:BB:...", sha-256 */
    enum sl_sdp_setup setup;   /* passive */
    const char *cname_id;      /* mediaSessionId: cname rtp/<kind>/<id>, msid */
    uint32_t max_bitrate_kbps; /* b=AS of video that we receive; 0: none. x-google-* parameters are
                                * the SDK's own doing (6.5) */
    struct sl_sdp_local_transport transports[SL_MEDIA_TRANSPORTS_MAX];
};

/* Writes the answer, CRLF line ends and a final NUL, the line order of websocket-api.md 6.2.
 * Sections beyond SL_SDP_MEDIA_MAX are refused. cname_id and product may hold anything: what is no
 * token character becomes '_'. Returns the length; -ENOBUFS if it does not fit out_len
 * (SL_SDP_TEXT_MAX is enough for any), out is then of no use. */
int sl_sdp_build_answer(const struct sl_sdp *offer, const struct sl_negotiation *negotiation,
                        const struct sl_sdp_answer_config *config, char *out, size_t out_len);

/* An offer of our own (load client, pulls): BUNDLE, actpass, H264 modes 1 and 0, VP8, opus, PCMA,
 * PCMU, G722, each with the feedback and rtx we understand. */
struct sl_sdp_offer_config {
    bool audio, video;
    /* Plain: "RTP/AVP", "RTP/SAVP", "RTP/AVPF" or "RTP/SAVPF", with the transports by kind, and
     * sections are not bundled; NULL: WebRTC, with what follows, and, if the first transport has
     * candidates, ICE-lite there. */
    const char *plain;
    struct sl_sdp_local_transport transports[SL_MEDIA_TRANSPORTS_MAX];
    /* Plain: of o=, as in an answer of the same session; NULL: any. */
    const char *product;
    int64_t session_id_ms;
    /* Plain: key frames may be asked for though the profile has no place for feedback, as
     * telephones say and heed it. */
    bool keyframe_requests;
    enum sl_sdp_direction direction; /* ours, of each section; ssrcs where we send */
    bool watches;                    /* plain: but pictures are not sent */
    const char *ufrag, *pwd, *fingerprint;
    uint32_t audio_ssrc, video_ssrc, video_rtx_ssrc; /* sending */
    const char *cname;
    /* Sending: what the source may send, NULL: anything. A codec (and mode of H264) that it does
     * not name is not offered; its fmtp is, and sound in its order. */
    const struct sl_source_codec *audio_codecs, *video_codecs;
    size_t audio_codec_count, video_codec_count;
    bool downlink_estimation; /* sending: transport-cc for pictures, else when receiving only */
};
/* As sl_sdp_build_answer(); a kind whose source has nothing that can be offered is left out,
 * -ENOMSG if none is left. */
int sl_sdp_build_offer(const struct sl_sdp_offer_config *config, char *out, size_t out_len);

#endif
