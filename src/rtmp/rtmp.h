/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of rtmp/: Adobe's Real Time Messaging Protocol 1.0, bytes in and bytes
 * out. No socket, no clock, no thread: those are of whoever speaks it.
 *
 *   handshake.h, chunk.h, wire.h    what both sides do alike: hello, messages in chunks, windows
 *   client.h, auth.h                a publisher's part of the dialogue
 */
#ifndef SL_RTMP_RTMP_H
#define SL_RTMP_RTMP_H

#include "rtmp/auth.h"
#include "rtmp/chunk.h"
#include "rtmp/client.h"
#include "rtmp/handshake.h"
#include "rtmp/outbox.h"
#include "rtmp/wire.h"

#endif
