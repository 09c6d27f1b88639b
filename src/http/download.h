/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Large files of one directory, by name: whole or in part, piece by piece, each read by a thread of
 * the pool when the one before has left. A disk that hangs keeps nobody but those who download.
 */
#ifndef SL_HTTP_DOWNLOAD_H
#define SL_HTTP_DOWNLOAD_H

struct sl_call;
struct sl_downloads;
struct sl_loop;

/* dir: a descriptor, borrowed; what: for the log, static; cache: Cache-Control, static. */
struct sl_downloads *sl_downloads_create(struct sl_loop *loop, int dir, const char *what,
                                         const char *cache);
/* After the connections. NULL is fine. */
void sl_downloads_destroy(struct sl_downloads *downloads);

/* Answers a GET or HEAD with the regular file of this name, which the caller has found to be a
 * plain one; links are not followed. 200 or 206, 304, 404, 416, 503. */
void sl_reply_file(struct sl_call *call, struct sl_downloads *downloads, const char *name);

#endif
