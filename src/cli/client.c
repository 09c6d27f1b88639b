/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One SSH connection: key exchange, messages, the channel and its console; login.c lets in.
 *
 * libssh is driven by its message queue, without callbacks: ssh_message_get() reads what the socket
 * has (a few KB), and a message may be answered later. Its callbacks must answer at once, which a
 * password check on another thread cannot; that some of the getters are marked deprecated is the
 * price. While a login is checked nothing is read, so nothing can pile up.
 *
 * What libssh buffers is bounded from here: nothing is written while its output buffer is not empty
 * (a window of 4 GB means nothing, then), and a client that sends into a closed window is cut.
 */
#include "cli/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* see above */

enum {
    MESSAGES_A_TURN = 16, /* then it is the others' turn */
    READS_A_TURN = 16,
    CHUNK = 32768,
    OUTPUT_HIGH = 65536, /* more input waits until the client has read */
    INPUT_MAX = 4 << 20, /* twice the window that libssh grants */
    LEAVE_MS = 5000,     /* for the client to hang up by itself */
    KEEPALIVE_S = 60,
    USER_QUOTED_MAX = 80,
};

/* ---- Life ---- */

static void configure_socket(int fd)
{
    static const int on = 1, idle_s = KEEPALIVE_S;

    /* All of them only make things nicer: echo without delay, dead peers noticed. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
}

struct sl_client *sl_client_create(struct sl_ssh *ssh, int fd, const struct sl_addr *remote)
{
    ssh_session session = ssh_new();
    struct sl_client *client;

    if (session)
        (void)ssh_options_set(session, SSH_OPTIONS_COMPRESSION, "no"); /* less to attack */
    if (!session || ssh_bind_accept_fd(ssh->bind, session, fd) != SSH_OK) {
        if (ssh_get_fd(session) != fd)
            (void)close(fd); /* nothing was exchanged on it */
        ssh_free(session);
        return NULL;
    }
    configure_socket(fd);
    ssh_set_blocking(session, 0);
    ssh_set_auth_methods(session, SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_PUBLICKEY);
    client = sl_new(struct sl_client);
    client->ssh = ssh;
    client->id = ++ssh->last_client;
    client->remote = *remote;
    client->session = session;
    client->deadline_us = sl_now_us() + (int64_t)SL_LOGIN_GRACE_S * SL_US_PER_S;
    client->unfinished = true; /* the server speaks first */
    sl_list_append(&ssh->clients, &client->link);
    ssh->client_count++;
    return client;
}

void sl_client_destroy(struct sl_client *client)
{
    char quoted[USER_QUOTED_MAX];

    if (!client)
        return;
    if (client->user)
        sl_log(SL_LOG_INFO, NULL, "console: %s logged out",
               sl_log_quote(quoted, sizeof(quoted), client->user));
    ssh_message_free(client->request);
    if (client->has_console)
        sl_console_deinit(&client->console);
    sl_user_history_leave(client->history);
    (void)ssh_blocking_flush(client->session, 0); /* a last answer, if the socket takes it */
    ssh_disconnect(client->session);
    ssh_free(client->session);
    free(client->user);
    sl_list_remove(&client->link);
    client->ssh->client_count--;
    explicit_bzero(client, sizeof(*client));
    free(client);
}

struct sl_list *sl_client_link(struct sl_client *client)
{
    return &client->link;
}

struct sl_client *sl_client_of(struct sl_list *link)
{
    return sl_container_of(link, struct sl_client, link);
}

uint64_t sl_client_id(const struct sl_client *client)
{
    return client->id;
}

const struct sl_addr *sl_client_remote(const struct sl_client *client)
{
    return &client->remote;
}

enum sl_client_progress sl_client_progress(const struct sl_client *client)
{
    return client->user                              ? SL_CLIENT_LOGGED_IN
           : client->state == SL_CLIENT_KEY_EXCHANGE ? SL_CLIENT_NEW
                                                     : SL_CLIENT_ENCRYPTED;
}

/* ---- The channel ---- */

static void leave(struct sl_client *client)
{
    client->state = SL_CLIENT_LEAVING;
    client->deadline_us = sl_now_us() + (int64_t)LEAVE_MS * SL_US_PER_MS;
}

static void on_console_run(void *owner, const char *line, const char *secret)
{
    struct sl_client *client = owner;

    sl_cli_jobs_post(client->ssh->jobs, SL_JOB_RUN, client->id, client->user, line, secret);
}

static void on_console_complete(void *owner, const char *line, size_t len)
{
    struct sl_client *client = owner;
    char *text = sl_strndup(line, len);

    sl_cli_jobs_post(client->ssh->jobs, SL_JOB_COMPLETE, client->id, client->user, text, NULL);
    free(text);
}

static void start_console(struct sl_client *client, const char *command)
{
    static const struct sl_console_ops ops = {on_console_run, on_console_complete};

    client->history = sl_user_history_enter(client->ssh, client->user);
    struct sl_console_config config = {
        .has_terminal = client->has_terminal,
        .columns = client->columns,
        .rows = client->rows,
        .command = command,
        .history = &client->history->history,
        .ops = &ops,
        .owner = client,
    };
    sl_console_init(&client->console, &config);
    client->has_console = true;
    sl_console_start(&client->console);
}

static void read_size(struct sl_client *client, ssh_message message)
{
    int columns = ssh_message_channel_request_pty_width(message);
    int rows = ssh_message_channel_request_pty_height(message);

    client->columns = columns > 0 ? (size_t)columns : 0;
    client->rows = rows > 0 ? (size_t)rows : 0;
}

/* True: granted. */
static bool on_channel_request(struct sl_client *client, ssh_message message)
{
    const char *command;

    if (!client->channel || ssh_message_channel_request_channel(message) != client->channel)
        return false;
    switch (ssh_message_subtype(message)) {
    case SSH_CHANNEL_REQUEST_PTY:
        if (client->has_console || client->has_terminal)
            return false;
        client->has_terminal = true;
        read_size(client, message);
        return true;
    case SSH_CHANNEL_REQUEST_WINDOW_CHANGE:
        if (!client->has_terminal)
            return false;
        read_size(client, message);
        if (client->has_console)
            sl_console_resize(&client->console, client->columns, client->rows);
        return true;
    case SSH_CHANNEL_REQUEST_SHELL:
        if (client->has_console)
            return false;
        start_console(client, NULL);
        return true;
    case SSH_CHANNEL_REQUEST_EXEC:
        command = ssh_message_channel_request_command(message);
        if (client->has_console || !command)
            return false;
        start_console(client, command);
        return true;
    default: /* no subsystems, environment, forwarding */
        return false;
    }
}

/* ---- Messages ---- */

static bool on_service_request(ssh_message message)
{
    const char *service = ssh_message_service_service(message);

    return service && !strcmp(service, "ssh-userauth") &&
           ssh_message_service_reply_success(message) == SSH_OK;
}

static bool on_channel_open(struct sl_client *client, ssh_message message)
{
    if (ssh_message_subtype(message) != SSH_CHANNEL_SESSION || client->channel ||
        client->state != SL_CLIENT_SESSION)
        return false;
    client->channel = ssh_message_channel_request_open_reply_accept(message);
    client->dead |= !client->channel;
    return true;
}

static void on_message(struct sl_client *client, ssh_message message)
{
    bool answered = false;

    switch (ssh_message_type(message)) {
    case SSH_REQUEST_AUTH:
        sl_login_on_request(client, message);
        return;
    case SSH_REQUEST_SERVICE:
        answered = on_service_request(message);
        break;
    case SSH_REQUEST_CHANNEL_OPEN:
        answered = on_channel_open(client, message);
        break;
    case SSH_REQUEST_CHANNEL:
        answered = on_channel_request(client, message);
        if (answered)
            client->dead |= ssh_message_channel_request_reply_success(message) != SSH_OK;
        break;
    default: /* forwarding */
        break;
    }
    if (!answered)
        client->dead |= ssh_message_reply_default(message) != SSH_OK;
    ssh_message_free(message);
}

static bool reads_messages(const struct sl_client *client)
{
    return !client->dead && client->state != SL_CLIENT_KEY_EXCHANGE &&
           client->state != SL_CLIENT_CHECKING && client->state != SL_CLIENT_THROTTLED;
}

static void work_messages(struct sl_client *client)
{
    for (int i = 0; i < MESSAGES_A_TURN && reads_messages(client); i++) {
        ssh_message message = ssh_message_get(client->session);
        if (!message)
            return;
        on_message(client, message);
    }
    client->unfinished |= reads_messages(client);
}

static void work_key_exchange(struct sl_client *client)
{
    int rc = ssh_handle_key_exchange(client->session);

    if (rc == SSH_OK)
        client->state = SL_CLIENT_LOGIN;
    else
        client->dead |= rc != SSH_AGAIN;
}

/* ---- Data ---- */

/* Refills client->input. False: there is nothing now. */
static bool read_input(struct sl_client *client)
{
    int got =
        ssh_channel_read_nonblocking(client->channel, client->input, sizeof(client->input), 0);

    client->input_at = 0;
    client->input_len = got > 0 ? (size_t)got : 0;
    if (got == SSH_EOF || (got == 0 && ssh_channel_is_eof(client->channel)))
        sl_console_end_input(&client->console);
    else if (got < 0)
        client->dead = true;
    return got > 0;
}

static void work_input(struct sl_client *client)
{
    struct sl_console *console = &client->console;

    for (int i = 0; i < READS_A_TURN; i++) {
        if (client->dead || !sl_console_reads(console) || console->out.len > OUTPUT_HIGH)
            return;
        if (client->input_at == client->input_len && !read_input(client))
            return;
        client->input_at += sl_console_feed(console, client->input + client->input_at,
                                            client->input_len - client->input_at);
    }
    client->unfinished = true;
}

/* libssh takes what a client sends beyond the window. */
static void check_flood(struct sl_client *client)
{
    bool floods = ssh_channel_poll(client->channel, 0) > INPUT_MAX ||
                  ssh_channel_poll(client->channel, 1) > 0; /* clients have no stderr */

    if (floods)
        sl_log(SL_LOG_WARN, NULL, "console: a client sends more than it may: cut");
    client->dead |= floods;
}

/* Writes as much as the client's window and the socket take. */
static void work_output(struct sl_client *client, struct sl_output *output, bool is_error)
{
    while (!client->dead && output->len > 0 &&
           !(ssh_get_status(client->session) & SSH_WRITE_PENDING)) {
        uint32_t len = output->len > CHUNK ? CHUNK : (uint32_t)output->len;
        int wrote = is_error ? ssh_channel_write_stderr(client->channel, output->bytes, len)
                             : ssh_channel_write(client->channel, output->bytes, len);
        if (wrote == 0)
            return; /* the window is closed */
        if (wrote < 0)
            client->dead = true;
        else
            sl_output_take(output, (size_t)wrote);
    }
}

static void work_channel(struct sl_client *client)
{
    struct sl_console *console = &client->console;

    if (!client->has_console)
        return;
    work_input(client);
    check_flood(client);
    work_output(client, &console->out, false);
    work_output(client, &console->err, true);
    if (client->dead || client->state != SL_CLIENT_SESSION || console->state != SL_CONSOLE_OVER ||
        console->out.len > 0 || console->err.len > 0)
        return;
    /* The connection may break in each: then there is nobody left to tell. */
    (void)ssh_channel_request_send_exit_status(client->channel, console->exit_status);
    (void)ssh_channel_send_eof(client->channel);
    (void)ssh_channel_close(client->channel);
    leave(client);
}

/* ---- The loop's calls ---- */

/* Output that the socket did not take yet: more input would only make more of it. */
static bool is_clogged(const struct sl_client *client)
{
    return (ssh_get_status(client->session) & SSH_WRITE_PENDING) != 0;
}

int64_t sl_client_prepare(struct sl_client *client, struct pollfd *fd)
{
    bool reads = client->state == SL_CLIENT_KEY_EXCHANGE || reads_messages(client);

    fd->fd = ssh_get_fd(client->session);
    fd->events = 0;
    fd->revents = 0;
    if (reads && !is_clogged(client))
        fd->events |= POLLIN;
    if (ssh_get_poll_flags(client->session) & SSH_WRITE_PENDING)
        fd->events |= POLLOUT;
    if (client->dead || client->unfinished)
        return 0;
    return client->state == SL_CLIENT_THROTTLED && client->retry_us < client->deadline_us
               ? client->retry_us
               : client->deadline_us;
}

static void check_end(struct sl_client *client, int64_t now_us)
{
    if (!ssh_is_connected(client->session) && client->state != SL_CLIENT_KEY_EXCHANGE)
        client->dead = true;
    if (client->channel && ssh_channel_is_closed(client->channel) &&
        client->state == SL_CLIENT_SESSION)
        leave(client); /* one channel a connection */
    if (now_us >= client->deadline_us)
        client->dead = true;
}

bool sl_client_work(struct sl_client *client, short revents, int64_t now_us)
{
    bool waits = client->state == SL_CLIENT_CHECKING || client->state == SL_CLIENT_THROTTLED;

    client->unfinished = false;
    if (waits && (revents & (POLLERR | POLLHUP | POLLNVAL)))
        client->dead = true;
    if (client->state == SL_CLIENT_THROTTLED && now_us >= client->retry_us)
        sl_login_retry(client, now_us);
    if (client->state == SL_CLIENT_KEY_EXCHANGE)
        work_key_exchange(client);
    if (waits && (revents & POLLOUT))
        (void)ssh_blocking_flush(client->session, 0); /* the answer before; does not block */
    work_messages(client);
    if (!client->dead && client->channel)
        work_channel(client);
    check_end(client, now_us);
    return !client->dead;
}

static void on_run_done(struct sl_client *client, struct sl_cli_job *job)
{
    const struct sl_cli_call *call = &job->call;
    struct sl_console_answer answer = {
        .text = call->out.bytes ? call->out.bytes : "",
        .len = call->out.len,
        .error = call->failed ? call->error.text : NULL,
        .asks = call->asks,
        .closes = call->closes,
    };

    sl_console_on_answer(&client->console, &answer);
}

void sl_client_on_job(struct sl_client *client, struct sl_cli_job *job)
{
    client->unfinished = true; /* there is something to say */
    switch (job->kind) {
    case SL_JOB_RUN:
        on_run_done(client, job);
        break;
    case SL_JOB_COMPLETE:
        sl_console_on_completions(&client->console, &job->completions);
        break;
    case SL_JOB_PASSWORD:
        sl_login_on_password(client, job->err);
        break;
    case SL_JOB_KEY:
        sl_login_on_key(client, job->err, job->text);
        break;
    }
}
