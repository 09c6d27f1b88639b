/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ffprobe and ffmpeg, as processes. */
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

static double number(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? strtod(text, NULL) : 0;
}

static int integer(const json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

static json_t *run_json(const char *path)
{
    char command[1024];
    json_error_t error;

    (void)snprintf(command, sizeof(command),
                   "ffprobe -v error -count_frames -show_streams -show_packets -show_format "
                   "-of json '%s' 2>'%s.log'; test ! -s '%s.log' || cat '%s.log' >&2",
                   path, path, path, path);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    json_t *root = json_loadf(pipe, 0, &error);
    int status = pclose(pipe);
    assert_non_null(root);
    if (status != 0)
        fail_msg("ffprobe: %d", status);
    return root;
}

static void read_stream(const json_t *object, struct probe *out)
{
    struct probe_stream *stream = &out->streams[out->streams_count++];
    size_t i;
    json_t *side;

    (void)snprintf(stream->codec, sizeof(stream->codec), "%s",
                   json_string_value(json_object_get(object, "codec_name")));
    stream->width = integer(object, "width");
    stream->height = integer(object, "height");
    stream->start_s = number(object, "start_time");
    stream->frames = (unsigned)number(object, "nb_read_frames");
    json_array_foreach(json_object_get(object, "side_data_list"), i, side)
    {
        if (json_object_get(side, "rotation"))
            out->rotation = integer(side, "rotation");
    }
}

static void read_packet(const json_t *object, struct probe *out)
{
    const char *flags = json_string_value(json_object_get(object, "flags"));

    assert_true(out->packets_count < PROBE_PACKETS_MAX);
    out->packets[out->packets_count++] = (struct probe_packet){
        .stream = integer(object, "stream_index"),
        .pts_s = number(object, "pts_time"),
        .dts_s = number(object, "dts_time"),
        .keyframe = flags && flags[0] == 'K',
    };
}

void probe_file(const char *path, struct probe *out)
{
    json_t *root = run_json(path), *object;
    size_t i;

    *out = (struct probe){0};
    json_array_foreach(json_object_get(root, "streams"), i, object)
    {
        assert_true(i < 2);
        read_stream(object, out);
    }
    json_array_foreach(json_object_get(root, "packets"), i, object)
    {
        read_packet(object, out);
    }
    out->duration_s = number(json_object_get(root, "format"), "duration");
    json_decref(root);
}

void probe_decode(const char *path)
{
    char command[1024], line[512] = "";

    (void)snprintf(command, sizeof(command), "ffmpeg -nostdin -v warning -i '%s' -f null - 2>&1",
                   path);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    size_t len = fread(line, 1, sizeof(line) - 1, pipe);
    int status = pclose(pipe);
    line[len] = '\0';
    if (status != 0 || len > 0)
        fail_msg("%s: %d: %s", path, status, line);
}

size_t probe_sizes(const char *path)
{
    char command[1024], line[64], last[64] = "";
    size_t count = 0;

    (void)snprintf(command, sizeof(command),
                   "ffprobe -v error -select_streams v -show_entries frame=width,height "
                   "-of csv=p=0 '%s'",
                   path);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe)) {
        int width, height;
        if (sscanf(line, "%d,%d", &width, &height) != 2)
            continue;
        (void)snprintf(line, sizeof(line), "%d,%d", width, height);
        count += strcmp(line, last) != 0;
        memcpy(last, line, sizeof(last));
    }
    assert_int_equal(pclose(pipe), 0);
    return count;
}

double probe_seek(const char *path, double at_s)
{
    char command[1024];
    double found_s = -1;

    (void)snprintf(command, sizeof(command),
                   "ffprobe -v error -select_streams v -read_intervals '%f%%+#1' "
                   "-show_entries packet=pts_time -of csv=p=0 '%s'",
                   at_s, path);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%lf", &found_s), 1);
    assert_int_equal(pclose(pipe), 0);
    return found_s;
}
