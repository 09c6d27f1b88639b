/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unpredictable bytes and tokens from the kernel (hardening.md class 25). Threads: any. */
#ifndef SL_BASE_RANDOM_H
#define SL_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Ends the process when the kernel has none to give: not while it runs. getrandom(2) needs no
 * descriptor and, once it has worked, fails no more (random(7)); the start draws the first. */
void sl_random_bytes(void *out, size_t len);
uint32_t sl_random_u32(void);
/* len characters of [0-9a-z] and a final NUL: out holds len + 1. 26 characters carry 134 bits. */
void sl_random_token(char *out, size_t len);

#endif
