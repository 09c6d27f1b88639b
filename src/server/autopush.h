/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pushes that nobody asks for over REST: a client's rtmpUrl, and rtmp_push_auto_start (rest-api.md
 * 5.6, websocket-api.md section 5 item 6). A push that fails harms no publication. Control loop. */
#ifndef SL_SERVER_AUTOPUSH_H
#define SL_SERVER_AUTOPUSH_H

struct sl_autopush;
struct sl_config;
struct sl_pushes;
struct sl_streams;

/* Everything must outlive it; config is read at each use. */
struct sl_autopush *sl_autopush_create(const struct sl_config *config, struct sl_pushes *pushes,
                                       struct sl_streams *streams);
/* After sl_pushes_stop(), which drops what is being started. NULL is fine. */
void sl_autopush_destroy(struct sl_autopush *autopush);
/* A client published this stream and gave an rtmpUrl: untrusted, see SL_PUSH_BY_CLIENT. */
void sl_autopush_for_client(struct sl_autopush *autopush, const char *stream, const char *rtmp_url);

#endif
