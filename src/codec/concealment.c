/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search for the pitch period, and its repetition. */
#include "codec/concealment.h"

#include <string.h>

enum {
    FULL_MS = 10,  /* so long it is as loud as before ... */
    FADED_MS = 60, /* ... and then there is nothing */
    JOIN_MS = 4,
    /* Voices have 66 to 200 Hz or a multiple, which is as good. */
    PITCH_MIN_MS = 5,
    PITCH_MAX_MS = 15,
    WINDOW_MS = 20, /* that is compared with what was a pitch period before */
};

static size_t samples_of(int rate_hz, int ms)
{
    return (size_t)(rate_hz / 1000 * ms);
}

/* Of the last window with what came so much before, squared, by the latter's energy. */
static double correlation(const int16_t *window, size_t len, size_t before)
{
    double product = 0, energy = 1;

    for (size_t i = 0; i < len; i++) {
        double earlier = window[(ptrdiff_t)i - (ptrdiff_t)before];
        product += window[i] * earlier;
        energy += earlier * earlier;
    }
    return product > 0 ? product * product / energy : 0;
}

static size_t find_pitch(const struct sl_concealment *concealment, int rate_hz)
{
    const size_t window = samples_of(rate_hz, WINDOW_MS);
    size_t longest = samples_of(rate_hz, PITCH_MAX_MS), best = longest;
    const int16_t *last = concealment->history + SL_CONCEALMENT_HISTORY - window;
    double most = 0;

    for (size_t pitch = samples_of(rate_hz, PITCH_MIN_MS); pitch <= longest; pitch++) {
        double like = correlation(last, window, pitch);
        if (like > most) {
            most = like;
            best = pitch;
        }
    }
    return best;
}

/* One more sample of what is made up. */
static int16_t next(struct sl_concealment *concealment, int rate_hz)
{
    const size_t full = samples_of(rate_hz, FULL_MS), faded = samples_of(rate_hz, FADED_MS);
    size_t at = concealment->made_up++;
    const int16_t *pitch = concealment->history + SL_CONCEALMENT_HISTORY - concealment->pitch;

    if (at >= faded)
        return 0;
    int sample = pitch[at % concealment->pitch];
    return (int16_t)(at < full ? sample : sample * (int)(faded - at) / (int)(faded - full));
}

static void remember(struct sl_concealment *concealment, const int16_t *samples, size_t count)
{
    if (count > SL_CONCEALMENT_HISTORY) {
        samples += count - SL_CONCEALMENT_HISTORY;
        count = SL_CONCEALMENT_HISTORY;
    }
    memmove(concealment->history, concealment->history + count,
            (SL_CONCEALMENT_HISTORY - count) * sizeof(*samples));
    memcpy(concealment->history + SL_CONCEALMENT_HISTORY - count, samples,
           count * sizeof(*samples));
    concealment->heard += count;
    if (concealment->heard > SL_CONCEALMENT_HISTORY)
        concealment->heard = SL_CONCEALMENT_HISTORY;
}

void sl_concealment_hear(struct sl_concealment *concealment, int rate_hz, int16_t *samples,
                         size_t count)
{
    int join = (int)samples_of(rate_hz, JOIN_MS);

    for (int i = 0; concealment->pitch > 0 && i < join && (size_t)i < count; i++)
        samples[i] = (int16_t)((samples[i] * i + next(concealment, rate_hz) * (join - i)) / join);
    concealment->pitch = 0;
    remember(concealment, samples, count);
}

void sl_concealment_make_up(struct sl_concealment *concealment, int rate_hz, int16_t *out,
                            size_t count)
{
    if (concealment->heard < samples_of(rate_hz, WINDOW_MS + PITCH_MAX_MS)) {
        memset(out, 0, count * sizeof(*out));
        return;
    }
    if (concealment->pitch == 0) {
        concealment->pitch = find_pitch(concealment, rate_hz);
        concealment->made_up = 0;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = next(concealment, rate_hz);
}
