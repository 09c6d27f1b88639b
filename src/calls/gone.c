/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When all of a call's media has gone. */
#include "calls/legs.h"

#include <unistd.h>

void sl_call_media_close_ports(struct sl_udp_pair *ports)
{
    if (ports->rtp < 0)
        return;
    (void)close(ports->rtp); /* nothing has used them */
    (void)close(ports->rtcp);
    ports->rtp = -1;
}

void sl_call_media_check_closed(struct sl_call_media *media)
{
    struct sl_calls *calls = media->config.calls;

    if (!media->closing || media->has_peer || media->has_line || media->voice)
        return;
    sl_variant_release(media->said);
    for (size_t kind = 0; kind < 2; kind++) {
        sl_variant_release(media->to_browser[kind]);
        sl_variant_release(media->to_line[kind]);
        sl_call_media_close_ports(&media->ports[kind]);
    }
    if (media->from_browser)
        sl_stream_release(media->from_browser);
    if (media->from_line)
        sl_stream_release(media->from_line);
    sl_call_leg_deinit(&media->browser.leg);
    sl_call_leg_deinit(&media->telephone.leg);
    free(media->id);
    free(media->text);
    free(media);
    calls->media_count--;
    sl_calls_check_stopped(calls);
}
