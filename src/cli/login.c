/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may come in: passwords, keys, and how often one may be wrong. */
#include "cli/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* see client.c */

enum {
    FAILURES_MAX = 3,        /* cli.md section 1 */
    LOGIN_REQUESTS_MAX = 30, /* keys that are offered count here */
    PASSWORD_MAX = 1024,
    BUSY_RETRY_MS = 500,     /* all password checks are taken */
    GRACE_AFTER_WAIT_S = 10, /* for the login that had to wait */
    USER_QUOTED_MAX = 80,
};

static const char *remote_text(const struct sl_client *client, char out[static SL_ADDR_TEXT_MAX])
{
    return sl_addr_format(&client->remote, out);
}

/* Answers the login request. */
static void accept_login(struct sl_client *client, const char *how)
{
    char quoted[USER_QUOTED_MAX], remote[SL_ADDR_TEXT_MAX];

    client->user = sl_strdup(ssh_message_auth_user(client->request));
    client->dead |= ssh_message_auth_reply_success(client->request, 0) != SSH_OK;
    ssh_message_free(client->request);
    client->request = NULL;
    client->state = SL_CLIENT_SESSION;
    client->deadline_us = INT64_MAX;
    sl_log(SL_LOG_INFO, NULL, "console: %s logged in from %s with a %s",
           sl_log_quote(quoted, sizeof(quoted), client->user), remote_text(client, remote), how);
}

static void refuse_login(struct sl_client *client)
{
    client->dead |= ssh_message_reply_default(client->request) != SSH_OK;
    ssh_message_free(client->request);
    client->request = NULL;
    client->state = SL_CLIENT_LOGIN;
}

static void refuse_password(struct sl_client *client)
{
    char quoted[USER_QUOTED_MAX], remote[SL_ADDR_TEXT_MAX];

    sl_log(SL_LOG_WARN, NULL, "console: wrong password for %s from %s",
           sl_log_quote(quoted, sizeof(quoted), ssh_message_auth_user(client->request)),
           remote_text(client, remote));
    refuse_login(client);
    client->dead |= ++client->failures >= FAILURES_MAX;
}

/* The request is looked at later; a person is told why nothing happens. */
static void throttle(struct sl_client *client, int64_t retry_us)
{
    int64_t wait_s = (retry_us - sl_now_us()) / SL_US_PER_S, grace_us = GRACE_AFTER_WAIT_S;
    char text[96];

    client->state = SL_CLIENT_THROTTLED;
    client->retry_us = retry_us;
    grace_us = retry_us + grace_us * SL_US_PER_S;
    if (client->deadline_us < grace_us)
        client->deadline_us = grace_us;
    if (wait_s < 1)
        return;
    (void)snprintf(text, sizeof(text),
                   "Too many wrong passwords from your address; please wait %lld s.\r\n",
                   (long long)wait_s + 1);
    ssh_string banner = ssh_string_from_char(text);
    if (banner)
        (void)ssh_send_issue_banner(client->session, banner); /* only a courtesy */
    ssh_string_free(banner);
}

/* Now, or when the address may try again. */
static void check_password(struct sl_client *client, int64_t now_us)
{
    const char *user = ssh_message_auth_user(client->request);
    const char *password = ssh_message_auth_password(client->request);
    int64_t wait_us = sl_tries_wait_us(&client->ssh->tries, &client->remote, now_us);

    if (!user || !password || strlen(password) > PASSWORD_MAX) {
        refuse_login(client);
        return;
    }
    if (wait_us > 0) {
        throttle(client, now_us + wait_us);
        return;
    }
    client->state = SL_CLIENT_CHECKING;
    client->tried_us = now_us;
    sl_tries_add(&client->ssh->tries, &client->remote, now_us);
    sl_cli_jobs_post(client->ssh->jobs, SL_JOB_PASSWORD, client->id, user, NULL, password);
}

void sl_login_on_password(struct sl_client *client, int err)
{
    struct sl_tries *tries = &client->ssh->tries;

    if (err == 0 || err == -EBUSY)
        sl_tries_take_back(tries, &client->remote, client->tried_us);
    if (err == 0) {
        accept_login(client, "password");
    } else if (err == -EBUSY) {
        throttle(client, sl_now_us() + (int64_t)BUSY_RETRY_MS * SL_US_PER_MS);
    } else {
        refuse_password(client);
    }
}

static void check_key(struct sl_client *client)
{
    enum ssh_publickey_state_e signature = ssh_message_auth_publickey_state(client->request);
    const char *user = ssh_message_auth_user(client->request);

    if (!user ||
        (signature != SSH_PUBLICKEY_STATE_NONE && signature != SSH_PUBLICKEY_STATE_VALID)) {
        refuse_login(client);
        return;
    }
    client->state = SL_CLIENT_CHECKING;
    sl_cli_jobs_post(client->ssh->jobs, SL_JOB_KEY, client->id, user, NULL, NULL);
}

void sl_login_on_key(struct sl_client *client, int err, const char *file)
{
    /* The file is searched for unknown users, too: the time must not tell who exists. */
    bool fine = sl_key_is_authorized(file, ssh_message_auth_pubkey(client->request)) && err == 0;

    /* Without a signature it only asks whether it is worth making one (RFC 4252 section 7). */
    if (!fine) {
        refuse_login(client);
    } else if (ssh_message_auth_publickey_state(client->request) == SSH_PUBLICKEY_STATE_VALID) {
        accept_login(client, "key");
    } else {
        client->dead |= ssh_message_auth_reply_pk_ok_simple(client->request) != SSH_OK;
        ssh_message_free(client->request);
        client->request = NULL;
        client->state = SL_CLIENT_LOGIN;
    }
}

void sl_login_on_request(struct sl_client *client, ssh_message message)
{
    if (client->state != SL_CLIENT_LOGIN) { /* RFC 4252 section 5.1: ignored once logged in */
        ssh_message_free(message);
        return;
    }
    client->request = message;
    client->dead |= ++client->requests > LOGIN_REQUESTS_MAX;
    switch (ssh_message_subtype(message)) {
    case SSH_AUTH_METHOD_PASSWORD:
        check_password(client, sl_now_us());
        break;
    case SSH_AUTH_METHOD_PUBLICKEY:
        check_key(client);
        break;
    default: /* "none" asks for the list of methods; others do not exist here */
        refuse_login(client);
        break;
    }
}

void sl_login_retry(struct sl_client *client, int64_t now_us)
{
    check_password(client, now_us);
}
