/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What transfers (transfer.c) share with the end of a call. Control loop. */
#ifndef SL_CALLS_SUCCESSION_H
#define SL_CALLS_SUCCESSION_H

#include "calls/call.h"

/* What becomes of a transfer, to client and back end; event may be NULL. */
void sl_call_tell_transfer(struct sl_call *call, bool incoming, const char *target,
                           const char *status, const struct sl_sip_event *event);
/* What our client has asked for is over. */
void sl_call_forget_transfer(struct sl_call *call);
/* How the transferor's wish goes; last: it goes no further. */
void sl_call_notify_transferor(struct sl_call *parent, int code, const char *reason, bool last);
/* Neither is the other's any more. */
void sl_call_part(struct sl_call *parent, struct sl_call *next);

#endif
