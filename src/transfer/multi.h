/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl's multi interface on a loop. Private to transfer/; the loop's thread. */
#ifndef SL_TRANSFER_MULTI_H
#define SL_TRANSFER_MULTI_H

#include <curl/curl.h>
#include <stddef.h>

struct sl_loop;
struct sl_timer;

struct sl_multi {
    CURLM *curl;
    struct sl_loop *loop;
    struct sl_timer *timeout; /* libcurl's */
    size_t connections;
    void (*on_turn)(void *owner); /* after libcurl has been called by the loop */
    void *owner;
};
/* Memory is the caller's, zeroed, and stays where it is. -ENOMEM; to be deinitialised even so. */
int sl_multi_init(struct sl_multi *multi, struct sl_loop *loop, size_t connections,
                  void (*on_turn)(void *owner), void *owner);
void sl_multi_deinit(struct sl_multi *multi);
/* Closes its connections. No transfer may be in it. */
void sl_multi_renew(struct sl_multi *multi);

#endif
