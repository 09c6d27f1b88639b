/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors to bodies: one job opens, then one for each piece. */
#include "http/download.h"

#include "base/blob.h"
#include "base/dir.h"
#include "base/list.h"
#include "http/call.h"
#include "http/cors.h"
#include "http/files.h"
#include "http/server.h"
#include "http/url.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 10000,
    PIECE_MAX = 256 * 1024,
    NAME_MAX_LEN = 256,
    ETAG_MAX = 64,
    RANGE_MAX = 80,
    LINES_MAX = SL_CORS_LINES_MAX + 6,
    RETRY_S = 2,
    /* Each has one job in the lane, which so is never full; a round of pieces is 32 MiB. */
    DOWNLOADS_MAX = 128,
    TRIES_MAX = 6, /* TIMEOUT_MS each: a slow disk has a minute for a piece */
};

/* Goes with the last of its downloads, which may be in a job that outlives the lane. */
struct sl_downloads {
    struct sl_lane *lane;
    int dir;
    size_t count; /* under way */
    bool gone;    /* its owner has destroyed it */
    const char *cache;
};

/* One answer: its file, as long as anybody uses it: the call, the body, or a job. */
struct download {
    struct sl_downloads *downloads;
    char name[NAME_MAX_LEN];
    struct sl_call *call;      /* until it is answered */
    struct sl_http_body *body; /* NULL: not yet, or no more */
    unsigned refs;
    int fd; /* negative: not open */
    uint64_t size;
    char etag[ETAG_MAX];
    uint64_t at, end; /* what is still to be read */
    unsigned tries;   /* of the piece that is being read */
};

/* Its reading, or its opening. */
struct job {
    struct sl_lane_job job;
    struct download *download;
    int err;
    struct sl_chunk *chunk; /* NULL: to open */
    uint64_t at;
};

static void free_if_over(struct sl_downloads *downloads)
{
    if (downloads->gone && downloads->count == 0)
        free(downloads);
}

static void unref(struct download *download)
{
    struct sl_downloads *downloads = download->downloads;

    if (--download->refs > 0)
        return;
    if (download->call)
        sl_call_destroy(download->call);
    if (download->fd >= 0)
        (void)close(download->fd); /* read only: nothing to lose */
    free(download);
    downloads->count--;
    free_if_over(downloads);
}

static void free_job(struct sl_lane_job *lane_job)
{
    struct job *job = sl_container_of(lane_job, struct job, job);

    sl_chunk_destroy(job->chunk);
    unref(job->download);
    free(job);
}

static struct job *make_job(struct download *download, void (*run)(struct sl_lane_job *job),
                            void (*on_done)(struct sl_lane_job *job, int err))
{
    struct job *job = sl_new(struct job);

    job->job = (struct sl_lane_job){.run = run, .on_done = on_done, .free = free_job};
    job->download = download;
    download->refs++;
    return job;
}

/* ---- Pieces ---- */

static void read_piece(struct sl_lane_job *lane_job) /* on a thread of the pool */
{
    struct job *job = sl_container_of(lane_job, struct job, job);
    size_t used = 0;

    while (used < job->chunk->len) {
        ssize_t count = pread(job->download->fd, job->chunk->data + used, job->chunk->len - used,
                              (off_t)(job->at + used));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) { /* it has become shorter */
            job->err = count < 0 ? -errno : -EIO;
            return;
        }
        used += (size_t)count;
    }
}

static void read_next(struct download *download);

static void on_piece(struct sl_lane_job *lane_job, int err)
{
    struct job *job = sl_container_of(lane_job, struct job, job);
    struct download *download = job->download;

    if (!download->body)
        return;                                     /* the client has gone */
    if (err < 0 && ++download->tries < TRIES_MAX) { /* it waits yet, and its chunk is the job's */
        read_next(download);
        return;
    }
    if (err < 0 || job->err < 0) {
        sl_http_body_cut(download->body, strerror(err < 0 ? -err : -job->err));
        return;
    }
    struct sl_chunk *chunk = job->chunk;
    job->chunk = NULL;
    download->at += chunk->len;
    sl_http_body_give(download->body, chunk);
}

static void read_next(struct download *download)
{
    uint64_t left = download->end - download->at;
    struct job *job = make_job(download, read_piece, on_piece);

    job->chunk = sl_chunk_create(left < PIECE_MAX ? (size_t)left : PIECE_MAX);
    job->at = download->at;
    sl_lane_add(download->downloads->lane, &job->job);
}

static void on_room(void *owner)
{
    struct download *download = owner;

    download->tries = 0;
    read_next(download);
}

static void on_end(void *owner)
{
    struct download *download = owner;

    download->body = NULL;
    unref(download);
}

static const struct sl_http_body_ops body_ops = {on_room, on_end};

/* ---- The answer ---- */

static size_t common_lines(const struct download *download,
                           struct sl_http_header_line lines[static LINES_MAX])
{
    const struct sl_call *call = download->call;
    size_t count =
        sl_cors_lines(sl_router_cors(call->router), sl_http_header(call->request, "origin"),
                      sl_http_header(call->request, "host"), lines);

    lines[count++] = (struct sl_http_header_line){"Accept-Ranges", "bytes"};
    lines[count++] = (struct sl_http_header_line){"Cache-Control", download->downloads->cache};
    lines[count++] = (struct sl_http_header_line){"ETag", download->etag};
    lines[count++] = (struct sl_http_header_line){"X-Content-Type-Options", "nosniff"};
    return count;
}

/* The part that is asked for; the status. */
static int choose_part(struct download *download, char range[static RANGE_MAX])
{
    const struct sl_http_request *request = download->call->request;
    const char *if_none_match = sl_http_header(request, "if-none-match"),
               *if_range = sl_http_header(request, "if-range");
    uint64_t first, last;

    download->end = download->size;
    if (if_none_match && sl_etag_matches(if_none_match, download->etag))
        return 304;
    if (if_range && strcmp(if_range, download->etag) != 0)
        return 200; /* of another one, the client has the beginning */
    int err = sl_range_parse(sl_http_header(request, "range"), download->size, &first, &last);
    if (err == -ERANGE)
        (void)snprintf(range, RANGE_MAX, "bytes */%" PRIu64, download->size);
    if (err < 0)
        return err == -ERANGE ? 416 : 200;
    (void)snprintf(range, RANGE_MAX, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, last,
                   download->size);
    download->at = first;
    download->end = last + 1;
    return 206;
}

static void answer(struct download *download)
{
    struct sl_http_header_line lines[LINES_MAX];
    struct sl_call *call = download->call;
    char range[RANGE_MAX] = "";
    size_t count = common_lines(download, lines);
    int status = choose_part(download, range);

    if (range[0])
        lines[count++] = (struct sl_http_header_line){"Content-Range", range};
    if (status == 304 || status == 416 || download->size == 0) {
        sl_http_respond(call->request, status, NULL, "", 0, lines, count);
        return;
    }
    download->refs++; /* the body's, until its end */
    download->body = sl_http_respond_body(
        call->request,
        &(struct sl_http_body_config){.status = status,
                                      .content_type = sl_file_content_type(download->name),
                                      .len = download->end - download->at,
                                      .headers = lines,
                                      .header_count = count,
                                      .ops = &body_ops,
                                      .owner = download});
    if (!download->body)
        unref(download);
}

/* ---- Opening ---- */

static int open_regular(int dir, const char *name, struct stat *st)
{
    int fd = sl_dir_open_file(dir, name, O_RDONLY, 0);

    if (fd < 0)
        return fd;
    int err = fstat(fd, st) < 0 ? -errno : S_ISREG(st->st_mode) ? 0 : -ENOENT;
    if (err < 0)
        (void)close(fd); /* read only: nothing to lose */
    return err < 0 ? err : fd;
}

static void open_file(struct sl_lane_job *lane_job) /* on a thread of the pool */
{
    struct job *job = sl_container_of(lane_job, struct job, job);
    struct download *download = job->download;
    struct stat st;
    int fd = open_regular(download->downloads->dir, download->name, &st);

    if (fd < 0) {
        job->err = fd;
        return;
    }
    download->fd = fd;
    download->size = (uint64_t)st.st_size;
    (void)snprintf(download->etag, sizeof(download->etag), "\"%llx-%llx-%llx\"",
                   (unsigned long long)st.st_mtim.tv_sec, (unsigned long long)st.st_mtim.tv_nsec,
                   (unsigned long long)st.st_size);
}

static bool is_busy(int err)
{
    return err == -ETIMEDOUT || err == -EBUSY || err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

static void on_opened(struct sl_lane_job *lane_job, int err)
{
    struct job *job = sl_container_of(lane_job, struct job, job);
    struct download *download = job->download;
    struct sl_call *call = download->call;

    if (err == 0)
        err = job->err;
    if (call->request && err == 0)
        answer(download);
    download->call = NULL;
    if (err == 0 || !call->request) {
        sl_call_destroy(call);
    } else if (is_busy(err)) {
        call->retry_after_s = RETRY_S;
        sl_reply_error(call, 503, "the disk does not answer");
    } else {
        sl_reply_error(call, 404, "there is no such file");
    }
}

void sl_reply_file(struct sl_call *call, struct sl_downloads *downloads, const char *name)
{
    if (downloads->count >= DOWNLOADS_MAX) {
        call->retry_after_s = RETRY_S;
        sl_reply_error(call, 503, "too many downloads are under way");
        return;
    }
    struct download *download = sl_new(struct download);
    downloads->count++;
    download->downloads = downloads;
    download->call = call;
    download->fd = -1;
    (void)snprintf(download->name, sizeof(download->name), "%s", name);
    sl_lane_add(downloads->lane, &make_job(download, open_file, on_opened)->job);
}

/* ---- Life ---- */

struct sl_downloads *sl_downloads_create(struct sl_loop *loop, int dir, const char *what,
                                         const char *cache)
{
    struct sl_downloads *downloads = sl_new(struct sl_downloads);

    downloads->lane = sl_lane_create(loop, what, TIMEOUT_MS);
    downloads->dir = dir;
    downloads->cache = cache;
    return downloads;
}

void sl_downloads_destroy(struct sl_downloads *downloads)
{
    if (!downloads)
        return;
    sl_lane_destroy(downloads->lane);
    downloads->gone = true;
    free_if_over(downloads);
}
