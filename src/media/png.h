/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG files: what their head says (PNG specification, 5.2 and 11.2.1). Pure; fuzzed. */
#ifndef SL_MEDIA_PNG_H
#define SL_MEDIA_PNG_H

#include <stddef.h>
#include <stdint.h>

/* In pixels, neither is 0. -EBADMSG: these bytes are the beginning of no PNG. */
int sl_png_read_size(const uint8_t *data, size_t len, uint32_t *width, uint32_t *height);

#endif
