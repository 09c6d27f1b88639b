/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Static files from a directory made for the test, and attempts to get out of it. */
#include "http/files.h"

#include "fake_http.h"

#include "base/error.h"
#include "base/mem.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[64];
    struct sl_loop *loop;
    struct sl_files *files;
};

/* ---- A disk that hangs: every fstat() of a job waits ---- */

static atomic_bool hangs;
static uv_sem_t gate;

__attribute__((visibility("default"))) int fstat(int fd, struct stat *out)
{
    if (atomic_load(&hangs))
        uv_sem_wait(&gate);
    return fstatat(fd, "", out, AT_EMPTY_PATH);
}

/* The path of a name in the test's directory, valid until the next call. */
static const char *at(const struct fixture *f, const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    return path;
}

static void put(const struct fixture *f, const char *name, const char *text)
{
    FILE *file = fopen(at(f, name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void put_hole(const struct fixture *f, const char *name, off_t len)
{
    put(f, name, "");
    assert_int_equal(truncate(at(f, name), len), 0);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
    (void)stat;
    (void)kind;
    (void)where;
    return remove(path);
}

static int setup(void **state)
{
    struct fixture *f = sl_new(struct fixture);

    (void)snprintf(f->dir, sizeof(f->dir), "test-files-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(mkdir(at(f, "web"), 0700), 0);
    assert_int_equal(mkdir(at(f, "web/js"), 0700), 0);
    assert_int_equal(mkdir(at(f, "web/dir"), 0700), 0);
    put(f, "secret", "secret");
    put(f, "web/index.html", "<p>index</p>");
    put(f, "web/player.html", "<p>player</p>");
    put(f, "web/js/app.js", "go();");
    put(f, "web/sdk.js", "long");
    put(f, "web/sdk.js.gz", "short");
    put(f, "web/.env", "secret");
    put_hole(f, "web/huge.bin", SL_FILE_LEN_MAX + 1);
    assert_int_equal(symlink("../secret", at(f, "web/out")), 0);
    assert_int_equal(symlink("/etc/passwd", at(f, "web/abs")), 0);
    assert_int_equal(symlink("/proc/self/fd/0", at(f, "web/magic")), 0);
    assert_int_equal(symlink("js/app.js", at(f, "web/in")), 0);
    assert_int_equal(mkfifo(at(f, "web/fifo"), 0600), 0);
    f->loop = sl_loop_create("test");
    assert_int_equal(sl_files_create(f->loop, at(f, "web"), &f->files, NULL), 0);
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sl_files_destroy(f->files);
    sl_loop_destroy(f->loop);
    uv_sem_destroy(&gate);
    assert_int_equal(nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

static void serve(struct fixture *f, struct sl_http_request *request)
{
    sl_files_serve(f->files, request);
    assert_int_equal(request->answers, 0); /* never from within */
    while (request->answers == 0)
        (void)uv_run(sl_loop_uv(f->loop), UV_RUN_ONCE);
}

static struct sl_http_request get(struct fixture *f, const char *path)
{
    struct sl_http_request request = {.path = path, .host = "localhost:8081"};

    serve(f, &request);
    return request;
}

static void serves_pages_by_their_short_names(void **state)
{
    static const struct {
        const char *path, *answer, *type;
    } cases[] = {
        {"/", "<p>index</p>", "text/html;charset=UTF-8"},
        {"/index.html", "<p>index</p>", "text/html;charset=UTF-8"},
        {"/player", "<p>player</p>", "text/html;charset=UTF-8"},
        {"/player/", "<p>player</p>", "text/html;charset=UTF-8"},
        {"/js/app.js", "go();", "text/javascript;charset=UTF-8"},
        {"/in", "go();", "application/octet-stream"},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = get(*state, cases[i].path);
        assert_int_equal(request.status, 200);
        assert_string_equal(request.answer, cases[i].answer);
        assert_string_equal(request.content_type, cases[i].type);
        fake_deinit(&request);
    }
}

static void gives_nothing_from_outside_the_root(void **state) /* hardening class 15 */
{
    static const char *const paths[] = {
        "/../secret", "/out", "/abs",   "/magic",    "/fifo",    "/dir",      "/js",
        "/.env",      "//x",  "/web/x", "/huge.bin", "/missing", "/sdk.js/x", "/js/../.env",
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(paths); i++) {
        struct sl_http_request request = get(*state, paths[i]);
        if (request.status != 404 || strstr(request.answer, "secret"))
            fail_msg("%s: %d %s", paths[i], request.status, request.answer);
        fake_deinit(&request);
    }
}

static void protects_pages_by_their_headers(void **state) /* hardening class 18 */
{
    struct sl_http_request request = get(*state, "/player");
    const char *policy = fake_answer_line(&request, "Content-Security-Policy");

    assert_non_null(strstr(policy, "default-src 'self'"));
    assert_null(strstr(policy, "unsafe"));
    assert_string_equal(fake_answer_line(&request, "X-Content-Type-Options"), "nosniff");
    assert_null(fake_answer_line(&request, "Strict-Transport-Security"));
    fake_deinit(&request);
    request = get(*state, "/missing");
    assert_non_null(fake_answer_line(&request, "Content-Security-Policy"));
    fake_deinit(&request);
}

static void pins_tls_only_for_names_on_tls(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *host;
        bool tls, pinned;
    } cases[] = {
        {"media.example:8444", true, true},
        {"media.example:8081", false, false},
        {"192.0.2.1:8444", true, false},
        {"localhost:8444", true, false},
        {NULL, true, false},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
        struct sl_http_request request = {.host = cases[i].host, .tls = cases[i].tls};
        serve(f, &request);
        assert_true((fake_answer_line(&request, "Strict-Transport-Security") != NULL) ==
                    cases[i].pinned);
        fake_deinit(&request);
    }
}

static void answers_304_until_the_file_changes(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request first = get(f, "/player");
    char etag[100];

    (void)snprintf(etag, sizeof(etag), "%s", fake_answer_line(&first, "ETag"));
    fake_deinit(&first);
    struct sl_http_request again = {.path = "/player", .if_none_match = etag};
    serve(f, &again);
    assert_int_equal(again.status, 304);
    assert_int_equal(again.answer_len, 0);
    assert_string_equal(fake_answer_line(&again, "ETag"), etag);
    fake_deinit(&again);
    put(f, "web/player.html", "<p>new player</p>");
    struct sl_http_request changed = {.path = "/player", .if_none_match = etag};
    serve(f, &changed);
    assert_int_equal(changed.status, 200);
    assert_string_equal(changed.answer, "<p>new player</p>");
    fake_deinit(&changed);
}

static void sends_the_compressed_file_to_those_who_take_it(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request request = {.path = "/sdk.js", .accept_encoding = "br, gzip"};

    serve(f, &request);
    assert_string_equal(request.answer, "short");
    assert_string_equal(request.content_type, "text/javascript;charset=UTF-8");
    assert_string_equal(fake_answer_line(&request, "Content-Encoding"), "gzip");
    fake_deinit(&request);
    request = get(f, "/sdk.js");
    assert_string_equal(request.answer, "long");
    assert_null(fake_answer_line(&request, "Content-Encoding"));
    fake_deinit(&request);
}

static void shows_the_page_for_what_is_missing(void **state)
{
    struct fixture *f = *state;

    put(f, "web/404.html", "<p>not here</p>");
    struct sl_http_request request = get(f, "/nothing/here");
    assert_int_equal(request.status, 404);
    assert_string_equal(request.answer, "<p>not here</p>");
    assert_null(fake_answer_line(&request, "ETag"));
    fake_deinit(&request);
}

static void forgets_old_files_when_the_cache_is_full(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"web/a.bin", "web/b.bin", "web/c.bin", "web/d.bin"};

    for (size_t i = 0; i < SL_ARRAY_LEN(names); i++) {
        put_hole(f, names[i], SL_FILE_LEN_MAX);
        struct sl_http_request request = get(f, names[i] + strlen("web"));
        assert_int_equal(request.status, 200);
        assert_int_equal(request.answer_len, SL_FILE_LEN_MAX);
        fake_deinit(&request);
    }
}

static void a_disk_that_hangs_keeps_those_who_ask_for_pages_only(void **state)
{
    struct fixture *f = *state;
    struct sl_http_request hung = {.path = "/"}, behind = {.path = "/player"}, left = hung;

    atomic_store(&hangs, true);
    sl_files_serve(f->files, &hung);
    sl_files_serve(f->files, &left);
    fake_gone(&left);  /* hears nothing any more */
    serve(f, &behind); /* the loop runs on */
    assert_int_equal(behind.status, 503);
    assert_int_equal(hung.status, 503);
    fake_deinit(&behind);
    fake_deinit(&hung);
    atomic_store(&hangs, false);
    uv_sem_post(&gate);
    behind = get(f, "/player"); /* it is looked for again */
    assert_int_equal(behind.status, 200);
    assert_string_equal(behind.answer, "<p>player</p>");
    fake_deinit(&behind);
}

static void says_which_root_it_cannot_open(void **state)
{
    (void)state;
    struct sl_error error;
    struct sl_files *files = NULL;

    assert_int_equal(sl_files_create(NULL, "/nonexistent/web", &files, &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nonexistent/web"));
    assert_null(files);
}

#define FILES_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(serves_pages_by_their_short_names),
        FILES_TEST(gives_nothing_from_outside_the_root),
        FILES_TEST(protects_pages_by_their_headers),
        FILES_TEST(pins_tls_only_for_names_on_tls),
        FILES_TEST(answers_304_until_the_file_changes),
        FILES_TEST(sends_the_compressed_file_to_those_who_take_it),
        FILES_TEST(shows_the_page_for_what_is_missing),
        FILES_TEST(a_disk_that_hangs_keeps_those_who_ask_for_pages_only),
        FILES_TEST(forgets_old_files_when_the_cache_is_full),
        cmocka_unit_test(says_which_root_it_cannot_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
