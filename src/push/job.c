/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread of one publication: its loop, its connection, its deadlines. */
#include "push/job.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"
#include "push/backlog.h"
#include "push/feed.h"
#include "push/link.h"
#include "push/media.h"
#include "rtmp/rtmp.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

enum {
    TICK_MS = 20,
    REACH_TIMEOUT_US = 10 * SL_US_PER_S,  /* up to the end of RTMP's handshake, each connection */
    ANSWER_TIMEOUT_US = 30 * SL_US_PER_S, /* then up to NetStream.Publish.Start: services ask back
                                           * ends of their own, and start machines */
    STALL_TIMEOUT_US = 15 * SL_US_PER_S,  /* nothing could be written for so long */
    LEAVE_TIMEOUT_US = 1 * SL_US_PER_S,
    OUTBOX_HIGH = 256 << 10, /* bytes: no further frames are taken while so much waits */
    CONNECTIONS_MAX = 3,     /* a server asks for credentials twice (rtmp_auth.c) */
};

/*
 * IDLE --job_start()--> REACHING --handshake--> ASKING --Publish.Start--> PUBLISHING
 * ASKING --the server wants credentials--> REACHING
 * any --job_stop()--> LEAVING --sent, or LEAVE_TIMEOUT_US--> ENDED
 * any --finish(): error or deadline--> ENDED
 */
enum stage { IDLE, REACHING, ASKING, PUBLISHING, LEAVING, ENDED };

struct job {
    /* Constant. */
    struct job_config config;
    struct sl_push_target target;
    struct sl_addr addrs[8];
    struct sl_log_scope scope;
    char *flash_version;
    struct sl_loop *loop;
    struct feed *feed;

    /* Control's. */
    pthread_t thread;
    bool stopping;
    struct sl_msg start_msg, stop_msg;

    /* The thread's, from on_start() on. */
    enum stage stage;
    int64_t stage_us; /* when it began */
    struct sl_timer *timer;
    struct sl_outbox outbox;
    struct link *link;
    struct sl_rtmp_client *rtmp;
    unsigned connections;
    struct media *media;
    struct backlog backlog;
    bool muted, loop_sound; /* asked for before media is there */
    struct sound *sound;
    unsigned sound_serial; /* of the one set last */
    bool farewell_sent;
    int64_t second_us, warned_us;
    uint64_t second_bytes, warned_dropped, link_bytes;

    /* Read by control. */
    _Atomic uint64_t bitrate_bps, dropped;

    /* Messages to control: each is posted once at most, or at most once at a time. */
    struct sl_msg publishing_msg, ended_msg;
    int ended_err;
    struct sl_error ended_words;
};

static void set_stage(struct job *job, enum stage stage)
{
    job->stage = stage;
    job->stage_us = sl_now_us();
}

/* ---- The end ---- */

static void finish(struct job *job, int err, const char *words)
{
    if (job->stage == ENDED)
        return;
    set_stage(job, ENDED);
    job->ended_err = err;
    /* Before anything is destroyed: they may be the link's own words. */
    (void)snprintf(job->ended_words.text, sizeof(job->ended_words.text), "%s", words);
    link_destroy(job->link);
    job->link = NULL;
    sl_timer_destroy(job->timer);
    job->timer = NULL;
    media_destroy(job->media);
    job->media = NULL;
    backlog_clear(&job->backlog);
    sound_unref(job->sound);
    job->sound = NULL;
    atomic_store_explicit(&job->bitrate_bps, 0, memory_order_relaxed);
    sl_loop_stop(job->loop);
}

static void leave(struct job *job)
{
    bool connected = job->stage == PUBLISHING;

    if (job->stage == LEAVING || job->stage == ENDED)
        return;
    set_stage(job, LEAVING);
    backlog_clear(&job->backlog);
    if (!connected) {
        finish(job, 0, "");
        return;
    }
    sl_rtmp_client_close(job->rtmp);
    link_flush(job->link);
}

/* ---- Media out ---- */

static void on_tag(void *owner, enum sl_rtmp_type type, uint32_t timestamp_ms, const uint8_t *bytes,
                   size_t len)
{
    struct job *job = owner;

    sl_rtmp_client_send(job->rtmp, type, timestamp_ms, bytes, len, NULL, 0);
}

static void on_keyframe_wanted(void *owner)
{
    feed_request_keyframe(((struct job *)owner)->feed);
}

struct sound_end {
    struct sl_msg msg;
    struct job *job;
    unsigned serial;
};

static void on_sound_end_told(struct sl_msg *msg) /* on the control loop */
{
    struct sound_end *end = sl_container_of(msg, struct sound_end, msg);

    end->job->config.ops->on_sound_end(end->job->config.owner, end->serial);
    free(end);
}

static void on_sound_end(void *owner)
{
    struct job *job = owner;
    struct sound_end *end = sl_new(struct sound_end); /* one for each sound that was set */

    end->msg.run = on_sound_end_told;
    end->job = job;
    end->serial = job->sound_serial;
    sl_loop_post(job->config.control, &end->msg);
}

static const struct media_ops media_ops = {on_tag, on_sound_end, on_keyframe_wanted};

/* ---- Media in ---- */

static bool is_congested(const struct job *job)
{
    return sl_outbox_len(&job->outbox) > OUTBOX_HIGH;
}

static void use_backlog(struct job *job)
{
    struct feed_item *item;

    sl_list_foreach(item, &job->backlog.items, struct feed_item, link)
    {
        if (is_congested(job))
            break;
        if (!media_takes(job->media, sl_codec_kind(item->frame->codec)))
            continue;
        media_input(job->media, item->frame, item->arrival_us, sl_now_us());
        backlog_remove(&job->backlog, item);
    }
    link_flush(job->link);
}

void job_on_item(struct sl_msg *msg)
{
    struct feed_item *item = sl_container_of(msg, struct feed_item, msg);
    struct job *job = feed_owner(item->feed);

    if (job->stage != PUBLISHING) {
        feed_item_free(item);
        return;
    }
    backlog_add(&job->backlog, item); /* if it wants a key frame, the next tick asks for one */
    use_backlog(job);
}

static void begin_media(struct job *job)
{
    media_set_muted(job->media, job->muted);
    media_set_sound(job->media, job->sound, job->loop_sound, sl_now_us());
    sound_unref(job->sound);
    job->sound = NULL;
    media_start(job->media, sl_now_us());
    sl_loop_post(job->config.control, &job->publishing_msg);
}

static void on_publishing_told(struct sl_msg *msg) /* on the control loop */
{
    struct job *job = sl_container_of(msg, struct job, publishing_msg);

    if (job->stopping)
        return;
    feed_start(job->feed);
    job->config.ops->on_publishing(job->config.owner);
}

/* ---- The connection ---- */

static void start_connection(struct job *job);

static void on_link_open(void *owner)
{
    struct job *job = owner;

    sl_rtmp_client_open(job->rtmp);
    link_flush(job->link);
}

static void on_link_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct job *job = owner;
    struct sl_error error;
    int err = sl_rtmp_client_input(job->rtmp, bytes, len, &error);

    if (err == -EAGAIN && job->connections < CONNECTIONS_MAX) {
        start_connection(job);
        return;
    }
    if (err < 0 && job->stage != LEAVING) {
        finish(job, err,
               err == -EAGAIN ? "the server asks for credentials again and again" : error.text);
        return;
    }
    if (job->stage == REACHING && sl_rtmp_client_is_greeted(job->rtmp))
        set_stage(job, ASKING);
    if (job->stage == ASKING && sl_rtmp_client_is_publishing(job->rtmp)) {
        set_stage(job, PUBLISHING);
        begin_media(job);
    }
    link_flush(job->link);
}

static void on_link_drained(void *owner)
{
    struct job *job = owner;

    if (job->stage == PUBLISHING)
        use_backlog(job);
}

static void on_link_error(void *owner, int err, const char *words)
{
    struct job *job = owner;

    if (job->stage == LEAVING)
        finish(job, 0, ""); /* the server closes after us */
    else
        finish(job, err, words);
}

static const struct link_ops link_ops = {on_link_open, on_link_bytes, on_link_drained,
                                         on_link_error};

static void start_connection(struct job *job)
{
    struct link_config config = {
        .loop = job->loop,
        .addrs = job->addrs,
        .addr_count = job->config.addr_count,
        .timeout_ms = job->config.connect_timeout_ms,
        .tls_host = job->target.tls ? job->target.host : NULL,
        .outbox = &job->outbox,
        .ops = &link_ops,
        .owner = job,
    };

    link_destroy(job->link);
    sl_outbox_clear(&job->outbox);
    job->link_bytes = 0;
    job->connections++;
    set_stage(job, REACHING);
    job->link = link_create(&config);
}

/* ---- Deadlines ---- */

static void check_farewell(struct job *job, int64_t now_us)
{
    if (!job->farewell_sent && sl_outbox_len(&job->outbox) == 0) {
        job->farewell_sent = true;
        link_shutdown(job->link);
    }
    if (now_us - job->stage_us > LEAVE_TIMEOUT_US)
        finish(job, 0, "");
}

static void count_bytes(struct job *job, int64_t now_us)
{
    uint64_t sent = link_bytes_sent(job->link);

    job->second_bytes += sent - job->link_bytes;
    job->link_bytes = sent;
    if (now_us - job->second_us < SL_US_PER_S)
        return;
    uint64_t bps = job->second_bytes * 8 * SL_US_PER_S / (uint64_t)(now_us - job->second_us);
    atomic_store_explicit(&job->bitrate_bps, bps, memory_order_relaxed);
    job->second_us = now_us;
    job->second_bytes = 0;
}

/* At most once a second, however many are dropped. waits: sound lay here for want of a picture to
 * begin with, which is nobody's slowness. */
static void check_dropped(struct job *job, bool waits, int64_t now_us)
{
    uint64_t dropped = job->backlog.dropped + feed_dropped(job->feed);

    atomic_store_explicit(&job->dropped, dropped, memory_order_relaxed);
    if (dropped == job->warned_dropped || now_us - job->warned_us < SL_US_PER_S)
        return;
    sl_log(SL_LOG_WARN, &job->scope, "push: %s: %llu frames were left out",
           waits
               ? "no picture has come that one could begin with (a whole key frame; of H264, with "
                 "SPS and PPS)"
               : "the server or our encoding is too slow",
           (unsigned long long)(dropped - job->warned_dropped));
    job->warned_dropped = dropped;
    job->warned_us = now_us;
}

static void tick_publishing(struct job *job, int64_t now_us)
{
    if (now_us - link_progress_us(job->link) > STALL_TIMEOUT_US) {
        finish(job, -ETIMEDOUT, "the server has not read for 15 s");
        return;
    }
    bool waits = !media_takes(job->media, SL_AUDIO); /* as long as nothing has begun */
    bool goes_on = backlog_trim(&job->backlog, now_us);
    /* While nothing can be sent, nothing is asked for, and time does not go on: what was missed
     * becomes silence later. */
    if (!is_congested(job)) {
        if (!goes_on)
            feed_request_keyframe(job->feed); /* which merges, as the source does */
        media_tick(job->media, now_us);
    }
    count_bytes(job, now_us);
    check_dropped(job, waits, now_us);
    link_flush(job->link);
}

static void on_tick(void *owner)
{
    struct job *job = owner;
    int64_t now_us = sl_now_us();

    if (job->stage == REACHING && now_us - job->stage_us > REACH_TIMEOUT_US)
        finish(job, -ETIMEDOUT, "no RTMP server answered within 10 s");
    else if (job->stage == ASKING && now_us - job->stage_us > ANSWER_TIMEOUT_US)
        finish(job, -ETIMEDOUT, "the server did not let us publish within 30 s");
    else if (job->stage == PUBLISHING)
        tick_publishing(job, now_us);
    else if (job->stage == LEAVING)
        check_farewell(job, now_us);
}

/* ---- Messages of control ---- */

static void on_start(struct sl_msg *msg)
{
    struct job *job = sl_container_of(msg, struct job, start_msg);
    struct sl_rtmp_client_config config = {
        .app = job->target.app,
        .tc_url = job->target.tc_url,
        .publish = job->target.publish,
        .flash_version = job->flash_version,
        .user = job->target.user,
        .password = job->target.password,
    };

    job->timer = sl_timer_create(job->loop, on_tick, job);
    sl_timer_start(job->timer, TICK_MS, TICK_MS);
    job->second_us = sl_now_us();
    if (media_create(job->config.codecs, &media_ops, job, &job->media) < 0) {
        finish(job, -ENOSYS, "the stream has neither sound nor pictures that RTMP could carry");
        return;
    }
    job->rtmp = sl_rtmp_client_create(&config, &job->outbox);
    start_connection(job);
}

static void on_stop(struct sl_msg *msg)
{
    leave(sl_container_of(msg, struct job, stop_msg));
}

struct change {
    struct sl_msg msg;
    struct job *job;
    bool is_sound;
    bool muted, loop;
    struct sound *sound; /* one reference, or NULL */
    unsigned serial;
};

static void set_sound(struct job *job, struct sound *sound, bool loop, unsigned serial)
{
    job->sound_serial = serial;
    if (job->stage == PUBLISHING) {
        media_set_sound(job->media, sound, loop, sl_now_us());
        return;
    }
    sound_unref(job->sound);
    job->sound = sound_ref(sound);
    job->loop_sound = loop;
}

static void on_change(struct sl_msg *msg)
{
    struct change *change = sl_container_of(msg, struct change, msg);
    struct job *job = change->job;

    if (job->stage != ENDED && change->is_sound)
        set_sound(job, change->sound, change->loop, change->serial);
    if (!change->is_sound)
        job->muted = change->muted;
    if (!change->is_sound && job->stage == PUBLISHING)
        media_set_muted(job->media, change->muted);
    sound_unref(change->sound);
    free(change);
}

static void post_change(const struct change *values)
{
    struct change *change = sl_new(struct change); /* one for each request of an operator */

    *change = *values;
    change->msg.run = on_change;
    sl_loop_post(change->job->loop, &change->msg);
}

void job_set_muted(struct job *job, bool muted)
{
    post_change(&(struct change){.job = job, .muted = muted});
}

void job_set_sound(struct job *job, struct sound *sound, bool loop, unsigned serial)
{
    post_change(&(struct change){
        .job = job, .is_sound = true, .sound = sound_ref(sound), .loop = loop, .serial = serial});
}

/* ---- Life ---- */

static void on_ended(struct sl_msg *msg) /* on the control loop */
{
    struct job *job = sl_container_of(msg, struct job, ended_msg);

    (void)pthread_join(job->thread, NULL); /* it is about to return */
    job->config.ops->on_ended(job->config.owner, job->ended_err, job->ended_words.text);
}

static void *run(void *arg)
{
    struct job *job = arg;
    sigset_t all;

    /* Signals are the control loop's; and OpenSSL writes without MSG_NOSIGNAL. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    sl_mem_null_ends_this_thread(); /* FFmpeg's codecs write to it, or assert() that it is not */
    sl_loop_run(job->loop);
    sl_loop_post(job->config.control, &job->ended_msg);
    return NULL;
}

int job_create(const struct job_config *config, struct job **out, struct sl_error *error)
{
    struct sl_loop *loop = sl_loop_create("push");

    if (!loop)
        return sl_error_set(error, -ENOBUFS, "no descriptors are left for a push");
    struct job *job = sl_new(struct job);
    job->loop = loop;
    job->config = *config;
    job->target = *config->target;
    if (job->config.addr_count > SL_ARRAY_LEN(job->addrs))
        job->config.addr_count = SL_ARRAY_LEN(job->addrs);
    memcpy(job->addrs, config->addrs, job->config.addr_count * sizeof(job->addrs[0]));
    job->scope = *config->scope;
    job->flash_version = sl_strdup(config->flash_version);
    job->muted = config->muted;
    job->sound = sound_ref(config->sound);
    job->loop_sound = config->loop;
    job->sound_serial = config->sound_serial;
    job->start_msg.run = on_start;
    job->stop_msg.run = on_stop;
    job->publishing_msg.run = on_publishing_told;
    job->ended_msg.run = on_ended;
    backlog_init(&job->backlog);
    if (pthread_create(&job->thread, NULL, run, job) != 0) {
        job_destroy(job);
        return sl_error_set(error, -ENOBUFS, "no thread can be made for a push");
    }
    *out = job;
    return 0;
}

void job_destroy(struct job *job)
{
    if (!job)
        return;
    sl_loop_destroy(job->loop); /* runs what was posted too late: items are freed */
    sound_unref(job->sound);
    sl_rtmp_client_destroy(job->rtmp);
    explicit_bzero(&job->target, sizeof(job->target));
    sl_outbox_deinit(&job->outbox);
    free(job->flash_version);
    free(job);
}

struct sl_loop *job_loop(struct job *job)
{
    return job->loop;
}

void job_start(struct job *job, struct feed *feed)
{
    job->feed = feed;
    sl_loop_post(job->loop, &job->start_msg);
}

const char *job_redirect(const struct job *job)
{
    return job->rtmp ? sl_rtmp_client_redirect(job->rtmp) : "";
}

void job_stop(struct job *job)
{
    if (job->stopping)
        return;
    job->stopping = true;
    sl_loop_post(job->loop, &job->stop_msg);
}

void job_stats(const struct job *job, struct job_stats *out)
{
    out->bitrate_bps = atomic_load_explicit(&job->bitrate_bps, memory_order_relaxed);
    out->dropped = atomic_load_explicit(&job->dropped, memory_order_relaxed);
}
