/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions that every protocol has to ask before it publishes or plays a stream, as interfaces:
 * who answers them changes with the policy, who asks with the protocols, and neither includes the
 * other. Headers only. server/ hands the implementations down.
 *
 *   sl_directory  whose name is it, in a cluster? (pull/names.c)
 *   sl_gate       may this client publish or play it, and when must it end? (session/gate.c)
 *   sl_archive    is it recorded, and where to? (record/recordings.c)
 *   sl_keeper     what can a client come back to whose socket is gone? (calls/)
 *   sl_mixing     does its name make it an input of a mixer? (mixer/mixers.c)
 *   sl_provider   how is a session's media set up? (negotiate/: over WebRTC; mse/)
 *   sl_phones     what telephone has a session's client, and what does it ask of it? (calls/)
 *   sl_exchange   what calls are there, and what does an operator want of them? (calls/)
 *   sl_media_sockets  whose is a socket that brings media beside a session's own? (mse/)
 *   sl_reason     why something cannot be, or had to end
 */
#ifndef SL_ACCESS_ACCESS_H
#define SL_ACCESS_ACCESS_H

#include "access/archive.h"
#include "access/directory.h"
#include "access/exchange.h"
#include "access/gate.h"
#include "access/keeper.h"
#include "access/mixing.h"
#include "access/phones.h"
#include "access/provider.h"
#include "access/reason.h"
#include "access/sockets.h"

#endif
