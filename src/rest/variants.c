/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/variants and /api/v1/codec-processes: what is made of streams, and what that costs. */
#include "transcoder/transcoder.h"
#include "variant/variant.h"

#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

static void list_variant(const struct sl_variant_stats *stats, void *arg)
{
    struct sl_page *page = arg;

    if (!sl_page_wants(page))
        return;
    (void)json_array_append_new(
        page->items,
        json_pack("{s:o, s:s, s:s, s:i, s:i, s:I, s:i, s:b, s:s, s:I, s:I, s:I, s:I}", "stream",
                  sl_json_text(stats->name), "from", sl_codec_name(stats->from), "to",
                  sl_codec_name(stats->to), "width", stats->width, "height", stats->height,
                  "askedBitrate", (json_int_t)stats->want.bitrate_bps, "askedQuality",
                  stats->want.quality, "forNarrow", stats->want.follows, "encoder", stats->encoder,
                  "players", (json_int_t)stats->takers, "frames", (json_int_t)stats->frames,
                  "bytes", (json_int_t)stats->bytes, "createDate", (json_int_t)stats->since_ms));
}

static void answer_variants(struct sl_call *call, void *arg)
{
    const struct sl_variants_part *part = arg;
    struct sl_page page;

    if (sl_page_start(call, &page) < 0)
        return;
    if (part->parts->variants)
        sl_variants_each(part->parts->variants, list_variant, &page);
    sl_page_reply(call, &page, "variants");
}

static json_t *describe_process(const struct sl_transcoder_process_stats *process)
{
    return json_pack("{s:i, s:s, s:b, s:I, s:f, s:I}", "pid", process->pid, "role",
                     process->pictures ? "pictures" : "sound", "spare", process->spare, "jobs",
                     (json_int_t)process->jobs, "cpu", process->busy_permille / 10.0, "memory",
                     (json_int_t)process->memory_bytes);
}

static void answer_processes(struct sl_call *call, void *arg)
{
    const struct sl_variants_part *part = arg;
    struct sl_transcoder_stats stats = {0};
    struct sl_page page;

    if (sl_page_start(call, &page) < 0)
        return;
    if (part->parts->transcoder)
        sl_transcoder_stats(part->parts->transcoder, &stats);
    for (size_t i = 0; i < stats.process_count; i++) {
        if (sl_page_wants(&page))
            (void)json_array_append_new(page.items, describe_process(&stats.processes[i]));
    }
    sl_page_reply(call, &page, "codec-processes");
}

static const struct sl_route routes[] = {
    {.methods = "GET",
     .path = "/api/v1/variants",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_variants,
     .about = "what is made of streams for those who cannot take them as they are; ?limit= and "
              "?offset= for a part of them",
     .answer = "application/json",
     .codes = "400"},
    {.methods = "GET",
     .path = "/api/v1/codec-processes",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_processes,
     .about = "the processes that decode and encode; ?limit= and ?offset= for a part of them",
     .answer = "application/json",
     .codes = "400"},
};

void sl_variants_part_add(struct sl_variants_part *part, struct sl_router *router)
{
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
}
