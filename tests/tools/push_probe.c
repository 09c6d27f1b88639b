/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The push module by itself: a stream made of a media file (H264 or VP8, opus or G.711), in a loop
 * and in real time, as the packets a browser would send; pushed where standard input says. For
 * tests of what arrives at RTMP servers, without a browser and with sound and pictures that stop,
 * jump and come back on command.
 *
 *   push_probe PROGRAM [key=value ...] FILE     the server, whose codec processes are used; the
 *                                               options of the configuration
 *
 * Commands, one a line: push URL [JSON]   mute   unmute   sound FILE|- [loop]   describe   summary
 *   terminate   audio on|off   video on|off   jump MS   reserve   release   publish [FILE]
 *   unpublish   quit
 * Each is answered by one line: `ok ...` or `error NUMBER words`.
 */
#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/jobs.h"
#include "net/net.h"
#include "program/program.h"
#include "push/push.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

enum { PACKETS_MAX = 200000, FEED_MS = 5, G711_PACKET = 160 };

/* One RTP packet of the file, to be sent at this time of each round. */
struct packet {
    enum sl_codec codec;
    int64_t at_us;
    bool marker, keyframe;
    uint16_t len;
    uint8_t *bytes;
};

struct track_state {
    int64_t seq;
    _Atomic bool off;
    struct sl_track_clock clock;
};

struct probe {
    struct sl_loop *control;
    struct sl_metrics *metrics;
    struct sl_workers *workers;
    struct sl_streams *streams;
    struct sl_job_pool *jobs;
    int program_fd;
    struct sl_transcoder *transcoder;
    struct sl_programs *programs;
    struct sl_tls_clients *tls;
    struct sl_pushes *pushes;
    struct sl_config *config;
    struct sl_stream *stream;
    struct sl_reservation *reservation;
    struct sl_push_start *start;
    char id[64];
    uv_pipe_t input;
    char line[4096];
    size_t line_len;

    /* The source's, read by the worker. */
    enum sl_codec codecs[2];
    uint16_t width, height;
    struct packet *packets;
    size_t packet_count;
    int64_t round_us;

    /* The worker's. */
    struct sl_worker *worker;
    uv_timer_t timer;
    struct sl_track *tracks[2]; /* NULL: no stream */
    struct track_state states[2];
    int64_t begun_us;
    size_t next;
    int64_t round;
    _Atomic int64_t jump_us;
    _Atomic int keyframe_requests;
};

/* ---- The file ---- */

static enum sl_codec codec_of(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_H264:
        return SL_CODEC_H264;
    case AV_CODEC_ID_VP8:
        return SL_CODEC_VP8;
    case AV_CODEC_ID_OPUS:
        return SL_CODEC_OPUS;
    case AV_CODEC_ID_PCM_ALAW:
        return SL_CODEC_PCMA;
    case AV_CODEC_ID_PCM_MULAW:
        return SL_CODEC_PCMU;
    default:
        return SL_CODEC_NONE;
    }
}

struct cutter {
    struct probe *probe;
    struct packet base;
};

static void add_packet(struct probe *probe, const struct packet *base, const uint8_t *head,
                       size_t head_len, const uint8_t *bytes, size_t len, bool marker)
{
    if (probe->packet_count == PACKETS_MAX || head_len + len > SL_PACKET_PAYLOAD_MAX)
        return;
    struct packet *packet = &probe->packets[probe->packet_count++];
    *packet = *base;
    packet->marker = marker;
    packet->len = (uint16_t)(head_len + len);
    packet->bytes = malloc(head_len + len);
    if (head_len > 0)
        memcpy(packet->bytes, head, head_len);
    memcpy(packet->bytes + head_len, bytes, len);
}

static void on_h264(void *arg, const uint8_t *payload, size_t len, bool marker)
{
    struct cutter *cutter = arg;

    add_packet(cutter->probe, &cutter->base, NULL, 0, payload, len, marker);
}

/* RFC 7741 with the shortest descriptor: S in the first packet. */
static void cut_vp8(struct probe *probe, const struct packet *base, const uint8_t *bytes,
                    size_t len)
{
    for (size_t at = 0; at < len; at += 1100) {
        size_t part = len - at < 1100 ? len - at : 1100;
        uint8_t head = at == 0 ? 0x10 : 0x00;
        add_packet(probe, base, &head, 1, bytes + at, part, at + part == len);
    }
}

static void cut(struct probe *probe, const struct packet *base, const uint8_t *bytes, size_t len)
{
    struct cutter cutter = {probe, *base};

    if (base->codec == SL_CODEC_H264) {
        sl_packetize_h264(bytes, len, SL_RTP_PAYLOAD_DEFAULT, false, on_h264, &cutter);
    } else if (base->codec == SL_CODEC_VP8) {
        cut_vp8(probe, base, bytes, len);
    } else if (base->codec == SL_CODEC_OPUS) {
        add_packet(probe, base, NULL, 0, bytes, len, false);
    } else {
        struct packet at = *base;
        for (size_t i = 0; i < len; i += G711_PACKET, at.at_us += 20000) {
            size_t part = len - i < G711_PACKET ? len - i : G711_PACKET;
            add_packet(probe, &at, NULL, 0, bytes + i, part, false);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const struct packet *left = a, *right = b;

    return (left->at_us > right->at_us) - (left->at_us < right->at_us);
}

static void take_packet(struct probe *probe, const AVStream *stream, const AVPacket *av)
{
    enum sl_codec codec = codec_of(stream->codecpar->codec_id);
    enum sl_media_kind kind = sl_codec_kind(codec);
    struct packet base = {.codec = codec, .keyframe = av->flags & AV_PKT_FLAG_KEY};

    if (codec == SL_CODEC_NONE)
        return;
    base.at_us = av_rescale_q(av->pts, stream->time_base, (AVRational){1, SL_US_PER_S});
    probe->codecs[kind] = codec;
    if (kind == SL_VIDEO) {
        probe->width = (uint16_t)stream->codecpar->width;
        probe->height = (uint16_t)stream->codecpar->height;
    }
    cut(probe, &base, av->data, (size_t)av->size);
}

/* Matroska keeps H264 with lengths; RTP wants start codes. NULL: there is no H264. */
static AVBSFContext *open_filter(const AVFormatContext *format)
{
    AVBSFContext *filter = NULL;

    for (unsigned i = 0; i < format->nb_streams; i++) {
        if (format->streams[i]->codecpar->codec_id != AV_CODEC_ID_H264)
            continue;
        if (av_bsf_alloc(av_bsf_get_by_name("h264_mp4toannexb"), &filter) < 0 ||
            avcodec_parameters_copy(filter->par_in, format->streams[i]->codecpar) < 0 ||
            av_bsf_init(filter) < 0)
            return NULL;
    }
    return filter;
}

static bool read_file(struct probe *probe, const char *name)
{
    AVFormatContext *format = NULL;
    AVPacket *av = av_packet_alloc();

    if (avformat_open_input(&format, name, NULL, NULL) < 0 ||
        avformat_find_stream_info(format, NULL) < 0)
        return false;
    AVBSFContext *filter = open_filter(format);
    probe->packets = calloc(PACKETS_MAX, sizeof(*probe->packets));
    while (av_read_frame(format, av) >= 0) {
        const AVStream *stream = format->streams[av->stream_index];
        bool filtered = stream->codecpar->codec_id == AV_CODEC_ID_H264;
        if (filtered &&
            (av_bsf_send_packet(filter, av) < 0 || av_bsf_receive_packet(filter, av) < 0))
            continue;
        take_packet(probe, stream, av);
        av_packet_unref(av);
    }
    av_bsf_free(&filter);
    /* Whole seconds: what happens each second goes on doing so in the next round. */
    probe->round_us = (format->duration / SL_US_PER_S) * SL_US_PER_S;
    qsort(probe->packets, probe->packet_count, sizeof(*probe->packets), compare);
    while (probe->packet_count > 0 &&
           probe->packets[probe->packet_count - 1].at_us >= probe->round_us)
        free(probe->packets[--probe->packet_count].bytes);
    av_packet_free(&av);
    avformat_close_input(&format);
    return probe->packet_count > 0 && probe->round_us > 0;
}

static void forget_file(struct probe *probe)
{
    for (size_t i = 0; i < probe->packet_count; i++)
        free(probe->packets[i].bytes);
    free(probe->packets);
    probe->packets = NULL;
    probe->packet_count = 0;
    probe->codecs[SL_AUDIO] = SL_CODEC_NONE;
    probe->codecs[SL_VIDEO] = SL_CODEC_NONE;
}

/* ---- The source, on the worker ---- */

static void send_packet(struct probe *probe, const struct packet *from, int64_t at_us)
{
    enum sl_media_kind kind = sl_codec_kind(from->codec);
    struct track_state *state = &probe->states[kind];
    uint32_t clock_hz = sl_codec_clock_hz(from->codec);

    if (!probe->tracks[kind] || atomic_load(&state->off))
        return;
    struct sl_rtp_packet *packet = sl_rtp_packet_create(probe->worker);
    if (!packet)
        return;
    packet->seq = ++state->seq;
    packet->arrival_us = sl_now_us();
    packet->timestamp = (uint32_t)(at_us * clock_hz / SL_US_PER_S);
    packet->codec = from->codec;
    packet->marker = from->marker;
    packet->keyframe_start = from->keyframe;
    packet->payload_len = from->len;
    memcpy(packet->payload, from->bytes, from->len);
    if (!state->clock.valid) {
        state->clock = (struct sl_track_clock){.valid = true, .local_us = probe->begun_us};
        sl_track_set_clock(probe->tracks[kind], &state->clock);
    }
    sl_track_input(probe->tracks[kind], packet);
}

static void on_timer(uv_timer_t *timer)
{
    struct probe *probe = timer->data;
    int64_t now_us = sl_now_us() - probe->begun_us;

    if (!probe->tracks[SL_AUDIO] && !probe->tracks[SL_VIDEO])
        return;
    for (;;) {
        const struct packet *packet = &probe->packets[probe->next];
        int64_t at_us = packet->at_us + probe->round * probe->round_us;
        if (at_us > now_us)
            return;
        send_packet(probe, packet, at_us + atomic_load(&probe->jump_us));
        if (++probe->next == probe->packet_count) {
            probe->next = 0;
            probe->round++;
        }
    }
}

static void request_keyframe(void *owner, struct sl_track *track)
{
    struct probe *probe = owner;

    (void)track; /* the file has key frames enough */
    atomic_fetch_add(&probe->keyframe_requests, 1);
}

static const struct sl_source_ops source_ops = {.protocol = "probe",
                                                .request_keyframe = request_keyframe};

struct change {
    struct sl_msg msg;
    struct probe *probe;
    struct sl_track *tracks[2];
    _Atomic bool done;
};

static void on_change(struct sl_msg *msg) /* on the worker */
{
    struct change *change = sl_container_of(msg, struct change, msg);
    struct probe *probe = change->probe;

    for (size_t i = 0; i < 2; i++) {
        probe->tracks[i] = change->tracks[i];
        probe->states[i].seq = 70000;
        probe->states[i].clock.valid = false;
    }
    probe->begun_us = sl_now_us();
    probe->next = 0;
    probe->round = 0;
    atomic_store(&change->done, true);
}

static void on_size(struct sl_msg *msg) /* on the worker */
{
    struct change *change = sl_container_of(msg, struct change, msg);

    if (change->tracks[SL_VIDEO])
        sl_track_set_size(change->tracks[SL_VIDEO], change->probe->width, change->probe->height);
    atomic_store(&change->done, true);
}

static void on_worker(struct probe *probe, struct sl_track *audio, struct sl_track *video,
                      void (*run)(struct sl_msg *msg))
{
    struct change change = {.msg = {.run = run}, .probe = probe, .tracks = {audio, video}};

    sl_loop_post(sl_worker_loop(probe->worker), &change.msg);
    while (!atomic_load(&change.done))
        (void)usleep(1000); /* a tool may wait */
}

/* ---- Commands ---- */

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void answer(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
    (void)fflush(stdout);
}

static void on_pushed(void *owner, int err, const char *words, struct sl_push *push)
{
    struct probe *probe = owner;
    struct sl_push_summary summary;

    probe->start = NULL;
    if (err < 0) {
        answer("error %d %s", -err, words);
        return;
    }
    sl_push_summary(push, &summary);
    (void)snprintf(probe->id, sizeof(probe->id), "%s", summary.media_session_id);
    answer("ok %s", probe->id);
}

static void start_push(struct probe *probe, char *arguments)
{
    char *json = strchr(arguments, ' ');
    json_t *options = NULL;

    if (json) {
        *json++ = '\0';
        options = json_loads(json, 0, NULL);
    }
    struct sl_push_request request = {
        .stream = "probe",
        .rtmp_url = arguments,
        .origin = json_is_true(json_object_get(options, "client")) ? SL_PUSH_BY_CLIENT
                                                                   : SL_PUSH_BY_OPERATOR,
        .options = options,
        .mute = json_is_true(json_object_get(options, "mute")),
        .sound_file = json_string_value(json_object_get(options, "soundFile")),
        .loop = json_is_true(json_object_get(options, "loop")),
    };
    if (json_is_true(json_object_get(options, "fullUrl")))
        request.full_url = SL_PUSH_FULL_URL_ON;
    probe->start = sl_push_start(probe->pushes, &request, on_pushed, probe);
    json_decref(options);
}

static void publish(struct probe *probe)
{
    struct sl_stream_config config = {
        .name = "probe",
        .worker = probe->worker,
        .ops = &source_ops,
        .owner = probe,
        .reservation = probe->reservation,
    };

    for (size_t i = 0; i < 2; i++) {
        config.tracks[i].present = probe->codecs[i] != SL_CODEC_NONE;
        config.tracks[i].codec_count = 1;
        config.tracks[i].codecs[0].codec = probe->codecs[i];
    }
    int err = sl_stream_create(probe->streams, &config, &probe->stream);
    if (err < 0) {
        answer("error %d cannot publish", -err);
        return;
    }
    struct sl_track *audio = sl_stream_track(probe->stream, SL_AUDIO);
    struct sl_track *video = sl_stream_track(probe->stream, SL_VIDEO);
    on_worker(probe, audio, video, on_change);
    on_worker(probe, audio, video, on_size);
    sl_stream_set_live(probe->stream);
    answer("ok");
}

static void unpublish(struct probe *probe)
{
    if (!probe->stream)
        return;
    sl_stream_end(probe->stream);
    on_worker(probe, NULL, NULL, on_change);
    sl_stream_release(probe->stream);
    probe->stream = NULL;
}

static void on_sound(void *owner, int err, const char *words)
{
    (void)owner;
    if (err < 0)
        answer("error %d %s", -err, words);
    else
        answer("ok");
}

static void print_push(struct sl_push *push, void *arg)
{
    json_t *description = sl_push_describe(push);
    char *text = json_dumps(description, JSON_COMPACT);

    (void)arg;
    answer("ok %s", text);
    free(text);
    json_decref(description);
}

static void on_stopped(void *owner)
{
    struct probe *probe = owner;

    sl_loop_stop(probe->control);
}

static void on_programs_stopped(void *owner)
{
    struct probe *probe = owner;

    sl_transcoder_stop(probe->transcoder, on_stopped, probe);
}

static void on_pushes_stopped(void *owner)
{
    struct probe *probe = owner;

    sl_programs_stop(probe->programs, on_programs_stopped, probe);
}

static void quit(struct probe *probe)
{
    sl_pushes_stop(probe->pushes, on_pushes_stopped, probe);
}

/* Those that act on the push made last. */
static bool act_on_push(struct probe *probe, struct sl_push *push, const char *verb, char *argument)
{
    struct sl_push_summary summary;

    if (strcmp(verb, "mute") == 0 || strcmp(verb, "unmute") == 0) {
        sl_push_set_muted(push, verb[0] == 'm');
        answer("ok");
    } else if (strcmp(verb, "sound") == 0) {
        char *loop = strchr(argument, ' ');
        if (loop)
            *loop = '\0';
        sl_push_set_sound(push, strcmp(argument, "-") == 0 ? NULL : argument, loop != NULL,
                          on_sound, probe);
    } else if (strcmp(verb, "describe") == 0) {
        print_push(push, NULL);
    } else if (strcmp(verb, "summary") == 0) {
        sl_push_summary(push, &summary);
        answer("ok %s %llu %llu %u", sl_push_state_name(summary.state),
               (unsigned long long)summary.bitrate_bps, (unsigned long long)summary.frames_dropped,
               summary.retries);
    } else if (strcmp(verb, "terminate") == 0) {
        sl_push_terminate(push);
        answer("ok");
    } else {
        return false;
    }
    return true;
}

static bool act_on_source(struct probe *probe, const char *verb, char *argument)
{
    if (strcmp(verb, "audio") == 0 || strcmp(verb, "video") == 0) {
        atomic_store(&probe->states[verb[0] == 'a' ? SL_AUDIO : SL_VIDEO].off,
                     strcmp(argument, "off") == 0);
    } else if (strcmp(verb, "jump") == 0) {
        atomic_fetch_add(&probe->jump_us, atoll(argument) * 1000);
    } else if (strcmp(verb, "reserve") == 0) {
        int err = sl_streams_reserve(probe->streams, "probe", &probe->reservation);
        if (err < 0) {
            answer("error %d", -err);
            return true;
        }
    } else if (strcmp(verb, "release") == 0) {
        sl_reservation_release(probe->reservation);
        probe->reservation = NULL;
    } else if (strcmp(verb, "unpublish") == 0) {
        unpublish(probe);
    } else {
        return false;
    }
    answer("ok");
    return true;
}

static void act(struct probe *probe, char *line)
{
    static char nothing[1];
    char *argument = strchr(line, ' ');
    struct sl_push *push = sl_pushes_find(probe->pushes, probe->id);

    if (argument)
        *argument++ = '\0';
    else
        argument = nothing;
    if (strcmp(line, "quit") == 0) {
        quit(probe);
    } else if (strcmp(line, "push") == 0) {
        start_push(probe, argument);
    } else if (strcmp(line, "publish") == 0) {
        if (*argument) {
            forget_file(probe);
            if (!read_file(probe, argument)) {
                answer("error 2 cannot read it");
                return;
            }
        }
        publish(probe);
    } else if (!act_on_source(probe, line, argument)) {
        if (!push)
            answer("error 2 no push");
        else if (!act_on_push(probe, push, line, argument))
            answer("error 22 no such command");
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct probe *probe = handle->data;

    (void)suggested;
    *buf = uv_buf_init(probe->line + probe->line_len,
                       (unsigned)(sizeof(probe->line) - probe->line_len));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct probe *probe = stream->data;
    char *end;

    (void)buf;
    if (count < 0) {
        (void)uv_read_stop(stream);
        quit(probe);
        return;
    }
    probe->line_len += (size_t)count;
    while ((end = memchr(probe->line, '\n', probe->line_len))) {
        *end = '\0';
        act(probe, probe->line);
        size_t len = (size_t)(end + 1 - probe->line);
        memmove(probe->line, end + 1, probe->line_len - len);
        probe->line_len -= len;
    }
}

/* ---- Life ---- */

static bool configure(struct probe *probe, int argc, char **argv)
{
    struct sl_error error;

    probe->config = sl_config_create();
    for (int i = 2; i + 1 < argc; i++) {
        if (sl_config_set(probe->config, argv[i], &error) < 0) {
            (void)fprintf(stderr, "%s\n", error.text);
            return false;
        }
    }
    sl_log_set_level((enum sl_log_level)sl_log_level_parse(probe->config->log_level));
    if (argc < 3)
        return false;
    probe->program_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    return probe->program_fd >= 0 && read_file(probe, argv[argc - 1]);
}

static void set_up(struct probe *probe)
{
    probe->control = sl_loop_create("control");
    probe->metrics = sl_metrics_create();
    struct sl_workers_config config = {
        .count = 1,
        .packets_max = 65536,
        .ring_packets = 1024,
        .keyframe_interval_us = 300000,
        .metrics = probe->metrics,
    };
    probe->workers = sl_workers_create(&config, probe->control);
    probe->worker = sl_workers_at(probe->workers, 0);
    probe->streams = sl_streams_create(probe->workers, probe->control);
    (void)uv_timer_init(sl_loop_uv(sl_worker_loop(probe->worker)), &probe->timer);
    probe->timer.data = probe;
    (void)uv_timer_start(&probe->timer, on_timer, FEED_MS, FEED_MS);
    sl_workers_start(probe->workers);
    probe->tls = sl_tls_clients_create();
    probe->jobs = sl_job_pool_create(probe->control, 2);
    (void)sl_job_pool_start(probe->jobs);
    probe->transcoder = sl_transcoder_create(&(struct sl_transcoder_config){
        .control = probe->control,
        .program_fd = probe->program_fd,
        .picture_processes = 1,
        .counters = sl_metrics_register(probe->metrics),
    });
    probe->programs = sl_programs_create(&(struct sl_programs_config){
        .pool = probe->jobs, .control = probe->control, .transcoder = probe->transcoder});
    probe->pushes = sl_pushes_create(&(struct sl_pushes_config){
        .config = probe->config,
        .loop = probe->control,
        .streams = probe->streams,
        .jobs = probe->jobs,
        .programs = probe->programs,
        .tls = probe->tls,
        .counters = sl_metrics_register(probe->metrics),
    });
    (void)uv_pipe_init(sl_loop_uv(probe->control), &probe->input, 0);
    (void)uv_pipe_open(&probe->input, 0);
    probe->input.data = probe;
    (void)uv_read_start((uv_stream_t *)&probe->input, on_alloc, on_read);
}

static void tear_down(struct probe *probe)
{
    sl_pushes_destroy(probe->pushes);
    sl_programs_destroy(probe->programs);
    sl_transcoder_destroy(probe->transcoder);
    (void)close(probe->program_fd); /* read only */
    unpublish(probe);
    sl_reservation_release(probe->reservation);
    while (!sl_streams_drained(probe->streams))
        (void)uv_run(sl_loop_uv(probe->control), UV_RUN_ONCE);
    sl_workers_stop(probe->workers);
    sl_job_pool_destroy(probe->jobs);
    sl_tls_clients_destroy(probe->tls);
    uv_close((uv_handle_t *)&probe->timer, NULL);
    uv_close((uv_handle_t *)&probe->input, NULL);
    sl_workers_destroy(probe->workers);
    sl_streams_destroy(probe->streams);
    sl_loop_destroy(probe->control);
    sl_metrics_destroy(probe->metrics);
    sl_config_destroy(probe->config);
    forget_file(probe);
}

int main(int argc, char **argv)
{
    static struct probe probe;

    (void)signal(SIGPIPE, SIG_IGN);
    if (!configure(&probe, argc, argv)) {
        (void)fprintf(stderr, "usage: push_probe PROGRAM [key=value ...] FILE\n");
        return 2;
    }
    set_up(&probe);
    publish(&probe);
    sl_loop_run(probe.control);
    tear_down(&probe);
    return 0;
}
