/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the SSH thread owns, and one client's connection on it. All of it belongs to that thread. */
#ifndef SL_CLI_SERVER_H
#define SL_CLI_SERVER_H

#include "base/addr.h"
#include "base/list.h"
#include "cli/history.h"
#include "cli/jobs.h"
#include "cli/tries.h"

#include <libssh/libssh.h>
#include <libssh/server.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    SL_CLIENTS_MAX = 16,
    SL_CLIENTS_ADDRESS_MAX = 4, /* from one address that have not logged in */
    SL_LOGIN_GRACE_S = 30,
    SL_HISTORIES_MAX = 2 * SL_CLIENTS_MAX,
};

/* The history of one user; those that no client uses are forgotten when there are too many. */
struct sl_user_history {
    struct sl_list link; /* sl_ssh.histories, the last used one last */
    char *user;
    size_t clients;
    struct sl_history history;
};

struct sl_ssh {
    ssh_bind bind; /* host key, algorithms */
    int listen_fd;
    int wake_fd;
    struct sl_cli_jobs *jobs;
    struct sl_list clients; /* in the order they came */
    size_t client_count, history_count;
    struct sl_list histories;
    struct sl_tries tries;
    uint64_t last_client;
    int64_t accept_after_us; /* no descriptors were left; 0: fine */
};

/* ---- Histories (histories.c) ---- */

/* Finds or makes; given back by sl_user_history_leave(). */
struct sl_user_history *sl_user_history_enter(struct sl_ssh *ssh, const char *user);
/* NULL is fine. */
void sl_user_history_leave(struct sl_user_history *history);
/* All of them, when no client is left. */
void sl_user_histories_free(struct sl_ssh *ssh);

/* ---- One client (client.c) ---- */

struct sl_client;

/* Takes fd, a connected socket that does not block. NULL: no memory; fd is closed then. */
struct sl_client *sl_client_create(struct sl_ssh *ssh, int fd, const struct sl_addr *remote);
/* Cuts the connection; what a job brings for it later is dropped. NULL is fine. */
void sl_client_destroy(struct sl_client *client);

struct sl_list *sl_client_link(struct sl_client *client);
struct sl_client *sl_client_of(struct sl_list *link);
uint64_t sl_client_id(const struct sl_client *client);
const struct sl_addr *sl_client_remote(const struct sl_client *client);

/* How much a client has done to be kept when others want its place. */
enum sl_client_progress { SL_CLIENT_NEW, SL_CLIENT_ENCRYPTED, SL_CLIENT_LOGGED_IN };
enum sl_client_progress sl_client_progress(const struct sl_client *client);

/* What to wait for. Returns the time at which sl_client_work() is to be called all the same: 0 for
 * now, INT64_MAX for never. */
int64_t sl_client_prepare(struct sl_client *client, struct pollfd *fd);
/* After waiting. False: it is over, destroy it. */
bool sl_client_work(struct sl_client *client, short revents, int64_t now_us);
void sl_client_on_job(struct sl_client *client, struct sl_cli_job *job);

#endif
