/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One publication's view of tags that many share: where it begins, on a time line of its own; mute,
 * and a sound in place of the source's. Knows no thread and no connection; time is an argument.
 */
#ifndef SL_RTMP_READER_H
#define SL_RTMP_READER_H

#include "mux/mux.h"
#include "program/program.h"
#include "rtmp/chunk.h"

struct sl_tag_reader_ops {
    /* A tag's body in two parts. */
    void (*on_tag)(void *owner, enum sl_rtmp_type type, uint32_t timestamp_ms, const uint8_t *head,
                   size_t head_len, const uint8_t *tail, size_t tail_len);
    void (*on_sound_end)(void *owner); /* one without loop was played to its end */
};

struct sl_tag_reader_config {
    bool has_sound, has_pictures; /* the source's */
    const struct sl_program_sound *sound;
    const struct sl_tag_reader_ops *ops;
    void *owner;
};

struct sl_tag_reader;
struct sl_tag_reader *sl_tag_reader_create(const struct sl_tag_reader_config *config,
                                           int64_t now_us);
void sl_tag_reader_destroy(struct sl_tag_reader *reader); /* NULL is fine */
void sl_tag_reader_input(struct sl_tag_reader *reader, const struct sl_flv_tag *tag,
                         int64_t now_us);
/* False while it waits for a picture to begin with. */
bool sl_tag_reader_has_begun(const struct sl_tag_reader *reader);

void sl_tag_reader_set_muted(struct sl_tag_reader *reader, bool muted);
/* Plays it from now on, and closes it; NULL: back to the source. True: there must be a row of sound
 * now, although the source has none. */
bool sl_tag_reader_set_sound(struct sl_tag_reader *reader, struct sl_player *player);

#endif
