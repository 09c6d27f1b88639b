/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May this client play this? The back end is asked by playRTSP, and whatever is not a yes is a no
 * (media-outputs.md 1.2). Control loop. */
#ifndef SL_RTSP_PERMIT_H
#define SL_RTSP_PERMIT_H

#include "hooks/hooks.h"
#include "rtsp/url.h"

struct sl_addr;

/* Everything borrowed for the call. */
struct sl_rtsp_permit_request {
    const struct sl_hooks *hooks;
    const char *node_id, *media_session_id;
    const char *full_url; /* as the client wrote it */
    const struct sl_rtsp_url *url;
    const char *user_agent; /* NULL: it did not say */
    const struct sl_addr *remote, *local;
    sl_hook_on_answer *on_answer; /* answer->status 200 is the yes; never from within */
    void *owner;
};

/* NULL: there is nobody who could say yes. To be cancelled as any call of a hook. */
struct sl_hook_call *sl_rtsp_permit_ask(const struct sl_rtsp_permit_request *request);

/* "appKey" of the query, or defaultApp. Borrowed. */
const char *sl_rtsp_app_key(const struct sl_rtsp_url *url);

#endif
