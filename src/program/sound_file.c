/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening, reading and sharing sound files. */
#include "program/sound_file.h"

#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"
#include "program/player.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_LEN_MAX = SL_WAV_LEN_MAX + (1 << 20) /* other chunks */, NAME_LEN_MAX = 255 };

int sl_sound_check_name(const char *name, struct sl_error *error)
{
    size_t len = strlen(name);

    if (len == 0 || len > NAME_LEN_MAX || name[0] == '.')
        return sl_error_set(error, -EINVAL, "soundFile: not the name of a file");
    for (const char *c = name; *c; c++) {
        if (*c == '/' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f)
            return sl_error_set(error, -EINVAL, "soundFile: a plain name, without a path");
    }
    return 0;
}

static int no_such_file(struct sl_error *error)
{
    return sl_error_set(error, -ENOENT, "soundFile: no such file");
}

/* O_NONBLOCK: opening a FIFO would wait for a writer, for ever. */
static int open_beneath(const char *dir, const char *name)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (dir_fd < 0)
        return -errno;
    long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
    int err = fd < 0 ? -errno : (int)fd;
    (void)close(dir_fd); /* read only: nothing to lose */
    return err;
}

static int read_all(int fd, uint8_t *bytes, size_t len, size_t *have)
{
    *have = 0;
    while (*have < len) {
        ssize_t count = read(fd, bytes + *have, len - *have);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break; /* it became shorter: the parser sees what is there */
        *have += (size_t)count;
    }
    return 0;
}

static int read_regular(int fd, struct sl_wav *out, struct sl_error *error)
{
    struct stat st;
    size_t len;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return no_such_file(error);
    if (st.st_size > FILE_LEN_MAX)
        return sl_error_set(error, -EBADMSG, "soundFile: larger than %d MiB", FILE_LEN_MAX >> 20);
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    if (!bytes)
        return sl_error_set(error, -ENOMEM, "soundFile: no memory for it");
    int err = read_all(fd, bytes, (size_t)st.st_size, &len);
    if (err < 0)
        (void)sl_error_set(error, err, "soundFile: cannot be read: %s", uv_strerror(err));
    else
        err = sl_wav_parse(bytes, len, out, error);
    free(bytes);
    return err;
}

int sl_sound_read(const char *dir, const char *name, struct sl_sound **out, struct sl_error *error)
{
    struct sl_wav wav;
    int err = sl_sound_check_name(name, error);

    if (err < 0)
        return err;
    int fd = open_beneath(dir, name);
    if (fd == -EACCES)
        return sl_error_set(error, -EBADMSG, "soundFile: this server may not read it");
    if (fd < 0)
        return no_such_file(error); /* ENOENT; ELOOP and EXDEV for what leads elsewhere */
    err = read_regular(fd, &wav, error);
    (void)close(fd); /* read only */
    if (err < 0)
        return err;
    struct sl_sound *sound = sl_new(struct sl_sound);
    atomic_init(&sound->refs, 1);
    sound->wav = wav;
    *out = sound;
    return 0;
}

/* ---- The job ---- */

struct sl_sound_load {
    struct sl_lane_job job;
    char *dir, *name;
    int err;
    struct sl_sound *sound;
    struct sl_error error;
    void (*on_done)(void *owner, int err, const char *words, struct sl_sound *sound);
    void *owner;
};

static void run(struct sl_lane_job *job) /* on a thread of the pool */
{
    struct sl_sound_load *load = sl_container_of(job, struct sl_sound_load, job);

    load->err = sl_sound_read(load->dir, load->name, &load->sound, &load->error);
}

static void on_ran(struct sl_lane_job *job, int err)
{
    struct sl_sound_load *load = sl_container_of(job, struct sl_sound_load, job);
    struct sl_sound *sound = NULL;

    if (err < 0) { /* the thread may be at work on the load's own */
        load->on_done(load->owner, err,
                      err == -EBUSY ? "soundFile: too many are being read"
                                    : "soundFile: the disk does not answer",
                      NULL);
        return;
    }
    sound = load->sound;
    load->sound = NULL;
    load->on_done(load->owner, load->err, load->error.text, sound);
}

static void free_load(struct sl_lane_job *job)
{
    struct sl_sound_load *load = sl_container_of(job, struct sl_sound_load, job);

    sl_sound_unref(load->sound);
    free(load->dir);
    free(load->name);
    free(load);
}

struct sl_sound_load *sl_sound_load_start(struct sl_lane *lane, const char *dir, const char *name,
                                          void (*on_done)(void *owner, int err, const char *words,
                                                          struct sl_sound *sound),
                                          void *owner)
{
    struct sl_sound_load *load = sl_new(struct sl_sound_load);

    load->dir = sl_strdup(dir);
    load->name = sl_strdup(name);
    load->on_done = on_done;
    load->owner = owner;
    load->job = (struct sl_lane_job){.run = run, .on_done = on_ran, .free = free_load};
    sl_lane_add(lane, &load->job);
    return load;
}

void sl_sound_load_cancel(struct sl_sound_load *load)
{
    if (load)
        sl_lane_cancel(&load->job);
}
