/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel tells of a process. */
#include "process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

double process_cpu_s(int pid)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fgets(line, sizeof(line), file)) {
        const char *after_name = strrchr(line, ')');
        if (after_name)
            (void)sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                         &user, &system);
    }
    (void)fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
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
