/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entries of a directory that is open. Threads: any. */
#ifndef SL_BASE_DIR_H
#define SL_BASE_DIR_H

#include <dirent.h>
#include <stdint.h>
#include <sys/types.h>

/* A stream of its own, from the beginning; the descriptor stays its owner's. Ends with closedir(3).
 * NULL, with errno: it cannot be read. */
DIR *sl_dir_open(int dir);
/* A file beneath it, by no link and by no way out; close-on-exec, and without waiting for whoever
 * writes into a FIFO. flags as those of open(2); mode: of one that is made. A descriptor, or
 * -errno.
 */
int sl_dir_open_file(int dir, const char *name, uint64_t flags, mode_t mode);

#endif
