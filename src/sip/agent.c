/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that libre has for itself, and the way to it. */
#include "sip/internal.h"

#include "base/error.h"
#include "net/net.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    DESCRIPTORS_MAX = 65536, /* libre's table is by number, and others have most of them */
    TABLE_SIZE = 1024,       /* of transactions and connections: chains, no bound */
    NAME_SERVERS = 4,
};

/* ---- Orders ---- */

static void on_wake(int flags, void *arg)
{
    struct sl_sip *sip = arg;
    uint64_t count;

    (void)flags;
    (void)!read(sip->wake_fd, &count, sizeof(count)); /* to be woken again */
    for (struct sl_msg *msg = sl_queue_take(&sip->queue), *next; msg; msg = next) {
        next = msg->next;
        msg->run(msg);
    }
}

/* ---- The end ---- */

static void on_grace(void *arg)
{
    (void)arg;
    re_cancel(); /* what is left goes with the stack */
}

static void on_stop(struct sl_msg *msg)
{
    struct sl_sip *sip = sl_container_of(msg, struct sl_sip, stopped);

    sip->stopping = true;
    tmr_start(&sip->grace, SL_SIP_GRACE_MS, on_grace, NULL);
    sl_sip_check_idle(sip);
}

/* ---- The thread ---- */

/* Names in Contact and Record-Route; without servers only addresses are reached. */
static void find_name_servers(struct sl_sip *sip)
{
    struct sa servers[NAME_SERVERS];
    char domain[256];
    uint32_t count = NAME_SERVERS;

    if (dns_srv_get(domain, sizeof(domain), servers, &count) == 0 && count > 0)
        (void)dnsc_alloc(&sip->names, NULL, servers, count); /* as said */
}

/* What came, before it is looked at: of a CANCEL libre tells no more than that there was one. And
 * what leaves, of which it tells nothing. */
static void on_trace(bool sent, enum sip_transp transport, const struct sa *from,
                     const struct sa *to, const uint8_t *data, size_t len, void *arg)
{
    static const char cancel[] = "CANCEL ";
    struct sl_sip *sip = arg;

    (void)transport;
    (void)from;
    (void)to;
    if (sent)
        sl_sip_messages_trace(sip, data, len);
    if (sent || len < sizeof(cancel) || memcmp(data, cancel, sizeof(cancel) - 1) != 0)
        return;
    free(sip->cancel);
    sip->cancel = sl_sip_valid_text((const char *)data, len);
}

/* TLS is at the next port. */
static int bind_to(struct sl_sip *sip, const struct sl_addr *addr)
{
    struct sockaddr_storage storage;
    struct sa local;
    char text[SL_ADDR_TEXT_MAX];

    (void)sl_addr_to_sockaddr(addr, &storage);
    int err = sa_set_sa(&local, (const struct sockaddr *)&storage);
    if (err == 0)
        err = sip_transp_add(sip->stack, SIP_TRANSP_UDP, &local);
    if (err == 0)
        err = sip_transp_add(sip->stack, SIP_TRANSP_TCP, &local);
    if (err == 0) {
        sa_set_port(&local, (uint16_t)(addr->port + 1));
        err = sip_transp_add(sip->stack, SIP_TRANSP_TLS, &local, sip->tls);
    }
    if (err != 0)
        return sl_error_set(sip->error, -err, "SIP: cannot listen at %s and the next port: %s",
                            sl_addr_format(addr, text), strerror(err));
    return 0;
}

static int set_up(struct sl_sip *sip)
{
    (void)poll_method_set(METHOD_EPOLL); /* or it stays with poll() */
    int err = fd_setsize(DESCRIPTORS_MAX);
    if (err == 0)
        err = fd_listen(sip->wake_fd, FD_READ, on_wake, sip);
    find_name_servers(sip);
    if (err == 0)
        err = sip_alloc(&sip->stack, sip->names, TABLE_SIZE, TABLE_SIZE, TABLE_SIZE,
                        sip->user_agent, NULL, sip);
    if (err != 0)
        return sl_error_set(sip->error, -err, "SIP: %s", strerror(err));
    sip_set_trace_handler(sip->stack, on_trace);
    err = sl_sip_secure_create(sip);
    for (size_t i = 0; err == 0 && i < sip->config.bind_count; i++)
        err = bind_to(sip, &sip->config.bind[i]);
    return err < 0 ? err : sl_sip_inbound_listen(sip);
}

static void tear_down(struct sl_sip *sip)
{
    struct sl_sip_call *call;
    struct sl_sip_account *account;

    tmr_cancel(&sip->grace);
    sl_sip_messages_drop(sip, NULL);
    sl_sip_received_drop(sip);
    sl_sip_subscriptions_drop(sip);
    sl_list_foreach(call, &sip->calls, struct sl_sip_call, link)
    {
        call->close_wanted = true;
        sl_sip_call_set_state(call, CALL_OVER);
    }
    sl_list_foreach(account, &sip->accounts, struct sl_sip_account, link)
    {
        account->state = ACCOUNT_LEAVING;
        sl_sip_forget(&account->registering);
        sl_sip_account_leave(account);
    }
    sip->requests = mem_deref(sip->requests);
    sip->responses = mem_deref(sip->responses);
    if (sip->stack)
        sip_close(sip->stack, true);
    sip->stack = mem_deref(sip->stack);
    sip->tls = mem_deref(sip->tls);
    sip->names = mem_deref(sip->names);
    fd_close(sip->wake_fd);
    free(sip->cancel);
}

static void on_stopped(struct sl_msg *msg) /* on the control loop */
{
    struct sl_sip *sip = sl_container_of(msg, struct sl_sip, stopped);

    sip->on_stopped(sip->stopped_owner);
}

static void *run(void *arg)
{
    struct sl_sip *sip = arg;

    int err = re_thread_init();
    sip->err = err == 0 ? set_up(sip) : -err;
    err = sip->err;
    (void)sem_post(&sip->ready); /* from here on the creator goes on */
    if (err == 0)
        (void)re_main(NULL);
    tear_down(sip);
    re_thread_close();
    if (err == 0) {
        sip->stopped.run = on_stopped;
        sl_loop_post(sip->control, &sip->stopped);
    }
    return NULL;
}

/* ---- On the control loop ---- */

static int start_thread(struct sl_sip *sip, struct sl_error *error)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the control loop's */
    sip->error = error;
    int err = pthread_create(&sip->thread, NULL, run, sip);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != 0)
        return sl_error_set(error, -err, "SIP: no thread: %s", strerror(err));
    (void)pthread_setname_np(sip->thread, "sip"); /* for top(1) only */
    sip->has_thread = true;
    while (sem_wait(&sip->ready) != 0)
        continue; /* a signal */
    sip->error = NULL;
    return sip->err;
}

static void copy_allowed(struct sl_sip *sip, const struct sl_string_list *list)
{
    sip->allow.items = sl_new_array(char *, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        sip->allow.items[sip->allow.count++] = sl_strdup(list->items[i]);
}

int sl_sip_create(const struct sl_sip_config *config, struct sl_sip **out, struct sl_error *error)
{
    struct sl_sip *sip = sl_new(struct sl_sip);

    sip->control = config->control;
    sip->config = *config;
    sip->announce = sl_strdup(config->announce);
    sip->user_agent = sl_strdup(config->user_agent);
    copy_allowed(sip, config->allow);
    sl_queue_init(&sip->queue);
    sl_list_init(&sip->accounts);
    sl_list_init(&sip->calls);
    sl_list_init(&sip->messages);
    sl_list_init(&sip->received);
    sl_list_init(&sip->subscriptions);
    sl_table_init(&sip->dialogs);
    sl_table_init(&sip->subscribed);
    tmr_init(&sip->grace);
    (void)sem_init(&sip->ready, 0, 0); /* of one process, and 0 is a value */
    sip->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int err = sip->wake_fd < 0 ? sl_error_set(error, -errno, "SIP: no descriptor is left")
                               : start_thread(sip, error);
    if (err < 0) {
        sl_sip_destroy(sip);
        return err;
    }
    *out = sip;
    return 0;
}

void sl_sip_stop(struct sl_sip *sip, void (*told)(void *owner), void *owner)
{
    sip->on_stopped = told;
    sip->stopped_owner = owner;
    sip->stopped.run = on_stop;
    sl_sip_order(sip, &sip->stopped);
}

void sl_sip_destroy(struct sl_sip *sip)
{
    if (!sip)
        return;
    if (sip->has_thread)
        (void)pthread_join(sip->thread, NULL);
    if (sip->wake_fd >= 0)
        (void)close(sip->wake_fd); /* nothing to lose */
    (void)sem_destroy(&sip->ready);
    sl_table_deinit(&sip->dialogs);
    sl_table_deinit(&sip->subscribed);
    sl_queue_deinit(&sip->queue);
    free(sip->announce);
    free(sip->user_agent);
    for (size_t i = 0; i < sip->allow.count; i++)
        free(sip->allow.items[i]);
    free(sip->allow.items);
    free(sip);
}
