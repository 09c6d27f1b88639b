/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /rest-api/mixer: many streams made one (rooms-mixers-diagnostics.md 2.7). */
#include "mixer/mixer.h"
#include "stream/stream.h"

#include "base/config.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <errno.h>
#include <regex.h>
#include <string.h>

static const char *const no_mixer = "Mixer not found", *const no_stream = "Stream not found";

static struct sl_mixer *find(const struct sl_mixer_part *part, json_t *params)
{
    const char *name = sl_mixer_params_name(params);

    return name ? sl_mixers_find(part->mixers, name) : NULL;
}

/* ---- terminate, set_parameter ---- */

static void answer_terminate(struct sl_call *call, void *arg)
{
    struct sl_mixer *mixer = find(arg, sl_call_body(call));

    if (!mixer) {
        sl_reply_error(call, 404, "%s", no_mixer);
        return;
    }
    sl_mixer_end(mixer, "an operator ended it");
    sl_reply_empty(call);
}

static void answer_set_parameter(struct sl_call *call, void *arg)
{
    json_t *body = sl_call_body(call), *params = json_copy(body);
    struct sl_mixer *mixer = find(arg, body);
    struct sl_mixer_stats stats;
    struct sl_error error = {""};

    (void)json_object_del(params, "uri");
    if (!mixer) {
        sl_reply_error(call, 404, "%s", no_mixer);
    } else {
        sl_mixer_stats(mixer, &stats);
        struct sl_mixer_settings settings = *stats.settings;
        if (json_object_size(params) == 0)
            (void)sl_error_set(&error, -EINVAL, "no parameter of a mixer is there");
        else
            (void)sl_mixer_params_apply(params, SL_MIXER_LATER, &settings, &error);
        if (error.text[0]) {
            sl_reply_error(call, 400, "%s", error.text);
        } else {
            sl_mixer_change(mixer, &settings);
            sl_mixer_params_note_idle(stats.name, params);
            sl_reply_empty(call);
        }
    }
    json_decref(params);
}

/* ---- add, remove, setAudioVideo ---- */

static void answer_add(struct sl_call *call, void *arg)
{
    const struct sl_mixer_part *part = arg;
    json_t *params = sl_call_body(call);
    struct sl_mixer *mixer = find(part, params);
    struct sl_stream *stream =
        sl_streams_find(part->streams, sl_param_text(params, "remoteStreamName"));
    const struct sl_mixer_use use = {sl_mixer_params_want(params, "hasAudio"),
                                     sl_mixer_params_want(params, "hasVideo")};

    if (!mixer || !stream) {
        sl_reply_error(call, 404, "%s", mixer ? no_stream : no_mixer);
        return;
    }
    switch (sl_mixer_add(mixer, stream, &use)) {
    case 0:
        sl_reply_empty(call);
        return;
    case -EEXIST:
        sl_reply_error(call, 409, "it is in it already, or the name of its own stream is in use");
        return;
    case -ELOOP:
        sl_reply_error(call, 409, "the mixer would mix itself");
        return;
    case -EINVAL:
        sl_reply_error(call, 409, "the name of its own stream would be too long");
        return;
    default:
        sl_reply_error(call, 409, "No available transcoders");
        return;
    }
}

static void answer_remove(struct sl_call *call, void *arg)
{
    json_t *params = sl_call_body(call);
    struct sl_mixer *mixer = find(arg, params);

    if (!mixer || sl_mixer_remove(mixer, sl_param_text(params, "remoteStreamName")) < 0)
        sl_reply_error(call, 404, "%s", mixer ? no_stream : no_mixer);
    else
        sl_reply_empty(call);
}

/* Names, or an expression that matches a whole one. */
struct choice {
    json_t *names;
    bool by_regex;
    regex_t regex;
};

static bool is_chosen(void *arg, const char *name)
{
    const struct choice *choice = arg;
    regmatch_t match;
    size_t i;
    json_t *item;

    if (choice->by_regex)
        return regexec(&choice->regex, name, 1, &match, 0) == 0 && match.rm_so == 0 &&
               (size_t)match.rm_eo == strlen(name);
    json_array_foreach(choice->names, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
            return true;
    }
    return false;
}

enum { REGEX_MAX = 256, STREAMS_MAX = 64 };

/* Expressions that take long to try would hold up the loop: no counted repeats, which multiply, and
 * no references back. */
static bool is_cheap(const char *regex)
{
    return !strpbrk(regex, "{}\\");
}

/* NULL: it is good. */
static const char *read_choice(json_t *streams, struct choice *out)
{
    const char *regex = json_string_value(streams);

    *out = (struct choice){.names = streams};
    if (json_is_array(streams))
        return json_array_size(streams) <= STREAMS_MAX ? NULL : "streams: too many names";
    if (!regex || strlen(regex) > REGEX_MAX || !is_cheap(regex) ||
        regcomp(&out->regex, regex, REG_EXTENDED) != 0)
        return "streams: neither names nor an expression of at most 256 bytes without {, } and \\";
    out->by_regex = true;
    return NULL;
}

static void answer_set_audio_video(struct sl_call *call, void *arg)
{
    json_t *params = sl_call_body(call);
    json_t *level = json_object_get(params, "audioLevel");
    json_t *muted = json_object_get(params, "videoMuted");
    struct sl_mixer *mixer = find(arg, params);
    struct choice choice;

    if (!mixer) {
        sl_reply_error(call, 404, "%s", no_mixer);
        return;
    }
    const char *problem = read_choice(json_object_get(params, "streams"), &choice);
    if (problem) {
        sl_reply_error(call, 400, "%s", problem);
        return;
    }
    size_t count =
        sl_mixer_set_inputs(mixer, is_chosen, &choice, level ? (int)json_integer_value(level) : -1,
                            muted ? json_is_true(muted) : -1);
    if (choice.by_regex)
        regfree(&choice.regex);
    if (count == 0)
        sl_reply_error(call, 404, "%s", no_stream);
    else
        sl_reply_empty(call);
}

/* ---- find_all ---- */

struct inputs {
    json_t *ids, *list;
    bool as_objects;
};

static void list_input(const struct sl_mixer_input_stats *input, void *arg)
{
    struct inputs *inputs = arg;
    json_t *item = json_pack("{s:o, s:o, s:i, s:b, s:b, s:b}", "localMediaSessionId",
                             sl_json_text(input->id), "localStreamName", sl_json_text(input->name),
                             "audioLevel", input->level, "videoMuted", input->muted, "hasAudio",
                             input->has_audio, "hasVideo", input->has_video);

    if (input->id[0])
        (void)json_array_append_new(inputs->ids, inputs->as_objects ? json_deep_copy(item)
                                                                    : sl_json_text(input->id));
    (void)json_array_append_new(inputs->list, item);
}

struct listing {
    const struct sl_mixer_part *part;
    json_t *list;
};

static void list_mixer(struct sl_mixer *mixer, void *arg)
{
    struct listing *listing = arg;
    struct inputs inputs = {json_array(), json_array(),
                            listing->part->config->mixer_find_all_objects};
    struct sl_mixer_stats stats;

    sl_mixer_stats(mixer, &stats);
    sl_mixer_each_input(mixer, list_input, &inputs);
    json_t *item = json_pack(
        "{s:s, s:n, s:o, s:n, s:o, s:s, s:b, s:b, s:b, s:o, s:o}", "localMediaSessionId",
        sl_stream_id(stats.stream), "remoteMediaSessionId", "localStreamName",
        sl_json_text(stats.output), "remoteStreamName", "uri",
        json_sprintf(SL_MIXER_SCHEME "%s", stats.name), "status",
        stats.flows ? "PROCESSED_LOCAL" : "NEW", "hasAudio", stats.settings->has_audio, "hasVideo",
        stats.settings->has_video, "record", 0, "mediaSessions", inputs.ids, "inputs", inputs.list);
    sl_mixer_params_describe(stats.settings, item);
    (void)json_array_append_new(listing->list, item);
}

static void answer_find_all(struct sl_call *call, void *arg)
{
    struct listing listing = {arg, json_array()};

    sl_mixers_each(listing.part->mixers, list_mixer, &listing);
    if (json_array_size(listing.list) > 0) {
        sl_reply_json(call, 200, listing.list);
        return;
    }
    json_decref(listing.list);
    sl_reply_error(call, 404, "%s", no_mixer);
}

/* ---- The table ---- */

#define URI                                                                                        \
    {                                                                                              \
        .name = "uri", .required = true, .about = "mixer://NAME"                                   \
    }
#define STREAM                                                                                     \
    {                                                                                              \
        .name = "remoteStreamName", .required = true, .about = "name of a stream of this server"   \
    }
#define FREE(key)                                                                                  \
    {                                                                                              \
        .name = key, .type = SL_PARAM_ANY, .about = "as in the configuration"                      \
    }
#define PARAMETERS                                                                                 \
    FREE("mixerVideoWidth"), FREE("mixerVideoHeight"), FREE("mixerVideoFps"),                      \
        FREE("mixerVideoBitrateKbps"), FREE("mixerIdleTimeout"), FREE("mixerMcuAudio"),            \
        FREE("mixerMcuVideo"), FREE("mixerRealtime"), FREE("mixerLayoutClass"),                    \
        FREE("mixerUseCenterNoPaddingLayout"), FREE("mixerVideoLayoutDesktopKeyWord"),             \
        FREE("mixerVideoDesktopFullscreen"), FREE("mixerDesktopAlign"),                            \
        FREE("mixerDisplayStreamName"), FREE("mixerVoiceActivity"), FREE("audioMixerOutputCodec"), \
        FREE("audioMixerOutputSampleRate")

static const struct sl_param startup_params[] = {
    URI,
    {.name = "localStreamName", .required = true, .about = "name of the output"},
    {.name = "hasVideo", .type = SL_PARAM_BOOL, .about = "it has pictures; true"},
    {.name = "hasAudio", .type = SL_PARAM_BOOL, .about = "it has sound; true"},
    {.name = "background", .about = "a PNG file of media_dir, drawn beneath the pictures"},
    {.name = "watermark", .about = "likewise, drawn over them in the upper left corner"},
    PARAMETERS,
};
static const struct sl_param add_params[] = {
    URI,
    STREAM,
    {.name = "hasVideo", .type = SL_PARAM_BOOL, .about = "its pictures are taken; true"},
    {.name = "hasAudio", .type = SL_PARAM_BOOL, .about = "its sound is taken; true"},
};
static const struct sl_param remove_params[] = {URI, STREAM};
static const struct sl_param terminate_params[] = {URI};
static const struct sl_param set_parameter_params[] = {URI, PARAMETERS};
static const struct sl_param set_audio_video_params[] = {
    URI,
    {.name = "streams",
     .type = SL_PARAM_ANY,
     .required = true,
     .about = "names of inputs, or a regular expression (POSIX, extended) that a name must match"},
    {.name = "audioLevel",
     .type = SL_PARAM_INTEGER,
     .max = 100,
     .about = "how loud they are, in percent"},
    {.name = "videoMuted", .type = SL_PARAM_BOOL, .about = "true: they are not shown"},
};

#define MIXER_ROUTE(name, handler, params_, codes_, about_)                                        \
    {                                                                                              \
        .methods = "POST", .path = "/rest-api/mixer/" name, .access = SL_ROUTE_OPERATOR,           \
        .handle = (handler), SL_ROUTE_PARAMS(params_), .codes = (codes_), .about = (about_)        \
    }

static const struct sl_route routes[] = {
    MIXER_ROUTE("startup", sl_mixer_part_answer_startup, startup_params, "404 409 500",
                "makes a mixer"),
    MIXER_ROUTE("add", answer_add, add_params, "404 409", "gives it one more input"),
    MIXER_ROUTE("remove", answer_remove, remove_params, "404", "takes one away"),
    MIXER_ROUTE("terminate", answer_terminate, terminate_params, "404", "ends a mixer"),
    MIXER_ROUTE("setAudioVideo", answer_set_audio_video, set_audio_video_params, "404",
                "how loud inputs are, and whether they are shown"),
    {.methods = "POST",
     .path = "/rest-api/mixer/set_parameter",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_set_parameter,
     .body = SL_BODY_EXACT,
     SL_ROUTE_PARAMS(set_parameter_params),
     .codes = "404",
     .about = "changes what is not fixed at startup"},
    {.methods = "GET POST",
     .path = "/rest-api/mixer/find_all",
     .access = SL_ROUTE_OPERATOR,
     .handle = answer_find_all,
     .about = "all mixers",
     .answer = "Mixer[]",
     .codes = "404"},
};

void sl_mixer_part_init(struct sl_mixer_part *part, const struct sl_rest_parts *parts,
                        struct sl_router *router)
{
    *part = (struct sl_mixer_part){.streams = parts->streams,
                                   .mixers = parts->mixers,
                                   .directory = parts->directory,
                                   .config = parts->config};
    sl_list_init(&part->starts);
    sl_router_add(router, routes, SL_ARRAY_LEN(routes), part);
}
