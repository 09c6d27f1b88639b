/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files of the state directory, read and written whole. Blocks. Threads: any. */
#ifndef SL_APPS_FILE_H
#define SL_APPS_FILE_H

#include <stddef.h>

struct sl_error;

/* -ENOENT: there is none; -EBADMSG: not a regular file, or more than max bytes; or the errno value
 * of reading. *text is for free(). */
int sl_file_read(const char *dir, const char *name, size_t max, char **text, size_t *len,
                 struct sl_error *error);

/*
 * Afterwards the file holds text, mode 0600, or what it held before: written under another name
 * (".NAME.new"), synced, renamed, the directory synced. One write of a name at a time.
 */
int sl_file_write(const char *dir, const char *name, const char *text, size_t len,
                  struct sl_error *error);

#endif
