/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel tells of a process. */
#include "process.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

double process_cpu_s(int pid)
{
    clockid_t clock;
    struct timespec used;

    /* In nanoseconds, where /proc has hundredths of a second. */
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

uint64_t process_resident_bytes(int pid)
{
    char path[64];
    unsigned long pages = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    (void)fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
