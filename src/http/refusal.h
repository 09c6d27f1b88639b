/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why a caller from a loopback address was not taken for an operator, and what to set: for the
 * answer, and now and then for the log. One thread.
 */
#ifndef SL_HTTP_REFUSAL_H
#define SL_HTTP_REFUSAL_H

#include "http/access.h"

#include <stdint.h>

enum {
    SL_REFUSAL_WORDS_MAX = 200,
    SL_REFUSAL_LOG_S = 60, /* between two lines of one kind */
};

struct sl_refusal {
    enum sl_locality locality; /* SL_LOCAL and SL_ELSEWHERE: nothing to explain */
    const char *proxy_sign;    /* of SL_PROXIED */
    uid_t uid;                 /* of SL_OTHER_USER */
};

/* A clause that begins with "; ", or "". It names no user: strangers read it. Returns out. */
char *sl_refusal_explain(const struct sl_refusal *refusal, char out[static SL_REFUSAL_WORDS_MAX]);

/* When the last line of each kind was written, and how many were not since. Zero to begin with. */
struct sl_refusal_log {
    int64_t logged_us[SL_LOCALITY_COUNT];
    uint64_t silent[SL_LOCALITY_COUNT];
};
/* method and path: what was refused, as the route's table has it. */
void sl_refusal_note(struct sl_refusal_log *log, const struct sl_refusal *refusal,
                     const struct sl_local_users *users, const char *method, const char *path,
                     int64_t now_us);

#endif
