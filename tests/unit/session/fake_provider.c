/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A way of media that is not WebRTC: publications are streams of H264 without packets. */
#include "fake_provider.h"
#include "base/list.h"
#include "base/mem.h"
#include "stream/stream.h"

#include <stdio.h>

struct sl_medium {
    struct sl_list link; /* in closing */
    struct fake_provider *fake;
    const struct sl_medium_ops *ops;
    void *owner;
    struct sl_stream *stream;
};

static struct sl_list closing = {&closing, &closing};

static const struct sl_source_ops source_ops = {.protocol = "fake"};

static enum sl_reason begin(void *arg, const struct sl_medium_request *request,
                            struct sl_medium_facts *facts, struct sl_medium **out)
{
    struct fake_provider *fake = arg;
    struct sl_stream_config config = {.name = request->name, .ops = &source_ops};

    fake->begun++;
    *out = NULL;
    (void)snprintf(fake->offer, sizeof(fake->offer), "%s", request->offer ? request->offer : "");
    (void)snprintf(fake->name, sizeof(fake->name), "%s", request->name);
    if (fake->refusal)
        return fake->refusal;
    struct sl_medium *medium = sl_new(struct sl_medium);
    medium->fake = fake;
    medium->ops = fake->ops = request->ops;
    medium->owner = fake->owner = request->owner;
    *out = fake->last = medium;
    *facts = (struct sl_medium_facts){
        .flows[SL_VIDEO] = true, .codecs[SL_VIDEO] = SL_CODEC_H264, .answer = fake->answer};
    if (!request->publish)
        return SL_REASON_NONE;
    config.publisher = *request->publisher;
    config.tracks[SL_VIDEO].present = true;
    if (sl_stream_create(NULL, &config, &medium->stream) < 0)
        return SL_REASON_NAME_IN_USE;
    facts->stream = medium->stream;
    return SL_REASON_NONE;
}

static void start(struct sl_medium *medium)
{
    medium->fake->started++;
}

static void close_medium(struct sl_medium *medium)
{
    medium->fake->closed++;
    if (medium->stream)
        sl_stream_end(medium->stream);
    sl_list_append(&closing, &medium->link);
}

static bool figures(struct sl_medium *medium, int64_t now_us, struct sl_medium_figures *out)
{
    (void)now_us;
    *out = medium->fake->figures;
    return true;
}

static bool uses_tcp(const struct sl_medium *medium)
{
    (void)medium;
    return true;
}

void fake_provider_init(struct fake_provider *fake)
{
    *fake = (struct fake_provider){.provider = {.name = "Fake",
                                                .protocol = "fake",
                                                .arg = fake,
                                                .begin = begin,
                                                .start = start,
                                                .close = close_medium,
                                                .figures = figures,
                                                .uses_tcp = uses_tcp}};
}

void fake_provider_tells(struct fake_provider *fake, enum sl_medium_state state,
                         enum sl_reason reason)
{
    fake->ops->on_state(fake->owner, state, reason);
}

size_t fake_provider_finish(void)
{
    struct sl_medium *medium;
    size_t count = 0;

    while ((medium = sl_list_first(&closing, struct sl_medium, link))) {
        sl_list_remove(&medium->link);
        if (medium->stream)
            sl_stream_release(medium->stream);
        medium->ops->on_closed(medium->owner);
        free(medium);
        count++;
    }
    return count;
}
