/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guessed passwords: who was wrong too often waits, and costs no more hashes (hardening.md class
 * 17). Time is an argument. Pure, one thread.
 */
#ifndef SL_HTTP_GUESS_H
#define SL_HTTP_GUESS_H

#include "base/addr.h"

enum {
    SL_GUESS_WRONG_MAX = 5, /* within one window */
    SL_GUESS_WINDOW_S = 60, /* from the first wrong one on */
    SL_GUESS_PLACES = 1024, /* addresses remembered: the newcomer takes the oldest's place */
};

struct sl_guesses;

struct sl_guesses *sl_guesses_create(void);
/* NULL is fine. */
void sl_guesses_destroy(struct sl_guesses *guesses);

/* Seconds this address has to wait, 0: it may try. IPv6 addresses count by their /64. */
int sl_guesses_wait_s(const struct sl_guesses *guesses, const struct sl_addr *remote,
                      int64_t now_us);
void sl_guesses_note_wrong(struct sl_guesses *guesses, const struct sl_addr *remote,
                           int64_t now_us);

#endif
