/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flow in both directions over the ways of a line, and what goes among it. */
#include "calls/line.h"

#include "base/clock.h"
#include "base/mem.h"
#include "calls/formats.h"
#include "calls/tone.h"
#include "calls/way.h"

#include <string.h>

enum {
    OUT_TICK_US = 100 * SL_US_PER_MS,  /* reports are looked for */
    REPORT_EVERY_US = 5 * SL_US_PER_S, /* RFC 3550 section 6.2 */
    KEEP_ALIVE_US = 15 * SL_US_PER_S,  /* RFC 6263 section 4 */
    KEYFRAME_EVERY_US = SL_US_PER_S,   /* of those asked for by INFO (RFC 5168) */
};

struct sl_call_line {
    /* [control] */
    struct sl_call_line_config config;
    struct sl_flow_in *in;
    struct sl_flow_out *_Atomic out; /* NULL: nothing is sent. Read on the worker, which may have
                                      * orders before it is there. */
    struct sl_msg heard, closed;
    bool closing;
    bool has_tones;
    _Atomic int64_t heard_us;
    /* [worker] */
    struct sl_call_rider rider;
    struct sl_call_way ways[2];                        /* by kind */
    enum sl_media_kind kinds[SL_MEDIA_TRANSPORTS_MAX]; /* by transport; constant */
    bool sends[2], receives[2];
    struct sl_call_formats formats;
    struct sl_tone tone;
    uint32_t tone_time;
    uint64_t packets_seen; /* sent until then ... */
    int64_t sent_us;       /* ... when the last one was */
    int64_t out_ticked_us;
    bool hurries; /* on its lane */
    struct sl_msg keyframe_wanted;
    _Atomic bool keyframe_told; /* the message is on its way */
    int64_t keyframe_us;
};

/* ---- What the flow asks [worker] ---- */

static bool find_path(void *owner, size_t transport, struct sl_flow_path *out)
{
    struct sl_call_line *line = owner;

    return sl_call_way_find(&line->ways[line->kinds[transport]], out);
}

static void on_started(void *owner)
{
    (void)owner; /* who has answered is told by SIP */
}

static const struct sl_flow_ops flow_ops = {"sip", find_path, on_started};

static void on_keyframe_wanted(struct sl_msg *msg) /* on the control loop */
{
    struct sl_call_line *line = sl_container_of(msg, struct sl_call_line, keyframe_wanted);

    atomic_store(&line->keyframe_told, false);
    line->config.on_keyframe_wanted(line->config.owner);
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct sl_call_line *line = owner;
    int64_t now_us = sl_now_us();

    if (!line->receives[SL_VIDEO] || sl_track_kind(track) != SL_VIDEO ||
        sl_flow_in_request_keyframe(line->in, SL_VIDEO))
        return;
    if (atomic_load(&line->keyframe_told) || now_us - line->keyframe_us < KEYFRAME_EVERY_US)
        return;
    line->keyframe_us = now_us;
    atomic_store(&line->keyframe_told, true);
    sl_loop_post(line->config.control, &line->keyframe_wanted);
}

const struct sl_source_ops sl_call_line_source_ops = {.protocol = "sip",
                                                      .request_keyframe = request_keyframe};

/* ---- What comes [worker] ---- */

/* Somebody is there; without sound, pictures say so. */
static bool is_heard(const struct sl_call_line *line, enum sl_media_kind kind)
{
    return kind == SL_AUDIO || line->ways[SL_AUDIO].ports.rtp < 0;
}

static void on_rtp(void *owner, enum sl_media_kind kind, const uint8_t *data, size_t len,
                   int64_t now_us)
{
    struct sl_call_line *line = owner;

    if (is_heard(line, kind)) {
        if (atomic_load_explicit(&line->heard_us, memory_order_relaxed) == 0)
            sl_loop_post(line->config.control, &line->heard);
        atomic_store_explicit(&line->heard_us, now_us, memory_order_relaxed);
    }
    if (line->receives[kind])
        sl_flow_in_rtp_of(line->in, kind, data, len, now_us);
}

static void on_rtcp(void *owner, enum sl_media_kind kind, const uint8_t *data, size_t len,
                    int64_t now_us)
{
    struct sl_call_line *line = owner;

    (void)kind;
    sl_flow_in_rtcp(line->in, data, len, now_us);
    if (line->out)
        sl_flow_out_rtcp(line->out, data, len, now_us);
}

/* ---- What goes among the sound [worker] ---- */

/* Sound is left out while a digit is under way. */
static void set_pauses(struct sl_call_line *line)
{
    bool sound = line->sends[SL_AUDIO] && !sl_tone_sounds(&line->tone);

    sl_flow_out_pause(line->out, SL_AUDIO, !sound);
    sl_flow_out_pause(line->out, SL_VIDEO, !line->sends[SL_VIDEO]);
}

static void send_tone(struct sl_call_line *line, int64_t now_us)
{
    uint8_t payload[SL_TONE_PAYLOAD_LEN];
    bool begins;

    while (sl_tone_next(&line->tone, now_us, payload, &begins)) {
        if (begins)
            line->tone_time = sl_flow_out_time(line->out, now_us);
        const struct sl_flow_interjection packet = {
            .payload_type = line->formats.event,
            .marker = begins,
            .timestamp = line->tone_time,
            .payload = payload,
            .len = sizeof(payload),
        };
        if (sl_flow_out_interject(line->out, &packet) < 0)
            break; /* nowhere to send to: the digit passes by */
    }
    set_pauses(line);
}

static void keep_alive(struct sl_call_line *line, int64_t now_us)
{
    const struct sl_flow_stats *stats = sl_flow_out_stats(line->out);
    uint64_t packets = atomic_load_explicit(&stats->audio_packets, memory_order_relaxed);

    if (packets != line->packets_seen) {
        line->packets_seen = packets;
        line->sent_us = now_us;
    }
    if (now_us - line->sent_us < KEEP_ALIVE_US)
        return;
    const struct sl_flow_interjection empty = {
        .payload_type = line->formats.sound,
        .timestamp = sl_flow_out_time(line->out, now_us),
    };
    line->sent_us = now_us;
    (void)sl_flow_out_interject(line->out, &empty); /* without a way there is nothing to keep */
}

/* Pictures may have to be asked for again, and digits have their times; sound has neither. */
static bool has_haste(const struct sl_call_line *line)
{
    return line->ways[SL_VIDEO].ports.rtp >= 0 || line->tone.digits[0] != '\0';
}

static void choose_pace(struct sl_call_line *line)
{
    bool hurries = has_haste(line);

    if (hurries == line->hurries || !sl_list_linked(&line->rider.link)) /* not begun yet */
        return;
    line->hurries = hurries;
    sl_call_lane_hurry(line->config.lane, &line->rider, hurries);
}

static void on_tick(struct sl_call_rider *rider, int64_t now_us)
{
    struct sl_call_line *line = sl_container_of(rider, struct sl_call_line, rider);

    sl_flow_in_tick(line->in, now_us);
    if (!line->out)
        return;
    if (line->tone.digits[0] != '\0')
        send_tone(line, now_us);
    if (!line->hurries || now_us - line->out_ticked_us >= OUT_TICK_US) {
        line->out_ticked_us = now_us;
        sl_flow_out_tick(line->out, now_us);
        keep_alive(line, now_us);
    }
    choose_pace(line);
}

/* ---- Orders ---- */

/* The line outlives them, as `close` is the last. */
struct order {
    struct sl_msg msg;
    struct sl_call_line *line;
    void (*run)(struct sl_call_line *line, const struct order *order);
    struct sl_call_line_change change;
    struct sl_negotiation *negotiation; /* NULL: it is no `agree` */
    struct sl_sdp_crypto crypto[2];
    bool encrypts;
    char digit;
};

static void on_order(struct sl_msg *msg) /* on the worker */
{
    struct order *order = sl_container_of(msg, struct order, msg);

    order->run(order->line, order);
    free(order->negotiation);
    free(order);
}

static struct order *order_new(struct sl_call_line *line,
                               void (*run)(struct sl_call_line *line, const struct order *order))
{
    struct order *order = sl_new(struct order);

    order->msg.run = on_order;
    order->line = line;
    order->run = run;
    return order;
}

static void post(struct order *order)
{
    sl_loop_post(sl_worker_loop(sl_call_lane_worker(order->line->config.lane)), &order->msg);
}

static void use_formats(struct sl_call_line *line, const struct sl_media *sound)
{
    sl_call_formats_read(sound, &line->formats);
    sl_call_way_hear(&line->ways[SL_AUDIO], SL_CALL_COMFORT_NOISE);
    if (line->formats.event == SL_CALL_NO_PAYLOAD_TYPE)
        line->tone = (struct sl_tone){.clock_hz = 0}; /* what is under way has no way on */
    line->tone.clock_hz = line->formats.event_clock_hz;
}

static void begin(struct sl_call_line *line, const struct order *order)
{
    int64_t now_us = sl_now_us();

    (void)order;
    for (size_t kind = 0; kind < 2; kind++) {
        if (line->ways[kind].ports.rtp >= 0)
            sl_call_way_start(&line->ways[kind]);
    }
    line->hurries = has_haste(line);
    sl_call_lane_join(line->config.lane, &line->rider, line->hurries);
    line->sent_us = now_us;
    if (line->out)
        sl_flow_out_start(line->out, now_us);
}

static void apply(struct sl_call_line *line, const struct order *order)
{
    bool saw = line->receives[SL_VIDEO];

    for (size_t kind = 0; kind < 2; kind++) {
        const struct sl_call_line_place *place = &order->change.places[kind];
        line->sends[kind] = place->sends;
        line->receives[kind] = place->receives;
        if (line->ways[kind].ports.rtp >= 0)
            sl_call_way_aim(&line->ways[kind], place->address, place->port, place->rtcp_port);
    }
    if (line->out)
        set_pauses(line);
    if (line->receives[SL_VIDEO] && !saw)
        (void)sl_flow_in_request_keyframe(line->in, SL_VIDEO); /* or its players ask themselves */
}

static void agree(struct sl_call_line *line, const struct order *order)
{
    const struct sl_negotiation *negotiation = order->negotiation;

    for (size_t i = 0; i < negotiation->media_count; i++) {
        const struct sl_media *media = &negotiation->media[i];
        struct sl_call_way *way = &line->ways[media->kind];
        if (!media->accepted || media->codec_count == 0 || way->ports.rtp < 0)
            continue;
        sl_call_way_agree(way, media, &negotiation->transports[media->transport].crypto,
                          order->encrypts ? &order->crypto[media->kind] : NULL);
        if (media->kind == SL_AUDIO)
            use_formats(line, media);
    }
    sl_flow_in_agree(line->in, negotiation, line->formats.fillers);
    if (line->out)
        sl_flow_out_agree(line->out, negotiation);
}

static void dial(struct sl_call_line *line, const struct order *order)
{
    if (!line->out)
        return;
    (void)sl_tone_add(&line->tone, order->digit); /* too many: they are dialled by hand */
    choose_pace(line);
}

static void refresh(struct sl_call_line *line, const struct order *order)
{
    (void)order;
    if (line->out)
        sl_flow_out_want_keyframe(line->out, sl_now_us());
}

static void end(struct sl_call_line *line, const struct order *order)
{
    (void)order;
    if (line->out) {
        sl_flow_out_bye(line->out, sl_now_us());
        sl_flow_out_stop(line->out);
    }
    sl_call_lane_leave(line->config.lane, &line->rider);
    for (size_t kind = 0; kind < 2; kind++) {
        if (line->ways[kind].ports.rtp >= 0)
            sl_call_way_stop(&line->ways[kind]);
    }
    sl_loop_post(line->config.control, &line->closed);
}

/* ---- On the control loop ---- */

static void on_heard(struct sl_msg *msg)
{
    struct sl_call_line *line = sl_container_of(msg, struct sl_call_line, heard);

    if (line->config.on_heard && !line->closing)
        line->config.on_heard(line->config.owner);
}

static void on_closed(struct sl_msg *msg)
{
    struct sl_call_line *line = sl_container_of(msg, struct sl_call_line, closed);
    void (*told)(void *owner) = line->config.on_closed;
    void *owner = line->config.owner;

    sl_flow_out_destroy(line->out);
    sl_flow_in_destroy(line->in);
    free(line);
    told(owner);
}

static void make_way(struct sl_call_line *line, const struct sl_negotiation *negotiation,
                     const struct sl_media *media)
{
    struct sl_call_way *way = &line->ways[media->kind];
    const struct sl_sdp_crypto *ours = line->config.crypto;

    line->kinds[media->transport] = media->kind;
    sl_call_way_init(way, media, &negotiation->transports[media->transport].crypto,
                     ours ? &ours[media->kind] : NULL);
}

struct sl_call_line *sl_call_line_create(const struct sl_call_line_config *config)
{
    struct sl_call_line *line = sl_new(struct sl_call_line);
    const struct sl_negotiation *negotiation = config->negotiation;
    struct sl_flow_in_config in = {
        .worker = sl_call_lane_worker(config->lane),
        .negotiation = negotiation,
        .report_every_us = REPORT_EVERY_US,
        .ops = &flow_ops,
        .owner = line,
    };

    line->config = *config;
    line->rider.on_tick = on_tick;
    line->heard.run = on_heard;
    line->closed.run = on_closed;
    line->keyframe_wanted.run = on_keyframe_wanted;
    line->formats.event = SL_CALL_NO_PAYLOAD_TYPE;
    for (size_t kind = 0; kind < 2; kind++) {
        line->ways[kind] = (struct sl_call_way){
            .kind = (enum sl_media_kind)kind,
            .lane = config->lane,
            .ports = config->ports[kind],
            .on_rtp = on_rtp,
            .on_rtcp = on_rtcp,
            .owner = line,
        };
    }
    for (size_t i = 0; i < negotiation->media_count; i++) {
        const struct sl_media *media = &negotiation->media[i];
        if (!media->accepted || media->codec_count == 0)
            continue;
        make_way(line, negotiation, media);
        if (media->kind == SL_AUDIO)
            use_formats(line, media);
    }
    line->has_tones = line->formats.event != SL_CALL_NO_PAYLOAD_TYPE;
    memcpy(in.fillers, line->formats.fillers, sizeof(in.fillers));
    line->config.negotiation = NULL; /* borrowed for the call */
    line->config.crypto = NULL;
    line->in = sl_flow_in_create(&in);
    return line;
}

void sl_call_line_start(struct sl_call_line *line, struct sl_track *const in[static 2],
                        struct sl_track *const out[static 2],
                        const struct sl_negotiation *negotiation, const char *cname)
{
    const struct sl_flow_out_config config = {
        .worker = sl_call_lane_worker(line->config.lane),
        .negotiation = negotiation,
        .tracks = {out[SL_AUDIO], out[SL_VIDEO]},
        .control = line->config.control,
        .cname = cname,
        .report_every_us = REPORT_EVERY_US,
        .ops = &flow_ops,
        .owner = line,
    };

    sl_flow_in_set_tracks(line->in, in[SL_AUDIO], in[SL_VIDEO]);
    if (out[SL_AUDIO] || out[SL_VIDEO])
        line->out = sl_flow_out_create(&config);
    post(order_new(line, begin));
}

void sl_call_line_change(struct sl_call_line *line, const struct sl_call_line_change *change)
{
    struct order *order = order_new(line, apply);

    order->change = *change;
    post(order);
}

void sl_call_line_agree(struct sl_call_line *line, struct sl_negotiation *negotiation,
                        const struct sl_sdp_crypto *crypto)
{
    struct order *order = order_new(line, agree);

    order->negotiation = negotiation;
    order->encrypts = crypto != NULL;
    if (crypto)
        memcpy(order->crypto, crypto, sizeof(order->crypto));
    for (size_t i = 0; i < negotiation->media_count; i++) {
        const struct sl_media *media = &negotiation->media[i];
        struct sl_call_formats formats;
        if (!media->accepted || media->codec_count == 0 || media->kind != SL_AUDIO)
            continue;
        sl_call_formats_read(media, &formats);
        line->has_tones = formats.event != SL_CALL_NO_PAYLOAD_TYPE;
    }
    post(order);
}

bool sl_call_line_has_tones(const struct sl_call_line *line)
{
    return line->has_tones;
}

void sl_call_line_dial(struct sl_call_line *line, char digit)
{
    struct order *order = order_new(line, dial);

    order->digit = digit;
    post(order);
}

void sl_call_line_refresh(struct sl_call_line *line)
{
    post(order_new(line, refresh));
}

void sl_call_line_say(struct sl_call_line *line, struct sl_track *track)
{
    if (line->out)
        (void)sl_flow_out_move(line->out, SL_AUDIO, track); /* of sound, and it has been started */
}

void sl_call_line_set_owner(struct sl_call_line *line, void *owner)
{
    line->config.owner = owner;
}

const struct sl_flow_stats *sl_call_line_stats(const struct sl_call_line *line)
{
    return sl_flow_in_stats(line->in);
}

int64_t sl_call_line_heard_us(const struct sl_call_line *line)
{
    return atomic_load_explicit(&line->heard_us, memory_order_relaxed);
}

void sl_call_line_close(struct sl_call_line *line)
{
    line->closing = true;
    post(order_new(line, end));
}
