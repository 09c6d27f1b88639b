/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio and video tags into one order of time. Each waits until the other track has one that is not
 * older, or until it has waited too long. Threads: one. Pure but for memory: time is an argument.
 */
#ifndef SL_PUSH_INTERLEAVE_H
#define SL_PUSH_INTERLEAVE_H

#include "base/list.h"
#include "media/media.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A tag's body, on its way. Owned by the queue it is in. */
struct tag {
    struct sl_list link;
    enum sl_media_kind kind;
    int64_t dts_us, pts_us; /* sent by the first; the second is later for some pictures */
    int64_t queued_us;
    size_t len;
    uint8_t bytes[];
};
/* Room for len bytes, shown when it is decoded; NULL when there is no memory (len comes from
 * outside). free() it. */
struct tag *tag_create(enum sl_media_kind kind, int64_t dts_us, size_t len);

enum {
    /* Longer than audio may come late: silence is made after AUDIO_LATENCY_US (job.c). */
    INTERLEAVE_WAIT_US = 900000,
    /* A track that has been silent so long is not waited for. */
    INTERLEAVE_SILENT_US = 2000000,
};

struct interleave {
    struct {
        bool expected;
        struct sl_list tags;
        int64_t newest_us; /* when the last tag came, or since when one is expected */
    } tracks[2];           /* by enum sl_media_kind */
};

void interleave_init(struct interleave *interleave);
void interleave_deinit(struct interleave *interleave);
void interleave_expect(struct interleave *interleave, enum sl_media_kind kind, int64_t now_us);
/* Takes the tag. Those of one kind come in order. */
void interleave_add(struct interleave *interleave, struct tag *tag, int64_t now_us);
/* The next to send, the caller's; NULL if it is better to wait. */
struct tag *interleave_next(struct interleave *interleave, int64_t now_us);

#endif
