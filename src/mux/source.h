/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read of a file that is to be repaired. Private to this directory. */
#ifndef SL_MUX_SOURCE_H
#define SL_MUX_SOURCE_H

#include "base/bytes.h"
#include "mux/muxer.h"

/* Exactly len bytes, appended to out. -EBADMSG: there are not so many; what read returned; -ENOMEM.
 */
int sl_mux_read(const struct sl_mux_source *source, uint64_t offset, size_t len,
                struct sl_buffer *out);
/* Up to len bytes into buf; how many there are is in the reader. */
int sl_mux_peek(const struct sl_mux_source *source, uint64_t offset, uint8_t *buf, size_t len,
                struct sl_reader *out);

#endif
