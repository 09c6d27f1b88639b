/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the connection of a session comes about (RFC 4975 section 5.4, RFC 6135), and goes. */
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "msrp/internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 8,
    TICK_MS = 1000,
    CONNECT_MAX_S = 30, /* from the answer to the first word */
    BYE_MAX_S = 5,      /* from the connection's end to the call's, by the other side */
    FIRST_WORD_MS = 10000,
    DIAL_MS = 15000,
};

/* ---- A connection ---- */

static void begin(struct sl_msrp_link *link)
{
    link->dialled = false;
    sl_msrp_bind(link->session, link);
    sl_msrp_greet(link->session);
}

/* What was dialled is of no use: another address of the same name may be. */
static void give_up(struct sl_msrp_link *link, int err, const char *words)
{
    struct sl_dial *dial = link->session->dial;

    sl_msrp_link_finish(link, words);
    sl_dial_next(dial, err, words);
}

/* By TLS only. Who has connected to us says first whose it is. */
static void on_ready(void *owner)
{
    struct sl_msrp_link *link = owner;
    struct sl_error error;

    if (!link->dialled)
        return;
    int err = sl_msrp_check_proof(link, &error);
    if (err < 0)
        give_up(link, err, error.text);
    else
        begin(link);
}

static void on_data(void *owner, uint8_t *data, size_t len)
{
    struct sl_msrp_link *link = owner;
    ssize_t used = sl_msrp_take(link, data, len);

    if (used < 0 || (size_t)used == len)
        return;
    sl_conn_pause(link->conn);
    sl_conn_unread(link->conn, data + used, len - (size_t)used);
}

static void on_sent(void *owner)
{
    struct sl_msrp_link *link = owner;

    sl_msrp_pump(link->session);
    sl_msrp_read_on(link->session);
}

static void on_deadline(void *owner)
{
    struct sl_msrp_link *link = owner;

    if (link->dialled)
        give_up(link, -ETIMEDOUT, "no TLS in time");
    else
        sl_msrp_link_finish(link, "it does not say whose it is");
}

static void on_gone(void *owner, const char *why)
{
    struct sl_msrp_link *link = owner;
    struct sl_msrp_session *session = link->session;
    bool was_bound = session->bound == link, was_dialled = link->dialled;
    char words[160];

    sl_msrp_link_free(link);
    if (was_dialled)
        sl_dial_next(session->dial, -EPIPE, why);
    if (!was_bound)
        return;
    (void)snprintf(words, sizeof(words), "MSRP connection lost: %s", why);
    sl_log(SL_LOG_DEBUG, session->config.log, "%s", words);
    if (session->state == SL_MSRP_WAITING)
        sl_msrp_fail(session, words);
    sl_msrp_be_lost(session);
}

static const struct sl_conn_ops link_ops = {on_ready, on_data, on_sent, on_deadline, on_gone};

/* ---- They connect ---- */

static void on_accept(void *owner, int fd, const struct sl_addr *remote)
{
    struct sl_msrp_session *session = owner;
    SSL *ssl = NULL;

    (void)remote; /* whoever knows our URI: it was told to one, and cannot be guessed */
    if (session->link_count == SL_MSRP_LINKS_MAX ||
        (session->config.tls && !(ssl = sl_tls_accept(session->config.tls)))) {
        (void)close(fd); /* nothing was sent */
        return;
    }
    struct sl_msrp_link *link = sl_msrp_link_create(session, fd, ssl, &link_ops);
    if (link)
        sl_conn_set_deadline(link->conn, FIRST_WORD_MS);
}

static const struct sl_acceptor_ops acceptor_ops = {.on_accept = on_accept};

int sl_msrp_listen(struct sl_msrp_session *session, struct sl_error *error)
{
    const struct sl_msrp_config *config = &session->config;
    char ip[SL_ADDR_TEXT_MAX], token[SL_MSRP_TOKEN_LEN + 1];
    uint16_t port;
    int fd =
        sl_tcp_listen_in(&config->bind, config->port_from, config->port_to, BACKLOG, &port, error);

    if (fd < 0)
        return fd;
    int err = sl_acceptor_create(config->loop, fd, &acceptor_ops, session, &session->acceptor);
    if (err < 0)
        return sl_error_set(error, err, "MSRP: nobody can be listened to: %s", strerror(-err));
    session->config.shown.port = port;
    sl_addr_format_ip(&config->shown, ip);
    sl_random_token(token, SL_MSRP_TOKEN_LEN);
    (void)snprintf(session->own, sizeof(session->own),
                   sl_addr_is_v4(&config->shown) ? "%s://%s:%u/%s;tcp" : "%s://[%s]:%u/%s;tcp",
                   config->tls ? "msrps" : "msrp", ip, port, token);
    return 0;
}

/* ---- We connect ---- */

static SSL *connect_tls(const struct sl_msrp_session *session)
{
    char host[SL_MSRP_URI_MAX];
    uint16_t port;

    if (sl_msrp_path_host(sl_msrp_part(session->theirs.path), host, &port) < 0)
        return NULL;
    return sl_tls_connect(session->config.tls, host);
}

static void on_connected(void *owner, int fd)
{
    struct sl_msrp_session *session = owner;
    SSL *ssl = NULL;

    if (session->config.tls && !(ssl = connect_tls(session))) {
        (void)close(fd); /* nothing was sent */
        sl_dial_next(session->dial, -ENOMEM, "TLS cannot be set up");
        return;
    }
    struct sl_msrp_link *link = sl_msrp_link_create(session, fd, ssl, &link_ops);
    if (!link) {
        sl_msrp_fail(session, "MSRP: the connection cannot be watched");
        return;
    }
    if (!ssl) {
        begin(link);
        return;
    }
    link->dialled = true;
    sl_conn_set_deadline(link->conn, sl_dial_left_ms(session->dial));
}

static void fail_to_connect(struct sl_msrp_session *session, const char *words)
{
    char text[320];

    (void)snprintf(text, sizeof(text), "MSRP: cannot connect: %s", words);
    sl_msrp_fail(session, text);
}

static void on_dial_failed(void *owner, int err, const char *words)
{
    (void)err; /* the words have it */
    fail_to_connect(owner, words);
}

static const struct sl_dial_ops dial_ops = {on_connected, on_dial_failed};

/* Where a description may send us: where its sender's account could have been, too. */
static bool may_connect(const struct sl_msrp_session *session, const struct sl_addr *addrs,
                        size_t count)
{
    const struct sl_reach reach = {.who = SL_REACH_CLIENT, .allow = session->config.allow};

    if (session->config.at_home && count == 1 && sl_addr_same_ip(&addrs[0], &session->config.bind))
        return true;
    return !sl_reach_find_refused(&reach, addrs, count);
}

static void on_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                        size_t count)
{
    struct sl_msrp_session *session = owner;

    session->lookup = NULL;
    if (err < 0) {
        fail_to_connect(session, words);
        return;
    }
    if (!may_connect(session, addrs, count)) {
        char text[SL_ADDR_TEXT_MAX];
        sl_log(SL_LOG_WARN, session->config.log,
               "MSRP: the way to %s is refused: client_sip_allow does not name it",
               sl_addr_format(&addrs[0], text));
        fail_to_connect(session, "not allowed");
        return;
    }
    session->dial = sl_dial_create(&(struct sl_dial_config){.loop = session->config.loop,
                                                            .addrs = addrs,
                                                            .addr_count = count,
                                                            .timeout_ms = DIAL_MS,
                                                            .ops = &dial_ops,
                                                            .owner = session});
}

static void look_up(struct sl_msrp_session *session)
{
    char host[SL_MSRP_URI_MAX];
    uint16_t port;

    if (sl_msrp_path_host(sl_msrp_part(session->theirs.path), host, &port) < 0) {
        sl_msrp_fail(session, "MSRP: no path"); /* it was checked */
        return;
    }
    session->lookup =
        sl_resolve(session->config.loop, host, port, SL_RESOLVE_TIMEOUT_MS, on_resolved, session);
}

/* ---- Its time ---- */

static void on_tick(void *owner)
{
    struct sl_msrp_session *session = owner;
    int64_t now_us = sl_now_us(), waited_us = now_us - session->since_us;

    if (session->state == SL_MSRP_WAITING && waited_us > CONNECT_MAX_S * SL_US_PER_S)
        sl_msrp_fail(session, "MSRP: nobody has connected in time");
    if (session->state == SL_MSRP_LOST && waited_us > BYE_MAX_S * SL_US_PER_S)
        sl_msrp_fail(session, "MSRP connection lost");
    sl_msrp_check_answers(session, now_us);
}

static void let_nobody_in(struct sl_msrp_session *session)
{
    struct sl_msrp_link *link;

    sl_acceptor_destroy(session->acceptor);
    session->acceptor = NULL;
    sl_list_foreach(link, &session->links, struct sl_msrp_link, link)
        sl_msrp_link_finish(link, "not of this session, or that is over");
}

void sl_msrp_connect(struct sl_msrp_session *session)
{
    session->since_us = sl_now_us();
    session->tick = sl_timer_create(session->config.loop, on_tick, session);
    sl_timer_start(session->tick, TICK_MS, TICK_MS);
    if (!session->active) {
        sl_msrp_read_on(session); /* they may have come before their description */
        return;
    }
    let_nobody_in(session);
    look_up(session);
}

void sl_msrp_disconnect(struct sl_msrp_session *session)
{
    sl_timer_destroy(session->tick);
    sl_timer_destroy(session->rest);
    sl_resolve_cancel(session->lookup);
    sl_dial_destroy(session->dial);
    let_nobody_in(session);
}
