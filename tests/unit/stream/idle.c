/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes and removes it. */
#include "idle.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void idle_init(struct idle *idle, size_t workers)
{
    idle->control = sl_loop_create("control");
    idle->metrics = sl_metrics_create();
    struct sl_workers_config config = {
        .count = workers, .packets_max = 1024, .ring_packets = 64, .metrics = idle->metrics};
    idle->workers = sl_workers_create(&config, idle->control);
    idle->streams = sl_streams_create(idle->workers, idle->control);
}

void idle_deinit(struct idle *idle)
{
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < sl_workers_count(idle->workers); i++)
            sl_loop_run_posted(sl_worker_loop(sl_workers_at(idle->workers, i)));
        sl_loop_run_posted(idle->control);
    }
    assert_true(sl_streams_drained(idle->streams));
    sl_workers_destroy(idle->workers);
    sl_streams_destroy(idle->streams);
    sl_loop_destroy(idle->control);
    sl_metrics_destroy(idle->metrics);
}
