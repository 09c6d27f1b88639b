/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way to the thread, and the word that it may end. */
#include "sip/internal.h"

#include <unistd.h>

void sl_sip_order(struct sl_sip *sip, struct sl_msg *msg)
{
    const uint64_t one = 1;

    if (sl_queue_post(&sip->queue, msg))
        (void)!write(sip->wake_fd, &one, sizeof(one)); /* fails only when it is set already */
}

void sl_sip_check_idle(struct sl_sip *sip)
{
    if (sip->stopping && sl_list_empty(&sip->accounts))
        re_cancel();
}
