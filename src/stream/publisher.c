/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose a stream is: what is asked of its publisher, and how it is ended. On the control loop. */
#include "stream/internal.h"

enum sl_origin sl_stream_origin(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->publisher.origin;
}

bool sl_stream_is_of_this_server(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->publisher.origin == SL_ORIGIN_OWN ||
           stream->publisher.origin == SL_ORIGIN_PULLED;
}

bool sl_stream_is_guarded(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    if (stream->of)
        stream = stream->of;
    const struct sl_publisher *publisher = &stream->publisher;

    return !stream->ended && publisher->ops && publisher->ops->is_guarded &&
           publisher->ops->is_guarded(publisher->owner);
}

const char *sl_stream_id(const struct sl_stream *stream)
{
    SL_ASSERT_ON(stream->control);
    return stream->id;
}

void sl_stream_figures(const struct sl_stream *stream, struct sl_stream_figures *out)
{
    const struct sl_publisher *publisher = &stream->publisher;

    SL_ASSERT_ON(stream->control);
    *out = (struct sl_stream_figures){0};
    if (!stream->ended && publisher->ops && publisher->ops->stats)
        publisher->ops->stats(publisher->owner, out);
}

void sl_stream_terminate(struct sl_stream *stream, const char *why)
{
    const struct sl_publisher *publisher = &stream->publisher;

    if (stream->ended)
        return;
    if (publisher->ops && publisher->ops->terminate)
        publisher->ops->terminate(publisher->owner, why);
    else
        sl_stream_end(stream);
}
