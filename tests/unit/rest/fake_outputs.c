/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HLS and recordings of which there are none, in place of rooms that want workers and loops. */
#include "hls/hls.h"
#include "record/record.h"

#include <errno.h>

int sl_hls_startup(struct sl_hls *hls, const char *name)
{
    (void)hls;
    (void)name;
    return -ENOENT;
}

int sl_hls_terminate(struct sl_hls *hls, const char *name)
{
    (void)hls;
    (void)name;
    return -ENOENT;
}

void sl_hls_each(struct sl_hls *hls, void (*fn)(const struct sl_hls_facts *facts, void *arg),
                 void *arg)
{
    (void)hls;
    (void)fn;
    (void)arg;
}

void sl_hls_totals(const struct sl_hls *hls, struct sl_hls_totals *out)
{
    (void)hls;
    *out = (struct sl_hls_totals){0};
}

int sl_recordings_start(struct sl_recordings *recordings, struct sl_stream *stream,
                        const struct sl_recording_order *order, struct sl_error *error)
{
    (void)recordings;
    (void)stream;
    (void)order;
    (void)error;
    return -ENOSYS;
}

int sl_recordings_end(struct sl_recordings *recordings, const struct sl_stream *stream)
{
    (void)recordings;
    (void)stream;
    return -ENOENT;
}

void sl_recordings_each(const struct sl_recordings *recordings,
                        void (*fn)(const char *name, const char *id, void *arg), void *arg)
{
    (void)recordings;
    (void)fn;
    (void)arg;
}

size_t sl_recordings_count(const struct sl_recordings *recordings)
{
    (void)recordings;
    return 0;
}

int sl_recordings_dir(const struct sl_recordings *recordings)
{
    (void)recordings;
    return -ENOENT;
}
