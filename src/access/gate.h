/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate: may this client publish or play this, and when must it end. Control loop. */
#ifndef SL_ACCESS_GATE_H
#define SL_ACCESS_GATE_H

#include "access/provider.h"
#include "access/reason.h"

#include <jansson.h>
#include <stdbool.h>

struct sl_addr;

/* One client of a protocol that has no sessions of its own, for one stream. */
struct sl_visit;

struct sl_gate_request {
    bool publish;
    const struct sl_addr *remote, *local;
    const char *app_key; /* NULL: defaultApp */
    const char *name;    /* of the stream */
    /* Of the media session; borrowed. NULL: one is drawn. */
    const char *id;
    /* The back end is not asked, as it was already, or is by the client's own protocol: it is only
     * told of the stream. */
    bool unasked;
    /* Nobody has let it: a stream whose players are only those whom the back end lets is not for
     * it (SL_REASON_RESTRICTED), also if it is another server's and is known only once it is here.
     */
    bool unpermitted;
    json_t *custom; /* for the back end: what the client said of itself; NULL, nothing */
    /*
     * How its media are set up: the client's own, its arg tells whose. begin() is the gate's yes:
     * the application, the limits, the back end and the directory have been asked, and of a
     * playback the stream is there. Must outlive the medium, or the visit where none began.
     */
    const struct sl_provider *provider;
    /*
     * It may not, or no more: once, the last call, never from within enter(). A medium that had
     * begun was told to close before; one that failed by itself ends the visit too. Not called
     * after leave().
     */
    void (*on_end)(void *owner, const struct sl_why *why);
    void *owner;
};

/*
 * Whoever comes by the gate is a client like any other: it counts against the limits, its
 * application's back end is asked and told, it stands in the lists of REST and the console with its
 * provider's name, is asked about while it goes on, and can be terminated.
 */
struct sl_gate {
    void *arg;
    /* Everything borrowed for the duration of the call, but for provider and owner. */
    struct sl_visit *(*enter)(void *arg, const struct sl_gate_request *request);
    /* The client is gone. stopped: it said so; the back end hears of a stop then, otherwise of a
     * failure. A medium that had begun is closed. Not from within the provider's own functions. */
    void (*leave)(struct sl_visit *visit, bool stopped);
    /* Those alone may play this stream whom its publisher's back end has let (playStream): a
     * protocol that does not ask must not show it. False: anybody may, or there is no such stream.
     */
    bool (*is_guarded)(void *arg, const char *name);
};

#endif
