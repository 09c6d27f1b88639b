/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel tells of a process; 0 if it is gone. */
#ifndef SL_BENCH_PROCESS_H
#define SL_BENCH_PROCESS_H

#include <stdint.h>

/* User and kernel time of all its threads so far. */
double process_cpu_s(int pid);
uint64_t process_resident_bytes(int pid);

#endif
