/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The built-in stream `demo`: colour bars with a moving clock, and a tone; H264 and opus. For a
 * newcomer without a camera, and for tests: once a second, on the second, the picture flashes and
 * the tone beeps, so that lips and latency can be measured at the far end. The field that flashes
 * is below the bars on the left; the clock beside it shows the server's local time.
 *
 * Threads: calls on the control loop. A codec process draws and encodes while somebody watches,
 * when the worker that the stream is placed on says so. Where none can be had, the log says so, and
 * nothing is seen, and it is tried again.
 */
#ifndef SL_DEMO_DEMO_H
#define SL_DEMO_DEMO_H

#define SL_DEMO_NAME "demo"

struct sl_demo;
struct sl_error;
struct sl_loop;
struct sl_streams;
struct sl_transcoder;
struct sl_workers;

struct sl_demo_config {
    struct sl_streams *streams;
    struct sl_workers *workers;
    struct sl_transcoder *transcoder; /* stops later */
    struct sl_loop *loop;
    const char *name;       /* SL_DEMO_NAME */
    int width, height, fps; /* even, 160 to 4096; 1 to 60 */
};
/* -EEXIST: the name is taken; -EINVAL: size or rate; otherwise as sl_stream_create(). With words.
 */
int sl_demo_create(const struct sl_demo_config *config, struct sl_demo **out,
                   struct sl_error *error);
/* Ends the stream and the encoding; on_stopped once, never from within, when nothing of it is left.
 * Before the workers and the transcoder stop. */
void sl_demo_stop(struct sl_demo *demo, void (*on_stopped)(void *owner), void *owner);
/* NULL is fine. */
void sl_demo_destroy(struct sl_demo *demo);

#endif
