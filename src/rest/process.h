/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of this process and machine. Any thread; reads /proc, which is not disk. */
#ifndef SL_REST_PROCESS_H
#define SL_REST_PROCESS_H

#include <stdint.h>

struct sl_process {
    double cpu_s; /* user and kernel, all threads, since start */
    uint64_t resident_bytes;
    uint64_t threads;
    uint64_t open_fds; /* 0: this kernel does not tell without counting (before 6.2) */
    uint64_t open_fds_max;
    uint64_t memory_total, memory_free; /* of the machine, bytes */
};

/* What cannot be read stays 0. */
void sl_process_read(struct sl_process *out);

#endif
