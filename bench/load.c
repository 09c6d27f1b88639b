/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The load program: publishers that replay a clip, players that receive it, and what that costs the
 * server. Prints a line of JSON on stdout for each measurement.
 *
 *   load --target sluice|janus --port N... --pid SERVER... --clip FILE [--play-port N...]
 *        [--rooms R] [--players P per room] [--seconds S] [--settle S] [--repeat N] [--join-ms MS]
 *        [--hold] [--existing] [--cm] [--verify-every N] [--pace-us N] [--form FORM...]
 *        [--intact] [--sound] [--trace FILE [--record FILE]] [--sip-port N]
 *
 * With --repeat the same players are measured N times, each time after --settle seconds, in which
 * whoever started it may change something; then a line "measuring" tells when each begins.
 *
 * Several servers: room R is published at the R-th --port and its player P plays at the P-th
 * --play-port (without one: --port), in turn. With --hold a line "published" tells that all rooms
 * flow, and players come when a line on stdin has answered: until then whoever started it may have
 * one server pull from another. "measuring" is told as well. With --existing the rooms are there
 * already, bench-1 to bench-R, and none is published.
 *
 * The players, all rooms counted, ask for the forms (form.h) in turn. --trace tells of each whole
 * frame that came to a player (trace.h), --record has the first player's pictures.
 *
 * Packets carry the time they were sent at, in place of their end: with --intact they do not, so
 * that the server can decode them, and no latency is known.
 *
 * With --sound all streams are sound alone, and so is the clip.
 *
 * With --sip-port the players are telephones in a browser: each calls a party at 127.0.0.1, says
 * the clip and hears what comes back. A join lasts from the call to the first sound, a latency from
 * the telephone to the party and back.
 *
 * Server CPU is user + kernel time of all threads of each --pid, over the measured
 * seconds; memory is what the resident sets grew by between the publishers' start and the players'
 * arrival.
 */
#include "client.h"
#include "clip.h"
#include "options.h"
#include "peer.h"
#include "process.h"
#include "trace.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LATENCIES = 1 << 20,
    TICK_MS = 1,
    JOIN_DEADLINE_US = 60 * SL_US_PER_S,
    PUBLISH_FIRST_US = 1500 * SL_US_PER_MS, /* players come when the publishers have settled */
};

enum phase { PHASE_PUBLISH, PHASE_HOLD, PHASE_JOIN, PHASE_SETTLE, PHASE_MEASURE, PHASE_DONE };

struct publisher {
    struct peer *peer;
    size_t next;        /* packet of the clip */
    unsigned picture;   /* of the clip: its number */
    int64_t started_us; /* of this round of the clip */
    int64_t sent_us;    /* the packet before */
    uint32_t timestamp_offset[2];
};

struct totals {
    uint64_t packets, bytes, lost, auth_failed, roc_steps, sent;
};

struct load {
    struct options options;
    struct client_context context;
    struct sl_http *http;
    struct clip *clip;
    struct trace *trace;          /* NULL: none */
    struct publisher *publishers; /* one for each room, or none */
    size_t publisher_count;
    struct peer **players;
    struct publisher *callers; /* the players, as those who say something; NULL: they do not */
    size_t player_count, players_made;
    enum phase phase;
    int64_t phase_us, next_join_us, next_report_us;
    int measured;     /* of options.repeat */
    uv_poll_t answer; /* on stdin, while holding */
    uint64_t memory_before, memory_after;
    double cpu_before[SERVERS_MAX];
    struct totals before;
    bool ok;
};

/* ---- Publishing ---- */

/* When the next packet is to leave. In a burst its distance to the one before is kept, too, however
 * late the burst began. */
static int64_t due_us(const struct load *load, const struct publisher *publisher)
{
    const struct clip_packet *packet = &load->clip->packets[publisher->next];
    int64_t due_us = publisher->started_us + packet->at_us;

    if (publisher->next > 0) {
        int64_t gap_us = packet->at_us - packet[-1].at_us;
        if (gap_us <= CLIP_BURST_US && publisher->sent_us + gap_us > due_us)
            return publisher->sent_us + gap_us;
    }
    return due_us;
}

static void trace_picture(struct trace *trace, struct publisher *publisher,
                          const struct clip_packet *packet)
{
    if (packet->kind == SL_VIDEO && packet->marker)
        trace_sent(trace, publisher->picture++,
                   packet->timestamp + publisher->timestamp_offset[SL_VIDEO], publisher->sent_us);
}

static void publish_due(struct load *load, struct publisher *publisher, int64_t now_us)
{
    if (!client_is_connected(publisher->peer->client))
        return;
    if (!publisher->started_us)
        publisher->started_us = now_us;
    for (;;) {
        const struct clip_packet *packet = &load->clip->packets[publisher->next];
        int64_t packet_us = due_us(load, publisher);
        if (packet_us > now_us + 2 * CLIP_BURST_US)
            return;
        while (now_us < packet_us)
            now_us = sl_now_us(); /* no timer is as fine as the gaps of a burst */
        publisher->sent_us = now_us;
        client_send(publisher->peer->client, packet->kind, packet->marker,
                    packet->timestamp + publisher->timestamp_offset[packet->kind], packet->payload,
                    packet->len);
        if (load->trace && publisher == load->publishers)
            trace_picture(load->trace, publisher, packet);
        if (++publisher->next < load->clip->count)
            continue;
        publisher->next = 0;
        publisher->picture = 0;
        publisher->started_us += load->clip->duration_us;
        for (size_t i = 0; i < 2; i++)
            publisher->timestamp_offset[i] +=
                (uint32_t)(load->clip->duration_us * (i == SL_VIDEO ? 90000 : 48000) / SL_US_PER_S);
    }
}

/* ---- Figures ---- */

static struct totals count_totals(struct load *load)
{
    struct totals totals = {0};

    for (size_t i = 0; i < load->players_made; i++) {
        const struct client_stats *stats = client_stats(load->players[i]->client);
        totals.packets += stats->packets;
        totals.bytes += stats->bytes;
        totals.lost += stats->lost;
        totals.auth_failed += stats->auth_failed;
        totals.roc_steps += stats->roc_steps;
    }
    for (size_t i = 0; i < load->publisher_count; i++)
        totals.sent += client_stats(load->publishers[i].peer->client)->sent;
    return totals;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Sorts; 0 if empty. */
static double percentile_ms(uint32_t *values, size_t count, double percent)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), compare_u32);
    return values[(size_t)((double)(count - 1) * percent / 100)] / 1000.0;
}

static uint64_t resident_bytes(const struct load *load)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < load->options.pid_count; i++)
        bytes += process_resident_bytes(load->options.pids[i]);
    return bytes;
}

static void print_servers(const double *cpu_s, size_t count)
{
    printf("\"server_cpu_s\":[");
    for (size_t i = 0; i < count; i++)
        printf("%s%.3f", i > 0 ? "," : "", cpu_s[i]);
    printf("]}\n");
}

static void print_result(struct load *load)
{
    struct totals now = count_totals(load);
    uint64_t packets = now.packets - load->before.packets;
    double server_cpu[SERVERS_MAX], cpu = 0;
    size_t latencies = load->context.latency_count < load->context.latency_max
                           ? load->context.latency_count
                           : load->context.latency_max;
    uint32_t *joins = sl_new_array(uint32_t, load->player_count);

    for (size_t i = 0; i < load->options.pid_count; i++) {
        server_cpu[i] = process_cpu_s(load->options.pids[i]) - load->cpu_before[i];
        cpu += server_cpu[i];
    }
    for (size_t i = 0; i < load->player_count; i++)
        joins[i] = (uint32_t)(client_stats(load->players[i]->client)->first_packet_us -
                              load->players[i]->requested_us);
    double memory = load->memory_after > load->memory_before
                        ? (double)(load->memory_after - load->memory_before)
                        : 0;
    printf(
        "{\"target\":\"%s\",\"rooms\":%d,\"players\":%zu,\"seconds\":%d,\"packets\":%llu,"
        "\"sent\":%llu,\"bytes\":%llu,\"cpu_s\":%.3f,\"us_per_packet\":%.3f,"
        "\"us_per_player_s\":%.1f,\"memory_per_player_kb\":%.1f,\"lost\":%llu,"
        "\"auth_failed\":%llu,\"roc_steps\":%llu,\"latency_p50_ms\":%.3f,"
        "\"latency_p99_ms\":%.3f,\"join_p50_ms\":%.2f,\"join_p95_ms\":%.2f,",
        load->options.target, load->options.rooms, load->player_count, load->options.seconds,
        (unsigned long long)packets, (unsigned long long)(now.sent - load->before.sent),
        (unsigned long long)(now.bytes - load->before.bytes), cpu,
        packets ? cpu * 1e6 / (double)packets : 0,
        load->player_count ? cpu * 1e6 / (double)load->options.seconds / (double)load->player_count
                           : 0,
        load->player_count ? memory / 1024 / (double)load->player_count : 0,
        (unsigned long long)(now.lost - load->before.lost), (unsigned long long)now.auth_failed,
        (unsigned long long)now.roc_steps, percentile_ms(load->context.latencies, latencies, 50),
        percentile_ms(load->context.latencies, latencies, 99),
        percentile_ms(joins, load->player_count, 50), percentile_ms(joins, load->player_count, 95));
    print_servers(server_cpu, load->options.pid_count);
    (void)fflush(stdout); /* the reader acts on each line */
    free(joins);
}

/* ---- Phases ---- */

static void enter(struct load *load, enum phase phase, int64_t now_us)
{
    load->phase = phase;
    load->phase_us = now_us;
}

/* turn: among the players of its room. */
static uint16_t port_of(const struct options *options, bool publishing, int room, size_t turn)
{
    if (!publishing && options->play_port_count > 0)
        return options->play_ports[turn % options->play_port_count];
    return options->ports[(size_t)(room - 1) % options->port_count];
}

/* turn: as port_of(); number: among all players. */
static struct peer *make_peer(struct load *load, bool publishing, int room, size_t turn,
                              size_t number)
{
    const struct options *options = &load->options;
    struct peer_config config = {
        .context = &load->context,
        .http = load->http,
        .protocol = load->options.protocol,
        .host = "127.0.0.1",
        .port = port_of(&load->options, publishing, room, turn),
        .publishing = publishing || options->sip_port,
        .sip_port = options->sip_port,
        .room = options->sip_port ? (int)number + 1 : room,
        .form = FORM_PLAIN,
        .sound_only = options->sound,
        .trace = publishing ? NULL : load->trace,
        .number = (unsigned)number,
    };

    if (!publishing && options->form_count > 0)
        config.form = options->forms[number % options->form_count];
    return peer_create(&config);
}

static bool publishers_flow(const struct load *load)
{
    for (size_t i = 0; i < load->publisher_count; i++) {
        if (!client_is_connected(load->publishers[i].peer->client))
            return false;
    }
    return true;
}

static bool all_receive(const struct load *load)
{
    if (load->players_made < load->player_count)
        return false;
    for (size_t i = 0; i < load->player_count; i++) {
        if (!client_stats(load->players[i]->client)->first_packet_us)
            return false;
    }
    return true;
}

static void give_up(struct load *load, const char *why)
{
    fprintf(stderr, "load: %s\n", why);
    load->phase = PHASE_DONE;
    sl_loop_stop(load->context.loop);
}

static void join_next(struct load *load, int64_t now_us)
{
    if (load->players_made == load->player_count || now_us < load->next_join_us)
        return;
    size_t i = load->players_made++;
    size_t rooms = (size_t)load->options.rooms;
    load->players[i] = make_peer(load, false, (int)(i % rooms) + 1, i / rooms, i);
    if (load->callers)
        load->callers[i].peer = load->players[i];
    load->next_join_us = now_us + (int64_t)load->options.join_ms * SL_US_PER_MS;
}

/* A line for whoever started this. */
static void tell(const char *line)
{
    printf("%s\n", line);
    (void)fflush(stdout);
}

static void start_measuring(struct load *load, int64_t now_us)
{
    load->before = count_totals(load);
    load->context.latency_count = 0;
    for (size_t i = 0; i < load->options.pid_count; i++)
        load->cpu_before[i] = process_cpu_s(load->options.pids[i]);
    if (load->trace)
        trace_measuring(load->trace, now_us);
    enter(load, PHASE_MEASURE, now_us);
    if (load->options.repeat > 1 || load->options.hold)
        tell("measuring");
}

static void begin_joining(struct load *load, int64_t now_us)
{
    load->memory_before = resident_bytes(load);
    enter(load, PHASE_JOIN, now_us);
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
    struct load *load = poll->data;
    char line[64];

    (void)events;
    (void)uv_poll_stop(poll);
    if (status == 0 && read(STDIN_FILENO, line, sizeof(line)) > 0)
        begin_joining(load, sl_now_us());
    else
        give_up(load, "nobody answers");
}

static void hold(struct load *load, int64_t now_us)
{
    enter(load, PHASE_HOLD, now_us);
    tell("published");
    load->answer.data = load;
    (void)uv_poll_start(&load->answer, UV_READABLE, on_answer);
}

static void trace_requests(struct load *load)
{
    for (size_t i = 0; load->trace && i < load->players_made; i++)
        trace_asked(load->trace, (unsigned)i, load->players[i]->requested_us);
}

static void step(struct load *load, int64_t now_us)
{
    int64_t in_phase_us = now_us - load->phase_us;

    switch (load->phase) {
    case PHASE_PUBLISH:
        if (publishers_flow(load) && in_phase_us > PUBLISH_FIRST_US) {
            if (load->options.hold)
                hold(load, now_us);
            else
                begin_joining(load, now_us);
        } else if (in_phase_us > JOIN_DEADLINE_US) {
            give_up(load, "the publishers did not connect");
        }
        break;
    case PHASE_HOLD:
        break;
    case PHASE_JOIN:
        join_next(load, now_us);
        if (all_receive(load))
            enter(load, PHASE_SETTLE, now_us);
        else if (in_phase_us > JOIN_DEADLINE_US)
            give_up(load, "not every player received media");
        break;
    case PHASE_SETTLE:
        if (in_phase_us > (int64_t)load->options.settle * SL_US_PER_S) {
            if (load->measured == 0)
                load->memory_after = resident_bytes(load);
            start_measuring(load, now_us);
        }
        break;
    case PHASE_MEASURE:
        if (in_phase_us > (int64_t)load->options.seconds * SL_US_PER_S) {
            print_result(load);
            if (++load->measured < load->options.repeat) {
                enter(load, PHASE_SETTLE, sl_now_us());
                break;
            }
            trace_requests(load);
            load->ok = true;
            load->phase = PHASE_DONE;
            sl_loop_stop(load->context.loop);
        }
        break;
    case PHASE_DONE:
        break;
    }
}

static void on_tick(void *owner)
{
    struct load *load = owner;
    int64_t now_us = sl_now_us();
    bool report = now_us >= load->next_report_us;

    for (size_t i = 0; i < load->publisher_count; i++) {
        publish_due(load, &load->publishers[i], now_us);
        client_tick(load->publishers[i].peer->client, now_us);
        if (report)
            client_report(load->publishers[i].peer->client);
    }
    for (size_t i = 0; i < load->players_made; i++) {
        if (load->callers)
            publish_due(load, &load->callers[i], now_us);
        client_tick(load->players[i]->client, now_us);
        if (report)
            client_report(load->players[i]->client);
    }
    if (report)
        load->next_report_us = now_us + SL_US_PER_S;
    step(load, now_us);
}

/* ---- Main ---- */

static bool set_up(struct load *load)
{
    struct sl_http_limits limits = {
        .connections = 10000,
        .header_len = 16384,
        .header_timeout_s = 20,
        .body_len = 1 << 20,
        .ws_message_len = 1 << 20,
        .ws_queue_len = 1 << 20,
        .idle_timeout_s = 60,
    };
    struct sl_error error = {""};
    struct sl_dtls_identity *identity;

    load->clip = clip_load(load->options.clip, load->options.pace_us);
    if (!load->clip)
        return false;
    if (load->options.trace) {
        load->trace = trace_open(load->options.trace, load->options.record);
        if (!load->trace)
            return false;
    }
    load->context.loop = sl_loop_create("load");
    load->context.counters = sl_new(struct sl_counters);
    if (load->options.hold &&
        uv_poll_init(sl_loop_uv(load->context.loop), &load->answer, STDIN_FILENO) < 0) {
        fprintf(stderr, "load: --hold needs a pipe on stdin\n");
        return false;
    }
    load->context.engine = sl_srtp_engine_create(SL_SRTP_BEST);
    load->context.receiver = sl_udp_receiver_create();
    load->context.intact = load->options.intact;
    load->context.verify_every = load->options.verify_every;
    load->context.latencies = sl_new_array(uint32_t, LATENCIES);
    load->context.latency_max = LATENCIES;
    if (sl_dtls_identity_create(!load->options.cm, &identity, &error) < 0 ||
        sl_http_create(load->context.loop, &limits, &load->http, &error) < 0) {
        fprintf(stderr, "load: %s\n", error.text);
        return false;
    }
    load->context.identity = identity;
    load->player_count = (size_t)load->options.rooms * (size_t)load->options.players;
    load->players = sl_new_array(struct peer *, load->player_count);
    if (load->options.sip_port)
        load->callers = sl_new_array(struct publisher, load->player_count);
    load->context.stamp_all = load->options.sip_port != 0;
    load->publisher_count = load->options.existing ? 0 : (size_t)load->options.rooms;
    load->publishers = sl_new_array(struct publisher, load->publisher_count);
    for (size_t i = 0; i < load->publisher_count; i++)
        load->publishers[i].peer = make_peer(load, true, (int)i + 1, 0, 0);
    return true;
}

int main(int argc, char **argv)
{
    struct load load = {.options = {.rooms = 1,
                                    .players = 1,
                                    .seconds = 10,
                                    .settle = 2,
                                    .repeat = 1,
                                    .verify_every = 16,
                                    .pace_us = 20,
                                    .join_ms = 10 /* joins are not a stampede */}};

    if (!options_parse(argc, argv, &load.options)) {
        fprintf(stderr, "usage: see the head of load.c\n");
        return 2;
    }
    if (!set_up(&load))
        return 1;
    struct sl_timer *timer = sl_timer_create(load.context.loop, on_tick, &load);
    sl_timer_start(timer, TICK_MS, TICK_MS);
    load.phase_us = sl_now_us();
    sl_loop_run(load.context.loop);
    trace_close(load.trace);
    /* The process ends here; the kernel takes back what thousands of peers hold. */
    return load.ok ? 0 : 1;
}
