/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The web pages: regular files below one directory, never outside it (hardening.md class 15), with
 * the headers that keep a page from being turned against its reader (class 18).
 */
#ifndef SL_HTTP_FILES_H
#define SL_HTTP_FILES_H

#include <stddef.h>

struct sl_error;
struct sl_http_request;
struct sl_loop;
struct sl_files;

enum {
    SL_FILE_LEN_MAX = 8 << 20,     /* bytes of one file: what is larger is refused */
    SL_FILES_CACHE_MAX = 16 << 20, /* bytes of all files held in memory */
};

/* The errno value of opening root, with words. */
int sl_files_create(struct sl_loop *loop, const char *root, struct sl_files **out,
                    struct sl_error *error);
/* By the end of the name; never NULL. Pure. */
const char *sl_file_content_type(const char *name);
/* After the requests. NULL is fine. */
void sl_files_destroy(struct sl_files *files);

/*
 * Answers a GET or HEAD, never from within: `/` is index.html, `/a` is the file a, or else a.html;
 * `a.gz` beside it goes to those who accept it. What is not there is 404 with the page 404.html, if
 * there is one.
 *
 * The disk is read when a file is new or has changed; else it costs an open and an fstat. A thread
 * of the pool does it, one request after the other: a disk that hangs keeps nobody but those who
 * ask for pages, and they get 503 after a while.
 */
void sl_files_serve(struct sl_files *files, struct sl_http_request *request);

#endif
