/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes and removes it. */
#include "idle.h"

void idle_init(struct core *core, size_t workers)
{
    core_init(core, (struct sl_workers_config){
                        .count = workers, .packets_max = 1024, .ring_packets = 64});
}

void idle_deinit(struct core *core)
{
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < sl_workers_count(core->workers); i++)
            sl_loop_run_posted(sl_worker_loop(sl_workers_at(core->workers, i)));
        sl_loop_run_posted(core->control);
    }
    assert_true(core_is_drained(core));
    core_deinit(core);
}
