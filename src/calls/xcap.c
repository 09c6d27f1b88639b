/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Documents of an XCAP server that a client asks for (sip.md 12). The URL is anybody's word: it
 * leads to a host that the configuration names, or to one of the account's own domain, and there
 * only to an address that a client may be sent to. */
#include "base/bucket.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "calls/call.h"
#include "transfer/transfer.h"

#include <string.h>
#include <strings.h>

enum {
    CONNECTIONS = 16,  /* of all phones */
    UNDER_WAY_MAX = 4, /* of one */
    URL_MAX = 2048,
    TIMEOUT_MS = 10000,
    DOCUMENT_MAX = 1024 * 1024,
    BURST = 20,
    PER_S = 2,
};

struct sl_xcap {
    struct sl_phone *phone;
    struct sl_bucket bucket;
    struct sl_list requests;
    size_t count;
};

struct request {
    struct sl_xcap *xcap;
    struct sl_list link; /* in xcap->requests */
    struct sl_list questions;
    struct sl_transfer *transfer; /* NULL: the back end is asked */
    char *url;
    char host[SL_TRANSFER_HOST_MAX];
};

static void destroy(struct request *request)
{
    sl_questions_cancel(&request->questions);
    sl_transfer_cut(request->transfer);
    sl_list_remove(&request->link);
    request->xcap->count--;
    free(request->url);
    free(request);
}

/* ---- What is told ---- */

static void refuse(struct sl_phone *phone, const char *info)
{
    sl_log(SL_LOG_INFO, &phone->log, "XCAP: %s", info);
    SL_PHONE_TELL(phone, on_refused, "XcapStatusEvent", info);
}

static void fail(struct request *request, const char *info)
{
    refuse(request->xcap->phone, info);
    destroy(request);
}

static void present(struct request *request, json_t *document)
{
    struct sl_phone *phone = request->xcap->phone;
    json_t *object = json_pack("{s:s, s:o}", "url", request->url, "responseBody", document);

    sl_session_notify(phone->session, SL_HOOK_XCAP_STATUS_EVENT, json_copy(object));
    sl_session_strip(phone->session, SL_HOOK_XCAP_STATUS_EVENT, object);
    SL_PHONE_TELL(phone, on_xcap, object);
    json_decref(object);
    destroy(request);
}

/* ---- Where it may go ---- */

static bool is_below(const char *host, const char *domain)
{
    size_t len = strlen(host), domain_len = strcspn(domain, ":");

    return domain_len > 0 && len >= domain_len &&
           strncasecmp(host + len - domain_len, domain, domain_len) == 0 &&
           (len == domain_len || host[len - domain_len - 1] == '.');
}

static bool is_named(const struct sl_string_list *hosts, const char *host)
{
    struct sl_addr addr;
    bool literal = sl_addr_parse_ip(host, 0, &addr) == 0;

    for (size_t i = 0; i < hosts->count; i++) {
        struct sl_cidr network;
        if (strcasecmp(hosts->items[i], host) == 0 ||
            (literal && sl_cidr_parse(hosts->items[i], &network) == 0 &&
             sl_cidr_contains(&network, &addr)))
            return true;
    }
    return false;
}

static const struct sl_config *config_of(const struct request *request)
{
    return request->xcap->phone->calls->config.config;
}

static bool may_ask(const struct request *request)
{
    return is_named(&config_of(request)->xcap_hosts, request->host) ||
           is_below(request->host, request->xcap->phone->domain);
}

/* Whose the account is, or who the operator says may know it: not whatever is below the domain. */
static bool may_have_password(const struct request *request)
{
    const char *domain = request->xcap->phone->domain;

    return is_named(&config_of(request)->xcap_hosts, request->host) ||
           (strlen(request->host) == strcspn(domain, ":") && is_below(request->host, domain));
}

static bool may_reach(void *owner, const struct sl_addr *to)
{
    const struct request *request = owner;
    const struct sl_reach reach = {
        .who = SL_REACH_CLIENT, .allow = &config_of(request)->xcap_hosts, .host = request->host};

    return sl_reach_may(&reach, to);
}

/* ---- The request ---- */

static void on_address(void *owner)
{
    (void)owner;
}

static void on_done(void *owner, const struct sl_transfer_result *result)
{
    struct request *request = owner;
    char info[128];

    request->transfer = NULL;
    if (result->outcome != SL_TRANSFER_ANSWERED) {
        fail(request, result->why);
    } else if (result->status != 200) {
        (void)snprintf(info, sizeof(info), "%d %s", result->status, result->reason);
        fail(request, info);
    } else {
        json_t *document = json_stringn(result->body ? result->body : "", result->len);
        if (document && strlen(json_string_value(document)) == result->len)
            present(request, document);
        else {
            json_decref(document);
            fail(request, "The document is no text");
        }
    }
}

static void start(struct request *request)
{
    static const struct sl_transfer_ops ops = {may_reach, on_address, on_done};
    static const char *const headers[] = {"Accept: application/*+xml, text/xml"};
    struct sl_phone *phone = request->xcap->phone;
    struct sl_calls *calls = phone->calls;
    struct sl_error error = {.text = ""};
    bool known = may_have_password(request);
    const struct sl_transfer_request transfer = {.url = request->url,
                                                 .headers = headers,
                                                 .header_count = SL_ARRAY_LEN(headers),
                                                 .username = known ? phone->auth_name : NULL,
                                                 .password = known ? phone->password : NULL,
                                                 .when_asked = true,
                                                 .timeout_ms = TIMEOUT_MS,
                                                 .answer_max = DOCUMENT_MAX};

    if (!calls->transfers &&
        sl_transfers_create(calls->config.loop, CONNECTIONS, &calls->transfers, &error) < 0)
        fail(request, error.text);
    else
        request->transfer = sl_transfer_start(calls->transfers, &transfer, &ops, request);
}

static void on_hook_answer(void *owner, const struct sl_hook_answer *answer)
{
    struct request *request = owner;

    if (answer->allowed)
        start(request);
    else
        fail(request, answer->info);
}

void sl_phone_ask_xcap(struct sl_phone *phone, json_t *object)
{
    struct sl_xcap *xcap = phone->xcap;
    const char *url = sl_call_text(object, "url");

    if (xcap->count == UNDER_WAY_MAX || !sl_bucket_take(&xcap->bucket, PER_S, BURST, sl_now_us())) {
        refuse(phone, "Too many requests");
        return;
    }
    struct request *request = sl_new(struct request);
    request->xcap = xcap;
    request->url = sl_strdup(url);
    sl_list_init(&request->questions);
    sl_list_append(&xcap->requests, &request->link);
    xcap->count++;
    if (strlen(url) > URL_MAX || sl_text_has_controls(url) ||
        sl_transfer_host(url, request->host) < 0) {
        fail(request, "Bad url");
    } else if (!may_ask(request)) {
        fail(request, "Not allowed: xcap_hosts does not name this host");
    } else if (sl_session_asks(phone->session, SL_HOOK_SEND_XCAP_REQUEST)) {
        json_t *body = json_pack("{s:s}", "url", url);
        sl_session_add_context(phone->session, body);
        sl_question_ask(phone->session, &request->questions, SL_HOOK_SEND_XCAP_REQUEST, body,
                        on_hook_answer, NULL, request);
    } else {
        start(request);
    }
}

/* ---- Life ---- */

struct sl_xcap *sl_xcap_create(struct sl_phone *phone)
{
    struct sl_xcap *xcap = sl_new(struct sl_xcap);

    xcap->phone = phone;
    sl_list_init(&xcap->requests);
    return xcap;
}

void sl_xcap_destroy(struct sl_xcap *xcap)
{
    if (!xcap)
        return;
    while (!sl_list_empty(&xcap->requests))
        destroy(sl_list_first(&xcap->requests, struct request, link));
    free(xcap);
}
