/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole frames out of packets, and lines about them. */
#include "trace.h"

#include "base/clock.h"
#include "base/mem.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct trace {
    FILE *file;
    FILE *record; /* NULL: none */
};

struct trace_flow {
    struct trace_player *player;
    enum sl_media_kind kind;
    enum sl_codec codec;
    struct sl_assembler *assembler;
    uint32_t ssrc;
    int64_t now_us; /* of the packet that goes in */
};

struct trace_player {
    struct trace *trace;
    unsigned number;
    struct trace_flow flows[2];
};

static const char *const kinds[] = {[SL_AUDIO] = "audio", [SL_VIDEO] = "video"};

/* ---- Files ---- */

struct trace *trace_open(const char *file, const char *record)
{
    struct trace *trace = sl_new(struct trace);

    trace->file = fopen(file, "we");
    if (record)
        trace->record = fopen(record, "we");
    if (trace->file && (!record || trace->record))
        return trace;
    fprintf(stderr, "load: cannot write %s: %s\n", trace->file ? record : file, strerror(errno));
    trace_close(trace);
    return NULL;
}

void trace_close(struct trace *trace)
{
    if (!trace)
        return;
    if (trace->file && fclose(trace->file) != 0)
        fprintf(stderr, "load: the trace is not whole: %s\n", strerror(errno));
    if (trace->record && fclose(trace->record) != 0)
        fprintf(stderr, "load: the record is not whole: %s\n", strerror(errno));
    free(trace);
}

void trace_sent(struct trace *trace, unsigned index, uint32_t timestamp, int64_t at_us)
{
    fprintf(trace->file, "sent %u %u %" PRId64 "\n", index, timestamp, at_us);
}

void trace_asked(struct trace *trace, unsigned player, int64_t at_us)
{
    fprintf(trace->file, "asked %u %" PRId64 "\n", player, at_us);
}

void trace_measuring(struct trace *trace, int64_t at_us)
{
    fprintf(trace->file, "measuring %" PRId64 "\n", at_us);
}

/* ---- A player ---- */

static void on_frame(void *owner, const struct sl_assembled_frame *frame)
{
    const struct trace_flow *flow = owner;
    struct trace *trace = flow->player->trace;

    fprintf(trace->file, "frame %u %s %u %u %" PRId64 " %d %zu\n", flow->player->number,
            kinds[flow->kind], sl_codec_clock_hz(flow->codec), frame->rtp_timestamp, flow->now_us,
            (int)frame->keyframe, frame->len);
    if (trace->record && flow->player->number == 0 && flow->kind == SL_VIDEO)
        (void)fwrite(frame->data, 1, frame->len, trace->record); /* fclose() tells */
}

struct trace_player *trace_player_create(struct trace *trace, unsigned number,
                                         const enum sl_codec codecs[2])
{
    struct trace_player *player = sl_new(struct trace_player);

    player->trace = trace;
    player->number = number;
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++) {
        struct trace_flow *flow = &player->flows[kind];
        struct sl_assembler_config config = {
            .codec = codecs[kind],
            .on_frame = on_frame,
            .owner = flow,
        };
        flow->player = player;
        flow->kind = kind;
        flow->codec = codecs[kind];
        flow->assembler = sl_assembler_create(&config);
    }
    return player;
}

void trace_player_destroy(struct trace_player *player)
{
    if (!player)
        return;
    for (size_t i = 0; i < 2; i++)
        sl_assembler_destroy(player->flows[i].assembler);
    free(player);
}

void trace_packet(struct trace_player *player, enum sl_media_kind kind, int64_t seq,
                  const struct sl_rtp_view *view, int64_t now_us)
{
    struct trace_flow *flow = &player->flows[kind];

    flow->ssrc = view->ssrc;
    flow->now_us = now_us;
    if (flow->assembler)
        sl_assembler_input(flow->assembler, seq, view->timestamp, view->marker, view->payload,
                           view->payload_len, now_us);
}

void trace_rtcp(struct trace_player *player, const struct sl_rtcp_view *view, int64_t now_us)
{
    struct sl_sender_info info;

    if (view->type != SL_RTCP_SR || sl_rtcp_read_sr(view, &info) < 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        const struct trace_flow *flow = &player->flows[i];
        if (flow->ssrc == 0 || flow->ssrc != view->ssrc)
            continue;
        uint64_t ntp_us =
            (info.ntp >> 32) * SL_US_PER_S + ((info.ntp & UINT32_MAX) * SL_US_PER_S >> 32);
        fprintf(player->trace->file, "report %u %s %u %" PRIu64 " %" PRId64 "\n", player->number,
                kinds[flow->kind], info.rtp_timestamp, ntp_us, now_us);
    }
}
