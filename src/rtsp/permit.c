/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One question of playRTSP. */
#include "rtsp/permit.h"

#include "base/addr.h"

#include <stdio.h>
#include <string.h>

enum { APP_KEY_MAX = 128 };

const char *sl_rtsp_app_key(const struct sl_rtsp_url *url)
{
    const char *app_key = sl_rtsp_url_param(url, "appKey");

    return app_key ? app_key : "defaultApp";
}

static json_t *make_body(const struct sl_rtsp_permit_request *request, const char *session_id)
{
    json_t *agent = request->user_agent ? json_string(request->user_agent) : NULL; /* if UTF-8 */

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:O, s:O*, s:o*}",
                     "nodeId", request->node_id, "appKey", sl_rtsp_app_key(request->url),
                     "sessionId", session_id, "mediaSessionId", request->media_session_id, "name",
                     request->full_url, "rtspUrl", request->full_url, "published", 0, "hasVideo", 1,
                     "hasAudio", 1, "status", "NEW", "mediaProvider", "RTSP", "custom",
                     request->url->params, "userAgent", agent, "User-Agent", agent);
}

/* An `appKey` of the client's own choice must not be the way around the check: an application that
 * does not ask cannot say yes. */
struct sl_hook_call *sl_rtsp_permit_ask(const struct sl_rtsp_permit_request *request)
{
    const struct sl_hooks *hooks = request->hooks;
    char remote[SL_ADDR_TEXT_MAX], local[SL_ADDR_TEXT_MAX];
    char session_id[2 * SL_ADDR_TEXT_MAX + 4];
    const struct sl_hook_client client = {.app_key = sl_rtsp_app_key(request->url),
                                          .session_id = session_id};

    (void)snprintf(session_id, sizeof(session_id), "/%s/%s",
                   sl_addr_format(request->remote, remote), sl_addr_format(request->local, local));
    if (strlen(client.app_key) > APP_KEY_MAX || !hooks->knows_app(hooks->arg, client.app_key) ||
        !hooks->wants(hooks->arg, &client, SL_HOOK_PLAY_RTSP))
        return NULL;
    json_t *body = make_body(request, session_id);
    if (!body)
        return NULL; /* something of it is no UTF-8 */
    struct sl_hook_call *call = hooks->ask(hooks->arg, &client, SL_HOOK_PLAY_RTSP, body,
                                           request->on_answer, request->owner);
    json_decref(body);
    return call;
}
