/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words to the service manager (sd_notify(3)): a datagram to $NOTIFY_SOCKET, nothing without it. */
#ifndef SL_SERVER_NOTIFY_H
#define SL_SERVER_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

/* Its socket is kept: at a moment without descriptors a watchdog that is not told would end the
 * server. Embedded; zeroed is not initialised. */
struct sl_notifier {
    int fd; /* -1: nobody is to be told */
    struct sockaddr_un to;
    socklen_t to_len;
};
/* Takes NOTIFY_SOCKET from the environment. */
void sl_notifier_init(struct sl_notifier *notifier);
void sl_notifier_deinit(struct sl_notifier *notifier);
/* state: "READY=1", "WATCHDOG=1" ... Never blocks; what cannot be sent is not missed. */
void sl_notify(const struct sl_notifier *notifier, const char *state);

#endif
