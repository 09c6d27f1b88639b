/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server itself (cli.md 4.4), help, and the way out. */
#include "cli/commands.h"

#include "base/config.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/memstream.h"
#include "cli/call.h"
#include "cli/columns.h"
#include "mixer/mixer.h"
#include "session/session.h"
#include "stream/stream.h"
#include "transcoder/transcoder.h"
#include "variant/variant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CELL_MAX = 32, URI_MAX = 96, BYTES_PER_MIB = 1 << 20 };

/* ---- What writes to a FILE ---- */

/* False: the call has failed. */
static bool page_open(struct sl_memstream *page, struct sl_cli_call *call)
{
    bool open = sl_memstream_open(page);

    if (!open)
        sl_cli_call_fail(call, "%s", strerror(errno));
    return open;
}

static void page_close(struct sl_memstream *page, struct sl_cli_call *call)
{
    if (sl_memstream_close(page))
        sl_output_add(&call->out, page->text, page->len);
    else
        call->out.cut = true; /* no memory for all of it */
    free(page->text);
}

void sl_cli_show_node_settings(struct sl_cli_call *call)
{
    struct sl_memstream page;

    if (!page_open(&page, call))
        return;
    sl_config_print(call->console->config, page.file);
    page_close(&page, call);
    sl_cli_call_done(call);
}

void sl_cli_show_node_setting(struct sl_cli_call *call)
{
    const char *key = call->args.positionals[0];
    struct sl_memstream page;

    if (!page_open(&page, call))
        return;
    bool known = sl_config_print_one(call->console->config, key, page.file);
    (void)fputc('\n', page.file); /* memory: page_close() tells */
    if (known) {
        page_close(&page, call);
        sl_cli_call_done(call);
        return;
    }
    (void)fclose(page.file); /* nothing in it */
    free(page.text);
    sl_cli_call_fail(call, "No such setting: %s", key);
}

void sl_cli_show_stat(struct sl_cli_call *call)
{
    struct sl_memstream page;

    if (!page_open(&page, call))
        return;
    call->console->print_stat(call->console->arg, page.file);
    page_close(&page, call);
    if (call->out.len > 0 && call->out.bytes[call->out.len - 1] != '\n')
        sl_output_text(&call->out, "\n");
    sl_cli_call_done(call);
}

static void on_reloaded(void *owner, int err, const char *words, const char *text)
{
    struct sl_cli_call *call = owner;

    sl_output_text(&call->out, text);
    if (err < 0)
        sl_cli_call_fail(call, "%s", words);
    else
        sl_cli_call_done(call);
}

void sl_cli_reload(struct sl_cli_call *call)
{
    call->console->reload(call->console->arg, on_reloaded, call);
}

/* ---- Clients and streams ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* A session's id is "/REMOTE/LOCAL" (websocket-api.md section 3), perhaps with more behind it. */
static void add_remote(struct sl_columns *columns, const char *id)
{
    size_t skip = id[0] == '/', len = strcspn(id + skip, "/");
    char *remote = sl_strndup(id + skip, len);

    sl_columns_add(columns, remote);
    free(remote);
}

static void add_connection_row(struct sl_session *session, void *arg)
{
    struct sl_columns *columns = arg;
    json_t *about = sl_session_describe(session);

    sl_columns_add(columns, sl_session_id(session));
    sl_columns_add(columns, text_of(about, "appKey"));
    add_remote(columns, sl_session_id(session));
    sl_columns_add(columns, sl_session_status_name(sl_session_status(session)));
    sl_columns_add_time(columns, (int64_t)json_integer_value(json_object_get(about, "createDate")));
    json_decref(about);
}

static void add_kept_row(const struct sl_kept_facts *facts, void *arg)
{
    struct sl_columns *columns = arg;

    sl_columns_add(columns, facts->session_id);
    sl_columns_add(columns, facts->app_key);
    add_remote(columns, facts->session_id);
    sl_columns_add(columns, "KEPT");
    sl_columns_add_time(columns, facts->created_ms);
}

void sl_cli_show_connections(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Session", "AppKey", "Remote", "Status", "Since", NULL};
    struct sl_columns columns;

    sl_columns_init(&columns, titles);
    if (call->console->sessions)
        sl_sessions_each(call->console->sessions, add_connection_row, &columns);
    if (call->console->sessions)
        sl_sessions_each_kept(call->console->sessions, add_kept_row, &columns);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

/* Nothing where a player's link takes all that there is. */
static void add_link(struct sl_columns *columns, const struct sl_listed *listed)
{
    struct sl_video_rate video;
    char text[48] = "";

    sl_listed_video(listed, &video);
    if (video.limit_bps > 0)
        (void)snprintf(text, sizeof(text), "%llu kbit/s%s",
                       (unsigned long long)video.limit_bps / 1000,
                       video.stands_in ? ", variant"
                       : video.smaller ? ", smaller size"
                                       : "");
    sl_columns_add(columns, text);
}

static void add_stream_row(const struct sl_listed *listed, void *arg)
{
    struct sl_columns *columns = arg;
    json_t *about = sl_listed_describe(listed);
    const char *audio = text_of(about, "audioCodec"), *video = text_of(about, "videoCodec");
    struct sl_output codecs;

    sl_output_init(&codecs, 256);
    sl_output_format(&codecs, "%s%s%s", audio, audio[0] && video[0] ? "," : "", video);
    sl_output_add(&codecs, "", 1);
    sl_columns_add(columns, sl_listed_id(listed));
    sl_columns_add(columns, text_of(about, "name"));
    sl_columns_add(columns, sl_listed_is_publication(listed) ? "true" : "false");
    sl_columns_add(columns, text_of(about, "status"));
    sl_columns_add(columns, text_of(about, "mediaProvider"));
    sl_columns_add(columns, codecs.cut ? "" : codecs.bytes);
    add_link(columns, listed);
    sl_output_deinit(&codecs);
    json_decref(about);
}

void sl_cli_show_streams(struct sl_cli_call *call)
{
    static const char *const titles[] = {"MediaSession", "Name",   "Published", "Status",
                                         "Provider",     "Codecs", "Link",      NULL};
    struct sl_columns columns;

    sl_columns_init(&columns, titles);
    if (call->console->sessions)
        sl_sessions_each_listed(call->console->sessions, add_stream_row, &columns);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

void sl_cli_kill_connection(struct sl_cli_call *call)
{
    const char *id = call->args.positionals[0];
    struct sl_session *session =
        call->console->sessions ? sl_sessions_find(call->console->sessions, id) : NULL;

    if (session)
        sl_session_terminate(session);
    else if (!call->console->sessions || !sl_sessions_end_kept(call->console->sessions, id)) {
        sl_cli_call_fail(call, "No such connection: %s", id);
        return;
    }
    sl_cli_call_done(call);
}

/* ---- Rooms (CLI-21) ---- */

static void start_row(struct sl_columns *columns, const json_t *room)
{
    sl_columns_add(columns, text_of(room, "name"));
    sl_columns_add(columns, text_of(room, "appKey"));
}

static void add_room(struct sl_columns *columns, const json_t *room)
{
    const json_t *participants = json_object_get(room, "participants");
    size_t streams = 0;

    for (size_t i = 0; i < json_array_size(participants); i++)
        streams += json_array_size(json_object_get(json_array_get(participants, i), "streams"));
    start_row(columns, room);
    sl_columns_add_number(columns, json_array_size(participants));
    sl_columns_add_number(columns, streams);
    sl_columns_add(columns, json_is_true(json_object_get(room, "record")) ? "true" : "false");
    sl_columns_add_time(columns, (int64_t)json_integer_value(json_object_get(room, "createDate")));
}

static void add_participants(struct sl_columns *columns, const json_t *room)
{
    const json_t *participants = json_object_get(room, "participants");

    for (size_t i = 0; i < json_array_size(participants); i++) {
        const json_t *participant = json_array_get(participants, i);
        start_row(columns, room);
        sl_columns_add(columns, text_of(participant, "login"));
        sl_columns_add(columns, text_of(participant, "sessionId"));
        sl_columns_add_number(columns, json_array_size(json_object_get(participant, "streams")));
    }
}

void sl_cli_show_rooms(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Name",  "AppKey", "Participants", "Streams", "Record",
                                         "Since", NULL};
    static const char *const details[] = {"Name", "AppKey", "Login", "Session", "Streams", NULL};
    bool detail = sl_cli_option(&call->args, 'd') != NULL;
    json_t *rooms = call->console->sessions ? sl_sessions_describe_rooms(call->console->sessions)
                                            : json_array();
    struct sl_columns columns;

    sl_columns_init(&columns, detail ? details : titles);
    for (size_t i = 0; i < json_array_size(rooms); i++)
        (detail ? add_participants : add_room)(&columns, json_array_get(rooms, i));
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    json_decref(rooms);
    sl_cli_call_done(call);
}

void sl_cli_kill_room(struct sl_cli_call *call)
{
    const char *name = call->args.positionals[0];
    struct sl_sessions *sessions = call->console->sessions;

    if (!sessions || sl_sessions_terminate_room(sessions, name, NULL, NULL) == 0)
        sl_cli_call_fail(call, "No such room: %s", name);
    else
        sl_cli_call_done(call);
}

/* ---- What is made of streams ---- */

/* As it was asked for; "-" where nobody did. */
static void add_asked(struct sl_columns *columns, uint32_t number)
{
    if (number > 0)
        sl_columns_add_number(columns, number);
    else
        sl_columns_add(columns, NULL);
}

static void add_variant_row(const struct sl_variant_stats *stats, void *arg)
{
    struct sl_columns *columns = arg;
    char size[CELL_MAX] = "";

    if (stats->width > 0)
        (void)snprintf(size, sizeof(size), "%ux%u", stats->width, stats->height);
    sl_columns_add(columns, stats->name);
    sl_columns_add(columns, sl_codec_name(stats->from));
    sl_columns_add(columns, sl_codec_name(stats->to));
    sl_columns_add(columns, size);
    add_asked(columns, stats->want.bitrate_bps / 1000);
    add_asked(columns, stats->want.quality);
    sl_columns_add(columns, stats->encoder);
    sl_columns_add_number(columns, stats->takers);
    sl_columns_add_time(columns, stats->since_ms);
}

void sl_cli_show_transcoders(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Stream",  "From",    "To",      "Size",  "Kbps",
                                         "Quality", "Encoder", "Players", "Since", NULL};
    struct sl_columns columns;

    sl_columns_init(&columns, titles);
    if (call->console->variants)
        sl_variants_each(call->console->variants, add_variant_row, &columns);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

static void add_process_row(struct sl_columns *columns,
                            const struct sl_transcoder_process_stats *process)
{
    char busy[CELL_MAX];

    (void)snprintf(busy, sizeof(busy), "%u.%u%%", (unsigned)(process->busy_permille / 10),
                   (unsigned)(process->busy_permille % 10));
    sl_columns_add_number(columns, (uint64_t)process->pid);
    sl_columns_add(columns, process->pictures ? "pictures" : "sound");
    sl_columns_add(columns, process->spare ? "true" : "false");
    sl_columns_add_number(columns, process->jobs);
    sl_columns_add(columns, busy);
    sl_columns_add_number(columns, process->memory_bytes / BYTES_PER_MIB);
}

void sl_cli_show_codec_processes(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Pid", "Role", "Spare", "Jobs", "Busy", "MiB", NULL};
    struct sl_transcoder_stats stats = {0};
    struct sl_columns columns;

    if (call->console->transcoder)
        sl_transcoder_stats(call->console->transcoder, &stats);
    sl_columns_init(&columns, titles);
    for (size_t i = 0; i < stats.process_count; i++)
        add_process_row(&columns, &stats.processes[i]);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

/* ---- Mixers (rooms-mixers-diagnostics.md 5, CLI-21) ---- */

static const char mixer_scheme[] = "mixer://";

/* NULL: the call has failed. */
static struct sl_mixer *find_mixer(struct sl_cli_call *call)
{
    const char *uri = call->args.positionals[0];
    bool is_uri = strncmp(uri, mixer_scheme, sizeof(mixer_scheme) - 1) == 0;
    struct sl_mixer *mixer =
        is_uri && call->console->mixers
            ? sl_mixers_find(call->console->mixers, uri + sizeof(mixer_scheme) - 1)
            : NULL;

    if (!mixer)
        sl_cli_call_fail(call, "No such mixer: %s", uri);
    return mixer;
}

static void add_mixer_row(struct sl_mixer *mixer, void *arg)
{
    struct sl_columns *columns = arg;
    struct sl_mixer_stats stats;
    char uri[URI_MAX];

    sl_mixer_stats(mixer, &stats);
    (void)snprintf(uri, sizeof(uri), "%s%s", mixer_scheme, stats.name);
    sl_columns_add(columns, uri);
    sl_columns_add(columns, stats.output);
    sl_columns_add(columns, stats.flows ? "PROCESSED_LOCAL" : "NEW");
    sl_columns_add_number(columns, stats.input_count);
    sl_columns_add_number(columns, sl_stream_takers(stats.stream, SL_TAKER_VIEWER));
    sl_columns_add_number(columns, stats.fps);
}

void sl_cli_show_mixers(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Uri",     "Stream", "Status", "Inputs",
                                         "Players", "Fps",    NULL};
    struct sl_columns columns;

    sl_columns_init(&columns, titles);
    if (call->console->mixers)
        sl_mixers_each(call->console->mixers, add_mixer_row, &columns);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

static void add_mixer_input(const struct sl_mixer_input_stats *input, void *arg)
{
    struct sl_columns *columns = arg;

    sl_columns_add(columns, input->name);
    sl_columns_add(columns, input->id);
    sl_columns_add(columns, input->has_audio ? "true" : "false");
    sl_columns_add(columns, input->has_video ? "true" : "false");
    sl_columns_add_number(columns, (uint64_t)input->level);
    sl_columns_add(columns, input->muted ? "true" : "false");
}

void sl_cli_show_mixer(struct sl_cli_call *call)
{
    static const char *const titles[] = {"Stream", "Id", "Audio", "Video", "Level", "Muted", NULL};
    const struct sl_mixer *mixer = find_mixer(call);
    struct sl_columns columns;

    if (!mixer)
        return;
    sl_columns_init(&columns, titles);
    sl_mixer_each_input(mixer, add_mixer_input, &columns);
    sl_columns_print(&columns, &call->out);
    sl_columns_deinit(&columns);
    sl_cli_call_done(call);
}

void sl_cli_kill_mixer(struct sl_cli_call *call)
{
    struct sl_mixer *mixer = find_mixer(call);

    if (!mixer)
        return;
    sl_mixer_end(mixer, "the console ended it");
    sl_cli_call_done(call);
}

/* ---- The rest ---- */

void sl_cli_show_version(struct sl_cli_call *call)
{
    sl_output_text(&call->out, "Sluice " SLUICE_VERSION "\n");
    sl_cli_call_done(call);
}

void sl_cli_set_log_level(struct sl_cli_call *call)
{
    int level = sl_log_level_parse(call->args.positionals[0]);

    if (level < 0) {
        sl_cli_call_fail(call, "No such level: %s; ERROR, WARN, INFO or DEBUG",
                         call->args.positionals[0]);
        return;
    }
    sl_log_set_level((enum sl_log_level)level);
    sl_cli_call_done(call);
}

void sl_cli_help(struct sl_cli_call *call)
{
    const struct sl_cli_table *table = call->args.table;
    struct sl_words wanted = {.count = call->args.positional_count};
    size_t used = 0;

    for (size_t i = 0; i < wanted.count; i++)
        wanted.words[i] = call->args.positionals[i];
    const struct sl_cli_command *command = sl_cli_find(table, &wanted, &used);
    if (command && used == wanted.count) {
        sl_cli_print_help(command, &call->out);
    } else if (wanted.count == 2 ||
               sl_cli_print_commands(table, wanted.count > 0 ? wanted.words[0] : NULL,
                                     &call->out) == 0) {
        sl_cli_call_fail(call, "Unknown command: %s%s%s", wanted.words[0],
                         wanted.count == 2 ? " " : "", wanted.count == 2 ? wanted.words[1] : "");
        return;
    }
    sl_cli_call_done(call);
}

void sl_cli_exit(struct sl_cli_call *call)
{
    call->closes = true;
    sl_cli_call_done(call);
}
