/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a configuration: defaults, command line, rules across options, reload. */
#include "base/config.h"

#include "base/addr.h"
#include "base/config_table.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum {
    ADDRESSES_MAX = 8, /* as many as one offer's candidates are meant for */
    MEDIA_PORTS_PER_WORKER_UNBUNDLED = 2,
};

bool sl_string_list_has(const struct sl_string_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!strcmp(list->items[i], text))
            return true;
    }
    return false;
}

struct sl_config *sl_config_create(void)
{
    struct sl_config *config = sl_new(struct sl_config);

    for (size_t i = 0; i < sl_option_count; i++)
        sl_option_assign_default(config, &sl_options[i]);
    return config;
}

void sl_config_destroy(struct sl_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < sl_option_count; i++)
        sl_option_free(config, &sl_options[i]);
    free(config);
}

void sl_config_finding(const struct sl_config_report *report, enum sl_log_level level,
                       const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
    va_end(args);
    if (report)
        report->on_finding(report->arg, level, text);
    else
        sl_log(level, NULL, "%s", text);
}

int sl_config_set(struct sl_config *config, const char *assignment, struct sl_error *error)
{
    char quoted[80];
    const char *equals = strchr(assignment, '=');

    if (!equals || equals == assignment)
        return sl_error_set(error, -EINVAL, "%s: must be key=value",
                            sl_log_quote(quoted, sizeof(quoted), assignment));
    char *key = sl_strndup(assignment, (size_t)(equals - assignment));
    const struct sl_option *option = sl_option_find(key);
    int err;

    if (option) {
        err = sl_option_assign(config, option, equals + 1, error);
    } else {
        const struct sl_option *nearest = sl_option_nearest(key);
        err = sl_error_set(
            error, -ENOENT, "unknown option %s%s%s%s", sl_log_quote(quoted, sizeof(quoted), key),
            nearest ? ": did you mean " : "", nearest ? nearest->key : "", nearest ? "?" : "");
    }
    free(key);
    return err;
}

/* ---- Rules across options ---- */

static int validate_addresses(const struct sl_config *config, struct sl_error *error)
{
    if (config->ip.count > ADDRESSES_MAX || config->ip_local.count > ADDRESSES_MAX)
        return sl_error_set(error, -EINVAL, "%s: at most %d addresses",
                            config->ip.count > ADDRESSES_MAX ? "ip" : "ip_local", ADDRESSES_MAX);
    for (size_t i = 0; i < config->ip.count; i++) {
        struct sl_addr addr;
        if (sl_addr_parse_ip(config->ip.items[i], 0, &addr) < 0 || sl_addr_is_any(&addr))
            return sl_error_set(error, -EINVAL, "ip=%s: no client can reach that address",
                                config->ip.items[i]);
    }
    return 0;
}

static int validate_ports(const struct sl_config *config, const struct sl_config_report *report,
                          struct sl_error *error)
{
    const struct {
        const char *key;
        int64_t port;
    } listeners[] = {
        {"ws.port", config->ws_port},
        {"wss.port", config->wss_port},
        {"http.port", config->http_port},
        {"https.port", config->https_port},
    };
    bool any = false;

    for (size_t i = 0; i < SL_ARRAY_LEN(listeners); i++) {
        any = any || listeners[i].port != 0;
        for (size_t j = 0; j < i; j++) {
            if (listeners[i].port != 0 && listeners[i].port == listeners[j].port)
                return sl_error_set(error, -EINVAL, "%s and %s are both %" PRId64, listeners[j].key,
                                    listeners[i].key, listeners[i].port);
        }
    }
    if (!any)
        sl_config_finding(report, SL_LOG_WARN,
                          "ws.port, wss.port, http.port and https.port are all 0: nobody can "
                          "connect");
    int64_t ports = config->media_port_to - config->media_port_from + 1;
    if (ports < 1)
        return sl_error_set(error, -EINVAL,
                            "media_port_from=%" PRId64 " lies above media_port_to=%" PRId64,
                            config->media_port_from, config->media_port_to);
    if (config->wcs_agent_port_to < config->wcs_agent_port_from ||
        (config->wcs_agent_port_from == 0 && config->wcs_agent_port_to > 0))
        return sl_error_set(error, -EINVAL,
                            "wcs_agent_port_from=%" PRId64 ", wcs_agent_port_to=%" PRId64
                            " is no range of ports",
                            config->wcs_agent_port_from, config->wcs_agent_port_to);
    int64_t needed =
        config->worker_count * (config->rtp_bundle ? 1 : MEDIA_PORTS_PER_WORKER_UNBUNDLED);
    if (needed > ports)
        return sl_error_set(error, -EINVAL,
                            "worker_count=%" PRId64 " needs %" PRId64 " media ports, but "
                            "media_port_from to media_port_to has %" PRId64,
                            config->worker_count, needed, ports);
    return 0;
}

static int validate_tls(const struct sl_config *config, const struct sl_config_report *report,
                        struct sl_error *error)
{
    bool cert = *config->tls_cert_file, key = *config->tls_key_file;

    if (cert != key)
        return sl_error_set(error, -EINVAL, "%s is set, so %s is needed too",
                            cert ? "tls.cert_file" : "tls.key_file",
                            cert ? "tls.key_file" : "tls.cert_file");
    if (*config->tls_chain_file && !cert)
        sl_config_finding(report, SL_LOG_WARN,
                          "tls.chain_file has no effect without tls.cert_file");
    if (*config->wss_keystore_file && !cert)
        sl_config_finding(report, SL_LOG_WARN,
                          "wss.keystore.file: Java keystores cannot be read; convert it to PEM and "
                          "set tls.cert_file and tls.key_file");
    return 0;
}

int sl_config_validate(struct sl_config *config, const struct sl_config_report *report,
                       struct sl_error *error)
{
    int err = validate_addresses(config, error);

    if (err == 0)
        err = validate_ports(config, report, error);
    if (err == 0)
        err = validate_tls(config, report, error);
    if (err < 0)
        return err;
    /* An empty key would sign with nothing and look secure (configuration.md section 3.3). */
    if (config->rest_hook_send_hash && !*config->rest_hook_secret_key)
        return sl_error_set(error, -EINVAL,
                            "rest_hook_send_hash is on, but rest_hook_secret_key is empty");
    if (config->rtmp_push_auto_start && !*config->rtmp_push_auto_start_url) {
        sl_config_finding(report, SL_LOG_WARN,
                          "rtmp_push_auto_start is on, but rtmp_push_auto_start_url is empty: off");
        config->rtmp_push_auto_start = false;
    }
    int64_t ring = 1;
    while (ring < config->nack_ring_packets)
        ring *= 2;
    if (ring != config->nack_ring_packets)
        sl_config_finding(report, SL_LOG_INFO,
                          "nack_ring_packets=%" PRId64 " is no power of two: %" PRId64,
                          config->nack_ring_packets, ring);
    config->nack_ring_packets = ring;
    return 0;
}

size_t sl_config_reload(struct sl_config *config, struct sl_config *fresh,
                        void (*on_change)(void *arg, const char *key, bool applied), void *arg)
{
    size_t applied = 0;

    for (size_t i = 0; i < sl_option_count; i++) {
        const struct sl_option *option = &sl_options[i];
        if (sl_option_equal(config, fresh, option))
            continue;
        bool apply = option->flags & RELOAD;
        if (apply) {
            sl_option_swap(config, fresh, option);
            applied++;
        }
        if (on_change)
            on_change(arg, option->key, apply);
    }
    return applied;
}

char *sl_config_media_dir(const struct sl_config *config)
{
    if (config->media_dir[0] != '\0')
        return sl_strdup(config->media_dir);
    size_t len = strlen(config->state_dir) + sizeof("/media");
    char *dir = sl_alloc(len);
    (void)snprintf(dir, len, "%s/media", config->state_dir);
    return dir;
}
