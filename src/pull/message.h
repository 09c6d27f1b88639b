/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages between a client and a WCS server, from the client's side (websocket-api.md 1.2,
 * section 15): what a server says, read with bounds, and what we say. Pure.
 */
#ifndef SL_PULL_MESSAGE_H
#define SL_PULL_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum message_kind {
    MESSAGE_OTHER, /* well-formed, of no use here */
    MESSAGE_USER_DATA,
    MESSAGE_PING,
    MESSAGE_FAIL,
    MESSAGE_STREAM_GUARD, /* another Sluice's, before REMOTE_SDP */
    MESSAGE_REMOTE_SDP,
    MESSAGE_STREAM_STATUS,
    MESSAGE_STREAM_EVENT,
};

struct message {
    enum message_kind kind;
    json_t *root; /* owned; the texts below lie in it */
    /* NULL where the server said nothing, or nothing of the right type. */
    const char *id;     /* of the media session */
    const char *sdp;    /* REMOTE_SDP */
    const char *status; /* USER_DATA, STREAM_STATUS, FAIL */
    const char *info;   /* FAIL, STREAM_STATUS */
    const char *type;   /* STREAM_EVENT */
    json_t *event_info, *payload;
    bool audio_muted, video_muted; /* STREAM_STATUS, as far as it says */
    bool open;                     /* STREAM_GUARD: it says that anybody may play the stream */
};
/* -EBADMSG: not one JSON object with a string `message`, or nested too deeply. On success *out is
 * to be given to sl_message_free(). */
int sl_message_parse(const char *text, size_t len, struct message *out);
void sl_message_free(struct message *message);

/* Each returns the text, to be freed; NULL only if a text given is no UTF-8. */

/* node_id and cluster tell another Sluice who asks (session.h). */
char *sl_message_build_connection(const char *node_id, bool cluster);
struct message_stream {
    const char *id, *name;
    bool publish;
    bool has_audio, has_video;
    const char *sdp;
};
/* publishStream or playStream, every field that S0's example has. */
char *sl_message_build_request(const struct message_stream *stream);
/* unPublishStream or stopStream. */
char *sl_message_build_stop(const struct message_stream *stream);
char *sl_message_build_pong(void);

#endif
