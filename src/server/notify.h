/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words to the service manager (sd_notify(3)): a datagram to $NOTIFY_SOCKET, nothing without it. */
#ifndef SL_SERVER_NOTIFY_H
#define SL_SERVER_NOTIFY_H

/* state: "READY=1", "WATCHDOG=1" ... Never blocks; what cannot be sent is not missed. */
void sl_notify(const char *state);

#endif
