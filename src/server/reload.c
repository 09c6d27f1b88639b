/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can change while running: settings, log, REST rules, certificates. The files are read by a
 * job: their disk may hang. */
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/memstream.h"
#include "calls/calls.h"
#include "record/record.h"
#include "server/internal.h"
#include "server/sources.h"

#include <errno.h>

static void on_change(void *arg, const char *key, bool applied)
{
    (void)fprintf(arg, "%s: %s\n", key, applied ? "applied" : "needs a restart");
    sl_log(applied ? SL_LOG_INFO : SL_LOG_WARN, NULL, "reload: %s %s", key,
           applied ? "applied" : "needs a restart");
}

void sl_server_apply_log(const struct sl_config *config)
{
    int level = sl_log_level_parse(config->log_level);

    (void)sl_log_open(config->log_file[0] ? config->log_file : NULL); /* the log tells */
    if (level >= 0)
        sl_log_set_level((enum sl_log_level)level);
}

/* ---- What is read, by a job ---- */

struct reload {
    struct sl_lane_job job;
    struct sl_server *server;
    struct sl_config *(*load)(void *arg, struct sl_error *error);
    void *load_arg;
    struct sl_config *fresh;
    struct sl_error error;   /* of fresh */
    X509_STORE *authorities; /* NULL: cannot be read */
    struct {
        struct sl_certificate *certificate; /* NULL: the listener has none */
        struct sl_error error;
        int err;
    } certificates[LISTENERS];
    char *cert, *key, *chain; /* of the one shown in calls; cert NULL: none is */
    SSL_CTX *shown;           /* NULL: it cannot be read */
    struct sl_error shown_error;
    server_on_reloaded *on_done; /* NULL: only the log tells */
    void *owner;
};

static void read_files(struct sl_lane_job *job) /* on a thread of the pool */
{
    struct reload *reload = sl_container_of(job, struct reload, job);

    reload->fresh = reload->load(reload->load_arg, &reload->error);
    reload->authorities = sl_tls_read_authorities();
    for (size_t i = 0; i < LISTENERS; i++) {
        if (reload->certificates[i].certificate)
            reload->certificates[i].err = sl_certificate_load(reload->certificates[i].certificate,
                                                              &reload->certificates[i].error);
    }
    const struct sl_tls_files files = {reload->cert, reload->key, reload->chain};
    if (files.cert) /* else nothing changes, and the words tell of what does not */
        (void)sl_tls_peer_context(&files, &reload->shown, &reload->shown_error);
}

static void free_reload(struct sl_lane_job *job)
{
    struct reload *reload = sl_container_of(job, struct reload, job);

    for (size_t i = 0; i < LISTENERS; i++)
        sl_certificate_destroy(reload->certificates[i].certificate);
    free(reload->cert);
    free(reload->key);
    free(reload->chain);
    SSL_CTX_free(reload->shown);
    X509_STORE_free(reload->authorities);
    sl_config_destroy(reload->fresh);
    free(reload);
}

/* ---- What comes of it ---- */

static void tell_kept(const char *words, FILE *out)
{
    sl_log(SL_LOG_ERROR, NULL, "reload: certificate kept as it was: %s", words);
    (void)fprintf(out, "certificate kept as it was: %s\n", words);
}

static void use_shown(struct reload *reload, FILE *out)
{
    if (reload->shown)
        sl_calls_show_certificate(reload->server->calls, reload->shown);
    else if (reload->cert)
        tell_kept(reload->shown_error.text, out);
    reload->shown = NULL;
}

static void use_certificates(struct reload *reload, FILE *out)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        const char *words = reload->certificates[i].error.text;
        if (!reload->certificates[i].certificate)
            continue;
        if (reload->certificates[i].err == 0) {
            sl_listener_use_certificate(reload->server->listeners[i],
                                        reload->certificates[i].certificate);
            continue;
        }
        tell_kept(words, out);
    }
    use_shown(reload, out);
}

static void use_authorities(struct reload *reload)
{
    if (reload->authorities)
        sl_tls_clients_use(reload->server->tls, reload->authorities);
    else
        sl_log(SL_LOG_ERROR, NULL, "reload: certificate authorities kept as they were");
    reload->authorities = NULL;
}

static int use_settings(struct reload *reload, FILE *out)
{
    struct sl_server *server = reload->server;
    struct sl_error rest_error;

    if (!reload->fresh) {
        sl_log(SL_LOG_ERROR, NULL, "reload: configuration kept as it was: %s", reload->error.text);
        return -EINVAL;
    }
    size_t applied = sl_config_reload(server->config, reload->fresh, on_change, out);
    sl_server_apply_log(server->config);
    sl_recordings_apply(server->recordings);
    if (sl_sources_update_rest(server->config, server->rest, &rest_error) < 0) {
        sl_log(SL_LOG_ERROR, NULL, "reload: REST rules kept as they were: %s", rest_error.text);
        (void)fprintf(out, "REST rules kept as they were: %s\n", rest_error.text);
    }
    sl_log(SL_LOG_INFO, NULL, "reload: %zu settings applied", applied);
    return 0;
}

static void answer(const struct reload *reload, int err, const char *words, const char *text)
{
    sl_notify(&reload->server->notifier, "READY=1");
    if (reload->on_done)
        reload->on_done(reload->owner, err, words, text);
}

static void on_read(struct sl_lane_job *job, int err)
{
    struct reload *reload = sl_container_of(job, struct reload, job);
    struct sl_memstream page;

    if (err < 0) {
        answer(reload, err, "the files cannot be read: the disk does not answer", "");
        return;
    }
    if (!sl_memstream_open(&page)) {
        answer(reload, -ENOMEM, "out of memory", "");
        return;
    }
    err = use_settings(reload, page.file);
    use_certificates(reload, page.file);
    use_authorities(reload);
    bool whole = sl_memstream_close(&page);
    answer(reload, err, reload->error.text, whole ? page.text : "");
    free(page.text);
}

void sl_server_reload(struct sl_server *server, server_on_reloaded *on_done, void *owner)
{
    struct reload *reload = sl_new(struct reload);

    reload->job = (struct sl_lane_job){.run = read_files, .on_done = on_read, .free = free_reload};
    reload->server = server;
    reload->load = server->setup.load;
    reload->load_arg = server->setup.arg;
    reload->on_done = on_done;
    reload->owner = owner;
    for (size_t i = 0; i < LISTENERS; i++) {
        if (server->listeners[i])
            reload->certificates[i].certificate = sl_listener_certificate(server->listeners[i]);
    }
    const struct sl_tls_files files = sl_calls_shown_certificate(server->calls);
    reload->cert = sl_strdup_or_null(files.cert);
    reload->key = sl_strdup_or_null(files.key);
    reload->chain = sl_strdup_or_null(files.chain);
    sl_notify(&server->notifier, "RELOADING=1");
    sl_lane_add(server->reloads, &reload->job);
}
