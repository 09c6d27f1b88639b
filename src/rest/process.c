/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads getrusage(2), sysinfo(2), and two files of /proc/self. */
#include "rest/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
    /* Fields of /proc/self/stat after the name in brackets, which may hold anything
     * (proc_pid_stat(5): state is field 3). */
    STAT_AFTER_NAME = 3,
    STAT_THREADS = 20,
    STAT_RESIDENT_PAGES = 24,
};

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void read_stat(struct sl_process *out)
{
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    (void)close(fd); /* read only: nothing to lose */
    if (len <= 0)
        return;
    text[len] = '\0';
    char *at = strrchr(text, ')');
    if (!at)
        return;
    at += 2; /* over ") " */
    for (int field = STAT_AFTER_NAME; at && field <= STAT_RESIDENT_PAGES; field++) {
        if (field == STAT_THREADS)
            out->threads = strtoull(at, NULL, 10);
        if (field == STAT_RESIDENT_PAGES)
            out->resident_bytes = strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
        at = strchr(at, ' ');
        if (at)
            at++;
    }
}

void sl_process_read(struct sl_process *out)
{
    struct sl_process found = {0};
    struct rusage usage;
    struct rlimit limit;
    struct sysinfo machine;
    struct stat fds;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        found.cpu_s = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        found.open_fds_max = limit.rlim_cur;
    if (sysinfo(&machine) == 0) {
        found.memory_total = (uint64_t)machine.totalram * machine.mem_unit;
        found.memory_free = (uint64_t)machine.freeram * machine.mem_unit;
    }
    /* since Linux 6.2 the size of this directory is the count */
    if (stat("/proc/self/fd", &fds) == 0)
        found.open_fds = (uint64_t)fds.st_size;
    read_stat(&found);
    *out = found;
}
