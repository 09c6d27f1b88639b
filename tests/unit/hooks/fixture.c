/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See fixture.h. */
#include "fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 10 };

int64_t now_ms(void)
{
    return sl_now_us() / SL_US_PER_MS;
}

static void on_tick(void *owner)
{
    (void)owner; /* only so that the loop looks at the clock */
}

void run_once(struct fixture *f)
{
    (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
}

void run_for_ms(struct fixture *f, int ms)
{
    int64_t end = now_ms() + ms;

    while (now_ms() < end)
        run_once(f);
}

/* ---- The back end ---- */

static void copy_header(struct sl_http_request *request, const char *name, char *out, size_t room)
{
    const char *value = sl_http_header(request, name);

    (void)snprintf(out, room, "%s", value ? value : "");
}

static void on_gone(void *owner)
{
    struct seen *seen = owner;

    seen->open = NULL;
    seen->gone = true;
}

static void on_request(void *arg, struct sl_http_request *request)
{
    struct fixture *f = arg;
    size_t len;
    const char *body = sl_http_body(request, &len);

    assert_true(f->seen_count < SEEN_MAX);
    struct seen *seen = &f->seen[f->seen_count++];
    (void)snprintf(seen->path, sizeof(seen->path), "%s", sl_http_path(request));
    assert_string_equal(sl_http_method(request), "POST");
    seen->body = sl_strndup(body, len);
    copy_header(request, "content-type", seen->content_type, sizeof(seen->content_type));
    copy_header(request, "authorization", seen->authorization, sizeof(seen->authorization));
    copy_header(request, "x-sluice-signature", seen->signature, sizeof(seen->signature));
    static const char *const unwanted[] = {"expect", "cookie", "accept-encoding",
                                           "transfer-encoding"};
    for (size_t i = 0; i < SL_ARRAY_LEN(unwanted); i++) {
        if (sl_http_header(request, unwanted[i]))
            (void)snprintf(seen->others, sizeof(seen->others), "%s", unwanted[i]);
    }
    seen->open = request;
    sl_http_on_gone(request, on_gone, seen);
    if (!f->hold)
        respond(f, (int)(seen - f->seen), f->status, f->answer);
}

void respond(struct fixture *f, int i, int status, const char *body)
{
    struct seen *seen = &f->seen[i];
    const struct sl_http_header_line location = {"Location", f->location};

    assert_true(i < f->seen_count);
    assert_non_null(seen->open);
    if (!body)
        body = seen->body;
    struct sl_http_request *request = seen->open;
    seen->open = NULL;
    sl_http_respond(request, status, "application/json", body, strlen(body), &location,
                    f->location ? 1 : 0);
}

int seen_n(const struct fixture *f, int i)
{
    json_t *body = json_loads(f->seen[i].body, 0, NULL);
    int n = (int)json_integer_value(json_object_get(body, "n"));

    json_decref(body);
    return n;
}

/* ---- Set-up ---- */

static void on_client_error(void *arg, const char *session_id, const char *info)
{
    struct fixture *f = arg;

    f->error_count++;
    (void)snprintf(f->error_session, sizeof(f->error_session), "%s", session_id);
    (void)snprintf(f->error_info, sizeof(f->error_info), "%s", info);
}

void restart_hooks(struct fixture *f)
{
    struct sl_error error;
    struct sl_http_hooks_config config = {.config = f->config,
                                          .loop = f->loop,
                                          .apps = f->apps,
                                          .counters = f->counters,
                                          .on_client_error = on_client_error,
                                          .arg = f};

    destroy_hooks(f);
    if (sl_http_hooks_create(&config, &f->hooks, &error) < 0)
        fail_msg("%s", error.text);
    f->api = sl_http_hooks_interface(f->hooks);
}

void destroy_hooks(struct fixture *f)
{
    sl_http_hooks_destroy(f->hooks);
    f->hooks = NULL;
}

static void start_back_end(struct fixture *f)
{
    struct sl_error error;
    struct sl_listener_config config = {
        .name = "test", .address = "127.0.0.1", .on_request = on_request, .http_arg = f};

    static const struct sl_http_limits limits = {0};

    assert_int_equal(sl_http_create(f->loop, &limits, &f->http, &error), 0);
    if (sl_listener_create(f->http, &config, &f->listener, &error) < 0)
        fail_msg("%s", error.text);
}

static void start_apps(struct fixture *f)
{
    struct sl_apps_config config = {.loop = f->loop, .state_dir = f->dir, .echo_url = "http://h/x"};
    struct sl_error error;

    if (sl_apps_create(&config, &f->apps, &error) < 0)
        fail_msg("%s", error.text);
    struct sl_app_fields fields = {.name = "app", .key = "app", .url = url_of(f), .owner = "admin"};
    if (sl_apps_add(f->apps, &fields, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(sl_apps_enable_method(f->apps, "app", NULL, true, &error), 0);
}

const char *url_of(const struct fixture *f)
{
    static char url[64];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/hooks", sl_listener_port(f->listener));
    return url;
}

void set_url(struct fixture *f, const char *url)
{
    struct sl_app_fields fields = {.url = url};
    struct sl_error error;

    if (sl_apps_update(f->apps, "app", &fields, &error) < 0)
        fail_msg("%s", error.text);
}

void configure(struct fixture *f, const char *assignment)
{
    struct sl_error error;

    if (sl_config_set(f->config, assignment, &error) < 0)
        fail_msg("%s", error.text);
}

int fixture_setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(f->dir, sizeof(f->dir), "%s/sluice-hooks-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(f->dir))
        return -1;
    (void)snprintf(f->log, sizeof(f->log), "%s/log", f->dir);
    (void)sl_log_open(f->log);
    sl_log_set_level(SL_LOG_DEBUG);
    f->status = 200;
    f->loop = sl_loop_create("test");
    f->tick = sl_timer_create(f->loop, on_tick, NULL);
    sl_timer_start(f->tick, TICK_MS, TICK_MS);
    f->config = sl_config_create();
    f->metrics = sl_metrics_create();
    f->counters = sl_metrics_register(f->metrics);
    start_back_end(f);
    start_apps(f);
    restart_hooks(f);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    destroy_hooks(f);
    sl_apps_destroy(f->apps);
    sl_http_destroy(f->http);
    sl_timer_destroy(f->tick);
    sl_loop_destroy(f->loop);
    sl_metrics_destroy(f->metrics);
    sl_config_destroy(f->config);
    (void)sl_log_open(NULL);
    (void)nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (int i = 0; i < f->seen_count; i++)
        free(f->seen[i].body);
    free(f);
    return 0;
}

uint64_t counted(const struct fixture *f, enum sl_counter counter)
{
    return sl_metrics_sum(f->metrics, counter);
}

char *read_log(const struct fixture *f)
{
    FILE *file = fopen(f->log, "rb");
    char *text = NULL;
    size_t size = 0;

    assert_non_null(file);
    if (getdelim(&text, &size, '\0', file) < 0) { /* to the end: there is no NUL in it */
        free(text);
        text = sl_strdup("");
    }
    (void)fclose(file);
    return text;
}

/* ---- Asking ---- */

void on_answer(void *owner, const struct sl_hook_answer *given)
{
    struct answer *answer = owner;

    answer->count++;
    answer->allowed = given->allowed;
    answer->status = given->status;
    (void)snprintf(answer->info, sizeof(answer->info), "%s", given->info ? given->info : "");
    json_decref(answer->fields);
    answer->fields = json_deep_copy(given->fields);
    if (answer->then)
        answer->then(answer);
}

void answer_clear(struct answer *answer)
{
    json_decref(answer->fields);
    *answer = (struct answer){0};
}

static json_t *make_body(const char *session, const char *media, int n)
{
    return json_pack("{s:s, s:s, s:s, s:s*, s:i}", "nodeId", "node", "sessionId", session, "appKey",
                     "app", "mediaSessionId", media, "n", n);
}

static json_t *make_config(const char *text)
{
    json_t *config = text ? json_loads(text, 0, NULL) : NULL;

    assert_true(!text || config);
    return config;
}

struct sl_hook_call *ask(struct fixture *f, const char *session, const char *config,
                         enum sl_hook_method method, const char *media, int n,
                         struct answer *answer)
{
    struct sl_hook_client client = {"app", session, make_config(config)};
    json_t *body = make_body(session, media, n);
    struct sl_hook_call *call = f->api->ask(f->api->arg, &client, method, body, on_answer, answer);

    json_decref(body);
    json_decref(client.rest_client_config);
    return call;
}

void notify(struct fixture *f, const char *session, const char *config, enum sl_hook_method method,
            const char *media, int n)
{
    struct sl_hook_client client = {"app", session, make_config(config)};
    json_t *body = make_body(session, media, n);

    f->api->notify(f->api->arg, &client, method, body);
    json_decref(body);
    json_decref(client.rest_client_config);
}

void notify_body(struct fixture *f, const char *session, enum sl_hook_method method,
                 const char *text)
{
    struct sl_hook_client client = {"app", session, NULL};
    json_t *body = json_loads(text, 0, NULL);

    assert_non_null(body);
    f->api->notify(f->api->arg, &client, method, body);
    json_decref(body);
}

/* ---- Improper back ends ---- */

struct raw {
    int fd;
    pthread_t thread;
    void (*serve)(struct raw *raw, int fd);
    atomic_int requests, connections;
    atomic_bool stopping;
    char url[64];
};

static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    *port = ntohs(sa.sin_port);
    return fd;
}

uint16_t closed_port(void)
{
    uint16_t port;

    (void)close(listen_anywhere(&port));
    return port;
}

static void *run_raw(void *arg)
{
    struct raw *raw = arg;

    for (;;) {
        int fd = accept4(raw->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || raw_is_stopping(raw)) {
            if (fd >= 0)
                (void)close(fd);
            return NULL;
        }
        atomic_fetch_add(&raw->connections, 1);
        raw->serve(raw, fd);
        (void)close(fd);
    }
}

struct raw *raw_start(void (*serve)(struct raw *raw, int fd))
{
    struct raw *raw = sl_new(struct raw);
    uint16_t port;

    raw->serve = serve;
    raw->fd = listen_anywhere(&port);
    (void)snprintf(raw->url, sizeof(raw->url), "http://127.0.0.1:%u/raw", port);
    assert_int_equal(pthread_create(&raw->thread, NULL, run_raw, raw), 0);
    return raw;
}

void raw_stop(struct raw *raw)
{
    atomic_store(&raw->stopping, true);
    (void)shutdown(raw->fd, SHUT_RDWR); /* wakes accept() */
    (void)pthread_join(raw->thread, NULL);
    (void)close(raw->fd);
    free(raw);
}

const char *raw_url(const struct raw *raw)
{
    return raw->url;
}

atomic_int *raw_requests(struct raw *raw)
{
    return &raw->requests;
}

atomic_int *raw_connections(struct raw *raw)
{
    return &raw->connections;
}

bool raw_is_stopping(const struct raw *raw)
{
    return atomic_load(&raw->stopping);
}

/* Waits for bytes, or for the end of the test. */
static ssize_t raw_read(struct raw *raw, int fd, char *out, size_t room)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    while (!raw_is_stopping(raw)) {
        if (poll(&wait, 1, 20) > 0)
            return read(fd, out, room);
    }
    return 0;
}

bool raw_read_request(struct raw *raw, int fd)
{
    char text[8192];
    size_t len = 0;

    while (len < sizeof(text) - 1) {
        ssize_t got = raw_read(raw, fd, text + len, sizeof(text) - 1 - len);
        if (got <= 0)
            return false;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end && length && len >= (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10)) {
            atomic_fetch_add(&raw->requests, 1);
            return true;
        }
    }
    return false;
}

void raw_write(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL); /* a client that has gone is no fault */
}
