/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each method does, and in which state it may. */
#include "base/random.h"
#include "rtsp/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FEATURE_MAX = 128 };

/* ---- SETUP ---- */

/* A track, or, of a URL without one, the only one that there is. */
static int track_of(const struct client *client, const struct sl_rtsp_url *url)
{
    const struct sl_rtsp_track *tracks = sl_rtsp_medium_tracks(client->seat.medium);

    if (url->track >= 0)
        return url->track;
    if (tracks[SL_AUDIO].codec == SL_CODEC_NONE)
        return SL_VIDEO;
    return tracks[SL_VIDEO].codec == SL_CODEC_NONE ? SL_AUDIO : -1;
}

static void set_up(struct client *client)
{
    const char *header = sl_rtsp_message_find(client->request, "Transport");
    char transport[SL_RTSP_TRANSPORT_TEXT_MAX];
    struct sl_rtsp_message answer = {.body = NULL};
    struct sl_rtsp_url url;
    int err = header ? sl_rtsp_url_parse(client->request->url, &url) : -EBADMSG;

    if (err == 0) {
        err = sl_rtsp_medium_set_up(client->seat.medium, track_of(client, &url), header,
                                    client->wire, transport);
        sl_rtsp_url_deinit(&url);
    }
    if (err < 0) {
        sl_rtsp_answer_status(client, sl_rtsp_status_of_setup(err));
        return;
    }
    if (client->state == OPEN)
        sl_random_token(client->session_id, TOKEN_LEN);
    client->state = READY;
    sl_rtsp_message_add(&answer, "Transport", transport);
    sl_rtsp_answer(client, 200, &answer, false);
}

/* ---- PLAY ---- */

static void play(struct client *client)
{
    if (client->state == PLAYING) {
        sl_rtsp_answer_status(client, 200); /* a sign of life, to some */
        return;
    }
    if (!sl_rtsp_medium_prepare(client->seat.medium, client->wire, client->session_id)) {
        sl_rtsp_message_free(client->request); /* on_gone() comes */
        client->request = NULL;
    }
}

void sl_rtsp_method_on_prepared(void *owner, const bool has[2], const struct sl_flow_next next[2])
{
    struct client *client = owner;

    client->state = PLAYING;
    sl_rtsp_answer_play(client, has, next);
    sl_rtsp_medium_go(client->seat.medium);
}

/* ---- Methods: each returns a status to answer with at once, or 0 ---- */

static bool is_other_name(const struct client *client, const struct sl_rtsp_url *url)
{
    return !client->url.params || strcmp(client->url.name, url->name) != 0;
}

static int do_describe(struct client *client)
{
    struct sl_rtsp_url url;
    int status = sl_rtsp_status_of_url(sl_rtsp_url_parse(client->request->url, &url));

    if (status)
        return status;
    bool in_session = client_has_session(client);
    /* Another query may be another token. */
    bool other = is_other_name(client, &url) ||
                 (!in_session && strcmp(client->full_url, client->request->url) != 0);
    if (other && in_session) {
        status = 455;
    } else {
        if (other)
            sl_rtsp_visit_turn_to(client, &url);
        sl_rtsp_visit_ask(client, sl_rtsp_answer_description);
    }
    sl_rtsp_url_deinit(&url);
    return status;
}

static int do_setup(struct client *client)
{
    struct sl_rtsp_url url;
    int status = client->state == PLAYING
                     ? 455
                     : sl_rtsp_status_of_url(sl_rtsp_url_parse(client->request->url, &url));

    if (status)
        return status;
    bool other = is_other_name(client, &url);
    if (other && client->state == INIT)
        sl_rtsp_visit_turn_to(client, &url);
    else if (other)
        status = 455;
    sl_rtsp_url_deinit(&url);
    if (status)
        return status;
    if (client->state == READY)
        set_up(client);
    else
        sl_rtsp_visit_ask(client, set_up);
    return 0;
}

static int do_play(struct client *client)
{
    sl_rtsp_visit_ask(client, play);
    return 0;
}

static int do_pause(struct client *client)
{
    sl_rtsp_medium_pause(client->seat.medium);
    client->state = READY;
    return 200;
}

static int do_teardown(struct client *client)
{
    sl_rtsp_visit_leave(client, true);
    return 200;
}

static int do_get_parameter(struct client *client)
{
    (void)client; /* a sign of life; of what it may ask for we know nothing (section 10.8) */
    return 200;
}

static int do_set_parameter(struct client *client)
{
    return client->request->body_len > 0 ? 451 : 200;
}

static const char allowed[] =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

static int do_options(struct client *client)
{
    struct sl_rtsp_message answer = {.body = NULL};

    sl_rtsp_message_add(&answer, "Public", allowed);
    sl_rtsp_answer(client, 200, &answer, false);
    return 0;
}

static int do_not(struct client *client)
{
    struct sl_rtsp_message answer = {.body = NULL};

    sl_rtsp_message_add(&answer, "Allow", allowed);
    sl_rtsp_answer(client, 405, &answer, false);
    return 0;
}

/* ---- Which, and whether ---- */

static const struct method {
    const char *name;
    int (*run)(struct client *client);
    bool in_session; /* only there, and says in which */
} methods[] = {
    {"OPTIONS", do_options, false},
    {"DESCRIBE", do_describe, false},
    {"SETUP", do_setup, false},
    {"PLAY", do_play, true},
    {"PAUSE", do_pause, true},
    {"TEARDOWN", do_teardown, true},
    {"GET_PARAMETER", do_get_parameter, false},
    {"SET_PARAMETER", do_set_parameter, false},
    {"ANNOUNCE", do_not, false},
    {"RECORD", do_not, false},
    {"REDIRECT", do_not, false},
};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < SL_ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}

/* Section 12.37: the id, and perhaps parameters behind it. */
static bool is_session(const struct client *client, const char *header)
{
    size_t len = strcspn(header, "; ");

    return len == TOKEN_LEN && strncmp(header, client->session_id, len) == 0;
}

/* 0: it may run. */
static int why_not(const struct client *client, const struct method *method)
{
    const char *session = sl_rtsp_message_find(client->request, "Session");
    bool has_session = client_has_session(client);

    if (sl_rtsp_message_cseq(client->request) < 0)
        return 400;
    if (!method)
        return 501;
    if (sl_rtsp_message_find(client->request, "Require"))
        return 551;
    if (session && (!has_session || !is_session(client, session)))
        return 454;
    if (method->in_session && !has_session)
        return 455;
    return method->in_session && !session ? 454 : 0;
}

static void answer_unsupported(struct client *client)
{
    struct sl_rtsp_message answer = {.body = NULL};
    char feature[FEATURE_MAX];

    (void)snprintf(feature, sizeof(feature), "%s",
                   sl_rtsp_message_find(client->request, "Require"));
    sl_rtsp_message_add(&answer, "Unsupported", feature);
    sl_rtsp_answer(client, 551, &answer, false);
}

void sl_rtsp_method_run(struct client *client)
{
    const struct method *method = find_method(client->request->method);
    int status = why_not(client, method);

    if (client_is_ending(client))
        return;
    if (status == 551) {
        answer_unsupported(client);
        return;
    }
    if (status == 0)
        status = method->run(client);
    if (status)
        sl_rtsp_answer_status(client, status);
}
