/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names to files, beneath the directory and never over another. */
#include "record/internal.h"

#include "base/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { NUMBERS_MAX = 100000, FILE_MODE = 0640 };

#define STREAM_ATTRIBUTE "user.sluice.stream"

static int lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EOPNOTSUPP)
        return fd;
    (void)close(fd); /* nothing was written */
    return -EBUSY;
}

int sl_record_place_create(int dir, const char *base, enum sl_container container,
                           char name[static SL_RECORD_NAME_MAX])
{
    char part[SL_RECORD_NAME_MAX + sizeof(SL_RECORD_PART)];
    int fd = -EEXIST;

    for (unsigned number = 1; fd == -EEXIST && number < NUMBERS_MAX; number++) {
        sl_record_name_finish(base, number == 1 ? 0 : number, container, name);
        (void)snprintf(part, sizeof(part), "%s" SL_RECORD_PART, name);
        fd = sl_dir_open_file(dir, part, O_RDWR | O_CREAT | O_EXCL, FILE_MODE);
    }
    if (fd < 0)
        return fd;
    (void)snprintf(name, SL_RECORD_NAME_MAX, "%s", part);
    return lock(fd);
}

int sl_record_place_open(int dir, const char *name)
{
    int fd = sl_dir_open_file(dir, name, O_RDWR, 0);

    return fd < 0 ? fd : lock(fd);
}

/* Where the file system cannot do it in one step: two names for a moment. */
static int rename_new(int dir, const char *from, const char *to)
{
    if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    if (linkat(dir, from, dir, to, 0) < 0)
        return -errno;
    return unlinkat(dir, from, 0) < 0 ? -errno : 0;
}

int sl_record_place_finish(int dir, const char *part, const char *base, unsigned number,
                           enum sl_container container, char name[static SL_RECORD_NAME_MAX])
{
    int err = -EEXIST;

    /* Behind a number of its own another would say nothing: then the next free one. */
    for (unsigned tries = 0; err == -EEXIST && tries < NUMBERS_MAX; tries++) {
        sl_record_name_finish(base, number, container, name);
        err = rename_new(dir, part, name);
        number = number == 0 ? 2 : number + 1;
    }
    return err;
}

int sl_record_write_at(int fd, const void *bytes, size_t len, uint64_t offset)
{
    const uint8_t *from = bytes;

    while (len > 0) {
        ssize_t count = pwrite(fd, from, len, (off_t)offset);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        from += count;
        len -= (size_t)count;
        offset += (uint64_t)count;
    }
    return 0;
}

void sl_record_place_note(int fd, const char *stream)
{
    /* Not every file system can: a repair then does not know whose it was. */
    (void)fsetxattr(fd, STREAM_ATTRIBUTE, stream, strlen(stream), 0);
}

void sl_record_place_noted(int fd, char *stream, size_t len)
{
    ssize_t count = fgetxattr(fd, STREAM_ATTRIBUTE, stream, len - 1);

    stream[count < 0 ? 0 : count] = '\0';
}
