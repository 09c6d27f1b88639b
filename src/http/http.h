/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What others may include of http/: the server, its WebSockets and the WebSocket client
 * (server.h), and the machine that brings a request to a handler: a part of the program that wants
 * to answer over HTTP makes a table of struct sl_route and adds it to a router (router.h).
 *
 *   listener -> request -> router: method, access, CORS, parameters -> handler -> sl_reply_...()
 *
 *   url.h, page.h    what a query says; a part of a list
 *   access.h, cors.h who may call, and pages of which origins
 *   files.h          the web pages
 *   download.h       large files, piece by piece
 *   error.h, body.h  how errors look, how a body is read
 *
 * All on the loop's thread, but for what is marked pure.
 */
#ifndef SL_HTTP_HTTP_H
#define SL_HTTP_HTTP_H

#include "http/access.h"
#include "http/body.h"
#include "http/cors.h"
#include "http/download.h"
#include "http/error.h"
#include "http/files.h"
#include "http/local_users.h"
#include "http/page.h"
#include "http/param.h"
#include "http/router.h"
#include "http/server.h"
#include "http/url.h"

#endif
