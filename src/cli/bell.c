/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches a listening socket until the first client. */
#include "cli/bell.h"

#include "base/list.h"
#include "base/mem.h"
#include "net/net.h"

#include <stdlib.h>

enum { AGAIN_MS = 1000 };

struct sl_bell {
    uv_poll_t poll;
    struct sl_timer *again;
    bool (*on_ring)(void *owner);
    void *owner;
    bool gone; /* destroyed: nothing is touched any more */
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct sl_bell *bell = sl_container_of(poll, struct sl_bell, poll);

    (void)status; /* an error of the socket is the callee's to see */
    (void)events;
    (void)uv_poll_stop(poll); /* always 0 */
    if (!bell->on_ring(bell->owner) && !bell->gone)
        sl_timer_start(bell->again, AGAIN_MS, 0);
}

static void on_again(void *owner)
{
    struct sl_bell *bell = owner;

    (void)uv_poll_start(&bell->poll, UV_READABLE, on_readable); /* it is not closing */
}

static void on_closed(uv_handle_t *handle)
{
    free(sl_container_of((uv_poll_t *)handle, struct sl_bell, poll));
}

int sl_bell_create(struct sl_loop *loop, int fd, bool (*on_ring)(void *owner), void *owner,
                   struct sl_bell **out)
{
    struct sl_bell *bell = sl_new(struct sl_bell);
    int err = uv_poll_init(sl_loop_uv(loop), &bell->poll, fd);

    if (err < 0) {
        free(bell);
        return err;
    }
    bell->on_ring = on_ring;
    bell->owner = owner;
    bell->again = sl_timer_create(loop, on_again, bell);
    on_again(bell);
    *out = bell;
    return 0;
}

void sl_bell_destroy(struct sl_bell *bell)
{
    if (!bell)
        return;
    bell->gone = true;
    sl_timer_destroy(bell->again);
    uv_close((uv_handle_t *)&bell->poll, on_closed); /* leaves fd to others at once */
}
