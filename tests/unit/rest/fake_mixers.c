/* SPDX-License-Identifier: GPL-3.0-or-later */
/* At most one mixer. */
#include "fake_mixers.h"

#include "base/blob.h"
#include "base/mem.h"
#include "net/net.h"
#include "stream/stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct fake_mixers fake;

struct fake_mixers *fake_mixers_reset(void)
{
    fake = (struct fake_mixers){.level = -1, .muted = -1};
    return &fake;
}

struct sl_mixers *fake_mixers(void)
{
    return (struct sl_mixers *)(void *)&fake;
}

static struct sl_mixer *the_one(void)
{
    return (struct sl_mixer *)(void *)&fake;
}

struct sl_mixer *sl_mixers_find(struct sl_mixers *mixers, const char *name)
{
    (void)mixers;
    return fake.count > 0 && strcmp(fake.name, name) == 0 ? the_one() : NULL;
}

void sl_mixers_each(struct sl_mixers *mixers, void (*fn)(struct sl_mixer *mixer, void *arg),
                    void *arg)
{
    (void)mixers;
    if (fake.count > 0)
        fn(the_one(), arg);
}

size_t sl_mixers_count(const struct sl_mixers *mixers)
{
    (void)mixers;
    return fake.count;
}

int sl_mixers_start(struct sl_mixers *mixers, const char *name, const char *output,
                    const struct sl_mixer_settings *settings, const struct sl_mixer_images *images,
                    struct sl_mixer **out)
{
    (void)mixers;
    if (fake.refusal)
        return fake.refusal;
    fake.count = 1;
    (void)snprintf(fake.name, sizeof(fake.name), "%s", name);
    (void)snprintf(fake.output, sizeof(fake.output), "%s", output);
    fake.settings = *settings;
    fake.background = images->background;
    fake.watermark = images->watermark;
    *out = the_one();
    return 0;
}

/* ---- Files: never.png is not answered, of the others the name says what they are ---- */

struct sl_mixer_image_load {
    struct sl_later later;
    int err;
    sl_mixer_on_image *on_done;
    void *owner;
};

static void on_read(struct sl_later *later)
{
    struct sl_mixer_image_load *load = sl_container_of(later, struct sl_mixer_image_load, later);

    load->on_done(load->owner, load->err, "words", load->err < 0 ? NULL : sl_blob_create(1));
    free(load);
}

struct sl_mixer_image_load *sl_mixer_image_load_start(struct sl_mixers *mixers, const char *name,
                                                      sl_mixer_on_image *on_done, void *owner)
{
    static const struct {
        const char *name;
        int err;
    } files[] = {{"none.png", -ENOENT}, {"text.png", -EBADMSG}, {"slow.png", -ETIMEDOUT}};
    struct sl_mixer_image_load *load = sl_new(struct sl_mixer_image_load);

    (void)mixers;
    for (size_t i = 0; i < SL_ARRAY_LEN(files); i++)
        load->err = strcmp(files[i].name, name) == 0 ? files[i].err : load->err;
    load->on_done = on_done;
    load->owner = owner;
    load->later.run = on_read;
    if (strcmp(name, "never.png") != 0)
        sl_loop_later(NULL, &load->later);
    return load;
}

void sl_mixer_image_load_cancel(struct sl_mixer_image_load *load)
{
    if (!load)
        return;
    sl_later_cancel(&load->later);
    free(load);
}

void sl_mixer_end(struct sl_mixer *mixer, const char *why)
{
    (void)mixer;
    (void)why;
    fake.count = 0;
}

int sl_mixer_add(struct sl_mixer *mixer, struct sl_stream *stream, const struct sl_mixer_use *use)
{
    (void)mixer;
    if (fake.refusal)
        return fake.refusal;
    fake.use = *use;
    (void)snprintf(fake.inputs[fake.inputs[0][0] != '\0'], sizeof(fake.inputs[0]), "%s",
                   sl_stream_name(stream));
    return 0;
}

int sl_mixer_remove(struct sl_mixer *mixer, const char *name)
{
    (void)mixer;
    return strcmp(fake.inputs[0], name) == 0 ? 0 : -ENOENT;
}

size_t sl_mixer_set_inputs(struct sl_mixer *mixer, bool (*wants)(void *arg, const char *name),
                           void *arg, int level, int muted)
{
    size_t count = 0;

    (void)mixer;
    for (size_t i = 0; i < 2; i++)
        count += fake.inputs[i][0] && wants(arg, fake.inputs[i]);
    fake.level = level;
    fake.muted = muted;
    return count;
}

void sl_mixer_change(struct sl_mixer *mixer, const struct sl_mixer_settings *settings)
{
    (void)mixer;
    fake.settings = *settings;
}

void sl_mixer_stats(const struct sl_mixer *mixer, struct sl_mixer_stats *out)
{
    (void)mixer;
    *out = (struct sl_mixer_stats){.name = fake.name,
                                   .output = fake.output,
                                   .stream = sl_streams_find(NULL, fake.inputs[0]),
                                   .settings = &fake.settings,
                                   .flows = true};
}

void sl_mixer_each_input(const struct sl_mixer *mixer,
                         void (*fn)(const struct sl_mixer_input_stats *input, void *arg), void *arg)
{
    (void)mixer;
    for (size_t i = 0; i < 2; i++) {
        const struct sl_mixer_input_stats input = {
            .name = fake.inputs[i], .id = fake.inputs[i], .level = 100, .has_video = true};
        if (fake.inputs[i][0])
            fn(&input, arg);
    }
}
