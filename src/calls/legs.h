/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both legs of a call, as media.c (what is said of them) and join.c (what moves between them) have
 * them. [control] */
#ifndef SL_CALLS_LEGS_H
#define SL_CALLS_LEGS_H

#include "calls/describe.h"
#include "calls/line.h"
#include "calls/media.h"
#include "calls/voice.h"
#include "stream/stream.h"
#include "variant/variant.h"
#include "webrtc/webrtc.h"

struct sl_call_media {
    struct sl_call_media_config config;
    char *id;
    struct sl_call_lane *lane;
    char *text; /* the last description of ours */
    struct sl_call_browser browser;
    struct sl_call_telephone telephone;
    struct sl_udp_pair ports[2]; /* by kind, until the line has them; rtp -1: none */
    bool joined, closing, held;
    bool quiet;              /* the line closes already */
    bool answered;           /* until then the telephone's side does not hear the browser */
    bool has_peer, has_line; /* they have not closed yet */
    struct sl_peer *peer;
    struct sl_call_line *line;
    struct sl_stream *from_browser, *from_line;    /* NULL: not made */
    struct sl_variant *to_browser[2], *to_line[2]; /* by kind; NULL: they get it as it came */
    struct sl_call_voice *voice;                   /* NULL: none, or it has closed */
    struct sl_track *own;          /* sound that the line sends unless it is to say else */
    struct sl_stream *said_stream; /* that it says in place of it, until it ends; NULL: nothing */
    struct sl_variant *said;       /* of that; NULL: as it is */
    struct sl_stream_listener said_listener; /* of that */
};

/* Both are agreed upon: streams, what is made of them, peer and line. What was made when it fails
 * goes with the media. */
int sl_call_media_join(struct sl_call_media *media, struct sl_error *error);
/* The same without a browser: sound flows once the stream is there (sl_call_media_publish()). */
int sl_call_media_join_alone(struct sl_call_media *media, struct sl_error *error);
/* What one side can get of the other's stream, as it is or made of it: a variant (NULL: as it is)
 * and a track (NULL: nothing). */
int sl_call_media_choose(struct sl_call_media *media, struct sl_stream *stream,
                         const struct sl_media *sent, const struct sl_media *heard,
                         struct sl_variant **variant, struct sl_track **out,
                         struct sl_error *error);
/* The telephone is agreed upon anew, and was as before: whoever gets what, gets it from now on in
 * the codecs of now. On an error nothing has changed. */
int sl_call_media_renew(struct sl_call_media *media, const struct sl_call_telephone *before,
                        struct sl_error *error);
/* What it says in place of its own, in the codec of now; if that cannot be, its own. */
void sl_call_media_say_again(struct sl_call_media *media);
/* Both sides' codecs, for people. */
void sl_call_media_log(struct sl_call_media *media);
/* For both directions, whoever speaks now. To be freed. */
struct sl_negotiation *sl_call_media_both_directions(const struct sl_negotiation *negotiation);
/* What of this stream the telephone can hear, as it is or made of it. */
int sl_call_media_choose_said(struct sl_call_media *media, struct sl_stream *stream,
                              struct sl_variant **variant, struct sl_track **out,
                              struct sl_error *error);
/* A voice of ours, if there is none. */
int sl_call_media_make_voice(struct sl_call_media *media, struct sl_error *error);
/* Where the line sends to, and who speaks, as agreed upon last. */
void sl_call_media_aim(struct sl_call_media *media);
/* A leg has closed: frees the media if it was the last thing that it waited for. */
void sl_call_media_check_closed(struct sl_call_media *media);
/* Those of a place that nothing uses; none is fine. */
void sl_call_media_close_ports(struct sl_udp_pair *ports);

#endif
