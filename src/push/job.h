/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One try to publish: a thread with a loop of its own that connects, speaks RTMP, brings sound and
 * pictures into the form FLV wants, and sends them. It never blocks but for computing; whatever
 * waits has a deadline.
 *
 * job_create(), job_start(); then on_ended comes once, by itself or after job_stop(); then the feed
 * is closed; then job_destroy(). All on the control loop.
 */
#ifndef SL_PUSH_JOB_H
#define SL_PUSH_JOB_H

#include "base/addr.h"
#include "base/log.h"
#include "base/queue.h"
#include "media/media.h"
#include "push/push.h"
#include "push/sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed;
struct sl_error;
struct sl_loop;

/* [control] */
struct job_ops {
    void (*on_publishing)(void *owner);
    /* One without loop was played to its end. */
    void (*on_sound_end)(void *owner, unsigned serial);
    /* The thread is gone. 0: it was stopped; otherwise why it ended, with words. -EREMOTE: the
     * server wants us elsewhere, see job_redirect(). */
    void (*on_ended)(void *owner, int err, const char *words);
};

struct job_config { /* copied */
    struct sl_loop *control;
    const struct sl_push_target *target;
    const struct sl_addr *addrs; /* checked */
    size_t addr_count;
    int64_t connect_timeout_ms; /* of all addresses, without RTMP's handshake */
    const char *flash_version;
    enum sl_codec codecs[2]; /* by enum sl_media_kind; SL_CODEC_NONE: no such track */
    bool muted;
    struct sound *sound; /* NULL: none; the job takes a reference of its own */
    bool loop;
    unsigned sound_serial; /* what its end is told with */
    const struct sl_log_scope *scope;
    const struct job_ops *ops;
    void *owner;
};

struct job;
/* With its thread, which waits. -ENOBUFS: there are no descriptors or no thread for it; error says
 * which. */
int job_create(const struct job_config *config, struct job **out, struct sl_error *error);
void job_destroy(struct job *job); /* NULL is fine */
struct sl_loop *job_loop(struct job *job);
/* struct feed_config's on_item, for a feed whose owner is the job. */
void job_on_item(struct sl_msg *msg);
/* feed: what media comes by; closed by the caller. */
void job_start(struct job *job, struct feed *feed);
/* After on_ended with -EREMOTE: the URL as the server said it. Borrowed; nobody has looked at it.
 */
const char *job_redirect(const struct job *job);
/* Takes leave of the server, within a second. Idempotent. */
void job_stop(struct job *job);

void job_set_muted(struct job *job, bool muted);
/* NULL: back to the source. */
void job_set_sound(struct job *job, struct sound *sound, bool loop, unsigned serial);

struct job_stats {
    uint64_t bitrate_bps; /* sent in the last second */
    uint64_t dropped;     /* frames */
};
void job_stats(const struct job *job, struct job_stats *out);

#endif
