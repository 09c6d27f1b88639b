/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a player over plain RTP sends is what its description says, as ffprobe understands both. */
#include "../core.h"
#include "../engine_loopback.h"
#include "plain_player.h"

#include "demo/demo.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 30 * SL_US_PER_S };

#define TURN_UNTIL(f, condition)                                                                   \
    for (int64_t deadline_us = sl_now_us() + DEADLINE_US; !(condition);) {                         \
        (void)uv_run(sl_loop_uv(f->core.control), UV_RUN_ONCE);                                    \
        assert_true(sl_now_us() < deadline_us);                                                    \
    }

static bool is_taken(const struct sl_udp_dest *dest)
{
    struct sl_addr addr;

    assert_int_equal(sl_addr_from_sockaddr(&addr, (const struct sockaddr *)&dest->sa), 0);
    int fd = sl_udp_open(&addr, NULL);
    if (fd >= 0)
        (void)close(fd);
    return fd < 0;
}

struct fixture {
    struct core core;
    struct sl_demo *demos[2];
    bool stopped;
    struct plain_player player;
    char path[32];
};

static void run(struct fixture *f, void (*fn)(void *player))
{
    core_on_worker(&f->core, f->player.worker, fn, &f->player);
}

static void set_true(void *owner)
{
    *(bool *)owner = true;
}

static int set_up(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    static const char *const names[] = {"wide", "small"};

    core_start(&f->core,
               (struct sl_workers_config){.count = 2, .packets_max = 4096, .ring_packets = 256});
    loopback.control = f->core.control;
    for (int i = 0; i < 2; i++) {
        struct sl_demo_config demo = {.streams = f->core.streams,
                                      .workers = f->core.workers,
                                      .loop = f->core.control,
                                      .name = names[i],
                                      .width = i ? 240 : 320,
                                      .height = i ? 160 : 180,
                                      .fps = 25};
        assert_int_equal(sl_demo_create(&demo, &f->demos[i], NULL), 0);
    }
    (void)snprintf(f->path, sizeof(f->path), "/tmp/sl-plain-XXXXXX");
    (void)close(mkstemp(f->path));
    f->player.control = f->core.control;
    plain_player_create(&f->player, sl_streams_find(f->core.streams, "wide"), f->path);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    run(f, plain_player_stop);
    plain_player_destroy(&f->player);
    for (size_t i = 0; i < 2; i++) {
        f->stopped = false;
        sl_demo_stop(f->demos[i], set_true, &f->stopped);
        TURN_UNTIL(f, f->stopped);
        sl_demo_destroy(f->demos[i]);
    }
    core_stop(&f->core);
    (void)unlink(f->path);
    free(f);
    return 0;
}

/* ffprobe at the description; it hears the first key frame. What it says comes line by line, behind
 * one with its process. */
static FILE *probe(struct fixture *f, const char *what)
{
    char command[256];

    (void)snprintf(command, sizeof(command),
                   "echo $$; exec stdbuf -oL ffprobe -v warning -analyzeduration 1500000 "
                   "-protocol_whitelist file,udp,rtp -of csv=p=0 %s %s 2>&1",
                   what, f->path);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    (void)fcntl(fileno(pipe), F_SETFL, O_NONBLOCK);
    TURN_UNTIL(f, is_taken(&f->player.rtp[0]) && is_taken(&f->player.rtcp[1]));
    run(f, plain_player_start);
    return pipe;
}

/* Whether the pipe is at its end; adds what it has to text. */
static bool read_more(FILE *pipe, char *text, size_t size)
{
    size_t len = strlen(text);
    ssize_t got = read(fileno(pipe), text + len, size - 1 - len);

    text[len + (got > 0 ? (size_t)got : 0)] = '\0';
    return got == 0;
}

static void ffprobe_reads_what_its_description_says(void **state)
{
    struct fixture *f = *state;
    FILE *pipe = probe(f, "-show_entries stream=codec_name,width,height");
    char said[1024] = "";

    TURN_UNTIL(f, read_more(pipe, said, sizeof(said)));
    assert_int_equal(pclose(pipe), 0);
    assert_true(f->player.started);
    assert_string_equal(strchr(said, '\n') + 1, "opus\nh264,320,180\n");
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

/* Each line is a decoded picture, its time and width; anything else is a complaint. */
static void check_pictures(char *said)
{
    double before = 0;
    int width_before = 320;

    for (char *rest = said, *line; (line = strsep(&rest, "\n"));) {
        double at;
        int width;
        if (line[0] == '\0' || (before == 0 && strncmp(line, "N/A,", 4) == 0))
            continue; /* an SEI leaves an empty line; the first picture's time is not known yet */
        if (sscanf(line, "%lf,%d", &at, &width) != 2)
            fail_msg("%s", line);
        if (before > 0 && (at <= before || at > before + 0.3))
            fail_msg("%f follows %f", at, before);
        if (width != width_before && (width_before != 320 || width != 240))
            fail_msg("%d follows %d", width, width_before);
        before = at;
        width_before = width;
    }
    assert_int_equal(width_before, 240);
}

static void a_decoder_sees_no_seam_where_the_player_moves(void **state)
{
    struct fixture *f = *state;
    FILE *pipe = probe(f, "-select_streams v -show_entries "
                          "frame=best_effort_timestamp_time,width");
    char said[16384] = "";
    struct sl_stream *other = sl_streams_find(f->core.streams, "small");

    TURN_UNTIL(f, read_more(pipe, said, sizeof(said)) || count(said, ",320\n") >= 20);
    for (enum sl_media_kind kind = SL_AUDIO; kind <= SL_VIDEO; kind++)
        assert_int_equal(sl_flow_out_move(f->player.out, kind, sl_stream_track(other, kind)), 0);
    TURN_UNTIL(f, read_more(pipe, said, sizeof(said)) || count(said, ",240\n") >= 20);
    assert_int_equal(kill((pid_t)strtol(said, NULL, 10), SIGKILL), 0);
    (void)pclose(pipe); /* was killed */
    strrchr(said, '\n')[1] = '\0';
    check_pictures(strchr(said, '\n') + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ffprobe_reads_what_its_description_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_decoder_sees_no_seam_where_the_player_moves, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
