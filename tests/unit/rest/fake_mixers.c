/* SPDX-License-Identifier: GPL-3.0-or-later */
/* At most one mixer. */
#include "fake_mixers.h"

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
                    const struct sl_mixer_settings *settings, struct sl_mixer **out)
{
    (void)mixers;
    if (fake.refusal)
        return fake.refusal;
    fake.count = 1;
    (void)snprintf(fake.name, sizeof(fake.name), "%s", name);
    (void)snprintf(fake.output, sizeof(fake.output), "%s", output);
    fake.settings = *settings;
    *out = the_one();
    return 0;
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
