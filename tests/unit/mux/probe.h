/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What FFmpeg's own programs find in a file. */
#ifndef SL_TEST_PROBE_H
#define SL_TEST_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROBE_PACKETS_MAX = 2048 };

struct probe_stream {
    char codec[16];
    int width, height;
    double start_s;
    unsigned frames; /* decoded */
};
struct probe_packet {
    int stream;
    double pts_s, dts_s;
    bool keyframe;
};
struct probe {
    size_t streams_count, packets_count;
    struct probe_stream streams[2];
    struct probe_packet packets[PROBE_PACKETS_MAX]; /* as they stand in the file */
    double duration_s;
    int rotation;
};
/* Fails the test if a program complains. */
void probe_file(const char *path, struct probe *out);
/* Decodes it all; fails if a decoder complains. */
void probe_decode(const char *path);
/* How many times in a row the decoded pictures have another size, the first included. */
size_t probe_sizes(const char *path);
/* The time of the first picture that is read after a seek to at_s. */
double probe_seek(const char *path, double at_s);

#endif
