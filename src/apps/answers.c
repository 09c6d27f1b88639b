/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers given later. */
#include "apps/answers.h"

#include "base/mem.h"

struct answer {
    struct sl_later later;
    struct sl_list link; /* sl_answers.list */
    sl_apps_on_done *on_done;
    void *owner;
    int err;
    char *words;
};

void sl_answers_init(struct sl_answers *answers, struct sl_loop *loop)
{
    answers->loop = loop;
    sl_list_init(&answers->list);
}

void sl_answers_deinit(struct sl_answers *answers)
{
    struct answer *answer;

    sl_list_foreach(answer, &answers->list, struct answer, link)
    {
        sl_later_cancel(&answer->later);
        sl_list_remove(&answer->link);
        free(answer->words);
        free(answer);
    }
}

static void on_answer(struct sl_later *later)
{
    struct answer *answer = sl_container_of(later, struct answer, later);

    sl_list_remove(&answer->link);
    answer->on_done(answer->owner, answer->err, answer->words);
    free(answer->words);
    free(answer);
}

void sl_answers_post(struct sl_answers *answers, sl_apps_on_done *on_done, void *owner, int err,
                     const char *words)
{
    struct answer *answer = sl_new(struct answer);

    answer->later.run = on_answer;
    answer->on_done = on_done;
    answer->owner = owner;
    answer->err = err;
    answer->words = sl_strdup(words);
    sl_list_append(&answers->list, &answer->link);
    sl_loop_later(answers->loop, &answer->later);
}
