/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the key frames of a file are, in bounded memory: when it is full, every other one is
 * forgotten, and only every second (fourth ...) one noted from then on. Private to this directory.
 */
#ifndef SL_MUX_INDEX_H
#define SL_MUX_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct sl_mux_index_entry {
    int64_t time;    /* of showing, in the unit of whoever notes it */
    uint64_t offset; /* of its piece */
};

/* Zeroed is empty. */
struct sl_mux_index {
    struct sl_mux_index_entry *entries;
    size_t count, capacity;
    size_t stride; /* every so many-th is noted; 0: as 1 */
    size_t skipped;
};
void sl_mux_index_deinit(struct sl_mux_index *index);
/* One that finds no memory is left out. */
void sl_mux_index_note(struct sl_mux_index *index, int64_t time, uint64_t offset);

#endif
