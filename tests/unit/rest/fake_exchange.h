/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telephone calls that are only said to be there. */
#ifndef SL_TEST_FAKE_EXCHANGE_H
#define SL_TEST_FAKE_EXCHANGE_H

#include "access/access.h"

enum { FAKE_CALLS_MAX = 4 };

struct fake_exchange {
    struct sl_exchange exchange;   /* its arg is this */
    json_t *calls[FAKE_CALLS_MAX]; /* NULL: ended */
    char digits[32];               /* the last ones asked for */
    int refusal;                   /* of digits */
};

void fake_exchange_init(struct fake_exchange *fake);
void fake_exchange_deinit(struct fake_exchange *fake);
/* A call as rest-api.md 3.5 has it. */
void fake_exchange_add(struct fake_exchange *fake, const char *id, const char *callee,
                       const char *status);

#endif
