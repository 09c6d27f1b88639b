/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's dialogue, a connection, and tags in between. */
#include "rtmp/publication.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/queue.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "rtmp/backlog.h"
#include "rtmp/channel.h"
#include "rtmp/client.h"
#include "rtmp/reader.h"
#include "rtmp/socket.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REACH_TIMEOUT_US = 10 * SL_US_PER_S,  /* up to the end of RTMP's handshake, each connection */
    ANSWER_TIMEOUT_US = 30 * SL_US_PER_S, /* then up to NetStream.Publish.Start: services ask back
                                           * ends of their own, and start machines */
    STALL_TIMEOUT_US = 15 * SL_US_PER_S,  /* nothing could be written for so long */
    LEAVE_TIMEOUT_US = 1 * SL_US_PER_S,
    UNSENT_HIGH = 256 << 10,           /* bytes: no further tags are taken while so much waits */
    CONNECTIONS_MAX = 3,               /* a server asks for credentials twice (auth.c) */
    PICTURE_WAIT_US = 3 * SL_US_PER_S, /* then the log tells that none came to begin with */
};

/*
 * IDLE --start--> REACHING --handshake--> ASKING --Publish.Start--> PUBLISHING
 * ASKING --the server wants credentials--> REACHING
 * PUBLISHING --leave()--> LEAVING --the server's end, or LEAVE_TIMEOUT_US--> ENDED
 * any --finish(): error, deadline, a stop before PUBLISHING--> ENDED
 */
enum stage { IDLE, REACHING, ASKING, PUBLISHING, LEAVING, ENDED };

struct sl_publication {
    /* Constant. */
    struct sl_publication_config config;
    struct sl_addr addrs[SL_RTMP_ADDRESSES_MAX];
    char *host;
    struct sl_log_scope scope;
    struct sl_job_loop *loop;

    /* Control's. */
    bool stopping, closed;
    size_t players; /* that were made and are not gone */
    struct sl_msg start_msg, stop_msg, close_msg;
    void (*on_closed)(void *owner);
    void *on_closed_owner;

    /* The loop's, from on_start() on. */
    enum stage stage;
    int64_t stage_us; /* when it began */
    struct sl_job_tick tick;
    int reserve; /* a descriptor kept for the first connection; -1: used */
    struct sl_outbox outbox;
    struct sl_rtmp_socket *socket;
    struct sl_rtmp_client *client;
    unsigned connections;
    struct sl_channel_taker taker;
    struct sl_tag_reader *reader; /* PUBLISHING, once attached */
    struct sl_backlog backlog;
    bool muted;               /* asked for before there is a reader, as the player */
    struct sl_player *player; /* NULL: the source's own sound, or the reader has it */
    unsigned sound_serial;    /* of the one set last */
    int64_t second_us, progress_us, warned_us;
    uint64_t second_bytes, progress_bytes, warned_dropped;
    bool told_of_waiting;

    /* Read by control. */
    _Atomic uint64_t bitrate_bps, dropped;

    /* Messages to control: each is posted once. */
    struct sl_msg publishing_msg, ended_msg, closed_msg;
    int ended_err;
    struct sl_error ended_words;
};

static void set_stage(struct sl_publication *publication, enum stage stage)
{
    publication->stage = stage;
    publication->stage_us = sl_now_us();
}

/* ---- The end ---- */

static void release_reserve(struct sl_publication *publication)
{
    if (publication->reserve >= 0)
        (void)close(publication->reserve); /* never used */
    publication->reserve = -1;
}

static void finish(struct sl_publication *publication, int err, const char *words)
{
    if (publication->stage == ENDED)
        return;
    set_stage(publication, ENDED);
    publication->ended_err = err;
    /* Before anything is destroyed: they may be the socket's own words. */
    (void)snprintf(publication->ended_words.text, sizeof(publication->ended_words.text), "%s",
                   words);
    sl_channel_detach(&publication->taker);
    sl_job_tick_stop(&publication->tick);
    release_reserve(publication);
    sl_rtmp_socket_destroy(publication->socket);
    publication->socket = NULL;
    sl_tag_reader_destroy(publication->reader);
    publication->reader = NULL;
    sl_backlog_clear(&publication->backlog);
    sl_player_close(publication->player);
    publication->player = NULL;
    atomic_store_explicit(&publication->bitrate_bps, 0, memory_order_relaxed);
    sl_loop_post(publication->config.control, &publication->ended_msg);
}

static void flush(struct sl_publication *publication)
{
    if (publication->socket)
        sl_rtmp_socket_send(publication->socket, &publication->outbox);
}

static void leave(struct sl_publication *publication)
{
    bool connected = publication->stage == PUBLISHING;

    if (publication->stage == LEAVING || publication->stage == ENDED)
        return;
    if (!connected) {
        finish(publication, 0, "");
        return;
    }
    set_stage(publication, LEAVING);
    sl_channel_detach(&publication->taker);
    sl_backlog_clear(&publication->backlog);
    sl_rtmp_client_close(publication->client);
    flush(publication);
    sl_rtmp_socket_finish(publication->socket);
}

/* ---- Media out ---- */

static void on_tag(void *owner, enum sl_rtmp_type type, uint32_t timestamp_ms, const uint8_t *head,
                   size_t head_len, const uint8_t *tail, size_t tail_len)
{
    struct sl_publication *publication = owner;

    sl_rtmp_client_send(publication->client, type, timestamp_ms, head, head_len, tail, tail_len);
}

struct sound_end {
    struct sl_msg msg;
    struct sl_publication *publication;
    unsigned serial;
};

static void on_sound_end_told(struct sl_msg *msg) /* on the control loop */
{
    struct sound_end *end = sl_container_of(msg, struct sound_end, msg);
    const struct sl_publication_config *config = &end->publication->config;

    config->ops->on_sound_end(config->owner, end->serial);
    free(end);
}

static void on_sound_end(void *owner)
{
    struct sl_publication *publication = owner;
    struct sound_end *end = sl_new(struct sound_end); /* one for each sound that was set */

    end->msg.run = on_sound_end_told;
    end->publication = publication;
    end->serial = publication->sound_serial;
    sl_loop_post(publication->config.control, &end->msg);
}

static const struct sl_tag_reader_ops reader_ops = {on_tag, on_sound_end};

static void use_backlog(struct sl_publication *publication)
{
    int64_t now_us = sl_now_us();
    struct sl_flv_tag *tag;

    while (publication->reader &&
           sl_rtmp_socket_unsent(publication->socket) + sl_outbox_len(&publication->outbox) <=
               UNSENT_HIGH &&
           (tag = sl_backlog_take(&publication->backlog))) {
        sl_tag_reader_input(publication->reader, tag, now_us);
        sl_flv_tag_unref(tag);
    }
    flush(publication);
}

/* ---- Media in ---- */

static void set_player(struct sl_publication *publication, struct sl_player *player)
{
    if (!publication->reader) {
        sl_player_close(publication->player);
        publication->player = player;
    } else if (sl_tag_reader_set_sound(publication->reader, player)) {
        sl_channel_begin_sound(&publication->taker);
    }
}

static void on_attached(void *owner, const struct sl_program_sound *sound)
{
    struct sl_publication *publication = owner;
    struct sl_channel *channel = publication->config.channel;
    struct sl_tag_reader_config config = {
        .has_sound = sl_channel_has(channel, SL_AUDIO),
        .has_pictures = sl_channel_has(channel, SL_VIDEO),
        .sound = sound,
        .ops = &reader_ops,
        .owner = publication,
    };

    publication->reader = sl_tag_reader_create(&config, sl_now_us());
    sl_tag_reader_set_muted(publication->reader, publication->muted);
    struct sl_player *player = publication->player;
    publication->player = NULL;
    if (player)
        set_player(publication, player);
}

static void on_tags(void *owner, struct sl_flv_tag *const *tags, size_t count, bool lost)
{
    struct sl_publication *publication = owner;
    int64_t now_us = sl_now_us();

    if (lost)
        sl_backlog_lost(&publication->backlog);
    for (size_t i = 0; i < count; i++)
        sl_backlog_add(&publication->backlog, tags[i], now_us);
    use_backlog(publication);
}

static const struct sl_channel_taker_ops taker_ops = {on_attached, on_tags};

static void begin_media(struct sl_publication *publication)
{
    publication->taker.ops = &taker_ops;
    publication->taker.owner = publication;
    publication->progress_us = sl_now_us();
    sl_channel_attach(publication->config.channel, publication->loop, &publication->taker);
    sl_loop_post(publication->config.control, &publication->publishing_msg);
}

static void on_publishing_told(struct sl_msg *msg) /* on the control loop */
{
    struct sl_publication *publication =
        sl_container_of(msg, struct sl_publication, publishing_msg);

    if (!publication->stopping)
        publication->config.ops->on_publishing(publication->config.owner);
}

/* ---- The connection ---- */

static void start_connection(struct sl_publication *publication);

static void on_open(void *owner)
{
    struct sl_publication *publication = owner;

    sl_rtmp_client_open(publication->client);
    flush(publication);
}

static void on_bytes(void *owner, const uint8_t *bytes, size_t len)
{
    struct sl_publication *publication = owner;
    struct sl_error error;
    int err = sl_rtmp_client_input(publication->client, bytes, len, &error);

    if (err == -EAGAIN && publication->connections < CONNECTIONS_MAX) {
        start_connection(publication);
        return;
    }
    if (err < 0 && publication->stage != LEAVING) {
        finish(publication, err,
               err == -EAGAIN ? "the server asks for credentials again and again" : error.text);
        return;
    }
    if (publication->stage == REACHING && sl_rtmp_client_is_greeted(publication->client))
        set_stage(publication, ASKING);
    if (publication->stage == ASKING && sl_rtmp_client_is_publishing(publication->client)) {
        set_stage(publication, PUBLISHING);
        begin_media(publication);
    }
    flush(publication);
}

static void on_drained(void *owner)
{
    struct sl_publication *publication = owner;

    if (publication->stage == PUBLISHING)
        use_backlog(publication);
}

static void on_error(void *owner, int err, const char *words)
{
    struct sl_publication *publication = owner;

    if (publication->stage == LEAVING)
        finish(publication, 0, ""); /* the server closes after us */
    else
        finish(publication, err, words);
}

static const struct sl_rtmp_socket_ops socket_ops = {on_open, on_bytes, on_drained, on_error};

static void start_connection(struct sl_publication *publication)
{
    struct sl_rtmp_socket_config config = {
        .loop = publication->loop,
        .addrs = publication->addrs,
        .addr_count = publication->config.addr_count,
        .timeout_ms = publication->config.connect_timeout_ms,
        .tls = publication->config.tls,
        .host = publication->host,
        .ops = &socket_ops,
        .owner = publication,
    };

    sl_rtmp_socket_destroy(publication->socket);
    sl_outbox_clear(&publication->outbox);
    publication->second_bytes = 0;
    publication->progress_bytes = 0;
    publication->connections++;
    set_stage(publication, REACHING);
    release_reserve(publication);
    publication->socket = sl_rtmp_socket_create(&config);
}

/* ---- Deadlines ---- */

static void count_bytes(struct sl_publication *publication, int64_t now_us)
{
    uint64_t sent = sl_rtmp_socket_sent(publication->socket);
    int64_t since_us = now_us - publication->second_us;

    if (since_us < SL_US_PER_S)
        return;
    uint64_t bps = (sent - publication->second_bytes) * 8 * SL_US_PER_S / (uint64_t)since_us;
    atomic_store_explicit(&publication->bitrate_bps, bps, memory_order_relaxed);
    publication->second_us = now_us;
    publication->second_bytes = sent;
}

/* At most once a second, however many are dropped. */
static void check_dropped(struct sl_publication *publication, int64_t now_us)
{
    uint64_t dropped = publication->backlog.dropped;

    atomic_store_explicit(&publication->dropped, dropped, memory_order_relaxed);
    if (dropped == publication->warned_dropped || now_us - publication->warned_us < SL_US_PER_S)
        return;
    sl_log(SL_LOG_WARN, &publication->scope,
           "push: the server or our encoding is too slow: %llu frames were left out",
           (unsigned long long)(dropped - publication->warned_dropped));
    publication->warned_dropped = dropped;
    publication->warned_us = now_us;
}

/* Which is nobody's slowness. */
static void check_waiting(struct sl_publication *publication, int64_t now_us)
{
    if (publication->told_of_waiting || !publication->reader ||
        sl_tag_reader_has_begun(publication->reader) ||
        now_us - publication->stage_us < PICTURE_WAIT_US)
        return;
    publication->told_of_waiting = true;
    sl_log(SL_LOG_WARN, &publication->scope,
           "push: no picture has come that one could begin with (a whole key frame; of H264, with "
           "SPS and PPS)");
}

static void tick_publishing(struct sl_publication *publication, int64_t now_us)
{
    uint64_t sent = sl_rtmp_socket_sent(publication->socket);

    if (sent != publication->progress_bytes || sl_rtmp_socket_unsent(publication->socket) == 0) {
        publication->progress_bytes = sent;
        publication->progress_us = now_us;
    }
    if (now_us - publication->progress_us > STALL_TIMEOUT_US) {
        finish(publication, -ETIMEDOUT, "the server has not read for 15 s");
        return;
    }
    /* While nothing can be sent, nothing is asked for. */
    if (!sl_backlog_trim(&publication->backlog, now_us) && publication->reader &&
        sl_rtmp_socket_unsent(publication->socket) <= UNSENT_HIGH)
        sl_channel_request_keyframe(&publication->taker); /* which merges, as the source does */
    count_bytes(publication, now_us);
    check_dropped(publication, now_us);
    check_waiting(publication, now_us);
}

static void on_tick(struct sl_job_tick *tick, int64_t now_us)
{
    struct sl_publication *publication = sl_container_of(tick, struct sl_publication, tick);
    int64_t since_us = now_us - publication->stage_us;

    if (publication->stage == REACHING && since_us > REACH_TIMEOUT_US)
        finish(publication, -ETIMEDOUT, "no RTMP server answered within 10 s");
    else if (publication->stage == ASKING && since_us > ANSWER_TIMEOUT_US)
        finish(publication, -ETIMEDOUT, "the server did not let us publish within 30 s");
    else if (publication->stage == PUBLISHING)
        tick_publishing(publication, now_us);
    else if (publication->stage == LEAVING && since_us > LEAVE_TIMEOUT_US)
        finish(publication, 0, "");
}

/* ---- Messages of control ---- */

static void on_start(struct sl_msg *msg)
{
    struct sl_publication *publication = sl_container_of(msg, struct sl_publication, start_msg);

    sl_job_tick_start(publication->loop, &publication->tick, SL_JOB_SLOW);
    publication->second_us = sl_now_us();
    start_connection(publication);
}

static void on_stop(struct sl_msg *msg)
{
    leave(sl_container_of(msg, struct sl_publication, stop_msg));
}

struct change {
    struct sl_msg msg;
    struct sl_publication *publication;
    bool is_sound;
    bool muted;
    struct sl_player *player; /* the change's until it has come; NULL: none */
    unsigned serial;
};

static void on_change(struct sl_msg *msg)
{
    struct change *change = sl_container_of(msg, struct change, msg);
    struct sl_publication *publication = change->publication;

    if (change->is_sound && publication->stage == ENDED) {
        sl_player_close(change->player);
    } else if (change->is_sound) {
        publication->sound_serial = change->serial;
        set_player(publication, change->player);
    }
    if (!change->is_sound)
        publication->muted = change->muted;
    if (!change->is_sound && publication->reader)
        sl_tag_reader_set_muted(publication->reader, change->muted);
    flush(publication);
    free(change);
}

static void post_change(const struct change *values)
{
    struct change *change = sl_new(struct change); /* one for each request of an operator */

    *change = *values;
    change->msg.run = on_change;
    sl_loop_post(sl_job_loop_loop(change->publication->loop), &change->msg);
}

void sl_publication_set_muted(struct sl_publication *publication, bool muted)
{
    post_change(&(struct change){.publication = publication, .muted = muted});
}

static void free_closed(struct sl_publication *publication);

static void on_player_gone(void *owner)
{
    struct sl_publication *publication = owner;

    publication->players--;
    free_closed(publication);
}

static struct sl_player *play(struct sl_publication *publication, struct sl_sound *sound,
                              bool loop)
{
    if (!sound)
        return NULL;
    publication->players++;
    return sl_channel_play(publication->config.channel, publication->loop, sound, loop,
                           on_player_gone, publication);
}

void sl_publication_set_sound(struct sl_publication *publication, struct sl_sound *sound, bool loop,
                              unsigned serial)
{
    post_change(&(struct change){.publication = publication,
                                 .is_sound = true,
                                 .player = play(publication, sound, loop),
                                 .serial = serial});
}

/* ---- Life ---- */

static void on_ended(struct sl_msg *msg) /* on the control loop */
{
    struct sl_publication *publication = sl_container_of(msg, struct sl_publication, ended_msg);

    publication->config.ops->on_ended(publication->config.owner, publication->ended_err,
                                      publication->ended_words.text);
}

static void on_close(struct sl_msg *msg) /* on the loop, behind all changes */
{
    struct sl_publication *publication = sl_container_of(msg, struct sl_publication, close_msg);

    sl_loop_post(publication->config.control, &publication->closed_msg);
}

static void free_closed(struct sl_publication *publication)
{
    void (*tell)(void *) = publication->on_closed;
    void *owner = publication->on_closed_owner;

    if (!publication->closed || publication->players > 0)
        return;
    sl_job_loop_drop(publication->loop, SL_WEIGHT_SOCKET);
    sl_rtmp_client_destroy(publication->client);
    sl_outbox_deinit(&publication->outbox);
    SSL_CTX_free(publication->config.tls);
    free(publication->host);
    free(publication);
    tell(owner);
}

static void on_closed(struct sl_msg *msg) /* on the control loop */
{
    struct sl_publication *publication = sl_container_of(msg, struct sl_publication, closed_msg);

    publication->closed = true;
    free_closed(publication);
}

int sl_publication_create(const struct sl_publication_config *config, struct sl_publication **out,
                          struct sl_error *error)
{
    int reserve = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (reserve < 0)
        return sl_error_set(error, -ENOBUFS, "no descriptors are left for a push");
    struct sl_publication *publication = sl_new(struct sl_publication);
    struct sl_rtmp_client_config client = {config->app,           config->tc_url, config->publish,
                                           config->flash_version, config->user,   config->password};
    publication->reserve = reserve;
    publication->config = *config;
    if (publication->config.addr_count > SL_ARRAY_LEN(publication->addrs))
        publication->config.addr_count = SL_ARRAY_LEN(publication->addrs);
    memcpy(publication->addrs, config->addrs,
           publication->config.addr_count * sizeof(publication->addrs[0]));
    publication->host = sl_strdup(config->host);
    if (config->tls)
        (void)SSL_CTX_up_ref(config->tls); /* always 1 */
    publication->client = sl_rtmp_client_create(&client, &publication->outbox);
    publication->scope = *config->scope;
    publication->muted = config->muted;
    publication->loop = sl_job_pool_pick(config->pool, SL_WEIGHT_SOCKET);
    publication->player = play(publication, config->sound, config->loop);
    publication->sound_serial = config->sound_serial;
    publication->tick.on_tick = on_tick;
    publication->start_msg.run = on_start;
    publication->stop_msg.run = on_stop;
    publication->close_msg.run = on_close;
    publication->publishing_msg.run = on_publishing_told;
    publication->ended_msg.run = on_ended;
    publication->closed_msg.run = on_closed;
    sl_backlog_init(&publication->backlog);
    *out = publication;
    return 0;
}

void sl_publication_start(struct sl_publication *publication)
{
    sl_loop_post(sl_job_loop_loop(publication->loop), &publication->start_msg);
}

const char *sl_publication_redirect(const struct sl_publication *publication)
{
    return sl_rtmp_client_redirect(publication->client);
}

void sl_publication_stop(struct sl_publication *publication)
{
    if (publication->stopping)
        return;
    publication->stopping = true;
    sl_loop_post(sl_job_loop_loop(publication->loop), &publication->stop_msg);
}

void sl_publication_close(struct sl_publication *publication, void (*tell)(void *owner),
                          void *owner)
{
    publication->on_closed = tell;
    publication->on_closed_owner = owner;
    sl_loop_post(sl_job_loop_loop(publication->loop), &publication->close_msg);
}

void sl_publication_stats(const struct sl_publication *publication,
                          struct sl_publication_stats *out)
{
    out->bitrate_bps = atomic_load_explicit(&publication->bitrate_bps, memory_order_relaxed);
    out->dropped = atomic_load_explicit(&publication->dropped, memory_order_relaxed);
}
