/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a codec process says when it breaks down: whose bytes it was at. Private to this directory.
 */
#ifndef SL_ENGINE_LAST_WORDS_H
#define SL_ENGINE_LAST_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* From here on a crash, a trap of the filter, or SIGABRT from the server writes SL_ENGINE_DYING to
 * the first socket and ends the process with 128 + the signal. Negative errno. */
int sl_last_words_prepare(void);
/* The job that is worked on from now on, and whose bytes of its many inputs; 0: none. */
void sl_last_words_job(uint32_t job, uint32_t input);
/* Within its job: whose pictures or sound it is at from now on; 0: those of no one alone. */
void sl_last_words_input(uint32_t input);
/* What the first socket has taken only the beginning of, and must get before anything else; len 0:
 * nothing. Borrowed until the next call. */
void sl_last_words_rest(const uint8_t *data, size_t len);

#endif
