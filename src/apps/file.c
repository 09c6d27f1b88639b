/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading whole files, and replacing them so that a crash leaves the old or the new one. */
#include "apps/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h> /* uv_strerror(), which any thread may call */

enum {
    MODE = 0600, /* hashes and passwords */
    NAME_LEN = 64,
};

/* ---- Reading ---- */

/* errno is the reason. */
static int cannot(const char *verb, const char *dir, const char *name, struct sl_error *error)
{
    int err = -errno;

    return sl_error_set(error, err, "%.180s/%s: cannot %s: %s", dir, name, verb, uv_strerror(err));
}

static int open_file(const char *dir, const char *name)
{
    int dir_fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

    if (dir_fd < 0)
        return -1;
    /* not blocking: a FIFO of that name is told from a file afterwards */
    int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int err = errno;
    (void)close(dir_fd); /* read only: nothing to lose */
    errno = err;
    return fd;
}

/* Up to len bytes, less at the end of the file only; -1 with errno. */
static ssize_t read_all(int fd, char *at, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, at + done, len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int sl_file_read(const char *dir, const char *name, size_t max, char **text, size_t *len,
                 struct sl_error *error)
{
    struct stat stat;
    int fd = open_file(dir, name), err = 0;
    char *bytes = NULL;

    if (fd < 0 || fstat(fd, &stat) < 0) {
        err = cannot("open", dir, name, error);
        goto out;
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size > (off_t)max) {
        err = sl_error_set(error, -EBADMSG, "%.180s/%s: a file of at most %zu bytes is expected",
                           dir, name, max);
        goto out;
    }
    bytes = malloc((size_t)stat.st_size + 1); /* one more than is read, so never 0 */
    if (!bytes)
        errno = ENOMEM;
    ssize_t got = bytes ? read_all(fd, bytes, (size_t)stat.st_size) : -1;
    if (got < 0) {
        err = cannot("read", dir, name, error);
        free(bytes);
        goto out;
    }
    *text = bytes;
    *len = (size_t)got;
out:
    if (fd >= 0)
        (void)close(fd); /* read only: nothing to lose */
    return err;
}

/* ---- Writing ---- */

static bool write_all(int fd, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(fd, at, len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        at += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

/* False with errno. */
static bool write_new(int dir_fd, const char *name, const char *text, size_t len)
{
    /* one that a crash left behind */
    if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
        return false;
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (fd < 0)
        return false;
    bool good = write_all(fd, text, len) && fsync(fd) == 0;
    int err = errno;
    if (close(fd) < 0 && good) { /* some file systems tell of a full disk only now */
        good = false;
        err = errno;
    }
    errno = err;
    return good;
}

int sl_file_write(const char *dir, const char *name, const char *text, size_t len,
                  struct sl_error *error)
{
    char temporary[NAME_LEN];
    int dir_fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC), err = 0;

    if (dir_fd < 0)
        return cannot("write", dir, name, error);
    (void)snprintf(temporary, sizeof(temporary), ".%s.new", name); /* our own names: fits */
    if (!write_new(dir_fd, temporary, text, len) || renameat(dir_fd, temporary, dir_fd, name) < 0) {
        err = cannot("write", dir, name, error);
        (void)unlinkat(dir_fd, temporary, 0); /* may not be there */
    } else if (fsync(dir_fd) < 0) {
        err = cannot("sync", dir, name, error);
    }
    (void)close(dir_fd); /* nothing was written through it */
    return err;
}
