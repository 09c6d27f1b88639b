/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers: what libcurl is told of each, what it asks, how it ends, and who hears of it. */
#include "transfer/transfer.h"

#include "base/addr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "net/net.h"
#include "transfer/multi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDLE_HANDLES_MAX = 64, /* easy handles kept for later, some KB each */
    /* Servers close idle connections after 2 s (gunicorn) or 5 s (Node, Apache), and a hook that
     * meets the close is lost: it must not be sent twice. So none older than this is used. */
    CONNECTION_AGE_MAX_S = 1,
    IDLE_CLOSE_MS = 3000, /* connections without any transfer */
    HEADER_MAX = 65536,   /* bytes of an answer's headers, interim answers' included */
    RECEIVE_BUFFER = 8192,
    SEND_BUFFER = 16384, /* libcurl's least */
    BODY_FIRST = 4096,   /* an echo fits */
};

struct sl_transfers {
    struct sl_loop *loop;
    struct sl_multi multi;
    struct sl_timer *idle;
    char *ca_file; /* NULL: the system's */
    CURL *handles[IDLE_HANDLES_MAX];
    size_t handle_count;
    struct sl_list active; /* given to libcurl */
    struct sl_list news;   /* of these: address known, owners not told yet */
    struct sl_list done;   /* taken back, owners not told yet */
    struct sl_later tell;  /* one of them */
};

struct sl_transfer {
    struct sl_transfers *transfers;
    struct sl_list link; /* in active or done */
    struct sl_list in_news;
    const struct sl_transfer_ops *ops;
    void *owner;
    CURL *easy; /* NULL once done */
    struct curl_slist *headers;
    const char *body; /* the owner's */
    size_t len, given;
    char *answer;
    size_t answer_len, answer_room, answer_max, header_len;
    bool too_long, address_known, forbidden;
    bool header_whole; /* of the final answer: libcurl also takes one that ends within it */
    int64_t started_us;
    struct sl_transfer_result result;
    char why[CURL_ERROR_SIZE];
    char reason[64];
    char no_socket[64]; /* libcurl does not ask why there was none */
};

static void tell_later(struct sl_transfers *transfers);

/* ---- A transfer: what libcurl asks ---- */

static void note_address(struct sl_transfer *transfer)
{
    if (!transfer->address_known)
        sl_list_append(&transfer->transfers->news, &transfer->in_news);
    transfer->address_known = true;
}

static bool is_forbidden(const struct sl_transfer *transfer, const struct sockaddr *sockaddr)
{
    struct sl_addr addr;

    return sl_addr_from_sockaddr(&addr, sockaddr) < 0 ||
           !transfer->ops->may_reach(transfer->owner, &addr);
}

/* CURLOPT_OPENSOCKETFUNCTION: with the address that the name has led to. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sl_transfer *transfer = arg;

    (void)purpose;
    note_address(transfer);
    transfer->forbidden = is_forbidden(transfer, &address->addr);
    if (transfer->forbidden)
        return CURL_SOCKET_BAD;
    curl_socket_t fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                              address->protocol);
    /* One of a family that the host does not have is no reason: another address may do. */
    if (fd < 0 && errno != EAFNOSUPPORT)
        (void)snprintf(transfer->no_socket, sizeof(transfer->no_socket), "no socket: %s",
                       strerror(errno));
    else
        transfer->no_socket[0] = '\0'; /* of an address before */
    return fd;
}

/*
 * CURLOPT_PREREQFUNCTION: a connection is there. When a kept connection dies without an answer,
 * libcurl repeats the request by itself on another one, although the server may have acted on it.
 * Without a way to rewind the body it cannot, unless no byte of it was on the wire: that last case
 * is refused here.
 */
static int on_connection(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct sl_transfer *transfer = arg;

    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    note_address(transfer);
    return transfer->given > 0 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* CURLOPT_READFUNCTION: the body, once. */
static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct sl_transfer *transfer = arg;
    size_t room = size * count, len = transfer->len - transfer->given;

    if (len > room)
        len = room;
    memcpy(out, transfer->body + transfer->given, len);
    transfer->given += len;
    return len;
}

static void take_status_line(struct sl_transfer *transfer, const char *line, size_t len)
{
    const char *code = memchr(line, ' ', len), *reason = NULL;

    transfer->header_whole = false;
    transfer->reason[0] = '\0';
    if (code)
        reason = memchr(code + 1, ' ', len - (size_t)(code + 1 - line));
    for (size_t i = 0; reason && ++reason < line + len && i + 1 < sizeof(transfer->reason); i++) {
        if (*reason < 0x20 || *reason > 0x7e)
            break;
        transfer->reason[i] = *reason;
        transfer->reason[i + 1] = '\0';
    }
}

/* CURLOPT_HEADERFUNCTION */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct sl_transfer *transfer = arg;
    size_t len = size * count;

    if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
        take_status_line(transfer, line, len); /* an interim answer may have come before */
    else if (len > 0 && len <= 2 && (line[0] == '\r' || line[0] == '\n'))
        transfer->header_whole = true;
    transfer->header_len += len;
    transfer->too_long |= transfer->header_len > HEADER_MAX;
    return transfer->too_long ? 0 : len; /* 0 ends the transfer */
}

/* CURLOPT_WRITEFUNCTION */
static size_t on_write(char *data, size_t size, size_t count, void *arg)
{
    struct sl_transfer *transfer = arg;
    size_t len = size * count;

    if (len > transfer->answer_max - transfer->answer_len) {
        transfer->too_long = true;
        return 0;
    }
    if (len > transfer->answer_room - transfer->answer_len) {
        size_t room = transfer->answer_room > 0 ? transfer->answer_room : BODY_FIRST;
        while (room - transfer->answer_len < len)
            room *= 2; /* answer_max bounds it */
        char *more = realloc(transfer->answer, room);
        if (!more)
            return 0;
        transfer->answer = more;
        transfer->answer_room = room;
    }
    if (len > 0)
        memcpy(transfer->answer + transfer->answer_len, data, len);
    transfer->answer_len += len;
    return len;
}

/* ---- A transfer: beginning ---- */

static CURL *take_handle(struct sl_transfers *transfers)
{
    return transfers->handle_count > 0 ? transfers->handles[--transfers->handle_count]
                                       : curl_easy_init();
}

static void give_handle_back(struct sl_transfers *transfers, CURL *easy)
{
    if (transfers->handle_count == IDLE_HANDLES_MAX) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    transfers->handles[transfers->handle_count++] = easy;
}

static void drop_easy(struct sl_transfer *transfer)
{
    struct sl_transfers *transfers = transfer->transfers;

    if (transfer->easy) {
        (void)curl_multi_remove_handle(transfers->multi.curl, transfer->easy); /* if it is there */
        give_handle_back(transfers, transfer->easy);
    }
    transfer->easy = NULL;
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    sl_list_remove(&transfer->in_news);
}

static bool add_header(struct sl_transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);

    if (list)
        transfer->headers = list;
    return list != NULL;
}

static bool set_headers(struct sl_transfer *transfer, const struct sl_transfer_request *request)
{
    /* Expect: a round trip for nothing, and some servers do not know it. */
    bool ok = add_header(transfer, "Expect:");

    for (size_t i = 0; i < request->header_count && ok; i++)
        ok = add_header(transfer, request->headers[i]);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return ok;
}

static void set_callbacks(struct sl_transfer *transfer)
{
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->why);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connection);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    (void)curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

/* What libcurl must do and leave alone (hardening.md class 16). False: this libcurl cannot. */
static bool set_bounds(CURL *easy, const struct sl_transfers *transfers)
{
    bool ok =
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK && /* not the environment's */
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;

    if (transfers->ca_file)
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, transfers->ca_file) == CURLE_OK;
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Or the loop would wait for a name lookup that is given up: it is left to its thread. */
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE_MAX_S);
    (void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    (void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "Sluice/" SLUICE_VERSION);
    return ok;
}

static bool set_request(struct sl_transfer *transfer, const struct sl_transfer_request *request)
{
    CURL *easy = transfer->easy;
    long auth = (long)(request->when_asked ? CURLAUTH_DIGEST | CURLAUTH_BASIC : CURLAUTH_BASIC);
    bool ok = set_bounds(easy, transfer->transfers) && set_headers(transfer, request) &&
              curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK;

    if (request->body)
        ok = ok && curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len) ==
                 CURLE_OK;
    if (request->username)
        ok = ok && curl_easy_setopt(easy, CURLOPT_HTTPAUTH, auth) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_USERNAME, request->username) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password) == CURLE_OK;
    set_callbacks(transfer);
    return ok;
}

static void fail_later(struct sl_transfer *transfer, const char *why)
{
    drop_easy(transfer);
    transfer->result.outcome = SL_TRANSFER_NOT_SENT;
    transfer->result.why = why;
    sl_list_append(&transfer->transfers->done, &transfer->link);
    tell_later(transfer->transfers);
}

struct sl_transfer *sl_transfer_start(struct sl_transfers *transfers,
                                      const struct sl_transfer_request *request,
                                      const struct sl_transfer_ops *ops, void *owner)
{
    struct sl_transfer *transfer = sl_new(struct sl_transfer);

    transfer->transfers = transfers;
    transfer->ops = ops;
    transfer->owner = owner;
    transfer->body = request->body;
    transfer->len = request->len;
    transfer->answer_max = request->answer_max;
    transfer->started_us = sl_now_us();
    transfer->easy = take_handle(transfers);
    if (!transfer->easy || !set_request(transfer, request)) {
        fail_later(transfer, "libcurl refuses the request");
        return transfer;
    }
    CURLMcode code = curl_multi_add_handle(transfers->multi.curl, transfer->easy);
    if (code != CURLM_OK) {
        fail_later(transfer, curl_multi_strerror(code));
        return transfer;
    }
    sl_timer_stop(transfers->idle);
    sl_list_append(&transfers->active, &transfer->link);
    return transfer;
}

/* ---- A transfer: the end ---- */

static void transfer_free(struct sl_transfer *transfer)
{
    struct sl_transfers *transfers = transfer->transfers;

    drop_easy(transfer);
    sl_list_remove(&transfer->link);
    free(transfer->answer);
    free(transfer);
    if (sl_list_empty(&transfers->active))
        sl_timer_start(transfers->idle, IDLE_CLOSE_MS, 0);
}

void sl_transfer_cut(struct sl_transfer *transfer)
{
    if (transfer)
        transfer_free(transfer);
}

static enum sl_transfer_outcome classify(const struct sl_transfer *transfer, CURLcode code)
{
    if (code == CURLE_OK)
        return transfer->header_whole ? SL_TRANSFER_ANSWERED : SL_TRANSFER_BROKEN;
    if (transfer->too_long)
        return SL_TRANSFER_TOO_LONG;
    if (code == CURLE_OPERATION_TIMEDOUT)
        return SL_TRANSFER_TIMED_OUT;
    return transfer->given < transfer->len ? SL_TRANSFER_NOT_SENT : SL_TRANSFER_BROKEN;
}

static void take_result(struct sl_transfer *transfer, CURLcode code)
{
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->result = (struct sl_transfer_result){
        .outcome = classify(transfer, code),
        .status = status >= 200 ? (int)status : 0, /* not of an interim answer */
        .reason = transfer->reason,
        .body = transfer->answer,
        .len = transfer->answer_len,
        .duration_us = sl_now_us() - transfer->started_us,
        .why = transfer->too_long       ? "the answer is too long"
               : code == CURLE_OK       ? "the answer ended in its header"
               : transfer->forbidden    ? "it may not be at that address"
               : transfer->no_socket[0] ? transfer->no_socket
               : transfer->why[0]       ? transfer->why
                                        : curl_easy_strerror(code),
    };
}

/* ---- Owners are told ---- */

static void collect(struct sl_transfers *transfers)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(transfers->multi.curl, &left))) {
        char *private = NULL;
        (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
        struct sl_transfer *transfer = (struct sl_transfer *)(void *)private;
        take_result(transfer, msg->data.result); /* msg is gone with the handle */
        drop_easy(transfer);
        sl_list_remove(&transfer->link);
        sl_list_append(&transfers->done, &transfer->link);
    }
}

static void on_tell(struct sl_later *later)
{
    struct sl_transfers *transfers = sl_container_of(later, struct sl_transfers, tell);
    struct sl_transfer *known = sl_list_first(&transfers->news, struct sl_transfer, in_news);
    struct sl_transfer *done = sl_list_first(&transfers->done, struct sl_transfer, link);

    if (known) {
        sl_list_remove(&known->in_news);
        tell_later(transfers);
        known->ops->on_address(known->owner);
    } else if (done) {
        sl_list_remove(&done->link); /* from now on ours alone */
        tell_later(transfers);
        done->ops->on_done(done->owner, &done->result);
        free(done->answer);
        free(done);
    }
}

/* One in a turn: its owner may start, cut and destroy whatever it likes. */
static void tell_later(struct sl_transfers *transfers)
{
    transfers->tell.run = on_tell;
    if (!sl_list_empty(&transfers->news) || !sl_list_empty(&transfers->done))
        sl_loop_later(transfers->loop, &transfers->tell);
}

/* After each call of libcurl. */
static void settle(void *owner)
{
    struct sl_transfers *transfers = owner;

    collect(transfers);
    tell_later(transfers);
    if (sl_list_empty(&transfers->active))
        sl_timer_start(transfers->idle, IDLE_CLOSE_MS, 0);
}

/* ---- All of them ---- */

/* libcurl does not watch idle connections: without transfers, those that the servers have closed
 * would keep their descriptors for ever. */
static void on_idle(void *owner)
{
    struct sl_transfers *transfers = owner;
    if (sl_list_empty(&transfers->active))
        sl_multi_renew(&transfers->multi);
}

int sl_transfers_create(struct sl_loop *loop, size_t connections, struct sl_transfers **out,
                        struct sl_error *error)
{
    const char *ca_file = secure_getenv("SSL_CERT_FILE");

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sl_error_set(error, -ENOMEM, "libcurl cannot be started");
    struct sl_transfers *transfers = sl_new(struct sl_transfers);
    transfers->loop = loop;
    transfers->ca_file = ca_file && ca_file[0] ? sl_strdup(ca_file) : NULL;
    sl_list_init(&transfers->active);
    sl_list_init(&transfers->news);
    sl_list_init(&transfers->done);
    transfers->idle = sl_timer_create(loop, on_idle, transfers);
    if (sl_multi_init(&transfers->multi, loop, connections, settle, transfers) < 0) {
        sl_transfers_destroy(transfers);
        return sl_error_set(error, -ENOMEM, "libcurl cannot be started");
    }
    *out = transfers;
    return 0;
}

void sl_transfers_destroy(struct sl_transfers *transfers)
{
    if (!transfers)
        return;
    while (!sl_list_empty(&transfers->active))
        sl_transfer_cut(sl_list_first(&transfers->active, struct sl_transfer, link));
    while (!sl_list_empty(&transfers->done))
        sl_transfer_cut(sl_list_first(&transfers->done, struct sl_transfer, link));
    sl_multi_deinit(&transfers->multi);
    while (transfers->handle_count > 0)
        curl_easy_cleanup(transfers->handles[--transfers->handle_count]);
    sl_timer_destroy(transfers->idle);
    free(transfers->ca_file);
    curl_global_cleanup();
    sl_later_cancel(&transfers->tell);
    free(transfers);
}

int sl_transfer_host(const char *url, char out[static SL_TRANSFER_HOST_MAX])
{
    CURLU *parsed = curl_url();
    char *scheme = NULL, *host = NULL;
    int err = -EINVAL;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0)) {
        bool literal = host[0] == '[';
        if (snprintf(out, SL_TRANSFER_HOST_MAX, "%s", host + literal) < SL_TRANSFER_HOST_MAX) {
            out[strcspn(out, literal ? "]" : "")] = '\0';
            err = 0;
        }
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return err;
}
