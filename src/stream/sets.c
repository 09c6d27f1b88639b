/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * H264 parameter sets that a source does not repeat are put before its key frames, as packets of
 * the track: so every sink, retransmission and all else behind sees a source that sends them.
 *
 * What is put in moves the numbers of all packets behind it, not of those before it that come late:
 * so each place is remembered, up to a bound, and what is older than all of them is not used.
 */
#include "stream/internal.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

/* A retransmission comes within some hundred milliseconds; key frames are rarely closer than that,
 * and at worst (each picture is one) these are half a second. */
enum { SHIFTS_MAX = 32 };

struct track_sets {
    struct sl_h264_watch *watch;
    bool warned;
    size_t count; /* of shifts ever made; shift n is at n % SHIFTS_MAX */
    struct {
        int64_t from; /* the source's number of the first packet behind */
        int64_t by;
    } shifts[SHIFTS_MAX];
};

struct track_sets *sl_track_sets_create(const struct sl_h264_sprop *sprop)
{
    struct track_sets *sets = sl_new(struct track_sets);

    sets->watch = sl_h264_watch_create(sprop);
    return sets;
}

void sl_track_sets_destroy(struct track_sets *sets)
{
    if (!sets)
        return;
    sl_h264_watch_destroy(sets->watch);
    free(sets);
}

/* -ERANGE: nobody knows any more what its number would be. */
static int renumber(const struct track_sets *sets, struct sl_rtp_packet *packet)
{
    size_t known = sets->count < SHIFTS_MAX ? sets->count : SHIFTS_MAX;

    for (size_t i = 0; i < known; i++) {
        size_t at = (sets->count - 1 - i) % SHIFTS_MAX;
        if (packet->seq >= sets->shifts[at].from) {
            packet->seq += sets->shifts[at].by;
            return 0;
        }
    }
    return known < SHIFTS_MAX ? 0 : -ERANGE;
}

struct insertion {
    struct sl_track *track;
    const struct sl_rtp_packet *before;
    int64_t seq; /* of the next packet put in */
};

static void put_in(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct insertion *insertion = arg;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(insertion->track->home);

    (void)marker; /* the key frame has its own */
    if (!packet)
        return;
    packet->seq = insertion->seq++;
    packet->arrival_us = insertion->before->arrival_us;
    packet->timestamp = insertion->before->timestamp;
    packet->codec = SL_CODEC_H264;
    packet->marker = false;
    packet->keyframe_start = true;
    packet->payload_len = (uint16_t)len;
    memcpy(packet->payload, payload, len);
    sl_track_add(insertion->track, packet);
}

static void insert(struct sl_track *track, const struct sl_rtp_packet *before)
{
    struct track_sets *sets = track->sets;
    int64_t by = sets->count > 0 ? sets->shifts[(sets->count - 1) % SHIFTS_MAX].by : 0;
    struct insertion insertion = {track, before, before->seq + by};

    sl_h264_watch_packetize(sets->watch, SL_RTP_PAYLOAD_DEFAULT, put_in, &insertion);
    int64_t more = insertion.seq - (before->seq + by);
    if (more == 0)
        return; /* no memory: the counter of packets dropped tells */
    sets->shifts[sets->count % SHIFTS_MAX].from = before->seq;
    sets->shifts[sets->count % SHIFTS_MAX].by = by + more;
    sets->count++;
}

static void warn_once(struct sl_track *track)
{
    struct sl_log_scope scope;

    if (track->sets->warned)
        return;
    track->sets->warned = true;
    sl_log_scope_init(&scope, NULL, "stream", sl_stream_name(track->stream));
    sl_log(SL_LOG_WARN, &scope,
           "stream: a key frame without parameter sets: no SPS/PPS in band or in the SDP; nobody "
           "can decode the picture until the source sends them");
}

int sl_track_sets_input(struct sl_track *track, struct sl_rtp_packet *packet)
{
    if (packet->codec == SL_CODEC_H264) {
        int found = sl_h264_watch_input(track->sets->watch, packet->seq, packet->payload,
                                        packet->payload_len);
        if (found > 0)
            insert(track, packet);
        else if (found == -ENODATA)
            warn_once(track);
    }
    return renumber(track->sets, packet);
}
