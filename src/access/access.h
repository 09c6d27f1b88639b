/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions that every protocol has to ask before it publishes or plays a stream, as interfaces:
 * who answers them changes with the policy, who asks with the protocols, and neither includes the
 * other. Headers only. server/ hands the implementations down.
 *
 *   sl_directory  whose name is it, in a cluster? (pull/names.c)
 */
#ifndef SL_ACCESS_ACCESS_H
#define SL_ACCESS_ACCESS_H

#include "access/directory.h"

#endif
