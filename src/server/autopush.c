/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pushes that begin with a publication. */
#include "server/autopush.h"

#include "base/config.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "push/push.h"
#include "stream/stream.h"

#include <string.h>

struct sl_autopush {
    const struct sl_config *config;
    struct sl_pushes *pushes;
    struct sl_streams_listener listener;
    struct sl_list starts; /* struct start: those under way */
};

struct start {
    struct sl_list link;
    char stream[];
};

static void start_free(struct start *start)
{
    sl_list_remove(&start->link);
    free(start);
}

static void on_done(void *owner, int err, const char *words, struct sl_push *push)
{
    struct start *start = owner;
    char name[128];

    (void)push; /* it tells of itself */
    if (err < 0)
        sl_log(SL_LOG_WARN, NULL, "push: stream %s is not pushed: %s",
               sl_log_quote(name, sizeof(name), start->stream), words);
    start_free(start);
}

static void begin(struct sl_autopush *autopush, const char *stream, const char *rtmp_url,
                  enum sl_push_origin origin)
{
    size_t len = strlen(stream) + 1;
    struct sl_push_request request = {.stream = stream, .rtmp_url = rtmp_url, .origin = origin};
    struct start *start = sl_alloc(sizeof(*start) + len);

    memcpy(start->stream, stream, len);
    sl_list_append(&autopush->starts, &start->link);
    (void)sl_push_start(autopush->pushes, &request, on_done, start);
}

void sl_autopush_for_client(struct sl_autopush *autopush, const char *stream, const char *rtmp_url)
{
    begin(autopush, stream, rtmp_url, SL_PUSH_BY_CLIENT);
}

/* Every stream that somebody publishes, whatever the protocol; the demo is nobody's, and what comes
 * from another node of the cluster is pushed there. */
static void on_live(struct sl_streams_listener *listener, struct sl_stream *stream)
{
    struct sl_autopush *autopush = sl_container_of(listener, struct sl_autopush, listener);
    const struct sl_config *config = autopush->config;

    if (config->rtmp_push_auto_start && config->rtmp_push_auto_start_url[0] &&
        sl_stream_is_of_this_server(stream))
        begin(autopush, sl_stream_name(stream), config->rtmp_push_auto_start_url, SL_PUSH_AUTO);
}

struct sl_autopush *sl_autopush_create(const struct sl_config *config, struct sl_pushes *pushes,
                                       struct sl_streams *streams)
{
    struct sl_autopush *autopush = sl_new(struct sl_autopush);

    autopush->config = config;
    autopush->pushes = pushes;
    sl_list_init(&autopush->starts);
    autopush->listener.on_live = on_live;
    sl_streams_listen(streams, &autopush->listener);
    return autopush;
}

void sl_autopush_destroy(struct sl_autopush *autopush)
{
    if (!autopush)
        return;
    sl_streams_unlisten(&autopush->listener);
    while (!sl_list_empty(&autopush->starts))
        start_free(sl_list_first(&autopush->starts, struct start, link));
    free(autopush);
}
