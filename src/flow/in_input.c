/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One input: its set-up, what its track is told of it, and a key frame asked of its sender. */
#include "flow/in.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/metrics.h"

enum {
    SIZE_INTERVAL_US = 250 * SL_US_PER_MS, /* between two changes of the picture size */
    LAYER_ASK_US = 300 * SL_US_PER_MS, /* between two requests: its track's takers and the stream's
                                        * know nothing of one another */
};

void sl_flow_in_name_formats(struct input *input, const struct sl_media *media)
{
    for (size_t i = 0; i < media->codec_count; i++) {
        const struct sl_media_codec *codec = &media->codecs[i];
        input->codec_of[codec->payload_type & 127] = codec->codec;
        input->clock_of[codec->payload_type & 127] = sl_sdp_clock_hz(codec);
        input->is_rtx[codec->payload_type & 127] = false;
        if (codec->rtx_payload_type >= 0) {
            input->is_rtx[codec->rtx_payload_type & 127] = true;
            input->apt[codec->rtx_payload_type & 127] = codec->payload_type & 127;
        }
    }
}

void sl_flow_in_init_input(struct sl_flow_in *in, const struct sl_media *media, struct input *input)
{
    input->present = true;
    input->sync = in->sync;
    input->kind = media->kind;
    input->transport = media->transport;
    input->ssrc = media->remote_ssrc;
    input->rtx_ssrc = media->remote_rtx_ssrc;
    input->ext_transport_cc = media->ext_id[SL_EXT_TRANSPORT_CC];
    input->ext_orientation = media->ext_id[SL_EXT_VIDEO_ORIENTATION];
    sl_flow_in_name_formats(input, media);
    for (size_t i = 0; i < media->codec_count; i++) {
        input->nack |= media->codecs[i].nack;
        input->pli |= media->codecs[i].pli;
        input->fir |= media->codecs[i].fir;
    }
    input->pli |= media->pli_unoffered;
    input->clock_hz = sl_sdp_clock_hz(&media->codecs[0]);
    input->last_payload_type = media->codecs[0].payload_type & 127;
    input->receiver = sl_receiver_create(input->clock_hz, input->nack);
    if (input->ext_transport_cc && !in->twcc[media->transport])
        in->twcc[media->transport] = sl_twcc_create();
    in->all[in->all_count++] = input;
}

/* The source's own NTP time is left out: it may be set, or differ from track to track. */
void sl_flow_in_tell_clock(struct sl_flow_in *in, struct sl_track *track,
                           const struct sl_sync *sync, enum sl_media_kind kind)
{
    struct sl_track_clock clock = {.valid = true};

    if (!track || !sl_sync_line(sync, kind, &clock.rtp_timestamp, &clock.local_us))
        return;
    uint64_t ntp_us = (uint64_t)(clock.local_us + in->wall_offset_us);
    clock.ntp = (ntp_us / SL_US_PER_S << 32) + ((ntp_us % SL_US_PER_S) << 32) / SL_US_PER_S;
    sl_track_set_clock(track, &clock);
}

void sl_flow_in_start_anew(struct input *input)
{
    sl_receiver_destroy(input->receiver);
    input->receiver = sl_receiver_create(input->clock_hz, input->nack);
    input->rtx_ssrc = 0;
    input->probe_us = 0;
    input->restart = true;
    sl_sync_forget(input->sync, input->kind);
}

/* Each report goes to every player, and a hostile publisher could change its size with every
 * packet: now if the last one is long enough ago, else from the tick. */
void sl_flow_in_tell_size(struct input *input, int64_t now_us)
{
    if (!input->size_untold ||
        (input->size_told_us && now_us - input->size_told_us < SIZE_INTERVAL_US))
        return;
    input->size_untold = false;
    input->size_told_us = now_us;
    sl_track_set_size(input->track, input->width, input->height);
}

static bool was_just_asked(struct input *input)
{
    int64_t now_us = sl_now_us();

    if (input->asked_us > 0 && now_us - input->asked_us < LAYER_ASK_US)
        return true;
    input->asked_us = now_us;
    return false;
}

bool sl_flow_in_ask(struct sl_flow_in *in, struct input *input)
{
    bool hears = input->present && (input->pli || input->fir);
    uint8_t buf[64];

    if (!hears || input->ssrc == 0 || (in->layers && was_just_asked(input))) {
        input->want_pli = hears; /* once its ssrc is known, or it is time */
        return hears;
    }
    input->want_pli = false;
    struct sl_writer w = sl_writer_of(buf, sizeof(buf));
    if (input->pli)
        sl_rtcp_write_pli(&w, in->ssrc, input->ssrc);
    else
        sl_rtcp_write_fir(&w, in->ssrc, input->ssrc, input->fir_seq++);
    sl_flow_send_rtcp(in->ops, in->owner, input->transport, in->counters, buf, sl_writer_len(&w));
    sl_count(in->counters, SL_COUNTER_PLI_SENT, 1);
    sl_metric_add(&in->stats.pli, 1);
    return true;
}
