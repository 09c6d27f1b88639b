/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One ICE + DTLS + SRTP transport. */
#include "webrtc/transport.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/random.h"
#include "webrtc/stun.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    /* RFC 8445 section 14: Ta, and the most that repetitions slow down to. A description that names
     * addresses of others costs them no more than that. */
    CHECK_INTERVAL_US = 50 * SL_US_PER_MS,
    CHECK_INTERVAL_MAX_US = 800 * SL_US_PER_MS,
    /* RFC 7675 section 5.1: 5 s, and up to a fifth less or more; browsers use half of that. */
    CONSENT_INTERVAL_US = 2500 * SL_US_PER_MS,
    /* The last flight of a handshake may be lost, and its repetition is asked for: RFC 6347 4.2.4.
     */
    DTLS_KEEP_US = 5 * SL_US_PER_S,
    PATH_SILENT_US = 12 * SL_US_PER_S, /* two consent intervals of 5 s, and some */
    PRFLX_PRIORITY = 1862270975,       /* RFC 8445 5.1.2.1: type 110, local 65535, component 1 */
};

struct slot {
    bool used;
    bool checked; /* an authentic check passed on it */
    int64_t last_us;
    struct sl_path path;
};

struct sl_transport {
    struct sl_transport_config config; /* its strings are the members below */
    char *local_ufrag, *local_pwd, *remote_ufrag, *remote_pwd, *fingerprint_hash, *fingerprint;
    enum sl_transport_state state;
    struct slot slots[SL_TRANSPORT_PATHS_MAX];
    struct slot *selected;  /* where media goes */
    struct slot *dtls_slot; /* where the handshake answers */
    int64_t last_check_us;
    int64_t next_check_us, check_interval_us; /* client */
    uint64_t tie_breaker;
    uint8_t transaction_id[SL_STUN_TID_LEN]; /* client: of the checks under way */
    struct sl_dtls *dtls;
    int64_t release_dtls_us; /* 0: not yet */
    struct sl_srtp_sender *sender;
    struct sl_srtp_receiver *receiver;
};

static void set_state(struct sl_transport *transport, enum sl_transport_state state)
{
    if (transport->state == state)
        return;
    transport->state = state;
    transport->config.ops->on_state(transport->config.owner, state);
}

int sl_transport_create(const struct sl_transport_config *config, int64_t now_us,
                        struct sl_transport **out)
{
    struct sl_transport *transport = sl_new(struct sl_transport);

    transport->config = *config;
    transport->local_ufrag = sl_strdup(config->local_ufrag);
    transport->local_pwd = sl_strdup(config->local_pwd);
    transport->remote_ufrag = sl_strdup_or_null(config->remote_ufrag);
    transport->remote_pwd = config->ice_client ? sl_strdup_or_null(config->remote_pwd) : NULL;
    transport->fingerprint_hash = sl_strdup_or_null(config->fingerprint_hash);
    transport->fingerprint = sl_strdup_or_null(config->fingerprint);
    transport->next_check_us = now_us;
    transport->check_interval_us = CHECK_INTERVAL_US;
    sl_random_bytes(&transport->tie_breaker, sizeof(transport->tie_breaker));
    sl_random_bytes(transport->transaction_id, sizeof(transport->transaction_id));
    *out = transport;
    return 0;
}

void sl_transport_destroy(struct sl_transport *transport)
{
    if (!transport)
        return;
    if (transport->dtls)
        sl_dtls_close(transport->dtls);
    sl_dtls_destroy(transport->dtls);
    sl_srtp_sender_destroy(transport->sender);
    sl_srtp_receiver_destroy(transport->receiver);
    free(transport->local_ufrag);
    free(transport->local_pwd);
    free(transport->remote_ufrag);
    free(transport->remote_pwd);
    free(transport->fingerprint_hash);
    free(transport->fingerprint);
    free(transport);
}

/* ---- Paths ---- */

static bool same_path(const struct slot *slot, const struct sl_path *path)
{
    return slot->used && slot->path.tcp == path->tcp && slot->path.dest.fd == path->dest.fd &&
           sl_addr_equal(&slot->path.remote, &path->remote) &&
           sl_addr_same_ip(&slot->path.dest.source, &path->dest.source);
}

static struct slot *find_slot(struct sl_transport *transport, const struct sl_path *path)
{
    for (size_t i = 0; i < SL_TRANSPORT_PATHS_MAX; i++) {
        if (same_path(&transport->slots[i], path))
            return &transport->slots[i];
    }
    return NULL;
}

/* A free slot, or that of the path which has been silent longest; never the one in use. */
static struct slot *take_slot(struct sl_transport *transport, const struct sl_path *path)
{
    struct slot *oldest = NULL;

    for (size_t i = 0; i < SL_TRANSPORT_PATHS_MAX; i++) {
        struct slot *slot = &transport->slots[i];
        if (!slot->used) {
            oldest = slot;
            break;
        }
        if (slot != transport->selected && slot != transport->dtls_slot &&
            (!oldest || slot->last_us < oldest->last_us))
            oldest = slot;
    }
    if (oldest->used && oldest->checked) {
        struct sl_path gone = oldest->path;
        oldest->used = false; /* closing a connection comes back to us: the slot must be empty */
        transport->config.ops->on_path(transport->config.owner, &gone, true);
    }
    *oldest = (struct slot){.used = true, .path = *path};
    return oldest;
}

void sl_transport_tcp_gone(struct sl_transport *transport, const struct sl_tcp_conn *tcp)
{
    for (size_t i = 0; i < SL_TRANSPORT_PATHS_MAX; i++) {
        struct slot *slot = &transport->slots[i];
        if (!slot->used || slot->path.tcp != tcp)
            continue;
        slot->used = false;
        if (transport->selected == slot)
            transport->selected = NULL;
        if (transport->dtls_slot == slot)
            transport->dtls_slot = NULL;
    }
}

const struct sl_path *sl_transport_path(const struct sl_transport *transport)
{
    return transport->selected ? &transport->selected->path : NULL;
}

void sl_transport_add_candidate(struct sl_transport *transport, const struct sl_path *path,
                                int64_t now_us)
{
    if (find_slot(transport, path))
        return;
    for (size_t i = 0; i < SL_TRANSPORT_PATHS_MAX; i++) {
        if (transport->slots[i].used)
            continue;
        transport->slots[i] = (struct slot){.used = true, .path = *path, .last_us = now_us};
        return;
    }
}

/* ---- DTLS ---- */

static void on_dtls_send(void *owner, const uint8_t *datagram, size_t len)
{
    struct sl_transport *transport = owner;
    struct slot *slot = transport->dtls_slot ? transport->dtls_slot : transport->selected;

    if (slot)
        transport->config.ops->on_send(transport->config.owner, &slot->path, datagram, len);
}

static int make_keys(struct sl_transport *transport)
{
    struct sl_srtp_keys send, receive;
    int err = sl_dtls_export_keys(transport->dtls, &send, &receive);

    if (err < 0)
        return err;
    transport->sender = sl_srtp_sender_create(transport->config.engine, &send);
    transport->receiver = sl_srtp_receiver_create(transport->config.engine, &receive);
    memset(&send, 0, sizeof(send));
    memset(&receive, 0, sizeof(receive));
    return 0;
}

static void on_dtls_progress(struct sl_transport *transport, enum sl_dtls_state state,
                             int64_t now_us)
{
    switch (state) {
    case SL_DTLS_HANDSHAKE:
        break;
    case SL_DTLS_CONNECTED:
        if (transport->state == SL_TRANSPORT_CONNECTED)
            break;
        if (make_keys(transport) < 0) {
            sl_count(transport->config.counters, SL_COUNTER_DTLS_FAILED, 1);
            set_state(transport, SL_TRANSPORT_FAILED_DTLS);
            break;
        }
        sl_count(transport->config.counters, SL_COUNTER_DTLS_OK, 1);
        if (!transport->config.keep_dtls)
            transport->release_dtls_us = now_us + DTLS_KEEP_US;
        set_state(transport, SL_TRANSPORT_CONNECTED);
        break;
    case SL_DTLS_FAILED:
        sl_count(transport->config.counters, SL_COUNTER_DTLS_FAILED, 1);
        set_state(transport, SL_TRANSPORT_FAILED_DTLS);
        break;
    case SL_DTLS_FAILED_FINGERPRINT:
        sl_count(transport->config.counters, SL_COUNTER_DTLS_FAILED, 1);
        set_state(transport, SL_TRANSPORT_FAILED_FINGERPRINT);
        break;
    case SL_DTLS_CLOSED:
        set_state(transport, SL_TRANSPORT_CLOSED);
        break;
    }
}

static bool is_over(const struct sl_transport *transport)
{
    return transport->state > SL_TRANSPORT_CONNECTED;
}

static void start_dtls(struct sl_transport *transport, int64_t now_us)
{
    struct sl_dtls_config config = {
        .identity = transport->config.identity,
        .client = transport->config.dtls_client,
        .fingerprint_hash = transport->fingerprint_hash,
        .fingerprint = transport->fingerprint,
        .on_send = on_dtls_send,
        .owner = transport,
    };

    if (sl_dtls_create(&config, now_us, &transport->dtls) < 0) {
        transport->dtls = NULL;
        sl_count(transport->config.counters, SL_COUNTER_DTLS_FAILED, 1);
        set_state(transport, SL_TRANSPORT_FAILED_FINGERPRINT);
        return;
    }
    if (transport->config.dtls_client) {
        set_state(transport, SL_TRANSPORT_HANDSHAKE);
        sl_dtls_start(transport->dtls, now_us);
    }
}

void sl_transport_dtls(struct sl_transport *transport, const struct sl_path *path, uint8_t *data,
                       size_t len, int64_t now_us)
{
    struct slot *slot = find_slot(transport, path);

    /* No byte from a path without an authenticated check (hardening.md class 1, C7). */
    if (!slot || !slot->checked || !transport->dtls || is_over(transport))
        return;
    transport->dtls_slot = slot;
    if (transport->state == SL_TRANSPORT_CHECKED)
        set_state(transport, SL_TRANSPORT_HANDSHAKE);
    on_dtls_progress(transport, sl_dtls_input(transport->dtls, data, len, now_us), now_us);
}

/* ---- ICE ---- */

/* A check passed on this path. */
static void on_checked(struct sl_transport *transport, const struct sl_path *path, bool nominated,
                       int64_t now_us)
{
    struct slot *slot = find_slot(transport, path);

    if (!slot)
        slot = take_slot(transport, path);
    slot->last_us = now_us;
    transport->last_check_us = now_us;
    sl_count(transport->config.counters, SL_COUNTER_ICE_CHECKS_OK, 1);
    slot->checked = true;
    transport->config.ops->on_path(transport->config.owner, &slot->path, false);
    /* Consent is per address (RFC 7675 section 5.1): media does not go on to one that no longer
     * asks for it while the client lives at another. */
    if (nominated || !transport->selected ||
        (slot != transport->selected && now_us - transport->selected->last_us > PATH_SILENT_US))
        transport->selected = slot;
    if (transport->state == SL_TRANSPORT_NEW) {
        set_state(transport, SL_TRANSPORT_CHECKED);
        if (!is_over(transport) && !transport->dtls)
            start_dtls(transport, now_us);
    }
}

/* USERNAME is "<ours>:<theirs>" (RFC 8445 section 7.2.2). */
static bool username_matches(const struct sl_transport *transport, const struct sl_stun_view *view)
{
    size_t local_len = strlen(transport->local_ufrag);

    if (!view->username || view->username_len <= local_len ||
        memcmp(view->username, transport->local_ufrag, local_len) != 0 ||
        view->username[local_len] != ':')
        return false;
    const char *remote = view->username + local_len + 1;
    size_t remote_len = view->username_len - local_len - 1;
    return !transport->remote_ufrag || (strlen(transport->remote_ufrag) == remote_len &&
                                        memcmp(remote, transport->remote_ufrag, remote_len) == 0);
}

static int on_request(struct sl_transport *transport, const struct sl_path *path,
                      const uint8_t *data, size_t len, const struct sl_stun_view *view,
                      int64_t now_us)
{
    uint8_t answer[SL_STUN_MAX];
    size_t answer_len;

    if (!username_matches(transport, view))
        return -ENOENT;
    if (!sl_stun_verify(data, len, view, transport->local_pwd)) {
        sl_count(transport->config.counters, SL_COUNTER_ICE_CHECKS_FAILED, 1);
        return -EACCES;
    }
    if (view->unknown_required) {
        answer_len = sl_stun_build_error(view->transaction_id, 420, transport->local_pwd, answer);
        transport->config.ops->on_send(transport->config.owner, path, answer, answer_len);
        return 0;
    }
    if (transport->config.ice_client ? view->ice_controlling : view->ice_controlled) {
        /* We are lite and therefore controlled, or made the offer and control (RFC 8445 section
         * 6.1.1, 7.3.1.1): so cannot they. */
        answer_len = sl_stun_build_error(view->transaction_id, 487, transport->local_pwd, answer);
        transport->config.ops->on_send(transport->config.owner, path, answer, answer_len);
        return 0;
    }
    answer_len =
        sl_stun_build_success(view->transaction_id, &path->remote, transport->local_pwd, answer);
    transport->config.ops->on_send(transport->config.owner, path, answer, answer_len);
    if (transport->config.ice_client) {
        /* Our own checks decide; an address that we did not know of is worth one, at once (RFC 8445
         * section 7.3.1.4). */
        if (!find_slot(transport, path)) {
            take_slot(transport, path)->last_us = now_us;
            transport->next_check_us = now_us;
        }
        return 0;
    }
    on_checked(transport, path, view->use_candidate, now_us);
    return 0;
}

static int64_t consent_interval_us(void)
{
    return CONSENT_INTERVAL_US / 5 * 4 + sl_random_u32() % (CONSENT_INTERVAL_US / 5 * 2);
}

static int on_answer(struct sl_transport *transport, const struct sl_path *path,
                     const uint8_t *data, size_t len, const struct sl_stun_view *view,
                     int64_t now_us)
{
    if (!transport->config.ice_client || !transport->remote_pwd ||
        memcmp(view->transaction_id, transport->transaction_id, SL_STUN_TID_LEN) != 0)
        return -ENOENT;
    if (!find_slot(transport, path))
        return -ENOENT;
    if (!sl_stun_verify(data, len, view, transport->remote_pwd))
        return -EACCES;
    /* The other checks' answers may still come, and the server may take one of those paths: their
     * transaction stays for a while. */
    if (transport->state == SL_TRANSPORT_NEW)
        transport->next_check_us = now_us + consent_interval_us();
    on_checked(transport, path, transport->state == SL_TRANSPORT_NEW, now_us);
    return 0;
}

int sl_transport_stun(struct sl_transport *transport, const struct sl_path *path, uint8_t *data,
                      size_t len, int64_t now_us)
{
    struct sl_stun_view view;
    int err = sl_stun_parse(data, len, &view);

    if (err < 0 || view.method != SL_STUN_BINDING) {
        sl_count(transport->config.counters, SL_COUNTER_ICE_CHECKS_FAILED, 1);
        return err < 0 ? err : -EBADMSG;
    }
    if (is_over(transport))
        return -ENOENT;
    if (view.class == SL_STUN_REQUEST)
        return on_request(transport, path, data, len, &view, now_us);
    if (view.class == SL_STUN_SUCCESS)
        return on_answer(transport, path, data, len, &view, now_us);
    return -ENOENT; /* indications keep a NAT open and want nothing; errors repeat themselves */
}

static void send_check(struct sl_transport *transport, const struct slot *slot)
{
    char username[600];
    uint8_t request[SL_STUN_MAX];

    (void)snprintf(username, sizeof(username), "%s:%s", transport->remote_ufrag,
                   transport->local_ufrag); /* bounded by the SDP's limits */
    struct sl_stun_request check = {
        .transaction_id = transport->transaction_id,
        .username = username,
        .password = transport->remote_pwd,
        .priority = PRFLX_PRIORITY,
        .controlling = true,
        .tie_breaker = transport->tie_breaker,
        .use_candidate = true, /* nominate at once: the first path that works is taken */
    };
    size_t len = sl_stun_build_request(&check, request);
    transport->config.ops->on_send(transport->config.owner, &slot->path, request, len);
}

static void send_checks(struct sl_transport *transport, int64_t now_us)
{
    if (!transport->remote_ufrag || !transport->remote_pwd)
        return;
    const struct slot *selected = transport->selected;
    if (selected)
        sl_random_bytes(transport->transaction_id, sizeof(transport->transaction_id));
    for (size_t i = 0; i < SL_TRANSPORT_PATHS_MAX; i++) {
        const struct slot *slot = &transport->slots[i];
        /* Once the chosen path is dead any other will do. */
        if (slot->used &&
            (!selected || slot == selected || now_us - selected->last_us > PATH_SILENT_US))
            send_check(transport, slot);
    }
    transport->next_check_us =
        now_us + (selected ? consent_interval_us() : transport->check_interval_us);
    if (transport->check_interval_us < CHECK_INTERVAL_MAX_US)
        transport->check_interval_us *= 2;
}

/* ---- SRTP ---- */

int sl_transport_unprotect(struct sl_transport *transport, uint8_t *data, size_t *len, bool *rtcp)
{
    struct sl_srtp_engine *engine = transport->config.engine;

    if (!transport->receiver)
        return -ENOTCONN;
    if (*len < 8)
        return -EBADMSG;
    *rtcp = (data[1] & 0x7f) >= 64 && (data[1] & 0x7f) <= 95; /* RFC 5761 section 4 */
    int err = *rtcp ? sl_srtcp_unprotect(engine, transport->receiver, data, len)
                    : sl_srtp_unprotect(engine, transport->receiver, data, len);
    if (err == -EALREADY)
        sl_count(transport->config.counters, SL_COUNTER_SRTP_REPLAYED, 1);
    else if (err < 0)
        sl_count(transport->config.counters, SL_COUNTER_SRTP_AUTH_FAILED, 1);
    else if (transport->release_dtls_us)
        transport->release_dtls_us = 1; /* they have the keys: no flight will be asked for again */
    return err;
}

struct sl_srtp_sender *sl_transport_sender(struct sl_transport *transport)
{
    return transport->sender;
}

/* ---- Time ---- */

int64_t sl_transport_deadline_us(const struct sl_transport *transport)
{
    int64_t deadline_us = INT64_MAX;

    if (is_over(transport))
        return deadline_us;
    if (transport->config.ice_client)
        deadline_us = transport->next_check_us;
    if (transport->dtls) {
        int64_t dtls_us = transport->release_dtls_us ? transport->release_dtls_us
                                                     : sl_dtls_deadline_us(transport->dtls);
        if (dtls_us < deadline_us)
            deadline_us = dtls_us;
    }
    return deadline_us;
}

void sl_transport_tick(struct sl_transport *transport, int64_t now_us)
{
    if (is_over(transport))
        return;
    if (transport->config.ice_client && now_us >= transport->next_check_us)
        send_checks(transport, now_us);
    if (!transport->dtls)
        return;
    if (transport->release_dtls_us && now_us >= transport->release_dtls_us) {
        sl_dtls_destroy(transport->dtls);
        transport->dtls = NULL;
        return;
    }
    if (now_us >= sl_dtls_deadline_us(transport->dtls))
        on_dtls_progress(transport, sl_dtls_on_timer(transport->dtls, now_us), now_us);
}

enum sl_transport_state sl_transport_state(const struct sl_transport *transport)
{
    return transport->state;
}

int64_t sl_transport_last_check_us(const struct sl_transport *transport)
{
    return transport->last_check_us;
}
