/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A negotiated section and a track of a stream say the same in two ways. */
#include "flow/flow.h"

#include "base/random.h"

#include <string.h>

/* Appends those that are of this codec, or those that are not. */
static size_t append_codecs(const struct sl_track_config *config, enum sl_codec codec, bool of_it,
                            struct sl_source_codec *out)
{
    size_t count = 0;

    for (size_t i = 0; i < config->codec_count; i++) {
        if ((config->codecs[i].codec == codec) != of_it)
            continue;
        out[count] = (struct sl_source_codec){.codec = config->codecs[i].codec};
        memcpy(out[count++].fmtp, config->codecs[i].fmtp, sizeof(out->fmtp));
    }
    return count;
}

size_t sl_track_source_codecs(const struct sl_track *track,
                              struct sl_source_codec out[static SL_TRACK_CODECS_MAX])
{
    if (!track)
        return 0;
    const struct sl_track_config *config = sl_track_codecs(track);
    enum sl_codec codec = sl_track_codec(track);
    size_t count = append_codecs(config, codec, true, out);
    return count + append_codecs(config, codec, false, out + count);
}

void sl_track_config_from(struct sl_media *media, struct sl_track_config *out)
{
    if (!media)
        return;
    if (media->codec_count > SL_TRACK_CODECS_MAX)
        media->codec_count = SL_TRACK_CODECS_MAX;
    out->present = true;
    out->codec_count = media->codec_count;
    out->sprop = media->sprop;
    for (size_t i = 0; i < media->codec_count; i++) {
        out->codecs[i].codec = media->codecs[i].codec;
        memcpy(out->codecs[i].fmtp, media->codecs[i].fmtp, sizeof(out->codecs[i].fmtp));
    }
}

uint32_t sl_ssrc_draw(const uint32_t *taken, size_t count)
{
    for (;;) {
        uint32_t ssrc = sl_random_u32();
        bool fresh = ssrc != 0;
        for (size_t i = 0; i < count; i++)
            fresh = fresh && ssrc != taken[i];
        if (fresh)
            return ssrc;
    }
}
