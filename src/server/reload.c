/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can change while running: settings, log, REST rules, certificates. */
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "server/internal.h"
#include "server/notify.h"
#include "server/sources.h"

#include <errno.h>
#include <string.h>

static void on_change(void *arg, const char *key, bool applied)
{
    FILE *out = arg;

    if (out)
        (void)fprintf(out, "%s: %s\n", key, applied ? "applied" : "needs a restart");
    sl_log(applied ? SL_LOG_INFO : SL_LOG_WARN, NULL, "reload: %s %s", key,
           applied ? "applied" : "needs a restart");
}

void server_apply_log(const struct sl_config *config)
{
    int level = sl_log_level_parse(config->log_level);

    (void)sl_log_open(config->log_file[0] ? config->log_file : NULL); /* the log tells */
    if (level >= 0)
        sl_log_set_level((enum sl_log_level)level);
}

static void reload_certificates(struct sl_server *server, FILE *out)
{
    struct sl_error error;

    for (size_t i = 0; i < LISTENERS; i++) {
        if (!server->listeners[i] ||
            sl_listener_reload_certificate(server->listeners[i], &error) == 0)
            continue;
        sl_log(SL_LOG_ERROR, NULL, "reload: certificate kept as it was: %s", error.text);
        if (out)
            (void)fprintf(out, "certificate kept as it was: %s\n", error.text);
    }
}

static int reload_settings(struct sl_server *server, FILE *out, struct sl_error *error)
{
    struct sl_error rest_error;
    struct sl_config *fresh = server->setup.load(server->setup.arg, error);

    if (!fresh) {
        sl_log(SL_LOG_ERROR, NULL, "reload: configuration kept as it was: %s", error->text);
        return -EINVAL;
    }
    size_t applied = sl_config_reload(server->config, fresh, on_change, out);
    sl_config_destroy(fresh);
    server_apply_log(server->config);
    if (sl_sources_update_rest(server->config, server->rest, &rest_error) < 0) {
        sl_log(SL_LOG_ERROR, NULL, "reload: REST rules kept as they were: %s", rest_error.text);
        if (out)
            (void)fprintf(out, "REST rules kept as they were: %s\n", rest_error.text);
    }
    sl_log(SL_LOG_INFO, NULL, "reload: %zu settings applied", applied);
    return 0;
}

int server_reload(struct sl_server *server, FILE *out, struct sl_error *error)
{
    sl_notify("RELOADING=1");
    int err = reload_settings(server, out, error);
    reload_certificates(server, out);
    sl_notify("READY=1");
    return err;
}
