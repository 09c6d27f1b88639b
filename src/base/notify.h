/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling the service manager how we are (sd_notify(3), the protocol without the library). */
#ifndef SL_BASE_NOTIFY_H
#define SL_BASE_NOTIFY_H

/*
 * Sends one state to the socket named by $NOTIFY_SOCKET, "READY=1" or "STOPPING=1".
 *
 * Returns  1 if it was sent, 0 if nobody asked for it, or a negative errno value.
 * Threads  any; does not block.
 */
int sl_notify(const char *state);

#endif
