/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a stream's frames to what RTMP carries: when to begin, with what, in which order and with
 * which time stamps. Knows no thread and no connection; time is an argument.
 */
#ifndef SL_PUSH_MEDIA_H
#define SL_PUSH_MEDIA_H

#include "media/media.h"
#include "push/sound.h"
#include "rtmp/rtmp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_frame;

struct media_ops {
    void (*on_tag)(void *owner, enum sl_rtmp_type type, uint32_t timestamp_ms, const uint8_t *bytes,
                   size_t len);
    void (*on_sound_end)(void *owner);
    /* Pictures cannot go on, or nobody could begin to look for too long. */
    void (*on_keyframe_wanted)(void *owner);
};

struct media;
/* codecs: of the source, by enum sl_media_kind; SL_CODEC_NONE for a track it has not, or that we
 * can make nothing of. -ENOSYS: neither track is left, or FFmpeg lacks a codec. */
int media_create(const enum sl_codec codecs[static 2], const struct media_ops *ops, void *owner,
                 struct media **out);
void media_destroy(struct media *media); /* NULL is fine */
/* The server is ready. */
void media_start(struct media *media, int64_t now_us);
/* Whether frames of this kind are of use yet: sound is not before the first picture. */
bool media_takes(const struct media *media, enum sl_media_kind kind);
void media_input(struct media *media, const struct sl_frame *frame, int64_t arrival_us,
                 int64_t now_us);
/* Every 20 ms or so, while the connection takes what is sent: silence where no sound comes, and
 * what has waited long enough. */
void media_tick(struct media *media, int64_t now_us);

void media_set_muted(struct media *media, bool muted);
void media_set_sound(struct media *media, struct sound *sound, bool loop, int64_t now_us);

#endif
