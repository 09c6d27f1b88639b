/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offers of media sockets' players, and answers. */
#include "mse/offer.h"

#include "base/error.h"
#include "base/memstream.h"
#include "sdp/sdp.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { DISCARD_PORT = 9 }; /* RFC 8866 section 5.14's usual one where there is none to name */

enum sl_codec sl_mse_codec(enum sl_mse_player player, enum sl_media_kind kind)
{
    static const enum sl_codec codecs[SL_MSE_PLAYERS][2] = {
        [SL_MSE_MSE] = {SL_CODEC_AAC, SL_CODEC_H264},
        [SL_MSE_WSPLAYER] = {SL_CODEC_PCMU, SL_CODEC_MPEG1},
    };

    return codecs[player][kind];
}

/* NULL: the section does not offer what the player would be sent. */
static const struct sl_sdp_format *find_format(const struct sl_sdp_section *section,
                                               enum sl_codec codec)
{
    if (!sl_sdp_receives(section->direction))
        return NULL;
    for (size_t i = 0; i < section->format_count; i++) {
        if (sl_codec_from_name(section->formats[i].name) == codec)
            return &section->formats[i];
    }
    return NULL;
}

static bool is_of_kind(const struct sl_sdp_section *section, enum sl_media_kind kind)
{
    return strcmp(section->kind, kind == SL_AUDIO ? "audio" : "video") == 0;
}

/* The first of its kind; its port, which is 0 in the SDK's offers, says nothing. NULL. */
static const struct sl_sdp_section *find_section(const struct sl_sdp *offer,
                                                 enum sl_media_kind kind)
{
    for (size_t i = 0; i < offer->section_count; i++) {
        if (is_of_kind(&offer->sections[i], kind))
            return &offer->sections[i];
    }
    return NULL;
}

int sl_mse_read_offer(const char *text, enum sl_mse_player player, struct sl_sdp **out,
                      bool takes[2], struct sl_error *error)
{
    if (!text)
        return sl_error_set(error, -EBADMSG, "no SDP");
    int err = sl_sdp_parse(text, strlen(text), out, error);
    if (err < 0)
        return err;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_sdp_section *section = find_section(*out, kind);
        takes[kind] = section && find_format(section, sl_mse_codec(player, kind));
    }
    return 0;
}

static void write_flowing(FILE *out, const struct sl_sdp_section *section,
                          const struct sl_sdp_format *format)
{
    (void)fprintf(out,
                  "m=%s %d RTP/AVP %u\r\na=rtpmap:%u %s/%" PRIu32 "\r\n"
                  "a=sendonly\r\n",
                  section->kind, DISCARD_PORT, format->payload_type, format->payload_type,
                  sl_codec_name(sl_codec_from_name(format->name)), format->clock_hz);
}

static void write_section(FILE *out, const struct sl_sdp *offer, size_t index,
                          enum sl_mse_player player, const bool flows[2])
{
    const struct sl_sdp_section *section = &offer->sections[index];

    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        const struct sl_sdp_format *format = find_format(section, sl_mse_codec(player, kind));
        if (flows[kind] && format && section == find_section(offer, kind)) {
            write_flowing(out, section, format);
            return;
        }
    }
    (void)fprintf(out, "m=%s 0 %s %s\r\n", section->kind, section->proto, section->first_format);
}

char *sl_mse_build_answer(const struct sl_sdp *offer, enum sl_mse_player player,
                          const bool flows[2], int64_t created_ms)
{
    struct sl_memstream answer;

    if (!sl_memstream_open(&answer))
        return NULL;
    (void)fprintf(answer.file,
                  "v=0\r\no=Sluice %" PRId64 " 1 IN IP4 0.0.0.0\r\ns=Sluice/%s\r\n"
                  "c=IN IP4 0.0.0.0\r\nt=0 0\r\n",
                  created_ms, SLUICE_VERSION);
    for (size_t i = 0; i < offer->section_count; i++)
        write_section(answer.file, offer, i, player, flows);
    return sl_memstream_close(&answer) ? answer.text : NULL;
}
