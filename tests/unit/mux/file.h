/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that tests write with a muxer: in memory, and saved for others to read. */
#ifndef SL_TEST_MUX_FILE_H
#define SL_TEST_MUX_FILE_H

#include "material.h"

enum { FILE_LEN_MAX = 64 << 20, FILE_SECONDS = 4 };

struct file_kind {
    enum sl_container container;
    enum sl_codec video, audio;
    int b_pictures;
};
/* So many seconds, a key frame in each. */
void file_make_material(struct material *m, const struct file_kind *kind);

struct file {
    struct sl_muxer *muxer;
    struct sl_buffer bytes;
    size_t head_len;
    size_t pieces, pictures, sounds;
    struct sl_mux_piece last;
};
void file_begin(struct file *f, enum sl_container container, const struct sl_mux_tracks *tracks);
void file_cut(struct file *f, int64_t next_us);
/* All frames, cut at key frames; where there are only sounds, every second. */
void file_write_all(struct file *f, const struct material *m);
void file_finish(struct file *f);
void file_end(struct file *f);

/* Setup and teardown of whoever saves. */
int file_make_directory(void **state);
int file_remove_directory(void **state);
/* Returns the path: static. */
const char *file_save(const struct file *f, enum sl_container container);

#endif
