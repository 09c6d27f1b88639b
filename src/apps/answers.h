/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers that are given in the next turn of the loop. The owner's thread is the loop's. */
#ifndef SL_APPS_ANSWERS_H
#define SL_APPS_ANSWERS_H

#include "apps/apps.h"
#include "base/list.h"
#include "net/net.h"

struct sl_answers {
    struct sl_loop *loop;
    struct sl_list list;
};

void sl_answers_init(struct sl_answers *answers, struct sl_loop *loop);
/* None is given after this. */
void sl_answers_deinit(struct sl_answers *answers);
/* Calls on_done(owner, err, words) in the next turn; words are copied. One at most for each call of
 * apps.h, so callers bound how many there are. */
void sl_answers_post(struct sl_answers *answers, sl_apps_on_done *on_done, void *owner, int err,
                     const char *words);

#endif
