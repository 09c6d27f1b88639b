/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG files that a mixer draws: read on libuv's pool, looked at only as far as their head says how
 * large they are. What decodes them is a codec process (engine/canvas.c). */
#include "mixer/internal.h"

#include "base/blob.h"
#include "base/config.h"
#include "base/dir.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sl_mixer_image_load {
    struct sl_lane_job job;
    /* The job's. */
    char *dir, *name;
    uint32_t pixels_max;
    int err;
    struct sl_blob *file;
    struct sl_error error;
    /* Control's. */
    sl_mixer_on_image *on_done;
    void *owner;
};

/* ---- On a thread of the pool ---- */

/* Whole, or shorter than it was when it was measured. */
static int read_whole(int fd, struct sl_blob *file)
{
    size_t have = 0;

    while (have < file->len) {
        ssize_t count = read(fd, file->data + have, file->len - have);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        have += (size_t)count;
    }
    file->len = have;
    return 0;
}

static int read_file(struct sl_mixer_image_load *load, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return sl_error_set(&load->error, -ENOENT, "no such file");
    if (st.st_size > SL_ENGINE_INPUT_MAX)
        return sl_error_set(&load->error, -EBADMSG, "larger than %d MiB",
                            SL_ENGINE_INPUT_MAX >> 20);
    load->file = sl_blob_create((size_t)st.st_size);
    if (!load->file)
        return sl_error_set(&load->error, -ENOMEM, "no memory for it");
    int err = read_whole(fd, load->file);
    return err < 0 ? sl_error_set(&load->error, err, "cannot be read: %s", uv_strerror(err)) : 0;
}

static int check(struct sl_mixer_image_load *load)
{
    uint32_t width, height;

    if (sl_png_read_size(load->file->data, load->file->len, &width, &height) < 0)
        return sl_error_set(&load->error, -EBADMSG, "not a PNG file");
    if (width > SL_ENGINE_SIDE_MAX || height > SL_ENGINE_SIDE_MAX ||
        (uint64_t)width * height > load->pixels_max)
        return sl_error_set(&load->error, -EBADMSG, "%u x %u pixels are too many", width, height);
    return 0;
}

static int read_image(struct sl_mixer_image_load *load)
{
    int dir = open(load->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -errno : sl_dir_open_file(dir, load->name, O_RDONLY, 0);

    if (dir >= 0)
        (void)close(dir); /* read only: nothing to lose */
    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -EXDEV)
        return sl_error_set(&load->error, -ENOENT, "no such file");
    if (fd < 0)
        return sl_error_set(&load->error, fd, "cannot be opened: %s", uv_strerror(fd));
    int err = read_file(load, fd);
    (void)close(fd); /* read only */
    return err < 0 ? err : check(load);
}

static void run(struct sl_lane_job *job)
{
    struct sl_mixer_image_load *load = sl_container_of(job, struct sl_mixer_image_load, job);

    load->err = read_image(load);
}

/* ---- On control ---- */

static void on_ran(struct sl_lane_job *job, int err)
{
    struct sl_mixer_image_load *load = sl_container_of(job, struct sl_mixer_image_load, job);

    if (err < 0) { /* the thread may be at work on the rest */
        load->on_done(load->owner, err,
                      err == -EBUSY ? "too many files are being read" : "the disk does not answer",
                      NULL);
        return;
    }
    struct sl_blob *file = load->err < 0 ? NULL : sl_blob_ref(load->file);
    load->on_done(load->owner, load->err, load->error.text, file);
}

static void free_load(struct sl_lane_job *job)
{
    struct sl_mixer_image_load *load = sl_container_of(job, struct sl_mixer_image_load, job);

    sl_blob_unref(load->file);
    free(load->dir);
    free(load->name);
    free(load);
}

struct sl_mixer_image_load *sl_mixer_image_load_start(struct sl_mixers *mixers, const char *name,
                                                      sl_mixer_on_image *on_done, void *owner)
{
    const struct sl_config *config = mixers->config.config;
    struct sl_mixer_image_load *load = sl_new(struct sl_mixer_image_load);

    SL_ASSERT_ON(mixers->config.control);
    load->dir = sl_config_media_dir(config);
    load->name = sl_strdup(name);
    load->pixels_max = (uint32_t)config->mixer_input_pixels_max;
    load->on_done = on_done;
    load->owner = owner;
    load->job = (struct sl_lane_job){.run = run, .on_done = on_ran, .free = free_load};
    sl_lane_add(mixers->config.files, &load->job);
    return load;
}

void sl_mixer_image_load_cancel(struct sl_mixer_image_load *load)
{
    if (load)
        sl_lane_cancel(&load->job);
}
