/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reasons in the words that the SDK's constants spell (websocket-api.md 8.2), and in ours for the
 * limits of the configuration. */
#include "signalling/signalling.h"

const char *sl_signalling_words(enum sl_reason reason)
{
    static const char *const words[SL_REASONS] = {
        [SL_REASON_NONE] = "",
        [SL_REASON_ERROR] = "Failed by error",
        [SL_REASON_UNCONNECTED] = "Failed by ICE timeout",
        [SL_REASON_CONNECTION_LOST] = "Failed by ICE keep alive",
        [SL_REASON_WRONG_KEY] = "Failed by DTLS fingerprint error",
        [SL_REASON_NOT_SECURED] = "Failed by DTLS error",
        [SL_REASON_SILENT] = "Failed by RTP activity",
        [SL_REASON_LEFT] = "Failed by ICE keep alive",
        [SL_REASON_BAD_OFFER] = "Failed to add stream to proxy",
        [SL_REASON_NO_CODECS] = "No common codecs",
        [SL_REASON_TRANSCODING] = "Transcoding required, but disabled",
        [SL_REASON_NO_TRANSCODERS] = "No available transcoders",
        [SL_REASON_NAME_IN_USE] = "Stream name is already in use",
        [SL_REASON_NO_STREAM] = "Stream not found",
        [SL_REASON_NOT_READY] = "Publish stream is not ready",
        [SL_REASON_NO_SOURCE] = "Failed to get agent storage",
        [SL_REASON_NO_ID] = "MediaSessionId is null",
        [SL_REASON_ID_IN_USE] = "MediaSessionId is already in use",
        [SL_REASON_NO_SESSION] = "Session does not exist",
        [SL_REASON_NO_APP] = "Application not found",
        [SL_REASON_REFUSED] = "Failed by error", /* of a back end without words */
        [SL_REASON_FORBIDDEN] = "Terminated by keep-alive",
        [SL_REASON_RESTRICTED] = "Restricted access",
        [SL_REASON_OPERATOR] = "Stopped by rest /terminate",
        [SL_REASON_PUBLISHER_END] = "Stopped by publisher stop",
        [SL_REASON_USER_STOP] = "Stopped by user",
        [SL_REASON_SESSION_END] = "Stopped by session disconnect",
        [SL_REASON_SHUTDOWN] = "Server is shutting down",
        [SL_REASON_SESSIONS_MAX] = "Too many sessions",
        [SL_REASON_SESSION_STREAMS_MAX] = "Too many streams in this session",
        [SL_REASON_STREAMS_MAX] = "Too many streams",
        [SL_REASON_PLAYERS_MAX] = "Too many players of this stream",
        [SL_REASON_BUSY] = "Too many requests",
        [SL_REASON_EVENT_TOO_LARGE] = "Stream event is too large",
        [SL_REASON_CUSTOM_TOO_LARGE] = "custom is too large",
        [SL_REASON_DATA_TOO_LARGE] = "Data is too large",
        [SL_REASON_LOGIN] = "Login is not valid",
        [SL_REASON_ROOM_NAME] = "Room name is not valid",
        [SL_REASON_LOGIN_IN_ROOM] = "Login is already in the room",
        [SL_REASON_ROOM_FULL] = "Room is full",
        [SL_REASON_ROOMS_MAX] = "Too many rooms",
        [SL_REASON_SESSION_ROOMS_MAX] = "Too many rooms in this session",
        [SL_REASON_NOT_IN_ROOM] = "Not in the room",
        [SL_REASON_NO_PARTICIPANT] = "Participant not found",
        [SL_REASON_ROOM_MESSAGE] = "Message is not valid",
        [SL_REASON_ROOM_COMMAND] = "Unknown command",
        [SL_REASON_ROOM_ELSEWHERE] = "Room is on another server",
    };

    return words[reason];
}
