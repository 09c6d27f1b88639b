/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One SSH connection: what client.c and login.c share. The SSH thread's. */
#ifndef SL_CLI_CLIENT_H
#define SL_CLI_CLIENT_H

#include "cli/console.h"
#include "cli/server.h"

#include <stdbool.h>
#include <stdint.h>

/*
 *   KEY_EXCHANGE  ssh_handle_key_exchange() until it is done
 *   LOGIN         waits for a login request
 *   CHECKING      a job checks a password or whether the user may use a key
 *   THROTTLED     the address has guessed too often: the request waits for its turn
 *   SESSION       logged in: channel, terminal, console
 *   LEAVING       everything is said; the client may hang up
 */
enum sl_client_state {
    SL_CLIENT_KEY_EXCHANGE,
    SL_CLIENT_LOGIN,
    SL_CLIENT_CHECKING,
    SL_CLIENT_THROTTLED,
    SL_CLIENT_SESSION,
    SL_CLIENT_LEAVING,
};

struct sl_client {
    struct sl_list link; /* sl_ssh.clients */
    struct sl_ssh *ssh;
    uint64_t id;
    struct sl_addr remote;
    ssh_session session;
    enum sl_client_state state;
    bool dead;           /* to be destroyed */
    bool unfinished;     /* there was more than one turn may do */
    int64_t deadline_us; /* of the login, or of leaving; INT64_MAX: none */

    ssh_message request; /* CHECKING, THROTTLED: the login request to be answered */
    int64_t tried_us;    /* when its password's check began */
    int64_t retry_us;    /* THROTTLED: until then */
    unsigned failures, requests;
    char *user; /* logged in */

    ssh_channel channel;
    bool has_terminal;
    size_t columns, rows;
    struct sl_user_history *history;
    bool has_console;
    struct sl_console console;
    char input[4096]; /* read from the channel, not yet fed */
    size_t input_at, input_len;
};

/* ---- Login (login.c): LOGIN -> CHECKING, THROTTLED -> LOGIN, SESSION ---- */

/* Takes the message. */
void sl_login_on_request(struct sl_client *client, ssh_message message);
/* THROTTLED: its turn has come. */
void sl_login_retry(struct sl_client *client, int64_t now_us);
/* CHECKING: what the job brought. */
void sl_login_on_password(struct sl_client *client, int err);
void sl_login_on_key(struct sl_client *client, int err, const char *file);

#endif
