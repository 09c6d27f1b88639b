/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SSH thread: listens, waits for all clients at once, and gives each its turn. It is a plain
 * poll(2) loop, because libssh's own (ssh_event) polls all sessions of a thread from within the
 * calls for one of them.
 */
#include "cli/server.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/bell.h"
#include "cli/keys.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 64,
    ACCEPTS_A_TURN = 64,
    NO_DESCRIPTORS_MS = 1000, /* before the next try */
    POLL_PAUSE_MS = 100,
};

/* RFC 8731, 8709, 5656 and what OpenSSH offers today; nothing with SHA-1, CBC, or MAC-then-encrypt.
 * Everything since OpenSSH 6.5 and PuTTY 0.68 knows some of each. */
static const char kex_algorithms[] = "curve25519-sha256,curve25519-sha256@libssh.org,"
                                     "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521";
static const char ciphers[] = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,"
                              "aes128-gcm@openssh.com,aes256-ctr,aes128-ctr";
static const char macs[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";
static const char user_key_types[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                                     "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";

struct sl_cli {
    struct sl_ssh ssh; /* SSH thread, while that runs */
    uint16_t port;
    struct sl_bell *bell; /* until the first client */
    pthread_t thread;
    bool thread_runs;
    atomic_bool stop;
};

/* ---- Clients ---- */

/* The one that matters least of those that have not logged in: not even encrypted ones first, then
 * older ones. addr: only from there; NULL: from anywhere. NULL: all have logged in. */
static struct sl_client *least(struct sl_ssh *ssh, const struct sl_addr *addr, size_t *count)
{
    struct sl_client *found = NULL;

    *count = 0;
    for (struct sl_list *at = ssh->clients.next; at != &ssh->clients; at = at->next) {
        struct sl_client *client = sl_client_of(at);
        enum sl_client_progress progress = sl_client_progress(client);
        if (progress == SL_CLIENT_LOGGED_IN ||
            (addr && !sl_addr_same_ip(addr, sl_client_remote(client))))
            continue;
        ++*count;
        if (!found || progress < sl_client_progress(found))
            found = client;
    }
    return found;
}

/* False: everybody here has logged in. */
static bool make_place(struct sl_ssh *ssh, const struct sl_addr *remote)
{
    size_t count = 0;
    struct sl_client *client = least(ssh, remote, &count);

    if (count >= SL_CLIENTS_ADDRESS_MAX)
        sl_client_destroy(client);
    if (ssh->client_count < SL_CLIENTS_MAX)
        return true;
    client = least(ssh, NULL, &count);
    sl_client_destroy(client);
    return client != NULL;
}

static void accept_one(struct sl_ssh *ssh, int fd, const struct sockaddr *from)
{
    struct sl_addr remote;

    if (sl_addr_from_sockaddr(&remote, from) < 0 || !make_place(ssh, &remote)) {
        (void)close(fd); /* nothing was exchanged on it */
        return;
    }
    (void)sl_client_create(ssh, fd, &remote); /* in the list, or refused */
}

static void accept_all(struct sl_ssh *ssh, int64_t now_us)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        int fd =
            accept4(ssh->listen_fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                ssh->accept_after_us = now_us + (int64_t)NO_DESCRIPTORS_MS * SL_US_PER_MS;
            return; /* others: nobody there (any more) */
        }
        accept_one(ssh, fd, (const struct sockaddr *)&from);
    }
}

static void on_job_done(void *owner, struct sl_cli_job *job)
{
    struct sl_ssh *ssh = owner;

    for (struct sl_list *at = ssh->clients.next; at != &ssh->clients; at = at->next) {
        if (sl_client_id(sl_client_of(at)) == job->client) {
            sl_client_on_job(sl_client_of(at), job);
            return;
        }
    }
}

/* ---- The loop ---- */

enum { WAKE_SLOT, LISTEN_SLOT, FIRST_CLIENT_SLOT };

struct turn {
    struct pollfd fds[FIRST_CLIENT_SLOT + SL_CLIENTS_MAX];
    struct sl_client *clients[SL_CLIENTS_MAX];
    size_t count;        /* of clients */
    int64_t deadline_us; /* when to go on if nothing happens */
};

static void prepare(struct sl_ssh *ssh, struct turn *turn)
{
    turn->count = 0;
    turn->deadline_us = ssh->accept_after_us > 0 ? ssh->accept_after_us : INT64_MAX;
    turn->fds[WAKE_SLOT] = (struct pollfd){.fd = ssh->wake_fd, .events = POLLIN};
    turn->fds[LISTEN_SLOT] =
        (struct pollfd){.fd = ssh->listen_fd, .events = ssh->accept_after_us > 0 ? 0 : POLLIN};
    for (struct sl_list *at = ssh->clients.next; at != &ssh->clients; at = at->next) {
        struct sl_client *client = sl_client_of(at);
        int64_t deadline_us =
            sl_client_prepare(client, &turn->fds[FIRST_CLIENT_SLOT + turn->count]);
        turn->clients[turn->count++] = client;
        if (deadline_us < turn->deadline_us)
            turn->deadline_us = deadline_us;
    }
}

static int timeout_ms(int64_t deadline_us)
{
    int64_t left_us = deadline_us - sl_now_us();

    if (deadline_us == INT64_MAX)
        return -1;
    if (left_us <= 0)
        return 0;
    return left_us > 60 * SL_US_PER_S ? 60000 : (int)(left_us / SL_US_PER_MS) + 1;
}

static void drain_wake(int fd)
{
    uint64_t count;

    (void)!read(fd, &count, sizeof(count)); /* does not block; how often does not matter */
}

/* poll(2) refuses when memory is short, and when the limit of descriptors was set below the number
 * of ours: asking again at once would not help. */
static void wait_out(int err)
{
    static const struct timespec pause = {.tv_nsec = POLL_PAUSE_MS * 1000000L};

    if (err != EINTR)
        (void)nanosleep(&pause, NULL); /* woken early is fine */
}

static void *run(void *arg)
{
    struct sl_cli *cli = arg;
    struct sl_ssh *ssh = &cli->ssh;
    struct turn turn;

    sl_mem_null_ends_this_thread(); /* libssh writes to it */
    while (!atomic_load(&cli->stop)) {
        prepare(ssh, &turn);
        int ready = poll(turn.fds, FIRST_CLIENT_SLOT + turn.count, timeout_ms(turn.deadline_us));
        int64_t now_us = sl_now_us();
        if (ready < 0) {
            wait_out(errno);
            continue;
        }
        if (turn.fds[WAKE_SLOT].revents) {
            drain_wake(ssh->wake_fd);
            sl_cli_jobs_take(ssh->jobs, on_job_done, ssh);
        }
        for (size_t i = 0; i < turn.count; i++) {
            if (!sl_client_work(turn.clients[i], turn.fds[FIRST_CLIENT_SLOT + i].revents, now_us))
                sl_client_destroy(turn.clients[i]);
        }
        if (ssh->accept_after_us > 0 && now_us >= ssh->accept_after_us)
            ssh->accept_after_us = 0;
        if (turn.fds[LISTEN_SLOT].revents)
            accept_all(ssh, now_us);
    }
    while (!sl_list_empty(&ssh->clients))
        sl_client_destroy(sl_client_of(ssh->clients.next));
    return NULL;
}

/* ---- Beginning and end: the control loop's thread ---- */

static int listen_on(const struct sl_config *config, int *out, uint16_t *port,
                     struct sl_error *error)
{
    static const int on = 1, off = 0;
    struct sl_addr addr;
    struct sockaddr_storage sa;
    socklen_t len;

    if (sl_addr_parse_ip(config->cli_address, (uint16_t)config->cli_port, &addr) < 0)
        return sl_error_set(error, -EINVAL, "cli.address: %s is not an IP address",
                            config->cli_address);
    sa.ss_family = sl_addr_is_v4(&addr) ? AF_INET : AF_INET6;
    len = sl_addr_to_sockaddr(&addr, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sl_error_set(error, -errno, "cli.port: %s", strerror(errno));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* bind() tells */
    if (sa.ss_family == AF_INET6) /* "::" is IPv4, too, whatever the system's default is */
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    *out = fd;
    if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &len) < 0) {
        int err = errno == EADDRNOTAVAIL ? -EINVAL : -errno;
        return sl_error_set(error, err, "%s %s: port %u: %s",
                            err == -EINVAL ? "cli.address" : "cli.port", config->cli_address,
                            addr.port, strerror(errno));
    }
    if (sl_addr_from_sockaddr(&addr, (struct sockaddr *)&sa) == 0)
        *port = addr.port;
    return 0;
}

/* The key is the bind's afterwards. */
static int configure(ssh_bind bind, ssh_key key, struct sl_error *error)
{
    static const bool no_files = false;
    static const int rsa_bits = 2048;
    const struct {
        enum ssh_bind_options_e option;
        const void *value;
    } options[] = {
        {SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_files}, /* not /etc/ssh/libssh_server_config */
        {SSH_BIND_OPTIONS_BANNER, "sluice"},
        {SSH_BIND_OPTIONS_KEY_EXCHANGE, kex_algorithms},
        {SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, "ssh-ed25519"},
        {SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers},
        {SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers},
        {SSH_BIND_OPTIONS_HMAC_C_S, macs},
        {SSH_BIND_OPTIONS_HMAC_S_C, macs},
        {SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, user_key_types},
        {SSH_BIND_OPTIONS_RSA_MIN_SIZE, &rsa_bits},
        {SSH_BIND_OPTIONS_IMPORT_KEY, key},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(options); i++) {
        if (ssh_bind_options_set(bind, options[i].option, options[i].value) != SSH_OK) {
            ssh_key_free(key); /* importing it is the last step */
            return sl_error_set(error, -EIO, "console: libssh: %s", ssh_get_error(bind));
        }
    }
    return 0;
}

static int start_thread(struct sl_cli *cli)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the control loop's */
    int err = pthread_create(&cli->thread, NULL, run, cli);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != 0)
        return -err;
    (void)pthread_setname_np(cli->thread, "console"); /* for top(1) only */
    cli->thread_runs = true;
    return 0;
}

/* Somebody has come. */
static bool on_ring(void *owner)
{
    struct sl_cli *cli = owner;
    int err = start_thread(cli);

    if (err < 0) {
        sl_log(SL_LOG_WARN, NULL, "console: no thread: %s; who comes has to wait", strerror(-err));
        return false;
    }
    sl_bell_destroy(cli->bell);
    cli->bell = NULL;
    return true;
}

static int create(struct sl_cli *cli, const struct sl_cli_config *config, struct sl_error *error)
{
    struct sl_ssh *ssh = &cli->ssh;
    ssh_key key = NULL;
    int err = listen_on(config->config, &ssh->listen_fd, &cli->port, error);

    if (err < 0)
        return err;
    ssh->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ssh->bind = ssh_bind_new();
    if (ssh->wake_fd < 0 || !ssh->bind)
        return sl_error_set(error, -ENOMEM, "console: no descriptors or memory left");
    ssh->jobs = sl_cli_jobs_create(config, ssh->wake_fd);
    err = sl_host_key_load(config->config->state_dir, &key, error);
    if (err == 0)
        err = configure(ssh->bind, key, error);
    if (err < 0)
        return err;
    err = sl_bell_create(config->loop, ssh->listen_fd, on_ring, cli, &cli->bell);
    return err < 0 ? sl_error_set(error, err, "console: %s", strerror(-err)) : 0;
}

int sl_cli_create(const struct sl_cli_config *config, struct sl_cli **out, struct sl_error *error)
{
    struct sl_cli *cli = sl_new(struct sl_cli);

    cli->ssh.listen_fd = -1;
    cli->ssh.wake_fd = -1;
    sl_list_init(&cli->ssh.clients);
    sl_list_init(&cli->ssh.histories);
    int err = create(cli, config, error);
    if (err < 0) {
        sl_cli_destroy(cli);
        return err;
    }
    *out = cli;
    return 0;
}

uint16_t sl_cli_port(const struct sl_cli *cli)
{
    return cli->port;
}

void sl_cli_destroy(struct sl_cli *cli)
{
    const uint64_t one = 1;

    if (!cli)
        return;
    sl_bell_destroy(cli->bell);
    if (cli->thread_runs) {
        atomic_store(&cli->stop, true);
        (void)!write(cli->ssh.wake_fd, &one, sizeof(one)); /* fails only when it is set already */
        (void)pthread_join(cli->thread, NULL);
    }
    sl_cli_jobs_destroy(cli->ssh.jobs);
    sl_user_histories_free(&cli->ssh);
    ssh_bind_free(cli->ssh.bind);
    if (cli->ssh.listen_fd >= 0)
        (void)close(cli->ssh.listen_fd); /* nothing to lose */
    if (cli->ssh.wake_fd >= 0)
        (void)close(cli->ssh.wake_fd); /* nothing to lose */
    free(cli);
}
