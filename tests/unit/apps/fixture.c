/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of applications and users share. */
#include "fixture.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/net.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, TICK_MS = 50 };

int fixture_setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);
    const char *tmp = getenv("TMPDIR");

    (void)snprintf(f->dir, sizeof(f->dir), "%s/sluice-apps-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(f->dir))
        return -1;
    (void)snprintf(f->log, sizeof(f->log), "%s/log", f->dir);
    (void)sl_log_open(f->log);
    sl_log_set_level(SL_LOG_DEBUG);
    f->loop = sl_loop_create("test");
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

    apps_stop(f);
    sl_loop_destroy(f->loop);
    (void)sl_log_open(NULL);
    (void)nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

int apps_start(struct fixture *f)
{
    struct sl_apps_config config = {.loop = f->loop, .state_dir = f->dir, .echo_url = ECHO_URL};

    return sl_apps_create(&config, &f->apps, &f->error);
}

void apps_restart(struct fixture *f)
{
    apps_stop(f);
    if (apps_start(f) < 0)
        fail_msg("%s", f->error.text);
}

void apps_stop(struct fixture *f)
{
    sl_apps_destroy(f->apps);
    f->apps = NULL;
}

/* ---- Answers ---- */

void on_answer(void *owner, int err, const char *words)
{
    struct answer *answer = owner;

    answer->count++;
    answer->err = err;
    (void)snprintf(answer->words, sizeof(answer->words), "%s", words);
}

static void on_tick(void *owner)
{
    (void)owner; /* only so that the loop looks at the clock */
}

int wait_answer(struct fixture *f, const struct answer *answer)
{
    struct sl_timer *tick = sl_timer_create(f->loop, on_tick, NULL);
    int64_t deadline = sl_now_us() + (int64_t)DEADLINE_MS * SL_US_PER_MS;

    sl_timer_start(tick, TICK_MS, TICK_MS);
    while (answer->count == 0 && sl_now_us() < deadline)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
    sl_timer_destroy(tick);
    assert_int_equal(answer->count, 1);
    return answer->err;
}

int add_user(struct fixture *f, const char *name, const char *password)
{
    struct answer answer = {0};

    sl_apps_add_user(f->apps, name, password, on_answer, &answer);
    assert_int_equal(answer.count, 0); /* never from within the call */
    return wait_answer(f, &answer);
}

int set_password(struct fixture *f, const char *name, const char *password)
{
    struct answer answer = {0};

    sl_apps_set_password(f->apps, name, password, on_answer, &answer);
    assert_int_equal(answer.count, 0);
    return wait_answer(f, &answer);
}

int check_password(struct fixture *f, const char *name, const char *password)
{
    struct answer answer = {0};

    sl_apps_check_password(f->apps, name, password, on_answer, &answer);
    assert_int_equal(answer.count, 0);
    return wait_answer(f, &answer);
}

int save(struct fixture *f)
{
    struct answer answer = {0};

    sl_apps_save(f->apps, on_answer, &answer);
    assert_int_equal(answer.count, 0);
    int err = wait_answer(f, &answer);
    assert_true((err == 0) == (answer.words[0] == '\0'));
    return err;
}

/* ---- Lists ---- */

void append_line(const char *name, void *arg)
{
    char *out = arg;
    size_t len = strlen(out);

    (void)snprintf(out + len, LINES_LEN - len, "%s\n", name);
}

void append_app(const struct sl_app *app, void *arg)
{
    append_line(app->name, arg);
}

/* ---- Files ---- */

const char *path_of(const struct fixture *f, const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    return path;
}

char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;

    if (!file)
        fail_msg("%s: not there", path);
    if (getdelim(&text, &size, '\0', file) < 0) { /* to the end: there is no NUL in it */
        free(text);
        text = sl_strdup("");
    }
    (void)fclose(file);
    return text;
}

void write_file(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}
