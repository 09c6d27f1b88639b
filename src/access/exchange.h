/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All telephone calls of the server, for whoever operates it. Control loop. */
#ifndef SL_ACCESS_EXCHANGE_H
#define SL_ACCESS_EXCHANGE_H

#include <jansson.h>
#include <stddef.h>

struct sl_error;

struct sl_exchange_stats {
    size_t accounts, registered; /* of clients, at SIP servers */
    size_t incoming, outgoing;   /* calls that have not ended */
    size_t established;          /* of them, those that are held included */
    size_t subscriptions;        /* of clients, to their registrations */
};

struct sl_exchange {
    void *arg;
    /* Each call that has not ended, as the object of rest-api.md 3.5: borrowed, may be changed.
     * visit neither begins calls nor ends them. A client has ten at most, and all that have left
     * share the range of media ports. */
    void (*each)(void *arg, void (*visit)(void *owner, json_t *call), void *owner);
    /* As if its client hung up (sip.md 6). Clients choose the ids: all that have this one; how many
     * there were. */
    size_t (*end)(void *arg, const char *id);
    /* What sendDtmf would send (sip.md 9), object being its {dtmf, type}; how many calls have the
     * id. -EINVAL: no digits, or too many; -EAGAIN: nobody has answered yet. */
    int (*send_digits)(void *arg, const char *id, const json_t *object);
    void (*stats)(void *arg, struct sl_exchange_stats *out);
    /*
     * A call without any client (sip.md 15): object has the fields of rest-api.md 8, those of its
     * account among them. 0: it is under way, and the name of its stream is kept for it. -EEXIST:
     * there is a call of this id, or one that is pushed to the same place, or the name is in use;
     * -EINVAL; with words.
     */
    int (*startup)(void *arg, json_t *object, struct sl_error *error);
    /* What its telephone hears: a live stream's sound until that ends, or in its place again what
     * it heard at first (name NULL). How many calls have the id; -ENOENT: there is no such stream,
     * or it has no sound; -EAGAIN: nobody has answered; other errors; with words. */
    int (*inject_stream)(void *arg, const char *id, const char *name, struct sl_error *error);
    /* The same with a sound file of media_dir, to its end. on_done once, never from within: 0, or
     * as above; -ENOENT: there is no such call, or no such file. */
    void (*inject_sound)(void *arg, const char *id, const char *file,
                         void (*on_done)(void *owner, int err, const char *words), void *owner);
    /* on_done never comes. */
    void (*cancel_sounds)(void *arg);
};

#endif
