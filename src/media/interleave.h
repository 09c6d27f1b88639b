/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sound and pictures into one order of time, as containers and RTMP want them. Each piece waits
 * until the other track has one that is not older, or until it has waited too long. Threads: one.
 * Pure: time is an argument.
 */
#ifndef SL_MEDIA_INTERLEAVE_H
#define SL_MEDIA_INTERLEAVE_H

#include "base/list.h"
#include "media/codec.h"

#include <stdbool.h>
#include <stdint.h>

/* Lies inside a larger struct that carries the bytes. */
struct sl_interleaved {
    struct sl_list link;
    enum sl_media_kind kind;
    int64_t dts_us;
    int64_t queued_us; /* the queue's */
};

enum {
    /* Longer than audio may come late: silence is made after less. */
    SL_INTERLEAVE_WAIT_US = 900000,
    /* A track that has been silent so long is not waited for. */
    SL_INTERLEAVE_SILENT_US = 2000000,
};

struct sl_interleave {
    struct {
        bool expected;
        struct sl_list items;
        int64_t newest_us; /* when the last piece came, or since when one is expected */
    } tracks[2];           /* by enum sl_media_kind */
};

void sl_interleave_init(struct sl_interleave *interleave);
void sl_interleave_expect(struct sl_interleave *interleave, enum sl_media_kind kind,
                          int64_t now_us);
/* Holds the piece until it is taken. Those of one kind come in order. */
void sl_interleave_add(struct sl_interleave *interleave, struct sl_interleaved *item,
                       int64_t now_us);
/* Takes the next to send; NULL if it is better to wait. */
struct sl_interleaved *sl_interleave_next(struct sl_interleave *interleave, int64_t now_us);
/* Takes any that is left, for the end; NULL. */
struct sl_interleaved *sl_interleave_take(struct sl_interleave *interleave);

#endif
