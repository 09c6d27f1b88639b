/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings over HTTP (media-outputs.md 3.5, 3.6): begun, ended and listed by operators, and the
 * files themselves for whoever record_access lets in. */
#include "record/record.h"
#include "session/session.h"
#include "stream/stream.h"

#include "base/dir.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/http.h"
#include "net/net.h"
#include "rest/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MS = 5000, LISTED_MAX = 10000, DISK_RETRY_S = 2 };

struct sl_records_part {
    struct sl_recordings *recordings;
    struct sl_streams *streams;
    struct sl_sessions *sessions;
    struct sl_downloads *downloads; /* NULL: there is no directory */
    struct sl_lane *lists;
    enum sl_record_access access;
};

static const char *const not_found = "there is no such publication", *const not_recorded =
                                                                         "it is not recorded";

/* ---- Begin and end ---- */

static struct sl_stream *find_stream(const struct sl_records_part *part, struct sl_call *call)
{
    return sl_streams_find_id(part->streams, sl_param_text(sl_call_body(call), "mediaSessionId"));
}

static int status_of(int err)
{
    return err == -EINVAL ? 400 : err == -ENOBUFS || err == -ECANCELED ? 503 : 500;
}

/* Whose it is, if it is a client's. */
static void note_client(const struct sl_records_part *part, struct sl_call *call,
                        struct sl_recording_order *order)
{
    const char *id = sl_param_text(sl_call_body(call), "mediaSessionId");
    const struct sl_media_session *media = sl_sessions_find_media(part->sessions, id);

    if (media)
        order->session_id = sl_session_id(sl_media_session_owner(media));
}

static void start(struct sl_call *call, struct sl_records_part *part,
                  struct sl_recording_order *order)
{
    struct sl_stream *stream = find_stream(part, call);
    struct sl_error error;

    if (!stream || !sl_stream_is_live(stream)) {
        sl_reply_error(call, 404, "%s", not_found);
        return;
    }
    note_client(part, call, order);
    int err = sl_recordings_start(part->recordings, stream, order, &error);
    if (err < 0)
        sl_reply_error(call, status_of(err), "%s", error.text);
    else
        sl_reply_empty(call);
}

/* A field of the order: text, or absent; a rotation may be a number as well. */
static const struct sl_param config_params[] = {
    {.name = "fileTemplate", .type = SL_PARAM_TEXT, .about = "as stream_record_policy_template"},
    {.name = "rotation", .type = SL_PARAM_ANY, .about = "as record_rotation"},
};

static const char *rotation_of(json_t *fields, char text[static 24])
{
    const json_t *rotation = json_object_get(fields, "rotation");

    if (json_is_string(rotation))
        return json_string_value(rotation);
    if (!rotation)
        return NULL;
    (void)snprintf(text, 24, "%lld",
                   json_is_integer(rotation) ? (long long)json_integer_value(rotation) : -1LL);
    return text;
}

static void answer_startup(struct sl_call *call, void *arg)
{
    json_t *config = json_object_get(sl_call_body(call), "config"), *fields = NULL;
    struct sl_recording_order order = {0};
    struct sl_error error;
    char rotation[24];

    if (config && sl_params_normalise(config_params, SL_ARRAY_LEN(config_params), config, &fields,
                                      &error) < 0) {
        sl_reply_error(call, 400, "config: %s", error.text);
        return;
    }
    if (fields) {
        order.template = sl_param_text(fields, "fileTemplate");
        order.rotation = rotation_of(fields, rotation);
    }
    start(call, arg, &order);
    json_decref(fields);
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    struct sl_records_part *part = arg;
    const struct sl_stream *stream = find_stream(part, call);

    if (!stream || sl_recordings_end(part->recordings, stream) < 0)
        sl_reply_error(call, 404, "%s", stream ? not_recorded : not_found);
    else
        sl_reply_empty(call);
}

static void list_one(const char *name, const char *id, void *arg)
{
    (void)json_array_append_new(arg,
                                json_pack("{s:s, s:s}", "fileName", name, "mediaSessionId", id));
}

static void answer_find_all(struct sl_call *call, void *arg)
{
    const struct sl_records_part *part = arg;
    json_t *list = json_array();

    sl_recordings_each(part->recordings, list_one, list);
    if (json_array_size(list) > 0) {
        sl_reply_json(call, 200, list);
        return;
    }
    json_decref(list);
    sl_reply_error(call, 404, "nothing is recorded");
}

/* ---- The files ---- */

static void answer_file(struct sl_call *call, void *arg)
{
    static const char above[] = "/client/records/";
    struct sl_records_part *part = arg;
    const char *name = sl_http_path(sl_call_request(call)) + sizeof(above) - 1;

    if (part->downloads && sl_record_name_is_served(name))
        sl_reply_file(call, part->downloads, name);
    else
        sl_reply_error(call, 404, "there is no such file");
}

/* Their list: a job's, as a disk may hang. */
struct listing {
    struct sl_lane_job job;
    struct sl_call *call;
    enum sl_record_access access;
    int dir, err;
    json_t *list; /* the job's, then the loop's */
};

static void list_file(int dir, const char *name, json_t *list)
{
    struct stat st;

    if (!sl_record_name_is_served(name) || json_array_size(list) >= LISTED_MAX ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return;
    (void)json_array_append_new(
        list,
        json_pack("{s:o, s:I, s:I}", "name", sl_json_text(name), "size", (json_int_t)st.st_size,
                  "date", (json_int_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000));
}

static void list_files(struct sl_lane_job *job) /* on a thread of the pool */
{
    struct listing *listing = sl_container_of(job, struct listing, job);
    DIR *entries = sl_dir_open(listing->dir);
    struct dirent *entry;

    if (!entries) {
        listing->err = -errno;
        return;
    }
    while ((entry = readdir(entries))) // NOLINT(concurrency-mt-unsafe): a stream of our own
        list_file(listing->dir, entry->d_name, listing->list);
    (void)closedir(entries); /* read only: nothing to lose */
}

static const char *const access_words[] = {
    [SL_RECORD_ACCESS_NAME] = "name",
    [SL_RECORD_ACCESS_REST] = "rest",
    [SL_RECORD_ACCESS_OFF] = "off",
};

static void on_listed(struct sl_lane_job *job, int err)
{
    struct listing *listing = sl_container_of(job, struct listing, job);
    struct sl_call *call = listing->call;

    listing->call = NULL;
    if (err < 0 || listing->err < 0) /* without its end the list is the job's */
        sl_reply_error(call, 503, "the disk does not answer");
    else
        sl_reply_json(call, 200,
                      json_pack("{s:O, s:s}", "records", listing->list, "access",
                                access_words[listing->access]));
}

static void free_listing(struct sl_lane_job *job)
{
    struct listing *listing = sl_container_of(job, struct listing, job);

    if (listing->call)
        sl_reply_error(listing->call, 503, "the server is shutting down");
    json_decref(listing->list);
    free(listing);
}

static void answer_list(struct sl_call *call, void *arg)
{
    struct sl_records_part *part = arg;
    struct listing *listing = sl_new(struct listing);

    listing->job =
        (struct sl_lane_job){.run = list_files, .on_done = on_listed, .free = free_listing};
    listing->call = call;
    listing->access = part->access;
    listing->dir = sl_recordings_dir(part->recordings);
    listing->list = json_array();
    sl_lane_add(part->lists, &listing->job);
}

/* ---- The tables ---- */

#define MEDIA_SESSION_ID                                                                           \
    {                                                                                              \
        .name = "mediaSessionId", .required = true, .about = "of the publication"                  \
    }

static const struct sl_param startup_params[] = {
    MEDIA_SESSION_ID,
    {.name = "config",
     .type = SL_PARAM_OBJECT,
     .about = "fileTemplate, as stream_record_policy_template; rotation, as record_rotation"},
};
static const struct sl_param one_params[] = {MEDIA_SESSION_ID};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/recorder/startup",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_startup,
     .about = "records a publication; a recording that goes on ends",
     SL_ROUTE_PARAMS(startup_params),
     .codes = "404 500 503"},
    {.methods = "POST",
     .path = "/rest-api/recorder/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "ends the recording of a publication",
     SL_ROUTE_PARAMS(one_params),
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/recorder/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find_all,
     .about = "the files that are being written",
     .answer = "Recording[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/stream/startRecording",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_startup,
     .about = "as /rest-api/recorder/startup",
     SL_ROUTE_PARAMS(startup_params),
     .codes = "404 500 503"},
    {.methods = "POST",
     .path = "/rest-api/stream/stopRecording",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "as /rest-api/recorder/terminate",
     SL_ROUTE_PARAMS(one_params),
     .codes = "404"},
    {.methods = "GET",
     .path = "/api/v1/records",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_list,
     .about = "the files of recordings that are whole",
     .answer = "application/json",
     .codes = "503"},
};

#define FILE_ROUTE(who)                                                                            \
    {                                                                                              \
        {                                                                                          \
            .methods = "GET", .path = "/client/records/*", .access = (who), .handle = answer_file, \
            .about = "a recording's file, whole or in part", .answer = "video/mp4",                \
            .codes = "404 503"                                                                     \
        }                                                                                          \
    }
static const struct sl_route file_by_name[] = FILE_ROUTE(SL_ROUTE_PUBLIC),
                             file_of_operator[] = FILE_ROUTE(SL_ROUTE_OPERATOR);

struct sl_records_part *sl_records_part_create(const struct sl_rest_parts *parts,
                                               enum sl_record_access access,
                                               struct sl_router *router)
{
    struct sl_records_part *part = sl_new(struct sl_records_part);
    int dir = sl_recordings_dir(parts->recordings);

    part->recordings = parts->recordings;
    part->streams = parts->streams;
    part->sessions = parts->sessions;
    part->access = access;
    part->lists = sl_lane_create(parts->loop, "the list of recordings", LIST_MS);
    if (dir >= 0)
        part->downloads = sl_downloads_create(parts->loop, dir, "recordings", "no-cache");
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    if (access != SL_RECORD_ACCESS_OFF)
        sl_router_add(router, access == SL_RECORD_ACCESS_NAME ? file_by_name : file_of_operator, 1,
                      part);
    return part;
}

void sl_records_part_destroy(struct sl_records_part *part)
{
    if (!part)
        return;
    sl_lane_destroy(part->lists);
    sl_downloads_destroy(part->downloads);
    free(part);
}
