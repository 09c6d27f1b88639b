/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes in from one client, so that it has its share of the control loop and no more.
 *
 * Nobody yet: few messages, and short ones. Somebody: as much as it likes, but when its allowance
 * is spent it is not read for a while, and TCP slows it down. A long message is parsed on libuv's
 * pool; the client is not read until that is done, which keeps the order and bounds how many there
 * are.
 */
#include "base/clock.h"
#include "base/json.h"
#include "signalling/internal.h"

#include <errno.h>
#include <string.h>

enum {
    PARSE_HERE_MAX = 65536, /* bytes: a tree of SL_JSON_VALUES_MAX values is made in about 1 ms */
    /* A page that sends whole SDPs as log lines comes to a tenth of this. */
    BYTES_PER_S = 524288,
    BYTES_BURST = 2097152,
    /* Of the loop's time, and the pool's, each client's own. To publish costs a few hundred us. */
    WORK_US_PER_S = 3000,
    WORK_US_BURST = 20000,
    /* What those share who need more: a publisher whose events go to many players. */
    SHARED_US_PER_S = 300000,
    SHARED_US_BURST = 200000,
    PAUSE_MIN_MS = 50, /* to pause and go on costs, too */
};

/* ---- The allowance ---- */

static int64_t refill(int64_t level, int64_t per_s, int64_t burst, int64_t passed_us)
{
    level += passed_us * per_s / SL_US_PER_S;
    return level < burst ? level : burst;
}

/* True: it was untouched for so long that it is full. passed_us: since it was last touched. */
static bool is_full(struct allowance *allowance, int64_t now_us, int64_t *passed_us)
{
    *passed_us = now_us - allowance->at_us;
    bool full = allowance->at_us == 0 || *passed_us > 60LL * SL_US_PER_S;
    allowance->at_us = now_us;
    return full;
}

static int64_t ms_until_positive(int64_t level, int64_t per_s)
{
    return level >= 0 ? 0 : -level * 1000 / per_s + 1;
}

static int64_t take_shared(struct allowance *shared, int64_t work_us, int64_t now_us)
{
    int64_t passed_us;

    if (is_full(shared, now_us, &passed_us))
        shared->work_us = SHARED_US_BURST;
    else
        shared->work_us = refill(shared->work_us, SHARED_US_PER_S, SHARED_US_BURST, passed_us);
    int64_t taken = work_us < shared->work_us ? work_us : shared->work_us;
    shared->work_us -= taken;
    return taken;
}

int64_t sl_allowance_spend(struct allowance *own, struct allowance *shared, size_t bytes,
                           int64_t work_us, int64_t now_us)
{
    int64_t passed_us;

    if (is_full(own, now_us, &passed_us)) {
        own->bytes = BYTES_BURST;
        own->work_us = WORK_US_BURST;
    } else {
        own->bytes = refill(own->bytes, BYTES_PER_S, BYTES_BURST, passed_us);
        own->work_us = refill(own->work_us, WORK_US_PER_S, WORK_US_BURST, passed_us);
    }
    own->bytes -= (int64_t)bytes;
    own->work_us -= work_us;
    if (own->work_us < 0)
        own->work_us += take_shared(shared, -own->work_us, now_us);
    int64_t a = ms_until_positive(own->bytes, BYTES_PER_S);
    int64_t b = ms_until_positive(own->work_us, WORK_US_PER_S);
    int64_t wait_ms = a > b ? a : b;
    return wait_ms > 0 && wait_ms < PAUSE_MIN_MS ? PAUSE_MIN_MS : wait_ms;
}

static void on_pause_over(void *owner)
{
    struct connection *connection = owner;

    sl_ws_resume(connection->ws);
}

/* Settles what a message has cost; the next one comes at once, or when there is an allowance. */
static void go_on(struct connection *connection, size_t bytes, int64_t work_us)
{
    int64_t wait_ms = sl_allowance_spend(&connection->allowance, &connection->signalling->shared,
                                         bytes, work_us, sl_now_us());

    if (wait_ms == 0) {
        sl_ws_resume(connection->ws);
        return;
    }
    sl_ws_pause(connection->ws);
    sl_count(connection->signalling->counters, SL_COUNTER_WS_SLOWED, 1);
    if (!connection->pause)
        connection->pause =
            sl_timer_create(connection->signalling->loop, on_pause_over, connection);
    sl_timer_start(connection->pause, (uint64_t)wait_ms, 0);
}

/* ---- What is refused ---- */

/* Of one client a line a second, and so of all those together that are nobody yet: whoever comes
 * again and again must not fill the log. */
static void log_refused(struct connection *connection, const char *why)
{
    struct refusals *refusals =
        connection->session ? &connection->refusals : &connection->signalling->refusals;
    int64_t now_us = sl_now_us();

    refusals->count++;
    if (refusals->logged_us != 0 && now_us - refusals->logged_us < SL_US_PER_S)
        return;
    sl_log(SL_LOG_WARN, &connection->log, "message refused, %u of late: %s", refusals->count, why);
    refusals->count = 0;
    refusals->logged_us = now_us;
}

static void refuse(struct connection *connection, int err)
{
    bool malformed = err == -EBADMSG;

    sl_count(connection->signalling->counters,
             malformed ? SL_COUNTER_WS_REFUSED_MALFORMED : SL_COUNTER_WS_REFUSED_SIZE, 1);
    log_refused(connection, malformed ? "no JSON object with a message, or U+0000 where it is read"
                                      : "nested too deeply, or too many values");
    sl_send_fail(connection, NULL, NULL, "Bad request");
    if (++connection->malformed >= MALFORMED_MAX)
        sl_connection_close(connection, 1008, "malformed messages");
}

/* ---- Messages ---- */

/* envelope is to be freed if err is 0. */
static void handle(struct connection *connection, int err, struct envelope *envelope)
{
    if (err < 0) {
        refuse(connection, err);
        return;
    }
    connection->malformed = 0;
    sl_dispatch(connection, envelope);
    sl_envelope_free(envelope);
}

struct parse {
    struct sl_job job;
    struct connection *connection; /* NULL: it has gone */
    char *text;
    size_t len;
    int err; /* what sl_envelope_parse() gave; 1 until then */
    struct envelope envelope;
    int64_t work_us;
};

static bool parse_is_needed(struct sl_job *job)
{
    return sl_container_of(job, struct parse, job)->connection != NULL;
}

static void parse_run(struct sl_job *job) /* a thread of the pool */
{
    struct parse *parse = sl_container_of(job, struct parse, job);
    int64_t start_us = sl_cpu_us();

    parse->err = sl_envelope_parse(parse->text, parse->len, SL_JSON_VALUES_MAX, &parse->envelope);
    parse->work_us = sl_cpu_us() - start_us;
}

static void parse_on_ran(struct sl_job *job)
{
    struct parse *parse = sl_container_of(job, struct parse, job);
    struct connection *connection = parse->connection;

    if (!connection)
        return;
    connection->parse = NULL;
    parse->connection = NULL;
    if (connection->closing)
        return;
    int err = parse->err;
    int64_t start_us = sl_cpu_us();
    parse->err = 1; /* handle() frees the envelope */
    handle(connection, err, &parse->envelope);
    go_on(connection, parse->len, parse->work_us + sl_cpu_us() - start_us);
}

static void parse_free(struct sl_job *job)
{
    struct parse *parse = sl_container_of(job, struct parse, job);

    if (parse->connection)
        parse->connection->parse = NULL;
    if (parse->err == 0)
        sl_envelope_free(&parse->envelope);
    free(parse->text);
    free(parse);
}

static void parse_elsewhere(struct connection *connection, const char *text, size_t len)
{
    struct parse *parse = sl_new(struct parse);

    parse->job.is_needed = parse_is_needed;
    parse->job.run = parse_run;
    parse->job.on_ran = parse_on_ran;
    parse->job.free = parse_free;
    parse->text = sl_alloc(len); /* ws_message_max bounds it */
    memcpy(parse->text, text, len);
    parse->len = len;
    parse->err = 1;
    if (sl_jobs_add(&connection->signalling->parses, &parse->job) < 0) {
        parse_free(&parse->job);
        sl_count(connection->signalling->counters, SL_COUNTER_WS_REFUSED_RATE, 1);
        log_refused(connection, "too many long messages of all clients are waiting");
        sl_send_fail(connection, NULL, NULL, sl_signalling_words(SL_REASON_BUSY));
        go_on(connection, len, 0);
        return;
    }
    parse->connection = connection;
    connection->parse = parse;
    sl_ws_pause(connection->ws);
}

static bool is_too_early(struct connection *connection)
{
    if (connection->session || ++connection->early <= EARLY_MESSAGES_MAX)
        return false;
    sl_count(connection->signalling->counters, SL_COUNTER_WS_REFUSED_RATE, 1);
    log_refused(connection, "too many before there is a session");
    sl_connection_close(connection, 1008, "no connection message");
    return true;
}

void sl_inbox_take(struct connection *connection, const char *text, size_t len)
{
    struct envelope envelope;

    if (is_too_early(connection))
        return;
    if (len > PARSE_HERE_MAX) {
        parse_elsewhere(connection, text, len);
        return;
    }
    int64_t start_us = sl_cpu_us();
    int err = sl_envelope_parse(
        text, len, connection->session ? SL_JSON_VALUES_MAX : EARLY_VALUES_MAX, &envelope);
    handle(connection, err, &envelope);
    if (!connection->closing)
        go_on(connection, len, sl_cpu_us() - start_us);
}

void sl_inbox_open(struct connection *connection)
{
    sl_ws_set_message_max(connection->ws, (size_t)connection->signalling->config->ws_message_max);
}

void sl_inbox_close(struct connection *connection)
{
    sl_timer_destroy(connection->pause);
    connection->pause = NULL;
    if (connection->parse)
        connection->parse->connection = NULL;
    connection->parse = NULL;
}
