/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pictures that come in several sizes at once. Each layer is an input with a track of its own,
 * which gets packets only while somebody takes them; the stream's track gets those of the leader,
 * the largest layer that is alive, under numbers, times and VP8's counters that go on without a
 * seam.
 *
 *   no leader -> leader   a key frame of any layer has come              (consider())
 *   leader -> another     that one's key frame, if it is larger or the
 *                         leader is dead: others go on without it        (consider())
 *
 * Which is the largest is known by its key frames only: applications name layers in either order.
 */
#include "flow/in.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"

#include <string.h>

enum {
    /* A layer is dead when another goes on without it: for so many pictures, and so long. A source
     * that stands still takes all of them along. */
    DEAD_PICTURES = 8,
    DEAD_US = 500 * SL_US_PER_MS,
    MEASURE_US = 500 * SL_US_PER_MS, /* half of what a bit rate is measured over */
    ASK_US = SL_US_PER_S,            /* until a layer is asked again; each time twice as long */
    ASK_DOUBLED_MAX = 3,
    ASKED_IN_VAIN = 6, /* a layer that is not led by: its codec may not tell how large it is */
};

struct layer {
    struct input input;
    char rid[SL_SDP_RID_MAX + 1];
    bool wanted;       /* its track has takers */
    size_t missed;     /* pictures of others since its last packet */
    uint64_t bytes[2]; /* since the last measurement, and between that and the one before */
    size_t asked;      /* for a key frame, in vain so far */
    int64_t asked_us;
};

struct layers {
    struct sl_counters *counters; /* the worker's */
    size_t count;
    struct layer all[SL_MEDIA_LAYERS_MAX];
    uint8_t ext_rid, ext_repaired_rid;
    int64_t heard_us, measured_us;
    struct layer *leader;     /* NULL: nothing came yet */
    struct sl_splice splice;  /* from its packets to the track's */
    struct sl_splice_end end; /* the newest packet there ... */
    int64_t end_arrival_us;   /* ... and when it came */
};

static struct layer *layer_of(struct input *input)
{
    return sl_container_of(input, struct layer, input);
}

/* ---- Life ---- */

struct layers *sl_flow_layers_create(struct sl_flow_in *in, const struct sl_media *media)
{
    struct layers *layers = sl_new(struct layers);

    layers->counters = in->counters;
    layers->count = media->layer_count;
    layers->ext_rid = media->ext_id[SL_EXT_RID];
    layers->ext_repaired_rid = media->ext_id[SL_EXT_REPAIRED_RID];
    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->all[i];
        memcpy(layer->rid, media->layers[i].id, sizeof(layer->rid));
        sl_flow_in_init_input(in, media, &layer->input);
        layer->input.sync = sl_sync_create();
        layer->input.ssrc = layer->input.rtx_ssrc = 0; /* each says whose it is */
    }
    return layers;
}

void sl_flow_layers_destroy(struct layers *layers)
{
    if (!layers)
        return;
    for (size_t i = 0; i < layers->count; i++)
        sl_sync_destroy(layers->all[i].input.sync);
    free(layers);
}

void sl_flow_in_set_layer(struct sl_flow_in *in, size_t layer, struct sl_track *track)
{
    SL_ASSERT_ON(sl_worker_control(in->worker));
    in->layers->all[layer].input.track = track;
}

/* ---- Whose a packet is ---- */

struct input *sl_flow_layers_find(struct layers *layers, const struct sl_rtp_view *view)
{
    bool rtx = layers->all[0].input.is_rtx[view->payload_type];
    uint8_t id = rtx ? layers->ext_repaired_rid : layers->ext_rid;
    size_t len = 0;
    const uint8_t *rid = id ? sl_rtp_ext(view, id, &len) : NULL;

    for (size_t i = 0; rid && len > 0 && i < layers->count; i++) {
        if (strlen(layers->all[i].rid) == len && memcmp(layers->all[i].rid, rid, len) == 0)
            return &layers->all[i].input;
    }
    return NULL;
}

static struct layer *find_by_track(struct layers *layers, const struct sl_track *track)
{
    for (size_t i = 0; layers && i < layers->count; i++) {
        if (layers->all[i].input.track == track)
            return &layers->all[i];
    }
    return NULL;
}

/* ---- Which leads ---- */

static bool is_alive(const struct layers *layers, const struct layer *layer)
{
    return layer->input.heard_us > 0 &&
           (layer->missed < DEAD_PICTURES || layers->heard_us - layer->input.heard_us < DEAD_US);
}

/* Of one size, the one that is named first: the source prefers it (RFC 8853 section 5.2). */
static bool is_larger(const struct layer *layer, const struct layer *than)
{
    uint32_t area = (uint32_t)layer->input.width * layer->input.height;
    uint32_t other = (uint32_t)than->input.width * than->input.height;

    return area > other || (area == other && layer < than);
}

/* How much later the packet is than the newest of the track, in ticks. */
static int64_t ticks_since_end(const struct layers *layers, const struct layer *next,
                               const struct sl_rtp_packet *packet)
{
    const struct input *from = &layers->leader->input, *to = &next->input;
    int64_t end_us, begin_us;
    uint32_t end_line, begin_line;

    if (sl_sync_line(from->sync, SL_VIDEO, &end_line, &end_us) &&
        sl_sync_line(to->sync, SL_VIDEO, &begin_line, &begin_us)) {
        uint32_t before = layers->end.timestamp - layers->splice.timestamp_offset;
        end_us += (int64_t)(int32_t)(before - end_line) * SL_US_PER_S / from->clock_hz;
        begin_us += (int64_t)(int32_t)(packet->timestamp - begin_line) * SL_US_PER_S / to->clock_hz;
    } else { /* of a retransmission only */
        end_us = layers->end_arrival_us;
        begin_us = packet->arrival_us;
    }
    return (begin_us - end_us) * to->clock_hz / SL_US_PER_S;
}

static void lead(struct layers *layers, struct layer *layer, const struct sl_rtp_packet *packet)
{
    struct sl_vp8_ids ids = {.picture_bits = 0};

    if (packet->codec == SL_CODEC_VP8)
        (void)sl_vp8_ids_read(packet->payload, packet->payload_len, &ids); /* else: none */
    if (layers->leader) {
        sl_splice_move(&layers->splice, &layers->end, packet->seq, packet->timestamp, &ids,
                       ticks_since_end(layers, layer, packet));
        sl_count(layers->counters, SL_COUNTER_LEADERS, 1);
    } else {
        layers->splice.first_seq = packet->seq;
        layers->splice.base = (uint64_t)packet->seq;
    }
    layers->leader = layer;
}

static void consider(struct layers *layers, struct layer *layer, const struct sl_rtp_packet *packet)
{
    if (!packet->keyframe_start)
        return;
    layer->asked = 0;
    if (packet->seq == layer->input.highest_out) /* else it is one of before that comes late */
        layer->input.want_pli = false;
    if (!layers->leader || (layer != layers->leader && (!is_alive(layers, layers->leader) ||
                                                        is_larger(layer, layers->leader))))
        lead(layers, layer, packet);
}

/* ---- Packets ---- */

static void note_heard(struct layers *layers, struct layer *layer,
                       const struct sl_rtp_packet *packet)
{
    layers->heard_us = packet->arrival_us;
    layer->missed = 0;
    layer->bytes[0] += packet->payload_len;
    for (size_t i = 0; packet->marker && i < layers->count; i++) {
        if (&layers->all[i] != layer)
            layers->all[i].missed++;
    }
}

/* A copy where the packet goes into both tracks. */
static struct sl_rtp_packet *packet_for_stream(struct sl_flow_in *in, const struct layer *layer,
                                               struct sl_rtp_packet *packet)
{
    if (!layer->wanted)
        return sl_rtp_packet_ref(packet); /* nobody else gets it */
    struct sl_rtp_packet *copy = sl_rtp_packet_create(in->worker);
    if (!copy)
        return NULL;
    copy->seq = packet->seq;
    copy->arrival_us = packet->arrival_us;
    copy->timestamp = packet->timestamp;
    copy->codec = packet->codec;
    copy->marker = packet->marker;
    copy->keyframe_start = packet->keyframe_start;
    copy->orientation = packet->orientation;
    copy->payload_len = packet->payload_len;
    memcpy(copy->payload, packet->payload, packet->payload_len);
    return copy;
}

/* Under the track's own numbers. */
static void renumber(struct layers *layers, struct sl_rtp_packet *packet)
{
    const struct sl_splice *splice = &layers->splice;
    uint64_t index = splice->base + (uint64_t)(packet->seq - splice->first_seq);
    struct sl_vp8_ids ids = {.picture_bits = 0};

    packet->seq = (int64_t)index;
    packet->timestamp += splice->timestamp_offset;
    if (packet->codec == SL_CODEC_VP8 &&
        sl_vp8_ids_read(packet->payload, packet->payload_len, &ids) == 0) {
        sl_splice_rewrite(splice, &ids, packet->payload);
        ids.picture += splice->picture_offset;
        ids.tl0 += splice->tl0_offset;
    }
    if (index <= layers->end.index)
        return;
    layers->end = (struct sl_splice_end){index, packet->timestamp, ids};
    layers->end_arrival_us = packet->arrival_us;
}

static void tell_size(struct input *stream, const struct input *leader, int64_t now_us)
{
    if (leader->width == 0 || (stream->width == leader->width && stream->height == leader->height))
        return;
    stream->width = leader->width;
    stream->height = leader->height;
    stream->size_untold = true;
    sl_flow_in_tell_size(stream, now_us);
}

void sl_flow_layers_input(struct sl_flow_in *in, struct input *input, struct sl_rtp_packet *packet)
{
    struct layers *layers = in->layers;
    struct layer *layer = layer_of(input);
    struct input *stream = &in->inputs[SL_VIDEO];

    note_heard(layers, layer, packet);
    consider(layers, layer, packet);
    if (layer == layers->leader && packet->seq >= layers->splice.first_seq && stream->track) {
        struct sl_rtp_packet *led = packet_for_stream(in, layer, packet);
        if (led) { /* else counted */
            tell_size(stream, input, packet->arrival_us);
            renumber(layers, led);
            sl_track_input(stream->track, led);
        }
    }
    if (layer->wanted)
        sl_track_input(input->track, packet);
    else
        sl_rtp_packet_unref(packet);
}

/* ---- Time ---- */

void sl_flow_layers_note_packet(struct sl_flow_in *in, const struct input *input, uint32_t clock_hz,
                                uint32_t timestamp, int64_t now_us)
{
    struct layers *layers = in->layers;

    if (input->kind == SL_AUDIO) {
        for (size_t i = 0; i < layers->count; i++)
            (void)sl_sync_packet(layers->all[i].input.sync, SL_AUDIO, clock_hz, timestamp, now_us);
    } else if (layers->leader && input == &layers->leader->input &&
               sl_sync_packet(in->sync, SL_VIDEO, clock_hz,
                              timestamp + layers->splice.timestamp_offset, now_us)) {
        sl_flow_in_tell_clock(in, in->inputs[SL_VIDEO].track, in->sync, SL_VIDEO);
    }
}

void sl_flow_layers_note_report(struct sl_flow_in *in, const struct input *input, uint64_t ntp,
                                uint32_t timestamp, int64_t now_us)
{
    struct layers *layers = in->layers;

    if (input->kind == SL_AUDIO) {
        for (size_t i = 0; i < layers->count; i++)
            sl_sync_report(layers->all[i].input.sync, SL_AUDIO, ntp, timestamp, now_us);
    } else if (layers->leader && input == &layers->leader->input) {
        sl_sync_report(in->sync, SL_VIDEO, ntp, timestamp + layers->splice.timestamp_offset,
                       now_us);
    }
}

void sl_flow_layers_forget(struct sl_flow_in *in, const struct input *input)
{
    struct layers *layers = in->layers;

    if (input->kind == SL_AUDIO) {
        for (size_t i = 0; i < layers->count; i++)
            sl_sync_forget(layers->all[i].input.sync, SL_AUDIO);
    } else if (layers->leader && input == &layers->leader->input) {
        sl_sync_forget(in->sync, SL_VIDEO);
    }
}

/* ---- What is wanted of them ---- */

struct input *sl_flow_layers_leader(const struct layers *layers)
{
    return layers->leader ? &layers->leader->input : NULL;
}

void sl_flow_in_want_layer(struct sl_flow_in *in, const struct sl_track *track, bool wanted)
{
    struct layer *layer = find_by_track(in->layers, track);

    SL_ASSERT_ON(sl_worker_loop(in->worker));
    if (layer)
        layer->wanted = wanted;
}

void sl_flow_in_request_layer_keyframe(struct sl_flow_in *in, const struct sl_track *track)
{
    struct layer *layer = find_by_track(in->layers, track);

    SL_ASSERT_ON(sl_worker_loop(in->worker));
    if (layer)
        (void)sl_flow_in_ask(in, &layer->input);
}

bool sl_flow_layers_is_taken(const struct layers *layers, struct input *input)
{
    const struct layer *layer = layer_of(input);

    return layer->wanted || layer == layers->leader;
}

static struct layer *largest_alive(struct layers *layers)
{
    struct layer *best = NULL;

    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->all[i];
        if (is_alive(layers, layer) && (!best || is_larger(layer, best)))
            best = layer;
    }
    return best;
}

/* A layer begins with a key frame by itself; this is for one that was lost, and for what is to take
 * the place of a dead leader. */
static void pursue(struct sl_flow_in *in, struct layer *layer, int64_t now_us)
{
    int64_t patience_us = (int64_t)ASK_US
                          << (layer->asked < ASK_DOUBLED_MAX ? layer->asked : ASK_DOUBLED_MAX);

    if (layer->asked > 0 &&
        (now_us - layer->asked_us < patience_us || layer->asked > ASKED_IN_VAIN))
        return;
    layer->asked++;
    layer->asked_us = now_us;
    (void)sl_flow_in_ask(in, &layer->input);
}

static void measure(struct layers *layers)
{
    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->all[i];
        uint64_t bps =
            (layer->bytes[0] + layer->bytes[1]) * 8 * SL_US_PER_S / (2 * (uint64_t)MEASURE_US);
        layer->bytes[1] = layer->bytes[0];
        layer->bytes[0] = 0;
        if (layer->input.track)
            sl_track_set_bitrate(layer->input.track, is_alive(layers, layer) ? bps : 0);
    }
}

void sl_flow_layers_tick(struct sl_flow_in *in, int64_t now_us)
{
    struct layers *layers = in->layers;
    struct layer *best = largest_alive(layers);

    if (best && best != layers->leader)
        pursue(in, best, now_us);
    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->all[i];
        if (is_alive(layers, layer) && layer->input.width == 0 && layer != best)
            pursue(in, layer, now_us);
    }
    sl_flow_in_tell_size(&in->inputs[SL_VIDEO], now_us);
    if (now_us - layers->measured_us < MEASURE_US)
        return;
    layers->measured_us = now_us;
    measure(layers);
}
