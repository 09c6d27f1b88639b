/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AV1 as Matroska carries it ("AV1 Codec Mappings for Matroska", "AV1 in ISOBMFF"): temporal units
 * in the low-overhead format, without their delimiters. Private to this directory. */
#ifndef SL_MUX_AV1_H
#define SL_MUX_AV1_H

#include "base/buffer.h"

/* AV1CodecConfigurationRecord from the sequence header of a temporal unit. -EINVAL: there is none,
 * or it is broken. */
int sl_av1_write_config(struct sl_buffer *out, const uint8_t *unit, size_t len);
/* A temporal unit; what cannot be read of it is left out. */
void sl_av1_append(struct sl_buffer *out, const uint8_t *unit, size_t len);

#endif
