/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of rtmp/: Adobe's Real Time Messaging Protocol 1.0.
 *
 *   handshake.h, chunk.h, wire.h    what both ends do alike: hello, messages in chunks, windows
 *   client.h, auth.h                a publisher's part of the dialogue
 *   tagger.h, reader.h, backlog.h   frames into tags, once for all; each publication's view of them
 *
 * Those are bytes in and bytes out: no socket, no clock, no thread. These have them:
 *
 *   channel.h       a stream's tags on their way to all job loops that send them
 *   publication.h   one try to publish at a server, on a job loop (socket.h is its connection)
 */
#ifndef SL_RTMP_RTMP_H
#define SL_RTMP_RTMP_H

#include "rtmp/auth.h"
#include "rtmp/backlog.h"
#include "rtmp/channel.h"
#include "rtmp/chunk.h"
#include "rtmp/client.h"
#include "rtmp/handshake.h"
#include "rtmp/outbox.h"
#include "rtmp/publication.h"
#include "rtmp/reader.h"
#include "rtmp/tagger.h"
#include "rtmp/wire.h"

#endif
