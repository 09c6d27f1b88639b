/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/push and /api/v1/pushes: streams to RTMP servers (rest-api.md section 5). */
#include "push/push.h"

#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { OPTIONS_LEN_MAX = 4096 };

struct sl_push_part {
    struct sl_pushes *pushes;
    struct sl_list waiting; /* struct waiting: calls whose answer comes later */
};

static const char *const no_push = "Transponder not found";

/* ---- Calls that are answered later ---- */

struct waiting {
    struct sl_list link;
    struct sl_call *call;        /* NULL: the part is gone, and it has been answered */
    struct sl_push_start *start; /* NULL: a sound */
};

static struct waiting *wait_for(struct sl_push_part *part, struct sl_call *call)
{
    struct waiting *waiting = sl_new(struct waiting);

    waiting->call = call;
    sl_list_append(&part->waiting, &waiting->link);
    return waiting;
}

/* The call, no longer waiting. */
static struct sl_call *end_waiting(struct waiting *waiting)
{
    struct sl_call *call = waiting->call;

    sl_list_remove(&waiting->link);
    free(waiting);
    return call;
}

static int status_of(int err)
{
    static const struct {
        int err, status;
    } rows[] = {
        {-ENOENT, 404}, {-EEXIST, 409}, {-ECANCELED, 409},
        {-EINVAL, 400}, {-EACCES, 400}, {-EBADMSG, 400},
    };

    for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
        if (rows[i].err == err)
            return rows[i].status;
    }
    return 500; /* limits too: callers of the original know no other code for them */
}

/* ---- startup ---- */

/* The caller may have gone: the push stays, as it would had the answer been lost on its way. */
static void on_started(void *owner, int err, const char *words, struct sl_push *push)
{
    struct waiting *waiting = owner;

    assert(waiting->start); /* not from within */
    struct sl_call *call = end_waiting(waiting);

    if (err < 0)
        sl_reply_error(call, status_of(err), "%s", words);
    else
        sl_reply_json(call, 200, sl_push_describe(push));
}

static const struct sl_param option_params[] = {
    {.name = "action", .values = "mute sound_on"},
    {.name = "soundFile"},
    {.name = "loop", .type = SL_PARAM_BOOL},
};

/* options: as requested, or NULL; *checked: what they ask for, a reference that request borrows. */
static int read_options(json_t *options, struct sl_push_request *request, json_t **checked,
                        struct sl_error *error)
{
    int err =
        sl_params_normalise(option_params, SL_ARRAY_LEN(option_params), options, checked, error);
    if (err < 0)
        return err;
    const char *action = sl_param_text(*checked, "action");
    request->options = options;
    request->mute = action && !strcmp(action, "mute");
    /* without a file it is sound_off, as in the call of that name */
    if (action && !request->mute)
        request->sound_file = sl_param_text(*checked, "soundFile");
    request->loop = json_is_true(json_object_get(*checked, "loop"));
    return 0;
}

static void answer_startup(struct sl_call *call, void *arg)
{
    struct sl_push_part *part = arg;
    json_t *params = sl_call_body(call), *checked = NULL;
    json_t *full_url = json_object_get(params, "rtmpTransponderFullUrl");
    json_t *options = json_object_get(params, "options");
    struct sl_error error;
    struct sl_push_request request = {
        .stream = sl_param_text(params, "streamName"),
        .rtmp_url = sl_param_text(params, "rtmpUrl"),
        .origin = SL_PUSH_BY_OPERATOR,
        .full_url = !full_url                ? SL_PUSH_FULL_URL_CONFIG
                    : json_is_true(full_url) ? SL_PUSH_FULL_URL_ON
                                             : SL_PUSH_FULL_URL_OFF,
        .flash_version = sl_param_text(params, "rtmpFlashVersion"),
    };

    if (options && read_options(options, &request, &checked, &error) < 0) {
        sl_reply_error(call, 400, "options: %s", error.text);
        return;
    }
    struct waiting *waiting = wait_for(part, call);
    waiting->start = sl_push_start(part->pushes, &request, on_started, waiting);
    json_decref(checked);
}

/* ---- find, find_all ---- */

static void describe_push(struct sl_push *push, void *list)
{
    (void)json_array_append_new(list, sl_push_describe(push));
}

static void answer_find(struct sl_call *call, void *arg)
{
    const struct sl_push_part *part = arg;
    json_t *params = sl_call_body(call), *list = json_array();

    if (sl_pushes_each(part->pushes, sl_param_text(params, "streamName"),
                       sl_param_text(params, "rtmpUrl"), describe_push, list) > 0) {
        sl_reply_json(call, 200, list);
        return;
    }
    json_decref(list);
    sl_reply_error(call, 404, "%s", no_push);
}

/* ---- Calls about one push ---- */

/* NULL: there is none, and the call has been answered so. */
static struct sl_push *find_push(struct sl_call *call, void *arg)
{
    const struct sl_push_part *part = arg;
    struct sl_push *push =
        sl_pushes_find(part->pushes, sl_param_text(sl_call_body(call), "mediaSessionId"));

    if (!push)
        sl_reply_error(call, 404, "%s", no_push);
    return push;
}

static void answer_terminate(struct sl_call *call, void *arg)
{
    struct sl_push *push = find_push(call, arg);

    if (!push)
        return;
    sl_push_terminate(push);
    sl_reply_empty(call);
}

static void set_muted(struct sl_call *call, void *arg, bool muted)
{
    struct sl_push *push = find_push(call, arg);

    if (!push)
        return;
    sl_push_set_muted(push, muted);
    sl_reply_empty(call);
}

static void answer_mute(struct sl_call *call, void *arg)
{
    set_muted(call, arg, true);
}

static void answer_unmute(struct sl_call *call, void *arg)
{
    set_muted(call, arg, false);
}

static void on_sound_set(void *owner, int err, const char *words)
{
    struct sl_call *call = end_waiting(owner);

    if (!call)
        return;
    if (err < 0)
        sl_reply_error(call, status_of(err), "%s", words);
    else
        sl_reply_empty(call);
}

/* sound_off too: its row takes no file. */
static void answer_sound(struct sl_call *call, void *arg)
{
    struct sl_push *push = find_push(call, arg);

    if (!push)
        return;
    json_t *params = sl_call_body(call);
    sl_push_set_sound(push, sl_param_text(params, "soundFile"),
                      json_is_true(json_object_get(params, "loop")), on_sound_set,
                      wait_for(arg, call));
}

/* ---- The pages' list ---- */

static void list_push(struct sl_push *push, void *arg)
{
    struct sl_page *page = arg;
    struct sl_push_summary summary;

    if (!sl_page_wants(page))
        return;
    sl_push_summary(push, &summary);
    (void)json_array_append_new(
        page->items,
        json_pack("{s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:I}", "mediaSessionId",
                  summary.media_session_id, "stream", sl_json_text(summary.stream), "target",
                  sl_json_text(summary.target), "state", sl_push_state_name(summary.state),
                  "bitrate", (json_int_t)summary.bitrate_bps, "framesDropped",
                  (json_int_t)summary.frames_dropped, "retries", (json_int_t)summary.retries,
                  "createDate", (json_int_t)summary.created_ms));
}

static void answer_pushes(struct sl_call *call, void *arg)
{
    const struct sl_push_part *part = arg;
    struct sl_page page;

    if (sl_page_start(call, &page) < 0)
        return;
    (void)sl_pushes_each(part->pushes, NULL, NULL, list_push, &page);
    sl_page_reply(call, &page, "pushes");
}

/* ---- The table ---- */

static const struct sl_param startup_params[] = {
    {.name = "streamName", .required = true, .about = "name of the stream here"},
    {.name = "rtmpUrl", .required = true, .about = "rtmp:// or rtmps:// URL of the other server"},
    {.name = "options",
     .type = SL_PARAM_OBJECT,
     .len_max = OPTIONS_LEN_MAX,
     .about = "{\"action\": \"mute\"} or {\"action\": \"sound_on\", \"soundFile\": \"a.wav\", "
              "\"loop\": true}: done at the start"},
    {.name = "rtmpTransponderFullUrl",
     .type = SL_PARAM_BOOL,
     .about = "true: pass the URL's query on, and take the name from the URL; default: as "
              "rtmp_transponder_full_url says"},
    {.name = "rtmpFlashVersion", .len_max = 128, .about = "flashVer to tell that server"},
};
static const struct sl_param find_params[] = {
    {.name = "streamName", .about = "name of the stream, here or there"},
    {.name = "rtmpUrl", .about = "as it was asked for"},
};
enum { ONLY_ID = 1, ALL = 3 };
static const struct sl_param push_params[] = {
    {.name = "mediaSessionId", .required = true, .about = "this push"},
    {.name = "soundFile", .about = "a WAV file of media_dir; without it the sound ends"},
    {.name = "loop", .type = SL_PARAM_BOOL, .about = "again and again"},
};

#define PUSH_ROUTE(name, handler, count, more_codes, what)                                         \
    {                                                                                              \
        .methods = "POST", .path = "/rest-api/push/" name, .access = SL_ROUTE_OPERATOR,            \
        .handle = (handler), .about = (what), .params = push_params, .param_count = (count),       \
        .codes = "404" more_codes                                                                  \
    }

static const struct sl_route routes[] = {
    {.methods = "POST",
     .path = "/rest-api/push/startup",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_startup,
     .about = "begins to push a stream to an RTMP server",
     SL_ROUTE_PARAMS(startup_params),
     .answer = "Transponder",
     .codes = "404 409 500"},
    {.methods = "POST",
     .path = "/rest-api/push/find",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "the pushes that match both filters",
     SL_ROUTE_PARAMS(find_params),
     .answer = "Transponder[]",
     .codes = "404"},
    {.methods = "GET POST",
     .path = "/rest-api/push/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find,
     .about = "all pushes",
     .answer = "Transponder[]",
     .codes = "404"},
    PUSH_ROUTE("terminate", answer_terminate, ONLY_ID, "", "ends a push"),
    PUSH_ROUTE("mute", answer_mute, ONLY_ID, "", "sends silence"),
    PUSH_ROUTE("unmute", answer_unmute, ONLY_ID, "", "sends the sound again"),
    PUSH_ROUTE("sound_on", answer_sound, ALL, " 409 500",
               "sends a sound file instead of the sound"),
    PUSH_ROUTE("sound_off", answer_sound, ONLY_ID, "", "ends the sound file"),
    {.methods = "GET",
     .path = "/api/v1/pushes",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_pushes,
     .about = "pushes and how they are; ?limit= and ?offset= for a part of them",
     .answer = "application/json",
     .codes = "400"},
};

struct sl_push_part *sl_push_part_create(struct sl_pushes *pushes, struct sl_router *router)
{
    struct sl_push_part *part = sl_new(struct sl_push_part);

    part->pushes = pushes;
    sl_list_init(&part->waiting);
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
    return part;
}

/* A start can be taken back; what sets a sound is told of its end in any case, and waits for that
 * with nobody to answer. */
void sl_push_part_destroy(struct sl_push_part *part)
{
    if (!part)
        return;
    while (!sl_list_empty(&part->waiting)) {
        struct waiting *waiting = sl_list_first(&part->waiting, struct waiting, link);
        sl_reply_error(waiting->call, 503, "the server is shutting down");
        sl_list_remove(&waiting->link);
        waiting->call = NULL;
        if (waiting->start) {
            sl_push_start_cancel(waiting->start);
            free(waiting);
        }
    }
    free(part);
}
