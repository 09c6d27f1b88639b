/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pushes without media or servers: what was asked for is kept, the test decides on the answer. */
#ifndef SL_TESTS_UNIT_REST_FAKE_PUSH_H
#define SL_TESTS_UNIT_REST_FAKE_PUSH_H

#include "net/net.h"
#include "push/push.h"

enum { FAKE_PUSHES_MAX = 8 };

struct sl_push {
    bool lives;
    char id[27], stream[64], rtmp_url[128];
    bool muted, has_sound;
};

struct sl_pushes {
    struct sl_push pushes[FAKE_PUSHES_MAX];
    char asked[600]; /* the last start or sound, in words */

    /* Set by the test: how starts and sounds end, and whether in the next turn or by
     * fake_push_answer(). */
    int err;
    bool waits;
    struct sl_later later;

    void *owner; /* NULL: nothing waits */
    sl_push_on_done *on_started;
    void (*on_sound)(void *owner, int err, const char *words);
    struct sl_push *asking;
};

/* Ends what waits, as pushes->err says. */
void fake_push_answer(struct sl_pushes *pushes);
/* A push that has begun; its id is the stream's name and a number. */
struct sl_push *fake_push_add(struct sl_pushes *pushes, const char *stream, const char *rtmp_url);

#endif
