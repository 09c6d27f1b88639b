/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory of names whose answers the test gives. */
#include "base/mem.h"
#include "fake.h"

#include <assert.h>
#include <string.h>

struct sl_directory_call {
    struct sl_list link; /* in fake->calls */
    struct sl_later later;
    struct fake_names *fake;
    bool claim;
    char *name;
    sl_directory_on_answer *on_answer;
    void *owner;
};

static void drop(struct sl_directory_call *call)
{
    sl_list_remove(&call->link);
    sl_later_cancel(&call->later);
    free(call->name);
    free(call);
}

static void answer(struct sl_directory_call *call, int err)
{
    sl_directory_on_answer *on_answer = call->on_answer;
    void *owner = call->owner;

    call->fake->held += call->claim && err == 0;
    drop(call); /* before: what is answered must not be cancelled any more */
    on_answer(owner, err);
}

static void on_later(struct sl_later *later)
{
    struct sl_directory_call *call = sl_container_of(later, struct sl_directory_call, later);

    answer(call, call->fake->err);
}

static struct sl_directory_call *ask(struct fake_names *fake, bool claim, const char *name,
                                     sl_directory_on_answer *on_answer, void *owner)
{
    struct sl_directory_call *call = sl_new(struct sl_directory_call);

    call->fake = fake;
    call->claim = claim;
    call->name = sl_strdup(name);
    call->on_answer = on_answer;
    call->owner = owner;
    call->later.run = on_later;
    sl_list_append(&fake->calls, &call->link);
    if (fake->prompt)
        sl_loop_later(NULL, &call->later);
    return call;
}

static struct sl_directory_call *claim(void *arg, const char *name,
                                       sl_directory_on_answer *on_answer, void *owner)
{
    ((struct fake_names *)arg)->claims++;
    return ask(arg, true, name, on_answer, owner);
}

static struct sl_directory_call *find(void *arg, const char *name,
                                      sl_directory_on_answer *on_answer, void *owner)
{
    ((struct fake_names *)arg)->finds++;
    return ask(arg, false, name, on_answer, owner);
}

static struct sl_directory_call *fetch(void *arg, const char *name,
                                       sl_directory_on_answer *on_answer, void *owner)
{
    ((struct fake_names *)arg)->fetches++;
    return ask(arg, false, name, on_answer, owner);
}

static void release(void *arg, const char *name)
{
    struct fake_names *fake = arg;

    assert(name[0] != '\0' && fake->held > 0);
    fake->held--;
    fake->released++;
}

static void cancel(void *arg, struct sl_directory_call *call)
{
    struct fake_names *fake = arg;

    if (!call)
        return;
    fake->cancelled++;
    drop(call);
}

void fake_names_init(struct fake_names *fake)
{
    *fake = (struct fake_names){.directory = {.arg = fake,
                                              .claim = claim,
                                              .release = release,
                                              .find = find,
                                              .fetch = fetch,
                                              .cancel = cancel}};
    sl_list_init(&fake->calls);
}

const char *fake_names_asked(const struct fake_names *fake)
{
    return sl_list_empty(&fake->calls)
               ? NULL
               : sl_container_of(fake->calls.next, struct sl_directory_call, link)->name;
}

void fake_names_answer(struct fake_names *fake, int err)
{
    struct sl_directory_call *call = sl_list_first(&fake->calls, struct sl_directory_call, link);

    assert(call);
    answer(call, err);
}
