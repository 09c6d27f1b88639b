/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What it costs in time that codecs run in another process: the same frames at their times through
 * jobs in this process ("here") and through a codec process ("there"), each half of the way to the
 * next frame; and how long sound is under way when it becomes AAC, whose frames are others. Prints
 * a line of JSON.
 *
 *   hop --program SLUICE --clip FILE [--seconds S]
 */
#include "clip.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/jobs.h"
#include "rtp/rtp.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    JOB = 1,
    OUTPUT = 1,
    FAR_WAIT_MS = 1000, /* for a report: then the process is taken for broken */
    WARM_UP = 30,       /* frames that do not count */
    PAYLOADS_FROM_SEQ = 1000,
    OUT_WIDTH = 640,
    OUT_HEIGHT = 360,
    OUT_BPS = 800000,
};

struct options {
    const char *program, *clip;
    int seconds;
};

/* ---- Frames of the clip ---- */

struct frame {
    enum sl_codec codec;
    bool keyframe;
    int64_t pts_us; /* from the beginning of the clip; opus begins before */
    uint8_t *data;
    size_t len;
};

struct frames {
    struct frame *list;
    size_t count, room;
    int64_t duration_us; /* of the clip */
};

static void on_frame(void *owner, const struct sl_assembled_frame *assembled)
{
    struct frames *frames = owner;
    int64_t clock_hz = sl_codec_clock_hz(assembled->codec);

    if (frames->count == frames->room) {
        frames->room = frames->room ? 2 * frames->room : 512;
        frames->list = sl_mem_realloc(frames->list, frames->room * sizeof(*frames->list));
    }
    struct frame *frame = &frames->list[frames->count++];
    *frame = (struct frame){
        .codec = assembled->codec,
        .keyframe = assembled->keyframe,
        .pts_us = (int32_t)assembled->rtp_timestamp * (int64_t)SL_US_PER_S / clock_hz,
        .data = sl_mem_alloc(assembled->len),
        .len = assembled->len,
    };
    memcpy(frame->data, assembled->data, assembled->len);
}

static struct frames frames_of(const struct clip *clip, enum sl_codec codec)
{
    struct frames frames = {.duration_us = clip->duration_us};
    struct sl_assembler_config config = {.codec = codec, .on_frame = on_frame, .owner = &frames};
    struct sl_assembler *assembler = sl_assembler_create(&config);
    int64_t seq = PAYLOADS_FROM_SEQ;

    for (size_t i = 0; i < clip->count; i++) {
        const struct clip_packet *packet = &clip->packets[i];
        if (packet->kind == sl_codec_kind(codec))
            sl_assembler_input(assembler, seq++, packet->timestamp, packet->marker, packet->payload,
                               packet->len, packet->at_us);
    }
    sl_assembler_destroy(assembler);
    return frames;
}

/* The frame of this turn; the clip goes round. */
static struct sl_engine_message input_of(const struct frames *frames, size_t turn, int64_t base_us)
{
    const struct frame *frame = &frames->list[turn % frames->count];
    int64_t rounds = (int64_t)(turn / frames->count);
    int64_t pts_us = base_us + frame->pts_us + rounds * frames->duration_us;

    return (struct sl_engine_message){
        .type = SL_ENGINE_INPUT,
        .job = JOB,
        .codec = frame->codec,
        .keyframe = frame->keyframe,
        .pts_us = pts_us,
        .dts_us = pts_us,
        .data = frame->data,
        .len = frame->len,
    };
}

static void sleep_until(int64_t at_us)
{
    struct timespec at = {at_us / SL_US_PER_S, at_us % SL_US_PER_S * 1000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

/* ---- Here ---- */

struct here {
    struct sl_engine_jobs *jobs;
    size_t coded; /* reports */
};

static void on_report(void *owner, const struct sl_engine_message *report)
{
    struct here *here = owner;

    here->coded += report->type == SL_ENGINE_CODED;
}

/* ---- There ---- */

struct there {
    pid_t pid;
    int fd;
    uint8_t *in;
    size_t in_len, in_room;
    size_t used; /* of what came: the report that was given last */
};

static void execute(const char *program, enum sl_engine_role role, int fd)
{
    const char *what = role == SL_ENGINE_ROLE_PICTURES ? "--codec=pictures" : "--codec=sound";

    /* fcntl() first: dup2() of a descriptor onto itself leaves it close-on-exec. */
    int high = fcntl(fd, F_DUPFD_CLOEXEC, SL_ENGINE_FD + 1);
    if (high >= 0 && dup2(high, SL_ENGINE_FD) == SL_ENGINE_FD)
        (void)execl(program, "sluice: bench", what, (char *)NULL);
    fprintf(stderr, "hop: cannot start %s: %s\n", program, strerror(errno));
    _exit(1);
}

static bool start_there(const char *program, enum sl_engine_role role, struct there *out)
{
    int fds[2];

    *out = (struct there){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return false;
    out->pid = fork();
    if (out->pid == 0)
        execute(program, role, fds[1]);
    (void)close(fds[1]); /* the child's */
    out->fd = fds[0];
    out->in_room = SL_ENGINE_HEAD_LEN + SL_ENGINE_INPUT_MAX;
    out->in = sl_mem_alloc(out->in_room);
    return out->pid > 0;
}

static void stop_there(struct there *there)
{
    (void)close(there->fd); /* it ends with its socket */
    if (there->pid > 0) {
        (void)kill(there->pid, SIGTERM);
        (void)waitpid(there->pid, NULL, 0);
    }
    free(there->in);
}

static bool send_there(struct there *there, const struct sl_engine_message *message)
{
    uint8_t head[SL_ENGINE_HEAD_LEN];
    struct iovec parts[2] = {{head, sizeof(head)},
                             {(void *)(uintptr_t)message->data, message->len}};

    sl_engine_build(message, head);
    ssize_t sent = writev(there->fd, parts, message->len > 0 ? 2 : 1); /* blocks */
    return sent == (ssize_t)(sizeof(head) + message->len);
}

/* 1: a report, which is no longer there after the next call; 0: none up to then; -1: it is broken.
 */
static int next_report(struct there *there, int64_t until_us, struct sl_engine_message *report)
{
    size_t needed;

    memmove(there->in, there->in + there->used, there->in_len - there->used);
    there->in_len -= there->used;
    there->used = 0;
    for (;;) {
        int64_t len = sl_engine_parse(there->in, there->in_len, true, report, &needed);
        if (len != 0) {
            there->used = len > 0 ? (size_t)len : 0;
            return len > 0 ? 1 : -1;
        }
        struct pollfd pollfd = {.fd = there->fd, .events = POLLIN};
        int64_t left_us = until_us - sl_now_us();
        struct timespec left = {left_us / SL_US_PER_S, left_us % SL_US_PER_S * 1000};
        if (left_us <= 0 || ppoll(&pollfd, 1, &left, NULL) == 0)
            return 0;
        ssize_t got = read(there->fd, there->in + there->in_len, there->in_room - there->in_len);
        if (got <= 0)
            return -1;
        there->in_len += (size_t)got;
    }
}

/* As many coded frames; false: they do not come. */
static bool wait_there(struct there *there, size_t count)
{
    int64_t until_us = sl_now_us() + FAR_WAIT_MS * SL_US_PER_MS;
    struct sl_engine_message report;

    while (count > 0) {
        if (next_report(there, until_us, &report) != 1)
            return false;
        count -= report.type == SL_ENGINE_CODED;
    }
    return true;
}

/* ---- Figures ---- */

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Sorts; 0 of none. */
static double percentile_ms(int64_t *values, size_t count, size_t percent)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), compare);
    return (double)values[(count - 1) * percent / 100] / 1000;
}

struct times {
    int64_t *here, *there, *added;
    size_t count;
};

static struct times times_of(size_t count)
{
    return (struct times){sl_new_array(int64_t, count), sl_new_array(int64_t, count),
                          sl_new_array(int64_t, count), 0};
}

static void print_times(const char *what, struct times *times)
{
    size_t count = times->count;

    printf("\"%s\":{\"frames\":%zu,\"here_p50_ms\":%.3f,\"there_p50_ms\":%.3f,"
           "\"here_p99_ms\":%.3f,\"there_p99_ms\":%.3f,\"added_p50_ms\":%.3f,"
           "\"added_p99_ms\":%.3f},",
           what, count, percentile_ms(times->here, count, 50),
           percentile_ms(times->there, count, 50), percentile_ms(times->here, count, 99),
           percentile_ms(times->there, count, 99), percentile_ms(times->added, count, 50),
           percentile_ms(times->added, count, 99));
}

/* ---- Here and there ---- */

static struct sl_engine_message open_order(enum sl_codec from)
{
    return (struct sl_engine_message){
        .type = SL_ENGINE_OPEN,
        .job = JOB,
        .kind = sl_codec_kind(from) == SL_VIDEO ? SL_ENGINE_PICTURES : SL_ENGINE_SOUND,
    };
}

static struct sl_engine_message output_order(enum sl_codec to)
{
    struct sl_engine_message order = {
        .type = SL_ENGINE_OUTPUT, .job = JOB, .output = OUTPUT, .codec = to};

    if (sl_codec_kind(to) == SL_VIDEO)
        order.form.pictures = (struct sl_engine_pictures){
            .width = OUT_WIDTH, .height = OUT_HEIGHT, .bitrate_bps = OUT_BPS};
    return order;
}

/* One frame, in both places. Half of the way to the next frame lies between the two. */
static bool take_turn(struct here *here, struct there *there, struct sl_engine_message *input,
                      int64_t half_us, int64_t took_us[2])
{
    sleep_until(input->pts_us);
    int64_t begin_us = sl_now_us();
    here->coded = 0;
    sl_engine_jobs_order(here->jobs, input);
    took_us[0] = sl_now_us() - begin_us;
    sleep_until(input->pts_us + half_us);
    begin_us = sl_now_us();
    if (!send_there(there, input) || !wait_there(there, here->coded))
        return false;
    took_us[1] = sl_now_us() - begin_us;
    return true;
}

static bool compare_turns(struct here *here, struct there *there, const struct frames *frames,
                          int seconds, struct times *times)
{
    int64_t half_us = frames->duration_us / (int64_t)frames->count / 2, took_us[2];
    int64_t base_us = sl_now_us() + SL_US_PER_S;
    size_t turns = (size_t)(seconds * (int64_t)SL_US_PER_S / 2 / half_us);

    *times = times_of(turns);
    for (size_t turn = 0; turn < turns; turn++) {
        struct sl_engine_message input = input_of(frames, turn, base_us);
        if (!take_turn(here, there, &input, half_us, took_us))
            return false;
        if (turn < WARM_UP || here->coded == 0)
            continue;
        times->here[times->count] = took_us[0];
        times->there[times->count] = took_us[1];
        times->added[times->count++] = took_us[1] - took_us[0];
    }
    return true;
}

static bool measure_hop(const struct options *options, const struct frames *frames,
                        enum sl_engine_role role, enum sl_codec to, struct times *out)
{
    struct here here = {0};
    struct there there;
    struct sl_engine_message orders[] = {open_order(frames->list[0].codec), output_order(to)};
    bool ok = start_there(options->program, role, &there);

    here.jobs = sl_engine_jobs_create(on_report, &here);
    for (size_t i = 0; ok && i < 2; i++) {
        sl_engine_jobs_order(here.jobs, &orders[i]);
        ok = send_there(&there, &orders[i]);
    }
    ok = ok && compare_turns(&here, &there, frames, options->seconds, out);
    sl_engine_jobs_destroy(here.jobs);
    stop_there(&there);
    return ok;
}

/* ---- AAC ---- */

/* How much later it is there than sound of the same time that goes as it came. */
static bool note_delays(struct there *there, int64_t until_us, int64_t late_us, struct times *times)
{
    struct sl_engine_message report;
    int got;

    while ((got = next_report(there, until_us, &report)) == 1) {
        if (report.type == SL_ENGINE_CODED)
            times->added[times->count++] = sl_now_us() - report.pts_us - late_us;
    }
    return got == 0;
}

static bool measure_aac(const struct options *options, const struct frames *frames,
                        struct times *times)
{
    struct sl_engine_message orders[] = {open_order(SL_CODEC_OPUS), output_order(SL_CODEC_AAC)};
    struct there there;
    bool ok = start_there(options->program, SL_ENGINE_ROLE_SOUND, &there);
    int64_t base_us = sl_now_us() + SL_US_PER_S;
    size_t turns = (size_t)(options->seconds * (int64_t)SL_US_PER_S * (int64_t)frames->count /
                            frames->duration_us);

    *times = times_of(2 * turns + 16);
    for (size_t i = 0; ok && i < 2; i++)
        ok = send_there(&there, &orders[i]);
    for (size_t turn = 0; ok && turn < turns; turn++) {
        struct sl_engine_message input = input_of(frames, turn, base_us);
        int64_t next_us = input_of(frames, turn + 1, base_us).pts_us;
        sleep_until(input.pts_us);
        int64_t late_us = sl_now_us() - input.pts_us;
        ok = send_there(&there, &input) && note_delays(&there, next_us, late_us, times);
    }
    stop_there(&there);
    return ok;
}

/* ---- Main ---- */

static bool parse_options(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        {"program", required_argument, NULL, 'p'},
        {"clip", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 'p')
            options->program = optarg;
        else if (option == 'c')
            options->clip = optarg;
        else if (option == 's')
            options->seconds = atoi(optarg);
        else
            return false;
    }
    return options->program && options->clip && options->seconds > 0;
}

int main(int argc, char **argv)
{
    struct options options = {.seconds = 10};
    struct times pictures, sound, aac;

    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, "usage: see the head of hop.c\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a process that is gone is seen where it is written to */
    struct clip *clip = clip_load(options.clip, 0);
    if (!clip)
        return 1;
    struct frames video = frames_of(clip, SL_CODEC_H264), audio = frames_of(clip, SL_CODEC_OPUS);
    if (!measure_hop(&options, &video, SL_ENGINE_ROLE_PICTURES, SL_CODEC_H264, &pictures) ||
        !measure_hop(&options, &audio, SL_ENGINE_ROLE_SOUND, SL_CODEC_PCMA, &sound) ||
        !measure_aac(&options, &audio, &aac)) {
        fprintf(stderr, "hop: a codec process does not answer\n");
        return 1;
    }
    printf("{");
    print_times("pictures", &pictures);
    print_times("sound", &sound);
    printf("\"aac\":{\"frames\":%zu,\"delay_p50_ms\":%.3f,\"delay_p95_ms\":%.3f}}\n", aac.count,
           percentile_ms(aac.added, aac.count, 50), percentile_ms(aac.added, aac.count, 95));
    return 0; /* the kernel takes back the rest */
}
