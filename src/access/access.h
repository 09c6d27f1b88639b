/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions that every protocol has to ask before it publishes or plays a stream, as interfaces:
 * who answers them changes with the policy, who asks with the protocols, and neither includes the
 * other. Headers only. server/ hands the implementations down.
 *
 *   sl_directory  whose name is it, in a cluster? (pull/names.c)
 *   sl_gate       may this client publish or play it, and when must it end? (session/gate.c)
 *   sl_provider   how is a session's media set up? (negotiate/: over WebRTC)
 *   sl_reason     why something cannot be, or had to end
 */
#ifndef SL_ACCESS_ACCESS_H
#define SL_ACCESS_ACCESS_H

#include "access/directory.h"
#include "access/gate.h"
#include "access/provider.h"
#include "access/reason.h"

#endif
