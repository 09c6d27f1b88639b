/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a telephone hears where no browser speaks: silence, or a sound file in its place, as a
 * stream without a name whose frames come every 20 ms (sip.md 15).
 *
 * Control loop; the frames come on the lane's worker.
 */
#ifndef SL_CALLS_VOICE_H
#define SL_CALLS_VOICE_H

#include "stream/stream.h"

struct sl_call_lane;
struct sl_call_voice;
struct sl_error;
struct sl_log_scope;
struct sl_loop;
struct sl_sound;
struct sl_stream;
struct sl_streams;
struct sl_transcoder;

struct sl_call_voice_config {
    struct sl_call_lane *lane;
    struct sl_loop *control;
    struct sl_streams *streams;
    struct sl_transcoder *transcoder;
    enum sl_codec codec;            /* of the telephone: if it can be, the voice has it too */
    const char *id;                 /* of the call: copied */
    const struct sl_log_scope *log; /* copied */
    void (*on_silent)(void *owner); /* a sound has come to its end; not from within */
    void (*on_closed)(void *owner); /* the last call */
    void *owner;
};
/* -ENOBUFS and the like, with words. */
int sl_call_voice_create(const struct sl_call_voice_config *config, struct sl_call_voice **out,
                         struct sl_error *error);
/* Until on_closed. */
struct sl_stream *sl_call_voice_stream(const struct sl_call_voice *voice);
/* From now on, in place of silence and of what is played; a reference of its own is taken. NULL:
 * silence. */
void sl_call_voice_play(struct sl_call_voice *voice, struct sl_sound *sound);
/* Its stream ends at once. */
void sl_call_voice_close(struct sl_call_voice *voice);

#endif
