/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions about the formats and extensions of one section. Private to sdp/. Pure, any thread. */
#ifndef SL_SDP_FORMAT_H
#define SL_SDP_FORMAT_H

#include "sdp/sdp.h"
#include "sdp/span.h"

/* An audio or video section that its author did not refuse: over SRTP, or, plain, over RTP with an
 * address and, where it wants them, keys. */
bool sl_sdp_section_is_usable(const struct sl_sdp_section *section, bool plain);
/* Its protocol is one without DTLS. */
bool sl_sdp_section_is_plain(const struct sl_sdp_section *section);
/* Feedback sooner than the next report is understood there (RFC 4585 section 4.1). */
bool sl_sdp_section_has_feedback(const struct sl_sdp_section *section);
/* Of a usable section. */
enum sl_media_kind sl_sdp_section_kind(const struct sl_sdp_section *section);

/* SL_CODEC_NONE for what we do not know, a wrong clock or channel count, the other kind, or, but
 * for plain sections, what browsers have no part in. */
enum sl_codec sl_sdp_format_codec(const struct sl_sdp_format *format, enum sl_media_kind kind,
                                  bool plain);
const struct sl_sdp_format *sl_sdp_format_find(const struct sl_sdp_section *section,
                                               uint8_t payload_type);
/* The payload type of redundant sound that carries this one alone (RFC 2198); 0 if none. */
uint8_t sl_sdp_format_red(const struct sl_sdp_section *section, uint8_t payload_type);
/* The payload type of the rtx that repairs this one; -1 if none. */
int sl_sdp_format_rtx(const struct sl_sdp_section *section, uint8_t payload_type);

/* Takes sprop-parameter-sets out of an fmtp, into the section: *fmtp is then what stands before,
 * the result what stands behind. Without any, the result is empty. */
struct sl_span sl_sdp_take_sprop(struct sl_sdp_section *section, uint8_t payload_type,
                                 struct sl_span *fmtp);
/* The parameter sets of the first of the media's codecs that has some. */
void sl_sdp_choose_sprop(const struct sl_sdp_section *section, struct sl_media *media);
/* The layers of a simulcast that we can take, SL_MEDIA_LAYERS_MAX of the most preferred; fewer than
 * two are none. */
void sl_sdp_choose_layers(const struct sl_sdp_section *section, struct sl_media *media);
/* The value of one parameter of an fmtp; false, and out unchanged, if it is not there or does not
 * fit. */
bool sl_sdp_fmtp_param(const char *fmtp, const char *name, char *out, size_t out_len);
/* packetization-mode of H264 (RFC 6184 section 8.1): 0 unless said. */
int sl_sdp_h264_mode(const char *fmtp);

const char *sl_sdp_ext_uri(enum sl_media_ext ext);
/* The id under which the section names the extension; 0 if it does not. */
uint8_t sl_sdp_ext_id(const struct sl_sdp_section *section, enum sl_media_ext ext);

#endif
