/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/transcoder: streams made of streams (media-outputs.md 2.7). */
#include "access/access.h"
#include "stream/stream.h"
#include "variant/variant.h"

#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct sl_transcoder_part {
    struct sl_streams *streams;
    struct sl_variants *variants;
    const struct sl_directory *directory; /* NULL: names are this server's own */
    const struct sl_archive *archive;     /* NULL: nothing is recorded */
    struct sl_list rows;                  /* struct row */
};

/*
 *   CLAIMING the name of all nodes --it is ours--> MADE --the end of the stream--> gone
 *      `--it is not; the stream cannot be--> gone
 */
struct row {
    struct sl_list link; /* in part->rows */
    struct sl_transcoder_part *part;
    struct sl_call *call;            /* NULL once answered */
    struct sl_directory_call *claim; /* NULL: answered */
    bool held;                       /* the name, by the directory */
    bool record;                     /* as asked */
    char *uri, *remote, *local;
    json_t *encoder;                /* normalised */
    struct sl_republish *republish; /* NULL before MADE */
};

static const char *const no_stream = "Stream not found", *const no_transcoder =
                                                             "Transcoder not found";

static void row_free(struct row *row)
{
    const struct sl_directory *directory = row->part->directory;

    if (row->held)
        directory->release(directory->arg, row->local);
    sl_list_remove(&row->link);
    json_decref(row->encoder);
    free(row->uri);
    free(row->remote);
    free(row->local);
    free(row);
}

/* The call's answer, and its end. */
static void refuse(struct row *row, int status, const char *words)
{
    sl_reply_error(row->call, status, "%s", words);
    row_free(row);
}

/* ---- startup ---- */

enum { FPS_MAX = 120, FPS_USUAL = 30, KBPS_MAX = 1000000, GOP_MAX = 100000, SIDE_MAX = 4096 };

static const struct sl_param encoder_params[] = {
    {.name = "width", .type = SL_PARAM_INTEGER, .max = SIDE_MAX},
    {.name = "height", .type = SL_PARAM_INTEGER, .max = SIDE_MAX},
    {.name = "keyFrameInterval", .type = SL_PARAM_INTEGER, .max = GOP_MAX},
    {.name = "fps", .type = SL_PARAM_INTEGER, .max = FPS_MAX},
    {.name = "bitrate", .type = SL_PARAM_INTEGER, .max = KBPS_MAX},
    {.name = "type", .type = SL_PARAM_TEXT},
};

static uint32_t number(json_t *encoder, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(encoder, name));
}

/* What the names of encoders have in common is H264. */
static struct sl_variant_want want_of(json_t *encoder)
{
    uint32_t fps = number(encoder, "fps");

    return (struct sl_variant_want){
        .codec = SL_CODEC_H264,
        .width = (uint16_t)number(encoder, "width"),
        .height = (uint16_t)number(encoder, "height"),
        .bitrate_bps = number(encoder, "bitrate") * 1000,
        .fps_max = (uint8_t)fps,
        .gop_ms = number(encoder, "keyFrameInterval") * 1000 / (fps > 0 ? fps : FPS_USUAL),
    };
}

static void on_end(void *owner, const char *why)
{
    (void)why; /* the log has it */
    row_free(owner);
}

static void refuse_by(struct row *row, int err)
{
    switch (err) {
    case -EEXIST:
        refuse(row, 409, "localStreamName: Stream name is already in use");
        return;
    case -EINVAL:
        refuse(row, 400, "localStreamName is no name of a stream, or the pictures are too large");
        return;
    case -EBUSY:
        refuse(row, 500, "No available transcoders");
        return;
    default:
        refuse(row, 500, "nothing can be made of this stream");
        return;
    }
}

/* The caller may have gone: it is made all the same. */
static void carry_out(struct row *row)
{
    struct sl_stream *source = sl_streams_find(row->part->streams, row->remote);
    const struct sl_republish_config config = {
        .variants = row->part->variants,
        .source = source,
        .name = row->local,
        .want = want_of(row->encoder),
        .on_end = on_end,
        .owner = row,
    };

    if (!source || !sl_stream_is_live(source)) {
        refuse(row, 404, no_stream);
        return;
    }
    if (sl_streams_find(row->part->streams, row->local)) { /* before an encoder is made for it */
        refuse_by(row, -EEXIST);
        return;
    }
    int err = sl_republish_create(&config, &row->republish);
    if (err < 0) {
        refuse_by(row, err);
        return;
    }
    if (row->record && row->part->archive)
        row->part->archive->begin(row->part->archive->arg, sl_republish_stream(row->republish),
                                  &(struct sl_archive_request){.asked = true});
    sl_reply_empty(row->call);
    row->call = NULL;
}

static void on_claimed(void *owner, int err)
{
    struct row *row = owner;

    assert(row->claim); /* not from within */
    row->claim = NULL;
    row->held = err == 0;
    if (err == 0)
        carry_out(row);
    else
        refuse_by(row, err);
}

static struct row *find(struct sl_transcoder_part *part, const char *uri)
{
    struct row *row, *found = NULL;

    sl_list_foreach(row, &part->rows, struct row, link)
    {
        if (strcmp(row->uri, uri) == 0)
            found = row;
    }
    return found;
}

/* NULL: it is good, and *encoder is a new reference. */
static const char *check(json_t *params, json_t **encoder, struct sl_error *error)
{
    static const char scheme[] = "transcoder://";
    const char *uri = sl_param_text(params, "uri");
    json_t *asked = json_object_get(params, "encoder");

    if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0 || !uri[sizeof(scheme) - 1])
        return "uri: not transcoder://ID";
    if (json_object_get(asked, "watermark") && !json_is_null(json_object_get(asked, "watermark")))
        return "encoder.watermark: there are no watermarks";
    if (!asked)
        *encoder = json_object();
    else if (sl_params_normalise(encoder_params, SL_ARRAY_LEN(encoder_params), asked, encoder,
                                 error) < 0)
        return error->text;
    return NULL;
}

static void answer_startup(struct sl_call *call, void *arg)
{
    struct sl_transcoder_part *part = arg;
    json_t *params = sl_call_body(call), *encoder = NULL;
    struct sl_error error = {""};
    const char *problem = check(params, &encoder, &error);

    if (problem) {
        sl_reply_error(call, 400, "%s", problem);
        return;
    }
    struct row *row = sl_new(struct row);
    bool taken = find(part, sl_param_text(params, "uri")) != NULL;
    row->part = part;
    row->call = call;
    row->uri = sl_strdup(sl_param_text(params, "uri"));
    row->remote = sl_strdup(sl_param_text(params, "remoteStreamName"));
    row->local = sl_strdup(sl_param_text(params, "localStreamName"));
    row->encoder = encoder;
    row->record = json_is_true(json_object_get(params, "record"));
    sl_list_append(&part->rows, &row->link);
    if (taken)
        refuse(row, 409, "uri: it is in use");
    else if (part->directory)
        row->claim = part->directory->claim(part->directory->arg, row->local, on_claimed, row);
    else
        carry_out(row);
}

/* ---- find, find_all, terminate ---- */

static json_t *describe(const struct row *row)
{
    struct sl_stream *stream = sl_republish_stream(row->republish);
    const struct sl_archive *archive = row->part->archive;
    bool recorded = archive && archive->since_ms(archive->arg, stream) > 0;

    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:O}", "localMediaSessionId",
                     sl_stream_id(stream), "localStreamName", sl_json_text(row->local),
                     "remoteStreamName", sl_json_text(row->remote), "uri", sl_json_text(row->uri),
                     "status", sl_stream_is_live(stream) ? "PROCESSED_LOCAL" : "NEW", "hasAudio",
                     sl_stream_track(stream, SL_AUDIO) != NULL, "hasVideo",
                     sl_stream_track(stream, SL_VIDEO) != NULL, "record", recorded, "encoder",
                     row->encoder);
}

static void answer_find(struct sl_call *call, void *arg)
{
    struct sl_transcoder_part *part = arg;
    const char *remote = sl_param_text(sl_call_body(call), "remoteStreamName");
    json_t *list = json_array();
    struct row *row;

    sl_list_foreach(row, &part->rows, struct row, link)
    {
        if (row->republish && (!remote || strcmp(row->remote, remote) == 0))
            (void)json_array_append_new(list, describe(row));
    }
    if (json_array_size(list) > 0) {
        sl_reply_json(call, 200, list);
        return;
    }
    json_decref(list);
    sl_reply_error(call, 404, "%s", no_transcoder);
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    struct row *row = find(arg, sl_param_text(sl_call_body(call), "uri"));

    if (!row || !row->republish) {
        sl_reply_error(call, 404, "%s", no_transcoder);
        return;
    }
    sl_republish_stop(row->republish);
    row_free(row);
    sl_reply_empty(call);
}

/* ---- The table ---- */

#define URI                                                                                        \
    {                                                                                              \
        .name = "uri", .required = true, .about = "transcoder://ID, the caller's name for it"      \
    }

static const struct sl_param startup_params[] = {
    URI,
    {.name = "remoteStreamName", .required = true, .about = "name of the stream it is made of"},
    {.name = "localStreamName", .required = true, .about = "name of the new stream"},
    {.name = "record", .type = SL_PARAM_BOOL, .about = "into a file, as publications are"},
    {.name = "encoder",
     .type = SL_PARAM_OBJECT,
     .about = "width, height, fps, bitrate (kbit/s), keyFrameInterval (pictures); 0 or absent: as "
              "it comes"},
};
static const struct sl_param find_params[] = {
    {.name = "remoteStreamName", .about = "those made of this stream"},
};
static const struct sl_param terminate_params[] = {URI};

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/transcoder/startup",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_startup,
     .about = "makes a stream of another one, in H264 of the size and rate given",
     SL_ROUTE_PARAMS(startup_params),
     .codes = "404 409 500"},
    {.methods = "POST",
     .path = "/rest-api/transcoder/find",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "the streams that are made of one",
     SL_ROUTE_PARAMS(find_params),
     .answer = "Transcoder[]",
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/transcoder/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "all streams that are made of others",
     .answer = "Transcoder[]",
     .codes = "404"},
    {.methods = "POST",
     .path = "/rest-api/transcoder/terminate",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_terminate,
     .about = "ends one",
     SL_ROUTE_PARAMS(terminate_params),
     .codes = "404"},
};

struct sl_transcoder_part *sl_transcoder_part_create(const struct sl_rest_parts *parts,
                                                     struct sl_router *router)
{
    struct sl_transcoder_part *part = sl_new(struct sl_transcoder_part);

    part->streams = parts->streams;
    part->variants = parts->variants;
    part->directory = parts->directory;
    part->archive = parts->archive;
    sl_list_init(&part->rows);
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    return part;
}

void sl_transcoder_part_destroy(struct sl_transcoder_part *part)
{
    if (!part)
        return;
    while (!sl_list_empty(&part->rows)) {
        struct row *row = sl_list_first(&part->rows, struct row, link);
        if (row->claim)
            part->directory->cancel(part->directory->arg, row->claim);
        if (row->republish)
            sl_republish_stop(row->republish);
        if (row->call)
            sl_reply_error(row->call, 503, "the server is shutting down");
        row->held = false; /* the directory goes as well */
        row_free(row);
    }
    free(part);
}
