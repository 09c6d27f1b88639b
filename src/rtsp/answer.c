/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers, and which status it is. */
#include "base/clock.h"
#include "base/mem.h"
#include "rtsp/client.h"

#include <errno.h>
#include <stdio.h>

enum {
    TEXT_MAX = 128,
    INFO_MAX = 2 * (SL_RTSP_BASE_MAX + 64),
};

static void add_common(const struct client *client, struct sl_rtsp_message *answer,
                       char text[2][TEXT_MAX])
{
    int64_t cseq = client->request ? sl_rtsp_message_cseq(client->request) : -1;

    (void)snprintf(text[0], TEXT_MAX, "%lld", (long long)cseq);
    sl_rtsp_message_add(answer, "CSeq", cseq >= 0 ? text[0] : NULL);
    sl_rtsp_message_add(answer, "Server", "Sluice");
    if (!client_has_session(client))
        return;
    (void)snprintf(text[1], TEXT_MAX, "%s;timeout=%lld", client->session_id,
                   (long long)client->timeout_s);
    sl_rtsp_message_add(answer, "Session", text[1]);
}

void sl_rtsp_answer(struct client *client, int status, struct sl_rtsp_message *extra, bool last)
{
    struct sl_rtsp_message whole = {.status = status, .reason = sl_rtsp_status_words(status)};
    char text[2][TEXT_MAX];
    size_t len;

    add_common(client, &whole, text);
    for (size_t i = 0; extra && i < extra->header_count; i++)
        sl_rtsp_message_add(&whole, extra->headers[i].name, extra->headers[i].value);
    if (extra) {
        whole.body = extra->body;
        whole.body_len = extra->body_len;
    }
    sl_rtsp_message_free(client->request);
    client->request = NULL;
    char *bytes = sl_rtsp_message_build(&whole, &len);
    sl_rtsp_wire_answer(client->wire, bytes, len, last);
}

void sl_rtsp_answer_status(struct client *client, int status)
{
    sl_rtsp_answer(client, status, NULL, false);
}

void sl_rtsp_answer_refusal(struct client *client)
{
    sl_rtsp_answer(client, 403, NULL, true);
}

void sl_rtsp_answer_description(struct client *client)
{
    char base[SL_RTSP_BASE_MAX + 2];
    char *text = sl_alloc(SL_RTSP_SDP_MAX);
    const struct sl_rtsp_description description = {
        .name = client->url.name,
        .base = client->url.base,
        .ours = sl_rtsp_wire_local(client->wire),
        .session_id = (uint64_t)sl_wall_ms(),
        .tracks = sl_rtsp_medium_tracks(client->seat.medium),
    };
    struct sl_rtsp_message answer = {.body = text};
    int len = sl_rtsp_describe(&description, text, SL_RTSP_SDP_MAX);

    if (len < 0) {
        sl_rtsp_answer_status(client, 500);
    } else {
        answer.body_len = (size_t)len;
        (void)snprintf(base, sizeof(base), "%s/", client->url.base);
        sl_rtsp_message_add(&answer, "Content-Type", "application/sdp");
        sl_rtsp_message_add(&answer, "Content-Base", base);
        sl_rtsp_answer(client, 200, &answer, false);
    }
    free(text);
}

static void write_info(const struct client *client, const bool has[2],
                       const struct sl_flow_next next[2], char out[INFO_MAX])
{
    size_t len = 0;

    out[0] = '\0';
    for (int kind = 0; kind < 2; kind++) {
        if (!has[kind])
            continue;
        len += (size_t)snprintf(out + len, INFO_MAX - len, "%surl=%s/trackID=%d;seq=%u",
                                len > 0 ? "," : "", client->url.base, kind, next[kind].seq);
        if (next[kind].has_timestamp)
            len += (size_t)snprintf(out + len, INFO_MAX - len, ";rtptime=%u", next[kind].timestamp);
    }
}

void sl_rtsp_answer_play(struct client *client, const bool has[2],
                         const struct sl_flow_next next[2])
{
    struct sl_rtsp_message answer = {.body = NULL};
    char info[INFO_MAX];

    write_info(client, has, next, info);
    sl_rtsp_message_add(&answer, "Range", "npt=now-");
    sl_rtsp_message_add(&answer, "RTP-Info", info);
    sl_rtsp_answer(client, 200, &answer, false);
}

/* ---- Statuses ---- */

int sl_rtsp_status_of_url(int err)
{
    return err == 0 ? 0 : err == -ENOENT ? 404 : 400;
}

int sl_rtsp_status_of_setup(int err)
{
    switch (-err) {
    case ENOENT:
        return 404;
    case EBADMSG:
        return 400;
    case EBUSY:
        return 455;
    case EPROTONOSUPPORT:
        return 461;
    default: /* ports, descriptors */
        return 503;
    }
}

int sl_rtsp_status_of_reason(enum sl_reason reason)
{
    switch (reason) {
    case SL_REASON_NO_STREAM:
    case SL_REASON_NOT_READY:
    case SL_REASON_NO_SOURCE:
    case SL_REASON_PUBLISHER_END:
        return 404;
    case SL_REASON_REFUSED:
    case SL_REASON_FORBIDDEN:
    case SL_REASON_RESTRICTED:
    case SL_REASON_OPERATOR:
    case SL_REASON_NO_APP:
        return 403;
    case SL_REASON_NO_CODECS:
        return 415;
    case SL_REASON_SESSIONS_MAX:
    case SL_REASON_SESSION_STREAMS_MAX:
    case SL_REASON_STREAMS_MAX:
    case SL_REASON_PLAYERS_MAX:
        return 453;
    case SL_REASON_NONE:
    case SL_REASON_ERROR:
    case SL_REASON_UNCONNECTED:
    case SL_REASON_CONNECTION_LOST:
    case SL_REASON_WRONG_KEY:
    case SL_REASON_NOT_SECURED:
    case SL_REASON_SILENT:
    case SL_REASON_LEFT:
    case SL_REASON_BAD_OFFER:
    case SL_REASON_TRANSCODING:
    case SL_REASON_NO_TRANSCODERS:
    case SL_REASON_NAME_IN_USE:
    case SL_REASON_NO_ID:
    case SL_REASON_ID_IN_USE:
    case SL_REASON_NO_SESSION:
    case SL_REASON_USER_STOP:
    case SL_REASON_SESSION_END:
    case SL_REASON_SHUTDOWN:
    case SL_REASON_BUSY:
    case SL_REASON_EVENT_TOO_LARGE:
    case SL_REASON_CUSTOM_TOO_LARGE:
    case SL_REASON_DATA_TOO_LARGE:
    case SL_REASON_LOGIN:
    case SL_REASON_ROOM_NAME:
    case SL_REASON_LOGIN_IN_ROOM:
    case SL_REASON_ROOM_FULL:
    case SL_REASON_ROOMS_MAX:
    case SL_REASON_SESSION_ROOMS_MAX:
    case SL_REASON_NOT_IN_ROOM:
    case SL_REASON_NO_PARTICIPANT:
    case SL_REASON_ROOM_MESSAGE:
    case SL_REASON_ROOM_COMMAND:
    case SL_REASON_ROOM_ELSEWHERE:
        break;
    }
    return 503; /* nothing that the client could do about */
}
