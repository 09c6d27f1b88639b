/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fixed array, searched from end to end: it is only looked at when credentials are checked, which
 * costs a thousand times more. */
#include "http/guess.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

struct place {
    uint8_t ip[16]; /* of IPv6 the first half, then zeroes */
    int64_t since_us;
    unsigned wrong; /* 0: free */
};

struct sl_guesses {
    struct place places[SL_GUESS_PLACES];
};

struct sl_guesses *sl_guesses_create(void)
{
    return sl_new(struct sl_guesses);
}

void sl_guesses_destroy(struct sl_guesses *guesses)
{
    free(guesses);
}

static void key_of(const struct sl_addr *remote, uint8_t out[static 16])
{
    memcpy(out, remote->ip, 16);
    if (!sl_addr_is_v4(remote))
        memset(out + 8, 0, 8);
}

static const struct place *find(const struct sl_guesses *guesses, const struct sl_addr *remote,
                                int64_t now_us)
{
    uint8_t key[16];

    key_of(remote, key);
    for (size_t i = 0; i < SL_GUESS_PLACES; i++) {
        const struct place *place = &guesses->places[i];
        if (place->wrong > 0 && !memcmp(place->ip, key, sizeof(key)) &&
            now_us - place->since_us < (int64_t)SL_GUESS_WINDOW_S * SL_US_PER_S)
            return place;
    }
    return NULL;
}

int sl_guesses_wait_s(const struct sl_guesses *guesses, const struct sl_addr *remote,
                      int64_t now_us)
{
    const struct place *place = find(guesses, remote, now_us);

    if (!place || place->wrong < SL_GUESS_WRONG_MAX)
        return 0;
    int64_t left_us = place->since_us + (int64_t)SL_GUESS_WINDOW_S * SL_US_PER_S - now_us;
    return (int)((left_us + SL_US_PER_S - 1) / SL_US_PER_S);
}

/* A free place, or that of the address whose window began first. */
static struct place *take_place(struct sl_guesses *guesses)
{
    struct place *oldest = &guesses->places[0];

    for (size_t i = 0; i < SL_GUESS_PLACES; i++) {
        struct place *place = &guesses->places[i];
        if (place->wrong == 0)
            return place;
        if (place->since_us < oldest->since_us)
            oldest = place;
    }
    return oldest;
}

void sl_guesses_note_wrong(struct sl_guesses *guesses, const struct sl_addr *remote, int64_t now_us)
{
    const struct place *known = find(guesses, remote, now_us);

    if (known) {
        guesses->places[known - guesses->places].wrong++;
        return;
    }
    struct place *place = take_place(guesses);
    key_of(remote, place->ip);
    place->since_us = now_us;
    place->wrong = 1;
}
