/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a final response is called. */
#include "calls/call.h"

#include <stdio.h>

const char *sl_call_info(int code, const char *reason, char *room, size_t len)
{
    switch (code) {
    case 401:
    case 403:
    case 407:
        return "AUTHENTICATION_FAIL";
    case 402:
        return "PAYMENT_REQUIRED";
    case 404:
    case 410:
    case 480:
    case 484:
    case 604:
        return "USER_NOT_AVAILABLE";
    default:
        (void)snprintf(room, len, "%d %s", code, reason ? reason : "No answer");
        return room;
    }
}
