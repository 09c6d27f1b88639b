/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A way of media that is not WebRTC: it does what the test says. */
#ifndef SL_TESTS_UNIT_SESSION_FAKE_PROVIDER_H
#define SL_TESTS_UNIT_SESSION_FAKE_PROVIDER_H

#include "access/access.h"

struct fake_provider {
    struct sl_provider provider; /* by the name of "Fake" */
    enum sl_reason refusal;      /* of begin() */
    const char *answer;          /* NULL: none */
    size_t begun, started, closed;
    char offer[64], name[64]; /* of the last request; "" if there was no offer */
    const struct sl_medium_ops *ops;
    void *owner; /* of the last medium */
    struct sl_medium *last;
    struct sl_medium_figures figures;
};
void fake_provider_init(struct fake_provider *fake);
/* The last medium. */
void fake_provider_tells(struct fake_provider *fake, enum sl_medium_state state,
                         enum sl_reason reason);
/* Media that were closed are gone; how many they were. */
size_t fake_provider_finish(void);

#endif
