/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Static files: names to descriptors below the root, a small cache of contents, and the headers.
 * Who asks waits for a job, which looks and reads (a disk may hang); jobs run one at a time, and
 * what a job finds is the request's own reference, so that the next may change the cache.
 */
#include "http/files.h"

#include "base/blob.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "http/server.h"
#include "http/url.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TIMEOUT_MS = 5000, ETAG_MAX = 64 };

/* One file's content as it was at mtime. Owned by the cache. */
struct file {
    struct sl_table_node node; /* first, for is_file() */
    char path[SL_PATH_MAX];
    struct timespec mtime;
    off_t size;
    ino_t inode;
    char etag[ETAG_MAX];
    struct sl_blob *content;
};

struct sl_files {
    int root;
    struct sl_lane *lane;
    struct sl_table cache; /* the running job's; nobody's between two */
    size_t cached_len;
};

/*
 * Pages come from here alone, the SDK's sockets go to other ports of any server the page names, and
 * media is made in the browser. No inline script or style, no eval, no string becomes markup.
 */
static const char *const page_policy =
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; "
    "media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html;charset=UTF-8"},
    {".css", "text/css;charset=UTF-8"},
    {".js", "text/javascript;charset=UTF-8"},
    {".mjs", "text/javascript;charset=UTF-8"},
    {".json", "application/json;charset=UTF-8"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain;charset=UTF-8"},
    {".log", "text/plain;charset=UTF-8"},
    {".wasm", "application/wasm"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".mkv", "video/x-matroska"},
    {".ts", "video/mp2t"},
    {".wav", "audio/wav"},
};

const char *sl_file_content_type(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < SL_ARRAY_LEN(types); i++) {
        size_t suffix_len = strlen(types[i].suffix);
        if (len > suffix_len && !strcmp(path + len - suffix_len, types[i].suffix))
            return types[i].type;
    }
    return "application/octet-stream";
}

int sl_files_create(struct sl_loop *loop, const char *root, struct sl_files **out,
                    struct sl_error *error)
{
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return sl_error_set(error, -errno, "web_root %s: %s", root, strerror(errno));
    struct sl_files *files = sl_new(struct sl_files);
    files->root = fd;
    files->lane = sl_lane_create(loop, "web pages", TIMEOUT_MS);
    sl_table_init(&files->cache);
    *out = files;
    return 0;
}

static void forget(struct sl_files *files, struct file *file)
{
    sl_table_remove(&files->cache, &file->node);
    files->cached_len -= file->content->len;
    sl_blob_unref(file->content);
    free(file);
}

static void forget_node(struct sl_table_node *node, void *arg)
{
    forget(arg, sl_container_of(node, struct file, node));
}

void sl_files_destroy(struct sl_files *files)
{
    if (!files)
        return;
    sl_lane_destroy(files->lane);
    sl_table_each(&files->cache, forget_node, files);
    sl_table_deinit(&files->cache);
    (void)close(files->root); /* names only: nothing to lose */
    free(files);
}

/* ---- From a path to a file's content, by the job ---- */

/* A regular file below the root, or a negative errno value. A symbolic link may lead elsewhere
 * below the root, never out of it; a FIFO must not make us wait, and is then refused. */
static int open_file(const struct sl_files *files, const char *path, struct stat *stat)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, files->root, path, &how, sizeof(how));

    if (fd < 0)
        return -errno;
    int err = fstat((int)fd, stat) < 0 ? -errno : 0;
    if (err == 0 && !S_ISREG(stat->st_mode))
        err = -ENOENT;
    if (err == 0 && stat->st_size > SL_FILE_LEN_MAX)
        err = -EFBIG;
    if (err < 0) {
        (void)close((int)fd); /* read only: nothing to lose */
        return err;
    }
    return (int)fd;
}

static bool is_file(const struct sl_table_node *node, const void *key)
{
    return !strcmp(((const struct file *)(const void *)node)->path, key);
}

static bool is_current(const struct file *file, const struct stat *stat)
{
    return file->size == stat->st_size && file->inode == stat->st_ino &&
           file->mtime.tv_sec == stat->st_mtim.tv_sec &&
           file->mtime.tv_nsec == stat->st_mtim.tv_nsec;
}

/* Reads at most size bytes, fewer if the file shrank meanwhile. */
static int read_all(int fd, uint8_t *out, size_t size, size_t *len)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = read(fd, out + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    *len = used;
    return 0;
}

static int load(struct sl_files *files, int fd, const char *path, const struct stat *stat,
                struct file **out)
{
    struct file *file = sl_new(struct file);
    int err = -ENOMEM;

    file->content = sl_blob_create((size_t)stat->st_size); /* at most SL_FILE_LEN_MAX */
    if (file->content)
        err = read_all(fd, file->content->data, (size_t)stat->st_size, &file->content->len);
    if (err < 0) {
        sl_blob_unref(file->content);
        free(file);
        return err;
    }
    (void)snprintf(file->path, sizeof(file->path), "%s", path);
    file->mtime = stat->st_mtim;
    file->size = stat->st_size;
    file->inode = stat->st_ino;
    (void)snprintf(file->etag, sizeof(file->etag), "\"%llx-%llx-%llx\"",
                   (unsigned long long)stat->st_mtim.tv_sec,
                   (unsigned long long)stat->st_mtim.tv_nsec, (unsigned long long)stat->st_size);
    if (files->cached_len + file->content->len > SL_FILES_CACHE_MAX)
        sl_table_each(&files->cache, forget_node, files); /* simple, and rare */
    sl_table_insert(&files->cache, &file->node, sl_hash_text(path));
    files->cached_len += file->content->len;
    *out = file;
    return 0;
}

/* Says nothing of the file: we cannot look, and may next time. */
static bool is_our_fault(int err)
{
    return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ETIMEDOUT || err == -EBUSY;
}

/* The file at this path as it is now, borrowed until the next call; or a negative errno value.
 * Without a descriptor to look with, as it was when we last could. */
static int find(struct sl_files *files, const char *path, struct file **out)
{
    struct sl_table_node *node = sl_table_find(&files->cache, sl_hash_text(path), is_file, path);
    struct file *file = node ? sl_container_of(node, struct file, node) : NULL;
    struct stat stat = {0};
    int fd = open_file(files, path, &stat);

    if (file && (fd >= 0 ? is_current(file, &stat) : is_our_fault(fd))) {
        if (fd >= 0)
            (void)close(fd); /* read only: nothing to lose */
        *out = file;
        return 0;
    }
    if (file)
        forget(files, file);
    if (fd < 0)
        return fd;
    int err = load(files, fd, path, &stat, out);
    (void)close(fd); /* read only: nothing to lose */
    return err;
}

/* As find(), with another end to the name. */
static int find_with(struct sl_files *files, const char *path, const char *suffix,
                     struct file **out)
{
    char name[SL_PATH_MAX];
    int len = snprintf(name, sizeof(name), "%s%s", path, suffix);

    return len < 0 || (size_t)len >= sizeof(name) ? -ENAMETOOLONG : find(files, name, out);
}

/* The name under which the path's file is found: itself, its index, or with .html added. */
static int find_page(struct sl_files *files, const char *path, char name[static SL_PATH_MAX],
                     struct file **out)
{
    if (*path == '\0') {
        (void)snprintf(name, SL_PATH_MAX, "index.html");
        return find(files, name, out);
    }
    (void)snprintf(name, SL_PATH_MAX, "%s", path);
    int err = find(files, name, out);
    if (err != -ENOENT)
        return err;
    int len = snprintf(name, SL_PATH_MAX, "%s.html", path);
    return len < 0 || len >= SL_PATH_MAX ? -ENOENT : find(files, name, out);
}

/* One request, and what the job has found for it. */
struct page {
    struct sl_lane_job job;
    struct sl_files *files;
    struct sl_http_request *request;
    char path[SL_PATH_MAX];
    bool takes_gzip;
    int err;                /* negative: there is no such file, and the rest is of 404.html */
    char name[SL_PATH_MAX]; /* without .gz */
    bool gzipped;
    char etag[ETAG_MAX];
    struct sl_blob *content; /* NULL: nothing */
};

static void look(struct sl_lane_job *job) /* on a thread of the pool */
{
    struct page *page = sl_container_of(job, struct page, job);
    struct file *file = NULL, *gzipped = NULL;

    if (page->err == 0)
        page->err = find_page(page->files, page->path, page->name, &file);
    /* The second find() may drop the first one's file only if it has one to give instead. */
    if (page->err == 0 && page->takes_gzip &&
        find_with(page->files, page->name, ".gz", &gzipped) == 0)
        file = gzipped;
    page->gzipped = gzipped != NULL;
    if (page->err < 0 && !is_our_fault(page->err)) {
        (void)snprintf(page->name, sizeof(page->name), "404.html");
        if (find(page->files, page->name, &file) < 0)
            file = NULL;
    }
    if (!file)
        return;
    page->content = sl_blob_ref(file->content);
    memcpy(page->etag, file->etag, sizeof(page->etag));
}

/* ---- Answers ---- */

enum { FILE_LINES_MAX = 12 };

/* HSTS only where browsers heed it: on TLS, and not for addresses or the own machine. */
static bool wants_hsts(struct sl_http_request *request)
{
    const char *header = sl_http_header(request, "host");
    char host[SL_HOST_MAX];

    return sl_http_is_tls(request) && header && sl_host_parse(header, host) == 0 &&
           !sl_host_is_address(host) && !sl_host_is_loopback(host);
}

static size_t common_lines(struct sl_http_request *request,
                           struct sl_http_header_line out[static FILE_LINES_MAX])
{
    size_t count = 0;

    out[count++] = (struct sl_http_header_line){"Content-Security-Policy", page_policy};
    out[count++] = (struct sl_http_header_line){"X-Content-Type-Options", "nosniff"};
    out[count++] = (struct sl_http_header_line){"Referrer-Policy", "no-referrer"};
    out[count++] = (struct sl_http_header_line){
        "Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), "
                              "fullscreen=(self), geolocation=(), payment=(), usb=()"};
    if (sl_http_is_tls(request)) /* browsers heed it there only, and complain elsewhere */
        out[count++] = (struct sl_http_header_line){"Cross-Origin-Opener-Policy", "same-origin"};
    if (wants_hsts(request))
        out[count++] =
            (struct sl_http_header_line){"Strict-Transport-Security", "max-age=31536000"};
    return count;
}

static void respond(struct sl_http_request *request, int status, const struct page *page)
{
    struct sl_http_header_line lines[FILE_LINES_MAX];
    size_t count = common_lines(request, lines);

    /* revalidated each time: a new version shows at once, an unchanged one costs a 304 */
    lines[count++] = (struct sl_http_header_line){"Cache-Control", "no-cache"};
    lines[count++] = (struct sl_http_header_line){"Vary", "Accept-Encoding"};
    if (status != 404)
        lines[count++] = (struct sl_http_header_line){"ETag", page->etag};
    if (status == 200 && page->gzipped)
        lines[count++] = (struct sl_http_header_line){"Content-Encoding", "gzip"};
    if (status == 304)
        sl_http_respond(request, status, NULL, "", 0, lines, count);
    else
        sl_http_respond_blob(request, status, sl_file_content_type(page->name), page->content,
                             lines, count);
}

static void respond_text(struct sl_http_request *request, int status, const char *text)
{
    struct sl_http_header_line lines[FILE_LINES_MAX];
    size_t count = common_lines(request, lines);

    sl_http_respond(request, status, "text/plain;charset=UTF-8", text, strlen(text), lines, count);
}

static void respond_failed(struct sl_http_request *request, int err, const struct page *page)
{
    char quoted[128];

    if (err != -ENOENT && err != -EBADMSG)
        sl_log(SL_LOG_DEBUG, NULL, "web: %s: %s",
               sl_log_quote(quoted, sizeof(quoted), sl_http_path(request)), strerror(-err));
    if (is_our_fault(err))
        respond_text(request, 503, "The server is too busy to look; try again.\n");
    else if (page->content)
        respond(request, 404, page);
    else
        respond_text(request, 404, "There is nothing at this address.\n");
}

static void on_looked(struct sl_lane_job *job, int err)
{
    struct page *page = sl_container_of(job, struct page, job);
    struct sl_http_request *request = page->request;
    const char *if_none_match = sl_http_header(request, "if-none-match");

    sl_http_on_gone(request, NULL, NULL);
    if (err < 0 || page->err < 0) /* without its end the job's fields are the job's */
        respond_failed(request, err < 0 ? err : page->err, page);
    else if (if_none_match && sl_etag_matches(if_none_match, page->etag))
        respond(request, 304, page);
    else
        respond(request, 200, page);
}

static void on_gone(void *owner)
{
    struct page *page = owner;

    sl_lane_cancel(&page->job);
}

static void free_page(struct sl_lane_job *job)
{
    struct page *page = sl_container_of(job, struct page, job);

    sl_blob_unref(page->content);
    free(page);
}

void sl_files_serve(struct sl_files *files, struct sl_http_request *request)
{
    const char *accepts = sl_http_header(request, "accept-encoding");
    struct page *page = sl_new(struct page);

    page->job = (struct sl_lane_job){.run = look, .on_done = on_looked, .free = free_page};
    page->files = files;
    page->request = request;
    page->takes_gzip = accepts && sl_accepts_coding(accepts, "gzip");
    page->err = sl_path_below_root(sl_http_path(request), page->path);
    sl_http_on_gone(request, on_gone, page);
    sl_lane_add(files->lane, &page->job);
}
