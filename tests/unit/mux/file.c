/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of tests. */
#include "file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char directory[] = "/tmp/sluice-mux-XXXXXX";

void file_make_material(struct material *m, const struct file_kind *kind)
{
    const struct material_pictures pictures = {kind->video,      320,         240, FILE_SECONDS,
                                               kind->b_pictures, MATERIAL_FPS};

    *m = (struct material){0};
    if (kind->video != SL_CODEC_NONE)
        material_add_pictures(m, &pictures, 0);
    if (kind->audio != SL_CODEC_NONE)
        material_add_sound(m, kind->audio, 2, FILE_SECONDS);
}

void file_begin(struct file *f, enum sl_container container, const struct sl_mux_tracks *tracks)
{
    const struct sl_muxer_config config = {.container = container, .tracks = *tracks};

    *f = (struct file){0};
    sl_buffer_init(&f->bytes, FILE_LEN_MAX);
    assert_int_equal(sl_muxer_create(&config, &f->bytes, &f->muxer), 0);
    f->head_len = f->bytes.len;
}

void file_cut(struct file *f, int64_t next_us)
{
    assert_int_equal(sl_muxer_cut(f->muxer, next_us, &f->bytes, &f->last), 0);
    f->pieces++;
    f->pictures += f->last.pictures;
    f->sounds += f->last.sounds;
    assert_int_equal(sl_muxer_len(f->muxer), f->bytes.len);
}

/* Cuts at key frames; where there are only sounds, every second. */
static bool is_cut(const struct material *m, size_t i, int64_t since_us)
{
    const struct sl_mux_sample *sample = &m->samples[i];

    if (m->tracks.codecs[SL_VIDEO] != SL_CODEC_NONE)
        return sample->kind == SL_VIDEO && sample->keyframe;
    return sample->dts_us - since_us >= 1000000;
}

void file_write_all(struct file *f, const struct material *m)
{
    int64_t since_us = m->samples[0].dts_us;

    for (size_t i = 0; i < m->count; i++) {
        if (i > 0 && is_cut(m, i, since_us)) {
            file_cut(f, m->samples[i].dts_us);
            since_us = m->samples[i].dts_us;
        }
        assert_int_equal(sl_muxer_add(f->muxer, &m->samples[i]), 0);
    }
    file_cut(f, SL_MUX_LAST);
}

void file_finish(struct file *f)
{
    struct sl_buffer head;

    sl_buffer_init(&head, SL_MUX_HEAD_MAX);
    assert_int_equal(sl_muxer_finish(f->muxer, &head, &f->bytes), 0);
    if (head.len > 0)
        memcpy(f->bytes.data, head.data, head.len);
    sl_buffer_deinit(&head);
}

const char *file_save(const struct file *f, enum sl_container container)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/file.%s", directory, sl_container_extension(container));
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(f->bytes.data, 1, f->bytes.len, file), f->bytes.len);
    assert_int_equal(fclose(file), 0);
    return path;
}

void file_end(struct file *f)
{
    sl_muxer_destroy(f->muxer);
    sl_buffer_deinit(&f->bytes);
}

int file_make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

int file_remove_directory(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r '%s'", directory);
    return system(command);
}
