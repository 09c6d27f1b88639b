/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /rest-api/mixer/startup: from a request to a mixer, in steps that each may take a while.
 *
 *   what can be checked at once -> the files of pictures are read -> the output's name is this
 *   node's among all -> the mixer is made, and holds its name by itself from there on
 */
#include "access/access.h"
#include "mixer/mixer.h"
#include "stream/stream.h"

#include "base/blob.h"
#include "base/config.h"
#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"
#include "rest/parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { IMAGES = 2, STARTS_MAX = 64 };

static const char *const image_names[IMAGES] = {"background", "watermark"};

struct start {
    struct sl_list link; /* in part->starts */
    struct sl_mixer_part *part;
    struct sl_call *call;
    json_t *params; /* the call's */
    struct sl_mixer_settings settings;
    struct sl_blob *images[IMAGES];   /* those that are wanted and were read */
    size_t image;                     /* the next one to look at */
    struct sl_mixer_image_load *load; /* NULL: nothing is read now */
    struct sl_directory_call *claim;  /* NULL: nobody is asked now */
};

static void start_free(struct start *start)
{
    sl_list_remove(&start->link);
    start->part->start_count--;
    sl_mixer_image_load_cancel(start->load);
    for (size_t i = 0; i < IMAGES; i++)
        sl_blob_unref(start->images[i]);
    free(start);
}

/* The call's answer, and its end. */
static void refuse(struct start *start, int status, const char *words)
{
    sl_reply_error(start->call, status, "%s", words);
    start_free(start);
}

static void refuse_by(struct start *start, int err)
{
    switch (err) {
    case -EEXIST:
        refuse(start, 409, "uri or localStreamName is in use");
        return;
    case -EINVAL:
        refuse(start, 400, "uri: not mixer://NAME, or localStreamName is none");
        return;
    default:
        refuse(start, 500, "No available transcoders");
        return;
    }
}

/* ---- The mixer ---- */

static const char *output_of(const struct start *start)
{
    return sl_param_text(start->params, "localStreamName");
}

/* The caller may have gone: it is made all the same. */
static int make(struct start *start)
{
    const struct sl_mixer_images images = {start->images[0], start->images[1]};
    const char *name = sl_mixer_params_name(start->params);
    struct sl_mixer *mixer;

    int err = sl_mixers_start(start->part->mixers, name, output_of(start), &start->settings,
                              &images, &mixer);
    if (err == 0)
        sl_mixer_params_note_idle(name, start->params);
    return err;
}

static void finish(struct start *start, int err)
{
    if (err < 0) {
        refuse_by(start, err);
        return;
    }
    sl_reply_empty(start->call);
    start_free(start);
}

/* ---- Its name ---- */

/* Its stream is announced as it comes alive, and holds the name by that. */
static void on_claimed(void *owner, int err)
{
    struct start *start = owner;
    const struct sl_directory *directory = start->part->directory;

    assert(start->claim); /* not from within */
    start->claim = NULL;
    if (err == 0) {
        err = make(start);
        directory->release(directory->arg, output_of(start));
    }
    finish(start, err);
}

static void claim(struct start *start)
{
    const struct sl_directory *directory = start->part->directory;

    if (directory)
        start->claim = directory->claim(directory->arg, output_of(start), on_claimed, start);
    else
        finish(start, make(start));
}

/* ---- Its images ---- */

static const char *file_of(const struct start *start, size_t image)
{
    return sl_param_text(start->params, image_names[image]);
}

static void refuse_image(struct start *start, int err, const char *words)
{
    int status = err == -ENOENT ? 404 : err == -EBADMSG ? 400 : 500;

    sl_reply_error(start->call, status, "%s: %s", image_names[start->image], words);
    start_free(start);
}

static void read_images(struct start *start);

static void on_image(void *owner, int err, const char *words, struct sl_blob *file)
{
    struct start *start = owner;

    assert(start->load); /* not from within */
    start->load = NULL;
    if (err < 0) {
        refuse_image(start, err, words);
        return;
    }
    start->images[start->image++] = file;
    read_images(start);
}

static void read_images(struct start *start)
{
    while (start->image < IMAGES && !file_of(start, start->image))
        start->image++;
    if (start->image < IMAGES)
        start->load = sl_mixer_image_load_start(start->part->mixers, file_of(start, start->image),
                                                on_image, start);
    else
        claim(start);
}

/* ---- The request ---- */

/* 0, or -EINVAL with words. */
static int check(const struct sl_mixer_part *part, json_t *params,
                 struct sl_mixer_settings *settings, struct sl_error *error)
{
    const char *name = sl_mixer_params_name(params);

    if (!name || !sl_mixer_name_is_valid(name))
        return sl_error_set(error, -EINVAL, "uri: not mixer://NAME");
    for (size_t i = 0; i < IMAGES; i++) {
        const char *file = sl_param_text(params, image_names[i]);
        if (file && !sl_mixer_image_name_is_valid(file))
            return sl_error_set(error, -EINVAL, "%s: a plain name, without a path", image_names[i]);
    }
    sl_mixer_settings_init(settings, part->config);
    settings->has_audio = sl_mixer_params_want(params, "hasAudio");
    settings->has_video = sl_mixer_params_want(params, "hasVideo");
    if (!settings->has_audio && !settings->has_video)
        return sl_error_set(error, -EINVAL, "hasAudio, hasVideo: nothing is mixed");
    return sl_mixer_params_apply(params, SL_MIXER_AT_START, settings, error);
}

void sl_mixer_part_answer_startup(struct sl_call *call, void *arg)
{
    struct sl_mixer_part *part = arg;
    json_t *params = sl_call_body(call);
    struct sl_mixer_settings settings;
    struct sl_error error = {""};

    if (check(part, params, &settings, &error) < 0) {
        sl_reply_error(call, 400, "%s", error.text);
        return;
    }
    if (part->start_count >= STARTS_MAX) {
        sl_reply_error(call, 500, "too many mixers are being made");
        return;
    }
    struct start *start = sl_new(struct start);
    start->part = part;
    start->call = call;
    start->params = params;
    start->settings = settings;
    sl_list_append(&part->starts, &start->link);
    part->start_count++;
    read_images(start);
}

void sl_mixer_part_deinit(struct sl_mixer_part *part)
{
    while (part->mixers && !sl_list_empty(&part->starts)) {
        struct start *start = sl_list_first(&part->starts, struct start, link);
        if (start->claim)
            part->directory->cancel(part->directory->arg, start->claim);
        refuse(start, 503, "the server is shutting down");
    }
}
