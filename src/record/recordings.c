/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which recordings there are. A subject is a stream that is or was recorded, from its first
 * recording until it has ended and its last file is whole; a take is one recording of it. As a rule
 * there is one take; a second begins while the first one ends where an operator orders it.
 */
#include "record/record.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/net.h"
#include "record/disk.h"
#include "record/plan.h"
#include "record/recorder.h"
#include "record/script.h"
#include "stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
    DIR_MAX = 4096,
    MEGABYTE = 1 << 20,
    CODEC_MS = 1000, /* no file is shorter because its source cannot make up its mind */
};

struct sl_recordings {
    struct sl_recordings_config config;
    struct sl_archive archive;
    struct sl_record_disk *disk; /* NULL: there is no directory */
    struct sl_record_scripts *scripts;
    struct sl_later stopped;
    struct sl_streams_listener listener;
    struct sl_list subjects;
    size_t count; /* takes that have not been stopped */
    bool stopping;
    void (*on_stopped)(void *owner);
    void *on_stopped_owner;
};

struct subject {
    struct sl_list link;
    struct sl_recordings *recordings;
    struct sl_stream *stream; /* NULL: it has ended */
    struct sl_stream_listener listener;
    struct sl_taker taker;
    char *name, *id;          /* of the stream */
    char *session_id, *login; /* NULL: not known */
    struct sl_list takes;
    struct take *current;          /* NULL: it is not recorded now */
    struct sl_record_plan plan;    /* of the current one */
    _Atomic unsigned last_number;  /* of the parts made by it; the recorders' */
    struct sl_timer *codec_timer;  /* runs when its codec has changed */
    char last[SL_RECORD_NAME_MAX]; /* of the files that are whole, the last; "": none */
    struct sl_archive_end *end;    /* NULL: nobody waits */
};

struct take {
    struct sl_list link;
    struct subject *subject;
    struct sl_program *program;
    struct sl_recorder *recorder;
    int64_t since_ms;
    struct sl_record_form form;
    char name[SL_RECORD_NAME_MAX]; /* of the file that is being written; "": it waits for a frame */
    bool failed;                   /* and it has been told */
};

/* Somebody who waits for the last file of a subject. */
struct sl_archive_end {
    struct subject *subject; /* NULL: it has gone */
    struct sl_timer *timer;
    struct sl_later told;
    char name[SL_RECORD_NAME_MAX];
    void (*on_ended)(void *owner, const char *name);
    void *owner;
};

/* ---- Ends that are told ---- */

static void end_free(struct sl_archive_end *end)
{
    if (end->subject)
        end->subject->end = NULL;
    sl_timer_destroy(end->timer);
    sl_later_cancel(&end->told);
    free(end);
}

static void on_told(struct sl_later *later)
{
    struct sl_archive_end *end = sl_container_of(later, struct sl_archive_end, told);
    void (*on_ended)(void *owner, const char *name) = end->on_ended;
    void *owner = end->owner;
    char name[SL_RECORD_NAME_MAX];

    memcpy(name, end->name, sizeof(name));
    end_free(end);
    on_ended(owner, name[0] ? name : NULL);
}

static void tell_end(struct sl_archive_end *end, const char *name)
{
    (void)snprintf(end->name, sizeof(end->name), "%s", name);
    sl_timer_stop(end->timer);
    sl_loop_later(end->subject->recordings->config.loop, &end->told);
    end->subject->end = NULL;
    end->subject = NULL;
}

/* What it will be called, as well as that is known. */
static void on_end_timeout(void *owner)
{
    struct sl_archive_end *end = owner;
    struct subject *subject = end->subject;
    struct take *take = sl_list_first(&subject->takes, struct take, link);
    char quoted[128];

    sl_log(SL_LOG_WARN, NULL,
           "record: the file of %s is not whole yet, its end is told all the same",
           sl_log_quote(quoted, sizeof(quoted), subject->name));
    tell_end(end, take && take->name[0] ? take->name : subject->last);
}

/* ---- Subjects ---- */

static void on_all_gone(struct sl_later *later)
{
    struct sl_recordings *recordings = sl_container_of(later, struct sl_recordings, stopped);

    recordings->on_stopped(recordings->on_stopped_owner);
}

static void check_stopped(struct sl_recordings *recordings)
{
    if (recordings->stopping && sl_list_empty(&recordings->subjects))
        sl_loop_later(recordings->config.loop, &recordings->stopped);
}

static void check_subject(struct subject *subject)
{
    struct sl_recordings *recordings = subject->recordings;

    if (!sl_list_empty(&subject->takes))
        return;
    if (subject->end)
        tell_end(subject->end, subject->last);
    if (subject->stream && !recordings->stopping)
        return;
    sl_stream_unlisten(&subject->listener);
    sl_taker_detach(&subject->taker);
    sl_list_remove(&subject->link);
    sl_timer_destroy(subject->codec_timer);
    sl_record_plan_deinit(&subject->plan);
    free(subject->name);
    free(subject->id);
    free(subject->session_id);
    free(subject->login);
    free(subject);
    check_stopped(recordings);
}

/* followed: what comes after it is of the same recording. */
static void stop_take_for(struct subject *subject, bool followed)
{
    struct take *take = subject->current;

    if (!take)
        return;
    subject->current = NULL;
    subject->recordings->count--;
    sl_taker_detach(&subject->taker);
    sl_timer_stop(subject->codec_timer);
    sl_recorder_stop(take->recorder, followed);
}

static void stop_take(struct subject *subject)
{
    stop_take_for(subject, false);
}

static void on_stream_end(struct sl_stream_listener *listener)
{
    struct subject *subject = sl_container_of(listener, struct subject, listener);

    subject->stream = NULL;
    stop_take(subject);
    check_subject(subject);
}

static struct subject *find(const struct sl_recordings *recordings, const struct sl_stream *stream)
{
    struct subject *subject;

    sl_list_foreach(subject, &recordings->subjects, struct subject, link)
    {
        if (subject->stream == stream)
            return subject;
    }
    return NULL;
}

static void on_codec(struct sl_stream_listener *listener, enum sl_media_kind kind);
static void on_codec_timer(void *owner);

static struct subject *get(struct sl_recordings *recordings, struct sl_stream *stream)
{
    struct subject *subject = find(recordings, stream);

    if (subject)
        return subject;
    subject = sl_new(struct subject);
    subject->recordings = recordings;
    subject->stream = stream;
    subject->name = sl_strdup(sl_stream_name(stream));
    subject->id = sl_strdup(sl_stream_id(stream));
    subject->codec_timer = sl_timer_create(recordings->config.loop, on_codec_timer, subject);
    subject->listener.on_codec = on_codec;
    subject->listener.on_end = on_stream_end;
    sl_stream_listen(stream, &subject->listener);
    sl_list_init(&subject->takes);
    sl_list_append(&recordings->subjects, &subject->link);
    return subject;
}

/* ---- What a recorder tells ---- */

static void tell(const struct subject *subject, enum sl_recording_event event, const char *name,
                 const char *info)
{
    const struct sl_recordings_config *config = &subject->recordings->config;

    config->on_event(config->arg, subject->id, event, name, info);
}

static void on_begun(void *owner, const char *name)
{
    struct take *take = owner;

    (void)snprintf(take->name, sizeof(take->name), "%s", name);
    sl_count(take->subject->recordings->config.counters, SL_COUNTER_RECORDINGS_STARTED, 1);
    tell(take->subject, SL_RECORDING_STARTED, name, NULL);
}

static void run_script(struct sl_recordings *recordings, const char *stream, const char *name)
{
    char path[DIR_MAX + SL_RECORD_NAME_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", sl_record_disk_path(recordings->disk), name);
    sl_record_scripts_run(recordings->scripts, recordings->config.config->on_record_hook_script,
                          stream, path);
}

/* Once, of the first of its files. name: "" as take->name. */
static void tell_failed(struct take *take, const char *name, int err)
{
    const struct subject *subject = take->subject;

    if (take->failed)
        return;
    take->failed = true;
    sl_count(subject->recordings->config.counters, SL_COUNTER_RECORDINGS_FAILED, 1);
    tell(subject, SL_RECORDING_FAILED, name[0] ? name : take->name, strerror(-err));
}

static void on_closed(void *owner, const struct sl_record_closed *closed)
{
    struct take *take = owner;
    struct subject *subject = take->subject;
    struct sl_recordings *recordings = subject->recordings;
    char quoted[128];

    if (closed->err < 0)
        tell_failed(take, closed->name, closed->err);
    if (!closed->name[0])
        return;
    memcpy(subject->last, closed->name, strlen(closed->name) + 1);
    sl_count(recordings->config.counters, SL_COUNTER_RECORDINGS_WRITTEN, 1);
    sl_log(SL_LOG_INFO, NULL, "record: %s of %s is whole, %llu bytes", closed->name,
           sl_log_quote(quoted, sizeof(quoted), subject->name), (unsigned long long)closed->len);
    tell(subject, SL_RECORDING_STOPPED, closed->name, NULL);
    run_script(recordings, subject->name, closed->name);
}

static void on_failing(void *owner, int err)
{
    struct take *take = owner;

    tell_failed(take, take->name, err);
    if (take->subject->current == take)
        stop_take(take->subject);
}

static void on_ended(void *owner, unsigned gaps)
{
    struct take *take = owner;
    struct subject *subject = take->subject;

    sl_count(subject->recordings->config.counters, SL_COUNTER_RECORD_GAPS, gaps);
    sl_recorder_destroy(take->recorder);
    sl_program_release(take->program);
    sl_list_remove(&take->link);
    free(take);
    check_subject(subject);
}

static const struct sl_recorder_ops recorder_ops = {on_begun, on_closed, on_failing, on_ended};

/* ---- Beginning ---- */

void sl_recordings_apply(struct sl_recordings *recordings)
{
    const struct sl_config *config = recordings->config.config;

    if (recordings->disk)
        sl_record_disk_set_bounds(recordings->disk, (uint64_t)config->record_free_min_mb * MEGABYTE,
                                  (uint64_t)config->record_dir_max_mb * MEGABYTE);
}

static int check_room(struct sl_recordings *recordings, bool replaces, struct sl_error *error)
{
    const struct sl_config *config = recordings->config.config;

    if (recordings->stopping)
        return sl_error_set(error, -ECANCELED, "the server ends");
    if (!recordings->disk)
        return sl_error_set(error, -ENOENT, "there is no record_dir");
    if (!replaces && recordings->count >= (size_t)config->records_max)
        return sl_error_set(error, -ENOBUFS, "records_max: there are %zu recordings",
                            recordings->count);
    int state = sl_record_disk_state(recordings->disk);
    return state < 0 ? sl_error_set(error, state, "record_dir: %s", strerror(-state)) : 0;
}

static void begin_take(struct subject *subject, struct sl_program *program,
                       const struct sl_record_form *form)
{
    struct sl_recordings *recordings = subject->recordings;
    const struct sl_config *config = recordings->config.config;
    struct take *take = sl_new(struct take);
    struct sl_recorder_config recorder = {
        .program = program,
        .disk = recordings->disk,
        .control = recordings->config.loop,
        .container = form->container,
        .stream = subject->name,
        .template = subject->plan.template,
        .rotation = subject->plan.rotation,
        .last_number = &subject->last_number,
        .keyframe_us = config->record_keyframe_ms * SL_US_PER_MS,
        .queue_us = config->record_queue_ms * SL_US_PER_MS,
        .sync_us = config->record_sync_ms * SL_US_PER_MS,
        .ops = &recorder_ops,
        .owner = take,
    };

    take->subject = subject;
    take->program = program;
    take->form = *form;
    take->since_ms = sl_wall_ms();
    sl_record_facts_init(&recorder.facts);
    recorder.facts.stream_name = subject->name;
    recorder.facts.session_id = subject->session_id ? subject->session_id : "";
    recorder.facts.media_session_id = subject->id;
    recorder.facts.login = subject->login ? subject->login : "";
    take->recorder = sl_recorder_create(&recorder);
    sl_list_append(&subject->takes, &take->link);
    subject->current = take;
    recordings->count++;
    subject->taker =
        (struct sl_taker){.kind = SL_TAKER_OUTPUT, .protocol = "record", .id = subject->id};
    sl_taker_attach(&subject->taker, subject->stream);
}

/* ---- A source that goes on in another codec ---- */

/* Files have one: what follows is a part of its own. */
static void on_codec_timer(void *owner)
{
    struct subject *subject = owner;
    struct sl_recordings *recordings = subject->recordings;
    struct take *take = subject->current;
    struct sl_record_form form;
    struct sl_program *program;

    sl_record_form_choose(recordings->config.config, subject->stream, &form);
    if (sl_record_forms_equal(&form, &take->form))
        return;
    int err = sl_program_take(recordings->config.programs, subject->stream, &form.want, &program);
    if (err < 0) {
        tell_failed(take, take->name, err);
        stop_take(subject);
        return;
    }
    stop_take_for(subject, true);
    begin_take(subject, program, &form);
}

static void on_codec(struct sl_stream_listener *listener, enum sl_media_kind kind)
{
    struct subject *subject = sl_container_of(listener, struct subject, listener);

    (void)kind;
    if (!subject->current)
        return;
    int64_t age_ms = sl_wall_ms() - subject->current->since_ms;
    bool at_once = age_ms >= CODEC_MS || !subject->current->name[0];
    sl_timer_start(subject->codec_timer, at_once ? 0 : CODEC_MS, 0);
}

/* ---- Orders ---- */

static void note_client(struct subject *subject, const char *session_id, const char *login)
{
    if (session_id) {
        free(subject->session_id);
        subject->session_id = sl_strdup(session_id);
    }
    if (login) {
        free(subject->login);
        subject->login = sl_strdup(login);
    }
}

static int start(struct sl_recordings *recordings, struct sl_stream *stream,
                 const struct sl_recording_order *order, struct sl_error *error)
{
    struct subject *subject = find(recordings, stream);
    struct sl_record_plan plan;
    struct sl_record_form form;
    struct sl_program *program;

    int err = sl_record_plan_init(recordings->config.config, order, &plan, error);
    if (err < 0)
        return err;
    err = check_room(recordings, subject && subject->current, error);
    if (err == 0) {
        sl_record_form_choose(recordings->config.config, stream, &form);
        err = sl_program_take(recordings->config.programs, stream, &form.want, &program);
        if (err < 0)
            (void)sl_error_set(error, err, "nothing of it can be recorded");
    }
    if (err < 0) {
        sl_record_plan_deinit(&plan);
        return err;
    }
    subject = get(recordings, stream);
    note_client(subject, order->session_id, order->login);
    stop_take(subject);
    sl_record_plan_deinit(&subject->plan);
    subject->plan = plan;
    atomic_store(&subject->last_number, 0);
    begin_take(subject, program, &form);
    return 0;
}

int sl_recordings_start(struct sl_recordings *recordings, struct sl_stream *stream,
                        const struct sl_recording_order *order, struct sl_error *error)
{
    int err = start(recordings, stream, order, error);

    if (err < 0)
        sl_count(recordings->config.counters, SL_COUNTER_RECORD_REFUSED, 1);
    return err;
}

int sl_recordings_end(struct sl_recordings *recordings, const struct sl_stream *stream)
{
    struct subject *subject = find(recordings, stream);

    if (!subject || !subject->current)
        return -ENOENT;
    stop_take(subject);
    return 0;
}

/* ---- For whoever decides about publications ---- */

static bool is_of_a_kind(const struct sl_config *config, const struct sl_stream *stream)
{
    const struct {
        const char *protocol;
        bool recorded;
    } kinds[] = {{"rtmp", config->record_flash_published_streams},
                 {"rtsp", config->record_rtsp_streams},
                 {"mixer", config->record_mixer_streams}};

    for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++) {
        if (kinds[i].recorded && strcmp(sl_stream_protocol(stream), kinds[i].protocol) == 0)
            return true;
    }
    return false;
}

static void start_or_warn(struct sl_recordings *recordings, struct sl_stream *stream,
                          const struct sl_recording_order *order)
{
    struct sl_error error;
    char quoted[128];

    if (sl_recordings_start(recordings, stream, order, &error) < 0)
        sl_log(SL_LOG_WARN, NULL, "record: %s is not recorded: %s",
               sl_log_quote(quoted, sizeof(quoted), sl_stream_name(stream)), error.text);
}

static int64_t since_ms(void *arg, const struct sl_stream *stream)
{
    const struct subject *subject = find(arg, stream);

    return subject && subject->current ? subject->current->since_ms : 0;
}

static void begin(void *arg, struct sl_stream *stream, const struct sl_archive_request *request)
{
    struct sl_recordings *recordings = arg;

    if (!(request->asked && recordings->config.config->record_streams) &&
        !is_of_a_kind(recordings->config.config, stream))
        return;
    if (since_ms(recordings, stream) == 0)
        start_or_warn(recordings, stream,
                      &(struct sl_recording_order){
                          .rotation = request->of_room ? "disabled" : NULL,
                          .session_id = request->session_id,
                          .login = request->login,
                      });
}

static struct sl_archive_end *end(void *arg, struct sl_stream *stream,
                                  void (*on_end)(void *owner, const char *name), void *owner)
{
    struct sl_recordings *recordings = arg;
    struct subject *subject = find(recordings, stream);

    if (!subject || subject->end || (sl_list_empty(&subject->takes) && !subject->last[0]))
        return NULL;
    struct sl_archive_end *waiting = sl_new(struct sl_archive_end);
    waiting->subject = subject;
    waiting->told.run = on_told;
    waiting->on_ended = on_end;
    waiting->owner = owner;
    waiting->timer = sl_timer_create(recordings->config.loop, on_end_timeout, waiting);
    sl_timer_start(waiting->timer, (uint64_t)recordings->config.config->record_finish_timeout_ms,
                   0);
    subject->end = waiting;
    stop_take(subject);
    if (sl_list_empty(&subject->takes))
        tell_end(waiting, subject->last);
    return waiting;
}

static void cancel(void *arg, struct sl_archive_end *waiting)
{
    (void)arg;
    end_free(waiting);
}

const struct sl_archive *sl_recordings_archive(const struct sl_recordings *recordings)
{
    return &recordings->archive;
}

/* What no session publishes. */
static void on_live(struct sl_streams_listener *listener, struct sl_stream *stream)
{
    struct sl_recordings *recordings = sl_container_of(listener, struct sl_recordings, listener);

    if (is_of_a_kind(recordings->config.config, stream))
        start_or_warn(recordings, stream, &(struct sl_recording_order){0});
}

/* ---- Lists ---- */

void sl_recordings_each(const struct sl_recordings *recordings,
                        void (*fn)(const char *name, const char *id, void *arg), void *arg)
{
    struct subject *subject;

    sl_list_foreach(subject, &recordings->subjects, struct subject, link)
    {
        if (subject->current)
            fn(subject->current->name, subject->id, arg);
    }
}

size_t sl_recordings_count(const struct sl_recordings *recordings)
{
    return recordings->count;
}

int sl_recordings_dir(const struct sl_recordings *recordings)
{
    return recordings->disk ? sl_record_disk_fd(recordings->disk) : -ENOENT;
}

/* ---- Life ---- */

static void on_repaired(void *owner, const char *stream, const char *name)
{
    run_script(owner, stream, name);
}

static void open_disk(struct sl_recordings *recordings)
{
    const struct sl_config *config = recordings->config.config;
    char dir[DIR_MAX];
    const struct sl_record_disk_config disk = {
        .dir = dir,
        .control = recordings->config.loop,
        .on_repaired = on_repaired,
        .owner = recordings,
    };
    struct sl_error error;

    if (config->record_dir[0])
        (void)snprintf(dir, sizeof(dir), "%s", config->record_dir);
    else
        (void)snprintf(dir, sizeof(dir), "%s/records", config->state_dir);
    if (sl_record_disk_create(&disk, &recordings->disk, &error) < 0) {
        sl_log(SL_LOG_WARN, NULL, "record: nothing can be recorded: %s", error.text);
        return;
    }
    sl_recordings_apply(recordings);
}

struct sl_recordings *sl_recordings_create(const struct sl_recordings_config *config)
{
    struct sl_recordings *recordings = sl_new(struct sl_recordings);

    recordings->config = *config;
    recordings->archive = (struct sl_archive){recordings, begin, since_ms, end, cancel};
    sl_list_init(&recordings->subjects);
    recordings->scripts = sl_record_scripts_create(config->loop);
    recordings->stopped.run = on_all_gone;
    recordings->listener.on_live = on_live;
    sl_streams_listen(config->streams, &recordings->listener);
    open_disk(recordings);
    return recordings;
}

void sl_recordings_stop(struct sl_recordings *recordings, void (*on_stopped)(void *owner),
                        void *owner)
{
    recordings->stopping = true;
    recordings->on_stopped = on_stopped;
    recordings->on_stopped_owner = owner;
    sl_streams_unlisten(&recordings->listener);
    for (struct sl_list *at = recordings->subjects.next; at != &recordings->subjects;) {
        struct subject *subject = sl_container_of(at, struct subject, link);
        at = at->next; /* it may go from within */
        stop_take(subject);
        check_subject(subject);
    }
    check_stopped(recordings);
}

void sl_recordings_destroy(struct sl_recordings *recordings)
{
    if (!recordings)
        return;
    sl_streams_unlisten(&recordings->listener);
    sl_record_disk_destroy(recordings->disk);
    sl_record_scripts_destroy(recordings->scripts);
    sl_later_cancel(&recordings->stopped);
    free(recordings);
}
