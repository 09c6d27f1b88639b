/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One session's account: what its client says of it (sip.md 2), and its registration (3). */
#include "calls/internal.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIP_PORT = 5060, SIPS_PORT = 5061, LOOKUP_MS = 8000 };

/* ---- What the client says ---- */

/* A string, or a number as one; "" where there is nothing. False: not fit for a SIP message. */
static bool read_field(const json_t *fields, const char *name, char out[static SL_SIP_NAME_MAX])
{
    const json_t *value = json_object_get(fields, name);

    out[0] = '\0';
    if (json_is_integer(value))
        (void)snprintf(out, SL_SIP_NAME_MAX, "%lld", (long long)json_integer_value(value));
    if (!json_is_string(value))
        return true;
    return !sl_text_has_controls(json_string_value(value)) &&
           json_string_length(value) == strlen(json_string_value(value)) &&
           snprintf(out, SL_SIP_NAME_MAX, "%s", json_string_value(value)) < SL_SIP_NAME_MAX;
}

static int bad(struct sl_error *error, const char *name)
{
    return sl_error_set(error, -EINVAL, "Bad sip parameter: %s", name);
}

static int read_texts(struct sl_phone *phone, const json_t *fields, struct sl_error *error)
{
    const struct {
        const char *name;
        char **to;
    } texts[] = {
        {"sipLogin", &phone->login},
        {"sipAuthenticationName", &phone->auth_name},
        {"sipPassword", &phone->password},
        {"sipVisibleName", &phone->visible_name},
    };
    char text[SL_SIP_NAME_MAX], aor[SL_SIP_URI_MAX];

    for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++) {
        if (!read_field(fields, texts[i].name, text))
            return bad(error, texts[i].name);
        *texts[i].to = sl_strdup(text);
    }
    if (phone->auth_name[0] == '\0') {
        free(phone->auth_name);
        phone->auth_name = sl_strdup(phone->login);
    }
    if (!read_field(fields, "sipContactParams", text) ||
        sl_sip_contact_params(text, phone->contact_params) < 0)
        return bad(error, "sipContactParams");
    return sl_sip_uri_of_user(phone->login, phone->domain, aor) < 0 ? bad(error, "sipLogin") : 0;
}

/* Where everything goes: the proxy, or the domain; the port of the field of its own first. */
static int read_hosts(struct sl_phone *phone, const json_t *fields, struct sl_error *error)
{
    static const char *const proxies[] = {"sipOutboundProxy", "sipProxy"};
    const struct sl_config *config = phone->calls->config.config;
    char text[SL_SIP_NAME_MAX], domain[SL_SIP_NAME_MAX];
    struct sl_sip_host host;

    if (!read_field(fields, "sipDomain", domain))
        return bad(error, "sipDomain");
    if (domain[0] == '\0')
        (void)snprintf(domain, sizeof(domain), "%s", config->domain);
    if (sl_sip_host_parse(domain, &host) < 0 || strchr(domain, ';'))
        return bad(error, "sipDomain");
    phone->domain = sl_strdup(domain);
    phone->proxy = host;
    phone->proxy_is_domain = true;
    (void)snprintf(text, sizeof(text), "%s", config->outbound_proxy);
    for (size_t i = SL_ARRAY_LEN(proxies); i-- > 0;) {
        char named[SL_SIP_NAME_MAX];
        if (!read_field(fields, proxies[i], named))
            return bad(error, proxies[i]);
        if (named[0] != '\0')
            memcpy(text, named, sizeof(text));
    }
    if (text[0] != '\0') {
        if (sl_sip_host_parse(text, &phone->proxy) < 0)
            return bad(error, "sipOutboundProxy");
        phone->proxy_is_domain = strcasecmp(phone->proxy.host, host.host) == 0;
    }
    return 0;
}

static int read_port(struct sl_phone *phone, const json_t *fields, struct sl_error *error)
{
    char text[SL_SIP_NAME_MAX], *end;

    if (!read_field(fields, "sipPort", text))
        return bad(error, "sipPort");
    unsigned long port = strtoul(text, &end, 10);
    if (*end != '\0' || text[0] == '-' || port > 65535)
        return bad(error, "sipPort");
    if (port == 0 && phone->proxy.port == 0)
        port = (unsigned long)phone->calls->config.config->outbound_port;
    if (port != 0)
        phone->proxy.port = (unsigned)port;
    phone->may_be_at_home =
        phone->calls->config.config->enable_local_videochat && phone->proxy.port == 0;
    return 0;
}

static int read_fields(struct sl_phone *phone, const json_t *fields, struct sl_error *error)
{
    int err = read_hosts(phone, fields, error);

    if (err == 0)
        err = read_texts(phone, fields, error);
    if (err == 0)
        err = read_port(phone, fields, error);
    phone->registers = !json_is_false(json_object_get(fields, "sipRegisterRequired"));
    phone->may_be_at_home &= !phone->registers;
    return err;
}

/* ---- Registration ---- */

static void on_registration(void *owner, enum sl_sip_registration status, int code,
                            const char *reason, const char *raw)
{
    struct sl_phone *phone = owner;

    if (status == SL_SIP_REGISTERED)
        sl_phone_registered(phone, code, raw);
    else
        sl_phone_not_registered(phone, code, reason, raw);
}

static void on_call(void *owner, struct sl_sip_call *call, const struct sl_sip_invite *invite)
{
    sl_call_take(owner, call, invite);
}

static void on_message(void *owner, struct sl_sip_received *received,
                       const struct sl_sip_text *text)
{
    sl_messages_take(owner, received, text);
}

static const struct sl_sip_account_ops account_ops = {on_registration, on_call, on_message};

/* What its client wanted before the account was there. */
static void start_waiting(struct sl_phone *phone)
{
    sl_calls_start_waiting(phone);
    sl_messages_start_waiting(phone->messages);
    sl_watch_start_waiting(phone->watch);
}

static void fail_waiting(struct sl_phone *phone, const char *info)
{
    sl_calls_fail_waiting(phone, info);
    sl_messages_fail_waiting(phone->messages, info);
    sl_watch_fail_waiting(phone->watch, info);
}

/* ---- Where the proxy is ---- */

/* The address that leads there, as the kernel has it: nothing is sent. */
static int find_local(const struct sl_addr *to, struct sl_addr *out)
{
    struct sockaddr_storage storage;
    socklen_t len = sl_addr_to_sockaddr(to, &storage);
    int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int err = -1;

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&storage, len) == 0) {
        len = sizeof(storage);
        err = getsockname(fd, (struct sockaddr *)&storage, &len);
    }
    (void)close(fd); /* nothing was sent */
    return err < 0 ? -ENETUNREACH : sl_addr_from_sockaddr(out, (const struct sockaddr *)&storage);
}

static void open_account(struct sl_phone *phone, const struct sl_addr *proxies, size_t count)
{
    struct sl_error error = {.text = ""};
    struct sl_sip *sip = sl_calls_agent(phone->calls, &error);
    bool verifies =
        phone->proxy.transport == SL_SIP_TLS && phone->calls->config.config->sip_tls_verify;
    SSL_CTX *trusted = verifies ? sl_tls_clients_get(phone->calls->config.tls, SL_TLS_SIP) : NULL;
    const struct sl_sip_account_config config = {
        .login = phone->login,
        .auth_name = phone->auth_name,
        .password = phone->password,
        .visible_name = phone->visible_name,
        .domain = phone->domain,
        .contact_params = phone->contact_params,
        .proxies = proxies,
        .proxy_count = count,
        .transport = phone->proxy.transport,
        .host = phone->proxy.host,
        .trusted = trusted,
        .proxy_is_domain = phone->proxy_is_domain,
        .registers = phone->registers,
        .at_home = phone->at_home,
        .expires_s = (unsigned)phone->calls->config.config->sip_register_expires,
        .ops = &account_ops,
        .owner = phone,
    };

    if (!sip || (verifies && !trusted)) {
        sl_log(SL_LOG_ERROR, &phone->log, "%s", sip ? "TLS: no memory" : error.text);
        sl_phone_unusable(phone, "SIP_PORTS_BUSY");
        fail_waiting(phone, "SIP_PORTS_BUSY");
        return;
    }
    phone->account = sl_sip_account_create(sip, &config);
    start_waiting(phone);
}

/* Whether this address is the server's, as others see it or as it is. */
static bool is_own(const struct sl_phone *phone, const struct sl_addr *addr)
{
    const struct sl_config *config = phone->calls->config.config;
    struct sl_host_addrs host = {.count = 0};
    struct sl_error error;
    struct sl_addr own;

    for (size_t i = 0; i < config->ip.count; i++) {
        if (sl_addr_parse_ip(config->ip.items[i], 0, &own) == 0 && sl_addr_same_ip(addr, &own))
            return true;
    }
    if (sl_host_addrs_read(&host, &error) < 0)
        return false;
    for (size_t i = 0; i < host.count; i++) {
        if (sl_addr_same_ip(addr, &host.items[i].addr))
            return true;
    }
    return false;
}

/* Calls among clients (sip.md 17): the agent is the proxy, and what it sends comes back to it. */
static bool go_home(struct sl_phone *phone, const struct sl_addr *addr)
{
    struct sl_error error;
    struct sl_addr own;

    phone->at_home = phone->may_be_at_home && is_own(phone, addr) &&
                     sl_calls_own_address(phone->calls, &own, &error) == 0 &&
                     find_local(&own, &phone->local) == 0;
    if (phone->at_home)
        open_account(phone, &own, 1);
    return phone->at_home;
}

static void on_resolved(void *owner, int err, const char *words, const struct sl_addr *addrs,
                        size_t count)
{
    struct sl_phone *phone = owner;
    const struct sl_reach reach = {.who = SL_REACH_CLIENT,
                                   .allow = &phone->calls->config.config->client_sip_allow,
                                   .host = phone->proxy.host};
    char quoted[SL_SIP_NAME_MAX], text[SL_ADDR_TEXT_MAX];

    phone->lookup = NULL;
    if (err == 0 && go_home(phone, &addrs[0]))
        return;
    if (err == 0) {
        const struct sl_addr *refused = sl_reach_find_refused(&reach, addrs, count);
        if (refused)
            words = "client_sip_allow does not name this address";
        else if (find_local(&addrs[0], &phone->local) < 0)
            words = "there is no way to it";
        else {
            open_account(phone, addrs, count);
            return;
        }
        sl_log(SL_LOG_WARN, &phone->log, "SIP: proxy %s is refused: %s",
               sl_addr_format(refused ? refused : addrs, text), words);
    } else {
        sl_log(SL_LOG_INFO, &phone->log, "SIP: proxy %s: %s",
               sl_log_quote(quoted, sizeof(quoted), phone->proxy.host), words);
    }
    sl_phone_unusable(phone, "WRONG_SIPPROVIDER_ADDRESS");
    fail_waiting(phone, "WRONG_SIPPROVIDER_ADDRESS");
}

/* Where nobody has said a port, the domain's name servers do (RFC 3263 section 4). */
static void look_up_proxy(struct sl_phone *phone)
{
    static const char *const services[] = {
        [SL_SIP_UDP] = "_sip._udp", [SL_SIP_TCP] = "_sip._tcp", [SL_SIP_TLS] = "_sips._tcp"};
    bool is_tls = phone->proxy.transport == SL_SIP_TLS;
    unsigned port = phone->proxy.port;

    phone->lookup =
        sl_services_find(phone->calls->services,
                         port == 0 ? services[phone->proxy.transport] : NULL, phone->proxy.host,
                         (uint16_t)(port != 0 ? port
                                    : is_tls  ? SIPS_PORT
                                              : SIP_PORT),
                         LOOKUP_MS, on_resolved, phone);
}

/* ---- Life ---- */

static void free_phone(struct sl_phone *phone)
{
    free(phone->login);
    free(phone->auth_name);
    free(phone->password);
    free(phone->visible_name);
    free(phone->domain);
    free(phone->registered_raw);
    free(phone);
}

/* False: there is nobody to be, or nobody to ask, in what the client says or the configuration. */
static bool names_account(const struct sl_calls *calls, const json_t *fields)
{
    static const char *const servers[] = {"sipDomain", "sipOutboundProxy", "sipProxy"};
    const struct sl_config *config = calls->config.config;
    bool has_server = config->domain[0] != '\0' || config->outbound_proxy[0] != '\0';
    char text[SL_SIP_NAME_MAX];

    for (size_t i = 0; i < SL_ARRAY_LEN(servers); i++)
        has_server |= !read_field(fields, servers[i], text) || text[0] != '\0';
    return has_server && (!read_field(fields, "sipLogin", text) || text[0] != '\0');
}

struct sl_phone *sl_phone_open(void *arg, struct sl_session *session,
                               const struct sl_phone_ops *ops, void *client, struct sl_error *error)
{
    struct sl_calls *calls = arg;
    struct sl_phone *phone = sl_phone_come_back(calls, session, ops, client);

    error->text[0] = '\0';
    if (phone)
        return phone;
    json_t *fields = sl_session_sip_account(session);
    if (!names_account(calls, fields)) {
        json_decref(fields);
        return NULL;
    }
    phone = sl_new(struct sl_phone);
    phone->calls = calls;
    phone->session = session;
    phone->ops = ops;
    phone->client = client;
    sl_log_scope_init(&phone->log, NULL, "session", sl_session_id(session));
    int err = read_fields(phone, fields, error);
    json_decref(fields);
    if (err < 0) {
        free_phone(phone);
        return NULL;
    }
    sl_list_init(&phone->own_calls);
    phone->messages = sl_messages_create(phone);
    phone->watch = sl_watch_create(phone);
    phone->xcap = sl_xcap_create(phone);
    sl_list_append(&calls->phones, &phone->link);
    look_up_proxy(phone);
    return phone;
}

void sl_phone_end(struct sl_phone *phone)
{
    sl_calls_drop_all(phone);
    sl_messages_destroy(phone->messages);
    sl_watch_destroy(phone->watch);
    sl_xcap_destroy(phone->xcap);
    sl_services_cancel(phone->lookup);
    if (phone->account)
        sl_sip_account_close(phone->account);
    if (phone->registered) { /* the client is gone: only the back end hears of it */
        json_t *body = sl_session_properties(phone->session);
        (void)json_object_set_new(body, "status", json_string("UNREGISTERED"));
        sl_session_notify(phone->session, SL_HOOK_REGISTRATION_STATUS_EVENT, body);
    }
    sl_list_remove(&phone->link);
    free_phone(phone);
}

void sl_phone_close(struct sl_phone *phone)
{
    if (!phone)
        return;
    phone->ops = NULL;
    if (!sl_session_may_be_kept(phone->session) || !sl_phone_is_worth_keeping(phone))
        sl_phone_end(phone); /* else the session's end tells kept.c */
}
