/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The publishing half of RTMP: handshake, commands, and what a server may say meanwhile. */
#include "rtmp/client.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "mux/mux.h"
#include "rtmp/auth.h"
#include "rtmp/wire.h"

#include <errno.h>

enum {
    OUR_CHUNK_SIZE = 4096,
    COMMAND_MAX = 8192,
    COMMAND_STREAM = 3, /* chunk streams: by custom */
    AUDIO_STREAM = 4,
    VIDEO_STREAM = 6,
    DATA_STREAM = 5,
    PUBLISH_STREAM = 8,
    READ_LEN_MAX = 64 << 10, /* a message to a publisher; they are a few hundred bytes */
};

enum transaction {
    CONNECT = 1,
    RELEASE_STREAM,
    FC_PUBLISH,
    CREATE_STREAM,
    PUBLISH,
    FC_UNPUBLISH,
    DELETE_STREAM
};

/*
 * GREETING --handshake--> CONNECTING --_result--> CREATING --_result--> ASKING
 *   --NetStream.Publish.Start--> PUBLISHING            (each by set_state())
 * any --sl_rtmp_client_close() or an error--> CLOSED --sl_rtmp_client_open()--> GREETING
 */
enum state { CLOSED, GREETING, CONNECTING, CREATING, ASKING, PUBLISHING };

struct sl_rtmp_client {
    char *app, *tc_url, *publish, *flash_version, *user, *password;
    struct sl_outbox *out;
    enum state state;
    char auth_query[SL_RTMP_AUTH_QUERY_MAX];
    char redirect[SL_AMF_TEXT_MAX]; /* "": none */
    struct sl_rtmp_wire wire;
    uint32_t stream_id;
    struct sl_error *error; /* during sl_rtmp_client_input() */
};

static void set_state(struct sl_rtmp_client *rtmp, enum state state)
{
    rtmp->state = state;
}

static const struct sl_rtmp_wire_ops wire_ops;

struct sl_rtmp_client *sl_rtmp_client_create(const struct sl_rtmp_client_config *config,
                                             struct sl_outbox *out)
{
    struct sl_rtmp_client *rtmp = sl_new(struct sl_rtmp_client);

    rtmp->app = sl_strdup(config->app);
    rtmp->tc_url = sl_strdup(config->tc_url);
    rtmp->publish = sl_strdup(config->publish);
    rtmp->flash_version = sl_strdup(config->flash_version);
    rtmp->user = sl_strdup(config->user);
    rtmp->password = sl_strdup(config->password);
    rtmp->out = out;
    rtmp->wire.ops = &wire_ops;
    rtmp->wire.owner = rtmp;
    return rtmp;
}

void sl_rtmp_client_destroy(struct sl_rtmp_client *rtmp)
{
    if (!rtmp)
        return;
    sl_rtmp_wire_deinit(&rtmp->wire);
    free(rtmp->app);
    free(rtmp->tc_url);
    free(rtmp->publish);
    free(rtmp->flash_version);
    free(rtmp->user);
    free(rtmp->password);
    free(rtmp);
}

/* ---- What we say ---- */

static void send_message(struct sl_rtmp_client *rtmp, unsigned chunk_stream, uint8_t type,
                         uint32_t stream_id, const struct sl_writer *w)
{
    struct sl_rtmp_message message = {
        .type = type, .stream_id = stream_id, .body = w->start, .len = sl_writer_len(w)};

    sl_rtmp_wire_send(&rtmp->wire, chunk_stream, &message, NULL, 0);
}

/* The texts are bounded (push.h struct sl_push_target), so a command always fits. */
static void write_joined(struct sl_writer *w, const char *text, const char *more)
{
    char joined[COMMAND_MAX / 2];

    (void)snprintf(joined, sizeof(joined), "%s%s", text, more);
    sl_amf_write_string(w, joined);
}

/* The fields and their order are those of the original server's message, which has 251 bytes. */
static void send_connect(struct sl_rtmp_client *rtmp)
{
    uint8_t body[COMMAND_MAX];
    struct sl_writer w = sl_writer_of(body, sizeof(body));
    static const struct {
        const char *key;
        double value;
    } abilities[] = {
        {"capabilities", 15},
        {"audioCodecs", 4071},
        {"videoCodecs", 252},
        {"videoFunction", 1},
        {"objectEncoding", 0 /* AMF0 */},
    };

    sl_amf_write_string(&w, "connect");
    sl_amf_write_number(&w, CONNECT);
    sl_amf_write_object_begin(&w);
    sl_amf_write_key(&w, "app");
    write_joined(&w, rtmp->app, rtmp->auth_query);
    sl_amf_write_key(&w, "flashVer");
    sl_amf_write_string(&w, rtmp->flash_version);
    sl_amf_write_key(&w, "tcUrl");
    write_joined(&w, rtmp->tc_url, rtmp->auth_query);
    sl_amf_write_key(&w, "fpad");
    sl_amf_write_bool(&w, false);
    for (size_t i = 0; i < SL_ARRAY_LEN(abilities); i++) {
        sl_amf_write_key(&w, abilities[i].key);
        sl_amf_write_number(&w, abilities[i].value);
    }
    sl_amf_write_object_end(&w);
    send_message(rtmp, COMMAND_STREAM, SL_RTMP_COMMAND, 0, &w);
}

/* name, transaction, null, and one text if it is not NULL. */
static void send_command(struct sl_rtmp_client *rtmp, const char *name,
                         enum transaction transaction, const char *text)
{
    uint8_t body[COMMAND_MAX];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_amf_write_string(&w, name);
    sl_amf_write_number(&w, transaction);
    sl_amf_write_null(&w);
    if (text)
        sl_amf_write_string(&w, text);
    send_message(rtmp, COMMAND_STREAM, SL_RTMP_COMMAND, 0, &w);
}

static void send_publish(struct sl_rtmp_client *rtmp)
{
    uint8_t body[COMMAND_MAX];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_amf_write_string(&w, "publish");
    sl_amf_write_number(&w, PUBLISH);
    sl_amf_write_null(&w);
    sl_amf_write_string(&w, rtmp->publish);
    sl_amf_write_string(&w, "live");
    send_message(rtmp, PUBLISH_STREAM, SL_RTMP_COMMAND, rtmp->stream_id, &w);
}

static void send_delete_stream(struct sl_rtmp_client *rtmp)
{
    uint8_t body[64];
    struct sl_writer w = sl_writer_of(body, sizeof(body));

    sl_amf_write_string(&w, "deleteStream");
    sl_amf_write_number(&w, DELETE_STREAM);
    sl_amf_write_null(&w);
    sl_amf_write_number(&w, rtmp->stream_id);
    send_message(rtmp, COMMAND_STREAM, SL_RTMP_COMMAND, 0, &w);
}

void sl_rtmp_client_open(struct sl_rtmp_client *rtmp)
{
    sl_outbox_clear(rtmp->out);
    rtmp->stream_id = 0;
    sl_rtmp_wire_open(&rtmp->wire, rtmp->out, READ_LEN_MAX);
    set_state(rtmp, GREETING);
}

bool sl_rtmp_client_is_greeted(const struct sl_rtmp_client *rtmp)
{
    return rtmp->state >= CONNECTING;
}

const char *sl_rtmp_client_redirect(const struct sl_rtmp_client *rtmp)
{
    return rtmp->redirect;
}

bool sl_rtmp_client_is_publishing(const struct sl_rtmp_client *rtmp)
{
    return rtmp->state == PUBLISHING;
}

void sl_rtmp_client_send(struct sl_rtmp_client *rtmp, enum sl_rtmp_type type, uint32_t timestamp_ms,
                         const uint8_t *head, size_t head_len, const uint8_t *tail, size_t tail_len)
{
    unsigned chunk_stream = type == SL_RTMP_AUDIO   ? AUDIO_STREAM
                            : type == SL_RTMP_VIDEO ? VIDEO_STREAM
                                                    : DATA_STREAM;
    struct sl_rtmp_message message = {
        .type = (uint8_t)type,
        .timestamp_ms = timestamp_ms,
        .stream_id = rtmp->stream_id,
        .body = head,
        .len = head_len,
    };

    if (rtmp->state == PUBLISHING && head_len + tail_len <= SL_RTMP_MESSAGE_LEN_MAX)
        sl_rtmp_wire_send(&rtmp->wire, chunk_stream, &message, tail, tail_len);
}

void sl_rtmp_client_close(struct sl_rtmp_client *rtmp)
{
    if (rtmp->state == ASKING || rtmp->state == PUBLISHING) {
        send_command(rtmp, "FCUnpublish", FC_UNPUBLISH, rtmp->publish);
        send_delete_stream(rtmp);
    }
    set_state(rtmp, CLOSED);
}

/* ---- What the server says ---- */

/* The second argument of _result, _error and onStatus. */
struct status {
    struct sl_amf_text fields[4]; /* level, code, description, ex.redirect */
};

static void read_status(struct sl_reader *r, struct status *out)
{
    static const char *const names[] = {"level", "code", "description", "ex.redirect"};

    sl_amf_read_fields(r, names, out->fields, SL_ARRAY_LEN(names));
}

/* Servers that spread publishers say where to in `ex`, with the code 302; older ones, as in the
 * dialogue about credentials, write "code=302 ... rtmp://..." into the description. */
static bool take_redirect(struct sl_rtmp_client *rtmp, const struct status *status)
{
    const char *url = status->fields[3].text, *description = status->fields[2].text;

    if (url[0] == '\0' && strstr(description, "code=302")) {
        const char *plain = strstr(description, "rtmp://"), *tls = strstr(description, "rtmps://");
        url = tls && (!plain || tls < plain) ? tls : plain ? plain : "";
        (void)snprintf(rtmp->redirect, sizeof(rtmp->redirect), "%.*s", (int)strcspn(url, " ]\"'"),
                       url);
    } else {
        bool cut = strlen(url) == SL_AMF_TEXT_MAX - 1;
        (void)snprintf(rtmp->redirect, sizeof(rtmp->redirect), "%s", cut ? "(too long)" : url);
    }
    return rtmp->redirect[0] != '\0';
}

static int redirect(struct sl_rtmp_client *rtmp)
{
    return sl_error_set(rtmp->error, -EREMOTE, "the server wants us elsewhere");
}

static int refuse(struct sl_rtmp_client *rtmp, int code, const char *what,
                  const struct status *status)
{
    return sl_error_set(rtmp->error, code, "%s: %.80s %.100s", what, status->fields[1].text,
                        status->fields[2].text);
}

static int on_result(struct sl_rtmp_client *rtmp, int transaction, struct sl_reader *r)
{
    if (transaction == CONNECT && rtmp->state == CONNECTING) {
        send_command(rtmp, "releaseStream", RELEASE_STREAM, rtmp->publish);
        send_command(rtmp, "FCPublish", FC_PUBLISH, rtmp->publish);
        send_command(rtmp, "createStream", CREATE_STREAM, NULL);
        set_state(rtmp, CREATING);
    } else if (transaction == CREATE_STREAM && rtmp->state == CREATING) {
        sl_amf_skip(r);
        double id = sl_amf_read_number(r);
        if (!r->ok || !(id >= 0 && id <= UINT32_MAX))
            return sl_error_set(rtmp->error, -EBADMSG, "RTMP: createStream gave no number");
        rtmp->stream_id = (uint32_t)id;
        sl_rtmp_wire_set_chunk_size(&rtmp->wire, OUR_CHUNK_SIZE);
        send_publish(rtmp);
        set_state(rtmp, ASKING);
    }
    return 0;
}

static int on_refused(struct sl_rtmp_client *rtmp, int transaction, struct sl_reader *r)
{
    struct status status;
    struct sl_rtmp_credentials credentials = {rtmp->user, rtmp->password, rtmp->app};

    sl_amf_skip(r);
    read_status(r, &status);
    if ((transaction == CONNECT || transaction == CREATE_STREAM || transaction == PUBLISH) &&
        rtmp->state != PUBLISHING && take_redirect(rtmp, &status))
        return redirect(rtmp);
    if (transaction == CONNECT && rtmp->state == CONNECTING) {
        int err =
            sl_rtmp_auth_answer(&credentials, status.fields[2].text, rtmp->auth_query, rtmp->error);
        return err < 0 ? err : -EAGAIN;
    }
    if (transaction == CREATE_STREAM || transaction == PUBLISH)
        return refuse(rtmp, -EACCES, "the server refused to publish", &status);
    return 0; /* of releaseStream and FCPublish: many servers do not know them */
}

static int on_status(struct sl_rtmp_client *rtmp, struct sl_reader *r)
{
    struct status status;

    sl_amf_skip(r);
    read_status(r, &status);
    if (!r->ok)
        return sl_error_set(rtmp->error, -EBADMSG, "RTMP: onStatus without information");
    if (rtmp->state != PUBLISHING && take_redirect(rtmp, &status))
        return redirect(rtmp);
    if (strcmp(status.fields[1].text, "NetStream.Publish.Start") == 0 && rtmp->state == ASKING)
        set_state(rtmp, PUBLISHING);
    else if (strcmp(status.fields[0].text, "error") == 0)
        return rtmp->state == PUBLISHING
                   ? refuse(rtmp, -EPIPE, "the server ended the publication", &status)
                   : refuse(rtmp, -EACCES, "the server refused to publish", &status);
    return 0;
}

static int on_command(struct sl_rtmp_client *rtmp, struct sl_reader r)
{
    struct sl_amf_text name;

    sl_amf_read_string(&r, &name);
    if (!r.ok)
        return sl_error_set(rtmp->error, -EBADMSG, "RTMP: a command without a name");
    double number = sl_amf_read_number(&r); /* FFmpeg's onFCPublish has none */
    int transaction = number >= CONNECT && number <= DELETE_STREAM ? (int)number : 0;
    if (strcmp(name.text, "_result") == 0)
        return on_result(rtmp, transaction, &r);
    if (strcmp(name.text, "_error") == 0)
        return on_refused(rtmp, transaction, &r);
    if (strcmp(name.text, "onStatus") == 0)
        return on_status(rtmp, &r);
    if (strcmp(name.text, "close") == 0)
        return sl_error_set(rtmp->error, -EPIPE, "the server closed the connection");
    return 0; /* onFCPublish, onBWDone, ...: nothing to do */
}

static int on_message(void *owner, const struct sl_rtmp_message *message)
{
    struct sl_rtmp_client *rtmp = owner;
    struct sl_reader r = sl_reader_of(message->body, message->len);

    switch (message->type) {
    case SL_RTMP_COMMAND_AMF3: /* a zero byte, then AMF0 (section 7.1.1) */
        (void)sl_read_u8(&r);
        return on_command(rtmp, r);
    case SL_RTMP_COMMAND:
        return on_command(rtmp, r);
    default:
        return 0;
    }
}

static int on_greeted(void *owner)
{
    struct sl_rtmp_client *rtmp = owner;

    send_connect(rtmp);
    set_state(rtmp, CONNECTING);
    return 0;
}

static const struct sl_rtmp_wire_ops wire_ops = {on_greeted, on_message};

/* ---- Bytes ---- */

int sl_rtmp_client_input(struct sl_rtmp_client *rtmp, const uint8_t *bytes, size_t len,
                         struct sl_error *error)
{
    if (rtmp->state == CLOSED)
        return 0; /* the farewell's answers */
    (void)sl_error_set(error, 0, "%s",
                       rtmp->state == GREETING ? "this is no RTMP server"
                                               : "the server does not speak RTMP");
    rtmp->error = error;
    int err = sl_rtmp_wire_input(&rtmp->wire, bytes, len);
    rtmp->error = NULL;
    if (err < 0)
        set_state(rtmp, CLOSED);
    return err;
}
