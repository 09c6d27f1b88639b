/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

DIR *sl_dir_open(int dir)
{
    int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = own >= 0 ? fdopendir(own) : NULL;

    if (!entries && own >= 0) {
        int err = errno;
        (void)close(own); /* read only: nothing to lose */
        errno = err;
    }
    return entries;
}

int sl_dir_open_file(int dir, const char *name, uint64_t flags, mode_t mode)
{
    struct open_how how = {
        .flags = flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}
