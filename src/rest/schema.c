/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of rest-api.md section 3, and of the two shapes of errors. */
#include "rest/schema.h"

#include "base/mem.h"

#include <string.h>

/* rest-api.md 3.3; `metrics` and `clientMetrics` only if display asks for them. */
static const struct sl_field stream[] = {
    {"mediaSessionId", "string", false, "its id"},
    {"name", "string", false, "name of the stream"},
    {"published", "boolean", false, "true: the publisher, false: a player"},
    {"status", "string", false, "PENDING, PUBLISHING, PLAYING or PAUSED"},
    {"hasVideo", "boolean", false, NULL},
    {"hasAudio", "boolean", false, NULL},
    {"videoCodec", "string", true, "as SDP spells it"},
    {"audioCodec", "string", true, "as SDP spells it"},
    {"record", "boolean", false, NULL},
    {"recordName", "string", true, NULL},
    {"width", "integer", false, "pixels; 0: not known yet"},
    {"height", "integer", false, "pixels; 0: not known yet"},
    {"mediaProvider", "string", false, "WebRTC"},
    {"createDate", "integer", false, "milliseconds since 1970"},
    {"appKey", "string", true, "the client's application"},
    {"sessionId", "string", true, "the client; null if there is none"},
    {"nodeId", "string", true, "this server"},
    {"custom", "object", false, "as the client gave it"},
    {"remoteMediaElementId", "string", true, NULL},
    {"sdp", "string", true, "always null here"},
    {"info", "string", true, NULL},
    {"bitrate", "integer", false, "asked for, kbit/s; 0: not asked"},
    {"minBitrate", "integer", false, "asked for"},
    {"maxBitrate", "integer", false, "asked for"},
    {"quality", "integer", false, "asked for"},
    {"rtmpUrl", "string", true, NULL},
    {"streamInfo", "object", false, NULL},
    {"history", "boolean", false, NULL},
    {"gop", "integer", false, NULL},
    {"fps", "integer", false, NULL},
    {"audioBitrate", "integer", false, NULL},
    {"codecImpl", "string", false, NULL},
    {"transport", "string", false, "UDP or TCP"},
    {"cvoExtension", "boolean", false, "video orientation is signalled"},
    {"mediaType", "string", false, "publish or play"},
    {"audioState", "object", false, "muted: boolean"},
    {"videoState", "object", false, "muted: boolean"},
    {"metrics", "object", false, "only with display: [\"metrics\"]; numbers by name"},
    {"clientMetrics", "object", true,
     "only with display: [\"clientMetrics\"]: the last row that the client has measured"},
};

/* rest-api.md 3.4 */
static const struct sl_field connection[] = {
    {"sessionId", "string", false, "its id"},
    {"appKey", "string", false, "its application"},
    {"nodeId", "string", false, "this server"},
    {"status", "string", false, "ESTABLISHED"},
    {"createDate", "integer", false, "milliseconds since 1970"},
    {"mediaProviders", "strings", false, NULL},
    {"clientVersion", "string", true, NULL},
    {"clientOSVersion", "string", true, NULL},
    {"clientBrowserVersion", "string", true, NULL},
    {"custom", "object", false, "as the client gave it"},
    {"sipRegisterRequired", "boolean", false, NULL},
    {"sipLogin", "string", true, NULL},
    {"sipAuthenticationName", "string", true, NULL},
    {"sipPassword", "string", true, "always null"},
    {"sipVisibleName", "string", true, NULL},
    {"sipDomain", "string", true, NULL},
    {"sipOutboundProxy", "string", true, NULL},
    {"sipPort", "integer", false, NULL},
    {"sipContactParams", "string", true, NULL},
    {"width", "integer", false, NULL},
    {"height", "integer", false, NULL},
    {"supportedResolutions", "string", false, NULL},
    {"useProxy", "boolean", false, NULL},
    {"useDTLS", "boolean", false, NULL},
    {"useWsTunnel", "boolean", false, NULL},
    {"useWsTunnelPacketization2", "boolean", false, NULL},
    {"useBase64BinaryEncoding", "boolean", false, NULL},
};

/* rest-api.md 3.5 */
static const struct sl_field call[] = {
    {"callId", "string", false, "its id, which the client has chosen if it calls"},
    {"incoming", "boolean", false, "true: from a telephone, false: to one"},
    {"status", "string", false, "PENDING, TRYING, RING, SESSION_PROGRESS, ESTABLISHED or HOLD"},
    {"sipStatus", "integer", true, "the last answer's; null: none came"},
    {"caller", "string", false, NULL},
    {"callee", "string", false, NULL},
    {"visibleName", "string", false, "name of the caller"},
    {"hasAudio", "boolean", false, "as asked for"},
    {"hasVideo", "boolean", false, "as asked for, or offered"},
    {"mediaProvider", "string", false, "WebRTC, or Flash: there is no browser"},
    {"sessionId", "string", true, "the client; null: there is none"},
    {"appKey", "string", false, "the client's application"},
    {"nodeId", "string", false, "this server"},
    {"custom", "object", false, "as the client gave it"},
    {"holdForTransfer", "boolean", false, NULL},
    {"isMsrp", "boolean", false, "true: texts and no voice"},
    {"parentCallId", "string", true, "the call whose transfer led to this one"},
    {"target", "string", true, "always null"},
    {"sdp", "string", true, "always null"},
    {"inviteParameters", "object", true, "added to the Request-URI"},
    {"sipMessageRaw", "string", true, "always null"},
    {"toStream", "string", true, "name of the stream that the telephone's side is here"},
    {"rtmpUrl", "string", true, "where that is pushed"},
    {"rtmpStream", "string", true, "by this name there"},
    {"rtmpStreamStatus", "string", true, "how that push fares"},
};

/* rest-api.md 3.2 */
static const struct sl_field transponder[] = {
    {"mediaSessionId", "string", false, "its id"},
    {"streamName", "string", false, "the name it is published by there"},
    {"rtmpUrl", "string", false, "as asked for, a password as ***"},
    {"width", "integer", false, "pixels; 0: not known yet"},
    {"height", "integer", false, "pixels; 0: not known yet"},
    {"muted", "boolean", false, "silence is sent"},
    {"soundEnabled", "boolean", false, "a sound file takes the place of the stream's sound"},
    {"options", "object", false, "as asked for"},
};

/* rest-api.md 3.1 */
static const struct sl_field pull_agent[] = {
    {"localMediaSessionId", "string", false, "its id here"},
    {"remoteMediaSessionId", "string", true, "its id there; null: the session is not established"},
    {"localStreamName", "string", false, "name of the stream here"},
    {"remoteStreamName", "string", false, "name of the stream there"},
    {"uri", "string", false, "of the other server"},
    {"status", "string", false, "NEW, CONNECTED, PROCESSED_REMOTE"},
};

/* media-outputs.md 2.7 */
static const struct sl_field transcoder[] = {
    {"localMediaSessionId", "string", false, "its id"},
    {"localStreamName", "string", false, "name of the new stream"},
    {"remoteStreamName", "string", false, "name of the stream it is made of"},
    {"uri", "string", false, "as asked for"},
    {"status", "string", false, "NEW, PROCESSED_LOCAL"},
    {"hasAudio", "boolean", false, NULL},
    {"hasVideo", "boolean", false, NULL},
    {"record", "boolean", false, NULL},
    {"encoder", "object", false, "as asked for"},
};

/* rooms-mixers-diagnostics.md 2.7 */
static const struct sl_field mixer[] = {
    {"localMediaSessionId", "string", false, "its output's id"},
    {"remoteMediaSessionId", "string", true, "always null"},
    {"localStreamName", "string", false, "name of its output"},
    {"remoteStreamName", "string", true, "always null"},
    {"uri", "string", false, "mixer://NAME"},
    {"status", "string", false, "NEW until its first frame, then PROCESSED_LOCAL"},
    {"hasAudio", "boolean", false, NULL},
    {"hasVideo", "boolean", false, NULL},
    {"record", "boolean", false, NULL},
    {"mediaSessions", "strings", false, "ids of its inputs' streams, in the order of joining"},
    {"mixerVideoWidth", "integer", false, NULL},
    {"mixerVideoHeight", "integer", false, NULL},
    {"mixerVideoFps", "integer", false, NULL},
    {"mixerVideoBitrateKbps", "integer", false, NULL},
    {"mixerIdleTimeout", "integer", false, "milliseconds"},
    {"mixerMcuAudio", "boolean", false, NULL},
    {"mixerUseCenterNoPaddingLayout", "boolean", false, NULL},
    {"mixerVideoLayoutDesktopKeyWord", "string", false, NULL},
    {"mixerVideoDesktopFullscreen", "boolean", false, NULL},
    {"mixerDesktopAlign", "string", false, NULL},
    {"audioMixerOutputCodec", "string", false, NULL},
    {"audioMixerOutputSampleRate", "integer", false, NULL},
};

/* media-outputs.md 3.5 */
static const struct sl_field recording[] = {
    {"fileName", "string", false, "what the file will be called, as far as that is known"},
    {"mediaSessionId", "string", false, "of the publication"},
};

/* media-outputs.md 8 */
static const struct sl_field snapshot[] = {
    {"data", "string", false, "a PNG, in Base64"},
};

static const struct sl_field hls_stream[] = {
    {"id", "string", false, "of the stream's one entry as HLS"},
    {"streamName", "string", false, NULL},
    {"status", "string", false, "ACTIVE"},
    {"waitingSize", "integer", false, "requests that wait for its first segments"},
    {"profiles", "array", false, NULL},
    {"subscribers", "integer", false, "addresses that have asked lately"},
    {"playlist", "string", false, "the list as it is now"},
    {"createdDate", "integer", false, "milliseconds since 1970"},
    {"logs", "array", false, NULL},
};

/* rest-api.md 1.1 */
static const struct sl_field error[] = {
    {"status", "integer", false, "the HTTP status"},
    {"error", "string", false, "its reason phrase"},
    {"message", "string", false, "words for people"},
    {"path", "string", false, "of the request"},
    {"timestamp", "integer", false, "milliseconds since 1970"},
    {"exception", "string", false, NULL},
    {"reason", "string", false, NULL},
};

static const struct sl_field problem[] = {
    {"type", "string", false, "about:blank"},
    {"title", "string", false, "the reason phrase"},
    {"status", "integer", false, "the HTTP status"},
    {"detail", "string", false, "words for people"},
    {"instance", "string", false, "path of the request"},
};

static const struct sl_schema schemas[] = {
    {"Stream", "A publication or a playback.", stream, SL_ARRAY_LEN(stream)},
    {"Connection", "A client.", connection, SL_ARRAY_LEN(connection)},
    {"Call", "A telephone call of a client.", call, SL_ARRAY_LEN(call)},
    {"Transponder", "A push: a stream on its way to an RTMP server.", transponder,
     SL_ARRAY_LEN(transponder)},
    {"PullAgent", "A stream taken from another server, or published there.", pull_agent,
     SL_ARRAY_LEN(pull_agent)},
    {"Transcoder", "A stream made of another one.", transcoder, SL_ARRAY_LEN(transcoder)},
    {"Mixer", "Many streams made one.", mixer, SL_ARRAY_LEN(mixer)},
    {"Recording", "A file that is being written.", recording, SL_ARRAY_LEN(recording)},
    {"Snapshot", "A picture of a stream.", snapshot, SL_ARRAY_LEN(snapshot)},
    {"HlsStream", "A stream in HLS.", hls_stream, SL_ARRAY_LEN(hls_stream)},
    {"Error", "What went wrong.", error, SL_ARRAY_LEN(error)},
    {"Problem", "What went wrong, as RFC 9457 has it.", problem, SL_ARRAY_LEN(problem)},
};

const struct sl_schema *sl_schemas(size_t *count)
{
    *count = SL_ARRAY_LEN(schemas);
    return schemas;
}

const struct sl_schema *sl_schema_find(const char *name)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(schemas); i++) {
        if (!strcmp(schemas[i].name, name))
            return &schemas[i];
    }
    return NULL;
}
