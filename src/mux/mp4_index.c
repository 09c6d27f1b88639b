/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the key frames of an MP4 file are (ISO 14496-12 section 8.8.9 to 8.8.11). */
#include "mux/box.h"
#include "mux/mp4.h"

void sl_mp4_write_index(struct sl_buffer *out, uint32_t track_id, const struct sl_mux_index *index)
{
    size_t mfra = sl_box_begin(out, "mfra"), mfra_len_at;
    size_t tfra = sl_full_box_begin(out, "tfra", 1, 0);

    sl_buffer_u32(out, track_id);
    sl_buffer_u32(out, 0); /* the three numbers of an entry have one byte each */
    sl_buffer_u32(out, (uint32_t)index->count);
    for (size_t i = 0; i < index->count; i++) {
        sl_buffer_u64(out, (uint64_t)index->entries[i].time);
        sl_buffer_u64(out, index->entries[i].offset);
        sl_buffer_u24(out, 0x010101); /* traf, trun, sample: the first */
    }
    sl_box_end(out, tfra);
    /* Last in the file, so that mfra is found from its end. */
    size_t mfro = sl_full_box_begin(out, "mfro", 0, 0);
    mfra_len_at = out->len;
    sl_buffer_u32(out, 0);
    sl_box_end(out, mfro);
    sl_box_end(out, mfra);
    if (out->ok)
        sl_store_u32(out->data + mfra_len_at, (uint32_t)(out->len - mfra));
}
