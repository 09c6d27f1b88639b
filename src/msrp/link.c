/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connections of a session: those that have come, and the one that is its. */
#include "base/mem.h"
#include "msrp/internal.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum {
    USER_TIMEOUT_MS = 30000, /* unacknowledged bytes: the path is gone */
    FINISH_MS = 1000,
};

static void nobody(void *owner)
{
    (void)owner;
}

static void nobody_data(void *owner, uint8_t *data, size_t len)
{
    (void)owner;
    (void)data;
    (void)len;
}

static void nobody_gone(void *owner, const char *why)
{
    (void)owner;
    (void)why;
}

static const struct sl_conn_ops nobodys_ops = {nobody, nobody_data, nobody, nobody, nobody_gone};

struct sl_msrp_link *sl_msrp_link_create(struct sl_msrp_session *session, int fd, SSL *ssl,
                                         const struct sl_conn_ops *ops)
{
    struct sl_msrp_link *link = sl_new(struct sl_msrp_link);
    int one = 1, timeout_ms = USER_TIMEOUT_MS;

    /* Both improve matters and neither is needed. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    link->session = session;
    bool speaks_first = ssl && !SSL_is_server(ssl); /* as if it was connecting yet */
    if (sl_conn_create(session->config.conns, fd, ssl, speaks_first, ops, link, &link->conn) < 0) {
        free(link);
        return NULL;
    }
    sl_list_append(&session->links, &link->link);
    session->link_count++;
    return link;
}

void sl_msrp_link_send(struct sl_msrp_link *link, struct sl_buffer *bytes)
{
    struct sl_chunk *chunk = sl_chunk_create(bytes->len);

    memcpy(chunk->data, bytes->data, bytes->len);
    sl_conn_send(link->conn, chunk);
}

void sl_msrp_link_free(struct sl_msrp_link *link)
{
    struct sl_msrp_session *session = link->session;

    if (session->bound == link)
        session->bound = NULL;
    session->link_count--;
    sl_list_remove(&link->link);
    free(link);
}

void sl_msrp_link_finish(struct sl_msrp_link *link, const char *why)
{
    sl_conn_set_owner(link->conn, &nobodys_ops, NULL);
    sl_conn_finish(link->conn, FINISH_MS, why);
    sl_msrp_link_free(link);
}

void sl_msrp_bind(struct sl_msrp_session *session, struct sl_msrp_link *link)
{
    struct sl_msrp_link *other;

    session->bound = link;
    sl_conn_set_deadline(link->conn, 0);
    sl_list_foreach(other, &session->links, struct sl_msrp_link, link)
    {
        if (other != link)
            sl_msrp_link_finish(other, "another connection is the session's");
    }
    sl_acceptor_destroy(session->acceptor);
    session->acceptor = NULL;
}

void sl_msrp_read_on(struct sl_msrp_session *session)
{
    struct sl_msrp_link *link;

    sl_list_foreach(link, &session->links, struct sl_msrp_link, link) sl_conn_resume(link->conn);
}
